/* A small hive that tests may damage: shard 11213 of order 4, cells of order 6 in chunks
 * of 4, fields count (int32, sharded) and morton. */
#ifndef ZAGG_TESTS_UNIT_STORE_FIXTURE_H
#define ZAGG_TESTS_UNIT_STORE_FIXTURE_H

#include "support/support.h"
#include "zagg/store.h"

#define HIVE_LEAF "1/1/2/1/3/11213.zarr"

typedef struct hive {
    char *dir; /* a folder; the store is DIR/h */
    char path[512];
    zagg_sink *sink; /* of the store */
} hive;

/** Cells 0, 2, 5 and 15 of the shard count 40, 1, 5 and 300. */
hive hive_new(void);
void hive_free(hive *h);
void hive_put(const hive *h, const char *key, const char *text);

/** Members of a sound commit stamp, without braces. */
extern const char HIVE_STAMP[];
/** Write the root document of the leaf with these members of its stamp. */
void hive_stamp(const hive *h, const char *members);

#endif
