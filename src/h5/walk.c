/* Walking over all objects of a file. Links still to be visited are on a stack, so that
 * deep files need no deep recursion; objects that were met are in a hash table by their
 * address, so that each is entered once whatever hard links lead to it. */
#include "h5/inspect.h"

#include <stdlib.h>

/* Each soft link walks groups anew, so only so many are followed to see where they lead.
 */
#define MAX_SOFT_FOLLOWED 1024

typedef struct item {
    char *path, *target;
    unsigned depth;
    zg_h5_link_kind link;
    uint64_t addr; /* hard: of the object */
} item;

typedef struct seen {
    uint64_t addr;
    char *path; /* NULL: free place */
    zagg_h5_kind kind;
} seen;

typedef struct walk {
    zagg_h5 *file;
    zagg_h5_walk_fn fn;
    void *user;
    unsigned max_depth, n_soft;
    zg_vec stack; /* item; the next one last */
    seen *table;
    size_t n_seen, cap_seen; /* a power of two, or 0 */
    uint64_t left_bytes;     /* of paths and what goes with them */
} walk;

/* A group whose links are being put on the stack. */
typedef struct listing {
    walk *w;
    const item *group;
    zagg_status failed; /* our own trouble, as opposed to that of the file */
} listing;

/* What no other object of the file would survive either. */
static bool is_fatal(zagg_status st)
{
    return st == ZAGG_ENOMEM || st == ZAGG_ECANCELLED || st == ZAGG_EINTERNAL;
}

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory to walk over a file");
}

/* ---- objects that were met ---- */

static seen *place_of(const walk *w, uint64_t addr)
{
    size_t mask = w->cap_seen - 1, at = (size_t)(addr * 0x9e3779b97f4a7c15u >> 20) & mask;
    while (w->table[at].path && w->table[at].addr != addr)
        at = (at + 1) & mask;
    return &w->table[at];
}

static bool grow(walk *w)
{
    size_t old_cap = w->cap_seen;
    seen *old = w->table;
    if (w->n_seen < old_cap / 2)
        return true;
    w->table = zg_alloc(old_cap ? 2 * old_cap : 64, sizeof *w->table);
    if (!w->table) {
        w->table = old;
        return false;
    }
    w->cap_seen = old_cap ? 2 * old_cap : 64;
    for (size_t i = 0; i < old_cap; i++)
        if (old[i].path)
            *place_of(w, old[i].addr) = old[i];
    zg_free(old);
    return true;
}

/* ---- links of a group ---- */

/* "FILE:PATH" of an external link (section IV.A.2.g), the target of any other. */
static char *target_text(const zg_h5_link *link)
{
    if (link->kind != ZG_H5_LINK_EXTERNAL)
        return zg_strndup(link->target, link->target_len);
    const char *file = link->target + 1;
    size_t len = link->target_len ? link->target_len - 1 : 0;
    size_t file_len = len ? strnlen(file, len) : 0;
    size_t path_len =
        file_len < len ? strnlen(file + file_len + 1, len - file_len - 1) : 0;
    zg_str s;
    zg_str_init(&s, 0);
    if (len) {
        zg_str_addn(&s, file, file_len);
        zg_str_addc(&s, ':');
        zg_str_addn(&s, file + file_len + 1, path_len);
    }
    return zg_str_take(&s);
}

static char *member_path(const char *group, const zg_h5_link *link)
{
    zg_str s;
    zg_str_init(&s, 0);
    zg_str_add(&s, group[1] ? group : "");
    zg_str_addc(&s, '/');
    zg_str_addn(&s, link->name, strnlen(link->name, link->name_len));
    return zg_str_take(&s);
}

static zagg_status add_link(void *user, const zg_h5_link *link, bool *stop, zagg_err *err)
{
    (void)stop;
    listing *l = user;
    walk *w = l->w;
    uint64_t bytes = strlen(l->group->path) + link->name_len + link->target_len +
                     sizeof(item) + sizeof(seen);
    if (bytes > w->left_bytes)
        return l->failed = zagg_err_set(err, ZAGG_ERANGE,
                                        "links need more than the metadata budget");
    w->left_bytes -= bytes;
    item *it = zg_vec_push(&w->stack);
    if (!it)
        return l->failed = no_memory(err);
    *it = (item){.depth = l->group->depth + 1, .link = link->kind, .addr = link->addr};
    it->path = member_path(l->group->path, link);
    if (link->kind != ZG_H5_LINK_HARD && link->target)
        it->target = target_text(link);
    if (!it->path || (link->target && link->kind != ZG_H5_LINK_HARD && !it->target))
        return l->failed = no_memory(err);
    return ZAGG_OK;
}

/* Members of one group differ in their names only; the first is to be the last. */
static int by_path_down(const void *a, const void *b)
{
    return -strcmp(((const item *)a)->path, ((const item *)b)->path);
}

/* Put the members of a group on the stack, those found before some damage as well. */
static zagg_status list(walk *w, const item *group, zagg_h5_node *node, zagg_err *why,
                        zagg_err *err)
{
    size_t from = w->stack.len;
    listing l = {.w = w, .group = group};
    zg_h5_link_walk links = {.fn = add_link, .user = &l};
    pthread_mutex_lock(&w->file->lock);
    node->status = zg_h5_group_walk(w->file, group->addr, &links, why);
    pthread_mutex_unlock(&w->file->lock);
    if (l.failed != ZAGG_OK)
        return zagg_err_set(err, l.failed, "%s", why->msg);
    if (w->stack.len > from)
        qsort(ZG_VEC_AT(&w->stack, item, from), w->stack.len - from, sizeof(item),
              by_path_down);
    return ZAGG_OK;
}

/* ---- visiting ---- */

static zagg_status inspect_soft(walk *w, const item *it, zagg_h5_node *node,
                                zagg_err *why)
{
    uint64_t addr;
    node->kind = ZAGG_H5_SOFT_LINK;
    if (w->n_soft++ >= MAX_SOFT_FOLLOWED)
        return ZAGG_OK;
    pthread_mutex_lock(&w->file->lock);
    node->status = zg_h5_resolve(w->file, it->path, &addr, why);
    pthread_mutex_unlock(&w->file->lock);
    return ZAGG_OK;
}

/* Kind of an object and, of a dataset, a handle. */
static void open_object(walk *w, const item *it, zagg_h5_node *node, zagg_err *why)
{
    zg_h5_object object = ZG_H5_OBJECT_OTHER;
    pthread_mutex_lock(&w->file->lock);
    node->status = zg_h5_classify(w->file, it->addr, &object, why);
    if (node->status == ZAGG_OK && object == ZG_H5_OBJECT_DATASET)
        node->status = zg_h5_dataset_at(w->file, it->path, it->addr, &node->dataset, why);
    pthread_mutex_unlock(&w->file->lock);
    node->kind = object == ZG_H5_OBJECT_GROUP     ? ZAGG_H5_GROUP
                 : object == ZG_H5_OBJECT_DATASET ? ZAGG_H5_DATASET
                                                  : ZAGG_H5_OTHER;
}

/* `it` keeps its path alive in the table of objects that were met. */
static zagg_status inspect_hard(walk *w, item *it, zagg_h5_node *node, zagg_err *why,
                                zagg_err *err)
{
    if (!grow(w))
        return no_memory(err);
    seen *place = place_of(w, it->addr);
    if (place->path) {
        node->kind = place->kind;
        node->same_as = place->path;
        return ZAGG_OK;
    }
    open_object(w, it, node, why);
    *place = (seen){it->addr, it->path, node->kind};
    w->n_seen++;
    const item group = *it;
    it->path = NULL;
    if (node->kind == ZAGG_H5_GROUP && node->status == ZAGG_OK &&
        group.depth < w->max_depth)
        return list(w, &group, node, why, err);
    return ZAGG_OK;
}

static zagg_status visit(walk *w, item *it, zagg_err *err)
{
    zagg_err why = ZAGG_ERR_INIT;
    zagg_h5_node node = {.path = it->path, .depth = it->depth, .target = it->target};
    zagg_status st = ZAGG_OK;
    if (it->link == ZG_H5_LINK_HARD)
        st = inspect_hard(w, it, &node, &why, err);
    else if (it->link == ZG_H5_LINK_SOFT)
        st = inspect_soft(w, it, &node, &why);
    else if (it->link == ZG_H5_LINK_EXTERNAL)
        node.kind = ZAGG_H5_EXTERNAL_LINK;
    else
        node.kind = ZAGG_H5_OTHER;
    if (st == ZAGG_OK && is_fatal(node.status))
        st = zagg_err_set(err, node.status, "%s: %s", node.path, why.msg);
    node.reason = node.status == ZAGG_OK ? NULL : why.msg;
    if (st == ZAGG_OK)
        st = w->fn(w->user, &node, err);
    pthread_mutex_lock(&w->file->lock);
    zg_h5_dataset_free(node.dataset);
    pthread_mutex_unlock(&w->file->lock);
    return st;
}

static zagg_status begin(walk *w, const char *path, zagg_err *err)
{
    char clean[ZG_H5_MAX_PATH];
    uint64_t addr = 0;
    ZAGG_TRY(zg_h5_path_normalise(path, clean, err));
    pthread_mutex_lock(&w->file->lock);
    zagg_status st = zg_h5_resolve(w->file, clean, &addr, err);
    pthread_mutex_unlock(&w->file->lock);
    if (st != ZAGG_OK)
        return st;
    item *it = zg_vec_push(&w->stack);
    if (!it)
        return no_memory(err);
    *it = (item){.path = zg_strdup(clean), .link = ZG_H5_LINK_HARD, .addr = addr};
    return it->path ? ZAGG_OK : no_memory(err);
}

zagg_status zagg_h5_walk(zagg_h5 *file, const char *path, unsigned max_depth,
                         zagg_h5_walk_fn fn, void *user, zagg_err *err)
{
    walk w = {.file = file,
              .fn = fn,
              .user = user,
              .max_depth = max_depth,
              .left_bytes = file->limits.max_metadata_bytes};
    zg_vec_init(&w.stack, sizeof(item), 0);
    zagg_status st = begin(&w, path, err);
    if (st != ZAGG_OK)
        st = zagg_err_context(err, st, "%s", file->name);
    while (st == ZAGG_OK && w.stack.len) {
        item it = *ZG_VEC_AT(&w.stack, item, --w.stack.len);
        st = visit(&w, &it, err);
        zg_free(it.path);
        zg_free(it.target);
    }
    for (size_t i = 0; i < w.stack.len; i++) {
        zg_free(ZG_VEC_AT(&w.stack, item, i)->path);
        zg_free(ZG_VEC_AT(&w.stack, item, i)->target);
    }
    for (size_t i = 0; i < w.cap_seen; i++)
        zg_free(w.table[i].path);
    zg_free(w.table);
    zg_vec_free(&w.stack);
    return st;
}
