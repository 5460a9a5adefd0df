/* Small trees of values, member by member. */
#ifndef ZG_MAP_VALUES_H
#define ZG_MAP_VALUES_H

#include "text/tree.h"

/** A map that grows; texts are copied, values are shared. After a failure (memory) it
 * takes no more and zg_members_end says so. */
typedef struct zg_members {
    zg_tree *tree;
    zg_vec list; /* zagg_member */
    bool failed;
} zg_members;

void zg_members_begin(zg_members *m, zg_tree *tree);
/** A member of this key keeps its place and gets the new value. */
void zg_members_put(zg_members *m, const char *key, const zagg_value *value);
void zg_members_str(zg_members *m, const char *key, const char *text); /* NULL: null */
void zg_members_int(zg_members *m, const char *key, uint64_t v);
void zg_members_float(zg_members *m, const char *key, double v);
void zg_members_bool(zg_members *m, const char *key, bool v);
/** All members of another map. */
void zg_members_copy(zg_members *m, const zagg_value *map);
void zg_members_drop(zg_members *m, const char *key);
/** The map, in the tree's arena. NOMEM. Frees what the list held. */
zagg_status zg_members_end(zg_members *m, const zagg_value **out, zagg_err *err);

/** A list of values, shared. */
zagg_status zg_list_of(zg_tree *tree, const zagg_value *const *items, size_t n,
                       const zagg_value **out, zagg_err *err);
/** An unsigned integer as the readers of JSON have it: INT where it fits. */
zagg_status zg_integer(zg_tree *tree, uint64_t v, const zagg_value **out, zagg_err *err);

#endif
