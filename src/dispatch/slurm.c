/* Job arrays of Slurm. Events lie as files in a folder that nodes share with this
 * machine, readable by their owner alone; each task does one and puts the response beside
 * it. Slurm starts a task again whose node failed; a task that is gone from the queue
 * without a response is sent once more in another array. Slurm's manual: sbatch(1),
 * squeue(1), scancel(1). */
#include "dispatch/backend.h"
#include "dispatch/files.h"
#include "dispatch/message.h"
#include "dispatch/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Slurm's own bound of an array is 1001 unless its administrator set another. */
enum { MOST_TASKS = 1000, RESPONSE_BYTES = 8 << 20 };
#define FIRST_LOOK_S 0.5
#define LONGEST_LOOK_S 10.0
/* A task that has left the queue has ended; its files may take so long to be seen. */
#define LAG_S 5.0

typedef enum task_state { WAITING = 0, QUEUED, OVER } task_state;

/* An event that was written. Its number is its place in the list. */
typedef struct task {
    size_t ticket;
    task_state state;
    double gone_s; /* since when it is not in the queue; 0: it is, or nobody looked */
} task;

typedef struct slurm {
    const zagg_dispatch_opts *opts;
    char *folder, *command;
    zg_backend here; /* setup and finalize */
    zg_vec tasks;    /* task */
    size_t n_waiting, n_queued, width;
    zg_str jobs; /* ids, "12,13" */
    double look_at_s, look_every_s;
    bool stopped; /* what had not begun was taken back */
} slurm;

/* ---- files ---- */

static zagg_status path_of(const slurm *s, const char *name, zg_str *out, zagg_err *err)
{
    zg_str_init(out, 0);
    zg_str_addf(out, "%s/%s", s->folder, name);
    return out->failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path") : ZAGG_OK;
}

/* $1: number of the first event of this array. A response is there as a whole or not. */
static zagg_status write_script(const slurm *s, zagg_err *err)
{
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_add(&text, "#!/bin/sh\nd=");
    zg_shell_quote(&text, s->folder);
    zg_str_addf(&text,
                "\ni=$(($1 + SLURM_ARRAY_TASK_ID))\n"
                "%s \"$d/$i.json\" -o \"$d/$i.part\"\nrc=$?\n"
                "[ -s \"$d/$i.part\" ] && mv -f \"$d/$i.part\" \"$d/$i.out\"\n"
                "exit $rc\n",
                s->command);
    const zagg_status status =
        text.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a script")
                    : zg_private_file(s->folder, "job.sh", text.data, text.len, err);
    zg_str_free(&text);
    return status;
}

/* ---- sending ---- */

static zagg_status send_slurm(void *self, size_t ticket, zg_str *event, zagg_err *err)
{
    slurm *s = self;
    char name[32];
    task *t = zg_vec_push(&s->tasks);
    zagg_status status = ZAGG_OK;
    if (t == NULL) {
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a task");
    } else {
        *t = (task){.ticket = ticket};
        s->n_waiting++;
        (void)snprintf(name, sizeof name, "%zu.json", s->tasks.len - 1);
        status = zg_private_file(s->folder, name, event->data, event->len, err);
    }
    zg_message_free(event);
    return status;
}

static void submit_text(const slurm *s, size_t first, size_t n, zg_str *out)
{
    const zagg_dispatch_opts *o = s->opts;
    zg_str_addf(out, "sbatch --parsable --requeue --job-name=zagg --array=0-%zu", n - 1);
    if (s->width > 0)
        zg_str_addf(out, "%%%zu", s->width);
    if (o->partition != NULL) {
        zg_str_add(out, " --partition=");
        zg_shell_quote(out, o->partition);
    }
    zg_str_add(out, " --open-mode=append --output=");
    zg_str logs;
    zg_str_init(&logs, 0);
    zg_str_addf(&logs, "%s/slurm-%%A_%%a.log", s->folder);
    zg_shell_quote(out, logs.data);
    zg_str_free(&logs);
    if (o->sbatch_options != NULL)
        zg_str_addf(out, " %s", o->sbatch_options);
    zg_str_addc(out, ' ');
    zg_str_init(&logs, 0);
    zg_str_addf(&logs, "%s/job.sh", s->folder);
    zg_shell_quote(out, logs.data);
    zg_str_free(&logs);
    zg_str_addf(out, " %zu 2>&1", first);
}

static zagg_status submit(slurm *s, size_t first, size_t n, zagg_err *err)
{
    zg_str command;
    char *out = NULL;
    int code = 0;
    zg_str_init(&command, 0);
    submit_text(s, first, n, &command);
    zagg_status status = command.failed
                             ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a command")
                             : zg_command(command.data, &out, &code, err);
    zg_str_free(&command);
    if (status == ZAGG_OK && code != 0)
        status =
            zagg_err_set(err, ZAGG_EIO, "sbatch failed (exit %d): %.400s", code, out);
    if (status == ZAGG_OK) {
        out[strcspn(out, ";\n")] = '\0'; /* "JOB;CLUSTER" */
        zg_str_addf(&s->jobs, "%s%s", s->jobs.len ? "," : "", out);
        zagg_log_write(s->opts->log, ZAGG_LOG_INFO, "Slurm job %s: %zu tasks", out, n);
    }
    zg_free(out);
    return status;
}

/* All that was written since the last array; they have consecutive numbers. */
static zagg_status submit_waiting(slurm *s, zagg_err *err)
{
    while (s->n_waiting > 0) {
        const size_t first = s->tasks.len - s->n_waiting;
        const size_t n = s->n_waiting < MOST_TASKS ? s->n_waiting : MOST_TASKS;
        ZAGG_TRY(submit(s, first, n, err));
        for (size_t i = first; i < first + n; i++)
            ZG_VEC_AT(&s->tasks, task, i)->state = QUEUED;
        s->n_waiting -= n;
        s->n_queued += n;
        s->look_every_s = FIRST_LOOK_S;
        s->look_at_s = zg_clock_mono_s() + FIRST_LOOK_S;
    }
    return ZAGG_OK;
}

/* ---- what came back ---- */

static bool take_response(const slurm *s, size_t number, zg_reply *out)
{
    char name[32];
    char *text = NULL;
    size_t len = 0;
    zg_str path;
    (void)snprintf(name, sizeof name, "%zu.out", number);
    if (path_of(s, name, &path, NULL) == ZAGG_OK &&
        zagg_file_read(path.data, RESPONSE_BYTES, &text, &len, NULL) == ZAGG_OK) {
        out->kind = ZG_REPLY_RESPONSE;
        out->payload = zg_strndup(text, len);
        out->len = len;
    }
    zagg_bytes_free(text);
    zg_str_free(&path);
    return out->payload != NULL;
}

static bool end_task(slurm *s, task *t, size_t *ticket)
{
    t->state = OVER;
    s->n_queued--;
    *ticket = t->ticket;
    return true;
}

static bool find_response(slurm *s, size_t *ticket, zg_reply *out)
{
    for (size_t i = 0; i < s->tasks.len; i++) {
        task *t = ZG_VEC_AT(&s->tasks, task, i);
        if (t->state == QUEUED && take_response(s, i, out))
            return end_task(s, t, ticket);
    }
    return false;
}

/* Are there any tasks of ours left in the queue? Slurm forgets jobs that have ended, and
 * says so by failing: that is no. */
static bool queue_is_empty(const slurm *s)
{
    zg_str command;
    char *out = NULL;
    int code = 0;
    zg_str_init(&command, 0);
    zg_str_addf(&command,
                "squeue --noheader --states=all --jobs=%s --format=%%T 2>/dev/null "
                "| grep -Eqv "
                "'BOOT_FAIL|CANCELLED|COMPLETED|DEADLINE|FAILED|NODE_FAIL|OUT_OF_"
                "MEMORY|PREEMPTED|TIMEOUT'",
                s->jobs.data);
    const bool known =
        !command.failed && zg_command(command.data, &out, &code, NULL) == ZAGG_OK;
    zg_str_free(&command);
    zg_free(out);
    return known && code != 0;
}

/* With an empty queue, whatever has no response will not have one. */
static void note_gone(slurm *s)
{
    const double now = zg_clock_mono_s();
    const bool empty = queue_is_empty(s);
    for (size_t i = 0; i < s->tasks.len; i++) {
        task *t = ZG_VEC_AT(&s->tasks, task, i);
        if (t->state != QUEUED)
            continue;
        if (!empty)
            t->gone_s = 0;
        else if (t->gone_s == 0)
            t->gone_s = now;
    }
}

static bool take_gone(slurm *s, size_t *ticket, zg_reply *out)
{
    static const char TEXT[] = "the task ended without a response; its log is in the "
                               "run's folder";
    const double now = zg_clock_mono_s();
    for (size_t i = 0; i < s->tasks.len; i++) {
        task *t = ZG_VEC_AT(&s->tasks, task, i);
        if (t->state != QUEUED || t->gone_s == 0 || now - t->gone_s < LAG_S)
            continue;
        *out = (zg_reply){.kind = s->stopped ? ZG_REPLY_THROTTLED : ZG_REPLY_BROKEN,
                          .type = "slurm",
                          .payload = zg_strdup(TEXT),
                          .len = sizeof TEXT - 1};
        return end_task(s, t, ticket);
    }
    return false;
}

/* After a stop, tasks that have not begun are taken out of the queue. */
static void take_back(slurm *s)
{
    zg_str command;
    char *out = NULL;
    int code = 0;
    zg_str_init(&command, 0);
    zg_str_addf(&command, "scancel --state=PENDING %s 2>/dev/null", s->jobs.data);
    for (char *c = command.data; *c != '\0'; c++)
        if (*c == ',')
            *c = ' ';
    if (!command.failed && s->jobs.len > 0)
        (void)zg_command(command.data, &out, &code, NULL);
    zg_str_free(&command);
    zg_free(out);
    s->stopped = true;
}

static bool fail_all(zg_reply *out, const zagg_err *err)
{
    *out = (zg_reply){.kind = ZG_REPLY_FATAL, .err = *err};
    return true;
}

static bool next_slurm(void *self, double until_s, size_t *ticket, zg_reply *out)
{
    slurm *s = self;
    zagg_err err = ZAGG_ERR_INIT;
    if (!s->stopped && zg_is_stopped(s->opts->stop))
        take_back(s);
    *ticket = s->tasks.len > 0 ? ZG_VEC_AT(&s->tasks, task, 0)->ticket : 0;
    if (submit_waiting(s, &err) != ZAGG_OK)
        return fail_all(out, &err);
    if (find_response(s, ticket, out) || take_gone(s, ticket, out)) {
        s->look_every_s = FIRST_LOOK_S;
        return true;
    }
    if (zg_clock_mono_s() >= s->look_at_s) {
        note_gone(s);
        s->look_every_s =
            s->look_every_s * 2 < LONGEST_LOOK_S ? s->look_every_s * 2 : LONGEST_LOOK_S;
        s->look_at_s = zg_clock_mono_s() + s->look_every_s;
    }
    zg_wait_until(until_s);
    return false;
}

/* ---- life ---- */

static zagg_status once(void *self, zg_str *event, zg_reply *out, zagg_err *err)
{
    slurm *s = self;
    return s->here.once(s->here.self, event, out, err);
}

/* The folder stays: logs, and what was not done. Events that were are removed, as they
 * may hold keys. */
static void close_slurm(void *self)
{
    slurm *s = self;
    for (size_t i = 0; i < s->tasks.len; i++) {
        char name[32];
        zg_str path;
        (void)snprintf(name, sizeof name, "%zu.json", i);
        if (path_of(s, name, &path, NULL) == ZAGG_OK)
            (void)unlink(path.data);
        zg_str_free(&path);
    }
    if (s->here.close != NULL)
        s->here.close(s->here.self);
    zg_vec_free(&s->tasks);
    zg_str_free(&s->jobs);
    zg_free(s->folder);
    zg_free(s->command);
    zg_free(s);
}

/* zagg-run-<id> in the folder where the run was started, or the one asked for. */
static zagg_status make_folder(slurm *s, const char *run_id, zagg_err *err)
{
    const zagg_dispatch_opts *o = s->opts;
    zg_str path;
    char *here = o->job_dir == NULL || o->job_dir[0] != '/' ? getcwd(NULL, 0) : NULL;
    zg_str_init(&path, 0);
    if (here != NULL)
        zg_str_addf(&path, "%s/", here);
    if (o->job_dir != NULL)
        zg_str_addf(&path, "%s/", o->job_dir);
    zg_str_addf(&path, "zagg-run-%s", run_id);
    free(here);
    s->folder = zg_str_take(&path);
    if (s->folder == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path");
    return zg_private_folder(s->folder, err);
}

zagg_status zg_slurm_open(const zagg_dispatch_opts *opts, const char *run_id,
                          size_t units, zg_backend *out, zagg_err *err)
{
    slurm *s = zg_alloc(1, sizeof *s);
    if (s == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for tasks");
    s->opts = opts;
    s->width = opts->max_workers;
    zg_vec_init(&s->tasks, sizeof(task), 0);
    zg_str_init(&s->jobs, 0);
    zagg_status status = make_folder(s, run_id, err);
    const zagg_dispatch_opts local = {.command = opts->command};
    if (status == ZAGG_OK && opts->command == NULL)
        status = zg_worker_command(&s->command, err);
    else if (status == ZAGG_OK && (s->command = zg_strdup(opts->command)) == NULL)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a command");
    if (status == ZAGG_OK)
        status = write_script(s, err);
    if (status == ZAGG_OK)
        status = zg_exec_open(&local, 1, &s->here, err);
    if (status != ZAGG_OK) {
        close_slurm(s);
        return status;
    }
    zagg_log_write(opts->log, ZAGG_LOG_INFO, "Events and logs of tasks: %s", s->folder);
    *out = (zg_backend){.executor = {send_slurm, next_slurm, s},
                        .once = once,
                        .close = close_slurm,
                        .self = s,
                        .workers = units ? units : 1,
                        .reports = true};
    return ZAGG_OK;
}
