/* AWS Signature Version 4, and the URLs that it signs. Pure functions. */
#ifndef ZG_NET_SIGN_H
#define ZG_NET_SIGN_H

#include "net/http.h"

#include <time.h>

/** Keys of one signer; texts are owned (zg_aws_keys_free wipes them). `token` may be
 * NULL. No access key: requests go unsigned. */
typedef struct zg_aws_keys {
    char *access_key, *secret_key, *token;
    time_t expires; /* 0: never */
} zg_aws_keys;
void zg_aws_keys_free(zg_aws_keys *keys);
zagg_status zg_aws_keys_copy(const zg_aws_keys *from, zg_aws_keys *to, zagg_err *err);

typedef struct zg_sign_request {
    const char *method;
    const char *url; /* absolute, encoded as it is sent */
    const char *service, *region;
    const zg_headers *headers; /* those that are sent and are to be signed: x-amz-*, range
                                  is not; others as given */
    const char *payload_sha256; /* hex, or "UNSIGNED-PAYLOAD"; NULL: of no bytes */
    const zg_aws_keys *keys;
    time_t now;
} zg_sign_request;

/** Adds x-amz-date, x-amz-content-sha256 (s3 only), x-amz-security-token and
 * Authorization to `add`. Path: s3 as sent; other services encoded once more. Query
 * parameters sorted, "key" as "key=". Host with its port unless that is the scheme's.
 * Source: AWS documentation, "Create a signed AWS API request". ARG for a URL that cannot
 * be split; NOMEM. */
zagg_status zg_sign_v4(const zg_sign_request *request, zg_headers *add, zagg_err *err);
/** The same, for tests: canonical request and string to sign (zg_free). */
zagg_status zg_sign_v4_texts(const zg_sign_request *request, char **canonical,
                             char **to_sign, char **authorization, zagg_err *err);

/** 0 to 15; -1: no hexadecimal digit. */
int zg_url_hex_digit(char c);

/** Percent-encode everything but unreserved characters (and '/' where `keep_slash`), with
 * upper-case hex. */
void zg_url_encode(zg_str *out, const char *text, bool keep_slash);

/** The same of text that is encoded in part already: undone first, so that every spelling
 * of it becomes the one that is signed. A '%' without two hex digits is an octet. */
void zg_url_reencode(zg_str *out, const char *text, size_t len);

/** Parts of an absolute URL; pointers into it. */
typedef struct zg_url_parts {
    const char *scheme, *host, *path, *query; /* path from its '/', query behind '?' */
    size_t scheme_len, host_len, path_len, query_len; /* host with port; no user part */
} zg_url_parts;
/** False for anything that is not scheme://host[...]; a user part is refused. */
bool zg_url_split(const char *url, zg_url_parts *out);

/** "s3://bucket/key": bucket name valid (3-63 of a-z 0-9 . -; and what old ones may
 * have), key not empty unless `prefix`. Owned texts. CONFIG says what is wrong. */
zagg_status zg_s3_split(const char *url, bool prefix, char **bucket, char **key,
                        zagg_err *err);

/** Where a service is: AWS_ENDPOINT_URL_<SERVICE>, AWS_ENDPOINT_URL, else
 * https://<service>.<region>.amazonaws.com (amazonaws.com.cn for cn-*). `explicit_url`
 * (may be NULL) comes first. *custom: an endpoint was given. Without a '/' at its end. */
zagg_status zg_aws_endpoint(const char *service, const char *region,
                            const char *explicit_url, char **out, bool *custom,
                            zagg_err *err);

#endif
