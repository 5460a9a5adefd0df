/* Making trees of values that come from no text: items out of tables, metadata. */
#ifndef ZG_CAT_MAKE_VALUE_H
#define ZG_CAT_MAKE_VALUE_H

#include "base/base.h"
#include "text/tree.h"
#include "zagg/value.h"

/** Makes nodes in an arena and remembers the first failure: calls after it do nothing and
 * give a null, so that it is asked for once, at the end. */
typedef struct zg_maker {
    zg_tree tree;
    zagg_status status;
    zagg_err *err;
} zg_maker;

void zg_make_begin(zg_maker *m, zagg_arena *arena, zagg_err *err);
const zagg_value *zg_make_null(zg_maker *m);
const zagg_value *zg_make_bool(zg_maker *m, bool v);
const zagg_value *zg_make_i64(zg_maker *m, int64_t v);
const zagg_value *zg_make_u64(zg_maker *m, uint64_t v);
const zagg_value *zg_make_double(zg_maker *m, double v);
/** NULL gives a null. */
const zagg_value *zg_make_text(zg_maker *m, const char *text);
const zagg_value *zg_make_bytes(zg_maker *m, const char *text, size_t len);
/** A list of `n` items, which are copied. */
const zagg_value *zg_make_list(zg_maker *m, const zagg_value *const *items, size_t n);
const zagg_value *zg_make_doubles(zg_maker *m, const double *v, size_t n);

/** An object that grows; members keep their order. */
typedef struct zg_object {
    zg_maker *maker;
    zg_vec members; /* zagg_member */
} zg_object;
void zg_object_begin(zg_object *map, zg_maker *m);
/** `value` NULL: nothing is added. */
void zg_object_put(zg_object *map, const char *key, const zagg_value *value);
/** Ends and frees it. */
const zagg_value *zg_object_end(zg_object *map);

#endif
