/* Opening a store: which form it has, and what all forms share. */
#include "store/store.h"
#include "zarr/layout.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

zagg_status zg_store_alloc(zagg_store *s, size_t count, size_t size, void *out,
                           zagg_err *err)
{
    return zagg_arena_alloc(s->arena, count, size, out, err);
}

zagg_status zg_store_text(zagg_store *s, const char **out, zagg_err *err, const char *fmt,
                          ...)
{
    char text[ZG_STORE_MAX_PATH];
    va_list args;
    va_start(args, fmt);
    const int len = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (len < 0 || (size_t)len >= sizeof text)
        return zagg_err_set(err, ZAGG_ERANGE, "a path in the store is too long: %.200s",
                            text);
    *out = zagg_arena_strndup(s->arena, text, (size_t)len);
    return *out != NULL ? ZAGG_OK
                        : zagg_err_set(err, ZAGG_ENOMEM, "no memory to open a store");
}

/* ---- folders and documents ---- */

typedef struct folder_list {
    zagg_store *store;
    zg_vec names; /* const char * */
} folder_list;

static zagg_status add_folder(void *user, const char *key, uint64_t size, zagg_err *err)
{
    folder_list *list = user;
    const size_t len = strlen(key);
    (void)size;
    if (len == 0 || key[len - 1] != '/')
        return ZAGG_OK;
    const char **name = zg_vec_push(&list->names);
    if (name != NULL)
        *name = zagg_arena_strndup(list->store->arena, key, len - 1);
    return name == NULL || *name == NULL
               ? zagg_err_set(err, ZAGG_ENOMEM, "no memory to list a store")
               : ZAGG_OK;
}

static int by_name(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

zagg_status zg_store_folders(zagg_store *s, const char *prefix, const char ***out,
                             size_t *n, zagg_err *err)
{
    folder_list list = {.store = s};
    const char **names = NULL;
    zg_vec_init(&list.names, sizeof(const char *), 0);
    zagg_status status = zagg_sink_list_dir(s->sink, prefix, add_folder, &list, err);
    if (status == ZAGG_OK)
        status = zg_store_alloc(s, list.names.len, sizeof *names, &names, err);
    if (status == ZAGG_OK && list.names.len > 0) {
        qsort(list.names.data, list.names.len, sizeof(const char *), by_name);
        memcpy(names, list.names.data, list.names.len * sizeof *names);
    }
    if (status == ZAGG_OK) {
        *out = names;
        *n = list.names.len;
    }
    zg_vec_free(&list.names);
    return status;
}

zagg_status zg_store_doc(zagg_store *s, const char *folder, const char *name,
                         const zagg_value **out, zagg_err *err)
{
    const char *key = NULL;
    *out = NULL;
    ZAGG_TRY(zg_store_text(s, &key, err, "%s%s%s", folder, folder[0] != '\0' ? "/" : "",
                           name));
    const zagg_status status = zg_zarr_get_doc(s->sink, key, s->arena, out, err);
    return status == ZAGG_ENOTFOUND ? ZAGG_OK : status;
}

/* ---- opening ---- */

/* Id of a leaf from the name of its folder; false for any other name. */
static bool leaf_id(const char *name, uint64_t *id)
{
    const char *dot = name != NULL ? strrchr(name, '.') : NULL;
    if (dot == NULL || strcmp(dot, ".zarr") != 0)
        return false;
    const char *window = memchr(name, '_', (size_t)(dot - name));
    const size_t len = (size_t)((window != NULL ? window : dot) - name);
    return zagg_word_parse_decimal(name, len, id, NULL) == ZAGG_OK;
}

static zagg_status open_any(zagg_store *s, const char *name, zagg_err *err)
{
    const zagg_value *root = NULL;
    uint64_t id = 0;
    ZAGG_TRY(zg_store_doc(s, "", "morton_hive.json", &s->manifest, err));
    if (s->manifest != NULL) {
        s->form = ZAGG_STORE_HIVE;
        return zg_store_open_hive(s, err);
    }
    ZAGG_TRY(zg_store_doc(s, "", "zarr.json", &root, err));
    if (root == NULL)
        return zagg_err_set(err, ZAGG_ENOTFOUND,
                            "no store is there: neither zarr.json nor morton_hive.json");
    if (!zg_zarr_is_node(root, "group"))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "zarr.json is not that of a Zarr v3 group");
    const zagg_value *stamp =
        zagg_value_get_set(zagg_value_get(root, "attributes"), "morton_hive_commit");
    if (stamp != NULL && leaf_id(name, &id)) {
        s->form = ZAGG_STORE_LEAF;
        return zg_store_open_leaf(s, name, id, root, err);
    }
    s->form = ZAGG_STORE_FLAT;
    return zg_store_open_flat(s, err);
}

zagg_status zagg_store_open_sink(zagg_sink *sink, const char *name, zagg_store **out,
                                 zagg_err *err)
{
    zagg_store *s = zg_alloc(1, sizeof *s);
    if (s == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to open a store");
    s->sink = sink;
    zagg_status status = zagg_arena_new(0, &s->arena, err);
    if (status == ZAGG_OK)
        status = open_any(s, name, err);
    if (status != ZAGG_OK) {
        zagg_store_close(s);
        return zagg_err_context(err, status, "store %s", zagg_sink_name(sink));
    }
    *out = s;
    return ZAGG_OK;
}

/* Last part of a path, slashes at its end left out. */
static char *folder_name(const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    return zg_strndup(path + start, end - start);
}

zagg_status zagg_store_open(const char *path, zagg_store **out, zagg_err *err)
{
    zagg_sink *sink = NULL;
    char *name = folder_name(path);
    if (name == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to open a store");
    zagg_status status = zagg_sink_open_dir(path, &sink, err);
    if (status == ZAGG_OK) {
        status = zagg_store_open_sink(sink, name, out, err);
        if (status == ZAGG_OK)
            (*out)->owns_sink = true;
        else
            zagg_sink_close(sink);
    }
    zg_free(name);
    return status;
}

void zagg_store_close(zagg_store *store)
{
    if (store == NULL)
        return;
    if (store->owns_sink)
        zagg_sink_close(store->sink);
    zagg_arena_free(store->arena);
    zg_free(store);
}

/* ---- what is there ---- */

const char *zagg_store_name(const zagg_store *store)
{
    return zagg_sink_name(store->sink);
}

zagg_store_form zagg_store_get_form(const zagg_store *store)
{
    return store->form;
}

const char *zagg_store_form_name(zagg_store_form form)
{
    static const char *const NAMES[] = {"flat", "hive", "leaf"};
    return (size_t)form < sizeof NAMES / sizeof NAMES[0] ? NAMES[form] : "unknown";
}

const char *zagg_store_kind_name(zagg_store_kind kind)
{
    static const char *const NAMES[] = {"scalar",    "vector",     "ragged", "series",
                                        "companion", "coordinate", "mask",   "axis",
                                        "mapping",   "other"};
    return (size_t)kind < sizeof NAMES / sizeof NAMES[0] ? NAMES[kind] : "unknown";
}

const zagg_value *zagg_store_manifest(const zagg_store *store)
{
    return store->manifest;
}

size_t zagg_store_n_groups(const zagg_store *store)
{
    return store->n_groups;
}

const zagg_store_group *zagg_store_get_group(const zagg_store *store, size_t i)
{
    return i < store->n_groups ? &store->groups[i] : NULL;
}
