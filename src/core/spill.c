/* The file behind rows that exceed the memory budget. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_TMPFILE */
#endif
#include "core/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct zg_spill {
    char *dir;
    atomic_int fd; /* -1: not made yet */
    uint64_t end;  /* the writer's */
    _Atomic uint64_t written_bytes, read_bytes, write_ns, read_ns;
};

zagg_status zg_spill_new(const char *dir, zg_spill **out, zagg_err *err)
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
    atomic_init(&s->fd, -1);
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

zagg_status zg_spill_write(zg_spill *spill, const void *data, size_t n, uint64_t *offset,
                           zagg_err *err)
{
    const double start_s = zg_clock_mono_s();
    const uint8_t *from = data;
    size_t done = 0;
    if (atomic_load(&spill->fd) < 0)
        ZAGG_TRY(make_file(spill, err));
    while (done < n) {
        const ssize_t w = pwrite(atomic_load(&spill->fd), from + done, n - done,
                                 (off_t)(spill->end + done));
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0)
            return zagg_err_set_errno(
                err, ZAGG_EIO, w < 0 ? errno : ENOSPC,
                "%s: cannot write rows that exceed the memory budget (--memory; TMPDIR "
                "names another folder)",
                spill->dir);
        done += (size_t)w;
    }
    *offset = spill->end;
    spill->end += n;
    atomic_fetch_add(&spill->written_bytes, n);
    add_time(&spill->write_ns, start_s);
    return ZAGG_OK;
}

zagg_status zg_spill_read(zg_spill *spill, uint64_t offset, size_t n, void *out,
                          zagg_err *err)
{
    const double start_s = zg_clock_mono_s();
    size_t done = 0;
    while (done < n) {
        const ssize_t r = pread(atomic_load(&spill->fd), (uint8_t *)out + done, n - done,
                                (off_t)(offset + done));
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return zagg_err_set_errno(err, ZAGG_EIO, r < 0 ? errno : EIO,
                                      "%s: cannot read rows back from a temporary file",
                                      spill->dir);
        done += (size_t)r;
    }
    atomic_fetch_add(&spill->read_bytes, n);
    add_time(&spill->read_ns, start_s);
    return ZAGG_OK;
}

zg_spill_stats zg_spill_get_stats(const zg_spill *spill)
{
    return (zg_spill_stats){atomic_load(&spill->written_bytes),
                            atomic_load(&spill->read_bytes),
                            (double)atomic_load(&spill->write_ns) / 1e9,
                            (double)atomic_load(&spill->read_ns) / 1e9};
}
