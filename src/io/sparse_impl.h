/* Inside of a copy with holes: what opening it and reading it share. */
#ifndef ZG_IO_SPARSE_IMPL_H
#define ZG_IO_SPARSE_IMPL_H

#include "io/lock.h"
#include "io/spans.h"
#include "io/sparse.h"

#include <pthread.h>

typedef struct zg_sparse {
    char *path;
    int fd;
    zg_sparse_opts opts; /* opts.open NULL: offline */
    char *url;           /* as it was given: the record has less */
    zagg_source_vtable vtable;
    pthread_mutex_t lock;  /* the four below */
    pthread_cond_t landed; /* something of `coming` has come */
    zg_copy_record record;
    zg_vec coming;               /* zg_byte_span: being fetched */
    uint64_t unsaved;            /* bytes that the record on the disk does not know */
    bool broken;                 /* it could not be written */
    bool recorded;               /* there is a record on the disk */
    pthread_mutex_t source_lock; /* of the next one */
    zagg_source *source;
    pthread_mutex_t save_lock; /* one record is written at a time */
    zagg_sink *folder;         /* where the record is put */
    char *key;                 /* under which name */
    char *whole_key;           /* ..., once all is there */
    zg_lock *held;
} zg_sparse;

/** "PATH.spans", heap. */
zagg_status zg_sparse_record_path(const char *path, char **out, zagg_err *err);
/** A new one, of a file that is open; `fd` is its own only after success. Takes the
 * record in any case. */
zagg_status zg_sparse_new(const char *path, int fd, const zg_sparse_opts *opts,
                          zg_copy_record *record, zg_sparse **out, zagg_err *err);
/** Make a source of it, which owns it, also where this fails. */
zagg_status zg_sparse_source(zg_sparse *s, zagg_source **out, zagg_err *err);
/** Put a record in place, durably. */
zagg_status zg_sparse_put_record(zagg_sink *folder, const char *key,
                                 const zg_copy_record *record, zagg_err *err);
/** fsync; IO naming `path`. */
zagg_status zg_sparse_sync(int fd, const char *path, zagg_err *err);
void zg_sparse_free(zg_sparse *s);

#endif
