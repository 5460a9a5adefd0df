/* The local backend: shards of a map on all cores of this machine, into one store.
 *
 * Granules are read in one pass for all shards that have to be done; a shard is
 * aggregated and written as soon as its last granule is in. What makes a written shard
 * count, and which shards are left out, is trust.h's. */
#include "run/status_dir.h"
#include "run/trust.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Granules of servers that are opened before their turn: as many as upstream reads at
 * once. */
enum { AHEAD = 4 };

/* How one shard ended. */
typedef struct shard_outcome {
    zagg_shard_result result;
    double write_s;
    zagg_status status; /* of judging, processing or writing */
    bool current;       /* finished by an earlier run; the counts are its record's */
    bool refused;
    zagg_err err;
} shard_outcome;

/* A shard of the run. */
typedef struct run_shard {
    const zagg_shard_entry *entry;
    zg_attempt *attempt; /* to be done, and neither finished nor dropped yet */
    const char **hrefs;
    size_t n_hrefs;
    shard_outcome *outcome; /* until the summary has it */
    enum { NOT_OVER = 0, OVER, OVER_WITH_RESULT } state;
    bool in_store; /* complete, with data */
} run_shard;

typedef struct local_run {
    const zagg_run_opts *opts;
    zagg_run_summary *summary;
    zg_driver driver;
    zagg_grid *grid;
    zagg_worker *worker;
    zagg_store_plan *plan;
    zg_trust *trust;
    zagg_pool *pool;
    char id[33];          /* of this run, in the records of a hive */
    run_shard *shards;    /* those selected, in map order */
    zagg_shard_job *jobs; /* those to be done */
    size_t *job_shards;   /* their numbers in `shards` */
    size_t n_jobs;
    double start_s;
    pthread_mutex_t lock; /* the summary, progress, what follows */
    size_t granules_done, granules_total;
    atomic_bool store_failed; /* something could not be written */
} local_run;

/* Sink of the worker: times the writes, and makes room for them first. */
typedef struct timed_writer {
    const local_run *run;
    zagg_store_writer *writer;
    zagg_sink *store;
    bool clear; /* CSR groups of an earlier attempt may be there */
    double seconds;
} timed_writer;

static zagg_status write_carrier(void *user, const zagg_shard *shard,
                                 const zagg_carrier *carrier, zagg_err *err)
{
    timed_writer *t = user;
    const double start = zg_clock_mono_s();
    zagg_status status = ZAGG_OK;
    if (t->clear)
        status = zagg_store_plan_erase_shard(t->run->plan, t->store, shard, true, err);
    t->clear = false;
    if (status == ZAGG_OK)
        status = zagg_store_writer_carrier(t->writer, shard, carrier, err);
    t->seconds += zg_clock_mono_s() - start;
    return status;
}

static zagg_status list_hrefs(const local_run *run, run_shard *shard, zagg_err *err)
{
    const zagg_shard_entry *entry = shard->entry;
    shard->hrefs =
        zg_alloc(entry->n_granules ? entry->n_granules : 1, sizeof *shard->hrefs);
    if (!shard->hrefs)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the granules of a shard");
    for (size_t i = 0; i < entry->n_granules; i++) {
        const char *href = zg_granule_href(entry->granules[i], run->driver);
        if (href)
            shard->hrefs[shard->n_hrefs++] = href;
    }
    return ZAGG_OK;
}

/* ---- aggregating and writing ---- */

static zagg_status write_rest(timed_writer *t, const zagg_shard *shard,
                              const zg_attempt *attempt, const zagg_shard_result *result,
                              zagg_err *err)
{
    const double start = zg_clock_mono_s();
    zagg_status status = ZAGG_OK;
    if (!result->no_data)
        status = zagg_store_writer_finish(t->writer, shard, err);
    else if (!result->failed && zg_attempt_may_meet_debris(attempt))
        status = zagg_store_plan_erase_shard(t->run->plan, t->store, shard, false, err);
    t->seconds += zg_clock_mono_s() - start;
    return status;
}

static zagg_status aggregate_and_write(const local_run *run, const run_shard *s,
                                       zagg_shard_rows *rows, shard_outcome *o,
                                       zagg_err *err)
{
    timed_writer t = {.run = run,
                      .store = zg_attempt_store(s->attempt),
                      .clear = zg_attempt_may_meet_debris(s->attempt)};
    zagg_shard shard;
    ZAGG_TRY(zagg_grid_shard(run->grid, s->entry->key, &shard, err));
    ZAGG_TRY(zagg_store_writer_new(run->plan, t.store, &t.writer, err));
    zagg_status status =
        zagg_shard_rows_aggregate(rows, write_carrier, &t, &o->result, err);
    /* Carriers are written while the worker aggregates; upstream's figures leave that
     * out. */
    o->result.aggregate_s -= t.seconds;
    o->result.duration_s -= t.seconds;
    if (status == ZAGG_OK) {
        const zagg_store_origin origin = {run->opts->map, s->entry,   s->hrefs,
                                          s->n_hrefs,     &o->result, run->id};
        zagg_store_writer_set_origin(t.writer, &origin);
        status = write_rest(&t, &shard, s->attempt, &o->result, err);
    }
    o->write_s = t.seconds;
    zagg_store_writer_free(t.writer);
    return status;
}

static bool stop_asked(const local_run *run)
{
    return zg_is_stopped(run->opts->stop);
}

/* Whether nothing further is begun. */
static bool must_end(local_run *run)
{
    return stop_asked(run) || atomic_load(&run->store_failed) ||
           zg_trust_failed(run->trust);
}

static zagg_status check_end(local_run *run, zagg_err *err)
{
    return must_end(run) ? zagg_err_set(err, ZAGG_ECANCELLED, "stopped") : ZAGG_OK;
}

/* Whole, or without data for good reasons: only then the shard becomes complete. */
static bool is_whole(zagg_status status, const zagg_shard_result *r)
{
    return status == ZAGG_OK && !r->failed && r->read_errors + r->granule_errors == 0;
}

static void note_end(const local_run *run, const shard_outcome *o)
{
    const zagg_shard_result *r = &o->result;
    const bool failed = o->status != ZAGG_OK || r->failed;
    const char *what = o->current   ? "shard_skipped"
                       : o->refused ? "shard_refused"
                       : failed     ? "shard_failed"
                                    : "shard_incomplete";
    const char *text = o->status != ZAGG_OK ? o->err.msg
                       : r->failed          ? r->error
                       : r->n_exemplars > 0 ? r->exemplars[0]
                                            : NULL;
    if (o->current || !is_whole(o->status, r))
        zg_trust_note(run->trust, what, r->shard_key, text);
}

/* ---- counting ---- */

static void count_outcome(zagg_run_summary *s, const shard_outcome *o)
{
    const zagg_shard_result *r = &o->result;
    const bool failed = o->status != ZAGG_OK || r->failed;
    s->finished++;
    s->failed += failed;
    s->refused += o->refused;
    s->read_errors += r->read_errors;
    s->granule_errors += r->granule_errors;
    s->auth_errors += r->auth_errors;
    s->groups_absent += r->counters.groups_absent;
    s->groups_empty += r->counters.groups_empty;
    s->points_without_cell += r->counters.points_without_cell;
    s->rows_read += r->counters.rows_read;
    s->read_s += r->read_s;
    s->index_s += r->index_s;
    s->aggregate_s += r->aggregate_s;
    s->write_s += o->write_s;
    if (!failed && !r->no_data) {
        s->with_data++;
        s->incomplete += r->read_errors + r->granule_errors > 0;
        s->total_obs += r->total_obs;
        s->cells_with_data += r->cells_with_data;
    }
}

/* `o` NULL: a granule was read. The lock is held. */
static void tell_progress(const local_run *run, const shard_outcome *o)
{
    const zagg_run_summary *s = run->summary;
    if (!run->opts->progress)
        return;
    const zagg_run_event event = {.index = s->finished + s->skipped,
                                  .total = s->selected,
                                  .shard = o ? &o->result : NULL,
                                  .status = o ? o->status : ZAGG_OK,
                                  .skipped = o && o->current,
                                  .message = o ? o->result.error : "",
                                  .granules_read = run->granules_done,
                                  .granules_total = run->granules_total,
                                  .rows_kept = s->total_obs,
                                  .rows_read = s->rows_read,
                                  .elapsed_s = zg_clock_mono_s() - run->start_s};
    run->opts->progress(run->opts->user, &event);
}

static zagg_status granule_read(void *user, size_t done, size_t total, zagg_err *err)
{
    local_run *run = user;
    pthread_mutex_lock(&run->lock);
    run->granules_done = done > run->granules_done ? done : run->granules_done;
    run->granules_total = total;
    tell_progress(run, NULL);
    pthread_mutex_unlock(&run->lock);
    return check_end(run, err);
}

/* Without memory for its texts a shard has none: the counts tell. */
static zagg_run_result compact(const shard_outcome *o)
{
    const zagg_shard_result *r = &o->result;
    return (zagg_run_result){.shard_key = r->shard_key,
                             .cells_with_data = r->cells_with_data,
                             .total_obs = r->total_obs,
                             .granule_count = r->granule_count,
                             .files_processed = r->files_processed,
                             .read_errors = r->read_errors,
                             .granule_errors = r->granule_errors,
                             .auth_errors = r->auth_errors,
                             .counters = r->counters,
                             .read_s = r->read_s,
                             .index_s = r->index_s,
                             .aggregate_s = r->aggregate_s,
                             .write_s = o->write_s,
                             .duration_s = r->duration_s,
                             .no_data = r->no_data,
                             .failed = r->failed,
                             .error = r->error[0] ? zg_strdup(r->error) : NULL,
                             .read_error =
                                 r->n_exemplars ? zg_strdup(r->exemplars[0]) : NULL};
}

/* The summary takes a shard's outcome; shards end in any order. */
static void take_outcome(local_run *run, run_shard *shard, shard_outcome *o)
{
    zagg_run_summary *s = run->summary;
    zagg_shard_result *r = &o->result;
    pthread_mutex_lock(&run->lock);
    shard->state = OVER;
    if (o->current) {
        shard->in_store = r->cells_with_data > 0;
        s->skipped++;
        s->skipped_obs += r->total_obs;
        s->skipped_cells += r->cells_with_data;
    } else {
        count_outcome(s, o);
        if (o->status != ZAGG_OK && r->error[0] == '\0')
            snprintf(r->error, sizeof r->error, "%s", o->err.msg);
        r->failed |= o->status != ZAGG_OK;
        shard->in_store = !r->failed && !r->no_data;
        shard->state = OVER_WITH_RESULT;
        s->results[shard - run->shards] = compact(o);
    }
    tell_progress(run, o);
    pthread_mutex_unlock(&run->lock);
    note_end(run, o);
}

/* ---- one shard ---- */

static void drop_attempt(local_run *run, run_shard *shard)
{
    if (zg_attempt_drop(shard->attempt))
        atomic_store(&run->store_failed, true);
    shard->attempt = NULL;
}

static zagg_status do_shard(local_run *run, run_shard *shard, zagg_shard_rows *rows,
                            shard_outcome *o, zagg_err *err)
{
    zg_trust_note(run->trust, "shard_start", shard->entry->key, NULL);
    zagg_status status = zg_attempt_begin(shard->attempt, err);
    if (status != ZAGG_OK)
        atomic_store(&run->store_failed, true);
    else
        status = aggregate_and_write(run, shard, rows, o, err);
    if (is_whole(status, &o->result)) {
        status = zg_attempt_finish(shard->attempt, &o->result, o->write_s, err);
        shard->attempt = NULL;
        if (status != ZAGG_OK)
            atomic_store(&run->store_failed, true);
    } else {
        drop_attempt(run, shard);
    }
    return status;
}

static zagg_status shard_ready(void *user, size_t index, zagg_shard_rows *rows,
                               zagg_err *err)
{
    local_run *run = user;
    run_shard *shard = &run->shards[run->job_shards[index]];
    ZAGG_TRY(check_end(run, err));
    shard_outcome *o = zg_alloc(1, sizeof *o);
    if (!o)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard");
    shard->outcome = o;
    o->status = do_shard(run, shard, rows, o, &o->err);
    o->result.shard_key = shard->entry->key;
    return ZAGG_OK;
}

static zagg_status shard_over(void *user, size_t index, zagg_err *err)
{
    local_run *run = user;
    run_shard *shard = &run->shards[run->job_shards[index]];
    take_outcome(run, shard, shard->outcome);
    zg_free(shard->outcome);
    shard->outcome = NULL;
    return check_end(run, err);
}

/* ---- which shards have to be done ---- */

static zagg_status judge_shard(local_run *run, run_shard *shard, shard_outcome *o,
                               zagg_err *err)
{
    zg_verdict verdict;
    o->result.shard_key = shard->entry->key;
    o->status =
        zg_trust_judge(run->trust, shard->entry, &verdict, &shard->attempt, &o->err);
    if (o->status != ZAGG_OK) {
        atomic_store(&run->store_failed, true);
        take_outcome(run, shard, o);
        return ZAGG_OK;
    }
    if (verdict == ZG_DO) {
        zagg_shard unused;
        o->status = zagg_grid_shard(run->grid, shard->entry->key, &unused, &o->err);
        if (o->status == ZAGG_OK)
            return list_hrefs(run, shard, err);
    } else if (verdict == ZG_CURRENT) {
        o->current = true;
        zg_attempt_recorded(shard->attempt, &o->result.total_obs,
                            &o->result.cells_with_data);
    } else {
        o->refused = true;
        o->status = ZAGG_EEXISTS;
    }
    drop_attempt(run, shard);
    take_outcome(run, shard, o);
    return ZAGG_OK;
}

static zagg_status judge_task(void *user, size_t index, size_t slot, void **result,
                              zagg_err *err)
{
    local_run *run = user;
    (void)slot;
    (void)result;
    if (must_end(run))
        return ZAGG_OK;
    shard_outcome *o = zg_alloc(1, sizeof *o);
    if (!o)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard");
    const zagg_status status = judge_shard(run, &run->shards[index], o, err);
    zg_free(o);
    return status;
}

static zagg_status judge_shards(local_run *run, zagg_err *err)
{
    const size_t n = run->summary->selected;
    ZAGG_TRY(zagg_pool_map(run->pool, n, 0, judge_task, NULL, NULL, run, err));
    run->jobs = zg_alloc(n ? n : 1, sizeof *run->jobs);
    run->job_shards = zg_alloc(n ? n : 1, sizeof *run->job_shards);
    if (!run->jobs || !run->job_shards)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", n);
    for (size_t i = 0; i < n; i++) {
        const run_shard *s = &run->shards[i];
        if (!s->attempt)
            continue;
        run->jobs[run->n_jobs] =
            (zagg_shard_job){s->entry->key, s->hrefs, s->n_hrefs, s->entry->aoi_mask,
                             s->entry->n_aoi_mask};
        run->job_shards[run->n_jobs++] = i;
    }
    return ZAGG_OK;
}

/* ---- selection ---- */

static zagg_status select_shards(local_run *run, zagg_err *err)
{
    const zagg_run_opts *opts = run->opts;
    zagg_run_summary *s = run->summary;
    const size_t most = opts->map->n_shards;
    size_t n = 0, granules = 0;
    const zagg_shard_entry **chosen = zg_alloc(most ? most : 1, sizeof *chosen);
    run->shards = zg_alloc(most ? most : 1, sizeof *run->shards);
    zagg_status status =
        chosen && run->shards
            ? zg_select_shards(opts->pipeline, opts->map, opts->shard, opts->max_shards,
                               chosen, &n, err)
            : zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", most);
    for (size_t i = 0; i < n; i++)
        run->shards[i].entry = chosen[i];
    zg_free(chosen);
    ZAGG_TRY(status);
    s->total_shards = most;
    s->selected = n;
    for (size_t i = 0; i < n; i++) {
        const size_t g = run->shards[i].entry->n_granules;
        granules += g;
        s->granules_min = i == 0 || g < s->granules_min ? g : s->granules_min;
        s->granules_max = g > s->granules_max ? g : s->granules_max;
    }
    s->granules_mean = n ? (double)granules / (double)n : 0;
    return ZAGG_OK;
}

/* ---- the run ---- */

static zagg_status check_driver(const local_run *run, zagg_err *err)
{
    if (run->driver == ZG_DRIVER_FILE || run->opts->net)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_ECONFIG,
                        "%s: granules behind %s:// need zagg_run_opts.net",
                        run->opts->map->name, zg_driver_name(run->driver));
}

/* Upstream writes a mask that is false everywhere. */
static zagg_status check_mask(const zagg_run_opts *opts, zagg_err *err)
{
    if (!opts->pipeline->output.aoi_mask || opts->map->has_aoi_mask)
        return ZAGG_OK;
    return zagg_err_set(
        err, ZAGG_ECONFIG,
        "%s: output.aoi_mask is on, but the shard map does not tell which "
        "cells lie inside the area of interest (aoi_mask); build the map "
        "with this config, or remove output.aoi_mask",
        opts->map->name);
}

static zagg_status compile(local_run *run, zagg_err *err)
{
    const zagg_run_opts *opts = run->opts;
    ZAGG_TRY(zagg_pipeline_check_runnable(opts->pipeline, err));
    ZAGG_TRY(zagg_grid_from_pipeline(opts->pipeline, opts->latitude, &run->grid, err));
    ZAGG_TRY(zagg_run_check_signature(run->grid, opts->map, err));
    ZAGG_TRY(check_mask(opts, err));
    ZAGG_TRY(zagg_worker_new(opts->pipeline, run->grid, &run->worker, err));
    return zagg_store_plan_new(opts->pipeline, run->grid, &run->plan, err);
}

static zagg_status open_store(local_run *run, zagg_err *err)
{
    ZAGG_TRY(zg_trust_open(run->opts, run->driver, run->grid, run->id,
                           run->summary->selected, &run->trust, err));
    ZAGG_TRY(zg_trust_begin(run->trust, run->plan, err));
    return zg_trust_start_shards(run->trust, err);
}

/* Results so far lie at the numbers of their shards. */
static void join_results(local_run *run)
{
    zagg_run_summary *s = run->summary;
    for (size_t i = 0; i < s->selected; i++)
        if (run->shards[i].state == OVER_WITH_RESULT)
            s->results[s->n_results++] = s->results[i];
}

/* Of the shards that are complete in the store. */
static zagg_status list_keys(const local_run *run, uint64_t **keys, size_t *n_keys,
                             zagg_err *err)
{
    const size_t n = run->summary->selected;
    *keys = zg_alloc(n ? n : 1, sizeof **keys);
    if (!*keys)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", n);
    for (size_t i = 0; i < n; i++)
        if (run->shards[i].in_store)
            (*keys)[(*n_keys)++] = run->shards[i].entry->key;
    return ZAGG_OK;
}

static zagg_status open_granule(void *user, const char *href, zagg_source **out,
                                zagg_err *err)
{
    const local_run *run = user;
    return zg_granule_open(run->opts->net, href, out, err);
}

static zagg_status process(local_run *run, zagg_err *err)
{
    const zagg_run_opts *opts = run->opts;
    zagg_run_summary *s = run->summary;
    const zagg_shard_opts shard_opts = {
        .pool = run->pool,
        .log = opts->log,
        .open = run->driver == ZG_DRIVER_FILE ? NULL : open_granule,
        .open_user = run,
        .ahead = run->driver == ZG_DRIVER_FILE ? 0 : AHEAD,
        .trace_rss = opts->trace_rss,
        .memory_bytes = opts->memory_bytes,
        .stop = opts->stop};
    const zagg_shard_taker taker = {shard_ready, shard_over, granule_read, run};
    zagg_pass_stats pass;
    ZAGG_TRY(judge_shards(run, err));
    const size_t n_jobs = must_end(run) ? 0 : run->n_jobs;
    ZAGG_TRY(zg_trust_claim(run->trust, run->jobs, n_jobs, err));
    const zagg_status status = zagg_process_shards(run->worker, run->jobs, n_jobs,
                                                   &shard_opts, &taker, &pass, err);
    s->granules_read = pass.granules;
    s->rows_scanned = pass.rows_scanned;
    s->chunks_decoded = pass.chunks_decoded;
    s->bytes_fetched = pass.bytes_fetched;
    s->spilled_bytes = pass.spilled_bytes;
    s->spill_s = pass.spill_s;
    s->stopped = stop_asked(run) && s->finished + s->skipped < s->selected;
    s->store_failed = atomic_load(&run->store_failed) || zg_trust_failed(run->trust);
    if (status != ZAGG_ECANCELLED || !(s->stopped || s->store_failed))
        return status;
    if (err)
        *err = (zagg_err)ZAGG_ERR_INIT;
    return ZAGG_OK;
}

static zagg_status run_shards(local_run *run, zagg_err *err)
{
    const zagg_run_opts *opts = run->opts;
    zagg_run_summary *s = run->summary;
    uint64_t *keys = NULL;
    size_t n_keys = 0;
    s->threads = opts->threads ? opts->threads : zg_cpu_count();
    s->results = zg_alloc(s->selected ? s->selected : 1, sizeof *s->results);
    if (!s->results)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", s->selected);
    zagg_log_write(opts->log, ZAGG_LOG_INFO,
                   "Processing %zu of %zu cells (local, %zu workers, driver=%s)",
                   s->selected, s->total_shards, s->threads, zg_driver_name(run->driver));
    ZAGG_TRY(zagg_pool_new(s->threads, &run->pool, err));
    ZAGG_TRY(open_store(run, err));
    run->start_s = zg_clock_mono_s();
    zagg_status status = process(run, err);
    join_results(run);
    if (status == ZAGG_OK)
        status = list_keys(run, &keys, &n_keys, err);
    if (status == ZAGG_OK)
        status = zg_trust_end_shards(run->trust, err);
    if (status == ZAGG_OK)
        status = zagg_store_plan_end(run->plan, zg_trust_store(run->trust), keys, n_keys,
                                     opts->log, err);
    zg_free(keys);
    s->wall_s = zg_clock_mono_s() - run->start_s;
    return status;
}

static void free_shards(local_run *run)
{
    for (size_t i = 0; run->shards && i < run->summary->selected; i++) {
        if (run->shards[i].attempt)
            (void)zg_attempt_drop(run->shards[i].attempt); /* nothing was written */
        zg_free(run->shards[i].hrefs);
        zg_free(run->shards[i].outcome);
    }
    zg_free(run->shards);
    zg_free(run->jobs);
    zg_free(run->job_shards);
}

zagg_status zagg_run_local(const zagg_run_opts *opts, zagg_run_summary *summary,
                           zagg_err *err)
{
    local_run run = {.opts = opts, .summary = summary};
    *summary = (zagg_run_summary){0};
    summary->driver = "file";
    zg_unique_id(run.id);
    pthread_mutex_init(&run.lock, NULL);
    zagg_status status = select_shards(&run, err);
    if (status == ZAGG_OK)
        status =
            zg_driver_choose(opts->driver, opts->pipeline, opts->map, &run.driver, err);
    if (status == ZAGG_OK) {
        summary->driver = zg_driver_name(run.driver);
        status = compile(&run, err);
    }
    if (status == ZAGG_OK)
        status = zg_store_check(opts->store, err);
    if (status == ZAGG_OK && !opts->dry_run) {
        status = check_driver(&run, err);
        if (status == ZAGG_OK)
            status = run_shards(&run, err);
    }
    free_shards(&run);
    zagg_pool_free(run.pool);
    if (run.trust) {
        const zagg_io_stats io = zg_trust_stats(run.trust);
        summary->store_objects = io.puts;
        summary->store_bytes = io.put_bytes;
    }
    status = zg_trust_close(run.trust, status, summary, err);
    if (opts->net)
        summary->net = zagg_net_stats_of(opts->net);
    summary->has_net = summary->net.requests > 0;
    zagg_store_plan_free(run.plan);
    zagg_worker_free(run.worker);
    zagg_grid_free(run.grid);
    pthread_mutex_destroy(&run.lock);
    summary->peak_rss_bytes = zg_peak_rss_bytes();
    return status;
}

void zagg_run_summary_free(zagg_run_summary *summary)
{
    for (size_t i = 0; i < summary->n_results; i++) {
        zg_free(summary->results[i].error);
        zg_free(summary->results[i].read_error);
    }
    zg_free(summary->results);
    summary->results = NULL;
    summary->n_results = 0;
}
