/* The group reads of golden/read, by whatever way granules are opened. */
#ifndef ZAGG_TESTS_READ_CASES_H
#define ZAGG_TESTS_READ_CASES_H

/** All cases, each with every pool width; skips the test where the set is missing. */
void check_read_cases(const char *set);

#endif
