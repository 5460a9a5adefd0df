/* The same pseudo-random numbers on every machine. */
#ifndef ZAGG_TESTS_RANDOM_H
#define ZAGG_TESTS_RANDOM_H

#include <stdint.h>

/** splitmix64 (Steele, Lea and Flood 2014). */
static inline uint64_t random_u64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/** Uniform in [low, high). */
static inline double random_between(uint64_t *state, double low, double high)
{
    return low + (high - low) * (double)(random_u64(state) >> 11) * 0x1p-53;
}

#endif
