/* Any bytes as JSON and as a shard map: what is parsed is written as Python would, and
 * what was written parses to the same text again. */
#include "fuzz/fuzz.h"
#include "text/text.h"
#include "zagg/shardmap.h"
#include "zagg/value.h"

#include <string.h>

#define ARENA_BYTES ((size_t)64 << 20)
#define TEXT_BYTES ((size_t)16 << 20)

static void check_text(const zagg_value *value)
{
    const zg_json_style styles[3] = {
        {-1, true, false}, {-1, false, true}, {2, false, false}};
    for (size_t i = 0; i < 3; i++) {
        zagg_arena *arena = NULL;
        const zagg_value *again = NULL;
        zg_str first, second;
        zg_str_init(&first, TEXT_BYTES);
        zg_str_init(&second, TEXT_BYTES);
        fuzz_check(zg_json_write(&first, value, styles[i], NULL) == ZAGG_OK);
        if (!first.failed && zagg_arena_new(ARENA_BYTES, &arena, NULL) == ZAGG_OK &&
            zagg_json_parse(arena, first.data, first.len, "fuzz", &again, NULL) ==
                ZAGG_OK) {
            fuzz_check(zg_json_write(&second, again, styles[i], NULL) == ZAGG_OK);
            fuzz_check(first.len == second.len &&
                       memcmp(first.data, second.data, first.len) == 0);
        } else {
            fuzz_check(first.failed);
        }
        zagg_arena_free(arena);
        zg_str_free(&first);
        zg_str_free(&second);
    }
}

static void check_map(const zagg_shardmap *map)
{
    size_t text = 0;
    for (size_t i = 0; i < map->n_shards; i++)
        for (size_t j = 0; j < map->shards[i].n_granules; j++) {
            const zagg_granule *g = map->shards[i].granules[j];
            text += g->id ? strlen(g->id) : 0;
            text += g->s3 ? strlen(g->s3) : 0;
            text += g->https ? strlen(g->https) : 0;
        }
    fuzz_check(text < SIZE_MAX && map->name != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zagg_arena *arena = NULL;
    zagg_shardmap *map = NULL;
    const zagg_value *value = NULL;
    zagg_err err = ZAGG_ERR_INIT;

    if (zagg_arena_new(ARENA_BYTES, &arena, NULL) != ZAGG_OK)
        return 0;
    zagg_status status =
        zagg_json_parse(arena, (const char *)data, size, "fuzz", &value, &err);
    if (status == ZAGG_OK) {
        (void)zagg_value_truthy(value);
        (void)zagg_value_equal(value, zagg_value_get(value, "shard_keys"));
        check_text(value);
    } else {
        fuzz_check_error(status, &err);
    }
    zagg_err map_err = ZAGG_ERR_INIT;
    status = zagg_shardmap_parse((const char *)data, size, "fuzz", &map, &map_err);
    if (status == ZAGG_OK)
        check_map(map);
    else
        fuzz_check_error(status, &map_err);
    zagg_shardmap_free(map);
    zagg_arena_free(arena);
    return 0;
}
