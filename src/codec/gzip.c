/* gzip members (RFC 1952) by libdeflate. Members one behind the other are one gzip file.
 */
#include "codec/codec.h"

#include <libdeflate.h>

size_t zg_gzip_bound(size_t len)
{
    return libdeflate_gzip_compress_bound(NULL, len);
}

zagg_status zg_gzip_member(int level, const void *in, size_t in_len, void *out,
                           size_t out_cap, size_t *out_len, zagg_err *err)
{
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(level);
    if (c == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for compression");
    *out_len = libdeflate_gzip_compress(c, in, in_len, out, out_cap);
    libdeflate_free_compressor(c);
    if (*out_len == 0)
        return zagg_err_set(err, ZAGG_EINTERNAL, "gzip: %zu bytes do not fit into %zu",
                            in_len, out_cap);
    return ZAGG_OK;
}
