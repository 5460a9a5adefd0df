/* What an answer means: whether it is what was asked for, and whether asking again may
 * help. */
#include "net/http_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { DEFAULT_MAX_BODY = 1 << 20 };

/* ---- headers: RFC 9110, sections 14.4 (Content-Range) and 8.6 (Content-Length) ---- */

typedef struct content_range {
    uint64_t first, last, total;
    bool any;   /* first and last were given */
    bool whole; /* total was given */
} content_range;

/* Digits at *text, which moves behind them; false without any or beyond 64 bits. */
static bool read_number(const char **text, uint64_t *out)
{
    const char *p = *text;
    uint64_t n = 0;
    for (; *p >= '0' && *p <= '9'; p++)
        if (!zg_mul_u64(n, 10, &n) || !zg_add_u64(n, (uint64_t)(*p - '0'), &n))
            return false;
    if (p == *text)
        return false;
    *text = p;
    *out = n;
    return true;
}

static bool read_content_range(const char *text, content_range *out)
{
    memset(out, 0, sizeof *out);
    if (text == NULL || strncasecmp(text, "bytes ", 6) != 0)
        return false;
    text += 6 + strspn(text + 6, " ");
    if (*text == '*') {
        text++;
    } else {
        out->any = true;
        if (!read_number(&text, &out->first) || *text++ != '-' ||
            !read_number(&text, &out->last) || out->last < out->first)
            return false;
    }
    if (*text++ != '/')
        return false;
    if (*text == '*') {
        text++;
    } else {
        out->whole = true;
        if (!read_number(&text, &out->total) || (out->any && out->last >= out->total))
            return false;
    }
    return text[strspn(text, " \t")] == '\0';
}

static bool content_length(const zg_answer *a, uint64_t *out)
{
    const char *text = zg_headers_get(&a->headers, "Content-Length");
    return text != NULL && read_number(&text, out) && *text == '\0';
}

/* ---- answers to a range ---- */

static void flaw(zg_answer *a, zg_flaw what, const char *text)
{
    a->flaw = what;
    snprintf(a->flaw_text, sizeof a->flaw_text, "%s", text);
}

/* 206: the bytes that were asked for, or those up to the end of the object. */
static void judge_part(const zg_call *call, zg_answer *a)
{
    const char *text = zg_headers_get(&a->headers, "Content-Range");
    uint64_t last = call->range_offset + call->range_len - 1;
    content_range r;
    char why[160];
    if (!read_content_range(text, &r) || !r.any) {
        snprintf(why, sizeof why, "a part without a usable Content-Range (%.60s)",
                 text ? text : "none");
        flaw(a, ZG_FLAW_RANGE, why);
        return;
    }
    bool ends = r.whole && r.last + 1 == r.total && r.last < last;
    if (r.first != call->range_offset || (r.last != last && !ends)) {
        snprintf(why, sizeof why,
                 "bytes %" PRIu64 "-%" PRIu64 " came where %" PRIu64 "-%" PRIu64
                 " were asked for",
                 r.first, r.last, call->range_offset, last);
        flaw(a, ZG_FLAW_RANGE, why);
        return;
    }
    if (ends && !call->range_may_end) {
        snprintf(why, sizeof why,
                 "the object ends after %" PRIu64 " bytes, inside of bytes %" PRIu64
                 "-%" PRIu64 " that were asked for",
                 r.total, call->range_offset, last);
        flaw(a, ZG_FLAW_RANGE, why);
        return;
    }
    a->total_len = r.total;
    a->into = call->into;
    a->limit = (size_t)(r.last - r.first + 1);
    a->exact = true;
}

/* 200: all of an object, which is right only where it is no longer than the range. */
static void judge_whole(const zg_call *call, zg_answer *a)
{
    const char *type = zg_headers_get(&a->headers, "Content-Type");
    uint64_t len = 0;
    bool known = content_length(a, &len);
    if (type != NULL && strncasecmp(type, "text/html", 9) == 0)
        flaw(a, ZG_FLAW_LOGIN, "the server sent a page of HTML");
    else if (!call->range_may_end || call->range_offset != 0 ||
             (known && len > call->range_len))
        flaw(a, ZG_FLAW_RANGE,
             "the server sent the whole object where a range was asked for; it cannot "
             "serve ranges");
    else if (!known && zg_headers_get(&a->headers, "Transfer-Encoding") == NULL)
        flaw(a, ZG_FLAW_RANGE, "the server did not say how long the object is");
    a->into = call->into;
    a->limit = call->range_len;
}

static void judge_body(const zg_call *call, zg_answer *a)
{
    uint64_t len = 0;
    char why[120];
    a->limit = call->max_body ? call->max_body : DEFAULT_MAX_BODY;
    if (!content_length(a, &len) || len <= a->limit)
        return;
    snprintf(why, sizeof why, "a body of %" PRIu64 " bytes, more than the %zu allowed",
             len, a->limit);
    flaw(a, ZG_FLAW_LONG, why);
}

void zg_judge_headers(const zg_call *call, zg_answer *a)
{
    bool head = strcmp(call->method, "HEAD") == 0;
    content_range r;
    char why[80];
    a->limit = ZG_HTTP_ERROR_BYTES;
    if (a->status == 416 &&
        read_content_range(zg_headers_get(&a->headers, "Content-Range"), &r))
        a->total_len = r.total;
    if (a->status >= 300 || head)
        return;
    if (!call->ranged) {
        judge_body(call, a);
    } else if (a->status == 206) {
        judge_part(call, a);
    } else if (a->status == 200) {
        judge_whole(call, a);
    } else {
        snprintf(why, sizeof why, "HTTP %ld where a range was asked for", a->status);
        flaw(a, ZG_FLAW_RANGE, why);
    }
}

/* ---- the whole answer ---- */

static zg_verdict judge_flaw(const zg_transfer *t, const char *url, zagg_err *err)
{
    const zg_answer *a = &t->answer;
    const char *method = t->call->method;
    if (a->flaw == ZG_FLAW_NOMEM) {
        zagg_err_set(err, ZAGG_ENOMEM, "%s %s: %s", method, url, a->flaw_text);
        return ZG_VERDICT_FAILED;
    }
    if (a->flaw == ZG_FLAW_LOGIN) {
        zagg_err_set(err, ZAGG_EAUTH, "%s %s: a login page instead of the data: %s",
                     method, url, a->flaw_text);
        return ZG_VERDICT_REFUSED;
    }
    zagg_err_set(err, ZAGG_EHTTP, "%s %s: %s", method, url, a->flaw_text);
    return ZG_VERDICT_FAILED;
}

/* A server that sends those without a good token to a page where people log in. */
static bool leads_to_login(const char *location)
{
    const char *at = strstr(location, "/oauth/authorize");
    return at != NULL && at < location + strcspn(location, "?#");
}

static zg_verdict judge_moved(const zg_transfer *t, const char *url, zagg_err *err)
{
    char to[ZG_HTTP_SHOWN_BYTES];
    zg_url_show(t->location, to, sizeof to);
    if (leads_to_login(t->location)) {
        zagg_err_set(err, ZAGG_EAUTH,
                     "%s %s: a login page instead of the data: the server leads to %s; "
                     "the token is missing, wrong or expired",
                     t->call->method, url, to);
        return ZG_VERDICT_REFUSED;
    }
    if (t->origin.tls && strncasecmp(t->location, "https://", 8) != 0) {
        zagg_err_set(err, ZAGG_EHTTP,
                     "%s %s: the server leads from https to %s, which is not followed",
                     t->call->method, url, to);
        return ZG_VERDICT_FAILED;
    }
    return ZG_VERDICT_MOVED;
}

/* What to do about an answer that is an error, and its status. */
static zg_verdict sort_error(const zg_transfer *t, const char *code, zagg_status *status)
{
    *status = ZAGG_EHTTP;
    switch (t->answer.status) {
    case 400: /* S3 stopped to wait for the body: the same as 408 */
        return strcmp(code, "RequestTimeout") == 0 ? ZG_VERDICT_AGAIN
                                                   : ZG_VERDICT_REFUSED;
    case 301: /* S3, for a bucket of another region */
        return ZG_VERDICT_REFUSED;
    case 401:
    case 403:
        *status = ZAGG_EAUTH;
        return ZG_VERDICT_REFUSED;
    case 404:
        *status = ZAGG_ENOTFOUND;
        return ZG_VERDICT_FAILED;
    case 412:
        *status = ZAGG_EEXISTS;
        return ZG_VERDICT_FAILED;
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
        return ZG_VERDICT_AGAIN;
    default:
        return ZG_VERDICT_FAILED;
    }
}

static zg_verdict judge_error(const zg_transfer *t, const zg_http_env *env,
                              const char *url, char code[64], zagg_err *err)
{
    const zg_answer *a = &t->answer;
    char text[400], through[340] = "";
    zg_http_explain(a->body, a->len, code, text, sizeof text);
    zg_mask_headers(text, t->headers);
    zagg_status status;
    zg_verdict verdict = sort_error(t, code, &status);
    if (a->status == 407 || (t->by_proxy && !t->origin.tls && a->status >= 502))
        snprintf(through, sizeof through, " (through the proxy %s)", env->http.shown);
    bool named = code[0] != '\0' && strncmp(text, code, strlen(code)) != 0;
    zagg_err_set(err, status, "%s %s: HTTP %ld%s%s%s%s%s", t->call->method, url,
                 a->status, through, named ? " " : "", named ? code : "",
                 text[0] ? ": " : "", text);
    return verdict;
}

zg_verdict zg_judge(const zg_transfer *t, const zg_http_opts *opts,
                    const zg_http_env *env, char code[64], zagg_err *err)
{
    const zg_answer *a = &t->answer;
    char url[ZG_HTTP_SHOWN_BYTES];
    zg_url_show(t->url, url, sizeof url);
    code[0] = '\0';
    if (a->flaw != ZG_FLAW_NONE)
        return judge_flaw(t, url, err);
    /* A server may refuse a body, and close, before all of it is sent. */
    if (t->result != CURLE_OK && !(a->headers_over && a->status >= 300))
        return zg_judge_transport(t, opts, env, err);
    if (a->status < 300) {
        if (!a->exact || a->len == a->limit)
            return ZG_VERDICT_OK;
        zagg_err_set(err, ZAGG_EIO, "%s %s: %zu bytes came of the %zu announced",
                     t->call->method, url, a->len, a->limit);
        return ZG_VERDICT_AGAIN;
    }
    if (t->location != NULL)
        return judge_moved(t, url, err);
    if (a->status == 404 && t->call->quiet_404)
        return ZG_VERDICT_OK;
    zg_verdict verdict = judge_error(t, env, url, code, err);
    bool answer = t->call->no_redirects && a->status < 400;
    return answer && verdict == ZG_VERDICT_FAILED ? ZG_VERDICT_OK : verdict;
}
