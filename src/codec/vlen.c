/* Framing of variable-length elements, the vlen-bytes codec of numcodecs: u32 number of
 * elements, then each one's u32 length and its bytes, all little-endian. */
#include "codec/codec.h"

#include <string.h>

enum { WORD_BYTES = 4 };

bool zg_vlen_size(const zagg_bytes_view *items, size_t n, size_t *out)
{
    size_t size = WORD_BYTES;
    if (n > UINT32_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (items[i].len > UINT32_MAX || !zg_add_size(size, WORD_BYTES, &size) ||
            !zg_add_size(size, items[i].len, &size))
            return false;
    }
    *out = size;
    return true;
}

static unsigned char *put_word(unsigned char *at, size_t value)
{
    const uint32_t word = (uint32_t)value;
    memcpy(at, &word, sizeof word);
    return at + sizeof word;
}

void zg_vlen_encode(const zagg_bytes_view *items, size_t n, void *out)
{
    unsigned char *at = put_word(out, n);
    for (size_t i = 0; i < n; i++) {
        at = put_word(at, items[i].len);
        if (items[i].len > 0)
            memcpy(at, items[i].data, items[i].len);
        at += items[i].len;
    }
}

static size_t get_word(const unsigned char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    return word;
}

zagg_status zg_vlen_decode(const void *in, size_t in_len, zagg_bytes_view *items,
                           size_t n, zagg_err *err)
{
    const unsigned char *at = in;
    size_t left = in_len;
    if (left < WORD_BYTES || get_word(at) != n)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "vlen-bytes data does not hold the %zu elements of a chunk",
                            n);
    at += WORD_BYTES;
    left -= WORD_BYTES;
    for (size_t i = 0; i < n; i++) {
        if (left < WORD_BYTES || get_word(at) > left - WORD_BYTES)
            return zagg_err_set(err, ZAGG_EFORMAT,
                                "vlen-bytes data ends inside element %zu", i);
        items[i].len = get_word(at);
        items[i].data = at + WORD_BYTES;
        at += WORD_BYTES + items[i].len;
        left -= WORD_BYTES + items[i].len;
    }
    if (left > 0)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "vlen-bytes data is followed by %zu stray bytes", left);
    return ZAGG_OK;
}
