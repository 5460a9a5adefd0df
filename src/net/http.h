/* Transfers: HTTP/1.1 over one libcurl multi handle that a thread of its own drives, and
 * the policy of docs/remote.md (what is sent again, when, how often) on top of it.
 *
 * A call is one exchange as its caller sees it; it may take several requests. */
#ifndef ZG_NET_HTTP_H
#define ZG_NET_HTTP_H

#include "base/base.h"
#include "zagg/net.h"

typedef struct zg_http zg_http;

typedef struct zg_http_opts {
    size_t max_connections; /* 0: 48 */
    double connect_s;       /* 0: 5 s */
    double stall_s;         /* less than 1 kB/s for so long is a failure; 0: 10 s */
    unsigned attempts;      /* 0: 5 */
    double backoff_s;       /* full jitter over this x 2^n, at most 10 s; 0: 0.1 s */
    double deadline_s;      /* mono clock; 0: none */
    bool direct;            /* never through a proxy */
    bool steady;            /* as many transfers to a host whatever it answers: the caller
                               sees to it that a host is not asked too much */
    size_t receive_bytes;   /* buffer of a transfer; 0: 64 KiB */
    bool frugal;            /* many connections: the least buffers to send from */
    const volatile int *stop;
    zagg_log *log; /* debug lines, one a request: method, URL without its query's
                      secrets, status, bytes, ms */
} zg_http_opts;

/** Loads libcurl and starts the thread. Reads SSL_CERT_FILE, AWS_CA_BUNDLE, HTTPS_PROXY,
 * HTTP_PROXY and NO_PROXY (both cases). `opts` may be NULL; its log and stop are
 * borrowed. Errors: UNSUPPORTED (no libcurl), CONFIG (a variable that cannot be used, by
 * name), NOMEM, IO (no thread). */
zagg_status zg_http_new(const zg_http_opts *opts, zg_http **out, zagg_err *err);
/** No call may be on its way. Ends the thread. NULL is fine. */
void zg_http_free(zg_http *http);

/* ---- headers ---- */

/** Lines "Name: value", owned. Zero-initialised is empty. */
typedef struct zg_headers {
    zg_vec lines; /* char *; elem_size 0 until first use */
    bool failed;  /* no memory: a call with such headers is not sent */
} zg_headers;
/** Copies. A line end in either is refused (`failed`). */
void zg_headers_add(zg_headers *h, const char *name, const char *value);
/** Value of the first header of that name (in any case), or NULL. */
const char *zg_headers_get(const zg_headers *h, const char *name);
/** Wipes the values. */
void zg_headers_free(zg_headers *h);

/* ---- calls ---- */

typedef struct zg_call zg_call;

struct zg_call {
    /* ---- asked ---- */
    const char *method; /* "GET", "HEAD", "PUT", "POST", "DELETE" */
    const char *url;    /* absolute, percent-encoded; borrowed until the call is over */
    zg_headers headers; /* sent with every attempt; the caller frees them */
    const void *body;   /* borrowed */
    size_t body_len;
    /* A range that is demanded: 206 with exactly these bytes (Content-Range is checked;
     * a shorter one only where the object ends), written to `into` as they come. Without
     * a range the body of a 2xx goes to `out_body`, at most max_body bytes. */
    bool ranged;
    uint64_t range_offset;
    size_t range_len;
    bool range_may_end; /* the object may end inside the range (206 clipped, or 200 of an
                           object that is not longer than the range) */
    void *into;
    size_t max_body; /* 0: 1 MiB; more is an error that names the limit */
    /* Do not follow redirects: 3xx is the answer. Otherwise GET and HEAD follow up to 10,
     * never from https to http, and Authorization, Cookie and x-amz-* headers go to the
     * first host and port only. A redirect to a login page (/oauth/authorize), and a page
     * of HTML in the place of a range, are AUTH. */
    bool no_redirects;
    bool once; /* never sent again (not idempotent), but for new keys */
    /* What has been begun is ended: a stop does not end this call. Of calls that are sent
     * together the first one decides. */
    bool despite_stop;
    bool quiet_404; /* 404 is an answer: OK, with http_status 404 */
    /* Before each attempt: headers of this attempt (signature, bearer). `url_out` may
     * replace the URL of this attempt (heap, zg_free'd by the sender); then headers of
     * `headers` that say who asks go nowhere but to the server of `url`. `attempt` is 1
     * for the first; a header of the same name in `headers` gives way. NULL: nothing to
     * add. Runs on the thread of zg_http_send and may send calls itself. */
    zagg_status (*authorize)(void *user, const zg_call *call, unsigned attempt,
                             zg_headers *add, char **url_out, zagg_err *err);
    /* An answer 400, 401 or 403, a login page, or a 301 that is not followed (S3: another
     * region): get new keys, and say whether to try once more (asked twice a call at
     * most: for another region, and for keys that have ended). `code` is the error code
     * of the body ("ExpiredToken"), or ""; the call's http_status, out_headers and
     * out_body are those of the answer. */
    zagg_status (*renew)(void *user, const zg_call *call, const char *code, bool *again,
                         zagg_err *err);
    /* Such an answer that is the last one: may put better words in the place of the
     * call's err by failing with them. NULL: that stays. */
    zagg_status (*refused)(void *user, const zg_call *call, const char *code,
                           zagg_err *err);
    void *user;

    /* ---- answered ---- */
    zagg_status status; /* of this call */
    zagg_err err;
    long http_status;       /* of the last answer; 0: there was none */
    zg_headers out_headers; /* of the last answer; zg_call_free */
    char *out_body;     /* NUL behind it; NULL where it went to `into`. Of an error: at
                           most 64 KiB of its text */
    size_t out_len;     /* bytes of out_body, or written to `into` */
    uint64_t total_len; /* ranged: bytes of the whole object (of a 416 too); 0 where the
                           server did not say */
    char *final_url;    /* after redirects; NULL: as asked */
    unsigned attempts;
    bool unsent; /* of a failure: no attempt came as far as a connection to send on */
};

/** Free what was answered, and the headers. */
void zg_call_free(zg_call *call);

/** Send calls side by side and wait for all of them. Each has its own status; the result
 * is that of the first one (in order) that failed, with its error, after which those not
 * yet begun are not sent (ECANCELLED). Nothing is written to `into` after the return,
 * stop or not. Thread-safe: calls of several threads share connections.
 *
 * Sent again: failures to connect, resets, stalls, bodies that are too short, TLS
 * failures but for a certificate that is refused, 408 (and S3's 400 RequestTimeout), 429,
 * 500, 502, 503, 504. Never: 400, 401, 403, 404, 412, 416 and others. Retry-After is
 * honoured, up to a minute. A host that answers 429 or 503 gets half as many transfers at
 * a time for a while. Statuses: 401 and 403 are AUTH, 404 NOTFOUND, 412 EEXISTS, others
 * HTTP; transport is IO; a deadline that passed or would pass before the next attempt,
 * and a stop, CANCELLED; an URL or range that cannot be asked for ARG. */
zagg_status zg_http_send(zg_http *http, zg_call *calls, size_t n, zagg_err *err);

/** Calls that begin and end one by one, for one thread that starts them as it likes and
 * takes whichever is over; what is sent again, and when, is as with zg_http_send. A stop
 * and a deadline end none of them. */
typedef struct zg_flight zg_flight;
zagg_status zg_flight_new(zg_http *http, zg_flight **out, zagg_err *err);
/** The call, and all it borrows, is the flight's until zg_flight_next gives it back.
 * NOMEM where it was not taken; whatever else is wrong is the call's status. */
zagg_status zg_flight_send(zg_flight *flight, zg_call *call, zagg_err *err);
/** One that is over, as soon as there is one; NULL where there is none until `until_s`
 * (zg_clock_mono_s), or where none is under way. O(calls under way). */
zg_call *zg_flight_next(zg_flight *flight, double until_s);
/** Calls under way, those that are over included. */
size_t zg_flight_n(const zg_flight *flight);
/** End what is under way: zg_flight_next gives these calls back, CANCELLED. */
void zg_flight_cancel(zg_flight *flight);
/** Cancels what is under way, and gives nothing back any more. NULL is fine. */
void zg_flight_free(zg_flight *flight);

/** In [0, 1). Thread-safe. */
double zg_http_random(zg_http *http);
/** How often a request is sent at most. */
unsigned zg_http_attempts(const zg_http *http);

/** Counters of all calls. Thread-safe. */
zagg_net_stats zg_http_stats(const zg_http *http);
/** Bytes of a call were pages of metadata. */
void zg_http_count_metadata(zg_http *http, uint64_t bytes);

/** Text of an error body (S3's XML: <Code>: <Message>; JSON: message), without keys and
 * tokens and at most `out_len` - 1 bytes; `code` (64 bytes) gets S3's code or "". */
void zg_http_explain(const char *body, size_t len, char code[64], char *out,
                     size_t out_len);

#endif
