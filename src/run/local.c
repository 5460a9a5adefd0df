/* The local backend: shards of a map on all cores of this machine, into one store.
 *
 * A shard is one task: read, aggregate, write. Tasks help each other's inner batches, so
 * that one large shard uses all threads too. Outcomes are folded in map order. What makes
 * a written shard count, and which shards are left out, is trust.h's. */
#include "run/trust.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct local_run {
    const zagg_run_opts *opts;
    zagg_run_summary *summary;
    zg_driver driver;
    zagg_grid *grid;
    zagg_worker *worker;
    zagg_store_plan *plan;
    zg_trust *trust;
    zagg_pool *pool;
    char id[33]; /* of this run, in the records of a hive */
    const zagg_shard_entry *const *selected;
    uint64_t *in_store; /* keys of shards that have data in the store, n of them */
    size_t n_in_store;
    double start_s;
    atomic_bool store_failed; /* something could not be written */
} local_run;

/* How one shard ended. */
typedef struct shard_outcome {
    zagg_shard_result result;
    double write_s;
    zagg_status status; /* of processing or writing */
    bool not_started;   /* the run was stopped */
    bool current;       /* finished by an earlier run; the counts are its record's */
    bool refused;
    zagg_err err;
} shard_outcome;

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

static zagg_status hrefs_of(const local_run *run, const zagg_shard_entry *entry,
                            const char ***out, size_t *n_out, zagg_err *err)
{
    const char **hrefs =
        zg_alloc(entry->n_granules ? entry->n_granules : 1, sizeof *hrefs);
    if (!hrefs)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the granules of a shard");
    size_t n = 0;
    for (size_t i = 0; i < entry->n_granules; i++) {
        const char *href = zg_granule_href(entry->granules[i], run->driver);
        if (href)
            hrefs[n++] = href;
    }
    *out = hrefs;
    *n_out = n;
    return ZAGG_OK;
}

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

static zagg_status process_and_write(const local_run *run, const zagg_shard_entry *entry,
                                     zg_attempt *attempt, shard_outcome *o, zagg_err *err)
{
    const zagg_shard_opts opts = {.pool = run->pool,
                                  .log = run->opts->log,
                                  .trace_rss = run->opts->trace_rss,
                                  .aoi_mask = entry->aoi_mask,
                                  .n_aoi_mask = entry->n_aoi_mask};
    timed_writer t = {.run = run,
                      .store = zg_attempt_store(attempt),
                      .clear = zg_attempt_may_meet_debris(attempt)};
    const char **hrefs = NULL;
    size_t n = 0;
    zagg_shard shard;
    ZAGG_TRY(zagg_grid_shard(run->grid, entry->key, &shard, err));
    ZAGG_TRY(hrefs_of(run, entry, &hrefs, &n, err));
    zagg_status status = zagg_store_writer_new(run->plan, t.store, &t.writer, err);
    if (status == ZAGG_OK)
        status = zagg_process_shard(run->worker, entry->key, hrefs, n, &opts,
                                    write_carrier, &t, &o->result, err);
    /* Carriers are written while the worker aggregates; upstream's figures leave that
     * out. */
    o->result.aggregate_s -= t.seconds;
    o->result.duration_s -= t.seconds;
    if (status == ZAGG_OK) {
        const zagg_store_origin origin = {run->opts->map, entry,  hrefs, n,
                                          &o->result,     run->id};
        zagg_store_writer_set_origin(t.writer, &origin);
        status = write_rest(&t, &shard, attempt, &o->result, err);
    }
    o->write_s = t.seconds;
    zagg_store_writer_free(t.writer);
    zg_free(hrefs);
    return status;
}

static bool stop_asked(const local_run *run)
{
    return run->opts->stop && *run->opts->stop;
}

/* Whole, or without data for good reasons: only then the shard becomes complete. */
static bool is_whole(zagg_status status, const zagg_shard_result *r)
{
    return status == ZAGG_OK && !r->failed && r->read_errors + r->granule_errors == 0;
}

static void note_end(const local_run *run, const shard_outcome *o, zagg_status status)
{
    const zagg_shard_result *r = &o->result;
    const bool failed = status != ZAGG_OK || r->failed;
    const char *what = o->current   ? "shard_skipped"
                       : o->refused ? "shard_refused"
                       : failed     ? "shard_failed"
                                    : "shard_incomplete";
    const char *text = status != ZAGG_OK    ? o->err.msg
                       : r->failed          ? r->error
                       : r->n_exemplars > 0 ? r->exemplars[0]
                                            : NULL;
    if (o->current || !is_whole(status, r))
        zg_trust_note(run->trust, what, r->shard_key, text);
}

static zagg_status do_shard(local_run *run, const zagg_shard_entry *entry,
                            shard_outcome *o, zagg_err *err)
{
    zg_attempt *attempt = NULL;
    zg_verdict verdict;
    zagg_status status = zg_trust_judge(run->trust, entry, &verdict, &attempt, err);
    if (status != ZAGG_OK) {
        atomic_store(&run->store_failed, true);
        return status;
    }
    if (verdict == ZG_DO) {
        zg_trust_note(run->trust, "shard_start", entry->key, NULL);
        status = process_and_write(run, entry, attempt, o, err);
        if (is_whole(status, &o->result))
            return zg_attempt_finish(attempt, &o->result, o->write_s, err);
    }
    if (verdict == ZG_CURRENT) {
        o->current = true;
        zg_attempt_recorded(attempt, &o->result.total_obs, &o->result.cells_with_data);
    }
    if (verdict == ZG_REFUSED) {
        o->refused = true;
        status = ZAGG_EEXISTS;
    }
    if (zg_attempt_drop(attempt))
        atomic_store(&run->store_failed, true);
    return status;
}

static zagg_status shard_task(void *user, size_t index, size_t slot, void **result,
                              zagg_err *err)
{
    local_run *run = user;
    (void)slot;
    shard_outcome *o = zg_alloc(1, sizeof *o);
    if (!o)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard");
    o->result.shard_key = run->selected[index]->key;
    if (stop_asked(run) || atomic_load(&run->store_failed) ||
        zg_trust_failed(run->trust)) {
        o->not_started = true;
    } else {
        o->status = do_shard(run, run->selected[index], o, &o->err);
        o->result.shard_key = run->selected[index]->key;
        note_end(run, o, o->status);
    }
    *result = o;
    return ZAGG_OK;
}

static void count_outcome(zagg_run_summary *s, const shard_outcome *o)
{
    const zagg_shard_result *r = &o->result;
    const bool failed = o->status != ZAGG_OK || r->failed;
    s->finished++;
    s->failed += failed;
    s->refused += o->refused;
    s->read_errors += r->read_errors;
    s->granule_errors += r->granule_errors;
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

static void tell_progress(const local_run *run, size_t index, const shard_outcome *o,
                          const zagg_shard_result *result)
{
    const zagg_run_summary *s = run->summary;
    if (!run->opts->progress)
        return;
    const zagg_run_event event = {.index = index + 1,
                                  .total = s->selected,
                                  .shard = result,
                                  .status = o->status,
                                  .skipped = o->current,
                                  .message = result->error,
                                  .rows_kept = s->total_obs,
                                  .rows_read = s->rows_read,
                                  .elapsed_s = zg_clock_mono_s() - run->start_s};
    run->opts->progress(run->opts->user, &event);
}

static void fold_current(local_run *run, size_t index, const shard_outcome *o)
{
    zagg_run_summary *s = run->summary;
    if (o->result.cells_with_data)
        run->in_store[run->n_in_store++] = o->result.shard_key;
    s->skipped++;
    s->skipped_obs += o->result.total_obs;
    s->skipped_cells += o->result.cells_with_data;
    tell_progress(run, index, o, &o->result);
}

static zagg_status shard_fold(void *user, size_t index, zagg_status status, void *result,
                              const zagg_err *task_err, zagg_err *err)
{
    local_run *run = user;
    shard_outcome *o = result;
    zagg_run_summary *s = run->summary;
    if (status != ZAGG_OK) {
        if (err && task_err)
            *err = *task_err;
        return status;
    }
    if (o->not_started) {
        s->stopped |= stop_asked(run);
        s->store_failed |= atomic_load(&run->store_failed) || zg_trust_failed(run->trust);
        zg_free(o);
        return ZAGG_OK;
    }
    if (o->current) {
        fold_current(run, index, o);
        zg_free(o);
        return ZAGG_OK;
    }
    count_outcome(s, o);
    if (o->status != ZAGG_OK && o->result.error[0] == '\0')
        snprintf(o->result.error, sizeof o->result.error, "%s", o->err.msg);
    o->result.failed |= o->status != ZAGG_OK;
    s->results[s->n_results] = o->result;
    s->result_write_s[s->n_results] = o->write_s;
    s->n_results++;
    if (!o->result.failed && !o->result.no_data)
        run->in_store[run->n_in_store++] = o->result.shard_key;
    tell_progress(run, index, o, &s->results[s->n_results - 1]);
    zg_free(o);
    return ZAGG_OK;
}

static void outcome_free(void *user, void *result)
{
    (void)user;
    zg_free(result);
}

/* ---- selection ---- */

static bool key_matches(const zagg_run_opts *opts, const zagg_shard_entry *entry)
{
    char text[40];
    uint64_t word;
    snprintf(text, sizeof text, "%" PRIu64, entry->key);
    if (strcmp(text, opts->shard) == 0)
        return true;
    const char *type = opts->pipeline->output.grid_type;
    return type && strcmp(type, "healpix") == 0 &&
           zagg_word_parse_decimal(opts->shard, strlen(opts->shard), &word, NULL) ==
               ZAGG_OK &&
           word == entry->key;
}

static zagg_status select_shards(local_run *run, const zagg_shard_entry ***out,
                                 zagg_err *err)
{
    const zagg_run_opts *opts = run->opts;
    zagg_run_summary *s = run->summary;
    const size_t most = opts->map->n_shards;
    const zagg_shard_entry **list = zg_alloc(most ? most : 1, sizeof *list);
    if (!list)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", most);
    size_t n = 0, granules = 0;
    for (size_t i = 0; i < most; i++) {
        if (opts->shard && !key_matches(opts, &opts->map->shards[i]))
            continue;
        if (opts->max_shards > 0 && n == (size_t)opts->max_shards)
            break;
        list[n++] = &opts->map->shards[i];
    }
    if (opts->shard && n == 0) {
        zg_free(list);
        return zagg_err_set(err, ZAGG_EARG, "shard '%s' not in catalog (%s)", opts->shard,
                            opts->map->name);
    }
    s->total_shards = most;
    s->selected = n;
    for (size_t i = 0; i < n; i++) {
        const size_t g = list[i]->n_granules;
        granules += g;
        s->granules_min = i == 0 || g < s->granules_min ? g : s->granules_min;
        s->granules_max = g > s->granules_max ? g : s->granules_max;
    }
    s->granules_mean = n ? (double)granules / (double)n : 0;
    *out = list;
    return ZAGG_OK;
}

/* ---- the run ---- */

static zagg_status check_store(const char *store, zagg_err *err)
{
    if (store[0] == '\0')
        return zagg_err_set(err, ZAGG_ECONFIG, "store: the path must not be empty");
    if (strstr(zg_store_path(store), "://"))
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: only stores in a local folder can be written by this version", store);
    return ZAGG_OK;
}

static zagg_status check_driver(const local_run *run, zagg_err *err)
{
    if (run->driver == ZG_DRIVER_FILE)
        return ZAGG_OK;
    return zagg_err_set(
        err, ZAGG_ECONFIG,
        "%s: granules behind %s:// cannot be read by this version; give local "
        "paths, or --driver file where s3://a/b means the file a/b",
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

static zagg_status run_shards(local_run *run, zagg_err *err)
{
    const zagg_run_opts *opts = run->opts;
    zagg_run_summary *s = run->summary;
    s->threads = opts->threads ? opts->threads : zg_cpu_count();
    s->results = zg_alloc(s->selected ? s->selected : 1, sizeof *s->results);
    s->result_write_s =
        zg_alloc(s->selected ? s->selected : 1, sizeof *s->result_write_s);
    run->in_store = zg_alloc(s->selected ? s->selected : 1, sizeof *run->in_store);
    if (!s->results || !s->result_write_s || !run->in_store)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", s->selected);
    zagg_log_write(opts->log, ZAGG_LOG_INFO,
                   "Processing %zu of %zu cells (local, %zu workers, driver=%s)",
                   s->selected, s->total_shards, s->threads, zg_driver_name(run->driver));
    ZAGG_TRY(zagg_pool_new(s->threads, &run->pool, err));
    ZAGG_TRY(open_store(run, err));
    run->start_s = zg_clock_mono_s();
    ZAGG_TRY(zagg_pool_map(run->pool, s->selected, 0, shard_task, shard_fold,
                           outcome_free, run, err));
    ZAGG_TRY(zg_trust_end_shards(run->trust, err));
    ZAGG_TRY(zagg_store_plan_end(run->plan, zg_trust_store(run->trust), run->in_store,
                                 run->n_in_store, opts->log, err));
    s->wall_s = zg_clock_mono_s() - run->start_s;
    return ZAGG_OK;
}

zagg_status zagg_run_local(const zagg_run_opts *opts, zagg_run_summary *summary,
                           zagg_err *err)
{
    local_run run = {.opts = opts, .summary = summary};
    const zagg_shard_entry **selected = NULL;
    *summary = (zagg_run_summary){0};
    summary->driver = "file";
    zg_unique_id(run.id);
    zagg_status status = select_shards(&run, &selected, err);
    run.selected = selected;
    if (status == ZAGG_OK)
        status =
            zg_driver_choose(opts->driver, opts->pipeline, opts->map, &run.driver, err);
    if (status == ZAGG_OK) {
        summary->driver = zg_driver_name(run.driver);
        status = compile(&run, err);
    }
    if (status == ZAGG_OK)
        status = check_store(opts->store, err);
    if (status == ZAGG_OK && !opts->dry_run) {
        status = check_driver(&run, err);
        if (status == ZAGG_OK)
            status = run_shards(&run, err);
    }
    zagg_pool_free(run.pool);
    if (run.trust) {
        const zagg_io_stats io = zg_trust_stats(run.trust);
        summary->store_objects = io.puts;
        summary->store_bytes = io.put_bytes;
    }
    status = zg_trust_close(run.trust, status, summary, err);
    zagg_store_plan_free(run.plan);
    zagg_worker_free(run.worker);
    zagg_grid_free(run.grid);
    zg_free(run.in_store);
    zg_free(selected);
    summary->peak_rss_bytes = zg_peak_rss_bytes();
    return status;
}

void zagg_run_summary_free(zagg_run_summary *summary)
{
    zg_free(summary->results);
    zg_free(summary->result_write_s);
    summary->results = NULL;
    summary->result_write_s = NULL;
    summary->n_results = 0;
}
