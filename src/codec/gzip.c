/* gzip files (RFC 1952) of one member, made at once through libdeflate. */
#include "codec/codec.h"

#include <libdeflate.h>

zagg_status zg_gzip_pack(int level, const void *in, size_t in_len, void **out,
                         size_t *out_len, zagg_err *err)
{
    struct libdeflate_compressor *state = libdeflate_alloc_compressor(level);
    void *packed = NULL;
    size_t cap = 0;
    if (state != NULL) {
        cap = libdeflate_gzip_compress_bound(state, in_len);
        packed = zg_alloc(cap, 1);
    }
    if (packed != NULL)
        *out_len = libdeflate_gzip_compress(state, in, in_len, packed, cap);
    if (state != NULL)
        libdeflate_free_compressor(state);
    if (packed == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to compress %zu bytes", in_len);
    *out = packed;
    return ZAGG_OK;
}
