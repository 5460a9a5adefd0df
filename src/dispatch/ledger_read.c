/* Reading of ledgers: what earlier runs have finished, and what workers leave during this
 * one. Whatever is not whole, or not of the form that it should have, says nothing. */
#include "dispatch/ledger_impl.h"
#include "run/status_dir.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>

enum { READERS = 16 };

bool zg_ledger_object_key(const char *name, const char *folder, uint64_t *key)
{
    const size_t n = strlen(folder);
    static const char PREFIX[] = "shard-";
    uint64_t v = 0;
    if (strncmp(name, folder, n) != 0 ||
        strncmp(name + n, PREFIX, sizeof PREFIX - 1) != 0)
        return false;
    const char *p = name + n + sizeof PREFIX - 1;
    if (*p < '0' || *p > '9')
        return false;
    for (; *p >= '0' && *p <= '9'; p++)
        if (!zg_mul_u64(v, 10, &v) || !zg_add_u64(v, (uint64_t)(*p - '0'), &v))
            return false;
    *key = v;
    return strcmp(p, ".json") == 0;
}

static zagg_status load(zagg_sink *sink, const char *name, size_t most, zagg_arena *arena,
                        const zagg_value **out, zagg_err *err)
{
    void *data = NULL;
    size_t len = 0;
    *out = NULL;
    ZAGG_TRY(zagg_sink_get(sink, name, most, &data, &len, err));
    const zagg_status status = zagg_json_parse(arena, data, len, name, out, err);
    zagg_bytes_free(data);
    return status;
}

/* ---- reading objects, many at once ---- */

typedef struct status_object {
    uint64_t key;
    char *text; /* NULL: it could not be read */
    size_t len;
} status_object;

typedef struct object_set {
    zagg_sink *sink;
    const char *folder;
    zg_ledger *ledger; /* those that it was told of are left out; NULL: none are */
    zg_vec list;       /* status_object */
} object_set;

static zagg_status collect(void *user, const char *name, uint64_t size, zagg_err *err)
{
    object_set *s = user;
    uint64_t key;
    (void)size;
    if (!zg_ledger_object_key(name, s->folder, &key))
        return ZAGG_OK;
    const size_t unit = s->ledger != NULL ? zg_ledger_unit_of(s->ledger, key) : 0;
    if (unit == SIZE_MAX || (s->ledger != NULL && s->ledger->told[unit]))
        return ZAGG_OK;
    status_object *o = zg_vec_push(&s->list);
    if (o == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the records of a run");
    o->key = key;
    return ZAGG_OK;
}

static zagg_status read_object(void *user, size_t index, size_t slot, void **result,
                               zagg_err *err)
{
    const object_set *s = user;
    status_object *o = ZG_VEC_AT(&s->list, status_object, index);
    void *data = NULL;
    zg_str name;
    (void)slot, (void)result;
    zg_str_init(&name, 0);
    zg_str_addf(&name, "%sshard-%llu.json", s->folder, (unsigned long long)o->key);
    if (!name.failed && zagg_sink_get(s->sink, name.data, ZG_LEDGER_OBJECT_BYTES, &data,
                                      &o->len, NULL) == ZAGG_OK)
        o->text = data;
    zg_str_free(&name);
    (void)err;
    return ZAGG_OK;
}

static zagg_status read_objects(object_set *s, zagg_err *err)
{
    zagg_pool *pool = NULL;
    const size_t n = s->list.len < READERS ? s->list.len : READERS;
    if (n == 0)
        return ZAGG_OK;
    ZAGG_TRY(zagg_pool_new(n, &pool, err));
    const zagg_status status =
        zagg_pool_map(pool, s->list.len, 0, read_object, NULL, NULL, s, err);
    zagg_pool_free(pool);
    return status;
}

static void free_objects(object_set *s)
{
    for (size_t i = 0; i < s->list.len; i++)
        zagg_bytes_free(ZG_VEC_AT(&s->list, status_object, i)->text);
    zg_vec_free(&s->list);
}

static zagg_status find_objects(zagg_sink *sink, const char *folder, zg_ledger *ledger,
                                object_set *out, zagg_err *err)
{
    *out = (object_set){.sink = sink, .folder = folder, .ledger = ledger};
    zg_vec_init(&out->list, sizeof(status_object), 0);
    ZAGG_TRY(zagg_sink_list(sink, folder, collect, out, err));
    return read_objects(out, err);
}

/* ---- earlier runs ---- */

typedef struct earlier_run {
    char folder[80], id[33];
    double started_s;
    bool overwrote, same; /* the config */
} earlier_run;

/* All of them, for one question. */
typedef struct history {
    zg_ledger *ledger;
    zg_vec runs; /* earlier_run */
    bool *done;
    uint64_t *obs;
} history;

static zagg_status add_run(void *user, const char *name, uint64_t size, zagg_err *err)
{
    history *h = user;
    const size_t n = strlen(name);
    (void)size;
    if (strncmp(name, "run-", 4) != 0 || n < 6 ||
        n - 5 >= sizeof(((earlier_run *)0)->id) || name[n - 1] != '/')
        return ZAGG_OK;
    earlier_run *r = zg_vec_push(&h->runs);
    if (r == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the records of a run");
    memcpy(r->folder, name, n);
    memcpy(r->id, name + 4, n - 5);
    return ZAGG_OK;
}

static int later_first(const void *a, const void *b)
{
    const double x = ((const earlier_run *)a)->started_s;
    const double y = ((const earlier_run *)b)->started_s;
    return (x < y) - (x > y);
}

static zagg_status load_of(const history *h, const earlier_run *r, const char *name,
                           zagg_arena *arena, const zagg_value **out)
{
    zg_str key;
    zg_str_init(&key, 0);
    zg_str_addf(&key, "%s%s", r->folder, name);
    const zagg_status status =
        key.failed
            ? ZAGG_ENOMEM
            : load(h->ledger->sink, key.data, ZG_LEDGER_MANIFEST_BYTES, arena, out, NULL);
    zg_str_free(&key);
    return status;
}

static bool parse_key(const char *text, uint64_t *key)
{
    char *end = NULL;
    *key = strtoull(text, &end, 10);
    return end != text && *end == '\0' && text[0] >= '0' && text[0] <= '9';
}

/* A shard counts where the run that finished it made it of the same granules. */
static void count_done(const history *h, const bool *equal, uint64_t key,
                       const char *status, uint64_t obs)
{
    const size_t unit = zg_ledger_unit_of(h->ledger, key);
    if (unit == SIZE_MAX || !equal[unit] || h->done[unit] ||
        (strcmp(status, "ok") != 0 && strcmp(status, "no_data") != 0))
        return;
    h->done[unit] = true;
    h->obs[unit] = obs;
}

static bool take_results(const history *h, const zagg_value *root, const bool *equal)
{
    const zagg_value *list = zagg_value_get(root, "shards");
    if (list == NULL || list->kind != ZAGG_LIST)
        return false;
    for (size_t i = 0; i < list->n; i++) {
        const zagg_value *row = list->items[i];
        uint64_t key, obs = 0;
        if (row->kind != ZAGG_LIST || row->n != 3 || row->items[0]->kind != ZAGG_STR ||
            row->items[1]->kind != ZAGG_STR || !parse_key(row->items[0]->str, &key))
            continue;
        (void)zagg_value_u64(row->items[2], &obs);
        count_done(h, equal, key, row->items[1]->str, obs);
    }
    return true;
}

static void take_object(const history *h, const status_object *o, const bool *equal)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    if (o->text == NULL || zagg_arena_new(0, &arena, NULL) != ZAGG_OK)
        return;
    if (zagg_json_parse(arena, o->text, o->len, "status", &root, NULL) == ZAGG_OK)
        count_done(h, equal, o->key, zg_text_of(root, "status"),
                   zg_number_of(zagg_value_get(root, "body"), "total_obs"));
    zagg_arena_free(arena);
}

/* A run that was killed has no list: its objects tell. */
static zagg_status take_objects(const history *h, const earlier_run *r, const bool *equal,
                                zagg_err *err)
{
    object_set set;
    const zagg_status status = find_objects(h->ledger->sink, r->folder, NULL, &set, err);
    for (size_t i = 0; status == ZAGG_OK && i < set.list.len; i++)
        take_object(h, ZG_VEC_AT(&set.list, status_object, i), equal);
    free_objects(&set);
    return status;
}

/* equal[i]: the run made unit i of the granules that it would be made of now. */
static void compare_granules(const history *h, const zagg_value *manifest, bool *equal)
{
    const zagg_value *keys = zagg_value_get(manifest, "shards");
    const zagg_value *hashes = zagg_value_get(manifest, "granules_sha256");
    if (keys == NULL || hashes == NULL || keys->kind != ZAGG_LIST ||
        hashes->kind != ZAGG_LIST || keys->n != hashes->n)
        return;
    for (size_t i = 0; i < keys->n; i++) {
        uint64_t key;
        if (keys->items[i]->kind != ZAGG_STR || !parse_key(keys->items[i]->str, &key))
            continue;
        const size_t unit = zg_ledger_unit_of(h->ledger, key);
        if (unit != SIZE_MAX)
            equal[unit] =
                zagg_value_is(hashes->items[i], h->ledger->opts.units[unit].granules);
    }
}

static zagg_status take_run(const history *h, const earlier_run *r, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *manifest = NULL, *results = NULL;
    const size_t n = h->ledger->opts.n;
    bool *equal = zg_alloc(n ? n : 1, sizeof *equal);
    zagg_status status =
        equal != NULL ? zagg_arena_new(0, &arena, err)
                      : zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", n);
    if (status == ZAGG_OK &&
        load_of(h, r, ZG_LEDGER_MANIFEST, arena, &manifest) == ZAGG_OK) {
        compare_granules(h, manifest, equal);
        if (load_of(h, r, ZG_LEDGER_RESULTS, arena, &results) != ZAGG_OK ||
            !take_results(h, results, equal))
            status = take_objects(h, r, equal, err);
    }
    zagg_arena_free(arena);
    zg_free(equal);
    return status;
}

/* What a manifest says of the run, shards left aside. */
static zagg_status look_at(const history *h, earlier_run *r, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    if (load_of(h, r, ZG_LEDGER_MANIFEST, arena, &root) == ZAGG_OK) {
        (void)zagg_value_number(zagg_value_get(root, "started_s"), &r->started_s);
        r->overwrote = zagg_value_truthy(zagg_value_get(root, "overwrite"));
        r->same = zagg_value_is(zagg_value_get(root, "identity_sha256"),
                                h->ledger->opts.identity);
    }
    zagg_arena_free(arena);
    return ZAGG_OK;
}

static zagg_status note_any(void *user, const char *name, uint64_t size, zagg_err *err)
{
    (void)name, (void)size;
    *(bool *)user = true;
    return zagg_err_set(err, ZAGG_ECANCELLED, "found");
}

/* Records of a store that was removed are of no use. */
static zagg_status store_is_there(const zg_ledger *l, bool *out, zagg_err *err)
{
    zagg_sink *store = NULL;
    *out = false;
    ZAGG_TRY(zg_store_open(l->opts.store, l->opts.net, &store, err));
    const zagg_status status = zagg_sink_list_dir(store, "", note_any, out, err);
    zagg_sink_close(store);
    return *out ? ZAGG_OK : status;
}

static zagg_status take_history(history *h, char from[33], zagg_err *err)
{
    bool there = false;
    ZAGG_TRY(store_is_there(h->ledger, &there, err));
    if (!there)
        return ZAGG_OK;
    ZAGG_TRY(zagg_sink_list_dir(h->ledger->sink, "", add_run, h, err));
    for (size_t i = 0; i < h->runs.len; i++)
        ZAGG_TRY(look_at(h, ZG_VEC_AT(&h->runs, earlier_run, i), err));
    if (h->runs.len > 1)
        qsort(h->runs.data, h->runs.len, sizeof(earlier_run), later_first);
    for (size_t i = 0; i < h->runs.len; i++) {
        const earlier_run *r = ZG_VEC_AT(&h->runs, earlier_run, i);
        if (r->same)
            ZAGG_TRY(take_run(h, r, err));
        if (r->same && from[0] == '\0')
            memcpy(from, r->id, sizeof r->id);
        if (r->overwrote)
            break;
    }
    return ZAGG_OK;
}

zagg_status zg_ledger_finished(zg_ledger *l, bool *done, uint64_t *obs, char from[33],
                               zagg_err *err)
{
    history h = {.ledger = l, .done = done, .obs = obs};
    zagg_err trouble = ZAGG_ERR_INIT;
    zg_vec_init(&h.runs, sizeof(earlier_run), 0);
    memset(from, 0, 33);
    const zagg_status status = take_history(&h, from, &trouble);
    zg_vec_free(&h.runs);
    if (status == ZAGG_OK)
        return ZAGG_OK;
    if (status == ZAGG_ENOMEM || status == ZAGG_ECANCELLED) {
        if (err)
            *err = trouble;
        return status;
    }
    zagg_log_write(l->opts.log, ZAGG_LOG_WARN,
                   "What earlier runs have finished cannot be read; all shards are done: "
                   "%s",
                   trouble.msg);
    memset(done, 0, l->opts.n * sizeof *done);
    from[0] = '\0';
    return ZAGG_OK;
}

/* ---- objects of this run ---- */

zagg_status zg_ledger_poll(zg_ledger *l, zg_ledger_found_fn found, void *user,
                           zagg_err *err)
{
    object_set set;
    zagg_status status = find_objects(l->sink, l->folder, l, &set, err);
    for (size_t i = 0; status == ZAGG_OK && i < set.list.len; i++) {
        const status_object *o = ZG_VEC_AT(&set.list, status_object, i);
        if (o->text == NULL)
            continue; /* the next look will find it */
        status = found(user, o->key, o->text, o->len,
                       &l->told[zg_ledger_unit_of(l, o->key)], err);
    }
    free_objects(&set);
    return status;
}

/* ---- what a status object says ---- */

/* {"statusCode", "body"} of an object, as the worker would have answered. */
static zagg_status response_of(const zagg_value *object, zg_str *out, zagg_err *err)
{
    const zagg_value *body = zagg_value_get(object, "body");
    int64_t code = 0;
    zg_json_out w;
    zg_str text;
    zagg_status status = ZAGG_OK;
    (void)zagg_value_i64(zagg_value_get(object, "status_code"), &code);
    zg_str_init(&text, 0);
    if (body != NULL)
        status = zg_json_write(&text, body, (zg_json_style){-1, false, false}, err);
    zg_json_begin(&w, out, -1);
    zg_json_open_map(&w);
    zg_json_key(&w, "statusCode");
    zg_json_i64(&w, code);
    zg_json_put_str(&w, "body", text.data);
    zg_json_close_map(&w);
    if (status == ZAGG_OK && (text.failed || out->failed))
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for an answer");
    zg_str_free(&text);
    return status;
}

zagg_status zg_reply_of_object(const char *text, size_t len, zg_reply *out, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *object = NULL;
    zg_str payload;
    *out = (zg_reply){.kind = ZG_REPLY_RESPONSE};
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zg_str_init(&payload, 0);
    zagg_status status = zagg_json_parse(arena, text, len, "status", &object, NULL);
    if (status == ZAGG_OK)
        status = response_of(object, &payload, err);
    else if (status != ZAGG_ENOMEM)
        status = ZAGG_OK; /* no object: its result will say so */
    out->len = payload.len;
    out->payload = zg_str_take(&payload);
    if (status == ZAGG_OK && out->payload == NULL)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for an answer");
    zagg_arena_free(arena);
    return status;
}
