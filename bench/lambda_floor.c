/* The least that a Lambda runtime can be, for bench/lambda.py: it takes events and
 * answers each with the same few bytes. What an event takes with it is the emulator's own
 * time, and that of two requests over a loopback connection. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BASE "/2018-06-01/runtime/invocation/"

static const char RESPONSE[] = "{\"statusCode\": 200, \"body\": \"{}\"}";

static int give_up(const char *why)
{
    fprintf(stderr, "lambda_floor: %s\n", why);
    return 1;
}

/* A connection to "address:port"; -1: none. */
static int connect_to(const char *api)
{
    char address[64];
    const char *colon = strchr(api, ':');
    if (!colon || (size_t)(colon - api) >= sizeof address)
        return -1;
    memcpy(address, api, (size_t)(colon - api));
    address[colon - api] = '\0';
    const unsigned long port = strtoul(colon + 1, NULL, 10);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int one = 1;
    if (fd < 0 || port > 65535 || inet_pton(AF_INET, address, &to.sin_addr) != 1 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        connect(fd, (const struct sockaddr *)&to, sizeof to) != 0)
        return -1;
    return fd;
}

/* Sends a request and reads the answer, head and body, into `answer`. */
static bool ask(int fd, const char *request, char *answer, size_t size)
{
    const size_t len = strlen(request);
    if (send(fd, request, len, MSG_NOSIGNAL) != (ssize_t)len)
        return false;
    size_t n = 0, want = size;
    while (n < want) {
        const ssize_t got = recv(fd, answer + n, size - 1 - n, 0);
        if (got <= 0)
            return false;
        n += (size_t)got;
        answer[n] = '\0';
        const char *end = strstr(answer, "\r\n\r\n");
        const char *length = strstr(answer, "Content-Length: ");
        if (!end)
            continue;
        if (!length || length > end)
            return false;
        want = (size_t)(end - answer) + 4 + strtoul(length + 16, NULL, 10);
        if (want >= size)
            return false;
    }
    return true;
}

static bool answer_one(int fd, const char *api)
{
    char text[8192], id[64], request[512];
    (void)snprintf(request, sizeof request,
                   "GET " BASE "next HTTP/1.1\r\nHost: %s\r\n\r\n", api);
    if (!ask(fd, request, text, sizeof text))
        return false;
    const char *found = strstr(text, "Lambda-Runtime-Aws-Request-Id: ");
    if (!found || sscanf(found, "%*s %63[0-9a-f-]", id) != 1)
        return false;
    (void)snprintf(request, sizeof request,
                   "POST " BASE "%s/response HTTP/1.1\r\nHost: %s\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   id, api, sizeof RESPONSE - 1, RESPONSE);
    return ask(fd, request, text, sizeof text);
}

int main(void)
{
    const char *api = getenv("AWS_LAMBDA_RUNTIME_API");
    const int fd = api && strlen(api) < 64 ? connect_to(api) : -1;
    if (fd < 0)
        return give_up("no connection to AWS_LAMBDA_RUNTIME_API");
    while (answer_one(fd, api)) {
    }
    close(fd);
    return give_up("the connection broke, or an answer was not understood");
}
