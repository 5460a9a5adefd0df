/* From sorted sub-centroids to centroids. */
#include "stats/digest_impl.h"
#include "stats/reduce_impl.h"
#include "stats/sort.h"
#include "zagg/geo.h"

/* ---- order ---- */

static zagg_status room_for(zagg_digest_memory *memory, unsigned with, size_t n,
                            const zg_digest_buffer buffers[4], zg_subcentroids *out,
                            zagg_err *err)
{
    zg_subcentroids r = {.n = n};
    r.values = zg_digest_room(memory, buffers[0], n, sizeof *r.values, err);
    if (r.values == NULL)
        return ZAGG_ENOMEM;
    if ((with & ZG_WITH_WEIGHTS) != 0) {
        r.weights = zg_digest_room(memory, buffers[1], n, sizeof *r.weights, err);
        if (r.weights == NULL)
            return ZAGG_ENOMEM;
    }
    if ((with & ZG_WITH_LOCATIONS) != 0) {
        r.locations = zg_digest_room(memory, buffers[2], n, sizeof *r.locations, err);
        if (r.locations == NULL)
            return ZAGG_ENOMEM;
    }
    if ((with & ZG_WITH_TIMES) != 0) {
        r.times = zg_digest_room(memory, buffers[3], n, sizeof *r.times, err);
        if (r.times == NULL)
            return ZAGG_ENOMEM;
    }
    *out = r;
    return ZAGG_OK;
}

zagg_status zg_subcentroids_room(zagg_digest_memory *memory, unsigned with, size_t n,
                                 zg_subcentroids *out, zagg_err *err)
{
    static const zg_digest_buffer rows[4] = {ZG_BUF_ROW_VALUES, ZG_BUF_ROW_WEIGHTS,
                                             ZG_BUF_ROW_LOCATIONS, ZG_BUF_ROW_TIMES};
    return room_for(memory, with, n, rows, out, err);
}

/* What equal values are told apart by, one after the other. */
typedef enum rank { BY_VALUE, BY_WEIGHT, BY_LOCATION, BY_TIME, RANKS } rank;

static uint64_t key_of(const zg_subcentroids *in, rank by, size_t i)
{
    switch (by) {
    case BY_VALUE:
        return zg_stable_key_of_f64(in->values[i]);
    case BY_WEIGHT:
        return in->weights != NULL ? zg_stable_key_of_f64(in->weights[i]) : 0;
    case BY_LOCATION:
        return in->locations != NULL ? in->locations[i] : 0;
    default:
        return in->times != NULL ? in->times[i] : 0;
    }
}

/* Sort by one rank, and equal ones by the next up to `last`; depth RANKS at most. */
static void order(const zg_subcentroids *in, zg_pair *pairs, size_t n, zg_pair *work,
                  rank by, rank last)
{
    for (size_t i = 0; i < n; i++)
        pairs[i].key = key_of(in, by, pairs[i].index);
    zg_sort_pairs(pairs, n, work);
    for (size_t lo = 0; by < last && lo < n;) {
        size_t end = lo + 1;
        while (end < n && pairs[end].key == pairs[lo].key)
            end++;
        if (end - lo > 1)
            order(in, pairs + lo, end - lo, work, (rank)(by + 1), last);
        lo = end;
    }
}

zagg_status zg_subcentroids_sort(zagg_digest_memory *memory, const zg_subcentroids *in,
                                 bool total_order, zg_subcentroids *out, zagg_err *err)
{
    static const zg_digest_buffer sorted[4] = {
        ZG_BUF_VALUES, ZG_BUF_WEIGHTS, ZG_BUF_SORTED_LOCATIONS, ZG_BUF_SORTED_TIMES};
    const size_t n = in->n;
    const unsigned with = (in->weights != NULL ? ZG_WITH_WEIGHTS : 0U) |
                          (in->locations != NULL ? ZG_WITH_LOCATIONS : 0U) |
                          (in->times != NULL ? ZG_WITH_TIMES : 0U);
    zg_pair *pairs = zg_digest_room(memory, ZG_BUF_KEYS, n, sizeof *pairs, err);
    zg_pair *work = zg_digest_room(memory, ZG_BUF_WORK, n, sizeof *work, err);
    if (pairs == NULL || work == NULL)
        return ZAGG_ENOMEM;
    ZAGG_TRY(room_for(memory, with, n, sorted, out, err));
    for (size_t i = 0; i < n; i++)
        pairs[i].index = (uint32_t)i;
    order(in, pairs, n, work, BY_VALUE, total_order ? BY_TIME : BY_VALUE);
    for (size_t i = 0; i < n; i++)
        out->values[i] = in->values[pairs[i].index];
    for (size_t i = 0; in->weights != NULL && i < n; i++)
        out->weights[i] = in->weights[pairs[i].index];
    for (size_t i = 0; in->locations != NULL && i < n; i++)
        out->locations[i] = in->locations[pairs[i].index];
    for (size_t i = 0; in->times != NULL && i < n; i++)
        out->times[i] = in->times[pairs[i].index];
    return ZAGG_OK;
}

/* ---- centroids ---- */

/* numpy's add.reduceat of one segment. */
static double segment_sum(const double *x, size_t n)
{
    return n == 1 ? x[0] : x[0] + zg_pairwise_f64(x + 1, n - 1);
}

/* The sub-centroids from lo up to hi as one centroid, as 0.61 does; `terms` are the
 * products of values and weights. */
static void join(const zg_subcentroids *in, const double *terms, size_t lo, size_t hi,
                 float centroid[2])
{
    double weight =
        in->weights != NULL ? segment_sum(in->weights + lo, hi - lo) : (double)(hi - lo);
    centroid[0] = (float)(segment_sum(terms + lo, hi - lo) / weight);
    centroid[1] = (float)weight;
}

/* The same by the running means of 0.11. */
static void join_0_11(const zg_subcentroids *in, size_t lo, size_t hi, float centroid[2])
{
    double mean = in->values[lo], weight = in->weights != NULL ? in->weights[lo] : 1;
    for (size_t i = lo + 1; i < hi; i++) {
        if (in->weights == NULL) {
            mean += (in->values[i] - mean) / (weight + 1);
            weight += 1;
        } else {
            mean = (mean * weight + in->values[i] * in->weights[i]) /
                   (weight + in->weights[i]);
            weight += in->weights[i];
        }
    }
    centroid[0] = (float)mean;
    centroid[1] = (float)weight;
}

static zagg_status centroids_of(zagg_digest_memory *memory, const zg_subcentroids *in,
                                const zg_partition *parts, float *centroids,
                                zagg_err *err)
{
    if (parts->starts == NULL) { /* values of weight 1, each its own */
        for (size_t i = 0; i < in->n; i++) {
            centroids[2 * i] = (float)in->values[i];
            centroids[2 * i + 1] = 1;
        }
        return ZAGG_OK;
    }
    const double *terms = in->values;
    if (in->weights != NULL) { /* the running sums have done their work */
        double *products =
            zg_digest_room(memory, ZG_BUF_SUMS, in->n, sizeof *products, err);
        if (products == NULL)
            return ZAGG_ENOMEM;
        for (size_t i = 0; i < in->n; i++)
            products[i] = in->values[i] * in->weights[i];
        terms = products;
    }
    for (size_t j = 0; j < parts->k; j++) {
        size_t lo = parts->starts[j];
        size_t hi = j + 1 < parts->k ? parts->starts[j + 1] : in->n;
        if (memory->as_0_11)
            join_0_11(in, lo, hi, centroids + 2 * j);
        else
            join(in, terms, lo, hi, centroids + 2 * j);
    }
    return ZAGG_OK;
}

/* One word for each centroid: what encloses the words of its members. */
static zagg_status enclose(const uint64_t *words, size_t n, const zg_partition *parts,
                           bool locations, uint64_t *out, zagg_err *err)
{
    for (size_t j = 0; j < parts->k; j++) {
        size_t lo = parts->starts != NULL ? parts->starts[j] : j;
        size_t hi = parts->starts == NULL ? j + 1
                    : j + 1 < parts->k    ? parts->starts[j + 1]
                                          : n;
        ZAGG_TRY((locations ? zagg_word_common_ancestor
                            : zagg_time_join)(words + lo, hi - lo, out + j, err));
    }
    return ZAGG_OK;
}

zagg_status zg_digest_compress(zagg_digest_memory *memory, const zg_subcentroids *in,
                               double delta, zagg_digest *out, zagg_err *err)
{
    zg_partition parts;
    if (in->weights != NULL)
        ZAGG_TRY(zg_partition_weights(memory, in->weights, in->n, delta, &parts, err));
    else
        ZAGG_TRY(zg_partition_units(memory, in->n, delta, &parts, err));
    zagg_digest d = {.n = parts.k};
    float *centroids =
        zg_digest_room(memory, ZG_BUF_CENTROIDS, parts.k, 2 * sizeof *centroids, err);
    if (centroids == NULL)
        return ZAGG_ENOMEM;
    ZAGG_TRY(centroids_of(memory, in, &parts, centroids, err));
    d.centroids = centroids;
    if (in->locations != NULL) {
        uint64_t *words =
            zg_digest_room(memory, ZG_BUF_LOCATIONS, parts.k, sizeof *words, err);
        if (words == NULL)
            return ZAGG_ENOMEM;
        ZAGG_TRY(enclose(in->locations, in->n, &parts, true, words, err));
        d.locations = words;
    }
    if (in->times != NULL) {
        uint64_t *words =
            zg_digest_room(memory, ZG_BUF_TIMES, parts.k, sizeof *words, err);
        if (words == NULL)
            return ZAGG_ENOMEM;
        ZAGG_TRY(enclose(in->times, in->n, &parts, false, words, err));
        d.times = words;
    }
    *out = d;
    return ZAGG_OK;
}
