/* Digests of waveform samples, weighted with the flux above the noise, and what is said
 * of the records that samples of a cell belong to. */
#include "stats/digest_impl.h"
#include "stats/sort.h"

#include <math.h>
#include <string.h>

static double double_at(zagg_values v, size_t i)
{
    return zg_value_at(v.dtype, v.data, i);
}

zagg_status zagg_digest_build_waveform(zagg_digest_memory *memory,
                                       const zagg_waveform_rows *rows, double gain,
                                       double n_sigma, double delta, zagg_digest *out,
                                       zagg_err *err)
{
    ZAGG_TRY(zg_check_rows(rows->n, err));
    double *weights = zg_digest_room(memory, ZG_BUF_FLUX, rows->n, sizeof *weights, err);
    if (weights == NULL)
        return ZAGG_ENOMEM;
    for (size_t i = 0; i < rows->n; i++) {
        double count = double_at(rows->counts, i), mean = double_at(rows->noise_mean, i);
        double least = mean + n_sigma * double_at(rows->noise_sd, i);
        weights[i] = count <= least ? 0 : (count - mean) * gain;
    }
    const zagg_digest_rows weighted = {.n = rows->n,
                                       .dtype = rows->values.dtype,
                                       .values = rows->values.data,
                                       .weights = weights,
                                       .times = rows->times};
    return zagg_digest_build(memory, &weighted, delta, out, err);
}

/* Element i as bits that are equal where numpy.unique takes two elements for one. */
static uint64_t identity_of(zagg_values v, size_t i)
{
    uint64_t bits = 0;
    size_t size = zagg_dtype_size(v.dtype);
    if (zagg_dtype_is_float(v.dtype))
        return zg_stable_key_of_f64(double_at(v, i));
    memcpy(&bits, (const uint8_t *)v.data + i * size, size);
    return bits;
}

static bool all_same(zagg_values v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (identity_of(v, i) != identity_of(v, 0))
            return false;
    }
    return n > 0;
}

zagg_status zagg_waveform_shot_count(zagg_digest_memory *memory, zagg_values ids,
                                     size_t n, uint64_t *out, zagg_err *err)
{
    ZAGG_TRY(zg_check_rows(n, err));
    uint64_t different = n > 0;
    if (!all_same(ids, n)) {
        zg_pair *pairs = zg_digest_room(memory, ZG_BUF_KEYS, n, sizeof *pairs, err);
        zg_pair *work = zg_digest_room(memory, ZG_BUF_WORK, n, sizeof *work, err);
        if (pairs == NULL || work == NULL)
            return ZAGG_ENOMEM;
        for (size_t i = 0; i < n; i++)
            pairs[i] = (zg_pair){.key = identity_of(ids, i), .index = 0};
        zg_sort_pairs(pairs, n, work);
        for (size_t i = 1; i < n; i++)
            different += pairs[i].key != pairs[i - 1].key;
    }
    *out = different;
    return ZAGG_OK;
}

void zagg_waveform_shot_number(zagg_values ids, size_t n, void *out)
{
    size_t size = zagg_dtype_size(ids.dtype);
    if (all_same(ids, n))
        memcpy(out, ids.data, size);
    else
        memset(out, 0, size);
}

double zagg_waveform_single_value(zagg_values values, size_t n)
{
    double x = all_same(values, n) ? double_at(values, 0) : (double)NAN;
    return x == x ? x : (double)NAN;
}
