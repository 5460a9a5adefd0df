/* JSON text read in place, member by member, without a tree: catalogs hold hundreds of
 * thousands of items of which a few members matter. What is passed over is checked as
 * strictly as zagg_json_parse checks it, but for the size of integers. */
#ifndef ZG_CAT_JSON_SCAN_H
#define ZG_CAT_JSON_SCAN_H

#include "base/base.h"
#include "zagg/value.h"

/** Deepest nesting, as of zagg_json_parse. */
#define ZG_SCAN_MAX_DEPTH 64

/** Messages say what is wrong at `at`, without the place: the caller knows file and line.
 */
typedef struct zg_scan {
    const char *text;
    size_t len, at;
    unsigned depth;
    bool at_end; /* a failure because the text ended: more of it may help */
    zagg_err *err;
} zg_scan;

/** What stands in quotes. */
typedef struct zg_slice {
    const char *text; /* inside the scanned text */
    size_t len;
    bool escaped; /* holds backslashes */
} zg_slice;

/** The next byte that is not blank, without taking it; '\0' at the end. */
char zg_scan_peek(zg_scan *s);
/** Take that byte, or fail with "'<c>' must stand here". */
zagg_status zg_scan_take(zg_scan *s, char c);
/** FORMAT with `must` and what stands there instead. */
zagg_status zg_scan_fault(zg_scan *s, const char *must);

/** Members of an object, one call after the other: *more is false behind the last one.
 * `first` is true before the first and is cleared. The value is taken by the caller. */
zagg_status zg_scan_member(zg_scan *s, bool *first, zg_slice *key, bool *more);
/** In the same way the elements of a list. */
zagg_status zg_scan_element(zg_scan *s, bool *first, bool *more);

zagg_status zg_scan_string(zg_scan *s, zg_slice *out);
/** Decimal number; NaN and Infinity as Python writes them. */
zagg_status zg_scan_number(zg_scan *s, double *out);
/** An integer from 0 to 2^64 - 1. */
zagg_status zg_scan_u64(zg_scan *s, uint64_t *out);
/** Any value: checked and passed over. */
zagg_status zg_scan_skip(zg_scan *s);
/** A text, copied into `arena`; NULL for null, and passed over, with NULL, where it is no
 * text. FORMAT for one that holds a NUL byte. */
zagg_status zg_scan_text(zg_scan *s, zagg_arena *arena, const char **out);
/** Any value as a tree. */
zagg_status zg_scan_value(zg_scan *s, zagg_arena *arena, const zagg_value **out);

/** Whether the slice is `text` (which needs no escapes); keys written with escapes are
 * found, too. */
bool zg_slice_is(const zg_slice *slice, const char *text);

/** Decimal text as a double, correctly rounded; false unless all `len` bytes are one. */
bool zg_number_parse(const char *text, size_t len, double *out);

#endif
