/* Value trees in a short notation that names kinds: N null, T F bools, I integer, D float
 * (as Python writes it), S "text", @ date, [..,] list, {key:value,..} mapping. */
#ifndef ZAGG_TESTS_CANON_H
#define ZAGG_TESTS_CANON_H

#include "support/support.h"
#include "text/text.h"

/** Append the notation of a tree. */
void canon(zg_str *out, const zagg_value *v);

typedef zagg_status parse_fn(zagg_arena *arena, const char *text, size_t len,
                             const char *name, const zagg_value **out, zagg_err *err);

/** Parse `len` bytes and give the notation, or "E" and the status class; freed with
 * zg_free. `message` (may be NULL) gets the error text. */
char *canon_of(parse_fn *parse, const char *text, size_t len, zagg_err *message);

/** Fails the test unless canon_of gives `expected`. */
void assert_canon(parse_fn *parse, const char *text, const char *expected);

#endif
