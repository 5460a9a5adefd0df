/* Flat stores: every group below the root with its arrays over the whole grid, and which
 * of its shards have objects. */
#include "store/store.h"
#include "zarr/csr.h"

#include <stdlib.h>
#include <string.h>

/* Shards found so far, as their index along each axis. */
typedef struct block {
    uint64_t at[2];
} block;

typedef struct block_list {
    const zagg_store_grid *grid;
    const zagg_store_field_info *field;
    size_t prefix_len; /* of "19/count/c/" */
    zg_vec blocks;
} block_list;

static zagg_status add_block(block_list *list, const block *b, zagg_err *err)
{
    const size_t n = list->blocks.len;
    for (unsigned d = 0; d < list->grid->rank; d++)
        if (b->at[d] >= list->grid->shape[d] / list->grid->shard_shape[d])
            return ZAGG_OK; /* an object outside the grid: no shard of it */
    if (n > 0 && memcmp(ZG_VEC_AT(&list->blocks, block, n - 1), b, sizeof *b) == 0)
        return ZAGG_OK; /* the chunks of a shard come one after the other, mostly */
    block *added = zg_vec_push(&list->blocks);
    if (added == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the shards of a store");
    *added = *b;
    return ZAGG_OK;
}

/* The first numbers of an object's key, one an axis of the cells. */
static bool parse_numbers(const char *text, unsigned n, uint64_t *out)
{
    for (unsigned d = 0; d < n; d++) {
        uint64_t v = 0;
        const char *at = text;
        for (; *at >= '0' && *at <= '9'; at++)
            if (!zg_mul_u64(v, 10, &v) || !zg_add_u64(v, (uint64_t)(*at - '0'), &v))
                return false;
        if (at == text || (*at != '/' && *at != '\0'))
            return false;
        out[d] = v;
        text = *at == '/' ? at + 1 : at;
    }
    return true;
}

/* Cells of one object along axis d: objects of companions stand for chunks. */
static uint64_t object_cells(const block_list *list, unsigned d)
{
    const zagg_zarr_array *a = list->field->array;
    const uint64_t extent = a->sharded ? a->shard[d] : a->chunk[d];
    return list->field->kind == ZAGG_STORE_COMPANION ? extent * list->grid->chunk_shape[d]
                                                     : extent;
}

static zagg_status add_object(void *user, const char *key, uint64_t size, zagg_err *err)
{
    block_list *list = user;
    uint64_t index[2] = {0, 0};
    block b = {{0, 0}};
    (void)size;
    if (strlen(key) < list->prefix_len ||
        !parse_numbers(key + list->prefix_len, list->grid->rank, index))
        return ZAGG_OK;
    for (unsigned d = 0; d < list->grid->rank; d++) {
        if (!zg_mul_u64(index[d], object_cells(list, d), &b.at[d]))
            return ZAGG_OK;
        b.at[d] /= list->grid->shard_shape[d];
    }
    return add_block(list, &b, err);
}

/* Index of the chunk that a CSR key names. With one chunk a shard upstream takes the
 * shard's morton word, which is larger than any nested id of orders up to 27. */
bool zg_store_csr_chunk(const zagg_store_grid *g, uint64_t key, uint64_t index[2])
{
    index[1] = 0;
    if (g->kind == ZAGG_GRID_HEALPIX) {
        const bool word = key >> 60 != 0;
        if (word && (!zagg_word_valid(key) || zagg_word_order(key) != g->chunk_order))
            return false;
        index[0] = word ? zagg_word_nested(key) : key;
        return index[0] < g->shape[0] / g->chunk_shape[0];
    }
    const uint64_t columns = g->shape[1] / g->chunk_shape[1];
    index[0] = key / columns;
    index[1] = key % columns;
    return index[0] < g->shape[0] / g->chunk_shape[0];
}

static zagg_status add_csr_blocks(zagg_store *s, const char *path, block_list *list,
                                  zagg_err *err)
{
    zg_vec keys;
    ZAGG_TRY(zg_zarr_csr_keys(s->sink, path, &keys, err));
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; i < keys.len && status == ZAGG_OK; i++) {
        block b = {{0, 0}};
        if (!zg_store_csr_chunk(list->grid, *ZG_VEC_AT(&keys, uint64_t, i), b.at))
            continue;
        for (unsigned d = 0; d < list->grid->rank; d++)
            b.at[d] = b.at[d] * list->grid->chunk_shape[d] / list->grid->shard_shape[d];
        status = add_block(list, &b, err);
    }
    zg_vec_free(&keys);
    return status;
}

/* Layers over cells have the layer in front of their keys: they say nothing here. */
static zagg_status add_field_blocks(zagg_store *s, const char *group, block_list *list,
                                    zagg_err *err)
{
    const zagg_store_field_info *f = list->field;
    const char *path = NULL;
    if (f->kind == ZAGG_STORE_AXIS || f->kind == ZAGG_STORE_MAPPING ||
        f->kind == ZAGG_STORE_OTHER || f->kind == ZAGG_STORE_SERIES)
        return ZAGG_OK;
    if (f->array->kind == ZAGG_ZARR_CSR) {
        ZAGG_TRY(zg_store_text(s, &path, err, "%s/%s", group, f->name));
        return add_csr_blocks(s, path, list, err);
    }
    ZAGG_TRY(zg_store_text(s, &path, err, "%s/%s/c/", group, f->name));
    list->prefix_len = strlen(path);
    return zagg_sink_list(s->sink, path, add_object, list, err);
}

static int by_block(const void *a, const void *b)
{
    const block *x = a, *y = b;
    for (unsigned d = 0; d < 2; d++)
        if (x->at[d] != y->at[d])
            return x->at[d] < y->at[d] ? -1 : 1;
    return 0;
}

static zagg_status make_shards(zagg_store *s, zagg_store_group *group, zg_vec *blocks,
                               zagg_err *err)
{
    zagg_store_shard *shards = NULL;
    size_t n = 0;
    if (blocks->len > 1)
        qsort(blocks->data, blocks->len, sizeof(block), by_block);
    ZAGG_TRY(zg_store_alloc(s, blocks->len, sizeof *shards, &shards, err));
    for (size_t i = 0; i < blocks->len; i++) {
        const block *b = ZG_VEC_AT(blocks, block, i);
        char label[40];
        if (i > 0 && by_block(b, b - 1) == 0)
            continue;
        zagg_store_shard *shard = &shards[n++];
        *shard =
            (zagg_store_shard){.block = {b->at[0], b->at[1]}, .leaf = "", .path = ""};
        zg_store_shard_name(&group->grid, shard, label);
        ZAGG_TRY(zg_store_text(s, &shard->label, err, "%s", label));
    }
    group->shards = shards;
    group->n_shards = n;
    return ZAGG_OK;
}

static zagg_status find_shards(zagg_store *s, zagg_store_group *group, zagg_err *err)
{
    block_list list = {.grid = &group->grid};
    zg_vec_init(&list.blocks, sizeof(block), 0);
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; i < group->n_fields && status == ZAGG_OK; i++) {
        list.field = &group->fields[i];
        status = add_field_blocks(s, group->name, &list, err);
    }
    if (status == ZAGG_OK)
        status = make_shards(s, group, &list.blocks, err);
    zg_vec_free(&list.blocks);
    return status;
}

/* *found is false for a folder without a document. */
static zagg_status open_group(zagg_store *s, const char *name, zagg_store_group *out,
                              bool *found, zagg_err *err)
{
    const zagg_value *doc = NULL;
    ZAGG_TRY(zg_store_doc(s, name, "zarr.json", &doc, err));
    *found = doc != NULL;
    if (doc == NULL)
        return ZAGG_OK;
    if (!zg_zarr_is_node(doc, "group"))
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%s is no Zarr v3 group, so this is no flat store", name);
    *out = (zagg_store_group){.name = name,
                              .attributes = zagg_value_get_set(doc, "attributes")};
    ZAGG_TRY(zg_store_read_members(s, name, true, out, err));
    ZAGG_TRY(zg_store_read_grid(s, name, -1, out, err));
    ZAGG_TRY(zg_store_classify(s, out, false, err));
    return out->has_grid ? find_shards(s, out, err) : ZAGG_OK;
}

zagg_status zg_store_open_flat(zagg_store *s, zagg_err *err)
{
    const char **names = NULL;
    size_t n = 0;
    ZAGG_TRY(zg_store_folders(s, "", &names, &n, err));
    ZAGG_TRY(zg_store_alloc(s, n, sizeof *s->groups, &s->groups, err));
    for (size_t i = 0; i < n; i++) {
        bool found = false;
        ZAGG_TRY(open_group(s, names[i], &s->groups[s->n_groups], &found, err));
        s->n_groups += found;
    }
    return ZAGG_OK;
}
