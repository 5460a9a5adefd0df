/* What fixed and extensible arrays of chunks (sections VII.C and VII.D) have in common:
 * how elements are numbered, what an element holds, pages and checksummed blocks. */
#include "h5/h5.h"

zagg_status zg_h5_array_numbering(zg_h5_array *a, zg_h5_index_walk *w, zagg_err *err)
{
    const zagg_h5_dataset *ds = w->ds;
    uint64_t step = 1, count = 0;
    *a = (zg_h5_array){.w = w, .node = ds->addr};
    unsigned unlimited = 0;
    for (unsigned d = 0; d < ds->info.rank; d++)
        if (ds->max_dims[d] == ZG_H5_UNDEF) {
            a->first_axis = d;
            unlimited++;
        }
    bool ok = unlimited <= 1;
    for (unsigned i = ds->info.rank; i-- > 0 && ok;) {
        if (i == a->first_axis)
            continue;
        uint64_t max = ds->max_dims[i], chunk = ds->info.chunk_dims[i];
        count = max / chunk + (max % chunk != 0);
        a->step[i] = step;
        ok = max >= ds->info.dims[i] && zg_mul_u64(step, count, &step);
    }
    if (!ok)
        return zg_h5_index_bad(err, "no array for such dimensions", ds->addr);
    a->step[a->first_axis] = step;
    a->end = UINT64_MAX;
    if (a->first_axis == 0) {
        if (!zg_mul_u64(step, w->begin, &a->begin) || !zg_mul_u64(step, w->end, &a->end))
            return zg_h5_index_bad(err, "no array for such dimensions", ds->addr);
    } else {
        w->any_order = true; /* rows are all over the array */
    }
    return ZAGG_OK;
}

zagg_status zg_h5_array_elem(zg_h5_array *a, unsigned client, unsigned elem_bytes,
                             zagg_err *err)
{
    bool filtered = a->w->ds->n_filters != 0;
    if (client != filtered || (!filtered && elem_bytes != 8) ||
        (filtered && (elem_bytes < 8 + 1 + 4 || elem_bytes > 8 + 8 + 4)))
        return zg_h5_index_bad(err, "array of other elements", a->node);
    a->elem_bytes = elem_bytes;
    return ZAGG_OK;
}

bool zg_h5_array_wanted(const zg_h5_array *a, uint64_t first, uint64_t n)
{
    return first < a->end && (first >= a->begin || n > a->begin - first);
}

/* Places of element `number`; false when it is not among the wanted chunks. */
static bool place_of(const zg_h5_array *a, uint64_t number, zg_h5_chunk *chunk)
{
    const zg_h5_index_walk *w = a->w;
    unsigned rank = w->ds->info.rank;
    chunk->place[a->first_axis] = number / a->step[a->first_axis];
    number %= a->step[a->first_axis];
    for (unsigned d = 0; d < rank; d++)
        if (d != a->first_axis) {
            chunk->place[d] = number / a->step[d];
            number %= a->step[d];
        }
    /* chunks between the extent and the largest extent may be there, but hold no rows */
    for (unsigned d = 0; d < rank; d++)
        if (chunk->place[d] >= w->counts[d])
            return false;
    return chunk->place[0] >= w->begin && chunk->place[0] < w->end;
}

zagg_status zg_h5_array_take(const zg_h5_array *a, const uint8_t *elems, uint64_t first,
                             uint64_t n, zagg_err *err)
{
    uint64_t i = first < a->begin ? a->begin - first : 0;
    uint64_t end = first >= a->end ? 0 : n < a->end - first ? n : a->end - first;
    zg_h5_chunk chunk = {.size = a->w->ds->chunk_bytes};
    for (; i < end; i++) {
        const uint8_t *e = elems + i * a->elem_bytes;
        chunk.addr = zg_le64(e);
        if (chunk.addr == ZG_H5_UNDEF || !place_of(a, first + i, &chunk))
            continue;
        if (a->elem_bytes > 8) {
            zg_h5_cur c = zg_h5_cur_of(e + 8, a->elem_bytes - 8);
            chunk.size = zg_h5_uint(&c, (unsigned)a->elem_bytes - 12);
            chunk.mask = (uint32_t)zg_h5_uint(&c, 4);
        }
        ZAGG_TRY(zg_h5_index_add(a->w, &chunk, a->node, err));
    }
    return ZAGG_OK;
}

zagg_status zg_h5_array_block(const zg_h5_array *a, uint64_t addr, const char *magic,
                              size_t len, uint8_t **out, zagg_err *err)
{
    uint8_t *p;
    ZAGG_TRY(zg_h5_spend(&a->w->budget_bytes, len, err));
    ZAGG_TRY(zg_h5_meta_new(a->w->ds->file, addr, len, &p, err));
    zagg_status st = ZAGG_OK;
    if (memcmp(p, magic, 4) != 0 || p[4] != 0 || p[5] != (a->elem_bytes > 8) ||
        zg_le64(p + 6) != a->node)
        st = zg_h5_index_bad(err, "no block of the array", addr);
    if (st == ZAGG_OK)
        st = zg_h5_verify(p, len, "block of a chunk index", err);
    if (st == ZAGG_OK)
        *out = p;
    else
        zg_free(p);
    return st;
}

zagg_status zg_h5_array_page(const zg_h5_array *a, uint64_t addr, uint64_t first,
                             uint64_t n, zagg_err *err)
{
    size_t len;
    if (!zg_mul_size((size_t)n, a->elem_bytes, &len) || !zg_add_size(len, 4, &len))
        return zg_h5_index_bad(err, "impossible page", addr);
    uint8_t *p;
    ZAGG_TRY(zg_h5_spend(&a->w->budget_bytes, len, err));
    ZAGG_TRY(zg_h5_meta_new(a->w->ds->file, addr, len, &p, err));
    zagg_status st = zg_h5_verify(p, len, "page of a chunk index", err);
    if (st == ZAGG_OK)
        st = zg_h5_array_take(a, p, first, n, err);
    zg_free(p);
    return st;
}
