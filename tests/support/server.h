/* The servers of tests/net, started by a test and gone with it: they end when their stdin
 * closes, which the death of the test program does as well as server_stop. Every function
 * fails the test where the server does not do what it is asked. For one thread. */
#ifndef ZAGG_TESTS_SERVER_H
#define ZAGG_TESTS_SERVER_H

#include "support/support.h"

typedef struct test_server test_server;

/** True when python3 can run the servers. Otherwise prints "skipped: ..." and returns
 * false, or fails the test where CI is set. */
bool server_available(void);

/** Start tests/net/NAME.py ("s3_server", "daac_server", "fault_proxy") with arguments
 * (NULL at the end; NULL: none) and wait until it listens. Skips the test where
 * server_available is false. */
test_server *server_start(const char *name, const char *const *args);

/** The port of 127.0.0.1; `server_bucket_port`: the second one of daac_server, else 0. */
int server_port(const test_server *s);
int server_bucket_port(const test_server *s);
/** "http://127.0.0.1:PORT", the server's. */
const char *server_url(const test_server *s);

/** The counters (GET /_stats) as JSON text, the caller's (zg_free). */
char *server_stats(const test_server *s);
/** One number among them: "requests", or of a table "by_status.503"; 0 where the table
 * has no such name. */
int64_t server_stat(const test_server *s, const char *name);
/** Set the counters to zero. */
void server_reset(const test_server *s);
/** fault_proxy: faults from now on, JSON lines (tests/net/README.md). "" drops what is
 * left of earlier ones. */
void server_script(const test_server *s, const char *json_lines);

/** One request of the test itself: the status, and the answer's body in *body (zg_free)
 * unless that is NULL. `body_in` NULL: no body. */
int server_request(const test_server *s, const char *method, const char *target,
                   const char *body_in, char **body);

/** Certificates for `fault_proxy --tls` in a folder (tests/net/make_certs.sh). False,
 * with a printed reason, where there is no openssl; fails the test then where CI is set.
 */
bool server_certificates(const char *dir);

/** End it and wait for that. NULL is fine. */
void server_stop(test_server *s);
/** End all that are running: as teardown of a test or a group, also after a failure. */
int server_stop_all(void **state);

#endif
