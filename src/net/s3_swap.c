/* Puts with a condition, by which runs on different machines agree on who writes. */
#include "net/creds_parts.h"
#include "net/s3_sink.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* What S3 answers when two such puts meet: it wants them sent again. */
enum { CONFLICT = 409, CONFLICT_TRIES = 5 };

static zagg_status tag_of(const zg_s3_sink *s, const char *key, const zg_call *call,
                          zg_sink_tag *out, zagg_err *err)
{
    const char *etag = zg_headers_get(&call->out_headers, "ETag");
    const char *date = zg_headers_get(&call->out_headers, "Date");
    const char *changed = zg_headers_get(&call->out_headers, "Last-Modified");
    time_t now, then;
    if (etag == NULL || etag[0] == '\0' || strlen(etag) >= sizeof out->text)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%s: the server gives no ETag for %s, without which two runs "
                            "cannot be told apart",
                            s->name, key);
    (void)snprintf(out->text, sizeof out->text, "%s", etag);
    (void)snprintf(out->changed, sizeof out->changed, "%s", changed ? changed : "");
    out->age_s = -1;
    if (date != NULL && changed != NULL && zg_time_parse_http(date, &now) &&
        zg_time_parse_http(changed, &then))
        out->age_s = now > then ? (double)(now - then) : 0;
    return ZAGG_OK;
}

zagg_status zg_s3_get_tagged(void *self, const char *key, size_t max_len, void **out_data,
                             size_t *out_len, zg_sink_tag *tag, zagg_err *err)
{
    const zg_s3_sink *s = self;
    zg_s3_call c;
    zagg_status status = zg_s3_call_init(s, &c, "GET", key, "", err);
    c.call.max_body = max_len;
    if (status == ZAGG_OK)
        status = zg_s3_call_send(s, &c, err);
    if (status == ZAGG_OK)
        status = tag_of(s, key, &c.call, tag, err);
    if (status == ZAGG_OK) {
        *out_data = c.call.out_body;
        *out_len = c.call.out_len;
        c.call.out_body = NULL;
    }
    zg_s3_call_free(&c);
    return status;
}

/* What is in the way may be what was put: an answer was lost, and the put sent again, by
 * us or by the library below us. The object's mark tells; a server that keeps none must
 * have been asked twice, and have the same bytes. */
static zagg_status is_ours(zg_s3_sink *s, const char *key, const zg_s3_call *sent,
                           const char *mark, zg_sink_tag *tag, bool *out, zagg_err *err)
{
    zg_s3_call c;
    const zg_call *put = &sent->call;
    *out = false;
    zagg_status status = zg_s3_call_init(s, &c, "GET", key, "", err);
    c.call.max_body = put->body_len > 0 ? put->body_len : 1;
    if (status == ZAGG_OK)
        status = zg_s3_call_send(s, &c, err);
    const bool absent = status == ZAGG_ENOTFOUND;
    const bool longer = status == ZAGG_EHTTP && c.call.http_status / 100 == 2;
    if (status == ZAGG_OK) {
        const char *there = zg_headers_get(&c.call.out_headers, ZG_S3_MARK);
        *out = there != NULL
                   ? strcmp(there, mark) == 0
                   : put->attempts > 1 && c.call.out_len == put->body_len &&
                         memcmp(c.call.out_body, put->body, c.call.out_len) == 0;
        if (*out)
            status = tag_of(s, key, &c.call, tag, err);
    }
    zg_s3_call_free(&c);
    return absent || longer ? ZAGG_OK : status;
}

/* After the server's no: `err` keeps its words unless looking into it fails. */
static zagg_status look_again(zg_s3_sink *s, const char *key, const zg_s3_call *sent,
                              const char *mark, zg_sink_tag *tag, zagg_err *err)
{
    zagg_err own = ZAGG_ERR_INIT;
    bool ours = false;
    const zagg_status status = is_ours(s, key, sent, mark, tag, &ours, &own);
    if (status != ZAGG_OK && err != NULL)
        *err = own;
    return status != ZAGG_OK ? status : ours ? ZAGG_OK : ZAGG_EEXISTS;
}

static zagg_status put_once(zg_s3_sink *s, const char *key, const void *data, size_t len,
                            const zg_sink_tag *old, zg_sink_tag *out, bool *again,
                            zagg_err *err)
{
    char mark[33];
    zg_s3_call c = {.key = NULL};
    zg_unique_id(mark);
    const bool fresh = old->text[0] == '\0';
    const zg_s3_condition condition = {fresh ? "If-None-Match" : "If-Match",
                                       fresh ? "*" : old->text, mark};
    zagg_status status = zg_s3_put_one(s, key, data, len, &condition, &c, err);
    *again = status != ZAGG_OK && c.call.http_status == CONFLICT;
    if (status == ZAGG_EEXISTS)
        status = look_again(s, key, &c, mark, out, err);
    else if (status == ZAGG_OK)
        status = tag_of(s, key, &c.call, out, err);
    if (c.call.http_status == 501 &&
        status == ZAGG_EHTTP) /* a server without conditions */
        status = zagg_err_set(err, ZAGG_EUNSUPPORTED,
                              "%s: the server knows no conditional puts", s->name);
    else if (status == ZAGG_ENOTFOUND && !fresh) /* it is gone */
        status =
            zagg_err_set(err, ZAGG_EEXISTS, "%s: %s is no longer there", s->name, key);
    if (status == ZAGG_OK)
        out->age_s = 0;
    zg_s3_call_free(&c);
    return status;
}

zagg_status zg_s3_put_if(void *self, const char *key, const void *data, size_t len,
                         const zg_sink_tag *old, zg_sink_tag *out, zagg_err *err)
{
    bool again = true;
    zagg_status status = ZAGG_OK;
    for (long tries = 0; again && tries < CONFLICT_TRIES; tries++) {
        const struct timespec pause = {.tv_nsec = tries * 50 * 1000 * 1000};
        if (tries > 0)
            (void)nanosleep(&pause, NULL);
        status = put_once(self, key, data, len, old, out, &again, err);
    }
    return again ? zagg_err_set(err, ZAGG_EEXISTS, "%s: others are writing %s",
                                ((zg_s3_sink *)self)->name, key)
                 : status;
}
