/* Sorting of numbers by their keys. */
#include "stats/sort.h"

enum {
    BLOCK = 32, /* sorted without merging */
    FEW = 32,   /* elements a pass from which distributing beats merging */
    DIGIT = 8   /* bits */
};

/* Up to BLOCK keys: each goes to the place given by how many are smaller. Equal keys
 * share a place; the gaps behind it are filled in afterwards. */
static void rank_sort_u32(uint32_t *keys, size_t n)
{
    int32_t a[BLOCK], out[BLOCK]; /* signed, which vector units compare */
    for (size_t i = 0; i < n; i++)
        a[i] = (int32_t)(keys[i] ^ UINT32_C(0x80000000));
    for (size_t i = n; i % 8 != 0; i++)
        a[i] = INT32_MAX;
    for (size_t i = 0; i < BLOCK; i++)
        out[i] = INT32_MIN;
    for (size_t i = 0; i < n; i += 8) {
        int32_t x[8], smaller[8] = {0};
        memcpy(x, a + i, sizeof x);
        for (size_t j = 0; j < n; j++) {
            for (size_t lane = 0; lane < 8; lane++)
                smaller[lane] += a[j] < x[lane];
        }
        size_t end = n - i < 8 ? n - i : 8;
        for (size_t lane = 0; lane < end; lane++)
            out[smaller[lane]] = x[lane];
    }
    int32_t last = INT32_MIN;
    for (size_t i = 0; i < n; i++) {
        last = out[i] > last ? out[i] : last;
        keys[i] = (uint32_t)last ^ UINT32_C(0x80000000);
    }
}

static void insertion_sort_pairs(zg_pair *pairs, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        zg_pair x = pairs[i];
        size_t j = i;
        for (; j > 0 && pairs[j - 1].key > x.key; j--)
            pairs[j] = pairs[j - 1];
        pairs[j] = x;
    }
}

#define T uint32_t
#define KEY(x) (x)
#define NAME(x) x##_u32
#define SMALL_SORT rank_sort_u32
#include "stats/sort_type.h"

#define T zg_pair
#define KEY(x) ((x).key)
#define NAME(x) x##_pairs
#define SMALL_SORT insertion_sort_pairs
#include "stats/sort_type.h"

void zg_sort_u32(uint32_t *keys, size_t n, uint32_t *work)
{
    sort_u32(keys, n, work);
}

void zg_sort_pairs(zg_pair *pairs, size_t n, zg_pair *work)
{
    sort_pairs(pairs, n, work);
}
