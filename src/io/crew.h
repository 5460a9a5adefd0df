/* A few threads that wait for servers in place of those that compute. */
#ifndef ZG_IO_CREW_H
#define ZG_IO_CREW_H

#include "base/base.h"

/** Something to be done once. Part of the caller's own struct, so that handing it over
 * cannot fail; the crew does not touch it once `run` has begun. */
typedef struct zg_crew_job {
    void (*run)(struct zg_crew_job *job);
    struct zg_crew_job *next; /* the crew's */
} zg_crew_job;

typedef struct zg_crew zg_crew;

/** Threads start with the jobs, at most `most`. NOMEM, INTERNAL. */
zagg_status zg_crew_new(size_t most, zg_crew **out, zagg_err *err);
/** Jobs begin in the order in which they came. Where no thread can be had at all the
 * caller does it. Thread-safe, also within a job. */
void zg_crew_add(zg_crew *crew, zg_crew_job *job);
/** Waits for what was added. NULL is fine. */
void zg_crew_free(zg_crew *crew);

#endif
