/* zlib streams (RFC 1950) through libdeflate, held to the exact sizes that the file
 * promises. */
#include "codec/codec.h"

#include <libdeflate.h>

struct zg_inflater {
    struct libdeflate_decompressor *state;
};

zg_inflater *zg_inflater_new(void)
{
    zg_inflater *inf = zg_alloc(1, sizeof *inf);
    if (inf == NULL)
        return NULL;
    inf->state = libdeflate_alloc_decompressor();
    if (inf->state == NULL) {
        zg_free(inf);
        return NULL;
    }
    return inf;
}

void zg_inflater_free(zg_inflater *inf)
{
    if (inf == NULL)
        return;
    libdeflate_free_decompressor(inf->state);
    zg_free(inf);
}

zagg_status zg_inflate_exact(zg_inflater *inf, const void *in, size_t in_len, void *out,
                             size_t out_len, zagg_err *err)
{
    size_t used = 0, got = 0;
    enum libdeflate_result result =
        libdeflate_zlib_decompress_ex(inf->state, in, in_len, out, out_len, &used, &got);
    if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "deflated data holds more than the expected %zu bytes",
                            out_len);
    if (result != LIBDEFLATE_SUCCESS)
        return zagg_err_set(err, ZAGG_EFORMAT, "deflated data is damaged");
    if (got != out_len)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "deflated data holds %zu bytes where %zu are expected", got,
                            out_len);
    if (used != in_len)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "deflated data is followed by %zu stray bytes",
                            in_len - used);
    return ZAGG_OK;
}
