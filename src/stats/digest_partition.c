/* Which neighbours of sorted sub-centroids make one centroid. A centroid may span one
 * unit of Dunning's scale k(q) = delta (asin(2q - 1) / pi + 1/2), q being the share of
 * the weight up to a sub-centroid (Dunning and Ertl 2019, k1). */
#include "num/num.h"
#include "stats/digest_impl.h"
#include "stats/reduce_impl.h"

#include <math.h>
#include <string.h>

/* What the cache may hold: starts of partitions, and how many of these. */
#define POOL_MAX ((size_t)1 << 20) /* uint32: 4 MiB */
#define POOL_MIN ((size_t)1 << 12)
#define SLOTS ((size_t)1 << 14) /* a power of two; filled to a half */

typedef struct slot {
    double delta;
    uint32_t n; /* 0: empty */
    uint32_t at, k;
    bool as_0_11;
} slot;

struct zg_partition_cache {
    slot *slots;
    uint32_t *pool;
    size_t room, used, filled;
    uint64_t misses;
};

zagg_status zg_partition_cache_new(zg_partition_cache **out, zagg_err *err)
{
    zg_partition_cache *cache = zg_alloc(1, sizeof *cache);
    if (cache == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for digests");
    *out = cache;
    return ZAGG_OK;
}

void zg_partition_cache_free(zg_partition_cache *cache)
{
    if (cache == NULL)
        return;
    zg_free(cache->slots);
    zg_free(cache->pool);
    zg_free(cache);
}

size_t zg_partition_cache_bytes(const zg_partition_cache *cache)
{
    return sizeof *cache + cache->room * sizeof *cache->pool +
           (cache->slots != NULL ? SLOTS * sizeof *cache->slots : 0);
}

uint64_t zg_partition_cache_misses(const zg_partition_cache *cache)
{
    return cache->misses;
}

/* ---- the rule ---- */

/* The scale over n sub-centroids. */
typedef struct scale {
    size_t n;
    const double *sums; /* weight up to and with each; NULL: i + 1 */
    double total, delta;
    bool as_0_11;
} scale;

static double k_of_share(double q, double delta)
{
    q = q < 0 ? 0 : q > 1 ? 1 : q;
    return delta * (zg_asin(2.0 * q - 1.0) / 3.141592653589793 + 0.5);
}

/* k at the upper end of sub-centroid i. */
static double k_at(const scale *s, size_t i)
{
    return k_of_share((s->sums != NULL ? s->sums[i] : (double)(i + 1)) / s->total,
                      s->delta);
}

/* Does a centroid that begins at k = `from` end before sub-centroid i? */
static bool beyond(const scale *s, double from, size_t i)
{
    return s->as_0_11 ? !(k_at(s, i) - from <= 1.0) : k_at(s, i) > from + 1.0;
}

/* Where the centroid after the one that begins at `start` begins. k ascends, so the place
 * is looked for from `length`, the length of the centroid before, which it resembles. */
static size_t next_start(const scale *s, size_t start, size_t length)
{
    double from = start == 0 ? k_of_share(0, s->delta) : k_at(s, start - 1);
    size_t low = start, high = s->n; /* low belongs to it, high does not */
    size_t probe = length < s->n - start ? start + length : s->n;
    for (size_t step = 1; probe < s->n && !beyond(s, from, probe); step *= 2) {
        low = probe;
        probe = step < s->n - probe ? probe + step : s->n;
    }
    high = probe;
    for (size_t step = 1; high - low > 1; step *= 2) {
        probe = step < high - low ? high - step : low + (high - low) / 2;
        if (!beyond(s, from, probe)) {
            low = probe;
            break;
        }
        high = probe;
    }
    while (high - low > 1) {
        probe = low + (high - low) / 2;
        if (beyond(s, from, probe))
            high = probe;
        else
            low = probe;
    }
    return high;
}

/* All starts into `starts`, which has room for n of them; how many they are. */
static size_t divide(const scale *s, uint32_t *starts)
{
    size_t k = 0, length = 1;
    for (size_t start = 0; start < s->n;) {
        size_t end = next_start(s, start, length);
        starts[k++] = (uint32_t)start;
        length = end - start;
        start = end;
    }
    return k;
}

/* ---- equal weights ---- */

/* Two neighbours in the middle, where k is flattest, span
 *     k(1/2 + 1/n) - k(1/2 - 1/n) = 2 delta asin(2/n) / pi >= 4 delta / (pi n):
 * nothing is joined while that is above 1. The hundredth kept off is far more than the
 * rounding of k. */
static bool nothing_joined(size_t n, double delta)
{
    return (double)n < 1.26 * delta;
}

static size_t hash(size_t n, double delta, bool as_0_11)
{
    uint64_t bits;
    memcpy(&bits, &delta, sizeof bits);
    bits ^= (uint64_t)n * UINT64_C(0x9e3779b97f4a7c15) + as_0_11;
    bits ^= bits >> 29;
    bits *= UINT64_C(0xbf58476d1ce4e5b9);
    return (size_t)(bits >> 32) & (SLOTS - 1);
}

/* The slot of a partition, or the empty one where it belongs. */
static slot *find(zg_partition_cache *cache, size_t n, double delta, bool as_0_11)
{
    size_t i = hash(n, delta, as_0_11);
    for (;; i = (i + 1) & (SLOTS - 1)) {
        slot *at = &cache->slots[i];
        if (at->n == 0 || (at->n == n && at->delta == delta && at->as_0_11 == as_0_11))
            return at;
    }
}

/* Room for k starts in the pool. When it cannot grow it is emptied: what filled it took
 * as long as filling it again. False for a partition that is too large to keep. */
static bool make_room(zg_partition_cache *cache, size_t k)
{
    if (k > POOL_MAX)
        return false;
    if (cache->used + k > POOL_MAX || cache->filled >= SLOTS / 2) {
        memset(cache->slots, 0, SLOTS * sizeof *cache->slots);
        cache->used = 0;
        cache->filled = 0;
    }
    if (cache->used + k <= cache->room)
        return true;
    size_t room = cache->room == 0 ? POOL_MIN : cache->room;
    while (room < cache->used + k)
        room *= 2;
    uint32_t *pool = zg_realloc(cache->pool, room, sizeof *pool);
    if (pool == NULL)
        return false; /* only a cache: the partition itself is there */
    cache->pool = pool;
    cache->room = room;
    return true;
}

zagg_status zg_partition_units(zagg_digest_memory *memory, size_t n, double delta,
                               zg_partition *out, zagg_err *err)
{
    if (nothing_joined(n, delta)) {
        *out = (zg_partition){.k = n, .starts = NULL};
        return ZAGG_OK;
    }
    zg_partition_cache *cache = memory->cache;
    if (cache->slots == NULL) {
        cache->slots = zg_alloc(SLOTS, sizeof *cache->slots);
        if (cache->slots == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for digests");
    }
    slot *at = find(cache, n, delta, memory->as_0_11);
    if (at->n == 0) {
        uint32_t *starts = zg_digest_room(memory, ZG_BUF_STARTS, n, sizeof *starts, err);
        if (starts == NULL)
            return ZAGG_ENOMEM;
        const scale s = {
            .n = n, .total = (double)n, .delta = delta, .as_0_11 = memory->as_0_11};
        cache->misses++;
        out->k = divide(&s, starts);
        out->starts = starts;
        if (!make_room(cache, out->k))
            return ZAGG_OK;
        memcpy(cache->pool + cache->used, starts, out->k * sizeof *starts);
        at = find(cache, n, delta, memory->as_0_11);
        *at = (slot){.delta = delta,
                     .n = (uint32_t)n,
                     .at = (uint32_t)cache->used,
                     .k = (uint32_t)out->k,
                     .as_0_11 = memory->as_0_11};
        cache->used += out->k;
        cache->filled++;
    }
    *out = (zg_partition){.k = at->k, .starts = cache->pool + at->at};
    return ZAGG_OK;
}

/* ---- any weights ---- */

zagg_status zg_partition_weights(zagg_digest_memory *memory, const double *weights,
                                 size_t n, double delta, zg_partition *out, zagg_err *err)
{
    double *sums = zg_digest_room(memory, ZG_BUF_SUMS, n, sizeof *sums, err);
    uint32_t *starts = zg_digest_room(memory, ZG_BUF_STARTS, n, sizeof *starts, err);
    if (sums == NULL || starts == NULL)
        return ZAGG_ENOMEM;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum = i == 0 ? weights[0] : sum + weights[i];
        sums[i] = sum;
    }
    const scale s = {.n = n,
                     .sums = sums,
                     .total = memory->as_0_11 ? zg_pairwise_f64(weights, n) : sum,
                     .delta = delta,
                     .as_0_11 = memory->as_0_11};
    out->k = divide(&s, starts);
    out->starts = starts;
    return ZAGG_OK;
}
