/* HDF5's shuffle filter (H5Zshuffle.c, filter 2): byte b of all elements lies together in
 * plane b. Undoing it is a transpose of bytes; for elements of 2, 4 and 8 bytes it is
 * done for 16 or 32 elements at a time by interleaving vectors, first bytes, then 16-bit,
 * then 32-bit lanes. */
#include "base/base.h"
#include "codec/codec.h"

#include <string.h>

void zg_unshuffle_scalar(const void *in, void *out, size_t len, size_t elem_size)
{
    const unsigned char *src = in;
    unsigned char *dst = out;
    size_t n = elem_size > 1 ? len / elem_size : 0;
    for (size_t b = 0; b < (n > 0 ? elem_size : 0); b++) {
        for (size_t i = 0; i < n; i++)
            dst[i * elem_size + b] = src[b * n + i];
    }
    size_t done = n * elem_size;
    if (done < len)
        memcpy(dst + done, src + done, len - done);
}

void zg_shuffle(const void *in, void *out, size_t len, size_t elem_size)
{
    const unsigned char *src = in;
    unsigned char *dst = out;
    size_t n = elem_size > 1 ? len / elem_size : 0;
    for (size_t b = 0; b < (n > 0 ? elem_size : 0); b++) {
        for (size_t i = 0; i < n; i++)
            dst[b * n + i] = src[i * elem_size + b];
    }
    size_t done = n * elem_size;
    if (done < len)
        memcpy(dst + done, src + done, len - done);
}

#if defined(__SSE2__)
#include <immintrin.h>
#define SHUFFLE_AVX2 1
#define SHUFFLE_VECTOR 1
typedef __m128i vec16;
#define LOAD(p) _mm_loadu_si128((const void *)(p))
#define STORE(p, v) _mm_storeu_si128((void *)(p), (v))
#define LO8(a, b) _mm_unpacklo_epi8((a), (b))
#define HI8(a, b) _mm_unpackhi_epi8((a), (b))
#define LO16(a, b) _mm_unpacklo_epi16((a), (b))
#define HI16(a, b) _mm_unpackhi_epi16((a), (b))
#define LO32(a, b) _mm_unpacklo_epi32((a), (b))
#define HI32(a, b) _mm_unpackhi_epi32((a), (b))
#elif defined(__aarch64__) && defined(__ARM_NEON)
#include <arm_neon.h>
#define SHUFFLE_VECTOR 1
typedef uint8x16_t vec16;
#define AS16(v) vreinterpretq_u16_u8(v)
#define AS32(v) vreinterpretq_u32_u8(v)
#define LOAD(p) vld1q_u8(p)
#define STORE(p, v) vst1q_u8((p), (v))
#define LO8(a, b) vzip1q_u8((a), (b))
#define HI8(a, b) vzip2q_u8((a), (b))
#define LO16(a, b) vreinterpretq_u8_u16(vzip1q_u16(AS16(a), AS16(b)))
#define HI16(a, b) vreinterpretq_u8_u16(vzip2q_u16(AS16(a), AS16(b)))
#define LO32(a, b) vreinterpretq_u8_u32(vzip1q_u32(AS32(a), AS32(b)))
#define HI32(a, b) vreinterpretq_u8_u32(vzip2q_u32(AS32(a), AS32(b)))
#endif

#ifdef SHUFFLE_VECTOR

enum { STEP = 16 }; /* elements in one round: a vector of each plane */

/* 16 elements of 4 bytes from planes `n` bytes apart: out[k] holds elements 4k to 4k+3.
 */
static inline void gather4(const unsigned char *src, size_t n, vec16 out[4])
{
    vec16 p0 = LOAD(src), p1 = LOAD(src + n), p2 = LOAD(src + 2 * n),
          p3 = LOAD(src + 3 * n);
    vec16 lo01 = LO8(p0, p1), hi01 = HI8(p0, p1);
    vec16 lo23 = LO8(p2, p3), hi23 = HI8(p2, p3);
    out[0] = LO16(lo01, lo23);
    out[1] = HI16(lo01, lo23);
    out[2] = LO16(hi01, hi23);
    out[3] = HI16(hi01, hi23);
}

static void unshuffle2(const unsigned char *src, size_t n, unsigned char *dst)
{
    vec16 p0 = LOAD(src), p1 = LOAD(src + n);
    STORE(dst, LO8(p0, p1));
    STORE(dst + 16, HI8(p0, p1));
}

static void unshuffle4(const unsigned char *src, size_t n, unsigned char *dst)
{
    vec16 v[4];
    gather4(src, n, v);
    for (size_t k = 0; k < 4; k++)
        STORE(dst + 16 * k, v[k]);
}

static void unshuffle8(const unsigned char *src, size_t n, unsigned char *dst)
{
    vec16 lower[4], upper[4]; /* the two halves of each element */
    gather4(src, n, lower);
    gather4(src + 4 * n, n, upper);
    for (size_t k = 0; k < 4; k++) {
        STORE(dst + 32 * k, LO32(lower[k], upper[k]));
        STORE(dst + 32 * k + 16, HI32(lower[k], upper[k]));
    }
}

/* From element i on, as many of `count` as are whole rounds. Where it stopped. */
static size_t by_16(const unsigned char *src, size_t n, size_t size, size_t i,
                    size_t count, unsigned char *dst)
{
    for (; size == 8 && i + STEP <= count; i += STEP)
        unshuffle8(src + i, n, dst + 8 * i);
    for (; size == 4 && i + STEP <= count; i += STEP)
        unshuffle4(src + i, n, dst + 4 * i);
    for (; size == 2 && i + STEP <= count; i += STEP)
        unshuffle2(src + i, n, dst + 2 * i);
    return i;
}

#endif

#ifdef SHUFFLE_AVX2

#define AVX2 __attribute__((target("avx2")))
enum { WIDE_STEP = 32 };

AVX2 static inline __m256i wide_load(const unsigned char *p)
{
    return _mm256_loadu_si256((const void *)p);
}

/* Vectors interleave their halves apart: the first half of `a` and `b` go to `dst`, the
 * second ones, which hold elements 16 further on, `far` bytes behind it. */
AVX2 static inline void wide_store(unsigned char *dst, size_t far, __m256i a, __m256i b)
{
    _mm256_storeu_si256((void *)dst, _mm256_permute2x128_si256(a, b, 0x20));
    _mm256_storeu_si256((void *)(dst + far), _mm256_permute2x128_si256(a, b, 0x31));
}

/* As gather4, of elements 0 to 15 in the first halves and 16 to 31 in the second ones. */
AVX2 static inline void wide_gather4(const unsigned char *src, size_t n, __m256i out[4])
{
    __m256i p0 = wide_load(src), p1 = wide_load(src + n), p2 = wide_load(src + 2 * n),
            p3 = wide_load(src + 3 * n);
    __m256i lo01 = _mm256_unpacklo_epi8(p0, p1), hi01 = _mm256_unpackhi_epi8(p0, p1);
    __m256i lo23 = _mm256_unpacklo_epi8(p2, p3), hi23 = _mm256_unpackhi_epi8(p2, p3);
    out[0] = _mm256_unpacklo_epi16(lo01, lo23);
    out[1] = _mm256_unpackhi_epi16(lo01, lo23);
    out[2] = _mm256_unpacklo_epi16(hi01, hi23);
    out[3] = _mm256_unpackhi_epi16(hi01, hi23);
}

AVX2 static inline void wide2(const unsigned char *src, size_t n, unsigned char *dst)
{
    __m256i p0 = wide_load(src), p1 = wide_load(src + n);
    wide_store(dst, 32, _mm256_unpacklo_epi8(p0, p1), _mm256_unpackhi_epi8(p0, p1));
}

AVX2 static inline void wide4(const unsigned char *src, size_t n, unsigned char *dst)
{
    __m256i v[4];
    wide_gather4(src, n, v);
    wide_store(dst, 64, v[0], v[1]);
    wide_store(dst + 32, 64, v[2], v[3]);
}

AVX2 static inline void wide8(const unsigned char *src, size_t n, unsigned char *dst)
{
    __m256i lower[4], upper[4];
    wide_gather4(src, n, lower);
    wide_gather4(src + 4 * n, n, upper);
    for (size_t k = 0; k < 4; k++)
        wide_store(dst + 32 * k, 128, _mm256_unpacklo_epi32(lower[k], upper[k]),
                   _mm256_unpackhi_epi32(lower[k], upper[k]));
}

AVX2 static size_t by_32(const unsigned char *src, size_t n, size_t size, size_t count,
                         unsigned char *dst)
{
    size_t i = 0;
    for (; size == 8 && i + WIDE_STEP <= count; i += WIDE_STEP)
        wide8(src + i, n, dst + 8 * i);
    for (; size == 4 && i + WIDE_STEP <= count; i += WIDE_STEP)
        wide4(src + i, n, dst + 4 * i);
    for (; size == 2 && i + WIDE_STEP <= count; i += WIDE_STEP)
        wide2(src + i, n, dst + 2 * i);
    return i;
}

#endif

bool zg_unshuffle_has(zg_unshuffle_form form)
{
    switch (form) {
#ifdef SHUFFLE_AVX2
    case ZG_UNSHUFFLE_AVX2:
        return zg_isa_has(ZG_ISA_AVX2);
#endif
#ifdef SHUFFLE_VECTOR
    case ZG_UNSHUFFLE_VECTOR16:
        return true;
#endif
    default:
        return form == ZG_UNSHUFFLE_SCALAR;
    }
}

/* Vectors of 16 bytes are there on every x86-64, so that a CPU which knows nothing wider
 * uses them; only where scalar code is asked for it is used. */
static zg_unshuffle_form active_form(void)
{
    const zg_isa isa = zg_isa_active();
    if (isa >= ZG_ISA_AVX2 && zg_unshuffle_has(ZG_UNSHUFFLE_AVX2))
        return ZG_UNSHUFFLE_AVX2;
    const bool wider = zg_isa_has(ZG_ISA_AVX2) || zg_isa_has(ZG_ISA_NEON);
    return (isa != ZG_ISA_SCALAR || !wider) && zg_unshuffle_has(ZG_UNSHUFFLE_VECTOR16)
               ? ZG_UNSHUFFLE_VECTOR16
               : ZG_UNSHUFFLE_SCALAR;
}

void zg_unshuffle_part_as(zg_unshuffle_form form, const zg_planes *planes, size_t first,
                          size_t count, void *out)
{
    size_t n = planes->n, size = planes->elem_size, i = 0;
    const unsigned char *src = planes->bytes + first;
    unsigned char *dst = out;
    if (size == 1) {
        memcpy(dst, src, count);
        return;
    }
#ifdef SHUFFLE_AVX2
    if (form == ZG_UNSHUFFLE_AVX2)
        i = by_32(src, n, size, count, dst);
#endif
#ifdef SHUFFLE_VECTOR
    if (form != ZG_UNSHUFFLE_SCALAR)
        i = by_16(src, n, size, i, count, dst);
#endif
    (void)form; /* where there is but one */
    for (size_t b = 0; b < size; b++)
        for (size_t k = i; k < count; k++)
            dst[k * size + b] = src[b * n + k];
}

void zg_unshuffle_part(const zg_planes *planes, size_t first, size_t count, void *out)
{
    zg_unshuffle_part_as(active_form(), planes, first, count, out);
}

void zg_unshuffle(const void *in, void *out, size_t len, size_t elem_size)
{
    zg_planes planes = {in, len / elem_size, elem_size};
    zg_unshuffle_part(&planes, 0, planes.n, out);
    size_t done = planes.n * elem_size;
    if (done < len)
        memcpy((unsigned char *)out + done, planes.bytes + done, len - done);
}

/* One byte of each row from each plane in turn: the size is a constant in the loops. */
#define PICK(size)                                                                       \
    for (size_t i = 0; i < count; i++) {                                                 \
        const unsigned char *at = src + (size_t)(rows[i] - base) * stride;               \
        for (size_t b = 0; b < (size); b++)                                              \
            dst[i * (size) + b] = at[b * n];                                             \
    }

void zg_unshuffle_pick(const zg_planes *planes, const uint64_t *rows, uint64_t base,
                       size_t stride, size_t count, void *out)
{
    size_t n = planes->n;
    const unsigned char *src = planes->bytes;
    unsigned char *dst = out;
    if (planes->elem_size == 8)
        PICK(8)
    else if (planes->elem_size == 4)
        PICK(4)
    else
        PICK(planes->elem_size)
}
