/* What expressions cost: beside hand-written C for the same reduction over the same
 * cells, and for cells without rows.
 *
 *     expression FOLDER [ROUNDS]
 *
 * FOLDER is what bench/aggregate_input.py wrote. The C functions add in the same order as
 * numpy and expressions do, and must give the same bits; bins may differ by a sample that
 * lies on an edge in neither. Times are CPU time, the best of the rounds, expression and
 * C in turn. Prints Markdown. */
#include "cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_BINS = 128, CELLS = 65536, ROWS_OF_CELL = 30, REPEAT = 5 };
static const float LO = 536.0f, HI = 664.0f, FLOOR = 600.0f;

/* Rows of the cells that hold any, in cell order. */
typedef struct cells {
    size_t n, n_rows;
    size_t *offsets; /* n + 1 */
    float *h, *s;
    float *room; /* for the rows of any cell */
} cells;

typedef struct shape {
    const char *text;
    zagg_dtype dtype;
    void (*hand)(const cells *c, void *out);
} shape;

/* ---- by hand ---- */

/* numpy's pairwise sum of TERM(x) over n values; `m` is at TERM's disposal. */
#define PAIRWISE_SUM(NAME, TERM)                                                         \
    static float NAME(const float *a, size_t n, float m)                                 \
    {                                                                                    \
        (void)m;                                                                         \
        if (n > 128) {                                                                   \
            const size_t half = n / 2 - n / 2 % 8;                                       \
            return NAME(a, half, m) + NAME(a + half, n - half, m);                       \
        }                                                                                \
        float sum = -0.0f;                                                               \
        size_t i = 0;                                                                    \
        if (n >= 8) {                                                                    \
            float r[8];                                                                  \
            for (size_t j = 0; j < 8; j++)                                               \
                r[j] = TERM(a[j]);                                                       \
            for (i = 8; i < n - n % 8; i += 8)                                           \
                for (size_t j = 0; j < 8; j++)                                           \
                    r[j] += TERM(a[i + j]);                                              \
            sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));     \
        }                                                                                \
        for (; i < n; i++)                                                               \
            sum += TERM(a[i]);                                                           \
        return sum;                                                                      \
    }
#define PLAIN(x) (x)
#define WEIGHT(x) (1.0f / ((x) * (x)))
#define OFF_SQUARED(x) (((x)-m) * ((x)-m))
PAIRWISE_SUM(sum_plain, PLAIN)
PAIRWISE_SUM(sum_weights, WEIGHT)
PAIRWISE_SUM(sum_off_squared, OFF_SQUARED)

static float mean_of(const float *a, size_t n)
{
    return (float)((double)(0.0f + sum_plain(a, n, 0)) / (double)n);
}

static void hand_sigma(const cells *c, void *out)
{
    float *to = out;
    for (size_t i = 0; i < c->n; i++)
        to[i] = 1.0f / sqrtf(0.0f + sum_weights(c->s + c->offsets[i],
                                                c->offsets[i + 1] - c->offsets[i], 0));
}

static void hand_range(const cells *c, void *out)
{
    float *to = out;
    for (size_t i = 0; i < c->n; i++) {
        float low = c->h[c->offsets[i]], high = low;
        for (size_t k = c->offsets[i] + 1; k < c->offsets[i + 1]; k++) {
            low = c->h[k] < low || c->h[k] != c->h[k] ? c->h[k] : low;
            high = c->h[k] > high || c->h[k] != c->h[k] ? c->h[k] : high;
        }
        to[i] = high - low;
    }
}

static void hand_mean_above(const cells *c, void *out)
{
    float *to = out;
    for (size_t i = 0; i < c->n; i++) {
        size_t n = 0;
        for (size_t k = c->offsets[i]; k < c->offsets[i + 1]; k++) {
            c->room[n] = c->h[k];
            n += c->h[k] > FLOOR;
        }
        to[i] = n ? mean_of(c->room, n) : NAN;
    }
}

static void hand_squares(const cells *c, void *out)
{
    float *to = out;
    for (size_t i = 0; i < c->n; i++) {
        const float *h = c->h + c->offsets[i];
        const size_t n = c->offsets[i + 1] - c->offsets[i];
        to[i] = 0.0f + sum_off_squared(h, n, mean_of(h, n));
    }
}

/* numpy's uniform bins: an estimate that the edges correct; the last bin is closed. */
static void hand_bins(const cells *c, void *out)
{
    int64_t *to = out;
    float edge[N_BINS + 1];
    const float step = (HI - LO) / (float)N_BINS;
    for (int i = 0; i < N_BINS; i++)
        edge[i] = (float)i * step + LO;
    edge[N_BINS] = HI;
    for (size_t i = 0; i < c->n; i++) {
        uint32_t count[N_BINS] = {0};
        for (size_t k = c->offsets[i]; k < c->offsets[i + 1]; k++) {
            const float x = c->h[k];
            if (!(x >= LO && x <= HI))
                continue;
            int b = (int)((x - LO) / (HI - LO) * (float)N_BINS);
            b = b == N_BINS ? N_BINS - 1 : b;
            if (x < edge[b])
                b--;
            else if (x >= edge[b + 1] && b != N_BINS - 1)
                b++;
            count[b]++;
        }
        to[i] = 0;
        for (int b = 0; b < N_BINS; b++)
            to[i] += count[b] > 0;
    }
}

static const shape SHAPES[] = {
    {"1.0 / np.sqrt(np.sum(1.0 / s**2))", ZAGG_DT_F32, hand_sigma},
    {"np.max(h) - np.min(h)", ZAGG_DT_F32, hand_range},
    {"np.mean(h[h > 600.0])", ZAGG_DT_F32, hand_mean_above},
    {"np.sum((h - np.mean(h))**2)", ZAGG_DT_F32, hand_squares},
    {"np.sum(np.histogram(h, 128, (lo, hi))[0] > 0)", ZAGG_DT_I64, hand_bins},
};
enum { N_SHAPES = sizeof SHAPES / sizeof SHAPES[0] };

/* ---- by expression ---- */

enum { N_NAMES = 4 };
static const zagg_expr_name NAMES[N_NAMES] = {
    {.name = "h", .dtype = ZAGG_DT_F32, .rank = 1},
    {.name = "s", .dtype = ZAGG_DT_F32, .rank = 1},
    {.name = "lo", .dtype = ZAGG_DT_F32, .uniform = true},
    {.name = "hi", .dtype = ZAGG_DT_F32, .uniform = true},
};

typedef struct compiled {
    zagg_expr *expr;
    zagg_program *program;
    zagg_expr_memory *memory;
} compiled;

static compiled compile(const shape *s)
{
    compiled c;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_expr_parse(s->text, NAMES, N_NAMES, ZAGG_EXPR_FIELD, &c.expr, &err) !=
            ZAGG_OK ||
        zagg_expr_compile(c.expr, NAMES, N_NAMES, &c.program, &err) != ZAGG_OK ||
        zagg_expr_memory_new(&c.memory, &err) != ZAGG_OK)
        bench_die(s->text, &err);
    const zagg_expr_type type = zagg_program_type(c.program);
    if (type.rank != 0 || type.dtype != s->dtype)
        bench_die("an expression has another type than expected", NULL);
    return c;
}

static void compiled_free(compiled *c)
{
    zagg_expr_memory_free(c->memory);
    zagg_program_free(c->program);
    zagg_expr_free(c->expr);
}

/* In batches of whole cells, as fields are evaluated. */
static void run_expression(const compiled *program, const shape *s, const cells *c,
                           size_t *bounds, void *out)
{
    const size_t size = zagg_dtype_size(s->dtype);
    zagg_err err = ZAGG_ERR_INIT;
    for (size_t first = 0, n; first < c->n; first += n) {
        const size_t row = c->offsets[first];
        n = 0;
        bounds[0] = 0;
        do {
            n++;
            bounds[n] = c->offsets[first + n] - row;
        } while (first + n < c->n &&
                 c->offsets[first + n + 1] - row <= ZAGG_EXPR_BATCH_ROWS);
        const zagg_expr_input inputs[N_NAMES] = {
            {.data = c->h + row}, {.data = c->s + row}, {.data = &LO}, {.data = &HI}};
        zagg_expr_result result;
        if (zagg_program_run(program->program, program->memory, inputs, bounds, n,
                             &result, NULL, &err) != ZAGG_OK)
            bench_die(s->text, &err);
        memcpy((uint8_t *)out + first * size, result.data, n * size);
    }
}

/* ---- both ---- */

static void group(cells *c, const uint32_t *ranks, const float *h, const float *s)
{
    size_t *at = bench_take(CELLS + 1, sizeof *at);
    size_t largest = 0;
    for (size_t i = 0; i < c->n_rows; i++)
        at[ranks[i] + 1]++;
    for (size_t i = 0; i < CELLS; i++) {
        largest = at[i + 1] > largest ? at[i + 1] : largest;
        if (at[i + 1]) {
            c->offsets[c->n + 1] = c->offsets[c->n] + at[i + 1];
            c->n++;
        }
        at[i + 1] += at[i];
    }
    for (size_t i = 0; i < c->n_rows; i++) {
        const size_t to = at[ranks[i]]++;
        c->h[to] = h[i];
        c->s[to] = s[i];
    }
    c->room = bench_take(largest + 1, sizeof *c->room);
    zg_free(at);
}

static cells load_cells(const char *folder)
{
    cells c = {0};
    size_t n_ranks, n_s;
    float *h = bench_load(folder, "h_ph", ZAGG_DT_F32, &c.n_rows);
    float *s = bench_load(folder, "s_ph", ZAGG_DT_F32, &n_s);
    uint32_t *ranks = bench_load(folder, "rank", ZAGG_DT_U32, &n_ranks);
    if (n_ranks != c.n_rows || n_s != c.n_rows)
        bench_die("columns differ in length", NULL);
    for (size_t i = 0; i < n_ranks; i++)
        if (ranks[i] >= CELLS)
            bench_die("a rank is too large", NULL);
    c.offsets = bench_take(CELLS + 1, sizeof *c.offsets);
    c.h = bench_take(c.n_rows, sizeof *c.h);
    c.s = bench_take(c.n_rows, sizeof *c.s);
    group(&c, ranks, h, s);
    zg_free(h);
    zg_free(s);
    zg_free(ranks);
    return c;
}

static bool is_nan(const shape *s, const void *values, size_t i)
{
    return s->dtype == ZAGG_DT_F32 && isnan(((const float *)values)[i]);
}

static void check_equal(const shape *s, const void *a, const void *b, size_t n)
{
    const size_t size = zagg_dtype_size(s->dtype);
    size_t differing = 0;
    for (size_t i = 0; i < n; i++)
        differing += memcmp((const uint8_t *)a + i * size, (const uint8_t *)b + i * size,
                            size) != 0 &&
                     !(is_nan(s, a, i) && is_nan(s, b, i));
    if (differing == 0)
        return;
    (void)fprintf(stderr, "%s: %zu of %zu cells differ from C\n", s->text, differing, n);
    exit(EXIT_FAILURE);
}

static void keep_best(double *best, double seconds)
{
    *best = seconds < *best ? seconds : *best;
}

static void compare_shapes(const cells *c, unsigned rounds)
{
    void *by_expression = bench_take(c->n, sizeof(double)),
         *by_hand = bench_take(c->n, sizeof(double));
    size_t *bounds = bench_take(c->n + 1, sizeof *bounds);
    double best[N_SHAPES][2];
    compiled programs[N_SHAPES];
    for (size_t i = 0; i < N_SHAPES; i++) {
        programs[i] = compile(&SHAPES[i]);
        best[i][0] = best[i][1] = HUGE_VAL;
    }
    for (unsigned round = 0; round < rounds; round++)
        for (size_t i = 0; i < N_SHAPES; i++) {
            const double start = bench_cpu_s();
            run_expression(&programs[i], &SHAPES[i], c, bounds, by_expression);
            const double middle = bench_cpu_s();
            SHAPES[i].hand(c, by_hand);
            keep_best(&best[i][0], middle - start);
            keep_best(&best[i][1], bench_cpu_s() - middle);
            check_equal(&SHAPES[i], by_expression, by_hand, c->n);
        }
    printf("## Expressions beside C written by hand\n\n%zu rows of %zu cells; same bits; "
           "CPU "
           "ms, best of %u. Aim: at most 3 times C.\n\n| expression | ms | C ms | ratio "
           "|\n|---|---|---|---|\n",
           c->n_rows, c->n, rounds);
    for (size_t i = 0; i < N_SHAPES; i++) {
        printf("| `%s` | %.2f | %.2f | %.2f |\n", SHAPES[i].text, 1e3 * best[i][0],
               1e3 * best[i][1], best[i][0] / best[i][1]);
        compiled_free(&programs[i]);
    }
    zg_free(by_expression);
    zg_free(by_hand);
    zg_free(bounds);
}

/* ---- cells without rows ---- */

static const char RANGE[] =
    "    field: {expression: \"np.max(h) - np.min(h)\", source: h, dtype: float32}\n";
static const char COUNT[] = "    field: {function: len, source: h, dtype: float32}\n";

/* The first `filled` x ROWS_OF_CELL heights, in cells spread evenly over the shard. */
static zg_grouped spread(const bench_worker *w, const cells *c, size_t filled)
{
    const size_t n = filled * ROWS_OF_CELL;
    uint32_t *ranks = bench_take(n, sizeof *ranks);
    zg_grouped grouped;
    zagg_err err = ZAGG_ERR_INIT;
    if (n > c->n_rows)
        bench_die("not enough rows", NULL);
    for (size_t i = 0; i < n; i++)
        ranks[i] = (uint32_t)(i / ROWS_OF_CELL * CELLS / filled);
    zagg_column column = {"h", ZAGG_DT_F32, c->h};
    const zagg_table table = {n, 1, &column, ranks, NULL};
    const zagg_table *const tables[] = {&table};
    if (zg_group_tables(w->worker, tables, 1, &grouped, &err) != ZAGG_OK)
        bench_die("grouping failed", &err);
    zg_free(ranks);
    return grouped;
}

/* CPU seconds of one aggregation. */
static double aggregate(const bench_worker *w, const zg_grouped *rows)
{
    uint64_t cells_with_data = 0;
    zagg_err err = ZAGG_ERR_INIT;
    const double start = bench_cpu_s();
    for (int i = 0; i < REPEAT; i++)
        if (zg_aggregate(w->worker, &w->shard, rows, NULL, NULL, bench_drop, NULL,
                         &cells_with_data, &err) != ZAGG_OK)
            bench_die("aggregation failed", &err);
    return (bench_cpu_s() - start) / REPEAT;
}

static void compare_emptiness(const cells *c, const char *folder, unsigned rounds)
{
    static const double EMPTY[] = {0, 0.43, 0.99};
    uint64_t *key = bench_load(folder, "shard_key", ZAGG_DT_U64, NULL);
    bench_worker range = bench_worker_of_fields(RANGE, *key);
    bench_worker count = bench_worker_of_fields(COUNT, *key);
    double each_s = 0;
    printf(
        "\n## Cells without rows\n\n`np.max(h) - np.min(h)` as a field of a shard of %d "
        "cells, those with rows hold %d each; CPU of the aggregation beside that with a "
        "count in its place, best of %u. The last column is what is left after the time "
        "that the cells with rows took where none was empty.\n\n| empty | ms | count ms "
        "| ns a "
        "cell with rows | ns an empty cell |\n|---|---|---|---|---|\n",
        CELLS, ROWS_OF_CELL, rounds);
    for (size_t i = 0; i < sizeof EMPTY / sizeof EMPTY[0]; i++) {
        const size_t filled = (size_t)((1 - EMPTY[i]) * CELLS), empty = CELLS - filled;
        zg_grouped of_range = spread(&range, c, filled),
                   of_count = spread(&count, c, filled);
        double best[2] = {HUGE_VAL, HUGE_VAL};
        for (unsigned round = 0; round < rounds; round++) {
            keep_best(&best[0], aggregate(&range, &of_range));
            keep_best(&best[1], aggregate(&count, &of_count));
        }
        const double more_s = best[0] - best[1];
        each_s = empty ? each_s : more_s / (double)filled;
        printf("| %.0f %% | %.3f | %.3f | %.1f | ", 100 * EMPTY[i], 1e3 * best[0],
               1e3 * best[1], 1e9 * more_s / (double)filled);
        if (empty)
            printf("%.2f |\n", 1e9 * (more_s - each_s * (double)filled) / (double)empty);
        else
            printf("|\n");
        zg_grouped_free(range.worker, &of_range);
        zg_grouped_free(count.worker, &of_count);
    }
    bench_worker_free(&range);
    bench_worker_free(&count);
    zg_free(key);
}

int main(int argc, char **argv)
{
    const long rounds = argc == 3 ? strtol(argv[2], NULL, 10) : 9;
    if (argc < 2 || argc > 3 || rounds < 1 || rounds > 1000) {
        (void)fprintf(stderr, "usage: expression FOLDER [ROUNDS]\n");
        return 2;
    }
    cells c = load_cells(argv[1]);
    compare_shapes(&c, (unsigned)rounds);
    compare_emptiness(&c, argv[1], (unsigned)rounds);
    zg_free(c.offsets);
    zg_free(c.h);
    zg_free(c.s);
    zg_free(c.room);
    return 0;
}
