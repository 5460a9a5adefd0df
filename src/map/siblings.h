/* Granules of another product that were taken together with those of the catalog. */
#ifndef ZG_MAP_SIBLINGS_H
#define ZG_MAP_SIBLINGS_H

#include "map/record.h"
#include "zagg/mapbuild.h"

typedef struct zg_siblings zg_siblings;

/** Read the sibling's catalog to its end. */
zagg_status zg_siblings_read(const zagg_map_sibling *sibling, zg_siblings **out,
                             zagg_err *err);
void zg_siblings_free(zg_siblings *s);

/** Fill in the sibling of a granule by its id; false, and it is noted as pairless, where
 * there is none. NOMEM sets *status. */
bool zg_siblings_pair(zg_siblings *s, zg_source_record *record, zagg_status *status,
                      zagg_err *err);

/** metadata.pairless: siblings of a key that another one had, granules without sibling,
 * siblings without granule. Tells the log. */
zagg_status zg_siblings_pairless(zg_siblings *s, zg_maker *maker, zagg_log *log,
                                 const zagg_value **out, zagg_err *err);

#endif
