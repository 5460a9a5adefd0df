/* The Lambda runtime: executable `bootstrap` of a function on provided.al2023. Events go
 * to zagg_event_handle one after another; nothing is carried from one to the next. docs/
 * worker.md says what it reads of the environment. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setattr_default_np */
#endif
#include "bootstrap/runtime.h"
#include "text/text.h"
#include "zagg/worker.h"

#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* What one process may have before the sandbox is killed for it: allocations fail then,
 * and the response says so. Stacks count in full, so they are small. */
enum { MEMORY_SHARE = 95, STACK_BYTES = 1 << 20 };

/* A sanitizer's shadow is data as well, terabytes of it, so that no limit leaves room. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MEMORY_IS_LIMITED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define MEMORY_IS_LIMITED 0
#endif
#endif
#ifndef MEMORY_IS_LIMITED
#define MEMORY_IS_LIMITED 1
#endif

typedef struct session {
    zg_runtime runtime;
    const zg_invocation *now; /* NULL: between events */
    zagg_log *log;
} session;

/* ---- signals ---- */

static volatile int stop_flag;
static volatile sig_atomic_t busy;

/* Between events there is nothing to bring to an end. */
static void on_term(int number)
{
    (void)number;
    zg_stop(&stop_flag);
    if (!busy)
        _exit(0);
}

/* ---- the environment ---- */

/* The emulator sets variables to nothing. */
static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && value[0] != '\0' ? value : NULL;
}

static void limit_memory(void)
{
    const char *text = variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE");
    const unsigned long long mib = text ? strtoull(text, NULL, 10) : 0;
    struct rlimit limit;
    if (!MEMORY_IS_LIMITED || mib == 0 || mib > 1 << 20 ||
        getrlimit(RLIMIT_DATA, &limit) != 0)
        return;
    const rlim_t bytes = (rlim_t)(mib << 20) / 100 * MEMORY_SHARE;
    if (bytes < limit.rlim_cur) {
        limit.rlim_cur = bytes;
        (void)setrlimit(RLIMIT_DATA, &limit);
    }
}

/* The package has certificates of its own: a sandbox need not have any. */
static void use_certificates(void)
{
    const char *root = variable("LAMBDA_TASK_ROOT");
    char path[4096];
    const int len =
        snprintf(path, sizeof path, "%s/ca-bundle.crt", root ? root : "/var/task");
    if (variable("SSL_CERT_FILE") || variable("AWS_CA_BUNDLE") || len < 0 ||
        (size_t)len >= sizeof path || access(path, R_OK) != 0)
        return;
    (void)setenv("SSL_CERT_FILE", path, 1);
}

static void prepare_process(void)
{
    pthread_attr_t small;
    limit_memory();
    use_certificates();
    if (pthread_attr_init(&small) == 0) {
        if (pthread_attr_setstacksize(&small, STACK_BYTES) == 0)
            (void)pthread_setattr_default_np(&small);
        pthread_attr_destroy(&small);
    }
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
    signal(SIGPIPE, SIG_IGN);
    const struct sigaction term = {.sa_handler = on_term};
    sigaction(SIGTERM, &term, NULL);
}

/* ---- log ---- */

/* One object a line, with the request it belongs to. */
static void log_line(void *user, zagg_log_level level, const char *message)
{
    const session *s = user;
    char now[21];
    zg_str text;
    zg_json_out w;
    zg_clock_utc_iso(now);
    zg_str_init(&text, 0);
    zg_json_begin(&w, &text, -1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "ts", now);
    zg_json_put_str(&w, "level", zagg_log_level_name(level));
    if (s->now)
        zg_json_put_str(&w, "request_id", s->now->request_id);
    zg_json_put_str(&w, "message", message);
    zg_json_close_map(&w);
    fprintf(stderr, "%s\n", text.failed ? message : text.data);
    zg_str_free(&text);
}

static bool level_of(const char *name, zagg_log_level *out)
{
    for (zagg_log_level l = ZAGG_LOG_ERROR; l <= ZAGG_LOG_TRACE; l++) {
        if (strcmp(name, zagg_log_level_name(l)) != 0)
            continue;
        *out = l;
        return true;
    }
    return false;
}

static zagg_status open_log(session *s, zagg_err *err)
{
    const char *name = variable("ZAGG_LOG_LEVEL");
    zagg_log_level level = ZAGG_LOG_INFO;
    if (name && !level_of(name, &level))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "ZAGG_LOG_LEVEL: found '%.40s'; must be error, warn, info, "
                            "debug or trace",
                            name);
    s->log = zagg_log_new(level, log_line, s);
    return s->log ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a log");
}

/* ---- events ---- */

/* The peak of memory is that of one event, where the kernel lets us begin anew. */
static void forget_peak(void)
{
    const int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    const ssize_t n = write(fd, "5", 1);
    (void)n; /* not allowed: the peak is then that of the process */
    close(fd);
}

/* In one place for all events: setenv keeps the text of every one for good. No other
 * thread is there between events. */
static void set_trace(const zg_invocation *i)
{
    static const char NAME[] = "_X_AMZN_TRACE_ID";
    static char entry[sizeof NAME + sizeof i->trace_id];
    (void)unsetenv(NAME);
    zg_secret_wipe(entry, sizeof entry);
    if (i->trace_id[0] == '\0')
        return;
    (void)snprintf(entry, sizeof entry, "%s=%s", NAME, i->trace_id);
    (void)putenv(entry);
}

static const char *error_type(zagg_status status)
{
    switch (status) {
    case ZAGG_ENOMEM:
        return "Runtime.OutOfMemory";
    case ZAGG_EFORMAT:
    case ZAGG_ECONFIG:
        return "Runtime.UnmarshalError";
    default:
        return "Runtime.Unknown";
    }
}

static zagg_status answer(session *s, const zg_invocation *i, zagg_err *err)
{
    const zagg_event_opts opts = {.request_id = i->request_id,
                                  .remaining_s = i->remaining_s,
                                  .stop = &stop_flag,
                                  .log = s->log};
    zagg_event_response response = {0};
    zagg_err why = ZAGG_ERR_INIT;
    const zagg_status status =
        zagg_event_handle(i->event, i->event_len, &opts, &response, &why);
    if (status != ZAGG_OK)
        return zg_runtime_fail(&s->runtime, i, error_type(status), why.msg, err);
    zagg_status sent;
    if (response.len > ZG_RUNTIME_MAX_RESPONSE)
        sent = zg_runtime_fail(&s->runtime, i, "Function.ResponseSizeTooLarge",
                               "the response is larger than Lambda takes", err);
    else
        sent = zg_runtime_respond(&s->runtime, i, response.text, response.len, err);
    zagg_event_response_free(&response);
    return sent;
}

/* Who cannot be told of one event's end may be told of the next: only a failing `next`
 * ends the process. */
static zagg_status serve(session *s, zagg_err *err)
{
    zg_invocation i = {{0}, {0}, 0, NULL, 0};
    ZAGG_TRY(zg_runtime_next(&s->runtime, &i, err));
    busy = 1;
    s->now = &i;
    set_trace(&i);
    forget_peak();
    zagg_err sent = ZAGG_ERR_INIT;
    if (answer(s, &i, &sent) != ZAGG_OK)
        zagg_log_write(s->log, ZAGG_LOG_ERROR, "%s", sent.msg);
    zg_invocation_free(&i);
    s->now = NULL;
    busy = 0;
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
    return ZAGG_OK;
}

static int run(session *s)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status status = open_log(s, &err);
    if (status != ZAGG_OK) {
        fprintf(stderr, "bootstrap: %s\n", err.msg);
        zagg_err unsent = ZAGG_ERR_INIT;
        if (zg_runtime_fail_init(&s->runtime, "Init.Config", err.msg, &unsent) != ZAGG_OK)
            fprintf(stderr, "bootstrap: %s\n", unsent.msg);
        return 1;
    }
    while (status == ZAGG_OK && !zg_is_stopped(&stop_flag))
        status = serve(s, &err);
    if (status != ZAGG_OK)
        zagg_log_write(s->log, ZAGG_LOG_ERROR, "%s", err.msg);
    return status == ZAGG_OK ? 0 : 1;
}

int main(void)
{
    session s = {.now = NULL};
    zagg_err err = ZAGG_ERR_INIT;
    const char *api = variable("AWS_LAMBDA_RUNTIME_API");
    prepare_process();
    if (!api) {
        fprintf(stderr, "bootstrap: AWS_LAMBDA_RUNTIME_API is not set: this program is "
                        "started by AWS Lambda; `zagg worker` does one event by hand\n");
        return 1;
    }
    if (zg_runtime_init(&s.runtime, api, &err) != ZAGG_OK) {
        fprintf(stderr, "bootstrap: %s\n", err.msg);
        return 1;
    }
    const int code = run(&s);
    zagg_log_free(s.log);
    zg_runtime_free(&s.runtime);
    return code;
}
