/* The fault harness: the plan in force, its counters, and the system calls. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "support/fault.h"

#include "support/support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static fault_plan plan;
static atomic_bool armed, fired;
static atomic_llong calls[FAULT_N_KINDS], planned, live_blocks;

/* Memory that a thread needs before it gets to the tested code (a sanitizer's records) is
 * none of ours. */
static _Thread_local bool in_tested_code;

void fault_arm(const fault_plan *p)
{
    in_tested_code = true;
    atomic_store(&armed, false);
    plan = *p;
    for (int i = 0; i < FAULT_N_KINDS; i++)
        atomic_store(&calls[i], 0);
    atomic_store(&planned, 0);
    atomic_store(&fired, false);
    atomic_store(&armed, true);
}

void fault_disarm(void)
{
    atomic_store(&armed, false);
}

bool fault_fired(void)
{
    return atomic_load(&fired);
}

int64_t fault_calls(fault_kind kind)
{
    return atomic_load(&calls[kind]);
}

const char *fault_kind_name(fault_kind kind)
{
    static const char *const NAMES[FAULT_N_KINDS] = {
        "alloc",    "thread",    "open",        "read",        "write",
        "close",    "rename",    "remove",      "mkdir",       "stat",
        "sync",     "list",      "source open", "source read", "sink put",
        "sink get", "sink list", "sink delete", "sink sync"};
    return NAMES[kind];
}

bool fault_killed(bool (*work)(void *user), void *user, int64_t nth)
{
    int wait_status = 0;
    fflush(NULL);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        fault_arm(
            &(fault_plan){.kinds = FAULT_CHANGES, .nth = nth, .effect = FAULT_KILL});
        _exit(work(user) ? 0 : 1);
    }
    while (waitpid(pid, &wait_status, 0) < 0)
        assert_int_equal(errno, EINTR);
    if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL)
        return true;
    assert_true(WIFEXITED(wait_status));
    assert_int_equal(WEXITSTATUS(wait_status), 0);
    return false;
}

int64_t fault_live_blocks(void)
{
    return atomic_load(&live_blocks);
}

void fault_count_block(int64_t change)
{
    atomic_fetch_add_explicit(&live_blocks, change, memory_order_relaxed);
}

int fault_open_files(void)
{
    int n = 0;
    for (int fd = 0; fd < 1024; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static _Thread_local bool exempt;

bool fault_exempt(bool now)
{
    const bool before = exempt;
    exempt = now;
    return before;
}

/* Counts the call. 0: let it through; otherwise its number since the plan strikes. */
static long long due(fault_kind kind)
{
    if (!atomic_load_explicit(&armed, memory_order_relaxed) ||
        (kind == FAULT_ALLOC && (exempt || !in_tested_code)))
        return 0;
    atomic_fetch_add(&calls[kind], 1);
    if ((plan.kinds & FAULT_BIT(kind)) == 0 || plan.nth == 0)
        return 0;
    const long long since = atomic_fetch_add(&planned, 1) + 2 - plan.nth;
    const bool lasting = plan.lasting || plan.effect == FAULT_STORM;
    if (since < 1 || (since > 1 && !lasting))
        return 0;
    atomic_store(&fired, true);
    return since;
}

_Noreturn static void die(void)
{
    for (;;)
        raise(SIGKILL);
}

/* What becomes of a call: it may go on, for at most `*limit` bytes. */
typedef enum verdict { GO_ON, FAILS, ENDS } verdict;

static verdict judge(fault_kind kind, size_t *limit)
{
    const long long since = due(kind);
    if (since == 0)
        return GO_ON;
    switch (plan.effect) {
    case FAULT_KILL:
        if (limit == NULL)
            die();
        *limit /= 2; /* the caller dies behind it */
        return ENDS;
    case FAULT_END:
        return ENDS;
    case FAULT_STORM:
        if (since % 3 == 0) {
            const size_t few = 1 + (size_t)(since / 3 % 7);
            if (limit != NULL && *limit > few)
                *limit = few;
            return GO_ON;
        }
        errno = EINTR;
        return FAILS;
    default:
        errno = plan.error;
        return FAILS;
    }
}

bool fault_strikes(fault_kind kind)
{
    if (judge(kind, NULL) == GO_ON)
        return false;
    if (kind == FAULT_ALLOC)
        errno = ENOMEM;
    return true;
}

/* ---- watching ---- */

static const fault_watcher *_Atomic the_watcher;

void fault_watch(const fault_watcher *watcher)
{
    atomic_store(&the_watcher, watcher);
}

/* Return what `call` gives, and tell `event` of it (as done_) unless it failed. */
#define WATCHED(type, call, event)                                                       \
    do {                                                                                 \
        const fault_watcher *w_ = atomic_load(&the_watcher);                             \
        if (w_ == NULL)                                                                  \
            return call;                                                                 \
        w_->lock();                                                                      \
        const type done_ = call;                                                         \
        if (done_ >= 0)                                                                  \
            w_->event;                                                                   \
        w_->unlock();                                                                    \
        return done_;                                                                    \
    } while (0)

/* ---- the calls: what --wrap=NAME makes of NAME ---- */

#define WRAP(result, name, ...)                                                          \
    result __real_##name(__VA_ARGS__);                                                   \
    result __wrap_##name(__VA_ARGS__);                                                   \
    result __wrap_##name(__VA_ARGS__)

static mode_t mode_of(int flags, va_list args)
{
    return (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
}

WRAP(int, open, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = mode_of(flags, args);
    va_end(args);
    if (fault_strikes(FAULT_OPEN))
        return -1;
    WATCHED(int, __real_open(path, flags, mode), opened(done_, AT_FDCWD, path, flags));
}

WRAP(int, openat, int dir, const char *path, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    const mode_t mode = mode_of(flags, args);
    va_end(args);
    if (fault_strikes(FAULT_OPEN))
        return -1;
    WATCHED(int, __real_openat(dir, path, flags, mode), opened(done_, dir, path, flags));
}

/* What glibc makes of the two when its checks are on and the flags are not constant. */
WRAP(int, __open_2, const char *path, int flags)
{
    if (fault_strikes(FAULT_OPEN))
        return -1;
    WATCHED(int, __real___open_2(path, flags), opened(done_, AT_FDCWD, path, flags));
}

WRAP(int, __openat_2, int dir, const char *path, int flags)
{
    if (fault_strikes(FAULT_OPEN))
        return -1;
    WATCHED(int, __real___openat_2(dir, path, flags), opened(done_, dir, path, flags));
}

WRAP(ssize_t, read, int fd, void *out, size_t len)
{
    switch (judge(FAULT_READ, &len)) {
    case FAILS:
        return -1;
    case ENDS:
        if (plan.effect == FAULT_KILL)
            die();
        return 0;
    default:
        return __real_read(fd, out, len);
    }
}

WRAP(ssize_t, pread, int fd, void *out, size_t len, off_t offset)
{
    switch (judge(FAULT_READ, &len)) {
    case FAILS:
        return -1;
    case ENDS:
        if (plan.effect == FAULT_KILL)
            die();
        return 0;
    default:
        return __real_pread(fd, out, len, offset);
    }
}

WRAP(ssize_t, write, int fd, const void *data, size_t len)
{
    switch (judge(FAULT_WRITE, &len)) {
    case FAILS:
        return -1;
    case ENDS:
        if (plan.effect == FAULT_KILL) {
            (void)!__real_write(fd, data, len);
            die();
        }
        return 0;
    default:
        WATCHED(ssize_t, __real_write(fd, data, len), wrote(fd, data, (size_t)done_));
    }
}

WRAP(ssize_t, pwrite, int fd, const void *data, size_t len, off_t offset)
{
    switch (judge(FAULT_WRITE, &len)) {
    case FAILS:
        return -1;
    case ENDS:
        if (plan.effect == FAULT_KILL) {
            (void)!__real_pwrite(fd, data, len, offset);
            die();
        }
        return 0;
    default:
        WATCHED(ssize_t, __real_pwrite(fd, data, len, offset),
                wrote_at(fd, data, (size_t)done_, (uint64_t)offset));
    }
}

WRAP(int, ftruncate, int fd, off_t size)
{
    if (fault_strikes(FAULT_WRITE))
        return -1;
    WATCHED(int, __real_ftruncate(fd, size), resized(fd, (uint64_t)size));
}

/* Linux gives the descriptor up whatever close says. */
WRAP(int, close, int fd)
{
    const bool fails = fault_strikes(FAULT_CLOSE);
    const int error = errno;
    const int rc = __real_close(fd);
    if (!fails)
        return rc;
    errno = error;
    return -1;
}

WRAP(int, rename, const char *from, const char *to)
{
    if (fault_strikes(FAULT_RENAME))
        return -1;
    WATCHED(int, __real_rename(from, to), renamed(from, to));
}

WRAP(int, unlink, const char *path)
{
    if (fault_strikes(FAULT_REMOVE))
        return -1;
    WATCHED(int, __real_unlink(path), removed(AT_FDCWD, path, 0));
}

WRAP(int, unlinkat, int dir, const char *path, int flags)
{
    if (fault_strikes(FAULT_REMOVE))
        return -1;
    WATCHED(int, __real_unlinkat(dir, path, flags), removed(dir, path, flags));
}

WRAP(int, mkdir, const char *path, mode_t mode)
{
    if (fault_strikes(FAULT_MKDIR))
        return -1;
    WATCHED(int, __real_mkdir(path, mode), made(path));
}

WRAP(int, fsync, int fd)
{
    if (fault_strikes(FAULT_SYNC))
        return -1;
    WATCHED(int, __real_fsync(fd), synced(fd));
}

WRAP(int, stat, const char *path, struct stat *out)
{
    return fault_strikes(FAULT_STAT) ? -1 : __real_stat(path, out);
}

WRAP(int, fstat, int fd, struct stat *out)
{
    return fault_strikes(FAULT_STAT) ? -1 : __real_fstat(fd, out);
}

WRAP(int, fstatat, int dir, const char *path, struct stat *out, int flags)
{
    return fault_strikes(FAULT_STAT) ? -1 : __real_fstatat(dir, path, out, flags);
}

WRAP(DIR *, opendir, const char *path)
{
    return fault_strikes(FAULT_LIST) ? NULL : __real_opendir(path);
}

WRAP(DIR *, fdopendir, int fd)
{
    return fault_strikes(FAULT_LIST) ? NULL : __real_fdopendir(fd);
}

WRAP(struct dirent *, readdir, DIR *folder)
{
    return fault_strikes(FAULT_LIST) ? NULL : __real_readdir(folder);
}

/* What a new thread is to do; never given back, as nobody makes that many. */
typedef struct thread_start {
    void *(*start)(void *);
    void *arg;
} thread_start;
enum { MAX_STARTS = 1 << 16 };
static thread_start starts[MAX_STARTS];
static atomic_uint n_starts;

static void *start_thread(void *arg)
{
    const thread_start *s = arg;
    in_tested_code = true;
    return s->start(s->arg);
}

WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *how,
     void *(*start)(void *), void *arg)
{
    if (fault_strikes(FAULT_THREAD))
        return errno;
    thread_start *s = &starts[atomic_fetch_add(&n_starts, 1) % MAX_STARTS];
    *s = (thread_start){start, arg};
#ifdef FAULT_OVER_SANITIZER
    in_tested_code = false; /* sanitizers cannot do without memory here */
    const int rc = __real_pthread_create(thread, how, start_thread, s);
    in_tested_code = true;
    return rc;
#else
    return __real_pthread_create(thread, how, start_thread, s);
#endif
}
