/* Before and after the shards of a run: setup, finalize, and the ping that tries whether
 * both can work. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* realpath */
#endif
#include "io/record_sink.h"
#include "run/event.h"
#include "run/store_stamp.h"
#include "zagg/moc.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Keys of a store are asked for one page after another: a bound against a store that is
 * none of ours. */
enum { MAX_SHARDS = 1 << 24, MAX_ID = 40 };

const zagg_shardmap *zg_event_dataset(const zg_event *e, zagg_shardmap *out)
{
    const zagg_value *dataset = zagg_value_get_set(e->root, "dataset");
    *out = (zagg_shardmap){.name = "event", .metadata = dataset};
    return out;
}

/* Python's words for a key that is not there. */
static zagg_status need(const zg_event *e, const char *key, zagg_err *err)
{
    return zagg_value_get(e->root, key) ? ZAGG_OK
                                        : zagg_err_set(err, ZAGG_ECONFIG, "'%s'", key);
}

static zagg_status need_store(const zg_event *e, zagg_err *err)
{
    ZAGG_TRY(need(e, "store_path", err));
    if (!e->store)
        return zagg_err_set(err, ZAGG_ECONFIG, "event: store_path: must be a text");
    return zg_store_check(e->store, err);
}

static bool is_hive(const zg_event *e)
{
    return e->pipeline && e->pipeline->output.store_layout == ZAGG_LAYOUT_HIVE;
}

static zagg_store_start start_of(const zg_event *e)
{
    const zagg_value *overwrite = zagg_value_get(e->root, "overwrite");
    return overwrite && zagg_value_truthy(overwrite) ? ZAGG_STORE_OVERWRITE
                                                     : ZAGG_STORE_RESUME;
}

/* The store with what is put into it noted, to be made durable at the end. */
typedef struct open_store {
    zagg_sink *sink;
    zg_recorder *recorder;
} open_store;

static zagg_status store_open(const zg_event *e, open_store *out, zagg_err *err)
{
    *out = (open_store){NULL, NULL};
    ZAGG_TRY(zg_store_open(e->store, e->net, &out->sink, err));
    return zg_recorder_new(out->sink, &out->recorder, err);
}

static zagg_status store_close(open_store *s, zagg_status status, zagg_err *err)
{
    if (status == ZAGG_OK)
        status = zg_recorders_sync(&s->recorder, 1, err);
    zg_recorder_free(s->recorder);
    zagg_sink_close(s->sink);
    return status;
}

/* ---- setup ---- */

/* A store that is replaced has none of the shards that records tell of. */
static zagg_status drop_records(const zg_event *e, zagg_err *err)
{
    zagg_sink *status = NULL;
    ZAGG_TRY(zg_status_open(e->store, e->net, true, &status, err));
    zagg_status done = zagg_sink_delete_prefix(status, "shards/", err);
    if (done == ZAGG_OK)
        done = zagg_sink_delete_prefix(status, "rewriting/", err);
    if (done == ZAGG_OK)
        done = zagg_sink_delete(status, ZG_STORE_RECORD, err);
    zagg_sink_close(status);
    return done;
}

static zagg_status begin_store(const zg_event *e, zagg_err *err)
{
    zagg_shardmap map;
    open_store s;
    const zagg_store_start start = start_of(e);
    if (start == ZAGG_STORE_OVERWRITE)
        ZAGG_TRY(drop_records(e, err));
    zagg_status status = store_open(e, &s, err);
    if (status == ZAGG_OK)
        status =
            zagg_store_plan_begin(e->plan, zg_recorder_sink(s.recorder),
                                  zg_event_dataset(e, &map), start, e->opts->log, err);
    return store_close(&s, status, err);
}

/* {"schema_version": 1, ...the block..., "config": ...} */
static zagg_status manifest_text(const zg_event *e, const zagg_value *block, zg_str *text,
                                 zagg_err *err)
{
    const zagg_value *config = zagg_value_get(e->root, "config");
    zg_json_out w;
    zg_json_begin(&w, text, -1);
    zg_json_open_map(&w);
    zg_json_put_u64(&w, "schema_version", 1);
    for (size_t i = 0; i < block->n; i++) {
        zg_json_key(&w, block->members[i].key->str);
        ZAGG_TRY(zg_json_value(&w, block->members[i].value, err));
    }
    zg_json_key(&w, "config");
    if (config)
        ZAGG_TRY(zg_json_value(&w, config, err));
    else
        zg_json_null(&w);
    zg_json_close_map(&w);
    return text->failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory") : ZAGG_OK;
}

static zagg_status put_manifest(const zg_event *e, const zagg_value *block,
                                const char *run_id, zagg_err *err)
{
    zagg_sink *status = NULL;
    zg_str text, key;
    zg_str_init(&text, 0);
    zg_str_init(&key, 0);
    zg_str_addf(&key, "run-%s/manifest.json", run_id);
    zagg_status done = manifest_text(e, block, &text, err);
    if (done == ZAGG_OK)
        done = zg_status_open(e->store, e->net, true, &status, err);
    if (done == ZAGG_OK)
        done = zagg_sink_put(status, key.data, text.data, text.len, err);
    zagg_sink_close(status);
    zg_str_free(&text);
    zg_str_free(&key);
    return done;
}

/* What the run is, for those who look in later. No setup fails for it, as upstream. */
static void note_manifest(const zg_event *e)
{
    const zagg_value *block = zagg_value_get_set(e->root, "run_manifest");
    const char *run_id = zg_value_text(block, "run_id");
    zagg_err err = ZAGG_ERR_INIT;
    if (run_id && run_id[0] && put_manifest(e, block, run_id, &err) != ZAGG_OK)
        zagg_log_write(e->opts->log, ZAGG_LOG_WARN,
                       "the run's manifest is not written: %s", err.msg);
}

static zagg_status put_stamp(const zg_event *e, const char *run_id, zagg_err *err)
{
    zagg_sink *store = NULL, *status = NULL;
    char stamp[ZG_STORE_STAMP_BYTES];
    zagg_status done = zg_store_open(e->store, e->net, &store, err);
    if (done == ZAGG_OK)
        done = zg_store_stamp(store, e->pipeline, e->grid, stamp, err);
    if (done == ZAGG_OK)
        done = zg_status_open(e->store, e->net, true, &status, err);
    if (done == ZAGG_OK)
        done = zg_store_stamp_note(status, run_id, stamp, err);
    zagg_sink_close(status);
    zagg_sink_close(store);
    return done;
}

/* Which store the run named in the event writes into, where nobody watches over its
 * setup: without it what the run does counts for no later one. */
static void note_stamp(const zg_event *e)
{
    const char *run_id = zg_value_text(e->root, "run_id");
    zagg_err err = ZAGG_ERR_INIT;
    if (run_id && zg_event_is_name(run_id) && put_stamp(e, run_id, &err) != ZAGG_OK)
        zagg_log_write(e->opts->log, ZAGG_LOG_WARN, "the run's store is not noted: %s",
                       err.msg);
}

static zagg_status set_up(zg_event *e, zagg_err *err)
{
    ZAGG_TRY(need(e, "config", err));
    ZAGG_TRY(need_store(e, err));
    ZAGG_TRY(zg_event_load(e, err));
    ZAGG_TRY(zg_event_compile(e, err));
    ZAGG_TRY(zg_event_open_net(e, false, err));
    ZAGG_TRY(begin_store(e, err));
    note_manifest(e);
    note_stamp(e);
    return ZAGG_OK;
}

/* Time that is over has a name, as in a shard's response. */
static void name_stop(zg_event *e, zagg_status status, zagg_err *why)
{
    char text[sizeof why->msg];
    if (status != ZAGG_ECANCELLED)
        return;
    zg_event_stop_text(e, why->msg, text, sizeof text);
    (void)zagg_err_set(why, status, "%s", text);
}

static zagg_status tell(zg_event *e, const char *mode, zagg_status status, zagg_err *why)
{
    name_stop(e, status, why);
    if (status == ZAGG_OK)
        zg_event_ok(e, mode);
    else
        zg_event_fail_mode(e, mode, why->msg);
    return ZAGG_OK;
}

zagg_status zg_event_setup(zg_event *e, zagg_err *err)
{
    zagg_err why = ZAGG_ERR_INIT;
    (void)err;
    return tell(e, "setup", set_up(e, &why), &why);
}

/* ---- finalize ---- */

/* Of ".../ID.zarr/zarr.json", the last object of a leaf: the word of its shard. */
static bool leaf_of(const char *key, unsigned order, uint64_t *word)
{
    static const char TAIL[] = ".zarr/zarr.json";
    const size_t len = strlen(key), tail = sizeof TAIL - 1;
    if (len <= tail || strcmp(key + len - tail, TAIL) != 0)
        return false;
    size_t begin = len - tail;
    while (begin > 0 && key[begin - 1] != '/')
        begin--;
    const size_t id_len = len - tail - begin;
    return id_len < MAX_ID &&
           zagg_word_parse_decimal(key + begin, id_len, word, NULL) == ZAGG_OK &&
           !zagg_word_is_point(*word) && zagg_word_order(*word) == order;
}

typedef struct leaf_list {
    unsigned order;
    zg_vec words;
} leaf_list;

static zagg_status note_leaf(void *user, const char *key, uint64_t size, zagg_err *err)
{
    leaf_list *l = user;
    uint64_t word = 0;
    (void)size;
    if (leaf_of(key, l->order, &word) && !zg_vec_append(&l->words, &word, 1))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the leaves of a store");
    return ZAGG_OK;
}

/* The manifest, should its setup have been lost, and the coverage of all leaves. */
static zagg_status finish_hive(const zg_event *e, zagg_sink *store, zagg_err *err)
{
    zagg_shardmap map;
    leaf_list leaves = {.order = zagg_grid_get_info(e->grid)->parent_order};
    zg_vec_init(&leaves.words, sizeof(uint64_t), MAX_SHARDS);
    zagg_status status = zagg_store_plan_begin(e->plan, store, zg_event_dataset(e, &map),
                                               ZAGG_STORE_RESUME, e->opts->log, err);
    if (status == ZAGG_OK)
        status = zagg_sink_list(store, "", note_leaf, &leaves, err);
    if (status == ZAGG_OK)
        status = zagg_store_plan_end(e->plan, store, leaves.words.data, leaves.words.len,
                                     e->opts->log, err);
    zg_vec_free(&leaves.words);
    return status;
}

/* In upstream's words: the address of what is not there, and no more. */
static zagg_status tell_missing(const zg_event *e, zagg_err *err)
{
    const char *path = zg_store_path(e->store);
    if (zagg_url_is_remote(path))
        return zagg_err_set(err, ZAGG_ENOTFOUND, "%s", path);
    char here[PATH_MAX] = "";
    const bool relative = path[0] != '/' && getcwd(here, sizeof here) != NULL;
    return zagg_err_set(err, ZAGG_ENOTFOUND, "file://%s%s%s", here, relative ? "/" : "",
                        path);
}

/* An event without a config is upstream's at 0.11, which always consolidates. */
static zagg_status finish_flat(const zg_event *e, zagg_sink *store, zagg_err *err)
{
    uint64_t size;
    const zagg_status there = zagg_sink_size(store, "zarr.json", &size, err);
    if (there == ZAGG_ENOTFOUND)
        return tell_missing(e, err);
    ZAGG_TRY(there);
    return !e->plan || zagg_store_plan_consolidates(e->plan)
               ? zagg_zarr_consolidate(store, err)
               : ZAGG_OK;
}

static zagg_status finish(zg_event *e, zagg_err *err)
{
    open_store s;
    ZAGG_TRY(need_store(e, err));
    if (zagg_value_get_set(e->root, "config")) {
        ZAGG_TRY(zg_event_load(e, err));
        ZAGG_TRY(zg_event_compile(e, err));
    }
    ZAGG_TRY(zg_event_open_net(e, false, err));
    zagg_status status = store_open(e, &s, err);
    if (status == ZAGG_OK)
        status = is_hive(e) ? finish_hive(e, zg_recorder_sink(s.recorder), err)
                            : finish_flat(e, zg_recorder_sink(s.recorder), err);
    return store_close(&s, status, err);
}

zagg_status zg_event_finalize(zg_event *e, zagg_err *err)
{
    zagg_err why = ZAGG_ERR_INIT;
    (void)err;
    return tell(e, "finalize", finish(e, &why), &why);
}

/* ---- ping ---- */

/* Would a setup go well? Nothing is written. */
static zagg_status check_store(const zg_event *e, zagg_err *err)
{
    zagg_sink *store = NULL;
    zagg_shardmap map;
    bool there;
    ZAGG_TRY(zg_store_open(e->store, e->net, &store, err));
    const zagg_status status = zagg_store_plan_check(
        e->plan, store, zg_event_dataset(e, &map), start_of(e), &there, err);
    zagg_sink_close(store);
    return status;
}

/* An object without bytes, put and taken away again. */
static zagg_status probe(const zg_event *e, char key[64], bool *removed, zagg_err *err)
{
    zagg_sink *status = NULL;
    char id[33];
    zg_unique_id(id);
    (void)snprintf(key, 64, "ping-%s", id);
    ZAGG_TRY(zg_status_open(e->store, e->net, false, &status, err));
    const zagg_status put = zagg_sink_put(status, key, "", 0, err);
    if (put == ZAGG_OK)
        *removed = zagg_sink_delete(status, key, NULL) == ZAGG_OK;
    zagg_sink_close(status);
    return put;
}

static zagg_status try_store(zg_event *e, zagg_err *err)
{
    ZAGG_TRY(need_store(e, err));
    if (zagg_value_get_set(e->root, "config")) {
        ZAGG_TRY(zg_event_load(e, err));
        ZAGG_TRY(zg_event_compile(e, err));
    }
    ZAGG_TRY(zg_event_open_net(e, false, err));
    return e->plan ? check_store(e, err) : ZAGG_OK;
}

static void tell_probe(zg_event *e, zagg_status status, const char *text, const char *key,
                       bool removed)
{
    zg_json_out w;
    zg_str_free(&e->body);
    zg_str_init(&e->body, 0);
    zg_json_begin(&w, &e->body, -1);
    zg_json_open_map(&w);
    if (status != ZAGG_OK) {
        zg_json_put_str(&w, "error", text);
        zg_json_put_str(&w, "mode", "ping");
        zg_json_put_str(&w, "check", "write_probe");
    } else {
        zg_json_key(&w, "ok");
        zg_json_bool(&w, true);
        zg_json_put_str(&w, "mode", "ping");
        zg_json_put_str(&w, "probe_key", key);
        zg_json_key(&w, "probe_delete");
        zg_json_bool(&w, removed);
    }
    zg_json_close_map(&w);
    e->code = status == ZAGG_OK ? 200 : 500;
    e->outcome = status == ZAGG_OK ? ZAGG_EVENT_OK : ZAGG_EVENT_FAILED;
}

zagg_status zg_event_ping(zg_event *e, zagg_err *err)
{
    zagg_err why = ZAGG_ERR_INIT;
    char key[64];
    bool removed = false;
    (void)err;
    zagg_status status = try_store(e, &why);
    if (status != ZAGG_OK)
        return tell(e, "ping", status, &why);
    status = probe(e, key, &removed, &why);
    name_stop(e, status, &why);
    tell_probe(e, status, why.msg, key, removed);
    return ZAGG_OK;
}
