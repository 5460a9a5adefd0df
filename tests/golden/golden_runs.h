/* The runs of golden sets real and stores: which config, shard map and store of upstream
 * belong together. */
#ifndef ZAGG_TESTS_GOLDEN_RUNS_H
#define ZAGG_TESTS_GOLDEN_RUNS_H

#include "support/support.h"

enum { PATH_BYTES = 4096 };

/** One store of upstream and what it was made from. */
typedef struct golden_run {
    case_report *r;
    const char *name;
    char cwd[PATH_BYTES];    /* hrefs are relative to it */
    char config[PATH_BYTES]; /* upstream's */
    char map[PATH_BYTES];
    char archive[PATH_BYTES];
    bool compat;        /* written by the older upstream */
    bool versioned;     /* a hive of versioned leaves: for reading only */
    const char *driver; /* "--driver file" where hrefs are s3://relative */
} golden_run;

/** Show every run of set "real" or "stores" to `check`, in byte order of the names; one
 * whose config or store is not in the set is skipped. Ends the report: in the set's own
 * place at least so many cases must pass. Skips the test when the set is not there. */
void golden_runs_check(const char *set, void (*check)(const golden_run *run),
                       size_t at_least);

/** Text of the run's shard map with the data folder in place (zg_free). */
char *golden_run_map(const golden_run *run);

/** Unpack upstream's store into DIR/theirs; its path goes to `out`. */
void golden_run_unpack(const golden_run *run, const char *dir, char out[PATH_BYTES]);

/** A whole file as text (zagg_bytes_free); fails the test when it cannot be read. */
char *golden_text(const char *path);

#endif
