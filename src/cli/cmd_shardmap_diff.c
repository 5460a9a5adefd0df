/* zagg shardmap diff: where two maps differ. */
#include "cli/cli.h"
#include "cli/cmd_shardmap.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_ALL = 256, SHOWN = 10 };

static const cli_option OPTIONS[] = {
    {OPT_ALL, "all", NULL, "tell every difference, not only the first ten"},
    {'q', "quiet", NULL, "print nothing; the exit code tells"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {"shardmap diff", "shardmap diff MAP OTHER [--all]",
                                    "Compare the shards of two maps and the granules of "
                                    "each, by their ids. Exit code 0:\n"
                                    "they are the same; 1: they differ. Forms, order of "
                                    "granules and metadata do not count.",
                                    OPTIONS,
                                    "  zagg shardmap diff upstream.json ours.json"};

typedef struct diff_args {
    const char *first, *second;
    bool all, quiet;
} diff_args;

static int take(void *user, int id, const char *value)
{
    diff_args *a = user;
    if (id == 0)
        return shardmap_take_path(&COMMAND, &a->first, &a->second, value);
    *(id == OPT_ALL ? &a->all : &a->quiet) = true;
    return 0;
}

/* ---- shards by key, ids sorted ---- */

static int by_key(const void *a, const void *b)
{
    const uint64_t x = (*(const zagg_shard_entry *const *)a)->key;
    const uint64_t y = (*(const zagg_shard_entry *const *)b)->key;
    return (x > y) - (x < y);
}

static zagg_status sort_shards(const zagg_shardmap *map, const zagg_shard_entry ***out,
                               zagg_err *err)
{
    *out = zg_alloc(map->n_shards + 1, sizeof **out);
    if (*out == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "out of memory");
    for (size_t i = 0; i < map->n_shards; i++)
        (*out)[i] = &map->shards[i];
    if (map->n_shards > 1)
        qsort((void *)*out, map->n_shards, sizeof **out, by_key);
    return ZAGG_OK;
}

static bool list_ids(const zagg_shard_entry *s, zg_vec *out)
{
    out->len = 0;
    for (size_t i = 0; i < s->n_granules; i++) {
        const char *id = s->granules[i]->id != NULL ? s->granules[i]->id : "";
        if (!zg_vec_append(out, &id, 1))
            return false;
    }
    if (out->len > 1)
        qsort(out->data, out->len, sizeof(char *), zg_compare_texts);
    return true;
}

/* ---- telling ---- */

typedef struct report {
    const diff_args *args;
    const zagg_grid *grid; /* NULL: keys alone */
    size_t shards_only[2], pairs_only[2], shards_other, lines;
    zg_vec ids[2];
} report;

static bool may_tell(report *r)
{
    return !r->args->quiet && (r->args->all || r->lines++ < SHOWN);
}

static void tell_shard(report *r, const zagg_shard_entry *s, int side)
{
    char label[40] = "?";
    r->shards_only[side]++;
    r->pairs_only[side] += s->n_granules;
    if (!may_tell(r))
        return;
    if (r->grid != NULL)
        zagg_grid_shard_label(r->grid, s->key, label);
    printf("%c shard %s (%llu): %zu granules\n", side == 0 ? '-' : '+', label,
           (unsigned long long)s->key, s->n_granules);
}

static void tell_granule(report *r, const zagg_shard_entry *s, const char *id, int side)
{
    char label[40] = "?";
    r->pairs_only[side]++;
    if (!may_tell(r))
        return;
    if (r->grid != NULL)
        zagg_grid_shard_label(r->grid, s->key, label);
    printf("%c shard %s (%llu): %s\n", side == 0 ? '-' : '+', label,
           (unsigned long long)s->key, id);
}

static bool compare_shard(report *r, const zagg_shard_entry *a, const zagg_shard_entry *b)
{
    if (!list_ids(a, &r->ids[0]) || !list_ids(b, &r->ids[1]))
        return false;
    const char **x = r->ids[0].data, **y = r->ids[1].data;
    size_t i = 0, k = 0;
    bool same = true;
    while (i < r->ids[0].len || k < r->ids[1].len) {
        const int c = i == r->ids[0].len   ? 1
                      : k == r->ids[1].len ? -1
                                           : strcmp(x[i], y[k]);
        if (c < 0)
            tell_granule(r, a, x[i], 0);
        else if (c > 0)
            tell_granule(r, b, y[k], 1);
        same = same && c == 0;
        i += c <= 0;
        k += c >= 0;
    }
    r->shards_other += !same;
    return true;
}

static zagg_status compare(report *r, const zagg_shardmap *a, const zagg_shardmap *b,
                           zagg_err *err)
{
    const zagg_shard_entry **x = NULL, **y = NULL;
    zagg_status status = sort_shards(a, &x, err);
    if (status == ZAGG_OK)
        status = sort_shards(b, &y, err);
    size_t i = 0, k = 0;
    while (status == ZAGG_OK && (i < a->n_shards || k < b->n_shards)) {
        const int c = i == a->n_shards ? 1 : k == b->n_shards ? -1 : by_key(&x[i], &y[k]);
        if (c < 0)
            tell_shard(r, x[i], 0);
        else if (c > 0)
            tell_shard(r, y[k], 1);
        else if (!compare_shard(r, x[i], y[k]))
            status = zagg_err_set(err, ZAGG_ENOMEM, "out of memory");
        i += c <= 0;
        k += c >= 0;
    }
    zg_free((void *)x);
    zg_free((void *)y);
    return status;
}

/* What makes equal keys mean different places. */
static bool differ_in_grid(const diff_args *args, const zagg_shardmap *a,
                           const zagg_shardmap *b)
{
    const bool grids = a->grid_signature != NULL && b->grid_signature != NULL &&
                       !zagg_value_equal(a->grid_signature, b->grid_signature);
    const bool known = a->latitude != ZAGG_MAP_LATITUDE_UNKNOWN &&
                       b->latitude != ZAGG_MAP_LATITUDE_UNKNOWN;
    const bool latitudes = known && shardmap_latitude(a) != shardmap_latitude(b);
    if (grids && !args->quiet)
        printf("! the grids differ (grid_signature)\n");
    if (latitudes && !args->quiet)
        printf("! the keys are of different latitudes: %s and %s\n",
               zagg_latitude_name(shardmap_latitude(a)),
               zagg_latitude_name(shardmap_latitude(b)));
    return grids || latitudes;
}

static zagg_status work(const diff_args *a, bool *differ, zagg_err *err)
{
    zagg_shardmap *first = NULL, *second = NULL;
    zagg_grid *grid = NULL;
    report r = {.args = a};
    zg_vec_init(&r.ids[0], sizeof(const char *), 0);
    zg_vec_init(&r.ids[1], sizeof(const char *), 0);
    zagg_status status = zagg_shardmap_load(a->first, &first, err);
    if (status == ZAGG_OK)
        status = zagg_shardmap_load(a->second, &second, err);
    if (status == ZAGG_OK) {
        *differ = differ_in_grid(a, first, second);
        (void)zagg_map_grid(first, shardmap_latitude(first), &grid, NULL);
        r.grid = grid;
        status = compare(&r, first, second, err);
    }
    if (status == ZAGG_OK) {
        *differ = *differ || r.pairs_only[0] + r.pairs_only[1] > 0 ||
                  r.shards_only[0] + r.shards_only[1] > 0;
        if (!a->quiet && !a->all && r.lines > SHOWN)
            printf("... %zu more\n", r.lines - SHOWN);
        if (!a->quiet)
            printf("%s: %zu shards only in the first, %zu only in the second, %zu with "
                   "other "
                   "granules; %zu and %zu pairs\n",
                   *differ ? "they differ" : "the same", r.shards_only[0],
                   r.shards_only[1], r.shards_other, r.pairs_only[0], r.pairs_only[1]);
    }
    zg_vec_free(&r.ids[0]);
    zg_vec_free(&r.ids[1]);
    zagg_grid_free(grid);
    zagg_shardmap_free(first);
    zagg_shardmap_free(second);
    return status;
}

int shardmap_diff(int argc, char **argv)
{
    diff_args a = {.first = NULL};
    zagg_err err = ZAGG_ERR_INIT;
    bool differ = false;
    const int code = cli_parse(&COMMAND, argc, argv, take, &a);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    if (a.second == NULL) {
        fprintf(stderr, "zagg shardmap diff: give two maps\n");
        return EXIT_USAGE;
    }
    const zagg_status status = work(&a, &differ, &err);
    if (status != ZAGG_OK)
        return shardmap_fail(&COMMAND, status, &err);
    return differ ? EXIT_FAILED : EXIT_OK;
}
