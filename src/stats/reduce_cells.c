/* Several reducers over many slices of one column. What they have in common is worked out
 * once a slice: the sum behind sum, mean, var and std, the squared deviations behind var
 * and std, both extremes in one pass. Results are those of zg_reduce, bit for bit. */
#include "stats/reduce_impl.h"

#include <math.h>
#include <string.h>

enum { NEEDS_SUM = 1, NEEDS_SQUARES = 2, NEEDS_EXTREMES = 4 };

/* Of one slice; what is not needed is not filled. */
typedef struct common {
    double sum, squares;
    double least, most; /* NaN where any element is */
} common;

/* What a reducer takes from `common`; 0 when it goes its own way. */
static unsigned needs_of(const zg_reducer *r, zagg_dtype dtype)
{
    const bool is_float = zagg_dtype_is_float(dtype);
    if (r->skip_nan && is_float)
        return 0;
    switch (r->op) {
    case ZG_OP_SUM:
        return is_float ? NEEDS_SUM : 0;
    case ZG_OP_MEAN:
        return NEEDS_SUM;
    case ZG_OP_VAR:
    case ZG_OP_STD:
        return NEEDS_SUM | NEEDS_SQUARES;
    case ZG_OP_MIN:
    case ZG_OP_MAX:
        return is_float ? NEEDS_EXTREMES : 0;
    default:
        return 0;
    }
}

static double mean_of(zagg_dtype real, double sum, size_t n)
{
    return zg_round_to(real, sum / (double)n);
}

static void work_out(unsigned needs, zg_slice x, common *c)
{
    const zagg_dtype real = zg_real_of(x.dtype);
    if ((needs & NEEDS_SUM) != 0)
        c->sum = zg_sum_cast(real, x);
    if ((needs & NEEDS_SQUARES) != 0) {
        const zg_terms t = {.term = ZG_TERM_SQUARED_DEVIATION,
                            .x = x,
                            .centre = mean_of(real, c->sum, x.n)};
        c->squares = zg_sum_terms(real, &t);
    }
    if ((needs & NEEDS_EXTREMES) != 0)
        zg_extremes(x, &c->least, &c->most);
}

static zg_scalar from_common(const zg_reducer *r, zg_slice x, const common *c)
{
    const zagg_dtype real = zg_real_of(x.dtype);
    const double freedom = (double)x.n - r->ddof;
    double v;
    switch (r->op) {
    case ZG_OP_MIN:
        return zg_scalar_float(real, c->least);
    case ZG_OP_MAX:
        return zg_scalar_float(real, c->most);
    case ZG_OP_SUM:
        return zg_scalar_float(real, c->sum);
    case ZG_OP_MEAN:
        return zg_scalar_float(real, mean_of(real, c->sum, x.n));
    default:
        v = zg_round_to(real, c->squares / (freedom > 0 ? freedom : 0));
        if (r->op == ZG_OP_STD)
            v = real == ZAGG_DT_F32 ? (double)sqrtf((float)v) : sqrt(v);
        return zg_scalar_float(real, v);
    }
}

static zagg_status store(zg_scalar s, const zg_cell_field *f, size_t cell, zagg_err *err)
{
    if (f->dtype == ZAGG_DT_F32 && s.dtype == ZAGG_DT_F32) {
        ((float *)f->out)[cell] = (float)s.v.f;
        return ZAGG_OK;
    }
    return zg_scalar_store(s, f->dtype,
                           (uint8_t *)f->out + cell * zagg_dtype_size(f->dtype), err);
}

size_t zg_reduce_cells_scratch_bytes(const zg_cells *cells, const zg_cell_field *fields,
                                     size_t n_fields)
{
    size_t most = 0, bytes = 0;
    for (size_t i = 0; i < cells->n; i++)
        if (cells->bounds[i + 1] - cells->bounds[i] > most)
            most = cells->bounds[i + 1] - cells->bounds[i];
    for (size_t k = 0; k < n_fields; k++) {
        const size_t b = zg_reducer_scratch_bytes(fields[k].reducer, cells->dtype, most);
        bytes = b > bytes ? b : bytes;
    }
    return bytes;
}

/* A field by itself. */
static zagg_status reduce_alone(const zg_cell_field *f, zg_slice x, size_t first,
                                void *scratch, zg_scalar *out, zagg_err *err)
{
    const uint8_t *weights = f->weights;
    if (weights)
        weights += first * zagg_dtype_size(f->weights_dtype);
    return zg_reduce(f->reducer, x.dtype, x.values, x.n, f->weights_dtype, weights,
                     scratch, out, err);
}

zagg_status zg_reduce_cells(const zg_cells *cells, const zg_cell_field *fields,
                            size_t n_fields, void *scratch, size_t *bad_cell,
                            size_t *bad_field, zagg_err *err)
{
    const size_t size = zagg_dtype_size(cells->dtype);
    const uint8_t *values = cells->values;
    unsigned needs = 0;
    for (size_t k = 0; k < n_fields; k++)
        needs |= needs_of(fields[k].reducer, cells->dtype);
    for (size_t i = 0; i < cells->n; i++) {
        const size_t first = cells->bounds[i] - cells->bounds[0];
        const zg_slice x = {cells->dtype, values ? values + first * size : NULL,
                            cells->bounds[i + 1] - cells->bounds[i]};
        common c = {0};
        if (x.n > 0)
            work_out(needs, x, &c);
        for (size_t k = 0; k < n_fields; k++) {
            const zg_cell_field *f = &fields[k];
            zg_scalar value;
            zagg_status status = ZAGG_OK;
            if (x.n > 0 && needs_of(f->reducer, x.dtype) != 0)
                value = from_common(f->reducer, x, &c);
            else
                status = reduce_alone(f, x, first, scratch, &value, err);
            if (status == ZAGG_OK)
                status = store(value, f, cells->places ? cells->places[i] : i, err);
            if (status != ZAGG_OK) {
                *bad_cell = i;
                *bad_field = k;
                return status;
            }
        }
    }
    return ZAGG_OK;
}
