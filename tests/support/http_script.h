/* A web server on a thread of the test that answers what it is told to, and remembers
 * what it was asked. Loopback, a port of the system's choice. */
#ifndef ZAGG_TESTS_HTTP_SCRIPT_H
#define ZAGG_TESTS_HTTP_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

/** What happens when an answer, or as much of it as `cut` lets through, has been sent. */
typedef enum http_ending {
    HTTP_KEEP = 0, /* the connection waits for the next request */
    HTTP_CLOSE,
    HTTP_RESET,
    HTTP_STALL /* nothing more comes, until the client or the server goes */
} http_ending;

typedef struct http_reply {
    int status;          /* 0: none, the ending at once */
    const char *headers; /* lines "Name: value\r\n"; NULL: none */
    const char *body;    /* NULL: none */
    size_t body_len;     /* 0: strlen(body) */
    size_t cut;          /* bytes of the body that are sent; 0: all */
    bool no_length;      /* without Content-Length */
    double delay_s;      /* before anything is sent */
    http_ending ending;
} http_reply;

typedef struct http_request {
    char method[16], target[2048];
    char headers[8192]; /* as they came, lines with \r\n */
    char *body;
    size_t body_len;
    size_t connection; /* from 0, in the order of accepting */
} http_request;

typedef struct http_script http_script;

/** Answers in this order, whoever asks; the last one is given again and again. Copied but
 * for the texts. */
http_script *http_script_start(const http_reply *replies, size_t n);
/** Each request is answered by this function, on a thread of its connection. */
typedef http_reply (*http_choose)(void *user, size_t nth, const http_request *request);
http_script *http_script_start_with(http_choose choose, void *user);
/** Ends its threads and connections. */
void http_script_stop(http_script *s);

/** "http://127.0.0.1:PORT" and this path; one of four static buffers in turn. */
const char *http_script_url(const http_script *s, const char *path);
unsigned http_script_port(const http_script *s);

/** Requests so far, and one of them (good until the server stops). */
size_t http_script_requests(http_script *s);
const http_request *http_script_request(http_script *s, size_t i);
size_t http_script_connections(http_script *s);
/** Most requests that were being answered at the same time. */
size_t http_script_most_at_once(http_script *s);
/** Wait until there were `n` requests; false after ten seconds. */
bool http_script_wait(http_script *s, size_t n);

/** Value of a header of a request in a static buffer, or NULL. */
const char *http_request_header(const http_request *r, const char *name);

#endif
