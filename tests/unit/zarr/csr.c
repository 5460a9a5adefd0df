/* Ragged fields in CSR groups: which objects there are, and groups that contradict
 * themselves. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static void ok(temp_store *s, zagg_status status)
{
    if (status != ZAGG_OK)
        fail_msg("%s", s->err.msg);
}

static const float VALUES[] = {1, 2, 3, 4, 5, 6};
static const int64_t CELLS[] = {0, 9}, OFFSETS[] = {0, 1, 3};

/* Cells 0 and 9 with one and two rows of two floats. */
static zagg_zarr_csr two_cells(void)
{
    return (zagg_zarr_csr){ZAGG_DT_F32, 2, 2, CELLS, OFFSETS, VALUES};
}

static int open_written(void **state)
{
    temp_store_open(state);
    temp_store *s = *state;
    const zagg_zarr_array members[] = {
        count_array(), {.name = "td", .kind = ZAGG_ZARR_CSR, .dtype = ZAGG_DT_F32}};
    const zagg_zarr_template t = {"13", NULL, members, 2};
    const zagg_zarr_csr csr = two_cells(), none = {.dtype = ZAGG_DT_F32, .width = 2};
    ok(s, zagg_zarr_create(s->sink, &t, false, &s->err));
    assert_false(has_object(s, "13/td/zarr.json"));
    ok(s, zagg_zarr_create(s->sink, &t, false, &s->err)); /* no chunk yet: accepted */
    ok(s, zagg_zarr_csr_create(s->sink, "13", "td", &s->err));
    ok(s, zagg_zarr_csr_write(s->sink, "13", "td", 120, &csr, &s->err));
    ok(s, zagg_zarr_csr_write(s->sink, "13", "td", 7, &none, &s->err));
    return 0;
}

static void objects_of_a_field(void **state)
{
    temp_store *s = *state;
    static const char *const THERE[] = {
        "13/td/zarr.json",          "13/td/120/zarr.json",
        "13/td/120/values/c/0/0",   "13/td/120/values/zarr.json",
        "13/td/120/offsets/c/0",    "13/td/120/cell_ids/c/0",
        "13/td/7/values/zarr.json", "13/td/7/offsets/zarr.json",
        "13/td/7/zarr.json"};
    static const char *const ABSENT[] = {"13/td/7/values/c/0", "13/td/7/offsets/c/0",
                                         "13/td/7/cell_ids/c/0"};
    for (size_t i = 0; i < sizeof THERE / sizeof THERE[0]; i++)
        if (!has_object(s, THERE[i]))
            fail_msg("%s is not there", THERE[i]);
    for (size_t i = 0; i < sizeof ABSENT / sizeof ABSENT[0]; i++)
        if (has_object(s, ABSENT[i]))
            fail_msg("%s is there", ABSENT[i]);
    char *values = get_text(s, "13/td/7/values/zarr.json", NULL);
    assert_has_text(values, "\"shape\": [\n    0\n  ]");
    assert_has_text(values, "\"chunk_shape\": [\n        1\n      ]");
    assert_has_text(values, "\"level\": 0");
    zg_free(values);
}

/* Zeros are the fill: a chunk in which cell 0 alone has a payload stores no cell_ids. */
static void zeros_are_not_stored(void **state)
{
    temp_store *s = *state;
    static const int64_t FIRST[] = {0}, ROWS[] = {0, 2};
    static const int16_t ZEROS[2] = {0, 0};
    const zagg_zarr_csr csr = {ZAGG_DT_I16, 0, 1, FIRST, ROWS, ZEROS};
    ok(s, zagg_zarr_csr_write(s->sink, "13", "flat", 3, &csr, &s->err));
    assert_true(has_object(s, "13/flat/3/offsets/c/0"));
    assert_false(has_object(s, "13/flat/3/cell_ids/c/0"));
    assert_false(has_object(s, "13/flat/3/values/c/0"));
}

typedef struct seen {
    size_t n;
    uint64_t key[8];
    bool flat; /* chunks of zeros_are_not_stored, too */
} seen;

static zagg_status see_chunk(void *user, const uint64_t *index, const void *data,
                             size_t n, zagg_err *err)
{
    seen *found = user;
    const zagg_zarr_csr *csr = data;
    (void)err;
    assert_true(found->n < 8);
    found->key[found->n++] = index[0];
    assert_int_equal(n, csr->n_cells);
    if (csr->dtype == ZAGG_DT_I16) {
        assert_int_equal(csr->width, 0);
        assert_int_equal(csr->cell_ids[0], 0);
        assert_int_equal(csr->offsets[1], 2);
        assert_int_equal(((const int16_t *)csr->values)[1], 0);
    } else if (n > 0) {
        assert_int_equal(csr->width, 2);
        assert_memory_equal(csr->cell_ids, CELLS, sizeof CELLS);
        assert_memory_equal(csr->offsets, OFFSETS, sizeof OFFSETS);
        assert_memory_equal(csr->values, VALUES, sizeof VALUES);
    }
    return ZAGG_OK;
}

static void fields_read_back(void **state)
{
    temp_store *s = *state;
    zagg_zarr_reader *r = NULL;
    seen found = {.n = 0};
    uint64_t bytes = 0, objects = 0;
    zeros_are_not_stored(state);
    ok(s, zagg_zarr_csr_create(s->sink, "13", "flat", &s->err));
    ok(s, zagg_zarr_csr_create(s->sink, "13", "later", &s->err)); /* no chunk: no field */
    put_text(s, "13/td/5/values/zarr.json", "{}"); /* being written: no document yet */
    ok(s, zagg_zarr_open(s->sink, &r, &s->err));
    assert_int_equal(zagg_zarr_reader_n(r), 3);
    const zagg_zarr_array *flat = zagg_zarr_reader_array(r, 1),
                          *td = zagg_zarr_reader_array(r, 2);
    assert_true(td->kind == ZAGG_ZARR_CSR && td->dtype == ZAGG_DT_F32);
    assert_string_equal(td->name, "td");
    assert_true(flat->kind == ZAGG_ZARR_CSR && flat->dtype == ZAGG_DT_I16);
    assert_string_equal(zagg_zarr_reader_group(r, 2), "13");
    ok(s, zagg_zarr_read_chunks(r, 2, see_chunk, &found, &bytes, &objects, &s->err));
    assert_int_equal(found.n, 2);
    assert_int_equal(found.key[0], 7); /* numbers ascend, not texts */
    assert_int_equal(found.key[1], 120);
    assert_int_equal(objects, 3);
    assert_true(bytes > 30);
    ok(s, zagg_zarr_read_chunks(r, 1, see_chunk, &found, NULL, NULL, &s->err));
    assert_int_equal(found.n, 3);
    zagg_zarr_reader_free(r);
}

static void written_once_only(void **state)
{
    temp_store *s = *state;
    const zagg_zarr_array members[] = {
        count_array(), {.name = "td", .kind = ZAGG_ZARR_CSR, .dtype = ZAGG_DT_F32}};
    zagg_zarr_template t = {"13", NULL, members, 2};
    assert_int_equal(zagg_zarr_create(s->sink, &t, false, &s->err), ZAGG_EEXISTS);
    assert_has_text(s->err.msg, "td: a ragged field in CSR groups is written once only");
    assert_has_text(s->err.msg, "--overwrite");
    t.n_arrays = 1;
    assert_int_equal(zagg_zarr_create(s->sink, &t, false, &s->err), ZAGG_EEXISTS);
    assert_has_text(s->err.msg, "td: is not in the template");
    t.n_arrays = 2;
    ok(s, zagg_zarr_create(s->sink, &t, true, &s->err));
    assert_false(has_object(s, "13/td/120/values/c/0/0"));
    assert_true(has_object(s, "13/count/zarr.json"));
}

static void misuse(void **state)
{
    temp_store *s = *state;
    static const int64_t FALLING[] = {9, 0}, NEGATIVE[] = {-1, 0}, EMPTY[] = {0, 1, 1},
                         LATE[] = {1, 2, 3};
    zagg_zarr_csr bad[5];
    for (size_t i = 0; i < 5; i++)
        bad[i] = two_cells();
    bad[0].cell_ids = FALLING;
    bad[1].cell_ids = NEGATIVE;
    bad[2].offsets = EMPTY;
    bad[3].offsets = LATE;
    bad[4].dtype = ZAGG_DT_NONE;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(zagg_zarr_csr_write(s->sink, "13", "td", 1, &bad[i], &s->err),
                         ZAGG_EARG);
    const zagg_zarr_csr csr = two_cells();
    assert_int_equal(zagg_zarr_csr_write(s->sink, "13", "a/b", 1, &csr, &s->err),
                     ZAGG_EARG);
    assert_int_equal(zagg_zarr_csr_create(s->sink, "13", "", &s->err), ZAGG_EARG);
    assert_false(has_object(s, "13/td/1/zarr.json"));
}

/* ---- damage ---- */

/* One object replaced: by another one's bytes, by text, or (from "") by nothing. */
typedef struct damage {
    const char *key, *from;
    zagg_status status;
    const char *part;
} damage;

static const damage DAMAGES[] = {
    {"13/td/120/offsets/zarr.json", "", ZAGG_EFORMAT, "13/td/120/offsets: is missing"},
    {"13/td/120/cell_ids/zarr.json", "", ZAGG_EFORMAT, "13/td/120/cell_ids: is missing"},
    {"13/td/120/zarr.json", "13/count/zarr.json", ZAGG_EFORMAT, "Zarr v3 group"},
    {"13/td/120/values/zarr.json", "13/td/120/offsets/zarr.json", ZAGG_EFORMAT,
     "another shape or type"},
    {"13/td/120/offsets/zarr.json", "13/td/120/cell_ids/zarr.json", ZAGG_EFORMAT,
     "13/td/120/offsets/c/0: 24 bytes instead of 16"},
    {"13/td/120/cell_ids/zarr.json", "13/td/120/offsets/zarr.json", ZAGG_EFORMAT,
     "13/td/120/cell_ids/c/0: 16 bytes instead of 24"},
    {"13/td/120/cell_ids/zarr.json", "13/td/7/cell_ids/zarr.json", ZAGG_EFORMAT,
     "one int64 more"},
    {"13/td/120/offsets/c/0", "", ZAGG_EFORMAT, "do not span"},
    {"13/td/120/cell_ids/c/0", "", ZAGG_EFORMAT, "cell_ids: do not ascend"},
    {"13/td/120/offsets/c/0", "13/td/120/cell_ids/c/0", ZAGG_EFORMAT, "16 bytes instead"},
    {"13/td/120/values/zarr.json", "13/count/zarr.json", ZAGG_EUNSUPPORTED,
     "is not one chunk"},
    {"13/td/120/values/c/0/0", "13/count/zarr.json", ZAGG_EFORMAT, "more bytes than"},
};

static zagg_status read_td(temp_store *s)
{
    zagg_zarr_reader *r = NULL;
    seen found = {.n = 0};
    zagg_status status = zagg_zarr_open(s->sink, &r, &s->err);
    for (size_t i = 0; status == ZAGG_OK && i < zagg_zarr_reader_n(r); i++)
        status = zagg_zarr_read_chunks(r, i, see_chunk, &found, NULL, NULL, &s->err);
    zagg_zarr_reader_free(r);
    return status;
}

static void contradictions(void **state)
{
    temp_store *s = *state;
    for (size_t i = 0; i < sizeof DAMAGES / sizeof DAMAGES[0]; i++) {
        const damage *d = &DAMAGES[i];
        size_t len = 0, with_len = 0;
        char *good = get_text(s, d->key, &len);
        char *with = d->from[0] ? get_text(s, d->from, &with_len) : NULL;
        assert_non_null(good);
        ok(s, with ? zagg_sink_put(s->sink, d->key, with, with_len, &s->err)
                   : zagg_sink_delete(s->sink, d->key, &s->err));
        const zagg_status status = read_td(s);
        if (status != d->status)
            fail_msg("%s from '%s' gave %s (%s)", d->key, d->from,
                     zagg_status_name(status), s->err.msg);
        assert_has_text(s->err.msg, d->part);
        ok(s, zagg_sink_put(s->sink, d->key, good, len, &s->err));
        zg_free(good);
        zg_free(with);
    }
    ok(s, read_td(s));
}

static void other_groups_in_groups(void **state)
{
    temp_store *s = *state;
    static const char *const NAMES[] = {"x", "012", "1x", "18446744073709551616", "-1"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        char key[64];
        (void)snprintf(key, sizeof key, "13/td/%s/zarr.json", NAMES[i]);
        put_text(s, key, "{}");
        assert_int_equal(read_td(s), ZAGG_EUNSUPPORTED);
        assert_has_text(s->err.msg, "13/td is a group inside a group");
        assert_has_text(s->err.msg, NAMES[i]);
        (void)snprintf(key, sizeof key, "13/td/%s/", NAMES[i]);
        ok(s, zagg_sink_delete_prefix(s->sink, key, &s->err));
    }
}

/* A document that claims more than any object holds. */
static void huge_claims(void **state)
{
    temp_store *s = *state;
    char *good = get_text(s, "13/td/7/offsets/zarr.json", NULL);
    const char *shape = strstr(good, "1\n");
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_addn(&text, good, (size_t)(shape - good));
    zg_str_add(&text, "100000000");
    const char *chunk = strstr(shape + 1, " 1\n");
    zg_str_addn(&text, shape + 1, (size_t)(chunk - shape));
    zg_str_add(&text, "100000000");
    zg_str_add(&text, chunk + 2);
    put_text(s, "13/td/7/offsets/zarr.json", text.data);
    assert_int_equal(read_td(s), ZAGG_EFORMAT);
    assert_has_text(s->err.msg, "a chunk of this size is missing");
    zg_str_free(&text);
    zg_free(good);
}

#define CSR_TEST(f) cmocka_unit_test_setup_teardown(f, open_written, temp_store_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CSR_TEST(objects_of_a_field),
        CSR_TEST(zeros_are_not_stored),
        CSR_TEST(fields_read_back),
        CSR_TEST(written_once_only),
        CSR_TEST(misuse),
        CSR_TEST(contradictions),
        CSR_TEST(other_groups_in_groups),
        CSR_TEST(huge_claims),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
