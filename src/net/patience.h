/* Settings of transfers that the environment may change. */
#ifndef ZG_NET_PATIENCE_H
#define ZG_NET_PATIENCE_H

#include "net/http.h"

/** Put ZAGG_NET_STALL_S, ZAGG_NET_ATTEMPTS and ZAGG_NET_BACKOFF_S, where they are set,
 * into the members of these names. CONFIG names the variable, what was found and what it
 * may be. Not while other threads set the environment. */
zagg_status zg_patience_read(zg_http_opts *opts, zagg_err *err);

#endif
