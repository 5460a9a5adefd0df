/* Where a hive holds data (morton-moc/1): of a leaf, the box in its stamp and the bitmap
 * beside its arrays; of the store, ranges of shards at the root. */
#include "codec/codec.h"
#include "core/hive.h"
#include "zagg/moc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ZSTD_LEVEL = 3, BITS = 8, INDENT = 1 };

/* ---- of a leaf ---- */

zagg_status zg_hive_cells_new(const zagg_grid_info *info, zg_hive_cells *out,
                              zagg_err *err)
{
    *out = (zg_hive_cells){.info = info};
    out->n_bytes = (size_t)((info->cells_per_shard + BITS - 1) / BITS);
    out->bits = zg_alloc(out->n_bytes, 1);
    if (out->bits == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the coverage of a leaf");
    return ZAGG_OK;
}

void zg_hive_cells_free(zg_hive_cells *cells)
{
    zg_free(cells->bits);
    cells->bits = NULL;
}

void zg_hive_cells_set(zg_hive_cells *cells, uint64_t first,
                       const unsigned char *occupied, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t bit = first + i;
        const unsigned set = occupied[i] != 0;
        cells->n_set += set;
        cells->bits[bit / BITS] |= (unsigned char)((set << (BITS - 1)) >> (bit % BITS));
    }
}

static bool has_bitmap(const zg_hive_cells *cells)
{
    return cells->n_set > 0 && cells->info->child_order > cells->info->parent_order;
}

static zagg_status pack(const zg_hive_cells *cells, void *packed, size_t cap, size_t *len,
                        zagg_err *err)
{
    zg_zstd *zstd = zg_zstd_new();
    if (zstd == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the coverage of a leaf");
    const zagg_status status = zg_zstd_pack(zstd, ZSTD_LEVEL, cells->bits, cells->n_bytes,
                                            packed, cap, len, err);
    zg_zstd_free(zstd);
    return status;
}

zagg_status zg_hive_put_bitmap(const zg_hive_cells *cells, zagg_sink *store,
                               const zg_hive_path *path, size_t *n_bytes, zagg_err *err)
{
    char key[2 * ZG_HIVE_PATH_BYTES];
    *n_bytes = 0;
    if (!has_bitmap(cells))
        return ZAGG_OK;
    const size_t cap = zg_zstd_bound(cells->n_bytes);
    void *packed = cap > 0 ? zg_alloc(cap, 1) : NULL;
    if (packed == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the coverage of a leaf");
    (void)snprintf(key, sizeof key, "%s/%s", path->leaf, ZG_HIVE_COVERAGE);
    zagg_status status = pack(cells, packed, cap, n_bytes, err);
    if (status == ZAGG_OK)
        status = zagg_sink_put(store, key, packed, *n_bytes, err);
    zg_free(packed);
    return status;
}

/* Words of the cells that hold rows. */
static zagg_status words_of(const zg_hive_cells *cells, const zagg_shard *shard,
                            uint64_t **out, zagg_err *err)
{
    uint64_t *words = zg_alloc((size_t)cells->n_set, sizeof *words);
    size_t n = 0;
    if (words == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the coverage of a leaf");
    for (size_t byte = 0; byte < cells->n_bytes; byte++)
        for (unsigned bit = 0; cells->bits[byte] != 0 && bit < BITS; bit++)
            if (cells->bits[byte] >> (BITS - 1 - bit) & 1)
                words[n++] = zagg_word_from_nested(shard->first_cell + byte * BITS + bit,
                                                   cells->info->child_order);
    *out = words;
    return ZAGG_OK;
}

/* At most four cells that hold all data; the shard itself where there are none. */
static zagg_status box_of(const zg_hive_cells *cells, const zagg_shard *shard,
                          uint64_t box[ZAGG_MOC_BOX_WORDS], size_t *n, zagg_err *err)
{
    uint64_t *words = NULL;
    if (cells->n_set == 0) {
        box[0] = shard->key;
        *n = 1;
        return ZAGG_OK;
    }
    ZAGG_TRY(words_of(cells, shard, &words, err));
    const zagg_status status = zagg_moc_box(words, (size_t)cells->n_set, box, n, err);
    zg_free(words);
    return status;
}

zagg_status zg_hive_put_coverage(zg_json_out *w, const zg_hive_cells *cells,
                                 const zagg_shard *shard, const zg_hive_path *path,
                                 size_t n_bytes, zagg_err *err)
{
    uint64_t box[ZAGG_MOC_BOX_WORDS];
    char text[33];
    size_t n = 0;
    ZAGG_TRY(box_of(cells, shard, box, &n, err));
    zg_json_open_map(w);
    zg_json_put_str(w, "spec", ZG_HIVE_MOC_SPEC);
    zg_json_key(w, "box");
    zg_json_open_list(w);
    for (size_t i = 0; i < ZAGG_MOC_BOX_WORDS; i++) {
        if (i >= n) {
            zg_json_null(w);
            continue;
        }
        ZAGG_TRY(zagg_word_decimal(box[i], text, err));
        if (strncmp(text, path->id, strlen(path->id)) != 0)
            return zagg_err_set(err, ZAGG_EINTERNAL, "shard %s: data in cell %s, outside",
                                path->id, text);
        zg_json_str(w, text);
    }
    zg_json_close_list(w);
    zg_json_key(w, "cell_order");
    zg_json_i64(w, cells->info->child_order);
    zg_json_put_str(w, "source", "worker");
    if (n_bytes > 0) {
        zg_json_put_str(w, "encoding", "bitmap");
        zg_json_put_str(w, "sidecar", ZG_HIVE_COVERAGE);
        zg_json_put_u64(w, "nbytes", n_bytes);
        zg_json_put_u64(w, "raw_nbytes", cells->n_bytes);
    }
    zg_json_close_map(w);
    return ZAGG_OK;
}

/* ---- of the store ---- */

/* Shards with consecutive nested ids, both ends included, of one base cell. */
typedef struct shard_run {
    uint64_t first, last;
} shard_run;

static int by_first(const void *a, const void *b)
{
    const shard_run *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* Sorted, without overlap, joined where they touch inside a base cell. */
static void join_runs(zg_vec *runs, unsigned order)
{
    shard_run *r = runs->data;
    size_t n = 0;
    if (runs->len > 1)
        qsort(r, runs->len, sizeof *r, by_first);
    for (size_t i = 0; i < runs->len; i++) {
        const bool same_base =
            n > 0 && r[n - 1].last >> 2 * order == r[i].first >> 2 * order;
        if (same_base && r[i].first <= r[n - 1].last + 1) {
            if (r[i].last > r[n - 1].last)
                r[n - 1].last = r[i].last;
        } else {
            r[n++] = r[i];
        }
    }
    runs->len = n;
}

static zagg_status add_run(zg_vec *runs, uint64_t first, uint64_t last, zagg_err *err)
{
    shard_run *r = zg_vec_push(runs);
    if (r == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the coverage of a store");
    *r = (shard_run){first, last};
    return ZAGG_OK;
}

static bool end_of(const zagg_value *v, unsigned order, uint64_t *nested)
{
    uint64_t word = 0;
    if (v->kind != ZAGG_STR ||
        zagg_word_parse_decimal(v->str, v->str_len, &word, NULL) != ZAGG_OK ||
        zagg_word_is_point(word) || zagg_word_order(word) != order)
        return false;
    *nested = zagg_word_nested(word);
    return true;
}

static bool is_run(const zagg_value *r, unsigned order, shard_run *out)
{
    return r->kind == ZAGG_LIST && r->n == 2 && end_of(r->items[0], order, &out->first) &&
           end_of(r->items[1], order, &out->last) && out->first <= out->last &&
           out->first >> 2 * order == out->last >> 2 * order;
}

/* Ranges of an envelope of this order; where it is none, *why says so. */
static zagg_status take_envelope(const zagg_value *doc, unsigned order, zg_vec *runs,
                                 const char **why, zagg_err *err)
{
    const zagg_value *ranges = zagg_value_get(doc, "ranges");
    int64_t stored = -1;
    shard_run run;
    *why = "has another form or order";
    if (!zagg_value_is(zagg_value_get(doc, "spec"), ZG_HIVE_MOC_SPEC) ||
        !zagg_value_is(zagg_value_get(doc, "encoding"), "ranges") ||
        !zagg_value_i64(zagg_value_get(doc, "order"), &stored) ||
        stored != (int64_t)order || ranges == NULL || ranges->kind != ZAGG_LIST)
        return ZAGG_OK;
    *why = "holds something that is no range of shards";
    for (size_t i = 0; i < ranges->n; i++) {
        if (!is_run(ranges->items[i], order, &run))
            return ZAGG_OK;
        ZAGG_TRY(add_run(runs, run.first, run.last, err));
    }
    *why = NULL;
    return ZAGG_OK;
}

/* What is there joins; what cannot be understood is replaced, since the stamps of the
 * leaves tell the same. *doc keeps what else it says; NULL: nothing taken over. */
static zagg_status take_stored(zagg_sink *store, unsigned order, zg_vec *runs,
                               zagg_arena *arena, const zagg_value **doc, zagg_log *log,
                               zagg_err *err)
{
    void *data = NULL;
    size_t len = 0;
    const char *why = "is no JSON";
    const size_t before = runs->len;
    const zagg_value *stored = NULL;
    *doc = NULL;
    zagg_status status =
        zagg_sink_get(store, ZG_HIVE_COVERAGE, ZG_HIVE_MAX_DOC_BYTES, &data, &len, err);
    if (status == ZAGG_ENOTFOUND)
        return ZAGG_OK;
    ZAGG_TRY(status);
    status = zagg_json_parse(arena, data, len, ZG_HIVE_COVERAGE, &stored, err);
    zagg_bytes_free(data);
    if (status == ZAGG_OK)
        ZAGG_TRY(take_envelope(stored, order, runs, &why, err));
    else if (status == ZAGG_ENOMEM)
        return status;
    if (why == NULL) {
        *doc = stored;
        return ZAGG_OK;
    }
    runs->len = before;
    zagg_log_write(log, ZAGG_LOG_WARN,
                   "store %s: its " ZG_HIVE_COVERAGE
                   " %s and is written anew, for the shards of this run",
                   zagg_sink_name(store), why);
    return ZAGG_OK;
}

static zagg_status put_runs(zg_json_out *w, const zg_vec *runs, unsigned order,
                            zagg_err *err)
{
    char text[33];
    zg_json_open_list(w);
    for (size_t i = 0; i < runs->len; i++) {
        const shard_run *r = ZG_VEC_AT(runs, shard_run, i);
        zg_json_open_list(w);
        ZAGG_TRY(zagg_word_decimal(zagg_word_from_nested(r->first, order), text, err));
        zg_json_str(w, text);
        ZAGG_TRY(zagg_word_decimal(zagg_word_from_nested(r->last, order), text, err));
        zg_json_str(w, text);
        zg_json_close_list(w);
    }
    zg_json_close_list(w);
    return ZAGG_OK;
}

static zagg_status envelope_text(const zg_vec *runs, unsigned order,
                                 const zagg_value *stored, zg_str *text, zagg_err *err)
{
    static const char *const KEPT[] = {"time_range", "temporal"};
    zg_json_out w;
    char now[26];
    zg_clock_utc_offset(now);
    zg_json_begin(&w, text, INDENT);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "spec", ZG_HIVE_MOC_SPEC);
    zg_json_put_str(&w, "encoding", "ranges");
    zg_json_key(&w, "order");
    zg_json_i64(&w, order);
    zg_json_put_str(&w, "source", "dispatcher");
    zg_json_put_str(&w, "generated_at", now);
    zg_json_key(&w, "ranges");
    ZAGG_TRY(put_runs(&w, runs, order, err));
    for (size_t i = 0; i < sizeof KEPT / sizeof KEPT[0]; i++) {
        const zagg_value *v = zagg_value_get_set(stored, KEPT[i]);
        if (v == NULL)
            continue;
        zg_json_key(&w, KEPT[i]);
        ZAGG_TRY(zg_json_value(&w, v, err));
    }
    zg_json_close_map(&w);
    return ZAGG_OK;
}

zagg_status zg_hive_add_shards(const zagg_store_plan *plan, zagg_sink *store,
                               const uint64_t *keys, size_t n, zagg_log *log,
                               zagg_err *err)
{
    const unsigned order = plan->info->parent_order;
    zagg_arena *arena = NULL;
    const zagg_value *stored = NULL;
    zagg_status status = ZAGG_OK;
    zg_vec runs;
    zg_str text;
    if (n == 0)
        return ZAGG_OK;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zg_vec_init(&runs, sizeof(shard_run), 0);
    zg_str_init(&text, ZG_HIVE_MAX_DOC_BYTES);
    for (size_t i = 0; status == ZAGG_OK && i < n; i++) {
        const uint64_t nested = zagg_word_nested(keys[i]);
        status = add_run(&runs, nested, nested, err);
    }
    if (status == ZAGG_OK)
        status = take_stored(store, order, &runs, arena, &stored, log, err);
    join_runs(&runs, order);
    if (status == ZAGG_OK)
        status = envelope_text(&runs, order, stored, &text, err);
    if (status == ZAGG_OK)
        status = zg_hive_put_text(store, "", ZG_HIVE_COVERAGE, &text, err);
    else
        zg_str_free(&text);
    zg_vec_free(&runs);
    zagg_arena_free(arena);
    return status;
}
