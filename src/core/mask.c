/* Masks of the area of interest: what the shard map says about a shard, spread over the
 * cells of a chunk. Nothing is expanded beyond one chunk, so a word that stands for a
 * whole shard costs no more than a cell. */
#include "core/mask.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Order-29 ids to those of the cells; a finer word marks the cell that it lies in. */
static zagg_status runs_of_words(const zagg_grid_info *info, const uint64_t *words,
                                 size_t n, zg_ranges *out, zagg_err *err)
{
    const unsigned shift = 2u * (ZAGG_GEO_MAX_ORDER - info->child_order);
    for (size_t i = 0; i < n; i++)
        if (!zagg_word_valid(words[i]))
            return zagg_err_set(err, ZAGG_ECONFIG,
                                ZG_MASK_NAME ": %" PRIu64 " is no morton word", words[i]);
    ZAGG_TRY(zg_ranges_from_words(words, n, out, err));
    for (size_t i = 0; i < out->n; i++) {
        out->items[i].begin >>= shift;
        out->items[i].end = ((out->items[i].end - 1u) >> shift) + 1u;
    }
    return ZAGG_OK;
}

static zagg_status runs_of_ids(const zagg_grid_info *info, const uint64_t *ids, size_t n,
                               zg_ranges *out, zagg_err *err)
{
    const uint64_t cells = info->shape[0] * info->shape[1];
    uint64_t *sorted = zg_alloc(n + 1, sizeof *sorted);
    zg_range *runs = zg_alloc(n + 1, sizeof *runs);
    size_t n_runs = 0;
    zagg_status status = ZAGG_OK;
    if (!sorted || !runs)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for a mask of %zu cells", n);
    for (size_t i = 0; status == ZAGG_OK && i < n; i++) {
        sorted[i] = ids[i];
        if (ids[i] >= cells)
            status =
                zagg_err_set(err, ZAGG_ECONFIG,
                             ZG_MASK_NAME ": cell %" PRIu64 " lies beyond the %" PRIu64
                                          " cells of the grid",
                             ids[i], cells);
    }
    if (status != ZAGG_OK) {
        zg_free(sorted);
        zg_free(runs);
        return status;
    }
    if (n > 1)
        qsort(sorted, n, sizeof *sorted, by_number);
    for (size_t i = 0; i < n; i++) {
        if (n_runs > 0 && sorted[i] <= runs[n_runs - 1].end)
            runs[n_runs - 1].end = sorted[i] + 1u;
        else
            runs[n_runs++] = (zg_range){sorted[i], sorted[i] + 1u};
    }
    zg_free(sorted);
    *out = (zg_ranges){runs, n_runs};
    return ZAGG_OK;
}

zagg_status zg_mask_new(const zagg_grid *grid, const uint64_t *payload, size_t n,
                        zg_mask *out, zagg_err *err)
{
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    if (info->kind == ZAGG_GRID_HEALPIX)
        return runs_of_words(info, payload, n, &out->runs, err);
    return runs_of_ids(info, payload, n, &out->runs, err);
}

void zg_mask_free(zg_mask *mask)
{
    zg_free(mask->runs.items);
    mask->runs = (zg_ranges){NULL, 0};
}

/* Cells first..first+n-1, which follow each other in the chunk too. */
static void fill_row(const zg_ranges *runs, uint64_t first, uint64_t n, bool *inside)
{
    size_t lo = 0, hi = runs->n; /* the first run that ends behind `first` */
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (runs->items[mid].end <= first)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < runs->n && runs->items[lo].begin < first + n; lo++) {
        const zg_range *run = &runs->items[lo];
        const uint64_t from = run->begin > first ? run->begin - first : 0;
        const uint64_t to = run->end < first + n ? run->end - first : n;
        memset(inside + from, true, (size_t)(to - from));
    }
}

void zg_mask_fill(const zg_mask *mask, const zagg_grid *grid, const zagg_shard *shard,
                  uint64_t b, bool *inside)
{
    const zagg_grid_info *info = zagg_grid_get_info(grid);
    uint64_t index[2] = {0, 0};
    if (info->kind == ZAGG_GRID_HEALPIX) {
        fill_row(&mask->runs, shard->first_cell + b * info->cells_per_chunk,
                 info->cells_per_chunk, inside);
        return;
    }
    zagg_grid_chunk_index(grid, shard, b, index);
    const uint64_t first_row = index[0] * info->chunk_shape[0];
    const uint64_t first_column = index[1] * info->chunk_shape[1];
    for (uint64_t row = 0; row < info->chunk_shape[0]; row++)
        fill_row(&mask->runs, (first_row + row) * info->shape[1] + first_column,
                 info->chunk_shape[1], inside + row * info->chunk_shape[1]);
}
