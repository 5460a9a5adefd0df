/* Memory and connections where very much is asked for at once of a server that never
 * answers: bounded, and given back on a stop. */
#include "base/base.h"
#include "net_test.h"
#include "support/http_script.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MIB ((size_t)1 << 20)
enum { N_RANGES = 64, RANGE_MIB = 8, ROOM_MIB = 64, AT_ONCE = ROOM_MIB / RANGE_MIB };

/* The beginning of an object of 64 GiB; nothing of the rest ever comes. */
static http_reply beginning_only(void *user, size_t nth, const http_request *request)
{
    static const char HEADERS[] =
        "ETag: \"one\"\r\nContent-Range: bytes 0-1048575/68719476736\r\n";
    (void)request;
    if (nth > 0)
        return (http_reply){.ending = HTTP_STALL};
    return (http_reply){.status = 206, .headers = HEADERS, .body = user, .body_len = MIB};
}

typedef struct reading {
    zagg_source *source;
    zagg_range ranges[N_RANGES];
    zagg_status status;
    zagg_err err;
} reading;

static void *read_all(void *user)
{
    reading *r = user;
    r->status = zagg_source_read_many(r->source, r->ranges, N_RANGES, NULL, &r->err);
    return NULL;
}

static void no_more_than_there_is_room_for(void **state)
{
    (void)state;
    static volatile int stop;
    const zagg_net_opts opts = {.max_bytes_in_flight = ROOM_MIB * MIB, .stop = &stop};
    char *first = zg_alloc(MIB, 1), *out = zg_map(N_RANGES, RANGE_MIB * MIB);
    assert_true(first && out);
    http_script *server = http_script_start_with(beginning_only, first);
    zagg_net *net = NULL;
    reading r = {.err = ZAGG_ERR_INIT};
    pthread_t thread;
    if (zagg_net_new(&opts, &net, &r.err) != ZAGG_OK ||
        zagg_net_open_source(net, http_script_url(server, "/a.h5"), &r.source, &r.err) !=
            ZAGG_OK)
        fail_msg("%s", r.err.msg);
    for (size_t i = 0; i < N_RANGES; i++)
        r.ranges[i] =
            (zagg_range){(i + 1) << 29, RANGE_MIB * MIB, out + i * RANGE_MIB * MIB};
    const uint64_t before = zg_rss_bytes();
    assert_int_equal(pthread_create(&thread, NULL, read_all, &r), 0);
    assert_true(http_script_wait(server, 1 + AT_ONCE));
    const uint64_t during = zg_rss_bytes();
    zg_stop(&stop);
    pthread_join(thread, NULL);
    assert_int_equal(r.status, ZAGG_ECANCELLED);
    assert_true(http_script_requests(server) <= 1 + AT_ONCE);
    assert_true(http_script_connections(server) <= 1 + AT_ONCE);
    assert_true(during < before + ROOM_MIB * MIB);
    zagg_source_close(r.source);
    zagg_net_free(net);
    http_script_stop(server);
    zg_unmap(out, N_RANGES, RANGE_MIB * MIB);
    zg_free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_more_than_there_is_room_for)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
