/* One page from a server: asked for, and asked for again where what came is no JSON
 * object. Gateways in front of searches answer 200 with a page of HTML now and then. */
#include "cat/fetch_http.h"

#include "cat/text_source.h"

#include <string.h>
#include <time.h>

enum { ATTEMPTS = 4 };
#define REQUEST_S 60.0

zagg_status zg_fetch_http_new(const zagg_search_opts *opts, zg_http **out, zagg_err *err)
{
    const zg_http_opts http = {.max_connections = 1,
                               .stall_s = REQUEST_S,
                               .attempts = ATTEMPTS,
                               .backoff_s = opts->backoff_s > 0 ? opts->backoff_s : 2.0,
                               .stop = opts->stop,
                               .log = opts->log};
    return zg_http_new(&http, out, err);
}

static zagg_status wait_for(const zagg_search_opts *opts, double seconds, zagg_err *err)
{
    const double until = zg_clock_mono_s() + seconds;
    for (;;) {
        const double left = until - zg_clock_mono_s();
        const double piece = left < 0.1 ? left : 0.1;
        if (zg_is_stopped(opts->stop))
            return zagg_err_set(err, ZAGG_ECANCELLED, "stopped");
        if (left <= 0.0)
            return ZAGG_OK;
        const struct timespec t = {(time_t)piece,
                                   (long)((piece - (double)(time_t)piece) * 1e9)};
        (void)nanosleep(&t, NULL);
    }
}

/* ---- what came ---- */

/* The body as text: unpacked where it came packed. */
static zagg_status unpack(const zg_call *call, const char *url, size_t max_bytes,
                          zg_fetch_answer *out, zagg_err *err)
{
    zagg_source *source = NULL;
    zg_text_source *text = NULL;
    zg_vec bytes;
    zg_vec_init(&bytes, 1, 0);
    ZAGG_TRY(zagg_source_open_mem(call->out_body != NULL ? call->out_body : "",
                                  call->out_len, &source, err));
    ZAGG_TRY(zg_text_source_new(source, &text, err));
    zagg_status status = zg_text_source_read_all(text, url, max_bytes, &bytes, err);
    zg_text_source_free(text);
    if (status != ZAGG_OK) {
        zg_vec_free(&bytes);
        return status;
    }
    out->text = bytes.data;
    out->len = bytes.len;
    return ZAGG_OK;
}

static bool holds_json(const char *type)
{
    char lower[128];
    size_t n = 0;
    for (; type[n] != '\0' && n + 1 < sizeof lower; n++)
        lower[n] = (char)(type[n] >= 'A' && type[n] <= 'Z' ? type[n] | 0x20 : type[n]);
    lower[n] = '\0';
    return strstr(lower, "json") != NULL;
}

/* Why the answer is no page; FORMAT, or OK where it is one. */
static zagg_status judge(const zg_call *call, const zg_fetch_answer *answer,
                         zagg_err *err)
{
    const char *type = zg_headers_get(&call->out_headers, "Content-Type");
    zg_scan s = {.text = answer->text, .len = answer->len, .err = err};
    if (type != NULL && type[0] != '\0' && !holds_json(type))
        return zagg_err_set(err, ZAGG_EFORMAT, "content-type '%.60s' is not JSON", type);
    if (zg_scan_peek(&s) != '{')
        return zagg_err_set(err, ZAGG_EFORMAT, "no JSON object");
    ZAGG_TRY(zg_scan_skip(&s));
    if (zg_scan_peek(&s) != '\0' || s.at != s.len)
        return zagg_err_set(err, ZAGG_EFORMAT, "text behind the JSON object");
    return ZAGG_OK;
}

/* The first bytes of what came, on one line. */
static void add_head(zg_str *out, const zg_fetch_answer *answer)
{
    enum { SHOWN = 200 };
    const size_t n =
        zg_utf8_floor(answer->text, answer->len < SHOWN ? answer->len : SHOWN);
    for (size_t i = 0; i < n; i++) {
        const unsigned char c = (unsigned char)answer->text[i];
        zg_str_addc(out, c < 0x20 || c == 0x7f ? ' ' : answer->text[i]);
    }
}

static zagg_status give_up(const zg_call *call, const zg_fetch_answer *answer,
                           const zagg_err *why, zagg_err *err)
{
    zg_str head;
    zg_str_init(&head, 0);
    add_head(&head, answer);
    const zagg_status status =
        zagg_err_set(err, ZAGG_EHTTP,
                     "no page of items after %d attempts (%.200s): status %ld, '%.300s'",
                     ATTEMPTS, why->msg, call->http_status, head.data);
    zg_str_free(&head);
    return status;
}

/* ---- asking ---- */

static void make_call(const zg_fetch_request *r, size_t max_bytes, zg_call *call)
{
    *call = (zg_call){.method = r->post ? "POST" : "GET",
                      .url = r->url,
                      .body = r->body,
                      .body_len = r->body != NULL ? strlen(r->body) : 0,
                      .max_body = max_bytes};
    zg_headers_add(&call->headers, "Accept", "*/*");
    zg_headers_add(&call->headers, "Accept-Encoding", "gzip");
    if (r->post)
        zg_headers_add(&call->headers, "Content-Type", "application/json");
    if (r->search_after != NULL)
        zg_headers_add(&call->headers, "CMR-Search-After", r->search_after);
}

/* A server that is not reached is no disk of this machine that fails: whoever searches
 * is to tell them apart. */
static zagg_status send_call(zg_http *http, zg_call *call, zagg_err *err)
{
    const zagg_status status = zg_http_send(http, call, 1, err);
    if (status != ZAGG_EIO)
        return status;
    if (err != NULL)
        err->status = ZAGG_EHTTP;
    return ZAGG_EHTTP;
}

/* One exchange; nothing in *out, and *why, where another attempt may help. */
static zagg_status ask_once(zg_http *http, const zg_fetch_request *r, size_t max_bytes,
                            bool last, zg_fetch_answer *out, zagg_err *why, zagg_err *err)
{
    zg_call call;
    zg_fetch_answer answer = {.text = NULL};
    make_call(r, max_bytes, &call);
    zagg_status status = send_call(http, &call, err);
    if (status == ZAGG_OK)
        status = unpack(&call, r->url, max_bytes, &answer, err);
    if (status == ZAGG_OK && judge(&call, &answer, why) != ZAGG_OK) {
        if (last)
            status = give_up(&call, &answer, why, err);
        zg_fetch_answer_free(&answer);
    } else if (status == ZAGG_OK) {
        answer.headers = call.out_headers;
        call.out_headers = (zg_headers){.failed = false};
        *out = answer;
    }
    zg_call_free(&call);
    return status;
}

zagg_status zg_fetch_ask(zg_http *http, const zagg_search_opts *opts,
                         const zg_fetch_request *request, zg_fetch_answer *out,
                         zagg_err *err)
{
    const size_t max_bytes =
        opts->max_page_bytes > 0 ? opts->max_page_bytes : ZG_FETCH_PAGE_BYTES;
    double wait_s = opts->backoff_s > 0 ? opts->backoff_s : 2.0;
    for (int attempt = 1;; attempt++, wait_s *= 2) {
        zagg_err why = ZAGG_ERR_INIT;
        zg_fetch_answer answer = {.text = NULL};
        ZAGG_TRY(
            ask_once(http, request, max_bytes, attempt == ATTEMPTS, &answer, &why, err));
        if (answer.text != NULL) {
            *out = answer;
            return ZAGG_OK;
        }
        zagg_log_write(opts->log, ZAGG_LOG_WARN,
                       "%s: %s; asked for again in %.0f s (attempt %d of %d)",
                       request->url, why.msg, wait_s, attempt, ATTEMPTS);
        ZAGG_TRY(wait_for(opts, wait_s, err));
    }
}

void zg_fetch_answer_free(zg_fetch_answer *a)
{
    zg_free(a->text);
    zg_headers_free(&a->headers);
    *a = (zg_fetch_answer){.text = NULL};
}
