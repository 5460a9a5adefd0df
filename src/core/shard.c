/* One shard whose rows are in: grouped, its fields evaluated. What upstream's
 * process_shard returns as metadata is the result here. */
#include "core/group.h"
#include "core/pass.h"

#include <string.h>

static void add_counts(zg_str *text, const zagg_shard_result *res)
{
    if (res->read_errors)
        zg_str_addf(text, "%llu group reads raised",
                    (unsigned long long)res->read_errors);
    if (res->granule_errors)
        zg_str_addf(text, "%s%llu granule reads raised", res->read_errors ? ", " : "",
                    (unsigned long long)res->granule_errors);
}

static void add_exemplars(zg_str *text, const zagg_shard_result *res)
{
    for (size_t i = 0; i < res->n_exemplars; i++)
        zg_str_addf(text, "%s%s", i ? " | " : "; e.g. ", res->exemplars[i]);
}

/* Upstream's wording; failed reads without any data are a failure, benign emptiness is
 * not. */
static void describe_no_data(zagg_shard_result *res)
{
    zg_str text;
    zg_str_init(&text, sizeof res->error);
    res->no_data = true;
    res->failed = res->read_errors + res->granule_errors > 0;
    if (res->auth_errors) {
        zg_str_addf(&text,
                    "Access denied reading source granules (%llu auth-shaped failures; ",
                    (unsigned long long)res->auth_errors);
        add_counts(&text, res);
        zg_str_add(&text, "): check data_source.credentials_provider names the DAAC "
                          "hosting this product");
        add_exemplars(&text, res);
    } else {
        zg_str_add(&text,
                   res->granule_count ? "No data after filtering" : "No granules found");
        if (res->failed) {
            zg_str_add(&text, " (");
            add_counts(&text, res);
            add_exemplars(&text, res);
            zg_str_add(&text, ")");
        }
    }
    memcpy(res->error, text.data, text.len);
    res->error[text.len] = '\0';
    zg_str_free(&text);
}

static void take_reads(const zagg_shard_rows *rows, zagg_shard_result *res)
{
    const zagg_shard_job *job = &rows->pass->jobs[rows->index];
    const zg_pass_shard *s = &rows->pass->shards[rows->index];
    *res = (zagg_shard_result){.shard_key = job->key,
                               .granule_count = job->n_hrefs,
                               .files_processed = s->files_processed,
                               .read_errors = s->read_errors,
                               .granule_errors = s->granule_errors,
                               .auth_errors = s->auth_errors,
                               .counters = s->counters,
                               .read_s = s->read_s,
                               .n_exemplars = s->n_faults};
    for (size_t i = 0; i < s->n_faults; i++)
        memcpy(res->exemplars[i], s->faults[i].text, sizeof res->exemplars[i]);
}

/* What aggregating one shard needs beside its rows. */
typedef struct aggregation {
    zg_pass *pass;
    const zagg_shard *shard;
    const zg_mask *mask; /* NULL where the config asks for none */
    zagg_carrier_fn sink;
    void *user;
    zagg_shard_result *result;
} aggregation;

static zagg_status do_part(const aggregation *a, zg_grouping *g, size_t i, zagg_err *err)
{
    const zagg_worker *w = a->pass->worker;
    const uint64_t bytes = zg_grouping_bytes(g, i);
    zg_grouped grouped;
    double start = zg_clock_mono_s();
    ZAGG_TRY(zg_row_store_reserve(g->store, g->shard, bytes, err));
    zagg_status status = zg_grouping_part(g, i, &grouped, err);
    a->result->index_s += zg_clock_mono_s() - start;
    if (status == ZAGG_OK) {
        zg_pass_trace_rss(a->pass, "arrow: after group");
        start = zg_clock_mono_s();
        status = zg_aggregate(w, a->shard, &grouped, a->mask, a->pass->opts->pool,
                              a->sink, a->user, &a->result->cells_with_data, err);
        a->result->aggregate_s += zg_clock_mono_s() - start;
        zg_grouped_free(w, &grouped);
    }
    zg_row_store_unreserve(g->store, bytes);
    return status;
}

static zagg_status group_and_aggregate(const aggregation *a, size_t index, zagg_err *err)
{
    zg_grouping g;
    zagg_status status = zg_grouping_begin(a->pass->worker, a->pass->store, index,
                                           a->pass->opts->pool, &g, err);
    a->result->total_obs = zg_row_store_n_rows(a->pass->store, index);
    for (size_t i = 0; status == ZAGG_OK && i < g.n_parts; i++)
        status = do_part(a, &g, i, err);
    zg_grouping_end(&g);
    zg_pass_trace_rss(a->pass, "after aggregate");
    return status;
}

static zagg_status aggregate(const zagg_shard_rows *rows, const zg_mask *mask,
                             zagg_carrier_fn sink, void *user, zagg_shard_result *result,
                             zagg_err *err)
{
    zg_pass *p = rows->pass;
    const aggregation a = {p, &p->set.shards[rows->index], mask, sink, user, result};
    zg_pass_trace_rss(p, "after reads, their buffers freed");
    ZAGG_TRY(zg_row_store_seal(p->store, rows->index, err));
    if (zg_row_store_n_rows(p->store, rows->index) == 0) {
        describe_no_data(result);
        return ZAGG_OK;
    }
    return group_and_aggregate(&a, rows->index, err);
}

zagg_status zagg_shard_rows_aggregate(zagg_shard_rows *rows, zagg_carrier_fn sink,
                                      void *user, zagg_shard_result *result,
                                      zagg_err *err)
{
    const zagg_worker *w = rows->pass->worker;
    const zagg_shard_job *job = &rows->pass->jobs[rows->index];
    const double start = zg_clock_mono_s();
    const bool masked = w->pipeline->output.aoi_mask;
    zg_mask mask = {{NULL, 0}};
    zagg_status status = ZAGG_OK;
    take_reads(rows, result);
    if (masked)
        status = zg_mask_new(w->grid, job->aoi_mask, job->n_aoi_mask, &mask, err);
    if (status == ZAGG_OK)
        status = aggregate(rows, masked ? &mask : NULL, sink, user, result, err);
    zg_mask_free(&mask);
    zg_row_store_release(rows->pass->store, rows->index);
    result->duration_s = result->read_s + (zg_clock_mono_s() - start);
    return status;
}

void zagg_shard_rows_drop(zagg_shard_rows *rows, zagg_shard_result *result)
{
    take_reads(rows, result);
    zg_row_store_release(rows->pass->store, rows->index);
}

/* ---- one shard alone ---- */

typedef struct single {
    zagg_carrier_fn sink;
    void *user;
    zagg_shard_result *result;
    bool handed_over;
} single;

static zagg_status aggregate_single(void *user, size_t index, zagg_shard_rows *rows,
                                    zagg_err *err)
{
    single *s = user;
    (void)index;
    s->handed_over = true;
    return zagg_shard_rows_aggregate(rows, s->sink, s->user, s->result, err);
}

static zagg_status check_handoff(const char *handoff, zagg_err *err)
{
    if (handoff && strcmp(handoff, "pandas") != 0 && strcmp(handoff, "arrow") != 0)
        return zagg_err_set(err, ZAGG_EARG,
                            "handoff must be 'pandas' or 'arrow', got '%s'", handoff);
    return ZAGG_OK;
}

zagg_status zagg_process_shard(const zagg_worker *worker, uint64_t shard_key,
                               const char *const *hrefs, size_t n_hrefs,
                               const zagg_shard_opts *opts, zagg_carrier_fn sink,
                               void *user, zagg_shard_result *result, zagg_err *err)
{
    const zagg_shard_job job = {shard_key, hrefs, n_hrefs, opts ? opts->aoi_mask : NULL,
                                opts ? opts->n_aoi_mask : 0};
    single s = {sink, user, result, false};
    *result = (zagg_shard_result){.shard_key = shard_key, .granule_count = n_hrefs};
    ZAGG_TRY(check_handoff(opts ? opts->handoff : NULL, err));
    const zagg_shard_taker taker = {aggregate_single, NULL, NULL, &s};
    ZAGG_TRY(zagg_process_shards(worker, &job, 1, opts, &taker, NULL, err));
    return s.handed_over ? ZAGG_OK : zagg_err_set(err, ZAGG_ECANCELLED, "stopped");
}
