/* Runs into s3:// stores: what they ask of the server, what they leave when they are
 * killed between two requests or the server fails, and who may write. All layouts. */
#include "fault/trust_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STORE "store"
enum { KILLS = 3, ENOUGH_FAILURES = 10 };

static trust_fixture *fixture_of(void **state)
{
    if (*state == NULL)
        skip();
    return *state;
}

static void assert_well(const trust_end *end)
{
    if (!trust_is_well(end))
        fail_msg("%s", trust_message(end));
}

static void assert_complete(const trust_fixture *f, layout l)
{
    const trust_how how = {.layout = l, .store = STORE};
    zg_str why;
    zg_str_init(&why, 0);
    if (!store_is_complete(f, &how, &why))
        fail_msg("%s: %s", layout_name(l), why.data);
    zg_str_free(&why);
}

/* ---- requests ---- */

static size_t count_files(const trust_fixture *f, const char *folder)
{
    zg_vec files = tree_files(fixture_path(f->base, folder));
    const size_t n = files.len;
    tree_files_free(&files);
    return n;
}

/* A new store costs its objects, a record for each shard, and nine requests. Consolidated
 * metadata are made by reading the documents again. */
static void nothing_but_puts(void **state)
{
    const trust_fixture *f = fixture_of(state);
    for (layout l = 0; l < N_LAYOUTS; l++) {
        const bool consolidated = l == FLAT_CSR || l == RECT_SHARDED;
        remove_store(f->base, STORE);
        server_reset(f->server);
        const trust_how how = {.layout = l, .store = STORE, .threads = 2};
        const trust_end end = trust_run(f, &how);
        assert_well(&end);
        assert_complete(f, l);
        const size_t objects = count_files(f, STORE);
        const int64_t puts = server_stat(f->server, "by_op.PutObject");
        const int64_t gets = server_stat(f->server, "by_op.GetObject");
        const int64_t all = server_stat(f->server, "requests");
        print_message("%s: %zu objects, %zu shards: %lld requests, %lld of them puts\n",
                      layout_name(l), objects, f->n_shards[l], (long long)all,
                      (long long)puts);
        /* lock, run.json twice, objects.json, journal */
        const int64_t rewritten = puts - (int64_t)(objects + f->n_shards[l] + 5);
        if (l == FLAT_CSR) /* each shard puts the group of its field */
            assert_true(rewritten >= 0 && rewritten <= (int64_t)f->n_shards[l]);
        else
            assert_int_equal(rewritten, consolidated ? 1 : 0);
        assert_int_equal(server_stat(f->server, "by_op.HeadObject"), 0);
        assert_int_equal(server_stat(f->server, "by_op.DeleteObject"), 1); /* the lock */
        if (!consolidated) {
            assert_int_equal(gets, 0);
            assert_int_equal(server_stat(f->server, "by_op.ListObjectsV2"), 2);
        }
    }
}

/* A run in which nothing is to be done asks for each shard's record and no object. */
static void little_where_all_is_done(void **state)
{
    const trust_fixture *f = fixture_of(state);
    for (layout l = 0; l < N_LAYOUTS; l++) {
        const trust_how how = {.layout = l, .store = STORE, .threads = 2};
        remove_store(f->base, STORE);
        trust_end end = trust_run(f, &how);
        assert_well(&end);
        const int64_t documents = 8; /* of a template, at most */
        server_reset(f->server);
        end = trust_run(f, &how);
        assert_well(&end);
        assert_int_equal(end.skipped, f->n_shards[l]);
        assert_int_equal(server_stat(f->server, "by_op.HeadObject"), 0);
        if (l != FLAT_CSR && l != RECT_SHARDED)
            assert_true(server_stat(f->server, "by_op.GetObject") <=
                        (int64_t)f->n_shards[l] + 2 * documents + 4);
        assert_complete(f, l);
    }
}

/* ---- killed ---- */

typedef struct countdown {
    atomic_llong left;
} countdown;

/* Each line of the log is a request that was answered. */
static void die_in_time(void *user, zagg_log_level level, const char *message)
{
    countdown *c = user;
    (void)message;
    if (level == ZAGG_LOG_DEBUG && atomic_fetch_sub(&c->left, 1) == 1)
        _exit(99);
}

/* Run in a process that ends with its nth request; false when it came to its end. */
static bool run_killed(trust_fixture *f, const trust_how *how, int64_t nth)
{
    int wait_status = 0;
    fflush(NULL);
    trust_drop_net(f);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        countdown c;
        atomic_init(&c.left, nth);
        zagg_log *log = zagg_log_new(ZAGG_LOG_DEBUG, die_in_time, &c);
        trust_renew_net(f, server_url(f->server), log);
        const trust_end end = trust_run(f, how);
        _exit(trust_is_well(&end) ? 0 : 1);
    }
    while (waitpid(pid, &wait_status, 0) < 0)
        assert_int_equal(errno, EINTR);
    trust_renew_net(f, server_url(f->server), NULL);
    assert_true(WIFEXITED(wait_status));
    if (WEXITSTATUS(wait_status) == 1)
        fail_msg("%s: the run failed by itself", layout_name(how->layout));
    return WEXITSTATUS(wait_status) == 99;
}

static void killed_between_requests(void **state)
{
    trust_fixture *f = fixture_of(state);
    static const layout KINDS[] = {FLAT_CHUNKED, FLAT_CSR, RECT_SHARDED, HIVE};
    case_report r = {.set = "killed between requests"};
    for (size_t k = 0; k < sizeof KINDS / sizeof KINDS[0]; k++)
        for (int grown = 0; grown < 2; grown++) {
            const layout l = KINDS[k];
            const trust_how how = {.layout = l, .store = STORE, .threads = 2};
            const trust_how before = {.layout = l, .store = STORE, .fewer = true};
            int64_t n = 0, nth;
            for (int64_t i = 0; (nth = i ? moment(i, n, KILLS) : INT64_MAX) &&
                                r.failed < ENOUGH_FAILURES;
                 i++) {
                char name[128];
                zg_str why;
                size_t records = 0, skipped = 0;
                zg_str_init(&why, 0);
                remove_store(f->base, STORE);
                if (grown) {
                    const trust_end end = trust_run(f, &before);
                    assert_well(&end);
                }
                server_reset(f->server);
                const bool died = run_killed(f, &how, nth);
                if (i == 0) { /* how many requests there are */
                    n = server_stat(f->server, "requests");
                    assert_false(died);
                    continue;
                }
                /* A request that was on its way may come after the death of its sender:
                 * one record more than was seen. */
                if (records_are_true(f, STORE, &records, &why) &&
                    completes(f, &how, &skipped, &why) && !grown && skipped < records)
                    zg_str_addf(&why, "%zu records, %zu skipped", records, skipped);
                (void)snprintf(name, sizeof name, "%s%s, %lld of %lld", layout_name(l),
                               grown ? ", grown" : "", (long long)nth, (long long)n);
                if (why.len > 0)
                    case_fail(&r, name, "%s", why.data);
                else
                    case_pass(&r);
                zg_str_free(&why);
            }
        }
    report_end(&r, 20);
}

/* ---- servers that fail ---- */

typedef struct trouble {
    const char *name, *script;
    bool passes; /* it is got over */
} trouble;

static const trouble TROUBLES[] = {
    {"403",
     "{\"fault\": \"403\", \"method\": \"PUT\", \"path\": \"/c/|zarr/16/\", "
     "\"after\": 3, \"times\": 0}\n",
     false},
    {"507",
     "{\"fault\": \"507\", \"method\": \"PUT\", \"path\": \"/c/|zarr/16/\", "
     "\"after\": 4, \"times\": 0}\n",
     false},
    {"reset",
     "{\"fault\": \"reset\", \"method\": \"PUT\", \"path\": \"/c/|zarr/16/\", "
     "\"after\": 2, \"times\": 0}\n",
     false},
    {"records",
     "{\"fault\": \"403\", \"method\": \"PUT\", \"path\": \"/shards/\", "
     "\"after\": 1, \"times\": 0}\n",
     false},
    {"a little of all",
     "{\"fault\": \"503\", \"path\": \"c/\", \"times\": 2}\n"
     "{\"fault\": \"500\", \"path\": \"shards\"}\n"
     "{\"fault\": \"reset\", \"path\": \"run.json\", \"forward\": true}\n"
     "{\"fault\": \"reset\", \"path\": \"/lock\", \"method\": \"PUT\", \"forward\": "
     "true}\n"
     "{\"fault\": \"short\", \"path\": \"list-type\"}\n"
     "{\"fault\": \"close\", \"path\": \"zarr\", \"times\": 3}\n",
     true},
};

static void servers_that_fail(void **state)
{
    trust_fixture *f = fixture_of(state);
    char port[16];
    (void)snprintf(port, sizeof port, "%d", server_port(f->server));
    const char *const args[] = {"--to", port, NULL};
    test_server *proxy = server_start("fault_proxy", args);
    trust_renew_net(f, server_url(proxy), NULL);
    for (layout l = FLAT_CHUNKED; l < N_LAYOUTS; l += HIVE - FLAT_CHUNKED)
        for (size_t i = 0; i < sizeof TROUBLES / sizeof TROUBLES[0]; i++) {
            const trouble *t = &TROUBLES[i];
            const trust_how how = {.layout = l, .store = STORE};
            zg_str why;
            size_t n = 0, skipped = 0;
            zg_str_init(&why, 0);
            remove_store(f->base, STORE);
            server_script(proxy, t->script);
            const trust_end end = trust_run(f, &how);
            if (trust_is_well(&end) != t->passes)
                fail_msg("%s, %s: %s", layout_name(l), t->name, trust_message(&end));
            if (!t->passes) {
                assert_non_null(strstr(trust_message(&end), "PUT http://127.0.0.1:"));
                assert_non_null(strstr(trust_message(&end), "/" STORE));
                assert_null(strstr(trust_message(&end), "sekret"));
            }
            server_script(proxy, "");
            if (!records_are_true(f, STORE, &n, &why) ||
                !completes(f, &how, &skipped, &why))
                fail_msg("%s, %s: %s", layout_name(l), t->name, why.data);
            assert_int_equal(skipped, n);
            zg_str_free(&why);
        }
    trust_renew_net(f, server_url(f->server), NULL);
    server_stop(proxy);
}

/* Whichever allocation fails: the run says so, or did without; the next one completes the
 * store. */
static void without_memory(void **state)
{
    const trust_fixture *f = fixture_of(state);
    const trust_how how = {.layout = HIVE, .store = STORE, .threads = 2};
    size_t failures = 0, well = 0;
    for (int64_t nth = 3; well < 2; nth += 1 + nth / 3) {
        zg_str why;
        size_t n = 0, skipped = 0;
        zg_str_init(&why, 0);
        remove_store(f->base, STORE);
        zg_alloc_fail_nth(nth);
        const trust_end end = trust_run(f, &how);
        zg_alloc_fail_nth(0);
        well = trust_is_well(&end) ? well + 1 : 0;
        failures += !trust_is_well(&end);
        if (!trust_is_well(&end) && strstr(trust_message(&end), "memory") == NULL)
            fail_msg("%lld: %s", (long long)nth, trust_message(&end));
        if (!records_are_true(f, STORE, &n, &why) || !completes(f, &how, &skipped, &why))
            fail_msg("%lld: %s", (long long)nth, why.data);
        zg_str_free(&why);
    }
    assert_true(failures > 5);
}

/* ---- who may write ---- */

static void put_lock(const trust_fixture *f, const char *machine, long pid, double age_s)
{
    char text[512];
    struct timespec times[2];
    zg_free(shell_ok(f->base->dir, "mkdir -p " STORE ".status"));
    (void)snprintf(text, sizeof text,
                   "{\"spec\": \"zagg-lease/1\", \"run_id\": \"r1\", \"host\": "
                   "\"elsewhere\", \"pid\": %ld, \"machine\": \"%s\", \"lease_s\": 90}\n",
                   pid, machine);
    write_text(f->base->dir, STORE ".status/lock", text);
    clock_gettime(CLOCK_REALTIME, &times[0]);
    times[0].tv_sec -= (time_t)age_s;
    times[1] = times[0];
    assert_int_equal(
        utimensat(AT_FDCWD, fixture_path(f->base, STORE ".status/lock"), times, 0), 0);
}

static zagg_run_status status_of(const trust_fixture *f)
{
    zagg_run_status s;
    zagg_sink *sink = NULL;
    char url[256];
    zagg_err err = ZAGG_ERR_INIT;
    (void)snprintf(url, sizeof url, "s3://%s/" STORE ".status", f->bucket);
    assert_int_equal(zagg_net_open_sink(f->net, url, &sink, &err), ZAGG_OK);
    if (zagg_run_status_read_sink(sink, &s, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_sink_close(sink);
    return s;
}

static void a_lease_is_respected(void **state)
{
    const trust_fixture *f = fixture_of(state);
    const trust_how how = {.layout = FLAT_SHARDED, .store = STORE};
    remove_store(f->base, STORE);
    put_lock(f, "other", 4711, 60);
    trust_end end = trust_run(f, &how);
    assert_int_equal(end.status, ZAGG_EEXISTS);
    assert_non_null(strstr(end.err.msg, "another run is writing into it (process 4711 on "
                                        "elsewhere, run r1, renewed 6"));
    assert_int_equal(count_files(f, STORE ".status"), 1); /* nothing was touched */
    put_lock(f, "other", 4711, 120);
    end = trust_run(f, &how);
    assert_well(&end);
    assert_complete(f, FLAT_SHARDED);
    assert_int_not_equal(access(fixture_path(f->base, STORE ".status/lock"), F_OK), 0);
    write_text(f->base->dir, STORE ".status/lock", "no JSON");
    end = trust_run(f, &how);
    assert_int_equal(end.status, ZAGG_EEXISTS);
    assert_non_null(strstr(end.err.msg, "it does not say which"));
}

static void states_of_runs(void **state)
{
    trust_fixture *f = fixture_of(state);
    const trust_how how = {.layout = HIVE, .store = STORE};
    const size_t n = f->n_shards[HIVE];
    remove_store(f->base, STORE);
    trust_end end = trust_run(f, &how);
    assert_well(&end);
    zagg_run_status s = status_of(f);
    assert_int_equal(s.state, ZAGG_RUN_FINISHED);
    assert_int_equal(s.selected, n);
    assert_int_equal(s.done, n);
    assert_int_equal(s.begun, n);
    assert_true(s.obs > 0 && s.bytes > 0 && s.objects > n);
    end = trust_run(f, &(trust_how){.layout = HIVE, .store = STORE, .fewer = true});
    assert_int_equal(end.refused, n);
    s = status_of(f);
    assert_int_equal(s.refused, n);
    assert_int_equal(s.done, 0);
    assert_non_null(strstr(s.errors[0].text, "second.h5"));
    put_lock(f, "other", 4711, 1);
    s = status_of(f);
    assert_int_equal(s.state, ZAGG_RUN_RUNNING);
    assert_non_null(strstr(s.holder, "process 4711 on elsewhere"));
    remove_store(f->base, STORE);
    assert_true(run_killed(f, &how, 12));
    s = status_of(f);
    assert_int_equal(s.state, ZAGG_RUN_CRASHED);
    end = trust_run(f, &how);
    assert_well(&end);
    assert_int_equal(status_of(f).state, ZAGG_RUN_FINISHED);
}

/* Uploads of a run that died are given up by the next one. */
static void uploads_of_the_dead(void **state)
{
    trust_fixture *f = fixture_of(state);
    const trust_how how = {.layout = FLAT_SHARDED, .store = STORE};
    remove_store(f->base, STORE);
    assert_true(run_killed(f, &how, 14));
    server_reset(f->server);
    const trust_end end = trust_run(f, &how);
    assert_well(&end);
    assert_int_equal(server_stat(f->server, "by_op.ListMultipartUploads"), 1);
    assert_complete(f, FLAT_SHARDED);
}

static void names_that_are_no_stores(void **state)
{
    const trust_fixture *f = fixture_of(state);
    static const struct {
        const char *store, *what;
    } CASES[] = {{"s3://bucket", "needs a name in its bucket"},
                 {"s3://bucket/", "needs a name in its bucket"},
                 {"s3:///tmp/x", "a store is a local folder or s3://"},
                 {"https://host/x", "a store is a local folder or s3://"},
                 {"gs://bucket/x", "a store is a local folder or s3://"}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        zagg_run_summary s;
        zagg_err err = ZAGG_ERR_INIT;
        const zagg_run_opts opts = {.pipeline = f->pipelines[0],
                                    .map = f->maps[0],
                                    .store = CASES[i].store,
                                    .net = f->net,
                                    .driver = "file"};
        assert_int_equal(zagg_run_local(&opts, &s, &err), ZAGG_ECONFIG);
        if (strstr(err.msg, CASES[i].what) == NULL)
            fail_msg("%s: %s", CASES[i].store, err.msg);
        zagg_run_summary_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_but_puts),
        cmocka_unit_test(little_where_all_is_done),
        cmocka_unit_test(killed_between_requests),
        cmocka_unit_test(servers_that_fail),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(a_lease_is_respected),
        cmocka_unit_test(states_of_runs),
        cmocka_unit_test(uploads_of_the_dead),
        cmocka_unit_test(names_that_are_no_stores),
    };
    return cmocka_run_group_tests(tests, trust_new_remote, trust_free);
}
