/* Granules that cannot be read, wholly or in part: `zagg run` names them, says what is
 * wrong, never calls the result "no data" with exit 0, and keeps what could be read. */
#include "cli/fixture.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define CATALOG "rm -rf o; zagg run -q --config c.yaml --store o --catalog "

/* ---- truncated at ten places ---- */

static unsigned long long file_size(const fixture *f, const char *name)
{
    char *text = shell_ok(f->dir, "wc -c < %s", name);
    unsigned long long size = 0;
    assert_int_equal(sscanf(text, "%llu", &size), 1);
    zg_free(text);
    return size;
}

/* One line that names the granule; stdout as given. */
static void expect(case_report *r, const fixture *f, const char *name,
                   const char *command, int status, const char *err)
{
    run_result run = shell_in(f->dir, command);
    if (run.status != status)
        case_fail(r, name, "exit %d instead of %d: %s%s", run.status, status, run.out,
                  run.err);
    else if (!text_matches(err, run.err))
        case_fail(r, name, "standard error: %s", run.err);
    else
        case_pass(r);
    run_result_free(&run);
}

static void truncated_layout(const fixture *f, case_report *r, const char *layout)
{
    char name[64];
    zg_free(shell_ok(f->dir,
                     "rm -rf whole && zagg-synth --quiet --out whole --granules 1 "
                     "--photons 3000 --beams 2 --layout %s && mv whole/*.h5 whole/w.h5",
                     layout));
    const unsigned long long size = file_size(f, "whole/w.h5");
    for (unsigned k = 0; k < 10; k++) {
        /* 0, in the superblock, ..., one byte short */
        const unsigned long long cut = k == 0   ? 0
                                       : k == 1 ? 20
                                       : k == 9 ? size - 1
                                                : size * k / 10;
        zg_free(shell_ok(f->dir, "head -c %llu whole/w.h5 > cut.h5", cut));
        (void)snprintf(name, sizeof name, "%s cut at %llu", layout, cut);
        expect(r, f, name, "zagg run -q --config c.yaml --granules cut.h5 --store o", 1,
               k == 0 ? "error: cut.h5: not an HDF5 file\n"
                      : "error: cut.h5: truncated: *\n");
        expect(r, f, name, CATALOG "cut.json", 6,
               k == 0 ? "*error: [1/*No data after filtering (1 granule reads raised; "
                        "e.g. cut.h5: not an HDF5 file)\n*"
                      : "*error: [1/*No data after filtering (1 granule reads raised; "
                        "e.g. cut.h5: truncated: *");
    }
}

static void truncated(void **state)
{
    const fixture *f = *state;
    case_report r = {.set = "truncated"};
    write_map(f, "cut.json", (map_parts){.granules = "{\"s3\": \"cut.h5\"}"});
    truncated_layout(f, &r, "v006");
    truncated_layout(f, &r, "v007");
    report_end(&r, 40);
}

/* ---- unreadable granules of a catalog ---- */

#define ALL_FAILED "\nDone: 0 cells with data, 0 obs, * errors, *s\nOutput: o\n"
#define NO_GRANULE(message)                                                              \
    "*error: [1/*: No data after filtering (1 granule reads raised; e.g. " message ")\n" \
    "*"

static const cli_case UNREADABLE[] = {
    {"missing granule", CATALOG "missing.json", 6, ALL_FAILED,
     NO_GRANULE("cannot open nope.h5: No such file or directory")},
    {"folder as granule", CATALOG "folder.json", 6, ALL_FAILED,
     NO_GRANULE("g is a directory, not a file")},
    {"not HDF5", CATALOG "text.json", 6, ALL_FAILED,
     NO_GRANULE("c.yaml: not an HDF5 file")},
    {"two of two", CATALOG "both.json", 6, ALL_FAILED,
     "*error: [1/*(2 granule reads raised; e.g. c.yaml: not an HDF5 file | cannot open "
     "nope.h5: No such file or directory)\n*"},
    {"one of two", CATALOG "half.json", 6,
     "\nDone: * cells with data, *,* obs, 0 errors, *s\nIncomplete: * cells lack reads "
     "that failed (0 groups, * granules)\nOutput: o\n",
     "warn: granule skipped: cannot open nope.h5: No such file or directory\n"},
};

static void unreadable(void **state)
{
    const fixture *f = *state;
    write_map(f, "missing.json", (map_parts){.granules = "{\"s3\": \"nope.h5\"}"});
    write_map(f, "folder.json", (map_parts){.granules = "{\"s3\": \"g\"}"});
    write_map(f, "text.json", (map_parts){.granules = "{\"s3\": \"c.yaml\"}"});
    write_map(f, "both.json",
              (map_parts){.granules = "{\"s3\": \"c.yaml\"}, {\"s3\": \"nope.h5\"}"});
    write_map(f, "half.json",
              (map_parts){.granules = "{\"s3\": \"g/a.h5\"}, {\"s3\": \"nope.h5\"}"});
    check_cases(f, "unreadable", UNREADABLE, sizeof UNREADABLE / sizeof UNREADABLE[0]);
    /* What could be read is what a run without the missing granule writes. */
    zg_free(shell_ok(f->dir,
                     "rm -rf good && zagg run -q --config c.yaml --catalog m.json "
                     "--store good"));
    assert_same_stores(f, "good", "o");
}

/* ---- datasets that are not what the config says ---- */

/* The config with a path changed; all groups fail the same way. */
typedef struct dataset_case {
    const char *name, *from, *to, *why;
} dataset_case;

static const dataset_case DATASETS[] = {
    {"dataset missing", "heights/h_ph", "heights/nope",
     "g/a.h5: /gt1l/heights/nope: no 'nope' in /gt1l/heights"},
    {"group missing", "heights/h_ph", "nope/h_ph",
     "g/a.h5: /gt1l/nope/h_ph: no 'nope' in /gt1l"},
    {"group as dataset", "heights/h_ph", "geolocation",
     "g/a.h5: /gt1l/geolocation: a group, not a dataset"},
    {"coordinate missing", "/heights/lat_ph", "/heights/nope",
     "g/a.h5: /gt1l/heights/nope: no 'nope' in /gt1l/heights"},
    {"variable of rank 2", "heights/h_ph", "heights/signal_conf_ph",
     "g/a.h5: group gt1l: variable 'h_ph': /gt1l/heights/signal_conf_ph is 2-D and needs "
     "an integer 'column' (0 to 4)"},
    {"coordinate of rank 2", "/heights/lat_ph", "/heights/signal_conf_ph",
     "g/a.h5: *gt1l*/gt1l/heights/signal_conf_ph*"},
    {"filter column of rank 1", "signal_conf_ph", "quality_ph",
     "g/a.h5: group gt1l: filter on '/{group}/heights/quality_ph': 'column' set but "
     "/gt1l/heights/quality_ph is 1-D"},
    {"filter column outside", "column: 0", "column: 5",
     "g/a.h5: group gt1l: filter on '/{group}/heights/signal_conf_ph': column 5 is "
     "outside /gt1l/heights/signal_conf_ph with 5 columns"},
    {"another length", "heights/h_ph", "geolocation/ph_index_beg",
     "g/a.h5: group gt1l: /gt1l/geolocation/ph_index_beg: has * rows, but row * is "
     "needed"},
    {"level dataset missing", "segment_ph_cnt", "nope",
     "g/a.h5: /gt1l/geolocation/nope: no 'nope' in /gt1l/geolocation"},
};

static void datasets(void **state)
{
    const fixture *f = *state;
    case_report r = {.set = "datasets"};
    zg_str pattern;
    zg_str_init(&pattern, 0);
    for (size_t i = 0; i < sizeof DATASETS / sizeof DATASETS[0]; i++) {
        const dataset_case *c = &DATASETS[i];
        char *config = replaced(FIXTURE_CONFIG, c->from, c->to);
        write_text(f->dir, "d.yaml", config);
        zg_str_free(&pattern);
        zg_str_addf(&pattern,
                    "*error: [1/%zu] %" PRIu64 ": No data after filtering (2 group reads "
                    "raised; e.g. %s | g/a.h5: *gt1r*)\n*",
                    f->n_keys, f->keys[0], c->why);
        expect(&r, f, c->name,
               "rm -rf o; zagg run -q --config d.yaml --catalog m.json --store o", 6,
               pattern.data);
        zg_free(config);
    }
    zg_str_free(&pattern);
    report_end(&r, sizeof DATASETS / sizeof DATASETS[0]);
}

/* ---- beams without photons ---- */

static const zagg_value *beams_run(const fixture *f, zagg_arena *arena,
                                   const char *granules, const char *store)
{
    char *text = shell_ok(f->dir,
                          "zagg run -q --json --config c.yaml --granules %s "
                          "--store %s",
                          granules, store);
    const zagg_value *json = json_of(arena, text);
    zg_free(text);
    return json;
}

static void beams(void **state)
{
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    zg_free(shell_ok(f->dir, "zagg-synth --quiet --out beams --granules 1 --photons 3000 "
                             "--beams 3 --missing-beams 1 --empty-beams 1"));
    const zagg_value *json = beams_run(f, arena, "beams", "ob");
    const uint64_t n = json_u64(json, "total_cells");
    assert_true(n > 0);
    assert_int_equal(json_u64(json, "cells_with_data"), n);
    assert_int_equal(json_u64(json, "groups_absent"), n);
    assert_int_equal(json_u64(json, "groups_empty"), n);
    assert_int_equal(json_u64(json, "read_errors"), 0);
    assert_true(json_u64(json, "total_obs") > 0);
    /* All beams empty: no data at all, and that is no error. */
    zg_free(shell_ok(f->dir, "zagg-synth --quiet --out void --granules 1 --photons 3000 "
                             "--beams 3 --empty-beams 3"));
    json = beams_run(f, arena, "void", "ov");
    assert_int_equal(json_u64(json, "cells_with_data"), 0);
    assert_int_equal(json_u64(json, "cells_error"), 0);
    assert_int_equal(json_u64(json, "groups_empty"), 3 * json_u64(json, "total_cells"));
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truncated),
        cmocka_unit_test(unreadable),
        cmocka_unit_test(datasets),
        cmocka_unit_test(beams),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
