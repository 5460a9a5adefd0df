/* Workers for golden cases of module core. */
#include "golden/core_cases.h"

#include <stdio.h>
#include <string.h>

core_pools core_pools_new(void)
{
    static const size_t widths[N_POOLS] = {1, 2, 7};
    core_pools p;
    for (size_t i = 0; i < N_POOLS; i++)
        assert_int_equal(zagg_pool_new(widths[i], &p.of[i], NULL), ZAGG_OK);
    return p;
}

void core_pools_free(core_pools *p)
{
    for (size_t i = 0; i < N_POOLS; i++)
        zagg_pool_free(p->of[i]);
}

/* ---- trees ---- */

static void *take(zagg_arena *arena, size_t count, size_t size)
{
    void *p;
    assert_int_equal(zagg_arena_alloc(arena, count, size, &p, NULL), ZAGG_OK);
    return p;
}

static zagg_value *text_value(zagg_arena *arena, const char *text)
{
    zagg_value *v = take(arena, 1, sizeof *v);
    v->kind = ZAGG_STR;
    v->str_len = strlen(text);
    v->str = zagg_arena_strndup(arena, text, v->str_len);
    assert_non_null(v->str);
    return v;
}

/* An empty map with room for `room` members. */
static zagg_value *map_value(zagg_arena *arena, size_t room)
{
    zagg_value *v = take(arena, 1, sizeof *v);
    v->kind = ZAGG_MAP;
    v->members = take(arena, room, sizeof *v->members);
    return v;
}

static void map_add(zagg_arena *arena, zagg_value *map, const char *key,
                    const zagg_value *value)
{
    zagg_member *m = (zagg_member *)(uintptr_t)&map->members[map->n++];
    *m = (zagg_member){text_value(arena, key), value};
}

const zagg_value *core_json(zagg_arena *arena, const char *text)
{
    const zagg_value *v;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_json_parse(arena, text, strlen(text), "test", &v, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return v;
}

const zagg_value *core_max_of_each(zagg_arena *arena, const zagg_value *data_source)
{
    const zagg_value *variables = zagg_value_get(data_source, "variables");
    const size_t n = variables ? variables->n : 0;
    zagg_value *fields = map_value(arena, n);
    for (size_t i = 0; i < n; i++) {
        const char *column = variables->members[i].key->str;
        char name[128];
        zagg_value *field = map_value(arena, 2);
        map_add(arena, field, "function", text_value(arena, "max"));
        map_add(arena, field, "source", text_value(arena, column));
        assert_true(snprintf(name, sizeof name, "max_%s", column) < (int)sizeof name);
        map_add(arena, fields, name, field);
    }
    return fields;
}

const zagg_value *core_grid(zagg_arena *arena, const zagg_value *entry)
{
    if (zagg_value_get(entry, "type"))
        return entry;
    zagg_value *grid = map_value(arena, entry->n + 1);
    map_add(arena, grid, "type", text_value(arena, "rectilinear"));
    for (size_t i = 0; i < entry->n; i++)
        map_add(arena, grid, entry->members[i].key->str, entry->members[i].value);
    return grid;
}

/* ---- workers ---- */

zagg_status core_case_new(const zagg_value *data_source, const zagg_value *fields,
                          const zagg_value *grid, core_case *out, zagg_err *err)
{
    zagg_arena *arena;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    zagg_value *aggregation = map_value(arena, 1);
    map_add(arena, aggregation, "variables", fields);
    return core_case_of(arena, data_source, aggregation, grid, out, err);
}

zagg_status core_case_of(zagg_arena *arena, const zagg_value *data_source,
                         const zagg_value *aggregation, const zagg_value *grid,
                         core_case *out, zagg_err *err)
{
    core_case c = {.arena = arena};
    zagg_value *output = map_value(c.arena, 2);
    zagg_value *root = map_value(c.arena, 3);
    map_add(c.arena, output, "store_layout", text_value(c.arena, "flat"));
    map_add(c.arena, output, "grid", grid);
    map_add(c.arena, root, "data_source", data_source);
    map_add(c.arena, root, "aggregation", aggregation);
    map_add(c.arena, root, "output", output);
    zagg_status status = zagg_pipeline_from_value(root, "case", NULL, &c.pipeline, err);
    if (status == ZAGG_OK)
        status =
            zagg_grid_from_pipeline(c.pipeline, ZAGG_LATITUDE_AUTHALIC, &c.grid, err);
    if (status == ZAGG_OK)
        status = zagg_worker_new(c.pipeline, c.grid, &c.worker, err);
    if (status != ZAGG_OK)
        core_case_free(&c);
    else
        *out = c;
    return status;
}

void core_case_free(core_case *c)
{
    zagg_worker_free(c->worker);
    zagg_grid_free(c->grid);
    zagg_pipeline_free(c->pipeline);
    zagg_arena_free(c->arena);
}

static struct {
    zagg_open_fn open;
    void *user;
} granules_by;

void core_granules_by(zagg_open_fn open, void *user)
{
    granules_by.open = open;
    granules_by.user = user;
}

zagg_status core_granule_open(const char *path, core_granule *out, zagg_err *err)
{
    core_granule g = {NULL, NULL};
    zagg_status status = granules_by.open
                             ? granules_by.open(granules_by.user, path, &g.source, err)
                             : zagg_source_open_file(path, &g.source, err);
    if (status == ZAGG_OK)
        status = zagg_h5_open(g.source, NULL, &g.file, err);
    if (status != ZAGG_OK)
        zagg_source_close(g.source);
    else
        *out = g;
    return status;
}

void core_granule_close(core_granule *g)
{
    zagg_h5_close(g->file);
    zagg_source_close(g->source);
}

static void join(void **to, size_t n_before, const void *from, size_t n, size_t size)
{
    if (n_before + n == 0)
        return;
    uint8_t *data = zg_realloc(*to, n_before + n, size);
    assert_non_null(data);
    if (n)
        memcpy(data + n_before * size, from, n * size);
    *to = data;
}

static void join_column(core_dense *d, size_t i, const zagg_carrier_column *from,
                        size_t n)
{
    zagg_carrier_column *to = &d->columns[i];
    const size_t size = from->width * zagg_dtype_size(from->dtype);
    if (from->kind != ZAGG_FIELD_RAGGED) {
        join(&to->data, d->n_cells, from->data, n, size);
        return;
    }
    const size_t before = to->offsets ? (size_t)to->offsets[d->n_cells] : 0;
    uint64_t *offsets =
        zg_realloc((void *)(uintptr_t)to->offsets, d->n_cells + n + 1, sizeof *offsets);
    assert_non_null(offsets);
    for (size_t k = 0; k <= n; k++)
        offsets[d->n_cells + k] = before + from->offsets[k];
    to->offsets = offsets;
    join(&to->data, before, from->data, (size_t)from->offsets[n], size);
}

zagg_status core_dense_take(void *dense, const zagg_shard *shard,
                            const zagg_carrier *carrier, zagg_err *err)
{
    core_dense *d = dense;
    (void)shard;
    (void)err;
    assert_int_equal(carrier->chunk, d->n_carriers);
    if (d->n_carriers == 0) {
        d->n_columns = carrier->n_columns;
        d->columns = zg_alloc(d->n_columns, sizeof *d->columns);
        assert_non_null(d->columns);
        memcpy(d->columns, carrier->columns, d->n_columns * sizeof *d->columns);
        for (size_t i = 0; i < d->n_columns; i++) {
            d->columns[i].name = zg_strdup(carrier->columns[i].name);
            d->columns[i].data = NULL;
            d->columns[i].offsets = NULL;
        }
    }
    for (size_t i = 0; i < d->n_columns; i++)
        join_column(d, i, &carrier->columns[i], carrier->n_cells);
    d->n_cells += carrier->n_cells;
    d->n_carriers++;
    return ZAGG_OK;
}

void core_dense_free(core_dense *d)
{
    for (size_t i = 0; i < d->n_columns; i++) {
        zg_free((void *)(uintptr_t)d->columns[i].name);
        zg_free(d->columns[i].data);
        zg_free((void *)(uintptr_t)d->columns[i].offsets);
    }
    zg_free(d->columns);
    *d = (core_dense){0};
}

const zagg_carrier_column *core_dense_column(const core_dense *d, const char *name)
{
    for (size_t i = 0; i < d->n_columns; i++)
        if (strcmp(d->columns[i].name, name) == 0)
            return &d->columns[i];
    return NULL;
}

uint64_t core_number(const zagg_value *map, const char *key)
{
    uint64_t n;
    if (!zagg_value_u64(zagg_value_get(map, key), &n))
        fail_msg("%s must be a whole number", key);
    return n;
}

size_t core_differing(zagg_dtype dtype, const void *a, const void *b, size_t n)
{
    const size_t size = zagg_dtype_size(dtype);
    const uint8_t *x = a, *y = b;
    size_t differing = 0;
    for (size_t i = 0; i < n; i++) {
        const void *p = x + i * size, *q = y + i * size;
        if (memcmp(p, q, size) == 0)
            continue;
        float f[2];
        double d[2];
        if (dtype == ZAGG_DT_F32) {
            memcpy(&f[0], p, size);
            memcpy(&f[1], q, size);
            differing += !(f[0] != f[0] && f[1] != f[1]);
        } else if (dtype == ZAGG_DT_F64) {
            memcpy(&d[0], p, size);
            memcpy(&d[1], q, size);
            differing += !(d[0] != d[0] && d[1] != d[1]);
        } else {
            differing++;
        }
    }
    return differing;
}
