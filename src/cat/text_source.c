/* Plain and gzip text, piece by piece (RFC 1952; zlib unpacks). */
#include "cat/text_source.h"

#include <string.h>
#include <zlib.h>

enum { PIECE_BYTES = 256 << 10 };
/* Of inflateInit2: the largest window, gzip and nothing else. */
enum { GZIP_ONLY = 15 + 16 };

struct zg_text_source {
    zagg_source *source;
    uint64_t at;       /* in the source */
    bool gzip, inside; /* inside a member */
    z_stream z;
    unsigned char *piece; /* gzip: bytes of the source */
};

static void *z_alloc(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return zg_alloc(count, size);
}

static void z_free(void *opaque, void *p)
{
    (void)opaque;
    zg_free(p);
}

void zg_text_source_free(zg_text_source *t)
{
    if (t == NULL)
        return;
    if (t->gzip)
        (void)inflateEnd(&t->z);
    zagg_source_close(t->source);
    zg_free(t->piece);
    zg_free(t);
}

bool zg_text_source_is_gzip(const zg_text_source *t)
{
    return t->gzip;
}

static zagg_status no_memory(zagg_source *source, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read it",
                        zagg_source_name(source));
}

static zagg_status begin_gzip(zg_text_source *t, zagg_err *err)
{
    t->z.zalloc = z_alloc;
    t->z.zfree = z_free;
    t->piece = zg_alloc(PIECE_BYTES, 1);
    if (t->piece == NULL || inflateInit2(&t->z, GZIP_ONLY) != Z_OK)
        return no_memory(t->source, err);
    t->gzip = true;
    return ZAGG_OK;
}

zagg_status zg_text_source_new(zagg_source *source, zg_text_source **out, zagg_err *err)
{
    unsigned char head[2];
    zg_text_source *t = zg_alloc(1, sizeof *t);
    if (t == NULL) {
        const zagg_status status = no_memory(source, err);
        zagg_source_close(source);
        return status;
    }
    t->source = source;
    zagg_status status = ZAGG_OK;
    if (zagg_source_size(source) >= sizeof head) {
        status = zagg_source_read_at(source, 0, sizeof head, head, err);
        if (status == ZAGG_OK && head[0] == 0x1f && head[1] == 0x8b)
            status = begin_gzip(t, err);
    }
    if (status != ZAGG_OK)
        zg_text_source_free(t);
    else
        *out = t;
    return status;
}

static zagg_status read_plain(zg_text_source *t, void *out, size_t cap, size_t *n,
                              zagg_err *err)
{
    const uint64_t left = zagg_source_size(t->source) - t->at;
    *n = left < cap ? (size_t)left : cap;
    if (*n > 0)
        ZAGG_TRY(zagg_source_read_at(t->source, t->at, *n, out, err));
    t->at += *n;
    return ZAGG_OK;
}

static zagg_status damaged(const zg_text_source *t, const char *what, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_EFORMAT, "%s: gzip: %s", zagg_source_name(t->source),
                        what);
}

/* Zero bytes behind the last member fill up blocks of a tape; anything else is a member.
 */
static void skip_zeros(z_stream *z)
{
    while (z->avail_in > 0 && *z->next_in == 0) {
        z->next_in++;
        z->avail_in--;
    }
}

/* One step of unpacking: input is at hand, or the source is at its end. */
static zagg_status unpack(zg_text_source *t, bool at_end, zagg_err *err)
{
    if (!t->inside) {
        if (t->at > t->z.avail_in) /* not the first member */
            skip_zeros(&t->z);
        if (t->z.avail_in == 0)
            return ZAGG_OK;
        t->inside = true;
    }
    const int rc = inflate(&t->z, Z_NO_FLUSH);
    switch (rc) {
    case Z_OK:
        return ZAGG_OK;
    case Z_STREAM_END:
        t->inside = false;
        return inflateReset(&t->z) == Z_OK ? ZAGG_OK : damaged(t, "cannot go on", err);
    case Z_BUF_ERROR:
        return at_end ? damaged(t, "the file is cut short", err) : ZAGG_OK;
    case Z_MEM_ERROR:
        return no_memory(t->source, err);
    default:
        return damaged(t, t->z.msg != NULL ? t->z.msg : "damaged bytes", err);
    }
}

static zagg_status read_gzip(zg_text_source *t, char *out, size_t cap, size_t *n,
                             zagg_err *err)
{
    const unsigned room = cap < (1U << 30) ? (unsigned)cap : 1U << 30;
    t->z.next_out = (unsigned char *)out;
    t->z.avail_out = room;
    while (t->z.avail_out == room) {
        if (t->z.avail_in == 0) {
            size_t got = 0;
            ZAGG_TRY(read_plain(t, t->piece, PIECE_BYTES, &got, err));
            t->z.next_in = t->piece;
            t->z.avail_in = (unsigned)got;
        }
        const bool at_end = t->z.avail_in == 0;
        if (at_end && !t->inside)
            break;
        ZAGG_TRY(unpack(t, at_end, err));
    }
    *n = room - t->z.avail_out;
    return ZAGG_OK;
}

zagg_status zg_text_source_read(zg_text_source *t, char *out, size_t cap, size_t *n,
                                zagg_err *err)
{
    return t->gzip ? read_gzip(t, out, cap, n, err) : read_plain(t, out, cap, n, err);
}

/* ---- all of it ---- */

zagg_status zg_text_source_read_all(zg_text_source *t, const char *name, size_t max_len,
                                    zg_vec *bytes, zagg_err *err)
{
    for (;;) {
        size_t n = 0;
        if (!zg_vec_reserve(bytes, bytes->len + PIECE_BYTES + 1))
            return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to read it", name);
        char *end = (char *)bytes->data + bytes->len;
        ZAGG_TRY(zg_text_source_read(t, end, PIECE_BYTES, &n, err));
        end[n] = '\0';
        bytes->len += n;
        if (bytes->len > max_len)
            return zagg_err_set(err, ZAGG_ERANGE, "%s: more than %zu bytes of text", name,
                                max_len);
        if (n == 0)
            return ZAGG_OK;
    }
}

zagg_status zg_text_load(const char *path, size_t max_len, char **out, size_t *out_len,
                         zagg_err *err)
{
    zagg_source *source = NULL;
    zg_text_source *t = NULL;
    zg_vec bytes;
    zg_vec_init(&bytes, 1, 0);
    ZAGG_TRY(zagg_source_open_file(path, &source, err));
    ZAGG_TRY(zg_text_source_new(source, &t, err));
    const zagg_status status = zg_text_source_read_all(t, path, max_len, &bytes, err);
    zg_text_source_free(t);
    if (status != ZAGG_OK) {
        zg_vec_free(&bytes);
        return status;
    }
    *out = bytes.data;
    *out_len = bytes.len;
    return ZAGG_OK;
}
