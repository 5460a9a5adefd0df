/* From answers to results. Texts are upstream's where it has some. */
#include "dispatch/reply.h"

#include "text/text.h"
#include "zagg/value.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Of a payload that is no response so much is shown. */
enum { SHOWN_BYTES = 100, MOST_TIMEOUTS = 2 };
#define LONGEST_WAIT_S 30.0
/* A shard that is only throttled is given up after so long. */
#define THROTTLED_S 900.0

void zg_reply_free(zg_reply *a)
{
    if (a->payload != NULL)
        zg_secret_wipe(a->payload, a->len);
    zg_free(a->payload);
    a->payload = NULL;
}

/* ---- kinds ---- */

zg_reply_kind zg_reply_kind_of(long http_status, const char *error_type,
                               const zagg_err *err)
{
    if (err->sys_errno == EMFILE || err->sys_errno == ENFILE ||
        err->status == ZAGG_ENOMEM)
        return ZG_REPLY_FATAL;
    if (http_status != 0 && strncmp(error_type, "Throttling", 10) == 0)
        return ZG_REPLY_THROTTLED;
    switch (http_status) {
    case 0:
        return err->status == ZAGG_EIO || err->status == ZAGG_EHTTP ? ZG_REPLY_FAULT
                                                                    : ZG_REPLY_REFUSED;
    case 429:
        return ZG_REPLY_THROTTLED;
    case 500:
        return error_type[0] == '\0' || strcmp(error_type, "ServiceException") == 0 ||
                       strcmp(error_type, "InternalFailure") == 0
                   ? ZG_REPLY_FAULT
                   : ZG_REPLY_REFUSED;
    case 408:
    case 502:
    case 503:
    case 504:
        return ZG_REPLY_FAULT;
    default: /* an answer that broke off says no more than none */
        return http_status / 100 == 2 && err->status == ZAGG_EIO ? ZG_REPLY_FAULT
                                                                 : ZG_REPLY_REFUSED;
    }
}

static zg_break break_of(const char *payload)
{
    if (strstr(payload, "Task timed out") != NULL)
        return ZG_BREAK_TIMEOUT;
    if (strstr(payload, "Runtime.OutOfMemory") != NULL)
        return ZG_BREAK_MEMORY;
    return ZG_BREAK_CRASH;
}

/* ---- results ---- */

static zagg_status set_error(zagg_dispatch_result *r, const char *text, zagg_err *err)
{
    zg_free(r->error);
    r->error = zg_strdup(text);
    return r->error != NULL ? ZAGG_OK
                            : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a result");
}

static zagg_status fail_with(zagg_dispatch_result *r, const char *text, zagg_err *err)
{
    r->failed = true;
    return set_error(r, text, err);
}

static bool is_benign(const char *text)
{
    return strcmp(text, "No granules found") == 0 ||
           strcmp(text, "No data after filtering") == 0;
}

static double number_of(const zagg_value *map, const char *key, double otherwise)
{
    double v;
    const bool is_number = zagg_value_number(zagg_value_get(map, key), &v);
    return is_number && isfinite(v) ? v : otherwise;
}

static uint64_t count_of(const zagg_value *map, const char *key)
{
    uint64_t n = 0;
    (void)zagg_value_u64(zagg_value_get(map, key), &n);
    return n;
}

static void read_counts(const zagg_value *body, zagg_dispatch_result *r)
{
    const zagg_value *phases = zagg_value_get_set(body, "phase_timings");
    r->cells_with_data = count_of(body, "cells_with_data");
    r->total_obs = count_of(body, "total_obs");
    r->files_processed = count_of(body, "files_processed");
    r->read_errors = count_of(body, "read_errors");
    const double duration = number_of(body, "duration_s", 0);
    const double total = number_of(body, "duration_total_s", 0);
    r->duration_s = total > 0 ? total : duration > 0 ? duration : 0;
    r->max_memory_mb = number_of(body, "max_memory_mb", 0);
    r->read_s = number_of(phases, "read", -1);
    r->index_s = number_of(phases, "index", -1);
    r->aggregate_s = number_of(phases, "aggregate", -1);
    r->write_s = number_of(phases, "write", -1);
}

static zagg_status read_body(const zagg_value *body, zagg_dispatch_result *r,
                             zagg_err *err)
{
    const zagg_value *error = zagg_value_get_set(body, "error");
    char text[64];
    read_counts(body, r);
    if (error != NULL && error->kind == ZAGG_STR && error->str_len > 0) {
        r->no_data = is_benign(error->str);
        r->failed = !r->no_data;
        return set_error(r, error->str, err);
    }
    if (r->status_code == 200 && !zagg_value_truthy(error))
        return ZAGG_OK;
    (void)snprintf(text, sizeof text, "the worker answered with status %d and no error",
                   r->status_code);
    return fail_with(r, text, err);
}

/* The runtime's own report in the place of a response: {"errorType", "errorMessage"}, or
 * plain text, as the emulator has it. */
static bool is_report(const zagg_value *root, const char *payload)
{
    return root != NULL ? zagg_value_get(root, "statusCode") == NULL &&
                              zagg_value_get(root, "errorMessage") != NULL
                        : strstr(payload, "Task timed out") != NULL;
}

static zagg_status read_broken(const zg_reply *a, double timeout_s,
                               zagg_dispatch_result *r, zagg_err *err)
{
    const char *payload = a->payload != NULL ? a->payload : "";
    const zg_break what = break_of(payload);
    const int shown = (int)zg_utf8_floor(payload, strnlen(payload, SHOWN_BYTES));
    const char *who = a->who != NULL ? a->who : "Lambda";
    char text[400];
    r->timeout = what == ZG_BREAK_TIMEOUT;
    r->duration_s = a->wall_s;
    if (timeout_s > 0 && (r->timeout || a->wall_s > timeout_s))
        r->duration_s = timeout_s;
    if (what == ZG_BREAK_CRASH)
        (void)snprintf(text, sizeof text, "%s error (%s): %.*s", who,
                       a->type[0] ? a->type : "Unhandled", shown, payload);
    else
        (void)snprintf(text, sizeof text, "%s %s: %.*s", who,
                       r->timeout ? "timeout" : "OOM", shown, payload);
    return fail_with(r, text, err);
}

static zagg_status read_response(const zagg_value *root, zagg_arena *arena,
                                 zagg_dispatch_result *r, zagg_err *err)
{
    const zagg_value *body = zagg_value_get(root, "body"), *parsed = NULL;
    int64_t code = 0;
    char text[300];
    if (zagg_value_i64(zagg_value_get(root, "statusCode"), &code) && code > 0 &&
        code < 1000)
        r->status_code = (int)code;
    if (body != NULL && body->kind == ZAGG_STR &&
        zagg_json_parse(arena, body->str, body->str_len, "body", &parsed, NULL) ==
            ZAGG_ENOMEM)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a result");
    if (r->status_code != 0 && parsed != NULL && parsed->kind == ZAGG_MAP)
        return read_body(parsed, r, err);
    (void)snprintf(text, sizeof text,
                   "the worker's answer %s; is the function the worker of zagg?",
                   root == NULL || root->kind != ZAGG_MAP ? "is no JSON object"
                   : r->status_code == 0                  ? "has no statusCode"
                                         : "has no body that is a JSON object");
    return fail_with(r, text, err);
}

zagg_status zg_result_of(zg_reply *a, double timeout_s, zagg_dispatch_result *r,
                         zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    r->read_s = r->index_s = r->aggregate_s = r->write_s = -1;
    if (a->kind == ZG_REPLY_BROKEN)
        return read_broken(a, timeout_s, r, err);
    if (a->kind != ZG_REPLY_RESPONSE)
        return fail_with(r, a->err.msg, err);
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    const char *payload = a->payload != NULL ? a->payload : "";
    zagg_status status = zagg_json_parse(arena, payload, a->len, "answer", &root, NULL);
    if (status != ZAGG_OK)
        root = NULL;
    if (status == ZAGG_ENOMEM)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a result");
    else if (!is_report(root, payload))
        status = read_response(root, arena, r, err);
    else
        a->kind = ZG_REPLY_BROKEN;
    if (a->kind == ZG_REPLY_BROKEN)
        status = read_broken(a, timeout_s, r, err);
    zagg_arena_free(arena);
    return status;
}

/* ---- again? ---- */

bool zg_send_again(zg_tries *t, unsigned max_attempts, const zg_reply *a,
                   const zagg_dispatch_result *r)
{
    t->sent++;
    if (a->kind == ZG_REPLY_THROTTLED) {
        t->throttles++;
        return t->throttled_s < THROTTLED_S;
    }
    t->throttles = 0;
    t->attempts++;
    t->timeouts += r->timeout;
    if (t->attempts >= max_attempts)
        return false;
    if (a->kind == ZG_REPLY_FAULT)
        return true;
    /* A sandbox that died may have met trouble of its own, and a store that was slow once
     * need not be slow again; memory that did not suffice will not suffice. A response,
     * whatever it says, is the worker's last word. */
    if (a->kind != ZG_REPLY_BROKEN)
        return false;
    return r->timeout ? t->timeouts < MOST_TIMEOUTS
                      : break_of(a->payload != NULL ? a->payload : "") == ZG_BREAK_CRASH;
}

double zg_wait_before(const zg_tries *t, double random)
{
    const unsigned n = t->throttles > 0 ? t->throttles - 1 : t->attempts;
    return random * fmin(ldexp(1, (int)(n < 6 ? n : 6)), LONGEST_WAIT_S);
}
