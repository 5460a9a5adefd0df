/* Rows grouped by key, stably. Keys of a shard's cells agree in most of their bits: those
 * in which they differ are drawn together, which keeps the order of keys, and are then a
 * small number to count by. Where that is still too wide, a radix sort goes over it digit
 * by digit. */
#include "core/group_by.h"

#include <string.h>

enum { BLOCK = 1024, MAX_RUNS = 32, DIGIT_BITS = 11, SMALL_BITS = 16, VALUES_A_ROW = 4 };

/* The bits in which keys differ, as runs: ((key - base) >> shift) & mask are bits of the
 * packed key. */
typedef struct packing {
    uint64_t base;
    size_t n_runs;
    unsigned bits; /* of a packed key */
    struct {
        unsigned shift;
        uint64_t mask;
    } runs[MAX_RUNS];
} packing;

/* What the passes go over. */
typedef struct column {
    zagg_dtype dtype;
    const void *keys;
    size_t n_rows;
} column;

/* Keys first..first+n-1 as unsigned numbers of the same order. */
static void load(const column *c, size_t first, size_t n, uint64_t *out)
{
#define LOAD_AS(T)                                                                       \
    for (size_t i = 0; i < n; i++)                                                       \
        out[i] = (uint64_t)((const T *)c->keys)[first + i];                              \
    break
#define LOAD_SIGNED(T)                                                                   \
    for (size_t i = 0; i < n; i++)                                                       \
        out[i] =                                                                         \
            (uint64_t)(int64_t)((const T *)c->keys)[first + i] ^ (UINT64_C(1) << 63);    \
    break
    switch (c->dtype) {
    case ZAGG_DT_I8:
        LOAD_SIGNED(int8_t);
    case ZAGG_DT_I16:
        LOAD_SIGNED(int16_t);
    case ZAGG_DT_I32:
        LOAD_SIGNED(int32_t);
    case ZAGG_DT_I64:
        LOAD_SIGNED(int64_t);
    case ZAGG_DT_U8:
        LOAD_AS(uint8_t);
    case ZAGG_DT_U16:
        LOAD_AS(uint16_t);
    case ZAGG_DT_U32:
        LOAD_AS(uint32_t);
    default:
        LOAD_AS(uint64_t);
    }
#undef LOAD_AS
#undef LOAD_SIGNED
}

static size_t block_size(const column *c, size_t first)
{
    return c->n_rows - first < BLOCK ? c->n_rows - first : BLOCK;
}

static packing packing_of(uint64_t differing, uint64_t base)
{
    packing p = {.base = base};
    for (unsigned bit = 0; bit < 64 && differing >> bit != 0;) {
        unsigned length = 0;
        bit += (unsigned)__builtin_ctzll(differing >> bit);
        while (bit + length < 64 && (differing >> (bit + length) & 1) != 0)
            length++;
        p.runs[p.n_runs].shift = bit - p.bits;
        p.runs[p.n_runs].mask = (length == 64 ? UINT64_MAX : (UINT64_C(1) << length) - 1)
                                << p.bits;
        p.n_runs++;
        p.bits += length;
        bit += length;
    }
    return p;
}

static bool can_be_counted(const packing *p, size_t n_rows)
{
    return p->bits <= SMALL_BITS ||
           (p->bits < 32 && (size_t)1 << p->bits <= VALUES_A_ROW * n_rows);
}

/* Bits in which keys differ from each other. */
static uint64_t differing_bits(const column *c)
{
    uint64_t keys[BLOCK], one = 0, bits = 0;
    for (size_t first = 0; first < c->n_rows; first += BLOCK) {
        const size_t n = block_size(c, first);
        load(c, first, n, keys);
        if (first == 0)
            one = keys[0];
        for (size_t i = 0; i < n; i++)
            bits |= keys[i] ^ one;
    }
    return bits;
}

static uint64_t least_key(const column *c)
{
    uint64_t keys[BLOCK], least = UINT64_MAX;
    for (size_t first = 0; first < c->n_rows; first += BLOCK) {
        const size_t n = block_size(c, first);
        load(c, first, n, keys);
        for (size_t i = 0; i < n; i++)
            least = keys[i] < least ? keys[i] : least;
    }
    return least;
}

/* Bits in which distances from `base` differ from 0. */
static uint64_t distance_bits(const column *c, uint64_t base)
{
    uint64_t keys[BLOCK], bits = 0;
    for (size_t first = 0; first < c->n_rows; first += BLOCK) {
        const size_t n = block_size(c, first);
        load(c, first, n, keys);
        for (size_t i = 0; i < n; i++)
            bits |= keys[i] - base;
    }
    return bits;
}

/* Keys may differ in many bits and lie close together all the same: on both sides of 0 or
 * of a power of two. Their distances from the least do not. Cells of distant shards, on
 * the other hand, share bits that distances would not. */
static packing find_packing(const column *c)
{
    const packing p = packing_of(differing_bits(c), 0);
    if (can_be_counted(&p, c->n_rows))
        return p;
    const uint64_t least = least_key(c);
    const packing q = packing_of(distance_bits(c, least), least);
    return q.bits < p.bits ? q : p;
}

/* Packed keys first..first+n-1. */
static void load_packed(const column *c, const packing *p, size_t first, size_t n,
                        uint64_t *out)
{
    uint64_t keys[BLOCK];
    if (p->n_runs == 1) {
        load(c, first, n, out);
        for (size_t i = 0; i < n; i++)
            out[i] = (out[i] - p->base) >> p->runs[0].shift & p->runs[0].mask;
        return;
    }
    load(c, first, n, keys);
    memset(out, 0, n * sizeof *out);
    for (size_t r = 0; r < p->n_runs; r++)
        for (size_t i = 0; i < n; i++)
            out[i] |= (keys[i] - p->base) >> p->runs[r].shift & p->runs[r].mask;
}

/* ---- counting ---- */

static zagg_status no_memory(size_t n_rows, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory to group %zu rows", n_rows);
}

/* Starts of the packed keys that occur, from their counts; the counts become places. */
static bool bounds_of_counts(uint32_t *counts, size_t span, size_t n_rows, zg_groups *out)
{
    size_t n = 0, at = 0;
    for (size_t k = 0; k < span; k++)
        n += counts[k] > 0;
    out->bounds = zg_alloc(n + 1, sizeof *out->bounds);
    if (!out->bounds)
        return false;
    out->n = n;
    n = 0;
    for (size_t k = 0; k < span; k++) {
        const uint32_t count = counts[k];
        counts[k] = (uint32_t)at;
        if (count > 0)
            out->bounds[n++] = at;
        at += count;
    }
    out->bounds[n] = n_rows;
    return true;
}

static zagg_status count_keys(const column *c, const packing *p, zg_groups *out,
                              zagg_err *err)
{
    const size_t span = (size_t)1 << p->bits;
    uint64_t keys[BLOCK];
    uint32_t *counts = zg_alloc(span, sizeof *counts);
    if (!counts)
        return no_memory(c->n_rows, err);
    for (size_t first = 0; first < c->n_rows; first += BLOCK) {
        const size_t n = block_size(c, first);
        load_packed(c, p, first, n, keys);
        for (size_t i = 0; i < n; i++)
            counts[keys[i]]++;
    }
    if (!bounds_of_counts(counts, span, c->n_rows, out)) {
        zg_free(counts);
        return no_memory(c->n_rows, err);
    }
    for (size_t first = 0; first < c->n_rows; first += BLOCK) {
        const size_t n = block_size(c, first);
        load_packed(c, p, first, n, keys);
        for (size_t i = 0; i < n; i++)
            out->order[counts[keys[i]]++] = (uint32_t)(first + i);
    }
    zg_free(counts);
    return ZAGG_OK;
}

/* ---- sorting ---- */

/* Keys with the rows they belong to. */
typedef struct keyed_rows {
    uint64_t *keys;
    uint32_t *rows;
} keyed_rows;

/* One stable pass by `bits` bits of the keys from `shift` on. */
static void radix_pass(keyed_rows from, keyed_rows to, size_t n, unsigned shift,
                       unsigned bits)
{
    uint32_t starts[1 << DIGIT_BITS] = {0};
    const uint64_t mask = (UINT64_C(1) << bits) - 1;
    uint32_t at = 0;
    for (size_t i = 0; i < n; i++)
        starts[from.keys[i] >> shift & mask]++;
    for (size_t d = 0; d <= mask; d++) {
        const uint32_t count = starts[d];
        starts[d] = at;
        at += count;
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t place = starts[from.keys[i] >> shift & mask]++;
        to.keys[place] = from.keys[i];
        to.rows[place] = from.rows[i];
    }
}

static bool bounds_of_sorted(const uint64_t *keys, size_t n_rows, zg_groups *out)
{
    size_t n = 1;
    for (size_t i = 1; i < n_rows; i++)
        n += keys[i] != keys[i - 1];
    out->bounds = zg_alloc(n + 1, sizeof *out->bounds);
    if (!out->bounds)
        return false;
    out->n = n;
    n = 1; /* the first is 0 */
    for (size_t i = 1; i < n_rows; i++)
        if (keys[i] != keys[i - 1])
            out->bounds[n++] = i;
    out->bounds[n] = n_rows;
    return true;
}

static bool sort_keys(const column *c, const packing *p, keyed_rows *a, keyed_rows *b,
                      zg_groups *out)
{
    const unsigned passes = (p->bits + DIGIT_BITS - 1) / DIGIT_BITS;
    const unsigned bits = (p->bits + passes - 1) / passes;
    for (size_t first = 0; first < c->n_rows; first += BLOCK)
        load_packed(c, p, first, block_size(c, first), a->keys + first);
    for (size_t i = 0; i < c->n_rows; i++)
        a->rows[i] = (uint32_t)i;
    for (unsigned k = 0; k < passes; k++) {
        const unsigned left = p->bits - k * bits;
        const keyed_rows swap = *a;
        radix_pass(*a, *b, c->n_rows, k * bits, left < bits ? left : bits);
        *a = *b;
        *b = swap;
    }
    if (!bounds_of_sorted(a->keys, c->n_rows, out))
        return false;
    out->order = a->rows;
    a->rows = NULL;
    return true;
}

static zagg_status sort(const column *c, const packing *p, zg_groups *out, zagg_err *err)
{
    keyed_rows a = {zg_alloc(c->n_rows, sizeof *a.keys),
                    zg_alloc(c->n_rows, sizeof *a.rows)};
    keyed_rows b = {zg_alloc(c->n_rows, sizeof *b.keys),
                    zg_alloc(c->n_rows, sizeof *b.rows)};
    const bool sorted =
        a.keys && a.rows && b.keys && b.rows && sort_keys(c, p, &a, &b, out);
    zg_free(a.keys);
    zg_free(a.rows);
    zg_free(b.keys);
    zg_free(b.rows);
    return sorted ? ZAGG_OK : no_memory(c->n_rows, err);
}

zagg_status zg_group_keys(zagg_dtype dtype, const void *keys, size_t n_rows,
                          zg_groups *out, zagg_err *err)
{
    const column c = {dtype, keys, n_rows};
    const packing p = find_packing(&c);
    zagg_status status;
    *out = (zg_groups){0};
    if (can_be_counted(&p, n_rows)) {
        out->order = zg_alloc(n_rows, sizeof *out->order);
        status = out->order ? count_keys(&c, &p, out, err) : no_memory(n_rows, err);
    } else {
        status = sort(&c, &p, out, err);
    }
    if (status != ZAGG_OK)
        zg_groups_free(out);
    return status;
}

void zg_groups_free(zg_groups *groups)
{
    zg_free(groups->order);
    zg_free(groups->bounds);
    *groups = (zg_groups){0};
}
