/* Geometries as GeoJSON values and as well-known binary, one into the other, as they
 * are: part by part, closing vertices and heights included. */
#ifndef ZG_CAT_WKB_VALUE_H
#define ZG_CAT_WKB_VALUE_H

#include "cat/make_value.h"

/** WKB to a GeoJSON geometry. FORMAT, UNSUPPORTED, as zagg_shape_from_wkb (no hex). */
zagg_status zg_wkb_to_value(zg_maker *m, const void *wkb, size_t len,
                            const zagg_value **out, zagg_err *err);

/** A GeoJSON geometry appended as little-endian WKB; with heights where the first
 * position of a geometry has one (type + 1000). FORMAT, NOMEM. */
zagg_status zg_value_to_wkb(const zagg_value *geometry, zg_vec *bytes, zagg_err *err);

#endif
