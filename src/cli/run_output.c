/* Summary, JSON and table of a run. */
#include "cli/run_output.h"

#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void print_net(const zagg_net_stats *n)
{
    char in[32], out[32], metadata[32];
    printf("Network: %" PRIu64 " requests (%" PRIu64 " repeated, %" PRIu64
           " throttled), %s in (%s of metadata), %s out, first byte after %.0f ms "
           "(longest %.0f ms)\n",
           n->requests, n->retries, n->throttles, cli_bytes(n->bytes_in, in),
           cli_bytes(n->metadata_bytes, metadata), cli_bytes(n->bytes_out, out),
           n->first_byte_mean_s * 1e3, n->first_byte_max_s * 1e3);
    if (n->cache_hits + n->cache_misses)
        printf("Cache: %s of %" PRIu64 " reads, %" PRIu64 " reads were not there\n",
               cli_bytes(n->cache_bytes, in), n->cache_hits, n->cache_misses);
}

void print_summary(const zagg_run_summary *s, const char *store, bool dry_run)
{
    char obs[32];
    if (dry_run) {
        printf("\n[DRY RUN] Would process %zu cells\n", s->selected);
        printf("  Granules per cell: min=%zu, max=%zu, avg=%.1f\n", s->granules_min,
               s->granules_max, s->granules_mean);
        printf("  Output: %s\n", store);
        return;
    }
    printf("\nDone: %zu cells with data, %s obs, %zu errors, %.1fs\n", s->with_data,
           cli_thousands(s->total_obs, obs), s->failed, s->wall_s);
    if (s->skipped)
        printf("Skipped: %zu cells finished by an earlier run, %s obs\n", s->skipped,
               cli_thousands(s->skipped_obs, obs));
    if (s->refused)
        printf("Refused: %zu cells would lose granules; --allow-contraction writes "
               "them\n",
               s->refused);
    if (s->incomplete)
        printf("Incomplete: %zu cells lack reads that failed (%" PRIu64
               " groups, %" PRIu64 " granules)\n",
               s->incomplete, s->read_errors, s->granule_errors);
    if (s->store_failed)
        printf("Stopped: the store could not be written, %zu of %zu cells were not "
               "done; run again to complete it\n",
               s->selected - s->finished - s->skipped, s->selected);
    if (s->stopped)
        printf("Interrupted: %zu of %zu cells done; run again to complete the store\n",
               s->finished + s->skipped, s->selected);
    if (s->has_net)
        print_net(&s->net);
    printf("Output: %s\n", store);
}

void print_phases(const zagg_run_summary *s)
{
    printf(
        "Phases: read %.3f s, index %.3f s, aggregate %.3f s, write %.3f s (each shard's "
        "added up)\n",
        s->read_s, s->index_s, s->aggregate_s, s->write_s);
}

static void result_object(zg_json_out *w, const zagg_run_result *r)
{
    zg_json_open_map(w);
    zg_json_put_u64(w, "shard_key", r->shard_key);
    zg_json_put_u64(w, "cells_with_data", r->cells_with_data);
    zg_json_put_u64(w, "total_obs", r->total_obs);
    zg_json_put_u64(w, "granule_count", r->granule_count);
    zg_json_put_u64(w, "files_processed", r->files_processed);
    zg_json_put_double(w, "duration_s", r->duration_s);
    zg_json_key(w, "error");
    if (r->error)
        zg_json_str(w, r->error);
    else
        zg_json_null(w);
    if (r->read_errors)
        zg_json_put_u64(w, "read_errors", r->read_errors);
    if (r->granule_errors)
        zg_json_put_u64(w, "granule_errors", r->granule_errors);
    if (r->auth_errors)
        zg_json_put_u64(w, "auth_errors", r->auth_errors);
    zg_json_put_u64(w, "total_obs_read", r->counters.rows_read);
    zg_json_key(w, "phase_timings");
    zg_json_open_map(w);
    zg_json_put_double(w, "read", r->read_s);
    zg_json_put_double(w, "index", r->index_s);
    zg_json_put_double(w, "aggregate", r->aggregate_s);
    zg_json_put_double(w, "write", r->write_s);
    zg_json_close_map(w);
    zg_json_close_map(w);
}

static void dry_run_members(zg_json_out *w, const zagg_run_summary *s)
{
    zg_json_key(w, "dry_run");
    zg_json_bool(w, true);
    zg_json_put_u64(w, "total_cells", s->selected);
    zg_json_put_u64(w, "granules_per_cell_min", s->granules_min);
    zg_json_put_u64(w, "granules_per_cell_max", s->granules_max);
    zg_json_put_double(w, "granules_per_cell_avg", s->granules_mean);
}

void json_net(zg_json_out *w, const zagg_net_stats *n)
{
    zg_json_key(w, "network");
    zg_json_open_map(w);
    zg_json_put_u64(w, "requests", n->requests);
    zg_json_put_u64(w, "retries", n->retries);
    zg_json_put_u64(w, "throttles", n->throttles);
    zg_json_put_u64(w, "bytes_in", n->bytes_in);
    zg_json_put_u64(w, "bytes_out", n->bytes_out);
    zg_json_put_u64(w, "metadata_bytes", n->metadata_bytes);
    zg_json_put_u64(w, "connections", n->connections);
    zg_json_put_double(w, "first_byte_mean_s", n->first_byte_mean_s);
    zg_json_put_double(w, "first_byte_max_s", n->first_byte_max_s);
    zg_json_put_u64(w, "cache_hits", n->cache_hits);
    zg_json_put_u64(w, "cache_misses", n->cache_misses);
    zg_json_put_u64(w, "cache_bytes", n->cache_bytes);
    zg_json_close_map(w);
}

static void run_members(zg_json_out *w, const zagg_run_summary *s)
{
    zg_json_put_u64(w, "total_cells", s->selected);
    zg_json_put_u64(w, "cells_with_data", s->with_data);
    zg_json_put_u64(w, "cells_error", s->failed);
    zg_json_put_u64(w, "cells_incomplete", s->incomplete);
    zg_json_put_u64(w, "cells_current", s->skipped);
    zg_json_put_u64(w, "cells_refused", s->refused);
    zg_json_put_u64(w, "total_obs", s->total_obs);
    zg_json_put_u64(w, "total_obs_read", s->rows_read);
    zg_json_put_u64(w, "read_errors", s->read_errors);
    zg_json_put_u64(w, "granule_errors", s->granule_errors);
    zg_json_put_u64(w, "auth_errors", s->auth_errors);
    zg_json_put_u64(w, "groups_absent", s->groups_absent);
    zg_json_put_u64(w, "groups_empty", s->groups_empty);
    zg_json_put_u64(w, "points_without_cell", s->points_without_cell);
    zg_json_put_double(w, "wall_time_s", s->wall_s);
    zg_json_put_u64(w, "threads", s->threads);
    zg_json_put_u64(w, "granules_read", s->granules_read);
    zg_json_put_u64(w, "rows_scanned", s->rows_scanned);
    zg_json_put_u64(w, "chunks_decoded", s->chunks_decoded);
    zg_json_put_u64(w, "bytes_fetched", s->bytes_fetched);
    zg_json_put_u64(w, "spilled_bytes", s->spilled_bytes);
    zg_json_put_double(w, "spill_s", s->spill_s);
    zg_json_put_u64(w, "store_objects", s->store_objects);
    zg_json_put_u64(w, "store_bytes", s->store_bytes);
    zg_json_put_u64(w, "peak_rss_bytes", s->peak_rss_bytes);
    if (s->has_net)
        json_net(w, &s->net);
    zg_json_key(w, "interrupted");
    zg_json_bool(w, s->stopped);
}

zagg_status print_json(const zagg_run_summary *s, const char *store, bool dry_run,
                       zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, SIZE_MAX / 4);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    if (dry_run)
        dry_run_members(&w, s);
    else
        run_members(&w, s);
    zg_json_put_str(&w, "store_path", store);
    zg_json_put_str(&w, "backend", "local");
    zg_json_key(&w, "results");
    zg_json_open_list(&w);
    for (size_t i = 0; i < s->n_results; i++)
        result_object(&w, &s->results[i]);
    zg_json_close_list(&w);
    zg_json_close_map(&w);
    const bool failed = text.failed;
    if (!failed)
        printf("%s\n", text.data);
    zg_str_free(&text);
    return failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the JSON result")
                  : ZAGG_OK;
}

static bool is_axis(const char *name)
{
    return strcmp(name, "morton") == 0 || strcmp(name, "cell_ids") == 0 ||
           strcmp(name, "x") == 0 || strcmp(name, "y") == 0;
}

static zagg_status read_report(const char *store, zagg_net *net, zagg_store_report *out,
                               zagg_err *err)
{
    zagg_sink *sink = NULL;
    if (!zagg_url_is_remote(store))
        return zagg_store_report_read(store, out, err);
    ZAGG_TRY(zagg_net_open_sink(net, store, &sink, err));
    const zagg_status status = zagg_store_report_read_sink(sink, out, err);
    zagg_sink_close(sink);
    return status;
}

zagg_status print_table(const zagg_run_summary *s, const char *store, zagg_net *net,
                        zagg_err *err)
{
    zagg_store_report r = {0};
    char a[32], b[32], c[32];
    ZAGG_TRY(read_report(store, net, &r, err));
    printf("\n%s/%s\n", store, r.group);
    printf("  %-22s %s\n", "shards with data", cli_thousands(s->with_data, a));
    printf("  %-22s %s\n", "cells with data", cli_thousands(r.cells, a));
    printf("  %-22s %s kept of %s read\n", "photons", cli_thousands(s->total_obs, a),
           cli_thousands(s->rows_read, b));
    printf("  %-22s %s in %s objects\n", "bytes", cli_bytes(r.bytes, a),
           cli_thousands(r.objects, b));
    printf("  %-22s %.3f on %zu threads\n", "seconds", s->wall_s, s->threads);
    printf("  %-22s %s\n", "peak memory (RSS)", cli_bytes(s->peak_rss_bytes, c));
    printf("\n  %-22s %-8s %12s %14s %14s %14s %10s\n", "field", "type", "values", "min",
           "mean", "max", "bytes");
    for (size_t i = 0; i < r.n_fields; i++) {
        const zagg_store_field *f = &r.fields[i];
        printf("  %-22s %-8s %12s", f->name,
               f->ragged ? "ragged" : zagg_dtype_name(f->dtype),
               cli_thousands(f->n_values, a));
        if (is_axis(f->name) || f->ragged)
            printf(" %14s %14s %14s", "-", "-", "-");
        else
            printf(" %14.6g %14.6g %14.6g", f->min, f->mean, f->max);
        printf(" %10s\n", cli_bytes(f->bytes, b));
    }
    zagg_store_report_free(&r);
    return ZAGG_OK;
}
