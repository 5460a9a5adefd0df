/* zagg_fetch: the reading half of a run, through copies that keep what is read. What a
 * later run needs is hence there, whatever it is that decides it. */
#include "zagg/fetch.h"

#include "cat/cat.h"
#include "io/dir.h"
#include "run/copies.h"

#include <inttypes.h>
#include <string.h>

/* Most of the time they wait for servers; granules opened ahead are as those of a run. */
enum { LEAST_THREADS = 4, AHEAD = 4 };
#define PART_BYTES ((uint64_t)8 << 20)

typedef struct fetch {
    const zagg_fetch_opts *opts;
    zagg_fetch_summary *summary;
    zg_driver driver;
    zagg_grid *grid;
    zagg_worker *worker;
    zagg_pool *pool;
    const zagg_shardmap *map;
    zagg_shardmap *made; /* from URLs; owned */
    zg_copies copies;
    const zagg_shard_entry **shards; /* those selected */
    size_t n_shards;
    zagg_shard_job *jobs;
    const char **hrefs; /* of all jobs */
    double start_s;
    pthread_mutex_t lock; /* the summary and progress */
    size_t done, total;   /* granules */
    double told_s;
} fetch;

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the granules to fetch");
}

/* ---- progress ---- */

static uint64_t bytes_fetched(const fetch *f)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < f->copies.n; i++)
        bytes += atomic_load(&f->copies.list[i].counts.fetched);
    return bytes;
}

/* At most ten times a second, but for the last granule. The lock is held. */
static void tell(fetch *f)
{
    const zagg_fetch_opts *o = f->opts;
    const double elapsed_s = zg_clock_mono_s() - f->start_s;
    if (o->progress == NULL || (elapsed_s - f->told_s < 0.1 && f->done != f->total))
        return;
    f->told_s = elapsed_s;
    const zagg_fetch_event event = {f->done, f->total, bytes_fetched(f), elapsed_s};
    o->progress(o->user, &event);
}

static void tell_done(fetch *f, size_t done, size_t total)
{
    pthread_mutex_lock(&f->lock);
    f->done = done > f->done ? done : f->done;
    f->total = total;
    tell(f);
    pthread_mutex_unlock(&f->lock);
}

static void tell_more(fetch *f, bool granule_done)
{
    pthread_mutex_lock(&f->lock);
    f->done += granule_done;
    tell(f);
    pthread_mutex_unlock(&f->lock);
}

/* ---- as much as a run reads ---- */

static zagg_status shard_ready(void *user, size_t index, zagg_shard_rows *rows,
                               zagg_err *err)
{
    fetch *f = user;
    zagg_shard_result *r = zg_alloc(1, sizeof *r);
    (void)index;
    if (r == NULL)
        return no_memory(err);
    zagg_shard_rows_drop(rows, r);
    pthread_mutex_lock(&f->lock);
    f->summary->read_errors += r->read_errors;
    pthread_mutex_unlock(&f->lock);
    if (r->read_errors > 0 && r->n_exemplars > 0)
        zg_copies_fail(&f->copies, NULL, ZAGG_EIO, r->exemplars[0]);
    zg_free(r);
    return zg_copies_check(&f->copies, err);
}

static zagg_status granule_read(void *user, size_t done, size_t total, zagg_err *err)
{
    fetch *f = user;
    tell_done(f, done, total);
    return zg_copies_check(&f->copies, err);
}

static zagg_status read_parts(fetch *f, zagg_err *err)
{
    const zagg_fetch_opts *o = f->opts;
    const zagg_shard_opts shard_opts = {.pool = f->pool,
                                        .log = o->log,
                                        .open = zg_copies_open,
                                        .open_user = &f->copies,
                                        .memory_bytes = o->memory_bytes,
                                        .stop = o->stop,
                                        .ahead = AHEAD};
    const zagg_shard_taker taker = {shard_ready, NULL, granule_read, f};
    return zagg_process_shards(f->worker, f->jobs, f->n_shards, &shard_opts, &taker, NULL,
                               err);
}

/* ---- all of a granule ---- */

typedef struct whole {
    fetch *fetch;
    zagg_source *source;
} whole;

static zagg_status part_task(void *user, size_t index, size_t slot, void **result,
                             zagg_err *err)
{
    const whole *w = user;
    const uint64_t at = index * PART_BYTES;
    const uint64_t left = zagg_source_size(w->source) - at;
    const size_t len = (size_t)(left < PART_BYTES ? left : PART_BYTES);
    (void)slot;
    (void)result;
    if (zg_is_stopped(w->fetch->opts->stop))
        return zagg_err_set(err, ZAGG_ECANCELLED, "stopped");
    ZAGG_TRY(zg_copies_check(&w->fetch->copies, err));
    void *bytes = zg_map(1, len);
    if (bytes == NULL)
        return no_memory(err);
    const zagg_status status = zagg_source_read_at(w->source, at, len, bytes, err);
    zg_unmap(bytes, 1, len);
    if (status == ZAGG_OK)
        tell_more(w->fetch, false);
    return status;
}

static zagg_status read_whole(fetch *f, zg_copy *c, zagg_err *err)
{
    whole w = {f, NULL};
    zagg_err why = ZAGG_ERR_INIT;
    zagg_status status = zg_copies_open(&f->copies, c->href, &w.source, &why);
    if (status == ZAGG_OK) {
        const uint64_t size = zagg_source_size(w.source);
        const size_t n = (size_t)(size / PART_BYTES + (size % PART_BYTES != 0));
        status = zagg_pool_map(f->pool, n, 0, part_task, NULL, NULL, &w, &why);
        zagg_source_close(w.source);
        if (status != ZAGG_OK && status != ZAGG_ECANCELLED)
            zg_copies_fail(&f->copies, c, status, why.msg);
    }
    ZAGG_TRY(zg_copies_check(&f->copies, err));
    if (status == ZAGG_ENOMEM || status == ZAGG_ECANCELLED || status == ZAGG_EINTERNAL) {
        if (err != NULL)
            *err = why;
        return status;
    }
    if (status != ZAGG_OK)
        zagg_log_write(f->opts->log, ZAGG_LOG_WARN, "granule skipped: %s", why.msg);
    return ZAGG_OK;
}

static zagg_status whole_task(void *user, size_t index, size_t slot, void **result,
                              zagg_err *err)
{
    fetch *f = user;
    (void)slot;
    (void)result;
    if (zg_is_stopped(f->opts->stop))
        return zagg_err_set(err, ZAGG_ECANCELLED, "stopped");
    if (!f->copies.list[index].wanted)
        return ZAGG_OK;
    ZAGG_TRY(read_whole(f, &f->copies.list[index], err));
    tell_more(f, true);
    return ZAGG_OK;
}

static zagg_status read_all(fetch *f, zagg_err *err)
{
    f->total = f->summary->granules;
    const zagg_status status = zagg_pool_map(
        f->pool, f->copies.n, zagg_pool_width(f->pool), whole_task, NULL, NULL, f, err);
    if (status != ZAGG_ECANCELLED || !zg_is_stopped(f->opts->stop))
        return status;
    if (err != NULL)
        *err = (zagg_err)ZAGG_ERR_INIT;
    return ZAGG_OK;
}

/* ---- what to fetch ---- */

/* Every granule of the map, so that the names do not depend on what is selected. */
static zagg_status name_copies(fetch *f, zagg_err *err)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < f->map->n_shards; i++)
        n += f->map->shards[i].n_granules;
    const char **hrefs = zg_alloc(n ? n : 1, sizeof *hrefs);
    if (hrefs == NULL)
        return no_memory(err);
    for (size_t i = 0; i < f->map->n_shards; i++)
        for (size_t g = 0; g < f->map->shards[i].n_granules; g++) {
            const char *href = zg_granule_href(f->map->shards[i].granules[g], f->driver);
            if (href != NULL)
                hrefs[at++] = href;
        }
    const zagg_status status = zg_copies_name(&f->copies, f->opts->to, hrefs, at, err);
    zg_free(hrefs);
    return status;
}

static zagg_status list_jobs(fetch *f, zagg_err *err)
{
    size_t n = 0, at = 0;
    for (size_t i = 0; i < f->n_shards; i++)
        n += f->shards[i]->n_granules;
    f->jobs = zg_alloc(f->n_shards ? f->n_shards : 1, sizeof *f->jobs);
    f->hrefs = zg_alloc(n ? n : 1, sizeof *f->hrefs);
    if (f->jobs == NULL || f->hrefs == NULL)
        return no_memory(err);
    for (size_t i = 0; i < f->n_shards; i++) {
        const zagg_shard_entry *s = f->shards[i];
        const size_t first = at;
        for (size_t g = 0; g < s->n_granules; g++) {
            const char *href = zg_granule_href(s->granules[g], f->driver);
            zg_copy *c = href != NULL ? zg_copies_find(&f->copies, href) : NULL;
            if (c != NULL)
                c->wanted = true;
            if (href != NULL)
                f->hrefs[at++] = href;
        }
        f->jobs[i] = (zagg_shard_job){s->key, f->hrefs + first, at - first, NULL, 0};
    }
    for (size_t i = 0; i < f->copies.n; i++)
        f->summary->granules += f->copies.list[i].wanted;
    return ZAGG_OK;
}

/* What a run would not be able to do is not fetched for. */
static zagg_status compile(fetch *f, zagg_err *err)
{
    const zagg_fetch_opts *o = f->opts;
    ZAGG_TRY(zagg_pipeline_check_runnable(o->pipeline, err));
    ZAGG_TRY(zagg_grid_from_pipeline(o->pipeline, o->latitude, &f->grid, err));
    if (o->map != NULL)
        ZAGG_TRY(zagg_run_check_signature(f->grid, o->map, err));
    ZAGG_TRY(zagg_worker_new(o->pipeline, f->grid, &f->worker, err));
    const size_t cpus = zg_cpu_count();
    return zagg_pool_new(o->threads             ? o->threads
                         : cpus > LEAST_THREADS ? cpus
                                                : LEAST_THREADS,
                         &f->pool, err);
}

static zagg_status choose_driver(fetch *f, zagg_err *err)
{
    const zagg_fetch_opts *o = f->opts;
    ZAGG_TRY(zg_driver_choose(o->driver, o->pipeline, o->map, &f->driver, err));
    if (f->driver != ZG_DRIVER_FILE)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_ECONFIG,
                        "%s: its granules are on this machine already: there is nothing "
                        "to fetch",
                        o->map->name);
}

/* The coordinates that decide the shards are read through the copies, too. */
static zagg_status make_map(fetch *f, zagg_err *err)
{
    const zagg_fetch_opts *o = f->opts;
    const zagg_granules_opts how = {.pool = f->pool,
                                    .net = o->net,
                                    .log = o->log,
                                    .open = zg_copies_open,
                                    .open_user = &f->copies};
    f->driver = ZG_DRIVER_S3; /* such maps have one address for all */
    ZAGG_TRY(zg_copies_name(&f->copies, o->to, o->urls, o->n_urls, err));
    ZAGG_TRY(
        zagg_run_map_from_granules(f->worker, o->urls, o->n_urls, &how, &f->made, err));
    f->map = f->made;
    return ZAGG_OK;
}

static zagg_status prepare(fetch *f, zagg_err *err)
{
    const zagg_fetch_opts *o = f->opts;
    if (o->map != NULL)
        ZAGG_TRY(choose_driver(f, err));
    ZAGG_TRY(compile(f, err));
    f->map = o->map;
    ZAGG_TRY(o->map != NULL ? name_copies(f, err) : make_map(f, err));
    f->shards = zg_alloc(f->map->n_shards ? f->map->n_shards : 1, sizeof *f->shards);
    if (f->shards == NULL)
        return no_memory(err);
    ZAGG_TRY(zg_select_shards(o->pipeline, f->map, o->shard, o->max_shards, f->shards,
                              &f->n_shards, err));
    f->summary->shards = f->n_shards;
    return list_jobs(f, err);
}

/* ---- the map of what was fetched ---- */

static const char *place_of(void *user, const zagg_granule *granule)
{
    const fetch *f = user;
    const char *href = zg_granule_href(granule, f->driver);
    const zg_copy *c = href != NULL ? zg_copies_find(&f->copies, href) : NULL;
    return c != NULL ? c->path : href;
}

static zagg_status put_file(const char *path, const zg_str *text, zagg_err *err)
{
    zagg_sink *folder = NULL;
    const size_t len = zg_parent_len(path, strlen(path));
    const char *slash = strrchr(path, '/');
    char *name = len > 0 ? zg_strndup(path, len) : zg_strdup(".");
    zagg_status status =
        name != NULL ? zagg_sink_open_dir(name, &folder, err) : no_memory(err);
    if (status == ZAGG_OK) {
        status = zagg_sink_put_whole(folder, slash != NULL ? slash + 1 : path, text->data,
                                     text->len, err);
        zagg_sink_close(folder);
    }
    zg_free(name);
    return status;
}

static zagg_status write_map(fetch *f, zagg_err *err)
{
    const zg_map_text what = {f->map, f->shards, f->n_shards, place_of, f};
    zg_str text, path;
    zg_str_init(&text, SIZE_MAX / 4);
    zg_str_init(&path, 0);
    if (f->opts->catalog_out != NULL)
        zg_str_add(&path, f->opts->catalog_out);
    else
        zg_str_addf(&path, "%s/shardmap.json", f->opts->to);
    zagg_status status = path.failed ? no_memory(err) : zg_map_write(&what, &text, err);
    if (status == ZAGG_OK)
        status = put_file(path.data, &text, err);
    if (status == ZAGG_OK)
        f->summary->catalog = zg_str_take(&path);
    zg_str_free(&text);
    zg_str_free(&path);
    return status;
}

/* ---- all of it ---- */

static void sum_up(const fetch *f)
{
    zagg_fetch_summary *s = f->summary;
    for (size_t i = 0; i < f->copies.n; i++) {
        const zg_copy *c = &f->copies.list[i];
        s->bytes_found += atomic_load(&c->counts.found);
        s->bytes_whole += atomic_load(&c->counts.opened) ? c->version.size : 0;
    }
    s->bytes_fetched = bytes_fetched(f);
    s->first = f->copies.first;
    s->wall_s = zg_clock_mono_s() - f->start_s;
}

static zagg_status do_fetch(fetch *f, zagg_err *err)
{
    ZAGG_TRY(prepare(f, err));
    zagg_log_write(f->opts->log, ZAGG_LOG_INFO,
                   "Fetching %zu granules of %zu of %zu cells into %s",
                   f->summary->granules, f->n_shards, f->map->n_shards, f->copies.folder);
    ZAGG_TRY(f->opts->whole ? read_all(f, err) : read_parts(f, err));
    f->summary->stopped = zg_is_stopped(f->opts->stop);
    for (size_t i = 0; i < f->copies.n; i++)
        f->summary->granules_failed +=
            f->copies.list[i].failed && f->copies.list[i].wanted;
    const bool nothing =
        f->summary->granules_failed == f->summary->granules && f->summary->granules > 0;
    return f->summary->stopped || nothing ? ZAGG_OK : write_map(f, err);
}

zagg_status zagg_fetch(const zagg_fetch_opts *opts, zagg_fetch_summary *summary,
                       zagg_err *err)
{
    fetch f = {.opts = opts, .summary = summary, .start_s = zg_clock_mono_s()};
    *summary = (zagg_fetch_summary){.first = ZAGG_ERR_INIT};
    pthread_mutex_init(&f.lock, NULL);
    zg_copies_init(&f.copies, opts->net, opts->log, opts->stop);
    const zagg_status status = do_fetch(&f, err);
    sum_up(&f);
    zg_copies_free(&f.copies);
    zagg_shardmap_free(f.made);
    zagg_pool_free(f.pool);
    zagg_worker_free(f.worker);
    zagg_grid_free(f.grid);
    zg_free(f.shards);
    zg_free(f.jobs);
    zg_free(f.hrefs);
    pthread_mutex_destroy(&f.lock);
    return status;
}

void zagg_fetch_summary_free(zagg_fetch_summary *summary)
{
    zg_free(summary->catalog);
    summary->catalog = NULL;
}
