/* Which of given cells polygons and lines meet: what a cover would say about these cells,
 * without the rest of it. */
#ifndef ZG_GEO_CELL_SET_H
#define ZG_GEO_CELL_SET_H

#include "geo/descent.h"

/** Distinct cells of one order, ascending; immutable, shared by all threads. */
typedef struct zg_cell_set {
    unsigned order;
    uint64_t *nested;
    size_t n;
    zagg_latitude latitude;
    zg_cap cap; /* around all of them */
} zg_cell_set;

/** Area words of one order, ascending and distinct; n >= 1. NOMEM. */
zagg_status zg_cell_set_new(const uint64_t *words, size_t n, zagg_latitude latitude,
                            zg_cell_set *out, zagg_err *err);
void zg_cell_set_free(zg_cell_set *set);

/** Working memory of a thread, kept between calls. */
typedef struct zg_set_scratch {
    zg_descent descent;
} zg_set_scratch;
void zg_set_scratch_init(zg_set_scratch *scratch);
void zg_set_scratch_free(zg_set_scratch *scratch);

/** Append the positions (uint32_t, ascending) of the cells that the cover of the region
 * between the rings at `order` (that of the set, or finer) has a cell in. ARG for rings
 * that are no polygon. Thread-safe but for the scratch. Cost: edges, and a few hundred ns
 * for each cell on the way to the cells met. */
zagg_status zg_cell_set_polygon(const zg_cell_set *set, const zagg_ring *rings,
                                size_t n_rings, unsigned order, zg_set_scratch *scratch,
                                zg_vec *hits, zagg_err *err);
/** The same of the cells that a line of n >= 1 vertices meets or touches. */
zagg_status zg_cell_set_line(const zg_cell_set *set, const zagg_ring *line,
                             zg_set_scratch *scratch, zg_vec *hits, zagg_err *err);
/** Append the positions of the cells that share ground with a list of area words of any
 * order, ascending where the words are; they may come again. FORMAT for a word that names
 * no cell. Cost: a binary search a word. */
zagg_status zg_cell_set_words(const zg_cell_set *set, const uint64_t *words, size_t n,
                              zg_vec *hits, zagg_err *err);

#endif
