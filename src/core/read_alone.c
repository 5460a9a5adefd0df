/* One group of one granule for one shard, as a table. */
#include "core/read.h"

#include <string.h>

static zagg_status keep(zagg_arena *arena, const void *from, size_t n, size_t size,
                        void *out_ptr, zagg_err *err)
{
    void *to = NULL;
    if (from) {
        ZAGG_TRY(zagg_arena_alloc(arena, n, size, &to, err));
        memcpy(to, from, n * size);
    }
    memcpy(out_ptr, &to, sizeof to);
    return ZAGG_OK;
}

/* The table outlives the slab. */
static zagg_status keep_table(const zg_slab *slab, zagg_arena *arena, zagg_table **out,
                              zagg_err *err)
{
    const zagg_table *from = &slab->table;
    const size_t n = from->n_rows;
    zagg_table *t;
    ZAGG_TRY(zagg_arena_alloc(arena, 1, sizeof *t, &t, err));
    *t = *from;
    ZAGG_TRY(keep(arena, from->columns, from->n_columns, sizeof *t->columns, &t->columns,
                  err));
    for (size_t c = 0; c < t->n_columns; c++)
        ZAGG_TRY(keep(arena, from->columns[c].data, n,
                      zagg_dtype_size(from->columns[c].dtype), &t->columns[c].data, err));
    ZAGG_TRY(keep(arena, from->ranks, n, sizeof *t->ranks, &t->ranks, err));
    ZAGG_TRY(keep(arena, from->leaf_ids, n, sizeof *t->leaf_ids, &t->leaf_ids, err));
    ZAGG_TRY(zg_filter_table(slab->read->worker, t, err));
    if (t->n_rows)
        *out = t;
    return ZAGG_OK;
}

static zagg_status read_rows(zg_group_read *r, zagg_arena *arena, zagg_table **out,
                             zagg_read_counters *counters, zagg_err *err)
{
    zg_slab *slab = NULL;
    bool common;
    ZAGG_TRY(zg_group_open(r, &common, err));
    counters->groups_absent += r->absent;
    counters->groups_empty += r->empty && r->slices[0].whole;
    if (r->n_ranges == 0)
        return ZAGG_OK;
    for (size_t i = 0; i < r->n_ranges; i++)
        counters->rows_read += r->ranges[i].end - r->ranges[i].begin;
    ZAGG_TRY(zg_slab_new(r->worker, &slab, err));
    zagg_status status = zg_slab_read(slab, r, r->ranges, r->n_ranges, err);
    if (slab->no_cell.len)
        counters->points_without_cell += *ZG_VEC_AT(&slab->no_cell, uint64_t, 0);
    if (status == ZAGG_OK && slab->table.n_rows)
        status = keep_table(slab, arena, out, err);
    zg_slab_free(slab);
    return status;
}

zagg_status zagg_worker_read_group(const zagg_worker *worker, const zagg_shard *shard,
                                   zagg_h5 *granule, const char *group,
                                   const zagg_read_opts *opts, zagg_arena *arena,
                                   zagg_table **out, zagg_read_counters *counters,
                                   zagg_err *err)
{
    static const zagg_read_opts DEFAULTS = ZAGG_READ_OPTS_INIT;
    static const uint32_t FIRST = 0;
    const zagg_read_opts *o = opts ? opts : &DEFAULTS;
    zg_shard_set set;
    ZAGG_TRY(zg_shard_set_new(worker->grid, &shard->key, 1, &set, err));
    const zg_wanted wanted = {&set, &FIRST, 1, &FIRST};
    zg_group_read r = {.worker = worker,
                       .wanted = &wanted,
                       .granule = granule,
                       .group = group,
                       .pool = o->pool,
                       .all_columns = o->all_columns,
                       .with_leaf_ids = o->with_leaf_ids || worker->leaf_ids};
    zagg_table *table = NULL;
    /* Link records are as many as a granule has segments: what only the read needs must
     * not stay as long as the table. */
    zagg_status status = zagg_arena_new(0, &r.scratch, err);
    if (status == ZAGG_OK)
        status = read_rows(&r, arena, &table, counters, err);
    zagg_arena_free(r.scratch);
    zg_shard_set_free(&set);
    if (status == ZAGG_OK)
        *out = table;
    return status;
}
