/* Zips as Lambda takes them, and those that it must not get. */
#include "deploy/package.h"

#include "support/support.h"

#include <libdeflate.h>
#include <stdio.h>
#include <string.h>

enum { X86_64 = 62, ARM64 = 183, ELF_BYTES = 400 };

/* ---- zips, made here ---- */

typedef struct file {
    const char *name;
    const void *data;
    size_t len;
    bool stored;
    unsigned mode, flags, method; /* method 0: as `stored` says */
    uint32_t size;                /* what is claimed; 0: the truth */
} file;

static void put(zg_vec *v, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        *(uint8_t *)zg_vec_push(v) = (uint8_t)(value >> (8 * i));
}

/* What both headers of an entry have in common. */
static void put_common(zg_vec *v, const file *f, uint32_t crc, size_t packed)
{
    put(v, f->flags, 2);
    put(v, f->method ? f->method : f->stored ? 0 : 8, 2);
    put(v, 0, 4);
    put(v, crc, 4);
    put(v, packed, 4);
    put(v, f->size ? f->size : f->len, 4);
    put(v, strlen(f->name), 2);
}

static void put_local(zg_vec *v, const file *f, const void *packed, size_t n,
                      uint32_t crc)
{
    put(v, 0x04034b50, 4);
    put(v, 20, 2);
    put_common(v, f, crc, n);
    put(v, 0, 2);
    assert_true(zg_vec_append(v, f->name, strlen(f->name)));
    assert_true(zg_vec_append(v, packed, n));
}

static void put_central(zg_vec *v, const file *f, size_t packed, uint32_t crc, size_t at)
{
    put(v, 0x02014b50, 4);
    put(v, 20 | 3 << 8, 2);
    put(v, 20, 2);
    put_common(v, f, crc, packed);
    put(v, 0, 2 + 2 + 2 + 2);
    put(v, (uint64_t)f->mode << 16, 4);
    put(v, at, 4);
    assert_true(zg_vec_append(v, f->name, strlen(f->name)));
}

static zg_vec zip_of(const file *files, size_t n)
{
    zg_vec v, central;
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(6);
    zg_vec_init(&v, 1, 0);
    zg_vec_init(&central, 1, 0);
    for (size_t i = 0; i < n; i++) {
        const file *f = &files[i];
        const size_t cap = libdeflate_deflate_compress_bound(c, f->len), at = v.len;
        void *packed = zg_alloc(cap + 1, 1);
        size_t len = libdeflate_deflate_compress(c, f->data, f->len, packed, cap);
        if (f->stored) {
            memcpy(packed, f->data, f->len);
            len = f->len;
        }
        const uint32_t crc = libdeflate_crc32(0, f->data, f->len);
        put_local(&v, f, packed, len, crc);
        put_central(&central, f, len, crc, at);
        zg_free(packed);
    }
    const size_t at = v.len;
    assert_true(zg_vec_append(&v, central.data, central.len));
    put(&v, 0x06054b50, 4);
    put(&v, 0, 4);
    put(&v, n, 2);
    put(&v, n, 2);
    put(&v, central.len, 4);
    put(&v, at, 4);
    put(&v, 0, 2);
    zg_vec_free(&central);
    libdeflate_free_compressor(c);
    return v;
}

/* ---- executables ---- */

static const uint8_t *elf(unsigned machine, bool interpreter)
{
    static uint8_t buffers[4][ELF_BYTES];
    static size_t next;
    uint8_t *e = buffers[next++ % 4];
    memset(e, 0, ELF_BYTES);
    memcpy(e, "\177ELF\2\1\1", 7);
    e[18] = (uint8_t)machine;
    e[32] = 64; /* segments begin here */
    e[54] = 56;
    e[56] = 2;
    e[64] = 1;
    e[64 + 56] = interpreter ? 3 : 1;
    return e;
}

static zagg_status check(const file *files, size_t n, const char *arch, zg_package *out,
                         zagg_err *err)
{
    zg_vec v = zip_of(files, n);
    const zagg_status status = zg_package_check(v.data, v.len, "p.zip", arch, out, err);
    zg_vec_free(&v);
    return status;
}

#define CERTS                                                                            \
    {                                                                                    \
        .name = "ca-bundle.crt", .data = "certificates", .len = 12, .mode = 0100644      \
    }

static file bootstrap(unsigned machine)
{
    return (file){.name = "bootstrap",
                  .data = elf(machine, false),
                  .len = ELF_BYTES,
                  .mode = 0100755};
}

/* ---- tests ---- */

static void good(void **state)
{
    zg_package p = {.arch = NULL};
    zagg_err err = ZAGG_ERR_INIT;
    file files[] = {bootstrap(ARM64), CERTS};
    (void)state;
    assert_int_equal(check(files, 2, NULL, &p, &err), ZAGG_OK);
    assert_string_equal(p.arch, "arm64");
    assert_int_equal(p.unpacked, ELF_BYTES + 12);
    assert_int_equal(p.n_entries, 2);
    assert_int_equal(check(files, 2, "arm64", &p, &err), ZAGG_OK);
    files[0] = bootstrap(X86_64);
    files[0].stored = true;
    assert_int_equal(check(files, 2, "x86_64", &p, &err), ZAGG_OK);
    assert_string_equal(p.arch, "x86_64");
}

typedef struct bad_case {
    const char *name;
    file files[3];
    size_t n;
    const char *arch;
    zagg_status want;
    const char *says;
} bad_case;

static void check_bad(case_report *r, const bad_case *c)
{
    zg_package p = {.unpacked = 77};
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_status status = check(c->files, c->n, c->arch, &p, &err);
    if (status == c->want && strstr(err.msg, c->says) != NULL &&
        strncmp(err.msg, "p.zip: ", 7) == 0 && p.unpacked == 77)
        case_pass(r);
    else
        case_fail(r, c->name, "status %s: %s", zagg_status_name(status), err.msg);
}

static void refused(void **state)
{
    const file arm = bootstrap(ARM64), mips = bootstrap(8);
    file below = arm, up = CERTS, root = CERTS, secret = CERTS, bzip = CERTS,
         bomb = CERTS, more = CERTS, plain = arm, dynamic = arm, script = arm, lies = arm;
    below.name = "bin/bootstrap";
    up.name = "a/../../x";
    root.name = "/etc/x";
    secret.flags = 1;
    bzip.method = 12;
    bomb.size = 300 << 20;
    more.size = 13;
    plain.mode = 0100644;
    dynamic.data = elf(ARM64, true);
    script.data = "#!/bin/sh\n";
    script.len = 10;
    lies.len = 40;
    const bad_case cases[] = {
        {"no bootstrap", {CERTS}, 1, NULL, ZAGG_EFORMAT, "there is no entry bootstrap"},
        {"in a folder", {below}, 1, NULL, ZAGG_EFORMAT, "there is no entry bootstrap"},
        {"two", {arm, arm}, 2, NULL, ZAGG_EFORMAT, "more than one"},
        {"nothing", {arm}, 0, NULL, ZAGG_EFORMAT, "there is no entry bootstrap"},
        {"another machine",
         {arm},
         1,
         "x86_64",
         ZAGG_EUNSUPPORTED,
         "for arm64, not for x86_64"},
        {"no machine of Lambda", {mips}, 1, NULL, ZAGG_EUNSUPPORTED, "neither"},
        {"not executable", {plain}, 1, NULL, ZAGG_EFORMAT, "is not executable"},
        {"dynamic", {dynamic}, 1, NULL, ZAGG_EUNSUPPORTED, "needs a dynamic linker"},
        {"a script", {script}, 1, NULL, ZAGG_EUNSUPPORTED, "is no executable"},
        {"half a header", {lies}, 1, NULL, ZAGG_EUNSUPPORTED, "is no executable"},
        {"leads out", {arm, up}, 2, NULL, ZAGG_EFORMAT, "leads out of the package"},
        {"absolute", {arm, root}, 2, NULL, ZAGG_EFORMAT, "leads out of the package"},
        {"encrypted", {arm, secret}, 2, NULL, ZAGG_EUNSUPPORTED, "is encrypted"},
        {"bzip2", {arm, bzip}, 2, NULL, ZAGG_EUNSUPPORTED, "than deflate"},
        {"bomb", {arm, bomb}, 2, NULL, ZAGG_ERANGE, "more than the 262144000"},
        {"shorter than told", {arm, more}, 2, NULL, ZAGG_EFORMAT, "is damaged"},
    };
    case_report r = {.set = "packages that are refused"};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_bad(&r, &cases[i]);
    report_end(&r, sizeof cases / sizeof cases[0]);
}

/* Every byte changed and every length cut: never more than an error, and no damage of the
 * executable goes unseen. */
static void damaged(void **state)
{
    const file files[] = {bootstrap(ARM64), CERTS};
    zg_vec v = zip_of(files, 2);
    size_t refusals = 0;
    (void)state;
    for (size_t i = 0; i < v.len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            zg_package p;
            zagg_err err = ZAGG_ERR_INIT;
            ((uint8_t *)v.data)[i] ^= (uint8_t)(1 << bit);
            refusals +=
                zg_package_check(v.data, v.len, "p.zip", "arm64", &p, &err) != ZAGG_OK;
            ((uint8_t *)v.data)[i] ^= (uint8_t)(1 << bit);
        }
    assert_true(refusals > 4 * v.len); /* times, versions and other modes do not matter */
    for (size_t len = 0; len < v.len; len++) {
        zg_package p;
        zagg_err err = ZAGG_ERR_INIT;
        uint8_t *cut = zg_alloc(len + 1, 1); /* its end is where memory ends */
        uint8_t *exact = zg_realloc(cut, len ? len : 1, 1);
        memcpy(exact, v.data, len);
        assert_int_not_equal(zg_package_check(exact, len, "p.zip", NULL, &p, &err),
                             ZAGG_OK);
        zg_free(exact);
    }
    zg_vec_free(&v);
}

static void write_zip(const char *dir, const char *name, const file *files, size_t n,
                      char *path, size_t path_len)
{
    zg_vec v = zip_of(files, n);
    (void)snprintf(path, path_len, "%s/%s", dir, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(v.data, 1, v.len, f), v.len);
    assert_int_equal(fclose(f), 0);
    zg_vec_free(&v);
}

static void releases(void **state)
{
    char path[600], key[256], release[ZG_RELEASE_MAX], sha256[65];
    size_t prefix_len;
    zg_package p;
    zagg_err err = ZAGG_ERR_INIT;
    const file files[] = {bootstrap(ARM64), CERTS};
    char *dir = make_temp_dir();
    (void)state;
    write_zip(dir, "zagg-2.3.4-lambda-arm64.zip", files, 2, path, sizeof path);
    assert_int_equal(zg_package_load(path, NULL, "0.1.0", &p, &err), ZAGG_OK);
    assert_int_equal(strncmp(p.release, "2.3.4-arm64-", 12), 0);
    assert_int_equal(strncmp(p.release + 12, p.sha256, 12), 0);
    assert_int_equal(strlen(p.release), 24);
    assert_true(zg_release_key("a/b", p.release, p.sha256, key, sizeof key));
    assert_true(zg_release_of_key(key, release, sha256, &prefix_len));
    assert_string_equal(release, p.release);
    assert_string_equal(sha256, p.sha256);
    assert_int_equal(prefix_len, 3);
    assert_false(zg_release_key("a/b", p.release, p.sha256, key, 60));
    zg_package_free(&p);
    write_zip(dir, "mine.zip", files, 2, path, sizeof path);
    assert_int_equal(zg_package_load(path, NULL, "0.1.0", &p, &err), ZAGG_OK);
    assert_int_equal(strncmp(p.release, "0.1.0-arm64-", 12), 0);
    zg_package_free(&p);
    assert_int_equal(zg_package_load("/nonexistent.zip", NULL, "1", &p, &err),
                     ZAGG_ENOTFOUND);
    remove_tree(dir);
    zg_free(dir);
}

static void other_keys(void **state)
{
    static const char *const KEYS[] = {
        "", "a", ".zip", "zagg/1-arm64-0123456789ab/short.zip",
        /* a hash that is not the release's */
        "zagg/1-arm64-0123456789ab/"
        "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.zip",
        "/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.zip",
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.zip"};
    char release[ZG_RELEASE_MAX], sha256[65];
    size_t prefix_len;
    (void)state;
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++)
        assert_false(zg_release_of_key(KEYS[i], release, sha256, &prefix_len));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good), cmocka_unit_test(refused), cmocka_unit_test(damaged),
        cmocka_unit_test(releases), cmocka_unit_test(other_keys)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
