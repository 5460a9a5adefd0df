/* Lists of headers, of requests and of answers. */
#include "net/http_impl.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *line_at(const zg_headers *h, size_t i)
{
    return *ZG_VEC_AT(&h->lines, const char *, i);
}

bool zg_header_is(const char *line, const char *name)
{
    size_t len = strlen(name);
    return strncasecmp(line, name, len) == 0 && line[len] == ':';
}

const char *zg_header_value(const char *line)
{
    line += strcspn(line, ":");
    if (*line == ':')
        line++;
    return line + strspn(line, " \t");
}

bool zg_headers_add_line(zg_headers *h, const char *line, size_t len)
{
    if (h->lines.elem_size == 0)
        zg_vec_init(&h->lines, sizeof(char *), ZG_HTTP_HEADER_LINES);
    char *copy = zg_strndup(line, len);
    char **slot = copy ? zg_vec_push(&h->lines) : NULL;
    if (slot == NULL) {
        zg_secret_free(copy);
        h->failed = true;
        return false;
    }
    *slot = copy;
    return true;
}

/* A name or value that ended its line would begin a header of its own. */
static bool is_one_line(const char *text)
{
    return text[strcspn(text, "\r\n")] == '\0';
}

void zg_headers_add(zg_headers *h, const char *name, const char *value)
{
    if (!is_one_line(name) || !is_one_line(value) || strchr(name, ':') != NULL) {
        h->failed = true;
        return;
    }
    /* Of exactly this size: a buffer that grows would leave copies of the value behind.
     */
    size_t len = strlen(name) + 2 + strlen(value);
    char *line = zg_alloc(len + 1, 1);
    if (line == NULL) {
        h->failed = true;
        return;
    }
    snprintf(line, len + 1, "%s: %s", name, value);
    (void)zg_headers_add_line(h, line, len);
    zg_secret_free(line);
}

const char *zg_headers_get(const zg_headers *h, const char *name)
{
    for (size_t i = 0; i < h->lines.len; i++)
        if (zg_header_is(line_at(h, i), name))
            return zg_header_value(line_at(h, i));
    return NULL;
}

void zg_headers_free(zg_headers *h)
{
    for (size_t i = 0; i < h->lines.len; i++)
        zg_secret_free(*ZG_VEC_AT(&h->lines, char *, i));
    zg_vec_free(&h->lines);
    h->failed = false;
}

/* ---- as libcurl takes them ---- */

/* Headers that say who asks: for the server that was named, and for no other. */
static bool is_private(const char *line)
{
    static const char *const names[] = {"Authorization", "Cookie", "Proxy-Authorization"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (zg_header_is(line, names[i]))
            return true;
    return strncasecmp(line, "x-amz-", 6) == 0;
}

/* The header of this line is also in `others`, which come before it. */
static bool is_replaced(const char *line, const zg_headers *others)
{
    size_t len = strcspn(line, ":");
    for (size_t i = 0; others && i < others->lines.len; i++) {
        const char *other = line_at(others, i);
        if (strncasecmp(line, other, len) == 0 && other[len] == ':')
            return true;
    }
    return false;
}

bool zg_slist_add(struct curl_slist **list, const char *line)
{
    struct curl_slist *longer = zg_libcurl.slist_append(*list, line);
    if (longer == NULL)
        return false;
    *list = longer;
    return true;
}

/* libcurl takes "Name:" as the wish to leave a header out and "Name;" as an empty one. */
static bool add_empty(struct curl_slist **list, const char *line)
{
    size_t len = strcspn(line, ":");
    char *text = zg_strndup(line, len + 1);
    if (text == NULL)
        return false;
    text[len] = ';';
    bool ok = zg_slist_add(list, text);
    zg_free(text);
    return ok;
}

bool zg_slist_add_headers(struct curl_slist **list, const zg_headers *headers,
                          const zg_headers *instead, bool with_private)
{
    for (size_t i = 0; i < headers->lines.len; i++) {
        const char *line = line_at(headers, i);
        if ((!with_private && is_private(line)) || is_replaced(line, instead))
            continue;
        bool empty = zg_header_value(line)[0] == '\0';
        if (!(empty ? add_empty(list, line) : zg_slist_add(list, line)))
            return false;
    }
    return true;
}

void zg_slist_free(struct curl_slist *list)
{
    for (struct curl_slist *node = list; node; node = node->next)
        zg_secret_wipe(node->data, strlen(node->data));
    if (list != NULL)
        zg_libcurl.slist_free_all(list);
}
