/* The zagg program on a machine that has run out of something: disk, descriptors, address
 * space, file size. It works all the same, or says in one line what is lacking (exit 1,
 * or 6 where shards failed); objects are whole either way, and the same command completes
 * the store once there is room. */
#include "cli/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN "zagg run -q --config c.yaml --catalog m.json --max-workers 2 --store "

/* Every object that is there is the right one, and no temporary file is left. */
#define SOUND                                                                            \
    "{ test ! -d o || ( cd o && for file in $(find . -type f); do cmp \"$file\" "        \
    "\"$right/$file\" || exit 77; done ) || exit 77; }"

typedef struct limit_case {
    const char *name, *limit;
    const char *says; /* where the run does not work */
    bool must_fail;
} limit_case;

static bool is_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#else
    return false;
#endif
}

/* One run under a limit, then one without. */
static void check(const fixture *f, const limit_case *c, case_report *r)
{
    char command[2048];
    (void)snprintf(command, sizeof command,
                   "rm -rf o; (%s; exec " RUN "o); status=$?; right=../right; " SOUND
                   " >&2; exit $status",
                   c->limit);
    run_result run = shell_in(f->dir, command);
    const bool refused = run.status == 1 || run.status == 6;
    if (run.status == 0 ? c->must_fail : !refused)
        case_fail(r, c->name, "exit %d: %s%s", run.status, run.out, run.err);
    else if (refused && strstr(run.err, c->says) == NULL)
        case_fail(r, c->name, "exit %d, but it says: %s", run.status, run.err);
    else
        case_pass(r);
    zg_free(shell_ok(f->dir, RUN "o"));
    assert_same_stores(f, "right", "o");
    run_result_free(&run);
}

static void check_all(const fixture *f, const char *set, const limit_case *cases,
                      size_t n)
{
    case_report r = {.set = set};
    for (size_t i = 0; i < n; i++)
        check(f, &cases[i], &r);
    report_end(&r, n);
}

/* Without those that the test program passes on. */
#define ONLY "exec 3>&- 4>&- 5>&- 6>&-; ulimit -n "

static const limit_case DESCRIPTORS[] = {
    {"16 descriptors", ONLY "16", "Too many open files; raise the limit", false},
    {"6 descriptors", ONLY "6", "Too many open files; raise the limit", false},
    {"5 descriptors", ONLY "5", "Too many open files; raise the limit", false},
    {"4 descriptors", ONLY "4", "Too many open files; raise the limit", false},
};

static void descriptors(void **state)
{
    check_all(*state, "descriptors", DESCRIPTORS,
              sizeof DESCRIPTORS / sizeof DESCRIPTORS[0]);
}

/* A limit that the process may raise itself is none. */
static void raised_descriptors(void **state)
{
    const fixture *f = *state;
    zg_free(
        shell_ok(f->dir, "rm -rf o; exec 3>&- 4>&- 5>&- 6>&-; ulimit -Sn 5; " RUN "o"));
    assert_same_stores(f, "right", "o");
}

/* Blocks of 512 bytes. Metadata fits, objects do not; nothing fits. */
static const limit_case FILE_SIZES[] = {
    {"4 KiB a file", "ulimit -f 8", "File too large; raise the limit", true},
    {"512 bytes a file", "ulimit -f 1", "File too large; raise the limit", true},
};

static void file_sizes(void **state)
{
    check_all(*state, "file sizes", FILE_SIZES, sizeof FILE_SIZES / sizeof FILE_SIZES[0]);
}

static const limit_case ADDRESS_SPACE[] = {
    {"400 MB", "ulimit -v 400000", "emory", false},
    {"200 MB", "ulimit -v 200000", "emory", false},
    {"100 MB", "ulimit -v 100000", "emory", false},
    {"60 MB", "ulimit -v 60000", "emory", false},
    {"40 MB", "ulimit -v 40000", "emory", false},
    {"30 MB", "ulimit -v 30000", "emory", false},
    {"20 MB", "ulimit -v 20000", "emory", false},
    {"14 MB", "ulimit -v 14000", "emory", true},
    {"12 MB", "ulimit -v 12000", "emory", true},
};

static void address_space(void **state)
{
    if (is_sanitized()) {
        print_message("skipped: sanitizers need terabytes of address space\n");
        skip();
    }
    check_all(*state, "address space", ADDRESS_SPACE,
              sizeof ADDRESS_SPACE / sizeof ADDRESS_SPACE[0]);
}

/* A mount of our own, which goes with the shell that made it. */
static bool may_mount(const fixture *f)
{
    run_result run = shell_in(f->dir, "mkdir -p disk && unshare -rm mount -t tmpfs -o "
                                      "size=64k none disk");
    const bool may = run.status == 0;
    if (!may)
        print_message("skipped: a small disk cannot be mounted here: %s", run.err);
    run_result_free(&run);
    return may;
}

/* A disk of `size`; when it is full, room is made and the run repeated. Returns the exit
 * code of the first run. */
static int on_small_disk(const fixture *f, unsigned size_kib, const char *option,
                         const char *says)
{
    char script[2048];
    (void)snprintf(script, sizeof script,
                   "right=$(pwd)/right; mount -t tmpfs -o size=%uk none disk && cp "
                   "c.yaml m.json disk && "
                   "ln -s ../g disk/g && cd disk || exit 78; %s; " RUN
                   "o; status=$?; " SOUND "; mount -o remount,rw,size=64m . && " RUN
                   "o && diff -r o $right >&2 || exit 79; exit $status",
                   size_kib, option);
    write_text(f->dir, "script", script);
    run_result run = shell_in(f->dir, "unshare -rm sh script");
    if (run.status != 0 && (run.status > 6 || strstr(run.err, says) == NULL))
        fail_msg("%u KiB: exit %d: %s", size_kib, run.status, run.err);
    const int status = run.status;
    run_result_free(&run);
    return status;
}

static void full_disk(void **state)
{
    const fixture *f = *state;
    unsigned n_template = 0, n_shards = 0;
    if (!may_mount(f))
        skip();
    for (unsigned kib = 12;; kib += kib / 4) {
        assert_true(kib < 1 << 20);
        const int status =
            on_small_disk(f, kib, ":", "No space left on device; make room there");
        if (status == 0)
            break;
        n_template += status == 1;
        n_shards += status == 6;
    }
    assert_true(n_template > 0 && n_shards > 0);
}

static void read_only_disk(void **state)
{
    if (!may_mount(*state))
        skip();
    assert_int_equal(on_small_disk(*state, 65536, "mount -o remount,ro .",
                                   "Read-only file system; name another place"),
                     1);
}

static int setup(void **state)
{
    fixture_new(state);
    zg_free(shell_ok(((const fixture *)*state)->dir, RUN "right"));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors), cmocka_unit_test(raised_descriptors),
        cmocka_unit_test(file_sizes),  cmocka_unit_test(address_space),
        cmocka_unit_test(full_disk),   cmocka_unit_test(read_only_disk),
    };
    return cmocka_run_group_tests(tests, setup, fixture_free);
}
