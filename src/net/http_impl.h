/* Inside of the transfers: what sender, judge and engine share. */
#ifndef ZG_NET_HTTP_IMPL_H
#define ZG_NET_HTTP_IMPL_H

#include "net/curl_library.h"
#include "net/http.h"

#include <pthread.h>

enum {
    ZG_HTTP_ERROR_BYTES = 64 << 10,  /* kept of the body of an error */
    ZG_HTTP_HEADER_LINES = 256,      /* of one answer */
    ZG_HTTP_HEADER_BYTES = 64 << 10, /* of one answer */
    ZG_HTTP_REDIRECTS = 10,
    ZG_HTTP_SHOWN_BYTES = 400 /* of an URL in messages */
};

/* ---- headers (http_headers.c) ---- */

/** Is `line` ("Name: value") the header of that name, in any case? */
bool zg_header_is(const char *line, const char *name);
/** Behind the colon and its blanks. */
const char *zg_header_value(const char *line);
/** A line as it came. False, and `failed` set, when there are too many or no memory. */
bool zg_headers_add_line(zg_headers *h, const char *line, size_t len);

bool zg_slist_add(struct curl_slist **list, const char *line);
/** Headers but those that `instead` has too (may be NULL) and, unless `with_private`,
 * those that say who asks. False: no memory. */
bool zg_slist_add_headers(struct curl_slist **list, const zg_headers *headers,
                          const zg_headers *instead, bool with_private);
/** Wipes the texts. NULL is fine. */
void zg_slist_free(struct curl_slist *list);

/* ---- URLs (http_url.c) ---- */

/** Whom a request goes to. */
typedef struct zg_origin {
    char host[256]; /* lower case; [::1] in brackets */
    unsigned port;
    bool tls;
} zg_origin;
/** False for anything but http:// and https:// with a host and no user, and, with errno
 * ENOMEM, for lack of memory. libcurl must be loaded. */
bool zg_origin_of(const char *url, zg_origin *out);
bool zg_origin_equal(const zg_origin *a, const zg_origin *b);

/** The URL for messages: no user, no fragment, values of the query that may be secrets
 * replaced, long ones cut. */
void zg_url_show(const char *url, char *out, size_t out_len);

/* ---- surroundings (http_env.c) ---- */

/** A proxy as the environment names it. */
typedef struct zg_proxy {
    char *url;       /* NULL: none; may hold a password */
    char shown[300]; /* HOST:PORT */
    char host[256];
    unsigned port;
} zg_proxy;

typedef struct zg_http_env {
    char *ca_file; /* NULL: what libcurl was built with */
    zg_proxy http, https;
    char *no_proxy; /* NULL: none */
} zg_http_env;
/** CONFIG: a bundle of certificates that cannot be read, a proxy that is no URL; names
 * the variable. libcurl must be loaded. Not while other threads set the environment. */
zagg_status zg_http_env_read(bool direct, zg_http_env *out, zagg_err *err);
void zg_http_env_free(zg_http_env *env);

/* ---- what one request brought (http_answer.c) ---- */

/** Why an answer is of no use although it came with a good status. */
typedef enum zg_flaw {
    ZG_FLAW_NONE = 0,
    ZG_FLAW_LOGIN, /* a page for people */
    ZG_FLAW_RANGE, /* not the range that was asked for */
    ZG_FLAW_LONG,  /* more bytes than were asked for or allowed */
    ZG_FLAW_HEADERS,
    ZG_FLAW_NOMEM
} zg_flaw;

typedef struct zg_answer {
    long status; /* 0: there was no answer */
    zg_headers headers;
    size_t header_bytes;
    bool headers_over;
    zg_flaw flaw;
    char flaw_text[200];
    unsigned char *into; /* where the body goes; NULL: to `body` */
    char *body;          /* with a NUL behind it, once something came */
    size_t body_cap;
    size_t limit; /* no more bytes than these */
    size_t len;   /* bytes that came */
    bool exact;   /* fewer than `limit` are too few */
    bool cut;     /* the body of an error was longer; the rest was not read */
    uint64_t total_len;
} zg_answer;

/** One line of headers as it came. False: the transfer is to end here. */
bool zg_answer_line(zg_answer *a, const zg_call *call, const char *line, size_t len);
bool zg_answer_body(zg_answer *a, const void *data, size_t len);
void zg_answer_free(zg_answer *a);

/** All headers are here: where the body goes, how long it may be, and whether this is
 * what was asked for (`flaw`). Called by zg_answer_line (http_judge.c). */
void zg_judge_headers(const zg_call *call, zg_answer *a);

/* ---- one request on its way ---- */

typedef struct zg_host zg_host;
typedef struct zg_engine zg_engine;

/** Where a sender waits for its transfers. */
typedef struct zg_waiter {
    pthread_cond_t news;
    size_t done; /* transfers done since the last look */
} zg_waiter;
/** False: no memory. */
bool zg_waiter_init(zg_waiter *waiter);
void zg_waiter_destroy(zg_waiter *waiter);

typedef enum zg_transfer_state {
    ZG_TRANSFER_NEW = 0,
    ZG_TRANSFER_QUEUED,
    ZG_TRANSFER_RUNNING,
    ZG_TRANSFER_DONE
} zg_transfer_state;

typedef struct zg_transfer zg_transfer;
/** Made and freed by its sender. From zg_engine_submit on it is the engine's, until it is
 * DONE. */
struct zg_transfer {
    /* ---- asked ---- */
    const zg_call *call;
    const char *url;
    zg_origin origin;
    struct curl_slist *headers;
    zg_waiter *waiter;
    bool fresh; /* over a connection of its own */

    /* ---- answered ---- */
    zg_answer answer;
    CURLcode result;
    char reason[CURL_ERROR_SIZE];
    char *location;  /* where an answer 3xx leads, absolute; NULL: nowhere */
    char tried[256]; /* addresses, "IPv4 127.0.0.1, IPv6 ::1" */
    unsigned tried_port;
    int sys_errno;
    bool was_connected;
    bool unsent; /* it came to no connection to send on */
    bool lacked_memory;
    bool by_proxy;
    long proxy_status; /* its answer to CONNECT; 0: none */
    long connects;
    double retry_after_s; /* 0: the server did not say */
    double seconds, first_byte_s;
    uint64_t bytes_out;

    /* ---- the engine's ---- */
    zg_transfer_state state;
    bool cancelled;
    bool connecting;   /* the engine's thread's: running, without a connection so far */
    zg_engine *engine; /* once it runs */
    unsigned long refused_before; /* zg_curl_refused */
    double begun;
    CURL *easy;
    zg_host *host;
    zg_transfer *prev, *next;
};

/** Set up what a request needs (http_transfer.c). Engine thread. */
CURLcode zg_transfer_prepare(zg_transfer *t, const zg_http_opts *opts,
                             const zg_http_env *env);
/** Take out what it brought. Engine thread. */
void zg_transfer_collect(zg_transfer *t, const zg_http_env *env);

/* ---- engine (http_engine.c) ---- */

/** `opts` (no member zero but what may stay so) and `env` are borrowed. */
zagg_status zg_engine_new(const zg_http_opts *opts, const zg_http_env *env,
                          zg_engine **out, zagg_err *err);
/** No transfer may be on its way. Ends the thread. NULL is fine. */
void zg_engine_free(zg_engine *e);
/** False: no memory, and the transfer stays the sender's. */
bool zg_engine_submit(zg_engine *e, zg_transfer *t);
/** On the engine's thread: the transfer has a connection, or is over. */
void zg_engine_connected(zg_engine *e, zg_transfer *t);
/** Take it back if it has not begun: true, and it is the sender's. */
bool zg_engine_recall(zg_engine *e, zg_transfer *t);
/** Let it end soon (DONE, with `cancelled` set). */
void zg_engine_cancel(zg_engine *e, zg_transfer *t);
bool zg_engine_is_done(zg_engine *e, const zg_transfer *t);
/** Wait until a transfer of this waiter is done, or until a moment of the mono clock. */
void zg_engine_wait(zg_engine *e, zg_waiter *waiter, double until);

/* ---- hosts (http_hosts.c): how many transfers may run to each ---- */

struct zg_host {
    zg_origin origin;
    size_t users;    /* transfers that point here */
    size_t running;  /* of these */
    size_t window;   /* may run */
    double narrowed; /* when: requests sent before tell nothing new */
    zg_host *next;
};
typedef struct zg_hosts {
    zg_host *first;
    size_t n, most; /* window of a host that never complained */
} zg_hosts;
/** With one user more. NULL: no memory. */
zg_host *zg_hosts_take(zg_hosts *hosts, const zg_origin *origin);
void zg_hosts_give(zg_hosts *hosts, zg_host *host);
/** A request that was sent at `begun` was answered so. */
void zg_host_answered(const zg_hosts *hosts, zg_host *host, long status, double begun);
void zg_hosts_free(zg_hosts *hosts);

/* ---- judgement (http_judge.c, http_error.c) ---- */

typedef enum zg_verdict {
    ZG_VERDICT_OK = 0,
    ZG_VERDICT_FAILED,
    ZG_VERDICT_AGAIN,   /* may succeed next time */
    ZG_VERDICT_REFUSED, /* new keys may help */
    ZG_VERDICT_MOVED
} zg_verdict;

/** What a transfer that is done means; `err` is filled unless OK or MOVED, `code` is what
 * the body of an error says. */
zg_verdict zg_judge(const zg_transfer *t, const zg_http_opts *opts,
                    const zg_http_env *env, char code[64], zagg_err *err);

/** Fill `err` for a transfer that libcurl gave up (http_error.c). */
zg_verdict zg_judge_transport(const zg_transfer *t, const zg_http_opts *opts,
                              const zg_http_env *env, zagg_err *err);

/** Replace in `text` what follows the scheme of an Authorization header, and the session
 * token, wherever they stand in `text` (http_explain.c). */
void zg_mask_headers(char *text, const struct curl_slist *sent);

/* ---- senders (http.c, http_exchange.c, http_send.c) ---- */

struct zg_http {
    zg_http_opts opts; /* no member zero but deadline_s, stop and log */
    zg_http_env env;
    zg_engine *engine;
    pthread_mutex_t lock; /* of what follows */
    zagg_net_stats stats;
    uint64_t first_bytes; /* how many times to the first byte are in the mean */
    uint64_t random;
};

/** Count a transfer that is done. `again`: it was a retry. */
void zg_http_count(zg_http *http, const zg_transfer *t, bool again);
/** As if nothing had been answered yet. */
void zg_call_reset(zg_call *call);

typedef enum zg_exchange_state {
    ZG_EXCHANGE_READY = 0, /* a request is to be sent at `at` */
    ZG_EXCHANGE_FLYING,    /* `transfer` is on its way */
    ZG_EXCHANGE_OVER
} zg_exchange_state;

/** A call while it is carried out. */
typedef struct zg_exchange {
    zg_http *http;
    zg_call *call;
    zg_exchange_state state;
    double at;
    zg_transfer *transfer;
    char *start;      /* URL that authorize gave for this attempt; NULL: the call's */
    char *hop;        /* URL after redirects; NULL: none yet */
    zg_headers added; /* by authorize, for this attempt */
    unsigned hops;
    unsigned renewals; /* asked for */
    bool skipped;      /* not sent, as another call of the batch had failed */
} zg_exchange;

/** Send the request that is due; on failure the exchange is OVER. */
void zg_exchange_go(zg_exchange *x, zg_waiter *waiter);
/** Its transfer is done: judge it, and say what comes next. */
void zg_exchange_settle(zg_exchange *x, zg_waiter *waiter);
/** Count and log its transfer, which is done. */
void zg_exchange_note(const zg_exchange *x);
/** End it with this status; `err` has the text. */
void zg_exchange_end(zg_exchange *x, zagg_status status);
/** Drop a transfer that has not begun or is done. */
void zg_exchange_drop(zg_exchange *x);
void zg_exchange_free(zg_exchange *x);

#endif
