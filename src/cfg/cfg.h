/* Internals of the config module: places in the tree with their key paths, readers that
 * say what was found and what is allowed, and one function per section of the config. */
#ifndef ZG_CFG_H
#define ZG_CFG_H

#include "base/base.h"
#include "zagg/config.h"

/* Bounds: a config is small; hostile ones must not cost quadratic time or much memory. */
#define ZG_CFG_MAX_FILE_BYTES ((size_t)16 << 20)
#define ZG_CFG_MAX_TEXT 4096
#define ZG_CFG_MAX_NAME 255
#define ZG_CFG_MAX_ENTRIES 1024
#define ZG_CFG_MAX_LEVELS 64
#define ZG_CFG_MAX_PARAMS 64
#define ZG_CFG_MAX_AXES 8
#define ZG_CFG_MAX_CELL_ITEMS ((int64_t)1 << 24)

/** One load: what every validator needs. */
typedef struct zg_cfg {
    const char *name; /* of the file, for messages */
    zagg_arena *arena;
    zagg_log *log;
    zagg_err *err;
    zagg_pipeline *p;
    zagg_filter *filters; /* those of p while they are still being written */
    const char **columns; /* base variables, then segment variables */
    size_t n_columns;
    const char **names; /* of expressions: columns, leaf_id, toc_word where there is a
                           column of it, then (in fields) chunk_precompute entries */
    size_t n_names;
    bool toc_word; /* the words of the clock are a column */
} zg_cfg;

#define ZG_CFG_PATH 240

/* Columns that upstream derives: the cell of each row, and its time word. */
#define ZG_LEAF_ID "leaf_id"
#define ZG_TOC_WORD "toc_word"

/** A place in the config: its value (NULL when the key is absent), its line and key path.
 */
typedef struct zg_spot {
    const zagg_value *value;
    const zagg_value *key;    /* of a member, else NULL */
    const zagg_value *parent; /* the mapping that was asked, for hints; else NULL */
    uint32_t line;
    char path[ZG_CFG_PATH];
} zg_spot;

zg_spot zg_spot_root(const zagg_value *root);
zg_spot zg_spot_get(const zg_spot *map, const char *key);
zg_spot zg_spot_member(const zg_spot *map, size_t i);
zg_spot zg_spot_item(const zg_spot *list, size_t i);
bool zg_spot_is_set(const zg_spot *s); /* there and not null */
bool zg_spot_is_map(const zg_spot *s);
bool zg_spot_is_list(const zg_spot *s);
size_t zg_spot_count(const zg_spot *s); /* entries of a list or map, else 0 */

/** "'text'", "12", "a list of 3", ... */
void zg_found(const zagg_value *v, char *out, size_t out_size);

/** ECONFIG "<file>:<line>: <path>: <text>". */
zagg_status zg_fail(const zg_cfg *c, const zg_spot *s, const char *fmt, ...)
    ZAGG_PRINTF(3, 4);
/** ECONFIG "...: found X; must be <text>", or "...: missing; must be <text>". */
zagg_status zg_must(const zg_cfg *c, const zg_spot *s, const char *fmt, ...)
    ZAGG_PRINTF(3, 4);

zagg_status zg_cfg_alloc(const zg_cfg *c, size_t count, size_t size, void *out_ptr);

/* Readers of a value that must be there. Out-params are untouched on failure. */
zagg_status zg_read_text(const zg_cfg *c, const zg_spot *s, const char **out);
zagg_status zg_read_path(const zg_cfg *c, const zg_spot *s, const char **out);
zagg_status zg_read_opt_text(const zg_cfg *c, const zg_spot *s, const char **out);
zagg_status zg_read_bool(const zg_cfg *c, const zg_spot *s, bool *out);
zagg_status zg_read_i64(const zg_cfg *c, const zg_spot *s, int64_t least, int64_t *out);
zagg_status zg_read_number(const zg_cfg *c, const zg_spot *s, double *out);
zagg_status zg_expect_map(const zg_cfg *c, const zg_spot *s, const char *what);
zagg_status zg_expect_list(const zg_cfg *c, const zg_spot *s, const char *what);
/** Key of a member as a usable name: text without NUL, not empty, not overlong. */
zagg_status zg_read_key(const zg_cfg *c, const zg_spot *s, const char **out);
/** A key that becomes the name of a Zarr array: also no '/', no dots only, no "__"
 * prefix. */
zagg_status zg_read_array_name(const zg_cfg *c, const zg_spot *s, const char **out);
/** Exactly these keys (NULL-terminated); anything else is an error. */
zagg_status zg_only_keys(const zg_cfg *c, const zg_spot *map, const char *const *keys);
/** dtype: absent or null gives `dflt`. */
zagg_status zg_read_dtype(const zg_cfg *c, const zg_spot *s, zagg_dtype dflt,
                          zagg_dtype *out);
/** fill_value: NULL when absent; a float NaN becomes the text "NaN". */
const zagg_value *zg_read_fill(const zg_spot *s);

/* Sections, in the order in which they are checked (load.c). */
zagg_status zg_check_finite(const zg_cfg *c, const zg_spot *root);
zagg_status zg_check_worker(const zg_cfg *c, const zg_spot *root);
zagg_status zg_load_clock(const zg_cfg *c, const zg_spot *output);
zagg_status zg_check_clock_column(const zg_cfg *c, const zg_spot *output);
zagg_status zg_check_pipeline(const zg_cfg *c, const zg_spot *root);
zagg_status zg_check_sections(const zg_cfg *c, const zg_spot *root);
zagg_status zg_check_refused_keys(const zg_cfg *c, const zg_spot *root);
zagg_status zg_load_grid(const zg_cfg *c, const zg_spot *output);
zagg_status zg_check_run_knobs(const zg_cfg *c, const zg_spot *root);
zagg_status zg_load_output(const zg_cfg *c, const zg_spot *output);
zagg_status zg_check_bounds(const zg_cfg *c, const zg_spot *root);
zagg_status zg_load_source(const zg_cfg *c, const zg_spot *source);
zagg_status zg_load_filters(zg_cfg *c, const zg_spot *source);
zagg_status zg_load_levels(const zg_cfg *c, const zg_spot *source);
zagg_status zg_check_filter_levels(const zg_cfg *c, const zg_spot *source);
zagg_status zg_check_index(const zg_cfg *c, const zg_spot *source);
zagg_status zg_collect_columns(zg_cfg *c, const zg_spot *aggregation);
zagg_status zg_load_precompute(zg_cfg *c, const zg_spot *aggregation);
zagg_status zg_check_filter_names(const zg_cfg *c);
zagg_status zg_load_fields(const zg_cfg *c, const zg_spot *aggregation);
zagg_status zg_load_coordinates(const zg_cfg *c, const zg_spot *aggregation);
zagg_status zg_check_grid_geometry(const zg_cfg *c, const zg_spot *output);
void zg_warn_unknown_keys(const zg_cfg *c, const zg_spot *root);

/* Names (names.c, expr_names.c) */
bool zg_name_in(const char *name, const char *const *set, size_t n);
/** A function that `aggregation` may name: "len", "np.min", "zagg.stats.tdigest.…". */
bool zg_function_known(const char *name);
/** The name without "np." or "numpy.". */
const char *zg_function_bare(const char *name);
/** A numpy name that an expression may use after "np.", or bare as upstream's check
 * allows. */
bool zg_numpy_name(const char *name);
/** Nearest known function or NULL, for a hint. */
const char *zg_function_hint(const char *name);
/** A reducer of upstream's own. */
typedef struct zg_stats_info {
    const char *name;
    zagg_stats_function function;
    bool takes_locations; /* keyword argument that `location` fills */
    bool takes_times;     /* ... that `temporal: per-centroid` fills */
} zg_stats_info;
/** By full name; NULL for every other function. */
const zg_stats_info *zg_stats_find(const char *name);
/** True when every word of `text` is a column, precompute or known name; otherwise `bad`
 *  holds the first that is not, and *why what is wrong with it. */
bool zg_expr_names_ok(const char *text, const char *const *names, size_t n_names,
                      char bad[64], const char **why);
/** Argument `s` of a mapping of params: what its text stands for where `names` are known.
 * False where it is text that stands for nothing. */
bool zg_param_read(const zg_spot *s, const char *const *names, size_t n_names,
                   zagg_param *out);

/** function / expression / source / params, shared by fields and chunk_precompute. */
typedef struct zg_reduction {
    const char *function, *expression, *source;
    const zg_stats_info *stats;
    const zagg_value *params;
    const zagg_param *args;
    size_t n_args;
} zg_reduction;
zagg_status zg_load_reduction(const zg_cfg *c, const zg_spot *entry,
                              const char *const *names, size_t n_names,
                              zg_reduction *out);

/* Rules of 0.61 for one field, in its order (field_rules.c, field_attrs.c). `f` holds
 * what was read so far. */
zagg_status zg_load_field_shape(const zg_cfg *c, const zg_spot *entry, zagg_field *f);
zagg_status zg_load_field_channels(const zg_cfg *c, const zg_spot *entry, zagg_field *f);
zagg_status zg_load_field_attrs(const zg_cfg *c, const zg_spot *entry, zagg_field *f);

/* The walk over the key table (key_walk.c). */
zagg_status zg_check_run_keys(const zg_cfg *c, const zg_spot *root);

#endif
