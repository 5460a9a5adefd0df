/* What is sent again, how often and when; new keys; the flag that stops a run, deadlines.
 */
#include "http_test.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

/* ---- by class ---- */

typedef struct status_case {
    int status;
    zagg_status want;
    bool again;
} status_case;

static const status_case statuses[] = {
    {400, ZAGG_EHTTP, false},     {401, ZAGG_EAUTH, false}, {403, ZAGG_EAUTH, false},
    {404, ZAGG_ENOTFOUND, false}, {409, ZAGG_EHTTP, false}, {412, ZAGG_EEXISTS, false},
    {416, ZAGG_EHTTP, false},     {501, ZAGG_EHTTP, false}, {304, ZAGG_EHTTP, false},
    {408, ZAGG_EHTTP, true},      {429, ZAGG_EHTTP, true},  {500, ZAGG_EHTTP, true},
    {502, ZAGG_EHTTP, true},      {503, ZAGG_EHTTP, true},  {504, ZAGG_EHTTP, true},
};

static void by_status(void **state)
{
    (void)state;
    zg_http *http = new_http(&(zg_http_opts){.attempts = 3});
    for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++) {
        const status_case *c = &statuses[i];
        const http_reply reply = {.status = c->status, .body = "because of the test"};
        http_script *server = http_script_start(&reply, 1);
        zg_call call = {0};
        zagg_err err;
        char expected[64];
        assert_int_equal(send_one(http, &call, http_script_url(server, "/k"), &err),
                         c->want);
        snprintf(expected, sizeof expected, "/k: HTTP %d", c->status);
        assert_contains(err.msg, expected);
        assert_contains(err.msg, "GET http://127.0.0.1:");
        if (c->status != 304)
            assert_contains(err.msg, "because of the test");
        assert_int_equal(err.status, c->want);
        assert_int_equal(call.http_status, c->status);
        assert_int_equal(call.attempts, c->again ? 3 : 1);
        assert_int_equal(http_script_requests(server), c->again ? 3 : 1);
        if (c->again)
            assert_contains(err.msg, "(3 attempts)");
        zg_call_free(&call);
        http_script_stop(server);
    }
    const zagg_net_stats stats = zg_http_stats(http);
    assert_int_equal(stats.requests, 9 + 6 * 3);
    assert_int_equal(stats.retries, 6 * 2);
    assert_int_equal(stats.throttles, 2 * 3);
    zg_http_free(http);
}

static void quiet_404(void **state)
{
    (void)state;
    const http_reply reply = {.status = 404, .body = "none"};
    http_script *server = http_script_start(&reply, 1);
    zg_http *http = new_http(NULL);
    zg_call call = {.quiet_404 = true};
    zagg_err err;
    assert_int_equal(send_one(http, &call, http_script_url(server, "/k"), &err), ZAGG_OK);
    assert_int_equal(call.http_status, 404);
    zg_call_free(&call);
    zg_http_free(http);
    http_script_stop(server);
}

static void s3_request_timeout(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 400, .body = "<Error><Code>RequestTimeout</Code></Error>"},
        {.status = 200}};
    http_script *server = http_script_start(replies, 2);
    zg_http *http = new_http(NULL);
    zg_call call = {.method = "PUT", .body = "b", .body_len = 1};
    zagg_err err;
    assert_int_equal(send_one(http, &call, http_script_url(server, "/k"), &err), ZAGG_OK);
    assert_int_equal(call.attempts, 2);
    assert_string_equal(call.err.msg, "");
    zg_call_free(&call);
    zg_http_free(http);
    http_script_stop(server);
}

/* The transport fails in every way, then all is well. */
static void by_transport(void **state)
{
    (void)state;
    const char *range = "Content-Range: bytes 0-9/10\r\n";
    const http_reply replies[] = {
        {.status = 0, .ending = HTTP_RESET},
        {.status = 0, .ending = HTTP_CLOSE},
        {.status = 206,
         .headers = range,
         .body = "0123456789",
         .cut = 4,
         .ending = HTTP_CLOSE},
        {.status = 206,
         .headers = range,
         .body = "0123456789",
         .cut = 5,
         .ending = HTTP_RESET},
        {.status = 206,
         .headers = range,
         .no_length = true,
         .body = "0123456",
         .ending = HTTP_CLOSE},
        {.status = 206, .headers = range, .body = "abcdefghij"}};
    http_script *server = http_script_start(replies, 6);
    zg_http *http = new_http(&(zg_http_opts){.attempts = 6});
    char into[10];
    zg_call call = {.ranged = true, .range_len = 10, .into = into};
    zagg_err err;
    assert_int_equal(send_one(http, &call, http_script_url(server, "/k"), &err), ZAGG_OK);
    assert_int_equal(call.attempts, 6);
    assert_int_equal(http_script_requests(server), 6);
    assert_memory_equal(into, "abcdefghij", 10);
    zg_call_free(&call);
    zg_http_free(http);
    http_script_stop(server);
}

static void transport_messages(void **state)
{
    (void)state;
    const char *range = "Content-Range: bytes 0-9/10\r\n";
    const http_reply replies[] = {{.status = 0, .ending = HTTP_RESET},
                                  {.status = 206,
                                   .headers = range,
                                   .body = "0123456789",
                                   .cut = 4,
                                   .ending = HTTP_CLOSE},
                                  {.status = 206,
                                   .headers = range,
                                   .no_length = true,
                                   .body = "0123456",
                                   .ending = HTTP_CLOSE}};
    static const char *const messages[] = {
        "broke after 0 bytes: ", "broke after 4 bytes: ",
        "7 bytes came of the 10 announced"};
    for (size_t i = 0; i < 3; i++) {
        http_script *server = http_script_start(&replies[i], 1);
        zg_http *http = new_http(&(zg_http_opts){.attempts = 2});
        char into[10];
        zg_call call = {.ranged = true, .range_len = 10, .into = into};
        zagg_err err;
        assert_int_equal(send_one(http, &call, http_script_url(server, "/k"), &err),
                         ZAGG_EIO);
        assert_contains(err.msg, messages[i]);
        assert_contains(err.msg, "(2 attempts)");
        zg_call_free(&call);
        zg_http_free(http);
        http_script_stop(server);
    }
}

static void once_is_once(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 200}, {.status = 0, .ending = HTTP_CLOSE}, {.status = 503}};
    http_script *server = http_script_start(replies, 3);
    zg_http *http = new_http(NULL);
    static const zagg_status want[] = {ZAGG_OK, ZAGG_EIO, ZAGG_EHTTP};
    for (size_t i = 0; i < 3; i++) {
        zg_call call = {.method = "POST", .body = "x", .body_len = 1, .once = true};
        zagg_err err;
        assert_int_equal(send_one(http, &call, http_script_url(server, "/k"), &err),
                         want[i]);
        assert_int_equal(call.attempts, 1);
        assert_int_equal(http_script_requests(server), i + 1);
        zg_call_free(&call);
    }
    zg_http_free(http);
    http_script_stop(server);
}

/* ---- keys ---- */

typedef struct keys {
    unsigned signatures, renewals, refusals;
    bool again;
    char code[64];
    long status;
} keys;

static zagg_status authorize(void *user, const zg_call *call, unsigned attempt,
                             zg_headers *add, char **url_out, zagg_err *err)
{
    (void)call, (void)url_out, (void)err;
    keys *k = user;
    char value[32];
    assert_int_equal(attempt, ++k->signatures);
    snprintf(value, sizeof value, "Bearer token-%u", k->renewals);
    zg_headers_add(add, "Authorization", value);
    zg_headers_add(add, "X-Given", "added");
    return ZAGG_OK;
}

static zagg_status renew(void *user, const zg_call *call, const char *code, bool *again,
                         zagg_err *err)
{
    (void)err;
    keys *k = user;
    k->renewals++;
    snprintf(k->code, sizeof k->code, "%s", code);
    k->status = call->http_status;
    *again = k->again;
    return ZAGG_OK;
}

static zagg_status refused(void *user, const zg_call *call, const char *code,
                           zagg_err *err)
{
    (void)call, (void)code;
    ((keys *)user)->refusals++;
    return zagg_err_set(err, ZAGG_EAUTH, "in other words");
}

static void new_keys(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 503},
        {.status = 400,
         .body = "<?xml version=\"1.0\"?><Error><Code>ExpiredToken</Code><Message>The "
                 "token has expired.</Message></Error>"},
        {.status = 200, .body = "ok"},
        {.status = 403},
        {.status = 403},
        {.status = 403}};
    http_script *server = http_script_start(replies, 6);
    zg_http *http = new_http(NULL);
    for (size_t i = 0; i < 2; i++) {
        keys k = {.again = true};
        zg_call call = {.authorize = authorize,
                        .renew = renew,
                        .refused = refused,
                        .user = &k,
                        .once = i == 1};
        zg_headers_add(&call.headers, "X-Given", "first");
        zagg_err err;
        assert_int_equal(send_one(http, &call, http_script_url(server, "/k"), &err),
                         i == 0 ? ZAGG_OK : ZAGG_EAUTH);
        assert_int_equal(k.renewals, i == 0 ? 1 : 2);
        assert_int_equal(k.signatures, 3);
        assert_int_equal(k.refusals, i);
        if (i == 1)
            assert_string_equal(err.msg, "in other words");
        assert_string_equal(k.code, i == 0 ? "ExpiredToken" : "");
        assert_int_equal(k.status, i == 0 ? 400 : 403);
        zg_call_free(&call);
    }
    static const char *const sent[] = {"Bearer token-0", "Bearer token-0",
                                       "Bearer token-1", "Bearer token-0",
                                       "Bearer token-1", "Bearer token-2"};
    assert_int_equal(http_script_requests(server), 6);
    for (size_t i = 0; i < 6; i++) {
        const http_request *q = http_script_request(server, i);
        assert_string_equal(http_request_header(q, "Authorization"), sent[i]);
        assert_string_equal(http_request_header(q, "X-Given"), "added");
        assert_lacks(q->headers, "first");
    }
    zg_http_free(http);
    http_script_stop(server);
}

static zagg_status cannot(void *user, const zg_call *call, unsigned attempt,
                          zg_headers *add, char **url_out, zagg_err *err)
{
    (void)user, (void)call, (void)attempt, (void)add, (void)url_out;
    return zagg_err_set(err, ZAGG_EAUTH, "no keys anywhere");
}

static void no_keys(void **state)
{
    (void)state;
    const http_reply reply = {.status = 401, .body = "{\"message\": \"who are you\"}"};
    http_script *server = http_script_start(&reply, 1);
    zg_http *http = new_http(NULL);
    keys k = {.again = false};
    zg_call calls[2] = {{.authorize = cannot}, {.renew = renew, .user = &k}};
    zagg_err err;
    assert_int_equal(send_one(http, &calls[0], http_script_url(server, "/k"), &err),
                     ZAGG_EAUTH);
    assert_string_equal(err.msg, "no keys anywhere");
    assert_int_equal(http_script_requests(server), 0);
    assert_int_equal(send_one(http, &calls[1], http_script_url(server, "/k"), &err),
                     ZAGG_EAUTH);
    assert_contains(err.msg, "HTTP 401: who are you");
    assert_int_equal(http_script_requests(server), 1);
    zg_call_free(&calls[0]);
    zg_call_free(&calls[1]);
    zg_http_free(http);
    http_script_stop(server);
}

/* ---- waits ---- */

static http_reply throttle_each(void *user, size_t nth, const http_request *q)
{
    (void)nth;
    char *headers = user;
    if (strcmp(q->target, "/second") == 0) { /* as a date, two seconds from now */
        time_t then = time(NULL) + 2;
        struct tm utc;
        gmtime_r(&then, &utc);
        strftime(headers, 80, "Retry-After: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
        return (http_reply){.status = 503, .headers = headers};
    }
    return (http_reply){.status = 429, .headers = "Retry-After: 1\r\n"};
}

static void retry_after(void **state)
{
    (void)state;
    char headers[80];
    http_script *server = http_script_start_with(throttle_each, headers);
    zg_http *http = new_http(&(zg_http_opts){.attempts = 2});
    zg_call calls[2] = {{.method = "GET", .url = http_script_url(server, "/first")},
                        {.method = "GET", .url = http_script_url(server, "/second")}};
    const double begin = zg_clock_mono_s();
    zagg_err err;
    assert_int_equal(zg_http_send(http, calls, 1, &err), ZAGG_EHTTP);
    const double first = zg_clock_mono_s() - begin;
    assert_true(first >= 1.0);
    assert_int_equal(zg_http_send(http, calls + 1, 1, &err), ZAGG_EHTTP);
    const double second = zg_clock_mono_s() - begin - first;
    assert_true(second >= 0.9); /* a date has whole seconds */
    assert_int_equal(calls[0].attempts, 2);
    assert_int_equal(calls[1].attempts, 2);
    zg_call_free(&calls[0]);
    zg_call_free(&calls[1]);
    zg_http_free(http);
    http_script_stop(server);
}

/* Sets the flag when the server was asked, and says when. */
typedef struct stopper {
    http_script *server;
    volatile int stop;
    double at;
} stopper;

static void *stop_when_asked(void *arg)
{
    stopper *s = arg;
    if (http_script_wait(s->server, 1)) {
        s->at = zg_clock_mono_s();
        zg_stop(&s->stop);
    }
    return NULL;
}

/* A call to a server that answers with this is stopped; the time that it took to end. */
static double stopped_call(const http_reply *reply, double deadline_s, char *into)
{
    pthread_t thread;
    stopper s = {.server = http_script_start(reply, 1)};
    zg_http *http = new_http(&(zg_http_opts){.stop = &s.stop, .deadline_s = deadline_s});
    zg_call call = {.ranged = into != NULL, .range_len = 10, .into = into};
    zagg_err err;
    assert_int_equal(pthread_create(&thread, NULL, stop_when_asked, &s), 0);
    assert_int_equal(send_one(http, &call, http_script_url(s.server, "/k"), &err),
                     ZAGG_ECANCELLED);
    const double ended = zg_clock_mono_s();
    assert_contains(err.msg, "stopped");
    if (into != NULL) /* nobody writes here any more */
        memset(into, '#', 10);
    pthread_join(thread, NULL);
    zg_call_free(&call);
    zg_http_free(http);
    http_script_stop(s.server);
    return ended - s.at;
}

/* A machine with much to do may be late, but not each time. */
static bool ends_at_once(const http_reply *reply, double deadline_s, char *into)
{
    for (int tries = 0; tries < 4; tries++)
        if (stopped_call(reply, deadline_s, into) < 0.1)
            return true;
    return false;
}

static void stop_ends_waits(void **state)
{
    (void)state;
    const double now = zg_clock_mono_s();
    char into[10];
    const http_reply stalled = {.status = 206,
                                .headers = "Content-Range: bytes 0-9/10\r\n",
                                .body = "0123456789",
                                .cut = 5,
                                .ending = HTTP_STALL};
    /* A wait of a minute at most: one more would be beyond the deadline. */
    const http_reply later = {.status = 503, .headers = "Retry-After: 100000\r\n"};
    assert_true(ends_at_once(&stalled, 0, into));
    assert_memory_equal(into, "##########", 10);
    assert_true(ends_at_once(&later, now + 100, NULL));
}

static void deadlines(void **state)
{
    (void)state;
    const http_reply stalled = {.ending = HTTP_STALL};
    const http_reply later = {.status = 503, .headers = "Retry-After: 30\r\n"};
    const http_reply *const replies[] = {&stalled, &later};
    static const char *const messages[] = {"the deadline has passed",
                                           "HTTP 503; no time is left to try again"};
    for (size_t i = 0; i < 2; i++) {
        http_script *server = http_script_start(replies[i], 1);
        const double begin = zg_clock_mono_s();
        zg_http *http = new_http(&(zg_http_opts){.deadline_s = begin + 0.3});
        zg_call call = {0};
        zagg_err err;
        assert_int_equal(send_one(http, &call, http_script_url(server, "/k"), &err),
                         ZAGG_ECANCELLED);
        assert_contains(err.msg, messages[i]);
        assert_true(zg_clock_mono_s() - begin < 5);
        zg_call_free(&call);
        zg_http_free(http);
        http_script_stop(server);
    }
}

static void too_late(void **state)
{
    (void)state;
    const http_reply ok = {.status = 200};
    http_script *server = http_script_start(&ok, 1);
    volatile int stop = 1;
    const zg_http_opts opts[] = {{.deadline_s = zg_clock_mono_s() - 1}, {.stop = &stop}};
    for (size_t i = 0; i < 2; i++) {
        zg_http *http = new_http(&opts[i]);
        zg_call call = {0};
        zagg_err err;
        assert_int_equal(send_one(http, &call, http_script_url(server, "/k"), &err),
                         ZAGG_ECANCELLED);
        assert_string_equal(err.msg, i == 0 ? "the deadline has passed" : "stopped");
        zg_call_free(&call);
        zg_http_free(http);
    }
    assert_int_equal(http_script_requests(server), 0);
    http_script_stop(server);
}

static void stalls(void **state)
{
    (void)state;
    const http_reply reply = {
        .status = 200, .body = "0123456789", .cut = 5, .ending = HTTP_STALL};
    http_script *server = http_script_start(&reply, 1);
    zg_http *http = new_http(&(zg_http_opts){.attempts = 2, .stall_s = 1});
    zg_call call = {0};
    zagg_err err;
    const double begin = zg_clock_mono_s();
    assert_int_equal(send_one(http, &call, http_script_url(server, "/k"), &err),
                     ZAGG_EIO);
    assert_contains(err.msg, "the transfer stalled: less than 1 kB/s for 1 s");
    assert_contains(err.msg, "after 5 bytes (2 attempts)");
    assert_true(zg_clock_mono_s() - begin < 15);
    assert_int_equal(http_script_requests(server), 2);
    zg_call_free(&call);
    zg_http_free(http);
    http_script_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_status),          cmocka_unit_test(quiet_404),
        cmocka_unit_test(s3_request_timeout), cmocka_unit_test(by_transport),
        cmocka_unit_test(transport_messages), cmocka_unit_test(once_is_once),
        cmocka_unit_test(new_keys),           cmocka_unit_test(no_keys),
        cmocka_unit_test(retry_after),        cmocka_unit_test(stop_ends_waits),
        cmocka_unit_test(deadlines),          cmocka_unit_test(stalls),
        cmocka_unit_test(too_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
