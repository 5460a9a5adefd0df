/* Memory for rows in blocks of one size, mapped many at a time and used again. */
#ifndef ZG_CORE_ROW_BLOCKS_H
#define ZG_CORE_ROW_BLOCKS_H

#include "base/base.h"

#include <pthread.h>

enum { ZG_BLOCK_BYTES = 32 << 10 };

typedef struct zg_blocks {
    pthread_mutex_t lock;
    zg_vec idle;  /* uint8_t *: still in memory */
    zg_vec clean; /* those whose pages the system has back */
    zg_vec maps;  /* uint8_t *: all of them, so many bytes at a time */
} zg_blocks;

void zg_blocks_init(zg_blocks *b);
/** All blocks are gone. */
void zg_blocks_free(zg_blocks *b);
/** A block; NULL on lack of memory. Thread-safe, as the two below. */
uint8_t *zg_blocks_take(zg_blocks *b);
/** Give a block back. `clean`: nothing will be written into it soon, so that the system
 * gets its pages. Cannot fail. */
void zg_blocks_give(zg_blocks *b, uint8_t *block, bool clean);
/** The system gets the pages of all idle blocks: other work needs the memory. */
void zg_blocks_clean(zg_blocks *b);

#endif
