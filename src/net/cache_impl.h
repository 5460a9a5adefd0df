/* Inside of the read cache: pieces, their files, and what makes room. */
#ifndef ZG_NET_CACHE_IMPL_H
#define ZG_NET_CACHE_IMPL_H

#include "net/cache.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    ZG_CACHE_BLOCK_BYTES = 64 << 10, /* has a checksum of its own */
    ZG_CACHE_FOLDER_CHARS = 43       /* "ab/", 40 digits */
};

struct zg_cache {
    char *dir;
    uint64_t bound;
    zagg_log *log;
    zagg_sink *sink; /* of DIR */
    _Atomic uint64_t hits, misses, hit_bytes;
    atomic_bool broken; /* nothing more is kept: said once */
    pthread_mutex_t lock;
    bool surveyed;    /* `known` is of a look at the folder: */
    uint64_t known;   /* bytes in it */
    uint64_t written; /* bytes kept since then */
};

/** A stored piece of an object: its place in it. */
typedef struct zg_cache_piece {
    uint64_t offset, len;
} zg_cache_piece;

/** Which version of which object: the hash of both. */
typedef struct zg_cache_key {
    char folder[ZG_CACHE_FOLDER_CHARS + 1]; /* of the URL, below DIR */
    uint8_t hash[32];                       /* of URL, version and size */
    char version[17];                       /* its beginning, in hex: names begin so */
} zg_cache_key;

/* ---- cache_piece.c ---- */

/** Folder of an URL: "ab/abcdef...". */
void zg_cache_folder(const char *url, char out[ZG_CACHE_FOLDER_CHARS + 1]);
/** Name of a piece in its folder: VERSION-OFFSET-LENGTH, in hex. */
void zg_cache_piece_name(const zg_cache_key *key, const zg_cache_piece *piece,
                         char out[64]);
/** The other way round; false for other versions and other files. */
bool zg_cache_piece_parse(const zg_cache_key *key, const char *name, zg_cache_piece *out);

typedef enum zg_cache_outcome {
    ZG_CACHE_READ = 0,
    ZG_CACHE_GONE,   /* somebody made room */
    ZG_CACHE_DAMAGED /* cut short, changed, or of something else */
} zg_cache_outcome;
/** Read bytes of the object that lie in a piece. */
zg_cache_outcome zg_cache_piece_read(const zg_cache *cache, const zg_cache_key *key,
                                     const zg_cache_piece *piece, uint64_t offset,
                                     size_t len, void *out);
/** Keep one. */
zagg_status zg_cache_piece_write(zg_cache *cache, const zg_cache_key *key,
                                 const zg_cache_piece *piece, const void *data,
                                 zagg_err *err);
void zg_cache_piece_remove(zg_cache *cache, const zg_cache_key *key,
                           const zg_cache_piece *piece);
/** It is in use: it goes later. */
void zg_cache_piece_touch(const zg_cache *cache, const zg_cache_key *key,
                          const zg_cache_piece *piece);

/* ---- cache_trim.c ---- */

/** So many bytes were written: make room when the bound is passed, unless another process
 * is at it. */
void zg_cache_written(zg_cache *cache, uint64_t bytes);

#endif
