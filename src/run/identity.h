/* What the bytes of a store depend on besides its granules: the config without what only
 * steers the run, and the latitude convention, in one canonical text. */
#ifndef ZG_RUN_IDENTITY_H
#define ZG_RUN_IDENTITY_H

#include "base/base.h"
#include "zagg/config.h"

typedef struct zg_identity {
    char *text;    /* compact JSON, keys sorted; owned */
    char hash[65]; /* SHA-256 of it */
} zg_identity;

/** Keys of the config that change no number (zagg_config_keys: NO_OP) and names of places
 * are left out, so that the same config elsewhere is the same. */
zagg_status zg_identity_make(const zagg_pipeline *pipeline, zagg_latitude latitude,
                             zg_identity *out, zagg_err *err);
void zg_identity_free(zg_identity *identity);
/** First difference between two identities, as "aggregation.variables.h.function: X then,
 * Y now"; "" when they cannot be compared. */
void zg_identity_difference(const char *then, const char *now, zg_str *out);

#endif
