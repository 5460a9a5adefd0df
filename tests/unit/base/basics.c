/* Status, checked integers, heap hooks, vectors, strings, SHA-256, clock, machine, types.
 */
#include "support/support.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void test_status_names(void **state)
{
    (void)state;
    assert_string_equal(zagg_status_name(ZAGG_OK), "ok");
    assert_string_equal(zagg_status_name(ZAGG_EFORMAT), "format");
    assert_string_equal(zagg_status_name(ZAGG_STATUS_END), "unknown");
    for (int s = 0; s < ZAGG_STATUS_END; s++)
        assert_true(strlen(zagg_status_name((zagg_status)s)) > 0);
}

static void test_error_messages(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_err_set(NULL, ZAGG_EIO, "nobody listens"), ZAGG_EIO);
    assert_int_equal(zagg_err_set_errno(&err, ZAGG_EIO, ENOENT, "cannot open %s", "a"),
                     ZAGG_EIO);
    assert_string_equal(err.msg, "cannot open a: No such file or directory");
    assert_int_equal(err.sys_errno, ENOENT);
    assert_int_equal(zagg_err_context(&err, ZAGG_EARG, "granule %d", 3), ZAGG_EIO);
    assert_string_equal(err.msg, "granule 3: cannot open a: No such file or directory");
    assert_int_equal(zagg_err_context(NULL, ZAGG_EARG, "x"), ZAGG_EARG);
    /* An argument may be the old message. */
    zagg_err_set(&err, ZAGG_EFORMAT, "again: %s", err.msg);
    assert_string_equal(err.msg,
                        "again: granule 3: cannot open a: No such file or directory");
    assert_int_equal(err.sys_errno, 0);
    zagg_err fresh = ZAGG_ERR_INIT;
    assert_int_equal(zagg_err_context(&fresh, ZAGG_ERANGE, "x"), ZAGG_ERANGE);
}

/* Lack of memory is that, whatever the call was about; some reasons tell what to do. */
static void test_reasons_of_the_system(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_err_set_errno(&err, ZAGG_EIO, ENOMEM, "cannot list a"),
                     ZAGG_ENOMEM);
    assert_int_equal(err.status, ZAGG_ENOMEM);
    assert_int_equal(zagg_err_set_errno(NULL, ZAGG_EIO, ENOMEM, "x"), ZAGG_ENOMEM);
    zagg_err_set_errno(&err, ZAGG_EIO, ENOSPC, "cannot write a");
    assert_string_equal(err.msg, "cannot write a: No space left on device; make room "
                                 "there and run again");
}

static void test_messages_are_cut_between_characters(void **state)
{
    (void)state;
    char text[3001];
    for (size_t i = 0; i < 1000; i++)
        memcpy(text + 3 * i, "\xE2\x82\xAC", 3); /* the euro sign */
    text[3000] = '\0';
    zagg_err err = ZAGG_ERR_INIT;
    for (int blanks = 0; blanks < 4; blanks++) {
        zagg_err_set(&err, ZAGG_EARG, "%*s%s", blanks, "", text);
        size_t len = strlen(err.msg);
        assert_true(len >= sizeof err.msg - 4);
        assert_int_equal((len - (size_t)blanks) % 3, 0);
        zagg_err_context(&err, ZAGG_EARG, "%s", "ab");
        len = strlen(err.msg);
        assert_true(len >= sizeof err.msg - 4);
        assert_int_equal((len - 4 - (size_t)blanks) % 3, 0);
    }
    assert_int_equal(zg_utf8_floor("\xF0\x9F\x98\x80", 3), 0);
    assert_int_equal(zg_utf8_floor("\xF0\x9F\x98\x80", 4), 4);
    assert_int_equal(zg_utf8_floor("abc", 2), 2);
    assert_int_equal(zg_utf8_floor("", 0), 0);
}

static void test_checked_integers(void **state)
{
    (void)state;
    size_t n = 7;
    uint64_t u = 7;
    assert_false(zg_add_size(SIZE_MAX, 1, &n));
    assert_false(zg_mul_size(SIZE_MAX / 2, 3, &n));
    assert_false(zg_add_u64(UINT64_MAX, 1, &u));
    assert_false(zg_mul_u64(UINT64_MAX / 2, 3, &u));
    assert_int_equal(n, 7);
    assert_int_equal(u, 7);
    assert_true(zg_mul_size(SIZE_MAX, 1, &n) && n == SIZE_MAX);
    assert_true(zg_add_u64(UINT64_MAX - 1, 1, &u) && u == UINT64_MAX);
}

static void test_heap_hooks(void **state)
{
    (void)state;
    assert_null(zg_alloc(SIZE_MAX, 2));
    char *p = zg_alloc(0, 8);
    assert_non_null(p);
    assert_null(zg_realloc(p, SIZE_MAX, 2));
    p = zg_realloc(p, 10, 1);
    memset(p, 1, 10);
    zg_free(p);
    p = zg_strndup("abcdef", 3);
    assert_string_equal(p, "abc");
    zg_free(p);
    assert_null(zg_strndup("x", SIZE_MAX));
    zg_alloc_fail_nth(2);
    p = zg_strdup("first");
    assert_non_null(p);
    assert_null(zg_strdup("second"));
    char *third = zg_strdup("third");
    assert_non_null(third);
    zg_free(p);
    zg_free(third);
}

static void test_vector(void **state)
{
    (void)state;
    zg_vec v;
    zg_vec_init(&v, sizeof(int), 1000);
    for (int i = 0; i < 1000; i++) {
        int *elem = zg_vec_push(&v);
        assert_non_null(elem);
        assert_int_equal(*elem, 0);
        *elem = i;
    }
    assert_null(zg_vec_push(&v));
    assert_false(zg_vec_reserve(&v, 1001));
    assert_int_equal(*ZG_VEC_AT(&v, int, 999), 999);
    assert_int_equal(v.len, 1000);
    zg_vec_free(&v);
    assert_int_equal(v.len, 0);
    zg_vec_init(&v, sizeof(int), 0);
    assert_false(zg_vec_reserve(&v, SIZE_MAX / 2));
    zg_alloc_fail_nth(1);
    assert_null(zg_vec_push(&v));
    assert_non_null(zg_vec_push(&v));
    zg_vec_free(&v);
}

static void test_string_builder(void **state)
{
    (void)state;
    zg_str s;
    zg_str_init(&s, 0);
    assert_string_equal(s.data, "");
    char *text = zg_str_take(&s);
    assert_string_equal(text, "");
    zg_free(text);
    for (int i = 0; i < 100; i++)
        zg_str_addf(&s, "%d,", i);
    zg_str_add(&s, "end");
    zg_str_addc(&s, '.');
    zg_str_addn(&s, "ignored", 0);
    assert_false(s.failed);
    assert_int_equal(s.len, strlen(s.data));
    text = zg_str_take(&s);
    assert_true(strncmp(text, "0,1,2,", 6) == 0);
    assert_string_equal(text + strlen(text) - 7, "99,end.");
    zg_free(text);
    assert_string_equal(s.data, "");
    zg_str_free(&s);
}

static void test_string_builder_bound(void **state)
{
    (void)state;
    zg_str s;
    zg_str_init(&s, 4);
    zg_str_add(&s, "abcd");
    assert_false(s.failed);
    zg_str_addc(&s, 'e');
    assert_true(s.failed);
    zg_str_add(&s, "");
    assert_string_equal(s.data, "abcd");
    assert_null(zg_str_take(&s));
    assert_false(s.failed);
    zg_str_addf(&s, "%s", "abcde");
    assert_true(s.failed);
    zg_str_free(&s);
    zg_str_init(&s, 0);
    zg_alloc_fail_nth(1);
    zg_str_add(&s, "x");
    assert_true(s.failed);
    assert_string_equal(s.data, "");
    zg_str_free(&s);
}

static void test_sha256_vectors(void **state)
{
    (void)state;
    /* FIPS 180-4 examples (NIST CSRC), and the empty message. */
    static const struct {
        const char *text, *hex;
    } known[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        char hex[65];
        zg_sha256_hex(known[i].text, strlen(known[i].text), hex);
        assert_string_equal(hex, known[i].hex);
    }
}

static void test_sha256_of_lines(void **state)
{
    (void)state;
    const char *lines[] = {"b.h5", "a.h5", ""};
    char hex[65], expected[65];
    qsort(lines, 3, sizeof lines[0], zg_compare_texts);
    zg_sha256_lines(lines, 3, hex);
    zg_sha256_hex("\na.h5\nb.h5", 10, expected);
    assert_string_equal(hex, expected);
    zg_sha256_lines(lines, 0, hex);
    zg_sha256_hex("", 0, expected);
    assert_string_equal(hex, expected);
}

static void test_clock_and_machine(void **state)
{
    (void)state;
    char stamp[21];
    zg_clock_utc_iso(stamp);
    assert_int_equal(strlen(stamp), 20);
    assert_true(stamp[0] == '2' && stamp[10] == 'T' && stamp[19] == 'Z');
    double before = zg_clock_mono_s();
    assert_true(zg_clock_mono_s() >= before);
    assert_true(zg_peak_rss_bytes() > 100000);
    assert_true(zg_cpu_count() >= 1);
}

static void test_dtypes(void **state)
{
    (void)state;
    for (int t = ZAGG_DT_BOOL; t <= ZAGG_DT_F64; t++) {
        zagg_dtype type = (zagg_dtype)t;
        assert_int_equal(zagg_dtype_from_name(zagg_dtype_name(type)), type);
        assert_true(zagg_dtype_size(type) >= 1 && zagg_dtype_size(type) <= 8);
        int classes = (type == ZAGG_DT_BOOL) + zagg_dtype_is_float(type) +
                      zagg_dtype_is_signed_int(type) + zagg_dtype_is_unsigned_int(type);
        assert_int_equal(classes, 1);
    }
    assert_int_equal(zagg_dtype_size(ZAGG_DT_U16), 2);
    assert_string_equal(zagg_dtype_name(ZAGG_DT_F32), "float32");
    assert_int_equal(zagg_dtype_size(ZAGG_DT_NONE), 0);
    assert_string_equal(zagg_dtype_name((zagg_dtype)99), "");
    assert_int_equal(zagg_dtype_from_name(""), ZAGG_DT_NONE);
    assert_int_equal(zagg_dtype_from_name("Float32"), ZAGG_DT_NONE);
    assert_int_equal(zagg_dtype_from_name(NULL), ZAGG_DT_NONE);
}

static void test_isa(void **state)
{
    (void)state;
    static const zg_isa all[] = {ZG_ISA_SCALAR, ZG_ISA_NEON, ZG_ISA_AVX2, ZG_ISA_AVX512};
    const zg_isa widest = zg_isa_of_name(NULL);
    assert_true(zg_isa_has(ZG_ISA_SCALAR) && zg_isa_has(widest));
    for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
        const bool has = zg_isa_has(all[k]);
        assert_int_equal(zg_isa_of_name(zg_isa_name(all[k])), has ? all[k] : widest);
        const zg_isa before = zg_isa_active();
        assert_int_equal(zg_isa_force(all[k]), has);
        assert_int_equal(zg_isa_active(), has ? all[k] : before);
    }
    assert_int_equal(zg_isa_of_name(""), widest);
    assert_int_equal(zg_isa_of_name("AVX2"), widest);
    assert_true(zg_isa_force(widest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_status_names),
        cmocka_unit_test(test_error_messages),
        cmocka_unit_test(test_reasons_of_the_system),
        cmocka_unit_test(test_messages_are_cut_between_characters),
        cmocka_unit_test(test_checked_integers),
        cmocka_unit_test(test_heap_hooks),
        cmocka_unit_test(test_vector),
        cmocka_unit_test(test_string_builder),
        cmocka_unit_test(test_string_builder_bound),
        cmocka_unit_test(test_sha256_vectors),
        cmocka_unit_test(test_sha256_of_lines),
        cmocka_unit_test(test_clock_and_machine),
        cmocka_unit_test(test_dtypes),
        cmocka_unit_test(test_isa),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
