/* Reducers by name, bit-equal to numpy: one contiguous slice of a column in, one scalar
 * out. */
#ifndef ZG_STATS_REDUCE_H
#define ZG_STATS_REDUCE_H

#include "base/base.h"
#include "zagg/dtype.h"
#include "zagg/value.h"

/** One numpy scalar: which type numpy would give, and its value. */
typedef struct zg_scalar {
    zagg_dtype dtype; /* BOOL and signed ints in i, unsigned in u, floats in f (a float32
                         is held exactly) */
    union {
        int64_t i;
        uint64_t u;
        double f;
    } v;
} zg_scalar;

/** A reducer with its parameters, compiled once per run. */
typedef struct zg_reducer zg_reducer;

/** Compile `function` ("mean", "np.mean", "numpy.mean", "len", ...) with its params (MAP
 * or NULL): q, ddof, method, and `weights` naming a column, which the caller resolves
 * (see zg_reducer_weights). ECONFIG for a function, parameter or value that is not known
 * or allowed (q outside 0..1 or a list); the message names it and what is allowed. Lives
 * in `arena`. */
zagg_status zg_reducer_compile(zagg_arena *arena, const char *function,
                               const zagg_value *params, const zg_reducer **out,
                               zagg_err *err);
/** len / count: needs no source column. */
bool zg_reducer_is_count(const zg_reducer *r);
/** Name of the weights column, or NULL. */
const char *zg_reducer_weights(const zg_reducer *r);

/** Scratch that reducers of up to n elements need, in bytes. */
size_t zg_reducer_scratch_bytes(const zg_reducer *r, zagg_dtype dtype, size_t n);

/** One slice. `weights` (n elements of weights_dtype) only where the reducer has weights.
 *  n may be 0: numpy's answer or its error. `scratch` is aligned for any type and holds
 *  zg_reducer_scratch_bytes. NaN results are the positive quiet NaN. O(n). Errors: ERANGE
 *  with numpy's reason (zero-size minimum, weights that sum to zero), EUNSUPPORTED for a
 *  dtype. */
zagg_status zg_reduce(const zg_reducer *r, zagg_dtype dtype, const void *values, size_t n,
                      zagg_dtype weights_dtype, const void *weights, void *scratch,
                      zg_scalar *out, zagg_err *err);

/** Type of the results for slices that are not empty, as numpy gives it: known before any
 *  value is. `weights` is the type of the weights, NONE without. */
zagg_dtype zg_reducer_type(const zg_reducer *r, zagg_dtype dtype, zagg_dtype weights);

/** Consecutive slices of one column. */
typedef struct zg_cells {
    zagg_dtype dtype;
    const void *values;   /* from the first slice on; NULL where only counts are asked */
    const size_t *bounds; /* n + 1: slice i is rows bounds[i]..bounds[i + 1] - 1, of
                             which bounds[0] is the first at `values` */
    const uint32_t *places; /* element of the results for each slice; NULL: i */
    size_t n;
} zg_cells;

/** One reducer over the slices. */
typedef struct zg_cell_field {
    const zg_reducer *reducer;
    zagg_dtype weights_dtype;
    const void *weights; /* from the first slice on, as `values`; NULL without */
    zagg_dtype dtype;    /* of the results, see zg_scalar_store */
    void *out;
} zg_cell_field;

/** Scratch that zg_reduce_cells needs, in bytes. O(slices). */
size_t zg_reduce_cells_scratch_bytes(const zg_cells *cells, const zg_cell_field *fields,
                                     size_t n_fields);

/** Reduce every slice with every reducer and store the results: as zg_reduce and
 *  zg_scalar_store one by one, bit for bit, but fields that stand on the same sum or the
 *  same pass share it. On an error *bad_cell and *bad_field (numbers) name the place, and
 *  results are partly written. Thread-safe. O(rows x fields). */
zagg_status zg_reduce_cells(const zg_cells *cells, const zg_cell_field *fields,
                            size_t n_fields, void *scratch, size_t *bad_cell,
                            size_t *bad_field, zagg_err *err);

/** Store a result in an element of a field: floats by way of double; an integer type
 * takes only whole values in its range (ERANGE else, NaN too). */
zagg_status zg_scalar_store(zg_scalar s, zagg_dtype dtype, void *element, zagg_err *err);

#endif
