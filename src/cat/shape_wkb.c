/* Well-known binary: ISO 13249-3 and OGC 06-103r4 (types + 1000, 2000, 3000 for Z, M and
 * ZM), PostGIS's extended form (flags and SRID), and either of them as hex digits.
 *
 * Every count is checked against the bytes that are left before anything is kept. */
#include "cat/shape.h"

#include <math.h>
#include <string.h>

enum {
    WKB_POINT = 1,
    WKB_LINE,
    WKB_POLYGON,
    WKB_MULTIPOINT,
    WKB_MULTILINE,
    WKB_MULTIPOLYGON,
    WKB_COLLECTION
};
#define EWKB_Z UINT32_C(0x80000000)
#define EWKB_M UINT32_C(0x40000000)
#define EWKB_SRID UINT32_C(0x20000000)
enum { SRID_WGS84 = 4326, SRID_CRS84 = 4979 };

typedef struct wkb_reader {
    const uint8_t *data;
    size_t len, at;
    bool big_endian;
    zagg_err *err;
} wkb_reader;

static zagg_status cut_short(const wkb_reader *r, const char *what)
{
    return zagg_err_set(r->err, ZAGG_EFORMAT,
                        "WKB ends in the middle of %s (byte %zu of %zu)", what, r->at,
                        r->len);
}

static zagg_status read_u32(wkb_reader *r, const char *what, uint32_t *out)
{
    if (r->len - r->at < 4)
        return cut_short(r, what);
    const uint8_t *p = r->data + r->at;
    *out = r->big_endian
               ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
               : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
    r->at += 4;
    return ZAGG_OK;
}

static double number_at(const wkb_reader *r, size_t at)
{
    uint64_t bits;
    double v;
    memcpy(&bits, r->data + at, sizeof bits);
    if (r->big_endian)
        bits = __builtin_bswap64(bits);
    memcpy(&v, &bits, sizeof v);
    return v;
}

/* A count of things that take at least `least` bytes each. */
static zagg_status read_count(wkb_reader *r, const char *what, size_t least,
                              uint32_t *out)
{
    ZAGG_TRY(read_u32(r, what, out));
    if (*out > (r->len - r->at) / least)
        return zagg_err_set(r->err, ZAGG_EFORMAT,
                            "WKB: %u %s do not fit the %zu bytes that are left", *out,
                            what, r->len - r->at);
    return ZAGG_OK;
}

/* Byte order and type; *dims numbers a vertex. */
static zagg_status read_head(wkb_reader *r, uint32_t *type, size_t *dims)
{
    uint32_t code = 0, srid = 0;
    if (r->at == r->len)
        return cut_short(r, "a geometry");
    if (r->data[r->at] > 1)
        return zagg_err_set(r->err, ZAGG_EFORMAT,
                            "WKB: byte order %u at byte %zu; must be 0 or 1",
                            r->data[r->at], r->at);
    r->big_endian = r->data[r->at++] == 0;
    ZAGG_TRY(read_u32(r, "a geometry", &code));
    *dims = (size_t)2 + ((code & EWKB_Z) != 0) + ((code & EWKB_M) != 0);
    if ((code & EWKB_SRID) != 0) {
        ZAGG_TRY(read_u32(r, "an SRID", &srid));
        if (srid != 0 && srid != SRID_WGS84 && srid != SRID_CRS84)
            return zagg_err_set(r->err, ZAGG_EUNSUPPORTED,
                                "WKB with SRID %u; must be longitude and latitude "
                                "(SRID 4326)",
                                srid);
    }
    code &= ~(EWKB_Z | EWKB_M | EWKB_SRID);
    if (code >= 1000 && code < 4000) {
        *dims = code >= 3000 ? 4 : 3;
        code %= 1000;
    }
    *type = code;
    return ZAGG_OK;
}

static zagg_status add_vertices(zg_shape_builder *b, wkb_reader *r, size_t dims)
{
    uint32_t n = 0;
    ZAGG_TRY(read_count(r, "vertices", 8 * dims, &n));
    ZAGG_TRY(zg_shape_ring(b, r->err));
    for (uint32_t i = 0; i < n; i++, r->at += 8 * dims)
        ZAGG_TRY(
            zg_shape_vertex(b, number_at(r, r->at), number_at(r, r->at + 8), r->err));
    zg_shape_end_ring(b);
    return ZAGG_OK;
}

/* An empty point is written as NaN NaN. */
static zagg_status add_point(zg_shape_builder *b, wkb_reader *r, size_t dims)
{
    if ((r->len - r->at) / 8 < dims)
        return cut_short(r, "a point");
    const double lon = number_at(r, r->at), lat = number_at(r, r->at + 8);
    r->at += 8 * dims;
    if (isnan(lon) && isnan(lat))
        return ZAGG_OK;
    ZAGG_TRY(zg_shape_part(b, ZAGG_SHAPE_POINT, r->err));
    ZAGG_TRY(zg_shape_ring(b, r->err));
    ZAGG_TRY(zg_shape_vertex(b, lon, lat, r->err));
    zg_shape_end_ring(b);
    zg_shape_end_part(b);
    return ZAGG_OK;
}

static zagg_status add_polygon(zg_shape_builder *b, wkb_reader *r, size_t dims)
{
    uint32_t n = 0;
    ZAGG_TRY(read_count(r, "rings", 4, &n));
    ZAGG_TRY(zg_shape_part(b, ZAGG_SHAPE_POLYGON, r->err));
    for (uint32_t i = 0; i < n; i++)
        ZAGG_TRY(add_vertices(b, r, dims));
    zg_shape_end_part(b);
    return ZAGG_OK;
}

static zagg_status add_line(zg_shape_builder *b, wkb_reader *r, size_t dims)
{
    ZAGG_TRY(zg_shape_part(b, ZAGG_SHAPE_LINE, r->err));
    ZAGG_TRY(add_vertices(b, r, dims));
    zg_shape_end_part(b);
    return ZAGG_OK;
}

static zagg_status add_any(zg_shape_builder *b, wkb_reader *r, unsigned depth);

/* Members of a multi-part geometry come with a head of their own. */
static zagg_status add_members(zg_shape_builder *b, wkb_reader *r, unsigned depth)
{
    enum { HEAD_BYTES = 5 };
    uint32_t n = 0;
    ZAGG_TRY(read_count(r, "parts", HEAD_BYTES, &n));
    for (uint32_t i = 0; i < n; i++)
        ZAGG_TRY(add_any(b, r, depth + 1));
    return ZAGG_OK;
}

static zagg_status add_any(zg_shape_builder *b, wkb_reader *r, unsigned depth)
{
    uint32_t type = 0;
    size_t dims = 2;
    if (depth > ZG_SHAPE_MAX_DEPTH)
        return zagg_err_set(r->err, ZAGG_ERANGE, "WKB nested more than %d deep",
                            ZG_SHAPE_MAX_DEPTH);
    ZAGG_TRY(read_head(r, &type, &dims));
    switch (type) {
    case WKB_POINT:
        return add_point(b, r, dims);
    case WKB_LINE:
        return add_line(b, r, dims);
    case WKB_POLYGON:
        return add_polygon(b, r, dims);
    case WKB_MULTIPOINT:
    case WKB_MULTILINE:
    case WKB_MULTIPOLYGON:
    case WKB_COLLECTION:
        return add_members(b, r, depth);
    default:
        return zagg_err_set(r->err, type <= 17 ? ZAGG_EUNSUPPORTED : ZAGG_EFORMAT,
                            "WKB geometry type %u; zagg reads points, lines, polygons "
                            "and collections of them",
                            type);
    }
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Binary begins with 0 or 1, hex with the digit '0'. *out is NULL for binary, else *len
 * becomes the number of bytes. */
static zagg_status decode_hex(const uint8_t *text, size_t *out_len, uint8_t **out,
                              zagg_err *err)
{
    size_t len = *out_len;
    if (len == 0 || text[0] != '0')
        return ZAGG_OK;
    while (len > 0 &&
           (text[len - 1] == ' ' || (text[len - 1] >= '\t' && text[len - 1] <= '\r')))
        len--;
    if (len % 2 != 0)
        return zagg_err_set(err, ZAGG_EFORMAT, "WKB as hex has an odd number of digits");
    uint8_t *bytes = zg_alloc(len / 2 + 1, 1);
    if (bytes == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a geometry");
    for (size_t i = 0; i < len / 2; i++) {
        const int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            zg_free(bytes);
            return zagg_err_set(err, ZAGG_EFORMAT, "WKB: no hex digit at byte %zu",
                                2 * i + (high >= 0));
        }
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    *out = bytes;
    *out_len = len / 2;
    return ZAGG_OK;
}

zagg_status zg_shape_add_wkb(zg_shape_builder *b, const void *data, size_t len,
                             zagg_err *err)
{
    uint8_t *bytes = NULL;
    ZAGG_TRY(decode_hex(data, &len, &bytes, err));
    wkb_reader r = {.data = bytes != NULL ? bytes : data, .len = len, .err = err};
    zagg_status status = add_any(b, &r, 0);
    if (status == ZAGG_OK && r.at != r.len)
        status =
            zagg_err_set(err, ZAGG_EFORMAT,
                         "WKB: %zu bytes behind the end of the geometry", r.len - r.at);
    zg_free(bytes);
    return status;
}
