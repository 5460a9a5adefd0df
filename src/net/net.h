/* Inside of the engine: what sources and sinks of a zagg_net share. */
#ifndef ZG_NET_NET_H
#define ZG_NET_NET_H

#include "net/s3.h"

/** The engine's parts; owned by it. Each getter makes the part when it is first asked
 * for. Thread-safe. */
zg_http *zg_net_http(zagg_net *net);
zagg_status zg_net_earthdata(zagg_net *net, zg_earthdata **out, zagg_err *err);
/** The bucket of s3:// granules, with the keys that `credentials_provider` says. Cached
 * by name; owned by the engine. */
zagg_status zg_net_source_bucket(zagg_net *net, const char *bucket, zg_s3 **out,
                                 zagg_err *err);
/** The bucket of an s3:// store: keys of --output-creds, else the ambient chain. */
zagg_status zg_net_sink_bucket(zagg_net *net, const char *bucket, zg_s3 **out,
                               zagg_err *err);
const zagg_net_opts *zg_net_opts_of(const zagg_net *net);

/** Keys of whoever asks (environment, profile, container, instance), and of the bucket of
 * s3:// granules: the same, a DAAC's, or none. Owned by the engine. */
zagg_status zg_net_ambient_creds(zagg_net *net, zg_creds **out, zagg_err *err);
zagg_status zg_net_source_creds(zagg_net *net, const char *bucket, zg_creds **out,
                                zagg_err *err);
/** What the file of --output-creds says; NULL in *out without one. Owned by the engine.
 */
zagg_status zg_net_output_file(zagg_net *net, const zg_output_creds **out, zagg_err *err);
/** Never NULL. */
const char *zg_net_region(const zagg_net *net);

/** The read cache, or NULL. */
typedef struct zg_cache zg_cache;
zg_cache *zg_net_cache(zagg_net *net);

/** Room for bytes that are being fetched: waits until there is some (a request larger
 * than all of it waits to be alone). CANCELLED on a stop. */
zagg_status zg_net_room_take(zagg_net *net, size_t bytes, zagg_err *err);
void zg_net_room_give(zagg_net *net, size_t bytes);

#endif
