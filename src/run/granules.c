/* A shard map from granules, for runs without a catalog. */
#include "run/run.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_DEPTH = 32 };

/* A granule; the file behind a path tells granules that are named twice, and URLs have
 * none. */
typedef struct granule_path {
    char *path; /* owned */
    bool is_url;
    dev_t device;
    ino_t file;
} granule_path;

typedef struct path_list {
    zg_vec paths; /* granule_path */
} path_list;

/* `st` NULL: a URL. */
static zagg_status add_path(path_list *l, const char *path, const struct stat *st,
                            zagg_err *err)
{
    char *copy = zg_strdup(path);
    granule_path *slot = copy ? zg_vec_push(&l->paths) : NULL;
    if (!slot) {
        zg_free(copy);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the list of granules");
    }
    *slot = st ? (granule_path){copy, false, st->st_dev, st->st_ino}
               : (granule_path){copy, true, 0, 0};
    return ZAGG_OK;
}

static bool has_suffix(const char *name, const char *suffix)
{
    const size_t n = strlen(name), m = strlen(suffix);
    return n > m && strcmp(name + n - m, suffix) == 0;
}

static zagg_status add_tree(path_list *l, const char *path, int depth, zagg_err *err);

static zagg_status add_folder(path_list *l, const char *path, int depth, zagg_err *err)
{
    zagg_status status = ZAGG_OK;
    if (depth > MAX_DEPTH)
        return zagg_err_set(err, ZAGG_ERANGE, "%s: folders are nested too deeply", path);
    DIR *dir = opendir(path);
    if (!dir)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "%s: cannot open folder", path);
    while (status == ZAGG_OK) {
        errno = 0;
        const struct dirent *d = readdir(dir);
        if (!d) {
            if (errno != 0)
                status = zagg_err_set_errno(err, ZAGG_EIO, errno,
                                            "%s: cannot list folder", path);
            break;
        }
        if (d->d_name[0] == '.')
            continue;
        zg_str name;
        zg_str_init(&name, 1u << 16);
        zg_str_addf(&name, "%s%s%s", path, has_suffix(path, "/") ? "" : "/", d->d_name);
        status = name.failed
                     ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path in %s", path)
                     : add_tree(l, name.data, depth + 1, err);
        zg_str_free(&name);
    }
    closedir(dir);
    return status;
}

/* A file named by a user is taken as it is; in folders only HDF5 names count. */
static zagg_status add_tree(path_list *l, const char *path, int depth, zagg_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        if (depth > 0 && (errno == ENOENT || errno == ELOOP))
            return ZAGG_OK; /* a dangling link inside a folder */
        return zagg_err_set_errno(err, errno == ENOENT ? ZAGG_ENOTFOUND : ZAGG_EIO, errno,
                                  "--granules %s", path);
    }
    if (S_ISDIR(st.st_mode))
        return add_folder(l, path, depth, err);
    if (depth == 0 || has_suffix(path, ".h5") || has_suffix(path, ".hdf5"))
        return add_path(l, path, &st, err);
    return ZAGG_OK;
}

/* Why a pattern could not be expanded: glob(3) hands nothing else to its callback. */
static _Thread_local int glob_errno;

/* A folder that cannot be read may hold granules; a file is no folder to look into. */
static int on_glob_error(const char *path, int error)
{
    (void)path;
    if (error == ENOENT || error == ENOTDIR)
        return 0;
    glob_errno = error;
    return 1;
}

static zagg_status add_pattern(path_list *l, const char *pattern, zagg_err *err)
{
    glob_t found = {0};
    zagg_status status = ZAGG_OK;
    glob_errno = 0;
    const int rc = glob(pattern, 0, on_glob_error, &found);
    if (rc == GLOB_NOMATCH)
        return zagg_err_set(err, ZAGG_ENOTFOUND, "--granules %s: nothing matches",
                            pattern);
    if (rc != 0) {
        globfree(&found); /* of what was found until then */
        return zagg_err_set_errno(err, ZAGG_EIO,
                                  rc == GLOB_NOSPACE ? ENOMEM
                                  : glob_errno != 0  ? glob_errno
                                                     : EIO,
                                  "--granules %s: cannot be expanded", pattern);
    }
    for (size_t i = 0; status == ZAGG_OK && i < found.gl_pathc; i++)
        status = add_tree(l, found.gl_pathv[i], 0, err);
    globfree(&found);
    return status;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const granule_path *)a)->path, ((const granule_path *)b)->path);
}

static int by_file(const void *a, const void *b)
{
    const granule_path *x = a, *y = b;
    if (x->is_url != y->is_url)
        return x->is_url ? 1 : -1;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return by_path(a, b);
}

/* Photons must not count twice because a folder and a file in it were given. */
static void keep_distinct(path_list *l)
{
    granule_path *list = l->paths.data;
    size_t kept = 0;
    if (l->paths.len > 1)
        qsort(list, l->paths.len, sizeof *list, by_file);
    for (size_t i = 0; i < l->paths.len; i++) {
        const granule_path *last = kept ? &list[kept - 1] : NULL;
        if (last && (list[i].is_url
                         ? strcmp(last->path, list[i].path) == 0
                         : last->device == list[i].device && last->file == list[i].file))
            zg_free(list[i].path);
        else
            list[kept++] = list[i];
    }
    l->paths.len = kept;
    if (kept > 1)
        qsort(list, kept, sizeof *list, by_path);
}

static zagg_status expand(path_list *l, const char *const *paths, size_t n,
                          bool with_urls, zagg_err *err)
{
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        if (with_urls && zagg_url_is_remote(paths[i])) {
            ZAGG_TRY(add_path(l, paths[i], NULL, err));
            continue;
        }
        /* A name with pattern characters that exists is that file. */
        const bool pattern = strpbrk(paths[i], "*?[") && stat(paths[i], &st) != 0;
        ZAGG_TRY(pattern ? add_pattern(l, paths[i], err) : add_tree(l, paths[i], 0, err));
    }
    keep_distinct(l);
    if (l->paths.len == 0)
        return zagg_err_set(err, ZAGG_ENOTFOUND,
                            "--granules %s: no granule (*.h5) in there",
                            n ? paths[0] : "");
    return ZAGG_OK;
}

zagg_status zg_granule_paths(const char *const *paths, size_t n, zg_vec *out,
                             zagg_err *err)
{
    path_list list;
    zg_vec_init(&list.paths, sizeof(granule_path), 0);
    zagg_status status = expand(&list, paths, n, true, err);
    for (size_t i = 0; i < list.paths.len; i++) {
        char *path = ZG_VEC_AT(&list.paths, granule_path, i)->path;
        if (status == ZAGG_OK && !zg_vec_append(out, &path, 1))
            status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for the list of granules");
        if (status != ZAGG_OK)
            zg_free(path);
    }
    zg_vec_free(&list.paths);
    return status;
}

typedef struct map_job {
    const zagg_worker *worker;
    const path_list *list;
    zagg_granules_opts opts;
    zagg_shardmap_builder *builder;
} map_job;

typedef struct granule_keys {
    zagg_arena *arena;
    uint64_t *keys;
    size_t n;
} granule_keys;

static void granule_keys_free(void *user, void *result)
{
    granule_keys *g = result;
    (void)user;
    if (g)
        zagg_arena_free(g->arena);
    zg_free(g);
}

static zagg_status keys_task(void *user, size_t index, size_t slot, void **result,
                             zagg_err *err)
{
    const map_job *j = user;
    const char *path = ZG_VEC_AT(&j->list->paths, granule_path, index)->path;
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    (void)slot;
    granule_keys *g = zg_alloc(1, sizeof *g);
    if (!g)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a granule");
    zagg_status status = zagg_arena_new(0, &g->arena, err);
    if (status == ZAGG_OK)
        status = j->opts.open ? j->opts.open(j->opts.open_user, path, &source, err)
                              : zg_granule_open(j->opts.net, path, &source, err);
    if (status == ZAGG_OK)
        status = zagg_h5_open(source, NULL, &file, err);
    if (status == ZAGG_OK) {
        status = zagg_worker_shard_keys(j->worker, file, j->opts.pool, g->arena, &g->keys,
                                        &g->n, err);
        if (status != ZAGG_OK)
            zagg_err_context(err, status, "%s", zagg_source_name(source));
    }
    if (file)
        zagg_h5_close(file);
    if (source)
        zagg_source_close(source);
    if (status != ZAGG_OK) {
        granule_keys_free(NULL, g);
        return status;
    }
    *result = g;
    return ZAGG_OK;
}

static zagg_status keys_fold(void *user, size_t index, zagg_status status, void *result,
                             const zagg_err *task_err, zagg_err *err)
{
    map_job *j = user;
    granule_keys *g = result;
    if (status != ZAGG_OK) {
        if (err && task_err)
            *err = *task_err;
        return status;
    }
    status = zagg_shardmap_builder_add(
        j->builder, ZG_VEC_AT(&j->list->paths, granule_path, index)->path, g->keys, g->n,
        err);
    granule_keys_free(NULL, g);
    return status;
}

zagg_status zagg_run_map_from_granules(const zagg_worker *worker,
                                       const char *const *paths, size_t n_paths,
                                       const zagg_granules_opts *opts,
                                       zagg_shardmap **out, zagg_err *err)
{
    path_list list;
    map_job j = {.worker = worker, .list = &list};
    if (opts)
        j.opts = *opts;
    zg_vec_init(&list.paths, sizeof(granule_path), 0);
    zagg_status status = expand(&list, paths, n_paths, j.opts.net != NULL, err);
    if (status == ZAGG_OK)
        status = zagg_shardmap_builder_new(&j.builder, err);
    if (status == ZAGG_OK) {
        zagg_log_write(j.opts.log, ZAGG_LOG_DEBUG, "mapping %zu granules",
                       list.paths.len);
        status = zagg_pool_map(j.opts.pool, list.paths.len, 0, keys_task, keys_fold,
                               granule_keys_free, &j, err);
        const zagg_grid_info *info = zagg_grid_get_info(zagg_worker_grid(worker));
        if (status == ZAGG_OK)
            status = zagg_shardmap_builder_finish(j.builder, "granules", info->latitude,
                                                  out, err);
        else
            zagg_shardmap_builder_free(j.builder);
    }
    for (size_t i = 0; i < list.paths.len; i++)
        zg_free(ZG_VEC_AT(&list.paths, granule_path, i)->path);
    zg_vec_free(&list.paths);
    return status;
}
