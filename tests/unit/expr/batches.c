/* Many cells at once give what each gives alone. */
#include "evaluate.h"

#include <stdio.h>
#include <string.h>

static const char *const TEXTS[] = {
    "h",
    "h + 1",
    "1.0 / np.sqrt(np.sum(1.0 / s**2))",
    "np.mean(h[h > 0])",
    "np.max(h) - np.min(h)",
    "np.sum((h - np.mean(h))**2)",
    "np.histogram(h, 8, (-32.0, 32.0))[0].astype('uint32')",
    "np.histogram(h, 8, (-32.0, 32.0))[1]",
    "np.histogram(s - np.median(s), 16, (-1.0, 1.0))[0]",
    "np.histogram(i, edges)[0]",
    "np.histogram(s, n)[0]",
    "np.histogram(s, 4, (0.0, 4.0), density=True)[0]",
    "level",
    "level * 2 + gain",
    "h * level",
    "h - gain",
    "edges",
    "edges + level",
    "edges[1:] - edges[:-1]",
    "edges[n - 6]",
    "lut[k % 8]",
    "np.take(lut, [0, -1])",
    "n",
    "q * n",
    "len(h)",
    "h.size + n",
    "h.shape[0]",
    "xyz",
    "xyz[:, 1]",
    "xyz[0]",
    "xyz[-1, 2]",
    "xyz[:, ::2]",
    "xyz[h > 0]",
    "xyz[::-1, 0]",
    "xyz * np.array([1.0, 2.0, 3.0])",
    "np.sum(xyz, axis=0)",
    "np.sum(xyz, axis=1)",
    "np.mean(xyz, axis=0)",
    "np.std(xyz, axis=0)",
    "np.max(xyz, axis=1)",
    "np.median(xyz, axis=0)",
    "np.sum(xyz)",
    "xyz - level",
    "xyz + s[:, None]",
    "xyz.shape[1] + xyz.ndim",
    "i // k.astype('int32') + i % 7",
    "i // 0",
    "t // 0.3 + t % 0.3",
    "i ** 2",
    "u * u",
    "k * k",
    "w >> 32",
    "w & 255",
    "(w & 255) == 3",
    "w > -1",
    "k < 1000",
    "k == 5.0",
    "i == w",
    "~m",
    "m & (h > 0) | (k < 3) ^ m",
    "m + m",
    "m * 2",
    "np.where(m, h, s)",
    "np.where(m, 1, level)",
    "np.where(h > 0)[0]",
    "np.clip(h, -3.0, level)",
    "np.round(h, 1)",
    "np.floor(h) + np.ceil(t) - np.trunc(t) + np.rint(h)",
    "np.abs(h) + abs(t) + np.sign(h)",
    "np.isnan(h) | np.isfinite(t) | np.isinf(t)",
    "np.nan_to_num(h) + np.nan_to_num(t, posinf=1.0)",
    "np.exp(-s) + np.log(s) + np.sin(t) + np.arctan2(h, s)",
    "np.hypot(h, s) ** 1.5",
    "s ** -1 + s ** 0.5 + s ** 3",
    "np.float64(s) ** gain",
    "np.median(h)",
    "np.nanmedian(h)",
    "np.nanmean(h) + np.nanmin(h) + np.nanmax(h) + np.nansum(h)",
    "np.quantile(t, 0.25)",
    "np.quantile(s, [0.1, 0.5, 0.9])",
    "np.quantile(s, q)",
    "np.percentile(i, 90, method='nearest')",
    "np.var(h, ddof=1)",
    "np.average(h, weights=1.0 / s**2)",
    "np.any(m) | np.all(m)",
    "np.count_nonzero(h > 0)",
    "np.argmin(s) + np.argmax(i)",
    "h[np.argmax(s)]",
    "np.cumsum(s)",
    "np.cumprod(s)",
    "sum(s)",
    "sum(i)",
    "sum([level, 1, gain])",
    "np.sort(h)",
    "np.argsort(t)",
    "np.unique(k)",
    "np.diff(h)",
    "np.flatnonzero(h > 0)",
    "np.searchsorted(edges, h)",
    "np.digitize(h, edges)",
    "np.bincount(u % 16, minlength=4)",
    "np.isin(k, [1, 2, 3])",
    "np.interp(h, edges, lut[:5])",
    "np.trapezoid(s)",
    "np.concatenate([h, s])",
    "np.concatenate([edges, t])",
    "np.hstack([level, h])",
    "np.vstack([edges, edges])",
    "np.column_stack([h, s, t])",
    "np.stack([h, s], axis=1)",
    "np.array([np.min(s), np.max(s), level])",
    "np.array([1, 2])",
    "np.zeros(4)",
    "np.zeros(len(h))",
    "np.ones((len(h), 2))",
    "np.full(3, level)",
    "np.full_like(h, 7)",
    "np.arange(len(h))",
    "np.arange(0.0, level + 10.0, 2.5)",
    "np.linspace(level, 10.0, 5)",
    "np.ravel(xyz)",
    "np.cov(s, t)",
    "np.dot(s, s)",
    "np.corrcoef(s, u)",
    "h[0]",
    "h[-1]",
    "h[len(h) // 2]",
    "h[::2]",
    "h[::-1]",
    "h[1:n]",
    "h[len(h):]",
    "h[[0, -1, 0]]",
    "h[np.argsort(s)]",
    "h[:, None] * s[:, None]",
    "h[:, None] - edges",
    "np.mean(h) if len(h) > 4 else np.nan",
    "h[:3] if len(h) > 4 else h",
    "len(h) > 4 and np.sum(s) > 1.0",
    "level or len(h)",
    "not m[0]",
    "0 < len(h) <= n < 100",
    "1 if level > 1 else 2 if level > 0 else 3",
    "np.float32(np.floor(np.min(s)))",
    "np.float32(np.maximum(0.5, 2.0 ** np.ceil(np.log2(np.maximum(1e-6, np.max(s) - "
    "np.min(s)) / 128.0))))",
    "int(np.sum(s) * 100) % 7",
    "float(level) ** 2",
    "True",
    "np.pi * 2",
};
enum { N_TEXTS = sizeof TEXTS / sizeof TEXTS[0] };

static void check_text(zagg_expr_memory *memory, const char *text)
{
    zagg_program *p = compile(text);
    evaluated all = run_cells(p, memory, 0, CELLS);
    size_t at = 0;
    if (all.status != ZAGG_OK)
        fail_msg("%s", all.err.msg);
    for (size_t s = 0; s < CELLS; s++) {
        evaluated one = run_cells(p, memory, s, 1);
        if (one.status != ZAGG_OK)
            fail_msg("cell %zu: %s", s, one.err.msg);
        if (one.items[0] != all.items[s] || one.columns != all.columns ||
            at + one.bytes > all.bytes || memcmp(one.data, all.data + at, one.bytes) != 0)
            fail_msg("'%s': cell %zu alone gives something else", text, s);
        at += one.bytes;
        evaluated_free(&one);
    }
    assert_int_equal(at, all.bytes);
    const zagg_expr_type type = zagg_program_type(p);
    assert_int_equal(type.dtype, all.type.dtype);
    assert_int_equal(type.rank, all.type.rank);
    assert_int_equal(type.weak, all.type.weak);
    evaluated_free(&all);
    zagg_program_free(p);
}

static void test_alone_and_together(void **state)
{
    (void)state;
    zagg_expr_memory *memory;
    assert_int_equal(zagg_expr_memory_new(&memory, NULL), ZAGG_OK);
    for (size_t i = 0; i < N_TEXTS; i++)
        check_text(memory, TEXTS[i]);
    zagg_expr_memory_free(memory);
}

/* Programs of different size and appetite in turn: nothing of one is left in another. */
static void test_shared_memory(void **state)
{
    (void)state;
    zagg_expr_memory *memory, *fresh;
    assert_int_equal(zagg_expr_memory_new(&memory, NULL), ZAGG_OK);
    for (size_t i = 0; i < N_TEXTS; i++) {
        zagg_program *big = compile("np.sum(np.zeros(n * 4000))");
        zagg_program *p = compile(TEXTS[i]);
        evaluated before = run_cells(big, memory, 0, CELLS);
        evaluated used = run_cells(p, memory, 2, 3);
        assert_int_equal(zagg_expr_memory_new(&fresh, NULL), ZAGG_OK);
        evaluated clean = run_cells(p, fresh, 2, 3);
        zagg_expr_memory_free(fresh);
        assert_int_equal(before.status, ZAGG_OK);
        assert_int_equal(used.status, ZAGG_OK);
        assert_int_equal(used.bytes, clean.bytes);
        assert_memory_equal(used.data, clean.data, used.bytes);
        evaluated_free(&before);
        evaluated_free(&used);
        evaluated_free(&clean);
        zagg_program_free(p);
        zagg_program_free(big);
    }
    zagg_expr_memory_free(memory);
}

/* A side that is not taken is not computed; a cell that fails is named. */
static void test_branches(void **state)
{
    (void)state;
    evaluated e = evaluate("h[4] if len(h) > 4 else s[0]");
    assert_int_equal(e.status, ZAGG_OK);
    evaluated_free(&e);
    e = evaluate("len(h) > 4 and h[4] > 0.0");
    assert_int_equal(e.status, ZAGG_OK);
    evaluated_free(&e);
    e = evaluate("len(h) <= 4 or h[4] > 0.0");
    assert_int_equal(e.status, ZAGG_OK);
    evaluated_free(&e);
    e = evaluate("1 < len(h) < h[1]"); /* h[1] only where there is one */
    assert_int_equal(e.status, ZAGG_OK);
    evaluated_free(&e);
    e = evaluate("h[4] if len(h) > 2 else s[0]");
    assert_int_equal(e.status, ZAGG_ERANGE);
    assert_int_equal(e.bad, 5); /* three rows */
    assert_non_null(strstr(e.err.msg, "column 2"));
    e = evaluate("np.ones((len(h), len(h))) if True else np.ones((1, 1))");
    assert_int_equal(e.status, ZAGG_ERANGE);
    assert_non_null(strstr(e.err.msg, "tables of different widths"));
}

/* A cell without rows: a shard that holds none. */
static void test_no_rows(void **state)
{
    static const struct {
        const char *text;
        zagg_status status;
        size_t items;
    } CASES[] = {
        {"h", ZAGG_OK, 0},
        {"np.sum(h)", ZAGG_OK, 1},
        {"h + edges[:0]", ZAGG_OK, 0},
        {"np.max(h)", ZAGG_ERANGE, 0},
        {"edges", ZAGG_OK, 5},
        {"h[0]", ZAGG_ERANGE, 0},
        {"np.diff(h)", ZAGG_OK, 0},
        {"xyz[:, 0]", ZAGG_OK, 0},
        {"np.histogram(h, 3)[0]", ZAGG_OK, 3},
    };
    (void)state;
    const size_t offsets[2] = {0, 0};
    const double edges[5] = {0, 1, 2, 3, 4};
    zagg_expr_input in[NAMES] = {{0}};
    in[12] = (zagg_expr_input){.data = edges, .n = 5};
    in[14].columns = 3;
    zagg_expr_memory *memory;
    assert_int_equal(zagg_expr_memory_new(&memory, NULL), ZAGG_OK);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        zagg_program *p = compile(CASES[i].text);
        zagg_expr_result r;
        const zagg_status status =
            zagg_program_run(p, memory, in, offsets, 1, &r, NULL, NULL);
        if (status != CASES[i].status)
            fail_msg("'%s': status %d", CASES[i].text, (int)status);
        if (status == ZAGG_OK && r.type.rank > 0)
            assert_int_equal(r.offsets[1], CASES[i].items);
        zagg_program_free(p);
    }
    zagg_expr_memory_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone_and_together),
        cmocka_unit_test(test_shared_memory),
        cmocka_unit_test(test_branches),
        cmocka_unit_test(test_no_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
