/* zagg view: shard maps, catalogs and stores as a map to look at. */
#include "base/base.h"
#include "cat/text_source.h"
#include "cli/cli.h"
#include "cli/cmd_shardmap.h"
#include "cli/output_file.h"
#include "cli/store_args.h"
#include "view/view.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OPT_TITLE = 256,
    OPT_FIELD,
    OPT_GROUP,
    OPT_CATALOG,
    OPT_AOI,
    OPT_PROJECTION,
    OPT_FORCE
};

static const cli_option OPTIONS[] = {
    {'o', "output", "FILE", "page (.html) or picture (.png) to write"},
    {OPT_FIELD, "field", "NAME",
     "what colours a store: a field, one value of a vector (NAME[2]), or\n"
     "count; of a digest its median. A catalog: date (default) or count"},
    {OPT_GROUP, "group", "NAME", "group of cells, where the store has several"},
    {OPT_CATALOG, "catalog", "FILE",
     "of a shard map: catalog to take the granules' footprints from"},
    {OPT_AOI, "aoi", "FILE", "outline to draw over it: GeoJSON, WKT or WKB"},
    {OPT_PROJECTION, "projection", "NAME",
     "auto (default), north, south (equal areas around a pole) or lonlat;\n"
     "auto is a polar one where all lies beyond 60 degrees"},
    {OPT_TITLE, "title", "TEXT", "heading; default: the name of what is shown"},
    {OPT_FORCE, "force", NULL, "write over FILE"},
    NET_OPTIONS,
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "view", "view SHARDMAP|CATALOG|STORE -o FILE [OPTIONS]",
    "Draw a map of a shard map (shards by how many granules they read), of a catalog\n"
    "(footprints by date) or of a store (cells by a field). The page is one file that\n"
    "needs no network: point at a shape for its values, click it for its granules,\n"
    "search by id; all of it works with the keyboard. What is too much for a page is\n"
    "summed up, and the page says so.",
    OPTIONS,
    "  zagg view map.json -o map.html\n"
    "  zagg view map.json -o map.html --catalog atl03.ndjson.gz --aoi area.geojson\n"
    "  zagg view atl03.ndjson.gz -o granules.html\n"
    "  zagg view OUT -o heights.html --field h_mean\n"
    "  zagg view OUT -o heights.png --field h_mean"};

typedef struct view_args {
    const char *path, *output, *aoi;
    bool force;
    zg_view_opts opts;
    net_args net;
} view_args;

/* ---- command line ---- */

static int take_projection(view_args *a, const char *value)
{
    static const char *const NAMES[] = {"auto", "north", "south", "lonlat"};
    for (size_t i = 0; i < 4; i++)
        if (strcmp(value, NAMES[i]) == 0) {
            a->opts.projection = (zg_view_projection)i;
            return 0;
        }
    fprintf(stderr,
            "zagg view: --projection: found '%s'; must be auto, north, south or lonlat\n",
            value);
    return EXIT_USAGE;
}

static int take_path(view_args *a, const char *value)
{
    if (a->path == NULL) {
        a->path = value;
        return 0;
    }
    fprintf(stderr,
            "zagg view: %s: one map, catalog or store only; see zagg view --help\n",
            value);
    return EXIT_USAGE;
}

static int take(void *user, int id, const char *value)
{
    view_args *a = user;
    if (net_args_take(&a->net, id, value))
        return 0;
    switch (id) {
    case 0:
        return take_path(a, value);
    case 'o':
        a->output = value;
        return 0;
    case OPT_TITLE:
        a->opts.title = value;
        return 0;
    case OPT_FIELD:
        a->opts.field = value;
        return 0;
    case OPT_GROUP:
        a->opts.group = value;
        return 0;
    case OPT_CATALOG:
        a->opts.catalog = value;
        return 0;
    case OPT_AOI:
        a->aoi = value;
        return 0;
    case OPT_PROJECTION:
        return take_projection(a, value);
    default:
        a->force = true;
        return 0;
    }
}

static bool ends_with(const char *text, const char *suffix)
{
    const size_t n = strlen(text), m = strlen(suffix);
    return n > m && strcmp(text + n - m, suffix) == 0;
}

static int check_args(const view_args *a)
{
    const char *wrong = NULL;
    if (a->path == NULL)
        wrong = "name a shard map, a catalog or a store";
    else if (a->output == NULL)
        wrong = "give the file to write with -o";
    else if (!ends_with(a->output, ".html") && !ends_with(a->output, ".png"))
        wrong = "the file to write must end with .html or .png";
    if (wrong == NULL)
        return 0;
    fprintf(stderr, "zagg view: %s; see zagg view --help\n", wrong);
    return EXIT_USAGE;
}

/* ---- what it is ---- */

typedef enum source_kind { SOURCE_STORE, SOURCE_MAP, SOURCE_CATALOG } source_kind;

enum { HEAD_BYTES = 1 << 20 };

/* A shard map says so by its keys; whatever else is a file is taken for a catalog, if it
 * has items, and for a map that lacks something otherwise. */
static source_kind kind_of_text(const char *head)
{
    if (strstr(head, "\"shard_keys\"") != NULL ||
        strstr(head, "zagg-shardmap-compact/") != NULL)
        return SOURCE_MAP;
    if (strncmp(head, "PAR1", 4) == 0 || strstr(head, "\"Feature") != NULL ||
        strstr(head, "\"zagg:catalog_meta\"") != NULL)
        return SOURCE_CATALOG;
    return SOURCE_MAP;
}

static zagg_status read_head(const char *path, char *head, zagg_err *err)
{
    zagg_source *file;
    zg_text_source *text;
    size_t len = 0, n = 1;
    ZAGG_TRY(zagg_source_open_file(path, &file, err));
    ZAGG_TRY(zg_text_source_new(file, &text, err));
    zagg_status status = ZAGG_OK;
    while (status == ZAGG_OK && n > 0 && len < HEAD_BYTES) {
        status = zg_text_source_read(text, head + len, HEAD_BYTES - len, &n, err);
        len += status == ZAGG_OK ? n : 0;
    }
    zg_text_source_free(text);
    for (size_t i = 0; i < len; i++)
        if (head[i] == '\0')
            head[i] = ' '; /* of Parquet */
    head[len] = '\0';
    return status;
}

static zagg_status find_kind(const char *path, source_kind *out, zagg_err *err)
{
    struct stat st;
    *out = SOURCE_STORE;
    if (zagg_url_is_remote(path) || strncmp(path, "file://", 7) == 0 ||
        (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return ZAGG_OK;
    char *head = zg_alloc(HEAD_BYTES + 1, 1);
    if (head == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to look at %s", path);
    const zagg_status status = read_head(path, head, err);
    if (status == ZAGG_OK)
        *out = kind_of_text(head);
    zg_free(head);
    return status;
}

/* ---- gathering ---- */

static zagg_status read_aoi(view_args *a, zagg_arena *arena, zagg_shape *shape,
                            zagg_err *err)
{
    shardmap_area area = {.given = false};
    if (a->aoi == NULL)
        return ZAGG_OK;
    if (ends_with(a->aoi, ".wkt"))
        area.wkt = a->aoi;
    else if (ends_with(a->aoi, ".wkb"))
        area.wkb = a->aoi;
    else
        area.polygon = a->aoi;
    ZAGG_TRY(shardmap_area_read(&area, arena, err));
    *shape = area.shape;
    a->opts.aoi = shape;
    return ZAGG_OK;
}

static zagg_status gather_store(const view_args *a, zg_scene **out, zagg_err *err)
{
    cli_store s;
    zagg_store *store = NULL;
    zagg_status status = cli_store_open(&s, a->path, &a->net, err);
    if (status == ZAGG_OK)
        status = zagg_store_open_sink(s.sink, s.name, &store, err);
    if (status == ZAGG_OK)
        status = zg_view_store(store, &a->opts, out, err);
    zagg_store_close(store);
    cli_store_close(&s);
    return status;
}

static zagg_status gather_map(const view_args *a, zg_scene **out, zagg_err *err)
{
    zagg_shardmap *map;
    ZAGG_TRY(zagg_shardmap_load(a->path, &map, err));
    const zagg_status status = zg_view_shardmap(map, &a->opts, out, err);
    zagg_shardmap_free(map);
    return status;
}

static zagg_status gather(view_args *a, source_kind kind, zg_scene **out, zagg_err *err)
{
    switch (kind) {
    case SOURCE_MAP:
        return gather_map(a, out, err);
    case SOURCE_CATALOG:
        return zg_view_catalog(a->path, &a->opts, out, err);
    default:
        return gather_store(a, out, err);
    }
}

/* ---- the file ---- */

static volatile int stop_flag;

static void on_signal(int signal_number)
{
    (void)signal_number;
    zg_stop(&stop_flag);
}

typedef struct picture {
    const char *path;
    const zg_scene *scene;
} picture;

static zagg_status draw(void *user, FILE *file, zagg_err *err)
{
    const picture *p = user;
    const zagg_status status = ends_with(p->path, ".png")
                                   ? zg_view_png(p->scene, file, err)
                                   : zg_view_html(p->scene, file, err);
    return status == ZAGG_OK ? status : zagg_err_context(err, status, "%s", p->path);
}

static zagg_status view(view_args *a, source_kind kind, zg_scene **scene, zagg_err *err)
{
    zagg_arena *arena;
    zagg_shape shape;
    const shardmap_output out = {.path = a->output, .force = a->force};
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    a->opts.stop = &stop_flag;
    ZAGG_TRY(shardmap_may_write(&out, err));
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = read_aoi(a, arena, &shape, err);
    if (status == ZAGG_OK)
        status = gather(a, kind, scene, err);
    if (status == ZAGG_OK)
        status = cli_output_write(a->output, draw, &(picture){a->output, *scene}, err);
    zagg_arena_free(arena);
    return status;
}

int main_view(int argc, char **argv)
{
    view_args a = {.path = NULL};
    zagg_err err = ZAGG_ERR_INIT;
    zg_scene *scene = NULL;
    source_kind kind = SOURCE_STORE;
    char n[32];
    int code = cli_parse(&COMMAND, argc, argv, take, &a);
    if (code == 0)
        code = check_args(&a);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    zagg_status status = find_kind(a.path, &kind, &err);
    if (status == ZAGG_OK)
        status = view(&a, kind, &scene, &err);
    if (status != ZAGG_OK)
        code = kind == SOURCE_MAP ? shardmap_fail(&COMMAND, status, &err)
                                  : cli_store_fail(&COMMAND, status, &err);
    else
        printf("%s: %s shapes by %s\n", a.output,
               cli_thousands(zg_scene_n_items(scene), n), zg_scene_value_name(scene));
    zg_scene_free(scene);
    return code;
}
