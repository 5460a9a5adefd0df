/* One shard as record batches of the Arrow C data interface, without a library of
 * Arrow's, and its rows grouped by a column of one's own:
 *
 *     to_arrow CONFIG GRANULE...
 *     to_arrow demo.yaml granules/a.h5 granules/b.h5
 *
 * Batches outlive everything that made them. Whatever speaks the interface can take one:
 * in Python, pyarrow.RecordBatch._import_from_c(address_of_array, address_of_schema).
 *
 *     cc -std=c17 to_arrow.c $(pkg-config --cflags --libs --static zagg) -o to_arrow
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <zagg/arrow.h>

enum { MAX_BATCHES = 64 };

typedef struct job {
    zagg_pipeline *pipeline;
    zagg_grid *grid;
    zagg_worker *worker;
    size_t n;
    struct ArrowArray arrays[MAX_BATCHES];
    struct ArrowSchema schemas[MAX_BATCHES];
} job;

/* A sink that keeps the chunks with data. */
static zagg_status keep(void *user, const zagg_shard *shard, const zagg_carrier *carrier,
                        zagg_err *err)
{
    job *j = user;
    (void)shard;
    if (carrier->cells_with_data == 0 || j->n == MAX_BATCHES)
        return ZAGG_OK;
    ZAGG_TRY(
        zagg_carrier_export_arrow(carrier, &j->arrays[j->n], &j->schemas[j->n], err));
    j->n++;
    return ZAGG_OK;
}

static zagg_status first_shard(const job *j, const char *granule, uint64_t *key,
                               zagg_err *err)
{
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    zagg_arena *arena = NULL;
    uint64_t *keys = NULL;
    size_t n = 0;
    zagg_status status = zagg_source_open_file(granule, &source, err);
    if (status == ZAGG_OK)
        status = zagg_h5_open(source, NULL, &file, err);
    if (status == ZAGG_OK)
        status = zagg_arena_new(0, &arena, err);
    if (status == ZAGG_OK)
        status = zagg_worker_shard_keys(j->worker, file, NULL, arena, &keys, &n, err);
    if (status == ZAGG_OK && n == 0)
        status = zagg_err_set(err, ZAGG_ENOTFOUND, "%s reaches no shard", granule);
    if (status == ZAGG_OK)
        *key = keys[0];
    zagg_arena_free(arena);
    zagg_h5_close(file);
    zagg_source_close(source);
    return status;
}

static zagg_status aggregate(job *j, const char *config, const char *const *granules,
                             size_t n, zagg_err *err)
{
    uint64_t key = 0;
    zagg_shard_result result;
    const zagg_shard_opts opts = ZAGG_SHARD_OPTS_INIT;
    ZAGG_TRY(zagg_pipeline_load(config, NULL, &j->pipeline, err));
    ZAGG_TRY(zagg_grid_from_pipeline(j->pipeline, ZAGG_LATITUDE_AUTHALIC, &j->grid, err));
    ZAGG_TRY(zagg_worker_new(j->pipeline, j->grid, &j->worker, err));
    ZAGG_TRY(first_shard(j, granules[0], &key, err));
    return zagg_process_shard(j->worker, key, granules, n, &opts, keep, j, &result, err);
}

/* A format for each level of a column: a list of pairs of floats is "+L of +w:2 of f". */
static void print_columns(const struct ArrowSchema *schema,
                          const struct ArrowArray *array)
{
    printf("%" PRId64 " rows, %" PRId64 " columns\n", array->length, schema->n_children);
    for (int64_t i = 0; i < schema->n_children; i++) {
        const struct ArrowSchema *s = schema->children[i];
        printf("  %-20s %s", s->name, s->format);
        for (; s->n_children > 0; s = s->children[0])
            printf(" of %s", s->children[0]->format);
        printf("%s\n", s->metadata ? ", with an extension type" : "");
    }
}

/* Columns of any origin can be grouped by one of them. */
static zagg_status print_blocks(struct ArrowArray *array, struct ArrowSchema *schema,
                                zagg_err *err)
{
    const zagg_group_field fields[] = {
        {"cells", "count", NULL, NULL, ZAGG_DT_NONE},
        {"most", "max", "value", NULL, ZAGG_DT_NONE},
    };
    zagg_import *import = NULL;
    const zagg_carrier *blocks = NULL;
    ZAGG_TRY(zagg_table_import_arrow(array, schema, &import, err));
    const zagg_table *table = zagg_import_table(import);
    zagg_status status =
        zagg_group_aggregate(&table, 1, "block", fields, 2, NULL, &blocks, err);
    zagg_import_free(import);
    if (status != ZAGG_OK)
        return status;
    for (size_t i = 0; i < blocks->n_cells; i++)
        printf("block %" PRIu32 ": %" PRId64 " values, the largest %.1f\n",
               ((const uint32_t *)blocks->columns[0].data)[i],
               ((const int64_t *)blocks->columns[1].data)[i],
               ((const double *)blocks->columns[2].data)[i]);
    zagg_carrier_release(blocks);
    return ZAGG_OK;
}

/* Rows of a table of one's own; `release` tells when nobody needs them any longer. */
static zagg_status group_own_rows(zagg_err *err)
{
    static uint32_t block[] = {7, 3, 7, 7, 3};
    static double value[] = {1.5, 4.0, 0.5, 2.5, 3.0};
    zagg_column columns[] = {{"block", ZAGG_DT_U32, block},
                             {"value", ZAGG_DT_F64, value}};
    const zagg_table rows = {5, 2, columns, NULL, NULL};
    struct ArrowArray array;
    struct ArrowSchema schema;
    ZAGG_TRY(zagg_table_export_arrow(&rows, NULL, NULL, NULL, &array, &schema, err));
    const zagg_status status = print_blocks(&array, &schema, err);
    if (status != ZAGG_OK && array.release) { /* not taken */
        array.release(&array);
        schema.release(&schema);
    }
    return status;
}

int main(int argc, char **argv)
{
    zagg_err err = ZAGG_ERR_INIT;
    if (argc < 3) {
        fprintf(stderr, "usage: to_arrow CONFIG GRANULE...\n");
        return 2;
    }
    job *j = calloc(1, sizeof *j);
    if (!j)
        return 1;
    zagg_status status =
        aggregate(j, argv[1], (const char *const *)(argv + 2), (size_t)argc - 2, &err);
    zagg_worker_free(j->worker);
    zagg_grid_free(j->grid);
    zagg_pipeline_free(j->pipeline);
    if (status == ZAGG_OK)
        printf("%zu batches\n", j->n);
    if (status == ZAGG_OK && j->n > 0)
        print_columns(&j->schemas[0], &j->arrays[0]);
    if (status == ZAGG_OK)
        status = group_own_rows(&err);
    for (size_t i = 0; i < j->n; i++) {
        j->arrays[i].release(&j->arrays[i]);
        j->schemas[i].release(&j->schemas[i]);
    }
    free(j);
    if (status != ZAGG_OK)
        fprintf(stderr, "to_arrow: %s\n", err.msg);
    return status == ZAGG_OK ? 0 : 1;
}
