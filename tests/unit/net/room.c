/* Room for bytes under way: a bound, turns, and an end on request. */
#include "net/room.h"

#include "support/support.h"

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 6, TURNS = 300, MOST = 100 };

typedef struct crowd {
    zg_room room;
    atomic_int used, most;
    volatile int stop;
} crowd;

static void *use(void *user)
{
    crowd *c = user;
    unsigned seed = (unsigned)(uintptr_t)&seed;
    for (int i = 0; i < TURNS; i++) {
        seed = seed * 1103515245u + 12345u;
        const int bytes = 1 + (int)(seed >> 16) % MOST;
        if (zg_room_take(&c->room, (uint64_t)bytes, NULL, NULL) != ZAGG_OK)
            return c;
        const int now = atomic_fetch_add(&c->used, bytes) + bytes;
        for (int most = atomic_load(&c->most);
             now > most && !atomic_compare_exchange_weak(&c->most, &most, now);)
            ;
        atomic_fetch_sub(&c->used, bytes);
        zg_room_give(&c->room, (uint64_t)bytes);
    }
    return NULL;
}

static void bound(void **state)
{
    (void)state;
    crowd c = {.used = 0};
    pthread_t threads[THREADS];
    assert_int_equal(zg_room_init(&c.room, MOST, NULL), ZAGG_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use, &c), 0);
    for (int i = 0; i < THREADS; i++) {
        void *failed;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_true(atomic_load(&c.most) <= MOST);
    assert_int_equal(c.room.used, 0);
    zg_room_destroy(&c.room);
}

static void *take_stopped(void *user)
{
    crowd *c = user;
    zagg_err err = ZAGG_ERR_INIT;
    return zg_room_take(&c->room, 5, &c->stop, &err) == ZAGG_ECANCELLED ? NULL : c;
}

static void too_much_and_stop(void **state)
{
    (void)state;
    crowd c = {.used = 0};
    pthread_t thread;
    void *failed;
    assert_int_equal(zg_room_init(&c.room, MOST, NULL), ZAGG_OK);
    /* More than there is room for, alone. */
    assert_int_equal(zg_room_take(&c.room, 10 * MOST, NULL, NULL), ZAGG_OK);
    assert_int_equal(pthread_create(&thread, NULL, take_stopped, &c), 0);
    zg_stop(&c.stop);
    assert_int_equal(pthread_join(thread, &failed), 0);
    assert_null(failed);
    zg_room_give(&c.room, 10 * MOST);
    assert_int_equal(zg_room_take(&c.room, MOST, NULL, NULL), ZAGG_OK);
    zg_room_give(&c.room, MOST);
    zg_room_destroy(&c.room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bound),
        cmocka_unit_test(too_much_and_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
