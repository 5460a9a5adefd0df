/* zagg shardmap convert: another form, other shards. */
#include "cli/cli.h"
#include "cli/cmd_shardmap.h"

#include <stdio.h>
#include <string.h>

enum { OPT_FORM = 256, OPT_FORCE, OPT_LEGACY, OPT_PARENT_ORDER, OPT_CATALOG };

static const cli_option OPTIONS[] = {
    {OPT_FORM, "form", "NAME", "json, compact or parquet; default: by the ending of OUT"},
    {OPT_LEGACY, "legacy", NULL,
     "upstream's JSON whatever the ending: every shard with its\ngranules written out"},
    {OPT_PARENT_ORDER, "parent-order", "N",
     "shards of this order (HEALPix): coarser ones are joined, finer\nones need "
     "--catalog"},
    {OPT_CATALOG, "catalog", "FILE", "catalog with the footprints of the map's granules"},
    {OPT_FORCE, "force", NULL, "write over OUT"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "shardmap convert", "shardmap convert MAP OUT [OPTIONS]",
    "Write a shard map in another form, or with shards of another order:\n"
    "  .json     upstream's form, byte for byte\n"
    "  .json.gz  compact: each granule once; zagg run reads it as it is\n"
    "  .parquet  upstream's table",
    OPTIONS,
    "  zagg shardmap convert map.json map.json.gz\n"
    "  zagg shardmap convert map.json coarse.json --parent-order 7"};

typedef struct convert_args {
    const char *path, *catalog;
    shardmap_output out;
    long long order; /* -1: as it is */
} convert_args;

static int take(void *user, int id, const char *value)
{
    convert_args *a = user;
    switch (id) {
    case 0:
        return shardmap_take_path(&COMMAND, &a->path, &a->out.path, value);
    case OPT_FORM:
        a->out.form = value;
        return 0;
    case OPT_LEGACY:
        a->out.form = "json";
        return 0;
    case OPT_PARENT_ORDER:
        return cli_integer(&COMMAND, "parent-order", value, 0, ZAGG_GEO_MAX_ORDER,
                           &a->order)
                   ? 0
                   : EXIT_USAGE;
    case OPT_CATALOG:
        a->catalog = value;
        return 0;
    default:
        a->out.force = true;
        return 0;
    }
}

static zagg_status open_grid(const convert_args *a, const zagg_shardmap *map,
                             zagg_grid **out, zagg_err *err)
{
    zagg_grid *now;
    ZAGG_TRY(zagg_map_grid(map, shardmap_latitude(map), &now, err));
    const zagg_grid_info *info = zagg_grid_get_info(now);
    const zagg_healpix_spec spec = {a->order, (int64_t)info->child_order, -1, false,
                                    info->latitude};
    zagg_status status =
        info->kind == ZAGG_GRID_HEALPIX
            ? zagg_grid_new_healpix(&spec, out, err)
            : zagg_err_set(err, ZAGG_ECONFIG, "%s: --parent-order is for HEALPix maps",
                           map->name);
    zagg_grid_free(now);
    return status;
}

static zagg_status reproject(const convert_args *a, zagg_shardmap **map, zagg_err *err)
{
    zagg_grid *grid;
    zagg_catalog *catalog = NULL;
    zagg_shardmap *other = NULL;
    if (a->order < 0)
        return ZAGG_OK;
    ZAGG_TRY(open_grid(a, *map, &grid, err));
    zagg_status status = ZAGG_OK;
    if (a->catalog != NULL)
        status = zagg_catalog_open(a->catalog, NULL, &catalog, err);
    if (status == ZAGG_OK)
        status = zagg_map_reproject(*map, grid, catalog, NULL, &other, err);
    zagg_catalog_close(catalog);
    zagg_grid_free(grid);
    if (status == ZAGG_OK) {
        zagg_shardmap_free(*map);
        *map = other;
    }
    return status;
}

int shardmap_convert(int argc, char **argv)
{
    convert_args a = {.order = -1};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    zagg_map_form form;
    int code = cli_parse(&COMMAND, argc, argv, take, &a);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    if (a.path == NULL || a.out.path == NULL) {
        fprintf(stderr, "zagg shardmap convert: give the map and the file to write\n");
        return EXIT_USAGE;
    }
    code = shardmap_form(&COMMAND, &a.out, &form);
    if (code != 0)
        return code;
    zagg_status status = shardmap_may_write(&a.out, &err);
    if (status == ZAGG_OK)
        status = zagg_shardmap_load(a.path, &map, &err);
    if (status == ZAGG_OK)
        status = reproject(&a, &map, &err);
    if (status == ZAGG_OK)
        status = zagg_shardmap_write(map, form, a.out.path, &err);
    if (status == ZAGG_OK)
        printf("ShardMap: %zu shards, %zu pairs -> %s\n", map->n_shards,
               shardmap_pairs(map), a.out.path);
    zagg_shardmap_free(map);
    return status == ZAGG_OK ? EXIT_OK : shardmap_fail(&COMMAND, status, &err);
}
