/* Working memory of runs: blocks that are kept, emptied between runs. */
#ifndef ZG_EXPR_MEMORY_H
#define ZG_EXPR_MEMORY_H

#include "expr/value.h"

typedef struct zx_block {
    void *data;
    size_t bytes, used;
} zx_block;

struct zagg_expr_memory {
    zg_vec blocks;
    size_t taken, next_bytes;
    zx_val *slots; /* of the program that ran last */
    size_t n_slots;
    struct zg_histogram *histogram; /* made on first use: bins are kept between runs */
};

void zx_memory_reset(zagg_expr_memory *m);
/** The histogram of this memory. */
zagg_status zx_histogram_of(zagg_expr_memory *m, struct zg_histogram **out,
                            zagg_err *err);

#endif
