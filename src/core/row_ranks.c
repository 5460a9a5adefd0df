/* Packing of ranks. A run is its rank and a length of two bytes. */
#include "core/row_ranks.h"

#include <string.h>

enum { MOST_OF_RUN = UINT16_MAX };

static size_t run_length(const uint32_t *ranks, size_t n)
{
    size_t len = 1;
    while (len < n && len < MOST_OF_RUN && ranks[len] == ranks[0])
        len++;
    return len;
}

zg_rank_form zg_rank_form_of(const uint32_t *ranks, size_t n, size_t rank_bytes)
{
    size_t n_runs = 0, changes = 0;
    /* Counting changes alone is quick, and there are no fewer runs than changes. */
    for (size_t i = 1; i < n; i++)
        changes += ranks[i] != ranks[i - 1];
    if (changes * (rank_bytes + sizeof(uint16_t)) >= n * rank_bytes)
        return (zg_rank_form){rank_bytes, 0};
    for (size_t at = 0; at < n; at += run_length(ranks + at, n - at))
        n_runs++;
    const bool shorter = n_runs * (rank_bytes + sizeof(uint16_t)) < n * rank_bytes;
    return (zg_rank_form){rank_bytes, shorter ? (uint32_t)n_runs : 0};
}

size_t zg_rank_form_bytes(zg_rank_form form, size_t n)
{
    return form.n_runs ? form.n_runs * (form.rank_bytes + sizeof(uint16_t))
                       : n * form.rank_bytes;
}

static void put_ranks(uint8_t *out, const uint32_t *ranks, size_t n, size_t rank_bytes)
{
    if (rank_bytes == sizeof *ranks) {
        memcpy(out, ranks, n * sizeof *ranks);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const uint16_t narrow = (uint16_t)ranks[i];
        memcpy(out + i * sizeof narrow, &narrow, sizeof narrow);
    }
}

size_t zg_ranks_pack(zg_rank_form form, const uint32_t *ranks, size_t n, size_t *at,
                     uint8_t *out, size_t cap)
{
    size_t used = 0;
    if (form.n_runs == 0) {
        const size_t fits = cap / form.rank_bytes, left = n - *at;
        const size_t len = left < fits ? left : fits;
        put_ranks(out, ranks + *at, len, form.rank_bytes);
        *at += len;
        return len * form.rank_bytes;
    }
    const size_t size = form.rank_bytes + sizeof(uint16_t);
    while (*at < n && used + size <= cap) {
        const size_t len = run_length(ranks + *at, n - *at);
        const uint16_t stored = (uint16_t)len;
        put_ranks(out + used, ranks + *at, 1, form.rank_bytes);
        memcpy(out + used + form.rank_bytes, &stored, sizeof stored);
        *at += len;
        used += size;
    }
    return used;
}

static uint32_t rank_at(const uint8_t *in, size_t rank_bytes)
{
    uint16_t narrow;
    uint32_t wide;
    if (rank_bytes == sizeof narrow) {
        memcpy(&narrow, in, sizeof narrow);
        return narrow;
    }
    memcpy(&wide, in, sizeof wide);
    return wide;
}

void zg_ranks_unpack(zg_rank_form form, const uint8_t *in, size_t n, uint32_t *ranks)
{
    size_t done = 0;
    if (form.n_runs == 0 && form.rank_bytes == sizeof *ranks) {
        memcpy(ranks, in, n * sizeof *ranks);
        return;
    }
    for (size_t i = 0; form.n_runs == 0 && i < n; i++)
        ranks[i] = rank_at(in + i * sizeof(uint16_t), sizeof(uint16_t));
    for (uint32_t r = 0; r < form.n_runs; r++) {
        const uint32_t rank = rank_at(in, form.rank_bytes);
        uint16_t len;
        memcpy(&len, in + form.rank_bytes, sizeof len);
        for (size_t k = 0; k < len && done < n; k++)
            ranks[done++] = rank;
        in += form.rank_bytes + sizeof len;
    }
}
