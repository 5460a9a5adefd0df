/* Granules closest to the times of covers: choices, what is refused, lack of memory. What
 * upstream makes of the same is compared in tests/peer/closest.py. */
#include "fixture.h"
#include "map/epochs.h"
#include "stats/observation_time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SPEC "\"spec\": \"zagg-coverage-toc-cover/1\""
#define HALF_BUCKET_NS (INT64_C(1) << 38) /* of order 24 */

typedef struct scene {
    zagg_arena *arena;
    zagg_grid *grid;
    zagg_shardmap *map;
    char log[1024];
    zagg_log *logger;
} scene;

static void note(void *user, zagg_log_level level, const char *message)
{
    scene *s = user;
    (void)level;
    (void)snprintf(s->log, sizeof s->log, "%s", message);
}

/** Five rasters over the same place, two of which were taken at one moment. */
static int scene_new(void **state)
{
    static const char *const TIMES[] = {"2025-01-05T00:00:00Z", "2025-01-01T00:00:00Z",
                                        "2025-01-01T00:00:00Z", "2025-01-03T00:00:00Z",
                                        "2025-01-09T00:00:00Z"};
    static const double LAT[] = {38.5, 38.5, 38.51}, LON[] = {-76.5, -76.49, -76.5};
    scene *s = zg_alloc(1, sizeof *s);
    if (s == NULL || zagg_arena_new(0, &s->arena, NULL) != ZAGG_OK)
        return -1;
    s->grid = new_healpix(6, 10);
    s->logger = zagg_log_new(ZAGG_LOG_DEBUG, note, s);
    const zagg_shape region = box_shape(s->arena, -76.5, 38.5, -76.499, 38.501);
    const zagg_map_opts opts = {.region = &region};
    zagg_map_builder *b = NULL;
    if (s->logger == NULL ||
        zagg_map_builder_new(s->grid, NULL, &opts, &b, NULL) != ZAGG_OK)
        return -1;
    for (size_t i = 0; i < 5; i++) {
        test_item t;
        make_item(&t, i, (zagg_ring){LAT, LON, 3});
        t.item.start = TIMES[i];
        if (zagg_map_builder_add(b, &t.item, NULL) != ZAGG_OK)
            return -1;
    }
    *state = s;
    return zagg_map_builder_finish(b, "map", &s->map, NULL) == ZAGG_OK &&
                   s->map->n_shards == 1
               ? 0
               : -1;
}

static int scene_free(void **state)
{
    scene *s = *state;
    zagg_shardmap_free(s->map);
    zagg_log_free(s->logger);
    zagg_grid_free(s->grid);
    zagg_arena_free(s->arena);
    zg_free(s);
    return 0;
}

/* ---- covers ---- */

/** The word of an instant in UTC. */
static uint64_t instant(const char *time)
{
    const int64_t zero = 0;
    zg_clock clock;
    uint64_t word = 0;
    assert_int_equal(zg_clock_new(time, "seconds", &clock, NULL), ZAGG_OK);
    assert_int_equal(zg_clock_words(&clock, ZAGG_DT_I64, &zero, 1, &word, NULL), ZAGG_OK);
    return word;
}

static void base64(const uint64_t *words, size_t n, char *out)
{
    static const char DIGITS[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const size_t len = 8 * n;
    for (size_t i = 0; i < len; i += 3) {
        uint32_t v = 0;
        for (size_t k = 0; k < 3; k++) {
            const size_t at = i + k;
            v = v << 8 | (at < len ? (uint32_t)(words[at / 8] >> 8 * (at % 8) & 255) : 0);
        }
        for (size_t k = 0; k < 4; k++)
            *out++ = i + k <= len ? DIGITS[v >> (18 - 6 * k) & 63] : '=';
    }
    *out = '\0';
}

/** A cover of the map's shard; `more`: members of its block. */
static zagg_map_reference cover_of(const scene *s, const uint64_t *words, size_t n,
                                   const char *more)
{
    enum { ROOM = 2000 };
    char id[33], text[600];
    char *out = zg_alloc(ROOM, 1);
    assert_non_null(out);
    assert_true(n <= 50);
    base64(words, n, text);
    assert_int_equal(zagg_word_decimal(s->map->shards[0].key, id, NULL), ZAGG_OK);
    const int len = snprintf(out, ROOM,
                             "{" SPEC ", \"order\": 6, \"shards\": {\"%s\": {\"words\": "
                             "\"%s\", \"count\": %zu%s}}}",
                             id, text, n, more);
    return (zagg_map_reference){"store", out, (size_t)len};
}

static zagg_status closest(const scene *s, const zagg_map_reference *r, int64_t most_ns,
                           zagg_shardmap **out, zagg_err *err)
{
    const zagg_map_closest_opts opts = {
        .references = r, .n_references = 1, .max_offset_ns = most_ns, .log = s->logger};
    return zagg_map_closest(s->map, s->grid, &opts, out, err);
}

static uint64_t told(const zagg_shardmap *map, const char *key)
{
    uint64_t n = 0;
    assert_true(zagg_value_u64(
        zagg_value_get(zagg_value_get(map->metadata, "closest_obs"), key), &n));
    return n;
}

/* ---- tests ---- */

/** The nearer neighbour; the first of one moment; what is too far is listed. */
static void choices(void **state)
{
    scene *s = *state;
    const uint64_t words[] = {
        instant("2024-12-30T00:00:00"), instant("2025-01-01T23:00:00"),
        instant("2025-01-02T01:00:00"), instant("2025-01-08T00:00:00"),
        instant("2026-01-01T00:00:00")};
    zagg_map_reference r = cover_of(s, words, 5, "");
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    if (closest(s, &r, -1, &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    static const char *const ALL[] = {"granule_000001.h5", "granule_000003.h5",
                                      "granule_000004.h5"};
    assert_int_equal(map->n_shards, 1);
    assert_int_equal(map->shards[0].n_granules, 3);
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(map->shards[0].granules[i]->id, ALL[i]);
    assert_int_equal(told(map, "epochs_paired"), 5);
    assert_non_null(strstr(map->shards[0].granules[1]->record,
                           "\"datetime\":\"2025-01-03T00:00:00+00:00\",\"paired_epochs\":"
                           "[\"2025-01-02T0"));
    zagg_shardmap_free(map);
    if (closest(s, &r, INT64_C(3) * 86400 * 1000000000, &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(told(map, "epochs_total"), 5);
    assert_int_equal(told(map, "epochs_paired"), 4);
    assert_int_equal(told(map, "epochs_dropped_low_resolution"), 0);
    assert_non_null(strstr(s->log, "1 of 5 epochs have no granule close enough"));
    zagg_shardmap_free(map);
    if (closest(s, &r, HALF_BUCKET_NS - 1, &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(map->n_shards, 0);
    assert_int_equal(told(map, "epochs_dropped_low_resolution"), 5);
    zagg_shardmap_free(map);
    zg_free((void *)(uintptr_t)r.cover);
}

/** A word that goes over many buckets is as many epochs. */
static void runs_of_buckets(void **state)
{
    scene *s = *state;
    const uint64_t start = instant("2025-01-01T00:00:00") >> 32, end = (start + 2049) / 2;
    const uint64_t words[] = {start << 32 | end};
    zagg_map_reference r = cover_of(s, words, 1, "");
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    if (closest(s, &r, -1, &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    const uint64_t first = (start << 31) >> 39, last = ((end << 32) - 1) >> 39;
    assert_int_equal(told(map, "epochs_total"), last - first + 1);
    assert_true(last > first);
    zagg_shardmap_free(map);
    zg_free((void *)(uintptr_t)r.cover);
}

static void refuse(const scene *s, const char *text, zagg_status want,
                   const char *message)
{
    const zagg_map_reference r = {"store", text, strlen(text)};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    const zagg_status status = closest(s, &r, -1, &map, &err);
    if (status != want || strstr(err.msg, message) == NULL)
        fail_msg("%s: %s: %s", text, zagg_status_name(status), err.msg);
    assert_null(map);
}

static void refused(void **state)
{
    const scene *s = *state;
    char id[33], text[400];
    assert_int_equal(zagg_word_decimal(s->map->shards[0].key, id, NULL), ZAGG_OK);
    refuse(s, "{", ZAGG_EFORMAT, "coverage.toc");
    refuse(s, "[]", ZAGG_ECONFIG, "no cover of the revision");
    refuse(s, "{\"spec\": 7}", ZAGG_ECONFIG, "no cover of the revision");
    refuse(s, "{" SPEC "}", ZAGG_ECONFIG, "needs the order of its shards");
    refuse(s, "{" SPEC ", \"order\": 30}", ZAGG_ECONFIG, "needs the order of its shards");
    refuse(s, "{" SPEC ", \"order\": 6, \"temporal_order\": 32}", ZAGG_ECONFIG,
           "at most 31");
    refuse(s, "{" SPEC ", \"order\": 7}", ZAGG_ECONFIG, "order 7, those of the map");
    refuse(s, "{" SPEC ", \"order\": 6, \"shards\": [1]}", ZAGG_ECONFIG,
           "decimal morton");
    refuse(s, "{" SPEC ", \"order\": 6, \"shards\": {\"11\": {}}}", ZAGG_ECONFIG,
           "decimal morton ids of order 6");
    static const struct {
        const char *block, *message;
    } BLOCKS[] = {{"7", "a block needs words"},
                  {"{\"words\": \"\"}", "a block needs words"},
                  {"{\"words\": \"\", \"count\": 0, \"temporal_order\": 25}", "(24)"},
                  {"{\"words\": \"\", \"count\": 0, \"temporal_order\": -1}", "(24)"},
                  {"{\"words\": \"AAAAAAAAAAA=\", \"count\": 2}", "1 words where"},
                  {"{\"words\": \"AAAA\", \"count\": 0}", "no base64 of 64-bit words"},
                  {"{\"words\": \"A*==\", \"count\": 0}", "no base64 of 64-bit words"},
                  {"{\"words\": \"A\", \"count\": 0}", "no base64 of 64-bit words"}};
    for (size_t i = 0; i < sizeof BLOCKS / sizeof BLOCKS[0]; i++) {
        (void)snprintf(text, sizeof text,
                       "{" SPEC ", \"order\": 6, \"shards\": {\"%s\": %s}}", id,
                       BLOCKS[i].block);
        refuse(s, text, ZAGG_ECONFIG, BLOCKS[i].message);
    }
    /* three centuries in buckets of two seconds */
    (void)snprintf(text, sizeof text,
                   "{" SPEC
                   ", \"order\": 6, \"temporal_order\": 31, \"shards\": {\"%s\": "
                   "{\"words\": \"////fwAAAAA=\", \"count\": 1}}}",
                   id);
    refuse(s, text, ZAGG_ERANGE, "more than 2^24 epochs");
}

/** Too many granules, and granules without a time. */
static void maps_refused(void **state)
{
    scene *s = *state;
    const uint64_t words[] = {instant("2025-01-01T00:00:00"),
                              instant("2025-01-09T00:00:00")};
    zagg_map_reference r = cover_of(s, words, 2, "");
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    const zagg_map_closest_opts opts = {
        .references = &r, .n_references = 1, .max_offset_ns = -1, .max_granules = 1};
    assert_int_equal(zagg_map_closest(s->map, s->grid, &opts, &map, &err), ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "would have 2 granules, more than the 1 allowed"));
    const zagg_granule bare = {"g", "s3://b/g", NULL, NULL};
    const zagg_granule *const list[] = {&bare};
    const zagg_shard_entry shard = {s->map->shards[0].key, list, 1, NULL, 0};
    zagg_shardmap other = *s->map;
    other.shards = &shard;
    assert_int_equal(zagg_map_closest(&other, s->grid, &opts, &map, &err), ZAGG_ECONFIG);
    assert_non_null(strstr(err.msg, "granule g has no time"));
    const zagg_shard_entry empty = {s->map->shards[0].key, NULL, 0, NULL, 0};
    other.shards = &empty;
    assert_int_equal(zagg_map_closest(&other, s->grid, &opts, &map, &err), ZAGG_OK);
    assert_int_equal(told(map, "epochs_dropped"), 2);
    zagg_shardmap_free(map);
    zg_free((void *)(uintptr_t)r.cover);
}

static void lack_of_memory(void **state)
{
    scene *s = *state;
    const uint64_t words[] = {instant("2025-01-01T00:00:00"),
                              instant("2025-03-01T00:00:00")};
    zagg_map_reference r = cover_of(s, words, 2, "");
    zagg_err err = ZAGG_ERR_INIT;
    int64_t nth = 1;
    zagg_status status = ZAGG_ENOMEM;
    for (; status != ZAGG_OK; nth++) {
        zagg_shardmap *map = NULL;
        zg_alloc_fail_nth(nth);
        status = closest(s, &r, INT64_C(5) * 86400 * 1000000000, &map, &err);
        zg_alloc_fail_nth(0);
        if (status != ZAGG_OK && status != ZAGG_ENOMEM)
            fail_msg("allocation %d: %s", (int)nth, err.msg);
        zagg_shardmap_free(map);
    }
    assert_true(nth > 15);
    zg_free((void *)(uintptr_t)r.cover);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices), cmocka_unit_test(runs_of_buckets),
        cmocka_unit_test(refused), cmocka_unit_test(maps_refused),
        cmocka_unit_test(lack_of_memory)};
    return cmocka_run_group_tests(tests, scene_new, scene_free);
}
