/* Signatures: the examples of AWS's documentation and of its test suite, and what else a
 * canonical request is made of. */
#include "net/sign.h"

#include "support/support.h"

#include <string.h>

static zg_aws_keys doc_keys = {.access_key = (char *)"AKIAIOSFODNN7EXAMPLE",
                               .secret_key =
                                   (char *)"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
static zg_aws_keys suite_keys = {.access_key = (char *)"AKIDEXAMPLE",
                                 .secret_key =
                                     (char *)"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};

enum { DOC_TIME = 1369353600 /* 2013-05-24T00:00:00Z */ };
enum { SUITE_TIME = 1440938160 /* 2015-08-30T12:36:00Z */ };

typedef struct texts {
    char *canonical, *to_sign, *authorization;
} texts;

static texts sign(const zg_sign_request *r)
{
    texts t = {0};
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_sign_v4_texts(r, &t.canonical, &t.to_sign, &t.authorization, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return t;
}

static void texts_free(texts *t)
{
    zg_free(t->canonical);
    zg_free(t->to_sign);
    zg_free(t->authorization);
}

static void assert_signature(const texts *t, const char *signature)
{
    const char *at = strstr(t->authorization, "Signature=");
    assert_non_null(at);
    if (strcmp(at + 10, signature) != 0)
        fail_msg("%s, not %s, of\n%s", at + 10, signature, t->canonical);
}

static zg_sign_request doc_request(const char *url)
{
    return (zg_sign_request){.method = "GET",
                             .url = url,
                             .service = "s3",
                             .region = "us-east-1",
                             .keys = &doc_keys,
                             .now = DOC_TIME};
}

static zg_sign_request suite_request(const char *url)
{
    return (zg_sign_request){.method = "GET",
                             .url = url,
                             .service = "service",
                             .region = "us-east-1",
                             .keys = &suite_keys,
                             .now = SUITE_TIME};
}

/* ---- AWS documentation, "Signature calculations for the Authorization header" ---- */

static void s3_get_range(void **state)
{
    (void)state;
    zg_headers headers = {0};
    zg_headers_add(&headers, "Range", "bytes=0-9");
    zg_sign_request r = doc_request("https://examplebucket.s3.amazonaws.com/test.txt");
    r.headers = &headers;
    texts t = sign(&r);
    assert_signature(&t,
                     "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    assert_non_null(strstr(t.authorization,
                           "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "));
    texts_free(&t);
    zg_headers_free(&headers);
}

static void s3_put(void **state)
{
    (void)state;
    zg_headers headers = {0};
    char hash[65];
    zg_sha256_hex("Welcome to Amazon S3.", 21, hash);
    zg_headers_add(&headers, "Date", "Fri, 24 May 2013 00:00:00 GMT");
    zg_headers_add(&headers, "x-amz-storage-class", "REDUCED_REDUNDANCY");
    zg_sign_request r =
        doc_request("https://examplebucket.s3.amazonaws.com/test%24file.text");
    r.method = "PUT";
    r.headers = &headers;
    r.payload_sha256 = hash;
    texts t = sign(&r);
    assert_signature(&t,
                     "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
    texts_free(&t);
    zg_headers_free(&headers);
}

static void s3_lifecycle_and_list(void **state)
{
    (void)state;
    zg_sign_request r = doc_request("https://examplebucket.s3.amazonaws.com/?lifecycle");
    texts t = sign(&r);
    assert_signature(&t,
                     "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    texts_free(&t);
    r.url = "https://examplebucket.s3.amazonaws.com?prefix=J&max-keys=2";
    t = sign(&r);
    assert_signature(&t,
                     "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
    texts_free(&t);
}

/* ---- AWS's test suite of the signature ---- */

static void suite_paths_and_queries(void **state)
{
    (void)state;
    static const struct {
        const char *method, *rest, *signature;
    } cases[] = {
        {"GET", "/", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"POST", "/", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
        {"GET", "/?Param2=value2&Param1=value1",
         "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
        {"GET", "/\xE1\x88\xB4",
         "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
        {"GET", "/?\xE1\x88\xB4=bar",
         "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
        {"GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
         "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
        {"GET", "//example//",
         "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
        /* These come out as "/". */
        {"GET", "//", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"GET", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"GET", "/./",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"GET", "/example/..",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"GET", "/example1/example2/../..",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
        {"GET", "/../../",
         "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char url[256] = "https://example.amazonaws.com";
        memcpy(url + strlen(url), cases[i].rest, strlen(cases[i].rest) + 1);
        zg_sign_request r = suite_request(url);
        r.method = cases[i].method;
        texts t = sign(&r);
        assert_signature(&t, cases[i].signature);
        texts_free(&t);
    }
}

static void suite_headers(void **state)
{
    (void)state;
    zg_headers headers = {0};
    zg_sign_request r = suite_request("https://example.amazonaws.com/");
    r.headers = &headers;
    zg_headers_add(&headers, "My-Header1", " value1");
    zg_headers_add(&headers, "My-Header2", " \"a   b   c\"");
    texts t = sign(&r);
    assert_non_null(strstr(t.canonical, "\nmy-header2:\"a b c\"\n"));
    assert_signature(&t,
                     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
    texts_free(&t);
    zg_headers_free(&headers);
    zg_headers_add(&headers, "My-Header1", "value2");
    zg_headers_add(&headers, "my-header1", "value2");
    zg_headers_add(&headers, "My-Header1", "value1");
    t = sign(&r);
    assert_non_null(strstr(t.canonical, "\nmy-header1:value2,value2,value1\n"));
    assert_signature(&t,
                     "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea");
    texts_free(&t);
    zg_headers_free(&headers);
}

/* ---- what the examples do not show ---- */

static void canonical_is(const char *url, const char *service, const char *begin)
{
    zg_sign_request r = suite_request(url);
    r.service = service;
    texts t = sign(&r);
    if (strncmp(t.canonical, begin, strlen(begin)) != 0)
        fail_msg("%s: %s", url, t.canonical);
    texts_free(&t);
}

static void paths(void **state)
{
    (void)state;
    /* As it is sent, or encoded once more. */
    canonical_is("https://h/a//b/./c%3D1", "s3", "GET\n/a//b/./c%3D1\n\nhost:h\n");
    canonical_is("https://h/a%3Ab", "lambda", "GET\n/a%253Ab\n\nhost:h\n");
    canonical_is("https://h/a/b/", "lambda", "GET\n/a/b/\n\n");
    canonical_is("https://h#part", "s3", "GET\n/\n\nhost:h\n");
}

static void queries(void **state)
{
    (void)state;
    /* "a" sorts before "a-b" and "a0", although '=' sorts behind both. */
    canonical_is("https://h/?a0=1&a=2&a-b=3&a=1", "s3", "GET\n/\na=1&a=2&a-b=3&a0=1\n");
    canonical_is("https://h/?uploads", "s3", "GET\n/\nuploads=\n");
    canonical_is("https://h/?&b=x%2fy&&a=%7e+%zz&", "s3",
                 "GET\n/\na=~%2B%25zz&b=x%2Fy\n");
    canonical_is("https://h/?k=a=b", "s3", "GET\n/\nk=a%3Db\n");
}

static void hosts(void **state)
{
    (void)state;
    canonical_is("https://h:443/", "s3", "GET\n/\n\nhost:h\n");
    canonical_is("http://h:80/", "s3", "GET\n/\n\nhost:h\n");
    canonical_is("http://h:443/", "s3", "GET\n/\n\nhost:h:443\n");
    canonical_is("http://127.0.0.1:8080/", "s3", "GET\n/\n\nhost:127.0.0.1:8080\n");
    canonical_is("http://[::1]:80/", "s3", "GET\n/\n\nhost:[::1]\n");
}

static void headers_that_are_added(void **state)
{
    (void)state;
    zg_headers given = {0}, add = {0};
    zg_aws_keys keys = suite_keys;
    keys.token = (char *)"TOKEN/+=";
    zg_sign_request r = doc_request("https://b.s3.amazonaws.com/k");
    r.keys = &keys;
    r.headers = &given;
    zg_headers_add(&given, "User-Agent", "zagg");
    zg_headers_add(&given, "x-amz-acl", "private");
    assert_int_equal(zg_sign_v4(&r, &add, NULL), ZAGG_OK);
    assert_string_equal(zg_headers_get(&add, "x-amz-date"), "20130524T000000Z");
    assert_string_equal(zg_headers_get(&add, "x-amz-security-token"), "TOKEN/+=");
    assert_string_equal(
        zg_headers_get(&add, "x-amz-content-sha256"),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_non_null(strstr(zg_headers_get(&add, "authorization"),
                           "SignedHeaders=host;x-amz-acl;x-amz-content-sha256;x-amz-date;"
                           "x-amz-security-token, "));
    assert_int_equal(add.lines.len, 4);
    zg_headers_free(&add);
    /* A hash that is given is used, and not sent twice. */
    zg_headers_add(&given, "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
    texts t = sign(&r);
    const size_t n = strlen(t.canonical);
    assert_string_equal(t.canonical + n - 16, "UNSIGNED-PAYLOAD");
    texts_free(&t);
    assert_int_equal(zg_sign_v4(&r, &add, NULL), ZAGG_OK);
    assert_null(zg_headers_get(&add, "x-amz-content-sha256"));
    zg_headers_free(&add);
    /* Other services have no such header; nobody's keys sign nothing. */
    zg_headers_free(&given);
    r.service = "lambda";
    assert_int_equal(zg_sign_v4(&r, &add, NULL), ZAGG_OK);
    assert_null(zg_headers_get(&add, "x-amz-content-sha256"));
    zg_headers_free(&add);
    const zg_aws_keys none = {0};
    r.keys = &none;
    assert_int_equal(zg_sign_v4(&r, &add, NULL), ZAGG_OK);
    assert_int_equal(add.lines.len, 0);
}

static void refused(void **state)
{
    (void)state;
    static const char *const urls[] = {"",          "h/a",          "https://",
                                       "https:///", "https://u@h/", "https://h /",
                                       "://h/",     "https://h/a b"};
    zagg_err err = ZAGG_ERR_INIT;
    zg_headers add = {0};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        zg_sign_request r = suite_request(urls[i]);
        assert_int_equal(zg_sign_v4(&r, &add, &err), ZAGG_EARG);
        assert_int_equal(add.lines.len, 0);
    }
    /* More than a request ever has. */
    zg_str many;
    zg_str_init(&many, 0);
    zg_str_add(&many, "https://h/?");
    for (size_t i = 0; i < 300; i++)
        zg_str_add(&many, "a=b&");
    zg_sign_request r = suite_request(many.data);
    assert_int_equal(zg_sign_v4(&r, &add, &err), ZAGG_ERANGE);
    for (size_t i = 0; i < 20000; i++)
        zg_str_add(&many, "a=b&");
    r.url = many.data;
    assert_int_equal(zg_sign_v4(&r, &add, &err), ZAGG_EARG);
    zg_str_free(&many);
    r = suite_request("https://h/");
    r.now = (time_t)1 << 60;
    assert_int_equal(zg_sign_v4(&r, &add, &err), ZAGG_EARG);
    const zg_aws_keys half = {.access_key = (char *)"A"};
    r = suite_request("https://h/");
    r.keys = &half;
    assert_int_equal(zg_sign_v4(&r, &add, &err), ZAGG_EARG);
    assert_int_equal(add.lines.len, 0);
}

/* Whatever allocation fails: an error or a signature, and nothing lost (asan). */
static void memory(void **state)
{
    (void)state;
    zg_headers given = {0};
    zg_headers_add(&given, "x-amz-acl", "private");
    zg_sign_request r = suite_request("https://h/a?b=c&d=e");
    r.headers = &given;
    zagg_status status = ZAGG_ENOMEM;
    for (int64_t nth = 1; status != ZAGG_OK; nth++) {
        zg_headers add = {0};
        zg_alloc_fail_nth(nth);
        status = zg_sign_v4(&r, &add, NULL);
        zg_alloc_fail_nth(0);
        assert_true(status == ZAGG_OK || status == ZAGG_ENOMEM);
        zg_headers_free(&add);
        assert_true(nth < 200);
    }
    zg_headers_free(&given);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s3_get_range),
        cmocka_unit_test(s3_put),
        cmocka_unit_test(s3_lifecycle_and_list),
        cmocka_unit_test(suite_paths_and_queries),
        cmocka_unit_test(suite_headers),
        cmocka_unit_test(paths),
        cmocka_unit_test(queries),
        cmocka_unit_test(hosts),
        cmocka_unit_test(headers_that_are_added),
        cmocka_unit_test(refused),
        cmocka_unit_test(memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
