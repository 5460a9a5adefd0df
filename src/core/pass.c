/* A pass over granules for many shards: every granule is opened once, in the order in
 * which shards name them, and a shard is grouped and handed over as soon as its last
 * granule is in. Granules, slabs of their rows, ready shards and inner chunks are tasks
 * of one pool; rows carry where they belong, so that the order of tasks does not
 * matter. */
#include "core/pass.h"

#include <string.h>

bool zg_pass_is_fatal(zagg_status status)
{
    return status == ZAGG_ENOMEM || status == ZAGG_ECANCELLED || status == ZAGG_EINTERNAL;
}

bool zg_pass_stopped(const zg_pass *p)
{
    return zg_is_stopped(p->opts->stop);
}

void zg_pass_trace_rss(const zg_pass *p, const char *stage)
{
    if (p->opts->trace_rss)
        zagg_log_write(p->opts->log, ZAGG_LOG_INFO, "  [rss] %-34s %7.0f MB", stage,
                       (double)zg_rss_bytes() / 1e6);
}

/* ---- one granule ---- */

/* It cannot be opened: every shard that names it is told. */
static zagg_status skip_granule(zg_granule_read *g, const zagg_err *fault, zagg_err *err)
{
    zg_pass *p = g->pass;
    const zg_want *wants = p->wants + g->granule->first_want;
    zagg_log_write(p->opts->log, ZAGG_LOG_WARN, "granule skipped: %s", fault->msg);
    for (size_t i = 0; i < g->granule->n_wants; i++)
        ZAGG_TRY(zg_pass_note_fault(p, wants[i], (zg_read_place){true, 0}, fault, err));
    return ZAGG_OK;
}

static zagg_status read_groups(zg_granule_read *g, zagg_err *err)
{
    const zg_want *wants = g->pass->wants + g->granule->first_want;
    ZAGG_TRY(zg_pass_read_groups(g, err));
    for (size_t i = 0; i < g->granule->n_wants; i++) {
        zg_pass_shard *s = &g->pass->shards[wants[i].shard];
        pthread_mutex_lock(&s->lock);
        s->files_processed++;
        pthread_mutex_unlock(&s->lock);
    }
    return ZAGG_OK;
}

static zagg_status read_granule(zg_granule_read *g, zagg_err *err)
{
    zg_pass *p = g->pass;
    zagg_err fault = ZAGG_ERR_INIT;
    zagg_status status = zg_pass_open(p, g->granule, &g->opened, &fault);
    if (status == ZAGG_OK) {
        atomic_fetch_add(&p->granules_opened, 1);
        g->file = g->opened.file;
        g->name = zagg_source_name(g->opened.source);
        atomic_fetch_add(&g->busy_ns, (uint64_t)(g->opened.ahead.plan_s * 1e9));
        status = read_groups(g, err);
        const zagg_h5_stats read = zagg_h5_stats_of(g->file);
        atomic_fetch_add(&p->chunks_decoded, read.chunks_decoded);
        atomic_fetch_add(&p->bytes_fetched, read.bytes_fetched);
    } else if (zg_pass_is_fatal(status)) {
        if (err)
            *err = fault;
    } else {
        fault.status = status;
        status = skip_granule(g, &fault, err);
    }
    zg_opened_close(&g->opened);
    return status;
}

/* The time of reading goes to the shards by the rows that they got of it. */
static void share_time(const zg_granule_read *g)
{
    const double busy_s = (double)atomic_load(&g->busy_ns) / 1e9;
    uint64_t total = 0;
    for (size_t i = 0; i < g->wanted.n; i++)
        total += atomic_load(&g->n_kept[i]);
    for (size_t i = 0; i < g->wanted.n; i++) {
        const double part = total ? (double)atomic_load(&g->n_kept[i]) / (double)total
                                  : 1.0 / (double)g->wanted.n;
        zg_pass_shard *s = &g->pass->shards[g->wanted.shards[i]];
        pthread_mutex_lock(&s->lock);
        s->read_s += busy_s * part;
        pthread_mutex_unlock(&s->lock);
    }
}

/* ---- ready shards ---- */

typedef struct ready_list {
    zg_pass *pass;
    const uint32_t *shards;
    atomic_bool ended; /* the taker does not go on: none is begun after that */
    zagg_status status;
    zagg_err err;
} ready_list;

static zagg_status ready_task(void *user, size_t index, size_t slot, void **result,
                              zagg_err *err)
{
    ready_list *l = user;
    zagg_shard_rows rows = {l->pass, l->shards[index]};
    (void)slot;
    (void)result;
    const zagg_shard_taker *taker = l->pass->taker;
    if (atomic_load(&l->ended))
        return zagg_err_set(err, ZAGG_ECANCELLED, "ended");
    const zagg_status status = taker->ready(taker->user, rows.index, &rows, err);
    if (status != ZAGG_OK)
        atomic_store(&l->ended, true);
    return status;
}

static void end_list(ready_list *l, zagg_status status, const zagg_err *err)
{
    atomic_store(&l->ended, true);
    if (l->status != ZAGG_OK)
        return;
    l->status = status;
    l->err = *err;
}

static zagg_status ready_fold(void *user, size_t index, zagg_status status, void *result,
                              const zagg_err *task_err, zagg_err *err)
{
    ready_list *l = user;
    const zagg_shard_taker *taker = l->pass->taker;
    zagg_err over_err = ZAGG_ERR_INIT;
    (void)result;
    (void)err;
    if (status == ZAGG_OK && taker->over) {
        status = taker->over(taker->user, l->shards[index], &over_err);
        task_err = &over_err;
    }
    if (status != ZAGG_OK)
        end_list(l, status, task_err);
    return ZAGG_OK; /* shards that have begun are told of in any case */
}

static zagg_status hand_over(zg_pass *p, const uint32_t *shards, size_t n, zagg_err *err)
{
    ready_list l = {.pass = p, .shards = shards, .err = ZAGG_ERR_INIT};
    const zagg_status status =
        zagg_pool_map(p->opts->pool, n, zagg_pool_width(p->opts->pool), ready_task,
                      ready_fold, NULL, &l, err);
    if (status != ZAGG_OK || l.status == ZAGG_OK)
        return status;
    if (err)
        *err = l.err;
    return l.status;
}

static zagg_status tell_read(const zg_pass *p, size_t done, zagg_err *err)
{
    const zagg_shard_taker *taker = p->taker;
    return taker->read ? taker->read(taker->user, done, p->n_granules, err) : ZAGG_OK;
}

static zagg_status granule_task(void *user, size_t index, size_t slot, void **result,
                                zagg_err *err)
{
    zg_pass *p = user;
    zg_granule_read g = {.pass = p, .granule = &p->granules[index]};
    zagg_arena *arena = NULL;
    uint32_t *ready = NULL;
    size_t n_ready = 0;
    (void)slot;
    (void)result;
    if (zg_pass_stopped(p))
        return zagg_err_set(err, ZAGG_ECANCELLED, "stopped");
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status =
        zg_pass_list_wanted(p, g.granule, arena, &g.wanted, &g.first_want, err);
    if (status == ZAGG_OK)
        status = zagg_arena_alloc(arena, g.wanted.n, sizeof *g.n_kept, &g.n_kept, err);
    if (status == ZAGG_OK)
        status = zagg_arena_alloc(arena, g.wanted.n, sizeof *ready, &ready, err);
    if (status == ZAGG_OK)
        status = read_granule(&g, err);
    if (status == ZAGG_OK) {
        const size_t done = atomic_fetch_add(&p->granules_done, 1) + 1;
        share_time(&g);
        for (size_t i = 0; i < g.wanted.n; i++)
            if (atomic_fetch_sub(&p->shards[g.wanted.shards[i]].remaining, 1) == 1)
                ready[n_ready++] = g.wanted.shards[i];
        status = tell_read(p, done, err);
        if (status == ZAGG_OK)
            status = hand_over(p, ready, n_ready, err);
    }
    zagg_arena_free(arena);
    return status;
}

/* Shards that name no granule are ready from the start. */
static zagg_status hand_over_empty(zg_pass *p, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    for (uint32_t i = 0; status == ZAGG_OK && i < p->n_jobs; i++)
        if (p->jobs[i].n_hrefs == 0)
            status = hand_over(p, &i, 1, err);
    return status;
}

/* ---- the pass ---- */

uint64_t zg_pass_memory(const zg_pass *p)
{
    return p->opts->memory_bytes ? p->opts->memory_bytes : zg_machine_memory_bytes() / 2;
}

/* What is left for rows of the memory asked for, once every thread has what it works with
 * (coordinates and columns of a slab, carriers of inner chunks), and the run what it
 * knows of every shard. */
static uint64_t row_budget(const zg_pass *p)
{
    enum {
        FIXED = 16 << 20,
        THREAD = 8 << 20,
        LEAST = 8 << 20,
        SHARD = 2048,
        WINDOWS = 3,    /* of a thread's granule: under way, decoded, looked through */
        AHEAD = 4 << 20 /* of a granule that is open before its turn */
    };
    const zagg_worker *w = p->worker;
    const uint64_t memory = zg_pass_memory(p);
    uint64_t cell_bytes = 8;
    for (size_t i = 0; i < w->n_fields; i++)
        cell_bytes += w->fields[i].width * zagg_dtype_size(w->fields[i].field->dtype);
    uint64_t thread, used;
    if (!zg_mul_u64(cell_bytes, 2 * w->info->cells_per_chunk, &thread) ||
        !zg_add_u64(thread, THREAD + WINDOWS * p->window_bytes, &thread) ||
        !zg_mul_u64(thread, zagg_pool_width(p->opts->pool), &used) ||
        !zg_add_u64(used, FIXED + LEAST + (uint64_t)p->n_jobs * SHARD, &used) ||
        !zg_add_u64(used, p->n_ahead * (uint64_t)AHEAD, &used) || used > memory)
        return LEAST;
    return memory - (used - LEAST);
}

static zagg_status prepare(zg_pass *p, zagg_err *err)
{
    uint64_t *keys = zg_alloc(p->n_jobs ? p->n_jobs : 1, sizeof *keys);
    p->shards = zg_alloc(p->n_jobs ? p->n_jobs : 1, sizeof *p->shards);
    if (!keys || !p->shards || p->n_jobs >= ZAGG_NO_SHARD) {
        zg_free(keys);
        zg_free(p->shards);
        p->shards = NULL;
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", p->n_jobs);
    }
    for (size_t i = 0; i < p->n_jobs; i++) {
        keys[i] = p->jobs[i].key;
        pthread_mutex_init(&p->shards[i].lock, NULL);
    }
    zagg_status status = zg_shard_set_new(p->worker->grid, keys, p->n_jobs, &p->set, err);
    zg_free(keys);
    if (status == ZAGG_OK)
        status = zg_pass_list_granules(p, err);
    if (status == ZAGG_OK)
        status = zg_pass_open_ahead(p, err);
    if (status == ZAGG_OK)
        status = zg_row_store_new(p->worker, p->n_jobs, zagg_pool_width(p->opts->pool),
                                  row_budget(p), p->opts->spill_dir, &p->store, err);
    return status;
}

static void tear_down(zg_pass *p)
{
    zg_pass_end_ahead(p);
    for (size_t i = 0; p->shards && i < p->n_jobs; i++) {
        pthread_mutex_destroy(&p->shards[i].lock);
        zg_free(p->shards[i].faults);
    }
    while (p->idle) {
        zg_slab *next = p->idle->next;
        zg_slab_free(p->idle);
        p->idle = next;
    }
    pthread_mutex_destroy(&p->lock);
    zg_row_store_free(p->store);
    zg_shard_set_free(&p->set);
    zg_free(p->shards);
    zg_free(p->wants);
    zg_free(p->granules);
}

static void take_stats(const zg_pass *p, zagg_pass_stats *stats)
{
    const zg_spill_stats spill = zg_row_store_spilled(p->store);
    *stats = (zagg_pass_stats){.granules = atomic_load(&p->granules_opened),
                               .rows_scanned = atomic_load(&p->rows_scanned),
                               .chunks_decoded = atomic_load(&p->chunks_decoded),
                               .bytes_fetched = atomic_load(&p->bytes_fetched),
                               .spilled_bytes = spill.written_bytes,
                               .spill_s = spill.write_s + spill.read_s};
}

zagg_status zagg_process_shards(const zagg_worker *worker, const zagg_shard_job *jobs,
                                size_t n_jobs, const zagg_shard_opts *opts,
                                const zagg_shard_taker *taker, zagg_pass_stats *stats,
                                zagg_err *err)
{
    static const zagg_shard_opts DEFAULTS = ZAGG_SHARD_OPTS_INIT;
    zg_pass p = {.worker = worker,
                 .jobs = jobs,
                 .n_jobs = n_jobs,
                 .opts = opts ? opts : &DEFAULTS,
                 .taker = taker};
    pthread_mutex_init(&p.lock, NULL);
    zagg_status status = prepare(&p, err);
    if (stats)
        *stats = (zagg_pass_stats){0};
    if (status == ZAGG_OK) {
        zg_pass_trace_rss(&p, "before reads");
        status = hand_over_empty(&p, err);
    }
    /* Every granule in flight holds metadata: one a thread is enough to keep all busy. */
    if (status == ZAGG_OK)
        status = zagg_pool_map(p.opts->pool, p.n_granules, zagg_pool_width(p.opts->pool),
                               granule_task, NULL, NULL, &p, err);
    if (stats && p.store)
        take_stats(&p, stats);
    if (status == ZAGG_ECANCELLED && zg_pass_stopped(&p)) {
        status = ZAGG_OK;
        if (err)
            *err = (zagg_err)ZAGG_ERR_INIT;
    }
    tear_down(&p);
    return status;
}
