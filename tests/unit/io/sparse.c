/* Local copies with holes: what is read is kept, asked for once, and never claimed to be
 * more. */
#include "io/lock.h"
#include "support/program.h"
#include "support/random.h"
#include "unit/io/sparse_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct fixture {
    char *dir;
    object o;
} fixture;

static int setup(void **state)
{
    fixture *f = zg_alloc(1, sizeof *f);
    f->dir = make_temp_dir();
    object_init(&f->o);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    remove_tree(f->dir);
    zg_free(f->dir);
    zg_free(f);
    return 0;
}

static zagg_source *must_open(fixture *f)
{
    zagg_source *source = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (object_open(&f->o, f->dir, &source, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return source;
}

static bool exists(const fixture *f, const char *name)
{
    char path[4096];
    struct stat st;
    (void)snprintf(path, sizeof path, "%s/%s", f->dir, name);
    return stat(path, &st) == 0;
}

static void offline_error(const fixture *f, uint64_t offset, size_t len, zagg_err *err)
{
    char path[4096], out[OBJECT_BYTES];
    zagg_source *source = NULL;
    (void)snprintf(path, sizeof path, "%s/g.h5", f->dir);
    assert_int_equal(zagg_source_open_file(path, &source, err), ZAGG_OK);
    assert_int_equal(zagg_source_read_at(source, offset, len, out, err), ZAGG_EIO);
    zagg_source_close(source);
}

static void keeps_what_is_read(void **state)
{
    fixture *f = *state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_source *source = must_open(f);
    assert_int_equal(f->o.opened, 0); /* nothing is missing yet */
    assert_int_equal(zagg_source_size(source), OBJECT_BYTES);
    assert_reads(&f->o, source, 100, 50);
    assert_reads(&f->o, source, 120, 10);
    assert_reads(&f->o, source, 90, 200); /* what is there is not asked for again */
    assert_int_equal(f->o.bytes, 200);
    assert_reads(&f->o, source, 0, 0);
    zagg_source_close(source);
    assert_true(exists(f, "g.h5.spans"));
    assert_int_equal(bytes_there(&f->o, f->dir), 200);
    offline_error(f, 200, 200, &err);
    assert_non_null(strstr(err.msg, "this copy lacks bytes 290..399 of "
                                    "https://host/path/g.h5; run zagg fetch again"));

    source = must_open(f);
    assert_reads(&f->o, source, 90, 200);
    assert_int_equal(f->o.opened, 1);
    assert_reads(&f->o, source, 80, 220);
    assert_int_equal(f->o.bytes, 220);
    zagg_source_close(source);
    assert_int_equal(bytes_there(&f->o, f->dir), 220);
    assert_int_equal(f->o.counts.found, 0);
    assert_int_equal(f->o.counts.fetched, 220);
}

/* Nothing is read along with what is asked for: it may not be there. */
static void offline_without_gaps(void **state)
{
    fixture *f = *state;
    char path[4096], a[10], b[10], c[10];
    const zagg_range ranges[] = {{0, 10, a}, {20, 10, b}, {9000, 10, c}};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_source *source = must_open(f);
    for (int i = 0; i < 3; i++)
        assert_reads(&f->o, source, ranges[i].offset, ranges[i].len);
    zagg_source_close(source);
    (void)snprintf(path, sizeof path, "%s/g.h5", f->dir);
    assert_int_equal(zagg_source_open_file(path, &source, &err), ZAGG_OK);
    if (zagg_source_read_many(source, ranges, 3, NULL, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal((unsigned char)b[9], object_byte(&f->o, 29));
    assert_int_equal((unsigned char)c[0], object_byte(&f->o, 9000));
    zagg_source_close(source);
}

static void whole_copies_are_files(void **state)
{
    fixture *f = *state;
    zagg_source *source = must_open(f);
    assert_reads(&f->o, source, 5000, 5000);
    assert_reads(&f->o, source, 0, OBJECT_BYTES);
    zagg_source_close(source);
    assert_true(exists(f, "g.h5"));
    assert_false(exists(f, "g.h5.spans"));
    assert_int_equal(bytes_there(&f->o, f->dir), OBJECT_BYTES);
    memset(&f->o.counts, 0, sizeof f->o.counts);
    source = must_open(f);
    assert_reads(&f->o, source, 0, OBJECT_BYTES);
    zagg_source_close(source);
    assert_int_equal(f->o.bytes, OBJECT_BYTES);
    assert_int_equal(f->o.counts.found, OBJECT_BYTES);
    assert_int_equal(f->o.counts.fetched, 0);
}

/* A file of another size is not ours to replace. */
static void other_files_stay(void **state)
{
    fixture *f = *state;
    zagg_source *source = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    write_text(f->dir, "g.h5", "mine");
    assert_int_equal(object_open(&f->o, f->dir, &source, &err), ZAGG_EEXISTS);
    assert_non_null(strstr(err.msg, "g.h5 is there already with 4 bytes"));
    char *text = shell_ok(f->dir, "cat g.h5");
    assert_string_equal(text, "mine");
    zg_free(text);
}

static void begun_anew(void **state)
{
    fixture *f = *state;
    zagg_source *source = must_open(f), *old = NULL;
    char path[4096];
    assert_reads(&f->o, source, 0, 1000);
    zagg_source_close(source);
    (void)snprintf(path, sizeof path, "%s/g.h5", f->dir);
    assert_int_equal(zagg_source_open_file(path, &old, NULL), ZAGG_OK);
    const object first = {.version = 1};
    f->o.version = 2; /* another ETag */
    source = must_open(f);
    assert_reads(&f->o, source, 500, 100);
    assert_reads(&first, old, 0, 1000); /* who reads the old copy keeps it */
    zagg_source_close(old);
    zagg_source_close(source);
    assert_int_equal(bytes_there(&f->o, f->dir), 100);
}

/* Also where all of it was there. */
static void whole_copies_begun_anew(void **state)
{
    fixture *f = *state;
    zagg_source *source = must_open(f);
    assert_reads(&f->o, source, 0, OBJECT_BYTES);
    zagg_source_close(source);
    assert_false(exists(f, "g.h5.spans"));
    f->o.version = 2;
    source = must_open(f);
    assert_reads(&f->o, source, 500, 100);
    zagg_source_close(source);
    assert_int_equal(bytes_there(&f->o, f->dir), 100);
    source = must_open(f);
    assert_reads(&f->o, source, 0, OBJECT_BYTES);
    zagg_source_close(source);
    assert_int_equal(bytes_there(&f->o, f->dir), OBJECT_BYTES);
}

static void damaged_records(void **state)
{
    static const char *const DAMAGES[] = {"echo junk > g.h5.spans",
                                          ": > g.h5.spans",
                                          "sed -i 's/span 0/span 1/' g.h5.spans",
                                          "truncate -s 9000 g.h5",
                                          "truncate -s 20000 g.h5",
                                          "rm g.h5",
                                          "head -c 100 /dev/zero >> g.h5.spans"};
    fixture *f = *state;
    for (size_t i = 0; i < sizeof DAMAGES / sizeof DAMAGES[0]; i++) {
        zagg_err err = ZAGG_ERR_INIT;
        char path[4096];
        zagg_source *source = must_open(f);
        assert_reads(&f->o, source, 0, 1000);
        zagg_source_close(source);
        zg_free(shell_ok(f->dir, "%s", DAMAGES[i]));
        (void)snprintf(path, sizeof path, "%s/g.h5", f->dir);
        const zagg_status status = zagg_source_open_file(path, &source, &err);
        assert_int_equal(status, i == 5 ? ZAGG_ENOTFOUND : ZAGG_EFORMAT);
        assert_non_null(strstr(err.msg, "g.h5"));
        const uint64_t bytes = f->o.bytes;
        source = must_open(f);
        assert_reads(&f->o, source, 0, 1000);
        assert_int_equal(f->o.bytes, bytes + 1000); /* none of the old bytes counts */
        zagg_source_close(source);
        assert_int_equal(bytes_there(&f->o, f->dir), 1000);
    }
}

static void no_server(void **state)
{
    fixture *f = *state;
    zagg_err err = ZAGG_ERR_INIT;
    char out[10];
    zagg_source *source = must_open(f);
    assert_reads(&f->o, source, 0, 1000);
    f->o.fail = ZAGG_EHTTP;
    assert_reads(&f->o, source, 10, 900);
    assert_int_equal(zagg_source_read_at(source, 995, 10, out, &err), ZAGG_EHTTP);
    assert_string_equal(err.msg, "the server fails");
    f->o.fail = ZAGG_OK;
    assert_reads(&f->o, source, 995, 10);
    zagg_source_close(source);
    assert_int_equal(f->o.n_failed, 0);
    assert_int_equal(bytes_there(&f->o, f->dir), 1005);
}

/* ---- several at once ---- */

typedef struct reader {
    object *o;
    zagg_source *source;
    uint64_t seed;
} reader;

static void *read_all_over(void *user)
{
    reader *r = user;
    for (int i = 0; i < 300; i++) {
        const uint64_t at = random_u64(&r->seed) % OBJECT_BYTES;
        const size_t most = OBJECT_BYTES - (size_t)at;
        assert_reads(r->o, r->source, at, most < 200 ? most : 200);
    }
    return NULL;
}

static void threads(void **state)
{
    fixture *f = *state;
    pthread_t ids[4];
    reader readers[4];
    zagg_source *source = must_open(f);
    for (int i = 0; i < 4; i++) {
        readers[i] = (reader){&f->o, source, (uint64_t)i};
        assert_int_equal(pthread_create(&ids[i], NULL, read_all_over, &readers[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(ids[i], NULL), 0);
    zagg_source_close(source);
    int64_t n = 0;
    for (size_t i = 0; i < OBJECT_BYTES; i++) {
        assert_in_range(f->o.asked[i], 0, 1);
        n += f->o.asked[i];
    }
    assert_int_equal(bytes_there(&f->o, f->dir), n);
}

/* Several have the same copy open: what each of them fetched is there in the end. */
static void several(void **state)
{
    fixture *f = *state;
    object other;
    zagg_source *second = NULL;
    object_init(&other);
    zagg_source *first = must_open(f);
    assert_int_equal(object_open(&other, f->dir, &second, NULL), ZAGG_OK);
    assert_reads(&f->o, first, 0, 3000);
    assert_reads(&other, second, 2000, 2000);
    zagg_source_close(first);
    assert_int_equal(bytes_there(&f->o, f->dir), 3000);
    zagg_source_close(second);
    assert_int_equal(bytes_there(&f->o, f->dir), 4000);
    /* One completes it while the other one has it open. */
    first = must_open(f);
    assert_int_equal(object_open(&other, f->dir, &second, NULL), ZAGG_OK);
    assert_reads(&other, second, 5000, 10);
    assert_reads(&f->o, first, 0, OBJECT_BYTES);
    zagg_source_close(first);
    assert_false(exists(f, "g.h5.spans"));
    zagg_source_close(second);
    assert_false(exists(f, "g.h5.spans"));
    assert_int_equal(bytes_there(&f->o, f->dir), OBJECT_BYTES);
    assert_int_equal(f->o.n_failed + other.n_failed, 0);
}

/* One of them finds that the object has changed: the other one's bytes are of the past.
 */
static void replaced_meanwhile(void **state)
{
    fixture *f = *state;
    object old;
    zagg_source *first = NULL;
    object_init(&old);
    assert_int_equal(object_open(&old, f->dir, &first, NULL), ZAGG_OK);
    assert_reads(&old, first, 0, 3000);
    f->o.version = 2;
    zagg_source *second = must_open(f);
    assert_reads(&f->o, second, 5000, 100);
    zagg_source_close(second);
    zagg_source_close(first);
    assert_int_equal(old.n_failed, 1);
    assert_non_null(
        strstr(old.failed.msg, "was replaced or removed while it was fetched"));
    assert_int_equal(bytes_there(&f->o, f->dir), 100);
}

static bool fetch_part(const fixture *f, uint64_t offset)
{
    char out[100];
    object o;
    zagg_source *source = NULL;
    object_init(&o);
    if (object_open(&o, f->dir, &source, NULL) != ZAGG_OK)
        return false;
    const bool ok = zagg_source_read_at(source, offset, sizeof out, out, NULL) == ZAGG_OK;
    zagg_source_close(source);
    return ok && o.n_failed == 0;
}

static void processes(void **state)
{
    enum { N = 4, PARTS = 10 };
    fixture *f = *state;
    pid_t children[N];
    for (size_t i = 0; i < N; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] != 0)
            continue;
        bool ok = true;
        for (size_t k = 0; ok && k < PARTS; k++)
            ok = fetch_part(f, (i * PARTS + k) * 200);
        _exit(ok ? 0 : 1);
    }
    for (size_t i = 0; i < N; i++) {
        int how = 1;
        assert_int_equal(waitpid(children[i], &how, 0), children[i]);
        assert_int_equal(how, 0);
    }
    assert_int_equal(bytes_there(&f->o, f->dir), N * PARTS * 100);
}

static void stopped(void **state)
{
    fixture *f = *state;
    char lock[4096], path[4096];
    uint8_t digest[32];
    uint64_t place;
    zg_lock *held = NULL;
    zagg_source *source = NULL;
    const int stop = 1;
    zg_sparse_opts opts = object_opts(&f->o);
    opts.stop = &stop;
    (void)snprintf(lock, sizeof lock, "%s/.zagg-fetch.lock", f->dir);
    (void)snprintf(path, sizeof path, "%s/g.h5", f->dir);
    zg_sha256("g.h5.spans", 10, digest);
    memcpy(&place, digest, sizeof place);
    assert_int_equal(zg_lock_take_place(lock, place, &held, NULL), ZAGG_OK);
    assert_int_equal(zg_sparse_open(path, &opts, &source, NULL), ZAGG_ECANCELLED);
    zg_lock_release(held);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(keeps_what_is_read),
        TEST(offline_without_gaps),
        TEST(whole_copies_are_files),
        TEST(other_files_stay),
        TEST(begun_anew),
        TEST(whole_copies_begun_anew),
        TEST(damaged_records),
        TEST(no_server),
        TEST(threads),
        TEST(several),
        TEST(replaced_meanwhile),
        TEST(processes),
        TEST(stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
