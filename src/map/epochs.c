/* Covers of time to epochs: each word is a run of buckets, each bucket an epoch in its
 * middle. */
#include "map/epochs.h"

#include "stats/observation_time.h"
#include "text/text.h"
#include "zagg/geo.h"

#include <nettle/base64.h>
#include <stdlib.h>
#include <string.h>

#define COVER_SPEC "zagg-coverage-toc-cover/1"
#define MAX_EPOCHS ((size_t)1 << 24)
enum { MAX_TIME_ORDER = 31 }; /* bounds of finer buckets are not exact in words */
#define TOC_END_NS ((UINT64_C(1) << 63) - (UINT64_C(1) << 32))

typedef struct cover {
    const zagg_map_reference *reference;
    const zagg_value *root;
    unsigned pin; /* order of the buckets of blocks that do not tell theirs */
    zagg_log *log;
    zg_epochs *out;
} cover;

/* ---- words ---- */

/** First and last nanosecond of a word: 32 bits of 2^31 ns, then a flag; with it an
 * instant, whose lower 31 bits follow, without it the end in 2^32 ns, which is beyond. */
static void word_span(uint64_t word, uint64_t *first, uint64_t *last)
{
    const uint64_t start = (word >> 32) << 31, low = word & 0x7fffffff;
    const bool instant = (word >> 31 & 1) != 0;
    const uint64_t end = instant ? start | low : low << 32;
    *first = instant ? end : start;
    *last = (end > *first ? end : *first + 1) - 1;
}

static zagg_status add_word(const cover *c, uint64_t key, uint64_t word, unsigned order,
                            zagg_err *err)
{
    const unsigned shift = 63 - order;
    uint64_t first, last;
    word_span(word, &first, &last);
    const uint64_t begin = first >> shift, end = last >> shift;
    if (end - begin >= MAX_EPOCHS - c->out->rows.len)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "covers of time tell of more than 2^24 epochs");
    for (uint64_t b = begin; b <= end; b++) {
        const uint64_t middle = (b << shift) + (UINT64_C(1) << shift) / 2 - 1;
        const zg_epoch row = {
            key, zg_clock_utc_ns(middle < TOC_END_NS ? middle : TOC_END_NS), order};
        if (!zg_vec_append(&c->out->rows, &row, 1))
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the epochs of shards");
    }
    return ZAGG_OK;
}

/** Bytes of words out of base64; zg_free. */
static zagg_status decode_words(const zagg_value *text, uint8_t **out, size_t *n_words,
                                zagg_err *err)
{
    struct base64_decode_ctx context;
    size_t len = BASE64_DECODE_LENGTH(text->str_len);
    uint8_t *bytes = zg_alloc(len + 1, 1);
    if (bytes == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the words of a cover");
    base64_decode_init(&context);
    if (!base64_decode_update(&context, &len, bytes, text->str_len, text->str) ||
        !base64_decode_final(&context) || len % sizeof(uint64_t) != 0) {
        zg_free(bytes);
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "words that are no base64 of 64-bit words");
    }
    *out = bytes;
    *n_words = len / sizeof(uint64_t);
    return ZAGG_OK;
}

static uint64_t little_endian(const uint8_t *p)
{
    uint64_t v = 0;
    for (int i = 7; i >= 0; i--)
        v = v << 8 | p[i];
    return v;
}

/* ---- blocks ---- */

static bool small_number(const zagg_value *v, uint64_t most, unsigned *out)
{
    uint64_t n;
    if (v == NULL || !zagg_value_u64(v, &n) || n > most)
        return false;
    *out = (unsigned)n;
    return true;
}

static zagg_status add_block(const cover *c, const char *id, uint64_t key,
                             const zagg_value *block, zagg_err *err)
{
    const zagg_value *text = zagg_value_get_set(block, "words");
    const zagg_value *own = zagg_value_get(block, "temporal_order");
    uint64_t count = 0;
    unsigned order = c->pin;
    uint8_t *bytes = NULL;
    size_t n = 0;
    if (text == NULL || text->kind != ZAGG_STR ||
        !zagg_value_u64(zagg_value_get_set(block, "count"), &count) ||
        (own != NULL && !small_number(own, c->pin, &order)))
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "a block needs words, their count, and a temporal_order of at "
            "most the store's (%u)",
            c->pin);
    ZAGG_TRY(decode_words(text, &bytes, &n, err));
    zagg_status status = ZAGG_OK;
    if (n != count)
        status = zagg_err_set(err, ZAGG_ECONFIG, "%zu words where the count says %llu", n,
                              (unsigned long long)count);
    for (size_t i = 0; i < n && status == ZAGG_OK; i++)
        status = add_word(c, key, little_endian(bytes + 8 * i), order, err);
    zg_free(bytes);
    if (status == ZAGG_OK && n > 0 && order < ZG_EPOCH_ORDER)
        zagg_log_write(
            c->log, ZAGG_LOG_WARN,
            "%s: shard %s tells its times in buckets of order %u: its epochs are "
            "good to 2^%u ns",
            c->reference->name, id, order, 62 - order);
    return status;
}

static zagg_status read_cover(const cover *c, zagg_err *err)
{
    const zagg_value *shards = zagg_value_get_set(c->root, "shards");
    for (size_t i = 0; shards != NULL && i < shards->n; i++) {
        const zagg_value *id = shards->kind == ZAGG_MAP ? shards->members[i].key : NULL;
        uint64_t key = 0;
        if (id == NULL ||
            zagg_word_parse_decimal(id->str, id->str_len, &key, NULL) != ZAGG_OK ||
            zagg_word_order(key) != c->out->shard_order)
            return zagg_err_set(err, ZAGG_ECONFIG,
                                "shards must be decimal morton ids of order %u",
                                c->out->shard_order);
        const zagg_status status =
            add_block(c, id->str, key, shards->members[i].value, err);
        if (status != ZAGG_OK)
            return zagg_err_context(err, status, "shard %s", id->str);
    }
    return ZAGG_OK;
}

static zagg_status read_reference(const zagg_map_reference *reference, bool first,
                                  zagg_log *log, zagg_arena *arena, zg_epochs *out,
                                  zagg_err *err)
{
    cover c = {.reference = reference, .pin = ZG_EPOCH_ORDER, .log = log, .out = out};
    unsigned order = 0;
    ZAGG_TRY(zagg_json_parse(arena, reference->cover, reference->len, "coverage.toc",
                             &c.root, err));
    const zagg_value *spec =
        c.root->kind == ZAGG_MAP ? zagg_value_get_set(c.root, "spec") : NULL;
    const zagg_value *pin = zagg_value_get(c.root, "temporal_order");
    if (spec == NULL || !zagg_value_is(spec, COVER_SPEC))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "coverage.toc is no cover of the revision " COVER_SPEC);
    if (!small_number(zagg_value_get(c.root, "order"), ZAGG_GEO_MAX_ORDER, &order) ||
        (pin != NULL && !small_number(pin, MAX_TIME_ORDER, &c.pin)))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "coverage.toc needs the order of its shards, and a "
                            "temporal_order of at most %d",
                            MAX_TIME_ORDER);
    if (!first && order != out->shard_order)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "its shards have order %u, those of the stores before %u",
                            order, out->shard_order);
    out->shard_order = order;
    return read_cover(&c, err);
}

/* ---- the union ---- */

static int by_place(const void *pa, const void *pb)
{
    const zg_epoch *a = pa, *b = pb;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    if (a->utc_ns != b->utc_ns)
        return a->utc_ns < b->utc_ns ? -1 : 1;
    return (a->order < b->order) - (a->order > b->order); /* the finest first */
}

static zagg_status unite(zg_epochs *e, zagg_err *err)
{
    zg_epoch *rows = e->rows.data;
    size_t kept = 0;
    if (e->rows.len > 1)
        qsort(rows, e->rows.len, sizeof *rows, by_place);
    for (size_t i = 0; i < e->rows.len;) {
        zg_epoch coarsest = {rows[i].key, 0, rows[i].order};
        const uint64_t key = rows[i].key;
        for (; i < e->rows.len && rows[i].key == key; i++) {
            if (rows[i].order < coarsest.order)
                coarsest.order = rows[i].order;
            if (kept == 0 || rows[kept - 1].key != key ||
                rows[kept - 1].utc_ns != rows[i].utc_ns)
                rows[kept++] = rows[i];
        }
        if (coarsest.order < ZG_EPOCH_ORDER && !zg_vec_append(&e->coarse, &coarsest, 1))
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the epochs of shards");
    }
    e->rows.len = kept;
    return ZAGG_OK;
}

zagg_status zg_epochs_read(const zagg_map_reference *references, size_t n, zagg_log *log,
                           zg_epochs *out, zagg_err *err)
{
    zagg_arena *arena = NULL;
    *out = (zg_epochs){.shard_order = 0};
    zg_vec_init(&out->rows, sizeof(zg_epoch), 0);
    zg_vec_init(&out->coarse, sizeof(zg_epoch), 0);
    zagg_status status = zagg_arena_new(0, &arena, err);
    for (size_t i = 0; i < n && status == ZAGG_OK; i++) {
        const zagg_arena_mark mark = zagg_arena_get_mark(arena);
        status = read_reference(&references[i], i == 0, log, arena, out, err);
        zagg_arena_release(arena, mark);
        if (status != ZAGG_OK)
            (void)zagg_err_context(err, status, "%s", references[i].name);
    }
    if (status == ZAGG_OK)
        status = unite(out, err);
    zagg_arena_free(arena);
    if (status != ZAGG_OK)
        zg_epochs_free(out);
    return status;
}

void zg_epochs_free(zg_epochs *e)
{
    zg_vec_free(&e->rows);
    zg_vec_free(&e->coarse);
}
