/* Contexts of PROJ. A CRS text may come from a stranger, and PROJ's strings can name
 * files (grids, init files, models): all file access goes through the callbacks here, and
 * these open nothing but a proj.db, for reading. So no grid is ever found either, and
 * what is computed does not depend on the grids that happen to be installed. */
#include "grid/proj_context.h"

#include <stdio.h>
#include <string.h>

static const char DATABASE[] = "/proj.db";

static bool is_database(const char *path)
{
    const size_t len = strlen(path), tail = sizeof DATABASE - 1;
    return len > tail && strcmp(path + len - tail, DATABASE) == 0;
}

static PROJ_FILE_HANDLE *open_file(PJ_CONTEXT *ctx, const char *path,
                                   PROJ_OPEN_ACCESS access, void *user)
{
    const zg_proj_context *c = user;
    (void)ctx;
    if (!c->database || access != PROJ_OPEN_ACCESS_READ_ONLY || !is_database(path))
        return NULL;
    return (PROJ_FILE_HANDLE *)fopen(path, "rb");
}

static size_t read_file(PJ_CONTEXT *ctx, PROJ_FILE_HANDLE *file, void *out, size_t n,
                        void *user)
{
    (void)ctx;
    (void)user;
    return fread(out, 1, n, (FILE *)file);
}

static size_t write_file(PJ_CONTEXT *ctx, PROJ_FILE_HANDLE *file, const void *data,
                         size_t n, void *user)
{
    (void)ctx;
    (void)file;
    (void)data;
    (void)n;
    (void)user;
    return 0;
}

static int seek_file(PJ_CONTEXT *ctx, PROJ_FILE_HANDLE *file, long long offset,
                     int whence, void *user)
{
    (void)ctx;
    (void)user;
    return fseek((FILE *)file, (long)offset, whence) == 0;
}

static unsigned long long tell_file(PJ_CONTEXT *ctx, PROJ_FILE_HANDLE *file, void *user)
{
    (void)ctx;
    (void)user;
    const long at = ftell((FILE *)file);
    return at < 0 ? 0 : (unsigned long long)at;
}

static void close_file(PJ_CONTEXT *ctx, PROJ_FILE_HANDLE *file, void *user)
{
    (void)ctx;
    (void)user;
    (void)fclose((FILE *)file);
}

/* exists, mkdir and unlink alike: there is no such file, and none is made */
static int refuse_path(PJ_CONTEXT *ctx, const char *path, void *user)
{
    (void)ctx;
    (void)path;
    (void)user;
    return 0;
}

static int refuse_rename(PJ_CONTEXT *ctx, const char *from, const char *to, void *user)
{
    (void)ctx;
    (void)from;
    (void)to;
    (void)user;
    return 0;
}

/* PROJ would print to stderr. The texts carry what the user wrote: one line, cut. */
static void keep_reason(void *user, int level, const char *text)
{
    zg_proj_context *c = user;
    size_t n = 0;
    if (level != PJ_LOG_ERROR || text == NULL)
        return;
    for (; text[n] != '\0' && n < sizeof c->reason - 1; n++)
        c->reason[n] = (unsigned char)text[n] < ' ' ? ' ' : text[n];
    c->reason[n] = '\0';
}

bool zg_proj_context_init(zg_proj_context *c, bool database)
{
    static const PROJ_FILE_API files = {.version = 1,
                                        .open_cbk = open_file,
                                        .read_cbk = read_file,
                                        .write_cbk = write_file,
                                        .seek_cbk = seek_file,
                                        .tell_cbk = tell_file,
                                        .close_cbk = close_file,
                                        .exists_cbk = refuse_path,
                                        .mkdir_cbk = refuse_path,
                                        .unlink_cbk = refuse_path,
                                        .rename_cbk = refuse_rename};
    c->database = database;
    c->reason[0] = '\0';
    c->ctx = zg_libproj.context_create();
    if (c->ctx == NULL)
        return false;
    zg_libproj.log_func(c->ctx, c, keep_reason);
    (void)zg_libproj.log_level(c->ctx, PJ_LOG_ERROR);
    (void)zg_libproj.context_set_enable_network(c->ctx, 0);
    if (zg_libproj.context_set_fileapi(c->ctx, &files, c))
        return true;
    zg_proj_context_end(c);
    return false;
}

void zg_proj_context_end(zg_proj_context *c)
{
    if (c->ctx != NULL)
        (void)zg_libproj.context_destroy(c->ctx);
    c->ctx = NULL;
}

bool zg_proj_context_has_database(zg_proj_context *c)
{
    return c->database && zg_libproj.context_get_database_metadata(
                              c->ctx, "DATABASE.LAYOUT.VERSION.MAJOR") != NULL;
}

PJ *zg_proj_horizontal(PJ_CONTEXT *ctx, PJ *crs)
{
    for (int depth = 0; crs != NULL && depth < 4; depth++) {
        PJ *inner;
        switch (zg_libproj.get_type(crs)) {
        case PJ_TYPE_COMPOUND_CRS:
            inner = zg_libproj.crs_get_sub_crs(ctx, crs, 0);
            break;
        case PJ_TYPE_BOUND_CRS:
            inner = zg_libproj.get_source_crs(ctx, crs);
            break;
        default:
            return crs;
        }
        (void)zg_libproj.destroy(crs);
        crs = inner;
    }
    return crs;
}
