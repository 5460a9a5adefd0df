/* The test support itself: .npy files, numbers, programs. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char *write_npy(const char *folder, const char *header, const void *data,
                       size_t len)
{
    char *path = zg_alloc(4096, 1);
    snprintf(path, 4096, "%s/a.npy", folder);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    size_t header_len = strlen(header);
    const unsigned char prefix[10] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)header_len, 0};
    assert_int_equal(fwrite(prefix, 1, 10, file), 10);
    assert_int_equal(fwrite(header, 1, header_len, file), header_len);
    assert_int_equal(fwrite(data, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return path;
}

static void test_npy(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        zagg_dtype dtype;
        unsigned rank;
        uint64_t dims[2];
        size_t n;
    } cases[] = {
        {"{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }   \n",
         ZAGG_DT_F64,
         1,
         {3},
         3},
        {"{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }\n",
         ZAGG_DT_I32,
         2,
         {2, 3},
         6},
        {"{'descr': '|b1', 'fortran_order': False, 'shape': (24,), }\n",
         ZAGG_DT_BOOL,
         1,
         {24},
         24},
        {"{'descr': '<u8', 'fortran_order': False, 'shape': (3, 1), }\n",
         ZAGG_DT_U64,
         2,
         {3, 1},
         3},
    };
    char *folder = make_temp_dir();
    unsigned char data[24];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (unsigned char)(i * 11);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *path = write_npy(folder, cases[i].header, data, sizeof data);
        npy a = npy_read(path);
        assert_int_equal(a.dtype, cases[i].dtype);
        assert_int_equal(a.rank, cases[i].rank);
        assert_int_equal(a.dims[0], cases[i].dims[0]);
        assert_int_equal(a.dims[1], cases[i].dims[1]);
        assert_int_equal(a.n, cases[i].n);
        assert_memory_equal(a.data, data, sizeof data);
        npy_free(&a);
        zg_free(path);
    }
    const char *scalar = "{'descr': '<f8', 'fortran_order': False, 'shape': (), }\n";
    char *path = write_npy(folder, scalar, data, 8);
    npy a = npy_read(path);
    assert_true(a.rank == 0 && a.n == 1);
    npy_free(&a);
    zg_free(path);
    /* Column order becomes row order. */
    const char *columns = "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n";
    static const unsigned char rows[] = {0, 22, 44, 11, 33, 55};
    path = write_npy(folder, columns, data, 6);
    a = npy_read(path);
    assert_memory_equal(a.data, rows, sizeof rows);
    npy_free(&a);
    zg_free(path);
    remove_tree(folder);
    assert_int_not_equal(access(folder, F_OK), 0);
    zg_free(folder);
}

static void test_numbers(void **state)
{
    (void)state;
    assert_true(golden_double("0x1.8p+1") == 3.0);
    assert_true(golden_double("-1e-3") == -1e-3);
    assert_true(isnan(golden_double("nan")) && isinf(golden_double("-inf")));
    assert_true(same_double(NAN, NAN) && same_double(0.0, -0.0) &&
                !same_double(NAN, 1.0));
    assert_int_equal(ulp_distance(1.0, nextafter(1.0, 2.0)), 1);
    assert_int_equal(ulp_distance(nextafter(0.0, -1.0), nextafter(0.0, 1.0)), 2);
    assert_int_equal(ulp_distance(NAN, NAN), 0);
    assert_true(ulp_distance(NAN, 1.0) == UINT64_MAX);
    assert_true(ulp_distance(-INFINITY, INFINITY) > UINT64_MAX / 2);
}

static void test_programs(void **state)
{
    (void)state;
    const char *const argv[] = {"sh", "-c", "echo \"$GREETING\"; echo no >&2; exit 3",
                                NULL};
    const char *const env[] = {"GREETING=hello", NULL};
    run_result result = run_program(argv, env);
    assert_int_equal(result.status, 3);
    assert_string_equal(result.out, "hello\n");
    assert_string_equal(result.err, "no\n");
    run_result_free(&result);
    const char *const killed[] = {"sh", "-c", "kill -9 $$", NULL};
    result = run_program(killed, NULL);
    assert_int_equal(result.status, 128 + 9);
    run_result_free(&result);
    const char *const absent[] = {"no-such-program-of-zagg", NULL};
    result = run_program(absent, NULL);
    assert_int_equal(result.status, 127);
    assert_non_null(strstr(result.err, "no-such-program-of-zagg"));
    run_result_free(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_npy),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_programs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
