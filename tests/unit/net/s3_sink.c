/* Every verb of an s3:// sink against a server that is as strict as S3. */
#include "sink_test.h"

#include <stdlib.h>

enum { PART = 64 << 10 };

static test_server *start(const char *more, const char *value)
{
    const char *const args[] = {"--key",      "AKTEST", "sekret", "--bucket", BUCKET,
                                "--min-part", "65536",  more,     value,      NULL};
    return server_start("s3_server", args);
}

static void assert_object(sink_test *t, const char *key, const void *data, size_t len)
{
    void *got = NULL;
    size_t got_len = 0;
    uint64_t size = 0;
    EXPECT(t, zagg_sink_get(t->sink, key, 1 << 24, &got, &got_len, &t->err), ZAGG_OK);
    assert_int_equal(got_len, len);
    if (len > 0)
        assert_memory_equal(got, data, len);
    zagg_bytes_free(got);
    EXPECT(t, zagg_sink_size(t->sink, key, &size, &t->err), ZAGG_OK);
    assert_int_equal(size, len);
}

static unsigned char *some_bytes(size_t n)
{
    unsigned char *data = zg_alloc(n, 1);
    assert_non_null(data);
    for (size_t i = 0; i < n; i++)
        data[i] = (unsigned char)(i * 31 + (i >> 8) * 7 + (i >> 16));
    return data;
}

/* ---- verbs ---- */

static void put_get_size_delete(void **state)
{
    test_server *server = start(NULL, NULL);
    sink_test t = sink_open_at(server_url(server), NULL, PART);
    void *data = NULL;
    size_t len = 0;
    uint64_t size = 0;
    (void)state;
    assert_string_equal(zagg_sink_name(t.sink), "s3://" BUCKET "/" STORE);
    EXPECT(&t, zagg_sink_get(t.sink, "a", 10, &data, &len, &t.err), ZAGG_ENOTFOUND);
    EXPECT(&t, zagg_sink_size(t.sink, "a", &size, &t.err), ZAGG_ENOTFOUND);
    EXPECT(&t, zagg_sink_delete(t.sink, "a", &t.err), ZAGG_OK);
    EXPECT(&t, zagg_sink_put(t.sink, "a", "one", 3, &t.err), ZAGG_OK);
    assert_object(&t, "a", "one", 3);
    EXPECT(&t, zagg_sink_put_whole(t.sink, "a", "three", 5, &t.err), ZAGG_OK);
    assert_object(&t, "a", "three", 5);
    EXPECT(&t, zagg_sink_put(t.sink, "empty", NULL, 0, &t.err), ZAGG_OK);
    assert_object(&t, "empty", NULL, 0);
    EXPECT(&t, zagg_sink_get(t.sink, "empty", 0, &data, &len, &t.err), ZAGG_OK);
    zagg_bytes_free(data);
    EXPECT(&t, zagg_sink_get(t.sink, "a", 4, &data, &len, &t.err), ZAGG_ERANGE);
    assert_contains(t.err.msg, "limit of 4 bytes");
    EXPECT(&t, zagg_sink_get(t.sink, "a", 0, &data, &len, &t.err), ZAGG_ERANGE);
    EXPECT(&t, zagg_sink_delete(t.sink, "a", &t.err), ZAGG_OK);
    EXPECT(&t, zagg_sink_get(t.sink, "a", 10, &data, &len, &t.err), ZAGG_ENOTFOUND);
    EXPECT(&t, zagg_sink_get(t.sink, "../a", 10, &data, &len, &t.err), ZAGG_EARG);
    const zagg_io_stats stats = zagg_sink_stats(t.sink);
    assert_int_equal(stats.puts, 3);
    assert_int_equal(stats.put_bytes, 8);
    sink_test_close(&t);
    assert_int_equal(server_stat(server, "by_op.PutObject"), 3);
    server_stop(server);
}

static void errors_name_the_bucket(void **state)
{
    test_server *server = start("--read-only", "locked");
    sink_test t =
        sink_open_at(server_url(server), &(zg_s3_opts){.bucket = "nowhere"}, PART);
    void *data = NULL;
    size_t len = 0;
    key_list list;
    (void)state;
    key_list_init(&list);
    EXPECT(&t, zagg_sink_get(t.sink, "a", 10, &data, &len, &t.err), ZAGG_EHTTP);
    assert_contains(t.err.msg, "there is no bucket nowhere");
    EXPECT(&t, zagg_sink_list(t.sink, "", key_list_add, &list, &t.err), ZAGG_EHTTP);
    assert_contains(t.err.msg, "there is no bucket nowhere");
    sink_test_close(&t);
    t = sink_open_at(server_url(server), &(zg_s3_opts){.bucket = "locked"}, PART);
    EXPECT(&t, zagg_sink_put(t.sink, "a", "x", 1, &t.err), ZAGG_EAUTH);
    assert_contains(t.err.msg, "AccessDenied");
    assert_contains(t.err.msg, "locked/");
    assert_lacks(t.err.msg, "sekret");
    sink_test_close(&t);
    server_stop(server);
}

/* What is put bears what was asked for, parts and lists do not. */
static void headers_of_puts(void **state)
{
    test_server *server = start("--requester-pays", "paid");
    const zg_s3_opts opts = {.bucket = "paid",
                             .acl = "bucket-owner-full-control",
                             .sse = "aws:kms",
                             .sse_kms_key = "key-1",
                             .requester_pays = true};
    sink_test t = sink_open_at(server_url(server), &opts, PART);
    unsigned char *data = some_bytes(3 * PART);
    key_list list;
    (void)state;
    key_list_init(&list);
    EXPECT(&t, zagg_sink_put(t.sink, "small", "x", 1, &t.err), ZAGG_OK);
    EXPECT(&t, zagg_sink_put(t.sink, "large", data, 3 * PART, &t.err), ZAGG_OK);
    EXPECT(&t, zagg_sink_list(t.sink, "", key_list_add, &list, &t.err), ZAGG_OK);
    assert_int_equal(list.keys.len, 2);
    EXPECT(&t, zagg_sink_delete_prefix(t.sink, "x/", &t.err), ZAGG_OK);
    assert_object(&t, "large", data, 3 * PART);
    key_list_free(&list);
    sink_test_close(&t);
    char *stats = server_stats(server);
    zagg_arena *arena = NULL;
    const zagg_value *json = NULL;
    size_t with_acl = 0;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    assert_int_equal(zagg_json_parse(arena, stats, strlen(stats), "stats", &json, NULL),
                     ZAGG_OK);
    const zagg_value *puts = zagg_value_get(json, "puts");
    for (size_t i = 0; i < puts->n; i++) {
        const zagg_value *headers = zagg_value_get(puts->items[i], "headers");
        if (!zagg_value_is(zagg_value_get(headers, "x-amz-acl"),
                           "bucket-owner-full-control"))
            continue;
        with_acl++;
        assert_true(zagg_value_is(zagg_value_get(headers, "x-amz-server-side-encryption"),
                                  "aws:kms"));
        assert_true(zagg_value_is(
            zagg_value_get(headers, "x-amz-server-side-encryption-aws-kms-key-id"),
            "key-1"));
    }
    assert_int_equal(with_acl, 2); /* the small one, and the beginning of the large one */
    zagg_arena_free(arena);
    zg_free(stats);
    zg_free(data);
    server_stop(server);
}

/* ---- lists ---- */

static const char *const ODD_KEYS[] = {
    "a b/c d", "a+b",       "a=b&c",   "a%2Fb",    "a%b", "caf\xc3\xa9/\xe2\x82\xac",
    "q?x#y",   "it's(1)*!", "~t\"<&>", "tab\tnl\n"};
enum { N_ODD = sizeof ODD_KEYS / sizeof ODD_KEYS[0] };

static void odd_keys(void **state)
{
    test_server *server = start("--page-size", "3");
    sink_test t = sink_open_at(server_url(server), NULL, PART);
    key_list list;
    (void)state;
    for (size_t i = 0; i < N_ODD; i++)
        EXPECT(
            &t,
            zagg_sink_put(t.sink, ODD_KEYS[i], ODD_KEYS[i], strlen(ODD_KEYS[i]), &t.err),
            ZAGG_OK);
    key_list_init(&list);
    EXPECT(&t, zagg_sink_list(t.sink, "", key_list_add, &list, &t.err), ZAGG_OK);
    assert_int_equal(list.keys.len, N_ODD);
    for (size_t i = 0; i < N_ODD; i++) {
        bool found = false;
        for (size_t k = 0; k < list.keys.len && !found; k++)
            found = strcmp(key_at(&list, k), ODD_KEYS[i]) == 0;
        if (!found)
            fail_msg("'%s' is not in the list", ODD_KEYS[i]);
        assert_object(&t, ODD_KEYS[i], ODD_KEYS[i], strlen(ODD_KEYS[i]));
    }
    key_list_free(&list);
    key_list_init(&list);
    EXPECT(&t, zagg_sink_list_dir(t.sink, "a b/", key_list_add, &list, &t.err), ZAGG_OK);
    assert_int_equal(list.keys.len, 1);
    assert_string_equal(key_at(&list, 0), "c d");
    key_list_free(&list);
    for (size_t i = 0; i < 2; i++)
        EXPECT(&t, zagg_sink_delete(t.sink, ODD_KEYS[i], &t.err), ZAGG_OK);
    key_list_init(&list);
    EXPECT(&t, zagg_sink_list(t.sink, "", key_list_add, &list, &t.err), ZAGG_OK);
    assert_int_equal(list.keys.len, N_ODD - 2);
    key_list_free(&list);
    sink_test_close(&t);
    assert_int_equal(server_stat(server, "crashes"), 0);
    server_stop(server);
}

static void pages_and_folders(void **state)
{
    enum { N = 25 };
    test_server *server = start("--page-size", "4");
    sink_test t = sink_open_at(server_url(server), NULL, PART);
    key_list list;
    char key[64];
    (void)state;
    for (int i = 0; i < N; i++) {
        snprintf(key, sizeof key, "g/f%d/c/%d", i % 5, i);
        EXPECT(&t, zagg_sink_put(t.sink, key, key, strlen(key), &t.err), ZAGG_OK);
    }
    EXPECT(&t, zagg_sink_put(t.sink, "g/zarr.json", "{}", 2, &t.err), ZAGG_OK);
    EXPECT(&t, zagg_sink_put(t.sink, "gg", "{}", 2, &t.err), ZAGG_OK);
    key_list_init(&list);
    EXPECT(&t, zagg_sink_list(t.sink, "g/", key_list_add, &list, &t.err), ZAGG_OK);
    assert_int_equal(list.keys.len, N + 1);
    key_list_free(&list);
    key_list_init(&list);
    EXPECT(&t, zagg_sink_list_dir(t.sink, "g/", key_list_add, &list, &t.err), ZAGG_OK);
    assert_int_equal(list.keys.len, 6); /* f0/ ... f4/, zarr.json */
    bool folder = false, object = false;
    for (size_t i = 0; i < list.keys.len; i++) {
        folder |= strcmp(key_at(&list, i), "f3/") == 0;
        object |= strcmp(key_at(&list, i), "zarr.json") == 0;
    }
    assert_true(folder && object);
    key_list_free(&list);
    key_list_init(&list);
    EXPECT(&t, zagg_sink_list(t.sink, "none/", key_list_add, &list, &t.err), ZAGG_OK);
    assert_int_equal(list.keys.len, 0);
    EXPECT(&t, zagg_sink_delete_prefix(t.sink, "g/", &t.err), ZAGG_OK);
    EXPECT(&t, zagg_sink_list(t.sink, "", key_list_add, &list, &t.err), ZAGG_OK);
    assert_int_equal(list.keys.len, 1);
    assert_string_equal(key_at(&list, 0), "gg");
    key_list_free(&list);
    sink_test_close(&t);
    assert_int_equal(server_stat(server, "by_op.DeleteObjects"), 1);
    server_stop(server);
}

static void many_are_removed_in_batches(void **state)
{
    enum { N = 1003 };
    test_server *server = start(NULL, NULL);
    sink_test t = sink_open_at(server_url(server), NULL, PART);
    key_list list;
    char target[128];
    (void)state;
    for (int i = 0; i < N; i++) {
        snprintf(target, sizeof target, "d/%d", i);
        EXPECT(&t, zagg_sink_put(t.sink, target, "x", 1, &t.err), ZAGG_OK);
    }
    server_reset(server);
    EXPECT(&t, zagg_sink_delete_prefix(t.sink, "d/", &t.err), ZAGG_OK);
    key_list_init(&list);
    assert_int_equal(server_stat(server, "by_op.DeleteObjects"), 2);
    assert_int_equal(server_stat(server, "by_op.ListObjectsV2"), 2);
    EXPECT(&t, zagg_sink_list(t.sink, "", key_list_add, &list, &t.err), ZAGG_OK);
    assert_int_equal(list.keys.len, 0);
    key_list_free(&list);
    sink_test_close(&t);
    server_stop(server);
}

static void what_cannot_be_removed_is_told(void **state)
{
    test_server *server = start("--undeletable", STORE "/d/keep&this");
    sink_test t = sink_open_at(server_url(server), NULL, PART);
    (void)state;
    EXPECT(&t, zagg_sink_put(t.sink, "d/keep&this", "x", 1, &t.err), ZAGG_OK);
    EXPECT(&t, zagg_sink_put(t.sink, "d/other", "x", 1, &t.err), ZAGG_OK);
    assert_int_not_equal(zagg_sink_delete_prefix(t.sink, "d/", &t.err), ZAGG_OK);
    assert_contains(t.err.msg, "1 objects could not be removed");
    assert_contains(t.err.msg, "d/keep&this");
    sink_test_close(&t);
    server_stop(server);
}

/* ---- conditions ---- */

static void put_where_nothing_is(void **state)
{
    test_server *server = start(NULL, NULL);
    sink_test t = sink_open_at(server_url(server), NULL, PART);
    zg_sink_tag none = {.age_s = -1}, first, second, seen;
    void *data = NULL;
    size_t len = 0;
    (void)state;
    EXPECT(&t, zagg_sink_put_new(t.sink, "k", "one", 3, &t.err), ZAGG_OK);
    EXPECT(&t, zagg_sink_put_new(t.sink, "k", "one", 3, &t.err), ZAGG_EEXISTS);
    EXPECT(&t, zagg_sink_put_new(t.sink, "k", "two", 3, &t.err), ZAGG_EEXISTS);
    assert_object(&t, "k", "one", 3);
    EXPECT(&t, zg_sink_put_if(t.sink, "l", "1", 1, &none, &first, &t.err), ZAGG_OK);
    EXPECT(&t, zg_sink_put_if(t.sink, "l", "2", 1, &none, &second, &t.err), ZAGG_EEXISTS);
    EXPECT(&t, zg_sink_put_if(t.sink, "l", "2", 1, &first, &second, &t.err), ZAGG_OK);
    EXPECT(&t, zg_sink_put_if(t.sink, "l", "3", 1, &first, &second, &t.err),
           ZAGG_EEXISTS);
    EXPECT(&t, zg_sink_get_tagged(t.sink, "l", 10, &data, &len, &seen, &t.err), ZAGG_OK);
    assert_int_equal(len, 1);
    assert_memory_equal(data, "2", 1);
    zagg_bytes_free(data);
    assert_string_equal(seen.text, second.text);
    assert_true(seen.age_s >= 0 && seen.age_s < 10);
    EXPECT(&t, zagg_sink_delete(t.sink, "l", &t.err), ZAGG_OK);
    EXPECT(&t, zg_sink_put_if(t.sink, "l", "4", 1, &second, &first, &t.err),
           ZAGG_EEXISTS);
    EXPECT(&t, zg_sink_get_tagged(t.sink, "l", 10, &data, &len, &seen, &t.err),
           ZAGG_ENOTFOUND);
    sink_test_close(&t);
    server_stop(server);
}

/* ---- in parts ---- */

static void large_objects_in_parts(void **state)
{
    enum { N = 9 * PART + 17 };
    test_server *server = start(NULL, NULL);
    sink_test t = sink_open_at(server_url(server), NULL, PART);
    unsigned char *data = some_bytes(N);
    (void)state;
    EXPECT(&t, zagg_sink_put(t.sink, "one", data, 2 * PART, &t.err), ZAGG_OK);
    assert_int_equal(server_stat(server, "by_op.PutObject"), 1);
    EXPECT(&t, zagg_sink_put(t.sink, "parts", data, N, &t.err), ZAGG_OK);
    assert_int_equal(server_stat(server, "by_op.CreateMultipartUpload"), 1);
    assert_int_equal(server_stat(server, "by_op.UploadPart"), 10);
    assert_int_equal(server_stat(server, "by_op.CompleteMultipartUpload"), 1);
    assert_true(server_stat(server, "max_in_flight") <= ZG_S3_PARTS_AT_ONCE);
    assert_object(&t, "one", data, 2 * PART);
    assert_object(&t, "parts", data, N);
    zg_free(data);
    sink_test_close(&t);
    server_stop(server);
}

static void streams(void **state)
{
    static const size_t SIZES[] = {0,        1,         PART - 1,    PART,
                                   PART + 1, 300 << 10, 7 * PART + 5};
    static const size_t STEPS[] = {100, 4096, PART, 1 << 20};
    test_server *server = start(NULL, NULL);
    sink_test t = sink_open_at(server_url(server), NULL, PART);
    unsigned char *data = some_bytes(1 << 20);
    (void)state;
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++)
        for (size_t k = 0; k < sizeof STEPS / sizeof STEPS[0]; k++) {
            zagg_sink_stream *stream = NULL;
            server_reset(server);
            EXPECT(&t, zg_sink_stream_begin_direct(t.sink, "s", &stream, &t.err),
                   ZAGG_OK);
            for (size_t at = 0; at < SIZES[i]; at += STEPS[k]) {
                const size_t n = SIZES[i] - at < STEPS[k] ? SIZES[i] - at : STEPS[k];
                EXPECT(&t, zagg_sink_stream_add(stream, data + at, n, &t.err), ZAGG_OK);
            }
            EXPECT(&t, zagg_sink_stream_commit(stream, &t.err), ZAGG_OK);
            if (SIZES[i] <= PART)
                assert_int_equal(server_stat(server, "requests"), 1);
            else
                assert_int_equal(server_stat(server, "by_op.UploadPart"),
                                 (SIZES[i] + PART - 1) / PART);
            assert_object(&t, "s", data, SIZES[i]);
        }
    zg_free(data);
    sink_test_close(&t);
    server_stop(server);
}

/* An object that is given up leaves nothing, and what a dead process left is cleaned. */
static void uploads_are_given_up(void **state)
{
    test_server *server = start("--page-size", "2");
    sink_test t = sink_open_at(server_url(server), NULL, PART);
    unsigned char *data = some_bytes(3 * PART);
    zagg_sink_stream *stream = NULL;
    zg_s3_upload left[5];
    size_t n = 0;
    uint64_t size = 0;
    (void)state;
    EXPECT(&t, zagg_sink_stream_begin(t.sink, "s", &stream, &t.err), ZAGG_OK);
    EXPECT(&t, zagg_sink_stream_add(stream, data, 3 * PART, &t.err), ZAGG_OK);
    EXPECT(&t, zagg_sink_stream_add(stream, data, 3 * PART, &t.err), ZAGG_OK);
    zagg_sink_stream_abandon(stream);
    assert_int_equal(server_stat(server, "by_op.AbortMultipartUpload"), 1);
    EXPECT(&t, zagg_sink_size(t.sink, "s", &size, &t.err), ZAGG_ENOTFOUND);
    for (size_t i = 0; i < 5; i++) {
        char key[16];
        snprintf(key, sizeof key, "left %zu+", i);
        EXPECT(&t, zg_s3_upload_begin(t.sink->self, key, &left[i], &t.err), ZAGG_OK);
        zg_s3_upload_free(&left[i]);
    }
    EXPECT(&t, zagg_sink_clean(t.sink, &n, &t.err), ZAGG_OK);
    assert_int_equal(n, 5);
    EXPECT(&t, zagg_sink_clean(t.sink, &n, &t.err), ZAGG_OK);
    assert_int_equal(n, 0);
    zg_free(data);
    sink_test_close(&t);
    server_stop(server);
}

/* A part that the server does not take: one error, nothing under the key, no upload. */
static void failing_parts(void **state)
{
    static const char *const SCRIPTS[] = {
        "{\"fault\": \"403\", \"method\": \"PUT\", \"path\": \"partNumber=3\", "
        "\"times\": "
        "0}\n",
        "{\"fault\": \"507\", \"method\": \"PUT\", \"path\": \"partNumber=2\", "
        "\"times\": "
        "0}\n",
        "{\"fault\": \"reset\", \"method\": \"PUT\", \"path\": \"partNumber=4\", "
        "\"times\": 0}\n",
        "{\"fault\": \"503\", \"method\": \"POST\", \"path\": \"uploadId=\", \"times\": "
        "0}\n"};
    test_server *server = start(NULL, NULL);
    char port[16];
    snprintf(port, sizeof port, "%d", server_port(server));
    const char *const args[] = {"--to", port, NULL};
    test_server *proxy = server_start("fault_proxy", args);
    sink_test t = sink_open_at(server_url(proxy), NULL, PART);
    unsigned char *data = some_bytes(8 * PART);
    (void)state;
    for (size_t i = 0; i < sizeof SCRIPTS / sizeof SCRIPTS[0]; i++) {
        zagg_sink_stream *stream = NULL;
        uint64_t size = 0;
        size_t n = 99;
        server_script(proxy, SCRIPTS[i]);
        assert_int_not_equal(zagg_sink_put(t.sink, "k", data, 8 * PART, &t.err), ZAGG_OK);
        EXPECT(&t, zagg_sink_stream_begin(t.sink, "k", &stream, &t.err), ZAGG_OK);
        zagg_status status = ZAGG_OK;
        for (size_t at = 0; status == ZAGG_OK && at < 8 * PART; at += PART)
            status = zagg_sink_stream_add(stream, data + at, PART, &t.err);
        if (status == ZAGG_OK)
            status = zagg_sink_stream_commit(stream, &t.err);
        else
            zagg_sink_stream_abandon(stream);
        assert_int_not_equal(status, ZAGG_OK);
        assert_contains(t.err.msg, "/k?");
        server_script(proxy, "");
        EXPECT(&t, zagg_sink_size(t.sink, "k", &size, &t.err), ZAGG_ENOTFOUND);
        EXPECT(&t, zagg_sink_clean(t.sink, &n, &t.err), ZAGG_OK);
        assert_int_equal(n, 0); /* was given up when it failed */
    }
    /* faults that pass are passed over */
    server_script(proxy,
                  "{\"fault\": \"503\", \"path\": \"partNumber=2\", \"times\": 2}\n"
                  "{\"fault\": \"reset\", \"path\": \"partNumber=3\"}\n"
                  "{\"fault\": \"reset\", \"path\": \"partNumber=4\", \"forward\": "
                  "true}\n");
    EXPECT(&t, zagg_sink_put(t.sink, "k", data, 8 * PART, &t.err), ZAGG_OK);
    assert_object(&t, "k", data, 8 * PART);
    zg_free(data);
    sink_test_close(&t);
    server_stop(proxy);
    server_stop(server);
}

/* ---- without memory ---- */

static zagg_status count_key(void *user, const char *key, uint64_t size, zagg_err *err)
{
    (void)key;
    (void)size;
    (void)err;
    ++*(size_t *)user;
    return ZAGG_OK;
}

static zagg_status some_of_all(sink_test *t, const unsigned char *data)
{
    const zg_sink_tag none = {.age_s = -1};
    zg_sink_tag tag;
    zagg_sink_stream *stream = NULL;
    void *got = NULL;
    size_t len = 0;
    size_t n = 0;
    ZAGG_TRY(zagg_sink_put(t->sink, "d/small", "x", 1, &t->err));
    ZAGG_TRY(zagg_sink_put(t->sink, "d/large", data, 3 * PART, &t->err));
    ZAGG_TRY(zg_sink_stream_begin_direct(t->sink, "d/stream", &stream, &t->err));
    const zagg_status status = zagg_sink_stream_add(stream, data, 2 * PART + 1, &t->err);
    if (status != ZAGG_OK) {
        zagg_sink_stream_abandon(stream);
        return status;
    }
    ZAGG_TRY(zagg_sink_stream_commit(stream, &t->err));
    ZAGG_TRY(zg_sink_put_if(t->sink, "d/lock", "x", 1, &none, &tag, &t->err));
    ZAGG_TRY(zagg_sink_get(t->sink, "d/small", 10, &got, &len, &t->err));
    zagg_bytes_free(got);
    ZAGG_TRY(zagg_sink_list(t->sink, "", count_key, &n, &t->err));
    assert_int_equal(n, 4);
    return zagg_sink_delete_prefix(t->sink, "d/", &t->err);
}

/* Whichever allocation fails: an error, and neither an upload nor a leak. */
static void without_memory(void **state)
{
    test_server *server = start(NULL, NULL);
    sink_test t = sink_open_at(server_url(server), NULL, PART);
    unsigned char *data = some_bytes(3 * PART);
    size_t n = 0, failures = 0, well = 0;
    (void)state;
    EXPECT(&t, some_of_all(&t, data), ZAGG_OK);
    /* until none is reached any more; some are done without */
    for (int64_t nth = 1; well < 10; nth += 1 + nth / 40) {
        zg_alloc_fail_nth(nth);
        const zagg_status status = some_of_all(&t, data);
        zg_alloc_fail_nth(0);
        if (status != ZAGG_OK && status != ZAGG_ENOMEM)
            fail_msg("%lld: %s: %s", (long long)nth, zagg_status_name(status), t.err.msg);
        failures += status != ZAGG_OK;
        well = status == ZAGG_OK ? well + 1 : 0;
        EXPECT(&t, zagg_sink_delete_prefix(t.sink, "d/", &t.err), ZAGG_OK);
    }
    assert_true(failures > 20);
    EXPECT(&t, zagg_sink_clean(t.sink, &n, &t.err), ZAGG_OK);
    print_message("%zu allocations refused, %zu uploads left\n", failures, n);
    zg_free(data);
    sink_test_close(&t);
    server_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(put_get_size_delete, server_stop_all),
        cmocka_unit_test_teardown(errors_name_the_bucket, server_stop_all),
        cmocka_unit_test_teardown(headers_of_puts, server_stop_all),
        cmocka_unit_test_teardown(odd_keys, server_stop_all),
        cmocka_unit_test_teardown(pages_and_folders, server_stop_all),
        cmocka_unit_test_teardown(many_are_removed_in_batches, server_stop_all),
        cmocka_unit_test_teardown(what_cannot_be_removed_is_told, server_stop_all),
        cmocka_unit_test_teardown(put_where_nothing_is, server_stop_all),
        cmocka_unit_test_teardown(large_objects_in_parts, server_stop_all),
        cmocka_unit_test_teardown(streams, server_stop_all),
        cmocka_unit_test_teardown(uploads_are_given_up, server_stop_all),
        cmocka_unit_test_teardown(failing_parts, server_stop_all),
        cmocka_unit_test_teardown(without_memory, server_stop_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
