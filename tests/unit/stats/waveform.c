/* Waveforms, records and composition words without the golden folder: what is left out,
 * types of columns, parameters out of range, failing memory. */
#include "support/support.h"
#include "zagg/digest.h"

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

static void test_threshold(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    double n_sigma = -1;
    static const struct {
        double rate, samples, length;
        const char *word;
    } refused[] = {
        {0, 1, 1, "false_positive_rate must be above 0 and below 1, not 0.0"},
        {1, 1, 1, "false_positive_rate"},
        {(double)NAN, 1, 1, "not nan"},
        {0.1, 0.5, 1, "samples_per_record"},
        {0.1, (double)INFINITY, 1, "samples_per_record"},
        {0.1, 1, 0, "correlation_length"},
        {0.1, 1, (double)NAN, "correlation_length"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(zagg_waveform_threshold(refused[i].rate, refused[i].samples,
                                                 refused[i].length, &n_sigma, &err),
                         ZAGG_EARG);
        assert_non_null(strstr(err.msg, refused[i].word));
    }
    assert_int_equal(zagg_waveform_threshold(1e-17, 1, 1, &n_sigma, &err), ZAGG_ERANGE);
    assert_int_equal(zagg_waveform_threshold(1e-12, 1e9, 1, &n_sigma, &err), ZAGG_ERANGE);
    assert_true(n_sigma == -1);
    /* the normal quantile, to the accuracy of its approximation */
    assert_int_equal(zagg_waveform_threshold(0.5, 1, 1, &n_sigma, &err), ZAGG_OK);
    assert_true(fabs(n_sigma) < 1e-8);
    assert_int_equal(zagg_waveform_threshold(0.025, 1, 7, &n_sigma, &err), ZAGG_OK);
    assert_true(fabs(n_sigma - 1.9599639845400545) < 1e-8);
    assert_int_equal(zagg_waveform_threshold(0.001, 1, 1, &n_sigma, &err), ZAGG_OK);
    assert_true(fabs(n_sigma - 3.090232306167813) < 1e-8);
    assert_int_equal(zagg_waveform_threshold(0.999, 1, 1, &n_sigma, &err), ZAGG_OK);
    assert_true(fabs(n_sigma + 3.090232306167813) < 1e-8);
}

/* Samples in columns of different types; the third is at the threshold, the fourth has no
 * height, the fifth no count. */
static void test_flux(void **state)
{
    (void)state;
    const float heights[6] = {30, 10, 20, NAN, 50, 40};
    const int16_t mean[6] = {100, 100, 100, 100, 100, 100};
    const double sd[6] = {4, 4, 4, 4, 4, 4};
    const float counts[6] = {120, 111, 110, 200, NAN, 99};
    const uint64_t times[6] = {11, 12, 13, 14, 15, 16};
    zagg_waveform_rows rows = {.n = 6,
                               .values = {ZAGG_DT_F32, heights},
                               .counts = {ZAGG_DT_F32, counts},
                               .noise_mean = {ZAGG_DT_I16, mean},
                               .noise_sd = {ZAGG_DT_F64, sd},
                               .times = times};
    zagg_digest d = {.n = 99};
    assert_int_equal(zagg_digest_build_waveform(memory, &rows, 0.5, 2.5, 100, &d, NULL),
                     ZAGG_OK);
    assert_int_equal(d.n, 2);
    assert_memory_equal(d.centroids, ((const float[]){10, 5.5F, 30, 10}),
                        4 * sizeof(float));
    assert_memory_equal(d.times, ((const uint64_t[]){12, 11}), 2 * sizeof(uint64_t));
    /* nothing is above the noise; nothing there */
    assert_int_equal(zagg_digest_build_waveform(memory, &rows, 0.5, 1000, 100, &d, NULL),
                     ZAGG_OK);
    assert_int_equal(d.n, 0);
    rows.n = 0;
    assert_int_equal(zagg_digest_build_waveform(memory, &rows, 0.5, 1, 100, &d, NULL),
                     ZAGG_OK);
    assert_int_equal(d.n, 0);
    rows.n = 1;
    assert_int_equal(zagg_digest_build_waveform(memory, &rows, 0.5, 1, -1, &d, NULL),
                     ZAGG_EARG);
    rows.n = (size_t)UINT32_MAX + 1;
    assert_int_equal(zagg_digest_build_waveform(memory, &rows, 0.5, 1, 9, &d, NULL),
                     ZAGG_ERANGE);
}

static void test_records(void **state)
{
    (void)state;
    enum { N = 500 };
    static uint64_t ids[N];
    uint64_t count = 99, id = 99;
    zagg_values column = {ZAGG_DT_U64, ids};
    assert_int_equal(zagg_waveform_shot_count(memory, column, 0, &count, NULL), ZAGG_OK);
    assert_int_equal(count, 0);
    zagg_waveform_shot_number(column, 0, &id);
    assert_int_equal(id, 0);
    for (size_t i = 0; i < N; i++)
        ids[i] = UINT64_C(190680600200123456);
    assert_int_equal(zagg_waveform_shot_count(memory, column, N, &count, NULL), ZAGG_OK);
    assert_int_equal(count, 1);
    zagg_waveform_shot_number(column, N, &id);
    assert_true(id == ids[0]);
    for (size_t i = 0; i < N; i++)
        ids[i] += i * 7 % 13;
    assert_int_equal(zagg_waveform_shot_count(memory, column, N, &count, NULL), ZAGG_OK);
    assert_int_equal(count, 13);
    zagg_waveform_shot_number(column, N, &id);
    assert_int_equal(id, 0);
    assert_int_equal(
        zagg_waveform_shot_count(memory, column, (size_t)UINT32_MAX + 1, &count, NULL),
        ZAGG_ERANGE);
    /* negative and narrow ids; floats: zeros are one, NaNs are one */
    const int8_t narrow[4] = {-3, -3, 5, -3};
    int8_t narrow_id = 1;
    column = (zagg_values){ZAGG_DT_I8, narrow};
    assert_int_equal(zagg_waveform_shot_count(memory, column, 4, &count, NULL), ZAGG_OK);
    assert_int_equal(count, 2);
    zagg_waveform_shot_number(column, 2, &narrow_id);
    assert_int_equal(narrow_id, -3);
    const float floats[6] = {-0.0F, 0, NAN, -NAN, 2, 2};
    column = (zagg_values){ZAGG_DT_F32, floats};
    assert_int_equal(zagg_waveform_shot_count(memory, column, 6, &count, NULL), ZAGG_OK);
    assert_int_equal(count, 3);
    assert_true(zagg_waveform_single_value((zagg_values){ZAGG_DT_F32, floats + 4}, 2) ==
                2);
    assert_true(isnan(zagg_waveform_single_value(column, 6)));
    assert_true(isnan(zagg_waveform_single_value(column, 0)));
    assert_true(
        isnan(zagg_waveform_single_value((zagg_values){ZAGG_DT_F32, floats + 2}, 2)));
    assert_true(zagg_waveform_single_value((zagg_values){ZAGG_DT_I8, narrow}, 2) == -3);
}

/* ---- composition ---- */

static void test_composition(void **state)
{
    (void)state;
    const float heights[4] = {1, 2, NAN, 3};
    const int8_t land[4] = {4, 0, 4, 1};
    const int32_t ocean[4] = {2, 3, 4, -2};
    const float ice[4] = {NAN, 0.9F, 4, 1.9F};
    const uint8_t water[4] = {1, 1, 1, 1};
    const uint8_t flag[4] = {1, 0, 1, 1}; /* a bool counts as 0 and 1 */
    const zagg_values columns[ZAGG_COMPOSITION_SURFACES] = {{ZAGG_DT_I8, land},
                                                            {ZAGG_DT_I32, ocean},
                                                            {ZAGG_DT_F32, ice},
                                                            {ZAGG_DT_U8, water},
                                                            {ZAGG_DT_BOOL, flag}};
    zagg_composition c;
    zagg_composition_pack((zagg_values){ZAGG_DT_F32, heights}, 4, columns, 2, &c);
    /* rows 0 and 1: land 1 of 2, ocean 2; med 1, high 1 */
    assert_int_equal(c.n, 2);
    assert_true(c.word == UINT64_C(0x808000000000ff80));
    uint64_t counts[ZAGG_COMPOSITION_LANES];
    zagg_composition_counts(c, counts);
    assert_memory_equal(counts, ((const uint64_t[]){1, 2, 0, 0, 0, 0, 1, 1}),
                        sizeof counts);
    /* a threshold of 1 takes row 3 in, whose confidence no level lane shows */
    zagg_composition_pack((zagg_values){ZAGG_DT_F32, heights}, 4, columns, 1, &c);
    assert_int_equal(c.n, 3);
    zagg_composition_counts(c, counts);
    assert_memory_equal(counts, ((const uint64_t[]){2, 2, 1, 3, 2, 0, 1, 1}),
                        sizeof counts);
    /* whole numbers are always finite; nothing reaches 5 */
    zagg_composition_pack((zagg_values){ZAGG_DT_I32, ocean}, 4, columns, 2, &c);
    assert_int_equal(c.n, 3);
    zagg_composition_pack((zagg_values){ZAGG_DT_F32, heights}, 4, columns, 5, &c);
    assert_true(c.n == 0 && c.word == 0);
    zagg_composition_pack((zagg_values){ZAGG_DT_F32, NULL}, 0, columns, 2, &c);
    assert_true(c.n == 0 && c.word == 0);
}

static void test_composition_merge(void **state)
{
    (void)state;
    const zagg_composition none = {0, 0}, stale = {.word = 255, .n = 0};
    const zagg_composition rare = {.word = 1, .n = 10}, large = {.word = 0, .n = 100000};
    zagg_composition c = zagg_composition_merge(none, rare);
    assert_true(c.word == 1 && c.n == 10);
    c = zagg_composition_merge(rare, stale);
    assert_true(c.word == 1 && c.n == 10);
    /* what is there stays there */
    c = zagg_composition_merge(rare, large);
    assert_true(c.word == 1 && c.n == 100010);
    const zagg_composition parts[3] = {large, rare, {.word = UINT64_MAX, .n = 100010}};
    c = zagg_composition_merge_all(parts, 3);
    assert_true(c.word == UINT64_C(0x8080808080808080) && c.n == 200020);
    c = zagg_composition_merge_all(NULL, 0);
    assert_true(c.word == 0 && c.n == 0);
}

/* ---- memory ---- */

static void test_failing_memory(void **state)
{
    (void)state;
    const double x[3] = {1, 2, 3};
    const zagg_values column = {ZAGG_DT_F64, x};
    const zagg_waveform_rows rows = {
        .n = 3,
        .values = column,
        .counts = column,
        .noise_mean = {ZAGG_DT_F64, (const double[]){0, 0, 0}},
        .noise_sd = column};
    int64_t failures = 0;
    for (int64_t nth = 1;; nth++) {
        zagg_err err = ZAGG_ERR_INIT;
        zagg_digest_memory *m = NULL;
        zagg_digest d;
        uint64_t count = 0;
        assert_int_equal(zagg_digest_memory_new(&m, NULL), ZAGG_OK);
        zg_alloc_fail_nth(nth);
        zagg_status status = zagg_waveform_shot_count(m, column, 3, &count, &err);
        if (status == ZAGG_OK)
            status = zagg_digest_build_waveform(m, &rows, 1, 0, 10, &d, &err);
        zg_alloc_fail_nth(0);
        zagg_digest_memory_free(m);
        if (status == ZAGG_OK)
            break;
        assert_int_equal(status, ZAGG_ENOMEM);
        failures++;
    }
    assert_in_range(failures, 6, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threshold),         cmocka_unit_test(test_flux),
        cmocka_unit_test(test_records),           cmocka_unit_test(test_composition),
        cmocka_unit_test(test_composition_merge), cmocka_unit_test(test_failing_memory),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
