/* Constants that tools/num-tables works out. */
#ifndef ZG_NUM_TABLES_H
#define ZG_NUM_TABLES_H

#include "num/dd.h"

enum { ZG_EXP2_STEPS = 128, ZG_LOG_STEPS = 128, ZG_PI_WORDS = 21 };

/** 2^(j / 128). */
extern const zg_dd zg_exp2_table[ZG_EXP2_STEPS];

/** c, of at most ten bits, near the inverse of the middle of a step, and -ln c. The steps
 * divide [ZG_LOG_START, 2 ZG_LOG_START) evenly in the bits of a double: they are 1/256
 * wide below 1 and 1/128 above. The one around 1 has c = 1, so that nothing cancels
 * there. */
typedef struct zg_log_row {
    double inverse;
    zg_dd log;
} zg_log_row;
extern const zg_log_row zg_log_table[ZG_LOG_STEPS];
#define ZG_LOG_START (1.0 - 75.5 / 256.0)

/** 2/pi: 64 zeros, then its bits after the point. */
extern const uint64_t zg_two_over_pi[ZG_PI_WORDS];

#endif
