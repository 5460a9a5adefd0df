/* zagg cell: places, cells and areas in each other's terms. */
#include "cli/cell_args.h"
#include "cli/cli.h"
#include "cli/cmd_catalog.h"
#include "cli/cmd_shardmap.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "map/region.h"
#include "text/text.h"
#include "zagg/moc.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
    OPT_ORDER = 256,
    OPT_POLYGON,
    OPT_BBOX,
    OPT_WKT,
    OPT_WKB,
    OPT_AND,
    OPT_OR,
    OPT_MINUS,
    OPT_XOR,
    OPT_MOC,
    OPT_FLAT,
    OPT_LATITUDE,
    OPT_PRINT,
    OPT_JSON
};

static const cli_option OPTIONS[] = {
    {OPT_ORDER, "order", "N",
     "of the cells of places (default 29), of the cells that cover an\narea, and that "
     "others are coarsened to"},
    {OPT_POLYGON, "polygon", "FILE",
     "the cells that meet an area: polygons, with their holes, or\nelse lines of "
     "GeoJSON"},
    {OPT_BBOX, "bbox", "W,S,E,N", "... a box in degrees; W > E crosses the antimeridian"},
    {OPT_WKT, "wkt", "TEXT", "... well-known text, or a file of it"},
    {OPT_WKB, "wkb", "FILE", "... well-known binary"},
    {OPT_AND, "and", "CELLS",
     "of the cells so far those that are also in CELLS: a list with\nblanks between its "
     "members, or @FILE; the result is a set"},
    {OPT_OR, "or", "CELLS", "... together with these"},
    {OPT_MINUS, "minus", "CELLS", "... without these"},
    {OPT_XOR, "xor", "CELLS", "... those in one of both, but not in both"},
    {OPT_MOC, "moc", NULL, "as a set: the fewest cells of any order, ascending"},
    {OPT_FLAT, "flat", NULL, "as a set: cells of --order, ascending"},
    {OPT_LATITUDE, "latitude", "KIND", "authalic (default) or geodetic"},
    {OPT_PRINT, "print", "WHAT", "one a line, nothing else: id, word or nested"},
    {OPT_JSON, "json", NULL, "print one JSON object, with corners"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "cell", "cell CELL... | AREA [OPTIONS]",
    "Tell what cells of the HEALPix grid are called, and where they lie. CELL is a "
    "place\n"
    "(LAT,LON), a decimal morton id, a packed morton word, NESTED@ORDER, or @FILE: a "
    "file\n"
    "of such.",
    OPTIONS,
    "  zagg cell 38.89,-76.56 --order 11\n"
    "  zagg cell -31123\n"
    "  zagg cell --bbox -76.63,38.83,-76.5,38.94 --order 9 --print id\n"
    "  zagg cell --polygon bay.geojson --order 11 --minus @done.txt --moc"};

enum { MOST_STEPS = 32 };

/** One set joined to the one so far. */
typedef struct set_step {
    zagg_moc_op op;
    const char *cells;
} set_step;

typedef enum print_what {
    PRINT_TABLE = 0,
    PRINT_ID,
    PRINT_WORD,
    PRINT_NESTED
} print_what;

typedef struct cell_args {
    zg_vec cells; /* const char * */
    set_step steps[MOST_STEPS];
    size_t n_steps;
    shardmap_area area;
    bool order_given, moc, flat, json;
    print_what print;
    cell_terms terms;
    progress progress;
    zagg_arena *arena;
} cell_args;

/* ---- arguments ---- */

static int wrong(const char *option, const char *value, const char *must)
{
    fprintf(stderr, "zagg cell: --%s: found '%s'; must be %s\n", option, value, must);
    return EXIT_USAGE;
}

static int take_step(cell_args *a, int id, const char *value)
{
    static const zagg_moc_op OPS[] = {ZAGG_MOC_AND, ZAGG_MOC_OR, ZAGG_MOC_MINUS,
                                      ZAGG_MOC_XOR};
    if (a->n_steps == MOST_STEPS) {
        fprintf(stderr, "zagg cell: more than %d sets to join\n", MOST_STEPS);
        return EXIT_USAGE;
    }
    a->steps[a->n_steps++] = (set_step){OPS[id - OPT_AND], value};
    return 0;
}

static int take_print(cell_args *a, const char *value)
{
    static const char *const NAMES[] = {"id", "word", "nested"};
    for (int i = 0; i < 3; i++)
        if (strcmp(value, NAMES[i]) == 0) {
            a->print = (print_what)(PRINT_ID + i);
            return 0;
        }
    return wrong("print", value, "id, word or nested");
}

static int take_order(cell_args *a, const char *value)
{
    long long order = 0;
    if (!cli_integer(&COMMAND, "order", value, 0, ZAGG_GEO_MAX_ORDER, &order))
        return EXIT_USAGE;
    a->terms.order = (unsigned)order;
    a->order_given = true;
    return 0;
}

static int take(void *user, int id, const char *value)
{
    cell_args *a = user;
    const struct {
        int id;
        const char **slot;
    } texts[] = {{OPT_POLYGON, &a->area.polygon},
                 {OPT_BBOX, &a->area.bbox},
                 {OPT_WKT, &a->area.wkt},
                 {OPT_WKB, &a->area.wkb}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].id == id) {
            *texts[i].slot = value;
            a->area.given = true;
            return 0;
        }
    switch (id) {
    case 0:
        if (zg_vec_append(&a->cells, &value, 1))
            return 0;
        fprintf(stderr, "zagg cell: out of memory\n");
        return EXIT_FAILED;
    case OPT_ORDER:
        return take_order(a, value);
    case OPT_AND:
    case OPT_OR:
    case OPT_MINUS:
    case OPT_XOR:
        return take_step(a, id, value);
    case OPT_LATITUDE:
        return zagg_latitude_parse(value, &a->terms.latitude)
                   ? 0
                   : wrong("latitude", value, "authalic or geodetic");
    case OPT_PRINT:
        return take_print(a, value);
    case OPT_JSON:
        a->json = true;
        return 0;
    default:
        *(id == OPT_MOC ? &a->moc : &a->flat) = true;
        return 0;
    }
}

static int check(const cell_args *a)
{
    const char *what = NULL;
    if ((a->cells.len > 0) == a->area.given)
        what = "give either cells or an area";
    else if (a->area.given && (!a->order_given || a->terms.order == 0))
        what = "give the order of the cells, 1 to 29, with --order";
    else if (a->flat && !a->order_given)
        what = "--flat needs --order";
    else if (a->flat && a->moc)
        what = "give one of --moc and --flat";
    if (what == NULL)
        return 0;
    fprintf(stderr, "zagg cell: %s; see zagg cell --help\n", what);
    return EXIT_USAGE;
}

/** getopt takes "-31123" for options: a blank in front makes an argument of it, where it
 * is not the value of an option. */
static zagg_status shield(int argc, char **argv, zagg_arena *arena, char ***out,
                          zagg_err *err)
{
    char **copy;
    ZAGG_TRY(zagg_arena_alloc(arena, (size_t)argc + 1, sizeof(char *), &copy, err));
    bool value = false, options = true;
    for (int i = 0; i < argc; i++) {
        copy[i] = argv[i];
        if (options && !value && cell_args_negative(argv[i])) {
            const size_t n = strlen(argv[i]);
            ZAGG_TRY(zagg_arena_alloc(arena, n + 2, 1, &copy[i], err));
            copy[i][0] = ' ';
            memcpy(copy[i] + 1, argv[i], n + 1);
        }
        options = options && strcmp(argv[i], "--") != 0;
        value = false;
        for (const cli_option *o = OPTIONS; o->id != 0 && argv[i][0] == '-'; o++)
            value = value || (o->arg != NULL && strncmp(argv[i], "--", 2) == 0 &&
                              strcmp(argv[i] + 2, o->name) == 0);
    }
    copy[argc] = NULL;
    *out = copy;
    return ZAGG_OK;
}

/* ---- areas and sets ---- */

static bool has_polygon(const zagg_shape *shape)
{
    for (size_t i = 0; i < shape->n_parts; i++)
        if (shape->parts[i].kind == ZAGG_SHAPE_POLYGON)
            return true;
    return false;
}

static zagg_status add_words(zg_vec *words, const zagg_words *more, zagg_err *err)
{
    return zg_vec_append(words, more->words, more->n)
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of cells");
}

static zagg_status cover_lines(const cell_args *a, const zagg_cover_opts *opts,
                               zg_vec *words, zagg_err *err)
{
    const zagg_shape *shape = &a->area.shape;
    for (size_t i = 0; i < shape->n_parts; i++) {
        zagg_words line;
        if (shape->parts[i].n_rings == 0 || shape->parts[i].rings[0].n == 0)
            continue;
        ZAGG_TRY(
            zagg_cover_line(&shape->parts[i].rings[0], a->terms.order, opts, &line, err));
        const zagg_status status = add_words(words, &line, err);
        zagg_words_free(&line);
        ZAGG_TRY(status);
    }
    return ZAGG_OK;
}

static zagg_status cover(cell_args *a, zg_vec *words, zagg_err *err)
{
    const zagg_cover_opts opts = {.latitude = a->terms.latitude};
    zg_rings rings;
    zagg_words found;
    ZAGG_TRY(shardmap_area_read(&a->area, a->arena, err));
    if (!has_polygon(&a->area.shape))
        return cover_lines(a, &opts, words, err);
    ZAGG_TRY(
        zg_region_rings(a->arena, &a->area.shape, true, a->progress.log, &rings, err));
    ZAGG_TRY(
        zagg_cover_polygon(rings.items, rings.n, a->terms.order, &opts, &found, err));
    const zagg_status status = add_words(words, &found, err);
    zagg_words_free(&found);
    return status;
}

/** The words as a set, joined to others as asked for. */
static zagg_status as_set(const cell_args *a, zg_vec *words, zagg_err *err)
{
    zagg_words set, joined;
    zg_vec other;
    ZAGG_TRY(zagg_moc_compress(words->data, words->len, &set, err));
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; i < a->n_steps && status == ZAGG_OK; i++) {
        zg_vec_init(&other, sizeof(uint64_t), 0);
        status = a->steps[i].cells[0] == '@'
                     ? cell_args_take(a->steps[i].cells, &a->terms, &other, err)
                     : cell_args_list(a->steps[i].cells, &a->terms, &other, err);
        if (status == ZAGG_OK)
            status = zagg_moc_combine(a->steps[i].op, set.words, set.n, other.data,
                                      other.len, &joined, err);
        zg_vec_free(&other);
        if (status == ZAGG_OK) {
            zagg_words_free(&set);
            set = joined;
        }
    }
    const bool flat = a->flat || (a->area.given && a->n_steps == 0 && !a->moc);
    if (status == ZAGG_OK && flat) {
        status = zagg_moc_to_order(set.words, set.n, a->terms.order,
                                   (uint64_t)16 * ZAGG_MOC_MAX_CELLS, &joined, err);
        if (status == ZAGG_OK) {
            zagg_words_free(&set);
            set = joined;
        }
    }
    words->len = 0;
    if (status == ZAGG_OK)
        status = add_words(words, &set, err);
    zagg_words_free(&set);
    return status;
}

/** Each cell by itself: the one of --order that it lies in. */
static zagg_status coarsen(const cell_args *a, zg_vec *words, zagg_err *err)
{
    for (size_t i = 0; i < words->len && a->order_given; i++) {
        uint64_t *word = ZG_VEC_AT(words, uint64_t, i);
        if (zagg_word_order(*word) < a->terms.order)
            return zagg_err_set(err, ZAGG_EARG,
                                "a cell of order %u has many of order %u: --flat lists "
                                "them",
                                zagg_word_order(*word), a->terms.order);
        ZAGG_TRY(zagg_word_coarsen(*word, a->terms.order, word, err));
    }
    return ZAGG_OK;
}

static zagg_status gather(cell_args *a, zg_vec *words, zagg_err *err)
{
    if (a->area.given)
        ZAGG_TRY(cover(a, words, err));
    for (size_t i = 0; i < a->cells.len; i++) {
        const char *text = *ZG_VEC_AT(&a->cells, const char *, i);
        ZAGG_TRY(cell_args_take(text + strspn(text, " "), &a->terms, words, err));
    }
    if (a->area.given || a->n_steps > 0 || a->moc || a->flat)
        return as_set(a, words, err);
    return coarsen(a, words, err);
}

/* ---- telling ---- */

static zagg_status print_lines(const cell_args *a, const zg_vec *words, zagg_err *err)
{
    char id[33];
    for (size_t i = 0; i < words->len; i++) {
        const uint64_t word = *ZG_VEC_AT(words, uint64_t, i);
        ZAGG_TRY(zagg_word_decimal(word, id, err));
        if (a->print == PRINT_ID)
            puts(id);
        else if (a->print == PRINT_WORD)
            printf("%" PRIu64 "\n", word);
        else
            printf("%" PRIu64 "@%u\n", zagg_word_nested(word), zagg_word_order(word));
    }
    return ZAGG_OK;
}

static zagg_status print_table(const cell_args *a, const zg_vec *words, zagg_err *err)
{
    static const char *const HEADS[] = {"id",  "word", "nested", "order",
                                        "lat", "lon",  NULL};
    cli_table t;
    char id[33];
    cli_table_begin(&t, HEADS, 0x3e);
    for (size_t i = 0; i < words->len; i++) {
        const uint64_t word = *ZG_VEC_AT(words, uint64_t, i);
        const unsigned order = zagg_word_order(word);
        double lat, lon;
        zagg_geo_centre(zagg_word_nested(word), order, a->terms.latitude, &lat, &lon);
        const zagg_status status = zagg_word_decimal(word, id, err);
        if (status != ZAGG_OK) {
            zg_str_free(&t.text);
            return status;
        }
        cli_table_cell(&t, id);
        cli_table_cellf(&t, "%" PRIu64, word);
        cli_table_cellf(&t, "%" PRIu64, zagg_word_nested(word));
        cli_table_cellf(&t, "%u", order);
        cli_table_cellf(&t, "%.8f", lat);
        cli_table_cellf(&t, "%.8f", lon > 180.0 ? lon - 360.0 : lon);
    }
    return cli_table_print(&t, stdout, 0)
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a table");
}

static zagg_status json_cell(zg_json_out *w, const cell_args *a, uint64_t word,
                             zagg_err *err)
{
    double lat[4], lon[4];
    char id[33];
    const uint64_t nested = zagg_word_nested(word);
    const unsigned order = zagg_word_order(word);
    ZAGG_TRY(zagg_word_decimal(word, id, err));
    zg_json_open_map(w);
    zg_json_put_str(w, "id", id);
    zg_json_put_u64(w, "word", word);
    zg_json_put_u64(w, "nested", nested);
    zg_json_put_u64(w, "order", order);
    zagg_geo_centre(nested, order, a->terms.latitude, lat, lon);
    zg_json_put_double(w, "lat", lat[0]);
    zg_json_put_double(w, "lon", lon[0] > 180.0 ? lon[0] - 360.0 : lon[0]);
    zagg_geo_corners(nested, order, a->terms.latitude, lat, lon);
    zg_json_key(w, "corners");
    zg_json_open_list(w);
    for (size_t i = 0; i < 4; i++) {
        zg_json_open_list(w);
        zg_json_double(w, lon[i]);
        zg_json_double(w, lat[i]);
        zg_json_close_list(w);
    }
    zg_json_close_list(w);
    zg_json_close_map(w);
    return ZAGG_OK;
}

static zagg_status print_json(const cell_args *a, const zg_vec *words, zagg_err *err)
{
    zg_json_out w;
    zg_str text;
    zagg_status status = ZAGG_OK;
    zg_str_init(&text, 0);
    zg_json_begin(&w, &text, 2);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "latitude", zagg_latitude_name(a->terms.latitude));
    zg_json_key(&w, "cells");
    zg_json_open_list(&w);
    for (size_t i = 0; i < words->len && status == ZAGG_OK; i++)
        status = json_cell(&w, a, *ZG_VEC_AT(words, uint64_t, i), err);
    zg_json_close_list(&w);
    zg_json_close_map(&w);
    if (status == ZAGG_OK && text.failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of cells");
    if (status == ZAGG_OK)
        puts(text.data);
    zg_str_free(&text);
    return status;
}

static zagg_status work(cell_args *a, zagg_err *err)
{
    zg_vec words;
    zg_vec_init(&words, sizeof(uint64_t), 0);
    zagg_status status = gather(a, &words, err);
    if (status == ZAGG_OK)
        status = a->json                   ? print_json(a, &words, err)
                 : a->print != PRINT_TABLE ? print_lines(a, &words, err)
                                           : print_table(a, &words, err);
    zg_vec_free(&words);
    return status;
}

static int run(cell_args *a, int argc, char **argv)
{
    zagg_err err = ZAGG_ERR_INIT;
    char **shielded = NULL;
    zagg_status status = zagg_arena_new(0, &a->arena, &err);
    if (status == ZAGG_OK)
        status = shield(argc, argv, a->arena, &shielded, &err);
    if (status == ZAGG_OK) {
        int code = cli_parse(&COMMAND, argc, shielded, take, a);
        if (code == 0)
            code = check(a);
        if (code != 0)
            return code == CLI_DONE ? EXIT_OK : code;
        status = work(a, &err);
    }
    if (status == ZAGG_OK)
        return EXIT_OK;
    progress_end(&a->progress);
    const int code = catalog_fail(&COMMAND, status, &err);
    return status == ZAGG_EARG ? EXIT_USAGE : code;
}

int main_cell(int argc, char **argv)
{
    zagg_err err = ZAGG_ERR_INIT;
    cell_args a = {.terms = {ZAGG_GEO_MAX_ORDER, ZAGG_LATITUDE_AUTHALIC}};
    const zagg_status status = progress_init(&a.progress, false, false, false, &err);
    if (status != ZAGG_OK)
        return catalog_fail(&COMMAND, status, &err);
    zg_vec_init(&a.cells, sizeof(const char *), 0);
    const int code = run(&a, argc, argv);
    zg_vec_free(&a.cells);
    zagg_arena_free(a.arena);
    progress_free(&a.progress);
    return code;
}
