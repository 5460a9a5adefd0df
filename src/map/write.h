/* Forms in which shard maps are written. */
#ifndef ZG_MAP_WRITE_H
#define ZG_MAP_WRITE_H

#include "base/base.h"
#include "zagg/io.h"
#include "zagg/mapbuild.h"

/** Where the text goes: gathered, and passed on in large pieces. */
typedef struct zg_map_out {
    zg_str text;
    zagg_sink_stream *stream;
} zg_map_out;

/** Upstream's JSON, byte for byte. */
zagg_status zg_write_json(const zagg_shardmap *map, zg_map_out *out, zagg_err *err);
/** The compact form's JSON, before it is compressed, all of it in out->text. */
zagg_status zg_write_compact(const zagg_shardmap *map, zg_map_out *out, zagg_err *err);
/** Upstream's Parquet. UNSUPPORTED where zagg was built without carquet. */
zagg_status zg_write_parquet(const zagg_shardmap *map, const char *path, zagg_err *err);

/** Pass on what was gathered if it is much. */
zagg_status zg_map_out_flow(zg_map_out *out, bool all, zagg_err *err);

/** Append a granule as the list of a shard holds it, laid out at that depth. */
zagg_status zg_write_granule(zg_str *out, const zagg_granule *g, int indent, int depth,
                             zagg_err *err);

/** Numbers of granules: distinct ones from 0 in the order in which they come first. */
typedef struct zg_map_numbers {
    const zagg_granule **slots; /* open addressing by address */
    uint32_t *numbers;
    size_t n_slots, n;
} zg_map_numbers;
zagg_status zg_map_numbers_new(const zagg_shardmap *map, zg_map_numbers *out,
                               zagg_err *err);
void zg_map_numbers_free(zg_map_numbers *n);
/** Its number; *first is true when it was asked for the first time. */
uint32_t zg_map_number_of(zg_map_numbers *n, const zagg_granule *g, bool *first);

#endif
