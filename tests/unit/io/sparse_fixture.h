/* An object of known bytes behind a source that counts what is asked of it, and copies of
 * it. */
#ifndef ZAGG_TESTS_SPARSE_FIXTURE_H
#define ZAGG_TESTS_SPARSE_FIXTURE_H

#include "io/sparse.h"
#include "support/support.h"

#include <pthread.h>

enum { OBJECT_BYTES = 10000 };

typedef struct object {
    unsigned char version;  /* another one has other bytes everywhere */
    atomic_size_t opened;   /* times */
    atomic_size_t requests; /* spans that were asked for */
    _Atomic uint64_t bytes;
    unsigned char asked[OBJECT_BYTES]; /* how often each byte was */
    pthread_mutex_t lock;              /* of it */
    zagg_status fail;                  /* of every request */
    zg_sparse_counts counts;
    zagg_err failed; /* what `failed` was told */
    int n_failed;
} object;

void object_init(object *o);
unsigned char object_byte(const object *o, uint64_t at);
/** Options of a copy of this object; its ETag is its version. */
zg_sparse_opts object_opts(object *o);
/** Open DIR/g.h5 through the object. */
zagg_status object_open(object *o, const char *dir, zagg_source **out, zagg_err *err);
/** Read and compare. */
void assert_reads(const object *o, zagg_source *source, uint64_t offset, size_t len);
/** Open DIR/g.h5 as any run does, and hold every byte of it to the object: each is right
 * or refused. Returns how many are there; -1 where it cannot be opened. */
int64_t bytes_there(const object *o, const char *dir);

#endif
