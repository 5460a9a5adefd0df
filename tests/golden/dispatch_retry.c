/* golden/dispatch/seed_retry.json: what a shard comes to after scripted replies, and
 * which failures are worth another attempt. Upstream's dispatcher decides by the text of
 * exceptions; here each text stands for what comes over the wire in its place. */
#include "dispatch/reply.h"
#include "support/departures.h"

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

typedef struct course {
    unsigned attempts;
    bool raised, endless;
    double first_wait_s;
    zagg_dispatch_result result;
} course;

static course follow(const script *s, unsigned max_attempts)
{
    enum { ENDLESS = 20 };
    course c = {.first_wait_s = -1};
    zg_tries tries = {0};
    for (bool again = true; again && !c.endless;) {
        zg_reply reply = reply_of(s, c.attempts++);
        zg_free(c.result.error);
        c.result = (zagg_dispatch_result){.shard_key = 12345};
        c.raised = reply.kind == ZG_REPLY_FATAL;
        assert_int_equal(zg_result_of(&reply, TIMEOUT_S, &c.result, NULL), ZAGG_OK);
        again = !c.raised && zg_send_again(&tries, max_attempts, &reply, &c.result);
        if (again && c.first_wait_s < 0)
            c.first_wait_s = zg_wait_before(&tries, 0.999);
        c.endless = c.attempts == ENDLESS;
        c.result.retries = tries.sent > 0 ? tries.sent - 1 : 0;
        zg_reply_free(&reply);
    }
    return c;
}

/* How the course differs from upstream's, in the words of departures.json; "": not. */
static const char *difference(const course *c, const zagg_value *want)
{
    const zagg_value *result = zagg_value_get_set(want, "result");
    const zagg_value *error = zagg_value_get_set(result, "error");
    const zagg_value *sleeps = zagg_value_get(want, "sleep_floor_s");
    uint64_t attempts = 0, retries = 0, obs = 0;
    int64_t code = 0;
    double duration = 0;
    if (c->raised || result == NULL)
        return c->raised && result == NULL ? "" : "raised";
    (void)zagg_value_u64(zagg_value_get(want, "attempts"), &attempts);
    (void)zagg_value_u64(zagg_value_get(result, "retries"), &retries);
    (void)zagg_value_i64(zagg_value_get(result, "status_code"), &code);
    (void)zagg_value_number(zagg_value_get(result, "lambda_duration"), &duration);
    (void)zagg_value_u64(zagg_value_get(zagg_value_get(result, "body"), "total_obs"),
                         &obs);
    if (c->endless && c->result.timeout == false && c->result.duration_s == 0)
        return "goes on";
    if (c->result.failed && error == NULL)
        return "an error";
    if (error != NULL &&
        c->result.timeout != zagg_value_truthy(zagg_value_get(result, "timeout")))
        return "another timeout";
    if (c->result.duration_s != duration && c->attempts <= 2)
        return "charged";
    if (c->attempts > attempts)
        return "sent again";
    if (retries != c->result.retries)
        return "no retries";
    if (c->result.status_code != (int)code || c->result.total_obs != obs ||
        (error != NULL && strcmp(error->str, c->result.error) != 0))
        return "another result";
    if (sleeps->n > 0 && c->first_wait_s < 1)
        return "full jitter";
    return "";
}

static void check_scripts(const zagg_value *root, departures *list, case_report *report)
{
    const zagg_value *cases = zagg_value_get(root, "scripted_invokes");
    for (size_t i = 0; i < sizeof SCRIPTS / sizeof *SCRIPTS; i++) {
        const script *s = &SCRIPTS[i];
        const zagg_value *want = zagg_value_get(cases, s->name);
        assert_non_null(want);
        const bool one = strcmp(s->name, "throttle_budget1") == 0;
        course c = follow(s, one ? 1 : 3);
        const char *how = difference(&c, want);
        departures_judge_as(list, report, s->name, how, how);
        zg_free(c.result.error);
    }
    assert_int_equal(cases->n, sizeof SCRIPTS / sizeof *SCRIPTS);
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

static void check_classes(const zagg_value *root, departures *list, case_report *report)
{
    const zagg_value *cases = zagg_value_get(root, "lambda_classify");
    const size_t n = sizeof MEANINGS / sizeof *MEANINGS;
    for (size_t i = 0; i < n; i++) {
        const script s = {MEANINGS[i].text, {MEANINGS[i].wire}, 1};
        const zagg_value *want = zagg_value_get(cases, s.name);
        char name[120];
        assert_non_null(want);
        zg_reply reply = reply_of(&s, 0);
        const bool again =
            reply.kind == ZG_REPLY_THROTTLED || reply.kind == ZG_REPLY_FAULT;
        (void)snprintf(name, sizeof name, "classify: %s", s.name);
        departures_judge_as(list, report, name,
                            again == want->u.b ? "" : "classified otherwise",
                            again ? "sent again" : "not sent again");
    }
    assert_int_equal(cases->n, n);
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
    departures_end(&list, &report);
    zagg_arena_free(arena);
    report_end(&report, 35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_retries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
