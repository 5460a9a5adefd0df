/* SHA-256 (FIPS 180-4) over nettle. */
#include "base/base.h"

#include <nettle/sha2.h>

void zg_sha256(const void *data, size_t len, uint8_t digest[32])
{
    struct sha256_ctx ctx;
    sha256_init(&ctx);
    if (len > 0)
        sha256_update(&ctx, len, data);
    sha256_digest(&ctx, SHA256_DIGEST_SIZE, digest);
}

void zg_sha256_hex(const void *data, size_t len, char hex[65])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_DIGEST_SIZE];
    zg_sha256(data, len, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[2 * sizeof digest] = '\0';
}
