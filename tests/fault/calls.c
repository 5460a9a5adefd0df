/* One shard with every system call on files failing in turn, with the errors that such a
 * call meets in practice, once or from then on: a full disk, a quota, a read-only file
 * system, no descriptors left, a disk or network that fails, a file that became shorter,
 * signals without end. Either the store is right all the same, or the message names what
 * failed, and nothing false is in the store, which the next run completes. */
#include "fault/run_fixture.h"
#include "support/fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ENOUGH_FAILURES = 10, NOBODY = 65534 };

typedef struct call_case {
    fault_kind kind;
    fault_effect effect;
    int error;
    bool may_be_none; /* a run that overwrites nothing removes nothing */
} call_case;

static const call_case CASES[] = {
    {FAULT_OPEN, FAULT_FAIL, EMFILE, false},  {FAULT_OPEN, FAULT_FAIL, EACCES, false},
    {FAULT_OPEN, FAULT_FAIL, EROFS, false},   {FAULT_OPEN, FAULT_FAIL, EIO, false},
    {FAULT_READ, FAULT_FAIL, EIO, false},     {FAULT_READ, FAULT_END, 0, false},
    {FAULT_WRITE, FAULT_FAIL, ENOSPC, false}, {FAULT_WRITE, FAULT_FAIL, EDQUOT, false},
    {FAULT_WRITE, FAULT_FAIL, EFBIG, false},  {FAULT_WRITE, FAULT_FAIL, EIO, false},
    {FAULT_CLOSE, FAULT_FAIL, ENOSPC, false}, {FAULT_CLOSE, FAULT_FAIL, EIO, false},
    {FAULT_RENAME, FAULT_FAIL, EIO, false},   {FAULT_RENAME, FAULT_FAIL, ENOSPC, false},
    {FAULT_MKDIR, FAULT_FAIL, EROFS, false},  {FAULT_MKDIR, FAULT_FAIL, EACCES, false},
    {FAULT_SYNC, FAULT_FAIL, EIO, false},     {FAULT_SYNC, FAULT_FAIL, ENOSPC, false},
    {FAULT_STAT, FAULT_FAIL, EIO, false},     {FAULT_LIST, FAULT_FAIL, EIO, false},
    {FAULT_REMOVE, FAULT_FAIL, EIO, true},    {FAULT_REMOVE, FAULT_FAIL, EACCES, true},
};

enum { N_CASES = sizeof CASES / sizeof CASES[0] };

typedef struct sweep {
    const fixture *f;
    run_how how;
    const call_case *c;
    bool lasting;
    int64_t blocks;
    int files;
    size_t refused; /* runs that ended with a message */
    case_report *report;
} sweep;

/* Paths are absolute; a key of the store will do. */
static bool names_something(const fixture *f, const char *message)
{
    return strstr(message, f->dir) != NULL || strstr(message, "zarr.json") != NULL ||
           strstr(message, "/c/") != NULL;
}

static void judge(sweep *s, const run_end *end, zg_str *why)
{
    if (fault_live_blocks() != s->blocks)
        zg_str_addf(why, "%lld blocks leaked; ",
                    (long long)(fault_live_blocks() - s->blocks));
    if (fault_open_files() != s->files)
        zg_str_addf(why, "%d files left open; ", fault_open_files() - s->files);
    if (!end_is_well(end)) {
        s->refused++;
        if (!names_something(s->f, end_message(end)))
            zg_str_add(why, "the message names no file; ");
        if (s->c->effect == FAULT_FAIL &&
            strstr(end_message(end), strerror(s->c->error)) == NULL)
            zg_str_add(why, "the message does not tell the reason; ");
    }
    if (end_is_honest(s->f, &s->how, end, why))
        (void)run_again(s->f, &s->how, why);
}

/* A store to begin with: none, or a right one that is overwritten. */
static void prepare(const fixture *f, const run_how *how)
{
    remove_store(f, how->store);
    if (how->overwrite) {
        const run_end end = run_shard(f, how);
        assert_true(end_is_well(&end));
    }
}

static bool step(sweep *s, int64_t nth)
{
    char name[160];
    zg_str why;
    prepare(s->f, &s->how);
    fault_arm(&(fault_plan){.kinds = FAULT_BIT(s->c->kind),
                            .nth = nth,
                            .effect = s->c->effect,
                            .error = s->c->error,
                            .lasting = s->lasting});
    const run_end end = run_shard(s->f, &s->how);
    fault_disarm();
    zg_str_init(&why, 0);
    judge(s, &end, &why);
    (void)snprintf(name, sizeof name, "%s %lld%s: %s%s", fault_kind_name(s->c->kind),
                   (long long)nth, s->lasting ? " and later" : "",
                   s->c->effect == FAULT_END ? "end of file" : strerror(s->c->error),
                   s->how.overwrite ? ", overwriting" : "");
    if (why.len > 0)
        case_fail(s->report, name, "%s (%s: %s)", why.data, zagg_status_name(end.status),
                  end_message(&end));
    else
        case_pass(s->report);
    zg_str_free(&why);
    return fault_fired();
}

static void sweep_case(sweep *s)
{
    int64_t nth = 1;
    prepare(s->f, &s->how);
    s->blocks = fault_live_blocks();
    s->files = fault_open_files();
    s->refused = 0;
    while (step(s, nth) && s->report->failed < ENOUGH_FAILURES)
        nth++;
    if (nth == 1 && !s->c->may_be_none)
        case_fail(s->report, fault_kind_name(s->c->kind), "no such call was caught");
    if (nth > 1 && s->refused == 0)
        case_fail(s->report, fault_kind_name(s->c->kind), "no failure was ever noticed");
}

static void sweep_all(const fixture *f, const char *name, run_how how, bool lasting)
{
    case_report r = {.set = name};
    prepare(f,
            &(run_how){how.kind, how.store, how.threads, true, false}); /* fills caches */
    for (size_t i = 0; i < N_CASES && r.failed < ENOUGH_FAILURES; i++) {
        sweep s = {.f = f, .how = how, .c = &CASES[i], .lasting = lasting, .report = &r};
        sweep_case(&s);
    }
    report_end(&r, 200);
}

static void sharded(void **state)
{
    sweep_all(*state, "sharded store, one call",
              (run_how){SHARDED, "store", 1, false, false}, false);
    sweep_all(*state, "sharded store, all calls from one on",
              (run_how){SHARDED, "store", 1, false, false}, true);
}

static void chunked(void **state)
{
    sweep_all(*state, "chunked store, one call",
              (run_how){CHUNKED, "store", 2, false, false}, false);
}

static void overwritten(void **state)
{
    sweep_all(*state, "store overwritten, one call",
              (run_how){SHARDED, "store", 1, true, false}, false);
    sweep_all(*state, "store overwritten, all calls from one on",
              (run_how){CHUNKED, "store", 1, true, false}, true);
}

/* Signals that interrupt most calls, and calls that move a few bytes, change nothing. */
static void interrupted(void **state)
{
    static const unsigned KINDS = FAULT_BIT(FAULT_READ) | FAULT_BIT(FAULT_WRITE) |
                                  FAULT_BIT(FAULT_OPEN) | FAULT_BIT(FAULT_CLOSE);
    for (store_kind kind = 0; kind < N_KINDS; kind++) {
        const run_how how = {kind, "store", 2, false, false};
        zg_str why;
        zg_str_init(&why, 0);
        remove_store(*state, how.store);
        fault_arm(&(fault_plan){.kinds = KINDS, .nth = 1, .effect = FAULT_STORM});
        const run_end end = run_shard(*state, &how);
        fault_disarm();
        assert_true(fault_calls(FAULT_READ) > 1000);
        assert_true(fault_calls(FAULT_WRITE) > 1000);
        if (!end_is_well(&end) || !end_is_honest(*state, &how, &end, &why))
            fail_msg("%s %s", end_message(&end), why.data);
        zg_str_free(&why);
    }
}

/* A folder of somebody else, and one that nobody may write to. */
static void foreign_folder(void **state)
{
    const fixture *f = *state;
    const run_how how = {SHARDED, "store", 1, false, false};
    const bool is_root = geteuid() == 0;
    int wait_status = 0;
    remove_store(f, how.store);
    assert_int_equal(chmod(f->dir, 0555), 0);
    fflush(NULL);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (is_root && (setgid(NOBODY) != 0 || setuid(NOBODY) != 0))
            _exit(2);
        const run_end end = run_shard(f, &how);
        const bool fine =
            end.status == ZAGG_EIO && strstr(end.err.msg, "cannot write ") != NULL &&
            strstr(end.err.msg, ": Permission denied; check owner and permissions");
        if (!fine)
            print_message("%s\n", end_message(&end));
        fflush(NULL);
        _exit(fine ? 0 : 1);
    }
    while (waitpid(pid, &wait_status, 0) < 0)
        assert_int_equal(errno, EINTR);
    assert_int_equal(chmod(f->dir, 0700), 0);
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), 0);
    assert_false(store_exists(f, how.store));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sharded),        cmocka_unit_test(chunked),
        cmocka_unit_test(overwritten),    cmocka_unit_test(interrupted),
        cmocka_unit_test(foreign_folder),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
