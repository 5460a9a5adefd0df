#include "support/http_script.h"

#include "support/support.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_REQUESTS = 4096, MAX_CONNECTIONS = 1024, MAX_REPLIES = 64 };

typedef struct connection {
    http_script *server;
    pthread_t thread;
    int fd;
    size_t index;
} connection;

struct http_script {
    int listener, wake[2]; /* closing the writing end ends all threads */
    unsigned port;
    pthread_t thread;
    http_reply replies[MAX_REPLIES];
    size_t n_replies;
    http_choose choose;
    void *user;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t news;
    http_request *requests[MAX_REQUESTS];
    size_t n_requests, now, most;
    connection connections[MAX_CONNECTIONS];
    size_t n_connections;
};

static void die(const char *what)
{
    perror(what);
    abort();
}

/* ---- bytes ---- */

/* Wait until `fd` can be read (or its peer has gone); false when the server ends, or
 * after `limit_ms` where that is not negative. */
static bool wait_readable(const http_script *s, int fd, int limit_ms)
{
    struct pollfd both[2] = {{.fd = s->wake[0], .events = POLLIN},
                             {.fd = fd, .events = POLLIN}};
    while (poll(both, fd < 0 ? 1 : 2, limit_ms) < 0)
        if (errno != EINTR)
            die("poll");
    return both[0].revents == 0 && fd >= 0 && both[1].revents != 0;
}

static bool send_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        data += n;
        len -= (size_t)n;
    }
    return true;
}

/* What one connection has read and not used. */
typedef struct reader {
    char data[65536];
    size_t len;
} reader;

static bool fill(connection *c, reader *r)
{
    if (r->len == sizeof r->data || !wait_readable(c->server, c->fd, -1))
        return false;
    ssize_t n = recv(c->fd, r->data + r->len, sizeof r->data - r->len, 0);
    if (n <= 0)
        return false;
    r->len += (size_t)n;
    return true;
}

static void take(reader *r, size_t n)
{
    memmove(r->data, r->data + n, r->len - n);
    r->len -= n;
}

static size_t head_length(const reader *r)
{
    for (size_t i = 3; i < r->len; i++)
        if (memcmp(r->data + i - 3, "\r\n\r\n", 4) == 0)
            return i + 1;
    return 0;
}

static bool read_body(connection *c, reader *r, http_request *q)
{
    const char *length = http_request_header(q, "Content-Length");
    size_t want = length ? (size_t)strtoull(length, NULL, 10) : 0;
    q->body = calloc(1, want + 1);
    while (q->body_len < want) {
        size_t n = r->len < want - q->body_len ? r->len : want - q->body_len;
        memcpy(q->body + q->body_len, r->data, n);
        q->body_len += n;
        take(r, n);
        if (q->body_len < want && !fill(c, r))
            return false;
    }
    return true;
}

static void free_request(http_request *q)
{
    if (q != NULL)
        free(q->body);
    free(q);
}

/* NULL: the client or the server has gone. */
static http_request *read_request(connection *c, reader *r)
{
    size_t head;
    while ((head = head_length(r)) == 0)
        if (!fill(c, r))
            return NULL;
    http_request *q = calloc(1, sizeof *q);
    if (q == NULL)
        die("calloc");
    q->connection = c->index;
    const char *line_end = memchr(r->data, '\r', head);
    size_t skip = (size_t)(line_end - r->data) + 2;
    snprintf(q->headers, sizeof q->headers, "%.*s", (int)(head - skip - 2),
             r->data + skip);
    r->data[head - 1] = '\0';
    if (sscanf(r->data, "%15s %2047s", q->method, q->target) != 2)
        die("a request that is none");
    take(r, head);
    if (read_body(c, r, q))
        return q;
    free_request(q);
    return NULL;
}

/* ---- answers ---- */

static http_reply next_reply(http_script *s, http_request *q)
{
    pthread_mutex_lock(&s->lock);
    if (s->n_requests == MAX_REQUESTS)
        die("more requests than a test may send");
    size_t nth = s->n_requests;
    s->requests[s->n_requests++] = q;
    s->now++;
    if (s->now > s->most)
        s->most = s->now;
    pthread_cond_broadcast(&s->news);
    pthread_mutex_unlock(&s->lock);
    if (s->choose != NULL)
        return s->choose(s->user, nth, q);
    return s->replies[nth < s->n_replies ? nth : s->n_replies - 1];
}

static bool send_reply(connection *c, const http_reply *reply, const http_request *q)
{
    char head[4096];
    size_t body = reply->body == NULL   ? 0
                  : reply->body_len > 0 ? reply->body_len
                                        : strlen(reply->body);
    char length[64] = "";
    if (!reply->no_length)
        snprintf(length, sizeof length, "Content-Length: %zu\r\n", body);
    int len = snprintf(head, sizeof head, "HTTP/1.1 %d Said So\r\n%s%s\r\n",
                       reply->status, reply->headers ? reply->headers : "", length);
    if (!send_all(c->fd, head, (size_t)len))
        return false;
    if (strcmp(q->method, "HEAD") == 0)
        return true;
    if (reply->cut > 0 && reply->cut < body)
        body = reply->cut;
    return send_all(c->fd, reply->body, body);
}

static void end_request(http_script *s)
{
    pthread_mutex_lock(&s->lock);
    s->now--;
    pthread_mutex_unlock(&s->lock);
}

/* True: the connection goes on. */
static bool answer(connection *c, http_request *q)
{
    http_script *s = c->server;
    http_reply reply = next_reply(s, q);
    bool goes_on = true;
    if (reply.delay_s > 0)
        (void)wait_readable(s, -1, (int)(reply.delay_s * 1e3));
    /* Whoever has the reply may ask for the next thing before this thread goes on. */
    if (reply.ending != HTTP_STALL)
        end_request(s);
    if (reply.status != 0)
        goes_on = send_reply(c, &reply, q);
    if (reply.ending == HTTP_STALL) {
        (void)wait_readable(s, c->fd, -1);
        end_request(s);
    }
    if (reply.ending == HTTP_RESET) {
        struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    return goes_on && reply.ending == HTTP_KEEP;
}

static void *serve(void *arg)
{
    connection *c = arg;
    reader *r = calloc(1, sizeof *r);
    if (r == NULL)
        die("calloc");
    for (http_request *q = read_request(c, r); q != NULL && answer(c, q);)
        q = read_request(c, r);
    free(r);
    close(c->fd);
    return NULL;
}

static void *accept_all(void *arg)
{
    http_script *s = arg;
    while (wait_readable(s, s->listener, -1)) {
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            continue;
        int yes = 1; /* head and body are sent apart */
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        pthread_mutex_lock(&s->lock);
        if (s->n_connections == MAX_CONNECTIONS)
            die("more connections than a test may open");
        connection *c = &s->connections[s->n_connections];
        *c = (connection){.server = s, .fd = fd, .index = s->n_connections};
        s->n_connections++;
        if (pthread_create(&c->thread, NULL, serve, c) != 0)
            die("pthread_create");
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}

/* ---- start and stop ---- */

static void listen_on_loopback(http_script *s)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (s->listener < 0 ||
        bind(s->listener, (const struct sockaddr *)&address, sizeof address) != 0 ||
        listen(s->listener, 128) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&address, &len) != 0)
        die("listen");
    s->port = ntohs(address.sin_port);
}

static http_script *start(http_script s0)
{
    http_script *s = calloc(1, sizeof *s);
    if (s == NULL || pipe(s0.wake) != 0)
        die("http_script_start");
    *s = s0;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->news, NULL);
    listen_on_loopback(s);
    if (pthread_create(&s->thread, NULL, accept_all, s) != 0)
        die("pthread_create");
    return s;
}

http_script *http_script_start(const http_reply *replies, size_t n)
{
    static http_script s; /* large */
    memset(&s, 0, sizeof s);
    if (n == 0 || n > MAX_REPLIES)
        die("http_script_start: replies");
    memcpy(s.replies, replies, n * sizeof *replies);
    s.n_replies = n;
    return start(s);
}

http_script *http_script_start_with(http_choose choose, void *user)
{
    static http_script s;
    memset(&s, 0, sizeof s);
    s.choose = choose;
    s.user = user;
    return start(s);
}

void http_script_stop(http_script *s)
{
    close(s->wake[1]);
    pthread_join(s->thread, NULL);
    for (size_t i = 0; i < s->n_connections; i++)
        pthread_join(s->connections[i].thread, NULL);
    for (size_t i = 0; i < s->n_requests; i++)
        free_request(s->requests[i]);
    close(s->listener);
    close(s->wake[0]);
    pthread_cond_destroy(&s->news);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

/* ---- questions ---- */

const char *http_script_url(const http_script *s, const char *path)
{
    static char urls[4][4096];
    static unsigned turn;
    char *url = urls[turn++ % 4];
    snprintf(url, sizeof urls[0], "http://127.0.0.1:%u%s", s->port, path);
    return url;
}

unsigned http_script_port(const http_script *s)
{
    return s->port;
}

static size_t locked(http_script *s, const size_t *value)
{
    pthread_mutex_lock(&s->lock);
    size_t n = *value;
    pthread_mutex_unlock(&s->lock);
    return n;
}

size_t http_script_requests(http_script *s)
{
    return locked(s, &s->n_requests);
}

const http_request *http_script_request(http_script *s, size_t i)
{
    assert_in_range(i, 0, http_script_requests(s) - 1);
    return s->requests[i];
}

size_t http_script_connections(http_script *s)
{
    return locked(s, &s->n_connections);
}

size_t http_script_most_at_once(http_script *s)
{
    return locked(s, &s->most);
}

bool http_script_wait(http_script *s, size_t n)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 10;
    int failure = 0;
    pthread_mutex_lock(&s->lock);
    while (s->n_requests < n && failure == 0)
        failure = pthread_cond_timedwait(&s->news, &s->lock, &until);
    bool there = s->n_requests >= n;
    pthread_mutex_unlock(&s->lock);
    return there;
}

const char *http_request_header(const http_request *r, const char *name)
{
    static _Thread_local char value[2048];
    size_t len = strlen(name);
    for (const char *line = r->headers; *line;) {
        size_t end = strcspn(line, "\r\n");
        if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
            snprintf(value, sizeof value, "%.*s", (int)(end - len - 1), line + len + 1);
            return value + strspn(value, " ");
        }
        line += end + strspn(line + end, "\r\n");
    }
    return NULL;
}
