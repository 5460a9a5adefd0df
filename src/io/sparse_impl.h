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
    zagg_sink *folder;         /* where the records are */
    char *key, *whole_key;     /* GRANULE.spans; .GRANULE.fetched once all is there */
    char *lock_path;
    zg_lock *held; /* of this copy; NULL: not now */
} zg_sparse;

/** Make a source of it, which owns it, also where this fails. */
zagg_status zg_sparse_source(zg_sparse *s, zagg_source **out, zagg_err *err);
void zg_sparse_free(zg_sparse *s);

/* ---- sparse_save.c ---- */

/** That no other process changes the record or replaces the file: for moments only.
 * CANCELLED on a stop. */
zagg_status zg_sparse_hold(zg_sparse *s, zagg_err *err);
void zg_sparse_let_go(zg_sparse *s);
/** A record of the copy's folder: NOTFOUND, FORMAT. */
zagg_status zg_sparse_load(const zg_sparse *s, const char *key, zg_copy_record *out,
                           zagg_err *err);
/** Put a record in place, durably. */
zagg_status zg_sparse_put(const zg_sparse *s, const char *key,
                          const zg_copy_record *record, zagg_err *err);
/** Are these of one version of one object? */
bool zg_copy_is_same(const zg_copy_record *a, const zg_copy_record *b);
/** Let the record on the disk claim what is there now, and what other processes have
 * fetched. EEXISTS where the copy was replaced by another version. */
zagg_status zg_sparse_save(zg_sparse *s, zagg_err *err);

#endif
