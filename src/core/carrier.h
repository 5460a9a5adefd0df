/* The memory behind a carrier: made in one piece for all columns of fixed size, growable
 * for ragged ones, and counted, so that who needs it longer than the sink's call may keep
 * it. */
#ifndef ZG_CORE_CARRIER_H
#define ZG_CORE_CARRIER_H

#include "base/base.h"
#include "zagg/core.h"

/** What a column of a new carrier is. */
typedef struct zg_carrier_spec {
    const char *name; /* copied */
    zagg_field_kind kind;
    zagg_dtype dtype;
    size_t width; /* as in zagg_carrier_column; at least 1 */
    bool words;   /* morton words, exported to Arrow as that extension type */
} zg_carrier_spec;

/** New carrier with one reference, to be given up with zagg_carrier_release. Elements of
 *  scalar and vector columns are zero and aligned to 64 bytes; ragged columns have no
 * rows. chunk, chunk_index and cells_with_data are the caller's to fill. ENOMEM. */
zagg_status zg_carrier_new(const zg_carrier_spec *specs, size_t n_columns, size_t n_cells,
                           zagg_carrier **out, zagg_err *err);

/** The columns, to be written: `data` of scalars and vectors in place. Until the carrier
 * is shared; one thread at a time. */
zagg_carrier_column *zg_carrier_columns(const zagg_carrier *carrier);

/** One byte a cell, all 0: to be set to 1 where it holds rows. */
unsigned char *zg_carrier_occupied(const zagg_carrier *carrier);

/** Add n_rows rows (of `width` elements) to a cell of ragged column `column`; cells
 * ascend from call to call, and a cell may be added to again while it is the last.
 * Amortised O(rows). The column's `data` may move. ENOMEM. */
zagg_status zg_carrier_append(zagg_carrier *carrier, size_t column, size_t cell,
                              const void *rows, size_t n_rows, zagg_err *err);

/** Rows of all ragged columns are complete: offsets behind the last cell that has some
 * are written and spare memory is given back. Before that `offsets` and `data` must not
 * be read. Cannot fail. O(cells) for each ragged column. */
void zg_carrier_finish(zagg_carrier *carrier);

/** Whether a column holds morton words. */
bool zg_carrier_holds_words(const zagg_carrier *carrier, size_t column);

#endif
