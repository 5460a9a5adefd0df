/* Tables become files in one step: they are written under a temporary name, synced and
 * renamed. */
#include "table/output.h"

#include "codec/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { GZIP_LEVEL = 6 };

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a table");
}

/* May the file at `path` be made, or replaced? */
static zagg_status check_place(const char *path, bool overwrite, zagg_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return errno == ENOENT ? ZAGG_OK
                               : zagg_err_set_errno(err, ZAGG_EIO, errno,
                                                    "%s: cannot be written", path);
    if (S_ISDIR(st.st_mode))
        return zagg_err_set(err, ZAGG_EEXISTS, "%s: is a folder; name a file", path);
    if (!S_ISREG(st.st_mode))
        return zagg_err_set(err, ZAGG_EEXISTS,
                            "%s: is no ordinary file; - stands for standard output",
                            path);
    if (!overwrite)
        return zagg_err_set(err, ZAGG_EEXISTS,
                            "%s: is there already; --force replaces it", path);
    return ZAGG_OK;
}

/* "FOLDER/.NAME.PID.tmp"; of a long name only its beginning. */
static char *temp_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    size_t len = strlen(name);
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_addn(&text, path, (size_t)(name - path));
    zg_str_addc(&text, '.');
    zg_str_addn(&text, name, len > 200 ? zg_utf8_floor(name, 200) : len);
    zg_str_addf(&text, ".%ld.tmp", (long)getpid());
    return zg_str_take(&text);
}

static zagg_status open_temp(zg_output *out, zagg_err *err)
{
    const int fd = open(out->temp, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd >= 0)
        out->file = fdopen(fd, "w+b");
    if (out->file != NULL)
        return ZAGG_OK;
    const int failed_with = errno;
    if (fd >= 0) {
        close(fd);
        (void)unlink(out->temp);
    }
    return zagg_err_set_errno(err, ZAGG_EIO, failed_with, "%s: cannot be written",
                              out->path);
}

zagg_status zg_output_open(zg_output *out, const char *path, bool gzip, bool overwrite,
                           zagg_err *err)
{
    *out = (zg_output){.gzip = gzip};
    if (strcmp(path, "-") == 0) {
        out->file = stdout;
        return ZAGG_OK;
    }
    ZAGG_TRY(check_place(path, overwrite, err));
    out->path = zg_strdup(path);
    out->temp = temp_path(path);
    zagg_status status =
        out->path != NULL && out->temp != NULL ? open_temp(out, err) : no_memory(err);
    if (status != ZAGG_OK)
        zg_output_discard(out);
    return status;
}

zagg_status zg_output_failed(const zg_output *out, int sys_errno, zagg_err *err)
{
    return zagg_err_set_errno(err, ZAGG_EIO, sys_errno != 0 ? sys_errno : EIO,
                              "%s: cannot be written",
                              out->path != NULL ? out->path : "standard output");
}

static zagg_status write_plain(zg_output *out, const void *data, size_t len,
                               zagg_err *err)
{
    errno = 0;
    if (fwrite(data, 1, len, out->file) != len)
        return zg_output_failed(out, errno, err);
    return ZAGG_OK;
}

zagg_status zg_output_write(zg_output *out, const void *data, size_t len, zagg_err *err)
{
    if (!out->gzip)
        return write_plain(out, data, len, err);
    const size_t cap = zg_gzip_bound(len);
    if (cap > out->packed_cap) {
        void *grown = zg_realloc(out->packed, cap, 1);
        if (grown == NULL)
            return no_memory(err);
        out->packed = grown;
        out->packed_cap = cap;
    }
    size_t packed_len = 0;
    ZAGG_TRY(zg_gzip_member(GZIP_LEVEL, data, len, out->packed, cap, &packed_len, err));
    return write_plain(out, out->packed, packed_len, err);
}

zagg_status zg_output_commit(zg_output *out, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    errno = 0;
    if (fflush(out->file) != 0 || ferror(out->file) ||
        (out->temp != NULL && fsync(fileno(out->file)) != 0 && errno != EINVAL))
        status = zg_output_failed(out, errno, err);
    if (out->temp != NULL) {
        errno = 0;
        if (fclose(out->file) != 0 && status == ZAGG_OK)
            status = zg_output_failed(out, errno, err);
        out->file = NULL;
        if (status == ZAGG_OK && rename(out->temp, out->path) != 0)
            status = zg_output_failed(out, errno, err);
        if (status == ZAGG_OK) {
            zg_free(out->temp);
            out->temp = NULL;
        }
    }
    zg_output_discard(out);
    return status;
}

void zg_output_discard(zg_output *out)
{
    if (out->file != NULL && out->file != stdout)
        (void)fclose(out->file);
    if (out->temp != NULL)
        (void)unlink(out->temp);
    zg_free(out->path);
    zg_free(out->temp);
    zg_free(out->packed);
    *out = (zg_output){.file = NULL};
}
