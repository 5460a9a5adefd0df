/* Inside of a granule behind a URL: how its ranges are asked for. */
#ifndef ZG_NET_SOURCE_H
#define ZG_NET_SOURCE_H

#include "net/cache.h"
#include "net/net.h"
#include "net/vain.h"

#include <pthread.h>

/** Where an https:// object lies: its URL, and the one that redirects led to. */
typedef struct zg_way {
    pthread_mutex_t lock; /* of what follows */
    bool known;           /* somebody went all the way */
    char *end;            /* NULL: the object's own URL; a secret */
    time_t expires;       /* of the end; 0: nobody said */
} zg_way;

typedef struct zg_remote {
    zagg_net *net;
    char *name; /* URL without its query: for messages and the cache */
    char *url;  /* as it is sent */
    zg_s3 *s3;  /* s3://; the engine's. NULL: https:// */
    zg_way way;
    /* The version that is read; texts are NULL where the server did not say. */
    bool opened;
    char *etag, *modified;
    uint64_t size;
    unsigned char *head; /* the first head_len bytes */
    size_t head_len;
    zg_cache_object *cached; /* NULL: no cache */
    zg_vain vain;
} zg_remote;

/** One range of an object as a call; what it asks for but its URL and whose it is. With
 * `match` the version must be that of the source. zg_call_free. */
void zg_remote_prepare(const zg_remote *r, const zagg_range *range, bool match,
                       zg_call *call);

/** Send a call for each range of an https:// object, along the way that is known or has
 * to be found. `calls` are prepared in here, answered as zg_http_send would, and the
 * caller's to free in any case. Thread-safe. */
zagg_status zg_https_send(zg_remote *r, const zagg_range *ranges, size_t n, bool match,
                          zg_call *calls, zagg_err *err);
void zg_way_init(zg_way *way);
void zg_way_free(zg_way *way);

/* ---- one version of an object (known.c) ---- */

/** What tells the versions of an object apart. */
typedef struct zg_version {
    uint64_t size;
    char *tag; /* ETag, else the date, heap; "" where the server says neither */
    bool is_date;
} zg_version;
void zg_version_free(zg_version *version);
/** Of a source that zagg_net_open_source gave. NOMEM. */
zagg_status zg_net_source_version(const zagg_source *source, zg_version *out,
                                  zagg_err *err);
/** Ask for it with a request for one byte. Errors as zagg_net_open_source. */
zagg_status zg_net_ask_version(zagg_net *net, const char *url, zg_version *out,
                               zagg_err *err);
/** As zagg_net_open_source of a version that is known: nothing is asked before the first
 * read, which fails where it is another version. */
zagg_status zg_net_open_version(zagg_net *net, const char *url, const zg_version *version,
                                zagg_source **out, zagg_err *err);

/** For these: name what `url` is, without a request. `*out` is zg_remote_close's. */
zagg_status zg_remote_new(zagg_net *net, const char *url, zg_remote **out, zagg_err *err);
/** Size and version from a first request for `bytes` bytes, which stay as the head. */
zagg_status zg_remote_read_head(zg_remote *r, size_t bytes, zagg_err *err);
/** Make a source of it, which owns it, also where that fails. */
zagg_status zg_remote_source(zg_remote *r, zagg_source **out, zagg_err *err);
void zg_remote_close(void *remote);

/* ---- for tests ---- */

/** When a signed URL expires: X-Amz-Date + X-Amz-Expires, or Expires (seconds since
 * 1970); 0: it does not say. */
time_t zg_url_expires(const char *url);
/** Does a host ("HOST" or "HOST:PORT") get the token of Earthdata? */
bool zg_is_earthdata_host(const char *host, size_t len, bool tls);
/** Where `location` leads from `url`, heap; NULL without memory. */
char *zg_url_follow(const char *url, const char *location);

#endif
