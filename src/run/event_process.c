/* One shard: read, aggregated, written, and told of as upstream's handler tells it. */
#include "io/behind.h"
#include "io/record_sink.h"
#include "io/sink.h"
#include "run/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Puts at once and bytes of them on their way, behind a network. */
enum { HANDS = 16, BEHIND_BYTES = 32 << 20 };
/* Granules of servers that are opened before their turn. */
enum { AHEAD = 4 };
enum { CODE_OK = 200, CODE_FAILED = 500 };

/* What stands between the carriers of a shard and its store. Aggregation goes on after a
 * failed write, as upstream's writes come after it: the counts are whole then. */
typedef struct shard_writer {
    zg_event *event;
    zagg_shard shard;
    zagg_sink *store, *behind;
    zg_behind *hands;
    zg_recorder *recorder;
    zagg_store_writer *writer;
    enum store_state {
        NOT_OPEN = 0,
        OPEN,
        NO_TEMPLATE, /* the store was not set up */
        NO_STORE,    /* there is none */
        NOT_WRITTEN
    } state;
    zagg_err failure;
    double seconds;
} shard_writer;

/* Everything about the shard of an event. */
typedef struct shard_task {
    zg_event *event;
    uint64_t key;
    const char **hrefs;
    size_t n_hrefs;
    zagg_shardmap *map; /* its part of the shard map */
    uint64_t *aoi;
    size_t n_aoi;
    shard_writer writer;
    zagg_shard_result result;
} shard_task;

/* ---- checking the event ---- */

static const char *const NEEDED[] = {"shard_key", "parent_order", "granule_urls",
                                     "store_path", "s3_credentials"};
static const char *const KEYS[] = {"accessKeyId", "secretAccessKey", "sessionToken"};

/* Append the names that `map` lacks: "PREFIX: a, b"; nothing where it has all. */
static void list_missing(const zagg_value *map, const char *const *names, size_t n,
                         const char *prefix, zg_str *out)
{
    bool some = false;
    for (size_t i = 0; i < n; i++) {
        if (zagg_value_get(map, names[i]))
            continue;
        zg_str_add(out, some ? ", " : prefix);
        zg_str_add(out, names[i]);
        some = true;
    }
}

/* Keys of granules may be left out as a whole ({} or null): they are the worker's own
 * then. A token for https:// granules needs no others. */
static void check_keys(const zagg_value *keys, zg_str *out)
{
    if (keys->kind == ZAGG_MAP && keys->n > 0 && !zagg_value_get_set(keys, "edl_token"))
        list_missing(keys, KEYS, 3, "Missing s3_credentials keys: ", out);
}

/* True when the response says that the event is at fault. */
static bool refuse_event(zg_event *e)
{
    zg_str text;
    zg_str_init(&text, 0);
    list_missing(e->root, NEEDED, 5, "Missing required parameters: ", &text);
    if (text.len == 0)
        check_keys(zagg_value_get(e->root, "s3_credentials"), &text);
    const bool refused = text.len > 0;
    if (refused)
        zg_event_refuse(e, text.data);
    zg_str_free(&text);
    return refused;
}

static zagg_status check_output_keys(const zg_event *e, zagg_err *err)
{
    const zagg_value *keys = zagg_value_get_set(e->root, "output_credentials");
    zg_str text;
    if (!zagg_value_truthy(keys))
        return ZAGG_OK;
    zg_str_init(&text, 0);
    list_missing(keys, KEYS, 2, "output_credentials missing keys: ", &text);
    const zagg_status status =
        text.len > 0 ? zagg_err_set(err, ZAGG_ECONFIG, "%s", text.data) : ZAGG_OK;
    zg_str_free(&text);
    return status;
}

/* What upstream's later dispatchers may ask for and this version does not do. */
static zagg_status check_windows(const zg_event *e, zagg_err *err)
{
    static const char *const NAMES[] = {"window", "windows"};
    for (size_t i = 0; i < 2; i++)
        if (zagg_value_get_set(e->root, NAMES[i]))
            return zagg_err_set(err, ZAGG_ECONFIG,
                                "event: key %s: this version writes no time windows",
                                NAMES[i]);
    return ZAGG_OK;
}

static zagg_status take_hrefs(shard_task *t, zagg_err *err)
{
    const zagg_value *urls = zagg_value_get(t->event->root, "granule_urls");
    if (urls->kind != ZAGG_LIST)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "event: granule_urls: found a %s; must be a list",
                            zagg_value_kind_name(urls));
    ZAGG_TRY(zagg_arena_alloc(t->event->arena, urls->n ? urls->n : 1, sizeof *t->hrefs,
                              &t->hrefs, err));
    for (size_t i = 0; i < urls->n; i++) {
        t->hrefs[i] = zg_event_granule(urls, i);
        if (!t->hrefs[i])
            return zagg_err_set(err, ZAGG_ECONFIG,
                                "event: granule_urls[%zu]: must be a text, or an object "
                                "with a text url",
                                i);
    }
    t->n_hrefs = urls->n;
    return ZAGG_OK;
}

static zagg_status take_aoi(shard_task *t, zagg_err *err)
{
    const zagg_value *aoi = zagg_value_get_set(t->event->root, "aoi_payload");
    if (!aoi)
        return ZAGG_OK;
    if (aoi->kind == ZAGG_LIST)
        ZAGG_TRY(zagg_arena_alloc(t->event->arena, aoi->n ? aoi->n : 1, sizeof *t->aoi,
                                  &t->aoi, err));
    for (size_t i = 0; aoi->kind == ZAGG_LIST && i < aoi->n; i++)
        if (zagg_value_u64(aoi->items[i], &t->aoi[i]))
            t->n_aoi++;
    if (aoi->kind != ZAGG_LIST || t->n_aoi < aoi->n)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "event: aoi_payload: must be a list of cells");
    return ZAGG_OK;
}

/* ---- the shard's part of the shard map ---- */

/* The records that came along, as the shard map that they are. */
static zagg_status map_of_records(shard_task *t, const zagg_value *submap, zagg_err *err)
{
    static const zg_json_style PYTHON = {.indent = -1};
    static const char *const PARTS[] = {"granules", "grid_signature", "metadata"};
    static const zagg_value NOTHING = {.kind = ZAGG_NULL};
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_addf(&text, "{\"shard_keys\": [%" PRIu64 "]", t->key);
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; status == ZAGG_OK && i < 3; i++) {
        const zagg_value *v = zagg_value_get(submap, PARTS[i]);
        zg_str_addf(&text, ", \"%s\": %s", PARTS[i], i == 0 ? "[" : "");
        status = zg_json_write(&text, v ? v : &NOTHING, PYTHON, err);
        zg_str_add(&text, i == 0 ? "]" : "");
    }
    zg_str_addc(&text, '}');
    if (status == ZAGG_OK)
        status = text.failed
                     ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the shard map")
                     : zagg_shardmap_parse(text.data, text.len, "submap of the event",
                                           &t->map, err);
    zg_str_free(&text);
    return status;
}

static zagg_status map_of_hrefs(shard_task *t, zagg_err *err)
{
    zagg_shardmap_builder *builder = NULL;
    ZAGG_TRY(zagg_shardmap_builder_new(&builder, err));
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; status == ZAGG_OK && i < t->n_hrefs; i++)
        status = zagg_shardmap_builder_add(builder, t->hrefs[i], &t->key, 1, err);
    if (status != ZAGG_OK) {
        zagg_shardmap_builder_free(builder);
        return status;
    }
    return zagg_shardmap_builder_finish(builder, "granule_urls of the event",
                                        t->event->pipeline->output.latitude, &t->map,
                                        err);
}

/* Only leaves of hives tell where they come from. */
static zagg_status make_map(shard_task *t, zagg_err *err)
{
    const zagg_value *submap = zagg_value_get_set(t->event->root, "submap");
    if (t->n_hrefs == 0 || t->event->pipeline->output.store_layout != ZAGG_LAYOUT_HIVE)
        return ZAGG_OK;
    return submap ? map_of_records(t, submap, err) : map_of_hrefs(t, err);
}

/* ---- the store ---- */

static zagg_status fail_write(shard_writer *w, enum store_state state,
                              const zagg_err *failure)
{
    w->state = state;
    w->failure = *failure;
    return ZAGG_OK;
}

/* Lack of memory and of time end the shard; whatever else is wrong with the store is kept
 * until the counts are known. */
static zagg_status judge_write(shard_writer *w, zagg_status status,
                               const zagg_err *failure, zagg_err *err)
{
    if (status == ZAGG_OK)
        return ZAGG_OK;
    if (status != ZAGG_ENOMEM && status != ZAGG_ECANCELLED)
        return fail_write(w, NOT_WRITTEN, failure);
    if (err)
        *err = *failure;
    return status;
}

/* Flat stores are made by a setup before any shard; in a hive each leaf is complete. */
static zagg_status check_template(shard_writer *w, zagg_err *err)
{
    const zg_event *e = w->event;
    const char *group = zagg_store_plan_template(e->plan)->group;
    char key[96];
    uint64_t size;
    if (e->pipeline->output.store_layout == ZAGG_LAYOUT_HIVE)
        return ZAGG_OK;
    (void)snprintf(key, sizeof key, "%s/zarr.json", group);
    zagg_err failure = ZAGG_ERR_INIT;
    zagg_status status = zagg_sink_size(w->store, key, &size, &failure);
    if (status != ZAGG_ENOTFOUND)
        return judge_write(w, status, &failure, err);
    const char *path = zg_store_path(e->store);
    if (!zagg_url_is_remote(path) && access(path, F_OK) != 0) {
        zagg_err_set(&failure, ZAGG_ENOTFOUND, "%s does not exist", path);
        return fail_write(w, NO_STORE, &failure);
    }
    zagg_err_set(&failure, ZAGG_ENOTFOUND, "Zarr template not found at %s/%s", path,
                 group);
    return fail_write(w, NO_TEMPLATE, &failure);
}

static zagg_status open_parts(shard_writer *w, zagg_err *err)
{
    const zg_event *e = w->event;
    ZAGG_TRY(zg_store_check(e->store, err));
    ZAGG_TRY(zg_store_open(e->store, e->net, &w->store, err));
    zagg_sink *to = w->store;
    if (zagg_url_is_remote(zg_store_path(e->store))) {
        ZAGG_TRY(zg_behind_new(HANDS, BEHIND_BYTES, &w->hands, err));
        ZAGG_TRY(zg_behind_open(w->hands, w->store, &w->behind, err));
        to = w->behind;
    }
    ZAGG_TRY(zg_recorder_new(to, &w->recorder, err));
    return zagg_store_writer_new(e->plan, zg_recorder_sink(w->recorder), &w->writer, err);
}

/* What local runs noted of the shard no longer holds. */
static zagg_status drop_record(const shard_writer *w, zagg_err *err)
{
    zagg_sink *status = NULL;
    char name[64];
    zg_record_name(w->shard.key, false, name);
    ZAGG_TRY(zg_status_open(w->event->store, w->event->net, false, &status, err));
    const zagg_status done = zagg_sink_delete(status, name, err);
    zagg_sink_close(status);
    return done;
}

/* `empty`: nothing will be written, and whatever was there goes. */
static zagg_status open_store(shard_writer *w, bool empty, zagg_err *err)
{
    zagg_err failure = ZAGG_ERR_INIT;
    zagg_status status = open_parts(w, &failure);
    ZAGG_TRY(judge_write(w, status, &failure, err));
    if (w->state == NOT_OPEN)
        ZAGG_TRY(check_template(w, err));
    if (w->state != NOT_OPEN)
        return ZAGG_OK;
    w->state = OPEN;
    status = drop_record(w, &failure);
    if (status == ZAGG_OK) /* CSR groups may not be written over */
        status = zagg_store_plan_erase_shard(
            w->event->plan, zg_recorder_sink(w->recorder), &w->shard, !empty, &failure);
    return judge_write(w, status, &failure, err);
}

static zagg_status settle_parts(const shard_writer *w, zagg_err *err)
{
    ZAGG_TRY(zg_sink_wait(zg_recorder_sink(w->recorder), err));
    return zg_recorders_sync(&w->recorder, 1, err);
}

/* A shard without data may have had some when it was last written, of other granules: as
 * on one machine, none of it stays. Where there is no store there is nothing to do. */
static zagg_status empty_store(shard_writer *w, zagg_err *err)
{
    zagg_err failure = ZAGG_ERR_INIT;
    ZAGG_TRY(open_store(w, true, err));
    if (w->state == OPEN)
        ZAGG_TRY(judge_write(w, settle_parts(w, &failure), &failure, err));
    if (w->state != NOT_WRITTEN)
        w->state = NOT_OPEN;
    return ZAGG_OK;
}

static zagg_status write_carrier(void *user, const zagg_shard *shard,
                                 const zagg_carrier *carrier, zagg_err *err)
{
    shard_writer *w = user;
    const double start = zg_clock_mono_s();
    zagg_status status = ZAGG_OK;
    if (zg_is_stopped(&w->event->deadline.flag))
        return zagg_err_set(err, ZAGG_ECANCELLED, "stopped");
    if (w->state == NOT_OPEN)
        status = open_store(w, false, err);
    if (status == ZAGG_OK && w->state == OPEN) {
        zagg_err failure = ZAGG_ERR_INIT;
        status = zagg_store_writer_carrier(w->writer, shard, carrier, &failure);
        status = judge_write(w, status, &failure, err);
    }
    w->seconds += zg_clock_mono_s() - start;
    return status;
}

static zagg_status finish_parts(shard_writer *w, const zagg_store_origin *origin,
                                zagg_err *err)
{
    zagg_store_writer_set_origin(w->writer, origin);
    ZAGG_TRY(zagg_store_writer_finish(w->writer, &w->shard, err));
    return settle_parts(w, err);
}

static zagg_status finish_store(shard_task *t, zagg_err *err)
{
    shard_writer *w = &t->writer;
    const char *run_id = zg_value_text(t->event->root, "run_id");
    const double start = zg_clock_mono_s();
    char id[33];
    if (!run_id) {
        zg_unique_id(id);
        run_id = id;
    }
    const zagg_store_origin origin = {t->map,     t->map ? &t->map->shards[0] : NULL,
                                      t->hrefs,   t->n_hrefs,
                                      &t->result, run_id};
    zagg_err failure = ZAGG_ERR_INIT;
    const zagg_status status = finish_parts(w, &origin, &failure);
    w->seconds += zg_clock_mono_s() - start;
    return judge_write(w, status, &failure, err);
}

static void close_store(shard_writer *w)
{
    zagg_store_writer_free(w->writer);
    zg_recorder_free(w->recorder);
    zagg_sink_close(w->behind);
    zg_behind_free(w->hands);
    zagg_sink_close(w->store);
}

/* ---- the shard ---- */

static zagg_status open_granule(void *user, const char *href, zagg_source **out,
                                zagg_err *err)
{
    const zg_event *e = user;
    return zg_granule_open(zg_event_reads_files(e) ? NULL : e->net, href, out, err);
}

/* 80 % of what the function has: the rest is for what is not rows. */
static uint64_t memory_budget(const zagg_event_opts *o)
{
    const char *text = getenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
    const uint64_t mib = text ? strtoull(text, NULL, 10) : 0;
    if (o->memory_bytes || mib == 0 || mib > (uint64_t)1 << 30)
        return o->memory_bytes;
    return (mib << 20) / 10 * 8;
}

static zagg_status read_shard(shard_task *t, zagg_err *err)
{
    zg_event *e = t->event;
    const zagg_event_opts *o = e->opts;
    const char *handoff = zg_value_text(e->root, "handoff");
    const zagg_shard_opts opts = {.handoff = handoff ? handoff : "pandas",
                                  .pool = e->pool,
                                  .log = o->log,
                                  .open = open_granule,
                                  .open_user = e,
                                  .aoi_mask = t->aoi,
                                  .n_aoi_mask = t->n_aoi,
                                  .memory_bytes = memory_budget(o),
                                  .spill_dir = o->spill_dir,
                                  .stop = &e->deadline.flag,
                                  .ahead =
                                      e->net && !zg_event_reads_files(e) ? AHEAD : 0};
    ZAGG_TRY(zagg_process_shard(e->worker, t->key, t->hrefs, t->n_hrefs, &opts,
                                write_carrier, &t->writer, &t->result, err));
    /* Carriers are written between aggregating; upstream's figures leave that out. */
    t->result.aggregate_s -= t->writer.seconds;
    t->result.duration_s -= t->writer.seconds;
    if (t->writer.state == OPEN)
        return finish_store(t, err);
    const bool empty = t->result.no_data && !t->result.failed;
    return empty && t->writer.state == NOT_OPEN ? empty_store(&t->writer, err) : ZAGG_OK;
}

static zagg_status do_shard(shard_task *t, zagg_err *err)
{
    zg_event *e = t->event;
    if (!e->store)
        return zagg_err_set(err, ZAGG_ECONFIG, "event: store_path: must be a text");
    if (!zagg_value_u64(zagg_value_get(e->root, "shard_key"), &t->key))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "event: shard_key: must be an integer from 0 to 2^64 - 1");
    ZAGG_TRY(check_windows(e, err));
    ZAGG_TRY(check_output_keys(e, err));
    ZAGG_TRY(take_hrefs(t, err));
    ZAGG_TRY(take_aoi(t, err));
    ZAGG_TRY(zg_event_compile(e, err));
    ZAGG_TRY(zagg_grid_shard(e->grid, t->key, &t->writer.shard, err));
    ZAGG_TRY(zagg_worker_new(e->pipeline, e->grid, &e->worker, err));
    ZAGG_TRY(make_map(t, err));
    ZAGG_TRY(zg_event_open_net(e, true, err));
    ZAGG_TRY(zagg_pool_new(e->opts->threads ? e->opts->threads : zg_cpu_count(), &e->pool,
                           err));
    return read_shard(t, err);
}

/* ---- the response ---- */

static void put_failures(zg_json_out *w, const zagg_shard_result *r)
{
    if (r->read_errors)
        zg_json_put_u64(w, "read_errors", r->read_errors);
    if (r->granule_errors)
        zg_json_put_u64(w, "files_failed", r->granule_errors);
    if (r->n_exemplars == 0)
        return;
    zg_json_key(w, "failures");
    zg_json_open_list(w);
    for (size_t i = 0; i < r->n_exemplars; i++)
        zg_json_str(w, r->exemplars[i]);
    zg_json_close_list(w);
}

static void put_timings(zg_json_out *w, const shard_task *t)
{
    const zagg_shard_result *r = &t->result;
    zg_json_key(w, "phase_timings");
    zg_json_open_map(w);
    zg_json_put_double(w, "read", r->read_s);
    zg_json_put_double(w, "index", r->index_s);
    zg_json_put_double(w, "aggregate", r->aggregate_s);
    if (t->writer.state == OPEN)
        zg_json_put_double(w, "write", t->writer.seconds);
    zg_json_close_map(w);
}

/* In the order of upstream's metadata; error NULL: all is well. */
static void put_metadata(zg_json_out *w, const shard_task *t, const char *error)
{
    const zagg_shard_result *r = &t->result;
    zg_json_put_u64(w, "shard_key", t->key);
    zg_json_put_u64(w, "cells_with_data", r->cells_with_data);
    zg_json_put_u64(w, "total_obs", r->total_obs);
    zg_json_put_u64(w, "granule_count", r->granule_count);
    zg_json_put_u64(w, "files_processed", r->files_processed);
    zg_json_put_double(w, "duration_s", r->duration_s);
    zg_json_put_str(w, "error", error);
    put_failures(w, r);
}

static void put_peak(zg_json_out *w)
{
    zg_json_put_double(w, "max_memory_mb",
                       (double)zg_peak_rss_bytes() / (double)(1 << 20));
}

static void tell_result(const shard_task *t, const char *error, bool whole)
{
    zg_event *e = t->event;
    zg_json_out w;
    zg_json_begin(&w, &e->body, -1);
    zg_json_open_map(&w);
    put_metadata(&w, t, error);
    if (whole) {
        const zagg_value *profile = zagg_value_get(e->root, "profile");
        if (profile && zagg_value_truthy(profile))
            put_timings(&w, t);
        put_peak(&w);
    }
    zg_json_close_map(&w);
    e->code = error ? CODE_FAILED : CODE_OK;
    e->outcome = !error                      ? ZAGG_EVENT_OK
                 : zg_event_is_benign(error) ? ZAGG_EVENT_NO_DATA
                                             : ZAGG_EVENT_FAILED;
}

/* What upstream's handler catches last. */
static void tell_raised(const shard_task *t, const char *prefix, const char *text)
{
    zg_event *e = t->event;
    const zagg_value *key = zagg_value_get(e->root, "shard_key");
    zg_str error;
    zg_json_out w;
    zg_str_init(&error, 0);
    zg_str_addf(&error, "%s%s", prefix, text);
    zg_json_begin(&w, &e->body, -1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "error", error.failed ? prefix : error.data);
    zg_json_key(&w, "shard_key");
    if (key->kind == ZAGG_LIST || key->kind == ZAGG_MAP)
        zg_json_null(&w);
    else
        (void)zg_json_value(&w, key, NULL);
    zg_json_put_str(&w, "request_id", e->opts->request_id);
    zg_json_close_map(&w);
    zg_str_free(&error);
    e->code = CODE_FAILED;
    e->outcome = ZAGG_EVENT_FAILED;
}

static void tell_stop(const shard_task *t, const char *why)
{
    char text[sizeof((zagg_err *)0)->msg + 16];
    zg_event_stop_text(t->event, why, text, sizeof text);
    tell_raised(t, "", text);
}

static void tell_written(const shard_task *t)
{
    static const char NOT_WRITTEN_TO[] = "Failed to write zarr: ";
    const shard_writer *w = &t->writer;
    zg_str text;
    switch (w->state) {
    case NOT_OPEN:
    case OPEN:
        tell_result(t, t->result.error[0] ? t->result.error : NULL, true);
        break;
    case NO_STORE:
        tell_raised(t, "Unhandled exception: ", w->failure.msg);
        break;
    case NO_TEMPLATE:
        tell_result(t, w->failure.msg, false);
        break;
    case NOT_WRITTEN:
        zg_str_init(&text, 0);
        zg_str_addf(&text, "%s%s", NOT_WRITTEN_TO, w->failure.msg);
        tell_result(t, text.failed ? NOT_WRITTEN_TO : text.data, true);
        zg_str_free(&text);
        break;
    }
}

static void tell(const shard_task *t, zagg_status status, const char *text)
{
    if (status == ZAGG_OK)
        tell_written(t);
    else if (status == ZAGG_ENOMEM)
        tell_raised(t, "Out of memory: ", text);
    else if (status == ZAGG_ECANCELLED)
        tell_stop(t, text);
    else
        tell_raised(t, "Unhandled exception: ", text);
}

/* HEALPix events name the order of cells as well. */
static bool lacks_child_order(zg_event *e)
{
    const char *type = e->pipeline->output.grid_type;
    if (!type || strcmp(type, "healpix") != 0 || zagg_value_get(e->root, "child_order"))
        return false;
    zg_event_refuse(e, "Missing required parameters: child_order");
    return true;
}

zagg_status zg_event_process(zg_event *e, zagg_err *err)
{
    zagg_err why = ZAGG_ERR_INIT;
    if (refuse_event(e))
        return ZAGG_OK;
    shard_task *t = zg_alloc(1, sizeof *t);
    if (!t)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a shard");
    t->event = t->writer.event = e;
    zagg_status status = zg_event_load(e, &why);
    if (status != ZAGG_OK || !lacks_child_order(e)) {
        if (status == ZAGG_OK)
            status = do_shard(t, &why);
        close_store(&t->writer);
        zagg_shardmap_free(t->map);
        tell(t, status, why.msg);
    }
    zg_free(t);
    return ZAGG_OK;
}
