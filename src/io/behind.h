/* Puts that go on while their caller does: a sink in front of a store behind a network,
 * where each put takes long and many take no longer than one. */
#ifndef ZG_IO_BEHIND_H
#define ZG_IO_BEHIND_H

#include "base/base.h"
#include "zagg/io.h"

/** What the sinks of one store share: threads that put, and room for what waits. */
typedef struct zg_behind zg_behind;

/** `hands` puts at once, at most `most_bytes` of copies waiting (an object that is larger
 * waits alone). */
zagg_status zg_behind_new(size_t hands, size_t most_bytes, zg_behind **out,
                          zagg_err *err);
/** Its sinks must be closed. NULL is fine. */
void zg_behind_free(zg_behind *behind);

/** A sink into `inner` (borrowed). A put copies its bytes and comes back; it waits only
 * for room. After a failure no later put is sent; zg_sink_wait, and all calls that wait,
 * say what it was, and puts do not: how soon they knew would be chance.
 * Streams go through as they come and are committed in the same way. Reading, listing and
 * removing wait for all puts of this sink first, and zg_sink_wait does nothing else;
 * zg_sink_fence orders puts without waiting, as do two puts under one key. */
zagg_status zg_behind_open(zg_behind *behind, zagg_sink *inner, zagg_sink **out,
                           zagg_err *err);

#endif
