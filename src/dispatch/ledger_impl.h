/* Inside of the ledger. */
#ifndef ZG_DISPATCH_LEDGER_IMPL_H
#define ZG_DISPATCH_LEDGER_IMPL_H

#include "dispatch/ledger.h"
#include "io/behind.h"
#include "run/hold.h"
#include "run/store_stamp.h"

/** Where a unit is in the order of keys. */
typedef struct zg_unit_place {
    uint64_t key;
    size_t unit;
} zg_unit_place;

struct zg_ledger {
    zg_ledger_opts opts;
    char folder[64];  /* "run-<id>/" */
    double started_s; /* seconds since 1970 */
    double latest_s;  /* when the last of the earlier runs began */
    zg_hold *hold;    /* NULL: nothing sees to it that the store is one's own */
    zagg_sink *sink;  /* the status folder */
    zg_behind *behind;
    zagg_sink *notes;      /* the same, written while the run goes on */
    bool writes;           /* until something could not be written */
    zg_unit_place *places; /* by key */
    bool *told;            /* units of which an object was found, or that are over */
    zg_str ended;          /* members of the list of all that ended */
};

enum { ZG_LEDGER_MANIFEST_BYTES = 1 << 28, ZG_LEDGER_OBJECT_BYTES = 4 << 20 };

#define ZG_LEDGER_MANIFEST "manifest.json"
#define ZG_LEDGER_RESULTS "results.json"

/** zg_store_stamp of the store that is there. */
zagg_status zg_ledger_stamp(const zg_ledger *ledger, char out[ZG_STORE_STAMP_BYTES],
                            zagg_err *err);

/** The key of "<folder>shard-<decimal>.json"; false for other names. */
bool zg_ledger_object_key(const char *name, const char *folder, uint64_t *key);

#endif
