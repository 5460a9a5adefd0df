/* Lists of keys: ListObjectsV2, page by page. Keys come percent-encoded, as XML cannot
 * hold every byte that a key may have; whether a server did so is told anywhere in a
 * page, so that a page is gathered before its keys are read. */
#include "net/s3_sink.h"
#include "net/sign.h"
#include "net/xml.h"

#include <string.h>

/* Pages that are empty and yet not the last one: a server may hide what was removed. */
enum { MAX_EMPTY_PAGES = 1000 };

typedef struct listed {
    char *key;
    uint64_t size;
    bool folder;
} listed;

typedef struct page {
    const zg_s3_sink *sink;
    zg_vec items; /* listed */
    char *key;    /* of the element that is open */
    uint64_t size;
    char *token;
    bool encoded, truncated;
} page;

static zagg_status no_memory(const zg_s3_sink *s, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to list it", s->name);
}

static zagg_status strange(const zg_s3_sink *s, const char *why, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_EFORMAT, "%s: the server's list of it %s", s->name,
                        why);
}

static void page_clear(page *p)
{
    for (size_t i = 0; i < p->items.len; i++)
        zg_free(ZG_VEC_AT(&p->items, listed, i)->key);
    zg_vec_free(&p->items);
    zg_free(p->key);
    zg_free(p->token);
    p->key = p->token = NULL;
}

static zagg_status set(char **slot, const page *p, const char *text, zagg_err *err)
{
    zg_free(*slot);
    *slot = zg_strdup(text);
    return *slot != NULL ? ZAGG_OK : no_memory(p->sink, err);
}

static zagg_status read_size(page *p, const char *text, zagg_err *err)
{
    p->size = 0;
    for (const char *c = text; *c != '\0'; c++)
        if (*c < '0' || *c > '9' || !zg_mul_u64(p->size, 10, &p->size) ||
            !zg_add_u64(p->size, (uint64_t)(*c - '0'), &p->size))
            return strange(p->sink, "has a size that is no number", err);
    return text[0] != '\0' ? ZAGG_OK : strange(p->sink, "has an empty size", err);
}

static zagg_status add_item(page *p, bool folder, zagg_err *err)
{
    if (p->key == NULL)
        return strange(p->sink, "has an entry without a key", err);
    listed *item = zg_vec_push(&p->items);
    if (item == NULL)
        return no_memory(p->sink, err);
    *item = (listed){p->key, folder ? 0 : p->size, folder};
    p->key = NULL;
    p->size = 0;
    return ZAGG_OK;
}

static zagg_status take_element(void *user, const char *path, const char *text,
                                zagg_err *err)
{
    static const char ROOT[] = "ListBucketResult/";
    page *p = user;
    if (strcmp(path, "ListBucketResult") == 0)
        return ZAGG_OK;
    if (strncmp(path, ROOT, sizeof ROOT - 1) != 0)
        return strange(p->sink, "is no ListBucketResult", err);
    path += sizeof ROOT - 1;
    if (strcmp(path, "Contents/Key") == 0 || strcmp(path, "CommonPrefixes/Prefix") == 0)
        return set(&p->key, p, text, err);
    if (strcmp(path, "Contents/Size") == 0)
        return read_size(p, text, err);
    if (strcmp(path, "Contents") == 0 || strcmp(path, "CommonPrefixes") == 0)
        return add_item(p, strcmp(path, "CommonPrefixes") == 0, err);
    if (strcmp(path, "EncodingType") == 0)
        p->encoded = strcmp(text, "url") == 0;
    else if (strcmp(path, "IsTruncated") == 0)
        p->truncated = strcmp(text, "true") == 0;
    else if (strcmp(path, "NextContinuationToken") == 0)
        return set(&p->token, p, text, err);
    return ZAGG_OK;
}

/* ---- keys ---- */

/* In place. False: no encoded text, or a zero byte in it. */
static bool decode(char *text)
{
    char *to = text;
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '+') {
            *to++ = ' ';
        } else if (*c == '%') {
            const int high = zg_url_hex_digit(c[1]),
                      low = high < 0 ? -1 : zg_url_hex_digit(c[2]);
            if (low < 0 || high + low == 0)
                return false;
            *to++ = (char)(high * 16 + low);
            c += 2;
        } else {
            *to++ = *c;
        }
    }
    *to = '\0';
    return true;
}

static zagg_status tell_page(page *p, const char *raw_prefix, zg_s3_list_fn fn,
                             void *user, zagg_err *err)
{
    const size_t len = strlen(raw_prefix);
    for (size_t i = 0; i < p->items.len; i++) {
        listed *item = ZG_VEC_AT(&p->items, listed, i);
        if (p->encoded && !decode(item->key))
            return strange(p->sink, "has a key that cannot be decoded", err);
        if (strncmp(item->key, raw_prefix, len) != 0)
            return strange(p->sink, "has keys that were not asked for", err);
        ZAGG_TRY(fn(user, item->key, item->size, item->folder, err));
    }
    return ZAGG_OK;
}

/* ---- pages ---- */

static zagg_status query_of(const zg_s3_sink *s, const char *raw_prefix, bool folders,
                            const char *token, char **out, zagg_err *err)
{
    zg_str q;
    zg_str_init(&q, 0);
    zg_str_add(&q, "list-type=2&encoding-type=url&prefix=");
    zg_url_encode(&q, raw_prefix, false);
    if (folders)
        zg_str_add(&q, "&delimiter=%2F");
    if (token != NULL) {
        zg_str_add(&q, "&continuation-token=");
        zg_url_encode(&q, token, false);
    }
    *out = zg_str_take(&q);
    return *out != NULL ? ZAGG_OK : no_memory(s, err);
}

static zagg_status fetch_page(const zg_s3_sink *s, const char *query, page *p,
                              zagg_err *err)
{
    zg_s3_call c;
    zagg_status status = zg_s3_call_init(s, &c, "GET", NULL, query, err);
    c.call.max_body = ZG_S3_MAX_ANSWER;
    if (status == ZAGG_OK)
        status = zg_s3_call_send(s, &c, err);
    if (status == ZAGG_OK)
        status =
            zg_xml_read(c.call.out_body, c.call.out_len, s->name, take_element, p, err);
    zg_s3_call_free(&c);
    return status;
}

/* Where a list has come to. */
typedef struct way {
    char *token; /* of the next page; NULL after the last one */
    char *first; /* key of the first page */
    size_t n_empty;
} way;

/* Does it begin again, as with servers that do not heed the token? Takes the first key.
 */
static bool begins_again(way *w, page *p)
{
    char **key = p->items.len > 0 ? &ZG_VEC_AT(&p->items, listed, 0)->key : NULL;
    if (key == NULL || w->first != NULL)
        return key != NULL && strcmp(w->first, *key) == 0;
    w->first = *key;
    *key = NULL;
    return false;
}

static zagg_status next_page(way *w, page *p, zagg_err *err)
{
    w->n_empty = p->items.len == 0 ? w->n_empty + 1 : 0;
    if (p->truncated && (p->token == NULL || p->token[0] == '\0'))
        return strange(p->sink, "ends without saying how it goes on", err);
    if (begins_again(w, p) ||
        (p->truncated && ((w->token != NULL && strcmp(w->token, p->token) == 0) ||
                          w->n_empty > MAX_EMPTY_PAGES)))
        return strange(p->sink, "has no end", err);
    zg_free(w->token);
    w->token = p->truncated ? p->token : NULL;
    if (p->truncated)
        p->token = NULL;
    return ZAGG_OK;
}

zagg_status zg_s3_list_pages(const zg_s3_sink *s, const char *raw_prefix, bool folders,
                             zg_s3_list_fn fn, void *user, zagg_err *err)
{
    way w = {.token = NULL};
    zagg_status status = ZAGG_OK;
    do {
        page p = {.sink = s};
        char *query = NULL;
        zg_vec_init(&p.items, sizeof(listed), 0);
        status = query_of(s, raw_prefix, folders, w.token, &query, err);
        if (status == ZAGG_OK)
            status = fetch_page(s, query, &p, err);
        if (status == ZAGG_OK)
            status = tell_page(&p, raw_prefix, fn, user, err);
        if (status == ZAGG_OK)
            status = next_page(&w, &p, err);
        zg_free(query);
        page_clear(&p);
    } while (status == ZAGG_OK && w.token != NULL);
    zg_free(w.token);
    zg_free(w.first);
    return status;
}

/* ---- of a sink ---- */

typedef struct told {
    size_t skip; /* bytes of the raw key before what is told */
    zagg_sink_list_fn fn;
    void *user;
} told;

/* Keys that end with '/' stand for folders in consoles; they are no objects of a store.
 */
static zagg_status tell(void *user, const char *raw_key, uint64_t size, bool folder,
                        zagg_err *err)
{
    const told *t = user;
    const char *key = raw_key + t->skip;
    const size_t len = strlen(key);
    if (len == 0 || (!folder && key[len - 1] == '/'))
        return ZAGG_OK;
    return t->fn(t->user, key, size, err);
}

static zagg_status list(const zg_s3_sink *s, const char *prefix, bool folders,
                        zagg_sink_list_fn fn, void *user, zagg_err *err)
{
    char *raw = NULL;
    ZAGG_TRY(zg_s3_raw_key(s, prefix, &raw, err));
    told t = {strlen(folders ? raw : s->prefix), fn, user};
    const zagg_status status = zg_s3_list_pages(s, raw, folders, tell, &t, err);
    zg_free(raw);
    return status;
}

zagg_status zg_s3_list(void *self, const char *prefix, zagg_sink_list_fn fn, void *user,
                       zagg_err *err)
{
    return list(self, prefix, false, fn, user, err);
}

zagg_status zg_s3_list_dir(void *self, const char *prefix, zagg_sink_list_fn fn,
                           void *user, zagg_err *err)
{
    return list(self, prefix, true, fn, user, err);
}
