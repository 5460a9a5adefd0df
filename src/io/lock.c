/* A lock on an open file description (fcntl(2), "open file description locks"): it ends
 * with the last descriptor of it, however the process ends, and can be asked about
 * without being taken. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_OFD_SETLK */
#endif
#include "io/lock.h"

#include "io/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct zg_lock {
    int fd;
    char *path;
};

/* Opened for both, made if need be, again for as long as signals interrupt it. */
static int open_both(const char *path, int flags)
{
    int fd;
    do
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | flags, 0666);
    while (fd < 0 && errno == EINTR);
    return fd;
}

static zagg_status open_lock(const char *path, int *out, zagg_err *err)
{
    int fd = open_both(path, 0);
    if (fd < 0 && errno == ENOENT) {
        char *folder = zg_strndup(path, zg_parent_len(path, strlen(path)));
        if (folder == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for a path", path);
        const int failed_with = zg_make_folders(folder);
        zg_free(folder);
        if (failed_with != 0)
            return zagg_err_set_errno(err, ZAGG_EIO, failed_with, "cannot write %s",
                                      path);
        fd = open_both(path, 0);
    }
    if (fd < 0)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot write %s", path);
    *out = fd;
    return ZAGG_OK;
}

/* What the holder noted, one line; "" when that cannot be read. */
static void read_note(int fd, char *out, size_t len)
{
    int failure = 0;
    const size_t n = len > 1 ? zg_fd_read_at(fd, 0, len - 1, out, &failure) : 0;
    out[failure ? 0 : n] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

/* `len` 0: from there to the end, however long the file is. */
static zagg_status lock_fd(int fd, const char *path, off_t start, off_t len,
                           zagg_err *err)
{
    struct flock part = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
    while (fcntl(fd, F_OFD_SETLK, &part) != 0) {
        if (errno == EINTR)
            continue;
        if (errno == EAGAIN || errno == EACCES)
            return zagg_err_set(err, ZAGG_EEXISTS, "%s: another process holds it", path);
        const bool unknown =
            errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL;
        return zagg_err_set_errno(err, unknown ? ZAGG_EUNSUPPORTED : ZAGG_EIO, errno,
                                  "cannot lock %s", path);
    }
    return ZAGG_OK;
}

/* On failure `*fd` is open where only the lock could not be had. */
static zagg_status take(const char *path, off_t start, off_t len, int *fd, zg_lock **out,
                        zagg_err *err)
{
    zg_lock *lock = zg_alloc(1, sizeof *lock);
    char *copy = zg_strdup(path);
    *fd = -1;
    zagg_status status = lock != NULL && copy != NULL
                             ? open_lock(path, fd, err)
                             : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a lock");
    if (status == ZAGG_OK)
        status = lock_fd(*fd, path, start, len, err);
    if (status != ZAGG_OK) {
        zg_free(lock);
        zg_free(copy);
        return status;
    }
    *lock = (zg_lock){*fd, copy};
    *out = lock;
    return ZAGG_OK;
}

zagg_status zg_lock_take(const char *path, zg_lock **out, char *holder, size_t holder_len,
                         zagg_err *err)
{
    int fd;
    holder[0] = '\0';
    const zagg_status status = take(path, 0, 0, &fd, out, err);
    if (status == ZAGG_EEXISTS)
        read_note(fd, holder, holder_len);
    if (status != ZAGG_OK && fd >= 0)
        close(fd);
    return status;
}

zagg_status zg_lock_take_place(const char *path, uint64_t place, zg_lock **out,
                               zagg_err *err)
{
    int fd;
    const off_t start = (off_t)(place >> 2); /* far from the largest offset */
    const zagg_status status = take(path, start, 1, &fd, out, err);
    if (status != ZAGG_OK && fd >= 0)
        close(fd);
    return status;
}

static zagg_status write_all(int fd, const char *path, const char *text, size_t len,
                             zagg_err *err)
{
    while (len > 0) {
        const ssize_t done = write(fd, text, len);
        if (done > 0) {
            text += done;
            len -= (size_t)done;
        } else if (done == 0 || errno != EINTR) {
            return zagg_err_set_errno(err, ZAGG_EIO, done == 0 ? EIO : errno,
                                      "cannot write %s", path);
        }
    }
    return ZAGG_OK;
}

zagg_status zg_lock_note(zg_lock *lock, const char *text, zagg_err *err)
{
    if (ftruncate(lock->fd, 0) != 0 || lseek(lock->fd, 0, SEEK_SET) != 0)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot write %s", lock->path);
    return write_all(lock->fd, lock->path, text, strlen(text), err);
}

zagg_status zg_lock_probe(const char *path, bool *held, char *holder, size_t holder_len,
                          zagg_err *err)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    holder[0] = '\0';
    *held = false;
    const int fd = zg_io_open(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR
                   ? ZAGG_OK
                   : zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot read %s", path);
    /* Where the file system knows no locks, none is held. */
    if (fcntl(fd, F_OFD_GETLK, &whole) == 0)
        *held = whole.l_type != F_UNLCK;
    read_note(fd, holder, holder_len);
    close(fd);
    return ZAGG_OK;
}

void zg_lock_release(zg_lock *lock)
{
    if (lock == NULL)
        return;
    close(lock->fd);
    zg_free(lock->path);
    zg_free(lock);
}

/* ---- log files ---- */

struct zg_log_file {
    int fd;
    char *path;
};

/* A run that died may have left a part of a line. */
static zagg_status end_last_line(const zg_log_file *f, zagg_err *err)
{
    char last = '\n';
    const off_t end = lseek(f->fd, 0, SEEK_END);
    int failure = 0;
    if (end > 0)
        (void)zg_fd_read_at(f->fd, (uint64_t)end - 1, 1, &last, &failure);
    if (failure)
        return zagg_err_set_errno(err, ZAGG_EIO, failure, "cannot read %s", f->path);
    return last == '\n' ? ZAGG_OK : write_all(f->fd, f->path, "\n", 1, err);
}

zagg_status zg_log_file_open(const char *path, zg_log_file **out, zagg_err *err)
{
    zg_log_file *f = zg_alloc(1, sizeof *f);
    char *copy = zg_strdup(path);
    if (f == NULL || copy == NULL) {
        zg_free(f);
        zg_free(copy);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to open %s", path);
    }
    const int fd = open_both(path, O_APPEND);
    *f = (zg_log_file){fd, copy};
    zagg_status status =
        fd >= 0 ? end_last_line(f, err)
                : zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot write %s", path);
    if (status != ZAGG_OK) {
        zg_log_file_close(f);
        return status;
    }
    *out = f;
    return ZAGG_OK;
}

zagg_status zg_log_file_line(zg_log_file *file, const char *text, size_t len,
                             zagg_err *err)
{
    char *line = zg_alloc(len + 1, 1);
    if (line == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for a line", file->path);
    memcpy(line, text, len);
    line[len] = '\n';
    const zagg_status status = write_all(file->fd, file->path, line, len + 1, err);
    zg_free(line);
    return status;
}

void zg_log_file_close(zg_log_file *file)
{
    if (file == NULL)
        return;
    if (file->fd >= 0)
        close(file->fd);
    zg_free(file->path);
    zg_free(file);
}
