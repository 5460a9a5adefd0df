/* A bucket: URLs, headers, and how calls to it are signed, signed again, and refused. */
#include "net/creds_parts.h"
#include "net_test.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static zg_creds *keys_named(const char *access, const char *name, long left)
{
    zg_creds *creds = NULL;
    const zg_aws_keys keys = {.access_key = (char *)access,
                              .secret_key = (char *)SECRET,
                              .token = (char *)TOKEN,
                              .expires = left != 0 ? time(NULL) + left : 0};
    assert_int_equal(zg_creds_static_of(&keys, name, &creds, NULL), ZAGG_OK);
    return creds;
}

/* ---- keys that change each time they are asked for ---- */

static zagg_status next_keys(void *user, zg_aws_keys *out, zagg_err *err)
{
    char access[32];
    (void)snprintf(access, sizeof access, "AK%d", ++*(int *)user);
    const zg_aws_keys keys = {.access_key = access,
                              .secret_key = (char *)SECRET,
                              .token = (char *)TOKEN,
                              .expires = time(NULL) + 3600};
    return zg_aws_keys_copy(&keys, out, err);
}

static const char *next_name(void *user)
{
    (void)user;
    return "nsidc (Earthdata)";
}

static void next_free(void *user)
{
    (void)user;
}

static zg_creds *changing_keys(int *count)
{
    static const zg_creds_source source = {
        .fetch = next_keys, .name = next_name, .free = next_free, .renewable = true};
    zg_creds *creds = NULL;
    *count = 0;
    assert_int_equal(zg_creds_of_source(&source, count, "before", &creds, NULL), ZAGG_OK);
    return creds;
}

/* ---- buckets ---- */

static zg_s3 *bucket_at(zg_creds *creds, const char *endpoint, const char *name)
{
    zg_s3 *s3 = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const zg_s3_opts opts = {.http = net_http(),
                             .creds = creds,
                             .bucket = name,
                             .region = "us-west-2",
                             .endpoint = endpoint};
    if (zg_s3_new(&opts, &s3, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return s3;
}

static void url_is(zg_creds *creds, const char *endpoint, const char *name,
                   const char *key, const char *query, const char *want)
{
    zg_s3 *s3 = bucket_at(creds, endpoint, name);
    char *url = NULL;
    assert_int_equal(zg_s3_url(s3, key, query, &url, NULL), ZAGG_OK);
    assert_string_equal(url, want);
    assert_string_equal(zg_s3_bucket(s3), name);
    zg_free(url);
    zg_s3_free(s3);
}

static void urls(void **state)
{
    (void)state;
    int count;
    zg_creds *renewed = changing_keys(&count), *given = keys_named("AK", "FILE", 0);
    url_is(renewed, NULL, "bucket", "a/b c=1/\xC3\xA9+.h5", "",
           "https://bucket.s3.us-west-2.amazonaws.com/a/b%20c%3D1/%C3%A9%2B.h5");
    url_is(renewed, NULL, "bucket", "", "list-type=2&prefix=a%2F",
           "https://bucket.s3.us-west-2.amazonaws.com/?list-type=2&prefix=a%2F");
    url_is(renewed, NULL, "buck.et", "k", "",
           "https://s3.us-west-2.amazonaws.com/buck.et/k");
    url_is(renewed, NULL, "Old_Bucket", "k", "",
           "https://s3.us-west-2.amazonaws.com/Old_Bucket/k");
    url_is(given, NULL, "bucket", "k", "", "https://s3.us-west-2.amazonaws.com/bucket/k");
    url_is(renewed, "http://h:1/below", "bucket", "k?#", "",
           "http://h:1/below/bucket/k%3F%23");
    url_is(renewed, "http://h:1", "bucket", "", "uploads", "http://h:1/bucket?uploads");
    url_is(renewed, "http://h:1", "bucket", "//a//b", "", "http://h:1/bucket///a//b");
    net_set("ZAGG_S3_ADDRESSING", "virtual");
    url_is(given, "http://h:1", "bucket", "k", "", "http://bucket.h:1/k");
    net_set("ZAGG_S3_ADDRESSING", "path");
    url_is(renewed, NULL, "bucket", "k", "",
           "https://s3.us-west-2.amazonaws.com/bucket/k");
    net_set("ZAGG_S3_ADDRESSING", NULL);
    net_set("AWS_ENDPOINT_URL_S3", "http://env:2/");
    url_is(renewed, NULL, "bucket", "k", "", "http://env:2/bucket/k");
    net_set("ZAGG_S3_ADDRESSING", "both");
    zg_s3 *s3 = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const zg_s3_opts opts = {
        .http = net_http(), .creds = given, .bucket = "bucket", .region = "us-west-2"};
    assert_error(zg_s3_new(&opts, &s3, &err), &err, ZAGG_ECONFIG, "ZAGG_S3_ADDRESSING");
    zg_creds_free(renewed);
    zg_creds_free(given);
}

static void headers(void **state)
{
    (void)state;
    zg_creds *creds = keys_named("AK", "FILE", 0);
    zg_headers put = {0}, common = {0};
    zg_s3 *s3 = NULL;
    zg_s3_opts opts = {.http = net_http(),
                       .creds = creds,
                       .bucket = "bucket",
                       .region = "r",
                       .requester_pays = true,
                       .acl = "bucket-owner-full-control",
                       .sse = "aws:kms",
                       .sse_kms_key = "key"};
    assert_int_equal(zg_s3_new(&opts, &s3, NULL), ZAGG_OK);
    zg_s3_put_headers(s3, &put);
    zg_s3_common_headers(s3, &common);
    assert_string_equal(zg_headers_get(&put, "x-amz-acl"), "bucket-owner-full-control");
    assert_string_equal(zg_headers_get(&put, "x-amz-server-side-encryption"), "aws:kms");
    assert_string_equal(
        zg_headers_get(&put, "x-amz-server-side-encryption-aws-kms-key-id"), "key");
    assert_int_equal(put.lines.len, 3);
    assert_string_equal(zg_headers_get(&common, "x-amz-request-payer"), "requester");
    zg_headers_free(&put);
    zg_headers_free(&common);
    zg_s3_free(s3);
    opts = (zg_s3_opts){
        .http = net_http(), .creds = creds, .bucket = "bucket", .region = "r"};
    assert_int_equal(zg_s3_new(&opts, &s3, NULL), ZAGG_OK);
    zg_s3_put_headers(s3, &put);
    zg_s3_common_headers(s3, &put);
    assert_int_equal(put.lines.len, 0);
    zg_s3_free(s3);
    zg_s3_free(NULL);
    zg_creds_free(creds);
}

/* ---- a scene: a server, a bucket, one call after the other ---- */

typedef struct scene {
    http_script *server;
    zg_creds *creds;
    zg_s3 *s3;
    zagg_err err;
} scene;

static scene scene_of(const http_reply *replies, size_t n, zg_creds *creds)
{
    scene s = {.server = http_script_start(replies, n), .creds = creds};
    s.s3 = bucket_at(creds, http_script_url(s.server, ""), "bucket");
    return s;
}

static void scene_end(scene *s)
{
    zg_s3_free(s->s3);
    zg_creds_free(s->creds);
    http_script_stop(s->server);
}

static zagg_status call_as(scene *s, const char *method, const char *body)
{
    char *url = NULL;
    memset(&s->err, 0, sizeof s->err);
    assert_int_equal(zg_s3_url(s->s3, "a/k=1", "", &url, NULL), ZAGG_OK);
    zg_call call = {.method = method,
                    .url = url,
                    .body = body,
                    .body_len = body != NULL ? strlen(body) : 0};
    zg_headers_add(&call.headers, "x-amz-acl", "private");
    zg_s3_sign_calls(s->s3, &call, 1);
    const zagg_status status = zg_http_send(net_http(), &call, 1, &s->err);
    zg_call_free(&call);
    zg_free(url);
    return status;
}

static void call_fails(scene *s, zagg_status want, const char *words)
{
    const zagg_status status = call_as(s, "GET", NULL);
    assert_error(status, &s->err, want, words);
}

static void signed_by(scene *s, size_t nth, const char *access, const char *region)
{
    char want[100];
    const char *value =
        http_request_header(http_script_request(s->server, nth), "Authorization");
    assert_non_null(value);
    (void)snprintf(want, sizeof want, "Credential=%s/", access);
    assert_non_null(strstr(value, want));
    (void)snprintf(want, sizeof want, "/%s/s3/aws4_request", region);
    if (strstr(value, want) == NULL)
        fail_msg("%s is not in %s", want, value);
}

static const char *error_of(const char *code, const char *more)
{
    static char texts[16][400];
    static size_t next;
    char *text = texts[next++ % 16];
    (void)snprintf(text, 400,
                   "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>because</"
                   "Message>%s</Error>",
                   code, more);
    return text;
}

/* What a server would compute from what came. */
static void assert_signature_holds(const http_request *q, const http_script *server)
{
    const char *given = http_request_header(q, "Authorization");
    char *canonical = NULL, *to_sign = NULL, *authorization = NULL, copy[1024];
    zg_headers headers = {0};
    time_t now = 0;
    char moment[32];
    const zg_aws_keys keys = {
        .access_key = (char *)"AK", .secret_key = (char *)SECRET, .token = (char *)TOKEN};
    (void)snprintf(copy, sizeof copy, "%s", given);
    const char *date = http_request_header(q, "x-amz-date");
    (void)snprintf(moment, sizeof moment, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", date,
                   date + 4, date + 6, date + 9, date + 11, date + 13);
    assert_true(zg_time_parse(moment, &now));
    zg_headers_add(&headers, "x-amz-acl", http_request_header(q, "x-amz-acl"));
    char hash[65];
    zg_sha256_hex(q->body, q->body_len, hash);
    assert_string_equal(http_request_header(q, "x-amz-content-sha256"), hash);
    const zg_sign_request request = {.method = q->method,
                                     .url = http_script_url(server, q->target),
                                     .service = "s3",
                                     .region = "us-west-2",
                                     .headers = &headers,
                                     .payload_sha256 = hash,
                                     .keys = &keys,
                                     .now = now};
    assert_int_equal(
        zg_sign_v4_texts(&request, &canonical, &to_sign, &authorization, NULL), ZAGG_OK);
    assert_string_equal(copy, authorization);
    zg_headers_free(&headers);
    zg_free(canonical);
    zg_free(to_sign);
    zg_free(authorization);
}

static void each_attempt_is_signed(void **state)
{
    (void)state;
    const http_reply replies[] = {{.status = 503}, {.status = 200}, {.status = 200}};
    scene s = scene_of(replies, 3, keys_named("AK", "FILE", 0));
    assert_int_equal(call_as(&s, "PUT", "some bytes"), ZAGG_OK);
    assert_int_equal(call_as(&s, "GET", NULL), ZAGG_OK);
    for (size_t i = 0; i < 3; i++) {
        const http_request *q = http_script_request(s.server, i);
        assert_string_equal(q->target, "/bucket/a/k%3D1");
        assert_string_equal(http_request_header(q, "x-amz-security-token"), TOKEN);
        assert_signature_holds(q, s.server);
    }
    scene_end(&s);
}

static void hash_that_is_known(void **state)
{
    (void)state;
    static const char hash[] =
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const http_reply replies[] = {{.status = 200}};
    scene s = scene_of(replies, 1, keys_named("AK", "FILE", 0));
    zg_call call = {.method = "PUT", .body = "x", .body_len = 1};
    char *url = NULL;
    assert_int_equal(zg_s3_url(s.s3, "k", "", &url, NULL), ZAGG_OK);
    call.url = url;
    zg_s3_sign_call_hashed(s.s3, &call, hash);
    assert_int_equal(zg_http_send(net_http(), &call, 1, &s.err), ZAGG_OK);
    const http_request *q = http_script_request(s.server, 0);
    const char *first = strstr(q->headers, hash);
    assert_non_null(first);
    assert_null(strstr(first + 1, hash));
    zg_call_free(&call);
    zg_free(url);
    scene_end(&s);
}

static void nobody_signs(void **state)
{
    (void)state;
    zg_creds *creds = NULL;
    const http_reply replies[] = {{.status = 200},
                                  {.status = 403, .body = error_of("AccessDenied", "")}};
    assert_int_equal(zg_creds_anonymous(&creds, NULL), ZAGG_OK);
    scene s = scene_of(replies, 2, creds);
    assert_int_equal(call_as(&s, "GET", NULL), ZAGG_OK);
    const http_request *q = http_script_request(s.server, 0);
    assert_null(http_request_header(q, "Authorization"));
    assert_null(http_request_header(q, "x-amz-date"));
    call_fails(&s, ZAGG_EAUTH,
               "AccessDenied: because (keys: anonymous): the bucket is not open to "
               "everyone: keys are needed");
    scene_end(&s);
}

/* ---- keys that have ended ---- */

static void keys_are_renewed(void **state)
{
    (void)state;
    int count;
    const http_reply replies[] = {{.status = 400, .body = error_of("ExpiredToken", "")},
                                  {.status = 200},
                                  {.status = 200},
                                  {.status = 403, .body = error_of("AccessDenied", "")}};
    scene s = scene_of(replies, 4, changing_keys(&count));
    assert_int_equal(call_as(&s, "GET", NULL), ZAGG_OK);
    assert_int_equal(call_as(&s, "GET", NULL), ZAGG_OK);
    assert_int_equal(count, 2);
    signed_by(&s, 0, "AK1", "us-west-2");
    signed_by(&s, 1, "AK2", "us-west-2");
    signed_by(&s, 2, "AK2", "us-west-2");
    call_fails(&s, ZAGG_EAUTH,
               "(keys: nsidc (Earthdata)): these keys read only the buckets of this "
               "DAAC, and only from inside AWS's region us-west-2");
    scene_end(&s);
}

static void refused_again_and_again(void **state)
{
    (void)state;
    int count;
    const http_reply replies[] = {{.status = 400, .body = error_of("InvalidToken", "")}};
    scene s = scene_of(replies, 1, changing_keys(&count));
    call_fails(&s, ZAGG_EAUTH,
               "InvalidToken: because (keys: nsidc (Earthdata)): the session token is "
               "not that of these keys");
    assert_in_range(http_script_requests(s.server), 2, 3);
    assert_int_equal(count, 2);
    scene_end(&s);
}

/* Keys of a file cannot be renewed: told at once, with their end. */
static void given_keys_have_ended(void **state)
{
    (void)state;
    const http_reply replies[] = {{.status = 403}, {.status = 400}};
    scene s = scene_of(replies, 1, keys_named("AK", "file keys.json", -3600));
    char words[100];
    (void)snprintf(words, sizeof words, "(keys: file keys.json): they ended at %.13s",
                   net_time(-3600));
    call_fails(&s, ZAGG_EAUTH, words);
    assert_int_equal(http_script_requests(s.server), 1);
    scene_end(&s);
}

/* A call that was signed with the keys before those that another call got. */
typedef struct overlap {
    pthread_mutex_t lock;
    pthread_cond_t news;
    int waiting;
} overlap;

/* The first two requests are answered together, and refused. */
static http_reply refuse_two(void *user, size_t nth, const http_request *q)
{
    overlap *o = user;
    (void)q;
    if (nth >= 2)
        return (http_reply){.status = 200};
    (void)pthread_mutex_lock(&o->lock);
    o->waiting++;
    (void)pthread_cond_broadcast(&o->news);
    while (o->waiting < 2)
        (void)pthread_cond_wait(&o->news, &o->lock);
    (void)pthread_mutex_unlock(&o->lock);
    return (http_reply){.status = 400,
                        .body = "<Error><Code>ExpiredToken</Code></Error>"};
}

static void *one_call(void *user)
{
    scene *s = user, own = *s;
    return call_as(&own, "GET", NULL) == ZAGG_OK ? user : NULL;
}

static void two_calls_one_renewal(void **state)
{
    (void)state;
    int count;
    overlap o = {.waiting = 0};
    pthread_t threads[2];
    void *ok;
    assert_int_equal(pthread_mutex_init(&o.lock, NULL), 0);
    assert_int_equal(pthread_cond_init(&o.news, NULL), 0);
    scene s = {.server = http_script_start_with(refuse_two, &o),
               .creds = changing_keys(&count)};
    s.s3 = bucket_at(s.creds, http_script_url(s.server, ""), "bucket");
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, one_call, &s), 0);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], &ok), 0);
        assert_non_null(ok);
    }
    assert_int_equal(count, 2);
    assert_int_equal(http_script_requests(s.server), 4);
    scene_end(&s);
}

/* ---- another region ---- */

static void region_of_header(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.status = 301,
         .headers = "x-amz-bucket-region: eu-central-1\r\n",
         .body = error_of("PermanentRedirect", "<Endpoint>x</Endpoint>")},
        {.status = 200},
        {.status = 200},
        {.status = 301,
         .headers = "x-amz-bucket-region: eu-central-1\r\n",
         .body = error_of("PermanentRedirect", "")}};
    scene s = scene_of(replies, 4, keys_named("AK", "FILE", 0));
    assert_int_equal(call_as(&s, "GET", NULL), ZAGG_OK);
    assert_int_equal(call_as(&s, "GET", NULL), ZAGG_OK);
    signed_by(&s, 0, "AK", "us-west-2");
    signed_by(&s, 1, "AK", "eu-central-1");
    signed_by(&s, 2, "AK", "eu-central-1");
    /* The region it goes to already: an end, not a circle. */
    call_fails(&s, ZAGG_EHTTP, "PermanentRedirect");
    assert_in_range(http_script_requests(s.server), 4, 6);
    scene_end(&s);
}

static void region_of_body(void **state)
{
    (void)state;
    int count;
    const http_reply replies[] = {
        {.status = 400,
         .body = error_of("AuthorizationHeaderMalformed", "<Region>us-east-1</Region>")},
        {.status = 400, .body = error_of("ExpiredToken", "")},
        {.status = 200},
        {.status = 400,
         .body = error_of("AuthorizationHeaderMalformed", "<Region>evil.com/</Region>")}};
    scene s = scene_of(replies, 4, changing_keys(&count));
    assert_int_equal(call_as(&s, "GET", NULL), ZAGG_OK);
    signed_by(&s, 0, "AK1", "us-west-2");
    signed_by(&s, 1, "AK1", "us-east-1");
    signed_by(&s, 2, "AK2", "us-east-1");
    call_fails(&s, ZAGG_EAUTH, "AuthorizationHeaderMalformed");
    assert_null(strstr(s.err.msg, "evil"));
    scene_end(&s);
}

/* Without an endpoint of its own a bucket moves with its region. */
static void region_moves_the_host(void **state)
{
    (void)state;
    zg_creds *creds = keys_named("AK", "FILE", 0);
    zg_s3 *s3 = bucket_at(creds, NULL, "bucket");
    zg_call call = {.method = "GET",
                    .http_status = 301,
                    .url = "https://s3.us-west-2.amazonaws.com/bucket/a%20b?c=d"};
    zg_headers add = {0};
    char *url = NULL;
    bool again = true;
    zagg_err err = ZAGG_ERR_INIT;
    zg_headers_add(&call.headers, "x-amz-acl", "private");
    zg_headers_add(&call.headers, "If-Match", "x");
    zg_s3_sign_calls(s3, &call, 1);
    assert_int_equal(call.authorize(call.user, &call, 1, &add, &url, &err), ZAGG_OK);
    assert_null(url);
    assert_null(zg_headers_get(&add, "x-amz-acl"));
    zg_headers_free(&add);
    zg_headers_add(&call.out_headers, "x-amz-bucket-region", "eu-west-1");
    assert_int_equal(call.renew(call.user, &call, "", &again, &err), ZAGG_OK);
    assert_true(again);
    assert_int_equal(call.authorize(call.user, &call, 2, &add, &url, &err), ZAGG_OK);
    assert_string_equal(url, "https://s3.eu-west-1.amazonaws.com/bucket/a%20b?c=d");
    /* Headers of the call that go to its own host only are repeated for the other. */
    assert_string_equal(zg_headers_get(&add, "x-amz-acl"), "private");
    assert_null(zg_headers_get(&add, "If-Match"));
    zg_headers_free(&add);
    zg_free(url);
    zg_call_free(&call);
    zg_s3_free(s3);
    zg_creds_free(creds);
}

/* ---- refusals ---- */

static void refusals(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *code, *more, *words;
    } cases[] = {
        {403, "AccessDenied", "", "(keys: FILE): they must be allowed"},
        {403, "InvalidAccessKeyId", "<AWSAccessKeyId>AK</AWSAccessKeyId>",
         "the server does not know this access key"},
        {403, "SignatureDoesNotMatch", "<StringToSign>" SECRET "</StringToSign>",
         "the secret key is not that of the access key"},
        {400, "ExpiredToken", "<Token-0>" TOKEN "</Token-0>",
         "they have ended: get new ones"},
        {400, "AuthorizationHeaderMalformed", "", "perhaps in another region"},
        {401, "Whatever", "", "they must be allowed"},
        {403, "", TOKEN, "they must be allowed"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const http_reply reply = {.status = cases[i].status,
                                  .body = error_of(cases[i].code, cases[i].more)};
        scene s = scene_of(&reply, 1, keys_named("AK", "FILE", 0));
        call_fails(&s, ZAGG_EAUTH, cases[i].words);
        assert_non_null(strstr(s.err.msg, cases[i].code));
        assert_non_null(strstr(s.err.msg, "/bucket/a/k%3D1"));
        assert_int_equal(http_script_requests(s.server), 1);
        scene_end(&s);
    }
    /* What is no matter of keys stays what it was. */
    const http_reply bad = {.status = 400, .body = error_of("EntityTooSmall", "")};
    scene s = scene_of(&bad, 1, keys_named("AK", "FILE", 0));
    call_fails(&s, ZAGG_EHTTP, "EntityTooSmall");
    assert_null(strstr(s.err.msg, "keys"));
    scene_end(&s);
}

static void head_without_a_body(void **state)
{
    (void)state;
    const http_reply reply = {.status = 403};
    scene s = scene_of(&reply, 1, keys_named("AK", "FILE", 0));
    const zagg_status status = call_as(&s, "HEAD", NULL);
    assert_error(status, &s.err, ZAGG_EAUTH, "HTTP 403 (keys: FILE): they must");
    scene_end(&s);
}

static void clocks(void **state)
{
    (void)state;
    static const char *const dates[] = {"Date: Fri, 27 Nov 2020 08:00:00 GMT\r\n",
                                        "Date: Fri, 27 Nov 2099 08:00:00 GMT\r\n",
                                        "Date: now\r\n"};
    static const char *const words[] = {" minutes ahead of the server's: set it",
                                        " minutes behind the server's: set it",
                                        "the clock of this machine is wrong: set it"};
    for (size_t i = 0; i < 3; i++) {
        const http_reply reply = {.status = 403,
                                  .headers = dates[i],
                                  .body = error_of("RequestTimeTooSkewed", "")};
        scene s = scene_of(&reply, 1, keys_named("AK", "FILE", 0));
        call_fails(&s, ZAGG_EAUTH, words[i]);
        scene_end(&s);
    }
}

static zagg_status no_keys(void *user, zg_aws_keys *out, zagg_err *err)
{
    (void)user, (void)out;
    return zagg_err_set(err, ZAGG_EAUTH, "there are none");
}

static void without_keys(void **state)
{
    (void)state;
    static const zg_creds_source source = {
        .fetch = no_keys, .name = next_name, .free = next_free, .renewable = true};
    zg_creds *creds = NULL;
    const http_reply reply = {.status = 200};
    assert_int_equal(zg_creds_of_source(&source, NULL, "none", &creds, NULL), ZAGG_OK);
    scene s = scene_of(&reply, 1, creds);
    call_fails(&s, ZAGG_EAUTH, "keys for s3://bucket: there are none");
    assert_int_equal(http_script_requests(s.server), 0);
    scene_end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(urls),
        NET_TEST(headers),
        NET_TEST(each_attempt_is_signed),
        NET_TEST(hash_that_is_known),
        NET_TEST(nobody_signs),
        NET_TEST(keys_are_renewed),
        NET_TEST(refused_again_and_again),
        NET_TEST(given_keys_have_ended),
        NET_TEST(two_calls_one_renewal),
        NET_TEST(region_of_header),
        NET_TEST(region_of_body),
        NET_TEST(region_moves_the_host),
        NET_TEST(refusals),
        NET_TEST(head_without_a_body),
        NET_TEST(clocks),
        NET_TEST(without_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
