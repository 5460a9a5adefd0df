/* Reading one group of a granule for all shards that want it: slab after slab, each slab
 * by one thread, its rows to the shards that own them. */
#include "core/pass.h"

#include <string.h>

/* Base rows of one slab, unless chunks are larger. */
enum { SLAB_ROWS = 1 << 16 };

/* Part of a group's ranges that one task reads. */
typedef struct slab_plan {
    size_t first, n; /* of the cut ranges */
} slab_plan;

typedef struct group_job {
    zg_granule_read *granule;
    uint32_t number;
    zg_group_read read;
    zg_vec cuts;              /* zagg_rows */
    zg_vec slabs;             /* slab_plan */
    atomic_bool store_failed; /* as opposed to reading: */
    zagg_status store_status;
    zagg_err store_err;
    _Atomic uint64_t *n_no_cell; /* of each wanted shard */
} group_job;

/* ---- handing over ---- */

/* Rows of a slab that belong to one shard: `n` of them from `first` on, in order. */
typedef struct share {
    uint32_t local;
    size_t first, n;
} share;

/* The first one, which ends the pass whatever else is wrong with the group. */
static zagg_status keep_store_failure(group_job *j, zagg_status status,
                                      const zagg_err *err)
{
    if (!atomic_exchange(&j->store_failed, true)) {
        j->store_status = status;
        if (err)
            j->store_err = *err;
    }
    return status;
}

/* A table of rows of one shard goes to the store, for each time that the shard names the
 * granule. */
static zagg_status add_share(group_job *j, const zagg_table *t, uint64_t first_row,
                             uint32_t local, zagg_arena *arena, zagg_err *err)
{
    const zg_granule_read *g = j->granule;
    const zg_want *wants = g->pass->wants + g->granule->first_want;
    const void **columns;
    zagg_dtype *dtypes;
    ZAGG_TRY(zagg_arena_alloc(arena, t->n_columns, sizeof *columns, &columns, err));
    ZAGG_TRY(zagg_arena_alloc(arena, t->n_columns, sizeof *dtypes, &dtypes, err));
    for (size_t c = 0; c < t->n_columns; c++) {
        columns[c] = t->columns[c].data;
        dtypes[c] = t->columns[c].dtype;
    }
    const zg_row_batch batch = {t->n_rows, t->ranks, dtypes, columns, t->leaf_ids};
    for (size_t i = g->first_want[local]; i < g->first_want[local + 1]; i++) {
        const zg_row_key key = {wants[i].position, j->number, first_row};
        const zagg_status status =
            zg_row_store_add(g->pass->store, wants[i].shard, key, &batch, err);
        if (status != ZAGG_OK)
            return keep_store_failure(j, status, err);
    }
    atomic_fetch_add(&g->n_kept[local], t->n_rows);
    return ZAGG_OK;
}

/* The part of a table that one shard gets; expression filters see it as a table of its
 * own. */
static zagg_status hand_over(group_job *j, const zg_slab *slab, const uint64_t *rows,
                             const share *s, zagg_err *err)
{
    const zagg_table *whole = &slab->table;
    zagg_column *columns;
    ZAGG_TRY(
        zagg_arena_alloc(slab->arena, whole->n_columns, sizeof *columns, &columns, err));
    zagg_table part = {s->n, whole->n_columns, columns, whole->ranks + s->first,
                       whole->leaf_ids ? whole->leaf_ids + s->first : NULL};
    for (size_t c = 0; c < whole->n_columns; c++) {
        columns[c] = whole->columns[c];
        if (columns[c].data)
            columns[c].data =
                (uint8_t *)columns[c].data + s->first * zagg_dtype_size(columns[c].dtype);
    }
    const uint64_t first_row = rows[s->first];
    ZAGG_TRY(zg_filter_table(j->read.worker, &part, err));
    return part.n_rows ? add_share(j, &part, first_row, s->local, slab->arena, err)
                       : ZAGG_OK;
}

static void *permuted(const zg_slab *slab, const void *from, size_t size,
                      const uint32_t *order, size_t n, zagg_err *err)
{
    uint8_t *to;
    if (zagg_arena_alloc(slab->arena, n, size, &to, err) != ZAGG_OK)
        return NULL;
    for (size_t i = 0; i < n; i++)
        memcpy(to + i * size, (const uint8_t *)from + order[i] * size, size);
    return to;
}

/* All of the table in another order of rows. */
static zagg_status reorder(zg_slab *slab, const uint32_t *order, uint64_t **rows,
                           zagg_err *err)
{
    zagg_table *t = &slab->table;
    const size_t n = t->n_rows;
    for (size_t c = 0; c < t->n_columns; c++) {
        zagg_column *column = &t->columns[c];
        if (column->data &&
            !(column->data = permuted(slab, column->data, zagg_dtype_size(column->dtype),
                                      order, n, err)))
            return ZAGG_ENOMEM;
    }
    if (!(t->ranks = permuted(slab, t->ranks, sizeof *t->ranks, order, n, err)) ||
        (t->leaf_ids && !(t->leaf_ids = permuted(slab, t->leaf_ids, sizeof *t->leaf_ids,
                                                 order, n, err))) ||
        !(*rows = permuted(slab, *rows, sizeof **rows, order, n, err)))
        return ZAGG_ENOMEM;
    return ZAGG_OK;
}

/* Shares in order of shards, and the order of rows that brings them together: stable.
 * `*sorted` where rows are in that order already, as along a track that crosses shards.
 */
static zagg_status find_shares(const zg_slab *slab, size_t n_wanted, share **out,
                               size_t *n_out, uint32_t **order, bool *sorted,
                               zagg_err *err)
{
    const uint32_t *owners = slab->owners.data;
    const size_t n = slab->owners.len;
    size_t *at;
    share *shares;
    size_t n_shares = 0, begin = 0;
    ZAGG_TRY(zagg_arena_alloc(slab->arena, n_wanted, sizeof *at, &at, err));
    *sorted = true;
    for (size_t i = 0; i < n; i++) {
        n_shares += at[owners[i]]++ == 0;
        *sorted &= i == 0 || owners[i] >= owners[i - 1];
    }
    ZAGG_TRY(zagg_arena_alloc(slab->arena, n_shares, sizeof *shares, &shares, err));
    *n_out = 0;
    for (uint32_t local = 0; local < n_wanted; local++) {
        if (at[local] == 0)
            continue;
        shares[(*n_out)++] = (share){local, begin, at[local]};
        begin += at[local];
        at[local] = begin - at[local];
    }
    *out = shares;
    if (*sorted)
        return ZAGG_OK;
    ZAGG_TRY(zagg_arena_alloc(slab->arena, n, sizeof **order, order, err));
    for (size_t i = 0; i < n; i++)
        (*order)[at[owners[i]]++] = (uint32_t)i;
    return ZAGG_OK;
}

static zagg_status deliver(group_job *j, zg_slab *slab, zagg_err *err)
{
    share *shares;
    size_t n_shares;
    uint32_t *order = NULL;
    uint64_t *rows = slab->rows.data;
    bool sorted;
    if (slab->rows.len > UINT32_MAX)
        return zagg_err_set(err, ZAGG_ERANGE, "%zu rows at once are too many",
                            slab->rows.len);
    ZAGG_TRY(
        find_shares(slab, j->read.wanted->n, &shares, &n_shares, &order, &sorted, err));
    if (!sorted)
        ZAGG_TRY(reorder(slab, order, &rows, err));
    for (size_t i = 0; i < n_shares; i++)
        ZAGG_TRY(hand_over(j, slab, rows, &shares[i], err));
    return ZAGG_OK;
}

/* ---- slabs ---- */

/* Ranges cut at multiples of some chunks. Expression filters may reduce over all rows of
 * a read, so that those cannot be cut. */
static zagg_status cut_slabs(group_job *j, zagg_err *err)
{
    const zg_group_read *r = &j->read;
    uint64_t size = r->chunk_rows;
    if (size < SLAB_ROWS)
        size *= SLAB_ROWS / size;
    if (r->worker->n_filters)
        size = UINT64_MAX;
    uint64_t slab = UINT64_MAX;
    for (size_t i = 0; i < r->n_ranges; i++)
        for (uint64_t at = r->ranges[i].begin; at < r->ranges[i].end;) {
            const uint64_t number = at / size, left = r->ranges[i].end - at;
            const uint64_t fits = size - at % size;
            slab_plan *s = slab == number
                               ? ZG_VEC_AT(&j->slabs, slab_plan, j->slabs.len - 1)
                               : zg_vec_push(&j->slabs);
            zagg_rows *cut = zg_vec_push(&j->cuts);
            if (!s || !cut)
                return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the read plan");
            *cut = (zagg_rows){at, at + (left < fits ? left : fits)};
            if (slab != number)
                *s = (slab_plan){j->cuts.len - 1, 0};
            s->n++;
            slab = number;
            at = cut->end;
        }
    return ZAGG_OK;
}

static zagg_status take_slab(zg_pass *p, zg_slab **out, zagg_err *err)
{
    pthread_mutex_lock(&p->lock);
    *out = p->idle;
    if (*out)
        p->idle = (*out)->next;
    pthread_mutex_unlock(&p->lock);
    return *out ? ZAGG_OK : zg_slab_new(p->worker, out, err);
}

static void give_slab(zg_pass *p, zg_slab *slab)
{
    pthread_mutex_lock(&p->lock);
    slab->next = p->idle;
    p->idle = slab;
    pthread_mutex_unlock(&p->lock);
}

static zagg_status read_slab(group_job *j, const slab_plan *plan, zagg_err *err)
{
    zg_slab *slab;
    ZAGG_TRY(take_slab(j->granule->pass, &slab, err));
    zagg_status status = zg_slab_read(
        slab, &j->read, ZG_VEC_AT(&j->cuts, zagg_rows, plan->first), plan->n, err);
    if (status == ZAGG_OK && slab->table.n_rows)
        status = deliver(j, slab, err);
    for (size_t i = 0; i < slab->no_cell.len; i++) {
        const uint64_t n = *ZG_VEC_AT(&slab->no_cell, uint64_t, i);
        if (n)
            atomic_fetch_add(&j->n_no_cell[i], n);
    }
    give_slab(j->granule->pass, slab);
    return status;
}

static zagg_status slab_task(void *user, size_t index, size_t slot, void **result,
                             zagg_err *err)
{
    group_job *j = user;
    const double start_s = zg_clock_mono_s();
    (void)slot;
    (void)result;
    if (zg_pass_stopped(j->granule->pass))
        return zagg_err_set(err, ZAGG_ECANCELLED, "stopped");
    const zagg_status status = read_slab(j, ZG_VEC_AT(&j->slabs, slab_plan, index), err);
    atomic_fetch_add(&j->granule->busy_ns,
                     (uint64_t)((zg_clock_mono_s() - start_s) * 1e9));
    return status;
}

/* ---- the outcome ---- */

static uint64_t rows_of(const zg_group_read *r, const zg_slices *s)
{
    return s->whole ? r->n_base : s->n_rows;
}

static void add_counters(group_job *j)
{
    const zg_granule_read *g = j->granule;
    const zg_group_read *r = &j->read;
    for (size_t i = 0; i < g->wanted.n; i++) {
        const uint64_t times = g->first_want[i + 1] - g->first_want[i];
        zg_pass_shard *s = &g->pass->shards[g->wanted.shards[i]];
        const bool whole = !r->absent && r->slices[i].whole;
        pthread_mutex_lock(&s->lock);
        s->counters.groups_absent += r->absent ? times : 0;
        s->counters.groups_empty += r->empty && whole ? times : 0;
        if (r->n_ranges)
            s->counters.rows_read += times * rows_of(r, &r->slices[i]);
        if (j->n_no_cell)
            s->counters.points_without_cell += times * atomic_load(&j->n_no_cell[i]);
        pthread_mutex_unlock(&s->lock);
    }
    for (size_t i = 0; i < r->n_ranges; i++)
        atomic_fetch_add(&g->pass->rows_scanned, r->ranges[i].end - r->ranges[i].begin);
}

/* Messages about the file start with its name and tell the whole path. */
static void place_fault(const group_job *j, zagg_status status, zagg_err *fault)
{
    const char *name = j->granule->name;
    if (strncmp(fault->msg, name, strlen(name)) != 0)
        zagg_err_context(fault, status, "%s: group %s", name, j->read.group);
    fault->status = status;
}

static zagg_status note_fault(const group_job *j, size_t local, const zagg_err *fault,
                              zagg_err *err)
{
    const zg_granule_read *g = j->granule;
    const zg_want *wants = g->pass->wants + g->granule->first_want;
    for (size_t i = g->first_want[local]; i < g->first_want[local + 1]; i++)
        ZAGG_TRY(zg_pass_note_fault(g->pass, wants[i], (zg_read_place){false, j->number},
                                    fault, err));
    return ZAGG_OK;
}

/* The same for all wanted shards. */
static zagg_status note_fault_of_all(const group_job *j, zagg_status status,
                                     zagg_err *fault, zagg_err *err)
{
    place_fault(j, status, fault);
    for (size_t i = 0; i < j->granule->wanted.n; i++)
        ZAGG_TRY(note_fault(j, i, fault, err));
    zagg_log_write(j->granule->pass->opts->log, ZAGG_LOG_WARN, "%s", fault->msg);
    return ZAGG_OK;
}

static void drop_rows(const group_job *j)
{
    const zg_granule_read *g = j->granule;
    const zg_want *wants = g->pass->wants + g->granule->first_want;
    for (size_t i = 0; i < g->granule->n_wants; i++)
        zg_row_store_drop(g->pass->store, wants[i].shard, wants[i].position, j->number);
}

static zagg_status pass_error(zagg_status status, const zagg_err *from, zagg_err *err)
{
    if (err)
        *err = *from;
    return status;
}

/* ---- one shard by itself ---- */

static zagg_status read_for_one(group_job *j, size_t local, zagg_err *err)
{
    zg_granule_read *g = j->granule;
    const uint32_t shard = g->wanted.shards[local];
    const zagg_read_opts opts = {g->pass->opts->pool, false, false};
    zg_pass_shard *s = &g->pass->shards[shard];
    const uint64_t times = g->first_want[local + 1] - g->first_want[local];
    zagg_read_counters counters = {0};
    zagg_err fault = ZAGG_ERR_INIT;
    zagg_arena *arena = NULL;
    zagg_table *table = NULL;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status =
        zagg_worker_read_group(g->pass->worker, &g->wanted.set->shards[shard], g->file,
                               j->read.group, &opts, arena, &table, &counters, &fault);
    pthread_mutex_lock(&s->lock);
    s->counters.rows_read += times * counters.rows_read;
    s->counters.points_without_cell += times * counters.points_without_cell;
    s->counters.groups_absent += times * counters.groups_absent;
    s->counters.groups_empty += times * counters.groups_empty;
    pthread_mutex_unlock(&s->lock);
    atomic_fetch_add(&g->pass->rows_scanned, counters.rows_read);
    if (zg_pass_is_fatal(status)) {
        status = pass_error(status, &fault, err);
    } else if (status != ZAGG_OK) {
        place_fault(j, status, &fault);
        zagg_log_write(g->pass->opts->log, ZAGG_LOG_WARN, "%s", fault.msg);
        status = note_fault(j, local, &fault, err);
    } else if (table) {
        status = add_share(j, table, 0, (uint32_t)local, arena, err);
    }
    zagg_arena_free(arena);
    return status;
}

/* ---- the group ---- */

static zagg_status read_slabs(group_job *j, zagg_err *err)
{
    const zg_pass *p = j->granule->pass;
    j->n_no_cell = zg_alloc(j->read.wanted->n, sizeof *j->n_no_cell);
    if (!j->n_no_cell)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the shards of a read");
    ZAGG_TRY(cut_slabs(j, err));
    return zagg_pool_map(p->opts->pool, j->slabs.len, 0, slab_task, NULL, NULL, j, err);
}

/* What is not for lack of good bytes is not asked for again: a server was asked often
 * enough, and of a disk's failure there is nothing to know about one shard. */
static bool is_final(zagg_status status, size_t n_wanted)
{
    return status == ZAGG_EHTTP || status == ZAGG_EAUTH ||
           (status == ZAGG_EIO && n_wanted == 1);
}

/* Open and read for all shards together. `*alone`: something is damaged, or missing for
 * some, and each shard has to be read by itself to know what that means for it. */
static zagg_status read_together(group_job *j, bool *alone, zagg_err *err)
{
    zg_granule_read *g = j->granule;
    zagg_err fault = ZAGG_ERR_INIT;
    bool common = false;
    const double start_s = zg_clock_mono_s();
    zagg_status status = zg_group_open(&j->read, &common, &fault);
    atomic_fetch_add(&g->busy_ns, (uint64_t)((zg_clock_mono_s() - start_s) * 1e9));
    *alone = false;
    common |= g->wanted.n == 1;
    if (zg_pass_is_fatal(status))
        return pass_error(status, &fault, err);
    if (status != ZAGG_OK && (common || is_final(status, g->wanted.n)))
        return note_fault_of_all(j, status, &fault, err);
    *alone = status != ZAGG_OK || (j->read.absent && !common);
    if (*alone)
        return ZAGG_OK;
    if (j->read.n_ranges)
        status = read_slabs(j, &fault);
    if (atomic_load(&j->store_failed))
        return pass_error(j->store_status, &j->store_err, err);
    if (zg_pass_is_fatal(status))
        return pass_error(status, &fault, err);
    if (status == ZAGG_OK) {
        add_counters(j);
        return ZAGG_OK;
    }
    drop_rows(j);
    if (is_final(status, g->wanted.n))
        return note_fault_of_all(j, status, &fault, err);
    /* Also where one shard wants it: which slabs came before the fault, and what they
     * counted, depends on the threads. */
    *alone = true;
    return ZAGG_OK;
}

zagg_status zg_pass_read_group(zg_granule_read *g, uint32_t group, zagg_err *err)
{
    const zagg_worker *w = g->pass->worker;
    bool alone;
    group_job j = {.granule = g,
                   .number = group,
                   .read = {.worker = w,
                            .wanted = &g->wanted,
                            .granule = g->file,
                            .group = w->pipeline->data_source.groups[group],
                            .pool = g->pass->opts->pool,
                            .with_leaf_ids = w->leaf_ids}};
    zg_vec_init(&j.cuts, sizeof(zagg_rows), 0);
    zg_vec_init(&j.slabs, sizeof(slab_plan), 0);
    ZAGG_TRY(zagg_arena_new(0, &j.read.scratch, err));
    zagg_status status = read_together(&j, &alone, err);
    for (size_t i = 0; status == ZAGG_OK && alone && i < g->wanted.n; i++)
        status = read_for_one(&j, i, err);
    zg_vec_free(&j.cuts);
    zg_vec_free(&j.slabs);
    zg_free(j.n_no_cell);
    zagg_arena_free(j.read.scratch);
    return status;
}
