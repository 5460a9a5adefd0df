/* Texts and files that hold secrets. */
#include "net/secret_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void zg_secret_text_init(zg_str *s, size_t len)
{
    zg_str_init(s, len);
    char *data = len < SIZE_MAX ? zg_alloc(len + 1, 1) : NULL;
    if (data == NULL) {
        s->failed = true;
        return;
    }
    s->data = data;
    s->cap = len + 1;
    s->max_len = len;
}

void zg_secret_text_free(zg_str *s)
{
    if (s->cap > 0)
        zg_secret_wipe(s->data, s->cap);
    zg_str_free(s);
}

/* Opening a pipe that nobody writes to must not wait. */
static int open_file(const char *path)
{
    int fd;
    do
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* Until the end of the file or `max` bytes. */
static zagg_status read_all(int fd, const char *path, char *to, size_t max, size_t *len,
                            zagg_err *err)
{
    while (*len < max) {
        const ssize_t got = read(fd, to + *len, max - *len);
        if (got == 0)
            break;
        if (got > 0)
            *len += (size_t)got;
        else if (errno != EINTR)
            return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot read %s", path);
    }
    return ZAGG_OK;
}

static zagg_status read_open(int fd, const char *path, size_t max_len, char **text,
                             size_t *len, zagg_err *err)
{
    struct stat st;
    size_t n = 0;
    if (fstat(fd, &st) != 0)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot read %s", path);
    if (S_ISDIR(st.st_mode))
        return zagg_err_set(err, ZAGG_ECONFIG, "%s is a folder, not a file", path);
    const int flags = fcntl(fd, F_GETFL);
    if (flags >= 0)
        (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    char *data = zg_alloc(max_len + 2, 1);
    if (data == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read it", path);
    zagg_status status = read_all(fd, path, data, max_len + 1, &n, err);
    if (status == ZAGG_OK && n > max_len)
        status = zagg_err_set(err, ZAGG_ECONFIG,
                              "%s has more than %zu bytes, which no file of its kind has",
                              path, max_len);
    if (status == ZAGG_OK && memchr(data, 0, n) != NULL)
        status =
            zagg_err_set(err, ZAGG_ECONFIG, "%s holds a NUL byte: it is no text", path);
    if (status != ZAGG_OK) {
        zg_secret_file_free(data, n);
        return status;
    }
    *text = data;
    *len = n;
    return ZAGG_OK;
}

zagg_status zg_secret_file_read(const char *path, size_t max_len, char **text,
                                size_t *len, zagg_err *err)
{
    const int fd = open_file(path);
    if (fd < 0)
        return zagg_err_set_errno(
            err, errno == ENOENT || errno == ENOTDIR ? ZAGG_ENOTFOUND : ZAGG_EIO, errno,
            "cannot read %s", path);
    const zagg_status status = read_open(fd, path, max_len, text, len, err);
    (void)close(fd);
    return status;
}

void zg_secret_file_free(char *text, size_t len)
{
    zg_secret_wipe(text, len);
    zg_free(text);
}

bool zg_secret_is_word(const char *text, size_t max)
{
    size_t n = 0;
    for (; text[n] != '\0'; n++)
        if (n == max || text[n] <= ' ' || text[n] > '~')
            return false;
    return n > 0;
}

void zg_secret_hide(char *text, const char *secret)
{
    const size_t len = secret != NULL ? strlen(secret) : 0;
    if (len < 6)
        return;
    for (char *p = strstr(text, secret); p != NULL; p = strstr(p + 3, secret)) {
        memcpy(p, "...", 3);
        memmove(p + 3, p + len, strlen(p + len) + 1);
    }
}
