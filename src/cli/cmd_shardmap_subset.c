/* zagg shardmap subset: part of a map. */
#include "cli/cli.h"
#include "cli/cmd_shardmap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_SHARD = 256,
    OPT_MAX_SHARDS,
    OPT_POLYGON,
    OPT_BBOX,
    OPT_START,
    OPT_END,
    OPT_FORM,
    OPT_FORCE
};

static const cli_option OPTIONS[] = {
    {OPT_SHARD, "shard", "KEY",
     "this shard: its key, or its decimal morton id; may be given\nagain"},
    {OPT_POLYGON, "polygon", "FILE", "GeoJSON: shards that its polygons reach"},
    {OPT_BBOX, "bbox", "W,S,E,N", "shards that this box reaches, in degrees"},
    {OPT_START, "start-date", "TIME",
     "granules that end then or later (day or RFC 3339)"},
    {OPT_END, "end-date", "TIME",
     "granules that begin then or earlier; a day is all of it"},
    {OPT_MAX_SHARDS, "max-shards", "N", "at most the first N shards"},
    {OPT_FORM, "form", "NAME", "json, compact or parquet; default: by the ending of OUT"},
    {OPT_FORCE, "force", NULL, "write over OUT"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "shardmap subset", "shardmap subset MAP OUT [OPTIONS]",
    "Write part of a shard map: some of its shards, and of their granules those of a "
    "time.\n"
    "Granules without a time stay; shards that are left without granules go.",
    OPTIONS,
    "  zagg shardmap subset map.json part.json --bbox -76.6,38.8,-76.5,38.9\n"
    "  zagg shardmap subset map.json 2019.json --start-date 2019-01-01 --end-date "
    "2019-12-31"};

typedef struct subset_args {
    const char *path;
    shardmap_output out;
    shardmap_area area;
    zg_vec shards; /* const char * */
    zagg_map_part part;
} subset_args;

static int take(void *user, int id, const char *value)
{
    subset_args *a = user;
    long long number = 0;
    const struct {
        int id;
        const char **slot;
    } texts[] = {{OPT_POLYGON, &a->area.polygon},
                 {OPT_BBOX, &a->area.bbox},
                 {OPT_START, &a->part.start},
                 {OPT_END, &a->part.end},
                 {OPT_FORM, &a->out.form}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].id == id) {
            *texts[i].slot = value;
            return 0;
        }
    switch (id) {
    case 0:
        return shardmap_take_path(&COMMAND, &a->path, &a->out.path, value);
    case OPT_SHARD:
        if (zg_vec_append(&a->shards, &value, 1))
            return 0;
        fprintf(stderr, "zagg shardmap subset: out of memory\n");
        return EXIT_FAILED;
    case OPT_MAX_SHARDS:
        if (!cli_integer(&COMMAND, "max-shards", value, 1, INT32_MAX, &number))
            return EXIT_USAGE;
        a->part.max_shards = (size_t)number;
        return 0;
    default:
        a->out.force = true;
        return 0;
    }
}

/** A key, or the decimal form of a HEALPix shard of the map. */
static zagg_status parse_shard(const zagg_shardmap *map, const char *text, uint64_t *out,
                               zagg_err *err)
{
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    const bool number = errno == 0 && end != text && *end == '\0' && text[0] != '-';
    for (size_t i = 0; number && i < map->n_shards; i++)
        if (map->shards[i].key == *out)
            return ZAGG_OK;
    if (zagg_word_parse_decimal(text, strlen(text), out, NULL) == ZAGG_OK)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_ECONFIG, "shard '%s' not in catalog", text);
}

static zagg_status choose(subset_args *a, const zagg_shardmap *map, zagg_arena *arena,
                          zagg_grid **grid, zagg_err *err)
{
    uint64_t *keys;
    ZAGG_TRY(zagg_arena_alloc(arena, a->shards.len, sizeof *keys, &keys, err));
    for (size_t i = 0; i < a->shards.len; i++)
        ZAGG_TRY(
            parse_shard(map, *ZG_VEC_AT(&a->shards, const char *, i), &keys[i], err));
    a->part.keys = keys;
    a->part.n_keys = a->shards.len;
    ZAGG_TRY(shardmap_area_read(&a->area, arena, err));
    if (!a->area.given)
        return ZAGG_OK;
    a->part.region = &a->area.shape;
    return zagg_map_grid(map, shardmap_latitude(map), grid, err);
}

static zagg_status work(subset_args *a, zagg_map_form form, zagg_err *err)
{
    zagg_shardmap *map = NULL, *part = NULL;
    zagg_grid *grid = NULL;
    zagg_arena *arena = NULL;
    zagg_status status = shardmap_may_write(&a->out, err);
    if (status == ZAGG_OK)
        status = zagg_shardmap_load(a->path, &map, err);
    if (status == ZAGG_OK)
        status = zagg_arena_new(0, &arena, err);
    if (status == ZAGG_OK)
        status = choose(a, map, arena, &grid, err);
    if (status == ZAGG_OK)
        status = zagg_map_subset(map, grid, &a->part, &part, err);
    if (status == ZAGG_OK)
        status = zagg_shardmap_write(part, form, a->out.path, err);
    if (status == ZAGG_OK)
        printf("ShardMap: %zu shards, %zu pairs of %zu shards, %zu pairs -> %s\n",
               part->n_shards, shardmap_pairs(part), map->n_shards, shardmap_pairs(map),
               a->out.path);
    zagg_shardmap_free(part);
    zagg_shardmap_free(map);
    zagg_grid_free(grid);
    zagg_arena_free(arena);
    return status;
}

int shardmap_subset(int argc, char **argv)
{
    subset_args a = {.path = NULL};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_map_form form;
    zg_vec_init(&a.shards, sizeof(const char *), 0);
    int code = cli_parse(&COMMAND, argc, argv, take, &a);
    if (code == 0 && (a.path == NULL || a.out.path == NULL)) {
        fprintf(stderr, "zagg shardmap subset: give the map and the file to write\n");
        code = EXIT_USAGE;
    }
    if (code == 0)
        code = shardmap_form(&COMMAND, &a.out, &form);
    if (code == 0) {
        const zagg_status status = work(&a, form, &err);
        code = status == ZAGG_OK ? EXIT_OK : shardmap_fail(&COMMAND, status, &err);
    }
    zg_vec_free(&a.shards);
    return code == CLI_DONE ? EXIT_OK : code;
}
