/* Rows out of columns: the reverse of shredding (Dremel, Melnik et al. 2010). The levels
 * of the first leaf of a group tell whether it is there and how often. */
#include "pq/parts.h"

#ifdef ZAGG_HAVE_CARQUET

#include "pq/reader.h"

#include <string.h>

struct zg_pq_reader {
    char *path;
    carquet_reader_t *file;
    zagg_arena *arena; /* schema */
    pq_node *root;
    pq_leaf *leaves;
    size_t n_leaves;
    int32_t group, n_groups; /* the one that is read */
    int64_t row, n_rows;     /* in it */
    zg_tree tree;            /* of the row that is made */
    zagg_err *err;
};

/* ---- values ---- */

static zagg_status peek(zg_pq_reader *r, pq_leaf *leaf, int16_t *def, int16_t *rep)
{
    return pq_leaf_peek(leaf, r->file, r->group, def, rep, r->err);
}

/* One entry of every leaf of a group that is not there. */
static zagg_status pass_entries(zg_pq_reader *r, pq_node *n)
{
    const zagg_value *ignored;
    int16_t def, rep;
    if (n->first == NULL)
        return ZAGG_OK;
    if (n->leaf != NULL) {
        ZAGG_TRY(peek(r, n->leaf, &def, &rep));
        if (def == n->leaf->max_def)
            return zagg_err_set(r->err, ZAGG_EFORMAT,
                                "column %s: a value inside of nothing", n->name);
        return pq_leaf_take(n->leaf, &r->tree, &ignored, r->err);
    }
    for (pq_node *c = n->child; c != NULL; c = c->next)
        ZAGG_TRY(pass_entries(r, c));
    return ZAGG_OK;
}

static zagg_status read_node(zg_pq_reader *r, pq_node *n, const zagg_value **out);

static zagg_status text_value(zg_pq_reader *r, const char *text, const zagg_value **out)
{
    zagg_value *v = NULL;
    ZAGG_TRY(zg_tree_node(&r->tree, ZAGG_STR, &v, r->err));
    v->quoted = true;
    v->str = text;
    v->str_len = strlen(text);
    *out = v;
    return ZAGG_OK;
}

static zagg_status read_struct(zg_pq_reader *r, pq_node *n, const zagg_value **out)
{
    zagg_value *v = NULL;
    zagg_member *members = NULL;
    ZAGG_TRY(zg_tree_node(&r->tree, ZAGG_MAP, &v, r->err));
    ZAGG_TRY(zg_tree_alloc(&r->tree, n->n_children, sizeof *members, &members, r->err));
    for (pq_node *c = n->child; c != NULL; c = c->next) {
        if (c->first == NULL)
            continue;
        ZAGG_TRY(text_value(r, c->name, &members[v->n].key));
        ZAGG_TRY(read_node(r, c, &members[v->n].value));
        v->n++;
    }
    v->members = members;
    *out = v;
    return ZAGG_OK;
}

/* Whether a group is a list in one of its forms: its one child repeats. */
static bool is_list(const pq_node *n)
{
    return n->leaf == NULL && n->n_children == 1 &&
           n->child->repetition == CARQUET_REPETITION_REPEATED;
}

static zagg_status read_content(zg_pq_reader *r, pq_node *n, const zagg_value **out);

/* An element: the one child of the repeated group, or what that group holds itself in
 * files of old (format/LogicalTypes.md, backward compatibility). */
static zagg_status read_element(zg_pq_reader *r, pq_node *repeated,
                                const zagg_value **out)
{
    const bool wrapped = repeated->leaf == NULL && repeated->n_children == 1 &&
                         repeated->child->repetition != CARQUET_REPETITION_REPEATED &&
                         strcmp(repeated->name, "array") != 0;
    return wrapped ? read_node(r, repeated->child, out) : read_content(r, repeated, out);
}

/* All elements of the repeated node into `items`. */
static zagg_status read_elements(zg_pq_reader *r, pq_node *n, zg_vec *items)
{
    int16_t def, rep;
    ZAGG_TRY(peek(r, n->first, &def, &rep));
    if (def < n->def)
        return pass_entries(r, n);
    for (;;) {
        const zagg_value **item = zg_vec_push(items);
        if (item == NULL)
            return zagg_err_set(r->err, ZAGG_ENOMEM, "no memory for a list");
        ZAGG_TRY(read_element(r, n, item));
        if (n->first->at == n->first->n && !carquet_column_has_next(n->first->stream))
            return ZAGG_OK;
        ZAGG_TRY(peek(r, n->first, &def, &rep));
        if (rep < n->rep)
            return ZAGG_OK;
        if (rep > n->rep || def < n->def)
            return zagg_err_set(r->err, ZAGG_EFORMAT, "column %s: levels in disorder",
                                n->name);
    }
}

static zagg_status read_repeated(zg_pq_reader *r, pq_node *n, const zagg_value **out)
{
    zagg_value *v = NULL;
    const zagg_value **copy = NULL;
    zg_vec items;
    zg_vec_init(&items, sizeof(zagg_value *), 0);
    zagg_status status = read_elements(r, n, &items);
    if (status == ZAGG_OK)
        status = zg_tree_node(&r->tree, ZAGG_LIST, &v, r->err);
    if (status == ZAGG_OK)
        status = zg_tree_alloc(&r->tree, items.len, sizeof *copy, &copy, r->err);
    if (status == ZAGG_OK) {
        if (items.len > 0)
            memcpy(copy, items.data, items.len * sizeof *copy);
        v->items = copy;
        v->n = items.len;
        *out = v;
    }
    zg_vec_free(&items);
    return status;
}

/* Pairs of key and value as an object, where keys are texts. */
static zagg_status map_of_pairs(zg_pq_reader *r, const zagg_value *pairs,
                                const zagg_value **out)
{
    zagg_value *v = NULL;
    zagg_member *members = NULL;
    ZAGG_TRY(zg_tree_node(&r->tree, ZAGG_MAP, &v, r->err));
    ZAGG_TRY(zg_tree_alloc(&r->tree, pairs->n, sizeof *members, &members, r->err));
    for (size_t i = 0; i < pairs->n; i++) {
        const zagg_value *pair = pairs->items[i];
        if (pair->kind != ZAGG_MAP || pair->n != 2 ||
            pair->members[0].value->kind != ZAGG_STR) {
            *out = pairs;
            return ZAGG_OK;
        }
        members[v->n++] = (zagg_member){pair->members[0].value, pair->members[1].value};
    }
    v->members = members;
    *out = v;
    return ZAGG_OK;
}

/* What a node holds that is known to be there. */
static zagg_status read_content(zg_pq_reader *r, pq_node *n, const zagg_value **out)
{
    int16_t def, rep;
    if (n->leaf != NULL) {
        ZAGG_TRY(peek(r, n->leaf, &def, &rep));
        return pq_leaf_take(n->leaf, &r->tree, out, r->err);
    }
    if (!is_list(n))
        return read_struct(r, n, out);
    ZAGG_TRY(read_repeated(r, n->child, out));
    return n->is_map ? map_of_pairs(r, *out, out) : ZAGG_OK;
}

static zagg_status read_node(zg_pq_reader *r, pq_node *n, const zagg_value **out)
{
    int16_t def, rep;
    if (n->repetition == CARQUET_REPETITION_REPEATED)
        return read_repeated(r, n, out);
    if (n->first == NULL) {
        *out = &PQ_NULL;
        return ZAGG_OK;
    }
    ZAGG_TRY(peek(r, n->first, &def, &rep));
    if (def >= n->def)
        return read_content(r, n, out);
    *out = &PQ_NULL;
    return pass_entries(r, n);
}

/* ---- rows ---- */

static zagg_status begin_group(zg_pq_reader *r)
{
    carquet_row_group_metadata_t meta;
    if (carquet_reader_row_group_metadata(r->file, r->group, &meta) != CARQUET_OK ||
        meta.num_rows < 0)
        return zagg_err_set(r->err, ZAGG_EFORMAT, "a damaged row group");
    r->row = 0;
    r->n_rows = meta.num_rows;
    for (size_t i = 0; i < r->n_leaves && r->n_rows > 0; i++)
        if (r->leaves[i].wanted)
            ZAGG_TRY(pq_leaf_begin(&r->leaves[i], r->file, r->group, r->err));
    return ZAGG_OK;
}

/* A row begins in all columns at once. */
static zagg_status check_row_start(zg_pq_reader *r)
{
    int16_t def, rep;
    for (size_t i = 0; i < r->n_leaves; i++) {
        if (!r->leaves[i].wanted)
            continue;
        ZAGG_TRY(peek(r, &r->leaves[i], &def, &rep));
        if (rep != 0)
            return zagg_err_set(r->err, ZAGG_EFORMAT, "columns of different length");
    }
    return ZAGG_OK;
}

static zagg_status next_row(zg_pq_reader *r, const zagg_value **row, bool *more)
{
    while (r->row == r->n_rows) {
        if (r->group + 1 >= r->n_groups) {
            *more = false;
            return ZAGG_OK;
        }
        r->group++;
        ZAGG_TRY(begin_group(r));
    }
    if (r->root->first == NULL)
        return zagg_err_set(r->err, ZAGG_EFORMAT, "none of the columns that are needed");
    ZAGG_TRY(check_row_start(r));
    ZAGG_TRY(read_struct(r, r->root, row));
    r->row++;
    *more = true;
    return ZAGG_OK;
}

static zagg_status pq_next(zg_pq_reader *r, zagg_arena *arena, const zagg_value **row,
                           bool *more, zagg_err *err)
{
    zg_tree_init(&r->tree, arena);
    r->err = err;
    const zagg_status status = next_row(r, row, more);
    return status == ZAGG_OK ? ZAGG_OK : zagg_err_context(err, status, "%s", r->path);
}

/* ---- the file ---- */

static void pq_close(zg_pq_reader *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->n_leaves; i++)
        pq_leaf_end(&r->leaves[i]);
    if (r->file != NULL)
        carquet_reader_close(r->file);
    zagg_arena_free(r->arena);
    zg_free(r->path);
    zg_free(r);
}

static zagg_status open_file(zg_pq_reader *r, zagg_err *err)
{
    carquet_error_t error = CARQUET_ERROR_INIT;
    carquet_reader_options_t options;
    carquet_reader_options_init(&options);
    options.num_threads = 1;
    r->file = carquet_reader_open(r->path, &options, &error);
    if (r->file == NULL)
        return pq_failed(&error, "no Parquet that zagg can read", err);
    r->n_groups = carquet_reader_num_row_groups(r->file);
    r->group = -1;
    return pq_nodes_read(carquet_reader_schema(r->file), r->arena, &r->root, &r->leaves,
                         &r->n_leaves, err);
}

static zagg_status pq_open(const char *path, zg_pq_reader **out, zagg_err *err)
{
    zg_pq_reader *r = zg_alloc(1, sizeof *r);
    if (r == NULL || (r->path = zg_strdup(path)) == NULL) {
        zg_free(r);
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read it", path);
    }
    zagg_status status = zagg_arena_new(0, &r->arena, err);
    if (status == ZAGG_OK)
        status = open_file(r, err);
    if (status != ZAGG_OK) {
        pq_close(r);
        return zagg_err_context(err, status, "%s", path);
    }
    *out = r;
    return ZAGG_OK;
}

typedef struct asked {
    zg_pq_want_fn want;
    void *user;
    const char *path[PQ_MAX_DEPTH + 1];
} asked;

/* The names of a path: those of repeated groups and of their elements are form. */
static void ask(asked *a, pq_node *n, size_t depth, bool named)
{
    if (named)
        a->path[depth++] = n->name;
    if (n->leaf != NULL)
        n->leaf->wanted = a->want(a->user, a->path, depth);
    const bool list = is_list(n);
    for (pq_node *c = n->child; c != NULL; c = c->next) {
        const bool element =
            n->repetition == CARQUET_REPETITION_REPEATED && !named && n->n_children == 1;
        ask(a, c, depth, !list && !element);
    }
}

static void pq_select(zg_pq_reader *r, zg_pq_want_fn want, void *user)
{
    asked a = {.want = want, .user = user};
    for (pq_node *c = r->root->child; c != NULL; c = c->next)
        ask(&a, c, 0, true);
    pq_nodes_settle(r->root);
}

static const char *pq_metadata(const zg_pq_reader *r, const char *key)
{
    return carquet_reader_find_metadata(r->file, key);
}

static uint64_t pq_n_rows(const zg_pq_reader *r)
{
    const int64_t n = carquet_reader_num_rows(r->file);
    return n > 0 ? (uint64_t)n : 0;
}

void pq_reader_ops(zg_pq_ops *ops)
{
    ops->open = pq_open;
    ops->select = pq_select;
    ops->metadata = pq_metadata;
    ops->n_rows = pq_n_rows;
    ops->next = pq_next;
    ops->close = pq_close;
}

#endif
