/* Sorting of keys that are whole numbers: what digests spend most of their time on. */
#ifndef ZG_STATS_SORT_H
#define ZG_STATS_SORT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/** A key and what travels with it. */
typedef struct zg_pair {
    uint64_t key;
    uint32_t index;
} zg_pair;

/** Sort n keys ascending in place; `work` holds n more. O(n log n) at most. */
void zg_sort_u32(uint32_t *keys, size_t n, uint32_t *work);
/** By key; equal keys stay in order. */
void zg_sort_pairs(zg_pair *pairs, size_t n, zg_pair *work);

/** Keys in the order of the numbers. */
static inline uint32_t zg_key_of_f32(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits ^ ((0u - (bits >> 31)) | UINT32_C(0x80000000));
}
static inline float zg_f32_of_key(uint32_t key)
{
    uint32_t bits = key ^ (((key >> 31) - 1u) | UINT32_C(0x80000000));
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
/** -0 comes right before 0. */
#define ZG_KEY_OF_MINUS_ZERO UINT32_C(0x7fffffff)

/** As numpy compares while it sorts: -0 and 0 are equal, NaNs are equal and last. */
static inline uint64_t zg_stable_key_of_f64(double x)
{
    uint64_t bits;
    x += 0.0; /* -0 becomes 0 */
    memcpy(&bits, &x, sizeof bits);
    bits ^= (0u - (bits >> 63)) | UINT64_C(0x8000000000000000);
    return x == x ? bits : UINT64_MAX;
}

#endif
