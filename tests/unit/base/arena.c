/* The arena: alignment, zeroed memory, limits, marks. */
#include "support/support.h"

#include <string.h>

static zagg_arena *new_arena(size_t max_bytes)
{
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(max_bytes, &arena, NULL), ZAGG_OK);
    return arena;
}

static unsigned char *take(zagg_arena *arena, size_t count, size_t size)
{
    unsigned char *p = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_arena_alloc(arena, count, size, &p, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return p;
}

static void assert_zero(const unsigned char *p, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (p[i] != 0)
            fail_msg("byte %zu is %u", i, p[i]);
    }
}

static void test_alignment_and_distinct_pointers(void **state)
{
    (void)state;
    zagg_arena *arena = new_arena(0);
    assert_int_equal(zagg_arena_used(arena), 0);
    unsigned char *empty = take(arena, 0, 8);
    unsigned char *empty_too = take(arena, 5, 0);
    assert_ptr_not_equal(empty, empty_too);
    for (size_t size = 1; size < 300; size += 7) {
        unsigned char *p = take(arena, 1, size);
        assert_int_equal((uintptr_t)p % 64, 0);
        memset(p, 0xAB, size);
    }
    char *text = zagg_arena_strndup(arena, "granule", 4);
    assert_string_equal(text, "gran");
    zagg_arena_free(arena);
    zagg_arena_free(NULL);
}

static void test_memory_is_zero_again_after_release(void **state)
{
    (void)state;
    zagg_arena *arena = new_arena(0);
    memset(take(arena, 1, 100), 1, 100);
    zagg_arena_mark mark = zagg_arena_get_mark(arena);
    size_t used = zagg_arena_used(arena);
    for (int round = 0; round < 3; round++) {
        for (size_t size = 1; size < 5000; size += 611) {
            unsigned char *p = take(arena, size, 1);
            assert_zero(p, size);
            memset(p, 0xFF, size);
        }
        zagg_arena_release(arena, mark);
        assert_int_equal(zagg_arena_used(arena), used);
    }
    assert_true(zagg_arena_peak(arena) > used);
    zagg_arena_free(arena);
}

static void test_release_over_several_blocks(void **state)
{
    (void)state;
    zagg_arena *arena = new_arena(0);
    zagg_arena_mark empty = zagg_arena_get_mark(arena);
    unsigned char *first = take(arena, 1, 1000);
    memset(first, 7, 1000);
    zagg_arena_mark mark = zagg_arena_get_mark(arena);
    for (int i = 0; i < 40; i++)
        memset(take(arena, 1, 300000), 1, 300000); /* many blocks */
    unsigned char *large = take(arena, 100, (size_t)1 << 20);
    large[((size_t)100 << 20) - 1] = 1;
    zagg_arena_release(arena, mark);
    assert_int_equal(first[999], 7);
    assert_zero(take(arena, 1, 300000), 300000);
    zagg_arena_release(arena, empty);
    assert_int_equal(zagg_arena_used(arena), 0);
    assert_zero(take(arena, 1, 1000), 1000);
    zagg_arena_free(arena);
}

static void test_limit_and_overflow(void **state)
{
    (void)state;
    zagg_arena *arena = new_arena(1024);
    zagg_err err = ZAGG_ERR_INIT;
    void *p = &err;
    take(arena, 1, 1000);
    assert_int_equal(zagg_arena_alloc(arena, 1, 1, &p, &err), ZAGG_ENOMEM);
    assert_non_null(strstr(err.msg, "1024"));
    assert_ptr_equal(p, &err);
    zagg_arena_free(arena);

    arena = new_arena(0);
    const size_t huge[][2] = {{SIZE_MAX, 2},
                              {SIZE_MAX, 1},
                              {SIZE_MAX - 64, 1},
                              {SIZE_MAX - 4096, 1},
                              {SIZE_MAX / 2, 1}};
    for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
        assert_int_equal(zagg_arena_alloc(arena, huge[i][0], huge[i][1], &p, &err),
                         ZAGG_ENOMEM);
        assert_ptr_equal(p, &err);
    }
    assert_null(zagg_arena_strndup(arena, "x", SIZE_MAX));
    assert_int_equal(zagg_arena_used(arena), 0);
    zagg_arena_free(arena);
}

static void test_lack_of_memory(void **state)
{
    (void)state;
    zagg_arena *arena = NULL;
    zg_alloc_fail_nth(1);
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_ENOMEM);
    assert_null(arena);
    arena = new_arena(0);
    void *p = NULL;
    zg_alloc_fail_nth(1);
    assert_int_equal(zagg_arena_alloc(arena, 1, 1, &p, NULL), ZAGG_ENOMEM);
    assert_null(p);
    take(arena, 1, 1);
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alignment_and_distinct_pointers),
        cmocka_unit_test(test_memory_is_zero_again_after_release),
        cmocka_unit_test(test_release_over_several_blocks),
        cmocka_unit_test(test_limit_and_overflow),
        cmocka_unit_test(test_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
