/* What a store holds: every stored chunk of every array is decoded again. */
#include "run/run.h"

#include <string.h>

typedef struct tally {
    const zagg_zarr_array *array;
    zagg_store_field *field;
    size_t width; /* elements of a cell */
} tally;

/* Value v of cell `cell` of a chunk; *last is the cell of the one before. */
static void take(zagg_store_field *f, double v, size_t cell, size_t *last)
{
    f->n_cells += cell != *last;
    *last = cell;
    if (f->n_values == 0 || v < f->min)
        f->min = v;
    if (f->n_values == 0 || v > f->max)
        f->max = v;
    f->sum += v;
    f->n_values++;
}

/* Integers that equal the fill are cells without data, as NaN is for floats. */
#define TALLY(T)                                                                         \
    do {                                                                                 \
        const T *x = data;                                                               \
        T fill;                                                                          \
        memcpy(&fill, t->array->fill, sizeof fill);                                      \
        for (size_t i = 0; i < n; i++)                                                   \
            if (x[i] == x[i] && x[i] != fill)                                            \
                take(t->field, (double)x[i], i / t->width, &last);                       \
    } while (0)

static zagg_status tally_chunk(void *user, const uint64_t *chunk_index, const void *data,
                               size_t n, zagg_err *err)
{
    tally *t = user;
    size_t last = SIZE_MAX;
    (void)chunk_index;
    (void)err;
    switch (t->array->dtype) {
    case ZAGG_DT_BOOL:
    case ZAGG_DT_U8:
        TALLY(uint8_t);
        break;
    case ZAGG_DT_I8:
        TALLY(int8_t);
        break;
    case ZAGG_DT_I16:
        TALLY(int16_t);
        break;
    case ZAGG_DT_U16:
        TALLY(uint16_t);
        break;
    case ZAGG_DT_I32:
        TALLY(int32_t);
        break;
    case ZAGG_DT_U32:
        TALLY(uint32_t);
        break;
    case ZAGG_DT_I64:
        TALLY(int64_t);
        break;
    case ZAGG_DT_U64:
        TALLY(uint64_t);
        break;
    case ZAGG_DT_F32:
        TALLY(float);
        break;
    case ZAGG_DT_F64:
        TALLY(double);
        break;
    case ZAGG_DT_NONE:
        break;
    }
    return ZAGG_OK;
}

static zagg_status tally_ragged(void *user, const uint64_t *chunk_index, const void *data,
                                size_t n, zagg_err *err)
{
    tally *t = user;
    const zagg_bytes_view *cells = data;
    size_t filled = n; /* of a CSR field: cells with a payload */
    (void)chunk_index;
    (void)err;
    for (size_t i = 0; t->array->kind == ZAGG_ZARR_VLEN && i < n; i++)
        filled -= cells[i].len == 0;
    t->field->n_cells += filled;
    t->field->n_values += filled;
    return ZAGG_OK;
}

/* Elements of a cell: the axes of vectors are named so. */
static size_t width_of(const zagg_zarr_array *array)
{
    size_t width = 1;
    for (unsigned d = 0; d < array->rank; d++)
        if (array->dim_names[d] && strncmp(array->dim_names[d], "vector", 6) == 0)
            width *= (size_t)array->chunk[d];
    return width;
}

/* One element a chunk: `resolution: chunk`. */
static bool is_companion(const zagg_zarr_array *array)
{
    return array->rank > 0 && array->dim_names[0] &&
           strncmp(array->dim_names[0], "chunk", 5) == 0;
}

static bool is_coordinate(const char *name)
{
    return strcmp(name, "morton") == 0 || strcmp(name, "cell_ids") == 0 ||
           strcmp(name, "x") == 0 || strcmp(name, "y") == 0;
}

static zagg_status read_array(zagg_zarr_reader *reader, size_t i, zagg_store_report *out,
                              zagg_err *err)
{
    const zagg_zarr_array *array = zagg_zarr_reader_array(reader, i);
    zagg_store_field *f = &out->fields[i];
    const bool ragged = array->kind != ZAGG_ZARR_DENSE;
    tally t = {array, f, width_of(array)};
    const double nan = __builtin_nan("");
    zg_str name;
    zg_str_init(&name, sizeof f->name);
    zg_str_addn(&name, array->name, strnlen(array->name, sizeof f->name - 1));
    memcpy(f->name, name.data, name.len + 1);
    zg_str_free(&name);
    f->dtype = array->dtype;
    f->ragged = ragged;
    ZAGG_TRY(zagg_zarr_read_chunks(reader, i, ragged ? tally_ragged : tally_chunk, &t,
                                   &f->bytes, &f->objects, err));
    if (f->n_values == 0 || ragged)
        f->min = f->max = nan;
    f->mean = f->n_values && !ragged ? f->sum / (double)f->n_values : nan;
    out->bytes += f->bytes;
    out->objects += f->objects;
    if (is_coordinate(array->name) && array->dim_names[0] &&
        strcmp(array->dim_names[0], array->name) == 0)
        return ZAGG_OK; /* x and y: whole, whatever the shards */
    if (array->kind != ZAGG_ZARR_CSR && !is_companion(array) && f->objects > out->shards)
        out->shards = f->objects;
    if (!is_coordinate(array->name) && !is_companion(array) && f->n_cells > out->cells)
        out->cells = f->n_cells;
    return ZAGG_OK;
}

zagg_status zagg_store_report_read(const char *store, zagg_store_report *out,
                                   zagg_err *err)
{
    zagg_sink *sink = NULL;
    zagg_zarr_reader *reader = NULL;
    zagg_store_report report = {0};
    zagg_status status = zagg_sink_open_dir(zg_store_path(store), &sink, err);
    if (status == ZAGG_OK)
        status = zagg_zarr_open(sink, &reader, err);
    if (status == ZAGG_OK) {
        report.n_fields = zagg_zarr_reader_n(reader);
        report.fields =
            zg_alloc(report.n_fields ? report.n_fields : 1, sizeof *report.fields);
        if (!report.fields)
            status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu arrays",
                                  report.n_fields);
    }
    for (size_t i = 0; status == ZAGG_OK && i < report.n_fields; i++)
        status = read_array(reader, i, &report, err);
    if (status == ZAGG_OK && report.n_fields) {
        const char *group = zagg_zarr_reader_group(reader, 0);
        const size_t len = strnlen(group, sizeof report.group - 1);
        memcpy(report.group, group, len);
        report.group[len] = '\0';
    }
    zagg_zarr_reader_free(reader);
    zagg_sink_close(sink);
    if (status != ZAGG_OK) {
        zagg_store_report_free(&report);
        return zagg_err_context(err, status, "%s", store);
    }
    *out = report;
    return ZAGG_OK;
}

void zagg_store_report_free(zagg_store_report *report)
{
    zg_free(report->fields);
    report->fields = NULL;
    report->n_fields = 0;
}
