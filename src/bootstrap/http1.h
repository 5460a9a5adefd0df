/* One kept connection to an HTTP/1.1 server on this machine: as much of the protocol as
 * the Lambda Runtime API speaks. No proxies, no time limits, no TLS. Events bear keys:
 * what an exchange read is in no memory after it but in the answer's body. */
#ifndef ZG_BOOTSTRAP_HTTP1_H
#define ZG_BOOTSTRAP_HTTP1_H

#include "base/base.h"

typedef struct zg_http1 {
    char *host, *port, *prefix; /* of HOST[:PORT][/PREFIX] */
    int fd;                     /* -1: not connected */
    char *buf;                  /* what came and is not used yet: `at` to `len` */
    size_t at, len, cap;
    size_t touched; /* bytes of `buf` that were written since it was wiped */
} zg_http1;

/** CONFIG for an address that names no host. Nothing is asked yet. */
zagg_status zg_http1_init(zg_http1 *c, const char *address, zagg_err *err);
void zg_http1_free(zg_http1 *c);

typedef struct zg_http1_request {
    const char *method, *path; /* behind the prefix */
    const char *headers;       /* further lines "Name: value\r\n"; NULL: none */
    const void *body;
    size_t body_len;
} zg_http1_request;

/** Room for the values of the headers that are asked for. */
typedef struct zg_http1_header {
    const char *name;
    char value[512]; /* "": not there */
} zg_http1_header;

typedef struct zg_http1_answer {
    int status;
    char *body; /* NUL-terminated; zg_http1_answer_free */
    size_t body_len, body_cap;
} zg_http1_answer;

/** Wipes the body first. An answer of zeros is fine, and is one afterwards. */
void zg_http1_answer_free(zg_http1_answer *answer);

/** Send and wait for the answer, however long that takes. A kept connection that the
 * server closed meanwhile is opened again, once. IO, FORMAT (what came is no answer),
 * RANGE (it is too long), NOMEM. */
zagg_status zg_http1_send(zg_http1 *c, const zg_http1_request *request,
                          zg_http1_header *headers, size_t n_headers,
                          zg_http1_answer *out, zagg_err *err);

#endif
