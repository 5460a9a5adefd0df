/* The sequence of a run beyond this machine: setup, shards, finalize. The workers write
 * everything that lies in the store; this process writes records beside it. */
#include "dispatch/backend.h"
#include "dispatch/files.h"
#include "dispatch/limits.h"
#include "dispatch/plan.h"
#include "run/status_dir.h"
#include "text/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Setup and finalize are tried so often, so long apart. */
enum { ONCE_ATTEMPTS = 5, FINALIZE_TIMES = 2, DEFAULT_ATTEMPTS = 3 };
#define FINALIZE_PAUSE_S 5.0

typedef struct dispatch {
    const zagg_dispatch_opts *opts;
    zagg_dispatch_summary *summary;
    zg_plan plan;
    zg_ledger *ledger;
    zg_backend backend;
    bool *done; /* units that an earlier run finished, or that cannot be sent */
    uint64_t *obs;
    double *durations; /* of results, in their order */
    double start_s;
    uint64_t random;
} dispatch;

static const char *backend_name(zagg_backend backend)
{
    static const char *const NAMES[] = {"lambda", "exec", "slurm"};
    return NAMES[backend];
}

/* What setup and finalize are called in messages: by the service that does them. */
static const char *backend_title(zagg_backend backend)
{
    static const char *const TITLES[] = {"Lambda", "Worker", "Worker"};
    return TITLES[backend];
}

/* splitmix64, as zg_http_random. */
static double random_of(void *user)
{
    dispatch *d = user;
    uint64_t z = d->random += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-53;
}

/* ---- setup and finalize ---- */

typedef zagg_status (*write_fn)(const dispatch *d, zg_str *out, zagg_err *err);

static zg_message_begin beginning(const dispatch *d)
{
    const zagg_output *o = &d->opts->pipeline->output;
    const zagg_value *grid =
        zagg_value_get(zagg_value_get(d->opts->pipeline->root, "output"), "grid");
    return (zg_message_begin){
        .overwrite = d->opts->overwrite,
        .dense = zagg_value_is(zagg_value_get(grid, "layout"), "dense"),
        .n_shards = d->plan.n,
        .run_id = d->opts->events_dir != NULL ? d->summary->run_id : NULL,
        .metadata = o->store_layout == ZAGG_LAYOUT_HIVE ? d->opts->map->metadata : NULL};
}

static zagg_status write_setup(const dispatch *d, zg_str *out, zagg_err *err)
{
    const zg_message_begin begin = beginning(d);
    return zg_message_setup(&d->plan.messages, &begin, out, err);
}

static zagg_status write_finalize(const dispatch *d, zg_str *out, zagg_err *err)
{
    const zagg_output *o = &d->opts->pipeline->output;
    const zg_message_begin begin = beginning(d);
    /* Upstream's has no config; one that tells where the store is cannot be left out. */
    const bool elsewhere =
        zg_output_text(d->opts->pipeline->root, "endpoint_url") != NULL;
    const bool plain =
        o->store_layout == ZAGG_LAYOUT_FLAT && o->consolidate_metadata && !elsewhere;
    return zg_message_finalize(&d->plan.messages, plain ? NULL : &begin, out, err);
}

/* A setup that empties the store must not be begun while another one may still be under
 * way: that one would empty it once more, under the shards. It is asked for again only
 * where it was refused unbegun, or never reached anybody. All else may be done twice. */
static bool may_repeat(const zg_reply *a, bool empties)
{
    return a->kind == ZG_REPLY_THROTTLED ||
           (a->kind == ZG_REPLY_FAULT && (a->unsent || !empties));
}

/* One event until there is an answer that is the worker's, or the last word of others. */
static zagg_status do_once(dispatch *d, write_fn write, bool empties, zg_reply *out,
                           zagg_err *err)
{
    zg_tries tries = {0};
    for (unsigned i = 1;; i++) {
        zg_str event;
        ZAGG_TRY(zg_ledger_check(d->ledger, err));
        const zagg_status status = write(d, &event, err);
        if (status != ZAGG_OK) {
            zg_message_free(&event);
            return status;
        }
        *out = (zg_reply){.kind = ZG_REPLY_RESPONSE};
        ZAGG_TRY(d->backend.once(d->backend.self, &event, out, err));
        if (!may_repeat(out, empties) || i == ONCE_ATTEMPTS ||
            zg_is_stopped(d->opts->stop))
            return ZAGG_OK;
        zg_reply_free(out);
        tries.attempts = i;
        zg_wait_until(zg_clock_mono_s() + zg_wait_before(&tries, random_of(d)));
    }
}

/* An answer that is no success, in upstream's words. */
static zagg_status judge_once(const dispatch *d, const char *mode, zg_reply *a,
                              zagg_err *err)
{
    const char *who = backend_title(d->opts->backend);
    const char *payload = a->payload != NULL ? a->payload : "";
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    int64_t code = 0;
    if (a->kind == ZG_REPLY_BROKEN)
        return zagg_err_set(err, ZAGG_EIO, "%s %s failed: %.600s", who, mode, payload);
    if (a->kind != ZG_REPLY_RESPONSE)
        return zagg_err_set(err, a->err.status, "%s %s: %s", who, mode, a->err.msg);
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    const bool parsed =
        zagg_json_parse(arena, payload, a->len, "answer", &root, NULL) == ZAGG_OK;
    const bool has_code =
        parsed && zagg_value_i64(zagg_value_get(root, "statusCode"), &code);
    const char *body = parsed ? zg_value_text(root, "body") : NULL;
    zagg_status status = ZAGG_OK;
    if (!has_code)
        status = zagg_err_set(err, ZAGG_EIO, "%s %s failed: %.600s", who, mode, payload);
    else if (code != 200)
        status = zagg_err_set(err, ZAGG_EIO, "%s %s error: %.600s", who, mode,
                              body != NULL ? body : payload);
    zagg_arena_free(arena);
    return status;
}

static zagg_status setup(dispatch *d, zagg_err *err)
{
    zg_reply answer;
    const double start = zg_clock_mono_s();
    const bool empties = d->opts->overwrite;
    ZAGG_TRY(do_once(d, write_setup, empties, &answer, err));
    zagg_status status = judge_once(d, "setup", &answer, err);
    if (empties && answer.kind == ZG_REPLY_FAULT && !answer.unsent)
        status = zagg_err_set(err, status,
                              "%s; it may be under way still and would empty the store "
                              "under its shards: run again when it must have ended",
                              err != NULL ? err->msg : "");
    zg_reply_free(&answer);
    d->summary->setup_s = zg_clock_mono_s() - start;
    return status;
}

/* As at upstream, whose workers consolidate a flat store whatever its config says. */
static bool needs_finalize(const dispatch *d)
{
    const zagg_output *o = &d->opts->pipeline->output;
    return o->store_layout == ZAGG_LAYOUT_HIVE || o->consolidate_metadata ||
           o->compat == ZAGG_COMPAT_0_11;
}

/* The shards are in the store whatever comes of this. */
static zagg_status finalize(dispatch *d, zagg_err *err)
{
    zagg_dispatch_summary *s = d->summary;
    if (!needs_finalize(d))
        return ZAGG_OK;
    const double start = zg_clock_mono_s();
    for (unsigned i = 1; i <= FINALIZE_TIMES; i++) {
        zg_reply answer;
        zagg_err why = ZAGG_ERR_INIT;
        ZAGG_TRY(do_once(d, write_finalize, false, &answer, err));
        s->finalize_failed = judge_once(d, "finalize", &answer, &why) != ZAGG_OK;
        zg_reply_free(&answer);
        if (!s->finalize_failed)
            break;
        (void)snprintf(s->finalize_error, sizeof s->finalize_error, "%.500s", why.msg);
        zagg_log_write(d->opts->log, ZAGG_LOG_WARN, "%s%s", why.msg,
                       i < FINALIZE_TIMES ? "; trying once more" : "");
        if (i < FINALIZE_TIMES)
            zg_wait_until(zg_clock_mono_s() + FINALIZE_PAUSE_S);
    }
    s->finalize_s = zg_clock_mono_s() - start;
    return ZAGG_OK;
}

/* ---- shards ---- */

static double usd_so_far(const dispatch *d)
{
    return d->summary->time_s * d->summary->memory_gb * d->summary->price_per_gb_s;
}

static void tell(const dispatch *d, const zagg_dispatch_result *r, bool skipped,
                 uint64_t obs, size_t flying)
{
    const zagg_dispatch_summary *s = d->summary;
    if (d->opts->progress == NULL)
        return;
    const zagg_dispatch_event event = {.index = s->finished + s->skipped,
                                       .total = s->selected,
                                       .done_here = s->finished,
                                       .shard_key = r->shard_key,
                                       .failed = r->failed,
                                       .no_data = r->no_data,
                                       .skipped = skipped,
                                       .message = r->error != NULL ? r->error : "",
                                       .obs = obs,
                                       .total_obs = s->total_obs,
                                       .flying = flying,
                                       .elapsed_s = zg_clock_mono_s() - d->start_s,
                                       .usd = usd_so_far(d)};
    d->opts->progress(d->opts->user, &event);
}

static void note_phases(zagg_dispatch_summary *s, const zagg_dispatch_result *r)
{
    const double phases[4] = {r->read_s, r->index_s, r->aggregate_s, r->write_s};
    for (size_t i = 0; i < 4; i++) {
        if (phases[i] < 0)
            continue;
        s->has_phases = true;
        if (phases[i] > s->phase_max_s[i])
            s->phase_max_s[i] = phases[i];
    }
}

static void count(dispatch *d, const zagg_dispatch_result *r)
{
    zagg_dispatch_summary *s = d->summary;
    s->finished++;
    s->failed += r->failed;
    s->timeouts += r->timeout;
    s->read_errors += r->read_errors;
    if (!r->failed && !r->no_data) {
        s->with_data++;
        s->total_obs += r->total_obs;
        s->cells_with_data += r->cells_with_data;
    }
    s->time_s += r->duration_s;
    if (r->max_memory_mb > s->max_memory_mb)
        s->max_memory_mb = r->max_memory_mb;
    note_phases(s, r);
}

static zagg_status event_of(void *user, size_t unit, zg_str *out, zagg_err *err)
{
    const dispatch *d = user;
    zg_str_init(out, 0); /* the caller frees it in any case */
    ZAGG_TRY(zg_ledger_check(d->ledger, err));
    return zg_plan_event(&d->plan, unit, d->backend.timeout_s, out, err);
}

static zagg_status over(void *user, size_t unit, zagg_dispatch_result *result,
                        size_t flying, zagg_err *err)
{
    dispatch *d = user;
    zagg_dispatch_summary *s = d->summary;
    const zagg_shard_entry *entry = d->plan.shards[unit];
    (void)err;
    result->shard_key = entry->key;
    result->granule_count = entry->n_granules;
    /* Without an answer of the worker nobody but this process knows of the end. */
    zg_ledger_note(d->ledger, result, !d->backend.reports || result->status_code == 0);
    count(d, result);
    d->durations[s->n_results] = result->duration_s;
    s->results[s->n_results++] = *result;
    tell(d, result, false, result->total_obs, flying);
    return ZAGG_OK;
}

/* Shards that need not be sent, or cannot be. */
static zagg_status settle_before(dispatch *d, zagg_err *err)
{
    zagg_dispatch_summary *s = d->summary;
    for (size_t i = 0; i < d->plan.n; i++) {
        zagg_dispatch_result r = {.shard_key = d->plan.shards[i]->key,
                                  .read_s = -1,
                                  .index_s = -1,
                                  .aggregate_s = -1,
                                  .write_s = -1};
        zagg_err why = ZAGG_ERR_INIT;
        zagg_shard unused;
        if (d->done[i]) {
            s->skipped++;
            s->skipped_obs += d->obs[i];
            tell(d, &r, true, d->obs[i], 0);
            continue;
        }
        if (zagg_grid_shard(d->plan.grid, r.shard_key, &unused, &why) == ZAGG_OK)
            continue;
        d->done[i] = true;
        r.failed = true;
        r.error = zg_strdup(why.msg);
        ZAGG_TRY(over(d, i, &r, 0, err));
    }
    return ZAGG_OK;
}

static zagg_status fan_out(dispatch *d, zagg_err *err)
{
    zagg_dispatch_summary *s = d->summary;
    const unsigned attempts =
        d->opts->max_retries ? d->opts->max_retries : DEFAULT_ATTEMPTS;
    const zg_fleet_opts opts = {.executor = d->backend.executor,
                                .n = d->plan.n,
                                .done = d->done,
                                .workers = d->backend.workers,
                                .max_attempts = attempts,
                                .timeout_s = d->backend.timeout_s,
                                .event_bytes = d->backend.event_bytes,
                                .too_long = d->backend.too_long,
                                .event_of = event_of,
                                .over = over,
                                .random = random_of,
                                .user = d,
                                .stop = d->opts->stop};
    zg_fleet_stats stats = {0};
    ZAGG_TRY(settle_before(d, err));
    const zagg_status status = zg_fleet_run(&opts, &stats, err);
    s->attempts = stats.attempts;
    s->throttles = stats.throttles;
    s->retried = stats.retried;
    s->left_s = stats.left_s;
    s->stopped = stats.left > 0 && zg_is_stopped(d->opts->stop);
    s->fanout_s = zg_clock_mono_s() - d->start_s;
    if (stats.narrowest < d->backend.workers)
        zagg_log_write(d->opts->log, ZAGG_LOG_INFO,
                       "Throttled %" PRIu64 " times: down to %zu workers at once",
                       s->throttles, stats.narrowest);
    return status;
}

/* ---- the run ---- */

static zagg_status open_ledger(dispatch *d, zagg_err *err)
{
    const zg_ledger_opts opts = {.store = d->opts->store,
                                 .net = d->opts->net,
                                 .log = d->opts->log,
                                 .run_id = d->summary->run_id,
                                 .program = d->opts->program,
                                 .backend = backend_name(d->opts->backend),
                                 .function = d->summary->function,
                                 .identity = d->plan.identity,
                                 .semantic_hash = d->plan.semantic_hash,
                                 .pipeline = d->opts->pipeline,
                                 .grid = d->plan.grid,
                                 .overwrite = d->opts->overwrite,
                                 .units = d->plan.units,
                                 .n = d->plan.n};
    ZAGG_TRY(zg_ledger_open(&opts, &d->ledger, err));
    const bool all = d->opts->overwrite || d->opts->redo;
    return zg_ledger_finished(d->ledger, all ? NULL : d->done, d->obs,
                              d->summary->resumed_from, err);
}

static zagg_status make_room(dispatch *d, zagg_err *err)
{
    const size_t n = d->plan.n ? d->plan.n : 1;
    d->done = zg_alloc(n, sizeof *d->done);
    d->obs = zg_alloc(n, sizeof *d->obs);
    d->durations = zg_alloc(n, sizeof *d->durations);
    d->summary->results = zg_alloc(n, sizeof *d->summary->results);
    if (d->done && d->obs && d->durations && d->summary->results)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", d->plan.n);
}

static size_t to_be_done(const dispatch *d)
{
    size_t n = 0;
    for (size_t i = 0; i < d->plan.n; i++)
        n += !d->done[i];
    return n;
}

/* Each command has a pipe to this process: one more than may be open ends the run. */
static size_t commands_at_once(const dispatch *d, size_t asked)
{
    struct rlimit files = {.rlim_cur = 1024};
    const zg_account none = {.has_limit = false};
    zagg_dispatch_limits limits;
    (void)getrlimit(RLIMIT_NOFILE, &files);
    const size_t n = zg_workers_allowed(asked, &none, (uint64_t)files.rlim_cur, &limits);
    if (n < asked)
        zagg_log_write(d->opts->log, ZAGG_LOG_WARN,
                       "%zu workers at once instead of %zu, by the limit of open files "
                       "(ulimit -n)",
                       n, asked);
    return n;
}

static zagg_status open_backend(dispatch *d, zagg_err *err)
{
    const zagg_dispatch_opts *o = d->opts;
    zagg_dispatch_summary *s = d->summary;
    const size_t n = to_be_done(d);
    size_t workers = o->max_workers ? o->max_workers : zg_cpu_count();
    switch (o->backend) {
    case ZAGG_BACKEND_EXEC:
        workers = workers < n ? workers : n;
        workers = commands_at_once(d, workers ? workers : 1);
        ZAGG_TRY(zg_exec_open(o, workers, &d->backend, err));
        break;
    case ZAGG_BACKEND_SLURM:
        ZAGG_TRY(zg_slurm_open(o, s->run_id, n, &d->backend, err));
        break;
    default:
        ZAGG_TRY(zg_lambda_open(o, d->ledger, n, &d->backend, s, err));
        break;
    }
    s->workers = d->backend.workers;
    return ZAGG_OK;
}

static zagg_status do_shards(dispatch *d, zagg_err *err)
{
    zagg_dispatch_summary *s = d->summary;
    zagg_log_write(d->opts->log, ZAGG_LOG_INFO,
                   "Processing %zu of %zu cells (%s, %zu workers, driver=%s)",
                   s->selected, s->total_shards, backend_name(d->opts->backend),
                   d->backend.workers, s->driver);
    d->plan.messages.run_id = d->backend.reports ? s->run_id : NULL;
    ZAGG_TRY(zg_ledger_begin(d->ledger, d->done, err));
    zagg_status status = setup(d, err);
    if (status != ZAGG_OK) {
        zg_ledger_end(d->ledger, false); /* no shard was sent */
        return status;
    }
    zg_ledger_note_store(d->ledger);
    d->start_s = zg_clock_mono_s();
    status = fan_out(d, err);
    zg_ledger_end(d->ledger, status != ZAGG_OK || s->stopped);
    const zagg_status counted =
        zg_cost_of(d->durations, s->n_results, s, status == ZAGG_OK ? err : NULL);
    status = status == ZAGG_OK ? counted : status;
    if (status == ZAGG_OK && !s->stopped)
        status = finalize(d, err);
    s->wall_s = zg_clock_mono_s() - d->start_s;
    return status;
}

/* ---- events as files ---- */

static zagg_status save(const dispatch *d, const char *name, zagg_status status,
                        zg_str *event, zagg_err *err)
{
    if (status == ZAGG_OK)
        status = zg_private_file(d->opts->events_dir, name, event->data, event->len, err);
    zg_message_free(event);
    return status;
}

/* Numbered without gaps, as engines number tasks. */
static zagg_status write_events(dispatch *d, zagg_err *err)
{
    zagg_dispatch_summary *s = d->summary;
    char name[40];
    zg_str event;
    zagg_status status = write_setup(d, &event, err);
    ZAGG_TRY(save(d, "setup.json", status, &event, err));
    for (size_t i = 0; i < d->plan.n; i++) {
        if (d->done[i]) {
            s->skipped++;
            s->skipped_obs += d->obs[i];
            continue;
        }
        (void)snprintf(name, sizeof name, "%zu.json", s->events++);
        status = zg_plan_event(&d->plan, i, 0, &event, err);
        ZAGG_TRY(save(d, name, status, &event, err));
    }
    status = write_finalize(d, &event, err);
    return save(d, "finalize.json", status, &event, err);
}

/* An engine would do the events of an earlier run that are there, too; and files that may
 * hold keys should not outlive their use. */
static zagg_status save_events(dispatch *d, zagg_err *err)
{
    const char *folder = d->opts->events_dir;
    size_t old = 0;
    d->plan.messages.run_id = d->summary->run_id;
    ZAGG_TRY(zg_private_folder(folder, err));
    ZAGG_TRY(zg_private_clear(folder, &old, err));
    if (old > 0)
        zagg_log_write(d->opts->log, ZAGG_LOG_INFO,
                       "%s: %zu events removed that were there", folder, old);
    ZAGG_TRY(zg_ledger_begin(d->ledger, d->done, err));
    const zagg_status status = write_events(d, err);
    if (status != ZAGG_OK) {
        (void)zg_private_clear(folder, NULL, NULL);
        zg_ledger_end(d->ledger, false); /* nobody will do any of them */
    }
    return status;
}

static zagg_status run(dispatch *d, zagg_err *err)
{
    ZAGG_TRY(make_room(d, err));
    ZAGG_TRY(zg_plan_complete(&d->plan, err));
    ZAGG_TRY(open_ledger(d, err));
    if (d->opts->events_dir != NULL)
        return save_events(d, err);
    ZAGG_TRY(open_backend(d, err));
    const zagg_status status = do_shards(d, err);
    d->backend.close(d->backend.self);
    return status;
}

static zagg_status name_function(dispatch *d, const char *environment, zagg_err *err)
{
    zagg_dispatch_summary *s = d->summary;
    if (d->opts->backend != ZAGG_BACKEND_LAMBDA)
        return ZAGG_OK;
    return zg_function_name(d->opts->function, environment, d->opts->pipeline->root,
                            s->function, sizeof s->function, err);
}

zagg_status zagg_dispatch_run(const zagg_dispatch_opts *opts,
                              zagg_dispatch_summary *summary, zagg_err *err)
{
    dispatch d = {.opts = opts, .summary = summary};
    *summary = (zagg_dispatch_summary){.driver = "s3"};
    zg_unique_id(summary->run_id);
    memcpy(&d.random, summary->run_id, sizeof d.random);
    zagg_status status = zg_store_check(opts->store, err);
    if (status == ZAGG_OK)
        status = name_function(&d, getenv("ZAGG_LAMBDA_FUNCTION_NAME"), err);
    if (status == ZAGG_OK)
        status = zg_plan_make(opts, &d.plan, summary, err);
    if (status == ZAGG_OK && !opts->dry_run)
        status = run(&d, err);
    zg_ledger_close(d.ledger);
    zg_plan_free(&d.plan);
    zg_free(d.done);
    zg_free(d.obs);
    zg_free(d.durations);
    summary->peak_rss_bytes = zg_peak_rss_bytes();
    return status;
}

void zagg_dispatch_summary_free(zagg_dispatch_summary *summary)
{
    for (size_t i = 0; i < summary->n_results; i++)
        zg_free(summary->results[i].error);
    zg_free(summary->results);
    summary->results = NULL;
    summary->n_results = 0;
}
