/* Local copies with holes: what is read is kept, asked for once, and never claimed to be
 * more. */
#include "io/spans.h"
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

/* Two processes in one folder: the second one goes on where the first one ended. */
static void processes(void **state)
{
    fixture *f = *state;
    int ready[2], go[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(go), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        zagg_source *source = NULL;
        bool ok = object_open(&f->o, f->dir, &source, NULL) == ZAGG_OK;
        char out[3000];
        ok = ok && zagg_source_read_at(source, 0, sizeof out, out, NULL) == ZAGG_OK;
        ok = ok && write(ready[1], "x", 1) == 1 && read(go[0], &byte, 1) == 1;
        if (ok)
            zagg_source_close(source);
        _exit(ok ? 0 : 1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    /* Held: with `stop` set the wait ends at once. */
    char path[4096];
    const int stop = 1;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_source *source = NULL;
    zg_sparse_opts opts = object_opts(&f->o);
    opts.stop = &stop;
    (void)snprintf(path, sizeof path, "%s/g.h5", f->dir);
    assert_int_equal(zg_sparse_open(path, &opts, &source, &err), ZAGG_ECANCELLED);
    assert_int_equal(write(go[1], "x", 1), 1);
    source = must_open(f);
    int how = 0;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    assert_reads(&f->o, source, 2000, 2000);
    assert_int_equal(f->o.bytes, 1000); /* of this process */
    zagg_source_close(source);
    assert_int_equal(bytes_there(&f->o, f->dir), 4000);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(go[i]);
    }
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
        TEST(processes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
