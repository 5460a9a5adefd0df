/* Content hashes of a leaf (upstream's specification, 5.3): of each array SHA-256 over
 * what it decodes to, in C order, little endian, fill included; of ragged arrays for each
 * cell its length in 8 bytes, then its payload. Taken while the chunks pass by: they come
 * in the order in which they are stored. */
#include "core/hive.h"

#include <stdlib.h>
#include <string.h>

enum { HEX = 65, FILL_BYTES = 4096, EMPTY_CELLS = 64 };

typedef struct array_hash {
    const zagg_zarr_array *array;
    zg_sha256_stream *stream;
    bool begun;
    char path[160]; /* "19/count" */
    char hex[HEX];
} array_hash;

struct zg_hive_hashes {
    array_hash *arrays; /* of the plan; sorted by path once they are complete */
    size_t n;
    char combined[HEX];
};

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the hashes of a leaf");
}

zagg_status zg_hive_hashes_new(const zagg_store_plan *plan, zg_hive_hashes **out,
                               zagg_err *err)
{
    zg_hive_hashes *h = zg_alloc(1, sizeof *h);
    if (h == NULL)
        return no_memory(err);
    h->n = plan->tmpl.n_arrays;
    h->arrays = zg_alloc(h->n ? h->n : 1, sizeof *h->arrays);
    bool ok = h->arrays != NULL;
    for (size_t i = 0; ok && i < h->n; i++) {
        array_hash *a = &h->arrays[i];
        a->array = &plan->arrays[i];
        a->stream = zg_sha256_new();
        const int len =
            snprintf(a->path, sizeof a->path, "%s/%s", plan->tmpl.group, a->array->name);
        ok = a->stream != NULL && len > 0 && (size_t)len < sizeof a->path;
    }
    if (!ok) {
        zg_hive_hashes_free(h);
        return no_memory(err);
    }
    *out = h;
    return ZAGG_OK;
}

void zg_hive_hashes_free(zg_hive_hashes *h)
{
    if (h == NULL)
        return;
    for (size_t i = 0; h->arrays != NULL && i < h->n; i++)
        zg_sha256_free(h->arrays[i].stream);
    zg_free(h->arrays);
    zg_free(h);
}

/* Cells without payload are eight zero bytes each: many at once, as most are. */
static void add_empty(zg_sha256_stream *s, size_t n)
{
    static const uint64_t none[EMPTY_CELLS];
    for (; n > EMPTY_CELLS; n -= EMPTY_CELLS)
        zg_sha256_add(s, none, sizeof none);
    zg_sha256_add(s, none, n * sizeof none[0]);
}

static void hash_ragged(zg_sha256_stream *s, const zg_store_cells *cells)
{
    const zagg_carrier_column *c = cells->column;
    const size_t row = c->width * zagg_dtype_size(c->dtype);
    const unsigned char *data = c->data;
    size_t empty = 0;
    for (size_t i = cells->first; i < cells->first + cells->n; i++) {
        const uint64_t bytes = (c->offsets[i + 1] - c->offsets[i]) * row;
        if (bytes == 0) {
            empty++;
            continue;
        }
        add_empty(s, empty);
        empty = 0;
        zg_sha256_add(s, &bytes, sizeof bytes);
        zg_sha256_add(s, data + c->offsets[i] * row, (size_t)bytes);
    }
    add_empty(s, empty);
}

void zg_hive_hash_cells(zg_hive_hashes *h, size_t array, const zg_store_cells *cells)
{
    array_hash *a = &h->arrays[array];
    const zagg_carrier_column *c = cells->column;
    a->begun = true;
    if (c->kind == ZAGG_FIELD_RAGGED) {
        hash_ragged(a->stream, cells);
        return;
    }
    const size_t cell = c->width * zagg_dtype_size(c->dtype);
    zg_sha256_add(a->stream, (const unsigned char *)c->data + cells->first * cell,
                  cells->n * cell);
}

const zg_sha256_stream *zg_hive_hash_of(const zg_hive_hashes *h, size_t array)
{
    return h->arrays[array].stream;
}

/* A declared coordinate that nothing fills: its fill throughout. */
static void add_fill(array_hash *a)
{
    const zagg_zarr_array *z = a->array;
    const size_t size = z->kind == ZAGG_ZARR_VLEN ? 8 : zagg_dtype_size(z->dtype);
    unsigned char block[FILL_BYTES] = {0};
    uint64_t n = 1;
    for (unsigned d = 0; d < z->rank; d++)
        n *= z->shape[d];
    for (size_t i = 0; z->kind != ZAGG_ZARR_VLEN && i + size <= sizeof block; i += size)
        memcpy(block + i, z->fill, size);
    const uint64_t at_once = sizeof block / size;
    for (; n > 0; n -= n < at_once ? n : at_once)
        zg_sha256_add(a->stream, block, (size_t)(n < at_once ? n : at_once) * size);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const array_hash *)a)->path, ((const array_hash *)b)->path);
}

zagg_status zg_hive_hashes_end(zg_hive_hashes *h, zagg_err *err)
{
    const char **digests = zg_alloc(h->n ? h->n : 1, sizeof *digests);
    if (digests == NULL)
        return no_memory(err);
    for (size_t i = 0; i < h->n; i++) {
        array_hash *a = &h->arrays[i];
        if (!a->begun)
            add_fill(a);
        zg_sha256_end(a->stream, a->hex);
    }
    if (h->n > 1)
        qsort(h->arrays, h->n, sizeof *h->arrays, by_path);
    for (size_t i = 0; i < h->n; i++)
        digests[i] = h->arrays[i].hex;
    if (h->n > 1)
        qsort(digests, h->n, sizeof *digests, zg_compare_texts);
    zg_sha256_lines(digests, h->n, h->combined);
    zg_free(digests);
    return ZAGG_OK;
}

void zg_hive_put_hashes(zg_json_out *w, const zg_hive_hashes *h)
{
    zg_json_open_map(w);
    zg_json_key(w, "arrays");
    zg_json_open_map(w);
    for (size_t i = 0; i < h->n; i++) {
        zg_json_put_str(w, h->arrays[i].path, h->arrays[i].hex);
    }
    zg_json_close_map(w);
    zg_json_put_str(w, "combined", h->combined);
    zg_json_close_map(w);
}
