/* Chunk index: B-tree version 1 of node type 1 (section III.A.1). The walk descends only
 * into children whose keys meet the wanted rows. */
#include "h5/h5.h"

/* Of a node, unless the file says otherwise (twice its K of 32). */
enum { CHILDREN = 64 };

typedef struct tree {
    zg_h5_index_walk *w;
    uint64_t begin, end; /* wanted elements along the first axis */
    unsigned rank;
    size_t key_bytes; /* chunk size, mask, offsets along all axes and inside an element */
} tree;

/* Order of two keys by their chunk offsets, as numbers of `rank` digits. */
static int compare(const uint8_t *a, const uint8_t *b, unsigned rank)
{
    for (unsigned d = 0; d < rank; d++) {
        uint64_t x = zg_le64(a + 8 + 8 * d), y = zg_le64(b + 8 + 8 * d);
        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

static zagg_status leaf_entry(tree *t, const uint8_t *key, uint64_t addr, uint64_t node,
                              zagg_err *err)
{
    zg_h5_chunk chunk = {addr, zg_le32(key), zg_le32(key + 4), {0}};
    for (unsigned d = 0; d < t->rank; d++) {
        uint64_t offset = zg_le64(key + 8 + 8 * d);
        uint64_t dim = t->w->ds->info.chunk_dims[d];
        if (offset % dim != 0)
            return zg_h5_index_bad(err, "chunk off the grid", node);
        chunk.place[d] = offset / dim;
    }
    if (zg_le64(key + 8 + 8 * t->rank) != 0)
        return zg_h5_index_bad(err, "chunk with an element offset", node);
    return zg_h5_index_add(t->w, &chunk, node, err);
}

static zagg_status tree_node(tree *t, uint64_t addr, int level, zagg_err *err);

static zagg_status node_body(tree *t, const uint8_t *body, size_t n, unsigned level,
                             uint64_t node, zagg_err *err)
{
    size_t step = t->key_bytes + 8;
    bool whole = true;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *key = body + i * step, *next = key + step;
        int order = compare(key, next, t->rank);
        /* the last key is only a bound */
        if (order > 0 || (order == 0 && i + 1 < n))
            return zg_h5_index_bad(err, "keys out of order", node);
    }
    for (size_t i = 0; i < n; i++) {
        const uint8_t *key = body + i * step;
        uint64_t from = zg_le64(key + 8), to = zg_le64(key + step + 8);
        uint64_t child = zg_le64(key + t->key_bytes);
        if (from >= t->end)
            break;
        if (level == 0 && from >= t->begin)
            ZAGG_TRY(leaf_entry(t, key, child, node, err));
        else if (level == 1 && t->w->ds->file->inner_only)
            break;
        else if (level > 0 && to >= t->begin)
            ZAGG_TRY(zg_h5_defer(t->w->ds->file, tree_node(t, child, (int)level - 1, err),
                                 &whole));
    }
    return whole ? ZAGG_OK : ZAGG_ECANCELLED;
}

/* `level` is what the parent demands, -1 at the root. */
static zagg_status tree_node(tree *t, uint64_t addr, int level, zagg_err *err)
{
    zagg_h5 *file = t->w->ds->file;
    uint8_t head[24];
    if (!file->has_pages &&
        zg_h5_meta_wants(file, addr,
                         sizeof head + CHILDREN * (t->key_bytes + 8) + t->key_bytes))
        return ZAGG_ECANCELLED;
    ZAGG_TRY(zg_h5_meta(file, addr, sizeof head, head, err));
    if (memcmp(head, "TREE", 4) != 0 || head[4] != 1)
        return zg_h5_index_bad(err, "no B-tree node", addr);
    if (head[5] > ZG_H5_MAX_DEPTH || (level >= 0 && head[5] != level))
        return zg_h5_index_bad(err, "node of another level", addr);
    size_t n = zg_le16(head + 6);
    if (n == 0)
        return level < 0 ? ZAGG_OK : zg_h5_index_bad(err, "empty node", addr);
    size_t len = n * (t->key_bytes + 8) + t->key_bytes;
    ZAGG_TRY(zg_h5_spend(&t->w->budget_bytes, len, err));
    uint8_t *body;
    ZAGG_TRY(zg_h5_meta_new(file, addr + sizeof head, len, &body, err));
    zagg_status st = node_body(t, body, n, head[5], addr, err);
    zg_free(body);
    return st;
}

zagg_status zg_h5_index_btree1(zg_h5_index_walk *w, zagg_err *err)
{
    const zagg_h5_dataset *ds = w->ds;
    uint64_t end;
    if (!zg_mul_u64(w->end, ds->chunk_rows, &end))
        end = UINT64_MAX;
    tree t = {.w = w,
              .begin = w->begin * ds->chunk_rows,
              .end = end,
              .rank = ds->info.rank,
              .key_bytes = 8 + 8 * ((size_t)ds->info.rank + 1)};
    return tree_node(&t, ds->addr, -1, err);
}
