/* Working memory of digests, and the checks that all of them share. */
#include "stats/digest_impl.h"

#include <inttypes.h>
#include <math.h>

zagg_status zagg_digest_memory_new(zagg_digest_memory **out, zagg_err *err)
{
    zagg_digest_memory *memory = zg_alloc(1, sizeof *memory);
    if (memory == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for digests");
    zagg_status status = zg_partition_cache_new(&memory->cache, err);
    if (status != ZAGG_OK) {
        zg_free(memory);
        return status;
    }
    *out = memory;
    return ZAGG_OK;
}

void zagg_digest_memory_free(zagg_digest_memory *memory)
{
    if (memory == NULL)
        return;
    zg_partition_cache_free(memory->cache);
    for (size_t i = 0; i < ZG_BUF_COUNT; i++)
        zg_free(memory->buffers[i].data);
    zg_free(memory);
}

void zagg_digest_memory_use_0_11(zagg_digest_memory *memory, bool use)
{
    memory->as_0_11 = use;
}

void *zg_digest_room(zagg_digest_memory *memory, zg_digest_buffer buffer, size_t count,
                     size_t size, zagg_err *err)
{
    size_t bytes;
    if (memory->buffers[buffer].data != NULL && zg_mul_size(count, size, &bytes) &&
        bytes <= memory->buffers[buffer].bytes)
        return memory->buffers[buffer].data;
    /* half as much again, so that slowly growing cells do not ask each time */
    size_t more = count + count / 2 < count ? count : count + count / 2 + 64;
    void *data = zg_alloc(more, size);
    if (data == NULL) {
        (void)zagg_err_set(err, ZAGG_ENOMEM, "no memory for a digest of %zu values",
                           count);
        return NULL;
    }
    zg_free(memory->buffers[buffer].data);
    memory->buffers[buffer].data = data;
    memory->buffers[buffer].bytes = more * size;
    return data;
}

zagg_status zg_check_delta(double delta, zagg_err *err)
{
    if (delta > 0 && isfinite(delta))
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_EARG,
                        "delta of a digest must be a finite number above 0, not %g",
                        delta);
}

zagg_status zg_check_rows(size_t n, zagg_err *err)
{
    if (n <= UINT32_MAX)
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_ERANGE, "a digest of %zu values; at most %" PRIu32, n,
                        UINT32_MAX);
}
