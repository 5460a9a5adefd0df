/* B-trees version 2 (section III.A.2): a walk over the wanted records in order. Every
 * node's checksum is verified. */
#include "h5/h5.h"

#define NODE_HEAD 6 /* signature, version, type */

typedef struct tree {
    const zg_h5_btree2_walk *b;
    size_t rec_size, node_size;
    unsigned depth, n_enc;                   /* bytes of a child's record count */
    unsigned total_enc[ZG_H5_MAX_DEPTH + 1]; /* of all records below a node of a level */
    bool stop;
} tree;

static zagg_status bad(zagg_err *err, const char *what, uint64_t addr)
{
    return zagg_err_set(err, ZAGG_EFORMAT, "B-tree version 2: %s at address %llu", what,
                        (unsigned long long)addr);
}

static unsigned enc_size(uint64_t limit)
{
    return limit ? (unsigned)(63 - __builtin_clzll(limit)) / 8 + 1 : 1;
}

/* Widths of the counts in internal nodes follow from how many records fit a node: the
 * format does not store them. */
static bool layout(tree *t)
{
    size_t rec = t->rec_size, overhead = NODE_HEAD + 4;
    if (t->node_size < overhead + rec)
        return false;
    uint64_t leaf_max = (t->node_size - overhead) / rec, below = leaf_max;
    t->n_enc = enc_size(leaf_max);
    t->total_enc[0] = 0;
    for (unsigned u = 1; u <= t->depth; u++) {
        size_t pointer = 8 + t->n_enc + t->total_enc[u - 1];
        if (t->node_size < overhead + pointer + rec + pointer)
            return false;
        uint64_t max = (t->node_size - overhead - pointer) / (rec + pointer), total;
        if (!zg_mul_u64(max + 1, below, &total) || !zg_add_u64(total, max, &total))
            return false;
        below = total;
        t->total_enc[u] = enc_size(total);
    }
    return true;
}

static zagg_status node(tree *t, uint64_t addr, uint64_t n, unsigned level,
                        zagg_err *err);

static int place(const tree *t, const uint8_t *record)
{
    const zg_h5_btree2_walk *b = t->b;
    return b->place ? b->place(b->user, record, t->rec_size) : 0;
}

/* Child i of an internal node holds what is between records i-1 and i. */
static zagg_status node_body(tree *t, const uint8_t *p, size_t n, unsigned level,
                             zagg_err *err)
{
    const zg_h5_btree2_walk *b = t->b;
    const uint8_t *records = p + NODE_HEAD;
    bool whole = true;
    zg_h5_cur c = zg_h5_cur_of(p, t->node_size);
    zg_h5_take(&c, NODE_HEAD + n * t->rec_size);
    for (size_t i = 0; i <= n && !t->stop; i++) {
        const uint8_t *record = records + i * t->rec_size;
        int where = i < n ? place(t, record) : 1;
        if (level) {
            uint64_t child = zg_h5_uint(&c, 8), count = zg_h5_uint(&c, t->n_enc);
            zg_h5_take(&c, t->total_enc[level - 1]);
            if (where >= 0)
                ZAGG_TRY(
                    zg_h5_defer(b->file, node(t, child, count, level - 1, err), &whole));
        }
        if (where > 0)
            break;
        if (where == 0 && !t->stop)
            ZAGG_TRY(zg_h5_defer(
                b->file, b->fn(b->user, record, t->rec_size, &t->stop, err), &whole));
    }
    return whole ? ZAGG_OK : ZAGG_ECANCELLED;
}

static zagg_status node(tree *t, uint64_t addr, uint64_t n, unsigned level, zagg_err *err)
{
    size_t rec = t->rec_size, used = NODE_HEAD + 4;
    size_t pointer = level ? 8 + t->n_enc + t->total_enc[level - 1] : 0;
    if (n > (t->node_size - used) / rec)
        return bad(err, "too many records in a node", addr);
    used += (size_t)n * rec + (level ? ((size_t)n + 1) * pointer : 0);
    if (used > t->node_size)
        return bad(err, "too many records in a node", addr);
    ZAGG_TRY(zg_h5_spend(t->b->budget_bytes, t->node_size, err));
    uint8_t *p; /* the checksum follows the used part, not the whole node */
    ZAGG_TRY(zg_h5_meta_new(t->b->file, addr, used, &p, err));
    zagg_status st;
    if (memcmp(p, level ? "BTIN" : "BTLF", 4) != 0 || p[4] != 0 || p[5] != t->b->type)
        st = bad(err, "no node", addr);
    else
        st = zg_h5_verify(p, used, "B-tree version 2 node", err);
    if (st == ZAGG_OK)
        st = node_body(t, p, (size_t)n, level, err);
    zg_free(p);
    return st;
}

zagg_status zg_h5_btree2_records(const zg_h5_btree2_walk *b, uint64_t addr, zagg_err *err)
{
    uint8_t p[38];
    ZAGG_TRY(zg_h5_meta(b->file, addr, sizeof p, p, err));
    if (memcmp(p, "BTHD", 4) != 0 || p[4] != 0)
        return bad(err, "no header", addr);
    ZAGG_TRY(zg_h5_verify(p, sizeof p, "B-tree version 2 header", err));
    tree t = {.b = b,
              .rec_size = zg_le16(p + 10),
              .node_size = zg_le32(p + 6),
              .depth = zg_le16(p + 12)};
    if (p[5] != b->type || t.rec_size < b->rec_min || t.rec_size > b->rec_max)
        return bad(err, "records of another kind", addr);
    if (t.depth > ZG_H5_MAX_DEPTH || t.node_size > (size_t)1 << 20 || !layout(&t))
        return bad(err, "impossible header", addr);
    uint64_t root = zg_le64(p + 16);
    unsigned n = zg_le16(p + 24);
    return root == ZG_H5_UNDEF ? ZAGG_OK : node(&t, root, n, t.depth, err);
}
