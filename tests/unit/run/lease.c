/* Leases in a store that is a variable of the test: who gets one, how it is kept, and how
 * it is lost. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* usleep */
#endif
#include "run/lease.h"

#include "run/journal.h"
#include "support/support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* One object with versions. */
typedef struct cell {
    pthread_mutex_t lock;
    pthread_cond_t news;
    char text[4096];
    size_t len;
    unsigned version; /* 0: none is there */
    unsigned puts, removals;
    double age_s;
    bool failing, unsupported;
    char keys[4096]; /* of plain puts, one a line */
} cell;

static zagg_status cell_put(void *self, const char *key, const void *data, size_t len,
                            zagg_err *err)
{
    cell *c = self;
    (void)data;
    (void)len;
    (void)err;
    pthread_mutex_lock(&c->lock);
    const size_t n = strlen(c->keys);
    (void)snprintf(c->keys + n, sizeof c->keys - n, "%s\n", key);
    pthread_cond_broadcast(&c->news);
    pthread_mutex_unlock(&c->lock);
    return ZAGG_OK;
}

static zagg_status cell_put_if(void *self, const char *key, const void *data, size_t len,
                               const zg_sink_tag *old, zg_sink_tag *out, zagg_err *err)
{
    cell *c = self;
    char now[16] = "";
    zagg_status status = ZAGG_OK;
    pthread_mutex_lock(&c->lock);
    c->puts++;
    if (c->version > 0)
        (void)snprintf(now, sizeof now, "v%u", c->version);
    if (c->unsupported) {
        status = zagg_err_set(err, ZAGG_EUNSUPPORTED, "no such thing");
    } else if (c->failing) {
        status = zagg_err_set(err, ZAGG_EHTTP, "the server is ill");
    } else if (strcmp(now, old->text) != 0) {
        status = zagg_err_set(err, ZAGG_EEXISTS, "%s is another one", key);
    } else {
        memcpy(c->text, data, len);
        c->len = len;
        c->age_s = 0;
        (void)snprintf(out->text, sizeof out->text, "v%u", ++c->version);
    }
    pthread_cond_broadcast(&c->news);
    pthread_mutex_unlock(&c->lock);
    return status;
}

static zagg_status cell_get(void *self, const char *key, size_t max_len, void **out_data,
                            size_t *out_len, zg_sink_tag *tag, zagg_err *err)
{
    cell *c = self;
    zagg_status status = ZAGG_OK;
    (void)max_len;
    pthread_mutex_lock(&c->lock);
    if (c->version == 0) {
        status = zagg_err_set(err, ZAGG_ENOTFOUND, "no %s", key);
    } else {
        *out_data = zg_strndup(c->text, c->len);
        *out_len = c->len;
        tag->age_s = c->age_s;
        (void)snprintf(tag->text, sizeof tag->text, "v%u", c->version);
    }
    pthread_mutex_unlock(&c->lock);
    return status;
}

static zagg_status cell_remove(void *self, const char *key, zagg_err *err)
{
    cell *c = self;
    (void)key;
    (void)err;
    pthread_mutex_lock(&c->lock);
    c->version = 0;
    c->removals++;
    pthread_mutex_unlock(&c->lock);
    return ZAGG_OK;
}

static void cell_close(void *self)
{
    (void)self;
}

static const zg_sink_vtable CELL = {.put = cell_put,
                                    .remove = cell_remove,
                                    .close = cell_close,
                                    .put_if = cell_put_if,
                                    .get_tagged = cell_get};

typedef struct setup {
    cell c;
    zagg_sink *sink;
    zagg_err err;
    char holder[256];
} setup;

static void begin(setup *s)
{
    memset(s, 0, sizeof *s);
    pthread_mutex_init(&s->c.lock, NULL);
    pthread_cond_init(&s->c.news, NULL);
    assert_int_equal(zg_sink_new(&CELL, &s->c, "cell", &s->sink, NULL), ZAGG_OK);
}

static void end(setup *s)
{
    zagg_sink_close(s->sink);
    pthread_cond_destroy(&s->c.news);
    pthread_mutex_destroy(&s->c.lock);
}

static zagg_status take(setup *s, const char *run, double lease_s, zg_lease **out)
{
    const zg_lease_opts opts = {.sink = s->sink,
                                .key = "lock",
                                .run_id = run,
                                .host = "here",
                                .lease_s = lease_s};
    return zg_lease_take(&opts, out, s->holder, sizeof s->holder, &s->err);
}

/* A lease of somebody elsewhere. */
static void occupy(setup *s, const char *machine, long pid, double age_s)
{
    s->c.version += 10;
    s->c.age_s = age_s;
    s->c.len = (size_t)snprintf(
        s->c.text, sizeof s->c.text,
        "{\"spec\": \"zagg-lease/1\", \"run_id\": \"r9\", \"host\": \"there\", \"pid\": "
        "%ld, \"machine\": \"%s\", \"lease_s\": 90}",
        pid, machine);
}

static void one_at_a_time(void **state)
{
    setup s;
    zg_lease *first = NULL, *second = NULL;
    bool held = false;
    (void)state;
    begin(&s);
    assert_int_equal(zg_lease_probe(s.sink, "lock", &held, s.holder, 256, &s.err),
                     ZAGG_OK);
    assert_false(held);
    assert_int_equal(take(&s, "r1", 0, &first), ZAGG_OK);
    assert_int_equal(take(&s, "r2", 0, &second), ZAGG_EEXISTS);
    assert_non_null(strstr(s.holder, "on here, run r1, renewed 0 s ago"));
    assert_int_equal(zg_lease_probe(s.sink, "lock", &held, s.holder, 256, &s.err),
                     ZAGG_OK);
    assert_true(held);
    assert_int_equal(zg_lease_check(first, &s.err), ZAGG_OK);
    zg_lease_release(first);
    assert_int_equal(s.c.version, 0);
    assert_int_equal(take(&s, "r2", 0, &second), ZAGG_OK);
    zg_lease_release(second);
    s.c.unsupported = true;
    assert_int_equal(take(&s, "r3", 0, &first), ZAGG_EUNSUPPORTED);
    end(&s);
}

static void who_is_gone(void **state)
{
    char mine[256] = "";
    setup s;
    zg_lease *lease = NULL;
    bool held = false;
    (void)state;
    begin(&s);
    /* the name of this machine, as a lease says it */
    assert_int_equal(take(&s, "r1", 0, &lease), ZAGG_OK);
    const char *at = strstr(s.c.text, "\"machine\": \"");
    assert_non_null(at);
    (void)sscanf(at, "\"machine\": \"%200[0-9a-f]\"", mine);
    zg_lease_release(lease);
    const pid_t dead = fork();
    if (dead == 0)
        _exit(0);
    assert_int_equal(waitpid(dead, NULL, 0), dead);
    const struct {
        const char *machine;
        long pid;
        double age_s;
        bool gone;
    } CASES[] = {{"other", (long)dead, 60, false},
                 {"other", (long)dead, 91, false},
                 {"other", (long)dead, 93, true},
                 {"other", (long)dead, -1, false},
                 {mine, (long)getpid(), 60, false},
                 {mine, (long)dead, 60, mine[0] != 0},
                 {mine, 1, 60, false},
                 {mine, 0, 60, false}};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        occupy(&s, CASES[i].machine, CASES[i].pid, CASES[i].age_s);
        assert_int_equal(zg_lease_probe(s.sink, "lock", &held, s.holder, 256, &s.err),
                         ZAGG_OK);
        assert_int_equal(held, !CASES[i].gone);
        const zagg_status status = take(&s, "r1", 0, &lease);
        assert_int_equal(status, CASES[i].gone ? ZAGG_OK : ZAGG_EEXISTS);
        assert_non_null(strstr(s.holder, "on there, run r9"));
        if (status == ZAGG_OK)
            zg_lease_release(lease);
    }
    s.c.len = 3; /* what is no lease is somebody's, until it is old */
    s.c.version = 1;
    s.c.age_s = 10;
    assert_int_equal(take(&s, "r1", 0, &lease), ZAGG_EEXISTS);
    s.c.age_s = 1000;
    assert_int_equal(take(&s, "r1", 0, &lease), ZAGG_OK);
    zg_lease_release(lease);
    end(&s);
}

static void wait_for_puts(setup *s, unsigned n)
{
    pthread_mutex_lock(&s->c.lock);
    while (s->c.puts < n)
        pthread_cond_wait(&s->c.news, &s->c.lock);
    pthread_mutex_unlock(&s->c.lock);
}

static void wait_until_lost(setup *s, zg_lease *lease)
{
    while (zg_lease_check(lease, &s->err) == ZAGG_OK)
        (void)usleep(1000);
}

static void renewed_until_taken_over(void **state)
{
    setup s;
    zg_lease *lease = NULL;
    (void)state;
    begin(&s);
    assert_int_equal(take(&s, "r1", 1.2, &lease), ZAGG_OK);
    wait_for_puts(&s, 4);
    assert_int_equal(zg_lease_check(lease, &s.err), ZAGG_OK);
    pthread_mutex_lock(&s.c.lock);
    assert_true(s.c.version >= 4);
    assert_non_null(strstr(s.c.text, "\"renewals\": "));
    occupy(&s, "other", 1, 0);
    const unsigned theirs = s.c.version;
    pthread_mutex_unlock(&s.c.lock);
    wait_until_lost(&s, lease);
    assert_non_null(strstr(s.err.msg, "another run took over its lock"));
    zg_lease_release(lease);
    assert_int_equal(s.c.version, theirs); /* theirs is left alone */
    assert_int_equal(s.c.removals, 0);
    end(&s);
}

static void lost_for_want_of_renewals(void **state)
{
    setup s;
    zg_lease *lease = NULL;
    (void)state;
    begin(&s);
    assert_int_equal(take(&s, "r1", 0.2, &lease), ZAGG_OK);
    pthread_mutex_lock(&s.c.lock);
    s.c.failing = true;
    pthread_mutex_unlock(&s.c.lock);
    wait_until_lost(&s, lease);
    assert_non_null(strstr(s.err.msg, "could not be renewed in time"));
    assert_non_null(strstr(s.err.msg, "the server is ill"));
    zg_lease_release(lease);
    assert_int_equal(s.c.removals, 0); /* it may be somebody's by now */
    end(&s);
}

static void short_troubles_are_got_over(void **state)
{
    setup s;
    zg_lease *lease = NULL;
    (void)state;
    begin(&s);
    assert_int_equal(take(&s, "r1", 2, &lease), ZAGG_OK);
    pthread_mutex_lock(&s.c.lock);
    s.c.failing = true;
    pthread_mutex_unlock(&s.c.lock);
    wait_for_puts(&s, 2);
    pthread_mutex_lock(&s.c.lock);
    s.c.failing = false;
    const unsigned version = s.c.version;
    pthread_mutex_unlock(&s.c.lock);
    wait_for_puts(&s, 3);
    assert_int_equal(zg_lease_check(lease, &s.err), ZAGG_OK);
    zg_lease_release(lease);
    assert_int_equal(s.c.removals, 1);
    assert_int_equal(version, 1);
    end(&s);
}

/* ---- a journal in parts ---- */

static void journals_in_parts(void **state)
{
    setup s;
    zg_journal *j = NULL;
    char text[1024], part[96];
    (void)state;
    begin(&s);
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    assert_int_equal(zg_journal_open(s.sink, "run7", &j, &s.err), ZAGG_OK);
    zg_journal_add(j, &(zg_event){.name = "run_start", .seconds = -1});
    zg_journal_tick(j); /* too soon */
    assert_string_equal(s.c.keys, "");
    for (int i = 0; i < 300; i++) /* many lines are put at once */
        zg_journal_add(j, &(zg_event){.name = "shard_failed", .error = text});
    assert_string_equal(s.c.keys, "journal/run7-000000.ndjson\n");
    assert_int_equal(zg_journal_close(j, &s.err), ZAGG_OK);
    assert_string_equal(s.c.keys,
                        "journal/run7-000000.ndjson\njournal/run7-000001.ndjson\n");
    zg_journal_part("run7", 1, part);
    assert_string_equal(part, "journal/run7-000001.ndjson");
    zg_journal_part("run7", SIZE_MAX, part);
    assert_string_equal(part, "journal/run7-");
    end(&s);
}

static void count_tick(void *user)
{
    ++*(_Atomic int *)user;
}

static void ticks(void **state)
{
    setup s;
    zg_lease *lease = NULL;
    _Atomic int n = 0;
    (void)state;
    begin(&s);
    assert_int_equal(take(&s, "r1", 0.2, &lease), ZAGG_OK);
    zg_lease_set_tick(lease, count_tick, (void *)&n);
    wait_for_puts(&s, 4);
    zg_lease_set_tick(lease, NULL, NULL);
    const int seen = n;
    assert_true(seen >= 1);
    wait_for_puts(&s, 6);
    assert_int_equal(n, seen);
    zg_lease_release(lease);
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time),
        cmocka_unit_test(who_is_gone),
        cmocka_unit_test(renewed_until_taken_over),
        cmocka_unit_test(lost_for_want_of_renewals),
        cmocka_unit_test(short_troubles_are_got_over),
        cmocka_unit_test(journals_in_parts),
        cmocka_unit_test(ticks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
