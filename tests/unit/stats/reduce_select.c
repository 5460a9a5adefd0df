/* The guards of the selection: with next to no quickselect passes allowed, the bisection
 * of the key range has to find every rank. */
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

enum { SMALL = 8, SAMPLE_MAX = 15, PASS_LIMIT = 1, COUNT_BLOCK = 16 };

#include "stats/reduce_select.h"

enum { N = 200 };

static int compare_keys(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t key_at(size_t i, unsigned spread)
{
    uint64_t z = (i + 1) * UINT64_C(0x9E3779B97F4A7C15);
    z ^= z >> 31;
    return spread == 0 ? (int64_t)(z % 7) - 3
                       : (int64_t)(z * UINT64_C(0x94D049BB133111EB));
}

static void test_bisection(void **state)
{
    (void)state;
    static int64_t wide[N], sorted[N], work[N];
    static int32_t narrow[N], narrow_work[N];
    for (unsigned spread = 0; spread < 2; spread++) {
        for (size_t i = 0; i < N; i++)
            wide[i] = sorted[i] = key_at(i, spread);
        wide[5] = sorted[5] = INT64_MIN;
        wide[6] = sorted[6] = INT64_MAX;
        qsort(sorted, N, sizeof *sorted, compare_keys);
        for (size_t k = 0; k < N; k++) {
            assert_true(select_64(wide, N, k, work) == sorted[k]);
            if (k + 1 < N)
                assert_true(next_of_64(wide, N, k, sorted[k]) == sorted[k + 1]);
        }
        for (size_t i = 0; i < N; i++) {
            narrow[i] = (int32_t)(wide[i] >> 32);
            sorted[i] = wide[i] >> 32;
        }
        qsort(sorted, N, sizeof *sorted, compare_keys);
        for (size_t k = 0; k < N; k++) {
            assert_true(select_32(narrow, N, k, narrow_work) == sorted[k]);
            if (k + 1 < N)
                assert_true(next_of_32(narrow, N, k, (int32_t)sorted[k]) ==
                            sorted[k + 1]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_bisection)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
