/* Rows grouped by cell: a stable counting sort on the rank inside the shard, so that rows
 * of a cell stay in granule order > group order > ascending photon index. Rows come from
 * their fragments straight to their places; of a shard that is too large for that, some
 * inner chunks at a time. */
#include "core/group.h"

#include <string.h>

#define SCATTER(T)                                                                       \
    do {                                                                                 \
        const T *src = from;                                                             \
        T *dst = to;                                                                     \
        for (size_t i = 0; all && i < n; i++)                                            \
            dst[place[i]] = src[i];                                                      \
        for (size_t i = 0; !all && i < n; i++)                                           \
            if (place[i] != NOWHERE)                                                     \
                dst[place[i]] = src[i];                                                  \
    } while (0)

#define NOWHERE UINT32_MAX

/* `all`: every row has a place. */
static void scatter(void *to, const void *from, const uint32_t *place, size_t n,
                    size_t size, bool all)
{
    switch (size) {
    case 1:
        SCATTER(uint8_t);
        break;
    case 2:
        SCATTER(uint16_t);
        break;
    case 4:
        SCATTER(uint32_t);
        break;
    default:
        SCATTER(uint64_t);
        break;
    }
}

/* ---- parts of a shard ---- */

/* Of one part: a counter each. */
enum { MOST_CELLS = 1 << 22 };

/* Rows of each inner chunk. */
static zagg_status count_chunks(const zg_grouping *g, uint64_t *n_rows, zagg_err *err)
{
    const uint64_t per_chunk = g->worker->info->cells_per_chunk;
    const size_t n = zg_row_store_n_fragments(g->store, g->shard);
    zg_row_reader reader = {0};
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; status == ZAGG_OK && i < n; i++) {
        status = zg_row_store_read(g->store, g->shard, i, false, &reader, err);
        for (size_t k = 0; status == ZAGG_OK && k < reader.n_rows; k++)
            n_rows[reader.ranks[k] / per_chunk]++;
    }
    zg_row_reader_free(&reader);
    return status;
}

/* Chunks that are grouped together: as many as the budget and the counters of their cells
 * allow, at least one. */
static void cut_parts(zg_grouping *g, const uint64_t *n_rows, uint64_t row_bytes,
                      uint64_t most_bytes)
{
    const zagg_grid_info *info = g->worker->info;
    size_t most_chunks = MOST_CELLS / (size_t)info->cells_per_chunk;
    zg_group_part part = {0};
    most_chunks = most_chunks ? most_chunks : 1;
    for (size_t c = 0; c < info->chunks_per_shard; c++) {
        if (part.n_chunks > 0 && (part.n_chunks == most_chunks ||
                                  (part.n_rows + n_rows[c]) * row_bytes > most_bytes)) {
            g->parts[g->n_parts++] = part;
            part = (zg_group_part){.first_chunk = c};
        }
        part.n_chunks++;
        part.n_rows += n_rows[c];
    }
    g->parts[g->n_parts++] = part;
}

zagg_status zg_grouping_begin(const zagg_worker *w, zg_row_store *store, size_t shard,
                              zagg_pool *pool, zg_grouping *out, zagg_err *err)
{
    const zagg_grid_info *info = w->info;
    const uint64_t n_rows = zg_row_store_n_rows(store, shard);
    *out = (zg_grouping){.worker = w, .store = store, .shard = shard, .pool = pool};
    out->dtypes = zg_row_store_dtypes(store, shard);
    const uint64_t row_bytes = zg_row_bytes(w, out->dtypes);
    const uint64_t share = zg_row_store_share(store);
    const size_t n_chunks = (size_t)info->chunks_per_shard;
    out->parts = zg_alloc(n_chunks, sizeof *out->parts);
    if (!out->parts)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu chunks", n_chunks);
    if (n_rows * row_bytes <= share && info->cells_per_shard <= MOST_CELLS) {
        out->parts[out->n_parts++] = (zg_group_part){0, n_chunks, n_rows};
        return ZAGG_OK;
    }
    uint64_t *counts = zg_alloc(n_chunks, sizeof *counts);
    zagg_status status =
        counts ? count_chunks(out, counts, err)
               : zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu chunks", n_chunks);
    if (status == ZAGG_OK)
        cut_parts(out, counts, row_bytes, share);
    zg_free(counts);
    return status;
}

void zg_grouping_end(zg_grouping *g)
{
    zg_free(g->parts);
    *g = (zg_grouping){0};
}

/* ---- one part ---- */

/* Rank within the part, or NOWHERE. */
static inline uint32_t part_rank(const zg_grouped *out, uint64_t first_cell,
                                 uint32_t rank)
{
    const uint64_t at = rank - first_cell; /* wraps to a large number before the part */
    return at < out->n_cells ? (uint32_t)at : NOWHERE;
}

/* Some fragments of a shard, one behind the other, which one thread counts and then
 * places. */
typedef struct strand {
    zg_row_reader reader;
    size_t first, end;
    uint32_t *cells; /* rows of each cell, then the place of its next one */
} strand;

typedef struct part_job {
    const zg_grouping *g;
    zg_grouped *out;
    uint64_t first_cell;
    bool all, last; /* the part is the whole shard; no further part reads the rows */
    strand *strands;
    size_t n;
} part_job;

static zagg_status count_strand(void *user, size_t index, size_t slot, void **result,
                                zagg_err *err)
{
    const part_job *j = user;
    strand *s = &j->strands[index];
    (void)slot;
    (void)result;
    for (size_t i = s->first; i < s->end; i++) {
        ZAGG_TRY(zg_row_store_read(j->g->store, j->g->shard, i, false, &s->reader, err));
        const uint32_t *ranks = s->reader.ranks;
        for (size_t k = 0; j->all && k < s->reader.n_rows; k++)
            s->cells[ranks[k]]++;
        for (size_t k = 0; !j->all && k < s->reader.n_rows; k++) {
            const uint32_t at = part_rank(j->out, j->first_cell, ranks[k]);
            if (at != NOWHERE)
                s->cells[at]++;
        }
    }
    return ZAGG_OK;
}

static zagg_status place_strand(void *user, size_t index, size_t slot, void **result,
                                zagg_err *err)
{
    const part_job *j = user;
    const zg_grouped *out = j->out;
    strand *s = &j->strands[index];
    (void)slot;
    (void)result;
    for (size_t i = s->first; i < s->end; i++) {
        ZAGG_TRY(zg_row_store_read(j->g->store, j->g->shard, i, true, &s->reader, err));
        uint32_t *place = s->reader.ranks;
        for (size_t k = 0; j->all && k < s->reader.n_rows; k++)
            place[k] = s->cells[place[k]]++;
        for (size_t k = 0; !j->all && k < s->reader.n_rows; k++) {
            const uint32_t at = part_rank(out, j->first_cell, place[k]);
            place[k] = at == NOWHERE ? NOWHERE : s->cells[at]++;
        }
        for (size_t c = 0; c <= j->g->worker->n_columns; c++)
            if (out->columns[c])
                scatter(out->columns[c], s->reader.columns[c], place, s->reader.n_rows,
                        zagg_dtype_size(out->dtypes[c]), j->all);
        if (j->last)
            zg_row_store_forget(j->g->store, j->g->shard, i);
    }
    return ZAGG_OK;
}

/* Counts of all strands become the places of their first rows: within a cell the rows of
 * one strand come behind those of the strands before it. */
static void add_up(const part_job *j)
{
    uint32_t total = 0;
    for (size_t c = 0; c < j->out->n_cells; c++) {
        j->out->offsets[c] = total;
        for (size_t s = 0; s < j->n; s++) {
            const uint32_t n = j->strands[s].cells[c];
            j->strands[s].cells[c] = total;
            total += n;
        }
    }
    j->out->offsets[j->out->n_cells] = total;
}

static zagg_status group_rows(part_job *j, zagg_err *err)
{
    ZAGG_TRY(zagg_pool_map(j->g->pool, j->n, 0, count_strand, NULL, NULL, j, err));
    add_up(j);
    return zagg_pool_map(j->g->pool, j->n, 0, place_strand, NULL, NULL, j, err);
}

/* More than one strand pays for large shards only, and takes counters of its own. */
static size_t strands_for(const zg_grouping *g, const zg_grouped *out)
{
    enum { MANY_ROWS = 1 << 20, MOST_COUNTERS = 1 << 20, MOST = 8 };
    const size_t n_fragments = zg_row_store_n_fragments(g->store, g->shard);
    size_t n = zagg_pool_width(g->pool);
    n = n > MOST ? MOST : n;
    if (out->n_rows < MANY_ROWS || n * out->n_cells > MOST_COUNTERS)
        n = 1;
    return n > n_fragments ? n_fragments : n;
}

static zagg_status group_in_strands(part_job *j, zagg_err *err)
{
    const size_t n_fragments = zg_row_store_n_fragments(j->g->store, j->g->shard);
    const size_t n_cells = j->out->n_cells;
    uint32_t *cells;
    j->n = strands_for(j->g, j->out);
    j->strands = zg_alloc(j->n, sizeof *j->strands);
    cells = zg_alloc(j->n * n_cells, sizeof *cells);
    zagg_status status = ZAGG_OK;
    if (!j->strands || !cells)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells", n_cells);
    for (size_t s = 0; status == ZAGG_OK && s < j->n; s++)
        j->strands[s] = (strand){.first = s * n_fragments / j->n,
                                 .end = (s + 1) * n_fragments / j->n,
                                 .cells = cells + s * n_cells};
    if (status == ZAGG_OK)
        status = group_rows(j, err);
    for (size_t s = 0; j->strands && s < j->n; s++)
        zg_row_reader_free(&j->strands[s].reader);
    zg_free(j->strands);
    zg_free(cells);
    return status;
}

static zagg_status group_part(zg_grouping *g, size_t i, zg_grouped *out, zagg_err *err)
{
    const zagg_worker *w = g->worker;
    const zg_group_part *part = &g->parts[i];
    const size_t n_types = w->n_columns + 1;
    const uint64_t per_chunk = w->info->cells_per_chunk;
    const uint64_t first_cell = part->first_chunk * per_chunk;
    out->first_chunk = part->first_chunk;
    out->n_chunks = part->n_chunks;
    out->n_rows = part->n_rows;
    out->n_cells = (size_t)(part->n_chunks * per_chunk);
    out->offsets = zg_alloc(out->n_cells + 1, sizeof *out->offsets);
    out->dtypes = zg_alloc(n_types, sizeof *out->dtypes);
    out->columns = zg_alloc(n_types, sizeof *out->columns);
    if (!out->offsets || !out->dtypes || !out->columns)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu cells", out->n_cells);
    memcpy(out->dtypes, g->dtypes, n_types * sizeof *out->dtypes);
    for (size_t c = 0; c < n_types; c++) {
        const size_t size = zg_column_bytes(w, out->dtypes, c);
        if (size == 0)
            continue;
        out->columns[c] = zg_map(part->n_rows, size);
        if (!out->columns[c])
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu rows", out->n_rows);
    }
    part_job j = {.g = g,
                  .out = out,
                  .first_cell = first_cell,
                  .all = g->n_parts == 1,
                  .last = i + 1 == g->n_parts};
    return group_in_strands(&j, err);
}

zagg_status zg_grouping_part(zg_grouping *g, size_t i, zg_grouped *out, zagg_err *err)
{
    *out = (zg_grouped){0};
    const zagg_status status = group_part(g, i, out, err);
    if (status != ZAGG_OK)
        zg_grouped_free(g->worker, out);
    return status;
}

uint64_t zg_grouping_bytes(const zg_grouping *g, size_t i)
{
    const zg_group_part *part = &g->parts[i];
    return part->n_rows * zg_row_bytes(g->worker, g->dtypes) +
           2 * part->n_chunks * g->worker->info->cells_per_chunk * sizeof(uint32_t);
}

/* ---- tables in memory ---- */

zagg_status zg_group_add_table(const zagg_worker *w, zg_row_store *store, size_t i,
                               const zagg_table *t, zagg_err *err)
{
    const void **columns = zg_alloc(w->n_columns + 1, sizeof *columns);
    zagg_dtype *dtypes = zg_alloc(w->n_columns + 1, sizeof *dtypes);
    zagg_status status = ZAGG_OK;
    if (!columns || !dtypes)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for the columns of a table");
    for (size_t c = 0; status == ZAGG_OK && c < w->n_columns; c++) {
        columns[c] = t->columns[c].data;
        dtypes[c] = t->columns[c].dtype;
    }
    const zg_row_batch batch = {t->n_rows, t->ranks, dtypes, columns, t->leaf_ids};
    if (status == ZAGG_OK)
        status = zg_row_store_add(store, 0, (zg_row_key){(uint32_t)i, 0, 0}, &batch, err);
    zg_free(columns);
    zg_free(dtypes);
    return status;
}

zagg_status zg_group_tables(const zagg_worker *w, const zagg_table *const *tables,
                            size_t n, zg_grouped *out, zagg_err *err)
{
    zg_row_store *store = NULL;
    zg_grouping g = {0};
    ZAGG_TRY(zg_row_store_new(w, 1, 1, 0, NULL, &store, err));
    zagg_status status = ZAGG_OK;
    for (size_t i = 0; status == ZAGG_OK && i < n; i++)
        status = zg_group_add_table(w, store, i, tables[i], err);
    if (status == ZAGG_OK)
        status = zg_row_store_seal(store, 0, err);
    if (status == ZAGG_OK)
        status = zg_grouping_begin(w, store, 0, NULL, &g, err);
    if (status == ZAGG_OK && g.n_parts != 1)
        status = zagg_err_set(err, ZAGG_ERANGE,
                              "a shard of so many cells is not grouped "
                              "at once");
    if (status == ZAGG_OK)
        status = zg_grouping_part(&g, 0, out, err);
    zg_grouping_end(&g);
    zg_row_store_free(store);
    return status;
}

void zg_grouped_free(const zagg_worker *w, zg_grouped *grouped)
{
    for (size_t c = 0; grouped->columns && grouped->dtypes && c <= w->n_columns; c++)
        zg_unmap(grouped->columns[c], grouped->n_rows,
                 zagg_dtype_size(grouped->dtypes[c]));
    zg_free(grouped->columns);
    zg_free(grouped->dtypes);
    zg_free(grouped->offsets);
    *grouped = (zg_grouped){0};
}
