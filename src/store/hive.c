/* Morton hives: the manifest, the tree of digits, the leaves in it and their commit
 * stamps. A leaf's arrays lie in it, or in the version that its stamp names as current.
 */
#include "store/store.h"
#include "zarr/layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct walk {
    zagg_store *s;
    unsigned shard_order, cell_order, grouping;
    zg_vec shards; /* zagg_store_shard */
    zg_vec debris; /* zagg_store_debris */
} walk;

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the leaves of a store");
}

/* ---- paths ---- */

/* Length of the base cell's part of an id: "-3" or "3". */
static size_t base_len(const char *id)
{
    return id[0] == '-' ? 2 : 1;
}

bool zg_store_leaf_path(const char *id, unsigned grouping, const char *window,
                        char out[ZG_STORE_MAX_PATH])
{
    const size_t n = strlen(id), base = base_len(id);
    zg_str path;
    zg_str_init(&path, ZG_STORE_MAX_PATH);
    zg_str_addn(&path, id, base);
    for (size_t at = base; at < n; at += grouping) {
        zg_str_addc(&path, '/');
        zg_str_addn(&path, id + at, n - at < grouping ? n - at : grouping);
    }
    zg_str_addf(&path, "/%s%s%s.zarr", id, window != NULL ? "_" : "",
                window != NULL ? window : "");
    const bool fits = !path.failed && path.len < ZG_STORE_MAX_PATH;
    if (fits)
        memcpy(out, path.data, path.len + 1);
    zg_str_free(&path);
    return fits;
}

/* Digits of the tree's folders: "3" or "-3" at the top, 1 to 4 below. */
static bool is_digits(const char *name, bool top)
{
    if (top) {
        name += name[0] == '-';
        return name[0] >= '1' && name[0] <= '6' && name[1] == '\0';
    }
    const char *at = name;
    while (*at >= '1' && *at <= '4')
        at++;
    return at != name && *at == '\0';
}

/* Folders of zarr stores that are no leaves: overviews and columns of the pyramid. */
static bool is_derived(const char *name)
{
    const size_t len = strlen(name);
    static const char TAIL[] = ".pyramid.zarr";
    return strcmp(name, "all.zarr") == 0 ||
           (len >= sizeof TAIL - 1 && strcmp(name + len - (sizeof TAIL - 1), TAIL) == 0);
}

/* ---- leaves ---- */

static zagg_status add_debris(walk *w, const char *path, const char *why, zagg_err *err)
{
    zagg_store_debris *d = zg_vec_push(&w->debris);
    if (d == NULL)
        return no_memory(err);
    d->path = path;
    d->why = zagg_arena_strndup(w->s->arena, why, strlen(why));
    return d->why == NULL ? no_memory(err) : ZAGG_OK;
}

/* The version that holds the arrays: a name, never a path out of the leaf. */
static bool version_ok(const zagg_value *current)
{
    return current->kind == ZAGG_STR && strncmp(current->str, "run-", 4) == 0 &&
           strlen(current->str) == current->str_len &&
           strchr(current->str, '/') == NULL && current->str_len < 256;
}

static zagg_status set_path(zagg_store *s, zagg_store_shard *shard, const char **why,
                            zagg_err *err)
{
    const zagg_value *current = zagg_value_get_set(shard->stamp, "current");
    *why = NULL;
    shard->path = shard->leaf;
    if (current == NULL)
        return ZAGG_OK;
    if (!version_ok(current)) {
        *why = "its stamp's current is not the name of a version (run-...)";
        return ZAGG_OK;
    }
    return zg_store_text(s, &shard->path, err, "%s%s%s", shard->leaf,
                         shard->leaf[0] != '\0' ? "/" : "", current->str);
}

/* Read the stamp of a leaf; *why says what is wrong with it. */
static zagg_status read_stamp(zagg_store *s, zagg_store_shard *shard, const char **why,
                              zagg_err *reason, zagg_err *err)
{
    const zagg_value *doc = NULL;
    zagg_status status = zg_store_doc(s, shard->leaf, "zarr.json", &doc, reason);
    *why = NULL;
    if (status == ZAGG_EFORMAT || status == ZAGG_ERANGE) {
        *why = reason->msg;
        return ZAGG_OK;
    }
    if (status != ZAGG_OK)
        return zagg_err_set(err, status, "%s", reason->msg);
    if (doc == NULL) {
        *why = "unfinished: it has no zarr.json";
        return ZAGG_OK;
    }
    const zagg_value *stamp =
        zagg_value_get_set(zagg_value_get(doc, "attributes"), "morton_hive_commit");
    if (!zg_zarr_is_node(doc, "group"))
        *why = "its zarr.json is not that of a Zarr v3 group";
    else if (stamp == NULL)
        *why = "unfinished: its zarr.json has no commit stamp";
    else if (stamp->kind != ZAGG_MAP)
        *why = "its commit stamp is no object";
    if (*why != NULL)
        return ZAGG_OK;
    shard->stamp = stamp;
    return set_path(s, shard, why, err);
}

/* Split "ID_WINDOW.zarr" and hold it against the folder it lies in. */
static zagg_status parse_name(walk *w, const char *leaf, zagg_store_shard *shard,
                              const char **why, zagg_err *err)
{
    char expected[ZG_STORE_MAX_PATH];
    const char *slash = strrchr(leaf, '/');
    const char *name = slash != NULL ? slash + 1 : leaf;
    const size_t len = strlen(name) - strlen(".zarr");
    const char *mark = memchr(name, '_', len);
    const size_t id_len = mark != NULL ? (size_t)(mark - name) : len;
    uint64_t word = 0;
    *why = NULL;
    if (mark != NULL)
        ZAGG_TRY(zg_store_text(w->s, &shard->window, err, "%.*s", (int)(len - id_len - 1),
                               mark + 1));
    ZAGG_TRY(zg_store_text(w->s, &shard->label, err, "%.*s", (int)id_len, name));
    if (zagg_word_parse_decimal(name, id_len, &word, NULL) != ZAGG_OK ||
        zagg_word_is_point(word) || zagg_word_order(word) != w->shard_order)
        *why = "its name is no morton id of the shard order";
    else if (!zg_store_leaf_path(shard->label, w->grouping, shard->window, expected) ||
             strcmp(expected, leaf) != 0)
        *why = "its folder is not that of its id";
    shard->key = word;
    shard->block[0] = *why == NULL ? zagg_word_nested(word) : 0;
    return ZAGG_OK;
}

static zagg_status add_leaf(walk *w, const char *path, zagg_err *err)
{
    zagg_store_shard shard = {.leaf = path};
    zagg_err reason = ZAGG_ERR_INIT;
    const char *why = NULL;
    ZAGG_TRY(parse_name(w, path, &shard, &why, err));
    if (why == NULL)
        ZAGG_TRY(read_stamp(w->s, &shard, &why, &reason, err));
    if (why != NULL)
        return add_debris(w, path, why, err);
    zagg_store_shard *added = zg_vec_push(&w->shards);
    if (added == NULL)
        return no_memory(err);
    *added = shard;
    return ZAGG_OK;
}

/* Folders of digits, down to the shard order. */
static zagg_status walk_folder(walk *w, const char *folder, unsigned depth, zagg_err *err)
{
    const char *prefix = NULL, **names = NULL;
    size_t n = 0;
    ZAGG_TRY(
        zg_store_text(w->s, &prefix, err, "%s%s", folder, folder[0] != '\0' ? "/" : ""));
    ZAGG_TRY(zg_store_folders(w->s, prefix, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        const size_t len = strlen(names[i]);
        const bool zarr = len > 5 && strcmp(names[i] + len - 5, ".zarr") == 0;
        const char *path = NULL;
        if (!(zarr && depth > 0 && !is_derived(names[i])) &&
            !(is_digits(names[i], depth == 0) && depth <= w->shard_order))
            continue;
        ZAGG_TRY(zg_store_text(w->s, &path, err, "%s%s", prefix, names[i]));
        ZAGG_TRY(zarr ? add_leaf(w, path, err) : walk_folder(w, path, depth + 1, err));
    }
    return ZAGG_OK;
}

static int by_block(const void *a, const void *b)
{
    const zagg_store_shard *x = a, *y = b;
    if (x->block[0] != y->block[0])
        return x->block[0] < y->block[0] ? -1 : 1;
    return strcmp(x->window != NULL ? x->window : "", y->window != NULL ? y->window : "");
}

/* ---- the group ---- */

/* Describe the group by the arrays of one leaf. */
static zagg_status describe(zagg_store *s, const zagg_store_shard *shard,
                            unsigned shard_order, zagg_store_group *group, zagg_err *err)
{
    const zagg_value *doc = NULL;
    const char *path = NULL;
    zagg_store_group found = *group;
    ZAGG_TRY(zg_store_text(s, &path, err, "%s%s%s", shard->path,
                           shard->path[0] != '\0' ? "/" : "", group->name));
    ZAGG_TRY(zg_store_doc(s, path, "zarr.json", &doc, err));
    if (!zg_zarr_is_node(doc, "group"))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s/zarr.json is not that of a Zarr v3 group", path);
    found.attributes = zagg_value_get_set(doc, "attributes");
    ZAGG_TRY(zg_store_read_members(s, path, false, &found, err));
    ZAGG_TRY(zg_store_read_grid(s, path, (int)shard_order, &found, err));
    char cell_order[8];
    (void)snprintf(cell_order, sizeof cell_order, "%u", found.grid.cell_order);
    if (strcmp(cell_order, group->name) != 0)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s/zarr.json: dggs.refinement_level is %u", path,
                            found.grid.cell_order);
    ZAGG_TRY(zg_store_classify(s, &found, true, err));
    *group = found;
    return ZAGG_OK;
}

/* A hive without leaves has a grid all the same, but no fields. */
static void grid_of_manifest(const walk *w, zagg_store_group *group)
{
    zagg_store_grid *g = &group->grid;
    *g = (zagg_store_grid){.kind = ZAGG_GRID_HEALPIX,
                           .rank = 1,
                           .shard_order = w->shard_order,
                           .chunk_order = w->shard_order,
                           .cell_order = w->cell_order,
                           .latitude = ZAGG_LATITUDE_GEODETIC};
    g->shape[0] = (uint64_t)12 << (2 * w->cell_order);
    g->shard_shape[0] = (uint64_t)1 << (2 * (w->cell_order - w->shard_order));
    g->chunk_shape[0] = g->cells_per_chunk = g->cells_per_shard = g->shard_shape[0];
    g->chunks_per_shard = 1;
    group->has_grid = true;
}

/* The first leaf that can be read describes the group; what is wrong with those before
 * it comes up where they are read. */
static zagg_status make_group(walk *w, zagg_err *err)
{
    zagg_store *s = w->s;
    zagg_store_group *group = NULL;
    zagg_store_shard *shards = NULL;
    zagg_store_debris *debris = NULL;
    if (w->shards.len > 1)
        qsort(w->shards.data, w->shards.len, sizeof *shards, by_block);
    ZAGG_TRY(zg_store_alloc(s, 1, sizeof *group, &group, err));
    ZAGG_TRY(zg_store_alloc(s, w->shards.len, sizeof *shards, &shards, err));
    ZAGG_TRY(zg_store_alloc(s, w->debris.len, sizeof *debris, &debris, err));
    ZAGG_TRY(zg_store_text(s, &group->name, err, "%u", w->cell_order));
    if (w->shards.len > 0)
        memcpy(shards, w->shards.data, w->shards.len * sizeof *shards);
    if (w->debris.len > 0)
        memcpy(debris, w->debris.data, w->debris.len * sizeof *debris);
    group->shards = shards;
    group->n_shards = w->shards.len;
    group->debris = debris;
    group->n_debris = w->debris.len;
    grid_of_manifest(w, group);
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; i < group->n_shards; i++) {
        status = describe(s, &shards[i], w->shard_order, group, err);
        if (status == ZAGG_OK || (status != ZAGG_EFORMAT && status != ZAGG_EUNSUPPORTED))
            break;
    }
    s->groups = group;
    s->n_groups = status == ZAGG_OK ? 1 : 0;
    return status;
}

/* ---- opening ---- */

static zagg_status read_order(const zagg_value *manifest, const char *key, unsigned *out,
                              zagg_err *err)
{
    uint64_t order = 0;
    if (!zagg_value_u64(zagg_value_get(manifest, key), &order) ||
        order > ZAGG_GEO_MAX_ORDER)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "morton_hive.json: %s is no order from 0 to %d", key,
                            ZAGG_GEO_MAX_ORDER);
    *out = (unsigned)order;
    return ZAGG_OK;
}

static zagg_status read_manifest(walk *w, zagg_err *err)
{
    const zagg_value *m = w->s->manifest, *spec = zagg_value_get(m, "spec");
    const zagg_value *grouping = zagg_value_get_set(m, "path_grouping");
    uint64_t group = 1;
    if (!zagg_value_is(spec, "morton-hive/1") && !zagg_value_is(spec, "morton-hive/2"))
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "morton_hive.json: spec is neither morton-hive/1 nor "
                            "morton-hive/2");
    ZAGG_TRY(read_order(m, "shard_order", &w->shard_order, err));
    ZAGG_TRY(read_order(m, "cell_order", &w->cell_order, err));
    if (w->cell_order < w->shard_order)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "morton_hive.json: cells of order %u do not lie in shards of "
                            "order %u",
                            w->cell_order, w->shard_order);
    if (grouping != NULL &&
        (!zagg_value_u64(grouping, &group) || group < 1 || group > ZAGG_GEO_MAX_ORDER))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "morton_hive.json: path_grouping is no number of digits");
    w->grouping = (unsigned)group;
    return ZAGG_OK;
}

static void walk_free(walk *w)
{
    zg_vec_free(&w->shards);
    zg_vec_free(&w->debris);
}

zagg_status zg_store_open_hive(zagg_store *s, zagg_err *err)
{
    walk w = {.s = s};
    zg_vec_init(&w.shards, sizeof(zagg_store_shard), 0);
    zg_vec_init(&w.debris, sizeof(zagg_store_debris), 0);
    zagg_status status = read_manifest(&w, err);
    if (status == ZAGG_OK)
        status = walk_folder(&w, "", 0, err);
    if (status == ZAGG_OK)
        status = make_group(&w, err);
    walk_free(&w);
    return status;
}

/* The group of a leaf is the one with the finest cells; it holds no other. */
static zagg_status find_cell_order(walk *w, const zagg_store_shard *shard, zagg_err *err)
{
    const char *prefix = NULL, **names = NULL;
    size_t n = 0;
    bool found = false;
    ZAGG_TRY(zg_store_text(w->s, &prefix, err, "%s%s", shard->path,
                           shard->path[0] != '\0' ? "/" : ""));
    ZAGG_TRY(zg_store_folders(w->s, prefix, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        char *end = NULL;
        const unsigned long order = strtoul(names[i], &end, 10);
        if (names[i][0] < '0' || names[i][0] > '9' || *end != '\0' ||
            order > ZAGG_GEO_MAX_ORDER || order < w->shard_order)
            continue;
        w->cell_order = !found || order > w->cell_order ? (unsigned)order : w->cell_order;
        found = true;
    }
    return found ? ZAGG_OK
                 : zagg_err_set(err, ZAGG_EFORMAT, "the leaf has no group of cells");
}

zagg_status zg_store_open_leaf(zagg_store *s, const char *name, uint64_t id,
                               const zagg_value *root, zagg_err *err)
{
    walk w = {.s = s, .shard_order = zagg_word_order(id), .grouping = 1};
    zagg_store_shard shard = {
        .key = id, .block = {zagg_word_nested(id), 0}, .leaf = "", .path = ""};
    const char *why = NULL, *mark = strchr(name, '_');
    char label[33] = "";
    zg_vec_init(&w.shards, sizeof(zagg_store_shard), 0);
    zg_vec_init(&w.debris, sizeof(zagg_store_debris), 0);
    shard.stamp =
        zagg_value_get_set(zagg_value_get(root, "attributes"), "morton_hive_commit");
    zagg_status status = zagg_word_decimal(id, label, err);
    if (status == ZAGG_OK)
        status = zg_store_text(s, &shard.label, err, "%s", label);
    if (status == ZAGG_OK && mark != NULL)
        status = zg_store_text(s, &shard.window, err, "%.*s",
                               (int)(strlen(mark + 1) - strlen(".zarr")), mark + 1);
    if (status == ZAGG_OK)
        status = set_path(s, &shard, &why, err);
    if (status == ZAGG_OK && why != NULL)
        status = zagg_err_set(err, ZAGG_EFORMAT, "zarr.json: %s", why);
    if (status == ZAGG_OK)
        status = find_cell_order(&w, &shard, err);
    if (status == ZAGG_OK && !zg_vec_append(&w.shards, &shard, 1))
        status = no_memory(err);
    if (status == ZAGG_OK)
        status = make_group(&w, err);
    walk_free(&w);
    return status;
}
