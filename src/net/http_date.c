/* Dates of headers, whatever the locale is. */
#include "net/http_date.h"

#include <stdio.h>
#include <string.h>

/* Days since 1970 of a Gregorian date. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    const int64_t era = year / 400, of_era = year - era * 400;
    const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

bool zg_http_date(const char *text, int64_t *out)
{
    static const char MONTHS[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char name[4] = "", zone[4] = "";
    int day, year, hour, minute, second;
    if (sscanf(text, "%*3s, %2d %3s %4d %2d:%2d:%2d %3s", &day, name, &year, &hour,
               &minute, &second, zone) != 7 ||
        strcmp(zone, "GMT") != 0 || strlen(name) != 3)
        return false;
    const char *at = strstr(MONTHS, name);
    if (at == NULL || (at - MONTHS) % 3 != 0 || year < 1970 || day < 1 || day > 31 ||
        hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
        return false;
    *out = days_of(year, (at - MONTHS) / 3 + 1, day) * 86400 + hour * 3600 + minute * 60 +
           second;
    return true;
}
