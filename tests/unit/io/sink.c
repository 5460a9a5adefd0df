/* Directory sinks: one-step puts, no debris, keys that must not leave the store, listing
 * and removal. */
#include "io/sink.h"

#include "support/support.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct fixture {
    char *folder;
    char path[4096]; /* of the last call of below() */
    zagg_sink *sink; /* at <folder>/a/store, which does not exist at first */
} fixture;

static const char *below(fixture *f, const char *relative)
{
    snprintf(f->path, sizeof f->path, "%s/%s", f->folder, relative);
    return f->path;
}

static int open_fixture(void **state)
{
    fixture *f = zg_alloc(1, sizeof *f);
    f->folder = make_temp_dir();
    if (zagg_sink_open_dir(below(f, "a/store//"), &f->sink, NULL) != ZAGG_OK)
        return 1;
    *state = f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    zagg_sink_close(f->sink);
    remove_tree(f->folder);
    zg_free(f->folder);
    zg_free(f);
    return 0;
}

static void put(fixture *f, const char *key, const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_sink_put(f->sink, key, text, strlen(text), &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
}

static void assert_object(fixture *f, const char *key, const char *expected)
{
    void *bytes = NULL;
    size_t len = 0;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_sink_get(f->sink, key, 1 << 20, &bytes, &len, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(bytes, expected, len);
    zagg_bytes_free(bytes);
}

/* ---- listing into one sorted text ---- */

typedef struct listing {
    char *keys[256];
    size_t n;
    uint64_t bytes;
} listing;

static zagg_status collect(void *user, const char *key, uint64_t size, zagg_err *err)
{
    listing *l = user;
    if (l->n == 256)
        return zagg_err_set(err, ZAGG_ERANGE, "too many keys");
    l->bytes += size;
    size_t at = l->n++;
    for (; at > 0 && strcmp(l->keys[at - 1], key) > 0; at--)
        l->keys[at] = l->keys[at - 1];
    l->keys[at] = zg_strdup(key);
    return ZAGG_OK;
}

static void assert_listing(zagg_status status, listing *l, const char *expected)
{
    zg_str text;
    zg_str_init(&text, 0);
    for (size_t i = 0; i < l->n; i++) {
        zg_str_addf(&text, "%s%s", i == 0 ? "" : " ", l->keys[i]);
        zg_free(l->keys[i]);
    }
    assert_int_equal(status, ZAGG_OK);
    assert_string_equal(text.data, expected);
    zg_str_free(&text);
    l->n = 0;
}

static void assert_list(fixture *f, const char *prefix, const char *expected)
{
    listing l = {0};
    zagg_status status = zagg_sink_list(f->sink, prefix, collect, &l, NULL);
    assert_listing(status, &l, expected);
}

static void assert_list_dir(fixture *f, const char *prefix, const char *expected)
{
    listing l = {0};
    zagg_status status = zagg_sink_list_dir(f->sink, prefix, collect, &l, NULL);
    assert_listing(status, &l, expected);
}

/* Everything on disk below the fixture's folder, temporary files included. */
static void assert_on_disk(fixture *f, const char *expected)
{
    char command[5000];
    snprintf(command, sizeof command,
             "cd '%s' && find . -mindepth 1 | LC_ALL=C sort | tr '\\n' ' '", f->folder);
    const char *const argv[] = {"sh", "-c", command, NULL};
    run_result result = run_program(argv, NULL);
    assert_int_equal(result.status, 0);
    assert_string_equal(result.out, expected);
    run_result_free(&result);
}

/* ---- tests ---- */

static void test_put_and_get(void **state)
{
    fixture *f = *state;
    assert_string_equal(zagg_sink_name(f->sink), below(f, "a/store"));
    assert_on_disk(f, "");
    put(f, "zarr.json", "{}");
    put(f, "12/count/c/0", "chunk");
    put(f, "12/count/c/0", "a longer chunk");
    put(f, "12/empty", "");
    assert_object(f, "zarr.json", "{}");
    assert_object(f, "12/count/c/0", "a longer chunk");
    assert_object(f, "12/empty", "");
    assert_on_disk(f,
                   "./a ./a/store ./a/store/12 ./a/store/12/count ./a/store/12/count/c "
                   "./a/store/12/count/c/0 ./a/store/12/empty ./a/store/zarr.json ");
    zagg_io_stats stats = zagg_sink_stats(f->sink);
    assert_int_equal(stats.calls, 7);
    assert_int_equal(stats.requests, 7);
    assert_int_equal(stats.bytes, 2 * 2 + 5 + 2 * 14);
    struct stat st;
    assert_int_equal(stat(below(f, "a/store/zarr.json"), &st), 0);
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(st.st_mode & 0777, 0666 & ~mask);
}

/* ---- objects that come piece by piece ---- */

/* Letters that a piece of any length can be cut from. */
static void add_letters(zagg_sink_stream *stream, size_t from, size_t n)
{
    char *piece = zg_alloc(n + 1, 1);
    zagg_err err = ZAGG_ERR_INIT;
    assert_non_null(piece);
    for (size_t i = 0; i < n; i++)
        piece[i] = (char)('a' + (from + i) % 23);
    if (zagg_sink_stream_add(stream, piece, n, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zg_free(piece);
}

static void assert_letters(fixture *f, const char *key, size_t n)
{
    void *bytes = NULL;
    size_t len = 0;
    assert_int_equal(zagg_sink_get(f->sink, key, 16 << 20, &bytes, &len, NULL), ZAGG_OK);
    assert_int_equal(len, n);
    for (size_t i = 0; i < n; i++)
        if (((const char *)bytes)[i] != (char)('a' + i % 23))
            fail_msg("byte %zu", i);
    zagg_bytes_free(bytes);
}

/* Pieces around the bytes that are gathered (256 KiB), of which some end at a piece. */
static void test_streams(void **state)
{
    static const size_t PIECES[] = {1, 1000, 65536, (256 << 10) - 1, 256 << 10, 1 << 20};
    fixture *f = *state;
    for (size_t i = 0; i < sizeof PIECES / sizeof PIECES[0]; i++)
        for (size_t n = 0; n <= 5; n++) {
            const zagg_io_stats before = zagg_sink_stats(f->sink);
            zagg_sink_stream *stream = NULL;
            assert_int_equal(zagg_sink_stream_begin(f->sink, "g/x", &stream, NULL),
                             ZAGG_OK);
            for (size_t k = 0; k < n; k++)
                add_letters(stream, k * PIECES[i], PIECES[i]);
            assert_int_equal(zagg_sink_stream_commit(stream, NULL), ZAGG_OK);
            assert_letters(f, "g/x", n * PIECES[i]);
            const zagg_io_stats after = zagg_sink_stats(f->sink);
            assert_int_equal(after.puts, before.puts + 1);
            assert_int_equal(after.put_bytes, before.put_bytes + n * PIECES[i]);
        }
    assert_on_disk(f, "./a ./a/store ./a/store/g ./a/store/g/x ");
}

static void test_streams_are_one_step(void **state)
{
    fixture *f = *state;
    zagg_sink_stream *stream = NULL, *other = NULL;
    put(f, "x", "older");
    assert_int_equal(zagg_sink_stream_begin(f->sink, "x", &stream, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_stream_begin(f->sink, "x", &other, NULL), ZAGG_OK);
    add_letters(stream, 0, 1 << 20);
    add_letters(other, 0, 300 << 10);
    assert_object(f, "x", "older");
    assert_list(f, "", "x"); /* temporary files are no objects */
    zagg_sink_stream_abandon(stream);
    assert_object(f, "x", "older");
    assert_int_equal(zagg_sink_stream_commit(other, NULL), ZAGG_OK);
    assert_letters(f, "x", 300 << 10);
    assert_on_disk(f, "./a ./a/store ./a/store/x ");
    assert_int_equal(zagg_sink_stream_begin(f->sink, "../x", &stream, NULL), ZAGG_EARG);
    zagg_sink_stream_abandon(NULL);
}

static void test_failed_streams_leave_nothing(void **state)
{
    fixture *f = *state;
    const char *const keys[] = {"x/y", "x"}; /* below an object; over a folder */
    zagg_sink_stream *stream = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    char *bytes = zg_alloc(1 << 20, 1);
    for (size_t i = 0; i < 2; i++) {
        put(f, i == 0 ? "x" : "x/z", "there");
        assert_int_equal(zagg_sink_stream_begin(f->sink, keys[i], &stream, &err),
                         ZAGG_OK);
        zagg_status status = zagg_sink_stream_add(stream, bytes, 1 << 20, &err);
        assert_int_equal(status, i == 0 ? ZAGG_EIO : ZAGG_OK);
        if (i == 0)
            assert_int_equal(zagg_sink_stream_add(stream, bytes, 1, &err), ZAGG_EIO);
        assert_int_equal(zagg_sink_stream_commit(stream, &err), ZAGG_EIO);
        assert_non_null(strstr(err.msg, i == 0 ? "an earlier write" : "cannot write"));
        assert_on_disk(f, i == 0 ? "./a ./a/store ./a/store/x "
                                 : "./a ./a/store ./a/store/x ./a/store/x/z ");
        assert_int_equal(zagg_sink_delete(f->sink, "x", NULL), ZAGG_OK);
    }
    zg_free(bytes);
}

static void test_scratch(void **state)
{
    enum { PIECE = 100 << 10, N = 30 };
    fixture *f = *state;
    zg_scratch *scratch = NULL;
    char *piece = zg_alloc(PIECE, 1), *back = zg_alloc(PIECE, 1);
    uint64_t at = 0, offsets[N];
    assert_int_equal(zg_scratch_new(f->sink, "g/x", &scratch, NULL), ZAGG_OK);
    for (size_t i = 0; i < N; i++) {
        memset(piece, 'a' + (int)i, PIECE);
        assert_int_equal(zg_scratch_add(scratch, piece, PIECE - i, &offsets[i], NULL),
                         ZAGG_OK);
        assert_int_equal(offsets[i], at);
        at += PIECE - i;
        for (size_t k = 0; k <= i; k += 1 + i / 4) { /* in memory, and in the file */
            memset(piece, 'a' + (int)k, PIECE);
            assert_int_equal(
                zg_scratch_read(scratch, offsets[k] + 10, PIECE - k - 10, back, NULL),
                ZAGG_OK);
            assert_memory_equal(back, piece, PIECE - k - 10);
        }
    }
    assert_on_disk(f, "./a ./a/store ./a/store/g ");
    zg_scratch_free(scratch);
    zg_scratch_free(NULL);
    zg_free(piece);
    zg_free(back);
}

static void test_get_failures(void **state)
{
    fixture *f = *state;
    void *bytes = NULL;
    size_t len = 7;
    zagg_err err = ZAGG_ERR_INIT;
    put(f, "x/y", "12345");
    assert_int_equal(zagg_sink_get(f->sink, "x/z", 9, &bytes, &len, &err),
                     ZAGG_ENOTFOUND);
    assert_non_null(strstr(err.msg, "a/store/x/z"));
    assert_int_equal(zagg_sink_get(f->sink, "x/y/z", 9, &bytes, &len, &err),
                     ZAGG_ENOTFOUND);
    assert_int_equal(zagg_sink_get(f->sink, "x", 9, &bytes, &len, &err), ZAGG_ENOTFOUND);
    assert_int_equal(zagg_sink_get(f->sink, "x/y", 4, &bytes, &len, &err), ZAGG_ERANGE);
    assert_null(bytes);
    assert_int_equal(len, 7);
    assert_int_equal(zagg_sink_get(f->sink, "x/y", 5, &bytes, &len, &err), ZAGG_OK);
    zagg_bytes_free(bytes);
}

static void test_keys_that_are_refused(void **state)
{
    fixture *f = *state;
    static const char *const bad[] = {"",       "/",    "/etc/x", "..",   "../x",
                                      "a/../b", "a/..", ".",      "./a",  "a/./b",
                                      "a//b",   "a/",   "//",     "a/b//"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        zagg_err err = ZAGG_ERR_INIT;
        void *bytes = NULL;
        size_t len = 0;
        if (zagg_sink_put(f->sink, bad[i], "x", 1, &err) != ZAGG_EARG ||
            zagg_sink_get(f->sink, bad[i], 9, &bytes, &len, NULL) != ZAGG_EARG ||
            zagg_sink_delete(f->sink, bad[i], NULL) != ZAGG_EARG)
            fail_msg("key '%s' was not refused", bad[i]);
        assert_non_null(strstr(err.msg, "is refused"));
    }
    put(f, "...", "fine");
    put(f, ".a/..b", "fine");
    listing l = {0};
    assert_int_equal(zagg_sink_list(f->sink, "../", collect, &l, NULL), ZAGG_EARG);
    assert_int_equal(zagg_sink_list(f->sink, "/", collect, &l, NULL), ZAGG_EARG);
    assert_int_equal(zagg_sink_list_dir(f->sink, "a", collect, &l, NULL), ZAGG_EARG);
    assert_int_equal(zagg_sink_delete_prefix(f->sink, "", NULL), ZAGG_EARG);
    assert_int_equal(zagg_sink_delete_prefix(f->sink, "a", NULL), ZAGG_EARG);
    assert_int_equal(zagg_sink_delete_prefix(f->sink, "/", NULL), ZAGG_EARG);
    assert_int_equal(zagg_sink_delete_prefix(f->sink, "a/../", NULL), ZAGG_EARG);
    assert_int_equal(zagg_sink_put(f->sink, "c/.0.123.4.tmp", "x", 1, NULL), ZAGG_EARG);
    zagg_sink *sink = NULL;
    assert_int_equal(zagg_sink_open_dir("", &sink, NULL), ZAGG_EARG);
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_sink_open_dir(below(f, "a/store/..."), &sink, &err), ZAGG_EIO);
    assert_non_null(strstr(err.msg, "is not a directory"));
}

static void test_failed_puts_leave_nothing(void **state)
{
    fixture *f = *state;
    zagg_err err = ZAGG_ERR_INIT;
    put(f, "d/object", "old");
    /* The name is taken by a folder: the rename fails. */
    assert_int_equal(zagg_sink_put(f->sink, "d", "x", 1, &err), ZAGG_EIO);
    assert_non_null(strstr(err.msg, "a/store/d: "));
    /* A part of the key is a file. */
    assert_int_equal(zagg_sink_put(f->sink, "d/object/x", "x", 1, &err), ZAGG_EIO);
    assert_int_equal(zagg_sink_put(f->sink, "d/object/x/y", "x", 1, &err), ZAGG_EIO);
    assert_non_null(strstr(err.msg, "Not a directory"));
    /* The system stops the write halfway, as a full disk does. */
    struct rlimit before, limit;
    static const char large[100000];
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 50000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    zagg_status status = zagg_sink_put(f->sink, "d/object", large, sizeof large, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(status, ZAGG_EIO);
    assert_non_null(strstr(err.msg, "a/store/d/object: File too large"));
    assert_object(f, "d/object", "old");
    for (int nth = 1; nth <= 4; nth++) {
        zg_alloc_fail_nth(nth);
        status = zagg_sink_put(f->sink, "d/object", "new", 3, NULL);
        zg_alloc_fail_nth(0);
        assert_true(status == ZAGG_ENOMEM || status == ZAGG_OK);
        if (nth == 1)
            assert_int_equal(status, ZAGG_ENOMEM);
    }
    assert_on_disk(f, "./a ./a/store ./a/store/d ./a/store/d/object ");
}

static void test_leftover_temporary_files(void **state)
{
    fixture *f = *state;
    char key[64];
    put(f, "d/x", "1");
    /* What a killed process with this id left: its names are passed over, not written to.
     */
    for (int i = 0; i < 5; i++) {
        snprintf(key, sizeof key, "a/store/d/.x.%ld.%d.tmp", (long)getpid(), i);
        int fd = open(below(f, key), O_WRONLY | O_CREAT | O_EXCL, 0600);
        assert_true(fd >= 0 || i == 0);
        if (fd >= 0)
            close(fd);
    }
    put(f, "d/x", "2");
    assert_object(f, "d/x", "2");
    assert_list(f, "", "d/x");
    assert_list_dir(f, "d/", "x");
    put(f, "d/.x.tmp", "no temporary file");
    put(f, "d/.1.2.tmp", "neither");
    assert_list_dir(f, "d/", ".1.2.tmp .x.tmp x");
    assert_int_equal(zagg_sink_delete_prefix(f->sink, "d/", NULL), ZAGG_OK);
    assert_on_disk(f, "./a ./a/store ");
}

static void test_long_names(void **state)
{
    fixture *f = *state;
    char key[301];
    memset(key, 'n', 300);
    key[255] = '\0';
    put(f, key, "at the limit");
    assert_object(f, key, "at the limit");
    key[255] = 'n';
    key[300] = '\0';
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_sink_put(f->sink, key, "x", 1, &err), ZAGG_EIO);
    assert_non_null(strstr(err.msg, "too long"));
    listing l = {0};
    assert_int_equal(zagg_sink_list(f->sink, "", collect, &l, NULL), ZAGG_OK);
    assert_int_equal(l.n, 1);
    zg_free(l.keys[0]);
}

static zagg_status stop(void *user, const char *key, uint64_t size, zagg_err *err)
{
    (void)user;
    (void)size;
    return zagg_err_set(err, ZAGG_ECANCELLED, "stopped at %s", key);
}

static void test_listing(void **state)
{
    fixture *f = *state;
    assert_list(f, "", "");
    assert_list(f, "12/", "");
    assert_list_dir(f, "", "");
    put(f, "zarr.json", "{}");
    put(f, "12/zarr.json", "{}");
    put(f, "12/h/c/0", "abc");
    put(f, "12/h/c/1", "abc");
    put(f, "12/hm/c/0", "abc");
    put(f, "1", "x");
    assert_list(f, "", "1 12/h/c/0 12/h/c/1 12/hm/c/0 12/zarr.json zarr.json");
    assert_list(f, "12/", "12/h/c/0 12/h/c/1 12/hm/c/0 12/zarr.json");
    assert_list(f, "12/h", "12/h/c/0 12/h/c/1 12/hm/c/0");
    assert_list(f, "12/h/", "12/h/c/0 12/h/c/1");
    assert_list(f, "12/h/c/1", "12/h/c/1");
    assert_list(f, "1", "1 12/h/c/0 12/h/c/1 12/hm/c/0 12/zarr.json");
    assert_list(f, "13/", "");
    assert_list(f, "1/", "");
    assert_list_dir(f, "", "1 12/ zarr.json");
    assert_list_dir(f, "12/", "h/ hm/ zarr.json");
    assert_list_dir(f, "12/h/c/", "0 1");
    assert_list_dir(f, "13/", "");
    listing l = {0};
    assert_int_equal(zagg_sink_list(f->sink, "12/h/", collect, &l, NULL), ZAGG_OK);
    assert_int_equal(l.bytes, 6);
    zg_free(l.keys[0]);
    zg_free(l.keys[1]);
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_sink_list(f->sink, "12/h/c/1", stop, NULL, &err),
                     ZAGG_ECANCELLED);
    assert_string_equal(err.msg, "stopped at 12/h/c/1");
}

static void test_removal(void **state)
{
    fixture *f = *state;
    assert_int_equal(zagg_sink_delete(f->sink, "x", NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_delete_prefix(f->sink, "x/", NULL), ZAGG_OK);
    put(f, "a/b/c/1", "1");
    put(f, "a/b/d/2", "2");
    put(f, "a/x", "3");
    put(f, "ab", "4");
    assert_int_equal(zagg_sink_delete(f->sink, "a/b", NULL), ZAGG_OK); /* no object */
    assert_int_equal(zagg_sink_delete(f->sink, "a/x/y", NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_delete(f->sink, "a/x", NULL), ZAGG_OK);
    assert_list(f, "", "a/b/c/1 a/b/d/2 ab");
    assert_int_equal(zagg_sink_delete_prefix(f->sink, "ab/", NULL),
                     ZAGG_OK); /* an object */
    assert_int_equal(zagg_sink_delete_prefix(f->sink, "a/b/", NULL), ZAGG_OK);
    assert_on_disk(f, "./a ./a/store ./a/store/a ./a/store/ab ");
    put(f, "a/b/c/1", "again");
    assert_object(f, "a/b/c/1", "again");
}

static void link_to(fixture *f, const char *target, const char *at)
{
    char path[4096];
    snprintf(path, sizeof path, "%s", below(f, target));
    assert_int_equal(symlink(path, below(f, at)), 0);
}

static void test_links_are_not_followed_out_of_the_store(void **state)
{
    fixture *f = *state;
    zagg_sink *other = NULL;
    assert_int_equal(zagg_sink_open_dir(below(f, "outside"), &other, NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_put(other, "deep/precious", "keep", 4, NULL), ZAGG_OK);
    put(f, "g/1", "1");
    link_to(f, "outside", "a/store/g/folder");
    link_to(f, "outside/deep/precious", "a/store/g/file");
    link_to(f, "nowhere", "a/store/g/dangling");
    link_to(f, "outside", "a/store/top");
    assert_list(f, "", "g/1 g/file");
    assert_list(f, "g/folder/", "");
    assert_int_equal(zagg_sink_delete_prefix(f->sink, "top/deep/", NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_delete_prefix(f->sink, "g/", NULL), ZAGG_OK);
    assert_int_equal(zagg_sink_delete_prefix(f->sink, "top/", NULL), ZAGG_OK);
    assert_on_disk(f, "./a ./a/store ./outside ./outside/deep ./outside/deep/precious ");
    zagg_sink_close(other);
}

static zagg_status put_task(void *user, size_t index, size_t slot, void **result,
                            zagg_err *err)
{
    zagg_sink *sink = user;
    char key[64];
    (void)slot;
    (void)result;
    snprintf(key, sizeof key, "g/%zu/%zu/c/%zu", index % 3, index % 7, index);
    return zagg_sink_put(sink, key, key, strlen(key), err);
}

static void test_threads_put_into_new_folders(void **state)
{
    fixture *f = *state;
    zagg_pool *pool = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_pool_new(4, &pool, NULL), ZAGG_OK);
    if (zagg_pool_map(pool, 200, 0, put_task, NULL, NULL, f->sink, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_pool_free(pool);
    listing l = {0};
    assert_int_equal(zagg_sink_list(f->sink, "g/", collect, &l, NULL), ZAGG_OK);
    assert_int_equal(l.n, 200);
    for (size_t i = 0; i < l.n; i++) {
        assert_object(f, l.keys[i], l.keys[i]);
        zg_free(l.keys[i]);
    }
}

#define SINK_TEST(fn) cmocka_unit_test_setup_teardown(fn, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SINK_TEST(test_put_and_get),
        SINK_TEST(test_get_failures),
        SINK_TEST(test_streams),
        SINK_TEST(test_streams_are_one_step),
        SINK_TEST(test_failed_streams_leave_nothing),
        SINK_TEST(test_scratch),
        SINK_TEST(test_keys_that_are_refused),
        SINK_TEST(test_failed_puts_leave_nothing),
        SINK_TEST(test_leftover_temporary_files),
        SINK_TEST(test_long_names),
        SINK_TEST(test_listing),
        SINK_TEST(test_removal),
        SINK_TEST(test_links_are_not_followed_out_of_the_store),
        SINK_TEST(test_threads_put_into_new_folders),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
