/* zagg catalog convert: a catalog in another form. */
#include "cat/footprint_index.h"
#include "cli/cli.h"
#include "cli/cmd_catalog.h"

#include <stdio.h>
#include <string.h>

enum { OPT_BOX = 256, OPT_INDEX, OPT_FORCE };

static const cli_option OPTIONS[] = {
    {OPT_BOX, "bbox", "W,S,E,N",
     "only items whose box meets this one; W > E crosses the antimeridian"},
    {OPT_INDEX, "index-footprints", "ORDER",
     "keep the cells of this order (1 to 18) that each footprint\nmeets: builds take "
     "them in the "
     "place of the geometry"},
    {OPT_FORCE, "force", NULL, "write over TO"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "catalog convert", "catalog convert FROM TO [OPTIONS]",
    "Write a catalog in the form that the ending of TO names. FROM may be any of them,\n"
    "told by what is in it.\n"
    "  .ndjson, .ndjson.gz  an item a line, the catalog's metadata in the first line\n"
    "  .json                a FeatureCollection\n"
    "  .parquet             stac-geoparquet",
    OPTIONS,
    "  zagg catalog convert atl03.parquet atl03.ndjson.gz\n"
    "  zagg catalog convert atl03.ndjson.gz bay.parquet --bbox -77,38,-76,39"};

typedef struct conversion {
    const char *from, *to;
    bool boxed, force;
    double box[4];
    unsigned index; /* order; 0: none */
    zagg_catalog_writer *writer;
    zagg_arena *arena; /* of what is made of one item */
    uint64_t written;
} conversion;

static int take(void *user, int id, const char *value)
{
    conversion *c = user;
    zagg_err err = ZAGG_ERR_INIT;
    long long order = 0;
    switch (id) {
    case 0:
        return catalog_take_path(&COMMAND, &c->from, &c->to, value);
    case OPT_BOX:
        c->boxed = true;
        if (zagg_bbox_parse(value, c->box, &err) == ZAGG_OK)
            return 0;
        fprintf(stderr, "zagg catalog convert: --bbox: %s\n", err.msg);
        return EXIT_USAGE;
    case OPT_INDEX:
        if (!cli_integer(&COMMAND, "index-footprints", value, 1, ZG_INDEX_MAX_ORDER,
                         &order))
            return EXIT_USAGE;
        c->index = (unsigned)order;
        return 0;
    default:
        c->force = true;
        return 0;
    }
}

/* Longitudes of two boxes, each of which may cross the antimeridian. */
static bool longitudes_meet(const double a[4], const double b[4])
{
    const double a_east = a[2] < a[0] ? a[2] + 360.0 : a[2];
    const double b_east = b[2] < b[0] ? b[2] + 360.0 : b[2];
    for (double turn = -720.0; turn <= 720.0; turn += 360.0)
        if (a[0] + turn <= b_east && a_east + turn >= b[0])
            return true;
    return false;
}

/* Items without a box of their own: that of their geometry; without any: kept. */
static zagg_status is_wanted(const conversion *c, const zagg_item *item, bool *out,
                             zagg_err *err)
{
    double box[4];
    bool any = item->has_bbox;
    *out = true;
    if (!c->boxed)
        return ZAGG_OK;
    if (any)
        memcpy(box, item->bbox, sizeof box);
    else
        ZAGG_TRY(zagg_shape_bbox(&item->shape, box, &any, err));
    if (any)
        *out = box[1] <= c->box[3] && box[3] >= c->box[1] && longitudes_meet(box, c->box);
    return ZAGG_OK;
}

static zagg_status add_item(conversion *c, const zagg_item *item, zagg_err *err)
{
    const zagg_value *indexed = NULL;
    zg_maker m;
    if (c->index == 0)
        return zagg_catalog_writer_add(c->writer, item->whole, err);
    const zagg_arena_mark mark = zagg_arena_get_mark(c->arena);
    zg_make_begin(&m, c->arena, err);
    zagg_status status = zg_index_item(&m, item, c->index, &indexed, err);
    if (status == ZAGG_OK)
        status = zagg_catalog_writer_add(c->writer, indexed, err);
    zagg_arena_release(c->arena, mark);
    return status;
}

static zagg_status copy_item(void *user, const zagg_item *item, zagg_err *err)
{
    conversion *c = user;
    bool wanted = false;
    ZAGG_TRY(is_wanted(c, item, &wanted, err));
    if (!wanted)
        return ZAGG_OK;
    c->written++;
    return add_item(c, item, err);
}

static zagg_status copy_items(conversion *c, zagg_catalog *catalog, zagg_err *err)
{
    const zagg_value *meta = zagg_catalog_meta(catalog);
    zg_maker m;
    ZAGG_TRY(zagg_arena_new(0, &c->arena, err));
    zg_make_begin(&m, c->arena, err);
    if (c->index > 0)
        meta = zg_index_meta(&m, meta, c->index);
    ZAGG_TRY(m.status);
    ZAGG_TRY(zagg_catalog_writer_new(c->to, meta, &c->writer, err));
    const zagg_status status = zagg_catalog_read(catalog, copy_item, c, err);
    if (status == ZAGG_OK)
        return zagg_catalog_writer_finish(c->writer, err);
    zagg_catalog_writer_abandon(c->writer);
    return status;
}

static zagg_status convert(conversion *c, zagg_err *err)
{
    zagg_catalog *catalog = NULL;
    const zagg_catalog_opts opts = {.whole = true};
    ZAGG_TRY(zagg_catalog_open(c->from, &opts, &catalog, err));
    const zagg_status status = copy_items(c, catalog, err);
    zagg_arena_free(c->arena);
    zagg_catalog_close(catalog);
    return status;
}

zagg_status catalog_index(const char *path, unsigned order, zagg_err *err)
{
    conversion c = {.from = path, .to = path, .index = order};
    return convert(&c, err);
}

int catalog_convert(int argc, char **argv)
{
    conversion c = {.from = NULL};
    zagg_err err = ZAGG_ERR_INIT;
    char n[32];
    const int code = cli_parse(&COMMAND, argc, argv, take, &c);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    if (c.to == NULL) {
        fprintf(stderr, "zagg catalog convert: write `zagg catalog convert FROM TO`\n");
        return EXIT_USAGE;
    }
    zagg_status status = catalog_may_write(c.to, c.force, &err);
    if (status == ZAGG_OK)
        status = convert(&c, &err);
    if (status != ZAGG_OK)
        return catalog_fail(&COMMAND, status, &err);
    printf("%s: %s items\n", c.to, cli_thousands(c.written, n));
    return EXIT_OK;
}
