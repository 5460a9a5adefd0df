/* Strict UTF-8 decoding, table 3-7 of the Unicode standard. */
#include "text/utf8.h"

size_t zg_utf8_next(const char *text, size_t len, uint32_t *out)
{
    if (len == 0)
        return 0;
    const unsigned char *p = (const unsigned char *)text;
    if (p[0] < 0x80) {
        *out = p[0];
        return 1;
    }
    size_t n;
    uint32_t code, least;
    if ((p[0] & 0xe0U) == 0xc0U) {
        n = 2;
        code = p[0] & 0x1fU;
        least = 0x80;
    } else if ((p[0] & 0xf0U) == 0xe0U) {
        n = 3;
        code = p[0] & 0x0fU;
        least = 0x800;
    } else if ((p[0] & 0xf8U) == 0xf0U) {
        n = 4;
        code = p[0] & 0x07U;
        least = 0x10000;
    } else {
        return 0;
    }
    if (n > len)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0U) != 0x80U)
            return 0;
        code = code << 6 | (p[i] & 0x3fU);
    }
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *out = code;
    return n;
}
