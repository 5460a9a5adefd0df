/* Files of events. */
#include "dispatch/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
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
    /* Always a new file: one that is there may be readable by others, or lead elsewhere.
     */
    (void)unlink(path.data);
    const int fd = open(path.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
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

static bool is_event_name(const char *name)
{
    const size_t digits = strspn(name, "0123456789");
    return strcmp(name, "setup.json") == 0 || strcmp(name, "finalize.json") == 0 ||
           (digits > 0 && strcmp(name + digits, ".json") == 0);
}

/* How the messages of this program begin: a file of that name may be anybody's. */
static bool is_event(int folder, const char *name)
{
    static const char *const BEGINNINGS[] = {"{\"chunk_idx\": [", "{\"mode\": \""};
    char text[32] = "";
    const int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return false;
    const ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    for (size_t i = 0; n > 0 && i < 2; i++)
        if (strncmp(text, BEGINNINGS[i], strlen(BEGINNINGS[i])) == 0)
            return true;
    return false;
}

zagg_status zg_private_clear(const char *folder, size_t *n, zagg_err *err)
{
    DIR *dir = opendir(folder);
    zagg_status status = ZAGG_OK;
    if (n != NULL)
        *n = 0;
    if (dir == NULL)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot read the folder %s",
                                  folder);
    for (const struct dirent *e; status == ZAGG_OK && (e = readdir(dir)) != NULL;) {
        if (!is_event_name(e->d_name) || !is_event(dirfd(dir), e->d_name))
            continue;
        if (unlinkat(dirfd(dir), e->d_name, 0) != 0 && errno != ENOENT)
            status = zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot remove %s/%s",
                                        folder, e->d_name);
        else if (n != NULL)
            ++*n;
    }
    closedir(dir);
    return status;
}
