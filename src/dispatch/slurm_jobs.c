/* Arrays have a bound on their tasks, and each its own on how many of them run at once: a
 * bound on all takes keeping account of who may run what. An array is sent when the tasks
 * of those before it no longer take all places; it gets the places that are left, and
 * more as they become free. */
#include "dispatch/slurm_jobs.h"

#include "dispatch/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Slurm's own bound of an array is 1001 unless its administrator set another. */
enum { MOST_TASKS = 1000 };
#define WIDEN_EVERY_S 1.0

static zg_slurm_array *array_at(const zg_slurm_jobs *jobs, size_t i)
{
    return ZG_VEC_AT(&jobs->arrays, zg_slurm_array, i);
}

/* ---- account ---- */

/* Tasks that wait or run, as far as is known. */
static size_t alive(const zg_slurm_array *a)
{
    const size_t open = a->n - a->answered;
    return open < a->queued ? open : a->queued;
}

/* Those of them that Slurm may run now. */
static size_t running(const zg_slurm_array *a)
{
    return alive(a) < a->width ? alive(a) : a->width;
}

static size_t all_alive(const zg_slurm_jobs *jobs)
{
    size_t n = 0;
    for (size_t i = 0; i < jobs->arrays.len; i++)
        n += alive(array_at(jobs, i));
    return n;
}

size_t zg_slurm_room(const zg_slurm_jobs *jobs)
{
    const size_t width = jobs->opts->max_workers;
    return width == 0 || all_alive(jobs) < width ? jobs->most : 0;
}

zg_slurm_array *zg_slurm_array_of(const zg_slurm_jobs *jobs, size_t task)
{
    for (size_t i = jobs->arrays.len; i-- > 0;) {
        zg_slurm_array *a = array_at(jobs, i);
        if (task >= a->first)
            return task - a->first < a->n ? a : NULL;
    }
    return NULL;
}

void zg_slurm_answered(zg_slurm_jobs *jobs, size_t task)
{
    zg_slurm_array *a = zg_slurm_array_of(jobs, task);
    if (a != NULL && a->answered < a->n)
        a->answered++;
}

/* "12,13" of arrays with tasks that have no response. */
static void add_jobs(const zg_slurm_jobs *jobs, char between, zg_str *out)
{
    size_t n = 0;
    for (size_t i = 0; i < jobs->arrays.len; i++) {
        const zg_slurm_array *a = array_at(jobs, i);
        if (a->answered == a->n)
            continue;
        if (n++ > 0)
            zg_str_addc(out, between);
        zg_str_add(out, a->job);
    }
}

/* ---- commands ---- */

/* *out is what it printed, the caller's; NULL: it could not be run. The text is freed. */
static void run(zg_str *command, char **out, int *code)
{
    *out = NULL;
    *code = 0;
    if (!command->failed)
        (void)zg_command(command->data, out, code, NULL);
    zg_str_free(command);
}

void zg_slurm_jobs_init(const zagg_dispatch_opts *opts, const char *folder,
                        zg_slurm_jobs *out)
{
    static const char KEY[] = "\nMaxArraySize";
    zg_str command;
    char *text;
    int code;
    *out = (zg_slurm_jobs){.opts = opts, .folder = folder, .most = MOST_TASKS};
    zg_vec_init(&out->arrays, sizeof(zg_slurm_array), 0);
    zg_str_init(&command, 0);
    zg_str_add(&command, "LC_ALL=C scontrol show config 2>/dev/null");
    run(&command, &text, &code);
    const char *line = text != NULL ? strstr(text, KEY) : NULL;
    if (line != NULL) {
        line += sizeof KEY - 1;
        line += strspn(line, " \t=");
        const size_t most = (size_t)strtoul(line, NULL, 10);
        if (most > 0 && most < MOST_TASKS)
            out->most = most;
    }
    zg_free(text);
}

void zg_slurm_jobs_free(zg_slurm_jobs *jobs)
{
    for (size_t i = 0; i < jobs->arrays.len; i++)
        zg_free(array_at(jobs, i)->job);
    zg_vec_free(&jobs->arrays);
}

static void add_quoted(zg_str *out, const char *option, const char *folder,
                       const char *name)
{
    zg_str word;
    zg_str_init(&word, 0);
    zg_str_addf(&word, "%s/%s", folder, name);
    zg_str_add(out, option);
    if (word.failed)
        out->failed = true;
    else
        zg_shell_quote(out, word.data);
    zg_str_free(&word);
}

static void submit_text(const zg_slurm_jobs *jobs, const zg_slurm_array *a, zg_str *out)
{
    const zagg_dispatch_opts *o = jobs->opts;
    zg_str_addf(out, "sbatch --parsable --requeue --job-name=zagg --array=0-%zu",
                a->n - 1);
    if (a->width != SIZE_MAX)
        zg_str_addf(out, "%%%zu", a->width);
    if (o->partition != NULL) {
        zg_str_add(out, " --partition=");
        zg_shell_quote(out, o->partition);
    }
    add_quoted(out, " --open-mode=append --output=", jobs->folder, "slurm-%A_%a.log");
    if (o->sbatch_options != NULL)
        zg_str_addf(out, " %s", o->sbatch_options);
    add_quoted(out, " ", jobs->folder, "job.sh");
    zg_str_addf(out, " %zu 2>&1", a->first);
}

/* The number of the job, "JOB" or "JOB;CLUSTER" on a line of its own: what a site's
 * plugins have to say stands around it. NULL: there is none. */
static char *job_of(const char *text)
{
    while (*text != '\0') {
        const size_t digits = strspn(text, "0123456789"), len = strcspn(text, "\n");
        if (digits > 0 && (digits == len || text[digits] == ';'))
            return zg_strndup(text, digits);
        text += len + (text[len] == '\n');
    }
    return NULL;
}

zagg_status zg_slurm_submit(zg_slurm_jobs *jobs, size_t first, size_t n, zagg_err *err)
{
    const size_t width = jobs->opts->max_workers;
    zg_slurm_array a = {.first = first, .n = n, .queued = n, .width = SIZE_MAX};
    zg_str command;
    char *out = NULL;
    int code = 0;
    if (width > 0)
        a.width = width - all_alive(jobs);
    zg_str_init(&command, 0);
    submit_text(jobs, &a, &command);
    zagg_status status = command.failed
                             ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a command")
                             : zg_command(command.data, &out, &code, err);
    zg_str_free(&command);
    if (status == ZAGG_OK && code != 0)
        status =
            zagg_err_set(err, ZAGG_EIO, "sbatch failed (exit %d): %.400s", code, out);
    if (status == ZAGG_OK && (a.job = job_of(out)) == NULL)
        status =
            zagg_err_set(err, ZAGG_EIO, "sbatch gave no number of a job: %.400s", out);
    zg_free(out);
    if (status != ZAGG_OK)
        return status;
    zagg_log_write(jobs->opts->log, ZAGG_LOG_INFO, "Slurm job %s: %zu tasks", a.job, n);
    zg_slurm_array *place = zg_vec_push(&jobs->arrays);
    if (place == NULL) {
        zg_free(a.job);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a job");
    }
    *place = a;
    return ZAGG_OK;
}

/* ---- the queue ---- */

/* The state of a task that may still run? */
static bool is_alive(const char *state, size_t len)
{
    static const char *const ENDED[] = {"BOOT_FAIL", "CANCELLED", "COMPLETED",
                                        "DEADLINE",  "FAILED",    "NODE_FAIL",
                                        "PREEMPTED", "TIMEOUT",   "OUT_OF_MEMORY"};
    for (size_t i = 0; i < sizeof ENDED / sizeof *ENDED; i++)
        if (strlen(ENDED[i]) == len && strncmp(state, ENDED[i], len) == 0)
            return false;
    return len > 0 && strspn(state, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") >= len;
}

/* One line of squeue: "JOB STATE". What is none says nothing. */
static void count_line(zg_slurm_jobs *jobs, const char *line, size_t len)
{
    const size_t digits = strspn(line, "0123456789");
    const size_t blanks = strspn(line + digits, " ");
    if (digits == 0 || blanks == 0 ||
        !is_alive(line + digits + blanks, len - digits - blanks))
        return;
    for (size_t i = 0; i < jobs->arrays.len; i++) {
        zg_slurm_array *a = array_at(jobs, i);
        if (strlen(a->job) == digits && strncmp(a->job, line, digits) == 0)
            a->queued++;
    }
}

static void count_lines(zg_slurm_jobs *jobs, const char *text)
{
    for (size_t i = 0; i < jobs->arrays.len; i++)
        array_at(jobs, i)->queued = 0;
    for (const char *line = text; *line != '\0';) {
        const size_t len = strcspn(line, "\n");
        count_line(jobs, line, len);
        line += len + (line[len] == '\n');
    }
}

/* Slurm forgets jobs that have ended, and says so. Whatever else squeue fails with says
 * nothing of the tasks: they must not be sent a second time for a controller that is
 * restarted. */
bool zg_slurm_look(zg_slurm_jobs *jobs)
{
    zg_str command;
    char *out;
    int code;
    zg_str_init(&command, 0);
    zg_str_add(&command, "LC_ALL=C squeue --noheader --array --states=all --jobs=");
    add_jobs(jobs, ',', &command);
    zg_str_add(&command, " --format='%F %T' 2>&1");
    run(&command, &out, &code);
    const bool known =
        out != NULL && (code == 0 || strstr(out, "Invalid job id specified") != NULL);
    if (known)
        count_lines(jobs, code == 0 ? out : "");
    else if (out != NULL)
        zagg_log_write(jobs->opts->log, ZAGG_LOG_WARN,
                       "squeue failed (exit %d), and is tried again: %.200s", code, out);
    zg_free(out);
    return known;
}

static bool set_width(const zg_slurm_jobs *jobs, zg_slurm_array *a, size_t width)
{
    zg_str command;
    char *out;
    int code;
    zg_str_init(&command, 0);
    zg_str_addf(&command, "scontrol update JobId=%s ArrayTaskThrottle=%zu 2>&1", a->job,
                width);
    run(&command, &out, &code);
    const bool done = out != NULL && code == 0;
    if (done)
        a->width = width;
    else
        zagg_log_write(jobs->opts->log, ZAGG_LOG_DEBUG,
                       "job %s keeps its %zu places, scontrol failed (exit %d): %.200s",
                       a->job, a->width, code, out != NULL ? out : "");
    zg_free(out);
    return done;
}

void zg_slurm_widen(zg_slurm_jobs *jobs)
{
    size_t left = jobs->opts->max_workers;
    if (left == 0 || zg_clock_mono_s() < jobs->widen_at_s)
        return;
    jobs->widen_at_s = zg_clock_mono_s() + WIDEN_EVERY_S;
    for (size_t i = 0; i < jobs->arrays.len; i++) {
        const size_t n = running(array_at(jobs, i));
        left -= n < left ? n : left;
    }
    for (size_t i = 0; left > 0 && i < jobs->arrays.len; i++) {
        zg_slurm_array *a = array_at(jobs, i);
        const size_t wanted = alive(a) - running(a);
        const size_t more = wanted < left ? wanted : left;
        if (more > 0 && set_width(jobs, a, a->width + more))
            left -= more;
    }
}

void zg_slurm_cancel(zg_slurm_jobs *jobs, bool pending_only)
{
    zg_str command, names;
    char *out;
    int code;
    zg_str_init(&names, 0);
    add_jobs(jobs, ' ', &names);
    if (names.len > 0 && !names.failed) {
        zg_str_init(&command, 0);
        zg_str_addf(&command, "scancel %s%s 2>&1", pending_only ? "--state=PENDING " : "",
                    names.data);
        run(&command, &out, &code);
        if (out != NULL && code == 0)
            zagg_log_write(jobs->opts->log, ZAGG_LOG_WARN,
                           pending_only ? "Slurm job %s: what has not begun is cancelled"
                                        : "Slurm job %s: cancelled",
                           names.data);
        else
            zagg_log_write(
                jobs->opts->log, ZAGG_LOG_WARN,
                "Slurm job %s: not cancelled, scancel failed (exit %d): %.200s",
                names.data, code, out != NULL ? out : "");
        zg_free(out);
    }
    zg_str_free(&names);
}
