/* Text of a file from its beginning to its end, unpacked where it is gzip. */
#ifndef ZG_CAT_TEXT_SOURCE_H
#define ZG_CAT_TEXT_SOURCE_H

#include "base/base.h"
#include "zagg/io.h"

typedef struct zg_text_source zg_text_source;

/** Reads `source`, which it closes with itself (also when this fails). gzip is told by
 * its first bytes; several members follow each other as one text. */
zagg_status zg_text_source_new(zagg_source *source, zg_text_source **out, zagg_err *err);
/** The next bytes, at most `cap`; *n is 0 at the end only. FORMAT for gzip that is
 * damaged or cut short. */
zagg_status zg_text_source_read(zg_text_source *t, char *out, size_t cap, size_t *n,
                                zagg_err *err);
bool zg_text_source_is_gzip(const zg_text_source *t);
/** NULL is fine. */
void zg_text_source_free(zg_text_source *t);

/** All of it appended to `bytes` (char), with a NUL behind that is not counted. RANGE
 * beyond max_len; `name` is used in messages. */
zagg_status zg_text_source_read_all(zg_text_source *t, const char *name, size_t max_len,
                                    zg_vec *bytes, zagg_err *err);

/** Whole text of a local file, gzip unpacked, with a NUL behind it (zg_free). RANGE
 * beyond max_len. */
zagg_status zg_text_load(const char *path, size_t max_len, char **out, size_t *out_len,
                         zagg_err *err);

#endif
