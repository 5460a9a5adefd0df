/* Reading through a local copy: bytes that it has come from the file, others from the
 * object, and are kept. */
#include "io/sparse_impl.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* What a crash may cost, against one fsync and one record. */
#define SAVE_EVERY_BYTES ((uint64_t)64 << 20)

/* ---- the file ---- */

static zagg_status read_file(const zg_sparse *s, uint64_t offset, size_t len, void *out,
                             zagg_err *err)
{
    int failure;
    const size_t got = zg_fd_read_at(s->fd, offset, len, out, &failure);
    if (got == len)
        return ZAGG_OK;
    if (failure)
        return zagg_err_set_errno(err, ZAGG_EIO, failure,
                                  "%s: cannot read %zu bytes at offset %" PRIu64, s->path,
                                  len - got, offset + got);
    return zagg_err_set(err, ZAGG_EIO,
                        "%s: the file became shorter while it was read (no data at "
                        "offset %" PRIu64 ")",
                        s->path, offset + got);
}

static zagg_status write_file(const zg_sparse *s, uint64_t offset, size_t len,
                              const void *data, zagg_err *err)
{
    const char *from = data;
    while (len > 0) {
        const ssize_t done = pwrite(s->fd, from, len, (off_t)offset);
        if (done > 0) {
            from += done;
            offset += (uint64_t)done;
            len -= (size_t)done;
        } else if (done == 0 || errno != EINTR) {
            return zagg_err_set_errno(err, ZAGG_EIO, done == 0 ? EIO : errno,
                                      "cannot write %s", s->path);
        }
    }
    return ZAGG_OK;
}

/* Whoever fetches is told once, and nothing more is kept. */
static void tell_failed(zg_sparse *s, const zagg_err *why)
{
    pthread_mutex_lock(&s->lock);
    const bool first = !s->broken;
    s->broken = true;
    pthread_mutex_unlock(&s->lock);
    if (first && s->opts.failed != NULL)
        s->opts.failed(s->opts.failed_user, why);
}

static bool is_broken(zg_sparse *s)
{
    pthread_mutex_lock(&s->lock);
    const bool broken = s->broken;
    pthread_mutex_unlock(&s->lock);
    return broken;
}

/* ---- fetching ---- */

/* The lock is held. */
static bool list_holes(const zg_sparse *s, const zagg_range *spans, size_t n, zg_vec *out)
{
    out->len = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t end = spans[i].offset + spans[i].len;
        zg_byte_span hole;
        for (uint64_t at = spans[i].offset;
             zg_spans_hole(&s->record.there, at, end, &hole); at = hole.end) {
            zagg_range *r = zg_vec_push(out);
            if (r == NULL)
                return false;
            *r = (zagg_range){hole.begin, (size_t)(hole.end - hole.begin),
                              (char *)spans[i].out + (hole.begin - spans[i].offset)};
        }
    }
    return true;
}

static bool is_coming(const zg_sparse *s, const zg_vec *holes)
{
    for (size_t i = 0; i < holes->len; i++) {
        const zagg_range *h = ZG_VEC_AT(holes, zagg_range, i);
        for (size_t k = 0; k < s->coming.len; k++) {
            const zg_byte_span *c = ZG_VEC_AT(&s->coming, zg_byte_span, k);
            if (h->offset < c->end && c->begin < h->offset + h->len)
                return true;
        }
    }
    return false;
}

static void forget_coming(zg_sparse *s, const zg_vec *holes, size_t n)
{
    zg_byte_span *list = s->coming.data;
    for (size_t i = 0; i < n; i++) {
        const uint64_t begin = ZG_VEC_AT(holes, zagg_range, i)->offset;
        size_t k = 0;
        while (list[k].begin != begin)
            k++;
        list[k] = list[--s->coming.len];
    }
    pthread_cond_broadcast(&s->landed);
}

/* Take on what is missing, once nobody else is fetching any of it. Holding nothing while
 * waiting, no two can wait for each other. */
static zagg_status take_holes(zg_sparse *s, const zagg_range *spans, size_t n,
                              zg_vec *holes, zagg_err *err)
{
    pthread_mutex_lock(&s->lock);
    bool ok = list_holes(s, spans, n, holes);
    while (ok && is_coming(s, holes)) {
        pthread_cond_wait(&s->landed, &s->lock);
        ok = list_holes(s, spans, n, holes);
    }
    size_t taken = 0;
    for (; ok && taken < holes->len; taken++) {
        const zagg_range *h = ZG_VEC_AT(holes, zagg_range, taken);
        zg_byte_span *c = zg_vec_push(&s->coming);
        if (c == NULL)
            break;
        *c = (zg_byte_span){h->offset, h->offset + h->len};
    }
    ok = ok && taken == holes->len;
    if (!ok)
        forget_coming(s, holes, taken);
    pthread_mutex_unlock(&s->lock);
    return ok ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory", s->path);
}

static zagg_status need_source(zg_sparse *s, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    pthread_mutex_lock(&s->source_lock);
    if (s->source == NULL)
        status = s->opts.open(s->opts.open_user, s->url, &s->source, err);
    if (status == ZAGG_OK && zagg_source_size(s->source) != s->record.size) {
        status = zagg_err_set(err, ZAGG_EIO,
                              "%s: has %" PRIu64 " bytes now, and had %" PRIu64
                              " when its copy was begun; run zagg fetch again",
                              s->record.url, zagg_source_size(s->source), s->record.size);
        zagg_source_close(s->source);
        s->source = NULL;
    }
    pthread_mutex_unlock(&s->source_lock);
    return status;
}

/* Into the file, and only then among what is there. */
static zagg_status keep(zg_sparse *s, const zg_vec *holes, zagg_err *err)
{
    uint64_t bytes = 0, unsaved;
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; i < holes->len && status == ZAGG_OK; i++) {
        const zagg_range *h = ZG_VEC_AT(holes, zagg_range, i);
        status = write_file(s, h->offset, h->len, h->out, err);
        bytes += h->len;
    }
    if (status != ZAGG_OK)
        return status;
    bool ok = true;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < holes->len && ok; i++) {
        const zagg_range *h = ZG_VEC_AT(holes, zagg_range, i);
        ok = zg_spans_add(&s->record.there, h->offset, h->offset + h->len);
    }
    s->unsaved += bytes;
    unsaved = s->unsaved;
    pthread_mutex_unlock(&s->lock);
    if (!ok)
        return zagg_err_set(err, ZAGG_ENOMEM,
                            "%s: no memory for its spans, or more than a million",
                            s->path);
    if (s->opts.counts != NULL)
        atomic_fetch_add(&s->opts.counts->fetched, bytes);
    return unsaved >= SAVE_EVERY_BYTES ? zg_sparse_save(s, err) : ZAGG_OK;
}

static zagg_status fetch_holes(zg_sparse *s, const zg_vec *holes, bool metadata,
                               zagg_err *err)
{
    zagg_err why = ZAGG_ERR_INIT;
    if (is_broken(s))
        return zagg_err_set(err, ZAGG_EIO, "%s could not be written before", s->path);
    ZAGG_TRY(need_source(s, err));
    ZAGG_TRY(zg_source_request_many(s->source, holes->data, holes->len, metadata, err));
    const zagg_status status = keep(s, holes, &why);
    if (status != ZAGG_OK) {
        tell_failed(s, &why);
        if (err != NULL)
            *err = why;
    }
    return status;
}

/* ---- the source ---- */

/* What of the spans is not in `holes` comes from the file. */
static zagg_status read_rest(const zg_sparse *s, const zagg_range *spans, size_t n,
                             const zg_vec *holes, zagg_err *err)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        const uint64_t end = spans[i].offset + spans[i].len;
        for (uint64_t at = spans[i].offset; at < end;) {
            const zagg_range *h = k < holes->len ? ZG_VEC_AT(holes, zagg_range, k) : NULL;
            const uint64_t stop = h != NULL && h->offset < end ? h->offset : end;
            if (at < stop)
                ZAGG_TRY(read_file(s, at, (size_t)(stop - at),
                                   (char *)spans[i].out + (at - spans[i].offset), err));
            at = stop;
            if (h != NULL && stop == h->offset && stop < end) {
                at += h->len;
                k++;
            }
        }
    }
    return ZAGG_OK;
}

static zagg_status read_online(zg_sparse *s, const zagg_range *spans, size_t n,
                               bool metadata, zagg_err *err)
{
    zg_vec holes;
    zg_vec_init(&holes, sizeof(zagg_range), 0);
    zagg_status status = take_holes(s, spans, n, &holes, err);
    if (status == ZAGG_OK && holes.len > 0) {
        status = fetch_holes(s, &holes, metadata, err);
        pthread_mutex_lock(&s->lock);
        forget_coming(s, &holes, holes.len);
        pthread_mutex_unlock(&s->lock);
    }
    if (status == ZAGG_OK)
        status = read_rest(s, spans, n, &holes, err);
    zg_vec_free(&holes);
    return status;
}

static zagg_status read_offline(const zg_sparse *s, const zagg_range *spans, size_t n,
                                zagg_err *err)
{
    for (size_t i = 0; i < n; i++) {
        zg_byte_span hole;
        const uint64_t end = spans[i].offset + spans[i].len;
        if (zg_spans_hole(&s->record.there, spans[i].offset, end, &hole))
            return zagg_err_set(
                err, ZAGG_EIO,
                "%s: this copy lacks bytes %" PRIu64 "..%" PRIu64
                " of %s; run zagg fetch again with this config and these shards",
                s->path, hole.begin, hole.end - 1, s->record.url);
        ZAGG_TRY(read_file(s, spans[i].offset, spans[i].len, spans[i].out, err));
    }
    return ZAGG_OK;
}

static zagg_status sparse_read_many(void *self, const zagg_range *spans, size_t n,
                                    zagg_err *err)
{
    zg_sparse *s = self;
    return s->opts.open != NULL ? read_online(s, spans, n, false, err)
                                : read_offline(s, spans, n, err);
}

static zagg_status sparse_read_metadata(void *self, const zagg_range *spans, size_t n,
                                        zagg_err *err)
{
    zg_sparse *s = self;
    return s->opts.open != NULL ? read_online(s, spans, n, true, err)
                                : read_offline(s, spans, n, err);
}

static zagg_status sparse_read_at(void *self, uint64_t offset, size_t len, void *out,
                                  zagg_err *err)
{
    const zagg_range span = {offset, len, out};
    return sparse_read_many(self, &span, 1, err);
}

static bool sparse_there(void *self, uint64_t offset, uint64_t *begin, uint64_t *end)
{
    const zg_sparse *s = self;
    return zg_spans_around(&s->record.there, offset, begin, end);
}

static void finish(zg_sparse *s)
{
    zagg_err why = ZAGG_ERR_INIT;
    const bool whole = s->recorded && s->record.there.bytes == s->record.size;
    if ((whole || s->unsaved > 0) && zg_sparse_save(s, &why) != ZAGG_OK)
        tell_failed(s, &why);
}

static void sparse_close(void *self)
{
    zg_sparse *s = self;
    if (s->opts.open != NULL)
        finish(s);
    zg_sparse_free(s);
}

zagg_status zg_sparse_source(zg_sparse *s, zagg_source **out, zagg_err *err)
{
    const bool online = s->opts.open != NULL;
    s->vtable = (zagg_source_vtable){
        .read_at = sparse_read_at,
        .close = sparse_close,
        .request_bytes = online ? s->opts.request_bytes : ZG_LOCAL_REQUEST_BYTES,
        .read_many = online ? sparse_read_many : NULL,
        .read_metadata = online ? sparse_read_metadata : NULL,
        .there = online ? NULL : sparse_there};
    return zagg_source_open_custom(&s->vtable, s, s->record.size, s->path, out, err);
}
