/* Where the readers of YAML and JSON put what they find: nodes, texts and arrays in
 * blocks cut from the caller's arena, whose own 64-byte steps would triple the size of a
 * small tree. */
#ifndef ZG_TEXT_TREE_H
#define ZG_TEXT_TREE_H

#include "base/base.h"
#include "zagg/value.h"

/** Deepest nesting of lists and maps that is read, aliases followed. */
#define ZG_TREE_MAX_DEPTH 64

typedef struct zg_tree {
    zagg_arena *arena;
    char *block;
    size_t left;
} zg_tree;

void zg_tree_init(zg_tree *t, zagg_arena *arena);

/** count x size zeroed bytes, aligned for any field of a tree. */
zagg_status zg_tree_alloc(zg_tree *t, size_t count, size_t size, void *out_ptr,
                          zagg_err *err);
/** A zeroed node of this kind. */
zagg_status zg_tree_node(zg_tree *t, zagg_kind kind, zagg_value **out, zagg_err *err);
/** Copy of `len` bytes with a NUL behind them. */
zagg_status zg_tree_text(zg_tree *t, const char *text, size_t len, const char **out,
                         zagg_err *err);

#endif
