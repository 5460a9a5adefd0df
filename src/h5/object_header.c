/* Object headers, versions 1 and 2 (section IV.A): a first block of messages and up to 64
 * continuation blocks. Version 2 blocks carry a checksum, which is verified. */
#include "h5/h5.h"

typedef struct block {
    uint64_t addr, len;
} block;

typedef struct header {
    zagg_h5 *file;
    unsigned version;
    bool creation_order; /* version 2: messages carry their creation index */
    zg_h5_msg_fn fn;
    void *user;
    block queue[ZG_H5_MAX_CONTINUATIONS];
    size_t n_queued;
} header;

static zagg_status queue_block(header *h, const zg_h5_msg *msg, zagg_err *err)
{
    zg_h5_cur c = zg_h5_cur_of(msg->data, msg->len);
    block b = {zg_h5_uint(&c, 8), zg_h5_uint(&c, 8)};
    if (c.bad)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "object header: short continuation message");
    if (h->n_queued == ZG_H5_MAX_CONTINUATIONS)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "object header: more than %d continuation blocks",
                            ZG_H5_MAX_CONTINUATIONS);
    h->queue[h->n_queued++] = b;
    return ZAGG_OK;
}

static zagg_status one_message(header *h, const zg_h5_msg *msg, zagg_err *err)
{
    if (msg->type == ZG_H5_MSG_CONTINUATION)
        return queue_block(h, msg, err);
    if (msg->type > ZG_H5_MSG_LAST_KNOWN && msg->flags & 0x80u)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "object header message of type %u that must be understood",
                            msg->type);
    return h->fn(h->user, msg, err);
}

static zagg_status messages(header *h, const uint8_t *data, size_t len, zagg_err *err)
{
    zg_h5_cur c = zg_h5_cur_of(data, len);
    size_t prefix = h->version == 1 ? 8 : h->creation_order ? 6 : 4;
    while (c.len - c.pos >= prefix) { /* a shorter rest is a gap (version 2) */
        zg_h5_msg msg = {0, 0, NULL, 0};
        if (h->version == 1) {
            msg.type = (unsigned)zg_h5_uint(&c, 2);
            msg.len = (size_t)zg_h5_uint(&c, 2);
            msg.flags = (unsigned)zg_h5_uint(&c, 1);
            zg_h5_take(&c, 3);
        } else {
            msg.type = (unsigned)zg_h5_uint(&c, 1);
            msg.len = (size_t)zg_h5_uint(&c, 2);
            msg.flags = (unsigned)zg_h5_uint(&c, 1);
            zg_h5_take(&c, prefix - 4);
        }
        msg.data = zg_h5_take(&c, msg.len);
        if (!msg.data)
            return zagg_err_set(
                err, ZAGG_EFORMAT,
                "object header: message of type %u is longer than its block", msg.type);
        ZAGG_TRY(one_message(h, &msg, err));
    }
    return ZAGG_OK;
}

/* One block at an address: `skip` bytes before the messages, for version 2 with a
 * checksum behind them. */
static zagg_status read_block(header *h, block b, size_t skip, const char *magic,
                              zagg_err *err)
{
    if (b.len > h->file->size)
        return zagg_err_set(err, ZAGG_EFORMAT, "object header: block of %llu bytes",
                            (unsigned long long)b.len);
    size_t tail = h->version == 2 ? 4 : 0, len = (size_t)b.len;
    if (len < skip + tail)
        return zagg_err_set(err, ZAGG_EFORMAT, "object header: block of %zu bytes", len);
    uint8_t *data;
    ZAGG_TRY(zg_h5_meta_new(h->file, b.addr, len, &data, err));
    zagg_status st = ZAGG_OK;
    if (magic && memcmp(data, magic, 4) != 0)
        st = zagg_err_set(err, ZAGG_EFORMAT, "object header: no '%s' at address %llu",
                          magic, (unsigned long long)b.addr);
    if (st == ZAGG_OK && h->version == 2)
        st = zg_h5_verify(data, len, "object header", err);
    if (st == ZAGG_OK)
        st = messages(h, data + skip, len - skip - tail, err);
    zg_free(data);
    return st;
}

/* First block of a version 2 header: its prefix has a variable length. */
static zagg_status first_block_v2(header *h, uint64_t addr, zagg_err *err)
{
    uint8_t bytes[34];
    size_t len = 6;
    ZAGG_TRY(zg_h5_meta(h->file, addr, len, bytes, err));
    if (bytes[4] != 2)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "object header version %u", bytes[4]);
    unsigned flags = bytes[5];
    size_t width = (size_t)1 << (flags & 3);
    size_t at = 6 + (flags & 0x20 ? 16u : 0u) + (flags & 0x10 ? 4u : 0u);
    ZAGG_TRY(zg_h5_meta(h->file, addr, at + width, bytes, err));
    zg_h5_cur c = zg_h5_cur_of(bytes + at, width);
    uint64_t size = zg_h5_uint(&c, (unsigned)width);
    h->creation_order = flags & 0x04;
    block b = {addr, 0};
    if (!zg_add_u64(size, at + width + 4, &b.len))
        return zagg_err_set(err, ZAGG_EFORMAT, "object header: block size overflows");
    return read_block(h, b, at + width, "OHDR", err);
}

static zagg_status first_block(header *h, uint64_t addr, zagg_err *err)
{
    uint8_t p[16];
    ZAGG_TRY(zg_h5_meta(h->file, addr, sizeof p, p, err));
    if (memcmp(p, "OHDR", 4) == 0) {
        h->version = 2;
        return first_block_v2(h, addr, err);
    }
    if (p[0] != 1)
        return zagg_err_set(err, ZAGG_EFORMAT, "no object header at address %llu",
                            (unsigned long long)addr);
    h->version = 1;
    block b = {addr + sizeof p, zg_le32(p + 8)};
    return read_block(h, b, 0, NULL, err);
}

zagg_status zg_h5_header_walk(zagg_h5 *file, uint64_t addr, zg_h5_msg_fn fn, void *user,
                              zagg_err *err)
{
    header h = {.file = file, .fn = fn, .user = user};
    ZAGG_TRY(first_block(&h, addr, err));
    for (size_t i = 0; i < h.n_queued; i++)
        ZAGG_TRY(h.version == 1 ? read_block(&h, h.queue[i], 0, NULL, err)
                                : read_block(&h, h.queue[i], 4, "OCHK", err));
    return ZAGG_OK;
}
