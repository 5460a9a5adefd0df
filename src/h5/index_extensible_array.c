/* Chunk index of datasets with one unlimited axis: the extensible array (section VII.D).
 * The first elements are in the index block itself; further ones are in data blocks,
 * which grow with their number. The index block names the first data blocks, and super
 * blocks the others. Large data blocks consist of pages.
 *
 * "Level" u of the array has 2^(u/2) data blocks of 2^((u+1)/2) times the smallest number
 * of elements. */
#include "h5/h5.h"

#define HEADER_BYTES 72
#define PREFIX_BYTES 14 /* of all blocks: signature, version, client, header */

typedef struct extensible {
    zg_h5_array a;
    unsigned in_index;       /* elements of the index block */
    unsigned min_bits;       /* log2 of the elements of the smallest data block */
    unsigned page_bits;      /* log2 of the elements of a page */
    unsigned offset_bytes;   /* of a block's place in the array */
    unsigned levels, direct; /* of them, those without a super block */
    uint64_t index;
} extensible;

/* Data blocks of one level. */
typedef struct level {
    uint64_t first; /* element; those of the index block are not counted */
    uint64_t blocks, elems;
    uint64_t before; /* data blocks of earlier levels, if the index block names it */
    uint64_t pages;  /* of each data block, 0: not paged */
    const uint8_t *bitmap; /* which pages were written to */
} level;

/* log2 of a power of two, or -1. */
static int exact_log2(unsigned v)
{
    return v && (v & (v - 1)) == 0 ? __builtin_ctz(v) : -1;
}

static zagg_status read_header(extensible *x, zagg_err *err)
{
    zg_h5_array *a = &x->a;
    uint8_t p[HEADER_BYTES];
    ZAGG_TRY(zg_h5_meta(a->w->ds->file, a->node, sizeof p, p, err));
    if (memcmp(p, "EAHD", 4) != 0 || p[4] != 0)
        return zg_h5_index_bad(err, "no extensible array", a->node);
    ZAGG_TRY(zg_h5_verify(p, sizeof p, "extensible array header", err));
    ZAGG_TRY(zg_h5_array_elem(a, p[5], p[6], err));
    int max_bits = p[7], min_bits = exact_log2(p[9]), pointer_bits = exact_log2(p[10]);
    x->in_index = p[8];
    x->page_bits = p[11];
    x->index = zg_le64(p + 60);
    if (max_bits > 62 || min_bits < 0 || min_bits > max_bits || pointer_bits < 1 ||
        x->page_bits > 31 || 2 * pointer_bits > 1 + max_bits - min_bits)
        return zg_h5_index_bad(err, "impossible extensible array", a->node);
    x->min_bits = (unsigned)min_bits;
    x->offset_bytes = ((unsigned)max_bits + 7) / 8;
    x->levels = 1 + (unsigned)(max_bits - min_bits);
    x->direct = 2 * (unsigned)pointer_bits;
    return ZAGG_OK;
}

/* Whether a block says that it is the one at `want`. libhdf5 counts all data blocks
 * before it, of any size, for those that the index block names: `or_else` is what comes
 * of that.
 */
static zagg_status check_offset(const extensible *x, const uint8_t *p, uint64_t want,
                                uint64_t or_else, zagg_err *err)
{
    zg_h5_cur c = zg_h5_cur_of(p + PREFIX_BYTES, x->offset_bytes);
    uint64_t offset = zg_h5_uint(&c, x->offset_bytes);
    if (offset != want && offset != or_else)
        return zg_h5_index_bad(err, "block of another place", x->a.node);
    return ZAGG_OK;
}

/* Pages are behind the block's head; page bits of all blocks of a level are in a row. */
static zagg_status block_pages(const extensible *x, const level *l, uint64_t k,
                               uint64_t at, zagg_err *err)
{
    uint64_t per_page = (uint64_t)1 << x->page_bits;
    uint64_t page_bytes = per_page * x->a.elem_bytes + 4;
    uint64_t first = x->in_index + l->first + k * l->elems;
    bool whole = true;
    for (uint64_t i = 0; i < l->pages; i++) {
        uint64_t bit = k * l->pages + i, from = first + i * per_page, page;
        if (!zg_h5_array_wanted(&x->a, from, per_page) ||
            !(l->bitmap[bit / 8] & 0x80u >> bit % 8))
            continue;
        if (!zg_mul_u64(i, page_bytes, &page) || !zg_add_u64(page, at, &page))
            return zg_h5_index_bad(err, "page beyond the end of the file", at);
        ZAGG_TRY(zg_h5_defer(x->a.w->ds->file,
                             zg_h5_array_page(&x->a, page, from, per_page, err), &whole));
    }
    return whole ? ZAGG_OK : ZAGG_ECANCELLED;
}

/* Data block k of a level. */
static zagg_status data_block(const extensible *x, const level *l, uint64_t k,
                              uint64_t addr, zagg_err *err)
{
    uint64_t offset = l->first + k * l->elems, first = x->in_index + offset;
    if (addr == ZG_H5_UNDEF || !zg_h5_array_wanted(&x->a, first, l->elems))
        return ZAGG_OK;
    size_t head = PREFIX_BYTES + x->offset_bytes, body = 0, len;
    if ((!l->pages && !zg_mul_size((size_t)l->elems, x->a.elem_bytes, &body)) ||
        !zg_add_size(head + 4, body, &len))
        return zg_h5_index_bad(err, "impossible data block", addr);
    uint8_t *p;
    ZAGG_TRY(zg_h5_array_block(&x->a, addr, "EADB", len, &p, err));
    zagg_status st = check_offset(x, p, offset, offset + l->before * l->elems, err);
    if (st == ZAGG_OK)
        st = l->pages ? block_pages(x, l, k, addr + len, err)
                      : zg_h5_array_take(&x->a, p + head, first, l->elems, err);
    zg_free(p);
    return st;
}

static zagg_status super_block(const extensible *x, level *l, uint64_t addr,
                               zagg_err *err)
{
    uint64_t bitmap;
    if (!zg_mul_u64(l->blocks, (l->pages + 7) / 8, &bitmap) ||
        bitmap > x->a.w->ds->file->size)
        return zg_h5_index_bad(err, "impossible super block", addr);
    size_t head = PREFIX_BYTES + x->offset_bytes + (size_t)bitmap;
    size_t len = head + (size_t)l->blocks * 8 + 4;
    uint8_t *p;
    ZAGG_TRY(zg_h5_array_block(&x->a, addr, "EASB", len, &p, err));
    l->bitmap = p + PREFIX_BYTES + x->offset_bytes;
    zagg_status st = check_offset(x, p, l->first, l->first, err);
    bool whole = true;
    for (uint64_t k = 0; k < l->blocks && st == ZAGG_OK; k++)
        st = zg_h5_defer(x->a.w->ds->file,
                         data_block(x, l, k, zg_le64(p + head + k * 8), err), &whole);
    zg_free(p);
    return st == ZAGG_OK && !whole ? ZAGG_ECANCELLED : st;
}

/* `addrs` are those of the index block: data blocks, then super blocks. */
static zagg_status all_levels(const extensible *x, const uint8_t *addrs, zagg_err *err)
{
    uint64_t first = 0, before = 0, page_elems = (uint64_t)1 << x->page_bits;
    const zagg_h5 *file = x->a.w->ds->file;
    bool whole = true;
    for (unsigned u = 0; u < x->levels; u++) {
        level l = {.first = first,
                   .blocks = (uint64_t)1 << u / 2,
                   .elems = (uint64_t)1 << ((u + 1) / 2 + x->min_bits)};
        first += l.blocks * l.elems;
        if (l.elems > page_elems)
            l.pages = l.elems / page_elems;
        bool wanted =
            zg_h5_array_wanted(&x->a, x->in_index + l.first, l.blocks * l.elems);
        if (u < x->direct) {
            if (l.pages && wanted)
                return zg_h5_index_bad(err, "pages without a super block", x->index);
            l.before = before;
            before += l.blocks;
            for (uint64_t k = 0; k < l.blocks; k++, addrs += 8)
                ZAGG_TRY(
                    zg_h5_defer(file, data_block(x, &l, k, zg_le64(addrs), err), &whole));
            continue;
        }
        uint64_t addr = zg_le64(addrs);
        addrs += 8;
        if (wanted && addr != ZG_H5_UNDEF)
            ZAGG_TRY(zg_h5_defer(file, super_block(x, &l, addr, err), &whole));
    }
    return whole ? ZAGG_OK : ZAGG_ECANCELLED;
}

zagg_status zg_h5_index_extensible_array(zg_h5_index_walk *w, zagg_err *err)
{
    extensible x;
    ZAGG_TRY(zg_h5_array_numbering(&x.a, w, err));
    ZAGG_TRY(read_header(&x, err));
    if (x.index == ZG_H5_UNDEF)
        return ZAGG_OK;
    /* levels 0 to 2k-1 have 2 (2^k - 1) data blocks */
    size_t n_addrs = 2 * (((size_t)1 << x.direct / 2) - 1) + (x.levels - x.direct);
    size_t elems = (size_t)x.in_index * x.a.elem_bytes;
    uint8_t *p;
    ZAGG_TRY(zg_h5_array_block(&x.a, x.index, "EAIB",
                               PREFIX_BYTES + elems + n_addrs * 8 + 4, &p, err));
    zagg_status st = zg_h5_array_take(&x.a, p + PREFIX_BYTES, 0, x.in_index, err);
    if (st == ZAGG_OK)
        st = all_levels(&x, p + PREFIX_BYTES + elems, err);
    zg_free(p);
    return st;
}
