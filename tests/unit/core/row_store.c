/* Rows of shards: fragments in any order, budgets that send them to the disk, parts of
 * shards, threads. Whatever happens, grouped rows are those of a plain stable sort. */
#include "core/group.h"
#include "core/row_ranks.h"
#include "read_test.h"
#include "support/random.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_SHARDS = 3, N_FRAGMENTS = 120, MOST_ROWS = 900, CHUNK = 2, CELLS = 16 };

typedef struct row {
    uint32_t rank;
    float h;
    int8_t quality;
    uint64_t leaf_id;
} row;

typedef struct fragment {
    size_t shard, n;
    zg_row_key key;
    uint32_t ranks[MOST_ROWS];
    float h[MOST_ROWS];
    int8_t quality[MOST_ROWS];
    uint64_t leaf_ids[MOST_ROWS];
} fragment;

typedef struct fixture {
    zagg_arena *arena;
    core_case c;
    fragment *fragments; /* shuffled */
    zagg_pool *pool;     /* NULL */
} fixture;

static void fill(fragment *f, size_t i, uint64_t *random)
{
    f->shard = random_u64(random) % N_SHARDS;
    f->n = 1 + random_u64(random) % MOST_ROWS;
    f->key = (zg_row_key){(uint32_t)(i / 12), (uint32_t)(i / 4 % 3), 100 * (i % 4)};
    const size_t run = 1 + random_u64(random) % 40; /* so many rows of a cell in a row */
    for (size_t k = 0; k < f->n; k++) {
        f->ranks[k] = k % run ? f->ranks[k - 1] : (uint32_t)(random_u64(random) % CELLS);
        f->h[k] = (float)(i * MOST_ROWS + k);
        f->quality[k] = (int8_t)random_u64(random);
        f->leaf_ids[k] = random_u64(random);
    }
}

static int setup(void **state)
{
    static const char GRID[] = "{\"type\": \"rectilinear\", \"crs\": \"EPSG:4326\","
                               " \"resolution\": 1, \"bounds\": [0, 0, 8, 8],"
                               " \"chunk_shape\": [4, 4], \"chunk_inner\": [1, 2]}";
    fixture *f = zg_alloc(1, sizeof *f);
    uint64_t random = 88172645463325252u;
    assert_non_null(f);
    assert_int_equal(zagg_arena_new(0, &f->arena, NULL), ZAGG_OK);
    const zagg_value *source = core_json(
        f->arena, "{\"groups\": [\"g\"], \"coordinates\": {\"latitude\": \"/a\","
                  " \"longitude\": \"/b\"}, \"variables\": {\"h\": \"/h\","
                  " \"quality\": \"/q\"}}");
    assert_int_equal(core_case_new(source, core_max_of_each(f->arena, source),
                                   core_json(f->arena, GRID), &f->c, NULL),
                     ZAGG_OK);
    f->c.worker->leaf_ids = true;
    f->fragments = zg_alloc(N_FRAGMENTS, sizeof *f->fragments);
    assert_non_null(f->fragments);
    for (size_t i = 0; i < N_FRAGMENTS; i++)
        fill(&f->fragments[i], i, &random);
    for (size_t i = N_FRAGMENTS; i-- > 1;) {
        const size_t k = random_u64(&random) % (i + 1);
        const fragment swap = f->fragments[i];
        f->fragments[i] = f->fragments[k];
        f->fragments[k] = swap;
    }
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    zg_free(f->fragments);
    core_case_free(&f->c);
    zagg_arena_free(f->arena);
    zg_free(f);
    return 0;
}

static zagg_status add(zg_row_store *store, const fragment *f, zagg_err *err)
{
    static const zagg_dtype DTYPES[] = {ZAGG_DT_F32, ZAGG_DT_I8};
    const void *const columns[] = {f->h, f->quality};
    const zg_row_batch batch = {f->n, f->ranks, DTYPES, columns, f->leaf_ids};
    return zg_row_store_add(store, f->shard, f->key, &batch, err);
}

/* ---- what must come out ---- */

static int by_key(const void *a, const void *b)
{
    const fragment *x = *(const fragment *const *)a, *y = *(const fragment *const *)b;
    const uint64_t p =
        ((uint64_t)x->key.position << 32) + (x->key.group << 16) + x->key.first_row;
    const uint64_t q =
        ((uint64_t)y->key.position << 32) + (y->key.group << 16) + y->key.first_row;
    return p < q ? -1 : p > q;
}

/* Rows of a shard sorted by cell; `without`: a granule that was dropped, or UINT32_MAX.
 */
static size_t expected(const fixture *f, size_t shard, uint32_t without, row *out)
{
    const fragment *list[N_FRAGMENTS];
    size_t n = 0, n_rows = 0;
    for (size_t i = 0; i < N_FRAGMENTS; i++)
        if (f->fragments[i].shard == shard && f->fragments[i].key.position != without)
            list[n++] = &f->fragments[i];
    qsort(list, n, sizeof list[0], by_key);
    for (uint32_t cell = 0; cell < CELLS; cell++)
        for (size_t i = 0; i < n; i++)
            for (size_t k = 0; k < list[i]->n; k++)
                if (list[i]->ranks[k] == cell)
                    out[n_rows++] = (row){cell, list[i]->h[k], list[i]->quality[k],
                                          list[i]->leaf_ids[k]};
    return n_rows;
}

static void check_part(const zg_grouped *g, const row *want, size_t *at)
{
    assert_int_equal(g->n_cells, g->n_chunks * CHUNK);
    for (size_t c = 0; c < g->n_cells; c++)
        for (size_t i = g->offsets[c]; i < g->offsets[c + 1]; i++, (*at)++) {
            assert_int_equal(want[*at].rank, g->first_chunk * CHUNK + c);
            assert_true(want[*at].h == ((const float *)g->columns[0])[i]);
            assert_int_equal(want[*at].quality, ((const int8_t *)g->columns[1])[i]);
            assert_true(want[*at].leaf_id == ((const uint64_t *)g->columns[2])[i]);
        }
}

/* Number of parts in which the shard was grouped. */
static size_t check_shard(const fixture *f, zg_row_store *store, size_t shard,
                          uint32_t without)
{
    zg_grouping g;
    size_t at = 0, chunk = 0;
    row *want = zg_alloc((size_t)N_FRAGMENTS * MOST_ROWS, sizeof *want);
    assert_non_null(want);
    const size_t n = expected(f, shard, without, want);
    assert_int_equal(zg_row_store_seal(store, shard, NULL), ZAGG_OK);
    assert_int_equal(zg_row_store_n_rows(store, shard), n);
    assert_int_equal(zg_grouping_begin(f->c.worker, store, shard, f->pool, &g, NULL),
                     ZAGG_OK);
    const size_t n_parts = g.n_parts;
    for (size_t i = 0; i < n_parts; i++) {
        zg_grouped grouped;
        assert_int_equal(zg_grouping_part(&g, i, &grouped, NULL), ZAGG_OK);
        assert_int_equal(grouped.first_chunk, chunk);
        check_part(&grouped, want, &at);
        chunk += grouped.n_chunks;
        zg_grouped_free(f->c.worker, &grouped);
    }
    assert_int_equal(at, n);
    assert_int_equal(chunk, CELLS / CHUNK);
    zg_grouping_end(&g);
    zg_row_store_release(store, shard);
    zg_free(want);
    return n_parts;
}

/* ---- the tests ---- */

static void any_order_any_budget(void **state)
{
    const fixture *f = *state;
    static const uint64_t BUDGETS[] = {0, 1 << 20, 100 << 10, 1};
    for (size_t b = 0; b < sizeof BUDGETS / sizeof BUDGETS[0]; b++) {
        zg_row_store *store = NULL;
        size_t most_parts = 0;
        assert_int_equal(
            zg_row_store_new(f->c.worker, N_SHARDS, 1, BUDGETS[b], NULL, &store, NULL),
            ZAGG_OK);
        for (size_t i = 0; i < N_FRAGMENTS; i++)
            assert_int_equal(add(store, &f->fragments[i], NULL), ZAGG_OK);
        for (size_t s = 0; s < N_SHARDS; s++) {
            const size_t n = check_shard(f, store, s, UINT32_MAX);
            most_parts = n > most_parts ? n : most_parts;
        }
        const zg_spill_stats spilled = zg_row_store_spilled(store);
        assert_int_equal(spilled.written_bytes > 0, b >= 2);
        assert_true(b < 2 ? most_parts == 1 : most_parts > 1);
        if (BUDGETS[b] == 1) /* a chunk is the least that is grouped at once */
            assert_int_equal(most_parts, CELLS / CHUNK);
        zg_row_store_free(store);
    }
}

static void dropped_rows_are_gone(void **state)
{
    const fixture *f = *state;
    zg_row_store *store = NULL;
    assert_int_equal(
        zg_row_store_new(f->c.worker, N_SHARDS, 1, 64 << 10, NULL, &store, NULL),
        ZAGG_OK);
    for (size_t i = 0; i < N_FRAGMENTS; i++)
        assert_int_equal(add(store, &f->fragments[i], NULL), ZAGG_OK);
    for (size_t s = 0; s < N_SHARDS; s++)
        for (uint32_t group = 0; group < 3; group++)
            zg_row_store_drop(store, s, 4, group);
    for (size_t s = 0; s < N_SHARDS; s++)
        (void)check_shard(f, store, s, 4);
    zg_row_store_free(store);
}

typedef struct adder {
    const fixture *fixture;
    zg_row_store *store;
    size_t first;
    bool ok;
} adder;

static void *add_every_fourth(void *arg)
{
    adder *a = arg;
    a->ok = true;
    for (size_t i = a->first; i < N_FRAGMENTS; i += 4)
        a->ok &= add(a->store, &a->fixture->fragments[i], NULL) == ZAGG_OK;
    return NULL;
}

static void threads_add_at_once(void **state)
{
    const fixture *f = *state;
    zg_row_store *store = NULL;
    pthread_t threads[4];
    adder adders[4];
    assert_int_equal(
        zg_row_store_new(f->c.worker, N_SHARDS, 1, 100 << 10, NULL, &store, NULL),
        ZAGG_OK);
    for (size_t t = 0; t < 4; t++) {
        adders[t] = (adder){f, store, t, false};
        assert_int_equal(pthread_create(&threads[t], NULL, add_every_fourth, &adders[t]),
                         0);
    }
    for (size_t t = 0; t < 4; t++) {
        assert_int_equal(pthread_join(threads[t], NULL), 0);
        assert_true(adders[t].ok);
    }
    for (size_t s = 0; s < N_SHARDS; s++)
        (void)check_shard(f, store, s, UINT32_MAX);
    zg_row_store_free(store);
}

/* Shards of which none fills a block: together they exceed the budget nonetheless. */
static void many_small_shards(void **state)
{
    const fixture *f = *state;
    enum { MANY = 500, TIMES = 4, ROWS = 10 };
    static const zagg_dtype DTYPES[] = {ZAGG_DT_F32, ZAGG_DT_I8};
    const uint32_t ranks[ROWS] = {9, 3, 9, 1, 0, 0, 15, 3, 9, 2};
    const int8_t quality[ROWS] = {0};
    const uint64_t leaf_ids[ROWS] = {0};
    zg_row_store *store = NULL;
    assert_int_equal(
        zg_row_store_new(f->c.worker, MANY, 1, 256 << 10, NULL, &store, NULL), ZAGG_OK);
    for (size_t i = 0; i < MANY * TIMES; i++) {
        float h[ROWS];
        for (size_t k = 0; k < ROWS; k++)
            h[k] = (float)(i * ROWS + k);
        const void *const columns[] = {h, quality};
        const zg_row_batch batch = {ROWS, ranks, DTYPES, columns, leaf_ids};
        const zg_row_key key = {(uint32_t)(i / MANY), 0, 0};
        assert_int_equal(zg_row_store_add(store, i % MANY, key, &batch, NULL), ZAGG_OK);
    }
    /* Every block but those that the budget has room for was written. */
    assert_in_range(zg_row_store_spilled(store).written_bytes, 1000 * ROWS * 15,
                    MANY * TIMES * ROWS * 15);
    for (size_t s = 0; s < MANY; s++) {
        zg_grouping g;
        zg_grouped grouped;
        assert_int_equal(zg_row_store_seal(store, s, NULL), ZAGG_OK);
        assert_int_equal(zg_grouping_begin(f->c.worker, store, s, NULL, &g, NULL),
                         ZAGG_OK);
        assert_int_equal(zg_grouping_part(&g, 0, &grouped, NULL), ZAGG_OK);
        assert_int_equal(grouped.n_rows, TIMES * ROWS);
        for (size_t t = 0; t < TIMES; t++) /* rows of cell 9, in reading order */
            for (size_t k = 0; k < 3; k++)
                assert_true(
                    ((const float *)grouped.columns[0])[grouped.offsets[9] + 3 * t + k] ==
                    (float)((t * MANY + s) * ROWS + (k < 2 ? 2 * k : 8)));
        zg_grouped_free(f->c.worker, &grouped);
        zg_grouping_end(&g);
        zg_row_store_release(store, s);
    }
    zg_row_store_free(store);
}

/* Reads of a shard while rows of other types come for another one: for the sanitizers. */
static void *add_all_types(void *arg)
{
    adder *a = arg;
    static const uint64_t zeros[2];
    const void *const columns[] = {zeros, zeros};
    const uint32_t rank = 0;
    a->ok = true;
    for (int i = 0; i < 100; i++) {
        const zagg_dtype dtypes[] = {(zagg_dtype)(ZAGG_DT_I8 + i % 10),
                                     (zagg_dtype)(ZAGG_DT_I8 + i / 10)};
        const zg_row_batch batch = {1, &rank, dtypes, columns, zeros};
        a->ok &= zg_row_store_add(a->store, 1, (zg_row_key){0, 0, (uint64_t)i}, &batch,
                                  NULL) == ZAGG_OK;
    }
    return NULL;
}

static void reads_while_types_are_added(void **state)
{
    const fixture *f = *state;
    adder a = {f, NULL, 0, false};
    pthread_t thread;
    zg_row_reader reader = {0};
    zagg_err err = ZAGG_ERR_INIT;
    fragment *one = zg_alloc(1, sizeof *one);
    assert_non_null(one);
    one->n = MOST_ROWS;
    assert_int_equal(zg_row_store_new(f->c.worker, 2, 1, 0, NULL, &a.store, NULL),
                     ZAGG_OK);
    assert_int_equal(add(a.store, one, NULL), ZAGG_OK);
    assert_int_equal(zg_row_store_seal(a.store, 0, NULL), ZAGG_OK);
    assert_int_equal(pthread_create(&thread, NULL, add_all_types, &a), 0);
    for (int i = 0; i < 200; i++)
        assert_int_equal(zg_row_store_read(a.store, 0, 0, true, &reader, NULL), ZAGG_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(a.ok);
    assert_int_equal(zg_row_store_seal(a.store, 1, &err), ZAGG_EFORMAT);
    assert_string_equal(err.msg, "column 'h' is int8 in one read and int16 in another; "
                                 "granules of one shard must agree");
    zg_row_reader_free(&reader);
    zg_row_store_free(a.store);
    zg_free(one);
}

/* A million rows and more, added backwards; heights tell the order of reading. */
static zg_grouped group_many(const fixture *f, uint64_t budget, zagg_pool *pool,
                             size_t n_fragments)
{
    zg_row_store *store = NULL;
    zg_grouping g;
    zg_grouped grouped;
    uint64_t random = 1;
    fragment *one = zg_alloc(1, sizeof *one);
    assert_non_null(one);
    assert_int_equal(zg_row_store_new(f->c.worker, 1, 1, budget, NULL, &store, NULL),
                     ZAGG_OK);
    for (size_t i = n_fragments; i-- > 0;) {
        one->n = MOST_ROWS;
        one->key = (zg_row_key){(uint32_t)i, 0, 0};
        for (size_t k = 0; k < one->n; k++) {
            one->ranks[k] = (uint32_t)(random_u64(&random) % CELLS);
            one->h[k] = (float)(i * MOST_ROWS + k);
        }
        assert_int_equal(add(store, one, NULL), ZAGG_OK);
    }
    assert_int_equal(zg_row_store_seal(store, 0, NULL), ZAGG_OK);
    assert_int_equal(zg_grouping_begin(f->c.worker, store, 0, pool, &g, NULL), ZAGG_OK);
    assert_int_equal(g.n_parts, 1);
    assert_int_equal(zg_grouping_part(&g, 0, &grouped, NULL), ZAGG_OK);
    zg_grouping_end(&g);
    zg_row_store_free(store);
    zg_free(one);
    return grouped;
}

static void threads_group_one_shard(void **state)
{
    const fixture *f = *state;
    enum { N = 1300 };
    zagg_pool *pool = NULL;
    assert_int_equal(zagg_pool_new(3, &pool, NULL), ZAGG_OK);
    zg_grouped one = group_many(f, 0, NULL, N), three = group_many(f, 0, pool, N);
    assert_int_equal(one.n_rows, N * MOST_ROWS);
    assert_int_equal(one.offsets[CELLS], N * MOST_ROWS);
    assert_memory_equal(one.offsets, three.offsets, (CELLS + 1) * sizeof *one.offsets);
    assert_memory_equal(one.columns[0], three.columns[0], one.n_rows * sizeof(float));
    const float *h = three.columns[0];
    for (size_t c = 0; c < CELLS; c++)
        for (size_t i = three.offsets[c] + 1; i < three.offsets[c + 1]; i++)
            assert_true(h[i] > h[i - 1]);
    zg_grouped_free(f->c.worker, &one);
    zg_grouped_free(f->c.worker, &three);
    zagg_pool_free(pool);
}

static void a_folder_that_cannot_be_written(void **state)
{
    const fixture *f = *state;
    zg_row_store *store = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status status = ZAGG_OK;
    assert_int_equal(
        zg_row_store_new(f->c.worker, N_SHARDS, 1, 1, "/nowhere/at/all", &store, NULL),
        ZAGG_OK);
    for (size_t i = 0; status == ZAGG_OK && i < N_FRAGMENTS; i++)
        status = add(store, &f->fragments[i], &err);
    assert_int_equal(status, ZAGG_EIO);
    assert_non_null(strstr(err.msg, "/nowhere/at/all: cannot make a file for rows"));
    zg_row_store_free(store);
}

/* Ranks in either form, in pieces of any size. */
static void ranks_come_back(void **state)
{
    enum { N = 200000 };
    static uint32_t ranks[N], back[N];
    static uint8_t packed[N * 6];
    uint64_t random = 7;
    (void)state;
    for (size_t rank_bytes = 2; rank_bytes <= 4; rank_bytes += 2)
        for (size_t run = 1; run <= N; run = run * 3 + 1) {
            size_t at = 0, used = 0;
            for (size_t i = 0; i < N; i++)
                ranks[i] =
                    i % run
                        ? ranks[i - 1]
                        : (uint32_t)(random_u64(&random) >> (rank_bytes == 2 ? 48 : 33));
            const zg_rank_form form = zg_rank_form_of(ranks, N, rank_bytes);
            assert_int_equal(form.n_runs > 0, run >= 3);
            while (at < N)
                used += zg_ranks_pack(form, ranks, N, &at, packed + used,
                                      8 + random_u64(&random) % 3000);
            assert_int_equal(used, zg_rank_form_bytes(form, N));
            assert_true(used <= N * rank_bytes);
            zg_ranks_unpack(form, packed, N, back);
            assert_memory_equal(ranks, back, sizeof ranks);
        }
}

static void what_was_written_comes_back(void **state)
{
    (void)state;
    zg_spill *spill = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    uint64_t offset;
    const char bytes[100] = {0};
    char back[200];
    assert_int_equal(zg_spill_new("/tmp", sizeof bytes, &spill, NULL), ZAGG_OK);
    assert_int_equal(zg_spill_write(spill, bytes, sizeof bytes, &offset, NULL), ZAGG_OK);
    assert_int_equal(zg_spill_read(spill, offset, sizeof bytes, back, NULL), ZAGG_OK);
    assert_memory_equal(bytes, back, sizeof bytes);
    /* What was never written is not invented. */
    assert_int_equal(zg_spill_read(spill, offset, sizeof back, back, &err), ZAGG_EIO);
    zg_spill_free(spill);
}

static void slots_are_used_again(void **state)
{
    (void)state;
    zg_spill *spill = NULL;
    uint64_t offsets[10];
    char bytes[100], back[100];
    assert_int_equal(zg_spill_new("/tmp", sizeof bytes, &spill, NULL), ZAGG_OK);
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < 10; i++) {
            memset(bytes, round + (int)i, sizeof bytes);
            assert_int_equal(zg_spill_write(spill, bytes, 50 + i, &offsets[i], NULL),
                             ZAGG_OK);
        }
        for (size_t i = 0; i < 10; i++) {
            memset(bytes, round + (int)i, sizeof bytes);
            assert_int_equal(zg_spill_read(spill, offsets[i], 50 + i, back, NULL),
                             ZAGG_OK);
            assert_memory_equal(bytes, back, 50 + i);
            zg_spill_give(spill, offsets[i]);
        }
    }
    assert_int_equal(zg_spill_get_stats(spill).file_bytes, 10 * sizeof bytes);
    zg_spill_free(spill);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {TEST(any_order_any_budget),
                                       TEST(dropped_rows_are_gone),
                                       TEST(threads_add_at_once),
                                       TEST(many_small_shards),
                                       TEST(reads_while_types_are_added),
                                       TEST(threads_group_one_shard),
                                       TEST(a_folder_that_cannot_be_written),
                                       TEST(what_was_written_comes_back),
                                       TEST(slots_are_used_again),
                                       TEST(ranks_come_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
