/* Granules, servers, proxies and local stores for tests of whole runs over a network. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ */
#endif
#include "net/net_fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_COMMAND = 8192, TIMED_OUT = 137 };

/* ---- folders ---- */

const char *net_path(const net_fixture *f, const char *relative)
{
    static char paths[4][4096];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", f->base.dir, relative);
    return path;
}

const char *net_store_dir(const net_fixture *f, const char *store)
{
    char relative[1024];
    if (strncmp(store, "s3://", 5) == 0)
        (void)snprintf(relative, sizeof relative, "root/%s", store + 5);
    else
        (void)snprintf(relative, sizeof relative, "%s", store);
    return net_path(f, relative);
}

void net_remove(const net_fixture *f, const char *store)
{
    char status[4096];
    (void)snprintf(status, sizeof status, "%s.status", net_store_dir(f, store));
    if (access(net_store_dir(f, store), F_OK) == 0)
        remove_tree(net_store_dir(f, store));
    if (access(status, F_OK) == 0)
        remove_tree(status);
}

/* ---- the environment ---- */

static bool is_foreign(const char *setting)
{
    static const char *const PREFIXES[] = {
        "AWS_",    "EARTHDATA_", "ZAGG_NET",     "ZAGG_EARTH",
        "ZAGG_S3", "NETRC=",     "SSL_CERT_FILE"};
    for (size_t i = 0; i < sizeof PREFIXES / sizeof PREFIXES[0]; i++)
        if (strncmp(setting, PREFIXES[i], strlen(PREFIXES[i])) == 0)
            return true;
    const size_t len = strcspn(setting, "=");
    return len > 6 && (strncmp(setting + len - 6, "_proxy", 6) == 0 ||
                       strncmp(setting + len - 6, "_PROXY", 6) == 0);
}

static void clear_environment(void)
{
    for (size_t i = 0; environ[i] != NULL;) {
        char name[256];
        const size_t len = strcspn(environ[i], "=");
        if (!is_foreign(environ[i]) || len >= sizeof name) {
            i++;
            continue;
        }
        (void)snprintf(name, sizeof name, "%.*s", (int)len, environ[i]);
        assert_int_equal(unsetenv(name), 0);
        i = 0; /* the list has moved */
    }
}

static void set(const char *name, const char *value)
{
    assert_int_equal(setenv(name, value, 1), 0);
}

static void set_environment(const net_fixture *f)
{
    clear_environment();
    set("HOME", f->base.dir);
    set("AWS_EC2_METADATA_DISABLED", "true");
    set("AWS_ENDPOINT_URL", server_url(f->s3_proxy));
    set("AWS_ACCESS_KEY_ID", "AKTEST");
    set("AWS_SECRET_ACCESS_KEY", "sekret");
    set("ZAGG_NET_STALL_S", "1");
    set("ZAGG_NET_BACKOFF_S", "0.01");
}

/* ---- runs ---- */

net_run net_shell(const net_fixture *f, double limit_s, const char *env, const char *fmt,
                  ...)
{
    char command[MAX_COMMAND];
    const int head = snprintf(command, sizeof command, "%s%s timeout -s KILL %g ",
                              env[0] ? "env " : "", env, limit_s);
    va_list args;
    va_start(args, fmt);
    const int len = vsnprintf(command + head, sizeof command - (size_t)head, fmt, args);
    va_end(args);
    assert_true(len > 0 && (size_t)(head + len) < sizeof command);
    const double began = zg_clock_mono_s();
    const run_result r = shell_in(f->base.dir, command);
    const net_run run = {r.status, r.out, r.err, zg_clock_mono_s() - began};
    if (run.status == TIMED_OUT)
        fail_msg("no end within %g s: %s\n%.2000s", limit_s, command, run.err);
    return run;
}

void net_run_free(net_run *run)
{
    zg_free(run->out);
    zg_free(run->err);
    run->out = run->err = NULL;
}

net_run net_zagg(const net_fixture *f, const char *env, const char *config,
                 const char *map, const char *store, const char *more)
{
    return net_shell(f, 60, env,
                     "zagg run -q --config %s.yaml --catalog %s.json --driver %s "
                     "--store %s %s",
                     config, map, map, store, more);
}

/* ---- what stores hold ---- */

/* Copies of documents without what differs from run to run, and without where granules
 * lay. */
static void steady_copy(const net_fixture *f, const char *from, const char *to)
{
    static const char EDIT[] =
        "s/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|\\+00:00)/TIME/g; "
        "s/\"(run_id|duration_s|duration_total_s)\": (\"[^\"]*\"|[0-9.e+-]+)/\"\\1\"/g; "
        "s/\"phase_timings\": [{][^}]*[}]/\"phase_timings\"/g; "
        "s@\"[^\"]*/([^\"/]+[.]h5)\"@\"\\1\"@g";
    zg_free(
        shell_ok(f->base.dir,
                 "rm -rf %s && cp -r %s %s && find %s -name '*.json' -o -name '*.moc' "
                 "| xargs sed -E -i '%s'",
                 to, from, to, to, EDIT));
}

size_t net_differs(const net_fixture *f, const char *config, const char *store,
                   zg_str *why)
{
    char expected[64], actual[4096];
    size_t n_files = 0;
    (void)snprintf(expected, sizeof expected, "local/%s", config);
    (void)snprintf(actual, sizeof actual, "%s", net_store_dir(f, store));
    if (access(actual, F_OK) != 0) {
        zg_str_add(why, "there is no store");
        return 1;
    }
    if (strcmp(config, "hive") == 0) {
        steady_copy(f, actual, "steady");
        (void)snprintf(actual, sizeof actual, "%s", net_path(f, "steady"));
        (void)snprintf(expected, sizeof expected, "local/hive.steady");
    }
    const size_t wrong = trees_differ(net_path(f, expected), actual, why, &n_files);
    assert_true(n_files > 20);
    return wrong;
}

int64_t net_most_of_a_range(const test_server *s)
{
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    char *text = server_stats(s);
    const zagg_value *ranges = zagg_value_get(json_of(arena, text), "ranges");
    int64_t most = 0;
    assert_non_null(ranges);
    for (size_t i = 0; i < ranges->n; i++) {
        int64_t n = 0;
        for (size_t k = 0; k < ranges->n; k++)
            n += strcmp(ranges->items[i]->str, ranges->items[k]->str) == 0;
        most = n > most ? n : most;
    }
    zg_free(text);
    zagg_arena_free(arena);
    return most;
}

/* ---- the making ---- */

static void make_granules(const net_fixture *f)
{
    zg_free(shell_ok(f->base.dir,
                     "mkdir -p root/granules root/stores && zagg-synth --quiet --out g "
                     "--granules 2 --photons 60000 --beams 4 --chunk 4000 && "
                     "set -- g/*.h5 && mv $1 root/granules/a.h5 && "
                     "mv $2 root/granules/b.h5"));
}

static void make_map(const net_fixture *f, const char *name, const char *driver,
                     const char *folder)
{
    char granules[1024];
    (void)snprintf(granules, sizeof granules,
                   "{\"%s\": \"%s/a.h5\"}, {\"%s\": \"%s/b.h5\"}", driver, folder, driver,
                   folder);
    write_map(&f->base, name, (map_parts){.granules = granules});
}

static void read_keys(net_fixture *f)
{
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    char *text = shell_ok(f->base.dir, "zagg run -q --json --config flat.yaml --granules "
                                       "root/granules --store keys");
    const zagg_value *results = zagg_value_get(json_of(arena, text), "results");
    assert_non_null(results);
    assert_in_range(results->n, 8, FIXTURE_KEYS);
    for (size_t i = 0; i < results->n; i += 3) /* enough, and there are many runs */
        f->base.keys[f->base.n_keys++] = json_u64(results->items[i], "shard_key");
    zg_free(text);
    zagg_arena_free(arena);
}

static void make_local(net_fixture *f)
{
    char *hive = replaced(FIXTURE_CONFIG, "store_layout: flat", "store_layout: hive");
    write_text(f->base.dir, "flat.yaml", FIXTURE_CONFIG);
    write_text(f->base.dir, "hive.yaml", hive);
    zg_free(hive);
    read_keys(f);
    make_map(f, "file.json", "s3", "root/granules");
    make_map(f, "s3.json", "s3", "s3://granules");
    zg_free(shell_ok(f->base.dir,
                     "for layout in flat hive; do zagg run -q --config $layout.yaml "
                     "--catalog file.json --store local/$layout || exit 1; done"));
    steady_copy(f, "local/hive", "local/hive.steady");
}

void net_proxy(test_server **proxy, int port)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", port);
    if (*proxy == NULL) {
        *proxy = server_start("fault_proxy", (const char *const[]){"--to", text, NULL});
        return;
    }
    assert_int_equal(server_request(*proxy, "POST", "/_to", text, NULL), 204);
    server_script(*proxy, "");
    server_reset(*proxy);
}

static void start_s3(net_fixture *f)
{
    const char *const args[] = {"--root", net_path(f, "root"), "--key", "AKTEST",
                                "sekret", "--min-part",        "1",     NULL};
    f->s3 = server_start("s3_server", args);
    net_proxy(&f->s3_proxy, server_port(f->s3));
}

int net_new(void **state)
{
    if (!server_available())
        return 0;
    net_fixture *f = zg_alloc(1, sizeof *f);
    assert_non_null(f);
    f->base.dir = make_temp_dir();
    make_granules(f);
    make_local(f);
    start_s3(f);
    set_environment(f);
    *state = f;
    return 0;
}

void net_daac(net_fixture *f, const char *const *more)
{
    char folder[128];
    const char *args[32] = {"--root",     net_path(f, "root"), "--user", "someone",
                            "password-1", "--token",           "token-1"};
    for (size_t i = 0; more && more[i]; i++) {
        assert_true(i + 8 < sizeof args / sizeof args[0]);
        args[i + 7] = more[i];
    }
    server_stop(f->daac);
    f->daac = server_start("daac_server", args);
    net_proxy(&f->daac_proxy, server_port(f->daac));
    net_proxy(&f->bucket_proxy, server_bucket_port(f->daac));
    assert_int_equal(
        server_request(f->daac, "POST", "/_bucket", server_url(f->bucket_proxy), NULL),
        204);
    (void)snprintf(folder, sizeof folder, "%s/data/granules", server_url(f->daac_proxy));
    make_map(f, "https.json", "https", folder);
    set("ZAGG_EARTHDATA_HOSTS", server_url(f->daac_proxy) + strlen("http://"));
    set("ZAGG_EARTHDATA_URL", server_url(f->daac_proxy));
    set("EARTHDATA_TOKEN", "token-1");
}

int net_new_daac(void **state)
{
    assert_int_equal(net_new(state), 0);
    if (*state != NULL)
        net_daac(*state, NULL);
    return 0;
}

int net_free(void **state)
{
    net_fixture *f = *state;
    (void)server_stop_all(state);
    if (f == NULL)
        return 0;
    remove_tree(f->base.dir);
    zg_free(f->base.dir);
    zg_free(f);
    return 0;
}
