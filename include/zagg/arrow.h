/* Columns to and from other programs through the Arrow C data interface, without copying
 * and without a library of Arrow's; grouping and reducing of such columns by themselves.
 * What the batches look like: docs/arrow.md. */
#ifndef ZAGG_ARROW_H
#define ZAGG_ARROW_H

#include "zagg/arena.h"
#include "zagg/core.h"
#include "zagg/dtype.h"
#include "zagg/grid.h"
#include "zagg/pool.h"
#include "zagg/status.h"
#include "zagg/value.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The two structs of the interface: a public ABI, the same in every header that has them.
 */
#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif

/* ---- export ---- */

/** A carrier as a record batch: one row a cell, one column a column. Scalars are
 * primitive, vectors fixed-size lists, ragged columns large lists (of fixed-size lists
 * where a row has more than one element), morton words carry the extension type
 * mortie.morton_index with word 0 as null. No data is copied but bools, which Arrow packs
 * into bits; the batch keeps a reference to the carrier's memory, so it may outlive the
 * sink's call. Array and schema are written only on success, are released independently,
 * on any thread, and their children may be moved out of them. EARG for a carrier without
 * an owner, ERANGE for a row too wide for Arrow, ENOMEM. Thread-safe. O(columns), and
 * O(cells) for words and bools. */
ZAGG_API zagg_status zagg_carrier_export_arrow(const zagg_carrier *carrier,
                                               struct ArrowArray *array,
                                               struct ArrowSchema *schema, zagg_err *err);

/** What keeps the memory of an exported table: called once with `user` when the last part
 * of the batch is released, on the thread that does so. */
typedef void (*zagg_arrow_release_fn)(void *user);

/** A table of rows (of zagg_worker_read_group) as a record batch: its columns in their
 * order, those that were not decoded left out, then "leaf_id" where the table has leaf
 * ids: uint64 words, or int64 cell numbers where `grid` (may be NULL) is rectilinear. No
 * data is copied but bools. On success the table and what it points at must stay until
 * `release` (may be NULL) is called; on failure `release` is not called and remains the
 * caller's duty. One table an arena: zagg_arrow_free_arena with the arena as `user`.
 * ENOMEM. O(columns), bools O(rows). */
ZAGG_API zagg_status zagg_table_export_arrow(const zagg_table *table,
                                             const zagg_grid *grid,
                                             zagg_arrow_release_fn release, void *user,
                                             struct ArrowArray *array,
                                             struct ArrowSchema *schema, zagg_err *err);
/** zagg_arena_free as a zagg_arrow_release_fn. */
ZAGG_API void zagg_arrow_free_arena(void *arena);

/* ---- import ---- */

/** A record batch that zagg holds. */
typedef struct zagg_import zagg_import;

/** Take a record batch (format "+s") over. Its columns must be primitive numbers or
 * bools, and hold no nulls; NaN is a number. Offsets are honoured; data is copied only
 * where bools have to be unpacked or a buffer is not aligned for its type. On success
 * array and schema are moved (their `release` is NULL afterwards); on failure both remain
 * the caller's, unchanged. Errors name the column: EUNSUPPORTED for other types, nested
 * and dictionary-encoded columns, EFORMAT for structs that contradict themselves, ERANGE
 * where an offset reaches beyond the array or the address space, ENOMEM; nulls are
 * EFORMAT with upstream's text, "arrow handoff requires null-free columns; got nulls in
 * ['h_ph']". How long a buffer really is cannot be seen through the interface.
 * O(columns), and O(rows) for validity bitmaps and bools. */
ZAGG_API zagg_status zagg_table_import_arrow(struct ArrowArray *array,
                                             struct ArrowSchema *schema,
                                             zagg_import **out, zagg_err *err);
/** The columns, in the order of the batch, for reading only; no ranks, no leaf ids. Bools
 * are one byte each. Valid until zagg_import_free. */
ZAGG_API const zagg_table *zagg_import_table(const zagg_import *import);
/** Release the batch. NULL is fine. */
ZAGG_API void zagg_import_free(zagg_import *import);

/* ---- group and reduce ---- */

/** One column of the result of zagg_group_aggregate. */
typedef struct zagg_group_field {
    const char *name;
    const char *function; /* as in a config: "count", "mean", "np.var", "quantile", ... */
    const char *source;   /* column; not looked at for counts */
    const zagg_value
        *params;      /* q, method, ddof, weights (a column), as in a config; NULL */
    zagg_dtype dtype; /* NONE: what numpy gives */
} zagg_group_field;
#define ZAGG_GROUP_FIELD_INIT                                                            \
    {                                                                                    \
        NULL, NULL, NULL, NULL, ZAGG_DT_NONE                                             \
    }

/** Group the rows of some tables by a column of whole numbers and reduce every group: a
 *  carrier of one cell for each distinct key, ascending; the key column first, in its own
 * type and under its name, then the fields in order. Rows of a group keep their order,
 * table after table, so results are numpy's over these slices, bit for bit (NaN as the
 * positive quiet NaN). All tables must have the columns of the first, in name, type and
 * order. No rows give no cells. `pool` (may be NULL) works on groups side by side;
 * results do not depend on it. The caller releases the carrier (zagg_carrier_release) and
 * may export it.
 *
 *  Errors: ENOTFOUND for a column, ECONFIG for functions and params, EFORMAT for tables
 * that differ, EUNSUPPORTED for a key that is no whole number, ERANGE for 2^32 - 1 rows
 * and more, or where numpy would raise in a group (the message names field and key),
 * ENOMEM. Thread-safe, as nothing is shared between calls.
 *
 *  Cost: O(rows) where the bits in which keys differ (or their distances from the least
 *  key) make up at most 4 values a row, as cells of a shard do; else a pass for each 11
 * of these bits and 24 bytes a row while it works. Memory beside the result: 4 bytes a
 * row and 8 a group; while grouping 4 bytes for each value that the bits can make up;
 * threads x the rows of a thousand groups; of several tables also a joined copy of the
 * columns in use. */
ZAGG_API zagg_status zagg_group_aggregate(const zagg_table *const *tables,
                                          size_t n_tables, const char *key,
                                          const zagg_group_field *fields, size_t n_fields,
                                          zagg_pool *pool, const zagg_carrier **out,
                                          zagg_err *err);

#ifdef __cplusplus
}
#endif
#endif
