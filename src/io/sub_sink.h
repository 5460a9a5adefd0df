/* A folder of a store as a store of its own, to be read. */
#ifndef ZG_IO_SUB_SINK_H
#define ZG_IO_SUB_SINK_H

#include "zagg/io.h"

/** `folder` without a '/' at its end; `inner` is borrowed and must outlive the sink.
 * Writing through it is refused (UNSUPPORTED). */
zagg_status zg_sink_open_below(zagg_sink *inner, const char *folder, zagg_sink **out,
                               zagg_err *err);

#endif
