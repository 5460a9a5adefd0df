/* What the golden tests of digests share: lists of lists in .npy files, and comparing
 * digests bit for bit. */
#ifndef ZAGG_TESTS_DIGEST_CASES_H
#define ZAGG_TESTS_DIGEST_CASES_H

#include "support/support.h"
#include "zagg/digest.h"

/** One array and where each of its n parts begins. */
typedef struct parts {
    npy values, offsets;
    size_t n;
    size_t width; /* values of one item: 2 for centroids */
} parts;

/** aggregate/NAME.npy, divided by aggregate/OFFSETS.npy. Fails the test when they do not
 * fit each other. */
parts parts_read(const char *name, const char *offsets, zagg_dtype dtype, size_t width);
void parts_free(parts *p);
/** Part i and its number of items. */
const void *part_at(const parts *p, size_t i, size_t *n);

/** aggregate/NAME.npy of that type, or a failed test. */
npy array_read(const char *name, zagg_dtype dtype);

/** The same bits, or both NaN. */
bool same_bits(double a, double b);

/** A memory for digests, or a failed test. */
zagg_digest_memory *new_memory(void);
/** The case passes when status is OK and the centroids are those of part i of `expected`,
 * bit for bit. */
void judge_digest(case_report *r, const char *name, zagg_status status,
                  const zagg_err *err, const zagg_digest *got, const parts *expected,
                  size_t i);
/** False (and the failure reported) unless the words are those of part i. */
bool judge_words(case_report *r, const char *name, const char *channel,
                 const uint64_t *got, const parts *expected, size_t i);
/** Part i of a set of centroids as a digest. */
zagg_digest digest_at(const parts *p, size_t i);

#endif
