/* Any bytes as a geometry: the first says in which form. The two readers of GeoJSON
 * agree, what WKB holds comes back out of GeoJSON, boxes are boxes. */
#include "cat/shape.h"
#include "cat/wkb_value.h"
#include "fuzz/fuzz.h"
#include "zagg/catalog.h"

#include <math.h>

#define ARENA_BYTES ((size_t)64 << 20)

/* "-0" is an integer without a sign to one and a number with one to the other. */
static int same(double a, double b)
{
    return !(a < b || a > b) && isnan(a) == isnan(b);
}

static void check_same(const zagg_shape *a, const zagg_shape *b)
{
    fuzz_check(a->n_parts == b->n_parts);
    for (size_t i = 0; i < a->n_parts; i++) {
        fuzz_check(a->parts[i].kind == b->parts[i].kind &&
                   a->parts[i].n_rings == b->parts[i].n_rings);
        for (size_t k = 0; k < a->parts[i].n_rings; k++) {
            const zagg_ring *x = &a->parts[i].rings[k], *y = &b->parts[i].rings[k];
            fuzz_check(x->n == y->n);
            for (size_t v = 0; v < x->n; v++)
                fuzz_check(same(x->lat_deg[v], y->lat_deg[v]) &&
                           same(x->lon_deg[v], y->lon_deg[v]));
        }
    }
}

/* Parts have rings, rings have vertices; the box is one. */
static void check_shape(zagg_arena *arena, const zagg_shape *s)
{
    double box[4];
    bool any = false;
    zagg_shape filled;
    for (size_t i = 0; i < s->n_parts; i++) {
        fuzz_check(s->parts[i].n_rings > 0);
        for (size_t k = 0; k < s->parts[i].n_rings; k++)
            fuzz_check(s->parts[i].rings[k].n > 0);
    }
    if (zagg_shape_bbox(s, box, &any, NULL) != ZAGG_OK || !any)
        return;
    fuzz_check(box[1] <= box[3] && isfinite(box[0]) && isfinite(box[2]));
    if (zagg_shape_from_bbox(arena, box, &filled, NULL) == ZAGG_OK)
        fuzz_check(filled.n_parts > 0);
}

static void fuzz_geojson(zagg_arena *arena, const char *text, size_t size)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_shape_builder b;
    zg_scan s = {.text = text, .len = size, .err = &err};
    zagg_shape scanned = {NULL, 0}, read;
    const zagg_value *value = NULL;
    zg_shape_begin(&b, 10000);
    zagg_status status = zg_shape_scan_geojson(&b, &s);
    if (status == ZAGG_OK)
        status = zg_shape_finish(&b, arena, &scanned, &err);
    else
        fuzz_check_error(status, &err);
    zg_shape_free(&b);
    if (status == ZAGG_OK)
        check_shape(arena, &scanned);
    if (zagg_json_parse(arena, text, size, "fuzz", &value, NULL) != ZAGG_OK)
        return;
    /* of a sound text both say the same; the scan passes over what it need not know */
    const zagg_status tree = zagg_shape_from_geojson(arena, value, 10000, &read, &err);
    if (tree == ZAGG_OK && status == ZAGG_OK)
        check_same(&scanned, &read);
}

static void fuzz_wkb(zagg_arena *arena, const uint8_t *data, size_t size)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_maker m;
    zg_vec again;
    zagg_shape s, t;
    const zagg_value *value = NULL;
    const zagg_status status = zagg_shape_from_wkb(arena, data, size, 10000, &s, &err);
    if (status != ZAGG_OK) {
        fuzz_check_error(status, &err);
        return;
    }
    check_shape(arena, &s);
    zg_make_begin(&m, arena, &err);
    if (zg_wkb_to_value(&m, data, size, &value, &err) != ZAGG_OK)
        return; /* hex, or parts in parts that GeoJSON has no form for */
    zg_vec_init(&again, 1, 0);
    fuzz_check(zg_value_to_wkb(value, &again, &err) == ZAGG_OK);
    fuzz_check(zagg_shape_from_wkb(arena, again.data, again.len, 0, &t, &err) == ZAGG_OK);
    fuzz_check(s.n_parts == t.n_parts);
    zg_vec_free(&again);
}

static void fuzz_text(zagg_arena *arena, const char *text, size_t size, int box)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shape s;
    double numbers[4];
    char *copy = zagg_arena_strndup(arena, text, size);
    if (copy == NULL)
        return;
    const zagg_status status =
        box ? zagg_bbox_parse(copy, numbers, &err)
            : zagg_shape_from_wkt(arena, text, size, 10000, &s, &err);
    if (status != ZAGG_OK)
        fuzz_check_error(status, &err);
    else if (box)
        fuzz_check(numbers[1] <= numbers[3]);
    else
        check_shape(arena, &s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zagg_arena *arena = NULL;
    if (size == 0 || zagg_arena_new(ARENA_BYTES, &arena, NULL) != ZAGG_OK)
        return 0;
    const char *text = (const char *)data + 1;
    switch (data[0]) {
    case 'g':
        fuzz_geojson(arena, text, size - 1);
        break;
    case 'w':
        fuzz_wkb(arena, data + 1, size - 1);
        break;
    default:
        fuzz_text(arena, text, size - 1, data[0] == 'b');
    }
    zagg_arena_free(arena);
    return 0;
}
