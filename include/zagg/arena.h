/* Bump allocator over mmap: one per shard, unmapped as a whole between shards, so that
 * memory goes back to the system and a long run does not ratchet up. */
#ifndef ZAGG_ARENA_H
#define ZAGG_ARENA_H

#include "zagg/status.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zagg_arena zagg_arena;

/** A position to which an arena can be taken back. */
typedef struct zagg_arena_mark {
    void *block;
    size_t used;       /* offset within the block */
    size_t handed_out; /* bytes handed out by the whole arena */
} zagg_arena_mark;

/** New arena that may hold at most `max_bytes` (0: no limit of its own). Nothing is
 * mapped before the first allocation. Not thread-safe: one thread at a time. */
ZAGG_API zagg_status zagg_arena_new(size_t max_bytes, zagg_arena **out, zagg_err *err);

/** Unmap everything. NULL is fine. */
ZAGG_API void zagg_arena_free(zagg_arena *arena);

/** `count` x `size` bytes, zeroed, aligned to 64. count*size is checked for overflow.
 *  A zero-byte request gives a valid unique pointer. ENOMEM when the limit or the system
 *  refuses. The memory lives until release or free. O(1) but for page faults. */
ZAGG_API zagg_status zagg_arena_alloc(zagg_arena *arena, size_t count, size_t size,
                                      void *out_ptr, zagg_err *err);

/** Copy of `len` bytes with a NUL behind them. NULL when memory is lacking. */
ZAGG_API char *zagg_arena_strndup(zagg_arena *arena, const char *text, size_t len);

/** Take the arena back to an earlier mark; what was allocated since then is gone and
 * whole blocks behind it are unmapped. */
ZAGG_API zagg_arena_mark zagg_arena_get_mark(const zagg_arena *arena);
ZAGG_API void zagg_arena_release(zagg_arena *arena, zagg_arena_mark mark);

/** Bytes handed out now, and the most so far. */
ZAGG_API size_t zagg_arena_used(const zagg_arena *arena);
ZAGG_API size_t zagg_arena_peak(const zagg_arena *arena);

#ifdef __cplusplus
}
#endif
#endif
