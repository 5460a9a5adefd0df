/* Shards of a run and their records: which have to be done, and what becomes of them. */
#include "io/sink.h"
#include "run/trust_impl.h"

#include <stdio.h>
#include <string.h>

struct zg_attempt {
    zg_trust *trust;
    zg_finished *shard;
    zg_vec older; /* char *: keys of objects that earlier records name; owned */
    bool has_final;
};

static void attempt_free(zg_attempt *a)
{
    for (size_t i = 0; i < a->older.len; i++)
        zg_free(*ZG_VEC_AT(&a->older, char *, i));
    zg_vec_free(&a->older);
    zg_finished_free(a->shard);
    zg_free(a);
}

/* Granules by their names; those without an href under the run's driver are not read. */
static zagg_status list_ids(const zg_trust *t, const zagg_shard_entry *entry,
                            zg_finished *shard, zagg_err *err)
{
    shard->ids = zg_alloc(entry->n_granules ? entry->n_granules : 1, sizeof *shard->ids);
    if (!shard->ids)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the granules of a shard");
    size_t n = 0;
    for (size_t i = 0; i < entry->n_granules; i++) {
        const char *id = entry->granules[i]->id;
        const char *href = zg_granule_href(entry->granules[i], t->driver);
        if (href)
            shard->ids[n++] = id ? id : href;
    }
    shard->facts.granule_ids = shard->ids;
    shard->facts.n_granules = n;
    return ZAGG_OK;
}

static zagg_status attempt_new(zg_trust *t, const zagg_shard_entry *entry,
                               zg_attempt **out, zagg_err *err)
{
    zg_attempt *a = zg_alloc(1, sizeof *a);
    zg_finished *shard = zg_alloc(1, sizeof *shard);
    if (!a || !shard) {
        zg_free(a);
        zg_free(shard);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard");
    }
    a->trust = t;
    a->shard = shard;
    zg_vec_init(&a->older, sizeof(char *), 0);
    zagg_grid_shard_label(t->grid, entry->key, shard->label);
    shard->facts = (zg_shard_facts){.key = entry->key,
                                    .label = shard->label,
                                    .semantic_hash = t->semantic_hash,
                                    .identity = t->identity.hash,
                                    .run_id = t->run_id};
    if (t->opts->pipeline->output.aoi_mask)
        zg_sha256_hex(entry->aoi_mask, entry->n_aoi_mask * sizeof *entry->aoi_mask,
                      shard->facts.aoi_mask);
    zagg_status status = list_ids(t, entry, shard, err);
    if (status == ZAGG_OK && t->behind)
        status = zg_behind_open(t->behind, t->store, &shard->behind, err);
    if (status == ZAGG_OK)
        status = zg_recorder_new(shard->behind ? shard->behind : t->store,
                                 &shard->recorder, err);
    if (status == ZAGG_OK)
        zg_recorder_know(shard->recorder, t->of_shards);
    if (status != ZAGG_OK) {
        attempt_free(a);
        return status;
    }
    *out = a;
    return ZAGG_OK;
}

/* ---- the records of a shard ---- */

/* Its final record, and what an attempt that was cut short had set aside; NULL each. */
typedef struct records {
    zagg_arena *arena;
    const zagg_value *final, *aside;
} records;

static zagg_status load_one(zg_trust *t, uint64_t key, bool aside, records *r,
                            zagg_err *err)
{
    char name[64];
    const zagg_value **slot = aside ? &r->aside : &r->final;
    zg_record_name(key, aside, name);
    if (t->records && !zg_listing_has(t->records, name, NULL))
        return ZAGG_OK;
    const zagg_status status =
        zg_record_load(t->status, name, ZG_SHARD_RECORD_SPEC, r->arena, slot, err);
    if (status == ZAGG_OK)
        return ZAGG_OK;
    *slot = NULL;
    return status == ZAGG_ENOTFOUND ? ZAGG_OK : status;
}

static zagg_status load_records(zg_trust *t, uint64_t key, records *r, zagg_err *err)
{
    ZAGG_TRY(zagg_arena_new(0, &r->arena, err));
    ZAGG_TRY(load_one(t, key, false, r, err));
    return load_one(t, key, true, r, err);
}

static zagg_status keep_keys(zg_attempt *a, const zagg_value *record, zagg_err *err)
{
    const zagg_value *objects = zagg_value_get(record, "objects");
    for (size_t i = 0; objects && objects->kind == ZAGG_LIST && i < objects->n; i++) {
        char *key = zg_strdup(zg_text_of(objects->items[i], "key"));
        char **slot = key ? zg_vec_push(&a->older) : NULL;
        if (!slot) {
            zg_free(key);
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the objects of a shard");
        }
        *slot = key;
    }
    return ZAGG_OK;
}

/* The shard no longer counts as complete before anything of it changes. Its record is
 * kept aside, as it alone knows which objects are there. */
static zagg_status set_aside(zg_attempt *a, zagg_err *err)
{
    zg_trust *t = a->trust;
    char final[64], aside[64];
    const char *const keys[] = {aside, final};
    void *data = NULL;
    size_t len = 0;
    zg_record_name(a->shard->facts.key, false, final);
    zg_record_name(a->shard->facts.key, true, aside);
    ZAGG_TRY(zagg_sink_get(t->status, final, ZG_MAX_RECORD_BYTES, &data, &len, err));
    zagg_status status = zagg_sink_put(t->status, aside, data, len, err);
    zagg_bytes_free(data);
    if (status == ZAGG_OK)
        status = zagg_sink_sync(t->status, keys, 1, err);
    if (status == ZAGG_OK)
        status = zagg_sink_delete(t->status, final, err);
    return status == ZAGG_OK ? zagg_sink_sync(t->status, keys + 1, 1, err) : status;
}

/* ---- judging ---- */

static zagg_status judge(zg_trust *t, const zg_attempt *a, const records *r,
                         zg_verdict *verdict, zagg_err *err)
{
    const zg_shard_facts *f = &a->shard->facts;
    const zagg_value *known = r->final ? r->final : r->aside;
    zg_list_change change;
    const char *missing = NULL;
    *verdict = ZG_DO;
    if (!known || strcmp(zg_text_of(known, "identity_sha256"), t->identity.hash) != 0)
        return ZAGG_OK;
    ZAGG_TRY(zg_compare_granules(known, f->granule_ids, f->n_granules, &change, &missing,
                                 err));
    if (change == ZG_LIST_FEWER && !t->opts->allow_contraction) {
        *verdict = ZG_REFUSED;
        zagg_err_set(err, ZAGG_EEXISTS,
                     "the shard map lacks granule %s, of which this shard was made; "
                     "--allow-contraction writes it without",
                     missing);
        return ZAGG_OK;
    }
    const bool same_area = strcmp(zg_text_of(known, "aoi_mask_sha256"), f->aoi_mask) == 0;
    if (!r->final || change != ZG_LIST_EQUAL || !same_area || t->opts->redo)
        return ZAGG_OK;
    bool there = false;
    ZAGG_TRY(zg_objects_are_there(r->final, zg_recorder_sink(a->shard->recorder), &there,
                                  err));
    *verdict = there ? ZG_CURRENT : ZG_DO;
    return ZAGG_OK;
}

static zagg_status judge_by_records(zg_trust *t, zg_attempt *a, zg_verdict *verdict,
                                    zagg_err *err)
{
    records r = {0};
    zagg_status status = load_records(t, a->shard->facts.key, &r, err);
    if (status == ZAGG_OK)
        status = judge(t, a, &r, verdict, err);
    if (status == ZAGG_OK && *verdict == ZG_DO) {
        a->shard->rewritten = r.final || r.aside;
        status = keep_keys(a, r.final, err);
        if (status == ZAGG_OK)
            status = keep_keys(a, r.aside, err);
        a->has_final = r.final != NULL;
    }
    if (status == ZAGG_OK && *verdict == ZG_CURRENT) {
        a->shard->facts.total_obs = zg_number_of(r.final, "total_obs");
        a->shard->facts.cells_with_data = zg_number_of(r.final, "cells_with_data");
    }
    zagg_arena_free(r.arena);
    return status;
}

zagg_status zg_trust_judge(zg_trust *trust, const zagg_shard_entry *entry,
                           zg_verdict *verdict, zg_attempt **out, zagg_err *err)
{
    zg_attempt *a = NULL;
    *verdict = ZG_DO;
    ZAGG_TRY(attempt_new(trust, entry, &a, err));
    zagg_status status = ZAGG_OK;
    if (!trust->fresh)
        status = judge_by_records(trust, a, verdict, err);
    if (status == ZAGG_OK)
        *out = a;
    else
        attempt_free(a);
    return status;
}

/* ---- the attempt ---- */

zagg_status zg_attempt_begin(zg_attempt *attempt, zagg_err *err)
{
    return attempt->has_final ? set_aside(attempt, err) : ZAGG_OK;
}

zagg_sink *zg_attempt_store(zg_attempt *attempt)
{
    return zg_recorder_sink(attempt->shard->recorder);
}

bool zg_attempt_may_meet_debris(const zg_attempt *attempt)
{
    return !attempt->trust->fresh;
}

void zg_attempt_recorded(const zg_attempt *attempt, uint64_t *obs, uint64_t *cells)
{
    *obs = attempt->shard->facts.total_obs;
    *cells = attempt->shard->facts.cells_with_data;
}

static bool was_put(const zg_stored *stored, size_t n, const char *key)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;
        const int order = strcmp(stored[mid].key, key);
        if (order == 0)
            return stored[mid].there;
        if (order < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

/* Objects that the shard had and has no longer. */
static zagg_status remove_older(zg_attempt *a, zagg_err *err)
{
    size_t n = 0;
    zg_vec gone;
    zagg_status status = ZAGG_OK;
    const zg_stored *stored = zg_recorder_settle(a->shard->recorder, &n);
    if (!stored && n > 0)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the objects of a shard");
    zg_vec_init(&gone, sizeof(char *), 0);
    for (size_t i = 0; status == ZAGG_OK && i < a->older.len; i++) {
        const char *key = *ZG_VEC_AT(&a->older, char *, i);
        if (!was_put(stored, n, key) && !zg_vec_append(&gone, &key, 1))
            status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for objects");
    }
    for (size_t i = 0; status == ZAGG_OK && i < gone.len; i++)
        status = zagg_sink_delete(zg_attempt_store(a), *ZG_VEC_AT(&gone, char *, i), err);
    zg_vec_free(&gone);
    return status;
}

zagg_status zg_attempt_finish(zg_attempt *attempt, const zagg_shard_result *result,
                              double write_s, zagg_err *err)
{
    zg_shard_facts *f = &attempt->shard->facts;
    zagg_status status = remove_older(attempt, err);
    if (status == ZAGG_OK) {
        zg_finished *shard = attempt->shard;
        f->cells_with_data = result->cells_with_data;
        f->total_obs = result->total_obs;
        f->rows_read = result->counters.rows_read;
        f->duration_s = result->duration_s;
        f->write_s = write_s;
        attempt->shard = NULL;
        status = zg_commit_add(attempt->trust->commit, shard, err);
    }
    attempt_free(attempt);
    return status;
}

bool zg_attempt_drop(zg_attempt *attempt)
{
    if (!attempt)
        return false;
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_sink_wait(zg_attempt_store(attempt), &err) != ZAGG_OK)
        zagg_log_write(attempt->trust->opts->log, ZAGG_LOG_ERROR, "%s", err.msg);
    const bool failed = zg_recorder_failed(attempt->shard->recorder);
    attempt_free(attempt);
    return failed;
}

void zg_trust_note(zg_trust *trust, const char *what, uint64_t key, const char *error)
{
    char label[40];
    zagg_grid_shard_label(trust->grid, key, label);
    zg_journal_add(trust->journal, &(zg_event){.name = what,
                                               .has_shard = true,
                                               .shard = key,
                                               .label = label,
                                               .error = error,
                                               .seconds = -1});
}
