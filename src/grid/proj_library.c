#include "grid/proj_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

zg_proj_functions zg_libproj;

static char failure[256]; /* why there is none; empty: loaded */

#if PROJ_VERSION_MAJOR != 9
#error "this was written for PROJ 9, whose library is libproj.so.25"
#endif

static void load(void)
{
    void *library = dlopen("libproj.so.25", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        snprintf(failure, sizeof failure, "%s", dlerror());
        return;
    }
/* POSIX gives functions as object pointers; a union of both is no cast between them. */
#define ZG_PROJ_SET(name_)                                                               \
    {                                                                                    \
        union {                                                                          \
            void *object;                                                                \
            __typeof__(zg_libproj.name_) function;                                       \
        } found = {.object = dlsym(library, "proj_" #name_)};                            \
        if (found.object == NULL)                                                        \
            snprintf(failure, sizeof failure, "%s has no proj_" #name_,                  \
                     "libproj.so.25");                                                   \
        zg_libproj.name_ = found.function;                                               \
    }
    ZG_PROJ_FUNCTIONS(ZG_PROJ_SET)
#undef ZG_PROJ_SET
}

zagg_status zg_proj_load(zagg_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, load);
    if (failure[0] == '\0')
        return ZAGG_OK;
    return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                        "output.grid.crs: projections need PROJ, which cannot be loaded "
                        "(%s); install it (Debian: libproj25)",
                        failure);
}
