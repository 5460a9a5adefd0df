/* zagg catalog info: what a catalog holds. */
#include "base/base.h"
#include "cli/cli.h"
#include "cli/cmd_catalog.h"
#include "cli/store_args.h"
#include "text/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { OPT_JSON = 256, MAX_COLLECTIONS = 64 };

static const cli_option OPTIONS[] = {{OPT_JSON, "json", NULL, "print one JSON object"},
                                     {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "catalog info", "catalog info FILE [OPTIONS]",
    "Tell what a catalog holds: its form, how many items, of which collections, when "
    "and\n"
    "where, and what it says of itself.",
    OPTIONS, "  zagg catalog info atl03.ndjson.gz"};

typedef struct collection {
    char *name; /* NULL: none is named */
    uint64_t n;
} collection;

typedef struct survey {
    const char *path;
    bool json;
    uint64_t n, vertices, polygons, lines, points, empty;
    uint64_t https, s3, neither, indexed;
    collection collections[MAX_COLLECTIONS];
    size_t n_collections;
    uint64_t others;    /* of collections beyond these */
    char *first, *last; /* times, which sort as texts */
    bool boxed;
    double box[4]; /* as numbers stand; longitudes meet at the antimeridian */
    uint64_t crossing;
} survey;

static int take(void *user, int id, const char *value)
{
    survey *s = user;
    if (id == 0)
        return catalog_take_path(&COMMAND, &s->path, NULL, value);
    s->json = true;
    return 0;
}

/* ---- counting ---- */

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory to look at a catalog");
}

static zagg_status count_collection(survey *s, const char *name, zagg_err *err)
{
    for (size_t i = 0; i < s->n_collections; i++) {
        collection *c = &s->collections[i];
        if ((c->name == NULL) == (name == NULL) &&
            (name == NULL || strcmp(c->name, name) == 0)) {
            c->n++;
            return ZAGG_OK;
        }
    }
    if (s->n_collections == MAX_COLLECTIONS) {
        s->others++;
        return ZAGG_OK;
    }
    collection *c = &s->collections[s->n_collections];
    c->name = name != NULL ? zg_strdup(name) : NULL;
    if (name != NULL && c->name == NULL)
        return no_memory(err);
    c->n = 1;
    s->n_collections++;
    return ZAGG_OK;
}

static zagg_status keep_time(char **kept, const char *time, int sign, zagg_err *err)
{
    if (time == NULL || (*kept != NULL && sign * strcmp(time, *kept) <= 0))
        return ZAGG_OK;
    char *copy = zg_strdup(time);
    if (copy == NULL)
        return no_memory(err);
    zg_free(*kept);
    *kept = copy;
    return ZAGG_OK;
}

static void widen_box(survey *s, const double box[4])
{
    const double west = box[0] > box[2] ? -180.0 : box[0];
    const double east = box[0] > box[2] ? 180.0 : box[2];
    s->crossing += box[0] > box[2];
    s->box[0] = s->boxed ? fmin(s->box[0], west) : west;
    s->box[1] = s->boxed ? fmin(s->box[1], box[1]) : box[1];
    s->box[2] = s->boxed ? fmax(s->box[2], east) : east;
    s->box[3] = s->boxed ? fmax(s->box[3], box[3]) : box[3];
    s->boxed = true;
}

static void count_shape(survey *s, const zagg_shape *shape)
{
    if (shape->n_parts == 0) {
        s->empty++;
        return;
    }
    const zagg_shape_kind kind = shape->parts[0].kind;
    s->polygons += kind == ZAGG_SHAPE_POLYGON;
    s->lines += kind == ZAGG_SHAPE_LINE;
    s->points += kind == ZAGG_SHAPE_POINT;
    for (size_t i = 0; i < shape->n_parts; i++)
        for (size_t k = 0; k < shape->parts[i].n_rings; k++)
            s->vertices += shape->parts[i].rings[k].n;
}

static zagg_status look_at(void *user, const zagg_item *item, zagg_err *err)
{
    survey *s = user;
    double box[4];
    bool any = item->has_bbox;
    s->n++;
    s->https += item->https != NULL;
    s->s3 += item->s3 != NULL;
    s->neither += item->https == NULL && item->s3 == NULL;
    s->indexed += item->footprint_cells != NULL;
    count_shape(s, &item->shape);
    if (any)
        memcpy(box, item->bbox, sizeof box);
    else
        ZAGG_TRY(zagg_shape_bbox(&item->shape, box, &any, err));
    if (any)
        widen_box(s, box);
    const char *start = item->start != NULL ? item->start : item->datetime;
    const char *end = item->end != NULL ? item->end : item->datetime;
    ZAGG_TRY(keep_time(&s->first, start, -1, err));
    ZAGG_TRY(keep_time(&s->last, end, 1, err));
    return count_collection(s, item->collection, err);
}

/* ---- telling ---- */

static void line(const char *name, const char *text)
{
    printf("%-14s", name);
    cli_print_text(stdout, text);
    putchar('\n');
}

static void count_line(const char *name, uint64_t n, const char *what)
{
    char number[32];
    if (n > 0)
        printf("%-14s%s %s\n", name, cli_thousands(n, number), what);
}

static void print_collections(const survey *s)
{
    char number[32];
    for (size_t i = 0; i < s->n_collections; i++) {
        const collection *c = &s->collections[i];
        printf("%-14s%s ", i == 0 ? "collections" : "", cli_thousands(c->n, number));
        cli_print_text(stdout, c->name != NULL ? c->name : "(none)");
        putchar('\n');
    }
    count_line("", s->others, "of others");
}

static zagg_status print_meta(const zagg_value *meta, zagg_err *err)
{
    zg_str text;
    for (size_t i = 0; i < meta->n; i++) {
        zg_str_init(&text, 0);
        const zagg_value *v = meta->members[i].value;
        zagg_status status = ZAGG_OK;
        if (v->kind == ZAGG_STR)
            zg_str_add(&text, v->str);
        else
            status = zg_json_write(&text, v, (zg_json_style){.indent = -1}, err);
        if (status == ZAGG_OK) {
            printf(i == 0 ? "metadata      " : "              ");
            cli_print_text(stdout, meta->members[i].key->str);
            printf(": ");
            cli_print_text(stdout, text.data);
            putchar('\n');
        }
        zg_str_free(&text);
        ZAGG_TRY(status);
    }
    return ZAGG_OK;
}

static zagg_status print_text(const survey *s, const zagg_catalog *catalog, zagg_err *err)
{
    char number[32];
    line("form", zagg_catalog_form(catalog));
    printf("%-14s%s\n", "items", cli_thousands(s->n, number));
    print_collections(s);
    if (s->first != NULL)
        line("first", s->first);
    if (s->last != NULL)
        line("last", s->last);
    if (s->boxed)
        printf("%-14s%.6g, %.6g, %.6g, %.6g\n", "bbox", s->box[0], s->box[1], s->box[2],
               s->box[3]);
    count_line("footprints", s->polygons, "polygons");
    count_line("", s->lines, "lines");
    count_line("", s->points, "points");
    count_line("", s->empty, "none");
    count_line("vertices", s->vertices, "in all");
    count_line("hrefs", s->https, "https");
    count_line("", s->s3, "s3");
    count_line("", s->neither, "items with neither");
    count_line("index", s->indexed, "items with footprint_cells");
    return print_meta(zagg_catalog_meta(catalog), err);
}

static void json_counts(zg_json_out *w, const survey *s)
{
    zg_json_put_u64(w, "items", s->n);
    zg_json_key(w, "collections");
    zg_json_open_map(w);
    for (size_t i = 0; i < s->n_collections; i++)
        zg_json_put_u64(w, s->collections[i].name != NULL ? s->collections[i].name : "",
                        s->collections[i].n);
    zg_json_close_map(w);
    zg_json_put_str(w, "first", s->first);
    zg_json_put_str(w, "last", s->last);
    zg_json_key(w, "bbox");
    if (s->boxed) {
        zg_json_open_list(w);
        for (size_t i = 0; i < 4; i++)
            zg_json_double(w, s->box[i]);
        zg_json_close_list(w);
    } else {
        zg_json_null(w);
    }
    zg_json_put_u64(w, "polygons", s->polygons);
    zg_json_put_u64(w, "lines", s->lines);
    zg_json_put_u64(w, "points", s->points);
    zg_json_put_u64(w, "without_geometry", s->empty);
    zg_json_put_u64(w, "vertices", s->vertices);
    zg_json_put_u64(w, "https", s->https);
    zg_json_put_u64(w, "s3", s->s3);
    zg_json_put_u64(w, "indexed", s->indexed);
}

static zagg_status print_json(const survey *s, const zagg_catalog *catalog, zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, 0);
    zg_json_begin(&w, &text, 2);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "form", zagg_catalog_form(catalog));
    json_counts(&w, s);
    zg_json_key(&w, "metadata");
    zagg_status status = zg_json_value(&w, zagg_catalog_meta(catalog), err);
    zg_json_close_map(&w);
    if (status == ZAGG_OK && text.failed)
        status = no_memory(err);
    if (status == ZAGG_OK)
        puts(text.data);
    zg_str_free(&text);
    return status;
}

static zagg_status run(survey *s, zagg_err *err)
{
    zagg_catalog *catalog = NULL;
    ZAGG_TRY(zagg_catalog_open(s->path, NULL, &catalog, err));
    zagg_status status = zagg_catalog_read(catalog, look_at, s, err);
    if (status == ZAGG_OK)
        status = s->json ? print_json(s, catalog, err) : print_text(s, catalog, err);
    zagg_catalog_close(catalog);
    return status;
}

int catalog_info(int argc, char **argv)
{
    survey s = {.path = NULL};
    zagg_err err = ZAGG_ERR_INIT;
    int code = cli_parse(&COMMAND, argc, argv, take, &s);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    if (s.path == NULL) {
        fprintf(stderr, "zagg catalog info: write `zagg catalog info FILE`\n");
        return EXIT_USAGE;
    }
    const zagg_status status = run(&s, &err);
    if (status != ZAGG_OK)
        code = catalog_fail(&COMMAND, status, &err);
    for (size_t i = 0; i < s.n_collections; i++)
        zg_free(s.collections[i].name);
    zg_free(s.first);
    zg_free(s.last);
    return code;
}
