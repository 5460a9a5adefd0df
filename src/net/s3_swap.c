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

/* Its answer may have been lost, and what is in the way be what was put. */
static zagg_status is_ours(zg_s3_sink *s, const char *key, const void *data, size_t len,
                           zg_sink_tag *tag, bool *out, zagg_err *err)
{
    void *there = NULL;
    size_t there_len = 0;
    *out = false;
    const zagg_status status =
        zg_s3_get_tagged(s, key, len, &there, &there_len, tag, err);
    if (status == ZAGG_OK)
        *out = there_len == len && (len == 0 || memcmp(there, data, len) == 0);
    zagg_bytes_free(there);
    return status == ZAGG_ENOTFOUND || status == ZAGG_ERANGE ? ZAGG_OK : status;
}

static zagg_status put_once(zg_s3_sink *s, const char *key, const void *data, size_t len,
                            const zg_sink_tag *old, zg_sink_tag *out, bool *again,
                            zagg_err *err)
{
    const zg_s3_condition condition = old->text[0] != '\0'
                                          ? (zg_s3_condition){"If-Match", old->text}
                                          : (zg_s3_condition){"If-None-Match", "*"};
    zg_s3_call c = {.key = NULL};
    bool ours = false;
    zagg_status status = zg_s3_put_one(s, key, data, len, &condition, &c, err);
    *again = status != ZAGG_OK && c.call.http_status == CONFLICT;
    if (status == ZAGG_EEXISTS && c.call.attempts > 1) {
        zagg_err own = ZAGG_ERR_INIT;
        const zagg_status looked = is_ours(s, key, data, len, out, &ours, &own);
        if (looked != ZAGG_OK) {
            status = looked;
            if (err != NULL)
                *err = own;
        } else if (ours) {
            status = ZAGG_OK;
        }
    } else if (status == ZAGG_OK) {
        status = tag_of(s, key, &c.call, out, err);
    }
    if (c.call.http_status == 501 &&
        status == ZAGG_EHTTP) /* a server without conditions */
        status = zagg_err_set(err, ZAGG_EUNSUPPORTED,
                              "%s: the server knows no conditional puts", s->name);
    else if (status == ZAGG_ENOTFOUND && old->text[0] != '\0') /* it is gone */
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
