/* Cells of a store as rows. */
#include "base/base.h"
#include "export/columns.h"

#include <math.h>
#include <string.h>

/* Rows of a batch: row groups of Parquet, so neither few nor much memory. */
enum { BATCH_ROWS = 65536 };
/* Offsets of lists are 32 bits. */
#define BATCH_LIST_VALUES ((size_t)1 << 26)

typedef struct rows {
    zg_columns columns;
    const zg_export_opts *opts;
    zg_writer *writer;
    zg_layout layout;
    uint64_t written;
} rows;

/* The writers know no names. */
static zagg_status named(const rows *r, zagg_status status, zagg_err *err)
{
    return status == ZAGG_EIO && r->opts->name != NULL
               ? zagg_err_context(err, status, "%s", r->opts->name)
               : status;
}

static zagg_status write_batch(rows *r, zagg_err *err)
{
    zg_batch batch;
    ZAGG_TRY(zg_columns_batch(&r->columns, &batch, err));
    if (batch.n > 0)
        ZAGG_TRY(named(r, r->writer->ops->batch(r->writer, &batch, err), err));
    r->written += batch.n;
    zg_columns_clear(&r->columns);
    return ZAGG_OK;
}

static bool in_box(const zg_export_opts *o, double lat, double lon)
{
    const double west = o->box[0], east = o->box[2];
    if (!o->has_box)
        return true;
    if (!(lat >= o->box[1] && lat <= o->box[3]))
        return false;
    return west <= east ? lon >= west && lon <= east : lon >= west || lon <= east;
}

/* Corners are the outermost points of a HEALPix cell; this is for their rounding. */
#define SLACK_DEG 1e-6

/* Can a ring reach into the box? */
static bool ring_meets(const double box[4], const double *x, const double *y, size_t n)
{
    double west = x[0], east = x[0], south = y[0], north = y[0];
    for (size_t k = 1; k < n; k++) {
        west = fmin(west, x[k]);
        east = fmax(east, x[k]);
        south = fmin(south, y[k]);
        north = fmax(north, y[k]);
    }
    const bool from_west = east + SLACK_DEG >= box[0],
               to_east = west - SLACK_DEG <= box[2];
    return north + SLACK_DEG >= box[1] && south - SLACK_DEG <= box[3] &&
           (box[0] <= box[2] ? from_west && to_east : from_west || to_east);
}

/* False: no cell of chunk b of the shard, or (UINT64_MAX) of all of it, lies in the box.
 */
static bool box_meets(const rows *r, const zagg_store_group *group, size_t shard,
                      uint64_t b)
{
    const zagg_store_grid *g = &group->grid;
    const uint64_t block = group->shards[shard].block[0];
    const bool whole = b == UINT64_MAX;
    double lat[4], lon[4];
    zg_shape shape;
    if (!r->opts->has_box || g->kind != ZAGG_GRID_HEALPIX)
        return true;
    zagg_geo_corners(whole ? block : block * g->chunks_per_shard + b,
                     whole ? g->shard_order : g->chunk_order, g->latitude, lat, lon);
    zg_shape_of_corners(lat, lon, &shape);
    bool meets = shape.n_parts == 0; /* too fine to tell */
    for (size_t k = 0; k < shape.n_parts; k++)
        meets |= ring_meets(r->opts->box, shape.x[k], shape.y[k], shape.n[k]);
    return meets;
}

static bool is_wanted(const rows *r, const zagg_store_chunk *chunk, size_t cell)
{
    if (r->opts->all_cells)
        return true;
    for (size_t k = 0; k < chunk->n_columns; k++)
        if (chunk->columns[k].read && zagg_store_has_data(chunk, k, cell))
            return true;
    return false;
}

static zagg_status export_chunk(rows *r, const zagg_store_shard *shard,
                                const zagg_store_chunk *chunk, zagg_err *err)
{
    for (size_t cell = 0; cell < chunk->n_cells; cell++) {
        zg_place place;
        if (!is_wanted(r, chunk, cell))
            continue;
        ZAGG_TRY(zg_columns_place(&r->columns, chunk, cell, &place, err));
        if (!in_box(r->opts, place.lat, place.lon))
            continue;
        ZAGG_TRY(zg_columns_add(&r->columns, shard, chunk, cell, &place, err));
        if (zg_columns_rows(&r->columns) >= BATCH_ROWS ||
            zg_columns_list_values(&r->columns) >= BATCH_LIST_VALUES)
            ZAGG_TRY(write_batch(r, err));
    }
    return ZAGG_OK;
}

static zagg_status export_shards(rows *r, const zagg_store *store, size_t group,
                                 zagg_err *err)
{
    const zagg_store_group *g = zagg_store_get_group(store, group);
    zagg_store_reader *reader = NULL;
    zagg_store_chunk chunk;
    ZAGG_TRY(zagg_store_reader_new(store, group, zg_columns_wanted(&r->columns), &reader,
                                   err));
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; status == ZAGG_OK && i < g->n_shards; i++) {
        const bool meets = box_meets(r, g, i, UINT64_MAX);
        if (meets)
            status = zagg_store_reader_shard(reader, i, err);
        for (uint64_t b = 0; meets && status == ZAGG_OK && b < g->grid.chunks_per_shard;
             b++) {
            if (zg_is_stopped(r->opts->stop))
                status = zagg_err_set(err, ZAGG_ECANCELLED, "interrupted");
            else if (!box_meets(r, g, i, b))
                continue;
            else
                status = zagg_store_reader_chunk(reader, b, &chunk, err);
            if (status == ZAGG_OK)
                status = export_chunk(r, &g->shards[i], &chunk, err);
        }
        if (status == ZAGG_OK && r->opts->progress != NULL)
            r->opts->progress(r->opts->user, i + 1, g->n_shards);
    }
    zagg_store_reader_free(reader);
    return status;
}

static zagg_status find_group(const zagg_store *store, const char *name, size_t *out,
                              zagg_err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < zagg_store_n_groups(store); i++) {
        const zagg_store_group *g = zagg_store_get_group(store, i);
        if (!g->has_grid || (name != NULL && strcmp(g->name, name) != 0))
            continue;
        *out = i;
        n++;
    }
    if (n == 1)
        return ZAGG_OK;
    if (name != NULL)
        return zagg_err_set(err, ZAGG_ENOTFOUND, "%s: no group %s of cells",
                            zagg_store_name(store), name);
    return zagg_err_set(err, n > 1 ? ZAGG_EARG : ZAGG_ENOTFOUND,
                        n > 1 ? "%s: several groups of cells; choose one with --group"
                              : "%s: no group of cells",
                        zagg_store_name(store));
}

static zagg_status export_group(rows *r, const zagg_store *store, size_t group,
                                FILE *file, zagg_err *err)
{
    ZAGG_TRY(zg_columns_new(&r->columns, zagg_store_get_group(store, group), r->opts,
                            &r->layout, err));
    ZAGG_TRY(named(r, r->opts->open(&r->layout, file, &r->writer, err), err));
    ZAGG_TRY(export_shards(r, store, group, err));
    ZAGG_TRY(write_batch(r, err));
    return named(r, r->writer->ops->end(r->writer, err), err);
}

zagg_status zg_export(const zagg_store *store, const zg_export_opts *opts, FILE *file,
                      uint64_t *out, zagg_err *err)
{
    rows r = {.opts = opts};
    size_t group = 0;
    ZAGG_TRY(find_group(store, opts->group, &group, err));
    const zagg_status status = export_group(&r, store, group, file, err);
    if (r.writer != NULL)
        r.writer->ops->free(r.writer);
    zg_columns_free(&r.columns);
    *out = r.written;
    return status;
}
