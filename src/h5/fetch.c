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

zagg_status zg_h5_fetch(zagg_h5 *file, zg_h5_slot *slot, zg_h5_ref *const *refs, size_t n,
                        zagg_err *err)
{
    size_t total = 0, at = 0;
    uint64_t end;
    for (size_t i = 0; i < n;) {
        size_t k = span_of(file, refs + i, n - i, &end);
        if (!zg_add_size(total, (size_t)(end - refs[i]->addr), &total))
            return zagg_err_set(err, ZAGG_ERANGE, "chunks to fetch overflow");
        i += k;
    }
    uint8_t *to = zg_h5_buf_need(&slot->fetched, total);
    if (!to)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to fetch %zu bytes", total);
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
