/* zagg catalog convert: a catalog in another form. */
#include "cli/cli.h"
#include "cli/cmd_catalog.h"

#include <stdio.h>
#include <string.h>

enum { OPT_BOX = 256, OPT_FORCE };

static const cli_option OPTIONS[] = {
    {OPT_BOX, "bbox", "W,S,E,N",
     "only items whose box meets this one; W > E crosses the antimeridian"},
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
    zagg_catalog_writer *writer;
    uint64_t read, written;
} conversion;

static int take(void *user, int id, const char *value)
{
    conversion *c = user;
    zagg_err err = ZAGG_ERR_INIT;
    switch (id) {
    case 0:
        return catalog_take_path(&COMMAND, &c->from, &c->to, value);
    case OPT_BOX:
        c->boxed = true;
        if (zagg_bbox_parse(value, c->box, &err) == ZAGG_OK)
            return 0;
        fprintf(stderr, "zagg catalog convert: --bbox: %s\n", err.msg);
        return EXIT_USAGE;
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

static zagg_status copy_item(void *user, const zagg_item *item, zagg_err *err)
{
    conversion *c = user;
    bool wanted = false;
    c->read++;
    ZAGG_TRY(is_wanted(c, item, &wanted, err));
    if (!wanted)
        return ZAGG_OK;
    c->written++;
    return zagg_catalog_writer_add(c->writer, item->whole, err);
}

static zagg_status convert(conversion *c, zagg_err *err)
{
    zagg_catalog *catalog = NULL;
    const zagg_catalog_opts opts = {.whole = true};
    ZAGG_TRY(catalog_may_write(c->to, c->force, err));
    ZAGG_TRY(zagg_catalog_open(c->from, &opts, &catalog, err));
    zagg_status status =
        zagg_catalog_writer_new(c->to, zagg_catalog_meta(catalog), &c->writer, err);
    if (status == ZAGG_OK) {
        status = zagg_catalog_read(catalog, copy_item, c, err);
        if (status == ZAGG_OK)
            status = zagg_catalog_writer_finish(c->writer, err);
        else
            zagg_catalog_writer_abandon(c->writer);
    }
    zagg_catalog_close(catalog);
    return status;
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
    const zagg_status status = convert(&c, &err);
    if (status != ZAGG_OK)
        return catalog_fail(&COMMAND, status, &err);
    printf("%s: %s items\n", c.to, cli_thousands(c.written, n));
    return EXIT_OK;
}
