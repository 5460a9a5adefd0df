/* The one place where Parquet comes in: tables with nested columns as rows of values.
 * libzagg knows none; the module pq, with carquet, is registered by programs that have
 * it. */
#ifndef ZG_CAT_PARQUET_H
#define ZG_CAT_PARQUET_H

#include "base/base.h"
#include "zagg/value.h"

typedef enum zg_pq_type {
    ZG_PQ_BOOL = 0,
    ZG_PQ_I64,
    ZG_PQ_U64,
    ZG_PQ_F64,
    ZG_PQ_TEXT,
    ZG_PQ_BYTES,
    ZG_PQ_TIME,   /* timestamp of microseconds, UTC; as a value a text (RFC 3339) */
    ZG_PQ_STRUCT, /* a MAP of its children */
    ZG_PQ_LIST    /* of its one child */
} zg_pq_type;

/** A column to be written; every value of it may be null. */
typedef struct zg_pq_column {
    const char *name;
    zg_pq_type type;
    const struct zg_pq_column *children;
    size_t n_children;
} zg_pq_column;

typedef struct zg_pq_reader zg_pq_reader;
typedef struct zg_pq_writer zg_pq_writer;

/** Whether a leaf, by the names from its column down (elements of lists left out), is
 * wanted. */
typedef bool (*zg_pq_want_fn)(void *user, const char *const *path, size_t depth);

/** Messages of all of them name the file. One thread a reader or writer. */
typedef struct zg_pq_ops {
    /** FORMAT for what is no Parquet, UNSUPPORTED for what carquet does not read. */
    zagg_status (*open)(const char *path, zg_pq_reader **out, zagg_err *err);
    /** Before the first row: `want` is asked once for each leaf; a column without a
     * wanted leaf is not in the rows. Without this call all are. */
    void (*select)(zg_pq_reader *reader, zg_pq_want_fn want, void *user);
    /** Value of a key of the footer, or NULL; lives as long as the reader. */
    const char *(*metadata)(const zg_pq_reader *reader, const char *key);
    uint64_t (*n_rows)(const zg_pq_reader *reader);
    /** The next row, a MAP of its columns, into `arena`; *more false at the end. Bytes
     * are STR; null members are there. Memory: pages of each column. */
    zagg_status (*next)(zg_pq_reader *reader, zagg_arena *arena, const zagg_value **row,
                        bool *more, zagg_err *err);
    void (*close)(zg_pq_reader *reader);

    /** Rows go to `path`, which is there when the writer is finished, and not before.
     * Columns are copied. */
    zagg_status (*create)(const char *path, const zg_pq_column *columns, size_t n,
                          zg_pq_writer **out, zagg_err *err);
    /** Members that the row lacks are null, those that are no columns are an error
     * (ARG). FORMAT for values of another kind than the column's. */
    zagg_status (*add)(zg_pq_writer *writer, const zagg_value *row, zagg_err *err);
    zagg_status (*set_metadata)(zg_pq_writer *writer, const char *key, const char *text,
                                zagg_err *err);
    /** Frees the writer, also when it fails. */
    zagg_status (*finish)(zg_pq_writer *writer, zagg_err *err);
    /** NULL is fine. */
    void (*abandon)(zg_pq_writer *writer);
} zg_pq_ops;

/** Make `ops` (static) what reads and writes Parquet in this program. Before the first
 * use; not thread-safe. */
void zg_pq_register(const zg_pq_ops *ops);
/** UNSUPPORTED, with what to do, where none were registered. */
zagg_status zg_pq_get(const zg_pq_ops **out, const char *path, zagg_err *err);

#endif
