/* What makes a directory store durable. rename(2) makes objects whole for every reader,
 * but after a power failure a file may be empty, or missing from its folder, until both
 * have been synced.
 *
 * Of folders, those that hold the objects are synced, and those above them once, as they
 * may be new. All is waited for at once, by a few threads: one after another each fsync
 * would wait for a commit of its own. */
#include "io/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Folders that are remembered as durable; beyond that all are forgotten, which costs
 * needless calls and nothing else. */
enum { MAX_SETTLED = 1 << 14 };
/* Threads of one sync, the caller among them, and from how much work on. */
enum { MAX_HANDS = 16, THINGS_A_HAND = 3, STACK_BYTES = 256 << 10 };

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

/* ---- many at once ---- */

/* Files and folders to be synced: by how many hands is the kernel's business, which
 * makes one commit of what comes together. */
typedef struct sync_job {
    const zg_dir *dir;
    const char *const *files; /* keys */
    size_t n_files;
    char *const *folders; /* keys without a '/' at their end; "" is the root */
    size_t n_folders;
    atomic_size_t next;
    pthread_mutex_t lock; /* of the two below */
    zagg_status status;
    zagg_err err;
} sync_job;

static zagg_status sync_one(const sync_job *job, size_t i, zagg_err *err)
{
    const bool folder = i >= job->n_files;
    const char *key = folder ? job->folders[i - job->n_files] : job->files[i];
    char *path = NULL;
    zagg_status status = ZAGG_OK;
    if (key[0] != '\0')
        ZAGG_TRY(zg_dir_path(job->dir, key, &path, err));
    const char *name = path != NULL ? path : job->dir->root;
    const int failed_with = sync_path(name, folder ? O_DIRECTORY : 0);
    if (failed_with != 0 && failed_with != ENOENT)
        status = zagg_err_set_errno(err, ZAGG_EIO, failed_with, "cannot write %s%s",
                                    folder ? "folder " : "", name);
    zg_free(path);
    return status;
}

static void *sync_some(void *user)
{
    sync_job *job = user;
    const size_t n = job->n_files + job->n_folders;
    for (size_t i; (i = atomic_fetch_add(&job->next, 1)) < n;) {
        zagg_err err = ZAGG_ERR_INIT;
        const zagg_status status = sync_one(job, i, &err);
        if (status == ZAGG_OK)
            continue;
        pthread_mutex_lock(&job->lock);
        if (job->status == ZAGG_OK) {
            job->status = status;
            job->err = err;
        }
        pthread_mutex_unlock(&job->lock);
    }
    return NULL;
}

/* Helpers that cannot be had are done without. */
static zagg_status sync_all(sync_job *job, zagg_err *err)
{
    pthread_t helpers[MAX_HANDS - 1];
    pthread_attr_t small;
    size_t n_helpers = 0, wanted = (job->n_files + job->n_folders) / THINGS_A_HAND;
    if (wanted > MAX_HANDS - 1)
        wanted = MAX_HANDS - 1;
    if (pthread_mutex_init(&job->lock, NULL) != 0)
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    if (wanted > 0 && pthread_attr_init(&small) == 0) {
        (void)pthread_attr_setstacksize(&small, STACK_BYTES);
        while (n_helpers < wanted &&
               pthread_create(&helpers[n_helpers], &small, sync_some, job) == 0)
            n_helpers++;
        pthread_attr_destroy(&small);
    }
    (void)sync_some(job);
    for (size_t i = 0; i < n_helpers; i++)
        pthread_join(helpers[i], NULL);
    pthread_mutex_destroy(&job->lock);
    if (job->status != ZAGG_OK && err != NULL)
        *err = job->err;
    return job->status;
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

static size_t keep_distinct(zg_vec *folders)
{
    char **names = folders->data;
    size_t kept = 0;
    for (size_t i = 0; i < folders->len; i++) {
        if (kept > 0 && strcmp(names[i], names[kept - 1]) == 0)
            zg_free(names[i]);
        else
            names[kept++] = names[i];
    }
    return kept;
}

static zagg_status sync_way_to_root(zg_dir *dir, zagg_err *err)
{
    pthread_mutex_lock(&dir->lock);
    const bool settled = dir->root_settled;
    pthread_mutex_unlock(&dir->lock);
    if (settled)
        return ZAGG_OK;
    ZAGG_TRY(sync_above(dir, err));
    pthread_mutex_lock(&dir->lock);
    dir->root_settled = true;
    pthread_mutex_unlock(&dir->lock);
    return ZAGG_OK;
}

zagg_status zg_dir_sync(void *self, const char *const *keys, size_t n, zagg_err *err)
{
    zg_dir *dir = self;
    zg_vec folders;
    zg_vec_init(&folders, sizeof(char *), 0);
    zagg_status status = list_folders(dir, keys, n, &folders, err);
    folders.len = keep_distinct(&folders);
    if (status == ZAGG_OK) {
        sync_job job = {.dir = dir,
                        .files = keys,
                        .n_files = dir->durable_puts ? 0 : n,
                        .folders = folders.data,
                        .n_folders = folders.len};
        status = sync_all(&job, err);
    }
    if (status == ZAGG_OK)
        status = sync_way_to_root(dir, err);
    for (size_t i = 0; i < folders.len; i++) {
        char *name = *ZG_VEC_AT(&folders, char *, i);
        if (status == ZAGG_OK && name[0] != '\0' && !is_settled(dir, name))
            settle(dir, name);
        zg_free(name);
    }
    zg_vec_free(&folders);
    return status;
}
