/* Records of local copies: what they claim is on the disk, and processes that fetch into
 * the same copy add to what the others have.
 *
 * The lock is held for moments only, so that nobody who holds one copy can wait for
 * another. */
#include "io/sparse_impl.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_RECORD_BYTES ((size_t)64 << 20)

static zagg_status no_memory(const char *path, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for its record", path);
}

/* ---- the lock ---- */

zagg_status zg_sparse_hold(zg_sparse *s, zagg_err *err)
{
    uint8_t digest[32];
    uint64_t place;
    long wait_ms = 1;
    zg_sha256(s->key, strlen(s->key), digest);
    memcpy(&place, digest, sizeof place);
    for (;;) {
        const zagg_status status = zg_lock_take_place(s->lock_path, place, &s->held, err);
        if (status == ZAGG_EUNSUPPORTED) { /* spans of others may be forgotten then */
            zagg_log_write(s->opts.log, ZAGG_LOG_WARN,
                           "cannot lock %s: see to it that nothing else fetches into "
                           "this folder",
                           s->lock_path);
            return ZAGG_OK;
        }
        if (status != ZAGG_EEXISTS)
            return status;
        if (zg_is_stopped(s->opts.stop))
            return zagg_err_set(err, ZAGG_ECANCELLED, "stopped");
        nanosleep(&(struct timespec){0, wait_ms * 1000000}, NULL);
        wait_ms = wait_ms < 100 ? wait_ms * 2 : wait_ms;
    }
}

void zg_sparse_let_go(zg_sparse *s)
{
    zg_lock_release(s->held);
    s->held = NULL;
}

/* ---- reading and writing records ---- */

zagg_status zg_sparse_load(const zg_sparse *s, const char *key, zg_copy_record *out,
                           zagg_err *err)
{
    void *text = NULL;
    size_t len = 0;
    ZAGG_TRY(zagg_sink_get(s->folder, key, MAX_RECORD_BYTES, &text, &len, err));
    const zagg_status status = zg_copy_record_parse(text, len, key, out, err);
    zagg_bytes_free(text);
    return status;
}

zagg_status zg_sparse_put(const zg_sparse *s, const char *key,
                          const zg_copy_record *record, zagg_err *err)
{
    zg_str text;
    zg_str_init(&text, 0);
    zg_copy_record_write(record, &text);
    zagg_status status = text.failed
                             ? no_memory(s->path, err)
                             : zagg_sink_put(s->folder, key, text.data, text.len, err);
    zg_str_free(&text);
    return status;
}

bool zg_copy_is_same(const zg_copy_record *a, const zg_copy_record *b)
{
    if (a->size != b->size || strcmp(a->etag, b->etag) != 0)
        return false;
    return a->etag[0] != '\0' || strcmp(a->url, b->url) == 0;
}

/* ---- saving ---- */

static zagg_status sync_file(const zg_sparse *s, zagg_err *err)
{
    while (fsync(s->fd) != 0)
        if (errno != EINTR)
            return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot write %s", s->path);
    return ZAGG_OK;
}

/* The record as it is now: what it claims has been written. */
static zagg_status take_record(zg_sparse *s, zg_copy_record *out, uint64_t *unsaved,
                               zagg_err *err)
{
    pthread_mutex_lock(&s->lock);
    zagg_status status =
        zg_copy_record_new(s->record.url, s->record.etag, s->record.size, out, err);
    if (status == ZAGG_OK && !zg_vec_append(&out->there.list, s->record.there.list.data,
                                            s->record.there.list.len)) {
        zg_copy_record_free(out);
        status = no_memory(s->path, err);
    }
    if (status == ZAGG_OK) {
        out->there.bytes = s->record.there.bytes;
        *unsaved = s->unsaved;
        s->unsaved = 0;
    }
    pthread_mutex_unlock(&s->lock);
    return status;
}

/* Spans of another process: of the same file, and durable, or they were not recorded. */
static bool join(zg_sparse *s, zg_copy_record *mine, const zg_copy_record *theirs)
{
    bool ok = true;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; ok && i < theirs->there.list.len; i++) {
        const zg_byte_span *span = ZG_VEC_AT(&theirs->there.list, zg_byte_span, i);
        ok = zg_spans_add(&mine->there, span->begin, span->end) &&
             zg_spans_add(&s->record.there, span->begin, span->end);
    }
    pthread_mutex_unlock(&s->lock);
    return ok;
}

static zagg_status replaced(const zg_sparse *s, zagg_err *err)
{
    return zagg_err_set(
        err, ZAGG_EEXISTS,
        "%s: was replaced or removed while it was fetched; run zagg fetch "
        "again",
        s->path);
}

static zagg_status join_disk(zg_sparse *s, zg_copy_record *mine, zagg_err *err)
{
    struct stat now, own;
    zg_copy_record disk = {0};
    zagg_err fault = ZAGG_ERR_INIT;
    if (stat(s->path, &now) != 0 || fstat(s->fd, &own) != 0 || now.st_dev != own.st_dev ||
        now.st_ino != own.st_ino)
        return replaced(s, err);
    zagg_status status = zg_sparse_load(s, s->key, &disk, &fault);
    if (status == ZAGG_ENOTFOUND) /* another process has all of it */
        status = zg_sparse_load(s, s->whole_key, &disk, &fault);
    if (status == ZAGG_EFORMAT || status == ZAGG_ERANGE)
        return ZAGG_OK; /* a damaged one is replaced by mine */
    if (status == ZAGG_ENOTFOUND)
        return replaced(s, err);
    if (status != ZAGG_OK)
        return zagg_err_set(err, status, "%s", fault.msg);
    if (!zg_copy_is_same(mine, &disk))
        status = replaced(s, err);
    else if (!join(s, mine, &disk))
        status = no_memory(s->path, err);
    zg_copy_record_free(&disk);
    return status;
}

/* What the copy is of stays known when nothing is missing any more. */
static zagg_status put_whole(const zg_sparse *s, const zg_copy_record *record,
                             zagg_err *err)
{
    const char *key = s->key;
    ZAGG_TRY(zg_sparse_put(s, s->whole_key, record, err));
    ZAGG_TRY(zagg_sink_delete(s->folder, key, err));
    return zagg_sink_sync(s->folder, &key, 1, err);
}

/* Bytes first, then what claims them. */
static zagg_status save_record(zg_sparse *s, zg_copy_record *record, zagg_err *err)
{
    ZAGG_TRY(sync_file(s, err));
    ZAGG_TRY(zg_sparse_hold(s, err));
    zagg_status status = join_disk(s, record, err);
    if (status == ZAGG_OK)
        status = record->there.bytes == record->size
                     ? put_whole(s, record, err)
                     : zg_sparse_put(s, s->key, record, err);
    zg_sparse_let_go(s);
    return status;
}

zagg_status zg_sparse_save(zg_sparse *s, zagg_err *err)
{
    zg_copy_record record = {0};
    uint64_t unsaved = 0;
    pthread_mutex_lock(&s->save_lock);
    zagg_status status = take_record(s, &record, &unsaved, err);
    if (status == ZAGG_OK)
        status = save_record(s, &record, err);
    if (status != ZAGG_OK) {
        pthread_mutex_lock(&s->lock);
        s->unsaved += unsaved;
        pthread_mutex_unlock(&s->lock);
    }
    pthread_mutex_unlock(&s->save_lock);
    zg_copy_record_free(&record);
    return status;
}
