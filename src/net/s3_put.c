/* Whole objects: one PUT, or parts where they are large. */
#include "net/s3_sink.h"

zagg_status zg_s3_put_one(const zg_s3_sink *s, const char *key, const void *data,
                          size_t len, const zg_s3_condition *condition,
                          zg_s3_call *answer, zagg_err *err)
{
    ZAGG_TRY(zg_s3_call_init(s, answer, "PUT", key, "", err));
    zg_s3_put_headers(s->s3, &answer->call.headers);
    if (condition != NULL) {
        zg_headers_add(&answer->call.headers, condition->name, condition->value);
        zg_headers_add(&answer->call.headers, ZG_S3_MARK, condition->mark);
    }
    answer->call.body = data;
    answer->call.body_len = len;
    return zg_s3_call_send(s, answer, err);
}

/* Parts of bytes that are at hand, some side by side. */
static zagg_status send_parts(zg_s3_upload *u, const unsigned char *data, size_t len,
                              zagg_err *err)
{
    zg_s3_piece pieces[ZG_S3_PARTS_AT_ONCE];
    for (size_t at = 0, index = 0; at < len;) {
        size_t n = 0;
        for (; n < ZG_S3_PARTS_AT_ONCE && at < len; n++, index++) {
            const size_t room = zg_s3_part_bytes(u->sink, index);
            pieces[n] = (zg_s3_piece){data + at, len - at < room ? len - at : room};
            at += pieces[n].len;
        }
        ZAGG_TRY(zg_s3_upload_parts(u, pieces, n, err));
    }
    return ZAGG_OK;
}

static zagg_status put_parts(zg_s3_sink *s, const char *key, const void *data, size_t len,
                             zagg_err *err)
{
    zg_s3_upload u;
    ZAGG_TRY(zg_s3_upload_begin(s, key, &u, err));
    zagg_status status = send_parts(&u, data, len, err);
    if (status == ZAGG_OK)
        status = zg_s3_upload_finish(&u, err);
    if (status != ZAGG_OK)
        zg_s3_upload_abort(&u);
    zg_s3_upload_free(&u);
    return status;
}

zagg_status zg_s3_put(void *self, const char *key, const void *data, size_t len,
                      zagg_err *err)
{
    zg_s3_sink *s = self;
    zg_s3_call c = {.key = NULL};
    if (len / 2 > s->part_bytes)
        return put_parts(s, key, data, len, err);
    const zagg_status status = zg_s3_put_one(s, key, data, len, NULL, &c, err);
    zg_s3_call_free(&c);
    return status;
}
