/* Values of cells, row by row. */
#include "export/columns.h"
#include "zagg/digest.h"
#include "zagg/geo.h"

#include <string.h>

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the rows of a table");
}

static double to_half_turns(double lon)
{
    return lon > 180.0 ? lon - 360.0 : lon;
}

zagg_status zg_columns_place(const zg_columns *c, const zagg_store_chunk *chunk,
                             size_t cell, zg_place *out, zagg_err *err)
{
    const zagg_store_grid *g = &c->group->grid;
    const uint64_t id = chunk->cell_ids[cell];
    (void)err;
    if (g->kind == ZAGG_GRID_HEALPIX) {
        zagg_geo_centre(id, g->cell_order, g->latitude, &out->lat, &out->lon);
        out->lon = to_half_turns(out->lon);
        return ZAGG_OK;
    }
    const uint64_t row = id / g->shape[1], column = id % g->shape[1];
    out->x = g->bounds[0] + ((double)column + 0.5) * g->resolution[0];
    out->y = g->bounds[3] - ((double)row + 0.5) * g->resolution[1];
    zg_proj_inverse(c->proj, &out->x, &out->y, 1, &out->lon, &out->lat);
    return ZAGG_OK;
}

/* ---- outlines ---- */

static void healpix_shape(const zagg_store_grid *g, uint64_t id, zg_shape *out)
{
    double lat[4], lon[4];
    zagg_geo_corners(id, g->cell_order, g->latitude, lat, lon);
    zg_shape_of_corners(lat, lon, out);
}

/* Rectangles of a projected grid are told by their corners where longitude and latitude
 * are asked for: sides bend there, by less than readers draw. */
static void tile_shape(const zg_columns *c, const zg_place *p, zg_shape *out)
{
    const double hx = c->group->grid.resolution[0] / 2,
                 hy = c->group->grid.resolution[1] / 2;
    if (c->crs_json != NULL || zg_proj_is_lonlat(c->proj)) {
        zg_shape_of_box(p->x - hx, p->y - hy, p->x + hx, p->y + hy, out);
        return;
    }
    /* top right, top left, bottom left, bottom right: counterclockwise */
    const double x[4] = {p->x + hx, p->x - hx, p->x - hx, p->x + hx};
    const double y[4] = {p->y + hy, p->y + hy, p->y - hy, p->y - hy};
    double lat[4], lon[4];
    zg_proj_inverse(c->proj, x, y, 4, lon, lat);
    zg_shape_of_corners(lat, lon, out);
}

static zagg_status add_shape(zg_columns *c, uint64_t id, const zg_place *p, zagg_err *err)
{
    zg_shape *out = zg_vec_push(&c->shapes);
    if (out == NULL)
        return no_memory(err);
    if (c->opts->geometry == ZG_GEOMETRY_POINT)
        zg_shape_of_point(c->crs_json != NULL ? p->x : p->lon,
                          c->crs_json != NULL ? p->y : p->lat, out);
    else if (c->proj == NULL)
        healpix_shape(&c->group->grid, id, out);
    else
        tile_shape(c, p, out);
    return ZAGG_OK;
}

/* ---- values ---- */

static bool add_text(zg_columns *c, zg_source *s, const char *text)
{
    const size_t at = c->texts.len;
    return zg_vec_append(&c->texts, text, strlen(text) + 1) &&
           zg_vec_append(&s->data, &at, 1);
}

static bool add_double(zg_source *s, double v)
{
    return zg_vec_append(&s->data, &v, 1);
}

/* Values of a cell in a field: where they are and how many. */
static void field_values(const zagg_store_column *column, size_t cell, const void **data,
                         size_t *n)
{
    const zagg_store_field_info *f = column->field;
    const size_t size = zagg_dtype_size(f->dtype);
    const size_t at = f->kind == ZAGG_STORE_COMPANION ? 0 : cell;
    if (f->ragged) {
        const zagg_bytes_view *p = &column->payloads[at];
        *data = p->data;
        *n = p->len / size;
    } else {
        *data = (const char *)column->data + at * f->width * size;
        *n = f->width;
    }
}

/* n values that lie `stride` bytes apart: of a series those of its layers. */
static bool add_values(zg_source *s, const char *data, size_t n, size_t stride)
{
    if (stride == s->data.elem_size)
        return n == 0 || zg_vec_append(&s->data, data, n);
    for (size_t i = 0; i < n; i++)
        if (!zg_vec_append(&s->data, data + i * stride, 1))
            return false;
    return true;
}

static zagg_status add_list(zg_columns *c, zg_source *s, const void *data, size_t n,
                            size_t stride, zagg_err *err)
{
    const int32_t before = (int32_t)s->data.len;
    if (s->data.len + n > INT32_MAX)
        return zagg_err_set(err, ZAGG_ERANGE, "the values of a cell are too many");
    if (s->offsets.len == 0 && !zg_vec_append(&s->offsets, &before, 1))
        return no_memory(err);
    if (!add_values(s, data, n, stride))
        return no_memory(err);
    const int32_t after = (int32_t)s->data.len;
    c->list_values += n;
    return zg_vec_append(&s->offsets, &after, 1) ? ZAGG_OK : no_memory(err);
}

static bool add_quantile(zg_columns *c, zg_source *s, const void *data, size_t n)
{
    c->centroids.len = 0;
    if (n > 0 && !zg_vec_append(&c->centroids, data, n))
        return false;
    const zagg_digest digest = {.n = n / 2, .centroids = c->centroids.data};
    return add_double(s, zagg_digest_quantile(&digest, s->quantile));
}

static zagg_status add_field(zg_columns *c, size_t k, const zagg_store_chunk *chunk,
                             size_t cell, zagg_err *err)
{
    zg_source *s = &c->sources[k];
    const void *data = NULL;
    size_t n = 0;
    const zagg_store_field_info *f = chunk->columns[s->field].field;
    size_t stride = zagg_dtype_size(f->dtype);
    field_values(&chunk->columns[s->field], cell, &data, &n);
    if (f->kind == ZAGG_STORE_SERIES) {
        data = (const char *)chunk->columns[s->field].data + cell * stride;
        stride *= chunk->n_cells;
    }
    if (s->origin == ZG_FROM_QUANTILE)
        return add_quantile(c, s, data, n) ? ZAGG_OK : no_memory(err);
    if (c->columns[k].kind == ZG_COLUMN_LIST)
        return add_list(c, s, data, n, stride, err);
    return zg_vec_append(&s->data, data, 1) ? ZAGG_OK : no_memory(err);
}

static bool add_place(zg_columns *c, zg_source *s, const zagg_store_shard *shard,
                      const zagg_store_chunk *chunk, size_t cell, const zg_place *p)
{
    const uint64_t id = chunk->cell_ids[cell], width = c->group->grid.shape[1];
    char text[33] = "";
    int64_t index;
    switch (s->origin) {
    case ZG_FROM_DECIMAL:
        return zagg_word_decimal(chunk->words[cell], text, NULL) == ZAGG_OK &&
               add_text(c, s, text);
    case ZG_FROM_WORD:
        return zg_vec_append(&s->data, &chunk->words[cell], 1);
    case ZG_FROM_CELL_ID:
        return zg_vec_append(&s->data, &id, 1);
    case ZG_FROM_ROW:
        index = (int64_t)(id / width);
        return zg_vec_append(&s->data, &index, 1);
    case ZG_FROM_COLUMN:
        index = (int64_t)(id % width);
        return zg_vec_append(&s->data, &index, 1);
    case ZG_FROM_X:
        return add_double(s, p->x);
    case ZG_FROM_Y:
        return add_double(s, p->y);
    case ZG_FROM_LON:
        return add_double(s, p->lon);
    case ZG_FROM_LAT:
        return add_double(s, p->lat);
    default:
        return add_text(c, s, shard->window != NULL ? shard->window : "");
    }
}

zagg_status zg_columns_add(zg_columns *c, const zagg_store_shard *shard,
                           const zagg_store_chunk *chunk, size_t cell,
                           const zg_place *place, zagg_err *err)
{
    for (size_t k = 0; k < c->n; k++) {
        const zg_origin origin = c->sources[k].origin;
        if (origin == ZG_FROM_FIELD || origin == ZG_FROM_QUANTILE)
            ZAGG_TRY(add_field(c, k, chunk, cell, err));
        else if (!add_place(c, &c->sources[k], shard, chunk, cell, place))
            return no_memory(err);
    }
    if (c->opts->geometry != ZG_GEOMETRY_NONE)
        ZAGG_TRY(add_shape(c, chunk->cell_ids[cell], place, err));
    c->rows++;
    return ZAGG_OK;
}

size_t zg_columns_rows(const zg_columns *c)
{
    return c->rows;
}

size_t zg_columns_list_values(const zg_columns *c)
{
    return c->list_values;
}

/* ---- batches ---- */

/* Texts move while they gather: they are pointed at when they are complete. */
static zagg_status point_at_texts(zg_columns *c, zagg_err *err)
{
    size_t n = 0, at = 0;
    for (size_t k = 0; k < c->n; k++)
        n += c->columns[k].kind == ZG_COLUMN_TEXT ? c->rows : 0;
    c->pointers.len = 0;
    if (!zg_vec_reserve(&c->pointers, n + 1))
        return no_memory(err);
    for (size_t k = 0; k < c->n; k++) {
        if (c->columns[k].kind != ZG_COLUMN_TEXT)
            continue;
        const char **list = ZG_VEC_AT(&c->pointers, const char *, at);
        for (size_t i = 0; i < c->rows; i++)
            list[i] =
                (const char *)c->texts.data + *ZG_VEC_AT(&c->sources[k].data, size_t, i);
        c->values[k].texts = list;
        at += c->rows;
    }
    return ZAGG_OK;
}

zagg_status zg_columns_batch(zg_columns *c, zg_batch *out, zagg_err *err)
{
    for (size_t k = 0; k < c->n; k++)
        c->values[k] =
            (zg_values){c->sources[k].data.data, c->sources[k].offsets.data, NULL};
    ZAGG_TRY(point_at_texts(c, err));
    *out = (zg_batch){c->rows, c->values,
                      c->opts->geometry != ZG_GEOMETRY_NONE ? c->shapes.data : NULL};
    return ZAGG_OK;
}

void zg_columns_clear(zg_columns *c)
{
    for (size_t k = 0; k < c->n; k++)
        c->sources[k].data.len = c->sources[k].offsets.len = 0;
    c->shapes.len = c->texts.len = 0;
    c->rows = c->list_values = 0;
}
