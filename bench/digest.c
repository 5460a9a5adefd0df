/* digest [ROUNDS]: CPU time of digests and histograms over one order-11 shard: 2 million
 * heights in 37 556 cells, as unevenly filled as real ones (median 26 rows, 1 in 100
 * above 400). */
#include "zagg/digest.h"

#include "base/base.h"
#include "stats/histogram.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CELLS = 37556, ROWS = 2000000, LARGEST = 4320, BINS = 128, CHUNKS = 16 };
#define MAX_ROUNDS 1001

typedef struct cells {
    float *heights;
    uint64_t *times;
    size_t *first; /* CELLS + 1 */
} cells;

static uint64_t next_random(void)
{
    static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static double uniform(void)
{
    return ((double)(next_random() >> 11) + 0.5) * 0x1p-53;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(2 * 3.141592653589793 * uniform());
}

/* Rows of cells are log-normal; what the last cells lack or have too much goes to the
 * first. */
static bool make_cells(cells *c)
{
    c->heights = zg_alloc(ROWS, sizeof *c->heights);
    c->times = zg_alloc(ROWS, sizeof *c->times);
    c->first = zg_alloc(CELLS + 1, sizeof *c->first);
    if (c->heights == NULL || c->times == NULL || c->first == NULL)
        return false;
    size_t at = 0;
    for (size_t i = 0; i < CELLS; i++) {
        double n = 26 * exp(1.2 * normal());
        size_t rows = n < 1 ? 1 : n > LARGEST ? LARGEST : (size_t)n;
        size_t left = ROWS - at, cells_left = CELLS - i - 1;
        if (left - cells_left < rows)
            rows = left - cells_left;
        c->first[i] = at;
        at += rows;
    }
    c->first[CELLS] = at;
    for (size_t i = 0; i < CELLS; i++) {
        double ground = 400 + 100 * uniform(), slope = 3 * uniform();
        for (size_t k = c->first[i]; k < c->first[i + 1]; k++) {
            bool noise = uniform() < 0.3;
            double z =
                noise ? 60 * (uniform() - 0.5) : 0.2 * normal() + slope * uniform();
            c->heights[k] = (float)(ground + z);
            c->times[k] = UINT64_C(0x5000000080000000) + (next_random() & 0xffffff);
        }
    }
    return true;
}

typedef zagg_status measured(const cells *c, void *memory, uint64_t *check,
                             zagg_err *err);

static zagg_status digests(const cells *c, zagg_digest_memory *memory, double delta,
                           bool timed, uint64_t *check, zagg_err *err)
{
    for (size_t i = 0; i < CELLS; i++) {
        const size_t lo = c->first[i];
        const zagg_digest_rows rows = {.n = c->first[i + 1] - lo,
                                       .dtype = ZAGG_DT_F32,
                                       .values = c->heights + lo,
                                       .times = timed ? c->times + lo : NULL};
        zagg_digest d;
        ZAGG_TRY(zagg_digest_build(memory, &rows, delta, &d, err));
        *check += d.n;
    }
    return ZAGG_OK;
}

static zagg_status digests_256(const cells *c, void *memory, uint64_t *check,
                               zagg_err *err)
{
    return digests(c, memory, 256, false, check, err);
}

static zagg_status digests_4096(const cells *c, void *memory, uint64_t *check,
                                zagg_err *err)
{
    return digests(c, memory, 4096, false, check, err);
}

static zagg_status timed_digests(const cells *c, void *memory, uint64_t *check,
                                 zagg_err *err)
{
    return digests(c, memory, 256, true, check, err);
}

static zagg_status histograms(const cells *c, size_t cells_a_range, uint64_t *check,
                              zagg_err *err)
{
    static int64_t counts[BINS];
    zg_histogram *h = NULL;
    ZAGG_TRY(zg_histogram_new(&h, err));
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; i < CELLS && status == ZAGG_OK; i++) {
        const size_t lo = c->first[i];
        float from = 380.0F + (float)(i / cells_a_range % 16);
        status = zg_histogram_set_range(h, ZAGG_DT_F32, zg_bound_f32(from),
                                        zg_bound_f32(from + 128.0F), BINS, err);
        if (status == ZAGG_OK)
            status =
                zg_histogram_count(h, c->heights + lo, c->first[i + 1] - lo, counts, err);
        *check += (uint64_t)counts[BINS / 2];
    }
    zg_histogram_free(h);
    return status;
}

static zagg_status chunk_histograms(const cells *c, void *memory, uint64_t *check,
                                    zagg_err *err)
{
    (void)memory;
    return histograms(c, CELLS / CHUNKS + 1, check, err);
}

static zagg_status cell_histograms(const cells *c, void *memory, uint64_t *check,
                                   zagg_err *err)
{
    (void)memory;
    return histograms(c, 1, check, err);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static bool measure(const char *name, measured *run, const cells *c, size_t rounds)
{
    static double ms[MAX_ROUNDS];
    zagg_err err = ZAGG_ERR_INIT;
    uint64_t check = 0;
    for (size_t i = 0; i < rounds; i++) {
        zagg_digest_memory *memory = NULL; /* anew: each round fills its tables */
        clock_t start = clock();
        zagg_status status = zagg_digest_memory_new(&memory, &err);
        if (status == ZAGG_OK)
            status = run(c, memory, &check, &err);
        zagg_digest_memory_free(memory);
        ms[i] = (double)(clock() - start) / CLOCKS_PER_SEC * 1e3;
        if (status != ZAGG_OK) {
            (void)fprintf(stderr, "digest: %s\n", err.msg);
            return false;
        }
    }
    qsort(ms, rounds, sizeof *ms, by_value);
    printf("| %s | %.1f | %.1f | %.1f | %llu |\n", name, ms[0], ms[rounds / 2],
           ms[rounds - 1], (unsigned long long)(check / rounds));
    return true;
}

int main(int argc, char **argv)
{
    unsigned long long rounds = argc > 1 ? strtoull(argv[1], NULL, 10) : 21;
    cells c = {0};
    if (rounds < 1 || rounds > MAX_ROUNDS) {
        (void)fprintf(stderr, "usage: digest [ROUNDS]\n");
        return 2;
    }
    if (!make_cells(&c)) {
        (void)fprintf(stderr, "digest: no memory\n");
        return 1;
    }
    printf("%zu rows in %d cells\n\n| what | best CPU ms | median | worst | check |\n"
           "|---|---|---|---|---|\n",
           c.first[CELLS], CELLS);
    bool ok = measure("digest, delta 256", digests_256, &c, rounds) &&
              measure("digest, delta 4096", digests_4096, &c, rounds) &&
              measure("digest, delta 256, times", timed_digests, &c, rounds) &&
              measure("histogram, a range a chunk", chunk_histograms, &c, rounds) &&
              measure("histogram, a range a cell", cell_histograms, &c, rounds);
    zg_free(c.heights);
    zg_free(c.times);
    zg_free(c.first);
    return ok ? 0 : 1;
}
