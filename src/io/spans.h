/* Which bytes of a file are there: sets of byte spans, and the record (GRANULE.spans)
 * that lies beside a local copy with holes. */
#ifndef ZG_IO_SPANS_H
#define ZG_IO_SPANS_H

#include "base/base.h"

/** Bytes begin .. end - 1. */
typedef struct zg_byte_span {
    uint64_t begin, end;
} zg_byte_span;

/** Spans in ascending order that neither overlap nor touch. One thread at a time. */
typedef struct zg_spans {
    zg_vec list;    /* zg_byte_span */
    uint64_t bytes; /* of all of them */
} zg_spans;

void zg_spans_init(zg_spans *s);
void zg_spans_free(zg_spans *s);
/** Join a span to the set; false without memory, or with more than a million spans. */
bool zg_spans_add(zg_spans *s, uint64_t begin, uint64_t end);
/** The first bytes of begin .. end - 1 that are not in the set; false where all are. */
bool zg_spans_hole(const zg_spans *s, uint64_t begin, uint64_t end, zg_byte_span *out);
/** The span that holds a byte; false where none does. */
bool zg_spans_around(const zg_spans *s, uint64_t at, uint64_t *begin, uint64_t *end);

/** What is known of a copy. Texts are owned. */
typedef struct zg_copy_record {
    char *url;  /* where it comes from, without user, query and fragment */
    char *etag; /* of the object; "" where the server gave none */
    uint64_t size;
    zg_spans there;
} zg_copy_record;

/** A record without spans; `etag` may be NULL. ARG for texts with control characters,
 * NOMEM. */
zagg_status zg_copy_record_new(const char *url, const char *etag, uint64_t size,
                               zg_copy_record *out, zagg_err *err);
/** Read what zg_copy_record_write wrote. FORMAT, naming `name` and the line, for anything
 * else: spans out of order or beyond the size, a checksum that is not right. `*out` needs
 * no freeing after a failure. */
zagg_status zg_copy_record_parse(const char *text, size_t len, const char *name,
                                 zg_copy_record *out, zagg_err *err);
/** Append the text of a record; out->failed without memory. */
void zg_copy_record_write(const zg_copy_record *record, zg_str *out);
/** Zero-initialised is fine. */
void zg_copy_record_free(zg_copy_record *record);

#endif
