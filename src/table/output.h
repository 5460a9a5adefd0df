/* The file a table is written to. */
#ifndef ZG_TABLE_OUTPUT_H
#define ZG_TABLE_OUTPUT_H

#include "base/base.h"

#include <stdio.h>

typedef struct zg_output {
    FILE *file;
    char *path, *temp; /* NULL: standard output */
    bool gzip;
    void *packed; /* for one piece, compressed */
    size_t packed_cap;
} zg_output;

/** Open a new file beside `path`, or standard output for "-". EXISTS, IO, NOMEM. */
zagg_status zg_output_open(zg_output *out, const char *path, bool gzip, bool overwrite,
                           zagg_err *err);
/** Append a piece; with gzip one member of its own, so pieces should be large. */
zagg_status zg_output_write(zg_output *out, const void *data, size_t len, zagg_err *err);
/** Status and message of a failed write; `sys_errno` 0 where it is not known. */
zagg_status zg_output_failed(const zg_output *out, int sys_errno, zagg_err *err);
/** Bring everything to the disk and give the file its name; closes it in any case. */
zagg_status zg_output_commit(zg_output *out, zagg_err *err);
/** Close and remove; for an output that was never opened or is committed, nothing. */
void zg_output_discard(zg_output *out);

#endif
