/* UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF (RFC 3629).
 */
#ifndef ZG_TEXT_UTF8_H
#define ZG_TEXT_UTF8_H

#include <stddef.h>
#include <stdint.h>

/** Bytes of the character that begins `text`, its code point in *out; 0 when the bytes
 * are not UTF-8 or `len` is 0. */
size_t zg_utf8_next(const char *text, size_t len, uint32_t *out);

#endif
