/* Text files written as one step, plain or gzip (zlib). */
#include "cat/out_file.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include <zlib.h>

enum { PIECE_BYTES = 64 << 10, GZIP = 15 + 16, LEVEL = 6, MEMORY = 8 };

struct zg_out_file {
    char *path, *temp;
    FILE *file;
    bool gzip, failed;
    z_stream z;
    unsigned char *piece;
};

static void *z_alloc(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return zg_alloc(count, size);
}

static void z_free(void *opaque, void *p)
{
    (void)opaque;
    zg_free(p);
}

static zagg_status no_memory(const char *path, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to write it", path);
}

static zagg_status cannot(zg_out_file *f, const char *what, zagg_err *err)
{
    f->failed = true;
    return zagg_err_set_errno(err, ZAGG_EIO, errno, "%s: cannot %s it", f->path, what);
}

static void free_file(zg_out_file *f)
{
    if (f->gzip)
        (void)deflateEnd(&f->z);
    zg_free(f->piece);
    zg_free(f->path);
    zg_free(f->temp);
    zg_free(f);
}

void zg_out_file_abandon(zg_out_file *f)
{
    if (f == NULL)
        return;
    if (f->file != NULL) {
        (void)fclose(f->file);
        (void)unlink(f->temp);
    }
    free_file(f);
}

static zagg_status begin(zg_out_file *f, const char *path, bool gzip, zagg_err *err)
{
    zg_str temp;
    zg_str_init(&temp, 0);
    zg_str_addf(&temp, "%s.%ld.tmp", path, (long)getpid());
    f->temp = zg_str_take(&temp);
    zg_str_free(&temp);
    f->path = zg_strdup(path);
    if (f->temp == NULL || f->path == NULL)
        return no_memory(path, err);
    if (gzip) {
        f->z.zalloc = z_alloc;
        f->z.zfree = z_free;
        f->piece = zg_alloc(PIECE_BYTES, 1);
        if (f->piece == NULL || deflateInit2(&f->z, LEVEL, Z_DEFLATED, GZIP, MEMORY,
                                             Z_DEFAULT_STRATEGY) != Z_OK)
            return no_memory(path, err);
        f->gzip = true;
    }
    f->file = fopen(f->temp, "wb");
    return f->file != NULL ? ZAGG_OK : cannot(f, "create", err);
}

zagg_status zg_out_file_new(const char *path, bool gzip, zg_out_file **out, zagg_err *err)
{
    zg_out_file *f = zg_alloc(1, sizeof *f);
    if (f == NULL)
        return no_memory(path, err);
    const zagg_status status = begin(f, path, gzip, err);
    if (status != ZAGG_OK)
        zg_out_file_abandon(f);
    else
        *out = f;
    return status;
}

static zagg_status write_bytes(zg_out_file *f, const void *bytes, size_t len,
                               zagg_err *err)
{
    return fwrite(bytes, 1, len, f->file) == len ? ZAGG_OK : cannot(f, "write", err);
}

static zagg_status pack(zg_out_file *f, const char *text, size_t len, int flush,
                        zagg_err *err)
{
    while (len > 0 || flush == Z_FINISH) {
        const unsigned n = len < (1U << 30) ? (unsigned)len : 1U << 30;
        f->z.next_in = (unsigned char *)(uintptr_t)text; /* zlib only reads it */
        f->z.avail_in = n;
        do {
            f->z.next_out = f->piece;
            f->z.avail_out = PIECE_BYTES;
            (void)deflate(&f->z, flush);
            ZAGG_TRY(write_bytes(f, f->piece, PIECE_BYTES - f->z.avail_out, err));
        } while (f->z.avail_out == 0);
        text += n;
        len -= n;
        if (len == 0)
            break;
    }
    return ZAGG_OK;
}

zagg_status zg_out_file_add(zg_out_file *f, const char *text, size_t len, zagg_err *err)
{
    return f->gzip ? pack(f, text, len, Z_NO_FLUSH, err) : write_bytes(f, text, len, err);
}

static zagg_status end(zg_out_file *f, zagg_err *err)
{
    if (f->failed)
        return zagg_err_set(err, ZAGG_EIO, "%s: could not be written", f->path);
    if (f->gzip)
        ZAGG_TRY(pack(f, "", 0, Z_FINISH, err));
    if (fflush(f->file) != 0 || fsync(fileno(f->file)) != 0)
        return cannot(f, "write", err);
    FILE *file = f->file;
    f->file = NULL;
    if (fclose(file) == 0 && rename(f->temp, f->path) == 0)
        return ZAGG_OK;
    const zagg_status status = cannot(f, "write", err);
    (void)unlink(f->temp);
    return status;
}

zagg_status zg_out_file_commit(zg_out_file *f, zagg_err *err)
{
    const zagg_status status = end(f, err);
    zg_out_file_abandon(f);
    return status;
}
