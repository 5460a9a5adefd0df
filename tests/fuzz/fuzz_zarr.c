/* Any documents as a flat store (mem_sink.h has the form of the input): open it, decode
 * every stored chunk, write the documents of its arrays again, compare it with what it
 * holds, consolidate it. */
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

static zagg_status see_chunk(void *user, const uint64_t *index, const void *data,
                             size_t n, zagg_err *err)
{
    chunk_check *c = user;
    (void)err;
    for (unsigned d = 0; d < c->array->rank; d++)
        c->sum += index[d];
    size_t bytes = n * zagg_dtype_size(c->array->dtype);
    fuzz_check((uintptr_t)data % zagg_dtype_size(c->array->dtype) == 0);
    for (size_t i = 0; i < bytes; i++)
        c->sum += ((const uint8_t *)data)[i];
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
