/* Internal: the parts of verifying a store. */
#ifndef ZG_STORE_VERIFY_H
#define ZG_STORE_VERIFY_H

#include "store/store.h"

/* Largest sidecar or record that is read. */
#define ZG_VERIFY_MAX_DOC ((size_t)256 << 20)
/* Largest array whose content is hashed: a leaf holds one shard. */
#define ZG_VERIFY_MAX_HASHED ((uint64_t)1 << 36)

/** One object of the store. */
typedef struct zg_object {
    char *key;
    uint64_t size;
    bool explained; /* it belongs where it is */
    bool recorded;  /* the status folder has its hash */
} zg_object;

/** What the record of a shard says. */
typedef struct zg_shard_count {
    uint64_t key, cells;
} zg_shard_count;

typedef struct zg_verifier {
    zagg_sink *sink, *status;
    const zagg_store *store; /* NULL where it cannot be opened */
    zagg_store scratch;      /* for documents: its arena is that of the part at hand */
    zagg_arena_mark empty;
    zagg_finding_fn fn;
    void *user;
    zagg_store_verdict verdict;
    bool counted;   /* the field `count` is known to count the observations of a cell */
    zg_vec objects; /* zg_object, sorted by key */
    zg_vec counts;  /* zg_shard_count, sorted by key once the records are read */
} zg_verifier;

/* ---- verify.c ---- */

/** Report a finding: text behind "PATH: ". */
zagg_status zg_find(zg_verifier *v, zagg_finding_kind kind, zagg_err *err,
                    const char *path, const char *fmt, ...) ZAGG_PRINTF(5, 6);
/** Report why something failed; OK unless it was lack of memory or a defect. */
zagg_status zg_find_failure(zg_verifier *v, const char *path, zagg_status status,
                            const zagg_err *reason, zagg_err *err);
/** Give back what the part at hand took from the scratch arena. */
void zg_verifier_reset(zg_verifier *v);
/** FOLDER/NAME, or NAME where the folder is "". */
zagg_status zg_path_join(const char *folder, const char *name,
                         char out[ZG_STORE_MAX_PATH], zagg_err *err);
/** A JSON document of the store as parsed, in the scratch arena, and marked as explained;
 * *out is NULL where it is missing or damaged (reported; `needed`: missing is, too). */
zagg_status zg_verify_doc(zg_verifier *v, const char *key, bool needed,
                          const zagg_value **out, zagg_err *err);

/* ---- verify_objects.c ---- */

zagg_status zg_objects_list(zg_verifier *v, zagg_err *err);
void zg_objects_free(zg_verifier *v);
/** The object with this key, or NULL. */
zg_object *zg_objects_find(const zg_verifier *v, const char *key);
/** Index of the first object that is not before `prefix`. */
size_t zg_objects_first(const zg_verifier *v, const char *prefix);
/** Mark one object, or all below a folder ("a/b/"), as explained; how many there are. */
size_t zg_objects_explain(zg_verifier *v, const char *key_or_prefix);
/** Hold every recorded object against its size and SHA-256. */
zagg_status zg_verify_records(zg_verifier *v, zagg_err *err);
/** What the record of a shard says, or NULL. */
const zg_shard_count *zg_records_count(const zg_verifier *v, uint64_t shard_key);
/** Upstream's records of runs and its copy for another kind of reader belong there, but
 * are not looked into. */
zagg_status zg_verify_unread(zg_verifier *v, zagg_err *err);
/** Report what nothing explained. */
zagg_status zg_verify_unexpected(zg_verifier *v, zagg_err *err);

/* ---- verify_array.c ---- */

/** What is known of the array's place. */
typedef struct zg_array_check {
    const zagg_store_group *group; /* NULL: unknown */
    const zagg_store_field_info *field;
    uint64_t first_cell; /* nested id of the first element along the cells */
    bool hash;           /* work out the content hash */
} zg_array_check;

/** Decode every object of the array at FOLDER/field->name. `hex` is "" where no content
 * hash was asked for, or where the array is damaged (reported). */
zagg_status zg_verify_array(zg_verifier *v, const char *folder, const zg_array_check *c,
                            char hex[65], zagg_err *err);
/** The same for the chunks of a CSR field. */
zagg_status zg_verify_csr(zg_verifier *v, const char *folder, const zg_array_check *c,
                          zagg_err *err);

/* ---- verify_group.c ---- */

/** A content hash: path below the leaf root, and hex. */
typedef struct zg_content_hash {
    const char *path;
    char hex[65]; /* "": the array is damaged */
} zg_content_hash;

/** Verify document, attributes and arrays of the group at PATH. `shard_order` and
 * `first_cell`: of leaves and of what is folded from them, else -1 and 0. `hashes` (may
 * be NULL) collects zg_content_hash under `name`/ARRAY. */
zagg_status zg_verify_group(zg_verifier *v, const char *path, const char *name,
                            int shard_order, uint64_t shard_nested, zg_vec *hashes,
                            zagg_err *err);
/** Hold content hashes against what `recorded` (content_hashes of a stamp or sidecar at
 * `where`) says. */
zagg_status zg_verify_hashes(zg_verifier *v, const char *where, const zg_vec *hashes,
                             const zagg_value *recorded, zagg_err *err);
/** Consolidated metadata in the document of the root group against the documents. */
zagg_status zg_verify_consolidated(zg_verifier *v, const zagg_value *root, zagg_err *err);

/* ---- verify_cells.c ---- */

/** The cells of one shard: coordinates wherever there are data, siblings of digests row
 * by row, and (`bitmap`, MSB first, may be NULL) which cells are said to hold data. *n
 * is how many of its cells hold data, UINT64_MAX when they cannot be read: that is
 * reported where no problem has come up since there were `before` of them. */
zagg_status zg_verify_cells(zg_verifier *v, zagg_store_reader *reader, size_t shard,
                            const uint8_t *bitmap, uint64_t before, uint64_t *n,
                            zagg_err *err);

/* ---- verify_hive.c, verify_leaf.c ---- */

zagg_status zg_verify_hive(zg_verifier *v, zagg_err *err);
/** One shard of a hive, or a leaf by itself. */
zagg_status zg_verify_leaf(zg_verifier *v, zagg_store_reader *reader, size_t shard,
                           zagg_err *err);
/** A column or overview of the pyramid at `path`, of the node with this nested id. */
zagg_status zg_verify_derived(zg_verifier *v, const char *path, unsigned node_order,
                              uint64_t node_nested, zagg_err *err);
/** The sidecars of a leaf: granules.json, stats.json, shardmap.json. `hashes`: of the
 * leaf's arrays. */
zagg_status zg_verify_sidecars(zg_verifier *v, const zagg_store_shard *shard,
                               const zg_vec *hashes, zagg_err *err);

/* ---- coverage.c ---- */

/** Bitmap of a leaf from its stamp's coverage: 4^depth bits, all ones for encoding
 * "full". heap (zg_free); NULL without coverage. FORMAT when it is damaged. */
zagg_status zg_coverage_bitmap(zagg_sink *sink, const zagg_store_shard *shard,
                               unsigned depth, uint8_t **out, zagg_err *err);
/** The box of a bitmap that has a bit set: 1 to 4 words of cells that hold all its cells.
 * The common ancestor where all its cells are set or it is but one cell, else for each of
 * its children that hold some the common ancestor of those. Returns how many. */
size_t zg_coverage_box(const uint8_t *bitmap, uint64_t shard_nested, unsigned shard_order,
                       unsigned cell_order, uint64_t box[4]);
static inline bool zg_coverage_bit(const uint8_t *bitmap, uint64_t i)
{
    return (bitmap[i / 8] >> (7 - i % 8) & 1) != 0;
}

#endif
