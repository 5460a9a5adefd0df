/* Internal helpers of the text module: numbers and JSON as Python writes them. */
#ifndef ZG_TEXT_H
#define ZG_TEXT_H

#include "base/base.h"
#include "zagg/value.h"

/** Python's repr of a float: shortest digits that read back equal, exponent form below
 * 1e-4 and from 1e16, always with ".0" or an exponent; "nan", "inf", "-inf". Independent
 * of the locale. `out` holds at least 32 bytes. Returns the length. */
size_t zg_float_repr(double v, char out[32]);
/** As zg_float_repr with the shortest digits that read back as the same float. */
size_t zg_float32_repr(float v, char out[32]);

/** Parse a C/Python decimal float independently of the locale; false unless all `len`
 * bytes are used. No hex, no blanks, no "nan"/"inf" words. */
bool zg_float_parse(const char *text, size_t len, double *out);

/** Append `text` as a JSON string, non-ASCII as \uXXXX pairs (Python ensure_ascii). Bytes
 * that are not UTF-8 become \ufffd. */
void zg_json_add_string(zg_str *out, const char *text, size_t len);

/** Append a number the way json.dumps does (NaN, Infinity, -Infinity for non-finite). */
void zg_json_add_double(zg_str *out, double v);

/** How a tree is written: indent < 0 is one line with ", " and ": "; compact drops the
 * blanks; indent >= 0 is Python's json.dumps(indent=n): one element a line, "," at line
 * ends. */
typedef struct zg_json_style {
    int indent;
    bool compact;
    bool sort_keys;
} zg_json_style;

/** Append a value tree as json.dumps would. DATE is an error of kind UNSUPPORTED, as in
 *  Python. Map keys that are not text are written as Python does (1 -> "1", true ->
 * "true"). */
zagg_status zg_json_write(zg_str *out, const zagg_value *v, zg_json_style style,
                          zagg_err *err);

/** Append a value tree as PyYAML's safe_dump(sort_keys=True) would, mappings in block
 * style; an empty key, and long texts that need double quotes, are laid out otherwise.
 * Keys must be texts; DATE is refused (UNSUPPORTED). */
zagg_status zg_yaml_write(zg_str *out, const zagg_value *v, zagg_err *err);

/** As zagg_json_parse; of the texts no copy stays in memory that was given back but those
 * in the arena, which is unmapped when it is freed. */
zagg_status zg_json_parse_secret(zagg_arena *arena, const char *text, size_t len,
                                 const char *name, const zagg_value **out, zagg_err *err);

/** Text member of a map; NULL where it is absent or no text. Lives as long as the map. */
const char *zg_value_text(const zagg_value *map, const char *key);

/** Number of edits between two short texts, for "did you mean" hints; capped at 64 bytes.
 */
size_t zg_edit_distance(const char *a, const char *b);

/* ---- building JSON text step by step (pretty, Python's indent style) ---- */
typedef struct zg_json_out {
    zg_str *out;
    int indent; /* blanks a level; negative: one line */
    int depth;
    bool fresh; /* no element written yet at this depth */
    bool after_key;
} zg_json_out;
void zg_json_begin(zg_json_out *w, zg_str *out, int indent);
void zg_json_open_map(zg_json_out *w);
void zg_json_close_map(zg_json_out *w);
void zg_json_open_list(zg_json_out *w);
void zg_json_close_list(zg_json_out *w);
void zg_json_key(zg_json_out *w, const char *key);
void zg_json_str(zg_json_out *w, const char *text);
void zg_json_i64(zg_json_out *w, int64_t v);
void zg_json_u64(zg_json_out *w, uint64_t v);
void zg_json_double(zg_json_out *w, double v);
void zg_json_bool(zg_json_out *w, bool v);
void zg_json_null(zg_json_out *w);
/** JSON text as it stands. */
void zg_json_text(zg_json_out *w, const char *json);
/* Members of a map, one call each; a text that is NULL becomes null. */
void zg_json_put_str(zg_json_out *w, const char *key, const char *text);
void zg_json_put_u64(zg_json_out *w, const char *key, uint64_t v);
void zg_json_put_double(zg_json_out *w, const char *key, double v);
/** A tree in place (same style as the writer). */
zagg_status zg_json_value(zg_json_out *w, const zagg_value *v, zagg_err *err);

#endif
