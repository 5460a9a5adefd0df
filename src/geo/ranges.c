/* Words to ranges of order-29 ids and back. */
#include "geo/ranges.h"

#include "geo/word.h"

#include <stdlib.h>

static int by_begin(const void *a, const void *b)
{
    const zg_range *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

/** Join ranges that overlap or touch; they are sorted by where they begin. */
static size_t join(zg_range *items, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && items[i].begin <= items[kept - 1].end) {
            if (items[i].end > items[kept - 1].end)
                items[kept - 1].end = items[i].end;
        } else {
            items[kept++] = items[i];
        }
    }
    return kept;
}

zagg_status zg_ranges_from_words(const uint64_t *words, size_t n, zg_ranges *out,
                                 zagg_err *err)
{
    zg_range *items = NULL;
    if (n > 0 && (items = zg_alloc(n, sizeof *items)) == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells", n);
    bool sorted = true;
    for (size_t i = 0; i < n; i++) {
        if (!zagg_word_valid(words[i])) {
            zg_free(items);
            return zg_word_refuse_invalid(words[i], err);
        }
        zagg_word_range29(words[i], &items[i].begin, &items[i].end);
        sorted = sorted && (i == 0 || items[i - 1].begin <= items[i].begin);
    }
    if (!sorted)
        qsort(items, n, sizeof *items, by_begin);
    *out = (zg_ranges){.items = items, .n = join(items, n)};
    return ZAGG_OK;
}

/** Steps up from order 29 of the largest cell that begins at `begin` and ends by `end`.
 */
static unsigned largest_cell(uint64_t begin, uint64_t end)
{
    unsigned steps = 0;
    while (steps < ZAGG_GEO_MAX_ORDER) {
        uint64_t side = UINT64_C(4) << (2u * steps);
        if ((begin & (side - 1u)) != 0 || end - begin < side)
            break;
        steps++;
    }
    return steps;
}

/** Words of the set, written to `out` where that is not NULL. */
static size_t emit(const zg_ranges *set, uint64_t *out)
{
    size_t n = 0;
    for (size_t i = 0; i < set->n; i++) {
        uint64_t at = set->items[i].begin, end = set->items[i].end;
        while (at < end) {
            unsigned steps = largest_cell(at, end);
            if (out != NULL)
                out[n] =
                    zagg_word_from_nested(at >> (2u * steps), ZAGG_GEO_MAX_ORDER - steps);
            n++;
            at += UINT64_C(1) << (2u * steps);
        }
    }
    return n;
}

zagg_status zg_ranges_to_words(const zg_ranges *set, zagg_words *out, zagg_err *err)
{
    size_t n = emit(set, NULL);
    uint64_t *words = NULL;
    if (n > 0 && (words = zg_alloc(n, sizeof *words)) == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells", n);
    (void)emit(set, words);
    *out = (zagg_words){.words = words, .n = n};
    return ZAGG_OK;
}
