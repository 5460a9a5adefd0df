/* Slabs of a remote granule. Some slabs together are a window: what they are stored in is
 * fetched with one call, and the next window's is under way while one is decoded.
 *
 * Where rows are planned, all columns come with the coordinates. Elsewhere coordinates
 * tell which rows of the other columns are needed at all: those are fetched while the
 * next window is looked through. */
#include "core/pass_group.h"

#include <string.h>

/* A window that would be so many times too large is read as it comes. */
enum { TOO_LARGE = 4 };
/* Rows of data without chunks that are fetched together anyway. */
enum { PLAIN_ROWS = 1024 };

struct zg_fetch {
    zg_ahead_job job;
    zagg_h5 *file;
    zg_vec ranges; /* zagg_rows */
    zg_vec wants;  /* zagg_h5_want, of `ranges` */
    zg_vec index;  /* the same of all that the group reads; first window only */
    zagg_h5_stage *stage;
};

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory to fetch chunks");
}

/* ---- what a window needs ---- */

static bool add_want(zg_vec *wants, zagg_h5_column column)
{
    zagg_h5_want *want = zg_vec_push(wants);
    if (want)
        *want = (zagg_h5_want){.column = column};
    return want != NULL;
}

static bool add_coordinates(const zg_group_read *r, zg_vec *wants)
{
    return add_want(wants, r->lat) && add_want(wants, r->lon);
}

static bool is_fetched(const zg_group_read *r, size_t c)
{
    const zg_row_column *column = &r->columns[c];
    return r->worker->columns[c].used && !r->worker->columns[c].level &&
           column->fault.status == ZAGG_OK;
}

static bool add_columns(const zg_group_read *r, zg_vec *wants)
{
    bool ok = true;
    for (size_t i = 0; ok && i < r->n_filters; i++)
        if (r->filters[i].fault.status == ZAGG_OK && !r->filters[i].by_rows)
            ok = add_want(wants, r->filters[i].column);
    for (size_t c = 0; ok && c < r->worker->n_columns; c++)
        if (is_fetched(r, c))
            ok = add_want(wants, r->columns[c].column);
    return ok;
}

static void set_ranges(zg_vec *wants, const zagg_rows *ranges, size_t n)
{
    for (size_t i = 0; i < wants->len; i++) {
        ZG_VEC_AT(wants, zagg_h5_want, i)->ranges = ranges;
        ZG_VEC_AT(wants, zagg_h5_want, i)->n_ranges = n;
    }
}

/* ---- fetching ---- */

/* Failures that are the server's end the window; whatever else is wrong with a dataset is
 * for those to find who need it. */
static bool ends_window(zagg_status status)
{
    return zg_pass_is_fatal(status) || status == ZAGG_EHTTP || status == ZAGG_EAUTH ||
           status == ZAGG_EIO;
}

static zagg_status run_fetch(void *user, zagg_err *err)
{
    zg_fetch *f = user;
    zagg_h5_ahead_index(f->file, f->index.data, f->index.len);
    const zagg_status status =
        zagg_h5_stage_new(f->file, f->wants.data, f->wants.len, &f->stage, err);
    return ends_window(status) ? status : ZAGG_OK;
}

static void fetch_free(const zg_group_job *j, zg_fetch *f)
{
    if (!f)
        return;
    (void)zg_ahead_drop(j->granule->pass->ahead, &f->job);
    zagg_h5_stage_free(f->stage);
    zg_vec_free(&f->ranges);
    zg_vec_free(&f->wants);
    zg_vec_free(&f->index);
    zg_free(f);
}

static zg_fetch *fetch_new(const zg_group_job *j)
{
    zg_fetch *f = zg_alloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->file = j->granule->file;
    f->job.run = run_fetch;
    f->job.user = f;
    zg_vec_init(&f->ranges, sizeof(zagg_rows), 0);
    zg_vec_init(&f->wants, sizeof(zagg_h5_want), 0);
    zg_vec_init(&f->index, sizeof(zagg_h5_want), 0);
    return f;
}

static void fetch_begin(const zg_group_job *j, zg_fetch *f)
{
    set_ranges(&f->wants, f->ranges.data, f->ranges.len);
    zg_ahead_begin(j->granule->pass->ahead, &f->job);
}

static zagg_status fetch_end(const zg_group_job *j, zg_fetch *f, zagg_err *err)
{
    return f ? zg_ahead_end(j->granule->pass->ahead, &f->job, err) : ZAGG_OK;
}

/* ---- windows ---- */

static size_t window_begin(const zg_group_job *j, size_t w)
{
    return w < j->windows.len ? *ZG_VEC_AT(&j->windows, size_t, w) : j->slabs.len;
}

/* Rows of whole chunks that a slab meets. */
static uint64_t rows_touched(const zg_group_job *j, const zg_slab_plan *slab)
{
    const uint64_t rows = j->read.chunk_rows;
    uint64_t chunks = 0, next = 0; /* chunks below it are counted */
    for (size_t i = slab->first; i < slab->first + slab->n; i++) {
        const zagg_rows *cut = ZG_VEC_AT(&j->cuts, zagg_rows, i);
        const uint64_t from = cut->begin / rows > next ? cut->begin / rows : next;
        const uint64_t end = (cut->end - 1) / rows + 1;
        chunks += end > from ? end - from : 0;
        next = end > next ? end : next;
    }
    return chunks * rows;
}

static uint64_t row_bytes(const zg_vec *wants)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < wants->len; i++) {
        const zagg_h5_info info =
            zagg_h5_dataset_info(ZG_VEC_AT(wants, zagg_h5_want, i)->column.dataset);
        bytes += zagg_dtype_size(info.dtype) * (info.rank == 2 ? info.dims[1] : 1);
    }
    return bytes;
}

/* As many slabs as may be fetched at once. False: no memory. */
static bool cut_windows(zg_group_job *j, uint64_t bytes_a_row)
{
    const uint64_t most = j->granule->pass->window_bytes;
    uint64_t bytes = UINT64_MAX;
    for (size_t s = 0; s < j->slabs.len; s++) {
        uint64_t more;
        if (!zg_mul_u64(rows_touched(j, ZG_VEC_AT(&j->slabs, zg_slab_plan, s)),
                        bytes_a_row, &more))
            more = UINT64_MAX;
        if (!zg_add_u64(bytes, more, &bytes) || bytes > most) {
            size_t *window = zg_vec_push(&j->windows);
            if (!window)
                return false;
            *window = s;
            bytes = more;
        }
    }
    return true;
}

static bool is_too_large(const zg_group_job *j, size_t w, uint64_t bytes_a_row)
{
    uint64_t rows = 0;
    for (size_t s = window_begin(j, w); s < window_begin(j, w + 1); s++)
        rows += rows_touched(j, ZG_VEC_AT(&j->slabs, zg_slab_plan, s));
    const uint64_t most = j->granule->pass->window_bytes;
    return bytes_a_row && rows / TOO_LARGE > most / bytes_a_row;
}

/* Begin to fetch what window w needs first; *out stays NULL where there is no such
 * window, or it is too large. */
static zagg_status begin_window(zg_group_job *j, size_t w, zg_fetch **out, zagg_err *err)
{
    const size_t first = window_begin(j, w), end = window_begin(j, w + 1);
    *out = NULL;
    if (first == end)
        return ZAGG_OK;
    zg_fetch *f = fetch_new(j);
    bool ok = f && add_coordinates(&j->read, &f->wants) &&
              (!j->read.planned || add_columns(&j->read, &f->wants));
    for (size_t s = first; ok && s < end; s++) {
        const zg_slab_plan *plan = ZG_VEC_AT(&j->slabs, zg_slab_plan, s);
        ok = zg_vec_append(&f->ranges, ZG_VEC_AT(&j->cuts, zagg_rows, plan->first),
                           plan->n);
    }
    if (ok && w == 0)
        ok = zg_vec_append(&f->index, f->wants.data, f->wants.len);
    if (!ok || is_too_large(j, w, row_bytes(&f->wants))) {
        fetch_free(j, f);
        return ok ? ZAGG_OK : no_memory(err);
    }
    set_ranges(&f->index, j->read.ranges, j->read.n_ranges);
    fetch_begin(j, f);
    *out = f;
    return ZAGG_OK;
}

zagg_status zg_windows_begin(zg_group_job *j, zagg_err *err)
{
    zg_vec wants;
    zg_vec_init(&wants, sizeof(zagg_h5_want), 0);
    const bool ok = add_coordinates(&j->read, &wants) && add_columns(&j->read, &wants) &&
                    cut_windows(j, row_bytes(&wants));
    zg_vec_free(&wants);
    return ok ? begin_window(j, 0, &j->first_window, err) : no_memory(err);
}

void zg_windows_drop(zg_group_job *j)
{
    fetch_free(j, j->first_window);
    j->first_window = NULL;
    zg_vec_free(&j->windows);
}

/* ---- rows that were planned ---- */

static zagg_status map_slabs(zg_group_job *j, size_t w, zagg_pool_task_fn task,
                             zg_slab **slabs, zagg_err *err)
{
    zg_slab_step step = {j, window_begin(j, w), slabs};
    return zagg_pool_map(j->granule->pass->opts->pool,
                         window_begin(j, w + 1) - step.first, 0, task, NULL, NULL, &step,
                         err);
}

static zagg_status read_planned(zg_group_job *j, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    for (size_t w = 0; status == ZAGG_OK && w < j->windows.len; w++) {
        zg_fetch *now = j->first_window, *next = NULL;
        j->first_window = NULL;
        status = begin_window(j, w + 1, &next, err);
        if (status == ZAGG_OK)
            status = fetch_end(j, now, err);
        if (status == ZAGG_OK)
            status = map_slabs(j, w, zg_slab_task_all, NULL, err);
        fetch_free(j, now);
        j->first_window = next;
    }
    return status;
}

/* ---- rows that coordinates tell ---- */

/* A window whose coordinates were looked through. */
typedef struct scanned {
    size_t window, n;
    zg_slab **slabs; /* n; NULL: there is no such window */
    zg_fetch *rest;  /* the other columns of the rows that are kept */
} scanned;

static void scanned_free(const zg_group_job *j, scanned *s)
{
    fetch_free(j, s->rest);
    for (size_t i = 0; s->slabs && i < s->n; i++)
        zg_slab_give(j->granule->pass, s->slabs[i]);
    zg_free(s->slabs);
    *s = (scanned){0};
}

/* Rows so close that no chunk lies between them. */
static uint64_t closest_rows(const zg_vec *wants)
{
    uint64_t rows = UINT64_MAX;
    for (size_t i = 0; i < wants->len; i++) {
        const zagg_h5_info info =
            zagg_h5_dataset_info(ZG_VEC_AT(wants, zagg_h5_want, i)->column.dataset);
        const uint64_t n =
            info.layout == ZAGG_H5_CHUNKED ? info.chunk_dims[0] : PLAIN_ROWS;
        rows = n < rows ? n : rows;
    }
    return rows;
}

static bool add_kept_rows(zg_vec *ranges, const zg_slab *slab, uint64_t close)
{
    const uint64_t *rows = slab->rows.data;
    for (size_t i = 0; i < slab->rows.len; i++) {
        zagg_rows *last =
            ranges->len ? ZG_VEC_AT(ranges, zagg_rows, ranges->len - 1) : NULL;
        if (last && rows[i] - last->end < close) {
            last->end = rows[i] + 1;
            continue;
        }
        last = zg_vec_push(ranges);
        if (!last)
            return false;
        *last = (zagg_rows){rows[i], rows[i] + 1};
    }
    return true;
}

static zagg_status begin_rest(const zg_group_job *j, scanned *s, zagg_err *err)
{
    zg_fetch *f = fetch_new(j);
    bool ok = f && add_columns(&j->read, &f->wants);
    const uint64_t close = ok ? closest_rows(&f->wants) : 0;
    for (size_t i = 0; ok && i < s->n; i++)
        ok = add_kept_rows(&f->ranges, s->slabs[i], close);
    if (!ok || f->ranges.len == 0 || f->wants.len == 0 ||
        is_too_large(j, s->window, row_bytes(&f->wants))) {
        fetch_free(j, f);
        return ok ? ZAGG_OK : no_memory(err);
    }
    fetch_begin(j, f);
    s->rest = f;
    return ZAGG_OK;
}

static zagg_status scan_window(zg_group_job *j, size_t w, zg_fetch *coordinates,
                               scanned *out, zagg_err *err)
{
    out->window = w;
    out->n = window_begin(j, w + 1) - window_begin(j, w);
    out->slabs = zg_alloc(out->n, sizeof(zg_slab *));
    if (!out->slabs)
        return no_memory(err);
    ZAGG_TRY(fetch_end(j, coordinates, err));
    ZAGG_TRY(map_slabs(j, w, zg_slab_task_scan, out->slabs, err));
    return begin_rest(j, out, err);
}

static zagg_status fill_window(zg_group_job *j, const scanned *s, zagg_err *err)
{
    if (!s->slabs)
        return ZAGG_OK;
    ZAGG_TRY(fetch_end(j, s->rest, err));
    return map_slabs(j, s->window, zg_slab_task_fill, s->slabs, err);
}

static zagg_status read_scanned(zg_group_job *j, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    scanned before = {0};
    for (size_t w = 0; status == ZAGG_OK && w < j->windows.len; w++) {
        zg_fetch *now = j->first_window, *next = NULL;
        scanned s = {0};
        j->first_window = NULL;
        status = begin_window(j, w + 1, &next, err);
        if (status == ZAGG_OK)
            status = scan_window(j, w, now, &s, err);
        fetch_free(j, now);
        j->first_window = next;
        if (status == ZAGG_OK)
            status = fill_window(j, &before, err);
        scanned_free(j, &before);
        before = s;
    }
    if (status == ZAGG_OK)
        status = fill_window(j, &before, err);
    scanned_free(j, &before);
    return status;
}

zagg_status zg_windows_read(zg_group_job *j, zagg_err *err)
{
    return j->read.planned ? read_planned(j, err) : read_scanned(j, err);
}
