/* Cells with their values side by side: the chunks of one shard, one after the other or
 * picked. What is held for a field is one object and one decoded chunk. */
#include "codec/codec.h"
#include "store/store.h"
#include "zarr/csr.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How one field is read. */
typedef struct source {
    zagg_zarr_cursor *cursor; /* NULL for CSR and for what is not read */
    const zagg_zarr_array *array;
    /* CSR: payloads of the cells, and the bytes they point into */
    zagg_bytes_view *views;
    zg_vec bytes;
    /* SERIES: its layers one after the other */
    void *layers;
} source;

struct zagg_store_reader {
    const zagg_store *store;
    const zagg_store_group *group;
    bool *wanted;
    source *sources;
    zagg_store_column *columns;
    uint64_t *cell_ids, *words;
    zg_zstd *zstd;     /* of CSR fields */
    zagg_arena *arena; /* descriptions of the arrays of the leaf at hand */
    zagg_arena_mark empty;
    size_t shard;                 /* SIZE_MAX: none yet */
    char path[ZG_STORE_MAX_PATH]; /* of the group in the shard at hand */
};

static zagg_status no_memory(const zagg_store_reader *r, zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory to read store %s",
                        zagg_sink_name(r->store->sink));
}

/* ---- making one ---- */

static bool is_read(const zagg_store_reader *r, size_t i)
{
    const zagg_store_kind kind = r->group->fields[i].kind;
    return r->wanted[i] && kind != ZAGG_STORE_OTHER && kind != ZAGG_STORE_AXIS &&
           kind != ZAGG_STORE_MAPPING;
}

static void free_sources(zagg_store_reader *r)
{
    for (size_t i = 0; i < r->group->n_fields; i++) {
        source *s = &r->sources[i];
        zagg_zarr_cursor_free(s->cursor);
        zg_free(s->views);
        zg_free(s->layers);
        zg_vec_free(&s->bytes);
        *s = (source){.cursor = NULL};
    }
}

static bool make_lists(zagg_store_reader *r)
{
    const size_t n = r->group->n_fields > 0 ? r->group->n_fields : 1;
    const zagg_store_grid *g = &r->group->grid;
    r->wanted = zg_alloc(n, sizeof *r->wanted);
    r->sources = zg_alloc(n, sizeof *r->sources);
    r->columns = zg_alloc(n, sizeof *r->columns);
    r->cell_ids = zg_alloc((size_t)g->cells_per_chunk, sizeof *r->cell_ids);
    if (g->kind == ZAGG_GRID_HEALPIX)
        r->words = zg_alloc((size_t)g->cells_per_chunk, sizeof *r->words);
    r->zstd = zg_zstd_new();
    return r->wanted != NULL && r->sources != NULL && r->columns != NULL &&
           r->cell_ids != NULL && (r->words != NULL || g->kind != ZAGG_GRID_HEALPIX) &&
           r->zstd != NULL;
}

zagg_status zagg_store_reader_new(const zagg_store *store, size_t group,
                                  const bool *wanted, zagg_store_reader **out,
                                  zagg_err *err)
{
    const zagg_store_group *g = zagg_store_get_group(store, group);
    if (g == NULL)
        return zagg_err_set(err, ZAGG_ERANGE, "group %zu of a store with %zu", group,
                            store->n_groups);
    if (!g->has_grid)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "%s", g->why);
    if (g->grid.cells_per_chunk > ZG_STORE_MAX_CHUNK_CELLS)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "group %s: chunks of %" PRIu64
                            " cells are larger than zagg reads",
                            g->name, g->grid.cells_per_chunk);
    zagg_store_reader *r = zg_alloc(1, sizeof *r);
    if (r == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to read a store");
    r->store = store;
    r->group = g;
    r->shard = SIZE_MAX;
    zagg_status status = make_lists(r) ? ZAGG_OK : no_memory(r, err);
    if (status == ZAGG_OK)
        status = zagg_arena_new(0, &r->arena, err);
    if (status != ZAGG_OK) {
        zagg_store_reader_free(r);
        return status;
    }
    r->empty = zagg_arena_get_mark(r->arena);
    for (size_t i = 0; i < g->n_fields; i++)
        r->wanted[i] = wanted == NULL || wanted[i];
    *out = r;
    return ZAGG_OK;
}

void zagg_store_reader_free(zagg_store_reader *r)
{
    if (r == NULL)
        return;
    if (r->sources != NULL)
        free_sources(r);
    zg_free(r->wanted);
    zg_free(r->sources);
    zg_free(r->columns);
    zg_free(r->cell_ids);
    zg_free(r->words);
    zg_zstd_free(r->zstd);
    zagg_arena_free(r->arena);
    zg_free(r);
}

const zagg_store_group *zg_store_reader_group(const zagg_store_reader *r)
{
    return r->group;
}

/* ---- turning to a shard ---- */

static bool same_layout(const zagg_store_field_info *a, const zagg_store_field_info *b)
{
    const zagg_zarr_array *x = a->array, *y = b->array;
    return x->kind == y->kind && x->rank == y->rank && a->dtype == b->dtype &&
           a->ragged == b->ragged && (!a->ragged || a->width == b->width) &&
           memcmp(x->fill, y->fill, sizeof x->fill) == 0 &&
           memcmp(x->shape, y->shape, sizeof x->shape) == 0 &&
           memcmp(x->chunk, y->chunk, sizeof x->chunk) == 0;
}

/* Of a flat store all shards lie in the arrays of the group. */
static zagg_status describe(zagg_store_reader *r, size_t i, zagg_err *err)
{
    const zagg_store_field_info *f = &r->group->fields[i];
    zagg_store_field_info found;
    source *s = &r->sources[i];
    s->array = f->array;
    if (r->store->form == ZAGG_STORE_FLAT)
        return ZAGG_OK;
    ZAGG_TRY(zg_store_read_array((zagg_store *)r->store, r->arena, r->path, f->name,
                                 &found, err));
    if (found.array == NULL || found.why != NULL)
        return zagg_err_set(err, ZAGG_EFORMAT, "%s/%s: %s", r->path, f->name, found.why);
    if (!same_layout(&found, f))
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s/%s: its shape, chunks, type or fill are not those of the "
                            "other leaves",
                            r->path, f->name);
    s->array = found.array;
    return ZAGG_OK;
}

static zagg_status open_source(zagg_store_reader *r, size_t i, zagg_err *err)
{
    source *s = &r->sources[i];
    zg_vec_init(&s->bytes, 1, 0);
    if (!is_read(r, i))
        return ZAGG_OK;
    ZAGG_TRY(describe(r, i, err));
    if (s->array->kind == ZAGG_ZARR_CSR)
        return ZAGG_OK;
    return zagg_zarr_cursor_new(r->store->sink, r->path, s->array, &s->cursor, err);
}

zagg_status zagg_store_reader_shard(zagg_store_reader *r, size_t i, zagg_err *err)
{
    if (i >= r->group->n_shards)
        return zagg_err_set(err, ZAGG_ERANGE, "shard %zu of a group with %zu", i,
                            r->group->n_shards);
    const zagg_store_shard *shard = &r->group->shards[i];
    if (r->shard == i)
        return ZAGG_OK;
    if (r->shard != SIZE_MAX && r->store->form == ZAGG_STORE_FLAT) {
        r->shard = i; /* the same arrays */
        return ZAGG_OK;
    }
    r->shard = SIZE_MAX;
    free_sources(r);
    zagg_arena_release(r->arena, r->empty);
    const int len = snprintf(r->path, sizeof r->path, "%s%s%s", shard->path,
                             shard->path[0] != '\0' ? "/" : "", r->group->name);
    if (len < 0 || (size_t)len >= sizeof r->path)
        return zagg_err_set(err, ZAGG_ERANGE, "path of shard %s is too long",
                            shard->label);
    for (size_t f = 0; f < r->group->n_fields; f++)
        ZAGG_TRY(open_source(r, f, err));
    r->shard = i;
    return ZAGG_OK;
}

/* ---- cells ---- */

/* Which chunk of the whole grid chunk b of the shard is. */
static void locate_chunk(const zagg_store_reader *r, uint64_t b, uint64_t index[2])
{
    const zagg_store_grid *g = &r->group->grid;
    const zagg_store_shard *shard = &r->group->shards[r->shard];
    uint64_t inner[2] = {b, 0};
    if (g->rank == 2) {
        const uint64_t columns = g->shard_shape[1] / g->chunk_shape[1];
        inner[0] = b / columns;
        inner[1] = b % columns;
    }
    index[0] = index[1] = 0;
    for (unsigned d = 0; d < g->rank; d++)
        index[d] = shard->block[d] * (g->shard_shape[d] / g->chunk_shape[d]) + inner[d];
}

static void fill_cells(zagg_store_reader *r, const uint64_t index[2])
{
    const zagg_store_grid *g = &r->group->grid;
    if (g->rank == 1) {
        const uint64_t first = index[0] * g->cells_per_chunk;
        for (uint64_t i = 0; i < g->cells_per_chunk; i++) {
            r->cell_ids[i] = first + i;
            r->words[i] = zagg_word_from_nested(first + i, g->cell_order);
        }
        return;
    }
    uint64_t *id = r->cell_ids;
    for (uint64_t y = 0; y < g->chunk_shape[0]; y++) {
        const uint64_t row = index[0] * g->chunk_shape[0] + y;
        for (uint64_t x = 0; x < g->chunk_shape[1]; x++)
            *id++ = row * g->shape[1] + index[1] * g->chunk_shape[1] + x;
    }
}

/* ---- columns ---- */

/* Where the reader is: chunk `b` of the shard, `index` in the array at hand. */
typedef struct place {
    uint64_t b, whole[2];               /* in the grid of chunks */
    uint64_t array[ZAGG_ZARR_MAX_RANK]; /* in an array of this store */
} place;

static zagg_status check_payloads(const zagg_store_reader *r,
                                  const zagg_store_field_info *f,
                                  const zagg_bytes_view *views, size_t n, zagg_err *err)
{
    const size_t row = f->width * zagg_dtype_size(f->dtype);
    for (size_t i = 0; i < n; i++)
        if (views[i].len % row != 0)
            return zagg_err_set(
                err, ZAGG_EFORMAT,
                "%s/%s: the payload of cell %zu is no whole number of rows "
                "of %zu bytes",
                r->path, f->name, i, row);
    return ZAGG_OK;
}

static zagg_status read_chunk(zagg_store_reader *r, size_t i, const place *p,
                              zagg_store_column *out, zagg_err *err)
{
    const zagg_store_field_info *f = out->field;
    zagg_zarr_chunk chunk;
    ZAGG_TRY(zagg_zarr_cursor_read(r->sources[i].cursor, p->array, &chunk, err));
    out->stored = chunk.stored;
    if (!f->ragged) {
        out->data = chunk.elements;
        return ZAGG_OK;
    }
    out->payloads = chunk.elements;
    return check_payloads(r, f, out->payloads, chunk.n, err);
}

/* Layers are chunks along the first axis; the last may reach beyond the array. */
static zagg_status read_series(zagg_store_reader *r, size_t i, const place *p,
                               zagg_store_column *out, zagg_err *err)
{
    source *s = &r->sources[i];
    const zagg_zarr_array *a = s->array;
    const size_t layer =
        (size_t)r->group->grid.cells_per_chunk * zagg_dtype_size(a->dtype);
    uint64_t index[ZAGG_ZARR_MAX_RANK] = {0, p->array[0], p->array[1]};
    size_t bytes = 0;
    if (!zg_mul_size(layer, (size_t)a->shape[0], &bytes) || bytes > (size_t)1 << 32)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED, "%s/%s: too many layers", r->path,
                            out->field->name);
    if (s->layers == NULL && (s->layers = zg_alloc(bytes, 1)) == NULL)
        return no_memory(r, err);
    for (uint64_t at = 0; at < a->shape[0]; at += a->chunk[0]) {
        const uint64_t n =
            a->shape[0] - at < a->chunk[0] ? a->shape[0] - at : a->chunk[0];
        zagg_zarr_chunk chunk;
        index[0] = at / a->chunk[0];
        ZAGG_TRY(zagg_zarr_cursor_read(s->cursor, index, &chunk, err));
        out->stored = out->stored || chunk.stored;
        memcpy((char *)s->layers + (size_t)at * layer, chunk.elements, (size_t)n * layer);
    }
    out->data = s->layers;
    return ZAGG_OK;
}

/* What a CSR chunk is turned into payloads for. */
typedef struct csr_job {
    zagg_store_reader *r;
    source *s;
    const zagg_store_field_info *field;
    bool found;
} csr_job;

static zagg_status take_csr(void *user, const uint64_t *chunk_index, const void *data,
                            size_t n, zagg_err *err)
{
    csr_job *job = user;
    const zagg_zarr_csr *csr = data;
    const size_t row = job->field->width * zagg_dtype_size(csr->dtype);
    const uint64_t cells = job->r->group->grid.cells_per_chunk;
    (void)chunk_index;
    job->found = true;
    if (n > 0 && (csr->width > 0 ? csr->width : 1) != job->field->width)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s/%s: rows of %zu values in one chunk, of %zu in another",
                            job->r->path, job->field->name, csr->width,
                            job->field->width);
    if (n > 0 && (uint64_t)csr->cell_ids[n - 1] >= cells)
        return zagg_err_set(err, ZAGG_EFORMAT,
                            "%s/%s: cell %" PRId64 " of a chunk with %" PRIu64,
                            job->r->path, job->field->name, csr->cell_ids[n - 1], cells);
    if (!zg_vec_append(&job->s->bytes, csr->values, (size_t)csr->offsets[n] * row))
        return no_memory(job->r, err);
    for (size_t i = 0; i < n; i++)
        job->s->views[csr->cell_ids[i]] =
            (zagg_bytes_view){(char *)job->s->bytes.data + (size_t)csr->offsets[i] * row,
                              (size_t)(csr->offsets[i + 1] - csr->offsets[i]) * row};
    return ZAGG_OK;
}

/* With one chunk a shard upstream's keys are morton words, which no number of a chunk of
 * order 27 or coarser reaches; both are tried, the number first. */
static zagg_status read_csr(zagg_store_reader *r, size_t i, const place *p,
                            zagg_store_column *out, zagg_err *err)
{
    const zagg_store_grid *g = &r->group->grid;
    source *s = &r->sources[i];
    csr_job job = {r, s, out->field, false};
    char path[ZG_STORE_MAX_PATH];
    const size_t n = (size_t)g->cells_per_chunk;
    const bool healpix = g->kind == ZAGG_GRID_HEALPIX;
    const uint64_t keys[2] = {
        healpix ? p->whole[0]
                : p->whole[0] * (g->shape[1] / g->chunk_shape[1]) + p->whole[1],
        healpix ? zagg_word_from_nested(p->whole[0], g->chunk_order) : 0};
    if (s->views == NULL && (s->views = zg_alloc(n, sizeof *s->views)) == NULL)
        return no_memory(r, err);
    const int len = snprintf(path, sizeof path, "%s/%s", r->path, out->field->name);
    if (len < 0 || (size_t)len >= sizeof path)
        return zagg_err_set(err, ZAGG_ERANGE, "path of field %s is too long",
                            out->field->name);
    memset(s->views, 0, n * sizeof *s->views);
    s->bytes.len = 0;
    for (size_t k = 0; k < (healpix ? 2u : 1u) && !job.found; k++)
        ZAGG_TRY(zg_zarr_read_csr_chunk(r->store->sink, path, s->array->dtype, keys[k],
                                        r->zstd, take_csr, &job, err));
    out->stored = job.found && s->bytes.len > 0;
    out->payloads = s->views;
    return ZAGG_OK;
}

static zagg_status read_column(zagg_store_reader *r, size_t i, const place *p,
                               zagg_err *err)
{
    zagg_store_column *out = &r->columns[i];
    *out = (zagg_store_column){.field = &r->group->fields[i], .read = is_read(r, i)};
    if (!out->read)
        return ZAGG_OK;
    if (r->sources[i].array->kind == ZAGG_ZARR_CSR)
        return read_csr(r, i, p, out, err);
    if (out->field->kind == ZAGG_STORE_SERIES)
        return read_series(r, i, p, out, err);
    return read_chunk(r, i, p, out, err);
}

zagg_status zagg_store_reader_chunk(zagg_store_reader *r, uint64_t b,
                                    zagg_store_chunk *out, zagg_err *err)
{
    const zagg_store_grid *g = &r->group->grid;
    place p = {.b = b};
    if (r->shard == SIZE_MAX)
        return zagg_err_set(err, ZAGG_EARG, "a reader that has not turned to a shard");
    if (b >= g->chunks_per_shard)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "chunk %" PRIu64 " of a shard with %" PRIu64, b,
                            g->chunks_per_shard);
    locate_chunk(r, b, p.whole);
    for (unsigned d = 0; d < g->rank; d++)
        p.array[d] = r->store->form == ZAGG_STORE_FLAT ? p.whole[d] : b;
    fill_cells(r, p.whole);
    for (size_t i = 0; i < r->group->n_fields; i++)
        ZAGG_TRY(read_column(r, i, &p, err));
    *out = (zagg_store_chunk){.b = b,
                              .index = {p.whole[0], p.whole[1]},
                              .n_cells = (size_t)g->cells_per_chunk,
                              .cell_ids = r->cell_ids,
                              .words = r->words,
                              .n_columns = r->group->n_fields,
                              .columns = r->columns};
    return ZAGG_OK;
}
