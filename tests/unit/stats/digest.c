/* Building and merging digests without the golden folder: partitions against a plain
 * rendering of the rule, the cache of partitions and its bound, rows that are left out,
 * words, inputs that lie in the memory, errors, failing memory. */
#include "num/num.h"
#include "stats/digest_impl.h"
#include "support/support.h"
#include "zagg/geo.h"

#include <math.h>
#include <string.h>

static zagg_digest_memory *memory;

static int setup(void **state)
{
    (void)state;
    return zagg_digest_memory_new(&memory, NULL) == ZAGG_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    zagg_digest_memory_free(memory);
    return 0;
}

static zagg_digest build(const zagg_digest_rows *rows, double delta)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_digest d = {.n = SIZE_MAX};
    if (zagg_digest_build(memory, rows, delta, &d, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return d;
}

static zagg_digest build_f32(const float *values, size_t n, double delta)
{
    const zagg_digest_rows rows = {.n = n, .dtype = ZAGG_DT_F32, .values = values};
    return build(&rows, delta);
}

static void expect(const zagg_digest *d, size_t n, const float *centroids)
{
    assert_int_equal(d->n, n);
    for (size_t i = 0; i < 2 * n; i++) {
        if (memcmp(&d->centroids[i], &centroids[i], sizeof(float)) != 0)
            fail_msg("number %zu is %a, expected %a", i, (double)d->centroids[i],
                     (double)centroids[i]);
    }
}

/* ---- partitions ---- */

static double scale_k(double q, double delta)
{
    return delta * (zg_asin(2.0 * q - 1.0) / 3.141592653589793 + 0.5);
}

/* Every value is tried in turn. */
static void expect_partition(const zagg_digest *d, size_t n, double delta, bool as_0_11)
{
    size_t start = 0;
    for (size_t k = 0; k < d->n; k++) {
        double from = start == 0 ? 0 : scale_k((double)start / (double)n, delta);
        size_t end = start + 1;
        while (end < n) {
            double to = scale_k((double)(end + 1) / (double)n, delta);
            if (as_0_11 ? !(to - from <= 1.0) : to > from + 1.0)
                break;
            end++;
        }
        if ((size_t)d->centroids[2 * k + 1] != end - start)
            fail_msg("n %zu, delta %g: centroid %zu holds %g values, expected %zu", n,
                     delta, k, (double)d->centroids[2 * k + 1], end - start);
        start = end;
    }
    assert_int_equal(start, n);
}

static void test_partitions(void **state)
{
    (void)state;
    enum { N = 3000 };
    static float values[N];
    static const double deltas[] = {0.5, 1, 2, 3, 6, 16, 50.25, 256, 1000};
    for (size_t i = 0; i < N; i++)
        values[i] = (float)i;
    for (int as_0_11 = 0; as_0_11 < 2; as_0_11++) {
        zagg_digest_memory_use_0_11(memory, as_0_11);
        for (size_t k = 0; k < sizeof deltas / sizeof *deltas; k++) {
            for (size_t n = 1; n <= N; n += n < 400 ? 1 : 97) {
                zagg_digest d = build_f32(values, n, deltas[k]);
                expect_partition(&d, n, deltas[k], as_0_11);
            }
        }
    }
    zagg_digest_memory_use_0_11(memory, false);
}

static void work_out(size_t n, double delta)
{
    zg_partition p;
    assert_int_equal(zg_partition_units(memory, n, delta, &p, NULL), ZAGG_OK);
    assert_in_range(p.k, 1, n);
}

/* More partitions than the cache holds: its size stays bounded, what it gives stays
 * right. */
static void test_cache(void **state)
{
    (void)state;
    enum { N = 9000 };
    static float values[N];
    for (size_t i = 0; i < N; i++)
        values[i] = (float)i;
    const zg_partition_cache *cache = memory->cache;
    work_out(600, 250);
    uint64_t before = zg_partition_cache_misses(cache);
    work_out(600, 250);
    assert_true(zg_partition_cache_misses(cache) == before);
    work_out(600, 251);
    assert_true(zg_partition_cache_misses(cache) == before + 1);
    /* too many of them, then too large ones */
    for (size_t n = 100; n < N; n++)
        work_out(n, 1.5);
    assert_in_range(zg_partition_cache_bytes(cache), 1, 5U << 20);
    for (size_t n = 2000; n < N; n += 10)
        work_out(n, 1400);
    assert_in_range(zg_partition_cache_bytes(cache), 1, 5U << 20);
    before = zg_partition_cache_misses(cache);
    zagg_digest d = build_f32(values, 600, 250);
    assert_true(zg_partition_cache_misses(cache) == before + 1); /* it was dropped */
    expect_partition(&d, 600, 250, false);
    d = build_f32(values, 8990, 1400);
    assert_true(zg_partition_cache_misses(cache) == before + 1);
    expect_partition(&d, 8990, 1400, false);
}

/* ---- rows ---- */

static void test_rows_left_out(void **state)
{
    (void)state;
    const float nothing[3] = {NAN, INFINITY, -INFINITY};
    zagg_digest d = build_f32(nothing, 3, 100);
    assert_int_equal(d.n, 0);
    d = build_f32(NULL, 0, 100);
    assert_int_equal(d.n, 0);
    const float some[6] = {3, NAN, 1, INFINITY, 2, 5};
    d = build_f32(some, 6, 100);
    expect(&d, 4, (const float[]){1, 1, 2, 1, 3, 1, 5, 1});
    const uint8_t where[6] = {1, 1, 0, 1, 255, 0};
    zagg_digest_rows rows = {
        .n = 6, .dtype = ZAGG_DT_F32, .values = some, .where = where};
    d = build(&rows, 100);
    expect(&d, 2, (const float[]){2, 1, 3, 1});
    const uint8_t none[6] = {0};
    rows.where = none;
    d = build(&rows, 100);
    assert_int_equal(d.n, 0);
    const double weights[6] = {0.5, 1, 0, 1, (double)NAN, 2};
    rows.where = NULL;
    rows.weights = weights;
    d = build(&rows, 100);
    expect(&d, 2, (const float[]){3, 0.5F, 5, 2});
    const double refused[6] = {-1, 1, (double)INFINITY, 1, 0, (double)NAN};
    rows.weights = refused;
    d = build(&rows, 100);
    assert_int_equal(d.n, 0);
}

static void test_types(void **state)
{
    (void)state;
    const float expected[] = {0, 1, 1, 1, 3, 1};
#define TYPE(DT, T)                                                                      \
    do {                                                                                 \
        const T values[3] = {3, 0, 1};                                                   \
        const zagg_digest_rows rows = {.n = 3, .dtype = DT, .values = values};           \
        zagg_digest d = build(&rows, 16);                                                \
        expect(&d, 3, expected);                                                         \
    } while (0)
    TYPE(ZAGG_DT_I8, int8_t);
    TYPE(ZAGG_DT_I16, int16_t);
    TYPE(ZAGG_DT_I32, int32_t);
    TYPE(ZAGG_DT_I64, int64_t);
    TYPE(ZAGG_DT_U8, uint8_t);
    TYPE(ZAGG_DT_U16, uint16_t);
    TYPE(ZAGG_DT_U32, uint32_t);
    TYPE(ZAGG_DT_U64, uint64_t);
    TYPE(ZAGG_DT_F32, float);
    TYPE(ZAGG_DT_F64, double);
#undef TYPE
    const uint8_t flags[2] = {1, 0};
    zagg_digest_rows rows = {.n = 2, .dtype = ZAGG_DT_BOOL, .values = flags};
    zagg_digest d = build(&rows, 16);
    expect(&d, 2, (const float[]){0, 1, 1, 1});
    rows.dtype = ZAGG_DT_NONE;
    assert_int_equal(zagg_digest_build(memory, &rows, 16, &d, NULL), ZAGG_EUNSUPPORTED);
}

/* Zeros of both signs are equal: they keep the order of their rows. */
static void test_signs_of_zero(void **state)
{
    (void)state;
    const float values[5] = {0.0F, -0.0F, 1, 0.0F, -0.0F};
    const uint64_t times[5] = {1, 2, 3, 4, 5};
    const float expected[] = {0.0F, 1, -0.0F, 1, 0.0F, 1, -0.0F, 1, 1, 1};
    zagg_digest d = build_f32(values, 5, 16);
    expect(&d, 5, expected);
    const zagg_digest_rows rows = {
        .n = 5, .dtype = ZAGG_DT_F32, .values = values, .times = times};
    d = build(&rows, 16);
    expect(&d, 5, expected);
    assert_memory_equal(d.times, ((const uint64_t[]){1, 2, 4, 5, 3}), sizeof times);
}

/* ---- words ---- */

static void test_times(void **state)
{
    (void)state;
    const uint64_t instant = UINT64_C(1) << 31;
    const uint64_t early = UINT64_C(6) << 32 | instant | 5; /* ns 6 2^31 + 5 */
    const uint64_t late = UINT64_C(9) << 32 | instant;
    const uint64_t range = UINT64_C(2) << 32 | 4;
    uint64_t out = 0;
    assert_int_equal(zagg_time_join(&early, 1, &out, NULL), ZAGG_OK);
    assert_true(out == early);
    assert_int_equal(zagg_time_join((const uint64_t[]){late, late}, 2, &out, NULL),
                     ZAGG_OK);
    assert_true(out == late);
    assert_int_equal(zagg_time_join((const uint64_t[]){late, early}, 2, &out, NULL),
                     ZAGG_OK);
    assert_true(out == (UINT64_C(6) << 32 | 5));
    assert_int_equal(
        zagg_time_join((const uint64_t[]){early, range, late}, 3, &out, NULL), ZAGG_OK);
    assert_true(out == (UINT64_C(2) << 32 | 5));
    /* idempotent: the envelope takes its members in */
    assert_int_equal(zagg_time_join((const uint64_t[]){out, early}, 2, &out, NULL),
                     ZAGG_OK);
    assert_true(out == (UINT64_C(2) << 32 | 5));
    assert_int_equal(zagg_time_join(NULL, 0, &out, NULL), ZAGG_EARG);
}

static void test_refused_words(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    const float values[3] = {1, 2, NAN};
    uint64_t point = zagg_word_point(77);
    uint64_t words[3] = {point, 0, point};
    const uint8_t where[3] = {1, 0, 1};
    zagg_digest d = {.n = 99};
    zagg_digest_rows rows = {
        .n = 3, .dtype = ZAGG_DT_F32, .values = values, .locations = words};
    assert_int_equal(zagg_digest_build(memory, &rows, 2, &d, &err), ZAGG_ERANGE);
    assert_non_null(strstr(err.msg, "locations: word 0"));
    assert_int_equal(d.n, 99);
    /* rows that `where` leaves out are not looked at, others are even if not finite */
    rows.where = where;
    assert_int_equal(zagg_digest_build(memory, &rows, 2, &d, &err), ZAGG_OK);
    assert_int_equal(d.n, 1);
    words[1] = point;
    words[2] = 0;
    assert_int_equal(zagg_digest_build(memory, &rows, 2, &d, &err), ZAGG_ERANGE);
    rows.locations = NULL;
    rows.times = words;
    assert_int_equal(zagg_digest_build(memory, &rows, 2, &d, &err), ZAGG_ERANGE);
    assert_non_null(strstr(err.msg, "times: word 0"));
    /* words that are no cells, alone or joined; cells without a common ancestor */
    const uint64_t bad[3] = {UINT64_MAX, point, point};
    rows = (zagg_digest_rows){
        .n = 2, .dtype = ZAGG_DT_F32, .values = values, .locations = bad};
    assert_int_equal(zagg_digest_build(memory, &rows, 100, &d, &err), ZAGG_EARG);
    assert_int_equal(zagg_digest_build(memory, &rows, 1, &d, &err), ZAGG_EARG);
    const uint64_t apart[2] = {point, zagg_word_point(UINT64_C(5) << 58)};
    rows.locations = apart;
    assert_int_equal(zagg_digest_build(memory, &rows, 100, &d, &err), ZAGG_OK);
    assert_memory_equal(d.locations, apart, sizeof apart);
    assert_int_equal(zagg_digest_build(memory, &rows, 1, &d, &err), ZAGG_EARG);
    assert_non_null(strstr(err.msg, "base cells"));
}

/* ---- merging ---- */

static void test_merge_in_place(void **state)
{
    (void)state;
    enum { PARTS = 20, EACH = 50 };
    float values[EACH];
    uint64_t times[EACH];
    zagg_digest_memory *other = NULL;
    assert_int_equal(zagg_digest_memory_new(&other, NULL), ZAGG_OK);
    zagg_digest sum = {.n = 0}, apart = {.n = 0};
    float *kept = zg_alloc(2 * PARTS * EACH, sizeof *kept);
    uint64_t *kept_times = zg_alloc(PARTS * EACH, sizeof *kept_times);
    assert_true(kept != NULL && kept_times != NULL);
    for (size_t p = 0; p < PARTS; p++) {
        for (size_t i = 0; i < EACH; i++) {
            values[i] = (float)((i * 37 + p * 11) % 101);
            times[i] = (UINT64_C(3) + i + p) << 32 | UINT64_C(1) << 31;
        }
        const zagg_digest_rows rows = {
            .n = EACH, .dtype = ZAGG_DT_F32, .values = values, .times = times};
        zagg_digest part;
        assert_int_equal(zagg_digest_build(other, &rows, 20, &part, NULL), ZAGG_OK);
        /* the sum lies in the memory it is merged with, and once outside of it */
        if (apart.n > 0) {
            memcpy(kept, apart.centroids, apart.n * 2 * sizeof *kept);
            memcpy(kept_times, apart.times, apart.n * sizeof *kept_times);
            apart.centroids = kept;
            apart.times = kept_times;
        }
        zagg_digest_memory *third = NULL;
        assert_int_equal(zagg_digest_memory_new(&third, NULL), ZAGG_OK);
        zagg_digest fresh;
        assert_int_equal(zagg_digest_merge(third, &apart, &part, 20, &fresh, NULL),
                         ZAGG_OK);
        assert_int_equal(zagg_digest_merge(memory, &sum, &part, 20, &sum, NULL), ZAGG_OK);
        assert_int_equal(fresh.n, sum.n);
        assert_memory_equal(fresh.centroids, sum.centroids, sum.n * 2 * sizeof(float));
        assert_memory_equal(fresh.times, sum.times, sum.n * sizeof(uint64_t));
        memcpy(kept, fresh.centroids, fresh.n * 2 * sizeof *kept);
        memcpy(kept_times, fresh.times, fresh.n * sizeof *kept_times);
        apart = (zagg_digest){.n = fresh.n, .centroids = kept, .times = kept_times};
        zagg_digest_memory_free(third);
    }
    float total = 0;
    for (size_t i = 0; i < sum.n; i++)
        total += sum.centroids[2 * i + 1];
    assert_true(total == PARTS * EACH);
    /* one that is alone stays as it is, also in its own place */
    const zagg_digest inputs[3] = {{.n = 0}, sum, {.n = 0}};
    zagg_digest same;
    assert_int_equal(zagg_digest_merge_all(memory, inputs, 3, 2, &same, NULL), ZAGG_OK);
    assert_int_equal(same.n, apart.n);
    assert_memory_equal(same.centroids, kept, same.n * 2 * sizeof *kept);
    assert_memory_equal(same.times, kept_times, same.n * sizeof *kept_times);
    zg_free(kept);
    zg_free(kept_times);
    zagg_digest_memory_free(other);
}

/* Equal means and weights: the words alone decide, not the order of the inputs. */
static void test_merge_ties(void **state)
{
    (void)state;
    const float one[2] = {5, 1};
    const uint64_t t[4] = {UINT64_C(4) << 32 | 8, UINT64_C(1) << 32 | 9,
                           UINT64_C(3) << 32 | 7, UINT64_C(2) << 32 | 6};
    static const size_t orders[3][4] = {{0, 1, 2, 3}, {3, 1, 0, 2}, {2, 3, 0, 1}};
    uint64_t first[4];
    for (size_t o = 0; o < 3; o++) {
        zagg_digest parts[4], d;
        for (size_t i = 0; i < 4; i++)
            parts[i] = (zagg_digest){.n = 1, .centroids = one, .times = &t[orders[o][i]]};
        assert_int_equal(zagg_digest_merge_all(memory, parts, 4, 3, &d, NULL), ZAGG_OK);
        assert_in_range(d.n, 2, 3);
        if (o == 0)
            memcpy(first, d.times, d.n * sizeof *first);
        assert_memory_equal(first, d.times, d.n * sizeof *first);
    }
}

static void test_merge_errors(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    const float centroids[4] = {1, 1, 2, 1};
    const uint64_t times[2] = {7, 9}, zero[2] = {7, 0};
    const zagg_digest plain = {.n = 2, .centroids = centroids};
    const zagg_digest timed = {.n = 2, .centroids = centroids, .times = times};
    const zagg_digest bad = {.n = 2, .centroids = centroids, .times = zero};
    const zagg_digest placed = {.n = 2, .centroids = centroids, .locations = zero};
    const zagg_digest empty = {.n = 0}, huge = {.n = SIZE_MAX, .centroids = centroids};
    zagg_digest d = {.n = 99};
    assert_int_equal(zagg_digest_merge(memory, &plain, &timed, 10, &d, &err), ZAGG_EARG);
    assert_int_equal(zagg_digest_merge(memory, &timed, &bad, 10, &d, &err), ZAGG_ERANGE);
    assert_int_equal(zagg_digest_merge(memory, &bad, &empty, 10, &d, &err), ZAGG_ERANGE);
    assert_int_equal(zagg_digest_merge(memory, &placed, &placed, 10, &d, &err),
                     ZAGG_ERANGE);
    assert_int_equal(zagg_digest_merge(memory, &plain, &huge, 10, &d, &err), ZAGG_ERANGE);
    const double deltas[] = {0, -1, (double)NAN, (double)INFINITY};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(zagg_digest_merge(memory, &plain, &plain, deltas[i], &d, &err),
                         ZAGG_EARG);
        const zagg_digest_rows rows = {.n = 1, .dtype = ZAGG_DT_F32, .values = centroids};
        assert_int_equal(zagg_digest_build(memory, &rows, deltas[i], &d, &err),
                         ZAGG_EARG);
    }
    const zagg_digest_rows many = {.n = (size_t)UINT32_MAX + 1, .dtype = ZAGG_DT_F32};
    assert_int_equal(zagg_digest_build(memory, &many, 10, &d, &err), ZAGG_ERANGE);
    assert_int_equal(d.n, 99);
    assert_int_equal(zagg_digest_merge(memory, &empty, &timed, 10, &d, NULL), ZAGG_OK);
    assert_int_equal(d.n, 2);
    assert_memory_equal(d.times, times, sizeof times);
    assert_int_equal(zagg_digest_merge(memory, &empty, &empty, 10, &d, NULL), ZAGG_OK);
    assert_int_equal(d.n, 0);
    assert_int_equal(zagg_digest_merge_all(memory, NULL, 0, 10, &d, NULL), ZAGG_OK);
    assert_int_equal(d.n, 0);
}

/* Digests that break their contract, as damaged stores might hold, do no harm. */
static void test_malformed_digests(void **state)
{
    (void)state;
    static const float bad[6][8] = {{NAN, 1, NAN, 1, 1, 1, 2, 1},
                                    {3, 1, 2, 1, 1, 1, 0, 1},
                                    {1, 0, 2, 0, 3, 0, 4, 0},
                                    {1, -1, 2, -5, 3, 1, 4, NAN},
                                    {1, INFINITY, 2, 1, 3, 3e38F, 4, 1},
                                    {INFINITY, 1, -INFINITY, 1, 0, 1, -0.0F, 1}};
    for (size_t i = 0; i < 6; i++) {
        for (size_t j = 0; j < 6; j++) {
            const zagg_digest a = {.n = 4, .centroids = bad[i]};
            const zagg_digest both[2] = {a, {.n = 4, .centroids = bad[j]}};
            zagg_digest d;
            assert_int_equal(zagg_digest_merge(memory, &both[0], &both[1], 4, &d, NULL),
                             ZAGG_OK);
            assert_in_range(d.n, 1, 8);
            assert_int_equal(zagg_digest_merge_all(memory, both, 2, 4, &d, NULL),
                             ZAGG_OK);
            assert_in_range(d.n, 1, 8);
        }
    }
}

/* ---- memory ---- */

static zagg_status build_everything(zagg_err *err)
{
    enum { N = 400 };
    static float values[N];
    static uint64_t words[N];
    for (size_t i = 0; i < N; i++) {
        values[i] = (float)(i * 7 % N);
        words[i] = zagg_word_point(i);
    }
    const uint8_t *where = NULL;
    zagg_digest_memory *m = NULL;
    zagg_digest a, b;
    ZAGG_TRY(zagg_digest_memory_new(&m, err));
    zagg_digest_rows rows = {
        .n = N, .dtype = ZAGG_DT_F32, .values = values, .where = where};
    zagg_status status = zagg_digest_build(m, &rows, 50, &a, err);
    rows.locations = rows.times = words;
    if (status == ZAGG_OK)
        status = zagg_digest_build(m, &rows, 50, &a, err);
    if (status == ZAGG_OK)
        status = zagg_digest_merge(m, &a, &a, 60, &b, err);
    if (status == ZAGG_OK && b.n < 50)
        status = zagg_err_set(err, ZAGG_EINTERNAL, "a digest of %zu centroids", b.n);
    zagg_digest_memory_free(m);
    return status;
}

static void test_failing_memory(void **state)
{
    (void)state;
    int64_t failures = 0;
    for (int64_t nth = 1;; nth++) {
        zagg_err err = ZAGG_ERR_INIT;
        zg_alloc_fail_nth(nth);
        zagg_status status = build_everything(&err);
        zg_alloc_fail_nth(0);
        if (status == ZAGG_OK && nth > 40)
            break; /* the pool of partitions may fail without harm */
        failures += status != ZAGG_OK;
        if (status != ZAGG_OK && (status != ZAGG_ENOMEM || err.msg[0] == '\0'))
            fail_msg("allocation %lld: %s", (long long)nth, err.msg);
    }
    assert_in_range(failures, 15, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_partitions),        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_rows_left_out),     cmocka_unit_test(test_types),
        cmocka_unit_test(test_signs_of_zero),     cmocka_unit_test(test_times),
        cmocka_unit_test(test_refused_words),     cmocka_unit_test(test_merge_in_place),
        cmocka_unit_test(test_merge_ties),        cmocka_unit_test(test_merge_errors),
        cmocka_unit_test(test_malformed_digests), cmocka_unit_test(test_failing_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
