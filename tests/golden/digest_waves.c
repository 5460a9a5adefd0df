/* Golden sets aggregate/wave*, composition.json: waveforms and composition words. */
#include "golden/digest_cases.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* The operating point of the set. */
#define GAIN 1.25
#define FALSE_POSITIVE_RATE 1e-3
#define SAMPLES 1420
#define CORRELATION 5

static void test_waves(void **state)
{
    (void)state;
    if (!golden_available("aggregate/wave_out.npy"))
        return;
    static const char *const names[] = {"wave_values", "wave_counts", "wave_noise_mean",
                                        "wave_noise_sd"};
    parts in[4];
    for (size_t k = 0; k < 4; k++)
        in[k] = parts_read(names[k], "wave_off", ZAGG_DT_F64, 1);
    parts out = parts_read("wave_out", "wave_out_off", ZAGG_DT_F32, 2);
    npy delta = array_read("wave_delta", ZAGG_DT_F64);
    assert_int_equal(out.n, in[0].n);
    assert_int_equal(delta.n, in[0].n);
    double n_sigma = 0;
    assert_int_equal(zagg_waveform_threshold(FALSE_POSITIVE_RATE, SAMPLES, CORRELATION,
                                             &n_sigma, NULL),
                     ZAGG_OK);
    case_report report = {.set = "wave"};
    zagg_digest_memory *memory = new_memory();
    for (size_t i = 0; i < out.n; i++) {
        char name[64];
        zagg_err err = ZAGG_ERR_INIT;
        zagg_digest d = {.n = 0};
        zagg_values columns[4];
        size_t n = 0;
        for (size_t k = 0; k < 4; k++)
            columns[k] = (zagg_values){ZAGG_DT_F64, part_at(&in[k], i, &n)};
        const zagg_waveform_rows rows = {.n = n,
                                         .values = columns[0],
                                         .counts = columns[1],
                                         .noise_mean = columns[2],
                                         .noise_sd = columns[3]};
        (void)snprintf(name, sizeof name, "%zu", i);
        zagg_status status = zagg_digest_build_waveform(
            memory, &rows, GAIN, n_sigma, ((const double *)delta.data)[i], &d, &err);
        judge_digest(&report, name, status, &err, &d, &out, i);
    }
    report_end(&report, 40);
    zagg_digest_memory_free(memory);
    for (size_t k = 0; k < 4; k++)
        parts_free(&in[k]);
    parts_free(&out);
    npy_free(&delta);
}

static double number_of(const zagg_value *map, const char *key)
{
    double x = 0;
    if (!zagg_value_number(zagg_value_get(map, key), &x))
        fail_msg("no number %s", key);
    return x;
}

static void test_thresholds(void **state)
{
    (void)state;
    if (!golden_available("aggregate/waveform_threshold.json"))
        return;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *cases =
        golden_json(arena, golden_path("aggregate/waveform_threshold.json"));
    case_report report = {.set = "waveform_threshold"};
    for (size_t i = 0; i < cases->n; i++) {
        const zagg_value *c = cases->items[i];
        zagg_err err = ZAGG_ERR_INIT;
        char name[128];
        double got = 0, want = golden_double(zagg_value_get(c, "n_sigma_hex")->str);
        double fp = number_of(c, "false_positive_rate");
        double samples = number_of(c, "samples_per_record");
        double length = number_of(c, "correlation_length");
        (void)snprintf(name, sizeof name, "%g, %g samples, %g correlated", fp, samples,
                       length);
        if (zagg_waveform_threshold(fp, samples, length, &got, &err) != ZAGG_OK)
            case_fail(&report, name, "%s", err.msg);
        else if (!same_bits(got, want))
            case_fail(&report, name, "%a, expected %a", got, want);
        else
            case_pass(&report);
    }
    report_end(&report, 50);
    zagg_arena_free(arena);
}

/* ---- composition ---- */

static uint64_t word_of(const zagg_value *v)
{
    uint64_t word = 0;
    if (!zagg_value_u64(v, &word))
        fail_msg("not a word");
    return word;
}

static void pack_case(case_report *r, const char *name, const zagg_value *c)
{
    enum { ROWS_MAX = 4096 };
    static int8_t confidence[ZAGG_COMPOSITION_SURFACES][ROWS_MAX];
    static float heights[ROWS_MAX];
    const zagg_value *rows = zagg_value_get(c, "conf");
    assert_in_range(rows->n, 0, ROWS_MAX);
    for (size_t i = 0; i < rows->n; i++) {
        heights[i] = i == 0 && zagg_value_get(c, "nan_first")->u.b ? NAN : 1.0F;
        for (size_t s = 0; s < ZAGG_COMPOSITION_SURFACES; s++)
            confidence[s][i] = (int8_t)rows->items[i]->items[s]->u.i;
    }
    zagg_values columns[ZAGG_COMPOSITION_SURFACES];
    for (size_t s = 0; s < ZAGG_COMPOSITION_SURFACES; s++)
        columns[s] = (zagg_values){ZAGG_DT_I8, confidence[s]};
    zagg_composition got, want = {.word = word_of(zagg_value_get(c, "word")),
                                  .n = word_of(zagg_value_get(c, "n_signal"))};
    zagg_composition_pack((zagg_values){ZAGG_DT_F32, heights}, rows->n, columns, 2, &got);
    if (got.word == want.word && got.n == want.n)
        case_pass(r);
    else
        case_fail(r, name,
                  "%016" PRIx64 " of %" PRIu64 ", expected %016" PRIx64 " of %" PRIu64,
                  got.word, got.n, want.word, want.n);
}

static void merge_case(case_report *r, const char *name, const zagg_value *c)
{
    static const char *const keys[] = {"a", "b", "c"};
    zagg_composition part[3];
    for (size_t i = 0; i < 3; i++) {
        const zagg_value *pair = zagg_value_get(c, keys[i]);
        part[i] = (zagg_composition){word_of(pair->items[0]), word_of(pair->items[1])};
    }
    uint64_t two = zagg_composition_merge(part[0], part[1]).word;
    uint64_t three = zagg_composition_merge_all(part, 3).word;
    if (two != word_of(zagg_value_get(c, "merge")))
        case_fail(r, name, "two make %016" PRIx64, two);
    else if (three != word_of(zagg_value_get(c, "kway3")))
        case_fail(r, name, "three make %016" PRIx64, three);
    else
        case_pass(r);
}

static void test_composition(void **state)
{
    (void)state;
    if (!golden_available("aggregate/composition.json"))
        return;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root =
        golden_json(arena, golden_path("aggregate/composition.json"));
    const zagg_value *pack = zagg_value_get(root, "pack");
    const zagg_value *merge = zagg_value_get(root, "merge");
    case_report report = {.set = "composition"};
    for (size_t i = 0; i < pack->n; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "pack %zu", i);
        pack_case(&report, name, pack->items[i]);
    }
    for (size_t i = 0; i < merge->n; i++) {
        char name[64];
        (void)snprintf(name, sizeof name, "merge %zu", i);
        merge_case(&report, name, merge->items[i]);
    }
    report_end(&report, 60);
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_waves),
                                       cmocka_unit_test(test_thresholds),
                                       cmocka_unit_test(test_composition)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
