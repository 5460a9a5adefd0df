/* Chunk indexes without a structure of their own (data layout version 4): a dataset of a
 * single chunk, whose address is in the layout message, and the implicit index, where all
 * chunks of the largest extent lie one behind the other (section VII.B). */
#include "h5/h5.h"

zagg_status zg_h5_index_single(zg_h5_index_walk *w, zagg_err *err)
{
    const zagg_h5_dataset *ds = w->ds;
    for (unsigned d = 0; d < ds->info.rank; d++)
        if (w->counts[d] != 1)
            return zg_h5_index_bad(err, "one chunk for a larger dataset", ds->addr);
    zg_h5_chunk chunk = {ds->addr, ds->single_size, ds->single_mask, {0}};
    if (ds->n_filters == 0)
        chunk.size = ds->chunk_bytes;
    return zg_h5_index_add(w, &chunk, ds->addr, err);
}

zagg_status zg_h5_index_implicit(zg_h5_index_walk *w, zagg_err *err)
{
    const zagg_h5_dataset *ds = w->ds;
    unsigned rank = ds->info.rank, d;
    zg_h5_array a;
    ZAGG_TRY(zg_h5_array_numbering(&a, w, err));
    if (ds->n_filters || ds->max_dims[a.first_axis] == ZG_H5_UNDEF)
        return zg_h5_index_bad(err, "no index for such a dataset", ds->addr);
    zg_h5_chunk chunk = {.size = ds->chunk_bytes, .place = {w->begin}};
    do {
        uint64_t n = 0, offset;
        for (d = 0; d < rank; d++)
            n += chunk.place[d] * a.step[d]; /* below the extent: cannot overflow */
        if (!zg_mul_u64(n, ds->chunk_bytes, &offset) ||
            !zg_add_u64(ds->addr, offset, &chunk.addr))
            return zg_h5_index_bad(err, "chunk beyond the end of the file", ds->addr);
        ZAGG_TRY(zg_h5_index_add(w, &chunk, ds->addr, err));
        for (d = rank - 1; d > 0 && ++chunk.place[d] == w->counts[d]; d--)
            chunk.place[d] = 0;
        chunk.place[0] += d == 0;
    } while (chunk.place[0] < w->end);
    return ZAGG_OK;
}
