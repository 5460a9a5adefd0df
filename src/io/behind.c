/* Each sink counts its puts on their way; those behind a fence are held until there are
 * none. All of it is under one lock, which nobody holds while bytes are copied or sent.
 */
#include "io/behind.h"

#include "io/crew.h"
#include "io/sink.h"

#include <pthread.h>
#include <string.h>

/* However small objects are, so many wait at most; and a stream counts for no more than
 * this share of the room. */
enum { MAX_WAITING = 256, STREAM_SHARE = 4 };

struct zg_behind {
    zg_crew *crew;
    size_t most_bytes;
    pthread_mutex_t lock; /* of what follows, and of all sinks */
    pthread_cond_t news;  /* a put is over */
    size_t bytes;         /* of room that is taken */
};

typedef struct put_job put_job;

typedef struct behind_sink {
    zg_behind *behind;
    zagg_sink *inner;
    /* under the lock */
    put_job *on_way;       /* handed to the crew */
    put_job *first, *last; /* held back by a fence */
    bool fence;            /* before the next one */
    zagg_status failed;
    zagg_err err;
} behind_sink;

/* A put, or the commit of a stream. */
struct put_job {
    zg_crew_job job;
    behind_sink *sink;
    char *key;
    void *data;
    size_t len, room;
    zagg_sink_stream *stream;
    bool whole, fenced;
    put_job *prev, *next; /* on_way; `next` also while it is held back */
};

static void job_free(put_job *j)
{
    zg_free(j->key);
    zg_free(j->data);
    zg_free(j);
}

/* ---- under the lock ---- */

static zagg_status failure(const behind_sink *s, zagg_err *err)
{
    if (s->failed != ZAGG_OK && err != NULL)
        *err = s->err;
    return s->failed;
}

static void link_job(behind_sink *s, put_job *j)
{
    j->prev = NULL;
    j->next = s->on_way;
    if (s->on_way != NULL)
        s->on_way->prev = j;
    s->on_way = j;
}

static void unlink_job(behind_sink *s, put_job *j)
{
    if (j->prev != NULL)
        j->prev->next = j->next;
    else
        s->on_way = j->next;
    if (j->next != NULL)
        j->next->prev = j->prev;
}

static bool is_pending(const behind_sink *s, const char *key)
{
    for (const put_job *j = s->on_way; j != NULL; j = j->next)
        if (strcmp(j->key, key) == 0)
            return true;
    for (const put_job *j = s->first; j != NULL; j = j->next)
        if (strcmp(j->key, key) == 0)
            return true;
    return false;
}

/* False: it would be in vain. */
static bool take_room(behind_sink *s, size_t room)
{
    zg_behind *b = s->behind;
    while (s->failed == ZAGG_OK && b->bytes > 0 &&
           (room > b->most_bytes || b->bytes > b->most_bytes - room))
        pthread_cond_wait(&b->news, &b->lock);
    if (s->failed != ZAGG_OK)
        return false;
    b->bytes += room;
    return true;
}

static zagg_status wait_all(behind_sink *s, zagg_err *err)
{
    while (s->on_way != NULL || s->first != NULL)
        pthread_cond_wait(&s->behind->news, &s->behind->lock);
    return failure(s, err);
}

/* What may be sent now that nothing is on its way: up to the next fence. The list is
 * linked by `prev`, for the caller. */
static put_job *release(behind_sink *s)
{
    put_job *list = NULL;
    while (s->first != NULL && (list == NULL || !s->first->fenced)) {
        put_job *j = s->first;
        s->first = j->next;
        link_job(s, j);
        j->job.next = list != NULL ? &list->job : NULL;
        list = j;
    }
    return list;
}

/* ---- jobs ---- */

static zagg_status send_job(put_job *j, zagg_err *err)
{
    zagg_sink *inner = j->sink->inner;
    if (j->stream != NULL)
        return zagg_sink_stream_commit(j->stream, err);
    return j->whole ? zagg_sink_put_whole(inner, j->key, j->data, j->len, err)
                    : zagg_sink_put(inner, j->key, j->data, j->len, err);
}

static void run_job(zg_crew_job *job)
{
    put_job *j = (put_job *)job;
    behind_sink *s = j->sink;
    zg_behind *b = s->behind;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status status = ZAGG_OK;
    pthread_mutex_lock(&b->lock);
    const bool drop = s->failed != ZAGG_OK;
    pthread_mutex_unlock(&b->lock);
    if (!drop)
        status = send_job(j, &err);
    else
        zagg_sink_stream_abandon(j->stream);
    put_job *list = NULL;
    pthread_mutex_lock(&b->lock);
    if (status != ZAGG_OK && s->failed == ZAGG_OK) {
        s->failed = status;
        s->err = err;
    }
    unlink_job(s, j);
    b->bytes -= j->room;
    if (s->on_way == NULL)
        list = release(s);
    pthread_cond_broadcast(&b->news);
    pthread_mutex_unlock(&b->lock);
    job_free(j);
    while (list != NULL) {
        put_job *next = (put_job *)list->job.next;
        zg_crew_add(b->crew, &list->job);
        list = next;
    }
}

static void add_job(behind_sink *s, put_job *j)
{
    zg_behind *b = s->behind;
    bool held_back = false;
    pthread_mutex_lock(&b->lock);
    const bool taken = take_room(s, j->room);
    if (taken) {
        const bool busy = s->on_way != NULL || s->first != NULL;
        j->fenced = busy && (s->fence || is_pending(s, j->key));
        s->fence = false;
        held_back = j->fenced || s->first != NULL;
        if (!held_back)
            link_job(s, j);
        else if (s->first == NULL)
            s->first = j;
        else
            s->last->next = j;
        if (held_back)
            s->last = j;
    }
    pthread_mutex_unlock(&b->lock);
    if (!taken) {
        zagg_sink_stream_abandon(j->stream);
        job_free(j);
    } else if (!held_back) {
        zg_crew_add(b->crew, &j->job);
    }
}

static zagg_status new_job(behind_sink *s, const char *key, const void *data, size_t len,
                           put_job **out, zagg_err *err)
{
    const size_t least = s->behind->most_bytes / MAX_WAITING;
    put_job *j = zg_alloc(1, sizeof *j);
    if (j == NULL)
        return zg_sink_no_memory(s->inner, key, err);
    *j = (put_job){.job = {.run = run_job},
                   .sink = s,
                   .key = zg_strdup(key),
                   .data = zg_alloc(len > 0 ? len : 1, 1),
                   .len = len,
                   .room = len > least ? len : least};
    if (j->key == NULL || j->data == NULL) {
        job_free(j);
        return zg_sink_no_memory(s->inner, key, err);
    }
    if (len > 0)
        memcpy(j->data, data, len);
    *out = j;
    return ZAGG_OK;
}

/* ---- the sink ---- */

static zagg_status put(void *self, const char *key, const void *data, size_t len,
                       zagg_err *err)
{
    put_job *j = NULL;
    ZAGG_TRY(new_job(self, key, data, len, &j, err));
    add_job(self, j);
    return ZAGG_OK;
}

static zagg_status put_whole(void *self, const char *key, const void *data, size_t len,
                             zagg_err *err)
{
    put_job *j = NULL;
    ZAGG_TRY(new_job(self, key, data, len, &j, err));
    j->whole = true;
    add_job(self, j);
    return ZAGG_OK;
}

static zagg_status wait_puts(void *self, zagg_err *err)
{
    behind_sink *s = self;
    pthread_mutex_lock(&s->behind->lock);
    const zagg_status status = wait_all(s, err);
    pthread_mutex_unlock(&s->behind->lock);
    return status;
}

static void fence(void *self)
{
    behind_sink *s = self;
    pthread_mutex_lock(&s->behind->lock);
    s->fence = true;
    pthread_mutex_unlock(&s->behind->lock);
}

/* A stream of the store below, with what its commit needs. */
typedef struct behind_stream {
    zagg_sink_stream *inner;
    put_job *job;
    uint64_t bytes;
} behind_stream;

static zagg_status stream_begin(void *self, const char *key, void **out_stream,
                                zagg_err *err)
{
    behind_sink *s = self;
    behind_stream *st = zg_alloc(1, sizeof *st);
    if (st == NULL)
        return zg_sink_no_memory(s->inner, key, err);
    zagg_status status = new_job(s, key, NULL, 0, &st->job, err);
    if (status == ZAGG_OK) {
        status = zg_sink_stream_begin_direct(s->inner, key, &st->inner, err);
        if (status != ZAGG_OK)
            job_free(st->job);
    }
    if (status != ZAGG_OK) {
        zg_free(st);
        return status;
    }
    *out_stream = st;
    return ZAGG_OK;
}

static zagg_status stream_add(void *self, void *stream, const void *data, size_t len,
                              const zg_sha256_stream *so_far, zagg_err *err)
{
    behind_stream *st = stream;
    (void)self;
    st->bytes += len;
    return zg_sink_stream_add_hashed(st->inner, data, len, so_far, err);
}

static zagg_status stream_commit(void *self, void *stream, zagg_err *err)
{
    behind_stream *st = stream;
    put_job *j = st->job;
    const size_t most = ((behind_sink *)self)->behind->most_bytes / STREAM_SHARE;
    j->stream = st->inner;
    if (st->bytes > j->room) /* of a large one the sink below holds the last part only */
        j->room = st->bytes < most ? (size_t)st->bytes : most;
    (void)err;
    zg_free(st);
    add_job(self, j);
    return ZAGG_OK;
}

static void stream_abandon(void *self, void *stream)
{
    behind_stream *st = stream;
    (void)self;
    zagg_sink_stream_abandon(st->inner);
    job_free(st->job);
    zg_free(st);
}

/* ---- what waits for all puts ---- */

static zagg_status get(void *self, const char *key, size_t max_len, void **out_data,
                       size_t *out_len, zagg_err *err)
{
    ZAGG_TRY(wait_puts(self, err));
    return zagg_sink_get(((behind_sink *)self)->inner, key, max_len, out_data, out_len,
                         err);
}

static zagg_status list(void *self, const char *prefix, zagg_sink_list_fn fn, void *user,
                        zagg_err *err)
{
    ZAGG_TRY(wait_puts(self, err));
    return zagg_sink_list(((behind_sink *)self)->inner, prefix, fn, user, err);
}

static zagg_status list_dir(void *self, const char *prefix, zagg_sink_list_fn fn,
                            void *user, zagg_err *err)
{
    ZAGG_TRY(wait_puts(self, err));
    return zagg_sink_list_dir(((behind_sink *)self)->inner, prefix, fn, user, err);
}

static zagg_status remove_one(void *self, const char *key, zagg_err *err)
{
    ZAGG_TRY(wait_puts(self, err));
    return zagg_sink_delete(((behind_sink *)self)->inner, key, err);
}

static zagg_status remove_prefix(void *self, const char *prefix, zagg_err *err)
{
    ZAGG_TRY(wait_puts(self, err));
    return zagg_sink_delete_prefix(((behind_sink *)self)->inner, prefix, err);
}

static zagg_status sync_keys(void *self, const char *const *keys, size_t n, zagg_err *err)
{
    ZAGG_TRY(wait_puts(self, err));
    return zagg_sink_sync(((behind_sink *)self)->inner, keys, n, err);
}

static zagg_status size_of(void *self, const char *key, uint64_t *out, zagg_err *err)
{
    ZAGG_TRY(wait_puts(self, err));
    return zagg_sink_size(((behind_sink *)self)->inner, key, out, err);
}

static zagg_status scratch_open(void *self, const char *key, int *out_fd, zagg_err *err)
{
    return zg_sink_scratch_open(((behind_sink *)self)->inner, key, out_fd, err);
}

static zagg_status scratch_add(void *self, int fd, const void *data, size_t len,
                               zagg_err *err)
{
    return zg_sink_scratch_add(((behind_sink *)self)->inner, fd, data, len, err);
}

static void close_sink(void *self)
{
    (void)wait_puts(self, NULL);
    zg_free(self);
}

static const zg_sink_vtable VTABLE = {.put = put,
                                      .put_whole = put_whole,
                                      .get = get,
                                      .list = list,
                                      .list_dir = list_dir,
                                      .remove = remove_one,
                                      .remove_prefix = remove_prefix,
                                      .close = close_sink,
                                      .sync = sync_keys,
                                      .size = size_of,
                                      .stream_begin = stream_begin,
                                      .stream_add = stream_add,
                                      .stream_commit = stream_commit,
                                      .stream_abandon = stream_abandon,
                                      .scratch_open = scratch_open,
                                      .scratch_add = scratch_add,
                                      .fence = fence,
                                      .wait = wait_puts};

zagg_status zg_behind_open(zg_behind *behind, zagg_sink *inner, zagg_sink **out,
                           zagg_err *err)
{
    behind_sink *s = zg_alloc(1, sizeof *s);
    if (s == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to open a store");
    s->behind = behind;
    s->inner = inner;
    return zg_sink_new(&VTABLE, s, zagg_sink_name(inner), out, err);
}

/* ---- what they share ---- */

zagg_status zg_behind_new(size_t hands, size_t most_bytes, zg_behind **out, zagg_err *err)
{
    zg_behind *b = zg_alloc(1, sizeof *b);
    if (b == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for transfers");
    b->most_bytes = most_bytes;
    zagg_status status = zg_crew_new(hands, &b->crew, err);
    if (status == ZAGG_OK && pthread_mutex_init(&b->lock, NULL) != 0)
        status = zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    else if (status == ZAGG_OK && pthread_cond_init(&b->news, NULL) != 0) {
        pthread_mutex_destroy(&b->lock);
        status = zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    }
    if (status != ZAGG_OK) {
        zg_crew_free(b->crew);
        zg_free(b);
        return status;
    }
    *out = b;
    return ZAGG_OK;
}

void zg_behind_free(zg_behind *behind)
{
    if (behind == NULL)
        return;
    zg_crew_free(behind->crew);
    pthread_cond_destroy(&behind->news);
    pthread_mutex_destroy(&behind->lock);
    zg_free(behind);
}
