/* Watching for results. */
#include "dispatch/watch.h"

#define FIRST_LOOK_S 2.0
#define LONGEST_LOOK_S 15.0
/* Servers that do not list their objects for a while are waited for. */
#define BLIND_S 600.0

zagg_status zg_watch_init(zg_watch *w, size_t units, double most_s, zagg_err *err)
{
    *w = (zg_watch){.n = units, .most_s = most_s, .next_overdue = units};
    w->accepted_s = zg_alloc(units ? units : 1, sizeof *w->accepted_s);
    return w->accepted_s != NULL
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", units);
}

void zg_watch_free(zg_watch *w)
{
    zg_free(w->accepted_s);
    w->accepted_s = NULL;
}

static void look_soon(zg_watch *w, double now)
{
    w->look_every_s = FIRST_LOOK_S;
    w->look_at_s = now + FIRST_LOOK_S;
}

void zg_watch_accept(zg_watch *w, size_t unit, double now)
{
    if (w->under_way++ == 0)
        look_soon(w, now);
    w->accepted_s[unit] = w->last_s = now;
}

bool zg_watch_take(zg_watch *w, size_t unit)
{
    if (unit >= w->n || w->accepted_s[unit] == 0)
        return false;
    w->accepted_s[unit] = 0;
    w->under_way--;
    w->look_every_s = FIRST_LOOK_S;
    return true;
}

bool zg_watch_is_due(const zg_watch *w, double now)
{
    return w->under_way > 0 && now >= w->look_at_s;
}

void zg_watch_looked(zg_watch *w, double began, double now, const zagg_err *failure)
{
    w->look_every_s *= 2;
    if (w->look_every_s > LONGEST_LOOK_S)
        w->look_every_s = LONGEST_LOOK_S;
    w->look_at_s = now + w->look_every_s;
    if (failure == NULL) {
        w->seen_s = began;
        w->blind_s = 0;
        w->next_overdue = 0;
        return;
    }
    w->why = *failure;
    if (w->blind_s == 0)
        w->blind_s = began;
}

bool zg_watch_overdue(zg_watch *w, size_t *unit)
{
    for (; w->next_overdue < w->n; w->next_overdue++) {
        const double accepted = w->accepted_s[w->next_overdue];
        if (accepted == 0 || w->seen_s - accepted < w->most_s)
            continue;
        *unit = w->next_overdue++;
        return zg_watch_take(w, *unit);
    }
    return false;
}

bool zg_watch_is_blind(const zg_watch *w, double now, zagg_err *err)
{
    if (w->under_way == 0 || w->blind_s == 0 || now - w->blind_s < BLIND_S ||
        now - w->last_s < w->most_s)
        return false;
    (void)zagg_err_set(err, w->why.status,
                       "results could not be looked for in %.0f s, and of %zu shards it "
                       "is not known how they ended (the same command finds out, and "
                       "does what was not done): %s",
                       now - w->blind_s, w->under_way, w->why.msg);
    return true;
}
