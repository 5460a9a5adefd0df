/* The pipeline config: upstream's YAML (or the same object in a worker event), validated.
 */
#ifndef ZAGG_CONFIG_H
#define ZAGG_CONFIG_H

#include "zagg/dtype.h"
#include "zagg/geo.h"
#include "zagg/log.h"
#include "zagg/status.h"
#include "zagg/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- data_source ---- */

/** A column to read: `data_source.variables` entry, or a variable of a coarser level. */
typedef struct zagg_variable {
    const char *name;
    const char *path; /* template, "{group}" not yet substituted */
    bool has_column;  /* {path, column} form */
    int64_t column;   /* >= 0 */
} zagg_variable;

typedef enum zagg_op {
    ZAGG_OP_EQ = 0,
    ZAGG_OP_NE,
    ZAGG_OP_GE,
    ZAGG_OP_LE,
    ZAGG_OP_LT,
    ZAGG_OP_GT,
    ZAGG_OP_IN,
    ZAGG_OP_NOT_IN
} zagg_op;

/** One row filter. Structured, or `expression` set and everything else empty. */
typedef struct zagg_filter {
    const char *expression; /* NULL for a structured filter */
    const char *level;      /* NULL: base level */
    const char *dataset;    /* template */
    bool has_column;
    int64_t column; /* may be negative: from the end */
    zagg_op op;
    bool keep;                       /* false inverts */
    const zagg_value *value;         /* scalar ops; a number (quality_filter: anything) */
    const zagg_value *const *values; /* in / not_in */
    size_t n_values;
    uint32_t line;
} zagg_filter;

typedef struct zagg_link {
    const char *to;
    const char *index_beg; /* dataset templates */
    const char *count;
    int64_t index_base;
} zagg_link;

typedef struct zagg_level {
    const char *name;
    const char *path;     /* template */
    bool has_coordinates; /* map form with latitude and longitude */
    const char *latitude,
        *longitude; /* full templates: joined with path unless absolute */
    bool is_base;
    bool has_link;
    zagg_link link;
    const zagg_variable *variables; /* map form only; paths are templates as written */
    size_t n_variables;
} zagg_level;

typedef struct zagg_read_plan {
    bool present;
    const char *spatial_index; /* level name, NULL when falsy: full route */
    int64_t pad;
    double full_read_threshold;
} zagg_read_plan;

typedef struct zagg_data_source {
    const char
        *driver; /* "s3", "https", "file" or whatever is written; NULL when absent */
    const char *const *groups;
    size_t n_groups;
    const char *latitude, *longitude; /* templates; NULL when absent */
    const zagg_variable *variables;
    size_t n_variables;
    const zagg_filter *filters; /* effective: quality_filter folded in */
    size_t n_filters;
    const zagg_level *levels;
    size_t n_levels;
    const char *base_level; /* NULL without levels */
    zagg_read_plan read_plan;
} zagg_data_source;

/* ---- aggregation ---- */

typedef enum zagg_field_kind {
    ZAGG_FIELD_SCALAR = 0,
    ZAGG_FIELD_VECTOR,
    ZAGG_FIELD_RAGGED
} zagg_field_kind;

typedef struct zagg_field {
    const char *name;
    const char *function; /* one of function / expression is set */
    const char *expression;
    const char *source; /* column of a function field; default "h_li" */
    bool source_given;
    const zagg_value *params; /* MAP or NULL */
    zagg_field_kind kind;
    const int64_t *shape; /* trailing_shape (vector) or inner_shape (ragged) */
    size_t n_shape;
    zagg_dtype dtype;        /* default float32 */
    const zagg_value *fill;  /* as written; NULL when absent (default "NaN") */
    bool chunk_resolution;   /* resolution: chunk */
    const zagg_value *attrs; /* MAP or NULL */
    const char *location;    /* digests: column of the words that centroids carry; NULL */
    const char *temporal;    /* "per-cell" or "per-centroid"; NULL */
    uint32_t line;
} zagg_field;

typedef struct zagg_precompute {
    const char *name, *function, *expression, *source;
    const zagg_value *params;
    zagg_dtype dtype; /* NONE: as computed */
    uint32_t line;
} zagg_precompute;

/** A declared coordinate array (aggregation.coordinates). */
typedef struct zagg_coordinate {
    const char *name;
    zagg_dtype dtype;       /* default float32 */
    const zagg_value *fill; /* NULL: default "NaN" */
} zagg_coordinate;

typedef enum zagg_handoff { ZAGG_HANDOFF_ARROW = 0, ZAGG_HANDOFF_PANDAS } zagg_handoff;

/* ---- output ---- */

typedef enum zagg_compat { ZAGG_COMPAT_NONE = 0, ZAGG_COMPAT_0_11 } zagg_compat;
typedef enum zagg_store_layout {
    ZAGG_LAYOUT_FLAT = 0,
    ZAGG_LAYOUT_HIVE
} zagg_store_layout;

/** output.time_source: how a column tells the time of an observation. */
typedef struct zagg_time_source {
    const char *field; /* column; NULL without a time source */
    const char *epoch; /* "2018-01-01T00:00:00", UTC */
    const char *scale; /* "gps" or "tai": SI seconds, no leaps */
    const char *units; /* "seconds" or "days" */
} zagg_time_source;

/** Resolved: defaults of upstream 0.61, or of 0.11 under compat, are filled in. So
 * `sharded` is true for healpix unless written (false under compat), and a sharded
 * healpix grid without chunk_inner has child_order - 6 here if that is above parent_order
 * (not under compat). A single chunk a shard still counts as sharded here: the grid
 * resolves that. */
typedef struct zagg_output {
    const char *grid_type; /* "healpix" / "rectilinear"; NULL without a grid */
    /* healpix */
    int64_t parent_order, child_order, chunk_inner; /* -1 when absent */
    bool emit_cell_ids;  /* under compat: aggregation.coordinates declares cell_ids */
    bool latitude_given; /* output.grid.latitude */
    zagg_latitude latitude;
    /* rectilinear */
    const char *crs;
    double resolution[2];
    double bounds[4];
    int64_t chunk_shape[2];      /* 256, 256 when absent */
    int64_t rect_chunk_inner[2]; /* 0 when absent */
    /* both */
    bool sharded_given, sharded;
    const char *store;        /* NULL when absent */
    const char *product_name; /* NULL when absent */
    zagg_store_layout
        store_layout; /* as written, else hive for healpix and flat otherwise */
    bool store_layout_given;
    bool consolidate_metadata; /* true under compat unless written */
    zagg_compat compat;
    zagg_time_source time_source;
} zagg_output;

/* ---- the whole ---- */

typedef struct zagg_pipeline {
    const char *name; /* file name or "event", for messages */
    zagg_data_source data_source;
    const zagg_coordinate *coordinates;
    size_t n_coordinates;
    const zagg_field *fields;
    size_t n_fields;
    const zagg_precompute *precompute;
    size_t n_precompute;
    zagg_handoff handoff; /* aggregation.handoff, default arrow */
    zagg_output output;
    const char *catalog;    /* NULL when absent */
    const zagg_value *root; /* everything as written */
} zagg_pipeline;

/** Load and validate a YAML file. First failure stops, in upstream's order; ECONFIG with
 * file, line, key path, what was found and what is allowed; also for text that is no
 * YAML. Keys that neither upstream version knows are warned about on `log` (may be NULL).
 * The pipeline is immutable and may be shared between threads. Free with
 * zagg_pipeline_free. */
ZAGG_API zagg_status zagg_pipeline_load(const char *path, zagg_log *log,
                                        zagg_pipeline **out, zagg_err *err);
/** The same from YAML text. */
ZAGG_API zagg_status zagg_pipeline_parse(const char *text, size_t len, const char *name,
                                         zagg_log *log, zagg_pipeline **out,
                                         zagg_err *err);
/** The same from the `config` object of an event (a tree that outlives the pipeline). */
ZAGG_API zagg_status zagg_pipeline_from_value(const zagg_value *root, const char *name,
                                              zagg_log *log, zagg_pipeline **out,
                                              zagg_err *err);
ZAGG_API void zagg_pipeline_free(zagg_pipeline *pipeline);

/** What keeps this config from running in this version (an expression, a ragged field,
 * hive layout, ...): ECONFIG naming key and line and what to write instead; OK when it
 * can run. */
ZAGG_API zagg_status zagg_pipeline_check_runnable(const zagg_pipeline *pipeline,
                                                  zagg_err *err);

/* ---- keys and their state (docs/config.md is generated from and tested against this)
 * ---- */

typedef enum zagg_key_state {
    ZAGG_KEY_IMPLEMENTED = 0,
    ZAGG_KEY_NO_OP,  /* accepted; changes no number */
    ZAGG_KEY_REFUSED /* exit 3, naming what is coming */
} zagg_key_state;
typedef struct zagg_key {
    const char
        *path; /* "output.grid.child_order"; "<name>" for free names, "[]" for items */
    zagg_key_state state;
    const char
        *since; /* "0.11" or "0.61": the upstream version that reads it; "zagg" ours */
    const char *meaning;
} zagg_key;
/** Static table, sorted by path. */
ZAGG_API const zagg_key *zagg_config_keys(size_t *n);

/** Built-in templates: YAML text by name. NULL when there is none of that name. */
ZAGG_API const char *zagg_config_builtin(const char *name);
/** Names of the built-in templates; static, NULL-terminated, sorted. */
ZAGG_API const char *const *zagg_config_builtin_names(void);

#ifdef __cplusplus
}
#endif
#endif
