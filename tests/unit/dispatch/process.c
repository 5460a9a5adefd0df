/* Children: their end counts, whatever becomes of their output. */
#include "dispatch/process.h"

#include "support/support.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

/* Longer than any of the commands takes: what must happen before it is over. */
#define LONG_S 60.0

static void start(const char *command, size_t most, double limit_s, zg_process *out)
{
    static const char *const SETTINGS[] = {"GREETING=hello", NULL};
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(
        zg_process_start(command, "input", 5, SETTINGS, most, limit_s, out, &err),
        ZAGG_OK);
}

static size_t wait_long(zg_process *const *list, size_t n)
{
    return zg_process_wait(list, n, zg_clock_mono_s() + LONG_S);
}

static void test_output_and_status(void **state)
{
    (void)state;
    zg_process p;
    zg_process *const list[] = {&p};
    start("cat; echo \" $GREETING\"; exit 7", 100, 0, &p);
    assert_int_equal(wait_long(list, 1), 0);
    assert_string_equal(p.out.data, "input hello\n");
    assert_int_equal(p.status, 7);
    assert_true(p.over && !p.overdue && p.pid == 0);
    zg_process_free(&p);
    start("kill -9 $$", 100, 0, &p);
    assert_int_equal(wait_long(list, 1), 0);
    assert_int_equal(p.status, 128 + SIGKILL);
    zg_process_free(&p);
}

/* One that has closed its output holds up nobody, and what it returns counts. */
static void test_output_closed_early(void **state)
{
    (void)state;
    zg_process slow, quick;
    zg_process *const list[] = {&slow, &quick};
    const double start_s = zg_clock_mono_s();
    start("exec sleep 300 >&-", 100, 0, &slow);
    start("sleep 0.2; echo done", 100, 0, &quick);
    assert_int_equal(wait_long(list, 2), 1);
    assert_string_equal(quick.out.data, "done\n");
    /* Nor does it keep a wait from ending in time. */
    assert_int_equal(zg_process_wait(list, 2, zg_clock_mono_s() + 0.2), 2);
    zg_process_free(&quick);
    zg_process_free(&slow);
    start("echo said; exec >&-; sleep 0.2; exit 3", 100, 0, &slow);
    assert_int_equal(wait_long(list, 1), 0);
    assert_string_equal(slow.out.data, "said\n");
    assert_int_equal(slow.status, 3);
    zg_process_free(&slow);
    assert_true(zg_clock_mono_s() - start_s < 300);
}

/* What a command leaves behind is not waited for. */
static void test_output_held_open(void **state)
{
    (void)state;
    zg_process p;
    zg_process *const list[] = {&p};
    start("sleep 300 & echo $!", 100, 0, &p);
    assert_int_equal(wait_long(list, 1), 0);
    assert_int_equal(p.status, 0);
    const pid_t left = (pid_t)atol(p.out.data);
    assert_true(left > 0);
    assert_int_equal(kill(left, SIGKILL), 0);
    zg_process_free(&p);
}

/* Of one whose time is over nothing of the group is left, though it ignores SIGTERM. */
static void test_overdue(void **state)
{
    (void)state;
    zg_process p;
    zg_process *const list[] = {&p};
    start("sleep 300", 100, 0.2, &p);
    assert_int_equal(wait_long(list, 1), 0);
    assert_true(p.overdue);
    assert_int_equal(p.status, 128 + SIGTERM);
    zg_process_free(&p);
    /* Whoever is left of the second holds this pipe open. */
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    start("trap '' TERM; sleep 300 >&- & wait; wait; sleep 300", 100, 0.2, &p);
    close(ends[1]);
    assert_int_equal(wait_long(list, 1), 0);
    assert_true(p.overdue);
    assert_int_equal(p.status, 128 + SIGKILL);
    struct pollfd end = {.fd = ends[0], .events = POLLIN};
    assert_int_equal(poll(&end, 1, (int)(1e3 * LONG_S)), 1);
    assert_int_equal(end.revents, POLLHUP);
    close(ends[0]);
    zg_process_free(&p);
}

static void test_too_much_output(void **state)
{
    (void)state;
    zg_process p;
    zg_process *const list[] = {&p};
    start("yes", 1000, 0, &p);
    assert_int_equal(wait_long(list, 1), 0);
    assert_true(p.out.failed);
    assert_int_equal(p.status, 128 + SIGKILL);
    zg_process_free(&p);
}

static void test_command(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    char *out = NULL;
    int status = -1;
    assert_int_equal(zg_command("echo a word; exit 4", &out, &status, &err), ZAGG_OK);
    assert_string_equal(out, "a word\n");
    assert_int_equal(status, 4);
    zg_free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_output_and_status),
                                       cmocka_unit_test(test_output_closed_early),
                                       cmocka_unit_test(test_output_held_open),
                                       cmocka_unit_test(test_overdue),
                                       cmocka_unit_test(test_too_much_output),
                                       cmocka_unit_test(test_command)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
