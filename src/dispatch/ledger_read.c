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
    const zg_ledger *ledger;
    const bool *known; /* units of which nothing need be read any more */
    zg_vec list;       /* status_object */
} object_set;

static zagg_status collect(void *user, const char *name, uint64_t size, zagg_err *err)
{
    object_set *s = user;
    uint64_t key;
    (void)size;
    if (!zg_ledger_object_key(name, s->folder, &key))
        return ZAGG_OK;
    const size_t unit = zg_ledger_unit_of(s->ledger, key);
    if (unit == SIZE_MAX || s->known[unit])
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

static zagg_status find_objects(const zg_ledger *ledger, const char *folder,
                                const bool *known, object_set *out, zagg_err *err)
{
    *out = (object_set){
        .sink = ledger->sink, .folder = folder, .ledger = ledger, .known = known};
    zg_vec_init(&out->list, sizeof(status_object), 0);
    ZAGG_TRY(zagg_sink_list(ledger->sink, folder, collect, out, err));
    return read_objects(out, err);
}

/* ---- earlier runs ---- */

typedef struct earlier_run {
    char folder[80], id[33];
    double started_s;
    bool overwrote;
    bool same; /* config, and the store is the one that is there */
} earlier_run;

/* All of them, for one question. */
typedef struct history {
    zg_ledger *ledger;
    char stamp[ZG_STORE_STAMP_BYTES]; /* of the store that is there; "": there is none */
    zg_vec runs;                      /* earlier_run */
    bool *done;
    uint64_t *obs;
    bool *settled; /* units of which a later run has told, good or bad */
} history;

/* What a run may have written: units that it sent, and those of them that it made as
 * they would be made now. */
typedef struct run_units {
    bool *sent, *equal;
} run_units;

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
                           zagg_arena *arena, const zagg_value **out, zagg_err *err)
{
    zg_str key;
    zg_str_init(&key, 0);
    zg_str_addf(&key, "%s%s", r->folder, name);
    const zagg_status status =
        key.failed
            ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a path")
            : load(h->ledger->sink, key.data, ZG_LEDGER_MANIFEST_BYTES, arena, out, err);
    zg_str_free(&key);
    return status;
}

/* NULL where there is none, or what is there is none. One that cannot be read now may
 * tell that the run wrote shards again of which older ones say that they are finished. */
static zagg_status load_manifest(const history *h, const earlier_run *r,
                                 zagg_arena *arena, const zagg_value **out, zagg_err *err)
{
    zagg_err why = ZAGG_ERR_INIT;
    const zagg_status status = load_of(h, r, ZG_LEDGER_MANIFEST, arena, out, &why);
    if (status != ZAGG_OK)
        *out = NULL;
    if (status == ZAGG_OK || status == ZAGG_ENOTFOUND || status == ZAGG_EFORMAT)
        return ZAGG_OK;
    return zagg_err_set(err, status, "%s", why.msg);
}

static bool parse_key(const char *text, uint64_t *key)
{
    char *end = NULL;
    *key = strtoull(text, &end, 10);
    return end != text && *end == '\0' && text[0] >= '0' && text[0] <= '9';
}

/* A shard counts where the last run that wrote it finished it, of the same granules and
 * with the same config: whatever an older one left is not there any more. */
static void count_done(const history *h, const run_units *u, uint64_t key,
                       const char *status, uint64_t obs)
{
    const size_t unit = zg_ledger_unit_of(h->ledger, key);
    if (unit == SIZE_MAX || h->settled[unit])
        return;
    h->settled[unit] = true;
    if (!u->equal[unit] || (strcmp(status, "ok") != 0 && strcmp(status, "no_data") != 0))
        return;
    h->done[unit] = true;
    h->obs[unit] = obs;
}

/* True: the list tells of all that was sent. */
static bool take_results(const history *h, const zagg_value *root, const run_units *u)
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
        count_done(h, u, key, row->items[1]->str, obs);
    }
    return !zagg_value_truthy(zagg_value_get(root, "stopped"));
}

static void take_object(const history *h, const status_object *o, const run_units *u)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    if (o->text == NULL || zagg_arena_new(0, &arena, NULL) != ZAGG_OK)
        return;
    if (zagg_json_parse(arena, o->text, o->len, "status", &root, NULL) == ZAGG_OK)
        count_done(h, u, o->key, zg_text_of(root, "status"),
                   zg_number_of(zagg_value_get(root, "body"), "total_obs"));
    zagg_arena_free(arena);
}

/* A run that was killed has no list, one that was stopped not a whole one: objects tell.
 */
static zagg_status take_objects(const history *h, const earlier_run *r,
                                const run_units *u, zagg_err *err)
{
    object_set set;
    const zagg_status status = find_objects(h->ledger, r->folder, h->settled, &set, err);
    for (size_t i = 0; status == ZAGG_OK && i < set.list.len; i++)
        take_object(h, ZG_VEC_AT(&set.list, status_object, i), u);
    free_objects(&set);
    return status;
}

static void compare_granules(const history *h, const zagg_value *manifest, bool same,
                             const run_units *u)
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
        if (unit == SIZE_MAX)
            continue;
        u->sent[unit] = hashes->items[i]->kind == ZAGG_STR;
        u->equal[unit] =
            same && zagg_value_is(hashes->items[i], h->ledger->opts.units[unit].granules);
    }
}

static zagg_status take_units(const history *h, const earlier_run *r, const run_units *u,
                              zagg_arena *arena, zagg_err *err)
{
    const zagg_value *manifest = NULL, *results = NULL;
    ZAGG_TRY(load_manifest(h, r, arena, &manifest, err));
    if (manifest == NULL)
        return ZAGG_OK;
    compare_granules(h, manifest, r->same, u);
    if (load_of(h, r, ZG_LEDGER_RESULTS, arena, &results, NULL) == ZAGG_OK &&
        take_results(h, results, u))
        return ZAGG_OK;
    /* Workers may have left word of shards that nobody waited for to the end. */
    ZAGG_TRY(take_objects(h, r, u, err));
    /* What it does not tell of may be half written. */
    for (size_t i = 0; i < h->ledger->opts.n; i++)
        h->settled[i] |= u->sent[i];
    return ZAGG_OK;
}

static zagg_status take_run(const history *h, const earlier_run *r, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const size_t n = h->ledger->opts.n ? h->ledger->opts.n : 1;
    const run_units units = {zg_alloc(n, sizeof(bool)), zg_alloc(n, sizeof(bool))};
    zagg_status status =
        units.sent != NULL && units.equal != NULL
            ? zagg_arena_new(0, &arena, err)
            : zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", n);
    if (status == ZAGG_OK)
        status = take_units(h, r, &units, arena, err);
    zagg_arena_free(arena);
    zg_free(units.sent);
    zg_free(units.equal);
    return status;
}

/* Did the run write into the store that is there? */
static bool same_store(const history *h, const earlier_run *r, zagg_arena *arena)
{
    const zagg_value *root = NULL;
    return load_of(h, r, ZG_RUN_STAMP, arena, &root, NULL) == ZAGG_OK &&
           zagg_value_is(zagg_value_get(root, "stamp"), h->stamp);
}

/* What a manifest says of the run, shards left aside. */
static zagg_status look_at(const history *h, earlier_run *r, zagg_err *err)
{
    zagg_arena *arena = NULL;
    const zagg_value *root = NULL;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    const zagg_status status = load_manifest(h, r, arena, &root, err);
    if (root != NULL) {
        (void)zagg_value_number(zagg_value_get(root, "started_s"), &r->started_s);
        r->overwrote = zagg_value_truthy(zagg_value_get(root, "overwrite"));
        r->same = h->done != NULL && h->stamp[0] != '\0' &&
                  zagg_value_is(zagg_value_get(root, "identity_sha256"),
                                h->ledger->opts.identity) &&
                  same_store(h, r, arena);
        if (r->started_s > h->ledger->latest_s)
            h->ledger->latest_s = r->started_s;
    }
    zagg_arena_free(arena);
    return status;
}

zagg_status zg_ledger_stamp(const zg_ledger *l, char out[ZG_STORE_STAMP_BYTES],
                            zagg_err *err)
{
    zagg_sink *store = NULL;
    ZAGG_TRY(zg_store_open(l->opts.store, l->opts.net, &store, err));
    const zagg_status status =
        zg_store_stamp(store, l->opts.pipeline, l->opts.grid, out, err);
    zagg_sink_close(store);
    return status;
}

static zagg_status take_history(history *h, char from[33], zagg_err *err)
{
    if (h->done != NULL)
        ZAGG_TRY(zg_ledger_stamp(h->ledger, h->stamp, err));
    ZAGG_TRY(zagg_sink_list_dir(h->ledger->sink, "", add_run, h, err));
    for (size_t i = 0; i < h->runs.len; i++)
        ZAGG_TRY(look_at(h, ZG_VEC_AT(&h->runs, earlier_run, i), err));
    if (h->runs.len > 1)
        qsort(h->runs.data, h->runs.len, sizeof(earlier_run), later_first);
    for (size_t i = 0; h->stamp[0] != '\0' && i < h->runs.len; i++) {
        const earlier_run *r = ZG_VEC_AT(&h->runs, earlier_run, i);
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
    h.settled = zg_alloc(l->opts.n ? l->opts.n : 1, sizeof *h.settled);
    if (h.settled == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %zu shards", l->opts.n);
    const zagg_status status = take_history(&h, from, &trouble);
    zg_vec_free(&h.runs);
    zg_free(h.settled);
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
    if (done != NULL)
        memset(done, 0, l->opts.n * sizeof *done);
    from[0] = '\0';
    return ZAGG_OK;
}

/* ---- objects of this run ---- */

zagg_status zg_ledger_poll(zg_ledger *l, zg_ledger_found_fn found, void *user,
                           zagg_err *err)
{
    object_set set;
    size_t unread = 0;
    zagg_status status = find_objects(l, l->folder, l->told, &set, err);
    for (size_t i = 0; status == ZAGG_OK && i < set.list.len; i++) {
        const status_object *o = ZG_VEC_AT(&set.list, status_object, i);
        if (o->text == NULL)
            unread++; /* the next look will find it */
        else
            status = found(user, o->key, o->text, o->len,
                           &l->told[zg_ledger_unit_of(l, o->key)], err);
    }
    free_objects(&set);
    if (status == ZAGG_OK && unread > 0)
        status = zagg_err_set(err, ZAGG_EIO, "%zu of the objects in %s/%s cannot be read",
                              unread, zagg_sink_name(l->sink), l->folder);
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
