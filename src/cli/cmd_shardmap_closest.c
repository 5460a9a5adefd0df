/* zagg shardmap closest: of a map of rasters the granules closest in time to what other
 * stores hold. */
#include "cli/cli.h"
#include "cli/cmd_shardmap.h"
#include "cli/progress.h"
#include "cli/store_args.h"
#include "text/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    OPT_REFERENCE = 256,
    OPT_MAX_OFFSET,
    OPT_MAX_GRANULES,
    OPT_POLYGON,
    OPT_BBOX,
    OPT_FORM,
    OPT_FORCE
};
#define COVER_NAME "coverage.toc"
#define MAX_COVER_BYTES ((size_t)256 << 20)

static const cli_option OPTIONS[] = {
    {OPT_REFERENCE, "reference", "STORE",
     "store whose coverage.toc tells when its shards were observed, a\nfolder or s3://; "
     "may "
     "be given again"},
    {OPT_MAX_OFFSET, "max-time-offset", "TIME",
     "most time between such an epoch and a granule: 90s, 30m, 12h, 2d\n(default: any)"},
    {OPT_MAX_GRANULES, "max-granules-per-shard", "N",
     "refuse a map with more in a shard"},
    {OPT_POLYGON, "polygon", "FILE", "GeoJSON: only shards that its polygons reach"},
    {OPT_BBOX, "bbox", "W,S,E,N", "only shards that this box reaches, in degrees"},
    {NET_OPT_REGION, "region", "NAME",
     "of buckets (default: AWS_REGION, the profile's, us-west-2)"},
    {NET_OPT_REQUESTER_PAYS, "requester-pays", NULL,
     "agree to pay for requests to such buckets"},
    {OPT_FORM, "form", "NAME", "json, compact or parquet; default: by the ending of OUT"},
    {OPT_FORCE, "force", NULL, "write over OUT"},
    {'q', "quiet", NULL, "only errors"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "shardmap closest", "shardmap closest MAP OUT --reference STORE [OPTIONS]",
    "Keep of a map of rasters, for each time at which a reference store observed a "
    "shard, "
    "the\ngranule of the shard that was taken closest to it. Times are the middles of "
    "the "
    "buckets\nthat coverage.toc has, of 9 minutes as a rule.",
    OPTIONS,
    "  zagg shardmap closest s2.json paired.json --reference atl03_store --reference "
    "gedi_store \\\n      --max-time-offset 2d"};

typedef struct closest_args {
    const char *path;
    shardmap_output out;
    shardmap_area area;
    zg_vec references; /* const char * */
    zg_vec covers;     /* zagg_map_reference */
    net_args net;
    zagg_map_closest_opts opts;
    bool quiet;
} closest_args;

/** A number with its unit. */
static bool parse_duration(const char *text, int64_t *out_ns)
{
    static const struct {
        char unit;
        double seconds;
    } UNITS[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    const size_t len = strlen(text);
    double n;
    for (size_t i = 0; len > 1 && i < sizeof UNITS / sizeof UNITS[0]; i++)
        if (text[len - 1] == UNITS[i].unit && zg_float_parse(text, len - 1, &n)) {
            const double ns = n * UNITS[i].seconds * 1e9;
            *out_ns = ns >= 0 && ns < 0x1p62 ? (int64_t)llround(ns) : -1;
            return *out_ns >= 0;
        }
    return false;
}

static int take_reference(closest_args *a, const char *value)
{
    if (zg_vec_append(&a->references, &value, 1))
        return 0;
    fprintf(stderr, "zagg shardmap closest: out of memory\n");
    return EXIT_FAILED;
}

static int take(void *user, int id, const char *value)
{
    closest_args *a = user;
    long long number = 0;
    switch (id) {
    case 0:
        return shardmap_take_path(&COMMAND, &a->path, &a->out.path, value);
    case OPT_REFERENCE:
        return take_reference(a, value);
    case OPT_MAX_OFFSET:
        if (parse_duration(value, &a->opts.max_offset_ns))
            return 0;
        fprintf(stderr,
                "zagg shardmap closest: --max-time-offset: found '%s'; must be a time "
                "such as "
                "90s, 30m, 12h or 2d\n",
                value);
        return EXIT_USAGE;
    case OPT_MAX_GRANULES:
        if (!cli_integer(&COMMAND, "max-granules-per-shard", value, 1, INT32_MAX,
                         &number))
            return EXIT_USAGE;
        a->opts.max_granules = (size_t)number;
        return 0;
    case OPT_POLYGON:
        a->area.polygon = value;
        return 0;
    case OPT_BBOX:
        a->area.bbox = value;
        return 0;
    case OPT_FORM:
        a->out.form = value;
        return 0;
    case OPT_FORCE:
        a->out.force = true;
        return 0;
    case 'q':
        a->quiet = true;
        return 0;
    default:
        return net_args_take(&a->net, id, value) ? 0 : EXIT_USAGE;
    }
}

static zagg_status read_cover(closest_args *a, const char *path, zagg_err *err)
{
    cli_store store;
    zagg_map_reference r = {.name = path};
    void *data = NULL;
    zagg_status status = cli_store_open(&store, path, &a->net, err);
    if (status == ZAGG_OK)
        status =
            zagg_sink_get(store.sink, COVER_NAME, MAX_COVER_BYTES, &data, &r.len, err);
    cli_store_close(&store);
    if (status == ZAGG_ENOTFOUND)
        return zagg_err_set(err, status,
                            "%s has no " COVER_NAME ", which tells when its shards were "
                            "observed: upstream's rollup of the store writes it",
                            path);
    ZAGG_TRY(status);
    r.cover = data;
    if (zg_vec_append(&a->covers, &r, 1))
        return ZAGG_OK;
    zagg_bytes_free(data);
    return zagg_err_set(err, ZAGG_ENOMEM, "out of memory");
}

static zagg_status read_inputs(closest_args *a, zagg_arena *arena, zagg_err *err)
{
    for (size_t i = 0; i < a->references.len; i++)
        ZAGG_TRY(read_cover(a, *ZG_VEC_AT(&a->references, const char *, i), err));
    a->opts.references = a->covers.data;
    a->opts.n_references = a->covers.len;
    ZAGG_TRY(shardmap_area_read(&a->area, arena, err));
    a->opts.region = a->area.given ? &a->area.shape : NULL;
    return ZAGG_OK;
}

static void tell(const closest_args *a, const zagg_shardmap *map)
{
    const zagg_value *ledger = zagg_value_get(map->metadata, "closest_obs");
    uint64_t total = 0, paired = 0;
    (void)zagg_value_u64(zagg_value_get(ledger, "epochs_total"), &total);
    (void)zagg_value_u64(zagg_value_get(ledger, "epochs_paired"), &paired);
    if (!a->quiet)
        printf("ShardMap: %zu shards, %zu pairs for %llu of %llu epochs -> %s\n",
               map->n_shards, shardmap_pairs(map), (unsigned long long)paired,
               (unsigned long long)total, a->out.path);
}

static zagg_status work(closest_args *a, zagg_map_form form, zagg_err *err)
{
    zagg_shardmap *map = NULL, *closest = NULL;
    zagg_grid *grid = NULL;
    zagg_arena *arena = NULL;
    zagg_status status = shardmap_may_write(&a->out, err);
    if (status == ZAGG_OK)
        status = zagg_shardmap_load(a->path, &map, err);
    if (status == ZAGG_OK)
        status = zagg_arena_new(0, &arena, err);
    if (status == ZAGG_OK)
        status = read_inputs(a, arena, err);
    if (status == ZAGG_OK)
        status = zagg_map_grid(map, shardmap_latitude(map), &grid, err);
    if (status == ZAGG_OK)
        status = zagg_map_closest(map, grid, &a->opts, &closest, err);
    if (status == ZAGG_OK)
        status = zagg_shardmap_write(closest, form, a->out.path, err);
    if (status == ZAGG_OK)
        tell(a, closest);
    zagg_shardmap_free(closest);
    zagg_shardmap_free(map);
    zagg_grid_free(grid);
    zagg_arena_free(arena);
    return status;
}

static int run(closest_args *a)
{
    progress p;
    zagg_map_form form;
    zagg_err err = ZAGG_ERR_INIT;
    if (a->path == NULL || a->out.path == NULL || a->references.len == 0) {
        fprintf(stderr,
                "zagg shardmap closest: give the map, the file to write, and a store "
                "with --reference\n");
        return EXIT_USAGE;
    }
    const int code = shardmap_form(&COMMAND, &a->out, &form);
    if (code != 0)
        return code;
    zagg_status status = progress_init(&p, a->quiet, false, false, &err);
    if (status != ZAGG_OK)
        return shardmap_fail(&COMMAND, status, &err);
    a->opts.log = p.log;
    status = work(a, form, &err);
    progress_end(&p);
    progress_free(&p);
    return status == ZAGG_OK ? EXIT_OK : shardmap_fail(&COMMAND, status, &err);
}

int shardmap_closest(int argc, char **argv)
{
    closest_args a = {.opts = {.max_offset_ns = -1}};
    zg_vec_init(&a.references, sizeof(const char *), 0);
    zg_vec_init(&a.covers, sizeof(zagg_map_reference), 0);
    int code = cli_parse(&COMMAND, argc, argv, take, &a);
    if (code == 0)
        code = run(&a);
    for (size_t i = 0; i < a.covers.len; i++)
        zagg_bytes_free(
            (void *)(uintptr_t)ZG_VEC_AT(&a.covers, zagg_map_reference, i)->cover);
    zg_vec_free(&a.covers);
    zg_vec_free(&a.references);
    return code == CLI_DONE ? EXIT_OK : code;
}
