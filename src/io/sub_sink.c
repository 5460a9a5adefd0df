/* Keys of a folder are keys of the store with the folder in front. */
#include "io/sub_sink.h"

#include "io/sink.h"

#include <string.h>

typedef struct sub {
    zagg_sink *inner;
    char *prefix; /* ends with '/' */
} sub;

static zagg_status join(const sub *s, const char *key, char **out, zagg_err *err)
{
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_add(&text, s->prefix);
    zg_str_add(&text, key);
    *out = zg_str_take(&text);
    return *out != NULL ? ZAGG_OK
                        : zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for a key",
                                       zagg_sink_name(s->inner));
}

static zagg_status refuse(const sub *s, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_EUNSUPPORTED, "%s/%s is open for reading only",
                        zagg_sink_name(s->inner), s->prefix);
}

static zagg_status sub_put(void *self, const char *key, const void *data, size_t len,
                           zagg_err *err)
{
    (void)key;
    (void)data;
    (void)len;
    return refuse(self, err);
}

static zagg_status sub_remove(void *self, const char *key, zagg_err *err)
{
    (void)key;
    return refuse(self, err);
}

static zagg_status sub_get(void *self, const char *key, size_t max_len, void **out_data,
                           size_t *out_len, zagg_err *err)
{
    const sub *s = self;
    char *whole = NULL;
    ZAGG_TRY(join(s, key, &whole, err));
    const zagg_status status =
        zagg_sink_get(s->inner, whole, max_len, out_data, out_len, err);
    zg_free(whole);
    return status;
}

static zagg_status sub_size(void *self, const char *key, uint64_t *out, zagg_err *err)
{
    const sub *s = self;
    char *whole = NULL;
    ZAGG_TRY(join(s, key, &whole, err));
    const zagg_status status = zagg_sink_size(s->inner, whole, out, err);
    zg_free(whole);
    return status;
}

typedef struct told {
    size_t skip;
    zagg_sink_list_fn fn;
    void *user;
} told;

static zagg_status tell(void *user, const char *key, uint64_t size, zagg_err *err)
{
    const told *t = user;
    return t->fn(t->user, key + t->skip, size, err);
}

static zagg_status sub_list(void *self, const char *prefix, zagg_sink_list_fn fn,
                            void *user, zagg_err *err)
{
    const sub *s = self;
    told t = {strlen(s->prefix), fn, user};
    char *whole = NULL;
    ZAGG_TRY(join(s, prefix, &whole, err));
    const zagg_status status = zagg_sink_list(s->inner, whole, tell, &t, err);
    zg_free(whole);
    return status;
}

static zagg_status sub_list_dir(void *self, const char *prefix, zagg_sink_list_fn fn,
                                void *user, zagg_err *err)
{
    const sub *s = self;
    char *whole = NULL;
    ZAGG_TRY(join(s, prefix, &whole, err));
    const zagg_status status = zagg_sink_list_dir(s->inner, whole, fn, user, err);
    zg_free(whole);
    return status;
}

static void sub_close(void *self)
{
    sub *s = self;
    zg_free(s->prefix);
    zg_free(s);
}

static const zg_sink_vtable VTABLE = {.put = sub_put,
                                      .get = sub_get,
                                      .list = sub_list,
                                      .list_dir = sub_list_dir,
                                      .remove = sub_remove,
                                      .remove_prefix = sub_remove,
                                      .close = sub_close,
                                      .size = sub_size};

zagg_status zg_sink_open_below(zagg_sink *inner, const char *folder, zagg_sink **out,
                               zagg_err *err)
{
    zg_str name;
    sub *s = zg_alloc(1, sizeof *s);
    zg_str_init(&name, 0);
    zg_str_addf(&name, "%s/%s", zagg_sink_name(inner), folder);
    if (s != NULL) {
        const sub here = {.inner = inner, .prefix = NULL};
        zg_str prefix;
        zg_str_init(&prefix, 0);
        zg_str_addf(&prefix, "%s/", folder);
        *s = here;
        s->prefix = zg_str_take(&prefix);
    }
    zagg_status status = ZAGG_OK;
    if (s == NULL || s->prefix == NULL || name.failed) {
        if (s != NULL)
            sub_close(s);
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory to open a folder of a store");
    } else {
        status = zg_sink_new(&VTABLE, s, name.data, out, err);
    }
    zg_str_free(&name);
    return status;
}
