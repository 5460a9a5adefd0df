/* Catalogs as tables: stac-geoparquet. */
#ifndef ZG_CAT_TABLE_H
#define ZG_CAT_TABLE_H

#include "cat/item.h"
#include "cat/parquet.h"

typedef struct zg_item_table zg_item_table;

/** Open a Parquet file. */
zagg_status zg_item_table_open(const char *path, bool assets, bool whole,
                               zg_item_table **out, zagg_err *err);
/** Text of the footer's zagg:catalog_meta, or NULL. */
const char *zg_item_table_meta(const zg_item_table *table);
/** Before the first row: take the columns that are needed, that of the property
 * `time_key` (may be NULL) among them. FORMAT where the rows are no items. */
zagg_status zg_item_table_select(zg_item_table *table, const char *time_key,
                                 zagg_err *err);
/** The next row into `reader`, as zg_json_items_next; found is ZG_FOUND_ITEM. */
zagg_status zg_item_table_next(zg_item_table *table, zg_item_reader *reader, bool *more,
                               zagg_err *err);
/** NULL is fine. */
void zg_item_table_close(zg_item_table *table);

#endif
