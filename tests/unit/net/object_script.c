#include "object_script.h"

#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ANSWERS = 4096, HEADER_BYTES = 600 };

unsigned char object_byte(int salt, size_t at)
{
    return (unsigned char)((at * 2654435761u >> 13) + (size_t)salt * 77);
}

void object_check(const object_script *o, uint64_t offset, const void *bytes, size_t len)
{
    const unsigned char *b = bytes;
    for (size_t i = 0; i < len; i++)
        if (b[i] != object_byte(o->salt, (size_t)offset + i))
            fail_msg("another byte at %llu", (unsigned long long)(offset + i));
}

/* Texts of answers live until the process ends: the server sends them later. */
static char *header_room(size_t nth)
{
    static char room[MOST_ANSWERS][HEADER_BYTES];
    return room[nth % MOST_ANSWERS];
}

static const char *object_bytes(int salt, size_t len)
{
    static struct {
        int salt;
        size_t len;
        char *bytes;
    } made[8];
    for (size_t i = 0; i < 8; i++) {
        if (made[i].bytes && made[i].salt == salt && made[i].len >= len)
            return made[i].bytes;
        if (made[i].bytes)
            continue;
        made[i].bytes = malloc(len + 1);
        for (size_t k = 0; made[i].bytes && k < len; k++)
            made[i].bytes[k] = (char)object_byte(salt, k);
        made[i].salt = salt;
        made[i].len = len;
        return made[i].bytes;
    }
    return NULL;
}

static http_reply send_away(object_script *o, size_t nth, const http_request *request)
{
    char *headers = header_room(nth);
    const size_t plain = strcspn(request->target, "?");
    o->redirected++;
    (void)snprintf(headers, HEADER_BYTES, "Location: %s\r\n",
                   o->to_login ? "/oauth/authorize?client_id=x" : "");
    if (!o->to_login)
        (void)snprintf(headers, HEADER_BYTES, "Location: %s%.*s?signed=%d%s\r\n",
                       http_script_url(o->server, ""), (int)plain, request->target,
                       (int)o->redirected, o->signed_query ? o->signed_query : "");
    return (http_reply){.status = 303, .headers = headers};
}

static http_reply part(object_script *o, size_t nth, const http_request *request,
                       const char *etag, size_t len, int salt)
{
    char *headers = header_room(nth);
    unsigned long long first = 0, last = 0;
    const char *range = http_request_header(request, "Range");
    if (!range || sscanf(range, "bytes=%llu-%llu", &first, &last) != 2 || first >= len) {
        (void)snprintf(headers, HEADER_BYTES, "Content-Range: bytes */%zu\r\n", len);
        return (http_reply){.status = 416, .headers = headers};
    }
    last = last >= len ? len - 1 : last;
    int n = snprintf(headers, HEADER_BYTES, "Content-Range: bytes %llu-%llu/%zu\r\n",
                     first, last, len);
    if (etag)
        n += snprintf(headers + n, HEADER_BYTES - (size_t)n, "ETag: %s\r\n", etag);
    if (o->modified)
        (void)snprintf(headers + n, HEADER_BYTES - (size_t)n, "Last-Modified: %s\r\n",
                       o->modified);
    return (http_reply){.status = 206,
                        .headers = headers,
                        .body = object_bytes(salt, len) + first,
                        .body_len = (size_t)(last - first + 1)};
}

static http_reply answer(void *user, size_t nth, const http_request *request)
{
    object_script *o = user;
    const bool later = o->changes_at && nth + 1 >= o->changes_at;
    const char *etag = later ? o->etag_after : o->etag;
    const char *wanted = http_request_header(request, "If-Match");
    if (nth > 0 && o->gather && !http_script_wait(o->server, o->gather))
        return (http_reply){.status = 500}; /* they do not come side by side */
    if (o->redirects && !strstr(request->target, "?signed="))
        return send_away(o, nth, request);
    if (http_request_header(request, "Authorization"))
        o->authorized++;
    if (o->refuse > 0) {
        o->refuse--;
        return (http_reply){.status = 403,
                            .body = "<Error><Code>AccessDenied</Code>"
                                    "<Message>no</Message></Error>"};
    }
    if (o->if_match && wanted && etag && strcmp(wanted, etag) != 0)
        return (http_reply){.status = 412};
    return part(o, nth, request, etag, later ? o->len_after : o->len,
                o->salt + (later ? 1 : 0));
}

void object_start(object_script *o)
{
    (void)object_bytes(o->salt, o->len); /* not by threads of the server */
    if (o->changes_at)
        (void)object_bytes(o->salt + 1, o->len_after);
    o->server = http_script_start_with(answer, o);
}
