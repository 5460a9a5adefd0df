/* HDF5's shuffle filter (H5Zshuffle.c, filter 2): byte b of all elements lies together in
 * plane b. Undoing it is a transpose of bytes; for elements of 2, 4 and 8 bytes it is
 * done for 16 elements at a time by interleaving vectors, first bytes, then 16-bit, then
 * 32-bit lanes. */
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
#include <emmintrin.h>
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

static size_t unshuffle2(const unsigned char *src, unsigned char *dst, size_t n)
{
    size_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        vec16 p0 = LOAD(src + i), p1 = LOAD(src + n + i);
        STORE(dst + 2 * i, LO8(p0, p1));
        STORE(dst + 2 * i + 16, HI8(p0, p1));
    }
    return i;
}

static size_t unshuffle4(const unsigned char *src, unsigned char *dst, size_t n)
{
    size_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        vec16 v[4];
        gather4(src + i, n, v);
        for (size_t k = 0; k < 4; k++)
            STORE(dst + 4 * i + 16 * k, v[k]);
    }
    return i;
}

static size_t unshuffle8(const unsigned char *src, unsigned char *dst, size_t n)
{
    size_t i = 0;
    for (; i + STEP <= n; i += STEP) {
        vec16 lower[4], upper[4]; /* the two halves of each element */
        gather4(src + i, n, lower);
        gather4(src + 4 * n + i, n, upper);
        for (size_t k = 0; k < 4; k++) {
            STORE(dst + 8 * i + 32 * k, LO32(lower[k], upper[k]));
            STORE(dst + 8 * i + 32 * k + 16, HI32(lower[k], upper[k]));
        }
    }
    return i;
}

void zg_unshuffle(const void *in, void *out, size_t len, size_t elem_size)
{
    const unsigned char *src = in;
    unsigned char *dst = out;
    if (elem_size != 2 && elem_size != 4 && elem_size != 8) {
        zg_unshuffle_scalar(in, out, len, elem_size);
        return;
    }
    size_t n = len / elem_size, i;
    if (elem_size == 2)
        i = unshuffle2(src, dst, n);
    else
        i = elem_size == 4 ? unshuffle4(src, dst, n) : unshuffle8(src, dst, n);
    for (; i < n; i++) {
        for (size_t b = 0; b < elem_size; b++)
            dst[i * elem_size + b] = src[b * n + i];
    }
    size_t done = n * elem_size;
    if (done < len)
        memcpy(dst + done, src + done, len - done);
}

#else

void zg_unshuffle(const void *in, void *out, size_t len, size_t elem_size)
{
    zg_unshuffle_scalar(in, out, len, elem_size);
}

#endif
