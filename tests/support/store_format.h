/* The table of docs/store-format.md that says which files of a store equal upstream's,
 * and stores compared by it. */
#ifndef ZAGG_TESTS_STORE_FORMAT_H
#define ZAGG_TESTS_STORE_FORMAT_H

#include "support/support.h"

typedef struct store_rule store_rule;
typedef struct store_format {
    store_rule *rules;
    size_t n;
} store_format;

/** Read the table; fails the test where it is not as it should be. */
store_format store_format_load(void);
void store_format_free(store_format *format);
/** Compare all files of two stores by the table. Returns how many are not as it says,
 * names them in `names` and counts those compared in `n_files`. */
size_t stores_differ(store_format *format, const char *theirs, const char *ours,
                     zg_str *names, size_t *n_files);
/** Fail the test where a row with keys has compared nothing so far. */
void store_format_all_used(const store_format *format);

#endif
