/* One shard through the library's parts, with the requests of sources and sinks failing
 * in turn, as those of a server do: before or after the server has done what was asked.
 */
#include "fault/run_fixture.h"
#include "support/fault_io.h"

#include <stdio.h>
#include <string.h>

enum { ENOUGH_FAILURES = 10 };

/* Config, shard map and all that is compiled from them. */
typedef struct parts {
    zagg_pipeline *pipeline;
    zagg_shardmap *map;
    zagg_grid *grid;
    zagg_worker *worker;
    zagg_store_plan *plan;
} parts;

static parts parts_new(const fixture *f, store_kind kind)
{
    const char *name = kind == SHARDED ? "sharded" : "chunked";
    char config[64], map[64];
    zagg_err err = ZAGG_ERR_INIT;
    parts p = {0};
    (void)snprintf(config, sizeof config, "%s.yaml", name);
    (void)snprintf(map, sizeof map, "%s.json", name);
    if (zagg_pipeline_load(fixture_path(f, config), NULL, &p.pipeline, &err) != ZAGG_OK ||
        zagg_shardmap_load(fixture_path(f, map), &p.map, &err) != ZAGG_OK ||
        zagg_grid_from_pipeline(p.pipeline, ZAGG_LATITUDE_AUTHALIC, &p.grid, &err) !=
            ZAGG_OK ||
        zagg_worker_new(p.pipeline, p.grid, &p.worker, &err) != ZAGG_OK ||
        zagg_store_plan_new(p.pipeline, p.grid, &p.plan, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return p;
}

static void parts_free(parts *p)
{
    zagg_store_plan_free(p->plan);
    zagg_worker_free(p->worker);
    zagg_grid_free(p->grid);
    zagg_shardmap_free(p->map);
    zagg_pipeline_free(p->pipeline);
}

/* Template, shard, consolidated metadata: what a run does, through the wrappers. */
static zagg_status write_store(const parts *p, fault_io *io, zagg_sink *store,
                               bool overwrite, zagg_shard_result *result, zagg_err *err)
{
    const zagg_shard_entry *entry = &p->map->shards[0];
    const zagg_shard_opts opts = {.open = fault_source_open, .open_user = io};
    zagg_store_writer *writer = NULL;
    zagg_shard shard;
    ZAGG_TRY(zagg_zarr_create(store, zagg_store_plan_template(p->plan), overwrite, err));
    ZAGG_TRY(zagg_store_plan_write_static(p->plan, store, err));
    ZAGG_TRY(zagg_grid_shard(p->grid, entry->key, &shard, err));
    ZAGG_TRY(zagg_store_writer_new(p->plan, store, &writer, err));
    zagg_status status =
        zagg_process_shard(p->worker, entry->key, &entry->granules[0]->s3, 1, &opts,
                           zagg_store_writer_carrier, writer, result, err);
    if (status == ZAGG_OK && !result->no_data)
        status = zagg_store_writer_finish(writer, &shard, err);
    zagg_store_writer_free(writer);
    ZAGG_TRY(status);
    return zagg_zarr_consolidate(store, err);
}

static run_end run_parts(const fixture *f, const parts *p, const run_how *how,
                         fault_io *io)
{
    run_end end = {.err = ZAGG_ERR_INIT};
    zagg_sink *inner = NULL, *store = NULL;
    zagg_shard_result result = {0};
    end.status = zagg_sink_open_dir(fixture_path(f, how->store), &inner, &end.err);
    if (end.status == ZAGG_OK)
        end.status = fault_sink_open(io, inner, &store, &end.err);
    if (end.status == ZAGG_OK)
        end.status = write_store(p, io, store, how->overwrite, &result, &end.err);
    zagg_sink_close(store);
    end.failed = result.failed;
    end.incomplete = !result.failed && result.read_errors + result.granule_errors > 0;
    end.with_data = !result.no_data;
    end.obs = result.total_obs;
    (void)snprintf(end.shard_error, sizeof end.shard_error, "%s",
                   result.error[0] != '\0'  ? result.error
                   : result.n_exemplars > 0 ? result.exemplars[0]
                                            : "");
    return end;
}

typedef struct object_case {
    fault_kind kind;
    zagg_status status;
    bool late, overwrite;
} object_case;

static const object_case CASES[] = {
    {FAULT_SOURCE_OPEN, ZAGG_ENOTFOUND, false, false},
    {FAULT_SOURCE_OPEN, ZAGG_EAUTH, false, false},
    {FAULT_SOURCE_READ, ZAGG_EHTTP, false, false},
    {FAULT_SOURCE_READ, ZAGG_ENOMEM, false, false},
    {FAULT_SOURCE_READ, ZAGG_EIO, true, true},
    {FAULT_SINK_PUT, ZAGG_EHTTP, false, false},
    {FAULT_SINK_PUT, ZAGG_EHTTP, true, false},
    {FAULT_SINK_PUT, ZAGG_EIO, false, true},
    {FAULT_SINK_PUT, ZAGG_EAUTH, true, true},
    {FAULT_SINK_GET, ZAGG_EHTTP, false, false},
    {FAULT_SINK_GET, ZAGG_EIO, false, true},
    {FAULT_SINK_LIST, ZAGG_EHTTP, false, false},
    {FAULT_SINK_LIST, ZAGG_EHTTP, true, false},
    {FAULT_SINK_DELETE, ZAGG_EHTTP, false, true},
    {FAULT_SINK_DELETE, ZAGG_EHTTP, true, true},
};

/* False when the plan did not strike any more. */
static bool step(const fixture *f, const parts *p, const run_how *how,
                 const object_case *c, int64_t nth, case_report *r)
{
    char name[96];
    zg_str why;
    fault_io io = {c->status, c->late};
    remove_store(f, how->store);
    if (c->overwrite)
        assert_int_equal(run_parts(f, p, how, &io).status, ZAGG_OK);
    fault_arm(&(fault_plan){.kinds = FAULT_BIT(c->kind), .nth = nth});
    const run_end end = run_parts(f, p, how, &io);
    fault_disarm();
    zg_str_init(&why, 0);
    if (fault_fired() && end_is_well(&end))
        zg_str_add(&why, "nobody noticed; ");
    if (fault_fired() && strstr(end_message(&end), "injected fault") == NULL)
        zg_str_add(&why, "another message; ");
    if (end.status != ZAGG_OK && end.status != c->status)
        zg_str_add(&why, "another status; ");
    if (end_is_honest(f, how, &end, &why))
        (void)run_again(f, how, &why);
    (void)snprintf(name, sizeof name, "%s %lld, %s%s", fault_kind_name(c->kind),
                   (long long)nth, zagg_status_name(c->status), c->late ? ", late" : "");
    if (why.len > 0)
        case_fail(r, name, "%s (%s: %s)", why.data, zagg_status_name(end.status),
                  end_message(&end));
    else
        case_pass(r);
    zg_str_free(&why);
    return fault_fired();
}

static void sweep(const fixture *f, store_kind kind, const char *name)
{
    case_report r = {.set = name};
    parts p = parts_new(f, kind);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        const run_how how = {kind, "store", 1, CASES[i].overwrite, false};
        int64_t nth = 1;
        while (r.failed < ENOUGH_FAILURES && step(f, &p, &how, &CASES[i], nth, &r))
            nth++;
        if (nth == 1)
            case_fail(&r, fault_kind_name(CASES[i].kind), "was never asked");
    }
    parts_free(&p);
    report_end(&r, 100);
}

static void sharded(void **state)
{
    sweep(*state, SHARDED, "requests, sharded store");
}

static void chunked(void **state)
{
    sweep(*state, CHUNKED, "requests, chunked store");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sharded),
        cmocka_unit_test(chunked),
    };
    return cmocka_run_group_tests(tests, fixture_new, fixture_free);
}
