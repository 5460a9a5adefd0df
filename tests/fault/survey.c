/* What goes before a run and comes after it: a shard map from granules on disk, and the
 * report on a store. With any allocation or call failing the answer is the right one, or
 * an error that names the reason: no granule and no object is overlooked. */
#include "fault/run_fixture.h"
#include "support/fault.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { ENOUGH_FAILURES = 10 };

typedef struct survey {
    size_t n_shards;
    zagg_store_report report;
} survey;

/* Map from `granules`, a path in the fixture's folder, and report on the right store. */
static zagg_status look_around(const fixture *f, const char *granules, survey *out,
                               zagg_err *err)
{
    char config[4096], path[4096], store[4096];
    const char *const paths = path;
    zagg_pipeline *pipeline = NULL;
    zagg_grid *grid = NULL;
    zagg_worker *worker = NULL;
    zagg_shardmap *map = NULL;
    (void)snprintf(config, sizeof config, "%s/sharded.yaml", f->dir);
    (void)snprintf(path, sizeof path, "%s%s", f->dir, granules);
    (void)snprintf(store, sizeof store, "%s/right-sharded", f->dir);
    zagg_status status = zagg_pipeline_load(config, NULL, &pipeline, err);
    if (status == ZAGG_OK)
        status = zagg_grid_from_pipeline(pipeline, ZAGG_LATITUDE_AUTHALIC, &grid, err);
    if (status == ZAGG_OK)
        status = zagg_worker_new(pipeline, grid, &worker, err);
    if (status == ZAGG_OK)
        status = zagg_run_map_from_granules(worker, &paths, 1, NULL, &map, err);
    if (status == ZAGG_OK) {
        out->n_shards = map->n_shards;
        status = zagg_store_report_read(store, &out->report, err);
    }
    zagg_shardmap_free(map);
    zagg_worker_free(worker);
    zagg_grid_free(grid);
    zagg_pipeline_free(pipeline);
    return status;
}

static bool tells_reason(const zagg_err *err, int error)
{
    if (error == ENOMEM)
        return err->status == ZAGG_ENOMEM && strstr(err->msg, "memory") != NULL;
    return strstr(err->msg, strerror(error)) != NULL;
}

static void sweep(const fixture *f, const char *granules, fault_kind kind, int error)
{
    case_report r = {.set = fault_kind_name(kind)};
    zagg_err err = ZAGG_ERR_INIT;
    survey right = {0};
    assert_int_equal(look_around(f, granules, &right, &err), ZAGG_OK);
    zagg_store_report_free(&right.report);
    assert_true(right.report.cells > 0);
    const int64_t blocks = fault_live_blocks();
    const int files = fault_open_files();
    bool fired = true;
    for (int64_t nth = 1; fired && r.failed < ENOUGH_FAILURES; nth++) {
        char name[64];
        survey s = {0};
        fault_arm(&(fault_plan){.kinds = FAULT_BIT(kind), .nth = nth, .error = error});
        const zagg_status status = look_around(f, granules, &s, &err);
        fault_disarm();
        fired = fault_fired();
        zagg_store_report_free(&s.report);
        (void)snprintf(name, sizeof name, "call %lld", (long long)nth);
        if (fault_live_blocks() != blocks || fault_open_files() != files)
            case_fail(&r, name, "something leaked (%s)", err.msg);
        else if (status == ZAGG_OK
                     ? s.n_shards != 1 || s.report.cells != right.report.cells
                     : !tells_reason(&err, error))
            case_fail(&r, name, "%s: %s", zagg_status_name(status), err.msg);
        else
            case_pass(&r);
    }
    report_end(&r, 5);
}

static void memory(void **state)
{
    sweep(*state, "", FAULT_ALLOC, ENOMEM);
    sweep(*state, "/*.h5", FAULT_ALLOC, ENOMEM);
}

static void calls(void **state)
{
    sweep(*state, "", FAULT_OPEN, EMFILE);
    sweep(*state, "", FAULT_READ, EIO);
    sweep(*state, "", FAULT_STAT, EIO);
    sweep(*state, "", FAULT_LIST, EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory),
        cmocka_unit_test(calls),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
