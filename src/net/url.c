/* URLs: their parts, percent-encoding, and the s3:// form. */
#include "net/sign.h"

#include <string.h>

/* ---- encoding (RFC 3986, 2.1 and 2.3) ---- */

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static void encode_octet(zg_str *out, unsigned char c)
{
    static const char hex[] = "0123456789ABCDEF";
    if (is_alnum((char)c) || (c != '\0' && strchr("-._~", c) != NULL)) {
        zg_str_addc(out, (char)c);
        return;
    }
    const char text[3] = {'%', hex[c >> 4], hex[c & 15]};
    zg_str_addn(out, text, sizeof text);
}

void zg_url_encode(zg_str *out, const char *text, bool keep_slash)
{
    for (; *text != '\0'; text++)
        if (*text == '/' && keep_slash)
            zg_str_addc(out, '/');
        else
            encode_octet(out, (unsigned char)*text);
}

int zg_url_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void zg_url_reencode(zg_str *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        const int high =
            text[i] == '%' && i + 2 < len ? zg_url_hex_digit(text[i + 1]) : -1;
        const int low = high >= 0 ? zg_url_hex_digit(text[i + 2]) : -1;
        if (low >= 0) {
            encode_octet(out, (unsigned char)(high << 4 | low));
            i += 2;
        } else {
            encode_octet(out, (unsigned char)text[i]);
        }
    }
}

/* ---- parts ---- */

static size_t scheme_len(const char *url)
{
    size_t n = 0;
    if (!is_alnum(url[0]) || (url[0] >= '0' && url[0] <= '9'))
        return 0;
    while (is_alnum(url[n]) || (url[n] != '\0' && strchr("+-.", url[n]) != NULL))
        n++;
    return strncmp(url + n, "://", 3) == 0 ? n : 0;
}

/* The port behind a host: nothing, or ':' and up to five digits. */
static bool port_is_valid(const char *port, size_t len)
{
    if (len == 0)
        return true;
    for (size_t i = 1; i < len; i++)
        if (port[i] < '0' || port[i] > '9')
            return false;
    return port[0] == ':' && len <= 6;
}

/* Name or address with an optional port; no user part ('@'). */
static bool host_is_valid(const char *host, size_t len)
{
    size_t n = 0;
    if (len > 0 && host[0] == '[') {
        for (n = 1; n < len && (is_alnum(host[n]) || host[n] == ':' || host[n] == '.');)
            n++;
        if (n < 3 || n == len || host[n++] != ']')
            return false;
    } else {
        while (n < len && (is_alnum(host[n]) || strchr("-._~", host[n]) != NULL))
            n++;
        if (n == 0)
            return false;
    }
    return port_is_valid(host + n, len - n);
}

bool zg_url_split(const char *url, zg_url_parts *out)
{
    zg_url_parts parts = {.scheme = url, .scheme_len = scheme_len(url)};
    if (parts.scheme_len == 0)
        return false;
    parts.host = url + parts.scheme_len + 3;
    parts.host_len = strcspn(parts.host, "/?#");
    if (!host_is_valid(parts.host, parts.host_len))
        return false;
    for (const char *p = parts.host; *p != '\0'; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return false;
    parts.path = parts.host + parts.host_len;
    parts.path_len = strcspn(parts.path, "?#");
    parts.query = parts.path + parts.path_len;
    if (*parts.query == '?')
        parts.query++;
    parts.query_len = strcspn(parts.query, "#");
    *out = parts;
    return true;
}

/* ---- s3://bucket/key ---- */

enum { MOST_BUCKET = 255, LEAST_BUCKET = 3, MOST_KEY = 1024 };

/* What S3 takes today, and what buckets made before 2018 may have. */
static bool bucket_is_valid(const char *name, size_t len)
{
    if (len < LEAST_BUCKET || len > MOST_BUCKET || !is_alnum(name[0]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_alnum(name[i]) && strchr("-._", name[i]) == NULL)
            return false;
    return true;
}

/* A part "." or "..": clients and servers on the way remove such parts. */
static bool has_dots(const char *key)
{
    for (const char *p = key; *p != '\0';) {
        const size_t n = strcspn(p, "/");
        if ((n == 1 || n == 2) && p[0] == '.' && p[n - 1] == '.')
            return true;
        p += n;
        p += *p == '/';
    }
    return false;
}

zagg_status zg_s3_split(const char *url, bool prefix, char **bucket, char **key,
                        zagg_err *err)
{
    static const char scheme[] = "s3://";
    if (strncmp(url, scheme, sizeof scheme - 1) != 0)
        return zagg_err_set(err, ZAGG_ECONFIG, "'%.300s' is not s3://BUCKET/%s", url,
                            prefix ? "PREFIX" : "KEY");
    const char *name = url + sizeof scheme - 1;
    const size_t len = strcspn(name, "/");
    const char *rest = name[len] == '/' ? name + len + 1 : name + len;
    if (!bucket_is_valid(name, len))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%.300s: '%.*s' is no bucket's name: %d to %d letters, "
                            "digits, '.', '-' and '_'",
                            url, (int)(len < 80 ? len : 80), name, LEAST_BUCKET,
                            MOST_BUCKET);
    if (*rest == '\0' && !prefix)
        return zagg_err_set(err, ZAGG_ECONFIG, "%.300s names a bucket, but no object",
                            url);
    if (strlen(rest) > MOST_KEY)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%.300s...: the key has more than %d bytes", url, MOST_KEY);
    if (has_dots(rest))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%.300s: '.' and '..' cannot be parts of a key", url);
    char *b = zg_strndup(name, len);
    char *k = zg_strdup(rest);
    if (b == NULL || k == NULL) {
        zg_free(b);
        zg_free(k);
        return zagg_err_set(err, ZAGG_ENOMEM, "%.300s: no memory", url);
    }
    *bucket = b;
    *key = k;
    return ZAGG_OK;
}
