/* Watching for results: what is overdue, and what is not known. */
#include "dispatch/watch.h"

#include "support/support.h"

#include <string.h>

enum { UNITS = 50 };
static const double MOST_S = 200;

/* All units accepted within the first second. */
static void begin(zg_watch *w)
{
    assert_int_equal(zg_watch_init(w, UNITS, MOST_S, NULL), ZAGG_OK);
    for (size_t i = 0; i < UNITS; i++)
        zg_watch_accept(w, i, 1000 + (double)i / UNITS);
}

/* Look whenever it is time to until `end`; how many units are overdue by then. */
static size_t look_until(zg_watch *w, double begin_s, double end, const zagg_err *failure)
{
    size_t n = 0, unit;
    for (double now = begin_s; now <= end; now += 0.5) {
        if (zg_watch_is_due(w, now))
            zg_watch_looked(w, now, now, failure);
        while (zg_watch_overdue(w, &unit))
            n++;
    }
    return n;
}

static void found(void **state)
{
    (void)state;
    zg_watch w;
    size_t unit;
    begin(&w);
    assert_false(zg_watch_is_due(&w, 1001.9));
    assert_true(zg_watch_is_due(&w, 1002.1));
    assert_true(zg_watch_take(&w, 7));
    assert_false(zg_watch_take(&w, 7));        /* twice */
    assert_false(zg_watch_take(&w, SIZE_MAX)); /* none of the run's */
    assert_int_equal(w.under_way, UNITS - 1);
    zg_watch_looked(&w, 1002.1, 1002.2, NULL);
    assert_false(zg_watch_overdue(&w, &unit));
    for (size_t i = 0; i < UNITS; i++)
        assert_int_equal(zg_watch_take(&w, i), i != 7);
    assert_false(zg_watch_is_due(&w, 1e6));
    zg_watch_free(&w);
}

/* All of those that leave nothing are told of at once, and once. */
static void overdue(void **state)
{
    (void)state;
    zg_watch w;
    begin(&w);
    assert_true(zg_watch_take(&w, 3));
    assert_int_equal(look_until(&w, 1000, 1000 + MOST_S, NULL), 0);
    assert_int_equal(look_until(&w, 1000 + MOST_S, 1000 + MOST_S + 17, NULL), UNITS - 1);
    assert_int_equal(w.under_way, 0);
    /* Sent again, they have all of their time again. */
    zg_watch_accept(&w, 4, 1300);
    assert_int_equal(look_until(&w, 1300, 1300 + MOST_S - 1, NULL), 0);
    assert_int_equal(look_until(&w, 1300 + MOST_S, 1300 + MOST_S + 17, NULL), 1);
    zg_watch_free(&w);
}

/* While looks fail no unit is overdue; when they go well again, those are that have left
 * nothing. */
static void blind_for_a_while(void **state)
{
    (void)state;
    zg_watch w;
    zagg_err refused = ZAGG_ERR_INIT, err = ZAGG_ERR_INIT;
    (void)zagg_err_set(&refused, ZAGG_EAUTH, "no listing for you");
    begin(&w);
    assert_int_equal(look_until(&w, 1000, 1500, &refused), 0);
    assert_int_equal(w.under_way, UNITS);
    assert_false(zg_watch_is_blind(&w, 1500, &err));
    for (size_t i = 0; i < UNITS - 2; i++) /* found by the look that went well */
        assert_true(zg_watch_take(&w, i));
    assert_int_equal(look_until(&w, 1500, 1520, NULL), 2);
    assert_false(zg_watch_is_blind(&w, 1e6, &err));
    zg_watch_free(&w);
}

static void blind_for_good(void **state)
{
    (void)state;
    zg_watch w;
    zagg_err refused = ZAGG_ERR_INIT, err = ZAGG_ERR_INIT;
    (void)zagg_err_set(&refused, ZAGG_EAUTH, "no listing for you");
    begin(&w);
    assert_int_equal(look_until(&w, 1000, 3000, &refused), 0);
    assert_true(zg_watch_is_blind(&w, 3000, &err));
    assert_int_equal(err.status, ZAGG_EAUTH);
    assert_non_null(strstr(err.msg, "of 50 shards it is not known how they ended"));
    assert_non_null(strstr(err.msg, "no listing for you"));
    /* One that may still be at work is waited for. */
    zg_watch_accept(&w, 0, 2900);
    assert_false(zg_watch_is_blind(&w, 3000, &err));
    assert_true(zg_watch_is_blind(&w, 2901 + MOST_S, &err));
    zg_watch_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(found), cmocka_unit_test(overdue),
                                       cmocka_unit_test(blind_for_a_while),
                                       cmocka_unit_test(blind_for_good)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
