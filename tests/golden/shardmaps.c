/* Every shard map of the benchmark and of the golden stores: counts as its metadata says.
 */
#include "support/support.h"
#include "zagg/shardmap.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static void check_map(case_report *r, const char *path, const char *name)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_shardmap *map = NULL;
    int64_t n = 0;
    size_t pairs = 0;
    if (zagg_shardmap_load(path, &map, &err) != ZAGG_OK) {
        case_fail(r, name, "%s", err.msg);
        return;
    }
    for (size_t i = 0; i < map->n_shards; i++) {
        pairs += map->shards[i].n_granules;
        for (size_t k = 0; k < map->shards[i].n_granules; k++)
            if (map->shards[i].granules[k]->id == NULL)
                case_fail(r, name, "shard %zu has a granule without id", i);
    }
    if (map->grid_signature == NULL || map->metadata == NULL)
        case_fail(r, name, "no signature or metadata");
    else if (zagg_value_i64(zagg_value_get(map->metadata, "total_shards"), &n) &&
             (uint64_t)n != map->n_shards)
        case_fail(r, name, "%zu shards, metadata says %lld", map->n_shards, (long long)n);
    else if (zagg_value_i64(zagg_value_get(map->metadata, "total_pairs"), &n) &&
             (uint64_t)n != pairs)
        case_fail(r, name, "%zu pairs, metadata says %lld", pairs, (long long)n);
    else if ((zagg_value_get(map->metadata, "mortie_order") != NULL) !=
             (map->latitude == ZAGG_MAP_LATITUDE_LEGACY))
        case_fail(r, name, "the latitude of the map is not told");
    else
        case_pass(r);
    zagg_shardmap_free(map);
}

static void check_folder(case_report *r, const char *folder)
{
    char base[4096];
    char path[4096];
    (void)snprintf(base, sizeof base, "%s", folder);
    DIR *dir = opendir(base);
    const struct dirent *entry = NULL;
    if (dir == NULL)
        fail_msg("%s cannot be listed", base);
    while ((entry = readdir(dir)) != NULL) {
        const char *dot = strrchr(entry->d_name, '.');
        if (dot == NULL || strcmp(dot, ".json") != 0)
            continue;
        int n = snprintf(path, sizeof path, "%s/%s", base, entry->d_name);
        assert_true(n > 0 && (size_t)n < sizeof path);
        check_map(r, path, entry->d_name);
    }
    (void)closedir(dir);
}

static void test_shardmaps(void **state)
{
    (void)state;
    case_report r = {.set = "shardmaps"};
    if (!golden_available("stores/shardmaps"))
        skip();
    check_folder(&r, golden_path("stores/shardmaps"));
    check_folder(&r, shared_path("data/benchmark/shardmaps"));
    report_end(&r, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shardmaps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
