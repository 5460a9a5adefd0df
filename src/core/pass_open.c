/* Opening the granules of a pass: in their turn, or, where requests take time, some of
 * them before it, on threads that do nothing else. */
#include "core/pass.h"

/* Beside the threads that open granules: each of the pool's may have a window under way
 * and wait for another. */
enum { MOST_THREADS = 24 };
/* A window is a part of the memory, within bounds between which it pays. */
enum { WINDOW_PARTS = 48 };
#define WINDOW_LEAST ((uint64_t)1 << 20)
#define WINDOW_MOST ((uint64_t)32 << 20)
/* One granule more is open for each of these. */
#define MEMORY_A_GRANULE ((uint64_t)64 << 20)

static zagg_status open_local(void *user, const char *href, zagg_source **out,
                              zagg_err *err)
{
    (void)user;
    return zagg_source_open_file(href, out, err);
}

void zg_opened_close(zg_opened *o)
{
    zg_read_ahead_free(&o->ahead);
    if (o->file)
        zagg_h5_close(o->file);
    if (o->source)
        zagg_source_close(o->source);
    *o = (zg_opened){0};
}

static zagg_status read_ahead(const zg_pass *p, const zg_pass_granule *granule,
                              zg_opened *o, zagg_err *err)
{
    zg_wanted wanted;
    const size_t *first;
    zagg_arena *arena = NULL;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    const zagg_status status =
        zg_pass_list_wanted(p, granule, arena, &wanted, &first, err);
    if (status == ZAGG_OK)
        zg_read_ahead_do(p->worker, &wanted, o->file, p->window_bytes, &o->ahead);
    zagg_arena_free(arena);
    return status;
}

static zagg_status open_now(const zg_pass *p, const zg_pass_granule *granule,
                            zg_opened *out, zagg_err *err)
{
    zg_opened o = {0};
    zagg_status status = (p->opts->open ? p->opts->open : open_local)(
        p->opts->open_user, granule->href, &o.source, err);
    if (status == ZAGG_OK)
        status = zagg_h5_open(o.source, NULL, &o.file, err);
    if (status == ZAGG_OK && p->ahead)
        status = read_ahead(p, granule, &o, err);
    if (status == ZAGG_OK)
        *out = o;
    else
        zg_opened_close(&o);
    return status;
}

static zagg_status open_job(void *user, zagg_err *err)
{
    zg_pass_granule *g = user;
    if (zg_pass_stopped(g->pass))
        return zagg_err_set(err, ZAGG_ECANCELLED, "stopped");
    return open_now(g->pass, g, &g->opened, err);
}

zagg_status zg_pass_open_ahead(zg_pass *p, zagg_err *err)
{
    const uint64_t memory = zg_pass_memory(p), granules = memory / MEMORY_A_GRANULE;
    if (p->opts->ahead == 0)
        return ZAGG_OK;
    p->n_ahead = granules < 1                ? 1
                 : granules < p->opts->ahead ? (size_t)granules
                                             : p->opts->ahead;
    p->window_bytes = memory / WINDOW_PARTS;
    if (p->window_bytes < WINDOW_LEAST)
        p->window_bytes = WINDOW_LEAST;
    if (p->window_bytes > WINDOW_MOST)
        p->window_bytes = WINDOW_MOST;
    const size_t threads = p->n_ahead + 2 * zagg_pool_width(p->opts->pool);
    return zg_ahead_new(threads < MOST_THREADS ? threads : MOST_THREADS, &p->ahead, err);
}

static void begin_up_to(zg_pass *p, size_t last)
{
    pthread_mutex_lock(&p->lock);
    for (; p->next_open < p->n_granules && p->next_open <= last; p->next_open++) {
        zg_pass_granule *g = &p->granules[p->next_open];
        g->pass = p;
        g->job.run = open_job;
        g->job.user = g;
        zg_ahead_begin(p->ahead, &g->job);
    }
    pthread_mutex_unlock(&p->lock);
}

zagg_status zg_pass_open(zg_pass *p, zg_pass_granule *granule, zg_opened *out,
                         zagg_err *err)
{
    if (!p->ahead)
        return open_now(p, granule, out, err);
    begin_up_to(p, (size_t)(granule - p->granules) + p->n_ahead);
    ZAGG_TRY(zg_ahead_end(p->ahead, &granule->job, err));
    *out = granule->opened;
    granule->opened = (zg_opened){0};
    return ZAGG_OK;
}

void zg_pass_groups_opened(zg_granule_read *g)
{
    zg_read_ahead_opened(&g->opened.ahead);
}

void zg_pass_end_ahead(zg_pass *p)
{
    for (size_t i = 0; p->ahead && i < p->next_open; i++) {
        (void)zg_ahead_drop(p->ahead, &p->granules[i].job);
        zg_opened_close(&p->granules[i].opened);
    }
    zg_ahead_free(p->ahead);
}
