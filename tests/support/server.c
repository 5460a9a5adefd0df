/* Starting the servers of tests/net and talking to them. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pipe2 */
#endif
#include "support/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_SERVERS = 8, MAX_ARGS = 64, START_MS = 30000, STOP_MS = 10000 };

struct test_server {
    pid_t pid;
    int stdin_fd; /* its end is what keeps the server running */
    int port, bucket_port;
    char url[64];
};

static test_server *running[MAX_SERVERS];

bool server_available(void)
{
    static const char CHECK[] = "import sys; sys.exit(sys.version_info < (3, 9))";
    static int available = -1;
    if (available < 0) {
        const char *const argv[] = {"python3", "-c", CHECK, NULL};
        run_result run = run_program(argv, NULL);
        available = run.status == 0;
        run_result_free(&run);
    }
    if (available > 0)
        return true;
    if (getenv("CI") != NULL)
        fail_msg("the tests' servers need python3, 3.9 or later");
    print_message("skipped: the tests' servers need python3, 3.9 or later\n");
    return false;
}

/* ---- start ---- */

_Noreturn static void exec_server(const char *script, const char *const *args, int in_fd,
                                  int out_fd)
{
    char *argv[MAX_ARGS + 3] = {(char *)"python3", (char *)script};
    for (size_t i = 0; args != NULL && args[i] != NULL && i < MAX_ARGS; i++)
        argv[i + 2] = (char *)args[i];
    if (dup2(in_fd, STDIN_FILENO) < 0 || dup2(out_fd, STDOUT_FILENO) < 0 ||
        setenv("PYTHONDONTWRITEBYTECODE", "1", 1) != 0)
        _exit(126);
    execvp("python3", argv);
    _exit(127);
}

/** The line "ready PORT [PORT]". */
static void read_ready(test_server *s, const char *name, int fd)
{
    char line[128];
    size_t len = 0;
    while (len + 1 < sizeof line && memchr(line, '\n', len) == NULL) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int n = poll(&ready, 1, START_MS);
        if (n < 0 && errno == EINTR)
            continue;
        ssize_t got = n > 0 ? read(fd, line + len, sizeof line - 1 - len) : 0;
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    line[len] = '\0';
    close(fd);
    char *end = NULL;
    bool ready = strncmp(line, "ready ", 6) == 0;
    if (ready) {
        s->port = (int)strtol(line + 6, &end, 10);
        s->bucket_port = (int)strtol(end, NULL, 10);
    }
    if (s->port <= 0)
        fail_msg("%s.py did not start: see its messages above", name);
    (void)snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", s->port);
}

test_server *server_start(const char *name, const char *const *args)
{
    if (!server_available())
        skip();
    char relative[128];
    int to_server[2], from_server[2];
    size_t slot = 0;
    while (slot < MAX_SERVERS && running[slot] != NULL)
        slot++;
    assert_true(slot < MAX_SERVERS);
    (void)snprintf(relative, sizeof relative, "tests/net/%s.py", name);
    const char *script = source_path(relative);
    /* Closed in whatever else the test starts, or the server would outlive it. */
    if (pipe2(to_server, O_CLOEXEC) != 0 || pipe2(from_server, O_CLOEXEC) != 0)
        fail_msg("no pipes: %s", strerror(errno));
    test_server *s = zg_alloc(1, sizeof *s);
    assert_non_null(s);
    *s = (test_server){.stdin_fd = to_server[1]};
    fflush(NULL);
    s->pid = fork();
    if (s->pid == 0)
        exec_server(script, args, to_server[0], from_server[1]);
    close(to_server[0]);
    close(from_server[1]);
    if (s->pid < 0)
        fail_msg("cannot fork: %s", strerror(errno));
    running[slot] = s;
    read_ready(s, name, from_server[0]);
    return s;
}

int server_port(const test_server *s)
{
    return s->port;
}

int server_bucket_port(const test_server *s)
{
    return s->bucket_port;
}

const char *server_url(const test_server *s)
{
    return s->url;
}

/* ---- stop ---- */

/** A server that does not see its stdin close would hold up the test for good. */
static void reap(pid_t pid)
{
    for (int waited = 0; waited < STOP_MS; waited += 5) {
        if (waitpid(pid, NULL, WNOHANG) != 0)
            return;
        (void)poll(NULL, 0, 5);
    }
    kill(pid, SIGKILL);
    (void)waitpid(pid, NULL, 0);
}

void server_stop(test_server *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < MAX_SERVERS; i++) {
        if (running[i] == s)
            running[i] = NULL;
    }
    close(s->stdin_fd);
    reap(s->pid);
    zg_free(s);
}

int server_stop_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < MAX_SERVERS; i++)
        server_stop(running[i]);
    return 0;
}

bool server_certificates(const char *dir)
{
    const char *const argv[] = {source_path("tests/net/make_certs.sh"), dir, NULL};
    run_result run = run_program(argv, NULL);
    bool made = run.status == 0;
    run_result_free(&run);
    if (!made && getenv("CI") != NULL)
        fail_msg("no certificates could be made in %s", dir);
    if (!made)
        print_message("skipped: no certificates without openssl\n");
    return made;
}

/* ---- requests ---- */

static int connect_to(const test_server *s)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)s->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        fail_msg("no connection to %s: %s", s->url, strerror(errno));
    return fd;
}

static void send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            fail_msg("a test server does not take a request: %s", strerror(errno));
        data += n;
        len -= (size_t)n;
    }
}

/** All until the other side closes. */
static char *receive_all(int fd)
{
    zg_str text;
    char block[65536];
    zg_str_init(&text, 0);
    for (;;) {
        ssize_t n = recv(fd, block, sizeof block, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        zg_str_addn(&text, block, (size_t)n);
    }
    char *whole = zg_str_take(&text);
    assert_non_null(whole);
    return whole;
}

int server_request(const test_server *s, const char *method, const char *target,
                   const char *body_in, char **body)
{
    zg_str head;
    size_t len = body_in != NULL ? strlen(body_in) : 0;
    zg_str_init(&head, 0);
    zg_str_addf(&head,
                "%s %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nConnection: close\r\n"
                "Content-Length: %zu\r\n\r\n",
                method, target, s->port, len);
    assert_false(head.failed);
    int fd = connect_to(s);
    send_all(fd, head.data, head.len);
    send_all(fd, body_in, len);
    zg_str_free(&head);
    char *answer = receive_all(fd);
    close(fd);
    const char *end = strstr(answer, "\r\n\r\n");
    if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || end == NULL)
        fail_msg("%s %s%s: no answer of HTTP", method, s->url, target);
    int status = (int)strtol(answer + 9, NULL, 10);
    if (body != NULL) {
        *body = zg_strdup(end + 4);
        assert_non_null(*body);
    }
    zg_free(answer);
    return status;
}

/* ---- counters and scripts ---- */

char *server_stats(const test_server *s)
{
    char *text = NULL;
    int status = server_request(s, "GET", "/_stats", NULL, &text);
    if (status != 200)
        fail_msg("%s/_stats: status %d", s->url, status);
    return text;
}

int64_t server_stat(const test_server *s, const char *name)
{
    char *text = server_stats(s);
    zagg_arena *arena = NULL;
    const zagg_value *tree = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_arena_new(0, &arena, &err) != ZAGG_OK ||
        zagg_json_parse(arena, text, strlen(text), s->url, &tree, &err) != ZAGG_OK)
        fail_msg("%s/_stats: %s", s->url, err.msg);
    const char *dot = strchr(name, '.');
    const zagg_value *found = NULL;
    if (dot != NULL) {
        char table[64];
        (void)snprintf(table, sizeof table, "%.*s", (int)(dot - name), name);
        const zagg_value *of = zagg_value_get(tree, table);
        assert_non_null(of);
        found = zagg_value_get(of, dot + 1);
    } else {
        found = zagg_value_get(tree, name);
        assert_non_null(found);
    }
    int64_t number = 0;
    if (found != NULL)
        assert_true(zagg_value_i64(found, &number));
    zagg_arena_free(arena);
    zg_free(text);
    return number;
}

void server_reset(const test_server *s)
{
    assert_int_equal(server_request(s, "POST", "/_reset", NULL, NULL), 204);
}

void server_script(const test_server *s, const char *json_lines)
{
    char *answer = NULL;
    int status = server_request(s, "POST", "/_script", json_lines, &answer);
    if (status != 204)
        fail_msg("a script was refused: %s", answer);
    zg_free(answer);
}
