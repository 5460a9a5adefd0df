/* kill -9 at every moment at which a run changes the disk: before each of its calls that
 * open, write, close, rename, make or remove something, and in the middle of each write.
 * Whatever the moment, objects are whole or absent, readers pass over what is left of the
 * dead run, and the next run completes the store to the right bytes. */
#include "fault/run_fixture.h"
#include "support/fault.h"

#include <stdio.h>

enum { ENOUGH_FAILURES = 10 };

typedef struct attempt {
    const fixture *f;
    const run_how *how;
} attempt;

static bool run_is_well(void *user)
{
    const attempt *a = user;
    const run_end end = run_shard(a->f, a->how);
    return end_is_well(&end);
}

/* Reading the store of a dead run gives an answer or says what is missing, and no
 * temporary file is taken for a part of it. */
static void read_back(const fixture *f, const run_how *how, zg_str *why)
{
    zagg_store_report report = {0};
    zagg_err err = ZAGG_ERR_INIT;
    if (!store_exists(f, how->store))
        return;
    if (zagg_store_report_read(fixture_path(f, how->store), &report, &err) == ZAGG_OK) {
        if (report.cells > f->obs[how->kind])
            zg_str_add(why, "more cells than photons; ");
    } else if (err.status != ZAGG_ENOTFOUND) {
        zg_str_addf(why, "reading it: %s; ", err.msg);
    }
    zagg_store_report_free(&report);
}

static bool step(const fixture *f, const run_how *how, int64_t nth, size_t *n_left,
                 case_report *r)
{
    char name[64];
    size_t n_temp = 0;
    zg_str why;
    zg_str_init(&why, 0);
    remove_store(f, how->store);
    if (how->overwrite) {
        const run_end end = how->after_older ? run_older(f, how) : run_shard(f, how);
        assert_true(end_is_well(&end));
    }
    const bool killed = fault_killed(run_is_well, &(attempt){f, how}, nth);
    (void)snprintf(name, sizeof name, "change %lld", (long long)nth);
    read_back(f, how, &why);
    if (store_is_sound(f, how, false, &n_temp, &why) && n_temp > how->threads)
        zg_str_addf(&why, "%zu temporary files", n_temp);
    if (how->after_older)
        (void)root_is_true(f, how, &why);
    *n_left += n_temp;
    if (why.len == 0 && (killed || store_is_right(f, how, &why)))
        (void)run_again(f, how, &why);
    if (why.len > 0)
        case_fail(r, name, "%s", why.data);
    else
        case_pass(r);
    zg_str_free(&why);
    return killed;
}

static void kill_everywhere(const fixture *f, const char *name, run_how how)
{
    case_report r = {.set = name};
    size_t n_left = 0;
    for (int64_t nth = 1; r.failed < ENOUGH_FAILURES && step(f, &how, nth, &n_left, &r);)
        nth++;
    assert_true(r.failed > 0 ||
                n_left > 0); /* some moments were in the middle of a put */
    report_end(&r, 40);
}

static void new_store(void **state)
{
    kill_everywhere(*state, "new sharded store",
                    (run_how){SHARDED, "store", 1, false, false});
    kill_everywhere(*state, "new chunked store",
                    (run_how){CHUNKED, "store", 2, false, false});
}

static void store_overwritten(void **state)
{
    kill_everywhere(*state, "sharded store overwritten",
                    (run_how){SHARDED, "store", 2, true, false});
    kill_everywhere(*state, "chunked store overwritten",
                    (run_how){CHUNKED, "store", 1, true, false});
}

/* Arrays of the same names that hold other values: nothing may be read by the description
 * of something else. */
static void older_store_overwritten(void **state)
{
    kill_everywhere(*state, "sharded store of an older config",
                    (run_how){SHARDED, "store", 1, true, true});
    kill_everywhere(*state, "chunked store of an older config",
                    (run_how){CHUNKED, "store", 1, true, true});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_store),
        cmocka_unit_test(store_overwritten),
        cmocka_unit_test(older_store_overwritten),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
