/* Internal: is a stored document the one asked for? */
#ifndef ZG_ZARR_DIFFERENCE_H
#define ZG_ZARR_DIFFERENCE_H

#include "base/base.h"
#include "zagg/value.h"

/** True when two node documents mean the same: values, not texts, are compared; an absent
 *  member equals an empty or null one, and consolidated copies do not count. Otherwise
 * false, with the place and both values appended to `what` ("fill_value (there: 0, asked:
 * 1)"). */
bool zg_zarr_same_node(const zagg_value *there, const zagg_value *asked, zg_str *what);

#endif
