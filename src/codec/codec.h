/* Chunk codecs: inflate with an exact output bound, zstd, framing of variable-length
 * elements, byte unshuffle, crc32c. */
#ifndef ZG_CODEC_H
#define ZG_CODEC_H

#include "base/base.h"
#include "zagg/dtype.h"

/** Decompressor state, reusable, one thread at a time (over libdeflate). */
typedef struct zg_inflater zg_inflater;
zg_inflater *zg_inflater_new(void); /* NULL on lack of memory */
void zg_inflater_free(zg_inflater *inf);

/** Inflate one zlib stream (RFC 1950, Adler-32 verified) that must give exactly `out_len`
 *  bytes and use all of `in_len`. FORMAT when it is damaged, longer or shorter. */
zagg_status zg_inflate_exact(zg_inflater *inf, const void *in, size_t in_len, void *out,
                             size_t out_len, zagg_err *err);

/** One gzip member of `in`, in a new block (zg_free). `level`: 1 to 12, as of libdeflate.
 * NOMEM. Thread-safe. */
zagg_status zg_gzip_pack(int level, const void *in, size_t in_len, void **out,
                         size_t *out_len, zagg_err *err);

/** State for both directions of zstd, reusable, one thread at a time. NULL on lack of
 * memory; libzstd's own memory is had on first use. */
typedef struct zg_zstd zg_zstd;
zg_zstd *zg_zstd_new(void);
void zg_zstd_free(zg_zstd *z);

/** Most bytes that a frame of `len` bytes takes; 0 where that is no size. */
size_t zg_zstd_bound(size_t len);
/** One frame with its content size, without checksum and dictionary id. Level 0 is
 * libzstd's default, which is 3: the same bytes. `out_cap` from zg_zstd_bound. */
zagg_status zg_zstd_pack(zg_zstd *z, int level, const void *in, size_t in_len, void *out,
                         size_t out_cap, size_t *out_len, zagg_err *err);
/** What the one frame that `in` must be says that it holds, at most `max` bytes. FORMAT
 * when it is no whole frame, more than one, tells no size, or more than `max` or than so
 * few bytes can hold. */
zagg_status zg_zstd_content_size(const void *in, size_t in_len, size_t max, size_t *out,
                                 zagg_err *err);
/** Unpack the one frame, which must give exactly `out_len` bytes. FORMAT when it is
 * damaged, longer or shorter. */
zagg_status zg_zstd_unpack(zg_zstd *z, const void *in, size_t in_len, void *out,
                           size_t out_len, zagg_err *err);

/** Bytes that n elements take in the framing of vlen-bytes; false where one of them, or
 * n, is beyond 32 bits. */
bool zg_vlen_size(const zagg_bytes_view *items, size_t n, size_t *out);
/** Write the framing: as many bytes as zg_vlen_size says. */
void zg_vlen_encode(const zagg_bytes_view *items, size_t n, void *out);
/** The n elements that `in` must hold, no more and no fewer; they point into `in`, at any
 * address. FORMAT naming the element at which it is damaged. */
zagg_status zg_vlen_decode(const void *in, size_t in_len, zagg_bytes_view *items,
                           size_t n, zagg_err *err);

/** Undo HDF5's byte shuffle: `len` bytes of elements of `elem_size`; a tail shorter than
 * one element is copied as it is. in and out must not overlap. Any elem_size >= 1; 2, 4
 * and 8 are vectorised (AVX2, SSE2, NEON) and equal to the scalar form bit for bit. */
void zg_unshuffle(const void *in, void *out, size_t len, size_t elem_size);
/** The scalar form, for comparison. */
void zg_unshuffle_scalar(const void *in, void *out, size_t len, size_t elem_size);

/** n shuffled elements: byte b of element i is bytes[b * n + i]. */
typedef struct zg_planes {
    const unsigned char *bytes;
    size_t n, elem_size;
} zg_planes;
/** Elements first..first+count-1 alone. */
void zg_unshuffle_part(const zg_planes *planes, size_t first, size_t count, void *out);
/** Single elements: (rows[i] - base) * stride for i < count. Costs several times as much
 * an element as zg_unshuffle_part. */
void zg_unshuffle_pick(const zg_planes *planes, const uint64_t *rows, uint64_t base,
                       size_t stride, size_t count, void *out);

/** Forms of zg_unshuffle_part; it takes the last one that the CPU has, the first one with
 * ZAGG_ISA=scalar in the environment. */
typedef enum zg_unshuffle_form {
    ZG_UNSHUFFLE_SCALAR,
    ZG_UNSHUFFLE_VECTOR16, /* SSE2, NEON */
    ZG_UNSHUFFLE_AVX2
} zg_unshuffle_form;
bool zg_unshuffle_has(zg_unshuffle_form form);
void zg_unshuffle_part_as(zg_unshuffle_form form, const zg_planes *planes, size_t first,
                          size_t count, void *out);
/** The forward direction (tests, generator). */
void zg_shuffle(const void *in, void *out, size_t len, size_t elem_size);

/** CRC-32C (Castagnoli, reflected 0x82F63B78, init and xorout 0xFFFFFFFF): of "123456789"
 * it is 0xE3069283. Hardware instruction where there is one; `_table` is the portable
 * form. */
uint32_t zg_crc32c(const void *data, size_t len);
uint32_t zg_crc32c_table(const void *data, size_t len);

#endif
