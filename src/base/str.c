/* Text builder with an upper bound and a sticky failure flag, and UTF-8 helpers. */
#include "base/base.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* What an empty builder points to; never written. */
static char str_empty[1];

size_t zg_utf8_floor(const char *text, size_t len)
{
    size_t start = len;
    while (start > 0 && len - start < 3 &&
           ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return len;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    return need > len - (start - 1) ? start - 1 : len;
}

void zg_str_init(zg_str *s, size_t max_len)
{
    zg_str empty = {str_empty, 0, 0, max_len == 0 ? SIZE_MAX - 1 : max_len, false};
    *s = empty;
}

/* Room for `more` bytes and the NUL behind them. */
static bool str_reserve(zg_str *s, size_t more)
{
    size_t need;
    if (s->failed)
        return false;
    if (!zg_add_size(s->len, more, &need) || need > s->max_len || need == SIZE_MAX) {
        s->failed = true;
        return false;
    }
    if (need < s->cap)
        return true;
    size_t cap = s->cap < 32 ? 32 : s->cap;
    while (cap <= need)
        cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
    char *data = zg_realloc(s->cap == 0 ? NULL : s->data, cap, 1);
    if (data == NULL) {
        s->failed = true;
        return false;
    }
    s->data = data;
    s->cap = cap;
    return true;
}

void zg_str_addn(zg_str *s, const char *text, size_t len)
{
    if (!str_reserve(s, len))
        return;
    if (len > 0)
        memcpy(s->data + s->len, text, len);
    s->len += len;
    s->data[s->len] = '\0';
}

void zg_str_add(zg_str *s, const char *text)
{
    zg_str_addn(s, text, strlen(text));
}

void zg_str_addc(zg_str *s, char c)
{
    zg_str_addn(s, &c, 1);
}

void zg_str_addf(zg_str *s, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    if (len < 0) {
        s->failed = true;
    } else if (str_reserve(s, (size_t)len)) {
        vsnprintf(s->data + s->len, (size_t)len + 1, fmt, again);
        s->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}

char *zg_str_take(zg_str *s)
{
    size_t max_len = s->max_len;
    char *text = NULL;
    if (s->failed)
        zg_str_free(s);
    else if (s->cap > 0)
        text = s->data;
    else
        text = zg_strdup("");
    zg_str_init(s, max_len);
    return text;
}

void zg_str_free(zg_str *s)
{
    if (s->cap > 0)
        zg_free(s->data);
    zg_str_init(s, s->max_len);
}

int zg_compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void zg_hex(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

size_t zg_href_len(const char *href)
{
    const bool is_url =
        strncmp(href, "https://", 8) == 0 || strncmp(href, "http://", 7) == 0;
    return is_url ? strcspn(href, "?#") : strlen(href);
}
