/* What the tests of s3:// sinks share: a bucket of a test's server as a sink. */
#ifndef ZAGG_TESTS_SINK_TEST_H
#define ZAGG_TESTS_SINK_TEST_H

#include "http_test.h"
#include "io/sink.h"
#include "net/s3_sink.h"
#include "support/server.h"

#define BUCKET "bucket"
#define STORE "path/to a+b=c/store"

typedef struct sink_test {
    zg_http *http;
    zg_creds *creds;
    zg_s3 *s3;
    zagg_sink *sink;
    zagg_err err;
} sink_test;

/** A sink whose requests go to `url`. */
static inline sink_test sink_open_at(const char *url, const zg_s3_opts *more,
                                     size_t part_bytes)
{
    sink_test t = {.err = ZAGG_ERR_INIT};
    zg_aws_keys keys = {zg_strdup("AKTEST"), zg_strdup("sekret"), NULL, 0};
    zg_s3_opts opts = more ? *more : (zg_s3_opts){0};
    t.http = new_http(NULL);
    assert_int_equal(zg_creds_static(&keys, &t.creds, &t.err), ZAGG_OK);
    zg_aws_keys_free(&keys);
    opts.http = t.http;
    opts.creds = t.creds;
    opts.bucket = opts.bucket ? opts.bucket : BUCKET;
    opts.region = "us-west-2";
    opts.endpoint = url;
    assert_int_equal(zg_s3_new(&opts, &t.s3, &t.err), ZAGG_OK);
    const zg_s3_sink_opts sink = {t.http, t.s3, STORE, part_bytes};
    assert_int_equal(zg_s3_sink_open(&sink, &t.sink, &t.err), ZAGG_OK);
    return t;
}

static inline void sink_test_close(sink_test *t)
{
    zagg_sink_close(t->sink);
    zg_s3_free(t->s3);
    zg_creds_free(t->creds);
    zg_http_free(t->http);
}

/** Fails with the message unless it is what was expected. */
#define EXPECT(t, expr, want)                                                            \
    do {                                                                                 \
        const zagg_status got_ = (expr);                                                 \
        if (got_ != (want))                                                              \
            fail_msg("%s: %s: %s", #expr, zagg_status_name(got_), (t)->err.msg);         \
    } while (0)

/** Keys of a listing, one a line, sorted. */
typedef struct key_list {
    zg_vec keys;
    uint64_t bytes;
} key_list;

static inline zagg_status key_list_add(void *user, const char *key, uint64_t size,
                                       zagg_err *err)
{
    key_list *l = user;
    char *copy = zg_strdup(key);
    (void)err;
    l->bytes += size;
    assert_true(zg_vec_append(&l->keys, &copy, 1));
    return ZAGG_OK;
}

static inline void key_list_init(key_list *l)
{
    l->bytes = 0;
    zg_vec_init(&l->keys, sizeof(char *), 0);
}

static inline void key_list_free(key_list *l)
{
    for (size_t i = 0; i < l->keys.len; i++)
        zg_free(*ZG_VEC_AT(&l->keys, char *, i));
    zg_vec_free(&l->keys);
}

static inline const char *key_at(const key_list *l, size_t i)
{
    return *ZG_VEC_AT(&l->keys, char *, i);
}

#endif
