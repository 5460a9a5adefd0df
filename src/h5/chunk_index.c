/* Chunk index: B-tree version 1 of node type 1 (section III.A.1). The walk descends only
 * into children whose keys meet the wanted rows, demands that keys ascend over the whole
 * walk (which also excludes cycles and nodes met twice) and that every chunk lies on the
 * grid.
 *
 * Parsed entries stay with the dataset; neighbouring requests only walk what is new. */
#include "h5/h5.h"

typedef struct walk {
    zagg_h5_dataset *ds;
    zg_vec *out;
    uint64_t begin, end; /* wanted elements along the first axis */
    unsigned rank;
    size_t key_bytes;
    bool any;                        /* `last` is set */
    uint64_t last[ZAGG_H5_MAX_RANK]; /* offsets of the last chunk met */
    uint64_t budget_bytes;           /* nodes that may still be read */
} walk;

static zagg_status bad(zagg_err *err, const char *what, uint64_t addr)
{
    return zagg_err_set(err, ZAGG_EFORMAT, "chunk index: %s at address %llu", what,
                        (unsigned long long)addr);
}

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

static bool after_last(walk *w, const uint8_t *key)
{
    int order = w->any ? 0 : 1;
    for (unsigned d = 0; d < w->rank; d++) {
        uint64_t x = zg_le64(key + 8 + 8 * d);
        if (order == 0 && x != w->last[d])
            order = x > w->last[d] ? 1 : -1;
        w->last[d] = x;
    }
    w->any = true;
    return order > 0;
}

/* Why a list of chunks took no more: its bound is the budget, all else is memory. */
static zagg_status no_entry(const zg_vec *list, zagg_err *err)
{
    if (list->len < list->max_len)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a chunk index");
    return zagg_err_set(err, ZAGG_ERANGE,
                        "chunk index needs more than the metadata budget");
}

static zagg_status leaf_entry(walk *w, const uint8_t *key, uint64_t addr, uint64_t node,
                              zagg_err *err)
{
    zagg_h5_dataset *ds = w->ds;
    if (!after_last(w, key))
        return bad(err, "chunks out of order", node);
    uint64_t place[2] = {0, 0};
    for (unsigned d = 0; d < w->rank; d++) {
        uint64_t offset = zg_le64(key + 8 + 8 * d), dim = ds->info.chunk_dims[d];
        if (offset % dim != 0 || offset >= ds->info.dims[d])
            return bad(err, "chunk off the grid", node);
        if (d < 2)
            place[d] = offset / dim;
    }
    if (zg_le64(key + 8 + 8 * w->rank) != 0)
        return bad(err, "chunk with an element offset", node);
    uint32_t size = zg_le32(key), mask = zg_le32(key + 4);
    uint64_t end;
    if (addr == ZG_H5_UNDEF || !zg_add_u64(addr, ds->file->base, &end) ||
        !zg_add_u64(end, size, &end) || end > ds->file->size)
        return bad(err, "chunk beyond the end of the file", node);
    bool coded = ds->n_filters != 0;
    /* filters of this file format never expand a chunk much: bounds the memory for it */
    if (size == 0 || (!coded && size != ds->chunk_bytes) ||
        (coded && size > 2 * (uint64_t)ds->chunk_bytes + 65536))
        return bad(err, "chunk of an impossible size", node);
    zg_h5_entry *e = zg_vec_push(w->out);
    if (!e)
        return no_entry(w->out, err);
    *e = (zg_h5_entry){addr, place[0], place[1], size, mask};
    return ZAGG_OK;
}

static zagg_status tree_node(walk *w, uint64_t addr, int level, zagg_err *err);

static zagg_status node_body(walk *w, const uint8_t *body, size_t n, unsigned level,
                             uint64_t node, zagg_err *err)
{
    size_t step = w->key_bytes + 8;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *key = body + i * step, *next = key + step;
        int order = compare(key, next, w->rank);
        /* the last key is only a bound */
        if (order > 0 || (order == 0 && i + 1 < n))
            return bad(err, "keys out of order", node);
    }
    for (size_t i = 0; i < n; i++) {
        const uint8_t *key = body + i * step;
        uint64_t from = zg_le64(key + 8), to = zg_le64(key + step + 8);
        uint64_t child = zg_le64(key + w->key_bytes);
        if (from >= w->end)
            break;
        if (level == 0 && from >= w->begin)
            ZAGG_TRY(leaf_entry(w, key, child, node, err));
        else if (level > 0 && to >= w->begin)
            ZAGG_TRY(tree_node(w, child, (int)level - 1, err));
    }
    return ZAGG_OK;
}

/* `level` is what the parent demands, -1 at the root. */
static zagg_status tree_node(walk *w, uint64_t addr, int level, zagg_err *err)
{
    zagg_h5 *file = w->ds->file;
    uint8_t head[24];
    ZAGG_TRY(zg_h5_meta(file, addr, sizeof head, head, err));
    if (memcmp(head, "TREE", 4) != 0 || head[4] != 1)
        return bad(err, "no B-tree node", addr);
    if (head[5] > ZG_H5_MAX_DEPTH || (level >= 0 && head[5] != level))
        return bad(err, "node of another level", addr);
    size_t n = zg_le16(head + 6);
    if (n == 0)
        return level < 0 ? ZAGG_OK : bad(err, "empty node", addr);
    size_t len = n * (w->key_bytes + 8) + w->key_bytes;
    if (len > w->budget_bytes)
        return bad(err, "nodes refer to each other", addr);
    w->budget_bytes -= len;
    uint8_t *body;
    ZAGG_TRY(zg_h5_meta_new(file, addr + sizeof head, len, &body, err));
    zagg_status st = node_body(w, body, n, head[5], addr, err);
    zg_free(body);
    return st;
}

/* Append the entries of chunk rows [begin, end) to `out`. */
static zagg_status collect(zagg_h5_dataset *ds, uint64_t begin, uint64_t end, zg_vec *out,
                           zagg_err *err)
{
    if (ds->addr == ZG_H5_UNDEF || begin >= end)
        return ZAGG_OK;
    uint64_t rows = ds->chunk_rows, last;
    if (!zg_mul_u64(end, rows, &last))
        last = UINT64_MAX;
    walk w = {.ds = ds,
              .out = out,
              .begin = begin * rows,
              .end = last,
              .rank = ds->info.rank,
              .key_bytes = 8 + 8 * ((size_t)ds->info.rank + 1),
              .budget_bytes = zg_h5_walk_budget(ds->file)};
    return tree_node(&w, ds->addr, -1, err);
}

static void drop(zagg_h5_dataset *ds)
{
    ds->file->index_bytes -= ds->index.cap * sizeof(zg_h5_entry);
    zg_vec_free(&ds->index);
    zg_vec_init(&ds->index, sizeof(zg_h5_entry), 0);
    ds->index_begin = ds->index_end = 0;
}

/* Walk the missing rows on both sides of what is cached, in one new list. */
static zagg_status widen(zagg_h5_dataset *ds, uint64_t begin, uint64_t end, zagg_err *err)
{
    uint64_t old_begin = ds->index_begin, old_end = ds->index_end;
    bool empty = old_begin == old_end;
    if (empty)
        old_begin = old_end = begin;
    uint64_t lo = begin < old_begin ? begin : old_begin,
             hi = end > old_end ? end : old_end;
    zg_vec all;
    uint64_t budget = ds->file->limits.max_metadata_bytes / 2;
    zg_vec_init(&all, sizeof(zg_h5_entry), (size_t)(budget / sizeof(zg_h5_entry)) + 1);
    zagg_status st = collect(ds, lo, old_begin, &all, err);
    for (size_t i = 0; i < ds->index.len && st == ZAGG_OK; i++) {
        zg_h5_entry *e = zg_vec_push(&all);
        if (e)
            *e = *ZG_VEC_AT(&ds->index, zg_h5_entry, i);
        else
            st = no_entry(&all, err);
    }
    if (st == ZAGG_OK)
        st = collect(ds, old_end, hi, &all, err);
    if (st != ZAGG_OK) {
        zg_vec_free(&all);
        return st;
    }
    drop(ds);
    ds->index = all;
    ds->index_begin = lo;
    ds->index_end = hi;
    ds->file->index_bytes += all.cap * sizeof(zg_h5_entry);
    return ZAGG_OK;
}

zagg_status zg_h5_index_cover(zagg_h5_dataset *ds, uint64_t begin, uint64_t end,
                              zagg_err *err)
{
    if (begin >= ds->index_begin && end <= ds->index_end)
        return ZAGG_OK;
    /* Caches of other datasets go first when all of them exceed the budget; what a reader
     * uses has been copied out of them. */
    zagg_h5 *file = ds->file;
    if (file->index_bytes > file->limits.max_metadata_bytes / 2)
        for (size_t i = 0; i < file->datasets.len; i++)
            drop(*ZG_VEC_AT(&file->datasets, zagg_h5_dataset *, i));
    zagg_status st = widen(ds, begin, end, err);
    if (st == ZAGG_ERANGE && ds->index.len) {
        drop(ds);
        st = widen(ds, begin, end, err);
    }
    return st;
}
