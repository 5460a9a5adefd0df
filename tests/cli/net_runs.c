/* zagg run on granules behind servers: the stores are those of local granules, whatever
 * the number of threads and whatever the server does, and what could not be read is told
 * of in upstream's words. */
#include "cli/fixture.h"
#include "support/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCESS "AKIATESTRUNS00000000"
#define SECRET "secret/of/runs"
#define TOKEN "token-of-runs"
#define RUN "zagg run -q --config c.yaml --overwrite "

typedef struct remote {
    fixture *f;
    test_server *s3, *daac, *proxy;
} remote;

static void set(const char *name, const char *value)
{
    assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void set_keys(const char *endpoint, const char *secret)
{
    set("AWS_ENDPOINT_URL", endpoint);
    set("AWS_ACCESS_KEY_ID", ACCESS);
    set("AWS_SECRET_ACCESS_KEY", secret);
    set("AWS_EC2_METADATA_DISABLED", "true");
}

static int setup(void **state)
{
    static remote r;
    void *f;
    char port[16];
    if (!server_available() || fixture_new(&f) != 0)
        return -1;
    r.f = f;
    zg_free(shell_ok(r.f->dir, "mkdir granules && cp g/*.h5 granules/ && " RUN
                               "--granules granules --store local"));
    const char *const s3[] = {"--root", r.f->dir, "--key", ACCESS, SECRET, NULL};
    r.s3 = server_start("s3_server", s3);
    const char *const daac[] = {"--root", r.f->dir,  "--user", "me",
                                "pw",     "--token", TOKEN,    NULL};
    r.daac = server_start("daac_server", daac);
    (void)snprintf(port, sizeof port, "%d", server_port(r.s3));
    const char *const proxy[] = {"--to", port, NULL};
    r.proxy = server_start("fault_proxy", proxy);
    set_keys(server_url(r.s3), SECRET);
    set("EARTHDATA_TOKEN", TOKEN);
    set("ZAGG_EARTHDATA_HOSTS", server_url(r.daac) + strlen("http://"));
    write_map(r.f, "s3.json",
              (map_parts){.granules = "{\"s3\": \"s3://granules/a.h5\"},"
                                      " {\"s3\": \"s3://granules/b.h5\"}"});
    zg_free(shell_ok(r.f->dir, "sed 's#s3://#granules/../#g' s3.json > local.json && " RUN
                               "--catalog local.json --store mapped"));
    *state = &r;
    return 0;
}

static int teardown(void **state)
{
    remote *r = *state;
    void *f = r->f;
    (void)server_stop_all(state);
    return fixture_free(&f);
}

/* Run, and compare with a local store; its JSON is to be freed. */
static char *run_as(const remote *r, const char *like, const char *options)
{
    char command[2048];
    (void)snprintf(command, sizeof command,
                   "rm -rf o o.status; " RUN "--json --store o %s", options);
    char *text = shell_ok(r->f->dir, "%s", command);
    assert_same_stores(r->f, like, "o");
    return text;
}

static uint64_t net_number(const char *text, const char *key)
{
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *net = zagg_value_get(json_of(arena, text), "network");
    assert_non_null(net);
    const uint64_t n = json_u64(net, key);
    zagg_arena_free(arena);
    return n;
}

static void same_stores(void **state)
{
    const remote *r = *state;
    char options[512];
    const char *daac = server_url(r->daac);
    for (int threads = 1; threads <= 7; threads += 3) {
        (void)snprintf(options, sizeof options,
                       "--max-workers %d --granules s3://granules/a.h5 "
                       "s3://granules/b.h5",
                       threads);
        server_reset(r->s3);
        char *text = run_as(r, "local", options);
        assert_int_equal(net_number(text, "requests"), server_stat(r->s3, "requests"));
        assert_int_equal(net_number(text, "bytes_in"), server_stat(r->s3, "bytes_out"));
        assert_true(net_number(text, "metadata_bytes") > 0);
        zg_free(text);
        (void)snprintf(options, sizeof options, "--max-workers %d --catalog s3.json",
                       threads);
        zg_free(run_as(r, "mapped", options));
        (void)snprintf(options, sizeof options,
                       "--max-workers %d --granules %s/data/granules/a.h5 "
                       "%s/data/granules/b.h5",
                       threads, daac, daac);
        zg_free(run_as(r, "local", options));
    }
    assert_int_equal(server_stat(r->daac, "auth_headers_seen_on_bucket"), 0);
    /* Opened once for the map and once for the run: as often a redirect. */
    assert_int_equal(server_stat(r->daac, "redirects"), 3 * 2 * 2);
}

/* With the driver https the map's https hrefs are read. */
static void drivers(void **state)
{
    const remote *r = *state;
    char granules[512];
    (void)snprintf(granules, sizeof granules,
                   "{\"s3\": \"s3://other/a.h5\", \"https\": \"%s/data/granules/a.h5\"},"
                   " {\"s3\": \"s3://other/b.h5\", \"https\": \"%s/data/granules/b.h5\"}",
                   server_url(r->daac), server_url(r->daac));
    write_map(r->f, "https.json", (map_parts){.granules = granules});
    zg_free(run_as(r, "mapped", "--driver https --catalog https.json"));
}

/* What a bad day of a server costs is time. */
static void bad_days(void **state)
{
    const remote *r = *state;
    set("AWS_ENDPOINT_URL", server_url(r->proxy));
    server_script(r->proxy, "{\"fault\": \"503\", \"nth\": 2}\n"
                            "{\"fault\": \"reset\", \"nth\": 5}\n"
                            "{\"fault\": \"short\", \"nth\": 8}\n");
    char *text = run_as(r, "mapped", "--catalog s3.json");
    assert_true(net_number(text, "retries") >= 1);
    zg_free(text);
    server_script(r->proxy, "");
    set("AWS_ENDPOINT_URL", server_url(r->s3));
}

/* The second run asks for nothing but whether the granules are still the same. */
static void cache(void **state)
{
    const remote *r = *state;
    zg_free(run_as(r, "mapped", "--catalog s3.json --cache kept --cache-size 64M"));
    server_reset(r->s3);
    char *text = run_as(r, "mapped", "--catalog s3.json --cache kept --cache-size 64M");
    assert_int_equal(net_number(text, "requests"), 2);
    assert_int_equal(server_stat(r->s3, "requests"), 2);
    assert_true(net_number(text, "cache_hits") > 0);
    assert_int_equal(net_number(text, "cache_misses"), 0);
    zg_free(text);
}

/* Keys that are refused: every shard says so, and the secret stays one. */
static void refused(void **state)
{
    const remote *r = *state;
    set_keys(server_url(r->s3), "another/secret");
    run_result run =
        shell_in(r->f->dir, "rm -rf o o.status; " RUN "--catalog s3.json --store o");
    set_keys(server_url(r->s3), SECRET);
    assert_int_equal(run.status, 6);
    if (!text_matches(
            "*Access denied reading source granules (2 auth-shaped failures; 2 "
            "granule reads raised): check data_source.credentials_provider "
            "names the DAAC hosting this product; e.g. s3://granules/a.h5: GET *",
            run.err))
        fail_msg("%s", run.err);
    assert_null(strstr(run.err, "another/secret"));
    run_result_free(&run);
}

static void absent(void **state)
{
    const remote *r = *state;
    run_result run = shell_in(r->f->dir, "rm -rf o o.status; " RUN
                                         "--granules s3://granules/none.h5 --store o");
    assert_int_equal(run.status, 1);
    if (!text_matches("error: s3://granules/none.h5: GET *404*", run.err))
        fail_msg("%s", run.err);
    run_result_free(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_stores), cmocka_unit_test(drivers),
        cmocka_unit_test(bad_days),    cmocka_unit_test(cache),
        cmocka_unit_test(refused),     cmocka_unit_test(absent),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
