/* Selection of an order statistic among signed whole-number keys; included once for each
 * key width with KEY the key type and NAME(x) the decorated names.
 *
 * Counting quickselect: a pass counts what is below and up to the pivot, a second keeps
 * only the side that holds the rank. Neither has a branch that depends on data, repeated
 * values end the search at once, and nothing depends on the order of equal elements. */

/* How many keys are < pivot and how many are <= pivot. */
static void NAME(count_around)(const KEY *a, size_t n, KEY pivot, size_t *below,
                               size_t *up_to)
{
    *below = 0;
    *up_to = 0;
    for (size_t lo = 0; lo < n; lo += COUNT_BLOCK) {
        size_t end = n - lo < COUNT_BLOCK ? n : lo + COUNT_BLOCK;
        /* as narrow as the keys: the vector code needs no widening */
        KEY less = 0, less_equal = 0;
        for (size_t i = lo; i < end; i++) {
            less += a[i] < pivot;
            less_equal += a[i] <= pivot;
        }
        *below += (size_t)less;
        *up_to += (size_t)less_equal;
    }
}

/* A pivot near rank k: the matching element of an evenly spaced, sorted sample. */
static KEY NAME(pivot)(const KEY *a, size_t n, size_t k)
{
    KEY sample[SAMPLE_MAX];
    size_t m = n < 96 ? 3 : n < 1024 ? 7 : SAMPLE_MAX;
    for (size_t s = 0; s < m; s++) {
        KEY x = a[(2 * s + 1) * (n / (2 * m))];
        size_t i = s;
        for (; i > 0 && sample[i - 1] > x; i--)
            sample[i] = sample[i - 1];
        sample[i] = x;
    }
    return sample[(size_t)((double)k / (double)n * (double)m)];
}

/* Rank k by bisection of the key range: the guard against inputs that defeat the sample.
 * One pass for each bit of a key, whatever the data. */
static KEY NAME(bisect)(const KEY *a, size_t n, size_t k)
{
    UKEY lo = 0, hi = (UKEY)-1; /* keys shifted to start at 0 */
    while (lo < hi) {
        UKEY middle = lo + (hi - lo) / 2;
        size_t below, up_to;
        NAME(count_around)(a, n, (KEY)(middle ^ SIGN), &below, &up_to);
        if (k < up_to)
            hi = middle;
        else
            lo = middle + 1;
    }
    return (KEY)(lo ^ SIGN);
}

/* Rank k of at most SMALL keys, without a branch on data: the largest key that has no
 * more than k smaller ones. `a` is padded to a multiple of 8. */
static KEY NAME(select_small)(KEY a[SMALL], size_t n, size_t k)
{
    const KEY rank = (KEY)k;
    KEY best[8];
    for (size_t i = 0; i < 8; i++)
        best[i] = KEY_MIN;
    for (size_t i = n; i % 8 != 0; i++)
        a[i] = KEY_MAX;
    for (size_t i = 0; i < n; i += 8) {
        KEY x[8], smaller[8] = {0};
        memcpy(x, a + i, sizeof x);
        for (size_t j = 0; j < n; j++) {
            for (size_t lane = 0; lane < 8; lane++)
                smaller[lane] += a[j] < x[lane];
        }
        for (size_t lane = 0; lane < 8; lane++) {
            KEY known = smaller[lane] <= rank ? x[lane] : KEY_MIN;
            best[lane] = known > best[lane] ? known : best[lane];
        }
    }
    for (size_t lane = 1; lane < 8; lane++)
        best[0] = best[lane] > best[0] ? best[lane] : best[0];
    return best[0];
}

/* The key of rank k (from 0) of keys[0..n); `work` holds n keys and is overwritten. */
static KEY NAME(select)(const KEY *keys, size_t n, size_t k, KEY *work)
{
    const KEY *from = keys;
    for (int pass = 0; n > SMALL; pass++) {
        if (pass == PASS_LIMIT)
            return NAME(bisect)(from, n, k);
        KEY pivot = NAME(pivot)(from, n, k);
        size_t below, up_to, kept = 0;
        NAME(count_around)(from, n, pivot, &below, &up_to);
        if (k >= below && k < up_to)
            return pivot;
        if (k < below) {
            for (size_t i = 0; i < n; i++) {
                KEY x = from[i];
                work[kept] = x;
                kept += x < pivot;
            }
        } else {
            k -= up_to;
            for (size_t i = 0; i < n; i++) {
                KEY x = from[i];
                work[kept] = x;
                kept += x > pivot;
            }
        }
        n = kept;
        from = work;
    }
    KEY few[SMALL];
    memcpy(few, from, n * sizeof *few);
    return NAME(select_small)(few, n, k);
}

/* The key of rank k+1, given that rank k holds `at`; k+1 < n. */
static KEY NAME(next_of)(const KEY *keys, size_t n, size_t k, KEY at)
{
    size_t below, up_to;
    NAME(count_around)(keys, n, at, &below, &up_to);
    if (k + 1 < up_to)
        return at;
    KEY next = KEY_MAX;
    for (size_t i = 0; i < n; i++) {
        KEY x = keys[i] > at ? keys[i] : KEY_MAX;
        next = x < next ? x : next;
    }
    return next;
}
