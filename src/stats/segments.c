/* Sums and means of many short slices: one dispatch for all, the additions in numpy's
 * order. */
#include "stats/segments.h"

enum { LEAF = 128 };

/* Up to LEAF elements: see reduce_pairwise.h. */
#define LEAF_SUM(T)                                                                      \
    static inline T leaf_##T(const T *a, size_t n)                                       \
    {                                                                                    \
        T r[8], sum = -(T)0;                                                             \
        size_t i = 8;                                                                    \
        if (n < 8) {                                                                     \
            for (i = 0; i < n; i++)                                                      \
                sum += a[i];                                                             \
            return sum;                                                                  \
        }                                                                                \
        for (int k = 0; k < 8; k++)                                                      \
            r[k] = a[k];                                                                 \
        for (; i < n - n % 8; i += 8)                                                    \
            for (int k = 0; k < 8; k++)                                                  \
                r[k] += a[i + (size_t)k];                                                \
        sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));         \
        for (; i < n; i++)                                                               \
            sum += a[i];                                                                 \
        return sum;                                                                      \
    }

#define SUMS(T, DTYPE)                                                                   \
    static void sums_##T(const T *values, const size_t *offsets, size_t n_segments,      \
                         bool mean, T *out)                                              \
    {                                                                                    \
        for (size_t s = 0; s < n_segments; s++) {                                        \
            const T *a = values + offsets[s];                                            \
            const size_t n = offsets[s + 1] - offsets[s];                                \
            T sum;                                                                       \
            if (n <= LEAF) {                                                             \
                sum = (T)0 + leaf_##T(a, n);                                             \
            } else {                                                                     \
                const zg_terms terms = {.term = ZG_TERM_VALUE, .x = {DTYPE, a, n}};      \
                sum = (T)zg_sum_terms(DTYPE, &terms);                                    \
            }                                                                            \
            if (mean)                                                                    \
                sum = n ? (T)((double)sum / (double)n) : (T)__builtin_nan("");           \
            out[s] = sum == sum ? sum : (T)__builtin_nan("");                            \
        }                                                                                \
    }

LEAF_SUM(float)
LEAF_SUM(double)
SUMS(float, ZAGG_DT_F32)
SUMS(double, ZAGG_DT_F64)

bool zg_sum_segments(zagg_dtype dtype, const void *values, const size_t *offsets,
                     size_t n_segments, bool mean, void *out)
{
    if (dtype == ZAGG_DT_F32)
        sums_float(values, offsets, n_segments, mean, out);
    else if (dtype == ZAGG_DT_F64)
        sums_double(values, offsets, n_segments, mean, out);
    return zagg_dtype_is_float(dtype);
}
