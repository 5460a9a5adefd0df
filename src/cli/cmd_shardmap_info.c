/* zagg shardmap info: what a map holds. */
#include "cli/cli.h"
#include "cli/cmd_shardmap.h"
#include "map/derive.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { OPT_JSON = 256, OPT_SHARDS };

static const cli_option OPTIONS[] = {
    {OPT_SHARDS, "shards", NULL, "also a line for each shard: id, key, granules"},
    {OPT_JSON, "json", NULL, "print one JSON object"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {"shardmap info",
                                    "shardmap info MAP [--shards] [--json]",
                                    "Tell what a shard map (JSON or compact) holds: its "
                                    "grid, shards, granules and where it\n"
                                    "comes from.",
                                    OPTIONS, "  zagg shardmap info map.json --shards"};

typedef struct info_args {
    const char *path;
    bool json, shards;
} info_args;

static int take(void *user, int id, const char *value)
{
    info_args *a = user;
    if (id == 0)
        return shardmap_take_path(&COMMAND, &a->path, NULL, value);
    *(id == OPT_JSON ? &a->json : &a->shards) = true;
    return 0;
}

typedef struct counts {
    size_t pairs, least, most, granules;
    uint64_t ids;
    uint64_t bytes;
} counts;

static zagg_status count(const zagg_shardmap *map, const char *path, counts *c,
                         zagg_err *err)
{
    struct stat st;
    zg_map_numbers numbers;
    zg_vec all;
    *c = (counts){.least = SIZE_MAX};
    ZAGG_TRY(zg_map_numbers_new(map, &numbers, err));
    zg_vec_init(&all, sizeof(const zagg_granule *), 0);
    bool ok = true;
    for (size_t i = 0; i < map->n_shards; i++) {
        const zagg_shard_entry *s = &map->shards[i];
        c->pairs += s->n_granules;
        c->least = s->n_granules < c->least ? s->n_granules : c->least;
        c->most = s->n_granules > c->most ? s->n_granules : c->most;
        for (size_t k = 0; ok && k < s->n_granules; k++) {
            bool first;
            (void)zg_map_number_of(&numbers, s->granules[k], &first);
            ok = !first || zg_vec_append(&all, &s->granules[k], 1);
        }
    }
    c->least = map->n_shards > 0 ? c->least : 0;
    c->granules = all.len;
    c->bytes = stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
    zagg_status status = ok ? zg_count_ids(all.data, all.len, &c->ids, err)
                            : zagg_err_set(err, ZAGG_ENOMEM, "out of memory");
    zg_map_numbers_free(&numbers);
    zg_vec_free(&all);
    return status;
}

static const char *latitude_name(const zagg_shardmap *map)
{
    static const char *const NAMES[] = {
        "authalic", "geodetic", "geodetic (of a version before authalic)", "not told"};
    return NAMES[map->latitude];
}

/* ---- text ---- */

static void print_grid(const zagg_shardmap *map)
{
    const zagg_value *s = map->grid_signature;
    const char *type = s != NULL ? zg_value_text(s, "type") : NULL;
    uint64_t parent = 0, child = 0;
    if (type != NULL && strcmp(type, "healpix") == 0 &&
        zagg_value_u64(zagg_value_get(s, "parent_order"), &parent) &&
        zagg_value_u64(zagg_value_get(s, "child_order"), &child))
        printf("grid       HEALPix: shards of order %llu, cells of order %llu; latitude "
               "%s\n",
               (unsigned long long)parent, (unsigned long long)child, latitude_name(map));
    else
        printf("grid       %s%s%s\n", type != NULL ? type : "not told",
               type != NULL && zg_value_text(s, "crs") != NULL ? ", " : "",
               type != NULL && zg_value_text(s, "crs") != NULL ? zg_value_text(s, "crs")
                                                               : "");
}

static void print_shards(const zagg_shardmap *map, const zagg_grid *grid)
{
    for (size_t i = 0; i < map->n_shards; i++) {
        char label[40] = "?";
        if (grid != NULL)
            zagg_grid_shard_label(grid, map->shards[i].key, label);
        printf("%s %llu %zu\n", label, (unsigned long long)map->shards[i].key,
               map->shards[i].n_granules);
    }
}

static zagg_status print_metadata(const zagg_shardmap *map, zagg_err *err)
{
    static const zg_json_style PLAIN = {.indent = -1};
    zg_str text;
    zg_str_init(&text, 0);
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; map->metadata != NULL && i < map->metadata->n; i++) {
        const zagg_member *m = &map->metadata->members[i];
        zg_str_add(&text, "  ");
        zg_str_add(&text, m->key->str);
        zg_str_add(&text, ": ");
        status = zg_json_write(&text, m->value, PLAIN, err);
        if (status != ZAGG_OK || text.failed)
            break;
        zg_str_addc(&text, '\n');
    }
    if (text.failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "out of memory");
    if (status == ZAGG_OK && text.len > 0)
        printf("metadata\n%s", text.data);
    zg_str_free(&text);
    return status;
}

static zagg_status print_text(const info_args *a, const zagg_shardmap *map,
                              const counts *c, zagg_err *err)
{
    char n[4][32];
    zagg_grid *grid = NULL;
    print_grid(map);
    printf("shards     %s\n", cli_thousands(map->n_shards, n[0]));
    printf("granules   %s (%s ids), %s pairs", cli_thousands(c->granules, n[0]),
           cli_thousands(c->ids, n[1]), cli_thousands(c->pairs, n[2]));
    if (map->n_shards > 0)
        printf("; a shard: %zu to %zu, mean %.1f", c->least, c->most,
               (double)c->pairs / (double)map->n_shards);
    printf("\nmask       %s\n", map->has_aoi_mask ? "of an area of interest" : "none");
    printf("file       %s\n", cli_bytes(c->bytes, n[3]));
    ZAGG_TRY(print_metadata(map, err));
    if (!a->shards)
        return ZAGG_OK;
    (void)zagg_map_grid(map, shardmap_latitude(map), &grid, NULL); /* for labels alone */
    print_shards(map, grid);
    zagg_grid_free(grid);
    return ZAGG_OK;
}

/* ---- JSON ---- */

static zagg_status print_json(const info_args *a, const zagg_shardmap *map,
                              const counts *c, zagg_err *err)
{
    zg_json_out w;
    zg_str text;
    zagg_status status = ZAGG_OK;
    zg_str_init(&text, 0);
    zg_json_begin(&w, &text, 2);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "latitude", latitude_name(map));
    zg_json_put_u64(&w, "shards", map->n_shards);
    zg_json_put_u64(&w, "pairs", c->pairs);
    zg_json_put_u64(&w, "granules", c->granules);
    zg_json_put_u64(&w, "granule_ids", c->ids);
    zg_json_put_u64(&w, "granules_per_shard_min", c->least);
    zg_json_put_u64(&w, "granules_per_shard_max", c->most);
    zg_json_key(&w, "aoi_mask");
    zg_json_bool(&w, map->has_aoi_mask);
    zg_json_put_u64(&w, "file_bytes", c->bytes);
    if (map->grid_signature != NULL) {
        zg_json_key(&w, "grid_signature");
        status = zg_json_value(&w, map->grid_signature, err);
    }
    if (status == ZAGG_OK && map->metadata != NULL) {
        zg_json_key(&w, "metadata");
        status = zg_json_value(&w, map->metadata, err);
    }
    if (a->shards) {
        zg_json_key(&w, "shard_keys");
        zg_json_open_list(&w);
        for (size_t i = 0; i < map->n_shards; i++)
            zg_json_u64(&w, map->shards[i].key);
        zg_json_close_list(&w);
    }
    zg_json_close_map(&w);
    if (status == ZAGG_OK && text.failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "out of memory");
    if (status == ZAGG_OK)
        printf("%s\n", text.data);
    zg_str_free(&text);
    return status;
}

int shardmap_info(int argc, char **argv)
{
    info_args a = {.path = NULL};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    counts c;
    const int code = cli_parse(&COMMAND, argc, argv, take, &a);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    if (a.path == NULL) {
        fprintf(stderr, "zagg shardmap info: give the map\n");
        return EXIT_USAGE;
    }
    zagg_status status = zagg_shardmap_load(a.path, &map, &err);
    if (status == ZAGG_OK)
        status = count(map, a.path, &c, &err);
    if (status == ZAGG_OK)
        status = a.json ? print_json(&a, map, &c, &err) : print_text(&a, map, &c, &err);
    zagg_shardmap_free(map);
    return status == ZAGG_OK ? EXIT_OK : shardmap_fail(&COMMAND, status, &err);
}
