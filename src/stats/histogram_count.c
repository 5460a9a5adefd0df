/* Counting the values of a slice in the bins of a histogram. */
#include "stats/histogram_impl.h"

#include <inttypes.h>
#include <string.h>

enum { BLOCK = 512 };

#define VALUE float
#define WORK float
#define NAME(x) x##_f32
#include "stats/histogram_type.h"

#define VALUE float
#define WORK double
#define NAME(x) x##_mixed
#include "stats/histogram_type.h"

#define VALUE double
#define WORK double
#define NAME(x) x##_f64
#include "stats/histogram_type.h"

/* Where the counts go. */
typedef struct counter {
    int64_t *wide;
    uint32_t *narrow; /* when there is no wide one */
} counter;

static void count_bins(counter to, const int32_t *bin, size_t n)
{
    if (to.wide != NULL) {
        for (size_t k = 0; k < n; k++)
            to.wide[bin[k]]++;
    } else {
        for (size_t k = 0; k < n; k++)
            to.narrow[bin[k]]++;
    }
}

/* ---- uniform bins ---- */

/* The values of a block that lie in the range, in order, as OUT. */
#define KEEP_AS_DOUBLE(NAME, T, OUT)                                                     \
    static size_t NAME(const zg_bins *bins, const T *x, size_t n, OUT *out)              \
    {                                                                                    \
        const double lo = bins->keep_lo, hi = bins->keep_hi;                             \
        size_t kept = 0;                                                                 \
        for (size_t k = 0; k < n; k++) {                                                 \
            double v = (double)x[k];                                                     \
            out[kept] = (OUT)x[k];                                                       \
            kept += (v >= lo) & (v <= hi);                                               \
        }                                                                                \
        return kept;                                                                     \
    }
/* whole numbers against bounds of both kinds; LO, HI bound the whole ones */
#define KEEP_WHOLE(NAME, T, WIDE, LO, HI, OUT)                                           \
    static size_t NAME(const zg_bins *bins, const T *x, size_t n, OUT *out)              \
    {                                                                                    \
        const double lo = bins->keep_lo, hi = bins->keep_hi;                             \
        const WIDE lo_whole = bins->LO, hi_whole = bins->HI;                             \
        size_t kept = 0;                                                                 \
        for (size_t k = 0; k < n; k++) {                                                 \
            WIDE w = x[k];                                                               \
            double v = (double)w;                                                        \
            out[kept] = (OUT)w;                                                          \
            kept += (v >= lo) & (v <= hi) & (w >= lo_whole) & (w <= hi_whole);           \
        }                                                                                \
        return kept;                                                                     \
    }
KEEP_AS_DOUBLE(keep_f32_as_f64, float, double)
KEEP_AS_DOUBLE(keep_f64, double, double)
#define KEEP_SIGNED(NAME, T, OUT) KEEP_WHOLE(NAME, T, int64_t, keep_lo_i, keep_hi_i, OUT)
#define KEEP_UNSIGNED(NAME, T, OUT)                                                      \
    KEEP_WHOLE(NAME, T, uint64_t, keep_lo_u, keep_hi_u, OUT)
KEEP_SIGNED(keep_i8_as_f32, int8_t, float)
KEEP_SIGNED(keep_i16_as_f32, int16_t, float)
KEEP_UNSIGNED(keep_u8_as_f32, uint8_t, float)
KEEP_UNSIGNED(keep_u16_as_f32, uint16_t, float)
KEEP_SIGNED(keep_i8, int8_t, double)
KEEP_SIGNED(keep_i16, int16_t, double)
KEEP_SIGNED(keep_i32, int32_t, double)
KEEP_SIGNED(keep_i64, int64_t, double)
KEEP_UNSIGNED(keep_u8, uint8_t, double)
KEEP_UNSIGNED(keep_u16, uint16_t, double)
KEEP_UNSIGNED(keep_u32, uint32_t, double)
KEEP_UNSIGNED(keep_u64, uint64_t, double)

/* float32 in its own type: mostly all values lie in the range and stay where they are. */
static const float *keep_f32(const zg_bins *bins, const float *x, size_t n, float *out,
                             size_t *n_kept)
{
    const float lo = (float)bins->keep_lo, hi = (float)bins->keep_hi;
    int all = 1;
    for (size_t k = 0; k < n; k++)
        all &= (x[k] >= lo) & (x[k] <= hi);
    *n_kept = n;
    if (all)
        return x;
    size_t kept = 0;
    for (size_t k = 0; k < n; k++) {
        out[kept] = x[k];
        kept += (x[k] >= lo) & (x[k] <= hi);
    }
    *n_kept = kept;
    return out;
}

static const float *kept_f32(const zg_bins *bins, const void *x, size_t at, size_t n,
                             float *out, size_t *n_kept)
{
    switch (bins->data) {
    case ZAGG_DT_I8:
        *n_kept = keep_i8_as_f32(bins, (const int8_t *)x + at, n, out);
        return out;
    case ZAGG_DT_I16:
        *n_kept = keep_i16_as_f32(bins, (const int16_t *)x + at, n, out);
        return out;
    case ZAGG_DT_U8:
        *n_kept = keep_u8_as_f32(bins, (const uint8_t *)x + at, n, out);
        return out;
    case ZAGG_DT_U16:
        *n_kept = keep_u16_as_f32(bins, (const uint16_t *)x + at, n, out);
        return out;
    default:
        return keep_f32(bins, (const float *)x + at, n, out, n_kept);
    }
}

static size_t kept_f64(const zg_bins *bins, const void *x, size_t at, size_t n,
                       double *out)
{
    switch (bins->data) {
#define KEPT(DT, T, KEEP)                                                                \
    case DT:                                                                             \
        return KEEP(bins, (const T *)x + at, n, out);
        KEPT(ZAGG_DT_I8, int8_t, keep_i8)
        KEPT(ZAGG_DT_I16, int16_t, keep_i16)
        KEPT(ZAGG_DT_I32, int32_t, keep_i32)
        KEPT(ZAGG_DT_I64, int64_t, keep_i64)
        KEPT(ZAGG_DT_U8, uint8_t, keep_u8)
        KEPT(ZAGG_DT_U16, uint16_t, keep_u16)
        KEPT(ZAGG_DT_U32, uint32_t, keep_u32)
        KEPT(ZAGG_DT_U64, uint64_t, keep_u64)
        KEPT(ZAGG_DT_F32, float, keep_f32_as_f64)
#undef KEPT
    default:
        return keep_f64(bins, (const double *)x + at, n, out);
    }
}

/* One block: float32 edges. */
static zagg_status count_block_f32(const zg_histogram *h, const void *values, size_t at,
                                   size_t n, counter to, zagg_err *err)
{
    float room[BLOCK];
    int32_t bin[BLOCK];
    const zg_bins *bins = &h->bins;
    const bool mixed = bins->kind == ZG_BINS_MIXED;
    bool bad;
    size_t kept;
    const float *x = kept_f32(bins, values, at, n, room, &kept);
    (mixed ? locate_mixed : locate_f32)(bins, h->edges, x, kept, bin, &bad);
    for (size_t k = 0; bad && k < kept; k++)
        ZAGG_TRY((mixed ? explain_mixed : explain_f32)(bins, h->edges, x[k], err));
    count_bins(to, bin, kept);
    return ZAGG_OK;
}

static zagg_status count_block_f64(const zg_histogram *h, const void *values, size_t at,
                                   size_t n, counter to, zagg_err *err)
{
    double x[BLOCK];
    int32_t bin[BLOCK];
    bool bad;
    size_t kept = kept_f64(&h->bins, values, at, n, x);
    locate_f64(&h->bins, h->edges, x, kept, bin, &bad);
    for (size_t k = 0; bad && k < kept; k++)
        ZAGG_TRY(explain_f64(&h->bins, h->edges, x[k], err));
    count_bins(to, bin, kept);
    return ZAGG_OK;
}

/* ---- edges from the caller ---- */

/* Order with NaN as the largest number, as numpy sorts. */
static bool below(double a, double b)
{
    return a < b || (a == a && b != b);
}

/* How many edges are not above the value, for edges that ascend. */
#define SEARCH(NAME, T, BELOW)                                                           \
    static size_t NAME(const T *edges, size_t n, T x)                                    \
    {                                                                                    \
        size_t first = 0;                                                                \
        while (n > 0) {                                                                  \
            size_t half = n / 2;                                                         \
            bool above = BELOW(x, edges[first + half]);                                  \
            first = above ? first : first + half + 1;                                    \
            n = above ? half : n - half - 1;                                             \
        }                                                                                \
        return first;                                                                    \
    }
#define LESS(a, b) ((a) < (b))
SEARCH(edges_up_to_i64, int64_t, LESS)
SEARCH(edges_up_to_u64, uint64_t, LESS)
SEARCH(edges_up_to_f64, double, below)
#undef LESS
#undef SEARCH

/* A block of values in the type of the list. */
typedef union list_block {
    double f[BLOCK];
    int64_t i[BLOCK];
    uint64_t u[BLOCK];
} list_block;

static void load_list_block(const zg_bins *bins, const void *values, size_t at, size_t n,
                            list_block *out)
{
    switch (bins->data) {
#define LOAD(DT, T)                                                                      \
    case DT:                                                                             \
        for (size_t k = 0; k < n; k++) {                                                 \
            T x = ((const T *)values)[at + k];                                           \
            if (bins->list_type == ZAGG_DT_F64)                                          \
                out->f[k] = (double)x;                                                   \
            else                                                                         \
                out->u[k] = (uint64_t)x;                                                 \
        }                                                                                \
        break;
        LOAD(ZAGG_DT_I8, int8_t)
        LOAD(ZAGG_DT_I16, int16_t)
        LOAD(ZAGG_DT_I32, int32_t)
        LOAD(ZAGG_DT_I64, int64_t)
        LOAD(ZAGG_DT_U8, uint8_t)
        LOAD(ZAGG_DT_U16, uint16_t)
        LOAD(ZAGG_DT_U32, uint32_t)
        LOAD(ZAGG_DT_U64, uint64_t)
#undef LOAD
    case ZAGG_DT_F32:
        for (size_t k = 0; k < n; k++)
            out->f[k] = (double)((const float *)values)[at + k];
        break;
    default:
        memcpy(out->f, (const double *)values + at, n * sizeof *out->f);
        break;
    }
}

/* Edges with a number behind a NaN: numpy subtracts for each bin what lies below its
 * edges, and counts may be negative. */
static void count_disordered(const zg_histogram *h, const list_block *x, size_t n,
                             counter to)
{
    const double *e = h->edges;
    const size_t bins = h->bins.n;
    for (size_t j = 0; j < bins; j++) {
        int64_t count = 0;
        for (size_t k = 0; k < n; k++) {
            bool last = j + 1 == bins;
            count += last ? !below(e[j + 1], x->f[k]) : below(x->f[k], e[j + 1]);
            count -= below(x->f[k], e[j]);
        }
        if (to.wide != NULL)
            to.wide[j] += count;
        else
            to.narrow[j] += (uint32_t)count;
    }
}

static void count_block_list(const zg_histogram *h, const void *values, size_t at,
                             size_t n, counter to)
{
    list_block x;
    int32_t bin[BLOCK];
    const zg_bins *bins = &h->bins;
    const size_t n_edges = bins->n + 1;
    const uint64_t *edges = h->edges;
    load_list_block(bins, values, at, n, &x);
    if (!bins->list_ascends) {
        count_disordered(h, &x, n, to);
        return;
    }
    size_t kept = 0;
    for (size_t k = 0; k < n; k++) {
        size_t up_to;
        bool beyond; /* above the last edge */
        if (bins->list_type == ZAGG_DT_F64) {
            up_to = edges_up_to_f64(h->edges, n_edges, x.f[k]);
            beyond = below(((const double *)h->edges)[bins->n], x.f[k]);
        } else if (bins->list_type == ZAGG_DT_I64) {
            up_to = edges_up_to_i64(h->edges, n_edges, x.i[k]);
            beyond = ((const int64_t *)h->edges)[bins->n] < x.i[k];
        } else {
            up_to = edges_up_to_u64(edges, n_edges, x.u[k]);
            beyond = edges[bins->n] < x.u[k];
        }
        bin[kept] = (int32_t)(up_to == n_edges ? bins->n - 1 : up_to - 1);
        kept += up_to > 0 && !beyond;
    }
    count_bins(to, bin, kept);
}

/* ---- a slice ---- */

static zagg_status count_slice(const zg_histogram *h, const void *values, size_t n,
                               counter to, zagg_err *err)
{
    if (h->bins.kind == ZG_BINS_NONE)
        return zagg_err_set(err, ZAGG_EARG, "the histogram has no bins yet");
    for (size_t at = 0; at < n && h->bins.n > 0; at += BLOCK) {
        size_t block = n - at < BLOCK ? n - at : BLOCK;
        if (h->bins.kind == ZG_BINS_LIST)
            count_block_list(h, values, at, block, to);
        else if (h->bins.kind == ZG_BINS_F64)
            ZAGG_TRY(count_block_f64(h, values, at, block, to, err));
        else
            ZAGG_TRY(count_block_f32(h, values, at, block, to, err));
    }
    return ZAGG_OK;
}

zagg_status zg_histogram_count(const zg_histogram *h, const void *values, size_t n,
                               int64_t *counts, zagg_err *err)
{
    if (h->bins.n > 0)
        memset(counts, 0, h->bins.n * sizeof *counts);
    return count_slice(h, values, n, (counter){.wide = counts}, err);
}

zagg_status zg_histogram_add_u32(const zg_histogram *h, const void *values, size_t n,
                                 uint32_t *counts, zagg_err *err)
{
    return count_slice(h, values, n, (counter){.narrow = counts}, err);
}
