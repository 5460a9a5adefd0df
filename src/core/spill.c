/* The file behind rows that exceed the memory budget. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_TMPFILE */
#endif
#include "core/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct zg_spill {
    char *dir;
    atomic_int fd; /* -1: not made yet */
    size_t slot_bytes;
    _Atomic uint64_t end; /* of the file */
    pthread_mutex_t lock; /* of the next one */
    zg_vec idle;          /* uint64_t: offsets of slots that were given back */
    _Atomic uint64_t written_bytes, read_bytes, write_ns, read_ns;
};

zagg_status zg_spill_new(const char *dir, size_t slot_bytes, zg_spill **out,
                         zagg_err *err)
{
    const char *wanted = dir ? dir : getenv("TMPDIR");
    if (!wanted || wanted[0] == '\0')
        wanted = access("/var/tmp", W_OK) == 0 ? "/var/tmp" : "/tmp";
    zg_spill *s = zg_alloc(1, sizeof *s);
    char *copy = s ? zg_strdup(wanted) : NULL;
    if (!copy) {
        zg_free(s);
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a file of rows");
    }
    s->dir = copy;
    s->slot_bytes = slot_bytes;
    atomic_init(&s->fd, -1);
    pthread_mutex_init(&s->lock, NULL);
    zg_vec_init(&s->idle, sizeof(uint64_t), 0);
    *out = s;
    return ZAGG_OK;
}

void zg_spill_free(zg_spill *spill)
{
    if (!spill)
        return;
    const int fd = atomic_load(&spill->fd);
    if (fd >= 0)
        (void)close(fd); /* nobody will read what it held */
    pthread_mutex_destroy(&spill->lock);
    zg_vec_free(&spill->idle);
    zg_free(spill->dir);
    zg_free(spill);
}

/* Not every file system knows files without a name. */
static int make_named(const char *dir)
{
    zg_str name;
    zg_str_init(&name, 4096);
    zg_str_addf(&name, "%s/zagg-rows-XXXXXX", dir);
    errno = ENAMETOOLONG;
    const int fd = name.failed ? -1 : mkostemp(name.data, O_CLOEXEC);
    if (fd >= 0)
        (void)unlink(name.data);
    zg_str_free(&name);
    return fd;
}

static zagg_status make_file(zg_spill *s, zagg_err *err)
{
    int fd = open(s->dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
        fd = make_named(s->dir);
    if (fd < 0)
        return zagg_err_set_errno(err, ZAGG_EIO, errno,
                                  "%s: cannot make a file for rows that exceed the "
                                  "memory budget (TMPDIR names another folder)",
                                  s->dir);
    atomic_store(&s->fd, fd);
    return ZAGG_OK;
}

static void add_time(_Atomic uint64_t *ns, double start_s)
{
    atomic_fetch_add(ns, (uint64_t)((zg_clock_mono_s() - start_s) * 1e9));
}

static uint64_t take_slot(zg_spill *s)
{
    pthread_mutex_lock(&s->lock);
    const uint64_t offset = s->idle.len > 0
                                ? *ZG_VEC_AT(&s->idle, uint64_t, --s->idle.len)
                                : atomic_fetch_add(&s->end, s->slot_bytes);
    pthread_mutex_unlock(&s->lock);
    return offset;
}

void zg_spill_give(zg_spill *spill, uint64_t offset)
{
    pthread_mutex_lock(&spill->lock);
    uint64_t *slot = zg_vec_push(&spill->idle);
    if (slot)
        *slot = offset; /* else the file grows instead */
    pthread_mutex_unlock(&spill->lock);
}

zagg_status zg_spill_write(zg_spill *spill, const void *data, size_t n, uint64_t *offset,
                           zagg_err *err)
{
    const double start_s = zg_clock_mono_s();
    int failure;
    if (atomic_load(&spill->fd) < 0)
        ZAGG_TRY(make_file(spill, err));
    *offset = take_slot(spill);
    if (zg_fd_write_at(atomic_load(&spill->fd), *offset, n, data, &failure) < n)
        return zagg_err_set_errno(
            err, ZAGG_EIO, failure ? failure : ENOSPC,
            "%s: cannot write rows that exceed the memory budget (--memory; TMPDIR "
            "names another folder)",
            spill->dir);
    atomic_fetch_add(&spill->written_bytes, n);
    add_time(&spill->write_ns, start_s);
    return ZAGG_OK;
}

zagg_status zg_spill_read(zg_spill *spill, uint64_t offset, size_t n, void *out,
                          zagg_err *err)
{
    const double start_s = zg_clock_mono_s();
    int failure;
    if (zg_fd_read_at(atomic_load(&spill->fd), offset, n, out, &failure) < n)
        return zagg_err_set_errno(err, ZAGG_EIO, failure ? failure : EIO,
                                  "%s: cannot read rows back from a temporary file",
                                  spill->dir);
    atomic_fetch_add(&spill->read_bytes, n);
    add_time(&spill->read_ns, start_s);
    return ZAGG_OK;
}

zg_spill_stats zg_spill_get_stats(const zg_spill *spill)
{
    return (zg_spill_stats){atomic_load(&spill->written_bytes),
                            atomic_load(&spill->read_bytes), atomic_load(&spill->end),
                            (double)atomic_load(&spill->write_ns) / 1e9,
                            (double)atomic_load(&spill->read_ns) / 1e9};
}
