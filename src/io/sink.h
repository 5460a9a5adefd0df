/* Inside of a sink: the vtable that a kind of store implements, and its registration. */
#ifndef ZG_IO_SINK_H
#define ZG_IO_SINK_H

#include "io/source.h"

/** Keys and prefixes have been checked when these are called. All thread-safe. */
typedef struct zg_sink_vtable {
    zagg_status (*put)(void *self, const char *key, const void *data, size_t len,
                       zagg_err *err);
    zagg_status (*get)(void *self, const char *key, size_t max_len, void **out_data,
                       size_t *out_len, zagg_err *err);
    zagg_status (*list)(void *self, const char *prefix, zagg_sink_list_fn fn, void *user,
                        zagg_err *err);
    zagg_status (*list_dir)(void *self, const char *prefix, zagg_sink_list_fn fn,
                            void *user, zagg_err *err);
    zagg_status (*remove)(void *self, const char *key, zagg_err *err);
    zagg_status (*remove_prefix)(void *self, const char *prefix, zagg_err *err);
    void (*close)(void *self);
    /* As put, but no failure of the machine leaves the key without its bytes; NULL where
     * put is like that. */
    zagg_status (*put_whole)(void *self, const char *key, const void *data, size_t len,
                             zagg_err *err);
    /* NULL where what has been put is durable at once (an object store of a server). */
    zagg_status (*sync)(void *self, const char *const *keys, size_t n, zagg_err *err);
    /* NULL: the object is read for it. */
    zagg_status (*size)(void *self, const char *key, uint64_t *out, zagg_err *err);
    /* NULL where nothing half done can stay behind. */
    zagg_status (*clean)(void *self, size_t *n_removed, zagg_err *err);
} zg_sink_vtable;

/** Wrap an implementation; `self` is closed with the sink, also when this fails. */
zagg_status zg_sink_new(const zg_sink_vtable *vtable, void *self, const char *name,
                        zagg_sink **out, zagg_err *err);

#endif
