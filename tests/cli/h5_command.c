/* zagg h5 from outside: tables, values and findings on granules of zagg-synth, on damaged
 * copies of them, and on the expected values of the golden granules. */
#include "cli/fixture.h"
#include "h5/inspect.h"
#include "text/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- what is printed ---- */

static const cli_case CASES[] = {
    {"no command", "zagg h5", 2, NULL,
     "zagg h5: write `zagg h5 ls FILE`, `zagg h5 cat FILE DATASET` or `zagg h5 check "
     "FILE`\n"},
    {"unknown command", "zagg h5 nope g/a.h5", 2, NULL,
     "zagg h5: nope: unknown command; there are ls, cat and check\n"},
    {"help", "zagg h5 --help", 0, "Usage: zagg h5 ls | cat | check FILE [...]\n*", NULL},
    {"help of ls", "zagg h5 ls --help", 0, "Usage: zagg h5 ls FILE [PATH] [OPTIONS]\n*",
     NULL},
    {"no file", "zagg h5 ls", 2, NULL,
     "zagg h5 ls: FILE is needed; see zagg h5 ls --help\n"},
    {"no dataset", "zagg h5 cat g/a.h5", 2, NULL,
     "zagg h5 cat: FILE DATASET is needed; see zagg h5 cat --help\n"},
    {"stray argument", "zagg h5 check g/a.h5 /gt1l x", 2, NULL,
     "zagg h5 check: x: unexpected argument\n"},
    {"unknown option", "zagg h5 check -x g/a.h5", 2, NULL,
     "zagg h5 check: -x: unknown option; see zagg h5 check --help\n"},
    {"rows in words", "zagg h5 cat g/a.h5 x -n ten", 2, NULL,
     "zagg h5 cat: --rows: found 'ten'; must be a whole number from 0 to "
     "9223372036854775807\n"},
    {"no such file", "zagg h5 ls nope.h5", 1, NULL,
     "zagg h5 ls: cannot open nope.h5: No such file or directory\n"},
    {"not HDF5", "zagg h5 check c.yaml", 1, NULL,
     "zagg h5 check: c.yaml: not an HDF5 file\n"},
    {"no such path", "zagg h5 ls g/a.h5 /gt1l/nope", 1, NULL,
     "zagg h5 ls: g/a.h5: no 'nope' in /gt1l\n"},
    {"no such dataset", "zagg h5 cat g/a.h5 /gt1l/nope", 1, NULL,
     "zagg h5 cat: g/a.h5: /gt1l/nope: no 'nope' in /gt1l\n"},
    {"group as dataset", "zagg h5 cat g/a.h5 /gt1l", 1, NULL,
     "zagg h5 cat: g/a.h5: /gt1l: a group, not a dataset\n"},
    {"column of one dimension", "zagg h5 cat g/a.h5 /gt1l/heights/h_ph --column 0", 2,
     NULL,
     "zagg h5 cat: g/a.h5: /gt1l/heights/h_ph: --column 0 of a dataset without "
     "columns\n"},
    {"column outside", "zagg h5 cat g/a.h5 /gt1l/heights/signal_conf_ph --column 5", 1,
     NULL, "zagg h5 cat: g/a.h5: /gt1l/heights/signal_conf_ph: --column 5 of 5\n"},
    {"row outside", "zagg h5 cat g/a.h5 /gt1l/heights/h_ph --from 3001", 1, NULL,
     "zagg h5 cat: g/a.h5: /gt1l/heights/h_ph: --from 3001 of 3000 rows\n"},
    {"behind the last row", "zagg h5 cat g/a.h5 /gt1l/heights/h_ph --from 3000", 0, NULL,
     NULL},
    {"ten rows", "zagg h5 cat g/a.h5 gt1l/geolocation/segment_id | wc -l", 0, "10\n",
     NULL},
    {"all rows", "zagg h5 cat g/a.h5 gt1l/heights/h_ph -n 0 | wc -l", 0, "3000\n", NULL},
    {"rows of two dimensions",
     "zagg h5 cat g/a.h5 gt1l/heights/signal_conf_ph -n 0 | awk 'NF == 5' | wc -l", 0,
     "3000\n", NULL},
    {"a column is that column",
     "zagg h5 cat g/a.h5 gt1l/heights/signal_conf_ph -n 0 --column 3 >1 && "
     "zagg h5 cat g/a.h5 gt1l/heights/signal_conf_ph -n 0 | cut -d' ' -f4 | cmp - 1",
     0, NULL, NULL},
    {"rows in pieces are all rows",
     "(zagg h5 cat g/a.h5 gt1l/heights/lat_ph -n 777; zagg h5 cat g/a.h5 "
     "gt1l/heights/lat_ph --from 777 -n 0) >1 && zagg h5 cat g/a.h5 gt1l/heights/lat_ph "
     "-n 0 | cmp - 1",
     0, NULL, NULL},
    {"one group", "zagg h5 ls g/a.h5 gt1l/heights | tr -s ' '", 0,
     "PATH TYPE SHAPE CHUNK FILTERS CHUNKS STORED RATIO\n"
     "/gt1l/heights/ group\n"
     "/gt1l/heights/delta_time float64 3000 500 deflate 6 * kB *.*\n"
     "/gt1l/heights/h_ph float32 3000 500 deflate 6 * kB *.*\n"
     "/gt1l/heights/lat_ph float64 3000 500 deflate 6 * kB *.*\n"
     "/gt1l/heights/lon_ph float64 3000 500 deflate 6 * kB *.*\n"
     "/gt1l/heights/quality_ph int8 3000 500 shuffle+deflate 6 * B *.*\n"
     "/gt1l/heights/signal_conf_ph int8 3000 x 5 500 x 5 shuffle+deflate 6 * kB *.*\n",
     NULL},
    {"top level", "zagg h5 ls g/a.h5 / --depth 1 | awk '{ print $1 }'", 0,
     "/\n/ancillary_data/\n/gt1l/\n/gt1r/\n/orbit_info/\n", NULL},
    {"one dataset", "zagg h5 ls g/a.h5 gt1r/heights/h_ph --json", 0,
     "{\"file\": \"g/a.h5\", \"bytes\": *, \"objects\": [{\"path\": "
     "\"/gt1r/heights/h_ph\", \"kind\": \"dataset\", \"dtype\": \"float32\", \"shape\": "
     "[3000], \"layout\": \"chunked\", \"chunk_shape\": [500], \"filters\": "
     "[\"deflate\"], \"chunks\": 6, \"stored_bytes\": *, \"data_bytes\": 12000, "
     "\"ratio\": *}]}\n",
     NULL},
    {"sound", "zagg h5 check g/a.h5", 0,
     "g/a.h5: 13 groups, 42 datasets, 102 chunks, * kB: no damage found\n", NULL},
    {"sound and quiet", "zagg h5 check -q g/a.h5 --max-workers 1", 0, NULL, NULL},
    {"part of a file", "zagg h5 check g/a.h5 gt1l/heights", 0,
     "g/a.h5: 1 groups, 6 datasets, 36 chunks, * kB: no damage found\n", NULL},
    {"JSON of a column", "zagg h5 cat g/a.h5 gt1l/heights/h_ph --json -n 2 --from 2998",
     0,
     "{\"file\": \"g/a.h5\", \"path\": \"/gt1l/heights/h_ph\", \"dtype\": "
     "\"float32\", \"shape\": [3000], \"from\": 2998, \"column\": null, \"values\": "
     "[*, *]}\n",
     NULL},
    {"JSON of rows",
     "zagg h5 cat g/a.h5 gt1l/heights/signal_conf_ph --json -n 2 | sed "
     "'s/[-0-9]*[0-9]/N/g'",
     0,
     "{\"file\": \"g/a.hN\", \"path\": \"/gtNl/heights/signal_conf_ph\", \"dtype\": "
     "\"intN\", \"shape\": [N, N], \"from\": N, \"column\": null, \"values\": [[N, N, N, "
     "N, N], [N, N, N, N, N]]}\n",
     NULL},
    {"JSON of one column of rows",
     "zagg h5 cat g/a.h5 gt1l/heights/signal_conf_ph --json -n 1 --column 4", 0,
     "{*\"shape\": [3000, 5], \"from\": 0, \"column\": 4, \"values\": [*]}\n", NULL},
    {"JSON of no rows", "zagg h5 cat g/a.h5 gt1l/heights/h_ph --json --from 3000", 0,
     "{*\"from\": 3000, \"column\": null, \"values\": []}\n", NULL},
    {"values of JSON are those of the text",
     "zagg h5 cat g/a.h5 gt1l/heights/lat_ph -n 0 >1; zagg h5 cat g/a.h5 "
     "gt1l/heights/lat_ph "
     "-n 0 --json | sed 's/.*values\": \\[//; s/\\]}//; s/, /\\n/g' | cmp - 1",
     0, NULL, NULL},
    {"full disk", "zagg h5 cat g/a.h5 gt1l/heights/h_ph -n 0 >/dev/full", 1, NULL,
     "zagg: cannot write to standard output: No space left on device\n"},
};

static void cases(void **state)
{
    check_cases(*state, "h5", CASES, sizeof CASES / sizeof CASES[0]);
}

/* ---- values: the text reads back as what the library reads ---- */

static void same_values(const fixture *f, const char *path)
{
    char name[4096];
    zagg_err err = ZAGG_ERR_INIT;
    zagg_source *source = NULL;
    zagg_h5 *h5 = NULL;
    zagg_h5_dataset *ds = NULL;
    (void)snprintf(name, sizeof name, "%s/g/a.h5", f->dir);
    assert_int_equal(zagg_source_open_file(name, &source, &err), ZAGG_OK);
    assert_int_equal(zagg_h5_open(source, NULL, &h5, &err), ZAGG_OK);
    assert_int_equal(zagg_h5_dataset_open(h5, path, &ds, &err), ZAGG_OK);
    const zagg_h5_info info = zagg_h5_dataset_info(ds);
    const zagg_rows all = {0, info.dims[0]};
    const size_t size = zagg_dtype_size(info.dtype);
    uint8_t *values = zg_alloc((size_t)info.dims[0], size);
    assert_int_equal(zagg_h5_read((zagg_h5_column){ds, -1}, &all, 1, NULL, values, &err),
                     ZAGG_OK);
    char *text = shell_ok(f->dir, "zagg h5 cat g/a.h5 %s -n 0", path), *line = text;
    for (uint64_t i = 0; i < info.dims[0]; i++) {
        double v;
        char *end = strchr(line, '\n');
        assert_non_null(end);
        assert_true(zg_float_parse(line, (size_t)(end - line), &v));
        const float single = (float)v;
        const int64_t whole = (int64_t)v;
        const void *bits = info.dtype == ZAGG_DT_F64   ? (const void *)&v
                           : info.dtype == ZAGG_DT_F32 ? (const void *)&single
                                                       : (const void *)&whole;
        assert_memory_equal(bits, values + i * size, size);
        line = end + 1;
    }
    assert_string_equal(line, "");
    zg_free(text);
    zg_free(values);
    zagg_h5_close(h5);
    zagg_source_close(source);
}

static void values(void **state)
{
    same_values(*state, "/gt1l/heights/lat_ph");
    same_values(*state, "/gt1l/heights/h_ph");
    same_values(*state, "/gt1l/geolocation/ph_index_beg");
    same_values(*state, "/gt1r/geolocation/segment_ph_cnt");
    same_values(*state, "/gt1r/heights/quality_ph");
}

/* ---- damaged copies ---- */

static zagg_status keep_entries(void *user, const zg_h5_entry *entries, size_t n,
                                zagg_err *err)
{
    (void)err;
    zg_h5_entry **out = user;
    memcpy(*out, entries, n * sizeof *entries);
    *out += n;
    return ZAGG_OK;
}

/* Where the six chunks of a dataset of g/a.h5 are. */
static void find_chunks(const fixture *f, const char *path, zg_h5_entry out[6])
{
    char name[4096];
    zagg_err err = ZAGG_ERR_INIT;
    zagg_source *source = NULL;
    zagg_h5 *h5 = NULL;
    zagg_h5_dataset *ds = NULL;
    zg_h5_entry *end = out;
    (void)snprintf(name, sizeof name, "%s/g/a.h5", f->dir);
    assert_int_equal(zagg_source_open_file(name, &source, &err), ZAGG_OK);
    assert_int_equal(zagg_h5_open(source, NULL, &h5, &err), ZAGG_OK);
    assert_int_equal(zagg_h5_dataset_open(h5, path, &ds, &err), ZAGG_OK);
    assert_int_equal(zg_h5_each_entries(ds, keep_entries, &end, &err), ZAGG_OK);
    assert_int_equal(end - out, 6);
    zagg_h5_close(h5);
    zagg_source_close(source);
}

static void damaged(void **state)
{
    const fixture *f = *state;
    zg_h5_entry h[6], q[6];
    zg_str expected;
    find_chunks(f, "/gt1l/heights/h_ph", h);
    find_chunks(f, "/gt1r/heights/lat_ph", q);
    zg_free(shell_ok(f->dir, "cp g/a.h5 bad.h5"));
    const uint64_t at[3] = {h[1].addr + h[1].size - 1, h[4].addr + 40, q[0].addr + 100};
    for (size_t i = 0; i < 3; i++) /* other than any byte that may be there */
        zg_free(shell_ok(f->dir,
                         "b=$(od -An -tu1 -j%" PRIu64 " -N1 bad.h5) && "
                         "printf \"\\\\$(printf %%o $((b ^ 255)))\" | "
                         "dd of=bad.h5 bs=1 seek=%" PRIu64 " conv=notrunc 2>/dev/null",
                         at[i], at[i]));
    zg_str_init(&expected, 0);
    zg_str_addf(&expected,
                "damaged: /gt1l/heights/h_ph: chunk 1 at address %" PRIu64 ": *\n"
                "damaged: /gt1l/heights/h_ph: chunk 4 at address %" PRIu64 ": *\n"
                "damaged: /gt1r/heights/lat_ph: chunk 0 at address %" PRIu64 ": *\n"
                "bad.h5: 13 groups, 42 datasets, 102 chunks, * kB: 2 damaged objects, 3 "
                "damaged chunks\n",
                h[1].addr, h[4].addr, q[0].addr);
    const cli_case table[] = {
        {"three chunks", "zagg h5 check bad.h5", 1, expected.data, NULL},
        {"one thread", "zagg h5 check bad.h5 --max-workers 1", 1, expected.data, NULL},
        {"elsewhere", "zagg h5 check bad.h5 gt1l/geolocation -q", 0, NULL, NULL},
        {"as JSON", "zagg h5 check bad.h5 gt1r/heights --json", 1,
         "{\"file\": \"bad.h5\", \"findings\": [{\"path\": \"/gt1r/heights/lat_ph\", "
         "\"damaged\": true, \"message\": \"chunk 0 at address *\"}], \"groups\": 1, "
         "\"datasets\": 6, \"chunks\": 36, \"bytes\": *, \"chunks_without_checksum\": 0, "
         "\"damaged_objects\": 1, \"damaged_chunks\": 1, \"not_checked\": 0}\n",
         NULL},
        {"ls reads no chunk", "zagg h5 ls bad.h5 gt1l/heights/h_ph", 0,
         "*/gt1l/heights/h_ph*", NULL},
        {"cat of a sound chunk",
         "zagg h5 cat bad.h5 gt1l/heights/h_ph >1 && zagg h5 cat g/a.h5 "
         "gt1l/heights/h_ph | cmp - 1",
         0, NULL, NULL},
        {"cat of a damaged one", "zagg h5 cat bad.h5 gt1l/heights/h_ph --from 700", 1,
         NULL, "zagg h5 cat: bad.h5: /gt1l/heights/h_ph: chunk 1 at address *\n"},
    };
    check_cases(f, "damaged", table, sizeof table / sizeof table[0]);
    zg_str_free(&expected);
}

static const cli_case CUT[] = {
    {"half a file", "head -c 40000 g/a.h5 >cut.h5; zagg h5 check cut.h5", 1, NULL,
     "zagg h5 check: cut.h5: truncated: *\n"},
    {"no address of a group",
     "cp g/a.h5 cut.h5 && a=$(grep -abo SNOD cut.h5 | tail -n 1 | cut -d: -f1) && "
     "printf XXXX | dd of=cut.h5 bs=1 seek=$a conv=notrunc 2>/dev/null && "
     "zagg h5 check cut.h5",
     1, "damaged: /*: no symbol table node at address *\n*: 1 damaged object, 0 *", NULL},
    {"the list goes on behind it", "zagg h5 ls cut.h5 | grep -c float64", 0, "*", NULL},
    {"and tells of it", "zagg h5 ls cut.h5", 1,
     "*group, damaged: no symbol table node at address *", NULL},
};

static void cut(void **state)
{
    check_cases(*state, "cut", CUT, sizeof CUT / sizeof CUT[0]);
}

/* ---- golden granules ---- */

static void run_golden(case_report *r, const fixture *f, const char *command,
                       const char *file, const char *pattern)
{
    zg_str line;
    char relative[128];
    (void)snprintf(relative, sizeof relative, "read/%s", file);
    if (!golden_available(relative)) {
        case_skip(r, file, "not there");
        return;
    }
    zg_str_init(&line, 0);
    zg_str_addf(&line, "zagg h5 %s '%s'", command, golden_path(relative));
    run_result run = shell_in(f->dir, line.data);
    if (run.status != 0 || !text_matches(pattern, run.out))
        case_fail(r, file, "%s: exit %d, printed: %s%s", command, run.status, run.out,
                  run.err);
    else
        case_pass(r);
    run_result_free(&run);
    zg_str_free(&line);
}

static void golden(void **state)
{
    const fixture *f = *state;
    case_report r = {.set = "golden granules"};
    run_golden(&r, f, "check", "g1_v006.h5",
               "not checked: /ancillary_data/data_start_utc: elements of type string\n*"
               "g1_v006.h5: 16 groups, 53 datasets, 237 chunks, 155.8 kB: no damage "
               "found, 1 not checked\n9 of the chunks have no checksum: only their place "
               "and size were checked\n");
    run_golden(&r, f, "check", "g2_v007_paged.h5",
               "*g2_v007_paged.h5: 5 groups, 41 datasets, 65 chunks, 84.0 kB: no damage "
               "found\n");
    run_golden(&r, f, "check", "g4_filters_dtypes.h5",
               "not checked: /x/compound: elements of type compound\n"
               "not checked: /x/ext: an external link *\n"
               "not checked: /x/lzf: filter 32000 (lzf)*\n"
               "*no damage found, 6 not checked\n*");
    run_golden(&r, f, "ls", "g4_filters_dtypes.h5",
               "*\n/soft *soft link -> /x/contig\n"
               "*\n/x/contig *same as /hard\n"
               "/x/ext *external link -> other.h5:/x\n"
               "*/x/grid2d *int32 *60 x 50 *16 x 16 *shuffle+deflate * 16 *\n"
               "*\n/x/lzf *dataset, not read: filter 32000 (lzf)*"
               "*/x/scalar *float64 *scalar *contiguous *-* 1 * 8 B * 1.00\n*");
    run_golden(&r, f, "ls --json", "g2_v007_paged.h5",
               "{\"file\": \"*\", \"bytes\": *, \"objects\": [{\"path\": \"/\", "
               "\"kind\": \"group\"}, *]}\n");
    report_end(&r, r.skipped ? 0 : 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases), cmocka_unit_test(values), cmocka_unit_test(damaged),
        cmocka_unit_test(cut),   cmocka_unit_test(golden),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
