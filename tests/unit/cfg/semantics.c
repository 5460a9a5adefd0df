/* What changes the semantic hash of a config and what does not. Upstream's own hashes:
 * tests/golden/semantics.c. */
#include "cfg_test.h"
#include "zagg/io.h"

#include <string.h>

#define BASE(source, aggregation, field, output)                                         \
    "data_source:\n"                                                                     \
    "  groups: [a, b]\n"                                                                 \
    "  coordinates: {latitude: /x, longitude: /y}\n"                                     \
    "  variables: {h: /h, t: /t}\n" source "aggregation:\n" aggregation "  variables:\n" \
    "    d: {kind: ragged, inner_shape: 2, source: h, function: "                        \
    "zagg.stats.tdigest.build_tdigest" field "}\n"                                       \
    "output:\n" output
#define GRID "  grid: {type: healpix, parent_order: 6, child_order: 12}\n"
#define PLAIN BASE("", "", "", GRID)

static void hash_of(const char *text, zagg_latitude latitude,
                    char out[ZAGG_SEMANTIC_HASH_BYTES])
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *p = must_load(text);
    if (zagg_pipeline_semantic_hash(p, latitude, out, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_pipeline_free(p);
}

static bool same(const char *a, const char *b)
{
    char x[ZAGG_SEMANTIC_HASH_BYTES], y[ZAGG_SEMANTIC_HASH_BYTES];
    hash_of(a, ZAGG_LATITUDE_AUTHALIC, x);
    hash_of(b, ZAGG_LATITUDE_AUTHALIC, y);
    return strcmp(x, y) == 0;
}

static void test_packaging(void **state)
{
    (void)state;
    static const char *const EQUAL[] = {
        BASE("  driver: https\n  read_workers: 3\n  shard_workers: 2\n", "", "", GRID),
        BASE("  read_plan: null\n  quality_filter: null\n", "", "", GRID),
        BASE("", "  handoff: pandas\n  streaming: {mode: spill}\n", "", GRID),
        BASE("", "", ", weights: counts, overview_delta: 64, attrs: null", GRID),
        BASE("", "", "",
             "  grid: {type: healpix, parent_order: 7, child_order: 13, chunk_inner: 9, "
             "sharded: true, indexing_scheme: nested, emit_cell_ids: true}\n"),
        BASE("", "", "", "  store: x\n  store_layout: flat\n  codec: zstd\n" GRID),
        BASE("", "", "", "  pyramid: false\n  aoi_mask: false\n  windowing: null\n" GRID),
        BASE("", "", "",
             GRID "  time_source: {field: t, epoch: '2018-01-01', scale: gps}\n"),
        BASE("", "", "", GRID "pipeline: {type: spatial}\nworker: {memory: 4096}\n"),
    };
    for (size_t i = 0; i < sizeof EQUAL / sizeof EQUAL[0]; i++)
        if (!same(PLAIN, EQUAL[i]))
            fail_msg("case %zu has another hash", i);
}

static void test_semantics(void **state)
{
    (void)state;
    static const char *const OTHERS[] = {
        BASE("  filters: []\n", "", "", GRID),
        BASE("", "  coordinates: {morton: {dtype: uint64, fill_value: 0}}\n", "", GRID),
        BASE("", "", ", params: {delta: 32}", GRID),
        BASE("", "", ", params: {}", GRID),
        BASE("", "", "",
             "  grid: {type: healpix, parent_order: 6, child_order: 12, sharded: "
             "false}\n"),
        BASE("", "", "",
             "  grid: {type: healpix, parent_order: 6, child_order: 12, sharded: "
             "null}\n" /* which is false */),
        BASE("", "", "", "  aoi_mask: true\n" GRID),
        BASE("", "", "", "  windowing: {schedule: yearly}\n" GRID),
        BASE("", "", "", "  compat: zagg-0.11\n" GRID),
        BASE("", "", ", temporal: per-centroid",
             GRID "  time_source: {field: t, epoch: '2018-01-01', scale: gps}\n"),
        BASE("", "", ", temporal: per-centroid",
             GRID "  time_source: {field: t, epoch: '2018-01-01', scale: tai}\n"),
        BASE(
            "", "", "",
            "  grid: {type: rectilinear, crs: 'EPSG:4326', resolution: 1, bounds: [0, 0, "
            "9, 9]}\n"),
        BASE(
            "", "", "",
            "  grid: {type: rectilinear, crs: 'EPSG:4326', resolution: 1, bounds: [0, 0, "
            "9, 8]}\n"),
    };
    const size_t n = sizeof OTHERS / sizeof OTHERS[0];
    for (size_t i = 0; i < n; i++) {
        if (same(PLAIN, OTHERS[i]))
            fail_msg("case %zu has the same hash", i);
        for (size_t k = i + 1; k < n; k++)
            if (same(OTHERS[i], OTHERS[k]) && !(i == 4 && k == 5))
                fail_msg("cases %zu and %zu have the same hash", i, k);
    }
    assert_true(same(OTHERS[4], OTHERS[5]));
}

static void test_latitude(void **state)
{
    (void)state;
    char x[ZAGG_SEMANTIC_HASH_BYTES], y[ZAGG_SEMANTIC_HASH_BYTES];
    hash_of(PLAIN, ZAGG_LATITUDE_AUTHALIC, x);
    hash_of(PLAIN, ZAGG_LATITUDE_GEODETIC, y);
    assert_string_not_equal(x, y);
}

/* A fill that is not a number is upstream's text for it. */
static void test_nan_fill(void **state)
{
    (void)state;
    static const char field[] = "\n    d: {kind: ragged";
    const char *fills[2] = {"\n    n: {function: min, source: h, fill_value: .nan}",
                            "\n    n: {function: min, source: h, fill_value: NaN}"};
    char texts[2][2048];
    for (size_t i = 0; i < 2; i++) {
        const char *at = strstr(PLAIN, field);
        assert_non_null(at);
        (void)snprintf(texts[i], sizeof texts[i], "%.*s%s%s", (int)(at - PLAIN), PLAIN,
                       fills[i], at);
    }
    assert_true(same(texts[0], texts[1]));
}

static void test_yaml(void **state)
{
    (void)state;
    static const char WANT[] = "aggregation:\n"
                               "  variables:\n"
                               "    d:\n"
                               "      function: zagg.stats.tdigest.build_tdigest\n"
                               "      inner_shape: 2\n"
                               "      kind: ragged\n"
                               "      source: h\n"
                               "data_source:\n"
                               "  coordinates:\n"
                               "    latitude: /x\n"
                               "    longitude: /y\n"
                               "  groups:\n"
                               "  - a\n"
                               "  - b\n"
                               "  variables:\n"
                               "    h: /h\n"
                               "    t: /t\n"
                               "grid:\n"
                               "  indexing_scheme: nested\n"
                               "  sharded: true\n"
                               "  type: healpix\n"
                               "output:\n"
                               "  aoi_mask: false\n"
                               "pipeline:\n"
                               "  type: spatial\n";
    zagg_err err = ZAGG_ERR_INIT;
    char *text = NULL;
    size_t len = 0;
    zagg_pipeline *p = must_load(PLAIN);
    assert_int_equal(
        zagg_pipeline_semantic_yaml(p, ZAGG_LATITUDE_AUTHALIC, &text, &len, &err),
        ZAGG_OK);
    assert_int_equal(len, strlen(WANT));
    assert_memory_equal(text, WANT, len);
    zagg_bytes_free(text);
    assert_int_equal(
        zagg_pipeline_semantic_hash(NULL, ZAGG_LATITUDE_AUTHALIC, NULL, &err), ZAGG_EARG);
    zagg_pipeline_free(p);
}

/* A date without quotes is no JSON, upstream says so, too. */
static void test_refused(void **state)
{
    (void)state;
    char hash[ZAGG_SEMANTIC_HASH_BYTES];
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *p = must_load(BASE("  since: 2020-01-01\n", "", "", GRID));
    assert_int_equal(zagg_pipeline_semantic_hash(p, ZAGG_LATITUDE_AUTHALIC, hash, &err),
                     ZAGG_EUNSUPPORTED);
    assert_non_null(strstr(err.msg, "line 5: date value 2020-01-01 cannot be written"));
    zagg_pipeline_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packaging), cmocka_unit_test(test_semantics),
        cmocka_unit_test(test_latitude),  cmocka_unit_test(test_nan_fill),
        cmocka_unit_test(test_yaml),      cmocka_unit_test(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
