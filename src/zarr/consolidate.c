/* Inline consolidated metadata in the root document, as zarr-python's
 * consolidate_metadata writes it: every node reachable through groups, ordered by depth
 * and then by casefolded path; groups carry an empty block of their own, arrays are
 * copied as they are. */
#include "zarr/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A stored zarr.json: path of its node ("19/count"), and what it turned out to be. */
typedef struct node {
    char *path;
    size_t depth; /* number of '/' */
    bool is_group;
} node;

static char fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int compare_folded(const char *a, const char *b)
{
    while (*a != '\0' && fold(*a) == fold(*b)) {
        a++;
        b++;
    }
    return (unsigned char)fold(*a) - (unsigned char)fold(*b);
}

static int compare_nodes(const void *a, const void *b)
{
    const node *x = a, *y = b;
    if (x->depth != y->depth)
        return x->depth < y->depth ? -1 : 1;
    int folded = compare_folded(x->path, y->path);
    return folded != 0 ? folded : strcmp(x->path, y->path);
}

static zagg_status add_node(void *user, const char *key, uint64_t size, zagg_err *err)
{
    static const char tail[] = "/zarr.json";
    zg_vec *nodes = user;
    size_t len = strlen(key), tail_len = sizeof tail - 1;
    (void)size;
    if (len <= tail_len || strcmp(key + len - tail_len, tail) != 0)
        return ZAGG_OK;
    node *n = zg_vec_push(nodes);
    if (n == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the nodes of a store");
    n->path = zg_strndup(key, len - tail_len);
    if (n->path == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the nodes of a store");
    for (const char *c = n->path; *c != '\0'; c++)
        n->depth += *c == '/';
    return ZAGG_OK;
}

/* Nodes stand after their parents, which are known to be groups or not by then. */
static zagg_status parent_is_group(const zg_vec *nodes, const node *n, bool *is_group,
                                   zagg_err *err)
{
    const char *slash = strrchr(n->path, '/');
    *is_group = slash == NULL; /* below the root */
    if (slash == NULL)
        return ZAGG_OK;
    char *path = zg_strndup(n->path, (size_t)(slash - n->path));
    if (path == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the nodes of a store");
    node wanted = {path, n->depth - 1, false};
    const node *parent =
        bsearch(&wanted, nodes->data, nodes->len, sizeof wanted, compare_nodes);
    zg_free(path);
    *is_group = parent != NULL && parent->is_group;
    return ZAGG_OK;
}

static zagg_status put_member(zg_json_out *w, const zagg_value *doc, const char *key,
                              zagg_err *err)
{
    const zagg_value *v = zagg_value_get_set(doc, key);
    zg_json_key(w, key);
    if (v != NULL)
        return zg_json_value(w, v, err);
    zg_json_open_map(w);
    zg_json_close_map(w);
    return ZAGG_OK;
}

static void open_consolidated(zg_json_out *w)
{
    zg_json_key(w, "consolidated_metadata");
    zg_json_open_map(w);
    zg_json_put_str(w, "kind", "inline");
    zg_json_key(w, "must_understand");
    zg_json_bool(w, false);
    zg_json_key(w, "metadata");
    zg_json_open_map(w);
}

static void close_consolidated(zg_json_out *w)
{
    zg_json_close_map(w);
    zg_json_close_map(w);
}

static zagg_status open_group(zg_json_out *w, const zagg_value *doc, zagg_err *err)
{
    zg_json_open_map(w);
    ZAGG_TRY(put_member(w, doc, "attributes", err));
    zg_json_key(w, "zarr_format");
    zg_json_i64(w, 3);
    return ZAGG_OK;
}

static void close_group(zg_json_out *w)
{
    zg_json_put_str(w, "node_type", "group");
    zg_json_close_map(w);
}

/* The copy of a group below the root: a block it already has is kept, else it is empty.
 */
static zagg_status put_group_copy(zg_json_out *w, const zagg_value *doc, zagg_err *err)
{
    ZAGG_TRY(open_group(w, doc, err));
    if (zagg_value_get_set(doc, "consolidated_metadata") != NULL) {
        ZAGG_TRY(put_member(w, doc, "consolidated_metadata", err));
    } else {
        open_consolidated(w);
        close_consolidated(w);
    }
    close_group(w);
    return ZAGG_OK;
}

static zagg_status put_node(zg_json_out *w, zagg_sink *store, node *n, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *doc = NULL;
    char key[ZG_ZARR_MAX_KEY];
    const int len = snprintf(key, sizeof key, "%s/zarr.json", n->path);
    if (len < 0 || (size_t)len >= sizeof key)
        return zagg_err_set(err, ZAGG_ERANGE, "key of node %s is too long", n->path);
    zagg_status status = zagg_arena_new(0, &arena, err);
    if (status == ZAGG_OK)
        status = zg_zarr_get_doc(store, key, arena, &doc, err);
    if (status == ZAGG_OK) {
        n->is_group = zg_zarr_is_node(doc, "group");
        if (!n->is_group && !zg_zarr_is_node(doc, "array"))
            status = zagg_err_set(err, ZAGG_EFORMAT,
                                  "%s is neither a Zarr v3 group nor an array", key);
    }
    if (status == ZAGG_OK) {
        zg_json_key(w, n->path);
        status = n->is_group ? put_group_copy(w, doc, err) : zg_json_value(w, doc, err);
    }
    zagg_arena_free(arena);
    return status;
}

static zagg_status write_root(zg_str *text, zagg_sink *store, zg_vec *nodes,
                              const zagg_value *root, zagg_err *err)
{
    zg_json_out w;
    zg_json_begin(&w, text, 2);
    ZAGG_TRY(open_group(&w, root, err));
    open_consolidated(&w);
    for (size_t i = 0; i < nodes->len; i++) {
        node *n = ZG_VEC_AT(nodes, node, i);
        bool reachable = false;
        ZAGG_TRY(parent_is_group(nodes, n, &reachable, err));
        if (reachable)
            ZAGG_TRY(put_node(&w, store, n, err));
    }
    close_consolidated(&w);
    close_group(&w);
    if (text->failed)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for consolidated metadata");
    return ZAGG_OK;
}

/* The root again without its copies, where it has some. */
static zagg_status put_bare_root(zagg_sink *store, const zagg_value *root, zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    if (zagg_value_get_set(root, "consolidated_metadata") == NULL)
        return ZAGG_OK;
    zg_str_init(&text, ZG_ZARR_MAX_DOC_BYTES);
    zg_json_begin(&w, &text, 2);
    zagg_status status = open_group(&w, root, err);
    close_group(&w);
    if (status == ZAGG_OK && text.failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for the root of a store");
    if (status == ZAGG_OK)
        status = zagg_sink_put_whole(store, "zarr.json", text.data, text.len, err);
    zg_str_free(&text);
    return status;
}

zagg_status zg_zarr_drop_consolidated(zagg_sink *store, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = zg_zarr_get_doc(store, "zarr.json", arena, &root, err);
    if (status == ZAGG_OK)
        status = put_bare_root(store, root, err);
    else if (status == ZAGG_ENOTFOUND)
        status = ZAGG_OK;
    zagg_arena_free(arena);
    return status;
}

zagg_status zagg_zarr_consolidate(zagg_sink *store, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    zg_vec nodes;
    zg_str text;
    zg_vec_init(&nodes, sizeof(node), 0);
    zg_str_init(&text, ZG_ZARR_MAX_DOC_BYTES);
    zagg_status status = zagg_arena_new(0, &arena, err);
    if (status == ZAGG_OK)
        status = zg_zarr_get_doc(store, "zarr.json", arena, &root, err);
    if (status == ZAGG_OK && !zg_zarr_is_node(root, "group"))
        status =
            zagg_err_set(err, ZAGG_EFORMAT, "zarr.json is not that of a Zarr v3 group");
    if (status == ZAGG_OK)
        status = zagg_sink_list(store, "", add_node, &nodes, err);
    if (status == ZAGG_OK) {
        if (nodes.len > 0)
            qsort(nodes.data, nodes.len, sizeof(node), compare_nodes);
        status = write_root(&text, store, &nodes, root, err);
    }
    if (status == ZAGG_OK)
        status = zagg_sink_put_whole(store, "zarr.json", text.data, text.len, err);
    for (size_t i = 0; i < nodes.len; i++)
        zg_free(ZG_VEC_AT(&nodes, node, i)->path);
    zg_vec_free(&nodes);
    zg_str_free(&text);
    zagg_arena_free(arena);
    return status == ZAGG_OK ? status
                             : zagg_err_context(err, status, "consolidating store %s",
                                                zagg_sink_name(store));
}
