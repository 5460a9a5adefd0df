/* Creating a flat store's documents. What is already there decides, as with upstream:
 * nothing is filled in, an equal group is taken over untouched, anything else is refused
 * unless the group may be overwritten. A creation that fails takes its documents back. */
#include "zarr/difference.h"
#include "zarr/layout.h"

#include <stdio.h>
#include <string.h>

/* One document to be written: key, text. The group's own comes first. */
typedef struct template_doc {
    char key[ZG_ZARR_MAX_KEY];
    const char *name; /* of the array; NULL for the group */
    char *text;
    size_t len;
} template_doc;

typedef struct template_docs {
    zagg_sink *store;
    const zagg_zarr_template *t;
    template_doc *docs; /* 1 + arrays that have one */
    size_t n;
    bool resume; /* CSR fields may have chunks */
} template_docs;

static void docs_free(template_docs *d)
{
    for (size_t i = 0; i < d->n; i++)
        zagg_bytes_free(d->docs[i].text);
    zg_free(d->docs);
}

static zagg_status doc_key(char *key, const char *group, const char *name, zagg_err *err)
{
    int len = snprintf(key, ZG_ZARR_MAX_KEY, "%s%s%s%szarr.json", group,
                       group[0] != '\0' ? "/" : "", name, name[0] != '\0' ? "/" : "");
    if (len < 0 || len >= ZG_ZARR_MAX_KEY)
        return zagg_err_set(err, ZAGG_ERANGE, "name of zarr array '%s' is too long",
                            name);
    return ZAGG_OK;
}

/* All texts, before anything is written: a template that cannot be described fails here.
 */
static zagg_status docs_make(template_docs *d, zagg_err *err)
{
    const zagg_zarr_template *t = d->t;
    if (!zg_zarr_name_ok(t->group))
        return zagg_err_set(err, ZAGG_EARG, "zarr template without a usable group name");
    d->docs = zg_alloc(t->n_arrays + 1, sizeof *d->docs);
    if (d->docs == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a zarr template");
    d->n = 1;
    ZAGG_TRY(doc_key(d->docs[0].key, t->group, "", err));
    ZAGG_TRY(zagg_zarr_group_json(t->group_attributes_json, &d->docs[0].text,
                                  &d->docs[0].len, err));
    for (size_t i = 0; i < t->n_arrays; i++) {
        for (size_t j = 0; j < i; j++) {
            if (strcmp(t->arrays[j].name, t->arrays[i].name) == 0)
                return zagg_err_set(err, ZAGG_EARG, "zarr array '%s' is there twice",
                                    t->arrays[i].name);
        }
        if (t->arrays[i].kind == ZAGG_ZARR_CSR)
            continue;
        template_doc *doc = &d->docs[d->n++];
        doc->name = t->arrays[i].name;
        ZAGG_TRY(zagg_zarr_array_json(&t->arrays[i], &doc->text, &doc->len, err));
        ZAGG_TRY(doc_key(doc->key, t->group, doc->name, err));
    }
    return ZAGG_OK;
}

static zagg_status refuse(const template_docs *d, zagg_err *err, const char *name,
                          const char *what)
{
    return zagg_err_set(err, ZAGG_EEXISTS,
                        "store %s: group %s is there with another template: %s%s%s; "
                        "--overwrite replaces the group",
                        zagg_sink_name(d->store), d->t->group, name,
                        name[0] != '\0' ? ": " : "", what);
}

/* Compare one stored document with the text asked for. `*there`: is it stored at all? */
static zagg_status compare_doc(const template_docs *d, const template_doc *doc,
                               const char *name, bool *there, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *stored = NULL, *asked = NULL;
    zg_str what;
    zg_str_init(&what, 600);
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = zg_zarr_get_doc(d->store, doc->key, arena, &stored, err);
    *there = status == ZAGG_OK;
    if (status == ZAGG_ENOTFOUND)
        status = ZAGG_OK;
    if (status == ZAGG_OK && *there)
        status = zagg_json_parse(arena, doc->text, doc->len, doc->key, &asked, err);
    if (status == ZAGG_OK && *there && !zg_zarr_same_node(stored, asked, &what))
        status = refuse(d, err, name, what.data);
    zg_str_free(&what);
    zagg_arena_free(arena);
    return status;
}

/* What the folder of the group holds besides the template. */
typedef struct member_search {
    const template_docs *d;
    bool group_there;
} member_search;

static const zagg_zarr_array *in_template(const zagg_zarr_template *t, const char *name,
                                          size_t len)
{
    for (size_t i = 0; i < t->n_arrays; i++) {
        if (strlen(t->arrays[i].name) == len && memcmp(t->arrays[i].name, name, len) == 0)
            return &t->arrays[i];
    }
    return NULL;
}

/* Folders that are Zarr nodes count as members; other files do not. */
static zagg_status check_member(void *user, const char *name, uint64_t size,
                                zagg_err *err)
{
    member_search *s = user;
    const char *group = s->d->t->group;
    char doc[ZG_ZARR_MAX_KEY], folder[ZG_ZARR_MAX_KEY];
    size_t len = strlen(name);
    void *text = NULL;
    (void)size;
    if (len == 0 || name[len - 1] != '/')
        return ZAGG_OK;
    const zagg_zarr_array *known = in_template(s->d->t, name, len - 1);
    const bool csr = known != NULL && known->kind == ZAGG_ZARR_CSR;
    if (known != NULL && (!csr || s->d->resume) && s->group_there)
        return ZAGG_OK;
    if (len >= sizeof folder)
        return zagg_err_set(err, ZAGG_ERANGE, "name in group %s is too long", group);
    memcpy(folder, name, len - 1);
    folder[len - 1] = '\0';
    ZAGG_TRY(doc_key(doc, group, folder, err));
    zagg_status status =
        zagg_sink_get(s->d->store, doc, ZG_ZARR_MAX_DOC_BYTES, &text, &len, err);
    if (status == ZAGG_ENOTFOUND)
        return ZAGG_OK;
    ZAGG_TRY(status);
    zagg_bytes_free(text);
    if (!s->group_there)
        return refuse(s->d, err, folder, "is there, but its group has no zarr.json");
    return refuse(s->d, err, folder,
                  csr ? "a ragged field in CSR groups is written once only"
                      : "is not in the template asked for");
}

/* OK with *equal set for an equal group, OK with *equal false for none, else EEXISTS. */
static zagg_status compare_group(const template_docs *d, bool *equal, zagg_err *err)
{
    char folder[ZG_ZARR_MAX_KEY];
    bool group_there = false;
    ZAGG_TRY(compare_doc(d, &d->docs[0], "", &group_there, err));
    for (size_t i = 1; i < d->n && group_there; i++) {
        const char *name = d->docs[i].name;
        bool there = false;
        ZAGG_TRY(compare_doc(d, &d->docs[i], name, &there, err));
        if (!there)
            return refuse(d, err, name, "is missing there");
    }
    member_search search = {d, group_there};
    int len = snprintf(folder, sizeof folder, "%s/", d->t->group);
    if (len < 0 || (size_t)len >= sizeof folder)
        return zagg_err_set(err, ZAGG_ERANGE, "name of group %s is too long",
                            d->t->group);
    ZAGG_TRY(zagg_sink_list_dir(d->store, folder, check_member, &search, err));
    *equal = group_there;
    return ZAGG_OK;
}

/* The root is made once and kept as it is from then on, consolidated copies included. */
static zagg_status check_root(zagg_sink *store, bool *there, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *doc = NULL;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = zg_zarr_get_doc(store, "zarr.json", arena, &doc, err);
    *there = status == ZAGG_OK;
    if (status == ZAGG_ENOTFOUND)
        status = ZAGG_OK;
    if (*there && !zg_zarr_is_node(doc, "group"))
        status = zagg_err_set(err, ZAGG_EEXISTS,
                              "store %s: its zarr.json is not that of a Zarr v3 group; "
                              "name another place",
                              zagg_sink_name(store));
    zagg_arena_free(arena);
    return status;
}

static zagg_status put_root(zagg_sink *store, zagg_err *err)
{
    char *text = NULL;
    size_t len = 0;
    ZAGG_TRY(zagg_zarr_group_json(NULL, &text, &len, err));
    zagg_status status = zagg_sink_put_whole(store, "zarr.json", text, len, err);
    zagg_bytes_free(text);
    return status;
}

/* The group's document goes first on the way back too: arrays without it are no group. */
static zagg_status put_docs(const template_docs *d, bool root_there, zagg_err *err)
{
    size_t written = 0;
    zagg_status status = root_there ? ZAGG_OK : put_root(d->store, err);
    if (status != ZAGG_OK)
        return status;
    while (status == ZAGG_OK && written < d->n) {
        const template_doc *doc = &d->docs[written++];
        status = zagg_sink_put(d->store, doc->key, doc->text, doc->len, err);
    }
    if (status == ZAGG_OK)
        return ZAGG_OK;
    for (size_t i = 0; i < written; i++)
        (void)zagg_sink_delete(d->store, d->docs[i].key, NULL);
    if (!root_there)
        (void)zagg_sink_delete(d->store, "zarr.json", NULL);
    return status;
}

/* What describes the group goes first: should this be cut short, no document promises
 * data that is gone already, or that a later run writes in another form. */
static zagg_status remove_group(const template_docs *d, bool root_there, zagg_err *err)
{
    char folder[ZG_ZARR_MAX_KEY];
    (void)snprintf(folder, sizeof folder, "%s/", d->t->group);
    if (root_there)
        ZAGG_TRY(zg_zarr_drop_consolidated(d->store, err));
    ZAGG_TRY(zagg_sink_delete(d->store, d->docs[0].key, err));
    return zagg_sink_delete_prefix(d->store, folder, err);
}

static zagg_status create(template_docs *d, bool overwrite, zagg_err *err)
{
    bool root_there = false, equal = false;
    ZAGG_TRY(docs_make(d, err));
    ZAGG_TRY(check_root(d->store, &root_there, err));
    ZAGG_TRY(overwrite ? remove_group(d, root_there, err)
                       : compare_group(d, &equal, err));
    if (!equal)
        return put_docs(d, root_there, err);
    return root_there ? ZAGG_OK : put_root(d->store, err);
}

zagg_status zagg_zarr_create(zagg_sink *store, const zagg_zarr_template *t,
                             bool overwrite, zagg_err *err)
{
    template_docs d = {store, t, NULL, 0, false};
    const zagg_status status = create(&d, overwrite, err);
    docs_free(&d);
    return status;
}

zagg_status zagg_zarr_resume(zagg_sink *store, const zagg_zarr_template *t, zagg_err *err)
{
    template_docs d = {store, t, NULL, 0, true};
    const zagg_status status = create(&d, false, err);
    docs_free(&d);
    return status;
}

zagg_status zagg_zarr_check(zagg_sink *store, const zagg_zarr_template *t, bool overwrite,
                            bool resume, bool *there, zagg_err *err)
{
    *there = false;
    template_docs d = {store, t, NULL, 0, resume};
    bool root_there = false;
    zagg_status status = docs_make(&d, err);
    if (status == ZAGG_OK)
        status = check_root(store, &root_there, err);
    if (status == ZAGG_OK && !overwrite)
        status = compare_group(&d, there, err);
    docs_free(&d);
    return status;
}
