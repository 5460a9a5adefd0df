/* A local file as a source whose requests take time, for tests of what is asked of such
 * sources: it counts, checks what it is given, and fails on demand. */
#ifndef ZAGG_TESTS_PARALLEL_H
#define ZAGG_TESTS_PARALLEL_H

#include "zagg/io.h"

#include <stdatomic.h>

typedef struct parallel_counts {
    atomic_int calls; /* of any kind: each a time to wait */
    atomic_int metadata_calls;
    atomic_int requests; /* spans */
    _Atomic uint64_t bytes, metadata_bytes;
    atomic_int fail_at; /* this call (1: the next) fails; 0: none */
    bool fail_on;       /* and all that follow */
    zagg_status failure;
} parallel_counts;

/** For zagg_open_fn, with the counts as `user`: they outlive the source. A call with
 * spans that do not ascend or are empty is INTERNAL. */
zagg_status parallel_open(void *counts, const char *path, zagg_source **out,
                          zagg_err *err);

#endif
