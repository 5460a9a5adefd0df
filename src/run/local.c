/* The local backend: shards of a map on all cores of this machine, into one store.
 *
 * A shard is one task: read, aggregate, write. Tasks help each other's inner batches, so
 * that one large shard uses all threads too. Outcomes are folded in map order. */
#include "run/run.h"

#include <inttypes.h>
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
    zagg_sink *store;
    zagg_pool *pool;
    char id[33]; /* of this run, in the records of a hive */
    const zagg_shard_entry *const *selected;
    double start_s;
} local_run;

/* How one shard ended. */
typedef struct shard_outcome {
    zagg_shard_result result;
    double write_s;
    zagg_status status; /* of processing or writing */
    bool skipped;       /* not started: the run was stopped */
    zagg_err err;
} shard_outcome;

/* Sink of the worker that times the writes. */
typedef struct timed_writer {
    zagg_store_writer *writer;
    double seconds;
} timed_writer;

static zagg_status write_carrier(void *user, const zagg_shard *shard,
                                 const zagg_carrier *carrier, zagg_err *err)
{
    timed_writer *t = user;
    const double start = zg_clock_mono_s();
    const zagg_status status = zagg_store_writer_carrier(t->writer, shard, carrier, err);
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

static zagg_status process_and_write(const local_run *run, const zagg_shard_entry *entry,
                                     shard_outcome *o, zagg_err *err)
{
    const zagg_shard_opts opts = {
        .pool = run->pool, .log = run->opts->log, .trace_rss = run->opts->trace_rss};
    timed_writer t = {NULL, 0};
    const char **hrefs = NULL;
    size_t n = 0;
    zagg_shard shard;
    ZAGG_TRY(zagg_grid_shard(run->grid, entry->key, &shard, err));
    ZAGG_TRY(hrefs_of(run, entry, &hrefs, &n, err));
    zagg_status status = zagg_store_writer_new(run->plan, run->store, &t.writer, err);
    if (status == ZAGG_OK)
        status = zagg_process_shard(run->worker, entry->key, hrefs, n, &opts,
                                    write_carrier, &t, &o->result, err);
    /* Carriers are written while the worker aggregates; upstream's figures leave that
     * out. */
    o->result.aggregate_s -= t.seconds;
    o->result.duration_s -= t.seconds;
    if (status == ZAGG_OK && !o->result.no_data) {
        const double start = zg_clock_mono_s();
        const zagg_store_origin origin = {run->opts->map, entry,  hrefs, n,
                                          &o->result,     run->id};
        zagg_store_writer_set_origin(t.writer, &origin);
        status = zagg_store_writer_finish(t.writer, &shard, err);
        t.seconds += zg_clock_mono_s() - start;
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

static zagg_status shard_task(void *user, size_t index, size_t slot, void **result,
                              zagg_err *err)
{
    const local_run *run = user;
    (void)slot;
    shard_outcome *o = zg_alloc(1, sizeof *o);
    if (!o)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard");
    o->result.shard_key = run->selected[index]->key;
    if (stop_asked(run))
        o->skipped = true;
    else
        o->status = process_and_write(run, run->selected[index], o, &o->err);
    *result = o;
    return ZAGG_OK;
}

static void count_outcome(zagg_run_summary *s, const shard_outcome *o)
{
    const zagg_shard_result *r = &o->result;
    const bool failed = o->status != ZAGG_OK || r->failed;
    s->finished++;
    s->failed += failed;
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
    if (o->skipped) {
        s->stopped = true;
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
    if (run->opts->progress) {
        const zagg_run_event event = {index + 1,
                                      s->selected,
                                      &s->results[s->n_results - 1],
                                      o->status,
                                      o->result.error,
                                      s->total_obs,
                                      s->rows_read,
                                      zg_clock_mono_s() - run->start_s};
        run->opts->progress(run->opts->user, &event);
    }
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

static zagg_status compile(local_run *run, zagg_err *err)
{
    const zagg_run_opts *opts = run->opts;
    ZAGG_TRY(zagg_pipeline_check_runnable(opts->pipeline, err));
    ZAGG_TRY(zagg_grid_from_pipeline(opts->pipeline, opts->latitude, &run->grid, err));
    ZAGG_TRY(zagg_run_check_signature(run->grid, opts->map, err));
    ZAGG_TRY(zagg_worker_new(opts->pipeline, run->grid, &run->worker, err));
    return zagg_store_plan_new(opts->pipeline, run->grid, &run->plan, err);
}

static zagg_status open_store(local_run *run, zagg_err *err)
{
    const zagg_run_opts *opts = run->opts;
    zagg_status status = zagg_sink_open_dir(zg_store_path(opts->store), &run->store, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "store %s", opts->store);
    return zagg_store_plan_begin(run->plan, run->store, opts->map, opts->overwrite,
                                 opts->log, err);
}

/* Shards that were written count; one without data has nothing in the store. */
static zagg_status end_store(const local_run *run, zagg_err *err)
{
    const zagg_run_summary *s = run->summary;
    uint64_t *keys = zg_alloc(s->n_results ? s->n_results : 1, sizeof *keys);
    size_t n = 0;
    if (!keys)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu keys", s->n_results);
    for (size_t i = 0; i < s->n_results; i++)
        if (!s->results[i].failed && !s->results[i].no_data)
            keys[n++] = s->results[i].shard_key;
    const zagg_status status =
        zagg_store_plan_end(run->plan, run->store, keys, n, run->opts->log, err);
    zg_free(keys);
    return status;
}

static zagg_status run_shards(local_run *run, zagg_err *err)
{
    const zagg_run_opts *opts = run->opts;
    zagg_run_summary *s = run->summary;
    s->threads = opts->threads ? opts->threads : zg_cpu_count();
    s->results = zg_alloc(s->selected ? s->selected : 1, sizeof *s->results);
    s->result_write_s =
        zg_alloc(s->selected ? s->selected : 1, sizeof *s->result_write_s);
    if (!s->results || !s->result_write_s)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", s->selected);
    zagg_log_write(opts->log, ZAGG_LOG_INFO,
                   "Processing %zu of %zu cells (local, %zu workers, driver=%s)",
                   s->selected, s->total_shards, s->threads, zg_driver_name(run->driver));
    ZAGG_TRY(zagg_pool_new(s->threads, &run->pool, err));
    ZAGG_TRY(open_store(run, err));
    run->start_s = zg_clock_mono_s();
    ZAGG_TRY(zagg_pool_map(run->pool, s->selected, 0, shard_task, shard_fold,
                           outcome_free, run, err));
    ZAGG_TRY(end_store(run, err));
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
    if (run.store) {
        const zagg_io_stats io = zagg_sink_stats(run.store);
        summary->store_objects = io.puts;
        summary->store_bytes = io.put_bytes;
    }
    zagg_pool_free(run.pool);
    zagg_sink_close(run.store);
    zagg_store_plan_free(run.plan);
    zagg_worker_free(run.worker);
    zagg_grid_free(run.grid);
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
