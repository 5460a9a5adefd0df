/* Job arrays of Slurm. Events lie as files in a folder that nodes share with this
 * machine, readable by their owner alone; each task does one and puts the response into a
 * folder of its own, which holds those only that were not taken yet. Slurm starts a task
 * again whose node failed; a task that is gone from the queue without a response is sent
 * once more in another array. */
#include "dispatch/backend.h"
#include "dispatch/files.h"
#include "dispatch/message.h"
#include "dispatch/process.h"
#include "dispatch/slurm_jobs.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { RESPONSE_BYTES = 8 << 20 };
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
    zg_slurm_jobs jobs;
    zg_vec tasks; /* task; those that wait are the last */
    zg_vec found; /* size_t: tasks that have a response */
    size_t n_waiting, n_queued;
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
                "[ -s \"$d/$i.part\" ] && mv -f \"$d/$i.part\" \"$d/done/$i\"\n"
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

/* What was written since the last array, as far as there are places. */
static zagg_status submit_waiting(slurm *s, zagg_err *err)
{
    size_t n;
    while (s->n_waiting > 0 && (n = zg_slurm_room(&s->jobs)) > 0) {
        const size_t first = s->tasks.len - s->n_waiting;
        n = s->n_waiting < n ? s->n_waiting : n;
        ZAGG_TRY(zg_slurm_submit(&s->jobs, first, n, err));
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

static bool end_task(slurm *s, task *t, size_t *ticket)
{
    t->state = OVER;
    s->n_queued--;
    *ticket = t->ticket;
    return true;
}

/* A response that cannot be read yet is found again. */
static bool take_response(slurm *s, size_t number, size_t *ticket, zg_reply *out)
{
    task *t = ZG_VEC_AT(&s->tasks, task, number);
    char name[32];
    char *text = NULL;
    size_t len = 0;
    zg_str path;
    (void)snprintf(name, sizeof name, "done/%zu", number);
    if (path_of(s, name, &path, NULL) == ZAGG_OK &&
        zagg_file_read(path.data, RESPONSE_BYTES, &text, &len, NULL) == ZAGG_OK) {
        *out = (zg_reply){.kind = ZG_REPLY_RESPONSE, .who = "Worker"};
        out->payload = zg_strndup(text, len);
        out->len = len;
    }
    if (out->payload != NULL) {
        (void)unlink(path.data);
        zg_slurm_answered(&s->jobs, number);
        (void)end_task(s, t, ticket);
    }
    zagg_bytes_free(text);
    zg_str_free(&path);
    return out->payload != NULL;
}

/* Names are numbers of tasks; a task that Slurm did twice may leave a second one. */
static void note_found(slurm *s, int folder, const char *name)
{
    char *end;
    const unsigned long number = strtoul(name, &end, 10);
    if (*end != '\0' || end == name || number >= s->tasks.len)
        return;
    if (ZG_VEC_AT(&s->tasks, task, number)->state != QUEUED) {
        (void)unlinkat(folder, name, 0);
        return;
    }
    size_t *place = zg_vec_push(&s->found);
    if (place != NULL) /* else it is found again */
        *place = number;
}

/* One look at the folder tells of all that have come since the last. Opening it also
 * makes a network's file system ask its server. */
static void scan_responses(slurm *s)
{
    zg_str path;
    DIR *dir = path_of(s, "done", &path, NULL) == ZAGG_OK ? opendir(path.data) : NULL;
    zg_str_free(&path);
    if (dir == NULL)
        return;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        note_found(s, dirfd(dir), e->d_name);
    closedir(dir);
}

static bool find_response(slurm *s, size_t *ticket, zg_reply *out)
{
    if (s->found.len == 0)
        scan_responses(s);
    while (s->found.len > 0) {
        const size_t number = *ZG_VEC_AT(&s->found, size_t, s->found.len - 1);
        s->found.len--;
        if (take_response(s, number, ticket, out))
            return true;
    }
    return false;
}

/* What has no response when its array has left the queue will not have one. */
static void note_gone(slurm *s)
{
    const double now = zg_clock_mono_s();
    if (!zg_slurm_look(&s->jobs))
        return;
    for (size_t i = 0; i < s->tasks.len; i++) {
        task *t = ZG_VEC_AT(&s->tasks, task, i);
        if (t->state != QUEUED)
            continue;
        if (zg_slurm_array_of(&s->jobs, i)->queued > 0)
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
                          .who = "Worker",
                          .type = "slurm",
                          .payload = zg_strdup(TEXT),
                          .len = sizeof TEXT - 1};
        return end_task(s, t, ticket);
    }
    return false;
}

/* After a stop what has not begun is not wanted any more. */
static void take_back(slurm *s)
{
    zg_slurm_cancel(&s->jobs, true);
    s->stopped = true;
}

/* Nor is what was not even sent. */
static bool give_back(slurm *s, size_t *ticket, zg_reply *out)
{
    task *t = ZG_VEC_AT(&s->tasks, task, s->tasks.len - s->n_waiting);
    *out = (zg_reply){.kind = ZG_REPLY_THROTTLED, .who = "Worker", .type = "slurm"};
    t->state = OVER;
    s->n_waiting--;
    *ticket = t->ticket;
    return true;
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
    if (s->stopped && s->n_waiting > 0)
        return give_back(s, ticket, out);
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
    if (!s->stopped)
        zg_slurm_widen(&s->jobs);
    zg_wait_until(until_s);
    return false;
}

/* ---- life ---- */

static zagg_status once(void *self, zg_str *event, zg_reply *out, zagg_err *err)
{
    slurm *s = self;
    return s->here.once(s->here.self, event, out, err);
}

/* Events are removed, as they may hold keys. */
static void remove_files(const slurm *s)
{
    zg_str path;
    for (size_t i = 0; i < s->tasks.len; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "%zu.json", i);
        if (path_of(s, name, &path, NULL) == ZAGG_OK)
            (void)unlink(path.data);
        zg_str_free(&path);
    }
    if (path_of(s, "done", &path, NULL) == ZAGG_OK)
        (void)rmdir(path.data);
    zg_str_free(&path);
}

/* The folder stays with its logs. A run that ends before its tasks leaves none behind
 * that nobody waits for. */
static void close_slurm(void *self)
{
    slurm *s = self;
    if (s->n_queued > 0)
        zg_slurm_cancel(&s->jobs, false);
    if (s->folder != NULL)
        remove_files(s);
    if (s->here.close != NULL)
        s->here.close(s->here.self);
    zg_slurm_jobs_free(&s->jobs);
    zg_vec_free(&s->tasks);
    zg_vec_free(&s->found);
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
    ZAGG_TRY(zg_private_folder(s->folder, err));
    zagg_status status = path_of(s, "done", &path, err);
    if (status == ZAGG_OK)
        status = zg_private_folder(path.data, err);
    zg_str_free(&path);
    return status;
}

zagg_status zg_slurm_open(const zagg_dispatch_opts *opts, const char *run_id,
                          size_t units, zg_backend *out, zagg_err *err)
{
    slurm *s = zg_alloc(1, sizeof *s);
    if (s == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for tasks");
    s->opts = opts;
    zg_vec_init(&s->tasks, sizeof(task), 0);
    zg_vec_init(&s->found, sizeof(size_t), 0);
    zagg_status status = make_folder(s, run_id, err);
    const zagg_dispatch_opts local = {.command = opts->command,
                                      .timeout_s = opts->timeout_s};
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
    zg_slurm_jobs_init(opts, s->folder, &s->jobs);
    zagg_log_write(opts->log, ZAGG_LOG_INFO, "Events and logs of tasks: %s", s->folder);
    *out = (zg_backend){.executor = {send_slurm, next_slurm, s},
                        .once = once,
                        .close = close_slurm,
                        .self = s,
                        .workers = units ? units : 1,
                        .reports = true};
    return ZAGG_OK;
}
