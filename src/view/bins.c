/* Bins that become coarser as they have to. */
#include "view/bins.h"

#include <math.h>
#include <stdlib.h>

void zg_bins_init(zg_bins *b, const zg_frame *frame, size_t max)
{
    *b = (zg_bins){.frame = frame, .max = max};
    zg_vec_init(&b->bins, sizeof(zg_bin), 0);
}

void zg_bins_free(zg_bins *b)
{
    zg_vec_free(&b->bins);
}

static void join(zg_bin *to, const zg_bin *from)
{
    if (from->values > 0) {
        to->low = to->values > 0 ? fmin(to->low, from->low) : from->low;
        to->high = to->values > 0 ? fmax(to->high, from->high) : from->high;
        to->sum += from->sum;
    }
    to->parts += from->parts;
    to->values += from->values;
    to->count += from->count;
}

/* Merge sort by id that keeps the order of equals: sums are added in the order of calls.
 */
static void merge_sort(zg_bin *a, zg_bin *spare, size_t n)
{
    for (size_t width = 1; width < n; width *= 2) {
        for (size_t from = 0; from < n; from += 2 * width) {
            const size_t middle = from + width < n ? from + width : n;
            const size_t end = middle + width < n ? middle + width : n;
            size_t i = from, j = middle;
            for (size_t k = from; k < end; k++)
                spare[k] =
                    i < middle && (j >= end || a[i].id <= a[j].id) ? a[i++] : a[j++];
        }
        for (size_t k = 0; k < n; k++)
            a[k] = spare[k];
    }
}

static zagg_status tidy(zg_bins *b, zagg_err *err)
{
    zg_bin *all = b->bins.data;
    size_t n = b->bins.len, used = 0;
    if (n == b->sorted)
        return ZAGG_OK;
    zg_bin *spare = zg_alloc(n, sizeof *spare);
    if (spare == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells", n);
    merge_sort(all, spare, n);
    zg_free(spare);
    for (size_t i = 0; i < n; i++)
        if (used > 0 && all[used - 1].id == all[i].id)
            join(&all[used - 1], &all[i]);
        else
            all[used++] = all[i];
    b->bins.len = b->sorted = used;
    return ZAGG_OK;
}

static zagg_status make_room(zg_bins *b, zagg_err *err)
{
    const unsigned most = zg_frame_max_step(b->frame);
    ZAGG_TRY(tidy(b, err));
    while (b->bins.len > b->max && b->step < most) {
        zg_bin *all = b->bins.data;
        /* ids of boxes do not coarsen by halves of a coarser id */
        for (size_t i = 0; i < b->bins.len; i++) {
            const zg_frame coarse = {.kind = b->frame->kind,
                                     .columns =
                                         b->frame->kind == ZAGG_GRID_HEALPIX
                                             ? 0
                                             : zg_frame_columns(b->frame, b->step)};
            all[i].id = zg_frame_coarsen(&coarse, 1, all[i].id);
        }
        b->step++;
        b->sorted = 0;
        ZAGG_TRY(tidy(b, err));
    }
    return ZAGG_OK;
}

zagg_status zg_bins_add(zg_bins *b, uint64_t id, double value, uint64_t count,
                        zagg_err *err)
{
    const zg_bin bin = {.id = zg_frame_coarsen(b->frame, b->step, id),
                        .parts = 1,
                        .values = isfinite(value) ? 1 : 0,
                        .sum = isfinite(value) ? value : 0,
                        .low = value,
                        .high = value,
                        .count = count};
    zg_bin *last = b->bins.len > 0 ? ZG_VEC_AT(&b->bins, zg_bin, b->bins.len - 1) : NULL;
    if (last != NULL && last->id == bin.id) {
        join(last, &bin);
        return ZAGG_OK;
    }
    if (!zg_vec_append(&b->bins, &bin, 1))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the cells of a map");
    return b->bins.len >= 2 * b->max ? make_room(b, err) : ZAGG_OK;
}

zagg_status zg_bins_finish(zg_bins *b, zagg_err *err)
{
    return make_room(b, err);
}
