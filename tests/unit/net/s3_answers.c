/* What an s3:// sink makes of answers that no good server gives, and of those that got
 * lost on the way. */
#include "sink_test.h"

#include <pthread.h>
#include <stdatomic.h>

#define LIST_HEAD                                                                        \
    "<?xml version=\"1.0\"?><ListBucketResult "                                          \
    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define LIST_TAIL "</ListBucketResult>"
#define OBJECT(key, size) "<Contents><Key>" key "</Key><Size>" size "</Size></Contents>"
#define PREFIX "path/to+a%2Bb%3Dc/store/"

/* ---- lists ---- */

typedef struct list_case {
    const char *name, *body;
    zagg_status want;
    const char *says; /* part of the message; OK: the keys, one behind the other */
} list_case;

static const list_case LISTS[] = {
    {"encoded, told at the end",
     LIST_HEAD OBJECT(PREFIX "a%2Fb+c", "5") "<EncodingType>url</EncodingType>" LIST_TAIL,
     ZAGG_OK, "a/b c,"},
    {"not encoded", LIST_HEAD OBJECT("path/to a+b=c/store/x%20y+z", "5") LIST_TAIL,
     ZAGG_OK, "x%20y+z,"},
    {"entities", LIST_HEAD OBJECT("path/to a+b=c/store/&lt;&amp;&#65;", "0") LIST_TAIL,
     ZAGG_OK, "<&A,"},
    {"folders in consoles",
     LIST_HEAD OBJECT("path/to a+b=c/store/", "0") OBJECT("path/to a+b=c/store/x/", "0")
         LIST_TAIL,
     ZAGG_OK, ""},
    {"empty", LIST_HEAD LIST_TAIL, ZAGG_OK, ""},
    {"no XML", "all is well", ZAGG_EFORMAT, "is no XML"},
    {"nothing", "", ZAGG_EFORMAT, "is no XML"},
    {"cut short", LIST_HEAD OBJECT("path", "1"), ZAGG_EFORMAT, "is no XML"},
    {"another answer", "<html><body>hello</body></html>", ZAGG_EFORMAT,
     "is no ListBucketResult"},
    {"a document type",
     "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>" LIST_HEAD
     "&b;" LIST_TAIL,
     ZAGG_EFORMAT, "document type"},
    {"deep",
     LIST_HEAD "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a></a></a></a></a></a>"
               "</a></a></a></a></a></a></a></a></a></a></a></a>" LIST_TAIL,
     ZAGG_EFORMAT, "nests too deeply"},
    {"another prefix", LIST_HEAD OBJECT("elsewhere/x", "5") LIST_TAIL, ZAGG_EFORMAT,
     "not asked for"},
    {"a size of words", LIST_HEAD OBJECT("path/to a+b=c/store/x", "many") LIST_TAIL,
     ZAGG_EFORMAT, "no number"},
    {"a size below zero", LIST_HEAD OBJECT("path/to a+b=c/store/x", "-1") LIST_TAIL,
     ZAGG_EFORMAT, "no number"},
    {"a size beyond all",
     LIST_HEAD OBJECT("path/to a+b=c/store/x", "99999999999999999999") LIST_TAIL,
     ZAGG_EFORMAT, "no number"},
    {"an empty size", LIST_HEAD OBJECT("path/to a+b=c/store/x", "") LIST_TAIL,
     ZAGG_EFORMAT, "empty size"},
    {"no key", LIST_HEAD "<Contents><Size>1</Size></Contents>" LIST_TAIL, ZAGG_EFORMAT,
     "without a key"},
    {"a zero byte",
     LIST_HEAD "<EncodingType>url</EncodingType>" OBJECT(PREFIX "a%00b", "5") LIST_TAIL,
     ZAGG_EFORMAT, "cannot be decoded"},
    {"half an escape",
     LIST_HEAD "<EncodingType>url</EncodingType>" OBJECT(PREFIX "a%2", "5") LIST_TAIL,
     ZAGG_EFORMAT, "cannot be decoded"},
    {"goes on nowhere", LIST_HEAD "<IsTruncated>true</IsTruncated>" LIST_TAIL,
     ZAGG_EFORMAT, "how it goes on"},
    {"goes on for ever",
     LIST_HEAD "<IsTruncated>true</IsTruncated>"
               "<NextContinuationToken>again</NextContinuationToken>" LIST_TAIL,
     ZAGG_EFORMAT, "has no end"},
};

static zagg_status add_key(void *user, const char *key, uint64_t size, zagg_err *err)
{
    (void)size;
    (void)err;
    zg_str_addf(user, "%s,", key);
    return ZAGG_OK;
}

static void hostile_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++) {
        const list_case *c = &LISTS[i];
        const http_reply reply = {.status = 200, .body = c->body};
        http_script *server = http_script_start(&reply, 1);
        sink_test t = sink_open_at(http_script_url(server, ""), NULL, 0);
        zg_str keys;
        zg_str_init(&keys, 0);
        const zagg_status got = zagg_sink_list(t.sink, "", add_key, &keys, &t.err);
        if (got != c->want)
            fail_msg("%s: %s: %s", c->name, zagg_status_name(got), t.err.msg);
        if (c->want == ZAGG_OK) {
            assert_string_equal(keys.data, c->says);
        } else {
            assert_contains(t.err.msg, c->says);
            assert_contains(t.err.msg, "s3://" BUCKET "/" STORE);
        }
        /* the same to whoever removes a folder: nothing is removed by a wrong list */
        if (c->want != ZAGG_OK)
            assert_int_equal(zagg_sink_delete_prefix(t.sink, "x/", &t.err), c->want);
        zg_str_free(&keys);
        sink_test_close(&t);
        http_script_stop(server);
    }
}

static void endless_texts(void **state)
{
    enum { N = 200 << 10 };
    char *body = zg_alloc(N + 4096, 1);
    (void)state;
    assert_non_null(body);
    int n = snprintf(body, N + 4096, "%s<Contents><Key>path/to a+b=c/store/", LIST_HEAD);
    memset(body + n, 'k', N);
    snprintf(body + n + N, 4096 - (size_t)n, "</Key></Contents>%s", LIST_TAIL);
    const http_reply reply = {.status = 200, .body = body};
    http_script *server = http_script_start(&reply, 1);
    sink_test t = sink_open_at(http_script_url(server, ""), NULL, 0);
    zg_str keys;
    zg_str_init(&keys, 0);
    EXPECT(&t, zagg_sink_list(t.sink, "", add_key, &keys, &t.err), ZAGG_EFORMAT);
    assert_contains(t.err.msg, "a text without end");
    zg_str_free(&keys);
    sink_test_close(&t);
    http_script_stop(server);
    zg_free(body);
}

/* ---- answers by what is asked ---- */

typedef struct scene {
    http_reply (*choose)(struct scene *s, const http_request *r);
    atomic_int n[8]; /* counters of the scene */
    char mark[128];  /* of the object that was put */
    sink_test t;
    http_script *server;
} scene;

static http_reply choose(void *user, size_t nth, const http_request *r)
{
    scene *s = user;
    (void)nth;
    return s->choose(s, r);
}

static void scene_begin(scene *s, http_reply (*fn)(scene *, const http_request *))
{
    memset(s, 0, sizeof *s);
    s->choose = fn;
    s->server = http_script_start_with(choose, s);
    s->t = sink_open_at(http_script_url(s->server, ""), NULL, 8);
}

static void scene_end(scene *s)
{
    sink_test_close(&s->t);
    http_script_stop(s->server);
}

static bool is(const http_request *r, const char *method, const char *part)
{
    return strcmp(r->method, method) == 0 && strstr(r->target, part) != NULL;
}

static void keep_mark(scene *s, const http_request *r)
{
    const char *mark = http_request_header(r, "x-amz-meta-zagg-upload");
    snprintf(s->mark, sizeof s->mark, "ETag: \"e2\"\r\nx-amz-meta-zagg-upload: %s\r\n",
             mark ? mark : "none");
}

#define CREATED                                                                          \
    "<InitiateMultipartUploadResult><UploadId>u/+1</UploadId>"                           \
    "</InitiateMultipartUploadResult>"
#define COMPLETED                                                                        \
    "  \r\n \n<?xml "                                                                    \
    "version=\"1.0\"?>\n<CompleteMultipartUploadResult><Key>k</Key></"                   \
    "CompleteMultipartUploadResult>"
static const http_reply PART = {.status = 200, .headers = "ETag: \"p<1>\"\r\n"};
static const char DATA[] = "0123456789012345678901234567"; /* in four parts */

enum { ASKED_END, ABORTED, HEADS };

static http_reply good_parts(scene *s, const http_request *r, http_reply at_end)
{
    if (is(r, "POST", "uploads")) {
        keep_mark(s, r);
        return (http_reply){.status = 200, .body = CREATED};
    }
    if (is(r, "PUT", "uploadId=u%2F%2B1"))
        return PART;
    if (is(r, "DELETE", "uploadId=u%2F%2B1")) {
        s->n[ABORTED]++;
        return (http_reply){.status = 204};
    }
    if (is(r, "POST", "uploadId=u%2F%2B1")) {
        assert_non_null(strstr(r->body, "<PartNumber>4</PartNumber><ETag>"
                                        "&quot;p&lt;1&gt;&quot;</ETag>"));
        return at_end;
    }
    return (http_reply){.status = 500};
}

/* The object is made, the answer lost, and the upload gone when it is asked for again. */
static http_reply lost_end(scene *s, const http_request *r)
{
    if (is(r, "POST", "uploadId=") && s->n[ASKED_END]++ == 0)
        return (http_reply){.status = 0, .ending = HTTP_RESET};
    if (is(r, "HEAD", "/k")) {
        s->n[HEADS]++;
        return (http_reply){.status = 200, .headers = s->mark};
    }
    return good_parts(
        s, r,
        (http_reply){.status = 404, .body = "<Error><Code>NoSuchUpload</Code></Error>"});
}

/* ..., but what is there is somebody else's. */
static http_reply foreign_end(scene *s, const http_request *r)
{
    if (is(r, "HEAD", "/k"))
        return (http_reply){.status = 200,
                            .headers = "x-amz-meta-zagg-upload: another\r\n"};
    return lost_end(s, r);
}

/* 200, and then an error in the body: the first one passes. */
static http_reply late_error(scene *s, const http_request *r)
{
    const int n = is(r, "POST", "uploadId=") ? s->n[ASKED_END]++ : 0;
    return good_parts(
        s, r,
        n == 0 ? (http_reply){.status = 200,
                              .body = "<Error><Code>InternalError</Code></Error>"}
               : (http_reply){.status = 200, .body = COMPLETED});
}

static http_reply lasting_error(scene *s, const http_request *r)
{
    s->n[ASKED_END] += is(r, "POST", "uploadId=");
    return good_parts(s, r,
                      (http_reply){.status = 200,
                                   .body = "<Error><Code>EntityTooSmall</Code>"
                                           "<Message>too small</Message></Error>"});
}

static http_reply no_etag(scene *s, const http_request *r)
{
    if (is(r, "PUT", "partNumber=3"))
        return (http_reply){.status = 200};
    return good_parts(s, r, (http_reply){.status = 200, .body = COMPLETED});
}

static http_reply no_id(scene *s, const http_request *r)
{
    if (is(r, "POST", "uploads"))
        return (http_reply){.status = 200, .body = "<InitiateMultipartUploadResult/>"};
    return good_parts(s, r, (http_reply){.status = 200, .body = COMPLETED});
}

static void ends_of_uploads(void **state)
{
    static const struct {
        http_reply (*fn)(scene *, const http_request *);
        zagg_status want;
        const char *says;
        int asked, aborted;
    } CASES[] = {
        {lost_end, ZAGG_OK, NULL, 2, 0},
        {foreign_end, ZAGG_ENOTFOUND, "NoSuchUpload", 2, 1},
        {late_error, ZAGG_OK, NULL, 2, 0},
        {lasting_error, ZAGG_EHTTP, "too small", 1, 1},
        {no_etag, ZAGG_EHTTP, "gave no ETag", 0, 1},
        {no_id, ZAGG_EFORMAT, "gave no id", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        for (int as_stream = 0; as_stream < 2; as_stream++) {
            scene s;
            zagg_status status;
            scene_begin(&s, CASES[i].fn);
            if (as_stream) {
                zagg_sink_stream *stream = NULL;
                EXPECT(&s.t,
                       zg_sink_stream_begin_direct(s.t.sink, "k", &stream, &s.t.err),
                       ZAGG_OK);
                status = zagg_sink_stream_add(stream, DATA, 28, &s.t.err);
                if (status == ZAGG_OK)
                    status = zagg_sink_stream_commit(stream, &s.t.err);
                else
                    zagg_sink_stream_abandon(stream);
            } else {
                status = zagg_sink_put(s.t.sink, "k", DATA, 28, &s.t.err);
            }
            if (status != CASES[i].want)
                fail_msg("case %zu: %s: %s", i, zagg_status_name(status), s.t.err.msg);
            if (CASES[i].says)
                assert_contains(s.t.err.msg, CASES[i].says);
            assert_int_equal(s.n[ASKED_END], CASES[i].asked);
            assert_int_equal(s.n[ABORTED], CASES[i].aborted);
            scene_end(&s);
        }
}

/* ---- conditional puts ---- */

enum { PUTS };

/* Put, and the answer lost; the next one is refused, as something is there. */
static http_reply lost_put(scene *s, const http_request *r)
{
    if (is(r, "PUT", "/k")) {
        assert_non_null(http_request_header(r, "If-None-Match"));
        if (s->n[PUTS]++ == 0) {
            keep_mark(s, r);
            return (http_reply){.status = 0, .ending = HTTP_RESET};
        }
        return (http_reply){.status = 412};
    }
    return (http_reply){.status = 200, .headers = s->mark, .body = "mine"};
}

/* The same from a server that keeps no metadata. */
static http_reply lost_put_bare(scene *s, const http_request *r)
{
    if (is(r, "PUT", "/k"))
        return lost_put(s, r);
    return (http_reply){.status = 200, .headers = "ETag: \"e\"\r\n", .body = "mine"};
}

static http_reply lost_race(scene *s, const http_request *r)
{
    if (is(r, "PUT", "/k"))
        return lost_put(s, r);
    return (http_reply){.status = 200, .headers = "ETag: \"e\"\r\n", .body = "your"};
}

/* The same bytes of somebody else: refused at once. */
static http_reply same_bytes(scene *s, const http_request *r)
{
    (void)s;
    return is(r, "PUT", "/k") ? (http_reply){.status = 412}
                              : (http_reply){.status = 200,
                                             .headers = "ETag: \"e\"\r\n",
                                             .body = "mine"};
}

static http_reply conflict_once(scene *s, const http_request *r)
{
    (void)r;
    return s->n[PUTS]++ == 0 ? (http_reply){.status = 409}
                             : (http_reply){.status = 200, .headers = "ETag: \"e\"\r\n"};
}

static http_reply conflict_always(scene *s, const http_request *r)
{
    (void)s;
    (void)r;
    return (http_reply){.status = 409};
}

static http_reply not_implemented(scene *s, const http_request *r)
{
    (void)s;
    (void)r;
    return (http_reply){.status = 501};
}

static void conditional_puts(void **state)
{
    static const struct {
        http_reply (*fn)(scene *, const http_request *);
        zagg_status want;
    } CASES[] = {{lost_put, ZAGG_OK},
                 {lost_put_bare, ZAGG_OK},
                 {lost_race, ZAGG_EEXISTS},
                 {same_bytes, ZAGG_EEXISTS},
                 {conflict_once, ZAGG_OK},
                 {conflict_always, ZAGG_EEXISTS},
                 {not_implemented, ZAGG_EUNSUPPORTED}};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        scene s;
        scene_begin(&s, CASES[i].fn);
        const zagg_status status = zagg_sink_put_new(s.t.sink, "k", "mine", 4, &s.t.err);
        if (status != CASES[i].want)
            fail_msg("case %zu: %s: %s", i, zagg_status_name(status), s.t.err.msg);
        scene_end(&s);
    }
}

static http_reply aged(scene *s, const http_request *r)
{
    (void)s;
    (void)r;
    return (http_reply){.status = 200,
                        .headers =
                            "ETag: \"e\"\r\nDate: Fri, 27 Nov 2026 08:00:30 GMT\r\n"
                            "Last-Modified: Fri, 27 Nov 2026 07:58:00 GMT\r\n",
                        .body = "x"};
}

static http_reply ageless(scene *s, const http_request *r)
{
    (void)s;
    (void)r;
    return (http_reply){.status = 200, .headers = "ETag: \"e\"\r\n", .body = "x"};
}

static void ages_by_the_servers_clock(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        scene s;
        zg_sink_tag tag;
        void *data = NULL;
        size_t len = 0;
        scene_begin(&s, i == 0 ? aged : ageless);
        EXPECT(&s.t, zg_sink_get_tagged(s.t.sink, "k", 10, &data, &len, &tag, &s.t.err),
               ZAGG_OK);
        assert_true(tag.age_s == (i == 0 ? 150 : -1));
        assert_string_equal(tag.text, "\"e\"");
        zagg_bytes_free(data);
        scene_end(&s);
    }
}

/* ---- removals ---- */

#define THREE                                                                            \
    LIST_HEAD OBJECT("path/to a+b=c/store/d/1", "1")                                     \
        OBJECT("path/to a+b=c/store/d/2", "1") OBJECT("path/to a+b=c/store/d/3", "1")    \
            LIST_TAIL
#define FAILED(key, code)                                                                \
    "<DeleteResult><Error><Key>" key "</Key><Code>" code "</Code><Message>because"       \
    "</Message></Error></DeleteResult>"

static http_reply slow_down_twice(scene *s, const http_request *r)
{
    if (is(r, "GET", "list-type"))
        return (http_reply){.status = 200, .body = THREE};
    return s->n[PUTS]++ < 2
               ? (http_reply){.status = 200, .body = FAILED("d/2", "SlowDown")}
               : (http_reply){.status = 200, .body = "<DeleteResult/>"};
}

static http_reply denied(scene *s, const http_request *r)
{
    if (is(r, "GET", "list-type"))
        return (http_reply){.status = 200, .body = THREE};
    s->n[PUTS]++;
    return (http_reply){.status = 200, .body = FAILED("d/2", "AccessDenied")};
}

static http_reply nonsense(scene *s, const http_request *r)
{
    if (is(r, "GET", "list-type"))
        return (http_reply){.status = 200, .body = THREE};
    s->n[PUTS]++;
    return (http_reply){.status = 200, .body = "<Hello/>"};
}

static void removals(void **state)
{
    static const struct {
        http_reply (*fn)(scene *, const http_request *);
        zagg_status want;
        int sent;
        const char *says;
    } CASES[] = {{slow_down_twice, ZAGG_OK, 3, NULL},
                 {denied, ZAGG_EAUTH, 1, "the first one d/2: AccessDenied: because"},
                 {nonsense, ZAGG_EFORMAT, 1, "no DeleteResult"}};
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        scene s;
        scene_begin(&s, CASES[i].fn);
        const zagg_status status = zagg_sink_delete_prefix(s.t.sink, "d/", &s.t.err);
        if (status != CASES[i].want)
            fail_msg("case %zu: %s: %s", i, zagg_status_name(status), s.t.err.msg);
        assert_int_equal(s.n[PUTS], CASES[i].sent);
        if (CASES[i].says)
            assert_contains(s.t.err.msg, CASES[i].says);
        scene_end(&s);
    }
}

/* ---- sizes, redirects ---- */

static http_reply no_size(scene *s, const http_request *r)
{
    (void)s;
    (void)r;
    return (http_reply){.status = 200, .no_length = true, .ending = HTTP_CLOSE};
}

static http_reply elsewhere(scene *s, const http_request *r)
{
    (void)s;
    (void)r;
    return (http_reply){.status = 307, .headers = "Location: http://127.0.0.1:1/x\r\n"};
}

static void other_nonsense(void **state)
{
    scene s;
    uint64_t size = 0;
    (void)state;
    scene_begin(&s, no_size);
    EXPECT(&s.t, zagg_sink_size(s.t.sink, "k", &size, &s.t.err), ZAGG_EHTTP);
    assert_contains(s.t.err.msg, "does not tell the size of k");
    scene_end(&s);
    scene_begin(&s, elsewhere);
    EXPECT(&s.t, zagg_sink_put(s.t.sink, "k", "x", 1, &s.t.err), ZAGG_EHTTP);
    assert_contains(s.t.err.msg, "leads elsewhere");
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_lists),
        cmocka_unit_test(endless_texts),
        cmocka_unit_test(ends_of_uploads),
        cmocka_unit_test(conditional_puts),
        cmocka_unit_test(ages_by_the_servers_clock),
        cmocka_unit_test(removals),
        cmocka_unit_test(other_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
