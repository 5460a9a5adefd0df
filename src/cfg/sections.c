/* Checks that fill nothing: the sections themselves, and keys that change no number but
 * whose values upstream validates. */
#include "cfg/cfg.h"

#include <math.h>
#include <string.h>

#define FINITE_MAX_DEPTH 80

static zagg_status check_finite_at(const zg_cfg *c, const zg_spot *s, int depth)
{
    if (depth > FINITE_MAX_DEPTH)
        return zg_fail(c, s, "nested deeper than %d levels", FINITE_MAX_DEPTH);
    if (s->value != NULL && s->value->kind == ZAGG_FLOAT && !isfinite(s->value->u.f)) {
        if (isnan(s->value->u.f) && zagg_value_is(s->key, "fill_value"))
            return ZAGG_OK;
        return zg_must(c, s, "finite (only fill_value may be NaN)");
    }
    for (size_t i = 0; i < zg_spot_count(s); i++) {
        const zagg_value *v =
            zg_spot_is_map(s) ? s->value->members[i].value : s->value->items[i];
        /* a spot is only worth making where there is something to look at */
        if (v->kind != ZAGG_FLOAT && v->kind != ZAGG_LIST && v->kind != ZAGG_MAP)
            continue;
        if (v->kind == ZAGG_FLOAT && isfinite(v->u.f))
            continue;
        zg_spot at = zg_spot_is_map(s) ? zg_spot_member(s, i) : zg_spot_item(s, i);
        ZAGG_TRY(check_finite_at(c, &at, depth + 1));
    }
    return ZAGG_OK;
}

zagg_status zg_check_finite(const zg_cfg *c, const zg_spot *root)
{
    return check_finite_at(c, root, 0);
}

zagg_status zg_check_worker(const zg_cfg *c, const zg_spot *root)
{
    static const char *const keys[] = {"memory", "extra_disk", NULL};
    zg_spot worker = zg_spot_get(root, "worker");
    if (!zg_spot_is_set(&worker))
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_map(c, &worker, "memory and extra_disk"));
    ZAGG_TRY(zg_only_keys(c, &worker, keys));
    zg_spot memory = zg_spot_get(&worker, "memory");
    int64_t mb = 0;
    if (!zagg_value_i64(memory.value, &mb) || (mb != 2048 && mb != 4096 && mb != 8192))
        return zg_must(c, &memory, "2048, 4096 or 8192 (MB)");
    zg_spot disk = zg_spot_get(&worker, "extra_disk");
    bool extra = false;
    return zg_spot_is_set(&disk) ? zg_read_bool(c, &disk, &extra) : ZAGG_OK;
}

/* Pipelines that reduce no points: known upstream, not done here. Said before the
 * sections are looked at, because such configs have other sections. */
zagg_status zg_check_pipeline(const zg_cfg *c, const zg_spot *root)
{
    zg_spot pipeline = zg_spot_get(root, "pipeline");
    zg_spot source = zg_spot_get(root, "data_source");
    zg_spot reader = zg_spot_get(&source, "reader");
    zg_spot provider = zg_spot_get(&source, "credentials_provider");
    if (zg_spot_is_set(&provider) && provider.value->kind != ZAGG_STR)
        return zg_must(c, &provider, "the name of a credentials provider, e.g. nsidc");
    if (pipeline.value != NULL) {
        ZAGG_TRY(zg_expect_map(c, &pipeline, "type"));
        zg_spot type = zg_spot_get(&pipeline, "type");
        if (zagg_value_is(type.value, "temporal") || zagg_value_is(type.value, "event"))
            return zg_fail(c, &type,
                           "this version runs spatial pipelines only; temporal and event "
                           "pipelines are not done yet");
        if (type.value != NULL && !zagg_value_is(type.value, "spatial"))
            return zg_must(c, &type, "spatial, temporal or event");
    }
    if (zagg_value_is(reader.value, "raster"))
        return zg_fail(
            c, &reader,
            "this version reads HDF5 point granules only; the raster reader is "
            "not done yet");
    return ZAGG_OK;
}

zagg_status zg_check_sections(const zg_cfg *c, const zg_spot *root)
{
    static const char *const sections[] = {"data_source", "aggregation", "output"};
    for (size_t i = 0; i < 3; i++) {
        zg_spot s = zg_spot_get(root, sections[i]);
        if (!zagg_value_truthy(s.value))
            return zg_fail(c, &s, "required section %s",
                           s.value == NULL ? "missing" : "is empty");
        ZAGG_TRY(zg_expect_map(c, &s, "keys"));
    }
    return ZAGG_OK;
}

/* Knobs of upstream's fan-out: validated, then without effect on any number. */
zagg_status zg_check_run_knobs(const zg_cfg *c, const zg_spot *root)
{
    static const char *const widths[] = {"read_workers", "shard_workers",
                                         "granule_workers"};
    zg_spot aggregation = zg_spot_get(root, "aggregation");
    zg_spot source = zg_spot_get(root, "data_source");
    zg_spot handoff = zg_spot_get(&aggregation, "handoff");
    c->p->handoff = ZAGG_HANDOFF_ARROW;
    if (zg_spot_is_set(&handoff)) {
        if (zagg_value_is(handoff.value, "pandas"))
            c->p->handoff = ZAGG_HANDOFF_PANDAS;
        else if (!zagg_value_is(handoff.value, "arrow"))
            return zg_must(c, &handoff, "pandas or arrow");
    }
    for (size_t i = 0; i < 3; i++) {
        zg_spot w = zg_spot_get(&source, widths[i]);
        int64_t n = 0;
        if (zg_spot_is_set(&w))
            ZAGG_TRY(zg_read_i64(c, &w, 1, &n));
    }
    return ZAGG_OK;
}

zagg_status zg_check_bounds(const zg_cfg *c, const zg_spot *root)
{
    static const char *const keys[] = {"temporal", "spatial", NULL};
    zg_spot bounds = zg_spot_get(root, "bounds");
    if (!zg_spot_is_set(&bounds))
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_map(c, &bounds, "temporal and spatial"));
    ZAGG_TRY(zg_only_keys(c, &bounds, keys));
    zg_spot temporal = zg_spot_get(&bounds, "temporal");
    if (!zg_spot_is_set(&temporal))
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_map(c, &temporal, "start_date and end_date"));
    zg_spot start = zg_spot_get(&temporal, "start_date");
    zg_spot end = zg_spot_get(&temporal, "end_date");
    if (start.value == NULL)
        return zg_must(c, &start, "given together with end_date");
    if (end.value == NULL)
        return zg_must(c, &end, "given together with start_date");
    return ZAGG_OK;
}

static zagg_status check_index_inline(const zg_cfg *c, const zg_spot *index)
{
    static const char *const keys[] = {"backend", "write_back", "store",
                                       "write_back_coverage", NULL};
    ZAGG_TRY(zg_only_keys(c, index, keys));
    zg_spot write_back = zg_spot_get(index, "write_back");
    zg_spot store = zg_spot_get(index, "store");
    zg_spot coverage = zg_spot_get(index, "write_back_coverage");
    bool on = false;
    if (write_back.value != NULL)
        ZAGG_TRY(zg_read_bool(c, &write_back, &on));
    /* write_back: true was refused with the other keys that this version does not do */
    if (zg_spot_is_set(&store))
        return zg_fail(c, &store,
                       "only read by backend inline together with write_back: true");
    if (coverage.value != NULL)
        return zg_fail(c, &coverage,
                       "only read by backend inline together with write_back: true");
    return ZAGG_OK;
}

static zagg_status check_index_sidecar(const zg_cfg *c, const zg_spot *index)
{
    static const char *const keys[] = {"backend", "store", "on_miss", NULL};
    ZAGG_TRY(zg_only_keys(c, index, keys));
    zg_spot store = zg_spot_get(index, "store");
    zg_spot on_miss = zg_spot_get(index, "on_miss");
    const char *text = NULL;
    ZAGG_TRY(zg_read_text(c, &store, &text));
    if (on_miss.value != NULL && !zagg_value_is(on_miss.value, "fallback") &&
        !zagg_value_is(on_miss.value, "build") && !zagg_value_is(on_miss.value, "error"))
        return zg_must(c, &on_miss, "fallback, build or error");
    return ZAGG_OK;
}

/* How upstream finds chunks in a granule. The rows are the same for every backend. */
zagg_status zg_check_index(const zg_cfg *c, const zg_spot *source)
{
    static const char *const only_backend[] = {"backend", NULL};
    zg_spot index = zg_spot_get(source, "index");
    if (!zg_spot_is_set(&index))
        return ZAGG_OK;
    ZAGG_TRY(zg_expect_map(c, &index, "backend and its keys"));
    zg_spot backend = zg_spot_get(&index, "backend");
    if (zagg_value_is(backend.value, "hierarchical"))
        return zg_only_keys(c, &index, only_backend);
    if (zagg_value_is(backend.value, "inline"))
        return check_index_inline(c, &index);
    if (zagg_value_is(backend.value, "sidecar"))
        return check_index_sidecar(c, &index);
    return zg_must(c, &backend, "hierarchical, inline or sidecar");
}
