/* Many calls at once: over few connections, of many threads, with failures among them,
 * and to a server that asks for less. */
#include "http_test.h"
#include "net/http_impl.h"

#include <stdio.h>
#include <stdlib.h>

enum { PIECE = 1000, PIECES = 300, CONNECTIONS = 4 };

/* Bytes of the object that is served: each tells where it is. */
static unsigned char byte_at(size_t i)
{
    return (unsigned char)(i * 31 + i / 251);
}

static unsigned char object[PIECE * PIECES];

static void fill_object(void)
{
    for (size_t i = 0; i < sizeof object; i++)
        object[i] = byte_at(i);
}

static http_reply serve_range(void *user, size_t nth, const http_request *q)
{
    (void)user;
    static _Thread_local char headers[100];
    size_t first = 0, last = 0;
    if (nth % 37 == 5)
        return (http_reply){.status = 500};
    if (nth % 41 == 7)
        return (http_reply){.status = 0, .ending = HTTP_RESET};
    const char *range = http_request_header(q, "Range");
    if (range == NULL || sscanf(range, "bytes=%zu-%zu", &first, &last) != 2)
        return (http_reply){.status = 400};
    snprintf(headers, sizeof headers, "Content-Range: bytes %zu-%zu/%zu\r\n", first, last,
             sizeof object);
    return (http_reply){.status = 206,
                        .headers = headers,
                        .body = (const char *)object + first,
                        .body_len = last - first + 1,
                        .delay_s = nth < 20 ? 0.005 : 0, /* so that several are there */
                        .ending = nth % 29 == 3 ? HTTP_CLOSE : HTTP_KEEP};
}

static zg_call *make_calls(const char *url, unsigned char *into)
{
    zg_call *calls = calloc(PIECES, sizeof *calls);
    assert_non_null(calls);
    for (size_t i = 0; i < PIECES; i++)
        calls[i] = (zg_call){.method = "GET",
                             .url = url,
                             .ranged = true,
                             .range_offset = i * PIECE,
                             .range_len = PIECE,
                             .into = into + i * PIECE};
    return calls;
}

static void free_calls(zg_call *calls, size_t n)
{
    for (size_t i = 0; i < n; i++)
        zg_call_free(&calls[i]);
    free(calls);
}

static void few_connections(void **state)
{
    (void)state;
    static unsigned char into[sizeof object];
    fill_object();
    http_script *server = http_script_start_with(serve_range, NULL);
    zg_http *http = new_http(&(zg_http_opts){.max_connections = CONNECTIONS});
    zg_call *calls = make_calls(http_script_url(server, "/o"), into);
    zagg_err err = ZAGG_ERR_INIT;
    if (zg_http_send(http, calls, PIECES, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_memory_equal(into, object, sizeof object);
    assert_in_range(http_script_most_at_once(server), 2, CONNECTIONS);
    const zagg_net_stats stats = zg_http_stats(http);
    assert_int_equal(stats.bytes_in, sizeof object);
    assert_true(stats.requests > PIECES && stats.retries == stats.requests - PIECES);
    assert_int_equal(stats.connections, http_script_connections(server));
    assert_true(stats.first_byte_mean_s > 0);
    assert_true(stats.first_byte_max_s >= stats.first_byte_mean_s);
    free_calls(calls, PIECES);
    zg_http_free(http);
    http_script_stop(server);
}

/* ---- threads ---- */

typedef struct worker {
    pthread_t thread;
    zg_http *http;
    const char *url;
    unsigned char into[sizeof object];
    zagg_status status;
} worker;

static void *work(void *arg)
{
    worker *w = arg;
    zg_call *calls = make_calls(w->url, w->into);
    w->status = zg_http_send(w->http, calls, PIECES, NULL);
    zg_http_count_metadata(w->http, 7);
    free_calls(calls, PIECES);
    return NULL;
}

static void many_threads(void **state)
{
    (void)state;
    enum { THREADS = 6 };
    static worker workers[THREADS];
    char url[128];
    fill_object();
    http_script *server = http_script_start_with(serve_range, NULL);
    zg_http *http = new_http(&(zg_http_opts){.max_connections = 8, .attempts = 8});
    snprintf(url, sizeof url, "%s", http_script_url(server, "/o"));
    for (size_t i = 0; i < THREADS; i++) {
        workers[i].http = http;
        workers[i].url = url;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_int_equal(workers[i].status, ZAGG_OK);
        assert_memory_equal(workers[i].into, object, sizeof object);
    }
    assert_in_range(http_script_most_at_once(server), 2, 8);
    assert_int_equal(zg_http_stats(http).metadata_bytes, 7 * THREADS);
    zg_http_free(http);
    http_script_stop(server);
}

/* ---- a failure among them ---- */

static http_reply fail_third(void *user, size_t nth, const http_request *q)
{
    (void)user, (void)nth;
    if (strcmp(q->target, "/2") == 0)
        return (http_reply){.status = 403, .body = "no"};
    return (http_reply){.status = 200, .body = "yes"};
}

static void first_failure(void **state)
{
    (void)state;
    enum { N = 40 };
    char urls[N][64];
    zg_call *calls = calloc(N, sizeof *calls);
    assert_non_null(calls);
    http_script *server = http_script_start_with(fail_third, NULL);
    zg_http *http = new_http(&(zg_http_opts){.max_connections = 1});
    for (size_t i = 0; i < N; i++) {
        char path[16];
        snprintf(path, sizeof path, "/%zu", i);
        snprintf(urls[i], sizeof urls[i], "%s", http_script_url(server, path));
        calls[i] = (zg_call){.method = "GET", .url = urls[i]};
    }
    zagg_err err;
    assert_int_equal(zg_http_send(http, calls, N, &err), ZAGG_EAUTH);
    assert_contains(err.msg, "/2: HTTP 403: no");
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(calls[i].status, i < 2    ? ZAGG_OK
                                          : i == 2 ? ZAGG_EAUTH
                                                   : ZAGG_ECANCELLED);
        assert_int_equal(calls[i].attempts, i <= 2 ? 1 : 0);
    }
    assert_int_equal(http_script_requests(server), 3);
    free_calls(calls, N);
    zg_http_free(http);
    http_script_stop(server);
}

/* ---- calls within calls ---- */

static zagg_status fetch_token(void *user, const zg_call *call, unsigned attempt,
                               zg_headers *add, char **url_out, zagg_err *err)
{
    (void)attempt, (void)url_out;
    zg_call inner = {.method = "GET", .url = call->url};
    zagg_status status = zg_http_send(user, &inner, 1, err);
    if (status == ZAGG_OK)
        zg_headers_add(add, "Authorization", inner.out_body);
    zg_call_free(&inner);
    return status;
}

static void nested(void **state)
{
    (void)state;
    enum { N = 10 };
    const http_reply reply = {.status = 200, .body = "yes"};
    http_script *server = http_script_start(&reply, 1);
    zg_http *http = new_http(&(zg_http_opts){.max_connections = 1});
    zg_call *calls = calloc(N, sizeof *calls);
    assert_non_null(calls);
    for (size_t i = 0; i < N; i++)
        calls[i] = (zg_call){.method = "GET",
                             .url = http_script_url(server, "/t"),
                             .authorize = fetch_token,
                             .user = http};
    assert_int_equal(zg_http_send(http, calls, N, NULL), ZAGG_OK);
    assert_int_equal(http_script_requests(server), 2 * N);
    free_calls(calls, N);
    zg_http_free(http);
    http_script_stop(server);
}

/* ---- less for a host that complains ---- */

static void windows(void **state)
{
    (void)state;
    zg_hosts hosts = {.most = 48};
    const zg_origin a = {.host = "a", .port = 80}, b = {.host = "b", .port = 80};
    zg_host *host = zg_hosts_take(&hosts, &a);
    assert_ptr_equal(zg_hosts_take(&hosts, &a), host);
    assert_ptr_not_equal(zg_hosts_take(&hosts, &b), host);
    host->running = 40;
    const double begun = zg_clock_mono_s();
    zg_host_answered(&hosts, host, 503, begun);
    assert_int_equal(host->window, 20);
    zg_host_answered(&hosts, host, 503, begun); /* sent before: tells nothing new */
    assert_int_equal(host->window, 20);
    zg_host_answered(&hosts, host, 206, begun);
    zg_host_answered(&hosts, host, 404, begun);
    zg_host_answered(&hosts, host, 0, begun);
    assert_int_equal(host->window, 21);
    for (size_t i = 0; i < 10; i++)
        zg_host_answered(&hosts, host, 429, zg_clock_mono_s() + 1);
    assert_int_equal(host->window, 2);
    for (size_t i = 0; i < 100; i++)
        zg_host_answered(&hosts, host, 200, begun);
    assert_int_equal(host->window, 48);
    zg_hosts_free(&hosts);
}

/* Throttles the first eight. */
static http_reply throttle_first(void *user, size_t nth, const http_request *q)
{
    (void)user, (void)q;
    return (http_reply){.status = nth < 8 ? 503 : 200, .delay_s = nth < 8 ? 0 : 0.01};
}

static void throttled(void **state)
{
    (void)state;
    enum { N = 60 };
    http_script *server = http_script_start_with(throttle_first, NULL);
    zg_http *http = new_http(&(zg_http_opts){.max_connections = 8});
    zg_call *calls = calloc(N, sizeof *calls);
    assert_non_null(calls);
    for (size_t i = 0; i < N; i++)
        calls[i] = (zg_call){.method = "GET", .url = http_script_url(server, "/t")};
    assert_int_equal(zg_http_send(http, calls, N, NULL), ZAGG_OK);
    assert_int_equal(zg_http_stats(http).throttles, 8);
    assert_int_equal(http_script_requests(server), N + 8);
    free_calls(calls, N);
    zg_http_free(http);
    http_script_stop(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_connections), cmocka_unit_test(many_threads),
        cmocka_unit_test(first_failure),   cmocka_unit_test(nested),
        cmocka_unit_test(windows),         cmocka_unit_test(throttled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
