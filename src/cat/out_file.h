/* A file that is written piece by piece and is there as a whole when it is committed. */
#ifndef ZG_CAT_OUT_FILE_H
#define ZG_CAT_OUT_FILE_H

#include "base/base.h"

typedef struct zg_out_file zg_out_file;

/** Write to a temporary file beside `path`; `gzip`: packed. IO. */
zagg_status zg_out_file_new(const char *path, bool gzip, zg_out_file **out,
                            zagg_err *err);
/** After a failure (IO on a full disk etc.) the file cannot be committed. */
zagg_status zg_out_file_add(zg_out_file *f, const char *text, size_t len, zagg_err *err);
/** Make it durable and give it its name; frees `f`, also when this fails. */
zagg_status zg_out_file_commit(zg_out_file *f, zagg_err *err);
/** NULL is fine. */
void zg_out_file_abandon(zg_out_file *f);

#endif
