/* What the tests of whole runs over a network share: two granules, which are a bucket of
 * s3_server.py and what daac_server.py serves, proxies that spoil what these answer, and
 * the stores of runs on local files, which all others must equal. */
#ifndef ZAGG_TESTS_NET_FIXTURE_H
#define ZAGG_TESTS_NET_FIXTURE_H

#include "cli/fixture.h"
#include "support/server.h"

enum { NET_ATTEMPTS = 5 };

typedef struct net_fixture {
    fixture base;                                  /* dir and keys */
    test_server *s3, *s3_proxy;                    /* buckets "granules" and "stores" */
    test_server *daac, *daac_proxy, *bucket_proxy; /* NULL: not asked for */
} net_fixture;

/** Group setup: granules (root/granules/a.h5, b.h5), configs (flat.yaml, hive.yaml),
 * shard maps (file.json, s3.json), local stores (local/flat, local/hive), s3_server and a
 * proxy in front of it. The environment loses all keys, proxies and settings of zagg, and
 * gets those for the proxy; stalls are found out after a second, waits are short. Skips
 * where there is no python3. */
int net_new(void **state);
/** The same with net_daac(f, NULL). */
int net_new_daac(void **state);
int net_free(void **state);

/** Start a DAAC (user "someone", password "password-1", token "token-1", of which the
 * environment gets the token) with more options (NULL at the end; NULL: none) behind
 * proxies, in the place of an earlier one, and write https.json for it. */
void net_daac(net_fixture *f, const char *const *more);

/** A run that ended, within its time. */
typedef struct net_run {
    int status;
    char *out, *err;
    double seconds;
} net_run;
/** Run a command of the shell in the folder; fails the test after `limit_s`. `env`:
 * settings in front of it ("A=1 B=2", may be ""). */
net_run net_shell(const net_fixture *f, double limit_s, const char *env, const char *fmt,
                  ...) ZAGG_PRINTF(4, 5);
void net_run_free(net_run *run);

/** `zagg run -q` of CONFIG ("flat") with MAP ("s3") into STORE, which is a folder or an
 * URL; `more` options. */
net_run net_zagg(const net_fixture *f, const char *env, const char *config,
                 const char *map, const char *store, const char *more);

/** Folder of a store of that URL or folder, in one of two static buffers. */
const char *net_store_dir(const net_fixture *f, const char *store);
/** Remove a store and what belongs to it. */
void net_remove(const net_fixture *f, const char *store);
/** How the store differs from the one of a local run of CONFIG: the number of files,
 * their names in `why`. What differs from run to run is left out of documents. */
size_t net_differs(const net_fixture *f, const char *config, const char *store,
                   zg_str *why);

/** Most requests of any one range in a server's counters. */
int64_t net_most_of_a_range(const test_server *s);

/** Where a file of the fixture is. */
const char *net_path(const net_fixture *f, const char *relative);

#endif
