/* Golden set spec: the seven conformance trees. Every value of NAME.expected.json is read
 * back from its tree, the content hashes are those of the leaves, and three trees are
 * written again from what was read, through the writer: equal values and hashes. */
#include "golden/spec_values.h"
#include "golden/store_cases.h"
#include "text/text.h"
#include "zagg/store.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct tree {
    case_report *r;
    store_case s;
    zagg_arena *arena;
    const zagg_value *expected;
    zagg_store *store;
    size_t n_values; /* compared */
    bool failed;
} tree;

static void mismatch(tree *t, const char *fmt, ...) ZAGG_PRINTF(2, 3);
static void mismatch(tree *t, const char *fmt, ...)
{
    char what[512];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(what, sizeof what, fmt, args);
    va_end(args);
    if (!t->failed)
        case_fail(t->r, t->s.name, "%s", what);
    t->failed = true;
}

/* ---- cells of a leaf ---- */

static size_t column_named(const zagg_store_chunk *chunk, const char *name)
{
    for (size_t i = 0; i < chunk->n_columns; i++)
        if (strcmp(chunk->columns[i].field->name, name) == 0)
            return i;
    return chunk->n_columns;
}

static uint64_t word_at(const zagg_bytes_view *payload, size_t i)
{
    uint64_t word;
    memcpy(&word, (const char *)payload->data + i * sizeof word, sizeof word);
    return word;
}

/* What is not stored, but follows from what is. */
static bool check_derived(const zagg_store_chunk *chunk, size_t cell, const char *key,
                          const zagg_value *v, bool *known)
{
    const char *from = strcmp(key, "n_signal") == 0            ? "h_tdigest_signal"
                       : strcmp(key, "flux_sum") == 0          ? "rx_flux"
                       : strcmp(key, "centroid_spans_ns") == 0 ? "h_tdigest_times"
                       : strcmp(key, "obs_span_ns") == 0       ? "observed"
                                                               : NULL;
    double sum = 0;
    *known = from != NULL || strcmp(key, "index") == 0;
    if (from == NULL)
        return true;
    const size_t i = column_named(chunk, from);
    if (i == chunk->n_columns)
        return false;
    const zagg_store_column *c = &chunk->columns[i];
    if (strcmp(from, "observed") == 0)
        return spec_spans(((const uint64_t *)c->data)[cell], v);
    if (strcmp(from, "h_tdigest_times") != 0)
        return zagg_value_number(v, &sum) &&
               fabs(spec_weight_of(&c->payloads[cell]) - sum) <= 1e-6 * sum;
    bool same = c->payloads[cell].len == 8 * v->n;
    for (size_t k = 0; k < v->n && same; k++)
        same = spec_spans(word_at(&c->payloads[cell], k), v->items[k]);
    return same;
}

static void check_cell(tree *t, const zagg_store_chunk *chunk, size_t cell,
                       const zagg_value *expected)
{
    for (size_t m = 0; m < expected->n && !t->failed; m++) {
        const char *key = expected->members[m].key->str;
        const zagg_value *v = expected->members[m].value;
        const size_t i = column_named(chunk, key);
        bool known = true, same;
        if (i == chunk->n_columns) {
            same = check_derived(chunk, cell, key, v, &known);
        } else {
            const zagg_store_column *c = &chunk->columns[i];
            const size_t size = zagg_dtype_size(c->field->dtype);
            same = c->field->ragged
                       ? spec_same_rows(c->field, &c->payloads[cell], v)
                       : spec_same_number(c->field->dtype,
                                          (const char *)c->data + cell * size, v);
        }
        if (!known)
            mismatch(t, "%s is not compared", key);
        else if (!same)
            mismatch(t, "cell %" PRIu64 ": %s is not the expected one",
                     chunk->cell_ids[cell], key);
        t->n_values++;
    }
}

/* Cells that are not among the expected ones are empty in every field. */
static void check_chunk(tree *t, const zagg_store_chunk *chunk)
{
    const zagg_value *cells = spec_need(t->expected, "cells");
    for (size_t k = 0; k < chunk->n_cells; k++) {
        const uint64_t rank = chunk->b * chunk->n_cells + k;
        const zagg_value *expected = NULL;
        for (size_t i = 0; i < cells->n; i++)
            if (spec_whole(spec_need(cells->items[i], "index")) == rank)
                expected = cells->items[i];
        if (expected != NULL)
            check_cell(t, chunk, k, expected);
        for (size_t i = 0; expected == NULL && i < chunk->n_columns; i++)
            if (zagg_store_has_data(chunk, i, k))
                mismatch(t, "cell of rank %" PRIu64 " is not empty", rank);
    }
    if (chunk->b == spec_whole(spec_need(t->expected, "empty_chunk")))
        for (size_t i = 0; i < chunk->n_columns; i++)
            if (chunk->columns[i].stored)
                mismatch(t, "the chunk that is to be absent is stored");
}

/* Time words and layers of the raster tree. */
static void check_raster_chunk(tree *t, const zagg_store_chunk *chunk)
{
    const zagg_value *bands = spec_need(t->expected, "bands");
    const zagg_value *morton = spec_need(t->expected, "morton");
    for (size_t m = 0; m < bands->n; m++) {
        const zagg_value *band = bands->members[m].value;
        const size_t i = column_named(chunk, bands->members[m].key->str);
        assert_true(i < chunk->n_columns);
        const zagg_store_column *c = &chunk->columns[i];
        const size_t size = zagg_dtype_size(c->field->dtype);
        assert_int_equal(c->field->width, band->n);
        for (size_t layer = 0; layer < band->n; layer++)
            for (size_t k = 0; k < chunk->n_cells; k++, t->n_values++)
                if (!spec_same_number(
                        c->field->dtype,
                        (const char *)c->data + (layer * chunk->n_cells + k) * size,
                        band->items[layer]->items[chunk->b * chunk->n_cells + k]))
                    mismatch(t, "%s differs at layer %zu", c->field->name, layer);
    }
    const zagg_store_column *m = &chunk->columns[column_named(chunk, "morton")];
    for (size_t k = 0; k < chunk->n_cells; k++)
        if (((const uint64_t *)m->data)[k] !=
            spec_whole(morton->items[chunk->b * chunk->n_cells + k]))
            mismatch(t, "morton differs");
}

static zagg_status see_times(void *user, const uint64_t *index, const void *data,
                             size_t n, zagg_err *err)
{
    tree *t = user;
    const zagg_value *words = spec_need(t->expected, "time_words");
    const zagg_value *bounds = spec_need(t->expected, "time_bounds_ns");
    const uint64_t *held = data;
    (void)index;
    (void)err;
    if (n != words->n)
        mismatch(t, "another number of times");
    for (size_t i = 0; i < n && !t->failed; i++) {
        uint64_t ns[2];
        spec_decode_time(held[i], ns);
        if (held[i] != spec_whole(words->items[i]) ||
            ns[0] - SPEC_TOC_ORIGIN_NS != spec_whole(bounds->items[i]->items[0]) ||
            ns[1] - SPEC_TOC_ORIGIN_NS != spec_whole(bounds->items[i]->items[1]))
            mismatch(t, "time %zu differs", i);
        t->n_values++;
    }
    return ZAGG_OK;
}

/* Arrays below a folder of the store by the low-level reader: those of leaves and columns
 * are groups of arrays like any other. */
static void each_array(tree *t, const char *folder, const char *group, const char *name,
                       zagg_zarr_chunk_fn see, void *user)
{
    char path[2 * STORE_PATH];
    zagg_sink *sink = NULL;
    zagg_zarr_reader *reader = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    bool found = false;
    (void)snprintf(path, sizeof path, "%s/%s", t->s.path, folder);
    assert_int_equal(zagg_sink_open_dir(path, &sink, &err), ZAGG_OK);
    if (zagg_zarr_open(sink, &reader, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < zagg_zarr_reader_n(reader); i++) {
        if (strcmp(zagg_zarr_reader_array(reader, i)->name, name) != 0 ||
            strcmp(zagg_zarr_reader_group(reader, i), group) != 0)
            continue;
        found = true;
        if (zagg_zarr_read_chunks(reader, i, see, user, NULL, NULL, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
    }
    if (!found)
        mismatch(t, "%s has no %s/%s", folder, group, name);
    zagg_zarr_reader_free(reader);
    zagg_sink_close(sink);
}

static void check_values(tree *t)
{
    const zagg_store_group *g = zagg_store_get_group(t->store, 0);
    zagg_store_reader *reader = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const bool raster = zagg_value_get(t->expected, "bands") != NULL;
    assert_int_equal(g->n_shards, 1);
    assert_string_equal(g->shards[0].label, spec_need(t->expected, "shard")->str);
    assert_string_equal(g->name, spec_need(t->expected, "group")->str);
    assert_int_equal(g->grid.shard_order,
                     spec_whole(spec_need(t->expected, "shard_order")));
    assert_int_equal(g->grid.chunk_order,
                     spec_whole(spec_need(t->expected, "chunk_order")));
    assert_int_equal(g->grid.cell_order,
                     spec_whole(spec_need(t->expected, "cell_order")));
    assert_int_equal(g->grid.cells_per_chunk,
                     spec_whole(spec_need(t->expected, "cells_per_chunk")));
    if (zagg_store_get_form(t->store) == ZAGG_STORE_HIVE)
        assert_string_equal(g->shards[0].leaf, spec_need(t->expected, "leaf")->str);
    if (zagg_store_reader_new(t->store, 0, NULL, &reader, &err) != ZAGG_OK ||
        zagg_store_reader_shard(reader, 0, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (uint64_t b = 0; b < g->grid.chunks_per_shard; b++) {
        zagg_store_chunk chunk;
        if (zagg_store_reader_chunk(reader, b, &chunk, &err) != ZAGG_OK)
            fail_msg("%s", err.msg);
        if (raster)
            check_raster_chunk(t, &chunk);
        else
            check_chunk(t, &chunk);
    }
    zagg_store_reader_free(reader);
    if (raster)
        each_array(t, spec_need(t->expected, "leaf")->str, "6", "time", see_times, t);
}

/* ---- content hashes ---- */

static zagg_status see_problem(void *user, const zagg_finding *f, zagg_err *err)
{
    tree *t = user;
    (void)err;
    if (f->kind == ZAGG_FINDING_PROBLEM)
        mismatch(t, "%s: %s", f->path, f->reason);
    return ZAGG_OK;
}

static void put_text(zagg_sink *sink, const char *key, const char *text)
{
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zagg_sink_put(sink, key, text, strlen(text), &err), ZAGG_OK);
}

/* Text of a leaf's root document: the stamp at hand with the expected hashes. */
static char *stamp_with_hashes(const tree *t, const char *rest)
{
    zg_str text;
    zagg_err err = ZAGG_ERR_INIT;
    zg_str_init(&text, 0);
    zg_str_addf(&text,
                "{\"attributes\":{\"morton_hive_commit\":{%s,\"content_hashes\":", rest);
    const zg_json_style style = {.indent = -1};
    assert_int_equal(
        zg_json_write(&text, spec_need(t->expected, "content_hashes"), style, &err),
        ZAGG_OK);
    zg_str_add(&text, "}},\"zarr_format\":3,\"node_type\":\"group\"}");
    return zg_str_take(&text);
}

static void verify(tree *t, const store_case *s, size_t n_hashes)
{
    zagg_store_verdict verdict = {0};
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_store_verify(s->sink, s->name, NULL, see_problem, t, &verdict, &err) !=
        ZAGG_OK)
        fail_msg("%s", err.msg);
    if (verdict.content_hashes < n_hashes)
        mismatch(t, "%" PRIu64 " of %zu content hashes were compared",
                 verdict.content_hashes, n_hashes);
}

/* The stamps of the trees have no hashes: they get the expected ones. */
static void check_hashes(tree *t)
{
    const zagg_value *stamp = zagg_store_get_group(t->store, 0)->shards[0].stamp;
    const zg_json_style style = {.indent = -1};
    char key[STORE_PATH];
    zagg_err err = ZAGG_ERR_INIT;
    zg_str members;
    assert_null(zagg_value_get(stamp, "content_hashes"));
    zg_str_init(&members, 0);
    assert_int_equal(zg_json_write(&members, stamp, style, &err), ZAGG_OK);
    members.data[members.len - 1] = '\0'; /* the braces are in the other text */
    char *text = stamp_with_hashes(t, members.data + 1);
    (void)snprintf(key, sizeof key, "%s/zarr.json", spec_need(t->expected, "leaf")->str);
    put_text(t->s.sink, key, text);
    verify(t, &t->s, spec_need(spec_need(t->expected, "content_hashes"), "arrays")->n);
    zg_free(text);
    zg_str_free(&members);
}

/* ---- columns, attributes, manifests ---- */

typedef struct column_check {
    tree *t;
    const zagg_value *values;
    bool rows;
    zagg_dtype dtype;
} column_check;

static zagg_status see_column(void *user, const uint64_t *index, const void *data,
                              size_t n, zagg_err *err)
{
    column_check *c = user;
    static const zagg_store_field_info digest = {.dtype = ZAGG_DT_F32, .width = 2};
    (void)index;
    (void)err;
    if (n != c->values->n)
        mismatch(c->t, "a column of another length");
    for (size_t i = 0; i < n && !c->t->failed; i++, c->t->n_values++) {
        const zagg_value *v = c->values->items[i];
        const bool same =
            c->rows
                ? spec_same_rows(&digest, &((const zagg_bytes_view *)data)[i], v)
                : spec_same_number(c->dtype,
                                   (const char *)data + i * zagg_dtype_size(c->dtype), v);
        if (!same)
            mismatch(c->t, "element %zu of a column differs", i);
    }
    return ZAGG_OK;
}

static void check_column(tree *t)
{
    const zagg_value *column = zagg_value_get(t->expected, "column");
    if (column == NULL)
        return;
    const zagg_value *groups = spec_need(column, "groups");
    for (size_t g = 0; g < groups->n; g++) {
        const zagg_value *arrays = groups->members[g].value;
        for (size_t i = 0; i < arrays->n; i++) {
            const char *name = arrays->members[i].key->str;
            column_check c = {t, arrays->members[i].value, strcmp(name, "h_tdigest") == 0,
                              strcmp(name, "morton") == 0 ? ZAGG_DT_U64 : ZAGG_DT_I32};
            each_array(t, "1/1/2/1/3/all.pyramid.zarr", groups->members[g].key->str, name,
                       see_column, &c);
        }
    }
}

static const zagg_value *doc_of(tree *t, const char *key)
{
    void *text = NULL;
    size_t len = 0;
    const zagg_value *doc = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    if (zagg_sink_get(t->s.sink, key, 1 << 24, &text, &len, &err) != ZAGG_OK ||
        zagg_json_parse(t->arena, text, len, key, &doc, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_bytes_free(text);
    return doc;
}

/* What the attributes of the column's root must say, and the stamp beside more. */
static void check_column_attributes(tree *t)
{
    const zagg_value *column = zagg_value_get(t->expected, "column");
    if (column == NULL)
        return;
    const zagg_value *attributes =
        spec_need(doc_of(t, "1/1/2/1/3/all.pyramid.zarr/zarr.json"), "attributes");
    const zagg_value *commit = spec_need(column, "commit");
    if (!zagg_value_equal(spec_need(attributes, "role"), spec_need(column, "role")) ||
        !zagg_value_equal(spec_need(attributes, "zagg_column"),
                          spec_need(column, "zagg_column")))
        mismatch(t, "attributes of the column differ");
    for (size_t i = 0; i < commit->n; i++)
        if (!zagg_value_equal(spec_need(spec_need(attributes, "morton_hive_commit"),
                                        commit->members[i].key->str),
                              commit->members[i].value))
            mismatch(t, "stamp of the column differs");
    t->n_values += 2 + commit->n;
}

static const zagg_store_field_info *field_named(tree *t, const char *name)
{
    const zagg_store_group *g = zagg_store_get_group(t->store, 0);
    for (size_t i = 0; i < g->n_fields; i++)
        if (strcmp(g->fields[i].name, name) == 0)
            return &g->fields[i];
    fail_msg("no field %s", name);
    return NULL;
}

static void check_declarations(tree *t)
{
    const zagg_value *d = zagg_value_get(t->expected, "declarations");
    const zagg_value *binding = zagg_value_get(t->expected, "times_binding");
    const zagg_value *weights = zagg_value_get(t->expected, "weights");
    const zagg_value *time = zagg_value_get(t->expected, "time_attrs");
    for (size_t i = 0; d != NULL && i < d->n; i++, t->n_values++) {
        const zagg_value *a = field_named(t, d->members[i].key->str)->attributes;
        const zagg_value *v = zagg_value_get(a, "temporal");
        v = v != NULL ? v : zagg_value_get(a, "located");
        if (v == NULL || !zagg_value_equal(v, d->members[i].value))
            mismatch(t, "attributes of %s differ", d->members[i].key->str);
    }
    if (binding != NULL) {
        const char *times = field_named(t, "h_tdigest")->times;
        assert_non_null(times);
        assert_string_equal(times, binding->str);
    }
    if (weights != NULL) {
        const zagg_store_field_info *f = field_named(t, "rx_flux");
        assert_non_null(f->weights);
        assert_string_equal(f->weights, weights->str);
        if (!zagg_value_equal(spec_need(f->attributes, "gain"),
                              spec_need(t->expected, "gain")))
            mismatch(t, "gain differs");
    }
    if (time != NULL && !zagg_value_equal(field_named(t, "time")->attributes, time))
        mismatch(t, "attributes of time differ");
}

/* The temporal section of the root's coverage. */
static void check_root_coverage(tree *t)
{
    const zagg_value *expected = zagg_value_get(t->expected, "root_coverage");
    uint8_t payload[4096] = {0}, times[4096] = {0};
    if (expected == NULL)
        return;
    const zagg_value *section =
        spec_need(doc_of(t, spec_need(expected, "object")->str), "temporal");
    const zagg_value *digest = spec_need(section, "digest"),
                     *d = spec_need(expected, "digest");
    const zagg_value *rows = spec_need(d, "centroids"), *words = spec_need(d, "times");
    double total = 0, obs = 0;
    if (!zagg_value_equal(spec_need(section, "spec"), spec_need(expected, "spec")) ||
        !zagg_value_equal(spec_need(section, "fields"), spec_need(expected, "fields")) ||
        !zagg_value_equal(spec_need(section, "shards"), spec_need(expected, "shards")) ||
        !zagg_value_equal(spec_need(digest, "delta"), spec_need(d, "delta")))
        mismatch(t, "the temporal section of the coverage differs");
    const zagg_store_field_info f = {.dtype = ZAGG_DT_F32, .width = 2};
    const zagg_store_field_info w = {.dtype = ZAGG_DT_U64, .width = 1};
    const zagg_bytes_view p = {payload,
                               spec_decode64(spec_need(digest, "payload")->str, payload)};
    const zagg_bytes_view q = {times,
                               spec_decode64(spec_need(digest, "times")->str, times)};
    if (!spec_same_rows(&f, &p, rows) || !spec_same_rows(&w, &q, words))
        mismatch(t, "the digest of the coverage differs");
    assert_true(zagg_value_number(spec_need(digest, "weight_total"), &total));
    assert_true(zagg_value_number(spec_need(expected, "obs_total"), &obs));
    if (total != obs || spec_weight_of(&p) != obs)
        mismatch(t, "the coverage counts other observations");
    t->n_values += rows->n + words->n;
}

/* The overviews of the manifest-only tree: which nodes hold which cells. */
static void check_overviews(tree *t)
{
    const zagg_value *expected = zagg_value_get(t->expected, "overviews");
    if (expected == NULL)
        return;
    const zagg_value *pyramid = spec_need(zagg_store_manifest(t->store), "pyramid");
    const zagg_value *held = spec_need(pyramid, "overviews"),
                     *fold = spec_need(pyramid, "overview");
    const zagg_value *actuals = spec_need(t->expected, "actuals");
    const zagg_value *slabs = spec_need(t->expected, "slabs");
    const zagg_value *usual = spec_need(t->expected, "default_overviews");
    const zagg_value *fields = spec_need(t->expected, "fields");
    const zagg_store_grid *g = &zagg_store_get_group(t->store, 0)->grid;
    assert_int_equal(g->shard_order, spec_whole(spec_need(t->expected, "shard_order")));
    assert_int_equal(g->cell_order, spec_whole(spec_need(t->expected, "cell_order")));
    assert_int_equal(held->n, expected->n);
    for (size_t i = 0; i < held->n; i++, t->n_values += 4) {
        const zagg_value *o = held->items[i], *cells = spec_need(o, "cells");
        const uint64_t node = spec_whole(spec_need(o, "node"));
        char key[8];
        (void)snprintf(key, sizeof key, "%" PRIu64, node);
        const zagg_value *a = spec_need(actuals, key);
        if (!zagg_value_equal(spec_need(o, "node"),
                              spec_need(expected->items[i], "node")) ||
            !zagg_value_equal(cells, spec_need(expected->items[i], "cells")))
            mismatch(t, "overview %zu differs", i);
        for (size_t k = 0; k < a->n; k++)
            if (!zagg_value_equal(
                    spec_need(spec_need(o, "actuals"), a->members[k].key->str),
                    a->members[k].value))
                mismatch(t, "actuals of node %" PRIu64 " differ", node);
        for (size_t k = 0; k < cells->n; k++)
            if (spec_whole(slabs->items[i]->items[k]) !=
                (uint64_t)1 << (2 * (spec_whole(cells->items[k]) - node)))
                mismatch(t, "slab of node %" PRIu64 " differs", node);
        if (spec_whole(spec_need(usual->items[i], "cells")->items[0]) !=
            node + spec_whole(spec_need(t->expected, "chunk_order")) - g->shard_order)
            mismatch(t, "the usual cells of node %" PRIu64 " differ", node);
    }
    for (size_t i = 0; i < fields->n; i++)
        if (!zagg_value_equal(spec_need(spec_need(spec_need(fold, "fields"),
                                                  fields->members[i].key->str),
                                        "class"),
                              fields->members[i].value))
            mismatch(t, "class of %s differs", fields->members[i].key->str);
    const zagg_value *materialized = spec_need(t->expected, "materialized");
    for (size_t i = 0; i < materialized->n; i++)
        if (!zagg_value_equal(spec_need(spec_need(fold, "materialized"),
                                        materialized->members[i].key->str),
                              materialized->members[i].value))
            mismatch(t, "materialized overviews differ");
    if (!zagg_value_equal(spec_need(fold, "fold_source"),
                          spec_need(t->expected, "fold_source")) ||
        !zagg_value_equal(spec_need(fold, "exact_levels"),
                          spec_need(t->expected, "exact_levels")))
        mismatch(t, "the fold differs");
}

/* ---- writing again ---- */

typedef struct rewrite {
    zagg_sink *to;
    const zagg_zarr_array *array;
    zagg_zarr_shard *shard;
} rewrite;

static zagg_status add_chunk(void *user, const uint64_t *index, const void *data,
                             size_t n, zagg_err *err)
{
    rewrite *w = user;
    (void)n;
    return w->array->sharded
               ? zagg_zarr_shard_add(w->shard, index, data, err)
               : zagg_zarr_write_chunk(w->to, "6", w->array, index, data, err);
}

static void rewrite_array(zagg_zarr_reader *reader, size_t i, zagg_sink *to)
{
    static const uint64_t FIRST[ZAGG_ZARR_MAX_RANK] = {0};
    zagg_err err = ZAGG_ERR_INIT;
    rewrite w = {.to = to, .array = zagg_zarr_reader_array(reader, i)};
    assert_true(w.array->sharded); /* each leaf array is one shard */
    assert_int_equal(zagg_zarr_shard_new(w.array, &w.shard, &err), ZAGG_OK);
    assert_int_equal(zagg_zarr_shard_begin(w.shard, to, "6", FIRST, &err), ZAGG_OK);
    if (zagg_zarr_read_chunks(reader, i, add_chunk, &w, NULL, NULL, &err) != ZAGG_OK ||
        zagg_zarr_shard_end(w.shard, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_zarr_shard_free(w.shard);
}

static void rewrite_leaf(tree *t, zagg_sink *to)
{
    char path[2 * STORE_PATH];
    zagg_sink *from = NULL;
    zagg_zarr_reader *reader = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_zarr_array arrays[16];
    const zg_json_style style = {.indent = -1};
    zg_str attributes;
    (void)snprintf(path, sizeof path, "%s/%s", t->s.path,
                   spec_need(t->expected, "leaf")->str);
    assert_int_equal(zagg_sink_open_dir(path, &from, &err), ZAGG_OK);
    assert_int_equal(zagg_zarr_open(from, &reader, &err), ZAGG_OK);
    const size_t n = zagg_zarr_reader_n(reader);
    assert_true(n > 0 && n <= 16);
    for (size_t i = 0; i < n; i++)
        arrays[i] = *zagg_zarr_reader_array(reader, i);
    zg_str_init(&attributes, 0);
    assert_int_equal(zg_json_write(&attributes,
                                   zagg_zarr_reader_group_attributes(reader, 0), style,
                                   &err),
                     ZAGG_OK);
    const zagg_zarr_template template = {"6", attributes.data, arrays, n};
    if (zagg_zarr_create(to, &template, false, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < n; i++)
        rewrite_array(reader, i, to);
    zg_str_free(&attributes);
    zagg_zarr_reader_free(reader);
    zagg_sink_close(from);
}

static void check_rewritten(tree *t)
{
    static const char STAMP[] = "\"spec\":\"morton-hive/1\",\"complete\":true,"
                                "\"cells_with_data\":4,\"granule_count\":1,"
                                "\"written_at\":\"2026-11-26T00:00:00+00:00\"";
    zagg_err err = ZAGG_ERR_INIT;
    store_case ours = {.name = "11213.zarr"};
    zagg_store *theirs = t->store;
    (void)snprintf(ours.path, sizeof ours.path, "%s/ours/11213.zarr", t->s.folder);
    assert_int_equal(zagg_sink_open_dir(ours.path, &ours.sink, &err), ZAGG_OK);
    rewrite_leaf(t, ours.sink);
    char *stamp = stamp_with_hashes(t, STAMP);
    put_text(ours.sink, "zarr.json", stamp);
    zg_free(stamp);
    if (zagg_store_open(ours.path, &t->store, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(zagg_store_get_form(t->store), ZAGG_STORE_LEAF);
    check_values(t);
    verify(t, &ours, spec_need(spec_need(t->expected, "content_hashes"), "arrays")->n);
    zagg_store_close(t->store);
    t->store = theirs;
    zagg_sink_close(ours.sink);
}

/* ---- one tree ---- */

static void check_tree(case_report *r, const char *name)
{
    tree t = {.r = r};
    char file[128];
    zagg_err err = ZAGG_ERR_INIT;
    if (!store_case_open(r, "spec", name, &t.s))
        return;
    (void)snprintf(file, sizeof file, "spec/%s.expected.json", name);
    assert_int_equal(zagg_arena_new(0, &t.arena, &err), ZAGG_OK);
    t.expected = golden_json(t.arena, golden_path(file));
    if (zagg_store_open(t.s.path, &t.store, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    check_overviews(&t);
    if (zagg_value_get(t.expected, "leaf") != NULL) {
        check_values(&t);
        check_column(&t);
        check_column_attributes(&t);
        check_declarations(&t);
        check_root_coverage(&t);
        check_hashes(&t);
        if (strcmp(name, "minimal") == 0 || strcmp(name, "flux") == 0 ||
            strcmp(name, "kitchen_sink") == 0)
            check_rewritten(&t);
    }
    if (!t.failed && t.n_values == 0)
        mismatch(&t, "nothing was compared");
    if (!t.failed) {
        print_message("%s: %zu values\n", name, t.n_values);
        case_pass(r);
    }
    zagg_store_close(t.store);
    zagg_arena_free(t.arena);
    store_case_close(&t.s);
}

static void conformance_trees(void **state)
{
    case_report r = {.set = "spec"};
    (void)state;
    if (!golden_available("spec"))
        skip();
    zg_vec names = store_case_names("spec");
    for (size_t i = 0; i < names.len; i++)
        check_tree(&r, *ZG_VEC_AT(&names, char *, i));
    store_case_names_free(&names);
    report_end(&r, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(conformance_trees)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
