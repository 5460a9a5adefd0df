/* Work that is begun before its turn: a queue and the threads that empty it. */
#include "core/ahead.h"

#include <pthread.h>
#include <signal.h>

struct zg_ahead {
    pthread_mutex_t lock;
    pthread_cond_t given, done;
    zg_ahead_job *first, *last;
    bool stopping;
    size_t n_threads;
    pthread_t threads[];
};

static void unlink_job(zg_ahead *a, zg_ahead_job *job)
{
    if (job->prev)
        job->prev->next = job->next;
    else
        a->first = job->next;
    if (job->next)
        job->next->prev = job->prev;
    else
        a->last = job->prev;
    job->prev = job->next = NULL;
}

/* With the lock, which is given up meanwhile. */
static void do_job(zg_ahead *a, zg_ahead_job *job)
{
    zagg_err err = ZAGG_ERR_INIT;
    unlink_job(a, job);
    job->state = ZG_AHEAD_RUNNING;
    pthread_mutex_unlock(&a->lock);
    const zagg_status status = job->run(job->user, &err);
    pthread_mutex_lock(&a->lock);
    job->status = status;
    job->err = err;
    job->state = ZG_AHEAD_DONE;
    pthread_cond_broadcast(&a->done);
}

static void *work(void *user)
{
    zg_ahead *a = user;
    pthread_mutex_lock(&a->lock);
    while (!a->stopping) {
        if (a->first)
            do_job(a, a->first);
        else
            pthread_cond_wait(&a->given, &a->lock);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

/* Signals are for the threads of the program. */
static void start_threads(zg_ahead *a, size_t n)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (a->n_threads < n &&
           pthread_create(&a->threads[a->n_threads], NULL, work, a) == 0)
        a->n_threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

zagg_status zg_ahead_new(size_t n_threads, zg_ahead **out, zagg_err *err)
{
    size_t bytes;
    if (!zg_mul_size(n_threads, sizeof(pthread_t), &bytes) ||
        !zg_add_size(bytes, sizeof(zg_ahead), &bytes))
        bytes = SIZE_MAX;
    zg_ahead *a = zg_alloc(1, bytes);
    if (!a)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to read ahead");
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->given, NULL);
    pthread_cond_init(&a->done, NULL);
    start_threads(a, n_threads);
    *out = a;
    return ZAGG_OK;
}

void zg_ahead_free(zg_ahead *a)
{
    if (!a)
        return;
    pthread_mutex_lock(&a->lock);
    a->stopping = true;
    pthread_cond_broadcast(&a->given);
    pthread_mutex_unlock(&a->lock);
    for (size_t i = 0; i < a->n_threads; i++)
        pthread_join(a->threads[i], NULL);
    pthread_cond_destroy(&a->done);
    pthread_cond_destroy(&a->given);
    pthread_mutex_destroy(&a->lock);
    zg_free(a);
}

void zg_ahead_begin(zg_ahead *a, zg_ahead_job *job)
{
    pthread_mutex_lock(&a->lock);
    job->state = ZG_AHEAD_WAITING;
    job->prev = a->last;
    job->next = NULL;
    if (a->last)
        a->last->next = job;
    else
        a->first = job;
    a->last = job;
    pthread_cond_signal(&a->given);
    pthread_mutex_unlock(&a->lock);
}

zagg_status zg_ahead_end(zg_ahead *a, zg_ahead_job *job, zagg_err *err)
{
    pthread_mutex_lock(&a->lock);
    if (job->state == ZG_AHEAD_WAITING)
        do_job(a, job);
    while (job->state == ZG_AHEAD_RUNNING)
        pthread_cond_wait(&a->done, &a->lock);
    const zagg_status status = job->status;
    if (status != ZAGG_OK && err)
        *err = job->err;
    pthread_mutex_unlock(&a->lock);
    return status;
}

bool zg_ahead_drop(zg_ahead *a, zg_ahead_job *job)
{
    pthread_mutex_lock(&a->lock);
    const bool unbegun = job->state == ZG_AHEAD_WAITING || job->state == ZG_AHEAD_IDLE;
    if (job->state == ZG_AHEAD_WAITING) {
        unlink_job(a, job);
        job->state = ZG_AHEAD_IDLE;
    }
    while (job->state == ZG_AHEAD_RUNNING)
        pthread_cond_wait(&a->done, &a->lock);
    pthread_mutex_unlock(&a->lock);
    return unbegun;
}
