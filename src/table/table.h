/* Tables of rows as files: Parquet (GeoParquet 1.1 where there is a geometry), CSV, and
 * newline-delimited GeoJSON. Columns are handed over in batches of rows. */
#ifndef ZG_TABLE_TABLE_H
#define ZG_TABLE_TABLE_H

#include "base/base.h"
#include "zagg/dtype.h"

typedef enum zg_table_format {
    ZG_TABLE_PARQUET = 0,
    ZG_TABLE_CSV,
    ZG_TABLE_NDJSON
} zg_table_format;

typedef enum zg_column_kind {
    ZG_COLUMN_NUMBER = 0, /* of `dtype`; bool is one byte, 0 or 1 */
    ZG_COLUMN_TEXT,       /* UTF-8 */
    ZG_COLUMN_GEOMETRY    /* WKB: Point, Polygon or MultiPolygon; at most one column */
} zg_column_kind;

typedef struct zg_table_column {
    const char *name; /* unique in its table */
    zg_column_kind kind;
    zagg_dtype dtype; /* NUMBER */
    bool list;        /* NUMBER: any number of them a row */
    bool nullable;
} zg_table_column;

typedef struct zg_table_pair {
    const char *key, *value;
} zg_table_pair;

typedef struct zg_table_schema {
    size_t n_columns;
    const zg_table_column *columns;
    const char *crs_json; /* of the geometry: PROJJSON; NULL: longitude and latitude */
    size_t n_metadata;    /* of the file; Parquet only keeps them */
    const zg_table_pair *metadata;
} zg_table_schema;

/** The rows of one column. */
typedef struct zg_table_values {
    const void *data; /* NUMBER: one a row, or of all lists one after another */
    const zagg_bytes_view *texts; /* TEXT, GEOMETRY: one a row */
    const uint32_t *offsets;      /* list: n_rows + 1, from 0, ascending */
    const uint8_t *null;          /* one byte a row, not 0 for null; NULL: none is */
} zg_table_values;

typedef struct zg_table_options {
    zg_table_format format;
    const char *path; /* "-": standard output, not for Parquet */
    bool gzip;        /* CSV and NDJSON */
    bool overwrite;
} zg_table_options;

/* Rows of a batch may be as many as these; a row group of Parquet holds as many, or fewer
 * where its bytes pass ZG_TABLE_GROUP_BYTES. */
enum { ZG_TABLE_MAX_ROWS = 1 << 17, ZG_TABLE_GROUP_BYTES = 64 << 20 };

typedef struct zg_table_writer zg_table_writer;

/** False: this zagg was built without carquet. */
bool zg_table_has_parquet(void);
/** Version of carquet, or NULL. */
const char *zg_table_parquet_version(void);
/** "parquet", "csv", "ndjson". */
const char *zg_table_format_name(zg_table_format format);
bool zg_table_format_parse(const char *name, zg_table_format *out);
/** What the end of a file name asks for: .parquet, .geoparquet, .csv, .ndjson, .geojsonl
 * and .geojsons, the texts also with .gz behind. False for any other. */
bool zg_table_format_of_path(const char *path, zg_table_format *out, bool *gzip);

/** Begin a table. It is written to a file beside `path` that takes its name when all is
 * there. The schema must outlive the writer. EXISTS when `path` is there and is not to be
 * overwritten, UNSUPPORTED without carquet, IO. */
zagg_status zg_table_open(const zg_table_options *options, const zg_table_schema *schema,
                          zg_table_writer **out, zagg_err *err);
/** Append rows, ZG_TABLE_MAX_ROWS at most; `columns`: one for each of the schema. NaN
 * stays NaN in Parquet and CSV. After a failure only zg_table_abort is left. Memory: one
 * row group. */
zagg_status zg_table_write(zg_table_writer *w, size_t n_rows,
                           const zg_table_values *columns, zagg_err *err);
/** Write what is left, bring it to the disk and give the file its name. Frees the writer
 * in any case; after a failure there is no file. */
zagg_status zg_table_close(zg_table_writer *w, zagg_err *err);
/** Give up: nothing is left. NULL is fine. */
void zg_table_abort(zg_table_writer *w);
uint64_t zg_table_rows(const zg_table_writer *w);

#endif
