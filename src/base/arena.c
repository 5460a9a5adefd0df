/* Bump allocator over anonymous mappings. Blocks form a stack: the newest one serves
 * requests, a release unmaps every block behind the mark. Fresh pages are zero by
 * themselves; only what was handed out before within a kept block has to be cleared
 * again. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* MAP_ANONYMOUS */
#endif
#include "zagg/arena.h"

#include "base/base.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
/* What is not handed out is poisoned, with a gap between neighbours, so that the
 * sanitizer sees overruns inside a block as it does on the heap. */
#include <sanitizer/asan_interface.h>
#define ARENA_POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define ARENA_UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
enum { ARENA_GAP_BYTES = 64 };
#else
#define ARENA_POISON(p, n) ((void)(p), (void)(n))
#define ARENA_UNPOISON(p, n) ((void)(p), (void)(n))
enum { ARENA_GAP_BYTES = 0 };
#endif

enum { ARENA_ALIGN = 64 };
static const size_t arena_first_block_bytes = (size_t)1 << 20;
static const size_t arena_grow_limit_bytes = (size_t)64 << 20;

typedef struct arena_block {
    struct arena_block *prev;
    size_t mapped; /* bytes of the mapping, this header included */
    size_t used;   /* offset of the next free byte */
    size_t dirty;  /* bytes from here on were never handed out: still zero */
} arena_block;

_Static_assert(sizeof(arena_block) <= ARENA_ALIGN, "the header fits the first slot");

struct zagg_arena {
    size_t max_bytes;
    arena_block *top;
    size_t used, peak;
};

zagg_status zagg_arena_new(size_t max_bytes, zagg_arena **out, zagg_err *err)
{
    zagg_arena *arena = zg_alloc(1, sizeof *arena);
    if (arena == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an arena");
    arena->max_bytes = max_bytes == 0 ? SIZE_MAX : max_bytes;
    *out = arena;
    return ZAGG_OK;
}

static void arena_drop_top(zagg_arena *arena)
{
    arena_block *block = arena->top;
    arena->top = block->prev;
    size_t mapped = block->mapped;
    ARENA_UNPOISON(block, mapped);
    munmap(block, mapped);
}

void zagg_arena_free(zagg_arena *arena)
{
    if (arena == NULL)
        return;
    while (arena->top != NULL)
        arena_drop_top(arena);
    zg_free(arena);
}

/* Map a block with room for `need` bytes behind its header. */
static zagg_status arena_push_block(zagg_arena *arena, size_t need, zagg_err *err)
{
    size_t want = arena_first_block_bytes;
    if (arena->top != NULL) {
        size_t last = arena->top->mapped;
        want = last >= arena_grow_limit_bytes / 2 ? arena_grow_limit_bytes : 2 * last;
    }
    long page_or_error = sysconf(_SC_PAGESIZE);
    size_t page = page_or_error > 0 ? (size_t)page_or_error : 4096;
    size_t least;
    if (!zg_add_size(need, ARENA_ALIGN + page - 1, &least))
        return zagg_err_set(err, ZAGG_ENOMEM, "a request of %zu bytes is too large",
                            need);
    least -= least % page;
    if (want < least)
        want = least;
    arena_block *block = MAP_FAILED;
    if (!zg_alloc_refused())
        block =
            mmap(NULL, want, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
        return zagg_err_set_errno(err, ZAGG_ENOMEM, ENOMEM,
                                  "cannot map %zu bytes of memory (%zu in use)", want,
                                  arena->used);
    block->prev = arena->top;
    block->mapped = want;
    block->used = ARENA_ALIGN;
    block->dirty = ARENA_ALIGN;
    ARENA_POISON((char *)block + ARENA_ALIGN, want - ARENA_ALIGN);
    arena->top = block;
    return ZAGG_OK;
}

/* Take `size` bytes (a multiple of ARENA_ALIGN) that the top block is known to hold. */
static void *arena_take(arena_block *block, size_t size, size_t requested)
{
    char *p = (char *)block + block->used;
    ARENA_UNPOISON(p, requested);
    if (block->used < block->dirty) {
        size_t stale = block->dirty - block->used;
        memset(p, 0, stale < requested ? stale : requested);
    }
    block->used += size + ARENA_GAP_BYTES;
    if (block->dirty < block->used)
        block->dirty = block->used;
    return p;
}

zagg_status zagg_arena_alloc(zagg_arena *arena, size_t count, size_t size, void *out_ptr,
                             zagg_err *err)
{
    size_t requested, bytes, room;
    if (!zg_mul_size(count, size, &requested) ||
        !zg_add_size(requested, ARENA_ALIGN - 1, &bytes))
        return zagg_err_set(err, ZAGG_ENOMEM, "%zu elements of %zu bytes are too many",
                            count, size);
    bytes = requested == 0 ? ARENA_ALIGN : bytes - bytes % ARENA_ALIGN;
    if (bytes > arena->max_bytes - arena->used)
        return zagg_err_set(
            err, ZAGG_ENOMEM,
            "%zu bytes more would exceed the memory limit of %zu bytes (%zu "
            "in use)",
            requested, arena->max_bytes, arena->used);
    if (!zg_add_size(bytes, ARENA_GAP_BYTES, &room))
        return zagg_err_set(err, ZAGG_ENOMEM, "a request of %zu bytes is too large",
                            bytes);
    arena_block *top = arena->top;
    if (top == NULL || room > top->mapped - top->used)
        ZAGG_TRY(arena_push_block(arena, room, err));
    void *p = arena_take(arena->top, bytes, requested);
    arena->used += bytes;
    if (arena->peak < arena->used)
        arena->peak = arena->used;
    memcpy(out_ptr, &p, sizeof p);
    return ZAGG_OK;
}

char *zagg_arena_strndup(zagg_arena *arena, const char *text, size_t len)
{
    size_t bytes;
    char *copy;
    if (!zg_add_size(len, 1, &bytes) ||
        zagg_arena_alloc(arena, bytes, 1, &copy, NULL) != ZAGG_OK)
        return NULL;
    if (len > 0)
        memcpy(copy, text, len);
    return copy;
}

zagg_arena_mark zagg_arena_get_mark(const zagg_arena *arena)
{
    zagg_arena_mark mark = {arena->top, arena->top != NULL ? arena->top->used : 0,
                            arena->used};
    return mark;
}

void zagg_arena_release(zagg_arena *arena, zagg_arena_mark mark)
{
    while (arena->top != NULL && arena->top != mark.block)
        arena_drop_top(arena);
    arena_block *top = arena->top;
    if (top != NULL && mark.used < top->used) {
        ARENA_POISON((char *)top + mark.used, top->used - mark.used);
        top->used = mark.used;
    }
    arena->used = top != NULL ? mark.handed_out : 0;
}

size_t zagg_arena_used(const zagg_arena *arena)
{
    return arena->used;
}

size_t zagg_arena_peak(const zagg_arena *arena)
{
    return arena->peak;
}
