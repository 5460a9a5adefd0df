/* Scratch slots and the fetch of stored chunks: neighbours in the file come with one
 * read. */
#include "h5/h5.h"
#include "io/source.h"

/* Bytes between two chunks that are read along rather than asked for separately. */
#define MAX_GAP_BYTES ((uint64_t)64 << 10)
#define MAX_SPAN_BYTES ((uint64_t)8 << 20)

uint8_t *zg_h5_buf_need(zg_h5_buf *buf, size_t len)
{
    if (len > buf->cap || !buf->data) {
        zg_free(buf->data);
        buf->data = zg_realloc(NULL, len ? len : 1, 1);
        buf->cap = buf->data ? len : 0;
    }
    return buf->data;
}

zg_h5_slot *zg_h5_slot_get(zagg_h5 *file)
{
    pthread_mutex_lock(&file->lock);
    zg_h5_slot *slot = file->idle;
    if (slot)
        file->idle = slot->next;
    pthread_mutex_unlock(&file->lock);
    if (slot)
        return slot;
    slot = zg_alloc(1, sizeof *slot);
    if (!slot)
        return NULL;
    zg_vec_init(&slot->cols, sizeof(zg_h5_buf), 0);
    slot->inflater = zg_inflater_new();
    if (!slot->inflater) {
        zg_free(slot);
        return NULL;
    }
    return slot;
}

void zg_h5_slot_put(zagg_h5 *file, zg_h5_slot *slot)
{
    pthread_mutex_lock(&file->lock);
    slot->next = file->idle;
    file->idle = slot;
    pthread_mutex_unlock(&file->lock);
}

void zg_h5_slots_free(zagg_h5 *file)
{
    while (file->idle) {
        zg_h5_slot *slot = file->idle;
        file->idle = slot->next;
        for (size_t i = 0; i < slot->cols.len; i++)
            zg_free(ZG_VEC_AT(&slot->cols, zg_h5_buf, i)->data);
        zg_vec_free(&slot->cols);
        zg_free(slot->fetched.data);
        zg_free(slot->work[0].data);
        zg_free(slot->work[1].data);
        zg_inflater_free(slot->inflater);
        zg_free(slot);
    }
}

/* How many refs from the first on are read with one request, and the end of that request.
 */
static size_t span_of(const zagg_h5 *file, zg_h5_ref *const *refs, size_t n,
                      uint64_t *end)
{
    const uint64_t max_gap = zg_source_has_holes(file->source) ? 0 : MAX_GAP_BYTES;
    uint64_t begin = refs[0]->addr, stop = begin + refs[0]->size;
    size_t k = 1;
    for (; k < n; k++) {
        uint64_t next = refs[k]->addr + refs[k]->size;
        if ((refs[k]->addr > stop && refs[k]->addr - stop > max_gap) ||
            (next > begin && next - begin > MAX_SPAN_BYTES))
            break;
        stop = next > stop ? next : stop;
    }
    *end = stop;
    return k;
}

static zagg_status no_memory(size_t bytes, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory to fetch %zu bytes", bytes);
}

/* One read after another. */
static zagg_status fetch_local(zagg_h5 *file, zg_h5_buf *into, zg_h5_ref *const *refs,
                               size_t n, zagg_err *err)
{
    size_t total = 0, at = 0;
    uint64_t end;
    for (size_t i = 0; i < n;) {
        size_t k = span_of(file, refs + i, n - i, &end);
        if (!zg_add_size(total, (size_t)(end - refs[i]->addr), &total))
            return zagg_err_set(err, ZAGG_ERANGE, "chunks to fetch overflow");
        i += k;
    }
    uint8_t *to = zg_h5_buf_need(into, total);
    if (!to)
        return no_memory(total, err);
    for (size_t i = 0; i < n;) {
        size_t k = span_of(file, refs + i, n - i, &end);
        uint64_t begin = refs[i]->addr;
        size_t len = (size_t)(end - begin);
        ZAGG_TRY(
            zagg_source_read_at(file->source, file->base + begin, len, to + at, err));
        zg_h5_count(&file->bytes_fetched, len);
        for (size_t j = i; j < i + k; j++)
            refs[j]->stored = to + at + (refs[j]->addr - begin);
        at += len;
        i += k;
    }
    return ZAGG_OK;
}

/* One fetch of a remote file. */
typedef struct remote_fetch {
    zg_h5_ref *const *refs;
    size_t n;
    zg_h5_ref **left; /* those that are not held */
    size_t n_left;
    zagg_range *ranges; /* theirs, then the requests */
    zg_span *spans;
    size_t n_spans;
} remote_fetch;

/* Sums up what came along with metadata; the others are left. */
static size_t list_left(zagg_h5 *file, remote_fetch *f)
{
    size_t held = 0;
    for (size_t i = 0; i < f->n; i++) {
        zg_h5_ref *ref = f->refs[i];
        const uint64_t offset = file->base + ref->addr;
        if (zg_h5_blocks_hold(file, offset, ref->size, NULL)) {
            held += ref->size;
        } else {
            f->ranges[f->n_left] = (zagg_range){offset, ref->size, NULL};
            f->left[f->n_left++] = ref;
        }
    }
    return held;
}

static void copy_held(zagg_h5 *file, const remote_fetch *f, uint8_t *to)
{
    for (size_t i = 0, k = 0; i < f->n; i++) {
        zg_h5_ref *ref = f->refs[i];
        if (k < f->n_left && f->left[k] == ref) {
            k++;
            continue;
        }
        (void)zg_h5_blocks_hold(file, file->base + ref->addr, ref->size, to);
        ref->stored = to;
        to += ref->size;
    }
}

static zagg_status place_spans(zagg_h5 *file, remote_fetch *f, zg_h5_buf *into,
                               size_t held, zagg_err *err)
{
    size_t total = held, at = held;
    for (size_t i = 0; i < f->n_spans; i++)
        if (!zg_add_size(total, (size_t)(f->spans[i].end - f->spans[i].start), &total))
            return zagg_err_set(err, ZAGG_ERANGE, "chunks to fetch overflow");
    uint8_t *to = zg_h5_buf_need(into, total);
    if (!to)
        return no_memory(total, err);
    copy_held(file, f, to);
    for (size_t i = 0; i < f->n_spans; i++) {
        const zg_span span = f->spans[i];
        const size_t len = (size_t)(span.end - span.start);
        f->ranges[i] = (zagg_range){span.start, len, to + at};
        for (size_t j = span.first; j < span.last; j++)
            f->left[j]->stored = to + at + (file->base + f->left[j]->addr - span.start);
        at += len;
    }
    zg_h5_count(&file->bytes_fetched, total - held);
    return ZAGG_OK;
}

/* Chunks that are held are copied; of the others all spans come side by side. */
static zagg_status fetch_listed(zagg_h5 *file, remote_fetch *f, zg_h5_buf *into,
                                zagg_err *err)
{
    pthread_mutex_lock(&file->lock); /* so that what is held stays */
    const size_t held = list_left(file, f);
    zagg_status st = ZAGG_OK;
    if (f->n_left)
        st = zg_source_cut(file->source, f->ranges, f->n_left, NULL, f->spans,
                           &f->n_spans, err);
    if (st == ZAGG_OK)
        st = place_spans(file, f, into, held, err);
    pthread_mutex_unlock(&file->lock);
    return st != ZAGG_OK || f->n_spans == 0
               ? st
               : zg_source_request_many(file->source, f->ranges, f->n_spans, false, err);
}

static zagg_status fetch_remote(zagg_h5 *file, zg_h5_buf *into, zg_h5_ref *const *refs,
                                size_t n, zagg_err *err)
{
    remote_fetch f = {.refs = refs,
                      .n = n,
                      .left = zg_alloc(n, sizeof *f.left),
                      .ranges = zg_alloc(n, sizeof *f.ranges),
                      .spans = zg_alloc(n, sizeof *f.spans)};
    const zagg_status st = f.left && f.ranges && f.spans
                               ? fetch_listed(file, &f, into, err)
                               : no_memory(n * sizeof *f.ranges, err);
    zg_free(f.spans);
    zg_free(f.ranges);
    zg_free(f.left);
    return st;
}

zagg_status zg_h5_fetch_into(zagg_h5 *file, zg_h5_buf *into, zg_h5_ref *const *refs,
                             size_t n, zagg_err *err)
{
    if (!file->is_remote)
        return fetch_local(file, into, refs, n, err);
    return n ? fetch_remote(file, into, refs, n, err) : ZAGG_OK;
}

zagg_status zg_h5_fetch(zagg_h5 *file, zg_h5_slot *slot, zg_h5_ref *const *refs, size_t n,
                        zagg_err *err)
{
    if (!file->is_remote || n == 0)
        return zg_h5_fetch_into(file, &slot->fetched, refs, n, err);
    zg_h5_staged(file, refs, n);
    zg_h5_ref **left = zg_alloc(n, sizeof *left);
    if (!left)
        return no_memory(n * sizeof *left, err);
    size_t n_left = 0;
    for (size_t i = 0; i < n; i++)
        if (!refs[i]->stored)
            left[n_left++] = refs[i];
    const zagg_status st = zg_h5_fetch_into(file, &slot->fetched, left, n_left, err);
    zg_free(left);
    return st;
}
