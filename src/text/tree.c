/* Block allocator for value trees: small requests share 32 KiB blocks, large ones go
 * straight to the arena. */
#include "text/tree.h"

#include <string.h>

enum { BLOCK_BYTES = 32 * 1024, LARGE_BYTES = BLOCK_BYTES / 8, ALIGN_BYTES = 8 };

void zg_tree_init(zg_tree *t, zagg_arena *arena)
{
    *t = (zg_tree){.arena = arena};
}

zagg_status zg_tree_alloc(zg_tree *t, size_t count, size_t size, void *out_ptr,
                          zagg_err *err)
{
    size_t bytes;
    if (!zg_mul_size(count, size, &bytes) || bytes > SIZE_MAX - ALIGN_BYTES)
        return zagg_err_set(err, ZAGG_ENOMEM, "value tree: size overflows");
    if (bytes >= LARGE_BYTES)
        return zagg_arena_alloc(t->arena, bytes, 1, out_ptr, err);
    bytes = (bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
    if (bytes > t->left) {
        char *block = NULL;
        ZAGG_TRY(zagg_arena_alloc(t->arena, BLOCK_BYTES, 1, (void *)&block, err));
        t->block = block;
        t->left = BLOCK_BYTES;
    }
    void *p = t->block;
    memcpy(out_ptr, &p, sizeof p);
    t->block += bytes;
    t->left -= bytes;
    return ZAGG_OK;
}

zagg_status zg_tree_node(zg_tree *t, zagg_kind kind, zagg_value **out, zagg_err *err)
{
    zagg_value *node = NULL;
    ZAGG_TRY(zg_tree_alloc(t, 1, sizeof *node, (void *)&node, err));
    node->kind = kind;
    *out = node;
    return ZAGG_OK;
}

zagg_status zg_tree_text(zg_tree *t, const char *text, size_t len, const char **out,
                         zagg_err *err)
{
    char *copy = NULL;
    if (len == SIZE_MAX)
        return zagg_err_set(err, ZAGG_ENOMEM, "value tree: size overflows");
    ZAGG_TRY(zg_tree_alloc(t, len + 1, 1, (void *)&copy, err));
    if (len > 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    *out = copy;
    return ZAGG_OK;
}
