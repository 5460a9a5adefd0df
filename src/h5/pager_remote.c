/* Metadata of files whose requests take time, and of those that lack bytes: blocks of any
 * place and length that do not overlap, and a way to learn what is missing before it is
 * asked for.
 *
 * While a file is `collecting`, what is not here is noted and the structure that needs it
 * is given up, so that one pass over many structures tells what all of them need next. It
 * then comes with one call. A tree of any width costs as many calls as it has levels. */
#include "h5/h5.h"
#include "io/source.h"

#include <stdlib.h>

/* Structures that lie so far apart come with one request. */
#define GAP_BYTES ((uint64_t)128 << 10)
#define SPAN_BYTES ((uint64_t)8 << 20)
/* What one pass may ask for, of the metadata that may be held. */
enum { PARTS_ASKED = 4, PARTS_HELD = 2, PASSES = 32 };

/* The first block that ends behind `offset`. */
static size_t block_at(const zagg_h5 *file, uint64_t offset)
{
    const zg_h5_block *list = file->blocks.data;
    size_t lo = 0, hi = file->blocks.len;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (list[mid].offset + list[mid].len <= offset)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void drop_block(zagg_h5 *file, size_t at)
{
    zg_h5_block *list = file->blocks.data;
    file->block_bytes -= list[at].len;
    zg_free(list[at].memory);
    memmove(list + at, list + at + 1, (file->blocks.len - at - 1) * sizeof *list);
    file->blocks.len--;
}

void zg_h5_blocks_free(zagg_h5 *file)
{
    for (size_t i = 0; i < file->blocks.len; i++)
        zg_free(ZG_VEC_AT(&file->blocks, zg_h5_block, i)->memory);
    zg_vec_free(&file->blocks);
    zg_vec_free(&file->missing);
}

/* Of those not asked for in this pass, the one whose last use is longest ago. */
static void make_room(zagg_h5 *file, uint64_t pass)
{
    const uint64_t most = file->limits.max_metadata_bytes / PARTS_HELD;
    while (file->block_bytes > most) {
        const zg_h5_block *list = file->blocks.data;
        size_t oldest = SIZE_MAX;
        for (size_t i = 0; i < file->blocks.len; i++)
            if (list[i].used < pass &&
                (oldest == SIZE_MAX || list[i].used < list[oldest].used))
                oldest = i;
        if (oldest == SIZE_MAX)
            return;
        drop_block(file, oldest);
    }
}

/* Takes the memory. What is here already stays; of the new one remains what it adds. */
static bool add_block(zagg_h5 *file, uint64_t offset, size_t len, uint8_t *memory)
{
    zg_h5_block added = {offset, len, memory, memory, file->clock};
    size_t at = block_at(file, offset);
    while (at < file->blocks.len) {
        const zg_h5_block *b = ZG_VEC_AT(&file->blocks, zg_h5_block, at);
        const uint64_t end = b->offset + b->len, new_end = added.offset + added.len;
        if (b->offset >= new_end)
            break;
        if (b->offset >= added.offset && end <= new_end) {
            drop_block(file, at);
            continue;
        }
        if (b->offset < added.offset) { /* its end is here */
            const uint64_t cut = end < new_end ? end - added.offset : added.len;
            added.offset += cut;
            added.data += cut;
            added.len -= (size_t)cut;
            at++;
        } else { /* its beginning is */
            added.len = (size_t)(b->offset - added.offset);
        }
    }
    if (added.len == 0) {
        zg_free(memory);
        return true;
    }
    if (!zg_vec_push(&file->blocks)) {
        zg_free(memory);
        return false;
    }
    zg_h5_block *list = file->blocks.data;
    memmove(list + at + 1, list + at, (file->blocks.len - 1 - at) * sizeof *list);
    list[at] = added;
    file->block_bytes += added.len;
    return true;
}

/* ---- loading ---- */

/* Spans that are asked for together, with memory of their own each. */
typedef struct load {
    zagg_range *spans;
    size_t n;
} load;

static void load_free(load *l)
{
    for (size_t i = 0; i < l->n; i++)
        zg_free(l->spans[i].out);
    zg_free(l->spans);
    *l = (load){0};
}

static int by_offset(const void *a, const void *b)
{
    const zagg_range *x = a, *y = b;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->len == y->len ? 0 : x->len > y->len ? -1 : 1;
}

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for metadata");
}

static zagg_status load_plan(const zagg_h5 *file, zagg_range *wanted, size_t n, load *out,
                             zagg_err *err)
{
    static const zagg_coalesce HOW = {GAP_BYTES, SPAN_BYTES};
    zg_span *cut = zg_alloc(n, sizeof *cut);
    size_t n_cut = 0;
    *out = (load){zg_alloc(n, sizeof *out->spans), 0};
    zagg_status st = cut && out->spans ? ZAGG_OK : no_memory(err);
    qsort(wanted, n, sizeof *wanted, by_offset);
    if (st == ZAGG_OK)
        st = zg_source_cut(file->source, wanted, n, &HOW, cut, &n_cut, err);
    for (size_t i = 0; i < n_cut && st == ZAGG_OK; i++) {
        const size_t len = (size_t)(cut[i].end - cut[i].start);
        uint8_t *memory = zg_realloc(NULL, len, 1);
        if (!memory)
            st = no_memory(err);
        else
            out->spans[out->n++] = (zagg_range){cut[i].start, len, memory};
    }
    zg_free(cut);
    if (st != ZAGG_OK)
        load_free(out);
    return st;
}

static zagg_status load_keep(zagg_h5 *file, load *l, zagg_err *err)
{
    bool ok = true;
    file->clock++;
    for (size_t i = 0; i < l->n; i++) {
        ok &= add_block(file, l->spans[i].offset, l->spans[i].len, l->spans[i].out);
        l->spans[i].out = NULL;
    }
    make_room(file, file->clock);
    return ok ? ZAGG_OK : no_memory(err);
}

/* The page around a place that nobody announced. */
static zagg_range page_around(const zagg_h5 *file, uint64_t offset)
{
    uint64_t begin = offset / file->page_bytes * file->page_bytes, end = file->size;
    uint64_t there = offset, there_end = offset + 1;
    if (end - begin > file->page_bytes)
        end = begin + file->page_bytes;
    if (zg_source_has_holes(file->source)) { /* a byte that is missing fails alone */
        (void)zg_source_there(file->source, offset, &there, &there_end);
        begin = begin > there ? begin : there;
        end = end < there_end ? end : there_end;
    }
    return (zagg_range){begin, (size_t)(end - begin), NULL};
}

static zagg_status load_page(zagg_h5 *file, uint64_t offset, zagg_err *err)
{
    zagg_range page = page_around(file, offset);
    load l;
    ZAGG_TRY(load_plan(file, &page, 1, &l, err));
    zagg_status st = zg_source_request_many(file->source, l.spans, l.n, true, err);
    if (st == ZAGG_OK)
        st = load_keep(file, &l, err);
    load_free(&l);
    return st;
}

/* ---- reading ---- */

/* Pages are met again and again, other ranges once. */
static bool is_noted(const zagg_h5 *file, const zagg_range *page)
{
    enum { LAST = 64 };
    const zagg_range *list = file->missing.data;
    const size_t n = file->missing.len;
    for (size_t i = n; i > 0 && i + LAST > n; i--)
        if (list[i - 1].offset == page->offset && list[i - 1].len == page->len)
            return true;
    return false;
}

static void note_missing(zagg_h5 *file, zagg_range range)
{
    if (is_noted(file, &range) ||
        file->missing_bytes > file->limits.max_metadata_bytes / PARTS_ASKED)
        return; /* with the next pass */
    zagg_range *at = zg_vec_push(&file->missing);
    if (!at)
        return;
    *at = range;
    file->missing_bytes += range.len;
}

zagg_status zg_h5_blocks_read(zagg_h5 *file, uint64_t offset, size_t len, void *out,
                              zagg_err *err)
{
    uint8_t *to = out;
    bool whole = true;
    file->clock++;
    while (len) {
        size_t at = block_at(file, offset);
        zg_h5_block *b =
            at < file->blocks.len ? ZG_VEC_AT(&file->blocks, zg_h5_block, at) : NULL;
        size_t n;
        if (b && b->offset <= offset) {
            const size_t skip = (size_t)(offset - b->offset);
            n = b->len - skip < len ? b->len - skip : len;
            memcpy(to, b->data + skip, n);
            b->used = file->clock;
        } else if (file->collecting) {
            const zagg_range page = page_around(file, offset);
            const uint64_t left = page.offset + page.len - offset;
            note_missing(file, page);
            whole = false;
            n = left < len ? (size_t)left : len;
        } else {
            ZAGG_TRY(load_page(file, offset, err));
            continue;
        }
        to += n;
        offset += n;
        len -= n;
    }
    return whole ? ZAGG_OK : ZAGG_ECANCELLED;
}

bool zg_h5_blocks_hold(zagg_h5 *file, uint64_t offset, size_t len, void *out)
{
    uint8_t *to = out;
    for (size_t at = block_at(file, offset); len; at++) {
        zg_h5_block *b =
            at < file->blocks.len ? ZG_VEC_AT(&file->blocks, zg_h5_block, at) : NULL;
        if (!b || b->offset > offset)
            return false;
        const size_t skip = (size_t)(offset - b->offset);
        const size_t n = b->len - skip < len ? b->len - skip : len;
        if (to) {
            memcpy(to, b->data + skip, n);
            to += n;
        }
        b->used = file->clock;
        offset += n;
        len -= n;
    }
    return true;
}

bool zg_h5_meta_wants(zagg_h5 *file, uint64_t addr, size_t len)
{
    uint64_t offset, end;
    if (!file->collecting || addr == ZG_H5_UNDEF ||
        !zg_add_u64(file->base, addr, &offset) || offset >= file->size)
        return false;
    if (!zg_add_u64(offset, len, &end) || end > file->size)
        end = file->size;
    bool missing = false;
    for (size_t at = block_at(file, offset); offset < end; at++) {
        const zg_h5_block *b =
            at < file->blocks.len ? ZG_VEC_AT(&file->blocks, zg_h5_block, at) : NULL;
        const uint64_t stop = b && b->offset < end ? b->offset : end;
        if (stop > offset) {
            note_missing(file, (zagg_range){offset, (size_t)(stop - offset), NULL});
            missing = true;
        }
        offset = b && b->offset < end ? b->offset + b->len : end;
    }
    return missing;
}

void zg_h5_meta_touch(zagg_h5 *file, uint64_t addr)
{
    uint64_t offset;
    if (!file->collecting || addr == ZG_H5_UNDEF ||
        !zg_add_u64(file->base, addr, &offset) || offset >= file->size)
        return;
    const size_t at = block_at(file, offset);
    if (at == file->blocks.len ||
        ZG_VEC_AT(&file->blocks, zg_h5_block, at)->offset > offset)
        note_missing(file, page_around(file, offset));
}

/* ---- passes ---- */

static zagg_status one_pass(zagg_h5 *file, zg_h5_pass_fn fn, void *user, load *out)
{
    zagg_status st = ZAGG_OK;
    pthread_mutex_lock(&file->lock);
    file->missing.len = 0;
    file->missing_bytes = 0;
    file->collecting = true;
    fn(file, user);
    file->collecting = false;
    if (file->missing.len)
        st = load_plan(file, file->missing.data, file->missing.len, out, NULL);
    pthread_mutex_unlock(&file->lock);
    return st;
}

void zg_h5_read_ahead(zagg_h5 *file, zg_h5_pass_fn fn, void *user)
{
    zagg_status st = ZAGG_OK;
    for (int pass = 0; pass < PASSES && st == ZAGG_OK; pass++) {
        load l = {0};
        st = one_pass(file, fn, user, &l);
        if (l.n == 0)
            return;
        if (st == ZAGG_OK) /* others may read meanwhile */
            st = zg_source_request_many(file->source, l.spans, l.n, true, NULL);
        if (st == ZAGG_OK) {
            pthread_mutex_lock(&file->lock);
            st = load_keep(file, &l, NULL);
            pthread_mutex_unlock(&file->lock);
        }
        load_free(&l);
    }
}
