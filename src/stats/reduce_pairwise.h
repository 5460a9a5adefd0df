/* numpy's pairwise summation for one real type; included once with REAL=float and once
 * with REAL=double, IS_F32 telling which. NAME(x) decorates the functions.
 *
 * P(a, n): below 8 elements in order from -0.0; up to 128 eight accumulators, combined in
 * one fixed way, then the tail in order; above that both halves, the first a multiple of
 * 8 long. The vector units of a CPU never change this order, so neither may the compiler.
 */

/* Elements lo .. lo+n-1 as REAL: a pointer into the column itself where the type is that
 * already, else converted into `buf`. */
static const REAL *NAME(load)(zagg_dtype dtype, const void *values, size_t lo, size_t n,
                              REAL buf[LEAF])
{
#define LOAD_AS(T)                                                                       \
    for (size_t i = 0; i < n; i++)                                                       \
        buf[i] = (REAL)((const T *)values)[lo + i];                                      \
    break
    switch (dtype) {
    case ZAGG_DT_BOOL:
        for (size_t i = 0; i < n; i++)
            buf[i] = ((const uint8_t *)values)[lo + i] != 0 ? 1 : 0;
        break;
    case ZAGG_DT_I8:
        LOAD_AS(int8_t);
    case ZAGG_DT_I16:
        LOAD_AS(int16_t);
    case ZAGG_DT_U8:
        LOAD_AS(uint8_t);
    case ZAGG_DT_U16:
        LOAD_AS(uint16_t);
#if IS_F32
    case ZAGG_DT_F32:
        return (const float *)values + lo;
    default: /* wider types are averaged in float64 */
        break;
#else
    case ZAGG_DT_I32:
        LOAD_AS(int32_t);
    case ZAGG_DT_I64:
        LOAD_AS(int64_t);
    case ZAGG_DT_U32:
        LOAD_AS(uint32_t);
    case ZAGG_DT_U64:
        LOAD_AS(uint64_t);
    case ZAGG_DT_F32:
        LOAD_AS(float);
    case ZAGG_DT_F64:
        return (const double *)values + lo;
    default:
        break;
#endif
    }
    return buf;
#undef LOAD_AS
}

/* Terms lo .. lo+n-1, n <= LEAF. */
static const REAL *NAME(terms)(const zg_terms *t, size_t lo, size_t n, REAL buf[LEAF])
{
    const REAL *x = NAME(load)(t->x.dtype, t->x.values, lo, n, buf);
    const REAL centre = (REAL)t->centre;
    switch (t->term) {
    case ZG_TERM_VALUE:
        return x;
    case ZG_TERM_NAN_AS_ZERO:
        for (size_t i = 0; i < n; i++)
            buf[i] = x[i] == x[i] ? x[i] : 0;
        break;
    case ZG_TERM_SQUARED_DEVIATION:
        for (size_t i = 0; i < n; i++) {
            REAL d = x[i] - centre;
            buf[i] = d * d;
        }
        break;
    case ZG_TERM_SQUARED_DEVIATION_SKIP_NAN:
        for (size_t i = 0; i < n; i++) {
            REAL d = x[i] - centre;
            buf[i] = x[i] == x[i] ? d * d : 0;
        }
        break;
    case ZG_TERM_WEIGHTED: {
        REAL weight_buf[LEAF];
        const REAL *w = NAME(load)(t->weights_dtype, t->weights, lo, n, weight_buf);
        for (size_t i = 0; i < n; i++)
            buf[i] = x[i] * w[i];
        break;
    }
    }
    return buf;
}

static REAL NAME(sum_leaf)(const REAL *x, size_t n)
{
    if (n < 8) {
        REAL s = (REAL)-0.0;
        for (size_t i = 0; i < n; i++)
            s += x[i];
        return s;
    }
    REAL r[8];
    memcpy(r, x, sizeof r);
    size_t i = 8;
    for (; i < n - n % 8; i += 8) {
        for (size_t k = 0; k < 8; k++)
            r[k] += x[i + k];
    }
    REAL s = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    for (; i < n; i++)
        s += x[i];
    return s;
}

/* Recursion depth is log2(n / 64). */
static REAL NAME(pairwise)(const zg_terms *t, size_t lo, size_t n)
{
    if (n <= LEAF) {
        REAL buf[LEAF];
        return NAME(sum_leaf)(NAME(terms)(t, lo, n, buf), n);
    }
    size_t half = n / 2;
    half -= half % 8;
    REAL head = NAME(pairwise)(t, lo, half);
    REAL tail = NAME(pairwise)(t, lo + half, n - half);
    return head + tail;
}

static REAL NAME(sum_blocks)(const zg_terms *t)
{
    REAL s = 0;
    for (size_t lo = 0; lo < t->x.n; lo += CAST_BLOCK) {
        size_t left = t->x.n - lo;
        s += NAME(pairwise)(t, lo, left < CAST_BLOCK ? left : CAST_BLOCK);
    }
    return s;
}
