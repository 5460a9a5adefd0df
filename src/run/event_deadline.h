/* The end of an invocation: a flag that is set some time before it, or when the caller
 * stops. */
#ifndef ZG_RUN_EVENT_DEADLINE_H
#define ZG_RUN_EVENT_DEADLINE_H

#include "zagg/status.h"

#include <pthread.h>
#include <stdbool.h>

typedef struct zg_deadline {
    double at_s;              /* zg_clock_mono_s(); 0: none */
    const volatile int *stop; /* the caller's; NULL: none */
    volatile int flag;        /* set: nothing further is read or written */
    bool running, over, passed;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t news;
} zg_deadline;

/** Watch from now on, on a thread of its own where there is anything to watch. */
zagg_status zg_deadline_begin(zg_deadline *d, double at_s, const volatile int *stop,
                              zagg_err *err);
/** Watch no longer; the flag is down again, so that the response can be brought home.
 * Harmless without a begin, and the second time. */
void zg_deadline_end(zg_deadline *d);
/** Was the flag set because time was up? After the end. */
bool zg_deadline_passed(const zg_deadline *d);

#endif
