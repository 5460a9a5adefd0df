/* Inside of the reader: the tree of columns and the streams of their leaves. */
#ifndef ZG_PQ_READER_H
#define ZG_PQ_READER_H

#include "pq/parts.h"
#include "text/tree.h"

#include <carquet/carquet.h>

enum {
    PQ_MAX_DEPTH = 32,
    PQ_MAX_COLUMNS = 16384,
    PQ_ENTRIES = 1024 /* of a leaf that are decoded together */
};

/** One leaf: entries (a value, or where in the nesting there is none) as a stream. */
typedef struct pq_leaf {
    int32_t column;
    carquet_physical_type_t physical;
    carquet_logical_type_t logical; /* UNKNOWN: none */
    int16_t max_def, max_rep;
    bool wanted;
    /* ---- of a row group ---- */
    carquet_column_reader_t *stream;
    int64_t taken;   /* entries */
    size_t retained; /* bytes of texts since the stream was begun */
    int16_t *def, *rep;
    void *values;
    size_t n, at, value_at;
} pq_leaf;

/** A field of the schema. */
typedef struct pq_node {
    const char *name;
    carquet_field_repetition_t repetition;
    bool is_map;
    int16_t def, rep; /* levels at which it is there */
    struct pq_node *parent, *child, *next, *last_child;
    size_t n_children; /* wanted or not: the form of a list does not depend on that */
    pq_leaf *leaf;     /* NULL: a group */
    pq_leaf *first;    /* first wanted leaf in it, NULL: none */
} pq_node;

/** Read the schema into a tree; nodes and leaves live in `arena`. */
zagg_status pq_nodes_read(const carquet_schema_t *schema, zagg_arena *arena,
                          pq_node **out_root, pq_leaf **out_leaves, size_t *out_n,
                          zagg_err *err);
/** Settle which parts of the tree are wanted, from their leaves. */
void pq_nodes_settle(pq_node *node);

/** Begin the leaf's column in a row group; what it held is dropped. */
zagg_status pq_leaf_begin(pq_leaf *leaf, carquet_reader_t *file, int32_t group,
                          zagg_err *err);
void pq_leaf_end(pq_leaf *leaf);
/** Levels of the next entry, without taking it. FORMAT where the column is too short. */
zagg_status pq_leaf_peek(pq_leaf *leaf, carquet_reader_t *file, int32_t group,
                         int16_t *def, int16_t *rep, zagg_err *err);
/** Take it: its value as a node, null where there is none. */
zagg_status pq_leaf_take(pq_leaf *leaf, zg_tree *tree, const zagg_value **out,
                         zagg_err *err);

/** carquet's failure as ours. */
zagg_status pq_failed(const carquet_error_t *error, const char *what, zagg_err *err);

extern const zagg_value PQ_NULL;

#endif
