/* Whole stores of the golden sets, unpacked into a folder of their own. */
#ifndef ZAGG_TESTS_GOLDEN_STORE_CASES_H
#define ZAGG_TESTS_GOLDEN_STORE_CASES_H

#include "support/support.h"

enum { STORE_PATH = 1024 };

/** A store that may be changed. */
typedef struct store_case {
    char name[128]; /* "v061_mini_hive", "minimal" */
    char path[STORE_PATH];
    zagg_sink *sink;
    char *folder;
} store_case;

/** Names of the archives of a set ("stores", "real") or of the trees of "spec", in byte
 * order; zg_free each and then the vector. */
zg_vec store_case_names(const char *set);
void store_case_names_free(zg_vec *names);
/** Unpack or copy one; false (and the case has failed) where that does not work. */
bool store_case_open(case_report *r, const char *set, const char *file, store_case *out);
void store_case_close(store_case *s);

/** Write objects.json into `status`: bytes and SHA-256 of every object of the store. */
size_t store_case_record(const store_case *s, zagg_sink *status);

#endif
