/* Well-known binary (OGC 06-103r4, 8.2): points, polygons, multi polygons, in two
 * dimensions. */
#include "table/wkb.h"

#include "text/text.h"

#include <string.h>

/* ---- writing ---- */

static void add_u32(zg_str *out, uint32_t v)
{
    zg_str_addn(out, (const char *)&v, sizeof v);
}

static void add_head(zg_str *out, zg_wkb_type type)
{
    zg_str_addc(out, 1); /* little endian */
    add_u32(out, (uint32_t)type);
}

void zg_wkb_add_point(zg_str *out, double x, double y)
{
    const double xy[2] = {x, y};
    add_head(out, ZG_WKB_POINT);
    zg_str_addn(out, (const char *)xy, sizeof xy);
}

void zg_wkb_add_polygons(zg_str *out, const double *xy, const size_t *counts, size_t n)
{
    if (n != 1) {
        add_head(out, ZG_WKB_MULTIPOLYGON);
        add_u32(out, (uint32_t)n);
    }
    for (size_t i = 0; i < n; i++) {
        add_head(out, ZG_WKB_POLYGON);
        add_u32(out, 1);
        add_u32(out, (uint32_t)counts[i] + 1);
        zg_str_addn(out, (const char *)xy, counts[i] * 2 * sizeof *xy);
        zg_str_addn(out, (const char *)xy, 2 * sizeof *xy);
        xy += 2 * counts[i];
    }
}

/* ---- reading ---- */

typedef struct cursor {
    const uint8_t *at;
    size_t left;
} cursor;

static bool take(cursor *c, void *out, size_t len)
{
    if (c->left < len)
        return false;
    memcpy(out, c->at, len);
    c->at += len;
    c->left -= len;
    return true;
}

static bool take_head(cursor *c, uint32_t *type)
{
    uint8_t order;
    return take(c, &order, 1) && order == 1 && take(c, type, sizeof *type);
}

/* How the parts of a geometry are written as text. */
typedef struct style {
    const char *open, *close;   /* around points, rings, polygons */
    const char *between;        /* x and y */
    const char *before, *after; /* a corner */
    bool integers;              /* "1" for 1.0 */
} style;
static const style WKT = {"(", ")", " ", "", "", true};
static const style GEOJSON = {"[", "]", ",", "[", "]", false};

/* Numbers end up in `out` where there is one, and in the bounds. */
typedef struct sinks {
    zg_str *out;
    const style *style;
    double *bounds;
} sinks;

static void add_number(const sinks *s, double v)
{
    char text[32];
    size_t len = zg_float_repr(v, text);
    if (s->style->integers && len > 2 && strcmp(text + len - 2, ".0") == 0)
        len -= 2;
    zg_str_addn(s->out, text, len);
}

static bool corner(cursor *c, const sinks *s)
{
    double xy[2];
    if (!take(c, xy, sizeof xy))
        return false;
    for (int axis = 0; s->bounds != NULL && axis < 2; axis++) {
        s->bounds[axis] = xy[axis] < s->bounds[axis] ? xy[axis] : s->bounds[axis];
        s->bounds[axis + 2] =
            xy[axis] > s->bounds[axis + 2] ? xy[axis] : s->bounds[axis + 2];
    }
    if (s->out != NULL) {
        zg_str_add(s->out, s->style->before);
        add_number(s, xy[0]);
        zg_str_add(s->out, s->style->between);
        add_number(s, xy[1]);
        zg_str_add(s->out, s->style->after);
    }
    return true;
}

static void add(const sinks *s, const char *text)
{
    if (s->out != NULL)
        zg_str_add(s->out, text);
}

typedef bool (*part_fn)(cursor *c, const sinks *s);

static bool parts(cursor *c, const sinks *s, part_fn part)
{
    uint32_t n;
    if (!take(c, &n, sizeof n))
        return false;
    add(s, s->out != NULL ? s->style->open : "");
    for (uint32_t i = 0; i < n; i++) {
        add(s, i > 0 ? "," : "");
        if (!part(c, s))
            return false;
    }
    add(s, s->out != NULL ? s->style->close : "");
    return true;
}

static bool ring(cursor *c, const sinks *s)
{
    return parts(c, s, corner);
}

static bool polygon(cursor *c, const sinks *s)
{
    uint32_t type;
    return take_head(c, &type) && type == ZG_WKB_POLYGON && parts(c, s, ring);
}

/* Everything behind the head. */
static bool body(cursor *c, uint32_t type, const sinks *s)
{
    bool ok = false;
    if (type == ZG_WKB_POINT) {
        const bool brackets = s->out != NULL && s->style == &WKT;
        add(s, brackets ? "(" : "");
        ok = corner(c, s);
        add(s, brackets ? ")" : "");
    } else if (type == ZG_WKB_POLYGON) {
        ok = parts(c, s, ring);
    } else if (type == ZG_WKB_MULTIPOLYGON) {
        ok = parts(c, s, polygon);
    }
    return ok && c->left == 0;
}

bool zg_wkb_read(zagg_bytes_view wkb, zg_wkb_type *type, double bounds[4])
{
    cursor c = {wkb.data, wkb.len};
    uint32_t found;
    const sinks s = {.bounds = bounds};
    if (!take_head(&c, &found) || !body(&c, found, &s))
        return false;
    *type = (zg_wkb_type)found;
    return true;
}

static const char *name_of(uint32_t type, bool wkt)
{
    switch (type) {
    case ZG_WKB_POINT:
        return wkt ? "POINT " : "Point";
    case ZG_WKB_POLYGON:
        return wkt ? "POLYGON " : "Polygon";
    case ZG_WKB_MULTIPOLYGON:
        return wkt ? "MULTIPOLYGON " : "MultiPolygon";
    default:
        return NULL;
    }
}

bool zg_wkb_to_wkt(zagg_bytes_view wkb, zg_str *out)
{
    cursor c = {wkb.data, wkb.len};
    uint32_t type;
    const sinks s = {.out = out, .style = &WKT};
    if (!take_head(&c, &type) || name_of(type, true) == NULL)
        return false;
    zg_str_add(out, name_of(type, true));
    return body(&c, type, &s);
}

bool zg_wkb_to_geojson(zagg_bytes_view wkb, zg_str *out)
{
    cursor c = {wkb.data, wkb.len};
    uint32_t type;
    const sinks s = {.out = out, .style = &GEOJSON};
    if (!take_head(&c, &type) || name_of(type, false) == NULL)
        return false;
    zg_str_addf(out, "{\"type\":\"%s\",\"coordinates\":", name_of(type, false));
    if (!body(&c, type, &s))
        return false;
    zg_str_addc(out, '}');
    return true;
}
