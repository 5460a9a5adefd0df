/* Structured row filters with numpy's comparison rules.
 *
 * eq ne ge le lt gt compare the column with a weak Python number (NEP 50): integers
 * exactly, also where the literal does not fit the column's type; a float literal against
 * integers in double; float32 columns against the literal rounded to float32 (an integer
 * by way of double). in / not_in
 * give the list a type of its own first: one float makes all of it float64, and both
 * sides are promoted. NaN equals nothing. */
#include "core/read.h"
#include "text/text.h"

typedef enum number_kind {
    NUM_SIGNED,
    NUM_UNSIGNED,
    NUM_BEYOND, /* an integer outside every 64-bit column: i is its sign */
    NUM_FLOAT,
    NUM_NONE /* text, null: equal to nothing */
} number_kind;

typedef struct literal {
    number_kind kind;
    int64_t i;
    uint64_t u;
    double f; /* the value as double whatever the kind */
} literal;

/* Outcome of comparing one element with the literal; the index into the accept table. */
enum { CMP_LESS = 0, CMP_EQUAL, CMP_GREATER, CMP_UNORDERED };

static const uint8_t ACCEPT[6][4] = {
    [ZAGG_OP_EQ] = {0, 1, 0, 0}, [ZAGG_OP_NE] = {1, 0, 1, 1}, [ZAGG_OP_GE] = {0, 1, 1, 0},
    [ZAGG_OP_LE] = {1, 1, 0, 0}, [ZAGG_OP_LT] = {1, 0, 0, 0}, [ZAGG_OP_GT] = {0, 0, 1, 0},
};

static literal literal_from(const zagg_value *v)
{
    literal l = {NUM_NONE, 0, 0, 0.0};
    switch (v->kind) {
    case ZAGG_BOOL:
        l.kind = NUM_SIGNED;
        l.i = v->u.b;
        l.f = (double)l.i;
        break;
    case ZAGG_INT:
        l.kind = NUM_SIGNED;
        l.i = v->u.i;
        l.f = (double)l.i;
        break;
    case ZAGG_UINT:
        l.kind = NUM_UNSIGNED;
        l.u = v->u.u;
        l.f = (double)l.u;
        break;
    case ZAGG_BIGINT:
        l.kind = NUM_BEYOND;
        l.i = v->str_len > 0 && v->str[0] == '-' ? -1 : 1;
        if (!zg_float_parse(v->str, v->str_len, &l.f))
            l.f = l.i < 0 ? -__builtin_inf() : __builtin_inf();
        break;
    case ZAGG_FLOAT:
        l.kind = NUM_FLOAT;
        l.f = v->u.f;
        break;
    default:
        break;
    }
    return l;
}

static int order_double(double a, double b)
{
    if (a < b)
        return CMP_LESS;
    if (a > b)
        return CMP_GREATER;
    return a == b ? CMP_EQUAL : CMP_UNORDERED;
}

static int order_signed(int64_t a, const literal *l)
{
    if (l->kind == NUM_UNSIGNED)
        return CMP_LESS; /* the literal is above INT64_MAX */
    if (l->kind == NUM_BEYOND)
        return l->i > 0 ? CMP_LESS : CMP_GREATER;
    return a < l->i ? CMP_LESS : a > l->i ? CMP_GREATER : CMP_EQUAL;
}

static int order_unsigned(uint64_t a, const literal *l)
{
    uint64_t b = l->u;
    if (l->kind == NUM_BEYOND)
        return l->i > 0 ? CMP_LESS : CMP_GREATER;
    if (l->kind == NUM_SIGNED) {
        if (l->i < 0)
            return CMP_GREATER;
        b = (uint64_t)l->i;
    }
    return a < b ? CMP_LESS : a > b ? CMP_GREATER : CMP_EQUAL;
}

#define EACH(T, outcome)                                                                 \
    do {                                                                                 \
        const T *x = values;                                                             \
        for (size_t i = 0; i < n; i++)                                                   \
            keep[i] = (uint8_t)(keep[i] & (accept[outcome] ^ invert));                   \
    } while (0)

#define EACH_INT(T, wide, exact)                                                         \
    do {                                                                                 \
        if (l.kind == NUM_FLOAT)                                                         \
            EACH(T, order_double((double)x[i], l.f));                                    \
        else                                                                             \
            EACH(T, exact((wide)x[i], &l));                                              \
    } while (0)

static void keep_compared(const zagg_filter *filter, zagg_dtype dtype, const void *values,
                          size_t n, uint8_t *keep)
{
    const uint8_t *accept = ACCEPT[filter->op];
    const uint8_t invert = filter->keep ? 0 : 1;
    const literal l = literal_from(filter->value);
    if (l.kind == NUM_NONE) {
        const uint8_t outcome = (uint8_t)((filter->op == ZAGG_OP_NE ? 1 : 0) ^ invert);
        for (size_t i = 0; i < n; i++)
            keep[i] = (uint8_t)(keep[i] & outcome);
        return;
    }
    const float narrow = (float)l.f;
    switch (dtype) {
    case ZAGG_DT_I8:
        EACH_INT(int8_t, int64_t, order_signed);
        break;
    case ZAGG_DT_I16:
        EACH_INT(int16_t, int64_t, order_signed);
        break;
    case ZAGG_DT_I32:
        EACH_INT(int32_t, int64_t, order_signed);
        break;
    case ZAGG_DT_I64:
        EACH_INT(int64_t, int64_t, order_signed);
        break;
    case ZAGG_DT_BOOL:
    case ZAGG_DT_U8:
        EACH_INT(uint8_t, uint64_t, order_unsigned);
        break;
    case ZAGG_DT_U16:
        EACH_INT(uint16_t, uint64_t, order_unsigned);
        break;
    case ZAGG_DT_U32:
        EACH_INT(uint32_t, uint64_t, order_unsigned);
        break;
    case ZAGG_DT_U64:
        EACH_INT(uint64_t, uint64_t, order_unsigned);
        break;
    case ZAGG_DT_F32:
        EACH(float, order_double((double)x[i], (double)narrow));
        break;
    case ZAGG_DT_F64:
        EACH(double, order_double(x[i], l.f));
        break;
    case ZAGG_DT_NONE:
        break;
    }
}

/* ---- in / not_in ---- */

typedef struct literal_set {
    literal *items;
    size_t n;
    bool as_float;
} literal_set;

static bool set_holds_signed(const literal_set *s, int64_t x)
{
    for (size_t k = 0; k < s->n; k++)
        if (s->as_float ? (double)x == s->items[k].f
                        : order_signed(x, &s->items[k]) == CMP_EQUAL)
            return true;
    return false;
}

static bool set_holds_unsigned(const literal_set *s, uint64_t x)
{
    for (size_t k = 0; k < s->n; k++)
        if (s->as_float ? (double)x == s->items[k].f
                        : order_unsigned(x, &s->items[k]) == CMP_EQUAL)
            return true;
    return false;
}

static bool set_holds_double(const literal_set *s, double x)
{
    for (size_t k = 0; k < s->n; k++)
        if (x == s->items[k].f)
            return true;
    return false;
}

#define EACH_MEMBER(T, holds, wide)                                                      \
    do {                                                                                 \
        const T *x = values;                                                             \
        for (size_t i = 0; i < n; i++)                                                   \
            keep[i] = (uint8_t)(keep[i] & (uint8_t)(holds(set, (wide)x[i]) != invert));  \
    } while (0)

static void keep_members(const literal_set *set, bool invert, zagg_dtype dtype,
                         const void *values, size_t n, uint8_t *keep)
{
    switch (dtype) {
    case ZAGG_DT_I8:
        EACH_MEMBER(int8_t, set_holds_signed, int64_t);
        break;
    case ZAGG_DT_I16:
        EACH_MEMBER(int16_t, set_holds_signed, int64_t);
        break;
    case ZAGG_DT_I32:
        EACH_MEMBER(int32_t, set_holds_signed, int64_t);
        break;
    case ZAGG_DT_I64:
        EACH_MEMBER(int64_t, set_holds_signed, int64_t);
        break;
    case ZAGG_DT_BOOL:
    case ZAGG_DT_U8:
        EACH_MEMBER(uint8_t, set_holds_unsigned, uint64_t);
        break;
    case ZAGG_DT_U16:
        EACH_MEMBER(uint16_t, set_holds_unsigned, uint64_t);
        break;
    case ZAGG_DT_U32:
        EACH_MEMBER(uint32_t, set_holds_unsigned, uint64_t);
        break;
    case ZAGG_DT_U64:
        EACH_MEMBER(uint64_t, set_holds_unsigned, uint64_t);
        break;
    case ZAGG_DT_F32:
        EACH_MEMBER(float, set_holds_double, double);
        break;
    case ZAGG_DT_F64:
        EACH_MEMBER(double, set_holds_double, double);
        break;
    case ZAGG_DT_NONE:
        break;
    }
}

zagg_status zg_filter_values(const zagg_filter *filter, zagg_dtype dtype,
                             const void *values, size_t n, uint8_t *keep, zagg_err *err)
{
    if (filter->op != ZAGG_OP_IN && filter->op != ZAGG_OP_NOT_IN) {
        keep_compared(filter, dtype, values, n, keep);
        return ZAGG_OK;
    }
    literal_set set = {NULL, 0, false};
    if (filter->n_values > 0) {
        set.items = zg_alloc(filter->n_values, sizeof *set.items);
        if (!set.items)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the values of a filter");
    }
    for (size_t k = 0; k < filter->n_values; k++) {
        literal l = literal_from(filter->values[k]);
        if (l.kind == NUM_FLOAT)
            set.as_float = true;
        if (l.kind != NUM_NONE)
            set.items[set.n++] = l;
    }
    const bool invert = (filter->op == ZAGG_OP_NOT_IN) != !filter->keep;
    keep_members(&set, invert, dtype, values, n, keep);
    zg_free(set.items);
    return ZAGG_OK;
}
