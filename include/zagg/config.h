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
    const char *credentials_provider; /* as in zagg_net_opts; NULL when absent */
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

/** What one argument of `params` stands for. */
typedef enum zagg_param_kind {
    ZAGG_PARAM_VALUE = 0,  /* no text: a number, boolean, null, list or mapping */
    ZAGG_PARAM_NAME,       /* the text is the name of a column, of a chunk_precompute
                              entry, or leaf_id */
    ZAGG_PARAM_EXPRESSION, /* any other text over these names: ZAGG_EXPR_PARAM */
    ZAGG_PARAM_NUMBER,     /* text that is a number: `number` */
    ZAGG_PARAM_METHOD      /* argument `method`: one of numpy's quantile methods */
} zagg_param_kind;

typedef struct zagg_param {
    const char *name;
    zagg_param_kind kind;
    const zagg_value *value; /* as written */
    const char *text;        /* of the value; NULL for ZAGG_PARAM_VALUE */
    double number;           /* ZAGG_PARAM_NUMBER */
    uint32_t line;
} zagg_param;

/** Upstream's own reducers, by full name (zagg.stats....). */
typedef enum zagg_stats_function {
    ZAGG_STATS_NONE = 0,         /* an expression, len, count, or a function of numpy */
    ZAGG_STATS_TDIGEST,          /* tdigest.build_tdigest */
    ZAGG_STATS_TDIGEST_PAIRWISE, /* tdigest.build_tdigest_pairwise */
    ZAGG_STATS_TDIGEST_WHERE,    /* tdigest.build_tdigest_where */
    ZAGG_STATS_COMPOSITION,      /* composition.pack_composition */
    ZAGG_STATS_WAVEFORM_DIGEST,  /* waveform.build_waveform_digest */
    ZAGG_STATS_SHOT_COUNT,       /* waveform.shot_count */
    ZAGG_STATS_SHOT_NUMBER,      /* waveform.shot_number */
    ZAGG_STATS_SINGLE_SHOT,      /* waveform.single_shot_value */
    ZAGG_STATS_CELL_ENVELOPE     /* toc.cell_envelope */
} zagg_stats_function;

/** `temporal`: where the time words of a field lie. */
typedef enum zagg_temporal {
    ZAGG_TEMPORAL_NONE = 0,
    ZAGG_TEMPORAL_PER_CELL,    /* the field itself, a uint64 scalar with fill 0 */
    ZAGG_TEMPORAL_PER_CENTROID /* NAME_times beside the ragged field */
} zagg_temporal;

/** `weights`: what the weights of a ragged digest are. */
typedef enum zagg_weights {
    ZAGG_WEIGHTS_ABSENT = 0, /* counts; no attribute is written */
    ZAGG_WEIGHTS_COUNTS,
    ZAGG_WEIGHTS_FLUX
} zagg_weights;

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
    uint32_t line;
    zagg_stats_function stats; /* of `function` */
    const zagg_param *args;    /* `params`, entry by entry */
    size_t n_args;
    const char *location; /* ragged: column of a morton word a row, or "leaf_id"; its
                             words become NAME_locations. NULL: none */
    zagg_temporal temporal;
    zagg_weights weights;          /* ragged */
    const zagg_value *gain;        /* attrs.gain, a MAP with name and version; there when
                                      weights is flux. NULL: no mapping of that name */
    const zagg_value *composition; /* attrs.composition, a MAP; NULL: none. The writer
                                      sets its `spec` and `lanes` */
    int64_t overview_delta;        /* 0: absent */
} zagg_field;

typedef struct zagg_precompute {
    const char *name, *function, *expression, *source;
    const zagg_value *params;
    zagg_dtype dtype; /* NONE: as computed */
    uint32_t line;
    zagg_stats_function stats;
    const zagg_param *args; /* `params`, entry by entry */
    size_t n_args;
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

/** The clock of the observations: `output.time_source`, else what `output.windowing` says
 * on a continuous scale. Offsets count SI seconds whichever scale it is. */
typedef enum zagg_time_scale { ZAGG_SCALE_GPS = 0, ZAGG_SCALE_TAI } zagg_time_scale;
typedef struct zagg_time_source {
    bool present;
    const char *field;     /* column of the offsets from the epoch */
    const char *epoch;     /* UTC instant as written, e.g. "2018-01-01T00:00:00" */
    const char *units;     /* of the offsets: "seconds" or "days" */
    zagg_time_scale scale; /* of the offsets */
    uint32_t line;
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
    bool cf;                     /* output.grid.cf: also a CF grid mapping */
    /* both */
    bool sharded_given, sharded;
    const char *store;        /* NULL when absent */
    const char *product_name; /* NULL when absent */
    zagg_store_layout
        store_layout; /* as written, else hive for healpix and flat otherwise */
    bool store_layout_given;
    bool consolidate_metadata; /* true under compat unless written */
    bool coverage_moc;         /* hive: coverage at the root; true unless written */
    bool zstd;                 /* codec: zstd */
    int zstd_level;            /* codec_level, 1..22 */
    bool aoi_mask;             /* store which cells lie in the area of interest */
    zagg_compat compat;
    zagg_time_source time_source;
} zagg_output;

/* ---- the whole ---- */

typedef struct zagg_pipeline {
    const char *name;     /* file name or "event", for messages */
    char text_sha256[65]; /* hex, of the text it was parsed from; "" when there is none */
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

/** What keeps this config from running in this version (time windows, streaming, ...):
 * ECONFIG naming key and line and what to write instead; OK when it
 * can run. */
ZAGG_API zagg_status zagg_pipeline_check_runnable(const zagg_pipeline *pipeline,
                                                  zagg_err *err);

/* ---- what decides the values of a store ---- */

#define ZAGG_SEMANTIC_HASH_BYTES 65 /* hex digits and a NUL */
/** Upstream 0.61's semantic_hash of a config: SHA-256 over its semantic core as compact
 * JSON with sorted keys. Equal hashes mean equal values in every cell that two stores
 * share; orders, chunks, paths and how rows are read are no part of it. `latitude` is the
 * run's: geodetic, which upstream does not have, and output.compat give other hashes.
 * Time windows, which no run of this version writes, count as they are written; upstream
 * normalises them.
 * ECONFIG or UNSUPPORTED where the core cannot be written as JSON (a date without quotes,
 * a key that is no text), as upstream. Thread-safe. */
ZAGG_API zagg_status zagg_pipeline_semantic_hash(const zagg_pipeline *pipeline,
                                                 zagg_latitude latitude,
                                                 char out[ZAGG_SEMANTIC_HASH_BYTES],
                                                 zagg_err *err);
/** The same core as YAML, the text of aggregation.yaml: heap, zagg_bytes_free. */
ZAGG_API zagg_status zagg_pipeline_semantic_yaml(const zagg_pipeline *pipeline,
                                                 zagg_latitude latitude, char **out,
                                                 size_t *out_len, zagg_err *err);

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

/** Built-in templates: YAML text by name, as upstream 0.61 has it. NULL when there is
 * none of that name. */
ZAGG_API const char *zagg_config_builtin(const char *name);
/** The same as another version had it (ZAGG_COMPAT_NONE: 0.61). NULL where that version
 * had none of that name. */
ZAGG_API const char *zagg_config_builtin_compat(const char *name, zagg_compat compat);
/** What a built-in template is for, one line. NULL when there is none of that name. */
ZAGG_API const char *zagg_config_builtin_purpose(const char *name);
/** Names of the built-in templates; static, NULL-terminated, sorted. */
ZAGG_API const char *const *zagg_config_builtin_names(void);

#ifdef __cplusplus
}
#endif
#endif
