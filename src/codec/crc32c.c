/* CRC-32C (RFC 3720 appendix B.4: reflected polynomial 0x82F63B78), which closes the
 * index of a Zarr shard. The instruction of the CPU where it has one; the results are the
 * same. */
#include "base/base.h"
#include "codec/codec.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#define CRC32C_HW_TARGET __attribute__((target("sse4.2")))
#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>
#define CRC32C_HW_TARGET
#endif

uint32_t zg_crc32c_table(const void *data, size_t len)
{
    /* Remainders of the 16 half bytes: two steps a byte, and a table that one cache line
     * holds. Entry i is i shifted out four times over the reflected polynomial. */
    static const uint32_t nibble[16] = {0x00000000, 0x105EC76F, 0x20BD8EDE, 0x30E349B1,
                                        0x417B1DBC, 0x5125DAD3, 0x61C69362, 0x7198540D,
                                        0x82F63B78, 0x92A8FC17, 0xA24BB5A6, 0xB21572C9,
                                        0xC38D26C4, 0xD3D3E1AB, 0xE330A81A, 0xF36E6F75};
    const unsigned char *p = data;
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < len; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return ~crc;
}

#ifdef CRC32C_HW_TARGET

CRC32C_HW_TARGET static uint32_t crc32c_hardware(const void *data, size_t len)
{
    const unsigned char *p = data;
    uint32_t crc = 0xFFFFFFFF;
    for (; len >= 8; p += 8, len -= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
#if defined(__x86_64__)
        crc = (uint32_t)_mm_crc32_u64(crc, word);
#else
        crc = __crc32cd(crc, word);
#endif
    }
    for (; len > 0; p++, len--) {
#if defined(__x86_64__)
        crc = _mm_crc32_u8(crc, *p);
#else
        crc = __crc32cb(crc, *p);
#endif
    }
    return ~crc;
}

static bool crc32c_has_hardware(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("sse4.2") != 0;
#else
    return true; /* the compiler was told so */
#endif
}

uint32_t zg_crc32c(const void *data, size_t len)
{
    return crc32c_has_hardware() ? crc32c_hardware(data, len)
                                 : zg_crc32c_table(data, len);
}

#else

uint32_t zg_crc32c(const void *data, size_t len)
{
    return zg_crc32c_table(data, len);
}

#endif
