/* Functions of the language: what they accept, what they give, how they run. */
#ifndef ZG_EXPR_FN_H
#define ZG_EXPR_FN_H

#include "expr/value.h"

enum { ZX_MAX_PARAMS = 8 };

/** State of a check: refusals go through zx_refuse, which adds text and column. */
typedef struct zx_check {
    zagg_arena *arena;
    const char *text;
    uint32_t column;
    zagg_err *err;
} zx_check;
zagg_status zx_refuse(zx_check *c, const char *fmt, ...) ZAGG_PRINTF(2, 3);

typedef struct zx_fn zx_fn;

/** Result type for parameters of these types (one for each name in `params`, ABSENT where
 * not given). */
typedef zagg_status (*zx_type_fn)(const zx_fn *fn, const zx_type *p, zx_check *c,
                                  zx_type *out);
/** The value; p as above, a[i] the values of those of kind VALUE (and SEQ, with items).
 */
typedef zagg_status (*zx_run_fn)(const zx_fn *fn, const zx_type *p, const zx_val *a,
                                 zx_run *r, zx_val *out);

struct zx_fn {
    const char *name;   /* after "np." */
    const char *params; /* "a axis ddof": positional in this order, keywords by name */
    unsigned required;  /* of them, from the left */
    bool method;        /* also a.name(...) */
    int op;             /* what functions of one kind tell each other apart by */
    zx_type_fn type;
    zx_run_fn run;
};

/** Tables, each ended by a row without a name. */
extern const zx_fn ZX_BUILTINS[], ZX_ELEMENTWISE[], ZX_CHOICES[], ZX_CONVERSIONS[],
    ZX_MATH[], ZX_REDUCTIONS[], ZX_ARRAYS[], ZX_SERIES[], ZX_SORTING[], ZX_SEARCH[],
    ZX_HISTOGRAM[];
/** Those of numpy's functions. */
enum { ZX_N_TABLES = 10 };
extern const zx_fn *const ZX_TABLES[ZX_N_TABLES];

/** Function of numpy, or NULL. */
const zx_fn *zx_find_fn(const char *name, size_t len);
/** A function whose name is near the word, or NULL. */
const char *zx_near_fn(const char *word, bool (*is_near)(const char *, const char *));
/** Built-in of Python that may be called by itself: len float int abs sum. */
const zx_fn *zx_find_builtin(const char *name, size_t len);

/* ---- helpers of type functions ---- */

/** A plain value. */
static inline zx_type zx_value_type(zagg_dtype dtype, unsigned rank)
{
    zx_type t = {.kind = ZX_K_VALUE, .dtype = dtype, .rank = rank};
    return t;
}
/** Parameter i must be a value (an array where `array`). */
zagg_status zx_want_value(zx_check *c, const zx_type *p, const char *name);
zagg_status zx_want_array(zx_check *c, const zx_type *p, const char *name);
/** Literal whole number of a parameter, or `otherwise` when it is absent or None. */
zagg_status zx_want_int(zx_check *c, const zx_type *p, const char *name,
                        int64_t otherwise, int64_t *out);
/** dtype= parameter: a name or np.float32; NONE when absent. float16 and others refused.
 */
zagg_status zx_want_dtype(zx_check *c, const zx_type *p, zagg_dtype *out);
/** Type of a name or of numpy's short form; NONE for any other text. */
zagg_dtype zx_dtype_from_text(const char *text);
/** A list or tuple of scalars, or a value: as the array that numpy makes of it. */
zagg_status zx_array_type(zx_check *c, const zx_type *p, const char *name, zx_type *out);
/** The value that goes with zx_array_type. */
zagg_status zx_as_array(zx_run *r, const zx_type *p, const zx_val *v, zx_val *out);

/** The same in a given type, as np.array(.., dtype) makes it. */
zagg_status zx_as_array_of(zx_run *r, const zx_type *p, const zx_val *v, zagg_dtype dtype,
                           zx_val *out);
/** One value as an item of an array: by way of int(), so that it must fit whole numbers.
 */
zagg_status zx_as_item(zx_run *r, const zx_val *v, zagg_dtype dtype, zx_val *out);

/** np.nonzero, which where with one argument is too. */
zagg_status zx_nonzero_type(const zx_type *p, zx_check *c, zx_type *out);
zagg_status zx_nonzero(zx_run *r, const zx_val *a, zx_val *out);

#endif
