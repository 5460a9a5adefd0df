/* Objects into a directory store: written to a temporary file beside their place, at once
 * or piece by piece, and renamed over it (rename(2) is one step for every reader).
 * Folders are made only when the temporary file cannot be created without them. */
#include "io/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* How often a temporary name that is taken (a leftover of a killed process with this id)
 * is passed over before giving up. */
enum { TEMP_TRIES = 1000 };

/* From the deepest folder upwards: normally one call is enough. */
int zg_make_folders(char *path)
{
    if (mkdir(path, 0777) == 0 || errno == EEXIST)
        return 0;
    if (errno != ENOENT)
        return errno;
    char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path)
        return ENOENT;
    *slash = '\0';
    int rc = zg_make_folders(path);
    *slash = '/';
    if (rc != 0)
        return rc;
    return mkdir(path, 0777) == 0 || errno == EEXIST ? 0 : errno;
}

static int make_parent_folders(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path)
        return ENOENT;
    *slash = '\0';
    int rc = zg_make_folders(path);
    *slash = '/';
    return rc;
}

/* An object in the making. */
typedef struct dir_stream {
    char *path, *temp;
    int fd;
    bool durable;
} dir_stream;

static zagg_status cannot_write(const char *path, int failed_with, zagg_err *err)
{
    return zagg_err_set_errno(err, ZAGG_EIO, failed_with, "cannot write %s", path);
}

/* New file under a temporary name beside `path`, whose folders are made as needed. */
static zagg_status create_temp(zg_dir *dir, char *path, int *out_fd, char **out_temp,
                               zagg_err *err)
{
    bool folders_made = false;
    int failed_with = EEXIST;
    for (int tries = 0; tries < TEMP_TRIES; tries++) {
        zg_str name;
        zg_str_init(&name, 0);
        uint64_t number =
            atomic_fetch_add_explicit(&dir->temp_counter, 1, memory_order_relaxed);
        zg_dir_temp_path(&name, path, (long)getpid(), number);
        char *temp = zg_str_take(&name);
        if (temp == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "cannot write %s: no memory", path);
        int fd = open(temp, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            *out_fd = fd;
            *out_temp = temp;
            return ZAGG_OK;
        }
        failed_with = errno;
        zg_free(temp);
        if (failed_with == ENOENT && !folders_made) {
            folders_made = true;
            failed_with = make_parent_folders(path);
            if (failed_with == 0)
                continue;
        }
        if (failed_with != EEXIST && failed_with != EINTR)
            break;
    }
    return cannot_write(path, failed_with, err);
}

static zagg_status begin(zg_dir *dir, bool durable, const char *key, dir_stream *out,
                         zagg_err *err)
{
    dir_stream s = {.fd = -1, .durable = durable};
    const char *slash = strrchr(key, '/');
    if (zg_dir_is_temp_name(slash == NULL ? key : slash + 1)) {
        zagg_err_set(err, ZAGG_EARG,
                     "%s: key '%s' is refused: it has the form of a temporary file",
                     dir->root, key);
        return ZAGG_EARG;
    }
    ZAGG_TRY(zg_dir_path(dir, key, &s.path, err));
    const zagg_status status = create_temp(dir, s.path, &s.fd, &s.temp, err);
    if (status != ZAGG_OK) {
        zg_free(s.path);
        return status;
    }
    *out = s;
    return ZAGG_OK;
}

/* 0 or an errno. */
static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        const ssize_t done = write(fd, data, len);
        if (done > 0) {
            data += done;
            len -= (size_t)done;
        } else if (done == 0) {
            return EIO;
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

static void abandon(dir_stream *s)
{
    if (s->fd >= 0)
        close(s->fd);
    unlink(s->temp);
    zg_free(s->temp);
    zg_free(s->path);
}

/* Ends the stream in any case, as abandon does. Some file systems report a full disk only
 * on close. */
static zagg_status commit(dir_stream *s, zagg_err *err)
{
    int failed_with = 0;
    while (s->durable && failed_with == 0 && fsync(s->fd) != 0)
        failed_with = errno == EINTR ? 0 : errno;
    if (close(s->fd) != 0 && errno != EINTR && failed_with == 0)
        failed_with = errno;
    s->fd = -1;
    if (failed_with == 0 && rename(s->temp, s->path) != 0)
        failed_with = errno;
    if (failed_with != 0) {
        cannot_write(s->path, failed_with, err);
        abandon(s);
        return ZAGG_EIO;
    }
    zg_free(s->temp);
    zg_free(s->path);
    return ZAGG_OK;
}

zagg_status zg_dir_put(zg_dir *dir, bool durable, const char *key, const void *data,
                       size_t len, zagg_err *err)
{
    dir_stream s = {.fd = -1};
    ZAGG_TRY(begin(dir, durable, key, &s, err));
    const int failed_with = write_all(s.fd, data, len);
    if (failed_with == 0)
        return commit(&s, err);
    cannot_write(s.path, failed_with, err);
    abandon(&s);
    return ZAGG_EIO;
}

/* ---- where nothing is ---- */

/* Take the name with an empty file that the whole one replaces: for file systems without
 * hard links. 0 or an errno. */
static int claim_name(const dir_stream *s)
{
    const int fd = open(s->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return errno;
    close(fd);
    if (rename(s->temp, s->path) == 0)
        return 0;
    const int failed_with = errno;
    unlink(s->path);
    return failed_with;
}

/* A second name for a file is refused where there is one: link(2), unlike rename(2). */
static int name_new(const dir_stream *s)
{
    if (link(s->temp, s->path) == 0)
        return 0;
    return errno == EPERM || errno == ENOSYS || errno == EOPNOTSUPP || errno == EMLINK
               ? claim_name(s)
               : errno;
}

zagg_status zg_dir_put_new(void *self, const char *key, const void *data, size_t len,
                           zagg_err *err)
{
    zg_dir *dir = self;
    dir_stream s = {.fd = -1};
    zagg_status status = ZAGG_OK;
    ZAGG_TRY(begin(dir, dir->durable_puts, key, &s, err));
    int failed_with = write_all(s.fd, data, len);
    while (s.durable && failed_with == 0 && fsync(s.fd) != 0)
        failed_with = errno == EINTR ? 0 : errno;
    if (close(s.fd) != 0 && errno != EINTR && failed_with == 0)
        failed_with = errno;
    s.fd = -1;
    if (failed_with == 0)
        failed_with = name_new(&s);
    if (failed_with == EEXIST)
        status = zagg_err_set(err, ZAGG_EEXISTS, "%s is there already", s.path);
    else if (failed_with != 0)
        status = cannot_write(s.path, failed_with, err);
    abandon(&s); /* the temporary name; the file keeps the other one */
    return status;
}

/* ---- streams ---- */

zagg_status zg_dir_stream_begin(void *self, const char *key, void **out_stream,
                                zagg_err *err)
{
    zg_dir *dir = self;
    dir_stream *s = zg_alloc(1, sizeof *s);
    if (s == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "cannot write %s/%s: no memory", dir->root,
                            key);
    const zagg_status status = begin(dir, dir->durable_puts, key, s, err);
    if (status != ZAGG_OK) {
        zg_free(s);
        return status;
    }
    *out_stream = s;
    return ZAGG_OK;
}

zagg_status zg_dir_stream_add(void *self, void *stream, const void *data, size_t len,
                              const zg_sha256_stream *so_far, zagg_err *err)
{
    const dir_stream *s = stream;
    (void)self;
    (void)so_far;
    const int failed_with = write_all(s->fd, data, len);
    return failed_with == 0 ? ZAGG_OK : cannot_write(s->path, failed_with, err);
}

zagg_status zg_dir_stream_commit(void *self, void *stream, zagg_err *err)
{
    (void)self;
    const zagg_status status = commit(stream, err);
    zg_free(stream);
    return status;
}

void zg_dir_stream_abandon(void *self, void *stream)
{
    (void)self;
    abandon(stream);
    zg_free(stream);
}

/* ---- scratch ---- */

/* A temporary file whose name is taken away at once. */
zagg_status zg_dir_scratch_open(void *self, const char *key, int *out_fd, zagg_err *err)
{
    dir_stream s = {.fd = -1};
    ZAGG_TRY(begin(self, false, key, &s, err));
    zagg_status status = ZAGG_OK;
    if (unlink(s.temp) != 0) {
        status = cannot_write(s.path, errno, err);
        close(s.fd);
    } else {
        *out_fd = s.fd;
    }
    zg_free(s.temp);
    zg_free(s.path);
    return status;
}

zagg_status zg_dir_scratch_add(void *self, int fd, const void *data, size_t len,
                               zagg_err *err)
{
    const zg_dir *dir = self;
    const int failed_with = write_all(fd, data, len);
    return failed_with == 0
               ? ZAGG_OK
               : zagg_err_set_errno(err, ZAGG_EIO, failed_with,
                                    "cannot write a temporary file below %s", dir->root);
}
