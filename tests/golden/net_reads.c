/* The group reads of golden/read through servers: an S3, and a DAAC that redirects to its
 * bucket. The rows are the same. */
#include "golden/core_cases.h"
#include "golden/read_cases.h"
#include "support/server.h"
#include "zagg/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCESS "AKIATESTREADS"
#define SECRET "secret/of/reads"
#define TOKEN "token-of-reads"

/* How a file of the golden sets is named by a server. */
typedef struct way {
    zagg_net *net;
    const char *prefix; /* "s3://" or "http://HOST:PORT/data/" */
    char root[512];     /* of the golden sets, with a '/' at its end */
} way;

static zagg_status open_remote(void *user, const char *path, zagg_source **out,
                               zagg_err *err)
{
    const way *w = user;
    char url[1024];
    const size_t n = strlen(w->root);
    if (strncmp(path, w->root, n) != 0)
        fail_msg("%s is not in %s", path, w->root);
    (void)snprintf(url, sizeof url, "%s%s", w->prefix, path + n);
    return zagg_net_open_source(w->net, url, out, err);
}

static void set(const char *name, const char *value)
{
    assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static int setup(void **state)
{
    static const char *const NAMES[] = {
        "AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "AWS_SESSION_TOKEN",
        "AWS_REGION",  "HTTP_PROXY",          "http_proxy",
        "HTTPS_PROXY", "https_proxy",         "AWS_CA_BUNDLE"};
    (void)state;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        set(NAMES[i], NULL);
    set("AWS_ACCESS_KEY_ID", ACCESS);
    set("AWS_SECRET_ACCESS_KEY", SECRET);
    set("EARTHDATA_TOKEN", TOKEN);
    return 0;
}

static void through(test_server *server, const char *prefix, const char *set_name)
{
    way w = {.prefix = prefix};
    zagg_err err = ZAGG_ERR_INIT;
    (void)snprintf(w.root, sizeof w.root, "%s", golden_path(""));
    if (w.root[strlen(w.root) - 1] != '/')
        (void)strncat(w.root, "/", sizeof w.root - strlen(w.root) - 1);
    if (zagg_net_new(NULL, &w.net, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    core_granules_by(open_remote, &w);
    check_read_cases(set_name);
    core_granules_by(NULL, NULL);
    const zagg_net_stats stats = zagg_net_stats_of(w.net);
    assert_true(stats.requests > 0);
    assert_int_equal(stats.retries, 0);
    assert_int_equal(server_stat(server, "requests"), (int64_t)stats.requests);
    assert_int_equal(server_stat(server, "crashes"), 0);
    zagg_net_free(w.net);
}

static void from_s3(void **state)
{
    (void)state;
    if (!golden_available("read/cases.json"))
        skip();
    const char *const args[] = {"--root", golden_path(""), "--key", ACCESS, SECRET, NULL};
    test_server *server = server_start("s3_server", args);
    set("AWS_ENDPOINT_URL", server_url(server));
    through(server, "s3://", "read over s3");
    assert_int_equal(server_stat(server, "by_status.206"),
                     server_stat(server, "requests"));
    set("AWS_ENDPOINT_URL", NULL);
}

static void from_a_daac(void **state)
{
    (void)state;
    char prefix[200];
    if (!golden_available("read/cases.json"))
        skip();
    const char *const args[] = {"--root",   golden_path(""), "--user", "me",
                                "password", "--token",       TOKEN,    NULL};
    test_server *server = server_start("daac_server", args);
    set("ZAGG_EARTHDATA_HOSTS", server_url(server) + strlen("http://"));
    (void)snprintf(prefix, sizeof prefix, "%s/data/", server_url(server));
    through(server, prefix, "read over https");
    assert_int_equal(server_stat(server, "auth_headers_seen_on_bucket"), 0);
    assert_true(server_stat(server, "redirects") > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(from_s3, server_stop_all),
        cmocka_unit_test_teardown(from_a_daac, server_stop_all),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
