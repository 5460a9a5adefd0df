/* Expected values of the conformance trees, held against what is stored. */
#ifndef ZAGG_TESTS_GOLDEN_SPEC_VALUES_H
#define ZAGG_TESTS_GOLDEN_SPEC_VALUES_H

#include "support/support.h"
#include "zagg/store.h"

/** Nanoseconds from the origin of time words (mortie-toc/1) to 1970-01-01. */
#define SPEC_TOC_ORIGIN_NS UINT64_C(3786825618000000000)

/** A whole number, or its decimal text. */
uint64_t spec_whole(const zagg_value *v);
/** A member that must be there. */
const zagg_value *spec_need(const zagg_value *map, const char *key);
/** First and last nanosecond of a time word. */
void spec_decode_time(uint64_t word, uint64_t ns[2]);
/** A span of unix nanoseconds lies in what its word says. */
bool spec_spans(uint64_t word, const zagg_value *span);
bool spec_same_number(zagg_dtype dtype, const void *element, const zagg_value *v);
/** A payload against a list of rows, each a number or a list of them. */
bool spec_same_rows(const zagg_store_field_info *f, const zagg_bytes_view *payload,
                    const zagg_value *rows);
/** Sum of the weights of a digest. */
double spec_weight_of(const zagg_bytes_view *payload);
/** Base64 into `out`, which must be zero; the number of bytes. */
size_t spec_decode64(const char *text, uint8_t *out);

#endif
