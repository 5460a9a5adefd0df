/* Parquet by way of carquet, behind cat/parquet.h. Files that are read may come from
 * anyone: what they claim is checked here before it is used. */
#ifndef ZG_PQ_PQ_H
#define ZG_PQ_PQ_H

#include "cat/parquet.h"

/** Register what this program has of Parquet: nothing in a build without carquet. */
void zg_pq_install(void);

#endif
