/* Times and dates as catalogs write them. */
#include "cat/times.h"

#include "support/program.h"

#include <string.h>

static void expect_time(const char *text, int64_t want, const char *back)
{
    int64_t us = 0;
    char out[32];
    assert_true(zg_utc_parse(text, &us));
    assert_true(us == want);
    assert_true(zg_utc_format(us, out));
    assert_string_equal(out, back);
}

static void times(void **state)
{
    (void)state;
    expect_time("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z");
    expect_time("2018-10-14T03:19:24.37Z", INT64_C(1539487164370000),
                "2018-10-14T03:19:24.370000Z");
    expect_time("2018-10-14 05:19:24,3700009+02:00", INT64_C(1539487164370000),
                "2018-10-14T03:19:24.370000Z");
    expect_time("1969-12-31T23:59:59.999999", -1, "1969-12-31T23:59:59.999999Z");
    expect_time("0001-01-01T00:00:00Z", INT64_C(-62135596800000000),
                "0001-01-01T00:00:00Z");
    expect_time("9999-12-31T23:59:59Z", INT64_C(253402300799000000),
                "9999-12-31T23:59:59Z");
    expect_time("2016-12-31T23:59:60Z", INT64_C(1483228800000000),
                "2017-01-01T00:00:00Z");
    static const char *const BAD[] = {"",
                                      "2018-10-14",
                                      "2018-13-14T00:00:00Z",
                                      "2018-02-30T00:00:00Z",
                                      "2018-10-14T24:00:00Z",
                                      "2018-10-14T00:00:00.Z",
                                      "2018-10-14T00:00:00+25:00",
                                      "2018-10-14T00:00:00Zx",
                                      "18-10-14T00:00:00Z",
                                      "0000-01-01T00:00:00Z"};
    int64_t v;
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++)
        assert_false(zg_utc_parse(BAD[i], &v));
    char out[32];
    assert_false(zg_utc_format(INT64_MAX, out));
    assert_false(zg_utc_format(INT64_MIN, out));
    assert_true(zg_date_parse("2018-10-13", &v));
    assert_int_equal(v, 17817);
    assert_false(zg_date_parse("2018-10-13T", &v));
    for (int64_t day = -719162; day < 2932897; day += 97) {
        char date[16];
        int64_t back = 0;
        zg_date_format(day, date);
        assert_true(zg_date_parse(date, &back));
        assert_true(back == day);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
