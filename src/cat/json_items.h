/* Items one after the other out of JSON text: NDJSON, FeatureCollections, single items,
 * and any of them behind each other. Memory: one item. */
#ifndef ZG_CAT_JSON_ITEMS_H
#define ZG_CAT_JSON_ITEMS_H

#include "cat/item.h"
#include "cat/text_source.h"

/* Largest item, and largest of other members of a collection. */
#define ZG_ITEM_MAX_BYTES ((size_t)256 << 20)

typedef struct zg_json_items zg_json_items;

/** Reads from `text` (freed with it, also when this fails); `name` is used in messages
 * and lives on. */
zagg_status zg_json_items_new(zg_text_source *text, const char *name, zg_json_items **out,
                              zagg_err *err);
/** The next thing into `reader`, whose arena and shape are the caller's to empty. *more
 * is false at the end. ZG_FOUND_COLLECTION is told once, before the items of the
 * collection. Errors name file and line. */
zagg_status zg_json_items_next(zg_json_items *items, zg_item_reader *reader, bool *more,
                               zagg_err *err);
/** Bytes of the text up to the end of what was told last. */
uint64_t zg_json_items_at(const zg_json_items *items);
/** NULL is fine. */
void zg_json_items_free(zg_json_items *items);

#endif
