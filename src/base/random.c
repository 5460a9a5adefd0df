/* Names that no other process makes: random bytes of the system. */
#include "base/base.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Where the system gives no random bytes: time and process, which two runs share only on
 * different machines. */
static void mix(uint8_t out[16])
{
    struct timespec now = {0};
    uint8_t digest[32];
    char text[96];
    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)snprintf(text, sizeof text, "%lld.%09ld %ld %p", (long long)now.tv_sec,
                   now.tv_nsec, (long)getpid(), (void *)out);
    zg_sha256(text, strlen(text), digest);
    memcpy(out, digest, 16);
}

void zg_unique_id(char hex[33])
{
    uint8_t bytes[16];
    FILE *f = fopen("/dev/urandom", "rb");
    if (f == NULL || fread(bytes, 1, sizeof bytes, f) != sizeof bytes)
        mix(bytes);
    if (f != NULL)
        (void)fclose(f);
    zg_hex(bytes, sizeof bytes, hex);
}
