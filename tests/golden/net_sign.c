/* golden/dispatch/sigv4: signatures of requests to Lambda and STS, with the texts they
 * are made of. */
#include "net/sign.h"
#include "support/support.h"

#include <string.h>

enum { MOMENT = 1782820800 /* 2026-06-30T12:00:00Z */ };

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

static void check_case(case_report *report, const zagg_value *root, const zagg_value *c)
{
    const zagg_value *extra = zagg_value_get(c, "extra_headers");
    const zagg_value *token = zagg_value_get_set(c, "session_token");
    const zagg_value *body = zagg_value_get(c, "body");
    const char *url = zagg_value_get(c, "url")->str;
    char hash[65], *canonical = NULL, *to_sign = NULL, *authorization = NULL;
    zg_headers headers = {0}, add = {0};
    zagg_err err = ZAGG_ERR_INIT;
    const zg_aws_keys keys = {.access_key =
                                  (char *)zagg_value_get(root, "access_key")->str,
                              .secret_key = (char *)zagg_value_get(root, "secret")->str,
                              .token = token != NULL ? (char *)token->str : NULL};
    for (size_t i = 0; i < extra->n; i++)
        zg_headers_add(&headers, extra->members[i].key->str,
                       extra->members[i].value->str);
    zg_sha256_hex(body->str, body->str_len, hash);
    const zg_sign_request request = {.method = zagg_value_get(c, "method")->str,
                                     .url = url,
                                     .service = strstr(url, "//sts.") ? "sts" : "lambda",
                                     .region = zagg_value_get(root, "region")->str,
                                     .headers = &headers,
                                     .payload_sha256 = hash,
                                     .keys = &keys,
                                     .now = MOMENT};
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
    zagg_arena_free(arena);
    report_end(&report, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_signatures)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
