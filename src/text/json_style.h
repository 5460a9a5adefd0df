/* What the tree writer and the step writer share. */
#ifndef ZG_TEXT_JSON_STYLE_H
#define ZG_TEXT_JSON_STYLE_H

#include "text/text.h"

/** New line and the blanks of this depth. */
void zg_json_newline(zg_str *out, int indent, int depth);

/** As zg_json_write for a tree that stands `depth` levels deep. */
zagg_status zg_json_add_value(zg_str *out, const zagg_value *v, zg_json_style style,
                              int depth, zagg_err *err);

/** The members of a map in order of their keys, which must be texts (else UNSUPPORTED);
 * to be freed with zg_free. */
zagg_status zg_sorted_members(const zagg_value *v, zagg_member **out, zagg_err *err);

#endif
