/* Internal: how an open store is kept. */
#ifndef ZG_STORE_STORE_H
#define ZG_STORE_STORE_H

#include "base/base.h"
#include "zagg/store.h"

#define ZG_STORE_MAX_PATH 1024
/* Cells of a chunk: what is worked out for each of them must fit memory. */
#define ZG_STORE_MAX_CHUNK_CELLS ((uint64_t)1 << 26)
/* Cells of a shard, all of which are gone through: 14 orders. */
#define ZG_STORE_MAX_SHARD_CELLS ((uint64_t)1 << 28)

struct zagg_store {
    zagg_sink *sink;
    bool owns_sink;
    zagg_arena *arena; /* all texts, documents and lists */
    zagg_store_form form;
    const zagg_value *manifest;
    zagg_store_group *groups;
    size_t n_groups;
};

/* ---- open.c ---- */

/** `count` x `size` bytes of the store's arena. */
zagg_status zg_store_alloc(zagg_store *s, size_t count, size_t size, void *out,
                           zagg_err *err);
/** Formatted text in the arena, at most ZG_STORE_MAX_PATH bytes. */
zagg_status zg_store_text(zagg_store *s, const char **out, zagg_err *err, const char *fmt,
                          ...) ZAGG_PRINTF(4, 5);
/** Folder names below `prefix` ("" or "a/b/") in byte order, without the '/'. */
zagg_status zg_store_folders(zagg_store *s, const char *prefix, const char ***out,
                             size_t *n, zagg_err *err);
/** Document at FOLDER/NAME ("" for the root); *out is NULL where there is none. */
zagg_status zg_store_doc(zagg_store *s, const char *folder, const char *name,
                         const zagg_value **out, zagg_err *err);

/* ---- field.c ---- */

/** The members of the group at `path` as fields of kind OTHER; `csr`: whether groups in
 * it may be CSR fields. Documents that cannot be read are fields with the reason. */
zagg_status zg_store_read_members(zagg_store *s, const char *path, bool csr,
                                  zagg_store_group *group, zagg_err *err);
/** Description of one array at FOLDER/NAME as a field of kind OTHER. */
zagg_status zg_store_read_array(zagg_store *s, zagg_arena *arena, const char *folder,
                                const char *name, zagg_store_field_info *out,
                                zagg_err *err);
/** Give every field of a group with a grid its kind, or the reason why it has none.
 * `leaf`: arrays span one shard, not the whole grid. */
zagg_status zg_store_classify(zagg_store *s, zagg_store_group *group, bool leaf,
                              zagg_err *err);

/* ---- grid.c ---- */

/** Fill group->grid from its attributes and the arrays of its fields. Of a leaf
 * (`shard_order` >= 0) that fails where there is no grid (FORMAT or UNSUPPORTED naming
 * `path`); a flat group has group->why then. */
zagg_status zg_store_read_grid(zagg_store *s, const char *path, int shard_order,
                               zagg_store_group *group, zagg_err *err);
/** Number of a shard in shard maps, and its name. */
void zg_store_shard_name(const zagg_store_grid *grid, zagg_store_shard *shard,
                         char label[40]);

/* ---- reader.c ---- */

const zagg_store_group *zg_store_reader_group(const zagg_store_reader *reader);

/* ---- flat.c, hive.c ---- */

/** Index of the chunk that a CSR field's key names; false for one outside the grid. */
bool zg_store_csr_chunk(const zagg_store_grid *grid, uint64_t key, uint64_t index[2]);
zagg_status zg_store_open_flat(zagg_store *s, zagg_err *err);
zagg_status zg_store_open_hive(zagg_store *s, zagg_err *err);
/** `id`: morton word that the folder's name gives. */
zagg_status zg_store_open_leaf(zagg_store *s, const char *name, uint64_t id,
                               const zagg_value *root, zagg_err *err);
/** Folder of a leaf below the root: "-3/1/1/2/1/-3112.zarr". */
bool zg_store_leaf_path(const char *id, unsigned grouping, const char *window,
                        char out[ZG_STORE_MAX_PATH]);

#endif
