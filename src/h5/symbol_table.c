/* Old-style groups: a B-tree version 1 of node type 0 (section III.A.1) whose leaves
 * point to symbol table nodes (III.B), names being in a local heap (III.D). */
#include "h5/h5.h"

#define MAX_HEAP_BYTES ((uint64_t)64 << 20)

typedef struct symbols {
    zg_h5_link_walk *walk;
    uint8_t *names; /* data segment of the local heap */
    size_t names_len;
} symbols;

/* The NUL-terminated text at an offset of the local heap. */
static zagg_status heap_text(const symbols *s, uint64_t offset, const char **out,
                             size_t *out_len, zagg_err *err)
{
    const void *end = NULL;
    if (offset < s->names_len)
        end = memchr(s->names + offset, 0, s->names_len - (size_t)offset);
    if (!end)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "symbol table: name offset %llu is not inside the local heap",
                            (unsigned long long)offset);
    *out = (const char *)s->names + offset;
    *out_len = (size_t)((const uint8_t *)end - (s->names + offset));
    return ZAGG_OK;
}

static zagg_status read_heap(symbols *s, uint64_t addr, zagg_err *err)
{
    uint8_t p[32];
    ZAGG_TRY(zg_h5_meta(s->walk->file, addr, sizeof p, p, err));
    if (memcmp(p, "HEAP", 4) != 0 || p[4] != 0)
        return zagg_err_set(err, ZAGG_EFORMAT, "no local heap at address %llu",
                            (unsigned long long)addr);
    uint64_t len = zg_le64(p + 8);
    if (len > MAX_HEAP_BYTES || len > s->walk->file->size)
        return zagg_err_set(err, ZAGG_EFORMAT, "local heap of %llu bytes",
                            (unsigned long long)len);
    s->names_len = (size_t)len;
    return zg_h5_meta_new(s->walk->file, zg_le64(p + 24), s->names_len, &s->names, err);
}

static bool is_wanted(const zg_h5_link_walk *walk, const zg_h5_link *link)
{
    return walk->wanted && link->name_len == walk->wanted_len &&
           memcmp(link->name, walk->wanted, link->name_len) == 0;
}

/* One entry of a symbol table node: 40 bytes (section III.C). */
static zagg_status entry(symbols *s, const uint8_t *p, zagg_err *err)
{
    zg_h5_link link = {.kind = ZG_H5_LINK_HARD, .addr = zg_le64(p + 8)};
    ZAGG_TRY(heap_text(s, zg_le64(p), &link.name, &link.name_len, err));
    if (zg_le32(p + 16) == 1 && is_wanted(s->walk, &link)) {
        /* A group, and where its links are: they come along with its header. */
        zg_h5_meta_touch(s->walk->file, zg_le64(p + 24));
        zg_h5_meta_touch(s->walk->file, zg_le64(p + 32));
    }
    if (zg_le32(p + 16) == 2) { /* cached symbolic link */
        link.kind = ZG_H5_LINK_SOFT;
        ZAGG_TRY(heap_text(s, zg_le32(p + 24), &link.target, &link.target_len, err));
    }
    return s->walk->fn(s->walk->user, &link, &s->walk->stop, err);
}

static zagg_status symbol_node(symbols *s, uint64_t addr, zagg_err *err)
{
    uint8_t head[8];
    ZAGG_TRY(zg_h5_meta(s->walk->file, addr, sizeof head, head, err));
    if (memcmp(head, "SNOD", 4) != 0 || head[4] != 1)
        return zagg_err_set(err, ZAGG_EFORMAT, "no symbol table node at address %llu",
                            (unsigned long long)addr);
    size_t n = zg_le16(head + 6), len = n * 40;
    ZAGG_TRY(zg_h5_spend(&s->walk->budget_bytes, sizeof head + len, err));
    uint8_t *entries;
    ZAGG_TRY(zg_h5_meta_new(s->walk->file, addr + sizeof head, len, &entries, err));
    zagg_status st = ZAGG_OK;
    for (size_t i = 0; i < n && st == ZAGG_OK && !s->walk->stop; i++)
        st = entry(s, entries + i * 40, err);
    zg_free(entries);
    return st;
}

/* A node of the group's tree: *level is what its parent demands, -1 at the root, and
 * becomes its own. */
static zagg_status tree_body(symbols *s, uint64_t addr, int *level, uint8_t **body,
                             size_t *n, zagg_err *err)
{
    uint8_t head[24];
    ZAGG_TRY(zg_h5_meta(s->walk->file, addr, sizeof head, head, err));
    if (memcmp(head, "TREE", 4) != 0 || head[4] != 0 || head[5] > ZG_H5_MAX_DEPTH ||
        (*level >= 0 && head[5] != *level))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "no group B-tree node of the expected level at address %llu",
                            (unsigned long long)addr);
    *level = head[5];
    *n = zg_le16(head + 6);
    const size_t len = *n * 16; /* key and child each */
    ZAGG_TRY(zg_h5_spend(&s->walk->budget_bytes, sizeof head + len, err));
    ZAGG_TRY(zg_h5_meta_new(s->walk->file, addr + sizeof head, len, body, err));
    for (size_t i = 0; i < *n; i++)
        zg_h5_meta_touch(s->walk->file, zg_le64(*body + i * 16 + 8));
    return ZAGG_OK;
}

static zagg_status tree_node(symbols *s, uint64_t addr, int level, zagg_err *err)
{
    uint8_t *body;
    size_t n;
    ZAGG_TRY(tree_body(s, addr, &level, &body, &n, err));
    zagg_status st = ZAGG_OK;
    for (size_t i = 0; i < n && st == ZAGG_OK && !s->walk->stop; i++) {
        uint64_t child = zg_le64(body + i * 16 + 8);
        st = level ? tree_node(s, child, level - 1, err) : symbol_node(s, child, err);
    }
    zg_free(body);
    return st;
}

/* Names are missing as yet: what comes after them is asked for together with them. */
static void look_at_tree(symbols *s, uint64_t btree)
{
    int level = -1;
    uint8_t *body;
    size_t n;
    if (tree_body(s, btree, &level, &body, &n, NULL) == ZAGG_OK)
        zg_free(body);
}

zagg_status zg_h5_symbol_table_walk(zg_h5_link_walk *walk, uint64_t btree, uint64_t heap,
                                    zagg_err *err)
{
    symbols s = {walk, NULL, 0};
    zg_h5_meta_touch(walk->file, btree);
    zagg_status st = read_heap(&s, heap, err);
    if (st == ZAGG_OK)
        st = tree_node(&s, btree, -1, err);
    else if (st == ZAGG_ECANCELLED && walk->file->collecting)
        look_at_tree(&s, btree);
    zg_free(s.names);
    return st;
}
