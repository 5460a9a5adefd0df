/* The journal of a store: one line an event, appended by one run after another. */
#ifndef ZG_RUN_JOURNAL_H
#define ZG_RUN_JOURNAL_H

#include "base/base.h"
#include "zagg/io.h"

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

/** In the folder of records `status`: appended to a file where it has files, else put as
 * one object after another, each with the lines of a while (zg_journal_part). `status`
 * and `run_id` must outlive it. */
zagg_status zg_journal_open(zagg_sink *status, const char *run_id, zg_journal **out,
                            zagg_err *err);
/** Append; thread-safe. The first failure is kept for zg_journal_close, as a run does not
 * end for want of a line. */
void zg_journal_add(zg_journal *journal, const zg_event *event);
/** Put the lines that were gathered, if it is time. To be called now and then, on one
 * thread at a time; `journal` is a zg_journal. */
void zg_journal_tick(void *journal);
/** Close; the first failure of all. Nothing hangs on its lines, so that the disk is not
 * waited for. NULL is fine. */
zagg_status zg_journal_close(zg_journal *journal, zagg_err *err);

/** Key of part `n` of a run; "journal/RUN-" for SIZE_MAX, with which all of them begin.
 */
void zg_journal_part(const char *run_id, size_t n, char out[96]);

#endif
