/* What the formats of a table have in common. */
#ifndef ZG_TABLE_WRITER_H
#define ZG_TABLE_WRITER_H

#include "table/output.h"
#include "table/table.h"

typedef struct zg_table_ops {
    zagg_status (*begin)(zg_table_writer *w, zagg_err *err);
    zagg_status (*write)(zg_table_writer *w, size_t n_rows,
                         const zg_table_values *columns, zagg_err *err);
    zagg_status (*end)(zg_table_writer *w, zagg_err *err);
    void (*free)(zg_table_writer *w);
} zg_table_ops;

struct zg_table_writer {
    const zg_table_ops *ops;
    const zg_table_schema *schema;
    zg_output output;
    uint64_t rows;
    void *state; /* of the format */
};

extern const zg_table_ops zg_table_csv, zg_table_ndjson, zg_table_parquet;

/* ---- texts of the two formats of lines ---- */

/** Append what `text` has to the output once it is a large piece, or all of it. */
zagg_status zg_table_flush(zg_table_writer *w, zg_str *text, bool all, zagg_err *err);
/** Append element i of `data` as a decimal; "nan", "inf" and "-inf" for floats. */
void zg_table_add_number(zg_str *out, zagg_dtype dtype, const void *data, size_t i);
/** Is element i a number that JSON has? */
bool zg_table_is_finite(zagg_dtype dtype, const void *data, size_t i);
static inline bool zg_table_is_null(const zg_table_values *v, size_t row)
{
    return v->null != NULL && v->null[row] != 0;
}

/* ---- GeoParquet ---- */

/** What the metadata of a GeoParquet file tells about its geometries. */
typedef struct zg_geo_summary {
    double bounds[4];
    bool point, polygon, multipolygon;
} zg_geo_summary;
void zg_geo_summary_init(zg_geo_summary *g);
/** False when it is no geometry. */
bool zg_geo_summary_add(zg_geo_summary *g, zagg_bytes_view wkb);
/** The value of key "geo", version 1.1.0. */
void zg_geo_summary_json(const zg_geo_summary *g, const char *column,
                         const char *crs_json, zg_str *out);

#endif
