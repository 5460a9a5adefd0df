/* That one run at a time writes into a store, in whatever way its folder of records can
 * see to it: a lock of the system where that is files, else a lease. */
#ifndef ZG_RUN_HOLD_H
#define ZG_RUN_HOLD_H

#include "base/base.h"
#include "zagg/io.h"

typedef struct zg_hold zg_hold;

typedef struct zg_hold_opts {
    zagg_sink *status; /* borrowed */
    const char *run_id, *host;
    zagg_log *log;
} zg_hold_opts;

/** EEXISTS when another run has it (`holder` says who), UNSUPPORTED where nothing of the
 * kind can be done. */
zagg_status zg_hold_take(const zg_hold_opts *opts, zg_hold **out, char *holder,
                         size_t holder_len, zagg_err *err);
/** The hold of a store by the name that its user gave it: EEXISTS with the words that a
 * user is told; where nothing of the kind can be done a warning, and *out is NULL. */
zagg_status zg_hold_store(const zg_hold_opts *opts, const char *store, zg_hold **out,
                          zagg_err *err);
/** OK while it is held; EEXISTS once it is lost. Thread-safe. NULL is fine. */
zagg_status zg_hold_check(zg_hold *hold, zagg_err *err);
/** Call `tick` every few seconds where there is a thread that can (NULL: no longer).
 * NULL for `hold` is fine. */
void zg_hold_set_tick(zg_hold *hold, void (*tick)(void *user), void *user);
/** NULL is fine. */
void zg_hold_release(zg_hold *hold);

/** Is it held, and what did the holder say of itself? Disturbs nobody. */
zagg_status zg_hold_probe(zagg_sink *status, bool *held, char *holder, size_t holder_len,
                          zagg_err *err);

#endif
