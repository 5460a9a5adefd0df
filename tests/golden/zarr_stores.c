/* Golden sets stores and real: whole flat stores written by upstream are read, written
 * again chunk by chunk into another folder, and must come out file for file equal:
 * documents, chunks, shards, ragged arrays and CSR groups with their zstd frames, and
 * consolidated metadata where upstream wrote it. */
#include "support/support.h"
#include "text/text.h"
#include "zarr/layout.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024, MAX_OBJECT_BYTES = 256 << 20 };

/* One store: upstream's and ours. */
typedef struct pair {
    case_report *r;
    const char *name;
    char theirs_path[PATH_BYTES], ours_path[PATH_BYTES];
    zagg_sink *theirs, *ours;
    size_t n_vlen, n_csr; /* ragged members met */
    bool failed;
    zagg_err err;
} pair;

static void fail_pair(pair *p, const char *what)
{
    case_fail(p->r, p->name, "%s", what);
    p->failed = true;
}

/* OK or the pair has failed with the error's text. */
static bool ok(pair *p, zagg_status status)
{
    if (status != ZAGG_OK && !p->failed)
        fail_pair(p, p->err.msg);
    return status == ZAGG_OK;
}

/* ---- writing again ---- */

/* Chunks of a sharded array come shard by shard; the builder is written at each change.
 */
typedef struct rewrite {
    pair *p;
    const char *group;
    const zagg_zarr_array *array;
    zagg_zarr_shard *shard;
    uint64_t shard_index[ZAGG_ZARR_MAX_RANK];
    bool open;
} rewrite;

static zagg_status flush(rewrite *w, zagg_err *err)
{
    if (!w->open)
        return ZAGG_OK;
    w->open = false;
    return zagg_zarr_shard_end(w->shard, err);
}

static zagg_status write_again(void *user, const uint64_t *index, const void *data,
                               size_t n, zagg_err *err)
{
    rewrite *w = user;
    const zagg_zarr_array *a = w->array;
    if (a->kind == ZAGG_ZARR_CSR)
        return zagg_zarr_csr_write(w->p->ours, w->group, a->name, index[0], data, err);
    uint64_t shard[ZAGG_ZARR_MAX_RANK] = {0}, inner[ZAGG_ZARR_MAX_RANK] = {0};
    if (zagg_zarr_all_fill(a, data, n))
        return zagg_err_set(err, ZAGG_EFORMAT, "%s: a chunk of fill is stored", a->name);
    if (!a->sharded)
        return zagg_zarr_write_chunk(w->p->ours, w->group, a, index, data, err);
    for (unsigned d = 0; d < a->rank; d++) {
        shard[d] = index[d] / (a->shard[d] / a->chunk[d]);
        inner[d] = index[d] % (a->shard[d] / a->chunk[d]);
    }
    if (memcmp(shard, w->shard_index, sizeof shard) != 0)
        ZAGG_TRY(flush(w, err));
    if (!w->open)
        ZAGG_TRY(zagg_zarr_shard_begin(w->shard, w->p->ours, w->group, shard, err));
    memcpy(w->shard_index, shard, sizeof shard);
    w->open = true;
    return zagg_zarr_shard_add(w->shard, inner, data, err);
}

static void rewrite_array(pair *p, zagg_zarr_reader *reader, size_t i)
{
    rewrite w = {.p = p,
                 .group = zagg_zarr_reader_group(reader, i),
                 .array = zagg_zarr_reader_array(reader, i)};
    uint64_t bytes = 0, objects = 0;
    p->n_vlen += w.array->kind == ZAGG_ZARR_VLEN;
    p->n_csr += w.array->kind == ZAGG_ZARR_CSR;
    if (w.array->kind == ZAGG_ZARR_CSR &&
        !ok(p, zagg_zarr_csr_create(p->ours, w.group, w.array->name, &p->err)))
        return;
    if (w.array->sharded && !ok(p, zagg_zarr_shard_new(w.array, &w.shard, &p->err)))
        return;
    if (ok(p,
           zagg_zarr_read_chunks(reader, i, write_again, &w, &bytes, &objects, &p->err)))
        (void)ok(p, flush(&w, &p->err));
    zagg_zarr_shard_free(w.shard);
}

/* Upstream's store counts as equal to the template made from it, unless it holds CSR
 * groups: those are never written twice. */
static void check_accepted(pair *p, const zagg_zarr_template *t)
{
    bool csr = false;
    for (size_t i = 0; i < t->n_arrays; i++)
        csr |= t->arrays[i].kind == ZAGG_ZARR_CSR;
    const zagg_status status = zagg_zarr_create(p->theirs, t, false, &p->err);
    if (!csr)
        (void)ok(p, status);
    else if (status != ZAGG_EEXISTS || strstr(p->err.msg, "CSR groups") == NULL)
        fail_pair(p, "a store with CSR groups is taken over");
}

/* Our own template from what the reader found. */
static void rewrite_template(pair *p, const zagg_zarr_reader *reader)
{
    size_t n = zagg_zarr_reader_n(reader);
    zagg_zarr_array *arrays = zg_alloc(n, sizeof *arrays);
    zg_json_style style = {.indent = -1};
    zg_str attributes;
    zg_str_init(&attributes, 0);
    assert_non_null(arrays);
    for (size_t i = 0; i < n; i++)
        arrays[i] = *zagg_zarr_reader_array(reader, i);
    zagg_zarr_template t = {
        .group = zagg_zarr_reader_group(reader, 0), .arrays = arrays, .n_arrays = n};
    const zagg_value *found = zagg_zarr_reader_group_attributes(reader, 0);
    if (ok(p, zg_json_write(&attributes, found, style, &p->err))) {
        t.group_attributes_json = attributes.data;
        if (ok(p, zagg_zarr_create(p->ours, &t, false, &p->err)))
            check_accepted(p, &t);
    }
    zg_str_free(&attributes);
    zg_free(arrays);
}

/* ---- comparing ---- */

typedef struct comparison {
    pair *p;
    zagg_sink *other;
    size_t n;
} comparison;

static zagg_status same_object(void *user, const char *key, uint64_t size, zagg_err *err)
{
    comparison *c = user;
    pair *p = c->p;
    void *a = NULL, *b = NULL;
    size_t a_len = 0, b_len = 0;
    (void)size;
    (void)err;
    if (strstr(key, ".parquet") != NULL)
        return ZAGG_OK; /* the run's record */
    c->n++;
    zagg_status status =
        zagg_sink_get(p->theirs, key, MAX_OBJECT_BYTES, &a, &a_len, &p->err);
    if (status == ZAGG_OK)
        status = zagg_sink_get(p->ours, key, MAX_OBJECT_BYTES, &b, &b_len, &p->err);
    if (ok(p, status) && (a_len != b_len || memcmp(a, b, a_len) != 0)) {
        char what[PATH_BYTES];
        (void)snprintf(what, sizeof what, "%s differs", key);
        fail_pair(p, what);
    }
    zagg_bytes_free(a);
    zagg_bytes_free(b);
    return ZAGG_OK;
}

/* Every file of each side, so that neither has one more. */
static size_t compare_stores(pair *p)
{
    comparison theirs = {.p = p}, ours = {.p = p};
    if (ok(p, zagg_sink_list(p->theirs, "", same_object, &theirs, &p->err)) &&
        ok(p, zagg_sink_list(p->ours, "", same_object, &ours, &p->err)) &&
        theirs.n != ours.n)
        fail_pair(p, "another number of files");
    return theirs.n;
}

/* ---- one store ---- */

static bool is_consolidated(pair *p)
{
    void *text = NULL;
    size_t len = 0;
    if (!ok(p, zagg_sink_get(p->theirs, "zarr.json", MAX_OBJECT_BYTES, &text, &len,
                             &p->err)))
        return false;
    zg_str copy;
    zg_str_init(&copy, 0);
    zg_str_addn(&copy, text, len);
    bool found = strstr(copy.data, "\"consolidated_metadata\"") != NULL;
    zg_str_free(&copy);
    zagg_bytes_free(text);
    return found;
}

/* Consolidating upstream's own store again, ragged fields and all, changes no byte. */
static void check_consolidated(pair *p)
{
    void *before = NULL, *after = NULL;
    size_t before_len = 0, after_len = 0;
    char *plain = NULL;
    size_t plain_len = 0;
    zagg_status status = zagg_sink_get(p->theirs, "zarr.json", MAX_OBJECT_BYTES, &before,
                                       &before_len, &p->err);
    if (status == ZAGG_OK)
        status = zagg_zarr_group_json(NULL, &plain, &plain_len, &p->err);
    if (status == ZAGG_OK)
        status = zagg_sink_put(p->theirs, "zarr.json", plain, plain_len, &p->err);
    if (status == ZAGG_OK)
        status = zagg_zarr_consolidate(p->theirs, &p->err);
    if (status == ZAGG_OK)
        status = zagg_sink_get(p->theirs, "zarr.json", MAX_OBJECT_BYTES, &after,
                               &after_len, &p->err);
    if (ok(p, status) &&
        (before_len != after_len || memcmp(before, after, before_len) != 0))
        fail_pair(p, "consolidated metadata differ");
    zagg_bytes_free(before);
    zagg_bytes_free(after);
    zagg_bytes_free(plain);
}

static void check_store(pair *p)
{
    zagg_zarr_reader *reader = NULL;
    bool consolidated = is_consolidated(p);
    if (consolidated && !p->failed)
        check_consolidated(p);
    if (p->failed || !ok(p, zagg_zarr_open(p->theirs, &reader, &p->err)))
        return;
    rewrite_template(p, reader);
    for (size_t i = 0; i < zagg_zarr_reader_n(reader) && !p->failed; i++)
        rewrite_array(p, reader, i);
    if (consolidated && !p->failed)
        (void)ok(p, zagg_zarr_consolidate(p->ours, &p->err));
    size_t n = p->failed ? 0 : compare_stores(p);
    if (!p->failed) {
        print_message("%s: %zu files equal\n", p->name, n);
        case_pass(p->r);
    }
    zagg_zarr_reader_free(reader);
}

/* Unpack into `folder`; the archives hold one folder, the store, which goes to `out`. */
static bool unpack(pair *p, const char *archive, const char *folder, char *out)
{
    const char *how = strstr(archive, ".zst") != NULL ? "--zstd" : "--xz";
    const char *const argv[] = {"tar", how, "-xf", archive, "-C", folder, NULL};
    run_result run = run_program(argv, NULL);
    bool unpacked = run.status == 0;
    if (!unpacked)
        fail_pair(p, run.err);
    run_result_free(&run);
    DIR *dir = unpacked ? opendir(folder) : NULL;
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] != '.')
            (void)snprintf(out, PATH_BYTES, "%s/%s", folder, e->d_name);
    }
    if (dir != NULL)
        closedir(dir);
    return unpacked;
}

static pair check_archive(case_report *r, const char *set, const char *file)
{
    pair p = {.r = r, .name = file};
    char relative[PATH_BYTES];
    char *folder = make_temp_dir();
    (void)snprintf(relative, sizeof relative, "%s/%s", set, file);
    (void)snprintf(p.ours_path, sizeof p.ours_path, "%s/.ours", folder);
    if (unpack(&p, golden_path(relative), folder, p.theirs_path) &&
        ok(&p, zagg_sink_open_dir(p.theirs_path, &p.theirs, &p.err)) &&
        ok(&p, zagg_sink_open_dir(p.ours_path, &p.ours, &p.err)))
        check_store(&p);
    zagg_sink_close(p.theirs);
    zagg_sink_close(p.ours);
    remove_tree(folder);
    zg_free(folder);
    return p;
}

/* Archives of flat stores; hive trees are another layout. The 0.61 rectilinear gain_bias
 * store is byte for byte the seed's (see the set's README) and 121 MB, so read once. */
static bool is_flat_store(const char *name)
{
    return strstr(name, ".tar.") != NULL && strstr(name, "hive") == NULL &&
           strcmp(name, "v061_gain_bias_rect_3km.tar.zst") != 0;
}

static void check_set(const char *set, size_t at_least, size_t n_vlen, size_t n_csr)
{
    case_report r = {.set = set};
    size_t vlen = 0, csr = 0;
    zg_vec names;
    if (!golden_available(set))
        skip();
    zg_vec_init(&names, sizeof(char *), 0);
    DIR *dir = opendir(golden_path(set));
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char **name = is_flat_store(e->d_name) ? zg_vec_push(&names) : NULL;
        if (name != NULL)
            *name = zg_strdup(e->d_name);
    }
    closedir(dir);
    qsort(names.data, names.len, sizeof(char *), zg_compare_texts);
    for (size_t i = 0; i < names.len; i++) {
        char *name = *ZG_VEC_AT(&names, char *, i);
        const pair p = check_archive(&r, set, name);
        vlen += p.n_vlen;
        csr += p.n_csr;
        zg_free(name);
    }
    zg_vec_free(&names);
    report_end(&r, at_least);
    assert_true(vlen >= n_vlen && csr >= n_csr);
}

static void synthetic_stores(void **state)
{
    (void)state;
    check_set("stores", 14, 4, 5);
}

static void real_stores(void **state)
{
    (void)state;
    check_set("real", 4, 2, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synthetic_stores),
        cmocka_unit_test(real_stores),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
