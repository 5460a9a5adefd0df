/* Clocks: a monotonic one for durations, UTC for stamps. */
#include "base/base.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

double zg_clock_mono_s(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        return 0.0;
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void zg_clock_utc_iso(char out[21])
{
    static const char epoch[] = "1970-01-01T00:00:00Z";
    time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) == NULL ||
        strftime(out, sizeof epoch, "%Y-%m-%dT%H:%M:%SZ", &utc) != sizeof epoch - 1)
        memcpy(out, epoch, sizeof epoch);
}

void zg_clock_utc_offset(char out[26])
{
    char iso[21];
    zg_clock_utc_iso(iso);
    (void)snprintf(out, 26, "%.19s+00:00", iso);
}
