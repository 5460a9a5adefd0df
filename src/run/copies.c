/* Where copies of granules lie, and reading granules through them. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* realpath */
#endif
#include "run/copies.h"

#include "io/dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_NAME = 200, HASH_DIGITS = 8 };

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the copies of granules");
}

/* ---- names ---- */

/* URL without its query: signed URLs of one granule differ in theirs. */
static size_t plain_len(const char *href)
{
    return strcspn(href, "?#");
}

/* Where its last part begins. */
static size_t name_at(const char *href)
{
    size_t at = plain_len(href);
    while (at > 0 && href[at - 1] != '/')
        at--;
    return at;
}

static bool is_fit(const char *name, size_t len)
{
    static const char *const TAKEN[] = {"shardmap.json", ".spans"};
    if (len == 0 || len > MAX_NAME || name[0] == '.')
        return false;
    for (size_t i = 0; i < 2; i++) {
        const size_t n = strlen(TAKEN[i]);
        if (len >= n && memcmp(name + len - n, TAKEN[i], n) == 0)
            return false;
    }
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < 0x20)
            return false;
    return true;
}

static int by_href(const void *a, const void *b)
{
    return strcmp(((const zg_copy *)a)->href, ((const zg_copy *)b)->href);
}

/* By name, then by the rest of the plain URL. */
static int by_name(const void *a, const void *b)
{
    const char *x = (*(const zg_copy *const *)a)->href;
    const char *y = (*(const zg_copy *const *)b)->href;
    const size_t xn = name_at(x), yn = name_at(y);
    const size_t x_len = plain_len(x) - xn, y_len = plain_len(y) - yn;
    const int order = memcmp(x + xn, y + yn, x_len < y_len ? x_len : y_len);
    if (order != 0 || x_len != y_len)
        return order != 0 ? order : x_len < y_len ? -1 : 1;
    return strcmp(x, y);
}

static bool same_name(const zg_copy *a, const zg_copy *b)
{
    const size_t an = name_at(a->href), bn = name_at(b->href);
    const size_t len = plain_len(a->href) - an;
    return len == plain_len(b->href) - bn && memcmp(a->href + an, b->href + bn, len) == 0;
}

static bool set_path(zg_copy *c, const char *folder, bool is_alone)
{
    char hex[65];
    const size_t at = name_at(c->href), len = plain_len(c->href) - at;
    const bool fit = is_fit(c->href + at, len);
    zg_str path;
    zg_str_init(&path, 1u << 16);
    zg_str_addf(&path, "%s/", strcmp(folder, "/") == 0 ? "" : folder);
    if (!fit || !is_alone) {
        zg_sha256_hex(c->href, fit ? at : at + len, hex);
        zg_str_addn(&path, hex, fit ? HASH_DIGITS : 64);
        zg_str_add(&path, fit ? "/" : ".h5");
    }
    if (fit)
        zg_str_addn(&path, c->href + at, len);
    c->path = zg_str_take(&path);
    return c->path != NULL;
}

static zagg_status set_paths(zg_copies *all, zagg_err *err)
{
    zg_copy **sorted = zg_alloc(all->n ? all->n : 1, sizeof *sorted);
    bool ok = sorted != NULL;
    for (size_t i = 0; ok && i < all->n; i++)
        sorted[i] = &all->list[i];
    if (ok && all->n > 1)
        qsort(sorted, all->n, sizeof(zg_copy *), by_name);
    for (size_t i = 0; ok && i < all->n; i++)
        ok = set_path(sorted[i], all->folder,
                      (i == 0 || !same_name(sorted[i - 1], sorted[i])) &&
                          (i + 1 == all->n || !same_name(sorted[i + 1], sorted[i])));
    zg_free(sorted);
    return ok ? ZAGG_OK : no_memory(err);
}

/* ---- the list ---- */

static zagg_status make_folder(const char *to, char **out, zagg_err *err)
{
    char *path = zg_strdup(to);
    if (path == NULL)
        return no_memory(err);
    struct stat st;
    int failed_with = zg_make_folders(path);
    if (failed_with == 0 && stat(path, &st) == 0 && !S_ISDIR(st.st_mode))
        failed_with = ENOTDIR;
    char *real = failed_with == 0 ? realpath(path, NULL) : NULL;
    zagg_status status = ZAGG_OK;
    if (real == NULL)
        status = zagg_err_set_errno(err, ZAGG_EIO, failed_with ? failed_with : errno,
                                    "cannot make the folder %s", to);
    else if ((*out = zg_strdup(real)) == NULL)
        status = no_memory(err);
    free(real);
    zg_free(path);
    return status;
}

static zagg_status list_copies(zg_copies *all, const char *const *hrefs, size_t n,
                               zagg_err *err)
{
    size_t found = 0;
    all->list = zg_alloc(n ? n : 1, sizeof *all->list);
    if (all->list == NULL)
        return no_memory(err);
    for (size_t i = 0; i < n; i++) {
        if (!zagg_url_is_remote(hrefs[i]))
            continue;
        all->list[all->n].href = zg_strdup(hrefs[i]);
        if (all->list[all->n++].href == NULL)
            return no_memory(err);
    }
    if (all->n > 1)
        qsort(all->list, all->n, sizeof *all->list, by_href);
    for (size_t i = 0; i < all->n; i++) {
        if (found > 0 && strcmp(all->list[found - 1].href, all->list[i].href) == 0)
            zg_free(all->list[i].href);
        else
            all->list[found++].href = all->list[i].href;
    }
    all->n = found;
    for (size_t i = 0; i < found; i++)
        all->list[i].all = all;
    return ZAGG_OK;
}

void zg_copies_init(zg_copies *copies, zagg_net *net, zagg_log *log,
                    const volatile int *stop)
{
    *copies = (zg_copies){.net = net,
                          .log = log,
                          .stop = stop,
                          .first = ZAGG_ERR_INIT,
                          .disk = ZAGG_ERR_INIT};
    pthread_mutex_init(&copies->lock, NULL);
}

zagg_status zg_copies_name(zg_copies *copies, const char *to, const char *const *hrefs,
                           size_t n, zagg_err *err)
{
    ZAGG_TRY(make_folder(to, &copies->folder, err));
    ZAGG_TRY(list_copies(copies, hrefs, n, err));
    return set_paths(copies, err);
}

void zg_copies_free(zg_copies *copies)
{
    for (size_t i = 0; i < copies->n; i++) {
        zg_copy *c = &copies->list[i];
        if (c->opened != NULL)
            zagg_source_close(c->opened);
        zg_version_free(&c->version);
        zg_free(c->href);
        zg_free(c->path);
    }
    zg_free(copies->list);
    zg_free(copies->folder);
    pthread_mutex_destroy(&copies->lock);
}

static int find_href(const void *href, const void *copy)
{
    return strcmp(href, ((const zg_copy *)copy)->href);
}

zg_copy *zg_copies_find(const zg_copies *copies, const char *href)
{
    return copies->n == 0
               ? NULL
               : bsearch(href, copies->list, copies->n, sizeof *copies->list, find_href);
}

/* ---- opening ---- */

static zagg_status open_remote(void *user, const char *url, zagg_source **out,
                               zagg_err *err)
{
    zg_copy *c = user;
    if (c->opened == NULL)
        return zg_net_open_version(c->all->net, url, &c->version, out, err);
    *out = c->opened;
    c->opened = NULL;
    return ZAGG_OK;
}

static void disk_failed(void *user, const zagg_err *why)
{
    zg_copies *all = user;
    pthread_mutex_lock(&all->lock);
    if (all->disk.status == ZAGG_OK)
        all->disk = *why;
    pthread_mutex_unlock(&all->lock);
}

zagg_status zg_copies_check(zg_copies *copies, zagg_err *err)
{
    pthread_mutex_lock(&copies->lock);
    const zagg_status status = copies->disk.status;
    if (status != ZAGG_OK && err != NULL)
        *err = copies->disk;
    pthread_mutex_unlock(&copies->lock);
    return status;
}

/* Is there something of it that may be gone on with? */
static bool is_begun(const zg_copy *c)
{
    struct stat st;
    return stat(c->path, &st) == 0;
}

/* A granule of which nothing is there is opened at once: that is one request less. */
static zagg_status learn_version(zg_copy *c, zagg_err *err)
{
    if (c->known)
        return ZAGG_OK;
    if (is_begun(c)) {
        ZAGG_TRY(zg_net_ask_version(c->all->net, c->href, &c->version, err));
    } else {
        ZAGG_TRY(zagg_net_open_source(c->all->net, c->href, &c->opened, err));
        ZAGG_TRY(zg_net_source_version(c->opened, &c->version, err));
    }
    c->known = true;
    return ZAGG_OK;
}

static zagg_status open_copy(zg_copy *c, zagg_source **out, zagg_err *err)
{
    zg_copies *all = c->all;
    ZAGG_TRY(learn_version(c, err));
    const zg_sparse_opts opts = {.url = c->href,
                                 .etag = c->version.tag,
                                 .size = c->version.size,
                                 .open = open_remote,
                                 .open_user = c,
                                 .log = all->log,
                                 .stop = all->stop,
                                 .counts = &c->counts,
                                 .failed = disk_failed,
                                 .failed_user = all};
    zagg_err why = ZAGG_ERR_INIT;
    const zagg_status status = zg_sparse_open(c->path, &opts, out, &why);
    if (status == ZAGG_EIO)
        disk_failed(all, &why);
    if (status != ZAGG_OK && err != NULL)
        *err = why;
    return status;
}

void zg_copies_fail(zg_copies *copies, zg_copy *copy, zagg_status status, const char *why)
{
    pthread_mutex_lock(&copies->lock);
    if (copy != NULL)
        copy->failed = true;
    if (copies->first.status == ZAGG_OK)
        zagg_err_set(&copies->first, status, "%s", why);
    pthread_mutex_unlock(&copies->lock);
}

zagg_status zg_copies_open(void *user, const char *href, zagg_source **out, zagg_err *err)
{
    zg_copies *all = user;
    zg_copy *c = zg_copies_find(all, href);
    zagg_err why = ZAGG_ERR_INIT;
    ZAGG_TRY(zg_copies_check(all, err));
    const zagg_status status =
        c != NULL ? open_copy(c, out, &why) : zg_granule_open(NULL, href, out, &why);
    if (status == ZAGG_OK)
        return ZAGG_OK;
    zg_copies_fail(all, c, status, why.msg);
    if (err != NULL)
        *err = why;
    return status;
}
