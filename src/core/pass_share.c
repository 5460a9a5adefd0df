/* Rows that were read go to the shards that own them. */
#include "core/pass_group.h"

#include <string.h>

/* Rows of a slab that belong to one shard: `n` of them from `first` on, in order. */
typedef struct share {
    uint32_t local;
    size_t first, n;
} share;

/* The first one, which ends the pass whatever else is wrong with the group. */
static zagg_status keep_store_failure(zg_group_job *j, zagg_status status,
                                      const zagg_err *err)
{
    if (!atomic_exchange(&j->store_failed, true)) {
        j->store_status = status;
        if (err)
            j->store_err = *err;
    }
    return status;
}

/* A table of rows of one shard goes to the store, for each time that the shard names the
 * granule. */
zagg_status zg_share_add(zg_group_job *j, const zagg_table *t, uint64_t first_row,
                         uint32_t local, zagg_arena *arena, zagg_err *err)
{
    const zg_granule_read *g = j->granule;
    const zg_want *wants = g->pass->wants + g->granule->first_want;
    const void **columns;
    zagg_dtype *dtypes;
    ZAGG_TRY(zagg_arena_alloc(arena, t->n_columns, sizeof *columns, &columns, err));
    ZAGG_TRY(zagg_arena_alloc(arena, t->n_columns, sizeof *dtypes, &dtypes, err));
    for (size_t c = 0; c < t->n_columns; c++) {
        columns[c] = t->columns[c].data;
        dtypes[c] = t->columns[c].dtype;
    }
    const zg_row_batch batch = {t->n_rows, t->ranks, dtypes, columns, t->leaf_ids};
    for (size_t i = g->first_want[local]; i < g->first_want[local + 1]; i++) {
        const zg_row_key key = {wants[i].position, j->number, first_row};
        const zagg_status status =
            zg_row_store_add(g->pass->store, wants[i].shard, key, &batch, err);
        if (status != ZAGG_OK)
            return keep_store_failure(j, status, err);
    }
    atomic_fetch_add(&g->n_kept[local], t->n_rows);
    return ZAGG_OK;
}

/* The part of a table that one shard gets; expression filters see it as a table of its
 * own. */
static zagg_status hand_over(zg_group_job *j, const zg_slab *slab, const uint64_t *rows,
                             const share *s, zagg_err *err)
{
    const zagg_table *whole = &slab->table;
    zagg_column *columns;
    ZAGG_TRY(
        zagg_arena_alloc(slab->arena, whole->n_columns, sizeof *columns, &columns, err));
    zagg_table part = {s->n, whole->n_columns, columns, whole->ranks + s->first,
                       whole->leaf_ids ? whole->leaf_ids + s->first : NULL};
    for (size_t c = 0; c < whole->n_columns; c++) {
        columns[c] = whole->columns[c];
        if (columns[c].data)
            columns[c].data =
                (uint8_t *)columns[c].data + s->first * zagg_dtype_size(columns[c].dtype);
    }
    const uint64_t first_row = rows[s->first];
    ZAGG_TRY(zg_filter_table(j->read.worker, &part, err));
    return part.n_rows ? zg_share_add(j, &part, first_row, s->local, slab->arena, err)
                       : ZAGG_OK;
}

static void *permuted(const zg_slab *slab, const void *from, size_t size,
                      const uint32_t *order, size_t n, zagg_err *err)
{
    uint8_t *to;
    if (zagg_arena_alloc(slab->arena, n, size, &to, err) != ZAGG_OK)
        return NULL;
    for (size_t i = 0; i < n; i++)
        memcpy(to + i * size, (const uint8_t *)from + order[i] * size, size);
    return to;
}

/* All of the table in another order of rows. */
static zagg_status reorder(zg_slab *slab, const uint32_t *order, uint64_t **rows,
                           zagg_err *err)
{
    zagg_table *t = &slab->table;
    const size_t n = t->n_rows;
    for (size_t c = 0; c < t->n_columns; c++) {
        zagg_column *column = &t->columns[c];
        if (column->data &&
            !(column->data = permuted(slab, column->data, zagg_dtype_size(column->dtype),
                                      order, n, err)))
            return ZAGG_ENOMEM;
    }
    if (!(t->ranks = permuted(slab, t->ranks, sizeof *t->ranks, order, n, err)) ||
        (t->leaf_ids && !(t->leaf_ids = permuted(slab, t->leaf_ids, sizeof *t->leaf_ids,
                                                 order, n, err))) ||
        !(*rows = permuted(slab, *rows, sizeof **rows, order, n, err)))
        return ZAGG_ENOMEM;
    return ZAGG_OK;
}

/* Shares in order of shards, and the order of rows that brings them together: stable.
 * `*sorted` where rows are in that order already, as along a track that crosses shards.
 */
static zagg_status find_shares(const zg_slab *slab, size_t n_wanted, share **out,
                               size_t *n_out, uint32_t **order, bool *sorted,
                               zagg_err *err)
{
    const uint32_t *owners = slab->owners.data;
    const size_t n = slab->owners.len;
    size_t *at;
    share *shares;
    size_t n_shares = 0, begin = 0;
    ZAGG_TRY(zagg_arena_alloc(slab->arena, n_wanted, sizeof *at, &at, err));
    *sorted = true;
    for (size_t i = 0; i < n; i++) {
        n_shares += at[owners[i]]++ == 0;
        *sorted &= i == 0 || owners[i] >= owners[i - 1];
    }
    ZAGG_TRY(zagg_arena_alloc(slab->arena, n_shares, sizeof *shares, &shares, err));
    *n_out = 0;
    for (uint32_t local = 0; local < n_wanted; local++) {
        if (at[local] == 0)
            continue;
        shares[(*n_out)++] = (share){local, begin, at[local]};
        begin += at[local];
        at[local] = begin - at[local];
    }
    *out = shares;
    if (*sorted)
        return ZAGG_OK;
    ZAGG_TRY(zagg_arena_alloc(slab->arena, n, sizeof **order, order, err));
    for (size_t i = 0; i < n; i++)
        (*order)[at[owners[i]]++] = (uint32_t)i;
    return ZAGG_OK;
}

zagg_status zg_share_slab(zg_group_job *j, zg_slab *slab, zagg_err *err)
{
    share *shares;
    size_t n_shares;
    uint32_t *order = NULL;
    uint64_t *rows = slab->rows.data;
    bool sorted;
    if (slab->rows.len > UINT32_MAX)
        return zagg_err_set(err, ZAGG_ERANGE, "%zu rows at once are too many",
                            slab->rows.len);
    ZAGG_TRY(
        find_shares(slab, j->read.wanted->n, &shares, &n_shares, &order, &sorted, err));
    if (!sorted)
        ZAGG_TRY(reorder(slab, order, &rows, err));
    for (size_t i = 0; i < n_shares; i++)
        ZAGG_TRY(hand_over(j, slab, rows, &shares[i], err));
    return ZAGG_OK;
}
