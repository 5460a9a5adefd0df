/* Ranks of rows as they are kept: two bytes each where the shard has few enough cells,
 * or runs of equal ones, as along a track over coarse cells. */
#ifndef ZG_CORE_ROW_RANKS_H
#define ZG_CORE_ROW_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** How the ranks of one fragment are kept. */
typedef struct zg_rank_form {
    size_t rank_bytes; /* 2 or 4 */
    uint32_t n_runs;   /* 0: rank by rank */
} zg_rank_form;

/** The form that takes fewer bytes. O(n). */
zg_rank_form zg_rank_form_of(const uint32_t *ranks, size_t n, size_t rank_bytes);
/** Bytes of n ranks in a form. */
size_t zg_rank_form_bytes(zg_rank_form form, size_t n);
/** Pack ranks *at.. of n into `out` as far as `cap` (at least 8) bytes go; *at moves on.
 *  Bytes written. */
size_t zg_ranks_pack(zg_rank_form form, const uint32_t *ranks, size_t n, size_t *at,
                     uint8_t *out, size_t cap);
/** The n ranks again. */
void zg_ranks_unpack(zg_rank_form form, const uint8_t *in, size_t n, uint32_t *ranks);

#endif
