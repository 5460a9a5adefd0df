/* Secrets leave no copy behind. */
#include "base/base.h"

#include <string.h>

void zg_secret_wipe(void *data, size_t len)
{
    if (data == NULL)
        return;
    memset(data, 0, len);
    /* Reads the memory as far as the compiler knows: the memset cannot be dropped. */
    __asm__ __volatile__("" : : "r"(data) : "memory");
}

void zg_secret_free(char *text)
{
    if (text == NULL)
        return;
    zg_secret_wipe(text, strlen(text));
    zg_free(text);
}
