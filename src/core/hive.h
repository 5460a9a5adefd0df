/* Inside of the hive layout: one leaf a shard, below a tree of folders, one digit of its
 * decimal morton id each; a manifest and the coverage of all shards at the root. Plain
 * leaves (store-format.md). */
#ifndef ZG_CORE_HIVE_H
#define ZG_CORE_HIVE_H

#include "core/store_plan.h"
#include "text/text.h"

#define ZG_HIVE_MANIFEST "morton_hive.json"
#define ZG_HIVE_SEMANTICS "aggregation.yaml"
#define ZG_HIVE_COVERAGE "coverage.moc"
#define ZG_HIVE_STAMP "morton_hive_commit"
#define ZG_HIVE_SPEC "morton-hive/1"
#define ZG_HIVE_MOC_SPEC "morton-moc/1"
/* Longest manifest, root coverage or leaf document that is read back. */
#define ZG_HIVE_MAX_DOC_BYTES ((size_t)64 << 20)
/* Sign, base, 29 digits with a '/' each, the id again, ".zarr", NUL. */
#define ZG_HIVE_PATH_BYTES 128

/** Keys of one shard's leaf. */
typedef struct zg_hive_path {
    char id[33];                     /* decimal morton id */
    char folder[ZG_HIVE_PATH_BYTES]; /* "-3/1/1/2/3/": its siblings are in there */
    char leaf[ZG_HIVE_PATH_BYTES];   /* "-3/1/1/2/3/-31123.zarr" */
} zg_hive_path;
zagg_status zg_hive_path_of(uint64_t shard_key, zg_hive_path *out, zagg_err *err);

/** Put `text` under FOLDER NAME; the builder is freed. ENOMEM where it has failed. */
zagg_status zg_hive_put_text(zagg_sink *store, const char *folder, const char *name,
                             zg_str *text, zagg_err *err);

/* ---- hive_manifest.c ---- */

/** Write the manifest and aggregation.yaml, or take over what is there: upstream's rules
 * for stores of another config. */
zagg_status zg_hive_begin(const zagg_store_plan *plan, zagg_sink *store,
                          const zagg_shardmap *map, bool overwrite, zagg_log *log,
                          zagg_err *err);

/** Would it go well, and does it keep the manifest that is there? */
zagg_status zg_hive_check(const zagg_store_plan *plan, zagg_sink *store,
                          const zagg_shardmap *map, bool overwrite, bool *there,
                          zagg_err *err);

/* ---- hive_coverage.c ---- */

/** Which cells of a shard hold rows: a bit a cell in nested order, first cell in the
 * highest bit of the first byte. */
typedef struct zg_hive_cells {
    const zagg_grid_info *info;
    unsigned char *bits;
    size_t n_bytes;
    uint64_t n_set;
} zg_hive_cells;
zagg_status zg_hive_cells_new(const zagg_grid_info *info, zg_hive_cells *out,
                              zagg_err *err);
void zg_hive_cells_free(zg_hive_cells *cells);
/** The n cells from rank `first` on. */
void zg_hive_cells_set(zg_hive_cells *cells, uint64_t first,
                       const unsigned char *occupied, size_t n);
/** Write coverage.moc into the leaf, unless it has nothing to tell (no cell, or shards of
 * one cell). *n_bytes: as stored, 0 without. */
zagg_status zg_hive_put_bitmap(const zg_hive_cells *cells, zagg_sink *store,
                               const zg_hive_path *path, size_t *n_bytes, zagg_err *err);
/** The stamp's "coverage" object. */
zagg_status zg_hive_put_coverage(zg_json_out *w, const zg_hive_cells *cells,
                                 const zagg_shard *shard, const zg_hive_path *path,
                                 size_t n_bytes, zagg_err *err);
/** Add shards to the root coverage: read, union, write. */
zagg_status zg_hive_add_shards(const zagg_store_plan *plan, zagg_sink *store,
                               const uint64_t *keys, size_t n, zagg_log *log,
                               zagg_err *err);

/* ---- hive_hash.c: SHA-256 of what an array decodes to (spec 5.3) ---- */

typedef struct zg_hive_hashes zg_hive_hashes;
zagg_status zg_hive_hashes_new(const zagg_store_plan *plan, zg_hive_hashes **out,
                               zagg_err *err);
void zg_hive_hashes_free(zg_hive_hashes *hashes);
/** Elements of array i follow: all of a chunk, or the one of a companion. Thread-unsafe,
 * as cheap as SHA-256. */
void zg_hive_hash_cells(zg_hive_hashes *hashes, size_t array,
                        const zg_store_cells *cells);
/** Of array i, of all cells until now. Valid until zg_hive_hashes_end. */
const zg_sha256_stream *zg_hive_hash_of(const zg_hive_hashes *hashes, size_t array);
/** All arrays are complete; those that got nothing are fill throughout. */
zagg_status zg_hive_hashes_end(zg_hive_hashes *hashes, zagg_err *err);
/** {"arrays": {path: digest}, "combined": digest} */
void zg_hive_put_hashes(zg_json_out *w, const zg_hive_hashes *hashes);

/* ---- hive_leaf.c ---- */

/** The leaf of one shard in the making. */
typedef struct zg_hive_leaf zg_hive_leaf;
/** Take away a leaf of this shard that is there, its stamp first, and write the documents
 * of the new one. EEXISTS for a versioned leaf. */
zagg_status zg_hive_leaf_begin(const zagg_store_plan *plan, zagg_sink *store,
                               const zagg_shard *shard, zg_hive_leaf **out,
                               zagg_err *err);
/** Take away a leaf of this shard that is there, and what lies beside it. EEXISTS for a
 * versioned leaf. */
zagg_status zg_hive_leaf_erase(const zagg_store_plan *plan, zagg_sink *store,
                               const zagg_shard *shard, zagg_err *err);
void zg_hive_leaf_free(zg_hive_leaf *leaf);
/** Group of its arrays: "-3/1/1/2/3/-31123.zarr/19". */
const char *zg_hive_leaf_group(const zg_hive_leaf *leaf);
/** What the next chunk says about the cells. Chunks come in order. */
zagg_status zg_hive_leaf_chunk(zg_hive_leaf *leaf, const zagg_carrier *carrier,
                               zagg_err *err);
/** Cells of a column, as stored. */
void zg_hive_leaf_column(zg_hive_leaf *leaf, size_t array, const zg_store_cells *cells);
/** Hash of all cells of an array until now. */
const zg_sha256_stream *zg_hive_leaf_hash(const zg_hive_leaf *leaf, size_t array);
/** All arrays are written: coverage, then the stamp, which makes the leaf a leaf, then
 * what lies beside it. `write_s`: seconds that the writer took until now. */
zagg_status zg_hive_leaf_finish(zg_hive_leaf *leaf, const zagg_store_origin *origin,
                                double write_s, zagg_err *err);

/* ---- hive_records.c: what lies beside a leaf ---- */

/** Numbers of a leaf that its records name. */
typedef struct zg_hive_figures {
    double hash_s, write_s;
    const zg_hive_hashes *hashes;
    const char *written_at;
} zg_hive_figures;
zagg_status zg_hive_put_records(const zagg_store_plan *plan, zagg_sink *store,
                                const zg_hive_path *path, const zagg_store_origin *origin,
                                const zg_hive_figures *figures, zagg_err *err);
/** A granule as the shard's map has it: its record in the map without what signs its
 * hrefs, or its names where there is none. `arena` keeps what was parsed. ENOMEM. */
zagg_status zg_hive_put_granule(zg_json_out *w, zagg_arena *arena, const zagg_granule *g,
                                zagg_err *err);

#endif
