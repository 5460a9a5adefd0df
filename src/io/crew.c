/* The crew: one queue, threads that come with the work and stay until the end. */
#include "io/crew.h"

#include <pthread.h>

/* They wait in calls and hash what they send. */
enum { STACK_BYTES = 512 << 10 };

struct zg_crew {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    size_t most, n, idle;
    pthread_t *threads;
    zg_crew_job *first, *last;
    bool ending;
};

static zg_crew_job *take(zg_crew *c)
{
    zg_crew_job *job = c->first;
    if (job != NULL)
        c->first = job->next;
    return job;
}

static void *work(void *user)
{
    zg_crew *c = user;
    pthread_mutex_lock(&c->lock);
    for (;;) {
        zg_crew_job *job = take(c);
        if (job != NULL) {
            pthread_mutex_unlock(&c->lock);
            job->run(job);
            pthread_mutex_lock(&c->lock);
        } else if (c->ending) {
            break;
        } else {
            c->idle++;
            pthread_cond_wait(&c->wake, &c->lock);
            c->idle--;
        }
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

zagg_status zg_crew_new(size_t most, zg_crew **out, zagg_err *err)
{
    zg_crew *c = zg_alloc(1, sizeof *c);
    pthread_t *threads = zg_alloc(most, sizeof *threads);
    if (c == NULL || threads == NULL) {
        zg_free(c);
        zg_free(threads);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for transfers");
    }
    c->most = most;
    c->threads = threads;
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        zg_free(threads);
        zg_free(c);
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    }
    if (pthread_cond_init(&c->wake, NULL) != 0) {
        pthread_mutex_destroy(&c->lock);
        zg_free(threads);
        zg_free(c);
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    }
    *out = c;
    return ZAGG_OK;
}

/* One thread more; the lock is held. */
static void start_thread(zg_crew *c)
{
    pthread_attr_t small;
    if (c->n == c->most || pthread_attr_init(&small) != 0)
        return;
    (void)pthread_attr_setstacksize(&small, STACK_BYTES);
    if (pthread_create(&c->threads[c->n], &small, work, c) == 0)
        c->n++;
    pthread_attr_destroy(&small);
}

void zg_crew_add(zg_crew *crew, zg_crew_job *job)
{
    size_t queued = 1;
    pthread_mutex_lock(&crew->lock);
    for (const zg_crew_job *j = crew->first; j != NULL && queued <= crew->idle;
         j = j->next)
        queued++;
    if (queued > crew->idle)
        start_thread(crew);
    const bool alone = crew->n == 0;
    if (!alone) {
        job->next = NULL;
        if (crew->first == NULL)
            crew->first = job;
        else
            crew->last->next = job;
        crew->last = job;
        pthread_cond_signal(&crew->wake);
    }
    pthread_mutex_unlock(&crew->lock);
    if (alone)
        job->run(job);
}

void zg_crew_free(zg_crew *crew)
{
    if (crew == NULL)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->ending = true;
    pthread_cond_broadcast(&crew->wake);
    pthread_mutex_unlock(&crew->lock);
    for (size_t i = 0; i < crew->n; i++)
        pthread_join(crew->threads[i], NULL);
    pthread_cond_destroy(&crew->wake);
    pthread_mutex_destroy(&crew->lock);
    zg_free(crew->threads);
    zg_free(crew);
}
