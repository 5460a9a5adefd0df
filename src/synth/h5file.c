/* Granules through libhdf5: the only file of zagg that uses it. Two layouts:
 *   v006  superblock 0, symbol-table groups, chunks of 10,000 photons
 *   v007  paged file space, superblock 2, groups that track creation order (link messages
 * or a fractal heap), chunks of 100,000 photons Both index chunks with version 1 B-trees.
 * Time stamps are switched off, so that equal input gives equal files. */
#include "base/base.h"
#include "synth/synth.h"

#include <errno.h>
#include <hdf5.h>
#include <stdio.h>
#include <string.h>

#define PAGE_BYTES ((hsize_t)8 << 20)

struct zg_synth_file {
    hid_t file;
    hid_t links;  /* property list: make missing groups */
    hid_t groups; /* property list of those groups */
    const zg_synth_options *options;
    char *path;
};

/* The innermost message of libhdf5's error stack is the one that says what happened. */
static herr_t note_reason(unsigned n, const H5E_error2_t *e, void *user)
{
    (void)n;
    snprintf(user, 200, "%s", e->desc && e->desc[0] ? e->desc : "unknown reason");
    return 0;
}

static zagg_status h5_failed(const zg_synth_file *f, const char *what, zagg_err *err)
{
    char reason[200] = "unknown reason";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, note_reason, reason);
    return zagg_err_set(err, ZAGG_EIO, "%s: %s: %s", f->path, what, reason);
}

static hid_t file_properties(const zg_synth_options *o)
{
    hid_t p = H5Pcreate(H5P_FILE_CREATE);
    if (p < 0 || H5Pset_obj_track_times(p, false) < 0)
        return -1;
    if (o->layout == ZG_SYNTH_V007 &&
        (H5Pset_file_space_strategy(p, H5F_FSPACE_STRATEGY_PAGE, false, (hsize_t)1) < 0 ||
         H5Pset_file_space_page_size(p, PAGE_BYTES) < 0 ||
         H5Pset_link_creation_order(p, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) <
             0))
        return -1;
    return p;
}

static hid_t group_properties(const zg_synth_options *o)
{
    hid_t p = H5Pcreate(H5P_GROUP_CREATE);
    if (p < 0 || H5Pset_obj_track_times(p, false) < 0)
        return -1;
    if (o->layout == ZG_SYNTH_V007 &&
        H5Pset_link_creation_order(p, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED) < 0)
        return -1;
    return p;
}

static void release(zg_synth_file *f)
{
    if (f->links >= 0)
        H5Pclose(f->links);
    if (f->groups >= 0)
        H5Pclose(f->groups);
    zg_free(f->path);
    zg_free(f);
}

zagg_status zg_synth_file_create(const char *path, const zg_synth_options *o,
                                 zg_synth_file **out, zagg_err *err)
{
    zg_synth_file *f = zg_alloc(1, sizeof *f);
    if (!f)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory");
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    f->options = o;
    f->path = zg_strdup(path);
    f->links = H5Pcreate(H5P_LINK_CREATE);
    f->groups = group_properties(o);
    if (!f->path || f->links < 0 || f->groups < 0 ||
        H5Pset_create_intermediate_group(f->links, 1) < 0) {
        release(f);
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory", path);
    }
    hid_t create = file_properties(o);
    errno = 0;
    f->file = create < 0 ? -1 : H5Fcreate(path, H5F_ACC_TRUNC, create, H5P_DEFAULT);
    int sys_errno = errno;
    if (create >= 0)
        H5Pclose(create);
    if (f->file < 0) {
        zagg_status s = sys_errno ? zagg_err_set_errno(err, ZAGG_EIO, sys_errno,
                                                       "%s: cannot be made", path)
                                  : h5_failed(f, "cannot be made", err);
        release(f);
        return s;
    }
    *out = f;
    return ZAGG_OK;
}

zagg_status zg_synth_file_text(zg_synth_file *f, const char *attribute, const char *value,
                               zagg_err *err)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR), attr = -1;
    bool ok = type >= 0 && space >= 0 && H5Tset_size(type, strlen(value)) >= 0;
    if (ok)
        attr = H5Acreate2(f->file, attribute, type, space, H5P_DEFAULT, H5P_DEFAULT);
    ok = ok && attr >= 0 && H5Awrite(attr, type, value) >= 0;
    zagg_status s = ok ? ZAGG_OK : h5_failed(f, attribute, err);
    if (attr >= 0)
        H5Aclose(attr);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return s;
}

static hid_t memory_type(zg_synth_type t)
{
    switch (t) {
    case ZG_SYNTH_I8:
        return H5T_NATIVE_INT8;
    case ZG_SYNTH_I32:
        return H5T_NATIVE_INT32;
    case ZG_SYNTH_I64:
        return H5T_NATIVE_INT64;
    case ZG_SYNTH_F32:
        return H5T_NATIVE_FLOAT;
    case ZG_SYNTH_F64:
        break;
    }
    return H5T_NATIVE_DOUBLE;
}

static hid_t file_type(zg_synth_type t)
{
    switch (t) {
    case ZG_SYNTH_I8:
        return H5T_STD_I8LE;
    case ZG_SYNTH_I32:
        return H5T_STD_I32LE;
    case ZG_SYNTH_I64:
        return H5T_STD_I64LE;
    case ZG_SYNTH_F32:
        return H5T_IEEE_F32LE;
    case ZG_SYNTH_F64:
        break;
    }
    return H5T_IEEE_F64LE;
}

static hid_t dataset_properties(const zg_synth_file *f, const zg_synth_column *c)
{
    bool floats = c->type == ZG_SYNTH_F32 || c->type == ZG_SYNTH_F64;
    hsize_t rows = (hsize_t)f->options->chunk;
    if (rows > c->rows)
        rows = c->rows ? c->rows : 1;
    hsize_t chunk[2] = {rows, c->columns};
    hid_t p = H5Pcreate(H5P_DATASET_CREATE);
    if (p < 0 || H5Pset_obj_track_times(p, false) < 0 ||
        H5Pset_chunk(p, c->columns ? 2 : 1, chunk) < 0)
        return -1;
    if (f->options->gzip == 0)
        return p;
    if ((!floats || f->options->shuffle_all) && H5Pset_shuffle(p) < 0)
        return -1;
    return H5Pset_deflate(p, (unsigned)f->options->gzip) < 0 ? -1 : p;
}

/* Groups that do not exist yet, made one by one so that they get our property list. */
static zagg_status make_parents(zg_synth_file *f, const char *path, zagg_err *err)
{
    char part[256];
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        htri_t there = H5Lexists(f->file, part, H5P_DEFAULT);
        if (there > 0)
            continue;
        hid_t g = there < 0
                      ? -1
                      : H5Gcreate2(f->file, part, H5P_DEFAULT, f->groups, H5P_DEFAULT);
        if (g < 0)
            return h5_failed(f, part, err);
        H5Gclose(g);
    }
    return ZAGG_OK;
}

zagg_status zg_synth_file_column(zg_synth_file *f, const zg_synth_column *c,
                                 zagg_err *err)
{
    ZAGG_TRY(make_parents(f, c->path, err));
    hsize_t dims[2] = {c->rows, c->columns};
    /* an axis of length 0 cannot be chunked unless it may grow */
    hsize_t limit[2] = {c->rows ? c->rows : H5S_UNLIMITED, c->columns};
    hid_t space = H5Screate_simple(c->columns ? 2 : 1, dims, limit);
    hid_t properties = dataset_properties(f, c), data = -1;
    bool ok = space >= 0 && properties >= 0;
    if (ok)
        data = H5Dcreate2(f->file, c->path, file_type(c->type), space, f->links,
                          properties, H5P_DEFAULT);
    ok = ok && data >= 0;
    if (ok && c->rows > 0)
        ok = H5Dwrite(data, memory_type(c->type), H5S_ALL, H5S_ALL, H5P_DEFAULT,
                      c->data) >= 0;
    zagg_status s = ok ? ZAGG_OK : h5_failed(f, c->path, err);
    if (data >= 0 && H5Dclose(data) < 0 && s == ZAGG_OK)
        s = h5_failed(f, c->path, err);
    if (properties >= 0)
        H5Pclose(properties);
    if (space >= 0)
        H5Sclose(space);
    return s;
}

zagg_status zg_synth_file_close(zg_synth_file *f, zagg_err *err)
{
    zagg_status s = ZAGG_OK;
    if (H5Fclose(f->file) < 0)
        s = h5_failed(f, "cannot be finished", err);
    release(f);
    return s;
}
