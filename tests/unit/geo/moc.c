/* Sets of cells against a plain model: one flag for each cell of a fine order. */
#include "zagg/moc.h"

#include "support/random.h"
#include "support/support.h"

#include <string.h>

enum { FINE = 5, CELLS = 12 << (2 * FINE) };

/** Random words of orders 0..29 around one corner of the sky, in no order. */
static size_t random_words(uint64_t *seed, uint64_t *words, size_t most)
{
    size_t n = (size_t)(random_u64(seed) % (most + 1));
    for (size_t k = 0; k < n; k++) {
        unsigned order = (unsigned)(1 + random_u64(seed) % FINE);
        uint64_t nested = (UINT64_C(7) << (2 * order)) +
                          random_u64(seed) % (UINT64_C(1) << (2 * order));
        if (random_u64(seed) % 16 == 0)
            nested = random_u64(seed) % (UINT64_C(12) << (2 * order));
        words[k] = zagg_word_from_nested(nested, order);
    }
    return n;
}

static void mark(bool *flags, const uint64_t *words, size_t n)
{
    memset(flags, 0, CELLS * sizeof *flags);
    for (size_t k = 0; k < n; k++) {
        unsigned shift = 2u * (FINE - zagg_word_order(words[k]));
        uint64_t first = zagg_word_nested(words[k]) << shift;
        for (uint64_t c = 0; c < UINT64_C(1) << shift; c++)
            flags[first + c] = true;
    }
}

/** Ascending, disjoint, no four siblings: no word could be saved. */
static void assert_canonical(const zagg_words *set)
{
    for (size_t k = 1; k < set->n; k++) {
        uint64_t begin, end, before_begin, before_end;
        zagg_word_range29(set->words[k], &begin, &end);
        zagg_word_range29(set->words[k - 1], &before_begin, &before_end);
        assert_true(set->words[k - 1] < set->words[k] && before_end <= begin);
        if (k < 3 || zagg_word_order(set->words[k]) == 0)
            continue;
        bool same = true;
        for (size_t s = k - 3; s < k; s++)
            same = same &&
                   zagg_word_order(set->words[s]) == zagg_word_order(set->words[k]) &&
                   zagg_word_nested(set->words[s]) / 4 ==
                       zagg_word_nested(set->words[k]) / 4;
        assert_false(same);
    }
}

static void against_flags(void **state)
{
    (void)state;
    static bool in_a[CELLS], in_b[CELLS], got[CELLS];
    uint64_t seed = 11, a[40], b[40];
    for (int round = 0; round < 300; round++) {
        size_t n_a = random_words(&seed, a, 40), n_b = random_words(&seed, b, 40);
        mark(in_a, a, n_a);
        mark(in_b, b, n_b);
        for (int op = ZAGG_MOC_AND; op <= ZAGG_MOC_XOR; op++) {
            zagg_words out;
            assert_int_equal(
                zagg_moc_combine((zagg_moc_op)op, a, n_a, b, n_b, &out, NULL), ZAGG_OK);
            assert_canonical(&out);
            mark(got, out.words, out.n);
            for (size_t c = 0; c < CELLS; c++) {
                bool model = op == ZAGG_MOC_AND     ? in_a[c] && in_b[c]
                             : op == ZAGG_MOC_OR    ? in_a[c] || in_b[c]
                             : op == ZAGG_MOC_MINUS ? in_a[c] && !in_b[c]
                                                    : in_a[c] != in_b[c];
                assert_true(got[c] == model);
            }
            zagg_words_free(&out);
        }
        zagg_words set, flat;
        assert_int_equal(zagg_moc_compress(a, n_a, &set, NULL), ZAGG_OK);
        assert_canonical(&set);
        assert_true(set.n <= n_a);
        mark(got, set.words, set.n);
        assert_memory_equal(got, in_a, sizeof got);
        assert_int_equal(zagg_moc_to_order(a, n_a, FINE, 0, &flat, NULL), ZAGG_OK);
        size_t k = 0;
        for (size_t c = 0; c < CELLS; c++)
            if (in_a[c]) {
                assert_true(k < flat.n);
                assert_true(flat.words[k] == zagg_word_from_nested(c, FINE));
                k++;
            }
        assert_int_equal(k, flat.n);
        zagg_words_free(&set);
        zagg_words_free(&flat);
    }
}

static void whole_sky(void **state)
{
    (void)state;
    uint64_t bases[12];
    zagg_words out;
    for (unsigned k = 0; k < 12; k++)
        bases[11 - k] = zagg_word_from_nested(k, 0);
    assert_int_equal(zagg_moc_compress(bases, 12, &out, NULL), ZAGG_OK);
    assert_int_equal(out.n, 12);
    assert_canonical(&out);
    zagg_words_free(&out);
    /* all but one order-29 cell: three words for each order */
    uint64_t hole = zagg_word_from_nested((UINT64_C(12) << 58) - 1u, 29);
    assert_int_equal(zagg_moc_minus(bases, 12, &hole, 1, &out, NULL), ZAGG_OK);
    assert_int_equal(out.n, 11 + 3 * 29);
    assert_canonical(&out);
    zagg_words_free(&out);
    zagg_err err = ZAGG_ERR_INIT;
    out.n = 99;
    assert_int_equal(zagg_moc_to_order(bases, 12, 29, ZAGG_MOC_MAX_CELLS, &out, &err),
                     ZAGG_ERANGE);
    assert_non_null(strstr(err.msg, "3458764513820540928 cells at order 29"));
    assert_int_equal(zagg_moc_to_order(bases, 12, 29, 0, &out, &err), ZAGG_ENOMEM);
    assert_int_equal(out.n, 99);
}

static void limits(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_words out;
    uint64_t cell = zagg_word_from_nested(3, 4);
    assert_int_equal(zagg_moc_to_order(&cell, 1, 6, 16, &out, &err), ZAGG_OK);
    assert_int_equal(out.n, 16);
    zagg_words_free(&out);
    assert_int_equal(zagg_moc_to_order(&cell, 1, 6, 15, &out, &err), ZAGG_ERANGE);
    assert_int_equal(zagg_moc_to_order(&cell, 1, 30, 15, &out, &err), ZAGG_EARG);
    const uint64_t bad[] = {cell, 0};
    const uint64_t beyond[] = {UINT64_C(13) << 60};
    uint64_t box[4];
    size_t n_box = 0;
    assert_int_equal(zagg_moc_compress(bad, 2, &out, &err), ZAGG_EARG);
    assert_non_null(strstr(err.msg, "invalid word"));
    assert_int_equal(zagg_moc_to_order(bad, 2, 3, 0, &out, &err), ZAGG_EARG);
    assert_int_equal(zagg_moc_and(&cell, 1, bad, 2, &out, &err), ZAGG_EARG);
    assert_int_equal(zagg_moc_or(beyond, 1, &cell, 1, &out, &err), ZAGG_EARG);
    assert_int_equal(zagg_moc_box(bad, 2, box, &n_box, &err), ZAGG_EARG);
    assert_int_equal(zagg_moc_box(NULL, 0, box, &n_box, &err), ZAGG_EARG);
    assert_int_equal(n_box, 0);
}

static void empty_and_points(void **state)
{
    (void)state;
    zagg_words out = {.words = NULL, .n = 7};
    assert_int_equal(zagg_moc_compress(NULL, 0, &out, NULL), ZAGG_OK);
    assert_true(out.n == 0 && out.words == NULL);
    out.n = 7;
    assert_int_equal(zagg_moc_xor(NULL, 0, NULL, 0, &out, NULL), ZAGG_OK);
    assert_true(out.n == 0 && out.words == NULL);
    uint64_t nested = (UINT64_C(3) << 58) | 77, point = zagg_word_point(nested);
    assert_int_equal(zagg_moc_compress(&point, 1, &out, NULL), ZAGG_OK);
    assert_true(out.n == 1 && out.words[0] == zagg_word_from_nested(nested, 29));
    zagg_words_free(&out);
    /* bits below the order */
    uint64_t dirty = zagg_word_from_nested(9, 4) | UINT64_C(0xf00000), clean = 0;
    assert_int_equal(zagg_moc_compress(&dirty, 1, &out, NULL), ZAGG_OK);
    clean = out.words[0];
    zagg_words_free(&out);
    assert_true(clean == zagg_word_from_nested(9, 4));
}

static void boxes(void **state)
{
    (void)state;
    uint64_t box[4], cells[20];
    size_t n_box = 0, n = 0;
    cells[n++] = zagg_word_from_nested(5, 3);
    assert_int_equal(zagg_moc_box(cells, n, box, &n_box, NULL), ZAGG_OK);
    assert_true(n_box == 1 && box[0] == cells[0]);
    /* four siblings are one word */
    for (n = 0; n < 4; n++)
        cells[n] = zagg_word_from_nested(20 + 3 - n, 3);
    assert_int_equal(zagg_moc_box(cells, n, box, &n_box, NULL), ZAGG_OK);
    assert_true(n_box == 1 && box[0] == zagg_word_from_nested(5, 2));
    /* far apart in two children, one of them with two cells */
    cells[0] = zagg_word_from_nested(63, 3);
    cells[1] = zagg_word_from_nested(0, 3);
    cells[2] = zagg_word_from_nested(3, 3);
    assert_int_equal(zagg_moc_box(cells, 3, box, &n_box, NULL), ZAGG_OK);
    assert_true(n_box == 2 && box[0] == zagg_word_from_nested(0, 2));
    assert_true(box[1] == cells[0]);
    zagg_err err = ZAGG_ERR_INIT;
    cells[1] = zagg_word_from_nested(64, 3); /* the next base cell */
    assert_int_equal(zagg_moc_box(cells, 2, box, &n_box, &err), ZAGG_EARG);
    assert_non_null(strstr(err.msg, "base cells"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(against_flags), cmocka_unit_test(whole_sky),
        cmocka_unit_test(limits),        cmocka_unit_test(empty_and_points),
        cmocka_unit_test(boxes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
