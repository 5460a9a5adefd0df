/* A hive as a whole: manifest, semantic hash, root coverage, leaves, what is folded from
 * them, and what upstream's sweeps leave beside them. */
#include "store/verify.h"
#include "text/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- manifest and semantic hash ---- */

static zagg_status wrong(zg_verifier *v, const char *what, zagg_err *err)
{
    return zg_find(v, ZAGG_FINDING_PROBLEM, err, "morton_hive.json", "%s", what);
}

static bool is_hex(const zagg_value *v)
{
    return v != NULL && v->kind == ZAGG_STR && v->str_len == 64 &&
           strspn(v->str, "0123456789abcdef") == 64;
}

static bool schedule_ok(const zagg_value *schedule, unsigned shard_order)
{
    bool ok = schedule->kind == ZAGG_LIST && schedule->n == shard_order;
    for (size_t i = 0; ok && i < schedule->n; i++) {
        uint64_t step = 0;
        ok = zagg_value_u64(schedule->items[i], &step) && step == 1;
    }
    return ok;
}

/* SHA-256 of the structure of aggregation.yaml as compact JSON with sorted keys. */
static zagg_status check_semantics(zg_verifier *v, const zagg_value *recorded,
                                   zagg_err *err)
{
    static const char KEY[] = "aggregation.yaml";
    const zagg_value *core = NULL;
    zagg_err reason = ZAGG_ERR_INIT;
    void *text = NULL;
    size_t len = 0;
    zg_str json;
    char hex[65];
    if (zg_objects_explain(v, KEY) == 0)
        return recorded != NULL ? zg_find(v, ZAGG_FINDING_UNVERIFIABLE, err, KEY,
                                          "missing, so semantic_hash has nothing to be "
                                          "held against")
                                : ZAGG_OK;
    zg_str_init(&json, ZG_VERIFY_MAX_DOC);
    zagg_status status =
        zagg_sink_get(v->sink, KEY, ZG_VERIFY_MAX_DOC, &text, &len, &reason);
    if (status == ZAGG_OK)
        status = zagg_yaml_parse(v->scratch.arena, text, len, KEY, &core, &reason);
    if (status == ZAGG_OK)
        status = zg_json_write(
            &json, core,
            (zg_json_style){.indent = -1, .compact = true, .sort_keys = true}, &reason);
    zagg_bytes_free(text);
    if (status == ZAGG_OK && json.failed)
        status = zagg_err_set(&reason, ZAGG_ENOMEM, "no memory for %s", KEY);
    const zagg_value *count = zagg_value_get(
        zagg_value_get(zagg_value_get(core, "aggregation"), "variables"), "count");
    v->counted = zagg_value_is(zagg_value_get(count, "function"), "len") ||
                 zagg_value_is(zagg_value_get(count, "function"), "count");
    zg_sha256_hex(json.data, json.len, hex);
    zg_str_free(&json);
    if (status != ZAGG_OK)
        return zg_find_failure(v, KEY, status, &reason, err);
    return recorded == NULL || zagg_value_is(recorded, hex)
               ? ZAGG_OK
               : zg_find(v, ZAGG_FINDING_PROBLEM, err, KEY,
                         "its hash is not the semantic_hash of morton_hive.json");
}

static zagg_status check_manifest(zg_verifier *v, zagg_err *err)
{
    const zagg_value *m = v->store->manifest;
    const zagg_value *dataset = zagg_value_get(m, "dataset");
    const zagg_value *schedule = zagg_value_get_set(m, "split_schedule");
    const zagg_value *semantic = zagg_value_get_set(m, "semantic_hash");
    const zagg_value *generated = zagg_value_get_set(m, "generated_at");
    const zagg_store_grid *g = &v->store->groups[0].grid;
    (void)zg_objects_explain(v, "morton_hive.json");
    if (dataset == NULL || zagg_value_get(dataset, "short_name") == NULL ||
        zagg_value_get(dataset, "version") == NULL)
        ZAGG_TRY(wrong(v, "dataset has no short_name and version", err));
    if (schedule != NULL && !schedule_ok(schedule, g->shard_order))
        ZAGG_TRY(
            wrong(v, "split_schedule is not a 1 for each order of shard_order", err));
    if (semantic != NULL && !is_hex(semantic))
        ZAGG_TRY(wrong(v, "semantic_hash is no SHA-256", err));
    if (generated != NULL && generated->kind != ZAGG_STR)
        ZAGG_TRY(wrong(v, "generated_at is no time", err));
    return check_semantics(v, semantic, err);
}

/* ---- root coverage ---- */

static bool parse_end(const zagg_value *id, unsigned order, uint64_t *nested)
{
    uint64_t word = 0;
    if (id->kind != ZAGG_STR ||
        zagg_word_parse_decimal(id->str, id->str_len, &word, NULL) != ZAGG_OK ||
        zagg_word_order(word) != order || zagg_word_is_point(word))
        return false;
    *nested = zagg_word_nested(word);
    return true;
}

/* Shards that the ranges name; false where they are none, or do not ascend. */
static bool count_ranges(const zagg_value *ranges, unsigned order, uint64_t *total)
{
    uint64_t after = 0;
    if (ranges == NULL || ranges->kind != ZAGG_LIST)
        return false;
    *total = 0;
    for (size_t i = 0; i < ranges->n; i++) {
        const zagg_value *r = ranges->items[i];
        uint64_t first = 0, last = 0;
        if (r->kind != ZAGG_LIST || r->n != 2 || !parse_end(r->items[0], order, &first) ||
            !parse_end(r->items[1], order, &last) || last < first || first < after ||
            first >> (2 * order) != last >> (2 * order))
            return false;
        after = last + 1;
        *total += after - first;
    }
    return true;
}

static bool in_ranges(const zagg_value *ranges, unsigned order, uint64_t nested)
{
    size_t lo = 0, hi = ranges->n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        uint64_t first = 0, last = 0;
        (void)parse_end(ranges->items[mid]->items[0], order, &first);
        (void)parse_end(ranges->items[mid]->items[1], order, &last);
        if (nested >= first && nested <= last)
            return true;
        if (nested < first)
            hi = mid;
        else
            lo = mid + 1;
    }
    return false;
}

static zagg_status check_root_coverage(zg_verifier *v, zagg_err *err)
{
    static const char KEY[] = "coverage.moc";
    const zagg_store_group *group = &v->store->groups[0];
    const unsigned order = group->grid.shard_order;
    const zagg_value *doc = NULL;
    uint64_t stated = 0, total = 0, leaves = 0;
    ZAGG_TRY(zg_verify_doc(v, KEY, false, &doc, err));
    if (doc == NULL)
        return ZAGG_OK;
    const zagg_value *ranges = zagg_value_get(doc, "ranges");
    if (!zagg_value_is(zagg_value_get(doc, "spec"), "morton-moc/1") ||
        !zagg_value_is(zagg_value_get(doc, "encoding"), "ranges") ||
        !zagg_value_u64(zagg_value_get(doc, "order"), &stated) || stated != order)
        return zg_find(v, ZAGG_FINDING_PROBLEM, err, KEY,
                       "spec, encoding or order are not those of ranges of the store's "
                       "shards");
    if (!count_ranges(ranges, order, &total))
        return zg_find(v, ZAGG_FINDING_PROBLEM, err, KEY,
                       "its ranges are no ascending runs of shards");
    for (size_t i = 0; i < group->n_shards; i++) {
        const zagg_store_shard *shard = &group->shards[i];
        leaves += i == 0 || shard->block[0] != group->shards[i - 1].block[0];
        if (!in_ranges(ranges, order, shard->block[0]))
            ZAGG_TRY(zg_find(v, ZAGG_FINDING_PROBLEM, err, KEY,
                             "its ranges lack shard %s, which has a leaf", shard->label));
    }
    return total > leaves ? zg_find(v, ZAGG_FINDING_PROBLEM, err, KEY,
                                    "its ranges name %" PRIu64 " shards, but %" PRIu64
                                    " have a leaf",
                                    total, leaves)
                          : ZAGG_OK;
}

/* ---- what lies beside the leaves ---- */

static bool ends_with(const char *text, const char *tail)
{
    const size_t len = strlen(text), t = strlen(tail);
    return len >= t && strcmp(text + len - t, tail) == 0;
}

/* Id of the node whose folder this is: the digits of the path put together. */
static bool node_of(const char *folder, size_t len, uint64_t *word)
{
    char id[64];
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (folder[i] == '/')
            continue;
        if (n == sizeof id)
            return false;
        id[n++] = folder[i];
    }
    return zagg_word_parse_decimal(id, n, word, NULL) == ZAGG_OK &&
           !zagg_word_is_point(*word);
}

/* A column or overview: FOLDER/all.zarr, FOLDER/NAME.pyramid.zarr. */
static zagg_status verify_derived(zg_verifier *v, const char *key, zagg_err *err)
{
    char path[ZG_STORE_MAX_PATH];
    uint64_t word = 0;
    const size_t len = strlen(key) - strlen("/zarr.json");
    if (len >= sizeof path)
        return ZAGG_OK;
    memcpy(path, key, len);
    path[len] = '\0';
    const char *slash = strrchr(path, '/');
    if (slash == NULL || !node_of(path, (size_t)(slash - path), &word))
        return ZAGG_OK; /* unexpected */
    return zg_verify_derived(v, path, zagg_word_order(word), zagg_word_nested(word), err);
}

static zagg_status look_beside(zg_verifier *v, const char *key, zagg_err *err)
{
    const char *slash = strrchr(key, '/');
    const char *name = slash != NULL ? slash + 1 : key;
    const zagg_value *doc = NULL;
    if (ends_with(key, "/all.zarr/zarr.json") ||
        ends_with(key, ".pyramid.zarr/zarr.json"))
        return verify_derived(v, key, err);
    if (ends_with(name, ".rollup.json") || strncmp(key, "multiscales/", 12) == 0 ||
        (slash == NULL && strncmp(key, "sweep_stats_", 12) == 0))
        return zg_verify_doc(v, key, true, &doc, err);
    return ZAGG_OK;
}

/* ---- all of it ---- */

static zagg_status verify_leaves(zg_verifier *v, zagg_err *err)
{
    const zagg_store_group *group = &v->store->groups[0];
    zagg_store_reader *reader = NULL;
    if (group->n_shards == 0)
        return ZAGG_OK;
    ZAGG_TRY(zagg_store_reader_new(v->store, 0, NULL, &reader, err));
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; i < group->n_shards && status == ZAGG_OK; i++)
        status = zg_verify_leaf(v, reader, i, err);
    zagg_store_reader_free(reader);
    return status;
}

static zagg_status report_debris(zg_verifier *v, zagg_err *err)
{
    const zagg_store_group *group = &v->store->groups[0];
    for (size_t i = 0; i < group->n_debris; i++) {
        char prefix[ZG_STORE_MAX_PATH];
        ZAGG_TRY(zg_find(v, ZAGG_FINDING_PROBLEM, err, group->debris[i].path, "%s",
                         group->debris[i].why));
        ZAGG_TRY(zg_path_join(group->debris[i].path, "", prefix, err));
        (void)zg_objects_explain(v, prefix);
    }
    return ZAGG_OK;
}

zagg_status zg_verify_hive(zg_verifier *v, zagg_err *err)
{
    ZAGG_TRY(check_manifest(v, err));
    ZAGG_TRY(check_root_coverage(v, err));
    ZAGG_TRY(verify_leaves(v, err));
    ZAGG_TRY(report_debris(v, err));
    for (size_t i = 0; i < v->objects.len; i++) {
        const zg_object *o = ZG_VEC_AT(&v->objects, zg_object, i);
        if (!o->explained)
            ZAGG_TRY(look_beside(v, o->key, err));
    }
    return zg_verify_unread(v, err);
}
