/* Shard objects that are too large to be gathered in memory: their bytes in any order of
 * arrival, what is there while they are written and after they are given up, and how
 * little memory they take. */
#include "codec/codec.h"
#include "fixture.h"
#include "io/record_sink.h"
#include "zarr/shard.h"

#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PEAK_MEANS_SOMETHING 0 /* shadow memory counts too */
#else
#define PEAK_MEANS_SOMETHING 1
#endif

enum {
    SIDE = 8, /* inner chunks along each axis: 64 in all */
    N_INNER = SIDE * SIDE,
    SMALL_CELLS = 4096,       /* 16 KiB: objects of 1 MiB */
    LARGE_CELLS = 256 * 1024, /* 1 MiB: objects of 64 MiB */
    MAX_GROWTH = 8 << 20
};

static void ok(temp_store *s, zagg_status status)
{
    if (status != ZAGG_OK)
        fail_msg("%s", s->err.msg);
}

/* Of one axis, or of two. */
static zagg_zarr_array array_of(unsigned rank, uint64_t cells)
{
    zagg_zarr_array a = {.name = rank == 1 ? "axis" : "plane",
                         .kind = ZAGG_ZARR_DENSE,
                         .dtype = ZAGG_DT_U32,
                         .rank = rank,
                         .sharded = true};
    for (unsigned d = 0; d < rank; d++) {
        a.chunk[d] = d + 1 < rank ? 1 : cells;
        a.shard[d] = a.shape[d] = a.chunk[d] * (rank == 1 ? N_INNER : SIDE);
    }
    return a;
}

/* Every ninth chunk holds nothing but fill. */
static bool is_fill(size_t c)
{
    return c % 9 == 4;
}

static void fill_chunk(uint32_t *cells, size_t n, size_t c)
{
    for (size_t i = 0; i < n; i++)
        cells[i] = is_fill(c) ? 0 : (uint32_t)(c * 1000003 + i * 2654435761u) | 1;
}

static void index_of(const zagg_zarr_array *a, size_t c, uint64_t *index)
{
    index[0] = a->rank == 1 ? c : c / SIDE;
    index[1] = c % SIDE;
}

/* Place in the payload of chunk (y, x) of 8 x 8: y0 x0 y1 x1 y2 x2 from the lowest bit.
 */
static size_t z_order(const zagg_zarr_array *a, size_t c)
{
    const size_t y = c / SIDE, x = c % SIDE;
    size_t z = 0;
    for (unsigned bit = 0; bit < 3; bit++)
        z |= (y >> bit & 1) << (2 * bit) | (x >> bit & 1) << (2 * bit + 1);
    return a->rank == 1 ? c : z;
}

static const char *key_of(const zagg_zarr_array *a)
{
    return a->rank == 1 ? "g/axis/c/0" : "g/plane/c/0/0";
}

/* Every step-th chunk; `skip`: those of fill are not handed over. */
static void add_chunks(temp_store *s, const zagg_zarr_array *a, zagg_zarr_shard *shard,
                       size_t step, bool skip)
{
    const size_t n = (size_t)a->chunk[a->rank - 1];
    uint32_t *cells = zg_alloc(n, sizeof *cells);
    assert_non_null(cells);
    for (size_t i = 0; i < N_INNER; i++) {
        const size_t c = (i * step + step - 1) % N_INNER;
        uint64_t index[ZAGG_ZARR_MAX_RANK] = {0};
        if (skip && is_fill(c))
            continue;
        index_of(a, c, index);
        fill_chunk(cells, n, c);
        ok(s, zagg_zarr_shard_add(shard, index, cells, &s->err));
    }
    zg_free(cells);
}

/* Everything in the object follows from the format. */
static void check_object(temp_store *s, const zagg_zarr_array *a)
{
    const size_t n = (size_t)a->chunk[a->rank - 1], bytes = n * sizeof(uint32_t);
    size_t at_z[N_INNER], len = 0, used = 0;
    uint32_t crc = 0, *cells = zg_alloc(n, sizeof *cells);
    char *object = get_text(s, key_of(a), &len);
    assert_non_null(object);
    for (size_t c = 0; c < N_INNER; c++)
        at_z[z_order(a, c)] = c;
    const size_t payload = len - 16 * N_INNER - 4;
    for (size_t z = 0; z < N_INNER; z++) {
        uint64_t place[2], expected[2] = {used, bytes};
        memcpy(place, object + payload + 16 * at_z[z], sizeof place);
        if (is_fill(at_z[z])) {
            memset(expected, 0xff, sizeof expected);
        } else {
            fill_chunk(cells, n, at_z[z]);
            assert_memory_equal(object + used, cells, bytes);
            used += bytes;
        }
        assert_memory_equal(place, expected, sizeof place);
    }
    assert_int_equal(used, payload);
    memcpy(&crc, object + len - 4, 4);
    assert_int_equal(crc, zg_crc32c(object + payload, 16 * N_INNER));
    zg_free(object);
    zg_free(cells);
}

static void any_order_of_arrival(void **state)
{
    static const uint64_t ORIGIN[ZAGG_ZARR_MAX_RANK] = {0};
    static const size_t STEPS[] = {1, N_INNER - 1, 7, 27};
    temp_store *s = *state;
    for (unsigned rank = 1; rank <= 2; rank++) {
        const zagg_zarr_array a = array_of(rank, SMALL_CELLS);
        zagg_zarr_shard *shard = NULL;
        ok(s, zagg_zarr_shard_new(&a, &shard, &s->err));
        for (size_t i = 0; i < 2 * sizeof STEPS / sizeof STEPS[0]; i++) {
            ok(s, zagg_zarr_shard_begin(shard, s->sink, "g", ORIGIN, &s->err));
            add_chunks(s, &a, shard, STEPS[i / 2], i % 2);
            ok(s, zagg_zarr_shard_end(shard, &s->err));
            check_object(s, &a);
        }
        zagg_zarr_shard_free(shard);
    }
}

static zagg_status count_key(void *user, const char *key, uint64_t size, zagg_err *err)
{
    (void)key;
    (void)size;
    (void)err;
    ++*(size_t *)user;
    return ZAGG_OK;
}

/* Files in the folder of the object, temporary ones included. */
static size_t count_files(temp_store *s, bool temporary)
{
    zg_str command;
    zg_str_init(&command, 0);
    zg_str_addf(&command, "find '%s' -type f -name '%s' | wc -l", s->path,
                temporary ? ".*.tmp" : "*");
    const char *const argv[] = {"sh", "-c", command.data, NULL};
    run_result r = run_program(argv, NULL);
    const size_t n = (size_t)strtoul(r.out, NULL, 10);
    run_result_free(&r);
    zg_str_free(&command);
    return n;
}

/* Until it ends a shard shows nothing, and leaves nothing when it is given up. */
static void one_step(void **state)
{
    static const uint64_t ORIGIN[ZAGG_ZARR_MAX_RANK] = {0};
    temp_store *s = *state;
    const zagg_zarr_array a = array_of(2, SMALL_CELLS);
    zagg_zarr_shard *shard = NULL;
    size_t n = 0;
    ok(s, zagg_zarr_shard_new(&a, &shard, &s->err));
    ok(s, zagg_zarr_shard_begin(shard, s->sink, "g", ORIGIN, &s->err));
    add_chunks(s, &a, shard, 1, false);
    assert_int_equal(count_files(s, true), 1); /* what is put aside has no name */
    ok(s, zagg_sink_list(s->sink, "", count_key, &n, &s->err));
    assert_int_equal(n, 0);
    put_text(s, "g/plane/c/0/0", "older");
    zagg_zarr_shard_free(shard);
    assert_int_equal(count_files(s, false), 1);
    size_t len = 0;
    char *older = get_text(s, "g/plane/c/0/0", &len);
    assert_string_equal(older, "older");
    zg_free(older);
}

/* A shard whose folder cannot be written says so, and again until it is begun anew. */
static void failure_stays(void **state)
{
    static const uint64_t ORIGIN[ZAGG_ZARR_MAX_RANK] = {0};
    temp_store *s = *state;
    const zagg_zarr_array a = array_of(1, LARGE_CELLS);
    const uint64_t first[] = {0}, second[] = {1};
    zagg_zarr_shard *shard = NULL;
    uint32_t *cells = zg_alloc(LARGE_CELLS, sizeof *cells);
    assert_non_null(cells);
    fill_chunk(cells, LARGE_CELLS, 0);
    put_text(s, "g/axis", "no folder");
    ok(s, zagg_zarr_shard_new(&a, &shard, &s->err));
    ok(s, zagg_zarr_shard_begin(shard, s->sink, "g", ORIGIN, &s->err));
    assert_int_equal(zagg_zarr_shard_add(shard, first, cells, &s->err), ZAGG_EIO);
    assert_has_text(s->err.msg, "cannot write ");
    assert_int_equal(zagg_zarr_shard_add(shard, second, cells, &s->err), ZAGG_EIO);
    assert_has_text(s->err.msg, "g/axis/c/0: an earlier write failed");
    assert_int_equal(zagg_zarr_shard_end(shard, &s->err), ZAGG_EIO);
    ok(s, zagg_sink_delete(s->sink, "g/axis", &s->err));
    ok(s, zagg_zarr_shard_begin(shard, s->sink, "g", ORIGIN, &s->err));
    ok(s, zagg_zarr_shard_add(shard, first, cells, &s->err));
    ok(s, zagg_zarr_shard_end(shard, &s->err));
    uint64_t bytes = 0;
    ok(s, zagg_sink_size(s->sink, "g/axis/c/0", &bytes, &s->err));
    assert_int_equal(bytes, 4 * LARGE_CELLS + 16 * N_INNER + 4);
    zagg_zarr_shard_free(shard);
    zg_free(cells);
}

/* What a record says of an object whose contents were hashed by somebody else is the hash
 * of its bytes, wherever chunks of fill part the two; also when a wrong hash shows that
 * it was taken over only where it may be. */
static void hashed(temp_store *s, const zagg_zarr_array *a, uint64_t fill_chunks,
                   bool is_axis)
{
    static const uint64_t ORIGIN[ZAGG_ZARR_MAX_RANK] = {0};
    const size_t n = (size_t)a->chunk[a->rank - 1];
    uint32_t *cells = zg_alloc(n, sizeof *cells);
    zg_sha256_stream *content = zg_sha256_new();
    zg_recorder *recorder = NULL;
    zagg_zarr_shard *shard = NULL;
    void *object = NULL;
    size_t len = 0, n_stored = 0;
    uint8_t digest[32];
    ok(s, zg_recorder_new(s->sink, &recorder, &s->err));
    ok(s, zagg_zarr_shard_new(a, &shard, &s->err));
    ok(s, zagg_zarr_shard_begin(shard, zg_recorder_sink(recorder), "g", ORIGIN, &s->err));
    for (size_t c = 0; c < N_INNER; c++) {
        uint64_t index[ZAGG_ZARR_MAX_RANK] = {0};
        index_of(a, c, index);
        for (size_t i = 0; i < n; i++)
            cells[i] = fill_chunks >> c & 1 ? 0 : (uint32_t)(c + i * 2654435761u) | 1;
        zg_sha256_add(content, is_axis ? (const void *)cells : "wrong",
                      is_axis ? 4 * n : 5);
        ok(s, zg_zarr_shard_add_hashed(shard, index, cells, content, &s->err));
    }
    ok(s, zagg_zarr_shard_end(shard, &s->err));
    ok(s, zagg_sink_get(s->sink, key_of(a), 4 << 20, &object, &len, &s->err));
    zg_sha256(object, len, digest);
    const zg_stored *stored = zg_recorder_settle(recorder, &n_stored);
    assert_int_equal(n_stored, 1);
    assert_int_equal(stored[0].bytes, len);
    assert_memory_equal(stored[0].sha256, digest, sizeof digest);
    zagg_bytes_free(object);
    zagg_zarr_shard_free(shard);
    zg_recorder_free(recorder);
    zg_sha256_free(content);
    zg_free(cells);
}

static void hash_of_the_content(void **state)
{
    /* from a chunk in memory to more than is gathered */
    static const uint64_t CELLS_OF[] = {16, 1024, 1500, SMALL_CELLS};
    static const uint64_t FILL[] = {0,
                                    1,
                                    2,
                                    UINT64_C(1) << 20,
                                    UINT64_C(1) << 63,
                                    0x8001,
                                    UINT64_C(0xfffffffffffffffe)};
    temp_store *s = *state;
    for (size_t i = 0; i < sizeof CELLS_OF / sizeof CELLS_OF[0]; i++)
        for (size_t k = 0; k < sizeof FILL / sizeof FILL[0]; k++) {
            const zagg_zarr_array axis = array_of(1, CELLS_OF[i]);
            const zagg_zarr_array plane = array_of(2, CELLS_OF[i]);
            zagg_zarr_array packed = axis;
            packed.zstd = true;
            hashed(s, &axis, FILL[k], true);
            hashed(s, &plane, FILL[k], false);
            hashed(s, &packed, FILL[k], false);
        }
}

/* Objects of 56 MiB: the caller's chunk, and what is gathered. */
static void little_memory(void **state)
{
    static const uint64_t ORIGIN[ZAGG_ZARR_MAX_RANK] = {0};
    temp_store *s = *state;
    for (unsigned rank = 1; rank <= 2; rank++) {
        const zagg_zarr_array a = array_of(rank, LARGE_CELLS);
        const uint64_t before = zg_peak_rss_bytes();
        uint64_t bytes = 0;
        zagg_zarr_shard *shard = NULL;
        ok(s, zagg_zarr_shard_new(&a, &shard, &s->err));
        ok(s, zagg_zarr_shard_begin(shard, s->sink, "g", ORIGIN, &s->err));
        add_chunks(s, &a, shard, 1, false);
        ok(s, zagg_zarr_shard_end(shard, &s->err));
        zagg_zarr_shard_free(shard);
        const uint64_t growth = zg_peak_rss_bytes() - before;
        ok(s, zagg_sink_size(s->sink, key_of(&a), &bytes, &s->err));
        assert_in_range(bytes, 56 << 20, 64 << 20);
        if (PEAK_MEANS_SOMETHING && growth > MAX_GROWTH)
            fail_msg("%u axes: memory rose by %llu bytes", rank,
                     (unsigned long long)growth);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(little_memory, temp_store_open, temp_store_close),
        cmocka_unit_test_setup_teardown(any_order_of_arrival, temp_store_open,
                                        temp_store_close),
        cmocka_unit_test_setup_teardown(hash_of_the_content, temp_store_open,
                                        temp_store_close),
        cmocka_unit_test_setup_teardown(one_step, temp_store_open, temp_store_close),
        cmocka_unit_test_setup_teardown(failure_stays, temp_store_open, temp_store_close),
    };
    return cmocka_run_group_tests_name("shard objects as streams", tests, NULL, NULL);
}
