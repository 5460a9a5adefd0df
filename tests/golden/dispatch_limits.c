/* golden/dispatch: concurrency.json, seed_cost.json, and of v061.json what names, orders
 * and prices. */
#include "cat/cat.h"
#include "dispatch/ledger.h"
#include "dispatch/limits.h"
#include "dispatch/message.h"
#include "dispatch/plan.h"
#include "dispatch/reply.h"
#include "support/support.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const zagg_value *load(zagg_arena *arena, const char *name)
{
    char path[80];
    (void)snprintf(path, sizeof path, "dispatch/%s", name);
    if (!golden_available(path))
        skip();
    return golden_json(arena, golden_path(path));
}

static uint64_t number(const zagg_value *map, const char *key)
{
    uint64_t v = 0;
    (void)zagg_value_u64(zagg_value_get(map, key), &v);
    return v;
}

static double real(const zagg_value *map, const char *key)
{
    double v = -1;
    (void)zagg_value_number(zagg_value_get(map, key), &v);
    return v;
}

static void expect(case_report *r, const char *name, bool ok, const char *what)
{
    if (ok)
        case_pass(r);
    else
        case_fail(r, name, "%s", what);
}

/* ---- concurrency ---- */

static void check_clamp(const zagg_value *c, size_t nth, case_report *r)
{
    const zagg_value *points = zagg_value_get_set(c, "datapoints");
    const zagg_value *want = zagg_value_get(c, "report");
    char name[32];
    double *values = zg_alloc(points != NULL ? points->n + 1 : 1, sizeof *values);
    assert_non_null(values);
    zg_account account = {.has_limit = zagg_value_get_set(c, "account_limit") != NULL,
                          .limit = number(c, "account_limit"),
                          .datapoints = values,
                          .has_reserved = zagg_value_get_set(c, "reserved") != NULL,
                          .reserved = number(c, "reserved")};
    zagg_dispatch_limits got;
    for (size_t i = 0; points != NULL && i < points->n; i++)
        assert_true(zagg_value_number(points->items[i], &values[account.n_datapoints++]));
    const size_t workers = zg_workers_allowed((size_t)number(c, "requested"), &account,
                                              number(c, "nofile_soft"), &got);
    (void)snprintf(name, sizeof name, "clamp %zu", nth);
    expect(r, name, workers == number(c, "workers"), "another number of workers");
    expect(r, name,
           got.account_limit == number(want, "account_limit") &&
               got.known == (zagg_value_get_set(want, "account_limit") != NULL) &&
               got.concurrent == number(want, "current_concurrent") &&
               got.padding == number(want, "padding") &&
               got.available == number(want, "available") &&
               got.reserved == number(want, "function_reserved"),
           "another report");
    zg_free(values);
}

static void test_concurrency(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    char text[600];
    case_report report = {.set = "dispatch/concurrency"};
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = load(arena, "concurrency.json");
    const zagg_value *cases = zagg_value_get(root, "clamp");
    for (size_t i = 0; i < cases->n; i++)
        check_clamp(cases->items[i], i, &report);
    zg_too_many_files(1700, 256, 4096, text, sizeof text);
    expect(&report, "files",
           zagg_value_is(zagg_value_get(root, "fd_message_256_4096_1700"), text), text);
    const size_t n = cases->n;
    zagg_arena_free(arena);
    assert_true(n > 0);
    report_end(&report, 2 * n + 1);
}

/* ---- cost ---- */

static bool same(const zagg_value *map, const char *key, bool there, double v)
{
    const zagg_value *want = zagg_value_get_set(map, key);
    double w;
    return want == NULL ? !there : there && zagg_value_number(want, &w) && w == v;
}

static void check_cost(const zagg_value *c, const zagg_value *root, size_t nth,
                       case_report *r)
{
    const zagg_value *list = zagg_value_get(c, "durations");
    const bool repeated = list->kind == ZAGG_MAP;
    const size_t n = repeated ? (size_t)number(list, "n") : list->n;
    double *durations = zg_alloc(n ? n : 1, sizeof *durations);
    char name[32], line[120];
    zagg_dispatch_summary s = {.memory_gb = real(root, "memory_gb"),
                               .price_per_gb_s = zg_price_per_gb_s("arm64"),
                               .function_timeout_s = 720};
    assert_non_null(durations);
    for (size_t i = 0; i < n; i++)
        durations[i] = repeated ? real(list, "value") : list->items[i]->u.f;
    assert_int_equal(zg_cost_of(durations, n, &s, NULL), ZAGG_OK);
    (void)snprintf(name, sizeof name, "cost %zu", nth);
    (void)snprintf(line, sizeof line, "Lambda compute: %.0fs total, %.0f GB-s, ~$%.2f",
                   s.time_s, s.gb_seconds, s.usd);
    const bool timed = s.timed > 0;
    expect(r, name, same(c, "lambda_time_s", true, s.time_s), "another time");
    expect(r, name, same(c, "gb_seconds", true, s.gb_seconds), "other GB-s");
    expect(r, name, same(c, "estimated_cost_usd", true, s.usd), "another cost");
    expect(r, name, golden_double(zagg_value_get(c, "usd_hex")->str) == s.usd, "bits");
    expect(r, name, golden_double(zagg_value_get(c, "gb_hex")->str) == s.gb_seconds,
           "bits of GB-s");
    expect(r, name, same(c, "worker_max_s", timed, s.worker_max_s), "another maximum");
    expect(r, name, same(c, "worker_median_s", timed, s.worker_median_s), "median");
    expect(r, name, same(c, "worker_pstdev_s", timed, s.worker_pstdev_s), "deviation");
    expect(r, name, same(c, "worker_pct_timeout_720", timed, s.worker_pct_timeout),
           "another share of the timeout");
    expect(r, name, zagg_value_is(zagg_value_get(c, "cli_line"), line), line);
    zg_free(durations);
}

static void test_cost(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    case_report report = {.set = "dispatch/seed_cost"};
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = load(arena, "seed_cost.json");
    const zagg_value *cases = zagg_value_get(root, "cases");
    for (size_t i = 0; i < cases->n; i++)
        check_cost(cases->items[i], root, i, &report);
    expect(&report, "price", real(root, "price") == zg_price_per_gb_s("arm64"), "price");
    const size_t n = cases->n;
    zagg_arena_free(arena);
    assert_true(n > 0);
    report_end(&report, 10 * n + 1);
}

/* ---- of 0.61 ---- */

static void check_names(const zagg_value *root, case_report *r)
{
    const zagg_value *cases = zagg_value_get(root, "function_names");
    for (size_t i = 0; i < cases->n; i++) {
        const char *name = cases->members[i].key->str;
        const zagg_value *c = cases->members[i].value;
        char got[256];
        assert_int_equal(zg_function_name(zg_value_text(c, "arg"),
                                          zg_value_text(c, "env"), c, got, sizeof got,
                                          NULL),
                         ZAGG_OK);
        expect(r, name, zagg_value_is(zagg_value_get(c, "function"), got), got);
    }
}

static void check_order(const zagg_value *root, case_report *r)
{
    const zagg_value *order = zagg_value_get(root, "dispatch_order");
    const zagg_value *counts = zagg_value_get(order, "granule_counts");
    const zagg_value *want = zagg_value_get(order, "seed_lambda_order");
    zagg_shard_entry *entries = zg_alloc(counts->n + 1, sizeof *entries);
    const zagg_shard_entry **list = zg_alloc(counts->n + 1, sizeof *list);
    bool equal = counts->n == want->n;
    assert_true(entries != NULL && list != NULL);
    for (size_t i = 0; i < counts->n; i++) {
        entries[i].key = i;
        entries[i].n_granules = (size_t)counts->items[i]->u.i;
        list[i] = &entries[i];
    }
    assert_int_equal(zg_dispatch_order(list, counts->n, NULL), ZAGG_OK);
    for (size_t i = 0; equal && i < want->n; i++)
        equal = list[i]->key == (uint64_t)want->items[i]->u.i;
    expect(r, "order", equal, "another order");
    zg_free(entries);
    zg_free(list);
}

/* "1300x4.0GBx900": units, memory, seconds. */
static void check_ceilings(const zagg_value *root, case_report *r)
{
    const zagg_value *cases = zagg_value_get(root, "max_cost_usd");
    const double price = zg_price_per_gb_s("arm64");
    char line[160];
    for (size_t i = 0; i < cases->n; i++) {
        const char *name = cases->members[i].key->str;
        char *end = NULL;
        const double units = strtod(name, &end), gb = strtod(end + 1, &end);
        assert_true(strncmp(end, "GBx", 3) == 0);
        const double usd = zg_most_usd((size_t)units, price, gb, strtod(end + 3, NULL));
        expect(r, name, real(cases, name) == usd, "another ceiling");
    }
    zg_cost_line(1300, 4, 900, "arm64", zg_most_usd(1300, price, 4, 900), line,
                 sizeof line);
    expect(r, "cost line", zagg_value_is(zagg_value_get(root, "cost_line_text"), line),
           line);
}

static void check_actual_cost(const zagg_value *root, case_report *r)
{
    const zagg_value *cases = zagg_value_get(root, "actual_cost");
    for (size_t i = 0; i < cases->n; i++) {
        const zagg_value *c = cases->items[i], *list = zagg_value_get(c, "durations");
        double *durations = zg_alloc(list->n + 1, sizeof *durations);
        zagg_dispatch_summary s = {.memory_gb = 4,
                                   .price_per_gb_s = zg_price_per_gb_s("arm64")};
        assert_non_null(durations);
        for (size_t k = 0; k < list->n; k++)
            assert_true(zagg_value_number(list->items[k], &durations[k]));
        assert_int_equal(zg_cost_of(durations, list->n, &s, NULL), ZAGG_OK);
        expect(r, "actual cost", real(c, "gb_seconds") == s.gb_seconds, "other GB-s");
        expect(r, "actual cost", real(c, "actual_cost_usd") == s.usd, "another cost");
        zg_free(durations);
    }
}

/* Seconds that are paid for, by what a worker says of itself. */
static void check_billed(const zagg_value *root, case_report *r)
{
    const zagg_value *cases =
        zagg_value_get(zagg_value_get(root, "telemetry"), "billed_seconds");
    for (size_t i = 0; i < cases->n; i++) {
        const zagg_value *body = cases->items[i]->items[0];
        zagg_dispatch_result result = {.shard_key = 1};
        zg_str text, payload;
        double want = -1;
        assert_true(zagg_value_number(cases->items[i]->items[1], &want));
        zg_str_init(&text, 0);
        zg_str_init(&payload, 0);
        assert_int_equal(
            zg_json_write(&text, body, (zg_json_style){-1, false, false}, NULL), ZAGG_OK);
        zg_str_add(&payload, "{\"statusCode\": 200, \"body\": ");
        zg_json_add_string(&payload, text.data, text.len);
        zg_str_addc(&payload, '}');
        zg_reply reply = {.payload = payload.data, .len = payload.len};
        assert_int_equal(zg_result_of(&reply, 900, &result, NULL), ZAGG_OK);
        expect(r, text.data, result.duration_s == want, "other seconds");
        zg_free(result.error);
        zg_str_free(&text);
        zg_str_free(&payload);
    }
}

/* What upstream's workers leave is read as what it says. */
static void check_objects(const zagg_value *root, case_report *r)
{
    const zagg_value *cases = zagg_value_get(root, "status_objects");
    for (size_t i = 0; i < cases->n; i++) {
        const char *name = cases->members[i].key->str;
        const zagg_value *object = zagg_value_get(cases->members[i].value, "obj");
        zagg_dispatch_result result = {.shard_key = 5};
        zg_reply reply = {.kind = ZG_REPLY_RESPONSE};
        zg_str text;
        if (object == NULL)
            continue;
        zg_str_init(&text, 0);
        assert_int_equal(
            zg_json_write(&text, object, (zg_json_style){-1, false, false}, NULL),
            ZAGG_OK);
        assert_int_equal(zg_reply_of_object(text.data, text.len, &reply, NULL), ZAGG_OK);
        assert_int_equal(zg_result_of(&reply, 900, &result, NULL), ZAGG_OK);
        const zagg_value *status = zagg_value_get(object, "status");
        const char *error = zg_value_text(object, "error");
        expect(r, name, result.failed == zagg_value_is(status, "failed"), "failed?");
        expect(r, name, result.no_data == zagg_value_is(status, "no_data"), "no data?");
        expect(r, name, result.status_code == (int)number(object, "status_code"), "code");
        if (error != NULL)
            expect(r, name, result.error && strcmp(result.error, error) == 0, error);
        zg_free(result.error);
        zg_reply_free(&reply);
        zg_str_free(&text);
    }
}

static void test_names_and_order(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    case_report report = {.set = "dispatch/v061"};
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = load(arena, "v061.json");
    check_names(root, &report);
    check_order(root, &report);
    check_ceilings(root, &report);
    check_actual_cost(root, &report);
    check_billed(root, &report);
    check_objects(root, &report);
    expect(&report, "payload_gate",
           number(zagg_value_get(root, "payload_gate"), "cap_bytes") == ZG_EVENT_BYTES,
           "another budget");
    zagg_arena_free(arena);
    report_end(&report, 20);
}

/* ---- blocks of keys ---- */

/* The block as an event has it; "" for no block. */
static void block_of(const zg_output_creds *creds, const char *endpoint, char *out,
                     size_t len)
{
    static const char BEFORE[] = "\"output_credentials\": ";
    const zg_message_run run = {.store = "s3://b/x",
                                .output = creds,
                                .output_endpoint = endpoint,
                                .region = "us-west-2"};
    zg_str text;
    assert_int_equal(zg_message_finalize(&run, NULL, &text, NULL), ZAGG_OK);
    const char *at = strstr(text.data, BEFORE);
    (void)snprintf(out, len, "%s", at != NULL ? at + sizeof BEFORE - 1 : "}");
    out[strlen(out) - 1] = '\0'; /* the event's own brace */
    zg_message_free(&text);
}

static void check_block(const zg_output_creds *creds, const char *endpoint,
                        const zagg_value *want, case_report *r)
{
    char got[600];
    zg_str text;
    zg_str_init(&text, 0);
    block_of(creds, endpoint, got, sizeof got);
    if (want->kind != ZAGG_NULL)
        assert_int_equal(
            zg_json_write(&text, want, (zg_json_style){-1, false, false}, NULL), ZAGG_OK);
    expect(r, text.data, strcmp(got, text.data) == 0, got);
    zg_str_free(&text);
}

static void test_blocks(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    case_report report = {.set = "dispatch/credentials"};
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *cases = load(arena, "credentials.json");
    for (size_t i = 0; i < cases->n; i++) {
        const zagg_value *c = cases->items[i];
        const zagg_value *plain = zagg_value_get(c, "event_block_plain");
        zg_output_creds creds = {.region = NULL};
        zg_str input;
        zg_str_init(&input, 0);
        assert_int_equal(zg_json_write(&input, zagg_value_get(c, "input"),
                                       (zg_json_style){-1, false, false}, NULL),
                         ZAGG_OK);
        if (zagg_value_get(plain, "ValueError") == NULL) {
            assert_int_equal(
                zg_output_creds_parse(input.data, input.len, "FILE", &creds, NULL),
                ZAGG_OK);
            check_block(&creds, NULL, plain, &report);
            check_block(&creds, "https://kw", zagg_value_get(c, "event_block_ep_kwarg"),
                        &report);
        }
        zg_output_creds_free(&creds);
        zg_str_free(&input);
    }
    const size_t n = cases->n;
    zagg_arena_free(arena);
    assert_true(n > 0);
    report_end(&report, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_concurrency), cmocka_unit_test(test_cost),
        cmocka_unit_test(test_names_and_order), cmocka_unit_test(test_blocks)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
