/* Work that is begun before its turn: each job is done once, by whoever comes first, in
 * the order of giving. */
#include "core/ahead.h"

#include "support/support.h"

#include <pthread.h>
#include <stdatomic.h>

enum { JOBS = 200 };

typedef struct work {
    atomic_int times;
    atomic_int *order;
    int place;
    zagg_status status;
} work;

static zagg_status do_work(void *user, zagg_err *err)
{
    work *w = user;
    atomic_fetch_add(&w->times, 1);
    w->place = atomic_fetch_add(w->order, 1);
    return w->status == ZAGG_OK ? ZAGG_OK : zagg_err_set(err, w->status, "no");
}

static void all_are_done(void **state)
{
    (void)state;
    for (size_t threads = 0; threads <= 3; threads++) {
        static work works[JOBS];
        static zg_ahead_job jobs[JOBS];
        zg_ahead *ahead = NULL;
        atomic_int order = 0;
        assert_int_equal(zg_ahead_new(threads, &ahead, NULL), ZAGG_OK);
        for (int i = 0; i < JOBS; i++) {
            works[i] = (work){.order = &order, .status = i % 7 ? ZAGG_OK : ZAGG_EHTTP};
            jobs[i] = (zg_ahead_job){.run = do_work, .user = &works[i]};
            zg_ahead_begin(ahead, &jobs[i]);
        }
        for (int i = 0; i < JOBS; i++) {
            zagg_err err = ZAGG_ERR_INIT;
            const zagg_status want = i % 7 ? ZAGG_OK : ZAGG_EHTTP;
            assert_int_equal(zg_ahead_end(ahead, &jobs[i], &err), want);
            assert_int_equal(zg_ahead_end(ahead, &jobs[i], NULL), want);
            assert_string_equal(err.msg, i % 7 ? "" : "no");
            assert_int_equal(works[i].times, 1);
            if (threads == 0)
                assert_int_equal(works[i].place, i);
        }
        zg_ahead_free(ahead);
    }
}

/* Without threads nothing begins by itself: what is dropped was never done. */
static void dropped(void **state)
{
    (void)state;
    static work works[3];
    zg_ahead_job jobs[3];
    zg_ahead *ahead = NULL;
    atomic_int order = 0;
    assert_int_equal(zg_ahead_new(0, &ahead, NULL), ZAGG_OK);
    for (int i = 0; i < 3; i++) {
        works[i] = (work){.order = &order};
        jobs[i] = (zg_ahead_job){.run = do_work, .user = &works[i]};
    }
    assert_true(zg_ahead_drop(ahead, &jobs[0])); /* never given */
    for (int i = 0; i < 3; i++)
        zg_ahead_begin(ahead, &jobs[i]);
    assert_true(zg_ahead_drop(ahead, &jobs[1]));
    assert_int_equal(zg_ahead_end(ahead, &jobs[2], NULL), ZAGG_OK);
    assert_int_equal(zg_ahead_end(ahead, &jobs[0], NULL), ZAGG_OK);
    assert_false(zg_ahead_drop(ahead, &jobs[0]));
    assert_int_equal(works[0].times, 1);
    assert_int_equal(works[1].times, 0);
    assert_int_equal(works[2].place, 0);
    zg_ahead_free(ahead);
}

typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool begun, open;
} gate;

static zagg_status wait_at_gate(void *user, zagg_err *err)
{
    gate *g = user;
    (void)err;
    pthread_mutex_lock(&g->lock);
    g->begun = true;
    pthread_cond_broadcast(&g->news);
    while (!g->open)
        pthread_cond_wait(&g->news, &g->lock);
    pthread_mutex_unlock(&g->lock);
    return ZAGG_OK;
}

static void *open_gate(void *user)
{
    gate *g = user;
    pthread_mutex_lock(&g->lock);
    g->open = true;
    pthread_cond_broadcast(&g->news);
    pthread_mutex_unlock(&g->lock);
    return NULL;
}

/* A job that has begun is waited for, whether its result is wanted or not. */
static void begun_by_a_thread(void **state)
{
    (void)state;
    for (int drop = 0; drop < 2; drop++) {
        gate g = {.begun = false};
        zg_ahead *ahead = NULL;
        zg_ahead_job job = {.run = wait_at_gate, .user = &g};
        pthread_t other;
        pthread_mutex_init(&g.lock, NULL);
        pthread_cond_init(&g.news, NULL);
        assert_int_equal(zg_ahead_new(1, &ahead, NULL), ZAGG_OK);
        zg_ahead_begin(ahead, &job);
        pthread_mutex_lock(&g.lock);
        while (!g.begun)
            pthread_cond_wait(&g.news, &g.lock);
        pthread_mutex_unlock(&g.lock);
        assert_int_equal(pthread_create(&other, NULL, open_gate, &g), 0);
        if (drop)
            assert_false(zg_ahead_drop(ahead, &job));
        else
            assert_int_equal(zg_ahead_end(ahead, &job, NULL), ZAGG_OK);
        assert_int_equal(pthread_join(other, NULL), 0);
        zg_ahead_free(ahead);
        pthread_cond_destroy(&g.news);
        pthread_mutex_destroy(&g.lock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_done),
        cmocka_unit_test(dropped),
        cmocka_unit_test(begun_by_a_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
