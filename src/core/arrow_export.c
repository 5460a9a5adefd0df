/* Carriers and tables as Arrow record batches. All structs of one batch lie in one
 * counted block: each of them holds a reference, so that children may be moved out and
 * released in any order. A batch is a tree of at most four levels: the struct, a list, a
 * row of it, elements. */
#include "core/carrier.h"
#include "zagg/arrow.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* Key-value metadata of the interface: how many, then each text behind its length (int32
 * of this machine, which is little-endian). */
static const char WORDS_METADATA[] = "\2\0\0\0"
                                     "\x14\0\0\0ARROW:extension:name"
                                     "\x13\0\0\0mortie.morton_index"
                                     "\x18\0\0\0ARROW:extension:metadata"
                                     "\0\0\0\0";

/* Structs of a column at most: a ragged one of rows of several elements. */
enum { COLUMN_NODES = 3 };

typedef struct export_column {
    zagg_carrier_column column;
    bool words; /* morton words */
} export_column;

/* What becomes a batch. */
typedef struct export
{
    size_t n_rows, n_columns;
    export_column *columns;
    zagg_arrow_release_fn release;
    void *user;
}
export;

static const char *format_of(zagg_dtype dtype)
{
    switch (dtype) {
    case ZAGG_DT_BOOL:
        return "b";
    case ZAGG_DT_I8:
        return "c";
    case ZAGG_DT_I16:
        return "s";
    case ZAGG_DT_I32:
        return "i";
    case ZAGG_DT_I64:
        return "l";
    case ZAGG_DT_U8:
        return "C";
    case ZAGG_DT_U16:
        return "S";
    case ZAGG_DT_U32:
        return "I";
    case ZAGG_DT_U64:
        return "L";
    case ZAGG_DT_F32:
        return "f";
    case ZAGG_DT_F64:
        return "g";
    case ZAGG_DT_NONE:
        break;
    }
    return NULL;
}

/* ---- schema ---- */

typedef struct schema_node {
    struct ArrowSchema schema;
    struct ArrowSchema *child; /* of nodes with one; the root has a longer list */
    char format[24];
} schema_node;

typedef struct schema_block {
    atomic_size_t count;
    struct ArrowSchema **children; /* of the root */
    schema_node *nodes;
    char *names;
} schema_block;

static void schema_release(struct ArrowSchema *schema)
{
    if (!schema->release)
        return;
    schema_block *block = schema->private_data;
    for (int64_t i = 0; i < schema->n_children; i++)
        if (schema->children[i]->release)
            schema->children[i]->release(schema->children[i]);
    schema->release = NULL;
    if (atomic_fetch_sub_explicit(&block->count, 1, memory_order_acq_rel) != 1)
        return;
    zg_free(block->children);
    zg_free(block->nodes);
    zg_free(block->names);
    zg_free(block);
}

static void schema_fill(schema_block *block, struct ArrowSchema *s, const char *format,
                        const char *name, bool words)
{
    *s = (struct ArrowSchema){.format = format,
                              .name = name,
                              .metadata = words ? WORDS_METADATA : NULL,
                              .flags = ARROW_FLAG_NULLABLE,
                              .release = schema_release,
                              .private_data = block};
    atomic_fetch_add_explicit(&block->count, 1, memory_order_relaxed);
}

/* Levels of a column: 1 scalar, 2 list of elements, 3 list of rows of elements. */
static unsigned levels_of(const zagg_carrier_column *c)
{
    const unsigned rows = c->kind == ZAGG_FIELD_RAGGED ? 1 : 0;
    return 1 + rows + (c->kind == ZAGG_FIELD_VECTOR || (rows && c->width > 1) ? 1 : 0);
}

static void schema_column(schema_block *block, const export_column *e, schema_node *nodes,
                          const char *name)
{
    const zagg_carrier_column *c = &e->column;
    const unsigned levels = levels_of(c);
    for (unsigned k = 0; k < levels; k++) {
        schema_node *node = &nodes[k];
        const char *format = format_of(c->dtype);
        const bool last = k + 1 == levels;
        if (!last && k == 0 && c->kind == ZAGG_FIELD_RAGGED) {
            format = "+L";
        } else if (!last) {
            (void)snprintf(node->format, sizeof node->format, "+w:%zu", c->width);
            format = node->format;
        }
        schema_fill(block, &node->schema, format, k == 0 ? name : "", last && e->words);
        if (!last) {
            node->child = &nodes[k + 1].schema;
            node->schema.n_children = 1;
            node->schema.children = &node->child;
        }
    }
}

static zagg_status schema_new(const export *x, struct ArrowSchema *out, zagg_err *err)
{
    size_t n_names = 1;
    schema_block *block = zg_alloc(1, sizeof *block);
    for (size_t i = 0; i < x->n_columns; i++)
        n_names += strlen(x->columns[i].column.name) + 1;
    if (block) {
        block->children = zg_alloc(x->n_columns, sizeof(struct ArrowSchema *));
        block->nodes = zg_alloc(x->n_columns, COLUMN_NODES * sizeof *block->nodes);
        block->names = zg_alloc(n_names, 1);
    }
    if (!block || !block->children || !block->nodes || !block->names) {
        if (block) {
            zg_free(block->children);
            zg_free(block->nodes);
            zg_free(block->names);
        }
        zg_free(block);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the schema of %zu columns",
                            x->n_columns);
    }
    atomic_init(&block->count, 0);
    char *name = block->names;
    for (size_t i = 0; i < x->n_columns; i++) {
        const size_t len = strlen(x->columns[i].column.name) + 1;
        memcpy(name, x->columns[i].column.name, len);
        schema_column(block, &x->columns[i], block->nodes + i * COLUMN_NODES, name);
        block->children[i] = &block->nodes[i * COLUMN_NODES].schema;
        name += len;
    }
    schema_fill(block, out, "+s", "", false);
    out->flags = 0;
    out->n_children = (int64_t)x->n_columns;
    out->children = block->children;
    return ZAGG_OK;
}

/* ---- array ---- */

typedef struct array_node {
    struct ArrowArray array;
    struct ArrowArray *child;
    const void *buffers[2];
    uint8_t *bits; /* made for this export: validity, or packed bools; else NULL */
} array_node;

typedef struct array_block {
    atomic_size_t count;
    zagg_arrow_release_fn release;
    void *user;
    struct ArrowArray **children; /* of the root */
    array_node *nodes;
    size_t n_nodes;
    const void *root_buffers[1];
} array_block;

static void array_block_free(array_block *block)
{
    if (!block)
        return;
    for (size_t i = 0; block->nodes && i < block->n_nodes; i++)
        zg_free(block->nodes[i].bits);
    zg_free(block->children);
    zg_free(block->nodes);
    zg_free(block);
}

static void array_release(struct ArrowArray *array)
{
    if (!array->release)
        return;
    array_block *block = array->private_data;
    for (int64_t i = 0; i < array->n_children; i++)
        if (array->children[i]->release)
            array->children[i]->release(array->children[i]);
    array->release = NULL;
    if (atomic_fetch_sub_explicit(&block->count, 1, memory_order_acq_rel) != 1)
        return;
    const zagg_arrow_release_fn release = block->release;
    void *user = block->user;
    array_block_free(block);
    if (release)
        release(user);
}

static void array_fill(array_block *block, struct ArrowArray *a, size_t length,
                       const void **buffers, int64_t n_buffers)
{
    *a = (struct ArrowArray){.length = (int64_t)length,
                             .n_buffers = n_buffers,
                             .buffers = buffers,
                             .release = array_release,
                             .private_data = block};
    atomic_fetch_add_explicit(&block->count, 1, memory_order_relaxed);
}

static uint8_t *bits_new(size_t n)
{
    return zg_alloc(n / 8 + 1, 1);
}

/* One bit a bool, least significant first. */
static bool pack_bools(array_node *node, const uint8_t *bools, size_t n)
{
    node->bits = bits_new(n);
    if (!node->bits)
        return false;
    for (size_t i = 0; i < n; i++)
        node->bits[i / 8] |= (uint8_t)((bools[i] != 0) << i % 8);
    node->buffers[1] = node->bits;
    return true;
}

/* Word 0 is no cell: null, as upstream's word arrays have it. */
static bool mark_null_words(array_node *node, const uint64_t *words, size_t n)
{
    size_t nulls = 0;
    for (size_t i = 0; i < n; i++)
        nulls += words[i] == 0;
    if (nulls == 0)
        return true;
    node->bits = bits_new(n);
    if (!node->bits)
        return false;
    for (size_t i = 0; i < n; i++)
        node->bits[i / 8] |= (uint8_t)((words[i] != 0) << i % 8);
    node->buffers[0] = node->bits;
    node->array.null_count = (int64_t)nulls;
    return true;
}

static bool array_column(array_block *block, const export_column *e, size_t n_rows,
                         array_node *nodes)
{
    const zagg_carrier_column *c = &e->column;
    const unsigned levels = levels_of(c);
    size_t length = n_rows;
    for (unsigned k = 0; k < levels; k++) {
        array_node *node = &nodes[k];
        const bool last = k + 1 == levels;
        const bool list = !last && k == 0 && c->kind == ZAGG_FIELD_RAGGED;
        array_fill(block, &node->array, length, node->buffers, last || list ? 2 : 1);
        if (list) {
            node->buffers[1] = c->offsets;
            length = (size_t)c->offsets[n_rows];
        } else if (!last) {
            length *= c->width;
        }
        if (!last) {
            node->child = &nodes[k + 1].array;
            node->array.n_children = 1;
            node->array.children = &node->child;
            continue;
        }
        node->buffers[1] = c->data;
        if (c->dtype == ZAGG_DT_BOOL && !pack_bools(node, c->data, length))
            return false;
        if (e->words && !mark_null_words(node, c->data, length))
            return false;
    }
    return true;
}

static zagg_status array_new(const export *x, struct ArrowArray *out, zagg_err *err)
{
    array_block *block = zg_alloc(1, sizeof *block);
    bool made = block != NULL;
    if (made) {
        block->children = zg_alloc(x->n_columns, sizeof(struct ArrowArray *));
        block->nodes = zg_alloc(x->n_columns, COLUMN_NODES * sizeof *block->nodes);
        block->n_nodes = x->n_columns * COLUMN_NODES;
        atomic_init(&block->count, 0);
        made = block->children && block->nodes;
    }
    for (size_t i = 0; made && i < x->n_columns; i++) {
        made = array_column(block, &x->columns[i], x->n_rows,
                            block->nodes + i * COLUMN_NODES);
        block->children[i] = &block->nodes[i * COLUMN_NODES].array;
    }
    if (!made) {
        array_block_free(block);
        return zagg_err_set(err, ZAGG_ENOMEM,
                            "no memory to export %zu columns of %zu rows", x->n_columns,
                            x->n_rows);
    }
    block->release = x->release;
    block->user = x->user;
    array_fill(block, out, x->n_rows, block->root_buffers, 1);
    out->n_children = (int64_t)x->n_columns;
    out->children = block->children;
    return ZAGG_OK;
}

/* ---- batches ---- */

static zagg_status export_batch(const export *x, struct ArrowArray *array,
                                struct ArrowSchema *schema, zagg_err *err)
{
    struct ArrowSchema made = {0};
    for (size_t i = 0; i < x->n_columns; i++) {
        const zagg_carrier_column *c = &x->columns[i].column;
        if (!format_of(c->dtype))
            return zagg_err_set(err, ZAGG_EARG, "column '%s' has no type", c->name);
        if (c->width > INT32_MAX)
            return zagg_err_set(err, ZAGG_ERANGE,
                                "column '%s': Arrow holds no rows of %zu elements",
                                c->name, c->width);
    }
    ZAGG_TRY(schema_new(x, &made, err));
    const zagg_status status = array_new(x, array, err);
    if (status == ZAGG_OK)
        *schema = made;
    else
        schema_release(&made);
    return status;
}

static zagg_status export_new(size_t n_columns, export *x, zagg_err *err)
{
    x->columns = zg_alloc(n_columns, sizeof *x->columns);
    if (!x->columns)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to export %zu columns",
                            n_columns);
    return ZAGG_OK;
}

static void release_carrier(void *user)
{
    zagg_carrier_release(user);
}

zagg_status zagg_carrier_export_arrow(const zagg_carrier *carrier,
                                      struct ArrowArray *array,
                                      struct ArrowSchema *schema, zagg_err *err)
{
    const zagg_carrier *kept = zagg_carrier_retain(carrier);
    if (!kept)
        return zagg_err_set(err, ZAGG_EARG,
                            "a carrier without an owner cannot be exported");
    export x = {.n_rows = kept->n_cells,
                .n_columns = kept->n_columns,
                .release = release_carrier,
                .user = (void *)kept};
    zagg_status status = export_new(x.n_columns, &x, err);
    for (size_t i = 0; status == ZAGG_OK && i < x.n_columns; i++)
        x.columns[i] = (export_column){kept->columns[i], zg_carrier_holds_words(kept, i)};
    if (status == ZAGG_OK)
        status = export_batch(&x, array, schema, err);
    zg_free(x.columns);
    if (status != ZAGG_OK)
        zagg_carrier_release(kept);
    return status;
}

static export_column scalar(const char *name, zagg_dtype dtype, void *data)
{
    return (export_column){{.name = name,
                            .kind = ZAGG_FIELD_SCALAR,
                            .dtype = dtype,
                            .width = 1,
                            .data = data},
                           false};
}

zagg_status zagg_table_export_arrow(const zagg_table *table, const zagg_grid *grid,
                                    zagg_arrow_release_fn release, void *user,
                                    struct ArrowArray *array, struct ArrowSchema *schema,
                                    zagg_err *err)
{
    const bool words = !grid || zagg_grid_get_info(grid)->kind == ZAGG_GRID_HEALPIX;
    export x = {.n_rows = table->n_rows, .release = release, .user = user};
    ZAGG_TRY(export_new(table->n_columns + 1, &x, err));
    for (size_t i = 0; i < table->n_columns; i++) {
        const zagg_column *c = &table->columns[i];
        if (c->data)
            x.columns[x.n_columns++] = scalar(c->name, c->dtype, c->data);
    }
    if (table->leaf_ids)
        x.columns[x.n_columns++] =
            scalar("leaf_id", words ? ZAGG_DT_U64 : ZAGG_DT_I64, table->leaf_ids);
    const zagg_status status = export_batch(&x, array, schema, err);
    zg_free(x.columns);
    return status;
}

void zagg_arrow_free_arena(void *arena)
{
    zagg_arena_free(arena);
}
