#include "bootstrap/runtime.h"

#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BASE "/2018-06-01/runtime/"

enum { TRIES = 3, MAX_PATH = 640 };

zagg_status zg_runtime_init(zg_runtime *r, const char *api, zagg_err *err)
{
    return zg_http1_init(&r->http, api, err);
}

void zg_runtime_free(zg_runtime *r)
{
    zg_http1_free(&r->http);
}

static bool is_ok(int status)
{
    return status / 100 == 2;
}

/* ---- next ---- */

/* Milliseconds since 1970; nothing, or what is no number, is no deadline. */
static double remaining(const char *deadline_ms)
{
    char *end = NULL;
    struct timespec now;
    const double at = (double)strtoull(deadline_ms, &end, 10) / 1e3;
    if (end == deadline_ms || at <= 0 || clock_gettime(CLOCK_REALTIME, &now) != 0)
        return 0;
    const double left = at - ((double)now.tv_sec + (double)now.tv_nsec * 1e-9);
    return left > 1e-3 ? left : 1e-3;
}

/* Ids become parts of a path: anything that could end one is refused. */
static zagg_status check_id(const char *id, zagg_err *err)
{
    if (id[0] == '\0')
        return zagg_err_set(err, ZAGG_EFORMAT, "an event without a request id");
    if (strcspn(id, " /?#%\r\n") != strlen(id))
        return zagg_err_set(err, ZAGG_EFORMAT, "'%.60s' is no request id", id);
    return ZAGG_OK;
}

static zagg_status next(zg_runtime *r, zg_invocation *out, zagg_err *err)
{
    enum { ID, DEADLINE, TRACE, N };
    zg_http1_header headers[N] = {[ID] = {.name = "Lambda-Runtime-Aws-Request-Id"},
                                  [DEADLINE] = {.name = "Lambda-Runtime-Deadline-Ms"},
                                  [TRACE] = {.name = "Lambda-Runtime-Trace-Id"}};
    const zg_http1_request request = {.method = "GET", .path = BASE "invocation/next"};
    zg_http1_answer answer;
    ZAGG_TRY(zg_http1_send(&r->http, &request, headers, N, &answer, err));
    zagg_status status =
        is_ok(answer.status)
            ? check_id(headers[ID].value, err)
            : zagg_err_set(err, ZAGG_EHTTP, "invocation/next: HTTP %d", answer.status);
    if (status != ZAGG_OK) {
        zg_http1_answer_free(&answer);
        return status;
    }
    *out = (zg_invocation){.remaining_s = remaining(headers[DEADLINE].value),
                           .event = answer.body,
                           .event_len = answer.body_len};
    memcpy(out->request_id, headers[ID].value, sizeof out->request_id);
    memcpy(out->trace_id, headers[TRACE].value, sizeof out->trace_id);
    return ZAGG_OK;
}

zagg_status zg_runtime_next(zg_runtime *r, zg_invocation *out, zagg_err *err)
{
    zagg_status status = ZAGG_EIO;
    for (int i = 0; i < TRIES && status != ZAGG_OK && status != ZAGG_ENOMEM; i++)
        status = next(r, out, err);
    return status;
}

void zg_invocation_free(zg_invocation *i)
{
    if (i->event)
        zg_secret_wipe(i->event, i->event_len);
    zg_free(i->event);
    i->event = NULL;
}

/* ---- what became of it ---- */

static zagg_status post(zg_runtime *r, const char *path, const char *headers,
                        const char *body, size_t len, zagg_err *err)
{
    const zg_http1_request request = {"POST", path, headers, body, len};
    zg_http1_answer answer;
    ZAGG_TRY(zg_http1_send(&r->http, &request, NULL, 0, &answer, err));
    const zagg_status status = is_ok(answer.status)
                                   ? ZAGG_OK
                                   : zagg_err_set(err, ZAGG_EHTTP, "%s: HTTP %d: %.200s",
                                                  path, answer.status, answer.body);
    zg_http1_answer_free(&answer);
    return status;
}

zagg_status zg_runtime_respond(zg_runtime *r, const zg_invocation *i, const char *text,
                               size_t len, zagg_err *err)
{
    char path[MAX_PATH];
    (void)snprintf(path, sizeof path, BASE "invocation/%s/response", i->request_id);
    return post(r, path, "Content-Type: application/json\r\n", text, len, err);
}

static zagg_status post_error(zg_runtime *r, const char *path, const char *type,
                              const char *message, zagg_err *err)
{
    zg_str text, headers;
    zg_json_out w;
    zg_str_init(&text, 0);
    zg_str_init(&headers, 0);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "errorMessage", message);
    zg_json_put_str(&w, "errorType", type);
    zg_json_key(&w, "stackTrace");
    zg_json_open_list(&w);
    zg_json_close_list(&w);
    zg_json_close_map(&w);
    zg_str_addf(&headers,
                "Content-Type: application/json\r\n"
                "Lambda-Runtime-Function-Error-Type: %s\r\n",
                type);
    const zagg_status status =
        text.failed || headers.failed
            ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for an error")
            : post(r, path, headers.data, text.data, text.len, err);
    zg_str_free(&text);
    zg_str_free(&headers);
    return status;
}

zagg_status zg_runtime_fail(zg_runtime *r, const zg_invocation *i, const char *type,
                            const char *message, zagg_err *err)
{
    char path[MAX_PATH];
    (void)snprintf(path, sizeof path, BASE "invocation/%s/error", i->request_id);
    return post_error(r, path, type, message, err);
}

zagg_status zg_runtime_fail_init(zg_runtime *r, const char *type, const char *message,
                                 zagg_err *err)
{
    return post_error(r, BASE "init/error", type, message, err);
}
