/* Task pool. A batch lives on the stack of the thread that called zagg_pool_map and is
 * linked into its pool's list while it runs. Workers take tasks from the newest batch
 * that has one to give (inner batches first, which frees their callers soonest). The
 * caller works on its own batch and, while others run the last tasks of it, on batches
 * that these have begun: on nothing else, so that nested batches always come to an end,
 * stacks are no deeper than batches are nested, and no thread is ever in two tasks of one
 * batch. Outcomes wait in a ring of `window` entries until the caller folds them in
 * order. One mutex guards it all: tasks are large (a chunk, a granule, a shard). */
#include "zagg/pool.h"

#include "base/base.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

typedef struct pool_outcome {
    bool done;
    zagg_status status;
    void *result;
    zagg_err *err; /* of a failed task; NULL when memory for it was lacking */
} pool_outcome;

typedef struct pool_batch {
    struct pool_batch *prev, *next;
    struct pool_batch *parent; /* the caller is in a task of it; NULL: in none */
    size_t caller_slot;        /* what the caller has in batches of others; 0: none */
    zagg_pool_task_fn task;
    void *user;
    size_t n, window;
    size_t next_start, next_fold, running;
    bool closed;    /* no further task is started */
    bool fail_fast; /* a failed task closes the batch */
    pool_outcome *ring;
    pthread_cond_t progress; /* the caller waits here */
} pool_batch;

/* A task that a thread is in; on its stack. */
typedef struct pool_frame {
    struct pool_frame *next;
    pthread_t thread;
    pool_batch *batch;
} pool_frame;

typedef struct pool_worker {
    zagg_pool *pool;
    size_t slot;
    pthread_t thread;
} pool_worker;

struct zagg_pool {
    pthread_mutex_t lock;
    pthread_cond_t work; /* workers wait here */
    pool_batch *batches;
    pool_frame *frames; /* of all threads, a thread's innermost first */
    bool stopping;
    atomic_bool cancelled; /* lock-free, hence fine in a signal handler */
    size_t n_workers;
    pool_worker workers[];
};

_Static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "zagg_pool_cancel must be async-signal-safe");

/* ---- one task ---- */

static bool batch_can_start(const zagg_pool *pool, const pool_batch *batch)
{
    return !batch->closed && batch->next_start < batch->n &&
           batch->next_start - batch->next_fold < batch->window &&
           !atomic_load_explicit(&pool->cancelled, memory_order_relaxed);
}

static zagg_err *err_copy(const zagg_err *err)
{
    zagg_err *copy = zg_alloc(1, sizeof *copy);
    if (copy != NULL)
        *copy = *err;
    return copy;
}

static void frame_unlink(zagg_pool *pool, pool_frame *frame)
{
    pool_frame **link = &pool->frames;
    while (*link != frame)
        link = &(*link)->next;
    *link = frame->next;
}

/* Called with the lock held, which is given up while the task runs. */
static void batch_run_one(zagg_pool *pool, pool_batch *batch, size_t slot)
{
    size_t index = batch->next_start++;
    pool_frame frame = {pool->frames, pthread_self(), batch};
    batch->running++;
    pool->frames = &frame;
    pthread_mutex_unlock(&pool->lock);

    zagg_err err = ZAGG_ERR_INIT;
    pool_outcome outcome = {true, ZAGG_OK, NULL, NULL};
    outcome.status = batch->task(batch->user, index, slot, &outcome.result, &err);
    if (outcome.status != ZAGG_OK)
        outcome.err = err_copy(&err);

    pthread_mutex_lock(&pool->lock);
    frame_unlink(pool, &frame);
    batch->ring[index % batch->window] = outcome;
    batch->running--;
    if (outcome.status != ZAGG_OK && batch->fail_fast)
        batch->closed = true;
    /* Signalled with the lock held: once it is free the batch may be gone from its stack.
     */
    if (index == batch->next_fold || batch->running == 0)
        pthread_cond_signal(&batch->progress);
}

/* ---- workers ---- */

static pool_batch *pool_find_work(const zagg_pool *pool)
{
    pool_batch *batch = pool->batches;
    while (batch != NULL && !batch_can_start(pool, batch))
        batch = batch->next;
    return batch;
}

static void *pool_worker_main(void *arg)
{
    pool_worker *worker = arg;
    zagg_pool *pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        pool_batch *batch = pool_find_work(pool);
        if (batch != NULL)
            batch_run_one(pool, batch, worker->slot);
        else
            pthread_cond_wait(&pool->work, &pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void pool_join(zagg_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < pool->n_workers; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
}

/* Signals are left to the program's own threads; faults stay with the thread at fault. */
static void block_signals(sigset_t *before)
{
    sigset_t blocked;
    sigfillset(&blocked);
    sigdelset(&blocked, SIGSEGV);
    sigdelset(&blocked, SIGBUS);
    sigdelset(&blocked, SIGFPE);
    sigdelset(&blocked, SIGILL);
    sigdelset(&blocked, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &blocked, before);
}

static int pool_start_workers(zagg_pool *pool, size_t n_workers)
{
    sigset_t before;
    int rc = 0;
    block_signals(&before);
    for (size_t i = 0; i < n_workers && rc == 0; i++) {
        pool_worker *worker = &pool->workers[i];
        worker->pool = pool;
        worker->slot = i + 1; /* slot 0 is the caller's, whoever that is */
        rc = pthread_create(&worker->thread, NULL, pool_worker_main, worker);
        if (rc == 0)
            pool->n_workers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

zagg_status zagg_pool_new(size_t n_threads, zagg_pool **out, zagg_err *err)
{
    if (n_threads == 0)
        return zagg_err_set(err, ZAGG_EARG, "a pool needs at least one thread");
    size_t bytes;
    zagg_pool *pool = NULL;
    if (zg_mul_size(n_threads - 1, sizeof pool->workers[0], &bytes) &&
        zg_add_size(bytes, sizeof *pool, &bytes))
        pool = zg_alloc(1, bytes);
    if (pool == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu threads", n_threads);
    atomic_init(&pool->cancelled, false);
    int rc = pthread_mutex_init(&pool->lock, NULL);
    if (rc != 0)
        goto failed;
    rc = pthread_cond_init(&pool->work, NULL);
    if (rc != 0) {
        pthread_mutex_destroy(&pool->lock);
        goto failed;
    }
    /* Workers read n_workers of the pool only through zagg_pool_width within tasks, which
     * cannot begin before this function has returned. */
    rc = pool_start_workers(pool, n_threads - 1);
    if (rc != 0) {
        pool_join(pool);
        goto failed;
    }
    *out = pool;
    return ZAGG_OK;
failed:
    zg_free(pool);
    if (rc == ENOMEM || rc == EAGAIN)
        return zagg_err_set_errno(err, ZAGG_ENOMEM, rc,
                                  "cannot start %zu threads for lack of memory, or of "
                                  "processes (ulimit -u); use fewer",
                                  n_threads);
    return zagg_err_set_errno(err, ZAGG_EIO, rc, "cannot start %zu threads", n_threads);
}

void zagg_pool_free(zagg_pool *pool)
{
    if (pool == NULL)
        return;
    pool_join(pool);
    zg_free(pool);
}

size_t zagg_pool_width(const zagg_pool *pool)
{
    return pool == NULL ? 1 : pool->n_workers + 1;
}

/* ---- batches ---- */

/* How the caller of a batch takes outcomes. */
typedef struct pool_taker {
    zagg_pool_fold_fn fold;
    void (*discard)(void *user, void *result);
    void *user;
    zagg_err *err;
} pool_taker;

static void taker_discard(const pool_taker *taker, pool_outcome *outcome)
{
    if (outcome->result != NULL && taker->discard != NULL)
        taker->discard(taker->user, outcome->result);
    zg_free(outcome->err);
}

static zagg_status taker_fold(const pool_taker *taker, size_t index,
                              pool_outcome *outcome)
{
    zagg_err task_err = ZAGG_ERR_INIT;
    if (outcome->err != NULL)
        task_err = *outcome->err;
    else if (outcome->status != ZAGG_OK)
        zagg_err_set(&task_err, outcome->status,
                     "no memory to keep the message of an error");
    if (taker->fold != NULL) {
        zg_free(outcome->err);
        return taker->fold(taker->user, index, outcome->status, outcome->result,
                           &task_err, taker->err);
    }
    zagg_status status = outcome->status;
    if (status != ZAGG_OK && taker->err != NULL)
        *taker->err = task_err;
    taker_discard(taker, outcome);
    return status;
}

static zagg_status report_cancelled(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ECANCELLED, "cancelled");
}

/* The caller alone: each task is folded before the next one starts. */
static zagg_status map_alone(const zagg_pool *pool, size_t n, zagg_pool_task_fn task,
                             const pool_taker *taker)
{
    for (size_t i = 0; i < n; i++) {
        if (zagg_pool_cancelled(pool))
            return report_cancelled(taker->err);
        zagg_err err = ZAGG_ERR_INIT;
        pool_outcome outcome = {true, ZAGG_OK, NULL, NULL};
        outcome.status = task(taker->user, i, 0, &outcome.result, &err);
        if (outcome.status != ZAGG_OK)
            outcome.err = err_copy(&err);
        ZAGG_TRY(taker_fold(taker, i, &outcome));
    }
    return ZAGG_OK;
}

/* Callers that wait may work on a batch below theirs. */
static void wake_callers_above(const pool_batch *batch)
{
    for (pool_batch *above = batch->parent; above != NULL; above = above->parent)
        pthread_cond_signal(&above->progress);
}

/* Where the calling thread is: the task it is in, and its slot. */
static void batch_place(const zagg_pool *pool, pool_batch *batch)
{
    const pthread_t self = pthread_self();
    const pool_frame *frame = pool->frames;
    while (frame != NULL && !pthread_equal(frame->thread, self))
        frame = frame->next;
    batch->parent = frame != NULL ? frame->batch : NULL;
    for (size_t i = 0; i < pool->n_workers; i++)
        if (pthread_equal(pool->workers[i].thread, self))
            batch->caller_slot = pool->workers[i].slot;
}

static void batch_link(zagg_pool *pool, pool_batch *batch)
{
    batch_place(pool, batch);
    batch->next = pool->batches;
    if (batch->next != NULL)
        batch->next->prev = batch;
    pool->batches = batch;
    pthread_cond_broadcast(&pool->work);
    wake_callers_above(batch);
}

static void batch_unlink(zagg_pool *pool, pool_batch *batch)
{
    if (batch->prev != NULL)
        batch->prev->next = batch->next;
    else
        pool->batches = batch->next;
    if (batch->next != NULL)
        batch->next->prev = batch->prev;
}

/* Fold the outcome that is next in order. The lock is given up meanwhile. */
static zagg_status batch_fold_next(zagg_pool *pool, pool_batch *batch,
                                   const pool_taker *taker)
{
    size_t index = batch->next_fold;
    pool_outcome outcome = batch->ring[index % batch->window];
    batch->ring[index % batch->window].done = false;
    pthread_mutex_unlock(&pool->lock);
    zagg_status status = taker_fold(taker, index, &outcome);
    pthread_mutex_lock(&pool->lock);
    batch->next_fold++;
    if (status != ZAGG_OK)
        batch->closed = true;
    else if (batch_can_start(pool, batch)) {
        pthread_cond_signal(&pool->work);
        wake_callers_above(batch);
    }
    return status;
}

/* The newest batch with a task to give that a task of `batch` has begun, at any depth. */
static pool_batch *find_below(const zagg_pool *pool, const pool_batch *batch)
{
    for (pool_batch *b = pool->batches; b != NULL && b != batch; b = b->next) {
        const pool_batch *above = b->parent;
        while (above != NULL && above != batch)
            above = above->parent;
        if (above == batch && batch_can_start(pool, b))
            return b;
    }
    return NULL;
}

/* Help those who run the tasks that `batch` waits for. A worker has its slot there. A
 * thread from outside takes the one of the batch's caller, which is a worker (that thread
 * waits above) and uses slot 0 itself. */
static bool help_below(zagg_pool *pool, const pool_batch *batch)
{
    pool_batch *below = find_below(pool, batch);
    if (below == NULL)
        return false;
    batch_run_one(pool, below,
                  batch->caller_slot ? batch->caller_slot : below->caller_slot);
    return true;
}

/* Work, fold and wait until nothing of the batch is left; the lock is held on entry and
 * exit. Once `status` is an error the batch is closed, and what was started is let run
 * out. */
static zagg_status batch_drive(zagg_pool *pool, pool_batch *batch,
                               const pool_taker *taker)
{
    zagg_status status = ZAGG_OK;
    for (;;) {
        bool fold_ready = status == ZAGG_OK && batch->next_fold < batch->next_start &&
                          batch->ring[batch->next_fold % batch->window].done;
        if (fold_ready)
            status = batch_fold_next(pool, batch, taker);
        else if (batch_can_start(pool, batch))
            batch_run_one(pool, batch, 0);
        else if (batch->running == 0)
            break;
        else if (status != ZAGG_OK || !help_below(pool, batch))
            pthread_cond_wait(&batch->progress, &pool->lock);
    }
    return status;
}

zagg_status zagg_pool_map(zagg_pool *pool, size_t n, size_t window,
                          zagg_pool_task_fn task, zagg_pool_fold_fn fold,
                          void (*discard)(void *user, void *result), void *user,
                          zagg_err *err)
{
    pool_taker taker = {fold, discard, user, err};
    if (zagg_pool_width(pool) == 1 || n <= 1)
        return map_alone(pool, n, task, &taker);
    pool_batch batch = {.task = task, .user = user, .n = n, .fail_fast = fold == NULL};
    batch.window = window == 0 ? 2 * zagg_pool_width(pool) : window;
    if (batch.window > n)
        batch.window = n;
    batch.ring = zg_alloc(batch.window, sizeof *batch.ring);
    if (batch.ring == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu tasks", batch.window);
    if (pthread_cond_init(&batch.progress, NULL) != 0) {
        zg_free(batch.ring);
        return zagg_err_set(err, ZAGG_ENOMEM, "cannot make a condition variable");
    }

    pthread_mutex_lock(&pool->lock);
    batch_link(pool, &batch);
    zagg_status status = batch_drive(pool, &batch, &taker);
    batch_unlink(pool, &batch);
    pthread_mutex_unlock(&pool->lock);

    bool complete = batch.next_fold == n;
    for (size_t i = batch.next_fold; i < batch.next_start; i++)
        taker_discard(&taker, &batch.ring[i % batch.window]);
    pthread_cond_destroy(&batch.progress);
    zg_free(batch.ring);
    if (status == ZAGG_OK && !complete)
        return report_cancelled(err);
    return status;
}

void zagg_pool_cancel(zagg_pool *pool)
{
    if (pool != NULL)
        atomic_store_explicit(&pool->cancelled, true, memory_order_relaxed);
}

bool zagg_pool_cancelled(const zagg_pool *pool)
{
    return pool != NULL && atomic_load_explicit(&pool->cancelled, memory_order_relaxed);
}
