#include "fixture.h"

#include "map/write.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

zagg_grid *new_healpix(int64_t parent, int64_t child)
{
    const zagg_healpix_spec spec = {parent, child, -1, false, ZAGG_LATITUDE_AUTHALIC};
    zagg_grid *grid = NULL;
    assert_int_equal(zagg_grid_new_healpix(&spec, &grid, NULL), ZAGG_OK);
    return grid;
}

zagg_grid *new_utm(void)
{
    const zagg_rectilinear_spec spec = {
        .crs = "EPSG:32618",
        .resolution = {100.0, 100.0},
        .bounds = {340000.0, 4290000.0, 380000.0, 4330000.0},
        .chunk_shape = {50, 50}};
    zagg_grid *grid = NULL;
    assert_int_equal(zagg_grid_new_rectilinear(&spec, &grid, NULL), ZAGG_OK);
    return grid;
}

void make_swath(uint64_t *seed, double lat, double lon, swath *out)
{
    enum { HALF = SWATH_VERTICES / 2 };
    const double at = lat + random_between(seed, -5.0, 5.0);
    const double beside = lon + random_between(seed, -5.0, 5.0);
    const double lean = random_between(seed, -0.3, 0.3);
    for (int i = 0; i < HALF; i++) {
        const double along = 1.5 * ((double)i / (HALF - 1) - 0.5);
        const double middle = beside + lean * along;
        out->lat[i] = out->lat[SWATH_VERTICES - 1 - i] = at + along;
        out->lon[i] = middle + 0.07;
        out->lon[SWATH_VERTICES - 1 - i] = middle - 0.07;
    }
}

void make_item(test_item *t, size_t number, zagg_ring ring)
{
    *t = (test_item){.ring = ring};
    (void)snprintf(t->id, sizeof t->id, "granule_%06zu.h5", number);
    (void)snprintf(t->s3, sizeof t->s3, "s3://bucket/%s", t->id);
    (void)snprintf(t->https, sizeof t->https, "https://host/%s", t->id);
    t->part = (zagg_shape_part){ZAGG_SHAPE_POLYGON, &t->ring, 1};
    t->item = (zagg_item){.id = t->id,
                          .s3 = t->s3,
                          .https = t->https,
                          .start = "2019-01-05T16:33:08Z",
                          .shape = {&t->part, 1}};
}

zagg_shape box_shape(zagg_arena *arena, double west, double south, double east,
                     double north)
{
    const double box[4] = {west, south, east, north};
    zagg_shape shape = {NULL, 0};
    assert_int_equal(zagg_shape_from_bbox(arena, box, &shape, NULL), ZAGG_OK);
    return shape;
}

char *map_text(const zagg_shardmap *map)
{
    zg_map_out out = {.stream = NULL};
    zg_str_init(&out.text, 0);
    assert_int_equal(zg_write_json(map, &out, NULL), ZAGG_OK);
    char *text = zg_str_take(&out.text);
    zg_str_free(&out.text);
    assert_non_null(text);
    char *wall = strstr(text, "\"build_wall_s\": ");
    for (char *p = wall ? wall + 16 : NULL; p && *p != ','; p++)
        *p = '0';
    char *end = wall ? strchr(wall, ',') : NULL;
    if (end != NULL) /* as many digits whatever the number */
        memmove(wall + 17, end, strlen(end) + 1);
    return text;
}
