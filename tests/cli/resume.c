/* A store that is run into several times, and zagg status, from outside: summaries, exit
 * codes, JSON. */
#include "cli/fixture.h"

#include <stdio.h>
#include <string.h>

#define RUN "zagg run -q --config c.yaml --catalog m.json --store o "

static const cli_case CASES[] = {
    {"status of nothing", "zagg status o", 1, NULL,
     "zagg status: o: no record of a run in o.status\n"},
    {"status without a store", "zagg status", 2, NULL,
     "zagg status: name the store, e.g. zagg status out.zarr\n"},
    {"status of two stores", "zagg status a b", 2, NULL,
     "zagg status: b: one store at a time\n"},
    {"interval that is none", "zagg status o --interval 0", 2, NULL, "*interval*"},
    {"first run", RUN, 0, "\nDone: * cells with data, * obs, 0 errors, *s\nOutput: o\n",
     NULL},
    {"the same again", RUN "--resume", 0,
     "\nDone: 0 cells with data, 0 obs, 0 errors, *s\nSkipped: * cells finished by an "
     "earlier run, * obs\nOutput: o\n",
     NULL},
    {"told for each shard", "zagg run --config c.yaml --catalog m.json --store o", 0,
     "\nDone: *", "*  [1/*] *: finished by an earlier run\n*"},
    {"all again", RUN "--no-resume", 0,
     "\nDone: * cells with data, * obs, 0 errors, *s\nOutput: o\n", NULL},
    {"status", "zagg status o", 0,
     "o: finished\n  run        *, process * on *\n  config     c.yaml\n  started    *, "
     "ended *\n  shards     * of * done, 0 skipped, 0 failed, 0 remaining\n  time *\n  "
     "written *\n",
     NULL},
    {"watching what has ended", "zagg status o --watch", 0, "o: finished\n*", NULL},
    {"another config",
     "sed 's/dtype: int32/dtype: int32, attrs: {x: 1}/' c.yaml > d.yaml; "
     "! cmp -s c.yaml d.yaml && zagg run -q --config d.yaml --catalog m.json --store o",
     1, NULL, "error: store o: *; --overwrite replaces *\n"},
    {"two granules", "zagg run -q --config c.yaml --catalog both.json --store two", 0,
     "*", NULL},
    {"fewer of them", "zagg run -q --config c.yaml --catalog m.json --store two", 6,
     "*\nRefused: * cells would lose granules; --allow-contraction writes them\n*",
     "error: [*/*] *: the shard map lacks granule b.h5, of which this shard was made; "
     "--allow-contraction writes it without\n*"},
    {"status of a run with failures", "zagg status two", 6,
     "two: finished\n*  errors     *: the shard map lacks granule b.h5*", NULL},
    {"allowed",
     "zagg run -q --config c.yaml --catalog m.json --allow-contraction --store two", 0,
     "*", NULL},
    {"no place for the status folder",
     ": > f.status; zagg run -q --config c.yaml --catalog m.json --store f", 1, NULL,
     "error: f.status is not a directory\n"},
};

static void cases(void **state)
{
    write_map(*state, "both.json",
              (map_parts){.granules = "{\"s3\": \"g/a.h5\"}, {\"s3\": \"g/b.h5\"}"});
    check_cases(*state, "resume", CASES, sizeof CASES / sizeof CASES[0]);
}

static void json(void **state)
{
    const fixture *f = *state;
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    zg_free(shell_ok(f->dir, "rm -rf o o.status; " RUN));
    char *text = shell_ok(f->dir, RUN "--json");
    const zagg_value *v = json_of(arena, text);
    const uint64_t n = json_u64(v, "total_cells");
    assert_true(n > 0);
    assert_int_equal(json_u64(v, "cells_current"), n);
    assert_int_equal(json_u64(v, "cells_refused"), 0);
    zg_free(text);
    text = shell_ok(f->dir, "zagg status o --json");
    v = json_of(arena, text);
    assert_true(zagg_value_is(zagg_value_get(v, "state"), "finished"));
    assert_int_equal(json_u64(v, "selected"), n);
    assert_int_equal(json_u64(v, "skipped"), n);
    assert_int_equal(json_u64(v, "done"), 0);
    zg_free(text);
    zagg_arena_free(arena);
}

/* kill -9 of the program in the middle: crashed, and the same command completes it. */
static void killed(void **state)
{
    const fixture *f = *state;
    zg_free(shell_ok(f->dir, "rm -rf o o.status right right.status; zagg run -q --config "
                             "c.yaml --catalog m.json --store right"));
    char *text = shell_ok(
        f->dir,
        "zagg run -q --config c.yaml --catalog m.json --store o --max-workers 1 & "
        "while [ ! -s o.status/journal.ndjson ]; do :; done; kill -9 $!; wait $! "
        "2>/dev/null; zagg status o --json || true");
    zagg_arena *arena = NULL;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    const zagg_value *at = zagg_value_get(json_of(arena, text), "state");
    /* a run that small may be at its end already */
    assert_true(zagg_value_is(at, "crashed") || zagg_value_is(at, "finished"));
    zg_free(text);
    zagg_arena_free(arena);
    zg_free(shell_ok(f->dir, RUN));
    assert_same_stores(f, "right", "o");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cases),
        cmocka_unit_test(json),
        cmocka_unit_test(killed),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
