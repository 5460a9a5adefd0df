/* Heap hooks: one place through which long-lived memory goes, so that tests can make the
 * n-th allocation fail and see every caller clean up. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#endif
#include "base/base.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Allocations left until one is refused; 0 while no fault is asked for. */
static atomic_llong fail_countdown;

void zg_alloc_fail_nth(int64_t nth)
{
    atomic_store(&fail_countdown, (long long)nth);
}

bool zg_alloc_refused(void)
{
    /* The plain load keeps the shared counter's cache line clean in normal runs. */
    if (atomic_load_explicit(&fail_countdown, memory_order_relaxed) <= 0)
        return false;
    return atomic_fetch_sub(&fail_countdown, 1) == 1;
}

void *zg_alloc(size_t count, size_t size)
{
    size_t bytes;
    if (!zg_mul_size(count, size, &bytes) || zg_alloc_refused())
        return NULL;
    return calloc(bytes == 0 ? 1 : bytes, 1);
}

void *zg_realloc(void *ptr, size_t count, size_t size)
{
    size_t bytes;
    if (!zg_mul_size(count, size, &bytes) || zg_alloc_refused())
        return NULL;
    return realloc(ptr, bytes == 0 ? 1 : bytes);
}

void zg_free(void *ptr)
{
    free(ptr);
}

void *zg_map(size_t count, size_t size)
{
    size_t bytes;
    if (!zg_mul_size(count, size, &bytes) || zg_alloc_refused())
        return NULL;
    void *p = mmap(NULL, bytes == 0 ? 1 : bytes, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void zg_unmap(void *ptr, size_t count, size_t size)
{
    if (ptr != NULL)
        (void)munmap(ptr, count * size == 0 ? 1 : count * size);
}

void zg_map_clean(void *ptr, size_t bytes)
{
    (void)madvise(ptr, bytes, MADV_DONTNEED); /* else it only stays resident */
}

char *zg_strndup(const char *text, size_t len)
{
    size_t bytes;
    if (!zg_add_size(len, 1, &bytes))
        return NULL;
    char *copy = zg_alloc(bytes, 1);
    if (copy != NULL && len > 0)
        memcpy(copy, text, len);
    return copy;
}

char *zg_strdup(const char *text)
{
    return zg_strndup(text, strlen(text));
}
