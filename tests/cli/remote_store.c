/* Stores of s3:// from outside: the same objects as in a folder, by the same options; the
 * other commands read them; keys, buckets and servers that fail; Ctrl-C and kill -9. */
#include "cli/fixture.h"
#include "support/server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The fixture's folder is a bucket: what is put lies there as files. */
typedef struct remote {
    fixture *f;
    test_server *server, *proxy;
    const char *bucket;
} remote;

static int remote_new(void **state)
{
    static remote r;
    char root[4096], port[16];
    void *base = NULL;
    r = (remote){.f = NULL};
    *state = &r;
    if (!server_available())
        return 0;
    assert_int_equal(fixture_new(&base), 0);
    r.f = base;
    r.bucket = strrchr(r.f->dir, '/') + 1;
    (void)snprintf(root, sizeof root, "%.*s", (int)(r.bucket - 1 - r.f->dir), r.f->dir);
    const char *const args[] = {"--root", root,          "--key",  "AKTEST",
                                "sekret", "--read-only", "locked", NULL};
    r.server = server_start("s3_server", args);
    (void)snprintf(port, sizeof port, "%d", server_port(r.server));
    const char *const proxy_args[] = {"--to", port, NULL};
    r.proxy = server_start("fault_proxy", proxy_args);
    assert_int_equal(setenv("AWS_ENDPOINT_URL", server_url(r.server), 1), 0);
    assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "AKTEST", 1), 0);
    assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "sekret", 1), 0);
    assert_int_equal(setenv("AWS_REGION", "us-west-2", 1), 0);
    assert_int_equal(setenv("B", r.bucket, 1), 0);
    assert_int_equal(setenv("PROXY", server_url(r.proxy), 1), 0);
    assert_int_equal(unsetenv("AWS_SESSION_TOKEN"), 0);
    zg_free(shell_ok(r.f->dir,
                     "sed 's/store_layout: flat/store_layout: hive/' c.yaml > h.yaml; "
                     "zagg-synth --quiet --out many --granules 3 --beams 3 --photons "
                     "20000 --per-segment 10; zagg run -q --config c.yaml --granules g "
                     "--store s; zagg run -q --config h.yaml --granules many --store h "
                     "--max-cells 30"));
    return 0;
}

static int remote_free(void **state)
{
    remote *r = *state;
    void *base = r->f;
    (void)server_stop_all(state);
    return base ? fixture_free(&base) : 0;
}

static remote *remote_of(void **state)
{
    remote *r = *state;
    if (r->f == NULL)
        skip();
    return r;
}

/* ---- what is written and printed ---- */

#define RUN                                                                              \
    "rm -rf x x.status; zagg run -q --config c.yaml --granules g --store s3://$B/x "
#define DONE                                                                             \
    "\nDone: * cells with data, *,* obs, 0 errors, *.*s\nNetwork: * requests (0 "        \
    "repeated, 0 throttled), * in (0 B of metadata), * out, first byte after * ms "      \
    "(longest * ms)\nOutput: s3://*/x\n"

static const cli_case CASES[] = {
    {"summary", RUN, 0, DONE, NULL},
    {"the same objects", "diff -r s x && echo same", 0, "same\n", NULL},
    {"a slash at the end",
     "rm -rf x x.status; zagg run -q --config c.yaml --granules g "
     "--store s3://$B/x/ >/dev/null && diff -r s x && ls -d x*",
     0, "x\nx.status\n", NULL},
    {"again", "zagg run -q --config c.yaml --granules g --store s3://$B/x | grep Skipped",
     0, "Skipped: * cells finished by an earlier run, * obs\n", NULL},
    {"in the config",
     "sed \"s,^output:,output:\\n  store: s3://$B/deep/er,\" c.yaml > in.yaml; zagg run "
     "-q "
     "--config in.yaml --granules g | tail -1; diff -r s deep/er",
     0, "Output: s3://*/deep/er\n", NULL},
    {"table", RUN "--table", 0,
     "*\ns3://*/x/16\n  shards with data *\n  field *\n  count *", NULL},
    {"status", "zagg status s3://$B/x", 0,
     "s3://*/x: finished\n  run *shards * done, 0 skipped, 0 failed, 0 remaining\n*",
     NULL},
    {"verify", "zagg verify s3://$B/x", 0, "*\ns3://*/x: no problems\n", NULL},
    {"verify tells", "echo x >> x/16/count/zarr.json; zagg verify -q s3://$B/x", 1,
     "16/count/zarr.json: *", NULL},
    {"inspect",
     RUN ">/dev/null; zagg inspect s3://$B/x > 1; zagg inspect x > 2; grep -v "
         "': flat store' 1 > 3; grep -v ': flat store' 2 | diff 3 - && grep -c . 1",
     0, "*\n", NULL},
    {"export",
     "zagg export s3://$B/x -o 1.csv --force && zagg export s -o 2.csv --force && "
     "cmp 1.csv 2.csv && wc -l < 1.csv",
     0, "1.csv: * rows\n2.csv: * rows\n*\n", NULL},
    {"a hive",
     "rm -rf x x.status; zagg run -q --config h.yaml --granules g --store "
     "s3://$B/x --max-workers 3 > /dev/null; zagg run -q --config h.yaml "
     "--granules g --store k > /dev/null; zagg verify -q s3://$B/x && (cd k; "
     "find . -type f | sort) > 1; (cd x; find . -type f | sort) | diff 1 - && "
     "zagg export s3://$B/x -o 1.csv --force && zagg export k -o 2.csv --force "
     "&& cmp 1.csv 2.csv && echo same",
     0, "*same\n", NULL},
    {"a dry run asks nothing",
     "AWS_ENDPOINT_URL=http://127.0.0.1:1 zagg run -q --config "
     "c.yaml --granules g --store s3://$B/y --dry-run",
     0, "\n[DRY RUN] Would process * cells\n*", NULL},
};

/* ---- what goes wrong ---- */

static const cli_case ERRORS[] = {
    {"a wrong key", "export AWS_SECRET_ACCESS_KEY=wrong; " RUN, 4, NULL,
     "error: *PUT http*/x.status/lock: HTTP 403: SignatureDoesNotMatch*environment*\n"},
    {"no keys",
     "env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY "
     "AWS_EC2_METADATA_DISABLED=true HOME=/nowhere zagg run -q --config c.yaml "
     "--granules g --store s3://$B/x",
     4, NULL, "error: *"},
    {"no such bucket",
     "zagg run -q --config c.yaml --granules g --store s3://no-bucket/x", 5, NULL,
     "error: *there is no bucket no-bucket\n"},
    {"a bucket that may not be written",
     "zagg run -q --config c.yaml --granules g --store s3://locked/x", 4, NULL,
     "error: *HTTP 403: AccessDenied*\n"},
    {"no name in the bucket", "zagg run -q --config c.yaml --granules g --store s3://$B",
     3, NULL, "error: *needs a name in its bucket*\n"},
    {"not s3", "zagg run -q --config c.yaml --granules g --store https://h/x", 3, NULL,
     "error: *a store is a local folder or s3://BUCKET/NAME\n"},
    {"nobody there", "export AWS_ENDPOINT_URL=http://127.0.0.1:1; " RUN, 5, NULL,
     "error: *Connection refused (5 attempts)\n"},
    {"no store to read", "zagg inspect s3://$B/none", 1, NULL,
     "zagg inspect: store s3://*/none: no store is there: *\n"},
    {"no bucket to read", "zagg export s3://no-bucket/x -o 1.csv --force", 5, NULL,
     "zagg export: *there is no bucket no-bucket\n"},
    {"no run to tell of", "zagg status s3://$B/none", 1, NULL,
     "zagg status: no record of a run in s3://*/none.status\n"},
    {"no key to read with", "AWS_SECRET_ACCESS_KEY=wrong zagg status s3://$B/x", 4, NULL,
     "zagg status: *SignatureDoesNotMatch*\n"},
    {"kinds of encryption", RUN "--sse rot13", 2, NULL,
     "zagg run: --sse: found 'rot13'; must be AES256 or aws:kms\n"},
    {"a key for nothing", RUN "--sse AES256 --sse-kms-key k", 2, NULL,
     "zagg run: --sse-kms-key goes with --sse aws:kms\n"},
    {"a file of keys that is not there", RUN "--output-creds nope.json", 1, NULL,
     "error: *nope.json*\n"},
    {"a file of keys without any",
     "echo '{\"region\": \"x\"}' > k.json; " RUN "--output-creds k.json", 3, NULL,
     "error: *output_credentials is missing required field*\n"},
};

static void printed(void **state)
{
    const remote *r = remote_of(state);
    check_cases(r->f, "s3 stores", CASES, sizeof CASES / sizeof CASES[0]);
    check_cases(r->f, "s3 errors", ERRORS, sizeof ERRORS / sizeof ERRORS[0]);
}

/* ---- keys and headers ---- */

static void options_reach_the_server(void **state)
{
    const remote *r = remote_of(state);
    server_reset(r->server);
    zg_free(shell_ok(
        r->f->dir,
        "echo \"{\\\"aws_access_key_id\\\": \\\"AKTEST\\\", "
        "\\\"aws_secret_access_key\\\": "
        "\\\"sekret\\\", \\\"endpointUrl\\\": \\\"$AWS_ENDPOINT_URL\\\"}\" > keys.json; "
        "rm "
        "-rf x x.status; env -u AWS_ENDPOINT_URL AWS_SECRET_ACCESS_KEY=wrong zagg run -q "
        "--config c.yaml --granules g --store s3://$B/x --output-creds keys.json "
        "--region "
        "us-west-2 --acl bucket-owner-full-control --sse aws:kms --sse-kms-key k-1 "
        "--requester-pays > /dev/null; zagg verify -q s3://$B/x --output-creds "
        "keys.json"));
    char *stats = server_stats(r->server);
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *puts = zagg_value_get(json_of(arena, stats), "puts");
    assert_true(puts != NULL && puts->n > 20);
    for (size_t i = 0; i < puts->n; i++) {
        const zagg_value *h = zagg_value_get(puts->items[i], "headers");
        assert_true(
            zagg_value_is(zagg_value_get(h, "x-amz-acl"), "bucket-owner-full-control"));
        assert_true(
            zagg_value_is(zagg_value_get(h, "x-amz-server-side-encryption"), "aws:kms"));
        assert_true(zagg_value_is(zagg_value_get(h, "x-amz-request-payer"), "requester"));
    }
    zagg_arena_free(arena);
    zg_free(stats);
}

/* ---- servers that fail on the way ---- */

static void one_error_and_one_code(void **state)
{
    static const struct {
        const char *fault, *says;
    } CASES_OF[] = {{"403", "HTTP 403"}, {"507", "HTTP 507"}, {"reset", "reset"}};
    const remote *r = remote_of(state);
    for (size_t i = 0; i < sizeof CASES_OF / sizeof CASES_OF[0]; i++)
        for (size_t again = 0; again < 2; again++) {
            char script[256];
            (void)snprintf(script, sizeof script,
                           "{\"fault\": \"%s\", \"method\": \"PUT\", \"path\": "
                           "\"/h_max/c/\", \"after\": 2, \"times\": 0}\n",
                           CASES_OF[i].fault);
            server_script(r->proxy, script);
            run_result run = shell_in(r->f->dir, "export AWS_ENDPOINT_URL=$PROXY; " RUN
                                                 "--max-workers 1");
            if (run.status != 1)
                fail_msg("%s: exit %d: %s", CASES_OF[i].fault, run.status, run.err);
            const char *error = strstr(run.err, "error: ");
            if (error == NULL || strstr(error + 1, "error: ") != NULL ||
                strstr(error, CASES_OF[i].says) == NULL ||
                strstr(error, "/h_max/c/") == NULL)
                fail_msg("%s: %s", CASES_OF[i].fault, run.err);
            run_result_free(&run);
            server_script(r->proxy, "");
            zg_free(
                shell_ok(r->f->dir,
                         "zagg status s3://$B/x > 1; test $? = 6; grep -q ': failed' 1; "
                         "zagg run -q --config c.yaml --granules g --store s3://$B/x "
                         "> 1 && grep -q Skipped 1 && diff -r s x"));
        }
}

/* ---- ended from outside ---- */

static void pause_briefly(void)
{
    const struct timespec step = {0, 2 * 1000 * 1000};
    nanosleep(&step, NULL);
}

/* A run over a slow way, with the signal when some of its objects are there. */
static int run_with_signal(const remote *r, int number)
{
    int wait_status = 0;
    char port[16], program[4096], store[512];
    (void)snprintf(port, sizeof port, "%d", server_port(r->server));
    const char *const args[] = {"--to", port, "--latency", "40", NULL};
    test_server *slow = server_start("fault_proxy", args);
    (void)snprintf(program, sizeof program, "%s/zagg", getenv("ZAGG_BUILD_DIR"));
    (void)snprintf(store, sizeof store, "s3://%s/x", r->bucket);
    zg_free(shell_ok(r->f->dir, "rm -rf x x.status"));
    server_reset(r->server);
    fflush(NULL);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (chdir(r->f->dir) != 0 || freopen("out", "w", stdout) == NULL ||
            freopen("err", "w", stderr) == NULL ||
            setenv("AWS_ENDPOINT_URL", server_url(slow), 1) != 0)
            _exit(126);
        execl(program, "zagg", "run", "-q", "--config", "h.yaml", "--granules", "many",
              "--max-workers", "1", "--max-cells", "30", "--store", store, (char *)NULL);
        _exit(127);
    }
    while (server_stat(r->server, "by_op.PutObject") < 80)
        pause_briefly();
    assert_int_equal(kill(pid, number), 0);
    while (waitpid(pid, &wait_status, 0) < 0)
        assert_int_equal(errno, EINTR);
    server_stop(slow);
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
                                    : WEXITSTATUS(wait_status);
}

static void completed_by_the_next_run(const remote *r)
{
    zg_free(shell_ok(
        r->f->dir,
        "zagg run -q --config h.yaml --granules many --max-cells 30 --store "
        "s3://$B/x > out && zagg verify -q x && (cd h; find . -type f | sort) > 1; "
        "(cd x; find . -type f | sort) | diff 1 - && zagg export x -o 1.csv "
        "--force && zagg export h -o 2.csv --force && cmp 1.csv 2.csv"));
}

static void interrupted(void **state)
{
    const remote *r = remote_of(state);
    assert_int_equal(run_with_signal(r, SIGINT), 130);
    zg_free(shell_ok(r->f->dir, "grep -q 'Interrupted: .* cells done' out && test ! -e "
                                "x.status/lock && grep -q '\"state\": \"interrupted\"' "
                                "x.status/run.json"));
    completed_by_the_next_run(r);
    zg_free(shell_ok(r->f->dir, "grep Skipped out"));
}

static void killed(void **state)
{
    const remote *r = remote_of(state);
    assert_int_equal(run_with_signal(r, SIGKILL), 128 + SIGKILL);
    zg_free(shell_ok(r->f->dir,
                     "test -e x.status/lock; zagg status s3://$B/x > 1; test $? = 6 && "
                     "grep -q crashed 1"));
    completed_by_the_next_run(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printed),
        cmocka_unit_test(options_reach_the_server),
        cmocka_unit_test(one_error_and_one_code),
        cmocka_unit_test(interrupted),
        cmocka_unit_test(killed),
    };
    return cmocka_run_group_tests(tests, remote_new, remote_free);
}
