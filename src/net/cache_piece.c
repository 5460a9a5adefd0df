/* Files of the cache. A head says what the file holds, then come checksums of its blocks,
 * then the bytes; numbers are little-endian.
 *
 *   0  8  "zaggpce1"
 *   8  8  offset in the object
 *  16  8  length
 *  24 32  SHA-256 of URL, version and size of the object
 *  56  4  crc32c of the checksums
 *  60  4  crc32c of the 60 bytes before
 *  64     crc32c of each block of 64 KiB, then the bytes */
#include "codec/codec.h"
#include "io/source.h"
#include "net/cache_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HEAD_BYTES = 64 };
static const char MAGIC[] = "zaggpce1";

void zg_cache_folder(const char *url, char out[ZG_CACHE_FOLDER_CHARS + 1])
{
    char hex[65];
    zg_sha256_hex(url, strlen(url), hex);
    (void)snprintf(out, ZG_CACHE_FOLDER_CHARS + 1, "%.2s/%.40s", hex, hex);
}

void zg_cache_piece_name(const zg_cache_key *key, const zg_cache_piece *piece,
                         char out[64])
{
    (void)snprintf(out, 64, "%s-%" PRIx64 "-%" PRIx64, key->version, piece->offset,
                   piece->len);
}

static bool read_hex(const char **at, uint64_t *out)
{
    static const char DIGITS[] = "0123456789abcdef";
    uint64_t value = 0;
    size_t n = 0;
    for (const char *d; **at && (d = strchr(DIGITS, **at)) != NULL; (*at)++, n++)
        value = value << 4 | (uint64_t)(d - DIGITS);
    *out = value;
    return n > 0 && n <= 16;
}

bool zg_cache_piece_parse(const zg_cache_key *key, const char *name, zg_cache_piece *out)
{
    const size_t n = strlen(key->version);
    const char *at = name + n + 1;
    uint64_t end;
    if (strncmp(name, key->version, n) != 0 || name[n] != '-' ||
        !read_hex(&at, &out->offset) || *at++ != '-' || !read_hex(&at, &out->len))
        return false;
    return *at == '\0' && out->len > 0 && zg_add_u64(out->offset, out->len, &end);
}

static char *path_of(const zg_cache *cache, const zg_cache_key *key,
                     const zg_cache_piece *piece, bool with_dir)
{
    char name[64];
    zg_str path;
    zg_str_init(&path, 0);
    zg_cache_piece_name(key, piece, name);
    if (with_dir)
        zg_str_addf(&path, "%s/", cache->dir);
    zg_str_addf(&path, "%s/%s", key->folder, name);
    return zg_str_take(&path);
}

static uint64_t n_blocks(uint64_t len)
{
    return len / ZG_CACHE_BLOCK_BYTES + (len % ZG_CACHE_BLOCK_BYTES != 0);
}

static void put_u32(uint8_t *to, uint32_t v)
{
    memcpy(to, &v, sizeof v);
}

static uint32_t get_u32(const uint8_t *from)
{
    uint32_t v;
    memcpy(&v, from, sizeof v);
    return v;
}

static void make_head(const zg_cache_key *key, const zg_cache_piece *piece,
                      uint32_t sums_crc, uint8_t head[HEAD_BYTES])
{
    memcpy(head, MAGIC, 8);
    memcpy(head + 8, &piece->offset, 8);
    memcpy(head + 16, &piece->len, 8);
    memcpy(head + 24, key->hash, 32);
    put_u32(head + 56, sums_crc);
    put_u32(head + 60, zg_crc32c(head, 60));
}

/* ---- reading ---- */

/* A file of the length that its name stands for. */
static bool has_its_length(int fd, const zg_cache_piece *piece)
{
    struct stat st;
    const uint64_t sums = 4 * n_blocks(piece->len);
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
           (uint64_t)st.st_size == HEAD_BYTES + sums + piece->len;
}

static bool read_exactly(int fd, uint64_t offset, size_t len, void *out)
{
    int failure;
    return zg_fd_read_at(fd, offset, len, out, &failure) == len;
}

/* The checksums of all blocks, heap; NULL for a file that is not what it should be. */
static uint8_t *read_sums(int fd, const zg_cache_key *key, const zg_cache_piece *piece)
{
    uint8_t head[HEAD_BYTES], expected[HEAD_BYTES];
    const size_t len = (size_t)(4 * n_blocks(piece->len));
    if (!has_its_length(fd, piece) || !read_exactly(fd, 0, HEAD_BYTES, head))
        return NULL;
    make_head(key, piece, get_u32(head + 56), expected);
    uint8_t *sums =
        memcmp(head, expected, HEAD_BYTES) == 0 ? zg_realloc(NULL, len, 1) : NULL;
    if (sums && (!read_exactly(fd, HEAD_BYTES, len, sums) ||
                 zg_crc32c(sums, len) != get_u32(head + 56))) {
        zg_free(sums);
        return NULL;
    }
    return sums;
}

/* A file that is read. */
typedef struct reading {
    int fd;
    const zg_cache_piece *piece;
    const uint8_t *sums;
    uint8_t *block; /* room for one */
} reading;

/* Whole blocks are checked; those that are wanted in part come through `block`. */
static bool read_blocks(const reading *r, uint64_t from, size_t len, uint8_t *out)
{
    const uint64_t data = HEAD_BYTES + 4 * n_blocks(r->piece->len), end = from + len;
    for (uint64_t b = from / ZG_CACHE_BLOCK_BYTES; b * ZG_CACHE_BLOCK_BYTES < end; b++) {
        const uint64_t begin = b * ZG_CACHE_BLOCK_BYTES;
        const uint64_t left = r->piece->len - begin;
        const size_t n =
            left < ZG_CACHE_BLOCK_BYTES ? (size_t)left : (size_t)ZG_CACHE_BLOCK_BYTES;
        const bool whole = begin >= from && begin + n <= end;
        uint8_t *to = whole ? out + (begin - from) : r->block;
        if (!read_exactly(r->fd, data + begin, n, to) ||
            zg_crc32c(to, n) != get_u32(r->sums + 4 * b))
            return false;
        if (whole)
            continue;
        const uint64_t first = begin > from ? begin : from,
                       stop = begin + n < end ? begin + n : end;
        memcpy(out + (first - from), to + (first - begin), (size_t)(stop - first));
    }
    return true;
}

zg_cache_outcome zg_cache_piece_read(const zg_cache *cache, const zg_cache_key *key,
                                     const zg_cache_piece *piece, uint64_t offset,
                                     size_t len, void *out)
{
    char *path = path_of(cache, key, piece, true);
    const int fd = path ? zg_io_open(AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
    zg_free(path);
    if (fd < 0)
        return ZG_CACHE_GONE;
    uint8_t *block = zg_realloc(NULL, ZG_CACHE_BLOCK_BYTES, 1);
    uint8_t *sums = block ? read_sums(fd, key, piece) : NULL;
    const reading r = {fd, piece, sums, block};
    const bool ok = sums && read_blocks(&r, offset - piece->offset, len, out);
    const bool had_room = block != NULL;
    zg_free(block);
    zg_free(sums);
    close(fd);
    return ok ? ZG_CACHE_READ : had_room ? ZG_CACHE_DAMAGED : ZG_CACHE_GONE;
}

/* ---- writing ---- */

/* What a file is made of. */
typedef struct contents {
    const zg_cache_key *key;
    const zg_cache_piece *piece;
    const uint8_t *sums;
    const void *data;
} contents;

static zagg_status write_parts(zagg_sink_stream *stream, const contents *c, zagg_err *err)
{
    uint8_t head[HEAD_BYTES];
    const size_t sums_len = (size_t)(4 * n_blocks(c->piece->len));
    make_head(c->key, c->piece, zg_crc32c(c->sums, sums_len), head);
    ZAGG_TRY(zagg_sink_stream_add(stream, head, sizeof head, err));
    ZAGG_TRY(zagg_sink_stream_add(stream, c->sums, sums_len, err));
    return zagg_sink_stream_add(stream, c->data, (size_t)c->piece->len, err);
}

static zagg_status write_file(zg_cache *cache, const char *path, const contents *c,
                              zagg_err *err)
{
    zagg_sink_stream *stream = NULL;
    ZAGG_TRY(zagg_sink_stream_begin(cache->sink, path, &stream, err));
    const zagg_status status = write_parts(stream, c, err);
    if (status == ZAGG_OK)
        return zagg_sink_stream_commit(stream, err);
    zagg_sink_stream_abandon(stream);
    return status;
}

zagg_status zg_cache_piece_write(zg_cache *cache, const zg_cache_key *key,
                                 const zg_cache_piece *piece, const void *data,
                                 zagg_err *err)
{
    const uint64_t n = n_blocks(piece->len);
    char *path = path_of(cache, key, piece, false);
    uint8_t *sums = zg_alloc((size_t)n, 4);
    zagg_status status =
        path && sums ? ZAGG_OK
                     : zagg_err_set(err, ZAGG_ENOMEM, "no memory to keep what was read");
    for (uint64_t b = 0; b < n && status == ZAGG_OK; b++) {
        const uint64_t left = piece->len - b * ZG_CACHE_BLOCK_BYTES;
        const size_t len =
            left < ZG_CACHE_BLOCK_BYTES ? (size_t)left : (size_t)ZG_CACHE_BLOCK_BYTES;
        put_u32(sums + 4 * b,
                zg_crc32c((const uint8_t *)data + b * ZG_CACHE_BLOCK_BYTES, len));
    }
    if (status == ZAGG_OK)
        status = write_file(cache, path, &(contents){key, piece, sums, data}, err);
    zg_free(sums);
    zg_free(path);
    return status;
}

void zg_cache_piece_remove(zg_cache *cache, const zg_cache_key *key,
                           const zg_cache_piece *piece)
{
    char *path = path_of(cache, key, piece, true);
    if (path)
        (void)unlink(path);
    zg_free(path);
}

void zg_cache_piece_touch(const zg_cache *cache, const zg_cache_key *key,
                          const zg_cache_piece *piece)
{
    char *path = path_of(cache, key, piece, true);
    if (path)
        (void)utimensat(AT_FDCWD, path, NULL, 0);
    zg_free(path);
}
