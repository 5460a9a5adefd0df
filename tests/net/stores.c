/* Runs into s3:// stores behind a network that spoils answers: the store is the one of a
 * run into a folder, or the run says what failed, leaves whole objects only, and the next
 * run completes it without doing again what is done. */
#include "net/net_fixture.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#define STORE "s3://stores/a=1/out"
#define FOLDER "root/stores/a=1/out"

static const net_fixture *fixture_of(void **state)
{
    if (*state == NULL)
        skip();
    return *state;
}

/* ---- what must hold ---- */

/* Every object that is there is the one of the local run. */
static bool objects_are_whole(const net_fixture *f, const char *config, zg_str *why)
{
    zg_str names;
    zg_str_init(&names, 0);
    (void)net_differs(f, config, STORE, &names);
    const bool whole = names.data == NULL || (strstr(names.data, " differs") == NULL &&
                                              strstr(names.data, " should not") == NULL);
    if (!whole)
        zg_str_addf(why, "objects that should not be there:%s", names.data);
    zg_str_free(&names);
    return whole;
}

/* Shards that the records of the run call complete. */
static size_t count_records(const net_fixture *f)
{
    size_t n = 0;
    DIR *dir = opendir(net_path(f, FOLDER ".status/shards"));
    if (dir == NULL)
        return 0;
    for (const struct dirent *e; (e = readdir(dir)) != NULL;)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

/* A run without faults completes the store, and leaves out what was complete. */
static bool completes(const net_fixture *f, const char *config, zg_str *why)
{
    zagg_arena *arena = NULL;
    const size_t before = count_records(f);
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    server_script(f->s3_proxy, "");
    net_run run = net_zagg(f, "", config, "file", STORE, "--json");
    if (run.status != 0)
        zg_str_addf(why, "the next run: exit %d: %.1000s", run.status, run.err);
    else if (json_u64(json_of(arena, run.out), "cells_current") != before)
        zg_str_addf(
            why, "%llu shards left out, %zu were complete",
            (unsigned long long)json_u64(json_of(arena, run.out), "cells_current"),
            before);
    else
        (void)net_differs(f, config, STORE, why);
    net_run_free(&run);
    zagg_arena_free(arena);
    return why->len == 0;
}

/* ---- a fault at one place ---- */

typedef struct put_case {
    const char *name, *script;
    int status;       /* 0: it is got over */
    const char *says; /* else */
} put_case;

#define DATA "\"method\": \"PUT\", \"path\": \"/out/.*/c/\""
#define LOCK "\"method\": \"PUT\", \"path\": \"/out[.]status/lock\""
#define RECORD "\"method\": \"PUT\", \"path\": \"/out[.]status/shards/\""
#define LOST "\"forward\": true"

static const put_case CASES[] = {
    {"503", "{\"fault\": \"503\", " DATA ", \"after\": 3, \"times\": 2}", 0, NULL},
    {"503 that was none", "{\"fault\": \"503\", " DATA ", " LOST ", \"after\": 3}", 0,
     NULL},
    {"retry later", "{\"fault\": \"503\", \"retry_after\": 1, " DATA "}", 0, NULL},
    {"429", "{\"fault\": \"429\", " DATA ", \"after\": 1}", 0, NULL},
    {"500", "{\"fault\": \"500\", " DATA ", \"after\": 2, \"times\": 3}", 0, NULL},
    {"RequestTimeout", "{\"fault\": \"400\", \"code\": \"RequestTimeout\", " DATA "}", 0,
     NULL},
    {"reset", "{\"fault\": \"reset\", " DATA ", \"after\": 5}", 0, NULL},
    {"lost answer", "{\"fault\": \"reset\", " DATA ", " LOST ", \"after\": 2}", 0, NULL},
    {"stalled answer", "{\"fault\": \"stall\", " DATA ", " LOST "}", 0, NULL},
    {"closed", "{\"fault\": \"close\", " DATA ", \"times\": 5}", 0, NULL},
    {"lock, lost answer", "{\"fault\": \"reset\", " LOCK ", " LOST "}", 0, NULL},
    {"lock, 500 that was none", "{\"fault\": \"500\", " LOCK ", " LOST "}", 0, NULL},
    {"lock, two lost answers", "{\"fault\": \"reset\", " LOCK ", " LOST ", \"times\": 2}",
     0, NULL},
    {"lock, not taken", "{\"fault\": \"503\", " LOCK ", \"times\": 2}", 0, NULL},
    {"lock, kept",
     "{\"fault\": \"reset\", \"method\": \"DELETE\", \"path\": \"lock\", " LOST "}", 0,
     NULL},
    {"record, lost answer", "{\"fault\": \"reset\", " RECORD ", " LOST ", \"after\": 1}",
     0, NULL},
    {"list, short", "{\"fault\": \"short\", \"path\": \"list-type\"}", 0, NULL},
    {"run.json, lost answer",
     "{\"fault\": \"reset\", \"method\": \"PUT\", \"path\": \"run[.]json\", " LOST "}", 0,
     NULL},
    {"503 for good", "{\"fault\": \"503\", " DATA ", \"after\": 7, \"times\": 0}", 1,
     "HTTP 503: SlowDown"},
    {"reset for good", "{\"fault\": \"reset\", " DATA ", \"after\": 9, \"times\": 0}", 1,
     "broke after 0 bytes"},
    {"403 for good", "{\"fault\": \"403\", " DATA ", \"after\": 6, \"times\": 0}", 1,
     "HTTP 403: AccessDenied"},
    {"no HTTP", "{\"fault\": \"garbage\", " DATA ", \"after\": 6}", 1,
     "the transfer failed"},
    {"507", "{\"fault\": \"507\", " DATA ", \"after\": 6, \"times\": 0}", 1, "HTTP 507"},
    {"records for good", "{\"fault\": \"503\", " RECORD ", \"after\": 2, \"times\": 0}",
     1, "HTTP 503: SlowDown"},
    {"lock for good", "{\"fault\": \"503\", " LOCK ", \"times\": 0}", 5,
     "HTTP 503: SlowDown"},
    {"lock, damaged list",
     "{\"fault\": \"200\", \"body\": \"<Nothing/>\", \"path\": "
     "\"list-type\", \"times\": 0}",
     1, "the server's list of it"},
};

static void check(const net_fixture *f, const char *config, const put_case *c,
                  case_report *r)
{
    char name[128];
    zg_str why;
    zg_str_init(&why, 0);
    (void)snprintf(name, sizeof name, "%s: %s", config, c->name);
    net_remove(f, STORE);
    server_script(f->s3_proxy, c->script);
    net_run run = net_zagg(f, "", config, "file", STORE, "");
    if (run.status != c->status)
        zg_str_addf(&why, "exit %d: %.1500s", run.status, run.err);
    else if (c->status == 0)
        (void)net_differs(f, config, STORE, &why);
    else if (strstr(run.err, c->says) == NULL)
        zg_str_addf(&why, "'%s' is not told: %.1500s", c->says, run.err);
    else if (objects_are_whole(f, config, &why))
        (void)completes(f, config, &why);
    server_script(f->s3_proxy, "");
    if (why.len > 0)
        case_fail(r, name, "%s", why.data);
    else
        case_pass(r);
    zg_str_free(&why);
    net_run_free(&run);
}

static void puts_that_are_spoilt(void **state)
{
    const net_fixture *f = fixture_of(state);
    case_report r = {.set = "puts that are spoilt"};
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++)
        check(f, "flat", &CASES[i], &r);
    for (size_t i = 1; i < sizeof CASES / sizeof CASES[0]; i += 5)
        check(f, "hive", &CASES[i], &r);
    report_end(&r, 30);
}

/* ---- at random ---- */

/* Granules and store over the same bad line. */
static void run_at_random(const net_fixture *f, const char *script, case_report *r,
                          const char *name, unsigned *well)
{
    zg_str why;
    zg_str_init(&why, 0);
    net_remove(f, STORE);
    server_script(f->s3_proxy, script);
    net_run run = net_zagg(f, "", "flat", "s3", STORE, "");
    *well += run.status == 0;
    if (run.status == 0)
        (void)net_differs(f, "flat", STORE, &why);
    else if (run.status != 1 && run.status != 5 && run.status != 6)
        zg_str_addf(&why, "exit %d: %.1500s", run.status, run.err);
    else if (strstr(run.err, "://") == NULL)
        zg_str_addf(&why, "no URL is told: %.1500s", run.err);
    server_script(f->s3_proxy, "");
    if (why.len == 0 && run.status != 0) {
        net_run again = net_zagg(f, "", "flat", "s3", STORE, "");
        if (again.status != 0)
            zg_str_addf(&why, "the next run: exit %d: %.1500s", again.status, again.err);
        else
            (void)net_differs(f, "flat", STORE, &why);
        net_run_free(&again);
    }
    if (why.len > 0)
        case_fail(r, name, "%s", why.data);
    else
        case_pass(r);
    zg_str_free(&why);
    net_run_free(&run);
}

static void faults_at_random(void **state)
{
    static const char *const RATES[] = {"0.01", "0.1", "0.3"};
    const net_fixture *f = fixture_of(state);
    case_report r = {.set = "faults at random"};
    unsigned well = 0;
    for (size_t i = 0; i < 3; i++)
        for (unsigned seed = 1; seed <= 3; seed++) {
            char script[512], name[64];
            (void)snprintf(script, sizeof script,
                           "{\"rate\": %s, \"seed\": %u, \"faults\": [\"503\", \"429\", "
                           "\"500\", \"reset\", \"short\", \"close\"%s]}",
                           RATES[i], seed, seed == 3 ? ", \"stall\", \"garbage\"" : "");
            (void)snprintf(name, sizeof name, "%s, seed %u", RATES[i], seed);
            run_at_random(f, script, &r, name, &well);
        }
    print_message("%u of 9 runs came out well\n", well);
    assert_true(well >= 6);
    report_end(&r, 9);
}

/* ---- who may write ---- */

/* Of two runs at once whose locks get no answers at first, one writes; the other one says
 * why it does not, or comes later. */
static void one_writes(void **state)
{
    static const char SCRIPT[] =
        "{\"fault\": \"reset\", " LOCK ", " LOST ", \"times\": 3}\n"
        "{\"fault\": \"stall\", \"seconds\": 0.4, " DATA ", " LOST ", \"times\": 3}";
    static const char RUN[] =
        "zagg run -q --config flat.yaml --catalog file.json --store " STORE;
    const net_fixture *f = fixture_of(state);
    zg_str why;
    zg_str_init(&why, 0);
    for (int i = 0; i < 3; i++) {
        net_remove(f, STORE);
        server_script(f->s3_proxy, SCRIPT);
        net_run run = net_shell(f, 60, "",
                                "sh -c '%s >/dev/null 2>one & %s >/dev/null 2>two; a=$?; "
                                "wait $!; echo $? $a; "
                                "cat one two >&2'",
                                RUN, RUN);
        int one = -1, two = -1;
        assert_int_equal(sscanf(run.out, "%d %d", &one, &two), 2);
        if ((one != 0 && two != 0) ||
            ((one != 0 || two != 0) &&
             !strstr(run.err, "another run is writing into it")))
            fail_msg("exits %d and %d: %s", one, two, run.err);
        if (net_differs(f, "flat", STORE, &why) > 0)
            fail_msg("another store:%s", why.data);
        net_run_free(&run);
    }
    zg_str_free(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_that_are_spoilt),
        cmocka_unit_test(faults_at_random),
        cmocka_unit_test(one_writes),
    };
    return cmocka_run_group_tests_name("net_faults_stores", tests, net_new, net_free);
}
