#include "grid/proj_library.h"

#ifndef ZAGG_LINKED_PROJ
#include <dlfcn.h>
#endif
#include <pthread.h>
#include <stdio.h>

zg_proj_functions zg_libproj;
zg_geod_functions zg_libgeod;

static char failure[256]; /* why there is none; empty: loaded */

#if PROJ_VERSION_MAJOR != 9
#error "this was written for PROJ 9, whose library is libproj.so.25"
#endif

#ifdef ZAGG_LINKED_PROJ /* the package for Lambda, which is one file */

static void load(void)
{
#define ZG_PROJ_SET(name_) zg_libproj.name_ = proj_##name_;
    ZG_PROJ_FUNCTIONS(ZG_PROJ_SET)
#undef ZG_PROJ_SET
    zg_libgeod = (zg_geod_functions){geod_init, geod_inverse, geod_direct};
}

#else

static void load(void)
{
    void *library = dlopen("libproj.so.25", RTLD_NOW | RTLD_LOCAL);
    if (library == NULL) {
        snprintf(failure, sizeof failure, "%s", dlerror());
        return;
    }
/* POSIX gives functions as object pointers; a union of both is no cast between them. */
#define ZG_SET(into, prefix, name_)                                                      \
    {                                                                                    \
        union {                                                                          \
            void *object;                                                                \
            __typeof__(into.name_) function;                                             \
        } found = {.object = dlsym(library, prefix #name_)};                             \
        if (found.object == NULL)                                                        \
            snprintf(failure, sizeof failure, "%s has no %s%s", "libproj.so.25", prefix, \
                     #name_);                                                            \
        into.name_ = found.function;                                                     \
    }
#define ZG_PROJ_SET(name_) ZG_SET(zg_libproj, "proj_", name_)
    ZG_PROJ_FUNCTIONS(ZG_PROJ_SET)
#undef ZG_PROJ_SET
    ZG_SET(zg_libgeod, "geod_", init)
    ZG_SET(zg_libgeod, "geod_", inverse)
    ZG_SET(zg_libgeod, "geod_", direct)
#undef ZG_SET
}

#endif

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
