/* Internal: one invocation of the worker, from its event to its response. */
#ifndef ZG_RUN_EVENT_H
#define ZG_RUN_EVENT_H

#include "run/event_deadline.h"
#include "run/run.h"
#include "run/status_dir.h"
#include "text/text.h"
#include "zagg/worker.h"

/** An event under way. Everything but `opts` and `map` is the invocation's own. */
typedef struct zg_event {
    const zagg_event_opts *opts;
    zagg_arena *arena;
    const zagg_value *root; /* the event, a MAP */
    const char *store;      /* its store_path; NULL until it is known */
    double start_s;
    zg_deadline deadline;
    zagg_pipeline *pipeline;
    zagg_grid *grid;
    zagg_worker *worker;
    zagg_store_plan *plan;
    zagg_net *net;      /* NULL: nothing is behind a network */
    double net_until_s; /* zg_clock_mono_s() at which its transfers end; 0: never */
    zagg_pool *pool;
    /* What the response says: */
    int code;
    zagg_event_outcome outcome;
    zg_str body;
} zg_event;

/** "Missing required parameters: a, b" and the like: 400, {"error": text}. */
void zg_event_refuse(zg_event *e, const char *text);
/** 500, {"error": text, "mode": mode}. */
void zg_event_fail_mode(zg_event *e, const char *mode, const char *text);
/** What is told of an event that was given up: "Deadline: ..." where its time was over,
 * else "Stopped: " and `why`. The deadline is not watched any more. */
void zg_event_stop_text(zg_event *e, const char *why, char *out, size_t len);
/** 200, {"ok": true, "mode": mode}. */
void zg_event_ok(zg_event *e, const char *mode);

/** zg_clock_mono_s() at which the event is to be given up; 0: never. `late`: at which the
 * response has to be on its way, whatever is not written then. */
double zg_event_end_s(const zg_event *e, bool late);

/** Pipeline of the event's config, or of the built-in atl06 where it has none. */
zagg_status zg_event_load(zg_event *e, zagg_err *err);
/** Grid and store plan of the pipeline. */
zagg_status zg_event_compile(zg_event *e, zagg_err *err);
/** The network where the store, or with `granules` a granule, is behind one. Its
 * transfers end with the time of the event; asked again after that, for what is to be
 * told of the event, it takes most of the margin. */
zagg_status zg_event_open_net(zg_event *e, bool granules, zagg_err *err);
/** Path of granule i of granule_urls: a text, or {"url": ...}; NULL where it is neither.
 */
const char *zg_event_granule(const zagg_value *urls, size_t i);
/** Does the config say driver: file? Then s3://a/b is the path a/b. */
bool zg_event_reads_files(const zg_event *e);

/** The four modes: they fill in the response, and the status (ENOMEM, or a defect) is one
 * of what could not even be told. */
zagg_status zg_event_process(zg_event *e, zagg_err *err);
zagg_status zg_event_setup(zg_event *e, zagg_err *err);
zagg_status zg_event_finalize(zg_event *e, zagg_err *err);
zagg_status zg_event_ping(zg_event *e, zagg_err *err);

/** Where a setup's dataset stands in for a shard map's metadata; the map is `*out`. */
const zagg_shardmap *zg_event_dataset(const zg_event *e, zagg_shardmap *out);

/** Status object and result object, as the event asks for them. What cannot be written is
 * logged: a shard whose result is at hand must not fail for it. */
void zg_event_mirror(zg_event *e, const zagg_event_response *response);
/** Ids of runs become parts of keys: letters, digits, "-_." */
bool zg_event_is_name(const char *text);
/** "store-fatal", "transient" or "benign", by the words of an error. Static text. */
const char *zg_event_error_class(const char *error);
/** Is it one of the two errors that mean that there was nothing to do? */
bool zg_event_is_benign(const char *error);

#endif
