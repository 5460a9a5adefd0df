/* Selection among 32-bit and among 64-bit keys: the functions of reduce_select_type.h,
 * with the suffixes _32 and _64. The file that includes this defines SMALL, SAMPLE_MAX,
 * PASS_LIMIT and COUNT_BLOCK before, so that a test can set limits of its own. */
#ifndef ZAGG_STATS_REDUCE_SELECT_H
#define ZAGG_STATS_REDUCE_SELECT_H

#include <stddef.h>
#include <stdint.h>

#define KEY int32_t
#define UKEY uint32_t
#define SIGN UINT32_C(0x80000000)
#define KEY_MIN INT32_MIN
#define KEY_MAX INT32_MAX
#define NAME(x) x##_32
#include "stats/reduce_select_type.h"
#undef KEY
#undef UKEY
#undef SIGN
#undef KEY_MIN
#undef KEY_MAX
#undef NAME

#define KEY int64_t
#define UKEY uint64_t
#define SIGN UINT64_C(0x8000000000000000)
#define KEY_MIN INT64_MIN
#define KEY_MAX INT64_MAX
#define NAME(x) x##_64
#include "stats/reduce_select_type.h"
#undef KEY
#undef UKEY
#undef SIGN
#undef KEY_MIN
#undef KEY_MAX
#undef NAME

#endif
