/* AWS Lambda: one POST an event. Lambda API reference, "Invoke".
 *
 * Synchronous invocations are answered when the worker is done, so that a connection is
 * silent for up to the function's timeout; it is given a minute more before it counts as
 * dead, as whatever runs is paid for. Event invocations are answered at once, and the
 * worker leaves a status object (lambda_events.c). */
#include "dispatch/lambda.h"

#include "dispatch/message.h"
#include "net/net.h"
#include "zagg/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Requests and responses are at most as long as Lambda lets them be. */
enum {
    SYNC_BYTES = 6291556,
    RESPONSE_BYTES = SYNC_BYTES + 1024,
    DEFAULT_WORKERS = 1700,
    RECEIVE_BYTES = 4096
};
enum { MORE_CONNECTIONS = 8, ONCE = 0 };
#define CONNECT_S 10.0
#define PATIENCE_S 60.0
/* Where the function does not tell: the longest that there is, and the smallest size that
 * the workers of upstream have. */
#define UNKNOWN_TIMEOUT_S 900.0
#define UNKNOWN_MEMORY_GB 2.0

/* ---- invocations ---- */

/* Text of the answer, in what a shard's result is made of. */
static zagg_status take_payload(zg_call *call, zg_reply *out)
{
    out->payload =
        zg_strndup(call->out_body != NULL ? call->out_body : "", call->out_len);
    out->len = call->out_len;
    return out->payload != NULL
               ? ZAGG_OK
               : zagg_err_set(&out->err, ZAGG_ENOMEM, "no memory for an answer");
}

void zg_invocation_answer(zg_invocation *v, zg_reply *out)
{
    zg_call *call = &v->aws.call;
    const char *broken = zg_headers_get(&call->out_headers, "X-Amz-Function-Error");
    zg_aws_error_type(call, out->type);
    if (call->status != ZAGG_OK) {
        out->err = call->err;
        out->err.status = call->status;
        out->unsent = call->unsent;
        out->kind = zg_reply_kind_of(call->http_status, out->type, &call->err);
        if (out->type[0])
            (void)zagg_err_set(&out->err, call->status, "%s: %s", out->type,
                               call->err.msg);
        return;
    }
    if (call->http_status / 100 != 2) { /* redirects are not followed */
        out->kind = ZG_REPLY_REFUSED;
        (void)zagg_err_set(&out->err, ZAGG_EHTTP,
                           "HTTP %ld instead of an answer of Lambda", call->http_status);
        return;
    }
    out->kind = broken != NULL ? ZG_REPLY_BROKEN : ZG_REPLY_RESPONSE;
    if (broken != NULL)
        (void)snprintf(out->type, sizeof out->type, "%s", broken);
    if (take_payload(call, out) != ZAGG_OK)
        out->kind = ZG_REPLY_FATAL;
}

void zg_invocation_free(zg_invocation *v)
{
    if (v == NULL)
        return;
    zg_aws_call_free(&v->aws);
    zg_message_free(&v->event);
    zg_free(v);
}

zagg_status zg_lambda_invoke(zg_lambda *l, size_t ticket, zg_invocation_type type,
                             zg_str *event, zagg_err *err)
{
    zg_invocation *v = zg_alloc(1, sizeof *v);
    if (v == NULL) {
        zg_message_free(event);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an invocation");
    }
    v->event = *event;
    v->ticket = ticket;
    zagg_status status = zg_aws_call_init(&l->lambda, &v->aws, "POST", l->path,
                                          v->event.data, v->event.len, err);
    if (status == ZAGG_OK) {
        zg_headers_add(&v->aws.call.headers, "X-Amz-Invocation-Type",
                       type == ZG_INVOKE_EVENT ? "Event" : "RequestResponse");
        v->aws.call.once = type == ZG_INVOKE_ONCE;
        v->aws.call.max_body = RESPONSE_BYTES;
        status = zg_flight_send(l->flight, &v->aws.call, err);
    }
    if (status != ZAGG_OK)
        zg_invocation_free(v);
    return status;
}

zg_invocation *zg_lambda_next(zg_lambda *l, double until_s)
{
    return (zg_invocation *)zg_flight_next(l->flight, until_s);
}

static zagg_status send_sync(void *self, size_t ticket, zg_str *event, zagg_err *err)
{
    return zg_lambda_invoke(self, ticket, ZG_INVOKE_WAITING, event, err);
}

static bool next_sync(void *self, double until_s, size_t *ticket, zg_reply *out)
{
    zg_invocation *v = zg_lambda_next(self, until_s);
    if (v == NULL)
        return false;
    *ticket = v->ticket;
    zg_invocation_answer(v, out);
    zg_invocation_free(v);
    return true;
}

/* Setup and finalize, while nothing else is under way. */
static zagg_status once(void *self, zg_str *event, zg_reply *out, zagg_err *err)
{
    zg_lambda *l = self;
    size_t ticket;
    ZAGG_TRY(zg_lambda_invoke(l, ONCE, ZG_INVOKE_ONCE, event, err));
    while (!next_sync(l, zg_clock_mono_s() + PATIENCE_S, &ticket, out))
        continue;
    return ZAGG_OK;
}

/* ---- before the first one ---- */

static zagg_status encode_function(zg_lambda *l, zagg_err *err)
{
    zg_str name, path;
    zg_str_init(&name, 0);
    zg_url_encode(&name, l->summary->function, false);
    l->encoded = zg_str_take(&name);
    zg_str_init(&path, 0);
    zg_str_addf(&path, "/2015-03-31/functions/%s/invocations",
                l->encoded != NULL ? l->encoded : "");
    l->path = zg_str_take(&path);
    return l->encoded != NULL && l->path != NULL
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory for the name of a function");
}

static double memory_of_config(const zagg_pipeline *pipeline)
{
    double mb;
    const zagg_value *worker = zagg_value_get_set(pipeline->root, "worker");
    return zagg_value_number(zagg_value_get(worker, "memory"), &mb) && mb > 0
               ? mb / 1024
               : UNKNOWN_MEMORY_GB;
}

static void take_facts(zg_lambda *l, const zg_function_facts *facts, size_t units)
{
    zagg_dispatch_summary *s = l->summary;
    s->function_timeout_s = facts->timeout_s > 0 ? facts->timeout_s : UNKNOWN_TIMEOUT_S;
    s->memory_gb =
        facts->memory_gb > 0 ? facts->memory_gb : memory_of_config(l->opts->pipeline);
    s->architecture = facts->architecture != NULL ? facts->architecture : "arm64";
    s->price_per_gb_s = zg_price_per_gb_s(s->architecture);
    s->max_usd =
        zg_most_usd(units, s->price_per_gb_s, s->memory_gb, s->function_timeout_s);
}

/* Sockets of this process, one an invocation: the other limit is asked for in vain. */
static void tell_limits(zg_lambda *l, size_t asked)
{
    const zagg_dispatch_summary *s = l->summary;
    const zagg_dispatch_limits *r = &s->limits;
    if (r->known)
        zagg_log_write(l->opts->log, ZAGG_LOG_INFO,
                       "Concurrency: account limit %llu, running now %llu, kept free "
                       "%llu, available %llu",
                       (unsigned long long)r->account_limit,
                       (unsigned long long)r->concurrent, (unsigned long long)r->padding,
                       (unsigned long long)r->available);
    if (r->has_reserved)
        zagg_log_write(l->opts->log, ZAGG_LOG_INFO, "Concurrency: %llu reserved for %s",
                       (unsigned long long)r->reserved, s->function);
    if (s->workers < asked)
        zagg_log_write(l->opts->log, ZAGG_LOG_WARN,
                       "%zu workers at once instead of %zu, by the limit of %s",
                       s->workers, asked,
                       r->known && s->workers == r->available ? "the account"
                                                              : "open files (ulimit -n)");
}

static void settle_workers(zg_lambda *l, size_t units, const zg_account *account)
{
    struct rlimit files = {.rlim_cur = 1024};
    (void)getrlimit(RLIMIT_NOFILE, &files);
    size_t asked = l->opts->max_workers ? l->opts->max_workers : DEFAULT_WORKERS;
    asked = asked < units ? asked : units;
    l->summary->workers = zg_workers_allowed(
        asked ? asked : 1, account, (uint64_t)files.rlim_cur, &l->summary->limits);
    tell_limits(l, asked ? asked : 1);
}

static zagg_status confirm(const zg_lambda *l, size_t units, zagg_err *err)
{
    const zagg_dispatch_opts *o = l->opts;
    const zagg_dispatch_summary *s = l->summary;
    char line[160];
    zg_cost_line(units, s->memory_gb, s->function_timeout_s, s->architecture, s->max_usd,
                 line, sizeof line);
    if (o->max_usd > 0 && s->max_usd > o->max_usd)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s, more than the $%.2f that --max-cost allows", line,
                            o->max_usd);
    if (o->confirm == NULL || units == 0 || o->confirm(o->user, line, s->max_usd))
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_ECANCELLED,
                        "Aborted: max-cost gate declined (rerun with --yes to skip the "
                        "prompt).");
}

static zagg_status preflight(zg_lambda *l, size_t units, zagg_err *err)
{
    double datapoints[ZG_PROBE_DATAPOINTS];
    zg_account account;
    zg_function_facts facts;
    const zg_probe probe = {zg_net_http(l->opts->net), &l->lambda, &l->monitoring,
                            l->encoded, l->opts->log};
    zg_probe_account(&probe, datapoints, &account);
    zg_probe_function(&probe, &facts);
    take_facts(l, &facts, units);
    settle_workers(l, units, &account);
    return confirm(l, units, err);
}

/* ---- life ---- */

static zagg_status open_services(zg_lambda *l, zagg_err *err)
{
    zg_creds *creds = NULL;
    zagg_net *net = l->opts->net;
    ZAGG_TRY(zg_net_ambient_creds(net, &creds, err));
    ZAGG_TRY(zg_aws_service_open("lambda", zg_net_region(net), creds, &l->lambda, err));
    return zg_aws_service_open("monitoring", zg_net_region(net), creds, &l->monitoring,
                               err);
}

static zagg_status open_flight(zg_lambda *l, zagg_err *err)
{
    const zg_http_opts opts = {.max_connections = l->summary->workers + MORE_CONNECTIONS,
                               .connect_s = CONNECT_S,
                               .stall_s = l->summary->function_timeout_s + PATIENCE_S,
                               .attempts = 1,
                               .steady = true,
                               .receive_bytes = RECEIVE_BYTES,
                               .frugal = true,
                               .log = l->opts->log};
    ZAGG_TRY(zg_http_new(&opts, &l->http, err));
    return zg_flight_new(l->http, &l->flight, err);
}

static void close_lambda(void *self)
{
    zg_lambda *l = self;
    zg_invocation *v;
    if (l->flight != NULL)
        zg_flight_cancel(l->flight);
    while (l->flight != NULL && (v = zg_lambda_next(l, 0)) != NULL)
        zg_invocation_free(v);
    zg_flight_free(l->flight);
    zg_status_watch_free(l->watch);
    zg_http_free(l->http);
    zg_aws_service_close(&l->lambda);
    zg_aws_service_close(&l->monitoring);
    zg_free(l->encoded);
    zg_free(l->path);
    zg_free(l);
}

zagg_status zg_lambda_open(const zagg_dispatch_opts *opts, zg_ledger *ledger,
                           size_t units, zg_backend *out, zagg_dispatch_summary *summary,
                           zagg_err *err)
{
    zg_lambda *l = zg_alloc(1, sizeof *l);
    if (l == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for invocations");
    *l = (zg_lambda){.opts = opts, .summary = summary, .ledger = ledger};
    zagg_status status = encode_function(l, err);
    if (status == ZAGG_OK)
        status = open_services(l, err);
    if (status == ZAGG_OK)
        status = preflight(l, units, err);
    if (status == ZAGG_OK)
        status = open_flight(l, err);
    *out = (zg_backend){.executor = {send_sync, next_sync, l},
                        .once = once,
                        .close = close_lambda,
                        .self = l,
                        .workers = summary->workers,
                        .event_bytes = SYNC_BYTES,
                        .too_long = "Lambda takes no longer ones: make shards smaller "
                                    "(a higher output.grid.parent_order)",
                        .timeout_s = summary->function_timeout_s};
    if (status == ZAGG_OK && opts->transport == ZAGG_TRANSPORT_EVENT)
        status = zg_lambda_use_events(l, summary->selected, out, err);
    if (status != ZAGG_OK)
        close_lambda(l);
    return status;
}
