/* Reading and writing at a place of an open file. */
#include "base/base.h"

#include <errno.h>
#include <unistd.h>

size_t zg_fd_read_at(int fd, uint64_t offset, size_t len, void *out, int *failure)
{
    unsigned char *to = out;
    size_t done = 0;
    *failure = 0;
    while (done < len) {
        const ssize_t got = pread(fd, to + done, len - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            *failure = got < 0 ? errno : 0;
            break;
        }
        done += (size_t)got;
    }
    return done;
}

size_t zg_fd_write_at(int fd, uint64_t offset, size_t len, const void *data, int *failure)
{
    const unsigned char *from = data;
    size_t done = 0;
    *failure = 0;
    while (done < len) {
        const ssize_t put = pwrite(fd, from + done, len - done, (off_t)(offset + done));
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            *failure = put < 0 ? errno : 0;
            break;
        }
        done += (size_t)put;
    }
    return done;
}

int zg_fd_resize(int fd, uint64_t size)
{
    while (ftruncate(fd, (off_t)size) != 0)
        if (errno != EINTR)
            return errno;
    return 0;
}
