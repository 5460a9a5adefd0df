/* Characters that json-c loses. */
#ifndef ZG_TEXT_JSON_PAIRS_H
#define ZG_TEXT_JSON_PAIRS_H

#include "base/base.h"

/** A copy of checked JSON text (zg_free) in which the escaped characters that json-c
 * would lose are spelt out, or NULL in *out when it holds none. Linear. */
zagg_status zg_json_spell_pairs(const char *text, size_t len, char **out, size_t *out_len,
                                zagg_err *err);

#endif
