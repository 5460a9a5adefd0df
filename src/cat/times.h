/* Times of catalogs: RFC 3339 texts, microseconds since 1970, days. */
#ifndef ZG_CAT_TIMES_H
#define ZG_CAT_TIMES_H

#include <stdbool.h>
#include <stdint.h>

/** "2018-10-14T03:19:24[.37][Z|+01:00]", also with a blank for the T; UTC where no zone
 * is given. Digits beyond the sixth of the fraction are cut off. Years 1 to 9999. */
bool zg_utc_parse(const char *text, int64_t *us);
/** "2018-10-14T03:19:24Z", with six digits of a fraction that is not zero, as Python
 * writes it. Years 1 to 9999, else false. */
bool zg_utc_format(int64_t us, char out[32]);

/** "2018-10-14" to days since 1970, and back. */
bool zg_date_parse(const char *text, int64_t *days);
void zg_date_format(int64_t days, char out[16]);

#endif
