/* The documents next to a leaf: which granules it was made of, what its shard's run
 * counted, and its part of the shard map. */
#include "store/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* "FOLDER/stats.json", of a windowed leaf "FOLDER/stats_WINDOW.json". */
static zagg_status sidecar_key(const zagg_store_shard *shard, const char *name,
                               char out[ZG_STORE_MAX_PATH], zagg_err *err)
{
    const char *slash = strrchr(shard->leaf, '/');
    const int folder = slash != NULL ? (int)(slash - shard->leaf + 1) : 0;
    const int len = snprintf(out, ZG_STORE_MAX_PATH, "%.*s%s%s%s.json", folder,
                             shard->leaf, name, shard->window != NULL ? "_" : "",
                             shard->window != NULL ? shard->window : "");
    return len < 0 || len >= ZG_STORE_MAX_PATH
               ? zagg_err_set(err, ZAGG_ERANGE, "path of shard %s is too long",
                              shard->label)
               : ZAGG_OK;
}

static zagg_status wrong(zg_verifier *v, const char *key, const char *what, zagg_err *err)
{
    return zg_find(v, ZAGG_FINDING_PROBLEM, err, key, "%s", what);
}

/* Does a member, where it is set on both sides, equal the other? */
static bool agree(const zagg_value *a, const char *a_key, const zagg_value *b,
                  const char *b_key)
{
    const zagg_value *x = zagg_value_get_set(a, a_key), *y = zagg_value_get_set(b, b_key);
    return x == NULL || y == NULL || zagg_value_equal(x, y);
}

/* The hash of the granules' ids, joined by line ends. False where they are no sorted
 * texts. */
static zagg_status hash_ids(const zagg_value *ids, char hex[65], bool *sorted,
                            zagg_err *err)
{
    zg_str text;
    zg_str_init(&text, 0);
    *sorted = ids != NULL && ids->kind == ZAGG_LIST;
    for (size_t i = 0; *sorted && i < ids->n; i++) {
        const zagg_value *id = ids->items[i];
        *sorted = id->kind == ZAGG_STR &&
                  (i == 0 || strcmp(ids->items[i - 1]->str, id->str) <= 0);
        if (!*sorted)
            break;
        zg_str_add(&text, i > 0 ? "\n" : "");
        zg_str_addn(&text, id->str, id->str_len);
    }
    zg_sha256_hex(text.data, text.len, hex);
    const bool failed = text.failed;
    zg_str_free(&text);
    return failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for granule ids") : ZAGG_OK;
}

static zagg_status check_granules(zg_verifier *v, const zagg_store_shard *shard,
                                  const zagg_value **out, zagg_err *err)
{
    char key[ZG_STORE_MAX_PATH], hex[65];
    const zagg_value *doc = NULL;
    uint64_t n = 0;
    bool sorted = false;
    *out = NULL;
    ZAGG_TRY(sidecar_key(shard, "granules", key, err));
    ZAGG_TRY(zg_verify_doc(v, key, false, &doc, err));
    if (doc == NULL)
        return ZAGG_OK;
    const zagg_value *ids = zagg_value_get(doc, "granule_ids");
    if (!zagg_value_is(zagg_value_get(doc, "spec"), "zagg-granule-ids/1"))
        ZAGG_TRY(wrong(v, key, "spec is not zagg-granule-ids/1", err));
    ZAGG_TRY(hash_ids(ids, hex, &sorted, err));
    if (!sorted)
        return wrong(v, key, "granule_ids is no sorted list of names", err);
    if (!zagg_value_is(zagg_value_get(doc, "granules_sha256"), hex))
        ZAGG_TRY(wrong(v, key, "granules_sha256 is not that of granule_ids", err));
    if (zagg_value_u64(zagg_value_get(shard->stamp, "granule_count"), &n) && n != ids->n)
        ZAGG_TRY(
            wrong(v, key, "another number of granules than the stamp of the leaf", err));
    *out = doc;
    return ZAGG_OK;
}

static zagg_status check_stats(zg_verifier *v, const zagg_store_shard *shard,
                               const zagg_value *granules, const zg_vec *hashes,
                               zagg_err *err)
{
    char key[ZG_STORE_MAX_PATH];
    const zagg_value *doc = NULL;
    uint64_t shard_key = 0;
    ZAGG_TRY(sidecar_key(shard, "stats", key, err));
    ZAGG_TRY(zg_verify_doc(v, key, false, &doc, err));
    if (doc == NULL)
        return ZAGG_OK;
    if (!zagg_value_u64(zagg_value_get(doc, "shard_key"), &shard_key) ||
        shard_key != shard->key)
        ZAGG_TRY(wrong(v, key, "shard_key is not that of the leaf", err));
    if (!agree(doc, "cells_with_data", shard->stamp, "cells_with_data"))
        ZAGG_TRY(wrong(v, key, "cells_with_data is not that of the stamp", err));
    if (!agree(doc, "n_granules", shard->stamp, "granule_count"))
        ZAGG_TRY(wrong(v, key, "n_granules is not granule_count of the stamp", err));
    if (!agree(doc, "granules_sha256", granules, "granules_sha256"))
        ZAGG_TRY(wrong(v, key, "granules_sha256 is not that of granules.json", err));
    if (!agree(doc, "semantic_hash", v->store->manifest, "semantic_hash"))
        ZAGG_TRY(wrong(v, key, "semantic_hash is not that of morton_hive.json", err));
    const zagg_value *recorded = zagg_value_get_set(doc, "content_hashes");
    return recorded != NULL ? zg_verify_hashes(v, key, hashes, recorded, err) : ZAGG_OK;
}

static zagg_status check_map(zg_verifier *v, const zagg_store_shard *shard, zagg_err *err)
{
    char key[ZG_STORE_MAX_PATH];
    const zagg_value *doc = NULL;
    bool named = false;
    ZAGG_TRY(sidecar_key(shard, "shardmap", key, err));
    ZAGG_TRY(zg_verify_doc(v, key, false, &doc, err));
    const zagg_value *keys = zagg_value_get(doc, "shard_keys");
    if (doc == NULL)
        return ZAGG_OK;
    for (size_t i = 0; keys != NULL && keys->kind == ZAGG_LIST && i < keys->n; i++) {
        uint64_t found = 0;
        named = named || (zagg_value_u64(keys->items[i], &found) && found == shard->key);
    }
    return named ? ZAGG_OK : wrong(v, key, "shard_keys lacks the shard of the leaf", err);
}

zagg_status zg_verify_sidecars(zg_verifier *v, const zagg_store_shard *shard,
                               const zg_vec *hashes, zagg_err *err)
{
    const zagg_value *granules = NULL;
    ZAGG_TRY(check_granules(v, shard, &granules, err));
    ZAGG_TRY(check_stats(v, shard, granules, hashes, err));
    return check_map(v, shard, err);
}
