/* One shard: granules read in parallel and joined in list order, rows grouped, fields
 * evaluated. What upstream's process_shard returns as metadata is the result here. */
#include "core/worker.h"

#include <string.h>

/* What one granule gave. */
typedef struct granule_rows {
    zagg_arena *arena;
    zg_vec tables; /* zagg_table * */
    zagg_read_counters counters;
    uint64_t read_errors;
    size_t n_messages;
    char messages[ZAGG_EXEMPLARS][ZAGG_EXEMPLAR_LEN];
} granule_rows;

typedef struct shard_job {
    const zagg_worker *worker;
    const zagg_shard *shard;
    const char *const *hrefs;
    const zagg_shard_opts *opts;
    const zg_mask *mask; /* NULL where the config asks for none */
    zagg_shard_result *result;
    zg_rows rows; /* of the granules so far */
} shard_job;

/* One line of the memory trace, in upstream's form. */
static void trace_rss(const shard_job *j, const char *stage)
{
    if (j->opts->trace_rss)
        zagg_log_write(j->opts->log, ZAGG_LOG_INFO, "  [rss] %-34s %7.0f MB", stage,
                       (double)zg_rss_bytes() / 1e6);
}

static void granule_free(void *user, void *result)
{
    granule_rows *g = result;
    (void)user;
    if (!g)
        return;
    zg_vec_free(&g->tables);
    zagg_arena_free(g->arena);
    zg_free(g);
}

static void keep_message(char (*list)[ZAGG_EXEMPLAR_LEN], size_t *n, const char *message)
{
    char cut[ZAGG_EXEMPLAR_LEN];
    size_t len = strlen(message);
    if (len > ZAGG_EXEMPLAR_LEN - 1)
        len = ZAGG_EXEMPLAR_LEN - 1;
    memcpy(cut, message, len);
    cut[len] = '\0';
    for (size_t i = 0; i < *n; i++)
        if (strcmp(list[i], cut) == 0)
            return;
    if (*n < ZAGG_EXEMPLARS)
        memcpy(list[(*n)++], cut, len + 1);
}

/* Failures that say nothing about one group or granule: they end the shard. */
static bool is_fatal(zagg_status status)
{
    return status == ZAGG_ENOMEM || status == ZAGG_ECANCELLED || status == ZAGG_EINTERNAL;
}

static zagg_status open_local(void *user, const char *href, zagg_source **out,
                              zagg_err *err)
{
    (void)user;
    return zagg_source_open_file(href, out, err);
}

static zagg_status read_groups(shard_job *j, zagg_h5 *file, const char *href,
                               granule_rows *g, zagg_err *err)
{
    const zagg_data_source *ds = &j->worker->pipeline->data_source;
    const zagg_read_opts ropts = {j->opts->pool, false, false};
    for (size_t i = 0; i < ds->n_groups; i++) {
        zagg_table *table = NULL;
        zagg_err group_err = ZAGG_ERR_INIT;
        if (zagg_pool_cancelled(j->opts->pool))
            return zagg_err_set(err, ZAGG_ECANCELLED, "cancelled");
        const zagg_status status =
            zagg_worker_read_group(j->worker, j->shard, file, ds->groups[i], &ropts,
                                   g->arena, &table, &g->counters, &group_err);
        if (status != ZAGG_OK) {
            /* Messages about the file start with its name and tell the whole path. */
            if (strncmp(group_err.msg, href, strlen(href)) != 0)
                zagg_err_context(&group_err, status, "%s: group %s", href, ds->groups[i]);
            if (is_fatal(status)) {
                if (err)
                    *err = group_err;
                return status;
            }
            g->read_errors++;
            keep_message(g->messages, &g->n_messages, group_err.msg);
            zagg_log_write(j->opts->log, ZAGG_LOG_WARN, "%s", group_err.msg);
            continue;
        }
        if (table) {
            zagg_table **slot = zg_vec_push(&g->tables);
            if (!slot)
                return zagg_err_set(err, ZAGG_ENOMEM,
                                    "no memory for the tables of a granule");
            *slot = table;
        }
    }
    return ZAGG_OK;
}

static zagg_status granule_task(void *user, size_t index, size_t slot, void **result,
                                zagg_err *err)
{
    shard_job *j = user;
    const char *href = j->hrefs[index];
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    (void)slot;
    granule_rows *g = zg_alloc(1, sizeof *g);
    if (!g)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a granule");
    zg_vec_init(&g->tables, sizeof(zagg_table *), 0);
    zagg_status status = zagg_arena_new(0, &g->arena, err);
    if (status == ZAGG_OK)
        status = (j->opts->open ? j->opts->open : open_local)(j->opts->open_user, href,
                                                              &source, err);
    if (status == ZAGG_OK)
        status = zagg_h5_open(source, NULL, &file, err);
    if (status == ZAGG_OK)
        status = read_groups(j, file, href, g, err);
    if (file)
        zagg_h5_close(file);
    if (source)
        zagg_source_close(source);
    if (status != ZAGG_OK) {
        granule_free(NULL, g);
        return status;
    }
    *result = g;
    return ZAGG_OK;
}

static void add_counters(zagg_read_counters *to, const zagg_read_counters *from)
{
    to->rows_read += from->rows_read;
    to->points_without_cell += from->points_without_cell;
    to->groups_absent += from->groups_absent;
    to->groups_empty += from->groups_empty;
}

static zagg_status granule_fold(void *user, size_t index, zagg_status status,
                                void *result, const zagg_err *task_err, zagg_err *err)
{
    shard_job *j = user;
    granule_rows *g = result;
    zagg_shard_result *res = j->result;
    (void)index;
    if (status != ZAGG_OK) {
        if (is_fatal(status)) {
            if (err && task_err)
                *err = *task_err;
            return status;
        }
        res->granule_errors++;
        keep_message(res->exemplars, &res->n_exemplars, task_err->msg);
        zagg_log_write(j->opts->log, ZAGG_LOG_WARN, "granule skipped: %s", task_err->msg);
        return ZAGG_OK;
    }
    res->files_processed++;
    res->read_errors += g->read_errors;
    add_counters(&res->counters, &g->counters);
    for (size_t i = 0; i < g->n_messages; i++)
        keep_message(res->exemplars, &res->n_exemplars, g->messages[i]);
    for (size_t i = 0; i < g->tables.len && status == ZAGG_OK; i++)
        status = zg_rows_append(j->worker, &j->rows,
                                *ZG_VEC_AT(&g->tables, zagg_table *, i), err);
    /* What the reads of a granule held is given back before rows are grouped. */
    granule_free(NULL, g);
    return status;
}

/* Upstream's wording; failed reads without any data are a failure, benign emptiness is
 * not. */
static void describe_no_data(zagg_shard_result *res)
{
    zg_str text;
    zg_str_init(&text, sizeof res->error);
    res->no_data = true;
    res->failed = res->read_errors + res->granule_errors > 0;
    zg_str_add(&text,
               res->granule_count ? "No data after filtering" : "No granules found");
    if (res->failed) {
        const char *joint = " (";
        if (res->read_errors) {
            zg_str_addf(&text, "%s%llu group reads raised", joint,
                        (unsigned long long)res->read_errors);
            joint = ", ";
        }
        if (res->granule_errors)
            zg_str_addf(&text, "%s%llu granule reads raised", joint,
                        (unsigned long long)res->granule_errors);
        for (size_t i = 0; i < res->n_exemplars; i++)
            zg_str_addf(&text, "%s%s", i ? " | " : "; e.g. ", res->exemplars[i]);
        zg_str_add(&text, ")");
    }
    memcpy(res->error, text.data, text.len);
    res->error[text.len] = '\0';
    zg_str_free(&text);
}

/* Group the rows of all granules and evaluate. */
static zagg_status group_and_aggregate(shard_job *j, zagg_carrier_fn sink, void *user,
                                       zagg_err *err)
{
    zagg_shard_result *res = j->result;
    zg_grouped grouped;
    double start = zg_clock_mono_s();
    ZAGG_TRY(zg_group_rows(j->worker, &j->rows, &grouped, err));
    trace_rss(j, "arrow: after group");
    res->index_s = zg_clock_mono_s() - start;
    start = zg_clock_mono_s();
    res->total_obs = grouped.n_rows;
    const zagg_status status =
        zg_aggregate(j->worker, j->shard, &grouped, j->mask, j->opts->pool, sink, user,
                     &res->cells_with_data, err);
    res->aggregate_s = zg_clock_mono_s() - start;
    zg_grouped_free(j->worker, &grouped);
    trace_rss(j, "after aggregate");
    return status;
}

static zagg_status process(shard_job *j, size_t n_hrefs, zagg_carrier_fn sink, void *user,
                           zagg_err *err)
{
    zagg_shard_result *res = j->result;
    const double start = zg_clock_mono_s();
    trace_rss(j, "before reads");
    zagg_status status = zagg_pool_map(j->opts->pool, n_hrefs, 0, granule_task,
                                       granule_fold, granule_free, j, err);
    res->read_s = zg_clock_mono_s() - start;
    trace_rss(j, "after reads, their buffers freed");
    if (status != ZAGG_OK)
        return status;
    if (j->rows.n_rows == 0) {
        describe_no_data(res);
        return ZAGG_OK;
    }
    return group_and_aggregate(j, sink, user, err);
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
    static const zagg_shard_opts DEFAULTS = ZAGG_SHARD_OPTS_INIT;
    zagg_shard shard;
    zg_mask mask = {{NULL, 0}};
    shard_job j = {worker, &shard, hrefs, opts ? opts : &DEFAULTS, NULL, result, {0}};
    const double start = zg_clock_mono_s();
    *result = (zagg_shard_result){.shard_key = shard_key, .granule_count = n_hrefs};
    ZAGG_TRY(check_handoff(j.opts->handoff, err));
    ZAGG_TRY(zagg_grid_shard(worker->grid, shard_key, &shard, err));
    if (worker->pipeline->output.aoi_mask) {
        ZAGG_TRY(
            zg_mask_new(worker->grid, j.opts->aoi_mask, j.opts->n_aoi_mask, &mask, err));
        j.mask = &mask;
    }
    zagg_status status = zg_rows_init(worker, &j.rows, err);
    if (status == ZAGG_OK) {
        status = process(&j, n_hrefs, sink, user, err);
        zg_rows_free(worker, &j.rows);
    }
    zg_mask_free(&mask);
    result->duration_s = zg_clock_mono_s() - start;
    return status;
}
