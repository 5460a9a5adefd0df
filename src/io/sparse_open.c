/* Opening a local copy with holes: what is there, whether it is of the same object, who
 * else holds it. */
#include "io/dir.h"
#include "io/sparse_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_RECORD_BYTES ((size_t)64 << 20)

static const char LOCK_NAME[] = ".zagg-fetch.lock";

static zagg_status no_memory(const char *path, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to open it", path);
}

void zg_sparse_free(zg_sparse *s)
{
    if (s == NULL)
        return;
    if (s->source != NULL)
        zagg_source_close(s->source);
    if (s->folder != NULL)
        zagg_sink_close(s->folder);
    if (s->fd >= 0)
        close(s->fd);
    zg_lock_release(s->held);
    zg_copy_record_free(&s->record);
    zg_vec_free(&s->coming);
    zg_free(s->path);
    zg_free(s->url);
    zg_free(s->key);
    zg_free(s->whole_key);
    zg_free(s->lock_path);
    pthread_mutex_destroy(&s->lock);
    pthread_mutex_destroy(&s->source_lock);
    pthread_mutex_destroy(&s->save_lock);
    pthread_cond_destroy(&s->landed);
    zg_free(s);
}

static zg_sparse *new_sparse(const char *path)
{
    zg_sparse *s = zg_alloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->fd = -1;
    zg_vec_init(&s->coming, sizeof(zg_byte_span), 0);
    zg_spans_init(&s->record.there);
    pthread_mutex_init(&s->lock, NULL);
    pthread_mutex_init(&s->source_lock, NULL);
    pthread_mutex_init(&s->save_lock, NULL);
    pthread_cond_init(&s->landed, NULL);
    s->path = zg_strdup(path);
    if (s->path == NULL) {
        zg_sparse_free(s);
        return NULL;
    }
    return s;
}

/* ---- offline ---- */

/* "PATH.spans"; false where that is longer than the system takes paths. */
static bool record_path(const char *path, char out[4096])
{
    const int n = snprintf(out, 4096, "%s.spans", path);
    return n > 0 && n < 4096;
}

static zagg_status load_record(const char *name, zg_copy_record *out, zagg_err *err)
{
    char *text = NULL;
    size_t len = 0;
    ZAGG_TRY(zagg_file_read(name, MAX_RECORD_BYTES, &text, &len, err));
    const zagg_status status = zg_copy_record_parse(text, len, name, out, err);
    zagg_bytes_free(text);
    return status;
}

zagg_status zg_sparse_open_offline(int fd, uint64_t size, const char *path,
                                   zagg_source **out, zagg_err *err)
{
    zg_copy_record record = {0};
    char name[4096];
    struct stat st;
    *out = NULL;
    if (!record_path(path, name) || stat(name, &st) != 0)
        return ZAGG_OK;
    zagg_status status = load_record(name, &record, err);
    if (status == ZAGG_ENOTFOUND) { /* it became whole just now */
        if (err != NULL)
            *err = (zagg_err)ZAGG_ERR_INIT;
        return ZAGG_OK;
    }
    if (status == ZAGG_OK && record.size != size)
        status = zagg_err_set(err, ZAGG_EFORMAT,
                              "%s: has %" PRIu64 " bytes, but its record %s is of a file "
                              "of %" PRIu64 " bytes; run zagg fetch again",
                              path, size, name, record.size);
    if (status != ZAGG_OK || record.there.bytes == size) {
        zg_copy_record_free(&record);
        return status;
    }
    zg_sparse *s = new_sparse(path);
    if (s == NULL) {
        zg_copy_record_free(&record);
        return no_memory(path, err);
    }
    s->record = record;
    status = zg_sparse_source(s, out, err); /* `fd` stays the caller's if this fails */
    if (status == ZAGG_OK)
        s->fd = fd;
    return status;
}

/* ---- online ---- */

static const char *name_of(const zg_sparse *s)
{
    const char *slash = strrchr(s->path, '/');
    return slash != NULL ? slash + 1 : s->path;
}

/* Folder, names of the records and of the lock. */
static zagg_status settle(zg_sparse *s, zagg_err *err)
{
    const size_t folder_len = zg_parent_len(s->path, strlen(s->path));
    char *folder = folder_len > 0 ? zg_strndup(s->path, folder_len) : zg_strdup(".");
    zg_str key, whole, lock;
    zg_str_init(&key, 0);
    zg_str_init(&whole, 0);
    zg_str_init(&lock, 0);
    zg_str_addf(&key, "%s.spans", name_of(s));
    zg_str_addf(&whole, ".%s.fetched", name_of(s));
    zg_str_addf(&lock, "%s/%s", folder != NULL ? folder : "", LOCK_NAME);
    s->key = zg_str_take(&key);
    s->whole_key = zg_str_take(&whole);
    s->lock_path = zg_str_take(&lock);
    const bool ok = folder && s->key && s->whole_key && s->lock_path;
    const zagg_status status =
        ok ? zg_sink_open_durable(folder, &s->folder, err) : no_memory(s->path, err);
    zg_free(folder);
    return status;
}

static zagg_status open_file(const char *path, int flags, int *out, uint64_t *size,
                             zagg_err *err)
{
    struct stat st;
    int fd;
    do
        fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | flags, 0666);
    while (fd < 0 && errno == EINTR);
    if (fd < 0)
        return zagg_err_set_errno(err, errno == ENOENT ? ZAGG_ENOTFOUND : ZAGG_EIO, errno,
                                  "cannot write %s", path);
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return zagg_err_set(err, ZAGG_EIO, "%s is not a regular file", path);
    }
    *out = fd;
    *size = (uint64_t)st.st_size;
    return ZAGG_OK;
}

/* A new record without spans first, then a new file: who reads the old one keeps it. */
static zagg_status begin_anew(zg_sparse *s, zagg_err *err)
{
    const char *key = s->key;
    uint64_t size;
    zg_copy_record_free(&s->record);
    ZAGG_TRY(zg_copy_record_new(s->url, s->opts.etag, s->opts.size, &s->record, err));
    ZAGG_TRY(zg_sparse_put(s, key, &s->record, err));
    s->recorded = true;
    ZAGG_TRY(zagg_sink_sync(s->folder, &key, 1, err));
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
    if (unlink(s->path) != 0 && errno != ENOENT)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot replace %s", s->path);
    ZAGG_TRY(open_file(s->path, O_CREAT | O_EXCL, &s->fd, &size, err));
    if (ftruncate(s->fd, (off_t)s->opts.size) != 0)
        return zagg_err_set_errno(err, ZAGG_EIO, errno, "cannot write %s", s->path);
    /* Later records must not meet the old file. */
    const char *name = name_of(s);
    return zagg_sink_sync(s->folder, &name, 1, err);
}

/* Why the copy that is there cannot be gone on with; NULL where it can. */
static const char *why_anew(const zg_sparse *s, const zg_copy_record *now, uint64_t size)
{
    if (!zg_copy_is_same(now, &s->record))
        return "the object has changed since, or is another one";
    return s->fd < 0 || size != now->size ? "its file was changed" : NULL;
}

static void tell_anew(const zg_sparse *s, zagg_log_level level, const char *why)
{
    zagg_log_write(s->opts.log, level, "%s: begun anew, because %s", s->path, why);
}

static zagg_status compare(zg_sparse *s, uint64_t size, const char **why, zagg_err *err)
{
    zg_copy_record now = {0};
    ZAGG_TRY(zg_copy_record_new(s->url, s->opts.etag, s->opts.size, &now, err));
    *why = why_anew(s, &now, size);
    zg_copy_record_free(&now);
    return ZAGG_OK;
}

/* A whole copy of some version; false where the file is something else. */
static bool is_whole_copy(zg_sparse *s, uint64_t size)
{
    if (zg_sparse_load(s, s->whole_key, &s->record, NULL) != ZAGG_OK)
        return false;
    if (s->record.size == size && s->record.there.bytes == size)
        return true;
    zg_copy_record_free(&s->record);
    return false;
}

/* A file without a record is whole. Only what was fetched may be replaced. */
static zagg_status take_whole(zg_sparse *s, uint64_t size, zagg_err *err)
{
    const char *why = NULL;
    if (is_whole_copy(s, size)) {
        ZAGG_TRY(compare(s, size, &why, err));
        if (why != NULL)
            tell_anew(s, ZAGG_LOG_WARN, why);
        return why != NULL ? begin_anew(s, err) : ZAGG_OK;
    }
    if (size != s->opts.size)
        return zagg_err_set(err, ZAGG_EEXISTS,
                            "%s is there already with %" PRIu64
                            " bytes, but %s has %" PRIu64
                            ": it is of another version, or another file; move it away",
                            s->path, size, s->url, s->opts.size);
    ZAGG_TRY(zg_copy_record_new(s->url, s->opts.etag, size, &s->record, err));
    return zg_spans_add(&s->record.there, 0, size) ? ZAGG_OK : no_memory(s->path, err);
}

static zagg_status find_copy(zg_sparse *s, zagg_err *err)
{
    uint64_t size = 0;
    const char *why = NULL;
    zagg_err fault = ZAGG_ERR_INIT;
    zagg_status status = open_file(s->path, 0, &s->fd, &size, err);
    const bool no_file = status == ZAGG_ENOTFOUND;
    if (status != ZAGG_OK && !no_file)
        return status;
    status = zg_sparse_load(s, s->key, &s->record, &fault);
    if (status == ZAGG_ENOTFOUND)
        return no_file ? begin_anew(s, err) : take_whole(s, size, err);
    if (status == ZAGG_EFORMAT || status == ZAGG_ERANGE)
        why = "its record is damaged";
    else if (status == ZAGG_OK)
        ZAGG_TRY(compare(s, size, &why, err));
    else
        return zagg_err_set(err, status, "%s", fault.msg);
    s->recorded = true;
    if (why == NULL)
        return ZAGG_OK;
    const bool empty = status == ZAGG_OK && s->record.there.bytes == 0;
    tell_anew(s, empty ? ZAGG_LOG_DEBUG : ZAGG_LOG_WARN, why);
    return begin_anew(s, err);
}

static void count_found(const zg_sparse *s)
{
    zg_sparse_counts *c = s->opts.counts;
    if (c != NULL && !atomic_exchange(&c->opened, true))
        atomic_store(&c->found, s->record.there.bytes);
}

zagg_status zg_sparse_open(const char *path, const zg_sparse_opts *opts,
                           zagg_source **out, zagg_err *err)
{
    zg_sparse *s = new_sparse(path);
    if (s == NULL)
        return no_memory(path, err);
    s->opts = *opts;
    s->url = zg_strdup(opts->url);
    zagg_status status = s->url != NULL ? settle(s, err) : no_memory(path, err);
    if (status == ZAGG_OK)
        status = zg_sparse_hold(s, err);
    if (status == ZAGG_OK) {
        status = find_copy(s, err);
        zg_sparse_let_go(s);
    }
    if (status != ZAGG_OK) {
        zg_sparse_free(s);
        return status;
    }
    count_found(s);
    return zg_sparse_source(s, out, err);
}
