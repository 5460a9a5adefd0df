/* Links of new-style groups: link messages (section IV.A.2.g), and the index of dense
 * groups whose records of type 5 are the hash of the name and the heap id of its link
 * message. */
#include "h5/h5.h"

zagg_status zg_h5_link_decode(const uint8_t *data, size_t len, zg_h5_link *out,
                              zagg_err *err)
{
    zg_h5_cur c = zg_h5_cur_of(data, len);
    unsigned version = (unsigned)zg_h5_uint(&c, 1), flags = (unsigned)zg_h5_uint(&c, 1);
    unsigned kind = flags & 0x08 ? (unsigned)zg_h5_uint(&c, 1) : 0;
    zg_h5_take(&c, (flags & 0x04 ? 8u : 0u) + (flags & 0x10 ? 1u : 0u));
    zg_h5_link link = {.kind = ZG_H5_LINK_OTHER};
    uint64_t name_len = zg_h5_uint(&c, 1u << (flags & 3));
    link.name_len = name_len <= len ? (size_t)name_len : SIZE_MAX;
    link.name = (const char *)zg_h5_take(&c, link.name_len);
    if (kind == 0) {
        link.kind = ZG_H5_LINK_HARD;
        link.addr = zg_h5_uint(&c, 8);
    } else if (kind == 1) {
        link.kind = ZG_H5_LINK_SOFT;
        link.target_len = (size_t)zg_h5_uint(&c, 2);
        link.target = (const char *)zg_h5_take(&c, link.target_len);
    } else if (kind == 64) { /* version and flags, file NUL, path NUL */
        link.kind = ZG_H5_LINK_EXTERNAL;
        link.target_len = (size_t)zg_h5_uint(&c, 2);
        link.target = (const char *)zg_h5_take(&c, link.target_len);
    }
    if (c.bad || version != 1 || link.name_len == 0)
        return zagg_err_set(err, ZAGG_EFORMAT, "damaged link message");
    *out = link;
    return ZAGG_OK;
}

typedef struct dense {
    zg_h5_link_walk *walk;
    zg_h5_heap heap;
    uint32_t hash;         /* of walk->wanted */
    uint64_t objects_left; /* bytes of objects that may still be looked at: the blocks
                              that hold them count for themselves */
} dense;

/* Records are sorted by the hash of the name. */
static int place(const void *user, const uint8_t *record, size_t size)
{
    (void)size;
    const dense *d = user;
    uint32_t hash = zg_le32(record);
    return !d->walk->wanted || hash == d->hash ? 0 : hash < d->hash ? -1 : 1;
}

static zagg_status on_record(void *user, const uint8_t *record, size_t size, bool *stop,
                             zagg_err *err)
{
    (void)size;
    dense *d = user;
    uint8_t *object;
    size_t len;
    ZAGG_TRY(zg_h5_heap_get(&d->heap, record + 4, &object, &len, err));
    zg_h5_link link;
    zagg_status st = zg_h5_spend(&d->objects_left, len, err);
    if (st == ZAGG_OK)
        st = zg_h5_link_decode(object, len, &link, err);
    if (st == ZAGG_OK)
        st = d->walk->fn(d->walk->user, &link, &d->walk->stop, err);
    *stop = d->walk->stop;
    zg_free(object);
    return st;
}

zagg_status zg_h5_dense_walk(zg_h5_link_walk *walk, uint64_t heap, uint64_t btree,
                             zagg_err *err)
{
    dense d = {.walk = walk, .objects_left = zg_h5_walk_budget(walk->file)};
    if (walk->wanted)
        d.hash = zg_h5_lookup3(walk->wanted, walk->wanted_len);
    zg_h5_meta_touch(walk->file, btree);
    ZAGG_TRY(zg_h5_heap_open(walk->file, heap, &walk->budget_bytes, &d.heap, err));
    zg_h5_btree2_walk b = {.file = walk->file,
                           .budget_bytes = &walk->budget_bytes,
                           .type = 5,
                           .rec_min = 4 + d.heap.id_len,
                           .rec_max = 4 + d.heap.id_len,
                           .place = place,
                           .fn = on_record,
                           .user = &d};
    zagg_status st = zg_h5_btree2_records(&b, btree, err);
    zg_h5_heap_close(&d.heap);
    return st;
}
