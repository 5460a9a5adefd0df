/* Granules behind URLs: what the first request brings, ranges of one version, the way
 * through redirects, whose keys. */
#include "net/source.h"

#include "net_test.h"
#include "object_script.h"

#include <stdio.h>
#include <string.h>

#define MIB ((size_t)1 << 20)

static zagg_net *new_net(const zagg_net_opts *opts)
{
    zagg_net *net = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_net_new(opts, &net, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return net;
}

static zagg_source *open_url(zagg_net *net, const char *url)
{
    zagg_source *source = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_net_open_source(net, url, &source, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return source;
}

static zagg_source *open_object(zagg_net *net, const object_script *o)
{
    return open_url(net, http_script_url(o->server, "/d/a.h5"));
}

static void refuses(zagg_net *net, const char *url, zagg_status want, const char *words)
{
    zagg_source *source = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    assert_error(zagg_net_open_source(net, url, &source, &err), &err, want, words);
    assert_null(source);
}

static void check_read(zagg_source *source, const object_script *o, uint64_t offset,
                       size_t len)
{
    zagg_err err = ZAGG_ERR_INIT;
    unsigned char *bytes = zg_alloc(len, 1);
    assert_non_null(bytes);
    if (zagg_source_read_at(source, offset, len, bytes, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    object_check(o, offset, bytes, len);
    zg_free(bytes);
}

/* The beginning is there after one request; what lies across its end is asked for from
 * there. */
static void first_request(void **state)
{
    (void)state;
    object_script o = {.len = 3 * MIB, .etag = "\"v1\"", .if_match = true};
    object_start(&o);
    zagg_net *net = new_net(NULL);
    zagg_source *source = open_object(net, &o);
    assert_int_equal(zagg_source_size(source), 3 * MIB);
    assert_string_equal(zagg_source_name(source), http_script_url(o.server, "/d/a.h5"));
    assert_string_equal(http_request_header(http_script_request(o.server, 0), "Range"),
                        "bytes=0-1048575");
    assert_null(http_request_header(http_script_request(o.server, 0), "If-Match"));
    check_read(source, &o, 0, MIB);
    check_read(source, &o, 77, 1000);
    assert_int_equal(http_script_requests(o.server), 1);
    check_read(source, &o, MIB - 10, 30);
    assert_int_equal(http_script_requests(o.server), 2);
    assert_string_equal(http_request_header(http_script_request(o.server, 1), "Range"),
                        "bytes=1048576-1048595");
    assert_string_equal(http_request_header(http_script_request(o.server, 1), "If-Match"),
                        "\"v1\"");
    check_read(source, &o, 3 * MIB - 5, 5);
    zagg_err err = ZAGG_ERR_INIT;
    char byte;
    assert_int_equal(zagg_source_read_at(source, 3 * MIB, 1, &byte, &err), ZAGG_ERANGE);
    const zagg_net_stats stats = zagg_net_stats_of(net);
    assert_int_equal(stats.requests, 3);
    assert_int_equal(stats.bytes_in, MIB + 25);
    assert_int_equal(stats.metadata_bytes, MIB);
    zagg_source_close(source);
    zagg_net_free(net);
    http_script_stop(o.server);
}

static void small_objects(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 999};
    for (size_t i = 0; i < 3; i++) {
        object_script o = {.len = lens[i], .etag = "\"v\""};
        object_start(&o);
        zagg_net *net = new_net(NULL);
        zagg_source *source = open_object(net, &o);
        assert_int_equal(zagg_source_size(source), lens[i]);
        if (lens[i])
            check_read(source, &o, 0, lens[i]);
        assert_int_equal(http_script_requests(o.server), 1);
        zagg_source_close(source);
        zagg_net_free(net);
        http_script_stop(o.server);
    }
}

/* Spans go out side by side, to where they are wanted. */
static void many_spans(void **state)
{
    (void)state;
    enum { N = 6, LEN = 5000 };
    object_script o = {.len = 20 * MIB, .etag = "\"v1\"", .gather = 1 + N};
    object_start(&o);
    zagg_net *net = new_net(NULL);
    zagg_source *source = open_object(net, &o);
    static unsigned char out[N][LEN];
    zagg_range ranges[N];
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t i = 0; i < N; i++)
        ranges[i] = (zagg_range){(N - i) * 3 * MIB, LEN, out[i]};
    if (zagg_source_read_many(source, ranges, N, NULL, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < N; i++)
        object_check(&o, ranges[i].offset, out[i], LEN);
    assert_int_equal(http_script_requests(o.server), 1 + N);
    zagg_source_close(source);
    zagg_net_free(net);
    http_script_stop(o.server);
}

typedef struct change_case {
    object_script o;
    const char *words;
} change_case;

static void read_changed(change_case *c)
{
    object_start(&c->o);
    zagg_net *net = new_net(NULL);
    zagg_source *source = open_object(net, &c->o);
    zagg_err err = ZAGG_ERR_INIT;
    char bytes[100];
    check_read(source, &c->o, 2 * MIB, 50);
    assert_error(zagg_source_read_at(source, 2 * MIB + 100, sizeof bytes, bytes, &err),
                 &err, ZAGG_EHTTP, c->words);
    zagg_source_close(source);
    zagg_net_free(net);
    http_script_stop(c->o.server);
}

/* Whatever tells versions apart, a granule that is replaced is an error. */
static void replaced(void **state)
{
    (void)state;
    change_case cases[] = {
        {{.etag = "\"v1\"", .etag_after = "\"v2\"", .if_match = true},
         "/d/a.h5: changed while it was read (ETag \"v1\" then, \"v2\" now); run again"},
        {{.etag = "\"v1\"", .etag_after = "\"v2\""},
         "/d/a.h5: changed while it was read (ETag \"v1\" then, \"v2\" now); run again"},
        {{.etag = "W/\"v1\"", .etag_after = "W/\"v2\"", .if_match = true},
         "changed while it was read (ETag W/\"v1\" then, W/\"v2\" now)"},
        {{.len_after = 3 * MIB + 1},
         "changed while it was read (3145728 bytes then, 3145729 now)"},
        {{.len_after = 2 * MIB + 150}, /* the range is clipped */
         "changed while it was read (3145728 bytes then, 2097302 now)"},
        {{.len_after = MIB}, /* there is no such range */
         "changed while it was read (3145728 bytes then, 1048576 now)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cases[i].o.len = 3 * MIB;
        cases[i].o.changes_at = 3;
        if (cases[i].o.len_after == 0)
            cases[i].o.len_after = 3 * MIB;
        read_changed(&cases[i]);
    }
}

/* A weak ETag cannot be asked for, and is the same version as the strong one. */
static void weak_etags(void **state)
{
    (void)state;
    object_script o = {.len = 3 * MIB,
                       .etag = "W/\"v1\"",
                       .if_match = true,
                       .changes_at = 2,
                       .etag_after = "\"v1\"",
                       .len_after = 3 * MIB};
    object_start(&o);
    zagg_net *net = new_net(NULL);
    zagg_source *source = open_object(net, &o);
    char byte;
    assert_int_equal(zagg_source_read_at(source, 2 * MIB, 1, &byte, NULL), ZAGG_OK);
    assert_null(http_request_header(http_script_request(o.server, 1), "If-Match"));
    zagg_source_close(source);
    zagg_net_free(net);
    http_script_stop(o.server);
}

/* ---- redirects ---- */

/* One redirect, then straight to where it led; after a refusal all the way again, once.
 */
static void way_is_kept(void **state)
{
    (void)state;
    object_script o = {.len = 3 * MIB, .etag = "\"v1\"", .redirects = true};
    object_start(&o);
    zagg_net *net = new_net(NULL);
    zagg_source *source = open_object(net, &o);
    for (size_t i = 0; i < 4; i++)
        check_read(source, &o, 2 * MIB + 1000 * i, 100);
    assert_int_equal(o.redirected, 1);
    assert_int_equal(http_script_requests(o.server), 6);
    o.refuse = 1;
    check_read(source, &o, 2 * MIB, 100);
    assert_int_equal(o.redirected, 2);
    o.refuse = 1000;
    zagg_err err = ZAGG_ERR_INIT;
    char byte;
    assert_error(zagg_source_read_at(source, 2 * MIB, 1, &byte, &err), &err, ZAGG_EAUTH,
                 "HTTP 403");
    assert_int_equal(o.redirected, 3);
    zagg_source_close(source);
    zagg_net_free(net);
    http_script_stop(o.server);
}

/* A URL that says when it ends is not used beyond that. */
static void way_that_ended(void **state)
{
    (void)state;
    object_script o = {.len = 3 * MIB,
                       .etag = "\"v1\"",
                       .redirects = true,
                       .signed_query = "&Expires=9"};
    object_start(&o);
    zagg_net *net = new_net(NULL);
    zagg_source *source = open_object(net, &o);
    check_read(source, &o, 2 * MIB, 100);
    check_read(source, &o, 2 * MIB, 100);
    assert_int_equal(o.redirected, 3);
    zagg_source_close(source);
    zagg_net_free(net);
    http_script_stop(o.server);
}

static const char *host_of(const object_script *o)
{
    return http_script_url(o->server, "") + strlen("http://");
}

/* The token is for the hosts of Earthdata, never for where they lead. */
static void tokens(void **state)
{
    (void)state;
    object_script bucket = {.len = 1000, .etag = "\"v1\""};
    object_start(&bucket);
    object_script daac = {.len = 1000, .etag = "\"v1\"", .redirects = true};
    object_start(&daac);
    net_set("EARTHDATA_TOKEN", TOKEN);
    net_set("ZAGG_EARTHDATA_HOSTS", host_of(&daac));
    zagg_net *net = new_net(NULL);
    zagg_source *source = open_object(net, &daac);
    assert_string_equal(
        http_request_header(http_script_request(daac.server, 0), "Authorization"),
        "Bearer " TOKEN);
    zagg_source_close(source);
    source = open_object(net, &bucket);
    assert_null(
        http_request_header(http_script_request(bucket.server, 0), "Authorization"));
    zagg_source_close(source);
    zagg_net_free(net);
    http_script_stop(daac.server);
    http_script_stop(bucket.server);
}

static void login_page(void **state)
{
    (void)state;
    object_script o = {.len = 1000, .redirects = true, .to_login = true};
    object_start(&o);
    net_set("EARTHDATA_TOKEN", TOKEN);
    zagg_net *net = new_net(NULL);
    refuses(net, http_script_url(o.server, "/d/a.h5"), ZAGG_EAUTH,
            "the server asks for a login; only hosts of Earthdata get a token");
    net_set("ZAGG_EARTHDATA_HOSTS", host_of(&o));
    refuses(net, http_script_url(o.server, "/d/a.h5"), ZAGG_EAUTH,
            "Earthdata Login did not accept the token");
    zagg_net_free(net);
    http_script_stop(o.server);
}

static void endless_redirects(void **state)
{
    (void)state;
    const http_reply reply = {.status = 302, .headers = "Location: again?x=1\r\n"};
    http_script *s = http_script_start(&reply, 1);
    zagg_net *net = new_net(NULL);
    refuses(net, http_script_url(s, "/d/a.h5?sig=" SECRET), ZAGG_EHTTP,
            "/d/a.h5: redirected more than 10 times");
    assert_int_equal(http_script_requests(s), 11);
    assert_string_equal(http_script_request(s, 1)->target, "/d/again?x=1");
    zagg_net_free(net);
    http_script_stop(s);
}

/* ---- pieces ---- */

static void expiries(void **state)
{
    (void)state;
    static const struct {
        const char *query;
        long long at;
    } cases[] = {
        {"", 0},
        {"?X-Amz-Date=20261127T071500Z&X-Amz-Expires=3600", 1795763700 + 3600},
        {"?X-Amz-Expires=1&a=b&X-Amz-Date=19700101T000001Z", 2},
        {"?X-Amz-Date=20240229T235959Z&X-Amz-Expires=1#x", 1709251200},
        {"?X-Amz-Date=20261327T071500Z&X-Amz-Expires=3600", 0},
        {"?X-Amz-Date=20261127&X-Amz-Expires=3600", 0},
        {"?Signature=x&Expires=1795767300&Key-Pair-Id=y", 1795767300},
        {"?Expires=soon", 0},
        {"?NoExpires=5", 0},
        {"?Expires=99999999999999999999", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char url[200];
        (void)snprintf(url, sizeof url, "https://b.example/k%s", cases[i].query);
        if (zg_url_expires(url) != (time_t)cases[i].at)
            fail_msg("%s: %lld", url, (long long)zg_url_expires(url));
    }
}

static void hosts(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool tls, want;
    } cases[] = {
        {"data.nsidc.earthdatacloud.nasa.gov", true, true},
        {"data.gesdisc.earthdata.nasa.gov", true, true},
        {"DATA.GESDISC.EARTHDATA.NASA.GOV:443", true, true},
        {"earthdata.nasa.gov", true, true},
        {"data.gesdisc.earthdata.nasa.gov", false, false},
        {"notearthdata.nasa.gov", true, false},
        {"earthdata.nasa.gov.example.com", true, false},
        {"data.gesdisc.earthdata.nasa.gov:8443", true, false},
        {"", true, false},
        {"a.example:8080", false, true},
        {"b.example", false, true},
        {"a.example", false, false},
        {"a.example:80801", false, false},
    };
    net_set("ZAGG_EARTHDATA_HOSTS", "a.example:8080,b.example");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (zg_is_earthdata_host(cases[i].host, strlen(cases[i].host), cases[i].tls) !=
            cases[i].want)
            fail_msg("%s", cases[i].host);
}

static void locations(void **state)
{
    (void)state;
    static const struct {
        const char *location, *want;
    } cases[] = {
        {"https://b.example/k?x=1", "https://b.example/k?x=1"},
        {"//c.example/k", "http://c.example/k"},
        {"/k", "http://h.example:8/k"},
        {"k?u=http://x/y", "http://h.example:8/d/k?u=http://x/y"},
        {"?z=2", "http://h.example:8/d/a.h5?z=2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = zg_url_follow("http://h.example:8/d/a.h5?q=1", cases[i].location);
        assert_string_equal(got, cases[i].want);
        zg_free(got);
    }
}

static void wrong_urls(void **state)
{
    (void)state;
    zagg_net *net = new_net(NULL);
    refuses(net, "ftp://h/a.h5", ZAGG_EARG, "must be s3://BUCKET/KEY or https://");
    refuses(net, "s3:///a.h5", ZAGG_EARG, "must be s3://BUCKET/KEY or https://");
    refuses(net, "https://me:" PASSWORD "@h/a.h5", ZAGG_ECONFIG,
            "it must be https://HOST/PATH without a user");
    refuses(net, "s3://bucket", ZAGG_ECONFIG, "s3://bucket");
    zagg_net_free(net);
}

static void wrong_options(void **state)
{
    (void)state;
    static const struct {
        zagg_net_opts opts;
        const char *words;
    } cases[] = {
        {{.credentials_provider = "esa"}, "credentials_provider: found 'esa'; must be"},
        {{.sse = "none"}, "sse: found 'none'; must be AES256 or aws:kms"},
        {{.cache_dir = ""}, "cache: the folder must have a name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        zagg_net *net = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        assert_error(zagg_net_new(&cases[i].opts, &net, &err), &err, ZAGG_ECONFIG,
                     cases[i].words);
        assert_null(net);
    }
}

/* Whose keys a bucket gets: told by what there is to be missed. */
static void providers(void **state)
{
    (void)state;
    static const struct {
        const char *provider, *bucket;
        bool earthdata;
    } cases[] = {
        {NULL, "nsidc-cumulus-prod-protected", true},   {NULL, "lp-prod-protected", true},
        {NULL, "gesdisc-cumulus-prod-protected", true}, {NULL, "other", false},
        {"aws", "nsidc-cumulus-prod-protected", false}, {"lpdaac", "other", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char url[120];
        const zagg_net_opts opts = {.credentials_provider = cases[i].provider};
        zagg_net *net = new_net(&opts);
        (void)snprintf(url, sizeof url, "s3://%s/a.h5", cases[i].bucket);
        refuses(net, url, ZAGG_EAUTH,
                cases[i].earthdata ? "EARTHDATA_TOKEN" : "AWS_ACCESS_KEY_ID");
        zagg_net_free(net);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(first_request),     NET_TEST(small_objects), NET_TEST(many_spans),
        NET_TEST(replaced),          NET_TEST(weak_etags),    NET_TEST(way_is_kept),
        NET_TEST(way_that_ended),    NET_TEST(tokens),        NET_TEST(login_page),
        NET_TEST(endless_redirects), NET_TEST(expiries),      NET_TEST(hosts),
        NET_TEST(locations),         NET_TEST(wrong_urls),    NET_TEST(wrong_options),
        NET_TEST(providers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
