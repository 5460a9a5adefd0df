/* The read cache. A folder an URL, in it a file a piece of one version of the object;
 * pieces are as they were asked for. Nothing is locked to read: files come and go whole,
 * and each says what it is and proves it. */
#include "io/dir.h"
#include "net/cache_impl.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BOUND ((uint64_t)10 << 30)

/* A piece, as an object knows it. */
typedef struct known_piece {
    zg_cache_piece piece;
    bool touched; /* by this object */
} known_piece;

struct zg_cache_object {
    zg_cache *cache;
    zg_cache_key key;
    pthread_mutex_t lock;
    zg_vec pieces; /* known_piece, by offset */
};

/* ---- the cache ---- */

zagg_status zg_cache_open(const char *dir, uint64_t bytes, zagg_log *log, zg_cache **out,
                          zagg_err *err)
{
    if (dir[0] == '\0')
        return zagg_err_set(err, ZAGG_ECONFIG, "cache: the folder must have a name");
    zg_cache *cache = zg_alloc(1, sizeof *cache);
    if (cache == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a cache");
    pthread_mutex_init(&cache->lock, NULL);
    cache->bound = bytes ? bytes : DEFAULT_BOUND;
    cache->log = log;
    cache->dir = zg_strdup(dir);
    zagg_status status = cache->dir
                             ? zagg_sink_open_dir(dir, &cache->sink, err)
                             : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a cache");
    if (status == ZAGG_OK) {
        *out = cache;
        return ZAGG_OK;
    }
    zg_cache_close(cache);
    return zagg_err_context(err, status, "cache");
}

void zg_cache_close(zg_cache *cache)
{
    if (cache == NULL)
        return;
    zagg_sink_close(cache->sink);
    pthread_mutex_destroy(&cache->lock);
    zg_free(cache->dir);
    zg_free(cache);
}

void zg_cache_add_stats(const zg_cache *cache, zagg_net_stats *stats)
{
    if (cache == NULL)
        return;
    stats->cache_hits += atomic_load(&cache->hits);
    stats->cache_misses += atomic_load(&cache->misses);
    stats->cache_bytes += atomic_load(&cache->hit_bytes);
}

/* Told each name in the folder of an URL; false ends it. */
typedef bool (*name_fn)(void *user, const char *name);

/* A folder that cannot be read holds nothing. */
static void each_name(const zg_cache *cache, const char *folder, name_fn fn, void *user)
{
    zg_str path;
    zg_str_init(&path, 0);
    zg_str_addf(&path, "%s/%s", cache->dir, folder);
    DIR *dir = path.failed ? NULL : opendir(path.data);
    for (const struct dirent *d; dir && (d = readdir(dir)) != NULL;)
        if (d->d_name[0] != '.' && !fn(user, d->d_name))
            break;
    if (dir)
        closedir(dir);
    zg_str_free(&path);
}

static bool note_any(void *user, const char *name)
{
    (void)name;
    *(bool *)user = true;
    return false;
}

bool zg_cache_knows(zg_cache *cache, const char *url)
{
    char folder[ZG_CACHE_FOLDER_CHARS + 1];
    bool any = false;
    zg_cache_folder(url, folder);
    each_name(cache, folder, note_any, &any);
    return any;
}

/* ---- one object ---- */

static int by_offset(const void *a, const void *b)
{
    const zg_cache_piece *x = &((const known_piece *)a)->piece;
    const zg_cache_piece *y = &((const known_piece *)b)->piece;
    if (x->offset != y->offset)
        return x->offset < y->offset ? -1 : 1;
    return x->len < y->len ? -1 : x->len > y->len;
}

static bool take_name(void *user, const char *name)
{
    zg_cache_object *o = user;
    zg_cache_piece piece;
    if (!zg_cache_piece_parse(&o->key, name, &piece))
        return true;
    known_piece *place = zg_vec_push(&o->pieces);
    if (place)
        *place = (known_piece){piece, false};
    return place != NULL; /* without memory fewer are known */
}

zagg_status zg_cache_object_open(zg_cache *cache, const char *url, const char *version,
                                 uint64_t size, zg_cache_object **out, zagg_err *err)
{
    zg_cache_object *o = zg_alloc(1, sizeof *o);
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_addf(&text, "%s\n%s\n%llu\n", url, version, (unsigned long long)size);
    if (o == NULL || text.failed) {
        zg_free(o);
        zg_str_free(&text);
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory for the cache", url);
    }
    o->cache = cache;
    zg_sha256(text.data, text.len, o->key.hash);
    zg_hex(o->key.hash, 8, o->key.version);
    zg_cache_folder(url, o->key.folder);
    zg_str_free(&text);
    pthread_mutex_init(&o->lock, NULL);
    zg_vec_init(&o->pieces, sizeof(known_piece), 0);
    each_name(cache, o->key.folder, take_name, o);
    if (o->pieces.len > 1)
        qsort(o->pieces.data, o->pieces.len, sizeof(known_piece), by_offset);
    *out = o;
    return ZAGG_OK;
}

void zg_cache_object_close(zg_cache_object *o)
{
    if (o == NULL)
        return;
    zg_vec_free(&o->pieces);
    pthread_mutex_destroy(&o->lock);
    zg_free(o);
}

/* ---- reading ---- */

/* The piece at `at` that goes furthest, and whether it was used before. */
static bool find_piece(zg_cache_object *o, uint64_t at, zg_cache_piece *out,
                       bool *touched)
{
    uint64_t end = at;
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < o->pieces.len; i++) {
        known_piece *k = ZG_VEC_AT(&o->pieces, known_piece, i);
        if (k->piece.offset > at)
            break;
        if (k->piece.offset + k->piece.len <= end)
            continue;
        end = k->piece.offset + k->piece.len;
        *out = k->piece;
        *touched = k->touched;
    }
    pthread_mutex_unlock(&o->lock);
    return end > at;
}

static bool same_piece(const zg_cache_piece *a, const zg_cache_piece *b)
{
    return a->offset == b->offset && a->len == b->len;
}

static void mark_touched(zg_cache_object *o, const zg_cache_piece *piece)
{
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < o->pieces.len; i++)
        if (same_piece(&ZG_VEC_AT(&o->pieces, known_piece, i)->piece, piece))
            ZG_VEC_AT(&o->pieces, known_piece, i)->touched = true;
    pthread_mutex_unlock(&o->lock);
    zg_cache_piece_touch(o->cache, &o->key, piece);
}

static void forget_piece(zg_cache_object *o, const zg_cache_piece *piece)
{
    pthread_mutex_lock(&o->lock);
    known_piece *list = o->pieces.data;
    size_t n = 0;
    for (size_t i = 0; i < o->pieces.len; i++)
        if (!same_piece(&list[i].piece, piece))
            list[n++] = list[i];
    o->pieces.len = n;
    pthread_mutex_unlock(&o->lock);
}

/* One range out of as many pieces as it takes. */
static bool take_range(zg_cache_object *o, const zagg_range *range)
{
    uint64_t at = range->offset;
    const uint64_t end = range->offset + range->len;
    while (at < end) {
        zg_cache_piece piece;
        bool touched = false;
        if (!find_piece(o, at, &piece, &touched))
            return false;
        const uint64_t stop =
            piece.offset + piece.len < end ? piece.offset + piece.len : end;
        const zg_cache_outcome outcome =
            zg_cache_piece_read(o->cache, &o->key, &piece, at, (size_t)(stop - at),
                                (char *)range->out + (at - range->offset));
        if (outcome == ZG_CACHE_READ) {
            if (!touched)
                mark_touched(o, &piece);
            at = stop;
            continue;
        }
        forget_piece(o, &piece); /* another one may hold the bytes */
        if (outcome == ZG_CACHE_DAMAGED)
            zg_cache_piece_remove(o->cache, &o->key, &piece);
    }
    return true;
}

size_t zg_cache_take(zg_cache_object *o, zagg_range *ranges, size_t n)
{
    size_t left = 0;
    for (size_t i = 0; i < n; i++) {
        if (take_range(o, &ranges[i])) {
            atomic_fetch_add(&o->cache->hits, 1);
            atomic_fetch_add(&o->cache->hit_bytes, ranges[i].len);
        } else {
            atomic_fetch_add(&o->cache->misses, 1);
            ranges[left++] = ranges[i];
        }
    }
    return left;
}

/* ---- keeping ---- */

static void add_piece(zg_cache_object *o, const zg_cache_piece *piece)
{
    pthread_mutex_lock(&o->lock);
    known_piece *place = zg_vec_push(&o->pieces);
    if (place) {
        known_piece *list = o->pieces.data;
        size_t at = o->pieces.len - 1;
        const known_piece added = {*piece, true};
        while (at > 0 && by_offset(&list[at - 1], &added) > 0)
            at--;
        memmove(list + at + 1, list + at, (o->pieces.len - 1 - at) * sizeof *list);
        list[at] = added;
    }
    pthread_mutex_unlock(&o->lock);
}

void zg_cache_keep(zg_cache_object *o, const zagg_range *ranges, size_t n)
{
    zg_cache *cache = o->cache;
    uint64_t bytes = 0;
    for (size_t i = 0; i < n && !atomic_load(&cache->broken); i++) {
        const zg_cache_piece piece = {ranges[i].offset, ranges[i].len};
        zagg_err err = ZAGG_ERR_INIT;
        if (zg_cache_piece_write(cache, &o->key, &piece, ranges[i].out, &err) ==
            ZAGG_OK) {
            add_piece(o, &piece);
            bytes += piece.len;
        } else if (!atomic_exchange(&cache->broken, true)) {
            zagg_log_write(cache->log, ZAGG_LOG_WARN,
                           "cache: %s; nothing more is kept in it", err.msg);
        }
    }
    if (bytes)
        zg_cache_written(cache, bytes);
}
