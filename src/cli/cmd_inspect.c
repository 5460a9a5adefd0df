/* zagg inspect: what a store holds, and the values of single cells. */
#include "cli/cli.h"
#include "cli/inspect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_JSON = 256, OPT_ARRAY, OPT_CELL, OPT_LAT, OPT_LON, OPT_QUANTILES };

static const cli_option OPTIONS[] = {
    {OPT_JSON, "json", NULL, "print one JSON object"},
    {OPT_ARRAY, "array", "NAME", "only this array"},
    {OPT_CELL, "cell", "CELL",
     "the values of one cell: a morton id (4331422233), a morton word (as a\n"
     "number or 0x...), NESTED@ORDER, or of a rectilinear grid ROW,COLUMN"},
    {OPT_LAT, "lat", "DEG", "the values of the cell at a place, with --lon"},
    {OPT_LON, "lon", "DEG", "its longitude"},
    {OPT_QUANTILES, "quantiles", "Q,...",
     "of digests of that cell; the default is 0.1,0.5,0.9"},
    NET_OPTIONS,
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "inspect", "inspect STORE [OPTIONS]",
    "Tell what a store holds: its grid and shards, arrays, how many cells hold data, "
    "and\n"
    "for each field count, lowest, highest and mean of all finite values (of digests:\n"
    "centroids and total weight), bytes, and where it comes from. Reads flat stores,\n"
    "hives, and single leaves (ID.zarr).",
    OPTIONS,
    "  zagg inspect OUT\n"
    "  zagg inspect OUT --array h_tdigest --json\n"
    "  zagg inspect OUT --lat 38.88 --lon -76.56 --quantiles 0.05,0.5,0.95\n"
    "  zagg inspect OUT --cell 4331422233442"};

/* ---- command line ---- */

static int bad_number(const char *option, const char *value, const char *must)
{
    fprintf(stderr, "zagg inspect: --%s: found '%s'; must be %s\n", option, value, must);
    return EXIT_USAGE;
}

static int take_degrees(const char *option, const char *value, double limit, double *out,
                        bool *has)
{
    if (!zg_float_parse(value, strlen(value), out) || !(fabs(*out) <= limit))
        return bad_number(option, value,
                          limit > 90 ? "a number from -360 to 360"
                                     : "a number from -90 to 90");
    *has = true;
    return 0;
}

static int take_quantiles(inspect_args *a, const char *value)
{
    a->n_quantiles = 0;
    a->has_quantiles = true;
    for (const char *at = value;; at++) {
        const size_t len = strcspn(at, ",");
        double q = 0;
        if (!zg_float_parse(at, len, &q) || !(q >= 0 && q <= 1) ||
            a->n_quantiles == INSPECT_QUANTILES)
            return bad_number("quantiles", value,
                              "numbers from 0 to 1 with commas between them, 64 at most");
        a->quantiles[a->n_quantiles++] = q;
        at += len;
        if (*at == '\0')
            return 0;
    }
}

static int take(void *user, int id, const char *value)
{
    inspect_args *a = user;
    if (net_args_take(&a->net, id, value))
        return 0;
    switch (id) {
    case 0:
        return cli_take_store(&COMMAND, &a->store, value);
    case OPT_JSON:
        a->json = true;
        return 0;
    case OPT_ARRAY:
        a->array = value;
        return 0;
    case OPT_CELL:
        a->cell = value;
        return 0;
    case OPT_LAT:
        return take_degrees("lat", value, 90, &a->lat_deg, &a->has_lat);
    case OPT_LON:
        return take_degrees("lon", value, 360, &a->lon_deg, &a->has_lon);
    default:
        return take_quantiles(a, value);
    }
}

static int usage(const char *what)
{
    fprintf(stderr, "zagg inspect: %s; see zagg inspect --help\n", what);
    return EXIT_USAGE;
}

static int check_args(const inspect_args *a)
{
    if (a->store == NULL)
        return cli_need_store(&COMMAND);
    if (a->has_lat != a->has_lon)
        return usage("--lat and --lon go together");
    if (a->has_lat && a->cell != NULL)
        return usage("--cell and --lat name two cells");
    if (a->has_quantiles && !a->has_lat && a->cell == NULL)
        return usage("--quantiles are those of a cell: --cell or --lat and --lon");
    return 0;
}

/* ---- gathering ---- */

bool inspect_wants(const inspection *in, const zagg_store_field_info *f)
{
    return in->args->array == NULL || strcmp(in->args->array, f->name) == 0;
}

static zagg_status add_size(void *user, const char *key, uint64_t size, zagg_err *err)
{
    inspection *in = user;
    (void)key;
    (void)err;
    in->objects++;
    in->bytes += size;
    return ZAGG_OK;
}

/* A document that may be missing or damaged: *out is NULL then. */
static zagg_status read_doc(inspection *in, zagg_sink *sink, const char *key,
                            const zagg_value **out, zagg_err *err)
{
    void *text = NULL;
    size_t len = 0;
    *out = NULL;
    zagg_status status =
        sink != NULL ? zagg_sink_get(sink, key, (size_t)64 << 20, &text, &len, err)
                     : ZAGG_ENOTFOUND;
    if (status == ZAGG_OK) {
        status = zagg_json_parse(in->arena, text, len, key, out, err);
        zagg_bytes_free(text);
    }
    return status == ZAGG_ENOMEM ? status : ZAGG_OK;
}

/* A list of different texts, in order; grown by doubling in the arena. */
static zagg_status add_text(inspection *in, const char ***list, size_t *n,
                            const char *text, zagg_err *err)
{
    size_t lo = 0, hi = *n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (strcmp((*list)[mid], text) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    if (lo < *n && strcmp((*list)[lo], text) == 0)
        return ZAGG_OK;
    if ((*n & (*n - 1)) == 0) { /* 0, 1, 2, 4, ...: full */
        const char **grown = NULL;
        ZAGG_TRY(
            zagg_arena_alloc(in->arena, *n > 0 ? 2 * *n : 1, sizeof *grown, &grown, err));
        if (*n > 0)
            memcpy(grown, *list, *n * sizeof *grown);
        *list = grown;
    }
    memmove(*list + lo + 1, *list + lo, (*n - lo) * sizeof **list);
    (*list)[lo] = text;
    (*n)++;
    return ZAGG_OK;
}

static uint64_t count_of(const zagg_value *map, const char *key)
{
    uint64_t n = UINT64_MAX;
    (void)zagg_value_u64(zagg_value_get(map, key), &n);
    return n;
}

/* "FOLDER/stats.json" of a leaf "FOLDER/ID.zarr". */
static zagg_status read_sidecar(inspection *in, zagg_sink *sink,
                                const zagg_store_shard *shard, const char *name,
                                const zagg_value **out, zagg_err *err)
{
    const char *slash = strrchr(shard->leaf, '/');
    zg_str key;
    *out = NULL;
    if (slash == NULL)
        return ZAGG_OK;
    zg_str_init(&key, 0);
    zg_str_addn(&key, shard->leaf, (size_t)(slash + 1 - shard->leaf));
    zg_str_addf(&key, "%s%s%s.json", name, shard->window != NULL ? "_" : "",
                shard->window != NULL ? shard->window : "");
    const zagg_status status =
        key.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path")
                   : read_doc(in, sink, key.data, out, err);
    zg_str_free(&key);
    return status;
}

static zagg_status read_shard(inspection *in, zagg_sink *sink,
                              const zagg_store_shard *shard, inspect_shard *out,
                              zagg_err *err)
{
    const zagg_value *stats = NULL, *granules = NULL;
    *out = (inspect_shard){count_of(shard->stamp, "granule_count"), UINT64_MAX,
                           zg_value_text(shard->stamp, "written_at"),
                           zg_value_text(shard->stamp, "run_id")};
    ZAGG_TRY(read_sidecar(in, sink, shard, "stats", &stats, err));
    ZAGG_TRY(read_sidecar(in, sink, shard, "granules", &granules, err));
    if (stats != NULL) {
        const char *version = zg_value_text(stats, "zagg_version");
        out->observations = count_of(stats, "n_obs");
        out->run_id = out->run_id != NULL ? out->run_id : zg_value_text(stats, "run_id");
        if (version != NULL)
            ZAGG_TRY(add_text(in, &in->versions, &in->n_versions, version, err));
    }
    const zagg_value *ids = zagg_value_get(granules, "granule_ids");
    for (size_t i = 0; ids != NULL && ids->kind == ZAGG_LIST && i < ids->n; i++)
        if (ids->items[i]->kind == ZAGG_STR)
            ZAGG_TRY(
                add_text(in, &in->granules, &in->n_granules, ids->items[i]->str, err));
    return ZAGG_OK;
}

static zagg_status read_group(inspection *in, zagg_sink *sink, size_t i, zagg_err *err)
{
    inspect_group *g = &in->groups[i];
    g->group = zagg_store_get_group(in->store, i);
    ZAGG_TRY(zagg_arena_alloc(in->arena, g->group->n_fields, sizeof *g->stats, &g->stats,
                              err));
    ZAGG_TRY(zagg_arena_alloc(in->arena, g->group->n_shards, sizeof *g->cells_with_data,
                              &g->cells_with_data, err));
    ZAGG_TRY(zagg_arena_alloc(in->arena, g->group->n_shards, sizeof *g->shards,
                              &g->shards, err));
    ZAGG_TRY(zagg_store_survey(in->store, i, g->stats, g->cells_with_data, err));
    for (size_t k = 0; k < g->group->n_shards; k++)
        ZAGG_TRY(read_shard(in, sink, &g->group->shards[k], &g->shards[k], err));
    return ZAGG_OK;
}

static zagg_status check_array(const inspection *in, zagg_err *err)
{
    for (size_t i = 0; i < in->n_groups; i++) {
        const zagg_store_group *g = zagg_store_get_group(in->store, i);
        for (size_t k = 0; k < g->n_fields; k++)
            if (inspect_wants(in, &g->fields[k]))
                return ZAGG_OK;
    }
    return in->args->array == NULL
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOTFOUND, "%s: there is no array '%s'",
                              in->args->store, in->args->array);
}

static zagg_status gather(inspection *in, const cli_store *s, zagg_err *err)
{
    in->n_groups = zagg_store_n_groups(in->store);
    ZAGG_TRY(check_array(in, err));
    ZAGG_TRY(
        zagg_arena_alloc(in->arena, in->n_groups, sizeof *in->groups, &in->groups, err));
    ZAGG_TRY(zagg_sink_list(s->sink, "", add_size, in, err));
    for (size_t i = 0; i < in->n_groups; i++)
        ZAGG_TRY(read_group(in, s->sink, i, err));
    return read_doc(in, s->status, "run.json", &in->run, err);
}

static zagg_status inspect_all(const inspect_args *args, const cli_store *s,
                               const zagg_store *store, zagg_err *err)
{
    inspection in = {.args = args, .store = store};
    ZAGG_TRY(zagg_arena_new(0, &in.arena, err));
    zagg_status status = gather(&in, s, err);
    if (status == ZAGG_OK)
        status = args->json ? inspect_print_json(&in, err) : inspect_print_text(&in, err);
    zagg_arena_free(in.arena);
    return status;
}

int main_inspect(int argc, char **argv)
{
    inspect_args args = {.quantiles = {0.1, 0.5, 0.9}, .n_quantiles = 3};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_store *store = NULL;
    cli_store s;
    int code = cli_parse(&COMMAND, argc, argv, take, &args);
    if (code == 0)
        code = check_args(&args);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    zagg_status status = cli_store_open(&s, args.store, &args.net, &err);
    if (status == ZAGG_OK)
        status = zagg_store_open_sink(s.sink, s.name, &store, &err);
    if (status == ZAGG_OK)
        status = args.cell != NULL || args.has_lat ? inspect_cell(&args, store, &err)
                                                   : inspect_all(&args, &s, store, &err);
    zagg_store_close(store);
    cli_store_close(&s);
    return status == ZAGG_OK ? EXIT_OK : cli_store_fail(&COMMAND, status, &err);
}
