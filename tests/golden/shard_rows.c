/* Rows of shards, alone and in one run. */
#include "golden/shard_rows.h"

#include "run/run.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "rows_"

/* ---- the config ---- */

static void add_json(zg_str *out, const zagg_value *v)
{
    const zg_json_style style = {-1, false, false};
    assert_int_equal(zg_json_write(out, v, style, NULL), ZAGG_OK);
}

/* data_source with two more variables: where a row is, which tells rows apart. */
static void add_source(zg_str *out, const zagg_value *source)
{
    const zagg_value *coordinates = zagg_value_get(source, "coordinates");
    const zagg_value *variables = zagg_value_get(source, "variables");
    zg_str_add(out, "\"data_source\": {");
    for (size_t i = 0; i < source->n; i++) {
        if (zagg_value_is(source->members[i].key, "variables"))
            continue;
        add_json(out, source->members[i].key);
        zg_str_add(out, ": ");
        add_json(out, source->members[i].value);
        zg_str_add(out, ", ");
    }
    zg_str_add(out, "\"variables\": {");
    for (size_t i = 0; i < variables->n; i++) {
        add_json(out, variables->members[i].key);
        zg_str_add(out, ": ");
        add_json(out, variables->members[i].value);
        zg_str_add(out, ", ");
    }
    zg_str_add(out, "\"row_latitude\": ");
    add_json(out, zagg_value_get(coordinates, "latitude"));
    zg_str_add(out, ", \"row_longitude\": ");
    add_json(out, zagg_value_get(coordinates, "longitude"));
    zg_str_add(out, "}}");
}

static void add_field(zg_str *out, const char *column)
{
    zg_str_addf(out,
                "\"" PREFIX "%s\": {\"kind\": \"ragged\", \"expression\": \"%s\","
                " \"inner_shape\": 1, \"dtype\": \"float64\"}, ",
                column, column);
}

static void add_fields(zg_str *out, const zagg_value *source)
{
    const zagg_value *variables = zagg_value_get(source, "variables");
    const zagg_value *levels = zagg_value_get_set(source, "levels");
    zg_str_add(out, "\"aggregation\": {\"coordinates\": {\"morton\": {\"dtype\": "
                    "\"uint64\", \"fill_value\": 0}}, \"variables\": {");
    for (size_t i = 0; i < variables->n; i++)
        add_field(out, variables->members[i].key->str);
    for (size_t l = 0; levels && l < levels->n; l++) {
        const zagg_value *of_level =
            zagg_value_get_set(levels->members[l].value, "variables");
        const bool map = of_level && of_level->kind == ZAGG_MAP;
        for (size_t i = 0; map && i < of_level->n; i++)
            add_field(out, of_level->members[i].key->str);
    }
    add_field(out, "row_latitude");
    zg_str_add(out, "\"" PREFIX "row_longitude\": {\"kind\": \"ragged\", \"expression\": "
                    "\"row_longitude\", \"inner_shape\": 1, \"dtype\": \"float64\"}}}");
}

zagg_status shard_rows_new(const zagg_value *data_source, const zagg_value *grid,
                           zagg_latitude latitude, shard_rows *out, zagg_err *err)
{
    shard_rows s = {.latitude = latitude};
    const zagg_value *root = NULL;
    zg_str text;
    assert_int_equal(zagg_arena_new(0, &s.arena, NULL), ZAGG_OK);
    zg_str_init(&text, 0);
    zg_str_add(&text, "{");
    add_source(&text, data_source);
    zg_str_add(&text, ", ");
    add_fields(&text, data_source);
    zg_str_add(&text, ", \"output\": {\"store_layout\": \"flat\", \"grid\": ");
    add_json(&text, grid);
    zg_str_add(&text, "}}");
    assert_false(text.failed);
    zagg_status status =
        zagg_json_parse(s.arena, text.data, text.len, "rows", &root, err);
    zg_str_free(&text);
    if (status == ZAGG_OK)
        status = zagg_pipeline_from_value(root, "rows", NULL, &s.pipeline, err);
    if (status == ZAGG_OK)
        status = zagg_grid_from_pipeline(s.pipeline, latitude, &s.grid, err);
    if (status == ZAGG_OK)
        status = zagg_worker_new(s.pipeline, s.grid, &s.worker, err);
    if (status != ZAGG_OK)
        shard_rows_free(&s);
    else
        *out = s;
    return status;
}

void shard_rows_free(shard_rows *s)
{
    for (size_t i = 0; s->alone && i < s->map->n_shards; i++)
        core_dense_free(&s->alone[i].dense);
    zg_free(s->alone);
    zagg_shardmap_free(s->map);
    zagg_worker_free(s->worker);
    zagg_grid_free(s->grid);
    zagg_pipeline_free(s->pipeline);
    zagg_arena_free(s->arena);
}

/* ---- one shard after another ---- */

zagg_status shard_rows_alone(shard_rows *s, zagg_err *err)
{
    s->alone = zg_alloc(s->map->n_shards, sizeof *s->alone);
    assert_non_null(s->alone);
    for (size_t i = 0; i < s->map->n_shards; i++) {
        const zagg_shard_entry *entry = &s->map->shards[i];
        shard_alone *alone = &s->alone[i];
        const char **hrefs = zg_alloc(entry->n_granules, sizeof *hrefs);
        assert_non_null(hrefs);
        for (size_t k = 0; k < entry->n_granules; k++)
            hrefs[k] = zg_granule_href(entry->granules[k], ZG_DRIVER_FILE);
        zagg_status status = zagg_grid_shard(s->grid, entry->key, &alone->shard, err);
        if (status == ZAGG_OK)
            status =
                zagg_process_shard(s->worker, entry->key, hrefs, entry->n_granules,
                                   &(zagg_shard_opts)ZAGG_SHARD_OPTS_INIT,
                                   core_dense_take, &alone->dense, &alone->result, err);
        zg_free(hrefs);
        ZAGG_TRY(status);
    }
    return ZAGG_OK;
}

/* Columns of rows; "morton" is the one behind them. */
static size_t n_row_columns(const core_dense *d)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n_columns; i++)
        n += strncmp(d->columns[i].name, PREFIX, strlen(PREFIX)) == 0;
    return n;
}

static uint64_t n_rows(const core_dense *d)
{
    return d->n_columns ? d->columns[0].offsets[d->n_cells] : 0;
}

#define AS(T)                                                                            \
    do {                                                                                 \
        T v;                                                                             \
        memcpy(&v, (const uint8_t *)data + i * sizeof v, sizeof v);                      \
        return (double)v;                                                                \
    } while (0)

double shard_rows_element(zagg_dtype dtype, const void *data, size_t i)
{
    switch (dtype) {
    case ZAGG_DT_I8:
        AS(int8_t);
    case ZAGG_DT_BOOL:
    case ZAGG_DT_U8:
        AS(uint8_t);
    case ZAGG_DT_I16:
        AS(int16_t);
    case ZAGG_DT_U16:
        AS(uint16_t);
    case ZAGG_DT_I32:
        AS(int32_t);
    case ZAGG_DT_U32:
        AS(uint32_t);
    case ZAGG_DT_I64:
        AS(int64_t);
    case ZAGG_DT_U64:
        AS(uint64_t);
    case ZAGG_DT_F32:
        AS(float);
    case ZAGG_DT_F64:
        AS(double);
    case ZAGG_DT_NONE:
        break;
    }
    fail_msg("a column has no type");
    return 0;
}

/* The next rows of their cells must be those of this table; `taken` counts by cell. */
static bool next_rows(const core_dense *d, const zagg_table *t, uint64_t *taken,
                      char why[256])
{
    for (size_t c = 0; c < t->n_columns; c++) {
        char name[128];
        (void)snprintf(name, sizeof name, PREFIX "%s", t->columns[c].name);
        const zagg_carrier_column *col = core_dense_column(d, name);
        if (!col) {
            (void)snprintf(why, 256, "there is no column %s", name);
            return false;
        }
        for (size_t i = 0; i < t->n_rows; i++) {
            const uint32_t cell = t->ranks[i];
            const uint64_t at = col->offsets[cell] + taken[cell];
            const double want =
                shard_rows_element(t->columns[c].dtype, t->columns[c].data, i);
            taken[cell]++;
            if (at < col->offsets[cell + 1] &&
                same_double(((const double *)col->data)[at], want))
                continue;
            (void)snprintf(why, 256, "row %zu of %s is not the next one of cell %u", i,
                           t->columns[c].name, (unsigned)cell);
            return false;
        }
        for (size_t i = 0; c + 1 < t->n_columns && i < t->n_rows; i++)
            taken[t->ranks[i]]--;
    }
    return true;
}

static bool rows_of_granule(const shard_rows *s, const shard_alone *alone,
                            const char *path, uint64_t *taken, char why[256])
{
    const zagg_data_source *source = &s->pipeline->data_source;
    const zagg_read_opts opts = ZAGG_READ_OPTS_INIT;
    const zagg_arena_mark mark = zagg_arena_get_mark(s->arena);
    zagg_read_counters counters = {0};
    zagg_err err = ZAGG_ERR_INIT;
    core_granule g;
    bool good = true;
    if (core_granule_open(path, &g, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t k = 0; good && k < source->n_groups; k++) {
        zagg_table *table = NULL;
        if (zagg_worker_read_group(s->worker, &alone->shard, g.file, source->groups[k],
                                   &opts, s->arena, &table, &counters, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        good = !table || next_rows(&alone->dense, table, taken, why);
    }
    core_granule_close(&g);
    zagg_arena_release(s->arena, mark);
    return good;
}

bool shard_rows_are_those_read(const shard_rows *s, char why[256])
{
    const size_t n_cells = (size_t)zagg_grid_get_info(s->grid)->cells_per_shard;
    bool good = true;
    uint64_t *taken = zg_alloc(n_cells, sizeof *taken);
    assert_non_null(taken);
    for (size_t i = 0; good && i < s->map->n_shards; i++) {
        const zagg_shard_entry *entry = &s->map->shards[i];
        const core_dense *d = &s->alone[i].dense;
        uint64_t n = 0;
        memset(taken, 0, n_cells * sizeof *taken);
        for (size_t k = 0; good && k < entry->n_granules; k++)
            good = rows_of_granule(s, &s->alone[i],
                                   zg_granule_href(entry->granules[k], ZG_DRIVER_FILE),
                                   taken, why);
        for (size_t k = 0; k < n_cells; k++)
            n += taken[k];
        if (good && n != n_rows(d)) {
            (void)snprintf(why, 256, "shard %zu has %zu rows more than were read", i,
                           (size_t)(n_rows(d) - n));
            good = false;
        }
    }
    zg_free(taken);
    return good;
}

/* ---- stores ---- */

/* Which cells an inner chunk of the store holds. */
typedef struct place {
    uint64_t index[2];
    size_t shard, first_cell;
} place;

typedef struct comparison {
    const shard_rows *s;
    place *places;
    size_t n_places;
    const char *column; /* whose rows are compared; NULL: numbers of rows */
    zagg_dtype dtype;   /* of the numbers */
    uint64_t rows;      /* that have been found */
    size_t cells;
    char *why;
    bool good;
} comparison;

static int by_index(const void *a, const void *b)
{
    const place *x = a, *y = b;
    for (size_t d = 0; d < 2; d++)
        if (x->index[d] != y->index[d])
            return x->index[d] < y->index[d] ? -1 : 1;
    return 0;
}

static void comparison_init(comparison *c, const shard_rows *s, char *why)
{
    const zagg_grid_info *info = zagg_grid_get_info(s->grid);
    const size_t k = (size_t)info->chunks_per_shard;
    *c = (comparison){.s = s, .n_places = k * s->map->n_shards, .why = why, .good = true};
    c->places = zg_alloc(c->n_places, sizeof *c->places);
    assert_non_null(c->places);
    for (size_t i = 0; i < c->n_places; i++) {
        c->places[i].shard = i / k;
        c->places[i].first_cell = i % k * (size_t)info->cells_per_chunk;
        zagg_grid_chunk_index(s->grid, &s->alone[i / k].shard, i % k, c->places[i].index);
    }
    qsort(c->places, c->n_places, sizeof *c->places, by_index);
}

static void differs(comparison *c, const char *what, size_t shard, size_t cell)
{
    if (c->good)
        (void)snprintf(c->why, 256, "%s: shard %zu, cell %zu: %s",
                       c->column ? c->column : "count", shard, cell, what);
    c->good = false;
}

static zagg_status compare_chunk(void *user, const uint64_t *chunk_index,
                                 const void *data, size_t n, zagg_err *err)
{
    comparison *c = user;
    const zagg_grid_info *info = zagg_grid_get_info(c->s->grid);
    const place key = {.index = {chunk_index[0], info->rank > 1 ? chunk_index[1] : 0}};
    const place *p = bsearch(&key, c->places, c->n_places, sizeof key, by_index);
    (void)err;
    if (!p) {
        differs(c, "a chunk that lies in no shard of the map", c->n_places, 0);
        return ZAGG_OK;
    }
    const core_dense *d = &c->s->alone[p->shard].dense;
    const zagg_carrier_column *col =
        c->column ? core_dense_column(d, c->column) : d->columns;
    if (!col || p->first_cell + n > d->n_cells) {
        differs(c, "has data only in the store", p->shard, p->first_cell);
        return ZAGG_OK;
    }
    for (size_t i = 0; i < n; i++) {
        const uint64_t *at = &col->offsets[p->first_cell + i];
        const size_t want = (size_t)(at[1] - at[0]);
        const zagg_bytes_view *cell =
            c->column ? (const zagg_bytes_view *)data + i : NULL;
        const size_t got = cell ? cell->len / sizeof(double)
                                : (size_t)shard_rows_element(c->dtype, data, i);
        if (got != want)
            differs(c, "another number of rows", p->shard, p->first_cell + i);
        else if (cell && memcmp(cell->data, (const double *)col->data + at[0],
                                want * sizeof(double)) != 0)
            differs(c, "other rows, or in another order", p->shard, p->first_cell + i);
        c->rows += got;
    }
    c->cells += n;
    return ZAGG_OK;
}

/* Compare array i of a store; its chunks must hold all rows of all shards. */
static bool compare_array(comparison *c, zagg_zarr_reader *reader, size_t i)
{
    zagg_err err = ZAGG_ERR_INIT;
    uint64_t want = 0, bytes = 0, objects = 0;
    c->rows = 0;
    for (size_t k = 0; k < c->s->map->n_shards; k++)
        want += n_rows(&c->s->alone[k].dense);
    if (zagg_zarr_read_chunks(reader, i, compare_chunk, c, &bytes, &objects, &err) !=
        ZAGG_OK)
        fail_msg("%s", err.msg);
    if (c->good && c->rows != want) {
        (void)snprintf(c->why, 256, "%s: %zu rows in the store instead of %zu",
                       c->column ? c->column : "count", (size_t)c->rows, (size_t)want);
        c->good = false;
    }
    return c->good;
}

/* Arrays of a store whose name begins so; the number of them. */
static size_t compare_store(comparison *c, const char *store, const char *prefix)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_sink *sink = NULL;
    zagg_zarr_reader *reader = NULL;
    size_t n = 0;
    if (zagg_sink_open_dir(store, &sink, &err) != ZAGG_OK ||
        zagg_zarr_open(sink, &reader, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; c->good && i < zagg_zarr_reader_n(reader); i++) {
        const zagg_zarr_array *array = zagg_zarr_reader_array(reader, i);
        if (strncmp(array->name, prefix, strlen(prefix)) != 0)
            continue;
        c->column = array->kind == ZAGG_ZARR_VLEN ? array->name : NULL;
        c->dtype = array->dtype;
        n += compare_array(c, reader, i);
    }
    zagg_zarr_reader_free(reader);
    zagg_sink_close(sink);
    return n;
}

static bool same_numbers(const zagg_run_result *a, const zagg_shard_result *b)
{
    return a->shard_key == b->shard_key && a->cells_with_data == b->cells_with_data &&
           a->total_obs == b->total_obs && a->granule_count == b->granule_count &&
           a->files_processed == b->files_processed && a->no_data == b->no_data &&
           a->failed == b->failed && strcmp(a->error ? a->error : "", b->error) == 0 &&
           memcmp(&a->counters, &b->counters, sizeof a->counters) == 0;
}

bool shard_rows_are_those_of_a_run(const shard_rows *s, size_t threads, const char *store,
                                   char why[256])
{
    const zagg_run_opts opts = {.pipeline = s->pipeline,
                                .map = s->map,
                                .store = store,
                                .driver = "file",
                                .threads = threads,
                                .overwrite = true,
                                .latitude = s->latitude};
    zagg_run_summary summary;
    zagg_err err = ZAGG_ERR_INIT;
    comparison c;
    why[0] = '\0';
    if (zagg_run_local(&opts, &summary, &err) != ZAGG_OK)
        (void)snprintf(why, 256, "%.250s", err.msg);
    else if (summary.n_results != s->map->n_shards)
        (void)snprintf(why, 256, "%zu shards came to an end", summary.n_results);
    for (size_t i = 0; !why[0] && i < summary.n_results; i++)
        if (!same_numbers(&summary.results[i], &s->alone[i].result))
            (void)snprintf(why, 256, "the numbers of shard %zu differ", i);
    zagg_run_summary_free(&summary);
    if (why[0])
        return false;
    comparison_init(&c, s, why);
    const size_t n = compare_store(&c, store, PREFIX);
    zg_free(c.places);
    for (size_t i = 0; c.good && i < s->map->n_shards; i++) {
        const core_dense *d = &s->alone[i].dense;
        if (d->n_columns == 0 || n_row_columns(d) == n)
            continue;
        (void)snprintf(why, 256, "%zu columns in the store", n);
        c.good = false;
    }
    return c.good;
}

bool shard_rows_are_counted(const shard_rows *s, const char *store, size_t *n_cells,
                            char why[256])
{
    comparison c;
    why[0] = '\0';
    comparison_init(&c, s, why);
    (void)compare_store(&c, store, "count");
    zg_free(c.places);
    *n_cells = c.cells;
    return c.good;
}
