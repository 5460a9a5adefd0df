/* What the tests of transfers share. */
#ifndef ZAGG_TESTS_HTTP_TEST_H
#define ZAGG_TESTS_HTTP_TEST_H

#include "net/http.h"
#include "support/http_script.h"
#include "support/support.h"

#include <string.h>

/** Waits before a retry take next to no time unless `opts` says otherwise. */
static inline zg_http *new_http(const zg_http_opts *opts)
{
    zg_http_opts o = opts ? *opts : (zg_http_opts){0};
    zagg_err err = ZAGG_ERR_INIT;
    zg_http *http = NULL;
    if (o.backoff_s == 0)
        o.backoff_s = 0.001;
    if (zg_http_new(&o, &http, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return http;
}

/** GET unless the call has a method. */
static inline zagg_status send_one(zg_http *http, zg_call *call, const char *url,
                                   zagg_err *err)
{
    if (call->method == NULL)
        call->method = "GET";
    call->url = url;
    memset(err, 0, sizeof *err);
    return zg_http_send(http, call, 1, err);
}

static inline void assert_contains(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static inline void assert_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL)
        fail_msg("\"%s\" is in \"%s\"", part, text);
}

#endif
