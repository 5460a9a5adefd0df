/* A set of cells as disjoint ascending ranges on the order-29 line, neighbours joined:
 * what every operation of zagg/moc.h works on. */
#ifndef ZG_GEO_RANGES_H
#define ZG_GEO_RANGES_H

#include "base/base.h"
#include "zagg/moc.h"

/** Nested ids of order 29, the end beyond the last one. */
typedef struct zg_range {
    uint64_t begin, end;
} zg_range;

typedef struct zg_ranges {
    zg_range *items;
    size_t n;
} zg_ranges;

/** Union of n words. ARG for a word that names no cell; freed with zg_free(out->items).
 */
zagg_status zg_ranges_from_words(const uint64_t *words, size_t n, zg_ranges *out,
                                 zagg_err *err);
/** Fewest words of the set, ascending. */
zagg_status zg_ranges_to_words(const zg_ranges *set, zagg_words *out, zagg_err *err);

#endif
