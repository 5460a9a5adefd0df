/* Whole files into memory. */
#include "io/source.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

void zagg_bytes_free(void *data)
{
    zg_free(data);
}

int zg_io_open(int dir_fd, const char *path, int flags)
{
    int fd;
    do {
        fd = openat(dir_fd, path, flags);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

zagg_status zg_fd_read_all(int fd, size_t expected, size_t max_len, const char *path,
                           void **out_data, size_t *out_len, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    size_t len = 0, cap = (expected < max_len ? expected : max_len);
    /* Two bytes more: one that shows the end of the file at once, one for the NUL. */
    cap = cap > SIZE_MAX - 2 ? SIZE_MAX : cap + 2;
    char *data = zg_realloc(NULL, cap, 1);
    while (data != NULL) {
        ssize_t got = read(fd, data + len, cap - len - 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            status = zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot read %s", path);
            goto failed;
        }
        if (got == 0) {
            data[len] = '\0';
            *out_data = data;
            *out_len = len;
            return ZAGG_OK;
        }
        len += (size_t)got;
        if (len > max_len) {
            status =
                zagg_err_set(err, ZAGG_ERANGE, "%s is larger than the limit of %zu bytes",
                             path, max_len);
            goto failed;
        }
        if (len == cap - 1) {
            char *grown = zg_realloc(data, cap, 2);
            if (grown == NULL)
                break;
            data = grown;
            cap *= 2;
        }
    }
    status = zagg_err_set(err, ZAGG_ENOMEM, "no memory to read %s", path);
failed:
    zg_free(data);
    return status;
}

zagg_status zagg_file_read(const char *path, size_t max_len, char **out_data,
                           size_t *out_len, zagg_err *err)
{
    int fd = zg_io_open(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        bool absent = errno == ENOENT || errno == ENOTDIR;
        return zagg_err_set_errno(err, absent ? ZAGG_ENOTFOUND : ZAGG_EIO, errno,
                                  "cannot open %s", path);
    }
    struct stat st;
    void *data = NULL;
    zagg_status status;
    if (fstat(fd, &st) != 0)
        status = zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot stat %s", path);
    else if (S_ISDIR(st.st_mode))
        status = zagg_err_set(err, ZAGG_EIO, "%s is a directory, not a file", path);
    else
        status = zg_fd_read_all(fd, st.st_size > 0 ? (size_t)st.st_size : 4096, max_len,
                                path, &data, out_len, err);
    close(fd);
    if (status == ZAGG_OK)
        *out_data = data;
    return status;
}
