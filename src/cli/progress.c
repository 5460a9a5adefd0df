/* Progress of a run in upstream's words, and as a live line with rates on a terminal. */
#include "cli/progress.h"

#include "base/base.h"
#include "cli/cli.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void clear_line(progress *p)
{
    if (p->shown) {
        fprintf(stderr, "\r\033[K");
        p->shown = false;
    }
}

/* A wrong dataset name gives one warning per shard, granule and group. */
static bool is_repeated(progress *p, zagg_log_level level, const char *message)
{
    uint8_t digest[32];
    uint64_t hash;
    if (level != ZAGG_LOG_WARN || p->every_warning)
        return false;
    zg_sha256(message, strlen(message), digest);
    memcpy(&hash, digest, sizeof hash);
    for (size_t i = 0; i < p->n_warnings; i++)
        if (p->warnings[i] == hash)
            return true;
    if (p->n_warnings < PROGRESS_WARNINGS)
        p->warnings[p->n_warnings++] = hash;
    return false;
}

static void log_line(void *user, zagg_log_level level, const char *message)
{
    progress *p = user;
    pthread_mutex_lock(&p->lock);
    if (is_repeated(p, level, message)) {
        p->n_repeated++;
    } else {
        clear_line(p);
        (p->log_json ? zagg_log_to_json : zagg_log_to_text)(stderr, level, message);
    }
    pthread_mutex_unlock(&p->lock);
}

zagg_status progress_init(progress *p, bool quiet, bool verbose, bool log_json,
                          zagg_err *err)
{
    const zagg_log_level level = quiet     ? ZAGG_LOG_WARN
                                 : verbose ? ZAGG_LOG_DEBUG
                                           : ZAGG_LOG_INFO;
    *p = (progress){.log_json = log_json, .every_warning = verbose};
    p->live = !quiet && !log_json && isatty(STDERR_FILENO) && !getenv("NO_COLOR");
    if (pthread_mutex_init(&p->lock, NULL) != 0)
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    p->log = zagg_log_new(level, log_line, p);
    if (p->log)
        return ZAGG_OK;
    pthread_mutex_destroy(&p->lock);
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a log");
}

void progress_end(progress *p)
{
    pthread_mutex_lock(&p->lock);
    clear_line(p);
    const size_t n = p->n_repeated;
    p->n_repeated = 0;
    pthread_mutex_unlock(&p->lock);
    if (n)
        zagg_log_write(p->log, ZAGG_LOG_WARN,
                       "%zu warnings that repeat others are not shown (-v shows all)", n);
}

/* Granules are most of the work, and shards end with them. */
static double left_s(const zagg_run_event *e)
{
    const double done = (double)e->granules_read + (double)e->index;
    const double all = (double)e->granules_total + (double)e->total;
    return done > 0 ? e->elapsed_s / done * (all - done) : 0;
}

static void live_line(progress *p, const zagg_run_event *e)
{
    char rows[32], rate[32];
    const double rows_s = e->elapsed_s > 0 ? (double)e->rows_read / e->elapsed_s : 0;
    if (e->elapsed_s - p->last_s < 0.1 && e->index != e->total)
        return;
    p->last_s = e->elapsed_s;
    pthread_mutex_lock(&p->lock);
    fprintf(stderr,
            "\r\033[K%zu/%zu granules, %zu/%zu shards, %s obs, %s photons/s, ETA %.0f s",
            e->granules_read, e->granules_total, e->index, e->total,
            cli_thousands(e->rows_kept, rows), cli_thousands((uint64_t)rows_s, rate),
            left_s(e));
    fflush(stderr);
    p->shown = true;
    pthread_mutex_unlock(&p->lock);
}

void progress_shard(void *user, const zagg_run_event *e)
{
    progress *p = user;
    const zagg_shard_result *r = e->shard;
    char obs[32];
    if (!r) {
        if (p->live)
            live_line(p, e);
        return;
    }
    if (r->failed) {
        zagg_log_write(p->log, ZAGG_LOG_ERROR, "[%zu/%zu] %" PRIu64 ": %s", e->index,
                       e->total, r->shard_key, e->message);
    } else if (!p->live && (e->total <= 20 || e->index % 10 == 0)) {
        if (e->skipped)
            zagg_log_write(p->log, ZAGG_LOG_INFO,
                           "  [%zu/%zu] %" PRIu64 ": finished by an earlier run",
                           e->index, e->total, r->shard_key);
        else if (e->message[0])
            zagg_log_write(p->log, ZAGG_LOG_INFO, "  [%zu/%zu] %" PRIu64 ": %s", e->index,
                           e->total, r->shard_key, e->message);
        else
            zagg_log_write(p->log, ZAGG_LOG_INFO, "  [%zu/%zu] %" PRIu64 ": %s obs",
                           e->index, e->total, r->shard_key,
                           cli_thousands(r->total_obs, obs));
    }
    if (p->live)
        live_line(p, e);
}

/* What an earlier run finished took this one no time. */
static double rate_of(const zagg_dispatch_event *e)
{
    return e->elapsed_s > 0 ? (double)e->done_here / e->elapsed_s : 0;
}

static void live_dispatch(progress *p, const zagg_dispatch_event *e)
{
    char obs[32];
    const double rate = rate_of(e);
    if (e->elapsed_s - p->last_s < 0.1 && e->index != e->total)
        return;
    p->last_s = e->elapsed_s;
    pthread_mutex_lock(&p->lock);
    fprintf(stderr, "\r\033[K%zu/%zu shards, %zu under way, %s obs, %.1f shards/s",
            e->index, e->total, e->flying, cli_thousands(e->total_obs, obs), rate);
    if (e->usd > 0)
        fprintf(stderr, ", ~$%.2f", e->usd);
    if (rate > 0)
        fprintf(stderr, ", ETA %.0f s", (double)(e->total - e->index) / rate);
    fflush(stderr);
    p->shown = true;
    pthread_mutex_unlock(&p->lock);
}

/* Every 50th shard tells how fast it goes, in upstream's form; few shards each tell how
 * they ended. */
static void dispatch_line(progress *p, const zagg_dispatch_event *e)
{
    char obs[32];
    const double rate = rate_of(e);
    if (e->total <= 20)
        zagg_log_write(p->log, ZAGG_LOG_INFO, "  [%zu/%zu] %" PRIu64 ": %s%s", e->index,
                       e->total, e->shard_key,
                       e->skipped      ? "finished by an earlier run"
                       : e->message[0] ? e->message
                                       : cli_thousands(e->obs, obs),
                       e->skipped || e->message[0] ? "" : " obs");
    else if (!e->skipped && e->index % 50 == 0)
        zagg_log_write(p->log, ZAGG_LOG_INFO,
                       "  [%4zu/%zu] %.1f cells/s, ~$%.2f, ETA %.0f s", e->index,
                       e->total, rate, e->usd,
                       rate > 0 ? (double)(e->total - e->index) / rate : 0.0);
}

void progress_dispatch(progress *p, const zagg_dispatch_event *e)
{
    if (e->failed)
        zagg_log_write(p->log, ZAGG_LOG_ERROR, "[%zu/%zu] %" PRIu64 ": %s", e->index,
                       e->total, e->shard_key, e->message);
    if (p->live)
        live_dispatch(p, e);
    else if (!e->failed || e->index % 50 == 0)
        dispatch_line(p, e);
}

void progress_fetch(void *user, const zagg_fetch_event *e)
{
    progress *p = user;
    char bytes[32], rate[32];
    const double s = e->elapsed_s > 0 ? e->elapsed_s : 1;
    if (!p->live) {
        if (e->granules_done % 10 == 0 || e->granules_done == e->granules_total)
            zagg_log_write(p->log, ZAGG_LOG_INFO, "  [%zu/%zu] granules, %s",
                           e->granules_done, e->granules_total,
                           cli_bytes(e->bytes, bytes));
        return;
    }
    pthread_mutex_lock(&p->lock);
    fprintf(stderr, "\r\033[K%zu/%zu granules, %s, %s/s", e->granules_done,
            e->granules_total, cli_bytes(e->bytes, bytes),
            cli_bytes((uint64_t)((double)e->bytes / s), rate));
    fflush(stderr);
    p->shown = true;
    pthread_mutex_unlock(&p->lock);
}

void progress_free(progress *p)
{
    progress_end(p);
    zagg_log_free(p->log);
    pthread_mutex_destroy(&p->lock);
}
