/* A store in memory for fuzz targets: a list of keys and their bytes. */
#ifndef ZAGG_TESTS_FUZZ_MEM_SINK_H
#define ZAGG_TESTS_FUZZ_MEM_SINK_H

#include "zagg/io.h"

/** An empty store; closes like any other. NULL on lack of memory. */
zagg_sink *mem_sink_new(void);

/** Objects of a text: a line "@@ KEY" starts one, everything up to the next such line is
 * its bytes; of a line "@@- KEY" without the line end in front of the next such line, for
 * bytes that are no text. Keys that a store refuses are passed over. */
void mem_sink_load(zagg_sink *sink, const char *text, size_t len);

#endif
