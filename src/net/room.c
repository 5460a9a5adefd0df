/* Room for bytes that are under way. */
#include "net/room.h"

#include <time.h>

/* One thread that waits, on its own stack. */
struct zg_room_waiter {
    zg_room_waiter *prev, *next;
};

/* A signal handler sets the flag that ends waits, and cannot wake anybody. */
#define LOOK_NS 100000000L

zagg_status zg_room_init(zg_room *room, uint64_t most, zagg_err *err)
{
    pthread_condattr_t attr;
    *room = (zg_room){.most = most};
    if (pthread_condattr_init(&attr) != 0)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to wait for transfers");
    const bool ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
                    pthread_cond_init(&room->given, &attr) == 0;
    pthread_condattr_destroy(&attr);
    if (!ok)
        return zagg_err_set(err, ZAGG_EINTERNAL, "cannot wait for transfers");
    pthread_mutex_init(&room->lock, NULL);
    return ZAGG_OK;
}

void zg_room_destroy(zg_room *room)
{
    pthread_cond_destroy(&room->given);
    pthread_mutex_destroy(&room->lock);
}

static void join(zg_room *room, zg_room_waiter *w)
{
    *w = (zg_room_waiter){.prev = room->last};
    if (room->last)
        room->last->next = w;
    else
        room->first = w;
    room->last = w;
}

static void leave(zg_room *room, zg_room_waiter *w)
{
    if (w->prev)
        w->prev->next = w->next;
    else
        room->first = w->next;
    if (w->next)
        w->next->prev = w->prev;
    else
        room->last = w->prev;
}

static bool is_served(const zg_room *room, const zg_room_waiter *w, uint64_t bytes)
{
    if (room->first != w)
        return false;
    return room->used == 0 || (bytes <= room->most && room->used <= room->most - bytes);
}

static void wait_a_little(zg_room *room)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += LOOK_NS;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&room->given, &room->lock, &until);
}

zagg_status zg_room_take(zg_room *room, uint64_t bytes, const volatile int *stop,
                         zagg_err *err)
{
    zg_room_waiter self;
    zagg_status status = ZAGG_OK;
    pthread_mutex_lock(&room->lock);
    join(room, &self);
    while (!is_served(room, &self, bytes) && !zg_is_stopped(stop))
        wait_a_little(room);
    if (is_served(room, &self, bytes))
        room->used += bytes;
    else
        status = zagg_err_set(err, ZAGG_ECANCELLED, "stopped");
    leave(room, &self);
    /* The next in line may fit, too. */
    if (room->first)
        pthread_cond_broadcast(&room->given);
    pthread_mutex_unlock(&room->lock);
    return status;
}

void zg_room_give(zg_room *room, uint64_t bytes)
{
    pthread_mutex_lock(&room->lock);
    room->used -= bytes;
    pthread_cond_broadcast(&room->given);
    pthread_mutex_unlock(&room->lock);
}
