#include "h5_test.h"
#include "support/parallel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One dataset as libhdf5 reads it, in the machine's byte order. */
typedef struct expected {
    size_t rows, cols, size;
    uint8_t *data;
} expected;

typedef struct visit {
    zagg_h5 *file;
    case_report *report;
    zagg_pool *pools[4];
    parallel_counts counts; /* of a remote file */
    size_t n_compared;
    uint64_t random;
} visit;

static uint64_t next_random(visit *v, uint64_t below)
{
    v->random = v->random * 6364136223846793005u + 1442695040888963407u;
    return below ? (v->random >> 33) % below : 0;
}

/* False for types and shapes outside what the reader is for. */
static bool oracle_read(hid_t ds, expected *out)
{
    hid_t type = H5Dget_type(ds), space = H5Dget_space(ds);
    H5T_class_t cls = H5Tget_class(type);
    int rank = H5Sget_simple_extent_ndims(space);
    bool ok = (cls == H5T_INTEGER || cls == H5T_FLOAT || cls == H5T_ENUM) && rank >= 0 &&
              rank <= 2 && H5Sget_simple_extent_type(space) != H5S_NULL &&
              (cls != H5T_FLOAT || H5Tget_size(type) >= 4) && H5Tcommitted(type) <= 0;
    hid_t plist = H5Dget_create_plist(ds);
    for (int i = 0; ok && i < H5Pget_nfilters(plist); i++) {
        size_t n = 0;
        unsigned flags, config;
        H5Z_filter_t id =
            H5Pget_filter2(plist, (unsigned)i, &flags, &n, NULL, 0, NULL, &config);
        ok = id >= 1 && id <= 3;
    }
    H5Pclose(plist);
    if (ok) {
        hsize_t dims[2] = {1, 1};
        H5Sget_simple_extent_dims(space, dims, NULL);
        hid_t native = H5Tget_native_type(type, H5T_DIR_DEFAULT);
        *out = (expected){(size_t)dims[0], (size_t)dims[1], H5Tget_size(native), NULL};
        out->data = malloc(out->rows * out->cols * out->size + 1);
        assert_non_null(out->data);
        ok = H5Dread(ds, native, H5S_ALL, H5S_ALL, H5P_DEFAULT, out->data) >= 0;
        assert_true(ok);
        H5Tclose(native);
    }
    H5Sclose(space);
    H5Tclose(type);
    return ok;
}

static uint8_t *column_of(const expected *e, size_t col)
{
    uint8_t *out = malloc(e->rows * e->size + 1);
    assert_non_null(out);
    for (size_t i = 0; i < e->rows; i++)
        memcpy(out + i * e->size, e->data + (i * e->cols + col) * e->size, e->size);
    return out;
}

/* Up to n ascending ranges, some empty, some touching, inside `rows`. */
static size_t random_ranges(visit *v, size_t rows, zagg_rows *out, size_t n)
{
    uint64_t at = 0;
    size_t k = 0;
    for (; k < n; k++) {
        uint64_t gap = next_random(v, 3) ? next_random(v, rows / 3 + 1) : 0;
        uint64_t begin = at + gap < rows ? at + gap : rows;
        uint64_t len = next_random(v, next_random(v, 2) ? rows / 2 + 1 : 5);
        out[k].begin = begin;
        out[k].end = begin + len < rows ? begin + len : rows;
        at = out[k].end;
    }
    return k;
}

typedef struct checked {
    visit *v;
    zagg_h5_column column;
    size_t rows, size;
    const uint8_t *want; /* the whole column */
    const char *name;
    bool failed;
} checked;

static void bad(checked *c, const char *how, const char *why)
{
    if (!c->failed)
        case_fail(c->v->report, c->name, "%s: %s", how, why);
    c->failed = true;
}

static void check_ranges(checked *c, const zagg_rows *ranges, size_t n, zagg_pool *pool)
{
    size_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += (size_t)(ranges[i].end - ranges[i].begin);
    uint8_t *got = malloc(total * c->size + 1);
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_h5_read(c->column, ranges, n, pool, got, &err) != ZAGG_OK) {
        bad(c, "read", err.msg);
        total = 0;
    }
    for (size_t i = 0, at = 0; i < n && total; i++) {
        size_t len = (size_t)(ranges[i].end - ranges[i].begin);
        if (memcmp(got + at * c->size, c->want + ranges[i].begin * c->size,
                   len * c->size) != 0)
            bad(c, "read", "values differ");
        at += len;
    }
    free(got);
}

static void check_gather(checked *c, uint64_t keep_one_in, zagg_pool *pool)
{
    uint64_t *rows = calloc(c->rows + 1, sizeof *rows);
    uint8_t *got = malloc(c->rows * c->size + 1);
    size_t n = 0;
    for (size_t i = 0; i < c->rows; i++)
        if (next_random(c->v, keep_one_in) == 0)
            rows[n++] = i;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_h5_gather(c->column, rows, n, pool, got, &err) != ZAGG_OK) {
        bad(c, "gather", err.msg);
        n = 0;
    }
    for (size_t i = 0; i < n; i++)
        if (memcmp(got + i * c->size, c->want + rows[i] * c->size, c->size) != 0)
            bad(c, "gather", "values differ");
    free(got);
    free(rows);
}

/* ---- scan: every column of the scan must show the wanted rows, in order, once ---- */

typedef struct scan_check {
    checked *c;
    const zagg_rows *ranges;
    size_t n_ranges, range;
    uint64_t next;
    size_t max_piece;
} scan_check;

typedef struct piece {
    uint64_t first;
    size_t n;
    uint8_t data[];
} piece;

static zagg_status on_piece(void *user, size_t slot, uint64_t first, size_t n,
                            const void *const *cols, void **result, zagg_err *err)
{
    (void)slot;
    scan_check *s = user;
    if (n == 0 || memcmp(cols[0], cols[1], n * s->c->size) != 0 ||
        (uintptr_t)cols[0] % s->c->size != 0)
        return zagg_err_set(err, ZAGG_EINTERNAL, "the same column twice differs");
    piece *p = malloc(sizeof *p + n * s->c->size);
    *p = (piece){first, n};
    memcpy(p->data, cols[1], n * s->c->size);
    *result = p;
    return ZAGG_OK;
}

static zagg_status on_fold(void *user, void *result, zagg_err *err)
{
    scan_check *s = user;
    piece *p = result;
    while (s->range < s->n_ranges && s->next >= s->ranges[s->range].end) {
        if (++s->range < s->n_ranges && s->next < s->ranges[s->range].begin)
            s->next = s->ranges[s->range].begin;
    }
    bool ok = s->range < s->n_ranges && p->first == s->next &&
              p->first + p->n <= s->ranges[s->range].end && p->n <= s->max_piece &&
              memcmp(p->data, s->c->want + p->first * s->c->size, p->n * s->c->size) == 0;
    s->next += p->n;
    free(p);
    return ok ? ZAGG_OK : zagg_err_set(err, ZAGG_EINTERNAL, "rows or values differ");
}

static void on_discard(void *user, void *result)
{
    (void)user;
    free(result);
}

static void check_scan(checked *c, const zagg_rows *ranges, size_t n, zagg_pool *pool)
{
    zagg_h5_column columns[2] = {c->column, c->column};
    zagg_h5_info info = zagg_h5_dataset_info(c->column.dataset);
    scan_check s = {c, ranges, n, 0, n ? ranges[0].begin : 0, c->rows};
    if (info.layout == ZAGG_H5_CHUNKED)
        s.max_piece = (size_t)info.chunk_dims[0];
    size_t total = 0, seen = 0;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_h5_scan(columns, 2, ranges, n, pool, on_piece, on_fold, on_discard, &s,
                     &err) != ZAGG_OK) {
        bad(c, "scan", err.msg);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        total += (size_t)(ranges[i].end - ranges[i].begin);
        seen = ranges[i].end > ranges[i].begin ? (size_t)ranges[i].end : seen;
    }
    if (total && s.next != seen)
        bad(c, "scan", "rows are missing");
}

/* Of a remote file: all that reading `ranges` needs is there before. */
static zagg_h5_stage *stage(checked *c, const zagg_rows *ranges, size_t n)
{
    const zagg_h5_want want = {c->column, ranges, n};
    zagg_h5_stage *staged = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_h5_stage_new(c->v->file, &want, 1, &staged, &err) != ZAGG_OK)
        bad(c, "stage", err.msg);
    return staged;
}

static void compare_staged(checked *c, const zagg_rows *ranges, size_t n)
{
    zagg_h5_stage *staged = stage(c, ranges, n);
    const int before = c->v->counts.calls;
    check_ranges(c, ranges, n, c->v->pools[1]);
    check_scan(c, ranges, n, c->v->pools[2]);
    if (c->v->counts.calls != before)
        bad(c, "stage", "something was read again");
    zagg_h5_stage_free(staged);
}

static void compare_column(checked *c)
{
    zagg_rows whole = {0, c->rows}, ranges[9];
    if (zagg_h5_is_remote(c->v->file)) {
        compare_staged(c, &whole, 1);
        compare_staged(c, ranges,
                       random_ranges(c->v, c->rows, ranges, 1 + next_random(c->v, 9)));
    }
    for (size_t p = 0; p < 4; p++) {
        zagg_pool *pool = c->v->pools[p];
        check_ranges(c, &whole, 1, pool);
        check_scan(c, &whole, 1, pool);
        check_gather(c, 1, pool);
        check_gather(c, 2 + next_random(c->v, 200), pool);
        size_t n = random_ranges(c->v, c->rows, ranges, 1 + next_random(c->v, 9));
        check_ranges(c, ranges, n, pool);
        check_scan(c, ranges, n, pool);
    }
}

static void compare_dataset(visit *v, hid_t ds, const char *path)
{
    expected e;
    zagg_h5_dataset *ours = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status st = zagg_h5_dataset_open(v->file, path, &ours, &err);
    if (!oracle_read(ds, &e)) {
        if (st == ZAGG_OK ? zagg_h5_dataset_info(ours).rank <= 2
                          : st != ZAGG_EUNSUPPORTED)
            case_fail(v->report, path, "must be refused as unsupported: %s", err.msg);
        return;
    }
    if (st != ZAGG_OK) {
        case_fail(v->report, path, "open: %s", err.msg);
        free(e.data);
        return;
    }
    zagg_h5_info info = zagg_h5_dataset_info(ours);
    checked c = {.v = v, .rows = e.rows, .size = e.size, .name = path};
    if (zagg_dtype_size(info.dtype) != e.size || (info.rank && info.dims[0] != e.rows) ||
        (info.rank == 2 && info.dims[1] != e.cols))
        bad(&c, "open", "type or shape differs");
    for (size_t col = 0; col < e.cols && !c.failed; col++) {
        uint8_t *want = column_of(&e, col);
        c.want = want;
        c.column = (zagg_h5_column){ours, info.rank == 2 ? (int64_t)col : -1};
        compare_column(&c);
        free(want);
    }
    if (!c.failed)
        case_pass(v->report);
    v->n_compared++;
    free(e.data);
}

static herr_t on_object(hid_t file, const char *name, const H5L_info_t *info, void *user)
{
    (void)info;
    visit *v = user;
    char path[512];
    snprintf(path, sizeof path, "/%s", name);
    hid_t object = -1;
    H5E_BEGIN_TRY
    {
        object = H5Oopen(file, name, H5P_DEFAULT);
    }
    H5E_END_TRY
    if (object < 0) /* links that lead nowhere */
        return 0;
    bool group = false;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_h5_group_exists(v->file, path, &group, &err) != ZAGG_OK)
        case_fail(v->report, path, "exists: %s", err.msg);
    if (group != (H5Iget_type(object) == H5I_GROUP))
        case_fail(v->report, path, "%s a group", group ? "is not" : "is");
    if (H5Iget_type(object) == H5I_DATASET)
        compare_dataset(v, object, path);
    H5Oclose(object);
    return 0;
}

static size_t compare_source(const char *path, bool remote, case_report *report)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_source *source = NULL;
    visit v = {.report = report, .random = 12345};
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(file >= 0);
    assert_int_equal(remote ? parallel_open(&v.counts, path, &source, &err)
                            : zagg_source_open_file(path, &source, &err),
                     ZAGG_OK);
    if (zagg_h5_open(source, NULL, &v.file, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    const size_t widths[4] = {0, 1, 2, 7}; /* 0: no pool */
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(zagg_pool_new(widths[i], &v.pools[i], &err), ZAGG_OK);
    assert_true(H5Lvisit(file, H5_INDEX_NAME, H5_ITER_INC, on_object, &v) >= 0);
    for (size_t i = 1; i < 4; i++)
        zagg_pool_free(v.pools[i]);
    zagg_h5_close(v.file);
    zagg_source_close(source);
    H5Fclose(file);
    return v.n_compared;
}

size_t compare_file(const char *path, case_report *report)
{
    return compare_source(path, false, report);
}

size_t compare_file_remote(const char *path, case_report *report)
{
    return compare_source(path, true, report);
}
