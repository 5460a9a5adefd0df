/* GeoParquet 1.1 by way of carquet: a row group a batch, zstd, geometry as well-known
 * binary. */
#include "base/base.h"
#include "export/export.h"
#include "text/text.h"

#ifndef ZAGG_HAVE_CARQUET

zagg_status zg_parquet_open(const zg_layout *layout, FILE *file, zg_writer **out,
                            zagg_err *err)
{
    (void)layout;
    (void)file;
    (void)out;
    return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                        "this zagg was built without carquet, which writes Parquet: run "
                        "scripts/deps and build again, or write .csv or .ndjson");
}

#else

#include <carquet/carquet.h>
#include <errno.h>
#include <math.h>
#include <string.h>

typedef struct parquet_writer {
    zg_writer w;
    carquet_writer_t *carquet;
    zg_vec bytes;  /* of one column */
    zg_vec arrays; /* carquet_byte_array_t, that point into them */
    zg_vec small;  /* integers of less than 32 bits, widened; bools */
    double box[4];
} parquet_writer;

/* carquet tells no reasons of the system; errno, 0 at the start of a batch, is its last
 * one.
 */
static zagg_status failed(carquet_status_t status, const char *what, zagg_err *err)
{
    const int sys_errno = errno;
    if (status == CARQUET_OK)
        return ZAGG_OK;
    if (status == CARQUET_ERROR_FILE_WRITE && sys_errno != 0)
        return zagg_err_set_errno(err, ZAGG_EIO, sys_errno, "cannot write");
    return zagg_err_set(
        err, status == CARQUET_ERROR_OUT_OF_MEMORY ? ZAGG_ENOMEM : ZAGG_EIO,
        "cannot write Parquet: %s: %s", what, carquet_status_string(status));
}

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory to write Parquet");
}

/* ---- schema ---- */

static carquet_physical_type_t physical(zagg_dtype t)
{
    switch (t) {
    case ZAGG_DT_BOOL:
        return CARQUET_PHYSICAL_BOOLEAN;
    case ZAGG_DT_F32:
        return CARQUET_PHYSICAL_FLOAT;
    case ZAGG_DT_F64:
        return CARQUET_PHYSICAL_DOUBLE;
    case ZAGG_DT_I64:
    case ZAGG_DT_U64:
        return CARQUET_PHYSICAL_INT64;
    default:
        return CARQUET_PHYSICAL_INT32;
    }
}

/* NULL where the physical type says it all. */
static const carquet_logical_type_t *logical(zagg_dtype t, carquet_logical_type_t *out)
{
    *out = (carquet_logical_type_t){.id = CARQUET_LOGICAL_INTEGER};
    out->params.integer.bit_width = (int8_t)(8 * zagg_dtype_size(t));
    out->params.integer.is_signed = zagg_dtype_is_signed_int(t);
    return t == ZAGG_DT_BOOL || zagg_dtype_is_float(t) ? NULL : out;
}

static bool add_column(carquet_schema_t *schema, const zg_column *c)
{
    carquet_logical_type_t type = {.id = CARQUET_LOGICAL_STRING};
    if (c->kind == ZG_COLUMN_TEXT)
        return carquet_schema_add_column(schema, c->name, CARQUET_PHYSICAL_BYTE_ARRAY,
                                         &type, CARQUET_REPETITION_REQUIRED, 0,
                                         0) == CARQUET_OK;
    const carquet_logical_type_t *l = logical(c->dtype, &type);
    if (c->kind == ZG_COLUMN_LIST)
        return carquet_schema_add_list(schema, c->name, physical(c->dtype), l,
                                       CARQUET_REPETITION_REQUIRED, 0, 0) >= 0;
    return carquet_schema_add_column(schema, c->name, physical(c->dtype), l,
                                     CARQUET_REPETITION_REQUIRED, 0, 0) == CARQUET_OK;
}

static zagg_status open_carquet(parquet_writer *p, zagg_err *err)
{
    carquet_error_t error = CARQUET_ERROR_INIT;
    carquet_writer_options_t options;
    carquet_writer_options_init(&options);
    options.compression = CARQUET_COMPRESSION_ZSTD;
    options.row_group_size = INT64_MAX; /* batches are row groups */
    options.async_io = false;
    carquet_schema_t *schema = carquet_schema_create(&error);
    bool ok = schema != NULL;
    for (size_t k = 0; ok && k < p->w.layout->n_columns; k++)
        ok = add_column(schema, &p->w.layout->columns[k]);
    if (ok && p->w.layout->geometry)
        ok = carquet_schema_add_column(schema, "geometry", CARQUET_PHYSICAL_BYTE_ARRAY,
                                       NULL, CARQUET_REPETITION_REQUIRED, 0,
                                       0) == CARQUET_OK;
    if (ok)
        p->carquet = carquet_writer_create_file(p->w.file, schema, &options, &error);
    carquet_schema_free(schema);
    if (p->carquet != NULL)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_EIO, "cannot write Parquet: %s",
                        error.message[0] != '\0' ? error.message : "no such schema");
}

/* ---- geometry ---- */

static bool put(zg_vec *out, const void *data, size_t n)
{
    return zg_vec_append(out, data, n);
}

static bool put_head(zg_vec *out, uint32_t type)
{
    static const uint8_t LITTLE_ENDIAN_ORDER = 1;
    return put(out, &LITTLE_ENDIAN_ORDER, 1) && put(out, &type, sizeof type);
}

static bool put_point(parquet_writer *p, double x, double y)
{
    p->box[0] = fmin(p->box[0], x);
    p->box[1] = fmin(p->box[1], y);
    p->box[2] = fmax(p->box[2], x);
    p->box[3] = fmax(p->box[3], y);
    return put(&p->bytes, &x, sizeof x) && put(&p->bytes, &y, sizeof y);
}

/* Well-known binary (OGC 06-103r4, 8.2): 1 point, 3 polygon, 6 multipolygon. */
static bool put_shape(parquet_writer *p, const zg_shape *s)
{
    const uint32_t parts = (uint32_t)s->n_parts, rings = 1;
    bool ok = true;
    if (s->point)
        return put_head(&p->bytes, 1) && put_point(p, s->x[0][0], s->y[0][0]);
    if (parts != 1)
        ok = put_head(&p->bytes, 6) && put(&p->bytes, &parts, sizeof parts);
    for (size_t part = 0; ok && part < s->n_parts; part++) {
        const uint32_t n = (uint32_t)s->n[part];
        ok = put_head(&p->bytes, 3) && put(&p->bytes, &rings, sizeof rings) &&
             put(&p->bytes, &n, sizeof n);
        for (size_t i = 0; ok && i < n; i++)
            ok = put_point(p, s->x[part][i], s->y[part][i]);
    }
    return ok;
}

/* ---- columns ---- */

/* Byte arrays, as one column: `ends` of them in p->bytes were noted in p->arrays as
 * lengths; now that nothing moves any more they get their places. */
static zagg_status write_bytes(parquet_writer *p, size_t column, zagg_err *err)
{
    uint8_t *at = p->bytes.data;
    for (size_t i = 0; i < p->arrays.len; i++) {
        carquet_byte_array_t *a = ZG_VEC_AT(&p->arrays, carquet_byte_array_t, i);
        a->data = at;
        at += a->length;
    }
    return failed(carquet_writer_write_batch(p->carquet, (int32_t)column, p->arrays.data,
                                             (int64_t)p->arrays.len, NULL, NULL),
                  "bytes", err);
}

static bool note_length(parquet_writer *p, size_t from)
{
    const carquet_byte_array_t a = {NULL, (int32_t)(p->bytes.len - from)};
    return zg_vec_append(&p->arrays, &a, 1);
}

static zagg_status write_texts(parquet_writer *p, size_t column, const zg_values *v,
                               size_t n, zagg_err *err)
{
    p->bytes.len = p->arrays.len = 0;
    for (size_t i = 0; i < n; i++) {
        const size_t from = p->bytes.len;
        if (!put(&p->bytes, v->texts[i], strlen(v->texts[i])) || !note_length(p, from))
            return no_memory(err);
    }
    return write_bytes(p, column, err);
}

static zagg_status write_shapes(parquet_writer *p, const zg_batch *batch, zagg_err *err)
{
    p->bytes.len = p->arrays.len = 0;
    for (size_t i = 0; i < batch->n; i++) {
        const size_t from = p->bytes.len;
        if (!put_shape(p, &batch->shapes[i]) || !note_length(p, from))
            return no_memory(err);
    }
    return write_bytes(p, p->w.layout->n_columns, err);
}

/* Parquet has integers of 32 and 64 bits. */
static zagg_status widen(parquet_writer *p, zagg_dtype dtype, const void **data, size_t n,
                         zagg_err *err)
{
    const size_t size = zagg_dtype_size(dtype);
    if (dtype == ZAGG_DT_BOOL || size >= 4)
        return ZAGG_OK;
    p->small.len = 0;
    for (size_t i = 0; i < n; i++) {
        const int32_t v =
            (int32_t)zagg_store_number(dtype, (const char *)*data + i * size);
        if (!zg_vec_append(&p->small, &v, 1))
            return no_memory(err);
    }
    *data = p->small.data;
    return ZAGG_OK;
}

static zagg_status write_column(parquet_writer *p, size_t k, const zg_batch *batch,
                                zagg_err *err)
{
    const zg_column *c = &p->w.layout->columns[k];
    const zg_values *v = &batch->values[k];
    const void *data = v->data;
    carquet_error_t error = CARQUET_ERROR_INIT;
    if (c->kind == ZG_COLUMN_TEXT)
        return write_texts(p, k, v, batch->n, err);
    const size_t n = c->kind == ZG_COLUMN_LIST ? (size_t)v->offsets[batch->n] : batch->n;
    ZAGG_TRY(widen(p, c->dtype, &data, n, err));
    if (c->kind == ZG_COLUMN_LIST)
        return failed(carquet_writer_write_list_column(p->carquet, (int32_t)k,
                                                       (int64_t)batch->n, v->offsets,
                                                       NULL, data, NULL, &error),
                      c->name, err);
    return failed(carquet_writer_write_batch(p->carquet, (int32_t)k, data,
                                             (int64_t)batch->n, NULL, NULL),
                  c->name, err);
}

static zagg_status parquet_batch(zg_writer *w, const zg_batch *batch, zagg_err *err)
{
    parquet_writer *p = (parquet_writer *)w;
    errno = 0;
    for (size_t k = 0; k < w->layout->n_columns; k++)
        ZAGG_TRY(write_column(p, k, batch, err));
    if (w->layout->geometry)
        ZAGG_TRY(write_shapes(p, batch, err));
    return failed(carquet_writer_new_row_group(p->carquet), "row group", err);
}

/* ---- the key "geo" ---- */

static char *geo_metadata(const parquet_writer *p)
{
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_add(&text,
               "{\"version\":\"1.1.0\",\"primary_column\":\"geometry\",\"columns\":"
               "{\"geometry\":{\"encoding\":\"WKB\",\"geometry_types\":");
    zg_str_add(&text,
               p->w.layout->points ? "[\"Point\"]" : "[\"Polygon\",\"MultiPolygon\"]");
    if (p->w.layout->crs_json != NULL) {
        zg_str_add(&text, ",\"crs\":");
        zg_str_add(&text, p->w.layout->crs_json);
    }
    if (!p->w.layout->points)
        zg_str_add(&text, ",\"orientation\":\"counterclockwise\"");
    zg_str_add(&text, ",\"edges\":\"planar\"");
    if (p->box[0] <= p->box[2]) {
        zg_str_add(&text, ",\"bbox\":[");
        for (size_t i = 0; i < 4; i++) {
            char number[32];
            zg_str_add(&text, i > 0 ? "," : "");
            zg_str_addn(&text, number, zg_float_repr(p->box[i], number));
        }
        zg_str_addc(&text, ']');
    }
    zg_str_add(&text, "}}}");
    char *out = zg_str_take(&text);
    zg_str_free(&text);
    return out;
}

static zagg_status parquet_end(zg_writer *w, zagg_err *err)
{
    parquet_writer *p = (parquet_writer *)w;
    carquet_writer_t *carquet = p->carquet;
    if (w->layout->geometry) {
        char *geo = geo_metadata(p);
        if (geo == NULL)
            return no_memory(err);
        const carquet_status_t added = carquet_writer_add_metadata(carquet, "geo", geo);
        zg_free(geo);
        ZAGG_TRY(failed(added, "metadata", err));
    }
    p->carquet = NULL;
    errno = 0;
    return failed(carquet_writer_close(carquet), "footer", err);
}

static void parquet_free(zg_writer *w)
{
    parquet_writer *p = (parquet_writer *)w;
    if (p->carquet != NULL)
        carquet_writer_abort(p->carquet);
    zg_vec_free(&p->bytes);
    zg_vec_free(&p->arrays);
    zg_vec_free(&p->small);
    zg_free(p);
}

zagg_status zg_parquet_open(const zg_layout *layout, FILE *file, zg_writer **out,
                            zagg_err *err)
{
    static const zg_writer_ops OPS = {parquet_batch, parquet_end, parquet_free};
    parquet_writer *p = zg_alloc(1, sizeof *p);
    if (p == NULL)
        return no_memory(err);
    p->w = (zg_writer){&OPS, layout, file};
    p->box[0] = p->box[1] = HUGE_VAL;
    p->box[2] = p->box[3] = -HUGE_VAL;
    zg_vec_init(&p->bytes, 1, 0);
    zg_vec_init(&p->arrays, sizeof(carquet_byte_array_t), 0);
    zg_vec_init(&p->small, sizeof(int32_t), 0);
    const zagg_status status = open_carquet(p, err);
    if (status == ZAGG_OK)
        *out = &p->w;
    else
        parquet_free(&p->w);
    return status;
}

#endif
