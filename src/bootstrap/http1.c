#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* struct iovec, strncasecmp */
#endif
#include "bootstrap/http1.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Lambda's own bound of an event is 6,291,556 bytes. */
enum { MAX_BODY = 64 << 20, MAX_HEAD = 64 << 10, READ_BYTES = 64 << 10 };

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the Runtime API");
}

/* ---- the address ---- */

zagg_status zg_http1_init(zg_http1 *c, const char *address, zagg_err *err)
{
    const size_t len = strcspn(address, "/");
    size_t host = len;
    *c = (zg_http1){.fd = -1};
    for (size_t i = 0; i < len; i++)
        if (address[i] == ':')
            host = i;
    if (host == 0)
        return zagg_err_set(err, ZAGG_ECONFIG, "AWS_LAMBDA_RUNTIME_API: no host in it");
    c->host = zg_strndup(address, host);
    c->port =
        host < len ? zg_strndup(address + host + 1, len - host - 1) : zg_strdup("80");
    c->prefix = zg_strdup(address + len);
    if (c->host && c->port && c->prefix)
        return ZAGG_OK;
    zg_http1_free(c);
    return no_memory(err);
}

/* Room for `cap` bytes, where `used` are in use. As realloc, but the old block is left
 * without a byte of an event. */
static char *grow(char *old, size_t used, size_t cap)
{
    char *larger = zg_alloc(cap, 1);
    if (!larger)
        return NULL;
    if (used > 0) {
        memcpy(larger, old, used);
        zg_secret_wipe(old, used);
    }
    zg_free(old);
    return larger;
}

static void wipe(zg_http1 *c)
{
    if (c->touched > 0)
        zg_secret_wipe(c->buf, c->touched);
    c->at = c->len = c->touched = 0;
}

void zg_http1_answer_free(zg_http1_answer *answer)
{
    if (answer->body)
        zg_secret_wipe(answer->body, answer->body_len);
    zg_free(answer->body);
    *answer = (zg_http1_answer){0};
}

static void hang_up(zg_http1 *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->at = c->len = 0;
}

void zg_http1_free(zg_http1 *c)
{
    hang_up(c);
    wipe(c);
    zg_free(c->host);
    zg_free(c->port);
    zg_free(c->prefix);
    zg_free(c->buf);
    *c = (zg_http1){.fd = -1};
}

/* ---- bytes ---- */

static int connect_to(const struct addrinfo *a)
{
    const int one = 1;
    const int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
        const int failure = errno;
        close(fd);
        errno = failure;
        return -1;
    }
    /* Answers follow at once what was asked: nothing to be gained by waiting for more. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static zagg_status dial(zg_http1 *c, zagg_err *err)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    const int failed = getaddrinfo(c->host, c->port, &hints, &list);
    if (failed != 0)
        return zagg_err_set(err, ZAGG_EIO, "%s:%s: %s", c->host, c->port,
                            gai_strerror(failed));
    for (const struct addrinfo *a = list; a && c->fd < 0; a = a->ai_next)
        c->fd = connect_to(a);
    const int failure = errno;
    freeaddrinfo(list);
    return c->fd >= 0
               ? ZAGG_OK
               : zagg_err_set_errno(err, ZAGG_EIO, failure, "%s:%s", c->host, c->port);
}

static zagg_status send_all(zg_http1 *c, const zg_str *head, const void *body,
                            size_t body_len, zagg_err *err)
{
    size_t sent = 0;
    while (sent < head->len + body_len) {
        struct iovec parts[2];
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 0};
        if (sent < head->len)
            parts[message.msg_iovlen++] =
                (struct iovec){head->data + sent, head->len - sent};
        const size_t from = sent > head->len ? sent - head->len : 0;
        if (from < body_len) {
            union { /* sendmsg writes nothing into it */
                const void *given;
                char *bytes;
            } data = {.given = body};
            parts[message.msg_iovlen++] =
                (struct iovec){data.bytes + from, body_len - from};
        }
        const ssize_t n = sendmsg(c->fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot send to %s:%s",
                                      c->host, c->port);
        sent += n > 0 ? (size_t)n : 0;
    }
    return ZAGG_OK;
}

/* At least one more byte. */
static zagg_status receive(zg_http1 *c, zagg_err *err)
{
    if (c->at > 0 && c->at == c->len)
        c->at = c->len = 0;
    if (c->cap - c->len < READ_BYTES) {
        char *larger = grow(c->buf, c->touched, c->cap + 2 * (size_t)READ_BYTES);
        if (!larger)
            return no_memory(err);
        c->buf = larger;
        c->cap += 2 * (size_t)READ_BYTES;
    }
    ssize_t n;
    do
        n = recv(c->fd, c->buf + c->len, c->cap - c->len, 0);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot read from %s:%s", c->host,
                                  c->port);
    if (n == 0)
        return zagg_err_set(err, ZAGG_EIO, "%s:%s closed the connection", c->host,
                            c->port);
    c->len += (size_t)n;
    c->touched = c->len > c->touched ? c->len : c->touched;
    return ZAGG_OK;
}

/* The next line, without its end; good until the next call that receives. */
static zagg_status line(zg_http1 *c, const char **out, zagg_err *err)
{
    for (;;) {
        for (size_t i = c->at; i + 1 < c->len; i++) {
            if (c->buf[i] != '\r' || c->buf[i + 1] != '\n')
                continue;
            c->buf[i] = '\0';
            *out = c->buf + c->at;
            c->at = i + 2;
            return ZAGG_OK;
        }
        if (c->len - c->at > MAX_HEAD)
            return zagg_err_set(err, ZAGG_ERANGE, "%s:%s: a header without end", c->host,
                                c->port);
        ZAGG_TRY(receive(c, err));
    }
}

/* ---- answers ---- */

typedef struct head {
    int status;
    bool has_length, chunked, close;
    size_t length;
} head;

static bool parse_size(const char *text, int base, size_t *out)
{
    char *end = NULL;
    errno = 0;
    const unsigned long long n = strtoull(text, &end, base);
    if (end == text || errno != 0 || n > MAX_BODY)
        return false;
    *out = (size_t)n;
    return true;
}

static zagg_status take_header(const char *text, zg_http1_header *wanted, size_t n,
                               head *h, zagg_err *err)
{
    const size_t len = strcspn(text, ":");
    const char *value = text + len + (text[len] == ':');
    value += strspn(value, " \t");
    for (size_t i = 0; i < n; i++)
        if (strlen(wanted[i].name) == len && strncasecmp(wanted[i].name, text, len) == 0)
            (void)snprintf(wanted[i].value, sizeof wanted[i].value, "%s", value);
    if (strncasecmp(text, "Content-Length:", 15) == 0) {
        if (!parse_size(value, 10, &h->length))
            return zagg_err_set(err, ZAGG_ERANGE, "Content-Length: %s", value);
        h->has_length = true;
    } else if (strncasecmp(text, "Transfer-Encoding:", 18) == 0) {
        h->chunked = strncasecmp(value, "chunked", 7) == 0;
    } else if (strncasecmp(text, "Connection:", 11) == 0) {
        h->close = strncasecmp(value, "close", 5) == 0;
    }
    return ZAGG_OK;
}

static zagg_status read_head(zg_http1 *c, zg_http1_header *wanted, size_t n, head *h,
                             zagg_err *err)
{
    const char *text = NULL;
    *h = (head){0};
    for (size_t i = 0; i < n; i++)
        wanted[i].value[0] = '\0';
    ZAGG_TRY(line(c, &text, err));
    if (sscanf(text, "HTTP/1.%*d %d", &h->status) != 1)
        return zagg_err_set(err, ZAGG_EFORMAT, "%s:%s: '%.60s' is no answer", c->host,
                            c->port, text);
    for (size_t bytes = 0;;) {
        ZAGG_TRY(line(c, &text, err));
        if (text[0] == '\0')
            return ZAGG_OK;
        bytes += strlen(text);
        if (bytes > MAX_HEAD)
            return zagg_err_set(err, ZAGG_ERANGE, "%s:%s: too many headers", c->host,
                                c->port);
        ZAGG_TRY(take_header(text, wanted, n, h, err));
    }
}

/* Room for `n` bytes behind those that `out` holds, and for a NUL. */
static zagg_status make_room(zg_http1_answer *out, size_t n, zagg_err *err)
{
    if (n > MAX_BODY || out->body_len > MAX_BODY - n)
        return zagg_err_set(err, ZAGG_ERANGE, "an event of more than %d bytes", MAX_BODY);
    const size_t need = out->body_len + n + 1;
    if (need <= out->body_cap)
        return ZAGG_OK;
    const size_t cap = need < 2 * out->body_cap ? 2 * out->body_cap : need;
    char *larger = grow(out->body, out->body_len, cap);
    if (!larger)
        return no_memory(err);
    out->body = larger;
    out->body_cap = cap;
    return ZAGG_OK;
}

static zagg_status take_bytes(zg_http1 *c, size_t n, zg_http1_answer *out, zagg_err *err)
{
    ZAGG_TRY(make_room(out, n, err));
    while (n > 0) {
        if (c->at == c->len)
            ZAGG_TRY(receive(c, err));
        const size_t have = c->len - c->at < n ? c->len - c->at : n;
        memcpy(out->body + out->body_len, c->buf + c->at, have);
        out->body_len += have;
        c->at += have;
        n -= have;
    }
    out->body[out->body_len] = '\0';
    return ZAGG_OK;
}

static zagg_status take_chunks(zg_http1 *c, zg_http1_answer *out, zagg_err *err)
{
    const char *text = NULL;
    size_t n = 0;
    for (;;) {
        ZAGG_TRY(line(c, &text, err));
        if (!parse_size(text, 16, &n))
            return zagg_err_set(err, ZAGG_EFORMAT, "'%.20s' is no chunk", text);
        if (n == 0)
            break;
        ZAGG_TRY(take_bytes(c, n, out, err));
        ZAGG_TRY(line(c, &text, err));
    }
    do
        ZAGG_TRY(line(c, &text, err));
    while (text[0] != '\0');
    return ZAGG_OK;
}

static zagg_status read_answer(zg_http1 *c, zg_http1_header *wanted, size_t n,
                               zg_http1_answer *out, zagg_err *err)
{
    head h;
    do
        ZAGG_TRY(read_head(c, wanted, n, &h, err));
    while (h.status / 100 == 1);
    out->status = h.status;
    zagg_status status = h.chunked ? take_chunks(c, out, err)
                                   : take_bytes(c, h.has_length ? h.length : 0, out, err);
    if (status == ZAGG_OK && !out->body)
        status = take_bytes(c, 0, out, err);
    if (h.close || (!h.chunked && !h.has_length))
        hang_up(c);
    return status;
}

/* ---- requests ---- */

static zagg_status exchange(zg_http1 *c, const zg_str *text, const zg_http1_request *r,
                            zg_http1_header *headers, size_t n, zg_http1_answer *out,
                            bool *began, zagg_err *err)
{
    *began = false;
    ZAGG_TRY(send_all(c, text, r->body, r->body_len, err));
    c->at = c->len = 0;
    ZAGG_TRY(receive(c, err));
    *began = true;
    return read_answer(c, headers, n, out, err);
}

zagg_status zg_http1_send(zg_http1 *c, const zg_http1_request *request,
                          zg_http1_header *headers, size_t n_headers,
                          zg_http1_answer *out, zagg_err *err)
{
    zg_str text;
    bool began = false;
    const bool kept = c->fd >= 0;
    *out = (zg_http1_answer){0};
    zg_str_init(&text, 0);
    zg_str_addf(&text, "%s %s%s HTTP/1.1\r\nHost: %s:%s\r\nUser-Agent: zagg/%s\r\n%s",
                request->method, c->prefix, request->path, c->host, c->port, ZAGG_VERSION,
                request->headers ? request->headers : "");
    zg_str_addf(&text, "Content-Length: %zu\r\n\r\n", request->body_len);
    zagg_status status = text.failed ? no_memory(err) : ZAGG_OK;
    if (status == ZAGG_OK && !kept)
        status = dial(c, err);
    if (status == ZAGG_OK)
        status = exchange(c, &text, request, headers, n_headers, out, &began, err);
    if (status == ZAGG_EIO && kept && !began) { /* it was closed while nobody looked */
        hang_up(c);
        status = dial(c, err);
        if (status == ZAGG_OK)
            status = exchange(c, &text, request, headers, n_headers, out, &began, err);
    }
    zg_str_free(&text);
    wipe(c);
    if (status != ZAGG_OK) {
        zg_http1_answer_free(out);
        hang_up(c);
    }
    return status;
}
