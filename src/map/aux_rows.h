/* What builders of maps put beside the members that every entry has. */
#ifndef ZG_MAP_AUX_ROWS_H
#define ZG_MAP_AUX_ROWS_H

#include "cat/make_value.h"
#include "zagg/shardmap.h"

/** A granule that is listed by two shards which are joined: lists of equal length that
 * both entries have (such as paired_epochs and epoch_offsets_ns) are columns of one
 * table, of which each row is kept once; all else is of the first. *out is `first` where
 * there is nothing to add, else a new granule in the tree. */
zagg_status zg_unite_rows(zg_tree *tree, const zagg_granule *first,
                          const zagg_granule *second, const zagg_granule **out,
                          zagg_err *err);

#endif
