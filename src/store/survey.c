/* Statistics of a group: every chunk of every shard is read once. */
#include "store/store.h"

#include <math.h>
#include <string.h>

/* Sums of one field so far. */
typedef struct tally {
    zagg_store_stats stats;
    double sum;
} tally;

static void take(tally *t, double v, double weight)
{
    if (!isfinite(v))
        return;
    if (t->stats.values == 0 || v < t->stats.min)
        t->stats.min = v;
    if (t->stats.values == 0 || v > t->stats.max)
        t->stats.max = v;
    t->stats.values++;
    t->sum += v * weight;
}

double zagg_store_number(zagg_dtype dtype, const void *element)
{
    union {
        int8_t i8;
        int16_t i16;
        int32_t i32;
        int64_t i64;
        uint8_t u8;
        uint16_t u16;
        uint32_t u32;
        uint64_t u64;
        float f32;
        double f64;
    } u;
    memcpy(&u, element, zagg_dtype_size(dtype));
    switch (dtype) {
    case ZAGG_DT_BOOL:
    case ZAGG_DT_U8:
        return u.u8;
    case ZAGG_DT_I8:
        return u.i8;
    case ZAGG_DT_I16:
        return u.i16;
    case ZAGG_DT_U16:
        return u.u16;
    case ZAGG_DT_I32:
        return u.i32;
    case ZAGG_DT_U32:
        return u.u32;
    case ZAGG_DT_I64:
        return (double)u.i64;
    case ZAGG_DT_U64:
        return (double)u.u64;
    case ZAGG_DT_F32:
        return (double)u.f32;
    case ZAGG_DT_F64:
        return u.f64;
    case ZAGG_DT_NONE:
        break;
    }
    return (double)NAN;
}

/* Payloads of one cell: centroids count with their weight. */
static void take_payload(tally *t, const zagg_store_field_info *f,
                         const zagg_bytes_view *payload)
{
    const size_t size = zagg_dtype_size(f->dtype);
    const char *at = payload->data;
    const size_t n = payload->len / size;
    for (size_t i = 0; i < n; i += f->digest ? 2 : 1) {
        const double v = zagg_store_number(f->dtype, at + i * size);
        const double weight = f->digest && i + 1 < n
                                  ? zagg_store_number(f->dtype, at + (i + 1) * size)
                                  : 1.0;
        t->stats.weight += f->digest ? weight : 0;
        take(t, v, weight);
    }
}

/* Values of a cell that are neither fill nor NaN. */
static void take_values(tally *t, const zagg_store_chunk *chunk, size_t i, size_t cell)
{
    const zagg_store_column *c = &chunk->columns[i];
    const zagg_store_field_info *f = c->field;
    const size_t size = zagg_dtype_size(f->dtype);
    for (size_t k = 0; k < f->width; k++) {
        const size_t e = f->kind == ZAGG_STORE_SERIES ? k * chunk->n_cells + cell
                                                      : cell * f->width + k;
        const char *element = (const char *)c->data + e * size;
        if (memcmp(element, f->array->fill, size) != 0)
            take(t, zagg_store_number(f->dtype, element), 1.0);
    }
}

static void take_companion(tally *t, const zagg_store_column *c)
{
    const zagg_store_field_info *f = c->field;
    const size_t size = zagg_dtype_size(f->dtype);
    if (!c->stored)
        return;
    t->stats.cells++;
    if (f->ragged)
        take_payload(t, f, &c->payloads[0]);
    for (size_t k = 0; !f->ragged && k < f->width; k++)
        take(t, zagg_store_number(f->dtype, (const char *)c->data + k * size), 1.0);
}

static void take_column(tally *t, const zagg_store_chunk *chunk, size_t i,
                        bool *with_data)
{
    const zagg_store_column *c = &chunk->columns[i];
    const zagg_store_field_info *f = c->field;
    if (f->kind == ZAGG_STORE_COMPANION) {
        take_companion(t, c);
        return;
    }
    if (!c->stored)
        return;
    for (size_t cell = 0; cell < chunk->n_cells; cell++) {
        if (f->kind == ZAGG_STORE_MASK || f->kind == ZAGG_STORE_COORDINATE) {
            const size_t size = zagg_dtype_size(f->dtype);
            t->stats.cells +=
                memcmp((const char *)c->data + cell * size, f->array->fill, size) != 0;
            continue;
        }
        if (!zagg_store_has_data(chunk, i, cell))
            continue;
        with_data[cell] = true;
        t->stats.cells++;
        if (f->ragged)
            take_payload(t, f, &c->payloads[cell]);
        else
            take_values(t, chunk, i, cell);
    }
}

/* ---- objects ---- */

static zagg_status add_object(void *user, const char *key, uint64_t size, zagg_err *err)
{
    static const char TAIL[] = "zarr.json";
    zagg_store_stats *stats = user;
    const size_t len = strlen(key), tail = sizeof TAIL - 1;
    (void)err;
    if (len >= tail && strcmp(key + len - tail, TAIL) == 0)
        return ZAGG_OK;
    stats->objects++;
    stats->bytes += size;
    return ZAGG_OK;
}

static zagg_status count_objects(const zagg_store *store, const zagg_store_group *group,
                                 const zagg_store_field_info *f, zagg_store_stats *stats,
                                 zagg_err *err)
{
    const bool flat = store->form == ZAGG_STORE_FLAT;
    for (size_t i = 0; i < (flat ? 1 : group->n_shards); i++) {
        const char *path = flat ? "" : group->shards[i].path;
        zg_str prefix;
        zg_str_init(&prefix, ZG_STORE_MAX_PATH);
        zg_str_addf(&prefix, "%s%s%s/%s/", path, path[0] != '\0' ? "/" : "", group->name,
                    f->name);
        const zagg_status status =
            prefix.failed
                ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path")
                : zagg_sink_list(store->sink, prefix.data, add_object, stats, err);
        zg_str_free(&prefix);
        ZAGG_TRY(status);
    }
    return ZAGG_OK;
}

/* ---- a group ---- */

typedef struct survey {
    const zagg_store_group *group;
    tally *tallies;
    bool *with_data; /* cells of the chunk at hand */
} survey;

static zagg_status read_shard(survey *s, zagg_store_reader *reader, size_t i,
                              uint64_t *cells, zagg_err *err)
{
    uint64_t n = 0;
    ZAGG_TRY(zagg_store_reader_shard(reader, i, err));
    for (uint64_t b = 0; b < s->group->grid.chunks_per_shard; b++) {
        zagg_store_chunk chunk;
        ZAGG_TRY(zagg_store_reader_chunk(reader, b, &chunk, err));
        memset(s->with_data, 0, chunk.n_cells);
        for (size_t k = 0; k < chunk.n_columns; k++)
            if (chunk.columns[k].read)
                take_column(&s->tallies[k], &chunk, k, s->with_data);
        for (size_t k = 0; k < chunk.n_cells; k++)
            n += s->with_data[k];
    }
    *cells = n;
    return ZAGG_OK;
}

static zagg_status read_group(survey *s, const zagg_store *store, size_t group,
                              uint64_t *cells_with_data, zagg_err *err)
{
    zagg_store_reader *reader = NULL;
    if (!s->group->has_grid || s->group->n_shards == 0)
        return ZAGG_OK;
    ZAGG_TRY(zagg_store_reader_new(store, group, NULL, &reader, err));
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; i < s->group->n_shards && status == ZAGG_OK; i++)
        status = read_shard(s, reader, i, &cells_with_data[i], err);
    zagg_store_reader_free(reader);
    return status;
}

static void finish(const tally *t, zagg_store_stats *out)
{
    *out = t->stats;
    const double n = t->stats.weight > 0 ? t->stats.weight : (double)t->stats.values;
    out->mean = t->stats.values > 0 ? t->sum / n : (double)NAN;
    if (t->stats.values == 0)
        out->min = out->max = (double)NAN;
}

zagg_status zagg_store_survey(const zagg_store *store, size_t group,
                              zagg_store_stats *stats, uint64_t *cells_with_data,
                              zagg_err *err)
{
    survey s = {.group = zagg_store_get_group(store, group)};
    if (s.group == NULL)
        return zagg_err_set(err, ZAGG_ERANGE, "group %zu of a store with %zu", group,
                            store->n_groups);
    const size_t n = s.group->n_fields;
    const uint64_t cells = s.group->has_grid ? s.group->grid.cells_per_chunk : 0;
    s.tallies = zg_alloc(n > 0 ? n : 1, sizeof *s.tallies);
    s.with_data = cells <= ZG_STORE_MAX_CHUNK_CELLS
                      ? zg_alloc(cells > 0 ? (size_t)cells : 1, sizeof *s.with_data)
                      : NULL;
    zagg_status status = s.tallies != NULL && s.with_data != NULL
                             ? ZAGG_OK
                             : zagg_err_set(err, ZAGG_ENOMEM, "no memory for statistics");
    for (size_t i = 0; i < n && status == ZAGG_OK; i++)
        status =
            count_objects(store, s.group, &s.group->fields[i], &s.tallies[i].stats, err);
    if (status == ZAGG_OK)
        status = read_group(&s, store, group, cells_with_data, err);
    for (size_t i = 0; i < n && status == ZAGG_OK; i++)
        finish(&s.tallies[i], &stats[i]);
    zg_free(s.tallies);
    zg_free(s.with_data);
    return status;
}
