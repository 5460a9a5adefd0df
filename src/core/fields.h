/* What the sources that evaluate fields share. */
#ifndef ZG_CORE_FIELDS_H
#define ZG_CORE_FIELDS_H

#include "core/carrier.h"
#include "core/worker.h"

/** `n` copies of one element. */
void zg_fill_elements(void *data, const uint8_t *element, size_t size, size_t n);

/** Put shard, field, cell and expression in front of what went wrong in the filled-th
 * cell with rows. */
zagg_status zg_cell_failed(const zg_chunk_rows *chunk, const zg_field_plan *field,
                           size_t filled, zagg_status status, zagg_err *err);

/** Consecutive cells with rows, few enough rows to stay in the cache. */
typedef struct zg_batch {
    const zg_chunk_rows *chunk;
    zagg_expr_input *inputs; /* by name */
    size_t first, n;         /* of the cells with rows */
    size_t row;              /* first row, in the chunk */
    const size_t *bounds;    /* n + 1, in the chunk */
} zg_batch;
zagg_status zg_batches_begin(const zg_chunk_rows *chunk, zg_batch *b, zagg_err *err);
void zg_batches_end(zg_batch *b);
/** The next batch; false behind the last. */
bool zg_batch_next(zg_batch *b);
/** Values of a text for the cells of the batch; *bad tells the cell at fault. */
zagg_status zg_batch_run(const zg_batch *b, size_t text, zagg_expr_result *out,
                         size_t *bad, zagg_err *err);

/** A field that one of upstream's statistics makes (calc kinds from ZG_CALC_DIGEST on).
 */
zagg_status zg_statistic_field(const zg_chunk_rows *chunk, const zg_field_plan *f,
                               zg_batch *b, const zg_field_out *out, zagg_err *err);

#endif
