/* A directory as an object store: what its files share. */
#ifndef ZG_IO_DIR_H
#define ZG_IO_DIR_H

#include "io/sink.h"

typedef struct zg_dir {
    char *root; /* without slashes at its end, unless it is "/" */
    _Atomic uint64_t temp_counter;
} zg_dir;

/** Temporary file beside the object at `path`: "<folder>/.<name>.<pid>.<number>.tmp". */
void zg_dir_temp_path(zg_str *out, const char *path, long pid, uint64_t number);
/** True for file names of that form. */
bool zg_dir_is_temp_name(const char *name);

zagg_status zg_dir_list(void *self, const char *prefix, zagg_sink_list_fn fn, void *user,
                        zagg_err *err);
zagg_status zg_dir_list_dir(void *self, const char *prefix, zagg_sink_list_fn fn,
                            void *user, zagg_err *err);
zagg_status zg_dir_remove_prefix(void *self, const char *prefix, zagg_err *err);

#endif
