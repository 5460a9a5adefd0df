/* Packed morton words (mortie's specification, frozen for 1.x): bits 63..60 base cell +
 * 1, bits 59..6 the 27 coarsest pairs of nested bits, bits 5..0 a suffix: the order up to
 * 27; 28..47 area cells of order 28 and 29 with their last pairs; 48..63 order-29 points.
 */
#include "geo/word.h"

#include "zagg/geo.h"

#include <inttypes.h>

#define BODY_MASK UINT64_C(0x0fffffffffffffc0)
#define SUFFIX_MASK UINT64_C(0x3f)

uint64_t zagg_word_from_nested(uint64_t nested, unsigned order)
{
    if (order > ZAGG_GEO_MAX_ORDER || nested >= (UINT64_C(12) << (2u * order)))
        return 0;
    uint64_t within = nested & ((UINT64_C(1) << (2u * order)) - 1u);
    uint64_t prefix = ((nested >> (2u * order)) + 1u) << 60;
    if (order <= 27)
        return prefix | within << (60u - 2u * order) | order;
    if (order == 28)
        return prefix | (within >> 2) << 6 | (28u + 5u * (within & 3u));
    return prefix | (within >> 4) << 6 | (29u + 5u * (within >> 2 & 3u) + (within & 3u));
}

uint64_t zagg_word_point(uint64_t nested29)
{
    uint64_t area = zagg_word_from_nested(nested29, 29);
    return area == 0 ? 0 : (area & ~SUFFIX_MASK) | (48u + (nested29 & 15u));
}

bool zagg_word_valid(uint64_t word)
{
    uint64_t prefix = word >> 60;
    return prefix >= 1 && prefix <= 12;
}

unsigned zagg_word_order(uint64_t word)
{
    unsigned suffix = (unsigned)(word & SUFFIX_MASK);
    if (suffix <= 27)
        return suffix;
    return suffix <= 47 && (suffix - 28u) % 5u == 0 ? 28 : 29;
}

bool zagg_word_is_point(uint64_t word)
{
    return (word & SUFFIX_MASK) >= 48;
}

/** Last pair of bits of orders 28 and 29 together: t28 * 4 + t29. */
static uint64_t last_pairs(unsigned suffix)
{
    if (suffix >= 48)
        return suffix - 48u;
    unsigned t = suffix - 28u;
    return t / 5u * 4u + (t % 5u == 0 ? 0 : t % 5u - 1u);
}

uint64_t zagg_word_nested(uint64_t word)
{
    unsigned order = zagg_word_order(word);
    uint64_t base = (word >> 60) - 1u;
    uint64_t body = (word & BODY_MASK) >> 6;
    uint64_t within;
    if (order <= 27)
        within = body >> (2u * (27u - order));
    else if (order == 28)
        within = body << 2 | last_pairs((unsigned)(word & SUFFIX_MASK)) >> 2;
    else
        within = body << 4 | last_pairs((unsigned)(word & SUFFIX_MASK));
    return base << (2u * order) | within;
}

zagg_status zg_word_refuse_invalid(uint64_t word, zagg_err *err)
{
    return zagg_err_set(
        err, ZAGG_EARG,
        "morton_index array contains an empty or invalid word (0x%016" PRIx64 ")", word);
}

zagg_status zagg_word_coarsen(uint64_t word, unsigned k, uint64_t *out, zagg_err *err)
{
    if (!zagg_word_valid(word))
        return zg_word_refuse_invalid(word, err);
    if (k >= zagg_word_order(word))
        *out = word; /* also a point, and bits below the order: upstream keeps them */
    else if (k <= 27)
        *out = (word & ~((UINT64_C(1) << (60u - 2u * k)) - 1u)) | k;
    else
        *out = (word & ~SUFFIX_MASK) |
               (28u + 5u * (last_pairs((unsigned)(word & SUFFIX_MASK)) >> 2));
    return ZAGG_OK;
}

zagg_status zagg_word_children(uint64_t word, unsigned t, uint64_t *out, size_t max,
                               size_t *count, zagg_err *err)
{
    if (!zagg_word_valid(word))
        return zg_word_refuse_invalid(word, err);
    unsigned order = zagg_word_order(word);
    if (t < order)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "target_order (%u) must be >= parent_order (%u)", t, order);
    if (t > ZAGG_GEO_MAX_ORDER)
        return zagg_err_set(err, ZAGG_ERANGE, "target_order (%u) must be <= %d", t,
                            ZAGG_GEO_MAX_ORDER);
    unsigned shift = 2u * (t - order);
    uint64_t n = UINT64_C(1) << shift;
    if (out != NULL && n > max)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "a cell of order %u has %" PRIu64
                            " children at order %u, more than the limit of %zu",
                            order, n, t, max);
    uint64_t first = zagg_word_nested(word) << shift;
    if (out != NULL && t == order)
        out[0] = word;
    else if (out != NULL)
        for (uint64_t k = 0; k < n; k++)
            out[k] = zagg_word_from_nested(first + k, t);
    *count = (size_t)n;
    return ZAGG_OK;
}

void zagg_word_range29(uint64_t word, uint64_t *begin, uint64_t *end)
{
    unsigned shift = 2u * (29u - zagg_word_order(word));
    uint64_t first = zagg_word_nested(word) << shift;
    *begin = first;
    *end = first + (UINT64_C(1) << shift);
}

zagg_status zagg_word_common_ancestor(const uint64_t *words, size_t n, uint64_t *out,
                                      zagg_err *err)
{
    if (n == 0)
        return zagg_err_set(err, ZAGG_EARG, "empty input has no common ancestor");
    unsigned order = ZAGG_GEO_MAX_ORDER;
    uint64_t first = 0, differing = 0; /* bits of ids on the order-29 line */
    for (size_t i = 0; i < n; i++) {
        uint64_t begin, end;
        if (!zagg_word_valid(words[i]))
            return zagg_err_set(err, ZAGG_EARG,
                                "input contains an empty or invalid word (%" PRIu64 ")",
                                words[i]);
        zagg_word_range29(words[i], &begin, &end);
        if (i == 0)
            first = begin;
        differing |= begin ^ first;
        if (zagg_word_order(words[i]) < order)
            order = zagg_word_order(words[i]);
    }
    if (differing >> (2u * ZAGG_GEO_MAX_ORDER) != 0)
        return zagg_err_set(err, ZAGG_EARG,
                            "inputs span multiple base cells and have no "
                            "common ancestor");
    while (differing >> (2u * (ZAGG_GEO_MAX_ORDER - order)) != 0)
        order--;
    *out = n == 1 ? words[0]
                  : zagg_word_from_nested(first >> (2u * (ZAGG_GEO_MAX_ORDER - order)),
                                          order);
    return ZAGG_OK;
}
