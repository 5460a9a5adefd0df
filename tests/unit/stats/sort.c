/* Sorting of keys: every size around the limits of its methods, keys that differ in few
 * bits or none, stability; and the order of the keys of floats. */
#include "stats/sort.h"

#include "support/random.h"
#include "support/support.h"

#include <math.h>
#include <stdlib.h>

enum { N = 3000 };

static uint64_t seed = 1;

/* Kinds of keys: all bits, a few low ones, a few high ones, all the same, ascending,
 * descending. */
static uint64_t key_of_kind(unsigned kind, size_t i, size_t n)
{
    switch (kind) {
    case 0:
        return random_u64(&seed);
    case 1:
        return UINT64_C(0x4040404040404040) + random_u64(&seed) % 7;
    case 2:
        return random_u64(&seed) << 60;
    case 3:
        return 0x12345678;
    case 4:
        return i << 20;
    default:
        return (n - i) << 3;
    }
}

static int compare_u32(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static const size_t sizes[] = {0,  1,  2,  7,   8,   9,   31,  32,  33,   63,
                               64, 65, 96, 100, 128, 129, 200, 300, 1000, N};

static void test_u32(void **state)
{
    (void)state;
    static uint32_t keys[N], expected[N], work[N];
    for (unsigned kind = 0; kind < 6; kind++) {
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            size_t n = sizes[s];
            for (size_t i = 0; i < n; i++) {
                uint64_t key = key_of_kind(kind, i, n);
                keys[i] = expected[i] = (uint32_t)(kind == 2 ? key >> 32 : key);
            }
            qsort(expected, n, sizeof *expected, compare_u32);
            zg_sort_u32(keys, n, work);
            if (n > 0 && memcmp(keys, expected, n * sizeof *keys) != 0)
                fail_msg("kind %u, %zu keys", kind, n);
        }
    }
}

static void test_pairs(void **state)
{
    (void)state;
    static zg_pair pairs[N], work[N];
    static uint64_t keys[N];
    for (unsigned kind = 0; kind < 6; kind++) {
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            size_t n = sizes[s];
            for (size_t i = 0; i < n; i++) {
                keys[i] = key_of_kind(kind, i, n);
                pairs[i] = (zg_pair){.key = keys[i], .index = (uint32_t)i};
            }
            zg_sort_pairs(pairs, n, work);
            for (size_t i = 0; i < n; i++) {
                assert_true(pairs[i].key == keys[pairs[i].index]);
                if (i > 0 && !(pairs[i - 1].key < pairs[i].key ||
                               (pairs[i - 1].key == pairs[i].key &&
                                pairs[i - 1].index < pairs[i].index)))
                    fail_msg("kind %u, %zu pairs: not in order at %zu", kind, n, i);
            }
        }
    }
}

static void test_keys(void **state)
{
    (void)state;
    static const float ascending[] = {-INFINITY, -3e38F, -1.5F, -1e-45F, -0.0F,
                                      0.0F,      1e-45F, 1.5F,  3e38F,   INFINITY};
    for (size_t i = 0; i < sizeof ascending / sizeof *ascending; i++) {
        float back = zg_f32_of_key(zg_key_of_f32(ascending[i]));
        assert_memory_equal(&back, &ascending[i], sizeof back);
        if (i == 0)
            continue;
        assert_true(zg_key_of_f32(ascending[i - 1]) < zg_key_of_f32(ascending[i]));
        uint64_t before = zg_stable_key_of_f64((double)ascending[i - 1]);
        uint64_t key = zg_stable_key_of_f64((double)ascending[i]);
        assert_true(ascending[i] == 0 && ascending[i - 1] == 0 ? before == key
                                                               : before < key);
    }
    assert_int_equal(zg_key_of_f32(-0.0F), ZG_KEY_OF_MINUS_ZERO);
    assert_true(zg_stable_key_of_f64((double)NAN) == UINT64_MAX);
    assert_true(zg_stable_key_of_f64(-(double)NAN) == UINT64_MAX);
    assert_true(zg_stable_key_of_f64((double)INFINITY) < UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_u32),
                                       cmocka_unit_test(test_pairs),
                                       cmocka_unit_test(test_keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
