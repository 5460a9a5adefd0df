/* Asking a server for pages. */
#ifndef ZG_CAT_FETCH_HTTP_H
#define ZG_CAT_FETCH_HTTP_H

#include "cat/fetch.h"

#define ZG_FETCH_PAGE_BYTES ((size_t)256 << 20)

/** A page that came: a JSON object. */
typedef struct zg_fetch_answer {
    char *text;
    size_t len;
    zg_headers headers;
} zg_fetch_answer;
void zg_fetch_answer_free(zg_fetch_answer *a);

/** One connection, with the waits that searches need. */
zagg_status zg_fetch_http_new(const zagg_search_opts *opts, zg_http **out, zagg_err *err);
/** Ask until a page comes, at most four times. HTTP with the beginning of what came
 * instead; the statuses of zg_http_send. */
zagg_status zg_fetch_ask(zg_http *http, const zagg_search_opts *opts,
                         const zg_fetch_request *request, zg_fetch_answer *out,
                         zagg_err *err);

#endif
