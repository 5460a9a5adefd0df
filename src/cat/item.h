/* One item of a catalog, from JSON text. */
#ifndef ZG_CAT_ITEM_H
#define ZG_CAT_ITEM_H

#include "cat/json_scan.h"
#include "cat/shape.h"
#include "zagg/catalog.h"

typedef enum zg_item_found {
    ZG_FOUND_ITEM = 0,
    ZG_FOUND_META,      /* an object with zagg:catalog_meta and no item */
    ZG_FOUND_COLLECTION /* a list of features begins at s->at; what stood before it in the
                           object has been passed, s->depth is that of its members */
} zg_item_found;

/** What reads items, and what it found. */
typedef struct zg_item_reader {
    zagg_arena *arena; /* texts, shape and trees of the item */
    zg_shape_builder *shape;
    const char *time_key; /* name of a property; may be NULL */
    bool assets, whole;   /* give these trees */
    zg_vec cells;         /* uint64_t: footprint_cells of the item; elem_size 0 until
                             first use, freed by the owner of the reader */
    zg_item_found found;
    zagg_item item;
    const zagg_value *meta; /* zagg:catalog_meta, or NULL */
} zg_item_reader;

/** Read the object that begins here. FORMAT, RANGE; s->at_end where more text may help,
 * and then all of it is to be read again. */
zagg_status zg_item_scan(zg_item_reader *r, zg_scan *s);

/** Give the item the footprint_cells that were gathered in r->cells. */
zagg_status zg_item_take_cells(zg_item_reader *r, zagg_err *err);

/** The hrefs that count of all the assets of an item. */
typedef struct zg_hrefs {
    zg_slice data, data_s3;   /* of the assets of these names */
    zg_slice by_https, by_s3; /* of HDF5 files in the role "data", told by the scheme */
} zg_hrefs;
/** Look at one asset; slices must live on. */
void zg_hrefs_note(zg_hrefs *h, const zg_slice *key, const zg_slice *href, bool is_data);
/** s3 and https of an item. Assets data and data_s3 are taken at their word, but for one
 * thing: data with an s3:// href and no data_s3 beside it is the latter. */
void zg_hrefs_choose(const zg_hrefs *h, zg_slice *s3, zg_slice *https);

#endif
