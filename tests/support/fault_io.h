/* Sources and sinks that fail as a fault_plan says, in front of real ones: what a server
 * that fails looks like to the library. Kinds FAULT_SOURCE_* and FAULT_SINK_*. */
#ifndef ZAGG_TESTS_FAULT_IO_H
#define ZAGG_TESTS_FAULT_IO_H

#include "support/fault.h"
#include "zagg/io.h"

/** How a wrapped source or sink fails. */
typedef struct fault_io {
    zagg_status status; /* what it fails with; the message is "NAME: injected fault" */
    bool late;          /* it has done what was asked before it says that it failed */
} fault_io;

/** A file behind a source that may fail. Fits zagg_open_fn with a fault_io as `user`. */
zagg_status fault_source_open(void *user, const char *path, zagg_source **out,
                              zagg_err *err);
/** A sink in front of another one, which is closed along with it (also on failure). */
zagg_status fault_sink_open(fault_io *how, zagg_sink *inner, zagg_sink **out,
                            zagg_err *err);

#endif
