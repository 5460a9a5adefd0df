/* Which shards of a map a command works on. */
#include "run/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool key_matches(const zagg_pipeline *pipeline, const char *asked, uint64_t key)
{
    char text[40];
    uint64_t word;
    snprintf(text, sizeof text, "%" PRIu64, key);
    if (strcmp(text, asked) == 0)
        return true;
    const char *type = pipeline->output.grid_type;
    return type && strcmp(type, "healpix") == 0 &&
           zagg_word_parse_decimal(asked, strlen(asked), &word, NULL) == ZAGG_OK &&
           word == key;
}

zagg_status zg_select_shards(const zagg_pipeline *pipeline, const zagg_shardmap *map,
                             const char *shard, int64_t most,
                             const zagg_shard_entry **out, size_t *n, zagg_err *err)
{
    size_t found = 0;
    for (size_t i = 0; i < map->n_shards; i++) {
        if (shard && !key_matches(pipeline, shard, map->shards[i].key))
            continue;
        if (most > 0 && found == (size_t)most)
            break;
        out[found++] = &map->shards[i];
    }
    if (shard && found == 0)
        return zagg_err_set(err, ZAGG_EARG, "shard '%s' not in catalog (%s)", shard,
                            map->name);
    *n = found;
    return ZAGG_OK;
}
