/* zagg run: config, shard map or granules, store; the local backend, or another. */
#include "base/base.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/run_args.h"
#include "cli/run_dispatch.h"
#include "cli/run_output.h"
#include "cli/store_args.h"
#include "zagg/run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Set by the first Ctrl-C: running shards end, no new one starts. The second one kills.
 */
static volatile int stop_flag;

static void on_signal(int number)
{
    zg_stop(&stop_flag);
    signal(number, SIG_DFL);
}

/* Everything that main_run holds and has to give back. */
typedef struct run_session {
    run_args args;
    progress progress;
    zagg_pipeline *pipeline;
    zagg_shardmap *map;
    zagg_latitude latitude;
    char *store;
    zagg_net *net; /* NULL: nothing is behind a network */
    zagg_err err;
} run_session;

static int fail(run_session *s, int code)
{
    progress_end(&s->progress);
    zagg_log_write(s->progress.log, ZAGG_LOG_ERROR, "%s", s->err.msg);
    return code;
}

static zagg_status open_net(run_session *s)
{
    net_args *a = &s->args.net;
    net_args_of_config(a, s->pipeline);
    a->opts.stop = &stop_flag;
    a->opts.log = s->progress.log;
    return s->net ? ZAGG_OK : net_args_open(a, &s->net, &s->err);
}

/* With the file driver s3://a/b is a path, here as in maps. */
static bool has_urls(const run_session *s)
{
    const run_args *a = &s->args;
    const char *driver = a->driver ? a->driver : s->pipeline->data_source.driver;
    if (driver && strcmp(driver, "file") == 0)
        return false;
    for (size_t i = 0; i < a->granules.len; i++)
        if (zagg_url_is_remote(*ZG_VEC_AT(&a->granules, const char *, i)))
            return true;
    return false;
}

/* A shard map from granules needs a grid and a worker before there is a run. */
static zagg_status map_granules(run_session *s)
{
    zagg_grid *grid = NULL;
    zagg_worker *worker = NULL;
    zagg_pool *pool = NULL;
    /* Workers elsewhere are no threads of this process. */
    const bool here = s->args.max_workers && !s->args.remote;
    const size_t threads = here ? s->args.max_workers : zg_cpu_count();
    if (has_urls(s))
        ZAGG_TRY(open_net(s));
    zagg_status status =
        zagg_grid_from_pipeline(s->pipeline, s->latitude, &grid, &s->err);
    if (status == ZAGG_EUNSUPPORTED)
        return ZAGG_ECONFIG; /* of the config, not of a granule's format */
    if (status == ZAGG_OK)
        status = zagg_worker_new(s->pipeline, grid, &worker, &s->err);
    if (status == ZAGG_OK)
        status = zagg_pool_new(threads, &pool, &s->err);
    if (status == ZAGG_OK)
        status = zagg_run_map_from_granules(
            worker, s->args.granules.data, s->args.granules.len,
            &(zagg_granules_opts){.pool = pool, .net = s->net, .log = s->progress.log},
            &s->map, &s->err);
    zagg_pool_free(pool);
    zagg_worker_free(worker);
    zagg_grid_free(grid);
    return status;
}

static int load(run_session *s)
{
    const run_args *a = &s->args;
    const zagg_latitude *asked = a->latitude_given ? &a->latitude : NULL;
    zagg_status status =
        zagg_pipeline_load(a->config, s->progress.log, &s->pipeline, &s->err);
    if (status == ZAGG_OK)
        status = zagg_pipeline_check_runnable(s->pipeline, &s->err);
    if (status != ZAGG_OK)
        return cli_load_code(status);
    const char *catalog = a->catalog ? a->catalog : s->pipeline->catalog;
    if (!a->granules_given && !catalog) {
        zagg_err_set(
            &s->err, ZAGG_ECONFIG,
            "No catalog specified (pass --catalog or --granules, or set catalog: in "
            "config)");
        return EXIT_CONFIG;
    }
    status = cli_run_store(a->store, s->pipeline, &s->store, &s->err);
    if (status != ZAGG_OK)
        return cli_load_code(status);
    if (!a->granules_given) {
        status = zagg_shardmap_load(catalog, &s->map, &s->err);
        if (status != ZAGG_OK)
            return cli_load_code(status);
    }
    status = zagg_run_latitude(s->pipeline, s->map, asked, s->progress.log, &s->latitude,
                               &s->err);
    if (status != ZAGG_OK)
        return cli_load_code(status);
    if (!a->granules_given)
        return EXIT_OK;
    status = map_granules(s);
    /* A granule that is damaged is no fault of the config. */
    return status == ZAGG_EFORMAT ? EXIT_FAILED : cli_exit_code(status);
}

static int outcome(const zagg_run_summary *s)
{
    if (s->stopped)
        return EXIT_INTERRUPTED;
    return s->failed || s->incomplete ? EXIT_SHARDS_FAILED : EXIT_OK;
}

/* Keys and network are told apart only before the first shard: later on it is the store
 * that could not be written. */
static int code_of(const run_session *s, zagg_status status,
                   const zagg_run_summary *summary)
{
    if (status == ZAGG_OK)
        return outcome(summary);
    if (status == ZAGG_EUNSUPPORTED)
        return EXIT_CONFIG;
    if (summary->finished > 0)
        return status == ZAGG_ECONFIG || status == ZAGG_ECANCELLED ? cli_exit_code(status)
                                                                   : EXIT_FAILED;
    if (status == ZAGG_EIO && zagg_url_is_remote(s->store))
        return EXIT_NETWORK; /* it was not reached */
    return cli_exit_code(status);
}

/* Upstream's switch: any text, even "0", asks for the trace. */
static bool traces_rss(void)
{
    const char *value = getenv("ZAGG_PROFILE_RSS");
    return value && value[0] != '\0';
}

/* A thread keeps a file open for each large object in the making: up to the limit that
 * the system sets, not the lower one that it starts programs with. Without it a run may
 * do as well. */
static void allow_open_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void take_signals(void)
{
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* Shards are done elsewhere. */
static int run_elsewhere(run_session *s)
{
    const run_args *a = &s->args;
    const zagg_run_opts reads = {
        .pipeline = s->pipeline, .map = s->map, .store = s->store, .driver = a->driver};
    take_signals();
    const bool reaches_net =
        a->backend == ZAGG_BACKEND_LAMBDA || zagg_run_needs_net(&reads);
    const zagg_status status = reaches_net ? open_net(s) : ZAGG_OK;
    if (status != ZAGG_OK)
        return fail(s, cli_exit_code(status));
    const dispatch_job job = {.args = a,
                              .progress = &s->progress,
                              .pipeline = s->pipeline,
                              .map = s->map,
                              .latitude = s->latitude,
                              .store = s->store,
                              .net = s->net,
                              .stop = &stop_flag};
    const int code = run_dispatch(&job, &s->err);
    return s->err.msg[0] ? fail(s, code) : code;
}

static int run(run_session *s)
{
    const run_args *a = &s->args;
    zagg_run_opts opts = {.pipeline = s->pipeline,
                          .map = s->map,
                          .program = "zagg " ZAGG_VERSION,
                          .store = s->store,
                          .driver = a->driver,
                          .shard = a->shard,
                          .max_shards = a->max_cells,
                          .threads = a->max_workers,
                          .memory_bytes = a->memory_bytes,
                          .overwrite = a->overwrite,
                          .redo = a->redo,
                          .allow_contraction = a->allow_contraction,
                          .trace_rss = traces_rss(),
                          .dry_run = a->dry_run,
                          .latitude = s->latitude,
                          .log = s->progress.log,
                          .progress = progress_shard,
                          .user = &s->progress,
                          .stop = &stop_flag};
    zagg_run_summary summary;
    take_signals();
    zagg_status status = zagg_run_needs_net(&opts) ? open_net(s) : ZAGG_OK;
    if (status != ZAGG_OK)
        return fail(s, cli_exit_code(status));
    opts.net = s->net;
    status = zagg_run_local(&opts, &summary, &s->err);
    int code = code_of(s, status, &summary);
    progress_end(&s->progress);
    if (status == ZAGG_OK) {
        if (a->json)
            status = print_json(&summary, s->store, a->dry_run, &s->err);
        else
            print_summary(&summary, s->store, a->dry_run);
        if (a->profile && !a->json && !a->dry_run)
            print_phases(&summary);
        if (status == ZAGG_OK && a->table && !a->dry_run)
            status = print_table(&summary, s->store, s->net, &s->err);
        if (status != ZAGG_OK)
            code = EXIT_FAILED;
    }
    zagg_run_summary_free(&summary);
    return status == ZAGG_OK ? code : fail(s, code);
}

int main_run(int argc, char **argv)
{
    run_session s = {.latitude = ZAGG_LATITUDE_AUTHALIC, .err = ZAGG_ERR_INIT};
    int code = run_args_parse(argc, argv, &s.args);
    if (code != 0) {
        run_args_free(&s.args);
        return code == CLI_DONE ? EXIT_OK : code;
    }
    if (progress_init(&s.progress, s.args.quiet, s.args.verbose, s.args.log_json,
                      &s.err) != ZAGG_OK) {
        fprintf(stderr, "zagg run: %s\n", s.err.msg);
        run_args_free(&s.args);
        return EXIT_FAILED;
    }
    allow_open_files();
    code = load(&s);
    if (code != EXIT_OK)
        code = fail(&s, code);
    else
        code = s.args.remote ? run_elsewhere(&s) : run(&s);
    progress_free(&s.progress);
    zagg_net_free(s.net);
    zagg_shardmap_free(s.map);
    zagg_pipeline_free(s.pipeline);
    zg_free(s.store);
    run_args_free(&s.args);
    return code;
}
