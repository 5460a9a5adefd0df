/* Facts about the machine and this process. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* sched_getaffinity */
#endif
#include "base/base.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* proc(5): "VmHWM:     1234 kB"; 0 where there is no such line. */
static uint64_t status_bytes(const char *key)
{
    FILE *status = fopen("/proc/self/status", "re");
    if (status == NULL)
        return 0;
    char line[256];
    unsigned long long kib = 0;
    while (fgets(line, sizeof line, status) != NULL) {
        const size_t len = strlen(key);
        if (strncmp(line, key, len) == 0 && sscanf(line + len, " %llu kB", &kib) == 1)
            break;
    }
    fclose(status);
    return (uint64_t)kib << 10;
}

uint64_t zg_peak_rss_bytes(void)
{
    return status_bytes("VmHWM:");
}

uint64_t zg_rss_bytes(void)
{
    return status_bytes("VmRSS:");
}

/* cgroups(7): a number of bytes, or "max"; UINT64_MAX where there is none. */
static uint64_t limit_in(const char *path)
{
    FILE *file = fopen(path, "re");
    unsigned long long bytes = 0;
    if (file == NULL)
        return UINT64_MAX;
    const bool found = fscanf(file, "%llu", &bytes) == 1 && bytes > 0;
    fclose(file);
    return found ? bytes : UINT64_MAX;
}

uint64_t zg_machine_memory_bytes(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    uint64_t bytes = UINT64_MAX;
    if (pages > 0 && page > 0)
        bytes = (uint64_t)pages * (uint64_t)page;
    const uint64_t v2 = limit_in("/sys/fs/cgroup/memory.max");
    const uint64_t v1 = limit_in("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    bytes = v2 < bytes ? v2 : bytes;
    return v1 < bytes ? v1 : bytes;
}

size_t zg_cpu_count(void)
{
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0 && CPU_COUNT(&allowed) > 0)
        return (size_t)CPU_COUNT(&allowed);
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* more CPUs than a cpu_set_t holds */
    return online > 0 ? (size_t)online : 1;
}
