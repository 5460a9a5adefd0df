/* Which cells of a shard hold data, held against what is recorded of them. */
#include "store/verify.h"

#include <inttypes.h>
#include <string.h>

typedef struct cell_walk {
    zg_verifier *v;
    const zagg_store_group *group;
    const zagg_store_shard *shard;
    const uint8_t *bitmap; /* may be NULL */
    size_t
        count; /* the field that counts observations, n_fields where none is known to */
    uint64_t with_data;
    bool reported; /* the bitmap's first contradiction: one line is enough */
} cell_walk;

static zagg_status wrong_cell(cell_walk *w, const zagg_store_chunk *chunk, size_t cell,
                              const char *what, zagg_err *err)
{
    if (w->reported)
        return ZAGG_OK;
    w->reported = true;
    return zg_find(w->v, ZAGG_FINDING_PROBLEM, err,
                   w->shard->path[0] != '\0' ? w->shard->path : w->group->name,
                   "cell %" PRIu64 " of shard %s: %s", chunk->cell_ids[cell],
                   w->shard->label, what);
}

static size_t column_named(const zagg_store_group *group, const char *name)
{
    for (size_t i = 0; i < group->n_fields; i++)
        if (strcmp(group->fields[i].name, name) == 0)
            return i;
    return group->n_fields;
}

/* Words of place and time stand beside the centroids, row by row. */
static zagg_status check_siblings(cell_walk *w, const zagg_store_chunk *chunk,
                                  zagg_err *err)
{
    for (size_t i = 0; i < chunk->n_columns; i++) {
        const zagg_store_column *c = &chunk->columns[i];
        const char *const siblings[2] = {c->field->locations, c->field->times};
        if (!c->read || c->payloads == NULL || !c->field->digest ||
            c->field->kind != ZAGG_STORE_RAGGED)
            continue;
        for (size_t s = 0; s < 2; s++) {
            const size_t k = siblings[s] != NULL ? column_named(w->group, siblings[s])
                                                 : chunk->n_columns;
            const zagg_store_column *b = k < chunk->n_columns ? &chunk->columns[k] : NULL;
            if (siblings[s] != NULL &&
                (b == NULL || b->payloads == NULL || b->field->dtype != ZAGG_DT_U64))
                return wrong_cell(w, chunk, 0, "a sibling of a digest is missing", err);
            for (size_t cell = 0; b != NULL && cell < chunk->n_cells; cell++)
                if (c->payloads[cell].len / 8 != b->payloads[cell].len / 8)
                    return wrong_cell(w, chunk, cell,
                                      "a digest and its words differ in their rows", err);
        }
    }
    return ZAGG_OK;
}

/* The rows of a field tell where data are; of a coordinate whether it stands there. */
static zagg_status check_chunk(cell_walk *w, const zagg_store_chunk *chunk, zagg_err *err)
{
    const bool counted = w->count < chunk->n_columns;
    bool any = false, stored = w->bitmap != NULL;
    for (size_t i = 0; i < chunk->n_columns && !stored; i++)
        stored = chunk->columns[i].stored;
    if (!stored)
        return ZAGG_OK;
    for (size_t cell = 0; cell < chunk->n_cells; cell++) {
        bool data = false;
        for (size_t i = 0; i < chunk->n_columns && !data; i++)
            data = chunk->columns[i].read && zagg_store_has_data(chunk, i, cell);
        any = any || data;
        const bool full = counted ? zagg_store_has_data(chunk, w->count, cell) : data;
        w->with_data += full;
        if (w->bitmap == NULL)
            continue;
        const uint64_t rank = chunk->b * chunk->n_cells + cell;
        if (data && !zg_coverage_bit(w->bitmap, rank))
            ZAGG_TRY(wrong_cell(w, chunk, cell,
                                "it holds data, but the coverage lacks it", err));
        if (counted && !full && zg_coverage_bit(w->bitmap, rank))
            ZAGG_TRY(wrong_cell(w, chunk, cell,
                                "the coverage has it, but it holds no observations",
                                err));
    }
    for (size_t i = 0; i < chunk->n_columns && any; i++)
        if (chunk->columns[i].field->kind == ZAGG_STORE_COORDINATE &&
            !chunk->columns[i].stored &&
            !(chunk->index[0] == 0 && chunk->n_cells == 1 &&
              strcmp(chunk->columns[i].field->name, "cell_ids") == 0))
            return wrong_cell(w, chunk, 0,
                              "its chunk holds data, but no coordinates are stored", err);
    return check_siblings(w, chunk, err);
}

/* A field that is no count may be empty where there were observations. */
static zagg_status check_count(const cell_walk *w, zagg_err *err)
{
    const zg_shard_count *said = zg_records_count(w->v, w->shard->key);
    const bool counted = w->count < w->group->n_fields;
    if (said == NULL || w->with_data == said->cells ||
        (!counted && w->with_data < said->cells))
        return ZAGG_OK;
    return zg_find(w->v, ZAGG_FINDING_PROBLEM, err,
                   w->shard->path[0] != '\0' ? w->shard->path : w->group->name,
                   "%" PRIu64 " cells of shard %s hold data, its record in the status "
                   "folder says %" PRIu64,
                   w->with_data, w->shard->label, said->cells);
}

zagg_status zg_verify_cells(zg_verifier *v, zagg_store_reader *reader, size_t shard,
                            const uint8_t *bitmap, uint64_t before, uint64_t *n,
                            zagg_err *err)
{
    const zagg_store_group *group = zg_store_reader_group(reader);
    zagg_err reason = ZAGG_ERR_INIT;
    cell_walk w = {.v = v,
                   .group = group,
                   .shard = &group->shards[shard],
                   .bitmap = bitmap,
                   .count = v->counted ? column_named(group, "count") : group->n_fields};
    if (w.count < group->n_fields && group->fields[w.count].kind != ZAGG_STORE_SCALAR)
        w.count = group->n_fields;
    zagg_status status = zagg_store_reader_shard(reader, shard, &reason);
    for (uint64_t b = 0; b < group->grid.chunks_per_shard && status == ZAGG_OK; b++) {
        zagg_store_chunk chunk;
        status = zagg_store_reader_chunk(reader, b, &chunk, &reason);
        if (status == ZAGG_OK)
            ZAGG_TRY(check_chunk(&w, &chunk, err));
    }
    *n = w.with_data;
    if (status == ZAGG_OK)
        return check_count(&w, err);
    *n = UINT64_MAX;
    if (v->verdict.problems > before && status != ZAGG_ENOMEM)
        return ZAGG_OK; /* the damaged array was reported by itself */
    return zg_find_failure(v, w.shard->path[0] != '\0' ? w.shard->path : group->name,
                           status, &reason, err);
}
