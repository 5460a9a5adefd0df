/* A store and its records when the run into it is killed, meets a full disk or failing
 * writes, or when the power fails: no shard is claimed that does not verify, what was
 * finished before stays finished, and the next run completes the store to the bytes of an
 * undisturbed one. All layouts; new stores, and stores whose shards get another granule.
 */
#include "fault/trust_fixture.h"
#include "support/fault.h"
#include "support/power.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ENOUGH_FAILURES = 10 };
enum { KILLS = 20, FULL_DISKS = 5, POWER_CUTS = 8 }; /* of each layout and scenario */

#define STORE "store"

/* What the disturbed run starts from. */
typedef enum scene { NEW_STORE, GROWN, N_SCENES } scene;

static void prepare(const trust_fixture *f, layout l, scene s)
{
    const trust_how before = {.layout = l, .store = STORE, .fewer = true};
    remove_store(f->base, STORE);
    if (s == NEW_STORE)
        return;
    const trust_end end = trust_run(f, &before);
    if (!trust_is_well(&end))
        fail_msg("%s", trust_message(&end));
}

/* The records as they were found, and that many shards left out by the next run. */
static void judge(const trust_fixture *f, const trust_how *how, scene s, zg_str *why)
{
    size_t n = 0, skipped = 0;
    if (!records_are_true(f, STORE, &n, why) || !completes(f, how, &skipped, why))
        return;
    /* Shards of the smaller list have records, too, but are to be done again. */
    if (s == NEW_STORE ? skipped != n : skipped > n)
        zg_str_addf(why, "%zu shards had records, %zu were left out", n, skipped);
}

static void tell(case_report *r, const char *what, layout l, scene s, int64_t nth,
                 const zg_str *why)
{
    char name[128];
    (void)snprintf(name, sizeof name, "%s, %s%s, %lld", what, layout_name(l),
                   s == GROWN ? ", grown" : "", (long long)nth);
    if (why->len > 0)
        case_fail(r, name, "%s", why->data);
    else
        case_pass(r);
}

static int64_t count_calls(const trust_fixture *f, const trust_how *how, scene s,
                           unsigned kinds)
{
    int64_t n = 0;
    prepare(f, how->layout, s);
    fault_arm(&(fault_plan){.kinds = kinds});
    const trust_end end = trust_run(f, how);
    fault_disarm();
    assert_true(trust_is_well(&end));
    for (int k = 0; k < FAULT_N_KINDS; k++)
        n += (kinds & FAULT_BIT(k)) ? fault_calls((fault_kind)k) : 0;
    return n;
}

/* ---- kill -9 ---- */

typedef struct attempt {
    const trust_fixture *f;
    const trust_how *how;
} attempt;

static bool run_is_well(void *user)
{
    const attempt *a = user;
    const trust_end end = trust_run(a->f, a->how);
    return trust_is_well(&end);
}

static void killed(void **state)
{
    const trust_fixture *f = *state;
    case_report r = {.set = "kill -9"};
    for (layout l = 0; l < N_LAYOUTS; l++)
        for (scene s = 0; s < N_SCENES; s++) {
            const trust_how how = {.layout = l, .store = STORE, .threads = 2};
            const int64_t n = count_calls(f, &how, s, FAULT_CHANGES);
            int64_t nth;
            for (int64_t i = 1; (nth = moment(i, n, KILLS)) && r.failed < ENOUGH_FAILURES;
                 i++) {
                zg_str why;
                zg_str_init(&why, 0);
                prepare(f, l, s);
                /* With two threads a run may end before the count that another had. */
                (void)fault_killed(run_is_well, &(attempt){f, &how}, nth);
                judge(f, &how, s, &why);
                tell(&r, "kill", l, s, nth, &why);
                zg_str_free(&why);
            }
        }
    report_end(&r, 200);
}

/* ---- disks that are full or fail ---- */

typedef struct disk_fault {
    const char *what;
    unsigned kinds;
    int error;
    bool lasting;
    int64_t few;
} disk_fault;

/* A run that meets the fault ends with its reason, or did not need the call. */
static void meet(const trust_fixture *f, const trust_how *how, scene s,
                 const disk_fault *d, int64_t nth, case_report *r)
{
    zg_str why;
    zg_str_init(&why, 0);
    prepare(f, how->layout, s);
    fault_arm(&(fault_plan){.kinds = d->kinds,
                            .nth = nth,
                            .effect = FAULT_FAIL,
                            .error = d->error,
                            .lasting = d->lasting});
    const trust_end end = trust_run(f, how);
    fault_disarm();
    const char *message = trust_message(&end);
    if (fault_fired() && trust_is_well(&end))
        zg_str_add(&why, "nobody noticed; ");
    if (!trust_is_well(&end) && (strstr(message, strerror(d->error)) == NULL ||
                                 strstr(message, f->base->dir) == NULL))
        zg_str_addf(&why, "message '%s' names no file or no reason; ", message);
    judge(f, how, s, &why);
    tell(r, d->what, how->layout, s, nth, &why);
    zg_str_free(&why);
}

static void sweep_disk(const trust_fixture *f, const disk_fault *d, size_t at_least)
{
    case_report r = {.set = d->what};
    for (layout l = 0; l < N_LAYOUTS; l++)
        for (scene s = 0; s < N_SCENES; s++) {
            const trust_how how = {.layout = l, .store = STORE};
            const int64_t n = count_calls(f, &how, s, d->kinds);
            int64_t nth;
            for (int64_t i = 1;
                 (nth = moment(i, n, d->few)) && r.failed < ENOUGH_FAILURES; i++)
                meet(f, &how, s, d, nth, &r);
        }
    report_end(&r, at_least);
}

static void full_disk(void **state)
{
    static const disk_fault FULL = {"full disk",
                                    FAULT_BIT(FAULT_WRITE) | FAULT_BIT(FAULT_MKDIR),
                                    ENOSPC, true, FULL_DISKS};
    sweep_disk(*state, &FULL, 50);
}

/* Every write of each layout's new store; every sync, too. */
static void failing_writes(void **state)
{
    static const disk_fault WRITES = {"failing write", FAULT_BIT(FAULT_WRITE), EIO, false,
                                      1000};
    static const disk_fault SYNCS = {"failing sync", FAULT_BIT(FAULT_SYNC), EIO, false,
                                     10};
    sweep_disk(*state, &WRITES, 200);
    sweep_disk(*state, &SYNCS, 100);
}

/* ---- power failures ---- */

/* The run, or one after the other, under the eyes of the recorder. */
static size_t record(const trust_fixture *f, const trust_how *how, scene s)
{
    char prefix[1024];
    (void)snprintf(prefix, sizeof prefix, "%s/" STORE, f->base->dir);
    remove_store(f->base, STORE);
    power_record(prefix);
    if (s == GROWN) {
        const trust_how before = {.layout = how->layout, .store = STORE, .fewer = true};
        const trust_end end = trust_run(f, &before);
        assert_true(trust_is_well(&end));
    }
    const trust_end end = trust_run(f, how);
    const size_t n = power_stop();
    if (!trust_is_well(&end))
        fail_msg("%s", trust_message(&end));
    return n;
}

static void power_fails(void **state)
{
    static const char *const NAMES[POWER_N_KINDS] = {
        "power, synced only", "power, names first", "power, mixed"};
    const trust_fixture *f = *state;
    case_report r = {.set = "power failures"};
    for (layout l = 0; l < N_LAYOUTS; l++)
        for (scene s = 0; s < N_SCENES; s++) {
            const trust_how how = {.layout = l, .store = STORE, .threads = 2};
            const int64_t n = (int64_t)record(f, &how, s);
            int64_t nth;
            assert_true(n > 100);
            for (int64_t i = 1;
                 (nth = moment(i, n, POWER_CUTS)) && r.failed < ENOUGH_FAILURES; i++)
                for (power_kind k = 0; k < POWER_N_KINDS; k++) {
                    zg_str why;
                    zg_str_init(&why, 0);
                    remove_store(f->base, STORE);
                    power_restore((size_t)nth, k, (uint32_t)(7919 * nth + l));
                    judge(f, &how, s, &why);
                    tell(&r, NAMES[k], l, s, nth, &why);
                    zg_str_free(&why);
                }
            power_forget();
        }
    report_end(&r, 200);
}

/* The recorder itself: behind the last call of a run nothing may be lost. */
static void power_after_the_end(void **state)
{
    const trust_fixture *f = *state;
    for (layout l = 0; l < N_LAYOUTS; l++) {
        const trust_how how = {.layout = l, .store = STORE};
        const size_t n = record(f, &how, NEW_STORE);
        zg_str why;
        zg_str_init(&why, 0);
        remove_store(f->base, STORE);
        power_restore(n, POWER_STRICT, 0);
        if (!store_is_complete(f, &how, &why))
            fail_msg("%s: %s", layout_name(l), why.data);
        zg_str_free(&why);
        remove_store(f->base, STORE);
        power_restore(n / 3, POWER_STRICT, 0); /* and in the middle something is */
        if (store_is_complete(f, &how, &why))
            fail_msg("%s: complete after a third of the calls", layout_name(l));
        zg_str_free(&why);
        power_forget();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed),         cmocka_unit_test(full_disk),
        cmocka_unit_test(failing_writes), cmocka_unit_test(power_after_the_end),
        cmocka_unit_test(power_fails),
    };
    return cmocka_run_group_tests(tests, trust_new, trust_free);
}
