/* The grid of a group: orders and latitude of HEALPix from the dggs attributes, place and
 * size of a rectilinear one from crs, resolution and bounds; shards and chunks from the
 * arrays. */
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Cells of a shard and of a chunk along each axis, as the arrays over the cells say. */
typedef struct extents {
    unsigned rank;
    uint64_t shape[2], shard[2], chunk[2];
    bool found;
} extents;

static void find_extents(const zagg_store_group *group, const char *first_axis,
                         unsigned rank, extents *out)
{
    *out = (extents){.rank = rank};
    for (size_t i = 0; i < group->n_fields; i++) {
        const zagg_zarr_array *a = group->fields[i].array;
        if (a == NULL || a->kind == ZAGG_ZARR_CSR || a->rank < rank)
            continue;
        /* layers over cells are taken only where nothing else is there */
        const unsigned at =
            a->dim_names[0] != NULL && strcmp(a->dim_names[0], first_axis) == 0 ? 0
            : a->rank > rank && a->dim_names[1] != NULL &&
                    strcmp(a->dim_names[1], first_axis) == 0 && !out->found
                ? 1
                : 2;
        if (at == 2)
            continue;
        for (unsigned d = 0; d < rank; d++) {
            const uint64_t shard = a->sharded ? a->shard[at + d] : a->chunk[at + d];
            if (!out->found) {
                out->shape[d] = a->shape[at + d];
                out->chunk[d] = a->chunk[at + d];
            }
            out->shard[d] = shard > out->shard[d] ? shard : out->shard[d];
        }
        out->found = true;
    }
}

/* Log of a power of four, or -1. */
static int log4_of(uint64_t n)
{
    int k = 0;
    while (n > 1 && n % 4 == 0) {
        n /= 4;
        k++;
    }
    return n == 1 ? k : -1;
}

static void fill_sizes(zagg_store_grid *g)
{
    g->cells_per_chunk = g->cells_per_shard = g->chunks_per_shard = 1;
    for (unsigned d = 0; d < g->rank; d++) {
        g->cells_per_chunk *= g->chunk_shape[d];
        g->cells_per_shard *= g->shard_shape[d];
        g->chunks_per_shard *= g->shard_shape[d] / g->chunk_shape[d];
    }
}

/* ---- HEALPix ---- */

static void read_latitude(const zagg_value *dggs, zagg_store_grid *g)
{
    const zagg_value *latitude = zagg_value_get_set(dggs, "latitude");
    g->latitude = ZAGG_LATITUDE_GEODETIC;
    g->latitude_recorded = latitude != NULL && latitude->kind == ZAGG_STR &&
                           zagg_latitude_parse(latitude->str, &g->latitude);
    if (latitude == NULL && zagg_value_is(zagg_value_get(dggs, "name"), "healpix"))
        g->latitude_recorded = true;
}

static zagg_status read_dggs(const zagg_value *dggs, const char *path, zagg_store_grid *g,
                             zagg_err *err)
{
    const zagg_value *name = zagg_value_get(dggs, "name");
    const zagg_value *scheme = zagg_value_get_set(dggs, "indexing_scheme");
    uint64_t level = 0;
    if (!zagg_value_is(name, "healpix") && !zagg_value_is(name, "morton"))
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%s/zarr.json: dggs.name is neither healpix nor morton",
                            path);
    if (zagg_value_is(name, "healpix") && scheme != NULL &&
        !zagg_value_is(scheme, "nested"))
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%s/zarr.json: dggs.indexing_scheme of healpix is not nested",
                            path);
    if (!zagg_value_u64(zagg_value_get(dggs, "refinement_level"), &level) ||
        level > ZAGG_GEO_MAX_ORDER)
        return zagg_err_set(
            err, ZAGG_EFORMAT,
            "%s/zarr.json: dggs.refinement_level is no order from 0 to %d", path,
            ZAGG_GEO_MAX_ORDER);
    g->kind = ZAGG_GRID_HEALPIX;
    g->rank = 1;
    g->cell_order = (unsigned)level;
    g->shape[0] = (uint64_t)12 << (2 * level);
    read_latitude(dggs, g);
    return ZAGG_OK;
}

static zagg_status healpix_extents(const zagg_store_group *group, const char *path,
                                   int shard_order, zagg_store_grid *g, zagg_err *err)
{
    extents e;
    find_extents(group, "cells", 1, &e);
    if (!e.found && shard_order < 0)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "%s has no array over its cells",
                            path);
    if (shard_order >= 0 && (unsigned)shard_order > g->cell_order)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s: cells of order %u do not lie in shards of order %d",
                            path, g->cell_order, shard_order);
    if (shard_order < 0 && e.shape[0] != g->shape[0])
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%s: arrays of %" PRIu64
                            " cells do not span the sphere, which "
                            "has %" PRIu64 " of order %u (a dense layout is not read)",
                            path, e.shape[0], g->shape[0], g->cell_order);
    const int shard =
        shard_order >= 0 ? (int)g->cell_order - shard_order : log4_of(e.shard[0]);
    const int chunk = e.found ? log4_of(e.chunk[0]) : shard;
    if (chunk < 0 || shard < chunk || (unsigned)shard > g->cell_order)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s: chunks and shards of its arrays are no HEALPix cells",
                            path);
    if (shard_order >= 0 && e.found && e.shape[0] != (uint64_t)1 << (2 * shard))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s: arrays of %" PRIu64 " cells are not those of a shard of "
                            "order %d with cells of order %u",
                            path, e.shape[0], shard_order, g->cell_order);
    g->shard_order = g->cell_order - (unsigned)shard;
    g->chunk_order = g->cell_order - (unsigned)chunk;
    g->shard_shape[0] = (uint64_t)1 << (2 * shard);
    g->chunk_shape[0] = (uint64_t)1 << (2 * chunk);
    return ZAGG_OK;
}

/* ---- rectilinear ---- */

static bool read_numbers(const zagg_value *list, size_t n, double *out)
{
    bool all = list != NULL && list->kind == ZAGG_LIST && list->n == n;
    for (size_t i = 0; i < n && all; i++)
        all = zagg_value_number(list->items[i], &out[i]);
    return all;
}

static zagg_status read_rectilinear(const zagg_store_group *group, const char *path,
                                    zagg_store_grid *g, zagg_err *err)
{
    const zagg_value *crs = zagg_value_get(group->attributes, "crs");
    extents e;
    g->kind = ZAGG_GRID_RECTILINEAR;
    g->rank = 2;
    if (crs == NULL || crs->kind != ZAGG_STR ||
        !read_numbers(zagg_value_get(group->attributes, "resolution"), 2,
                      g->resolution) ||
        !read_numbers(zagg_value_get(group->attributes, "bounds"), 4, g->bounds) ||
        !(g->resolution[0] > 0) || !(g->resolution[1] > 0))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s/zarr.json: crs, resolution and bounds are not those of a "
                            "rectilinear grid",
                            path);
    g->crs = crs->str;
    find_extents(group, "y", 2, &e);
    if (!e.found)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "%s has no array over its cells",
                            path);
    for (unsigned d = 0; d < 2; d++) {
        if (e.chunk[d] == 0 || e.shard[d] % e.chunk[d] != 0 || e.shape[d] == 0 ||
            e.shape[d] % e.shard[d] != 0 || e.shape[d] > UINT32_MAX)
            return zagg_err_set(err, ZAGG_EFORMAT,
                                "%s: its arrays are not a whole number of shards and "
                                "chunks",
                                path);
        g->shape[d] = e.shape[d];
        g->shard_shape[d] = e.shard[d];
        g->chunk_shape[d] = e.chunk[d];
    }
    return ZAGG_OK;
}

static zagg_status find_grid(const char *path, int shard_order, zagg_store_group *group,
                             zagg_err *err)
{
    const zagg_value *dggs = zagg_value_get_set(group->attributes, "dggs");
    zagg_store_grid grid = {0};
    if (dggs != NULL) {
        ZAGG_TRY(read_dggs(dggs, path, &grid, err));
        ZAGG_TRY(healpix_extents(group, path, shard_order, &grid, err));
    } else if (shard_order < 0 && zagg_value_get_set(group->attributes, "crs") != NULL) {
        ZAGG_TRY(read_rectilinear(group, path, &grid, err));
    } else {
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%s/zarr.json: its attributes name no grid (dggs, crs)",
                            path);
    }
    fill_sizes(&grid);
    if (grid.cells_per_chunk > ZG_STORE_MAX_CHUNK_CELLS ||
        grid.cells_per_shard > ZG_STORE_MAX_SHARD_CELLS)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%s: shards of %" PRIu64 " cells in chunks of %" PRIu64
                            " are larger than zagg reads",
                            path, grid.cells_per_shard, grid.cells_per_chunk);
    group->grid = grid;
    group->has_grid = true;
    return ZAGG_OK;
}

zagg_status zg_store_read_grid(zagg_store *s, const char *path, int shard_order,
                               zagg_store_group *group, zagg_err *err)
{
    zagg_err reason = ZAGG_ERR_INIT;
    const zagg_status status = find_grid(path, shard_order, group, &reason);
    if (status == ZAGG_OK || shard_order >= 0 ||
        (status != ZAGG_EUNSUPPORTED && status != ZAGG_EFORMAT))
        return status == ZAGG_OK ? status : zagg_err_set(err, status, "%s", reason.msg);
    group->has_grid = false;
    return zg_store_text(s, &group->why, err, "%s", reason.msg);
}

void zg_store_shard_name(const zagg_store_grid *g, zagg_store_shard *shard,
                         char label[40])
{
    if (g->kind == ZAGG_GRID_HEALPIX) {
        char text[33] = "";
        shard->key = zagg_word_from_nested(shard->block[0], g->shard_order);
        (void)zagg_word_decimal(shard->key, text, NULL);
        (void)snprintf(label, 40, "%s", text);
    } else {
        shard->key =
            shard->block[0] * (g->shape[1] / g->shard_shape[1]) + shard->block[1];
        (void)snprintf(label, 40, "%" PRIu64, shard->key);
    }
}
