/* Calls that begin and end one by one: many at once on one thread, each given back once
 * with its own answer; failures stay with their call; what is cancelled comes back. */
#include "http_test.h"
#include "net/http_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CALLS = 200, AT_ONCE = 30 };

typedef struct one {
    zg_call call; /* the first member */
    char url[300];
    unsigned back;
} one;

static http_reply answer(void *user, size_t nth, const http_request *q)
{
    static _Thread_local char body[80];
    const char *number = strrchr(q->target, '/');
    (void)user;
    if (strcmp(number, "/13") == 0)
        return (http_reply){.status = 429, .body = "slow down"};
    if (strcmp(number, "/17") == 0)
        return (http_reply){.ending = HTTP_RESET};
    (void)snprintf(body, sizeof body, "answer %s", number + 1);
    return (http_reply){
        .status = 200, .body = body, .delay_s = (double)(nth % 3) * 0.002};
}

static zg_http *open_http(void)
{
    const zg_http_opts opts = {
        .max_connections = AT_ONCE, .attempts = 1, .steady = true, .receive_bytes = 4096};
    zg_http *http = NULL;
    assert_int_equal(zg_http_new(&opts, &http, NULL), ZAGG_OK);
    return http;
}

static void start_one(zg_flight *flight, http_script *s, one *o, size_t i)
{
    char path[40];
    (void)snprintf(path, sizeof path, "/a/%zu", i);
    (void)snprintf(o->url, sizeof o->url, "%s", http_script_url(s, path));
    o->call = (zg_call){.method = "POST", .url = o->url, .body = "x", .body_len = 1};
    assert_int_equal(zg_flight_send(flight, &o->call, NULL), ZAGG_OK);
}

static void check_one(const one *o, size_t i)
{
    char want[40];
    (void)snprintf(want, sizeof want, "answer %zu", i);
    assert_int_equal(o->back, 1);
    assert_int_equal(o->call.attempts, 1);
    if (i == 13) {
        assert_int_equal(o->call.http_status, 429);
        assert_int_equal(o->call.status, ZAGG_EHTTP);
    } else if (i == 17) {
        assert_int_equal(o->call.status, ZAGG_EIO);
    } else {
        assert_int_equal(o->call.status, ZAGG_OK);
        assert_string_equal(o->call.out_body, want);
    }
}

static void each_comes_back(void **state)
{
    (void)state;
    http_script *s = http_script_start_with(answer, NULL);
    zg_http *http = open_http();
    zg_flight *flight = NULL;
    one *list = calloc(CALLS, sizeof *list);
    size_t sent = 0, back = 0;
    assert_non_null(list);
    assert_int_equal(zg_flight_new(http, &flight, NULL), ZAGG_OK);
    assert_null(zg_flight_next(flight, zg_clock_mono_s() + 100)); /* none is under way */
    while (back < CALLS) {
        while (sent < CALLS && zg_flight_n(flight) < AT_ONCE) {
            start_one(flight, s, &list[sent], sent);
            sent++;
        }
        one *o = (one *)zg_flight_next(flight, zg_clock_mono_s() + 30);
        assert_non_null(o);
        o->back++;
        back++;
    }
    for (size_t i = 0; i < CALLS; i++) {
        check_one(&list[i], i);
        zg_call_free(&list[i].call);
    }
    zg_flight_free(flight);
    zg_http_free(http);
    assert_true(http_script_most_at_once(s) <= AT_ONCE);
    http_script_stop(s);
    free(list);
}

static void cancelled(void **state)
{
    (void)state;
    const http_reply stalls = {.ending = HTTP_STALL};
    http_script *s = http_script_start(&stalls, 1);
    zg_http *http = open_http();
    zg_flight *flight = NULL;
    one list[3] = {{.back = 0}};
    size_t n = 0;
    assert_int_equal(zg_flight_new(http, &flight, NULL), ZAGG_OK);
    for (size_t i = 0; i < 3; i++)
        start_one(flight, s, &list[i], i);
    assert_true(http_script_wait(s, 3));
    assert_null(zg_flight_next(flight, zg_clock_mono_s() + 0.05));
    zg_flight_cancel(flight);
    for (one *o; (o = (one *)zg_flight_next(flight, 0)) != NULL; n++) {
        assert_int_equal(o->call.status, ZAGG_ECANCELLED);
        zg_call_free(&o->call);
    }
    assert_int_equal(n, 3);
    zg_flight_free(flight);
    zg_http_free(http);
    http_script_stop(s);
}

/* Freed with calls under way: they are the sender's again. */
static void freed(void **state)
{
    (void)state;
    const http_reply stalls = {.ending = HTTP_STALL};
    http_script *s = http_script_start(&stalls, 1);
    zg_http *http = open_http();
    zg_flight *flight = NULL;
    one o = {.back = 0};
    assert_int_equal(zg_flight_new(http, &flight, NULL), ZAGG_OK);
    start_one(flight, s, &o, 0);
    zg_flight_free(flight);
    assert_int_equal(o.call.status, ZAGG_ECANCELLED);
    zg_call_free(&o.call);
    zg_http_free(http);
    http_script_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_comes_back),
                                       cmocka_unit_test(cancelled),
                                       cmocka_unit_test(freed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
