/* Ctrl-C in the middle of a run: shards that have begun end, no other starts, the store
 * stays consistent, and the same command again completes it to the bytes of a run that
 * was never interrupted. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#endif
#include "cli/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { N_SHARDS = 20, PIPE_BYTES = 4096, ROOM_BYTES = 330 };

static const char OPTIONS[] =
    "--config c.yaml --granules long --max-cells 20 --max-workers 1";

static void pause_briefly(void)
{
    const struct timespec step = {0, 5 * 1000 * 1000};
    nanosleep(&step, NULL);
}

/* A pipe of one page with room for a few lines of progress: the run comes to a halt while
 * it writes the next one, after some shards and before the last. */
static void make_narrow_pipe(int ends[2])
{
    char junk[PIPE_BYTES - ROOM_BYTES];
    memset(junk, '.', sizeof junk);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES), PIPE_BYTES);
    assert_int_equal(write(ends[1], junk, sizeof junk), sizeof junk);
}

static pid_t start_run(const fixture *f, const char *store, int err_fd)
{
    char program[4096], out[64];
    (void)snprintf(program, sizeof program, "%s/zagg", getenv("ZAGG_BUILD_DIR"));
    (void)snprintf(out, sizeof out, "%s.out", store);
    fflush(NULL);
    const pid_t pid = fork();
    if (pid != 0)
        return pid;
    if (chdir(f->dir) != 0 || dup2(err_fd, STDERR_FILENO) < 0)
        _exit(126);
    const int out_fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (out_fd < 0 || dup2(out_fd, STDOUT_FILENO) < 0)
        _exit(126);
    execl(program, "zagg", "run", "--config", "c.yaml", "--granules", "long",
          "--max-cells", "20", "--max-workers", "1", "--store", store, (char *)NULL);
    _exit(127);
}

/* Until the pipe is all but full: the run stands, or is about to. */
static void wait_for_progress(int fd)
{
    int waiting = 0;
    for (int i = 0; i < 6000 && waiting < PIPE_BYTES - 70; i++) {
        assert_int_equal(ioctl(fd, FIONREAD, &waiting), 0);
        pause_briefly();
    }
    assert_in_range(waiting, PIPE_BYTES - 70, PIPE_BYTES);
}

static void drain(int fd)
{
    char text[PIPE_BYTES];
    ssize_t n;
    while ((n = read(fd, text, sizeof text)) > 0 || (n < 0 && errno == EINTR))
        continue;
    assert_int_equal(n, 0);
    close(fd);
}

/* Start a run, send it a signal in the middle; exit code, or 128 + signal. */
static int run_with_signal(const fixture *f, const char *store, int number)
{
    int ends[2], wait_status = 0;
    make_narrow_pipe(ends);
    const pid_t pid = start_run(f, store, ends[1]);
    assert_true(pid > 0);
    close(ends[1]);
    wait_for_progress(ends[0]);
    assert_int_equal(kill(pid, number), 0);
    pause_briefly();
    drain(ends[0]);
    while (waitpid(pid, &wait_status, 0) < 0)
        assert_int_equal(errno, EINTR);
    return WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
                                    : WEXITSTATUS(wait_status);
}

/* Every object that is there is whole: the one of the uninterrupted run. */
static void assert_consistent(const fixture *f, const char *store)
{
    zg_free(
        shell_ok(f->dir,
                 "cd %s && n=0 && for file in $(find . -type f); do "
                 "cmp \"$file\" \"../whole/$file\" && n=$((n + 1)) || exit 1; done && "
                 "test $n -gt 10",
                 store));
}

static void check_signal(const fixture *f, const char *store, int number)
{
    char *text = NULL;
    unsigned done = 0, all = 0;
    assert_int_equal(run_with_signal(f, store, number), 130);
    text = shell_ok(f->dir, "grep Interrupted %s.out", store);
    if (sscanf(text, "Interrupted: %u of %u cells done; run again to complete the store",
               &done, &all) != 2)
        fail_msg("printed: %s", text);
    zg_free(text);
    assert_int_equal(all, N_SHARDS);
    assert_in_range(done, 1, N_SHARDS - 1);
    assert_consistent(f, store);
    zg_free(shell_ok(f->dir, "zagg run -q %s --store %s", OPTIONS, store));
    assert_same_stores(f, "whole", store);
}

static int setup(void **state)
{
    fixture_new(state);
    const fixture *f = *state;
    zg_free(shell_ok(f->dir, "zagg-synth --quiet --out long --granules 1 --beams 1 "
                             "--photons 30000 --per-segment 5"));
    char *text = shell_ok(f->dir, "zagg run %s --store whole 2>&1", OPTIONS);
    assert_non_null(strstr(text, "[20/20]"));
    zg_free(text);
    return 0;
}

static void interrupted(void **state)
{
    check_signal(*state, "int", SIGINT);
}

static void terminated(void **state)
{
    check_signal(*state, "term", SIGTERM);
}

/* No time to tidy up: still nothing but whole objects under their own names. */
static void killed(void **state)
{
    const fixture *f = *state;
    assert_int_equal(run_with_signal(f, "dead", SIGKILL), 128 + SIGKILL);
    zg_free(shell_ok(f->dir, "find dead -name '.*.tmp' -delete"));
    assert_consistent(f, "dead");
    zg_free(shell_ok(f->dir, "zagg run -q %s --store dead", OPTIONS));
    assert_same_stores(f, "whole", "dead");
}

/* The first shard cannot be written: the granules of the others are not read for
 * nothing. */
static void store_fails(void **state)
{
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    zg_str map;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    assert_true(f->n_keys >= 2);
    zg_str_init(&map, 0);
    zg_str_addf(
        &map,
        "{\"shard_keys\": [%" PRIu64 ", %" PRIu64 "], \"granules\":"
        " [[{\"s3\": \"g/a.h5\"}], [{\"s3\": \"g/a.h5\"}, {\"s3\": \"g/b.h5\"}]],"
        " \"grid_signature\": null, \"metadata\": {\"latitude\": \"authalic-wgs84\"}}",
        f->keys[0], f->keys[1]);
    write_text(f->dir, "two.json", map.data);
    zg_str_free(&map);
    zg_free(shell_ok(f->dir,
                     "zagg run -q --config c.yaml --catalog two.json --store full "
                     "--max-cells 1 && rm -r full/16/count/c && "
                     "touch full/16/count/c"));
    run_result run = shell_in(f->dir, "zagg run -q --json --config c.yaml --catalog "
                                      "two.json --store full --max-workers 1");
    assert_int_not_equal(run.status, 0);
    const zagg_value *json = json_of(arena, run.out);
    assert_int_equal(json_u64(json, "cells_error"), 1);
    assert_int_equal(json_u64(json, "granules_read"), 1);
    run_result_free(&run);
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interrupted),
        cmocka_unit_test(terminated),
        cmocka_unit_test(killed),
        cmocka_unit_test(store_fails),
    };
    return cmocka_run_group_tests(tests, setup, fixture_free);
}
