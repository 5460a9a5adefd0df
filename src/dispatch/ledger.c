/* Writing of the ledger: manifest, status objects, results. Status objects have upstream
 * 0.61's form, manifests its members first. */
#include "dispatch/ledger_impl.h"
#include "io/sink.h"
#include "run/status_dir.h"
#include "text/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { HANDS = 8, WAITING_BYTES = 8 << 20 };
/* Between the beginnings of two runs. */
#define LEAST_LATER_S 0.001

/* ---- units ---- */

static int by_key(const void *a, const void *b)
{
    const uint64_t x = ((const zg_unit_place *)a)->key;
    const uint64_t y = ((const zg_unit_place *)b)->key;
    return (x > y) - (x < y);
}

size_t zg_ledger_unit_of(const zg_ledger *ledger, uint64_t key)
{
    const zg_unit_place wanted = {.key = key};
    if (ledger->opts.n == 0)
        return SIZE_MAX;
    const zg_unit_place *found =
        bsearch(&wanted, ledger->places, ledger->opts.n, sizeof *ledger->places, by_key);
    return found != NULL ? found->unit : SIZE_MAX;
}

static zagg_status index_units(zg_ledger *l, zagg_err *err)
{
    const size_t n = l->opts.n;
    l->places = zg_alloc(n ? n : 1, sizeof *l->places);
    l->told = zg_alloc(n ? n : 1, sizeof *l->told);
    if (l->places == NULL || l->told == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", n);
    for (size_t i = 0; i < n; i++)
        l->places[i] = (zg_unit_place){l->opts.units[i].key, i};
    if (n > 1)
        qsort(l->places, n, sizeof *l->places, by_key);
    return ZAGG_OK;
}

/* ---- life ---- */

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Whoever may invoke need not be allowed to write here, and does without records then. */
static zagg_status hold_store(zg_ledger *l, zagg_err *err)
{
    char host[65];
    zagg_err why = ZAGG_ERR_INIT;
    zg_host_name(host);
    const zg_hold_opts opts = {l->sink, l->opts.run_id, host, l->opts.log};
    const zagg_status status = zg_hold_store(&opts, l->opts.store, &l->hold, &why);
    if (status == ZAGG_EAUTH) {
        zagg_log_write(l->opts.log, ZAGG_LOG_WARN,
                       "The store cannot be locked, and two runs into it will not notice "
                       "each other: %s",
                       why.msg);
        return ZAGG_OK;
    }
    if (status != ZAGG_OK && err != NULL)
        *err = why;
    return status;
}

zagg_status zg_ledger_check(const zg_ledger *l, zagg_err *err)
{
    const zagg_status status = zg_hold_check(l->hold, err);
    return status == ZAGG_OK ? ZAGG_OK
                             : zagg_err_context(err, status, "store %s", l->opts.store);
}

zagg_status zg_ledger_open(const zg_ledger_opts *opts, zg_ledger **out, zagg_err *err)
{
    zg_ledger *l = zg_alloc(1, sizeof *l);
    if (l == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the records of a run");
    l->opts = *opts;
    zg_str_init(&l->ended, 0);
    (void)snprintf(l->folder, sizeof l->folder, "run-%s/", opts->run_id);
    zagg_status status = index_units(l, err);
    if (status == ZAGG_OK)
        status = zg_status_open(opts->store, opts->net, false, &l->sink, err);
    if (status == ZAGG_OK)
        status = zg_behind_new(HANDS, WAITING_BYTES, &l->behind, err);
    if (status == ZAGG_OK)
        status = zg_behind_open(l->behind, l->sink, &l->notes, err);
    if (status == ZAGG_OK)
        status = hold_store(l, err);
    if (status != ZAGG_OK)
        zg_ledger_close(l);
    else
        *out = l;
    return status;
}

void zg_ledger_close(zg_ledger *l)
{
    if (l == NULL)
        return;
    if (l->notes != NULL)
        zagg_sink_close(l->notes);
    zg_behind_free(l->behind);
    zg_hold_release(l->hold);
    if (l->sink != NULL)
        zagg_sink_close(l->sink);
    zg_str_free(&l->ended);
    zg_free(l->places);
    zg_free(l->told);
    zg_free(l);
}

/* ---- writing ---- */

static void lose(zg_ledger *l, const zagg_err *why)
{
    if (l->writes)
        zagg_log_write(l->opts.log, ZAGG_LOG_WARN,
                       "The run leaves no further records, and cannot be resumed where "
                       "they end: %s",
                       why->msg);
    l->writes = false;
}

static void put(zg_ledger *l, zagg_sink *to, const char *name, zg_str *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    zg_str key;
    zagg_status status = ZAGG_OK;
    zg_str_init(&key, 0);
    zg_str_addf(&key, "%s%s", l->folder, name);
    if (text->failed || key.failed)
        status = zagg_err_set(&err, ZAGG_ENOMEM, "no memory for %s", name);
    else if (l->writes)
        status = zg_ledger_check(l, &err);
    if (status == ZAGG_OK && l->writes)
        status = zagg_sink_put(to, key.data, text->data, text->len, &err);
    if (status != ZAGG_OK)
        lose(l, &err);
    zg_str_free(&key);
}

static void put_key(zg_json_out *w, uint64_t key)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, key);
    zg_json_str(w, text);
}

static void put_flag(zg_json_out *w, const char *key, bool value)
{
    zg_json_key(w, key);
    zg_json_bool(w, value);
}

/* Members of upstream's manifest, then ours: what a later run is compared with. Shards
 * that are not sent have no hash. */
static void write_manifest(const zg_ledger *l, const bool *done, zg_str *out)
{
    const zg_ledger_opts *o = &l->opts;
    zg_json_out w;
    char now[26];
    zg_clock_utc_offset(now);
    zg_json_begin(&w, out, -1);
    zg_json_open_map(&w);
    zg_json_put_u64(&w, "schema_version", 1);
    zg_json_put_str(&w, "run_id", o->run_id);
    zg_json_key(&w, "shards");
    zg_json_open_list(&w);
    for (size_t i = 0; i < o->n; i++)
        put_key(&w, o->units[i].key);
    zg_json_close_list(&w);
    zg_json_put_str(&w, "semantic_hash", o->semantic_hash[0] ? o->semantic_hash : NULL);
    zg_json_put_str(&w, "dispatched_at", now);
    zg_json_put_str(&w, "program", o->program);
    zg_json_put_str(&w, "backend", o->backend);
    zg_json_put_str(&w, "function", o->function[0] ? o->function : NULL);
    zg_json_put_double(&w, "started_s", l->started_s);
    put_flag(&w, "overwrite", o->overwrite);
    zg_json_put_str(&w, "identity_sha256", o->identity);
    zg_json_key(&w, "granules_sha256");
    zg_json_open_list(&w);
    for (size_t i = 0; i < o->n; i++)
        if (done[i])
            zg_json_null(&w);
        else
            zg_json_str(&w, o->units[i].granules);
    zg_json_close_list(&w);
    zg_json_close_map(&w);
}

zagg_status zg_ledger_begin(zg_ledger *l, const bool *done, zagg_err *err)
{
    zg_str text;
    zg_str_init(&text, 0);
    l->started_s = seconds_now();
    if (l->started_s <= l->latest_s) /* another machine's clock, ahead of this one's */
        l->started_s = l->latest_s + LEAST_LATER_S;
    l->writes = true;
    write_manifest(l, done, &text);
    const zagg_status status =
        text.failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a manifest")
                    : ZAGG_OK;
    if (status == ZAGG_OK)
        put(l, l->sink, ZG_LEDGER_MANIFEST, &text);
    zg_str_free(&text);
    return status;
}

void zg_ledger_note_store(zg_ledger *l)
{
    char stamp[ZG_STORE_STAMP_BYTES];
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status status = zg_ledger_stamp(l, stamp, &err);
    if (status == ZAGG_OK && stamp[0] == '\0')
        status = zagg_err_set(&err, ZAGG_ENOTFOUND,
                              "%s has no template after its setup, as seen from here",
                              l->opts.store);
    if (status == ZAGG_OK && l->writes)
        status = zg_store_stamp_note(l->sink, l->opts.run_id, stamp, &err);
    if (status != ZAGG_OK)
        lose(l, &err);
}

static const char *status_of(const zagg_dispatch_result *r)
{
    return r->failed ? "failed" : r->no_data ? "no_data" : "ok";
}

static void put_body(zg_json_out *w, const zagg_dispatch_result *r)
{
    zg_json_key(w, "body");
    zg_json_open_map(w);
    if (r->status_code != 0) {
        zg_json_put_u64(w, "shard_key", r->shard_key);
        zg_json_put_u64(w, "cells_with_data", r->cells_with_data);
        zg_json_put_u64(w, "total_obs", r->total_obs);
        zg_json_put_u64(w, "granule_count", r->granule_count);
        zg_json_put_u64(w, "files_processed", r->files_processed);
        zg_json_put_double(w, "duration_s", r->duration_s);
        zg_json_put_str(w, "error", r->error);
    }
    zg_json_close_map(w);
}

static void write_object(const zg_ledger *l, const zagg_dispatch_result *r, zg_str *out)
{
    zg_json_out w;
    char attempt[33];
    zg_unique_id(attempt);
    zg_json_begin(&w, out, -1);
    zg_json_open_map(&w);
    zg_json_put_u64(&w, "schema_version", 1);
    zg_json_put_str(&w, "status", status_of(r));
    zg_json_put_str(&w, "attempt_id", attempt);
    zg_json_put_str(&w, "run_id", l->opts.run_id);
    zg_json_key(&w, "shard");
    put_key(&w, r->shard_key);
    zg_json_put_str(&w, "window", NULL);
    zg_json_put_str(&w, "timings", NULL);
    zg_json_put_str(&w, "error", r->error);
    zg_json_put_str(&w, "store_error_class", NULL);
    zg_json_key(&w, "status_code");
    if (r->status_code != 0)
        zg_json_i64(&w, r->status_code);
    else
        zg_json_null(&w);
    put_body(&w, r);
    zg_json_close_map(&w);
}

/* One line of the list at the end: [key, status, obs]. */
static void list(zg_ledger *l, const zagg_dispatch_result *r)
{
    zg_str_addf(&l->ended, "%s\n [\"%" PRIu64 "\", \"%s\", %" PRIu64 "]",
                l->ended.len ? "," : "", r->shard_key, status_of(r), r->total_obs);
}

void zg_ledger_note(zg_ledger *l, const zagg_dispatch_result *r, bool object)
{
    char name[48];
    zg_str text;
    const size_t unit = zg_ledger_unit_of(l, r->shard_key);
    list(l, r);
    if (unit != SIZE_MAX)
        l->told[unit] = true; /* nothing more of it is waited for */
    if (!l->writes || !object)
        return;
    zg_str_init(&text, 0);
    (void)snprintf(name, sizeof name, "shard-%" PRIu64 ".json", r->shard_key);
    write_object(l, r, &text);
    put(l, l->notes, name, &text);
    zg_str_free(&text);
}

void zg_ledger_end(zg_ledger *l, bool stopped)
{
    zg_str text;
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_sink_wait(l->notes, &err) != ZAGG_OK)
        lose(l, &err);
    zg_str_init(&text, 0);
    zg_str_addf(&text, "{\"run_id\": \"%s\", \"stopped\": %s, \"shards\": [%s]}\n",
                l->opts.run_id, stopped ? "true" : "false", l->ended.data);
    text.failed |= l->ended.failed; /* what is not in it counts as not sent */
    put(l, l->sink, ZG_LEDGER_RESULTS, &text);
    zg_str_free(&text);
}
