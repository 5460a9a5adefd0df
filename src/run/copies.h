/* The local copies of granules that a fetch makes: where each is, and opening it. */
#ifndef ZG_RUN_COPIES_H
#define ZG_RUN_COPIES_H

#include "io/sparse.h"
#include "net/source.h"
#include "run/run.h"

#include <pthread.h>

/** One granule behind a URL. */
typedef struct zg_copy {
    struct zg_copies *all;
    char *href, *path;
    zg_version version;
    bool known;          /* the version was asked for in this fetch */
    zagg_source *opened; /* for its first reader; NULL: to be opened */
    zg_sparse_counts counts;
    bool wanted; /* by a shard of this fetch */
    bool failed; /* could not be opened */
} zg_copy;

typedef struct zg_copies {
    zagg_net *net;
    zagg_log *log;
    const volatile int *stop;
    char *folder;  /* absolute */
    zg_copy *list; /* by href */
    size_t n;
    pthread_mutex_t lock; /* of what follows */
    zagg_err first;       /* why a granule failed */
    zagg_err disk;        /* why a copy could not be written */
} zg_copies;

void zg_copies_init(zg_copies *copies, zagg_net *net, zagg_log *log,
                    const volatile int *stop);
/** Names for the copies of these granules (texts are copied; local paths and repeats are
 * left out) below `to`, which is made. The same granules get the same names every time:
 * the last part of the URL, in a folder of its own where several have the same. */
zagg_status zg_copies_name(zg_copies *copies, const char *to, const char *const *hrefs,
                           size_t n, zagg_err *err);
void zg_copies_free(zg_copies *copies);
/** NULL where it is none of them. */
zg_copy *zg_copies_find(const zg_copies *copies, const char *href);
/** A zagg_open_fn, `user` being the copies: the granule, read through its copy; local
 * paths as they are. One reader of a granule at a time. */
zagg_status zg_copies_open(void *user, const char *href, zagg_source **out,
                           zagg_err *err);
/** A granule could not be read, after it was opened: NULL, only the reason is kept. */
void zg_copies_fail(zg_copies *copies, zg_copy *copy, zagg_status status,
                    const char *why);
/** IO, if a copy could not be written since then. Thread-safe. */
zagg_status zg_copies_check(zg_copies *copies, zagg_err *err);

#endif
