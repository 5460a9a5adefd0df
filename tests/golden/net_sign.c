/* golden/dispatch/sigv4: signatures of requests to Lambda and STS, with the texts they
 * are made of. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* timegm */
#endif
#include "net/sign.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void compare(case_report *r, const zagg_value *c, const char *what,
                    const char *key, const char *got)
{
    const char *name = zagg_value_get(c, "name")->str;
    const char *want = zagg_value_get(c, key)->str;
    if (strcmp(got, want) != 0)
        case_fail(r, name, "%s is\n%s\nnot\n%s", what, got, want);
    else
        case_pass(r);
}

/* "20260630T120000Z" */
static time_t moment_of(const char *date)
{
    struct tm t = {0};
    assert_int_equal(sscanf(date, "%4d%2d%2dT%2d%2d%2dZ", &t.tm_year, &t.tm_mon,
                            &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec),
                     6);
    t.tm_year -= 1900;
    t.tm_mon--;
    return timegm(&t);
}

/* The third part of the scope "DATE/REGION/SERVICE/aws4_request". */
static void service_of(const char *to_sign, char out[32])
{
    const char *scope = strstr(to_sign, "Z\n");
    assert_non_null(scope);
    assert_int_equal(sscanf(scope + 2, "%*[^/]/%*[^/]/%31[^/]", out), 1);
}

static void check_case(case_report *report, const zagg_value *root, const zagg_value *c)
{
    const zagg_value *extra = zagg_value_get(c, "extra_headers");
    const zagg_value *token = zagg_value_get_set(c, "session_token");
    const zagg_value *body = zagg_value_get(c, "body");
    const char *url = zagg_value_get(c, "url")->str;
    char service[32], hash[65], *canonical = NULL, *to_sign = NULL, *authorization = NULL;
    zg_headers headers = {0}, add = {0};
    zagg_err err = ZAGG_ERR_INIT;
    const zg_aws_keys keys = {.access_key =
                                  (char *)zagg_value_get(root, "access_key")->str,
                              .secret_key = (char *)zagg_value_get(root, "secret")->str,
                              .token = token != NULL ? (char *)token->str : NULL};
    for (size_t i = 0; i < extra->n; i++)
        zg_headers_add(&headers, extra->members[i].key->str,
                       extra->members[i].value->str);
    service_of(zagg_value_get(c, "string_to_sign")->str, service);
    zg_sha256_hex(body->str, body->str_len, hash);
    const zg_sign_request request = {.method = zagg_value_get(c, "method")->str,
                                     .url = url,
                                     .service = service,
                                     .region = zagg_value_get(root, "region")->str,
                                     .headers = &headers,
                                     .payload_sha256 = hash,
                                     .keys = &keys,
                                     .now =
                                         moment_of(zagg_value_get(c, "x_amz_date")->str)};
    if (zg_sign_v4(&request, &add, &err) != ZAGG_OK ||
        zg_sign_v4_texts(&request, &canonical, &to_sign, &authorization, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    compare(report, c, "canonical request", "canonical_request", canonical);
    compare(report, c, "text to sign", "string_to_sign", to_sign);
    compare(report, c, "header", "authorization", authorization);
    compare(report, c, "header sent", "authorization",
            zg_headers_get(&add, "Authorization"));
    compare(report, c, "date", "x_amz_date", zg_headers_get(&add, "X-Amz-Date"));
    zg_free(canonical);
    zg_free(to_sign);
    zg_free(authorization);
    zg_headers_free(&headers);
    zg_headers_free(&add);
}

static void test_signatures(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    case_report report = {.set = "dispatch/sigv4"};
    if (!golden_available("dispatch/sigv4.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = golden_json(arena, golden_path("dispatch/sigv4.json"));
    const zagg_value *cases = zagg_value_get(root, "cases");
    for (size_t i = 0; i < cases->n; i++)
        check_case(&report, root, cases->items[i]);
    const size_t n = cases->n;
    zagg_arena_free(arena);
    assert_true(n > 0);
    report_end(&report, 5 * n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_signatures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
