/* Undoing the filter pipeline of one chunk, and copying rows out of it. The pipeline is
 * undone from its end; bit i of a chunk's mask says that filter i was left out for it. A
 * shuffle that is undone last is fused with the copy. */
#include "h5/h5.h"

/* Picking one element out of its planes costs as much as putting this many together that
 * lie side by side and picking it from there: measured 9 of 8 bytes, 24 of 4, 40 of 2
 * (AVX2). Either way it is small beside inflating them. */
#define PICK_COST 16

typedef struct decoder {
    const zagg_h5_dataset *ds;
    zg_h5_slot *slot;
    uint32_t mask;
    uint8_t *dest;
    const uint8_t *cur; /* what has been decoded so far */
    size_t len;
} decoder;

/* Whether filter i changes the bytes of this chunk (shuffling single bytes does not). */
static bool active(const decoder *d, unsigned i)
{
    return !(d->mask >> i & 1) &&
           !(d->ds->filters[i] == ZG_H5_FILTER_SHUFFLE && d->ds->elem_size == 1);
}

/* Whether nothing is left to undo after filter i. */
static bool is_last(const decoder *d, unsigned i)
{
    for (unsigned j = 0; j < i; j++)
        if (active(d, j))
            return false;
    return true;
}

/* Where filter i puts its output: the destination if it is the last. */
static uint8_t *output(decoder *d, unsigned i, size_t len)
{
    if (is_last(d, i) && d->dest && len == d->ds->chunk_bytes)
        return d->dest;
    zg_h5_buf *work = d->slot->work;
    return zg_h5_buf_need(&work[d->cur == work[0].data ? 1 : 0], len);
}

/* Bytes that filter i was given when the chunk was written: checksums of filters before
 * it are still part of the data. */
static size_t input_len(const decoder *d, unsigned i)
{
    size_t len = d->ds->chunk_bytes;
    for (unsigned j = 0; j < i; j++)
        if (active(d, j) && d->ds->filters[j] == ZG_H5_FILTER_FLETCHER32)
            len += 4;
    return len;
}

static zagg_status undo_fletcher32(decoder *d, zagg_err *err)
{
    if (d->len < 4)
        return zagg_err_set(err, ZAGG_EFORMAT, "chunk shorter than its checksum");
    d->len -= 4;
    uint32_t stored = zg_le32(d->cur + d->len), sum = zg_h5_fletcher32(d->cur, d->len);
    /* HDF5 before 1.6.3 wrote each half with its bytes exchanged */
    uint32_t old = (sum & 0x00ff00ff) << 8 | (sum >> 8 & 0x00ff00ff);
    if (stored != sum && stored != old)
        return zagg_err_set(err, ZAGG_EFORMAT, "fletcher32 checksum does not match");
    return ZAGG_OK;
}

static zagg_status undo(decoder *d, unsigned i, zagg_err *err)
{
    unsigned id = d->ds->filters[i];
    if (id == ZG_H5_FILTER_FLETCHER32)
        return undo_fletcher32(d, err);
    size_t len = id == ZG_H5_FILTER_DEFLATE ? input_len(d, i) : d->len;
    uint8_t *out = output(d, i, len);
    if (!out)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a chunk of %zu bytes", len);
    if (id == ZG_H5_FILTER_DEFLATE) {
        ZAGG_TRY(zg_inflate_exact(d->slot->inflater, d->cur, d->len, out, len, err));
        zg_h5_count(&d->ds->file->bytes_inflated, len);
    } else
        zg_unshuffle(d->cur, out, len, d->ds->elem_size);
    d->cur = out;
    d->len = len;
    return ZAGG_OK;
}

zagg_status zg_h5_decode(const zagg_h5_dataset *ds, zg_h5_slot *slot,
                         const zg_h5_ref *ref, uint8_t *dest, zg_h5_decoded *out,
                         zagg_err *err)
{
    decoder d = {ds, slot, ref->mask, dest, ref->stored, ref->size};
    bool planes = false;
    if (ds->info.layout == ZAGG_H5_CHUNKED)
        zg_h5_count(&ds->file->chunks_decoded, 1);
    for (unsigned i = ds->n_filters; i-- > 0;) {
        if (!active(&d, i))
            continue;
        planes = ds->filters[i] == ZG_H5_FILTER_SHUFFLE && is_last(&d, i);
        zagg_status st = planes ? ZAGG_OK : undo(&d, i, err);
        if (st != ZAGG_OK)
            return zagg_err_context(err, st, "chunk %llu at address %llu",
                                    (unsigned long long)ref->chunk,
                                    (unsigned long long)ref->addr);
    }
    if (ds->n_filters && d.len != ds->chunk_bytes)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "chunk %llu at address %llu: %zu bytes instead of %zu",
                            (unsigned long long)ref->chunk, (unsigned long long)ref->addr,
                            d.len, ds->chunk_bytes);
    *out = (zg_h5_decoded){d.cur, planes};
    return ZAGG_OK;
}

static zg_planes planes_of(const zagg_h5_dataset *ds, const zg_h5_decoded *chunk)
{
    return (zg_planes){chunk->data, ds->chunk_bytes / ds->elem_size, ds->elem_size};
}

void zg_h5_elements(const zagg_h5_dataset *ds, const zg_h5_decoded *chunk, size_t first,
                    size_t n, uint8_t *out)
{
    if (chunk->planes) {
        zg_planes planes = planes_of(ds, chunk);
        zg_unshuffle_part(&planes, first, n, out);
    } else {
        memcpy(out, chunk->data + first * ds->elem_size, n * ds->elem_size);
    }
}

/* Element i of a strided run, for each element size: the size is a constant in the loop,
 * so that the copy becomes one load and one store. */
#define COPY_STRIDED(size)                                                               \
    for (size_t i = 0; i < n; i++)                                                       \
    memcpy(out + i * (size), from + i * step, (size))

/* One column of rows first..first+n-1 that are in planes: each plane in turn. */
static void copy_planes(const zg_h5_view *view, const zg_h5_decoded *chunk,
                        uint64_t first, size_t n, uint8_t *out)
{
    zg_planes planes = planes_of(view->ds, chunk);
    size_t size = planes.elem_size;
    for (size_t b = 0; b < size; b++) {
        const uint8_t *from =
            planes.bytes + b * planes.n + (size_t)first * view->stride + view->col;
        for (size_t i = 0; i < n; i++)
            out[i * size + b] = from[i * view->stride];
    }
}

void zg_h5_copy_rows(const zg_h5_view *view, const zg_h5_decoded *chunk, uint64_t first,
                     size_t n, uint8_t *out)
{
    if (view->stride == 1) {
        zg_h5_elements(view->ds, chunk, (size_t)first, n, out);
        return;
    }
    if (chunk->planes) {
        copy_planes(view, chunk, first, n, out);
        return;
    }
    size_t size = view->ds->elem_size, step = view->stride * size;
    const uint8_t *from = chunk->data + (size_t)first * step + view->col * size;
    if (size == 1)
        COPY_STRIDED(1);
    else if (size == 2)
        COPY_STRIDED(2);
    else if (size == 4)
        COPY_STRIDED(4);
    else
        COPY_STRIDED(8);
}

#define PICK(size)                                                                       \
    for (size_t i = 0; i < n; i++)                                                       \
    memcpy(out + i * (size), from + (size_t)(rows[i] - base) * step, (size))

static void pick_elements(const zg_h5_view *view, const uint8_t *from,
                          const uint64_t *rows, uint64_t base, size_t n, uint8_t *out)
{
    size_t size = view->ds->elem_size, step = view->stride * size;
    from += view->col * size;
    if (size == 1)
        PICK(1);
    else if (size == 2)
        PICK(2);
    else if (size == 4)
        PICK(4);
    else
        PICK(8);
}

static bool is_run(const uint64_t *rows, size_t n)
{
    if (rows[n - 1] - rows[0] != n - 1)
        return false;
    for (size_t i = 1; i < n; i++) /* a row may be asked for twice */
        if (rows[i] - rows[i - 1] != 1)
            return false;
    return true;
}

zagg_status zg_h5_pick_rows(const zg_h5_view *view, const zg_h5_decoded *chunk,
                            zg_h5_slot *slot, const uint64_t *rows, uint64_t base,
                            size_t n, uint8_t *out, zagg_err *err)
{
    if (is_run(rows, n)) {
        zg_h5_copy_rows(view, chunk, rows[0] - base, n, out);
        return ZAGG_OK;
    }
    if (!chunk->planes) {
        pick_elements(view, chunk->data, rows, base, n, out);
        return ZAGG_OK;
    }
    const zagg_h5_dataset *ds = view->ds;
    size_t first = (size_t)(rows[0] - base) * view->stride;
    size_t hull = (size_t)(rows[n - 1] - rows[0] + 1) * view->stride;
    if (n < hull / PICK_COST) {
        zg_planes planes = planes_of(ds, chunk);
        planes.bytes += view->col;
        zg_unshuffle_pick(&planes, rows, base, view->stride, n, out);
        return ZAGG_OK;
    }
    zg_h5_buf *work = &slot->work[chunk->data == slot->work[0].data ? 1 : 0];
    uint8_t *together = zg_h5_buf_need(work, hull * ds->elem_size);
    if (!together)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu elements", hull);
    zg_h5_elements(ds, chunk, first, hull, together);
    pick_elements(view, together, rows, rows[0], n, out);
    return ZAGG_OK;
}

void zg_h5_fill_rows(const zagg_h5_dataset *ds, uint8_t *out, size_t n)
{
    size_t size = ds->elem_size;
    for (size_t i = 0; i < n; i++)
        memcpy(out + i * size, ds->fill, size);
}

void zg_h5_swap(const zagg_h5_dataset *ds, uint8_t *data, size_t n)
{
    size_t size = ds->elem_size;
    if (!ds->swap)
        return;
    for (size_t i = 0; i < n; i++)
        for (size_t b = 0; b < size / 2; b++) {
            uint8_t *x = &data[i * size + b], *y = &data[i * size + size - 1 - b], t = *x;
            *x = *y;
            *y = t;
        }
}
