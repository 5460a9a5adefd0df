/* Cases of golden/reducers.json: data made from a generator's seed, one reducer, one
 * value. */
#ifndef ZAGG_TESTS_REDUCER_CASES_H
#define ZAGG_TESTS_REDUCER_CASES_H

#include "stats/reduce.h"
#include "support/support.h"

/** Text of a result as the golden files write it: decimal, C99 hex float, "nan", "inf".
 */
void scalar_text(zg_scalar s, char out[64]);

/** True when `s` has this type and value; floats bit for bit, all NaNs the same.
 *  `zero_sign` false: -0.0 is 0.0. */
bool scalar_is(zg_scalar s, const char *dtype, const char *value, bool zero_sign);

/** Run every case of a file of this kind, named "reducer/dtype/n/seed". */
void run_reducer_cases(case_report *report, const char *path);

#endif
