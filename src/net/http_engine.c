/* One thread that drives all transfers through one multi handle of libcurl. Senders hand
 * it transfers and get them back; everything between is its own, so that what a transfer
 * writes to is not touched any more once its sender has it back. */
#include "net/http_impl.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <time.h>

enum { POLL_MS = 60000 }; /* libcurl shortens it to its own timers */
/* So many connections are being made at a time: a server that thousands come to at once
 * is slow to greet each of them, and what greetings need of memory is needed by each. */
enum { MOST_CONNECTING = 64 };

typedef struct transfer_list {
    zg_transfer *first, *last;
} transfer_list;

struct zg_engine {
    const zg_http_opts *opts;
    const zg_http_env *env;
    pthread_t thread;
    CURLM *multi;
    CURLSH *share;
    zg_vec idle;           /* CURL *: handles to be used again */
    transfer_list running; /* the thread's alone */
    size_t n_running;
    size_t n_connecting; /* of those, not known to have a connection yet */
    bool connected;      /* some got one since transfers were last started */

    pthread_mutex_t
        lock; /* of what follows, and of `state` and `cancelled` of transfers */
    transfer_list queue;
    zg_hosts hosts;
    size_t n_cancelled; /* transfers that run and are to end */
    bool ends;
};

static void link_last(transfer_list *list, zg_transfer *t)
{
    t->prev = list->last;
    t->next = NULL;
    if (list->last)
        list->last->next = t;
    else
        list->first = t;
    list->last = t;
}

static void unlink_from(transfer_list *list, zg_transfer *t)
{
    if (t->prev)
        t->prev->next = t->next;
    else
        list->first = t->next;
    if (t->next)
        t->next->prev = t->prev;
    else
        list->last = t->prev;
    t->prev = t->next = NULL;
}

/* ---- the thread ---- */

static CURL *take_handle(zg_engine *e)
{
    if (e->idle.len > 0) {
        CURL *easy = *ZG_VEC_AT(&e->idle, CURL *, e->idle.len - 1);
        e->idle.len--;
        return easy;
    }
    CURL *easy = zg_libcurl.easy_init();
    if (easy != NULL) /* TLS sessions, to be resumed by any connection to that host */
        (void)zg_libcurl.easy_setopt(easy, CURLOPT_SHARE, e->share);
    return easy;
}

static void give_handle(zg_engine *e, CURL *easy)
{
    if (easy == NULL)
        return;
    zg_libcurl.easy_reset(easy);
    CURL **slot = zg_vec_push(&e->idle);
    if (slot != NULL)
        *slot = easy;
    else
        zg_libcurl.easy_cleanup(easy);
}

void zg_engine_connected(zg_engine *e, zg_transfer *t)
{
    e->n_connecting -= t->connecting;
    e->connected |= t->connecting;
    t->connecting = false;
}

/* The transfer is out of libcurl's hands; back to its sender. */
static void finish(zg_engine *e, zg_transfer *t)
{
    give_handle(e, t->easy);
    t->easy = NULL;
    unlink_from(&e->running, t);
    e->n_running--;
    zg_engine_connected(e, t);
    pthread_mutex_lock(&e->lock);
    t->host->running--;
    if (t->cancelled)
        e->n_cancelled--;
    else if (!e->opts->steady)
        zg_host_answered(&e->hosts, t->host, t->answer.status, t->begun);
    zg_hosts_give(&e->hosts, t->host);
    t->state = ZG_TRANSFER_DONE;
    t->waiter->done++;
    pthread_cond_signal(&t->waiter->news);
    pthread_mutex_unlock(&e->lock);
}

static void end_running(zg_engine *e, zg_transfer *t, CURLcode result)
{
    t->result = result;
    zg_transfer_collect(t, e->env);
    (void)zg_libcurl.multi_remove_handle(e->multi, t->easy);
    finish(e, t);
}

/* The first that waits and whose host takes one more. It is running from here on. */
static zg_transfer *next_waiting(zg_engine *e)
{
    if (e->n_running >= e->opts->max_connections || e->n_connecting >= MOST_CONNECTING)
        return NULL;
    pthread_mutex_lock(&e->lock);
    zg_transfer *t = e->queue.first;
    while (t && t->host->running >= t->host->window)
        t = t->next;
    if (t != NULL) {
        unlink_from(&e->queue, t);
        t->state = ZG_TRANSFER_RUNNING;
        t->begun = zg_clock_mono_s();
        t->host->running++;
    }
    pthread_mutex_unlock(&e->lock);
    return t;
}

static bool start_waiting(zg_engine *e)
{
    bool any = false;
    e->connected = false;
    for (zg_transfer *t = next_waiting(e); t; t = next_waiting(e)) {
        any = true;
        link_last(&e->running, t);
        e->n_running++;
        e->n_connecting++;
        t->engine = e;
        t->connecting = true;
        t->easy = take_handle(e);
        CURLcode code =
            t->easy ? zg_transfer_prepare(t, e->opts, e->env) : CURLE_OUT_OF_MEMORY;
        if (code == CURLE_OK &&
            zg_libcurl.multi_add_handle(e->multi, t->easy) != CURLM_OK)
            code = CURLE_OUT_OF_MEMORY;
        if (code != CURLE_OK) {
            t->result = code;
            finish(e, t);
        }
    }
    return any;
}

/* True: the thread is to end. */
static bool take_orders(zg_engine *e)
{
    pthread_mutex_lock(&e->lock);
    bool ends = e->ends && e->queue.first == NULL && e->n_running == 0;
    bool some = e->n_cancelled > 0;
    pthread_mutex_unlock(&e->lock);
    for (zg_transfer *t = some ? e->running.first : NULL, *next; t; t = next) {
        next = t->next;
        pthread_mutex_lock(&e->lock);
        bool cancelled = t->cancelled;
        pthread_mutex_unlock(&e->lock);
        if (cancelled)
            end_running(e, t, CURLE_ABORTED_BY_CALLBACK);
    }
    return ends;
}

static bool reap(zg_engine *e)
{
    bool any = false;
    int left = 0;
    for (CURLMsg *m = zg_libcurl.multi_info_read(e->multi, &left); m;
         m = zg_libcurl.multi_info_read(e->multi, &left)) {
        zg_transfer *t = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode result = m->data.result; /* the message is gone with the handle */
        (void)zg_libcurl.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
        if (t != NULL) {
            end_running(e, t, result);
            any = true;
        }
    }
    return any;
}

static void close_all(zg_engine *e)
{
    for (size_t i = 0; i < e->idle.len; i++)
        zg_libcurl.easy_cleanup(*ZG_VEC_AT(&e->idle, CURL *, i));
    zg_vec_free(&e->idle);
    (void)zg_libcurl.multi_cleanup(e->multi);
    (void)zg_libcurl.share_cleanup(e->share);
}

static void *drive(void *arg)
{
    zg_engine *e = arg;
    while (!take_orders(e)) {
        int still = 0;
        bool busy = start_waiting(e);
        if (zg_libcurl.multi_perform(e->multi, &still) != CURLM_OK)
            while (e->running.first)
                end_running(e, e->running.first, CURLE_OUT_OF_MEMORY);
        busy |= reap(e);
        if (!busy && !e->connected)
            (void)zg_libcurl.multi_poll(e->multi, NULL, 0, POLL_MS, NULL);
    }
    close_all(e);
    return NULL;
}

/* ---- making it ---- */

static bool open_libcurl(zg_engine *e)
{
    long most = (long)e->opts->max_connections;
    e->multi = zg_libcurl.multi_init();
    e->share = zg_libcurl.share_init();
    return e->multi && e->share &&
           zg_libcurl.share_setopt(e->share, CURLSHOPT_SHARE,
                                   CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK &&
           zg_libcurl.multi_setopt(e->multi, CURLMOPT_PIPELINING,
                                   (long)CURLPIPE_NOTHING) == CURLM_OK &&
           zg_libcurl.multi_setopt(e->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, most) ==
               CURLM_OK &&
           zg_libcurl.multi_setopt(e->multi, CURLMOPT_MAX_HOST_CONNECTIONS, most) ==
               CURLM_OK &&
           zg_libcurl.multi_setopt(e->multi, CURLMOPT_MAXCONNECTS, most) == CURLM_OK;
}

/* Signals are for the program's other threads. With SIGPIPE blocked a write to a
 * connection that is gone is an error of that write. */
static int start_thread(zg_engine *e)
{
    sigset_t all, before;
    sigfillset(&all);
    int failure = pthread_sigmask(SIG_SETMASK, &all, &before);
    if (failure != 0)
        return failure;
    failure = pthread_create(&e->thread, NULL, drive, e);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

zagg_status zg_engine_new(const zg_http_opts *opts, const zg_http_env *env,
                          zg_engine **out, zagg_err *err)
{
    zg_engine *e = zg_alloc(1, sizeof *e);
    if (e == NULL || pthread_mutex_init(&e->lock, NULL) != 0) {
        zg_free(e);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for transfers");
    }
    e->opts = opts;
    e->env = env;
    e->hosts.most = opts->max_connections;
    zg_vec_init(&e->idle, sizeof(CURL *), opts->max_connections);
    zagg_status status = ZAGG_OK;
    int failure = 0;
    if (!open_libcurl(e))
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for transfers");
    else if ((failure = start_thread(e)) != 0)
        status = zagg_err_set_errno(err, ZAGG_EIO, failure, "no thread for transfers");
    if (status == ZAGG_OK) {
        *out = e;
        return ZAGG_OK;
    }
    close_all(e);
    pthread_mutex_destroy(&e->lock);
    zg_free(e);
    return status;
}

void zg_engine_free(zg_engine *e)
{
    if (e == NULL)
        return;
    pthread_mutex_lock(&e->lock);
    e->ends = true;
    /* With the lock: the thread closes the handle as soon as it sees the order. */
    (void)zg_libcurl.multi_wakeup(e->multi);
    pthread_mutex_unlock(&e->lock);
    pthread_join(e->thread, NULL);
    zg_hosts_free(&e->hosts);
    pthread_mutex_destroy(&e->lock);
    zg_free(e);
}

/* ---- for senders ---- */

bool zg_engine_submit(zg_engine *e, zg_transfer *t)
{
    pthread_mutex_lock(&e->lock);
    t->host = zg_hosts_take(&e->hosts, &t->origin);
    if (t->host != NULL) {
        t->state = ZG_TRANSFER_QUEUED;
        link_last(&e->queue, t);
    }
    pthread_mutex_unlock(&e->lock);
    if (t->host == NULL)
        return false;
    (void)zg_libcurl.multi_wakeup(e->multi);
    return true;
}

bool zg_engine_recall(zg_engine *e, zg_transfer *t)
{
    pthread_mutex_lock(&e->lock);
    bool waits = t->state == ZG_TRANSFER_QUEUED;
    if (waits) {
        unlink_from(&e->queue, t);
        zg_hosts_give(&e->hosts, t->host);
        t->state = ZG_TRANSFER_NEW;
    }
    pthread_mutex_unlock(&e->lock);
    return waits;
}

void zg_engine_cancel(zg_engine *e, zg_transfer *t)
{
    pthread_mutex_lock(&e->lock);
    bool runs = t->state == ZG_TRANSFER_RUNNING && !t->cancelled;
    if (runs) {
        t->cancelled = true;
        e->n_cancelled++;
    }
    pthread_mutex_unlock(&e->lock);
    if (runs)
        (void)zg_libcurl.multi_wakeup(e->multi);
}

bool zg_engine_is_done(zg_engine *e, const zg_transfer *t)
{
    pthread_mutex_lock(&e->lock);
    bool done = t->state == ZG_TRANSFER_DONE;
    pthread_mutex_unlock(&e->lock);
    return done;
}

void zg_engine_wait(zg_engine *e, zg_waiter *waiter, double until)
{
    double whole = floor(until);
    struct timespec at = {.tv_sec = (time_t)whole,
                          .tv_nsec = (long)((until - whole) * 1e9)};
    pthread_mutex_lock(&e->lock);
    int failure = 0;
    while (waiter->done == 0 && failure == 0)
        failure = pthread_cond_timedwait(&waiter->news, &e->lock, &at);
    waiter->done = 0;
    pthread_mutex_unlock(&e->lock);
}
