/* Commands of the shell as children of this process: their standard input is a text that
 * lies in memory only, their standard output is taken. */
#ifndef ZG_DISPATCH_PROCESS_H
#define ZG_DISPATCH_PROCESS_H

#include "base/base.h"

#include <sys/types.h>

typedef struct zg_process {
    pid_t pid;
    int fd;          /* its standard output; -1: closed */
    zg_str out;      /* what it wrote so far */
    double end_by_s; /* moment of zg_clock_mono_s when it is ended; 0: it has all time */
    bool overdue;    /* it was told to end: the moment came */
    bool over;       /* it has ended: */
    int status;      /* its exit code, or 128 + the signal that ended it */
} zg_process;

/** Start `/bin/sh -c command` in a process group of its own, so that Ctrl-C at a terminal
 * is for this program alone. `settings`: "NAME=VALUE" (NULL at the end; NULL: none) for
 * its environment. At most `most` bytes of output are taken; a command that writes more
 * is ended. So is one that runs for more than `limit_s` (0: none does): SIGTERM to its
 * group, SIGKILL five seconds later. IO, NOMEM. */
zagg_status zg_process_start(const char *command, const char *input, size_t input_len,
                             const char *const *settings, size_t most, double limit_s,
                             zg_process *out, zagg_err *err);
/** Wait until one of n processes has ended, or until a moment of zg_clock_mono_s. Its
 * number, or n. Those without a pid are passed over. The end of the command counts, not
 * that of its output: what it left behind may hold that open, and it may close it early.
 * Sleeps at most 50 ms at a time. */
size_t zg_process_wait(zg_process *const *list, size_t n, double until_s);
/** End it with all of its group if it has not ended, and free what it wrote. */
void zg_process_free(zg_process *process);

/** Run a command to its end, for at most five minutes. *out is the caller's (zg_free).
 * IO, NOMEM. */
zagg_status zg_command(const char *command, char **out, int *status, zagg_err *err);
/** Append a word as the shell takes it whole. */
void zg_shell_quote(zg_str *out, const char *word);
/** "'/path/of/this/program' worker -q". */
zagg_status zg_worker_command(char **out, zagg_err *err);

#endif
