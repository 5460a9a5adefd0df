/* What is known of a store without asking it: listings, recorders that have one, folders
 * of a store as stores; and puts where nothing is. */
#include "io/listing.h"

#include "io/record_sink.h"
#include "io/sink.h"
#include "io/sub_sink.h"
#include "support/support.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static zagg_sink *open_store(char **dir)
{
    zagg_sink *sink = NULL;
    *dir = make_temp_dir();
    assert_int_equal(zagg_sink_open_dir(*dir, &sink, NULL), ZAGG_OK);
    return sink;
}

static void close_store(zagg_sink *sink, char *dir)
{
    zagg_sink_close(sink);
    remove_tree(dir);
    zg_free(dir);
}

static void put(zagg_sink *sink, const char *key, const char *text)
{
    assert_int_equal(zagg_sink_put(sink, key, text, strlen(text), NULL), ZAGG_OK);
}

static zagg_status count(void *user, const char *key, uint64_t size, zagg_err *err)
{
    (void)key;
    (void)size;
    (void)err;
    ++*(size_t *)user;
    return ZAGG_OK;
}

static void listings(void **state)
{
    char *dir, key[80];
    zagg_sink *sink = open_store(&dir);
    zg_listing *l = NULL;
    uint64_t size = 0;
    (void)state;
    assert_int_equal(zg_listing_new(sink, 0, &l, NULL), ZAGG_OK);
    assert_int_equal(zg_listing_n(l), 0);
    assert_false(zg_listing_has(l, "a", NULL));
    assert_false(zg_listing_has_below(l, ""));
    zg_listing_free(l);
    for (int i = 0; i < 300; i++) { /* in the order of a directory */
        (void)snprintf(key, sizeof key, "g/%d/%0*d", i % 7, 1 + i % 50, i);
        put(sink, key, "12345");
    }
    put(sink, "ga", "");
    assert_int_equal(zg_listing_new(sink, 300, &l, NULL), ZAGG_OK);
    assert_null(l);
    assert_int_equal(zg_listing_new(sink, 301, &l, NULL), ZAGG_OK);
    assert_int_equal(zg_listing_n(l), 301);
    for (int i = 0; i < 300; i++) {
        (void)snprintf(key, sizeof key, "g/%d/%0*d", i % 7, 1 + i % 50, i);
        assert_true(zg_listing_has(l, key, &size));
        assert_int_equal(size, 5);
    }
    assert_true(zg_listing_has(l, "ga", &size));
    assert_int_equal(size, 0);
    assert_false(zg_listing_has(l, "g", NULL));
    assert_false(zg_listing_has(l, "g/7/0", NULL));
    assert_true(zg_listing_has_below(l, "g/6/"));
    assert_false(zg_listing_has_below(l, "g/7/"));
    assert_false(zg_listing_has_below(l, "h"));
    zg_listing_free(l);
    assert_int_equal(zg_listing_new(NULL, 0, &l, NULL), ZAGG_OK);
    assert_int_equal(zg_listing_n(l), 0);
    zg_listing_free(l);
    close_store(sink, dir);
}

/* A recorder that knows what was there asks for nothing else; requests are counted by the
 * store below. */
static void recorders_that_know(void **state)
{
    char *dir;
    zagg_sink *store = open_store(&dir);
    zg_listing *before = NULL;
    zg_recorder *r = NULL;
    void *data = NULL;
    size_t len = 0, n = 0;
    uint64_t size = 0;
    (void)state;
    put(store, "old/a", "1");
    put(store, "old/b", "22");
    assert_int_equal(zg_listing_new(store, 0, &before, NULL), ZAGG_OK);
    assert_int_equal(zg_recorder_new(store, &r, NULL), ZAGG_OK);
    zg_recorder_know(r, before);
    zagg_sink *sink = zg_recorder_sink(r);
    const uint64_t calls = zagg_sink_stats(store).calls;
    assert_int_equal(zagg_sink_get(sink, "new", 10, &data, &len, NULL), ZAGG_ENOTFOUND);
    assert_int_equal(zagg_sink_size(sink, "new", &size, NULL), ZAGG_ENOTFOUND);
    assert_int_equal(zagg_sink_size(sink, "old/b", &size, NULL), ZAGG_OK);
    assert_int_equal(size, 2);
    assert_int_equal(zagg_sink_delete(sink, "new", NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_delete_prefix(sink, "new/", NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_list(sink, "new/", count, &n, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_list_dir(sink, "new/", count, &n, NULL), ZAGG_OK);
    assert_int_equal(n, 0);
    assert_int_equal(zagg_sink_stats(store).calls, calls);
    /* what was put through it is asked for */
    put(sink, "new/a", "333");
    assert_int_equal(zagg_sink_size(sink, "new/a", &size, NULL), ZAGG_OK);
    assert_int_equal(size, 3);
    assert_int_equal(zagg_sink_list(sink, "new/", count, &n, NULL), ZAGG_OK);
    assert_int_equal(n, 1);
    put(sink, "old/b", "4444");
    assert_int_equal(zagg_sink_size(sink, "old/b", &size, NULL), ZAGG_OK);
    assert_int_equal(size, 4);
    assert_int_equal(zagg_sink_delete(sink, "old/a", NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_size(sink, "old/a", &size, NULL), ZAGG_ENOTFOUND);
    assert_int_equal(zagg_sink_delete_prefix(sink, "new/", NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_get(sink, "new/a", 10, &data, &len, NULL), ZAGG_ENOTFOUND);
    for (int i = 0; i < 500; i++) { /* more than fit a small table */
        char key[32];
        (void)snprintf(key, sizeof key, "many/%d", i);
        put(sink, key, "x");
        assert_int_equal(zagg_sink_size(sink, key, &size, NULL), ZAGG_OK);
    }
    zg_recorder_free(r);
    zg_listing_free(before);
    close_store(store, dir);
}

static void folders_as_stores(void **state)
{
    char *dir;
    zagg_sink *store = open_store(&dir), *sub = NULL;
    void *data = NULL;
    size_t len = 0, n = 0;
    uint64_t size = 0;
    zagg_err err = ZAGG_ERR_INIT;
    (void)state;
    put(store, "a/leaf.zarr/zarr.json", "{}");
    put(store, "a/leaf.zarr/19/c/0", "x");
    put(store, "a/leaf.zarrs", "x");
    assert_int_equal(zg_sink_open_below(store, "a/leaf.zarr", &sub, &err), ZAGG_OK);
    assert_int_equal(zagg_sink_get(sub, "zarr.json", 10, &data, &len, &err), ZAGG_OK);
    assert_int_equal(len, 2);
    zagg_bytes_free(data);
    assert_int_equal(zagg_sink_size(sub, "19/c/0", &size, &err), ZAGG_OK);
    assert_int_equal(zagg_sink_list(sub, "", count, &n, &err), ZAGG_OK);
    assert_int_equal(n, 2);
    n = 0;
    assert_int_equal(zagg_sink_list_dir(sub, "19/", count, &n, &err), ZAGG_OK);
    assert_int_equal(n, 1);
    assert_int_equal(zagg_sink_get(sub, "../x", 10, &data, &len, &err), ZAGG_EARG);
    assert_int_equal(zagg_sink_put(sub, "k", "x", 1, &err), ZAGG_EUNSUPPORTED);
    assert_int_equal(zagg_sink_delete(sub, "zarr.json", &err), ZAGG_EUNSUPPORTED);
    assert_int_equal(zagg_sink_delete_prefix(sub, "19/", &err), ZAGG_EUNSUPPORTED);
    zagg_sink_close(sub);
    close_store(store, dir);
}

/* ---- where nothing is ---- */

typedef struct contender {
    zagg_sink *sink;
    pthread_t thread;
    char text[32];
    zagg_status status;
} contender;

static void *contend(void *user)
{
    contender *c = user;
    c->status = zagg_sink_put_new(c->sink, "k", c->text, strlen(c->text), NULL);
    return NULL;
}

static void one_of_many_is_first(void **state)
{
    enum { N = 8 };
    char *dir;
    zagg_sink *store = open_store(&dir);
    zagg_err err = ZAGG_ERR_INIT;
    size_t n_temp = 0;
    (void)state;
    for (int round = 0; round < 20; round++) {
        contender all[N];
        const contender *first = NULL;
        void *data = NULL;
        size_t len = 0;
        for (int i = 0; i < N; i++) {
            all[i].sink = store;
            (void)snprintf(all[i].text, sizeof all[i].text, "of %d", i);
            assert_int_equal(pthread_create(&all[i].thread, NULL, contend, &all[i]), 0);
        }
        for (int i = 0; i < N; i++) {
            pthread_join(all[i].thread, NULL);
            if (all[i].status != ZAGG_OK) {
                assert_int_equal(all[i].status, ZAGG_EEXISTS);
                continue;
            }
            assert_null(first);
            first = &all[i];
        }
        assert_non_null(first);
        assert_int_equal(zagg_sink_get(store, "k", 100, &data, &len, &err), ZAGG_OK);
        assert_int_equal(len, strlen(first->text));
        assert_memory_equal(data, first->text, len);
        zagg_bytes_free(data);
        assert_int_equal(zagg_sink_put_new(store, "k", "x", 1, &err), ZAGG_EEXISTS);
        assert_non_null(strstr(err.msg, "is there already"));
        assert_int_equal(zagg_sink_delete(store, "k", &err), ZAGG_OK);
    }
    assert_int_equal(zagg_sink_clean(store, &n_temp, &err), ZAGG_OK);
    assert_int_equal(n_temp, 0); /* no debris */
    assert_int_equal(zagg_sink_put_new(store, "new/folder/k", "x", 1, &err), ZAGG_OK);
    close_store(store, dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listings),
        cmocka_unit_test(recorders_that_know),
        cmocka_unit_test(folders_as_stores),
        cmocka_unit_test(one_of_many_is_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
