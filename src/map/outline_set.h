/* Which of given shards a footprint meets by their true outlines: longitudes and
 * latitudes are points of a sphere as they are, sides are great circles between points of
 * the outline, contact counts (what upstream's backend spherely says). */
#ifndef ZG_MAP_OUTLINE_SET_H
#define ZG_MAP_OUTLINE_SET_H

#include "geo/ring.h"
#include "zagg/grid.h"

/** The shards' outlines and a tree of caps around them; immutable but for outlines that
 * are kept when they are first needed, shared by all threads. */
typedef struct zg_outline_set zg_outline_set;

/** Keys of the grid, ascending and distinct, n >= 1; the grid and the keys are borrowed.
 */
zagg_status zg_outline_set_new(const zagg_grid *grid, const uint64_t *keys, size_t n,
                               zg_outline_set **out, zagg_err *err);
void zg_outline_set_free(zg_outline_set *set);

/** Append the positions (uint32_t, in no particular order) of the shards that meet the
 * region between the rings, or the line (edges without rings); `near` is working memory
 * of the thread, a vector of size_t. Thread-safe. */
zagg_status zg_outline_set_meet(zg_outline_set *set, const zg_polygon *region,
                                zg_vec *near, zg_vec *hits, zagg_err *err);

/** Vertices of one shard's outline in degrees, not closed; *n at most
 * ZG_SHARD_OUTLINE_MAX. Infinite where the projection has no point. */
enum { ZG_SHARD_OUTLINE_MAX = 133 };
zagg_status zg_shard_outline(const zagg_grid *grid, uint64_t key, double *lat_deg,
                             double *lon_deg, size_t *n, zagg_err *err);

#endif
