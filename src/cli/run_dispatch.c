/* From the command line to a run beyond this machine, and its exit code. */
#include "cli/run_dispatch.h"

#include "cli/cli.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOOK_EVERY_MS = 100 };

typedef struct asker {
    progress *progress;
    const volatile int *stop;
    bool declined;
} asker;

/* A line of standard input; nothing where Ctrl-C comes first, which wakes no read. */
static void read_answer(const asker *a, char *out, int len)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    while (!zg_is_stopped(a->stop)) {
        if (poll(&in, 1, LOOK_EVERY_MS) <= 0)
            continue;
        if (fgets(out, len, stdin) == NULL)
            out[0] = '\0';
        return;
    }
    fprintf(stderr, "\n");
}

/* Nobody is asked who cannot answer. */
static bool confirm(void *user, const char *line, double max_usd)
{
    asker *a = user;
    char answer[16] = "";
    (void)max_usd;
    progress_end(a->progress);
    fprintf(stderr, "%s\n", line);
    if (isatty(STDIN_FILENO)) {
        fprintf(stderr, "Proceed with Lambda fan-out? [y/N] ");
        fflush(stderr);
        read_answer(a, answer, sizeof answer);
    }
    answer[strcspn(answer, "\r\n")] = '\0';
    a->declined = strcmp(answer, "y") != 0 && strcmp(answer, "Y") != 0 &&
                  strcmp(answer, "yes") != 0;
    return !a->declined;
}

/* What is wrong before the first shard tells keys and network apart, as with runs of this
 * machine. */
static int code_of(zagg_status status, const zagg_dispatch_summary *s, bool declined,
                   bool stopped)
{
    if (status == ZAGG_OK && s->stopped)
        return EXIT_INTERRUPTED;
    if (status == ZAGG_OK)
        return s->failed            ? EXIT_SHARDS_FAILED
               : s->finalize_failed ? EXIT_FAILED
                                    : EXIT_OK;
    if (declined)
        return stopped ? EXIT_INTERRUPTED : EXIT_FAILED;
    if (status == ZAGG_EUNSUPPORTED)
        return EXIT_CONFIG;
    if (s->finished > 0 && status != ZAGG_ECONFIG)
        return EXIT_FAILED;
    return cli_exit_code(status);
}

static void progress_of(void *user, const zagg_dispatch_event *event)
{
    const asker *a = user;
    progress_dispatch(a->progress, event);
}

int run_dispatch(const dispatch_job *job, zagg_err *err)
{
    const run_args *a = job->args;
    asker asks = {.progress = job->progress, .stop = job->stop};
    const zagg_dispatch_opts opts = {.backend = a->backend,
                                     .pipeline = job->pipeline,
                                     .map = job->map,
                                     .program = "zagg " ZAGG_VERSION,
                                     .store = job->store,
                                     .driver = a->driver,
                                     .shard = a->shard,
                                     .max_shards = a->max_cells,
                                     .max_workers = a->max_workers,
                                     .max_retries = a->max_retries,
                                     .overwrite = a->overwrite,
                                     .dry_run = a->dry_run,
                                     .profile = a->profile,
                                     .redo = a->redo,
                                     .handoff = a->handoff ? &a->handoff_kind : NULL,
                                     .latitude = job->latitude,
                                     .function = a->function,
                                     .transport = a->transport,
                                     .command = a->command,
                                     .timeout_s = a->timeout_s,
                                     .partition = a->partition,
                                     .sbatch_options = a->sbatch_options,
                                     .job_dir = a->job_dir,
                                     .events_dir = a->events_dir,
                                     .max_usd = a->max_usd,
                                     .confirm = a->yes ? NULL : confirm,
                                     .net = job->net,
                                     .log = job->progress->log,
                                     .progress = progress_of,
                                     .user = &asks,
                                     .stop = job->stop};
    zagg_dispatch_summary summary;
    zagg_status status = zagg_dispatch_run(&opts, &summary, err);
    int code = code_of(status, &summary, asks.declined, zg_is_stopped(job->stop));
    progress_end(job->progress);
    /* A run that came as far as shards tells how far. */
    if (status == ZAGG_OK || summary.finished > 0) {
        zagg_status printed = ZAGG_OK;
        if (a->json)
            printed = print_dispatch_json(&summary, job, err);
        else
            print_dispatch(&summary, job);
        code = printed == ZAGG_OK ? code : EXIT_FAILED;
    }
    zagg_dispatch_summary_free(&summary);
    return code;
}
