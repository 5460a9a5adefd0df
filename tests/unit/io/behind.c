/* Puts behind their caller: how many at once, in which order, and what failures do. The
 * store below keeps each put until the test lets it go. */
#include "io/behind.h"

#include "io/crew.h"
#include "io/sink.h"
#include "support/support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MOST_PUTS = 512 };

/* A store that notes what is begun and ended. */
typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t news;
    bool open; /* puts pass at once */
    size_t running, most_running;
    size_t begun, ended;
    char *begun_keys[MOST_PUTS], *ended_keys[MOST_PUTS];
    size_t sizes[MOST_PUTS]; /* of those that ended */
    const char *released;    /* key that may pass */
    const char *failing;     /* key that fails */
    size_t streams_abandoned;
} gate;

static zagg_status gate_put(void *self, const char *key, const void *data, size_t len,
                            zagg_err *err)
{
    gate *g = self;
    (void)data;
    pthread_mutex_lock(&g->lock);
    g->begun_keys[g->begun++] = zg_strdup(key);
    if (++g->running > g->most_running)
        g->most_running = g->running;
    pthread_cond_broadcast(&g->news);
    while (!g->open && (g->released == NULL || strcmp(g->released, key) != 0))
        pthread_cond_wait(&g->news, &g->lock);
    g->released = NULL; /* it lets one pass */
    g->running--;
    g->sizes[g->ended] = len;
    g->ended_keys[g->ended++] = zg_strdup(key);
    const bool fails = g->failing != NULL && strcmp(g->failing, key) == 0;
    pthread_cond_broadcast(&g->news);
    pthread_mutex_unlock(&g->lock);
    return fails ? zagg_err_set(err, ZAGG_EIO, "no room for %s", key) : ZAGG_OK;
}

static zagg_status gate_get(void *self, const char *key, size_t max_len, void **out_data,
                            size_t *out_len, zagg_err *err)
{
    const gate *g = self;
    (void)max_len;
    for (size_t i = 0; i < g->ended; i++)
        if (strcmp(g->ended_keys[i], key) == 0) {
            *out_data = zg_alloc(1, 1);
            *out_len = g->sizes[i];
            return ZAGG_OK;
        }
    return zagg_err_set(err, ZAGG_ENOTFOUND, "no %s", key);
}

static zagg_status gate_remove(void *self, const char *key, zagg_err *err)
{
    (void)self;
    (void)key;
    (void)err;
    return ZAGG_OK;
}

static zagg_status gate_stream_begin(void *self, const char *key, void **out,
                                     zagg_err *err)
{
    (void)self;
    (void)err;
    *out = zg_strdup(key);
    return ZAGG_OK;
}

static zagg_status gate_stream_add(void *self, void *stream, const void *data, size_t len,
                                   const zg_sha256_stream *so_far, zagg_err *err)
{
    (void)self;
    (void)stream;
    (void)data;
    (void)len;
    (void)so_far;
    (void)err;
    return ZAGG_OK;
}

static zagg_status gate_stream_commit(void *self, void *stream, zagg_err *err)
{
    const zagg_status status = gate_put(self, stream, NULL, 0, err);
    zg_free(stream);
    return status;
}

static void gate_stream_abandon(void *self, void *stream)
{
    ((gate *)self)->streams_abandoned++;
    zg_free(stream);
}

static void gate_close(void *self)
{
    (void)self;
}

static const zg_sink_vtable GATE = {.put = gate_put,
                                    .get = gate_get,
                                    .remove = gate_remove,
                                    .close = gate_close,
                                    .stream_begin = gate_stream_begin,
                                    .stream_add = gate_stream_add,
                                    .stream_commit = gate_stream_commit,
                                    .stream_abandon = gate_stream_abandon};

typedef struct setup {
    gate g;
    zg_behind *behind;
    zagg_sink *store, *sink;
    zagg_err err;
} setup;

static void begin(setup *s, size_t hands, size_t most_bytes)
{
    memset(s, 0, sizeof *s);
    pthread_mutex_init(&s->g.lock, NULL);
    pthread_cond_init(&s->g.news, NULL);
    assert_int_equal(zg_sink_new(&GATE, &s->g, "gate", &s->store, NULL), ZAGG_OK);
    assert_int_equal(zg_behind_new(hands, most_bytes, &s->behind, NULL), ZAGG_OK);
    assert_int_equal(zg_behind_open(s->behind, s->store, &s->sink, NULL), ZAGG_OK);
}

static void open_gate(setup *s)
{
    pthread_mutex_lock(&s->g.lock);
    s->g.open = true;
    pthread_cond_broadcast(&s->g.news);
    pthread_mutex_unlock(&s->g.lock);
}

static void let_pass(setup *s, const char *key)
{
    pthread_mutex_lock(&s->g.lock);
    s->g.released = key;
    pthread_cond_broadcast(&s->g.news);
    const size_t ended = s->g.ended;
    while (s->g.ended == ended)
        pthread_cond_wait(&s->g.news, &s->g.lock);
    pthread_mutex_unlock(&s->g.lock);
}

static void wait_begun(setup *s, size_t n)
{
    pthread_mutex_lock(&s->g.lock);
    while (s->g.begun < n)
        pthread_cond_wait(&s->g.news, &s->g.lock);
    pthread_mutex_unlock(&s->g.lock);
}

static void end(setup *s)
{
    open_gate(s);
    zagg_sink_close(s->sink);
    zg_behind_free(s->behind);
    zagg_sink_close(s->store);
    for (size_t i = 0; i < s->g.begun; i++)
        zg_free(s->g.begun_keys[i]);
    for (size_t i = 0; i < s->g.ended; i++)
        zg_free(s->g.ended_keys[i]);
    pthread_cond_destroy(&s->g.news);
    pthread_mutex_destroy(&s->g.lock);
}

static void put(setup *s, const char *key)
{
    char gone[64];
    (void)snprintf(gone, sizeof gone, "%s", key);
    assert_int_equal(zagg_sink_put(s->sink, key, gone, strlen(gone), &s->err), ZAGG_OK);
    memset(gone, 0, sizeof gone); /* it was copied */
}

static void puts_do_not_wait(void **state)
{
    setup s;
    (void)state;
    begin(&s, 4, 1 << 20);
    for (int i = 0; i < 10; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", i);
        put(&s, key);
    }
    wait_begun(&s, 4); /* hands that are busy */
    assert_int_equal(s.g.ended, 0);
    open_gate(&s);
    assert_int_equal(zg_sink_wait(s.sink, &s.err), ZAGG_OK);
    assert_int_equal(s.g.ended, 10);
    assert_int_equal(s.g.most_running, 4);
    assert_int_equal(s.g.sizes[0], 2);
    end(&s);
}

static void fences_keep_order(void **state)
{
    setup s;
    (void)state;
    begin(&s, 8, 1 << 20);
    zg_sink_fence(s.sink); /* before anything: nothing */
    put(&s, "a");
    put(&s, "b");
    zg_sink_fence(s.sink);
    put(&s, "c");
    put(&s, "d");
    zg_sink_fence(s.sink);
    put(&s, "e");
    wait_begun(&s, 2);
    let_pass(&s, "b");
    assert_int_equal(s.g.begun, 2); /* c waits for a, too */
    let_pass(&s, "a");
    wait_begun(&s, 4);
    let_pass(&s, "c");
    let_pass(&s, "d");
    wait_begun(&s, 5);
    assert_string_equal(s.g.begun_keys[4], "e");
    open_gate(&s);
    assert_int_equal(zg_sink_wait(s.sink, &s.err), ZAGG_OK);
    assert_int_equal(s.g.ended, 5);
    end(&s);
}

/* Of two puts under one key the second one stays. */
static void the_same_key_twice(void **state)
{
    setup s;
    (void)state;
    begin(&s, 8, 1 << 20);
    put(&s, "same");
    assert_int_equal(zagg_sink_put(s.sink, "same", "longer text", 11, &s.err), ZAGG_OK);
    put(&s, "same");
    wait_begun(&s, 1);
    let_pass(&s, "same");
    assert_int_equal(s.g.sizes[0], 4);
    let_pass(&s, "same");
    assert_int_equal(s.g.sizes[1], 11);
    let_pass(&s, "same");
    assert_int_equal(s.g.sizes[2], 4);
    assert_int_equal(s.g.most_running, 1);
    end(&s);
}

static void *open_when_full(void *user)
{
    setup *s = user;
    wait_begun(s, 1);
    open_gate(s);
    return NULL;
}

/* Room is waited for; an object that is larger than all of it goes alone. */
static void room_is_bounded(void **state)
{
    enum { ROOM = 4096 };
    static const char data[3 * ROOM];
    setup s;
    pthread_t opener;
    (void)state;
    begin(&s, 8, ROOM);
    assert_int_equal(pthread_create(&opener, NULL, open_when_full, &s), 0);
    assert_int_equal(zagg_sink_put(s.sink, "large", data, sizeof data, &s.err), ZAGG_OK);
    assert_int_equal(zagg_sink_put(s.sink, "small", data, 10, &s.err), ZAGG_OK);
    assert_true(s.g.ended >= 1); /* the second one had to wait for the first */
    pthread_join(opener, NULL);
    assert_int_equal(zg_sink_wait(s.sink, &s.err), ZAGG_OK);
    assert_int_equal(s.g.ended, 2);
    end(&s);
}

static void failures_are_told_when_waiting(void **state)
{
    setup s;
    void *data = NULL;
    size_t len = 0;
    zagg_sink_stream *stream = NULL;
    (void)state;
    begin(&s, 1, 1 << 20);
    s.g.failing = "bad";
    put(&s, "good");
    put(&s, "bad");
    put(&s, "dropped");
    assert_int_equal(zg_sink_stream_begin_direct(s.sink, "stream", &stream, &s.err),
                     ZAGG_OK);
    assert_int_equal(zagg_sink_stream_add(stream, "x", 1, &s.err), ZAGG_OK);
    assert_int_equal(zagg_sink_stream_commit(stream, &s.err), ZAGG_OK);
    open_gate(&s);
    assert_int_equal(zg_sink_wait(s.sink, &s.err), ZAGG_EIO);
    assert_string_equal(s.err.msg, "no room for bad");
    put(&s, "later"); /* in vain, and nobody says so */
    assert_int_equal(zg_sink_wait(s.sink, &s.err), ZAGG_EIO);
    assert_int_equal(zagg_sink_get(s.sink, "good", 10, &data, &len, &s.err), ZAGG_EIO);
    assert_int_equal(zagg_sink_delete(s.sink, "good", &s.err), ZAGG_EIO);
    assert_int_equal(s.g.ended, 2);
    assert_int_equal(s.g.streams_abandoned, 1);
    end(&s);
}

/* Reading waits for what was put; sinks of one crew do not wait for each other. */
static void reading_waits(void **state)
{
    setup s;
    zagg_sink *other = NULL;
    void *data = NULL;
    size_t len = 0;
    (void)state;
    begin(&s, 4, 1 << 20);
    assert_int_equal(zg_behind_open(s.behind, s.store, &other, NULL), ZAGG_OK);
    put(&s, "k");
    wait_begun(&s, 1);
    assert_int_equal(zagg_sink_get(other, "k", 10, &data, &len, &s.err), ZAGG_ENOTFOUND);
    assert_int_equal(zg_sink_wait(other, &s.err), ZAGG_OK);
    open_gate(&s);
    assert_int_equal(zagg_sink_get(s.sink, "k", 10, &data, &len, &s.err), ZAGG_OK);
    assert_int_equal(len, 1);
    zagg_bytes_free(data);
    zagg_sink_close(other);
    end(&s);
}

static void streams_are_committed_behind(void **state)
{
    setup s;
    zagg_sink_stream *stream = NULL;
    (void)state;
    begin(&s, 4, 1 << 20);
    assert_int_equal(zg_sink_stream_begin_direct(s.sink, "s", &stream, &s.err), ZAGG_OK);
    assert_int_equal(zagg_sink_stream_add(stream, "abc", 3, &s.err), ZAGG_OK);
    assert_int_equal(zagg_sink_stream_commit(stream, &s.err), ZAGG_OK);
    assert_int_equal(zg_sink_stream_begin_direct(s.sink, "t", &stream, &s.err), ZAGG_OK);
    assert_int_equal(zagg_sink_stream_add(stream, "abc", 3, &s.err), ZAGG_OK);
    zagg_sink_stream_abandon(stream);
    assert_int_equal(s.g.streams_abandoned, 1);
    zg_sink_fence(s.sink);
    put(&s, "after");
    wait_begun(&s, 1);
    let_pass(&s, "s");
    wait_begun(&s, 2);
    open_gate(&s);
    assert_int_equal(zg_sink_wait(s.sink, &s.err), ZAGG_OK);
    assert_string_equal(s.g.ended_keys[1], "after");
    end(&s);
}

/* ---- the crew by itself ---- */

typedef struct counted {
    zg_crew_job job;
    _Atomic int *n;
} counted;

static void count(zg_crew_job *job)
{
    ++*((counted *)job)->n;
}

static void crews_end_what_they_have(void **state)
{
    enum { N = 1000 };
    static counted jobs[N];
    _Atomic int n = 0;
    zg_crew *crew = NULL;
    (void)state;
    assert_int_equal(zg_crew_new(3, &crew, NULL), ZAGG_OK);
    for (size_t i = 0; i < N; i++) {
        jobs[i] = (counted){.job = {.run = count}, .n = &n};
        zg_crew_add(crew, &jobs[i].job);
    }
    zg_crew_free(crew);
    assert_int_equal(n, N);
    assert_int_equal(zg_crew_new(3, &crew, NULL), ZAGG_OK);
    zg_crew_free(crew); /* of nobody */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_do_not_wait),
        cmocka_unit_test(fences_keep_order),
        cmocka_unit_test(the_same_key_twice),
        cmocka_unit_test(room_is_bounded),
        cmocka_unit_test(failures_are_told_when_waiting),
        cmocka_unit_test(reading_waits),
        cmocka_unit_test(streams_are_committed_behind),
        cmocka_unit_test(crews_end_what_they_have),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
