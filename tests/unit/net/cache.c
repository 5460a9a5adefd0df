/* The read cache: what it gives back, what it does not believe, how it stays small, and
 * that processes may share it. */
#include "net/cache_impl.h"
#include "net_test.h"
#include "object_script.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#define MIB ((size_t)1 << 20)
#define URL "https://h.example/d/a.h5"

static zg_cache *cache_at(const char *dir, uint64_t bytes)
{
    zg_cache *cache = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_cache_open(dir, bytes, NULL, &cache, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return cache;
}

static zg_cache_object *object_of(zg_cache *cache, const char *url, const char *version)
{
    zg_cache_object *o = NULL;
    assert_int_equal(zg_cache_object_open(cache, url, version, 1 << 30, &o, NULL),
                     ZAGG_OK);
    return o;
}

/* Bytes of an object at a place; `salt` is the version. */
static unsigned char *bytes_at(int salt, uint64_t offset, size_t len)
{
    unsigned char *b = zg_alloc(len, 1);
    assert_non_null(b);
    for (size_t i = 0; i < len; i++)
        b[i] = object_byte(salt, (size_t)offset + i);
    return b;
}

static void keep(zg_cache_object *o, int salt, uint64_t offset, size_t len)
{
    unsigned char *b = bytes_at(salt, offset, len);
    const zagg_range range = {offset, len, b};
    zg_cache_keep(o, &range, 1);
    zg_free(b);
}

/* Is it there, and right? */
static bool has(zg_cache_object *o, int salt, uint64_t offset, size_t len)
{
    unsigned char *want = bytes_at(salt, offset, len), *got = zg_alloc(len, 1);
    zagg_range range = {offset, len, got};
    const bool there = zg_cache_take(o, &range, 1) == 0;
    assert_non_null(got);
    if (there)
        assert_memory_equal(got, want, len);
    else
        assert_int_equal(range.offset, offset);
    zg_free(want);
    zg_free(got);
    return there;
}

/* ---- files of the cache, as a stranger sees them ---- */

typedef struct file_list {
    char paths[256][512];
    size_t n;
    uint64_t bytes;
} file_list;

static void list_files(const char *folder, file_list *l)
{
    DIR *dir = opendir(folder);
    for (const struct dirent *d; dir && (d = readdir(dir)) != NULL;) {
        struct stat st;
        char path[512];
        if (d->d_name[0] == '.' && (d->d_name[1] == '\0' || d->d_name[1] == '.'))
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, d->d_name);
        assert_int_equal(stat(path, &st), 0);
        if (S_ISDIR(st.st_mode)) {
            list_files(path, l);
        } else if (strcmp(d->d_name, "lock") != 0) {
            assert_true(l->n < 256);
            memcpy(l->paths[l->n++], path, sizeof path);
            l->bytes += (uint64_t)st.st_size;
        }
    }
    if (dir)
        closedir(dir);
}

static file_list *files_in(const char *dir)
{
    static file_list list;
    list = (file_list){.n = 0};
    list_files(dir, &list);
    return &list;
}

static void write_at(const char *path, off_t offset, const char *text, size_t len)
{
    const int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, text, len, offset), (ssize_t)len);
    assert_int_equal(close(fd), 0);
}

/* ---- tests ---- */

static void hits(void **state)
{
    (void)state;
    char *dir = make_temp_dir();
    zg_cache *cache = cache_at(dir, 0);
    assert_false(zg_cache_knows(cache, URL));
    zg_cache_object *o = object_of(cache, URL, "\"v1\"");
    assert_false(has(o, 0, 0, 10));
    keep(o, 0, 1000, 200000);
    keep(o, 0, 201000, 70000);
    keep(o, 0, 300000, 1);
    assert_true(zg_cache_knows(cache, URL));
    assert_true(has(o, 0, 1000, 200000));
    assert_true(has(o, 0, 1001, 5));
    assert_true(has(o, 0, 66000, 70000));
    assert_true(has(o, 0, 200000, 71000)); /* out of two pieces */
    assert_true(has(o, 0, 300000, 1));
    assert_false(has(o, 0, 270999, 2)); /* a byte is missing */
    assert_false(has(o, 0, 999, 2));
    zg_cache_object_close(o);
    /* Others find it: another object, another process, another time. */
    zg_cache *again = cache_at(dir, 0);
    o = object_of(again, URL, "\"v1\"");
    assert_true(has(o, 0, 1000, 270000));
    zg_cache_object_close(o);
    zagg_net_stats stats = {0};
    zg_cache_add_stats(cache, &stats);
    assert_int_equal(stats.cache_hits, 5);
    assert_int_equal(stats.cache_misses, 3);
    assert_int_equal(stats.cache_bytes, 200000 + 5 + 70000 + 71000 + 1);
    zg_cache_close(again);
    zg_cache_close(cache);
    remove_tree(dir);
    zg_free(dir);
}

static void versions(void **state)
{
    (void)state;
    char *dir = make_temp_dir();
    zg_cache *cache = cache_at(dir, 0);
    zg_cache_object *one = object_of(cache, URL, "\"v1\""),
                    *two = object_of(cache, URL, "\"v2\""),
                    *other = object_of(cache, URL "x", "\"v1\"");
    keep(one, 1, 0, 5000);
    keep(two, 2, 0, 5000);
    zg_cache_object_close(two);
    two = object_of(cache, URL, "\"v2\"");
    assert_true(has(one, 1, 0, 5000));
    assert_true(has(two, 2, 0, 5000));
    assert_false(has(other, 1, 0, 5000));
    zg_cache_object_close(one);
    zg_cache_object_close(two);
    zg_cache_object_close(other);
    zg_cache_close(cache);
    remove_tree(dir);
    zg_free(dir);
}

/* No secret of a URL, and no name of a granule, is in the names of files. */
static void names(void **state)
{
    (void)state;
    char *dir = make_temp_dir();
    zg_cache *cache = cache_at(dir, 0);
    zg_cache_object *o = object_of(cache, URL, SECRET);
    keep(o, 1, 0, 50);
    zg_cache_object_close(o);
    const file_list *l = files_in(dir);
    assert_int_equal(l->n, 1);
    assert_no_secret(l->paths[0]);
    assert_null(strstr(l->paths[0], "a.h5"));
    zg_cache_close(cache);
    remove_tree(dir);
    zg_free(dir);
}

/* Damage of any kind: the piece is not there, its file goes, and it can be kept anew. */
static void damage(void **state)
{
    (void)state;
    enum { KINDS = 6 };
    char *dir = make_temp_dir();
    zg_cache *cache = cache_at(dir, 0);
    for (int kind = 0; kind < KINDS; kind++) {
        zg_cache_object *o = object_of(cache, URL, "\"v1\"");
        keep(o, 0, 4096, 200000);
        const file_list *l = files_in(dir);
        assert_int_equal(l->n, 1);
        const char *path = l->paths[0];
        if (kind == 0)
            write_at(path, (off_t)l->bytes - 1, "\x55", 1); /* of the last block */
        else if (kind == 1)
            write_at(path, 0, "zaggpce9", 8);
        else if (kind == 2)
            write_at(path, 64, "\x01\x02\x03\x04", 4); /* a checksum */
        else if (kind == 3)
            assert_int_equal(truncate(path, (off_t)l->bytes - 1), 0);
        else if (kind == 4)
            assert_int_equal(truncate(path, 0), 0);
        else
            write_at(path, 24, "\x01", 1); /* whose it is */
        if (kind == 0)                     /* other blocks are good */
            assert_true(has(o, 0, 4096, 1000));
        assert_false(has(o, 0, 5000, 199000));
        assert_int_equal(files_in(dir)->n, 0);
        keep(o, 0, 4096, 200000);
        assert_true(has(o, 0, 4096, 200000));
        assert_int_equal(unlink(files_in(dir)->paths[0]), 0); /* somebody made room */
        assert_false(has(o, 0, 4096, 10));
        zg_cache_object_close(o);
    }
    zg_cache_close(cache);
    remove_tree(dir);
    zg_free(dir);
}

/* What a process leaves that is killed while it writes. */
static void debris(void **state)
{
    (void)state;
    char *dir = make_temp_dir();
    zg_cache *cache = cache_at(dir, 0);
    zg_cache_object *o = object_of(cache, URL, "\"v1\"");
    keep(o, 0, 0, 1000);
    const char *piece = files_in(dir)->paths[0];
    char folder[512], old[600], young[600];
    (void)snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(piece, '/') - piece),
                   piece);
    (void)snprintf(old, sizeof old, "%s/.x-0-10.123.4.tmp", folder);
    (void)snprintf(young, sizeof young, "%s/.x-0-10.123.5.tmp", folder);
    FILE *f = fopen(old, "wb"), *g = fopen(young, "wb");
    assert_true(f && g && fwrite("half", 1, 4, f) == 4);
    assert_int_equal(fclose(f) + fclose(g), 0);
    assert_int_equal(utime(old, &(struct utimbuf){1000000000, 1000000000}), 0);
    zg_cache_object_close(o);
    zg_cache_close(cache);
    cache = cache_at(dir, 0);
    o = object_of(cache, URL, "\"v1\"");
    assert_true(has(o, 0, 0, 1000));
    keep(o, 0, 5000, 10); /* looks at the folder */
    assert_int_not_equal(access(old, F_OK), 0);
    assert_int_equal(access(young, F_OK), 0);
    zg_cache_object_close(o);
    zg_cache_close(cache);
    remove_tree(dir);
    zg_free(dir);
}

static void make_older(const char *dir)
{
    const file_list *l = files_in(dir);
    for (size_t i = 0; i < l->n; i++) {
        struct stat st;
        assert_int_equal(stat(l->paths[i], &st), 0);
        const struct utimbuf times = {st.st_mtime - 100, st.st_mtime - 100};
        assert_int_equal(utime(l->paths[i], &times), 0);
    }
}

/* Beyond the bound what was used least recently goes. */
static void eviction(void **state)
{
    (void)state;
    char *dir = make_temp_dir();
    zg_cache *cache = cache_at(dir, MIB);
    zg_cache_object *o = object_of(cache, URL, "\"v1\"");
    for (uint64_t i = 0; i < 4; i++) {
        make_older(dir);
        keep(o, 0, i * MIB, 200000);
    }
    zg_cache_object_close(o);
    o = object_of(cache, URL, "\"v1\"");
    assert_true(has(o, 0, 0, 100)); /* the oldest is in use */
    for (uint64_t i = 4; i < 6; i++)
        keep(o, 0, i * MIB, 200000);
    assert_true(files_in(dir)->bytes <= MIB);
    assert_true(has(o, 0, 0, 200000));
    assert_false(has(o, 0, MIB, 200000));
    assert_true(has(o, 0, 5 * MIB, 200000));
    zg_cache_object_close(o);
    zg_cache_close(cache);
    remove_tree(dir);
    zg_free(dir);
}

/* A piece that alone is larger than the bound does not stay, nor does a bound get lost.
 */
static void larger_than_the_bound(void **state)
{
    (void)state;
    char *dir = make_temp_dir();
    zg_cache *cache = cache_at(dir, 100000);
    zg_cache_object *o = object_of(cache, URL, "\"v1\"");
    keep(o, 0, 0, 200000);
    assert_int_equal(files_in(dir)->n, 0);
    keep(o, 0, 0, 50000);
    assert_true(has(o, 0, 0, 50000));
    zg_cache_object_close(o);
    zg_cache_close(cache);
    remove_tree(dir);
    zg_free(dir);
}

/* Where nothing can be written the cache holds nothing, and says so once. */
static void count_warnings(void *user, zagg_log_level level, const char *message)
{
    assert_int_equal(level, ZAGG_LOG_WARN);
    assert_non_null(strstr(message, "nothing more is kept in it"));
    ++*(int *)user;
}

static void no_folder(void **state)
{
    (void)state;
    int warnings = 0;
    zagg_log *log = zagg_log_new(ZAGG_LOG_WARN, count_warnings, &warnings);
    zg_cache *cache = NULL;
    const char *file = net_file("file", "x");
    zagg_err err = ZAGG_ERR_INIT;
    assert_error(zg_cache_open(file, 0, log, &cache, &err), &err, ZAGG_EIO, "cache: ");
    assert_int_equal(unlink(file), 0);
    assert_int_equal(zg_cache_open(file, 0, log, &cache, NULL), ZAGG_OK);
    (void)net_file("file", "x"); /* in its place */
    zg_cache_object *o = object_of(cache, URL, "\"v1\"");
    keep(o, 0, 0, 100);
    keep(o, 0, 200, 100);
    assert_false(has(o, 0, 0, 100));
    assert_int_equal(warnings, 1);
    zg_cache_object_close(o);
    zg_cache_close(cache);
    zagg_log_free(log);
}

/* ---- processes ---- */

enum { ROUNDS = 150, PIECE = 30000, PLACES = 40 };

/* Keeps and takes pieces at places that the others use, too; true when all that it was
 * given was right. */
static bool use_cache(const char *dir, unsigned seed)
{
    zg_cache *cache = NULL;
    zg_cache_object *o = NULL;
    bool ok = zg_cache_open(dir, MIB / 2, NULL, &cache, NULL) == ZAGG_OK &&
              zg_cache_object_open(cache, URL, "\"v1\"", 1 << 30, &o, NULL) == ZAGG_OK;
    for (int i = 0; ok && i < ROUNDS; i++) {
        static unsigned char bytes[PIECE];
        seed = seed * 1103515245u + 12345u;
        const uint64_t offset = (uint64_t)(seed >> 16) % PLACES * PIECE;
        zagg_range range = {offset, PIECE, bytes};
        if (zg_cache_take(o, &range, 1) == 0) {
            for (size_t k = 0; k < PIECE; k++)
                ok &= bytes[k] == object_byte(3, (size_t)offset + k);
            continue;
        }
        for (size_t k = 0; k < PIECE; k++)
            bytes[k] = object_byte(3, (size_t)offset + k);
        zg_cache_keep(o, &range, 1);
        if (i % 20 == 0) { /* sees what others keep */
            zg_cache_object_close(o);
            o = NULL;
            ok = zg_cache_object_open(cache, URL, "\"v1\"", 1 << 30, &o, NULL) == ZAGG_OK;
        }
    }
    zg_cache_object_close(o);
    zg_cache_close(cache);
    return ok;
}

static void two_processes(void **state)
{
    (void)state;
    char *dir = make_temp_dir();
    pid_t children[3];
    for (unsigned i = 0; i < 3; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(use_cache(dir, i + 1) ? 0 : 1);
    }
    for (unsigned i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    /* Each may be a sixteenth beyond it before it looks again, and all but one go on
     * while that one makes room. There are pieces for two and a half times as much. */
    assert_true(files_in(dir)->bytes <= MIB / 2 + MIB / 4 + 3 * 2 * PIECE);
    remove_tree(dir);
    zg_free(dir);
}

/* ---- behind a source ---- */

static zagg_source *open_object(zagg_net *net, const object_script *o)
{
    zagg_source *source = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_net_open_source(net, http_script_url(o->server, "/a.h5?key=" SECRET),
                             &source, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return source;
}

static void read_all(zagg_source *source, const object_script *o)
{
    static unsigned char bytes[3][100000];
    const zagg_range ranges[] = {
        {0, 1000, bytes[0]}, {MIB - 500, 100000, bytes[1]}, {2 * MIB, 100000, bytes[2]}};
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_source_read_many(source, ranges, 3, NULL, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < 3; i++)
        object_check(o, ranges[i].offset, bytes[i], ranges[i].len);
}

/* The second time one small request tells that the version is the same. */
static void sources(void **state)
{
    (void)state;
    char *dir = make_temp_dir();
    object_script o = {.len = 3 * MIB,
                       .etag = "\"v1\"",
                       .changes_at = 6,
                       .etag_after = "\"v2\"",
                       .len_after = 3 * MIB};
    object_start(&o);
    const zagg_net_opts opts = {.cache_dir = dir};
    for (int run = 0; run < 3; run++) {
        zagg_net *net = NULL;
        assert_int_equal(zagg_net_new(&opts, &net, NULL), ZAGG_OK);
        zagg_source *source = open_object(net, &o);
        object_script now = o;
        now.salt += run == 2;
        read_all(source, &now);
        const zagg_net_stats stats = zagg_net_stats_of(net);
        if (run == 0) {
            assert_int_equal(stats.requests, 3);
            assert_int_equal(stats.cache_hits, 0);
        } else if (run == 1) {
            assert_int_equal(stats.requests, 1);
            assert_int_equal(stats.bytes_in, 64);
            assert_int_equal(stats.cache_misses, 0);
        } else { /* and of another version nothing is believed */
            assert_int_equal(stats.requests, 4);
            assert_int_equal(stats.cache_hits, 0);
        }
        zagg_source_close(source);
        zagg_net_free(net);
        o.changes_at = run == 1 ? 1 : o.changes_at;
    }
    http_script_stop(o.server);
    remove_tree(dir);
    zg_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        NET_TEST(hits),
        NET_TEST(versions),
        NET_TEST(names),
        NET_TEST(damage),
        NET_TEST(debris),
        NET_TEST(eviction),
        NET_TEST(larger_than_the_bound),
        NET_TEST(no_folder),
        NET_TEST(two_processes),
        NET_TEST(sources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
