/* libcurl, loaded when the first URL is opened: it brings in some thirty libraries, for
 * which a run on files would pay at its start. */
#ifndef ZG_NET_CURL_LIBRARY_H
#define ZG_NET_CURL_LIBRARY_H

#include "zagg/status.h"

#include <curl/curl.h>

#define ZG_CURL_FUNCTIONS(X)                                                             \
    X(easy_cleanup)                                                                      \
    X(easy_getinfo)                                                                      \
    X(easy_init)                                                                         \
    X(easy_reset)                                                                        \
    X(easy_setopt)                                                                       \
    X(easy_strerror)                                                                     \
    X(free)                                                                              \
    X(global_init_mem)                                                                   \
    X(multi_add_handle)                                                                  \
    X(multi_cleanup)                                                                     \
    X(multi_info_read)                                                                   \
    X(multi_init)                                                                        \
    X(multi_perform)                                                                     \
    X(multi_poll)                                                                        \
    X(multi_remove_handle)                                                               \
    X(multi_setopt)                                                                      \
    X(multi_wakeup)                                                                      \
    X(share_cleanup)                                                                     \
    X(share_init)                                                                        \
    X(share_setopt)                                                                      \
    X(slist_append)                                                                      \
    X(slist_free_all)                                                                    \
    X(url)                                                                               \
    X(url_cleanup)                                                                       \
    X(url_get)                                                                           \
    X(url_set)                                                                           \
    X(version_info)

/** The functions of libcurl that zagg calls, by their names without "curl_". */
typedef struct zg_curl_functions {
#define ZG_CURL_MEMBER(name) __typeof__(curl_##name) *name;
    ZG_CURL_FUNCTIONS(ZG_CURL_MEMBER)
#undef ZG_CURL_MEMBER
} zg_curl_functions;

/** Filled by zg_curl_load and constant from then on. */
extern zg_curl_functions zg_libcurl;

/** Load libcurl and initialise it, unless that is done. EUNSUPPORTED where it is not
 * installed, too old or without TLS, saying so. Thread-safe; some 20 ms the first time.
 */
zagg_status zg_curl_load(zagg_err *err);

/** For zg_curl_load, its functions being there: initialise libcurl with memory that is
 * wiped when it is given back (curl_memory.c). Where another part of the process did so
 * before, that one's memory is kept. */
CURLcode zg_curl_begin(void);
/** How often there was no memory for libcurl. Thread-safe. */
unsigned long zg_curl_refused(void);

#endif
