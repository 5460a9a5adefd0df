/* One request as libcurl carries it out. All of it runs on the engine's thread. */
#include "net/http_impl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { SEND_BYTES = 16 << 10 }; /* the least that libcurl takes */
enum { KEEPALIVE_IDLE_S = 30, KEEPALIVE_INTERVAL_S = 10, STALL_BYTES_PER_S = 1000 };

/* ---- callbacks ---- */

static size_t on_header(char *data, size_t size, size_t n, void *user)
{
    zg_transfer *t = user;
    return zg_answer_line(&t->answer, t->call, data, size * n) ? size * n : 0;
}

static size_t on_body(char *data, size_t size, size_t n, void *user)
{
    zg_transfer *t = user;
    return zg_answer_body(&t->answer, data, size * n) ? size * n : 0;
}

/* Remember whom a connection was tried to, for the message if there will be none. */
static void remember(zg_transfer *t, const struct curl_sockaddr *address)
{
    char text[INET6_ADDRSTRLEN];
    size_t len = strlen(t->tried);
    const void *bytes;
    in_port_t port;
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } to;
    memset(&to, 0, sizeof to);
    memcpy(&to, &address->addr,
           address->addrlen < sizeof to ? address->addrlen : sizeof to);
    if (address->family == AF_INET) {
        bytes = &to.v4.sin_addr;
        port = to.v4.sin_port;
    } else if (address->family == AF_INET6) {
        bytes = &to.v6.sin6_addr;
        port = to.v6.sin6_port;
    } else {
        return;
    }
    t->tried_port = ntohs(port);
    if (inet_ntop(address->family, bytes, text, sizeof text) == NULL)
        return;
    if (len + strlen(text) + 8 < sizeof t->tried)
        snprintf(t->tried + len, sizeof t->tried - len, "%s%s %s", len > 0 ? ", " : "",
                 address->family == AF_INET ? "IPv4" : "IPv6", text);
}

/* There is a connection, new or not, and the request is about to be sent. */
static int on_connected(void *user, char *their_ip, char *our_ip, int their_port,
                        int our_port)
{
    zg_transfer *t = user;
    (void)their_ip, (void)our_ip, (void)their_port, (void)our_port;
    zg_engine_connected(t->engine, t);
    return CURL_PREREQFUNC_OK;
}

static curl_socket_t on_socket(void *user, curlsocktype purpose,
                               struct curl_sockaddr *address)
{
    (void)purpose;
    zg_transfer *t = user;
    remember(t, address);
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd < 0)
        t->sys_errno = errno;
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* ---- what is asked ---- */

#define SET(option, value)                                                               \
    do {                                                                                 \
        if (code == CURLE_OK)                                                            \
            code = zg_libcurl.easy_setopt(t->easy, option, value);                       \
    } while (0)

static CURLcode set_request(zg_transfer *t)
{
    const zg_call *call = t->call;
    bool head = strcmp(call->method, "HEAD") == 0;
    bool get = strcmp(call->method, "GET") == 0;
    bool with_body = call->body_len > 0 || strcmp(call->method, "PUT") == 0 ||
                     strcmp(call->method, "POST") == 0;
    CURLcode code = CURLE_OK;
    SET(CURLOPT_URL, t->url);
    SET(CURLOPT_HTTPHEADER, t->headers);
    if (head) {
        SET(CURLOPT_NOBODY, 1L);
    } else if (with_body) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body_len);
        SET(CURLOPT_POSTFIELDS, call->body_len > 0 ? (const char *)call->body : "");
    }
    if (!head && !get)
        SET(CURLOPT_CUSTOMREQUEST, call->method);
    if (t->fresh)
        SET(CURLOPT_FRESH_CONNECT, 1L);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, t);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, t);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_socket);
    SET(CURLOPT_OPENSOCKETDATA, t);
    SET(CURLOPT_PREREQFUNCTION, on_connected);
    SET(CURLOPT_PREREQDATA, t);
    SET(CURLOPT_ERRORBUFFER, t->reason);
    SET(CURLOPT_PRIVATE, t);
    return code;
}

static CURLcode set_manners(zg_transfer *t, const zg_http_opts *opts)
{
    CURLcode code = CURLE_OK;
    SET(CURLOPT_USERAGENT, "zagg/" ZAGG_VERSION);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
    SET(CURLOPT_PATH_AS_IS, 1L); /* keys of objects may hold "/./" */
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_S);
    SET(CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_INTERVAL_S);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)ceil(opts->connect_s * 1e3));
    SET(CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES_PER_S);
    SET(CURLOPT_LOW_SPEED_TIME, (long)ceil(opts->stall_s));
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    /* Refused where a transfer that failed early has left its buffer behind. */
    if (code == CURLE_OK)
        (void)zg_libcurl.easy_setopt(t->easy, CURLOPT_BUFFERSIZE,
                                     (long)opts->receive_bytes);
    if (code == CURLE_OK && opts->frugal)
        (void)zg_libcurl.easy_setopt(t->easy, CURLOPT_UPLOAD_BUFFERSIZE,
                                     (long)SEND_BYTES);
    if (code == CURLE_OK) /* a stop does not wait for a name server; since 7.87 */
        (void)zg_libcurl.easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
    return code;
}

static const zg_proxy *proxy_of(const zg_transfer *t, const zg_http_env *env)
{
    return t->origin.tls ? &env->https : &env->http;
}

CURLcode zg_transfer_prepare(zg_transfer *t, const zg_http_opts *opts,
                             const zg_http_env *env)
{
    const zg_proxy *proxy = proxy_of(t, env);
    t->refused_before = zg_curl_refused();
    CURLcode code = set_request(t);
    if (code == CURLE_OK)
        code = set_manners(t, opts);
    /* Given in any case: libcurl would look into the environment by itself otherwise. */
    SET(CURLOPT_PROXY, proxy->url ? proxy->url : "");
    SET(CURLOPT_NOPROXY, env->no_proxy ? env->no_proxy : "");
    if (env->ca_file != NULL) {
        SET(CURLOPT_CAINFO, env->ca_file);
        SET(CURLOPT_PROXY_CAINFO, env->ca_file);
    }
    return code;
}

/* ---- what came ---- */

static double seconds_of(zg_transfer *t, CURLINFO info)
{
    curl_off_t us = 0;
    (void)zg_libcurl.easy_getinfo(t->easy, info, &us);
    return (double)us * 1e-6;
}

static long long_of(zg_transfer *t, CURLINFO info)
{
    long value = 0;
    (void)zg_libcurl.easy_getinfo(t->easy, info, &value);
    return value;
}

/* There is a proxy, but NO_PROXY may have kept this transfer from it: libcurl of this age
 * does not tell, but the port does, and its own words. */
static bool went_by_proxy(zg_transfer *t, const zg_proxy *proxy)
{
    if (proxy->url == NULL)
        return false;
    if (t->proxy_status != 0 || t->result == CURLE_COULDNT_RESOLVE_PROXY ||
        t->result == CURLE_PROXY)
        return true;
    long port = t->tried_port ? (long)t->tried_port : long_of(t, CURLINFO_PRIMARY_PORT);
    return port == (long)proxy->port &&
           (proxy->port != t->origin.port || strstr(t->reason, proxy->host) != NULL);
}

static bool follows(const zg_call *call)
{
    return !call->no_redirects &&
           (strcmp(call->method, "GET") == 0 || strcmp(call->method, "HEAD") == 0);
}

static void collect_location(zg_transfer *t)
{
    char *url = NULL;
    (void)zg_libcurl.easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url);
    if (url == NULL || !follows(t->call))
        return;
    t->location = zg_strdup(url);
    if (t->location == NULL) {
        t->answer.flaw = ZG_FLAW_NOMEM;
        snprintf(t->answer.flaw_text, sizeof t->answer.flaw_text,
                 "no memory for a redirect");
    }
}

void zg_transfer_collect(zg_transfer *t, const zg_http_env *env)
{
    curl_off_t n = 0;
    t->lacked_memory = zg_curl_refused() != t->refused_before;
    t->proxy_status = long_of(t, CURLINFO_HTTP_CONNECTCODE);
    if (t->proxy_status / 100 == 2)
        t->proxy_status = 0;
    t->by_proxy = went_by_proxy(t, proxy_of(t, env));
    long sys_errno = long_of(t, CURLINFO_OS_ERRNO);
    if (sys_errno != 0)
        t->sys_errno = (int)sys_errno;
    t->connects = long_of(t, CURLINFO_NUM_CONNECTS);
    double sent = seconds_of(t, CURLINFO_PRETRANSFER_TIME_T);
    double first = seconds_of(t, CURLINFO_STARTTRANSFER_TIME_T);
    t->was_connected = sent > 0 || t->tried[0] == '\0';
    t->unsent = t->result == CURLE_COULDNT_RESOLVE_HOST ||
                t->result == CURLE_COULDNT_RESOLVE_PROXY ||
                (t->result != CURLE_OK && !t->was_connected);
    t->first_byte_s = first > sent ? first - sent : 0;
    t->seconds = seconds_of(t, CURLINFO_TOTAL_TIME_T);
    (void)zg_libcurl.easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &n);
    t->bytes_out = (uint64_t)n;
    n = 0;
    (void)zg_libcurl.easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &n);
    t->retry_after_s = n > 0 ? (double)n : 0;
    if (t->answer.status >= 300 && t->answer.status < 400)
        collect_location(t);
}
