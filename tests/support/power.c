/* Recording and replaying of calls on files. Files are kept as whole texts for each call
 * that changes them, which is fine for stores of a few kilobytes. */
#include "support/power.h"

#include "support/fault.h"
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FD = 1024, PATH_BYTES = 1024, FOLDER = -2, NOTHING = -1 };

typedef enum op_kind {
    CREATE,
    WRITE,
    RESIZE,
    SYNC_FILE,
    SYNC_FOLDER,
    RENAME,
    REMOVE,
    MKDIR
} op_kind;

typedef struct op {
    op_kind kind;
    int file; /* CREATE, WRITE, RESIZE, SYNC_FILE */
    char *path, *to;
    char *data;
    size_t len;
    bool placed; /* a write at `offset`, not behind what is there */
    size_t offset;
} op;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char below[PATH_BYTES];
static op *ops;
static size_t n_ops, cap_ops;
static int n_files;

/* What descriptors stand for, and which file a path is at the time of recording. */
static struct {
    char *path;
    int file; /* FOLDER for a folder */
} fds[MAX_FD];

typedef struct name {
    char *path;
    int file; /* FOLDER, or NOTHING */
} name;
typedef struct names {
    name *list;
    size_t n, cap;
} names;
static names now;

/* ---- names ---- */

static name *find(names *all, const char *path, bool add)
{
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->list[i].path, path) == 0)
            return &all->list[i];
    if (!add)
        return NULL;
    if (all->n == all->cap) {
        all->cap = all->cap ? 2 * all->cap : 64;
        all->list = realloc(all->list, all->cap * sizeof *all->list);
        assert_non_null(all->list);
    }
    all->list[all->n] = (name){strdup(path), NOTHING};
    return &all->list[all->n++];
}

static void names_free(names *all)
{
    for (size_t i = 0; i < all->n; i++)
        free(all->list[i].path);
    free(all->list);
    *all = (names){0};
}

static bool in_folder(const char *path, const char *folder)
{
    const size_t len = strlen(folder);
    return strncmp(path, folder, len) == 0 && path[len] == '/' &&
           strchr(path + len + 1, '/') == NULL;
}

/* ---- recording ---- */

static op *add_op(op_kind kind, int file, const char *path, const char *to)
{
    if (n_ops == cap_ops) {
        cap_ops = cap_ops ? 2 * cap_ops : 256;
        ops = realloc(ops, cap_ops * sizeof *ops);
        assert_non_null(ops);
    }
    ops[n_ops] = (op){.kind = kind,
                      .file = file,
                      .path = path ? strdup(path) : NULL,
                      .to = to ? strdup(to) : NULL};
    return &ops[n_ops++];
}

static bool is_watched(const char *path)
{
    return strncmp(path, below, strlen(below)) == 0;
}

/* The parent of what is watched is of interest as a folder only. */
static bool is_parent(const char *path)
{
    const size_t len = strlen(path);
    const char *slash = strrchr(below, '/');
    return slash != NULL && len == (size_t)(slash - below) &&
           memcmp(path, below, len) == 0;
}

static bool full_path(int dir, const char *path, char out[PATH_BYTES])
{
    if (path[0] == '/' || dir == AT_FDCWD)
        return snprintf(out, PATH_BYTES, "%s", path) < PATH_BYTES;
    if (dir < 0 || dir >= MAX_FD || fds[dir].path == NULL)
        return false;
    return snprintf(out, PATH_BYTES, "%s/%s", fds[dir].path, path) < PATH_BYTES;
}

static void on_opened(int fd, int dir, const char *path, int flags)
{
    char full[PATH_BYTES];
    struct stat st;
    if (fd >= MAX_FD)
        return;
    free(fds[fd].path);
    fds[fd].path = NULL;
    if (!full_path(dir, path, full) || (!is_watched(full) && !is_parent(full)))
        return;
    assert_int_equal(fstat(fd, &st), 0);
    fds[fd].path = strdup(full);
    fds[fd].file = FOLDER;
    if (S_ISDIR(st.st_mode))
        return;
    name *n = find(&now, full, true);
    if (n->file == NOTHING) {
        assert_true(flags & O_CREAT);
        n->file = n_files++;
        add_op(CREATE, n->file, full, NULL);
    }
    fds[fd].file = n->file;
}

static bool known(int fd)
{
    return fd >= 0 && fd < MAX_FD && fds[fd].path != NULL;
}

static op *add_write(int fd, const void *data, size_t len)
{
    op *o = add_op(WRITE, fds[fd].file, fds[fd].path, NULL);
    o->data = malloc(len ? len : 1);
    assert_non_null(o->data);
    memcpy(o->data, data, len);
    o->len = len;
    return o;
}

static void on_wrote(int fd, const void *data, size_t len)
{
    if (known(fd))
        (void)add_write(fd, data, len);
}

static void on_wrote_at(int fd, const void *data, size_t len, uint64_t offset)
{
    if (!known(fd))
        return;
    op *o = add_write(fd, data, len);
    o->placed = true;
    o->offset = (size_t)offset;
}

static void on_resized(int fd, uint64_t size)
{
    if (known(fd))
        add_op(RESIZE, fds[fd].file, fds[fd].path, NULL)->len = (size_t)size;
}

static void on_synced(int fd)
{
    if (known(fd))
        add_op(fds[fd].file == FOLDER ? SYNC_FOLDER : SYNC_FILE, fds[fd].file,
               fds[fd].path, NULL);
}

static void on_renamed(const char *from, const char *to)
{
    if (!is_watched(from))
        return;
    const int file = find(&now, from, true)->file;
    find(&now, to, true)->file = file;
    find(&now, from, true)->file = NOTHING;
    add_op(RENAME, file, from, to);
}

static void on_removed(int dir, const char *path, int flags)
{
    char full[PATH_BYTES];
    (void)flags;
    if (!full_path(dir, path, full) || !is_watched(full))
        return;
    find(&now, full, true)->file = NOTHING;
    add_op(REMOVE, NOTHING, full, NULL);
}

static void on_made(const char *path)
{
    if (!is_watched(path))
        return;
    find(&now, path, true)->file = FOLDER;
    add_op(MKDIR, FOLDER, path, NULL);
}

static void lock(void)
{
    pthread_mutex_lock(&mutex);
}

static void unlock(void)
{
    pthread_mutex_unlock(&mutex);
}

void power_record(const char *prefix)
{
    static const fault_watcher WATCHER = {.lock = lock,
                                          .unlock = unlock,
                                          .opened = on_opened,
                                          .wrote = on_wrote,
                                          .wrote_at = on_wrote_at,
                                          .resized = on_resized,
                                          .synced = on_synced,
                                          .renamed = on_renamed,
                                          .removed = on_removed,
                                          .made = on_made};
    power_forget();
    (void)snprintf(below, sizeof below, "%s", prefix);
    fault_watch(&WATCHER);
}

size_t power_stop(void)
{
    fault_watch(NULL);
    return n_ops;
}

void power_forget(void)
{
    for (size_t i = 0; i < n_ops; i++) {
        free(ops[i].path);
        free(ops[i].to);
        free(ops[i].data);
    }
    n_ops = 0;
    n_files = 0;
    names_free(&now);
    for (int i = 0; i < MAX_FD; i++) {
        free(fds[i].path);
        fds[i].path = NULL;
    }
}

/* ---- replaying ---- */

/* Bytes of a file: written, and as they were when it was synced. */
typedef struct content {
    char *data, *synced;
    size_t len, synced_len;
} content;

typedef struct disk {
    names seen, kept; /* as the system shows them, as a power failure leaves them */
    content *files;
} disk;

static void resize(char **data, size_t *len, size_t to)
{
    *data = realloc(*data, to + 1);
    assert_non_null(*data);
    if (to > *len)
        memset(*data + *len, 0, to - *len);
    *len = to;
}

static void write_content(content *c, const op *o)
{
    const size_t at = o->placed ? o->offset : c->len;
    if (at + o->len > c->len)
        resize(&c->data, &c->len, at + o->len);
    memcpy(c->data + at, o->data, o->len);
}

static void sync_content(content *c)
{
    resize(&c->synced, &c->synced_len, c->len);
    if (c->len > 0)
        memcpy(c->synced, c->data, c->len);
}

static void keep_folder(disk *d, const char *folder)
{
    for (size_t i = 0; i < d->seen.n; i++)
        if (in_folder(d->seen.list[i].path, folder))
            find(&d->kept, d->seen.list[i].path, true)->file = d->seen.list[i].file;
}

static void apply(disk *d, const op *o)
{
    switch (o->kind) {
    case CREATE:
    case MKDIR:
        find(&d->seen, o->path, true)->file = o->file;
        break;
    case WRITE:
        write_content(&d->files[o->file], o);
        break;
    case RESIZE:
        resize(&d->files[o->file].data, &d->files[o->file].len, o->len);
        break;
    case SYNC_FILE:
        sync_content(&d->files[o->file]);
        break;
    case SYNC_FOLDER:
        keep_folder(d, o->path);
        break;
    case RENAME:
        find(&d->seen, o->to, true)->file = o->file;
        find(&d->seen, o->path, true)->file = NOTHING;
        break;
    case REMOVE:
        find(&d->seen, o->path, true)->file = NOTHING;
        break;
    }
}

static uint32_t roll(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const name *)a)->path, ((const name *)b)->path);
}

static void put_file(const char *path, const char *data, size_t len)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL && errno == ENOENT)
        return; /* its folder was lost */
    assert_non_null(f);
    if (len > 0)
        assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void put_name(const disk *d, const name *n, power_kind kind, uint32_t *seed)
{
    if (n->file == NOTHING)
        return;
    if (n->file == FOLDER) {
        if (mkdir(n->path, 0777) != 0)
            assert_true(errno == ENOENT || errno == EEXIST);
        return;
    }
    const content *c = &d->files[n->file];
    size_t len = c->synced_len;
    if (kind == POWER_MIXED && c->len > len)
        len += roll(seed) % (c->len - len + 1);
    /* Of bytes that were written over the later ones may be there as well. */
    const bool later =
        kind == POWER_MIXED && c->len >= len && (len > c->synced_len || roll(seed) % 2);
    put_file(n->path, later ? c->data : c->synced, len);
}

/* Parents sort before what is in them. */
static void put_all(disk *d, power_kind kind, uint32_t seed)
{
    names *chosen = kind == POWER_STRICT ? &d->kept : &d->seen;
    if (chosen->n > 1)
        qsort(chosen->list, chosen->n, sizeof *chosen->list, by_path);
    for (size_t i = 0; i < chosen->n; i++) {
        name n = chosen->list[i];
        const name *older = find(&d->kept, n.path, false);
        if (kind == POWER_MIXED && roll(&seed) % 2)
            n.file = older ? older->file : NOTHING;
        put_name(d, &n, kind, &seed);
    }
}

void power_restore(size_t n, power_kind kind, uint32_t seed)
{
    disk d = {.files = calloc((size_t)n_files + 1, sizeof *d.files)};
    assert_non_null(d.files);
    for (size_t i = 0; i < n && i < n_ops; i++)
        apply(&d, &ops[i]);
    put_all(&d, kind, seed);
    for (int i = 0; i < n_files; i++) {
        free(d.files[i].data);
        free(d.files[i].synced);
    }
    free(d.files);
    names_free(&d.seen);
    names_free(&d.kept);
}
