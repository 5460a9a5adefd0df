/* Fractal heaps (section III.G) as dense groups use them: managed objects in direct
 * blocks, reached through any depth of indirect blocks of the doubling table. */
#include "h5/h5.h"

/* Bits of a power of two, or -1 for any other number. */
static int exact_log2(uint64_t v)
{
    return v && (v & (v - 1)) == 0 ? __builtin_ctzll(v) : -1;
}

/* Bytes that hold any number up to `limit`. */
static unsigned enc_size(uint64_t limit)
{
    return limit ? (unsigned)(63 - __builtin_clzll(limit)) / 8 + 1 : 1;
}

static zagg_status bad(zagg_err *err, const char *what, uint64_t addr)
{
    return zagg_err_set(err, ZAGG_EFORMAT, "fractal heap: %s at address %llu", what,
                        (unsigned long long)addr);
}

zagg_status zg_h5_heap_open(zagg_h5 *file, uint64_t addr, uint64_t *budget_bytes,
                            zg_h5_heap *out, zagg_err *err)
{
    uint8_t p[146]; /* header without filter information */
    ZAGG_TRY(zg_h5_meta(file, addr, sizeof p, p, err));
    if (memcmp(p, "FRHP", 4) != 0 || p[4] != 0)
        return bad(err, "no header", addr);
    if (zg_le16(p + 7) != 0)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "fractal heap with filters");
    ZAGG_TRY(zg_h5_verify(p, sizeof p, "fractal heap header", err));
    int width_bits = exact_log2(zg_le16(p + 110)),
        start_bits = exact_log2(zg_le64(p + 112)),
        direct_bits = exact_log2(zg_le64(p + 120));
    unsigned heap_bits = zg_le16(p + 128), rows = zg_le16(p + 140);
    if (width_bits < 0 || width_bits > 10 || start_bits < 0 || direct_bits < start_bits ||
        direct_bits > 31 || heap_bits > 63 || rows > 64 || zg_le16(p + 5) < 2 ||
        zg_le16(p + 5) > 64)
        return bad(err, "impossible table", addr);
    unsigned by_block = ((unsigned)direct_bits + 7) / 8;
    unsigned by_object = enc_size(zg_le32(p + 10));
    *out = (zg_h5_heap){.file = file,
                        .budget_bytes = budget_bytes,
                        .block_checksums = p[9] & 0x02,
                        .addr = addr,
                        .root = zg_le64(p + 132),
                        .id_len = zg_le16(p + 5),
                        .offset_bytes = (heap_bits + 7) / 8,
                        .length_bytes = by_block < by_object ? by_block : by_object,
                        .width = 1u << width_bits,
                        .start_bits = (unsigned)start_bits,
                        .max_direct_bits = (unsigned)direct_bits,
                        .root_rows = rows,
                        .heap_bits = heap_bits};
    return ZAGG_OK;
}

void zg_h5_heap_close(zg_h5_heap *heap)
{
    zg_free(heap->verified);
    heap->verified = NULL;
    heap->n_verified = heap->cap_verified = 0;
}

/* A block of the heap that covers heap offsets [begin, begin + 2^bits) (direct) or the
 * rows of the doubling table from `begin` on (indirect, rows > 0). */
typedef struct heap_block {
    uint64_t addr, begin;
    unsigned bits, rows;
} heap_block;

/* Rows 0 and 1 hold blocks of the starting size, each later row doubles it. */
static unsigned row_bits(const zg_h5_heap *heap, unsigned row)
{
    return heap->start_bits + (row > 1 ? row - 1 : 0);
}

static zagg_status check_head(const zg_h5_heap *heap, const uint8_t *p, const char *magic,
                              const heap_block *b, zagg_err *err)
{
    zg_h5_cur c = zg_h5_cur_of(p + 13, heap->offset_bytes);
    if (memcmp(p, magic, 4) != 0 || p[4] != 0 || zg_le64(p + 5) != heap->addr ||
        zg_h5_uint(&c, heap->offset_bytes) != b->begin)
        return bad(err, "damaged block", b->addr);
    return ZAGG_OK;
}

/* ---- checksums of direct blocks ---- */

/* Slot of a block in the table of verified ones: its own or the next free one. */
static uint64_t *verified_slot(uint64_t *table, size_t cap, uint64_t addr)
{
    size_t i = (size_t)((addr + 1) * 0x9e3779b97f4a7c15u >> 32) & (cap - 1);
    while (table[i] && table[i] != addr + 1)
        i = (i + 1) & (cap - 1);
    return &table[i];
}

static zagg_status note_verified(zg_h5_heap *heap, uint64_t addr, zagg_err *err)
{
    if (2 * (heap->n_verified + 1) > heap->cap_verified) {
        size_t cap = heap->cap_verified ? 2 * heap->cap_verified : 16;
        uint64_t *table = zg_alloc(cap, sizeof *table);
        if (!table)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory to read a fractal heap");
        for (size_t i = 0; i < heap->cap_verified; i++)
            if (heap->verified[i])
                *verified_slot(table, cap, heap->verified[i] - 1) = heap->verified[i];
        zg_free(heap->verified);
        heap->verified = table;
        heap->cap_verified = cap;
    }
    *verified_slot(heap->verified, heap->cap_verified, addr) = addr + 1;
    heap->n_verified++;
    return ZAGG_OK;
}

/* The checksum is behind the block's head and counts as zeros; a block is read whole for
 * it only once. */
static zagg_status verify_direct(zg_h5_heap *heap, const heap_block *b, zagg_err *err)
{
    if (!heap->block_checksums ||
        (heap->cap_verified &&
         *verified_slot(heap->verified, heap->cap_verified, b->addr)))
        return ZAGG_OK;
    size_t len = (size_t)1 << b->bits, at = 13 + heap->offset_bytes;
    if (len < at + 4)
        return bad(err, "impossible block", b->addr);
    ZAGG_TRY(zg_h5_spend(heap->budget_bytes, len, err));
    uint8_t *p;
    ZAGG_TRY(zg_h5_meta_new(heap->file, b->addr, len, &p, err));
    uint32_t sum = zg_le32(p + at);
    memset(p + at, 0, 4);
    bool same = zg_h5_sum_matches(sum, p, len);
    zg_free(p);
    if (!same)
        return bad(err, "checksum of a direct block does not match", b->addr);
    return note_verified(heap, b->addr, err);
}

/* ---- objects ---- */

/* Replace an indirect block by its child that covers `offset`. */
static zagg_status descend(const zg_h5_heap *heap, heap_block *b, uint64_t offset,
                           zagg_err *err)
{
    unsigned direct_rows = heap->max_direct_bits - heap->start_bits + 2;
    uint64_t begin = b->begin;
    unsigned row = 0, bits = 0;
    for (; row < b->rows; row++) {
        bits = row_bits(heap, row);
        if (bits > heap->heap_bits)
            return bad(err, "block larger than the heap", b->addr);
        uint64_t row_bytes = (uint64_t)heap->width << bits;
        if (offset - begin < row_bytes)
            break;
        begin += row_bytes;
    }
    if (row == b->rows)
        return bad(err, "object beyond the rows of a block", b->addr);
    size_t head = 13 + heap->offset_bytes;
    size_t len = head + (size_t)b->rows * heap->width * 8 + 4;
    uint8_t *p;
    ZAGG_TRY(zg_h5_meta_new(heap->file, b->addr, len, &p, err));
    zagg_status st = check_head(heap, p, "FHIB", b, err);
    if (st == ZAGG_OK)
        st = zg_h5_verify(p, len, "fractal heap indirect block", err);
    size_t col = (size_t)((offset - begin) >> bits);
    uint64_t child =
        st == ZAGG_OK ? zg_le64(p + head + (row * heap->width + col) * 8) : 0;
    zg_free(p);
    ZAGG_TRY(st);
    b->addr = child;
    b->begin = begin + ((uint64_t)col << bits);
    b->bits = bits;
    b->rows = 0;
    if (row >= direct_rows) {
        unsigned first_row_bits = heap->start_bits + (unsigned)__builtin_ctz(heap->width);
        if (bits < first_row_bits)
            return bad(err, "impossible indirect block", child);
        b->rows = bits - first_row_bits + 1;
    }
    return ZAGG_OK;
}

zagg_status zg_h5_heap_get(zg_h5_heap *heap, const uint8_t *id, uint8_t **out,
                           size_t *out_len, zagg_err *err)
{
    zg_h5_cur c = zg_h5_cur_of(id, heap->id_len);
    unsigned kind = (unsigned)zg_h5_uint(&c, 1);
    if (kind & 0xf0)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "fractal heap: huge or tiny object (kind %u)", kind >> 4);
    uint64_t offset = zg_h5_uint(&c, heap->offset_bytes);
    uint64_t len = zg_h5_uint(&c, heap->length_bytes);
    if (c.bad || len == 0)
        return bad(err, "impossible heap id", heap->addr);
    heap_block b = {heap->root, 0, heap->start_bits, heap->root_rows};
    for (int depth = 0; b.rows; depth++) {
        if (depth > ZG_H5_MAX_DEPTH)
            return bad(err, "too many levels", b.addr);
        ZAGG_TRY(descend(heap, &b, offset, err));
    }
    uint8_t head[13 + 8];
    ZAGG_TRY(zg_h5_meta(heap->file, b.addr, 13 + heap->offset_bytes, head, err));
    ZAGG_TRY(check_head(heap, head, "FHDB", &b, err));
    ZAGG_TRY(verify_direct(heap, &b, err));
    uint64_t in_block = offset - b.begin, block_bytes = (uint64_t)1 << b.bits;
    if (in_block > block_bytes || len > block_bytes - in_block)
        return bad(err, "object beyond its block", b.addr);
    ZAGG_TRY(zg_h5_meta_new(heap->file, b.addr + in_block, (size_t)len, out, err));
    *out_len = (size_t)len;
    return ZAGG_OK;
}
