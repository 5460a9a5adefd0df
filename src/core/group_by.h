/* Grouping by keys of whole numbers: which rows belong together. */
#ifndef ZG_CORE_GROUP_BY_H
#define ZG_CORE_GROUP_BY_H

#include "base/base.h"
#include "zagg/dtype.h"

/** Rows by key: those of group g are order[bounds[g]] .. order[bounds[g + 1] - 1],
 * ascending; groups ascend by key. */
typedef struct zg_groups {
    size_t n;
    uint32_t *order; /* n_rows */
    size_t *bounds;  /* n + 1 */
} zg_groups;

/** Group n_rows (< 2^32 - 1) keys of a whole-number type, signed or not. ENOMEM. O(rows)
 * when the bits in which keys (or their distances from the least) differ, taken together,
 * span at most 4 values a row (or 2^16 in all); else O(rows x differing bits / 11) and 24
 * bytes a row while it works. To be freed with zg_groups_free. */
zagg_status zg_group_keys(zagg_dtype dtype, const void *keys, size_t n_rows,
                          zg_groups *out, zagg_err *err);
void zg_groups_free(zg_groups *groups);

#endif
