/* An answer as it comes in: headers line by line, then the body into its place, never
 * more of it than was asked for. */
#include "net/http_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool flaw(zg_answer *a, zg_flaw what, const char *text)
{
    if (a->flaw == ZG_FLAW_NONE) {
        a->flaw = what;
        snprintf(a->flaw_text, sizeof a->flaw_text, "%s", text);
    }
    return false;
}

/* "HTTP/1.1 206 Partial Content": whatever came before (100 Continue) is of no interest.
 */
static void begin(zg_answer *a, const char *line, size_t len)
{
    zg_headers_free(&a->headers);
    a->header_bytes = 0;
    a->status = 0;
    size_t i = 0;
    while (i < len && line[i] != ' ')
        i++;
    while (i < len && line[i] == ' ')
        i++;
    for (size_t end = i + 3; i < end && i < len && line[i] >= '0' && line[i] <= '9'; i++)
        a->status = a->status * 10 + (line[i] - '0');
}

/* RFC 9110, 5.5: what no header may hold is taken as a blank. Values get into messages.
 */
static void blank_controls(char *line)
{
    for (; *line != '\0'; line++)
        if ((unsigned char)*line < ' ' || *line == 0x7f)
            *line = ' ';
}

bool zg_answer_line(zg_answer *a, const zg_call *call, const char *line, size_t len)
{
    while (len > 0 && (line[len - 1] == '\r' || line[len - 1] == '\n'))
        len--;
    if (a->headers_over) /* trailers */
        return true;
    if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        begin(a, line, len);
        return true;
    }
    if (len == 0) {
        if (a->status < 200)
            return true;
        a->headers_over = true;
        zg_judge_headers(call, a);
        return a->flaw == ZG_FLAW_NONE;
    }
    a->header_bytes += len;
    if (a->header_bytes > ZG_HTTP_HEADER_BYTES ||
        a->headers.lines.len >= ZG_HTTP_HEADER_LINES)
        return flaw(a, ZG_FLAW_HEADERS, "an answer with more headers than make sense");
    if (!zg_headers_add_line(&a->headers, line, len))
        return flaw(a, ZG_FLAW_NOMEM, "no memory for the headers of an answer");
    blank_controls(*ZG_VEC_AT(&a->headers.lines, char *, a->headers.lines.len - 1));
    return true;
}

/* Room for `need` bytes and a NUL; grows towards what the server announced. */
static bool reserve(zg_answer *a, size_t need)
{
    if (need < a->body_cap)
        return true;
    size_t cap = a->body_cap < 4096 ? 4096 : a->body_cap * 2;
    const char *announced = zg_headers_get(&a->headers, "Content-Length");
    if (a->body_cap == 0 && announced != NULL) {
        unsigned long long n = strtoull(announced, NULL, 10);
        if (n < a->limit)
            cap = (size_t)n + 1;
    }
    if (cap <= need)
        cap = need + 1;
    char *body = zg_realloc(a->body, cap, 1);
    if (body == NULL)
        return false;
    a->body = body;
    a->body_cap = cap;
    return true;
}

bool zg_answer_body(zg_answer *a, const void *data, size_t len)
{
    bool too_long = len > a->limit - a->len;
    if (too_long)
        len = a->limit - a->len;
    if (a->into != NULL) {
        memcpy(a->into + a->len, data, len);
    } else {
        if (!reserve(a, a->len + len))
            return flaw(a, ZG_FLAW_NOMEM, "no memory for the body of an answer");
        memcpy(a->body + a->len, data, len);
        a->body[a->len + len] = '\0';
    }
    a->len += len;
    if (!too_long)
        return true;
    if (a->status >= 300) { /* what is here tells enough */
        a->cut = true;
        return false;
    }
    char text[120];
    snprintf(text, sizeof text, "more than the %zu bytes that were %s", a->limit,
             a->into ? "asked for" : "allowed");
    return flaw(a, ZG_FLAW_LONG, text);
}

void zg_answer_free(zg_answer *a)
{
    zg_headers_free(&a->headers);
    if (a->body != NULL) /* keys of a service may have come */
        zg_secret_wipe(a->body, a->len);
    zg_free(a->body);
    memset(a, 0, sizeof *a);
}
