/* The granules of a scene: their names, and footprints from a catalog. */
#ifndef ZG_VIEW_GRANULES_H
#define ZG_VIEW_GRANULES_H

#include "view/scene.h"

/** Add a granule by its name and time (either may be NULL). *left_out where the page has
 * no room for more names; no granule is added then. */
zagg_status zg_granule_add(zg_scene *s, const char *id, const char *time, bool *left_out,
                           zagg_err *err);
/** Give the granules that the scene has the footprints that a catalog knows: by id, or
 * by the last part of an address. Notes tell how many were found. */
zagg_status zg_granule_footprints(zg_scene *s, const char *catalog,
                                  const zg_view_opts *opts, zagg_err *err);

#endif
