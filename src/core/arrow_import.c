/* Arrow record batches as columns. Nothing that the structs say is believed before it is
 * checked; what cannot be checked is how long buffers are. */
#include "base/base.h"
#include "zagg/arrow.h"

#include <inttypes.h>
#include <string.h>

/* Far beyond any table of observations; keeps a wrong count from being walked. */
enum { MAX_COLUMNS = 1 << 16 };

struct zagg_import {
    zagg_arena *arena; /* columns, and what had to be copied */
    zagg_table table;
    struct ArrowArray array;
    struct ArrowSchema schema;
};

/* One column while it is looked at. */
typedef struct incoming {
    const char *name;
    const struct ArrowArray *array;
    zagg_dtype dtype;
    size_t first, n; /* rows of the batch, in the buffers */
} incoming;

static zagg_dtype dtype_of(const char *format)
{
    static const struct {
        char format;
        zagg_dtype dtype;
    } TYPES[] = {
        {'b', ZAGG_DT_BOOL}, {'c', ZAGG_DT_I8},  {'s', ZAGG_DT_I16}, {'i', ZAGG_DT_I32},
        {'l', ZAGG_DT_I64},  {'C', ZAGG_DT_U8},  {'S', ZAGG_DT_U16}, {'I', ZAGG_DT_U32},
        {'L', ZAGG_DT_U64},  {'f', ZAGG_DT_F32}, {'g', ZAGG_DT_F64},
    };
    for (size_t i = 0; format[0] != '\0' && i < sizeof TYPES / sizeof TYPES[0]; i++)
        if (format[0] == TYPES[i].format && format[1] == '\0')
            return TYPES[i].dtype;
    return ZAGG_DT_NONE;
}

static bool bit(const uint8_t *bits, size_t i)
{
    return (bits[i / 8] >> i % 8 & 1) != 0;
}

/* Whether any of n bits from `first` on is unset. No bitmap, no nulls. */
static bool any_null(const uint8_t *validity, size_t first, size_t n)
{
    for (size_t i = first; validity && i < first + n; i++)
        if (!bit(validity, i))
            return true;
    return false;
}

static zagg_status check_batch(const struct ArrowArray *array,
                               const struct ArrowSchema *schema, zagg_err *err)
{
    if (!array->release || !schema->release)
        return zagg_err_set(err, ZAGG_EFORMAT, "the record batch has been released");
    if (!schema->format || strcmp(schema->format, "+s") != 0)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "a record batch (Arrow format '+s') is needed, found '%.40s'",
                            schema->format ? schema->format : "");
    if (schema->n_children < 0 || schema->n_children > MAX_COLUMNS ||
        schema->n_children != array->n_children ||
        (schema->n_children > 0 && (!schema->children || !array->children)))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "the record batch has %" PRId64
                            " columns by its schema and %" PRId64 " by its array",
                            schema->n_children, array->n_children);
    if (array->length < 0 || array->offset < 0 ||
        array->offset > INT64_MAX - array->length)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "the record batch has %" PRId64 " rows from row %" PRId64
                            " on",
                            array->length, array->offset);
    if (array->n_buffers == 1 && array->buffers && array->null_count != 0 &&
        any_null(array->buffers[0], (size_t)array->offset, (size_t)array->length))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "rows of the record batch itself are null");
    return ZAGG_OK;
}

static zagg_status check_type(const struct ArrowSchema *schema, const incoming *c,
                              zagg_err *err)
{
    const char *format = schema->format ? schema->format : "";
    if (schema->dictionary || c->array->dictionary)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "column '%.200s' is dictionary-encoded; decode it first",
                            c->name);
    if (format[0] == '+')
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "column '%.200s' is nested (Arrow format '%.40s')", c->name,
                            format);
    if (c->dtype == ZAGG_DT_NONE)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "column '%.200s' has Arrow format '%.40s'; numbers and bools "
                            "can be taken",
                            c->name, format);
    return ZAGG_OK;
}

/* Rows of the column lie inside its array, and their addresses inside memory. */
static zagg_status check_extent(const struct ArrowArray *batch, incoming *c,
                                zagg_err *err)
{
    const struct ArrowArray *a = c->array;
    const int64_t end = batch->offset + batch->length;
    const int64_t largest = PTRDIFF_MAX / 8;
    if (a->length < 0 || a->offset < 0 || a->offset > INT64_MAX - a->length)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "column '%.200s' has %" PRId64 " rows from row %" PRId64
                            " on",
                            c->name, a->length, a->offset);
    if (a->length < end)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "column '%.200s' has %" PRId64
                            " rows where the batch ends at row %" PRId64,
                            c->name, a->length, end);
    if (a->offset + a->length > largest)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "column '%.200s' has %" PRId64 " rows from row %" PRId64
                            " on: more than memory",
                            c->name, a->length, a->offset);
    if (a->n_children != 0 || a->n_buffers != 2 || !a->buffers)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "column '%.200s' has %" PRId64 " buffers and %" PRId64
                            " children where a number has 2 and 0",
                            c->name, a->n_buffers, a->n_children);
    if (a->null_count < -1 || a->null_count > a->length ||
        (a->null_count > 0 && !a->buffers[0]))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "column '%.200s' has %" PRId64 " nulls of %" PRId64 " rows%s",
                            c->name, a->null_count, a->length,
                            a->buffers[0] ? "" : " and no validity bitmap");
    if (batch->length > 0 && !a->buffers[1])
        return zagg_err_set(err, ZAGG_EFORMAT, "column '%.200s' has no data", c->name);
    c->first = (size_t)(a->offset + batch->offset);
    c->n = (size_t)batch->length;
    return ZAGG_OK;
}

static zagg_status look_at(const struct ArrowArray *array,
                           const struct ArrowSchema *schema, size_t i, incoming *c,
                           zagg_err *err)
{
    const struct ArrowSchema *s = schema->children[i];
    const struct ArrowArray *a = array->children[i];
    if (!s || !a || !s->release || !a->release)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "column %zu of the record batch is missing or released", i);
    *c = (incoming){.name = s->name ? s->name : "", .array = a};
    c->dtype = dtype_of(s->format ? s->format : "");
    ZAGG_TRY(check_type(s, c, err));
    return check_extent(array, c, err);
}

static bool has_nulls(const incoming *c)
{
    return c->array->null_count != 0 && any_null(c->array->buffers[0], c->first, c->n);
}

/* As Python writes a text in a list, for names that people give columns. */
static void add_quoted(zg_str *out, const char *text)
{
    const char quote = strchr(text, '\'') && !strchr(text, '"') ? '"' : '\'';
    zg_str_addc(out, quote);
    for (const char *p = text; *p; p++) {
        const unsigned char u = (unsigned char)*p;
        if (*p == '\\' || *p == quote)
            zg_str_addc(out, '\\');
        if (u < ' ' || u == 0x7f)
            zg_str_addf(out, "\\x%02x", u);
        else
            zg_str_addc(out, *p);
    }
    zg_str_addc(out, quote);
}

static zagg_status refuse_nulls(const incoming *columns, size_t n, zagg_err *err)
{
    bool any = false;
    zg_str names;
    zg_str_init(&names, 4096);
    for (size_t i = 0; i < n; i++) {
        if (!has_nulls(&columns[i]))
            continue;
        zg_str_add(&names, any ? ", " : "");
        add_quoted(&names, columns[i].name);
        any = true;
    }
    zagg_status status = ZAGG_OK;
    if (any)
        status = zagg_err_set(
            err, ZAGG_EFORMAT,
            "arrow handoff requires null-free columns; got nulls in [%s]", names.data);
    zg_str_free(&names);
    return status;
}

static zagg_status take_data(zagg_arena *arena, const incoming *c, zagg_column *out,
                             zagg_err *err)
{
    const size_t size = zagg_dtype_size(c->dtype);
    const uint8_t *data = c->array->buffers[1];
    out->name = c->name;
    out->dtype = c->dtype;
    if (c->n == 0) /* a place for no rows, as other tables have */
        return zagg_arena_alloc(arena, 0, 1, &out->data, err);
    if (c->dtype == ZAGG_DT_BOOL) {
        uint8_t *bools;
        ZAGG_TRY(zagg_arena_alloc(arena, c->n, 1, &bools, err));
        for (size_t i = 0; i < c->n; i++)
            bools[i] = bit(data, c->first + i);
        out->data = bools;
        return ZAGG_OK;
    }
    data += c->first * size;
    if ((uintptr_t)data % size == 0) {
        out->data = (void *)data;
        return ZAGG_OK;
    }
    ZAGG_TRY(zagg_arena_alloc(arena, c->n, size, &out->data, err));
    memcpy(out->data, data, c->n * size);
    return ZAGG_OK;
}

static zagg_status take_columns(const struct ArrowArray *array,
                                const struct ArrowSchema *schema, zagg_import *import,
                                zagg_err *err)
{
    const size_t n = (size_t)schema->n_children;
    incoming *columns;
    zagg_table *t = &import->table;
    ZAGG_TRY(zagg_arena_alloc(import->arena, n, sizeof *columns, &columns, err));
    ZAGG_TRY(zagg_arena_alloc(import->arena, n, sizeof *t->columns, &t->columns, err));
    for (size_t i = 0; i < n; i++)
        ZAGG_TRY(look_at(array, schema, i, &columns[i], err));
    ZAGG_TRY(refuse_nulls(columns, n, err));
    for (size_t i = 0; i < n; i++)
        ZAGG_TRY(take_data(import->arena, &columns[i], &t->columns[i], err));
    t->n_columns = n;
    t->n_rows = (size_t)array->length;
    return ZAGG_OK;
}

zagg_status zagg_table_import_arrow(struct ArrowArray *array, struct ArrowSchema *schema,
                                    zagg_import **out, zagg_err *err)
{
    ZAGG_TRY(check_batch(array, schema, err));
    zagg_import *import = zg_alloc(1, sizeof *import);
    if (!import)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a record batch");
    zagg_status status = zagg_arena_new(0, &import->arena, err);
    if (status == ZAGG_OK)
        status = take_columns(array, schema, import, err);
    if (status != ZAGG_OK) {
        zagg_arena_free(import->arena);
        zg_free(import);
        return status;
    }
    import->array = *array;
    import->schema = *schema;
    array->release = NULL;
    schema->release = NULL;
    *out = import;
    return ZAGG_OK;
}

const zagg_table *zagg_import_table(const zagg_import *import)
{
    return &import->table;
}

void zagg_import_free(zagg_import *import)
{
    if (!import)
        return;
    import->array.release(&import->array);
    import->schema.release(&import->schema);
    zagg_arena_free(import->arena);
    zg_free(import);
}
