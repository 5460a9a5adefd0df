/* The shard worker: granules in, one group-by per shard, carriers out. */
#ifndef ZAGG_CORE_H
#define ZAGG_CORE_H

#include "zagg/arena.h"
#include "zagg/config.h"
#include "zagg/dtype.h"
#include "zagg/grid.h"
#include "zagg/h5.h"
#include "zagg/io.h"
#include "zagg/log.h"
#include "zagg/pool.h"
#include "zagg/shardmap.h"
#include "zagg/status.h"
#include "zagg/zarr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Grid that a pipeline's output section describes, with the given latitude convention.
 *  ECONFIG / EUNSUPPORTED naming the key. */
ZAGG_API zagg_status zagg_grid_from_pipeline(const zagg_pipeline *pipeline,
                                             zagg_latitude latitude, zagg_grid **out,
                                             zagg_err *err);

/** One column: n rows of one element each. */
typedef struct zagg_column {
    const char *name;
    zagg_dtype dtype;
    void *data;
} zagg_column;

/** Rows of one shard from one group of one granule, in ascending base (photon) order. */
typedef struct zagg_table {
    size_t n_rows;
    size_t n_columns;
    zagg_column *columns;
    uint32_t *ranks;    /* cell of each row: see zagg_grid_info */
    uint64_t *leaf_ids; /* NULL unless asked for */
} zagg_table;

/** What reading met; sums over groups and granules. */
typedef struct zagg_read_counters {
    uint64_t rows_read;           /* base rows whose coordinates were decoded */
    uint64_t points_without_cell; /* of these: non-finite, |lat| > 90, outside the grid */
    uint64_t groups_absent;       /* the beam is not in the granule */
    uint64_t groups_empty;        /* the beam holds no photons */
} zagg_read_counters;

/** A pipeline and its grid compiled for running: immutable, shared by all threads. Both
 * must outlive it. ECONFIG where the config cannot run (zagg_pipeline_check_runnable). */
typedef struct zagg_worker zagg_worker;
ZAGG_API zagg_status zagg_worker_new(const zagg_pipeline *pipeline, const zagg_grid *grid,
                                     zagg_worker **out, zagg_err *err);
ZAGG_API void zagg_worker_free(zagg_worker *worker);

typedef struct zagg_read_opts {
    zagg_pool *pool;    /* chunk tasks; may be NULL */
    bool all_columns;   /* decode also columns that no field uses */
    bool with_leaf_ids; /* fill zagg_table.leaf_ids */
} zagg_read_opts;
#define ZAGG_READ_OPTS_INIT                                                              \
    {                                                                                    \
        NULL, false, false                                                               \
    }

/** Read one group of one granule for one shard: plan, coordinates, exact test per point,
 *  filters, columns compacted to the kept rows. *out is NULL when there is nothing to
 * keep; otherwise it lives in `arena`. Counters are added to. Errors name dataset or key.
 */
ZAGG_API zagg_status zagg_worker_read_group(const zagg_worker *worker,
                                            const zagg_shard *shard, zagg_h5 *granule,
                                            const char *group, const zagg_read_opts *opts,
                                            zagg_arena *arena, zagg_table **out,
                                            zagg_read_counters *counters, zagg_err *err);

/** The grid a worker was made for. */
ZAGG_API const zagg_grid *zagg_worker_grid(const zagg_worker *worker);

/** Keys of all shards that hold a reference point of a granule: of the read plan's index
 * level, or a point of the base level without one. Ascending and unique, in `arena`.
 * Groups that are absent or empty add nothing. Memory: keys + threads x chunk. */
ZAGG_API zagg_status zagg_worker_shard_keys(const zagg_worker *worker, zagg_h5 *granule,
                                            zagg_pool *pool, zagg_arena *arena,
                                            uint64_t **keys, size_t *n_keys,
                                            zagg_err *err);

/** One column of a carrier. Scalar and vector: n_cells x width elements, cells in stored
 * order. Ragged: the rows of all cells one after another, width elements each; those of
 * cell i are rows offsets[i] .. offsets[i + 1]. */
typedef struct zagg_carrier_column {
    const char *name;
    zagg_field_kind kind;
    zagg_dtype dtype;
    size_t width; /* scalar: 1; vector: trailing elements; ragged: inner ones */
    void *data;
    const uint64_t *offsets; /* ragged: n_cells + 1; else NULL */
} zagg_carrier_column;

/** Who uses the memory of a carrier: a count, see zagg_carrier_retain. */
typedef struct zagg_carrier_owner zagg_carrier_owner;

/** Columns of one inner chunk: the fields in config order (each followed by its ragged
 * companions NAME_locations and NAME_times where it has them), then (HEALPix) "morton"
 * and, where the config asks for them, "cell_ids" and (on any grid) "aoi_mask". In a sink
 * it is valid during the call only, unless it is retained. */
typedef struct zagg_carrier {
    uint64_t chunk;          /* 0..chunks_per_shard-1 */
    uint64_t chunk_index[2]; /* in the chunk grid of the whole array */
    size_t n_cells;
    size_t cells_with_data;
    const unsigned char *occupied; /* one byte a cell: 1 where it holds rows; NULL where
                                      nobody said (carriers that zagg did not make) */
    size_t n_columns;
    const zagg_carrier_column *columns;
    zagg_carrier_owner *owner;
} zagg_carrier;

/** Keep a carrier, its columns and their names beyond the call: one more reference to the
 * same memory, nothing is copied. The result is the carrier to use from now on; it is for
 * reading only. NULL when `carrier` has no owner (one that was not made by zagg). To be
 * given up with zagg_carrier_release. Thread-safe, O(1). */
ZAGG_API const zagg_carrier *zagg_carrier_retain(const zagg_carrier *carrier);
/** Give one reference up; the last frees the memory. NULL is fine. Thread-safe. */
ZAGG_API void zagg_carrier_release(const zagg_carrier *carrier);

/** Takes the carriers of a shard in chunk order, on the thread that processes the shard.
 */
typedef zagg_status (*zagg_carrier_fn)(void *user, const zagg_shard *shard,
                                       const zagg_carrier *carrier, zagg_err *err);

/** Opens a granule by its href; the worker closes the source. */
typedef zagg_status (*zagg_open_fn)(void *user, const char *href, zagg_source **out,
                                    zagg_err *err);

typedef struct zagg_shard_opts {
    const char *handoff; /* "pandas", "arrow", or NULL for the config's: same numbers */
    zagg_pool *pool;     /* granules, slabs of their rows, inner chunks; may be NULL */
    zagg_log *log;
    zagg_open_fn open; /* NULL: local files */
    void *open_user;
    bool trace_rss; /* log the resident memory after each stage (ZAGG_PROFILE_RSS) */
    const uint64_t *aoi_mask; /* zagg_process_shard with output.aoi_mask: as in
                                 zagg_shard_entry */
    size_t n_aoi_mask;
    uint64_t memory_bytes; /* what the process may use: rows beyond it go to the disk; 0:
                              half of what the machine has */
    const char *spill_dir; /* where they go; NULL: $TMPDIR, else /var/tmp, else /tmp */
    const volatile int *stop; /* non-zero (a signal handler may set it): nothing further
                                 is read, and shards that lack rows are not handed over;
                                 may be NULL */
    size_t ahead; /* granules that are opened before their turn, and whether chunks are
                     fetched before they are decoded: for sources whose requests take
                     time (4 does well); 0: none */
} zagg_shard_opts;
#define ZAGG_SHARD_OPTS_INIT                                                             \
    {                                                                                    \
        NULL, NULL, NULL, NULL, NULL, false, NULL, 0, 0, NULL, NULL, 0                   \
    }

#define ZAGG_EXEMPLARS 3
#define ZAGG_EXEMPLAR_LEN 301

typedef struct zagg_shard_result {
    uint64_t shard_key;
    uint64_t cells_with_data;
    uint64_t total_obs;       /* rows kept */
    uint64_t granule_count;   /* asked for */
    uint64_t files_processed; /* granules that could be opened */
    uint64_t read_errors;     /* group reads that failed */
    uint64_t granule_errors;  /* granules that could not be opened */
    uint64_t auth_errors;     /* of both: for lack of keys that are accepted */
    zagg_read_counters counters;
    double read_s, index_s, aggregate_s, duration_s;
    bool no_data;       /* nothing to write; see `failed` */
    bool failed;        /* `error` is a failure, not benign emptiness */
    char error[1024];   /* "" when there is data; upstream's wording otherwise */
    size_t n_exemplars; /* first distinct read failures */
    char exemplars[ZAGG_EXEMPLARS][ZAGG_EXEMPLAR_LEN];
} zagg_shard_result;

/** Process one shard: read its granules, group, aggregate, hand over one carrier per
 * inner chunk. Failed group and granule reads are counted in the result and do not stop
 * the shard; rows are kept in granule order > group order > ascending photon index
 * whatever the number of threads. No carrier is handed over without data. An error status
 * means that the shard could not be processed (bad key, aggregation failure, the sink's
 * error, memory; CANCELLED where `stop` came before its rows were in). `result` is filled
 * in any case. */
ZAGG_API zagg_status zagg_process_shard(const zagg_worker *worker, uint64_t shard_key,
                                        const char *const *hrefs, size_t n_hrefs,
                                        const zagg_shard_opts *opts, zagg_carrier_fn sink,
                                        void *user, zagg_shard_result *result,
                                        zagg_err *err);

/** One of several shards that are processed together. */
typedef struct zagg_shard_job {
    uint64_t key;
    const char *const *hrefs; /* of its granules */
    size_t n_hrefs;
    const uint64_t *aoi_mask; /* with output.aoi_mask: as in zagg_shard_entry */
    size_t n_aoi_mask;
} zagg_shard_job;

/** The rows of a shard whose granules have all been read. */
typedef struct zagg_shard_rows zagg_shard_rows;
/** Group and aggregate them, once: what zagg_process_shard does after reading. */
ZAGG_API zagg_status zagg_shard_rows_aggregate(zagg_shard_rows *rows,
                                               zagg_carrier_fn sink, void *user,
                                               zagg_shard_result *result, zagg_err *err);
/** Give them up instead: `result` says how reading went, and of no cell. */
ZAGG_API void zagg_shard_rows_drop(zagg_shard_rows *rows, zagg_shard_result *result);
/** Who takes the shards of a pass; both with the shard's number in the list. An error
 * ends the pass. */
typedef struct zagg_shard_taker {
    /** As soon as its last granule is in: calls zagg_shard_rows_aggregate, or
     * zagg_shard_rows_drop. On any thread, several at once. */
    zagg_status (*ready)(void *user, size_t index, zagg_shard_rows *rows, zagg_err *err);
    /** After every `ready` that returned OK, of shards with the same last granule in the
     * order of the list; may be NULL. On any thread. */
    zagg_status (*over)(void *user, size_t index, zagg_err *err);
    /** A granule is through: `done` of `total`; before the shards that are ready with it.
     * May be NULL. On any thread. */
    zagg_status (*read)(void *user, size_t done, size_t total, zagg_err *err);
    void *user;
} zagg_shard_taker;

/** What a pass over granules did. */
typedef struct zagg_pass_stats {
    uint64_t granules;     /* opened, each once */
    uint64_t rows_scanned; /* base rows whose coordinates were decoded, each once */
    uint64_t chunks_decoded, bytes_fetched; /* of all datasets; see zagg_h5_stats */
    uint64_t spilled_bytes;                 /* rows that went to the disk */
    double spill_s; /* writing and reading these, summed over threads */
} zagg_pass_stats;

/** Process shards in one pass over their granules: each granule is opened once and each
 * chunk that some shard needs is inflated once, whatever the number of shards. Rows and
 * results of every shard are those of zagg_process_shard for that shard alone. A group
 * whose data are damaged is read again for each shard by itself, so that only those
 * suffer that need the damaged part. Keys must differ. An error status (memory, a full
 * disk, what the taker returned) means that the shards that have not been handed over are
 * not done. `stats` may be NULL. */
ZAGG_API zagg_status zagg_process_shards(const zagg_worker *worker,
                                         const zagg_shard_job *jobs, size_t n_jobs,
                                         const zagg_shard_opts *opts,
                                         const zagg_shard_taker *taker,
                                         zagg_pass_stats *stats, zagg_err *err);

/* ---- the store that a pipeline writes ---- */

/** Layout of the store: template and, per carrier column, its array. Flat: arrays over
 * the whole grid. Hive (HEALPix, output.store_layout): a leaf a shard, whose arrays hold
 * the cells of that shard. */
typedef struct zagg_store_plan zagg_store_plan;
ZAGG_API zagg_status zagg_store_plan_new(const zagg_pipeline *pipeline,
                                         const zagg_grid *grid, zagg_store_plan **out,
                                         zagg_err *err);
ZAGG_API void zagg_store_plan_free(zagg_store_plan *plan);
/** Of a hive: that of each leaf. */
ZAGG_API const zagg_zarr_template *zagg_store_plan_template(const zagg_store_plan *plan);
/** True when the run ends with consolidated metadata. */
ZAGG_API bool zagg_store_plan_consolidates(const zagg_store_plan *plan);

/** Arrays that are whole at template time (rectilinear x and y): write them. */
ZAGG_API zagg_status zagg_store_plan_write_static(const zagg_store_plan *plan,
                                                  zagg_sink *store, zagg_err *err);

/** Remove the objects of a shard, or only its CSR groups, which may not be written over:
 * before a shard is written again, and where it turns out to have no data. None there is
 * OK. Requests: one for each array and inner chunk. */
ZAGG_API zagg_status zagg_store_plan_erase_shard(const zagg_store_plan *plan,
                                                 zagg_sink *store,
                                                 const zagg_shard *shard, bool csr_only,
                                                 zagg_err *err);

/** What a run finds at the place of its store. */
typedef enum zagg_store_start {
    ZAGG_STORE_NEW = 0,   /* nothing, or a store of this config by an unknown writer */
    ZAGG_STORE_OVERWRITE, /* something that is to be replaced */
    ZAGG_STORE_RESUME /* a store of this config, of which the caller knows which shards
                         are whole: CSR fields may have chunks */
} zagg_store_start;

/** Make the store ready for its shards. Flat: the template (zagg_zarr_create) and what is
 * whole from the start (rectilinear x and y). Hive: the manifest and aggregation.yaml;
 * EEXISTS where a store of another config is there. `map` (may be NULL) names the dataset
 * in the manifest. What the config asks for and no run writes is said on `log`. */
ZAGG_API zagg_status zagg_store_plan_begin(const zagg_store_plan *plan, zagg_sink *store,
                                           const zagg_shardmap *map,
                                           zagg_store_start start, zagg_log *log,
                                           zagg_err *err);
/** Would zagg_store_plan_begin go well, and does it take over a store of this config that
 * is `*there` already? Nothing is written. */
ZAGG_API zagg_status zagg_store_plan_check(const zagg_store_plan *plan, zagg_sink *store,
                                           const zagg_shardmap *map,
                                           zagg_store_start start, bool *there,
                                           zagg_err *err);
/** What a run does when its shards are written; `keys`: those of the n shards that are
 * complete in the store. Flat: consolidated metadata, where asked for. Hive: they join
 * the coverage at the root (read, union, write: of two runs at once the later one
 * counts). */
ZAGG_API zagg_status zagg_store_plan_end(const zagg_store_plan *plan, zagg_sink *store,
                                         const uint64_t *keys, size_t n, zagg_log *log,
                                         zagg_err *err);

/** What the leaf of a shard says about where it comes from. All of it is borrowed until
 * zagg_store_writer_finish returns. */
typedef struct zagg_store_origin {
    const zagg_shardmap *map;
    const zagg_shard_entry *entry; /* of this shard */
    const char *const *hrefs;      /* of the granules asked for */
    size_t n_hrefs;
    const zagg_shard_result *result;
    const char *run_id;
} zagg_store_origin;

/** Writes the carriers of one shard after another, each as it comes; one per thread. A
 * shard is finished before the next one begins (ARG).
 * zagg_store_writer_carrier fits zagg_carrier_fn with the writer as `user`. */
typedef struct zagg_store_writer zagg_store_writer;
ZAGG_API zagg_status zagg_store_writer_new(const zagg_store_plan *plan, zagg_sink *store,
                                           zagg_store_writer **out, zagg_err *err);
ZAGG_API void zagg_store_writer_free(zagg_store_writer *writer);
ZAGG_API zagg_status zagg_store_writer_carrier(void *writer, const zagg_shard *shard,
                                               const zagg_carrier *carrier,
                                               zagg_err *err);
/** Must be called before zagg_store_writer_finish where the layout is hive. */
ZAGG_API void zagg_store_writer_set_origin(zagg_store_writer *writer,
                                           const zagg_store_origin *origin);
/** Write the objects of the shard whose carriers were taken (sharded arrays). Hive: and
 * complete the leaf; its stamp is the last object that belongs to it. */
ZAGG_API zagg_status zagg_store_writer_finish(zagg_store_writer *writer,
                                              const zagg_shard *shard, zagg_err *err);

#ifdef __cplusplus
}
#endif
#endif
