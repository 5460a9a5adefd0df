/* A lock in a store that knows no locks: an object that says who holds it and until when,
 * put where none is, renewed by its holder, and replaced once it was not renewed in time
 * (each by a conditional put, so that of several that try one succeeds). */
#ifndef ZG_RUN_LEASE_H
#define ZG_RUN_LEASE_H

#include "io/sink.h"

#define ZG_LEASE_SPEC "zagg-lease/1"
#define ZG_LEASE_S 90.0

typedef struct zg_lease zg_lease;

typedef struct zg_lease_opts {
    zagg_sink *sink; /* borrowed */
    const char *key;
    const char *run_id, *host; /* copied */
    double lease_s; /* without a renewal for so long it is anybody's; 0: ZG_LEASE_S */
    zagg_log *log;
} zg_lease_opts;

/** Take it. EEXISTS when another one holds it (`holder` says who), UNSUPPORTED where the
 * store cannot do it. A holder that is gone is replaced at once where that can be told
 * (it was a process of this machine), else after its lease, by the clock of the store. */
zagg_status zg_lease_take(const zg_lease_opts *opts, zg_lease **out, char *holder,
                          size_t holder_len, zagg_err *err);
/** EEXISTS once it is lost: taken over by another one, or not renewed in time, so that it
 * may be. Thread-safe. */
zagg_status zg_lease_check(zg_lease *lease, zagg_err *err);
/** Let the renewing thread also call this every few seconds, or no longer (NULL; when
 * this returns it is not running). */
void zg_lease_set_tick(zg_lease *lease, void (*tick)(void *user), void *user);
/** Give it back. NULL is fine. */
void zg_lease_release(zg_lease *lease);

/** Is it held, and by whom? Changes nothing. */
zagg_status zg_lease_probe(zagg_sink *sink, const char *key, bool *held, char *holder,
                           size_t holder_len, zagg_err *err);

#endif
