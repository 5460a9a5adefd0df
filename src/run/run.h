/* Internal: parts of a run. */
#ifndef ZG_RUN_RUN_H
#define ZG_RUN_RUN_H

#include "base/base.h"
#include "zagg/run.h"

/** How hrefs are read, decided once per run. */
typedef enum zg_driver { ZG_DRIVER_FILE = 0, ZG_DRIVER_S3, ZG_DRIVER_HTTPS } zg_driver;

/** A text of the config's `output` section, as its region; NULL where there is none. It
 * lives with `config`, which may be NULL. */
const char *zg_output_text(const zagg_value *config, const char *key);

/** "file", "s3", "https". Static text. */
const char *zg_driver_name(zg_driver driver);

/** Driver of a run: the flag, else the config's (anything but https and file means s3, as
 *  upstream), else s3; and file wherever every href of the map is a local one. */
zagg_status zg_driver_choose(const char *flag, const zagg_pipeline *pipeline,
                             const zagg_shardmap *map, zg_driver *out, zagg_err *err);

/** Href of a granule under a driver; NULL where its record has none (such records are
 * left out, as upstream does). With the file driver this is a path. */
const char *zg_granule_href(const zagg_granule *granule, zg_driver driver);

/** Shards of a map in its order: `shard` NULL, or the one with that key (decimal, or its
 * decimal morton id: ARG where there is none); of these the first `most` (0: all).
 * `out` has room for all of the map. */
zagg_status zg_select_shards(const zagg_pipeline *pipeline, const zagg_shardmap *map,
                             const char *shard, int64_t most,
                             const zagg_shard_entry **out, size_t *n, zagg_err *err);

/** The granule of an href: a URL through `net`, where there is one, else a file. */
zagg_status zg_granule_open(zagg_net *net, const char *href, zagg_source **out,
                            zagg_err *err);

/** Paths (char *, zg_free each) of the granules that `paths` name: files, folders with
 * .h5 and .hdf5 files in them, patterns, URLs; each once, sorted. Messages begin with
 * "--granules PATH". NOTFOUND where there are none. */
zagg_status zg_granule_paths(const char *const *paths, size_t n, zg_vec *out,
                             zagg_err *err);

/** Path of a store on this machine: what follows file://, or the text itself. */
const char *zg_store_path(const char *store);

#endif
