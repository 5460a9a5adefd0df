/* The granule, configs and shard maps of the fault tests, runs over them, and the judging
 * of what they leave. */
#include "fault/run_fixture.h"

#include "io/dir.h"
#include "support/granule.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { N_PHOTONS = 90, PER_SEGMENT = 15, N_SEGMENTS = N_PHOTONS / PER_SEGMENT };
enum { PATH_BYTES = 4096 };

static const char *const NAMES[N_KINDS] = {"sharded", "chunked"};

static const char CONFIG[] =
    "data_source:\n"
    "  groups: [%s]\n"
    "  coordinates:\n"
    "    {latitude: '/{group}/heights/lat_ph', longitude: '/{group}/heights/lon_ph'}\n"
    "  variables: {h_ph: '/{group}/heights/h_ph'}\n"
    "  filters:\n"
    "    - {dataset: '/{group}/heights/signal_conf_ph', column: 0, op: ge, value: 2}\n"
    "    - {expression: 'h_ph > -1e9'}\n"
    "  base_level: photons\n"
    "  levels:\n"
    "    photons: {path: '/{group}/heights', link: null}\n"
    "    segments:\n"
    "      path: '/{group}/geolocation'\n"
    "      coordinates: {latitude: lat, longitude: lon}\n"
    "      link: {to: photons, index_beg: '/{group}/geolocation/ph_index_beg',\n"
    "             count: '/{group}/geolocation/segment_ph_cnt', index_base: 1}\n"
    "  read_plan: {spatial_index: segments, pad: 1}\n"
    "aggregation:\n"
    "  chunk_precompute:\n"
    "    floor_h: {expression: 'np.float32(np.floor(np.min(h_ph)))', dtype: float32}\n"
    "  variables:\n"
    "    count: {function: len, source: h_ph, dtype: int32, fill_value: 0}\n"
    "    spread: {expression: 'np.std(h_ph) if len(h_ph) > 1 else 0.0'}\n"
    "    wave: {kind: vector, trailing_shape: 4, dtype: uint32, fill_value: 0,\n"
    "      expression: 'np.histogram(h_ph, 4, (floor_h, floor_h + 16.0))[0]'}\n"
    "    base: {expression: floor_h, resolution: chunk}\n"
    "    h_tdigest: {kind: ragged, inner_shape: [2], source: h_ph, fill_value: 0,\n"
    "      function: zagg.stats.tdigest.build_tdigest, params: {delta: 16}}\n"
    "    h_median: {function: %s, source: h_ph, dtype: %s}\n"
    "output:\n"
    "  store_layout: flat\n"
    "  consolidate_metadata: %s\n"
    "  grid: %s\n";

static const char *const GRIDS[N_KINDS] = {
    "{type: healpix, indexing_scheme: nested, parent_order: 11, chunk_inner: 13,\n"
    "         child_order: 15}",
    "{type: rectilinear, crs: 'EPSG:4326', resolution: 0.001,\n"
    "         bounds: [-105.004, 40.0, -104.996, 40.008], chunk_shape: [4, 4]}",
};

const char *fixture_path(const fixture *f, const char *name)
{
    static char paths[4][PATH_BYTES];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, PATH_BYTES, "%s/%s", f->dir, name);
    return path;
}

/* ---- the granule ---- */

static void put(granule_file *file, const char *beam, const char *name, zagg_dtype dtype,
                granule_shape shape, const void *data)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/%s/%s", beam, name);
    granule_put(file, path, dtype, shape, data);
}

static void put_beam(granule_file *file, const char *beam, double east)
{
    double lat[N_PHOTONS], lon[N_PHOTONS], seg_lat[N_SEGMENTS], seg_lon[N_SEGMENTS];
    float h[N_PHOTONS];
    int8_t confidence[N_PHOTONS][5];
    int64_t first[N_SEGMENTS];
    int32_t count[N_SEGMENTS];
    for (int i = 0; i < N_PHOTONS; i++) {
        lat[i] = 40.0005 + 3e-5 * i;
        lon[i] = -105.002 + east;
        h[i] = (float)(1600 + (i * 37 % 101) / 8.0 + 1e3 * east);
        memset(confidence[i], i % 5, sizeof confidence[i]);
    }
    for (int s = 0; s < N_SEGMENTS; s++) {
        seg_lat[s] = lat[s * PER_SEGMENT + PER_SEGMENT / 2];
        seg_lon[s] = lon[0];
        first[s] = s * PER_SEGMENT + 1;
        count[s] = PER_SEGMENT;
    }
    const granule_shape photons = {N_PHOTONS, 0, 40}, table = {N_PHOTONS, 5, 40};
    const granule_shape segments = {N_SEGMENTS, 0, 0};
    put(file, beam, "heights/lat_ph", ZAGG_DT_F64, photons, lat);
    put(file, beam, "heights/lon_ph", ZAGG_DT_F64, photons, lon);
    put(file, beam, "heights/h_ph", ZAGG_DT_F32, photons, h);
    put(file, beam, "heights/signal_conf_ph", ZAGG_DT_I8, table, confidence);
    put(file, beam, "geolocation/lat", ZAGG_DT_F64, segments, seg_lat);
    put(file, beam, "geolocation/lon", ZAGG_DT_F64, segments, seg_lon);
    put(file, beam, "geolocation/ph_index_beg", ZAGG_DT_I64, segments, first);
    put(file, beam, "geolocation/segment_ph_cnt", ZAGG_DT_I32, segments, count);
}

/* Stores that runs are compared with: "right" of all beams, "gt1l" and "gt1r" of one,
 * "plain" without consolidated metadata, "older" with another template. */
static const struct variant {
    const char *name, *groups;
    bool consolidated, older;
} VARIANTS[] = {
    {"right", "gt1l, gt1r", true, false}, {"gt1l", "gt1l", true, false},
    {"gt1r", "gt1r", true, false},        {"plain", "gt1l, gt1r", false, false},
    {"older", "gt1l, gt1r", true, true},
};
enum { RIGHT, ONE_BEAM, OTHER_BEAM, PLAIN, OLDER, N_VARIANTS };

/* ---- configs and shard maps ---- */

static void write_config(const fixture *f, const char *name, store_kind kind,
                         const struct variant *v)
{
    char text[sizeof CONFIG + 512];
    (void)snprintf(text, sizeof text, CONFIG, v->groups, v->older ? "len" : "median",
                   v->older ? "int32, fill_value: 0" : "float32",
                   v->consolidated ? "true" : "false", GRIDS[kind]);
    write_text(f->dir, name, text);
}

/* The only shard that the granule reaches. */
static uint64_t shard_key(const fixture *f, const char *config)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_pipeline *pipeline = NULL;
    zagg_grid *grid = NULL;
    zagg_worker *worker = NULL;
    zagg_shardmap *map = NULL;
    const char *const granule = fixture_path(f, "granule.h5");
    if (zagg_pipeline_load(fixture_path(f, config), NULL, &pipeline, &err) != ZAGG_OK ||
        zagg_grid_from_pipeline(pipeline, ZAGG_LATITUDE_AUTHALIC, &grid, &err) !=
            ZAGG_OK ||
        zagg_worker_new(pipeline, grid, &worker, &err) != ZAGG_OK ||
        zagg_run_map_from_granules(worker, &granule, 1, NULL, &map, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    assert_int_equal(map->n_shards, 1);
    const uint64_t key = map->shards[0].key;
    zagg_shardmap_free(map);
    zagg_worker_free(worker);
    zagg_grid_free(grid);
    zagg_pipeline_free(pipeline);
    return key;
}

static void write_map(const fixture *f, store_kind kind)
{
    char name[64], text[PATH_BYTES + 512];
    (void)snprintf(name, sizeof name, "%s.yaml", NAMES[kind]);
    const uint64_t key = shard_key(f, name);
    (void)snprintf(text, sizeof text,
                   "{\"shard_keys\": [%" PRIu64 "], \"granules\": [[{\"id\": "
                   "\"ATL03_20190101000000_00000606_006_01.h5\", \"s3\": \"%s\"}]],"
                   " \"grid_signature\": null,"
                   " \"metadata\": {\"latitude\": \"authalic-wgs84\"}}\n",
                   key, fixture_path(f, "granule.h5"));
    (void)snprintf(name, sizeof name, "%s.json", NAMES[kind]);
    write_text(f->dir, name, text);
}

/* ---- runs ---- */

static void keep_summary(run_end *end, const zagg_run_summary *s)
{
    end->failed = s->failed;
    end->incomplete = s->incomplete;
    end->with_data = s->with_data;
    end->obs = s->total_obs;
    if (s->n_results == 0)
        return;
    const zagg_run_result *r = &s->results[0];
    const char *text = r->error ? r->error : r->read_error;
    (void)snprintf(end->shard_error, sizeof end->shard_error, "%s", text ? text : "");
}

static run_end run_config(const char *config, const char *map_path, const char *store,
                          const run_how *how)
{
    run_end end = {.err = ZAGG_ERR_INIT};
    zagg_pipeline *pipeline = NULL;
    zagg_shardmap *map = NULL;
    end.status = zagg_pipeline_load(config, NULL, &pipeline, &end.err);
    if (end.status == ZAGG_OK)
        end.status = zagg_shardmap_load(map_path, &map, &end.err);
    if (end.status == ZAGG_OK) {
        const zagg_run_opts opts = {.pipeline = pipeline,
                                    .map = map,
                                    .store = store,
                                    .driver = "file",
                                    .threads = how->threads,
                                    .overwrite = how->overwrite,
                                    .latitude = ZAGG_LATITUDE_AUTHALIC};
        zagg_run_summary summary;
        end.status = zagg_run_local(&opts, &summary, &end.err);
        keep_summary(&end, &summary);
        zagg_run_summary_free(&summary);
    }
    zagg_shardmap_free(map);
    zagg_pipeline_free(pipeline);
    return end;
}

run_end run_shard(const fixture *f, const run_how *how)
{
    char config[PATH_BYTES], map[PATH_BYTES], store[PATH_BYTES];
    (void)snprintf(config, sizeof config, "%s/%s.yaml", f->dir, NAMES[how->kind]);
    (void)snprintf(map, sizeof map, "%s/%s.json", f->dir, NAMES[how->kind]);
    (void)snprintf(store, sizeof store, "%s/%s", f->dir, how->store);
    return run_config(config, map, store, how);
}

run_end run_older(const fixture *f, const run_how *how)
{
    char config[PATH_BYTES], map[PATH_BYTES], store[PATH_BYTES];
    write_config(f, "older.yaml", how->kind, &VARIANTS[OLDER]);
    (void)snprintf(config, sizeof config, "%s/older.yaml", f->dir);
    (void)snprintf(map, sizeof map, "%s/%s.json", f->dir, NAMES[how->kind]);
    (void)snprintf(store, sizeof store, "%s/%s", f->dir, how->store);
    return run_config(config, map, store, how);
}

const char *end_message(const run_end *end)
{
    return end->status != ZAGG_OK ? end->err.msg : end->shard_error;
}

bool end_is_well(const run_end *end)
{
    return end->status == ZAGG_OK && end->failed == 0 && end->incomplete == 0;
}

/* ---- stores ---- */

static const char *variant_path(const fixture *f, store_kind kind, const char *variant)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s-%s", variant, NAMES[kind]);
    return fixture_path(f, name);
}

static void make_variants(fixture *f, store_kind kind)
{
    char map[64];
    (void)snprintf(map, sizeof map, "%s.json", NAMES[kind]);
    for (size_t v = 0; v < N_VARIANTS; v++) {
        const run_how how = {.threads = 1};
        write_config(f, "variant.yaml", kind, &VARIANTS[v]);
        const run_end end =
            run_config(fixture_path(f, "variant.yaml"), fixture_path(f, map),
                       variant_path(f, kind, VARIANTS[v].name), &how);
        if (!end_is_well(&end) || end.with_data != 1)
            fail_msg("clean run: %s", end_message(&end));
        if (v == RIGHT)
            f->obs[kind] = end.obs;
    }
}

int fixture_new(void **state)
{
    fixture *f = zg_alloc(1, sizeof *f);
    assert_non_null(f);
    /* Thousands of tiny stores: memory is the place for them. */
    if (getenv("TMPDIR") == NULL && access("/dev/shm", W_OK) == 0)
        assert_int_equal(setenv("TMPDIR", "/dev/shm", 1), 0);
    f->dir = make_temp_dir();
    granule_file *file = granule_create(fixture_path(f, "granule.h5"));
    put_beam(file, "gt1l", 0);
    put_beam(file, "gt1r", 1e-4);
    granule_close(file);
    for (store_kind k = 0; k < N_KINDS; k++) {
        char name[64];
        (void)snprintf(name, sizeof name, "%s.yaml", NAMES[k]);
        write_config(f, name, k, &VARIANTS[RIGHT]);
        write_map(f, k);
        make_variants(f, k);
        assert_true(f->obs[k] > N_PHOTONS && f->obs[k] < 2 * N_PHOTONS);
    }
    *state = f;
    return 0;
}

int fixture_free(void **state)
{
    fixture *f = *state;
    remove_tree(f->dir);
    zg_free(f->dir);
    zg_free(f);
    return 0;
}

bool store_exists(const fixture *f, const char *store)
{
    struct stat st;
    return stat(fixture_path(f, store), &st) == 0;
}

void remove_store(const fixture *f, const char *store)
{
    char status[256];
    (void)snprintf(status, sizeof status, "%s.status", store);
    if (store_exists(f, store))
        remove_tree(fixture_path(f, store));
    if (store_exists(f, status))
        remove_tree(fixture_path(f, status));
}

static bool same_bytes(const char *a_path, const char *b_path)
{
    char *a = NULL, *b = NULL;
    size_t a_len = 0, b_len = 0;
    bool same = zagg_file_read(a_path, 1 << 20, &a, &a_len, NULL) == ZAGG_OK &&
                zagg_file_read(b_path, 1 << 20, &b, &b_len, NULL) == ZAGG_OK &&
                a_len == b_len && memcmp(a, b, a_len) == 0;
    zagg_bytes_free(a);
    zagg_bytes_free(b);
    return same;
}

/* Where a walk through a store is. */
typedef struct store_walk {
    const fixture *f;
    store_kind kind;
    const char *store;
    bool one_beam, older; /* objects of such variants are right, too */
    size_t n_temp;
    zg_str *why;
} store_walk;

static bool object_is_right(const store_walk *w, const char *path, const char *key)
{
    for (size_t v = 0; v < N_VARIANTS; v++) {
        char right[2 * PATH_BYTES];
        if (v != RIGHT && v != (strcmp(key, "zarr.json") == 0 ? PLAIN : RIGHT) &&
            !(w->one_beam && (v == ONE_BEAM || v == OTHER_BEAM)) &&
            !(w->older && v == OLDER))
            continue;
        (void)snprintf(right, sizeof right, "%s/%s",
                       variant_path(w->f, w->kind, VARIANTS[v].name), key);
        if (same_bytes(path, right))
            return true;
    }
    return false;
}

static bool walk_folder(store_walk *w, const char *below)
{
    char folder[PATH_BYTES], key[PATH_BYTES], path[2 * PATH_BYTES];
    struct stat st;
    bool sound = true;
    (void)snprintf(folder, sizeof folder, "%s/%s/%s", w->f->dir, w->store, below);
    DIR *dir = opendir(folder);
    if (dir == NULL)
        fail_msg("%s cannot be listed", folder);
    for (const struct dirent *e; sound && (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        (void)snprintf(key, sizeof key, "%s%s%s", below, below[0] ? "/" : "", e->d_name);
        (void)snprintf(path, sizeof path, "%s/%s/%s", w->f->dir, w->store, key);
        assert_int_equal(stat(path, &st), 0);
        if (S_ISDIR(st.st_mode))
            sound = walk_folder(w, key);
        else if (zg_dir_is_temp_name(e->d_name))
            w->n_temp++;
        else if (!(sound = object_is_right(w, path, key)))
            zg_str_addf(w->why, "object %s is not the right one", key);
    }
    closedir(dir);
    return sound;
}

bool store_is_sound(const fixture *f, const run_how *how, bool one_beam, size_t *n_temp,
                    zg_str *why)
{
    store_walk w = {.f = f,
                    .kind = how->kind,
                    .store = how->store,
                    .one_beam = one_beam,
                    .older = how->after_older,
                    .why = why};
    const bool sound = !store_exists(f, how->store) || walk_folder(&w, "");
    *n_temp = w.n_temp;
    return sound;
}

static bool store_is_variant(const fixture *f, const run_how *how, const char *variant,
                             zg_str *why)
{
    size_t n_files = 0;
    return trees_differ(variant_path(f, how->kind, variant), fixture_path(f, how->store),
                        why, &n_files) == 0;
}

bool store_is_right(const fixture *f, const run_how *how, zg_str *why)
{
    if (!store_exists(f, how->store)) {
        zg_str_add(why, "there is no store");
        return false;
    }
    return store_is_variant(f, how, "right", why);
}

static void remove_temp_files(const char *folder)
{
    char path[PATH_BYTES];
    struct stat st;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (const struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        assert_int_equal(stat(path, &st), 0);
        if (S_ISDIR(st.st_mode))
            remove_temp_files(path);
        else if (zg_dir_is_temp_name(e->d_name))
            assert_int_equal(remove(path), 0);
    }
    closedir(dir);
}

bool root_is_true(const fixture *f, const run_how *how, zg_str *why)
{
    char root[PATH_BYTES], older[2 * PATH_BYTES];
    (void)snprintf(root, sizeof root, "%s/%s/zarr.json", f->dir, how->store);
    (void)snprintf(older, sizeof older, "%s/zarr.json",
                   variant_path(f, how->kind, "older"));
    if (!same_bytes(root, older))
        return true;
    remove_temp_files(fixture_path(f, how->store));
    if (store_is_variant(f, how, "older", why))
        return true;
    zg_str_add(why, " but the root describes the older run");
    return false;
}

static bool message_is_fine(const char *message, zg_str *why)
{
    if (message[0] != '\0' && strchr(message, '\n') == NULL)
        return true;
    zg_str_addf(why, "message '%s' is not one line", message);
    return false;
}

bool end_is_honest(const fixture *f, const run_how *how, const run_end *end, zg_str *why)
{
    size_t n_temp = 0;
    if (end_is_well(end)) {
        if (end->with_data != 1 || end->obs != f->obs[how->kind]) {
            zg_str_addf(why, "called well with %" PRIu64 " photons of %" PRIu64, end->obs,
                        f->obs[how->kind]);
            return false;
        }
        return store_is_right(f, how, why);
    }
    if (!message_is_fine(end_message(end), why))
        return false;
    if (end->status == ZAGG_OK && end->failed == 0) {
        zg_str first;
        zg_str_init(&first, 0);
        const bool one = store_is_variant(f, how, "gt1l", &first) ||
                         store_is_variant(f, how, "gt1r", why);
        zg_str_free(&first);
        return one;
    }
    if (!store_is_sound(f, how, end->incomplete > 0, &n_temp, why))
        return false;
    if (n_temp > 0)
        zg_str_addf(why, "%zu temporary files are left", n_temp);
    return n_temp == 0;
}

bool run_again(const fixture *f, const run_how *how, zg_str *why)
{
    run_how clean = {how->kind, how->store, 1, false, false};
    run_end end = run_shard(f, &clean);
    if (end.status == ZAGG_EEXISTS && strstr(end.err.msg, "--overwrite") != NULL) {
        clean.overwrite = true;
        end = run_shard(f, &clean);
    }
    if (!end_is_well(&end)) {
        zg_str_addf(why, "the next run: %s", end_message(&end));
        return false;
    }
    remove_temp_files(fixture_path(f, how->store));
    if (store_is_right(f, how, why))
        return true;
    zg_str_add(why, " after the next run");
    return false;
}
