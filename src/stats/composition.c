/* Composition words: what shares of the signal photons of a cell are of which surface and
 * confidence, in eight bytes. */
#include "base/base.h"
#include "zagg/digest.h"

#include <math.h>
#include <string.h>

enum {
    LANES = ZAGG_COMPOSITION_LANES,
    SURFACES = ZAGG_COMPOSITION_SURFACES,
    BLOCK = 256
};

static double lane_of(uint64_t word, size_t lane)
{
    return (double)(word >> (8 * lane) & 0xff);
}

/* A share as a byte; what is there at all is never rounded away. */
static uint64_t byte_of(double share, bool present)
{
    double k = rint(share);
    if (present && k == 0)
        k = 1;
    return k < 0 ? 0 : k > 255 ? 255 : (uint64_t)k;
}

static int64_t whole_part(double x)
{
    return x > -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}

/* n elements of a column from `at` on, as numpy casts them to int64. */
static void load_whole(zagg_values column, size_t at, size_t n, int64_t *out)
{
    switch (column.dtype) {
#define WHOLE_PART(x) whole_part((double)(x))
#define LOAD(DT, T, AS)                                                                  \
    case DT:                                                                             \
        for (size_t i = 0; i < n; i++)                                                   \
            out[i] = AS(((const T *)column.data)[at + i]);                               \
        break;
        LOAD(ZAGG_DT_I8, int8_t, (int64_t))
        LOAD(ZAGG_DT_I16, int16_t, (int64_t))
        LOAD(ZAGG_DT_I32, int32_t, (int64_t))
        LOAD(ZAGG_DT_I64, int64_t, (int64_t))
        LOAD(ZAGG_DT_U8, uint8_t, (int64_t))
        LOAD(ZAGG_DT_U16, uint16_t, (int64_t))
        LOAD(ZAGG_DT_U32, uint32_t, (int64_t))
        LOAD(ZAGG_DT_U64, uint64_t, (int64_t))
        LOAD(ZAGG_DT_F32, float, WHOLE_PART)
        LOAD(ZAGG_DT_F64, double, WHOLE_PART)
#undef WHOLE_PART
#undef LOAD
    default: /* bool */
        for (size_t i = 0; i < n; i++)
            out[i] = ((const uint8_t *)column.data)[at + i] != 0;
        break;
    }
}

/* Only floats have rows to leave out. */
static bool finite_at(zagg_values values, size_t i)
{
    if (values.dtype == ZAGG_DT_F32)
        return isfinite(((const float *)values.data)[i]);
    if (values.dtype == ZAGG_DT_F64)
        return isfinite(((const double *)values.data)[i]);
    return true;
}

/* Count a block of rows. */
static void count_block(zagg_values values, const zagg_values confidence[SURFACES],
                        size_t at, size_t n, int64_t threshold, uint64_t counts[LANES],
                        uint64_t *n_signal)
{
    int64_t c[SURFACES][BLOCK];
    for (size_t s = 0; s < SURFACES; s++)
        load_whole(confidence[s], at, n, c[s]);
    for (size_t i = 0; i < n; i++) {
        int64_t strongest = c[0][i];
        for (size_t s = 1; s < SURFACES; s++)
            strongest = c[s][i] > strongest ? c[s][i] : strongest;
        if (strongest < threshold || !finite_at(values, at + i))
            continue;
        (*n_signal)++;
        for (size_t s = 0; s < SURFACES; s++)
            counts[s] += c[s][i] >= threshold;
        if (strongest >= 2 && strongest <= 4)
            counts[SURFACES + strongest - 2]++;
    }
}

void zagg_composition_pack(zagg_values values, size_t n,
                           const zagg_values confidence[ZAGG_COMPOSITION_SURFACES],
                           int64_t threshold, zagg_composition *out)
{
    uint64_t counts[LANES] = {0}, n_signal = 0, word = 0;
    for (size_t at = 0; at < n; at += BLOCK)
        count_block(values, confidence, at, n - at < BLOCK ? n - at : BLOCK, threshold,
                    counts, &n_signal);
    for (size_t i = 0; n_signal > 0 && i < LANES; i++)
        word |= byte_of(255.0 * (double)counts[i] / (double)n_signal, counts[i] > 0)
                << (8 * i);
    *out = (zagg_composition){.word = word, .n = n_signal};
}

zagg_composition zagg_composition_merge(zagg_composition a, zagg_composition b)
{
    const zagg_composition both[2] = {a, b};
    return zagg_composition_merge_all(both, 2);
}

zagg_composition zagg_composition_merge_all(const zagg_composition *parts, size_t n)
{
    double sums[LANES] = {0};
    bool present[LANES] = {false};
    zagg_composition out = {.word = 0, .n = 0};
    for (size_t p = 0; p < n; p++) {
        for (size_t i = 0; parts[p].n > 0 && i < LANES; i++) {
            double lane = lane_of(parts[p].word, i);
            sums[i] += (double)parts[p].n * lane;
            present[i] = present[i] || lane > 0;
        }
        out.n += parts[p].n;
    }
    for (size_t i = 0; out.n > 0 && i < LANES; i++)
        out.word |= byte_of(sums[i] / (double)out.n, present[i]) << (8 * i);
    return out;
}

void zagg_composition_counts(zagg_composition c, uint64_t counts[ZAGG_COMPOSITION_LANES])
{
    for (size_t i = 0; i < LANES; i++)
        counts[i] = (uint64_t)rint(lane_of(c.word, i) * (double)c.n / 255.0);
}
