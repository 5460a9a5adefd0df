/* zagg-synth: equal options give equal files, and libhdf5 finds what the help promises.
 */
#include "support/support.h"

#include <dirent.h>
#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ARGS 24

static char program[1024];
static char *work;

/* zagg-synth --out WORK/NAME with more options, separated by blanks */
static run_result synth(const char *name, const char *options)
{
    static char out[1024];
    char words[512];
    const char *argv[MAX_ARGS] = {program, "--out", out};
    size_t n = 3;
    snprintf(out, sizeof out, "%s/%s", work, name);
    snprintf(words, sizeof words, "%s", options);
    for (char *word = words; *word && n + 1 < MAX_ARGS;) {
        size_t len = strcspn(word, " ");
        argv[n++] = word;
        if (!word[len])
            break;
        word[len] = '\0';
        word += len + 1;
    }
    argv[n] = NULL;
    return run_program(argv, NULL);
}

static void synth_ok(const char *name, const char *options)
{
    run_result r = synth(name, options);
    if (r.status != 0)
        fail_msg("zagg-synth %s: exit %d: %s", options, r.status, r.err);
    run_result_free(&r);
}

/* Names in a folder, sorted; at most `max` */
static size_t list(const char *name, char names[][256], size_t max)
{
    char path[1024];
    size_t n = 0;
    snprintf(path, sizeof path, "%s/%s", work, name);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) && n < max;)
        if (e->d_name[0] != '.')
            snprintf(names[n++], 256, "%s", e->d_name);
    closedir(dir);
    qsort(names, n, 256, (int (*)(const void *, const void *))strcmp);
    return n;
}

static void same_files(const char *a, const char *b, bool expect_same)
{
    char names[8][256], others[8][256];
    size_t n = list(a, names, 8);
    assert_int_equal(n, list(b, others, 8));
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
        char path[1400], *x, *y;
        size_t nx, ny;
        assert_string_equal(names[i], others[i]);
        snprintf(path, sizeof path, "%s/%s/%s", work, a, names[i]);
        assert_int_equal(zagg_file_read(path, SIZE_MAX / 2, &x, &nx, NULL), ZAGG_OK);
        snprintf(path, sizeof path, "%s/%s/%s", work, b, names[i]);
        assert_int_equal(zagg_file_read(path, SIZE_MAX / 2, &y, &ny, NULL), ZAGG_OK);
        assert_int_equal(nx == ny && memcmp(x, y, nx) == 0, expect_same);
        zagg_bytes_free(x);
        zagg_bytes_free(y);
    }
}

static void test_deterministic(void **state)
{
    (void)state;
    const char *options = "--granules 2 --photons 5000 --beams 3 --seed 7";
    synth_ok("a", options);
    synth_ok("b", options);
    same_files("a", "b", true);
    synth_ok("c", "--granules 2 --photons 5000 --beams 3 --seed 8");
    same_files("a", "c", false);
}

static hid_t open_first(const char *name)
{
    char names[8][256], path[1400];
    assert_true(list(name, names, 8) > 0);
    snprintf(path, sizeof path, "%s/%s/%s", work, name, names[0]);
    hid_t f = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    assert_true(f >= 0);
    return f;
}

/* Reads a whole dataset as `type`; *n gets its rows. Free with free. */
static void *read_all(hid_t file, const char *path, hid_t type, hsize_t *n)
{
    hsize_t dims[2] = {0, 1};
    hid_t d = H5Dopen2(file, path, H5P_DEFAULT);
    if (d < 0)
        fail_msg("%s is missing", path);
    hid_t space = H5Dget_space(d);
    assert_in_range(H5Sget_simple_extent_dims(space, dims, NULL), 1, 2);
    void *data = calloc(dims[0] * dims[1] + 1, H5Tget_size(type));
    assert_non_null(data);
    if (dims[0])
        assert_true(H5Dread(d, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data) >= 0);
    H5Sclose(space);
    H5Dclose(d);
    *n = dims[0];
    return data;
}

static void check_segments(hid_t f, hsize_t photons)
{
    hsize_t n, m;
    int32_t *count = read_all(f, "gt1l/geolocation/segment_ph_cnt", H5T_NATIVE_INT32, &n);
    int64_t *first = read_all(f, "gt1l/geolocation/ph_index_beg", H5T_NATIVE_INT64, &m);
    int64_t next = 1;
    size_t empty = 0;
    assert_int_equal(n, m);
    for (hsize_t i = 0; i < n; i++) {
        assert_int_equal(first[i], count[i] ? next : 0);
        next += count[i];
        empty += count[i] == 0;
    }
    assert_int_equal(next - 1, photons);
    assert_true(empty > 0);
    free(count);
    free(first);
}

static void check_photons(hid_t f, hsize_t photons)
{
    hsize_t n;
    double *lat = read_all(f, "gt1l/heights/lat_ph", H5T_NATIVE_DOUBLE, &n);
    assert_int_equal(n, photons);
    for (hsize_t i = 0; i < n; i++)
        assert_true(lat[i] > 38.0 && lat[i] < 40.0);
    free(lat);
    int8_t *conf = read_all(f, "gt1l/heights/signal_conf_ph", H5T_NATIVE_INT8, &n);
    size_t echoes = 0;
    for (hsize_t i = 0; i < 5 * n; i++) {
        assert_in_range(conf[i] + 2, 0, 6);
        echoes += conf[i] == -2;
    }
    assert_true(echoes > 0 && echoes % 5 == 0);
    free(conf);
}

static void test_structure(void **state)
{
    (void)state;
    static const char *const layouts[] = {"v006", "v007"};
    for (size_t i = 0; i < 2; i++) {
        char options[128];
        hsize_t n;
        snprintf(
            options, sizeof options,
            "--granules 1 --photons 20000 --beams 4 --empty-beams 1 --missing-beams 1 "
            "--layout %s",
            layouts[i]);
        synth_ok(layouts[i], options);
        hid_t f = open_first(layouts[i]);
        check_segments(f, 20000);
        check_photons(f, 20000);
        free(read_all(f, "gt2l/heights/h_ph", H5T_NATIVE_FLOAT, &n));
        assert_int_equal(n, 0);
        assert_int_equal(H5Lexists(f, "gt2r", H5P_DEFAULT), 0);
        hid_t p = H5Fget_create_plist(f);
        H5F_fspace_strategy_t strategy;
        hbool_t persist;
        hsize_t threshold;
        assert_true(H5Pget_file_space_strategy(p, &strategy, &persist, &threshold) >= 0);
        assert_int_equal(strategy == H5F_FSPACE_STRATEGY_PAGE, i == 1);
        H5Pclose(p);
        H5Fclose(f);
    }
}

static bool is_shuffled(hid_t f, const char *path)
{
    unsigned flags, config;
    size_t n = 0;
    hid_t d = H5Dopen2(f, path, H5P_DEFAULT);
    hid_t p = H5Dget_create_plist(d);
    assert_true(p >= 0);
    /* an error where the pipeline lacks it, which libhdf5 would print */
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    herr_t found =
        H5Pget_filter_by_id2(p, H5Z_FILTER_SHUFFLE, &flags, &n, NULL, 0, NULL, &config);
    H5Pclose(p);
    H5Dclose(d);
    return found >= 0;
}

static void test_shuffle(void **state)
{
    (void)state;
    synth_ok("integers", "--granules 1 --photons 1000 --beams 1");
    synth_ok("all", "--granules 1 --photons 1000 --beams 1 --shuffle all");
    for (int all = 0; all < 2; all++) {
        hid_t f = open_first(all ? "all" : "integers");
        assert_true(is_shuffled(f, "gt1l/geolocation/ph_index_beg"));
        assert_int_equal(is_shuffled(f, "gt1l/heights/lat_ph"), all);
        check_photons(f, 1000);
        H5Fclose(f);
    }
}

static void test_land_ice(void **state)
{
    (void)state;
    hsize_t n, m;
    synth_ok("ice", "--product atl06 --granules 1 --photons 3000 --lat -75.5 --lon 180");
    hid_t f = open_first("ice");
    assert_int_equal(H5Lexists(f, "gt1l/heights", H5P_DEFAULT), 0);
    double *lon = read_all(f, "gt3r/land_ice_segments/longitude", H5T_NATIVE_DOUBLE, &n);
    float *h = read_all(f, "gt3r/land_ice_segments/h_li", H5T_NATIVE_FLOAT, &m);
    assert_int_equal(n, 50);
    assert_int_equal(m, 50);
    for (hsize_t i = 0; i < n; i++)
        assert_true(lon[i] >= -180.0 && lon[i] <= 180.0);
    free(lon);
    free(h);
    H5Fclose(f);
}

static void test_wrong_use(void **state)
{
    (void)state;
    static const struct {
        const char *options, *says;
        int status;
    } cases[] = {
        {"--granules 0", "--granules: '0' is not a whole number from 1 to 10000", 2},
        {"--gzip 10", "--gzip: '10' is not", 2},
        {"--seed -1", "--seed: '-1' is not", 2},
        {"--lat nan", "--lat: 'nan' is not", 2},
        {"--product atl08", "--product: 'atl08' is not atl03 or atl06", 2},
        {"--beams 2 --empty-beams 3", "name more beams than --beams", 2},
        {"--photons 200000000", "would reach latitude", 2},
        {"--shuffle floats", "--shuffle: 'floats' is not integers or all", 2},
        {"--frobnicate", "--frobnicate: no such option", 2},
        {"extra", "extra: unexpected", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        run_result r = synth("none", cases[i].options);
        const char *newline = strchr(r.err, '\n');
        if (r.status != cases[i].status || !strstr(r.err, cases[i].says) || !newline ||
            newline[1])
            fail_msg("%s: exit %d, said: %s", cases[i].options, r.status, r.err);
        run_result_free(&r);
    }
    run_result r = synth("a/ATL03_20190101000000_00000606_006_01.h5/x", "--granules 1");
    assert_int_equal(r.status, 1);
    assert_non_null(strstr(r.err, "cannot be made"));
    run_result_free(&r);
}

static void test_help(void **state)
{
    (void)state;
    const char *const argv[] = {program, "--help", NULL};
    run_result r = run_program(argv, NULL);
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, "--missing-beams"));
    assert_string_equal(r.err, "");
    run_result_free(&r);
}

int main(void)
{
    const char *build = getenv("ZAGG_BUILD_DIR");
    snprintf(program, sizeof program, "%s/zagg-synth", build ? build : ".");
    work = make_temp_dir();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_deterministic), cmocka_unit_test(test_structure),
        cmocka_unit_test(test_land_ice),      cmocka_unit_test(test_wrong_use),
        cmocka_unit_test(test_help),          cmocka_unit_test(test_shuffle),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove_tree(work);
    zg_free(work);
    return failed;
}
