/* What a second run does with the store of a first one: which shards it leaves out,
 * writes again or refuses; and that two runs at once do no harm. All layouts. With
 * TRUST_REMOTE the same for stores of s3://. */
#include "fault/trust_fixture.h"
#include "io/lock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define STORE "store"

#ifdef TRUST_REMOTE
#define SETUP trust_new_remote
/* Through a server the kinds that differ in what is removed. */
static const layout TESTED[] = {FLAT_CHUNKED, FLAT_CSR, HIVE};
#else
#define SETUP trust_new
static const layout TESTED[] = {FLAT_SHARDED, FLAT_CHUNKED, FLAT_CSR,
                                RECT_CHUNKED, RECT_SHARDED, HIVE};
#endif
enum { N_TESTED = sizeof TESTED / sizeof TESTED[0] };

static trust_end run(const trust_fixture *f, trust_how how)
{
    how.store = STORE;
    return trust_run(f, &how);
}

static void assert_complete(const trust_fixture *f, layout l, bool fewer)
{
    const trust_how how = {.layout = l, .store = STORE, .fewer = fewer};
    zg_str why;
    zg_str_init(&why, 0);
    if (!store_is_complete(f, &how, &why))
        fail_msg("%s: %s", layout_name(l), why.data);
    zg_str_free(&why);
}

static void assert_well(const trust_end *end)
{
    if (!trust_is_well(end))
        fail_msg("%s", trust_message(end));
}

static void start(const trust_fixture *f, layout l, bool fewer)
{
    remove_store(f->base, STORE);
    const trust_end end = run(f, (trust_how){.layout = l, .fewer = fewer});
    assert_well(&end);
    assert_int_equal(end.finished, f->n_shards[l]);
    assert_int_equal(end.skipped, 0);
    assert_complete(f, l, fewer);
}

static void finished_shards_are_left_out(void **state)
{
    const trust_fixture *f = *state;
    for (size_t t = 0; t < N_TESTED; t++) {
        const layout l = TESTED[t];
        start(f, l, false);
        trust_end end = run(f, (trust_how){.layout = l});
        assert_well(&end);
        assert_int_equal(end.skipped, f->n_shards[l]);
        assert_int_equal(end.finished, 0);
        assert_complete(f, l, false);
        end = run(f, (trust_how){.layout = l, .redo = true});
        assert_well(&end);
        assert_int_equal(end.finished, f->n_shards[l]);
        assert_complete(f, l, false);
        end = run(f, (trust_how){.layout = l, .overwrite = true});
        assert_well(&end);
        assert_int_equal(end.finished, f->n_shards[l]);
        assert_complete(f, l, false);
    }
}

static void grown_shards_are_written_again(void **state)
{
    const trust_fixture *f = *state;
    for (size_t t = 0; t < N_TESTED; t++) {
        const layout l = TESTED[t];
        start(f, l, true);
        const trust_end end = run(f, (trust_how){.layout = l});
        assert_well(&end);
        assert_int_equal(end.skipped, 0);
        assert_int_equal(end.finished, f->n_shards[l]);
        assert_complete(f, l, false);
    }
}

static void fewer_granules_are_refused(void **state)
{
    const trust_fixture *f = *state;
    for (size_t t = 0; t < N_TESTED; t++) {
        const layout l = TESTED[t];
        start(f, l, false);
        trust_end end = run(f, (trust_how){.layout = l, .fewer = true});
        assert_int_equal(end.status, ZAGG_OK);
        assert_int_equal(end.failed, f->n_shards[l]);
        assert_int_equal(end.refused, f->n_shards[l]);
        assert_non_null(strstr(end.shard_error, "lacks granule second.h5"));
        assert_non_null(strstr(end.shard_error, "--allow-contraction"));
        assert_complete(f, l, false); /* as it was */
        end = run(f, (trust_how){.layout = l, .fewer = true, .redo = true});
        assert_int_equal(end.refused, f->n_shards[l]);
        end = run(f, (trust_how){.layout = l, .fewer = true, .allow_contraction = true});
        assert_well(&end);
        assert_int_equal(end.finished, f->n_shards[l]);
        assert_complete(f, l, true);
    }
}

static void other_configs_are_refused(void **state)
{
    const trust_fixture *f = *state;
    for (size_t t = 0; t < N_TESTED; t++) {
        const layout l = TESTED[t];
        start(f, l, false);
        trust_end end = run(f, (trust_how){.layout = l, .other = true});
        assert_int_equal(end.status, ZAGG_EEXISTS);
        if (l != HIVE) { /* whose manifest tells first */
            assert_non_null(strstr(end.err.msg, "another config"));
            assert_non_null(strstr(end.err.msg,
                                   "aggregation.variables.h_mid.function: \"median\" "
                                   "then, \"mean\" now"));
            assert_non_null(strstr(end.err.msg, "--overwrite"));
        }
        assert_complete(f, l, false);
        end = run(f, (trust_how){.layout = l});
        assert_well(&end);
        assert_int_equal(end.skipped, f->n_shards[l]);
        if (l == HIVE) /* leaves of another config keep even --overwrite away */
            continue;
        end = run(f, (trust_how){.layout = l, .other = true, .overwrite = true});
        assert_well(&end);
        assert_int_equal(end.finished, f->n_shards[l]);
        end = run(f, (trust_how){.layout = l});
        assert_int_equal(end.status, ZAGG_EEXISTS);
    }
}

/* Name of an object that the first shard's record names and no other. */
static void find_object(const trust_fixture *f, char out[512])
{
    char path[512];
    const char *const at[] = {f->base->dir};
    (void)snprintf(path, sizeof path,
                   "ls %s/" STORE ".status/shards/*.json | head -1 | xargs grep -h "
                   "'\"key\"' | grep /c/ | head -1 | cut -d'\"' -f4",
                   at[0]);
    run_result r = shell_in(f->base->dir, path);
    r.out[strcspn(r.out, "\n")] = '\0';
    assert_true(r.out[0] != '\0');
    (void)snprintf(out, 512, "%s/%s", STORE, r.out);
    run_result_free(&r);
}

static void lost_objects_are_noticed(void **state)
{
    static const char *const DAMAGES[] = {"rm", "truncate -s -1"};
    const trust_fixture *f = *state;
    for (size_t t = 0; t < N_TESTED; t++)
        for (size_t d = 0; d < 2; d++) {
            const layout l = TESTED[t];
            char object[512];
            start(f, l, false);
            find_object(f, object);
            zg_free(shell_ok(f->base->dir, "%s %s", DAMAGES[d], object));
            const trust_end end = run(f, (trust_how){.layout = l});
            assert_well(&end);
            assert_int_equal(end.finished, 1);
            assert_int_equal(end.skipped, f->n_shards[l] - 1);
            assert_complete(f, l, false);
        }
}

/* A store that was written without records (by upstream, or before there were any). */
static void stores_without_records(void **state)
{
    const trust_fixture *f = *state;
    for (size_t t = 0; t < N_TESTED; t++) {
        const layout l = TESTED[t];
        start(f, l, false);
        zg_free(shell_ok(f->base->dir, "rm -r " STORE ".status"));
        trust_end end = run(f, (trust_how){.layout = l});
        if (l == FLAT_CSR) { /* upstream's rule, where nothing is known */
            assert_int_equal(end.status, ZAGG_EEXISTS);
            end = run(f, (trust_how){.layout = l, .overwrite = true});
        }
        assert_well(&end);
        assert_int_equal(end.finished, f->n_shards[l]);
        assert_complete(f, l, false);
    }
}

/* The records of a store that somebody removed. */
static void records_without_a_store(void **state)
{
    const trust_fixture *f = *state;
    for (size_t t = 0; t < N_TESTED; t++) {
        const layout l = TESTED[t];
        start(f, l, false);
        zg_free(shell_ok(f->base->dir, "rm -r " STORE));
        trust_end end = run(f, (trust_how){.layout = l, .fewer = true});
        assert_well(&end);
        assert_int_equal(end.finished, f->n_shards[l]);
        assert_complete(f, l, true);
    }
}

/* ---- two at once ---- */

#ifndef TRUST_REMOTE
static void a_held_store_is_refused(void **state)
{
    const trust_fixture *f = *state;
    zg_lock *lock = NULL;
    char holder[256];
    zagg_run_status s;
    start(f, FLAT_SHARDED, false);
    assert_int_equal(zg_lock_take(fixture_path(f->base, STORE ".status/lock"), &lock,
                                  holder, sizeof holder, NULL),
                     ZAGG_OK);
    assert_int_equal(zg_lock_note(lock, "process 4711 on elsewhere, run x\n", NULL),
                     ZAGG_OK);
    trust_end end = run(f, (trust_how){.layout = FLAT_SHARDED, .redo = true});
    assert_int_equal(end.status, ZAGG_EEXISTS);
    assert_non_null(strstr(end.err.msg, "another run is writing into it (process 4711 on "
                                        "elsewhere, run x)"));
    assert_int_equal(zagg_run_status_read(fixture_path(f->base, STORE), &s, &end.err),
                     ZAGG_OK);
    assert_int_equal(s.state, ZAGG_RUN_RUNNING);
    zg_lock_release(lock);
    end = run(f, (trust_how){.layout = FLAT_SHARDED});
    assert_well(&end);
}

#endif

static void two_runs_at_once(void **state)
{
    trust_fixture *f = *state;
    for (size_t t = 0; t < N_TESTED; t++) {
        const layout l = TESTED[t];
        pid_t pids[4];
        int well = 0;
        remove_store(f->base, STORE);
        fflush(NULL);
        trust_drop_net(f);
        for (size_t i = 0; i < 4; i++) {
            pids[i] = fork();
            assert_true(pids[i] >= 0);
            if (pids[i] > 0)
                continue;
            if (f->server)
                trust_renew_net(f, server_url(f->server), NULL);
            const trust_end end = run(f, (trust_how){.layout = l, .threads = 2});
            const bool refused = end.status == ZAGG_EEXISTS &&
                                 strstr(end.err.msg, "another run is writing") != NULL;
            _exit(trust_is_well(&end) ? 0 : refused ? 1 : 2);
        }
        for (size_t i = 0; i < 4; i++) {
            int wait_status = 0;
            while (waitpid(pids[i], &wait_status, 0) < 0)
                assert_int_equal(errno, EINTR);
            assert_true(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) < 2);
            well += WEXITSTATUS(wait_status) == 0;
        }
        if (f->server)
            trust_renew_net(f, server_url(f->server), NULL);
        assert_true(well >= 1);
        assert_complete(f, l, false);
    }
}

/* ---- what zagg status reads ---- */

#ifndef TRUST_REMOTE
static zagg_run_status status_of(const trust_fixture *f)
{
    zagg_run_status s;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_run_status_read(fixture_path(f->base, STORE), &s, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return s;
}

static void states_of_runs(void **state)
{
    const trust_fixture *f = *state;
    zagg_run_status s;
    zagg_err err = ZAGG_ERR_INIT;
    const size_t n = f->n_shards[HIVE];
    remove_store(f->base, STORE);
    assert_int_equal(zagg_run_status_read(fixture_path(f->base, STORE), &s, &err),
                     ZAGG_ENOTFOUND);
    assert_non_null(strstr(err.msg, "no record of a run"));
    start(f, HIVE, false);
    s = status_of(f);
    assert_int_equal(s.state, ZAGG_RUN_FINISHED);
    assert_int_equal(s.selected, n);
    assert_int_equal(s.done, n);
    assert_int_equal(s.remaining, 0);
    assert_true(s.obs > 0 && s.bytes > 0 && s.objects > n);
    assert_string_equal(s.program, "test");
    (void)run(f, (trust_how){.layout = HIVE, .fewer = true});
    s = status_of(f);
    assert_int_equal(s.state, ZAGG_RUN_FINISHED);
    assert_int_equal(s.refused, n);
    assert_int_equal(s.done, 0);
    assert_true(s.n_errors >= 1 && s.n_errors <= ZAGG_STATUS_ERRORS);
    assert_non_null(strstr(s.errors[0].text, "second.h5"));
    /* as a run that died leaves it */
    zg_free(shell_ok(f->base->dir,
                     "sed -i 's/\"state\": \"finished\"/\"state\": \"running\"/; "
                     "s/\"ended_at\": \".*\"/\"ended_at\": null/' " STORE
                     ".status/run.json; printf '{\"event\": \"sha' >>" STORE
                     ".status/journal.ndjson"));
    s = status_of(f);
    assert_int_equal(s.state, ZAGG_RUN_CRASHED);
    (void)run(f, (trust_how){.layout = HIVE});
    s = status_of(f);
    assert_int_equal(s.state, ZAGG_RUN_FINISHED);
    assert_int_equal(s.skipped, n);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finished_shards_are_left_out),
        cmocka_unit_test(grown_shards_are_written_again),
        cmocka_unit_test(fewer_granules_are_refused),
        cmocka_unit_test(other_configs_are_refused),
        cmocka_unit_test(lost_objects_are_noticed),
        cmocka_unit_test(stores_without_records),
        cmocka_unit_test(records_without_a_store),
        cmocka_unit_test(two_runs_at_once),
#ifndef TRUST_REMOTE
        cmocka_unit_test(a_held_store_is_refused),
        cmocka_unit_test(states_of_runs),
#endif
    };
    return cmocka_run_group_tests(tests, SETUP, trust_free);
}
