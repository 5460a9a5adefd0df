/* Tasks of Slurm, whose commands are stood in for by scripts: what looking for responses
 * costs, and that tasks which were not sent come back after a stop. */
#include "dispatch/backend.h"
#include "support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TASKS = 120 };
#define LONG_S 300.0
#define SBATCH                                                                           \
    "#!/bin/sh\nfor word; do case $word in --array=*) last=${word#--array=0-}; "         \
    "last=${last%%%*} ;; */job.sh) job=$word ;; esac; first=$word; done\n"               \
    "i=0; while [ $i -le $last ]; do SLURM_ARRAY_TASK_ID=$i sh \"$job\" \"$first\"; "    \
    "i=$((i + 1)); done\necho 12\n"
#define WORKER "#!/bin/sh\necho '{\"statusCode\": 200, \"body\": \"{}\"}' >\"$3\"\n"

static size_t reads; /* of files, by the executor */

zagg_status __real_zagg_file_read(const char *path, size_t max_bytes, char **data,
                                  size_t *len, zagg_err *err);
zagg_status __wrap_zagg_file_read(const char *path, size_t max_bytes, char **data,
                                  size_t *len, zagg_err *err);
zagg_status __wrap_zagg_file_read(const char *path, size_t max_bytes, char **data,
                                  size_t *len, zagg_err *err)
{
    reads++;
    return __real_zagg_file_read(path, max_bytes, data, len, err);
}

static char folder[] = "/tmp/zagg-slurm-unit-XXXXXX";

static void write_program(const char *name, const char *text)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, 0755), 0);
}

static int begin(void **state)
{
    char path[4096];
    const char *old = getenv("PATH");
    (void)state;
    assert_non_null(mkdtemp(folder));
    write_program("sbatch", SBATCH);
    write_program("worker", WORKER);
    write_program("squeue", "#!/bin/sh\nexit 1\n");
    write_program("scancel", "#!/bin/sh\nexit 0\n");
    write_program("scontrol", "#!/bin/sh\nexit 1\n");
    (void)snprintf(path, sizeof path, "%s:%s", folder, old != NULL ? old : "/bin");
    return setenv("PATH", path, 1);
}

static int end(void **state)
{
    char command[128];
    (void)state;
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static void send_all(const zg_backend *backend)
{
    for (size_t i = 0; i < TASKS; i++) {
        zg_str event;
        zg_str_init(&event, 0);
        zg_str_add(&event, "{}");
        assert_int_equal(backend->executor.send(backend->executor.self, i, &event, NULL),
                         ZAGG_OK);
    }
}

/* Each once; all have the kind. */
static void take_all(const zg_backend *backend, zg_reply_kind kind)
{
    bool seen[TASKS] = {false};
    const double until = zg_clock_mono_s() + LONG_S;
    for (size_t n = 0; n < TASKS;) {
        zg_reply reply = {.kind = ZG_REPLY_RESPONSE};
        size_t ticket = TASKS;
        assert_true(zg_clock_mono_s() < until);
        if (!backend->executor.next(backend->executor.self, zg_clock_mono_s() + 0.1,
                                    &ticket, &reply))
            continue;
        assert_int_equal(reply.kind, kind);
        assert_true(ticket < TASKS && !seen[ticket]);
        seen[ticket] = true;
        zg_reply_free(&reply);
        n++;
    }
}

static void test_each_response_is_read_once(void **state)
{
    (void)state;
    const zagg_dispatch_opts opts = {
        .backend = ZAGG_BACKEND_SLURM, .command = "worker", .job_dir = folder};
    zg_backend backend;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zg_slurm_open(&opts, "a", TASKS, &backend, &err), ZAGG_OK);
    send_all(&backend);
    reads = 0;
    take_all(&backend, ZG_REPLY_RESPONSE);
    assert_int_equal(reads, TASKS);
    backend.close(backend.self);
}

static void test_stopped_before_anything_was_sent(void **state)
{
    (void)state;
    const volatile int stop = 1;
    const zagg_dispatch_opts opts = {.backend = ZAGG_BACKEND_SLURM,
                                     .command = "no-such-worker",
                                     .job_dir = folder,
                                     .stop = &stop};
    zg_backend backend;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zg_slurm_open(&opts, "b", TASKS, &backend, &err), ZAGG_OK);
    send_all(&backend);
    take_all(&backend, ZG_REPLY_THROTTLED);
    backend.close(backend.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_response_is_read_once),
        cmocka_unit_test(test_stopped_before_anything_was_sent)};
    return cmocka_run_group_tests(tests, begin, end);
}
