/* What makes a directory store durable. rename(2) makes objects whole for every reader,
 * but after a power failure a file may be empty, or missing from its folder, until both
 * have been synced.
 *
 * First the system is asked to begin writing all files, then each is waited for: their
 * blocks are then allocated in one go and the first fsync commits the metadata of all.
 * Of folders, those that hold the objects are synced, and those above them once, as they
 * may be new. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sync_file_range */
#endif
#include "io/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Folders that are remembered as durable; beyond that all are forgotten, which costs
 * needless calls and nothing else. */
enum { MAX_SETTLED = 1 << 14 };

size_t zg_parent_len(const char *path, size_t len)
{
    while (len > 0 && path[len - 1] != '/')
        len--;
    while (len > 1 && path[len - 1] == '/')
        len--;
    return len;
}

/* fsync of what `path` names, which may be gone. 0 or an errno. */
static int sync_path(const char *path, int flags)
{
    const int fd = zg_io_open(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags);
    int failed_with = 0;
    if (fd < 0)
        return errno == ENOTDIR ? ENOENT : errno;
    while (fsync(fd) != 0) {
        failed_with = errno;
        if (failed_with != EINTR)
            break;
        failed_with = 0;
    }
    close(fd);
    /* A file system that cannot sync folders keeps their order itself. */
    return failed_with == EINVAL && (flags & O_DIRECTORY) ? 0 : failed_with;
}

/* The system may begin to write; whether it does is learnt from fsync. */
static void start_writing(const char *path)
{
#ifdef SYNC_FILE_RANGE_WRITE
    const int fd = zg_io_open(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return;
    (void)sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    close(fd);
#else
    (void)path;
#endif
}

static zagg_status sync_files(const zg_dir *dir, const char *const *keys, size_t n,
                              bool wait, zagg_err *err)
{
    for (size_t i = 0; i < n; i++) {
        char *path = NULL;
        int failed_with = 0;
        ZAGG_TRY(zg_dir_path(dir, keys[i], &path, err));
        if (wait)
            failed_with = sync_path(path, 0);
        else
            start_writing(path);
        const bool bad = failed_with != 0 && failed_with != ENOENT;
        if (bad)
            zagg_err_set_errno(err, ZAGG_EIO, failed_with, "cannot write %s", path);
        zg_free(path);
        if (bad)
            return failed_with == ENOMEM ? ZAGG_ENOMEM : ZAGG_EIO;
    }
    return ZAGG_OK;
}

/* ---- folders ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_settled(zg_dir *dir, const char *folder)
{
    pthread_mutex_lock(&dir->lock);
    const bool found =
        dir->settled.len > 0 && bsearch(&folder, dir->settled.data, dir->settled.len,
                                        sizeof(char *), by_text) != NULL;
    pthread_mutex_unlock(&dir->lock);
    return found;
}

static void drop_settled(zg_dir *dir)
{
    for (size_t i = 0; i < dir->settled.len; i++)
        zg_free(*ZG_VEC_AT(&dir->settled, char *, i));
    zg_vec_free(&dir->settled);
    zg_vec_init(&dir->settled, sizeof(char *), 0);
}

void zg_dir_unsettle(zg_dir *dir)
{
    pthread_mutex_lock(&dir->lock);
    drop_settled(dir);
    dir->root_settled = false;
    pthread_mutex_unlock(&dir->lock);
}

/* What cannot be remembered for lack of memory is synced again the next time. */
static void settle(zg_dir *dir, const char *folder)
{
    pthread_mutex_lock(&dir->lock);
    if (dir->settled.len >= MAX_SETTLED)
        drop_settled(dir);
    char *copy = zg_strdup(folder);
    char **slot = copy != NULL ? zg_vec_push(&dir->settled) : NULL;
    if (slot == NULL) {
        zg_free(copy);
    } else {
        char **all = dir->settled.data;
        size_t at = dir->settled.len - 1;
        for (; at > 0 && strcmp(all[at - 1], copy) > 0; at--)
            all[at] = all[at - 1];
        all[at] = copy;
    }
    pthread_mutex_unlock(&dir->lock);
}

static zagg_status sync_folder(const zg_dir *dir, const char *folder, zagg_err *err)
{
    char *path = NULL;
    if (folder[0] == '\0')
        path = zg_strdup(dir->root);
    else
        ZAGG_TRY(zg_dir_path(dir, folder, &path, err));
    if (path == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for a path", dir->root);
    const int failed_with = sync_path(path, O_DIRECTORY);
    zagg_status status = ZAGG_OK;
    if (failed_with != 0 && failed_with != ENOENT)
        status = zagg_err_set_errno(err, ZAGG_EIO, failed_with, "cannot write folder %s",
                                    path);
    zg_free(path);
    return status;
}

/* The folders of keys, each once and with those above that are not known to be durable,
 * as a sorted list of names to be freed. */
static zagg_status list_folders(zg_dir *dir, const char *const *keys, size_t n,
                                zg_vec *out, zagg_err *err)
{
    const char *last = "";
    size_t last_len = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        size_t len = zg_parent_len(keys[i], strlen(keys[i]));
        if (len == last_len && memcmp(last, keys[i], len) == 0)
            continue; /* keys of a folder mostly come together */
        last = keys[i];
        last_len = len;
        for (;;) {
            char *name = zg_strndup(keys[i], len);
            char **slot = name != NULL ? zg_vec_push(out) : NULL;
            if (slot == NULL) {
                zg_free(name);
                return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to sync it",
                                    dir->root);
            }
            *slot = name;
            if (len == 0 || is_settled(dir, name))
                break;
            len = zg_parent_len(keys[i], len);
        }
    }
    if (out->len > 1)
        qsort(out->data, out->len, sizeof(char *), by_text);
    return ZAGG_OK;
}

/* Folders above the root: the one that holds it, and those that came with it. Where one
 * may not be opened its entries cannot be synced, and are not ours. */
static zagg_status sync_above(zg_dir *dir, zagg_err *err)
{
    size_t len = strlen(dir->root);
    while (len > 0) {
        len = zg_parent_len(dir->root, len);
        char *path = len > 0 ? zg_strndup(dir->root, len) : zg_strdup(".");
        if (path == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to sync it", dir->root);
        const int failed_with = sync_path(path, O_DIRECTORY);
        zagg_status status = ZAGG_OK;
        if (failed_with != 0 && failed_with != EACCES && failed_with != EPERM)
            status = zagg_err_set_errno(err, ZAGG_EIO, failed_with,
                                        "cannot write folder %s", path);
        zg_free(path);
        ZAGG_TRY(status);
        if (len <= dir->anchor_len)
            break;
    }
    return ZAGG_OK;
}

static zagg_status sync_folders(zg_dir *dir, const zg_vec *folders, zagg_err *err)
{
    char *const *names = folders->data;
    for (size_t i = 0; i < folders->len; i++)
        if (i == 0 || strcmp(names[i], names[i - 1]) != 0)
            ZAGG_TRY(sync_folder(dir, names[i], err));
    pthread_mutex_lock(&dir->lock);
    const bool above = !dir->root_settled;
    pthread_mutex_unlock(&dir->lock);
    if (above)
        ZAGG_TRY(sync_above(dir, err));
    pthread_mutex_lock(&dir->lock);
    dir->root_settled = true;
    pthread_mutex_unlock(&dir->lock);
    for (size_t i = 0; i < folders->len; i++)
        if (names[i][0] != '\0' && !is_settled(dir, names[i]))
            settle(dir, names[i]);
    return ZAGG_OK;
}

zagg_status zg_dir_sync(void *self, const char *const *keys, size_t n, zagg_err *err)
{
    zg_dir *dir = self;
    zg_vec folders;
    zg_vec_init(&folders, sizeof(char *), 0);
    zagg_status status = n > 1 ? sync_files(dir, keys, n, false, err) : ZAGG_OK;
    if (status == ZAGG_OK)
        status = sync_files(dir, keys, n, true, err);
    if (status == ZAGG_OK)
        status = list_folders(dir, keys, n, &folders, err);
    if (status == ZAGG_OK)
        status = sync_folders(dir, &folders, err);
    for (size_t i = 0; i < folders.len; i++)
        zg_free(*ZG_VEC_AT(&folders, char *, i));
    zg_vec_free(&folders);
    return status;
}
