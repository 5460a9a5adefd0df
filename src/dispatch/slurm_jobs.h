/* The job arrays of a run: sent, asked for, widened, taken back. By the commands of
 * Slurm; its manual: sbatch(1), squeue(1), scontrol(1), scancel(1). One thread. */
#ifndef ZG_DISPATCH_SLURM_JOBS_H
#define ZG_DISPATCH_SLURM_JOBS_H

#include "base/base.h"
#include "zagg/dispatch.h"

/* Tasks first to first + n - 1 of the run. */
typedef struct zg_slurm_array {
    char *job; /* its number */
    size_t first, n;
    size_t answered; /* tasks that have left a response */
    size_t queued;   /* tasks that wait or run, as squeue said last */
    size_t width;    /* so many run at once; SIZE_MAX: there is no bound */
} zg_slurm_array;

typedef struct zg_slurm_jobs {
    const zagg_dispatch_opts *opts;
    const char *folder; /* holds job.sh; borrowed */
    zg_vec arrays;      /* zg_slurm_array */
    size_t most;        /* tasks in an array */
    double widen_at_s;
} zg_slurm_jobs;

/** Asks how many tasks an array may have. `opts->max_workers` of all tasks of all arrays
 * run at once; 0: Slurm decides. */
void zg_slurm_jobs_init(const zagg_dispatch_opts *opts, const char *folder,
                        zg_slurm_jobs *out);
void zg_slurm_jobs_free(zg_slurm_jobs *jobs);

/** How many tasks may be sent now in one array. 0: those that are there take all places.
 */
size_t zg_slurm_room(const zg_slurm_jobs *jobs);
/** Send an array of n tasks, at most zg_slurm_room. IO with what sbatch said. */
zagg_status zg_slurm_submit(zg_slurm_jobs *jobs, size_t first, size_t n, zagg_err *err);
/** A task has left its response. */
void zg_slurm_answered(zg_slurm_jobs *jobs, size_t task);
/** The array of a task; NULL: it was not sent. */
zg_slurm_array *zg_slurm_array_of(const zg_slurm_jobs *jobs, size_t task);
/** Ask what is in the queue. False: Slurm does not say, which is told in the log; nothing
 * is known then, and nothing changes. */
bool zg_slurm_look(zg_slurm_jobs *jobs);
/** Give the places of tasks that have ended to arrays that have more tasks than places.
 * Once a second at most. */
void zg_slurm_widen(zg_slurm_jobs *jobs);
/** Take tasks without a response out of the queue: those that have not begun, or all of
 * them. What was done is told in the log. */
void zg_slurm_cancel(zg_slurm_jobs *jobs, bool pending_only);

#endif
