/* The fault harness's memory: these functions take the place of the C library's for the
 * whole process, and hand the work on to it, or to the sanitizer that stands in for it.
 * glibc documents that a program may do so (Replacing malloc); its own __libc_* entries
 * do the work. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support/fault.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifdef FAULT_OVER_SANITIZER
#define BENEATH(name) __interceptor_##name
#else
#define BENEATH(name) __libc_##name
#endif

/* Names that the C library and the sanitizers give these functions. */
extern void *BENEATH(malloc)(size_t size);
extern void *BENEATH(calloc)(size_t count, size_t size);
extern void *BENEATH(realloc)(void *block, size_t size);
extern void BENEATH(free)(void *block);

/* Only visible functions take the place of those of shared libraries. */
#pragma GCC visibility push(default)
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);
char *strndup(const char *text, size_t len);
char *strdup(const char *text);
#pragma GCC visibility pop

static void *counted(void *block)
{
    if (block != NULL)
        fault_count_block(1);
    return block;
}

void *malloc(size_t size)
{
    return fault_strikes(FAULT_ALLOC) ? NULL : counted(BENEATH(malloc)(size));
}

void *calloc(size_t count, size_t size)
{
    return fault_strikes(FAULT_ALLOC) ? NULL : counted(BENEATH(calloc)(count, size));
}

void *realloc(void *block, size_t size)
{
    if (fault_strikes(FAULT_ALLOC))
        return NULL;
    void *moved = BENEATH(realloc)(block, size);
    return block == NULL ? counted(moved) : moved;
}

void free(void *block)
{
    if (block == NULL)
        return;
    fault_count_block(-1);
    BENEATH(free)(block);
}

char *strndup(const char *text, size_t len)
{
    len = strnlen(text, len);
    char *copy = malloc(len + 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

char *strdup(const char *text)
{
    return strndup(text, strlen(text));
}

void *__real_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset);
int __real_munmap(void *at, size_t len);
int __wrap_munmap(void *at, size_t len);

void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
    if (fault_strikes(FAULT_ALLOC))
        return MAP_FAILED;
    void *mapped = __real_mmap(at, len, prot, flags, fd, offset);
    if (mapped != MAP_FAILED)
        fault_count_block(1);
    return mapped;
}

int __wrap_munmap(void *at, size_t len)
{
    fault_count_block(-1);
    return __real_munmap(at, len);
}
