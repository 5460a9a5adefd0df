/* The template that is compiled in, its parameters, and the policies beside it. */
#include "deploy/template.h"

#include "deploy/deploy.h"
#include "support/support.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

static char *read_source(const char *path)
{
    char *text;
    size_t len;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_file_read(source_path(path), 1 << 20, &text, &len, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return text;
}

static void is_the_file(void **state)
{
    char *file = read_source("deploy/aws/template.yaml"), *text = zg_deploy_template();
    (void)state;
    assert_non_null(text);
    assert_string_equal(text, file);   /* tools/embed-deploy makes it so */
    assert_true(strlen(text) < 51200); /* what one call takes */
    zg_free(text);
    zagg_bytes_free(file);
}

/* Names of the section of parameters, one after another. */
static void parameters(void **state)
{
    char *text = zg_deploy_template();
    const char *at = strstr(text, "\nParameters:\n"), *end = strstr(text, "\nRules:\n");
    size_t n = 0;
    (void)state;
    assert_true(at != NULL && end != NULL && at < end);
    for (at = strstr(at + 1, "\n  "); at != NULL && at < end;
         at = strstr(at + 1, "\n  ")) {
        if (at[3] == ' ')
            continue;
        const size_t len = strcspn(at + 3, ":");
        bool known = false;
        for (size_t i = 0; i < ZG_PARAM_N; i++)
            known = known || (strlen(zg_param_names[i]) == len &&
                              strncmp(zg_param_names[i], at + 3, len) == 0);
        if (!known)
            fail_msg("parameter %.*s is not in zg_param_names", (int)len, at + 3);
        n++;
    }
    assert_int_equal(n, ZG_PARAM_N);
    zg_free(text);
}

/* ---- policies ---- */

/* Actions that take no resource: all others are for what is named. */
static bool may_be_for_all(const char *action)
{
    static const char *const ACTIONS[] = {"lambda:GetAccountSettings",
                                          "cloudwatch:GetMetricStatistics",
                                          "logs:DescribeLogGroups"};
    for (size_t i = 0; i < sizeof ACTIONS / sizeof ACTIONS[0]; i++)
        if (strcmp(action, ACTIONS[i]) == 0)
            return true;
    return false;
}

/* A text or a list of them, as a list. */
static size_t texts_of(const zagg_value *v, const char *out[], size_t most)
{
    if (v == NULL || (v->kind == ZAGG_STR && most == 0))
        return 0;
    if (v->kind == ZAGG_STR) {
        out[0] = v->str;
        return 1;
    }
    assert_int_equal(v->kind, ZAGG_LIST);
    assert_true(v->n <= most);
    for (size_t i = 0; i < v->n; i++)
        out[i] = v->items[i]->str;
    return v->n;
}

static size_t check_statement(case_report *r, const char *file, const zagg_value *s)
{
    const char *actions[64], *resources[16];
    const size_t n = texts_of(zagg_value_get(s, "Action"), actions, 64);
    const size_t m = texts_of(zagg_value_get(s, "Resource"), resources, 16);
    assert_true(zagg_value_is(zagg_value_get(s, "Effect"), "Allow"));
    for (size_t i = 0; i < n; i++) {
        bool good = strchr(actions[i], '*') == NULL && strchr(actions[i], ':') != NULL;
        for (size_t j = 0; j < m; j++)
            good = good && (strcmp(resources[j], "*") != 0 || may_be_for_all(actions[i]));
        if (good)
            case_pass(r);
        else
            case_fail(r, file, "%s is allowed too widely", actions[i]);
    }
    return n;
}

static void policies(void **state)
{
    static const char *const FILES[] = {"worker", "invoke", "deploy", "trust"};
    case_report r = {.set = "policies"};
    zagg_arena *arena;
    (void)state;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        char path[100];
        (void)snprintf(path, sizeof path, "deploy/aws/policies/%s.json", FILES[i]);
        const zagg_value *root = golden_json(arena, source_path(path));
        const zagg_value *list = zagg_value_get(root, "Statement");
        assert_non_null(list);
        size_t n = 0;
        for (size_t j = 0; j < list->n; j++)
            n += check_statement(&r, FILES[i], list->items[j]);
        assert_true(n > 0);
    }
    report_end(&r, 40);
    zagg_arena_free(arena);
}

static bool is_allowed(const zagg_value *statements, const char *action,
                       const char *resource)
{
    const char *actions[64], *resources[16];
    for (size_t i = 0; i < statements->n; i++) {
        const zagg_value *s = statements->items[i];
        const size_t n = texts_of(zagg_value_get(s, "Action"), actions, 64);
        const size_t m = texts_of(zagg_value_get(s, "Resource"), resources, 16);
        for (size_t j = 0; j < n; j++)
            for (size_t k = 0; k < m && strcmp(actions[j], action) == 0; k++)
                if (fnmatch(resources[k], resource, FNM_NOESCAPE) == 0)
                    return true;
    }
    return false;
}

/* What a dispatched run asks of the bucket itself, and what it leaves to the worker. */
static void invoker_reaches_its_records(void **state)
{
#define STORE "arn:aws:s3:::OUTPUT-BUCKET/of/me/out.zarr"
    static const struct {
        const char *action, *resource;
        bool allowed;
    } CASES[] = {{"s3:ListBucket", "arn:aws:s3:::OUTPUT-BUCKET", true},
                 {"s3:GetObject", STORE ".status/run-1/shard-2.json", true},
                 {"s3:PutObject", STORE ".status/run-1/manifest.json", true},
                 {"s3:GetObject", STORE "/12/zarr.json", true}, /* its stamp */
                 {"s3:GetObject", STORE "/morton_hive.json", true},
                 {"s3:GetObject", STORE "/12/count/c/0", false},
                 {"s3:PutObject", STORE "/12/zarr.json", false},
                 {"s3:DeleteObject", STORE ".status/run-1/manifest.json", false}};
#undef STORE
    zagg_arena *arena;
    (void)state;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *list = zagg_value_get(
        golden_json(arena, source_path("deploy/aws/policies/invoke.json")), "Statement");
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        if (is_allowed(list, CASES[i].action, CASES[i].resource) != CASES[i].allowed)
            fail_msg("%s of %s: must%s be allowed", CASES[i].action, CASES[i].resource,
                     CASES[i].allowed ? "" : " not");
    zagg_arena_free(arena);
}

/* The role of the stack may do what worker.json lets a role of one's own do, and nothing
 * else. */
static void worker_is_the_role(void **state)
{
    const char *actions[16];
    size_t n_file = 0, n_template = 0;
    zagg_arena *arena;
    (void)state;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    char *text = zg_deploy_template();
    const char *role = strstr(text, "\n  ExecutionRole:\n");
    const char *policy = role != NULL ? strstr(role, "\n      Policies:\n") : NULL;
    char *end = strstr(text, "\n  ProcessFunction:\n");
    assert_true(policy != NULL && end != NULL && policy < end);
    *end = '\0';
    const zagg_value *list = zagg_value_get(
        golden_json(arena, source_path("deploy/aws/policies/worker.json")), "Statement");
    for (size_t i = 0; i < list->n; i++) {
        const size_t n = texts_of(zagg_value_get(list->items[i], "Action"), actions, 16);
        n_file += n;
        for (size_t j = 0; j < n; j++) {
            char line[80];
            (void)snprintf(line, sizeof line, "- %s\n", actions[j]);
            if (strstr(policy, line) == NULL)
                fail_msg("the role of the template lacks %s", actions[j]);
        }
    }
    for (const char *at = policy; (at = strstr(at, "- s3:")) != NULL; at++)
        n_template++;
    for (const char *at = policy; (at = strstr(at, "- logs:")) != NULL; at++)
        n_template++;
    assert_int_equal(n_template, n_file);
    zg_free(text);
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_file), cmocka_unit_test(parameters),
        cmocka_unit_test(policies), cmocka_unit_test(invoker_reaches_its_records),
        cmocka_unit_test(worker_is_the_role)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
