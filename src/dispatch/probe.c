/* Lambda API reference (GetAccountSettings, GetFunctionConcurrency,
 * GetFunctionConfiguration); CloudWatch API reference (GetMetricStatistics, JSON 1.0). */
#include "dispatch/probe.h"

#include "text/text.h"
#include "zagg/value.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { WINDOW_S = 300, PERIOD_S = 60, MOST_PATH = 1024 };

typedef struct question {
    const zg_probe *probe;
    zg_aws_service *service;
    const char *method, *path, *body, *target, *right;
} question;

/* The answer's tree in `arena`, or NULL after a line in the log. */
static const zagg_value *ask(const question *q, zagg_arena *arena)
{
    zg_aws_call c;
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_value *root = NULL;
    const size_t len = q->body != NULL ? strlen(q->body) : 0;
    zagg_status status =
        zg_aws_call_init(q->service, &c, q->method, q->path, q->body, len, &err);
    if (status == ZAGG_OK && q->target != NULL) {
        zg_headers_add(&c.call.headers, "Content-Type", "application/x-amz-json-1.0");
        zg_headers_add(&c.call.headers, "X-Amz-Target", q->target);
    }
    if (status == ZAGG_OK)
        status = zg_http_send(q->probe->http, &c.call, 1, &err);
    if (status == ZAGG_OK)
        status = zagg_json_parse(arena, c.call.out_body, c.call.out_len, "answer", &root,
                                 &err);
    if (status != ZAGG_OK) {
        root = NULL;
        zagg_log_write(q->probe->log, ZAGG_LOG_WARN, "%s is not known, going on: %s",
                       q->right, err.msg);
    }
    zg_aws_call_free(&c);
    return root;
}

static void ask_limit(const zg_probe *p, zagg_arena *arena, zg_account *out)
{
    const question q = {.probe = p,
                        .service = p->lambda,
                        .method = "GET",
                        .path = "/2016-08-19/account-settings",
                        .right = "The account's concurrency (lambda:GetAccountSettings)"};
    const zagg_value *limit = zagg_value_get(ask(&q, arena), "AccountLimit");
    out->has_limit =
        zagg_value_u64(zagg_value_get(limit, "ConcurrentExecutions"), &out->limit);
}

static void ask_concurrent(const zg_probe *p, zagg_arena *arena, double *datapoints,
                           zg_account *out)
{
    char body[300];
    const long now = (long)time(NULL);
    const question q = {
        .probe = p,
        .service = p->monitoring,
        .method = "POST",
        .path = "/",
        .body = body,
        .target = "GraniteServiceVersion20100801.GetMetricStatistics",
        .right = "What runs in the account now (cloudwatch:GetMetricStatistics)"};
    (void)snprintf(body, sizeof body,
                   "{\"Namespace\": \"AWS/Lambda\", \"MetricName\": "
                   "\"ConcurrentExecutions\", \"StartTime\": %ld, \"EndTime\": %ld, "
                   "\"Period\": %d, \"Statistics\": [\"Maximum\"]}",
                   now - WINDOW_S, now, PERIOD_S);
    const zagg_value *list = zagg_value_get(ask(&q, arena), "Datapoints");
    out->datapoints = datapoints;
    for (size_t i = 0; list != NULL && list->kind == ZAGG_LIST && i < list->n &&
                       out->n_datapoints < ZG_PROBE_DATAPOINTS;
         i++)
        if (zagg_value_number(zagg_value_get(list->items[i], "Maximum"),
                              &datapoints[out->n_datapoints]))
            out->n_datapoints++;
}

static void ask_reserved(const zg_probe *p, zagg_arena *arena, zg_account *out)
{
    char path[MOST_PATH];
    const question q = {.probe = p,
                        .service = p->lambda,
                        .method = "GET",
                        .path = path,
                        .right = "The function's reserved concurrency "
                                 "(lambda:GetFunctionConcurrency)"};
    (void)snprintf(path, sizeof path, "/2019-09-30/functions/%s/concurrency",
                   p->function);
    out->has_reserved = zagg_value_u64(
        zagg_value_get(ask(&q, arena), "ReservedConcurrentExecutions"), &out->reserved);
}

void zg_probe_account(const zg_probe *p, double *datapoints, zg_account *out)
{
    zagg_arena *arena = NULL;
    *out = (zg_account){.has_limit = false};
    if (zagg_arena_new(0, &arena, NULL) != ZAGG_OK)
        return;
    ask_limit(p, arena, out);
    ask_concurrent(p, arena, datapoints, out);
    ask_reserved(p, arena, out);
    zagg_arena_free(arena);
}

void zg_probe_function(const zg_probe *p, zg_function_facts *out)
{
    char path[MOST_PATH];
    zagg_arena *arena = NULL;
    const question q = {.probe = p,
                        .service = p->lambda,
                        .method = "GET",
                        .path = path,
                        .right = "The function's memory and timeout "
                                 "(lambda:GetFunctionConfiguration)"};
    *out = (zg_function_facts){.timeout_s = 0};
    (void)snprintf(path, sizeof path, "/2015-03-31/functions/%s/configuration",
                   p->function);
    if (zagg_arena_new(0, &arena, NULL) != ZAGG_OK)
        return;
    const zagg_value *root = ask(&q, arena);
    const zagg_value *kinds = zagg_value_get(root, "Architectures");
    double memory_mb = 0, timeout_s = 0;
    if (zagg_value_number(zagg_value_get(root, "MemorySize"), &memory_mb) &&
        memory_mb > 0)
        out->memory_gb = memory_mb / 1024;
    if (zagg_value_number(zagg_value_get(root, "Timeout"), &timeout_s) && timeout_s > 0)
        out->timeout_s = timeout_s;
    if (kinds != NULL && kinds->kind == ZAGG_LIST && kinds->n > 0)
        out->architecture = zagg_value_is(kinds->items[0], "x86_64") ? "x86_64" : "arm64";
    zagg_arena_free(arena);
}
