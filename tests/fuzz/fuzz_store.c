/* Any objects as a store of any form (mem_sink.h has the form of the input): open it,
 * read every chunk, sum it up and verify it. What verifying reports has a path and a
 * reason. */
#include "fuzz/fuzz.h"
#include "fuzz/mem_sink.h"
#include "zagg/store.h"

#include <stdlib.h>
#include <string.h>

/* Elements that one document may speak of: an input is small, and so are its arrays. */
enum { MAX_ELEMENTS = 1 << 14 };

typedef struct size_check {
    zagg_sink *store;
    bool flat; /* arrays are visited where objects are, and may span a sphere */
    bool small;
} size_check;

static bool product_is_small(const zagg_value *list)
{
    uint64_t product = 1;
    for (size_t i = 0; list != NULL && list->kind == ZAGG_LIST && i < list->n; i++) {
        uint64_t extent = 0;
        if (!zagg_value_u64(list->items[i], &extent))
            return true; /* refused by the reader */
        if (extent > MAX_ELEMENTS || product * extent > MAX_ELEMENTS)
            return false;
        product *= extent > 0 ? extent : 1;
    }
    return true;
}

static const zagg_value *chunk_shape(const zagg_value *v)
{
    return zagg_value_get(zagg_value_get(v, "configuration"), "chunk_shape");
}

static zagg_status check_size(void *user, const char *key, uint64_t size, zagg_err *err)
{
    size_check *c = user;
    const size_t len = strlen(key);
    void *text = NULL;
    size_t n = 0;
    zagg_arena *arena = NULL;
    const zagg_value *doc = NULL;
    if (len < 9 || strcmp(key + len - 9, "zarr.json") != 0)
        return ZAGG_OK;
    if (zagg_arena_new(0, &arena, err) != ZAGG_OK ||
        zagg_sink_get(c->store, key, (size_t)size, &text, &n, err) != ZAGG_OK)
        abort();
    if (zagg_json_parse(arena, text, n, key, &doc, NULL) == ZAGG_OK) {
        const zagg_value *codecs = zagg_value_get(doc, "codecs");
        const bool list = codecs != NULL && codecs->kind == ZAGG_LIST && codecs->n > 0;
        c->small = c->small &&
                   (c->flat || product_is_small(zagg_value_get(doc, "shape"))) &&
                   product_is_small(chunk_shape(zagg_value_get(doc, "chunk_grid"))) &&
                   product_is_small(chunk_shape(list ? codecs->items[0] : NULL));
    }
    zagg_bytes_free(text);
    zagg_arena_free(arena);
    return ZAGG_OK;
}

static void read_group(const zagg_store *store, size_t i)
{
    const zagg_store_group *g = zagg_store_get_group(store, i);
    zagg_store_reader *reader = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_store_chunk chunk;
    size_t at = 0;
    fuzz_check(g->has_grid || g->why != NULL);
    zagg_status status = zagg_store_reader_new(store, i, NULL, &reader, &err);
    if (status != ZAGG_OK) {
        fuzz_check_error(status, &err);
        return;
    }
    for (size_t s = 0; s < g->n_shards; s++) {
        status = zagg_store_reader_shard(reader, s, &err);
        for (uint64_t b = 0; status == ZAGG_OK && b < g->grid.chunks_per_shard; b++) {
            status = zagg_store_reader_chunk(reader, b, &chunk, &err);
            for (size_t k = 0; status == ZAGG_OK && k < chunk.n_columns; k++)
                for (size_t c = 0; chunk.columns[k].read && c < chunk.n_cells; c++)
                    (void)zagg_store_has_data(&chunk, k, c);
        }
        if (status != ZAGG_OK)
            fuzz_check_error(status, &err);
    }
    (void)zagg_store_read_cell(reader, 0, &chunk, &at, &err);
    zagg_store_reader_free(reader);
    zagg_store_stats *stats = calloc(g->n_fields + 1, sizeof *stats);
    uint64_t *cells = calloc(g->n_shards + 1, sizeof *cells);
    if (stats == NULL || cells == NULL)
        abort();
    status = zagg_store_survey(store, i, stats, cells, &err);
    if (status != ZAGG_OK)
        fuzz_check_error(status, &err);
    free(stats);
    free(cells);
}

static zagg_status see(void *user, const zagg_finding *f, zagg_err *err)
{
    (void)user;
    (void)err;
    fuzz_check(f->path != NULL && f->reason[0] != '\0');
    return ZAGG_OK;
}

static bool mentions(const uint8_t *data, size_t size, const char *word)
{
    const size_t len = strlen(word);
    for (size_t i = 0; i + len <= size; i++)
        if (memcmp(data + i, word, len) == 0)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    zagg_sink *sink = mem_sink_new();
    zagg_store *store = NULL;
    zagg_store_verdict verdict;
    zagg_err err = ZAGG_ERR_INIT;
    if (sink == NULL)
        abort();
    mem_sink_load(sink, (const char *)data, size);
    size_check c = {sink, !mentions(data, size, "morton_hive"), true};
    (void)zagg_sink_list(sink, "", check_size, &c, &err);
    if (!c.small) {
        zagg_sink_close(sink);
        return 0;
    }
    zagg_status status = zagg_store_open_sink(sink, "11213.zarr", &store, &err);
    if (status != ZAGG_OK)
        fuzz_check_error(status, &err);
    for (size_t i = 0; status == ZAGG_OK && i < zagg_store_n_groups(store); i++)
        read_group(store, i);
    zagg_store_close(store);
    zagg_err second = ZAGG_ERR_INIT;
    status = zagg_store_verify(sink, "11213.zarr", sink, see, NULL, &verdict, &second);
    if (status != ZAGG_OK)
        fuzz_check_error(status, &second);
    zagg_sink_close(sink);
    return 0;
}
