/* Uploads that nobody ended: they are listed with the bucket and cost as objects do until
 * they are given up. */
#include "net/s3_sink.h"
#include "net/xml.h"

#include <string.h>

enum { MAX_PAGES = 10000 };

typedef struct upload {
    char *key, *id;
} upload;

typedef struct uploads {
    const zg_s3_sink *sink;
    zg_vec items; /* upload */
    upload open;
    char *next_key, *next_id;
    bool truncated;
} uploads;

static zagg_status set(const uploads *u, char **slot, const char *text, zagg_err *err)
{
    zg_free(*slot);
    *slot = zg_strdup(text);
    return *slot != NULL ? ZAGG_OK
                         : zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory", u->sink->name);
}

static zagg_status strange(const uploads *u, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_EFORMAT,
                        "%s: the server's list of its uploads makes no sense",
                        u->sink->name);
}

static zagg_status take_element(void *user, const char *path, const char *text,
                                zagg_err *err)
{
    static const char ROOT[] = "ListMultipartUploadsResult";
    uploads *u = user;
    if (strncmp(path, ROOT, sizeof ROOT - 1) != 0)
        return strange(u, err);
    path += sizeof ROOT - 1;
    if (strcmp(path, "/Upload/Key") == 0)
        return set(u, &u->open.key, text, err);
    if (strcmp(path, "/Upload/UploadId") == 0)
        return set(u, &u->open.id, text, err);
    if (strcmp(path, "/NextKeyMarker") == 0)
        return set(u, &u->next_key, text, err);
    if (strcmp(path, "/NextUploadIdMarker") == 0)
        return set(u, &u->next_id, text, err);
    if (strcmp(path, "/IsTruncated") == 0)
        u->truncated = strcmp(text, "true") == 0;
    if (strcmp(path, "/Upload") != 0)
        return ZAGG_OK;
    if (u->open.key == NULL || u->open.id == NULL ||
        strncmp(u->open.key, u->sink->prefix, strlen(u->sink->prefix)) != 0)
        return strange(u, err);
    if (!zg_vec_append(&u->items, &u->open, 1))
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory", u->sink->name);
    u->open = (upload){NULL, NULL};
    return ZAGG_OK;
}

static void clear(uploads *u)
{
    for (size_t i = 0; i < u->items.len; i++) {
        zg_free(ZG_VEC_AT(&u->items, upload, i)->key);
        zg_free(ZG_VEC_AT(&u->items, upload, i)->id);
    }
    u->items.len = 0;
    zg_free(u->open.key);
    zg_free(u->open.id);
    u->open = (upload){NULL, NULL};
}

static void query_of(const uploads *u, zg_str *q)
{
    zg_str_init(q, 0);
    zg_str_add(q, "uploads=&prefix=");
    zg_url_encode(q, u->sink->prefix, false);
    if (u->next_key == NULL)
        return;
    zg_str_add(q, "&key-marker=");
    zg_url_encode(q, u->next_key, false);
    if (u->next_id == NULL)
        return;
    zg_str_add(q, "&upload-id-marker=");
    zg_url_encode(q, u->next_id, false);
}

static zagg_status fetch_page(uploads *u, zagg_err *err)
{
    zg_s3_call c = {.key = NULL};
    zg_str query;
    query_of(u, &query);
    zagg_status status =
        query.failed ? zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory", u->sink->name)
                     : zg_s3_call_init(u->sink, &c, "GET", NULL, query.data, err);
    zg_str_free(&query);
    c.call.max_body = ZG_S3_MAX_ANSWER;
    u->truncated = false;
    if (status == ZAGG_OK)
        status = zg_s3_call_send(u->sink, &c, err);
    if (status == ZAGG_OK)
        status = zg_xml_read(c.call.out_body, c.call.out_len, u->sink->name, take_element,
                             u, err);
    zg_s3_call_free(&c);
    if (status == ZAGG_OK && u->truncated && u->next_key == NULL)
        return strange(u, err);
    return status;
}

static zagg_status abort_page(const uploads *u, size_t *n_removed, zagg_err *err)
{
    for (size_t i = 0; i < u->items.len; i++) {
        const upload *item = ZG_VEC_AT(&u->items, upload, i);
        ZAGG_TRY(
            zg_s3_abort(u->sink, item->key + strlen(u->sink->prefix), item->id, err));
        ++*n_removed;
    }
    return ZAGG_OK;
}

zagg_status zg_s3_clean(void *self, size_t *n_removed, zagg_err *err)
{
    uploads u = {.sink = self};
    zagg_status status;
    size_t pages = 0;
    zg_vec_init(&u.items, sizeof(upload), 0);
    do {
        status = fetch_page(&u, err);
        if (status == ZAGG_OK)
            status =
                ++pages <= MAX_PAGES ? abort_page(&u, n_removed, err) : strange(&u, err);
        clear(&u);
    } while (status == ZAGG_OK && u.truncated);
    zg_vec_free(&u.items);
    zg_free(u.next_key);
    zg_free(u.next_id);
    return status;
}
