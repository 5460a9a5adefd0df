/* Powers of ten for the shortest digits of floats. */
#ifndef ZG_TEXT_POWERS_OF_TEN_H
#define ZG_TEXT_POWERS_OF_TEN_H

#include <stdint.h>

enum { ZG_POWER_FIRST = -292, ZG_POWER_LAST = 324 };

/** 10^k = (hi * 2^64 + lo) * 2^(floor(log2(10^k)) - 127), rounded up; the top bit is set.
 */
typedef struct zg_power_of_ten {
    uint64_t hi, lo;
} zg_power_of_ten;

extern const zg_power_of_ten zg_powers_of_ten[ZG_POWER_LAST - ZG_POWER_FIRST + 1];

#endif
