/* Texts of the records, and what is read from them. */
#include "run/records.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_object(zg_json_out *w, const char *key, uint64_t bytes, const char *hex)
{
    zg_json_open_map(w);
    zg_json_put_str(w, "key", key);
    zg_json_put_u64(w, "bytes", bytes);
    zg_json_put_str(w, "sha256", hex);
    zg_json_close_map(w);
}

static void put_objects(zg_json_out *w, const zg_stored *stored, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char hex[65];
        if (!stored[i].there)
            continue;
        zg_hex(stored[i].sha256, sizeof stored[i].sha256, hex);
        put_object(w, stored[i].key, stored[i].bytes, hex);
    }
}

/* A sorted copy, to be freed. */
static const char **sorted_ids(const char *const *ids, size_t n, zagg_err *err)
{
    const char **sorted = zg_alloc(n ? n : 1, sizeof *sorted);
    if (!sorted) {
        zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu granules", n);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        sorted[i] = ids[i];
    if (n > 1)
        qsort(sorted, n, sizeof *sorted, zg_compare_texts);
    return sorted;
}

zagg_status zg_granules_hash(const char *const *ids, size_t n, char hex[65],
                             zagg_err *err)
{
    const char **sorted = sorted_ids(ids, n, err);
    if (!sorted)
        return ZAGG_ENOMEM;
    zg_sha256_lines(sorted, n, hex);
    zg_free(sorted);
    return ZAGG_OK;
}

static zagg_status text_done(zg_str *out, zagg_err *err)
{
    zg_str_addc(out, '\n');
    return out->failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a record")
                       : ZAGG_OK;
}

zagg_status zg_shard_record_text(const zg_shard_facts *facts, zg_recorder *recorder,
                                 zg_str *out, zagg_err *err)
{
    char key[24], granules[65], now[21];
    size_t n = 0;
    zg_json_out w;
    const zg_stored *stored = zg_recorder_settle(recorder, &n);
    if (!stored && n > 0)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a record");
    ZAGG_TRY(zg_granules_hash(facts->granule_ids, facts->n_granules, granules, err));
    (void)snprintf(key, sizeof key, "%" PRIu64, facts->key);
    zg_clock_utc_iso(now);
    zg_json_begin(&w, out, 1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "spec", ZG_SHARD_RECORD_SPEC);
    zg_json_put_str(&w, "shard_key", key);
    zg_json_put_str(&w, "label", facts->label);
    zg_json_put_str(&w, "semantic_hash",
                    facts->semantic_hash[0] ? facts->semantic_hash : NULL);
    zg_json_put_str(&w, "identity_sha256", facts->identity);
    zg_json_key(&w, "granule_ids");
    zg_json_open_list(&w);
    for (size_t i = 0; i < facts->n_granules; i++)
        zg_json_str(&w, facts->granule_ids[i]);
    zg_json_close_list(&w);
    zg_json_put_str(&w, "granules_sha256", granules);
    if (facts->aoi_mask[0])
        zg_json_put_str(&w, "aoi_mask_sha256", facts->aoi_mask);
    zg_json_key(&w, "objects");
    zg_json_open_list(&w);
    put_objects(&w, stored, n);
    zg_json_close_list(&w);
    zg_json_put_u64(&w, "cells_with_data", facts->cells_with_data);
    zg_json_put_u64(&w, "total_obs", facts->total_obs);
    zg_json_put_u64(&w, "total_obs_read", facts->rows_read);
    zg_json_put_double(&w, "duration_s", facts->duration_s);
    zg_json_put_double(&w, "write_s", facts->write_s);
    zg_json_put_str(&w, "run_id", facts->run_id);
    zg_json_put_str(&w, "finished_at", now);
    zg_json_close_map(&w);
    return text_done(out, err);
}

static int compare_key(const void *key, const void *stored)
{
    return strcmp(key, ((const zg_stored *)stored)->key);
}

/* Is something below a folder that was removed as a whole? */
static bool below_prefix(const char *key, const zg_stored *stored, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (stored[i].prefix && strncmp(key, stored[i].key, strlen(stored[i].key)) == 0)
            return true;
    return false;
}

zagg_status zg_store_record_text(zg_recorder *recorder, const zagg_value *older,
                                 zg_str *out, zagg_err *err)
{
    size_t n = 0;
    zg_json_out w;
    const zagg_value *objects = zagg_value_get(older, "objects");
    const zg_stored *stored = zg_recorder_settle(recorder, &n);
    if (!stored && n > 0)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a record");
    zg_json_begin(&w, out, 1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "spec", ZG_STORE_RECORD_SPEC);
    zg_json_key(&w, "objects");
    zg_json_open_list(&w);
    put_objects(&w, stored, n);
    for (size_t i = 0; objects && objects->kind == ZAGG_LIST && i < objects->n; i++) {
        const char *key = zg_text_of(objects->items[i], "key");
        const bool known =
            n > 0 && bsearch(key, stored, n, sizeof *stored, compare_key) != NULL;
        if (!known && !below_prefix(key, stored, n))
            put_object(&w, key, zg_number_of(objects->items[i], "bytes"),
                       zg_text_of(objects->items[i], "sha256"));
    }
    zg_json_close_list(&w);
    zg_json_close_map(&w);
    return text_done(out, err);
}

/* ---- comparisons ---- */

static bool same_list(const zagg_value *list, const char *const *ids, size_t n)
{
    if (list->n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!zagg_value_is(list->items[i], ids[i]))
            return false;
    return true;
}

zagg_status zg_compare_granules(const zagg_value *record, const char *const *ids,
                                size_t n, zg_list_change *out, const char **missing,
                                zagg_err *err)
{
    const zagg_value *list = zagg_value_get(record, "granule_ids");
    *out = ZG_LIST_OTHER;
    if (!list || list->kind != ZAGG_LIST)
        return ZAGG_OK;
    if (same_list(list, ids, n)) {
        *out = ZG_LIST_EQUAL;
        return ZAGG_OK;
    }
    const char **sorted = sorted_ids(ids, n, err);
    if (!sorted)
        return ZAGG_ENOMEM;
    for (size_t i = 0; i < list->n && *out == ZG_LIST_OTHER; i++) {
        const char *id = list->items[i]->kind == ZAGG_STR ? list->items[i]->str : "";
        if (n > 0 && bsearch(&id, sorted, n, sizeof *sorted, zg_compare_texts) != NULL)
            continue;
        *out = ZG_LIST_FEWER;
        if (missing)
            *missing = id;
    }
    zg_free(sorted);
    return ZAGG_OK;
}

zagg_status zg_objects_are_there(const zagg_value *record, zagg_sink *store, bool *out,
                                 zagg_err *err)
{
    const zagg_value *objects = zagg_value_get(record, "objects");
    *out = objects && objects->kind == ZAGG_LIST;
    for (size_t i = 0; *out && i < objects->n; i++) {
        uint64_t size = 0;
        const zagg_status status =
            zagg_sink_size(store, zg_text_of(objects->items[i], "key"), &size, err);
        if (status != ZAGG_OK && status != ZAGG_ENOTFOUND && status != ZAGG_EARG)
            return status;
        *out = status == ZAGG_OK && size == zg_number_of(objects->items[i], "bytes");
    }
    return ZAGG_OK;
}
