/* Memory does not grow with the granule: a shard of granules whose photons take much more
 * than the bound is planned and read below it. bench/big_granule.py does the same at the
 * size of the archive's largest granules. */
#include "cli/fixture.h"

#include <string.h>

#define PHOTONS 1500000 /* a beam: 34 bytes each, of two beams 102 MB */
#define MAX_PEAK_BYTES (24u << 20)

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PEAK_MEANS_SOMETHING 0 /* shadow memory counts too */
#else
#define PEAK_MEANS_SOMETHING 1
#endif

/* One shard of the granule in `layout`, which must be some of its photons, not all. */
static void one_shard(const char *dir, const char *layout, const char *config,
                      const char *threads)
{
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    char *text = shell_ok(dir,
                          "rm -rf o; zagg run -q --json --config %s --granules %s "
                          "--store o --max-cells 1 --max-workers %s",
                          config, layout, threads);
    const zagg_value *json = json_of(arena, text);
    uint64_t read = json_u64(json, "total_obs_read"), kept = json_u64(json, "total_obs");
    uint64_t peak = json_u64(json, "peak_rss_bytes");
    assert_int_equal(json_u64(json, "total_cells"), 1);
    assert_in_range(kept, 1, PHOTONS / 10);
    if (strcmp(config, "planned.yaml") == 0)
        assert_in_range(read, kept, PHOTONS / 2);
    else
        assert_int_equal(read, 2 * PHOTONS);
    if (PEAK_MEANS_SOMETHING && peak > MAX_PEAK_BYTES)
        fail_msg("%s, %s, %s threads: %llu bytes at the peak", layout, config, threads,
                 (unsigned long long)peak);
    zg_free(text);
    zagg_arena_free(arena);
}

/* FIXTURE_CONFIG, and the same without its read plan. */
static void write_configs(const char *dir)
{
    static const char PLAN[] = "  read_plan: ";
    const char *plan = strstr(FIXTURE_CONFIG, PLAN);
    assert_non_null(plan);
    zg_str full;
    zg_str_init(&full, 0);
    zg_str_addf(&full, "%.*s%s", (int)(plan - FIXTURE_CONFIG), FIXTURE_CONFIG,
                strchr(plan, '\n') + 1);
    assert_false(full.failed);
    write_text(dir, "planned.yaml", FIXTURE_CONFIG);
    write_text(dir, "full.yaml", full.data);
    zg_str_free(&full);
}

static void independent_of_granules(void **state)
{
    static const char *const LAYOUTS[] = {"v006", "v007"};
    (void)state;
    char *dir = make_temp_dir();
    write_configs(dir);
    for (size_t i = 0; i < 2; i++) {
        zg_free(shell_ok(dir,
                         "zagg-synth --quiet --out %s --layout %s --granules 1 "
                         "--beams 2 --photons %d --per-segment 200 --gzip 1",
                         LAYOUTS[i], LAYOUTS[i], PHOTONS));
        one_shard(dir, LAYOUTS[i], "planned.yaml", "1");
        one_shard(dir, LAYOUTS[i], "planned.yaml", "2");
        one_shard(dir, LAYOUTS[i], "full.yaml", "2");
    }
    remove_tree(dir);
    zg_free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(independent_of_granules)};
    return cmocka_run_group_tests_name("memory of a run", tests, NULL, NULL);
}
