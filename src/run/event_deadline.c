#include "run/event_deadline.h"

#include "base/base.h"

#include <errno.h>
#include <math.h>
#include <time.h>

/* A flag of the caller, which a signal handler may set, wakes nobody. */
static const double LOOK_EVERY_S = 0.05;

static struct timespec moment(double mono_s)
{
    const double whole = floor(mono_s);
    return (struct timespec){(time_t)whole, (long)((mono_s - whole) * 1e9)};
}

static void *watch(void *user)
{
    zg_deadline *d = user;
    pthread_mutex_lock(&d->lock);
    while (!d->over) {
        const double now = zg_clock_mono_s();
        d->passed = d->at_s > 0 && now >= d->at_s;
        if (d->passed || zg_is_stopped(d->stop)) {
            zg_stop(&d->flag);
            break;
        }
        double until = d->at_s > 0 ? d->at_s : now + LOOK_EVERY_S;
        if (d->stop && now + LOOK_EVERY_S < until)
            until = now + LOOK_EVERY_S;
        const struct timespec at = moment(until);
        (void)pthread_cond_timedwait(&d->news, &d->lock, &at);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

static zagg_status make_cond(zg_deadline *d)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0)
        return ZAGG_ENOMEM;
    int failed = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (failed == 0)
        failed = pthread_cond_init(&d->news, &attr);
    pthread_condattr_destroy(&attr);
    return failed ? ZAGG_ENOMEM : ZAGG_OK;
}

zagg_status zg_deadline_begin(zg_deadline *d, double at_s, const volatile int *stop,
                              zagg_err *err)
{
    *d = (zg_deadline){.at_s = at_s, .stop = stop};
    if (at_s <= 0 && stop == NULL)
        return ZAGG_OK;
    if (make_cond(d) != ZAGG_OK)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to watch the time");
    pthread_mutex_init(&d->lock, NULL);
    const int failed = pthread_create(&d->thread, NULL, watch, d);
    if (failed == 0) {
        d->running = true;
        return ZAGG_OK;
    }
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->news);
    return zagg_err_set_errno(err, failed == EAGAIN ? ZAGG_ENOMEM : ZAGG_EIO, failed,
                              "cannot start a thread to watch the time");
}

void zg_deadline_end(zg_deadline *d)
{
    if (d->running) {
        pthread_mutex_lock(&d->lock);
        /* Transfers end at the same moment by themselves, and may be first. */
        if (!d->flag)
            d->passed = d->at_s > 0 && zg_clock_mono_s() >= d->at_s;
        d->over = true;
        pthread_cond_signal(&d->news);
        pthread_mutex_unlock(&d->lock);
        pthread_join(d->thread, NULL);
        pthread_mutex_destroy(&d->lock);
        pthread_cond_destroy(&d->news);
        d->running = false;
    }
    __atomic_store_n(&d->flag, 0, __ATOMIC_RELAXED);
}

bool zg_deadline_passed(const zg_deadline *d)
{
    return d->passed;
}
