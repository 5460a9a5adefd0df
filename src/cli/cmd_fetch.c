/* zagg fetch: granules behind URLs onto this machine, as much of each as a run reads. */
#include "base/base.h"
#include "cli/cli.h"
#include "cli/net_args.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/run_output.h"
#include "zagg/fetch.h"
#include "zagg/run.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum {
    OPT_CONFIG = 256,
    OPT_CATALOG,
    OPT_GRANULES,
    OPT_TO,
    OPT_CATALOG_OUT,
    OPT_WHOLE,
    OPT_MAX_CELLS,
    OPT_MORTON_CELL,
    OPT_MAX_WORKERS,
    OPT_MEMORY,
    OPT_LATITUDE,
    OPT_DRIVER,
    OPT_JSON,
    OPT_LOG_JSON
};

#define LEAST_MEMORY (UINT64_C(32) << 20)

static const cli_option OPTIONS[] = {
    {OPT_CONFIG, "config", "FILE", "pipeline YAML (required): what is read"},
    {OPT_CATALOG, "catalog", "FILE",
     "shard map: which granules each shard reads\n(default: `catalog` of the config)"},
    {OPT_GRANULES, "granules", "URL...",
     "instead of a catalog: https:// or s3:// URLs of granules;\nthe shard map is made "
     "from their coordinates"},
    {OPT_TO, "to", "DIR", "folder of the copies (required), made as needed"},
    {OPT_CATALOG_OUT, "catalog-out", "FILE",
     "shard map of the copies, for zagg run\n(default: DIR/shardmap.json)"},
    {OPT_WHOLE, "whole", NULL, "all bytes of every granule, for any config"},
    {OPT_MAX_CELLS, "max-cells", "N", "only the first N shards"},
    {OPT_MORTON_CELL, "morton-cell", "KEY",
     "only this shard: its key, or its decimal morton id"},
    {OPT_MAX_WORKERS, "max-workers", "N",
     "granules at once (default: all processors, at least 4)"},
    {OPT_MEMORY, "memory", "SIZE",
     "memory to use, such as 512M or 2G (default: half of the\nmachine's)"},
    {OPT_LATITUDE, "latitude", "KIND", "authalic (default) or geodetic, as for zagg run"},
    {OPT_DRIVER, "driver", "KIND", "s3 or https: which address of a granule is read"},
    {NET_OPT_REGION, "region", "NAME",
     "of buckets (default: AWS_REGION, the profile's, us-west-2)"},
    {NET_OPT_REQUESTER_PAYS, "requester-pays", NULL,
     "agree to pay for requests to such buckets"},
    {OPT_JSON, "json", NULL, "print the result as one JSON object"},
    {OPT_LOG_JSON, "log-json", NULL, "log as one JSON object a line"},
    {'q', "quiet", NULL, "no progress, only warnings and errors"},
    {'v', "verbose", NULL, "also debugging messages"},
    {0, NULL, NULL, NULL}};

static const cli_command COMMAND = {
    "fetch",
    "fetch --config FILE (--catalog FILE | --granules URL...) --to DIR [OPTIONS]",
    "Copy granules from servers into a folder: of each exactly the byte ranges that a "
    "run\n"
    "with the same config and shards reads. `zagg run` with the shard map that is "
    "written\n"
    "then needs no network and makes the same store. Copies that are there already are\n"
    "completed, and begun anew where their granule has changed. Exit code 0: all is "
    "well;\n"
    "6: some granule could not be read; 4, 5: no granule could, for lack of credentials "
    "or\n"
    "because of the network; 3: config or shard map; 130: interrupted.",
    OPTIONS,
    "  zagg fetch --config atl03.yaml --catalog shardmap.json --to copies\n"
    "  zagg run --config atl03.yaml --catalog copies/shardmap.json --store out.zarr\n"
    "  zagg fetch --config atl03.yaml --granules https://host/ATL03.h5 --to copies "
    "--whole"};

static volatile int stop_flag;

static void on_signal(int number)
{
    zg_stop(&stop_flag);
    signal(number, SIG_DFL);
}

typedef struct fetch_session {
    const char *config, *catalog;
    net_args net_args;
    zg_vec granules; /* const char * */
    bool granules_given, json, log_json, quiet, verbose, latitude_given;
    zagg_fetch_opts opts;
    progress progress;
    zagg_pipeline *pipeline;
    zagg_shardmap *map;
    zagg_net *net;
    zagg_err err;
} fetch_session;

/* ---- the command line ---- */

static int refuse(const char *option, const char *value, const char *allowed)
{
    fprintf(stderr, "zagg fetch: --%s: found '%s'; must be %s\n", option, value, allowed);
    return EXIT_USAGE;
}

static int add_granule(fetch_session *s, const char *value)
{
    if (!s->granules_given) {
        fprintf(stderr,
                "zagg fetch: %s: unexpected argument; URLs go behind --granules\n",
                value);
        return EXIT_USAGE;
    }
    const char **slot = zg_vec_push(&s->granules);
    if (slot == NULL) {
        fprintf(stderr, "zagg fetch: out of memory\n");
        return EXIT_FAILED;
    }
    *slot = value;
    return 0;
}

static int take_number(fetch_session *s, int id, const char *value)
{
    long long n;
    if (id == OPT_MEMORY)
        return cli_size(&COMMAND, "memory", value, LEAST_MEMORY, &s->opts.memory_bytes)
                   ? 0
                   : EXIT_USAGE;
    if (id == OPT_MAX_CELLS) {
        if (!cli_integer(&COMMAND, "max-cells", value, 1, INT64_MAX, &n))
            return EXIT_USAGE;
        s->opts.max_shards = n;
    } else {
        if (!cli_integer(&COMMAND, "max-workers", value, 1, 4096, &n))
            return EXIT_USAGE;
        s->opts.threads = (size_t)n;
    }
    return 0;
}

static int take_kind(fetch_session *s, int id, const char *value)
{
    if (id == OPT_LATITUDE) {
        s->latitude_given = zagg_latitude_parse(value, &s->opts.latitude);
        return s->latitude_given ? 0 : refuse("latitude", value, "authalic or geodetic");
    }
    if (strcmp(value, "s3") != 0 && strcmp(value, "https") != 0)
        return refuse("driver", value, "s3 or https");
    s->opts.driver = value;
    return 0;
}

static const char **text_option(fetch_session *s, int id)
{
    switch (id) {
    case OPT_CONFIG:
        return &s->config;
    case OPT_CATALOG:
        return &s->catalog;
    case OPT_TO:
        return &s->opts.to;
    case OPT_CATALOG_OUT:
        return &s->opts.catalog_out;
    case OPT_MORTON_CELL:
        return &s->opts.shard;
    default:
        return NULL;
    }
}

static int take(void *user, int id, const char *value)
{
    fetch_session *s = user;
    const char **text = text_option(s, id);
    if (net_args_take(&s->net_args, id, value))
        return 0;
    if (text != NULL) {
        *text = value;
        return 0;
    }
    switch (id) {
    case OPT_GRANULES:
        s->granules_given = true;
        return add_granule(s, value);
    case 0:
        return add_granule(s, value);
    case OPT_MAX_CELLS:
    case OPT_MAX_WORKERS:
    case OPT_MEMORY:
        return take_number(s, id, value);
    case OPT_LATITUDE:
    case OPT_DRIVER:
        return take_kind(s, id, value);
    case OPT_WHOLE:
        s->opts.whole = true;
        return 0;
    case OPT_JSON:
        s->json = true;
        return 0;
    case OPT_LOG_JSON:
        s->log_json = true;
        return 0;
    case 'q':
        s->quiet = true;
        return 0;
    default:
        s->verbose = true;
        return 0;
    }
}

static int parse(int argc, char **argv, fetch_session *s)
{
    const int rc = cli_parse(&COMMAND, argc, argv, take, s);
    if (rc != 0)
        return rc;
    if (s->config == NULL || s->opts.to == NULL) {
        fprintf(stderr, "zagg fetch: --%s is needed; see zagg fetch --help\n",
                s->config == NULL ? "config FILE" : "to DIR");
        return EXIT_USAGE;
    }
    if (s->catalog != NULL && s->granules_given) {
        fprintf(stderr, "zagg fetch: give --catalog or --granules, not both\n");
        return EXIT_USAGE;
    }
    return 0;
}

/* ---- doing it ---- */

static int fail(fetch_session *s, int code)
{
    progress_end(&s->progress);
    zagg_log_write(s->progress.log, ZAGG_LOG_ERROR, "%s", s->err.msg);
    return code;
}

static zagg_status load_catalog(fetch_session *s)
{
    const char *catalog = s->catalog != NULL ? s->catalog : s->pipeline->catalog;
    if (s->granules_given)
        return ZAGG_OK;
    if (catalog == NULL)
        return zagg_err_set(&s->err, ZAGG_ECONFIG,
                            "No catalog specified (pass --catalog or --granules, or set "
                            "catalog: in config)");
    return zagg_shardmap_load(catalog, &s->map, &s->err);
}

static int load(fetch_session *s)
{
    const zagg_latitude asked = s->opts.latitude;
    zagg_status status =
        zagg_pipeline_load(s->config, s->progress.log, &s->pipeline, &s->err);
    if (status == ZAGG_OK)
        status = load_catalog(s);
    if (status == ZAGG_OK)
        status = zagg_run_latitude(s->pipeline, s->map, s->latitude_given ? &asked : NULL,
                                   s->progress.log, &s->opts.latitude, &s->err);
    return status == ZAGG_OK ? EXIT_OK : cli_load_code(status);
}

static void print_fetched(const zagg_fetch_summary *sum, const zagg_net_stats *net)
{
    char got[32], found[32], all[32];
    printf(
        "Fetched %s of %zu granules (%s as a whole) in %.1f s; %s were there already\n",
        cli_bytes(sum->bytes_fetched, got), sum->granules,
        cli_bytes(sum->bytes_whole, all), sum->wall_s,
        cli_bytes(sum->bytes_found, found));
    if (sum->granules_failed > 0)
        printf("%zu granules could not be opened\n", sum->granules_failed);
    if (sum->read_errors > 0)
        printf("%" PRIu64 " reads of groups failed\n", sum->read_errors);
    if (sum->stopped)
        printf("Interrupted; run again to go on\n");
    if (net->requests > 0)
        print_net(net);
    if (sum->catalog != NULL)
        printf("Catalog: %s\n", sum->catalog);
}

static zagg_status json_fetched(const zagg_fetch_summary *sum, const zagg_net_stats *net,
                                zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, SIZE_MAX / 4);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    zg_json_put_u64(&w, "cells", sum->shards);
    zg_json_put_u64(&w, "granules", sum->granules);
    zg_json_put_u64(&w, "granules_failed", sum->granules_failed);
    zg_json_put_u64(&w, "read_errors", sum->read_errors);
    zg_json_put_u64(&w, "bytes_fetched", sum->bytes_fetched);
    zg_json_put_u64(&w, "bytes_there", sum->bytes_found);
    zg_json_put_u64(&w, "bytes_whole", sum->bytes_whole);
    zg_json_put_double(&w, "wall_time_s", sum->wall_s);
    zg_json_put_str(&w, "catalog", sum->catalog);
    zg_json_put_str(&w, "error", sum->first.status != ZAGG_OK ? sum->first.msg : NULL);
    json_net(&w, net);
    zg_json_key(&w, "interrupted");
    zg_json_bool(&w, sum->stopped);
    zg_json_close_map(&w);
    const bool failed = text.failed;
    if (!failed)
        printf("%s\n", text.data);
    zg_str_free(&text);
    return failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the JSON result")
                  : ZAGG_OK;
}

static int outcome(const zagg_fetch_summary *sum)
{
    if (sum->stopped)
        return EXIT_INTERRUPTED;
    if (sum->granules_failed + sum->read_errors == 0)
        return EXIT_OK;
    /* Where nothing could be read at all the reason is what matters. What a disk does
     * ends a fetch with an error: here it is the network. */
    if (sum->granules_failed < sum->granules)
        return EXIT_SHARDS_FAILED;
    return sum->first.status == ZAGG_EAUTH ? EXIT_AUTH
           : sum->first.status == ZAGG_EHTTP || sum->first.status == ZAGG_EIO
               ? EXIT_NETWORK
               : EXIT_SHARDS_FAILED;
}

static int fetch(fetch_session *s)
{
    zagg_net_opts *net_opts = &s->net_args.opts;
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    zagg_fetch_summary sum;
    net_opts->credentials_provider = s->pipeline->data_source.credentials_provider;
    net_opts->stop = &stop_flag;
    net_opts->log = s->progress.log;
    zagg_status status = net_args_open(&s->net_args, &s->net, &s->err);
    if (status != ZAGG_OK)
        return fail(s, cli_exit_code(status));
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    s->opts.pipeline = s->pipeline;
    s->opts.map = s->map;
    s->opts.urls = s->granules.data;
    s->opts.n_urls = s->granules.len;
    s->opts.net = s->net;
    s->opts.log = s->progress.log;
    s->opts.progress = progress_fetch;
    s->opts.user = &s->progress;
    s->opts.stop = &stop_flag;
    status = zagg_fetch(&s->opts, &sum, &s->err);
    int code = status == ZAGG_OK             ? outcome(&sum)
               : status == ZAGG_EUNSUPPORTED ? EXIT_CONFIG
                                             : cli_exit_code(status);
    progress_end(&s->progress);
    const zagg_net_stats net = zagg_net_stats_of(s->net);
    if (status == ZAGG_OK && s->json)
        status = json_fetched(&sum, &net, &s->err);
    else if (status == ZAGG_OK)
        print_fetched(&sum, &net);
    zagg_fetch_summary_free(&sum);
    return status == ZAGG_OK ? code : fail(s, code == EXIT_OK ? EXIT_FAILED : code);
}

int main_fetch(int argc, char **argv)
{
    fetch_session s = {.opts.latitude = ZAGG_LATITUDE_AUTHALIC, .err = ZAGG_ERR_INIT};
    zg_vec_init(&s.granules, sizeof(const char *), 0);
    int code = parse(argc, argv, &s);
    if (code != 0) {
        zg_vec_free(&s.granules);
        return code == CLI_DONE ? EXIT_OK : code;
    }
    if (progress_init(&s.progress, s.quiet, s.verbose, s.log_json, &s.err) != ZAGG_OK) {
        fprintf(stderr, "zagg fetch: %s\n", s.err.msg);
        zg_vec_free(&s.granules);
        return EXIT_FAILED;
    }
    code = load(&s);
    code = code == EXIT_OK ? fetch(&s) : fail(&s, code);
    progress_free(&s.progress);
    zagg_net_free(s.net);
    zagg_shardmap_free(s.map);
    zagg_pipeline_free(s.pipeline);
    zg_vec_free(&s.granules);
    return code;
}
