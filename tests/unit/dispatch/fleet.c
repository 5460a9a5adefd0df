/* The loop of a run, over an executor that does what a script says: every unit is brought
 * to one end, no more fly than may, throttling narrows, a stop leaves what was not sent.
 */
#include "dispatch/fleet.h"

#include "dispatch/message.h"
#include "support/support.h"

#include <stdlib.h>
#include <string.h>

enum { UNITS = 300, WORKERS = 40 };

static const char OK_TEXT[] = "{\"statusCode\": 200, \"body\": \"{\\\"total_obs\\\": 2, "
                              "\\\"duration_s\\\": 0.5}\"}";
static const char CRASH_TEXT[] = "{\"errorType\": \"Runtime.ExitError\"}";
static const char OVER_TEXT[] =
    "{\"errorMessage\": \"Task timed out after 60.00 seconds\"}";

typedef struct engine {
    size_t flying[WORKERS], n_flying, most_flying;
    unsigned tries[UNITS], ends[UNITS], failed;
    size_t limit; /* more at once are throttled; 0: none are */
    unsigned crash_every, sent, stop_after;
    bool fatal, overtime; /* all that is under way when it stops runs into the timeout */
    volatile int stop;
    uint64_t obs;
    size_t event_bytes;
} engine;

static zagg_status send_unit(void *self, size_t ticket, zg_str *event, zagg_err *err)
{
    engine *e = self;
    assert_true(e->n_flying < WORKERS && ticket < UNITS);
    assert_int_equal(strtoul(event->data, NULL, 10), ticket);
    e->flying[e->n_flying++] = ticket;
    if (e->n_flying > e->most_flying)
        e->most_flying = e->n_flying;
    e->tries[ticket]++;
    if (++e->sent == e->stop_after)
        e->stop = 1;
    zg_message_free(event);
    (void)err;
    return ZAGG_OK;
}

static void script(engine *e, size_t ticket, zg_reply *out)
{
    const bool crash = e->crash_every && ticket % e->crash_every == 0 &&
                       (ticket % (2 * e->crash_every) == 0 || e->tries[ticket] == 1);
    const bool over = e->overtime && e->stop;
    const char *text = over ? OVER_TEXT : crash ? CRASH_TEXT : OK_TEXT;
    if (e->fatal || (e->limit && e->n_flying >= e->limit)) {
        out->kind = e->fatal ? ZG_REPLY_FATAL : ZG_REPLY_THROTTLED;
        (void)zagg_err_set(&out->err, ZAGG_EIO, "no more");
        return;
    }
    out->kind = crash || over ? ZG_REPLY_BROKEN : ZG_REPLY_RESPONSE;
    out->payload = zg_strdup(text);
    out->len = strlen(text);
}

/* The last one that was sent comes back first. */
static bool next_reply(void *self, double until_s, size_t *ticket, zg_reply *out)
{
    engine *e = self;
    (void)until_s;
    if (e->n_flying == 0)
        return false;
    *ticket = e->flying[--e->n_flying];
    script(e, *ticket, out);
    return true;
}

static zagg_status event_of(void *user, size_t number, zg_str *out, zagg_err *err)
{
    (void)user, (void)err;
    zg_str_init(out, 0);
    zg_str_addf(out, "%zu", number);
    return ZAGG_OK;
}

static zagg_status over(void *user, size_t number, zagg_dispatch_result *result,
                        size_t flying, zagg_err *err)
{
    engine *e = user;
    (void)flying, (void)err;
    e->ends[number]++;
    e->failed += result->failed;
    e->obs += result->total_obs;
    if (e->tries[number] == 0) {
        assert_string_equal(result->error,
                            "the event takes 3 bytes, more than the 2 that "
                            "can be sent; send less");
        assert_int_equal(result->retries, 0);
    } else {
        assert_int_equal(result->retries + 1, e->tries[number]);
    }
    zg_free(result->error);
    return ZAGG_OK;
}

static double no_wait(void *user)
{
    (void)user;
    return 0;
}

static zagg_status run(engine *e, const bool *done, zg_fleet_stats *stats, zagg_err *err)
{
    const zg_fleet_opts opts = {.executor = {send_unit, next_reply, e},
                                .n = UNITS,
                                .done = done,
                                .workers = WORKERS,
                                .max_attempts = 3,
                                .event_bytes = e->event_bytes,
                                .too_long = "send less",
                                .timeout_s = 60,
                                .event_of = event_of,
                                .over = over,
                                .random = no_wait,
                                .user = e,
                                .stop = &e->stop};
    return zg_fleet_run(&opts, stats, err);
}

static void each_once(void **state)
{
    (void)state;
    engine e = {.limit = 0};
    bool done[UNITS] = {false};
    zg_fleet_stats stats;
    for (size_t i = 0; i < UNITS; i += 3)
        done[i] = true;
    assert_int_equal(run(&e, done, &stats, NULL), ZAGG_OK);
    for (size_t i = 0; i < UNITS; i++)
        assert_int_equal(e.ends[i], !done[i]);
    assert_int_equal(e.obs, 2 * (UNITS - UNITS / 3));
    assert_int_equal(e.most_flying, WORKERS);
    assert_int_equal(stats.attempts, UNITS - UNITS / 3);
    assert_int_equal(stats.left, 0);
}

/* What is too long is never sent, and holds nothing else up. */
static void too_long(void **state)
{
    (void)state;
    engine e = {.event_bytes = 2};
    const bool done[UNITS] = {false};
    zg_fleet_stats stats;
    assert_int_equal(run(&e, done, &stats, NULL), ZAGG_OK);
    for (size_t i = 0; i < UNITS; i++) {
        assert_int_equal(e.ends[i], 1);
        assert_int_equal(e.tries[i], i < 100);
    }
    assert_int_equal(e.failed, UNITS - 100);
    assert_int_equal(stats.attempts, 100);
    assert_int_equal(stats.left, 0);
}

/* A crash once is tried again, one each time is a failure after three attempts. */
static void crashes(void **state)
{
    (void)state;
    engine e = {.crash_every = 10};
    const bool done[UNITS] = {false};
    zg_fleet_stats stats;
    assert_int_equal(run(&e, done, &stats, NULL), ZAGG_OK);
    for (size_t i = 0; i < UNITS; i++) {
        assert_int_equal(e.ends[i], 1);
        assert_int_equal(e.tries[i], i % 20 == 0 ? 3 : i % 10 == 0 ? 2 : 1);
    }
    assert_int_equal(e.failed, UNITS / 20);
    assert_int_equal(stats.retried, 2 * (UNITS / 20) + UNITS / 20);
}

/* An engine that takes ten at once is soon asked for no more than a few beyond that, and
 * nothing of what it refused is lost. */
static void throttling(void **state)
{
    (void)state;
    engine e = {.limit = 10};
    const bool done[UNITS] = {false};
    zg_fleet_stats stats;
    assert_int_equal(run(&e, done, &stats, NULL), ZAGG_OK);
    for (size_t i = 0; i < UNITS; i++)
        assert_int_equal(e.ends[i], 1);
    assert_int_equal(e.failed, 0);
    assert_true(stats.throttles >= WORKERS - 10);
    assert_in_range(stats.narrowest, 1, 12);
    assert_true(stats.throttles < WORKERS + UNITS / 4);
}

static void stopping(void **state)
{
    (void)state;
    engine e = {.stop_after = 100};
    const bool done[UNITS] = {false};
    zg_fleet_stats stats;
    size_t ends = 0;
    assert_int_equal(run(&e, done, &stats, NULL), ZAGG_OK);
    for (size_t i = 0; i < UNITS; i++)
        ends += e.ends[i];
    assert_int_equal(ends, e.sent);
    assert_int_equal(stats.left, UNITS - ends);
    assert_in_range(ends, 100, 100 + WORKERS);
}

/* They would be sent once more, had the run not been stopped; they are paid for. */
static void stopped_overtime(void **state)
{
    (void)state;
    engine e = {.stop_after = 100, .overtime = true};
    const bool done[UNITS] = {false};
    zg_fleet_stats stats;
    size_t ends = 0;
    assert_int_equal(run(&e, done, &stats, NULL), ZAGG_OK);
    for (size_t i = 0; i < UNITS; i++)
        ends += e.ends[i];
    assert_true(ends < e.sent);
    assert_int_equal(stats.left, UNITS - ends);
    assert_true(stats.left_s == 60.0 * (double)(e.sent - ends));
}

static void fatal(void **state)
{
    (void)state;
    engine e = {.fatal = true};
    const bool done[UNITS] = {false};
    zg_fleet_stats stats;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(run(&e, done, &stats, &err), ZAGG_EIO);
    assert_string_equal(err.msg, "no more");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_once),
                                       cmocka_unit_test(crashes),
                                       cmocka_unit_test(throttling),
                                       cmocka_unit_test(stopping),
                                       cmocka_unit_test(stopped_overtime),
                                       cmocka_unit_test(too_long),
                                       cmocka_unit_test(fatal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
