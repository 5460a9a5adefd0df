/* One leaf of a hive: its stamp, arrays, content hashes, coverage and sidecars; and the
 * columns and overviews that are folded from leaves. */
#include "store/verify.h"
#include "zarr/layout.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- groups of a leaf ---- */

/* Every group in the folder; versions other than the current one are passed over. */
static zagg_status verify_groups(zg_verifier *v, const char *folder, int order,
                                 uint64_t nested, zg_vec *hashes, zagg_err *err)
{
    char prefix[ZG_STORE_MAX_PATH];
    const char **names = NULL;
    size_t n = 0;
    ZAGG_TRY(zg_path_join(folder, "", prefix, err));
    ZAGG_TRY(zg_store_folders(&v->scratch, prefix, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        char path[ZG_STORE_MAX_PATH], key[ZG_STORE_MAX_PATH];
        ZAGG_TRY(zg_path_join(folder, names[i], path, err));
        ZAGG_TRY(zg_path_join(path, "zarr.json", key, err));
        if (strncmp(names[i], "run-", 4) != 0 && zg_objects_find(v, key) != NULL)
            ZAGG_TRY(zg_verify_group(v, path, names[i], order, nested, hashes, err));
    }
    return ZAGG_OK;
}

/* ---- stamps ---- */

static zagg_status wrong(zg_verifier *v, const char *key, const char *what, zagg_err *err)
{
    return zg_find(v, ZAGG_FINDING_PROBLEM, err, key, "morton_hive_commit: %s", what);
}

static bool is_count(const zagg_value *map, const char *name)
{
    uint64_t n = 0;
    return zagg_value_u64(zagg_value_get(map, name), &n);
}

static zagg_status check_stamp(zg_verifier *v, const char *key, const zagg_value *stamp,
                               zagg_err *err)
{
    const zagg_value *spec = zagg_value_get(stamp, "spec");
    const zagg_value *complete = zagg_value_get(stamp, "complete");
    const zagg_value *written = zagg_value_get(stamp, "written_at");
    if (!zagg_value_is(spec, "morton-hive/1") && !zagg_value_is(spec, "morton-hive/2"))
        ZAGG_TRY(wrong(v, key, "spec is neither morton-hive/1 nor morton-hive/2", err));
    if (complete == NULL || complete->kind != ZAGG_BOOL || !complete->u.b)
        ZAGG_TRY(wrong(v, key, "complete is not true", err));
    if (!is_count(stamp, "cells_with_data"))
        ZAGG_TRY(wrong(v, key, "cells_with_data is no number", err));
    if (!is_count(stamp, "granule_count"))
        ZAGG_TRY(wrong(v, key, "granule_count is no number", err));
    if (written == NULL || written->kind != ZAGG_STR)
        ZAGG_TRY(wrong(v, key, "written_at is no time", err));
    return ZAGG_OK;
}

/* The stamp of the leaf is that of its version, but for the name of the version. */
static zagg_status check_version(zg_verifier *v, const zagg_store_shard *shard,
                                 zagg_err *err)
{
    char key[ZG_STORE_MAX_PATH], old[ZG_STORE_MAX_PATH];
    const zagg_value *doc = NULL;
    if (strcmp(shard->path, shard->leaf) == 0)
        return ZAGG_OK;
    ZAGG_TRY(zg_path_join(shard->path, "zarr.json", key, err));
    ZAGG_TRY(zg_verify_doc(v, key, true, &doc, err));
    const zagg_value *stamp =
        zagg_value_get_set(zagg_value_get(doc, "attributes"), "morton_hive_commit");
    bool same = stamp != NULL && stamp->kind == ZAGG_MAP;
    size_t shared = 0;
    for (size_t i = 0; same && i < shard->stamp->n; i++) {
        const zagg_member *m = &shard->stamp->members[i];
        if (strcmp(m->key->str, "current") == 0)
            continue;
        const zagg_value *other = zagg_value_get(stamp, m->key->str);
        same = other != NULL && zagg_value_equal(other, m->value);
        shared++;
    }
    if (doc != NULL && (!same || shared != stamp->n))
        ZAGG_TRY(zg_find(v, ZAGG_FINDING_PROBLEM, err, key,
                         "its commit stamp is not the one of the leaf"));
    /* versions that were superseded stay until somebody removes them */
    ZAGG_TRY(zg_path_join(shard->leaf, "run-", old, err));
    const size_t len = strlen(old);
    for (size_t i = zg_objects_first(v, old); i < v->objects.len; i++) {
        zg_object *o = ZG_VEC_AT(&v->objects, zg_object, i);
        if (strncmp(o->key, old, len) != 0)
            break;
        if (strncmp(o->key, shard->path, strlen(shard->path)) != 0)
            o->explained = true;
    }
    return ZAGG_OK;
}

/* ---- coverage ---- */

static zagg_status check_box(zg_verifier *v, const char *key, const zagg_value *coverage,
                             const zagg_store_shard *shard, const zagg_store_grid *g,
                             const uint8_t *bitmap, zagg_err *err)
{
    const zagg_value *box = zagg_value_get_set(coverage, "box");
    uint64_t expected[4] = {0}, order = 0;
    const size_t n =
        zg_coverage_box(bitmap, shard->block[0], g->shard_order, g->cell_order, expected);
    bool same = box != NULL && box->kind == ZAGG_LIST && box->n == 4;
    for (size_t i = 0; i < 4 && same; i++) {
        char id[33] = "";
        if (i < n)
            (void)zagg_word_decimal(expected[i], id, NULL);
        same =
            i < n ? zagg_value_is(box->items[i], id) : box->items[i]->kind == ZAGG_NULL;
    }
    if (!same)
        ZAGG_TRY(wrong(v, key, "coverage.box is not that of the cells it covers", err));
    if (!zagg_value_is(zagg_value_get(coverage, "spec"), "morton-moc/1"))
        ZAGG_TRY(wrong(v, key, "coverage.spec is not morton-moc/1", err));
    if (!zagg_value_u64(zagg_value_get(coverage, "cell_order"), &order) ||
        order != g->cell_order)
        ZAGG_TRY(wrong(v, key, "coverage.cell_order is not the order of the cells", err));
    return ZAGG_OK;
}

static uint64_t count_bits(const uint8_t *bitmap, uint64_t cells)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < cells; i++)
        n += zg_coverage_bit(bitmap, i);
    return n;
}

static zagg_status check_cells(zg_verifier *v, zagg_store_reader *reader, size_t i,
                               const char *key, uint64_t before, zagg_err *err)
{
    const zagg_store_group *group = zg_store_reader_group(reader);
    const zagg_store_shard *shard = &group->shards[i];
    const zagg_store_grid *g = &group->grid;
    const zagg_value *coverage = zagg_value_get_set(shard->stamp, "coverage");
    const zagg_value *sidecar = zagg_value_get_set(coverage, "sidecar");
    char path[ZG_STORE_MAX_PATH];
    zagg_err reason = ZAGG_ERR_INIT;
    uint8_t *bitmap = NULL;
    uint64_t stamped = 0, with_data = 0;
    zagg_status status = zg_coverage_bitmap(
        v->sink, shard, g->cell_order - g->shard_order, &bitmap, &reason);
    if (status != ZAGG_OK)
        ZAGG_TRY(zg_find_failure(v, key, status, &reason, err));
    if (sidecar != NULL && sidecar->kind == ZAGG_STR &&
        zg_path_join(shard->path, sidecar->str, path, NULL) == ZAGG_OK)
        (void)zg_objects_explain(v, path);
    if (status == ZAGG_OK && bitmap == NULL)
        ZAGG_TRY(zg_find(v, ZAGG_FINDING_UNVERIFIABLE, err, key,
                         "no coverage of its cells was recorded"));
    (void)zagg_value_u64(zagg_value_get(shard->stamp, "cells_with_data"), &stamped);
    status = zg_verify_cells(v, reader, i, bitmap, before, &with_data, err);
    if (status == ZAGG_OK && bitmap != NULL)
        status = check_box(v, key, coverage, shard, g, bitmap, err);
    if (status == ZAGG_OK && bitmap != NULL &&
        count_bits(bitmap, g->cells_per_shard) != stamped)
        status = wrong(v, key,
                       "cells_with_data is not the number of cells in the "
                       "coverage",
                       err);
    if (status == ZAGG_OK && bitmap == NULL && with_data != UINT64_MAX &&
        with_data > stamped)
        status =
            wrong(v, key, "cells_with_data is less than the cells that hold data", err);
    zg_free(bitmap);
    return status;
}

/* ---- the whole of a leaf ---- */

/* Neither stamp nor sidecar had a hash of any array. */
static zagg_status say_unverifiable(zg_verifier *v, const char *path, uint64_t hashed,
                                    const zg_vec *hashes, zagg_err *err)
{
    if (hashes->len == 0 || v->verdict.content_hashes > hashed)
        return ZAGG_OK;
    return zg_find(v, ZAGG_FINDING_UNVERIFIABLE, err, path,
                   "values unverifiable: no content hashes were recorded");
}

zagg_status zg_verify_leaf(zg_verifier *v, zagg_store_reader *reader, size_t i,
                           zagg_err *err)
{
    const zagg_store_group *group = zg_store_reader_group(reader);
    const zagg_store_shard *shard = &group->shards[i];
    const zagg_value *recorded = zagg_value_get_set(shard->stamp, "content_hashes");
    const uint64_t before = v->verdict.problems, hashed = v->verdict.content_hashes;
    char key[ZG_STORE_MAX_PATH];
    zg_vec hashes;
    zg_vec_init(&hashes, sizeof(zg_content_hash), 0);
    zg_verifier_reset(v);
    v->verdict.shards++;
    zagg_status status = zg_path_join(shard->leaf, "zarr.json", key, err);
    if (status == ZAGG_OK) {
        (void)zg_objects_explain(v, key);
        status = check_stamp(v, key, shard->stamp, err);
    }
    if (status == ZAGG_OK)
        status = check_version(v, shard, err);
    if (status == ZAGG_OK)
        status = verify_groups(v, shard->path, (int)group->grid.shard_order,
                               shard->block[0], &hashes, err);
    if (status == ZAGG_OK && recorded != NULL)
        status = zg_verify_hashes(v, key, &hashes, recorded, err);
    if (status == ZAGG_OK)
        status = check_cells(v, reader, i, key, before, err);
    if (status == ZAGG_OK && v->store->form == ZAGG_STORE_HIVE)
        status = zg_verify_sidecars(v, shard, &hashes, err);
    if (status == ZAGG_OK)
        status = say_unverifiable(v, shard->leaf, hashed, &hashes, err);
    zg_vec_free(&hashes);
    return status;
}

/* ---- columns and overviews ---- */

/* "4/all.zarr" has its record in "4/all.stats.json". */
static zagg_status check_derived_record(zg_verifier *v, const char *path,
                                        const zg_vec *hashes, zagg_err *err)
{
    char key[ZG_STORE_MAX_PATH];
    const zagg_value *record = NULL;
    const int len = snprintf(key, sizeof key, "%.*s.stats.json",
                             (int)(strlen(path) - strlen(".zarr")), path);
    if (len < 0 || (size_t)len >= sizeof key)
        return ZAGG_OK;
    ZAGG_TRY(zg_verify_doc(v, key, false, &record, err));
    const zagg_value *recorded = zagg_value_get_set(record, "content_hashes");
    return recorded != NULL ? zg_verify_hashes(v, key, hashes, recorded, err) : ZAGG_OK;
}

zagg_status zg_verify_derived(zg_verifier *v, const char *path, unsigned node_order,
                              uint64_t node_nested, zagg_err *err)
{
    char key[ZG_STORE_MAX_PATH];
    const zagg_value *doc = NULL;
    const uint64_t hashed = v->verdict.content_hashes;
    zg_vec hashes;
    zg_vec_init(&hashes, sizeof(zg_content_hash), 0);
    zg_verifier_reset(v);
    zagg_status status = zg_path_join(path, "zarr.json", key, err);
    if (status == ZAGG_OK)
        status = zg_verify_doc(v, key, true, &doc, err);
    const zagg_value *stamp =
        zagg_value_get_set(zagg_value_get(doc, "attributes"), "morton_hive_commit");
    const zagg_value *recorded = zagg_value_get_set(stamp, "content_hashes");
    if (status == ZAGG_OK && doc != NULL)
        status = stamp != NULL && stamp->kind == ZAGG_MAP
                     ? check_stamp(v, key, stamp, err)
                     : wrong(v, key, "is missing", err);
    if (status == ZAGG_OK)
        status = verify_groups(v, path, (int)node_order, node_nested, &hashes, err);
    if (status == ZAGG_OK && recorded != NULL)
        status = zg_verify_hashes(v, key, &hashes, recorded, err);
    if (status == ZAGG_OK)
        status = check_derived_record(v, path, &hashes, err);
    if (status == ZAGG_OK)
        status = say_unverifiable(v, path, hashed, &hashes, err);
    zg_vec_free(&hashes);
    return status;
}
