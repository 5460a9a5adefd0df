/* Runs of a few shards into stores of every layout, for tests of what a store promises:
 * what a record claims is true whatever happened, and the next run completes the store.
 */
#ifndef ZAGG_TESTS_FAULT_TRUST_FIXTURE_H
#define ZAGG_TESTS_FAULT_TRUST_FIXTURE_H

#include "fault/run_fixture.h"
#include "support/server.h"

typedef enum layout {
    FLAT_SHARDED, /* an object a shard, ragged fields as vlen in them */
    FLAT_CHUNKED, /* an object a chunk */
    FLAT_CSR,     /* compat zagg-0.11: CSR groups, consolidated */
    RECT_CHUNKED,
    RECT_SHARDED,
    HIVE,
    N_LAYOUTS
} layout;

typedef struct trust_fixture {
    fixture *base;
    zagg_pipeline *pipelines[N_LAYOUTS], *others[N_LAYOUTS]; /* of another config */
    zagg_shardmap *maps[N_LAYOUTS];                          /* both granules */
    zagg_shardmap *fewer[N_LAYOUTS];                         /* the first granule only */
    size_t n_shards[N_LAYOUTS];
    /* NULL, or a server for which the fixture's folder is a bucket, and the way to it:
     * runs then go to s3://BUCKET/STORE, and what they leave is looked at as files. */
    test_server *server;
    zagg_net *net;
    const char *bucket;
} trust_fixture;

/** Group setup and teardown. For each layout there are undisturbed stores of both maps.
 */
int trust_new(void **state);
int trust_free(void **state);
/** The same with a server. */
int trust_new_remote(void **state);
/** Transfers of this process to the server at `endpoint`, in the place of earlier ones.
 */
void trust_renew_net(trust_fixture *f, const char *endpoint, zagg_log *log);
/** None: before fork(2), as their thread would not come along. */
void trust_drop_net(trust_fixture *f);
/** What a store is called in options of a run; one static buffer. */
const char *trust_store(const trust_fixture *f, const char *name);

const char *layout_name(layout l);

typedef struct trust_how {
    layout layout;
    const char *store; /* name in the fixture's folder */
    bool fewer;        /* granules */
    bool other;        /* config */
    bool overwrite, redo, allow_contraction;
    size_t threads;
} trust_how;

typedef struct trust_end {
    zagg_status status;
    zagg_err err;
    size_t failed, refused, skipped, finished;
    char shard_error[1024]; /* of the first shard that failed */
} trust_end;

trust_end trust_run(const trust_fixture *f, const trust_how *how);
bool trust_is_well(const trust_end *end);
const char *trust_message(const trust_end *end);

/** Final records in the status folder, every one of them checked: it is whole, and each
 * object that it names is there with its bytes and hash. False with the reason. */
bool records_are_true(const trust_fixture *f, const char *store, size_t *n, zg_str *why);
/** Is the store the one that an undisturbed run writes, object for object? Times and run
 * ids of hives aside, and temporary files are not overlooked. All shards and the store
 * itself must have records. */
bool store_is_complete(const trust_fixture *f, const trust_how *how, zg_str *why);
/** The same run again, without faults: well, and the store complete. `*skipped`: shards
 * that it left out. */
bool completes(const trust_fixture *f, const trust_how *how, size_t *skipped,
               zg_str *why);

/** Every moment of a sweep, or `few` of `n` evenly spread where ZAGG_FAULT_ALL is not
 * set: the i-th of them, from 1; 0 behind the last. */
int64_t moment(int64_t i, int64_t n, int64_t few);

#endif
