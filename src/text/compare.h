/* Equality and hashing of values as Python sees them, and maps with keys made unique. */
#ifndef ZG_TEXT_COMPARE_H
#define ZG_TEXT_COMPARE_H

#include "text/tree.h"

/** Equal values have equal hashes (1, 1.0 and true are one key). Scalars only. */
uint64_t zg_value_hash(const zagg_value *v);

/** In place: of equal keys the first one stays, with the value of the last; returns how
 * many members are left. Linear time. */
zagg_status zg_unique_members(zagg_member *members, size_t n, size_t *out, zagg_err *err);

#endif
