/* What arrow_import.py drives through ctypes: batches that zagg exports, with a count of
 * those released, and batches that it takes. Functions give a number of batches, 0 for
 * none, or -1 with a message in peer_error(). */
#include "zagg/arrow.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEER __attribute__((visibility("default")))

PEER const char *peer_error(void);
PEER int peer_released(void);
PEER int peer_shard(const char *config, const char *const *granules, int n_granules,
                    uint64_t *key, struct ArrowArray *arrays, struct ArrowSchema *schemas,
                    int max);
PEER int peer_read(const char *config, const char *granule, const char *group,
                   uint64_t key, struct ArrowArray *array, struct ArrowSchema *schema);
PEER int peer_group(struct ArrowArray *arrays, struct ArrowSchema *schemas, int n,
                    const char *key, const char *const *fields, int n_fields,
                    struct ArrowArray *array, struct ArrowSchema *schema);

static zagg_err last;
static atomic_int released;

const char *peer_error(void)
{
    return last.msg;
}

int peer_released(void)
{
    return atomic_load(&released);
}

/* ---- counting what is released ---- */

typedef struct counted {
    void (*release)(struct ArrowArray *);
    void *private_data;
} counted;

static void release_counted(struct ArrowArray *array)
{
    counted *c = array->private_data;
    array->release = c->release;
    array->private_data = c->private_data;
    array->release(array);
    free(c);
    atomic_fetch_add(&released, 1);
}

static zagg_status count(struct ArrowArray *array, zagg_err *err)
{
    counted *c = malloc(sizeof *c);
    if (!c)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory");
    *c = (counted){array->release, array->private_data};
    array->release = release_counted;
    array->private_data = c;
    return ZAGG_OK;
}

/* ---- a pipeline on granules ---- */

typedef struct job {
    zagg_pipeline *pipeline;
    zagg_grid *grid;
    zagg_worker *worker;
    struct ArrowArray *arrays;
    struct ArrowSchema *schemas;
    int n, max;
} job;

static zagg_status job_new(job *j, const char *config, zagg_err *err)
{
    ZAGG_TRY(zagg_pipeline_load(config, NULL, &j->pipeline, err));
    ZAGG_TRY(zagg_grid_from_pipeline(j->pipeline, ZAGG_LATITUDE_AUTHALIC, &j->grid, err));
    return zagg_worker_new(j->pipeline, j->grid, &j->worker, err);
}

static int job_end(job *j, zagg_status status)
{
    zagg_worker_free(j->worker);
    zagg_grid_free(j->grid);
    zagg_pipeline_free(j->pipeline);
    return status == ZAGG_OK ? j->n : -1;
}

static zagg_status keep(void *user, const zagg_shard *shard, const zagg_carrier *carrier,
                        zagg_err *err)
{
    job *j = user;
    (void)shard;
    if (j->n == j->max)
        return zagg_err_set(err, ZAGG_ERANGE, "more than %d chunks", j->max);
    ZAGG_TRY(
        zagg_carrier_export_arrow(carrier, &j->arrays[j->n], &j->schemas[j->n], err));
    ZAGG_TRY(count(&j->arrays[j->n], err));
    j->n++;
    return ZAGG_OK;
}

typedef zagg_status granule_fn(const job *j, zagg_h5 *file, void *user, zagg_err *err);

static zagg_status with_granule(const job *j, const char *path, granule_fn *fn,
                                void *user, zagg_err *err)
{
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_status status = zagg_source_open_file(path, &source, err);
    if (status == ZAGG_OK)
        status = zagg_h5_open(source, NULL, &file, err);
    if (status == ZAGG_OK)
        status = fn(j, file, user, err);
    zagg_h5_close(file);
    zagg_source_close(source);
    return status;
}

static zagg_status first_key(const job *j, zagg_h5 *file, void *user, zagg_err *err)
{
    zagg_arena *arena = NULL;
    uint64_t *keys = NULL, *key = user;
    size_t n = 0;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status =
        zagg_worker_shard_keys(j->worker, file, NULL, arena, &keys, &n, err);
    if (status == ZAGG_OK && n == 0)
        status = zagg_err_set(err, ZAGG_ENOTFOUND, "no shard");
    if (status == ZAGG_OK)
        *key = keys[0];
    zagg_arena_free(arena);
    return status;
}

static zagg_status run_shard(job *j, const char *config, const char *const *granules,
                             size_t n, uint64_t *key, zagg_err *err)
{
    zagg_shard_result result;
    const zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
    ZAGG_TRY(job_new(j, config, err));
    ZAGG_TRY(with_granule(j, granules[0], first_key, key, err));
    return zagg_process_shard(j->worker, *key, granules, n, &opts, keep, j, &result, err);
}

/* The carriers of the first shard of the first granule, which outlive all else. */
int peer_shard(const char *config, const char *const *granules, int n_granules,
               uint64_t *key, struct ArrowArray *arrays, struct ArrowSchema *schemas,
               int max)
{
    job j = {.arrays = arrays, .schemas = schemas, .max = max};
    return job_end(&j, run_shard(&j, config, granules, (size_t)n_granules, key, &last));
}

/* ---- the rows of one group ---- */

typedef struct reading {
    const char *group;
    uint64_t key;
    struct ArrowArray *array;
    struct ArrowSchema *schema;
    int n;
} reading;

static zagg_status read_group(const job *j, zagg_h5 *file, void *user, zagg_err *err)
{
    reading *r = user;
    zagg_shard shard;
    zagg_arena *arena = NULL;
    zagg_table *table = NULL;
    zagg_read_counters counters = {0};
    zagg_read_opts opts = ZAGG_READ_OPTS_INIT;
    opts.all_columns = true;
    opts.with_leaf_ids = true;
    ZAGG_TRY(zagg_grid_shard(j->grid, r->key, &shard, err));
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = zagg_worker_read_group(j->worker, &shard, file, r->group, &opts,
                                                arena, &table, &counters, err);
    if (status == ZAGG_OK && table)
        status = zagg_table_export_arrow(table, j->grid, zagg_arrow_free_arena, arena,
                                         r->array, r->schema, err);
    if (status != ZAGG_OK || !table) {
        zagg_arena_free(arena);
        return status;
    }
    r->n = 1;
    return count(r->array, err);
}

int peer_read(const char *config, const char *granule, const char *group, uint64_t key,
              struct ArrowArray *array, struct ArrowSchema *schema)
{
    job j = {0};
    reading r = {group, key, array, schema, 0};
    zagg_status status = job_new(&j, config, &last);
    if (status == ZAGG_OK)
        status = with_granule(&j, granule, read_group, &r, &last);
    j.n = r.n;
    return job_end(&j, status);
}

/* ---- batches taken and grouped ---- */

enum { MAX_BATCHES = 16, MAX_FIELDS = 32, TEXTS_A_FIELD = 4 };

typedef struct taken {
    zagg_arena *arena;
    zagg_import *imports[MAX_BATCHES];
    const zagg_table *tables[MAX_BATCHES];
    zagg_group_field fields[MAX_FIELDS];
    const zagg_carrier *result;
} taken;

static zagg_status take_fields(taken *t, const char *const *texts, size_t n,
                               zagg_err *err)
{
    for (size_t i = 0; i < n; i++, texts += TEXTS_A_FIELD) {
        zagg_group_field *f = &t->fields[i];
        *f = (zagg_group_field){texts[0], texts[1], texts[2], NULL, ZAGG_DT_NONE};
        if (texts[3])
            ZAGG_TRY(zagg_yaml_parse(t->arena, texts[3], strlen(texts[3]), "params",
                                     &f->params, err));
    }
    return ZAGG_OK;
}

static zagg_status group(taken *t, struct ArrowArray *arrays, struct ArrowSchema *schemas,
                         size_t n, const char *key, const char *const *fields,
                         size_t n_fields, zagg_err *err)
{
    if (n > MAX_BATCHES || n_fields > MAX_FIELDS)
        return zagg_err_set(err, ZAGG_EARG, "too many");
    ZAGG_TRY(zagg_arena_new(0, &t->arena, err));
    ZAGG_TRY(take_fields(t, fields, n_fields, err));
    for (size_t i = 0; i < n; i++) {
        ZAGG_TRY(zagg_table_import_arrow(&arrays[i], &schemas[i], &t->imports[i], err));
        t->tables[i] = zagg_import_table(t->imports[i]);
    }
    return zagg_group_aggregate(t->tables, n, key, t->fields, n_fields, NULL, &t->result,
                                err);
}

/* `fields` holds name, function, source and params (YAML or NULL) of each. */
int peer_group(struct ArrowArray *arrays, struct ArrowSchema *schemas, int n,
               const char *key, const char *const *fields, int n_fields,
               struct ArrowArray *array, struct ArrowSchema *schema)
{
    taken t = {0};
    zagg_status status =
        group(&t, arrays, schemas, (size_t)n, key, fields, (size_t)n_fields, &last);
    if (status == ZAGG_OK)
        status = zagg_carrier_export_arrow(t.result, array, schema, &last);
    if (status == ZAGG_OK)
        status = count(array, &last);
    zagg_carrier_release(t.result);
    for (int i = 0; i < n && i < MAX_BATCHES; i++)
        zagg_import_free(t.imports[i]);
    zagg_arena_free(t.arena);
    return status == ZAGG_OK ? 1 : -1;
}
