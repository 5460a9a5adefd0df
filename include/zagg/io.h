/* Where bytes come from and go to: sources (files, memory) and sinks (directories), each
 * behind one vtable so that a remote form is another implementation and nothing else. */
#ifndef ZAGG_IO_H
#define ZAGG_IO_H

#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- sources ---- */

typedef struct zagg_source zagg_source;

typedef struct zagg_range {
    uint64_t offset; /* bytes */
    size_t len;      /* bytes */
    void *out;       /* receives len bytes */
} zagg_range;

typedef struct zagg_io_stats {
    uint64_t calls;     /* read_at / read_many / put / get / list / delete calls */
    uint64_t requests;  /* what the system or server was asked after coalescing */
    uint64_t bytes;     /* bytes moved by those requests */
    uint64_t puts;      /* of these: objects that a sink stored */
    uint64_t put_bytes; /* and their bytes */
} zagg_io_stats;

/** Implementation of a source. All functions must be safe to call from several threads.
 */
typedef struct zagg_source_vtable {
    /** Read exactly `len` bytes at `offset`; the caller has checked them against `size`.
     */
    zagg_status (*read_at)(void *self, uint64_t offset, size_t len, void *out,
                           zagg_err *err);
    void (*close)(void *self);
    /** About as many bytes as come in the time that one request takes by itself: readers
     * ask for so much at once where they need little. 0 stands for 256 KiB, which fits
     * sources behind a network. */
    size_t request_bytes;
    /** Read `n` spans that have been checked and ascend, side by side: for sources whose
     * requests take time rather than work. After a failure nobody looks
     * at what was read. NULL: one read_at after another. */
    zagg_status (*read_many)(void *self, const zagg_range *spans, size_t n,
                             zagg_err *err);
    /** The same for what describes the data of a file, if that is to be told apart; NULL:
     * read_many. */
    zagg_status (*read_metadata)(void *self, const zagg_range *spans, size_t n,
                                 zagg_err *err);
    /** For sources that lack bytes: which are there around the one at `offset`, from
     * *begin to *end - 1; false where that one is not. Nothing is then read along with
     * what is needed. NULL: all are there. */
    bool (*there)(void *self, uint64_t offset, uint64_t *begin, uint64_t *end);
} zagg_source_vtable;

/** A local file. Errors name the path: NOTFOUND, IO (a directory, no permission, ...). A
 * copy that zagg fetch made (there is a PATH.spans) may lack bytes: reading these is an
 * error (IO). */
ZAGG_API zagg_status zagg_source_open_file(const char *path, zagg_source **out,
                                           zagg_err *err);
/** Bytes that the caller keeps alive and unchanged until close. */
ZAGG_API zagg_status zagg_source_open_mem(const void *data, size_t len, zagg_source **out,
                                          zagg_err *err);
/** Any other implementation: `name` is copied and used in messages, `self` is closed with
 * the source (also when this call fails). */
ZAGG_API zagg_status zagg_source_open_custom(const zagg_source_vtable *vtable, void *self,
                                             uint64_t size, const char *name,
                                             zagg_source **out, zagg_err *err);
ZAGG_API void zagg_source_close(zagg_source *source);
ZAGG_API uint64_t zagg_source_size(const zagg_source *source);
ZAGG_API const char *zagg_source_name(const zagg_source *source);

/** Read exactly `len` bytes at `offset`. RANGE when they are not all inside the source,
 * IO when the system fails or the file became shorter. Thread-safe. */
ZAGG_API zagg_status zagg_source_read_at(zagg_source *source, uint64_t offset, size_t len,
                                         void *out, zagg_err *err);

/** How zagg_source_read_many merges ranges. Where none is given, sources that read spans
 * side by side have theirs instead: up to 8 MiB, and gaps as long as they are at most a
 * fifth of what is wanted. */
typedef struct zagg_coalesce {
    uint64_t max_gap;  /* bytes between two ranges that are read along; default 64 KiB */
    uint64_t max_span; /* bytes of one merged request; default 8 MiB */
} zagg_coalesce;
#define ZAGG_COALESCE_INIT                                                               \
    {                                                                                    \
        (uint64_t)64 << 10, (uint64_t)8 << 20                                            \
    }

/** Read many ranges (any order; they may overlap) with as few requests as `how` (NULL:
 * the defaults) allows. Every range is checked against the size before anything is read.
 * Extra memory: one span at most; where spans are read side by side, all that are of more
 * than one range. Thread-safe. */
ZAGG_API zagg_status zagg_source_read_many(zagg_source *source, const zagg_range *ranges,
                                           size_t n, const zagg_coalesce *how,
                                           zagg_err *err);
ZAGG_API zagg_io_stats zagg_source_stats(const zagg_source *source);

/* ---- sinks ---- */

typedef struct zagg_sink zagg_sink;

/** Called once per key, in no particular order; a status other than OK ends the listing.
 */
typedef zagg_status (*zagg_sink_list_fn)(void *user, const char *key, uint64_t size,
                                         zagg_err *err);

/** A local directory as an object store: keys are relative paths with '/'. It is created
 * (with its parents) by the first put. Keys with empty, "." or ".." parts are refused
 * (ARG). */
ZAGG_API zagg_status zagg_sink_open_dir(const char *path, zagg_sink **out, zagg_err *err);
ZAGG_API void zagg_sink_close(zagg_sink *sink);
ZAGG_API const char *zagg_sink_name(const zagg_sink *sink);

/** Store `len` bytes under `key`, replacing what is there as one step: written to a
 * temporary name beside it and renamed, so that a reader never sees a part and a failure
 * leaves the old object and no debris. IO on a full disk etc. Thread-safe; of two puts
 * under one key at once either stays. */
ZAGG_API zagg_status zagg_sink_put(zagg_sink *sink, const char *key, const void *data,
                                   size_t len, zagg_err *err);
/** As zagg_sink_put for objects without which a store cannot be read: also after a power
 * failure the key has its old bytes or its new ones, never a part. Which of the two is
 * settled by zagg_sink_sync. */
ZAGG_API zagg_status zagg_sink_put_whole(zagg_sink *sink, const char *key,
                                         const void *data, size_t len, zagg_err *err);
/** As zagg_sink_put where no object is under the key, as one step: of several that try at
 * once one succeeds, and EEXISTS is the answer to the others. What is there stays as it
 * is. UNSUPPORTED where the store cannot tell. */
ZAGG_API zagg_status zagg_sink_put_new(zagg_sink *sink, const char *key, const void *data,
                                       size_t len, zagg_err *err);
/** An object that is stored piece by piece: under its key it is there as one step, as by
 * zagg_sink_put, when it is committed, and never if it is not. A directory holds 256 KiB
 * of it in memory and the rest in a temporary file (one open file a stream, from then
 * on); other sinks may hold all of it. One thread at a time; streams of one sink do not
 * disturb each other. */
typedef struct zagg_sink_stream zagg_sink_stream;
/** ARG for a key that is refused. Nothing is written yet. */
ZAGG_API zagg_status zagg_sink_stream_begin(zagg_sink *sink, const char *key,
                                            zagg_sink_stream **out, zagg_err *err);
/** Append. After a failure (IO on a full disk etc., NOMEM) the stream takes no more and
 * cannot be committed. */
ZAGG_API zagg_status zagg_sink_stream_add(zagg_sink_stream *stream, const void *data,
                                          size_t len, zagg_err *err);
/** Store the object. Frees the stream in any case; after a failure the old object is
 * there. */
ZAGG_API zagg_status zagg_sink_stream_commit(zagg_sink_stream *stream, zagg_err *err);
/** Forget all of it and free the stream. NULL is fine. */
ZAGG_API void zagg_sink_stream_abandon(zagg_sink_stream *stream);

/** Whole object into a new heap block (release with zagg_bytes_free). NOTFOUND; RANGE
 * beyond max_len. */
ZAGG_API zagg_status zagg_sink_get(zagg_sink *sink, const char *key, size_t max_len,
                                   void **out_data, size_t *out_len, zagg_err *err);
/** Every object whose key starts with `prefix` ("" for all; otherwise "dir/" or a key).
 *  Temporary files of zagg are not reported. */
ZAGG_API zagg_status zagg_sink_list(zagg_sink *sink, const char *prefix,
                                    zagg_sink_list_fn fn, void *user, zagg_err *err);
/** Names directly below the folder `prefix` ("" or "a/b/"), folders with a trailing '/'.
 */
ZAGG_API zagg_status zagg_sink_list_dir(zagg_sink *sink, const char *prefix,
                                        zagg_sink_list_fn fn, void *user, zagg_err *err);
/** Remove one object; none there is OK. */
ZAGG_API zagg_status zagg_sink_delete(zagg_sink *sink, const char *key, zagg_err *err);
/** Remove everything below `prefix` (which must end with '/'), folders included. */
ZAGG_API zagg_status zagg_sink_delete_prefix(zagg_sink *sink, const char *prefix,
                                             zagg_err *err);
/** Make the state of these keys durable: what was put under them stays, and what was
 * deleted stays away, also after a power failure. A directory: fsync of each file, of the
 * folders that hold them and of those above that may be new; cheapest for many keys at
 * once. Keys without an object are fine. IO naming what could not be synced, also when
 * the system lost bytes of an earlier write. Thread-safe. */
ZAGG_API zagg_status zagg_sink_sync(zagg_sink *sink, const char *const *keys, size_t n,
                                    zagg_err *err);
/** Bytes of an object, without reading it where the store can tell. NOTFOUND. */
ZAGG_API zagg_status zagg_sink_size(zagg_sink *sink, const char *key, uint64_t *out,
                                    zagg_err *err);
/** Remove what puts that were cut short (a killed process, a power failure) left behind:
 * temporary files, uploads that were not ended. Nothing else may be writing into the
 * store. */
ZAGG_API zagg_status zagg_sink_clean(zagg_sink *sink, size_t *n_removed, zagg_err *err);
ZAGG_API zagg_io_stats zagg_sink_stats(const zagg_sink *sink);
ZAGG_API void zagg_bytes_free(void *data);

/** Whole local file into a new heap block with a NUL behind it (zagg_bytes_free). Errors
 * name the path; RANGE beyond max_len. */
ZAGG_API zagg_status zagg_file_read(const char *path, size_t max_len, char **out_data,
                                    size_t *out_len, zagg_err *err);

#ifdef __cplusplus
}
#endif
#endif
