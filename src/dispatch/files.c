/* Files of events. */
#include "dispatch/files.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

zagg_status zg_private_folder(const char *path, zagg_err *err)
{
    if (mkdir(path, 0700) == 0 || errno == EEXIST)
        return ZAGG_OK;
    return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot make the folder %s", path);
}

zagg_status zg_private_file(const char *folder, const char *name, const char *text,
                            size_t len, zagg_err *err)
{
    zg_str path;
    int failure = 0;
    zg_str_init(&path, 0);
    zg_str_addf(&path, "%s/%s", folder, name);
    if (path.failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path");
    const int fd = open(path.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        failure = errno;
    else if (zg_fd_write_at(fd, 0, len, text, &failure) == len)
        failure = 0;
    else if (failure == 0)
        failure = ENOSPC;
    if (fd >= 0 && close(fd) != 0 && failure == 0)
        failure = errno;
    const zagg_status status =
        failure == 0
            ? ZAGG_OK
            : zagg_err_set_errno(err, ZAGG_EIO, failure, "cannot write %s", path.data);
    zg_str_free(&path);
    return status;
}
