/* Files appear whole or not at all; names of formats; what is refused. */
#include "fixture.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void expect_open(sample *s, zg_table_options options, zagg_status status,
                        const char *says)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_table_writer *w = NULL;
    assert_int_equal(zg_table_open(&options, &s->schema, &w, &err), status);
    assert_null(w);
    if (strstr(err.msg, says) == NULL)
        fail_msg("'%s' lacks '%s'", err.msg, says);
}

static void test_places(void **state)
{
    sample *s = *state;
    size_t len;
    zg_table_options csv = {ZG_TABLE_CSV, sample_path(s, "t.csv"), false, false};
    FILE *f = fopen(csv.path, "w");
    fputs("mine", f);
    fclose(f);
    expect_open(s, csv, ZAGG_EEXISTS, "t.csv: is there already; --force replaces it");
    char *text = sample_read(csv.path, &len);
    assert_string_equal(text, "mine");
    zg_free(text);
    csv.overwrite = true;
    sample_write(s, csv, 1);
    text = sample_read(csv.path, &len);
    assert_true(strncmp(text, "name,flag,", 10) == 0);
    zg_free(text);

    csv.path = s->folder;
    expect_open(s, csv, ZAGG_EEXISTS, "is a folder");
    csv.path = "/dev/null";
    expect_open(s, csv, ZAGG_EEXISTS, "no ordinary file");
    csv.path = sample_path(s, "no/such/t.csv");
    expect_open(s, csv, ZAGG_EIO, "No such file or directory");
    assert_int_equal(sample_files(s), 1);
}

static void test_parquet_needs_a_file(void **state)
{
    sample *s = *state;
    zg_table_options options = {ZG_TABLE_PARQUET, "-", false, false};
    if (zg_table_has_parquet()) {
        assert_non_null(zg_table_parquet_version());
        expect_open(s, options, ZAGG_EARG, "Parquet goes to a file");
    } else {
        assert_null(zg_table_parquet_version());
        expect_open(s, options, ZAGG_EUNSUPPORTED, "scripts/deps");
    }
}

static void test_abort(void **state)
{
    sample *s = *state;
    for (int format = 0; format < 3; format++) {
        zagg_err err = ZAGG_ERR_INIT;
        zg_table_writer *w = NULL;
        const zg_table_options options = {(zg_table_format)format, sample_path(s, "t"),
                                          false, false};
        if (format == ZG_TABLE_PARQUET && !zg_table_has_parquet())
            continue;
        assert_int_equal(zg_table_open(&options, &s->schema, &w, &err), ZAGG_OK);
        assert_int_equal(zg_table_write(w, SAMPLE_ROWS, s->values, &err), ZAGG_OK);
        assert_int_equal(sample_files(s), 1); /* under another name */
        assert_int_not_equal(access(sample_path(s, "t"), F_OK), 0);
        zg_table_abort(w);
        assert_int_equal(sample_files(s), 0);
    }
    zg_table_abort(NULL);
}

/* Where the disk is full nothing remains, and what was there stays. */
static void test_no_room(void **state)
{
    sample *s = *state;
    struct rlimit saved, small = {20000, RLIM_INFINITY};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &saved), 0);
    small.rlim_max = saved.rlim_max;
    for (int format = 0; format < 3; format++) {
        if (format == ZG_TABLE_PARQUET && !zg_table_has_parquet())
            continue;
        zagg_err err = ZAGG_ERR_INIT;
        zg_table_writer *w = NULL;
        zg_table_options options = {(zg_table_format)format, sample_path(s, "t"), false,
                                    true};
        sample_write(s, options, 1);
        size_t len, len_after;
        char *before = sample_read(options.path, &len);
        assert_int_equal(zg_table_open(&options, &s->schema, &w, &err), ZAGG_OK);
        void (*old)(int) = signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        zagg_status status = ZAGG_OK;
        for (int i = 0; status == ZAGG_OK && i < 200000; i++)
            status = zg_table_write(w, SAMPLE_ROWS, s->values, &err);
        if (status == ZAGG_OK)
            status = zg_table_close(w, &err);
        else
            zg_table_abort(w);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &saved), 0);
        signal(SIGXFSZ, old);
        assert_int_equal(status, ZAGG_EIO);
        if (strstr(err.msg, "File too large") == NULL)
            fail_msg("%s", err.msg);
        char *after = sample_read(options.path, &len_after);
        assert_int_equal(len_after, len);
        assert_memory_equal(after, before, len);
        zg_free(before);
        zg_free(after);
        assert_int_equal(sample_files(s), 1);
    }
}

/* Every allocation refused in turn: an error or a whole file, and no debris. */
static void test_memory(void **state)
{
    sample *s = *state;
    for (int format = 0; format < 3; format++) {
        if (format == ZG_TABLE_PARQUET && !zg_table_has_parquet())
            continue;
        const zg_table_options options = {(zg_table_format)format, sample_path(s, "t"),
                                          false, true};
        zagg_status status = ZAGG_ENOMEM;
        for (int64_t nth = 1; status != ZAGG_OK; nth++) {
            zagg_err err = ZAGG_ERR_INIT;
            zg_table_writer *w = NULL;
            zg_alloc_fail_nth(nth);
            status = zg_table_open(&options, &s->schema, &w, &err);
            if (status == ZAGG_OK) {
                status = zg_table_write(w, SAMPLE_ROWS, s->values, &err);
                if (status == ZAGG_OK)
                    status = zg_table_close(w, &err);
                else
                    zg_table_abort(w);
            }
            zg_alloc_fail_nth(0);
            assert_int_equal(sample_files(s), status == ZAGG_OK);
            if (status != ZAGG_OK)
                assert_int_equal(status, ZAGG_ENOMEM);
            assert_true(nth < 1000);
        }
        assert_int_equal(remove(options.path), 0);
    }
}

static void test_schema(void **state)
{
    sample *s = *state;
    const zg_table_options options = {ZG_TABLE_CSV, sample_path(s, "t.csv"), false,
                                      false};
    s->columns[1].name = "name";
    expect_open(s, options, ZAGG_EARG, "two columns are called 'name'");
    s->columns[1] =
        (zg_table_column){"g2", ZG_COLUMN_GEOMETRY, ZAGG_DT_NONE, false, true};
    expect_open(s, options, ZAGG_EARG, "one geometry");
    s->columns[1].list = true;
    expect_open(s, options, ZAGG_EARG, "lists are of numbers");
    assert_int_equal(sample_files(s), 0);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        bool known;
        zg_table_format format;
        bool gzip;
    } cases[] = {
        {"a.parquet", true, ZG_TABLE_PARQUET, false},
        {"b/a.geoparquet", true, ZG_TABLE_PARQUET, false},
        {"a.csv", true, ZG_TABLE_CSV, false},
        {"a.b.csv.gz", true, ZG_TABLE_CSV, true},
        {"a.ndjson", true, ZG_TABLE_NDJSON, false},
        {"a.ndjson.gz", true, ZG_TABLE_NDJSON, true},
        {"a.geojsonl", true, ZG_TABLE_NDJSON, false},
        {"a.geojsons", true, ZG_TABLE_NDJSON, false},
        {"a.parquet.gz", false, ZG_TABLE_CSV, false},
        {"a.CSV", false, ZG_TABLE_CSV, false},
        {".csv", false, ZG_TABLE_CSV, false},
        {"csv", false, ZG_TABLE_CSV, false},
        {"", false, ZG_TABLE_CSV, false},
        {"-", false, ZG_TABLE_CSV, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        zg_table_format format = ZG_TABLE_CSV;
        bool gzip = false;
        if (zg_table_format_of_path(cases[i].path, &format, &gzip) != cases[i].known ||
            format != cases[i].format || gzip != cases[i].gzip)
            fail_msg("%s", cases[i].path);
    }
    for (int i = 0; i < 3; i++) {
        zg_table_format back;
        assert_true(
            zg_table_format_parse(zg_table_format_name((zg_table_format)i), &back));
        assert_int_equal(back, i);
    }
    zg_table_format none;
    assert_false(zg_table_format_parse("xlsx", &none));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_places, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_parquet_needs_a_file, sample_open,
                                        sample_close),
        cmocka_unit_test_setup_teardown(test_abort, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_no_room, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_memory, sample_open, sample_close),
        cmocka_unit_test_setup_teardown(test_schema, sample_open, sample_close),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
