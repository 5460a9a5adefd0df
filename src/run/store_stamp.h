/* Which store is there. Records beside a store outlive it: whoever removes or replaces
 * the store need not know of them. What tells one store from another that took its place
 * is the document that is written when a store is made and never again: the server's word
 * for its version, or which file it is and when that was written. */
#ifndef ZG_RUN_STORE_STAMP_H
#define ZG_RUN_STORE_STAMP_H

#include "base/base.h"
#include "zagg/config.h"
#include "zagg/grid.h"
#include "zagg/io.h"

enum { ZG_STORE_STAMP_BYTES = 320 };

#define ZG_RUN_STAMP "store.json" /* in the folder of a run */

/** The stamp of what a pipeline writes into `store` on `grid`: equal as long as nobody
 * replaces it, by whatever means; "" where it is not there. One request. */
zagg_status zg_store_stamp(zagg_sink *store, const zagg_pipeline *pipeline,
                           const zagg_grid *grid, char out[ZG_STORE_STAMP_BYTES],
                           zagg_err *err);

/** Note in run-<id>/ of the status folder which store the run writes into. */
zagg_status zg_store_stamp_note(zagg_sink *status, const char *run_id, const char *stamp,
                                zagg_err *err);

#endif
