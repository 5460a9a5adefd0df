/* Inside of a sink: the vtable that a kind of store implements, and its registration. */
#ifndef ZG_IO_SINK_H
#define ZG_IO_SINK_H

#include "io/source.h"

/** A version of an object. */
typedef struct zg_sink_tag {
    char text[256];   /* what the store calls it; "" only as "none is there" */
    double age_s;     /* since it was stored, by the store's own clock; -1: unknown */
    char changed[40]; /* when it was stored, as the store says it; "": it does not */
} zg_sink_tag;

/** Keys and prefixes have been checked when these are called. All thread-safe. */
typedef struct zg_sink_vtable {
    zagg_status (*put)(void *self, const char *key, const void *data, size_t len,
                       zagg_err *err);
    zagg_status (*get)(void *self, const char *key, size_t max_len, void **out_data,
                       size_t *out_len, zagg_err *err);
    zagg_status (*list)(void *self, const char *prefix, zagg_sink_list_fn fn, void *user,
                        zagg_err *err);
    zagg_status (*list_dir)(void *self, const char *prefix, zagg_sink_list_fn fn,
                            void *user, zagg_err *err);
    zagg_status (*remove)(void *self, const char *key, zagg_err *err);
    zagg_status (*remove_prefix)(void *self, const char *prefix, zagg_err *err);
    void (*close)(void *self);
    /* As put, but no failure of the machine leaves the key without its bytes; NULL where
     * put is like that. */
    zagg_status (*put_whole)(void *self, const char *key, const void *data, size_t len,
                             zagg_err *err);
    /* NULL where what has been put is durable at once (an object store of a server). */
    zagg_status (*sync)(void *self, const char *const *keys, size_t n, zagg_err *err);
    /* NULL: the object is read for it. */
    zagg_status (*size)(void *self, const char *key, uint64_t *out, zagg_err *err);
    /* NULL where nothing half done can stay behind. */
    zagg_status (*clean)(void *self, size_t *n_removed, zagg_err *err);
    /* Objects that come piece by piece; all NULL: they are collected in memory and put.
     * `so_far` is the hash of the object up to the end of these bytes, NULL where nobody
     * has it. `*out_stream` ends with its commit, also one that fails, or with abandon.
     */
    zagg_status (*stream_begin)(void *self, const char *key, void **out_stream,
                                zagg_err *err);
    zagg_status (*stream_add)(void *self, void *stream, const void *data, size_t len,
                              const zg_sha256_stream *so_far, zagg_err *err);
    zagg_status (*stream_commit)(void *self, void *stream, zagg_err *err);
    void (*stream_abandon)(void *self, void *stream);
    /* A new file without a name, to be read and written, on the disk that the object
     * under `key` will be on (-1: there is no such thing), and bytes to its end; both
     * NULL: memory takes its place. */
    zagg_status (*scratch_open)(void *self, const char *key, int *out_fd, zagg_err *err);
    zagg_status (*scratch_add)(void *self, int fd, const void *data, size_t len,
                               zagg_err *err);
    /* zg_sink_put_if and zg_sink_get_tagged; NULL: not to be had. */
    zagg_status (*put_if)(void *self, const char *key, const void *data, size_t len,
                          const zg_sink_tag *old, zg_sink_tag *out, zagg_err *err);
    zagg_status (*get_tagged)(void *self, const char *key, size_t max_len,
                              void **out_data, size_t *out_len, zg_sink_tag *tag,
                              zagg_err *err);
    /* zagg_sink_put_new; NULL: by put_if. */
    zagg_status (*put_new)(void *self, const char *key, const void *data, size_t len,
                           zagg_err *err);
    /* zg_sink_local_path; NULL: there are no files. */
    zagg_status (*local_path)(void *self, const char *key, char **out, zagg_err *err);
    /* zg_sink_fence and zg_sink_wait; NULL where a put that came back is over. */
    void (*fence)(void *self);
    zagg_status (*wait)(void *self, zagg_err *err);
} zg_sink_vtable;

/** Of a sink: shared by sink.c and sink_stream.c. */
struct zagg_sink {
    const zg_sink_vtable *vtable;
    void *self;
    char *name;
    zg_io_counters counters;
};

/** Wrap an implementation; `self` is closed with the sink, also when this fails. */
zagg_status zg_sink_new(const zg_sink_vtable *vtable, void *self, const char *name,
                        zagg_sink **out, zagg_err *err);

/** EARG unless `key` is a relative path that stays in the store. */
zagg_status zg_sink_check_key(const zagg_sink *sink, const char *key, zagg_err *err);
/** Sets ENOMEM, as what writes an object says it, and returns it. */
zagg_status zg_sink_no_memory(const zagg_sink *sink, const char *key, zagg_err *err);
void zg_sink_count_request(zagg_sink *sink);
/** An object of `len` bytes was stored. */
void zg_sink_count_put(zagg_sink *sink, uint64_t len);

/** Put if the object is still the version `old` ("": if there is none); *out is the new
 * one (age 0). EEXISTS: it is another one by now; UNSUPPORTED where the store cannot
 * tell.
 */
zagg_status zg_sink_put_if(zagg_sink *sink, const char *key, const void *data, size_t len,
                           const zg_sink_tag *old, zg_sink_tag *out, zagg_err *err);
/** As zagg_sink_get, with the object's version. */
zagg_status zg_sink_get_tagged(zagg_sink *sink, const char *key, size_t max_len,
                               void **out_data, size_t *out_len, zg_sink_tag *tag,
                               zagg_err *err);
/** The file that a key is on this machine (zg_free); *out is NULL where it is none. */
zagg_status zg_sink_local_path(zagg_sink *sink, const char *key, char **out,
                               zagg_err *err);
/** What is put from now on is stored after all that was put so far, and not at all where
 * some of that fails. Costs nothing where puts are over when they come back. */
void zg_sink_fence(zagg_sink *sink);
/** Wait until all that was put is stored; the first failure. */
zagg_status zg_sink_wait(zagg_sink *sink, zagg_err *err);

/** As zagg_sink_stream_begin for pieces that were gathered already: a sink that takes
 * pieces gets them as they are. */
zagg_status zg_sink_stream_begin_direct(zagg_sink *sink, const char *key,
                                        zagg_sink_stream **out, zagg_err *err);
/** As zagg_sink_stream_add for a caller that has the hash of the object's bytes up to the
 * end of these (NULL: it has not), so that nobody hashes them again. */
zagg_status zg_sink_stream_add_hashed(zagg_sink_stream *stream, const void *data,
                                      size_t len, const zg_sha256_stream *so_far,
                                      zagg_err *err);

/* ---- scratch.c: bytes put aside while an object is made ---- */

/** Bytes that are appended and read back. Up to ZG_IO_HELD_BYTES are in memory, the rest
 * in a file that has no name: nothing stays behind, however the process ends. One thread
 * at a time. */
typedef struct zg_scratch zg_scratch;
zagg_status zg_scratch_new(zagg_sink *sink, const char *key, zg_scratch **out,
                           zagg_err *err);
void zg_scratch_free(zg_scratch *scratch);
/** *offset: where the bytes begin. */
zagg_status zg_scratch_add(zg_scratch *scratch, const void *data, size_t len,
                           uint64_t *offset, zagg_err *err);
/** Bytes that were added. */
zagg_status zg_scratch_read(const zg_scratch *scratch, uint64_t offset, size_t len,
                            void *out, zagg_err *err);

/** For sinks in front of others: *out_fd is -1 where the sink has no files. The second
 * appends to what the first opened. */
zagg_status zg_sink_scratch_open(zagg_sink *sink, const char *key, int *out_fd,
                                 zagg_err *err);
zagg_status zg_sink_scratch_add(zagg_sink *sink, int fd, const void *data, size_t len,
                                zagg_err *err);

/* ---- held.c ---- */

/* What a stream or a scratch gathers before it goes on. */
#define ZG_IO_HELD_BYTES ((size_t)256 << 10)

/** Bytes gathered in memory. */
typedef struct zg_held {
    unsigned char *data;
    size_t len, cap;
} zg_held;
/** False without memory; nothing is taken then. */
bool zg_held_add(zg_held *held, const void *data, size_t len);
void zg_held_free(zg_held *held);

#endif
