/* What faulty configs are told: file, line, key path, what was found, what is allowed. */
#include "cfg/cfg.h"
#include "cfg_test.h"

#include <string.h>

static void test_messages(void **state)
{
    (void)state;
    must_refuse(
        "", "t.yaml: the config is empty; it needs data_source, aggregation and output");
    must_refuse("a",
                "t.yaml:1: found 'a'; must be a mapping of data_source, aggregation and "
                "output");
    must_refuse(FIELDS OUTPUT, "t.yaml:1: data_source: required section missing");
    must_refuse(
        SOURCE FIELDS "output: {grid: {type: healpix, parent_order: 6, child_order: 4}}",
        "t.yaml:8: output.grid.child_order: found 4; must be at least parent_order (6)");
    must_refuse(
        SOURCE FIELDS "output: {grid: {type: healpix, parent_order: 6, child_ordr: 4}}",
        "t.yaml:8: output.grid.child_order: missing; a healpix grid needs it (did you "
        "mean it by 'child_ordr'?)");
    must_refuse(
        SOURCE FIELDS "output: {grid: {type: healpix, parent_order: 6, "
                      "child_order: 8, cf: true}}",
        "t.yaml:8: output.grid.cf: only a rectilinear grid has a CF grid mapping; "
        "remove it");
    must_refuse(
        SOURCE FIELDS "output: {grid: {type: healpix, parent_order: 6, child_order: 30}}",
        "t.yaml:8: output.grid.child_order: found 30; must be an integer from 0 to 29");
    must_refuse(
        SOURCE "  filters: [{dataset: /q, op: gt, value: 1e-6}]\n" FIELDS OUTPUT,
        "t.yaml:5: data_source.filters[0].value: found '1e-6'; must be a number (YAML "
        "1.1 reads 1e-6 as text: write 1.0e-6)");
    must_refuse(
        SOURCE "  filters: [{dataset: /q, op: is, value: 1}]\n" FIELDS OUTPUT,
        "t.yaml:5: data_source.filters[0].op: found 'is'; must be eq, ne, ge, le, lt, "
        "gt, in or not_in");
    must_refuse(
        SOURCE "  filters: [{expression: 'h > nope'}]\n" FIELDS OUTPUT,
        "t.yaml:5: data_source.filters[0].expression: 'nope' is neither a column nor a "
        "name that zagg knows");
    must_refuse(
        SOURCE FIELDS "    x: {function: mediam, source: h}\n" OUTPUT,
        "t.yaml:8: aggregation.variables.x.function: found 'mediam'; must be a known "
        "function (did you mean median?)");
    must_refuse(
        SOURCE FIELDS "    x: {function: os.system, source: h}\n" OUTPUT,
        "t.yaml:8: aggregation.variables.x.function: found 'os.system'; must be a known "
        "function: a numpy reducer such as mean, np.mean or numpy.mean, len, count, or "
        "one of zagg.stats");
    must_refuse(
        SOURCE FIELDS "    x: {function: min, source: h, dtype: f4}\n" OUTPUT,
        "t.yaml:8: aggregation.variables.x.dtype: found 'f4'; must be bool, int8, int16, "
        "int32, int64, uint8, uint16, uint32, uint64, float32 or float64");
    must_refuse(SOURCE FIELDS OUTPUT "worker: {memory: 1024}\n",
                "t.yaml:11: worker.memory: found 1024; must be 2048, 4096 or 8192 (MB)");
}

static void test_refused_keys(void **state)
{
    (void)state;
    must_refuse(
        SOURCE "  index: {backend: inline, write_back: true, store: x}\n" FIELDS OUTPUT,
        "t.yaml:5: data_source.index.write_back: this version does not do it (sidecar "
        "indexes are not written); remove the key");
    must_refuse(
        SOURCE "  reader: raster\n" FIELDS OUTPUT,
        "t.yaml:5: data_source.reader: this version reads HDF5 point granules only; the "
        "raster reader is not done yet");
    must_refuse(
        "pipeline: {type: event}\n",
        "t.yaml:1: pipeline.type: this version runs spatial pipelines only; temporal and "
        "event pipelines are not done yet");
    must_refuse(
        "data_source:\n  variables:\n    z: {synthesize: linspace}\n" FIELDS OUTPUT,
        "t.yaml:3: data_source.variables.z.synthesize: this version does not do it "
        "(column computed within variable-length records); remove the key");
    /* switched off they are no trouble */
    zagg_pipeline_free(must_load(
        SOURCE FIELDS OUTPUT "  windowing: null\n  aoi_mask: false\n  icechunk: false\n"
                             "  pyramid: false\n  leaf_versions: false\n  sweep: none\n"
                             "  time_encoding: microseconds\n  coverage_moc: false\n"
                             "  touch: auto\n"));
}

/* These load; a run refuses them. */
static void test_keys_not_run(void **state)
{
    (void)state;
    must_not_run(
        SOURCE FIELDS OUTPUT "  windowing: {schedule: yearly}\n",
        "t.yaml:11: output.windowing: this version does not do it (time windows of a "
        "hive store); remove the key");
    must_not_run(
        SOURCE FIELDS "  streaming: {mode: spill}\n" OUTPUT,
        "t.yaml:8: aggregation.streaming: this version does not do it (reduction in "
        "bounded buffers; only kept rows are held here anyway); remove the key");
    must_run(SOURCE FIELDS OUTPUT "  aoi_mask: true\n");
    must_run(SOURCE FIELDS OUTPUT "  windowing: {schedule: none}\n  icechunk: false\n"
                                  "  pyramid: null\n  sweep: none\n");
    /* what upstream makes beside a hive, and no value depends on */
    must_run(SOURCE FIELDS "output:\n  grid: {type: healpix, parent_order: 6, "
                           "child_order: 12}\n  icechunk: {commit: leaf}\n  pyramid: "
                           "{overviews: [8]}\n  sweep: stages\n  leaf_versions: true\n");
}

static void test_hive_and_codec(void **state)
{
    (void)state;
    must_refuse(SOURCE FIELDS OUTPUT "  coverage_moc: true\n",
                "t.yaml:11: output.coverage_moc: only the hive layout has it; remove it");
    must_refuse(
        SOURCE FIELDS OUTPUT "  leaf_versions: true\n",
        "t.yaml:11: output.leaf_versions: only the hive layout has it; remove it");
    must_refuse(SOURCE FIELDS OUTPUT "  leaf_versions: 1\n",
                "t.yaml:11: output.leaf_versions: found 1; must be true or false");
    must_refuse(SOURCE FIELDS OUTPUT "  codec: gzip\n",
                "t.yaml:11: output.codec: found 'gzip'; must be zstd or none");
    must_refuse(SOURCE FIELDS OUTPUT "  codec: zstd\n  codec_level: 23\n",
                "t.yaml:12: output.codec_level: found 23; must be an integer from 1 to "
                "22");
    must_refuse(SOURCE FIELDS OUTPUT "  codec_level: 3\n",
                "t.yaml:11: output.codec_level: there is no codec to have a level; write "
                "codec: zstd or remove it");
    must_refuse(SOURCE FIELDS OUTPUT "  codec: zstd\n  compat: zagg-0.11\n",
                "t.yaml:11: output.codec: zagg 0.11 packs no numbers; remove it");
    must_run(SOURCE FIELDS OUTPUT "  codec: zstd\n  codec_level: 9\n");
    must_run(SOURCE FIELDS OUTPUT "  codec: none\n");
}

static void test_compat_rules(void **state)
{
    (void)state;
    must_refuse(SOURCE FIELDS "output: {compat: zagg-0.11, aoi_mask: true}\n",
                "t.yaml:8: output.aoi_mask: zagg 0.11 knows no mask; remove one of the "
                "two");
    must_refuse(SOURCE FIELDS "output: {compat: '0.11'}\n",
                "t.yaml:8: output.compat: found '0.11'; must be zagg-0.11");
    must_refuse(
        SOURCE FIELDS "output: {compat: zagg-0.11, grid: {type: healpix,\n"
                      "  sharded: true, parent_order: 6, child_order: 12}}\n",
        "t.yaml:9: output.grid.sharded: zagg 0.11 refuses shards of one chunk: write a "
        "chunk_inner above parent_order, or sharded: false");
    must_refuse(
        SOURCE FIELDS "output: {compat: zagg-0.11, store_layout: hive}\n",
        "t.yaml:8: output.store_layout: zagg 0.11 knows no hive layout; write flat");
    must_refuse(
        SOURCE FIELDS "output:\n  consolidate_metadata: true\n  grid: {type: healpix,\n"
                      "    parent_order: 6, child_order: 12}\n",
        "t.yaml:9: output.consolidate_metadata: a hive store has no root hierarchy to "
        "consolidate; remove it or write store_layout: flat");
}

static void test_not_run(void **state)
{
    (void)state;
    must_not_run(
        SOURCE FIELDS "    x: {function: min}\n" OUTPUT,
        "t.yaml:8: aggregation.variables.x: no source is given, and the default column "
        "h_li is not among data_source.variables; write source");
    must_not_run(
        SOURCE FIELDS "    x: {function: min, source: h, dtype: int8}\n" OUTPUT,
        "t.yaml:8: aggregation.variables.x.fill_value: missing; must be an integer, as "
        "the dtype is int8");
    must_not_run(
        SOURCE FIELDS "    x: {function: quantile, source: h}\n" OUTPUT,
        "t.yaml:8: aggregation.variables.x.params.q: missing; quantile needs it");
    must_not_run(
        "data_source: {variables: {h: /h}}\n" FIELDS OUTPUT,
        "t.yaml:1: data_source.groups: missing; must be a list of at least one group to "
        "read");
    must_not_run(
        SOURCE FIELDS "  chunk_precompute: {lo: {function: min}}\n" OUTPUT,
        "t.yaml:8: aggregation.chunk_precompute.lo.source: missing; must be the column "
        "that min reads");
    must_not_run(SOURCE FIELDS "  chunk_precompute: {lo: {source: h, function: "
                               "zagg.stats.waveform.shot_count}}\n" OUTPUT,
                 "t.yaml:8: aggregation.chunk_precompute.lo.function: found "
                 "'zagg.stats.waveform.shot_count'; must be a function of numpy, len or "
                 "count");
}

#define DIGEST                                                                           \
    "    x: {function: zagg.stats.tdigest.build_tdigest, source: h, kind: ragged, "      \
    "inner_shape: 2"

/* Upstream's own reducers give one kind of result each; 0.11 knows one of them. */
static void test_stats_not_run(void **state)
{
    (void)state;
    must_not_run(SOURCE FIELDS DIGEST ", dtype: float64}\n" OUTPUT,
                 "t.yaml:8: aggregation.variables.x.dtype: found 'float64'; must be "
                 "float32, as digests are");
    must_not_run(SOURCE FIELDS "    x: {function: zagg.stats.tdigest.build_tdigest, "
                               "source: h}\n" OUTPUT,
                 "t.yaml:8: aggregation.variables.x.kind: missing; must be ragged, as "
                 "zagg.stats.tdigest.build_tdigest gives a digest");
    must_not_run(SOURCE FIELDS "    x: {function: zagg.stats.tdigest.build_tdigest, "
                               "source: h, kind: ragged, inner_shape: [1, 2]}\n" OUTPUT,
                 "t.yaml:8: aggregation.variables.x.inner_shape: found [1, 2]; must be "
                 "2: a digest is a list of means and weights");
    must_not_run(SOURCE FIELDS "    x: {function: zagg.stats.waveform.shot_count, "
                               "source: h, kind: vector, trailing_shape: 2}\n" OUTPUT,
                 "t.yaml:8: aggregation.variables.x.kind: found 'vector'; must be "
                 "scalar, as zagg.stats.waveform.shot_count gives one value a cell");
    must_not_run(SOURCE FIELDS
                 "    x: {function: zagg.stats.toc.cell_envelope, temporal: per-cell,\n"
                 "        source: h, dtype: uint64, fill_value: 0}\n" OUTPUT
                 "  time_source: {field: s, epoch: 2018-01-01}\n",
                 "t.yaml:9: aggregation.variables.x.source: found 'h'; must be toc_word: "
                 "this version makes the words itself");
    must_not_run(SOURCE FIELDS DIGEST ", temporal: per-centroid}\n"
                                      "    y: {function: max, source: toc_word}\n" OUTPUT
                                      "  time_source: {field: s, epoch: 2018-01-01}\n",
                 "t.yaml:9: aggregation.variables.y.source: only cell_envelope reads "
                 "toc_word; write a column");
    must_not_run(SOURCE FIELDS DIGEST ", location: leaf_id}\n" OUTPUT
                                      "  compat: zagg-0.11\n",
                 "t.yaml:8: aggregation.variables.x.location: zagg 0.11 writes no "
                 "locations; remove it");
    must_not_run(SOURCE FIELDS DIGEST ", temporal: per-centroid}\n" OUTPUT
                                      "  time_source: {field: s, epoch: 2018-01-01}\n"
                                      "  compat: zagg-0.11\n",
                 "t.yaml:8: aggregation.variables.x.temporal: zagg 0.11 writes no time "
                 "words; remove it");
    must_not_run(SOURCE FIELDS "    x: {function: zagg.stats.waveform.shot_count, "
                               "source: h}\n" OUTPUT "  compat: zagg-0.11\n",
                 "t.yaml:8: aggregation.variables.x.function: found "
                 "'zagg.stats.waveform.shot_count'; must be a function that zagg 0.11 "
                 "has");
}

/* Names that expressions give another meaning. */
static void test_column_names(void **state)
{
    (void)state;
    static const char columns[] = "data_source:\n"
                                  "  groups: [a]\n"
                                  "  coordinates: {latitude: /la, longitude: /lo}\n"
                                  "  variables: {h: /h, sum: /s}\n";
    char text[1024];
    (void)snprintf(text, sizeof text, "%s" FIELDS OUTPUT, columns);
    must_run(text);
    (void)snprintf(text, sizeof text,
                   "%s" FIELDS "    x: {expression: np.min(h)}\n" OUTPUT, columns);
    must_not_run(text, "t.yaml:4: data_source.variables.sum: expressions have another "
                       "meaning for this name; rename it");
    (void)snprintf(text, sizeof text,
                   "%s" FIELDS "    x: {function: average, source: h, params: {weights: "
                   "h}}\n" OUTPUT,
                   columns);
    must_not_run(text, "t.yaml:4: data_source.variables.sum: expressions have another "
                       "meaning for this name; rename it");
    must_not_run(SOURCE FIELDS "  chunk_precompute: {np: {expression: len(h)}}\n" OUTPUT,
                 "t.yaml:8: aggregation.chunk_precompute.np: expressions have another "
                 "meaning for this name; rename it");
    must_not_run(SOURCE LEVELS "      variables: {leaf_id: '/{group}/x'}\n" FIELDS OUTPUT,
                 "t.yaml:13: data_source.levels.segments.variables.leaf_id: zagg's own "
                 "column of cells has this name; rename it");
}

static void test_runs(void **state)
{
    (void)state;
    must_run(SOURCE FIELDS
             "    a: {function: numpy.nanquantile, source: h, params: {q: 1}}\n"
             "    b: {function: np.std, source: h, params: {ddof: 1}}\n"
             "    c: {function: average, source: h, params: {weights: s}}\n"
             "    d: {function: max, source: h, fill_value: -9999.0}\n" OUTPUT);
    must_run(SOURCE
             "  filters: [{expression: 'h > 1'}]\n" FIELDS
             "    a: {expression: 'np.max(h) - lo', resolution: chunk}\n"
             "    b: {function: average, source: h, params: {weights: 1 / s}}\n"
             "    c: {function: sort, kind: vector, trailing_shape: 2, source: h}\n"
             "    d: {function: sort, kind: ragged, inner_shape: 1, source: h,\n"
             "        dtype: int16}\n"
             "    e: {function: quantile, source: h, params: {q: 0.5, method: lower}}\n"
             "    f: {expression: np.max(leaf_id), dtype: uint64, fill_value: 0}\n" DIGEST
             ", location: leaf_id, temporal: per-centroid}\n"
             "    g: {function: zagg.stats.toc.cell_envelope, source: toc_word,\n"
             "        temporal: per-cell, dtype: uint64, fill_value: 0}\n"
             "  chunk_precompute: {lo: {expression: np.min(h)}, n: {function: len,\n"
             "    source: s}}\n" OUTPUT "  time_source: {field: s, epoch: 2018-01-01}\n");
}

/* Names that would leave the store, texts that C and Python read differently, sizes. */
static void test_hostile(void **state)
{
    (void)state;
    static const char *const names[] = {"'../x'",      "'a/b'",     "'..'",
                                        "'zarr.json'", "'__x'",     "''",
                                        "\"a\\0b\"",   "\"a\\nb\"", "7"};
    char text[1024];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        zagg_pipeline *p = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        int n = snprintf(text, sizeof text, "%s%s    %s: {function: min, source: h}\n%s",
                         SOURCE, FIELDS, names[i], OUTPUT);
        assert_true(n > 0 && (size_t)n < sizeof text);
        if (zagg_pipeline_parse(text, strlen(text), "t", NULL, &p, &err) != ZAGG_ECONFIG)
            fail_msg("the name %s is accepted", names[i]);
    }
    must_refuse(SOURCE FIELDS OUTPUT "  store: \"a\\0b\"\n",
                "t.yaml:11: output.store: holds a NUL byte; remove it");
    must_refuse(SOURCE FIELDS OUTPUT "catalog: 2020-01-01\n",
                "t.yaml:11: catalog: found a date; must be text");
    must_refuse(
        SOURCE FIELDS "    x: {kind: vector, trailing_shape: [99999, 99999], function: "
                      "sort, source: h}\n" OUTPUT,
        "t.yaml:8: aggregation.variables.x.trailing_shape: more than 16777216 values in "
        "one cell");
    must_refuse(SOURCE "  filters: [{dataset: /q, op: lt, value: .inf}]\n" FIELDS OUTPUT,
                "t.yaml:5: data_source.filters[0].value: found inf; must be finite (only "
                "fill_value may be NaN)");
}

static void test_no_yaml(void **state)
{
    (void)state;
    static const char *const texts[] = {"a: [1", "a: b: c", "--- 1\n--- 2", "a: !x 1"};
    for (size_t i = 0; i < 4; i++) {
        zagg_err err = ZAGG_ERR_INIT;
        zagg_pipeline *p = NULL;
        assert_int_equal(
            zagg_pipeline_parse(texts[i], strlen(texts[i]), "t.yaml", NULL, &p, &err),
            ZAGG_ECONFIG);
        assert_int_equal(err.status, ZAGG_ECONFIG);
        assert_int_equal(strncmp(err.msg, "t.yaml", 6), 0);
    }
}

static void test_many_entries(void **state)
{
    (void)state;
    zg_str text;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *p = NULL;
    zg_str_init(&text, 0);
    zg_str_add(&text, "data_source:\n  variables:\n");
    for (int i = 0; i < ZG_CFG_MAX_ENTRIES + 1; i++)
        zg_str_addf(&text, "    c%d: /c\n", i);
    zg_str_add(&text, FIELDS OUTPUT);
    assert_false(text.failed);
    assert_int_equal(zagg_pipeline_parse(text.data, text.len, "t.yaml", NULL, &p, &err),
                     ZAGG_ECONFIG);
    assert_string_equal(err.msg,
                        "t.yaml:2: data_source.variables: found 1025 entries; must be "
                        "at most 1024");
    zg_str_free(&text);
}

/* Every prefix of a config gives a config or an error, never anything else. */
static void test_truncated(void **state)
{
    (void)state;
    const char *text = zagg_config_builtin("atl06");
    size_t len = strlen(text);
    for (size_t n = 0; n < len; n += 7) {
        zagg_pipeline *p = NULL;
        zagg_err err = ZAGG_ERR_INIT;
        char *copy = zg_strndup(text, n);
        zagg_status status = zagg_pipeline_parse(copy, n, "t.yaml", NULL, &p, &err);
        assert_true((status == ZAGG_OK) == (p != NULL));
        if (p == NULL)
            assert_true(err.msg[0] != '\0');
        zagg_pipeline_free(p);
        zg_free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),      cmocka_unit_test(test_refused_keys),
        cmocka_unit_test(test_compat_rules),  cmocka_unit_test(test_not_run),
        cmocka_unit_test(test_runs),          cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_keys_not_run),  cmocka_unit_test(test_hive_and_codec),
        cmocka_unit_test(test_stats_not_run), cmocka_unit_test(test_column_names),
        cmocka_unit_test(test_no_yaml),       cmocka_unit_test(test_many_entries),
        cmocka_unit_test(test_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
