/* Room in the cache: what was used least recently goes. One process at a time makes room,
 * others pass by; nobody who reads waits for it. */
#include "io/dir.h"
#include "io/lock.h"
#include "net/cache_impl.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    LOOKS = 16,         /* at the folder, while the bound is written once */
    LEAVE_PERCENT = 90, /* of the bound */
    DEBRIS_S = 3600     /* a temporary file so old has no writer any more */
};

typedef struct entry {
    char *path; /* owned */
    uint64_t bytes;
    struct timespec used;
} entry;

typedef struct survey {
    zg_vec entries;
    uint64_t bytes;
    time_t now;
    bool failed; /* no memory */
} survey;

static char *join(const char *folder, const char *name)
{
    zg_str path;
    zg_str_init(&path, 0);
    zg_str_addf(&path, "%s/%s", folder, name);
    return zg_str_take(&path);
}

static void take_file(survey *s, char *path, const char *name, const struct stat *st)
{
    if (zg_dir_is_temp_name(name)) {
        if (st->st_mtime + DEBRIS_S < s->now)
            (void)unlink(path);
        zg_free(path);
        return;
    }
    entry *e = zg_vec_push(&s->entries);
    if (!e) {
        s->failed = true;
        zg_free(path);
        return;
    }
    *e = (entry){path, (uint64_t)st->st_size, st->st_mtim};
    s->bytes += e->bytes;
}

/* Files two folders below the cache's own. */
static void look_into(survey *s, const char *folder, int depth)
{
    DIR *dir = opendir(folder);
    for (const struct dirent *d; dir && !s->failed && (d = readdir(dir)) != NULL;) {
        struct stat st;
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        char *path = join(folder, d->d_name);
        if (!path) {
            s->failed = true;
        } else if (lstat(path, &st) != 0) {
            zg_free(path);
        } else if (S_ISREG(st.st_mode) && depth == 2) {
            take_file(s, path, d->d_name, &st);
        } else {
            if (S_ISDIR(st.st_mode) && depth < 2)
                look_into(s, path, depth + 1);
            zg_free(path);
        }
    }
    if (dir)
        closedir(dir);
}

static int by_use(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->used.tv_sec != y->used.tv_sec)
        return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
    if (x->used.tv_nsec != y->used.tv_nsec)
        return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
    return strcmp(x->path, y->path);
}

/* Oldest first, until the rest fits with some to spare. */
static void remove_oldest(survey *s, uint64_t bound)
{
    const uint64_t leave = bound / 100 * LEAVE_PERCENT;
    if (s->bytes <= bound)
        return;
    qsort(s->entries.data, s->entries.len, sizeof(entry), by_use);
    for (size_t i = 0; i < s->entries.len && s->bytes > leave; i++) {
        const entry *e = ZG_VEC_AT(&s->entries, entry, i);
        if (unlink(e->path) == 0)
            s->bytes -= e->bytes;
    }
}

/* Look, and make room. Needs cache->lock. */
static void trim(zg_cache *cache)
{
    char holder[64];
    zg_lock *lock = NULL;
    char *path = join(cache->dir, "lock");
    const zagg_status taken =
        path ? zg_lock_take(path, &lock, holder, sizeof holder, NULL) : ZAGG_ENOMEM;
    zg_free(path);
    cache->written = 0;
    /* Where there are no locks two may remove the same files, which is no harm. */
    if (taken != ZAGG_OK && taken != ZAGG_EUNSUPPORTED)
        return;
    survey s = {.now = time(NULL)};
    zg_vec_init(&s.entries, sizeof(entry), 0);
    look_into(&s, cache->dir, 0);
    remove_oldest(&s, cache->bound);
    cache->known = s.bytes;
    cache->surveyed = true;
    for (size_t i = 0; i < s.entries.len; i++)
        zg_free(ZG_VEC_AT(&s.entries, entry, i)->path);
    zg_vec_free(&s.entries);
    zg_lock_release(lock);
}

void zg_cache_written(zg_cache *cache, uint64_t bytes)
{
    pthread_mutex_lock(&cache->lock);
    cache->written += bytes;
    if (!cache->surveyed || cache->written >= cache->bound / LOOKS ||
        cache->known + cache->written > cache->bound)
        trim(cache);
    pthread_mutex_unlock(&cache->lock);
}
