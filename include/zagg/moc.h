/* Sets of HEALPix cells: multi-order coverages (MOC) as lists of packed morton words. The
 * canonical form of a set is its fewest words, ascending; it is unique (IVOA MOC 2.0
 * calls it normalised). */
#ifndef ZAGG_MOC_H
#define ZAGG_MOC_H

#include "zagg/geo.h"
#include "zagg/status.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Words made by a call of this header; the caller frees them with zagg_words_free.
 * `words` is NULL when n is 0. Every call leaves it untouched on failure. */
typedef struct zagg_words {
    uint64_t *words;
    size_t n;
} zagg_words;
/** Free and empty; an empty or NULL list is fine. */
ZAGG_API void zagg_words_free(zagg_words *list);

/** Most cells that zagg_moc_to_order should be allowed to make where nobody asked for
 * more: upstream's limit. */
#define ZAGG_MOC_MAX_CELLS 1048576
/** A coverage box holds at most this many words. */
#define ZAGG_MOC_BOX_WORDS 4

/* All functions: lists of area words of any order, in any order, with repetitions; a
 * point word stands for its order-29 cell, and bits below a word's order are dropped. ARG
 * for a word that names no cell. Sorted lists cost O(n), others a sort; memory is 16
 * bytes a word beside the result. Thread-safe. */

/** Canonical form of the union of n words. */
ZAGG_API zagg_status zagg_moc_compress(const uint64_t *words, size_t n, zagg_words *out,
                                       zagg_err *err);

/** The cells of one order (0..29) that hold or meet the set, ascending, each once. RANGE
 * before anything is allocated for them when there are more than max_cells (0: no
 * limit). */
ZAGG_API zagg_status zagg_moc_to_order(const uint64_t *words, size_t n, unsigned order,
                                       uint64_t max_cells, zagg_words *out,
                                       zagg_err *err);

typedef enum zagg_moc_op {
    ZAGG_MOC_AND = 0,
    ZAGG_MOC_OR,
    ZAGG_MOC_MINUS, /* in a but not in b */
    ZAGG_MOC_XOR
} zagg_moc_op;
/** Canonical form of `a op b`. */
ZAGG_API zagg_status zagg_moc_combine(zagg_moc_op op, const uint64_t *a, size_t n_a,
                                      const uint64_t *b, size_t n_b, zagg_words *out,
                                      zagg_err *err);
#define zagg_moc_and(a, n_a, b, n_b, out, err)                                           \
    zagg_moc_combine(ZAGG_MOC_AND, a, n_a, b, n_b, out, err)
#define zagg_moc_or(a, n_a, b, n_b, out, err)                                            \
    zagg_moc_combine(ZAGG_MOC_OR, a, n_a, b, n_b, out, err)
#define zagg_moc_minus(a, n_a, b, n_b, out, err)                                         \
    zagg_moc_combine(ZAGG_MOC_MINUS, a, n_a, b, n_b, out, err)
#define zagg_moc_xor(a, n_a, b, n_b, out, err)                                           \
    zagg_moc_combine(ZAGG_MOC_XOR, a, n_a, b, n_b, out, err)

/** Coverage box (tier 0 of morton-hive) of the occupied cells of one base cell: the set's
 * one word, else the deepest ancestor of all cells split into its two to four occupied
 * children, each narrowed to the deepest ancestor of its share. Ascending. ARG for n = 0
 * or cells of several base cells. */
ZAGG_API zagg_status zagg_moc_box(const uint64_t *words, size_t n,
                                  uint64_t box[ZAGG_MOC_BOX_WORDS], size_t *n_box,
                                  zagg_err *err);

#ifdef __cplusplus
}
#endif
#endif
