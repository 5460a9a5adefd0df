/* Inside of the sink of an s3:// store: what its files share. */
#ifndef ZG_NET_S3_SINK_H
#define ZG_NET_S3_SINK_H

#include "io/crew.h"
#include "io/sink.h"
#include "net/s3.h"

#include <pthread.h>

/* Metadata of objects whose putting may seem to fail although it did not: by it the one
 * who put it knows it again. */
#define ZG_S3_MARK "x-amz-meta-zagg-upload"
#define ZG_S3_PART_BYTES ((size_t)8 << 20)
enum {
    ZG_S3_PARTS_AT_ONCE = 4,    /* of one object */
    ZG_S3_PARTS_OF_SINK = 8,    /* of all objects that are on their way */
    ZG_S3_MAX_PARTS = 10000,    /* S3's limit */
    ZG_S3_GROWTH_PARTS = 1000,  /* after so many, parts are twice as large */
    ZG_S3_MAX_ANSWER = 16 << 20 /* a page of 1000 keys is 4 MiB at most */
};

typedef struct zg_s3_sink {
    zg_http *http; /* borrowed, as s3 */
    zg_s3 *s3;
    char *prefix; /* of keys: "" or "a/b/" */
    char *name;   /* "s3://bucket/a/b" */
    size_t part_bytes;
    zg_crew *crew;         /* sends parts; made when there is a first one */
    pthread_mutex_t lock;  /* of crew and parts */
    pthread_cond_t parted; /* a part is over */
    size_t parts;          /* on their way */
} zg_s3_sink;

typedef struct zg_s3_sink_opts {
    zg_http *http; /* both borrowed, and must outlive the sink */
    zg_s3 *s3;
    const char *prefix; /* of the store in its bucket, without slashes at its ends; "" */
    size_t part_bytes;  /* 0: ZG_S3_PART_BYTES; tests take less than S3 would */
} zg_s3_sink_opts;
/** Nothing is asked yet. */
zagg_status zg_s3_sink_open(const zg_s3_sink_opts *opts, zagg_sink **out, zagg_err *err);

/* ---- one call (s3_call.c) ---- */

/** A call to the bucket with what it owns. */
typedef struct zg_s3_call {
    zg_call call;
    char *url, *key; /* key as the bucket has it */
} zg_s3_call;

/** `key` is one of the sink ("" for its prefix); NULL: the bucket itself. `query` as it
 * is sent, "" for none. Free with zg_s3_call_free in any case. */
zagg_status zg_s3_call_init(const zg_s3_sink *s, zg_s3_call *c, const char *method,
                            const char *key, const char *query, zagg_err *err);
/** The same for a key as the bucket has it. */
zagg_status zg_s3_call_init_raw(const zg_s3_sink *s, zg_s3_call *c, const char *method,
                                const char *raw_key, const char *query, zagg_err *err);
/** Sign and send; errors as those of zg_http_send. */
zagg_status zg_s3_call_send(const zg_s3_sink *s, zg_s3_call *c, zagg_err *err);
/** An answer that was sent as one of several: HTTP where it is none (3xx). */
zagg_status zg_s3_call_check(const zg_s3_sink *s, const zg_call *call, zagg_err *err);
void zg_s3_call_free(zg_s3_call *c);
/** "a/b/key", to be freed. */
zagg_status zg_s3_raw_key(const zg_s3_sink *s, const char *key, char **out,
                          zagg_err *err);

/* ---- lists (s3_list.c) ---- */

/** An object as the bucket has it: the whole key, not that of the sink. A folder's ends
 * with '/'. */
typedef zagg_status (*zg_s3_list_fn)(void *user, const char *raw_key, uint64_t size,
                                     bool folder, zagg_err *err);
/** All pages below `raw_prefix`; `folders`: names directly below it. `fn` may send calls
 * itself. FORMAT for answers that make no sense: keys outside the prefix, pages without
 * end. Memory: one page. */
zagg_status zg_s3_list_pages(const zg_s3_sink *s, const char *raw_prefix, bool folders,
                             zg_s3_list_fn fn, void *user, zagg_err *err);
zagg_status zg_s3_list(void *self, const char *prefix, zagg_sink_list_fn fn, void *user,
                       zagg_err *err);
zagg_status zg_s3_list_dir(void *self, const char *prefix, zagg_sink_list_fn fn,
                           void *user, zagg_err *err);

/* ---- removal (s3_delete.c) ---- */

zagg_status zg_s3_remove(void *self, const char *key, zagg_err *err);
zagg_status zg_s3_remove_prefix(void *self, const char *prefix, zagg_err *err);

/* ---- putting (s3_put.c, s3_multipart.c, s3_stream.c, s3_uploads.c) ---- */

/** An upload; one thread at a time, but for the sending of parts. */
typedef struct zg_s3_upload {
    zg_s3_sink *sink;
    char *key, *id, *id_query; /* id percent-encoded */
    char mark[33];             /* in the object's metadata: says whose it is */
    zg_vec parts;   /* char *: ETags, by which the server knows parts; the sink's lock */
    uint64_t bytes; /* of parts that are there */
} zg_s3_upload;

typedef struct zg_s3_piece {
    const void *data;
    size_t len;
} zg_s3_piece;

/** Bytes of the part with this index (the last one may be shorter). */
size_t zg_s3_part_bytes(const zg_s3_sink *s, size_t index);
/** Nothing is left to be freed when this fails; else zg_s3_upload_free, after _finish or
 * _abort. */
zagg_status zg_s3_upload_begin(zg_s3_sink *s, const char *key, zg_s3_upload *out,
                               zagg_err *err);
/** Room for one part more; its index. RANGE beyond S3's limit. */
zagg_status zg_s3_upload_next(zg_s3_upload *u, size_t *index, zagg_err *err);
/** Send a part. Thread-safe for parts of different indices. */
zagg_status zg_s3_upload_part(zg_s3_upload *u, size_t index, const void *data, size_t len,
                              zagg_err *err);
/** Send the next parts, at most ZG_S3_PARTS_AT_ONCE, side by side. */
zagg_status zg_s3_upload_parts(zg_s3_upload *u, const zg_s3_piece *pieces, size_t n,
                               zagg_err *err);
/** All parts are there: make the object. */
zagg_status zg_s3_upload_finish(zg_s3_upload *u, zagg_err *err);
/** Best effort; what stays behind is the next zagg_sink_clean's. */
void zg_s3_upload_abort(zg_s3_upload *u);
void zg_s3_upload_free(zg_s3_upload *u);
/** Give an upload up; none of this id is fine. */
zagg_status zg_s3_abort(const zg_s3_sink *s, const char *key, const char *id,
                        zagg_err *err);

/** A header that says when an object is to be put, and the object's ZG_S3_MARK. */
typedef struct zg_s3_condition {
    const char *name, *value, *mark;
} zg_s3_condition;
/** One PUT, with a condition or NULL. `*answer` is left to the caller with the answer
 * (zg_s3_call_free), also on failure. */
zagg_status zg_s3_put_one(const zg_s3_sink *s, const char *key, const void *data,
                          size_t len, const zg_s3_condition *condition,
                          zg_s3_call *answer, zagg_err *err);
/** Bytes that are at hand, in one or several parts. */
zagg_status zg_s3_put(void *self, const char *key, const void *data, size_t len,
                      zagg_err *err);

zagg_status zg_s3_stream_begin(void *self, const char *key, void **out_stream,
                               zagg_err *err);
zagg_status zg_s3_stream_add(void *self, void *stream, const void *data, size_t len,
                             const zg_sha256_stream *so_far, zagg_err *err);
zagg_status zg_s3_stream_commit(void *self, void *stream, zagg_err *err);
void zg_s3_stream_abandon(void *self, void *stream);

/** Abort the uploads below the prefix that nobody ended. */
zagg_status zg_s3_clean(void *self, size_t *n_removed, zagg_err *err);

/* ---- conditional puts (s3_swap.c) ---- */

zagg_status zg_s3_put_if(void *self, const char *key, const void *data, size_t len,
                         const zg_sink_tag *old, zg_sink_tag *out, zagg_err *err);
zagg_status zg_s3_get_tagged(void *self, const char *key, size_t max_len, void **out_data,
                             size_t *out_len, zg_sink_tag *tag, zagg_err *err);

#endif
