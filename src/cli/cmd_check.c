/* zagg check: what a run needs, tried one after another before it is begun. */
#include "base/base.h"
#include "cli/check.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "run/run.h"

#include <stdio.h>
#include <string.h>

enum {
    OPT_CONFIG = 256,
    OPT_CATALOG,
    OPT_STORE,
    OPT_GRANULE,
    OPT_LATITUDE,
    OPT_DRIVER,
    OPT_JSON
};

static const cli_option OPTIONS[] = {
    {OPT_CONFIG, "config", "FILE", "pipeline YAML: is it valid, and can it run?"},
    {OPT_CATALOG, "catalog", "FILE",
     "shard map: is it of this grid and latitude? (default:\n`catalog` of the config)"},
    {OPT_GRANULE, "granule", "URL",
     "granule to read from: an URL or a path (default: the first\none of the catalog)"},
    {OPT_STORE, "store", "DIR",
     "store: can it be written? A file beside it (in DIR.status)\nis put and removed "
     "(default: `output.store` of the config)"},
    {OPT_LATITUDE, "latitude", "KIND", "authalic (default) or geodetic, as for zagg run"},
    {OPT_DRIVER, "driver", "KIND", "file, s3 or https, as for zagg run"},
    NET_OPTIONS,
    NET_WRITE_OPTIONS,
    {OPT_JSON, "json", NULL, "print one JSON object"},
    {'v', "verbose", NULL, "also debugging messages, such as each request"},
    {0, NULL, NULL, NULL}};

static const cli_command COMMAND = {
    "check",
    "check [--config FILE] [--catalog FILE] [--store DIR] [--granule URL] [OPTIONS]",
    "Try what a run needs: the config, the shard map, credentials and one read of a\n"
    "granule, one write beside the store. One line for each, \"ok\" or \"FAILED\" with "
    "the\n"
    "reason and what to do. Exit code of the first failure: 3: config or shard map;\n"
    "4: credentials; 5: network; 1: anything else.",
    OPTIONS,
    "  zagg check --config atl03.yaml --catalog shardmap.json --store s3://bucket/out\n"
    "  zagg check --granule https://data.nsidc.earthdatacloud.nasa.gov/FILE.h5"};

static int refuse(const char *option, const char *value, const char *allowed)
{
    fprintf(stderr, "zagg check: --%s: found '%s'; must be %s\n", option, value, allowed);
    return EXIT_USAGE;
}

static int take_kind(check *c, int id, const char *value)
{
    if (id == OPT_LATITUDE) {
        c->latitude_given = zagg_latitude_parse(value, &c->latitude);
        return c->latitude_given ? 0 : refuse("latitude", value, "authalic or geodetic");
    }
    if (strcmp(value, "file") != 0 && strcmp(value, "s3") != 0 &&
        strcmp(value, "https") != 0)
        return refuse("driver", value, "file, s3 or https");
    c->driver = value;
    return 0;
}

static int take(void *user, int id, const char *value)
{
    check *c = user;
    if (net_args_take(&c->net_args, id, value))
        return 0;
    switch (id) {
    case OPT_CONFIG:
        c->config = value;
        return 0;
    case OPT_CATALOG:
        c->catalog = value;
        return 0;
    case OPT_GRANULE:
        c->granule = value;
        return 0;
    case OPT_STORE:
        c->store = value;
        return 0;
    case OPT_LATITUDE:
    case OPT_DRIVER:
        return take_kind(c, id, value);
    case OPT_JSON:
        c->json = true;
        return 0;
    case 'v':
        c->verbose = true;
        return 0;
    default:
        fprintf(stderr, "zagg check: %s: unexpected argument\n", value);
        return EXIT_USAGE;
    }
}

static int parse(int argc, char **argv, check *c)
{
    int rc = cli_parse(&COMMAND, argc, argv, take, c);
    if (rc == 0)
        rc = net_args_check(&COMMAND, &c->net_args);
    if (rc == 0 && !c->config && !c->catalog && !c->granule && !c->store) {
        fprintf(stderr, "zagg check: nothing to check; see zagg check --help\n");
        return EXIT_USAGE;
    }
    return rc;
}

/* ---- results ---- */

void check_ok(check *c, const char *what, const char *text)
{
    if (!c->json) {
        printf("%-10s ok: %s\n", what, text);
        return;
    }
    zg_json_open_map(&c->w);
    zg_json_put_str(&c->w, "check", what);
    zg_json_key(&c->w, "ok");
    zg_json_bool(&c->w, true);
    zg_json_put_str(&c->w, "text", text);
    zg_json_close_map(&c->w);
}

void check_failed(check *c, const char *what, int code, const zagg_err *why)
{
    const char *hint = check_hint(why);
    c->code = c->code == EXIT_OK ? code : c->code;
    if (!c->json) {
        printf("%-10s FAILED: %s%s%s\n", what, why->msg, hint ? "; " : "",
               hint ? hint : "");
        return;
    }
    zg_json_open_map(&c->w);
    zg_json_put_str(&c->w, "check", what);
    zg_json_key(&c->w, "ok");
    zg_json_bool(&c->w, false);
    zg_json_put_str(&c->w, "text", why->msg);
    zg_json_put_str(&c->w, "hint", hint);
    zg_json_put_str(&c->w, "status", zagg_status_name(why->status));
    zg_json_close_map(&c->w);
}

static int print_json(check *c)
{
    zg_json_close_list(&c->w);
    zg_json_key(&c->w, "ok");
    zg_json_bool(&c->w, c->code == EXIT_OK);
    zg_json_close_map(&c->w);
    if (c->text.failed) {
        fprintf(stderr, "zagg check: no memory for the JSON result\n");
        return EXIT_FAILED;
    }
    printf("%s\n", c->text.data);
    return c->code;
}

/* ---- all of it ---- */

static void log_line(void *user, zagg_log_level level, const char *message)
{
    (void)user;
    zagg_log_to_text(stderr, level, message);
}

static int run_checks(check *c)
{
    zg_str_init(&c->text, SIZE_MAX / 4);
    zg_json_begin(&c->w, &c->text, -1);
    zg_json_open_map(&c->w);
    zg_json_key(&c->w, "checks");
    zg_json_open_list(&c->w);
    check_config(c);
    check_catalog(c);
    check_granule(c);
    check_store(c);
    const int code = c->json ? print_json(c) : c->code;
    zg_str_free(&c->text);
    return code;
}

int main_check(int argc, char **argv)
{
    check c = {.latitude = ZAGG_LATITUDE_AUTHALIC, .code = EXIT_OK};
    int code = parse(argc, argv, &c);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    c.log = zagg_log_new(c.verbose ? ZAGG_LOG_DEBUG : ZAGG_LOG_WARN, log_line, NULL);
    code = run_checks(&c);
    zg_free(c.store_path);
    zagg_net_free(c.net);
    zagg_worker_free(c.worker);
    zagg_grid_free(c.grid);
    zagg_shardmap_free(c.map);
    zagg_pipeline_free(c.pipeline);
    zagg_log_free(c.log);
    return code;
}
