/* Golden set catalog: grids, catalogs and maps of its cases. */
#ifndef ZAGG_TESTS_CATALOG_CASES_H
#define ZAGG_TESTS_CATALOG_CASES_H

#include "support/support.h"
#include "zagg/mapbuild.h"

/** Member of a golden file; the test fails where it is missing. */
const zagg_value *catalog_member(const zagg_value *v, const char *key);
/** A number, or the decimal text of a key. */
uint64_t catalog_number(const zagg_value *v);

/** Grid of a signature; chunk_inner -1: one chunk a shard. */
zagg_grid *catalog_grid(const zagg_value *signature, int64_t chunk_inner,
                        zagg_latitude latitude);

/** A region from [[lats], [lons]] parts, in `arena`. */
zagg_shape catalog_region(zagg_arena *arena, const zagg_value *parts);

/** What the catalog said of itself: members of the map's metadata before `backend`. */
const zagg_value *catalog_meta(zagg_arena *arena, const zagg_value *metadata);

/** Build a map from the items of a file. `null_row`: of that item the geometry is taken
 * away (SIZE_MAX: of none). */
zagg_status catalog_build(const char *items, const zagg_grid *grid,
                          const zagg_value *meta, const zagg_map_opts *opts,
                          size_t null_row, zagg_shardmap **out, zagg_err *err);

#endif
