/* What zagg inspect gathers, and its two ways of showing it. */
#ifndef ZG_CLI_INSPECT_H
#define ZG_CLI_INSPECT_H

#include "cli/store_args.h"
#include "text/text.h"
#include "zagg/store.h"

enum { INSPECT_QUANTILES = 64 };

/** The command line. */
typedef struct inspect_args {
    const char *store, *array, *cell;
    bool json, has_lat, has_lon, has_quantiles;
    double lat_deg, lon_deg;
    double quantiles[INSPECT_QUANTILES];
    size_t n_quantiles;
    net_args net;
} inspect_args;

/** Sidecars of one shard of a hive. */
typedef struct inspect_shard {
    uint64_t granules; /* UINT64_MAX: not known */
    uint64_t observations;
    const char *written_at, *run_id; /* NULL: not known */
} inspect_shard;

/** Statistics of one group. */
typedef struct inspect_group {
    const zagg_store_group *group;
    zagg_store_stats *stats;
    uint64_t *cells_with_data;
    inspect_shard *shards;
} inspect_group;

typedef struct inspection {
    const inspect_args *args;
    const zagg_store *store;
    zagg_arena *arena;
    inspect_group *groups;
    size_t n_groups;
    uint64_t objects, bytes;
    size_t n_granules; /* different ones, of a hive */
    const char **granules;
    size_t n_versions; /* different versions of the writer */
    const char **versions;
    const zagg_value *run; /* run.json of the status folder, or NULL */
} inspection;

/** Is this field among those asked for? */
bool inspect_wants(const inspection *in, const zagg_store_field_info *f);
/** "int32", "float32 x 8", "float32 (n, 2)". */
void inspect_type(const zagg_store_field_info *f, char out[64]);
/** "bytes", "vlen-bytes, zstd 3", "sharded: bytes"; "" where it is not known. */
void inspect_codecs(const zagg_zarr_array *a, char out[64]);
/** The sentence about the latitude of a HEALPix grid. */
const char *inspect_latitude(const zagg_store_grid *g);

zagg_status inspect_print_text(const inspection *in, zagg_err *err);
zagg_status inspect_print_json(const inspection *in, zagg_err *err);

/** The values of one cell (args->cell, or lat and lon). EARG for a text that names no
 * cell. */
zagg_status inspect_cell(const inspect_args *args, const zagg_store *store,
                         zagg_err *err);

#endif
