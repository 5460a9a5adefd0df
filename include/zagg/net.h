/* Granules and stores behind https:// and s3://: one engine for all transfers of a
 * process, its credentials, its policy and its counters. docs/remote.md. */
#ifndef ZAGG_NET_H
#define ZAGG_NET_H

#include "zagg/io.h"
#include "zagg/log.h"
#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zagg_net zagg_net;

/** Does this text name something behind a network (https://, http://, or s3:// with a
 * bucket)? s3:///PATH is a local path, as in upstream's shard maps. */
ZAGG_API bool zagg_url_is_remote(const char *text);

/** All members may be left zero. Texts are copied. */
typedef struct zagg_net_opts {
    const char *region; /* of buckets; NULL: environment, profile, us-west-2 */
    /* Who gives keys for s3:// granules: "nsidc", "lpdaac", "gesdisc" (Earthdata), "aws"
     * (environment, profile, container, instance), "anonymous". NULL: by the bucket's
     * name, a DAAC's protected ones by Earthdata, others "aws". */
    const char *credentials_provider;
    /* File of keys for s3:// stores (--output-creds); NULL: as "aws". */
    const char *output_creds;
    const char *output_endpoint; /* of s3:// stores, where the keys name none; NULL:
                                    environment, AWS */
    /* Keys that came along and are not looked for: JSON in the spellings that such a file
     * may have, for s3:// granules and for s3:// stores; the bearer token for https://
     * granules. They are not kept by these members. NULL: none, as above. */
    const char *source_keys, *output_keys, *earthdata_token;
    const char *cache_dir; /* read cache; NULL: none */
    uint64_t cache_bytes;  /* its bound; 0: 10 GiB */
    const char *acl;       /* x-amz-acl of what is put; "bucket-owner-full-control" */
    const char *sse;       /* "AES256" or "aws:kms"; NULL: the bucket's default */
    const char *sse_kms_key;
    bool requester_pays;
    uint64_t max_bytes_in_flight; /* of all reads together; 0: 256 MiB */
    double deadline_s; /* zg_clock_mono_s() after which no request is made; 0: none */
    const volatile int *stop; /* set: waits end, with ECANCELLED */
    zagg_log *log;
} zagg_net_opts;

/** Nothing is asked of any server yet. `opts` may be NULL. Errors: CONFIG (a file of
 * keys, a CA bundle, a region that cannot be used), NOMEM, INTERNAL. */
ZAGG_API zagg_status zagg_net_new(const zagg_net_opts *opts, zagg_net **out,
                                  zagg_err *err);
/** Sources and sinks that came of it must be closed. NULL is fine. */
ZAGG_API void zagg_net_free(zagg_net *net);

/** Open a granule at an https://, http:// or s3:// URL. Thread-safe. One request, whose
 * bytes (the beginning of the object) serve the first reads. What is read belongs to one
 * version of the object: another one is an error. Errors: NOTFOUND, AUTH (text says
 * whose keys, and what to do), HTTP, IO (host, address family, errno), CANCELLED. */
ZAGG_API zagg_status zagg_net_open_source(zagg_net *net, const char *url,
                                          zagg_source **out, zagg_err *err);

/** A store s3://BUCKET/PREFIX. Nothing is asked yet. */
ZAGG_API zagg_status zagg_net_open_sink(zagg_net *net, const char *url, zagg_sink **out,
                                        zagg_err *err);

typedef struct zagg_net_stats {
    uint64_t requests;       /* sent, retries included */
    uint64_t retries;        /* of these */
    uint64_t throttles;      /* answers 429 and 503 */
    uint64_t bytes_in;       /* bodies received */
    uint64_t bytes_out;      /* bodies sent */
    uint64_t metadata_bytes; /* of bytes_in: pages of granules' metadata */
    uint64_t connections;    /* opened */
    uint64_t cache_hits, cache_misses, cache_bytes; /* bytes served from the cache */
    double first_byte_mean_s, first_byte_max_s;     /* from sending to first byte */
} zagg_net_stats;
/** Thread-safe. */
ZAGG_API zagg_net_stats zagg_net_stats_of(const zagg_net *net);

#ifdef __cplusplus
}
#endif
#endif
