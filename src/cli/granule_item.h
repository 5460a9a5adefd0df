/* Granules described from within: where their beams went, and when. */
#ifndef ZG_CLI_GRANULE_ITEM_H
#define ZG_CLI_GRANULE_ITEM_H

#include "cat/make_value.h"
#include "zagg/net.h"

typedef struct granule_item_opts {
    bool lines;                  /* the beams' lines instead of the swath's polygon */
    const char *const *prefixes; /* of hrefs, "s3://BUCKET/DIR/" or "https://..."; none:
                                    the path on this machine, or the URL */
    size_t n_prefixes;
    zagg_net *net; /* for granules at URLs; may be NULL where there are none */
} granule_item_opts;

/** A STAC item of the granule at `path`, a file or a URL, in `arena`. NOTFOUND for a file
 * without beams that have points, FORMAT for what is no HDF5, what zagg_net_open_source
 * says of a URL. Reads the coordinates of the reference points of each beam, no photons
 * where there are such. The query of a URL, which may have a signature in it, is not
 * part of the item. */
zagg_status granule_item(const char *path, const granule_item_opts *opts,
                         zagg_arena *arena, const zagg_value **out, zagg_err *err);

/** Parts of a granule's name, as upstream's products have them:
 * ATL03_20181014031924_02370102_007_01.h5. False for other names. */
bool granule_name_collection(const char *name, char out[32]);
/** The moment in a name, as RFC 3339. */
bool granule_name_time(const char *name, char out[32]);

#endif
