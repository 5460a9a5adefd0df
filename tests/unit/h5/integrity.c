/* Whole files of the format of HDF5 1.10: every structure has a checksum, so that with
 * fletcher32 on all chunks no changed bit may go unnoticed; files that must be refused by
 * the name of what makes them unreadable; groups of nothing but links. */
#include "h5_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLIPS 12000
#define N_LINKS 14000

static hid_t create_file(const char *path, hid_t access)
{
    assert_true(H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_V110) >= 0);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    assert_true(file >= 0);
    return file;
}

/* ---- one bit ---- */

/* The extent and chunks choose the index: one chunk, fixed array without and with pages,
 * extensible array with super blocks, B-tree. */
static const struct {
    const char *name;
    int rank;
    hsize_t dims[2], max[2], chunk[2];
} sets[] = {{"/single", 1, {40}, {40}, {40}},
            {"/fixed", 1, {90}, {90}, {10}},
            {"/paged", 1, {1100}, {1100}, {1}},
            {"/extensible", 1, {300}, {H5S_UNLIMITED}, {1}},
            {"/btree", 2, {40, 3}, {H5S_UNLIMITED, H5S_UNLIMITED}, {1, 2}}};
#define N_SETS (sizeof sets / sizeof *sets)
#define MAX_ROWS 1100

static void write_sets(const char *path)
{
    int32_t values[MAX_ROWS * 3];
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = create_file(path, access);
    for (size_t i = 0; i < MAX_ROWS * 3; i++)
        values[i] = (int32_t)(i * 2654435761u % 1000);
    for (size_t i = 0; i < N_SETS; i++) {
        hid_t plist = H5Pcreate(H5P_DATASET_CREATE);
        H5Pset_chunk(plist, sets[i].rank, sets[i].chunk);
        H5Pset_fletcher32(plist);
        hid_t space = H5Screate_simple(sets[i].rank, sets[i].dims, sets[i].max);
        hid_t ds = H5Dcreate2(file, sets[i].name, H5T_STD_I32LE, space, H5P_DEFAULT,
                              plist, H5P_DEFAULT);
        assert_true(ds >= 0);
        hsize_t start[2] = {0, 0}, count[2] = {sets[i].dims[0], sets[i].dims[1]};
        if (i == 2) /* pages that are not there */
            count[0] = 60;
        hid_t mem = H5Screate_simple(sets[i].rank, count, NULL);
        H5Sselect_hyperslab(space, H5S_SELECT_SET, start, NULL, count, NULL);
        assert_true(H5Dwrite(ds, H5T_NATIVE_INT32, mem, space, H5P_DEFAULT, values) >= 0);
        H5Sclose(mem);
        H5Dclose(ds);
        H5Sclose(space);
        H5Pclose(plist);
    }
    assert_true(H5Fclose(file) >= 0);
    H5Pclose(access);
}

/* All values of all datasets of an image into `out`. */
static zagg_status read_sets(const void *image, size_t len, int32_t *out, zagg_err *err)
{
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_status st = zagg_source_open_mem(image, len, &source, err);
    if (st == ZAGG_OK)
        st = zagg_h5_open(source, NULL, &file, err);
    for (size_t i = 0; i < N_SETS && st == ZAGG_OK; i++) {
        zagg_h5_dataset *ds;
        st = zagg_h5_dataset_open(file, sets[i].name, &ds, err);
        if (st != ZAGG_OK)
            break;
        zagg_h5_info info = zagg_h5_dataset_info(ds);
        zagg_rows all = {0, sets[i].dims[0]};
        uint64_t cols = sets[i].rank > 1 ? sets[i].dims[1] : 1;
        if (info.dtype != ZAGG_DT_I32 || info.dims[0] != all.end)
            st = zagg_err_set(err, ZAGG_EINTERNAL, "another dataset");
        for (uint64_t c = 0; c < cols && st == ZAGG_OK; c++) {
            zagg_h5_column column = {ds, sets[i].rank > 1 ? (int64_t)c : -1};
            st = zagg_h5_read(column, &all, 1, NULL, out, err);
            out += all.end;
        }
    }
    zagg_h5_close(file);
    zagg_source_close(source);
    return st;
}

static void no_bit_unnoticed(void **state)
{
    (void)state;
    char *dir = make_temp_dir(), path[512], *image = NULL;
    size_t len = 0, noticed = 0;
    static int32_t want[MAX_ROWS * 3 * N_SETS], got[MAX_ROWS * 3 * N_SETS];
    zagg_err err = ZAGG_ERR_INIT;
    snprintf(path, sizeof path, "%s/sets.h5", dir);
    write_sets(path);
    assert_int_equal(zagg_file_read(path, (size_t)1 << 24, &image, &len, &err), ZAGG_OK);
    if (read_sets(image, len, want, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    uint64_t random = 4;
    for (int i = 0; i < FLIPS; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        size_t at = (size_t)(random >> 20) % len;
        char bit = (char)(1 << (random >> 17 & 7));
        image[at] = (char)(image[at] ^ bit);
        memset(got, 0, sizeof got);
        zagg_status st = read_sets(image, len, got, &err);
        if (st == ZAGG_OK && memcmp(got, want, sizeof got) != 0)
            fail_msg("bit 0x%02x of byte %zu goes unnoticed", (unsigned)bit & 0xffu, at);
        if (st != ZAGG_OK && st != ZAGG_EFORMAT && st != ZAGG_EUNSUPPORTED)
            fail_msg("byte %zu: %s: %s", at, zagg_status_name(st), err.msg);
        noticed += st != ZAGG_OK;
        image[at] = (char)(image[at] ^ bit);
    }
    /* the rest is in space that nothing uses */
    assert_true(noticed > FLIPS / 3);
    zagg_bytes_free(image);
    remove_tree(dir);
    zg_free(dir);
}

/* ---- refused files ---- */

static void refuses(const char *path, const char *says)
{
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_source_open_file(path, &source, &err), ZAGG_OK);
    zagg_status st = zagg_h5_open(source, NULL, &file, &err);
    if (st != ZAGG_EUNSUPPORTED || !strstr(err.msg, says))
        fail_msg("%s: %s", zagg_status_name(st), err.msg);
    zagg_source_close(source);
}

static void cache_image(const char *path)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5AC_cache_image_config_t config = {H5AC__CURR_CACHE_IMAGE_CONFIG_VERSION, true,
                                        false, H5AC__CACHE_IMAGE__ENTRY_AGEOUT__NONE};
    assert_true(H5Pset_mdc_image_config(access, &config) >= 0);
    hid_t file = create_file(path, access);
    H5Gclose(H5Gcreate2(file, "group", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    assert_true(H5Fclose(file) >= 0);
    H5Pclose(access);
}

/* A family of files, of which `path` is the first. */
static void family(const char *dir, char path[512])
{
    char pattern[512];
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    snprintf(pattern, sizeof pattern, "%s/part%%d.h5", dir);
    snprintf(path, 512, "%s/part0.h5", dir);
    assert_true(H5Pset_fapl_family(access, (hsize_t)1 << 16, H5P_DEFAULT) >= 0);
    assert_true(H5Fclose(create_file(pattern, access)) >= 0);
    H5Pclose(access);
}

static void refused_files(void **state)
{
    (void)state;
    char *dir = make_temp_dir(), path[512];
    snprintf(path, sizeof path, "%s/image.h5", dir);
    cache_image(path);
    refuses(path, "superblock extension: file with a metadata cache image");
    family(dir, path);
    refuses(path, "file of several parts");
    snprintf(path, sizeof path, "%s/open.h5", dir);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), file = create_file(path, access);
    assert_true(H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0);
    refuses(path, "its writer has not closed");
    assert_true(H5Fclose(file) >= 0);
    H5Pclose(access);
    remove_tree(dir);
    zg_free(dir);
}

/* ---- links ---- */

static zagg_status count_link(void *user, const char *name, bool is_group, zagg_err *err)
{
    (void)name;
    (void)is_group;
    (void)err;
    ++*(size_t *)user;
    return ZAGG_OK;
}

/* One bit of a direct block that holds names. */
static void damaged_names(const char *path)
{
    char *image = NULL, *block;
    size_t len = 0, n = 0;
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_file_read(path, (size_t)1 << 26, &image, &len, &err), ZAGG_OK);
    for (block = image; block < image + len - 300; block++)
        if (memcmp(block, "FHDB", 4) == 0)
            break;
    block[299] ^= 0x10;
    assert_int_equal(zagg_source_open_mem(image, len, &source, &err), ZAGG_OK);
    assert_int_equal(zagg_h5_open(source, NULL, &file, &err), ZAGG_OK);
    assert_int_equal(zagg_h5_group_list(file, "/", count_link, &n, &err), ZAGG_EFORMAT);
    assert_non_null(strstr(err.msg, "checksum of a direct block does not match"));
    zagg_h5_close(file);
    zagg_source_close(source);
    zagg_bytes_free(image);
}

/* Nothing but links: the group's structures are nearly all of the file, and so many that
 * indirect blocks of its heap hold indirect blocks. */
static void links_alone(void **state)
{
    (void)state;
    char *dir = make_temp_dir(), path[512];
    snprintf(path, sizeof path, "%s/links.h5", dir);
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), out = create_file(path, access);
    for (int i = 0; i < N_LINKS; i++) {
        char name[128];
        snprintf(name, sizeof name, "link_%d_%0*d", i, i % 90 + 1, 7);
        assert_true(H5Lcreate_soft("/", out, name, H5P_DEFAULT, H5P_DEFAULT) >= 0);
    }
    assert_true(H5Fclose(out) >= 0);
    H5Pclose(access);
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    size_t n = 0;
    assert_int_equal(zagg_source_open_file(path, &source, &err), ZAGG_OK);
    assert_int_equal(zagg_h5_open(source, NULL, &file, &err), ZAGG_OK);
    if (zagg_h5_group_list(file, "/", count_link, &n, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(n, N_LINKS);
    bool group = false;
    assert_int_equal(zagg_h5_group_exists(file, "/link_12969_0000000007", &group, &err),
                     ZAGG_OK);
    assert_int_equal(zagg_h5_group_exists(file, "/link_0_7", &group, &err), ZAGG_OK);
    assert_true(group);
    zagg_h5_close(file);
    zagg_source_close(source);
    damaged_names(path);
    remove_tree(dir);
    zg_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_bit_unnoticed),
        cmocka_unit_test(refused_files),
        cmocka_unit_test(links_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
