/* Earthdata Login and the keys of archives, answered by a server that is told what to
 * say.
 */
#include "net/creds_parts.h"
#include "net_test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char LOGIN_PATH[] = "/api/users/find_or_create_token";

static zg_earthdata *login_at(const http_script *server)
{
    zg_earthdata *edl = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    net_set("ZAGG_EARTHDATA_URL", server != NULL ? http_script_url(server, "/") : NULL);
    if (zg_earthdata_new(net_http(), &edl, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return edl;
}

static void token_is(zg_earthdata *edl, const char *want)
{
    char *token = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_earthdata_token(edl, &token, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(token, want);
    zg_secret_free(token);
}

static void token_fails(zg_earthdata *edl, zagg_status want, const char *words)
{
    char *token = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    assert_error(zg_earthdata_token(edl, &token, &err), &err, want, words);
    assert_null(token);
}

/* ---- tokens ---- */

static void given_token(void **state)
{
    (void)state;
    zg_earthdata *edl = login_at(NULL);
    bool again = true;
    char source[300];
    token_fails(edl, ZAGG_EAUTH,
                "no Earthdata Login: set EARTHDATA_TOKEN; or EARTHDATA_USERNAME and "
                "EARTHDATA_PASSWORD; or put 'machine urs.earthdata.nasa.gov");
    net_set("EARTHDATA_TOKEN", TOKEN " x");
    token_fails(edl, ZAGG_EAUTH, "EARTHDATA_TOKEN holds characters");
    net_set("EARTHDATA_TOKEN", TOKEN);
    net_set("EARTHDATA_USERNAME", "me"); /* the token comes first */
    token_is(edl, TOKEN);
    zg_earthdata_source(edl, source, sizeof source);
    assert_string_equal(source, "EARTHDATA_TOKEN");
    assert_int_equal(zg_earthdata_renew(edl, TOKEN, &again, NULL), ZAGG_OK);
    assert_false(again);
    zg_earthdata_free(edl);
    zg_earthdata_free(NULL);
}

static void by_password(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 0, .ending = HTTP_RESET},
        {.status = 200,
         .body = "{\"access_token\": \"first\", \"token_type\": \"Bearer\"}"},
        {.status = 200, .body = "{\"access_token\": \"second\"}"},
        {.status = 200, .body = "{\"access_token\": \"second\"}"}};
    http_script *server = http_script_start(replies, 4);
    zg_earthdata *edl = login_at(server);
    bool again = false;
    net_set("EARTHDATA_USERNAME", "me");
    token_fails(edl, ZAGG_EAUTH, "EARTHDATA_USERNAME is set, but EARTHDATA_PASSWORD is");
    net_set("EARTHDATA_PASSWORD", PASSWORD);
    token_is(edl, "first");
    token_is(edl, "first");
    assert_int_equal(http_script_requests(server), 2);
    const http_request *q = http_script_request(server, 1);
    assert_string_equal(q->method, "POST");
    assert_string_equal(q->target, LOGIN_PATH);
    assert_string_equal(http_request_header(q, "Authorization"),
                        "Basic bWU6cGFzcyNXT1JE"); /* me:pass#WORD */
    /* A token that was not taken: another one, or none. */
    assert_int_equal(zg_earthdata_renew(edl, "older", &again, NULL), ZAGG_OK);
    assert_true(again);
    assert_int_equal(http_script_requests(server), 2);
    assert_int_equal(zg_earthdata_renew(edl, "first", &again, NULL), ZAGG_OK);
    assert_true(again);
    token_is(edl, "second");
    assert_int_equal(zg_earthdata_renew(edl, "second", &again, NULL), ZAGG_OK);
    assert_false(again);
    assert_int_equal(http_script_requests(server), 4);
    zg_earthdata_free(edl);
    http_script_stop(server);
}

static void by_netrc(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 200, .body = "{\"access_token\": \"t1\"}"},
        {.status = 401,
         .body = "{\"error\": \"invalid_credentials\", \"error_description\": \"Invalid "
                 "user credentials: " PASSWORD " \"}"}};
    http_script *server = http_script_start(replies, 2);
    zg_earthdata *edl = login_at(server);
    net_file(".netrc", "machine urs.earthdata.nasa.gov login me password " PASSWORD "\n");
    token_is(edl, "t1");
    zg_earthdata_free(edl);
    edl = login_at(server);
    net_set("NETRC", net_file("other", "machine x login a password b\n"));
    token_fails(edl, ZAGG_EAUTH, "no Earthdata Login");
    net_set("NETRC", net_file("half", "machine urs.earthdata.nasa.gov login me\n"));
    token_fails(edl, ZAGG_EAUTH, "half: the entry for urs.earthdata.nasa.gov lacks");
    net_set("NETRC", net_file("wrong", "machine urs.earthdata.nasa.gov\n" PASSWORD));
    token_fails(edl, ZAGG_ECONFIG, "wrong: line 2");
    net_set("NETRC", "/nowhere/netrc");
    token_fails(edl, ZAGG_EAUTH, "/nowhere/netrc");
    assert_int_equal(http_script_requests(server), 1);
    net_set("NETRC", NULL);
    token_fails(edl, ZAGG_EAUTH,
                "Earthdata Login does not take the user name and password of netrc file "
                "/");
    token_fails(edl, ZAGG_EAUTH, "HTTP 401: Invalid user credentials: ...");
    net_set("EARTHDATA_USERNAME", "me");
    net_set("EARTHDATA_PASSWORD", PASSWORD);
    token_fails(edl, ZAGG_EAUTH,
                "the user name and password of EARTHDATA_USERNAME and "
                "EARTHDATA_PASSWORD");
    assert_int_equal(http_script_requests(server), 4); /* refusals are not repeated */
    net_set("HOME", NULL);
    net_set("EARTHDATA_USERNAME", NULL);
    net_set("EARTHDATA_PASSWORD", NULL);
    token_fails(edl, ZAGG_EAUTH, "a file that NETRC names");
    zg_earthdata_free(edl);
    http_script_stop(server);
}

static void odd_answers(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 200, .body = "<html>" TOKEN "</html>"},
        {.status = 200, .body = "[\"" TOKEN "\"]"},
        {.status = 200, .body = "{\"access_token\": 5}"},
        {.status = 200, .body = "{\"access_token\": \"" TOKEN "\\n\"}"},
        {.status = 200, .body = ""},
        {.status = 302, .headers = "Location: /oauth/authorize\r\n"}};
    http_script *server = http_script_start(replies, 6);
    zg_earthdata *edl = login_at(server);
    net_set("EARTHDATA_USERNAME", "me");
    net_set("EARTHDATA_PASSWORD", PASSWORD);
    for (int i = 0; i < 5; i++)
        token_fails(edl, ZAGG_EAUTH, "the answer holds no access_token");
    token_fails(edl, ZAGG_EAUTH, "");
    zg_earthdata_free(edl);
    http_script_stop(server);
    net_set("ZAGG_EARTHDATA_URL", "nothing");
    zagg_err err = ZAGG_ERR_INIT;
    assert_error(zg_earthdata_new(net_http(), &edl, &err), &err, ZAGG_ECONFIG,
                 "ZAGG_EARTHDATA_URL");
}

/* ---- keys of an archive ---- */

static const char *daac_answer(const char *access, long left)
{
    static char texts[4][400];
    static size_t next;
    char when[32], *text = texts[next++ % 4];
    (void)snprintf(when, sizeof when, "%s", net_time(left));
    when[10] = ' '; /* "2026-11-27 08:00:00+00:00", as archives write it */
    (void)snprintf(when + 19, sizeof when - 19, "+00:00");
    (void)snprintf(text, 400,
                   "{\"accessKeyId\": \"%s\", \"secretAccessKey\": \"" SECRET
                   "\", \"sessionToken\": \"" TOKEN "\", \"expiration\": \"%s\"}",
                   access, when);
    return text;
}

typedef struct archive {
    http_script *server;
    zg_earthdata *edl;
    zg_creds *creds;
} archive;

static archive archive_of(const http_reply *replies, size_t n)
{
    archive a = {.server = http_script_start(replies, n)};
    zagg_err err = ZAGG_ERR_INIT;
    a.edl = login_at(a.server);
    net_set("ZAGG_S3CREDENTIALS_URL", http_script_url(a.server, "/s3credentials"));
    if (zg_creds_daac(net_http(), a.edl, "nsidc", &a.creds, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return a;
}

static void archive_end(archive *a)
{
    zg_creds_free(a->creds);
    zg_earthdata_free(a->edl);
    http_script_stop(a->server);
}

static void archive_fails_with(archive *a, zagg_status want, const char *words)
{
    zg_aws_keys keys = {0};
    zagg_err err = ZAGG_ERR_INIT;
    assert_error(zg_creds_get(a->creds, &keys, &err), &err, want, words);
    assert_null(keys.access_key);
}

static void archive_fails(archive *a, const char *words)
{
    archive_fails_with(a, ZAGG_EAUTH, words);
}

static void archive_gives(archive *a, const char *access)
{
    zg_aws_keys keys = {0};
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_creds_get(a->creds, &keys, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(keys.access_key, access);
    assert_string_equal(keys.secret_key, SECRET);
    assert_string_equal(keys.token, TOKEN);
    zg_aws_keys_free(&keys);
}

static void archive_keys(void **state)
{
    (void)state;
    const http_reply replies[] = {{.status = 200, .body = daac_answer("AKONE", 3600)},
                                  {.status = 503},
                                  {.status = 200, .body = daac_answer("AKTWO", 3600)}};
    zg_aws_keys stale = {.access_key = (char *)"AKONE", .token = (char *)TOKEN};
    zagg_err err = ZAGG_ERR_INIT;
    bool again = false;
    net_set("EARTHDATA_TOKEN", "bearer-token");
    archive a = archive_of(replies, 3);
    assert_string_equal(zg_creds_name(a.creds), "nsidc (Earthdata)");
    assert_int_equal(http_script_requests(a.server), 0);
    archive_gives(&a, "AKONE");
    archive_gives(&a, "AKONE");
    const http_request *q = http_script_request(a.server, 0);
    assert_string_equal(q->method, "GET");
    assert_string_equal(q->target, "/s3credentials");
    assert_string_equal(http_request_header(q, "Authorization"), "Bearer bearer-token");
    assert_int_equal(http_script_requests(a.server), 1);
    assert_int_equal(zg_creds_renew(a.creds, &stale, &again, &err), ZAGG_OK);
    assert_true(again);
    archive_gives(&a, "AKTWO");
    assert_int_equal(http_script_requests(a.server), 3);
    archive_end(&a);
    zg_creds *creds = NULL;
    assert_error(zg_creds_daac(net_http(), NULL, "podaac", &creds, &err), &err,
                 ZAGG_ECONFIG, "nsidc, lpdaac or gesdisc");
    net_set("ZAGG_S3CREDENTIALS_URL", "s3");
    assert_error(zg_creds_daac(net_http(), NULL, "nsidc", &creds, &err), &err,
                 ZAGG_ECONFIG, "ZAGG_S3CREDENTIALS_URL");
    net_set("ZAGG_S3CREDENTIALS_URL", NULL);
    assert_int_equal(zg_creds_daac(net_http(), NULL, "gesdisc", &creds, &err), ZAGG_OK);
    assert_string_equal(zg_creds_name(creds), "gesdisc (Earthdata)");
    zg_creds_free(creds);
}

/* A token that has ended: another one is asked for by password, once. */
static void archive_renews_token(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 200, .body = "{\"access_token\": \"" TOKEN "1\"}"},
        {.status = 302, .headers = "Location: /oauth/authorize?client_id=" TOKEN "1\r\n"},
        {.status = 200, .body = "{\"access_token\": \"" TOKEN "2\"}"},
        {.status = 200, .body = daac_answer("AKNEW", 3600)},
        {.status = 401},
        {.status = 200, .body = "{\"access_token\": \"" TOKEN "2\"}"}};
    net_set("EARTHDATA_USERNAME", "me");
    net_set("EARTHDATA_PASSWORD", PASSWORD);
    archive a = archive_of(replies, 6);
    archive_gives(&a, "AKNEW");
    assert_string_equal(
        http_request_header(http_script_request(a.server, 3), "Authorization"),
        "Bearer " TOKEN "2");
    zg_aws_keys stale = {.access_key = (char *)"AKNEW", .token = (char *)TOKEN};
    zagg_err err = ZAGG_ERR_INIT;
    bool again = true;
    assert_error(zg_creds_renew(a.creds, &stale, &again, &err), &err, ZAGG_EAUTH,
                 "does not take the Earthdata token of EARTHDATA_USERNAME and "
                 "EARTHDATA_PASSWORD, which is wrong or has ended");
    assert_false(again);
    assert_int_equal(http_script_requests(a.server), 6);
    archive_gives(&a, "AKNEW"); /* they still serve */
    archive_end(&a);
}

static void archive_refusals(void **state)
{
    (void)state;
    static const char html[] = "Content-Type: text/html; charset=utf-8\r\n";
    const http_reply replies[] = {
        {.status = 401, .body = "{\"message\": \"bad: " TOKEN "\"}"},
        {.status = 302, .headers = "Location: /oauth/authorize?x=1\r\n"},
        {.status = 403, .body = "{\"message\": \"no access\"}"},
        {.status = 403, .body = "{\"message\": \"accept the EULA at https://x\"}"},
        {.status = 200, .headers = html, .body = "<html>Please log in</html>"},
        {.status = 200, .body = " \n<!DOCTYPE html> Please accept the Eula"},
        {.status = 302, .headers = "Location: /approve_app?client_id=1\r\n"},
        {.status = 200, .headers = html, .body = "<html>Approve?</html>"},
        {.status = 404, .body = "none"}};
    net_set("EARTHDATA_TOKEN", TOKEN);
    archive a = archive_of(replies, 9);
    archive_fails(&a, "does not take the Earthdata token of EARTHDATA_TOKEN");
    archive_fails(&a, "does not take the Earthdata token of EARTHDATA_TOKEN, which is "
                      "wrong or has ended: GET http://127.0.0.1");
    archive_fails(&a, "gives no keys to the account of EARTHDATA_TOKEN");
    archive_fails(&a, "a licence (EULA) has to be accepted first");
    archive_fails(&a, "it answers with a page for people");
    archive_fails(&a, "a licence (EULA) has to be accepted first");
    archive_fails(&a, "the account has not approved this archive yet");
    archive_fails(&a, "keys of nsidc (Earthdata): GET http://127.0.0.1");
    assert_int_equal(http_script_requests(a.server), 9);
    archive_end(&a);
}

static void archive_odd_answers(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 200, .body = "{}"},
        {.status = 200, .body = "\"" SECRET "\""},
        {.status = 200,
         .body = "{\"accessKeyId\": \"A\", \"secretAccessKey\": \"" SECRET},
        {.status = 200,
         .body = "{\"accessKeyId\": \"A\", \"secretAccessKey\": \"" SECRET
                 "\", \"sessionToken\": \"" TOKEN "\", \"expiration\": \"" TOKEN "\"}"},
        {.status = 200, .headers = "Content-Length: 999999\r\n", .no_length = true}};
    net_set("EARTHDATA_TOKEN", TOKEN);
    archive a = archive_of(replies, 5);
    archive_fails(&a, "the answer has no 'accessKeyId'");
    archive_fails(&a, "no JSON object");
    archive_fails(&a, "the answer is no JSON");
    archive_fails(&a, "'expiration' of the answer is no time");
    archive_fails_with(&a, ZAGG_EHTTP, "999999 bytes");
    archive_end(&a);
}

/* ---- many threads ---- */

enum { THREADS = 24 };

static void *get_keys(void *user)
{
    zg_aws_keys keys = {0};
    const zagg_status status = zg_creds_get(user, &keys, NULL);
    const bool ok = status == ZAGG_OK && strcmp(keys.access_key, "AKONE") == 0;
    zg_aws_keys_free(&keys);
    return ok ? user : NULL;
}

static void archive_is_asked_once(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 200, .body = "{\"access_token\": \"" TOKEN "\"}", .delay_s = 0.05},
        {.status = 200, .body = daac_answer("AKONE", 3600), .delay_s = 0.05},
        {.status = 200, .body = daac_answer("AKTWO", 3600)}};
    pthread_t threads[THREADS];
    void *ok;
    net_set("EARTHDATA_USERNAME", "me");
    net_set("EARTHDATA_PASSWORD", PASSWORD);
    archive a = archive_of(replies, 3);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, get_keys, a.creds), 0);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &ok), 0);
        assert_non_null(ok);
    }
    assert_int_equal(http_script_requests(a.server), 2);
    archive_end(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(given_token),
        NET_TEST(by_password),
        NET_TEST(by_netrc),
        NET_TEST(odd_answers),
        NET_TEST(archive_keys),
        NET_TEST(archive_renews_token),
        NET_TEST(archive_refusals),
        NET_TEST(archive_odd_answers),
        NET_TEST(archive_is_asked_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
