/* Ranges of an object that were asked for in vain. Readers try again in smaller or larger
 * pieces, for other groups or to learn more; a server that failed as often as it may is
 * not asked for the same bytes by each of them. */
#ifndef ZG_NET_VAIN_H
#define ZG_NET_VAIN_H

#include "base/base.h"
#include "zagg/io.h"

#include <pthread.h>

/** Thread-safe. */
typedef struct zg_vain {
    pthread_mutex_t lock; /* of what follows */
    zg_vec list;          /* vain_range */
} zg_vain;

void zg_vain_init(zg_vain *vain);
void zg_vain_free(zg_vain *vain);

/** `len` bytes at `offset` were asked for `requests` times and did not come, for the
 * reason `why`. Without memory it is forgotten. */
void zg_vain_note(zg_vain *vain, uint64_t offset, uint64_t len, unsigned requests,
                  const zagg_err *why);
/** Fails as then where one of these ranges meets bytes that were asked for `most` times
 * in vain. */
zagg_status zg_vain_check(zg_vain *vain, const zagg_range *ranges, size_t n,
                          unsigned most, zagg_err *err);

#endif
