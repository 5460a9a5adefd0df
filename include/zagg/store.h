/* Reading stores back, whatever their layout: flat groups (sharded or not, ragged fields
 * as vlen arrays or CSR groups), morton hives with plain or versioned leaves, and single
 * leaves. Cells with their values side by side, chunk by chunk. */
#ifndef ZAGG_STORE_H
#define ZAGG_STORE_H

#include "zagg/grid.h"
#include "zagg/io.h"
#include "zagg/value.h"
#include "zagg/zarr.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- what a store holds ---- */

typedef struct zagg_store zagg_store;

typedef enum zagg_store_form {
    ZAGG_STORE_FLAT = 0, /* zarr.json, and one group a grid: arrays over the whole grid */
    ZAGG_STORE_HIVE,     /* morton_hive.json, and a tree with one leaf a shard */
    ZAGG_STORE_LEAF      /* one leaf of a hive by itself: X.zarr */
} zagg_store_form;

typedef enum zagg_store_kind {
    ZAGG_STORE_SCALAR = 0, /* a value a cell */
    ZAGG_STORE_VECTOR,     /* `width` values a cell */
    ZAGG_STORE_RAGGED,     /* any number of rows of `width` values a cell */
    ZAGG_STORE_SERIES,     /* `width` layers (of time) over the cells */
    ZAGG_STORE_COMPANION,  /* one value, vector or payload for all cells of a chunk */
    ZAGG_STORE_COORDINATE, /* `morton` or `cell_ids`: which cell it is */
    ZAGG_STORE_MASK,       /* `aoi_mask`: cells of the area of interest, data or not */
    ZAGG_STORE_AXIS,       /* `x`, `y`, `time`: along one axis */
    ZAGG_STORE_MAPPING,    /* without axes: attributes only, as a CF grid mapping */
    ZAGG_STORE_OTHER       /* anything else: listed, not read; `why` tells the reason */
} zagg_store_kind;

/** One array, or one CSR field, of a group. */
typedef struct zagg_store_field_info {
    const char *name;
    zagg_store_kind kind;
    bool ragged; /* payloads: of RAGGED, and of a COMPANION that is ragged */
    bool digest; /* ragged float32 rows of (mean, weight): zagg/digest.h reads them */
    zagg_dtype dtype;             /* of one value */
    size_t width;                 /* values of a cell (ragged: of one row), at least 1 */
    const zagg_zarr_array *array; /* as stored; of a hive: in its first leaf; NULL for
                                     MAPPING, and OTHER whose document cannot be read */
    const zagg_value *attributes; /* NULL for CSR */
    const char *locations, *times,
        *weights;    /* siblings and weights of digests, or NULL */
    const char *why; /* OTHER */
    bool damaged;    /* OTHER: the document breaks its format, rather than ours */
} zagg_store_field_info;

/** How the cells lie. Two axes are y and x; HEALPix has one. All numbers count cells. */
typedef struct zagg_store_grid {
    zagg_grid_kind kind;
    unsigned rank;
    uint64_t shape[2], shard_shape[2], chunk_shape[2]; /* of the whole grid */
    uint64_t cells_per_chunk, chunks_per_shard, cells_per_shard;
    /* HEALPix. Unsharded flat stores do not say what their shards were: shard = chunk */
    unsigned shard_order, chunk_order, cell_order;
    zagg_latitude latitude;
    bool latitude_recorded; /* by dggs.latitude, or by name "healpix" (geodetic); if
                               not, geodetic is assumed as of stores before both */
    /* rectilinear */
    const char *crs;
    double resolution[2], bounds[4]; /* xmin ymin xmax ymax */
} zagg_store_grid;

/** One shard that has data: a leaf of a hive, or what of a flat store has objects. */
typedef struct zagg_store_shard {
    uint64_t key;       /* morton word, or row block * blocks + column block */
    uint64_t block[2];  /* index along each axis of the grid of shards */
    const char *label;  /* decimal morton id, or the key in decimal */
    const char *window; /* of windowed leaves, else NULL */
    const char *leaf;   /* folder of the leaf ("1/1/2/1/3/11213.zarr"); "" for flat */
    const char *path;   /* folder the group lies in: that of the leaf or its version */
    const zagg_value *stamp; /* commit stamp of a leaf; NULL for flat */
} zagg_store_shard;

/** A leaf that cannot be used: unfinished (no commit stamp yet), damaged or misplaced. */
typedef struct zagg_store_debris {
    const char *path, *why;
} zagg_store_debris;

typedef struct zagg_store_group {
    const char *name;             /* "19", "rectilinear" */
    const zagg_value *attributes; /* of a hive: of its first leaf; may be NULL */
    bool has_grid;                /* false: its fields are all OTHER, for `why` */
    const char *why;
    zagg_store_grid grid;
    size_t n_fields; /* in byte order of their names */
    const zagg_store_field_info *fields;
    size_t n_shards; /* ascending by block, then window */
    const zagg_store_shard *shards;
    size_t n_debris; /* of a hive: folders that look like leaves and are none */
    const zagg_store_debris *debris;
} zagg_store_group;

/** Open a local store. Reads the metadata, and of a hive the tree and the stamps of its
 * leaves; no values. Errors name the object: NOTFOUND where there is no store, FORMAT,
 * UNSUPPORTED. O(leaves), or of a flat store O(objects). */
ZAGG_API zagg_status zagg_store_open(const char *path, zagg_store **out, zagg_err *err);
/** The same in any object store; `sink` must stay open. A leaf by itself needs to be
 * called ID.zarr: `name` is its folder name, NULL where it may be no leaf. */
ZAGG_API zagg_status zagg_store_open_sink(zagg_sink *sink, const char *name,
                                          zagg_store **out, zagg_err *err);
/** NULL is fine. */
ZAGG_API void zagg_store_close(zagg_store *store);
ZAGG_API const char *zagg_store_name(const zagg_store *store);
ZAGG_API zagg_store_form zagg_store_get_form(const zagg_store *store);
/** "flat", "hive", "leaf". */
ZAGG_API const char *zagg_store_form_name(zagg_store_form form);
/** "scalar", "vector", ... */
ZAGG_API const char *zagg_store_kind_name(zagg_store_kind kind);
/** morton_hive.json as parsed; NULL for flat stores and single leaves. */
ZAGG_API const zagg_value *zagg_store_manifest(const zagg_store *store);
/** Groups of cells: one for a hive, any number for a flat store. */
ZAGG_API size_t zagg_store_n_groups(const zagg_store *store);
ZAGG_API const zagg_store_group *zagg_store_get_group(const zagg_store *store, size_t i);

/* ---- values ---- */

/** Reads the shards of one group. Holds for each field one object as stored and one
 * decoded chunk. One thread at a time; several readers of a store may work at once. */
typedef struct zagg_store_reader zagg_store_reader;
/** `wanted`: for each field of the group whether it is read; NULL: all (OTHER never). */
ZAGG_API zagg_status zagg_store_reader_new(const zagg_store *store, size_t group,
                                           const bool *wanted, zagg_store_reader **out,
                                           zagg_err *err);
ZAGG_API void zagg_store_reader_free(zagg_store_reader *reader);

/** Values of one field for the cells of one chunk. */
typedef struct zagg_store_column {
    const zagg_store_field_info *field;
    bool read;        /* false: not wanted, OTHER or AXIS; no data then */
    bool stored;      /* false: nothing stored for this chunk, so all of it is fill */
    const void *data; /* elements of field->dtype, cell by cell (`width` each); SERIES:
                         layer by layer; COMPANION: `width` for the chunk; NULL where
                         ragged */
    const zagg_bytes_view *payloads; /* ragged: rows of a cell, at any address; one for
                                        each cell, or one of a COMPANION */
} zagg_store_column;

/** One inner chunk: its cells in stored order and their values side by side. Valid until
 * the reader's next use. */
typedef struct zagg_store_chunk {
    uint64_t b;        /* 0..chunks_per_shard - 1 within the shard */
    uint64_t index[2]; /* in the grid of chunks of the whole grid */
    size_t n_cells;
    const uint64_t *cell_ids; /* nested ids at cell order, or row * width + column */
    const uint64_t *words;    /* morton words; NULL for rectilinear grids */
    size_t n_columns;         /* = n_fields of the group, in their order */
    const zagg_store_column *columns;
} zagg_store_chunk;

/** Turn to shard i of the group. Of a hive this reads the documents of its leaf, which
 * must describe the fields as those of the first leaf do (FORMAT otherwise). */
ZAGG_API zagg_status zagg_store_reader_shard(zagg_store_reader *reader, size_t i,
                                             zagg_err *err);
/** Decode chunk b of the shard. Every size, checksum and frame is checked; FORMAT names
 * the object. RANGE beyond chunks_per_shard. */
ZAGG_API zagg_status zagg_store_reader_chunk(zagg_store_reader *reader, uint64_t b,
                                             zagg_store_chunk *out, zagg_err *err);
/** Turn to the shard of a cell (of its first window) and decode its chunk; `*at` is its
 * position there. NOTFOUND when its shard has no data, RANGE for no cell of the grid. */
ZAGG_API zagg_status zagg_store_read_cell(zagg_store_reader *reader, uint64_t cell_id,
                                          zagg_store_chunk *out, size_t *at,
                                          zagg_err *err);
/** Cell id of a place in geodetic degrees; RANGE where the grid has none. */
ZAGG_API zagg_status zagg_store_locate(const zagg_store_grid *grid, double lat_deg,
                                       double lon_deg, uint64_t *cell_id, zagg_err *err);
/** Does the cell hold data in this column: a payload, or any value that is neither fill
 * nor NaN (nor, of an integer type, 0: counts of empty cells)? Always false for
 * coordinates, masks, axes and companions. */
ZAGG_API bool zagg_store_has_data(const zagg_store_chunk *chunk, size_t column,
                                  size_t cell);

/** One element of any number type as a number; 64-bit integers beyond 2^53 lose bits. */
ZAGG_API double zagg_store_number(zagg_dtype dtype, const void *element);

/* ---- statistics ---- */

/** What the cells of all shards hold in one field. Values count that are data as
 * zagg_store_has_data sees it; of a vector or series each by itself, of a companion those
 * of all chunks that hold data. */
typedef struct zagg_store_stats {
    uint64_t objects, bytes; /* stored, documents left out */
    uint64_t cells;          /* with data; of a companion: chunks */
    uint64_t values;         /* finite ones; of a digest: centroids */
    double min, max, mean;   /* of the finite values, NaN where there are none; of digests
                                of the centroids' means, the mean weighted */
    double weight;           /* of digests: the sum of all weights, else 0 */
} zagg_store_stats;

/** Read all of a group. `stats`: one for each field; zeros for OTHER, and of AXIS and
 * MAPPING objects and bytes only. `cells_with_data`: one for each shard: its cells with
 * data in any field. Memory as a reader's. */
ZAGG_API zagg_status zagg_store_survey(const zagg_store *store, size_t group,
                                       zagg_store_stats *stats, uint64_t *cells_with_data,
                                       zagg_err *err);

/* ---- verifying ---- */

typedef enum zagg_finding_kind {
    ZAGG_FINDING_PROBLEM = 0,  /* something is wrong */
    ZAGG_FINDING_UNVERIFIABLE, /* nothing was recorded to hold it against */
    ZAGG_FINDING_UNRECORDED    /* an object that no record of the status folder names */
} zagg_finding_kind;

typedef struct zagg_finding {
    zagg_finding_kind kind;
    const char *path; /* object or folder below the store; "" for the store itself */
    const char *reason;
} zagg_finding;
/** Sees a finding; a status other than OK ends the verification. */
typedef zagg_status (*zagg_finding_fn)(void *user, const zagg_finding *finding,
                                       zagg_err *err);

typedef struct zagg_store_verdict {
    uint64_t objects, bytes; /* that the store holds */
    uint64_t arrays, chunks; /* decoded */
    uint64_t shards;         /* of all groups */
    uint64_t content_hashes; /* arrays held against the hash in a stamp */
    uint64_t object_hashes;  /* objects held against the SHA-256 in the status folder */
    uint64_t problems, unverifiable, unrecorded; /* findings */
} zagg_store_verdict;

/** Check everything in a store: every chunk decodes, coordinates and attributes are those
 * of their place, consolidated metadata equal the documents, stamps, manifest, coverage
 * and sidecars agree with each other and with the cells; content hashes, and the SHA-256
 * of every object where `status` (the folder STORE.status; may be NULL) has them; no
 * object that does not belong there. What is wrong is reported and the rest goes on: the
 * call fails only for lack of memory, or with what `fn` says. Every object is read up to
 * three times; memory as a reader's, and about 100 bytes an object. `name` as in
 * zagg_store_open_sink. */
ZAGG_API zagg_status zagg_store_verify(zagg_sink *store, const char *name,
                                       zagg_sink *status, zagg_finding_fn fn, void *user,
                                       zagg_store_verdict *out, zagg_err *err);

#ifdef __cplusplus
}
#endif
#endif
