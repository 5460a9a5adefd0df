/* One unlinked file for what does not fit into memory, in slots of one size that are used
 * again. It is gone with the process, however that ends. */
#ifndef ZG_CORE_SPILL_H
#define ZG_CORE_SPILL_H

#include "base/base.h"

typedef struct zg_spill zg_spill;

typedef struct zg_spill_stats {
    uint64_t written_bytes, read_bytes;
    uint64_t file_bytes;    /* the most that the file took */
    double write_s, read_s; /* sums over threads */
} zg_spill_stats;

/** `dir`: NULL: $TMPDIR, else /var/tmp, else /tmp. Copied. Nothing is made yet. */
zagg_status zg_spill_new(const char *dir, size_t slot_bytes, zg_spill **out,
                         zagg_err *err);
void zg_spill_free(zg_spill *spill);

/** Write at most slot_bytes into a slot that is free; the file is made by the first call.
 * One thread at a time. IO naming folder and cause (a full disk). */
zagg_status zg_spill_write(zg_spill *spill, const void *data, size_t n, uint64_t *offset,
                           zagg_err *err);
/** The slot at `offset` is free. Thread-safe, also while another thread writes. */
void zg_spill_give(zg_spill *spill, uint64_t offset);
/** Thread-safe, also while another thread writes. */
zagg_status zg_spill_read(zg_spill *spill, uint64_t offset, size_t n, void *out,
                          zagg_err *err);
zg_spill_stats zg_spill_get_stats(const zg_spill *spill);

#endif
