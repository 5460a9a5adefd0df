/* Room for bytes that are under way: whoever comes first is served first, so that large
 * requests are not passed by for ever. */
#ifndef ZG_NET_ROOM_H
#define ZG_NET_ROOM_H

#include "base/base.h"

#include <pthread.h>

typedef struct zg_room_waiter zg_room_waiter;
typedef struct zg_room {
    pthread_mutex_t lock;
    pthread_cond_t given;
    uint64_t most, used;
    zg_room_waiter *first, *last;
} zg_room;

/** `most` bytes at once. INTERNAL where the system refuses what it takes. */
zagg_status zg_room_init(zg_room *room, uint64_t most, zagg_err *err);
void zg_room_destroy(zg_room *room);
/** Wait for room for `bytes`; more than all of it waits to be alone. CANCELLED when
 * `stop` is set before there is some. Thread-safe. */
zagg_status zg_room_take(zg_room *room, uint64_t bytes, const volatile int *stop,
                         zagg_err *err);
void zg_room_give(zg_room *room, uint64_t bytes);

#endif
