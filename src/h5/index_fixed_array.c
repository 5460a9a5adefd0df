/* Chunk index of datasets of fixed largest dimensions: the fixed array (section VII.C), a
 * header and one data block, whose elements are in pages when they are many. A page that
 * was never written to has no chunks. */
#include "h5/h5.h"

#define HEADER_BYTES 28
#define PREFIX_BYTES 14 /* of the data block: signature, version, client, header */

typedef struct fixed {
    zg_h5_array a;
    uint64_t n; /* elements */
    unsigned page_bits;
    uint64_t block;
} fixed;

static zagg_status read_header(fixed *f, zagg_err *err)
{
    zg_h5_array *a = &f->a;
    const zagg_h5_dataset *ds = a->w->ds;
    uint8_t p[HEADER_BYTES];
    ZAGG_TRY(zg_h5_meta(ds->file, a->node, sizeof p, p, err));
    if (memcmp(p, "FAHD", 4) != 0 || p[4] != 0)
        return zg_h5_index_bad(err, "no fixed array", a->node);
    ZAGG_TRY(zg_h5_verify(p, sizeof p, "fixed array header", err));
    ZAGG_TRY(zg_h5_array_elem(a, p[5], p[6], err));
    f->page_bits = p[7];
    f->n = zg_le64(p + 8);
    f->block = zg_le64(p + 16);
    uint64_t dim = ds->info.chunk_dims[a->first_axis], n,
             max = ds->max_dims[a->first_axis];
    if (max == ZG_H5_UNDEF || max < ds->info.dims[a->first_axis] ||
        !zg_mul_u64(a->step[a->first_axis], max / dim + (max % dim != 0), &n) ||
        n != f->n || f->page_bits > 31)
        return zg_h5_index_bad(err, "fixed array of another size", a->node);
    return ZAGG_OK;
}

/* Only pages with wanted elements are read. */
static zagg_status pages(const fixed *f, zagg_err *err)
{
    const zg_h5_array *a = &f->a;
    uint64_t per_page = (uint64_t)1 << f->page_bits;
    uint64_t n_pages = f->n / per_page + (f->n % per_page != 0);
    uint64_t bitmap = n_pages / 8 + (n_pages % 8 != 0);
    uint64_t page_bytes = per_page * a->elem_bytes + 4, at;
    if (bitmap > a->w->ds->file->size)
        return zg_h5_index_bad(err, "fixed array larger than the file", a->node);
    size_t head = PREFIX_BYTES + (size_t)bitmap + 4;
    uint8_t *p;
    ZAGG_TRY(zg_h5_array_block(a, f->block, "FADB", head, &p, err));
    zagg_status st = ZAGG_OK;
    uint64_t last = a->end < f->n ? a->end : f->n;
    bool whole = true;
    for (uint64_t i = a->begin / per_page; i * per_page < last && st == ZAGG_OK; i++) {
        if (!(p[PREFIX_BYTES + i / 8] & 0x80u >> i % 8))
            continue;
        uint64_t left = f->n - i * per_page;
        if (!zg_mul_u64(i, page_bytes, &at) || !zg_add_u64(at, f->block + head, &at))
            st = zg_h5_index_bad(err, "fixed array larger than the file", a->node);
        else
            st = zg_h5_defer(a->w->ds->file,
                             zg_h5_array_page(a, at, i * per_page,
                                              left < per_page ? left : per_page, err),
                             &whole);
    }
    zg_free(p);
    return st == ZAGG_OK && !whole ? ZAGG_ECANCELLED : st;
}

zagg_status zg_h5_index_fixed_array(zg_h5_index_walk *w, zagg_err *err)
{
    fixed f;
    ZAGG_TRY(zg_h5_array_numbering(&f.a, w, err));
    ZAGG_TRY(read_header(&f, err));
    if (f.block == ZG_H5_UNDEF)
        return ZAGG_OK;
    if (f.n > (uint64_t)1 << f.page_bits)
        return pages(&f, err);
    uint8_t *p;
    size_t len = PREFIX_BYTES + (size_t)f.n * f.a.elem_bytes + 4;
    ZAGG_TRY(zg_h5_array_block(&f.a, f.block, "FADB", len, &p, err));
    zagg_status st = zg_h5_array_take(&f.a, p + PREFIX_BYTES, 0, f.n, err);
    zg_free(p);
    return st;
}
