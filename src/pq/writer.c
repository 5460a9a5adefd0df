/* Rows into columns: each value is shredded to entries of its leaves, which carquet
 * packs. A row group ends when what is held has grown large. */
#include "pq/parts.h"

#ifdef ZAGG_HAVE_CARQUET

#include "cat/times.h"

#include <carquet/carquet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Entries and texts that are held before they are written as a row group, and rows. */
#define GROUP_BYTES ((size_t)64 << 20)
#define GROUP_ROWS ((size_t)1 << 20)
/* What readers have to unpack at once. */
#define PAGE_BYTES ((size_t)1 << 20)

typedef struct out_leaf {
    int32_t column;
    zg_pq_type type;
    int16_t max_def;
    zg_vec def, rep, values; /* int16_t; values of what is there; texts as lengths */
    zg_vec bytes;            /* of texts */
} out_leaf;

typedef struct out_node {
    char *name;
    zg_pq_type type;
    struct out_node *children;
    size_t n;
    out_leaf *leaf;
    int16_t def, rep; /* levels when it is there; of a list, of its elements' group */
} out_node;

struct zg_pq_writer {
    char *path, *temp;
    FILE *file;
    carquet_writer_t *carquet;
    zagg_arena *arena; /* the tree of columns */
    out_node root;
    zg_vec leaves; /* out_leaf * */
    size_t rows;
    zagg_err *err;
};

/* ---- failures ---- */

static zagg_status no_memory(const zg_pq_writer *w)
{
    return zagg_err_set(w->err, ZAGG_ENOMEM, "no memory to write Parquet");
}

/* carquet tells no reasons of the system; errno, 0 before the call, is its last one. */
static zagg_status failed(const zg_pq_writer *w, carquet_status_t status,
                          const char *what)
{
    const int sys_errno = errno;
    if (status == CARQUET_OK)
        return ZAGG_OK;
    if (status == CARQUET_ERROR_OUT_OF_MEMORY)
        return no_memory(w);
    if (status == CARQUET_ERROR_FILE_WRITE && sys_errno != 0)
        return zagg_err_set_errno(w->err, ZAGG_EIO, sys_errno, "cannot write");
    return zagg_err_set(w->err, ZAGG_EIO, "cannot write Parquet: %s: %s", what,
                        carquet_status_string(status));
}

/* ---- columns ---- */

static zagg_status new_leaf(zg_pq_writer *w, out_node *n)
{
    out_leaf *leaf = NULL;
    ZAGG_TRY(zagg_arena_alloc(w->arena, 1, sizeof *leaf, &leaf, w->err));
    leaf->column = (int32_t)w->leaves.len;
    leaf->type = n->type;
    leaf->max_def = n->def;
    zg_vec_init(&leaf->def, sizeof(int16_t), 0);
    zg_vec_init(&leaf->rep, sizeof(int16_t), 0);
    zg_vec_init(&leaf->values,
                n->type == ZG_PQ_TEXT || n->type == ZG_PQ_BYTES
                    ? sizeof(carquet_byte_array_t)
                : n->type == ZG_PQ_BOOL ? 1
                                        : 8,
                0);
    zg_vec_init(&leaf->bytes, 1, 0);
    n->leaf = leaf;
    return zg_vec_append(&w->leaves, &leaf, 1) ? ZAGG_OK : no_memory(w);
}

static zagg_status copy_column(zg_pq_writer *w, const zg_pq_column *c, int16_t def,
                               int16_t rep, out_node *n)
{
    n->name = zagg_arena_strndup(w->arena, c->name, strlen(c->name));
    if (n->name == NULL)
        return no_memory(w);
    n->type = c->type;
    n->def = (int16_t)(def + 1);
    n->rep = rep;
    if (c->type != ZG_PQ_STRUCT && c->type != ZG_PQ_LIST)
        return new_leaf(w, n);
    if (c->type == ZG_PQ_LIST) { /* the repeated group below it */
        n->def++;
        n->rep++;
    }
    n->n = c->n_children;
    if (n->n == 0)
        return zagg_err_set(w->err, ZAGG_EARG, "column %s has no members", c->name);
    ZAGG_TRY(zagg_arena_alloc(w->arena, n->n, sizeof *n->children, &n->children, w->err));
    for (size_t i = 0; i < n->n; i++)
        ZAGG_TRY(copy_column(w, &c->children[i], n->def, n->rep, &n->children[i]));
    return ZAGG_OK;
}

static const carquet_logical_type_t *logical_of(zg_pq_type type,
                                                carquet_logical_type_t *out)
{
    *out = (carquet_logical_type_t){.id = CARQUET_LOGICAL_STRING};
    switch (type) {
    case ZG_PQ_TEXT:
        return out;
    case ZG_PQ_TIME:
        out->id = CARQUET_LOGICAL_TIMESTAMP;
        out->params.timestamp.unit = CARQUET_TIME_UNIT_MICROS;
        out->params.timestamp.is_adjusted_to_utc = true;
        return out;
    case ZG_PQ_U64:
        out->id = CARQUET_LOGICAL_INTEGER;
        out->params.integer.bit_width = 64;
        out->params.integer.is_signed = false;
        return out;
    default:
        return NULL;
    }
}

static carquet_physical_type_t physical_of(zg_pq_type type)
{
    switch (type) {
    case ZG_PQ_BOOL:
        return CARQUET_PHYSICAL_BOOLEAN;
    case ZG_PQ_F64:
        return CARQUET_PHYSICAL_DOUBLE;
    case ZG_PQ_TEXT:
    case ZG_PQ_BYTES:
        return CARQUET_PHYSICAL_BYTE_ARRAY;
    default:
        return CARQUET_PHYSICAL_INT64;
    }
}

static bool describe(carquet_schema_t *schema, const out_node *n, const char *name,
                     int32_t parent)
{
    carquet_logical_type_t type;
    if (n->leaf != NULL)
        return carquet_schema_add_column(
                   schema, name, physical_of(n->type), logical_of(n->type, &type),
                   CARQUET_REPETITION_OPTIONAL, 0, parent) == CARQUET_OK;
    const bool list = n->type == ZG_PQ_LIST;
    const int32_t group =
        list
            ? carquet_schema_add_list_group(schema, name, CARQUET_REPETITION_OPTIONAL,
                                            parent)
            : carquet_schema_add_group(schema, name, CARQUET_REPETITION_OPTIONAL, parent);
    for (size_t i = 0; group >= 0 && i < n->n; i++)
        if (!describe(schema, &n->children[i], list ? "element" : n->children[i].name,
                      group))
            return false;
    return group >= 0;
}

/* ---- making and ending ---- */

static void abandon(zg_pq_writer *w)
{
    if (w == NULL)
        return;
    if (w->carquet != NULL)
        carquet_writer_abort(w->carquet);
    if (w->file != NULL) {
        (void)fclose(w->file);
        (void)unlink(w->temp);
    }
    for (size_t i = 0; i < w->leaves.len; i++) {
        out_leaf *leaf = *ZG_VEC_AT(&w->leaves, out_leaf *, i);
        zg_vec_free(&leaf->def);
        zg_vec_free(&leaf->rep);
        zg_vec_free(&leaf->values);
        zg_vec_free(&leaf->bytes);
    }
    zg_vec_free(&w->leaves);
    zagg_arena_free(w->arena);
    zg_free(w->path);
    zg_free(w->temp);
    zg_free(w);
}

static zagg_status open_file(zg_pq_writer *w)
{
    zg_str temp;
    zg_str_init(&temp, 0);
    zg_str_addf(&temp, "%s.%ld.tmp", w->path, (long)getpid());
    w->temp = zg_str_take(&temp);
    zg_str_free(&temp);
    if (w->temp == NULL)
        return no_memory(w);
    w->file = fopen(w->temp, "wb");
    return w->file != NULL
               ? ZAGG_OK
               : zagg_err_set_errno(w->err, ZAGG_EIO, errno, "cannot create it");
}

static zagg_status open_carquet(zg_pq_writer *w)
{
    carquet_error_t error = CARQUET_ERROR_INIT;
    carquet_writer_options_t options;
    carquet_writer_options_init(&options);
    options.compression = CARQUET_COMPRESSION_ZSTD;
    options.row_group_size = INT64_MAX;
    options.async_io = false;
    options.created_by = "zagg " ZAGG_VERSION " (carquet)";
    carquet_schema_t *schema = carquet_schema_create(&error);
    bool ok = schema != NULL;
    for (size_t i = 0; ok && i < w->root.n; i++)
        ok = describe(schema, &w->root.children[i], w->root.children[i].name, 0);
    if (ok)
        w->carquet = carquet_writer_create_file(w->file, schema, &options, &error);
    carquet_schema_free(schema);
    if (w->carquet != NULL)
        return ZAGG_OK;
    return zagg_err_set(w->err, ZAGG_EIO, "cannot write Parquet: %s",
                        error.message[0] != '\0' ? error.message : "no such schema");
}

static zagg_status begin(zg_pq_writer *w, const zg_pq_column *columns, size_t n)
{
    const zg_pq_column root = {"schema", ZG_PQ_STRUCT, columns, n};
    ZAGG_TRY(zagg_arena_new(0, &w->arena, w->err));
    /* the root is always there: its children's levels begin at 0 */
    ZAGG_TRY(copy_column(w, &root, -1, 0, &w->root));
    ZAGG_TRY(open_file(w));
    return open_carquet(w);
}

static zagg_status pq_create(const char *path, const zg_pq_column *columns, size_t n,
                             zg_pq_writer **out, zagg_err *err)
{
    zg_pq_writer *w = zg_alloc(1, sizeof *w);
    if (w == NULL || (w->path = zg_strdup(path)) == NULL) {
        zg_free(w);
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to write it", path);
    }
    w->err = err;
    zg_vec_init(&w->leaves, sizeof(out_leaf *), 0);
    const zagg_status status = begin(w, columns, n);
    if (status != ZAGG_OK) {
        abandon(w);
        return zagg_err_context(err, status, "%s", path);
    }
    *out = w;
    return ZAGG_OK;
}

/* ---- rows ---- */

static zagg_status put_levels(const zg_pq_writer *w, out_leaf *leaf, int16_t def,
                              int16_t rep)
{
    return zg_vec_append(&leaf->def, &def, 1) && zg_vec_append(&leaf->rep, &rep, 1)
               ? ZAGG_OK
               : no_memory(w);
}

/* Nothing, for all leaves below. */
static zagg_status put_nothing(const zg_pq_writer *w, const out_node *n, int16_t def,
                               int16_t rep)
{
    if (n->leaf != NULL)
        return put_levels(w, n->leaf, def, rep);
    for (size_t i = 0; i < n->n; i++)
        ZAGG_TRY(put_nothing(w, &n->children[i], def, rep));
    return ZAGG_OK;
}

static zagg_status wrong_kind(const zg_pq_writer *w, const out_node *n,
                              const zagg_value *v)
{
    static const char *const NAMES[] = {
        "true or false", "an integer",        "an integer from 0", "a number", "text",
        "bytes",         "a time (RFC 3339)", "an object",         "a list",
    };
    return zagg_err_set(w->err, ZAGG_EFORMAT,
                        "%s must be %s, as in other rows (found %s)", n->name,
                        NAMES[n->type], zagg_value_kind_name(v));
}

static bool value_bits(zg_pq_type type, const zagg_value *v, void *out)
{
    switch (type) {
    case ZG_PQ_BOOL:
        memcpy(out, &v->u.b, 1);
        return v->kind == ZAGG_BOOL;
    case ZG_PQ_I64:
        return zagg_value_i64(v, out);
    case ZG_PQ_U64:
        return zagg_value_u64(v, out);
    case ZG_PQ_F64:
        return zagg_value_number(v, out);
    default:
        return v->kind == ZAGG_STR && zg_utc_parse(v->str, out);
    }
}

static zagg_status put_leaf(const zg_pq_writer *w, const out_node *n, const zagg_value *v,
                            int16_t rep)
{
    out_leaf *leaf = n->leaf;
    uint64_t bits = 0;
    bool ok;
    if (n->type == ZG_PQ_TEXT || n->type == ZG_PQ_BYTES) {
        const carquet_byte_array_t a = {NULL, (int32_t)v->str_len};
        if (v->kind != ZAGG_STR)
            return wrong_kind(w, n, v);
        if (v->str_len > INT32_MAX)
            return zagg_err_set(w->err, ZAGG_ERANGE, "%s: a text of more than 2 GB",
                                n->name);
        ok = zg_vec_append(&leaf->values, &a, 1) &&
             zg_vec_append(&leaf->bytes, v->str, v->str_len);
    } else {
        if (!value_bits(n->type, v, &bits))
            return wrong_kind(w, n, v);
        ok = zg_vec_append(&leaf->values, &bits, 1);
    }
    return ok ? put_levels(w, leaf, leaf->max_def, rep) : no_memory(w);
}

static zagg_status put_node(const zg_pq_writer *w, const out_node *n, const zagg_value *v,
                            int16_t def, int16_t rep);

static zagg_status put_struct(const zg_pq_writer *w, const out_node *n,
                              const zagg_value *v, int16_t rep)
{
    size_t found = 0, there = 0;
    if (v->kind != ZAGG_MAP)
        return wrong_kind(w, n, v);
    for (size_t i = 0; i < n->n; i++) {
        /* members mostly come in the order of the columns */
        const zagg_value *m =
            i < v->n && zagg_value_is(v->members[i].key, n->children[i].name)
                ? v->members[i].value
                : zagg_value_get(v, n->children[i].name);
        found += m != NULL && m->kind != ZAGG_NULL;
        ZAGG_TRY(put_node(w, &n->children[i], m, n->def, rep));
    }
    for (size_t i = 0; i < v->n; i++)
        there += v->members[i].value->kind != ZAGG_NULL;
    return found == there ? ZAGG_OK
                          : zagg_err_set(w->err, ZAGG_EARG,
                                         "%s has members without a column", n->name);
}

static zagg_status put_list(const zg_pq_writer *w, const out_node *n, const zagg_value *v,
                            int16_t rep)
{
    if (v->kind != ZAGG_LIST)
        return wrong_kind(w, n, v);
    if (v->n == 0)
        return put_nothing(w, n->children, (int16_t)(n->def - 1), rep);
    for (size_t i = 0; i < v->n; i++)
        ZAGG_TRY(put_node(w, n->children, v->items[i], n->def, i == 0 ? rep : n->rep));
    return ZAGG_OK;
}

/* `def` is the level of what holds it. */
static zagg_status put_node(const zg_pq_writer *w, const out_node *n, const zagg_value *v,
                            int16_t def, int16_t rep)
{
    if (v == NULL || v->kind == ZAGG_NULL)
        return put_nothing(w, n, def, rep);
    if (n->type == ZG_PQ_STRUCT)
        return put_struct(w, n, v, rep);
    return n->type == ZG_PQ_LIST ? put_list(w, n, v, rep) : put_leaf(w, n, v, rep);
}

/* ---- row groups ---- */

/* Texts were noted as lengths; now that nothing moves any more they get their places. */
static void place_texts(out_leaf *leaf)
{
    uint8_t *at = leaf->bytes.data;
    static uint8_t none;
    for (size_t i = 0; i < leaf->values.len; i++) {
        carquet_byte_array_t *a = ZG_VEC_AT(&leaf->values, carquet_byte_array_t, i);
        a->data = &none;
        if (a->length > 0) {
            a->data = at;
            at += a->length;
        }
    }
}

/* Entries from `from` on that make a page: whole rows, about PAGE_BYTES. *values: how
 * many of them are there, with their bytes. */
static size_t page_entries(const out_leaf *leaf, size_t from, size_t value,
                           size_t *values)
{
    const int16_t *def = leaf->def.data, *rep = leaf->rep.data;
    const bool texts = leaf->type == ZG_PQ_TEXT || leaf->type == ZG_PQ_BYTES;
    size_t n = 0, bytes = 0;
    *values = 0;
    for (size_t i = from; i < leaf->def.len; i++, n++) {
        if (bytes >= PAGE_BYTES && rep[i] == 0)
            break;
        bytes += 4;
        if (def[i] != leaf->max_def)
            continue;
        bytes += leaf->values.elem_size;
        if (texts)
            bytes +=
                (size_t)ZG_VEC_AT(&leaf->values, carquet_byte_array_t, value + *values)
                    ->length;
        ++*values;
    }
    return n;
}

/* Page by page: carquet makes one of what it is given together, however long. */
static zagg_status write_leaf(const zg_pq_writer *w, out_leaf *leaf)
{
    static const uint64_t NONE;
    carquet_status_t status = CARQUET_OK;
    size_t value = 0;
    if (leaf->type == ZG_PQ_TEXT || leaf->type == ZG_PQ_BYTES)
        place_texts(leaf);
    for (size_t at = 0; at < leaf->def.len && status == CARQUET_OK;) {
        size_t values = 0;
        const size_t n = page_entries(leaf, at, value, &values);
        errno = 0;
        status = carquet_writer_write_batch(
            w->carquet, leaf->column,
            values > 0 ? (const char *)leaf->values.data + value * leaf->values.elem_size
                       : (const char *)&NONE,
            (int64_t)n, (const int16_t *)leaf->def.data + at,
            (const int16_t *)leaf->rep.data + at);
        at += n;
        value += values;
    }
    leaf->def.len = leaf->rep.len = leaf->values.len = leaf->bytes.len = 0;
    return failed(w, status, "a column");
}

static zagg_status end_group(zg_pq_writer *w)
{
    if (w->rows == 0)
        return ZAGG_OK;
    w->rows = 0;
    for (size_t i = 0; i < w->leaves.len; i++)
        ZAGG_TRY(write_leaf(w, *ZG_VEC_AT(&w->leaves, out_leaf *, i)));
    errno = 0;
    return failed(w, carquet_writer_new_row_group(w->carquet), "a row group");
}

static size_t held_bytes(const zg_pq_writer *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->leaves.len; i++) {
        const out_leaf *leaf = *ZG_VEC_AT(&w->leaves, out_leaf *, i);
        n += 4 * leaf->def.len + leaf->values.len * leaf->values.elem_size +
             leaf->bytes.len;
    }
    return n;
}

static zagg_status pq_add(zg_pq_writer *w, const zagg_value *row, zagg_err *err)
{
    w->err = err;
    zagg_status status = put_struct(w, &w->root, row, 0);
    w->rows++;
    if (status == ZAGG_OK &&
        (w->rows >= GROUP_ROWS || (w->rows % 256 == 0 && held_bytes(w) >= GROUP_BYTES)))
        status = end_group(w);
    return status == ZAGG_OK ? ZAGG_OK : zagg_err_context(err, status, "%s", w->path);
}

static zagg_status pq_set_metadata(zg_pq_writer *w, const char *key, const char *text,
                                   zagg_err *err)
{
    w->err = err;
    return failed(w, carquet_writer_add_metadata(w->carquet, key, text), "metadata");
}

static zagg_status finish_file(zg_pq_writer *w)
{
    ZAGG_TRY(end_group(w));
    carquet_writer_t *carquet = w->carquet;
    w->carquet = NULL;
    errno = 0;
    ZAGG_TRY(failed(w, carquet_writer_close(carquet), "the footer"));
    if (fflush(w->file) != 0 || fsync(fileno(w->file)) != 0)
        return zagg_err_set_errno(w->err, ZAGG_EIO, errno, "cannot write");
    FILE *file = w->file;
    w->file = NULL;
    if (fclose(file) != 0 || rename(w->temp, w->path) != 0) {
        const zagg_status status =
            zagg_err_set_errno(w->err, ZAGG_EIO, errno, "cannot write");
        (void)unlink(w->temp);
        return status;
    }
    return ZAGG_OK;
}

static zagg_status pq_finish(zg_pq_writer *w, zagg_err *err)
{
    w->err = err;
    zagg_status status = finish_file(w);
    if (status != ZAGG_OK)
        status = zagg_err_context(err, status, "%s", w->path);
    abandon(w);
    return status;
}

void pq_writer_ops(zg_pq_ops *ops)
{
    ops->create = pq_create;
    ops->add = pq_add;
    ops->set_metadata = pq_set_metadata;
    ops->finish = pq_finish;
    ops->abandon = abandon;
}

#endif
