/* The HDF5 reader against libhdf5: every numeric dataset of files written here, of the
 * golden granules and of a cut of a real one, read whole, by ranges, by rows and by scan,
 * with different numbers of threads. */
#include "h5_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void written_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_fixture_kinds; i++) {
        case_report report = {.set = fixture_kinds[i].name};
        char *dir = make_temp_dir(), path[512];
        fixture_write(&fixture_kinds[i], dir, path);
        size_t n = compare_file(path, &report);
        n += compare_file_remote(path, &report);
        remove_tree(dir);
        free(dir);
        report_end(&report, n);
        assert_true(n > 200);
    }
}

static void golden_granules(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t at_least;
    } files[] = {{"read/g1_v006.h5", 50},      {"read/g2_v007_paged.h5", 20},
                 {"read/g3_layout_v4.h5", 12}, {"read/g4_filters_dtypes.h5", 20},
                 {"read/g5_atl06.h5", 4},      {"read/g6_links.h5", 10}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (!golden_available(files[i].name))
            continue;
        case_report report = {.set = files[i].name};
        char path[512];
        snprintf(path, sizeof path, "%s", golden_path(files[i].name));
        compare_file(path, &report);
        compare_file_remote(path, &report);
        report_end(&report, 2 * files[i].at_least);
    }
}

static void real_granule(void **state)
{
    (void)state;
    const char *path = shared_path("data/real/ATL03_gt1l.h5");
    FILE *file = fopen(path, "rb");
    if (!file) {
        print_message("skipped: %s is not there\n", path);
        return;
    }
    fclose(file);
    case_report report = {.set = "real granule"};
    compare_file(path, &report);
    compare_file_remote(path, &report);
    report_end(&report, 140);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_files),
        cmocka_unit_test(golden_granules),
        cmocka_unit_test(real_granule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
