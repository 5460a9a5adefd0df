/* Which shards a granule has points in, from its own coordinates. */
#include "core/read.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK = 1024 };
/* Points of remote granules that are fetched at once. */
#define POINT_BYTES ((uint64_t)32 << 20)

typedef struct key_scan {
    const zagg_grid *grid;
    zagg_dtype lat_dtype, lon_dtype;
    zg_vec keys; /* uint64_t; short runs of equal keys are already one */
} key_scan;

static void keys_free(void *user, void *result)
{
    (void)user;
    if (result)
        zg_vec_free(result);
    zg_free(result);
}

static bool add_key(zg_vec *keys, uint64_t key)
{
    if (keys->len && *ZG_VEC_AT(keys, uint64_t, keys->len - 1) == key)
        return true;
    uint64_t *slot = zg_vec_push(keys);
    if (slot)
        *slot = key;
    return slot != NULL;
}

static zagg_status key_work(void *user, size_t slot, uint64_t first, size_t n,
                            const void *const *cols, void **result, zagg_err *err)
{
    const key_scan *s = user;
    double wide_lat[BLOCK], wide_lon[BLOCK];
    uint64_t block_keys[BLOCK];
    bool none[BLOCK];
    (void)slot;
    (void)first;
    zg_vec *keys = zg_alloc(1, sizeof *keys);
    bool ok = keys != NULL;
    if (keys)
        zg_vec_init(keys, sizeof(uint64_t), 0);
    for (size_t at = 0; ok && at < n; at += BLOCK) {
        const size_t len = n - at < BLOCK ? n - at : BLOCK;
        const double *lat = zg_as_double(s->lat_dtype, cols[0], at, len, wide_lat);
        const double *lon = zg_as_double(s->lon_dtype, cols[1], at, len, wide_lon);
        zagg_grid_shard_keys(s->grid, lat, lon, len, block_keys, none);
        for (size_t i = 0; ok && i < len; i++)
            ok = none[i] || add_key(keys, block_keys[i]);
    }
    if (!ok) {
        keys_free(NULL, keys);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for shard keys");
    }
    *result = keys;
    return ZAGG_OK;
}

static zagg_status key_fold(void *user, void *result, zagg_err *err)
{
    key_scan *s = user;
    zg_vec *keys = result;
    bool ok = true;
    for (size_t i = 0; ok && i < keys->len; i++)
        ok = add_key(&s->keys, *ZG_VEC_AT(keys, uint64_t, i));
    keys_free(NULL, keys);
    return ok ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory for shard keys");
}

static zagg_status group_keys(zg_group_read *r, key_scan *s, zagg_err *err)
{
    const zagg_data_source *ds = &r->worker->pipeline->data_source;
    const zagg_level *level = r->worker->index_level;
    zagg_h5_column cols[2];
    ZAGG_TRY(zg_core_read_coordinate(r, level ? level->latitude : ds->latitude,
                                     "latitude", &cols[0], err));
    ZAGG_TRY(zg_core_read_coordinate(r, level ? level->longitude : ds->longitude,
                                     "longitude", &cols[1], err));
    const zagg_h5_info lat = zagg_h5_dataset_info(cols[0].dataset);
    const zagg_h5_info lon = zagg_h5_dataset_info(cols[1].dataset);
    if (lat.dims[0] != lon.dims[0])
        return zagg_err_set(err, ZAGG_EFORMAT, "%s has %llu rows, %s has %llu", lat.path,
                            (unsigned long long)lat.dims[0], lon.path,
                            (unsigned long long)lon.dims[0]);
    if (lat.dims[0] == 0)
        return ZAGG_OK;
    const zagg_rows all = {0, lat.dims[0]};
    s->lat_dtype = lat.dtype;
    s->lon_dtype = lon.dtype;
    return zagg_h5_scan(cols, 2, &all, 1, r->pool, key_work, key_fold, keys_free, s, err);
}

static int by_key(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static zagg_status unique_keys(zg_vec *keys, zagg_arena *arena, uint64_t **out,
                               size_t *n_out, zagg_err *err)
{
    uint64_t *list = keys->data;
    size_t n = 0;
    if (keys->len)
        qsort(list, keys->len, sizeof *list, by_key);
    for (size_t i = 0; i < keys->len; i++)
        if (n == 0 || list[n - 1] != list[i])
            list[n++] = list[i];
    uint64_t *kept;
    ZAGG_TRY(zagg_arena_alloc(arena, n, sizeof *kept, &kept, err));
    if (n)
        memcpy(kept, list, n * sizeof *kept);
    *out = kept;
    *n_out = n;
    return ZAGG_OK;
}

zagg_status zagg_worker_shard_keys(const zagg_worker *worker, zagg_h5 *granule,
                                   zagg_pool *pool, zagg_arena *arena, uint64_t **keys,
                                   size_t *n_keys, zagg_err *err)
{
    const zagg_data_source *ds = &worker->pipeline->data_source;
    key_scan s = {.grid = worker->grid};
    zagg_status status = ZAGG_OK;
    zagg_h5_stage *points;
    zg_read_ahead_points(worker, granule, POINT_BYTES, &points);
    zg_vec_init(&s.keys, sizeof(uint64_t), 0);
    for (size_t i = 0; status == ZAGG_OK && i < ds->n_groups; i++) {
        zg_group_read r = {.worker = worker,
                           .granule = granule,
                           .group = ds->groups[i],
                           .pool = pool,
                           .scratch = arena};
        bool absent = false;
        status = group_keys(&r, &s, err);
        if (status == ZAGG_ENOTFOUND && zg_beam_absent(&r, &absent, NULL) == ZAGG_OK &&
            absent)
            status = ZAGG_OK;
        if (status != ZAGG_OK)
            zagg_err_context(err, status, "group %s", ds->groups[i]);
    }
    if (status == ZAGG_OK)
        status = unique_keys(&s.keys, arena, keys, n_keys, err);
    zg_vec_free(&s.keys);
    zagg_h5_stage_free(points);
    return status;
}
