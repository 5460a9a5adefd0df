/* Internal shape of one group of a granule in a pass: shared by the files that read it.
 */
#ifndef ZG_CORE_PASS_GROUP_H
#define ZG_CORE_PASS_GROUP_H

#include "core/ahead.h"
#include "core/pass.h"

/** Part of a group's ranges that one task reads. */
typedef struct zg_slab_plan {
    size_t first, n; /* of the cut ranges */
} zg_slab_plan;

/** Chunks that are fetched while something else is done. */
typedef struct zg_fetch zg_fetch;

typedef struct zg_group_job {
    zg_granule_read *granule;
    uint32_t number;
    zg_group_read read;
    zagg_status opened; /* how opening it ended, with its error */
    zagg_err open_err;
    bool common;              /* see zg_group_open */
    zg_vec cuts;              /* zagg_rows */
    zg_vec slabs;             /* zg_slab_plan */
    zg_vec windows;           /* size_t: first slab of each; remote granules only */
    zg_fetch *first_window;   /* begun when the group was opened; may be NULL */
    atomic_bool store_failed; /* as opposed to reading: */
    zagg_status store_status;
    zagg_err store_err;
    _Atomic uint64_t *n_no_cell; /* of each wanted shard */
} zg_group_job;

/* ---- pass_share.c ---- */

/** A table of rows of one shard goes to the store, for each time that the shard names the
 * granule. `local`: the shard's place in wanted->shards. */
zagg_status zg_share_add(zg_group_job *j, const zagg_table *t, uint64_t first_row,
                         uint32_t local, zagg_arena *arena, zagg_err *err);
/** The rows of a slab that has been read go to the shards that own them. */
zagg_status zg_share_slab(zg_group_job *j, zg_slab *slab, zagg_err *err);

/* ---- pass_slabs.c ---- */

/** Cut the ranges of a group that was opened into slabs. */
zagg_status zg_slabs_cut(zg_group_job *j, zagg_err *err);
/** Read all of them. */
zagg_status zg_slabs_read(zg_group_job *j, zagg_err *err);

/* ---- pass_windows.c: slabs of remote granules ---- */

/** Cut the slabs into windows, and begin to fetch the first. NOMEM. */
zagg_status zg_windows_begin(zg_group_job *j, zagg_err *err);
/** Read all slabs, fetching what the next window needs while one is decoded. */
zagg_status zg_windows_read(zg_group_job *j, zagg_err *err);
/** What was begun and is not needed. */
void zg_windows_drop(zg_group_job *j);

/** One slab in the steps that zg_windows_read takes (pass_slabs.c). */
typedef struct zg_slab_step {
    zg_group_job *job;
    size_t first;    /* slab */
    zg_slab **slabs; /* of n slabs from `first` on; of those scanned */
} zg_slab_step;
/** Tasks of a pool over a zg_slab_step: all of it; the scan, which keeps the slab; the
 * rest, which gives it back. */
zagg_status zg_slab_task_all(void *user, size_t index, size_t slot, void **result,
                             zagg_err *err);
zagg_status zg_slab_task_scan(void *user, size_t index, size_t slot, void **result,
                              zagg_err *err);
zagg_status zg_slab_task_fill(void *user, size_t index, size_t slot, void **result,
                              zagg_err *err);
/** Give a slab back whose rows are not wanted any more. NULL is fine. */
void zg_slab_give(zg_pass *p, zg_slab *slab);

#endif
