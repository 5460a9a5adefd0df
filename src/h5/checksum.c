/* Checksums of HDF5: Jenkins' lookup3 over metadata (Bob Jenkins, "lookup3.c",
 * hashlittle, read byte by byte so that alignment and byte order do not matter) and
 * Fletcher-32 over filtered chunks (big-endian 16-bit words, as the HDF5 filter 3 has
 * always done). */
#include "h5/h5.h"

static inline uint32_t rot(uint32_t x, unsigned k)
{
    return x << k | x >> (32 - k);
}

/* One step of mixing: x changes by z, z by y. */
static inline void mix_step(uint32_t *x, uint32_t *y, uint32_t *z, unsigned k)
{
    *x -= *z;
    *x ^= rot(*z, k);
    *z += *y;
}

static inline void final_step(uint32_t *x, uint32_t y, unsigned k)
{
    *x ^= y;
    *x -= rot(y, k);
}

uint32_t zg_h5_lookup3(const void *data, size_t len)
{
    const uint8_t *p = data;
    uint32_t a = 0xdeadbeefu + (uint32_t)len, b = a, c = a;
    for (; len > 12; len -= 12, p += 12) {
        a += zg_le32(p);
        b += zg_le32(p + 4);
        c += zg_le32(p + 8);
        mix_step(&a, &b, &c, 4);
        mix_step(&b, &c, &a, 6);
        mix_step(&c, &a, &b, 8);
        mix_step(&a, &b, &c, 16);
        mix_step(&b, &c, &a, 19);
        mix_step(&c, &a, &b, 4);
    }
    if (len == 0)
        return c;
    uint8_t last[12] = {0};
    memcpy(last, p, len);
    a += zg_le32(last);
    b += zg_le32(last + 4);
    c += zg_le32(last + 8);
    final_step(&c, b, 14);
    final_step(&a, c, 11);
    final_step(&b, a, 25);
    final_step(&c, b, 16);
    final_step(&a, c, 4);
    final_step(&b, a, 14);
    final_step(&c, b, 24);
    return c;
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

bool zg_h5_sum_matches(uint32_t stored, const uint8_t *data, size_t len)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
    /* Whoever means harm can compute checksums; a fuzzer cannot. */
    (void)stored;
    (void)data;
    (void)len;
    return true;
#else
    return stored == zg_h5_lookup3(data, len);
#endif
}

zagg_status zg_h5_verify(const uint8_t *block, size_t len, const char *what,
                         zagg_err *err)
{
    if (len < 4 || !zg_h5_sum_matches(zg_le32(block + len - 4), block, len - 4))
        return zagg_err_set(err, ZAGG_EFORMAT, "%s: checksum does not match", what);
    return ZAGG_OK;
}
