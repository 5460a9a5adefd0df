/* A source of keys behind a lock: asked when keys are first needed, and again when they
 * are about to end, by one thread for all. */
#include "net/creds_parts.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Keys that end soon but cannot be renewed now serve for HOLD_S before the source is
 * asked once more; a source that had to renew keys FORCED_S ago has nothing newer. */
enum { RENEW_BEFORE_S = 300, HOLD_S = 30, FORCED_S = 5 };

struct zg_creds {
    zg_creds_source source;
    void *user;
    const char *name_before;
    pthread_mutex_t lock;
    pthread_cond_t round_over;
    zg_aws_keys keys;
    bool have, asking, named, forced;
    double hold_until, forced_at; /* mono */
    zagg_status last_status;      /* of the last round */
    zagg_err last_err;
    char name[320];
};

zagg_status zg_creds_of_source(const zg_creds_source *source, void *user,
                               const char *name, zg_creds **out, zagg_err *err)
{
    zg_creds *c = zg_alloc(1, sizeof *c);
    if (c == NULL) {
        source->free(user);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for credentials");
    }
    c->source = *source;
    c->user = user;
    c->name_before = name;
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->round_over, NULL);
    *out = c;
    return ZAGG_OK;
}

void zg_creds_free(zg_creds *creds)
{
    if (creds == NULL)
        return;
    creds->source.free(creds->user);
    zg_aws_keys_free(&creds->keys);
    (void)pthread_cond_destroy(&creds->round_over);
    (void)pthread_mutex_destroy(&creds->lock);
    zg_free(creds);
}

bool zg_creds_are_given(const zg_creds *creds)
{
    return creds->source.given;
}

const char *zg_creds_name(zg_creds *creds)
{
    (void)pthread_mutex_lock(&creds->lock);
    const char *name = creds->named ? creds->name : creds->name_before;
    (void)pthread_mutex_unlock(&creds->lock);
    return name;
}

/* ---- rounds: all of this with the lock held ---- */

static double seconds_left(const zg_creds *c)
{
    return c->keys.expires == 0 ? 1e9 : difftime(c->keys.expires, time(NULL));
}

static bool serve_now(const zg_creds *c)
{
    if (!c->have)
        return false;
    const double left = seconds_left(c);
    return !c->source.renewable || left > RENEW_BEFORE_S || (c->asking && left > 0) ||
           zg_clock_mono_s() < c->hold_until;
}

/* The name stays what it was first: others hold the text. */
static void take_name(zg_creds *c)
{
    if (c->named)
        return;
    (void)snprintf(c->name, sizeof c->name, "%s", c->source.name(c->user));
    c->named = true;
}

static zagg_status ask(zg_creds *c, zagg_err *err)
{
    zg_aws_keys keys = {0};
    zagg_err failed = ZAGG_ERR_INIT;
    c->asking = true;
    (void)pthread_mutex_unlock(&c->lock);
    const zagg_status status = c->source.fetch(c->user, &keys, &failed);
    (void)pthread_mutex_lock(&c->lock);
    c->asking = false;
    c->last_status = status;
    c->last_err = failed;
    if (status == ZAGG_OK) {
        zg_aws_keys_free(&c->keys);
        c->keys = keys;
        c->have = true;
        take_name(c);
    } else if (err != NULL) {
        *err = failed;
    }
    if (c->have && seconds_left(c) <= RENEW_BEFORE_S)
        c->hold_until = zg_clock_mono_s() + HOLD_S;
    (void)pthread_cond_broadcast(&c->round_over);
    return status;
}

static zagg_status last_round(const zg_creds *c, zagg_err *err)
{
    if (c->last_status != ZAGG_OK && err != NULL)
        *err = c->last_err;
    return c->last_status;
}

/* Wait for the round that runs; its result. */
static zagg_status await(zg_creds *c, zagg_err *err)
{
    while (c->asking)
        (void)pthread_cond_wait(&c->round_over, &c->lock);
    return last_round(c, err);
}

zagg_status zg_creds_get(zg_creds *creds, zg_aws_keys *out, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    (void)pthread_mutex_lock(&creds->lock);
    if (!serve_now(creds)) {
        status = creds->asking ? await(creds, err) : ask(creds, err);
        if (status != ZAGG_OK && creds->have && seconds_left(creds) > 0)
            status = ZAGG_OK; /* what is there still serves */
    }
    if (status == ZAGG_OK)
        status = zg_aws_keys_copy(&creds->keys, out, err);
    (void)pthread_mutex_unlock(&creds->lock);
    return status;
}

static bool same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool are_newer(const zg_creds *c, const zg_aws_keys *stale)
{
    return c->have && !(same_text(c->keys.access_key, stale->access_key) &&
                        same_text(c->keys.token, stale->token));
}

zagg_status zg_creds_renew(zg_creds *creds, const zg_aws_keys *stale, bool *again,
                           zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    *again = false;
    if (!creds->source.renewable)
        return ZAGG_OK;
    (void)pthread_mutex_lock(&creds->lock);
    if (creds->asking)
        status = await(creds, err);
    const double now = zg_clock_mono_s();
    if (status == ZAGG_OK && !are_newer(creds, stale)) {
        if (creds->forced && now - creds->forced_at < FORCED_S) {
            status = last_round(creds, err);
        } else {
            creds->forced = true;
            creds->forced_at = now;
            status = ask(creds, err);
        }
    }
    if (status == ZAGG_OK)
        *again = are_newer(creds, stale);
    (void)pthread_mutex_unlock(&creds->lock);
    return status;
}

/* ---- keys that are given ---- */

typedef struct given {
    zg_aws_keys keys;
    char *name;
} given;

static zagg_status given_fetch(void *user, zg_aws_keys *out, zagg_err *err)
{
    return zg_aws_keys_copy(&((given *)user)->keys, out, err);
}

static const char *given_name(void *user)
{
    return ((given *)user)->name;
}

static void given_free(void *user)
{
    zg_aws_keys_free(&((given *)user)->keys);
    zg_free(((given *)user)->name);
    zg_free(user);
}

static zagg_status given_new(const zg_aws_keys *keys, const char *name, zg_creds **out,
                             zagg_err *err)
{
    const zg_creds_source source = {.fetch = given_fetch,
                                    .name = given_name,
                                    .free = given_free,
                                    .given = keys->access_key != NULL};
    given *g = zg_alloc(1, sizeof *g);
    char *copy = zg_strdup(name);
    zagg_status status = ZAGG_OK;
    if (g == NULL || copy == NULL)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for credentials");
    else
        status = zg_aws_keys_copy(keys, &g->keys, err);
    if (status != ZAGG_OK) {
        zg_free(copy);
        zg_free(g);
        return status;
    }
    g->name = copy;
    return zg_creds_of_source(&source, g, copy, out, err);
}

zagg_status zg_creds_anonymous(zg_creds **out, zagg_err *err)
{
    const zg_aws_keys none = {0};
    return given_new(&none, "anonymous", out, err);
}

zagg_status zg_creds_static_of(const zg_aws_keys *keys, const char *name, zg_creds **out,
                               zagg_err *err)
{
    if (keys->access_key != NULL)
        ZAGG_TRY(zg_aws_keys_check(keys, name, err));
    return given_new(keys, name, out, err);
}

zagg_status zg_creds_static(const zg_aws_keys *keys, zg_creds **out, zagg_err *err)
{
    return zg_creds_static_of(keys, "the keys given", out, err);
}
