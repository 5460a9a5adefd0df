/* Redirects: where they lead, and who learns who asks. */
#include "http_test.h"

#include <stdio.h>

typedef struct pair {
    http_script *first, *second;
    char location[256];
    zg_http *http;
} pair;

/* The first server leads to `path` of the second. */
static pair lead_to(const http_reply *second, const char *path)
{
    pair p = {.second = http_script_start(second, 1), .http = new_http(NULL)};
    snprintf(p.location, sizeof p.location, "Location: %s\r\n",
             http_script_url(p.second, path));
    return p;
}

static void end_pair(pair *p)
{
    zg_http_free(p->http);
    if (p->first != NULL)
        http_script_stop(p->first);
    http_script_stop(p->second);
}

static zagg_status sign(void *user, const zg_call *call, unsigned attempt,
                        zg_headers *add, char **url_out, zagg_err *err)
{
    (void)user, (void)call, (void)attempt, (void)url_out, (void)err;
    zg_headers_add(add, "Authorization", "Bearer secret-token");
    zg_headers_add(add, "x-amz-security-token", "session-secret");
    return ZAGG_OK;
}

static void keys_stay_at_home(void **state)
{
    (void)state;
    static const int statuses[] = {301, 302, 303, 307, 308};
    const http_reply data = {
        .status = 206, .headers = "Content-Range: bytes 2-4/9\r\n", .body = "cde"};
    for (size_t i = 0; i < 5; i++) {
        pair p = lead_to(&data, "/signed?X-Amz-Signature=abc");
        const http_reply lead = {.status = statuses[i], .headers = p.location};
        p.first = http_script_start(&lead, 1);
        char into[3];
        zg_call call = {.ranged = true,
                        .range_offset = 2,
                        .range_len = 3,
                        .into = into,
                        .authorize = sign};
        zg_headers_add(&call.headers, "X-Amz-Request-Payer", "requester");
        zg_headers_add(&call.headers, "Cookie", "session=1");
        zg_headers_add(&call.headers, "If-Match", "\"v1\"");
        zagg_err err;
        assert_int_equal(send_one(p.http, &call, http_script_url(p.first, "/g"), &err),
                         ZAGG_OK);
        assert_memory_equal(into, "cde", 3);
        assert_int_equal(call.attempts, 1);
        assert_string_equal(call.final_url,
                            http_script_url(p.second, "/signed?X-Amz-Signature=abc"));
        const http_request *home = http_script_request(p.first, 0);
        assert_string_equal(http_request_header(home, "Authorization"),
                            "Bearer secret-token");
        assert_string_equal(http_request_header(home, "x-amz-request-payer"),
                            "requester");
        const http_request *away = http_script_request(p.second, 0);
        assert_lacks(away->headers, "uthorization");
        assert_null(http_request_header(away, "x-amz-security-token"));
        assert_null(http_request_header(away, "x-amz-request-payer"));
        assert_null(http_request_header(away, "Cookie"));
        assert_string_equal(http_request_header(away, "If-Match"), "\"v1\"");
        assert_string_equal(http_request_header(away, "Range"), "bytes=2-4");
        zg_call_free(&call);
        end_pair(&p);
    }
}

static void same_server(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 302, .headers = "Location: other?x=1\r\n", .body = "moved"},
        {.status = 200, .body = "data"}};
    http_script *server = http_script_start(replies, 2);
    zg_http *http = new_http(NULL);
    zg_call call = {.authorize = sign};
    zagg_err err;
    assert_int_equal(send_one(http, &call, http_script_url(server, "/a/b"), &err),
                     ZAGG_OK);
    assert_string_equal(call.out_body, "data");
    const http_request *q = http_script_request(server, 1);
    assert_string_equal(q->target, "/a/other?x=1");
    assert_string_equal(http_request_header(q, "Authorization"), "Bearer secret-token");
    assert_int_equal(zg_http_stats(http).requests, 2);
    assert_int_equal(zg_http_stats(http).retries, 0);
    zg_call_free(&call);
    zg_http_free(http);
    http_script_stop(server);
}

/* An address of its own for an attempt: keys of the call do not go there. */
static zagg_status elsewhere(void *user, const zg_call *call, unsigned attempt,
                             zg_headers *add, char **url_out, zagg_err *err)
{
    (void)call, (void)attempt, (void)err;
    zg_headers_add(add, "Authorization", "of-attempt");
    *url_out = zg_strdup(user);
    return ZAGG_OK;
}

static void address_of_attempt(void **state)
{
    (void)state;
    const http_reply ok = {.status = 200};
    http_script *server = http_script_start(&ok, 1);
    zg_http *http = new_http(NULL);
    char url[128];
    snprintf(url, sizeof url, "%s", http_script_url(server, "/cached"));
    zg_call call = {.authorize = elsewhere, .user = url};
    zg_headers_add(&call.headers, "x-amz-meta-a", "1");
    zagg_err err;
    assert_int_equal(send_one(http, &call, "http://127.0.0.1:1/a", &err), ZAGG_OK);
    const http_request *q = http_script_request(server, 0);
    assert_string_equal(q->target, "/cached");
    assert_string_equal(http_request_header(q, "Authorization"), "of-attempt");
    assert_null(http_request_header(q, "x-amz-meta-a"));
    zg_call_free(&call);
    zg_http_free(http);
    http_script_stop(server);
}

static void not_followed(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 307, .headers = "Location: /b\r\n"},
        {.status = 307, .headers = "Location: /b\r\n"},
        {.status = 301, .headers = "x-amz-bucket-region: eu-north-1\r\n"},
        {.status = 302, .headers = "Location: ftp://127.0.0.1/a\r\n"},
        {.status = 302, .headers = "Location: http://user:word@127.0.0.1/a\r\n"}};
    static const zagg_status want[] = {ZAGG_OK, ZAGG_EHTTP, ZAGG_OK, ZAGG_EHTTP,
                                       ZAGG_EHTTP};
    http_script *server = http_script_start(replies, 5);
    zg_http *http = new_http(NULL);
    for (size_t i = 0; i < 5; i++) {
        zg_call call = {.method = i == 1 ? "PUT" : "GET",
                        .no_redirects = i == 0 || i == 2};
        zagg_err err;
        assert_int_equal(send_one(http, &call, http_script_url(server, "/a"), &err),
                         want[i]);
        assert_int_equal(call.http_status, replies[i].status);
        assert_int_equal(http_script_requests(server), i + 1);
        assert_lacks(err.msg, "word");
        zg_call_free(&call);
    }
    zg_http_free(http);
    http_script_stop(server);
}

static void endless(void **state)
{
    (void)state;
    const http_reply reply = {.status = 302, .headers = "Location: /again\r\n"};
    http_script *server = http_script_start(&reply, 1);
    zg_http *http = new_http(NULL);
    zg_call call = {0};
    zagg_err err;
    assert_int_equal(send_one(http, &call, http_script_url(server, "/a"), &err),
                     ZAGG_EHTTP);
    assert_contains(err.msg, "more than 10 redirects");
    assert_int_equal(http_script_requests(server), 11);
    zg_call_free(&call);
    zg_http_free(http);
    http_script_stop(server);
}

/* ---- login pages ---- */

static unsigned renewals;

static zagg_status renew(void *user, const zg_call *call, const char *code, bool *again,
                         zagg_err *err)
{
    (void)user, (void)call, (void)code, (void)err;
    renewals++;
    *again = true;
    return ZAGG_OK;
}

static void login_pages(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 302,
         .headers = "Location: "
                    "https://urs.example/oauth/authorize?client_id=abc&state=s3cr\r\n"},
        {.status = 200,
         .headers = "Content-Type: text/html; charset=utf-8\r\n",
         .body = "<html><body>Log in</body></html>"}};
    for (size_t i = 0; i < 2; i++) {
        http_script *server = http_script_start(&replies[i], 1);
        zg_http *http = new_http(NULL);
        char into[100];
        zg_call call = {.ranged = true,
                        .range_len = 100,
                        .range_may_end = true,
                        .into = into,
                        .renew = renew};
        zagg_err err;
        renewals = 0;
        assert_int_equal(send_one(http, &call, http_script_url(server, "/a"), &err),
                         ZAGG_EAUTH);
        assert_contains(err.msg, "a login page instead of the data: ");
        if (i == 0)
            assert_contains(err.msg, "https://urs.example/oauth/authorize?client_id=abc");
        assert_lacks(err.msg, "s3cr");
        assert_int_equal(renewals, 2);
        assert_int_equal(http_script_requests(server), 3);
        zg_call_free(&call);
        zg_http_free(http);
        http_script_stop(server);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_stay_at_home),
        cmocka_unit_test(same_server),
        cmocka_unit_test(address_of_attempt),
        cmocka_unit_test(not_followed),
        cmocka_unit_test(endless),
        cmocka_unit_test(login_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
