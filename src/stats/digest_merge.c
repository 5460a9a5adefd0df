/* Digests of digests. */
#include "stats/digest_impl.h"

#include <string.h>

static zagg_status check_words(const zagg_digest *d, zagg_err *err)
{
    const bool any = d->locations != NULL || d->times != NULL;
    for (size_t i = 0; any && i < d->n; i++) {
        if (d->locations != NULL && d->locations[i] == 0)
            return zg_refuse_word("locations", i, err);
        if (d->times != NULL && d->times[i] == 0)
            return zg_refuse_word("times", i, err);
    }
    return ZAGG_OK;
}

/* Digests that take part carry the same words. */
static zagg_status check_alike(const zagg_digest *a, const zagg_digest *b, zagg_err *err)
{
    if ((a->locations != NULL) == (b->locations != NULL) &&
        (a->times != NULL) == (b->times != NULL))
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_EARG,
                        "digests with and without words of their centroids do not merge");
}

/* A digest that no other one takes part with: unchanged, in the memory's own buffers. The
 * input may lie there already. */
static zagg_status copy_of(zagg_digest_memory *memory, const zagg_digest *d,
                           zagg_digest *out, zagg_err *err)
{
    zagg_digest copy = {.n = d->n};
    float *centroids =
        zg_digest_room(memory, ZG_BUF_CENTROIDS, d->n, 2 * sizeof *centroids, err);
    if (centroids == NULL)
        return ZAGG_ENOMEM;
    memmove(centroids, d->centroids, d->n * 2 * sizeof *centroids);
    copy.centroids = centroids;
    if (d->locations != NULL) {
        uint64_t *words =
            zg_digest_room(memory, ZG_BUF_LOCATIONS, d->n, sizeof *words, err);
        if (words == NULL)
            return ZAGG_ENOMEM;
        memmove(words, d->locations, d->n * sizeof *words);
        copy.locations = words;
    }
    if (d->times != NULL) {
        uint64_t *words = zg_digest_room(memory, ZG_BUF_TIMES, d->n, sizeof *words, err);
        if (words == NULL)
            return ZAGG_ENOMEM;
        memmove(words, d->times, d->n * sizeof *words);
        copy.times = words;
    }
    *out = copy;
    return ZAGG_OK;
}

/* The centroids of a digest behind those that are there. */
static void append(const zagg_digest *d, zg_subcentroids *to)
{
    for (size_t i = 0; i < d->n; i++) {
        size_t at = to->n + i;
        to->values[at] = (double)d->centroids[2 * i];
        to->weights[at] = (double)d->centroids[2 * i + 1];
        if (to->locations != NULL)
            to->locations[at] = d->locations[i];
        if (to->times != NULL)
            to->times[at] = d->times[i];
    }
    to->n += d->n;
}

/* Which digests take part: those that are not empty. */
typedef struct survey {
    const zagg_digest *first;
    size_t digests, centroids;
} survey;

static zagg_status look_over(const zagg_digest *digests, size_t n, survey *out,
                             zagg_err *err)
{
    survey s = {.first = NULL};
    for (size_t i = 0; i < n; i++) {
        if (digests[i].n == 0)
            continue;
        s.first = s.first != NULL ? s.first : &digests[i];
        ZAGG_TRY(zg_check_rows(digests[i].n, err));
        ZAGG_TRY(check_words(&digests[i], err));
        ZAGG_TRY(check_alike(s.first, &digests[i], err));
        s.digests++;
        s.centroids += digests[i].n; /* checked here, so that it cannot wrap */
        ZAGG_TRY(zg_check_rows(s.centroids, err));
    }
    *out = s;
    return ZAGG_OK;
}

static zagg_status merge(zagg_digest_memory *memory, const zagg_digest *digests, size_t n,
                         bool total_order, double delta, zagg_digest *out, zagg_err *err)
{
    survey s;
    ZAGG_TRY(zg_check_delta(delta, err));
    ZAGG_TRY(look_over(digests, n, &s, err));
    if (s.digests == 0) {
        *out = (zagg_digest){.n = 0};
        return ZAGG_OK;
    }
    if (s.digests == 1)
        return copy_of(memory, s.first, out, err);
    const unsigned with = ZG_WITH_WEIGHTS |
                          (s.first->locations != NULL ? ZG_WITH_LOCATIONS : 0U) |
                          (s.first->times != NULL ? ZG_WITH_TIMES : 0U);
    zg_subcentroids all, sorted;
    ZAGG_TRY(zg_subcentroids_room(memory, with, s.centroids, &all, err));
    all.n = 0;
    for (size_t i = 0; i < n; i++)
        append(&digests[i], &all);
    ZAGG_TRY(zg_subcentroids_sort(memory, &all, total_order, &sorted, err));
    return zg_digest_compress(memory, &sorted, delta, out, err);
}

zagg_status zagg_digest_merge(zagg_digest_memory *memory, const zagg_digest *a,
                              const zagg_digest *b, double delta, zagg_digest *out,
                              zagg_err *err)
{
    const zagg_digest both[2] = {*a, *b};
    return merge(memory, both, 2, false, delta, out, err);
}

zagg_status zagg_digest_merge_all(zagg_digest_memory *memory, const zagg_digest *digests,
                                  size_t n, double delta, zagg_digest *out, zagg_err *err)
{
    return merge(memory, digests, n, true, delta, out, err);
}
