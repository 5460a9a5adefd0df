/* Objects that are sent in parts: begun, part by part in any order, made of them in one
 * step. Until that step nothing is under the key. */
#include "net/s3_sink.h"
#include "net/xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FINISH_TRIES = 4 };

static zagg_status no_memory(const zg_s3_upload *u, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to write %s", u->sink->name,
                        u->key);
}

size_t zg_s3_part_bytes(const zg_s3_sink *s, size_t index)
{
    return s->part_bytes << (index / ZG_S3_GROWTH_PARTS);
}

/* One element of a small answer. */
typedef struct wanted {
    const char *path;
    char *text;
    bool failed; /* no memory */
    bool error;  /* the root is <Error>: what went wrong after the status was sent */
    bool again;
} wanted;

static zagg_status take_wanted(void *user, const char *path, const char *text,
                               zagg_err *err)
{
    wanted *w = user;
    (void)err;
    if (strcmp(path, w->path) == 0 && w->text == NULL) {
        w->text = zg_strdup(text);
        w->failed = w->text == NULL;
    }
    w->error |= strcmp(path, "Error") == 0;
    w->again |= strcmp(path, "Error/Code") == 0 &&
                (strcmp(text, "InternalError") == 0 || strcmp(text, "SlowDown") == 0 ||
                 strcmp(text, "ServiceUnavailable") == 0);
    return ZAGG_OK;
}

/* ---- begin ---- */

static zagg_status read_id(zg_s3_upload *u, const zg_call *call, zagg_err *err)
{
    wanted w = {.path = "InitiateMultipartUploadResult/UploadId"};
    zg_str query;
    zagg_status status =
        zg_xml_read(call->out_body, call->out_len, u->sink->name, take_wanted, &w, err);
    u->id = w.text;
    if (status == ZAGG_OK && w.failed)
        status = no_memory(u, err);
    if (status == ZAGG_OK && (u->id == NULL || u->id[0] == '\0'))
        status = zagg_err_set(err, ZAGG_EFORMAT,
                              "%s: the server gave no id for the upload of %s",
                              u->sink->name, u->key);
    if (status != ZAGG_OK)
        return status;
    zg_str_init(&query, 0);
    zg_url_encode(&query, u->id, false);
    u->id_query = zg_str_take(&query);
    return u->id_query != NULL ? ZAGG_OK : no_memory(u, err);
}

zagg_status zg_s3_upload_begin(zg_s3_sink *s, const char *key, zg_s3_upload *out,
                               zagg_err *err)
{
    zg_s3_call c = {.key = NULL};
    *out = (zg_s3_upload){.sink = s, .key = zg_strdup(key)};
    zg_vec_init(&out->parts, sizeof(char *), ZG_S3_MAX_PARTS);
    zg_unique_id(out->mark);
    zagg_status status = ZAGG_OK;
    if (out->key == NULL)
        status =
            zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to write %s", s->name, key);
    if (status == ZAGG_OK)
        status = zg_s3_call_init(s, &c, "POST", key, "uploads=", err);
    if (status == ZAGG_OK) {
        zg_s3_put_headers(s->s3, &c.call.headers);
        zg_headers_add(&c.call.headers, ZG_S3_MARK, out->mark);
        status = zg_s3_call_send(s, &c, err);
    }
    if (status == ZAGG_OK)
        status = read_id(out, &c.call, err);
    zg_s3_call_free(&c);
    if (status != ZAGG_OK) {
        if (out->id != NULL)
            zg_s3_upload_abort(out);
        zg_s3_upload_free(out);
    }
    return status;
}

void zg_s3_upload_free(zg_s3_upload *u)
{
    for (size_t i = 0; i < u->parts.len; i++)
        zg_free(*ZG_VEC_AT(&u->parts, char *, i));
    zg_vec_free(&u->parts);
    zg_free(u->key);
    zg_free(u->id);
    zg_free(u->id_query);
    *u = (zg_s3_upload){.key = NULL};
}

/* ---- parts ---- */

zagg_status zg_s3_upload_next(zg_s3_upload *u, size_t *index, zagg_err *err)
{
    pthread_mutex_lock(&u->sink->lock);
    *index = u->parts.len;
    const bool ok = zg_vec_push(&u->parts) != NULL;
    pthread_mutex_unlock(&u->sink->lock);
    if (ok)
        return ZAGG_OK;
    return *index == ZG_S3_MAX_PARTS
               ? zagg_err_set(err, ZAGG_ERANGE,
                              "%s: %s is larger than an object of S3 may be",
                              u->sink->name, u->key)
               : no_memory(u, err);
}

static zagg_status part_call(const zg_s3_upload *u, size_t index, const void *data,
                             size_t len, zg_s3_call *c, zagg_err *err)
{
    zg_str query;
    zg_str_init(&query, 0);
    zg_str_addf(&query, "partNumber=%zu&uploadId=%s", index + 1, u->id_query);
    zagg_status status =
        query.failed ? no_memory(u, err)
                     : zg_s3_call_init(u->sink, c, "PUT", u->key, query.data, err);
    zg_str_free(&query);
    c->call.body = data;
    c->call.body_len = len;
    return status;
}

static zagg_status keep_etag(zg_s3_upload *u, size_t index, const zg_call *call,
                             size_t len, zagg_err *err)
{
    const char *etag = zg_headers_get(&call->out_headers, "ETag");
    if (etag == NULL || etag[0] == '\0' || strlen(etag) > 512)
        return zagg_err_set(err, ZAGG_EHTTP,
                            "%s: the server took a part of %s and gave no ETag for it",
                            u->sink->name, u->key);
    char *copy = zg_strdup(etag);
    if (copy == NULL)
        return no_memory(u, err);
    pthread_mutex_lock(&u->sink->lock);
    *ZG_VEC_AT(&u->parts, char *, index) = copy;
    u->bytes += len;
    pthread_mutex_unlock(&u->sink->lock);
    return ZAGG_OK;
}

zagg_status zg_s3_upload_part(zg_s3_upload *u, size_t index, const void *data, size_t len,
                              zagg_err *err)
{
    zg_s3_call c = {.key = NULL};
    zagg_status status = part_call(u, index, data, len, &c, err);
    if (status == ZAGG_OK)
        status = zg_s3_call_send(u->sink, &c, err);
    if (status == ZAGG_OK)
        status = keep_etag(u, index, &c.call, len, err);
    zg_s3_call_free(&c);
    return status;
}

zagg_status zg_s3_upload_parts(zg_s3_upload *u, const zg_s3_piece *pieces, size_t n,
                               zagg_err *err)
{
    zg_s3_call own[ZG_S3_PARTS_AT_ONCE];
    zg_call calls[ZG_S3_PARTS_AT_ONCE];
    size_t index[ZG_S3_PARTS_AT_ONCE], made = 0;
    zagg_status status = ZAGG_OK;
    for (; status == ZAGG_OK && made < n; made++) {
        own[made] = (zg_s3_call){.key = NULL};
        status = zg_s3_upload_next(u, &index[made], err);
        if (status == ZAGG_OK)
            status = part_call(u, index[made], pieces[made].data, pieces[made].len,
                               &own[made], err);
        calls[made] = own[made].call;
    }
    if (status == ZAGG_OK) {
        zg_s3_sign_calls(u->sink->s3, calls, n);
        status = zg_http_send(u->sink->http, calls, n, err);
    }
    for (size_t i = 0; status == ZAGG_OK && i < n; i++) {
        status = zg_s3_call_check(u->sink, &calls[i], err);
        if (status == ZAGG_OK)
            status = keep_etag(u, index[i], &calls[i], pieces[i].len, err);
    }
    for (size_t i = 0; i < made; i++) {
        own[i].call = calls[i];
        zg_s3_call_free(&own[i]);
    }
    return status;
}

/* ---- the end ---- */

static zagg_status finish_text(const zg_s3_upload *u, zg_str *out, zagg_err *err)
{
    zg_str_init(out, 0);
    zg_str_add(out, "<CompleteMultipartUpload "
                    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (size_t i = 0; i < u->parts.len; i++) {
        zg_str_addf(out, "<Part><PartNumber>%zu</PartNumber><ETag>", i + 1);
        zg_xml_add_escaped(out, *ZG_VEC_AT(&u->parts, char *, i));
        zg_str_add(out, "</ETag></Part>");
    }
    zg_str_add(out, "</CompleteMultipartUpload>");
    return out->failed ? no_memory(u, err) : ZAGG_OK;
}

/* The server may have made the object and its answer been lost: then the upload is gone,
 * and the object bears its mark. */
static zagg_status was_finished(const zg_s3_upload *u, bool *out, zagg_err *err)
{
    zg_s3_call c;
    *out = false;
    zagg_status status = zg_s3_call_init(u->sink, &c, "HEAD", u->key, "", err);
    c.call.quiet_404 = true;
    if (status == ZAGG_OK)
        status = zg_s3_call_send(u->sink, &c, err);
    if (status == ZAGG_OK && c.call.http_status != 404) {
        const char *mark = zg_headers_get(&c.call.out_headers, ZG_S3_MARK);
        *out = mark != NULL && strcmp(mark, u->mark) == 0;
    }
    zg_s3_call_free(&c);
    return status;
}

/* *again: the server began to answer before it failed. */
static zagg_status finish_once(zg_s3_upload *u, const zg_str *text, bool *again,
                               zagg_err *err)
{
    zg_s3_call c = {.key = NULL};
    zg_str query;
    char code[64], why[300];
    wanted w = {.path = "CompleteMultipartUploadResult/Key"};
    bool done = false;
    *again = false;
    zg_str_init(&query, 0);
    zg_str_addf(&query, "uploadId=%s", u->id_query);
    zagg_status status =
        query.failed ? no_memory(u, err)
                     : zg_s3_call_init(u->sink, &c, "POST", u->key, query.data, err);
    zg_str_free(&query);
    if (status != ZAGG_OK) {
        zg_s3_call_free(&c);
        return status;
    }
    zg_headers_add(&c.call.headers, "Content-Type", "application/xml");
    c.call.body = text->data;
    c.call.body_len = text->len;
    status = zg_s3_call_send(u->sink, &c, err);
    if (status == ZAGG_ENOTFOUND) {
        zagg_err own = ZAGG_ERR_INIT;
        if (was_finished(u, &done, &own) == ZAGG_OK && done)
            status = ZAGG_OK;
    } else if (status == ZAGG_OK) {
        status = zg_xml_read(c.call.out_body, c.call.out_len, u->sink->name, take_wanted,
                             &w, err);
        if (status == ZAGG_OK && w.error) {
            zg_http_explain(c.call.out_body, c.call.out_len, code, why, sizeof why);
            *again = w.again;
            status = zagg_err_set(err, ZAGG_EHTTP, "%s: cannot write %s: %s",
                                  u->sink->name, u->key, why);
        }
    }
    zg_free(w.text);
    zg_s3_call_free(&c);
    return status;
}

zagg_status zg_s3_upload_finish(zg_s3_upload *u, zagg_err *err)
{
    zg_str text;
    bool again = false;
    zagg_status status = finish_text(u, &text, err);
    for (int tries = 0; tries < FINISH_TRIES && (tries == 0 ? status == ZAGG_OK : again);
         tries++)
        status = finish_once(u, &text, &again, err);
    zg_str_free(&text);
    return status;
}

void zg_s3_upload_abort(zg_s3_upload *u)
{
    (void)zg_s3_abort(u->sink, u->key, u->id, NULL);
}

zagg_status zg_s3_abort(const zg_s3_sink *s, const char *key, const char *id,
                        zagg_err *err)
{
    zg_s3_call c = {.key = NULL};
    zg_str query;
    zg_str_init(&query, 0);
    zg_str_add(&query, "uploadId=");
    zg_url_encode(&query, id, false);
    zagg_status status = query.failed
                             ? zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory", s->name)
                             : zg_s3_call_init(s, &c, "DELETE", key, query.data, err);
    zg_str_free(&query);
    c.call.quiet_404 = true;
    if (status == ZAGG_OK)
        status = zg_s3_call_send(s, &c, err);
    zg_s3_call_free(&c);
    return status;
}
