/* zagg check: each thing that keeps a run from going well is found before it, with what
 * to do and an exit code of its own. */
#include "cli/fixture.h"
#include "support/server.h"

#include <stdio.h>
#include <string.h>

static fixture *f;
static char env[512]; /* of commands that reach the S3 */
static char urs[512]; /* ..., the DAAC */
static test_server *s3, *daac;

static int setup(void **state)
{
    char root[4096];
    if (!server_available())
        skip();
    assert_int_equal(fixture_new(state), 0);
    f = *state;
    zg_free(shell_ok(f->dir, "mkdir -p s3/granules s3/out s3/locked s3/paid && cp g/a.h5 "
                             "s3/granules && cp g/a.h5 s3/paid && echo '<html>' > "
                             "s3/granules/page.h5"));
    write_map(f, "remote.json",
              (map_parts){.granules = "{\"s3\": \"s3://granules/a.h5\"}"});
    (void)snprintf(root, sizeof root, "%s/s3", f->dir);
    const char *const args[] = {"--root",
                                root,
                                "--key",
                                "AK",
                                "sekret",
                                "--key",
                                "OLD",
                                "sekret",
                                "--token",
                                "t",
                                "--expires",
                                "-5",
                                "--requester-pays",
                                "paid",
                                "--read-only",
                                "locked",
                                NULL};
    s3 = server_start("s3_server", args);
    const char *const daac_args[] = {"--root",  root,      "--user",    "me",    "pw",
                                     "--token", "tok",     "--user",    "other", "pw",
                                     "--token", "no-eula", "--no-eula", "other", NULL};
    daac = server_start("daac_server", daac_args);
    (void)snprintf(env, sizeof env,
                   "AWS_EC2_METADATA_DISABLED=true AWS_ENDPOINT_URL=%s "
                   "AWS_ACCESS_KEY_ID=AK AWS_SECRET_ACCESS_KEY=sekret ",
                   server_url(s3));
    (void)snprintf(urs, sizeof urs,
                   "HOME=$PWD ZAGG_EARTHDATA_URL=%s ZAGG_EARTHDATA_HOSTS=127.0.0.1:%d ",
                   server_url(daac), server_port(daac));
    return 0;
}

static int teardown(void **state)
{
    server_stop_all(state);
    return fixture_free(state);
}

static void expect(int status, const char *out, const char *fmt, ...) ZAGG_PRINTF(3, 4);

static void expect(int status, const char *out, const char *fmt, ...)
{
    char command[2048];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(command, sizeof command, fmt, args);
    va_end(args);
    run_result r = shell_in(f->dir, command);
    if (r.status != status || !text_matches(out, r.out))
        fail_msg("%s: exit %d: %s%s", command, r.status, r.out, r.err);
    run_result_free(&r);
}

static void all_is_well(void **state)
{
    (void)state;
    expect(
        0,
        "config     ok: c.yaml: healpix grid, 3 groups a granule\n"
        "catalog    ok: remote.json: * shards that read * granules, each counted for its "
        "shards\n"
        "latitude   ok: authalic*\n"
        "grid       ok: the catalog was made for that of the config\n"
        "granule    ok: s3://granules/a.h5: * kB, opened in * ms\n"
        "store      ok: s3://out/store\n",
        "%szagg check --config c.yaml --catalog remote.json --store s3://out/store", env);
    expect(0, "granule    ok: g/a.h5: *", "zagg check --granule g/a.h5");
    expect(0, "granule    ok: http://*",
           "%sEARTHDATA_TOKEN=tok zagg check --granule "
           "%s/data/granules/a.h5",
           urs, server_url(daac));
    expect(0, "store      ok: new/place\ndisk       ok: * free at .\n",
           "zagg check --store new/place && test ! -e new");
    expect(0, "store      ok: st\ndisk       ok: * free at *\n",
           "mkdir st && zagg check --store st && test ! -e st.status && test -z \"$(ls "
           "st)\"");
    /* Nothing stays on the server either. */
    expect(0, "0\n", "find s3/out -type f | wc -l");
}

static void inputs(void **state)
{
    (void)state;
    expect(3, "config     FAILED: bad.yaml:*",
           "echo 'a: [' > bad.yaml; zagg check "
           "--config bad.yaml");
    expect(1, "config     FAILED: nope.yaml: *", "zagg check --config nope.yaml");
    expect(3, "config * ok: *catalog    FAILED: c.yaml: *",
           "zagg check --config c.yaml --catalog c.yaml");
    expect(3, "*latitude   FAILED: *geodetic*",
           "sed s/authalic-wgs84/geodetic-spherical/ m.json > old.json; zagg check "
           "--config c.yaml --catalog old.json --latitude authalic");
    expect(3, "*grid       FAILED: m.json: the shard map was made for another grid*",
           "sed s/11,/10,/ c.yaml > coarse.yaml; zagg check --config coarse.yaml "
           "--catalog m.json");
    expect(1, "*granule    FAILED: *nope.h5*; there is no such thing: *",
           "zagg check --granule nope.h5");
    expect(1, "granule    FAILED: *not an HDF5 file; what came is no granule*",
           "%szagg check --granule s3://granules/page.h5", env);
}

static void keys(void **state)
{
    (void)state;
    expect(4, "granule    FAILED: *no AWS keys were found*Looked at: AWS_ACCESS_KEY_ID*",
           "HOME=$PWD AWS_EC2_METADATA_DISABLED=true AWS_ENDPOINT_URL=%s zagg check "
           "--granule s3://granules/a.h5",
           server_url(s3));
    expect(4, "granule    FAILED: *InvalidAccessKeyId*; check which keys are meant*",
           "%sAWS_ACCESS_KEY_ID=x zagg check --granule s3://granules/a.h5", env);
    expect(4, "granule    FAILED: *SignatureDoesNotMatch*the secret key is not that*",
           "%sAWS_SECRET_ACCESS_KEY=x zagg check --granule s3://granules/a.h5", env);
    expect(4, "granule    FAILED: *ExpiredToken*they have ended: get new ones*",
           "%sAWS_ACCESS_KEY_ID=OLD AWS_SESSION_TOKEN=t zagg check --granule "
           "s3://granules/a.h5",
           env);
    expect(4, "granule    FAILED: *try --requester-pays*",
           "%szagg check --granule s3://paid/a.h5", env);
    expect(0, "granule    ok: *",
           "%szagg check --requester-pays --granule s3://paid/a.h5", env);
    expect(4, "store      FAILED: *AccessDenied*",
           "%szagg check --store s3://locked/store", env);
    expect(4, "granule    FAILED: *no Earthdata Login: set EARTHDATA_TOKEN; or *",
           "%szagg check --granule %s/data/granules/a.h5", urs, server_url(daac));
    expect(4, "granule    FAILED: *did not accept the token*",
           "%sEARTHDATA_TOKEN=bad zagg check --granule %s/data/granules/a.h5", urs,
           server_url(daac));
    expect(4, "granule    FAILED: *user name and password*",
           "%sEARTHDATA_USERNAME=me EARTHDATA_PASSWORD=no zagg check --granule "
           "%s/data/granules/a.h5",
           urs, server_url(daac));
    expect(4,
           "granule    FAILED: *EULA Acceptance Failure*see the applications and EULAs*",
           "%sEARTHDATA_TOKEN=no-eula zagg check --granule %s/data/granules/a.h5", urs,
           server_url(daac));
}

/* The clock of the server is another one. */
static void clock_skew(void **state)
{
    char root[4096];
    (void)state;
    (void)snprintf(root, sizeof root, "%s/s3", f->dir);
    const char *const args[] = {"--root", root,           "--key", "AK",
                                "sekret", "--clock-skew", "3600",  NULL};
    test_server *late = server_start("s3_server", args);
    expect(4, "granule    FAILED: *the clock of this machine is 60 minutes behind*",
           "%sAWS_ENDPOINT_URL=%s zagg check --granule s3://granules/a.h5", env,
           server_url(late));
    server_stop(late);
}

static void network(void **state)
{
    (void)state;
    expect(5, "granule    FAILED: *Connection refused*; check the address*",
           "zagg check --granule http://127.0.0.1:1/a.h5");
    expect(5, "granule    FAILED: *cannot be resolved*; check the name*",
           "NO_PROXY='*' zagg check --granule http://nowhere.invalid/a.h5");
    expect(5, "granule    FAILED: *no connection to the proxy*; correct HTTPS_PROXY*",
           "HTTP_PROXY=http://127.0.0.1:1 http_proxy=http://127.0.0.1:1 NO_PROXY= "
           "no_proxy= zagg check --granule http://nowhere.invalid/a.h5");
    expect(5, "granule    FAILED: *TLS with 127.0.0.1*",
           "zagg check --granule https://127.0.0.1:%d/a.h5", server_port(s3));
    expect(5, "*store      FAILED: *Connection refused*",
           "%sAWS_ENDPOINT_URL=http://127.0.0.1:1 zagg check --store s3://out/store",
           env);
}

static void stores(void **state)
{
    (void)state;
    expect(1, "store      FAILED: *", "zagg check --store c.yaml/x");
    expect(3, "store      FAILED: *must not be empty*", "zagg check --store ''");
    expect(3, "store      FAILED: *a store needs a name in its bucket*",
           "%szagg check --store s3://out", env);
    expect(1, "store      FAILED: *proc*", "zagg check --store /proc/zagg/store");
    /* All that fails is told, and the first one decides the exit code. */
    expect(
        4, "granule    FAILED: *store      FAILED: *",
        "%sAWS_ACCESS_KEY_ID=x zagg check --granule s3://granules/a.h5 --store c.yaml/x",
        env);
}

static void as_json(void **state)
{
    zagg_arena *arena = NULL;
    (void)state;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    run_result r =
        shell_in(f->dir, "zagg check --json --config c.yaml --granule nope.h5");
    assert_int_equal(r.status, 1);
    const zagg_value *root = json_of(arena, r.out);
    const zagg_value *checks = zagg_value_get(root, "checks");
    assert_int_equal(checks->n, 2);
    assert_true(zagg_value_truthy(zagg_value_get(checks->items[0], "ok")));
    assert_false(zagg_value_truthy(zagg_value_get(checks->items[1], "ok")));
    assert_string_equal(zagg_value_get(checks->items[1], "status")->str, "notfound");
    assert_false(zagg_value_truthy(zagg_value_get(root, "ok")));
    run_result_free(&r);
    zagg_arena_free(arena);
}

static void usage(void **state)
{
    static const cli_case CASES[] = {
        {"nothing", "zagg check", 2, NULL,
         "zagg check: nothing to check; see zagg check --help\n"},
        {"stray word", "zagg check x", 2, NULL, "zagg check: x: unexpected argument\n"},
        {"driver", "zagg check --driver ftp", 2, NULL,
         "zagg check: --driver: found 'ftp'; must be file, s3 or https\n"},
        {"encryption", "zagg check --store x --sse rot13", 2, NULL,
         "zagg check: --sse: found 'rot13'; must be AES256 or aws:kms\n"},
    };
    (void)state;
    check_cases(f, "usage", CASES, sizeof CASES / sizeof CASES[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_is_well), cmocka_unit_test(inputs),
        cmocka_unit_test(keys),        cmocka_unit_test(clock_skew),
        cmocka_unit_test(network),     cmocka_unit_test(stores),
        cmocka_unit_test(as_json),     cmocka_unit_test(usage),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
