/* What records of a store stand on: the recording sink, syncing, sizes, temporary files
 * of the dead, locks, and files that are only appended to. */
#include "io/dir.h"
#include "io/lock.h"
#include "io/record_sink.h"
#include "support/support.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct fixture {
    char *folder;
    char path[4096];
    zagg_sink *sink;
    zg_recorder *recorder;
} fixture;

static const char *below(fixture *f, const char *name)
{
    (void)snprintf(f->path, sizeof f->path, "%s/%s", f->folder, name);
    return f->path;
}

static int setup(void **state)
{
    fixture *f = zg_alloc(1, sizeof *f);
    f->folder = make_temp_dir();
    if (zagg_sink_open_dir(below(f, "new/store"), &f->sink, NULL) != ZAGG_OK ||
        zg_recorder_new(f->sink, &f->recorder, NULL) != ZAGG_OK)
        return 1;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    zg_recorder_free(f->recorder);
    zagg_sink_close(f->sink);
    remove_tree(f->folder);
    zg_free(f->folder);
    zg_free(f);
    return 0;
}

static void put(zagg_sink *sink, const char *key, const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_sink_put(sink, key, text, strlen(text), &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
}

/* ---- recorder ---- */

static void assert_stored(const zg_stored *s, const char *key, const char *text)
{
    uint8_t digest[32];
    assert_string_equal(s->key, key);
    assert_int_equal(s->there, text != NULL);
    if (text == NULL)
        return;
    zg_sha256(text, strlen(text), digest);
    assert_int_equal(s->bytes, strlen(text));
    assert_memory_equal(s->sha256, digest, 32);
}

static void the_last_word_counts(void **state)
{
    fixture *f = *state;
    zagg_sink *sink = zg_recorder_sink(f->recorder);
    size_t n = 0;
    put(sink, "b", "one");
    put(sink, "a", "two");
    put(sink, "b", "three");
    put(sink, "c", "four");
    assert_int_equal(zagg_sink_delete(sink, "c", NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_delete(sink, "d", NULL), ZAGG_OK);
    put(sink, "d", "five");
    const zg_stored *s = zg_recorder_settle(f->recorder, &n);
    assert_int_equal(n, 4);
    assert_stored(&s[0], "a", "two");
    assert_stored(&s[1], "b", "three");
    assert_stored(&s[2], "c", NULL);
    assert_stored(&s[3], "d", "five");
    put(sink, "a", "six"); /* goes on behind a settlement */
    s = zg_recorder_settle(f->recorder, &n);
    assert_int_equal(n, 4);
    assert_stored(&s[0], "a", "six");
    assert_false(zg_recorder_failed(f->recorder));
}

static void a_folder_takes_its_objects_along(void **state)
{
    fixture *f = *state;
    zagg_sink *sink = zg_recorder_sink(f->recorder);
    zg_recorder *const all[] = {f->recorder};
    size_t n = 0, n_there = 0;
    put(sink, "g/a/1", "one");
    put(sink, "g/b", "two");
    put(sink, "ga", "three");
    assert_int_equal(zagg_sink_delete_prefix(sink, "g/", NULL), ZAGG_OK);
    put(sink, "g/b", "four");
    const zg_stored *s = zg_recorder_settle(f->recorder, &n);
    for (size_t i = 0; i < n; i++) {
        if (!s[i].there)
            continue;
        assert_stored(&s[i], n_there ? "ga" : "g/b", n_there ? "three" : "four");
        n_there++;
    }
    assert_int_equal(n_there, 2);
    assert_int_equal(zg_recorders_sync(all, 1, NULL), ZAGG_OK);
    assert_int_equal(zg_recorders_sync(all, 1, NULL), ZAGG_OK); /* nothing to do */
}

static void reads_count_when_asked_for(void **state)
{
    fixture *f = *state;
    zagg_sink *sink = zg_recorder_sink(f->recorder);
    void *data = NULL;
    size_t n = 0;
    put(f->sink, "there", "before");
    assert_int_equal(zagg_sink_get(sink, "there", 100, &data, &n, NULL), ZAGG_OK);
    zagg_bytes_free(data);
    (void)zg_recorder_settle(f->recorder, &n);
    assert_int_equal(n, 0);
    zg_recorder_note_reads(f->recorder, true);
    assert_int_equal(zagg_sink_get(sink, "there", 100, &data, &n, NULL), ZAGG_OK);
    zagg_bytes_free(data);
    assert_stored(zg_recorder_settle(f->recorder, &n), "there", "before");
    assert_int_equal(n, 1);
}

/* What comes piece by piece counts when it is committed. */
static void streams(void **state)
{
    enum { N = 700000 };
    fixture *f = *state;
    zagg_sink *sink = zg_recorder_sink(f->recorder);
    zagg_sink_stream *stream = NULL;
    char *text = zg_alloc(N + 1, 1);
    size_t n = 0;
    for (size_t i = 0; i < N; i++)
        text[i] = (char)('a' + i * i % 21);
    for (size_t piece = 1 << 17; piece <= N; piece *= 5) {
        assert_int_equal(zagg_sink_stream_begin(sink, "long", &stream, NULL), ZAGG_OK);
        for (size_t at = 0; at < N; at += piece) {
            const size_t len = N - at < piece ? N - at : piece;
            assert_int_equal(zagg_sink_stream_add(stream, text + at, len, NULL), ZAGG_OK);
        }
        assert_int_equal(zagg_sink_stream_commit(stream, NULL), ZAGG_OK);
        assert_stored(zg_recorder_settle(f->recorder, &n), "long", text);
        assert_int_equal(n, 1);
        put(sink, "long", "short");
        assert_stored(zg_recorder_settle(f->recorder, &n), "long", "short");
    }
    assert_int_equal(zagg_sink_stream_begin(sink, "given up", &stream, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_stream_add(stream, text, N, NULL), ZAGG_OK);
    zagg_sink_stream_abandon(stream);
    (void)zg_recorder_settle(f->recorder, &n);
    assert_int_equal(n, 1);
    assert_false(zg_recorder_failed(f->recorder));
    assert_int_equal(zagg_sink_stream_begin(sink, "long/x", &stream, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_stream_add(stream, text, N, NULL), ZAGG_EIO);
    zagg_sink_stream_abandon(stream);
    assert_true(zg_recorder_failed(f->recorder));
    zg_free(text);
}

static void a_failed_put_is_remembered(void **state)
{
    fixture *f = *state;
    zagg_sink *sink = zg_recorder_sink(f->recorder);
    size_t n = 0;
    put(sink, "a", "one");
    assert_int_equal(zagg_sink_put(sink, "a/b", "x", 1, NULL), ZAGG_EIO);
    assert_true(zg_recorder_failed(f->recorder));
    (void)zg_recorder_settle(f->recorder, &n);
    assert_int_equal(n, 1);
}

/* ---- directory ---- */

static void sizes(void **state)
{
    fixture *f = *state;
    uint64_t size = 1;
    put(f->sink, "a/b", "12345");
    put(f->sink, "a/c", "");
    assert_int_equal(zagg_sink_size(f->sink, "a/b", &size, NULL), ZAGG_OK);
    assert_int_equal(size, 5);
    assert_int_equal(zagg_sink_size(f->sink, "a/c", &size, NULL), ZAGG_OK);
    assert_int_equal(size, 0);
    assert_int_equal(zagg_sink_size(f->sink, "a", &size, NULL), ZAGG_ENOTFOUND);
    assert_int_equal(zagg_sink_size(f->sink, "a/d", &size, NULL), ZAGG_ENOTFOUND);
    assert_int_equal(zagg_sink_size(f->sink, "a/b/c", &size, NULL), ZAGG_ENOTFOUND);
    assert_int_equal(zagg_sink_size(f->sink, "../x", &size, NULL), ZAGG_EARG);
}

/* What it makes durable is shown by tests/fault/trust.c; here what it is asked for. */
static void syncs(void **state)
{
    fixture *f = *state;
    static char names[100][48];
    const char *keys[100];
    static const char *const ODD[] = {"no/such/folder/key", "a"};
    static const char *const BAD[] = {"a//b"};
    for (int i = 0; i < 100; i++) {
        (void)snprintf(names[i], sizeof names[i], "%d/%d/%d", i % 3, i % 7, i);
        put(f->sink, names[i], "x");
        keys[i] = names[i];
    }
    assert_int_equal(zagg_sink_sync(f->sink, keys, 100, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_sync(f->sink, keys, 0, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_delete_prefix(f->sink, "1/", NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_sync(f->sink, keys, 100, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_sync(f->sink, ODD, 2, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_sync(f->sink, BAD, 1, NULL), ZAGG_EARG);
}

static void put_whole(void **state)
{
    fixture *f = *state;
    void *data = NULL;
    size_t len = 0;
    assert_int_equal(zagg_sink_put_whole(f->sink, "a/b", "old", 3, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_put_whole(f->sink, "a/b", "newer", 5, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_get(f->sink, "a/b", 100, &data, &len, NULL), ZAGG_OK);
    assert_int_equal(len, 5);
    assert_memory_equal(data, "newer", 5);
    zagg_bytes_free(data);
    assert_int_equal(zagg_sink_stats(f->sink).puts, 2);
}

static void touch(fixture *f, const char *name)
{
    FILE *file = fopen(below(f, name), "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static void temporary_files_of_the_dead(void **state)
{
    fixture *f = *state;
    size_t n = 9;
    struct stat st;
    assert_int_equal(zagg_sink_clean(f->sink, &n, NULL), ZAGG_OK); /* no store */
    assert_int_equal(n, 0);
    put(f->sink, "a/b", "x");
    touch(f, "new/store/.zarr.json.123.4.tmp");
    touch(f, "new/store/a/.b.99.0.tmp");
    touch(f, "new/store/a/.mine.tmp");
    touch(f, "new/store/a/b.1.2.tmp");
    assert_int_equal(symlink(f->folder, below(f, "new/store/.x.1.2.tmp")), 0);
    assert_int_equal(zagg_sink_clean(f->sink, &n, NULL), ZAGG_OK);
    assert_int_equal(n, 3); /* the link, not what it leads to */
    assert_int_equal(stat(below(f, "new/store/a/b"), &st), 0);
    assert_int_equal(stat(below(f, "new/store/a/.mine.tmp"), &st), 0);
    assert_int_equal(stat(below(f, "new/store/a/b.1.2.tmp"), &st), 0);
}

/* ---- locks ---- */

static void one_holder_at_a_time(void **state)
{
    fixture *f = *state;
    char path[4200], holder[64] = "?";
    zg_lock *lock = NULL, *second = NULL;
    bool held = true;
    (void)snprintf(path, sizeof path, "%s/deep/er/lock", f->folder);
    assert_int_equal(zg_lock_probe(path, &held, holder, sizeof holder, NULL), ZAGG_OK);
    assert_false(held);
    assert_int_equal(zg_lock_take(path, &lock, holder, sizeof holder, NULL), ZAGG_OK);
    assert_int_equal(zg_lock_note(lock, "a long note of the first one\n", NULL), ZAGG_OK);
    assert_int_equal(zg_lock_note(lock, "me\n", NULL), ZAGG_OK);
    assert_int_equal(zg_lock_take(path, &second, holder, sizeof holder, NULL),
                     ZAGG_EEXISTS);
    assert_string_equal(holder, "me");
    assert_int_equal(zg_lock_probe(path, &held, holder, sizeof holder, NULL), ZAGG_OK);
    assert_true(held);
    zg_lock_release(lock);
    assert_int_equal(zg_lock_probe(path, &held, holder, sizeof holder, NULL), ZAGG_OK);
    assert_false(held);
    assert_int_equal(zg_lock_take(path, &second, holder, sizeof holder, NULL), ZAGG_OK);
    zg_lock_release(second);
    zg_lock_release(NULL);
}

static void a_dead_holder_holds_nothing(void **state)
{
    fixture *f = *state;
    char path[4200], holder[64];
    zg_lock *lock = NULL;
    int wait_status = 0;
    (void)snprintf(path, sizeof path, "%s/lock", f->folder);
    fflush(NULL);
    const pid_t pid = fork();
    if (pid == 0)
        _exit(zg_lock_take(path, &lock, holder, sizeof holder, NULL) == ZAGG_OK ? 0 : 1);
    assert_int_equal(waitpid(pid, &wait_status, 0), pid);
    assert_true(WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0);
    assert_int_equal(zg_lock_take(path, &lock, holder, sizeof holder, NULL), ZAGG_OK);
    zg_lock_release(lock);
}

/* ---- log files ---- */

static void lines_go_behind_a_torn_one(void **state)
{
    fixture *f = *state;
    char path[4200], *text = NULL;
    size_t len = 0;
    zg_log_file *log = NULL;
    (void)snprintf(path, sizeof path, "%s/log", f->folder);
    assert_int_equal(zg_log_file_open(path, &log, NULL), ZAGG_OK);
    assert_int_equal(zg_log_file_line(log, "one", 3, NULL), ZAGG_OK);
    zg_log_file_close(log);
    FILE *torn = fopen(path, "a");
    assert_true(fputs("tw", torn) >= 0);
    assert_int_equal(fclose(torn), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(zg_log_file_open(path, &log, NULL), ZAGG_OK);
        assert_int_equal(zg_log_file_line(log, "three", 5, NULL), ZAGG_OK);
        zg_log_file_close(log);
    }
    assert_int_equal(zagg_file_read(path, 1000, &text, &len, NULL), ZAGG_OK);
    assert_string_equal(text, "one\ntw\nthree\nthree\n");
    zagg_bytes_free(text);
    assert_int_equal(zg_log_file_open(below(f, "no/such/log"), &log, NULL), ZAGG_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_last_word_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_takes_its_objects_along, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(reads_count_when_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(streams, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failed_put_is_remembered, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(syncs, setup, teardown),
        cmocka_unit_test_setup_teardown(put_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(temporary_files_of_the_dead, setup, teardown),
        cmocka_unit_test_setup_teardown(one_holder_at_a_time, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dead_holder_holds_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_go_behind_a_torn_one, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
