/* zagg catalog: granules searched for, and the shard map of a config's grid built of
 * them. The flags and lines of upstream's `python -m zagg.catalog`. */
#include "cat/footprint_index.h"
#include "cli/cli.h"
#include "cli/cmd_catalog.h"
#include "cli/fetch_args.h"
#include "map/shards_box.h"
#include "zagg/config.h"
#include "zagg/run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_CONFIG = 256,
    OPT_CATALOG_IN,
    OPT_CATALOG_OUT,
    OPT_AOI_WKT,
    OPT_AOI_WKB,
    OPT_BACKEND,
    OPT_FOOTPRINT,
    OPT_WHOLE_SHARDS,
    OPT_INDEX,
    OPT_FORM,
    OPT_FORCE
};

static const cli_option OPTIONS[] = {
    {OPT_CONFIG, "config", "FILE", "pipeline YAML, whose grid it is for (required)"},
    FETCH_OPTIONS,
    {OPT_WHOLE_SHARDS, "whole-shards", NULL,
     "search the box around the shards that the area reaches, not\nthe area's own: "
     "shards "
     "are processed whole"},
    {OPT_CATALOG_IN, "catalog-in", "FILE", "take the granules from this catalog instead"},
    {OPT_CATALOG_OUT, "catalog-out", "FILE", "keep what is fetched"},
    {OPT_INDEX, "index-footprints", "ORDER",
     "with it the cells of this order (1 to 18) that each footprint\nmeets, for later "
     "builds"},
    {OPT_AOI_WKT, "aoi-wkt", "TEXT",
     "area of output.aoi_mask as well-known text, or a file of it\n(default: that of the "
     "shards)"},
    {OPT_AOI_WKB, "aoi-wkb", "FILE", "the same as well-known binary"},
    {OPT_BACKEND, "backend", "KIND", "auto (default), mortie or spherely"},
    {OPT_FOOTPRINT, "footprint", "KIND", "swath (default) or beams"},
    {'o', "output", "FILE", "map to write (default: shardmap_NAME_START_END.json)"},
    {OPT_FORM, "form", "NAME", "json, compact or parquet; default: by the ending"},
    {OPT_FORCE, "force", NULL, "write over files that are there"},
    {'q', "quiet", NULL, "only warnings and errors"},
    {'v', "verbose", NULL, "also debugging messages: each request"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "catalog", "catalog --config FILE --short-name NAME [OPTIONS]",
    "Search for granules and build the shard map of a config's grid; also\n"
    "  zagg catalog fetch    only the search\n"
    "  zagg catalog convert  a catalog in another form\n"
    "  zagg catalog info     what a catalog holds\n"
    "  zagg catalog extract  a catalog of granules on this machine\n"
    "`zagg catalog fetch --help` and so on tell the options of each. `zagg shardmap "
    "build`\n"
    "makes maps of catalogs that are there, and has more options for that.",
    OPTIONS,
    "  zagg catalog --config atl06.yaml --short-name ATL06 --cycle 22 --polygon "
    "antarctica.geojson\n"
    "  zagg catalog --config atl03.yaml --short-name ATL03 --start-date 2025-01-01 \\\n"
    "      --end-date 2025-12-31 --bbox -76.62107,38.84504,-76.50583,38.93512 \\\n"
    "      --catalog-out atl03.parquet"};

typedef struct command_args {
    fetch_args fetch;
    const char *config, *catalog_in, *catalog_out, *aoi_wkt, *aoi_wkb;
    const char *backend, *footprint, *output, *form;
    bool whole_shards, force, quiet, verbose;
    unsigned index; /* order; 0: none */
} command_args;

static int take(void *user, int id, const char *value)
{
    command_args *a = user;
    const struct {
        int id;
        const char **slot;
    } texts[] = {{OPT_CONFIG, &a->config},
                 {OPT_CATALOG_IN, &a->catalog_in},
                 {OPT_CATALOG_OUT, &a->catalog_out},
                 {OPT_AOI_WKT, &a->aoi_wkt},
                 {OPT_AOI_WKB, &a->aoi_wkb},
                 {OPT_BACKEND, &a->backend},
                 {OPT_FOOTPRINT, &a->footprint},
                 {'o', &a->output},
                 {OPT_FORM, &a->form}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].id == id) {
            *texts[i].slot = value;
            return 0;
        }
    long long order = 0;
    switch (id) {
    case OPT_INDEX:
        if (!cli_integer(&COMMAND, "index-footprints", value, 1, ZG_INDEX_MAX_ORDER,
                         &order))
            return EXIT_USAGE;
        a->index = (unsigned)order;
        return 0;
    case 0:
        fprintf(stderr,
                "zagg catalog: %s: unknown command; there are fetch, convert, info and "
                "extract\n",
                value);
        return EXIT_USAGE;
    case OPT_WHOLE_SHARDS:
        a->whole_shards = true;
        return 0;
    case OPT_FORCE:
        a->force = true;
        return 0;
    case 'q':
        a->quiet = true;
        return 0;
    case 'v':
        a->verbose = true;
        return 0;
    default:
        return fetch_args_take(&COMMAND, &a->fetch, id, value);
    }
}

static int check(command_args *a)
{
    const char *what = NULL;
    if (a->config == NULL)
        what = "give the pipeline config with --config";
    else if (a->aoi_wkt != NULL && a->aoi_wkb != NULL)
        what = "provide at most one of --aoi-wkt / --aoi-wkb";
    else if (a->catalog_in != NULL && a->catalog_out != NULL)
        what = "--catalog-in fetches nothing that --catalog-out could keep";
    else if (a->catalog_in != NULL && a->index > 0)
        what =
            "--index-footprints is for what is fetched; zagg catalog convert has it, too";
    if (what == NULL)
        return a->catalog_in != NULL ? 0 : fetch_args_check(&COMMAND, &a->fetch);
    fprintf(stderr, "zagg catalog: %s; see zagg catalog --help\n", what);
    return EXIT_USAGE;
}

/* ---- before the search ---- */

typedef struct session {
    command_args *args;
    progress progress;
    zagg_arena *arena;
    zg_str output, fetched; /* paths */
    zagg_err err;
} session;

/* A config that cannot be used is told of before anything is fetched. */
static zagg_status look_at_config(session *s)
{
    command_args *a = s->args;
    zagg_pipeline *pipeline = NULL;
    zagg_grid *grid = NULL;
    zagg_latitude latitude = ZAGG_LATITUDE_AUTHALIC;
    size_t n_shards = 0;
    ZAGG_TRY(zagg_pipeline_load(a->config, s->progress.log, &pipeline, &s->err));
    zagg_status status =
        zagg_run_latitude(pipeline, NULL, NULL, s->progress.log, &latitude, &s->err);
    if (status == ZAGG_OK)
        status = zagg_grid_from_pipeline(pipeline, latitude, &grid, &s->err);
    if (status == ZAGG_OK && a->whole_shards && a->catalog_in == NULL) {
        status = zg_region_shards_box(grid, &a->fetch.area.shape, s->progress.log,
                                      a->fetch.query.bbox, &n_shards, &s->err);
        zagg_log_write(s->progress.log, ZAGG_LOG_INFO,
                       "searching the box around %zu shards: %.6g, %.6g, %.6g, %.6g",
                       n_shards, a->fetch.query.bbox[0], a->fetch.query.bbox[1],
                       a->fetch.query.bbox[2], a->fetch.query.bbox[3]);
    }
    zagg_grid_free(grid);
    zagg_pipeline_free(pipeline);
    return status;
}

static zagg_status choose_paths(session *s)
{
    const command_args *a = s->args;
    if (a->output != NULL)
        zg_str_add(&s->output, a->output);
    else if (a->catalog_in == NULL)
        zg_str_addf(&s->output, "shardmap_%s_%s_%s.json",
                    a->fetch.query.short_name != NULL ? a->fetch.query.short_name
                                                      : a->fetch.query.collections[0],
                    a->fetch.query.start_date, a->fetch.query.end_date);
    if (a->catalog_in != NULL)
        zg_str_add(&s->fetched, a->catalog_in);
    else if (a->catalog_out != NULL)
        zg_str_add(&s->fetched, a->catalog_out);
    else
        zg_str_addf(&s->fetched, "%s.catalog.ndjson", s->output.data);
    return s->output.failed || s->fetched.failed
               ? zagg_err_set(&s->err, ZAGG_ENOMEM, "no memory for a path")
               : ZAGG_OK;
}

static zagg_status check_outputs(session *s)
{
    const command_args *a = s->args;
    if (s->output.len > 0)
        ZAGG_TRY(catalog_may_write(s->output.data, a->force, &s->err));
    if (a->catalog_in != NULL)
        return ZAGG_OK;
    ZAGG_TRY(
        catalog_may_write(s->fetched.data, a->force || a->catalog_out == NULL, &s->err));
    return catalog_can_write(s->fetched.data, &s->err);
}

/* ---- the search ---- */

static zagg_status prepare(session *s)
{
    ZAGG_TRY(zagg_arena_new(0, &s->arena, &s->err));
    if (s->args->catalog_in == NULL)
        ZAGG_TRY(fetch_args_box(&s->args->fetch, s->arena, &s->err));
    ZAGG_TRY(look_at_config(s));
    ZAGG_TRY(choose_paths(s));
    return s->args->fetch.dry_run ? ZAGG_OK : check_outputs(s);
}

static zagg_status search(session *s)
{
    const command_args *a = s->args;
    zagg_search_result result = {.pages = 0};
    zg_str name;
    if (a->catalog_in != NULL)
        return ZAGG_OK;
    ZAGG_TRY(fetch_args_run(&a->fetch, s->fetched.data, &s->progress, a->quiet, &result,
                            &s->err));
    zg_str_init(&name, 0);
    fetch_args_name(&a->fetch, &name);
    if (!a->quiet) {
        printf("Fetched %llu granules (%s)\n", (unsigned long long)result.items,
               name.data);
        (void)fflush(stdout);
    }
    zg_str_free(&name);
    if (a->index > 0) {
        ZAGG_TRY(catalog_index(s->fetched.data, a->index, &s->err));
        if (!a->quiet)
            printf("Indexed footprint_cells at order %u\n", a->index);
    }
    if (!a->quiet && a->catalog_out != NULL)
        printf("Catalog -> %s\n", a->catalog_out);
    return ZAGG_OK;
}

static zagg_status show_plan(session *s)
{
    const command_args *a = s->args;
    if (a->catalog_in == NULL)
        ZAGG_TRY(fetch_args_show(&a->fetch, &s->err));
    if (a->catalog_in != NULL)
        printf("catalog: %s\n", a->catalog_in);
    if (a->catalog_out != NULL)
        printf("Catalog -> %s\n", a->catalog_out);
    if (s->output.len > 0)
        printf("ShardMap -> %s\n", s->output.data);
    return ZAGG_OK;
}

/* ---- the map ---- */

/* `zagg shardmap build` with what it needs to know; it prints its line itself. */
static int build(session *s)
{
    enum { MOST = 40 };
    const command_args *a = s->args;
    const char *argv[MOST];
    int n = 0;
    const struct {
        const char *option, *value;
    } pairs[] = {{"--config", a->config},
                 {"--catalog", s->fetched.data},
                 {"--output", s->output.len > 0 ? s->output.data : NULL},
                 {"--polygon", a->fetch.area.polygon},
                 {"--bbox", a->fetch.area.polygon != NULL ? NULL : a->fetch.area.bbox},
                 {"--aoi-wkt", a->aoi_wkt},
                 {"--aoi-wkb", a->aoi_wkb},
                 {"--backend", a->backend},
                 {"--footprint", a->footprint},
                 {"--form", a->form}};
    argv[n++] = "shardmap build";
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (pairs[i].value != NULL) {
            argv[n++] = pairs[i].option;
            argv[n++] = pairs[i].value;
        }
    if (a->force)
        argv[n++] = "--force";
    if (a->quiet)
        argv[n++] = "--quiet";
    if (a->verbose)
        argv[n++] = "--verbose";
    argv[n] = NULL;
    return shardmap_build(n, (char **)(uintptr_t)argv);
}

static int run(session *s)
{
    const command_args *a = s->args;
    zagg_status status = prepare(s);
    if (status == ZAGG_OK)
        status = a->fetch.dry_run ? show_plan(s) : search(s);
    progress_end(&s->progress);
    if (status != ZAGG_OK)
        return catalog_fail(&COMMAND, status, &s->err);
    if (a->fetch.dry_run)
        return EXIT_OK;
    const int code = build(s);
    const bool own = a->catalog_in == NULL && a->catalog_out == NULL;
    if (own && code == EXIT_OK)
        (void)unlink(s->fetched.data);
    else if (own)
        fprintf(stderr,
                "zagg catalog: what was fetched is in %s; --catalog-in goes on with it\n",
                s->fetched.data);
    return code;
}

int catalog_build(int argc, char **argv)
{
    command_args a = {.config = NULL};
    session s = {.args = &a, .err = ZAGG_ERR_INIT};
    fetch_args_init(&a.fetch);
    int code = cli_parse(&COMMAND, argc, argv, take, &a);
    if (code == 0)
        code = check(&a);
    if (code == 0) {
        const zagg_status status =
            progress_init(&s.progress, a.quiet, a.verbose, false, &s.err);
        if (status != ZAGG_OK) {
            code = catalog_fail(&COMMAND, status, &s.err);
        } else {
            zg_str_init(&s.output, 0);
            zg_str_init(&s.fetched, 0);
            code = run(&s);
            zg_str_free(&s.output);
            zg_str_free(&s.fetched);
            zagg_arena_free(s.arena);
            progress_free(&s.progress);
        }
    }
    fetch_args_free(&a.fetch);
    return code == CLI_DONE ? EXIT_OK : code;
}
