/* Offsets of a column to time words. The word grammar (epoch 1850, flag bit 31, ceiling)
 * and the rounding in two exact steps are upstream's; the dates of leap seconds are the
 * IERS's (Bulletin C). */
#include "stats/observation_time.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const int64_t NS = 1000000000;
/* Behind it a range could not end in 31 bits of 2^32 ns. */
static const int64_t CEILING_NS = INT64_MAX - ((INT64_C(1) << 32) - 1);

/* Days of 1970-01-01 counting; the civil calendar from March on, in eras of 400 years. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    const int64_t y = month <= 2 ? year - 1 : year;
    const int64_t era = (y >= 0 ? y : y - 399) / 400;
    const int64_t of_era = y - era * 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* First day on which one more leap second counts. */
typedef struct leap {
    int year, month;
} leap;
static const leap LEAPS[] = {
    {1972, 7}, {1973, 1}, {1974, 1}, {1975, 1}, {1976, 1}, {1977, 1}, {1978, 1},
    {1979, 1}, {1980, 1}, {1981, 7}, {1982, 7}, {1983, 7}, {1985, 7}, {1988, 1},
    {1990, 1}, {1991, 1}, {1992, 7}, {1993, 7}, {1994, 7}, {1996, 1}, {1997, 7},
    {1999, 1}, {2006, 1}, {2009, 1}, {2012, 7}, {2015, 7}, {2017, 1},
};

/* GPS time minus UTC; UTC before 1972 had no whole seconds and is taken as it is. */
static int64_t leap_seconds(int64_t day)
{
    if (day < days_of(1972, 1, 1))
        return 0;
    int64_t n = -9; /* TAI - UTC was 10 s, TAI - GPS is 19 s */
    for (size_t i = 0; i < sizeof LEAPS / sizeof LEAPS[0]; i++)
        n += day >= days_of(LEAPS[i].year, LEAPS[i].month, 1);
    return n;
}

/* Exactly n digits. */
static bool digits(const char **at, int n, int64_t *out)
{
    int64_t x = 0;
    for (int i = 0; i < n; i++) {
        const char c = (*at)[i];
        if (c < '0' || c > '9')
            return false;
        x = 10 * x + (c - '0');
    }
    *at += n;
    *out = x;
    return true;
}

static bool mark(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

typedef struct instant {
    int64_t day, second, nanosecond; /* of 1970, of the day */
} instant;

static bool parse_zone(const char **at, instant *out)
{
    int64_t hours = 0, minutes = 0;
    if (mark(at, 'Z'))
        return true;
    const bool west = **at == '-';
    if (!west && **at != '+')
        return true;
    (*at)++;
    if (!digits(at, 2, &hours) || !mark(at, ':') || !digits(at, 2, &minutes) ||
        hours > 23 || minutes > 59)
        return false;
    out->second += (west ? 1 : -1) * (hours * 3600 + minutes * 60);
    return true;
}

static bool parse_time(const char **at, instant *out)
{
    int64_t hour, minute, second = 0, unit = NS / 10;
    if (!digits(at, 2, &hour) || !mark(at, ':') || !digits(at, 2, &minute))
        return false;
    if (mark(at, ':') && !digits(at, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 59)
        return false;
    out->second = hour * 3600 + minute * 60 + second;
    if (mark(at, '.'))
        for (; **at >= '0' && **at <= '9' && unit > 0; (*at)++, unit /= 10)
            out->nanosecond += (**at - '0') * unit;
    return parse_zone(at, out);
}

static bool parse_instant(const char *text, instant *out)
{
    int64_t year, month, day;
    const char *at = text;
    *out = (instant){0};
    if (!digits(&at, 4, &year) || !mark(&at, '-') || !digits(&at, 2, &month) ||
        !mark(&at, '-') || !digits(&at, 2, &day) || month < 1 || month > 12 || day < 1)
        return false;
    out->day = days_of(year, month, day);
    const int64_t next =
        month == 12 ? days_of(year + 1, 1, 1) : days_of(year, month + 1, 1);
    if (out->day >= next)
        return false;
    if (*at != '\0' && !((mark(&at, 'T') || mark(&at, ' ')) && parse_time(&at, out)))
        return false;
    while (out->second < 0 || out->second >= 86400) {
        out->day += out->second < 0 ? -1 : 1;
        out->second += out->second < 0 ? 86400 : -86400;
    }
    return *at == '\0';
}

zagg_status zg_clock_new(const char *epoch, const char *units, zg_clock *out,
                         zagg_err *err)
{
    instant t;
    const bool days = strcmp(units, "days") == 0;
    if (!days && strcmp(units, "seconds") != 0)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "units: found '%s', must be 'seconds' or 'days'", units);
    if (!parse_instant(epoch, &t))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "epoch: '%s' is no time like 2018-01-01T00:00:00", epoch);
    const int64_t days_of_words = t.day - days_of(1850, 1, 1);
    const int64_t seconds = days_of_words * 86400 + t.second + leap_seconds(t.day);
    if (seconds < 0 || seconds >= CEILING_NS / NS)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "epoch: '%s' is outside the years 1850 to 2142", epoch);
    *out = (zg_clock){seconds * NS + t.nanosecond, days ? 86400.0 : 1.0};
    return ZAGG_OK;
}

static double value_at(zagg_dtype dtype, const void *values, size_t i)
{
    switch (dtype) {
    case ZAGG_DT_F64:
        return ((const double *)values)[i];
    case ZAGG_DT_F32:
        return (double)((const float *)values)[i];
    case ZAGG_DT_I64:
        return (double)((const int64_t *)values)[i];
    case ZAGG_DT_U64:
        return (double)((const uint64_t *)values)[i];
    case ZAGG_DT_I32:
        return (double)((const int32_t *)values)[i];
    case ZAGG_DT_U32:
        return (double)((const uint32_t *)values)[i];
    case ZAGG_DT_I16:
        return (double)((const int16_t *)values)[i];
    case ZAGG_DT_U16:
        return (double)((const uint16_t *)values)[i];
    case ZAGG_DT_I8:
        return (double)((const int8_t *)values)[i];
    default:
        return (double)((const uint8_t *)values)[i];
    }
}

zagg_status zg_clock_words(const zg_clock *clock, zagg_dtype dtype, const void *values,
                           size_t n, uint64_t *words, zagg_err *err)
{
    static const uint64_t LOW = (UINT64_C(1) << 31) - 1;
    for (size_t i = 0; i < n; i++) {
        const double offset = value_at(dtype, values, i) * clock->unit_s;
        if (!isfinite(offset))
            return zagg_err_set(err, ZAGG_ERANGE,
                                "the time of row %zu is not finite; filter such rows", i);
        /* Whole seconds and the rest apart: offset * 1e9 would round before rint does. */
        const double whole = floor(offset);
        const double rest = rint((offset - whole) * 1e9);
        int64_t t;
        if (!(fabs(whole) < 9e9) ||
            __builtin_add_overflow(clock->epoch_ns, (int64_t)whole * NS + (int64_t)rest,
                                   &t) ||
            t < 0 || t >= CEILING_NS)
            return zagg_err_set(err, ZAGG_ERANGE,
                                "the time of row %zu is outside the years 1850 to 2142",
                                i);
        const uint64_t u = (uint64_t)t;
        words[i] = (u & ~LOW) << 1 | (LOW + 1) | (u & LOW);
    }
    return ZAGG_OK;
}

int64_t zg_clock_utc_ns(uint64_t instant_ns)
{
    const int64_t day_ns = 86400 * NS;
    const int64_t since_1970 = (int64_t)instant_ns + days_of(1850, 1, 1) * day_ns;
    int64_t ahead = 0; /* of the last step that lies before, as upstream finds it */
    if (since_1970 >= days_of(1972, 1, 1) * day_ns - 9 * NS)
        ahead = -9;
    for (size_t i = 0; i < sizeof LEAPS / sizeof LEAPS[0]; i++) {
        const int64_t after = (int64_t)i - 8;
        if (since_1970 >= days_of(LEAPS[i].year, LEAPS[i].month, 1) * day_ns + after * NS)
            ahead = after;
    }
    return since_1970 - ahead * NS;
}
