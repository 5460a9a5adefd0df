/* Boxes of longitude and latitude: as text, as shapes, and around shapes. */
#include "cat/json_scan.h"
#include "cat/shape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- text ---- */

static zagg_status check_box(const double box[4], zagg_err *err)
{
    for (int i = 0; i < 4; i++)
        if (!(fabs(box[i]) <= (i % 2 == 0 ? 360.0 : 90.0)))
            return zagg_err_set(err, ZAGG_ERANGE,
                                "a box needs longitudes from -360 to 360 and latitudes "
                                "from -90 to 90");
    if (box[1] > box[3])
        return zagg_err_set(err, ZAGG_ERANGE,
                            "a box is west, south, east, north: south (%g) lies above "
                            "north (%g)",
                            box[1], box[3]);
    return ZAGG_OK;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Take blanks and brackets off both ends. */
static void trim(const char **text, size_t *len)
{
    while (*len > 0 && is_blank((*text)[0])) {
        (*text)++;
        (*len)--;
    }
    while (*len > 0 && is_blank((*text)[*len - 1]))
        (*len)--;
}

zagg_status zagg_bbox_parse(const char *text, double out[4], zagg_err *err)
{
    const char *at = text;
    size_t left = strlen(text), n = 0;
    double box[4];
    trim(&at, &left);
    if (left >= 2 && ((at[0] == '(' && at[left - 1] == ')') ||
                      (at[0] == '[' && at[left - 1] == ']'))) {
        at++;
        left -= 2;
    }
    for (bool more = true; more && n < 4; n++) {
        const char *comma = memchr(at, ',', left), *number = at;
        size_t len = comma != NULL ? (size_t)(comma - at) : left;
        more = comma != NULL;
        at += len + more;
        left -= len + more;
        trim(&number, &len);
        if (!zg_number_parse(number, len, &box[n]))
            break;
    }
    if (n != 4 || left != 0)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "'%.80s' is no box; write WEST,SOUTH,EAST,NORTH in degrees",
                            text);
    ZAGG_TRY(check_box(box, err));
    memcpy(out, box, sizeof box);
    return ZAGG_OK;
}

zagg_status zagg_bbox_from_value(const zagg_value *v, double out[4], zagg_err *err)
{
    double box[4];
    if (v != NULL && v->kind == ZAGG_STR)
        return zagg_bbox_parse(v->str, out, err);
    bool ok = v != NULL && v->kind == ZAGG_LIST && (v->n == 4 || v->n == 6);
    for (size_t i = 0; ok && i < 4; i++) /* of six the third and sixth are heights */
        ok = zagg_value_number(v->items[i >= 2 && v->n == 6 ? i + 1 : i], &box[i]);
    if (!ok)
        return zagg_err_set(
            err, ZAGG_EFORMAT,
            "a bbox must be a list of west, south, east, north (found %s)",
            v != NULL ? zagg_value_kind_name(v) : "nothing");
    ZAGG_TRY(check_box(box, err));
    memcpy(out, box, sizeof box);
    return ZAGG_OK;
}

/* ---- a box as a shape ---- */

/* Edges along a parallel bend away from the great circle between their ends: 1 degree
 * keeps that below 0.5 km. */
#define STEP_DEG 1.0
/* Widest piece of a box that is made of several. */
#define PIECE_DEG 90.0

/* Vertices from (lon0, lat0) to (lon1, lat1), the last one left out. */
static zagg_status add_edge(zg_shape_builder *b, const double from[2], const double to[2],
                            zagg_err *err)
{
    const double longest = fmax(fabs(to[0] - from[0]), fabs(to[1] - from[1]));
    const double steps = fmax(1.0, ceil(longest / STEP_DEG));
    for (double k = 0.0; k < steps; k++) {
        const double part = k / steps;
        ZAGG_TRY(zg_shape_vertex(b, from[0] + part * (to[0] - from[0]),
                                 from[1] + part * (to[1] - from[1]), err));
    }
    return ZAGG_OK;
}

/* The parallel `lat` from lon0 to lon1; a pole is one vertex. */
static zagg_status add_parallel(zg_shape_builder *b, double lon0, double lon1, double lat,
                                zagg_err *err)
{
    if (fabs(lat) == 90.0)
        return zg_shape_vertex(b, lon0, lat, err);
    return add_edge(b, (double[2]){lon0, lat}, (double[2]){lon1, lat}, err);
}

static zagg_status add_piece(zg_shape_builder *b, double west, double south, double east,
                             double north, zagg_err *err)
{
    ZAGG_TRY(zg_shape_part(b, ZAGG_SHAPE_POLYGON, err));
    ZAGG_TRY(zg_shape_ring(b, err));
    ZAGG_TRY(add_parallel(b, west, east, south, err));
    ZAGG_TRY(add_edge(b, (double[2]){east, south}, (double[2]){east, north}, err));
    ZAGG_TRY(add_parallel(b, east, west, north, err));
    ZAGG_TRY(add_edge(b, (double[2]){west, north}, (double[2]){west, south}, err));
    zg_shape_end_ring(b);
    zg_shape_end_part(b);
    return ZAGG_OK;
}

static zagg_status add_full_ring(zg_shape_builder *b, double west, double lat,
                                 zagg_err *err)
{
    ZAGG_TRY(zg_shape_ring(b, err));
    ZAGG_TRY(add_parallel(b, west, west + 360.0, lat, err));
    zg_shape_end_ring(b);
    return ZAGG_OK;
}

/* All longitudes, on one side of the equator: a cap, or a band as a cap with a hole. The
 * equator itself would leave open which side is meant. */
static zagg_status add_cap(zg_shape_builder *b, const double box[4], zagg_err *err)
{
    const bool north = box[1] > 0.0;
    const double outer = north ? box[1] : box[3], inner = north ? box[3] : box[1];
    ZAGG_TRY(zg_shape_part(b, ZAGG_SHAPE_POLYGON, err));
    ZAGG_TRY(add_full_ring(b, box[0], outer, err));
    if (fabs(inner) < 90.0)
        ZAGG_TRY(add_full_ring(b, box[0], inner, err));
    zg_shape_end_part(b);
    return ZAGG_OK;
}

static zagg_status add_box(zg_shape_builder *b, const double box[4], zagg_err *err)
{
    double span = box[2] - box[0];
    if (span < 0.0)
        span += 360.0 * ceil(-span / 360.0);
    span = fmin(span, 360.0);
    if (span == 360.0 && (box[1] > 0.0 || box[3] < 0.0))
        return add_cap(b, box, err);
    /* The inside of a ring is its smaller side: pieces stay below half of the sphere. */
    const double pieces = span < 180.0 ? 1.0 : ceil(span / PIECE_DEG);
    for (double k = 0.0; k < pieces; k++)
        ZAGG_TRY(add_piece(b, box[0] + span * (k / pieces), box[1],
                           box[0] + span * ((k + 1.0) / pieces), box[3], err));
    return ZAGG_OK;
}

zagg_status zagg_shape_from_bbox(zagg_arena *arena, const double bbox[4], zagg_shape *out,
                                 zagg_err *err)
{
    zg_shape_builder b;
    ZAGG_TRY(check_box(bbox, err));
    zg_shape_begin(&b, 0);
    zagg_status status = add_box(&b, bbox, err);
    if (status == ZAGG_OK)
        status = zg_shape_finish(&b, arena, out, err);
    zg_shape_free(&b);
    return status;
}

/* ---- the box around a shape ---- */

/* What one ring covers: longitudes followed from vertex to vertex, the shorter way. */
typedef struct extent {
    double west, east; /* east - west: at most 360 */
    double south, north;
    double plain_west, plain_east; /* of the numbers as they stand */
} extent;

/* From `a` to `b` the shorter way. A step of exactly half of the way round stays what it
 * is, and so does one of all of it along a parallel; to another latitude it is a step
 * along the antimeridian, written with both signs. */
static double turn(double a, double b, bool parallel)
{
    double d = b - a;
    if (fabs(d) > 180.0 && (fabs(d) < 360.0 || !parallel))
        d -= d > 0.0 ? 360.0 : -360.0;
    return d;
}

/* As turn, but an edge all the way round is none: between places on the sphere. */
static double winding(double a, double b)
{
    return turn(a, b, false);
}

static void widen(extent *e, double at, double lon, double lat)
{
    e->west = fmin(e->west, at);
    e->east = fmax(e->east, at);
    e->south = fmin(e->south, lat);
    e->north = fmax(e->north, lat);
    e->plain_west = fmin(e->plain_west, lon);
    e->plain_east = fmax(e->plain_east, lon);
}

static bool ring_extent(const zagg_ring *r, bool closed, extent *e)
{
    double at = 0.0, last = 0.0, first = 0.0, lats = 0.0, around = 0.0, last_lat = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        const double lon = r->lon_deg[i], lat = r->lat_deg[i];
        if (!isfinite(lon) || !isfinite(lat))
            continue;
        if (n == 0) {
            *e = (extent){lon, lon, lat, lat, lon, lon};
            at = first = lon;
        } else {
            at += turn(last, lon, lat == last_lat);
            around += winding(last, lon);
        }
        last = lon;
        last_lat = lat;
        lats += lat;
        n++;
        widen(e, at, lon, lat);
    }
    if (n == 0)
        return false;
    around += winding(last, first);
    if (closed && fabs(around) > 180.0) { /* it goes round the nearer pole */
        e->east = e->west + 360.0;
        e->south = lats < 0.0 ? -90.0 : e->south;
        e->north = lats < 0.0 ? e->north : 90.0;
    }
    if (e->east - e->west > 360.0)
        e->east = e->west + 360.0;
    return true;
}

/* Longitude into [-180, 180). */
static double normal(double lon)
{
    const double v = fmod(lon + 180.0, 360.0);
    return v < 0.0 ? v + 180.0 : v - 180.0;
}

/* Whether one of the rings crosses the antimeridian (or ends there, with the other sign),
 * or they touch it on both sides. */
static bool crosses(const extent *e, size_t n)
{
    bool at_west = false, at_east = false, full = false;
    for (size_t i = 0; i < n; i++) {
        if (e[i].west < -180.0 || e[i].east > 180.0 || e[i].plain_west < e[i].west ||
            e[i].plain_east > e[i].east)
            return true;
        const bool w = e[i].west == -180.0, x = e[i].east == 180.0;
        at_west = at_west || w;
        at_east = at_east || x;
        full = full || (w && x);
    }
    return at_west && at_east && !full;
}

static int by_west(const void *a, const void *b)
{
    const extent *x = a, *y = b;
    return (x->west > y->west) - (x->west < y->west);
}

/* The shortest arc that holds all of them: the complement of the widest gap. */
static void shortest_arc(extent *e, size_t n, double *west, double *east)
{
    double widest = 0.0, reach = -HUGE_VAL;
    for (size_t i = 0; i < n; i++) {
        const double w = normal(e[i].west);
        e[i].east += w - e[i].west;
        e[i].west = w;
    }
    qsort(e, n, sizeof *e, by_west);
    *west = -180.0;
    *east = 180.0;
    /* what reaches beyond 180 covers the beginning, too */
    for (size_t i = 0; i < n; i++)
        reach = fmax(reach, e[i].east - 360.0);
    for (size_t i = 0; i < n; i++) {
        if (e[i].west - reach > widest) {
            widest = e[i].west - reach;
            *west = e[i].west;
            *east = normal(reach);
        }
        reach = fmax(reach, e[i].east);
    }
    if (*east == -180.0)
        *east = 180.0;
}

static size_t collect(const zagg_shape *shape, extent *out)
{
    size_t n = 0;
    for (size_t i = 0; i < shape->n_parts; i++) {
        const zagg_shape_part *p = &shape->parts[i];
        if (p->n_rings > 0 &&
            ring_extent(&p->rings[0], p->kind == ZAGG_SHAPE_POLYGON, &out[n]))
            n++;
    }
    return n;
}

zagg_status zagg_shape_bbox(const zagg_shape *shape, double out[4], bool *out_any,
                            zagg_err *err)
{
    extent *e = zg_alloc(shape->n_parts + 1, sizeof *e);
    if (e == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the box of a geometry");
    const size_t n = collect(shape, e);
    *out_any = n > 0;
    for (size_t i = 0; i < n; i++) {
        out[0] = i > 0 ? fmin(out[0], e[i].plain_west) : e[i].plain_west;
        out[1] = i > 0 ? fmin(out[1], e[i].south) : e[i].south;
        out[2] = i > 0 ? fmax(out[2], e[i].plain_east) : e[i].plain_east;
        out[3] = i > 0 ? fmax(out[3], e[i].north) : e[i].north;
    }
    for (size_t i = 0; i < n; i++)
        if (e[i].east - e[i].west >= 360.0) {
            out[0] = -180.0;
            out[2] = 180.0;
            zg_free(e);
            return ZAGG_OK;
        }
    if (n > 0 && crosses(e, n))
        shortest_arc(e, n, &out[0], &out[2]);
    zg_free(e);
    return ZAGG_OK;
}
