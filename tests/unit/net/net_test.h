/* What tests of credentials share: an environment without any, and files in a folder of
 * their own that is also the home folder. */
#ifndef ZAGG_TESTS_NET_TEST_H
#define ZAGG_TESTS_NET_TEST_H

#include "net/s3.h"
#include "support/http_script.h"
#include "support/support.h"

/** For cmocka_unit_test_setup_teardown. Other tests of the process must not run at the
 * same time. */
int net_setup(void **state);
int net_teardown(void **state);
#define NET_TEST(f) cmocka_unit_test_setup_teardown(f, net_setup, net_teardown)
/** Between setup and teardown: sends again after a millisecond, and connects directly. */
zg_http *net_http(void);
/** A file below the home folder, folders made; its path is good until teardown. */
const char *net_file(const char *name, const char *text);
void net_set(const char *name, const char *value);

/** Fails where `text` holds one of the words that the tests use as secrets. */
void assert_no_secret(const char *text);
#define SECRET "wJalrSECRETsecret"
#define TOKEN "tokenTOKENtoken"
#define PASSWORD "pass#WORD"
/** `err` has this status, holds these words, and no secret. */
void assert_error(zagg_status status, const zagg_err *err, zagg_status want,
                  const char *words);

/** "2026-11-27T08:00:00Z", so many seconds from now; static. */
const char *net_time(long from_now);

#endif
