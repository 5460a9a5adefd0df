/* Groups of both forms: walking the links, resolving a path (hard links, soft links up to
 * a depth of 8), listing. */
#include "h5/h5.h"

#define MAX_SOFT_LISTED 1024

/* ---- what an object header says about its object ---- */

typedef struct object_scan {
    zg_h5_link_walk *walk; /* NULL: only classify */
    bool group, dataset, has_table, has_info;
    uint64_t btree, heap;         /* symbol table */
    uint64_t dense_heap, name_bt; /* link info */
} object_scan;

static zagg_status scan_link_info(object_scan *o, const zg_h5_msg *msg, zagg_err *err)
{
    zg_h5_cur c = zg_h5_cur_of(msg->data, msg->len);
    unsigned version = (unsigned)zg_h5_uint(&c, 1), flags = (unsigned)zg_h5_uint(&c, 1);
    zg_h5_take(&c, flags & 1 ? 8 : 0);
    o->dense_heap = zg_h5_uint(&c, 8);
    o->name_bt = zg_h5_uint(&c, 8);
    if (c.bad || version != 0)
        return zagg_err_set(err, ZAGG_EFORMAT, "damaged link info message");
    o->has_info = true;
    return ZAGG_OK;
}

static zagg_status scan_message(void *user, const zg_h5_msg *msg, zagg_err *err)
{
    object_scan *o = user;
    switch (msg->type) {
    case ZG_H5_MSG_LAYOUT:
        o->dataset = true;
        return ZAGG_OK;
    case ZG_H5_MSG_GROUP_INFO:
        o->group = true;
        return ZAGG_OK;
    case ZG_H5_MSG_LINK_INFO:
        o->group = true;
        return scan_link_info(o, msg, err);
    case ZG_H5_MSG_SYMBOL_TABLE:
        if (msg->len < 16)
            return zagg_err_set(err, ZAGG_EFORMAT, "short symbol table message");
        o->group = o->has_table = true;
        o->btree = zg_le64(msg->data);
        o->heap = zg_le64(msg->data + 8);
        return ZAGG_OK;
    case ZG_H5_MSG_LINK: {
        o->group = true;
        if (!o->walk || o->walk->stop)
            return ZAGG_OK;
        zg_h5_link link;
        ZAGG_TRY(zg_h5_link_decode(msg->data, msg->len, &link, err));
        return o->walk->fn(o->walk->user, &link, &o->walk->stop, err);
    }
    default:
        return ZAGG_OK;
    }
}

zagg_status zg_h5_classify(zagg_h5 *file, uint64_t addr, zg_h5_object *out, zagg_err *err)
{
    object_scan o = {0};
    ZAGG_TRY(zg_h5_header_walk(file, addr, scan_message, &o, err));
    *out = o.group     ? ZG_H5_OBJECT_GROUP
           : o.dataset ? ZG_H5_OBJECT_DATASET
                       : ZG_H5_OBJECT_OTHER;
    return ZAGG_OK;
}

uint64_t zg_h5_walk_budget(const zagg_h5 *file)
{
    uint64_t most = file->limits.max_metadata_bytes;
    most = most > UINT64_MAX / 4 ? UINT64_MAX : most * 4;
    return file->size < most ? file->size : most;
}

zagg_status zg_h5_spend(uint64_t *budget_bytes, uint64_t bytes, zagg_err *err)
{
    /* Structures do not overlap, so a walk that reads more than the file holds goes round
     * in circles. */
    if (bytes > *budget_bytes)
        return zagg_err_set(err, ZAGG_EFORMAT, "structures refer to each other");
    *budget_bytes -= bytes;
    return ZAGG_OK;
}

zagg_status zg_h5_group_walk(zagg_h5 *file, uint64_t addr, zg_h5_link_walk *walk,
                             zagg_err *err)
{
    walk->file = file;
    walk->stop = false;
    walk->budget_bytes = zg_h5_walk_budget(file);
    object_scan o = {.walk = walk};
    ZAGG_TRY(zg_h5_header_walk(file, addr, scan_message, &o, err));
    if (!o.group)
        return zagg_err_set(err, ZAGG_ENOTFOUND, "not a group");
    if (o.has_table && !walk->stop)
        ZAGG_TRY(zg_h5_symbol_table_walk(walk, o.btree, o.heap, err));
    if (o.has_info && o.dense_heap != ZG_H5_UNDEF && !walk->stop)
        ZAGG_TRY(zg_h5_dense_walk(walk, o.dense_heap, o.name_bt, err));
    return ZAGG_OK;
}

/* ---- paths ---- */

zagg_status zg_h5_path_normalise(const char *path, char buf[ZG_H5_MAX_PATH],
                                 zagg_err *err)
{
    size_t len = strlen(path), at = 0;
    if (len + 2 > ZG_H5_MAX_PATH)
        return zagg_err_set(err, ZAGG_EARG, "path of %zu characters (at most %d)", len,
                            ZG_H5_MAX_PATH - 2);
    buf[at++] = '/';
    for (size_t i = 0; i < len; i++)
        if (path[i] != '/' || buf[at - 1] != '/')
            buf[at++] = path[i];
    if (at > 1 && buf[at - 1] == '/')
        at--;
    buf[at] = '\0';
    return ZAGG_OK;
}

typedef struct lookup {
    const char *name;
    size_t len;
    bool found;
    zg_h5_link_kind kind;
    uint64_t addr;
    char target[ZG_H5_MAX_PATH];
} lookup;

static zagg_status on_link(void *user, const zg_h5_link *link, bool *stop, zagg_err *err)
{
    lookup *l = user;
    if (link->name_len != l->len || memcmp(link->name, l->name, l->len) != 0)
        return ZAGG_OK;
    l->found = *stop = true;
    l->kind = link->kind;
    l->addr = link->addr;
    if (link->kind == ZG_H5_LINK_SOFT) {
        size_t len = link->target_len;
        if (len >= sizeof l->target || len == 0 || memchr(link->target, 0, len))
            return zagg_err_set(err, ZAGG_EFORMAT, "damaged soft link");
        memcpy(l->target, link->target, len);
        l->target[len] = '\0';
    }
    return ZAGG_OK;
}

/* A path being resolved: text[0..at) is done and is the object at `addr`. */
typedef struct resolver {
    zagg_h5 *file;
    char text[ZG_H5_MAX_PATH];
    size_t at;
    uint64_t addr;
    unsigned soft_links;
} resolver;

/* Start again with the target of a soft link put in place of its name. */
static zagg_status follow_soft(resolver *r, const lookup *l, zagg_err *err)
{
    if (++r->soft_links > ZG_H5_MAX_SOFT_LINKS)
        return zagg_err_set(err, ZAGG_EFORMAT, "more than %d soft links in a row",
                            ZG_H5_MAX_SOFT_LINKS);
    zg_str s;
    zg_str_init(&s, 3 * ZG_H5_MAX_PATH);
    if (l->target[0] != '/') {
        zg_str_addn(&s, r->text, r->at);
        zg_str_addc(&s, '/');
    }
    zg_str_add(&s, l->target);
    zg_str_add(&s, r->text + r->at + 1 + l->len);
    zagg_status st = s.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path")
                              : zg_h5_path_normalise(s.data, r->text, err);
    zg_str_free(&s);
    r->at = 0;
    r->addr = r->file->root;
    return st;
}

/* One component: text[at] is the '/' before it. */
static zagg_status step(resolver *r, zagg_err *err)
{
    lookup l;
    l.name = r->text + r->at + 1;
    l.len = strcspn(l.name, "/");
    l.found = false;
    zg_h5_link_walk walk = {
        .wanted = l.name, .wanted_len = l.len, .fn = on_link, .user = &l};
    int done = (int)r->at, len = (int)l.len;
    if (l.len == 1 &&
        l.name[0] == '.') { /* legal in a path, and names the group itself */
        r->at += 2;
        return ZAGG_OK;
    }
    zagg_status st = zg_h5_group_walk(r->file, r->addr, &walk, err);
    if (st != ZAGG_OK)
        return zagg_err_context(err, st, "%.*s", done ? done : 1, done ? r->text : "/");
    if (!l.found)
        return zagg_err_set(err, ZAGG_ENOTFOUND, "no '%.*s' in %.*s", len, l.name,
                            done ? done : 1, done ? r->text : "/");
    if (l.kind == ZG_H5_LINK_SOFT)
        return follow_soft(r, &l, err);
    if (l.kind != ZG_H5_LINK_HARD)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "'%.*s' is %s", len, l.name,
                            l.kind == ZG_H5_LINK_EXTERNAL
                                ? "an external link (only links inside the file are read)"
                                : "a user-defined link");
    r->addr = l.addr;
    r->at += 1 + l.len;
    return ZAGG_OK;
}

zagg_status zg_h5_resolve(zagg_h5 *file, const char *path, uint64_t *out, zagg_err *err)
{
    resolver r = {.file = file, .at = 0, .addr = file->root};
    ZAGG_TRY(zg_h5_path_normalise(path, r.text, err));
    while (r.text[r.at] == '/' && r.text[r.at + 1])
        ZAGG_TRY(step(&r, err));
    *out = r.addr;
    return ZAGG_OK;
}

/* ---- public ---- */

static zagg_status object_kind(zagg_h5 *file, const char *path, zg_h5_object *kind,
                               uint64_t *addr, zagg_err *err)
{
    pthread_mutex_lock(&file->lock);
    zagg_status st = zg_h5_resolve(file, path, addr, err);
    if (st == ZAGG_OK)
        st = zg_h5_classify(file, *addr, kind, err);
    pthread_mutex_unlock(&file->lock);
    return st;
}

zagg_status zagg_h5_group_exists(zagg_h5 *file, const char *path, bool *out,
                                 zagg_err *err)
{
    zg_h5_object kind = ZG_H5_OBJECT_OTHER;
    uint64_t addr;
    zagg_status st = object_kind(file, path, &kind, &addr, err);
    if (st != ZAGG_OK && st != ZAGG_ENOTFOUND)
        return zagg_err_context(err, st, "%s: %s", file->name, path);
    *out = st == ZAGG_OK && kind == ZG_H5_OBJECT_GROUP;
    return ZAGG_OK;
}

typedef struct listed_link {
    char *name;
    bool hard;
    uint64_t addr; /* hard: of the object */
} listed_link;

typedef struct listing {
    zg_vec links; /* listed_link */
    size_t bytes, max_bytes, n_soft;
} listing;

static zagg_status collect(void *user, const zg_h5_link *link, bool *stop, zagg_err *err)
{
    (void)stop;
    listing *l = user;
    l->bytes += link->name_len + sizeof(listed_link);
    if (l->bytes > l->max_bytes)
        return zagg_err_set(err, ZAGG_ERANGE, "links need more than %zu bytes",
                            l->max_bytes);
    char *name = zg_strndup(link->name, link->name_len);
    listed_link *at = name ? zg_vec_push(&l->links) : NULL;
    if (!at) {
        zg_free(name);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of links");
    }
    *at = (listed_link){name, link->kind == ZG_H5_LINK_HARD, link->addr};
    return ZAGG_OK;
}

/* What a link leads to; OTHER when it leads nowhere or out of the file. Each soft link
 * walks groups anew, so only so many are looked at. */
static zg_h5_object kind_of(zagg_h5 *file, const char *group, const listed_link *link,
                            size_t *n_soft)
{
    zg_h5_object kind = ZG_H5_OBJECT_OTHER;
    uint64_t addr;
    zagg_status st;
    if (link->hard) {
        pthread_mutex_lock(&file->lock);
        st = zg_h5_classify(file, link->addr, &kind, NULL);
        pthread_mutex_unlock(&file->lock);
    } else if ((*n_soft)++ < MAX_SOFT_LISTED) {
        zg_str s;
        zg_str_init(&s, 0);
        zg_str_addf(&s, "%s/%s", group, link->name);
        st = s.failed ? ZAGG_ENOMEM : object_kind(file, s.data, &kind, &addr, NULL);
        zg_str_free(&s);
    } else {
        st = ZAGG_ERANGE;
    }
    return st == ZAGG_OK ? kind : ZG_H5_OBJECT_OTHER;
}

zagg_status zagg_h5_group_list(zagg_h5 *file, const char *path, zagg_h5_link_fn fn,
                               void *user, zagg_err *err)
{
    listing l = {.max_bytes = (size_t)file->limits.max_metadata_bytes};
    zg_vec_init(&l.links, sizeof(listed_link), 0);
    zg_h5_link_walk walk = {.fn = collect, .user = &l};
    uint64_t addr;
    pthread_mutex_lock(&file->lock);
    zagg_status st = zg_h5_resolve(file, path, &addr, err);
    if (st == ZAGG_OK)
        st = zg_h5_group_walk(file, addr, &walk, err);
    pthread_mutex_unlock(&file->lock);
    if (st != ZAGG_OK)
        st = zagg_err_context(err, st, "%s: %s", file->name, path);
    /* the callback may open what it is told about: the lock is free by now */
    for (size_t i = 0; i < l.links.len && st == ZAGG_OK; i++) {
        const listed_link *link = ZG_VEC_AT(&l.links, listed_link, i);
        zg_h5_object kind = kind_of(file, path, link, &l.n_soft);
        st = fn(user, link->name, kind == ZG_H5_OBJECT_GROUP, err);
    }
    for (size_t i = 0; i < l.links.len; i++)
        zg_free(ZG_VEC_AT(&l.links, listed_link, i)->name);
    zg_vec_free(&l.links);
    return st;
}
