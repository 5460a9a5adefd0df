/* One leaf of a hive, from its first chunk to its stamp.
 *
 * A leaf is complete when its root document, which carries the commit stamp, is there: it
 * goes first when a leaf is written again, and comes last. Whatever lies below a leaf
 * without it is debris of a write that was cut short, and is removed by the next one. */
#include "core/hive.h"
#include "io/sink.h"

#include <stdio.h>
#include <string.h>

struct zg_hive_leaf {
    const zagg_store_plan *plan;
    zagg_sink *store;
    zagg_shard shard;
    zg_hive_path path;
    char group[ZG_HIVE_PATH_BYTES + 8];
    uint64_t next_chunk;
    zg_hive_cells cells;
    zg_hive_hashes *hashes;
    double hash_s;
};

zagg_status zg_hive_path_of(uint64_t shard_key, zg_hive_path *out, zagg_err *err)
{
    char *p = out->folder;
    ZAGG_TRY(zagg_word_decimal(shard_key, out->id, err));
    const char *digit = out->id;
    if (*digit == '-')
        *p++ = *digit++;
    for (; *digit != '\0'; digit++) {
        *p++ = *digit;
        *p++ = '/';
    }
    *p = '\0';
    const int len =
        snprintf(out->leaf, sizeof out->leaf, "%s%s.zarr", out->folder, out->id);
    if (len < 0 || (size_t)len >= sizeof out->leaf)
        return zagg_err_set(err, ZAGG_EINTERNAL, "the path of leaf %s is too long",
                            out->id);
    return ZAGG_OK;
}

zagg_status zg_hive_put_text(zagg_sink *store, const char *folder, const char *name,
                             zg_str *text, zagg_err *err)
{
    char key[2 * ZG_HIVE_PATH_BYTES];
    (void)snprintf(key, sizeof key, "%s%s", folder, name);
    zagg_status status;
    if (text->failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for %s", key);
    else if (folder[0] == '\0') /* all leaves need what lies at the root */
        status = zagg_sink_put_whole(store, key, text->data, text->len, err);
    else
        status = zagg_sink_put(store, key, text->data, text->len, err);
    zg_str_free(text);
    return status;
}

/* ---- beginning ---- */

/* The root document of a leaf that upstream wrote may name a version below it: writing
 * over that would take the versions away from under it. */
static zagg_status check_stored(const zg_hive_leaf *leaf, const char *key, bool *there,
                                zagg_err *err)
{
    void *data = NULL;
    size_t len = 0;
    zagg_arena *arena = NULL;
    const zagg_value *doc = NULL;
    zagg_status status =
        zagg_sink_get(leaf->store, key, ZG_HIVE_MAX_DOC_BYTES, &data, &len, err);
    *there = status == ZAGG_OK;
    if (status == ZAGG_ENOTFOUND)
        return ZAGG_OK;
    ZAGG_TRY(status);
    status = zagg_arena_new(0, &arena, err);
    /* what is no JSON is no stamp */
    if (status == ZAGG_OK &&
        zagg_json_parse(arena, data, len, key, &doc, NULL) == ZAGG_OK) {
        const zagg_value *stamp =
            zagg_value_get(zagg_value_get(doc, "attributes"), ZG_HIVE_STAMP);
        if (zagg_value_truthy(zagg_value_get(stamp, "current")))
            status = zagg_err_set(err, ZAGG_EEXISTS,
                                  "store %s: %s is a versioned leaf, which zagg does not "
                                  "write over; remove the folder or name another store",
                                  zagg_sink_name(leaf->store), leaf->path.leaf);
    }
    zagg_arena_free(arena);
    zagg_bytes_free(data);
    return status;
}

/* Records of an earlier leaf must not stand beside another one. */
static zagg_status remove_records(const zg_hive_leaf *leaf, zagg_err *err)
{
    static const char *const NAMES[] = {"granules.json", "stats.json", "shardmap.json"};
    char key[2 * ZG_HIVE_PATH_BYTES];
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        (void)snprintf(key, sizeof key, "%s%s", leaf->path.folder, NAMES[i]);
        ZAGG_TRY(zagg_sink_delete(leaf->store, key, err));
    }
    return ZAGG_OK;
}

static zagg_status remove_stored(const zg_hive_leaf *leaf, zagg_err *err)
{
    char key[2 * ZG_HIVE_PATH_BYTES];
    bool there = false;
    (void)snprintf(key, sizeof key, "%s/zarr.json", leaf->path.leaf);
    ZAGG_TRY(check_stored(leaf, key, &there, err));
    if (there)
        ZAGG_TRY(zagg_sink_delete(leaf->store, key, err));
    (void)snprintf(key, sizeof key, "%s/", leaf->path.leaf);
    ZAGG_TRY(zagg_sink_delete_prefix(leaf->store, key, err));
    return remove_records(leaf, err);
}

zagg_status zg_hive_leaf_erase(const zagg_store_plan *plan, zagg_sink *store,
                               const zagg_shard *shard, zagg_err *err)
{
    zg_hive_leaf leaf = {.plan = plan, .store = store, .shard = *shard};
    ZAGG_TRY(zg_hive_path_of(shard->key, &leaf.path, err));
    return remove_stored(&leaf, err);
}

static zagg_status put_documents(const zg_hive_leaf *leaf, zagg_err *err)
{
    const zagg_store_plan *plan = leaf->plan;
    char key[3 * ZG_HIVE_PATH_BYTES];
    for (size_t i = 0; i < plan->n_documents; i++) {
        const zg_store_document *d = &plan->documents[i];
        const int len = snprintf(key, sizeof key, "%s/%s%szarr.json", leaf->group,
                                 d->name, d->name[0] != '\0' ? "/" : "");
        if (len < 0 || (size_t)len >= sizeof key)
            return zagg_err_set(err, ZAGG_ERANGE, "the name of array '%s' is too long",
                                d->name);
        ZAGG_TRY(zagg_sink_put(leaf->store, key, d->text, d->len, err));
    }
    return ZAGG_OK;
}

zagg_status zg_hive_leaf_begin(const zagg_store_plan *plan, zagg_sink *store,
                               const zagg_shard *shard, zg_hive_leaf **out, zagg_err *err)
{
    zg_hive_leaf *leaf = zg_alloc(1, sizeof *leaf);
    if (leaf == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a leaf");
    leaf->plan = plan;
    leaf->store = store;
    leaf->shard = *shard;
    zagg_status status = zg_hive_path_of(shard->key, &leaf->path, err);
    (void)snprintf(leaf->group, sizeof leaf->group, "%s/%s", leaf->path.leaf,
                   plan->tmpl.group);
    if (status == ZAGG_OK)
        status = zg_hive_cells_new(plan->info, &leaf->cells, err);
    if (status == ZAGG_OK)
        status = zg_hive_hashes_new(plan, &leaf->hashes, err);
    if (status == ZAGG_OK)
        status = remove_stored(leaf, err);
    if (status == ZAGG_OK)
        status = put_documents(leaf, err);
    if (status != ZAGG_OK) {
        zg_hive_leaf_free(leaf);
        return status;
    }
    *out = leaf;
    return ZAGG_OK;
}

void zg_hive_leaf_free(zg_hive_leaf *leaf)
{
    if (leaf == NULL)
        return;
    zg_hive_cells_free(&leaf->cells);
    zg_hive_hashes_free(leaf->hashes);
    zg_free(leaf);
}

const char *zg_hive_leaf_group(const zg_hive_leaf *leaf)
{
    return leaf->group;
}

/* ---- filling ---- */

zagg_status zg_hive_leaf_chunk(zg_hive_leaf *leaf, const zagg_carrier *carrier,
                               zagg_err *err)
{
    const zagg_grid_info *info = leaf->plan->info;
    if (carrier->chunk != leaf->next_chunk || carrier->n_cells != info->cells_per_chunk)
        return zagg_err_set(
            err, ZAGG_EARG, "shard %s: chunk %llu came where %llu was due", leaf->path.id,
            (unsigned long long)carrier->chunk, (unsigned long long)leaf->next_chunk);
    if (carrier->occupied == NULL)
        return zagg_err_set(err, ZAGG_EARG,
                            "shard %s: a carrier does not say which cells hold rows, as "
                            "the coverage of a leaf needs it",
                            leaf->path.id);
    zg_hive_cells_set(&leaf->cells, carrier->chunk * info->cells_per_chunk,
                      carrier->occupied, carrier->n_cells);
    leaf->next_chunk++;
    return ZAGG_OK;
}

void zg_hive_leaf_column(zg_hive_leaf *leaf, size_t array, const zg_store_cells *cells)
{
    const double start = zg_clock_mono_s();
    zg_hive_hash_cells(leaf->hashes, array, cells);
    leaf->hash_s += zg_clock_mono_s() - start;
}

const zg_sha256_stream *zg_hive_leaf_hash(const zg_hive_leaf *leaf, size_t array)
{
    return zg_hive_hash_of(leaf->hashes, array);
}

/* ---- the end ---- */

static zagg_status stamp_text(const zg_hive_leaf *leaf, const zagg_store_origin *origin,
                              size_t bitmap_bytes, const char *written_at, zg_str *text,
                              zagg_err *err)
{
    zg_json_out w;
    zg_json_begin(&w, text, -1);
    zg_json_open_map(&w);
    zg_json_key(&w, ZG_HIVE_STAMP);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "spec", ZG_HIVE_SPEC);
    zg_json_key(&w, "complete");
    zg_json_bool(&w, true);
    zg_json_put_u64(&w, "cells_with_data", leaf->cells.n_set);
    zg_json_put_u64(&w, "granule_count", origin->result->granule_count);
    zg_json_put_str(&w, "written_at", written_at);
    zg_json_key(&w, "coverage");
    ZAGG_TRY(zg_hive_put_coverage(&w, &leaf->cells, &leaf->shard, &leaf->path,
                                  bitmap_bytes, err));
    zg_json_key(&w, "content_hashes");
    zg_hive_put_hashes(&w, leaf->hashes);
    zg_json_close_map(&w);
    zg_json_close_map(&w);
    return ZAGG_OK;
}

static zagg_status put_stamp(const zg_hive_leaf *leaf, const zagg_store_origin *origin,
                             size_t bitmap_bytes, const char *written_at, zagg_err *err)
{
    char key[2 * ZG_HIVE_PATH_BYTES];
    char *document = NULL;
    size_t len = 0;
    zg_str text;
    zg_str_init(&text, ZG_HIVE_MAX_DOC_BYTES);
    zagg_status status = stamp_text(leaf, origin, bitmap_bytes, written_at, &text, err);
    if (status == ZAGG_OK && text.failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for the stamp of a leaf");
    if (status == ZAGG_OK)
        status = zagg_zarr_group_json(text.data, &document, &len, err);
    zg_str_free(&text);
    if (status != ZAGG_OK)
        return status;
    (void)snprintf(key, sizeof key, "%s/zarr.json", leaf->path.leaf);
    zg_sink_fence(leaf->store); /* it says that all of the leaf is there */
    status = zagg_sink_put(leaf->store, key, document, len, err);
    zagg_bytes_free(document);
    return status;
}

zagg_status zg_hive_leaf_finish(zg_hive_leaf *leaf, const zagg_store_origin *origin,
                                double write_s, zagg_err *err)
{
    const double start = zg_clock_mono_s();
    char written_at[26];
    size_t bitmap_bytes = 0;
    if (leaf->next_chunk != leaf->plan->info->chunks_per_shard)
        return zagg_err_set(err, ZAGG_EARG, "shard %s: %llu of %llu chunks came",
                            leaf->path.id, (unsigned long long)leaf->next_chunk,
                            (unsigned long long)leaf->plan->info->chunks_per_shard);
    ZAGG_TRY(zg_hive_hashes_end(leaf->hashes, err));
    leaf->hash_s += zg_clock_mono_s() - start;
    zg_clock_utc_offset(written_at);
    ZAGG_TRY(
        zg_hive_put_bitmap(&leaf->cells, leaf->store, &leaf->path, &bitmap_bytes, err));
    ZAGG_TRY(put_stamp(leaf, origin, bitmap_bytes, written_at, err));
    const zg_hive_figures figures = {leaf->hash_s,
                                     write_s + zg_clock_mono_s() - start - leaf->hash_s,
                                     leaf->hashes, written_at};
    return zg_hive_put_records(leaf->plan, leaf->store, &leaf->path, origin, &figures,
                               err);
}
