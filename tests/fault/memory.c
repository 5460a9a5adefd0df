/* One shard with every single allocation failing in turn, libyaml's, libdeflate's and the
 * C library's included (json-c's parser excepted, see support/fault_json.c): always a
 * message about memory (or, where the library can do without, the right store), never a
 * leak, never a store that claims what is not so. */
#include "fault/run_fixture.h"
#include "support/fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ENOUGH_FAILURES = 20, FEWEST_ALLOCATIONS = 500 };

typedef struct sweep {
    const fixture *f;
    run_how how;
    bool lasting;
    int64_t blocks; /* in use before every run */
    int files;
    size_t absorbed; /* runs that did without the block */
    case_report report;
} sweep;

static bool names_memory(const char *message)
{
    return strstr(message, "memory") != NULL || strstr(message, "Memory") != NULL;
}

/* What is wrong with one run; empty for nothing. */
static void judge(sweep *s, const run_end *end, zg_str *why)
{
    if (fault_live_blocks() != s->blocks)
        zg_str_addf(why, "%lld blocks leaked; ",
                    (long long)(fault_live_blocks() - s->blocks));
    if (fault_open_files() != s->files)
        zg_str_addf(why, "%d files left open; ", fault_open_files() - s->files);
    if (end_is_well(end))
        s->absorbed++;
    else if (!names_memory(end_message(end)))
        zg_str_add(why, "the message does not tell of memory; ");
    else if (end->status != ZAGG_OK && end->status != ZAGG_ENOMEM)
        zg_str_addf(why, "status %s; ", zagg_status_name(end->status));
    if (end_is_honest(s->f, &s->how, end, why) && store_exists(s->f, s->how.store))
        (void)run_again(s->f, &s->how, why);
}

/* The run whose nth allocation fails; false when it makes fewer. */
static bool step(sweep *s, int64_t nth)
{
    char name[64];
    zg_str why;
    remove_store(s->f, s->how.store);
    fault_arm(&(fault_plan){
        .kinds = FAULT_BIT(FAULT_ALLOC), .nth = nth, .lasting = s->lasting});
    const run_end end = run_shard(s->f, &s->how);
    fault_disarm();
    zg_str_init(&why, 0);
    judge(s, &end, &why);
    (void)snprintf(name, sizeof name, "allocation %lld", (long long)nth);
    if (why.len > 0)
        case_fail(&s->report, name, "%s (%s: %s)", why.data, zagg_status_name(end.status),
                  end_message(&end));
    else
        case_pass(&s->report);
    zg_str_free(&why);
    return fault_fired();
}

static void run_sweep(const fixture *f, const char *name, run_how how, bool lasting)
{
    sweep s = {.f = f, .how = how, .lasting = lasting, .report = {.set = name}};
    /* What libraries keep for good is there before anything is measured. */
    for (int warm = 0; warm < 3; warm++) {
        remove_store(f, s.how.store);
        s.blocks = fault_live_blocks();
        s.files = fault_open_files();
        const run_end end = run_shard(f, &s.how);
        assert_true(end_is_well(&end));
    }
    assert_int_equal(fault_live_blocks(), s.blocks);
    int64_t nth = 1;
    while (step(&s, nth) && s.report.failed < ENOUGH_FAILURES)
        nth++;
    print_message("%s: %zu runs did without the block\n", name, s.absorbed);
    report_end(&s.report, FEWEST_ALLOCATIONS);
}

static void one_thread(void **state)
{
    const run_how sharded = {SHARDED, "store", 1, false, false};
    const run_how chunked = {CHUNKED, "store", 1, false, false};
    run_sweep(*state, "one allocation fails, 1 thread", sharded, false);
    run_sweep(*state, "one allocation fails, chunks", chunked, false);
}

static void two_threads(void **state)
{
    const run_how how = {SHARDED, "store", 2, false, false};
    run_sweep(*state, "one allocation fails, 2 threads", how, false);
}

static void from_then_on(void **state)
{
    const run_how how = {SHARDED, "store", 1, false, false};
    run_sweep(*state, "all allocations from one on fail", how, true);
}

/* Threads are made of memory too; a pool that gets some of its threads gives them back.
 */
static void no_threads(void **state)
{
    const run_how how = {SHARDED, "store", 4, false, false};
    case_report r = {.set = "no thread"};
    for (int64_t nth = 1; nth <= 3; nth++) {
        zg_str why;
        zg_str_init(&why, 0);
        remove_store(*state, how.store);
        fault_arm(
            &(fault_plan){.kinds = FAULT_BIT(FAULT_THREAD), .nth = nth, .error = EAGAIN});
        const run_end end = run_shard(*state, &how);
        fault_disarm();
        assert_true(fault_fired());
        if (end.status != ZAGG_ENOMEM ||
            strstr(end.err.msg, "cannot start 4 threads for lack of memory") == NULL ||
            !end_is_honest(*state, &how, &end, &why))
            case_fail(&r, "thread", "%s %s", end.err.msg, why.data);
        else
            case_pass(&r);
        zg_str_free(&why);
    }
    report_end(&r, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thread),
        cmocka_unit_test(two_threads),
        cmocka_unit_test(from_then_on),
        cmocka_unit_test(no_threads),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
