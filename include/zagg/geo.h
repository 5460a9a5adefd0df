/* HEALPix nested cells, packed morton words and the latitude conventions. Facts: mortie's
 * specification and the HEALPix paper (Gorski et al. 2005); see docs/decisions.md. */
#ifndef ZAGG_GEO_H
#define ZAGG_GEO_H

#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ZAGG_GEO_MAX_ORDER 29
#define ZAGG_GEO_NO_CELL UINT64_MAX /* nested id of a point that has no cell */

/** Which latitude the sphere is fed with. */
typedef enum zagg_latitude {
    ZAGG_LATITUDE_AUTHALIC =
        0,                 /* WGS84 geodetic converted to authalic: mortie >= 0.9.8 */
    ZAGG_LATITUDE_GEODETIC /* geodetic used as it is: mortie <= 0.9.7 */
} zagg_latitude;

/** WGS84 geodetic latitude (degrees) to authalic latitude and back; within 1e-13 rad of
 * the closed form. |lat| > 90 is not clamped; non-finite passes through. */
ZAGG_API double zagg_geo_authalic_from_geodetic_deg(double lat_deg);
ZAGG_API double zagg_geo_geodetic_from_authalic_deg(double lat_deg);

/** Nested ids at `order` (0..29) of n points in geodetic degrees. A point that is not
 * finite, or with |lat| > 90 or |lon| > 11475, gets ZAGG_GEO_NO_CELL. The same bits on
 * every CPU. About 4 ns a point. Thread-safe. */
ZAGG_API void zagg_geo_nested(const double *lat_deg, const double *lon_deg, size_t n,
                              unsigned order, zagg_latitude latitude, uint64_t *nested);

/** Centre of a cell in geodetic degrees; longitude in [0, 360). */
ZAGG_API void zagg_geo_centre(uint64_t nested, unsigned order, zagg_latitude latitude,
                              double *lat_deg, double *lon_deg);

/** Corners N, W, S, E in geodetic degrees, longitudes in (-180, 180], before any
 * antimeridian rule. */
ZAGG_API void zagg_geo_corners(uint64_t nested, unsigned order, zagg_latitude latitude,
                               double lat_deg[4], double lon_deg[4]);

/** The outline of a cell with its sides as they bend: `step` points a side, equally
 * spaced in the HEALPix projection, from the north corner on by east, south and west (the
 * other way round than the corners above, as mortie has it); 4 * step of each, not
 * closed. Longitudes as those of the corners. */
ZAGG_API void zagg_geo_ring(uint64_t nested, unsigned order, zagg_latitude latitude,
                            unsigned step, double *lat_deg, double *lon_deg);

/** Move the ring's antimeridian vertices to the side where the rest of it lies (in
 * place), as mortie does: only where the longitudes span more than 180 degrees. */
ZAGG_API void zagg_geo_fix_antimeridian(double *lon_deg, size_t n);
/** West, south, east, north of a cell, after its own antimeridian fix. */
ZAGG_API void zagg_geo_cell_bbox(uint64_t nested, unsigned order, zagg_latitude latitude,
                                 double bbox_deg[4]);

/* ---- packed morton words ---- */

/** Area word of a nested id (order 0..29); 0 for an id beyond the order or NO_CELL. */
ZAGG_API uint64_t zagg_word_from_nested(uint64_t nested, unsigned order);
/** Order-29 point word of an order-29 nested id. */
ZAGG_API uint64_t zagg_word_point(uint64_t nested29);
/** Prefix 1..12: the word names a cell. */
ZAGG_API bool zagg_word_valid(uint64_t word);
ZAGG_API unsigned zagg_word_order(uint64_t word);
ZAGG_API bool zagg_word_is_point(uint64_t word);
/** Nested id at the word's own order. */
ZAGG_API uint64_t zagg_word_nested(uint64_t word);
/** Ancestor at order k; unchanged when k >= its order. ARG for an invalid word. */
ZAGG_API zagg_status zagg_word_coarsen(uint64_t word, unsigned k, uint64_t *out,
                                       zagg_err *err);
/** All descendants at order t, ascending: 4^(t - order) words into `out` (may be NULL to
 * ask for the count only). RANGE when t < order or the count passes `max`. */
ZAGG_API zagg_status zagg_word_children(uint64_t word, unsigned t, uint64_t *out,
                                        size_t max, size_t *count, zagg_err *err);
/** The deepest cell that holds all of n words, whatever their orders: always an area
 * word, but a single word is its own answer. ARG for n = 0, an invalid word, or words of
 * different base cells. O(n). */
ZAGG_API zagg_status zagg_word_common_ancestor(const uint64_t *words, size_t n,
                                               uint64_t *out, zagg_err *err);
/** First and one-past-last nested id of the cell on the order-29 line. */
ZAGG_API void zagg_word_range29(uint64_t word, uint64_t *begin, uint64_t *end);
/** Decimal form ("-31123", point words with a trailing 'p'); at most 32 bytes with the
 * NUL. ARG for an invalid word. */
ZAGG_API zagg_status zagg_word_decimal(uint64_t word, char out[33], zagg_err *err);
/** Parse a decimal form; messages are mortie's. */
ZAGG_API zagg_status zagg_word_parse_decimal(const char *text, size_t len, uint64_t *out,
                                             zagg_err *err);

/** "authalic" / "geodetic". */
ZAGG_API const char *zagg_latitude_name(zagg_latitude latitude);
/** Accepts those names and the stored tokens "authalic-wgs84" / "geodetic-spherical". */
ZAGG_API bool zagg_latitude_parse(const char *text, zagg_latitude *out);

#ifdef __cplusplus
}
#endif
#endif
