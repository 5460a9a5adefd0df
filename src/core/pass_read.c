/* Reading one group of a granule for all shards that want it: opened, read slab after
 * slab, its rows to the shards that own them. Of a remote granule the next group is
 * opened before one is read, so that what it needs is under way meanwhile. */
#include "core/pass_group.h"

#include <string.h>

/* ---- the outcome ---- */

static uint64_t rows_of(const zg_group_read *r, const zg_slices *s)
{
    return s->whole ? r->n_base : s->n_rows;
}

static void add_counters(zg_group_job *j)
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
static void place_fault(const zg_group_job *j, zagg_status status, zagg_err *fault)
{
    const char *name = j->granule->name;
    if (strncmp(fault->msg, name, strlen(name)) != 0)
        zagg_err_context(fault, status, "%s: group %s", name, j->read.group);
    fault->status = status;
}

static zagg_status note_fault(const zg_group_job *j, size_t local, const zagg_err *fault,
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
static zagg_status note_fault_of_all(const zg_group_job *j, zagg_status status,
                                     zagg_err *fault, zagg_err *err)
{
    place_fault(j, status, fault);
    for (size_t i = 0; i < j->granule->wanted.n; i++)
        ZAGG_TRY(note_fault(j, i, fault, err));
    zagg_log_write(j->granule->pass->opts->log, ZAGG_LOG_WARN, "%s", fault->msg);
    return ZAGG_OK;
}

static void drop_rows(const zg_group_job *j)
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

static zagg_status read_for_one(zg_group_job *j, size_t local, zagg_err *err)
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
        status = zg_share_add(j, table, 0, (uint32_t)local, arena, err);
    }
    zagg_arena_free(arena);
    return status;
}

/* ---- the group ---- */

/* What is not for lack of good bytes is not asked for again: a server was asked often
 * enough, and of a disk's failure there is nothing to know about one shard. */
static bool is_final(const zg_granule_read *g, zagg_status status)
{
    return status == ZAGG_EHTTP || status == ZAGG_EAUTH ||
           (status == ZAGG_EIO && (g->wanted.n == 1 || zagg_h5_is_remote(g->file)));
}

/* Whether windows of slabs are fetched before they are decoded. */
static bool reads_ahead(const zg_granule_read *g)
{
    return g->pass->ahead && zagg_h5_is_remote(g->file);
}

static zagg_status open_and_cut(zg_group_job *j, zagg_err *err)
{
    ZAGG_TRY(zg_group_open(&j->read, &j->common, err));
    if (j->read.n_ranges == 0)
        return ZAGG_OK;
    zagg_status status = zg_slabs_cut(j, err);
    if (status == ZAGG_OK && reads_ahead(j->granule))
        status = zg_windows_begin(j, err);
    return status;
}

static void end_group(zg_group_job *j)
{
    if (!j)
        return;
    zg_windows_drop(j);
    zg_vec_free(&j->cuts);
    zg_vec_free(&j->slabs);
    zg_free(j->n_no_cell);
    zagg_arena_free(j->read.scratch);
    zg_free(j);
}

static zagg_status begin_group(zg_granule_read *g, uint32_t number, zg_group_job **out,
                               zagg_err *err)
{
    const zagg_worker *w = g->pass->worker;
    zg_group_job *j = zg_alloc(1, sizeof *j);
    if (!j)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to read a group");
    j->granule = g;
    j->number = number;
    j->read = (zg_group_read){
        .worker = w,
        .wanted = &g->wanted,
        .granule = g->file,
        .group = w->pipeline->data_source.groups[number],
        .pool = g->pass->opts->pool,
        .plan = g->opened.ahead.plans ? &g->opened.ahead.plans[number] : NULL,
        .with_leaf_ids = w->leaf_ids};
    zg_vec_init(&j->cuts, sizeof(zagg_rows), 0);
    zg_vec_init(&j->slabs, sizeof(zg_slab_plan), 0);
    zg_vec_init(&j->windows, sizeof(size_t), 0);
    zagg_status status = zagg_arena_new(0, &j->read.scratch, err);
    if (status != ZAGG_OK) {
        end_group(j);
        return status;
    }
    const double start_s = zg_clock_mono_s();
    j->opened = open_and_cut(j, &j->open_err);
    atomic_fetch_add(&g->busy_ns, (uint64_t)((zg_clock_mono_s() - start_s) * 1e9));
    *out = j;
    return ZAGG_OK;
}

static zagg_status read_slabs(zg_group_job *j, zagg_err *err)
{
    return reads_ahead(j->granule) ? zg_windows_read(j, err) : zg_slabs_read(j, err);
}

/* Read for all shards together. `*alone`: something is damaged, or missing for some, and
 * each shard has to be read by itself to know what that means for it. */
static zagg_status read_together(zg_group_job *j, bool *alone, zagg_err *err)
{
    zg_granule_read *g = j->granule;
    zagg_err fault = j->open_err;
    zagg_status status = j->opened;
    *alone = false;
    const bool common = j->common || g->wanted.n == 1;
    if (zg_pass_is_fatal(status))
        return pass_error(status, &fault, err);
    if (status != ZAGG_OK && (common || is_final(g, status)))
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
    if (is_final(g, status))
        return note_fault_of_all(j, status, &fault, err);
    /* Also where one shard wants it: which slabs came before the fault, and what they
     * counted, depends on the threads. */
    *alone = true;
    return ZAGG_OK;
}

static zagg_status read_group(zg_group_job *j, zagg_err *err)
{
    bool alone;
    zagg_status status = read_together(j, &alone, err);
    for (size_t i = 0; status == ZAGG_OK && alone && i < j->granule->wanted.n; i++)
        status = read_for_one(j, i, err);
    return status;
}

zagg_status zg_pass_read_groups(zg_granule_read *g, zagg_err *err)
{
    const size_t n = g->pass->worker->pipeline->data_source.n_groups;
    const size_t begun_before = reads_ahead(g) ? 1 : 0;
    zg_group_job *now = NULL, *next = NULL;
    zagg_status status = ZAGG_OK;
    for (size_t i = 0, begun = 0; status == ZAGG_OK && i < n; i++) {
        if (zagg_pool_cancelled(g->pass->opts->pool) || zg_pass_stopped(g->pass)) {
            status = zagg_err_set(err, ZAGG_ECANCELLED, "cancelled");
            break;
        }
        for (; status == ZAGG_OK && begun < n && begun <= i + begun_before; begun++)
            status = begin_group(g, (uint32_t)begun, begun == i ? &now : &next, err);
        if (begun == n)
            zg_pass_groups_opened(g);
        if (status == ZAGG_OK)
            status = read_group(now, err);
        end_group(now);
        now = next;
        next = NULL;
    }
    end_group(now);
    end_group(next);
    return status;
}
