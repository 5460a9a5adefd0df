/* Internal: SHA-256 of data that comes in parts. */
#ifndef ZG_BASE_HASH_H
#define ZG_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/** State of one hash; copied freely. */
typedef struct zg_hash {
    _Alignas(8) unsigned char state[128];
} zg_hash;

void zg_hash_init(zg_hash *h);
void zg_hash_add(zg_hash *h, const void *data, size_t len);
/** Lower-case hex with a NUL; the state is that of a new hash afterwards. */
void zg_hash_hex(zg_hash *h, char hex[65]);

#endif
