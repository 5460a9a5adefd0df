/* Zstandard frames (RFC 8878) through libzstd, one frame a chunk, held to the sizes that
 * they promise. Packed with the library's own parameters of a level in one pass, which is
 * what makes the bytes those of numcodecs. */
#include "codec/codec.h"

#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

/* A block yields at most 128 KiB (RFC 8878, 3.1.1.2.4) and takes 4 bytes at least. */
enum { MAX_BLOCK_BYTES = 128 << 10, MIN_BLOCK_BYTES = 4 };

struct zg_zstd {
    ZSTD_CCtx *pack; /* both made on first use */
    ZSTD_DCtx *unpack;
};

zg_zstd *zg_zstd_new(void)
{
    return zg_alloc(1, sizeof(zg_zstd));
}

void zg_zstd_free(zg_zstd *z)
{
    if (z == NULL)
        return;
    (void)ZSTD_freeCCtx(z->pack);
    (void)ZSTD_freeDCtx(z->unpack);
    zg_free(z);
}

size_t zg_zstd_bound(size_t len)
{
    const size_t bound = ZSTD_compressBound(len);
    return ZSTD_isError(bound) || bound < len ? 0 : bound;
}

/* Parameters last as long as the state does; only the level ever changes. */
static size_t set_up(ZSTD_CCtx *pack, int level)
{
    size_t rc = ZSTD_CCtx_setParameter(pack, ZSTD_c_compressionLevel, level);
    if (!ZSTD_isError(rc))
        rc = ZSTD_CCtx_setParameter(pack, ZSTD_c_contentSizeFlag, 1);
    if (!ZSTD_isError(rc))
        rc = ZSTD_CCtx_setParameter(pack, ZSTD_c_checksumFlag, 0);
    if (!ZSTD_isError(rc))
        rc = ZSTD_CCtx_setParameter(pack, ZSTD_c_dictIDFlag, 0);
    return rc;
}

static zagg_status failed(size_t code, const char *what, zagg_err *err)
{
    if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory %s zstd data", what);
    return zagg_err_set(err, ZAGG_EINTERNAL, "%s zstd data: %s", what,
                        ZSTD_getErrorName(code));
}

zagg_status zg_zstd_pack(zg_zstd *z, int level, const void *in, size_t in_len, void *out,
                         size_t out_cap, size_t *out_len, zagg_err *err)
{
    if (z->pack == NULL)
        z->pack = ZSTD_createCCtx();
    if (z->pack == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to pack with zstd");
    size_t rc = set_up(z->pack, level);
    if (!ZSTD_isError(rc))
        rc = ZSTD_compress2(z->pack, out, out_cap, in, in_len);
    if (ZSTD_isError(rc))
        return failed(rc, "packing", err);
    *out_len = rc;
    return ZAGG_OK;
}

zagg_status zg_zstd_content_size(const void *in, size_t in_len, size_t max, size_t *out,
                                 zagg_err *err)
{
    uint32_t magic = 0;
    if (in_len >= sizeof magic)
        memcpy(&magic, in, sizeof magic);
    if (magic != ZSTD_MAGICNUMBER) /* older formats, frames to be skipped */
        return zagg_err_set(err, ZAGG_EFORMAT, "no zstd data");
    const size_t frame = ZSTD_findFrameCompressedSize(in, in_len);
    if (ZSTD_isError(frame))
        return zagg_err_set(err, ZAGG_EFORMAT, "zstd data is damaged");
    if (frame != in_len)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "a zstd frame is followed by %zu stray bytes",
                            in_len - frame);
    const unsigned long long size = ZSTD_getFrameContentSize(in, in_len);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR)
        return zagg_err_set(err, ZAGG_EFORMAT, "a zstd frame without its content size");
    if (size > max)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "a zstd frame of %llu bytes where %zu are the most", size,
                            max);
    if (size / MAX_BLOCK_BYTES > in_len / MIN_BLOCK_BYTES)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "a zstd frame of %zu bytes cannot hold the %llu that it "
                            "promises",
                            in_len, size);
    *out = (size_t)size;
    return ZAGG_OK;
}

zagg_status zg_zstd_unpack(zg_zstd *z, const void *in, size_t in_len, void *out,
                           size_t out_len, zagg_err *err)
{
    size_t size = 0;
    unsigned char nothing;
    ZAGG_TRY(zg_zstd_content_size(in, in_len, out_len, &size, err));
    if (size != out_len)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "a zstd frame of %zu bytes where %zu are expected", size,
                            out_len);
    if (z->unpack == NULL)
        z->unpack = ZSTD_createDCtx();
    if (z->unpack == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to unpack zstd data");
    const size_t rc =
        ZSTD_decompressDCtx(z->unpack, out_len > 0 ? out : &nothing, out_len, in, in_len);
    if (ZSTD_isError(rc) && ZSTD_getErrorCode(rc) == ZSTD_error_memory_allocation)
        return failed(rc, "unpacking", err);
    if (ZSTD_isError(rc) || rc != out_len)
        return zagg_err_set(err, ZAGG_EFORMAT, "zstd data is damaged");
    return ZAGG_OK;
}
