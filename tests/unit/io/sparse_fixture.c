#include "unit/io/sparse_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK = 100 };

void object_init(object *o)
{
    memset(o, 0, sizeof *o);
    o->version = 1;
    pthread_mutex_init(&o->lock, NULL);
}

/* Never 0: a hole reads as zeros. */
unsigned char object_byte(const object *o, uint64_t at)
{
    return (unsigned char)(1 + (at * 7 + o->version * 13u) % 251);
}

static zagg_status read_many(void *self, const zagg_range *spans, size_t n, zagg_err *err)
{
    object *o = self;
    if (o->fail != ZAGG_OK)
        return zagg_err_set(err, o->fail, "the server fails");
    atomic_fetch_add(&o->requests, n);
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < n; i++) {
        unsigned char *out = spans[i].out;
        atomic_fetch_add(&o->bytes, spans[i].len);
        for (size_t k = 0; k < spans[i].len; k++) {
            o->asked[spans[i].offset + k]++;
            out[k] = object_byte(o, spans[i].offset + k);
        }
    }
    pthread_mutex_unlock(&o->lock);
    return ZAGG_OK;
}

static zagg_status read_at(void *self, uint64_t offset, size_t len, void *out,
                           zagg_err *err)
{
    const zagg_range span = {offset, len, out};
    return read_many(self, &span, 1, err);
}

static zagg_status open_object(void *user, const char *url, zagg_source **out,
                               zagg_err *err)
{
    static const zagg_source_vtable VTABLE = {.read_at = read_at, .read_many = read_many};
    object *o = user;
    atomic_fetch_add(&o->opened, 1);
    return zagg_source_open_custom(&VTABLE, o, OBJECT_BYTES, url, out, err);
}

static void note_failed(void *user, const zagg_err *err)
{
    object *o = user;
    o->failed = *err;
    o->n_failed++;
}

zg_sparse_opts object_opts(object *o)
{
    static const char *const ETAGS[] = {"", "\"one\"", "\"two\""};
    return (zg_sparse_opts){.url = "https://host/path/g.h5",
                            .etag = ETAGS[o->version],
                            .size = OBJECT_BYTES,
                            .open = open_object,
                            .open_user = o,
                            .counts = &o->counts,
                            .failed = note_failed,
                            .failed_user = o};
}

zagg_status object_open(object *o, const char *dir, zagg_source **out, zagg_err *err)
{
    char path[4096];
    const zg_sparse_opts opts = object_opts(o);
    (void)snprintf(path, sizeof path, "%s/g.h5", dir);
    return zg_sparse_open(path, &opts, out, err);
}

void assert_reads(const object *o, zagg_source *source, uint64_t offset, size_t len)
{
    unsigned char got[OBJECT_BYTES];
    zagg_err err = ZAGG_ERR_INIT;
    memset(got, 0, sizeof got);
    if (zagg_source_read_at(source, offset, len, got, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < len; i++)
        if (got[i] != object_byte(o, offset + i))
            fail_msg("byte %zu is %u", (size_t)offset + i, got[i]);
}

static int64_t check_bytes(const object *o, uint64_t at, const unsigned char *bytes,
                           size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != object_byte(o, at + i))
            fail_msg("byte %zu is claimed to be %u", (size_t)at + i, bytes[i]);
    return (int64_t)n;
}

int64_t bytes_there(const object *o, const char *dir)
{
    char path[4096];
    zagg_source *source = NULL;
    int64_t n = 0;
    (void)snprintf(path, sizeof path, "%s/g.h5", dir);
    if (zagg_source_open_file(path, &source, NULL) != ZAGG_OK)
        return -1;
    if (zagg_source_size(source) != OBJECT_BYTES)
        fail_msg("%s has %zu bytes", path, (size_t)zagg_source_size(source));
    for (uint64_t at = 0; at < OBJECT_BYTES; at += BLOCK) {
        unsigned char bytes[BLOCK] = {0};
        if (zagg_source_read_at(source, at, BLOCK, bytes, NULL) == ZAGG_OK) {
            n += check_bytes(o, at, bytes, BLOCK);
            continue;
        }
        for (uint64_t k = at; k < at + BLOCK; k++)
            if (zagg_source_read_at(source, k, 1, bytes, NULL) == ZAGG_OK)
                n += check_bytes(o, k, bytes, 1);
    }
    zagg_source_close(source);
    return n;
}
