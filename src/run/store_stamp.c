/* Stamps of stores. */
#include "run/store_stamp.h"

#include "io/sink.h"
#include "text/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_BYTES = 64 << 20 };

/* Of a flat store, whose root tells of other grids too and is written anew at the end,
 * that of the grid's own group. */
static void document_of(const zagg_pipeline *pipeline, const zagg_grid *grid,
                        char out[96])
{
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    if (pipeline->output.store_layout == ZAGG_LAYOUT_HIVE &&
        info->kind == ZAGG_GRID_HEALPIX)
        (void)snprintf(out, 96, "morton_hive.json");
    else
        (void)snprintf(out, 96, "%s/zarr.json", info->group);
}

static zagg_status stamp_of_file(const char *path, char out[ZG_STORE_STAMP_BYTES],
                                 zagg_err *err)
{
    struct stat st;
    if (stat(path, &st) == 0) {
        (void)snprintf(out, ZG_STORE_STAMP_BYTES, "file %ju of %jd.%09ld",
                       (uintmax_t)st.st_ino, (intmax_t)st.st_mtim.tv_sec,
                       st.st_mtim.tv_nsec);
        return ZAGG_OK;
    }
    return errno == ENOENT || errno == ENOTDIR
               ? ZAGG_OK
               : zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot stat %s", path);
}

static zagg_status stamp_of_object(zagg_sink *store, const char *key,
                                   char out[ZG_STORE_STAMP_BYTES], zagg_err *err)
{
    zg_sink_tag tag;
    void *data = NULL;
    size_t len = 0;
    const zagg_status status =
        zg_sink_get_tagged(store, key, MOST_BYTES, &data, &len, &tag, err);
    if (status == ZAGG_OK)
        (void)snprintf(out, ZG_STORE_STAMP_BYTES, "object %s of %s", tag.text,
                       tag.changed);
    zagg_bytes_free(data);
    return status == ZAGG_ENOTFOUND ? ZAGG_OK : status;
}

zagg_status zg_store_stamp(zagg_sink *store, const zagg_pipeline *pipeline,
                           const zagg_grid *grid, char out[ZG_STORE_STAMP_BYTES],
                           zagg_err *err)
{
    char key[96];
    char *path = NULL;
    out[0] = '\0';
    document_of(pipeline, grid, key);
    ZAGG_TRY(zg_sink_local_path(store, key, &path, err));
    const zagg_status status = path != NULL ? stamp_of_file(path, out, err)
                                            : stamp_of_object(store, key, out, err);
    zg_free(path);
    return status;
}

zagg_status zg_store_stamp_note(zagg_sink *status, const char *run_id, const char *stamp,
                                zagg_err *err)
{
    zg_json_out w;
    zg_str text, key;
    zg_str_init(&text, 0);
    zg_str_init(&key, 0);
    zg_str_addf(&key, "run-%s/" ZG_RUN_STAMP, run_id);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "run_id", run_id);
    zg_json_put_str(&w, "stamp", stamp);
    zg_json_close_map(&w);
    const zagg_status done =
        text.failed || key.failed
            ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the record of a store")
            : zagg_sink_put(status, key.data, text.data, text.len, err);
    zg_str_free(&text);
    zg_str_free(&key);
    return done;
}
