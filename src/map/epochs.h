/* When shards were observed, as the coverage.toc of stores tells it (upstream's
 * specification 10.5, `zagg-coverage-toc-cover/1`). */
#ifndef ZG_MAP_EPOCHS_H
#define ZG_MAP_EPOCHS_H

#include "base/base.h"
#include "zagg/mapbuild.h"

/* Order of buckets of time: 2^order of them in 2^63 ns, the finest that stores write. */
#define ZG_EPOCH_ORDER 24

/** The middle of a bucket in which a shard was observed. */
typedef struct zg_epoch {
    uint64_t key;
    int64_t utc_ns; /* since 1970 */
    unsigned order; /* of the bucket: it is 2^(62 - order) ns to its ends */
} zg_epoch;

typedef struct zg_epochs {
    unsigned shard_order;
    zg_vec rows; /* zg_epoch, ascending by key and time, each bucket once at its finest */
    zg_vec coarse; /* zg_epoch: of shards with a bucket coarser than ZG_EPOCH_ORDER one
                      row with the coarsest, ascending by key; utc_ns is 0 */
} zg_epochs;

/** The union of what the references tell. ECONFIG naming the reference for what is no
 * such cover, for other shard orders, RANGE for more than 2^24 epochs, NOMEM. */
zagg_status zg_epochs_read(const zagg_map_reference *references, size_t n, zagg_log *log,
                           zg_epochs *out, zagg_err *err);
void zg_epochs_free(zg_epochs *epochs);

#endif
