/* Reductions of segments, and of the axes of tables: what their sources share. */
#ifndef ZG_EXPR_FN_REDUCE_H
#define ZG_EXPR_FN_REDUCE_H

#include "expr/fn.h"
#include "stats/reduce_impl.h"

enum { ZX_SKIPS_NAN = 64, ZX_REDUCE_OP = 63 }; /* zx_fn.op */
enum { ZX_WHOLE = -1 };                        /* no axis: everything of a segment */

static inline zg_reduce_op zx_reduce_op(const zx_fn *fn)
{
    return (zg_reduce_op)(fn->op & ZX_REDUCE_OP);
}

/** Where a signature has its parameters: see the table of fn_reduce.c. */
typedef enum zx_place {
    ZX_AT_AXIS,
    ZX_AT_DTYPE,
    ZX_AT_OUT,
    ZX_AT_DDOF,
    ZX_AT_WEIGHTS,
    ZX_AT_Q,
    ZX_AT_METHOD
} zx_place;

/** Number of a parameter; ZX_MAX_PARAMS where the function has none such. */
size_t zx_param_index(const zx_fn *fn, zx_place what);
/** Its type, or one that is ABSENT. */
const zx_type *zx_param(const zx_fn *fn, const zx_type *p, zx_place what);

static inline bool zx_is_given(const zx_type *t)
{
    return t->kind != ZX_K_ABSENT && t->kind != ZX_K_NONE;
}

/** One reduction of a run. */
typedef struct zx_reduction {
    zx_run *r;
    zg_reducer reducer;
    zagg_dtype result;
    zagg_dtype cast_to; /* dtype= of a sum, product or mean; NONE */
    void *scratch;
    size_t scratch_n; /* elements that the scratch serves */
} zx_reduction;

/** One slice of a segment: `to` has room for an element of w->result. */
zagg_status zx_reduce_slice(zx_reduction *w, size_t seg, const zg_slice *x,
                            const zg_slice *weights, void *to);
/** Everything of each segment (ZX_WHOLE), the columns of a table (0) or its rows (1).
 * Weights may be NULL and are for ZX_WHOLE only. */
zagg_status zx_reduce_axis(zx_reduction *w, const zx_val *a, const zx_val *weights,
                           int axis, zx_val *out);

/** Quantiles: the type, given that of the mean of the data; the method; the values. */
zagg_status zx_quantile_type(const zx_fn *fn, const zx_type *p, zx_check *c,
                             zx_type *out);
bool zx_find_quantile_method(const zx_type *t, zg_quantile_method *out);
zagg_status zx_quantiles(zx_reduction *w, const zx_fn *fn, const zx_type *p,
                         const zx_val *args, const zx_val *a, zx_val *out);

#endif
