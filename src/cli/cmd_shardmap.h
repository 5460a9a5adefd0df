/* The parts of zagg shardmap. */
#ifndef ZG_CLI_CMD_SHARDMAP_H
#define ZG_CLI_CMD_SHARDMAP_H

#include "base/base.h"
#include "cli/options.h"
#include "zagg/mapbuild.h"

int shardmap_build(int argc, char **argv);
int shardmap_info(int argc, char **argv);
int shardmap_convert(int argc, char **argv);
int shardmap_diff(int argc, char **argv);
int shardmap_subset(int argc, char **argv);
int shardmap_closest(int argc, char **argv);

/** Print "zagg NAME: message"; the exit code: what is wrong with a config, map or catalog
 * is EXIT_CONFIG. */
int shardmap_fail(const cli_command *command, zagg_status status, const zagg_err *err);

/** Where a map goes and how. */
typedef struct shardmap_output {
    const char *path, *form; /* form NULL: what the path's ending says */
    bool force;
} shardmap_output;
/** "json", "compact" or "parquet", else by the ending: .parquet, .gz, anything else is
 * JSON. 0, or EXIT_USAGE after a line. */
int shardmap_form(const cli_command *command, const shardmap_output *out,
                  zagg_map_form *form);
/** EXISTS where a file is there and is not to be replaced. */
zagg_status shardmap_may_write(const shardmap_output *out, zagg_err *err);

/** Two paths given without options, one after the other; `second` NULL: one. */
int shardmap_take_path(const cli_command *command, const char **first,
                       const char **second, const char *value);

/** An area from the command line: a GeoJSON file, a box, WKT (text or file), WKB (file).
 */
typedef struct shardmap_area {
    const char *polygon, *bbox, *wkt, *wkb; /* at most one is read, in that order */
    zagg_shape shape;
    bool given;
} shardmap_area;
zagg_status shardmap_area_read(shardmap_area *area, zagg_arena *arena, zagg_err *err);

/** Pairs of a map. */
size_t shardmap_pairs(const zagg_shardmap *map);
/** The convention of a map's keys for messages and grids; unknown counts as authalic. */
zagg_latitude shardmap_latitude(const zagg_shardmap *map);

#endif
