/* The task pool under 1, 2 and 7 threads: order, window, slots, errors, nesting,
 * cancelling. */
#include "support/support.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const size_t widths[] = {1, 2, 7};
enum { N_WIDTHS = 3, MAX_WIDTH = 7 };

static zagg_pool *new_pool(size_t width)
{
    zagg_pool *pool = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_pool_new(width, &pool, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(zagg_pool_width(pool), width);
    return pool;
}

/* Shared by the tasks of one batch. Tasks run on other threads, where cmocka cannot fail:
 * they leave their findings in flags. */
typedef struct probe {
    zagg_pool *pool;
    size_t width, window;
    atomic_size_t started, folded, live, discarded;
    atomic_bool slot_busy[MAX_WIDTH];
    atomic_bool slot_fault, window_fault, order_fault;
    size_t fail_from;  /* tasks from here on fail, */
    size_t fail_every; /* when divisible by this */
    size_t fold_stops_at;
    size_t cancel_at;
} probe;

#define PROBE_INIT                                                                       \
    {                                                                                    \
        .fail_from = SIZE_MAX, .fail_every = 1, .fold_stops_at = SIZE_MAX,               \
        .cancel_at = SIZE_MAX                                                            \
    }

/* Some uneven work that no optimiser drops. */
static void busy(size_t index)
{
    volatile unsigned x = 1;
    for (size_t i = 0; i < index * 7919 % 3000; i++)
        x = x * 3 + 1;
}

static zagg_status probe_task(void *user, size_t index, size_t slot, void **result,
                              zagg_err *err)
{
    probe *p = user;
    atomic_fetch_add(&p->started, 1);
    if (p->window > 0 && index >= atomic_load(&p->folded) + p->window)
        atomic_store(&p->window_fault, true);
    if (slot >= p->width || atomic_exchange(&p->slot_busy[slot], true))
        atomic_store(&p->slot_fault, true);
    busy(index);
    char *text = zg_alloc(32, 1);
    if (text != NULL) {
        snprintf(text, 32, "%zu", index);
        *result = text;
        atomic_fetch_add(&p->live, 1);
    }
    if (index == p->cancel_at)
        zagg_pool_cancel(p->pool);
    if (slot < p->width)
        atomic_store(&p->slot_busy[slot], false);
    if (index >= p->fail_from && index % p->fail_every == 0)
        return zagg_err_set(err, ZAGG_EFORMAT, "task %zu is bad", index);
    return ZAGG_OK;
}

static void probe_discard(void *user, void *result)
{
    probe *p = user;
    zg_free(result);
    atomic_fetch_sub(&p->live, 1);
    atomic_fetch_add(&p->discarded, 1);
}

static zagg_status probe_fold(void *user, size_t index, zagg_status status, void *result,
                              const zagg_err *task_err, zagg_err *err)
{
    probe *p = user;
    char expected[32], message[64];
    snprintf(expected, sizeof expected, "%zu", index);
    snprintf(message, sizeof message, "task %zu is bad", index);
    bool bad = index >= p->fail_from && index % p->fail_every == 0;
    if (index != atomic_load(&p->folded) || result == NULL ||
        strcmp(result, expected) != 0 || status != (bad ? ZAGG_EFORMAT : ZAGG_OK) ||
        task_err->status != status || strcmp(task_err->msg, bad ? message : "") != 0)
        atomic_store(&p->order_fault, true);
    zg_free(result);
    atomic_fetch_sub(&p->live, 1);
    atomic_fetch_add(&p->folded, 1);
    if (index == p->fold_stops_at)
        return zagg_err_set(err, ZAGG_ERANGE, "fold stops at %zu", index);
    return ZAGG_OK;
}

static void assert_sound(probe *p)
{
    assert_false(atomic_load(&p->slot_fault));
    assert_false(atomic_load(&p->window_fault));
    assert_false(atomic_load(&p->order_fault));
    assert_int_equal(atomic_load(&p->live), 0);
}

static void test_order_and_window(void **state)
{
    (void)state;
    static const size_t windows[] = {0, 1, 3, 1000};
    for (size_t w = 0; w < N_WIDTHS; w++) {
        zagg_pool *pool = new_pool(widths[w]);
        for (size_t k = 0; k < 4; k++) {
            probe p = PROBE_INIT;
            p.pool = pool;
            p.width = widths[w];
            p.window = windows[k] == 0 ? 2 * widths[w] : windows[k];
            p.fail_from = 0; /* failures do not stop a batch whose fold takes them */
            p.fail_every = 5;
            assert_int_equal(zagg_pool_map(pool, 300, windows[k], probe_task, probe_fold,
                                           probe_discard, &p, NULL),
                             ZAGG_OK);
            assert_int_equal(atomic_load(&p.folded), 300);
            assert_int_equal(atomic_load(&p.discarded), 0);
            assert_sound(&p);
        }
        zagg_pool_free(pool);
    }
}

static void test_first_error_wins_without_fold(void **state)
{
    (void)state;
    for (size_t w = 0; w < N_WIDTHS; w++) {
        zagg_pool *pool = new_pool(widths[w]);
        for (int round = 0; round < 20; round++) {
            probe p = PROBE_INIT;
            p.pool = pool;
            p.width = widths[w];
            p.fail_from = 13;
            zagg_err err = ZAGG_ERR_INIT;
            assert_int_equal(
                zagg_pool_map(pool, 100000, 0, probe_task, NULL, probe_discard, &p, &err),
                ZAGG_EFORMAT);
            assert_string_equal(err.msg, "task 13 is bad");
            assert_true(atomic_load(&p.started) < 100);
            assert_int_equal(atomic_load(&p.discarded), atomic_load(&p.started));
            assert_sound(&p);
        }
        probe p = PROBE_INIT;
        p.pool = pool;
        p.width = widths[w];
        assert_int_equal(
            zagg_pool_map(pool, 50, 0, probe_task, NULL, probe_discard, &p, NULL),
            ZAGG_OK);
        assert_int_equal(atomic_load(&p.discarded), 50);
        assert_sound(&p);
        zagg_pool_free(pool);
    }
}

static void test_fold_stops_the_batch(void **state)
{
    (void)state;
    for (size_t w = 0; w < N_WIDTHS; w++) {
        zagg_pool *pool = new_pool(widths[w]);
        probe p = PROBE_INIT;
        p.pool = pool;
        p.width = widths[w];
        p.fold_stops_at = 10;
        zagg_err err = ZAGG_ERR_INIT;
        assert_int_equal(zagg_pool_map(pool, 100000, 0, probe_task, probe_fold,
                                       probe_discard, &p, &err),
                         ZAGG_ERANGE);
        assert_string_equal(err.msg, "fold stops at 10");
        assert_int_equal(atomic_load(&p.folded), 11);
        assert_int_equal(atomic_load(&p.discarded) + 11, atomic_load(&p.started));
        assert_sound(&p);
        zagg_pool_free(pool);
    }
}

static void test_cancel(void **state)
{
    (void)state;
    for (size_t w = 0; w < N_WIDTHS; w++) {
        zagg_pool *pool = new_pool(widths[w]);
        probe p = PROBE_INIT;
        p.pool = pool;
        p.width = widths[w];
        p.cancel_at = 20;
        assert_int_equal(zagg_pool_map(pool, 100000, 0, probe_task, probe_fold,
                                       probe_discard, &p, NULL),
                         ZAGG_ECANCELLED);
        /* What was started is folded. */
        assert_int_equal(atomic_load(&p.folded), atomic_load(&p.started));
        assert_true(atomic_load(&p.folded) > 20 && atomic_load(&p.folded) < 100);
        assert_sound(&p);
        assert_true(zagg_pool_cancelled(pool));
        zagg_err err = ZAGG_ERR_INIT;
        assert_int_equal(
            zagg_pool_map(pool, 5, 0, probe_task, probe_fold, probe_discard, &p, &err),
            ZAGG_ECANCELLED);
        assert_string_equal(err.msg, "cancelled");
        zagg_pool_free(pool);
    }
}

static zagg_pool *signalled_pool;

static void on_signal(int number)
{
    (void)number;
    zagg_pool_cancel(signalled_pool);
}

static zagg_status raising_fold(void *user, size_t index, zagg_status status,
                                void *result, const zagg_err *task_err, zagg_err *err)
{
    if (index == 5)
        raise(SIGUSR1);
    return probe_fold(user, index, status, result, task_err, err);
}

static void test_cancel_from_a_signal_handler(void **state)
{
    (void)state;
    struct sigaction action = {0}, before;
    action.sa_handler = on_signal;
    sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    zagg_pool *pool = new_pool(2);
    signalled_pool = pool;
    probe p = PROBE_INIT;
    p.pool = pool;
    p.width = 2;
    assert_int_equal(
        zagg_pool_map(pool, 100000, 0, probe_task, raising_fold, probe_discard, &p, NULL),
        ZAGG_ECANCELLED);
    assert_sound(&p);
    zagg_pool_free(pool);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
}

/* ---- nesting ---- */

typedef struct nest {
    zagg_pool *pool;
    int depth;
    atomic_size_t sum;
    atomic_bool slot_busy[MAX_WIDTH]; /* of this batch */
    atomic_bool *slot_fault;
} nest;

static zagg_status nest_task(void *user, size_t index, size_t slot, void **result,
                             zagg_err *err)
{
    nest *outer = user;
    zagg_status status = ZAGG_OK;
    (void)result;
    if (slot >= zagg_pool_width(outer->pool) ||
        atomic_exchange(&outer->slot_busy[slot], true))
        atomic_store(outer->slot_fault, true);
    if (outer->depth == 0) {
        busy(index);
        atomic_fetch_add(&outer->sum, index + 1);
    } else {
        nest inner = {.pool = outer->pool,
                      .depth = outer->depth - 1,
                      .slot_fault = outer->slot_fault};
        status = zagg_pool_map(outer->pool, 9, 2, nest_task, NULL, NULL, &inner, err);
        atomic_fetch_add(&outer->sum, atomic_load(&inner.sum));
    }
    atomic_store(&outer->slot_busy[slot], false);
    return status;
}

static void test_nested_batches(void **state)
{
    (void)state;
    for (size_t w = 0; w < N_WIDTHS; w++) {
        atomic_bool slot_fault = false;
        nest top = {.pool = new_pool(widths[w]), .depth = 3, .slot_fault = &slot_fault};
        assert_int_equal(zagg_pool_map(top.pool, 9, 0, nest_task, NULL, NULL, &top, NULL),
                         ZAGG_OK);
        assert_int_equal(atomic_load(&top.sum), 9 * 9 * 9 * 45);
        assert_false(slot_fault);
        zagg_pool_free(top.pool);
    }
}

/* Two threads that wait for one another. */
typedef struct meeting {
    pthread_mutex_t lock;
    pthread_cond_t change;
    size_t here;
    bool missed;
} meeting;

#define MEETING_INIT                                                                     \
    {                                                                                    \
        .lock = PTHREAD_MUTEX_INITIALIZER, .change = PTHREAD_COND_INITIALIZER            \
    }

static void meet(meeting *m)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&m->lock);
    m->here++;
    pthread_cond_broadcast(&m->change);
    while (m->here < 2 && !m->missed)
        m->missed = pthread_cond_timedwait(&m->change, &m->lock, &until) != 0;
    pthread_mutex_unlock(&m->lock);
}

typedef struct helping {
    zagg_pool *pool;
    pthread_t caller;
    meeting begun, below;
} helping;

static zagg_status meet_below(void *user, size_t index, size_t slot, void **result,
                              zagg_err *err)
{
    helping *h = user;
    (void)index;
    (void)slot;
    (void)result;
    (void)err;
    meet(&h->below);
    return ZAGG_OK;
}

static zagg_status end_or_begin_below(void *user, size_t index, size_t slot,
                                      void **result, zagg_err *err)
{
    helping *h = user;
    (void)index;
    (void)slot;
    (void)result;
    meet(&h->begun);
    if (pthread_equal(h->caller, pthread_self()))
        return ZAGG_OK;
    return zagg_pool_map(h->pool, 2, 0, meet_below, NULL, NULL, h, err);
}

/* The caller has nothing left to begin when the worker does what takes two. */
static void test_waiting_callers_help(void **state)
{
    (void)state;
    helping h = {new_pool(2), pthread_self(), MEETING_INIT, MEETING_INIT};
    assert_int_equal(
        zagg_pool_map(h.pool, 2, 0, end_or_begin_below, NULL, NULL, &h, NULL), ZAGG_OK);
    assert_false(h.begun.missed);
    assert_false(h.below.missed);
    zagg_pool_free(h.pool);
}

static void *map_in_thread(void *user)
{
    nest *top = user;
    zagg_status status = zagg_pool_map(top->pool, 9, 0, nest_task, NULL, NULL, top, NULL);
    return status == ZAGG_OK ? user : NULL;
}

static void test_callers_on_several_threads(void **state)
{
    (void)state;
    enum { N_CALLERS = 3 };
    zagg_pool *pool = new_pool(3);
    nest tops[N_CALLERS];
    pthread_t threads[N_CALLERS];
    for (size_t i = 0; i < N_CALLERS; i++) {
        nest top = {.pool = pool, .depth = 2};
        tops[i] = top;
        assert_int_equal(pthread_create(&threads[i], NULL, map_in_thread, &tops[i]), 0);
    }
    for (size_t i = 0; i < N_CALLERS; i++) {
        void *result = NULL;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
        assert_int_equal(atomic_load(&tops[i].sum), 9 * 9 * 45);
    }
    zagg_pool_free(pool);
}

/* ---- edges ---- */

static void test_no_pool_and_no_tasks(void **state)
{
    (void)state;
    zagg_pool *pool = NULL;
    assert_int_equal(zagg_pool_new(0, &pool, NULL), ZAGG_EARG);
    assert_int_equal(zagg_pool_width(NULL), 1);
    assert_false(zagg_pool_cancelled(NULL));
    zagg_pool_cancel(NULL);
    zagg_pool_free(NULL);
    probe p = PROBE_INIT;
    p.width = 1;
    assert_int_equal(
        zagg_pool_map(NULL, 40, 0, probe_task, probe_fold, probe_discard, &p, NULL),
        ZAGG_OK);
    assert_int_equal(atomic_load(&p.folded), 40);
    assert_sound(&p);
    pool = new_pool(2);
    assert_int_equal(zagg_pool_map(pool, 0, 0, probe_task, probe_fold, NULL, &p, NULL),
                     ZAGG_OK);
    zagg_pool_free(pool);
}

static zagg_status failing_task(void *user, size_t index, size_t slot, void **result,
                                zagg_err *err)
{
    (void)user;
    (void)slot;
    (void)result;
    if (index == 0)
        zg_alloc_fail_nth(1); /* the copy of the message */
    return zagg_err_set(err, ZAGG_EIO, "lost");
}

static void test_lack_of_memory(void **state)
{
    (void)state;
    zagg_pool *pool = NULL;
    zg_alloc_fail_nth(1);
    assert_int_equal(zagg_pool_new(2, &pool, NULL), ZAGG_ENOMEM);
    assert_null(pool);
    pool = new_pool(2);
    probe p = PROBE_INIT;
    zg_alloc_fail_nth(1);
    assert_int_equal(zagg_pool_map(pool, 5, 0, probe_task, probe_fold, NULL, &p, NULL),
                     ZAGG_ENOMEM);
    zagg_pool_free(pool);
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_pool_map(NULL, 1, 0, failing_task, NULL, NULL, NULL, &err),
                     ZAGG_EIO);
    assert_int_equal(err.status, ZAGG_EIO);
    assert_non_null(strstr(err.msg, "no memory"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_window),
        cmocka_unit_test(test_first_error_wins_without_fold),
        cmocka_unit_test(test_fold_stops_the_batch),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_cancel_from_a_signal_handler),
        cmocka_unit_test(test_nested_batches),
        cmocka_unit_test(test_waiting_callers_help),
        cmocka_unit_test(test_callers_on_several_threads),
        cmocka_unit_test(test_no_pool_and_no_tasks),
        cmocka_unit_test(test_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
