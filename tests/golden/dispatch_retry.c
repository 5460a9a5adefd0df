/* golden/dispatch/seed_retry.json: what a shard comes to after scripted replies, and
 * which failures are worth another attempt. Upstream's dispatcher decides by the text of
 * exceptions; here each text stands for what comes over the wire in its place. */
#include "dispatch/reply.h"
#include "support/departures.h"
#include "text/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TIMEOUT_S 720.0
#define WALL_S 3.0

/* What comes back from one invocation. */
typedef struct wire {
    long http_status; /* 200: `body` is the payload; 0: nothing came */
    const char *type; /* of the error, or of a broken invocation */
    const char *body;
    int sys_errno;
} wire;

typedef struct script {
    const char *name;
    wire wires[4];
    size_t n;
} script;

#define THROTTLED                                                                        \
    {                                                                                    \
        429, "TooManyRequestsException", "Rate Exceeded.", 0                             \
    }

static const script SCRIPTS[] = {
    {"ok",
     {{200, NULL,
       "{\"statusCode\": 200, \"body\": \"{\\\"total_obs\\\": 5, \\\"duration_s\\\": "
       "2.5, \\\"error\\\": null}\"}",
       0}},
     1},
    {"status500_in_body",
     {{200, NULL,
       "{\"statusCode\": 500, \"body\": \"{\\\"error\\\": \\\"Failed to write zarr: "
       "x\\\", \\\"duration_s\\\": 1.0}\"}",
       0}},
     1},
    {"fe_timeout",
     {{200, "Unhandled",
       "{\"errorType\":\"Sandbox.Timedout\",\"errorMessage\":\"RequestId: 1 Error: Task "
       "timed out after 720.00 seconds\"}",
       0}},
     1},
    {"fe_oom",
     {{200, "Unhandled",
       "{\"errorType\":\"Runtime.OutOfMemory\",\"errorMessage\":\"RequestId: 1 Error: "
       "Runtime exited with error: signal: killed\"}",
       0}},
     1},
    {"fe_other",
     {{200, "Unhandled",
       "{\"errorType\":\"Runtime.ExitError\",\"errorMessage\":\"RequestId: 1 Error: "
       "Runtime exited with error: exit status 1\"}",
       0}},
     1},
    {"throttle_then_ok",
     {THROTTLED,
      {200, NULL,
       "{\"statusCode\": 200, \"body\": \"{\\\"total_obs\\\": 1, \\\"duration_s\\\": "
       "1.0}\"}",
       0}},
     2},
    {"throttle_x3", {THROTTLED}, 1},
    {"throttle_budget1", {THROTTLED}, 1},
    {"nonretryable", {{403, "AccessDeniedException", "denied", 0}}, 1},
    {"emfile", {{0, "", "Too many open files", EMFILE}}, 1},
    {"body_not_json",
     {{200, NULL, "{\"statusCode\": 200, \"body\": \"no json\"}", 0}},
     1},
    {"body_missing", {{200, NULL, "{\"statusCode\": 200}", 0}}, 1},
    {"payload_not_json", {{200, NULL, "no json", 0}}, 1},
    {"payload_null", {{200, NULL, "null", 0}}, 1}};

/* The last reply of a script comes again and again. */
static zg_reply reply_of(const script *s, size_t nth)
{
    const wire *w = &s->wires[nth < s->n ? nth : s->n - 1];
    zg_reply r = {.kind = ZG_REPLY_RESPONSE, .wall_s = WALL_S};
    if (w->type != NULL)
        (void)snprintf(r.type, sizeof r.type, "%s", w->type);
    if (w->http_status == 200) {
        r.kind = w->type != NULL ? ZG_REPLY_BROKEN : ZG_REPLY_RESPONSE;
        r.payload = zg_strdup(w->body);
        r.len = strlen(w->body);
        return r;
    }
    (void)zagg_err_set(&r.err, w->http_status ? ZAGG_EHTTP : ZAGG_EIO, "%s", w->body);
    r.err.sys_errno = w->sys_errno;
    r.kind = zg_reply_kind_of(w->http_status, r.type, &r.err);
    return r;
}

enum { ENDLESS = 20, MOST_WAITS = 3 };

typedef struct course {
    unsigned attempts, waits;
    bool raised, endless;
    double bounds_s[MOST_WAITS]; /* of the first waits */
    zagg_dispatch_result result;
} course;

static course follow(const script *s, unsigned max_attempts)
{
    course c = {.attempts = 0};
    zg_tries tries = {0};
    for (bool again = true; again && !c.endless;) {
        zg_reply reply = reply_of(s, c.attempts++);
        zg_free(c.result.error);
        c.result = (zagg_dispatch_result){.shard_key = 12345, .granule_count = 1};
        c.raised = reply.kind == ZG_REPLY_FATAL;
        assert_int_equal(zg_result_of(&reply, TIMEOUT_S, &c.result, NULL), ZAGG_OK);
        again = !c.raised && zg_send_again(&tries, max_attempts, &reply, &c.result);
        if (again && c.waits < MOST_WAITS)
            c.bounds_s[c.waits++] = zg_wait_before(&tries, 1);
        c.endless = c.attempts == ENDLESS;
        c.result.retries = tries.sent > 0 ? tries.sent - 1 : 0;
        zg_reply_free(&reply);
    }
    return c;
}

/* One member that differs, with upstream's value. */
static void differ(zg_str *out, const char *key, const zagg_value *want, const char *ours)
{
    static const zg_json_style PYTHON = {.indent = -1};
    zg_str_addf(out, "%s%s: %s, not ", out->len ? "; " : "", key, ours);
    if (want == NULL)
        zg_str_add(out, "nothing");
    else
        assert_int_equal(zg_json_write(out, want, PYTHON, NULL), ZAGG_OK);
}

static void compare_number(zg_str *out, const zagg_value *map, const char *key,
                           double ours)
{
    const zagg_value *want = zagg_value_get(map, key);
    const zagg_value *set = zagg_value_get_set(map, key);
    double v = 0; /* Python's None is told as 0 here */
    char text[32];
    if ((set == NULL || zagg_value_number(set, &v)) && v == ours)
        return;
    (void)snprintf(text, sizeof text, "%g", ours);
    differ(out, key, want, text);
}

static void compare_text(zg_str *out, const zagg_value *map, const char *key,
                         const char *ours)
{
    const zagg_value *want = zagg_value_get(map, key);
    const char *text = zg_value_text(map, key);
    if (ours == NULL ? zagg_value_get_set(map, key) == NULL
                     : text != NULL && strcmp(text, ours) == 0)
        return;
    differ(out, key, want, ours != NULL ? ours : "none");
}

static void compare_waits(zg_str *out, const course *c, const zagg_value *floors)
{
    char text[64];
    if (floors->kind == ZAGG_LIST && floors->n == 0 && c->waits == 0)
        return;
    (void)snprintf(text, sizeof text, "%u, up to %g s", c->waits, c->bounds_s[0]);
    differ(out, "waits", floors, text);
}

static void compare_result(zg_str *out, const course *c, const zagg_value *want)
{
    const zagg_dispatch_result *r = &c->result;
    const zagg_value *body = zagg_value_get(want, "body");
    compare_number(out, want, "shard_key", (double)r->shard_key);
    compare_number(out, want, "status_code", r->status_code);
    compare_number(out, body, "total_obs", (double)r->total_obs);
    if (r->status_code != 0 && body->n > 0)
        compare_number(out, body, "duration_s", r->duration_s);
    compare_text(out, body, "error", body->n > 0 ? r->error : NULL);
    compare_number(out, want, "lambda_duration", r->duration_s);
    compare_text(out, want, "error", r->error);
    compare_number(out, want, "retries", r->retries);
    if (zagg_value_truthy(zagg_value_get_set(want, "timeout")) != r->timeout)
        differ(out, "timeout", zagg_value_get(want, "timeout"),
               r->timeout ? "yes" : "no");
    compare_number(out, want, "granule_count", (double)r->granule_count);
}

/* How a course differs from upstream's, with the values of both; empty: not at all. */
static void compare(zg_str *out, const course *c, const zagg_value *want)
{
    const zagg_value *result = zagg_value_get_set(want, "result");
    uint64_t attempts = 0;
    char text[32];
    assert_true(zagg_value_u64(zagg_value_get(want, "attempts"), &attempts));
    (void)snprintf(text, sizeof text, c->endless ? "goes on" : "%u", c->attempts);
    if (c->endless || c->attempts != attempts)
        differ(out, "attempts", zagg_value_get(want, "attempts"), text);
    compare_waits(out, c, zagg_value_get(want, "sleep_floor_s"));
    compare_text(out, want, "raised", c->raised ? "OSError[24]" : NULL);
    if (result != NULL && !c->endless)
        compare_result(out, c, result);
    if ((result == NULL) != c->raised)
        differ(out, "result", result, c->raised ? "none" : "one");
}

static const script *script_of(const char *name)
{
    for (size_t i = 0; i < sizeof SCRIPTS / sizeof *SCRIPTS; i++)
        if (strcmp(SCRIPTS[i].name, name) == 0)
            return &SCRIPTS[i];
    fail_msg("%s: what comes over the wire is not known here", name);
    return NULL;
}

/* The list has all that differs and nothing else: what is found ends with a full stop. */
static void check_scripts(const zagg_value *root, departures *list, case_report *report)
{
    const zagg_value *cases = zagg_value_get(root, "scripted_invokes");
    uint64_t most = 0;
    assert_true(zagg_value_u64(
        zagg_value_get(zagg_value_get(root, "policy"), "lambda_max_attempts"), &most));
    for (size_t i = 0; i < cases->n; i++) {
        const char *name = cases->members[i].key->str;
        const bool one = strcmp(name, "throttle_budget1") == 0;
        course c = follow(script_of(name), one ? 1 : (unsigned)most);
        zg_str how;
        zg_str_init(&how, 0);
        compare(&how, &c, cases->members[i].value);
        if (how.len > 0)
            zg_str_addc(&how, '.');
        assert_false(how.failed);
        departures_judge_as(list, report, name, how.data, how.data);
        zg_str_free(&how);
        zg_free(c.result.error);
    }
}

/* Waits are within what upstream's begin with, and go on from there. */
static void check_policy(const zagg_value *root, case_report *report)
{
    const zagg_value *floors =
        zagg_value_get(zagg_value_get(root, "policy"), "backoff_floor");
    for (size_t i = 0; i < floors->n; i++) {
        const zg_tries tries = {.throttles = (unsigned)i + 1};
        double floor_s = 0;
        assert_true(zagg_value_number(floors->items[i], &floor_s));
        if (zg_wait_before(&tries, 1) == floor_s && zg_wait_before(&tries, 0) == 0)
            case_pass(report);
        else
            case_fail(report, "policy", "another bound of wait %zu", i);
    }
}

/* What each text is on the wire. */
static const struct {
    const char *text;
    wire wire;
} MEANINGS[] = {
    {"TooManyRequestsException", {429, "TooManyRequestsException", "", 0}},
    {"Rate exceeded", {429, "TooManyRequestsException", "", 0}},
    {"Rate Exceeded.", {429, "TooManyRequestsException", "", 0}},
    {"rate exceeded", {429, "", "", 0}},
    {"Read timeout on endpoint URL: \"https://lambda\"", {0, "", "", ETIMEDOUT}},
    {"Connect timeout on endpoint URL: \"https://lambda\"", {0, "", "", ETIMEDOUT}},
    {"The read operation timed out", {0, "", "", ETIMEDOUT}},
    {"SSL: UNEXPECTED_EOF_WHILE_READING", {0, "", "", 0}},
    {"Connection reset by peer", {0, "", "", ECONNRESET}},
    {"ServiceException 500", {500, "ServiceException", "", 0}},
    {"Throttling", {400, "Throttling", "", 0}},
    {"ThrottlingException: Rate exceeded", {400, "ThrottlingException", "", 0}},
    {"EC2ThrottledException", {502, "EC2ThrottledException", "", 0}},
    {"[Errno 24] Too many open files", {0, "", "", EMFILE}},
    {"Could not connect to the endpoint URL", {0, "", "", ECONNREFUSED}},
    {"RequestEntityTooLargeException", {413, "RequestEntityTooLargeException", "", 0}},
    {"ResourceNotFoundException", {404, "ResourceNotFoundException", "", 0}},
    {"AccessDeniedException", {403, "AccessDeniedException", "", 0}},
    {"ExpiredTokenException", {403, "ExpiredTokenException", "", 0}},
    {"InvalidSignatureException", {403, "InvalidSignatureException", "", 0}},
    {"", {400, "", "", 0}}};

static wire meaning_of(const char *text)
{
    for (size_t i = 0; i < sizeof MEANINGS / sizeof *MEANINGS; i++)
        if (strcmp(MEANINGS[i].text, text) == 0)
            return MEANINGS[i].wire;
    fail_msg("'%s': what that is on the wire is not known here", text);
    return (wire){0};
}

static void check_classes(const zagg_value *root, departures *list, case_report *report)
{
    const zagg_value *cases = zagg_value_get(root, "lambda_classify");
    for (size_t i = 0; i < cases->n; i++) {
        const char *text = cases->members[i].key->str;
        const script s = {text, {meaning_of(text)}, 1};
        char name[120];
        zg_reply reply = reply_of(&s, 0);
        const bool again =
            reply.kind == ZG_REPLY_THROTTLED || reply.kind == ZG_REPLY_FAULT;
        (void)snprintf(name, sizeof name, "classify: %s", text);
        departures_judge_as(
            list, report, name,
            again == cases->members[i].value->u.b ? "" : "classified otherwise",
            again ? "sent again" : "not sent again");
        zg_reply_free(&reply);
    }
}

static void test_retries(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    case_report report = {.set = "dispatch/seed_retry"};
    if (!golden_available("dispatch/seed_retry.json"))
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = golden_json(arena, golden_path("dispatch/seed_retry.json"));
    departures list = departures_load(arena, report.set);
    check_scripts(root, &list, &report);
    check_classes(root, &list, &report);
    check_policy(root, &report);
    departures_end(&list, &report);
    const size_t n = zagg_value_get(root, "scripted_invokes")->n +
                     zagg_value_get(root, "lambda_classify")->n;
    zagg_arena_free(arena);
    report_end(&report, n + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_retries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
