/* Types that the checker works with, and the values of a run. */
#ifndef ZG_EXPR_VALUE_H
#define ZG_EXPR_VALUE_H

#include "base/base.h"
#include "stats/histogram.h"
#include "zagg/dtype.h"
#include "zagg/expr.h"

typedef enum zx_kind {
    ZX_K_ABSENT = 0, /* a parameter that was not given */
    ZX_K_VALUE,
    ZX_K_SEQ, /* tuple or list */
    ZX_K_TEXT,
    ZX_K_NONE,
    ZX_K_DTYPE
} zx_kind;

/** What is known of a value before it exists. */
typedef struct zx_type {
    zx_kind kind;
    zagg_dtype dtype; /* VALUE, DTYPE */
    bool weak;        /* VALUE: a Python number (int64, float64 or bool); rank 0 */
    unsigned rank;    /* VALUE: 0..2 */
    bool constant;    /* VALUE: a literal, in i and f (of whole numbers both) */
    int64_t i;
    double f;
    const char *text; /* TEXT */
    size_t n;         /* SEQ */
    const struct zx_type *items;
    bool is_list; /* SEQ: [..], else (..) */
} zx_type;

/** A value for all segments of a run. Rank 0: n_seg elements, or one where uniform. Rank
 * 1 and 2: `cols` elements a row (1 for rank 1), rows off[s]..off[s+1] for segment s, or
 * rows 0..off[1] for all of them where uniform. Elements are natively aligned. */
typedef struct zx_val {
    zagg_dtype dtype;
    bool weak, uniform;
    unsigned rank;
    size_t n_seg;
    const size_t *off;
    size_t cols;
    void *data;
    size_t n; /* sequences */
    const struct zx_val *items;
} zx_val;

/** One run over some segments. */
typedef struct zx_run {
    struct zagg_expr_memory *memory;
    size_t n_seg;
    const size_t *rows; /* offsets of the row inputs */
    size_t limit;       /* elements that an array of one segment may have */
    size_t most_bytes;  /* of all values together */
    size_t bad_segment;
    zagg_err *err;
} zx_run;

/** Bytes that a run over this many rows may take. */
size_t zx_most_bytes(size_t n_rows);
/** Memory of the run: gone at the next. NULL when it is lacking or the run's bound is
 * hit, the error being set. Aligned to 64; not zeroed. */
void *zx_take(zx_run *r, size_t n, size_t size);

/** Fail for a segment, with numpy's reason. */
zagg_status zx_fail(zx_run *r, size_t segment, const char *fmt, ...) ZAGG_PRINTF(3, 4);

/** Rows of a value in one segment, and where they start. Rank 0 has one row. */
static inline size_t zx_rows(const zx_val *v, size_t seg)
{
    if (v->rank == 0)
        return 1;
    return v->uniform ? v->off[1] : v->off[seg + 1] - v->off[seg];
}
static inline size_t zx_first(const zx_val *v, size_t seg)
{
    if (v->uniform)
        return 0;
    return v->rank == 0 ? seg : v->off[seg];
}
/** Elements of a whole value: all segments, or the one that serves all. */
static inline size_t zx_elements(const zx_val *v)
{
    if (v->rank == 0)
        return v->uniform ? 1 : v->n_seg;
    return (v->uniform ? v->off[1] : v->off[v->n_seg] - v->off[0]) * v->cols;
}
/** First element of a segment. */
static inline const void *zx_at_segment(const zx_val *v, size_t seg)
{
    return (const char *)v->data + zx_first(v, seg) * v->cols * zagg_dtype_size(v->dtype);
}

/** New values: rank 0; an array with these offsets (n_seg + 1, kept by reference). */
zagg_status zx_new_scalar(zx_run *r, zagg_dtype dtype, bool uniform, zx_val *out);
zagg_status zx_new_array(zx_run *r, zagg_dtype dtype, const size_t *off, zx_val *out);
/** An array of n rows of cols elements in every segment. */
zagg_status zx_new_rows(zx_run *r, zagg_dtype dtype, size_t n, unsigned rank, size_t cols,
                        zx_val *out);
/** Offsets of arrays whose lengths a value gives: ERANGE for negative ones, and beyond
 * the limit. */
zagg_status zx_lengths(zx_run *r, const zx_val *n, const size_t **out);
/** A value that serves all segments, written out for each; others as they are. Its
 * weakness is lost. */
zagg_status zx_write_out(zx_run *r, const zx_val *v, zx_val *out);
/** The same value in another type, as astype converts. The same memory where it fits. */
zagg_status zx_cast(zx_run *r, const zx_val *v, zagg_dtype dtype, zx_val *out);
/** A Python number in the type of its partner: OverflowError where a whole number does
 * not fit. */
zagg_status zx_adopt(zx_run *r, const zx_val *v, zagg_dtype dtype, zx_val *out);
/** True where an integer type holds i, and for every other type. */
bool zx_fits(int64_t i, zagg_dtype dtype);
/** Segment in which an element of the whole value lies. */
size_t zx_segment_of(const zx_val *v, size_t element);
/** One value a segment as double or integer (rank 0 only). */
double zx_double(const zx_val *v, size_t seg);
int64_t zx_int(const zx_val *v, size_t seg);

/** numpy's astype over n elements. Floats to integers truncate; what does not fit, and
 * NaN, becomes what x86 gives: the smallest 32- or 64-bit integer, the low bits of it for
 * narrower and unsigned types. */
void zg_cast(zagg_dtype from, const void *src, zagg_dtype to, void *dst, size_t n);

/** Type that numpy gives two operands (NEP 50), one or both of which may be Python
 * numbers; see zg_promote for arrays. */
zagg_dtype zx_common(const zx_type *a, const zx_type *b);

#endif
