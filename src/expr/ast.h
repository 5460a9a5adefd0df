/* The tree of a parsed text. Nodes live in one array, children before their parents. */
#ifndef ZG_EXPR_AST_H
#define ZG_EXPR_AST_H

#include "base/base.h"
#include "zagg/dtype.h"
#include "zagg/expr.h"

typedef enum zx_node_kind {
    ZX_INT = 0, /* i */
    ZX_FLOAT,   /* f */
    ZX_BOOL,    /* i: 0 or 1 */
    ZX_NONE,
    ZX_STRING, /* text */
    ZX_ELLIPSIS,
    ZX_NAME,    /* i: number of the name */
    ZX_DTYPE,   /* dtype */
    ZX_UNARY,   /* op, child 0 */
    ZX_BINARY,  /* op, children 0 and 1 */
    ZX_COMPARE, /* n children, n - 1 operators in ops */
    ZX_AND,     /* children 0 and 1 */
    ZX_OR,
    ZX_NOT,
    ZX_COND,  /* children: then, condition, else */
    ZX_TUPLE, /* n children */
    ZX_LIST,
    ZX_CALL,  /* fn; positional children, then keyword ones with names in keys */
    ZX_INDEX, /* child 0 of an array, the others are its indices */
    ZX_SLICE, /* three children, -1 where absent */
    ZX_ATTR   /* attr, child 0 */
} zx_node_kind;

typedef enum zx_op {
    ZX_ADD = 0,
    ZX_SUB,
    ZX_MUL,
    ZX_DIV,
    ZX_FLOORDIV,
    ZX_MOD,
    ZX_POW,
    ZX_BITAND,
    ZX_BITOR,
    ZX_BITXOR,
    ZX_LSHIFT,
    ZX_RSHIFT,
    ZX_LT,
    ZX_LE,
    ZX_GT,
    ZX_GE,
    ZX_EQ,
    ZX_NE,
    /* only as functions of numpy */
    ZX_MINIMUM,
    ZX_MAXIMUM,
    ZX_FMIN,
    ZX_FMAX,
    ZX_FMOD,
    ZX_COPYSIGN,
    ZX_LOGAND,
    ZX_LOGOR,
    ZX_LOGXOR,
    ZX_ARCTAN2,
    ZX_HYPOT,
    /* unary */
    ZX_NEG,
    ZX_POS,
    ZX_INVERT
} zx_op;

typedef enum zx_attr {
    ZX_ATTR_SIZE = 0,
    ZX_ATTR_SHAPE,
    ZX_ATTR_NDIM,
    ZX_ATTR_T,
    ZX_ATTR_DTYPE
} zx_attr;

struct zx_fn;

enum { ZX_MAX_KEYS = 8 };

typedef struct zx_node {
    zx_node_kind kind;
    uint32_t column; /* in the text, from 1 */
    uint32_t height; /* nodes on the longest way down */
    zx_op op;
    zx_attr attr;
    int64_t i;
    double f;
    zagg_dtype dtype;
    const char *text; /* STRING */
    const struct zx_fn *fn;
    bool method; /* called as x.f(): child 0 is x */
    size_t n;    /* children, keyword ones included */
    int32_t *children;
    size_t n_keys; /* the last n_keys children are keyword arguments */
    const char **keys;
    zx_op *ops; /* COMPARE */
} zx_node;

struct zagg_expr {
    zagg_arena *arena;
    const char *text;
    size_t n_names;
    const char **names;
    bool *used;
    zx_node *nodes;
    size_t n_nodes;
    int32_t root;
};

/** Put the text and the column in front of what is wrong with it. */
zagg_status zx_at(zagg_err *err, zagg_status status, const char *text, uint32_t column);

#endif
