/* Which events are under way without anybody holding a line to them: when to look for
 * what they left, and which of them have left nothing for too long. Moments are of
 * zg_clock_mono_s, given by the caller. One thread. */
#ifndef ZG_DISPATCH_WATCH_H
#define ZG_DISPATCH_WATCH_H

#include "base/base.h"

typedef struct zg_watch {
    double *accepted_s; /* of units under way; 0: not, or not yet */
    size_t n, under_way;
    double most_s; /* without a result for so long a unit is overdue */
    double look_at_s, look_every_s;
    double seen_s;       /* when the last look began that showed all there is */
    double last_s;       /* when the last event was accepted */
    double blind_s;      /* since when no look has gone well; 0: the last one did */
    size_t next_overdue; /* where the search for overdue units goes on; n: nowhere */
    zagg_err why;        /* of the last look that failed */
} zg_watch;

zagg_status zg_watch_init(zg_watch *watch, size_t units, double most_s, zagg_err *err);
void zg_watch_free(zg_watch *watch);

/** The event of a unit was accepted. */
void zg_watch_accept(zg_watch *watch, size_t unit, double now);
/** Its result was found; false where it is not under way, or not yet known to be. */
bool zg_watch_take(zg_watch *watch, size_t unit);

/** Is it time to look? At first every two seconds, then up to every fifteen. */
bool zg_watch_is_due(const zg_watch *watch, double now);
/** A look that began at `began` is over; `failure` (NULL: none) is what kept it from
 * showing all there is. */
void zg_watch_looked(zg_watch *watch, double began, double now, const zagg_err *failure);

/** A unit that had left nothing when the last good look began, although its time was
 * over; it is under way no longer. Where looks fail nothing is known of any unit, and
 * none is overdue. */
bool zg_watch_overdue(zg_watch *watch, size_t *unit);
/** Have looks failed for so long that they are given up? Not before each unit that is
 * under way must have ended. `err` says so. */
bool zg_watch_is_blind(const zg_watch *watch, double now, zagg_err *err);

#endif
