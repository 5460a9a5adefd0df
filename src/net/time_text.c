/* Times as servers write them, without the C library's zones and locales. */
#include "net/creds_parts.h"

#include <stdio.h>
#include <string.h>

/* Days since 1970-01-01 of the proleptic Gregorian calendar; years begin in March so that
 * the leap day is the last one. */
static int64_t days_of(int year, int month, int day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = y / 400, of_era = y % 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool date_exists(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1970 || month < 1 || month > 12 || day < 1)
        return false;
    const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap);
}

typedef struct moment {
    int year, month, day, hour, minute, second;
    long offset_s;
} moment;

static bool moment_to_time(const moment *m, time_t *out)
{
    if (!date_exists(m->year, m->month, m->day) || m->hour > 23 || m->minute > 59 ||
        m->second > 60)
        return false;
    *out = (time_t)(days_of(m->year, m->month, m->day) * 86400 + m->hour * 3600 +
                    m->minute * 60 + m->second - m->offset_s);
    return true;
}

/* Exactly `n` digits; the text moves on. */
static bool digits(const char **p, int n, int *out)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if ((*p)[i] < '0' || (*p)[i] > '9')
            return false;
        value = 10 * value + ((*p)[i] - '0');
    }
    *p += n;
    *out = value;
    return true;
}

static bool literal(const char **p, char c)
{
    if (**p != c)
        return false;
    (*p)++;
    return true;
}

static bool clock_of(const char **p, moment *m)
{
    return digits(p, 2, &m->hour) && literal(p, ':') && digits(p, 2, &m->minute) &&
           literal(p, ':') && digits(p, 2, &m->second);
}

/* "Z", "+00:00", "+0000", "+00", " UTC", or nothing. */
static bool zone(const char *p, moment *m)
{
    int hours = 0, minutes = 0;
    if (*p == '\0' || strcmp(p, "Z") == 0 || strcmp(p, "z") == 0 ||
        strcmp(p, " UTC") == 0)
        return true;
    const bool behind = *p == '-';
    if (!behind && *p != '+')
        return false;
    p++;
    if (!digits(&p, 2, &hours))
        return false;
    if (*p == ':')
        p++;
    if (*p != '\0' && !digits(&p, 2, &minutes))
        return false;
    m->offset_s = (hours * 3600L + minutes * 60L) * (behind ? -1 : 1);
    return *p == '\0' && hours < 24 && minutes < 60;
}

bool zg_time_parse(const char *text, time_t *out)
{
    moment m = {0};
    const char *p = text;
    if (!digits(&p, 4, &m.year) || !literal(&p, '-') || !digits(&p, 2, &m.month) ||
        !literal(&p, '-') || !digits(&p, 2, &m.day))
        return false;
    if (*p != 'T' && *p != 't' && *p != ' ')
        return false;
    p++;
    if (!clock_of(&p, &m))
        return false;
    if (*p == '.' && p[1] >= '0' && p[1] <= '9')
        for (p++; *p >= '0' && *p <= '9'; p++)
            ;
    return zone(p, &m) && moment_to_time(&m, out);
}

bool zg_time_parse_http(const char *text, time_t *out)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    moment m = {0};
    const char *p = strchr(text, ',');
    if (p == NULL || p[1] != ' ')
        return false;
    p += 2;
    if (!digits(&p, 2, &m.day) || !literal(&p, ' '))
        return false;
    for (int i = 0; i < 12; i++)
        if (strncmp(p, months + 3 * (size_t)i, 3) == 0)
            m.month = i + 1;
    if (m.month == 0)
        return false;
    p += 3;
    if (!literal(&p, ' ') || !digits(&p, 4, &m.year) || !literal(&p, ' ') ||
        !clock_of(&p, &m))
        return false;
    return strcmp(p, " GMT") == 0 && moment_to_time(&m, out);
}

void zg_time_write(time_t t, char out[21])
{
    struct tm utc;
    if (gmtime_r(&t, &utc) == NULL || strftime(out, 21, "%Y-%m-%dT%H:%M:%SZ", &utc) != 20)
        (void)snprintf(out, 21, "?");
}
