/* URLs: whom they name, and how they are told of. */
#include "net/http_impl.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- origins ---- */

/* errno is ENOMEM where it is no fault of the URL. */
static bool is_done(CURLUcode code)
{
    if (code == CURLUE_OUT_OF_MEMORY)
        errno = ENOMEM;
    return code == CURLUE_OK;
}

/* One part of a parsed URL into `out`; false where it is missing or too long. */
static bool copy_part(CURLU *parsed, CURLUPart part, char *out, size_t out_len)
{
    char *text = NULL;
    if (!is_done(zg_libcurl.url_get(parsed, part, &text, CURLU_DEFAULT_PORT)))
        return false;
    size_t len = strlen(text);
    bool fits = len > 0 && len < out_len;
    for (size_t i = 0; fits && i <= len; i++)
        out[i] = (char)tolower((unsigned char)text[i]);
    zg_libcurl.free(text);
    return fits;
}

static bool fill_origin(CURLU *parsed, const char *url, zg_origin *out)
{
    char scheme[8], port[8];
    if (!is_done(zg_libcurl.url_set(parsed, CURLUPART_URL, url, CURLU_DISALLOW_USER)) ||
        !copy_part(parsed, CURLUPART_SCHEME, scheme, sizeof scheme) ||
        !copy_part(parsed, CURLUPART_HOST, out->host, sizeof out->host) ||
        !copy_part(parsed, CURLUPART_PORT, port, sizeof port))
        return false;
    out->tls = strcmp(scheme, "https") == 0;
    out->port = (unsigned)strtoul(port, NULL, 10);
    return out->tls || strcmp(scheme, "http") == 0;
}

bool zg_origin_of(const char *url, zg_origin *out)
{
    if (strchr(url, ':') == NULL)
        return false;
    CURLU *parsed = zg_libcurl.url();
    errno = parsed == NULL ? ENOMEM : 0;
    bool ok = parsed != NULL && fill_origin(parsed, url, out);
    const int why = errno;
    if (parsed != NULL)
        zg_libcurl.url_cleanup(parsed);
    errno = why;
    return ok;
}

bool zg_origin_equal(const zg_origin *a, const zg_origin *b)
{
    return a->tls == b->tls && a->port == b->port && strcmp(a->host, b->host) == 0;
}

/* ---- for messages ---- */

typedef struct text_out {
    char *at;
    size_t room; /* without the NUL */
} text_out;

static void put_bytes(text_out *out, const char *text, size_t len)
{
    if (len > out->room)
        len = out->room;
    memcpy(out->at, text, len);
    out->at += len;
    out->room -= len;
    *out->at = '\0';
}

/* Servers may lead to anything: what no URL holds is percent-encoded. */
static void put(text_out *out, const char *text, size_t len)
{
    static const char DIGITS[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len && out->room > 0; i++) {
        const unsigned char c = (unsigned char)text[i];
        const char encoded[3] = {'%', DIGITS[c >> 4], DIGITS[c & 15]};
        const bool plain = c > ' ' && c < 0x7f;
        put_bytes(out, plain ? text + i : encoded, plain ? 1 : 3);
    }
}

static bool contains(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= len; i++)
        if (strncasecmp(text + i, word, n) == 0)
            return true;
    return false;
}

/* Parameters of signed URLs of AWS, CloudFront and Google, and of logins. A name that
 * only looks like one of them costs a value in a message. */
static bool may_be_secret(const char *name, size_t name_len, size_t value_len)
{
    static const char *const words[] = {"sig",    "cred",  "token",  "key",
                                        "pass",   "pwd",   "secret", "auth",
                                        "policy", "state", "code",   "sess"};
    if (value_len > 100)
        return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (contains(name, name_len, words[i]))
            return true;
    return false;
}

static void put_query(text_out *out, const char *query)
{
    while (*query != '\0' && *query != '#') {
        size_t len = strcspn(query, "&#");
        size_t name = strcspn(query, "=&#");
        size_t value = name < len ? len - name - 1 : 0;
        bool hide = value > 0 && may_be_secret(query, name, value);
        put(out, query, hide ? name + 1 : len);
        if (hide)
            put(out, "...", 3);
        query += len;
        if (*query == '&')
            put(out, query++, 1);
    }
}

void zg_url_show(const char *url, char *out, size_t out_len)
{
    text_out o = {out, out_len - 1};
    *out = '\0';
    const char *scheme_end = strstr(url, "://");
    if (scheme_end != NULL) {
        const char *host = scheme_end + 3;
        put(&o, url, (size_t)(host - url));
        size_t authority = strcspn(host, "/?#");
        for (size_t i = 0; i < authority; i++) /* behind the last '@' */
            if (host[i] == '@')
                url = host + i + 1;
        if (url < host)
            url = host;
    }
    size_t plain = strcspn(url, "?#");
    put(&o, url, plain);
    if (url[plain] == '?') {
        put(&o, "?", 1);
        put_query(&o, url + plain + 1);
    }
    if (o.room == 0 && out_len > 4)
        memcpy(out + out_len - 4, "...", 4);
}
