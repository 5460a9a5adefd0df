/* Recording sink: events are appended as they come and put in order when asked for. */
#include "io/record_sink.h"

#include "io/sink.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Hashes of keys that were put or removed: an open table. */
typedef struct zg_touched {
    uint64_t *slots; /* 0: free */
    size_t cap, n;   /* cap is a power of two */
} zg_touched;

struct zg_recorder {
    zagg_sink *inner, *sink;
    pthread_mutex_t lock; /* of the rest */
    zg_vec events;        /* zg_stored */
    size_t n_settled;     /* events that are settled: sorted, one a key */
    bool note_reads, failed;
    bool unsynced; /* something was noted since the last sync */
    const zg_listing *before;
    zg_touched touched; /* while `before` is known */
};

/* ---- what may be there ---- */

static uint64_t hash_of(const char *key)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (; *key != '\0'; key++)
        h = (h ^ (unsigned char)*key) * UINT64_C(1099511628211);
    return h != 0 ? h : 1;
}

/* Where a hash is, or would be; there is room. */
static uint64_t *slot_of(const zg_touched *t, uint64_t hash)
{
    size_t i = (size_t)(hash ^ hash >> 32) & (t->cap - 1);
    while (t->slots[i] != 0 && t->slots[i] != hash)
        i = (i + 1) & (t->cap - 1);
    return &t->slots[i];
}

static bool grow(zg_touched *t)
{
    zg_touched larger = {.cap = t->cap > 0 ? 2 * t->cap : 64};
    larger.slots = zg_alloc(larger.cap, sizeof *larger.slots);
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i] != 0)
            *slot_of(&larger, t->slots[i]) = t->slots[i];
    larger.n = t->n;
    zg_free(t->slots);
    *t = larger;
    return true;
}

/* Two keys with one hash are asked for once too often, and nothing else. */
static bool touch(zg_touched *t, const char *key)
{
    if (2 * t->n >= t->cap && !grow(t))
        return false;
    uint64_t *slot = slot_of(t, hash_of(key));
    t->n += *slot == 0;
    *slot = hash_of(key);
    return true;
}

static bool is_touched(const zg_touched *t, const char *key)
{
    return t->n > 0 && *slot_of(t, hash_of(key)) != 0;
}

static bool may_be_there(zg_recorder *r, const char *key)
{
    if (r->before == NULL || zg_listing_has(r->before, key, NULL))
        return true;
    pthread_mutex_lock(&r->lock);
    const bool touched = is_touched(&r->touched, key);
    pthread_mutex_unlock(&r->lock);
    return touched;
}

static bool may_be_below(zg_recorder *r, const char *prefix)
{
    bool found = r->before == NULL || zg_listing_has_below(r->before, prefix);
    if (found)
        return true;
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->events.len && !found; i++)
        found = strncmp(ZG_VEC_AT(&r->events, zg_stored, i)->key, prefix,
                        strlen(prefix)) == 0;
    pthread_mutex_unlock(&r->lock);
    return found;
}

static zagg_status is_absent(const zg_recorder *r, const char *key, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOTFOUND, "%s/%s is not there",
                        zagg_sink_name(r->inner), key);
}

/* ---- events ---- */

static zagg_status note(zg_recorder *r, const char *key, zg_stored what, zagg_err *err)
{
    what.key = zg_strdup(key);
    pthread_mutex_lock(&r->lock);
    const bool known = r->before == NULL || touch(&r->touched, key);
    zg_stored *slot = what.key != NULL && known ? zg_vec_push(&r->events) : NULL;
    if (slot != NULL)
        *slot = what;
    r->unsynced = true;
    pthread_mutex_unlock(&r->lock);
    if (slot != NULL)
        return ZAGG_OK;
    zg_free(what.key);
    return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for the record of an object",
                        zagg_sink_name(r->inner));
}

static void set_failed(zg_recorder *r)
{
    pthread_mutex_lock(&r->lock);
    r->failed = true;
    pthread_mutex_unlock(&r->lock);
}

/* The result of a change. */
static zagg_status changed(zg_recorder *r, zagg_status status)
{
    if (status != ZAGG_OK)
        set_failed(r);
    return status;
}

static zagg_status put(void *self, const char *key, const void *data, size_t len,
                       zagg_err *err)
{
    zg_recorder *r = self;
    zg_stored what = {.there = true, .bytes = len};
    zg_sha256(data, len, what.sha256);
    ZAGG_TRY(changed(r, zagg_sink_put(r->inner, key, data, len, err)));
    return note(r, key, what, err);
}

static zagg_status put_whole(void *self, const char *key, const void *data, size_t len,
                             zagg_err *err)
{
    zg_recorder *r = self;
    zg_stored what = {.there = true, .bytes = len};
    zg_sha256(data, len, what.sha256);
    ZAGG_TRY(changed(r, zagg_sink_put_whole(r->inner, key, data, len, err)));
    return note(r, key, what, err);
}

/* ---- piece by piece ---- */

typedef struct record_stream {
    zagg_sink_stream *inner;
    zg_sha256_stream *sha256;
    char *key;
    uint64_t bytes;
} record_stream;

static void free_stream(record_stream *s)
{
    zg_sha256_free(s->sha256);
    zg_free(s->key);
    zg_free(s);
}

static zagg_status stream_begin(void *self, const char *key, void **out_stream,
                                zagg_err *err)
{
    zg_recorder *r = self;
    record_stream *s = zg_alloc(1, sizeof *s);
    if (s == NULL)
        return zg_sink_no_memory(r->inner, key, err);
    s->key = zg_strdup(key);
    s->sha256 = zg_sha256_new();
    zagg_status status = ZAGG_OK;
    if (s->key == NULL || s->sha256 == NULL)
        status = zg_sink_no_memory(r->inner, key, err);
    if (status == ZAGG_OK)
        status = changed(r, zg_sink_stream_begin_direct(r->inner, key, &s->inner, err));
    if (status != ZAGG_OK) {
        free_stream(s);
        return status;
    }
    *out_stream = s;
    return ZAGG_OK;
}

static zagg_status stream_add(void *self, void *stream, const void *data, size_t len,
                              const zg_sha256_stream *so_far, zagg_err *err)
{
    record_stream *s = stream;
    if (so_far != NULL)
        zg_sha256_copy(s->sha256, so_far);
    else
        zg_sha256_add(s->sha256, data, len);
    s->bytes += len;
    return changed(self, zg_sink_stream_add_hashed(s->inner, data, len, so_far, err));
}

static zagg_status stream_commit(void *self, void *stream, zagg_err *err)
{
    zg_recorder *r = self;
    record_stream *s = stream;
    zg_stored what = {.there = true, .bytes = s->bytes};
    zg_sha256_digest(s->sha256, what.sha256);
    zagg_status status = changed(r, zagg_sink_stream_commit(s->inner, err));
    if (status == ZAGG_OK)
        status = note(r, s->key, what, err);
    free_stream(s);
    return status;
}

static void stream_abandon(void *self, void *stream)
{
    record_stream *s = stream;
    (void)self;
    zagg_sink_stream_abandon(s->inner);
    free_stream(s);
}

/* What is put aside is no object; that it cannot be is a failure of the store. */
static zagg_status scratch_open(void *self, const char *key, int *out_fd, zagg_err *err)
{
    zg_recorder *r = self;
    return changed(r, zg_sink_scratch_open(r->inner, key, out_fd, err));
}

static zagg_status scratch_add(void *self, int fd, const void *data, size_t len,
                               zagg_err *err)
{
    zg_recorder *r = self;
    return changed(r, zg_sink_scratch_add(r->inner, fd, data, len, err));
}

static zagg_status get(void *self, const char *key, size_t max_len, void **out_data,
                       size_t *out_len, zagg_err *err)
{
    zg_recorder *r = self;
    if (!may_be_there(r, key))
        return is_absent(r, key, err);
    ZAGG_TRY(zagg_sink_get(r->inner, key, max_len, out_data, out_len, err));
    if (!r->note_reads)
        return ZAGG_OK;
    zg_stored what = {.there = true, .bytes = *out_len};
    zg_sha256(*out_data, *out_len, what.sha256);
    const zagg_status status = note(r, key, what, err);
    if (status != ZAGG_OK) {
        zagg_bytes_free(*out_data);
        *out_data = NULL;
    }
    return status;
}

static zagg_status list(void *self, const char *prefix, zagg_sink_list_fn fn, void *user,
                        zagg_err *err)
{
    zg_recorder *r = self;
    return may_be_below(r, prefix) ? zagg_sink_list(r->inner, prefix, fn, user, err)
                                   : ZAGG_OK;
}

static zagg_status list_dir(void *self, const char *prefix, zagg_sink_list_fn fn,
                            void *user, zagg_err *err)
{
    zg_recorder *r = self;
    return may_be_below(r, prefix) ? zagg_sink_list_dir(r->inner, prefix, fn, user, err)
                                   : ZAGG_OK;
}

static zagg_status remove_one(void *self, const char *key, zagg_err *err)
{
    zg_recorder *r = self;
    if (!may_be_there(r, key))
        return ZAGG_OK;
    ZAGG_TRY(changed(r, zagg_sink_delete(r->inner, key, err)));
    return note(r, key, (zg_stored){.there = false}, err);
}

static zagg_status remove_prefix(void *self, const char *prefix, zagg_err *err)
{
    zg_recorder *r = self;
    if (!may_be_below(r, prefix))
        return ZAGG_OK;
    ZAGG_TRY(changed(r, zagg_sink_delete_prefix(r->inner, prefix, err)));
    ZAGG_TRY(note(r, prefix, (zg_stored){.prefix = true}, err));
    /* The folder itself, whose absence is to be made durable, too. */
    char *folder = zg_strndup(prefix, strlen(prefix) - 1);
    if (folder == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for the record of an object",
                            zagg_sink_name(r->inner));
    const zagg_status status = note(r, folder, (zg_stored){.there = false}, err);
    zg_free(folder);
    return status;
}

static zagg_status sync_keys(void *self, const char *const *keys, size_t n, zagg_err *err)
{
    zg_recorder *r = self;
    return changed(r, zagg_sink_sync(r->inner, keys, n, err));
}

static zagg_status size_of(void *self, const char *key, uint64_t *out, zagg_err *err)
{
    zg_recorder *r = self;
    if (!may_be_there(r, key))
        return is_absent(r, key, err);
    pthread_mutex_lock(&r->lock);
    const bool known = r->before != NULL && !is_touched(&r->touched, key) &&
                       zg_listing_has(r->before, key, out);
    pthread_mutex_unlock(&r->lock);
    return known ? ZAGG_OK : zagg_sink_size(r->inner, key, out, err);
}

static void fence(void *self)
{
    zg_sink_fence(((zg_recorder *)self)->inner);
}

static zagg_status wait_puts(void *self, zagg_err *err)
{
    zg_recorder *r = self;
    return changed(r, zg_sink_wait(r->inner, err));
}

static zagg_status clean(void *self, size_t *n_removed, zagg_err *err)
{
    return zagg_sink_clean(((zg_recorder *)self)->inner, n_removed, err);
}

/* The recorder outlives its sink by the lines that free it. */
static void close_nothing(void *self)
{
    (void)self;
}

static const zg_sink_vtable VTABLE = {.put = put,
                                      .put_whole = put_whole,
                                      .get = get,
                                      .list = list,
                                      .list_dir = list_dir,
                                      .remove = remove_one,
                                      .remove_prefix = remove_prefix,
                                      .close = close_nothing,
                                      .sync = sync_keys,
                                      .size = size_of,
                                      .clean = clean,
                                      .stream_begin = stream_begin,
                                      .stream_add = stream_add,
                                      .stream_commit = stream_commit,
                                      .stream_abandon = stream_abandon,
                                      .scratch_open = scratch_open,
                                      .scratch_add = scratch_add,
                                      .fence = fence,
                                      .wait = wait_puts};

zagg_status zg_recorder_new(zagg_sink *inner, zg_recorder **out, zagg_err *err)
{
    zg_recorder *r = zg_alloc(1, sizeof *r);
    if (r == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the record of a store");
    r->inner = inner;
    zg_vec_init(&r->events, sizeof(zg_stored), 0);
    if (pthread_mutex_init(&r->lock, NULL) != 0) {
        zg_free(r);
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    }
    const zagg_status status =
        zg_sink_new(&VTABLE, r, zagg_sink_name(inner), &r->sink, err);
    if (status != ZAGG_OK) {
        zg_recorder_free(r);
        return status;
    }
    *out = r;
    return ZAGG_OK;
}

zagg_sink *zg_recorder_sink(zg_recorder *recorder)
{
    return recorder->sink;
}

void zg_recorder_note_reads(zg_recorder *recorder, bool on)
{
    recorder->note_reads = on;
}

void zg_recorder_know(zg_recorder *recorder, const zg_listing *before)
{
    recorder->before = before;
}

bool zg_recorder_failed(zg_recorder *recorder)
{
    pthread_mutex_lock(&recorder->lock);
    const bool failed = recorder->failed;
    pthread_mutex_unlock(&recorder->lock);
    return failed;
}

/* ---- order ---- */

/* An event with its number, so that sorting keeps the order of one key's events. */
typedef struct numbered {
    zg_stored event;
    size_t number;
} numbered;

static int by_key(const void *a, const void *b)
{
    const numbered *x = a, *y = b;
    const int order = strcmp(x->event.key, y->event.key);
    return order != 0 ? order : (x->number > y->number) - (x->number < y->number);
}

/* What lies below a prefix and came before its removal is gone. */
static void apply_prefixes(numbered *all, size_t n)
{
    for (size_t p = 0; p < n; p++) {
        const size_t len = all[p].event.prefix ? strlen(all[p].event.key) : 0;
        for (size_t i = 0; len > 0 && i < n; i++)
            if (all[i].number < all[p].number &&
                strncmp(all[i].event.key, all[p].event.key, len) == 0)
                all[i].event.there = false;
    }
}

/* Of equal keys the last one stays; the kept ones are at the front. */
static size_t keep_last(numbered *all, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (i + 1 < n && strcmp(all[i].event.key, all[i + 1].event.key) == 0)
            zg_free(all[i].event.key);
        else
            all[kept++] = all[i];
    }
    return kept;
}

const zg_stored *zg_recorder_settle(zg_recorder *recorder, size_t *n)
{
    zg_vec *events = &recorder->events;
    *n = events->len;
    if (recorder->n_settled == events->len)
        return events->data;
    numbered *all = zg_alloc(events->len, sizeof *all);
    if (all == NULL)
        return NULL;
    for (size_t i = 0; i < events->len; i++)
        all[i] = (numbered){*ZG_VEC_AT(events, zg_stored, i), i};
    apply_prefixes(all, events->len);
    qsort(all, events->len, sizeof *all, by_key);
    events->len = keep_last(all, events->len);
    for (size_t i = 0; i < events->len; i++)
        *ZG_VEC_AT(events, zg_stored, i) = all[i].event;
    zg_free(all);
    *n = recorder->n_settled = events->len;
    return events->data;
}

static zagg_status add_keys(zg_vec *keys, zg_recorder *r, zagg_err *err)
{
    size_t n = 0;
    if (!r->unsynced)
        return ZAGG_OK;
    const zg_stored *stored = zg_recorder_settle(r, &n);
    if ((stored == NULL && n > 0) || !zg_vec_reserve(keys, keys->len + n))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to sync a store");
    for (size_t i = 0; i < n; i++) {
        const char *key = stored[i].key;
        if (!stored[i].prefix)
            (void)zg_vec_append(keys, &key, 1); /* there is room */
    }
    return ZAGG_OK;
}

zagg_status zg_recorders_sync(zg_recorder *const *recorders, size_t n, zagg_err *err)
{
    zg_vec keys;
    zg_vec_init(&keys, sizeof(char *), 0);
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; status == ZAGG_OK && i < n; i++) {
        status = zg_sink_wait(recorders[i]->sink, err);
        if (status == ZAGG_OK)
            status = add_keys(&keys, recorders[i], err);
    }
    if (status == ZAGG_OK && keys.len > 0)
        status = zagg_sink_sync(recorders[0]->inner, keys.data, keys.len, err);
    for (size_t i = 0; status == ZAGG_OK && i < n; i++)
        recorders[i]->unsynced = false;
    zg_vec_free(&keys);
    return status;
}

void zg_recorder_free(zg_recorder *recorder)
{
    if (recorder == NULL)
        return;
    zg_free(recorder->touched.slots);
    for (size_t i = 0; i < recorder->events.len; i++)
        zg_free(ZG_VEC_AT(&recorder->events, zg_stored, i)->key);
    zg_vec_free(&recorder->events);
    zagg_sink_close(recorder->sink);
    pthread_mutex_destroy(&recorder->lock);
    zg_free(recorder);
}
