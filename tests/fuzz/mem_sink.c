/* A store in memory, so that a target makes no system calls. */
#include "fuzz/mem_sink.h"

#include "io/sink.h"

#include <stdlib.h>
#include <string.h>

#define MAX_OBJECTS 64
#define MAX_KEY 2048

typedef struct object {
    char *key;
    char *data;
    size_t len;
} object;

typedef struct mem_sink {
    object objects[MAX_OBJECTS];
    size_t n;
} mem_sink;

static object *find(mem_sink *s, const char *key)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->objects[i].key, key) == 0)
            return &s->objects[i];
    return NULL;
}

static zagg_status mem_put(void *self, const char *key, const void *data, size_t len,
                           zagg_err *err)
{
    mem_sink *s = self;
    object *o = find(s, key);
    if (!o && s->n == MAX_OBJECTS)
        return zagg_err_set(err, ZAGG_EIO, "memory store: it holds %d objects at most",
                            MAX_OBJECTS);
    char *copy = malloc(len ? len : 1);
    char *name = o ? o->key : zg_strdup(key);
    if (!copy || !name) {
        free(copy);
        if (!o)
            zg_free(name);
        return zagg_err_set(err, ZAGG_ENOMEM, "memory store: no memory");
    }
    if (len > 0)
        memcpy(copy, data, len);
    if (o)
        free(o->data);
    else
        o = &s->objects[s->n++];
    *o = (object){name, copy, len};
    return ZAGG_OK;
}

static zagg_status mem_get(void *self, const char *key, size_t max_len, void **out_data,
                           size_t *out_len, zagg_err *err)
{
    const object *o = find(self, key);
    if (!o)
        return zagg_err_set(err, ZAGG_ENOTFOUND, "memory store: no %s", key);
    if (o->len > max_len)
        return zagg_err_set(err, ZAGG_ERANGE, "memory store: %s is too long", key);
    char *copy = malloc(o->len + 1);
    if (!copy)
        return zagg_err_set(err, ZAGG_ENOMEM, "memory store: no memory");
    memcpy(copy, o->data, o->len);
    copy[o->len] = '\0';
    *out_data = copy;
    *out_len = o->len;
    return ZAGG_OK;
}

static zagg_status mem_list(void *self, const char *prefix, zagg_sink_list_fn fn,
                            void *user, zagg_err *err)
{
    mem_sink *s = self;
    for (size_t i = 0; i < s->n; i++)
        if (strncmp(s->objects[i].key, prefix, strlen(prefix)) == 0)
            ZAGG_TRY(fn(user, s->objects[i].key, s->objects[i].len, err));
    return ZAGG_OK;
}

/* The part of key i right below the folder, with its '/' for a folder; 0 if elsewhere. */
static size_t part_below(const mem_sink *s, size_t i, const char *prefix)
{
    size_t at = strlen(prefix);
    const char *key = s->objects[i].key;
    if (strncmp(key, prefix, at) != 0)
        return 0;
    const char *slash = strchr(key + at, '/');
    return slash ? (size_t)(slash - key - (ptrdiff_t)at) + 1 : strlen(key + at);
}

static zagg_status mem_list_dir(void *self, const char *prefix, zagg_sink_list_fn fn,
                                void *user, zagg_err *err)
{
    mem_sink *s = self;
    size_t at = strlen(prefix);
    for (size_t i = 0; i < s->n; i++) {
        size_t n = part_below(s, i, prefix);
        bool told = n == 0 || n >= MAX_KEY;
        for (size_t j = 0; j < i && !told; j++)
            told = part_below(s, j, prefix) == n &&
                   memcmp(s->objects[j].key + at, s->objects[i].key + at, n) == 0;
        if (told)
            continue;
        char name[MAX_KEY];
        memcpy(name, s->objects[i].key + at, n);
        name[n] = '\0';
        ZAGG_TRY(fn(user, name, s->objects[i].len, err));
    }
    return ZAGG_OK;
}

static void drop(mem_sink *s, size_t i)
{
    zg_free(s->objects[i].key);
    free(s->objects[i].data);
    s->objects[i] = s->objects[--s->n];
}

static zagg_status mem_remove(void *self, const char *key, zagg_err *err)
{
    mem_sink *s = self;
    object *o = find(s, key);
    (void)err;
    if (o)
        drop(s, (size_t)(o - s->objects));
    return ZAGG_OK;
}

static zagg_status mem_remove_prefix(void *self, const char *prefix, zagg_err *err)
{
    mem_sink *s = self;
    (void)err;
    for (size_t i = s->n; i-- > 0;)
        if (strncmp(s->objects[i].key, prefix, strlen(prefix)) == 0)
            drop(s, i);
    return ZAGG_OK;
}

static void mem_close(void *self)
{
    mem_sink *s = self;
    while (s->n > 0)
        drop(s, s->n - 1);
    free(s);
}

zagg_sink *mem_sink_new(void)
{
    static const zg_sink_vtable VTABLE = {.put = mem_put,
                                          .get = mem_get,
                                          .list = mem_list,
                                          .list_dir = mem_list_dir,
                                          .remove = mem_remove,
                                          .remove_prefix = mem_remove_prefix,
                                          .close = mem_close};
    zagg_sink *sink = NULL;
    mem_sink *s = calloc(1, sizeof *s);
    if (!s || zg_sink_new(&VTABLE, s, "memory", &sink, NULL) != ZAGG_OK)
        return NULL;
    return sink;
}

/* Bytes in front of the key where a line starts an object, else 0. */
static size_t head_bytes(const char *text, const char *end)
{
    if (end - text >= 3 && memcmp(text, "@@ ", 3) == 0)
        return 3;
    return end - text >= 4 && memcmp(text, "@@- ", 4) == 0 ? 4 : 0;
}

/* Start of the next such line at or behind `text`, or `end`. */
static const char *next_head(const char *text, const char *end)
{
    while (text < end && head_bytes(text, end) == 0) {
        const char *line = memchr(text, '\n', (size_t)(end - text));
        text = line ? line + 1 : end;
    }
    return text;
}

void mem_sink_load(zagg_sink *sink, const char *text, size_t len)
{
    const char *end = text + len, *head = next_head(text, end);
    while (head < end) {
        const char *line = memchr(head, '\n', (size_t)(end - head));
        const char *body = line ? line + 1 : end, *next = next_head(body, end);
        size_t start = head_bytes(head, end), len_body = (size_t)(next - body);
        size_t n = (size_t)((line ? line : end) - head) - start;
        char key[MAX_KEY];
        if (start == 4 && len_body > 0 && next < end)
            len_body--;
        if (n < sizeof key) {
            memcpy(key, head + start, n);
            key[n] = '\0';
            (void)zagg_sink_put(sink, key, body, len_body, NULL);
        }
        head = next;
    }
}
