/* A local file as a source: positioned reads, so that threads share one descriptor. */
#include "io/sparse.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct file_source {
    int fd;
    char path[];
} file_source;

static zagg_status file_read_at(void *self, uint64_t offset, size_t len, void *out,
                                zagg_err *err)
{
    const file_source *file = self;
    int failure;
    const size_t got = zg_fd_read_at(file->fd, offset, len, out, &failure);
    if (got == len)
        return ZAGG_OK;
    if (failure)
        return zagg_err_set_errno(err, ZAGG_EIO, failure,
                                  "%s: cannot read %zu bytes at offset %" PRIu64,
                                  file->path, len - got, offset + got);
    return zagg_err_set(err, ZAGG_EIO,
                        "%s: the file became shorter while it was read (no data at "
                        "offset %" PRIu64 ")",
                        file->path, offset + got);
}

static void file_close(void *self)
{
    file_source *file = self;
    close(file->fd);
    zg_free(file);
}

static const zagg_source_vtable file_vtable = {.read_at = file_read_at,
                                               .close = file_close,
                                               .request_bytes = ZG_LOCAL_REQUEST_BYTES};

/* Descriptor and size of a regular file. */
static zagg_status open_regular(const char *path, int *out_fd, uint64_t *out_size,
                                zagg_err *err)
{
    /* Non-blocking, or opening a FIFO would wait for a writer before it can be refused.
     */
    int fd = zg_io_open(AT_FDCWD, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        bool absent = errno == ENOENT || errno == ENOTDIR;
        return zagg_err_set_errno(err, absent ? ZAGG_ENOTFOUND : ZAGG_EIO, errno,
                                  "cannot open %s", path);
    }
    struct stat st;
    zagg_status status = ZAGG_OK;
    if (fstat(fd, &st) != 0)
        status = zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot stat %s", path);
    else if (S_ISDIR(st.st_mode))
        status = zagg_err_set(err, ZAGG_EIO, "%s is a directory, not a file", path);
    else if (!S_ISREG(st.st_mode))
        status = zagg_err_set(err, ZAGG_EIO, "%s is not a regular file", path);
    if (status != ZAGG_OK) {
        close(fd);
        return status;
    }
    *out_fd = fd;
    *out_size = (uint64_t)st.st_size;
    return ZAGG_OK;
}

static zagg_status open_whole(int fd, uint64_t size, const char *path, zagg_source **out,
                              zagg_err *err)
{
    size_t path_bytes = strlen(path) + 1;
    file_source *file = zg_alloc(1, sizeof *file + path_bytes);
    if (file == NULL) {
        close(fd);
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to open it", path);
    }
    file->fd = fd;
    memcpy(file->path, path, path_bytes);
    return zagg_source_open_custom(&file_vtable, file, size, path, out, err);
}

zagg_status zagg_source_open_file(const char *path, zagg_source **out, zagg_err *err)
{
    int fd = -1;
    uint64_t size = 0;
    zagg_source *copy = NULL;
    ZAGG_TRY(open_regular(path, &fd, &size, err));
    /* In this order: the record of a file that is open already is its own, or claims
     * less. */
    const zagg_status status = zg_sparse_open_offline(fd, size, path, &copy, err);
    if (status != ZAGG_OK) {
        close(fd);
        return status;
    }
    if (copy == NULL)
        return open_whole(fd, size, path, out, err);
    *out = copy;
    return ZAGG_OK;
}
