/* One tree of values for YAML 1.1 and JSON text: what a config, shard map or event is
 * read into. Immutable once parsed; all of it lives in one arena. */
#ifndef ZAGG_VALUE_H
#define ZAGG_VALUE_H

#include "zagg/arena.h"
#include "zagg/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum zagg_kind {
    ZAGG_NULL = 0,
    ZAGG_BOOL,
    ZAGG_INT,    /* fits int64: u.i */
    ZAGG_UINT,   /* above INT64_MAX, fits uint64: u.u */
    ZAGG_BIGINT, /* an integer beyond both: str/str_len hold its decimal text */
    ZAGG_FLOAT,  /* u.f, may be NaN or infinite */
    ZAGG_STR,    /* str/str_len, NUL-terminated UTF-8; may hold NUL bytes inside */
    ZAGG_DATE,   /* YAML timestamp: str holds the text as written */
    ZAGG_LIST,
    ZAGG_MAP
} zagg_kind;

typedef struct zagg_value zagg_value;
typedef struct zagg_member {
    const zagg_value *key; /* JSON: always STR; YAML: any scalar */
    const zagg_value *value;
} zagg_member;

struct zagg_value {
    zagg_kind kind;
    bool quoted; /* STR that was quoted in the text (never resolved to another kind) */
    uint32_t line, column; /* where it starts, from 1; 0 when unknown (JSON) */
    union {
        bool b;
        int64_t i;
        uint64_t u;
        double f;
    } u;
    const char *str;
    size_t str_len;
    size_t n;                       /* LIST and MAP: number of entries */
    const zagg_value *const *items; /* LIST */
    const zagg_member *members;     /* MAP, in file order; of equal keys the last value is
                                       kept at the place of the first, as Python does */
};

/** Parse YAML 1.1 as PyYAML's safe loader does (resolver rules included: `1e-6` is text,
 *  `010` is 8, `on` is true). `name` is used in messages. The tree lives in `arena`.
 *  Limits: 64 levels and 1 M nodes, both with aliases written out, 1024 anchors, integers
 * of 4300 digits; no tags but null, bool, int, float, str, timestamp, seq, map. Aliases
 * are resolved by sharing and cannot form cycles; an empty document is NULL. Tabs between
 *  tokens pass, which PyYAML refuses. Errors: FORMAT with line and column, RANGE (limit),
 *  UNSUPPORTED (several documents, other tags, merge key trouble), NOMEM. */
ZAGG_API zagg_status zagg_yaml_parse(zagg_arena *arena, const char *text, size_t len,
                                     const char *name, const zagg_value **out,
                                     zagg_err *err);

/** Parse JSON (through json-c); integers keep 64 bits, signed or unsigned, larger ones
 * are refused (RANGE); NaN, Infinity are accepted as Python writes them. Bytes must be
 * UTF-8, keys must not hold \u0000; trailing bytes other than white space are an error.
 * Limit: 64 levels. Errors: FORMAT with line and offset, RANGE, NOMEM. */
ZAGG_API zagg_status zagg_json_parse(zagg_arena *arena, const char *text, size_t len,
                                     const char *name, const zagg_value **out,
                                     zagg_err *err);

/** Member of a MAP by text key; NULL when absent or `v` is NULL or no MAP. O(n). */
ZAGG_API const zagg_value *zagg_value_get(const zagg_value *v, const char *key);
/** As zagg_value_get, but a member that is null counts as absent. */
ZAGG_API const zagg_value *zagg_value_get_set(const zagg_value *v, const char *key);
/** "null", "bool", "int", "float", "str", "date", "list", "mapping". Static text. */
ZAGG_API const char *zagg_value_kind_name(const zagg_value *v);
/** Truth as Python sees it (empty text, list, map, 0, 0.0, null are false). */
ZAGG_API bool zagg_value_truthy(const zagg_value *v);
/** True and *out set when `v` is a number: INT, UINT or FLOAT (BOOL is not). */
ZAGG_API bool zagg_value_number(const zagg_value *v, double *out);
/** True and *out set when `v` is an INT or UINT that fits. BOOL is refused. */
ZAGG_API bool zagg_value_i64(const zagg_value *v, int64_t *out);
ZAGG_API bool zagg_value_u64(const zagg_value *v, uint64_t *out);
/** True when `v` is STR and equals `text`. */
ZAGG_API bool zagg_value_is(const zagg_value *v, const char *text);
/** Deep equality as Python's == sees it: 10 == 10.0, True == 1; map order does not count.
 */
ZAGG_API bool zagg_value_equal(const zagg_value *a, const zagg_value *b);

#ifdef __cplusplus
}
#endif
#endif
