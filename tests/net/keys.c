/* Runs whose keys, tokens and signed URLs end before they do, and TLS: with new ones the
 * store is the same, without them the run says whose keys they were. */
#include "net/net_fixture.h"

#include <stdio.h>
#include <string.h>

#define STORE "out"
#define NSIDC                                                                            \
    "AWS_ENDPOINT_URL=%s ZAGG_S3CREDENTIALS_URL=%s/s3credentials "                       \
    "AWS_ACCESS_KEY_ID= AWS_SECRET_ACCESS_KEY="

static net_fixture *fixture_of(void **state)
{
    if (*state == NULL)
        skip();
    return *state;
}

/* ---- runs ---- */

/* One run; exit 0 is the store of a local run. `says`: texts that are told, separated by
 * '|'. */
static void run(const net_fixture *f, const char *env, const char *config,
                const char *map, int status, const char *says)
{
    char text[512];
    zg_str why;
    zg_str_init(&why, 0);
    net_remove(f, STORE);
    net_run r = net_zagg(f, env, config, map, STORE, "");
    if (r.status != status)
        fail_msg("exit %d: %.2000s", r.status, r.err);
    if (status == 0 && net_differs(f, "flat", STORE, &why) > 0)
        fail_msg("another store:%s", why.data);
    (void)snprintf(text, sizeof text, "%s", says);
    char *rest = text;
    for (char *part; (part = strtok_r(rest, "|", &rest)) != NULL;)
        if (strstr(r.err, part) == NULL)
            fail_msg("'%s' is not told: %.2000s", part, r.err);
    if (strstr(r.err, "token-1") || strstr(r.err, "password-1") ||
        strstr(r.err, "sekret"))
        fail_msg("a secret is told: %.2000s", r.err);
    zg_str_free(&why);
    net_run_free(&r);
}

/* ---- tokens and URLs of an archive ---- */

static void urls_that_end(void **state)
{
    net_fixture *f = fixture_of(state);
    net_daac(f, (const char *const[]){"--url-uses", "4", NULL});
    run(f, "", "flat", "https", 0, "");
    assert_true(server_stat(f->daac, "redirects") >= 4);
    assert_true(server_stat(f->daac, "by_code.AccessDenied") > 0);
    assert_int_equal(server_stat(f->daac, "auth_headers_seen_on_bucket"), 0);

    /* what S3 says of a URL whose signer's session has ended */
    net_daac(f, NULL);
    server_script(f->bucket_proxy, "{\"fault\": \"400\", \"code\": \"ExpiredToken\", "
                                   "\"path\": \"/b[.]h5\", \"after\": 3}");
    run(f, "", "flat", "https", 0, "");
    assert_int_equal(server_stat(f->daac, "redirects"), 3);

    server_script(
        f->bucket_proxy,
        "{\"fault\": \"403\", \"path\": \"/b[.]h5\", \"after\": 3, \"times\": 0}");
    run(f, "", "flat", "https", 6, "/b.h5|HTTP 403: AccessDenied");
}

static void tokens_that_end(void **state)
{
    net_fixture *f = fixture_of(state);
    const char *const once[] = {"--token-uses", "1", NULL};
    net_daac(f, once);
    run(f, "EARTHDATA_TOKEN= EARTHDATA_USERNAME=someone EARTHDATA_PASSWORD=password-1",
        "flat", "https", 0, "");
    assert_int_equal(server_stat(f->daac, "logins"), 2);
    assert_int_equal(server_stat(f->daac, "auth_headers_seen_on_bucket"), 0);
    net_daac(f, once); /* a token by itself cannot be renewed */
    run(f, "", "flat", "https", 6, "did not accept the token|.h5");
    net_daac(f, NULL);
    assert_int_equal(server_request(f->daac, "POST", "/_revoke", NULL, NULL), 204);
    run(f, "", "flat", "https", 6, "did not accept the token|a.h5|b.h5");
    run(f,
        "EARTHDATA_TOKEN= EARTHDATA_USERNAME=someone EARTHDATA_PASSWORD=wrong-password",
        "flat", "https", 6, "does not take the user name and password");
}

static void an_archive_that_fails_to_log_in(void **state)
{
    net_fixture *f = fixture_of(state);
    net_daac(f, NULL);
    server_script(f->daac_proxy, "{\"fault\": \"503\", \"path\": \"find_or_create\", "
                                 "\"times\": 2}\n"
                                 "{\"fault\": \"reset\", \"path\": \"find_or_create\"}\n"
                                 "{\"fault\": \"stall\", \"path\": \"find_or_create\"}");
    run(f, "EARTHDATA_TOKEN= EARTHDATA_USERNAME=someone EARTHDATA_PASSWORD=password-1",
        "flat", "https", 0, "");
    server_script(f->daac_proxy, "{\"fault\": \"500\", \"path\": \"find_or_create\", "
                                 "\"times\": 0}");
    run(f, "EARTHDATA_TOKEN= EARTHDATA_USERNAME=someone EARTHDATA_PASSWORD=password-1",
        "flat", "https", 6, "find_or_create_token: HTTP 500");
    assert_true(server_stat(f->daac_proxy, "by_fault.500") <= 4 * NET_ATTEMPTS);
}

/* ---- keys that an archive gives ---- */

/* s3_server that takes two sets of keys, behind the proxy of the fixture. */
typedef struct keyed {
    test_server *s3, *proxy;
    char env[512];
} keyed;

static keyed start_keyed(net_fixture *f, const char *expires, const char *lifetime)
{
    static const char *const KEYS[2][3] = {{"ASIAONE", "secret-one", "session-one"},
                                           {"ASIATWO", "secret-two", "session-two"}};
    const char *const args[] = {
        "--root",   net_path(f, "root"), "--key",     KEYS[0][0], KEYS[0][1],
        "--token",  KEYS[0][2],          "--expires", expires,    "--key",
        KEYS[1][0], KEYS[1][1],          "--token",   KEYS[1][2], NULL};
    keyed k;
    net_daac(f, (const char *const[]){"--s3-key", KEYS[0][0], KEYS[0][1], KEYS[0][2],
                                      "--s3-key", KEYS[1][0], KEYS[1][1], KEYS[1][2],
                                      "--lifetime", lifetime, NULL});
    k.s3 = server_start("s3_server", args);
    k.proxy = f->s3_proxy;
    net_proxy(&k.proxy, server_port(k.s3));
    (void)snprintf(k.env, sizeof k.env, NSIDC, server_url(k.proxy),
                   server_url(f->daac_proxy));
    return k;
}

static void stop_keyed(const net_fixture *f, const keyed *k)
{
    assert_int_equal(server_stat(k->s3, "crashes"), 0);
    server_stop(k->s3);
    net_proxy(&(test_server *){k->proxy}, server_port(f->s3));
}

static void write_provider(const net_fixture *f)
{
    char *text = replaced(FIXTURE_CONFIG, "  driver: s3\n",
                          "  driver: s3\n  credentials_provider: nsidc\n");
    write_text(f->base.dir, "nsidc.yaml", text);
    zg_free(text);
}

static void keys_that_end(void **state)
{
    net_fixture *f = fixture_of(state);
    write_provider(f);
    keyed k = start_keyed(f, "3600", "3600");
    run(f, k.env, "nsidc", "s3", 0, "");
    assert_int_equal(server_stat(f->daac, "s3credentials"), 1);
    stop_keyed(f, &k);

    k = start_keyed(f, "3600", "3600"); /* refused at half time: the next ones */
    server_script(k.proxy, "{\"fault\": \"expired\", \"after\": 10}");
    run(f, k.env, "nsidc", "s3", 0, "");
    assert_true(server_stat(k.proxy, "by_fault.expired") >= 1);
    assert_int_equal(server_stat(f->daac, "s3credentials"), 2);

    server_script(k.proxy, "{\"fault\": \"expired\", \"after\": 10}"); /* and not again */
    run(f, k.env, "nsidc", "s3", 6, "ExpiredToken|nsidc (Earthdata)|get new ones");
    stop_keyed(f, &k);

    k = start_keyed(f, "0", "60"); /* ended from the start, and soon to end as told */
    run(f, k.env, "nsidc", "s3", 0, "");
    assert_int_equal(server_stat(f->daac, "s3credentials"), 2);
    stop_keyed(f, &k);

    k = start_keyed(f, "3600", "60"); /* about to end: others are asked for, not often */
    run(f, k.env, "nsidc", "s3", 0, "");
    assert_in_range(server_stat(f->daac, "s3credentials"), 1, 2);
    stop_keyed(f, &k);
}

static void keys_that_are_not_renewed(void **state)
{
    static const struct {
        const char *script, *says;
    } REFUSALS[] = {
        {"{\"fault\": \"403\", \"body\": \"EULA Acceptance Failure\", \"path\": "
         "\"s3credentials\", \"after\": 1, \"times\": 0}",
         "a licence (EULA) has to be accepted"},
        {"{\"fault\": \"401\", \"path\": \"s3credentials\", \"after\": 1, \"times\": 0}",
         "does not take the Earthdata token of EARTHDATA_TOKEN"},
        {"{\"fault\": \"500\", \"path\": \"s3credentials\", \"after\": 1, \"times\": 0}",
         "HTTP 500: InternalError"},
        {"{\"fault\": \"200\", \"body\": \"[]\", \"path\": \"s3credentials\", \"after\": "
         "1, "
         "\"times\": 0}",
         "the answer is no JSON object"},
    };
    net_fixture *f = fixture_of(state);
    write_provider(f);
    for (size_t i = 0; i < sizeof REFUSALS / sizeof REFUSALS[0]; i++) {
        keyed k = start_keyed(f, "3600", "3600");
        server_script(f->daac_proxy, REFUSALS[i].script);
        server_script(k.proxy, "{\"fault\": \"expired\", \"after\": 10}");
        run(f, k.env, "nsidc", "s3", 6, REFUSALS[i].says);
        /* the shards that the rest of the run needs are not asked for each by itself */
        assert_true(server_stat(f->daac_proxy, "requests") <= 6 * NET_ATTEMPTS);
        stop_keyed(f, &k);
    }
}

static void keys_of_the_environment(void **state)
{
    const net_fixture *f = fixture_of(state);
    server_script(f->s3_proxy, "{\"fault\": \"expired\", \"after\": 10}");
    run(f, "", "flat", "s3", 6, "ExpiredToken|keys: environment|get new ones");
    server_script(f->s3_proxy, "");
    run(f, "AWS_SECRET_ACCESS_KEY=other-sekret-key", "flat", "s3", 6,
        "SignatureDoesNotMatch|the secret key is not that of the access key");
}

/* ---- TLS ---- */

/* Whatever the proxy is to do is in a file: nobody can tell it without TLS. */
static void run_tls(const net_fixture *f, const char *script, const char *authority,
                    int status, const char *says)
{
    char port[16], env[4400], trust[4200] = "";
    (void)snprintf(port, sizeof port, "%d", server_port(f->s3));
    write_text(f->base.dir, "script", script);
    const char *const args[] = {"--to",
                                port,
                                "--tls",
                                net_path(f, "certs/server.pem"),
                                net_path(f, "certs/server.key"),
                                "--script",
                                net_path(f, "script"),
                                NULL};
    test_server *proxy = server_start("fault_proxy", args);
    if (authority)
        (void)snprintf(trust, sizeof trust, " SSL_CERT_FILE=%s", net_path(f, authority));
    (void)snprintf(env, sizeof env, "AWS_ENDPOINT_URL=https://localhost:%d%s",
                   server_port(proxy), trust);
    server_reset(f->s3);
    run(f, env, "flat", "s3", status, says);
    server_stop(proxy);
}

static void tls(void **state)
{
    static const char *const PASSING[] = {
        "", "{\"fault\": \"tls\", \"times\": 2}",
        "{\"fault\": \"tls_garbage\", \"path\": \"/b[.]h5\", \"after\": 3}",
        "{\"fault\": \"reset\", \"bytes\": 100, \"path\": \"/b[.]h5\", \"after\": 3, "
        "\"times\": 3}",
        "{\"fault\": \"short\", \"path\": \"/b[.]h5\", \"after\": 3, \"times\": 3}"};
    const net_fixture *f = fixture_of(state);
    zg_free(shell_ok(f->base.dir, "mkdir -p certs"));
    if (!server_certificates(net_path(f, "certs")))
        skip();
    for (size_t i = 0; i < sizeof PASSING / sizeof PASSING[0]; i++)
        run_tls(f, PASSING[i], "certs/ca.pem", 0, "");
    run_tls(f, "{\"fault\": \"tls\", \"times\": 0}", "certs/ca.pem", 6,
            "TLS with localhost failed|b.h5");
    run_tls(f, "", NULL, 6, "its certificate is refused|SSL_CERT_FILE can name");
    run_tls(f, "", "certs/other_ca.pem", 6, "its certificate is refused");
    assert_int_equal(server_stat(f->s3, "requests"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_that_end),
        cmocka_unit_test(tokens_that_end),
        cmocka_unit_test(an_archive_that_fails_to_log_in),
        cmocka_unit_test(keys_that_end),
        cmocka_unit_test(keys_that_are_not_renewed),
        cmocka_unit_test(keys_of_the_environment),
        cmocka_unit_test(tls),
    };
    return cmocka_run_group_tests_name("net_faults_keys", tests, net_new, net_free);
}
