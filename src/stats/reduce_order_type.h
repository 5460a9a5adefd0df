/* Extremes, counts and products of one element type; included once for each type with
 *   T        the element type
 *   NAME(x)  the decorated name of a function
 *   LOWEST, HIGHEST  the ends of the type (infinities of floats)
 *   MASK     an unsigned type as wide as T, so that the lanes stay in step
 * which it undefines at its end, and
 *   IS_FLOAT   1 where elements may be NaN
 *   SCALAR(dtype, x)  a result of the element type
 *   SUBTRACT(a, b)    in the element type, wrapping for whole numbers
 * Extremes go through eight lanes: the order does not matter to them, and the plain inner
 * loop becomes vector code. */

#if IS_FLOAT
#define IS_NAN(x) ((x) != (x))
#else
#define IS_NAN(x) 0
#endif

/* Smallest (largest) element that is a number, HIGHEST (LOWEST) when there is none; *nan
 * tells whether a NaN was met. */
#define EXTREME(function, start, OP)                                                     \
    static T NAME(function)(const T *a, size_t n, bool *nan)                             \
    {                                                                                    \
        T best[8] = {start, start, start, start, start, start, start, start};            \
        MASK bad[8] = {0};                                                               \
        size_t i = 0;                                                                    \
        for (; i + 8 <= n; i += 8) {                                                     \
            for (size_t k = 0; k < 8; k++) {                                             \
                T x = a[i + k];                                                          \
                best[k] = x OP best[k] ? x : best[k];                                    \
                bad[k] |= (MASK)IS_NAN(x);                                               \
            }                                                                            \
        }                                                                                \
        for (; i < n; i++) {                                                             \
            best[0] = a[i] OP best[0] ? a[i] : best[0];                                  \
            bad[0] |= (MASK)IS_NAN(a[i]);                                                \
        }                                                                                \
        for (size_t k = 1; k < 8; k++) {                                                 \
            best[0] = best[k] OP best[0] ? best[k] : best[0];                            \
            bad[0] |= bad[k];                                                            \
        }                                                                                \
        *nan = bad[0] != 0;                                                              \
        return best[0];                                                                  \
    }
EXTREME(smallest, HIGHEST, <)
EXTREME(largest, LOWEST, >)
#undef EXTREME

#if IS_FLOAT
/* Both extremes in one pass; NaN where any element is. */
static void NAME(both)(const T *a, size_t n, double *least, double *most)
{
    T lo[8], hi[8];
    MASK bad[8] = {0};
    size_t i = 0;
    for (size_t k = 0; k < 8; k++) {
        lo[k] = HIGHEST;
        hi[k] = LOWEST;
    }
    for (; i + 8 <= n; i += 8) {
        for (size_t k = 0; k < 8; k++) {
            T x = a[i + k];
            lo[k] = x < lo[k] ? x : lo[k];
            hi[k] = x > hi[k] ? x : hi[k];
            bad[k] |= (MASK)IS_NAN(x);
        }
    }
    for (; i < n; i++) { /* as above, so that zeros of both signs come out the same */
        lo[0] = a[i] < lo[0] ? a[i] : lo[0];
        hi[0] = a[i] > hi[0] ? a[i] : hi[0];
        bad[0] |= (MASK)IS_NAN(a[i]);
    }
    for (size_t k = 1; k < 8; k++) {
        lo[0] = lo[k] < lo[0] ? lo[k] : lo[0];
        hi[0] = hi[k] > hi[0] ? hi[k] : hi[0];
        bad[0] |= bad[k];
    }
    *least = bad[0] ? __builtin_nan("") : (double)lo[0];
    *most = bad[0] ? __builtin_nan("") : (double)hi[0];
}
#endif

/* Index of the first extreme; the first NaN wins. n > 0. */
static size_t NAME(arg_extreme)(const T *a, size_t n, bool largest)
{
    size_t best = 0;
    for (size_t i = 0; i < n; i++) {
        if (IS_NAN(a[i]))
            return i;
        if (largest ? a[i] > a[best] : a[i] < a[best])
            best = i;
    }
    return best;
}

static size_t NAME(count_nonzero)(const T *a, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += a[i] != 0; /* NaN is not zero */
    return count;
}

/* One extreme as numpy gives it: any NaN makes it NaN, unless NaNs are skipped; then only
 * a slice without a number is NaN. */
static T NAME(extreme)(const T *a, size_t n, bool largest, bool skip_nan)
{
    bool nan = false;
    T x = largest ? NAME(largest)(a, n, &nan) : NAME(smallest)(a, n, &nan);
#if IS_FLOAT
    if (!nan)
        return x;
    bool none = x == (largest ? LOWEST : HIGHEST);
    for (size_t i = 0; skip_nan && none && i < n; i++)
        none = IS_NAN(a[i]);
    return skip_nan && !none ? x : (T)__builtin_nan("");
#else
    (void)skip_nan;
    return x;
#endif
}

/* Sums and products wrap at 64 bits for whole numbers; products of floats go in order. */
#if IS_FLOAT
static T NAME(product)(const T *a, size_t n, bool skip_nan)
{
    T p = 1;
    for (size_t i = 0; i < n; i++)
        p *= skip_nan && IS_NAN(a[i]) ? 1 : a[i];
    return p;
}
#else
static uint64_t NAME(product)(const T *a, size_t n)
{
    uint64_t p = 1;
    for (size_t i = 0; i < n; i++)
        p *= (uint64_t)a[i];
    return p;
}
static uint64_t NAME(total)(const T *a, size_t n)
{
    uint64_t s = 0;
    for (size_t i = 0; i < n; i++)
        s += (uint64_t)a[i];
    return s;
}
#endif

static zg_scalar NAME(order)(const zg_reducer *r, zg_slice slice)
{
    const T *a = slice.values;
    size_t n = slice.n;
    switch (r->op) {
    case ZG_OP_MIN:
    case ZG_OP_MAX:
        return SCALAR(slice.dtype, NAME(extreme)(a, n, r->op == ZG_OP_MAX, r->skip_nan));
    case ZG_OP_PTP:
        return SCALAR(slice.dtype, SUBTRACT(NAME(extreme)(a, n, true, false),
                                            NAME(extreme)(a, n, false, false)));
    case ZG_OP_ARGMIN:
    case ZG_OP_ARGMAX:
        return zg_scalar_int(ZAGG_DT_I64,
                             (int64_t)NAME(arg_extreme)(a, n, r->op == ZG_OP_ARGMAX));
    case ZG_OP_ANY:
        return zg_scalar_int(ZAGG_DT_BOOL, NAME(count_nonzero)(a, n) > 0);
    case ZG_OP_ALL:
        return zg_scalar_int(ZAGG_DT_BOOL, NAME(count_nonzero)(a, n) == n);
#if IS_FLOAT
    case ZG_OP_PROD:
        return SCALAR(slice.dtype, NAME(product)(a, n, r->skip_nan));
#else
    case ZG_OP_PROD:
        return whole64(slice.dtype, NAME(product)(a, n));
    case ZG_OP_SUM:
        return whole64(slice.dtype, NAME(total)(a, n));
#endif
    default:
        return zg_scalar_int(ZAGG_DT_I64, (int64_t)NAME(count_nonzero)(a, n));
    }
}

#undef IS_NAN
#undef T
#undef MASK
#undef NAME
#undef LOWEST
#undef HIGHEST
