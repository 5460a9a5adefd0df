/* Time words against upstream's (zagg 0.61.0 with mortie 1.0.0, run once). */
#include "stats/observation_time.h"

#include "support/support.h"

#include <math.h>
#include <string.h>

typedef struct known {
    const char *epoch, *units;
    double value;
    uint64_t word;
} known;

static const known KNOWN[] = {
    {"2018-01-01T00:00:00", "seconds", 0.0, UINT64_C(10603180836377408512)},
    {"2018-01-01T00:00:00", "seconds", 1.5, UINT64_C(10603180840024892160)},
    {"2018-01-01T00:00:00", "seconds", 258000000.12345678,
     UINT64_C(11119180838379061512)},
    {"2018-01-01T00:00:00", "seconds", -1000000000.0, UINT64_C(8603180837038273536)},
    {"2018-01-01T00:00:00", "seconds", 30000001.0, UINT64_C(10663180838195101184)},
    {"1980-01-06", "days", 0.0, UINT64_C(8205580801679687680)},
    {"1980-01-06", "days", 15000.25, UINT64_C(10797624000316817408)},
    {"2016-12-31 23:59:59.25", "seconds", 0.25, UINT64_C(10540108833495581952)},
    {"2018-01-01T02:00:00+02:00", "seconds", 7.0, UINT64_C(10603180851967343104)},
};

static void words_are_upstreams(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof KNOWN / sizeof KNOWN[0]; i++) {
        zg_clock clock;
        uint64_t word = 0;
        assert_int_equal(zg_clock_new(KNOWN[i].epoch, KNOWN[i].units, &clock, NULL),
                         ZAGG_OK);
        assert_int_equal(
            zg_clock_words(&clock, ZAGG_DT_F64, &KNOWN[i].value, 1, &word, NULL),
            ZAGG_OK);
        if (word != KNOWN[i].word)
            fail_msg("%s + %.17g %s: %llu, not %llu", KNOWN[i].epoch, KNOWN[i].value,
                     KNOWN[i].units, (unsigned long long)word,
                     (unsigned long long)KNOWN[i].word);
    }
}

static void leap_seconds_count_up_to_the_epoch(void **state)
{
    static const struct {
        const char *epoch;
        int64_t leap;
    } days[] = {{"1971-12-31", 0},  {"1972-01-01", -9}, {"1972-06-30", -9},
                {"1972-07-01", -8}, {"1979-12-31", -1}, {"1980-01-06", 0},
                {"1981-07-01", 1},  {"2012-07-01", 16}, {"2015-07-01", 17},
                {"2016-12-31", 17}, {"2017-01-01", 18}, {"2030-01-01", 18}};
    zg_clock clock;
    (void)state;
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        assert_int_equal(zg_clock_new(days[i].epoch, "seconds", &clock, NULL), ZAGG_OK);
        int64_t left = clock.epoch_ns / 1000000000 % 86400;
        if (left > 43200)
            left -= 86400;
        assert_int_equal(left, days[i].leap);
    }
}

static void what_is_no_time_is_refused(void **state)
{
    static const char *const bad[] = {
        "",           "2018",        "2018-13-01",
        "2018-02-29", "2018-01-01x", "2018-01-01T25:00",
        "1849-12-31", "2150-01-01",  "2018-01-01T00:00:00+2"};
    zg_clock clock;
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(zg_clock_new(bad[i], "seconds", &clock, &err), ZAGG_ECONFIG);
        assert_non_null(strstr(err.msg, "epoch"));
    }
    assert_int_equal(zg_clock_new("2018-01-01", "hours", &clock, &err), ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "units: found 'hours'"));
}

static void values_outside_the_grammar_are_refused(void **state)
{
    const double values[] = {INFINITY, NAN, -1e10, 4e9, 1e300};
    zg_clock clock;
    uint64_t word;
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    assert_int_equal(zg_clock_new("2018-01-01", "seconds", &clock, NULL), ZAGG_OK);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_int_equal(zg_clock_words(&clock, ZAGG_DT_F64, &values[i], 1, &word, &err),
                         ZAGG_ERANGE);
        assert_non_null(strstr(err.msg, "row 0"));
    }
}

static void every_number_type_tells_time(void **state)
{
    const float f32 = 100;
    const int64_t i64 = 100;
    const uint64_t u64 = 100;
    const int32_t i32 = 100;
    const uint32_t u32 = 100;
    const int16_t i16 = 100;
    const uint16_t u16 = 100;
    const int8_t i8 = 100;
    const uint8_t u8 = 100;
    const double f64 = 100;
    const struct {
        zagg_dtype dtype;
        const void *value;
    } all[] = {{ZAGG_DT_F32, &f32}, {ZAGG_DT_I64, &i64}, {ZAGG_DT_U64, &u64},
               {ZAGG_DT_I32, &i32}, {ZAGG_DT_U32, &u32}, {ZAGG_DT_I16, &i16},
               {ZAGG_DT_U16, &u16}, {ZAGG_DT_I8, &i8},   {ZAGG_DT_U8, &u8}};
    zg_clock clock;
    uint64_t want, word;
    (void)state;
    assert_int_equal(zg_clock_new("2018-01-01", "seconds", &clock, NULL), ZAGG_OK);
    assert_int_equal(zg_clock_words(&clock, ZAGG_DT_F64, &f64, 1, &want, NULL), ZAGG_OK);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        assert_int_equal(
            zg_clock_words(&clock, all[i].dtype, all[i].value, 1, &word, NULL), ZAGG_OK);
        assert_int_equal(word, want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_upstreams),
        cmocka_unit_test(leap_seconds_count_up_to_the_epoch),
        cmocka_unit_test(what_is_no_time_is_refused),
        cmocka_unit_test(values_outside_the_grammar_are_refused),
        cmocka_unit_test(every_number_type_tells_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
