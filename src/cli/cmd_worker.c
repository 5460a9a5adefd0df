/* zagg worker: one event, one response; what the Lambda runtime does with its
 * invocations, for every other engine. */
#include "base/base.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "zagg/io.h"
#include "zagg/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OPT_OUTPUT = 256, OPT_MEMORY, OPT_MAX_WORKERS, OPT_DEADLINE, OPT_LOG_JSON };

#define MAX_EVENT_BYTES ((size_t)256 << 20)
/* Less than this the program itself takes. */
#define LEAST_MEMORY (UINT64_C(32) << 20)
enum { MAX_THREADS = 4096, MAX_DEADLINE_S = 7 * 24 * 3600 };
/* So many workers share this machine, as whoever started them says. */
#define WORKER_COUNT "ZAGG_WORKER_COUNT"

static const cli_option OPTIONS[] = {
    {'o', "output", "FILE", "put the response there instead of on standard output"},
    {OPT_MAX_WORKERS, "max-workers", "N",
     "threads (default: all processors, or this worker's share\nof them "
     "where " WORKER_COUNT " says how many run here)"},
    {OPT_MEMORY, "memory", "SIZE",
     "memory to use, such as 512M or 2G: rows beyond it go to a\ntemporary file in "
     "TMPDIR "
     "(default: 80 % of what\nAWS_LAMBDA_FUNCTION_MEMORY_SIZE says, else half of the "
     "machine's,\nor this worker's share of that)"},
    {OPT_DEADLINE, "deadline", "SECONDS",
     "give the event up, with an error response, before this\nmany seconds are over"},
    {OPT_LOG_JSON, "log-json", NULL, "log as one JSON object a line"},
    {'q', "quiet", NULL, "only warnings and errors"},
    {'v', "verbose", NULL, "also debugging messages"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "worker", "worker [EVENT] [OPTIONS]",
    "Do what one event says: process a shard, set up a store, finalize it, ping. The "
    "event\n"
    "is a JSON object as `zagg run --backend lambda` and upstream's dispatcher send it, "
    "in\n"
    "the file EVENT or on standard input; the response, {\"statusCode\", \"body\"}, goes "
    "to\n"
    "standard output.\n"
    "Exit code 0: done, or there was nothing to do; 3: the event is at fault "
    "(statusCode\n"
    "400, or no JSON object); 6: it failed (500).",
    OPTIONS,
    "  zagg worker event.json\n"
    "  zagg worker <event.json --memory 1G -o response.json"};

typedef struct worker_args {
    const char *event, *output;
    bool log_json, quiet, verbose;
    zagg_event_opts opts;
} worker_args;

static volatile int stop_flag;

static void on_signal(int number)
{
    zg_stop(&stop_flag);
    signal(number, SIG_DFL);
}

static int take(void *user, int id, const char *value)
{
    worker_args *a = user;
    long long n;
    switch (id) {
    case 0:
        if (a->event) {
            fprintf(stderr, "zagg worker: %s: unexpected argument; there is one event\n",
                    value);
            return EXIT_USAGE;
        }
        a->event = value;
        return 0;
    case 'o':
        a->output = value;
        return 0;
    case OPT_MEMORY:
        return cli_size(&COMMAND, "memory", value, LEAST_MEMORY, &a->opts.memory_bytes)
                   ? 0
                   : EXIT_USAGE;
    case OPT_MAX_WORKERS:
        if (!cli_integer(&COMMAND, "max-workers", value, 1, MAX_THREADS, &n))
            return EXIT_USAGE;
        a->opts.threads = (size_t)n;
        return 0;
    case OPT_DEADLINE:
        if (!cli_integer(&COMMAND, "deadline", value, 1, MAX_DEADLINE_S, &n))
            return EXIT_USAGE;
        a->opts.remaining_s = (double)n;
        return 0;
    default:
        a->log_json |= id == OPT_LOG_JSON;
        a->quiet |= id == 'q';
        a->verbose |= id == 'v';
        return 0;
    }
}

/* What was not asked for by options: of the machine this worker's share. */
static void take_share(zagg_event_opts *o, zagg_log *log)
{
    const char *text = getenv(WORKER_COUNT);
    const unsigned long n = text ? strtoul(text, NULL, 10) : 0;
    if (n < 2 || n > MAX_THREADS)
        return;
    const size_t threads = zg_cpu_count() / n;
    const uint64_t bytes = zg_machine_memory_bytes() / 2 / n;
    if (o->threads == 0)
        o->threads = threads ? threads : 1;
    if (o->memory_bytes == 0 && getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE") == NULL)
        o->memory_bytes = bytes > LEAST_MEMORY ? bytes : LEAST_MEMORY;
    zagg_log_write(log, ZAGG_LOG_DEBUG,
                   "One of %lu workers of this machine: %zu threads, %" PRIu64
                   " MiB of memory (0: by the function's)",
                   n, o->threads, o->memory_bytes >> 20);
}

static zagg_status read_event(const worker_args *a, char **text, size_t *len,
                              zagg_err *err)
{
    const char *path = a->event && strcmp(a->event, "-") != 0 ? a->event : "/dev/stdin";
    const zagg_status status = zagg_file_read(path, MAX_EVENT_BYTES, text, len, err);
    return status == ZAGG_OK ? status : zagg_err_context(err, status, "event");
}

static zagg_status put_response(const worker_args *a, const zagg_event_response *r,
                                zagg_err *err)
{
    FILE *to = a->output ? fopen(a->output, "we") : stdout;
    if (!to)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot write %s", a->output);
    bool failed = fwrite(r->text, 1, r->len, to) != r->len || fputc('\n', to) == EOF;
    const int number = errno;
    failed |= (a->output ? fclose(to) : fflush(to)) != 0;
    return failed ? zagg_err_set_errno(err, ZAGG_EIO, number, "cannot write %s",
                                       a->output ? a->output : "the response")
                  : ZAGG_OK;
}

static int outcome_code(zagg_event_outcome outcome)
{
    switch (outcome) {
    case ZAGG_EVENT_OK:
    case ZAGG_EVENT_NO_DATA:
        return EXIT_OK;
    case ZAGG_EVENT_REFUSED:
        return EXIT_CONFIG;
    default:
        return EXIT_SHARDS_FAILED;
    }
}

static int handle(worker_args *a, progress *log)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_event_response response = {0};
    char *event = NULL;
    size_t len = 0;
    int code;
    a->opts.log = log->log;
    a->opts.stop = &stop_flag;
    take_share(&a->opts, log->log);
    zagg_status status = read_event(a, &event, &len, &err);
    if (status == ZAGG_OK)
        status = zagg_event_handle(event, len, &a->opts, &response, &err);
    if (event)
        zg_secret_wipe(event, len);
    zagg_bytes_free(event);
    if (status == ZAGG_OK) {
        code = outcome_code(response.outcome);
        status = put_response(a, &response, &err);
        if (status != ZAGG_OK)
            code = EXIT_FAILED;
    } else {
        code = cli_load_code(status);
    }
    if (status != ZAGG_OK)
        zagg_log_write(log->log, ZAGG_LOG_ERROR, "%s", err.msg);
    zagg_event_response_free(&response);
    return code;
}

int main_worker(int argc, char **argv)
{
    worker_args a = {0};
    progress log;
    zagg_err err = ZAGG_ERR_INIT;
    int code = cli_parse(&COMMAND, argc, argv, take, &a);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    if (progress_init(&log, a.quiet, a.verbose, a.log_json, &err) != ZAGG_OK) {
        fprintf(stderr, "zagg worker: %s\n", err.msg);
        return EXIT_FAILED;
    }
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    code = handle(&a, &log);
    progress_free(&log);
    return code;
}
