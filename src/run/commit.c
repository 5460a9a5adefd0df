/* The committing thread. */
#include "run/commit.h"

#include "io/sink.h"

#include <pthread.h>
#include <string.h>

struct zg_commit {
    zg_commit_how how;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool has_thread;
    bool created; /* the template is durable; of the committing side only */
    /* under the lock */
    zg_vec queue; /* zg_finished * */
    bool ending;
    zagg_status failed;
    zagg_err err;
};

void zg_finished_free(zg_finished *shard)
{
    if (!shard)
        return;
    zg_recorder_free(shard->recorder);
    zagg_sink_close(shard->behind);
    zg_free(shard->ids);
    zg_free(shard);
}

static void free_all(zg_vec *shards)
{
    for (size_t i = 0; i < shards->len; i++)
        zg_finished_free(*ZG_VEC_AT(shards, zg_finished *, i));
    zg_vec_free(shards);
}

/* ---- one batch ---- */

/* Objects of all shards of the batch, and of the template before any of them counts. */
static zagg_status sync_objects(zg_commit *c, const zg_vec *batch, zagg_err *err)
{
    zg_recorder **recorders = zg_alloc(batch->len + 1, sizeof *recorders);
    size_t n = 0;
    if (!recorders)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to sync a store");
    if (!c->created)
        recorders[n++] = c->how.template;
    for (size_t i = 0; i < batch->len; i++)
        recorders[n++] = (*ZG_VEC_AT(batch, zg_finished *, i))->recorder;
    zagg_status status = zg_recorders_sync(recorders, n, err);
    zg_free(recorders);
    if (status == ZAGG_OK)
        c->created = true;
    return status;
}

static zagg_status put_record(zagg_sink *to, const zg_finished *shard, zagg_err *err)
{
    char name[64];
    zg_str text;
    zg_str_init(&text, 0);
    zg_record_name(shard->facts.key, false, name);
    zagg_status status = zg_shard_record_text(&shard->facts, shard->recorder, &text, err);
    if (status == ZAGG_OK)
        status = zagg_sink_put(to, name, text.data, text.len, err);
    zg_str_free(&text);
    return status;
}

static zagg_status put_records(zg_commit *c, const zg_vec *batch, zagg_err *err)
{
    const size_t n = batch->len;
    char(*names)[64] = zg_alloc(n ? n : 1, sizeof *names);
    const char **keys = zg_alloc(n ? n : 1, sizeof *keys);
    zagg_sink *behind = NULL;
    zagg_status status =
        names && keys ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory for records");
    if (status == ZAGG_OK && c->how.behind)
        status = zg_behind_open(c->how.behind, c->how.status, &behind, err);
    zagg_sink *to = behind ? behind : c->how.status;
    for (size_t i = 0; status == ZAGG_OK && i < n; i++) {
        const zg_finished *shard = *ZG_VEC_AT(batch, zg_finished *, i);
        zg_record_name(shard->facts.key, false, names[i]);
        keys[i] = names[i];
        status = put_record(to, shard, err);
    }
    if (status == ZAGG_OK)
        status = zagg_sink_sync(to, keys, n, err);
    zagg_sink_close(behind);
    zg_free(names);
    zg_free(keys);
    return status;
}

static void tell(zg_commit *c, const zg_finished *shard)
{
    size_t n = 0;
    const zg_stored *stored = zg_recorder_settle(shard->recorder, &n);
    zg_event e = {.name = "shard_done",
                  .has_shard = true,
                  .shard = shard->facts.key,
                  .label = shard->label,
                  .has_counts = true,
                  .cells = shard->facts.cells_with_data,
                  .obs = shard->facts.total_obs,
                  .seconds = shard->facts.duration_s + shard->facts.write_s};
    for (size_t i = 0; i < n; i++) {
        e.objects += stored[i].there;
        e.bytes += stored[i].there ? stored[i].bytes : 0;
    }
    zg_journal_add(c->how.journal, &e);
}

/* Shards whose objects could not be put leave the batch: the others become complete all
 * the same. Returns the first failure. */
static zagg_status drop_failed(zg_vec *batch, zagg_err *err)
{
    zg_finished **shards = batch->data;
    zagg_status first = ZAGG_OK;
    size_t kept = 0;
    for (size_t i = 0; i < batch->len; i++) {
        zagg_err own = ZAGG_ERR_INIT;
        const zagg_status status =
            zg_sink_wait(zg_recorder_sink(shards[i]->recorder), &own);
        if (status == ZAGG_OK) {
            shards[kept++] = shards[i];
            continue;
        }
        if (first == ZAGG_OK && err)
            *err = own;
        first = first == ZAGG_OK ? status : first;
        zg_finished_free(shards[i]);
    }
    batch->len = kept;
    return first;
}

static zagg_status complete(zg_commit *c, const zg_vec *batch, zagg_err *err)
{
    ZAGG_TRY(sync_objects(c, batch, err));
    ZAGG_TRY(zg_hold_check(c->how.hold, err));
    ZAGG_TRY(put_records(c, batch, err));
    for (size_t i = 0; i < batch->len; i++) {
        const zg_finished *shard = *ZG_VEC_AT(batch, zg_finished *, i);
        char aside[64];
        zg_record_name(shard->facts.key, true, aside);
        if (shard->rewritten)
            ZAGG_TRY(zagg_sink_delete(c->how.status, aside, err));
        tell(c, shard);
    }
    return ZAGG_OK;
}

static zagg_status commit_batch(zg_commit *c, zg_vec *batch, zagg_err *err)
{
    const zagg_status put = drop_failed(batch, err);
    if (put != ZAGG_OK && batch->len == 0)
        return put;
    const zagg_status status = complete(c, batch, put == ZAGG_OK ? err : NULL);
    return put != ZAGG_OK ? put : status;
}

/* ---- the thread ---- */

/* Take what is queued; the lock is held. */
static zg_vec take_queue(zg_commit *c)
{
    const zg_vec batch = c->queue;
    zg_vec_init(&c->queue, sizeof(zg_finished *), 0);
    return batch;
}

static void commit_now(zg_commit *c, zg_vec *batch)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_status status =
        zg_commit_failed(c) ? ZAGG_OK : commit_batch(c, batch, &err);
    free_all(batch);
    if (status == ZAGG_OK)
        return;
    pthread_mutex_lock(&c->lock);
    c->failed = status;
    c->err = err;
    pthread_mutex_unlock(&c->lock);
}

static void *commit_loop(void *self)
{
    zg_commit *c = self;
    for (bool ending = false; !ending;) {
        pthread_mutex_lock(&c->lock);
        while (c->queue.len == 0 && !c->ending)
            pthread_cond_wait(&c->wake, &c->lock);
        zg_vec batch = take_queue(c);
        ending = c->ending;
        pthread_mutex_unlock(&c->lock);
        if (batch.len > 0)
            commit_now(c, &batch);
    }
    return NULL;
}

zagg_status zg_commit_new(const zg_commit_how *how, zg_commit **out, zagg_err *err)
{
    zg_commit *c = zg_alloc(1, sizeof *c);
    if (!c)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to commit shards");
    c->how = *how;
    zg_vec_init(&c->queue, sizeof(zg_finished *), 0);
    if (pthread_mutex_init(&c->lock, NULL) != 0) {
        zg_free(c);
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    }
    if (pthread_cond_init(&c->wake, NULL) != 0) {
        pthread_mutex_destroy(&c->lock);
        zg_free(c);
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    }
    c->has_thread = pthread_create(&c->thread, NULL, commit_loop, c) == 0;
    *out = c;
    return ZAGG_OK;
}

zagg_status zg_commit_add(zg_commit *commit, zg_finished *shard, zagg_err *err)
{
    pthread_mutex_lock(&commit->lock);
    zg_finished **slot = zg_vec_push(&commit->queue);
    if (slot)
        *slot = shard;
    pthread_cond_signal(&commit->wake);
    pthread_mutex_unlock(&commit->lock);
    if (slot)
        return ZAGG_OK;
    zg_finished_free(shard);
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory to commit a shard");
}

bool zg_commit_failed(zg_commit *commit)
{
    pthread_mutex_lock(&commit->lock);
    const bool failed = commit->failed != ZAGG_OK;
    pthread_mutex_unlock(&commit->lock);
    return failed;
}

zagg_status zg_commit_close(zg_commit *commit, zagg_err *err)
{
    if (!commit)
        return ZAGG_OK;
    pthread_mutex_lock(&commit->lock);
    commit->ending = true;
    pthread_cond_signal(&commit->wake);
    pthread_mutex_unlock(&commit->lock);
    if (commit->has_thread)
        pthread_join(commit->thread, NULL);
    /* Without a thread all that was handed over; with one that had no shard to commit,
     * the template. */
    zg_vec batch = take_queue(commit);
    if (batch.len > 0 || !commit->created)
        commit_now(commit, &batch);
    const zagg_status status = commit->failed;
    if (status != ZAGG_OK && err)
        *err = commit->err;
    pthread_cond_destroy(&commit->wake);
    pthread_mutex_destroy(&commit->lock);
    free_all(&commit->queue);
    zg_free(commit);
    return status;
}
