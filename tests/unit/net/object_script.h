/* One object behind a scripted server, for tests of sources: ranges of bytes that are
 * known by their place, and ways in which the server goes wrong. */
#ifndef ZAGG_TESTS_OBJECT_SCRIPT_H
#define ZAGG_TESTS_OBJECT_SCRIPT_H

#include "support/http_script.h"

#include <stddef.h>
#include <stdint.h>

typedef struct object_script {
    size_t len;
    const char *etag, *modified; /* headers; NULL: none */
    bool if_match;               /* honour If-Match: 412 */
    int salt;                    /* of the bytes: another version has others */
    /* Requests from this one on (0: never) are of another version: */
    size_t changes_at;
    const char *etag_after;
    size_t len_after;
    /* `PATH?signed=N` is the object; other paths redirect there, with this behind it. */
    bool redirects;
    const char *signed_query; /* "" for none */
    size_t gather;            /* but for the first: answered when so many are here */
    bool to_login;            /* or to the page where people log in */
    /* ---- what a test changes or reads while the server runs ---- */
    _Atomic int refuse;     /* so many requests for the object are answered 403 */
    _Atomic int redirected; /* so many were */
    _Atomic int authorized; /* requests with an Authorization header, for the object */
    http_script *server;
} object_script;

void object_start(object_script *o);
/** The byte at a place. */
unsigned char object_byte(int salt, size_t at);
/** Fails unless `bytes` are those from `offset` on. */
void object_check(const object_script *o, uint64_t offset, const void *bytes, size_t len);

#endif
