/* Operations on sets of cells. */
#include "zagg/moc.h"

#include "geo/ranges.h"

#include <inttypes.h>

void zagg_words_free(zagg_words *list)
{
    if (list == NULL)
        return;
    zg_free(list->words);
    *list = (zagg_words){.words = NULL, .n = 0};
}

zagg_status zagg_moc_compress(const uint64_t *words, size_t n, zagg_words *out,
                              zagg_err *err)
{
    zg_ranges set;
    ZAGG_TRY(zg_ranges_from_words(words, n, &set, err));
    zagg_status status = zg_ranges_to_words(&set, out, err);
    zg_free(set.items);
    return status;
}

/* ---- one order ---- */

/** Cells of one order that meet the set, written to `out` where that is not NULL. */
static uint64_t cells_at(const zg_ranges *set, unsigned order, uint64_t *out)
{
    unsigned shift = 2u * (ZAGG_GEO_MAX_ORDER - order);
    uint64_t n = 0, next = 0; /* cells before `next` are done */
    for (size_t i = 0; i < set->n; i++) {
        uint64_t cell = set->items[i].begin >> shift;
        uint64_t last = (set->items[i].end - 1u) >> shift;
        if (cell < next)
            cell = next;
        next = last + 1u;
        if (out == NULL) {
            n += next > cell ? next - cell : 0;
            continue;
        }
        for (; cell <= last; cell++)
            out[n++] = zagg_word_from_nested(cell, order);
    }
    return n;
}

static zagg_status make_cells(const zg_ranges *set, unsigned order, uint64_t max_cells,
                              zagg_words *out, zagg_err *err)
{
    uint64_t n = cells_at(set, order, NULL), *words = NULL;
    if (max_cells != 0 && n > max_cells)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "the set has %" PRIu64
                            " cells at order %u, more than the limit of %" PRIu64
                            ": take a coarser order",
                            n, order, max_cells);
    /* n < 2^62, and zg_alloc checks the size in bytes */
    if (n > 0 && (words = zg_alloc((size_t)n, sizeof *words)) == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %" PRIu64 " cells", n);
    (void)cells_at(set, order, words);
    *out = (zagg_words){.words = words, .n = (size_t)n};
    return ZAGG_OK;
}

zagg_status zagg_moc_to_order(const uint64_t *words, size_t n, unsigned order,
                              uint64_t max_cells, zagg_words *out, zagg_err *err)
{
    if (order > ZAGG_GEO_MAX_ORDER)
        return zagg_err_set(err, ZAGG_EARG, "Order must be between 0 and %d, got %u",
                            ZAGG_GEO_MAX_ORDER, order);
    zg_ranges set;
    ZAGG_TRY(zg_ranges_from_words(words, n, &set, err));
    zagg_status status = make_cells(&set, order, max_cells, out, err);
    zg_free(set.items);
    return status;
}

/* ---- and, or, minus, xor ---- */

static bool holds(zagg_moc_op op, bool in_a, bool in_b)
{
    switch (op) {
    case ZAGG_MOC_AND:
        return in_a && in_b;
    case ZAGG_MOC_OR:
        return in_a || in_b;
    case ZAGG_MOC_MINUS:
        return in_a && !in_b;
    case ZAGG_MOC_XOR:
        return in_a != in_b;
    }
    return false;
}

/** Bounds of a set one after the other: even ones begin a range, odd ones end it. */
static uint64_t bound(const zg_ranges *set, size_t k)
{
    if (k / 2 >= set->n)
        return UINT64_MAX;
    return k % 2 == 0 ? set->items[k / 2].begin : set->items[k / 2].end;
}

/** Walk over the bounds of both sets; `out` has room for as many ranges as both have. */
static void sweep(zagg_moc_op op, const zg_ranges *a, const zg_ranges *b, zg_ranges *out)
{
    size_t ka = 0, kb = 0;
    bool inside = false;
    while (ka < 2 * a->n || kb < 2 * b->n) {
        uint64_t at_a = bound(a, ka), at_b = bound(b, kb);
        uint64_t at = at_a < at_b ? at_a : at_b;
        ka += at_a == at;
        kb += at_b == at;
        bool now = holds(op, ka % 2 != 0, kb % 2 != 0);
        if (now && !inside)
            out->items[out->n].begin = at;
        else if (!now && inside)
            out->items[out->n++].end = at;
        inside = now;
    }
}

static zagg_status combine(zagg_moc_op op, const zg_ranges *a, const zg_ranges *b,
                           zagg_words *out, zagg_err *err)
{
    zg_ranges set = {.items = NULL, .n = 0};
    if (a->n + b->n > 0 && (set.items = zg_alloc(a->n + b->n, sizeof *set.items)) == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells", a->n + b->n);
    sweep(op, a, b, &set);
    zagg_status status = zg_ranges_to_words(&set, out, err);
    zg_free(set.items);
    return status;
}

zagg_status zagg_moc_combine(zagg_moc_op op, const uint64_t *a, size_t n_a,
                             const uint64_t *b, size_t n_b, zagg_words *out,
                             zagg_err *err)
{
    zg_ranges set_a = {.items = NULL, .n = 0}, set_b = {.items = NULL, .n = 0};
    zagg_status status = zg_ranges_from_words(a, n_a, &set_a, err);
    if (status == ZAGG_OK)
        status = zg_ranges_from_words(b, n_b, &set_b, err);
    if (status == ZAGG_OK)
        status = combine(op, &set_a, &set_b, out, err);
    zg_free(set_a.items);
    zg_free(set_b.items);
    return status;
}

/* ---- coverage box ---- */

static zagg_status box_of_canonical(const zagg_words *set,
                                    uint64_t box[ZAGG_MOC_BOX_WORDS], size_t *n_box,
                                    zagg_err *err)
{
    uint64_t top, made[ZAGG_MOC_BOX_WORDS];
    size_t n = 0;
    ZAGG_TRY(zagg_word_common_ancestor(set->words, set->n, &top, err));
    unsigned below = zagg_word_order(top) + 1u;
    for (size_t i = 0; i < set->n;) {
        uint64_t child, other;
        size_t end = i + 1;
        ZAGG_TRY(zagg_word_coarsen(set->words[i], below, &child, err));
        for (; end < set->n; end++) {
            ZAGG_TRY(zagg_word_coarsen(set->words[end], below, &other, err));
            if (other != child)
                break;
        }
        if (n == ZAGG_MOC_BOX_WORDS)
            return zagg_err_set(err, ZAGG_EINTERNAL, "a cell with more than 4 children");
        ZAGG_TRY(zagg_word_common_ancestor(set->words + i, end - i, &made[n], err));
        n++;
        i = end;
    }
    for (size_t i = 0; i < n; i++)
        box[i] = made[i];
    *n_box = n;
    return ZAGG_OK;
}

zagg_status zagg_moc_box(const uint64_t *words, size_t n,
                         uint64_t box[ZAGG_MOC_BOX_WORDS], size_t *n_box, zagg_err *err)
{
    zagg_words set = {.words = NULL, .n = 0};
    ZAGG_TRY(zagg_moc_compress(words, n, &set, err));
    zagg_status status = ZAGG_OK;
    if (set.n == 1) {
        box[0] = set.words[0];
        *n_box = 1;
    } else {
        status = box_of_canonical(&set, box, n_box, err);
    }
    zagg_words_free(&set);
    return status;
}
