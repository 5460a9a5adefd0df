/* A run of one shard as small as one can be, for tests that let it fail: one granule with
 * two beams of 90 photons, two layouts of the store, and what each store must hold. */
#ifndef ZAGG_TESTS_FAULT_RUN_FIXTURE_H
#define ZAGG_TESTS_FAULT_RUN_FIXTURE_H

#include "support/program.h"
#include "support/support.h"
#include "zagg/run.h"

typedef enum store_kind {
    SHARDED, /* HEALPix: one object per array and shard; consolidated */
    CHUNKED, /* rectilinear: objects of chunks; x and y written with the template */
    N_KINDS
} store_kind;

typedef struct fixture {
    char *dir;
    uint64_t obs[N_KINDS]; /* photons that a run keeps */
} fixture;

/** Group setup and teardown; the state is a fixture. */
int fixture_new(void **state);
int fixture_free(void **state);

typedef struct run_how {
    store_kind kind;
    const char *store; /* name in the fixture's folder */
    size_t threads;
    bool overwrite;
    bool after_older; /* the store held an older run: objects of it are right, too */
} run_how;

/** How a run ended. */
typedef struct run_end {
    zagg_status status; /* of loading or of the run */
    zagg_err err;
    size_t failed, incomplete, with_data;
    uint64_t obs;
    char shard_error[1024]; /* of the shard, or the first of its failed reads */
} run_end;

/** Config and shard map from their files, then zagg_run_local. */
run_end run_shard(const fixture *f, const run_how *how);
/** The same by an older config, whose arrays of the same names hold other values. */
run_end run_older(const fixture *f, const run_how *how);
/** Does the root's consolidated metadata tell the truth: when it is the older run's, is
 * all the older run's? Temporary files are removed first. */
bool root_is_true(const fixture *f, const run_how *how, zg_str *why);
/** The message of an end: of the run, else of its shard. */
const char *end_message(const run_end *end);
/** Did the run say that all is well? */
bool end_is_well(const run_end *end);

/** Path in the fixture's folder, in one of four buffers used in turn. */
const char *fixture_path(const fixture *f, const char *name);
void remove_store(const fixture *f, const char *store);
bool store_exists(const fixture *f, const char *store);

/** Is every object in the store whole and the right one? Its arrays may lack objects.
 * `one_beam`: objects of only one beam are right too. Temporary files are counted, and
 * nothing else is overlooked. False names an object. */
bool store_is_sound(const fixture *f, const run_how *how, bool one_beam, size_t *n_temp,
                    zg_str *why);
/** The above, and nothing is missing. */
bool store_is_right(const fixture *f, const run_how *how, zg_str *why);

/** Judge an end and the store behind it: false, with the reason, when the run claims what
 * is not so. It may have failed with a message; may have counted reads that failed, and
 * written what a run without that beam writes; or the store must be right. */
bool end_is_honest(const fixture *f, const run_how *how, const run_end *end, zg_str *why);
/** A clean run on top of what is there must give the right store: without overwrite
 * (unless the store refuses and names it), temporary files of dead runs aside. */
bool run_again(const fixture *f, const run_how *how, zg_str *why);

#endif
