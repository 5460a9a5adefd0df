/* zagg shardmap build | info | convert | diff | subset | closest: which granules each
 * shard reads.
 */
#include "cli/cmd_shardmap.h"

#include "cli/cli.h"
#include "pq/pq.h"
#include "zagg/io.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_AREA_BYTES ((size_t)256 << 20)

static const cli_option OPTIONS[] = {{0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "shardmap", "shardmap build | info | convert | diff | subset | closest [...]",
    "Shard maps: which granules each shard of a grid reads.\n"
    "  build    from a catalog of granules, or from granules on disk\n"
    "  info     what a map holds\n"
    "  convert  to another form, or to shards of another order\n"
    "  diff     compare two maps\n"
    "  subset   some shards, an area, a time\n"
    "  closest  of rasters those closest in time to what other stores hold\n"
    "`zagg shardmap build --help` and so on tell the options of each.",
    OPTIONS,
    "  zagg shardmap build --config atl03.yaml --catalog atl03.parquet --polygon "
    "aoi.geojson "
    "-o map.json\n"
    "  zagg shardmap info map.json"};

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} ACTIONS[] = {{"build", shardmap_build},     {"info", shardmap_info},
               {"convert", shardmap_convert}, {"diff", shardmap_diff},
               {"subset", shardmap_subset},   {"closest", shardmap_closest}};

static int take(void *user, int id, const char *value)
{
    (void)user;
    (void)id;
    fprintf(stderr,
            "zagg shardmap: %s: unknown command; there are build, info, convert, diff, "
            "subset "
            "and closest\n",
            value);
    return EXIT_USAGE;
}

int main_shardmap(int argc, char **argv)
{
    zg_pq_install();
    for (size_t i = 0; argc > 1 && i < sizeof ACTIONS / sizeof ACTIONS[0]; i++)
        if (strcmp(argv[1], ACTIONS[i].name) == 0)
            return ACTIONS[i].run(argc - 1, argv + 1);
    const int rc = cli_parse(&COMMAND, argc, argv, take, NULL);
    if (rc != 0)
        return rc == CLI_DONE ? EXIT_OK : rc;
    fprintf(stderr,
            "zagg shardmap: write `zagg shardmap build --config FILE --catalog FILE` "
            "or `zagg shardmap info MAP`; --help tells more\n");
    return EXIT_USAGE;
}

/* ---- shared ---- */

int shardmap_fail(const cli_command *command, zagg_status status, const zagg_err *err)
{
    fprintf(stderr, "zagg %s: ", command->name);
    for (const char *p = err->msg; *p != '\0'; p++) {
        const unsigned char c = (unsigned char)*p;
        if (c < 0x20 || c == 0x7f)
            fprintf(stderr, "\\x%02x", c);
        else
            fputc(c, stderr);
    }
    fputc('\n', stderr);
    return status == ZAGG_EFORMAT || status == ZAGG_EUNSUPPORTED || status == ZAGG_ERANGE
               ? EXIT_CONFIG
               : cli_exit_code(status);
}

int shardmap_take_path(const cli_command *command, const char **first,
                       const char **second, const char *value)
{
    const char **slot = *first == NULL                      ? first
                        : second != NULL && *second == NULL ? second
                                                            : NULL;
    if (slot != NULL) {
        *slot = value;
        return 0;
    }
    fprintf(stderr, "zagg %s: %s: unexpected argument\n", command->name, value);
    return EXIT_USAGE;
}

static bool ends_with(const char *text, const char *suffix)
{
    const size_t n = strlen(text), m = strlen(suffix);
    return n >= m && strcmp(text + n - m, suffix) == 0;
}

int shardmap_form(const cli_command *command, const shardmap_output *out,
                  zagg_map_form *form)
{
    static const char *const NAMES[] = {"json", "compact", "parquet"};
    if (out->form == NULL) {
        *form = ends_with(out->path, ".parquet") ? ZAGG_MAP_PARQUET
                : ends_with(out->path, ".gz")    ? ZAGG_MAP_COMPACT
                                                 : ZAGG_MAP_JSON;
        return 0;
    }
    for (int i = 0; i < 3; i++)
        if (strcmp(out->form, NAMES[i]) == 0) {
            *form = (zagg_map_form)i;
            return 0;
        }
    fprintf(stderr, "zagg %s: --form: found '%s'; must be json, compact or parquet\n",
            command->name, out->form);
    return EXIT_USAGE;
}

zagg_status shardmap_may_write(const shardmap_output *out, zagg_err *err)
{
    struct stat st;
    if (stat(out->path, &st) != 0)
        return ZAGG_OK;
    if (!S_ISREG(st.st_mode))
        return zagg_err_set(err, ZAGG_EEXISTS, "%s is no ordinary file", out->path);
    if (!out->force)
        return zagg_err_set(err, ZAGG_EEXISTS,
                            "%s is there already; --force to write over it", out->path);
    return ZAGG_OK;
}

/* ---- areas ---- */

static zagg_status read_geojson(const char *path, zagg_arena *arena, zagg_shape *out,
                                zagg_err *err)
{
    char *text;
    size_t len;
    const zagg_value *v;
    ZAGG_TRY(zagg_file_read(path, MAX_AREA_BYTES, &text, &len, err));
    zagg_status status = zagg_json_parse(arena, text, len, path, &v, err);
    zagg_bytes_free(text);
    if (status == ZAGG_OK) {
        status = zagg_shape_from_geojson(arena, v, 0, out, err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "%s", path);
    }
    return status;
}

/** The text itself, or the file that it names. */
static zagg_status read_wkt(const char *wkt, zagg_arena *arena, zagg_shape *out,
                            zagg_err *err)
{
    struct stat st;
    char *text;
    size_t len;
    if (stat(wkt, &st) != 0 || !S_ISREG(st.st_mode))
        return zagg_shape_from_wkt(arena, wkt, strlen(wkt), 0, out, err);
    ZAGG_TRY(zagg_file_read(wkt, MAX_AREA_BYTES, &text, &len, err));
    const zagg_status status = zagg_shape_from_wkt(arena, text, len, 0, out, err);
    zagg_bytes_free(text);
    return status == ZAGG_OK ? status : zagg_err_context(err, status, "%s", wkt);
}

static zagg_status read_wkb(const char *path, zagg_arena *arena, zagg_shape *out,
                            zagg_err *err)
{
    char *data;
    size_t len;
    ZAGG_TRY(zagg_file_read(path, MAX_AREA_BYTES, &data, &len, err));
    const zagg_status status = zagg_shape_from_wkb(arena, data, len, 0, out, err);
    zagg_bytes_free(data);
    return status == ZAGG_OK ? status : zagg_err_context(err, status, "%s", path);
}

zagg_status shardmap_area_read(shardmap_area *a, zagg_arena *arena, zagg_err *err)
{
    double box[4];
    a->given = a->polygon != NULL || a->bbox != NULL || a->wkt != NULL || a->wkb != NULL;
    if (a->polygon != NULL)
        return read_geojson(a->polygon, arena, &a->shape, err);
    if (a->wkt != NULL)
        return read_wkt(a->wkt, arena, &a->shape, err);
    if (a->wkb != NULL)
        return read_wkb(a->wkb, arena, &a->shape, err);
    if (a->bbox == NULL)
        return ZAGG_OK;
    ZAGG_TRY(zagg_bbox_parse(a->bbox, box, err));
    return zagg_shape_from_bbox(arena, box, &a->shape, err);
}

size_t shardmap_pairs(const zagg_shardmap *map)
{
    size_t n = 0;
    for (size_t i = 0; i < map->n_shards; i++)
        n += map->shards[i].n_granules;
    return n;
}

zagg_latitude shardmap_latitude(const zagg_shardmap *map)
{
    return map->latitude == ZAGG_MAP_LATITUDE_GEODETIC ||
                   map->latitude == ZAGG_MAP_LATITUDE_LEGACY
               ? ZAGG_LATITUDE_GEODETIC
               : ZAGG_LATITUDE_AUTHALIC;
}
