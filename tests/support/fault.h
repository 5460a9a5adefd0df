/* Faults on demand, for tests of this and later parts: the n-th system call or allocation
 * of a test program fails, moves less than asked for, is interrupted, or kills the
 * process as kill -9 would.
 *
 * A test program gets the harness by naming zagg_test_fault among its LINKS. Calls of the
 * library are caught by the linker (--wrap), so they are counted in every object linked
 * into the program; memory is caught by functions that take the place of malloc, calloc,
 * realloc, free, strdup and strndup for the whole process, libyaml, json-c, libdeflate
 * and the C library included. Nothing happens until fault_arm, and nothing after
 * fault_disarm.
 *
 * The usual sweep:
 *
 *     for (int64_t nth = 1;; nth++) {
 *         fault_arm(&(fault_plan){.kinds = FAULT_BIT(FAULT_WRITE), .nth = nth,
 *                                 .effect = FAULT_FAIL, .error = ENOSPC});
 *         status = what_is_tested(&err);
 *         fault_disarm();
 *         if (!fault_fired())
 *             break; // it no longer makes nth such calls
 *         ... status, message, what is left behind ...
 *     }
 *
 * One plan is in force at a time. Counting is atomic: threads of the tested code may make
 * the calls. */
#ifndef ZAGG_TESTS_FAULT_H
#define ZAGG_TESTS_FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum fault_kind {
    FAULT_ALLOC,  /* malloc, calloc, realloc, strdup, strndup, mmap */
    FAULT_THREAD, /* pthread_create; `error` is its result */
    FAULT_OPEN,   /* open, openat */
    FAULT_READ,   /* read, pread */
    FAULT_WRITE,  /* write, pwrite, ftruncate */
    FAULT_CLOSE,  /* close: it is closed in any case */
    FAULT_RENAME,
    FAULT_REMOVE, /* unlink, unlinkat */
    FAULT_MKDIR,
    FAULT_STAT, /* stat, fstat, fstatat */
    FAULT_SYNC, /* fsync */
    FAULT_LIST, /* opendir, fdopendir, readdir */
    /* of wrapped sources and sinks (fault_io.h) */
    FAULT_SOURCE_OPEN,
    FAULT_SOURCE_READ,
    FAULT_SINK_PUT,
    FAULT_SINK_GET,
    FAULT_SINK_LIST,
    FAULT_SINK_DELETE,
    FAULT_SINK_SYNC,
    FAULT_N_KINDS
} fault_kind;
#define FAULT_BIT(kind) (1u << (kind))
/** All that changes a folder or a file. */
#define FAULT_CHANGES                                                                    \
    (FAULT_BIT(FAULT_OPEN) | FAULT_BIT(FAULT_WRITE) | FAULT_BIT(FAULT_CLOSE) |           \
     FAULT_BIT(FAULT_RENAME) | FAULT_BIT(FAULT_REMOVE) | FAULT_BIT(FAULT_MKDIR) |        \
     FAULT_BIT(FAULT_SYNC))

typedef enum fault_effect {
    FAULT_FAIL,  /* fail with `error`; nothing is done (but close does close) */
    FAULT_END,   /* reads: the file has become shorter: nothing more to read */
    FAULT_STORM, /* two of three calls fail with EINTR; reads and writes that get through
                    move 1 to 7 bytes. From the nth call on, whatever `lasting` says. */
    FAULT_KILL   /* the process is gone before the call; of a write, half is done */
} fault_effect;

typedef struct fault_plan {
    unsigned kinds; /* FAULT_BITs: their calls are counted together */
    int64_t nth;    /* which of them, from 1; 0: none, only count */
    fault_effect effect;
    int error;    /* of FAULT_FAIL */
    bool lasting; /* the nth and all later ones (a full disk), instead of only that one */
} fault_plan;

/** Reset the counters and put a plan in force. */
void fault_arm(const fault_plan *plan);
void fault_disarm(void);
/** Has the plan struck? */
bool fault_fired(void);
/** Calls of one kind between fault_arm and fault_disarm. */
int64_t fault_calls(fault_kind kind);
const char *fault_kind_name(fault_kind kind);

/** Do `work` in a child process that dies, as by kill -9, at its nth change
 * (FAULT_CHANGES; of a write, half is done). True when it was killed; a child that made
 * fewer changes must end well, which is what `work` returns, or the test fails. */
bool fault_killed(bool (*work)(void *user), void *user, int64_t nth);

/** Blocks of memory that are in use: the same before and after means that nothing leaked.
 * Mappings count as blocks. */
int64_t fault_live_blocks(void);
/** Open descriptors of this process. */
int fault_open_files(void);

/** Who watches what the tested code does to files: each call that went well, in the order
 * in which they happened, one at a time between `lock` and `unlock`. */
typedef struct fault_watcher {
    void (*lock)(void);
    void (*unlock)(void);
    void (*opened)(int fd, int dir_fd, const char *path, int flags);
    void (*wrote)(int fd, const void *data, size_t n); /* behind what was written last */
    void (*wrote_at)(int fd, const void *data, size_t n, uint64_t offset);
    void (*resized)(int fd, uint64_t size);
    void (*synced)(int fd);
    void (*renamed)(const char *from, const char *to);
    void (*removed)(int dir_fd, const char *path, int flags);
    void (*made)(const char *path);
} fault_watcher;
/** NULL: nobody. */
void fault_watch(const fault_watcher *watcher);

/** For the two files of the harness: count a call; true when it is to fail, with errno
 * set. */
bool fault_strikes(fault_kind kind);
void fault_count_block(int64_t change);

/** Let allocations of this thread through from now on, or no longer; what it was before.
 */
bool fault_exempt(bool now);

#endif
