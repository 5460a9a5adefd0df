/* zagg fetch: a run without a network equals the one with it, and nothing is asked for
 * twice. */
#include "cli/fixture.h"
#include "support/server.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

typedef struct net_fixture {
    fixture *f;
    char env[512]; /* of commands that reach the server */
    test_server *s3;
} net_fixture;

static net_fixture n;

#define KEYS                                                                             \
    "AWS_ACCESS_KEY_ID=AK AWS_SECRET_ACCESS_KEY=sekret AWS_EC2_METADATA_DISABLED=true "

/* Granules large enough that a run does not read all of them. */
static void larger_granules(fixture *f)
{
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    char *json =
        shell_ok(f->dir, "rm -rf g && zagg-synth --quiet --out g --granules 2 --photons "
                         "60000 --beams 6 --chunk 2000 && set -- g/*.h5 && mv $1 g/a.h5 "
                         "&& mv $2 g/b.h5 && zagg run -q --json --config c.yaml "
                         "--granules g/a.h5 --store keys2");
    const zagg_value *results = zagg_value_get(json_of(arena, json), "results");
    f->n_keys = 0;
    for (size_t i = 0; i < results->n && f->n_keys < 5; i++)
        f->keys[f->n_keys++] = json_u64(results->items[i], "shard_key");
    zg_free(json);
    zagg_arena_free(arena);
}

/* The granules as objects, and a map of them. */
static int setup(void **state)
{
    if (!server_available())
        skip();
    assert_int_equal(fixture_new(state), 0);
    n.f = *state;
    larger_granules(n.f);
    zg_free(shell_ok(n.f->dir, "mkdir -p s3/granules/x s3/granules/y && cp g/a.h5 g/b.h5 "
                               "s3/granules && cp g/a.h5 s3/granules/x/a.h5 && cp g/b.h5 "
                               "s3/granules/y/a.h5"));
    write_map(n.f, "remote.json",
              (map_parts){.granules = "{\"id\": \"A\", \"s3\": \"s3://granules/a.h5\", "
                                      "\"more\": [1, null]}, {\"s3\": "
                                      "\"s3://granules/b.h5\"}"});
    return 0;
}

static int teardown(void **state)
{
    return fixture_free(state);
}

static void start_s3(void)
{
    char root[4096];
    (void)snprintf(root, sizeof root, "%s/s3", n.f->dir);
    const char *const args[] = {"--root", root, "--key", "AK", "sekret", NULL};
    n.s3 = server_start("s3_server", args);
    (void)snprintf(n.env, sizeof n.env, "AWS_ENDPOINT_URL=%s " KEYS, server_url(n.s3));
    zg_free(shell_ok(n.f->dir, "rm -rf copies* online* offline*"));
}

/* An offline run equals what `online` holds. */
static void assert_offline(const char *map, const char *online)
{
    zg_free(shell_ok(n.f->dir,
                     "rm -rf offline*; zagg run -q --config c.yaml --catalog %s --store "
                     "offline --max-workers 3",
                     map));
    assert_same_stores(n.f, online, "offline");
}

static uint64_t number_of(const char *json, const char *key)
{
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const uint64_t v = json_u64(json_of(arena, json), key);
    zagg_arena_free(arena);
    return v;
}

static void offline_equals_online(void **state)
{
    (void)state;
    start_s3();
    zg_free(shell_ok(n.f->dir,
                     "%szagg run -q --config c.yaml --catalog remote.json --store online",
                     n.env));
    char *json = shell_ok(
        n.f->dir,
        "%szagg fetch -q --json --config c.yaml --catalog remote.json --to copies",
        n.env);
    assert_int_equal(number_of(json, "granules"), 2);
    assert_int_equal(number_of(json, "granules_failed"), 0);
    assert_int_equal(number_of(json, "bytes_there"), 0);
    assert_true(number_of(json, "bytes_fetched") > 1000);
    assert_true(number_of(json, "bytes_fetched") < number_of(json, "bytes_whole"));
    zg_free(json);
    server_stop_all(NULL);
    assert_offline("copies/shardmap.json", "online");
    zg_free(shell_ok(n.f->dir, "zagg run -q --config c.yaml --catalog "
                               "copies/shardmap.json --store offline1 --max-workers 1"));
    assert_same_stores(n.f, "online", "offline1");
    /* To the store the copies are the granules: nothing is left to be done. */
    char *again = shell_ok(n.f->dir, "zagg run -q --json --config c.yaml --catalog "
                                     "copies/shardmap.json --store online");
    assert_int_equal(number_of(again, "cells_current"), n.f->n_keys);
    zg_free(again);
    /* Records keep what they have beside their addresses. */
    char *map = shell_ok(n.f->dir, "cat copies/shardmap.json");
    assert_non_null(strstr(map, "\"id\": \"A\", \"s3\": \"/"));
    assert_non_null(strstr(map, "copies/a.h5\", \"more\": [1, null]}"));
    assert_null(strstr(map, "s3://"));
    zg_free(map);
}

static void granules_without_a_catalog(void **state)
{
    (void)state;
    start_s3();
    zg_free(shell_ok(n.f->dir,
                     "%szagg run -q --config c.yaml --granules s3://granules/a.h5 "
                     "s3://granules/b.h5 --store online",
                     n.env));
    zg_free(shell_ok(n.f->dir,
                     "%szagg fetch -q --config c.yaml --granules s3://granules/a.h5 "
                     "s3://granules/b.h5 --to copies --catalog-out copies.json",
                     n.env));
    server_stop_all(NULL);
    assert_offline("copies.json", "online");
}

/* Parts of what is there serve other numbers of shards, too. */
static void fewer_shards(void **state)
{
    (void)state;
    start_s3();
    zg_free(shell_ok(n.f->dir,
                     "%szagg fetch -q --config c.yaml --catalog remote.json --to copies",
                     n.env));
    zg_free(shell_ok(n.f->dir,
                     "%szagg run -q --config c.yaml --catalog remote.json --store online "
                     "--max-cells 2",
                     n.env));
    server_stop_all(NULL);
    zg_free(shell_ok(n.f->dir, "zagg run -q --config c.yaml --catalog "
                               "copies/shardmap.json --store offline --max-cells 2"));
    assert_same_stores(n.f, "online", "offline");
}

static void asked_once(void **state)
{
    static const char FETCH[] =
        "%szagg fetch -q --json --config c.yaml --catalog remote.json --to copies%s";
    (void)state;
    start_s3();
    char *first = shell_ok(n.f->dir, FETCH, n.env, " --max-cells 1");
    char *second = shell_ok(n.f->dir, FETCH, n.env, "");
    assert_true(number_of(first, "bytes_fetched") > 0);
    assert_int_equal(number_of(second, "bytes_there"), number_of(first, "bytes_fetched"));
    server_reset(n.s3);
    char *third = shell_ok(n.f->dir, FETCH, n.env, "");
    assert_int_equal(number_of(third, "bytes_fetched"), 0);
    assert_int_equal(number_of(third, "bytes_there"),
                     number_of(first, "bytes_fetched") +
                         number_of(second, "bytes_fetched"));
    /* One byte of each granule, for its version. */
    assert_int_equal(server_stat(n.s3, "requests"), 2);
    assert_int_equal(server_stat(n.s3, "bytes_out"), 2);
    zg_free(first);
    zg_free(second);
    zg_free(third);
    zg_free(shell_ok(n.f->dir,
                     "%szagg run -q --config c.yaml --catalog remote.json --store online",
                     n.env));
    server_stop_all(NULL);
    assert_offline("copies/shardmap.json", "online");
}

static void changed_granules(void **state)
{
    (void)state;
    start_s3();
    zg_free(shell_ok(n.f->dir,
                     "%szagg fetch -q --config c.yaml --catalog remote.json --to copies",
                     n.env));
    zg_free(shell_ok(n.f->dir, "cp g/b.h5 s3/granules/a.h5"));
    run_result r = {0};
    char command[1024];
    (void)snprintf(command, sizeof command,
                   "%szagg fetch -q --config c.yaml --catalog remote.json --to copies",
                   n.env);
    r = shell_in(n.f->dir, command);
    assert_int_equal(r.status, 0);
    if (strstr(r.err, "copies/a.h5: begun anew, because the object has changed since") ==
        NULL)
        fail_msg("%s", r.err);
    assert_null(strstr(r.err, "b.h5: begun anew"));
    run_result_free(&r);
    zg_free(shell_ok(n.f->dir,
                     "%szagg run -q --config c.yaml --catalog remote.json --store online",
                     n.env));
    server_stop_all(NULL);
    assert_offline("copies/shardmap.json", "online");
    zg_free(shell_ok(n.f->dir, "cp g/a.h5 s3/granules/a.h5"));
}

static void whole_granules(void **state)
{
    (void)state;
    start_s3();
    zg_free(shell_ok(n.f->dir,
                     "%szagg fetch -q --config c.yaml --catalog remote.json --to copies "
                     "--max-cells 1",
                     n.env));
    zg_free(shell_ok(n.f->dir,
                     "%szagg fetch -q --config c.yaml --catalog remote.json --to copies "
                     "--whole",
                     n.env));
    zg_free(shell_ok(n.f->dir, "cmp g/a.h5 copies/a.h5 && cmp g/b.h5 copies/b.h5 && "
                               "test ! -e copies/a.h5.spans"));
    server_reset(n.s3);
    char *again = shell_ok(n.f->dir,
                           "%szagg fetch -q --json --config c.yaml --catalog remote.json "
                           "--to copies --whole",
                           n.env);
    assert_int_equal(number_of(again, "bytes_fetched"), 0);
    assert_int_equal(server_stat(n.s3, "bytes_out"), 2);
    zg_free(again);
}

/* Two granules of one name, in different folders. */
static void names(void **state)
{
    (void)state;
    start_s3();
    write_map(n.f, "same.json",
              (map_parts){.granules = "{\"s3\": \"s3://granules/x/a.h5\"}, {\"s3\": "
                                      "\"s3://granules/y/a.h5\"}"});
    zg_free(shell_ok(n.f->dir,
                     "%szagg fetch -q --config c.yaml --catalog same.json --to copies",
                     n.env));
    zg_free(shell_ok(n.f->dir,
                     "%szagg run -q --config c.yaml --catalog same.json --store online",
                     n.env));
    server_stop_all(NULL);
    char *found = shell_ok(n.f->dir, "ls copies/*/a.h5 | wc -l");
    assert_string_equal(found, "2\n");
    zg_free(found);
    assert_offline("copies/shardmap.json", "online");
}

static void missing_bytes(void **state)
{
    (void)state;
    start_s3();
    zg_free(shell_ok(n.f->dir,
                     "%szagg fetch -q --config c.yaml --catalog remote.json --to copies "
                     "--max-cells 1",
                     n.env));
    server_stop_all(NULL);
    run_result r = shell_in(n.f->dir, "sed 's/gt1l, gt1r, gt2l/gt3r/' c.yaml > "
                                      "other.yaml; zagg run -q --config other.yaml "
                                      "--catalog copies/shardmap.json --store o");
    assert_int_equal(r.status, 6);
    if (strstr(r.err, "this copy lacks bytes ") == NULL ||
        strstr(r.err, "of s3://granules/a.h5; run zagg fetch again") == NULL)
        fail_msg("%s", r.err);
    run_result_free(&r);
}

/* ---- https: a DAAC ---- */

static void through_a_daac(void **state)
{
    char root[4096], granules[512], daac_env[512];
    (void)state;
    start_s3();
    (void)snprintf(root, sizeof root, "%s/s3", n.f->dir);
    const char *const args[] = {"--root", root,      "--user", "me",
                                "pw",     "--token", "tok",    NULL};
    test_server *daac = server_start("daac_server", args);
    (void)snprintf(granules, sizeof granules,
                   "{\"s3\": \"s3://no/a.h5\", \"https\": "
                   "\"%s/data/granules/a.h5\"}",
                   server_url(daac));
    (void)snprintf(daac_env, sizeof daac_env,
                   "EARTHDATA_TOKEN=tok ZAGG_EARTHDATA_HOSTS=127.0.0.1:%d ",
                   server_port(daac));
    write_map(n.f, "daac.json", (map_parts){.granules = granules});
    zg_free(shell_ok(n.f->dir,
                     "%szagg run -q --config c.yaml --catalog daac.json --driver https "
                     "--store online",
                     daac_env));
    zg_free(shell_ok(n.f->dir,
                     "%szagg fetch -q --config c.yaml --catalog daac.json --driver https "
                     "--to copies",
                     daac_env));
    assert_int_equal(server_stat(daac, "auth_headers_seen_on_bucket"), 0);
    /* Neither the token nor what signs URLs is kept. */
    run_result r =
        shell_in(n.f->dir, "cat copies/*.spans copies/shardmap.json | grep -cE "
                           "'tok|Signature'");
    assert_string_equal(r.out, "0\n");
    run_result_free(&r);
    server_stop_all(NULL);
    assert_offline("copies/shardmap.json", "online");
}

/* ---- several at once, and what goes wrong ---- */

static void two_at_once(void **state)
{
    (void)state;
    start_s3();
    zg_free(
        shell_ok(n.f->dir,
                 "export %s; zagg fetch -q --config c.yaml --catalog remote.json --to "
                 "copies & zagg fetch -q --config c.yaml --catalog remote.json --to "
                 "copies --catalog-out second.json; a=$?; wait $! && exit $a",
                 n.env));
    zg_free(shell_ok(n.f->dir,
                     "%szagg run -q --config c.yaml --catalog remote.json --store online",
                     n.env));
    server_stop_all(NULL);
    assert_offline("copies/shardmap.json", "online");
    assert_offline("second.json", "online");
}

/* Stopped in the middle: what came stays, and no map claims more. */
static void interrupted(void **state)
{
    char to[32], slow[512], command[1024];
    (void)state;
    start_s3();
    (void)snprintf(to, sizeof to, "%d", server_port(n.s3));
    const char *const args[] = {"--to", to, "--latency", "150", NULL};
    test_server *proxy = server_start("fault_proxy", args);
    (void)snprintf(slow, sizeof slow, "AWS_ENDPOINT_URL=%s " KEYS, server_url(proxy));
    (void)snprintf(command, sizeof command,
                   "export %s; zagg fetch --config c.yaml --catalog remote.json --to "
                   "copies > out & p=$!; while [ ! -s copies/a.h5 ]; do :; done; kill "
                   "-TERM $p; wait $p; s=$?; cat out; test ! -e copies/shardmap.json && "
                   "exit $s",
                   slow);
    run_result r = shell_in(n.f->dir, command);
    if (r.status != 130 || strstr(r.out, "Interrupted; run again to go on") == NULL)
        fail_msg("exit %d: %s%s", r.status, r.out, r.err);
    run_result_free(&r);
    zg_free(shell_ok(n.f->dir,
                     "%szagg fetch -q --config c.yaml --catalog remote.json --to copies",
                     n.env));
    zg_free(shell_ok(n.f->dir,
                     "%szagg run -q --config c.yaml --catalog remote.json --store online",
                     n.env));
    server_stop_all(NULL);
    assert_offline("copies/shardmap.json", "online");
}

static void expect(int status, const char *err, const char *fmt, ...) ZAGG_PRINTF(3, 4);

static void expect(int status, const char *err, const char *fmt, ...)
{
    char command[2048];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(command, sizeof command, fmt, args);
    va_end(args);
    run_result r = shell_in(n.f->dir, command);
    if (r.status != status || !text_matches(err, r.err))
        fail_msg("%s: exit %d: %s%s", command, r.status, r.out, r.err);
    run_result_free(&r);
}

#define FETCH "zagg fetch -q --config c.yaml --to copies "

static void failures(void **state)
{
    (void)state;
    start_s3();
    write_map(n.f, "gone.json",
              (map_parts){.granules = "{\"s3\": \"s3://granules/a.h5\"}, {\"s3\": "
                                      "\"s3://granules/gone.h5\"}"});
    write_map(n.f, "https.json",
              (map_parts){.granules = "{\"https\": \"http://127.0.0.1:1/a.h5\"}"});
    expect(6, "*granule skipped: *gone.h5*", "%s" FETCH "--catalog gone.json", n.env);
    expect(4, "*InvalidAccessKeyId*",
           "AWS_ENDPOINT_URL=%s AWS_ACCESS_KEY_ID=no AWS_SECRET_ACCESS_KEY=no " FETCH
           "--catalog remote.json",
           server_url(n.s3));
    expect(1, "*error: *cannot write *copies2/*: File too large*",
           "%ssh -c 'ulimit -f 100; zagg fetch -q --config c.yaml --to copies2 --catalog "
           "remote.json'",
           n.env);
    /* Room was made: it goes on. */
    expect(0, "", "%szagg fetch -q --config c.yaml --to copies2 --catalog remote.json",
           n.env);
    server_stop_all(NULL);
    expect(5, "*Connection refused*", FETCH "--catalog https.json --driver https");
}

static void usage(void **state)
{
    static const cli_case CASES[] = {
        {"no config", "zagg fetch --to d", 2, NULL,
         "zagg fetch: --config FILE is needed; see zagg fetch --help\n"},
        {"no folder", "zagg fetch --config c.yaml", 2, NULL,
         "zagg fetch: --to DIR is needed; see zagg fetch --help\n"},
        {"no catalog", FETCH, 3, NULL, "error: No catalog specified*"},
        {"two sources", FETCH "--catalog m.json --granules s3://a/b", 2, NULL,
         "zagg fetch: give --catalog or --granules, not both\n"},
        {"stray word", FETCH "x.h5", 2, NULL,
         "zagg fetch: x.h5: unexpected argument; URLs go behind --granules\n"},
        {"driver", FETCH "--driver file", 2, NULL,
         "zagg fetch: --driver: found 'file'; must be s3 or https\n"},
        {"local granules", FETCH "--catalog m.json", 3, NULL,
         "error: m.json: its granules are on this machine already: there is nothing to "
         "fetch\n"},
        {"no shard", FETCH "--catalog remote.json --morton-cell 7", 2, NULL,
         "error: shard '7' not in catalog (remote.json)\n"},
        {"folder that is a file", FETCH "--catalog remote.json --to c.yaml", 1, NULL,
         "error: cannot make the folder c.yaml: *\n"},
        {"another grid",
         "sed s/11,/10,/ c.yaml > coarse.yaml; zagg fetch -q --to copies --config "
         "coarse.yaml --catalog remote.json",
         3, NULL, "error: remote.json: the shard map was made for another grid*"},
    };
    (void)state;
    check_cases(n.f, "usage", CASES, sizeof CASES / sizeof CASES[0]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, server_stop_all)
    const struct CMUnitTest tests[] = {
        TEST(offline_equals_online),
        TEST(granules_without_a_catalog),
        TEST(fewer_shards),
        TEST(asked_once),
        TEST(changed_granules),
        TEST(whole_granules),
        TEST(names),
        TEST(missing_bytes),
        TEST(through_a_daac),
        TEST(two_at_once),
        TEST(interrupted),
        TEST(failures),
        TEST(usage),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
