/* Configs, maps and undisturbed stores of the tests of trust, and the judging. */
#include "fault/trust_fixture.h"

#include "io/dir.h"
#include "support/granule.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES = 4096, N_PHOTONS = 60 };

static const struct {
    const char *name, *output;
} LAYOUTS[N_LAYOUTS] = {
    {"flat-sharded",
     "  store_layout: flat\n"
     "  grid: {type: healpix, indexing_scheme: nested, parent_order: 14,\n"
     "         chunk_inner: 15, child_order: 16}\n"},
    {"flat-chunked",
     "  store_layout: flat\n"
     "  grid: {type: healpix, indexing_scheme: nested, parent_order: 14,\n"
     "         chunk_inner: 15, child_order: 16, sharded: false}\n"},
    {"flat-csr", "  store_layout: flat\n  compat: zagg-0.11\n"
                 "  grid: {type: healpix, indexing_scheme: nested, parent_order: 14,\n"
                 "         chunk_inner: 15, child_order: 16}\n"},
    {"rect-chunked", "  grid: {type: rectilinear, crs: 'EPSG:4326', resolution: 0.0005,\n"
                     "         bounds: [-105.004, 40.0, -104.996, 40.008],\n"
                     "         chunk_shape: [4, 4], chunk_inner: [2, 2]}\n"},
    {"rect-sharded",
     "  consolidate_metadata: true\n"
     "  grid: {type: rectilinear, crs: 'EPSG:4326', resolution: 0.0005,\n"
     "         bounds: [-105.004, 40.0, -104.996, 40.008],\n"
     "         chunk_shape: [4, 4], chunk_inner: [2, 2], sharded: true}\n"},
    {"hive", "  store_layout: hive\n"
             "  grid: {type: healpix, indexing_scheme: nested, parent_order: 14,\n"
             "         chunk_inner: 15, child_order: 16}\n"},
};

static const char CONFIG[] =
    "data_source:\n"
    "  groups: [gt1l]\n"
    "  coordinates:\n"
    "    {latitude: '/{group}/heights/lat_ph', longitude: '/{group}/heights/lon_ph'}\n"
    "  variables: {h_ph: '/{group}/heights/h_ph'}\n"
    "aggregation:\n"
    "  coordinates:\n"
    "    morton: {dtype: uint64, fill_value: 0}\n"
    "  variables:\n"
    "    count: {function: len, source: h_ph, dtype: int32, fill_value: 0}\n"
    "    h_mid: {function: %s, source: h_ph, dtype: float32}\n"
    "    h_tdigest: {kind: ragged, inner_shape: [2], source: h_ph, fill_value: 0,\n"
    "      function: zagg.stats.tdigest.build_tdigest, params: {delta: 16}}\n"
    "output:\n%s";

const char *layout_name(layout l)
{
    return LAYOUTS[l].name;
}

/* ---- input ---- */

static void write_granule(const fixture *f, const char *name, double north)
{
    double lat[N_PHOTONS], lon[N_PHOTONS];
    float h[N_PHOTONS];
    const granule_shape shape = {N_PHOTONS, 0, 20};
    granule_file *file = granule_create(fixture_path(f, name));
    for (int i = 0; i < N_PHOTONS; i++) {
        lat[i] = 40.0003 + north + 1.2e-4 * i;
        lon[i] = -105.002 + 1e-5 * i;
        h[i] = (float)(1600 + (i * 37 % 101) / 8.0 + 1e3 * north);
    }
    granule_put(file, "/gt1l/heights/lat_ph", ZAGG_DT_F64, shape, lat);
    granule_put(file, "/gt1l/heights/lon_ph", ZAGG_DT_F64, shape, lon);
    granule_put(file, "/gt1l/heights/h_ph", ZAGG_DT_F32, shape, h);
    granule_close(file);
}

static zagg_pipeline *parse(layout l, bool other)
{
    char text[sizeof CONFIG + 1024];
    zagg_pipeline *p = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const int n =
        snprintf(text, sizeof text, CONFIG, other ? "mean" : "median", LAYOUTS[l].output);
    if (zagg_pipeline_parse(text, (size_t)n, "trust.yaml", NULL, &p, &err) != ZAGG_OK)
        fail_msg("%s: %s", layout_name(l), err.msg);
    return p;
}

static zagg_shardmap *map_of(const trust_fixture *f, layout l, size_t n_granules)
{
    char first[PATH_BYTES], second[PATH_BYTES];
    const char *const paths[] = {first, second};
    zagg_grid *grid = NULL;
    zagg_worker *worker = NULL;
    zagg_shardmap *map = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    (void)snprintf(first, sizeof first, "%s/first.h5", f->base->dir);
    (void)snprintf(second, sizeof second, "%s/second.h5", f->base->dir);
    if (zagg_grid_from_pipeline(f->pipelines[l], ZAGG_LATITUDE_AUTHALIC, &grid, &err) !=
            ZAGG_OK ||
        zagg_worker_new(f->pipelines[l], grid, &worker, &err) != ZAGG_OK ||
        zagg_run_map_from_granules(worker, paths, n_granules, NULL, &map, &err) !=
            ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_worker_free(worker);
    zagg_grid_free(grid);
    return map;
}

/* ---- runs ---- */

const char *trust_store(const trust_fixture *f, const char *name)
{
    static char store[PATH_BYTES];
    if (f->server)
        (void)snprintf(store, sizeof store, "s3://%s/%s", f->bucket, name);
    else
        (void)snprintf(store, sizeof store, "%s/%s", f->base->dir, name);
    return store;
}

trust_end trust_run(const trust_fixture *f, const trust_how *how)
{
    trust_end end = {.err = ZAGG_ERR_INIT};
    zagg_run_summary s;
    const zagg_run_opts opts = {
        .pipeline = how->other ? f->others[how->layout] : f->pipelines[how->layout],
        .map = how->fewer ? f->fewer[how->layout] : f->maps[how->layout],
        .program = "test",
        .store = trust_store(f, how->store),
        .net = f->net,
        .driver = "file",
        .threads = how->threads ? how->threads : 1,
        .overwrite = how->overwrite,
        .redo = how->redo,
        .allow_contraction = how->allow_contraction,
        .latitude = ZAGG_LATITUDE_AUTHALIC};
    end.status = zagg_run_local(&opts, &s, &end.err);
    end.failed = s.failed + s.incomplete;
    end.refused = s.refused;
    end.skipped = s.skipped;
    end.finished = s.finished;
    for (size_t i = 0; i < s.n_results && end.shard_error[0] == '\0'; i++)
        (void)snprintf(end.shard_error, sizeof end.shard_error, "%s",
                       s.results[i].failed && s.results[i].error ? s.results[i].error
                                                                 : "");
    if (end.status == ZAGG_OK && s.store_failed && end.failed == 0)
        end.failed = 1;
    zagg_run_summary_free(&s);
    return end;
}

bool trust_is_well(const trust_end *end)
{
    return end->status == ZAGG_OK && end->failed == 0;
}

const char *trust_message(const trust_end *end)
{
    return end->status != ZAGG_OK ? end->err.msg : end->shard_error;
}

int trust_new(void **state)
{
    trust_fixture *f = zg_alloc(1, sizeof *f);
    void *base = NULL;
    assert_non_null(f);
    assert_int_equal(fixture_new(&base), 0);
    f->base = base;
    write_granule(f->base, "first.h5", 0);
    write_granule(f->base, "second.h5", 5e-5);
    for (layout l = 0; l < N_LAYOUTS; l++) {
        char name[64];
        f->pipelines[l] = parse(l, false);
        f->others[l] = parse(l, true);
        f->maps[l] = map_of(f, l, 2);
        f->fewer[l] = map_of(f, l, 1);
        f->n_shards[l] = f->maps[l]->n_shards;
        assert_true(f->n_shards[l] > 1 && f->fewer[l]->n_shards == f->n_shards[l]);
        for (int fewer = 0; fewer < 2; fewer++) {
            (void)snprintf(name, sizeof name, "%s-%s", fewer ? "small" : "full",
                           layout_name(l));
            const trust_how how = {.layout = l, .store = name, .fewer = fewer};
            const trust_end end = trust_run(f, &how);
            if (!trust_is_well(&end))
                fail_msg("%s: %s", name, trust_message(&end));
        }
    }
    *state = f;
    return 0;
}

void trust_drop_net(trust_fixture *f)
{
    zagg_net_free(f->net);
    f->net = NULL;
}

void trust_renew_net(trust_fixture *f, const char *endpoint, zagg_log *log)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_net_opts opts = {.region = "us-west-2", .log = log};
    trust_drop_net(f);
    assert_int_equal(setenv("AWS_ENDPOINT_URL", endpoint, 1), 0);
    if (zagg_net_new(&opts, &f->net, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
}

int trust_new_remote(void **state)
{
    char root[PATH_BYTES];
    if (!server_available())
        return 0; /* the tests skip themselves */
    assert_int_equal(trust_new(state), 0);
    trust_fixture *f = *state;
    f->bucket = strrchr(f->base->dir, '/') + 1;
    (void)snprintf(root, sizeof root, "%.*s", (int)(f->bucket - 1 - f->base->dir),
                   f->base->dir);
    const char *const args[] = {"--root", root, "--key", "AKTEST", "sekret", NULL};
    f->server = server_start("s3_server", args);
    assert_int_equal(setenv("AWS_ACCESS_KEY_ID", "AKTEST", 1), 0);
    assert_int_equal(setenv("AWS_SECRET_ACCESS_KEY", "sekret", 1), 0);
    assert_int_equal(unsetenv("AWS_SESSION_TOKEN"), 0);
    trust_renew_net(f, server_url(f->server), NULL);
    return 0;
}

int trust_free(void **state)
{
    trust_fixture *f = *state;
    if (!f)
        return 0;
    zagg_net_free(f->net);
    server_stop(f->server);
    void *base = f->base;
    for (layout l = 0; l < N_LAYOUTS; l++) {
        zagg_pipeline_free(f->pipelines[l]);
        zagg_pipeline_free(f->others[l]);
        zagg_shardmap_free(f->maps[l]);
        zagg_shardmap_free(f->fewer[l]);
    }
    zg_free(f);
    return fixture_free(&base);
}

/* ---- judging ---- */

static bool object_is_true(const trust_fixture *f, const char *store,
                           const zagg_value *object, zg_str *why)
{
    char path[PATH_BYTES], hex[65], *data = NULL;
    size_t len = 0;
    uint64_t bytes = 0;
    const zagg_value *key = zagg_value_get(object, "key");
    const zagg_value *hash = zagg_value_get(object, "sha256");
    if (key == NULL || hash == NULL ||
        !zagg_value_u64(zagg_value_get(object, "bytes"), &bytes)) {
        zg_str_add(why, "a record without key, bytes or hash; ");
        return false;
    }
    (void)snprintf(path, sizeof path, "%s/%s/%s", f->base->dir, store, key->str);
    bool same = zagg_file_read(path, 1 << 24, &data, &len, NULL) == ZAGG_OK;
    if (same) {
        zg_sha256_hex(data, len, hex);
        same = len == bytes && strcmp(hex, hash->str) == 0;
    }
    zagg_bytes_free(data);
    if (!same)
        zg_str_addf(why, "%s is not what its record says; ", key->str);
    return same;
}

/* *there: the file is there at all. */
static bool record_is_true(const trust_fixture *f, const char *store, const char *name,
                           const char *spec, bool *there, zg_str *why)
{
    char path[PATH_BYTES], *text = NULL;
    size_t len = 0;
    zagg_arena *arena = NULL;
    const zagg_value *record = NULL;
    (void)snprintf(path, sizeof path, "%s/%s.status/%s", f->base->dir, store, name);
    *there = zagg_file_read(path, 1 << 24, &text, &len, NULL) == ZAGG_OK;
    if (!*there)
        return true;
    assert_int_equal(zagg_arena_new(0, &arena, NULL), ZAGG_OK);
    bool sound = zagg_json_parse(arena, text, len, name, &record, NULL) == ZAGG_OK &&
                 zagg_value_is(zagg_value_get(record, "spec"), spec);
    if (!sound)
        zg_str_addf(why, "record %s is not whole; ", name);
    const zagg_value *objects = sound ? zagg_value_get(record, "objects") : NULL;
    for (size_t i = 0; sound && i < objects->n; i++)
        sound = object_is_true(f, store, objects->items[i], why);
    zagg_bytes_free(text);
    zagg_arena_free(arena);
    return sound;
}

bool records_are_true(const trust_fixture *f, const char *store, size_t *n, zg_str *why)
{
    char path[PATH_BYTES], name[512];
    bool sound = true, there = false;
    *n = 0;
    (void)snprintf(path, sizeof path, "%s/%s.status/shards", f->base->dir, store);
    DIR *dir = opendir(path);
    for (const struct dirent *e; dir != NULL && sound && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.')
            continue; /* temporary files too */
        (void)snprintf(name, sizeof name, "shards/%s", e->d_name);
        sound = record_is_true(f, store, name, "zagg-shard-record/1", &there, why);
        ++*n;
    }
    if (dir != NULL)
        closedir(dir);
    return sound &&
           record_is_true(f, store, "objects.json", "zagg-store-record/1", &there, why);
}

/* What holds a time, a run's id or the names of files. */
static bool is_timed(layout l, const char *key)
{
    static const char *const NAMES[] = {"stats.json", "shardmap.json", "coverage.moc",
                                        "morton_hive.json"};
    const char *slash = strrchr(key, '/');
    const char *last = slash ? slash + 1 : key;
    if (l != HIVE)
        return false;
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (strcmp(last, NAMES[i]) == 0 && (i != 2 || slash == NULL))
            return true;
    const size_t len = strlen(key), tail = strlen(".zarr/zarr.json");
    return len > tail && strcmp(key + len - tail, ".zarr/zarr.json") == 0; /* the stamp */
}

static bool same_file(const char *a_path, const char *b_path)
{
    char *a = NULL, *b = NULL;
    size_t a_len = 0, b_len = 0;
    const bool same = zagg_file_read(a_path, 1 << 24, &a, &a_len, NULL) == ZAGG_OK &&
                      zagg_file_read(b_path, 1 << 24, &b, &b_len, NULL) == ZAGG_OK &&
                      a_len == b_len && memcmp(a, b, a_len) == 0;
    zagg_bytes_free(a);
    zagg_bytes_free(b);
    return same;
}

static bool same_objects(layout l, const char *right, const char *store, zg_str *why)
{
    zg_vec a = tree_files(right), b = tree_files(store);
    bool same = a.len == b.len;
    if (!same)
        zg_str_addf(why, "%zu objects instead of %zu; ", b.len, a.len);
    for (size_t i = 0; same && i < a.len; i++) {
        const char *key = *ZG_VEC_AT(&a, char *, i);
        char p[2 * PATH_BYTES], q[2 * PATH_BYTES];
        (void)snprintf(p, sizeof p, "%s/%s", right, key);
        (void)snprintf(q, sizeof q, "%s/%s", store, key);
        same = strcmp(key, *ZG_VEC_AT(&b, char *, i)) == 0 &&
               (is_timed(l, key) || same_file(p, q));
        if (!same)
            zg_str_addf(why, "object %s is not the right one; ", key);
    }
    tree_files_free(&a);
    tree_files_free(&b);
    return same;
}

bool store_is_complete(const trust_fixture *f, const trust_how *how, zg_str *why)
{
    char right[PATH_BYTES], store[PATH_BYTES], objects[2 * PATH_BYTES];
    size_t n = 0;
    struct stat st;
    (void)snprintf(right, sizeof right, "%s/%s-%s", f->base->dir,
                   how->fewer ? "small" : "full", layout_name(how->layout));
    (void)snprintf(store, sizeof store, "%s/%s", f->base->dir, how->store);
    (void)snprintf(objects, sizeof objects, "%s.status/objects.json", store);
    if (stat(store, &st) != 0) {
        zg_str_add(why, "there is no store; ");
        return false;
    }
    if (!same_objects(how->layout, right, store, why) ||
        !records_are_true(f, how->store, &n, why))
        return false;
    if (n != f->n_shards[how->layout] || stat(objects, &st) != 0) {
        zg_str_addf(why, "%zu records of %zu shards, or none of the store; ", n,
                    f->n_shards[how->layout]);
        return false;
    }
    return true;
}

bool completes(const trust_fixture *f, const trust_how *how, size_t *skipped, zg_str *why)
{
    const trust_end end = trust_run(f, how);
    *skipped = end.skipped;
    if (!trust_is_well(&end)) {
        zg_str_addf(why, "the next run: %s", trust_message(&end));
        return false;
    }
    return store_is_complete(f, how, why);
}

int64_t moment(int64_t i, int64_t n, int64_t few)
{
    if (getenv("ZAGG_FAULT_ALL") != NULL || few >= n)
        return i <= n ? i : 0;
    return i <= few ? 1 + (i - 1) * (n - 1) / (few > 1 ? few - 1 : 1) : 0;
}
