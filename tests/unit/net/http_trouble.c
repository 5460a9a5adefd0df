/* What messages say about connections, proxies and certificates, and what they and the
 * log never say. */
#include "http_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void unset_proxies(void)
{
    static const char *const names[] = {"http_proxy",    "HTTP_PROXY",   "https_proxy",
                                        "HTTPS_PROXY",   "no_proxy",     "NO_PROXY",
                                        "SSL_CERT_FILE", "AWS_CA_BUNDLE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
}

static int clean(void **state)
{
    (void)state;
    unset_proxies();
    return 0;
}

/* A port on which nobody listens, for as long as the socket is open. */
static int bound_socket(unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static bool last_unsent; /* of the call of try_url */

static zagg_status try_url(const char *url, unsigned attempts, zagg_err *err)
{
    zg_http *http = new_http(&(zg_http_opts){.attempts = attempts});
    zg_call call = {0};
    zagg_status status = send_one(http, &call, url, err);
    last_unsent = call.unsent;
    zg_call_free(&call);
    zg_http_free(http);
    return status;
}

/* ---- connections ---- */

static void refused(void **state)
{
    (void)state;
    unsigned port;
    int fd = bound_socket(&port);
    char url[100], expected[200];
    zagg_err err;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/a", port);
    snprintf(expected, sizeof expected,
             "GET %s: no connection to 127.0.0.1:%u (IPv4 127.0.0.1): Connection refused "
             "(2 attempts)",
             url, port);
    assert_int_equal(try_url(url, 2, &err), ZAGG_EIO);
    assert_string_equal(err.msg, expected);
    assert_int_equal(err.sys_errno, ECONNREFUSED);
    assert_true(last_unsent);
    snprintf(url, sizeof url, "http://[::1]:%u/a", port);
    assert_int_equal(try_url(url, 1, &err), ZAGG_EIO);
    assert_contains(err.msg, "no connection to [::1]:");
    assert_contains(err.msg, "(IPv6 ::1): ");
    close(fd);
}

/* A listener whose queue is full does not answer those who call. */
static void no_answer(void **state)
{
    (void)state;
    enum { CALLERS = 8 };
    unsigned port;
    int fd = bound_socket(&port), callers[CALLERS];
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    char url[100];
    zagg_err err;
    assert_int_equal(listen(fd, 0), 0);
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(callers[i], (const struct sockaddr *)&address, sizeof address);
    }
    snprintf(url, sizeof url, "http://127.0.0.1:%u/a", port);
    zg_http *http = new_http(&(zg_http_opts){.attempts = 1, .connect_s = 0.2});
    zg_call call = {0};
    assert_int_equal(send_one(http, &call, url, &err), ZAGG_EIO);
    assert_contains(err.msg, "no connection to 127.0.0.1:");
    assert_contains(err.msg, " within 0.2 s (IPv4 127.0.0.1)");
    assert_true(call.unsent);
    zg_call_free(&call);
    zg_http_free(http);
    for (size_t i = 0; i < CALLERS; i++)
        close(callers[i]);
    close(fd);
}

static void unknown_name(void **state)
{
    (void)state;
    zagg_err err;
    assert_int_equal(try_url("http://nowhere.invalid/a", 3, &err), ZAGG_EIO);
    assert_contains(err.msg, "the name of nowhere.invalid:80 cannot be resolved");
    assert_true(last_unsent);
}

/* Once somebody may have read a request it is not known whether it was begun, whatever
 * becomes of later attempts. */
static void perhaps_begun(void **state)
{
    (void)state;
    const http_reply replies[] = {
        {.ending = HTTP_RESET},
        {.ending = HTTP_CLOSE},
        {.status = 503},
        {.status = 200, .body = "ab", .cut = 1, .ending = HTTP_CLOSE}};
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        http_script *server = http_script_start(&replies[i], 1);
        zagg_err err;
        assert_true(try_url(http_script_url(server, "/a"), 1, &err) != ZAGG_OK);
        assert_false(last_unsent);
        http_script_stop(server);
    }
}

/* ---- proxies ---- */

static void by_proxy(void **state)
{
    (void)state;
    const http_reply replies[] = {{.status = 200, .body = "through"},
                                  {.status = 502},
                                  {.status = 200, .body = "direct"}};
    http_script *server = http_script_start(replies, 3);
    static const char *const names[] = {"HTTP_PROXY", "http_proxy"};
    char proxy[100];
    zagg_err err;
    snprintf(proxy, sizeof proxy, "http://me:pass%%20word@127.0.0.1:%u",
             http_script_port(server));
    for (size_t i = 0; i < 2; i++) {
        setenv(names[i], proxy, 1);
        zagg_status status = try_url("http://data.invalid/a?b=c", 1, &err);
        assert_int_equal(status, i == 0 ? ZAGG_OK : ZAGG_EHTTP);
        const http_request *q = http_script_request(server, i);
        assert_string_equal(q->target, "http://data.invalid/a?b=c");
        assert_string_equal(http_request_header(q, "Proxy-Authorization"),
                            "Basic bWU6cGFzcyB3b3Jk");
        unsetenv(names[i]);
    }
    assert_contains(err.msg, "HTTP 502 (through the proxy 127.0.0.1:");
    assert_lacks(err.msg, "pass");
    setenv("HTTP_PROXY", "http://proxy.invalid:1", 1);
    setenv("NO_PROXY", "localhost,127.0.0.1", 1);
    assert_int_equal(try_url(http_script_url(server, "/near"), 1, &err), ZAGG_OK);
    assert_string_equal(http_script_request(server, 2)->target, "/near");
    http_script_stop(server);
    unset_proxies();
}

static void proxy_troubles(void **state)
{
    (void)state;
    const http_reply replies[] = {{.status = 407}, {.status = 503}};
    http_script *server = http_script_start(replies, 2);
    unsigned port;
    int fd = bound_socket(&port);
    char proxy[100], expected[100];
    zagg_err err;
    snprintf(proxy, sizeof proxy, "http://me:password@127.0.0.1:%u",
             http_script_port(server));
    setenv("HTTPS_PROXY", proxy, 1);
    assert_int_equal(try_url("https://data.invalid/a", 2, &err), ZAGG_EIO);
    assert_contains(err.msg, "the proxy 127.0.0.1:");
    assert_contains(err.msg, "answered HTTP 407 instead of connecting to data.invalid");
    assert_lacks(err.msg, "password@");
    assert_int_equal(http_script_requests(server), 1); /* asking again is of no use */
    assert_string_equal(http_script_request(server, 0)->method, "CONNECT");
    assert_int_equal(try_url("https://data.invalid/a", 2, &err), ZAGG_EIO);
    assert_contains(err.msg, "answered HTTP 503");
    assert_int_equal(http_script_requests(server), 3);

    snprintf(proxy, sizeof proxy, "http://me:password@127.0.0.1:%u", port);
    snprintf(
        expected, sizeof expected,
        "no connection to the proxy 127.0.0.1:%u (IPv4 127.0.0.1): Connection refused",
        port);
    setenv("HTTPS_PROXY", proxy, 1);
    assert_int_equal(try_url("https://data.invalid/a", 1, &err), ZAGG_EIO);
    assert_contains(err.msg, expected);
    assert_lacks(err.msg, "password");

    setenv("HTTPS_PROXY", "http://me:password@[nonsense", 1);
    zg_http *http = NULL;
    assert_int_equal(zg_http_new(NULL, &http, &err), ZAGG_ECONFIG);
    assert_contains(err.msg, "HTTPS_PROXY: ");
    assert_lacks(err.msg, "password");
    http_script_stop(server);
    close(fd);
    unset_proxies();
}

/* ---- certificates ---- */

typedef struct tls_server {
    pid_t pid;
    unsigned port;
    char *folder;
} tls_server;

/* A certificate for 127.0.0.1 that signs itself. False where there is no openssl. */
static bool make_certificate(const char *folder)
{
    char key[4096], cert[4096];
    snprintf(key, sizeof key, "%s/key.pem", folder);
    snprintf(cert, sizeof cert, "%s/cert.pem", folder);
    const char *const argv[] = {"openssl",
                                "req",
                                "-x509",
                                "-newkey",
                                "ec",
                                "-pkeyopt",
                                "ec_paramgen_curve:P-256",
                                "-nodes",
                                "-keyout",
                                key,
                                "-out",
                                cert,
                                "-subj",
                                "/CN=test",
                                "-days",
                                "2",
                                "-addext",
                                "subjectAltName=IP:127.0.0.1",
                                NULL};
    run_result result = run_program(argv, NULL);
    bool ok = result.status == 0;
    run_result_free(&result);
    return ok;
}

static void serve_tls(const char *folder, int out)
{
    if (chdir(folder) != 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        _exit(127);
    (void)execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-HTTP",
                 "-key", "key.pem", "-cert", "cert.pem", (char *)NULL);
    _exit(127);
}

static bool start_tls(tls_server *s)
{
    int ends[2];
    char line[256];
    s->folder = make_temp_dir();
    if (!make_certificate(s->folder) || pipe(ends) != 0)
        return false;
    s->pid = fork();
    if (s->pid == 0)
        serve_tls(s->folder, ends[1]);
    close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    while (s->port == 0 && out != NULL && fgets(line, sizeof line, out))
        (void)sscanf(line, "ACCEPT 127.0.0.1:%u", &s->port);
    if (out != NULL)
        fclose(out);
    return s->port != 0;
}

static void stop_tls(tls_server *s)
{
    if (s->pid > 0) {
        kill(s->pid, SIGTERM);
        (void)waitpid(s->pid, NULL, 0);
    }
    remove_tree(s->folder);
    zg_free(s->folder);
}

/* An answer as it will be sent for the path of this name. */
static void put_file(const tls_server *s, const char *name, const char *text)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/%s", s->folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static void certificates(void **state)
{
    (void)state;
    tls_server s = {0};
    char url[100], path[4200];
    zagg_err err;
    if (!start_tls(&s)) {
        print_message("skipped: no openssl to serve TLS\n");
        stop_tls(&s);
        skip();
    }
    snprintf(url, sizeof url, "https://127.0.0.1:%u/fine", s.port);
    put_file(&s, "fine", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok");
    assert_int_equal(try_url(url, 3, &err), ZAGG_EIO);
    assert_contains(err.msg, "TLS with 127.0.0.1: its certificate is refused: ");
    assert_contains(err.msg, "self-signed certificate");
    assert_lacks(err.msg, "attempts");
    snprintf(path, sizeof path, "%s/cert.pem", s.folder);
    setenv("AWS_CA_BUNDLE", "/none/of/these", 1);
    setenv("SSL_CERT_FILE", path, 1); /* which goes first */
    zagg_status status = try_url(url, 1, &err);
    if (status != ZAGG_OK)
        print_error("%s\n", err.msg);
    assert_int_equal(status, ZAGG_OK);
    put_file(&s, "bare", "HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/a\r\n\r\n");
    snprintf(url, sizeof url, "https://127.0.0.1:%u/bare", s.port);
    assert_int_equal(try_url(url, 1, &err), ZAGG_EHTTP);
    assert_contains(err.msg, "leads from https to http://127.0.0.1:1/a, which is not");
    stop_tls(&s);
    unset_proxies();
}

static void bundle_unreadable(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zg_http *http = NULL;
    setenv("AWS_CA_BUNDLE", "/none/of/these", 1);
    assert_int_equal(zg_http_new(NULL, &http, &err), ZAGG_ECONFIG);
    assert_contains(err.msg, "AWS_CA_BUNDLE: the certificates in /none/of/these cannot");
    assert_null(http);
    unset_proxies();
}

/* Someone who hangs up on whoever calls, counting. */
typedef struct hanger {
    int fd;
    size_t calls;
} hanger;

static void *hang_up(void *arg)
{
    hanger *h = arg;
    for (int fd = accept(h->fd, NULL, NULL); fd >= 0; fd = accept(h->fd, NULL, NULL)) {
        h->calls++;
        close(fd);
    }
    return NULL;
}

static void no_tls(void **state)
{
    (void)state;
    unsigned port;
    pthread_t thread;
    hanger h = {.fd = bound_socket(&port)};
    char url[100];
    zagg_err err;
    assert_int_equal(listen(h.fd, 8), 0);
    assert_int_equal(pthread_create(&thread, NULL, hang_up, &h), 0);
    snprintf(url, sizeof url, "https://127.0.0.1:%u/", port);
    assert_int_equal(try_url(url, 3, &err), ZAGG_EIO);
    shutdown(h.fd, SHUT_RDWR);
    pthread_join(thread, NULL);
    close(h.fd);
    assert_contains(err.msg, "TLS with 127.0.0.1 failed: ");
    assert_contains(err.msg, "(3 attempts)");
    assert_int_equal(h.calls, 3);
}

/* ---- secrets ---- */

typedef struct log_text {
    char text[65536];
    size_t lines;
} log_text;

static void keep_line(void *user, zagg_log_level level, const char *message)
{
    log_text *log = user;
    size_t len = strlen(log->text);
    snprintf(log->text + len, sizeof log->text - len, "%s: %s\n",
             zagg_log_level_name(level), message);
    log->lines++;
}

static zagg_status sign(void *user, const zg_call *call, unsigned attempt,
                        zg_headers *add, char **url_out, zagg_err *err)
{
    (void)user, (void)call, (void)attempt, (void)url_out, (void)err;
    zg_headers_add(add, "Authorization", "Bearer opaque-hidden1");
    zg_headers_add(add, "x-amz-security-token", "hidden2-session");
    return ZAGG_OK;
}

static void secrets_stay(void **state)
{
    (void)state;
    static log_text log;
    const http_reply replies[] = {
        {.status = 302,
         .headers =
             "Location: /signed?X-Amz-Credential=hidden3%2F20200101&X-Amz-Signature="
             "hidden4&X-Amz-Security-Token=hidden5&Signature=hidden6&Key-Pair-Id="
             "hidden7&X-Amz-Expires=3600\r\n"},
        {.status = 403,
         .body = "<Error><Code>SignatureDoesNotMatch</Code><Message>With hidden2-session "
                 "and opaque-hidden1 and AKIAHIDDEN0123456789 it does not "
                 "match</Message><AWSAccessKeyId>hidden8</AWSAccessKeyId></Error>"}};
    http_script *server = http_script_start(replies, 2);
    zagg_log *logger = zagg_log_new(ZAGG_LOG_DEBUG, keep_line, &log);
    zg_http *http = new_http(&(zg_http_opts){.log = logger});
    zg_call call = {.authorize = sign};
    zagg_err err;
    assert_int_equal(send_one(http, &call,
                              http_script_url(server, "/g?list-type=2&token=hidden9"),
                              &err),
                     ZAGG_EAUTH);
    assert_int_equal(log.lines, 2);
    assert_contains(log.text, "debug: GET http://127.0.0.1:");
    assert_contains(log.text, "/g?list-type=2&token=...: 302, 0 bytes in, 0 out, ");
    assert_contains(log.text, "X-Amz-Expires=3600: 403, ");
    assert_lacks(log.text, "hidden");
    assert_lacks(log.text, "HIDDEN");
    assert_contains(err.msg,
                    "HTTP 403: SignatureDoesNotMatch: With ... and ... and ... it");
    assert_lacks(err.msg, "hidden");
    zg_call_free(&call);
    zg_http_free(http);
    zagg_log_free(logger);
    http_script_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refused),           cmocka_unit_test(no_answer),
        cmocka_unit_test(unknown_name),      cmocka_unit_test(by_proxy),
        cmocka_unit_test(proxy_troubles),    cmocka_unit_test(certificates),
        cmocka_unit_test(bundle_unreadable), cmocka_unit_test(no_tls),
        cmocka_unit_test(secrets_stay),      cmocka_unit_test(perhaps_begun),
    };
    return cmocka_run_group_tests(tests, clean, NULL);
}
