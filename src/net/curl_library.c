#include "net/curl_library.h"

#ifndef ZAGG_LINKED_CURL
#include <dlfcn.h>
#endif
#include <pthread.h>
#include <stdio.h>

zg_curl_functions zg_libcurl;

static char failure[256]; /* why there is none; empty: loaded */

/* CURLOPT_PROTOCOLS_STR is the newest thing that has to be there. */
enum { OLDEST_VERSION = 0x075500 };

#ifdef ZAGG_LINKED_CURL /* the package for Lambda, which is one file */

static void find_functions(void)
{
#define ZG_CURL_SET(name_) zg_libcurl.name_ = curl_##name_;
    ZG_CURL_FUNCTIONS(ZG_CURL_SET)
#undef ZG_CURL_SET
}

#else

static void find_functions(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        snprintf(failure, sizeof failure, "%s", dlerror());
        return;
    }
/* POSIX gives functions as object pointers; a union of both is no cast between them. */
#define ZG_CURL_SET(name_)                                                               \
    {                                                                                    \
        union {                                                                          \
            void *object;                                                                \
            __typeof__(zg_libcurl.name_) function;                                       \
        } found = {.object = dlsym(library, "curl_" #name_)};                            \
        if (found.object == NULL)                                                        \
            snprintf(failure, sizeof failure, "libcurl.so.4 has no curl_" #name_);       \
        zg_libcurl.name_ = found.function;                                               \
    }
    ZG_CURL_FUNCTIONS(ZG_CURL_SET)
#undef ZG_CURL_SET
}

#endif

static void load(void)
{
    find_functions();
    if (failure[0] != '\0')
        return;
    CURLcode code = zg_curl_begin();
    if (code != CURLE_OK) {
        snprintf(failure, sizeof failure, "%s", zg_libcurl.easy_strerror(code));
        return;
    }
    const curl_version_info_data *version = zg_libcurl.version_info(CURLVERSION_NOW);
    if (version->version_num < OLDEST_VERSION)
        snprintf(failure, sizeof failure, "version %s is older than 7.85",
                 version->version);
    else if ((version->features & CURL_VERSION_SSL) == 0)
        snprintf(failure, sizeof failure, "version %s was made without TLS",
                 version->version);
}

zagg_status zg_curl_load(zagg_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load);
    if (failure[0] == '\0')
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                        "https:// and s3:// need libcurl, which cannot be loaded (%s); "
                        "install it (Debian: libcurl4)",
                        failure);
}
