/* Leases. The thread that renews has nothing else to do, so that no slow transfer of a
 * shard makes it late. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* readlink */
#endif
#include "run/lease.h"

#include "text/text.h"
#include "zagg/value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_BYTES = 64 << 10, TAKE_TRIES = 4, TICK_S = 5 };
/* Clocks of stores tell whole seconds. */
#define CLOCK_SLACK_S 2.0
/* Of the lease: it is renewed as often, and given up when so much of it has passed. */
#define RENEWAL_SHARE 0.25
#define GIVE_UP_SHARE 0.75

struct zg_lease {
    zg_lease_opts opts;
    char *key, *run_id, *host;
    char machine[65];
    zg_sink_tag tag; /* of the renewing thread, once there is one */
    uint64_t renewals;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t tick_lock; /* held while `tick` runs */
    void (*tick)(void *user);
    void *tick_user;
    pthread_mutex_t lock; /* of the rest */
    pthread_cond_t wake;
    bool ending;
    double renewed; /* mono clock, before the last renewal was sent */
    zagg_status lost;
    zagg_err err;
};

/* ---- who ---- */

/* What only processes have in common that see each other's ids: "" where it is unknown.
 */
static void machine_of(char out[65])
{
    char boot[64] = "", space[64] = "";
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
    out[0] = '\0';
    if (f == NULL)
        return;
    const bool read = fgets(boot, sizeof boot, f) != NULL;
    fclose(f);
    if (!read || readlink("/proc/self/ns/pid", space, sizeof space - 1) <= 0)
        return;
    const char *const parts[] = {boot, space};
    zg_sha256_lines(parts, 2, out);
}

/* What an object under the key says. */
typedef struct claim {
    char run_id[48], host[72], machine[65], renewed_at[24];
    uint64_t pid;
    double lease_s;
} claim;

static void keep(char *out, size_t size, const zagg_value *map, const char *key)
{
    const char *text = zg_value_text(map, key);
    if (text != NULL)
        (void)snprintf(out, size, "%s", text);
}

/* What it does not say stays empty. */
static zagg_status read_claim(const void *data, size_t len, claim *out, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *map = NULL;
    *out = (claim){.lease_s = ZG_LEASE_S};
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    const zagg_status status = zagg_json_parse(arena, data, len, "lock", &map, NULL);
    if (status == ZAGG_OK && zagg_value_is(zagg_value_get(map, "spec"), ZG_LEASE_SPEC)) {
        double lease_s = 0;
        keep(out->run_id, sizeof out->run_id, map, "run_id");
        keep(out->host, sizeof out->host, map, "host");
        keep(out->machine, sizeof out->machine, map, "machine");
        keep(out->renewed_at, sizeof out->renewed_at, map, "renewed_at");
        (void)zagg_value_u64(zagg_value_get(map, "pid"), &out->pid);
        if (zagg_value_number(zagg_value_get(map, "lease_s"), &lease_s) && lease_s > 0 &&
            lease_s <= 86400)
            out->lease_s = lease_s;
    }
    zagg_arena_free(arena);
    return status == ZAGG_ENOMEM ? zagg_err_set(err, status, "no memory") : ZAGG_OK;
}

static bool is_gone(const claim *c, const zg_sink_tag *tag)
{
    char machine[65];
    machine_of(machine);
    if (machine[0] != '\0' && strcmp(machine, c->machine) == 0 && c->pid > 1 &&
        c->pid <= INT32_MAX && kill((pid_t)c->pid, 0) != 0 && errno == ESRCH)
        return true;
    return tag->age_s > c->lease_s + CLOCK_SLACK_S;
}

static void describe(const claim *c, const zg_sink_tag *tag, char *out, size_t len)
{
    char age[64] = "";
    if (tag->age_s >= 0)
        (void)snprintf(age, sizeof age, ", renewed %.0f s ago", tag->age_s);
    if (len == 0)
        return;
    if (c->run_id[0] == '\0')
        (void)snprintf(out, len, "it does not say which%s", age);
    else
        (void)snprintf(out, len, "process %" PRIu64 " on %s, run %s%s", c->pid, c->host,
                       c->run_id, age);
}

static zagg_status load(zagg_sink *sink, const char *key, claim *out, zg_sink_tag *tag,
                        zagg_err *err)
{
    void *data = NULL;
    size_t len = 0;
    ZAGG_TRY(zg_sink_get_tagged(sink, key, MAX_BYTES, &data, &len, tag, err));
    const zagg_status status = read_claim(data, len, out, err);
    zagg_bytes_free(data);
    return status;
}

zagg_status zg_lease_probe(zagg_sink *sink, const char *key, bool *held, char *holder,
                           size_t holder_len, zagg_err *err)
{
    claim c;
    zg_sink_tag tag;
    *held = false;
    holder[0] = '\0';
    const zagg_status status = load(sink, key, &c, &tag, err);
    if (status == ZAGG_ENOTFOUND)
        return ZAGG_OK;
    ZAGG_TRY(status);
    *held = !is_gone(&c, &tag);
    describe(&c, &tag, holder, holder_len);
    return ZAGG_OK;
}

/* ---- putting ---- */

static zagg_status put(zg_lease *l, const zg_sink_tag *old, zagg_err *err)
{
    char now[21];
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, 0);
    zg_clock_utc_iso(now);
    zg_json_begin(&w, &text, 1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "spec", ZG_LEASE_SPEC);
    zg_json_put_str(&w, "run_id", l->run_id);
    zg_json_put_str(&w, "host", l->host);
    zg_json_put_u64(&w, "pid", (uint64_t)getpid());
    zg_json_put_str(&w, "machine", l->machine);
    zg_json_put_double(&w, "lease_s", l->opts.lease_s);
    zg_json_put_str(&w, "renewed_at", now);
    zg_json_put_u64(&w, "renewals", l->renewals);
    zg_json_close_map(&w);
    zg_str_addc(&text, '\n');
    const double sent = zg_clock_mono_s();
    zagg_status status = text.failed
                             ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a lock")
                             : zg_sink_put_if(l->opts.sink, l->key, text.data, text.len,
                                              old, &l->tag, err);
    zg_str_free(&text);
    if (status != ZAGG_OK)
        return status;
    l->renewals++;
    pthread_mutex_lock(&l->lock);
    l->renewed = sent;
    pthread_mutex_unlock(&l->lock);
    return ZAGG_OK;
}

/* ---- the thread ---- */

static void lose(zg_lease *l, zagg_status status, const zagg_err *err)
{
    pthread_mutex_lock(&l->lock);
    if (l->lost == ZAGG_OK) {
        l->lost = ZAGG_EEXISTS;
        if (status == ZAGG_EEXISTS)
            zagg_err_set(&l->err, ZAGG_EEXISTS,
                         "another run took over its lock (%s); this one writes no more",
                         l->key);
        else
            zagg_err_set(&l->err, ZAGG_EEXISTS,
                         "its lock could not be renewed in time, so that another run may "
                         "take it over; this one writes no more: %s",
                         err->msg);
    }
    pthread_mutex_unlock(&l->lock);
}

static void renew(zg_lease *l)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zg_sink_tag old = l->tag;
    const zagg_status status = put(l, &old, &err);
    if (status == ZAGG_OK)
        return;
    pthread_mutex_lock(&l->lock);
    const double since = zg_clock_mono_s() - l->renewed;
    pthread_mutex_unlock(&l->lock);
    if (status == ZAGG_EEXISTS || since > GIVE_UP_SHARE * l->opts.lease_s)
        lose(l, status, &err);
}

static void tick(zg_lease *l)
{
    pthread_mutex_lock(&l->tick_lock);
    if (l->tick != NULL)
        l->tick(l->tick_user);
    pthread_mutex_unlock(&l->tick_lock);
}

/* Wait a while; false when it is over. */
static bool pause_s(zg_lease *l, double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const double whole = floor(seconds);
    until.tv_sec += (time_t)whole;
    until.tv_nsec += (long)((seconds - whole) * 1e9);
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&l->lock);
    while (!l->ending && pthread_cond_timedwait(&l->wake, &l->lock, &until) == 0)
        continue;
    const bool go_on = !l->ending && l->lost == ZAGG_OK;
    pthread_mutex_unlock(&l->lock);
    return go_on;
}

static void *keep_renewed(void *user)
{
    zg_lease *l = user;
    const double every = RENEWAL_SHARE * l->opts.lease_s;
    const double step = every < TICK_S ? every : TICK_S;
    while (pause_s(l, step)) {
        tick(l);
        if (zg_clock_mono_s() - l->renewed + step / 2 >= every)
            renew(l);
    }
    return NULL;
}

static bool init_locks(zg_lease *l)
{
    pthread_condattr_t clock;
    if (pthread_condattr_init(&clock) != 0)
        return false;
    bool ok = pthread_condattr_setclock(&clock, CLOCK_MONOTONIC) == 0 &&
              pthread_cond_init(&l->wake, &clock) == 0;
    pthread_condattr_destroy(&clock);
    if (ok && pthread_mutex_init(&l->lock, NULL) != 0) {
        pthread_cond_destroy(&l->wake);
        ok = false;
    }
    if (ok && pthread_mutex_init(&l->tick_lock, NULL) != 0) {
        pthread_cond_destroy(&l->wake);
        pthread_mutex_destroy(&l->lock);
        ok = false;
    }
    return ok;
}

/* ---- taking ---- */

static zagg_status take(zg_lease *l, char *holder, size_t holder_len, zagg_err *err)
{
    static const zg_sink_tag NONE = {.age_s = -1};
    for (int tries = 0; tries < TAKE_TRIES; tries++) {
        claim c;
        zg_sink_tag tag;
        zagg_status status = put(l, &NONE, err);
        if (status != ZAGG_EEXISTS)
            return status;
        status = load(l->opts.sink, l->key, &c, &tag, err);
        if (status == ZAGG_ENOTFOUND) /* given back meanwhile */
            continue;
        ZAGG_TRY(status);
        describe(&c, &tag, holder, holder_len);
        if (!is_gone(&c, &tag))
            return zagg_err_set(err, ZAGG_EEXISTS, "%s/%s: another process holds it",
                                zagg_sink_name(l->opts.sink), l->key);
        status = put(l, &tag, err);
        if (status == ZAGG_OK)
            zagg_log_write(l->opts.log, ZAGG_LOG_INFO,
                           "the lock of a run that is gone was taken over (%s)", holder);
        if (status != ZAGG_EEXISTS)
            return status;
    }
    return zagg_err_set(err, ZAGG_EEXISTS, "%s/%s: other runs are taking it",
                        zagg_sink_name(l->opts.sink), l->key);
}

static void free_lease(zg_lease *l)
{
    pthread_cond_destroy(&l->wake);
    pthread_mutex_destroy(&l->lock);
    pthread_mutex_destroy(&l->tick_lock);
    zg_free(l->key);
    zg_free(l->run_id);
    zg_free(l->host);
    zg_free(l);
}

zagg_status zg_lease_take(const zg_lease_opts *opts, zg_lease **out, char *holder,
                          size_t holder_len, zagg_err *err)
{
    zg_lease *l = zg_alloc(1, sizeof *l);
    holder[0] = '\0';
    if (l == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a lock");
    if (!init_locks(l)) {
        zg_free(l);
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot make a lock");
    }
    l->opts = *opts;
    if (l->opts.lease_s <= 0)
        l->opts.lease_s = ZG_LEASE_S;
    l->key = zg_strdup(opts->key);
    l->run_id = zg_strdup(opts->run_id);
    l->host = zg_strdup(opts->host);
    machine_of(l->machine);
    zagg_status status = l->key != NULL && l->run_id != NULL && l->host != NULL
                             ? take(l, holder, holder_len, err)
                             : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a lock");
    if (status == ZAGG_OK && pthread_create(&l->thread, NULL, keep_renewed, l) != 0) {
        (void)zagg_sink_delete(opts->sink, l->key, NULL);
        status = zagg_err_set(err, ZAGG_EINTERNAL, "no thread to keep a lock with");
    }
    if (status != ZAGG_OK) {
        free_lease(l);
        return status;
    }
    l->has_thread = true;
    *out = l;
    return ZAGG_OK;
}

zagg_status zg_lease_check(zg_lease *lease, zagg_err *err)
{
    pthread_mutex_lock(&lease->lock);
    const bool late = zg_clock_mono_s() - lease->renewed > lease->opts.lease_s;
    zagg_status status = lease->lost;
    if (status != ZAGG_OK && err != NULL)
        *err = lease->err;
    else if (late) /* a process that was stopped may be asked before its thread knows */
        status = zagg_err_set(err, ZAGG_EEXISTS,
                              "its lock was not renewed for so long that another run may "
                              "have taken it over; this one writes no more");
    pthread_mutex_unlock(&lease->lock);
    return status;
}

void zg_lease_set_tick(zg_lease *lease, void (*fn)(void *user), void *user)
{
    pthread_mutex_lock(&lease->tick_lock);
    lease->tick = fn;
    lease->tick_user = user;
    pthread_mutex_unlock(&lease->tick_lock);
}

/* What was lost is another one's; and within the lease nobody else can have it. */
void zg_lease_release(zg_lease *lease)
{
    if (lease == NULL)
        return;
    pthread_mutex_lock(&lease->lock);
    lease->ending = true;
    pthread_cond_broadcast(&lease->wake);
    pthread_mutex_unlock(&lease->lock);
    if (lease->has_thread)
        pthread_join(lease->thread, NULL);
    if (lease->lost == ZAGG_OK &&
        zg_clock_mono_s() - lease->renewed < GIVE_UP_SHARE * lease->opts.lease_s)
        (void)zagg_sink_delete(lease->opts.sink, lease->key, NULL);
    free_lease(lease);
}
