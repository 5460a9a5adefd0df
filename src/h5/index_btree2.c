/* Chunk index of datasets with several unlimited axes: a B-tree version 2 (section VII.E)
 * of record type 10, or 11 where chunks are filtered. Records are sorted by the places of
 * their chunks, so only nodes with wanted rows are read. */
#include "h5/h5.h"

/* Type 10: address, places. Type 11: address, size (its width follows from the size of
 * the record), filter mask, places. */
static const uint8_t *places(const zg_h5_index_walk *w, const uint8_t *record,
                             size_t size)
{
    return record + size - 8 * (size_t)w->ds->info.rank;
}

static int place(const void *user, const uint8_t *record, size_t size)
{
    const zg_h5_index_walk *w = user;
    uint64_t row = zg_le64(places(w, record, size));
    return row < w->begin ? -1 : row >= w->end;
}

static zagg_status on_record(void *user, const uint8_t *record, size_t size, bool *stop,
                             zagg_err *err)
{
    (void)stop;
    zg_h5_index_walk *w = user;
    const uint8_t *at = places(w, record, size);
    zg_h5_chunk chunk = {.addr = zg_le64(record), .size = w->ds->chunk_bytes};
    if (w->ds->n_filters) {
        zg_h5_cur c = zg_h5_cur_of(record + 8, (size_t)(at - record) - 8);
        chunk.size = zg_h5_uint(&c, (unsigned)(c.len - 4));
        chunk.mask = (uint32_t)zg_h5_uint(&c, 4);
    }
    for (unsigned d = 0; d < w->ds->info.rank; d++)
        chunk.place[d] = zg_le64(at + 8 * d);
    return zg_h5_index_add(w, &chunk, w->ds->addr, err);
}

zagg_status zg_h5_index_btree2(zg_h5_index_walk *w, zagg_err *err)
{
    bool filtered = w->ds->n_filters != 0;
    size_t plain = 8 + 8 * (size_t)w->ds->info.rank;
    zg_h5_btree2_walk b = {.file = w->ds->file,
                           .budget_bytes = &w->budget_bytes,
                           .type = filtered ? 11 : 10,
                           .rec_min = plain + (filtered ? 1 + 4 : 0),
                           .rec_max = plain + (filtered ? 8 + 4 : 0),
                           .place = place,
                           .fn = on_record,
                           .user = w};
    return zg_h5_btree2_records(&b, w->ds->addr, err);
}
