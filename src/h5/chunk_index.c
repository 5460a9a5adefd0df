/* Chunk indexes: which one a dataset has, what every chunk is checked for, and the cache
 * of parsed entries. These stay with the dataset; neighbouring requests only walk what is
 * new. */
#include "h5/h5.h"

#include <stdlib.h>

zagg_status zg_h5_index_bad(zagg_err *err, const char *what, uint64_t addr)
{
    return zagg_err_set(err, ZAGG_EFORMAT, "chunk index: %s at address %llu", what,
                        (unsigned long long)addr);
}

/* Why a list of chunks took no more: its bound is the budget, all else is memory. */
static zagg_status no_entry(const zg_vec *list, zagg_err *err)
{
    if (list->len < list->max_len)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a chunk index");
    return zagg_err_set(err, ZAGG_ERANGE,
                        "chunk index needs more than the metadata budget");
}

static zagg_status check_bytes(const zagg_h5_dataset *ds, const zg_h5_chunk *c,
                               bool filtered, uint64_t node, zagg_err *err)
{
    uint64_t end;
    if (c->addr == ZG_H5_UNDEF || !zg_add_u64(c->addr, ds->file->base, &end) ||
        !zg_add_u64(end, c->size, &end) || end > ds->file->size)
        return zg_h5_index_bad(err, "chunk beyond the end of the file", node);
    /* filters of this file format never expand a chunk much: bounds the memory for it */
    if (c->size == 0 || (!filtered && c->size != ds->chunk_bytes) ||
        (filtered && c->size > 2 * (uint64_t)ds->chunk_bytes + 65536))
        return zg_h5_index_bad(err, "chunk of an impossible size", node);
    return ZAGG_OK;
}

zagg_status zg_h5_index_add(zg_h5_index_walk *w, const zg_h5_chunk *c, uint64_t node,
                            zagg_err *err)
{
    const zagg_h5_dataset *ds = w->ds;
    zg_h5_entry e = {c->addr, c->place[0], 0, (uint32_t)c->size, c->mask};
    bool edge = false;
    for (unsigned d = 0; d < ds->info.rank; d++) {
        if (c->place[d] >= w->counts[d])
            return zg_h5_index_bad(err, "chunk off the grid", node);
        if (d)
            e.col = e.col * w->counts[d] + c->place[d];
        edge = edge || ds->info.dims[d] - c->place[d] * ds->info.chunk_dims[d] <
                           ds->info.chunk_dims[d];
    }
    bool filtered = ds->n_filters && !(edge && ds->edges_unfiltered);
    ZAGG_TRY(check_bytes(ds, c, filtered, node, err));
    if (!filtered)
        e.mask = UINT32_MAX;
    /* This also excludes chunks met twice and trees that go round in circles. */
    if (w->any && !w->any_order) {
        const zg_h5_entry *last = ZG_VEC_AT(w->out, zg_h5_entry, w->out->len - 1);
        if (e.row < last->row || (e.row == last->row && e.col <= last->col))
            return zg_h5_index_bad(err, "chunks out of order", node);
    }
    zg_h5_entry *to = zg_vec_push(w->out);
    if (!to)
        return no_entry(w->out, err);
    *to = e;
    w->any = true;
    return ZAGG_OK;
}

static int by_place(const void *a, const void *b)
{
    const zg_h5_entry *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return x->col < y->col ? -1 : x->col > y->col;
}

/* Append the entries of chunk rows [begin, end) to `out`. */
static zagg_status collect(zagg_h5_dataset *ds, uint64_t begin, uint64_t end, zg_vec *out,
                           zagg_err *err)
{
    static zagg_status (*const walks[])(zg_h5_index_walk *, zagg_err *) = {
        [ZG_H5_INDEX_BTREE1] = zg_h5_index_btree1,
        [ZG_H5_INDEX_SINGLE] = zg_h5_index_single,
        [ZG_H5_INDEX_IMPLICIT] = zg_h5_index_implicit,
        [ZG_H5_INDEX_FIXED_ARRAY] = zg_h5_index_fixed_array,
        [ZG_H5_INDEX_EXTENSIBLE_ARRAY] = zg_h5_index_extensible_array,
        [ZG_H5_INDEX_BTREE2] = zg_h5_index_btree2};
    zg_h5_index_walk w = {.ds = ds,
                          .out = out,
                          .begin = begin,
                          .end = end,
                          .budget_bytes = zg_h5_walk_budget(ds->file)};
    for (unsigned d = 0; d < ds->info.rank; d++) {
        uint64_t n = ds->info.dims[d];
        w.counts[d] = n / ds->info.chunk_dims[d] + (n % ds->info.chunk_dims[d] != 0);
        if (n == 0)
            return ZAGG_OK;
    }
    w.end = end < w.counts[0] ? end : w.counts[0];
    if (ds->addr == ZG_H5_UNDEF || w.begin >= w.end)
        return ZAGG_OK;
    size_t first = out->len;
    ZAGG_TRY(walks[ds->index_kind](&w, err));
    if (w.any_order && w.any)
        qsort(ZG_VEC_AT(out, zg_h5_entry, first), out->len - first, sizeof(zg_h5_entry),
              by_place);
    return ZAGG_OK;
}

/* ---- cache ---- */

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
    zagg_status st = widen(ds, begin, end, err);
    if (st == ZAGG_ERANGE && ds->index.len) {
        drop(ds);
        st = widen(ds, begin, end, err);
    }
    /* Caches of other datasets go when all of them exceed their half of the budget; what
     * readers use has been copied out of them. The other half is for the list in making.
     */
    zagg_h5 *file = ds->file;
    if (file->index_bytes > file->limits.max_metadata_bytes / 2)
        for (size_t i = 0; i < file->datasets.len; i++) {
            zagg_h5_dataset *other = *ZG_VEC_AT(&file->datasets, zagg_h5_dataset *, i);
            if (other != ds)
                drop(other);
        }
    return st;
}

void zg_h5_index_look(zagg_h5_dataset *ds)
{
    zg_vec unused;
    zg_vec_init(&unused, sizeof(zg_h5_entry), 0);
    ds->file->inner_only = true;
    (void)collect(ds, 0, UINT64_MAX, &unused, NULL);
    ds->file->inner_only = false;
    zg_vec_free(&unused);
}
