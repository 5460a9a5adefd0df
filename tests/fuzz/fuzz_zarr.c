/* Any documents as a flat store (mem_sink.h has the form of the input): open it, decode
 * every stored chunk, write the documents of its arrays and the chunks of its CSR fields
 * again, compare them with what it holds, consolidate it. */
#include "base/base.h"
#include "fuzz/fuzz.h"
#include "fuzz/mem_sink.h"
#include "zagg/zarr.h"

#include <stdlib.h>
#include <string.h>

typedef struct chunk_check {
    const zagg_zarr_array *array;
    uint64_t sum;
} chunk_check;

static uint64_t sum_bytes(const void *data, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += ((const uint8_t *)data)[i];
    return sum;
}

static size_t csr_bytes(const zagg_zarr_csr *csr)
{
    const size_t rows = csr->n_cells > 0 ? (size_t)csr->offsets[csr->n_cells] : 0;
    return rows * (csr->width > 0 ? csr->width : 1) * zagg_dtype_size(csr->dtype);
}

static zagg_status see_same_csr(void *user, const uint64_t *index, const void *data,
                                size_t n, zagg_err *err)
{
    const zagg_zarr_csr *a = user, *b = data;
    (void)err;
    fuzz_check(index[0] == 7 && n == a->n_cells && b->dtype == a->dtype);
    if (n == 0)
        return ZAGG_OK;
    fuzz_check(b->width == a->width && csr_bytes(a) == csr_bytes(b));
    fuzz_check(memcmp(a->cell_ids, b->cell_ids, n * sizeof *a->cell_ids) == 0);
    fuzz_check(memcmp(a->offsets, b->offsets, (n + 1) * sizeof *a->offsets) == 0);
    fuzz_check(memcmp(a->values, b->values, csr_bytes(a)) == 0);
    return ZAGG_OK;
}

/* A chunk of a CSR field can be written, and comes back. */
static void check_csr(const zagg_zarr_csr *csr)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_zarr_reader *reader = NULL;
    zagg_sink *store = mem_sink_new();
    if (!store)
        abort();
    const zagg_zarr_template t = {"g", "{}", NULL, 0};
    fuzz_check(zagg_zarr_create(store, &t, false, &err) == ZAGG_OK);
    fuzz_check(zagg_zarr_csr_create(store, "g", "f", &err) == ZAGG_OK);
    fuzz_check(zagg_zarr_csr_write(store, "g", "f", 7, csr, &err) == ZAGG_OK);
    fuzz_check(zagg_zarr_open(store, &reader, &err) == ZAGG_OK);
    zagg_zarr_csr copy = *csr;
    fuzz_check(zagg_zarr_read_chunks(reader, 0, see_same_csr, &copy, NULL, NULL, &err) ==
               ZAGG_OK);
    zagg_zarr_reader_free(reader);
    zagg_sink_close(store);
}

static zagg_status see_chunk(void *user, const uint64_t *index, const void *data,
                             size_t n, zagg_err *err)
{
    chunk_check *c = user;
    const size_t size = zagg_dtype_size(c->array->dtype);
    const zagg_bytes_view *views = data;
    (void)err;
    if (c->array->kind == ZAGG_ZARR_CSR) {
        check_csr(data);
        return ZAGG_OK;
    }
    for (unsigned d = 0; d < c->array->rank; d++)
        c->sum += index[d];
    for (size_t i = 0; c->array->kind == ZAGG_ZARR_VLEN && i < n; i++)
        c->sum += sum_bytes(views[i].data, views[i].len);
    if (c->array->kind == ZAGG_ZARR_DENSE) {
        fuzz_check((uintptr_t)data % size == 0);
        c->sum += sum_bytes(data, n * size);
    }
    (void)zagg_zarr_all_fill(c->array, data, n);
    return ZAGG_OK;
}

/* An array that was read can be written, and its document is that of an equal array. */
static void check_array(const zagg_zarr_array *array)
{
    char *text = NULL, *again = NULL;
    size_t len = 0, again_len = 0;
    zagg_err err = ZAGG_ERR_INIT;
    fuzz_check(zagg_zarr_array_json(array, &text, &len, &err) == ZAGG_OK);
    zagg_sink *store = mem_sink_new();
    if (!store)
        abort();
    zagg_zarr_template t = {"g", "{}", array, 1};
    fuzz_check(zagg_zarr_create(store, &t, false, &err) == ZAGG_OK);
    zagg_zarr_reader *reader = NULL;
    fuzz_check(zagg_zarr_open(store, &reader, &err) == ZAGG_OK);
    fuzz_check(zagg_zarr_reader_n(reader) == 1);
    const zagg_zarr_array *read = zagg_zarr_reader_array(reader, 0);
    fuzz_check(zagg_zarr_array_json(read, &again, &again_len, &err) == ZAGG_OK);
    fuzz_check(len == again_len && memcmp(text, again, len) == 0);
    zagg_zarr_reader_free(reader);
    zagg_sink_close(store);
    zagg_bytes_free(text);
    zagg_bytes_free(again);
}

static void read_arrays(zagg_zarr_reader *reader)
{
    for (size_t i = 0; i < zagg_zarr_reader_n(reader); i++) {
        zagg_err err = ZAGG_ERR_INIT;
        chunk_check check = {zagg_zarr_reader_array(reader, i), 0};
        uint64_t bytes = 0, objects = 0;
        zagg_status status =
            zagg_zarr_read_chunks(reader, i, see_chunk, &check, &bytes, &objects, &err);
        if (status != ZAGG_OK)
            fuzz_check_error(status, &err);
        fuzz_check(zagg_zarr_reader_group(reader, i) != NULL);
        (void)zagg_value_truthy(zagg_zarr_reader_group_attributes(reader, i));
        if (check.array->kind != ZAGG_ZARR_CSR)
            check_array(check.array);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zagg_sink *store = mem_sink_new();
    zagg_zarr_reader *reader = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (!store)
        abort();
    mem_sink_load(store, (const char *)data, size);
    zagg_status status = zagg_zarr_open(store, &reader, &err);
    if (status == ZAGG_OK)
        read_arrays(reader);
    else
        fuzz_check_error(status, &err);
    zagg_zarr_reader_free(reader);
    zagg_err second = ZAGG_ERR_INIT;
    status = zagg_zarr_consolidate(store, &second);
    if (status != ZAGG_OK)
        fuzz_check_error(status, &second);
    zagg_sink_close(store);
    return 0;
}
