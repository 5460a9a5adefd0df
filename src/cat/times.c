/* Times and dates of the proleptic Gregorian calendar (Hinnant's days algorithm). */
#include "cat/times.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define US INT64_C(1000000)
#define DAY_US (INT64_C(86400) * US)
/* 0001-01-01 and the day after 9999-12-31. */
#define FIRST_DAY INT64_C(-719162)
#define END_DAY INT64_C(2932897)

static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
    y -= m <= 2;
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t year = y - era * 400;
    const int64_t day = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + year * 365 + year / 4 - year / 100 + day - 719468;
}

static void civil_of(int64_t days, int64_t *y, int64_t *m, int64_t *d)
{
    days += 719468;
    const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    const int64_t of_era = days - era * 146097;
    const int64_t year =
        (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const int64_t mp = (5 * of_year + 2) / 153;
    *d = of_year - (153 * mp + 2) / 5 + 1;
    *m = mp + (mp < 10 ? 3 : -9);
    *y = year + era * 400 + (*m <= 2);
}

/* `n` digits; *at moves behind them. */
static bool digits(const char **at, int n, int64_t *out)
{
    int64_t v = 0;
    for (int i = 0; i < n; i++) {
        const char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        v = 10 * v + (c - '0');
    }
    *at += n;
    *out = v;
    return true;
}

static bool take(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

static bool read_date(const char **at, int64_t *days)
{
    int64_t y, m, d, y2, m2, d2;
    if (!digits(at, 4, &y) || !take(at, '-') || !digits(at, 2, &m) || !take(at, '-') ||
        !digits(at, 2, &d) || y < 1 || m < 1 || m > 12 || d < 1)
        return false;
    *days = days_of(y, m, d);
    civil_of(*days, &y2, &m2, &d2);
    return m == m2 && d == d2; /* no 30 February */
}

static bool read_fraction(const char **at, int64_t *us)
{
    int64_t weight = US / 10, seen = 0;
    *us = 0;
    if (!take(at, '.') && !take(at, ','))
        return true;
    for (; **at >= '0' && **at <= '9'; (*at)++, weight /= 10, seen++)
        *us += weight * (**at - '0');
    return seen > 0;
}

static bool read_zone(const char **at, int64_t *offset_s)
{
    int64_t h = 0, m = 0;
    *offset_s = 0;
    if (**at == '\0' || take(at, 'Z') || take(at, 'z'))
        return true;
    const bool west = **at == '-';
    if ((!take(at, '+') && !take(at, '-')) || !digits(at, 2, &h) || h > 23)
        return false;
    (void)take(at, ':');
    if (**at != '\0' && (!digits(at, 2, &m) || m > 59))
        return false;
    *offset_s = (west ? -1 : 1) * (h * 3600 + m * 60);
    return true;
}

bool zg_utc_parse(const char *text, int64_t *us)
{
    const char *at = text;
    int64_t days, h, m, s, fraction, offset;
    if (!read_date(&at, &days) || (!take(&at, 'T') && !take(&at, 't') && !take(&at, ' ')))
        return false;
    if (!digits(&at, 2, &h) || !take(&at, ':') || !digits(&at, 2, &m) ||
        !take(&at, ':') || !digits(&at, 2, &s) || h > 23 || m > 59 || s > 60)
        return false;
    if (!read_fraction(&at, &fraction) || !read_zone(&at, &offset) || *at != '\0')
        return false;
    *us = (days * 86400 + h * 3600 + m * 60 + s - offset) * US + fraction;
    return true;
}

bool zg_utc_format(int64_t us, char out[32])
{
    int64_t days = us / DAY_US, y, m, d;
    if (us % DAY_US < 0)
        days--;
    if (days < FIRST_DAY || days >= END_DAY)
        return false;
    civil_of(days, &y, &m, &d);
    const int64_t of_day = us - days * DAY_US, s = of_day / US, fraction = of_day % US;
    const int n = snprintf(out, 32,
                           "%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64
                           ":%02" PRId64 ":%02" PRId64,
                           y, m, d, s / 3600, s / 60 % 60, s % 60);
    if (fraction != 0)
        snprintf(out + n, (size_t)(32 - n), ".%06" PRId64 "Z", fraction);
    else
        snprintf(out + n, (size_t)(32 - n), "Z");
    return true;
}

bool zg_date_parse(const char *text, int64_t *days)
{
    const char *at = text;
    return read_date(&at, days) && *at == '\0';
}

void zg_date_format(int64_t days, char out[16])
{
    int64_t y, m, d;
    days = days < FIRST_DAY ? FIRST_DAY : days >= END_DAY ? END_DAY - 1 : days;
    civil_of(days, &y, &m, &d);
    snprintf(out, 16, "%04d-%02d-%02d", (int)y, (int)m, (int)d);
}
