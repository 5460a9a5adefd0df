/* Local copies with holes: a file GRANULE that has the bytes of a remote object which
 * somebody read through it, and GRANULE.spans that says which these are (spans.h).
 *
 * A copy is never believed to hold more than it does, whatever ends the process or the
 * machine: bytes are on the disk before a record claims them, records are replaced as a
 * whole, and no file is made before its first record is on the disk. When all bytes are
 * there, the record goes: a whole copy is a file like any other. What it is a copy of is
 * then in .GRANULE.fetched, for those who fetch. */
#ifndef ZG_IO_SPARSE_H
#define ZG_IO_SPARSE_H

#include "io/source.h"

#include <stdatomic.h>

/** What happened to a copy, over all the times it was opened. */
typedef struct zg_sparse_counts {
    _Atomic uint64_t found;   /* bytes that were there when it was first opened */
    _Atomic uint64_t fetched; /* that came since */
    atomic_bool opened;
} zg_sparse_counts;

typedef struct zg_sparse_opts {
    const char *url;  /* of the object: goes into the record without its secrets */
    const char *etag; /* NULL: the server gave none */
    uint64_t size;    /* bytes */
    /* Opens the object, when the first byte is missing. */
    zagg_status (*open)(void *user, const char *url, zagg_source **out, zagg_err *err);
    void *open_user;
    size_t request_bytes;     /* as in zagg_source_vtable */
    zagg_log *log;            /* may be NULL */
    const volatile int *stop; /* ends waiting for the lock; may be NULL */
    zg_sparse_counts *counts; /* may be NULL */
    /* The copy could not be written (a full disk): nothing more can be kept. On any
     * thread, at most once a copy; may be NULL. */
    void (*failed)(void *user, const zagg_err *err);
    void *failed_user;
} zg_sparse_opts;

/** Open a copy at `path` to read through: bytes that it has come from it, others come
 * from the object and stay in it. Its folder is made, `opts` are copied but for what they
 * point to (texts are copied, too). A copy of another version of the object (its ETag or
 * size) is begun anew, which `log` tells. Of several readers of the source each missing
 * byte is asked for once; processes that fetch into the same copy at once may ask for
 * the same bytes, and keep those of all.
 *
 * Records are written every 64 MiB and when the source is closed. Errors: EXISTS where
 * `path` is a whole file of another size that came in another way, IO (full disk),
 * CANCELLED, NOMEM. */
zagg_status zg_sparse_open(const char *path, const zg_sparse_opts *opts,
                           zagg_source **out, zagg_err *err);

/** For zagg_source_open_file: the file `fd` of `size` bytes, opened at `path`, if there
 * is a record beside it; `*out` NULL and OK where there is none, and where all is there.
 * Reading what is not there is an error (IO) that says how to get it. Takes `fd` unless
 * it fails or gives no source. One stat(2). */
zagg_status zg_sparse_open_offline(int fd, uint64_t size, const char *path,
                                   zagg_source **out, zagg_err *err);

#endif
