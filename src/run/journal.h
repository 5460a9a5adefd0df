/* The journal of a store: one line an event, appended by one run after another. */
#ifndef ZG_RUN_JOURNAL_H
#define ZG_RUN_JOURNAL_H

#include "base/base.h"

typedef struct zg_journal zg_journal;

/** What a line may say besides event, time and run; what is not set is left out. */
typedef struct zg_event {
    const char *name;
    bool has_shard;
    uint64_t shard;
    const char *label, *error, *state; /* NULL: left out */
    bool has_counts;
    uint64_t selected, cells, obs, objects, bytes;
    double seconds; /* negative: left out */
} zg_event;

/** `run_id` must outlive it. */
zagg_status zg_journal_open(const char *path, const char *run_id, zg_journal **out,
                            zagg_err *err);
/** Append; thread-safe. The first failure is kept for zg_journal_close, as a run does not
 * end for want of a line. */
void zg_journal_add(zg_journal *journal, const zg_event *event);
/** Close; the first failure of all. Nothing hangs on its lines, so that the disk is not
 * waited for. NULL is fine. */
zagg_status zg_journal_close(zg_journal *journal, zagg_err *err);

#endif
