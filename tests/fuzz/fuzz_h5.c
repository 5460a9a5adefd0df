/* Any bytes as a granule: walk its groups and read every dataset in each of the ways
 * there are, which must agree. Checksums of metadata are computed but taken as right (the
 * link replaces zg_h5_verify): who writes a hostile file can make them so. */
#include "base/base.h"
#include "fuzz/fuzz.h"
#include "zagg/h5.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NODES 64
#define MAX_PATH 160
#define MAX_ROWS 4096
#define MAX_ELEMENT 8

/* Objects still to be looked at; a file of cycles fills it and ends there. */
typedef struct todo {
    char path[MAX_NODES][MAX_PATH];
    bool is_group[MAX_NODES];
    size_t n;
    const char *parent;
} todo;

/* One column whose first rows have been read. */
typedef struct reading {
    zagg_h5_column column;
    size_t rows, elem_bytes;
    uint8_t *data;
    uint64_t next_row; /* of the scan */
} reading;

zagg_status __real_zg_h5_verify(const uint8_t *block, size_t len, const char *what,
                                zagg_err *err);
zagg_status __wrap_zg_h5_verify(const uint8_t *block, size_t len, const char *what,
                                zagg_err *err);

zagg_status __wrap_zg_h5_verify(const uint8_t *block, size_t len, const char *what,
                                zagg_err *err)
{
    (void)err;
    (void)__real_zg_h5_verify(block, len, what, NULL);
    return ZAGG_OK;
}

static zagg_status note_link(void *user, const char *name, bool is_group, zagg_err *err)
{
    todo *t = user;
    size_t above = strlen(t->parent), own = strlen(name);
    (void)err;
    if (t->n == MAX_NODES || above + own + 2 > MAX_PATH)
        return ZAGG_OK;
    char *path = t->path[t->n];
    memcpy(path, t->parent, above);
    path[above] = '/';
    memcpy(path + above + 1, name, own + 1);
    t->is_group[t->n++] = is_group;
    return ZAGG_OK;
}

static zagg_status compare_piece(void *user, size_t slot, uint64_t first, size_t n,
                                 const void *const *cols, void **result, zagg_err *err)
{
    reading *r = user;
    (void)slot;
    (void)result;
    (void)err;
    fuzz_check(first == r->next_row && n <= r->rows - first);
    fuzz_check(memcmp(cols[0], r->data + first * r->elem_bytes, n * r->elem_bytes) == 0);
    r->next_row = first + n;
    return ZAGG_OK;
}

/* Single rows and pieces give what the whole read gave. */
static void compare_ways(reading *r)
{
    uint64_t rows[3] = {0, r->rows / 2, r->rows - 1};
    uint8_t single[3 * MAX_ELEMENT];
    zagg_rows range = {0, r->rows};
    size_t first = r->rows > 2 ? 0 : 2; /* ascending without repeats */
    zagg_err err = ZAGG_ERR_INIT;

    fuzz_check(zagg_h5_gather(r->column, rows + first, 3 - first, NULL, single, &err) ==
               ZAGG_OK);
    for (size_t i = first; i < 3; i++)
        fuzz_check(memcmp(single + (i - first) * r->elem_bytes,
                          r->data + rows[i] * r->elem_bytes, r->elem_bytes) == 0);
    r->next_row = 0;
    fuzz_check(zagg_h5_scan(&r->column, 1, &range, 1, NULL, compare_piece, NULL, NULL, r,
                            &err) == ZAGG_OK);
    fuzz_check(r->next_row == r->rows);
    zagg_rows ranges[2] = {{0, r->rows / 3}, {r->rows / 2, r->rows}};
    uint8_t *again = malloc(r->rows * r->elem_bytes);
    if (!again)
        return;
    fuzz_check(zagg_h5_read(r->column, ranges, 2, NULL, again, &err) == ZAGG_OK);
    fuzz_check(memcmp(again, r->data, r->rows / 3 * r->elem_bytes) == 0);
    free(again);
}

/* Side by side, with results: `left` of them are folded before the caller has enough. */
typedef struct side_by_side {
    size_t left, alive;
    size_t elem_bytes[2];
    uint64_t sum;
} side_by_side;

static zagg_status make_result(void *user, size_t slot, uint64_t first, size_t n,
                               const void *const *cols, void **result, zagg_err *err)
{
    side_by_side *s = user;
    (void)slot;
    (void)err;
    for (size_t c = 0; c < 2; c++)
        for (size_t i = 0; i < n * s->elem_bytes[c]; i++)
            s->sum += ((const uint8_t *)cols[c])[i];
    if (first % 3 != 0 && (*result = malloc(1)))
        s->alive++;
    return ZAGG_OK;
}

static void drop_result(void *user, void *result)
{
    side_by_side *s = user;
    s->alive--;
    free(result);
}

static zagg_status fold_result(void *user, void *result, zagg_err *err)
{
    side_by_side *s = user;
    drop_result(user, result);
    if (s->left-- > 0)
        return ZAGG_OK;
    s->left = 0;
    return zagg_err_set(err, ZAGG_ECANCELLED, "enough");
}

static void scan_two(const zagg_h5_column *columns, const zagg_h5_info *infos,
                     size_t rows)
{
    side_by_side s = {.left = rows % 5};
    zagg_rows ranges[2] = {{0, rows / 2}, {rows / 2 + rows / 8, rows}};
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t c = 0; c < 2; c++)
        s.elem_bytes[c] = zagg_dtype_size(infos[c].dtype);
    zagg_status status = zagg_h5_scan(columns, 2, ranges, 2, NULL, make_result,
                                      fold_result, drop_result, &s, &err);
    fuzz_check(s.alive == 0);
    if (status != ZAGG_OK)
        fuzz_check_error(status, &err);
}

/* `sound` is what the check said of the whole file: what can be opened can be read then.
 */
static void read_dataset(zagg_h5 *file, const char *path, bool sound,
                         zagg_h5_column *last)
{
    zagg_h5_dataset *dataset = NULL;
    zagg_h5_storage storage;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status status = zagg_h5_dataset_open(file, path, &dataset, &err);
    if (status != ZAGG_OK) {
        fuzz_check_error(status, &err);
        return; /* perhaps no dataset at all */
    }
    status = zagg_h5_storage_read(dataset, &storage, &err);
    if (status != ZAGG_OK) {
        fuzz_check(!sound);
        fuzz_check_error(status, &err);
    }
    zagg_h5_info info = zagg_h5_dataset_info(dataset);
    reading r = {.elem_bytes = zagg_dtype_size(info.dtype)};
    if (info.rank < 1 || info.rank > 2 || info.dims[0] == 0 ||
        info.dims[info.rank - 1] == 0)
        return;
    fuzz_check(r.elem_bytes >= 1 && r.elem_bytes <= MAX_ELEMENT);
    r.rows = info.dims[0] < MAX_ROWS ? (size_t)info.dims[0] : MAX_ROWS;
    r.column.dataset = dataset;
    r.column.column = info.rank == 2 ? (int64_t)(info.dims[1] / 2) : -1;
    if (last->dataset) {
        zagg_h5_column two[2] = {r.column, *last};
        zagg_h5_info infos[2] = {info, zagg_h5_dataset_info(last->dataset)};
        scan_two(two, infos, r.rows);
    }
    *last = r.column;
    zagg_rows range = {0, r.rows};
    r.data = malloc(r.rows * r.elem_bytes);
    if (!r.data)
        return;
    status = zagg_h5_read(r.column, &range, 1, NULL, r.data, &err);
    if (status == ZAGG_OK) {
        compare_ways(&r);
    } else {
        fuzz_check(!sound);
        fuzz_check_error(status, &err);
    }
    uint64_t end = info.dims[0] - 1;
    (void)zagg_h5_gather(r.column, &end, 1, NULL, r.data, NULL);
    free(r.data);
}

static zagg_status visit(void *user, const zagg_h5_node *node, zagg_err *err)
{
    size_t *n = user;
    (void)err;
    fuzz_check(node->path[0] == '/' && (node->status == ZAGG_OK) == !node->reason);
    *n += strlen(node->path) + (node->target ? strlen(node->target) : 0);
    return ZAGG_OK;
}

static zagg_status note_finding(void *user, const zagg_h5_finding *finding, zagg_err *err)
{
    uint64_t *n = user;
    (void)err;
    fuzz_check(finding->path[0] == '/' && finding->message[0] != '\0');
    *n += 1;
    return ZAGG_OK;
}

static bool check_file(zagg_h5 *file)
{
    zagg_err err = ZAGG_ERR_INIT;
    uint64_t findings = 0;
    size_t bytes = 0;
    zagg_h5_check_opts opts = {.report = note_finding, .user = &findings};
    zagg_h5_check_summary sum;
    zagg_status status = zagg_h5_walk(file, "/", UINT_MAX, visit, &bytes, &err);
    if (status != ZAGG_OK)
        fuzz_check_error(status, &err);
    status = zagg_h5_check(file, "/", &opts, &sum, &err);
    if (status != ZAGG_OK) {
        fuzz_check_error(status, &err);
        return false;
    }
    fuzz_check((findings == 0) == (sum.damaged_objects == 0 && sum.damaged_chunks == 0 &&
                                   sum.not_checked == 0));
    return findings == 0;
}

static void read_all(zagg_h5 *file)
{
    static todo t;
    zagg_h5_column last = {NULL, -1};
    bool sound = check_file(file);
    t.n = 0;
    t.parent = "";
    (void)zagg_h5_group_list(file, "/", note_link, &t, NULL);
    for (size_t i = 0; i < t.n; i++) {
        t.parent = t.path[i];
        if (t.is_group[i])
            (void)zagg_h5_group_list(file, t.path[i], note_link, &t, NULL);
        else
            read_dataset(file, t.path[i], sound, &last);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_h5_limits limits = {(uint64_t)16 << 20, (uint64_t)16 << 20};

    if (zagg_source_open_mem(data, size, &source, NULL) != ZAGG_OK)
        return 0;
    zagg_status status = zagg_h5_open(source, &limits, &file, &err);
    if (status == ZAGG_OK)
        read_all(file);
    else
        fuzz_check_error(status, &err);
    zagg_h5_close(file);
    zagg_source_close(source);
    return 0;
}
