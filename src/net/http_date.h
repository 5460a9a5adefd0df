/* Dates as HTTP writes them. */
#ifndef ZG_NET_HTTP_DATE_H
#define ZG_NET_HTTP_DATE_H

#include <stdbool.h>
#include <stdint.h>

/** Seconds since 1970 of "Sun, 06 Nov 1994 08:49:37 GMT", the one form that servers send
 * today; false for anything else. */
bool zg_http_date(const char *text, int64_t *out);

#endif
