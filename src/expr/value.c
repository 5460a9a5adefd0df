/* Memory and values of a run. */
#include "expr/value.h"

#include "expr/memory.h"
#include "stats/histogram.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ALIGN = 64 };
static const size_t FIRST_BLOCK = (size_t)1 << 18;
/* What is kept for the next run: batches stay far below, filters of whole tables and
 * values of a chunk do not. */
static const size_t MOST_KEPT = (size_t)1 << 23;
/* Far above any batch; what a config may ask for ends here, but for what rows take. */
static const size_t MOST_BYTES = (size_t)1 << 27, MOST_ROW_BYTES = 512;

size_t zx_most_bytes(size_t n_rows)
{
    size_t of_rows, sum;
    return zg_mul_size(n_rows, MOST_ROW_BYTES, &of_rows) &&
                   zg_add_size(of_rows, MOST_BYTES, &sum)
               ? sum
               : SIZE_MAX;
}

zagg_status zagg_expr_memory_new(zagg_expr_memory **out, zagg_err *err)
{
    zagg_expr_memory *m = zg_alloc(1, sizeof *m);
    if (!m)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for expressions");
    zg_vec_init(&m->blocks, sizeof(zx_block), 0);
    *out = m;
    return ZAGG_OK;
}

static void free_blocks(zagg_expr_memory *m)
{
    for (size_t i = 0; i < m->blocks.len; i++)
        zg_free(ZG_VEC_AT(&m->blocks, zx_block, i)->data);
    m->blocks.len = 0;
}

void zagg_expr_memory_free(zagg_expr_memory *memory)
{
    if (!memory)
        return;
    free_blocks(memory);
    zg_vec_free(&memory->blocks);
    zg_free(memory->slots);
    zg_histogram_free(memory->histogram);
    zg_free(memory);
}

zagg_status zx_histogram_of(zagg_expr_memory *m, zg_histogram **out, zagg_err *err)
{
    if (!m->histogram)
        ZAGG_TRY(zg_histogram_new(&m->histogram, err));
    *out = m->histogram;
    return ZAGG_OK;
}

/* One block that would have been enough takes the place of several. */
void zx_memory_reset(zagg_expr_memory *m)
{
    if (m->blocks.len > 1 || m->taken > MOST_KEPT) {
        m->next_bytes = m->taken > MOST_KEPT ? 0 : m->taken;
        free_blocks(m);
    } else if (m->blocks.len == 1) {
        ZG_VEC_AT(&m->blocks, zx_block, 0)->used = 0;
    }
    m->taken = 0;
}

static void *from_block(zx_block *b, size_t bytes)
{
    const uintptr_t base = (uintptr_t)b->data;
    const size_t at =
        (size_t)(((base + b->used + ALIGN - 1) & ~(uintptr_t)(ALIGN - 1)) - base);
    if (at > b->bytes || bytes > b->bytes - at)
        return NULL;
    b->used = at + bytes;
    return (char *)b->data + at;
}

void *zx_take(zx_run *r, size_t n, size_t size)
{
    zagg_expr_memory *m = r->memory;
    size_t bytes;
    size_t taken;
    if (!zg_mul_size(n, size, &bytes) || !zg_add_size(m->taken + ALIGN, bytes, &taken) ||
        taken > r->most_bytes) {
        zagg_err_set(r->err, ZAGG_ERANGE, "more than %zu MB of intermediate results",
                     r->most_bytes >> 20);
        return NULL;
    }
    m->taken = taken;
    if (m->blocks.len > 0) {
        void *p = from_block(ZG_VEC_AT(&m->blocks, zx_block, m->blocks.len - 1), bytes);
        if (p)
            return p;
    }
    size_t want = m->next_bytes > FIRST_BLOCK ? m->next_bytes : FIRST_BLOCK;
    if (want < bytes + ALIGN)
        want = bytes + ALIGN;
    zx_block *b = zg_vec_push(&m->blocks);
    if (b)
        b->data = zg_alloc(want, 1);
    if (!b || !b->data) {
        if (b)
            m->blocks.len--;
        zagg_err_set(r->err, ZAGG_ENOMEM, "no memory for an expression");
        return NULL;
    }
    b->bytes = want;
    return from_block(b, bytes);
}

zagg_status zx_fail(zx_run *r, size_t segment, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    r->bad_segment = segment;
    return zagg_err_set(r->err, ZAGG_ERANGE, "%s", text);
}

static zagg_status failed(const zx_run *r)
{
    return r->err ? r->err->status : ZAGG_ENOMEM;
}

zagg_status zx_new_scalar(zx_run *r, zagg_dtype dtype, bool uniform, zx_val *out)
{
    *out = (zx_val){.dtype = dtype, .uniform = uniform, .n_seg = r->n_seg, .cols = 1};
    out->data = zx_take(r, uniform ? 1 : r->n_seg, zagg_dtype_size(dtype));
    return out->data ? ZAGG_OK : failed(r);
}

zagg_status zx_new_array(zx_run *r, zagg_dtype dtype, const size_t *off, zx_val *out)
{
    *out = (zx_val){.dtype = dtype, .n_seg = r->n_seg, .rank = 1, .cols = 1, .off = off};
    out->data = zx_take(r, off[r->n_seg] - off[0], zagg_dtype_size(dtype));
    return out->data ? ZAGG_OK : failed(r);
}

zagg_status zx_new_rows(zx_run *r, zagg_dtype dtype, size_t n, unsigned rank, size_t cols,
                        zx_val *out)
{
    size_t elements, *off;
    if (!zg_mul_size(n, cols, &elements) || elements > r->limit)
        return zx_fail(r, 0, "an array of %zu x %zu elements is too large", n, cols);
    *out = (zx_val){.dtype = dtype, .n_seg = r->n_seg, .rank = rank, .cols = cols};
    off = zx_take(r, r->n_seg + 1, sizeof *off);
    out->data = off ? zx_take(r, r->n_seg * elements, zagg_dtype_size(dtype)) : NULL;
    if (!out->data)
        return failed(r);
    for (size_t i = 0; i <= r->n_seg; i++)
        off[i] = i * n;
    out->off = off;
    return ZAGG_OK;
}

zagg_status zx_cast(zx_run *r, const zx_val *v, zagg_dtype dtype, zx_val *out)
{
    const zx_val from = *v;
    *out = from;
    out->weak = false;
    if (from.dtype == dtype)
        return ZAGG_OK;
    const size_t n = zx_elements(&from);
    out->dtype = dtype;
    out->data = zx_take(r, n, zagg_dtype_size(dtype));
    if (!out->data)
        return failed(r);
    zg_cast(from.dtype, from.data, dtype, out->data, n);
    return ZAGG_OK;
}

bool zx_fits(int64_t i, zagg_dtype dtype)
{
    const unsigned bits = (unsigned)zagg_dtype_size(dtype) * 8;
    if (!zagg_dtype_is_signed_int(dtype) && !zagg_dtype_is_unsigned_int(dtype))
        return true;
    if (zagg_dtype_is_unsigned_int(dtype))
        return i >= 0 && (bits == 64 || (uint64_t)i >> bits == 0);
    return bits == 64 ||
           (i >= -(INT64_C(1) << (bits - 1)) && i < INT64_C(1) << (bits - 1));
}

zagg_status zx_adopt(zx_run *r, const zx_val *v, zagg_dtype dtype, zx_val *out)
{
    if (v->weak && v->dtype == ZAGG_DT_I64)
        for (size_t s = 0; s < (v->uniform ? 1 : v->n_seg); s++)
            if (!zx_fits(zx_int(v, s), dtype))
                return zx_fail(r, s,
                               "OverflowError: Python integer %lld out of bounds for %s",
                               (long long)zx_int(v, s), zagg_dtype_name(dtype));
    return zx_cast(r, v, dtype, out);
}

size_t zx_segment_of(const zx_val *v, size_t element)
{
    size_t s = 0;
    if (v->uniform)
        return 0;
    if (v->rank == 0)
        return element;
    while (s + 1 < v->n_seg && v->off[s + 1] * v->cols <= element)
        s++;
    return s;
}

double zx_double(const zx_val *v, size_t seg)
{
    double x;
    zg_cast(v->dtype, zx_at_segment(v, seg), ZAGG_DT_F64, &x, 1);
    return x;
}

int64_t zx_int(const zx_val *v, size_t seg)
{
    int64_t x;
    zg_cast(v->dtype, zx_at_segment(v, seg), ZAGG_DT_I64, &x, 1);
    return x;
}

zagg_status zx_lengths(zx_run *r, const zx_val *n, const size_t **out)
{
    size_t *off = zx_take(r, r->n_seg + 1, sizeof *off);
    if (!off)
        return failed(r);
    off[0] = 0;
    for (size_t s = 0; s < r->n_seg; s++) {
        const int64_t len = zx_int(n, s);
        if (len < 0)
            return zx_fail(r, s, "ValueError: negative dimensions are not allowed");
        if ((uint64_t)len > r->limit)
            return zx_fail(r, s, "an array of %lld elements is too large",
                           (long long)len);
        off[s + 1] = off[s] + (size_t)len;
    }
    *out = off;
    return ZAGG_OK;
}

zagg_status zx_write_out(zx_run *r, const zx_val *v, zx_val *out)
{
    const zx_val from = *v;
    *out = from;
    if (!from.uniform)
        return ZAGG_OK;
    if (from.rank == 0)
        ZAGG_TRY(zx_new_scalar(r, from.dtype, false, out));
    else
        ZAGG_TRY(zx_new_rows(r, from.dtype, from.off[1], from.rank, from.cols, out));
    const size_t bytes = zx_elements(&from) * zagg_dtype_size(from.dtype);
    for (size_t s = 0; bytes && s < r->n_seg; s++)
        memcpy((char *)out->data + s * bytes, from.data, bytes);
    return ZAGG_OK;
}
