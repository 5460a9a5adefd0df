/* Copying a value tree into another arena. */
#ifndef ZG_TREE_COPY_H
#define ZG_TREE_COPY_H

#include "zagg/value.h"

/** A deep copy of `v` in `arena`. RANGE beyond 64 levels. */
zagg_status zg_tree_copy(zagg_arena *arena, const zagg_value *v, const zagg_value **out,
                         zagg_err *err);

#endif
