/* One column of a row group as a stream of entries, and its values as nodes. */
#include "pq/parts.h"

#ifdef ZAGG_HAVE_CARQUET

#include "cat/times.h"
#include "pq/reader.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* carquet keeps every page of texts for as long as the stream lives; after so many bytes
 * it is begun anew and skips what was taken. */
#define MAX_RETAINED_BYTES ((size_t)32 << 20)

const zagg_value PQ_NULL = {.kind = ZAGG_NULL};

zagg_status pq_failed(const carquet_error_t *error, const char *what, zagg_err *err)
{
    zagg_status status = ZAGG_EFORMAT;
    if (error->code == CARQUET_ERROR_OUT_OF_MEMORY)
        status = ZAGG_ENOMEM;
    else if (error->code == CARQUET_ERROR_NOT_IMPLEMENTED ||
             error->code == CARQUET_ERROR_UNSUPPORTED_CODEC)
        status = ZAGG_EUNSUPPORTED;
    else if (error->code == CARQUET_ERROR_FILE_READ ||
             error->code == CARQUET_ERROR_FILE_OPEN)
        status = ZAGG_EIO;
    else if (error->code == CARQUET_ERROR_FILE_NOT_FOUND)
        status = ZAGG_ENOTFOUND;
    return zagg_err_set(err, status, "%s: %s", what,
                        error->message[0] != '\0' ? error->message
                                                  : carquet_status_string(error->code));
}

void pq_leaf_end(pq_leaf *leaf)
{
    if (leaf->stream != NULL)
        carquet_column_reader_free(leaf->stream);
    leaf->stream = NULL;
    zg_free(leaf->def);
    zg_free(leaf->rep);
    zg_free(leaf->values);
    leaf->def = leaf->rep = NULL;
    leaf->values = NULL;
    leaf->n = leaf->at = leaf->value_at = 0;
}

static size_t value_bytes(const pq_leaf *leaf)
{
    switch (leaf->physical) {
    case CARQUET_PHYSICAL_BOOLEAN:
        return 1;
    case CARQUET_PHYSICAL_INT32:
    case CARQUET_PHYSICAL_FLOAT:
        return 4;
    case CARQUET_PHYSICAL_INT64:
    case CARQUET_PHYSICAL_DOUBLE:
        return 8;
    case CARQUET_PHYSICAL_INT96:
        return 12;
    case CARQUET_PHYSICAL_BYTE_ARRAY:
        return sizeof(carquet_byte_array_t);
    default:
        return 0;
    }
}

static zagg_status open_stream(pq_leaf *leaf, carquet_reader_t *file, int32_t group,
                               zagg_err *err)
{
    carquet_error_t error = CARQUET_ERROR_INIT;
    leaf->stream = carquet_reader_get_column(file, group, leaf->column, &error);
    leaf->retained = 0;
    if (leaf->stream == NULL)
        return pq_failed(&error, "cannot read a column", err);
    return ZAGG_OK;
}

zagg_status pq_leaf_begin(pq_leaf *leaf, carquet_reader_t *file, int32_t group,
                          zagg_err *err)
{
    const size_t size = value_bytes(leaf);
    pq_leaf_end(leaf);
    if (size == 0)
        return zagg_err_set(
            err, ZAGG_EUNSUPPORTED,
            "a column of bytes of fixed length, which zagg does not read");
    leaf->taken = 0;
    leaf->def = zg_alloc(PQ_ENTRIES, sizeof *leaf->def);
    leaf->rep = zg_alloc(PQ_ENTRIES, sizeof *leaf->rep);
    leaf->values = zg_alloc(PQ_ENTRIES, size);
    if (leaf->def == NULL || leaf->rep == NULL || leaf->values == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to read Parquet");
    return open_stream(leaf, file, group, err);
}

/* Free the pages that have been read, by beginning anew behind them. */
static zagg_status reopen(pq_leaf *leaf, carquet_reader_t *file, int32_t group,
                          zagg_err *err)
{
    carquet_column_reader_free(leaf->stream);
    leaf->stream = NULL;
    ZAGG_TRY(open_stream(leaf, file, group, err));
    if (carquet_column_skip(leaf->stream, leaf->taken) != leaf->taken)
        return zagg_err_set(err, ZAGG_EFORMAT, "a column became shorter");
    return ZAGG_OK;
}

static zagg_status load(pq_leaf *leaf, carquet_reader_t *file, int32_t group,
                        zagg_err *err)
{
    carquet_error_t error = CARQUET_ERROR_INIT;
    if (leaf->retained > MAX_RETAINED_BYTES)
        ZAGG_TRY(reopen(leaf, file, group, err));
    const int64_t n = carquet_column_read_batch_ex(leaf->stream, leaf->values, PQ_ENTRIES,
                                                   leaf->def, leaf->rep, &error);
    if (error.code != CARQUET_OK)
        return pq_failed(&error, "damaged column", err);
    if (n <= 0)
        return zagg_err_set(err, ZAGG_EFORMAT, "a column has fewer values than rows");
    leaf->n = (size_t)n;
    leaf->at = leaf->value_at = 0;
    leaf->taken += n;
    return ZAGG_OK;
}

zagg_status pq_leaf_peek(pq_leaf *leaf, carquet_reader_t *file, int32_t group,
                         int16_t *def, int16_t *rep, zagg_err *err)
{
    if (leaf->at == leaf->n)
        ZAGG_TRY(load(leaf, file, group, err));
    *def = leaf->def[leaf->at];
    *rep = leaf->rep[leaf->at];
    if (*def < 0 || *def > leaf->max_def || *rep < 0 || *rep > leaf->max_rep)
        return zagg_err_set(err, ZAGG_EFORMAT, "levels of a column out of bounds");
    return ZAGG_OK;
}

/* ---- values ---- */

static zagg_status text_node(zg_tree *t, const char *text, size_t len,
                             const zagg_value **out, zagg_err *err)
{
    zagg_value *v = NULL;
    ZAGG_TRY(zg_tree_node(t, ZAGG_STR, &v, err));
    v->quoted = true;
    v->str_len = len;
    *out = v;
    return zg_tree_text(t, text, len, &v->str, err);
}

static zagg_status bytes_node(pq_leaf *leaf, zg_tree *t, const zagg_value **out,
                              zagg_err *err)
{
    const carquet_byte_array_t *a =
        (const carquet_byte_array_t *)leaf->values + leaf->value_at;
    if (a->length < 0 || (a->length > 0 && a->data == NULL))
        return zagg_err_set(err, ZAGG_EFORMAT, "a text of a damaged column");
    leaf->retained += (size_t)a->length;
    return text_node(t, a->length > 0 ? (const char *)a->data : "", (size_t)a->length,
                     out, err);
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static zagg_status time_node(zg_tree *t, int64_t v, carquet_time_unit_t unit,
                             const zagg_value **out, zagg_err *err)
{
    char text[32];
    int64_t us = v;
    if (unit == CARQUET_TIME_UNIT_NANOS)
        us = floor_div(v, 1000);
    else if (unit == CARQUET_TIME_UNIT_MILLIS && __builtin_mul_overflow(v, 1000, &us))
        us = INT64_MAX;
    if (!zg_utc_format(us, text))
        return zagg_err_set(err, ZAGG_EFORMAT, "a time outside the years 1 to 9999");
    return text_node(t, text, strlen(text), out, err);
}

static zagg_status double_node(zg_tree *t, double v, const zagg_value **out,
                               zagg_err *err)
{
    zagg_value *node = NULL;
    ZAGG_TRY(zg_tree_node(t, ZAGG_FLOAT, &node, err));
    node->u.f = v;
    *out = node;
    return ZAGG_OK;
}

static zagg_status integer_node(const pq_leaf *leaf, zg_tree *t, int64_t v,
                                const zagg_value **out, zagg_err *err)
{
    const carquet_logical_type_t *type = &leaf->logical;
    zagg_value *node = NULL;
    if (type->id == CARQUET_LOGICAL_TIMESTAMP)
        return time_node(t, v, type->params.timestamp.unit, out, err);
    if (type->id == CARQUET_LOGICAL_DECIMAL)
        return double_node(t, (double)v / pow(10.0, type->params.decimal.scale), out,
                           err);
    if (type->id == CARQUET_LOGICAL_DATE) {
        char text[16];
        zg_date_format(v, text);
        return text_node(t, text, strlen(text), out, err);
    }
    ZAGG_TRY(zg_tree_node(t, ZAGG_INT, &node, err));
    node->u.i = v;
    if (type->id == CARQUET_LOGICAL_INTEGER && !type->params.integer.is_signed && v < 0) {
        node->kind = ZAGG_UINT;
        node->u.u = (uint64_t)v;
    }
    *out = node;
    return ZAGG_OK;
}

static zagg_status int32_node(const pq_leaf *leaf, zg_tree *t, const zagg_value **out,
                              zagg_err *err)
{
    const int32_t v = ((const int32_t *)leaf->values)[leaf->value_at];
    const carquet_logical_type_t *type = &leaf->logical;
    if (type->id == CARQUET_LOGICAL_NULL) {
        *out = &PQ_NULL;
        return ZAGG_OK;
    }
    if (type->id == CARQUET_LOGICAL_INTEGER && !type->params.integer.is_signed)
        return integer_node(leaf, t, (int64_t)(uint32_t)v, out, err);
    return integer_node(leaf, t, v, out, err);
}

/* Nanoseconds of the day, then the Julian day: what Impala and old Spark wrote. */
static zagg_status int96_node(const pq_leaf *leaf, zg_tree *t, const zagg_value **out,
                              zagg_err *err)
{
    const unsigned char *p = (const unsigned char *)leaf->values + 12 * leaf->value_at;
    int64_t ns;
    uint32_t day;
    memcpy(&ns, p, 8);
    memcpy(&day, p + 8, 4);
    const int64_t us = ((int64_t)day - 2440588) * INT64_C(86400000000);
    return time_node(t, us + floor_div(ns, 1000), CARQUET_TIME_UNIT_MICROS, out, err);
}

static zagg_status value_node(pq_leaf *leaf, zg_tree *t, const zagg_value **out,
                              zagg_err *err)
{
    const size_t at = leaf->value_at;
    zagg_value *node = NULL;
    switch (leaf->physical) {
    case CARQUET_PHYSICAL_BOOLEAN:
        ZAGG_TRY(zg_tree_node(t, ZAGG_BOOL, &node, err));
        node->u.b = ((const uint8_t *)leaf->values)[at] != 0;
        *out = node;
        return ZAGG_OK;
    case CARQUET_PHYSICAL_INT32:
        return int32_node(leaf, t, out, err);
    case CARQUET_PHYSICAL_INT64:
        return integer_node(leaf, t, ((const int64_t *)leaf->values)[at], out, err);
    case CARQUET_PHYSICAL_INT96:
        return int96_node(leaf, t, out, err);
    case CARQUET_PHYSICAL_FLOAT:
        return double_node(t, (double)((const float *)leaf->values)[at], out, err);
    case CARQUET_PHYSICAL_DOUBLE:
        return double_node(t, ((const double *)leaf->values)[at], out, err);
    default:
        return bytes_node(leaf, t, out, err);
    }
}

zagg_status pq_leaf_take(pq_leaf *leaf, zg_tree *tree, const zagg_value **out,
                         zagg_err *err)
{
    *out = &PQ_NULL;
    if (leaf->def[leaf->at] == leaf->max_def) {
        ZAGG_TRY(value_node(leaf, tree, out, err));
        leaf->value_at++;
    }
    leaf->at++;
    return ZAGG_OK;
}

#endif
