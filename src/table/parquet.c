/* Parquet through carquet, which scripts/deps builds; nothing else of zagg knows it. */
#include "table/writer.h"

#ifndef ZG_HAVE_CARQUET

bool zg_table_has_parquet(void)
{
    return false;
}

const char *zg_table_parquet_version(void)
{
    return NULL;
}

const zg_table_ops zg_table_parquet; /* zg_table_open refuses before it is used */

#else

#include <carquet/carquet.h>
#include <errno.h>
#include <string.h>

typedef struct parquet {
    carquet_schema_t *schema;
    carquet_writer_t *writer;
    int32_t *leaves; /* of each column */
    zg_geo_summary geo;
    size_t group_rows, group_bytes; /* of the row group that is being filled */
    void *scratch;                  /* for one column of a batch */
    size_t scratch_cap;
    int16_t *levels;
} parquet;

bool zg_table_has_parquet(void)
{
    return true;
}

const char *zg_table_parquet_version(void)
{
    return carquet_version();
}

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the rows of a table");
}

/* `errno` is that of the call before. */
static zagg_status failed(const zg_table_writer *w, carquet_status_t status,
                          zagg_err *err)
{
    const int sys_errno = errno;
    if (status == CARQUET_ERROR_FILE_WRITE)
        return zg_output_failed(&w->output, sys_errno, err);
    if (status == CARQUET_ERROR_OUT_OF_MEMORY)
        return no_memory(err);
    return zagg_err_set(err, ZAGG_EINTERNAL, "%s: carquet: %s", w->output.path,
                        carquet_status_string(status));
}

/* ---- schema ---- */

/* Physical and logical type of a column or of the elements of a list. */
static carquet_physical_type_t type_of(const zg_table_column *c,
                                       carquet_logical_type_t *logical)
{
    *logical = (carquet_logical_type_t){.id = CARQUET_LOGICAL_UNKNOWN};
    if (c->kind == ZG_COLUMN_TEXT)
        logical->id = CARQUET_LOGICAL_STRING;
    if (c->kind != ZG_COLUMN_NUMBER)
        return CARQUET_PHYSICAL_BYTE_ARRAY;
    switch (c->dtype) {
    case ZAGG_DT_BOOL:
        return CARQUET_PHYSICAL_BOOLEAN;
    case ZAGG_DT_F32:
        return CARQUET_PHYSICAL_FLOAT;
    case ZAGG_DT_F64:
        return CARQUET_PHYSICAL_DOUBLE;
    default:
        logical->id = CARQUET_LOGICAL_INTEGER;
        logical->params.integer.bit_width = (int8_t)(8 * zagg_dtype_size(c->dtype));
        logical->params.integer.is_signed = zagg_dtype_is_signed_int(c->dtype);
        return zagg_dtype_size(c->dtype) == 8 ? CARQUET_PHYSICAL_INT64
                                              : CARQUET_PHYSICAL_INT32;
    }
}

static bool add_column(parquet *p, const zg_table_column *c)
{
    carquet_logical_type_t logical;
    const carquet_physical_type_t type = type_of(c, &logical);
    const carquet_logical_type_t *said =
        logical.id != CARQUET_LOGICAL_UNKNOWN ? &logical : NULL;
    const carquet_field_repetition_t repetition =
        c->nullable ? CARQUET_REPETITION_OPTIONAL : CARQUET_REPETITION_REQUIRED;
    if (c->list)
        return carquet_schema_add_list(p->schema, c->name, type, said, repetition, 0,
                                       0) >= 0;
    return carquet_schema_add_column(p->schema, c->name, type, said, repetition, 0, 0) ==
           CARQUET_OK;
}

static zagg_status make_schema(zg_table_writer *w, zagg_err *err)
{
    parquet *p = w->state;
    p->schema = carquet_schema_create(NULL);
    p->leaves = zg_alloc(w->schema->n_columns, sizeof *p->leaves);
    if (p->schema == NULL || p->leaves == NULL)
        return no_memory(err);
    for (size_t i = 0; i < w->schema->n_columns; i++) {
        p->leaves[i] = carquet_schema_num_columns(p->schema);
        if (!add_column(p, &w->schema->columns[i]))
            return zagg_err_set(err, ZAGG_EINTERNAL, "%s: carquet takes no column '%s'",
                                w->output.path, w->schema->columns[i].name);
    }
    return ZAGG_OK;
}

static zagg_status begin(zg_table_writer *w, zagg_err *err)
{
    carquet_writer_options_t options;
    carquet_error_t error = CARQUET_ERROR_INIT;
    parquet *p = zg_alloc(1, sizeof *p);
    if (p == NULL)
        return no_memory(err);
    w->state = p;
    zg_geo_summary_init(&p->geo);
    ZAGG_TRY(make_schema(w, err));
    p->levels = zg_alloc(ZG_TABLE_MAX_ROWS, sizeof *p->levels);
    if (p->levels == NULL)
        return no_memory(err);
    carquet_writer_options_init(&options);
    options.compression = CARQUET_COMPRESSION_ZSTD;
    options.row_group_size = INT64_MAX; /* groups are ended here, between batches */
    options.created_by = "zagg " ZAGG_VERSION " (carquet " CARQUET_VERSION_STRING ")";
    options.async_io = false;
    errno = 0;
    p->writer = carquet_writer_create_file(w->output.file, p->schema, &options, &error);
    if (p->writer == NULL)
        return failed(w, error.code, err);
    for (size_t i = 0; i < w->schema->n_metadata; i++) {
        const zg_table_pair *m = &w->schema->metadata[i];
        const carquet_status_t status =
            carquet_writer_add_metadata(p->writer, m->key, m->value);
        if (status != CARQUET_OK)
            return failed(w, status, err);
    }
    return ZAGG_OK;
}

/* ---- rows ---- */

static void *scratch(parquet *p, size_t count, size_t size)
{
    size_t bytes;
    if (!zg_mul_size(count, size, &bytes))
        return NULL;
    if (bytes > p->scratch_cap || p->scratch == NULL) {
        void *grown = zg_realloc(p->scratch, bytes + 1, 1);
        if (grown == NULL)
            return NULL;
        p->scratch = grown;
        p->scratch_cap = bytes;
    }
    return p->scratch;
}

/* n elements from `data` as carquet takes them: 8 and 16 bits widened to 32. */
static const void *widen(parquet *p, zagg_dtype dtype, const void *data, size_t n)
{
    int32_t *out = NULL;
    if (dtype == ZAGG_DT_BOOL || zagg_dtype_size(dtype) >= 4)
        return data;
    out = scratch(p, n, sizeof *out);
    for (size_t i = 0; out != NULL && i < n; i++)
        out[i] = dtype == ZAGG_DT_I8    ? ((const int8_t *)data)[i]
                 : dtype == ZAGG_DT_U8  ? ((const uint8_t *)data)[i]
                 : dtype == ZAGG_DT_I16 ? ((const int16_t *)data)[i]
                                        : ((const uint16_t *)data)[i];
    return out;
}

static const void *as_byte_arrays(parquet *p, const zg_table_values *v, size_t n)
{
    carquet_byte_array_t *out = scratch(p, n, sizeof *out);
    for (size_t i = 0; out != NULL && i < n; i++) {
        union {
            const void *from;
            uint8_t *to; /* carquet only reads it */
        } data = {v->texts[i].data};
        out[i] = (carquet_byte_array_t){data.to, (int32_t)v->texts[i].len};
    }
    return out;
}

/* Elements of `size` bytes: only those that are not null, side by side in the scratch
 * memory, which they may come from. */
static const void *packed(parquet *p, const void *from, size_t size, size_t n,
                          const uint8_t *null)
{
    char *out = from == p->scratch ? p->scratch : scratch(p, n, size);
    size_t kept = 0;
    for (size_t i = 0; out != NULL && i < n; i++) {
        p->levels[i] = null[i] == 0;
        if (null[i] == 0)
            memmove(out + size * kept++, (const char *)from + size * i, size);
    }
    return out;
}

static zagg_status write_list(zg_table_writer *w, size_t i, size_t n,
                              const zg_table_values *v, zagg_err *err)
{
    parquet *p = w->state;
    const zg_table_column *c = &w->schema->columns[i];
    uint8_t *valid = NULL;
    if (v->offsets[n] > INT32_MAX)
        return zagg_err_set(err, ZAGG_ERANGE, "column '%s': too many values in %zu rows",
                            c->name, n);
    const void *values = widen(p, c->dtype, v->data, v->offsets[n]);
    if (values == NULL && v->offsets[n] > 0)
        return no_memory(err);
    if (v->null != NULL) {
        valid = (uint8_t *)p->levels; /* as bits */
        memset(valid, 0, n / 8 + 1);
        for (size_t row = 0; row < n; row++)
            valid[row / 8] |= (uint8_t)((v->null[row] == 0) << row % 8);
    }
    errno = 0;
    const carquet_status_t status = carquet_writer_write_list_column(
        p->writer, p->leaves[i], (int64_t)n, (const int32_t *)v->offsets, valid, values,
        NULL, NULL);
    return status == CARQUET_OK ? ZAGG_OK : failed(w, status, err);
}

static zagg_status write_column(zg_table_writer *w, size_t i, size_t n,
                                const zg_table_values *v, zagg_err *err)
{
    parquet *p = w->state;
    const zg_table_column *c = &w->schema->columns[i];
    if (c->list)
        return write_list(w, i, n, v, err);
    const bool number = c->kind == ZG_COLUMN_NUMBER;
    const void *values =
        number ? widen(p, c->dtype, v->data, n) : as_byte_arrays(p, v, n);
    const size_t size = !number                ? sizeof(carquet_byte_array_t)
                        : values == p->scratch ? sizeof(int32_t)
                                               : zagg_dtype_size(c->dtype);
    if (values != NULL && c->nullable && v->null != NULL)
        values = packed(p, values, size, n, v->null);
    if (values == NULL)
        return no_memory(err);
    errno = 0;
    const carquet_status_t status = carquet_writer_write_batch(
        p->writer, p->leaves[i], values, (int64_t)n,
        c->nullable && v->null != NULL ? p->levels : NULL, NULL);
    return status == CARQUET_OK ? ZAGG_OK : failed(w, status, err);
}

/* Bytes of one column's rows; of geometries also the summary. False: not a geometry. */
static bool survey(parquet *p, const zg_table_column *c, const zg_table_values *v,
                   size_t n, size_t *bytes)
{
    if (c->kind == ZG_COLUMN_NUMBER) {
        *bytes += (c->list ? v->offsets[n] : n) * zagg_dtype_size(c->dtype);
        return true;
    }
    for (size_t row = 0; row < n; row++) {
        if (v->null != NULL && v->null[row] != 0)
            continue;
        *bytes += v->texts[row].len;
        if (v->texts[row].len > INT32_MAX ||
            (c->kind == ZG_COLUMN_GEOMETRY &&
             !zg_geo_summary_add(&p->geo, v->texts[row])))
            return false;
    }
    return true;
}

static zagg_status write(zg_table_writer *w, size_t n_rows,
                         const zg_table_values *columns, zagg_err *err)
{
    parquet *p = w->state;
    size_t bytes = 0;
    for (size_t i = 0; i < w->schema->n_columns; i++)
        if (!survey(p, &w->schema->columns[i], &columns[i], n_rows, &bytes))
            return zagg_err_set(err, ZAGG_EARG, "column '%s': no geometry, or too long",
                                w->schema->columns[i].name);
    if (p->group_rows > 0 && (p->group_rows + n_rows > ZG_TABLE_MAX_ROWS ||
                              p->group_bytes + bytes > ZG_TABLE_GROUP_BYTES)) {
        errno = 0;
        const carquet_status_t status = carquet_writer_new_row_group(p->writer);
        if (status != CARQUET_OK)
            return failed(w, status, err);
        p->group_rows = p->group_bytes = 0;
    }
    for (size_t i = 0; i < w->schema->n_columns; i++)
        ZAGG_TRY(write_column(w, i, n_rows, &columns[i], err));
    p->group_rows += n_rows;
    p->group_bytes += bytes;
    return ZAGG_OK;
}

static zagg_status add_geo(zg_table_writer *w, zagg_err *err)
{
    parquet *p = w->state;
    const char *column = NULL;
    zg_str text;
    for (size_t i = 0; i < w->schema->n_columns; i++)
        if (w->schema->columns[i].kind == ZG_COLUMN_GEOMETRY)
            column = w->schema->columns[i].name;
    if (column == NULL)
        return ZAGG_OK;
    zg_str_init(&text, 0);
    zg_geo_summary_json(&p->geo, column, w->schema->crs_json, &text);
    const carquet_status_t status =
        text.failed ? CARQUET_ERROR_OUT_OF_MEMORY
                    : carquet_writer_add_metadata(p->writer, "geo", text.data);
    zg_str_free(&text);
    return status == CARQUET_OK ? ZAGG_OK : failed(w, status, err);
}

static zagg_status end(zg_table_writer *w, zagg_err *err)
{
    parquet *p = w->state;
    ZAGG_TRY(add_geo(w, err));
    errno = 0;
    const carquet_status_t status = carquet_writer_close(p->writer);
    p->writer = NULL; /* gone in any case */
    return status == CARQUET_OK ? ZAGG_OK : failed(w, status, err);
}

static void release(zg_table_writer *w)
{
    parquet *p = w->state;
    if (p == NULL)
        return;
    carquet_writer_abort(p->writer);
    carquet_schema_free(p->schema);
    zg_free(p->leaves);
    zg_free(p->scratch);
    zg_free(p->levels);
    zg_free(p);
}

const zg_table_ops zg_table_parquet = {begin, write, end, release};

#endif
