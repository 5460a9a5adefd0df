/* Files that several processes share: a lock that dies with its holder, and a log that is
 * only ever appended to. */
#ifndef ZG_IO_LOCK_H
#define ZG_IO_LOCK_H

#include "base/base.h"

typedef struct zg_lock zg_lock;

/** Take the lock that the file at `path` stands for, made with its folders as needed.
 * EEXISTS when somebody else holds it, `holder` (of `holder_len` bytes) being what that
 * one noted. The system gives the lock back when the holder dies, so that there is
 * nothing to clean up. UNSUPPORTED where the file system knows no locks. Locks of one
 * process exclude each other, too. */
zagg_status zg_lock_take(const char *path, zg_lock **out, char *holder, size_t holder_len,
                         zagg_err *err);
/** The same of one place in the file (any number): places are locked apart, and nobody
 * notes anything. EEXISTS when it is held. */
zagg_status zg_lock_take_place(const char *path, uint64_t place, zg_lock **out,
                               zagg_err *err);
/** What others are told while the lock is held. */
zagg_status zg_lock_note(zg_lock *lock, const char *text, zagg_err *err);
/** Is it held, and what did the holder note? Disturbs nobody. No such file: not held. */
zagg_status zg_lock_probe(const char *path, bool *held, char *holder, size_t holder_len,
                          zagg_err *err);
/** NULL is fine. */
void zg_lock_release(zg_lock *lock);

typedef struct zg_log_file zg_log_file;

/** Open a file of lines for appending. A last line that was cut short (its end is
 * missing) is ended first. */
zagg_status zg_log_file_open(const char *path, zg_log_file **out, zagg_err *err);
/** Append `text` and a line end, in one write where the system allows. Thread-safe. */
zagg_status zg_log_file_line(zg_log_file *file, const char *text, size_t len,
                             zagg_err *err);
void zg_log_file_close(zg_log_file *file);

#endif
