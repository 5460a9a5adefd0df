/* What a store held at one moment, so that it need not be asked for each object. */
#ifndef ZG_IO_LISTING_H
#define ZG_IO_LISTING_H

#include "base/base.h"
#include "zagg/io.h"

typedef struct zg_listing zg_listing;

/** List all of `sink` (NULL: nothing), at most `most` objects (0: any number): *out is
 * NULL where there are more, as asking for each of a few costs less then. About 30 bytes
 * and the key an object. Read only from then on, and thread-safe. */
zagg_status zg_listing_new(zagg_sink *sink, size_t most, zg_listing **out, zagg_err *err);
/** NULL is fine. */
void zg_listing_free(zg_listing *listing);
size_t zg_listing_n(const zg_listing *listing);
/** Is there an object with this key? `size` (may be NULL) gets its bytes. */
bool zg_listing_has(const zg_listing *listing, const char *key, uint64_t *size);
/** Does any key start with this? */
bool zg_listing_has_below(const zg_listing *listing, const char *prefix);

#endif
