/* A bucket: its endpoint, its keys, and signed calls to it. */
#ifndef ZG_NET_S3_H
#define ZG_NET_S3_H

#include "net/creds.h"

typedef struct zg_s3 zg_s3;

typedef struct zg_s3_opts {
    zg_http *http;   /* borrowed */
    zg_creds *creds; /* borrowed */
    const char *bucket, *region;
    const char *endpoint; /* NULL: zg_aws_endpoint */
    bool requester_pays;
    const char *acl, *sse, *sse_kms_key; /* of what is put; NULL: none */
} zg_s3_opts;

/** Path style with a custom endpoint, with keys out of a file, and for names with dots;
 * else virtual-hosted style. ZAGG_S3_ADDRESSING=path|virtual decides. Texts are copied.
 * Upstream uses path style in every case: its stores are the same. */
zagg_status zg_s3_new(const zg_s3_opts *opts, zg_s3 **out, zagg_err *err);
void zg_s3_free(zg_s3 *s3);

/** URL of a key ("" for the bucket) with a query ("" for none; encoded), heap. */
zagg_status zg_s3_url(const zg_s3 *s3, const char *key, const char *query, char **out,
                      zagg_err *err);

/** What `authorize`, `renew` and `refused` of calls to this bucket are: sets them and
 * `user`. Each attempt is signed anew, with the hash of the body; expired keys are
 * renewed once. An answer 301 or 400 that names the bucket's region is followed by a
 * signature for that region. AUTH errors say whose keys (zg_creds_name) and S3's code. */
void zg_s3_sign_calls(zg_s3 *s3, zg_call *calls, size_t n);
/** With a payload hash that is known already (hex; borrowed until the call is over). */
void zg_s3_sign_call_hashed(zg_s3 *s3, zg_call *call, const char *payload_sha256);

/** Headers of a put: acl, encryption. Not for parts of an upload but its beginning. */
void zg_s3_put_headers(const zg_s3 *s3, zg_headers *headers);
/** Requester pays, on every call. */
void zg_s3_common_headers(const zg_s3 *s3, zg_headers *headers);

const char *zg_s3_bucket(const zg_s3 *s3);

#endif
