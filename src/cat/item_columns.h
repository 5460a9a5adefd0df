/* Which columns a table of items needs: gathered from the items, one after the other. */
#ifndef ZG_CAT_ITEM_COLUMNS_H
#define ZG_CAT_ITEM_COLUMNS_H

#include "cat/make_value.h"
#include "cat/parquet.h"

typedef struct zg_item_columns zg_item_columns;

zagg_status zg_item_columns_new(zg_item_columns **out, zagg_err *err);
void zg_item_columns_free(zg_item_columns *c);
/** Note the members of an item. FORMAT where it cannot be a row: a property named as a
 * member of items, or of another kind than in the items before. */
zagg_status zg_item_columns_note(zg_item_columns *c, const zagg_value *item,
                                 zagg_err *err);
/** The columns of all items so far, with what a catalog always has; owned by `c`. */
zagg_status zg_item_columns_settle(zg_item_columns *c, const zg_pq_column **out,
                                   size_t *n, zagg_err *err);
/** The row of an item: its geometry as WKB, its box as an object, its properties beside
 * its members. `wkb` is scratch. */
zagg_status zg_item_columns_row(zg_item_columns *c, const zagg_value *item, zg_maker *m,
                                zg_vec *wkb, const zagg_value **row, zagg_err *err);

#endif
