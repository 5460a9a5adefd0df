/* The objects of a store: which there are, which of them something explains, and what the
 * records in the status folder say of them. */
#include "store/verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the list ---- */

static zagg_status add_object(void *user, const char *key, uint64_t size, zagg_err *err)
{
    zg_verifier *v = user;
    zg_object *o = zg_vec_push(&v->objects);
    if (o != NULL)
        *o = (zg_object){.key = zg_strdup(key), .size = size};
    if (o == NULL || o->key == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the objects of a store");
    v->verdict.objects++;
    v->verdict.bytes += size;
    return ZAGG_OK;
}

static int by_key(const void *a, const void *b)
{
    const zg_object *x = a, *y = b;
    return strcmp(x->key, y->key);
}

zagg_status zg_objects_list(zg_verifier *v, zagg_err *err)
{
    ZAGG_TRY(zagg_sink_list(v->sink, "", add_object, v, err));
    if (v->objects.len > 1)
        qsort(v->objects.data, v->objects.len, sizeof(zg_object), by_key);
    return ZAGG_OK;
}

void zg_objects_free(zg_verifier *v)
{
    for (size_t i = 0; i < v->objects.len; i++)
        zg_free(ZG_VEC_AT(&v->objects, zg_object, i)->key);
    zg_vec_free(&v->objects);
}

size_t zg_objects_first(const zg_verifier *v, const char *prefix)
{
    size_t lo = 0, hi = v->objects.len;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        if (strcmp(ZG_VEC_AT(&v->objects, zg_object, mid)->key, prefix) < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

zg_object *zg_objects_find(const zg_verifier *v, const char *key)
{
    const size_t i = zg_objects_first(v, key);
    zg_object *o = i < v->objects.len ? ZG_VEC_AT(&v->objects, zg_object, i) : NULL;
    return o != NULL && strcmp(o->key, key) == 0 ? o : NULL;
}

size_t zg_objects_explain(zg_verifier *v, const char *key)
{
    const size_t len = strlen(key);
    size_t n = 0;
    if (len > 0 && key[len - 1] != '/') {
        zg_object *o = zg_objects_find(v, key);
        if (o != NULL)
            o->explained = true;
        return o != NULL;
    }
    for (size_t i = zg_objects_first(v, key); i < v->objects.len; i++, n++) {
        zg_object *o = ZG_VEC_AT(&v->objects, zg_object, i);
        if (strncmp(o->key, key, len) != 0)
            break;
        o->explained = true;
    }
    return n;
}

/* ---- records ---- */

/* Hold one object against its record. */
static zagg_status check_object(zg_verifier *v, const char *record,
                                const zagg_value *entry, zagg_err *err)
{
    const zagg_value *key = zagg_value_get(entry, "key");
    const zagg_value *sha = zagg_value_get(entry, "sha256");
    zagg_err reason = ZAGG_ERR_INIT;
    uint64_t bytes = 0;
    char hex[65];
    void *data = NULL;
    size_t len = 0;
    if (key == NULL || key->kind != ZAGG_STR || sha == NULL || sha->kind != ZAGG_STR ||
        sha->str_len != 64 || !zagg_value_u64(zagg_value_get(entry, "bytes"), &bytes))
        return zg_find(v, ZAGG_FINDING_PROBLEM, err, record,
                       "an entry of objects has no key, bytes or sha256");
    zg_object *o = zg_objects_find(v, key->str);
    if (o == NULL)
        return zg_find(v, ZAGG_FINDING_PROBLEM, err, key->str,
                       "missing, though recorded in %s", record);
    o->recorded = true;
    if (o->size != bytes)
        return zg_find(v, ZAGG_FINDING_PROBLEM, err, key->str,
                       "%" PRIu64 " bytes, recorded with %" PRIu64 " in %s", o->size,
                       bytes, record);
    const zagg_status got =
        zagg_sink_get(v->sink, key->str, (size_t)bytes, &data, &len, &reason);
    if (got != ZAGG_OK)
        return zg_find_failure(v, key->str, got, &reason, err);
    zg_sha256_hex(data, len, hex);
    zagg_bytes_free(data);
    v->verdict.object_hashes++;
    if (strcmp(hex, sha->str) == 0)
        return ZAGG_OK;
    return zg_find(v, ZAGG_FINDING_PROBLEM, err, key->str,
                   "its SHA-256 is not the one recorded in %s", record);
}

/* Remember how many cells of a shard are said to hold data. */
static zagg_status keep_count(zg_verifier *v, const zagg_value *record, zagg_err *err)
{
    const zagg_value *key = zagg_value_get(record, "shard_key");
    zg_shard_count count = {0, 0};
    if (key == NULL || key->kind != ZAGG_STR ||
        !zagg_value_u64(zagg_value_get(record, "cells_with_data"), &count.cells))
        return ZAGG_OK;
    for (const char *at = key->str; *at != '\0'; at++)
        if (*at < '0' || *at > '9' || !zg_mul_u64(count.key, 10, &count.key) ||
            !zg_add_u64(count.key, (uint64_t)(*at - '0'), &count.key))
            return ZAGG_OK;
    return zg_vec_append(&v->counts, &count, 1)
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory for the records of a store");
}

static zagg_status check_record(zg_verifier *v, const char *key, zagg_err *err)
{
    char shown[ZG_STORE_MAX_PATH];
    zagg_err reason = ZAGG_ERR_INIT;
    const zagg_value *record = NULL;
    void *text = NULL;
    size_t len = 0;
    (void)snprintf(shown, sizeof shown, "%s/%s", zagg_sink_name(v->status), key);
    zagg_status status =
        zagg_sink_get(v->status, key, ZG_VERIFY_MAX_DOC, &text, &len, &reason);
    if (status == ZAGG_OK) {
        status = zagg_json_parse(v->scratch.arena, text, len, key, &record, &reason);
        zagg_bytes_free(text);
    }
    if (status != ZAGG_OK)
        return zg_find_failure(v, shown, status, &reason, err);
    const zagg_value *objects = zagg_value_get(record, "objects");
    ZAGG_TRY(keep_count(v, record, err));
    if (objects == NULL || objects->kind != ZAGG_LIST)
        return zg_find(v, ZAGG_FINDING_PROBLEM, err, shown, "has no list of objects");
    for (size_t i = 0; i < objects->n; i++)
        ZAGG_TRY(check_object(v, shown, objects->items[i], err));
    zg_verifier_reset(v);
    return ZAGG_OK;
}

/* Names of records, in the order of the listing. */
static zagg_status add_record(void *user, const char *key, uint64_t size, zagg_err *err)
{
    zg_vec *keys = user;
    const size_t len = strlen(key);
    (void)size;
    if (strcmp(key, "objects.json") != 0 && (strncmp(key, "shards/", 7) != 0 || len < 5 ||
                                             strcmp(key + len - 5, ".json") != 0))
        return ZAGG_OK;
    char **name = zg_vec_push(keys);
    if (name != NULL)
        *name = zg_strdup(key);
    return name == NULL || *name == NULL
               ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the records of a store")
               : ZAGG_OK;
}

static int by_shard(const void *a, const void *b)
{
    const zg_shard_count *x = a, *y = b;
    return (x->key > y->key) - (x->key < y->key);
}

const zg_shard_count *zg_records_count(const zg_verifier *v, uint64_t shard_key)
{
    const zg_shard_count wanted = {shard_key, 0};
    return v->counts.len == 0
               ? NULL
               : bsearch(&wanted, v->counts.data, v->counts.len, sizeof wanted, by_shard);
}

static zagg_status report_unrecorded(zg_verifier *v, zagg_err *err)
{
    for (size_t i = 0; i < v->objects.len; i++) {
        const zg_object *o = ZG_VEC_AT(&v->objects, zg_object, i);
        if (!o->recorded)
            ZAGG_TRY(zg_find(v, ZAGG_FINDING_UNRECORDED, err, o->key,
                             "no record of the status folder names it"));
    }
    return ZAGG_OK;
}

zagg_status zg_verify_records(zg_verifier *v, zagg_err *err)
{
    zg_vec keys;
    zg_vec_init(&keys, sizeof(char *), 0);
    zagg_err reason = ZAGG_ERR_INIT;
    zagg_status status = ZAGG_OK;
    if (v->status != NULL)
        status = zagg_sink_list(v->status, "", add_record, &keys, &reason);
    if (status == ZAGG_ENOTFOUND)
        status = ZAGG_OK;
    if (status != ZAGG_OK)
        status = zg_find_failure(v, zagg_sink_name(v->status), status, &reason, err);
    if (status == ZAGG_OK && keys.len == 0)
        status = zg_find(v, ZAGG_FINDING_UNVERIFIABLE, err, "",
                         "no SHA-256 of its objects was recorded (no STORE.status)");
    if (keys.len > 1)
        qsort(keys.data, keys.len, sizeof(char *), zg_compare_texts);
    for (size_t i = 0; i < keys.len && status == ZAGG_OK; i++)
        status = check_record(v, *ZG_VEC_AT(&keys, char *, i), err);
    if (v->counts.len > 1)
        qsort(v->counts.data, v->counts.len, sizeof(zg_shard_count), by_shard);
    if (status == ZAGG_OK && keys.len > 0)
        status = report_unrecorded(v, err);
    for (size_t i = 0; i < keys.len; i++)
        zg_free(*ZG_VEC_AT(&keys, char *, i));
    zg_vec_free(&keys);
    return status;
}

static bool is_run_record(const char *key)
{
    static const char HEAD[] = "stats_", TAIL[] = ".parquet";
    const size_t len = strlen(key), head = sizeof HEAD - 1, tail = sizeof TAIL - 1;
    return len >= head + tail && strncmp(key, HEAD, head) == 0 &&
           strcmp(key + len - tail, TAIL) == 0 && strchr(key, '/') == NULL;
}

zagg_status zg_verify_unread(zg_verifier *v, zagg_err *err)
{
    const size_t n = zg_objects_explain(v, "icechunk/");
    if (n > 0)
        ZAGG_TRY(zg_find(v, ZAGG_FINDING_UNVERIFIABLE, err, "icechunk",
                         "its %zu objects are not looked into", n));
    for (size_t i = 0; i < v->objects.len; i++) {
        zg_object *o = ZG_VEC_AT(&v->objects, zg_object, i);
        if (!is_run_record(o->key))
            continue;
        o->explained = true;
        ZAGG_TRY(zg_find(v, ZAGG_FINDING_UNVERIFIABLE, err, o->key,
                         "upstream's record of a run, not looked into"));
    }
    return ZAGG_OK;
}

zagg_status zg_verify_unexpected(zg_verifier *v, zagg_err *err)
{
    for (size_t i = 0; i < v->objects.len; i++) {
        const zg_object *o = ZG_VEC_AT(&v->objects, zg_object, i);
        if (!o->explained)
            ZAGG_TRY(zg_find(v, ZAGG_FINDING_PROBLEM, err, o->key,
                             "unexpected: nothing in the store belongs there"));
    }
    return ZAGG_OK;
}
