/* Chunk codecs: inflate with an exact output bound, byte unshuffle, crc32c. */
#ifndef ZG_CODEC_H
#define ZG_CODEC_H

#include "base/base.h"

/** Decompressor state, reusable, one thread at a time (over libdeflate). */
typedef struct zg_inflater zg_inflater;
zg_inflater *zg_inflater_new(void); /* NULL on lack of memory */
void zg_inflater_free(zg_inflater *inf);

/** Inflate one zlib stream (RFC 1950, Adler-32 verified) that must give exactly `out_len`
 *  bytes and use all of `in_len`. FORMAT when it is damaged, longer or shorter. */
zagg_status zg_inflate_exact(zg_inflater *inf, const void *in, size_t in_len, void *out,
                             size_t out_len, zagg_err *err);

/** Undo HDF5's byte shuffle: `len` bytes of elements of `elem_size`; a tail shorter than
 * one element is copied as it is. in and out must not overlap. Any elem_size >= 1; 2, 4
 * and 8 are vectorised (SSE2, NEON) and equal to the scalar form bit for bit. */
void zg_unshuffle(const void *in, void *out, size_t len, size_t elem_size);
/** The scalar form, for comparison. */
void zg_unshuffle_scalar(const void *in, void *out, size_t len, size_t elem_size);
/** The forward direction (tests, generator). */
void zg_shuffle(const void *in, void *out, size_t len, size_t elem_size);

/** CRC-32C (Castagnoli, reflected 0x82F63B78, init and xorout 0xFFFFFFFF): of "123456789"
 * it is 0xE3069283. Hardware instruction where there is one; `_table` is the portable
 * form. */
uint32_t zg_crc32c(const void *data, size_t len);
uint32_t zg_crc32c_table(const void *data, size_t len);

#endif
