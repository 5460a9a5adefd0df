/* zagg shardmap build: a catalog, or granules on disk, and the grid of a config. */
#include "cat/make_value.h"
#include "cli/cli.h"
#include "cli/cmd_shardmap.h"
#include "cli/progress.h"
#include "grid/signature.h"
#include "map/derive.h"
#include "text/text.h"
#include "zagg/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_CONFIG = 256,
    OPT_CATALOG,
    OPT_GRANULES,
    OPT_FORM,
    OPT_FORCE,
    OPT_POLYGON,
    OPT_BBOX,
    OPT_AOI_WKT,
    OPT_AOI_WKB,
    OPT_BACKEND,
    OPT_FOOTPRINT,
    OPT_LATITUDE,
    OPT_SIBLING,
    OPT_COVER_ORDER,
    OPT_LINES,
    OPT_SKIP_NULL,
    OPT_DROP_INVALID,
    OPT_MAX_WORKERS
};

static const cli_option OPTIONS[] = {
    {OPT_CONFIG, "config", "FILE", "pipeline YAML, whose grid it is for (required)"},
    {OPT_CATALOG, "catalog", "FILE", "STAC items: .ndjson, .json (also .gz) or .parquet"},
    {OPT_GRANULES, "granules", "PATH",
     "instead: a file, folder or pattern of HDF5 granules, of whose\ncoordinates the map "
     "is "
     "made; may be given again"},
    {'o', "output", "FILE",
     "map to write (default: shardmap_NAME_START_END.json of the\ncatalog)"},
    {OPT_FORM, "form", "NAME",
     "json (upstream's), compact (each granule once, gzip) or\nparquet; default: by the "
     "ending .json, .gz, .parquet"},
    {OPT_FORCE, "force", NULL, "write over FILE"},
    {OPT_POLYGON, "polygon", "FILE",
     "GeoJSON: shards that its polygons reach; goes before --bbox"},
    {OPT_BBOX, "bbox", "W,S,E,N",
     "box in degrees; W > E crosses the antimeridian (default: the\ncatalog's)"},
    {OPT_AOI_WKT, "aoi-wkt", "TEXT",
     "area of output.aoi_mask as well-known text, or a file of it\n(default: that of the "
     "shards)"},
    {OPT_AOI_WKB, "aoi-wkb", "FILE", "the same as well-known binary"},
    {OPT_BACKEND, "backend", "KIND",
     "rule by which granules meet shards: mortie (cells, HEALPix\nonly by default), "
     "spherely "
     "(true outlines) or auto (default)"},
    {OPT_FOOTPRINT, "footprint", "KIND",
     "swath (default), or beams: corridors of the three pairs of\nATL03 and ATL06"},
    {OPT_LATITUDE, "latitude", "KIND",
     "authalic (default) or geodetic, for shards of old"},
    {OPT_SIBLING, "sibling", "NAME=FILE",
     "catalog of a product of the same acquisitions; entries get\nits hrefs as asset "
     "NAME"},
    {OPT_COVER_ORDER, "cover-order", "N",
     "order of cells by which mortie's rule compares (default: that\nof the shards)"},
    {OPT_LINES, "lines", NULL, "items with lines or points for geometry count, too"},
    {OPT_SKIP_NULL, "skip-null", NULL, "leave out items without a geometry"},
    {OPT_DROP_INVALID, "drop-invalid", NULL,
     "leave out footprints that are no simple polygon, as spherely\ndoes"},
    {OPT_MAX_WORKERS, "max-workers", "N", "threads (default: all processors)"},
    {'q', "quiet", NULL, "only warnings and errors"},
    {'v', "verbose", NULL, "also debugging messages"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "shardmap build", "shardmap build --config FILE --catalog FILE [-o FILE] [OPTIONS]",
    "Build the shard map of a config's grid: for every shard that the area reaches the\n"
    "granules whose footprint meets it. Shards are whole, also where they reach beyond "
    "the\n"
    "area; a mask of the area goes along where the config has output.aoi_mask.",
    OPTIONS,
    "  zagg shardmap build --config atl03.yaml --catalog atl03.ndjson.gz --bbox "
    "-76.7,38.8,-76.5,39 -o map.json\n"
    "  zagg shardmap build --config atl03.yaml --granules DOWNLOADS -o map.json.gz"};

typedef struct build_args {
    const char *config, *catalog, *backend, *latitude_text, *sibling;
    zg_vec granules; /* const char * */
    shardmap_output out;
    shardmap_area region, aoi;
    zagg_map_opts opts;
    bool latitude_given, quiet, verbose, spherely_given, mortie_given;
    zagg_latitude latitude;
    size_t threads;
} build_args;

/* ---- arguments ---- */

static int wrong(const char *option, const char *value, const char *must)
{
    fprintf(stderr, "zagg shardmap build: --%s: found '%s'; must be %s\n", option, value,
            must);
    return EXIT_USAGE;
}

static int take_backend(build_args *a, const char *value)
{
    a->mortie_given = strcmp(value, "mortie") == 0;
    a->spherely_given = strcmp(value, "spherely") == 0;
    return a->mortie_given || a->spherely_given || strcmp(value, "auto") == 0
               ? 0
               : wrong("backend", value, "auto, mortie or spherely");
}

static int take_footprint(build_args *a, const char *value)
{
    a->opts.beams = strcmp(value, "beams") == 0;
    return a->opts.beams || strcmp(value, "swath") == 0
               ? 0
               : wrong("footprint", value, "swath or beams");
}

static int take_number(const char *option, const char *value, long long lo, long long hi,
                       long long *out)
{
    return cli_integer(&COMMAND, option, value, lo, hi, out) ? 0 : EXIT_USAGE;
}

static int take_rare(build_args *a, int id, const char *value)
{
    long long number = 0;
    int rc = 0;
    switch (id) {
    case OPT_LATITUDE:
        a->latitude_given = zagg_latitude_parse(value, &a->latitude);
        return a->latitude_given ? 0 : wrong("latitude", value, "authalic or geodetic");
    case OPT_SIBLING:
        a->sibling = value;
        return strchr(value, '=') != NULL ? 0 : wrong("sibling", value, "NAME=FILE");
    case OPT_COVER_ORDER:
        rc = take_number("cover-order", value, 1, ZAGG_GEO_MAX_ORDER, &number);
        a->opts.cover_order = (unsigned)number;
        return rc;
    case OPT_MAX_WORKERS:
        rc = take_number("max-workers", value, 1, 4096, &number);
        a->threads = (size_t)number;
        return rc;
    case OPT_LINES:
        a->opts.lines = true;
        return 0;
    case OPT_SKIP_NULL:
        a->opts.skip_null = true;
        return 0;
    case OPT_DROP_INVALID:
        a->opts.drop_invalid = true;
        return 0;
    case 'q':
        a->quiet = true;
        return 0;
    default:
        a->verbose = true;
        return 0;
    }
}

static int take(void *user, int id, const char *value)
{
    build_args *a = user;
    const struct {
        int id;
        const char **slot;
    } texts[] = {{OPT_CONFIG, &a->config},
                 {OPT_CATALOG, &a->catalog},
                 {'o', &a->out.path},
                 {OPT_FORM, &a->out.form},
                 {OPT_POLYGON, &a->region.polygon},
                 {OPT_BBOX, &a->region.bbox},
                 {OPT_AOI_WKT, &a->aoi.wkt},
                 {OPT_AOI_WKB, &a->aoi.wkb}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].id == id) {
            *texts[i].slot = value;
            return 0;
        }
    switch (id) {
    case 0:
    case OPT_GRANULES:
        if (id == 0 && a->granules.len == 0)
            return shardmap_take_path(&COMMAND, &value, NULL, value);
        if (zg_vec_append(&a->granules, &value, 1))
            return 0;
        fprintf(stderr, "zagg shardmap build: out of memory\n");
        return EXIT_FAILED;
    case OPT_FORCE:
        a->out.force = true;
        return 0;
    case OPT_BACKEND:
        return take_backend(a, value);
    case OPT_FOOTPRINT:
        return take_footprint(a, value);
    default:
        return take_rare(a, id, value);
    }
}

static int check(const build_args *a)
{
    const char *missing = NULL;
    if (a->config == NULL)
        missing = "give the pipeline config with --config";
    else if ((a->catalog == NULL) == (a->granules.len == 0))
        missing = "give either --catalog or --granules";
    else if (a->aoi.wkt != NULL && a->aoi.wkb != NULL)
        missing = "provide at most one of --aoi-wkt / --aoi-wkb";
    if (missing == NULL)
        return 0;
    fprintf(stderr, "zagg shardmap build: %s; see zagg shardmap build --help\n", missing);
    return EXIT_USAGE;
}

/* ---- building ---- */

typedef struct session {
    build_args *args;
    progress progress;
    zagg_pipeline *pipeline;
    zagg_grid *grid;
    zagg_pool *pool;
    zagg_arena *arena;
    zagg_catalog *catalog;
    zagg_map_sibling sibling;
    zagg_shardmap *map;
    zagg_shardmap described; /* of granules: the map with signature and metadata */
    const zagg_shardmap *result;
    zagg_err err;
} session;

static zagg_status open_config(session *s)
{
    build_args *a = s->args;
    zagg_latitude latitude;
    ZAGG_TRY(zagg_pipeline_load(a->config, s->progress.log, &s->pipeline, &s->err));
    ZAGG_TRY(zagg_run_latitude(s->pipeline, NULL, a->latitude_given ? &a->latitude : NULL,
                               s->progress.log, &latitude, &s->err));
    return zagg_grid_from_pipeline(s->pipeline, latitude, &s->grid, &s->err);
}

static zagg_status open_sibling(session *s)
{
    const char *text = s->args->sibling, *equals = text ? strchr(text, '=') : NULL;
    static const zagg_catalog_opts OPTS = {.assets = false};
    if (text == NULL)
        return ZAGG_OK;
    s->sibling.asset = zagg_arena_strndup(s->arena, text, (size_t)(equals - text));
    if (s->sibling.asset == NULL)
        return zagg_err_set(&s->err, ZAGG_ENOMEM, "out of memory");
    s->args->opts.sibling = &s->sibling;
    return zagg_catalog_open(equals + 1, &OPTS, &s->sibling.catalog, &s->err);
}

static zagg_status build_from_catalog(session *s)
{
    build_args *a = s->args;
    const zagg_catalog_opts how = {.assets = true, .log = s->progress.log};
    const bool healpix = zagg_grid_get_kind(s->grid) == ZAGG_GRID_HEALPIX;
    const bool mortie = a->mortie_given || (healpix && !a->spherely_given);
    ZAGG_TRY(shardmap_area_read(&a->region, s->arena, &s->err));
    ZAGG_TRY(shardmap_area_read(&a->aoi, s->arena, &s->err));
    ZAGG_TRY(open_sibling(s));
    ZAGG_TRY(zagg_catalog_open(a->catalog, &how, &s->catalog, &s->err));
    a->opts.backend = mortie ? ZAGG_MAP_MORTIE : ZAGG_MAP_SPHERELY;
    a->opts.region = a->region.given ? &a->region.shape : NULL;
    a->opts.aoi = a->aoi.given ? &a->aoi.shape : NULL;
    a->opts.aoi_mask = s->pipeline->output.aoi_mask;
    a->opts.pool = s->pool;
    a->opts.log = s->progress.log;
    ZAGG_TRY(zagg_map_build(s->grid, s->catalog, &a->opts, &s->map, &s->err));
    s->result = s->map;
    return ZAGG_OK;
}

/** Signature and metadata, which maps of granules do not have by themselves. */
static zagg_status describe(session *s)
{
    const zagg_grid_info *info = zagg_grid_get_info(s->grid);
    zg_maker m;
    zg_object o;
    s->described = *s->map;
    ZAGG_TRY(zg_grid_signature(s->grid, s->arena, &s->described.grid_signature, &s->err));
    zg_make_begin(&m, s->arena, &s->err);
    zg_object_begin(&o, &m);
    zg_object_put(&o, "source", zg_make_text(&m, "granules"));
    zg_object_put(&o, "backend", zg_make_text(&m, "points"));
    zg_object_put(&o, "total_shards", zg_make_u64(&m, s->map->n_shards));
    zg_object_put(&o, "total_pairs", zg_make_u64(&m, shardmap_pairs(s->map)));
    if (info->kind == ZAGG_GRID_HEALPIX)
        zg_object_put(&o, "latitude",
                      zg_make_text(&m, info->latitude == ZAGG_LATITUDE_AUTHALIC
                                           ? "authalic-wgs84"
                                           : "geodetic-spherical"));
    s->described.metadata = zg_object_end(&o);
    s->result = &s->described;
    return m.status;
}

static zagg_status build_from_granules(session *s)
{
    zagg_worker *worker;
    if (s->args->region.polygon || s->args->region.bbox)
        return zagg_err_set(
            &s->err, ZAGG_EARG,
            "--granules: the map has the shards that granules have points "
            "in; `zagg shardmap subset` takes an area of it");
    ZAGG_TRY(zagg_pipeline_check_runnable(s->pipeline, &s->err));
    ZAGG_TRY(zagg_worker_new(s->pipeline, s->grid, &worker, &s->err));
    zagg_status status = zagg_run_map_from_granules(
        worker, s->args->granules.data, s->args->granules.len,
        &(zagg_granules_opts){.pool = s->pool, .log = s->progress.log}, &s->map, &s->err);
    zagg_worker_free(worker);
    return status == ZAGG_OK ? describe(s) : status;
}

/** shardmap_ATL03_2018-10-13_2026-03-15.json, of what the catalog knows of that. */
static zagg_status choose_path(session *s)
{
    static const char *const PARTS[] = {"short_name", "start_date", "end_date"};
    zg_str name;
    if (s->args->out.path != NULL)
        return ZAGG_OK;
    zg_str_init(&name, 4096);
    zg_str_add(&name, "shardmap");
    for (int i = 0; i < 3; i++) {
        const char *part = zg_value_text(s->result->metadata, PARTS[i]);
        if (part != NULL && strchr(part, '/') == NULL)
            zg_str_addf(&name, "_%s", part);
    }
    zg_str_add(&name, ".json");
    s->args->out.path = zagg_arena_strndup(s->arena, name.data, name.len);
    zg_str_free(&name);
    if (s->args->out.path == NULL)
        return zagg_err_set(&s->err, ZAGG_ENOMEM, "out of memory");
    return shardmap_may_write(&s->args->out, &s->err);
}

static zagg_status work(session *s)
{
    const size_t threads = s->args->threads ? s->args->threads : zg_cpu_count();
    if (s->args->out.path != NULL)
        ZAGG_TRY(shardmap_may_write(&s->args->out, &s->err));
    ZAGG_TRY(zagg_arena_new(0, &s->arena, &s->err));
    ZAGG_TRY(zagg_pool_new(threads, &s->pool, &s->err));
    ZAGG_TRY(open_config(s));
    if (s->args->catalog != NULL)
        ZAGG_TRY(build_from_catalog(s));
    else
        ZAGG_TRY(build_from_granules(s));
    return choose_path(s);
}

static void report(const session *s)
{
    char shards[32], pairs[32];
    (void)snprintf(shards, sizeof shards, "%zu", s->result->n_shards);
    (void)snprintf(pairs, sizeof pairs, "%zu", shardmap_pairs(s->result));
    const char *backend = zg_value_text(s->result->metadata, "backend");
    printf("ShardMap: %s shards, %s pairs (backend=%s) -> %s\n", shards, pairs, backend,
           s->args->out.path);
}

static int build(session *s, zagg_map_form form)
{
    zagg_status status = work(s);
    progress_end(&s->progress);
    if (status == ZAGG_OK)
        status = zagg_shardmap_write(s->result, form, s->args->out.path, &s->err);
    if (status != ZAGG_OK)
        return shardmap_fail(&COMMAND, status, &s->err);
    if (!s->args->quiet)
        report(s);
    return EXIT_OK;
}

static void session_free(session *s)
{
    zagg_shardmap_free(s->map);
    zagg_catalog_close(s->catalog);
    zagg_catalog_close(s->sibling.catalog);
    zagg_pool_free(s->pool);
    zagg_grid_free(s->grid);
    zagg_pipeline_free(s->pipeline);
    zagg_arena_free(s->arena);
    progress_free(&s->progress);
}

int shardmap_build(int argc, char **argv)
{
    build_args args = {.threads = 0};
    session s = {.args = &args, .err = ZAGG_ERR_INIT};
    zg_vec_init(&args.granules, sizeof(const char *), 0);
    zagg_map_form form = ZAGG_MAP_JSON;
    int code = cli_parse(&COMMAND, argc, argv, take, &args);
    if (code == 0)
        code = check(&args);
    if (code == 0 && (args.out.path != NULL || args.out.form != NULL))
        code = shardmap_form(&COMMAND, &args.out, &form);
    if (code == 0 &&
        progress_init(&s.progress, args.quiet, args.verbose, false, &s.err) != ZAGG_OK) {
        fprintf(stderr, "zagg shardmap build: %s\n", s.err.msg);
        code = EXIT_FAILED;
    } else if (code == 0) {
        code = build(&s, form);
        session_free(&s);
    }
    zg_vec_free(&args.granules);
    return code == CLI_DONE ? EXIT_OK : code;
}
