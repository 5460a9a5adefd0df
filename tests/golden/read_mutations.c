/* Damaged granules: every patch of read/mutations.json is applied to the granule and the
 * patched dataset is read in all ways. The answer must be an error, or the right values
 * where the damage is legal or touches nothing that is read. */
#include "codec/codec.h"
#include "support/support.h"
#include "zagg/h5.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_ROWS 256
#define SECONDS_FOR_ALL 300 /* a patch that makes the reader hang ends the program */

typedef enum answer {
    MUST_FAIL,
    MAY_FAIL,     /* else the values of the intact file */
    ALL_FILL,     /* no chunk is allocated any more */
    MORE_FILL,    /* rows beyond the chunks are fill */
    NO_ROWS,      /* the dataset is empty */
    NOT_SHUFFLED, /* the second chunk says that shuffling was left out */
    TRUNCATED     /* refused with what is missing */
} answer;

static answer expected_answer(const char *name)
{
    static const struct {
        const char *name;
        answer answer;
    } known[] = {{"sb_base", MAY_FAIL},
                 {"snod_count", MAY_FAIL},
                 {"snod_nameoff", MAY_FAIL},
                 {"cont_self", MAY_FAIL},
                 {"chunk_btree_undef", ALL_FILL},
                 {"dim_bigger", MORE_FILL},
                 {"dim_0", NO_ROWS},
                 {"chunk_filter_mask", NOT_SHUFFLED},
                 {"trunc_half", TRUNCATED},
                 {"trunc_tail", TRUNCATED}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(name, known[i].name) == 0)
            return known[i].answer;
    return MUST_FAIL;
}

/* ---- reading ---- */

typedef struct column {
    uint64_t n;
    float *values;
} column;

static zagg_status copy_piece(void *user, size_t slot, uint64_t first, size_t n,
                              const void *const *cols, void **result, zagg_err *err)
{
    (void)slot;
    (void)result;
    (void)err;
    column *out = user;
    memcpy(out->values + first, cols[0], n * sizeof(float));
    return ZAGG_OK;
}

static zagg_status read_with(zagg_h5_dataset *ds, int way, zagg_pool *pool, column *out,
                             zagg_err *err)
{
    zagg_h5_column c = {ds, -1};
    zagg_rows all = {0, out->n};
    if (way == 0)
        return zagg_h5_read(c, &all, 1, pool, out->values, err);
    if (way == 1)
        return zagg_h5_scan(&c, 1, &all, 1, pool, copy_piece, NULL, NULL, out, err);
    uint64_t *rows = malloc((size_t)out->n * sizeof *rows + 1);
    assert_non_null(rows);
    for (uint64_t i = 0; i < out->n; i++)
        rows[i] = i;
    zagg_status st = zagg_h5_gather(c, rows, (size_t)out->n, pool, out->values, err);
    free(rows);
    return st;
}

/* Read the dataset of an image; on success the caller frees the values. */
static zagg_status read_image(const uint8_t *image, size_t len, const char *path, int way,
                              zagg_pool *pool, column *out, zagg_err *err)
{
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_h5_dataset *ds = NULL;
    column c = {0, NULL};
    zagg_status st = zagg_source_open_mem(image, len, &source, err);
    if (st == ZAGG_OK)
        st = zagg_h5_open(source, NULL, &file, err);
    if (st == ZAGG_OK)
        st = zagg_h5_dataset_open(file, path, &ds, err);
    if (st == ZAGG_OK && zagg_h5_dataset_info(ds).dtype != ZAGG_DT_F32)
        st = zagg_err_set(err, ZAGG_EFORMAT, "another type");
    if (st == ZAGG_OK) {
        c.n = zagg_h5_dataset_info(ds).dims[0];
        c.values = calloc((size_t)c.n + 1, sizeof *c.values);
        assert_non_null(c.values);
        st = read_with(ds, way, pool, &c, err);
    }
    zagg_h5_close(file);
    zagg_source_close(source);
    if (st != ZAGG_OK) {
        free(c.values);
        return st;
    }
    *out = c;
    return ZAGG_OK;
}

/* ---- judging ---- */

static bool all_fill(const float *values, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        if (values[i] != 3.4028235e38f)
            return false;
    return true;
}

static bool same(const column *a, const column *intact, uint64_t n)
{
    return a->n >= n && memcmp(a->values, intact->values, (size_t)n * sizeof(float)) == 0;
}

static bool not_shuffled(const column *got, const column *intact)
{
    float chunk[CHUNK_ROWS];
    if (got->n != intact->n)
        return false;
    zg_shuffle(intact->values + CHUNK_ROWS, chunk, sizeof chunk, sizeof(float));
    uint64_t rest = 2 * CHUNK_ROWS;
    return memcmp(got->values, intact->values, CHUNK_ROWS * sizeof(float)) == 0 &&
           memcmp(got->values + CHUNK_ROWS, chunk, sizeof chunk) == 0 &&
           memcmp(got->values + rest, intact->values + rest,
                  (size_t)(got->n - rest) * sizeof(float)) == 0;
}

static bool right_values(answer a, const column *got, const column *intact)
{
    switch (a) {
    case MAY_FAIL:
        return got->n == intact->n && same(got, intact, intact->n);
    case ALL_FILL:
        return got->n == intact->n && all_fill(got->values, got->n);
    case MORE_FILL:
        return got->n == 10000 && same(got, intact, intact->n) &&
               all_fill(got->values + intact->n, got->n - intact->n);
    case NO_ROWS:
        return got->n == 0;
    case NOT_SHUFFLED:
        return not_shuffled(got, intact);
    default:
        return false;
    }
}

static void judge(case_report *report, const char *name, zagg_status st,
                  const zagg_err *err, const column *got, const column *intact)
{
    answer a = expected_answer(name);
    if (st == ZAGG_OK) {
        if (right_values(a, got, intact))
            case_pass(report);
        else
            case_fail(report, name,
                      a == MUST_FAIL ? "read without an error" : "wrong values");
        return;
    }
    if (a == TRUNCATED && !strstr(err->msg, "truncated: needs 248184 bytes, has "))
        case_fail(report, name, "error does not say what is missing: %s", err->msg);
    else if (a != MUST_FAIL && a != MAY_FAIL && a != TRUNCATED)
        case_fail(report, name, "%s", err->msg);
    else if (!err->msg[0] || (st != ZAGG_EFORMAT && st != ZAGG_EUNSUPPORTED &&
                              st != ZAGG_ERANGE && st != ZAGG_ENOTFOUND))
        case_fail(report, name, "error of an unfitting kind: %s: %s",
                  zagg_status_name(st), err->msg);
    else
        case_pass(report);
}

/* ---- patches ---- */

static void apply_write(uint8_t *image, size_t len, const zagg_value *write)
{
    uint64_t offset = 0;
    assert_true(zagg_value_u64(write->items[0], &offset));
    const char *hex = write->items[1]->str;
    for (size_t i = 0; hex[2 * i]; i++) {
        const char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        assert_true(offset + i < len);
        image[offset + i] = (uint8_t)strtoul(pair, NULL, 16);
    }
}

/* A copy of the file of exactly the length it has, so that a sanitizer sees any byte read
 * beyond its end. */
static uint8_t *patched(const char *intact, size_t *len, const zagg_value *mutation)
{
    uint64_t keep = *len;
    const zagg_value *truncate = zagg_value_get(mutation, "truncate");
    if (truncate)
        assert_true(zagg_value_u64(truncate, &keep) && keep <= *len);
    *len = (size_t)keep;
    uint8_t *image = malloc(*len + (*len == 0));
    assert_non_null(image);
    memcpy(image, intact, *len);
    const zagg_value *writes = zagg_value_get(mutation, "write");
    for (size_t i = 0; writes && i < writes->n; i++)
        apply_write(image, *len, writes->items[i]);
    return image;
}

static void mutations(void **state)
{
    (void)state;
    if (!golden_available("read/mutations.json"))
        return;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *root = golden_json(arena, golden_path("read/mutations.json"));
    const char *path = zagg_value_get(root, "dataset")->str;
    const zagg_value *list = zagg_value_get(root, "mutations");
    char *file = NULL;
    size_t file_len = 0;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_file_read(golden_path("read/g1_v006.h5"), (size_t)1 << 24,
                                    &file, &file_len, &err),
                     ZAGG_OK);
    column intact;
    assert_int_equal(read_image((uint8_t *)file, file_len, path, 0, NULL, &intact, &err),
                     ZAGG_OK);
    zagg_pool *pool = NULL;
    assert_int_equal(zagg_pool_new(2, &pool, &err), ZAGG_OK);

    case_report report = {.set = "read/mutations.json"};
    alarm(SECONDS_FOR_ALL);
    for (size_t i = 0; i < list->n; i++) {
        size_t len = file_len;
        uint8_t *image = patched(file, &len, list->items[i]);
        for (int way = 0; way < 3; way++) {
            column got = {0, NULL};
            err = (zagg_err)ZAGG_ERR_INIT;
            zagg_status st =
                read_image(image, len, path, way, way ? pool : NULL, &got, &err);
            judge(&report, zagg_value_get(list->items[i], "name")->str, st, &err, &got,
                  &intact);
            free(got.values);
        }
        free(image);
    }
    alarm(0);
    report_end(&report, 3 * 58);
    zagg_pool_free(pool);
    free(intact.values);
    zagg_bytes_free(file);
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(mutations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
