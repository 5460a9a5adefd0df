/* One run's hold on a store: beginning and end. Shards: attempt.c. */
#include "io/sink.h"
#include "run/trust_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- the run record ---- */

static void put_config(zg_json_out *w, const zg_trust *t)
{
    const zagg_pipeline *p = t->opts->pipeline;
    zg_json_key(w, "config");
    zg_json_open_map(w);
    zg_json_put_str(w, "name", p->name);
    zg_json_put_str(w, "sha256", p->text_sha256[0] ? p->text_sha256 : NULL);
    zg_json_close_map(w);
    zg_json_put_str(w, "semantic_hash", t->semantic_hash[0] ? t->semantic_hash : NULL);
    zg_json_put_str(w, "identity_sha256", t->identity.hash);
    zg_json_put_str(w, "identity", t->identity.text);
    zg_json_put_str(w, "layout",
                    p->output.store_layout == ZAGG_LAYOUT_HIVE ? "hive" : "flat");
    zg_json_put_str(w, "latitude", zagg_latitude_name(t->opts->latitude));
}

static void put_outcome(zg_json_out *w, const zagg_run_summary *s, const char *error)
{
    zg_json_put_u64(w, "finished", s->finished - s->failed - s->incomplete);
    zg_json_put_u64(w, "failed", s->failed);
    zg_json_put_u64(w, "incomplete", s->incomplete);
    zg_json_put_u64(w, "skipped", s->skipped);
    zg_json_put_u64(w, "refused", s->refused);
    zg_json_put_u64(w, "total_obs", s->total_obs);
    zg_json_put_double(w, "wall_s", s->wall_s);
    zg_json_put_str(w, "error", error);
}

/* Write and make durable, with what else was put beside it. `summary` only at the end. */
static zagg_status put_run_record(zg_trust *t, const char *state,
                                  const zagg_run_summary *summary, const char *error,
                                  zagg_err *err)
{
    static const char *const NAMES[] = {ZG_RUN_RECORD};
    char now[21];
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, 0);
    zg_clock_utc_iso(now);
    zg_json_begin(&w, &text, 1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "spec", ZG_RUN_RECORD_SPEC);
    zg_json_put_str(&w, "run_id", t->run_id);
    zg_json_put_str(&w, "program", t->opts->program);
    zg_json_put_str(&w, "state", state);
    zg_json_put_str(&w, "store", t->creating ? "creating" : "created");
    zg_json_put_str(&w, "started_at", t->started_at);
    zg_json_put_str(&w, "ended_at", summary ? now : NULL);
    zg_json_put_str(&w, "host", t->host);
    zg_json_put_u64(&w, "pid", (uint64_t)getpid());
    put_config(&w, t);
    zg_json_key(&w, "shardmap");
    zg_json_open_map(&w);
    zg_json_put_str(&w, "name", t->opts->map->name);
    zg_json_put_str(&w, "sha256", t->map_hash);
    zg_json_put_u64(&w, "shards", t->opts->map->n_shards);
    zg_json_close_map(&w);
    zg_json_put_u64(&w, "selected", t->selected);
    if (summary)
        put_outcome(&w, summary, error);
    zg_json_close_map(&w);
    zg_str_addc(&text, '\n');
    zagg_status status =
        text.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the run's record")
                    : zagg_sink_put(t->status, ZG_RUN_RECORD, text.data, text.len, err);
    zg_str_free(&text);
    if (status == ZAGG_OK)
        status = zagg_sink_sync(t->status, NAMES, 1, err);
    return status;
}

/* ---- open ---- */

static zagg_status hash_map(zg_trust *t, zagg_err *err)
{
    const zagg_shardmap *map = t->opts->map;
    zg_str text;
    zg_str_init(&text, 0);
    for (size_t i = 0; i < map->n_shards && !text.failed; i++) {
        zg_str_addf(&text, "%" PRIu64 "\n", map->shards[i].key);
        for (size_t g = 0; g < map->shards[i].n_granules; g++) {
            const char *id = map->shards[i].granules[g]->id;
            zg_str_addf(&text, " %s\n", id ? id : "");
        }
    }
    const bool failed = text.failed;
    if (!failed)
        zg_sha256_hex(text.data, text.len, t->map_hash);
    zg_str_free(&text);
    return failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the shard map's hash")
                  : ZAGG_OK;
}

/* Asking for each object by itself costs more than all of their names, unless the store
 * is far larger than what this run does in it. */
static zagg_status look_around(zg_trust *t, zagg_err *err)
{
    enum { PAGE_KEYS = 1000, LEAST_PAGES = 16 };
    const size_t pages = t->selected + LEAST_PAGES;
    if (!t->remote)
        return ZAGG_OK;
    ZAGG_TRY(zg_listing_new(t->status, pages * PAGE_KEYS, &t->records, err));
    ZAGG_TRY(zg_listing_new(t->store, pages * PAGE_KEYS, &t->before, err));
    ZAGG_TRY(zg_listing_new(NULL, 0, &t->nothing, err));
    zg_recorder_know(t->template, t->before);
    return ZAGG_OK;
}

static zagg_status load_prior(zg_trust *t, zagg_err *err)
{
    if (t->records && !zg_listing_has(t->records, ZG_RUN_RECORD, NULL))
        return ZAGG_OK;
    const zagg_status status = zg_record_load(
        t->status, ZG_RUN_RECORD, ZG_RUN_RECORD_SPEC, t->arena, &t->prior, err);
    if (status == ZAGG_ENOTFOUND)
        t->prior = NULL;
    return status == ZAGG_ENOTFOUND ? ZAGG_OK : status;
}

/* The store, and what goes into it besides shards. */
static zagg_status open_store(zg_trust *t, zagg_err *err)
{
    enum { HANDS = 32, MOST_BYTES = 64 << 20 };
    const zagg_status status =
        zg_store_open(t->opts->store, t->opts->net, &t->store, err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "store %s", t->opts->store);
    if (t->remote) {
        ZAGG_TRY(zg_behind_new(HANDS, MOST_BYTES, &t->behind, err));
        ZAGG_TRY(zg_behind_open(t->behind, t->store, &t->template_behind, err));
    }
    return zg_recorder_new(t->remote ? t->template_behind : t->store, &t->template, err);
}

static zagg_status open_parts(zg_trust *t, zagg_err *err)
{
    ZAGG_TRY(zagg_arena_new(0, &t->arena, err));
    ZAGG_TRY(zg_identity_make(t->opts->pipeline, t->opts->latitude, &t->identity, err));
    const zagg_status hashed = zagg_pipeline_semantic_hash(
        t->opts->pipeline, t->opts->latitude, t->semantic_hash, err);
    if (hashed == ZAGG_ENOMEM)
        return hashed;
    if (hashed != ZAGG_OK) /* a config that upstream cannot hash */
        t->semantic_hash[0] = '\0';
    ZAGG_TRY(hash_map(t, err));
    t->remote = zagg_url_is_remote(zg_store_path(t->opts->store));
    ZAGG_TRY(open_store(t, err));
    ZAGG_TRY(zg_status_open(t->opts->store, t->opts->net, true, &t->status, err));
    const zg_hold_opts hold = {t->status, t->run_id, t->host, t->opts->log};
    ZAGG_TRY(zg_hold_store(&hold, t->opts->store, &t->hold, err));
    ZAGG_TRY(look_around(t, err));
    return load_prior(t, err);
}

zagg_status zg_trust_open(const zagg_run_opts *opts, zg_driver driver,
                          const zagg_grid *grid, const char *run_id, size_t selected,
                          zg_trust **out, zagg_err *err)
{
    zg_trust *t = zg_alloc(1, sizeof *t);
    if (!t)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a run");
    t->opts = opts;
    t->driver = driver;
    t->grid = grid;
    t->selected = selected;
    zg_host_name(t->host);
    zg_clock_utc_iso(t->started_at);
    t->run_id = run_id;
    const zagg_status status = open_parts(t, err);
    if (status != ZAGG_OK) {
        (void)zg_trust_close(t, status, NULL, NULL);
        return status;
    }
    *out = t;
    return ZAGG_OK;
}

zagg_sink *zg_trust_store(zg_trust *trust)
{
    return zg_recorder_sink(trust->template);
}

zagg_io_stats zg_trust_stats(const zg_trust *trust)
{
    return zagg_sink_stats(trust->store);
}

/* ---- begin ---- */

static zagg_status see_entry(void *user, const char *key, uint64_t size, zagg_err *err)
{
    (void)key;
    (void)size;
    (void)err;
    *(bool *)user = true;
    return ZAGG_ECANCELLED; /* one is enough */
}

static zagg_status holds_something(zagg_sink *sink, const char *folder, bool *out,
                                   zagg_err *err)
{
    *out = false;
    const zagg_status status = zagg_sink_list_dir(sink, folder, see_entry, out, err);
    return *out ? ZAGG_OK : status;
}

/* Did the run before die before its template was durable? Its record says `creating`
 * until it ends, but no shard has a record before that point. */
static zagg_status was_cut_short(zg_trust *t, bool *out, zagg_err *err)
{
    bool records = false;
    *out = false;
    if (!zagg_value_is(zagg_value_get(t->prior, "store"), "creating"))
        return ZAGG_OK;
    if (t->records)
        records = zg_listing_has_below(t->records, "shards/");
    else
        ZAGG_TRY(holds_something(t->status, "shards/", &records, err));
    *out = !records;
    return ZAGG_OK;
}

static zagg_status refuse_identity(const zg_trust *t, zagg_err *err)
{
    zg_str what;
    zg_str_init(&what, 600);
    zg_identity_difference(zg_text_of(t->prior, "identity"), t->identity.text, &what);
    zagg_err_set(err, ZAGG_EEXISTS,
                 "store %s: it was made by another config%s%s; --overwrite replaces it",
                 t->opts->store, what.len ? ": " : "", what.data);
    zg_str_free(&what);
    return ZAGG_EEXISTS;
}

/* May the status folder have had this, or something below it? */
static bool may_have(const zg_trust *t, const char *name)
{
    return !t->records || zg_listing_has_below(t->records, name);
}

/* Records of shards and objects, all of them. */
static zagg_status drop_records(zg_trust *t, zagg_err *err)
{
    static const char *const GONE[] = {"shards", "rewriting", ZG_STORE_RECORD};
    if (may_have(t, "shards/"))
        ZAGG_TRY(zagg_sink_delete_prefix(t->status, "shards/", err));
    if (may_have(t, "rewriting/"))
        ZAGG_TRY(zagg_sink_delete_prefix(t->status, "rewriting/", err));
    if (may_have(t, ZG_STORE_RECORD))
        ZAGG_TRY(zagg_sink_delete(t->status, ZG_STORE_RECORD, err));
    return t->prior ? zagg_sink_sync(t->status, GONE, 3, err) : ZAGG_OK;
}

/* The record of store-level objects is kept aside while they may change. */
static zagg_status set_store_record_aside(zg_trust *t, zagg_err *err)
{
    static const char *const KEYS[] = {"rewriting/" ZG_STORE_RECORD, ZG_STORE_RECORD};
    void *data = NULL;
    size_t len = 0;
    if (!may_have(t, ZG_STORE_RECORD))
        return ZAGG_OK;
    zagg_status status =
        zagg_sink_get(t->status, ZG_STORE_RECORD, ZG_MAX_RECORD_BYTES, &data, &len, err);
    if (status == ZAGG_ENOTFOUND)
        return ZAGG_OK;
    if (status == ZAGG_OK)
        status = zagg_sink_put(t->status, KEYS[0], data, len, err);
    zagg_bytes_free(data);
    if (status == ZAGG_OK)
        status = zagg_sink_delete(t->status, ZG_STORE_RECORD, err);
    return status == ZAGG_OK ? zagg_sink_sync(t->status, KEYS, 2, err) : status;
}

/* A store is replaced by order, or because its own creation was cut short. */
static zagg_status choose_start(zg_trust *t, const zagg_store_plan *plan,
                                zagg_store_start *out, zagg_err *err)
{
    bool there = false, known = false, cut_short = false;
    const bool same = t->prior && strcmp(zg_text_of(t->prior, "identity_sha256"),
                                         t->identity.hash) == 0;
    if (t->before)
        there = zg_listing_n(t->before) > 0;
    else
        ZAGG_TRY(holds_something(t->store, "", &there, err));
    if (there && same)
        ZAGG_TRY(was_cut_short(t, &cut_short, err));
    const bool mine = there && same && !t->opts->overwrite && !cut_short;
    *out = t->opts->overwrite || cut_short ? ZAGG_STORE_OVERWRITE
           : mine                          ? ZAGG_STORE_RESUME
                                           : ZAGG_STORE_NEW;
    /* Where shards are known, their being there is no reason to refuse. */
    const zagg_store_start as =
        *out == ZAGG_STORE_NEW && t->prior ? ZAGG_STORE_RESUME : *out;
    ZAGG_TRY(
        zagg_store_plan_check(plan, zg_trust_store(t), t->opts->map, as, &known, err));
    if (*out == ZAGG_STORE_NEW && there && t->prior)
        return refuse_identity(t, err);
    t->creating = !known;
    return ZAGG_OK;
}

/* After a run that died there may be temporary files; the lock says that they are its. */
static zagg_status clean(zg_trust *t, zagg_err *err)
{
    size_t n = 0, m = 0;
    if (t->prior && !zagg_value_is(zagg_value_get(t->prior, "state"), "running"))
        return ZAGG_OK;
    if (!t->remote) /* where records are whole from their first byte on */
        ZAGG_TRY(zagg_sink_clean(t->status, &m, err));
    if (t->prior && !t->remote)
        ZAGG_TRY(zagg_sink_clean(t->store, &n, err));
    zagg_err own = ZAGG_ERR_INIT;
    /* Of a server that may not be asked for them, uploads cost money and no more. */
    if (t->prior && t->remote && zagg_sink_clean(t->store, &n, &own) != ZAGG_OK)
        zagg_log_write(t->opts->log, ZAGG_LOG_WARN,
                       "uploads of a run that died cannot be given up: %s", own.msg);
    if (n + m)
        zagg_log_write(t->opts->log, ZAGG_LOG_INFO,
                       t->remote ? "%zu uploads of a run that died were given up"
                                 : "%zu temporary files of a run that died were removed",
                       n + m);
    return ZAGG_OK;
}

static zagg_status open_journal(zg_trust *t, zagg_err *err)
{
    ZAGG_TRY(zg_journal_open(t->status, t->run_id, &t->journal, err));
    zg_hold_set_tick(t->hold, zg_journal_tick, t->journal);
    zg_journal_add(
        t->journal,
        &(zg_event){.name = "run_start", .selected = t->selected, .seconds = -1});
    return ZAGG_OK;
}

static zagg_status close_journal(zg_trust *t, zagg_err *err)
{
    zg_journal *journal = t->journal;
    t->journal = NULL;
    zg_hold_set_tick(t->hold, NULL, NULL);
    return zg_journal_close(journal, err);
}

zagg_status zg_trust_begin(zg_trust *t, const zagg_store_plan *plan, zagg_err *err)
{
    zagg_store_start start;
    ZAGG_TRY(choose_start(t, plan, &start, err));
    ZAGG_TRY(clean(t, err));
    if (t->creating) /* before the record says so: see was_cut_short */
        ZAGG_TRY(drop_records(t, err));
    t->started = true;
    ZAGG_TRY(put_run_record(t, "running", NULL, NULL, err));
    if (!t->creating)
        ZAGG_TRY(set_store_record_aside(t, err));
    ZAGG_TRY(open_journal(t, err));
    /* A hive that is replaced keeps its leaves until their shards are done. */
    t->fresh =
        t->creating && (start == ZAGG_STORE_NEW ||
                        t->opts->pipeline->output.store_layout == ZAGG_LAYOUT_FLAT);
    t->of_shards = t->fresh ? t->nothing : t->before;
    zg_recorder_note_reads(t->template, true);
    zagg_status status = zagg_store_plan_begin(plan, zg_trust_store(t), t->opts->map,
                                               start, t->opts->log, err);
    zg_recorder_note_reads(t->template, false);
    if (status == ZAGG_OK)
        status = zg_sink_wait(zg_trust_store(t), err);
    return status;
}

zagg_status zg_trust_start_shards(zg_trust *t, zagg_err *err)
{
    /* The documents of a flat store are read again at the end, those of shards, too. */
    if (t->opts->pipeline->output.store_layout != ZAGG_LAYOUT_HIVE)
        zg_recorder_know(t->template, NULL);
    const zg_commit_how how = {t->status, t->template, t->journal, t->behind, t->hold};
    return zg_commit_new(&how, &t->commit, err);
}

/* ---- end ---- */

bool zg_trust_failed(zg_trust *trust)
{
    return zg_commit_failed(trust->commit) || zg_hold_check(trust->hold, NULL) != ZAGG_OK;
}

zagg_status zg_trust_end_shards(zg_trust *trust, zagg_err *err)
{
    zg_commit *commit = trust->commit;
    trust->commit = NULL;
    ZAGG_TRY(zg_commit_close(commit, err));
    trust->creating = false;
    return ZAGG_OK;
}

static zagg_status put_store_record(zg_trust *t, zagg_err *err)
{
    const zagg_value *older = NULL;
    zg_str text;
    zagg_status status = ZAGG_ENOTFOUND;
    if (may_have(t, ZG_STORE_RECORD) || may_have(t, "rewriting/" ZG_STORE_RECORD))
        status = zg_record_load(t->status, "rewriting/" ZG_STORE_RECORD,
                                ZG_STORE_RECORD_SPEC, t->arena, &older, err);
    if (status == ZAGG_ENOTFOUND)
        older = NULL;
    else
        ZAGG_TRY(status);
    ZAGG_TRY(zg_recorders_sync(&t->template, 1, err));
    zg_str_init(&text, 0);
    status = zg_store_record_text(t->template, older, &text, err);
    if (status == ZAGG_OK)
        status = zagg_sink_put(t->status, ZG_STORE_RECORD, text.data, text.len, err);
    zg_str_free(&text);
    if (status == ZAGG_OK && older)
        status = zagg_sink_delete(t->status, "rewriting/" ZG_STORE_RECORD, err);
    return status;
}

static const char *state_of(zagg_status status, const zagg_run_summary *s)
{
    if (status != ZAGG_OK || s->store_failed)
        return "failed";
    return s->stopped ? "interrupted" : "finished";
}

/* What cannot be written any more does not hide why the run ended. */
static zagg_status write_end(zg_trust *t, zagg_status status, const zagg_run_summary *s,
                             zagg_err *err)
{
    zagg_err own = ZAGG_ERR_INIT;
    const char *state = state_of(status, s);
    const char *error = status != ZAGG_OK && err ? err->msg : NULL;
    zagg_status end = status == ZAGG_OK ? put_store_record(t, &own) : ZAGG_OK;
    if (t->journal)
        zg_journal_add(t->journal, &(zg_event){.name = "run_end",
                                               .state = state,
                                               .error = error,
                                               .seconds = s->wall_s});
    zagg_err of_journal = ZAGG_ERR_INIT;
    const zagg_status journal = close_journal(t, &of_journal);
    if (end == ZAGG_OK && journal != ZAGG_OK) {
        end = journal;
        own = of_journal;
    }
    if (end == ZAGG_OK)
        end = put_run_record(t, state, s, error, &own);
    if (status != ZAGG_OK || end == ZAGG_OK)
        return status;
    if (s->failed > 0) {
        zagg_log_write(t->opts->log, ZAGG_LOG_ERROR, "%s", own.msg);
        return ZAGG_OK;
    }
    if (err)
        *err = own;
    return end;
}

zagg_status zg_trust_close(zg_trust *trust, zagg_status status,
                           const zagg_run_summary *summary, zagg_err *err)
{
    if (!trust)
        return status;
    zagg_err own = ZAGG_ERR_INIT;
    const zagg_status commit = zg_commit_close(trust->commit, &own);
    if (status == ZAGG_OK && commit != ZAGG_OK) {
        status = commit;
        if (err)
            *err = own;
    }
    const zagg_status held = zg_hold_check(trust->hold, &own);
    if (held != ZAGG_OK) { /* the store is another run's by now */
        status = held;
        if (err)
            *err = own;
        zagg_err_context(err, status, "store %s", trust->opts->store);
    }
    if (trust->started && summary && held == ZAGG_OK)
        status = write_end(trust, status, summary, err);
    else
        (void)close_journal(trust, NULL);
    zg_hold_release(trust->hold);
    zg_recorder_free(trust->template);
    zagg_sink_close(trust->template_behind);
    zg_behind_free(trust->behind);
    zg_listing_free(trust->before);
    zg_listing_free(trust->records);
    zg_listing_free(trust->nothing);
    zagg_sink_close(trust->store);
    zagg_sink_close(trust->status);
    zagg_arena_free(trust->arena);
    zg_identity_free(&trust->identity);
    zg_free(trust);
    return status;
}
