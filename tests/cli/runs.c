/* Runs that succeed: what they print, as text and as JSON, and that the bytes of a store
 * depend on nothing but its input. */
#include "cli/fixture.h"
#include "zagg/geo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RUN "rm -rf o; zagg run --config c.yaml --granules g --store o "
#define SUMMARY "\nDone: * cells with data, *,* obs, 0 errors, *.*s\nOutput: o\n"
#define LOG "Processing * of * cells (local, * workers, driver=file)\n  [1/*] *: * obs\n*"

/* ---- what is printed ---- */

static const cli_case PRINTED[] = {
    {"summary", RUN, 0, SUMMARY, LOG},
    {"quiet", RUN "-q", 0, SUMMARY, NULL},
    {"dry run", RUN "--dry-run", 0,
     "\n[DRY RUN] Would process * cells\n  Granules per cell: min=1, max=*, avg=*.*\n"
     "  Output: o\n",
     NULL},
    {"dry run writes nothing", RUN "--dry-run > /dev/null; ls o 2>&1", 2, "*o*\n", NULL},
    {"two workers", RUN "--max-workers 2", 0, SUMMARY,
     "Processing * of * cells (local, 2 workers, driver=file)\n*"},
    {"two cells", RUN "--max-cells 2", 0, "\nDone: 2 cells with data, *",
     "Processing 2 of * cells (local, * workers, driver=file)\n  [1/2] *: * obs\n  [2/2] "
     "*: * obs\n"},
    {"log as JSON", RUN "--log-json --max-workers 1", 0, SUMMARY,
     "{\"ts\": \"*Z\", \"level\": \"info\", \"message\": \"Processing *\"}\n{*}\n"},
    {"dry run as JSON", RUN "--dry-run --json", 0,
     "{\"dry_run\": true, \"total_cells\": *, \"granules_per_cell_min\": 1, "
     "\"granules_per_cell_max\": *, \"granules_per_cell_avg\": *, \"store_path\": "
     "\"o\"*}\n",
     NULL},
    {"table", RUN "-q --table", 0,
     "*\no/16\n  shards with data       *\n  cells with data        *\n  photons         "
     " "
     "      * kept of * read\n  bytes                  * in * objects\n  seconds         "
     "       * threads\n  peak memory (RSS)      *\n\n  field * type * values * min * "
     "mean * max * bytes\n  count * int32 *\n  h_max * float32 *\n  h_mean * float32 *\n "
     " morton * uint64 *\n",
     NULL},
    {"table of a file:// store",
     "rm -rf o; zagg run -q --config c.yaml --granules g --store file://$PWD/o --table",
     0, "*\nfile://*/o/16\n  shards with data *", NULL},
    {"table of every type",
     "for t in int8 uint8 int16 uint16 int32 uint32 int64 uint64 float32 float64; do "
     "echo \"    a_$t: {function: max, source: q, dtype: $t, fill_value: 0}\"; done > "
     "fields; sed \"/function: len/r fields\n/    h_ph:/a \\    q: "
     "'/{group}/heights/quality_ph'\" "
     "c.yaml > types.yaml; rm -rf o; zagg run -q --config types.yaml --granules g "
     "--store "
     "o --table | awk '/^ *a_/ {print $2, $4, $6}'",
     0,
     "float32 1 1\nfloat64 1 1\nint16 1 1\nint32 1 1\nint64 1 1\nint8 1 1\nuint16 1 1\n"
     "uint32 1 1\nuint64 1 1\nuint8 1 1\n",
     NULL},
    {"live line on a terminal",
     "rm -rf o; script -qec 'zagg run --config c.yaml --granules g --store o' /dev/null "
     "</dev/null | tr '\\r' '\\n' | grep -c 'shards, [0-9,]* obs, [0-9,]* photons/s, ETA "
     "[0-9]* s'",
     0, "*\n", NULL},
    {"flags of other backends",
     RUN "-q --region us-west-2 --output-creds x --function-name f "
         "--allow-contraction --yes --backend local",
     0, SUMMARY, NULL},
    {"seconds of the phases", RUN "-q --profile", 0,
     "\nDone: *\nPhases: read *.* s, index *.* s, aggregate *.* s, write *.* s (each "
     "shard's "
     "added up)\n",
     NULL},
    {"options as upstream's shell writes them",
     "rm -rf o; zagg run -q --config=c.yaml --store=o --max-workers=1 --granules g", 0,
     SUMMARY, NULL},
    {"help", "zagg --help", 0, "Usage: zagg COMMAND [OPTIONS]\n*Commands:\n  run *",
     NULL},
    {"help of run", "zagg run --help", 0, "Usage: zagg run --config FILE *", NULL},
    {"version", "zagg version", 0, "zagg *.*.*\n", NULL},
    {"versions", "zagg version -v", 0,
     "zagg *.*.*\nlibyaml *\njson-c *\nlibdeflate *\nlibzstd *\nnettle *\ncompatible "
     "with zagg "
     "0.61*",
     NULL},
    {"built-in configs", "zagg config list", 0,
     "atl03                          ATL03 photons: *\natl03_gain_bias_healpix  *\n"
     "*\natl06_polar  *.\n",
     NULL},
    {"built-in configs of 0.11", "zagg config list --compat zagg-0.11 | cut -d' ' -f1", 0,
     "atl03\natl03_gain_bias_healpix\natl03_tdigest_healpix\natl03_waveform_chunk\n"
     "atl03_waveform_counts\natl06\natl06_polar\n",
     NULL},
    {"a built-in config of 0.11",
     "zagg config show atl06 --compat zagg-0.11 | grep -c -e int32 -e cell_ids: -e "
     "'# compat: zagg-0.11'",
     0, "3\n", NULL},
    {"a built-in config", "zagg config show atl03_scalar_healpix", 0,
     "*data_source:\n*aggregation:\n*output:\n*", NULL},
    {"a built-in config runs",
     "zagg config show atl03_scalar_healpix > t.yaml; rm -rf o; zagg run -q --config "
     "t.yaml --granules g --store o --dry-run",
     0, "\n[DRY RUN] Would process * cells\n*", "*"},
};

static void printed(void **state)
{
    check_cases(*state, "printed", PRINTED, sizeof PRINTED / sizeof PRINTED[0]);
}

/* ---- JSON ---- */

static double json_seconds(const zagg_value *object, const char *key)
{
    const zagg_value *v = zagg_value_get(object, key);
    double seconds = -1;
    if (v == NULL || !zagg_value_number(v, &seconds) || !(seconds >= 0 && seconds < 600))
        fail_msg("%s is no time", key);
    return seconds;
}

/* One shard of the result: its parts are no longer than the whole. */
static void check_result(const zagg_value *shard)
{
    static const char *const PHASES[] = {"read", "index", "aggregate"};
    const zagg_value *phases = zagg_value_get(shard, "phase_timings");
    double sum = 0;
    assert_non_null(phases);
    for (size_t i = 0; i < 3; i++)
        sum += json_seconds(phases, PHASES[i]);
    assert_true(json_seconds(phases, "write") > 0);
    assert_true(sum <= json_seconds(shard, "duration_s") + 1e-9);
    assert_true(json_u64(shard, "total_obs") > 0);
    assert_true(json_u64(shard, "total_obs_read") >= json_u64(shard, "total_obs"));
    assert_true(json_u64(shard, "cells_with_data") <= json_u64(shard, "total_obs"));
    assert_int_equal(json_u64(shard, "files_processed"),
                     json_u64(shard, "granule_count"));
    assert_int_equal(zagg_value_get(shard, "error")->kind, ZAGG_NULL);
}

static void json_adds_up(void **state)
{
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    uint64_t obs = 0, rows = 0;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    char *text = shell_ok(f->dir, RUN "-q --json");
    const zagg_value *json = json_of(arena, text);
    const zagg_value *results = zagg_value_get(json, "results");
    assert_non_null(results);
    assert_int_equal(results->n, json_u64(json, "total_cells"));
    assert_int_equal(results->n, json_u64(json, "cells_with_data"));
    for (size_t i = 0; i < results->n; i++) {
        check_result(results->items[i]);
        obs += json_u64(results->items[i], "total_obs");
        rows += json_u64(results->items[i], "total_obs_read");
        if (i > 0)
            assert_true(json_u64(results->items[i], "shard_key") >
                        json_u64(results->items[i - 1], "shard_key"));
    }
    assert_int_equal(obs, json_u64(json, "total_obs"));
    assert_int_equal(rows, json_u64(json, "total_obs_read"));
    assert_int_equal(json_u64(json, "cells_error"), 0);
    assert_true(json_seconds(json, "wall_time_s") > 0);
    assert_true(zagg_value_is(zagg_value_get(json, "store_path"), "o"));
    assert_true(zagg_value_is(zagg_value_get(json, "backend"), "local"));
    zg_free(text);
    text =
        shell_ok(f->dir, "find o -type f | wc -l; find o -type f -exec cat {} + | wc -c");
    unsigned long long objects = 0, bytes = 0;
    assert_int_equal(sscanf(text, "%llu %llu", &objects, &bytes), 2);
    assert_int_equal(json_u64(json, "store_objects"), objects);
    assert_int_equal(json_u64(json, "store_bytes"), bytes);
    zg_free(text);
    zagg_arena_free(arena);
}

/* ---- the same bytes ---- */

static void threads(void **state)
{
    static const char *const LAYOUTS[] = {"v006 --chunk 1000", "v007 --chunk 4096"};
    const fixture *f = *state;
    for (size_t i = 0; i < 2; i++) {
        zg_free(shell_ok(f->dir,
                         "rm -rf many t1 t2 t7 && zagg-synth --quiet --out many "
                         "--granules 3 --beams 3 --photons 20000 --per-segment 10 "
                         "--layout %s",
                         LAYOUTS[i]));
        zg_free(shell_ok(f->dir, "for n in 1 2 7; do zagg run -q --config c.yaml "
                                 "--granules many --store t$n --max-workers $n; done"));
        assert_same_stores(f, "t1", "t2");
        assert_same_stores(f, "t1", "t7");
        zg_free(shell_ok(f->dir, "zagg run -q --config c.yaml --granules many "
                                 "--store t2 --handoff pandas"));
        assert_same_stores(f, "t1", "t2");
    }
}

/* The read plan and a shard map are ways to the same numbers. */
static void routes(void **state)
{
    const fixture *f = *state;
    zg_free(shell_ok(f->dir, "rm -rf r1 r2 r3 && zagg run -q --config c.yaml --granules "
                             "g/a.h5 --store r1"));
    zg_free(shell_ok(f->dir, "zagg run -q --config c.yaml --catalog m.json --store r2"));
    assert_same_stores(f, "r1", "r2");
    zg_free(shell_ok(f->dir, "grep -v read_plan c.yaml > full.yaml && zagg run -q "
                             "--config full.yaml --catalog m.json --store r3"));
    assert_same_stores(f, "r1", "r3");
}

static void granule_forms(void **state)
{
    static const char *const FORMS[] = {"g/b.h5 g/a.h5",
                                        "'g/*.h5'",
                                        "'g/[ab].h5'",
                                        "deep",
                                        "g/a.h5 --quiet g/b.h5",
                                        "g g/a.h5",
                                        "./g ./g/a.h5 g/b.h5 $PWD/g/b.h5"};
    const fixture *f = *state;
    zg_free(shell_ok(f->dir, "rm -rf whole && mkdir -p deep/er && cp g/a.h5 deep/er/ && "
                             "cp g/b.h5 deep/ && cp c.yaml deep/ && zagg run -q --config "
                             "c.yaml --granules g --store whole"));
    for (size_t i = 0; i < sizeof FORMS / sizeof FORMS[0]; i++) {
        zg_free(shell_ok(f->dir,
                         "rm -rf form && zagg run -q --config c.yaml --store form "
                         "--granules %s",
                         FORMS[i]));
        print_message("granules: %s\n", FORMS[i]);
        assert_same_stores(f, "whole", "form");
    }
}

/* Shards one at a time, by key, in place: the store of a whole run. */
static void one_shard_at_a_time(void **state)
{
    const fixture *f = *state;
    zg_free(shell_ok(f->dir, "rm -rf parts whole && zagg run -q --config c.yaml "
                             "--catalog m.json --store whole"));
    for (size_t i = 0; i < f->n_keys; i++)
        zg_free(shell_ok(f->dir,
                         "zagg run -q --config c.yaml --catalog m.json --store parts "
                         "--morton-cell %" PRIu64,
                         f->keys[i]));
    assert_same_stores(f, "whole", "parts");
    zg_free(shell_ok(f->dir, "zagg run -q --config c.yaml --catalog m.json --store parts "
                             "--overwrite"));
    assert_same_stores(f, "whole", "parts");
}

/* South of the equator the decimal ids are negative numbers, and not taken for options.
 */
static void negative_morton_cell(void **state)
{
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    char decimal[33];
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    zg_free(shell_ok(f->dir, "zagg-synth --quiet --out south --granules 1 --beams 1 "
                             "--photons 3000 --lat -77.8 --lon 166.7"));
    char *text = shell_ok(f->dir, "zagg run -q --json --config c.yaml --granules south "
                                  "--store s1");
    const zagg_value *results = zagg_value_get(json_of(arena, text), "results");
    assert_true(results != NULL && results->n > 1);
    const uint64_t key = json_u64(results->items[1], "shard_key");
    zg_free(text);
    assert_int_equal(zagg_word_decimal(key, decimal, &err), ZAGG_OK);
    assert_int_equal(decimal[0], '-');
    text = shell_ok(f->dir,
                    "zagg run -q --json --config c.yaml --granules south --store s2 "
                    "--morton-cell %s",
                    decimal);
    results = zagg_value_get(json_of(arena, text), "results");
    assert_true(results != NULL && results->n == 1);
    assert_int_equal(json_u64(results->items[0], "shard_key"), key);
    zg_free(text);
    zagg_arena_free(arena);
}

/* ---- memory ---- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

static void one_shard_is_small(void **state)
{
    enum { LIMIT_BYTES = 64 << 20 };
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    if (SANITIZED)
        skip();
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    zg_free(shell_ok(f->dir, "zagg-synth --quiet --out dense --granules 4 --beams 3 "
                             "--photons 200000 --per-segment 1500"));
    char *text = shell_ok(f->dir, "zagg run -q --json --config c.yaml --granules dense "
                                  "--store d --max-cells 1 --max-workers 2");
    const zagg_value *json = json_of(arena, text);
    const uint64_t peak = json_u64(json, "peak_rss_bytes");
    print_message("%" PRIu64 " rows read, peak %" PRIu64 " bytes\n",
                  json_u64(json, "total_obs_read"), peak);
    assert_in_range(peak, 1, LIMIT_BYTES);
    zg_free(text);
    zagg_arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(printed),
        cmocka_unit_test(json_adds_up),
        cmocka_unit_test(threads),
        cmocka_unit_test(routes),
        cmocka_unit_test(granule_forms),
        cmocka_unit_test(one_shard_at_a_time),
        cmocka_unit_test(negative_morton_cell),
        cmocka_unit_test(one_shard_is_small),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
