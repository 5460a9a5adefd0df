/* A local directory as an object store: reading, removal, and what makes it a sink.
 * Writing is in dir_write.c. */
#include "io/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

zagg_status zg_dir_path(const zg_dir *dir, const char *key, char **out, zagg_err *err)
{
    zg_str path;
    zg_str_init(&path, 0);
    zg_str_add(&path, dir->root);
    if (strcmp(dir->root, "/") != 0)
        zg_str_addc(&path, '/');
    zg_str_add(&path, key);
    char *text = zg_str_take(&path);
    if (text == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for a path", dir->root);
    *out = text;
    return ZAGG_OK;
}

static zagg_status dir_put(void *self, const char *key, const void *data, size_t len,
                           zagg_err *err)
{
    zg_dir *dir = self;
    return zg_dir_put(dir, dir->durable_puts, key, data, len, err);
}

static zagg_status dir_put_whole(void *self, const char *key, const void *data,
                                 size_t len, zagg_err *err)
{
    return zg_dir_put(self, true, key, data, len, err);
}

/* All of the object that is open as `fd`. */
static zagg_status read_object(int fd, const char *path, size_t max_len, void **out_data,
                               size_t *out_len, zagg_err *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot stat %s", path);
    if (S_ISDIR(st.st_mode))
        return zagg_err_set(err, ZAGG_ENOTFOUND, "%s is a folder, not an object", path);
    size_t expected = st.st_size > 0 ? (size_t)st.st_size : 0;
    if (expected > max_len)
        return zagg_err_set(err, ZAGG_ERANGE, "%s is larger than the limit of %zu bytes",
                            path, max_len);
    return zg_fd_read_all(fd, expected, max_len, path, out_data, out_len, err);
}

static zagg_status dir_get(void *self, const char *key, size_t max_len, void **out_data,
                           size_t *out_len, zagg_err *err)
{
    char *path = NULL;
    zagg_status status;
    ZAGG_TRY(zg_dir_path(self, key, &path, err));
    int fd = zg_io_open(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0) {
        status = read_object(fd, path, max_len, out_data, out_len, err);
        close(fd);
    } else {
        bool absent = errno == ENOENT || errno == ENOTDIR;
        status = zagg_err_set_errno(err, absent ? ZAGG_ENOTFOUND : ZAGG_EIO, errno,
                                    "cannot read %s", path);
    }
    zg_free(path);
    return status;
}

static zagg_status dir_remove(void *self, const char *key, zagg_err *err)
{
    char *path = NULL;
    zagg_status status = ZAGG_OK;
    ZAGG_TRY(zg_dir_path(self, key, &path, err));
    /* A folder is no object, so there is none to remove. */
    if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR && errno != EISDIR)
        status = zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot remove %s", path);
    zg_free(path);
    return status;
}

static zagg_status dir_size(void *self, const char *key, uint64_t *out, zagg_err *err)
{
    char *path = NULL;
    struct stat st;
    zagg_status status = ZAGG_OK;
    ZAGG_TRY(zg_dir_path(self, key, &path, err));
    if (stat(path, &st) != 0) {
        const bool absent = errno == ENOENT || errno == ENOTDIR;
        status = zagg_err_set_errno(err, absent ? ZAGG_ENOTFOUND : ZAGG_EIO, errno,
                                    "cannot stat %s", path);
    } else if (!S_ISREG(st.st_mode)) {
        status = zagg_err_set(err, ZAGG_ENOTFOUND, "%s is not an object", path);
    } else {
        *out = st.st_size > 0 ? (uint64_t)st.st_size : 0;
    }
    zg_free(path);
    return status;
}

static zagg_status dir_local_path(void *self, const char *key, char **out, zagg_err *err)
{
    return zg_dir_path(self, key, out, err);
}

static void dir_close(void *self)
{
    zg_dir *dir = self;
    zg_dir_unsettle(dir);
    pthread_mutex_destroy(&dir->lock);
    zg_free(dir->root);
    zg_free(dir);
}

static const zg_sink_vtable dir_vtable = {
    .put = dir_put,
    .get = dir_get,
    .list = zg_dir_list,
    .list_dir = zg_dir_list_dir,
    .remove = dir_remove,
    .remove_prefix = zg_dir_remove_prefix,
    .close = dir_close,
    .put_whole = dir_put_whole,
    .sync = zg_dir_sync,
    .size = dir_size,
    .clean = zg_dir_clean,
    .stream_begin = zg_dir_stream_begin,
    .stream_add = zg_dir_stream_add,
    .stream_commit = zg_dir_stream_commit,
    .stream_abandon = zg_dir_stream_abandon,
    .scratch_open = zg_dir_scratch_open,
    .scratch_add = zg_dir_scratch_add,
    .put_new = zg_dir_put_new,
    .local_path = dir_local_path,
};

/* How much of the path `root` leads to a folder that is there; 0 is the current one. */
static size_t anchor_of(char *root)
{
    size_t len = strlen(root);
    for (bool there = false; len > 0;) {
        struct stat st;
        const char next = root[len];
        root[len] = '\0';
        there = stat(root, &st) == 0;
        root[len] = next;
        if (there || len == 1)
            break;
        len = zg_parent_len(root, len);
    }
    return len;
}

static zagg_status open_dir(const char *path, bool durable, zagg_sink **out,
                            zagg_err *err)
{
    struct stat st;
    size_t len = strlen(path);
    if (len == 0)
        return zagg_err_set(err, ZAGG_EARG, "the path of a store must not be empty");
    if (stat(path, &st) == 0) {
        if (!S_ISDIR(st.st_mode))
            return zagg_err_set(err, ZAGG_EIO, "%s is not a directory", path);
    } else if (errno != ENOENT) {
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot open %s", path);
    }
    while (len > 1 && path[len - 1] == '/')
        len--;
    zg_dir *dir = zg_alloc(1, sizeof *dir);
    char *root = zg_strndup(path, len);
    if (dir == NULL || root == NULL) {
        zg_free(dir);
        zg_free(root);
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to open it", path);
    }
    if (pthread_mutex_init(&dir->lock, NULL) != 0) {
        zg_free(dir);
        zg_free(root);
        return zagg_err_set(err, ZAGG_EINTERNAL, "%s: cannot make a lock", path);
    }
    dir->root = root;
    dir->durable_puts = durable;
    dir->anchor_len = anchor_of(root);
    zg_vec_init(&dir->settled, sizeof(char *), 0);
    return zg_sink_new(&dir_vtable, dir, root, out, err);
}

zagg_status zagg_sink_open_dir(const char *path, zagg_sink **out, zagg_err *err)
{
    return open_dir(path, false, out, err);
}

zagg_status zg_sink_open_durable(const char *path, zagg_sink **out, zagg_err *err)
{
    return open_dir(path, true, out, err);
}
