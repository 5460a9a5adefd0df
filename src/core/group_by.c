/* Grouping of tables by a key column and reducing of the groups, apart from any grid.
 * Rows are brought together some groups at a time: a column is never sorted as a whole,
 * and what is gathered is reduced while it is in the cache. */
#include "core/group_by.h"

#include "core/carrier.h"
#include "stats/reduce.h"
#include "zagg/arrow.h"

#include <stdio.h>
#include <string.h>

enum { GROUPS_A_TASK = 1024 };
#define NO_COLUMN SIZE_MAX

/* Fields over the same columns: values are gathered once for them. */
typedef struct field_set {
    size_t source, weights; /* column numbers; NO_COLUMN */
    size_t n;
    size_t *fields;         /* their numbers */
    zg_cell_field *results; /* whole result columns */
} field_set;

/* Buffers of one thread. */
typedef struct slot {
    void *buffer;
    size_t bytes;
    zg_cell_field *results; /* as many as the largest set has */
} slot;

typedef struct job {
    zagg_arena *arena;
    const zagg_table *const *tables;
    size_t n_tables, n_rows;
    const zagg_group_field *fields;
    size_t n_fields;
    size_t key;
    const void **columns; /* joined, of those in use; else NULL */
    const zg_reducer **reducers;
    size_t *sources, *weights;
    field_set *sets;
    size_t n_sets;
    zg_groups groups;
    zagg_carrier *result;
    slot *slots;
    size_t n_slots;
} job;

static const zagg_column *column_of(const job *j, size_t i)
{
    return &j->tables[0]->columns[i];
}

static zagg_dtype dtype_of(const job *j, size_t column)
{
    return column == NO_COLUMN ? ZAGG_DT_NONE : column_of(j, column)->dtype;
}

/* ---- columns ---- */

static zagg_status check_tables(job *j, zagg_err *err)
{
    const zagg_table *first = j->n_tables > 0 ? j->tables[0] : NULL;
    if (!first)
        return zagg_err_set(err, ZAGG_EARG, "there is no table to group");
    for (size_t t = 0; t < j->n_tables; t++) {
        const zagg_table *table = j->tables[t];
        bool same = table->n_columns == first->n_columns;
        for (size_t i = 0; same && i < first->n_columns; i++)
            same = table->columns[i].dtype == first->columns[i].dtype &&
                   strcmp(table->columns[i].name, first->columns[i].name) == 0;
        if (!same)
            return zagg_err_set(err, ZAGG_EFORMAT,
                                "All batches must have same schema: the columns of table "
                                "%zu are not those of the first",
                                t);
        if (table->n_rows >= UINT32_MAX - j->n_rows)
            return zagg_err_set(err, ZAGG_ERANGE, "2^32 - 1 rows and more are too many");
        j->n_rows += table->n_rows;
    }
    return ZAGG_OK;
}

/* Number of a column that holds data in every table. */
static zagg_status find_column(const job *j, const char *name, const char *what,
                               size_t *out, zagg_err *err)
{
    const zagg_table *first = j->tables[0];
    size_t at = 0;
    while (at < first->n_columns && strcmp(first->columns[at].name, name) != 0)
        at++;
    if (at == first->n_columns)
        return zagg_err_set(err, ZAGG_ENOTFOUND, "%s: there is no column '%.200s'", what,
                            name);
    for (size_t t = 0; t < j->n_tables; t++)
        if (j->tables[t]->n_rows > 0 && !j->tables[t]->columns[at].data)
            return zagg_err_set(err, ZAGG_ENOTFOUND, "%s: column '%.200s' holds no data",
                                what, name);
    *out = at;
    return ZAGG_OK;
}

static zagg_status find_key(job *j, const char *key, zagg_err *err)
{
    ZAGG_TRY(find_column(j, key, "key", &j->key, err));
    const zagg_dtype dtype = dtype_of(j, j->key);
    if (!zagg_dtype_is_signed_int(dtype) && !zagg_dtype_is_unsigned_int(dtype))
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "key: column '%.200s' is %s; a key is a whole number", key,
                            zagg_dtype_name(dtype));
    return ZAGG_OK;
}

static zagg_status compile_field(job *j, size_t i, zagg_err *err)
{
    const zagg_group_field *f = &j->fields[i];
    char what[240];
    if (!f->name || !f->function)
        return zagg_err_set(err, ZAGG_EARG, "field %zu has no name or no function", i);
    const zagg_status status =
        zg_reducer_compile(j->arena, f->function, f->params, &j->reducers[i], err);
    if (status != ZAGG_OK)
        return zagg_err_context(err, status, "field '%.200s'", f->name);
    (void)snprintf(what, sizeof what, "field '%.200s'", f->name);
    const char *weights = zg_reducer_weights(j->reducers[i]);
    j->sources[i] = j->weights[i] = NO_COLUMN;
    if (zg_reducer_is_count(j->reducers[i]))
        return ZAGG_OK;
    if (!f->source)
        return zagg_err_set(err, ZAGG_EARG, "%s has no source", what);
    ZAGG_TRY(find_column(j, f->source, what, &j->sources[i], err));
    return weights ? find_column(j, weights, what, &j->weights[i], err) : ZAGG_OK;
}

/* A column of all tables, one behind the other. */
static zagg_status join(job *j, size_t i, zagg_err *err)
{
    const size_t size = zagg_dtype_size(dtype_of(j, i));
    uint8_t *to;
    if (j->columns[i])
        return ZAGG_OK;
    if (j->n_tables == 1) {
        j->columns[i] = column_of(j, i)->data;
        return ZAGG_OK;
    }
    ZAGG_TRY(zagg_arena_alloc(j->arena, j->n_rows, size, &to, err));
    j->columns[i] = to;
    for (size_t t = 0; t < j->n_tables; t++) {
        const size_t bytes = j->tables[t]->n_rows * size;
        if (bytes > 0)
            memcpy(to, j->tables[t]->columns[i].data, bytes);
        to += bytes;
    }
    return ZAGG_OK;
}

static zagg_status join_all(job *j, zagg_err *err)
{
    ZAGG_TRY(join(j, j->key, err));
    for (size_t i = 0; i < j->n_fields; i++) {
        if (j->sources[i] != NO_COLUMN)
            ZAGG_TRY(join(j, j->sources[i], err));
        if (j->weights[i] != NO_COLUMN)
            ZAGG_TRY(join(j, j->weights[i], err));
    }
    return ZAGG_OK;
}

static zagg_status compile(job *j, const char *key, zagg_err *err)
{
    ZAGG_TRY(check_tables(j, err));
    ZAGG_TRY(find_key(j, key, err));
    ZAGG_TRY(zagg_arena_alloc(j->arena, j->tables[0]->n_columns, sizeof(void *),
                              &j->columns, err));
    ZAGG_TRY(
        zagg_arena_alloc(j->arena, j->n_fields, sizeof(zg_reducer *), &j->reducers, err));
    ZAGG_TRY(
        zagg_arena_alloc(j->arena, j->n_fields, sizeof *j->sources, &j->sources, err));
    ZAGG_TRY(
        zagg_arena_alloc(j->arena, j->n_fields, sizeof *j->weights, &j->weights, err));
    for (size_t i = 0; i < j->n_fields; i++)
        ZAGG_TRY(compile_field(j, i, err));
    return join_all(j, err);
}

/* ---- result ---- */

static zagg_status result_new(job *j, zagg_err *err)
{
    zg_carrier_spec *specs;
    ZAGG_TRY(zagg_arena_alloc(j->arena, j->n_fields + 1, sizeof *specs, &specs, err));
    specs[0] = (zg_carrier_spec){column_of(j, j->key)->name, ZAGG_FIELD_SCALAR,
                                 dtype_of(j, j->key), 1, false};
    for (size_t i = 0; i < j->n_fields; i++) {
        zagg_dtype dtype = j->fields[i].dtype;
        if (dtype == ZAGG_DT_NONE)
            dtype = zg_reducer_type(j->reducers[i], dtype_of(j, j->sources[i]),
                                    dtype_of(j, j->weights[i]));
        specs[i + 1] =
            (zg_carrier_spec){j->fields[i].name, ZAGG_FIELD_SCALAR, dtype, 1, false};
    }
    ZAGG_TRY(zg_carrier_new(specs, j->n_fields + 1, j->groups.n, &j->result, err));
    j->result->cells_with_data = j->groups.n;
    return ZAGG_OK;
}

/* Fields by the columns they read. */
static zagg_status find_sets(job *j, zagg_err *err)
{
    ZAGG_TRY(zagg_arena_alloc(j->arena, j->n_fields, sizeof *j->sets, &j->sets, err));
    for (size_t i = 0; i < j->n_fields; i++) {
        size_t s = 0;
        while (s < j->n_sets && (j->sets[s].source != j->sources[i] ||
                                 j->sets[s].weights != j->weights[i]))
            s++;
        field_set *set = &j->sets[s];
        if (s == j->n_sets) {
            j->n_sets++;
            set->source = j->sources[i];
            set->weights = j->weights[i];
            ZAGG_TRY(zagg_arena_alloc(j->arena, j->n_fields, sizeof *set->fields,
                                      &set->fields, err));
            ZAGG_TRY(zagg_arena_alloc(j->arena, j->n_fields, sizeof *set->results,
                                      &set->results, err));
        }
        const zagg_carrier_column *out = &j->result->columns[i + 1];
        set->fields[set->n] = i;
        set->results[set->n++] = (zg_cell_field){
            j->reducers[i], dtype_of(j, j->weights[i]), NULL, out->dtype, out->data};
    }
    return ZAGG_OK;
}

/* ---- tasks: some groups each ---- */

#define GATHER(T)                                                                        \
    do {                                                                                 \
        const T *src = from;                                                             \
        T *dst = to;                                                                     \
        for (size_t i = 0; i < n; i++)                                                   \
            dst[i] = src[order[i]];                                                      \
    } while (0)

static void gather(void *to, const void *from, const uint32_t *order, size_t n,
                   size_t size)
{
    switch (size) {
    case 1:
        GATHER(uint8_t);
        break;
    case 2:
        GATHER(uint16_t);
        break;
    case 4:
        GATHER(uint32_t);
        break;
    default:
        GATHER(uint64_t);
        break;
    }
}

/* The key of a group, as messages tell it. */
static void key_text(const job *j, size_t group, char out[24])
{
    const size_t row = j->groups.order[j->groups.bounds[group]];
    const zagg_dtype dtype = dtype_of(j, j->key);
    const size_t size = zagg_dtype_size(dtype);
    uint64_t key = 0;
    memcpy(&key, (const uint8_t *)j->columns[j->key] + row * size, size);
    if (zagg_dtype_is_signed_int(dtype)) {
        const unsigned spare = 64 - 8 * (unsigned)size;
        (void)snprintf(out, 24, "%lld", (long long)((int64_t)(key << spare) >> spare));
    } else {
        (void)snprintf(out, 24, "%llu", (unsigned long long)key);
    }
}

static size_t aligned(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

/* Where a task keeps values, weights and scratch, the buffers grown as needed. */
typedef struct working {
    uint8_t *values, *weights, *scratch;
} working;

static bool work_room(slot *s, size_t values, size_t weights, size_t scratch,
                      working *out)
{
    size_t bytes;
    if (!zg_add_size(aligned(values), aligned(weights), &bytes) ||
        !zg_add_size(bytes, scratch, &bytes))
        return false;
    if (bytes > s->bytes || !s->buffer) {
        zg_free(s->buffer);
        s->buffer = zg_alloc(bytes, 1);
        s->bytes = s->buffer ? bytes : 0;
    }
    if (!s->buffer)
        return false;
    out->values = s->buffer;
    out->weights = out->values + aligned(values);
    out->scratch = out->weights + aligned(weights);
    return true;
}

static zagg_status reduce_set(const job *j, const field_set *set, slot *s, size_t first,
                              size_t n_groups, zagg_err *err)
{
    const size_t *bounds = j->groups.bounds + first;
    const uint32_t *order = j->groups.order + bounds[0];
    const size_t n = bounds[n_groups] - bounds[0];
    const size_t size = zagg_dtype_size(dtype_of(j, set->source));
    const size_t weight_size = zagg_dtype_size(dtype_of(j, set->weights));
    zg_cells cells = {dtype_of(j, set->source), NULL, bounds, NULL, n_groups};
    size_t bad_cell = 0, bad_field = 0;
    working w;
    if (!work_room(s, n * size, n * weight_size,
                   zg_reduce_cells_scratch_bytes(&cells, set->results, set->n), &w))
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the %zu rows of some groups",
                            n);
    if (size > 0) {
        gather(w.values, j->columns[set->source], order, n, size);
        cells.values = w.values;
    }
    if (weight_size > 0)
        gather(w.weights, j->columns[set->weights], order, n, weight_size);
    for (size_t k = 0; k < set->n; k++) {
        zg_cell_field *f = &s->results[k];
        *f = set->results[k];
        f->weights = weight_size > 0 ? w.weights : NULL;
        f->out = (uint8_t *)f->out + first * zagg_dtype_size(f->dtype);
    }
    const zagg_status status = zg_reduce_cells(&cells, s->results, set->n, w.scratch,
                                               &bad_cell, &bad_field, err);
    if (status != ZAGG_OK) {
        char key[24];
        key_text(j, first + bad_cell, key);
        return zagg_err_context(err, status, "field '%.200s': key %s",
                                j->fields[set->fields[bad_field]].name, key);
    }
    return ZAGG_OK;
}

static void write_keys(const job *j, size_t first, size_t n_groups)
{
    const size_t size = zagg_dtype_size(dtype_of(j, j->key));
    const uint8_t *keys = j->columns[j->key];
    uint8_t *out = (uint8_t *)j->result->columns[0].data + first * size;
    for (size_t i = 0; i < n_groups; i++)
        memcpy(out + i * size, keys + j->groups.order[j->groups.bounds[first + i]] * size,
               size);
}

static zagg_status group_task(void *user, size_t index, size_t scratch_slot,
                              void **result, zagg_err *err)
{
    const job *j = user;
    const size_t first = index * GROUPS_A_TASK;
    const size_t left = j->groups.n - first;
    const size_t n = left < GROUPS_A_TASK ? left : GROUPS_A_TASK;
    (void)result;
    write_keys(j, first, n);
    for (size_t s = 0; s < j->n_sets; s++)
        ZAGG_TRY(reduce_set(j, &j->sets[s], &j->slots[scratch_slot], first, n, err));
    return ZAGG_OK;
}

/* The first group at fault stops the batch, whichever thread met it when. */
static zagg_status group_fold(void *user, size_t index, zagg_status status, void *result,
                              const zagg_err *task_err, zagg_err *err)
{
    (void)user;
    (void)index;
    (void)result;
    if (status != ZAGG_OK && err && task_err)
        *err = *task_err;
    return status;
}

static zagg_status run(job *j, const char *key, zagg_pool *pool, zagg_err *err)
{
    ZAGG_TRY(compile(j, key, err));
    ZAGG_TRY(zg_group_keys(dtype_of(j, j->key), j->columns[j->key], j->n_rows, &j->groups,
                           err));
    ZAGG_TRY(result_new(j, err));
    ZAGG_TRY(find_sets(j, err));
    j->n_slots = zagg_pool_width(pool);
    ZAGG_TRY(zagg_arena_alloc(j->arena, j->n_slots, sizeof *j->slots, &j->slots, err));
    for (size_t s = 0; s < j->n_slots; s++)
        ZAGG_TRY(zagg_arena_alloc(j->arena, j->n_fields, sizeof(zg_cell_field),
                                  &j->slots[s].results, err));
    return zagg_pool_map(pool, (j->groups.n + GROUPS_A_TASK - 1) / GROUPS_A_TASK, 0,
                         group_task, group_fold, NULL, j, err);
}

zagg_status zagg_group_aggregate(const zagg_table *const *tables, size_t n_tables,
                                 const char *key, const zagg_group_field *fields,
                                 size_t n_fields, zagg_pool *pool,
                                 const zagg_carrier **out, zagg_err *err)
{
    job j = {
        .tables = tables, .n_tables = n_tables, .fields = fields, .n_fields = n_fields};
    ZAGG_TRY(zagg_arena_new(0, &j.arena, err));
    const zagg_status status = run(&j, key, pool, err);
    for (size_t s = 0; j.slots && s < j.n_slots; s++)
        zg_free(j.slots[s].buffer);
    zg_groups_free(&j.groups);
    zagg_arena_free(j.arena);
    if (status == ZAGG_OK)
        *out = j.result;
    else
        zagg_carrier_release(j.result);
    return status;
}
