/* Children, by posix_spawn: this process may have threads. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* memfd_create, pipe2 */
#endif
#include "dispatch/process.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PIECE = 16384, MOST_OUTPUT = 16 << 20, MOST_PATH = 4096 };
/* Between SIGTERM and SIGKILL. */
#define GRACE_S 5.0
#define COMMAND_S 300.0
/* Nothing wakes who waits for the end of a process that has closed its output: looks at
 * it begin so far apart, and become rarer. */
#define FIRST_PAUSE_S 0.001
#define LONGEST_PAUSE_S 0.05

/* ---- starting ---- */

static int input_file(const char *input, size_t len, zagg_err *err)
{
    const int fd = memfd_create("event", MFD_CLOEXEC);
    int failure = errno;
    if (fd < 0) {
        (void)zagg_err_set_errno(err, ZAGG_EIO, failure, "no file for an event");
        return -1;
    }
    if (zg_fd_write_at(fd, 0, len, input, &failure) == len)
        return fd;
    (void)zagg_err_set_errno(err, ZAGG_EIO, failure, "no room for an event");
    close(fd);
    return -1;
}

/* The environment with settings behind it; the texts are borrowed. */
static char **environment(const char *const *settings)
{
    size_t n = 0, more = 0;
    while (environ[n] != NULL)
        n++;
    while (settings != NULL && settings[more] != NULL)
        more++;
    char **list = zg_alloc(n + more + 1, sizeof *list);
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < more; i++)
        list[i] = (char *)(uintptr_t)settings[i];
    for (size_t i = 0; i < n; i++)
        list[more + i] = environ[i];
    return list;
}

static int spawn(const char *command, int in, int out, char **env, pid_t *pid)
{
    char *argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)(uintptr_t)command, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    int failure = posix_spawn_file_actions_init(&actions);
    if (failure != 0)
        return failure;
    failure = posix_spawnattr_init(&attributes);
    if (failure == 0)
        failure = posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    if (failure == 0)
        failure = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (failure == 0)
        failure = posix_spawnattr_setsigmask(&attributes, &none);
    if (failure == 0)
        failure = posix_spawnattr_setpgroup(&attributes, 0);
    if (failure == 0)
        failure = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP |
                                                            POSIX_SPAWN_SETSIGMASK);
    if (failure == 0)
        failure = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, env);
    (void)posix_spawn_file_actions_destroy(&actions);
    (void)posix_spawnattr_destroy(&attributes);
    return failure;
}

zagg_status zg_process_start(const char *command, const char *input, size_t input_len,
                             const char *const *settings, size_t most, double limit_s,
                             zg_process *out, zagg_err *err)
{
    int ends[2] = {-1, -1};
    *out = (zg_process){.fd = -1};
    zg_str_init(&out->out, most);
    const int in = input_file(input, input_len, err);
    if (in < 0)
        return err != NULL ? err->status : ZAGG_EIO;
    char **env = environment(settings);
    int failure = env == NULL ? ENOMEM : 0;
    if (failure == 0 && pipe2(ends, O_CLOEXEC) != 0)
        failure = errno;
    if (failure == 0)
        failure = spawn(command, in, ends[1], env, &out->pid);
    zg_free(env);
    close(in);
    if (ends[1] >= 0)
        close(ends[1]);
    if (failure == 0) {
        out->fd = ends[0];
        (void)fcntl(out->fd, F_SETFL, O_NONBLOCK);
        out->end_by_s = limit_s > 0 ? zg_clock_mono_s() + limit_s : 0;
        return ZAGG_OK;
    }
    if (ends[0] >= 0)
        close(ends[0]);
    out->pid = 0;
    return zagg_err_set_errno(err, ZAGG_EIO, failure, "cannot start a worker");
}

/* ---- waiting ---- */

static void close_output(zg_process *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

static void reap(zg_process *p)
{
    int status = 0;
    pid_t got;
    close_output(p);
    do
        got = waitpid(p->pid, &status, 0);
    while (got < 0 && errno == EINTR);
    p->over = true;
    p->pid = 0;
    p->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What is there now; at its end the output is closed. */
static void read_some(zg_process *p)
{
    char piece[PIECE];
    while (p->fd >= 0) {
        const ssize_t n = read(p->fd, piece, sizeof piece);
        if (n > 0)
            zg_str_addn(&p->out, piece, (size_t)n);
        else if (n < 0 && errno == EINTR)
            continue;
        else if (n < 0 && errno == EAGAIN)
            return;
        else
            close_output(p);
        if (p->out.failed) {
            (void)kill(-p->pid, SIGKILL);
            close_output(p);
        }
    }
}

static void end_overdue(zg_process *p, double now)
{
    if (p->end_by_s == 0 || now < p->end_by_s)
        return;
    (void)kill(-p->pid, p->overdue ? SIGKILL : SIGTERM);
    p->overdue = true;
    p->end_by_s = now + GRACE_S;
}

/* Has it ended? It is left as it is, so that its number is not another's before its group
 * has been dealt with. */
static bool has_ended(const zg_process *p)
{
    siginfo_t info = {.si_pid = 0};
    int failed;
    do
        failed = waitid(P_PID, (id_t)p->pid, &info, WEXITED | WNOHANG | WNOWAIT);
    while (failed != 0 && errno == EINTR);
    return failed != 0 || info.si_pid != 0;
}

static bool collect(zg_process *p)
{
    if (p->pid == 0)
        return false;
    end_overdue(p, zg_clock_mono_s());
    if (!has_ended(p))
        return false;
    read_some(p);
    if (p->overdue)
        (void)kill(-p->pid, SIGKILL);
    reap(p);
    return true;
}

static int wait_ms(double until_s)
{
    const double left = (until_s - zg_clock_mono_s()) * 1e3;
    return left <= 0 ? 0 : (int)ceil(left);
}

size_t zg_process_wait(zg_process *const *list, size_t n, double until_s)
{
    struct pollfd *fds = zg_alloc(n ? n : 1, sizeof *fds);
    size_t found = n;
    if (fds == NULL)
        return n;
    for (double pause = FIRST_PAUSE_S;; pause = fmin(2 * pause, LONGEST_PAUSE_S)) {
        for (size_t i = 0; i < n; i++) {
            fds[i].fd = list[i]->pid != 0 ? list[i]->fd : -1;
            fds[i].events = POLLIN;
        }
        const double now = zg_clock_mono_s();
        const int ready = poll(fds, (nfds_t)n, wait_ms(fmin(until_s, now + pause)));
        for (size_t i = 0; ready > 0 && i < n; i++)
            if (fds[i].revents != 0)
                read_some(list[i]);
        for (size_t i = 0; found == n && i < n; i++)
            if (collect(list[i]))
                found = i;
        if (found < n || now >= until_s)
            break;
    }
    zg_free(fds);
    return found;
}

void zg_process_free(zg_process *p)
{
    if (p->pid != 0) {
        (void)kill(-p->pid, SIGKILL);
        reap(p);
    }
    zg_str_free(&p->out);
}

/* ---- commands ---- */

zagg_status zg_command(const char *command, char **out, int *status, zagg_err *err)
{
    zg_process p;
    zg_process *list[1] = {&p};
    ZAGG_TRY(zg_process_start(command, "", 0, NULL, MOST_OUTPUT, COMMAND_S, &p, err));
    while (zg_process_wait(list, 1, zg_clock_mono_s() + 1) != 0)
        continue;
    if (p.overdue) {
        zg_process_free(&p);
        return zagg_err_set(err, ZAGG_EIO, "no answer in %.0f s from: %.200s", COMMAND_S,
                            command);
    }
    *status = p.status;
    *out = zg_str_take(&p.out);
    zg_process_free(&p);
    return *out != NULL ? ZAGG_OK
                        : zagg_err_set(err, ZAGG_ENOMEM, "no memory for an output");
}

void zg_shell_quote(zg_str *out, const char *word)
{
    zg_str_addc(out, '\'');
    for (; *word != '\0'; word++)
        if (*word == '\'')
            zg_str_add(out, "'\\''");
        else
            zg_str_addc(out, *word);
    zg_str_addc(out, '\'');
}

zagg_status zg_worker_command(char **out, zagg_err *err)
{
    char path[MOST_PATH];
    zg_str text;
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0 || n >= (ssize_t)sizeof path - 1)
        return zagg_err_set(err, ZAGG_EIO,
                            "cannot find out which program this is; give --command");
    path[n] = '\0';
    zg_str_init(&text, 0);
    zg_shell_quote(&text, path);
    zg_str_add(&text, " worker -q");
    *out = zg_str_take(&text);
    return *out != NULL ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory");
}
