/* Records of a shard: what it was made of, and which objects hold it. */
#ifndef ZG_RUN_RECORDS_H
#define ZG_RUN_RECORDS_H

#include "io/record_sink.h"
#include "run/status_dir.h"

/** What the record of a finished shard says besides its objects. */
typedef struct zg_shard_facts {
    uint64_t key;
    const char *label, *run_id;
    const char *semantic_hash, *identity; /* of the config; "": none */
    const char *const *granule_ids;       /* in the order in which they were read */
    size_t n_granules;
    char aoi_mask[65]; /* SHA-256 of the shard's part of the area of interest; "": none */
    uint64_t cells_with_data, total_obs, rows_read;
    double duration_s, write_s;
} zg_shard_facts;

/** Text of a final record, UTC time of now; the objects are those that are there. */
zagg_status zg_shard_record_text(const zg_shard_facts *facts, zg_recorder *recorder,
                                 zg_str *out, zagg_err *err);
/** Text of the record of store-level objects: those of `recorder`, and those of an older
 * record (NULL: none) about which the recorder knows nothing. */
zagg_status zg_store_record_text(zg_recorder *recorder, const zagg_value *older,
                                 zg_str *out, zagg_err *err);

/** SHA-256 (hex) of the ids, sorted, joined by line ends: upstream's granules_sha256. */
zagg_status zg_granules_hash(const char *const *ids, size_t n, char hex[65],
                             zagg_err *err);

/** How a granule list compares with the one that a record names. */
typedef enum zg_list_change {
    ZG_LIST_EQUAL = 0, /* the same, in the same order */
    ZG_LIST_OTHER,     /* more granules, or another order */
    ZG_LIST_FEWER      /* some that the record names are missing */
} zg_list_change;
/** `*missing` (may be NULL): the first one that is missing. */
zagg_status zg_compare_granules(const zagg_value *record, const char *const *ids,
                                size_t n, zg_list_change *out, const char **missing,
                                zagg_err *err);

/** Are all objects of a record there, with their bytes? */
zagg_status zg_objects_are_there(const zagg_value *record, zagg_sink *store, bool *out,
                                 zagg_err *err);

#endif
