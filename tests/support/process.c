/* Running a program and keeping its outputs; temporary folders. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* nftw, mkdtemp */
#endif
#include "support/support.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Outputs go to unnamed files, which unlike pipes cannot fill up. */
static FILE *capture_file(void)
{
    FILE *file = tmpfile();
    if (file == NULL)
        fail_msg("cannot make a temporary file: %s", strerror(errno));
    return file;
}

static char *capture_text(FILE *file)
{
    struct stat st;
    if (fstat(fileno(file), &st) != 0)
        fail_msg("cannot stat captured output");
    size_t len = (size_t)st.st_size;
    char *text = zg_alloc(len + 1, 1);
    assert_non_null(text);
    rewind(file);
    if (fread(text, 1, len, file) != len)
        fail_msg("cannot read captured output");
    fclose(file);
    return text;
}

_Noreturn static void exec_child(const char *const *argv, const char *const *extra_env,
                                 int out_fd, int err_fd)
{
    int null_fd = open("/dev/null", O_RDONLY);
    if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 ||
        dup2(out_fd, STDOUT_FILENO) < 0 || dup2(err_fd, STDERR_FILENO) < 0)
        _exit(126);
    for (size_t i = 0; extra_env != NULL && extra_env[i] != NULL; i++) {
        char *setting = strdup(extra_env[i]);
        if (setting == NULL || putenv(setting) != 0)
            _exit(126);
    }
    size_t n = 0;
    while (argv[n] != NULL)
        n++;
    char **args = calloc(n + 1, sizeof *args);
    for (size_t i = 0; args != NULL && i < n; i++)
        args[i] = strdup(argv[i]);
    if (args != NULL)
        execvp(argv[0], args);
    dprintf(STDERR_FILENO, "cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(127);
}

run_result run_program(const char *const *argv, const char *const *extra_env)
{
    run_result result = {0};
    FILE *out = capture_file();
    FILE *err = capture_file();
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        fail_msg("cannot fork: %s", strerror(errno));
    if (pid == 0)
        exec_child(argv, extra_env, fileno(out), fileno(err));
    int wait_status = 0;
    while (waitpid(pid, &wait_status, 0) < 0) {
        if (errno != EINTR)
            fail_msg("cannot wait for %s: %s", argv[0], strerror(errno));
    }
    result.status =
        WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
    result.out = capture_text(out);
    result.err = capture_text(err);
    return result;
}

void run_result_free(run_result *r)
{
    zg_free(r->out);
    zg_free(r->err);
    r->out = r->err = NULL;
}

char *make_temp_dir(void)
{
    const char *root = getenv("TMPDIR");
    zg_str path;
    zg_str_init(&path, 0);
    zg_str_addf(&path, "%s/zagg-test-XXXXXX",
                root != NULL && root[0] != '\0' ? root : "/tmp");
    char *text = zg_str_take(&path);
    if (text == NULL || mkdtemp(text) == NULL)
        fail_msg("cannot make a temporary folder: %s", strerror(errno));
    return text;
}

static int remove_entry(const char *path, const struct stat *st, int kind,
                        struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

void remove_tree(const char *path)
{
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
        print_message("cannot remove %s: %s\n", path, strerror(errno));
}
