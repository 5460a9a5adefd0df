/* Listing and removing below a directory store. Folders are opened one part at a time and
 * never through symbolic links, so that neither can leave the store. */
#include "io/dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WALK_MAX_DEPTH = 256 };
enum { FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

/* State of one listing. */
typedef struct walk {
    const char *root;
    bool recursive;
    const char *name_start; /* names of the first folder must start like this */
    zg_str key;             /* of the folder being read */
    zagg_sink_list_fn fn;
    void *user;
    zagg_err *err;
} walk;

static bool is_absent(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP;
}

/* Open the folder whose key is the first `len` bytes of `key` ("" is the root). -1 and
 * errno when that fails. */
static int open_folder(const char *root, const char *key, size_t len)
{
    int fd = zg_io_open(AT_FDCWD, root, FOLDER_FLAGS);
    for (size_t start = 0; fd >= 0 && start < len;) {
        char part[NAME_MAX + 1];
        size_t end = start;
        while (end < len && key[end] != '/')
            end++;
        size_t n = end - start;
        int next = -1;
        int failed_with = ENAMETOOLONG;
        if (n < sizeof part) {
            memcpy(part, key + start, n);
            part[n] = '\0';
            next = zg_io_open(fd, part, FOLDER_FLAGS | O_NOFOLLOW);
            failed_with = errno;
        }
        close(fd);
        errno = failed_with;
        fd = next;
        start = end + 1;
    }
    return fd;
}

/* Kind and size of an entry: 'd' folder, 'f' object (a link to a file counts), 0 neither,
 * '?' not known: errno. */
static char entry_kind(int dir_fd, const char *name, uint64_t *size)
{
    struct stat st;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return is_absent(errno) ? 0 : '?'; /* gone meanwhile */
    if (S_ISDIR(st.st_mode))
        return 'd';
    if (S_ISLNK(st.st_mode) && fstatat(dir_fd, name, &st, 0) != 0)
        return is_absent(errno) ? 0 : '?';
    *size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
    return S_ISREG(st.st_mode) ? 'f' : 0;
}

static zagg_status walk_folder(walk *w, int fd, int depth);

static zagg_status walk_entry(walk *w, int dir_fd, const char *name, int depth)
{
    uint64_t size = 0;
    char kind = entry_kind(dir_fd, name, &size);
    if (kind == 0)
        return ZAGG_OK;
    if (kind == '?')
        return zagg_err_set_errno(w->err, ZAGG_EIO, errno, "cannot stat %s/%s%s", w->root,
                                  w->key.data, name);
    zg_str_add(&w->key, name);
    if (kind == 'd')
        zg_str_addc(&w->key, '/');
    if (w->key.failed)
        return zagg_err_set(w->err, ZAGG_ENOMEM, "%s: no memory to list it", w->root);
    if (kind == 'f' || !w->recursive)
        return w->fn(w->user, w->key.data, size, w->err);
    int fd = zg_io_open(dir_fd, name, FOLDER_FLAGS | O_NOFOLLOW);
    if (fd >= 0)
        return walk_folder(w, fd, depth + 1);
    if (is_absent(errno))
        return ZAGG_OK;
    return zagg_err_set_errno(w->err, ZAGG_EIO, errno, "cannot list %s/%s", w->root,
                              w->key.data);
}

/* Takes over `fd`. */
static zagg_status walk_folder(walk *w, int fd, int depth)
{
    DIR *folder = depth < WALK_MAX_DEPTH ? fdopendir(fd) : NULL;
    if (folder == NULL) {
        int failed_with = depth < WALK_MAX_DEPTH ? errno : ENAMETOOLONG;
        close(fd);
        return zagg_err_set_errno(w->err, ZAGG_EIO, failed_with, "cannot list %s/%s",
                                  w->root, w->key.data);
    }
    zagg_status status = ZAGG_OK;
    size_t key_len = w->key.len;
    while (status == ZAGG_OK) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            if (errno != 0)
                status = zagg_err_set_errno(w->err, ZAGG_EIO, errno, "cannot list %s/%s",
                                            w->root, w->key.data);
            break;
        }
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
            zg_dir_is_temp_name(name))
            continue;
        if (depth == 0 && strncmp(name, w->name_start, strlen(w->name_start)) != 0)
            continue;
        status = walk_entry(w, dirfd(folder), name, depth);
        if (w->key.len > key_len) {
            w->key.len = key_len;
            w->key.data[key_len] = '\0';
        }
    }
    closedir(folder);
    return status;
}

/* Walk the folder that is the first `folder_len` bytes of `prefix`. */
static zagg_status walk_start(walk *w, const char *prefix, size_t folder_len)
{
    int fd = open_folder(w->root, prefix, folder_len);
    if (fd >= 0)
        return walk_folder(w, fd, 0);
    if (is_absent(errno))
        return ZAGG_OK;
    return zagg_err_set_errno(w->err, ZAGG_EIO, errno, "cannot list %s/%s", w->root,
                              prefix);
}

zagg_status zg_dir_list(void *self, const char *prefix, zagg_sink_list_fn fn, void *user,
                        zagg_err *err)
{
    const zg_dir *dir = self;
    const char *slash = strrchr(prefix, '/');
    size_t folder_len = slash == NULL ? 0 : (size_t)(slash - prefix) + 1;
    walk w = {.root = dir->root,
              .recursive = true,
              .name_start = prefix + folder_len,
              .fn = fn,
              .user = user,
              .err = err};
    zg_str_init(&w.key, 0);
    zg_str_addn(&w.key, prefix, folder_len);
    zagg_status status = walk_start(&w, prefix, folder_len);
    zg_str_free(&w.key);
    return status;
}

zagg_status zg_dir_list_dir(void *self, const char *prefix, zagg_sink_list_fn fn,
                            void *user, zagg_err *err)
{
    const zg_dir *dir = self;
    walk w = {.root = dir->root, .name_start = "", .fn = fn, .user = user, .err = err};
    zg_str_init(&w.key, 0);
    zagg_status status = walk_start(&w, prefix, strlen(prefix));
    zg_str_free(&w.key);
    return status;
}

/* ---- removal ---- */

static zagg_status remove_entry(int dir_fd, const char *name, int depth, zagg_err *err);

/* Empty the folder open as `fd`, which is taken over; `name` is for messages. */
static zagg_status empty_folder(int fd, const char *name, int depth, zagg_err *err)
{
    DIR *folder = depth < WALK_MAX_DEPTH ? fdopendir(fd) : NULL;
    if (folder == NULL) {
        int failed_with = depth < WALK_MAX_DEPTH ? errno : ENAMETOOLONG;
        close(fd);
        return zagg_err_set_errno(err, ZAGG_EIO, failed_with, "cannot empty %s", name);
    }
    zagg_status status = ZAGG_OK;
    while (status == ZAGG_OK) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            if (errno != 0)
                status = zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot list %s", name);
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = remove_entry(dirfd(folder), entry->d_name, depth, err);
    }
    closedir(folder);
    return status;
}

/* Remove a file, a link (not what it points to) or a folder with all that is in it. */
static zagg_status remove_entry(int dir_fd, const char *name, int depth, zagg_err *err)
{
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
        return ZAGG_OK;
    int failed_with = errno; /* a folder: EISDIR on Linux, EPERM by POSIX */
    int fd = zg_io_open(dir_fd, name, FOLDER_FLAGS | O_NOFOLLOW);
    if (fd < 0)
        return zagg_err_set_errno(
            err, ZAGG_EIO,
            failed_with == EISDIR || failed_with == EPERM ? errno : failed_with,
            "cannot remove %s", name);
    ZAGG_TRY(empty_folder(fd, name, depth + 1, err));
    if (unlinkat(dir_fd, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot remove folder %s", name);
    return ZAGG_OK;
}

zagg_status zg_dir_remove_prefix(void *self, const char *prefix, zagg_err *err)
{
    zg_dir *dir = self;
    zg_dir_unsettle(dir);
    size_t len = strlen(prefix) - 1; /* without the '/' at its end */
    size_t parent_len = len;
    while (parent_len > 0 && prefix[parent_len - 1] != '/')
        parent_len--;
    int parent = open_folder(dir->root, prefix, parent_len);
    if (parent < 0) {
        if (is_absent(errno))
            return ZAGG_OK;
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot remove %s/%s", dir->root,
                                  prefix);
    }
    zagg_status status = ZAGG_OK;
    struct stat st;
    char *name = zg_strndup(prefix + parent_len, len - parent_len);
    if (name == NULL)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path");
    else if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        status = S_ISREG(st.st_mode) ? ZAGG_OK : remove_entry(parent, name, 0, err);
    else if (!is_absent(errno))
        status = zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot stat %s", name);
    if (status != ZAGG_OK)
        zagg_err_context(err, status, "%s/%s", dir->root, prefix);
    zg_free(name);
    close(parent);
    return status;
}

/* ---- temporary files ---- */

static zagg_status clean_folder(int fd, const char *name, int depth, size_t *n_removed,
                                zagg_err *err);

static zagg_status clean_entry(int dir_fd, const char *name, int depth, size_t *n_removed,
                               zagg_err *err)
{
    uint64_t size = 0;
    const char kind = entry_kind(dir_fd, name, &size);
    if (kind == '?')
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot stat %s", name);
    if (kind == 'd') {
        const int fd = zg_io_open(dir_fd, name, FOLDER_FLAGS | O_NOFOLLOW);
        if (fd >= 0)
            return clean_folder(fd, name, depth + 1, n_removed, err);
        return is_absent(errno)
                   ? ZAGG_OK
                   : zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot list %s", name);
    }
    if (!zg_dir_is_temp_name(name))
        return ZAGG_OK;
    if (unlinkat(dir_fd, name, 0) != 0 && errno != ENOENT)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot remove %s", name);
    ++*n_removed;
    return ZAGG_OK;
}

/* Takes over `fd`. */
static zagg_status clean_folder(int fd, const char *name, int depth, size_t *n_removed,
                                zagg_err *err)
{
    DIR *folder = depth < WALK_MAX_DEPTH ? fdopendir(fd) : NULL;
    if (folder == NULL) {
        const int failed_with = depth < WALK_MAX_DEPTH ? errno : ENAMETOOLONG;
        close(fd);
        return zagg_err_set_errno(err, ZAGG_EIO, failed_with, "cannot list %s", name);
    }
    zagg_status status = ZAGG_OK;
    while (status == ZAGG_OK) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        if (entry == NULL) {
            if (errno != 0)
                status = zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot list %s", name);
            break;
        }
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = clean_entry(dirfd(folder), entry->d_name, depth, n_removed, err);
    }
    closedir(folder);
    return status;
}

zagg_status zg_dir_clean(void *self, size_t *n_removed, zagg_err *err)
{
    const zg_dir *dir = self;
    const int fd = open_folder(dir->root, "", 0);
    if (fd < 0)
        return is_absent(errno) ? ZAGG_OK
                                : zagg_err_set_errno(err, ZAGG_EIO, errno,
                                                     "cannot list %s", dir->root);
    const zagg_status status = clean_folder(fd, dir->root, 0, n_removed, err);
    if (status != ZAGG_OK)
        zagg_err_context(err, status, "%s", dir->root);
    return status;
}
