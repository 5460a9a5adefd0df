/* Values of units gathered into no more bins than a page may hold: as soon as there are
 * more, all become units four times as large. */
#ifndef ZG_VIEW_BINS_H
#define ZG_VIEW_BINS_H

#include "view/frame.h"

typedef struct zg_bin {
    uint64_t id;
    uint64_t parts;  /* values that it holds */
    uint64_t values; /* finite ones among them */
    double sum, low, high;
    uint64_t count; /* sum of what was given as count */
} zg_bin;

typedef struct zg_bins {
    const zg_frame *frame;
    zg_vec bins;   /* zg_bin; sorted by id after zg_bins_finish */
    size_t max;    /* bins at the end */
    size_t sorted; /* of them the first ones are sorted and distinct */
    unsigned step; /* how much coarser than the frame's units they have become */
} zg_bins;

/** The frame is borrowed. */
void zg_bins_init(zg_bins *b, const zg_frame *frame, size_t max);
void zg_bins_free(zg_bins *b);
/** A value of a unit; what is not finite counts as a part without value. The bins, and
 * the bits of their sums, depend on the order of calls alone. NOMEM. Amortised O(log
 * max). */
zagg_status zg_bins_add(zg_bins *b, uint64_t id, double value, uint64_t count,
                        zagg_err *err);
/** After the last value. */
zagg_status zg_bins_finish(zg_bins *b, zagg_err *err);

#endif
