/* The cells of footprints, kept with the items so that builds need no geometry. */
#ifndef ZG_CAT_FOOTPRINT_INDEX_H
#define ZG_CAT_FOOTPRINT_INDEX_H

#include "cat/make_value.h"
#include "zagg/catalog.h"

/* Finest order of an index, as upstream has it. */
#define ZG_INDEX_MAX_ORDER 18

/** The item as a whole with the property footprint_cells: words of the cells of `order`
 * (1..18, authalic latitude, canonical form) that its polygons meet, none for items
 * without a polygon. What it had under that name is replaced. FORMAT for coordinates that
 * are no places; ARG for the order; NOMEM. */
zagg_status zg_index_item(zg_maker *m, const zagg_item *item, unsigned order,
                          const zagg_value **out, zagg_err *err);
/** The catalog's metadata with footprint_cells_order. */
const zagg_value *zg_index_meta(zg_maker *m, const zagg_value *meta, unsigned order);

#endif
