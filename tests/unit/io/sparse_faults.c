/* Copies with holes under faults: a full disk, a process that is killed, a power failure.
 * Whatever happens, no byte is claimed that is not there, and fetching again completes
 * the copy. */
#include "support/fault.h"
#include "support/power.h"
#include "unit/io/sparse_fixture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct work {
    object o;
    char *dir;
    zagg_err err;
} work;

static zagg_status read_some(zagg_source *source, uint64_t offset, size_t len,
                             zagg_err *err)
{
    char out[OBJECT_BYTES];
    return zagg_source_read_at(source, offset, len, out, err);
}

/* A first version in part, then another one: in part, and as a whole. */
static zagg_status fetch_twice(work *w)
{
    zagg_source *source = NULL;
    w->o.version = 1;
    ZAGG_TRY(object_open(&w->o, w->dir, &source, &w->err));
    zagg_status status = read_some(source, 1000, 500, &w->err);
    zagg_source_close(source);
    w->o.version = 2;
    if (status == ZAGG_OK)
        status = object_open(&w->o, w->dir, &source, &w->err);
    if (status != ZAGG_OK)
        return status;
    status = read_some(source, 0, 2000, &w->err);
    zagg_source_close(source);
    if (status == ZAGG_OK)
        status = object_open(&w->o, w->dir, &source, &w->err);
    if (status != ZAGG_OK)
        return status;
    status = read_some(source, 0, OBJECT_BYTES, &w->err);
    zagg_source_close(source);
    if (w->o.n_failed > 0 && status == ZAGG_OK) {
        w->err = w->o.failed;
        status = w->err.status;
    }
    return status;
}

static work begin(void)
{
    work w = {.err = ZAGG_ERR_INIT};
    object_init(&w.o);
    w.dir = make_temp_dir();
    return w;
}

static void end(work *w)
{
    remove_tree(w->dir);
    zg_free(w->dir);
}

/* What is there is of one version or the other; a fetch without faults completes it. */
static void check(work *w, bool of_second)
{
    char path[4096];
    struct stat st;
    object first = {.version = 1}, second = {.version = 2};
    (void)snprintf(path, sizeof path, "%s/g.h5", w->dir);
    if (stat(path, &st) == 0) {
        zagg_source *source = NULL;
        unsigned char byte = 0;
        const object *o = &first;
        /* All fetches begin with or hold byte 1000. */
        if (zagg_source_open_file(path, &source, NULL) == ZAGG_OK) {
            if (zagg_source_read_at(source, 1000, 1, &byte, NULL) == ZAGG_OK &&
                byte == object_byte(&second, 1000))
                o = &second;
            zagg_source_close(source);
            (void)bytes_there(o, w->dir);
        }
    }
    zagg_source *source = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    w->o.version = of_second ? 2 : 1;
    w->o.n_failed = 0;
    if (object_open(&w->o, w->dir, &source, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_reads(&w->o, source, 0, OBJECT_BYTES);
    zagg_source_close(source);
    assert_int_equal(w->o.n_failed, 0);
    assert_int_equal(bytes_there(&w->o, w->dir), OBJECT_BYTES);
}

static void calls(void **state)
{
    static const struct {
        unsigned kinds;
        int error;
        bool lasting;
    } CASES[] = {
        {FAULT_BIT(FAULT_WRITE), ENOSPC, true},
        {FAULT_BIT(FAULT_WRITE), EIO, false},
        {FAULT_BIT(FAULT_SYNC), EIO, false},
        {FAULT_BIT(FAULT_RENAME) | FAULT_BIT(FAULT_REMOVE), EACCES, false},
        {FAULT_BIT(FAULT_OPEN), EMFILE, false},
        {FAULT_BIT(FAULT_READ), EIO, false},
        {FAULT_BIT(FAULT_ALLOC), ENOMEM, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        for (int64_t nth = 1;; nth++) {
            work w = begin();
            const int files = fault_open_files();
            const int64_t blocks = fault_live_blocks();
            fault_arm(&(fault_plan){.kinds = CASES[i].kinds,
                                    .nth = nth,
                                    .error = CASES[i].error,
                                    .lasting = CASES[i].lasting});
            const zagg_status status = fetch_twice(&w);
            fault_disarm();
            assert_int_equal(fault_open_files(), files);
            assert_int_equal(fault_live_blocks(), blocks);
            if (status != ZAGG_OK && w.err.msg[0] == '\0')
                fail_msg("case %zu: failure %d without a word", i, (int)status);
            if (CASES[i].error == ENOSPC && fault_fired()) {
                assert_int_equal(status, ZAGG_EIO);
                if (strstr(w.err.msg, "No space left on device") == NULL)
                    fail_msg("%s", w.err.msg);
            }
            check(&w, true);
            end(&w);
            if (!fault_fired()) {
                assert_true(nth > 1);
                break;
            }
        }
}

static bool do_work(void *user)
{
    return fetch_twice(user) == ZAGG_OK;
}

static void killed(void **state)
{
    (void)state;
    for (int64_t nth = 1, go_on = 1; go_on; nth++) {
        work w = begin();
        go_on = fault_killed(do_work, &w, nth);
        check(&w, nth % 2);
        end(&w);
        assert_true(go_on || nth > 20);
    }
}

static void power(void **state)
{
    (void)state;
    work w = begin();
    power_record(w.dir);
    assert_int_equal(fetch_twice(&w), ZAGG_OK);
    const size_t n = power_stop();
    assert_true(n > 20);
    for (size_t at = 0; at <= n; at++)
        for (int kind = 0; kind < POWER_N_KINDS; kind++)
            for (uint32_t seed = 0; seed < (kind == POWER_MIXED ? 5u : 1u); seed++) {
                remove_tree(w.dir);
                (void)mkdir(w.dir, 0777);
                power_restore(at, (power_kind)kind, seed + (uint32_t)at);
                (void)mkdir(w.dir, 0777);
                check(&w, true);
            }
    power_forget();
    end(&w);
}

/* Thousands of small files are synced, which a memory does as well as a disk. */
static int use_memory(void **state)
{
    (void)state;
    if (access("/dev/shm", W_OK | X_OK) == 0)
        (void)setenv("TMPDIR", "/dev/shm", 1);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls),
        cmocka_unit_test(killed),
        cmocka_unit_test(power),
    };
    return cmocka_run_group_tests(tests, use_memory, NULL);
}
