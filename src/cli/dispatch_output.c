/* Summary and JSON of a run beyond this machine: upstream's lines and keys, then ours. */
#include "cli/cli.h"
#include "cli/run_dispatch.h"
#include "text/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const PHASES[4] = {"read", "index", "aggregate", "write"};
static const char *const BACKENDS[] = {"lambda", "exec", "slurm"};

static void print_dry_run(const zagg_dispatch_summary *s, const char *store)
{
    printf("\n[DRY RUN] Would process %zu cells\n", s->selected);
    printf("  Granules per cell: min=%zu, max=%zu, avg=%.1f\n", s->granules_min,
           s->granules_max, s->granules_mean);
    printf("  Output: %s\n", store);
}

static void print_phases_max(const zagg_dispatch_summary *s)
{
    printf("Worker phases (max across cells):");
    for (size_t i = 0; i < 4; i++)
        printf("%s %s %.0fs", i ? "," : "", PHASES[i], s->phase_max_s[i]);
    printf("\n");
}

void print_dispatch(const zagg_dispatch_summary *s, const dispatch_job *job)
{
    char obs[32];
    const size_t over = s->finished + s->skipped;
    if (job->args->dry_run) {
        print_dry_run(s, job->store);
        return;
    }
    if (job->args->events_dir) {
        printf("Events: %zu shards in %s, run %s\n", s->events, job->args->events_dir,
               s->run_id);
        return;
    }
    printf("\nDone: %zu cells with data, %s obs, %zu errors, %.1fs\n", s->with_data,
           cli_thousands(s->total_obs, obs), s->failed, s->wall_s);
    if (s->architecture)
        printf("Lambda compute: %.0fs total, %.0f GB-s, ~$%.2f\n", s->time_s,
               s->gb_seconds, s->usd);
    if (job->args->profile && s->has_phases)
        print_phases_max(s);
    if (s->skipped)
        printf("Skipped: %zu cells finished by an earlier run, %s obs\n", s->skipped,
               cli_thousands(s->skipped_obs, obs));
    if (s->retried)
        printf("Retried: %" PRIu64 " of %" PRIu64 " invocations, %" PRIu64
               " of these throttled\n",
               s->retried, s->attempts, s->throttles);
    if (over < s->selected)
        printf("Interrupted: %zu of %zu cells done; run again to complete the store\n",
               over, s->selected);
    else if (s->failed)
        printf("Run again to try the %zu cells with errors once more\n", s->failed);
    printf("Output: %s\n", job->store);
}

/* ---- JSON ---- */

static void put_bool(zg_json_out *w, const char *key, bool v)
{
    zg_json_key(w, key);
    zg_json_bool(w, v);
}

static void put_if(zg_json_out *w, const char *key, bool there, double v)
{
    zg_json_key(w, key);
    if (there)
        zg_json_double(w, v);
    else
        zg_json_null(w);
}

static void put_body(zg_json_out *w, const zagg_dispatch_result *r)
{
    zg_json_key(w, "body");
    zg_json_open_map(w);
    if (r->status_code != 0) {
        zg_json_put_u64(w, "shard_key", r->shard_key);
        zg_json_put_u64(w, "cells_with_data", r->cells_with_data);
        zg_json_put_u64(w, "total_obs", r->total_obs);
        zg_json_put_u64(w, "granule_count", r->granule_count);
        zg_json_put_u64(w, "files_processed", r->files_processed);
        zg_json_put_double(w, "duration_s", r->duration_s);
        zg_json_put_str(w, "error", r->error);
        if (r->read_errors)
            zg_json_put_u64(w, "read_errors", r->read_errors);
        if (r->read_s >= 0) {
            const double phases[4] = {r->read_s, r->index_s, r->aggregate_s, r->write_s};
            zg_json_key(w, "phase_timings");
            zg_json_open_map(w);
            for (size_t i = 0; i < 4; i++)
                if (phases[i] >= 0)
                    zg_json_put_double(w, PHASES[i], phases[i]);
            zg_json_close_map(w);
        }
        if (r->max_memory_mb > 0)
            zg_json_put_double(w, "max_memory_mb", r->max_memory_mb);
    }
    zg_json_close_map(w);
}

static void put_result(zg_json_out *w, const zagg_dispatch_result *r)
{
    zg_json_open_map(w);
    zg_json_put_u64(w, "shard_key", r->shard_key);
    zg_json_key(w, "status_code");
    if (r->status_code != 0)
        zg_json_i64(w, r->status_code);
    else
        zg_json_null(w);
    put_body(w, r);
    zg_json_put_double(w, "wall_time", r->wall_s);
    zg_json_put_double(w, "lambda_duration", r->duration_s);
    zg_json_put_str(w, "error", r->error);
    zg_json_put_u64(w, "retries", r->retries);
    put_bool(w, "timeout", r->timeout);
    zg_json_put_u64(w, "granule_count", r->granule_count);
    zg_json_close_map(w);
}

static void put_compute(zg_json_out *w, const zagg_dispatch_summary *s)
{
    const bool timed = s->timed > 0;
    zg_json_put_double(w, "lambda_time_s", s->time_s);
    zg_json_put_double(w, "gb_seconds", s->gb_seconds);
    put_if(w, "price_per_gb_sec", s->architecture != NULL, s->price_per_gb_s);
    put_if(w, "estimated_cost_usd", s->architecture != NULL, s->usd);
    zg_json_put_double(w, "setup_s", s->setup_s);
    zg_json_put_double(w, "fanout_s", s->fanout_s);
    zg_json_put_double(w, "finalize_s", s->finalize_s);
    put_if(w, "function_timeout_s", s->function_timeout_s > 0, s->function_timeout_s);
    put_if(w, "worker_max_s", timed, s->worker_max_s);
    put_if(w, "worker_median_s", timed, s->worker_median_s);
    put_if(w, "worker_pstdev_s", timed, s->worker_pstdev_s);
    put_if(w, "worker_pct_timeout", timed && s->function_timeout_s > 0,
           s->worker_pct_timeout);
    put_if(w, "max_memory_mb", s->max_memory_mb > 0, s->max_memory_mb);
    zg_json_put_str(w, "function_name", s->function[0] ? s->function : NULL);
}

static void put_phases_max(zg_json_out *w, const zagg_dispatch_summary *s)
{
    zg_json_key(w, "worker_phase_max");
    zg_json_open_map(w);
    for (size_t i = 0; s->has_phases && i < 4; i++)
        zg_json_put_double(w, PHASES[i], s->phase_max_s[i]);
    zg_json_close_map(w);
}

/* Not upstream's. */
static void put_more(zg_json_out *w, const zagg_dispatch_summary *s)
{
    zg_json_put_u64(w, "cells_current", s->skipped);
    if (s->events)
        zg_json_put_u64(w, "events", s->events);
    zg_json_put_u64(w, "read_errors", s->read_errors);
    zg_json_put_u64(w, "workers", s->workers);
    zg_json_put_u64(w, "invocations", s->attempts);
    zg_json_put_u64(w, "throttles", s->throttles);
    zg_json_put_u64(w, "retries", s->retried);
    zg_json_put_u64(w, "timeouts", s->timeouts);
    put_if(w, "memory_gb", s->memory_gb > 0, s->memory_gb);
    zg_json_put_str(w, "architecture", s->architecture);
    put_if(w, "max_cost_usd", s->architecture != NULL, s->max_usd);
    zg_json_put_str(w, "run_id", s->run_id);
    zg_json_put_str(w, "resumed_from", s->resumed_from[0] ? s->resumed_from : NULL);
    zg_json_put_str(w, "finalize_error", s->finalize_failed ? s->finalize_error : NULL);
    zg_json_put_u64(w, "peak_rss_bytes", s->peak_rss_bytes);
    put_bool(w, "interrupted", s->stopped);
}

static void put_dry_run(zg_json_out *w, const zagg_dispatch_summary *s)
{
    put_bool(w, "dry_run", true);
    zg_json_put_u64(w, "total_cells", s->selected);
    zg_json_put_u64(w, "granules_per_cell_min", s->granules_min);
    zg_json_put_u64(w, "granules_per_cell_max", s->granules_max);
    zg_json_put_double(w, "granules_per_cell_avg", s->granules_mean);
}

static void put_run(zg_json_out *w, const zagg_dispatch_summary *s)
{
    zg_json_put_u64(w, "total_cells", s->selected);
    zg_json_put_u64(w, "cells_with_data", s->with_data);
    zg_json_put_u64(w, "cells_error", s->failed);
    zg_json_put_u64(w, "total_obs", s->total_obs);
    zg_json_put_double(w, "wall_time_s", s->wall_s);
}

zagg_status print_dispatch_json(const zagg_dispatch_summary *s, const dispatch_job *job,
                                zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    const bool dry_run = job->args->dry_run;
    zg_str_init(&text, 0);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    if (dry_run)
        put_dry_run(&w, s);
    else
        put_run(&w, s);
    zg_json_put_str(&w, "store_path", job->store);
    if (!dry_run) {
        zg_json_put_str(&w, "backend", BACKENDS[job->args->backend]);
        zg_json_key(&w, "results");
        zg_json_open_list(&w);
        for (size_t i = 0; i < s->n_results; i++)
            put_result(&w, &s->results[i]);
        zg_json_close_list(&w);
        put_compute(&w, s);
        if (job->args->profile)
            put_phases_max(&w, s);
        put_more(&w, s);
    }
    zg_json_close_map(&w);
    const bool failed = text.failed;
    if (!failed)
        printf("%s\n", text.data);
    zg_str_free(&text);
    return failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the JSON result")
                  : ZAGG_OK;
}
