/* Messages of a dataset's object header (section IV.A.2): dataspace, fill value, data
 * layout and filter pipeline. Datatypes are in datatype.c. */
#include "h5/h5.h"

#define MAX_INLINE_BYTES 65536u

/* Flags of chunks in data layout version 4. */
#define EDGES_UNFILTERED 0x01u
#define SINGLE_FILTERED 0x02u

static zagg_status dataspace(zg_h5_dataset_parse *p, const zg_h5_msg *msg, zagg_err *err)
{
    zg_h5_cur c = zg_h5_cur_of(msg->data, msg->len);
    unsigned version = (unsigned)zg_h5_uint(&c, 1), rank = (unsigned)zg_h5_uint(&c, 1);
    unsigned flags = (unsigned)zg_h5_uint(&c, 1), kind = 1;
    if (version == 1)
        zg_h5_take(&c, 5);
    else
        kind = (unsigned)zg_h5_uint(&c, 1);
    if (c.bad || version < 1 || version > 2 || flags & ~3u || kind > 2)
        return zagg_err_set(err, ZAGG_EFORMAT, "damaged dataspace message");
    if (kind == 2)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "dataset without a dataspace (null)");
    if (rank > ZAGG_H5_MAX_RANK)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "dataset of %u dimensions (at most %d)", rank,
                            ZAGG_H5_MAX_RANK);
    for (unsigned i = 0; i < rank; i++)
        p->ds->info.dims[i] = p->ds->max_dims[i] = zg_h5_uint(&c, 8);
    for (unsigned i = 0; flags & 1 && i < rank; i++)
        p->ds->max_dims[i] = zg_h5_uint(&c, 8);
    if (c.bad)
        return zagg_err_set(err, ZAGG_EFORMAT, "short dataspace message");
    p->ds->info.rank = rank;
    p->has_space = true;
    return ZAGG_OK;
}

/* Both the old message (0x04: size, value) and versions 1 to 3 of the new one (0x05). */
static zagg_status fill_value(zg_h5_dataset_parse *p, const zg_h5_msg *msg, zagg_err *err)
{
    bool old = msg->type == ZG_H5_MSG_FILL_OLD, defined = true;
    if (old && p->has_fill) /* the new message counts where both are */
        return ZAGG_OK;
    zg_h5_cur c = zg_h5_cur_of(msg->data, msg->len);
    if (!old) {
        unsigned version = (unsigned)zg_h5_uint(&c, 1);
        if (version == 3) {
            defined = zg_h5_uint(&c, 1) & 0x20;
        } else {
            zg_h5_take(&c, 2); /* times of allocation and writing */
            defined = zg_h5_uint(&c, 1) != 0 || version == 1;
        }
        if (c.bad || version < 1 || version > 3)
            return zagg_err_set(err, ZAGG_EFORMAT, "damaged fill value message");
    }
    uint64_t size = defined ? zg_h5_uint(&c, 4) : 0;
    memset(p->ds->fill, 0, sizeof p->ds->fill);
    if (size >= UINT32_MAX) /* version 1 writes -1 for "undefined" */
        size = 0;
    const uint8_t *value = zg_h5_take(&c, (size_t)size);
    if (c.bad)
        return zagg_err_set(err, ZAGG_EFORMAT, "short fill value message");
    p->has_fill = p->has_fill || !old;
    p->fill_len = (size_t)size; /* compared with the datatype once both are known */
    if (size && size <= sizeof p->ds->fill)
        memcpy(p->ds->fill, value, (size_t)size);
    return ZAGG_OK;
}

static zagg_status layout_chunked(zg_h5_dataset_parse *p, zg_h5_cur *c, zagg_err *err)
{
    p->layout_rank = (unsigned)zg_h5_uint(c, 1);
    p->ds->addr = zg_h5_uint(c, 8);
    if (c->bad || p->layout_rank < 2 || p->layout_rank > ZAGG_H5_MAX_RANK + 1)
        return zagg_err_set(err, ZAGG_EFORMAT, "data layout: %u chunk dimensions",
                            p->layout_rank);
    for (unsigned i = 0; i + 1 < p->layout_rank; i++)
        p->ds->info.chunk_dims[i] = zg_h5_uint(c, 4);
    p->layout_elem_size = zg_h5_uint(c, 4);
    return ZAGG_OK;
}

/* Parameters of an index, which its own header repeats where it has one. */
static zagg_status layout_index(zg_h5_dataset_parse *p, zg_h5_cur *c, unsigned flags,
                                zagg_err *err)
{
    static const struct {
        zg_h5_index_kind kind;
        size_t bytes;
    } kinds[] = {[1] = {ZG_H5_INDEX_SINGLE, 0},
                 [2] = {ZG_H5_INDEX_IMPLICIT, 0},
                 [3] = {ZG_H5_INDEX_FIXED_ARRAY, 1},
                 [4] = {ZG_H5_INDEX_EXTENSIBLE_ARRAY, 5},
                 [5] = {ZG_H5_INDEX_BTREE2, 6}};
    unsigned type = (unsigned)zg_h5_uint(c, 1);
    if (type < 1 || type >= sizeof kinds / sizeof *kinds)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "chunk index of type %u", type);
    p->ds->index_kind = kinds[type].kind;
    zg_h5_take(c, kinds[type].bytes);
    if (p->ds->index_kind == ZG_H5_INDEX_SINGLE && flags & SINGLE_FILTERED) {
        p->ds->single_size = zg_h5_uint(c, 8);
        p->ds->single_mask = (uint32_t)zg_h5_uint(c, 4);
    }
    p->ds->addr = zg_h5_uint(c, 8);
    return ZAGG_OK;
}

/* Chunks in data layout versions 4 and 5, which differ in how wide sizes are inside of
 * the indexes only. */
static zagg_status layout_chunked_v4(zg_h5_dataset_parse *p, zg_h5_cur *c, zagg_err *err)
{
    unsigned flags = (unsigned)zg_h5_uint(c, 1);
    p->layout_rank = (unsigned)zg_h5_uint(c, 1);
    unsigned width = (unsigned)zg_h5_uint(c, 1);
    if (c->bad || p->layout_rank < 2 || p->layout_rank > ZAGG_H5_MAX_RANK + 1 ||
        width < 1 || width > 8)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "data layout: %u chunk dimensions of %u bytes",
                            p->layout_rank, width);
    if (flags & ~(EDGES_UNFILTERED | SINGLE_FILTERED))
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "data layout with flags 0x%x", flags);
    p->ds->edges_unfiltered = flags & EDGES_UNFILTERED;
    for (unsigned i = 0; i + 1 < p->layout_rank; i++)
        p->ds->info.chunk_dims[i] = zg_h5_uint(c, width);
    p->layout_elem_size = zg_h5_uint(c, width);
    return layout_index(p, c, flags, err);
}

static zagg_status layout_compact(zg_h5_dataset_parse *p, zg_h5_cur *c, zagg_err *err)
{
    size_t len = (size_t)zg_h5_uint(c, 2);
    const uint8_t *data = zg_h5_take(c, len);
    if (!data || len > MAX_INLINE_BYTES)
        return zagg_err_set(err, ZAGG_EFORMAT, "data layout: short compact data");
    zg_free(p->ds->inline_data);
    p->ds->inline_data = zg_alloc(len + 1, 1);
    if (!p->ds->inline_data)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for compact data");
    memcpy(p->ds->inline_data, data, len);
    p->inline_len = len;
    return ZAGG_OK;
}

static zagg_status layout(zg_h5_dataset_parse *p, const zg_h5_msg *msg, zagg_err *err)
{
    zg_h5_cur c = zg_h5_cur_of(msg->data, msg->len);
    unsigned version = (unsigned)zg_h5_uint(&c, 1);
    if (!c.bad && (version == 1 || version == 2))
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "data layout version %u", version);
    unsigned cls = (unsigned)zg_h5_uint(&c, 1);
    if (c.bad || version < 1 || version > 5 || cls > 3)
        return zagg_err_set(err, ZAGG_EFORMAT, "data layout version %u, class %u",
                            version, cls);
    if (cls == 3)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "virtual dataset");
    p->ds->info.layout = (zagg_h5_layout)cls;
    p->has_layout = true;
    if (cls == 0)
        return layout_compact(p, &c, err);
    if (cls == 2)
        ZAGG_TRY(version > 3 ? layout_chunked_v4(p, &c, err)
                             : layout_chunked(p, &c, err));
    if (cls == 1) {
        p->ds->addr = zg_h5_uint(&c, 8);
        p->layout_bytes = zg_h5_uint(&c, 8);
    }
    return c.bad ? zagg_err_set(err, ZAGG_EFORMAT, "short data layout message") : ZAGG_OK;
}

static const char *filter_name(unsigned id)
{
    switch (id) {
    case 4:
        return "szip";
    case 5:
        return "nbit";
    case 6:
        return "scale-offset";
    case 32000:
        return "lzf";
    case 32001:
        return "blosc";
    case 32004:
        return "lz4";
    case 32015:
        return "zstd";
    default:
        return "unknown";
    }
}

static zagg_status one_filter(zg_h5_dataset_parse *p, zg_h5_cur *c, unsigned version,
                              zagg_err *err)
{
    unsigned id = (unsigned)zg_h5_uint(c, 2);
    size_t name_len = version == 1 || id >= 256 ? (size_t)zg_h5_uint(c, 2) : 0;
    zg_h5_take(c, 2); /* flags */
    size_t n_values = (size_t)zg_h5_uint(c, 2);
    zg_h5_take(c, version == 1 ? (name_len + 7) / 8 * 8 : name_len);
    zg_h5_take(c, n_values * 4 + (version == 1 && n_values % 2 ? 4 : 0));
    if (c->bad)
        return zagg_err_set(err, ZAGG_EFORMAT, "short filter pipeline message");
    zagg_h5_info *info = &p->ds->info;
    bool *seen = id == ZG_H5_FILTER_DEFLATE      ? &info->deflate
                 : id == ZG_H5_FILTER_SHUFFLE    ? &info->shuffle
                 : id == ZG_H5_FILTER_FLETCHER32 ? &info->fletcher32
                                                 : NULL;
    if (!seen)
        return zagg_err_set(
            err, ZAGG_EUNSUPPORTED,
            "filter %u (%s); only deflate, shuffle and fletcher32 are read", id,
            filter_name(id));
    if (*seen)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "filter %u more than once", id);
    *seen = true;
    p->ds->filters[p->ds->n_filters++] = (uint16_t)id;
    return ZAGG_OK;
}

static zagg_status filters(zg_h5_dataset_parse *p, const zg_h5_msg *msg, zagg_err *err)
{
    zg_h5_cur c = zg_h5_cur_of(msg->data, msg->len);
    unsigned version = (unsigned)zg_h5_uint(&c, 1), n = (unsigned)zg_h5_uint(&c, 1);
    if (version == 1)
        zg_h5_take(&c, 6);
    if (c.bad || version < 1 || version > 2 || n > 32 || p->ds->n_filters)
        return zagg_err_set(err, ZAGG_EFORMAT, "damaged filter pipeline message");
    for (unsigned i = 0; i < n; i++)
        ZAGG_TRY(one_filter(p, &c, version, err));
    return ZAGG_OK;
}

zagg_status zg_h5_dataset_message(void *parse, const zg_h5_msg *msg, zagg_err *err)
{
    zg_h5_dataset_parse *p = parse;
    bool needed = msg->type == ZG_H5_MSG_DATASPACE || msg->type == ZG_H5_MSG_DATATYPE ||
                  msg->type == ZG_H5_MSG_FILL || msg->type == ZG_H5_MSG_FILTERS;
    if (needed && msg->flags & ZG_H5_MSG_FLAG_SHARED)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "shared message of type %u (committed datatype or the like)",
                            msg->type);
    switch (msg->type) {
    case ZG_H5_MSG_DATASPACE:
        return dataspace(p, msg, err);
    case ZG_H5_MSG_DATATYPE:
        return zg_h5_msg_datatype(p, msg, err);
    case ZG_H5_MSG_FILL:
    case ZG_H5_MSG_FILL_OLD:
        return fill_value(p, msg, err);
    case ZG_H5_MSG_LAYOUT:
        return layout(p, msg, err);
    case ZG_H5_MSG_FILTERS:
        return filters(p, msg, err);
    case ZG_H5_MSG_EXTERNAL:
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "data in external files");
    default:
        return ZAGG_OK;
    }
}
