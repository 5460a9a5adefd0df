/* SHA-256 (FIPS 180-4) over nettle. */
#include "base/base.h"

#include <nettle/sha2.h>
#include <string.h>

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
    uint8_t digest[SHA256_DIGEST_SIZE];
    zg_sha256(data, len, digest);
    zg_hex(digest, sizeof digest, hex);
}

struct zg_sha256_stream {
    struct sha256_ctx ctx;
};

zg_sha256_stream *zg_sha256_new(void)
{
    zg_sha256_stream *s = zg_alloc(1, sizeof *s);
    if (s != NULL)
        sha256_init(&s->ctx);
    return s;
}

void zg_sha256_add(zg_sha256_stream *s, const void *data, size_t len)
{
    if (len > 0)
        sha256_update(&s->ctx, len, data);
}

void zg_sha256_digest(zg_sha256_stream *s, uint8_t digest[32])
{
    sha256_digest(&s->ctx, SHA256_DIGEST_SIZE, digest);
}

void zg_sha256_end(zg_sha256_stream *s, char hex[65])
{
    uint8_t digest[SHA256_DIGEST_SIZE];
    zg_sha256_digest(s, digest);
    zg_hex(digest, sizeof digest, hex);
}

void zg_sha256_copy(zg_sha256_stream *to, const zg_sha256_stream *from)
{
    *to = *from;
}

void zg_sha256_free(zg_sha256_stream *s)
{
    zg_free(s);
}

void zg_sha256_lines(const char *const *lines, size_t n, char hex[65])
{
    zg_sha256_stream s;
    sha256_init(&s.ctx);
    for (size_t i = 0; i < n; i++) {
        zg_sha256_add(&s, "\n", i > 0);
        zg_sha256_add(&s, lines[i], strlen(lines[i]));
    }
    zg_sha256_end(&s, hex);
}
