/* Runs whose granules come over a network that spoils answers: the store is the one of a
 * run on local files, or the run says what failed, ends with the code for that, and is
 * completed by the next one. */
#include "net/net_fixture.h"

#include <stdio.h>
#include <string.h>

#define STORE "out"
enum { SHARDS_FAILED = 6 };

/* Where faults strike. */
typedef struct place {
    const char *name, *map, *path;
    size_t server;  /* member of net_fixture */
    unsigned after; /* good answers for this granule before the fault */
    bool objects;   /* bodies are granules */
} place;
static const place PLACES[] = {
    {"s3", "s3", "/b[.]h5", offsetof(net_fixture, s3_proxy), 3, true},
    {"bucket", "https", "/b[.]h5", offsetof(net_fixture, bucket_proxy), 3, true},
    {"archive", "https", "/b[.]h5", offsetof(net_fixture, daac_proxy), 0, false},
};
enum { N_PLACES = sizeof PLACES / sizeof PLACES[0] };

enum {
    ONCE = 1,    /* a single one is got over */
    OBJECTS = 2, /* makes sense for bodies that are granules only */
    SLOW = 4,    /* waits for a second: at the first place only */
    SLOWER = 64, /* and not again and again */
    SOME = 8,    /* again and again at all places */
    PIECES = 16, /* not sent again, but what is missing is asked for in other pieces */
    EITHER = 32  /* may strike what is not used */
};
typedef struct fault_case {
    const char *name, *rule;
    const char *says; /* where it strikes again and again */
    unsigned is;
} fault_case;
static const fault_case FAULTS[] = {
    {"503", "\"fault\": \"503\"", "HTTP 503: SlowDown", ONCE | SOME},
    {"503, retry later", "\"fault\": \"503\", \"retry_after\": 1", "HTTP 503: SlowDown",
     ONCE | SLOW},
    {"429", "\"fault\": \"429\"", "HTTP 429: TooManyRequests", ONCE},
    {"500", "\"fault\": \"500\"", "HTTP 500: InternalError", ONCE},
    {"reset", "\"fault\": \"reset\"", "broke after 0 bytes", ONCE | SOME},
    {"reset in a body", "\"fault\": \"reset\", \"bytes\": 1000", "broke after ",
     ONCE | OBJECTS},
    {"stall", "\"fault\": \"stall\"", "stalled: less than 1 kB/s for 1 s", ONCE | SLOW},
    {"stall in a body", "\"fault\": \"stall\", \"bytes\": 1000",
     "stalled: less than 1 kB/s for 1 s", ONCE | OBJECTS | SLOW | SLOWER},
    {"slow", "\"fault\": \"slow\", \"rate\": 950", "stalled: less than 1 kB/s for 1 s",
     ONCE | OBJECTS | SLOW | SLOWER},
    {"short body", "\"fault\": \"short\"", "broke after ", ONCE | OBJECTS | SOME},
    {"long body", "\"fault\": \"long\"", "more than the ", PIECES | OBJECTS},
    {"another range", "\"fault\": \"wrong_range\"", " were asked for",
     PIECES | OBJECTS | SOME},
    {"whole object", "\"fault\": \"whole\"", "it cannot serve ranges", PIECES | OBJECTS},
    {"another length", "\"fault\": \"wrong_total\"", "changed while it was read",
     OBJECTS},
    {"another ETag", "\"fault\": \"etag\"", "changed while it was read (ETag ",
     OBJECTS | SOME},
    {"412", "\"fault\": \"412\"", "changed while it was read", OBJECTS},
    {"no HTTP", "\"fault\": \"garbage\"", "the transfer failed: ", PIECES | SOME},
    {"endless header", "\"fault\": \"long_header\"", "a header without end", PIECES},
    {"damaged body", "\"fault\": \"corrupt\"", "is damaged", OBJECTS | EITHER},
    {"closed", "\"fault\": \"close\"", NULL, ONCE},
};
enum { N_FAULTS = sizeof FAULTS / sizeof FAULTS[0] };

static const net_fixture *fixture_of(void **state)
{
    if (*state == NULL)
        skip();
    return *state;
}

static const test_server *server_of(const net_fixture *f, const place *p)
{
    return *(test_server *const *)(const void *)((const char *)f + p->server);
}

static void strike(const net_fixture *f, const place *p, const char *rule, unsigned times)
{
    char script[512];
    const test_server *server = server_of(f, p);
    (void)snprintf(script, sizeof script,
                   "{%s, \"path\": \"%s\", \"after\": %u, \"times\": %u}\n", rule,
                   p->path, p->after, times);
    server_reset(server);
    server_script(server, script);
}

static void all_well_again(const net_fixture *f)
{
    server_script(f->s3_proxy, "");
    server_script(f->daac_proxy, "");
    server_script(f->bucket_proxy, "");
}

/* Whatever was left undone is done by a run without faults, and by nothing less: a shard
 * that lacked rows and counted as whole would be left as it is. */
static void complete(const net_fixture *f, const char *map, case_report *r,
                     const char *name)
{
    zg_str why;
    zg_str_init(&why, 0);
    all_well_again(f);
    net_run run = net_zagg(f, "", "flat", map, STORE, "");
    if (run.status != 0)
        case_fail(r, name, "the next run: exit %d: %.1000s", run.status, run.err);
    else if (net_differs(f, "flat", STORE, &why) > 0)
        case_fail(r, name, "not completed by the next run:%s", why.data);
    else
        case_pass(r);
    zg_str_free(&why);
    net_run_free(&run);
}

/* Of a range: once more where its neighbours failed, and at first libcurl sends again by
 * itself what went into connections that had been used before and turned out to be
 * closed. */
static int64_t most_requests(const fault_case *c)
{
    enum { BY_ITSELF = 5 };
    return NET_ATTEMPTS + 1 + (strstr(c->rule, "reset") ? BY_ITSELF : 0);
}

/* One run under faults; `says` NULL: it has to come out well. */
static void check(const net_fixture *f, const place *p, const fault_case *c,
                  const char *says, case_report *r, const char *name)
{
    zg_str why;
    zg_str_init(&why, 0);
    net_remove(f, STORE);
    net_run run =
        net_zagg(f, c->is & SLOW ? "ZAGG_NET_ATTEMPTS=2" : "", "flat", p->map, STORE, "");
    if (c->is & EITHER && run.status == 0)
        says = NULL;
    const int64_t most = net_most_of_a_range(server_of(f, p));
    const size_t wrong = net_differs(f, "flat", STORE, &why);
    if (run.status != (says ? SHARDS_FAILED : 0))
        case_fail(r, name, "exit %d: %.1000s", run.status, run.err);
    else if (says && !strstr(run.err, says))
        case_fail(r, name, "'%s' is not told: %.1000s", says, run.err);
    else if (says && !strstr(run.err, "b.h5"))
        case_fail(r, name, "the granule is not named: %.1000s", run.err);
    else if (!says && wrong > 0)
        case_fail(r, name, "another store:%s", why.data);
    else if (most > most_requests(c))
        case_fail(r, name, "a range was asked for %lld times", (long long)most);
    else if (says)
        complete(f, p->map, r, name);
    else
        case_pass(r);
    zg_str_free(&why);
    net_run_free(&run);
}

/* What is told where it is not got over. */
static const char *expected(const fault_case *c, const place *p, bool alone)
{
    const bool passes = c->is & ONCE || (c->is & PIECES && p->objects);
    return alone && passes ? NULL : c->says;
}

static void check_all(const net_fixture *f, bool alone, const char *set, size_t at_least)
{
    case_report r = {.set = set};
    for (size_t p = 0; p < N_PLACES; p++)
        for (size_t i = 0; i < N_FAULTS; i++) {
            const fault_case *c = &FAULTS[i];
            char name[128];
            if ((c->is & OBJECTS && !PLACES[p].objects) || (p > 0 && c->is & SLOW) ||
                (p > 0 && !alone && !(c->is & SOME)) || (!alone && c->is & SLOWER))
                continue;
            (void)snprintf(name, sizeof name, "%s: %s", PLACES[p].name, c->name);
            strike(f, &PLACES[p], c->rule, alone ? 1 : 0);
            check(f, &PLACES[p], c, expected(c, &PLACES[p], alone), &r, name);
            all_well_again(f);
        }
    report_end(&r, at_least);
}

static void a_fault_alone(void **state)
{
    check_all(fixture_of(state), true, "a fault alone", 40);
}

static void a_fault_again_and_again(void **state)
{
    check_all(fixture_of(state), false, "a fault again and again", 26);
}

/* ---- at random ---- */

static void strike_all(const net_fixture *f, const char *script)
{
    server_script(f->s3_proxy, script);
    server_script(f->daac_proxy, script);
    server_script(f->bucket_proxy, script);
}

static int64_t all_struck(const net_fixture *f)
{
    static const char *const NAMES[] = {
        "503",  "429",   "500",  "reset",   "short",       "wrong_range", "whole",
        "etag", "close", "long", "garbage", "wrong_total", "stall",       "corrupt"};
    const test_server *const proxies[] = {f->s3_proxy, f->daac_proxy, f->bucket_proxy};
    int64_t n = 0;
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        for (size_t k = 0; k < 3; k++) {
            char name[64];
            (void)snprintf(name, sizeof name, "by_fault.%s", NAMES[i]);
            n += server_stat(proxies[k], name);
        }
    return n;
}

/* Any end is fine that is honest. */
static bool run_at_random(const net_fixture *f, const char *map, const char *script,
                          case_report *r, const char *name)
{
    zg_str why;
    zg_str_init(&why, 0);
    net_remove(f, STORE);
    strike_all(f, script);
    net_run run = net_zagg(f, "", "flat", map, STORE, "");
    const bool well = run.status == 0;
    const size_t wrong = well ? net_differs(f, "flat", STORE, &why) : 0;
    if (!well && run.status != SHARDS_FAILED)
        case_fail(r, name, "exit %d: %.1000s", run.status, run.err);
    else if (!well && !strstr(run.err, ".h5"))
        case_fail(r, name, "the granule is not named: %.1000s", run.err);
    else if (wrong > 0)
        case_fail(r, name, "another store:%s", why.data);
    else if (well)
        case_pass(r);
    else
        complete(f, map, r, name);
    all_well_again(f);
    zg_str_free(&why);
    net_run_free(&run);
    return well;
}

static void faults_at_random(void **state)
{
    static const char PASSING[] =
        "\"503\", \"429\", \"500\", \"reset\", \"short\", \"close\"";
    static const char ALL[] =
        "\"503\", \"429\", \"500\", \"reset\", \"short\", \"close\", "
        "\"stall\", \"wrong_range\", \"whole\", \"etag\", \"long\", "
        "\"wrong_total\", \"garbage\", \"corrupt\"";
    static const struct {
        const char *rate, *faults;
        unsigned seeds;
    } SERIES[] = {{"0.01", ALL, 2},     {"0.1", ALL, 3},     {"0.3", ALL, 3},
                  {"0.01", PASSING, 2}, {"0.1", PASSING, 4}, {"0.3", PASSING, 4}};
    static const char *const MAPS[] = {"s3", "https"};
    const net_fixture *f = fixture_of(state);
    case_report r = {.set = "faults at random"};
    unsigned well = 0;
    server_reset(f->s3_proxy);
    server_reset(f->daac_proxy);
    server_reset(f->bucket_proxy);
    for (size_t m = 0; m < 2; m++)
        for (size_t i = 0; i < sizeof SERIES / sizeof SERIES[0]; i++)
            for (unsigned seed = 1; seed <= SERIES[i].seeds; seed++) {
                char script[512], name[128];
                (void)snprintf(script, sizeof script,
                               "{\"rate\": %s, \"seed\": %u, \"faults\": [%s]}",
                               SERIES[i].rate, seed, SERIES[i].faults);
                (void)snprintf(name, sizeof name, "%s: %s of %s, seed %u", MAPS[m],
                               SERIES[i].rate, i < 3 ? "all" : "those that pass", seed);
                well += run_at_random(f, MAPS[m], script, &r, name);
            }
    print_message("%u of %zu runs came out well, %lld answers were spoilt\n", well,
                  r.passed + r.failed, (long long)all_struck(f));
    assert_true(well >= 18); /* those of what passes, at least */
    assert_true(all_struck(f) > 100);
    assert_int_equal(server_stat(f->daac, "auth_headers_seen_on_bucket"), 0);
    assert_int_equal(server_stat(f->daac, "crashes"), 0);
    assert_int_equal(server_stat(f->s3, "crashes"), 0);
    report_end(&r, 36);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fault_alone),
        cmocka_unit_test(a_fault_again_and_again),
        cmocka_unit_test(faults_at_random),
    };
    return cmocka_run_group_tests_name("net_faults_reads", tests, net_new_daac, net_free);
}
