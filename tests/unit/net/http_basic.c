/* One exchange: what is sent, what is handed back, and when a range is what was asked
 * for. */
#include "http_test.h"

#include <stdio.h>

static zg_http *http;

static int open_http(void **state)
{
    (void)state;
    http = new_http(NULL);
    return 0;
}

static int close_http(void **state)
{
    (void)state;
    zg_http_free(http);
    return 0;
}

static void body_and_headers(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 200, .headers = "ETag: \"x\"\r\nX-Thing:  two \r\n", .body = "hello"}};
    http_script *server = http_script_start(replies, 1);
    zg_call call = {0};
    zagg_err err;
    zg_headers_add(&call.headers, "X-Asked", "yes");
    zg_headers_add(&call.headers, "X-Empty", "");
    assert_int_equal(send_one(http, &call, http_script_url(server, "/a/./b?c=%20"), &err),
                     0);
    assert_int_equal(call.status, ZAGG_OK);
    assert_int_equal(call.http_status, 200);
    assert_int_equal(call.attempts, 1);
    assert_string_equal(call.out_body, "hello");
    assert_int_equal(call.out_len, 5);
    assert_string_equal(zg_headers_get(&call.out_headers, "etag"), "\"x\"");
    assert_null(zg_headers_get(&call.out_headers, "X-Thin"));
    assert_null(call.final_url);
    const http_request *q = http_script_request(server, 0);
    assert_string_equal(q->method, "GET");
    assert_string_equal(q->target, "/a/./b?c=%20");
    assert_string_equal(http_request_header(q, "X-Asked"), "yes");
    assert_string_equal(http_request_header(q, "X-Empty"), "");
    assert_string_equal(http_request_header(q, "User-Agent"), "zagg/" ZAGG_VERSION);
    zg_call_free(&call);
    http_script_stop(server);
}

static void put_post_head_delete(void **state)
{
    (void)state;
    const http_reply replies[] = {{.status = 200, .headers = "ETag: \"1\"\r\n"},
                                  {.status = 200, .body = "made"},
                                  {.status = 200, .body = "12345678"},
                                  {.status = 204, .no_length = true},
                                  {.status = 200}};
    http_script *server = http_script_start(replies, 5);
    static const char *const methods[] = {"PUT", "POST", "HEAD", "DELETE", "PUT"};
    char big[200000];
    memset(big, 'b', sizeof big);
    for (size_t i = 0; i < 5; i++) {
        zg_call call = {.method = methods[i]};
        zagg_err err;
        if (i < 2) {
            call.body = big;
            call.body_len = sizeof big;
        }
        assert_int_equal(send_one(http, &call, http_script_url(server, "/x"), &err), 0);
        const http_request *q = http_script_request(server, i);
        assert_string_equal(q->method, methods[i]);
        assert_int_equal(q->body_len, call.body_len);
        if (i < 2)
            assert_memory_equal(q->body, big, sizeof big);
        assert_null(http_request_header(q, "Content-Type"));
        assert_null(http_request_header(q, "Expect"));
        if (i == 2)
            assert_string_equal(zg_headers_get(&call.out_headers, "Content-Length"), "8");
        if (i == 4) /* servers demand one, also of an empty body */
            assert_string_equal(http_request_header(q, "Content-Length"), "0");
        assert_non_null(call.out_body);
        zg_call_free(&call);
    }
    assert_int_equal(http_script_connections(server), 1);
    http_script_stop(server);
}

/* ---- ranges ---- */

typedef struct range_case {
    const char *name;
    http_reply reply;
    bool may_end;
    zagg_status status;
    size_t len;
    const char *message;
} range_case;

/* Bytes 10-19 are asked for. */
static const range_case ranges[] = {
    {"exact",
     {206, "Content-Range: bytes 10-19/100\r\n", "abcdefghij", .cut = 0},
     false,
     ZAGG_OK,
     10,
     ""},
    {"unknown size",
     {206, "Content-Range: bytes 10-19/*\r\n", "abcdefghij", .cut = 0},
     false,
     ZAGG_OK,
     10,
     ""},
    {"wrong start",
     {206, "Content-Range: bytes 0-9/100\r\n", "abcdefghij", .cut = 0},
     false,
     ZAGG_EHTTP,
     0,
     "bytes 0-9 came where 10-19 were asked for"},
    {"wrong end",
     {206, "Content-Range: bytes 10-20/100\r\n", "abcdefghijk", .cut = 0},
     false,
     ZAGG_EHTTP,
     0,
     "bytes 10-20 came"},
    {"short inside",
     {206, "Content-Range: bytes 10-18/100\r\n", "abcdefghi", .cut = 0},
     true,
     ZAGG_EHTTP,
     0,
     "bytes 10-18 came"},
    {"clipped",
     {206, "Content-Range: bytes 10-14/15\r\n", "abcde", .cut = 0},
     true,
     ZAGG_OK,
     5,
     ""},
    {"clipped unasked",
     {206, "Content-Range: bytes 10-14/15\r\n", "abcde", .cut = 0},
     false,
     ZAGG_EHTTP,
     0,
     "the object ends after 15 bytes"},
    {"no range",
     {206, NULL, "abcdefghij", .cut = 0},
     false,
     ZAGG_EHTTP,
     0,
     "a part without a usable Content-Range (none)"},
    {"bad range",
     {206, "Content-Range: bytes 10-19/12\r\n", "abcdefghij", .cut = 0},
     false,
     ZAGG_EHTTP,
     0,
     "usable Content-Range (bytes 10-19/12)"},
    {"huge range",
     {206, "Content-Range: bytes 10-19/99999999999999999999999\r\n", "abcdefghij",
      .cut = 0},
     false,
     ZAGG_EHTTP,
     0,
     "usable Content-Range"},
    {"more bytes than announced",
     {206, "Content-Range: bytes 10-19/100\r\n", "abcdefghijk", .cut = 0},
     false,
     ZAGG_EHTTP,
     10,
     "more than the 10 bytes that were asked for"},
    {"whole",
     {200, NULL, "abcdefghij", .cut = 0},
     false,
     ZAGG_EHTTP,
     0,
     "the whole object where a range was asked for"},
    {"whole, offset",
     {200, NULL, "abcdefghij", .cut = 0},
     true,
     ZAGG_EHTTP,
     0,
     "the whole object where a range was asked for"},
    {"no content",
     {204, NULL, NULL, .no_length = true},
     true,
     ZAGG_EHTTP,
     0,
     "HTTP 204 where a range was asked for"},
    {"beyond",
     {416, "Content-Range: bytes */7\r\n", "", .cut = 0},
     true,
     ZAGG_EHTTP,
     0,
     "HTTP 416"},
};

static void range_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        const range_case *c = &ranges[i];
        http_script *server = http_script_start(&c->reply, 1);
        char into[16];
        memset(into, '-', sizeof into);
        zg_call call = {.ranged = true,
                        .range_offset = 10,
                        .range_len = 10,
                        .range_may_end = c->may_end,
                        .into = into};
        zagg_err err;
        zagg_status status = send_one(http, &call, http_script_url(server, "/o"), &err);
        if (status != c->status || strstr(err.msg, c->message) == NULL)
            fail_msg("%s: %s: %s", c->name, zagg_status_name(status), err.msg);
        if (status == ZAGG_OK)
            assert_memory_equal(into, "abcdefghij", c->len);
        for (size_t k = c->len; k < sizeof into; k++)
            assert_int_equal(into[k], '-');
        if (status == ZAGG_OK)
            assert_int_equal(call.out_len, c->len);
        if (c->reply.status == 416)
            assert_int_equal(call.total_len, 7);
        assert_int_equal(call.attempts, 1);
        const http_request *q = http_script_request(server, 0);
        assert_string_equal(http_request_header(q, "Range"), "bytes=10-19");
        zg_call_free(&call);
        http_script_stop(server);
    }
}

static void whole_of_small_object(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 200, .body = "abcde"},
        {.status = 200,
         .headers = "Transfer-Encoding: chunked\r\n",
         .no_length = true,
         .body = "5\r\nabcde\r\n0\r\n\r\n"},
        {.status = 200, .body = "abcdefghijk"},
        {.status = 200, .no_length = true, .body = "abcde", .ending = HTTP_CLOSE}};
    http_script *server = http_script_start(replies, 4);
    for (size_t i = 0; i < 4; i++) {
        char into[10];
        zg_call call = {
            .ranged = true, .range_len = 10, .range_may_end = true, .into = into};
        zagg_err err;
        zagg_status status = send_one(http, &call, http_script_url(server, "/o"), &err);
        assert_int_equal(status, i < 2 ? ZAGG_OK : ZAGG_EHTTP);
        if (i < 2) {
            assert_int_equal(call.total_len, 5);
            assert_memory_equal(into, "abcde", 5);
            assert_null(call.out_body);
        }
        zg_call_free(&call);
    }
    http_script_stop(server);
}

/* A server that ignores ranges and does not say how much is coming: no more is read than
 * fits. */
static void endless_whole(void **state)
{
    (void)state;
    static char body[8 << 20];
    snprintf(body, sizeof body, "%x\r\n", (unsigned)(sizeof body - 64));
    memset(body + strlen(body), 'x', sizeof body - 1 - strlen(body));
    const http_reply reply = {.status = 200,
                              .headers = "Transfer-Encoding: chunked\r\n",
                              .no_length = true,
                              .body = body,
                              .body_len = sizeof body,
                              .ending = HTTP_STALL};
    http_script *server = http_script_start(&reply, 1);
    char into[100];
    zg_call call = {
        .ranged = true, .range_len = 100, .range_may_end = true, .into = into};
    zagg_err err;
    const uint64_t before = zg_http_stats(http).bytes_in;
    assert_int_equal(send_one(http, &call, http_script_url(server, "/o"), &err),
                     ZAGG_EHTTP);
    assert_non_null(strstr(err.msg, "more than the 100 bytes that were asked for"));
    assert_int_equal(zg_http_stats(http).bytes_in - before, 100);
    zg_call_free(&call);
    http_script_stop(server);
}

static void body_limit(void **state)
{
    (void)state;
    static char body[300000];
    memset(body, 'x', sizeof body);
    http_reply reply = {.status = 200, .body = body, .body_len = sizeof body};
    const http_reply chunked = {.status = 200,
                                .no_length = true,
                                .body = body,
                                .body_len = sizeof body,
                                .ending = HTTP_CLOSE};
    const http_reply failing = {.status = 418, .body = body, .body_len = sizeof body};
    const http_reply replies[] = {reply, chunked, reply, failing};
    static const zagg_status want[] = {ZAGG_EHTTP, ZAGG_EHTTP, ZAGG_OK, ZAGG_EHTTP};
    http_script *server = http_script_start(replies, 4);
    for (size_t i = 0; i < 4; i++) {
        zg_call call = {.max_body = i < 2 ? 1000 : 0};
        zagg_err err;
        assert_int_equal(send_one(http, &call, http_script_url(server, "/o"), &err),
                         want[i]);
        if (i == 0)
            assert_non_null(strstr(err.msg, "more than the 1000 allowed"));
        if (i == 1)
            assert_non_null(
                strstr(err.msg, "more than the 1000 bytes that were allowed"));
        if (i == 2)
            assert_int_equal(call.out_len, sizeof body);
        if (i == 3)
            assert_int_equal(call.out_len, 64 << 10);
        zg_call_free(&call);
    }
    http_script_stop(server);
}

static void bad_calls(void **state)
{
    (void)state;
    static const char *const urls[] = {"ftp://127.0.0.1/a", "a.h5",
                                       "http://u:pw@127.0.0.1/a", "http://", ""};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        zg_call call = {0};
        zagg_err err;
        assert_int_equal(send_one(http, &call, urls[i], &err), ZAGG_EARG);
        assert_null(strstr(err.msg, "pw"));
        zg_call_free(&call);
    }
    zg_call call = {.ranged = true};
    zagg_err err;
    assert_int_equal(send_one(http, &call, "http://127.0.0.1/", &err), ZAGG_EARG);
    zg_headers_add(&call.headers, "X-A", "b\r\nX-C: d");
    assert_true(call.headers.failed);
    assert_int_equal(send_one(http, &call, "http://127.0.0.1/", &err), ZAGG_ENOMEM);
    zg_call_free(&call);
    assert_int_equal(zg_http_send(http, NULL, 0, &err), ZAGG_OK);
}

/* Each allocation fails once: an error, unless only a message is the poorer for it. */
static void no_memory(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 302, .headers = "Location: /b?c\r\nX-A: b\r\n", .body = "moved"},
        {.status = 403, .body = "{\"message\": \"no\"}"}};
    size_t failures = 0;
    zagg_status status = ZAGG_OK;
    for (int64_t nth = 1; nth < 100; nth++) {
        http_script *server = http_script_start(replies, 2);
        zg_http *one = NULL;
        zg_call call = {.method = "GET", .url = http_script_url(server, "/a")};
        zagg_err err = ZAGG_ERR_INIT;
        zg_headers_add(&call.headers, "X-B", "c");
        zg_alloc_fail_nth(nth);
        status = zg_http_new(NULL, &one, &err);
        if (status == ZAGG_OK)
            status = zg_http_send(one, &call, 1, &err);
        zg_alloc_fail_nth(0);
        assert_int_equal(err.status, status);
        assert_true(status == ZAGG_ENOMEM || status == ZAGG_EAUTH);
        failures += status == ZAGG_ENOMEM;
        zg_call_free(&call);
        zg_http_free(one);
        http_script_stop(server);
    }
    assert_int_equal(status, ZAGG_EAUTH);
    assert_in_range(failures, 10, 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_and_headers), cmocka_unit_test(put_post_head_delete),
        cmocka_unit_test(range_answers),    cmocka_unit_test(whole_of_small_object),
        cmocka_unit_test(endless_whole),    cmocka_unit_test(body_limit),
        cmocka_unit_test(bad_calls),        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, open_http, close_http);
}
