/* zagg export: the values of the columns for one batch of rows. */
#include "cli/export.h"
#include "zagg/digest.h"

#include <string.h>

/* Text that has been appended to c->data since `from` is that of row i. */
static zagg_status end_text(export_column *c, size_t i, zagg_err *err)
{
    if (c->data.failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the rows of a table");
    if (c->data.len > UINT32_MAX)
        return zagg_err_set(err, ZAGG_ERANGE, "the texts of %d rows pass 4 GB",
                            (int)EXPORT_ROWS);
    c->offsets[i + 1] = (uint32_t)c->data.len;
    return ZAGG_OK;
}

static void add_double(export_column *c, size_t i, double v)
{
    const bool there = v - v == 0; /* finite */
    zg_str_addn(&c->data, (const char *)&v, sizeof v);
    if (c->null != NULL)
        c->null[i] = !there;
}

static void add_i64(export_column *c, uint64_t v)
{
    zg_str_addn(&c->data, (const char *)&v, sizeof v);
}

/* ---- what cells are called, and where they lie ---- */

static zagg_status fill_text(export_job *job, export_column *c,
                             const zagg_store_shard *shard, const zagg_store_chunk *chunk,
                             size_t i, zagg_err *err)
{
    char id[33];
    if (c->source == EXPORT_CELL) {
        ZAGG_TRY(zagg_word_decimal(chunk->words[job->rows[i]], id, err));
        zg_str_add(&c->data, id);
    } else if (c->source == EXPORT_WINDOW) {
        c->null[i] = shard->window == NULL;
        zg_str_add(&c->data, shard->window != NULL ? shard->window : "");
    } else {
        c->null[i] = !export_geometry(job, chunk, i, &c->data);
    }
    return end_text(c, i, err);
}

static void fill_place(export_job *job, export_column *c, const zagg_store_chunk *chunk,
                       size_t i)
{
    const uint64_t id = chunk->cell_ids[job->rows[i]];
    const uint64_t width = job->group->grid.shape[1];
    switch (c->source) {
    case EXPORT_MORTON:
        add_i64(c, chunk->words[job->rows[i]]);
        break;
    case EXPORT_CELL_ID:
        add_i64(c, id);
        break;
    case EXPORT_ROW:
        add_i64(c, id / width);
        break;
    case EXPORT_COLUMN:
        add_i64(c, id % width);
        break;
    case EXPORT_X:
        add_double(c, i, job->x[i]);
        break;
    case EXPORT_Y:
        add_double(c, i, job->y[i]);
        break;
    case EXPORT_LON:
        add_double(c, i, job->lon[i]);
        break;
    default:
        add_double(c, i, job->lat[i]);
    }
}

/* ---- fields ---- */

static void fill_numbers(export_job *job, export_column *c, const zagg_store_column *from,
                         const zagg_store_chunk *chunk, size_t i)
{
    const zagg_store_field_info *f = from->field;
    const size_t size = zagg_dtype_size(f->dtype), cell = job->rows[i];
    const char *data = from->data;
    if (f->kind == ZAGG_STORE_SERIES) {
        for (size_t k = 0; k < f->width; k++)
            zg_str_addn(&c->data, data + (k * chunk->n_cells + cell) * size, size);
        return;
    }
    const size_t at = f->kind == ZAGG_STORE_COMPANION ? 0 : cell;
    zg_str_addn(&c->data, data + at * f->width * size, f->width * size);
}

static const zagg_bytes_view *payload_of(const export_job *job,
                                         const zagg_store_column *from, size_t i)
{
    return &from->payloads[from->field->kind == ZAGG_STORE_COMPANION ? 0 : job->rows[i]];
}

static zagg_status fill_field(export_job *job, export_column *c,
                              const zagg_store_chunk *chunk, size_t i, zagg_err *err)
{
    const zagg_store_column *from = &chunk->columns[c->field];
    if (from->field->ragged) {
        const zagg_bytes_view *payload = payload_of(job, from, i);
        if (payload->len > 0)
            zg_str_addn(&c->data, payload->data, payload->len);
    } else {
        fill_numbers(job, c, from, chunk, i);
    }
    if (c->data.failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the rows of a table");
    if (c->offsets != NULL) {
        const size_t elements = c->data.len / zagg_dtype_size(from->field->dtype);
        if (elements > UINT32_MAX)
            return zagg_err_set(err, ZAGG_ERANGE, "field %s: too many values in %d rows",
                                from->field->name, (int)EXPORT_ROWS);
        c->offsets[i + 1] = (uint32_t)elements;
    }
    return ZAGG_OK;
}

/* Null where the cell has no digest. */
static zagg_status fill_quantile(export_job *job, export_column *c,
                                 const zagg_store_chunk *chunk, size_t i, zagg_err *err)
{
    const zagg_bytes_view *payload = payload_of(job, &chunk->columns[c->field], i);
    double v = 0;
    if (payload->len > job->centroids_cap) {
        float *grown = zg_realloc(job->centroids, payload->len, 1);
        if (grown == NULL)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a digest");
        job->centroids = grown;
        job->centroids_cap = payload->len;
    }
    c->null[i] = payload->len == 0;
    if (payload->len > 0) {
        memcpy(job->centroids, payload->data, payload->len);
        const zagg_digest d = {.n = payload->len / (2 * sizeof(float)),
                               .centroids = job->centroids};
        v = zagg_digest_quantile(&d, c->q);
    }
    zg_str_addn(&c->data, (const char *)&v, sizeof v);
    return ZAGG_OK;
}

/* ---- batches ---- */

static zagg_status fill_row(export_job *job, export_column *c,
                            const zagg_store_shard *shard, const zagg_store_chunk *chunk,
                            size_t i, zagg_err *err)
{
    switch (c->source) {
    case EXPORT_CELL:
    case EXPORT_WINDOW:
    case EXPORT_GEOMETRY:
        return fill_text(job, c, shard, chunk, i, err);
    case EXPORT_FIELD:
        return fill_field(job, c, chunk, i, err);
    case EXPORT_QUANTILE:
        return fill_quantile(job, c, chunk, i, err);
    default:
        fill_place(job, c, chunk, i);
        return ZAGG_OK;
    }
}

/* Texts point into the data, which does not move any more. */
static zg_table_values values_of(const export_job *job, const export_column *c)
{
    for (size_t i = 0; c->views != NULL && i < job->n_rows; i++)
        c->views[i] = (zagg_bytes_view){c->data.data + c->offsets[i],
                                        c->offsets[i + 1] - c->offsets[i]};
    return (zg_table_values){
        .data = c->data.data, .texts = c->views, .offsets = c->offsets, .null = c->null};
}

zagg_status export_fill(export_job *job, const zagg_store_shard *shard,
                        const zagg_store_chunk *chunk, zagg_err *err)
{
    for (size_t k = 0; k < job->n_columns; k++) {
        export_column *c = &job->columns[k];
        c->data.len = 0;
        for (size_t i = 0; i < job->n_rows; i++)
            ZAGG_TRY(fill_row(job, c, shard, chunk, i, err));
        if (c->data.failed)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the rows of a table");
        job->values[k] = values_of(job, c);
    }
    return ZAGG_OK;
}
