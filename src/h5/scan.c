/* Decoding several columns side by side. The rows are cut into blocks, whole chunks of
 * the first column each; a task fetches what one block needs of every column and shows it
 * piece by piece to the caller. Nothing is kept but what the caller returns. */
#include "h5/h5.h"

#include <stdlib.h>

/* Decoded bytes of one block, over all columns, where chunks are smaller. */
#define BLOCK_BYTES ((uint64_t)256 << 10)
/* The same where a request takes as long as some megabytes. */
#define REMOTE_BLOCK_BYTES ((uint64_t)4 << 20)

typedef struct scan_column {
    zg_h5_view view;
    zg_vec refs; /* zg_h5_ref of all wanted rows */
} scan_column;

typedef struct block {
    uint64_t number;
    size_t range; /* the first that meets it */
} block;

typedef struct scan {
    zagg_h5 *file;
    scan_column *cols;
    size_t n_cols;
    const zagg_rows *ranges;
    size_t n_ranges;
    uint64_t n_rows, piece_rows, block_rows;
    zg_vec blocks;
    zagg_h5_scan_fn work;
    zagg_h5_fold_fn fold;
    void (*discard)(void *user, void *result);
    void *user;
} scan;

/* ---- one block ---- */

/* A column during one task: its fetched chunks, and which of them is decoded. */
typedef struct task_column {
    const scan_column *col;
    zg_h5_ref *refs;
    size_t n_refs;
    uint64_t decoded; /* chunk in bufs[0], UINT64_MAX if none */
    zg_h5_buf *bufs;  /* decoded chunk, rows put together */
} task_column;

typedef struct task {
    const scan *scan;
    size_t scratch_slot;
    zg_h5_slot *slot;
    task_column *cols;
    const void **data;
    uint64_t begin, end; /* rows that enclose all it needs */
    size_t first, stop;  /* ranges that it needs */
    zg_vec results;      /* void * */
} task;

static int by_address(const void *a, const void *b)
{
    const zg_h5_ref *x = *(zg_h5_ref *const *)a, *y = *(zg_h5_ref *const *)b;
    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* Own copies of the refs of rows [begin, end): blocks that share a chunk run side by
 * side. */
static zagg_status copy_refs(task_column *t, uint64_t begin, uint64_t end, zagg_err *err)
{
    const zg_vec *refs = &t->col->refs;
    uint64_t rows = t->col->view.ds->chunk_rows;
    size_t a = zg_h5_ref_at(refs->data, refs->len, begin / rows);
    size_t b = zg_h5_ref_at(refs->data, refs->len, (end - 1) / rows + 1);
    t->n_refs = b - a;
    t->refs = zg_alloc(t->n_refs + 1, sizeof *t->refs);
    if (!t->refs)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of chunks");
    if (t->n_refs)
        memcpy(t->refs, ZG_VEC_AT(refs, zg_h5_ref, a), t->n_refs * sizeof *t->refs);
    return ZAGG_OK;
}

/* Chunks between two ranges come along where they are, unless requests take time. */
static bool is_needed(const task *t, const task_column *c, const zg_h5_ref *ref)
{
    const scan *s = t->scan;
    if (ref->stored) /* compact data are there already */
        return false;
    if (!s->file->is_remote)
        return true;
    const uint64_t from = ref->chunk * c->col->view.ds->chunk_rows;
    const uint64_t to = from + c->col->view.ds->chunk_rows;
    for (size_t i = t->first; i < t->stop; i++)
        if (s->ranges[i].begin < to && s->ranges[i].end > from &&
            s->ranges[i].begin < s->ranges[i].end)
            return true;
    return false;
}

static zagg_status fetch_block(task *t, uint64_t begin, uint64_t end, zagg_err *err)
{
    size_t n = 0, total = 0;
    for (size_t i = 0; i < t->scan->n_cols; i++) {
        zagg_status st = copy_refs(&t->cols[i], begin, end, err);
        if (st != ZAGG_OK)
            return zg_h5_where(t->cols[i].col->view.ds, err, st);
        total += t->cols[i].n_refs;
    }
    zg_h5_ref **all = zg_alloc(total + 1, sizeof(zg_h5_ref *));
    if (!all)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of chunks");
    for (size_t i = 0; i < t->scan->n_cols; i++)
        for (size_t k = 0; k < t->cols[i].n_refs; k++)
            if (is_needed(t, &t->cols[i], &t->cols[i].refs[k]))
                all[n++] = &t->cols[i].refs[k];
    qsort(all, n, sizeof(zg_h5_ref *), by_address);
    zagg_status st = zg_h5_fetch(t->scan->file, t->slot, all, n, err);
    zg_free(all);
    return st == ZAGG_OK ? st : zg_h5_where(t->cols[0].col->view.ds, err, st);
}

/* Elements of a chunk that the task's rows lie in. */
static void wanted_elements(const task *t, const task_column *c, uint64_t number,
                            size_t *first, size_t *n)
{
    const zg_h5_view *view = &c->col->view;
    uint64_t from = number * view->ds->chunk_rows, to = from + view->ds->chunk_rows;
    uint64_t begin = t->begin > from ? t->begin : from, end = t->end < to ? t->end : to;
    *first = (size_t)(begin - from) * view->stride;
    *n = (size_t)(end - begin) * view->stride;
}

/* Decode a chunk of a column, unless it is the one decoded last: what the task needs of
 * it is at its place in *out. */
static zagg_status decoded_chunk(task *t, task_column *c, uint64_t number,
                                 zg_h5_decoded *out, zagg_err *err)
{
    const zagg_h5_dataset *ds = c->col->view.ds;
    *out = (zg_h5_decoded){c->bufs[0].data, false};
    if (c->decoded == number)
        return ZAGG_OK;
    c->decoded = UINT64_MAX;
    uint8_t *dest = zg_h5_buf_need(&c->bufs[0], ds->chunk_bytes);
    if (!dest)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a chunk of %zu bytes",
                            ds->chunk_bytes);
    size_t first, n, at = zg_h5_ref_at(c->refs, c->n_refs, number);
    wanted_elements(t, c, number, &first, &n);
    uint8_t *wanted = dest + first * ds->elem_size;
    if (at < c->n_refs && c->refs[at].chunk == number) {
        zg_h5_decoded chunk;
        ZAGG_TRY(zg_h5_decode(ds, t->slot, &c->refs[at], dest, &chunk, err));
        if (chunk.data != dest)
            zg_h5_elements(ds, &chunk, first, n, wanted);
        zg_h5_swap(ds, wanted, n);
    } else {
        zg_h5_fill_rows(ds, wanted, n);
    }
    c->decoded = number;
    out->data = dest;
    return ZAGG_OK;
}

/* Rows [begin, end) of one column as one run of elements. */
static zagg_status column_rows(task *t, task_column *c, uint64_t begin, uint64_t end,
                               const void **out, zagg_err *err)
{
    const zg_h5_view *view = &c->col->view;
    const zagg_h5_dataset *ds = view->ds;
    uint64_t rows = ds->chunk_rows, number = begin / rows;
    zg_h5_decoded chunk;
    if (view->stride == 1 && number == (end - 1) / rows) {
        ZAGG_TRY(decoded_chunk(t, c, number, &chunk, err));
        *out = chunk.data + (begin - number * rows) * ds->elem_size;
        return ZAGG_OK;
    }
    uint8_t *to = zg_h5_buf_need(&c->bufs[1], (size_t)(end - begin) * ds->elem_size);
    if (!to)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %llu rows",
                            (unsigned long long)(end - begin));
    *out = to;
    while (begin < end) {
        number = begin / rows;
        uint64_t stop = end - number * rows < rows ? end : (number + 1) * rows;
        ZAGG_TRY(decoded_chunk(t, c, number, &chunk, err));
        zg_h5_copy_rows(view, &chunk, begin - number * rows, (size_t)(stop - begin), to);
        to += (stop - begin) * ds->elem_size;
        begin = stop;
    }
    return ZAGG_OK;
}

static zagg_status piece(task *t, uint64_t begin, uint64_t end, zagg_err *err)
{
    const scan *s = t->scan;
    for (size_t i = 0; i < s->n_cols; i++) {
        zagg_status st = column_rows(t, &t->cols[i], begin, end, &t->data[i], err);
        if (st != ZAGG_OK)
            return zg_h5_where(s->cols[i].view.ds, err, st);
    }
    void **place = zg_vec_push(&t->results);
    if (!place)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the results of a scan");
    return s->work(s->user, t->scratch_slot, begin, (size_t)(end - begin), t->data, place,
                   err);
}

static zagg_status pieces(task *t, const block *b, zagg_err *err)
{
    const scan *s = t->scan;
    uint64_t from = b->number * s->block_rows, to = from + s->block_rows;
    uint64_t first = UINT64_MAX, last = 0;
    size_t stop = b->range;
    for (; stop < s->n_ranges && s->ranges[stop].begin < to; stop++) {
        const zagg_rows *r = &s->ranges[stop];
        if (r->begin == r->end)
            continue;
        uint64_t begin = r->begin > from ? r->begin : from;
        first = begin < first ? begin : first;
        last = r->end < to ? r->end : to;
    }
    t->begin = first;
    t->end = last;
    t->first = b->range;
    t->stop = stop;
    ZAGG_TRY(fetch_block(t, first, last, err));
    for (size_t i = b->range; i < stop; i++) {
        uint64_t begin = s->ranges[i].begin > from ? s->ranges[i].begin : from;
        uint64_t end = s->ranges[i].end < to ? s->ranges[i].end : to;
        while (begin < end) {
            uint64_t next = (begin / s->piece_rows + 1) * s->piece_rows;
            next = next < end ? next : end;
            ZAGG_TRY(piece(t, begin, next, err));
            begin = next;
        }
    }
    return ZAGG_OK;
}

static zagg_status task_prepare(task *t, zagg_err *err)
{
    const scan *s = t->scan;
    zg_vec_init(&t->results, sizeof(void *), 0);
    t->slot = zg_h5_slot_get(s->file);
    t->cols = zg_alloc(s->n_cols, sizeof *t->cols);
    t->data = zg_alloc(s->n_cols, sizeof(void *));
    bool ok = t->slot && t->cols && t->data;
    while (ok && t->slot->cols.len < 2 * s->n_cols)
        ok = zg_vec_push(&t->slot->cols) != NULL;
    if (!ok)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to decode columns");
    for (size_t i = 0; i < s->n_cols; i++)
        t->cols[i] = (task_column){&s->cols[i], NULL, 0, UINT64_MAX,
                                   ZG_VEC_AT(&t->slot->cols, zg_h5_buf, 2 * i)};
    return ZAGG_OK;
}

static void drop_results(const scan *s, zg_vec *results, size_t from)
{
    for (size_t i = from; i < results->len; i++) {
        void *result = *ZG_VEC_AT(results, void *, i);
        if (result && s->discard)
            s->discard(s->user, result);
    }
    zg_vec_free(results);
}

static zagg_status block_task(void *user, size_t index, size_t scratch_slot,
                              void **result, zagg_err *err)
{
    const scan *s = user;
    task t = {.scan = s, .scratch_slot = scratch_slot};
    zagg_status st = task_prepare(&t, err);
    if (st == ZAGG_OK)
        st = pieces(&t, ZG_VEC_AT(&s->blocks, block, index), err);
    for (size_t i = 0; i < s->n_cols && t.cols; i++)
        zg_free(t.cols[i].refs);
    zg_free(t.cols);
    zg_free(t.data);
    if (t.slot)
        zg_h5_slot_put(s->file, t.slot);
    zg_vec *kept = st == ZAGG_OK ? zg_alloc(1, sizeof *kept) : NULL;
    if (kept) {
        *kept = t.results;
        *result = kept;
        return ZAGG_OK;
    }
    drop_results(s, &t.results, 0);
    return st != ZAGG_OK
               ? st
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory for the results of a scan");
}

static zagg_status block_fold(void *user, size_t index, zagg_status status, void *result,
                              const zagg_err *task_err, zagg_err *err)
{
    (void)index;
    const scan *s = user;
    zg_vec *results = result;
    if (status != ZAGG_OK && err && task_err)
        *err = *task_err;
    if (status != ZAGG_OK || !results)
        return status;
    size_t i = 0;
    zagg_status st = ZAGG_OK;
    while (i < results->len && st == ZAGG_OK) {
        void *one = *ZG_VEC_AT(results, void *, i++);
        if (one && s->fold)
            st = s->fold(s->user, one, err);
        else if (one && s->discard)
            s->discard(s->user, one);
    }
    drop_results(s, results, i);
    zg_free(results);
    return st;
}

static void block_discard(void *user, void *result)
{
    if (!result)
        return;
    drop_results(user, result, 0);
    zg_free(result);
}

/* ---- planning ---- */

static zagg_status prepare_columns(scan *s, const zagg_h5_column *columns, zagg_err *err)
{
    uint64_t total;
    for (size_t i = 0; i < s->n_cols; i++) {
        zagg_h5_dataset *ds = columns[i].dataset, *first = columns[0].dataset;
        zagg_status st = zg_h5_view_of(columns[i], &s->cols[i].view, err);
        if (st == ZAGG_OK && ds->file != first->file)
            st = zagg_err_set(err, ZAGG_EARG, "not in the same file as %s", first->path);
        if (st == ZAGG_OK && ds->n_rows != first->n_rows)
            st = zagg_err_set(err, ZAGG_EFORMAT, "%llu rows, but %s has %llu",
                              (unsigned long long)ds->n_rows, first->path,
                              (unsigned long long)first->n_rows);
        if (st == ZAGG_OK)
            st = zg_h5_check_ranges(ds, s->ranges, s->n_ranges, &total, err);
        if (st == ZAGG_OK && total)
            st = zg_h5_refs(&s->cols[i].view, s->ranges[0].begin,
                            s->ranges[s->n_ranges - 1].end, &s->cols[i].refs, err);
        if (st != ZAGG_OK)
            return zg_h5_where(ds, err, st);
    }
    return ZAGG_OK;
}

/* Whole chunks of the first column, about BLOCK_BYTES decoded, but blocks enough for all
 * threads. */
static void size_blocks(scan *s, size_t width)
{
    uint64_t row_bytes = 0, rows = 0;
    for (size_t i = 0; i < s->n_cols; i++)
        row_bytes += s->cols[i].view.ds->elem_size * s->cols[i].view.stride;
    for (size_t i = 0; i < s->n_ranges; i++)
        rows += s->ranges[i].end - s->ranges[i].begin;
    const uint64_t most = s->file->is_remote ? REMOTE_BLOCK_BYTES : BLOCK_BYTES;
    uint64_t want = most / row_bytes, share = rows / (4 * (uint64_t)width);
    if (share < want && share * row_bytes >= most / 8)
        want = share;
    s->piece_rows = s->cols[0].view.ds->chunk_rows;
    s->block_rows = s->piece_rows * (want > s->piece_rows ? want / s->piece_rows : 1);
}

static zagg_status list_blocks(scan *s, zagg_err *err)
{
    uint64_t next = 0; /* blocks below it are listed */
    for (size_t i = 0; i < s->n_ranges; i++) {
        if (s->ranges[i].begin == s->ranges[i].end)
            continue;
        uint64_t from = s->ranges[i].begin / s->block_rows;
        uint64_t last = (s->ranges[i].end - 1) / s->block_rows;
        for (uint64_t b = from > next ? from : next; b <= last; b++) {
            block *place = zg_vec_push(&s->blocks);
            if (!place)
                return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a plan of a scan");
            *place = (block){b, i};
            next = b + 1;
        }
    }
    return ZAGG_OK;
}

zagg_status zagg_h5_scan(const zagg_h5_column *columns, size_t n_columns,
                         const zagg_rows *ranges, size_t n_ranges, zagg_pool *pool,
                         zagg_h5_scan_fn work, zagg_h5_fold_fn fold,
                         void (*discard)(void *user, void *result), void *user,
                         zagg_err *err)
{
    if (n_columns == 0)
        return zagg_err_set(err, ZAGG_EARG, "scan of no columns");
    scan s = {.file = columns[0].dataset->file,
              .n_cols = n_columns,
              .ranges = ranges,
              .n_ranges = n_ranges,
              .work = work,
              .fold = fold,
              .discard = discard,
              .user = user};
    zg_vec_init(&s.blocks, sizeof(block), 0);
    s.cols = zg_alloc(n_columns, sizeof *s.cols);
    if (!s.cols)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the columns of a scan");
    for (size_t i = 0; i < n_columns; i++)
        zg_vec_init(&s.cols[i].refs, sizeof(zg_h5_ref), 0);
    zagg_status st = prepare_columns(&s, columns, err);
    if (st == ZAGG_OK) {
        size_blocks(&s, zagg_pool_width(pool));
        st = list_blocks(&s, err);
    }
    if (st == ZAGG_OK && s.blocks.len)
        st = zagg_pool_map(pool, s.blocks.len, 0, block_task, block_fold, block_discard,
                           &s, err);
    for (size_t i = 0; i < n_columns; i++)
        zg_vec_free(&s.cols[i].refs);
    zg_free(s.cols);
    zg_vec_free(&s.blocks);
    return st;
}
