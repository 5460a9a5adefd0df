/* Memory for libcurl, which is wiped when it is given back: requests bear tokens and
 * passwords, answers keys, and libcurl leaves them where they are. */
#include "base/base.h"
#include "net/curl_library.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_ulong n_refused;

static void *counted(void *memory)
{
    if (memory == NULL)
        atomic_fetch_add(&n_refused, 1);
    return memory;
}

unsigned long zg_curl_refused(void)
{
    return atomic_load(&n_refused);
}

static void *take(size_t size)
{
    return counted(malloc(size));
}

static void *take_zeroed(size_t n, size_t size)
{
    return counted(calloc(n, size));
}

static void give(void *memory)
{
    if (memory != NULL)
        zg_secret_wipe(memory, malloc_usable_size(memory));
    free(memory);
}

/* realloc would leave the old place as it was. */
static void *resize(void *memory, size_t size)
{
    const size_t had = memory != NULL ? malloc_usable_size(memory) : 0;
    void *other = take(size);
    if (other == NULL)
        return NULL;
    if (memory != NULL)
        memcpy(other, memory, had < size ? had : size);
    give(memory);
    return other;
}

static char *copy(const char *text)
{
    const size_t size = strlen(text) + 1;
    char *other = take(size);
    if (other != NULL)
        memcpy(other, text, size);
    return other;
}

CURLcode zg_curl_begin(void)
{
    return zg_libcurl.global_init_mem(CURL_GLOBAL_DEFAULT, take, give, resize, copy,
                                      take_zeroed);
}
