/* Reading a flat store back: its groups and their arrays. */
#include "zarr/csr.h"
#include "zarr/layout.h"
#include "zarr/objects.h"

#include <stdlib.h>
#include <string.h>

typedef struct stored_group {
    const char *name;
    const zagg_value *attributes;
} stored_group;

typedef struct stored_array {
    zagg_zarr_array array;
    const char *path; /* "19/count" */
    size_t group;
} stored_array;

struct zagg_zarr_reader {
    zagg_sink *store;
    zagg_arena *arena;
    zg_vec groups, arrays;
};

/* Names of the folders below one, as they are listed. */
typedef struct folder_list {
    zagg_arena *arena;
    zg_vec names; /* const char * */
} folder_list;

static zagg_status no_memory(const zagg_zarr_reader *r, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "store %s: no memory to read it",
                        zagg_sink_name(r->store));
}

static zagg_status add_folder(void *user, const char *key, uint64_t size, zagg_err *err)
{
    folder_list *list = user;
    size_t len = strlen(key);
    (void)size;
    if (len == 0 || key[len - 1] != '/')
        return ZAGG_OK;
    const char **name = zg_vec_push(&list->names);
    if (name != NULL)
        *name = zagg_arena_strndup(list->arena, key, len - 1);
    return name == NULL || *name == NULL
               ? zagg_err_set(err, ZAGG_ENOMEM, "no memory to list a store")
               : ZAGG_OK;
}

static int compare_names(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* The folders below `prefix` in byte order; the caller frees out->names in any case. */
static zagg_status list_folders(zagg_zarr_reader *r, const char *prefix, folder_list *out,
                                zagg_err *err)
{
    out->arena = r->arena;
    zg_vec_init(&out->names, sizeof(const char *), 0);
    ZAGG_TRY(zagg_sink_list_dir(r->store, prefix, add_folder, out, err));
    if (out->names.len > 1)
        qsort(out->names.data, out->names.len, sizeof(const char *), compare_names);
    return ZAGG_OK;
}

/* "group/name" and its document; *doc stays NULL where there is none. */
static zagg_status node_doc(zagg_zarr_reader *r, const char *group, const char *name,
                            const char **path, const zagg_value **doc, zagg_err *err)
{
    zg_str text;
    zg_str_init(&text, ZG_ZARR_MAX_KEY);
    if (group[0] != '\0')
        zg_str_addf(&text, "%s/", group);
    zg_str_add(&text, name);
    size_t path_len = text.len;
    zg_str_add(&text, "/zarr.json");
    *path = text.failed ? NULL : zagg_arena_strndup(r->arena, text.data, path_len);
    zagg_status status = *path == NULL ? no_memory(r, err) : ZAGG_OK;
    if (status == ZAGG_OK)
        status = zg_zarr_get_doc(r->store, text.data, r->arena, doc, err);
    zg_str_free(&text);
    return status == ZAGG_ENOTFOUND ? ZAGG_OK : status;
}

/* A group inside a group is a ragged field in CSR form; one without chunks is none yet.
 */
static zagg_status add_member(zagg_zarr_reader *r, const char *name, const char *path,
                              const zagg_value *doc, zagg_err *err)
{
    zagg_zarr_array array = {.name = name, .kind = ZAGG_ZARR_CSR};
    if (zg_zarr_is_node(doc, "group")) {
        ZAGG_TRY(zg_zarr_csr_type(r->store, path, &array.dtype, err));
        if (array.dtype == ZAGG_DT_NONE)
            return ZAGG_OK;
    } else {
        ZAGG_TRY(zg_zarr_array_parse(doc, name, path, r->arena, &array, err));
    }
    stored_array *a = zg_vec_push(&r->arrays);
    if (a == NULL)
        return no_memory(r, err);
    *a = (stored_array){array, path, r->groups.len - 1};
    return ZAGG_OK;
}

static zagg_status read_members(zagg_zarr_reader *r, const char *group, zagg_err *err)
{
    folder_list members;
    zg_str prefix;
    zg_str_init(&prefix, ZG_ZARR_MAX_KEY);
    zg_str_addf(&prefix, "%s/", group);
    if (prefix.failed)
        return no_memory(r, err);
    zagg_status status = list_folders(r, prefix.data, &members, err);
    for (size_t i = 0; i < members.names.len && status == ZAGG_OK; i++) {
        const char *name = *ZG_VEC_AT(&members.names, const char *, i), *path = NULL;
        const zagg_value *doc = NULL;
        status = node_doc(r, group, name, &path, &doc, err);
        if (status == ZAGG_OK && doc != NULL)
            status = add_member(r, name, path, doc, err);
    }
    zg_vec_free(&members.names);
    zg_str_free(&prefix);
    return status;
}

static zagg_status read_group(zagg_zarr_reader *r, const char *name, zagg_err *err)
{
    const zagg_value *doc = NULL;
    const char *path = NULL;
    ZAGG_TRY(node_doc(r, "", name, &path, &doc, err));
    if (doc == NULL)
        return ZAGG_OK; /* a folder of something else */
    if (!zg_zarr_is_node(doc, "group"))
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%s is no Zarr v3 group, so this is no flat store", name);
    stored_group *group = zg_vec_push(&r->groups);
    if (group == NULL)
        return no_memory(r, err);
    group->name = name;
    group->attributes = zagg_value_get(doc, "attributes");
    return read_members(r, name, err);
}

static zagg_status read_store(zagg_zarr_reader *r, zagg_err *err)
{
    const zagg_value *root = NULL;
    folder_list groups;
    ZAGG_TRY(zg_zarr_get_doc(r->store, "zarr.json", r->arena, &root, err));
    if (!zg_zarr_is_node(root, "group"))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "zarr.json is not that of a Zarr v3 group");
    zagg_status status = list_folders(r, "", &groups, err);
    for (size_t i = 0; i < groups.names.len && status == ZAGG_OK; i++)
        status = read_group(r, *ZG_VEC_AT(&groups.names, const char *, i), err);
    zg_vec_free(&groups.names);
    return status;
}

static int compare_paths(const void *a, const void *b)
{
    const stored_array *x = a, *y = b;
    return strcmp(x->path, y->path);
}

zagg_status zagg_zarr_open(zagg_sink *store, zagg_zarr_reader **out, zagg_err *err)
{
    zagg_zarr_reader *r = zg_alloc(1, sizeof *r);
    if (r == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to read a store");
    r->store = store;
    zg_vec_init(&r->groups, sizeof(stored_group), 0);
    zg_vec_init(&r->arrays, sizeof(stored_array), 0);
    zagg_status status = zagg_arena_new(0, &r->arena, err);
    if (status == ZAGG_OK)
        status = read_store(r, err);
    if (status != ZAGG_OK) {
        status = zagg_err_context(err, status, "store %s", zagg_sink_name(store));
        zagg_zarr_reader_free(r);
        return status;
    }
    if (r->arrays.len > 1)
        qsort(r->arrays.data, r->arrays.len, sizeof(stored_array), compare_paths);
    *out = r;
    return ZAGG_OK;
}

void zagg_zarr_reader_free(zagg_zarr_reader *reader)
{
    if (reader == NULL)
        return;
    zg_vec_free(&reader->groups);
    zg_vec_free(&reader->arrays);
    zagg_arena_free(reader->arena);
    zg_free(reader);
}

size_t zagg_zarr_reader_n(const zagg_zarr_reader *reader)
{
    return reader->arrays.len;
}

static const stored_array *array_at(const zagg_zarr_reader *reader, size_t i)
{
    return i < reader->arrays.len ? ZG_VEC_AT(&reader->arrays, stored_array, i) : NULL;
}

static const stored_group *group_of(const zagg_zarr_reader *reader, size_t i)
{
    const stored_array *a = array_at(reader, i);
    return a == NULL ? NULL : ZG_VEC_AT(&reader->groups, stored_group, a->group);
}

const zagg_zarr_array *zagg_zarr_reader_array(const zagg_zarr_reader *reader, size_t i)
{
    const stored_array *a = array_at(reader, i);
    return a == NULL ? NULL : &a->array;
}

const char *zagg_zarr_reader_group(const zagg_zarr_reader *reader, size_t i)
{
    const stored_group *group = group_of(reader, i);
    return group == NULL ? NULL : group->name;
}

const zagg_value *zagg_zarr_reader_group_attributes(const zagg_zarr_reader *reader,
                                                    size_t i)
{
    const stored_group *group = group_of(reader, i);
    return group == NULL ? NULL : group->attributes;
}

zagg_status zagg_zarr_read_chunks(zagg_zarr_reader *reader, size_t i,
                                  zagg_zarr_chunk_fn fn, void *user,
                                  uint64_t *object_bytes, uint64_t *n_objects,
                                  zagg_err *err)
{
    const stored_array *a = array_at(reader, i);
    if (a == NULL)
        return zagg_err_set(err, ZAGG_ERANGE, "array %zu of a store with %zu", i,
                            reader->arrays.len);
    zg_zarr_read_totals totals = {0, 0};
    if (a->array.kind == ZAGG_ZARR_CSR)
        ZAGG_TRY(zg_zarr_read_csr(reader->store, a->path, a->array.dtype, fn, user,
                                  &totals, err));
    else
        ZAGG_TRY(zg_zarr_read_objects(reader->store, a->path, &a->array, fn, user,
                                      &totals, err));
    if (object_bytes != NULL)
        *object_bytes += totals.bytes;
    if (n_objects != NULL)
        *n_objects += totals.objects;
    return ZAGG_OK;
}
