/* A directory as an object store: what its files share. */
#ifndef ZG_IO_DIR_H
#define ZG_IO_DIR_H

#include "io/sink.h"

#include <pthread.h>

typedef struct zg_dir {
    char *root; /* without slashes at its end, unless it is "/" */
    _Atomic uint64_t temp_counter;
    bool durable_puts;    /* an object has its bytes on the disk when it gets its name */
    size_t anchor_len;    /* bytes of the root's path whose folder was there at open */
    pthread_mutex_t lock; /* of the two below */
    bool root_settled;    /* the way to the root is durable */
    zg_vec settled;       /* char *, sorted: folders whose own entry is durable */
} zg_dir;

/** As zagg_sink_open_dir for records: no put leaves a name without its bytes, whatever
 * happens to the machine. One fsync a put. */
zagg_status zg_sink_open_durable(const char *path, zagg_sink **out, zagg_err *err);

/** mkdir -p; 0 or an errno. `path` is changed and restored. */
int zg_make_folders(char *path);
/** Bytes of the path of the folder that holds the first `len` bytes of `path`: 0 for the
 * current folder. */
size_t zg_parent_len(const char *path, size_t len);
/** Put at once; `durable`: its bytes are on the disk when it gets its name. */
zagg_status zg_dir_put(zg_dir *dir, bool durable, const char *key, const void *data,
                       size_t len, zagg_err *err);
/** Put where nothing is, as one step. */
zagg_status zg_dir_put_new(void *self, const char *key, const void *data, size_t len,
                           zagg_err *err);
zagg_status zg_dir_stream_begin(void *self, const char *key, void **out_stream,
                                zagg_err *err);
zagg_status zg_dir_stream_add(void *self, void *stream, const void *data, size_t len,
                              const zg_sha256_stream *so_far, zagg_err *err);
zagg_status zg_dir_stream_commit(void *self, void *stream, zagg_err *err);
void zg_dir_stream_abandon(void *self, void *stream);
zagg_status zg_dir_scratch_open(void *self, const char *key, int *out_fd, zagg_err *err);
zagg_status zg_dir_scratch_add(void *self, int fd, const void *data, size_t len,
                               zagg_err *err);

/** Path of a key. */
zagg_status zg_dir_path(const zg_dir *dir, const char *key, char **out, zagg_err *err);

/** Temporary file beside the object at `path`: "<folder>/.<name>.<pid>.<number>.tmp". */
void zg_dir_temp_path(zg_str *out, const char *path, long pid, uint64_t number);
/** True for file names of that form. */
bool zg_dir_is_temp_name(const char *name);

zagg_status zg_dir_list(void *self, const char *prefix, zagg_sink_list_fn fn, void *user,
                        zagg_err *err);
zagg_status zg_dir_list_dir(void *self, const char *prefix, zagg_sink_list_fn fn,
                            void *user, zagg_err *err);
zagg_status zg_dir_remove_prefix(void *self, const char *prefix, zagg_err *err);
/** Remove the temporary files below the root. */
zagg_status zg_dir_clean(void *self, size_t *n_removed, zagg_err *err);
/** fsync of objects and folders (dir_sync.c). */
zagg_status zg_dir_sync(void *self, const char *const *keys, size_t n, zagg_err *err);
/** Folders are gone: none is known to be durable any more. */
void zg_dir_unsettle(zg_dir *dir);

#endif
