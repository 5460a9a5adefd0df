/* Sources: files, memory and other implementations; merged reads; whole files. */
#include "io/source.h"

#include "support/support.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DATA_BYTES = 1 << 20 };
static unsigned char data[DATA_BYTES];
static char *folder;

static int make_data(void **state)
{
    (void)state;
    uint32_t x = 99;
    for (size_t i = 0; i < DATA_BYTES; i++) {
        x = x * 1664525 + 1013904223;
        data[i] = (unsigned char)(x >> 24);
    }
    folder = make_temp_dir();
    return 0;
}

static int drop_data(void **state)
{
    (void)state;
    remove_tree(folder);
    zg_free(folder);
    return 0;
}

/* Path of `name` in the test's folder; one of two buffers in turn. */
static const char *in_folder(const char *name)
{
    static char paths[2][4096];
    static unsigned turn;
    char *path = paths[turn++ % 2];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void check_reads(zagg_source *source)
{
    unsigned char out[5000];
    assert_int_equal(zagg_source_size(source), DATA_BYTES);
    for (size_t offset = 0; offset < DATA_BYTES; offset += 77777) {
        size_t len = offset % 5000;
        assert_int_equal(zagg_source_read_at(source, offset, len, out, NULL), ZAGG_OK);
        assert_memory_equal(out, data + offset, len);
    }
    assert_int_equal(zagg_source_read_at(source, DATA_BYTES, 0, out, NULL), ZAGG_OK);
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_source_read_at(source, DATA_BYTES - 10, 11, out, &err),
                     ZAGG_ERANGE);
    assert_non_null(strstr(err.msg, zagg_source_name(source)));
    assert_int_equal(zagg_source_read_at(source, DATA_BYTES + 1, 0, out, NULL),
                     ZAGG_ERANGE);
    assert_int_equal(zagg_source_read_at(source, UINT64_MAX, 2, out, NULL), ZAGG_ERANGE);
    assert_int_equal(zagg_source_read_at(source, 1, SIZE_MAX, out, NULL), ZAGG_ERANGE);
}

static void test_file(void **state)
{
    (void)state;
    const char *path = in_folder("data.bin");
    write_file(path, data, DATA_BYTES);
    zagg_source *source = NULL;
    assert_int_equal(zagg_source_open_file(path, &source, NULL), ZAGG_OK);
    assert_string_equal(zagg_source_name(source), path);
    check_reads(source);
    zagg_source_close(source);
    zagg_source_close(NULL);
}

static void test_file_that_becomes_shorter(void **state)
{
    (void)state;
    const char *path = in_folder("shrinking.bin");
    write_file(path, data, 10000);
    zagg_source *source = NULL;
    assert_int_equal(zagg_source_open_file(path, &source, NULL), ZAGG_OK);
    assert_int_equal(truncate(path, 5000), 0);
    unsigned char out[100];
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_source_read_at(source, 4950, 100, out, &err), ZAGG_EIO);
    assert_non_null(strstr(err.msg, "became shorter"));
    assert_non_null(strstr(err.msg, path));
    zagg_source_close(source);
}

static void test_what_is_no_file(void **state)
{
    (void)state;
    zagg_source *source = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const char *path = in_folder("absent");
    assert_int_equal(zagg_source_open_file(path, &source, &err), ZAGG_ENOTFOUND);
    assert_non_null(strstr(err.msg, path));
    assert_int_equal(zagg_source_open_file(folder, &source, &err), ZAGG_EIO);
    assert_non_null(strstr(err.msg, "is a directory"));
    path = in_folder("fifo");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(zagg_source_open_file(path, &source, &err), ZAGG_EIO);
    assert_non_null(strstr(err.msg, "not a regular file"));
    assert_null(source);
}

static void test_lack_of_memory(void **state)
{
    (void)state;
    const char *path = in_folder("small.bin");
    write_file(path, "abc", 3);
    zagg_source *source = NULL;
    for (int nth = 1; nth <= 3; nth++) {
        zg_alloc_fail_nth(nth);
        assert_int_equal(zagg_source_open_file(path, &source, NULL), ZAGG_ENOMEM);
        zg_alloc_fail_nth(nth);
        assert_int_equal(zagg_source_open_mem("abc", 3, &source, NULL), ZAGG_ENOMEM);
    }
    zg_alloc_fail_nth(0);
    assert_null(source);
    char *text = NULL;
    size_t len = 0;
    zg_alloc_fail_nth(1);
    assert_int_equal(zagg_file_read(path, 100, &text, &len, NULL), ZAGG_ENOMEM);
    assert_null(text);
}

static void test_mem(void **state)
{
    (void)state;
    zagg_source *source = NULL;
    assert_int_equal(zagg_source_open_mem(data, DATA_BYTES, &source, NULL), ZAGG_OK);
    check_reads(source);
    zagg_source_close(source);
}

/* ---- merged reads, through an implementation that notes what it is asked ---- */

typedef struct recorder {
    size_t n;
    uint64_t offset[64];
    size_t len[64];
    void *out[64];
    size_t n_calls, n_metadata;
    bool closed, broken;
} recorder;

static zagg_status record_read(void *self, uint64_t offset, size_t len, void *out,
                               zagg_err *err)
{
    recorder *r = self;
    if (r->broken)
        return zagg_err_set(err, ZAGG_EHTTP, "recorder: 503");
    if (r->n < 64) {
        r->offset[r->n] = offset;
        r->len[r->n] = len;
    }
    r->n++;
    memcpy(out, data + offset, len);
    return ZAGG_OK;
}

static void record_close(void *self)
{
    recorder *r = self;
    r->closed = true;
}

/* Side by side: where each span goes is noted as well. */
static zagg_status record_many(void *self, const zagg_range *spans, size_t n,
                               zagg_err *err)
{
    recorder *r = self;
    r->n_calls++;
    for (size_t i = 0; i < n; i++) {
        if (r->n < 64)
            r->out[r->n] = spans[i].out;
        ZAGG_TRY(record_read(self, spans[i].offset, spans[i].len, spans[i].out, err));
    }
    return ZAGG_OK;
}

static zagg_status record_metadata(void *self, const zagg_range *spans, size_t n,
                                   zagg_err *err)
{
    ((recorder *)self)->n_metadata++;
    return record_many(self, spans, n, err);
}

static const zagg_source_vtable record_vtable = {.read_at = record_read,
                                                 .close = record_close};

static zagg_source *open_recorder(recorder *r)
{
    zagg_source *source = NULL;
    memset(r, 0, sizeof *r);
    assert_int_equal(
        zagg_source_open_custom(&record_vtable, r, DATA_BYTES, "recorder", &source, NULL),
        ZAGG_OK);
    return source;
}

typedef struct span {
    uint64_t offset;
    size_t len;
} span;

/* Read `spans` and compare with the data; the number of requests it took. */
static size_t read_spans(zagg_source *source, recorder *r, const span *spans, size_t n,
                         const zagg_coalesce *how)
{
    zagg_range ranges[64];
    assert_true(n <= 64);
    for (size_t i = 0; i < n; i++) {
        zagg_range range = {spans[i].offset, spans[i].len, zg_alloc(spans[i].len, 1)};
        ranges[i] = range;
    }
    size_t before = r->n;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_source_read_many(source, ranges, n, how, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < n; i++) {
        assert_memory_equal(ranges[i].out, data + ranges[i].offset, ranges[i].len);
        zg_free(ranges[i].out);
    }
    return r->n - before;
}

static void test_coalescing_counts(void **state)
{
    (void)state;
    recorder r;
    zagg_source *source = open_recorder(&r);
    const zagg_coalesce tight = {10, 1000};
    const span adjacent[] = {{200, 100}, {0, 100}, {100, 100}};
    assert_int_equal(read_spans(source, &r, adjacent, 3, &tight), 1);
    assert_true(r.offset[0] == 0 && r.len[0] == 300);
    const span gap_fits[] = {{0, 100}, {110, 10}};
    assert_int_equal(read_spans(source, &r, gap_fits, 2, &tight), 1);
    const span gap_too_wide[] = {{0, 100}, {111, 10}};
    assert_int_equal(read_spans(source, &r, gap_too_wide, 2, &tight), 2);
    const span span_too_long[] = {{0, 600}, {600, 400}, {1000, 1}};
    assert_int_equal(read_spans(source, &r, span_too_long, 3, &tight), 2);
    const span larger_than_a_span[] = {{0, 5000}, {100, 10}, {4990, 10}};
    assert_int_equal(read_spans(source, &r, larger_than_a_span, 3, &tight), 1);
    const span overlapping[] = {{50, 100}, {50, 100}, {0, 100}, {120, 60}};
    assert_int_equal(read_spans(source, &r, overlapping, 4, &tight), 1);
    const span empty_ones[] = {{500, 0}, {DATA_BYTES, 0}, {7, 0}};
    assert_int_equal(read_spans(source, &r, empty_ones, 3, &tight), 0);
    assert_int_equal(read_spans(source, &r, empty_ones, 1, &tight), 0);
    assert_int_equal(read_spans(source, &r, empty_ones, 0, &tight), 0);
    const span far[] = {{0, 1}, {65537, 1}, {131075, 1}};
    assert_int_equal(read_spans(source, &r, far, 3, NULL), 2); /* 64 KiB gap by default */
    zagg_io_stats stats = zagg_source_stats(source);
    assert_int_equal(stats.requests, r.n);
    assert_int_equal(stats.calls, 10);
    zagg_source_close(source);
    assert_true(r.closed);
}

static zagg_source *open_parallel(recorder *r)
{
    static const zagg_source_vtable VTABLE = {.read_at = record_read,
                                              .close = record_close,
                                              .read_many = record_many,
                                              .read_metadata = record_metadata};
    zagg_source *source = NULL;
    memset(r, 0, sizeof *r);
    assert_int_equal(
        zagg_source_open_custom(&VTABLE, r, DATA_BYTES, "recorder", &source, NULL),
        ZAGG_OK);
    return source;
}

/* One call for all spans. What is one range comes to where it is wanted. */
static void test_side_by_side(void **state)
{
    (void)state;
    recorder r;
    zagg_source *source = open_parallel(&r);
    const zagg_coalesce tight = {10, 1000};
    static char a[100], b[100], c[50];
    const zagg_range ranges[] = {{500, 100, b}, {0, 100, a}, {605, 50, c}};
    assert_int_equal(zagg_source_read_many(source, ranges, 3, &tight, NULL), ZAGG_OK);
    assert_int_equal(r.n_calls, 1);
    assert_int_equal(r.n, 2);
    assert_ptr_equal(r.out[0], a);
    assert_true(r.out[1] != b && r.len[1] == 155);
    assert_memory_equal(a, data, 100);
    assert_memory_equal(b, data + 500, 100);
    assert_memory_equal(c, data + 605, 50);
    const zagg_range spans[] = {{7, 3, a}, {8, 10, b}};
    assert_int_equal(zg_source_request_many(source, spans, 2, true, NULL), ZAGG_OK);
    assert_int_equal(r.n_metadata, 1);
    assert_int_equal(zagg_source_stats(source).requests, 4);
    assert_int_equal(zagg_source_stats(source).bytes, 100 + 155 + 13);
    for (int64_t nth = 1; nth <= 4; nth++) {
        zg_alloc_fail_nth(nth);
        assert_int_equal(zagg_source_read_many(source, ranges, 3, &tight, NULL),
                         ZAGG_ENOMEM);
    }
    zg_alloc_fail_nth(0);
    r.broken = true;
    assert_int_equal(zagg_source_read_many(source, ranges, 3, &tight, NULL), ZAGG_EHTTP);
    zagg_source_close(source);
}

/* Ranges of `len` bytes, `gaps` apart, and how many requests they are. */
static size_t requests_of(size_t len, const uint64_t *gaps, size_t n_gaps)
{
    recorder r;
    zagg_source *source = open_parallel(&r);
    zagg_range ranges[64];
    zg_span spans[64];
    size_t n = 0;
    uint64_t at = 0;
    for (size_t i = 0; i <= n_gaps; i++) {
        ranges[i] = (zagg_range){at, len, NULL};
        at += len + (i < n_gaps ? gaps[i] : 0);
    }
    assert_int_equal(zg_source_cut(source, ranges, n_gaps + 1, NULL, spans, &n, NULL),
                     ZAGG_OK);
    zagg_source_close(source);
    return n;
}

/* The shortest gaps are read along, as long as all of them are a fifth of what is wanted,
 * or little. */
static void test_gaps_that_are_worth_it(void **state)
{
    (void)state;
    enum { KIB = 1024, MIB = 1 << 20 };
    static const struct {
        size_t len;
        uint64_t gaps[6];
        size_t n_gaps, requests;
    } cases[] = {
        {100 * KIB, {0, 0, 0}, 3, 1},
        {KIB, {30 * KIB, 30 * KIB}, 2, 1},              /* little */
        {KIB, {30 * KIB, 40 * KIB}, 2, 2},              /* 70 are more */
        {KIB, {40 * KIB, 40 * KIB}, 2, 3},              /* equal ones: none */
        {MIB, {500 * KIB, 400 * KIB, 100 * KIB}, 3, 2}, /* of 4 MiB 819 KiB */
        {2 * MIB, {MIB + 1}, 1, 2},                     /* as long as a request */
        {3 * MIB, {MIB, 0}, 2, 2},                      /* 8 MiB are enough */
        {9 * MIB, {0}, 1, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t n = requests_of(cases[i].len, cases[i].gaps, cases[i].n_gaps);
        if (n != cases[i].requests)
            fail_msg("case %zu: %zu requests", i, n);
    }
}

static void many_ranges_of_all_kinds(recorder *r, zagg_source *source)
{
    uint32_t x = 5;
    for (int round = 0; round < 300; round++) {
        span spans[40];
        for (size_t i = 0; i < 40; i++) {
            x = x * 1664525 + 1013904223;
            spans[i].offset = (x >> 8) % 4000;
            x = x * 1664525 + 1013904223;
            spans[i].len = (x >> 8) % 90;
        }
        zagg_coalesce how = {(uint64_t)round % 30, (uint64_t)round % 7 * 100};
        read_spans(source, r, spans, 40, &how);
    }
    zagg_source_close(source);
}

static void test_many_ranges_of_all_kinds(void **state)
{
    (void)state;
    recorder r;
    many_ranges_of_all_kinds(&r, open_recorder(&r));
    many_ranges_of_all_kinds(&r, open_parallel(&r));
}

static void test_read_many_checks_before_reading(void **state)
{
    (void)state;
    recorder r;
    zagg_source *source = open_recorder(&r);
    unsigned char out[20];
    const zagg_range ranges[] = {{0, 10, out}, {DATA_BYTES - 5, 6, out + 10}};
    assert_int_equal(zagg_source_read_many(source, ranges, 2, NULL, NULL), ZAGG_ERANGE);
    assert_int_equal(r.n, 0);
    r.broken = true;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_source_read_many(source, ranges, 1, NULL, &err), ZAGG_EHTTP);
    assert_string_equal(err.msg, "recorder: 503");
    const zagg_range two[] = {{0, 10, out}, {10, 10, out + 10}};
    assert_int_equal(zagg_source_read_many(source, two, 2, NULL, &err), ZAGG_EHTTP);
    r.broken = false;
    for (int nth = 1; nth <= 2; nth++) {
        zg_alloc_fail_nth(nth);
        assert_int_equal(zagg_source_read_many(source, two, 2, NULL, &err), ZAGG_ENOMEM);
    }
    assert_int_equal(zagg_source_stats(source).bytes, 0);
    zagg_source_close(source);
}

static zagg_status read_task(void *user, size_t index, size_t slot, void **result,
                             zagg_err *err)
{
    zagg_source *source = user;
    unsigned char a[100], b[300];
    (void)slot;
    (void)result;
    const zagg_range ranges[] = {{index * 500, 100, a}, {index * 500 + 50, 300, b}};
    ZAGG_TRY(zagg_source_read_many(source, ranges, 2, NULL, err));
    if (memcmp(a, data + index * 500, 100) != 0 ||
        memcmp(b, data + index * 500 + 50, 300) != 0)
        return zagg_err_set(err, ZAGG_EINTERNAL, "wrong bytes");
    return ZAGG_OK;
}

static void test_threads_share_a_file(void **state)
{
    (void)state;
    const char *path = in_folder("shared.bin");
    write_file(path, data, DATA_BYTES);
    zagg_source *source = NULL;
    zagg_pool *pool = NULL;
    assert_int_equal(zagg_source_open_file(path, &source, NULL), ZAGG_OK);
    assert_int_equal(zagg_pool_new(4, &pool, NULL), ZAGG_OK);
    assert_int_equal(zagg_pool_map(pool, 500, 0, read_task, NULL, NULL, source, NULL),
                     ZAGG_OK);
    zagg_io_stats stats = zagg_source_stats(source);
    assert_int_equal(stats.calls, 500);
    assert_int_equal(stats.requests, 500);
    assert_int_equal(stats.bytes, 500 * 350);
    zagg_pool_free(pool);
    zagg_source_close(source);
}

/* ---- whole files ---- */

static void test_file_read(void **state)
{
    (void)state;
    const char *path = in_folder("whole.bin");
    char *text = NULL;
    size_t len = 99;
    zagg_err err = ZAGG_ERR_INIT;
    static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        write_file(path, data, sizes[i]);
        assert_int_equal(zagg_file_read(path, sizes[i], &text, &len, NULL), ZAGG_OK);
        assert_int_equal(len, sizes[i]);
        assert_memory_equal(text, data, len);
        assert_int_equal(text[len], 0);
        zagg_bytes_free(text);
        text = NULL;
    }
    assert_int_equal(zagg_file_read(path, 99999, &text, &len, &err), ZAGG_ERANGE);
    assert_non_null(strstr(err.msg, path));
    assert_int_equal(zagg_file_read(in_folder("absent"), 9, &text, &len, &err),
                     ZAGG_ENOTFOUND);
    assert_int_equal(zagg_file_read(folder, 9, &text, &len, &err), ZAGG_EIO);
    assert_non_null(strstr(err.msg, "is a directory"));
    assert_null(text);
    /* Its size is not known beforehand. */
    assert_int_equal(zagg_file_read("/proc/self/status", 1 << 20, &text, &len, NULL),
                     ZAGG_OK);
    assert_non_null(strstr(text, "VmHWM"));
    zagg_bytes_free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_file_that_becomes_shorter),
        cmocka_unit_test(test_what_is_no_file),
        cmocka_unit_test(test_lack_of_memory),
        cmocka_unit_test(test_mem),
        cmocka_unit_test(test_coalescing_counts),
        cmocka_unit_test(test_side_by_side),
        cmocka_unit_test(test_gaps_that_are_worth_it),
        cmocka_unit_test(test_many_ranges_of_all_kinds),
        cmocka_unit_test(test_read_many_checks_before_reading),
        cmocka_unit_test(test_threads_share_a_file),
        cmocka_unit_test(test_file_read),
    };
    return cmocka_run_group_tests(tests, make_data, drop_data);
}
