/* URLs and their parts, s3:// names, endpoints of services and regions. */
#include "net/creds_parts.h"
#include "net_test.h"

#include <string.h>

static void encoding(void **state)
{
    (void)state;
    zg_str out;
    zg_str_init(&out, 0);
    zg_url_encode(&out, "aZ09-._~/ =+%\xC3\xA9\x01", true);
    assert_string_equal(out.data, "aZ09-._~/%20%3D%2B%25%C3%A9%01");
    out.len = 0;
    zg_url_encode(&out, "a/b", false);
    assert_string_equal(out.data, "a%2Fb");
    out.len = 0;
    zg_url_reencode(&out, "%2f%7e%4a%C3%a9%2%zz%", 21);
    assert_string_equal(out.data, "%2F~J%C3%A9%252%25zz%25");
    out.len = 0;
    zg_url_reencode(&out, "%41", 2); /* no further than it goes */
    assert_string_equal(out.data, "%254");
    zg_str_free(&out);
}

static void split_is(const char *url, const char *host, const char *path,
                     const char *query)
{
    zg_url_parts p;
    assert_true(zg_url_split(url, &p));
    assert_int_equal(p.host_len, strlen(host));
    assert_memory_equal(p.host, host, p.host_len);
    assert_int_equal(p.path_len, strlen(path));
    assert_memory_equal(p.path, path, p.path_len);
    assert_int_equal(p.query_len, strlen(query));
    assert_memory_equal(p.query, query, p.query_len);
}

static void splitting(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "host/path",
                                        "http:/host",
                                        "1http://host",
                                        "http://",
                                        "http:///p",
                                        "http://u@host/p",
                                        "http://u:p@",
                                        "http://ho st",
                                        "http://h/a b",
                                        "http://:80",
                                        "http://h\x7f/",
                                        "http://[::1",
                                        "http://[::1]a",
                                        "http://[]",
                                        "http://h:8x",
                                        "http://h:123456",
                                        "http://h:1:2",
                                        "http://a[b]",
                                        "://host",
                                        "http://h\\a",
                                        "ht tp://h"};
    zg_url_parts p;
    split_is("http://h", "h", "", "");
    split_is("https://h:8/a/b?c=d&e#f?g", "h:8", "/a/b", "c=d&e");
    split_is("s3+x.-://h?q/r", "h", "", "q/r");
    split_is("http://[::1]:80#x", "[::1]:80", "", "");
    split_is("http://h/a?", "h", "/a", "");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (zg_url_split(wrong[i], &p))
            fail_msg("'%s' was split", wrong[i]);
}

static void s3_is(const char *url, bool prefix, const char *bucket, const char *key)
{
    char *b = NULL, *k = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_s3_split(url, prefix, &b, &k, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(b, bucket);
    assert_string_equal(k, key);
    zg_free(b);
    zg_free(k);
}

static void s3_names(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "s3://",          "s3://ab/k",      "s3:///k",          "s3://-ab/k",
        "s3://a b c/k",   "s3://bucket",    "s3://bucket/",     "http://bucket/k",
        "s3://buck@et/k", "s3://b?c/k",     "s3://bucket/../k", "s3://bucket/a/./k",
        "s3://bucket/..", "s3://bucket/a/."};
    char *b = NULL, *k = NULL;
    char *longest = zg_alloc(1100, 1);
    zagg_err err = ZAGG_ERR_INIT;
    s3_is("s3://bucket/a/b.h5", false, "bucket", "a/b.h5");
    s3_is("s3://my.Old_bucket-1//a//b c?d#e", false, "my.Old_bucket-1", "/a//b c?d#e");
    s3_is("s3://bucket", true, "bucket", "");
    s3_is("s3://bucket/", true, "bucket", "");
    s3_is("s3://bucket/p/", true, "bucket", "p/");
    s3_is("s3://bucket/a..b/...", false, "bucket", "a..b/...");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (zg_s3_split(wrong[i], false, &b, &k, &err) != ZAGG_ECONFIG)
            fail_msg("'%s' was taken", wrong[i]);
        assert_int_equal(err.status, ZAGG_ECONFIG);
    }
    memcpy(longest, "s3://bucket/", 12);
    memset(longest + 12, 'k', 1024);
    s3_is(longest, false, "bucket", longest + 12);
    longest[12 + 1024] = 'k';
    assert_int_equal(zg_s3_split(longest, false, &b, &k, &err), ZAGG_ECONFIG);
    assert_null(b);
    zg_free(longest);
}

/* ---- endpoints ---- */

static void endpoint_is(const char *service, const char *region, const char *given,
                        const char *want, bool want_custom)
{
    char *url = NULL;
    bool custom = !want_custom;
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_aws_endpoint(service, region, given, &url, &custom, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(url, want);
    assert_int_equal(custom, want_custom);
    zg_free(url);
}

static void endpoints(void **state)
{
    (void)state;
    endpoint_is("s3", "us-west-2", NULL, "https://s3.us-west-2.amazonaws.com", false);
    endpoint_is("lambda", "eu-west-1", NULL, "https://lambda.eu-west-1.amazonaws.com",
                false);
    endpoint_is("sts", "us-east-1", NULL, "https://sts.us-east-1.amazonaws.com", false);
    endpoint_is("monitoring", "us-east-1", NULL,
                "https://monitoring.us-east-1.amazonaws.com", false);
    endpoint_is("cloudformation", "cn-north-1", NULL,
                "https://cloudformation.cn-north-1.amazonaws.com.cn", false);
    net_file(".aws/config", "[profile work]\n"
                            "services = here\n"
                            "endpoint_url = http://profile:1/\n"
                            "[services here]\n"
                            "s3 =\n"
                            "  endpoint_url = http://profile-s3:2\n"
                            "  other = x\n"
                            "cloudwatch =\n"
                            "  endpoint_url = http://profile-cw:3\n");
    endpoint_is("s3", "r", NULL, "https://s3.r.amazonaws.com", false);
    net_set("AWS_PROFILE", "work");
    endpoint_is("s3", "r", NULL, "http://profile-s3:2", true);
    endpoint_is("monitoring", "r", NULL, "http://profile-cw:3", true);
    endpoint_is("lambda", "r", NULL, "http://profile:1", true);
    net_set("AWS_ENDPOINT_URL", "http://all:4//");
    endpoint_is("s3", "r", NULL, "http://all:4", true);
    net_set("AWS_ENDPOINT_URL_S3", "HTTPS://one:5/below/");
    net_set("AWS_ENDPOINT_URL_CLOUDWATCH", "http://cw:6");
    endpoint_is("s3", "r", "", "HTTPS://one:5/below", true);
    endpoint_is("monitoring", "r", NULL, "http://cw:6", true);
    endpoint_is("sts", "r", NULL, "http://all:4", true);
    endpoint_is("s3", "r", "http://asked", "http://asked", true);
    net_set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "True");
    endpoint_is("s3", "r", NULL, "https://s3.r.amazonaws.com", false);
    endpoint_is("s3", "r", "http://asked", "http://asked", true);
}

static void wrong_endpoints(void **state)
{
    (void)state;
    static const char *const wrong[] = {"here",
                                        "ftp://h",
                                        "http://",
                                        "http://h?",
                                        "http://h?token=1",
                                        "http://h/#x",
                                        "http://h ",
                                        "http://" SECRET "@h"};
    char *url = NULL;
    bool custom;
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        net_set("AWS_ENDPOINT_URL_S3", wrong[i]);
        const zagg_status status = zg_aws_endpoint("s3", "r", NULL, &url, &custom, &err);
        assert_error(status, &err, ZAGG_ECONFIG, "AWS_ENDPOINT_URL_S3");
    }
    net_set("AWS_ENDPOINT_URL_S3", NULL);
    assert_int_equal(zg_aws_endpoint("ec2", "r", NULL, &url, &custom, &err), ZAGG_EARG);
    assert_null(url);
}

/* ---- regions ---- */

static void region_is(const char *asked, const char *want)
{
    char *region = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_aws_region(asked, &region, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_string_equal(region, want);
    zg_free(region);
}

static void regions(void **state)
{
    (void)state;
    char *region = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    region_is(NULL, "us-west-2");
    net_file(".aws/config",
             "[default]\nregion = eu-central-1\n[profile b]\nregion=b-1\n");
    region_is(NULL, "eu-central-1");
    net_set("AWS_PROFILE", "b");
    region_is(NULL, "b-1");
    net_set("AWS_DEFAULT_REGION", "c-1");
    region_is("", "c-1");
    net_set("AWS_REGION", "d-1");
    region_is(NULL, "d-1");
    region_is("e-1", "e-1");
    assert_error(zg_aws_region("us west", &region, &err), &err, ZAGG_ECONFIG, "us west");
    net_set("AWS_REGION", "evil.com/");
    assert_error(zg_aws_region(NULL, &region, &err), &err, ZAGG_ECONFIG, "AWS_REGION");
    net_set("AWS_REGION", NULL);
    net_set("AWS_DEFAULT_REGION", NULL);
    net_file(".aws/config", "[default]\nregion = us-west-2\nhelp\n");
    assert_error(zg_aws_region(NULL, &region, &err), &err, ZAGG_ECONFIG,
                 ".aws/config: line 3");
    assert_null(region);
    net_set("HOME", NULL);
    region_is(NULL, "us-west-2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoding), cmocka_unit_test(splitting),
        cmocka_unit_test(s3_names), NET_TEST(endpoints),
        NET_TEST(wrong_endpoints),  NET_TEST(regions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
