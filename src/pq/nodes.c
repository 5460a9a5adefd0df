/* The schema as a tree. carquet lists its elements depth first without saying which group
 * they belong to; the paths of the leaves tell that. */
#include "pq/parts.h"

#ifdef ZAGG_HAVE_CARQUET

#include "pq/reader.h"

#include <string.h>

typedef struct walk {
    const carquet_schema_t *schema;
    zagg_arena *arena;
    int32_t element; /* the next one */
    pq_leaf *leaves;
    zagg_err *err;
} walk;

static zagg_status damaged(const walk *w, const char *what)
{
    return zagg_err_set(w->err, ZAGG_EFORMAT, "the schema is damaged: %s", what);
}

static void append(pq_node *parent, pq_node *node)
{
    node->parent = parent;
    if (parent->last_child != NULL)
        parent->last_child->next = node;
    else
        parent->child = node;
    parent->last_child = node;
    parent->n_children++;
}

/* The next element of the list, below `parent`. */
static zagg_status add_node(walk *w, pq_node *parent, const char *name, bool leaf,
                            pq_node **out)
{
    pq_node *node = NULL;
    if (w->element >= carquet_schema_num_elements(w->schema))
        return damaged(w, "too few elements");
    const carquet_schema_node_t *e = carquet_schema_get_element(w->schema, w->element++);
    /* of a damaged file the names may be missing */
    const char *given = e != NULL && name != NULL ? carquet_schema_node_name(e) : NULL;
    if (given == NULL || strcmp(given, name) != 0 ||
        carquet_schema_node_is_leaf(e) != leaf)
        return damaged(w, "elements out of order");
    ZAGG_TRY(zagg_arena_alloc(w->arena, 1, sizeof *node, &node, w->err));
    const carquet_logical_type_t *type = carquet_schema_node_logical_type(e);
    node->name = zagg_arena_strndup(w->arena, name, strlen(name));
    if (node->name == NULL)
        return zagg_err_set(w->err, ZAGG_ENOMEM, "no memory for the schema");
    node->repetition = carquet_schema_node_repetition(e);
    node->is_map = type != NULL && type->id == CARQUET_LOGICAL_MAP;
    node->def =
        (int16_t)(parent->def + (node->repetition != CARQUET_REPETITION_REQUIRED));
    node->rep =
        (int16_t)(parent->rep + (node->repetition == CARQUET_REPETITION_REPEATED));
    append(parent, node);
    *out = node;
    return ZAGG_OK;
}

/* Groups on the way to a leaf that the leaf before did not have. */
static zagg_status add_leaf(walk *w, pq_node *root, int32_t column, pq_node **out)
{
    const char *path[PQ_MAX_DEPTH + 1];
    const int32_t depth =
        carquet_schema_column_path(w->schema, column, path, PQ_MAX_DEPTH + 1);
    if (depth < 1 || depth > PQ_MAX_DEPTH)
        return zagg_err_set(w->err, ZAGG_EUNSUPPORTED, "columns nested more than %d deep",
                            PQ_MAX_DEPTH);
    /* the rightmost branch of the tree is the path of the leaf before */
    pq_node *at = root;
    int32_t shared = 0;
    while (shared < depth - 1 && at->last_child != NULL && at->last_child->leaf == NULL &&
           path[shared] != NULL && strcmp(at->last_child->name, path[shared]) == 0) {
        at = at->last_child;
        shared++;
    }
    for (int32_t i = shared; i < depth; i++)
        ZAGG_TRY(add_node(w, at, path[i], i == depth - 1, &at));
    *out = at;
    return ZAGG_OK;
}

static void describe_leaf(walk *w, int32_t column, pq_node *node)
{
    pq_leaf *leaf = &w->leaves[column];
    const carquet_schema_node_t *e =
        carquet_schema_get_element(w->schema, w->element - 1);
    const carquet_logical_type_t *type = carquet_schema_node_logical_type(e);
    leaf->column = column;
    leaf->physical = carquet_schema_node_physical_type(e);
    if (type != NULL)
        leaf->logical = *type;
    leaf->max_def = node->def;
    leaf->max_rep = node->rep;
    leaf->wanted = true;
    node->leaf = leaf;
}

zagg_status pq_nodes_read(const carquet_schema_t *schema, zagg_arena *arena,
                          pq_node **out_root, pq_leaf **out_leaves, size_t *out_n,
                          zagg_err *err)
{
    walk w = {.schema = schema, .arena = arena, .element = 1, .err = err};
    const int32_t n = carquet_schema_num_columns(schema);
    pq_node *root = NULL, *last = NULL;
    if (n < 1 || n > PQ_MAX_COLUMNS)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "%d columns; zagg reads 1 to %d", n,
                            PQ_MAX_COLUMNS);
    ZAGG_TRY(zagg_arena_alloc(arena, 1, sizeof *root, &root, err));
    ZAGG_TRY(zagg_arena_alloc(arena, (size_t)n, sizeof *w.leaves, &w.leaves, err));
    for (int32_t i = 0; i < n; i++) {
        ZAGG_TRY(add_leaf(&w, root, i, &last));
        describe_leaf(&w, i, last);
        if (last->def != carquet_schema_max_def_level(schema, i) ||
            last->rep != carquet_schema_max_rep_level(schema, i))
            return damaged(&w, "levels that do not fit its elements");
    }
    pq_nodes_settle(root);
    *out_root = root;
    *out_leaves = w.leaves;
    *out_n = (size_t)n;
    return ZAGG_OK;
}

void pq_nodes_settle(pq_node *node)
{
    node->first = node->leaf != NULL && node->leaf->wanted ? node->leaf : NULL;
    for (pq_node *c = node->child; c != NULL; c = c->next) {
        pq_nodes_settle(c);
        if (node->first == NULL)
            node->first = c->first;
    }
}

#endif
