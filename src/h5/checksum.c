/* Checksums of HDF5: Jenkins' lookup3 over metadata (Bob Jenkins, "lookup3.c",
 * hashlittle, read byte by byte so that alignment and byte order do not matter) and
 * Fletcher-32 over filtered chunks (big-endian 16-bit words, as the HDF5 filter 3 has
 * always done). */
#include "h5/h5.h"

static uint32_t rot(uint32_t x, unsigned k)
{
    return x << k | x >> (32 - k);
}

static void mix(uint32_t s[3])
{
    static const unsigned k[6] = {4, 6, 8, 16, 19, 4};
    for (unsigned i = 0; i < 6; i++) {
        uint32_t *a = &s[i % 3], *b = &s[(i + 1) % 3], *c = &s[(i + 2) % 3];
        *a -= *c;
        *a ^= rot(*c, k[i]);
        *c += *b;
    }
}

static void final(uint32_t s[3])
{
    static const unsigned k[7] = {14, 11, 25, 16, 4, 14, 24};
    for (unsigned i = 0; i < 7; i++) {
        uint32_t *c = &s[(i + 2) % 3], *b = &s[(i + 1) % 3];
        *c ^= *b;
        *c -= rot(*b, k[i]);
    }
}

uint32_t zg_h5_lookup3(const void *data, size_t len)
{
    const uint8_t *p = data;
    uint32_t init = 0xdeadbeefu + (uint32_t)len;
    uint32_t s[3] = {init, init, init};
    for (; len > 12; len -= 12, p += 12) {
        for (unsigned i = 0; i < 3; i++)
            s[i] += zg_le32(p + 4 * i);
        mix(s);
    }
    if (len == 0)
        return s[2];
    for (size_t i = 0; i < len; i++)
        s[i / 4] += (uint32_t)p[i] << (8 * (i % 4));
    final(s);
    return s[2];
}

uint32_t zg_h5_fletcher32(const uint8_t *data, size_t len)
{
    uint32_t sum1 = 0, sum2 = 0;
    size_t words = len / 2;
    while (words) {
        size_t block = words > 360 ? 360 : words; /* the sums cannot overflow in 360 */
        words -= block;
        for (; block; block--, data += 2) {
            sum1 += (uint32_t)data[0] << 8 | data[1];
            sum2 += sum1;
        }
        sum1 = (sum1 & 0xffff) + (sum1 >> 16);
        sum2 = (sum2 & 0xffff) + (sum2 >> 16);
    }
    if (len % 2) {
        sum1 += (uint32_t)data[0] << 8;
        sum2 += sum1;
        sum1 = (sum1 & 0xffff) + (sum1 >> 16);
        sum2 = (sum2 & 0xffff) + (sum2 >> 16);
    }
    sum1 = (sum1 & 0xffff) + (sum1 >> 16);
    sum2 = (sum2 & 0xffff) + (sum2 >> 16);
    return sum2 << 16 | sum1;
}

zagg_status zg_h5_verify(const uint8_t *block, size_t len, const char *what,
                         zagg_err *err)
{
    if (len < 4 || zg_le32(block + len - 4) != zg_h5_lookup3(block, len - 4))
        return zagg_err_set(err, ZAGG_EFORMAT, "%s: checksum does not match", what);
    return ZAGG_OK;
}
