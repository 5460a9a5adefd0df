/* Golden sets stores, real and spec: every store verifies, with and without records of
 * its objects; and of 1,000 random bit flips over their objects each is found where a
 * hash is recorded. */
#include "codec/codec.h"
#include "golden/store_cases.h"
#include "zagg/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- verifying ---- */

/* The first problem of a verification. */
typedef struct problems {
    size_t n;
    char first[512];
} problems;

static zagg_status see(void *user, const zagg_finding *f, zagg_err *err)
{
    problems *p = user;
    (void)err;
    assert_true(f->reason[0] != '\0' && strchr(f->reason, '\n') == NULL);
    if (f->kind != ZAGG_FINDING_PROBLEM)
        return ZAGG_OK;
    if (p->n++ == 0)
        (void)snprintf(p->first, sizeof p->first, "%s: %s", f->path, f->reason);
    return ZAGG_OK;
}

static zagg_store_verdict verify(const store_case *s, zagg_sink *status, problems *p)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_store_verdict verdict = {0};
    *p = (problems){0, ""};
    const zagg_status rc =
        zagg_store_verify(s->sink, s->name, status, see, p, &verdict, &err);
    if (rc != ZAGG_OK)
        fail_msg("%s: %s", s->name, err.msg);
    assert_int_equal(verdict.problems, p->n);
    return verdict;
}

static bool has_stamps(const char *name)
{
    return strstr(name, "hive") != NULL;
}

static void check_store(case_report *r, const char *set, const char *file)
{
    store_case s;
    problems p;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_sink *status = NULL;
    char folder[STORE_PATH + 16];
    if (!store_case_open(r, set, file, &s))
        return;
    zagg_store_verdict v = verify(&s, NULL, &p);
    (void)snprintf(folder, sizeof folder, "%s.status", s.path);
    assert_int_equal(zagg_sink_open_dir(folder, &status, &err), ZAGG_OK);
    const size_t n = store_case_record(&s, status);
    problems again;
    const zagg_store_verdict w = verify(&s, status, &again);
    if (p.n > 0)
        case_fail(r, s.name, "%s", p.first);
    else if (again.n > 0)
        case_fail(r, s.name, "with records: %s", again.first);
    else if (v.unverifiable == 0 || v.object_hashes != 0 || v.objects != n)
        case_fail(r, s.name, "nothing was recorded of its objects, which is not said");
    else if (w.object_hashes != n || w.unrecorded != 0 ||
             w.unverifiable != v.unverifiable - 1)
        case_fail(r, s.name, "%" PRIu64 " of %zu objects were hashed", w.object_hashes,
                  n);
    else if (has_stamps(s.name) && v.content_hashes == 0)
        case_fail(r, s.name, "no content hash was looked at");
    else
        case_pass(r);
    zagg_sink_close(status);
    store_case_close(&s);
}

static void check_set(const char *set, size_t at_least)
{
    case_report r = {.set = set};
    if (!golden_available(set))
        skip();
    zg_vec names = store_case_names(set);
    for (size_t i = 0; i < names.len; i++)
        check_store(&r, set, *ZG_VEC_AT(&names, char *, i));
    store_case_names_free(&names);
    report_end(&r, at_least);
}

static void synthetic_stores(void **state)
{
    (void)state;
    check_set("stores", 24);
}

static void real_stores(void **state)
{
    (void)state;
    check_set("real", 4);
}

static void conformance_trees(void **state)
{
    (void)state;
    check_set("spec", 7);
}

/* ---- flipping bits ---- */

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

typedef struct key_list {
    zg_vec keys; /* char * */
    bool hashed_only;
} key_list;

/* Objects whose content a stamp has the hash of: chunks of arrays in leaves; and the
 * bitmaps, of which the stamp has sizes, number of cells and box. */
static bool content_is_hashed(const char *key)
{
    const char *leaf = strstr(key, ".zarr/");
    return leaf != NULL &&
           (strstr(leaf, "/c/") != NULL || strstr(leaf, "/coverage.moc") != NULL);
}

static zagg_status add_key(void *user, const char *key, uint64_t size, zagg_err *err)
{
    key_list *l = user;
    (void)err;
    if (size == 0 || (l->hashed_only && !content_is_hashed(key)))
        return ZAGG_OK;
    char **added = zg_vec_push(&l->keys);
    assert_non_null(added);
    *added = zg_strdup(key);
    return ZAGG_OK;
}

/* What a verification must say of one store with one bit turned. */
typedef struct flips {
    const store_case *store;
    zagg_sink *status; /* NULL: content hashes only */
    uint64_t random;
    size_t n, found;
} flips;

/* A turned bit of a zstd frame may unpack to the same bytes. Of a chunk the content hash
 * tells, which was compared; a bitmap is unpacked here. */
static bool nothing_lost(const flips *f, const char *key, const void *a, const void *b,
                         size_t len)
{
    uint8_t raw[2][4096];
    size_t size[2] = {0, 1};
    if (f->status != NULL)
        return false; /* its SHA-256 is recorded */
    if (strstr(key, "/coverage.moc") == NULL)
        return true;
    zg_zstd *zstd = zg_zstd_new();
    assert_non_null(zstd);
    for (size_t i = 0; i < 2; i++) {
        const void *frame = i == 0 ? a : b;
        assert_int_equal(zg_zstd_content_size(frame, len, sizeof raw[i], &size[i], NULL),
                         ZAGG_OK);
        assert_int_equal(zg_zstd_unpack(zstd, frame, len, raw[i], size[i], NULL),
                         ZAGG_OK);
    }
    zg_zstd_free(zstd);
    return size[0] == size[1] && memcmp(raw[0], raw[1], size[0]) == 0;
}

static void flip_one(case_report *r, flips *f, const char *key)
{
    void *data = NULL;
    size_t len = 0;
    zagg_err err = ZAGG_ERR_INIT;
    problems p;
    assert_int_equal(zagg_sink_get(f->store->sink, key, SIZE_MAX / 4, &data, &len, &err),
                     ZAGG_OK);
    unsigned char *bytes = data, *turned = zg_alloc(len, 1);
    assert_non_null(turned);
    memcpy(turned, bytes, len);
    const uint64_t bit = next_random(&f->random) % (8 * (uint64_t)len);
    turned[bit / 8] ^= (unsigned char)(1u << (bit % 8));
    assert_int_equal(zagg_sink_put(f->store->sink, key, turned, len, &err), ZAGG_OK);
    (void)verify(f->store, f->status, &p);
    f->n++;
    f->found += p.n > 0;
    if (p.n == 0 && !nothing_lost(f, key, bytes, turned, len))
        case_fail(r, f->store->name, "bit %" PRIu64 " of %s is not missed", bit, key);
    assert_int_equal(zagg_sink_put(f->store->sink, key, bytes, len, &err), ZAGG_OK);
    zg_free(turned);
    zagg_bytes_free(data);
}

static void flip_store(case_report *r, const char *set, const char *file, size_t n,
                       bool records)
{
    store_case s;
    char folder[STORE_PATH + 16];
    zagg_err err = ZAGG_ERR_INIT;
    if (!store_case_open(r, set, file, &s))
        return;
    flips f = {.store = &s, .random = 6 + n};
    key_list l = {.hashed_only = !records};
    zg_vec_init(&l.keys, sizeof(char *), 0);
    (void)snprintf(folder, sizeof folder, "%s.status", s.path);
    if (records) {
        assert_int_equal(zagg_sink_open_dir(folder, &f.status, &err), ZAGG_OK);
        (void)store_case_record(&s, f.status);
    }
    assert_int_equal(zagg_sink_list(s.sink, "", add_key, &l, &err), ZAGG_OK);
    assert_true(l.keys.len > 0);
    qsort(l.keys.data, l.keys.len, sizeof(char *), zg_compare_texts);
    for (size_t i = 0; i < n; i++)
        flip_one(r, &f, *ZG_VEC_AT(&l.keys, char *, next_random(&f.random) % l.keys.len));
    print_message("%s: %zu of %zu flipped bits found\n", s.name, f.found, f.n);
    if (f.found * 50 < f.n * 49)
        case_fail(r, s.name, "%zu flipped bits changed nothing", f.n - f.found);
    else
        case_pass(r);
    store_case_names_free(&l.keys);
    if (f.status != NULL)
        zagg_sink_close(f.status);
    store_case_close(&s);
}

static void flips_of_recorded_objects(void **state)
{
    case_report r = {.set = "flipped bits"};
    (void)state;
    if (!golden_available("stores") || !golden_available("spec"))
        skip();
    flip_store(&r, "stores", "seed_mini_all.tar.zst", 200, true);
    flip_store(&r, "stores", "v061_mini_flat.tar.zst", 200, true);
    flip_store(&r, "stores", "v061_mini_hiveplain.tar.zst", 300, true);
    flip_store(&r, "stores", "v061_mini_rect_sharded.tar.zst", 200, true);
    flip_store(&r, "spec", "kitchen_sink", 100, true);
    report_end(&r, 5);
}

/* Without records: what the stamps alone find. */
static void flips_of_hashed_content(void **state)
{
    case_report r = {.set = "flipped bits, stamps only"};
    (void)state;
    if (!golden_available("stores"))
        skip();
    flip_store(&r, "stores", "v061_mini_hiveplain.tar.zst", 300, false);
    flip_store(&r, "stores", "v061_mini_hive.tar.zst", 200, false);
    report_end(&r, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synthetic_stores),
        cmocka_unit_test(real_stores),
        cmocka_unit_test(conformance_trees),
        cmocka_unit_test(flips_of_recorded_objects),
        cmocka_unit_test(flips_of_hashed_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
