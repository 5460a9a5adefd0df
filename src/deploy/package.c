/* Zip: PKWARE's APPNOTE 6.3, sections 4.3.7 (local header), 4.3.12 (central directory)
 * and 4.3.16 (its end). ELF: the generic ABI, chapters 4 and 5. Of zip only what Lambda
 * takes: no encryption, no parts, no ZIP64, entries stored or deflated. */
#include "deploy/package.h"

#include "zagg/io.h"

#include <libdeflate.h>
#include <stdio.h>
#include <string.h>

enum {
    END_BYTES = 22,
    MAX_COMMENT = 65535,
    CENTRAL_BYTES = 46,
    LOCAL_BYTES = 30,
    STORED = 0,
    DEFLATED = 8,
    UNIX = 3, /* who wrote the attributes */
    EXECUTABLE = 0111,
    ELF_HEADER_BYTES = 64,
    ELF_SEGMENT_BYTES = 56,
    SEGMENT_INTERPRETER = 3
};

typedef struct zip {
    const uint8_t *data;
    size_t len;
    const char *name;
    struct libdeflate_decompressor *inflate;
    zagg_err *err;
} zip;

typedef struct entry {
    const char *name; /* not ended */
    size_t name_len;
    unsigned method, flags, made_by;
    uint32_t crc, attributes;
    uint64_t packed, size, local;
} entry;

static unsigned u16(const uint8_t *p)
{
    return (unsigned)p[0] | (unsigned)p[1] << 8;
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)u16(p) | (uint32_t)u16(p + 2) << 16;
}

static uint64_t u64(const uint8_t *p)
{
    return u32(p) | (uint64_t)u32(p + 4) << 32;
}

static zagg_status damaged(const zip *z, const char *why)
{
    return zagg_err_set(z->err, ZAGG_EFORMAT,
                        "%s: %s; make the package again (make lambda)", z->name, why);
}

/* ---- the list of entries ---- */

static zagg_status find_end(const zip *z, const uint8_t **out)
{
    if (z->len < END_BYTES)
        return damaged(z, "no zip: too short");
    const size_t lowest =
        z->len - END_BYTES > MAX_COMMENT ? z->len - END_BYTES - MAX_COMMENT : 0;
    for (size_t at = z->len - END_BYTES + 1; at-- > lowest;)
        if (memcmp(z->data + at, "PK\5\6", 4) == 0 &&
            at + END_BYTES + u16(z->data + at + 20) == z->len) {
            *out = z->data + at;
            return ZAGG_OK;
        }
    return damaged(z, "no zip, or one that was cut short");
}

/* The entry at *at of the central directory, which ends at `end`; *at moves behind it. */
static zagg_status next_entry(const zip *z, size_t *at, size_t end, entry *out)
{
    if (end - *at < CENTRAL_BYTES || memcmp(z->data + *at, "PK\1\2", 4) != 0)
        return damaged(z, "the list of its entries is damaged");
    const uint8_t *p = z->data + *at;
    const size_t name_len = u16(p + 28);
    const size_t all = CENTRAL_BYTES + name_len + u16(p + 30) + u16(p + 32);
    if (all > end - *at)
        return damaged(z, "the list of its entries is damaged");
    *out = (entry){.name = (const char *)p + CENTRAL_BYTES,
                   .name_len = name_len,
                   .made_by = p[5],
                   .flags = u16(p + 8),
                   .method = u16(p + 10),
                   .crc = u32(p + 16),
                   .packed = u32(p + 20),
                   .size = u32(p + 24),
                   .attributes = u32(p + 38),
                   .local = u32(p + 42)};
    *at += all;
    return ZAGG_OK;
}

/* ---- one entry ---- */

/* For messages; names come from outside. */
static void show_name(const entry *e, char out[64])
{
    size_t n = e->name_len < 63 ? e->name_len : 63;
    for (size_t i = 0; i < n; i++)
        out[i] = e->name[i] > ' ' && e->name[i] < 0x7f ? e->name[i] : '?';
    out[n] = '\0';
}

static zagg_status refuse(const zip *z, const entry *e, zagg_status status,
                          const char *why)
{
    char name[64];
    show_name(e, name);
    return zagg_err_set(z->err, status, "%s: entry %s %s", z->name, name, why);
}

/* Relative, and inside of where it is unpacked. */
static bool name_is_plain(const entry *e)
{
    if (e->name_len == 0 || e->name[0] == '/')
        return false;
    for (size_t i = 0, begin = 0; i <= e->name_len; i++) {
        if (i < e->name_len && (e->name[i] == '\\' || e->name[i] == '\0'))
            return false;
        if (i < e->name_len && e->name[i] != '/')
            continue;
        if (i - begin == 2 && e->name[begin] == '.' && e->name[begin + 1] == '.')
            return false;
        begin = i + 1;
    }
    return true;
}

static zagg_status check_form(const zip *z, const entry *e)
{
    if (!name_is_plain(e))
        return refuse(z, e, ZAGG_EFORMAT, "has a name that leads out of the package");
    if (e->flags & 1)
        return refuse(z, e, ZAGG_EUNSUPPORTED, "is encrypted");
    if (e->method != STORED && e->method != DEFLATED)
        return refuse(z, e, ZAGG_EUNSUPPORTED, "is packed in another way than deflate");
    if (e->packed == UINT32_MAX || e->size == UINT32_MAX || e->local == UINT32_MAX)
        return refuse(z, e, ZAGG_EUNSUPPORTED, "is of a ZIP64 archive");
    return ZAGG_OK;
}

/* Where its packed bytes are: behind a header that must say the same. */
static zagg_status find_data(const zip *z, const entry *e, const uint8_t **out)
{
    if (e->local > z->len || z->len - e->local < LOCAL_BYTES ||
        memcmp(z->data + e->local, "PK\3\4", 4) != 0)
        return refuse(z, e, ZAGG_EFORMAT, "is not where the list says");
    const uint8_t *p = z->data + e->local;
    const size_t behind = z->len - (size_t)e->local - LOCAL_BYTES;
    const size_t skip = (size_t)u16(p + 26) + u16(p + 28);
    if (skip > behind || e->packed > behind - skip)
        return refuse(z, e, ZAGG_EFORMAT, "reaches beyond the end of the file");
    if (u16(p + 26) != e->name_len || memcmp(p + LOCAL_BYTES, e->name, e->name_len) != 0)
        return refuse(z, e, ZAGG_EFORMAT, "is not where the list says");
    *out = p + LOCAL_BYTES + skip;
    return ZAGG_OK;
}

/* Its bytes in `into`, which has room for them. */
static zagg_status unpack(const zip *z, const entry *e, uint8_t *into)
{
    const uint8_t *packed = NULL;
    ZAGG_TRY(find_data(z, e, &packed));
    if (e->method == STORED && e->packed == e->size)
        memcpy(into, packed, e->size);
    else if (e->method == STORED ||
             libdeflate_deflate_decompress(z->inflate, packed, e->packed, into, e->size,
                                           NULL) != LIBDEFLATE_SUCCESS)
        return refuse(z, e, ZAGG_EFORMAT, "is damaged; make the package again");
    if (libdeflate_crc32(0, into, e->size) != e->crc)
        return refuse(z, e, ZAGG_EFORMAT,
                      "has another checksum than it was packed with; make the package "
                      "again");
    return ZAGG_OK;
}

/* ---- bootstrap ---- */

/* Does it ask for a dynamic linker, which would look for libraries of another system? */
static bool has_interpreter(const uint8_t *elf, size_t len)
{
    const uint64_t at = u64(elf + 32);
    const unsigned size = u16(elf + 54), n = u16(elf + 56);
    for (unsigned i = 0; size >= ELF_SEGMENT_BYTES && i < n; i++) {
        const uint64_t begin = at + (uint64_t)i * size;
        if (begin < at || begin > len || len - begin < ELF_SEGMENT_BYTES)
            return false;
        if (u32(elf + begin) == SEGMENT_INTERPRETER)
            return true;
    }
    return false;
}

static const char *machine_of(const uint8_t *elf)
{
    switch (u16(elf + 18)) {
    case 62:
        return "x86_64";
    case 183:
        return "arm64";
    default:
        return NULL;
    }
}

static zagg_status check_bootstrap(const zip *z, const entry *e, const uint8_t *elf,
                                   const char *arch, const char **out)
{
    if (e->made_by == UNIX && (e->attributes >> 16 & EXECUTABLE) != EXECUTABLE)
        return refuse(z, e, ZAGG_EFORMAT,
                      "is not executable for all (chmod 755 before it is packed)");
    if (e->size < ELF_HEADER_BYTES || memcmp(elf, "\177ELF\2\1", 6) != 0)
        return refuse(z, e, ZAGG_EUNSUPPORTED,
                      "is no executable of a 64-bit Linux (ELF, little-endian)");
    const char *machine = machine_of(elf);
    if (machine == NULL)
        return refuse(z, e, ZAGG_EUNSUPPORTED, "is made for neither arm64 nor x86_64");
    if (arch != NULL && strcmp(machine, arch) != 0)
        return zagg_err_set(
            z->err, ZAGG_EUNSUPPORTED,
            "%s: its bootstrap is made for %s, not for %s: name the other "
            "package, or leave --arch to it",
            z->name, machine, arch);
    if (has_interpreter(elf, e->size))
        return refuse(z, e, ZAGG_EUNSUPPORTED,
                      "needs a dynamic linker and libraries that Lambda does not have: "
                      "make the package with `make lambda`");
    *out = machine;
    return ZAGG_OK;
}

/* ---- the whole ---- */

typedef struct sums {
    uint64_t unpacked, largest;
    size_t n, n_bootstraps;
} sums;

static zagg_status add_up(const zip *z, size_t at, size_t end, size_t n, sums *out)
{
    *out = (sums){.n = n};
    for (size_t i = 0; i < n; i++) {
        entry e;
        ZAGG_TRY(next_entry(z, &at, end, &e));
        ZAGG_TRY(check_form(z, &e));
        out->unpacked += e.size; /* at most 65,535 times 4 GiB */
        out->largest = e.size > out->largest ? e.size : out->largest;
        out->n_bootstraps += e.name_len == 9 && memcmp(e.name, "bootstrap", 9) == 0;
    }
    if (at != end)
        return damaged(z, "the list of its entries is damaged");
    if (out->unpacked > ZG_PACKAGE_MAX_BYTES)
        return zagg_err_set(
            z->err, ZAGG_ERANGE,
            "%s: unpacks to %llu bytes, more than the %llu that Lambda takes", z->name,
            (unsigned long long)out->unpacked, (unsigned long long)ZG_PACKAGE_MAX_BYTES);
    if (out->n_bootstraps == 1)
        return ZAGG_OK;
    return zagg_err_set(z->err, ZAGG_EFORMAT,
                        "%s: %s entry bootstrap at its top, which is what Lambda starts",
                        z->name,
                        out->n_bootstraps == 0 ? "there is no" : "more than one");
}

static zagg_status check_entries(const zip *z, size_t at, size_t end, const sums *s,
                                 uint8_t *into, const char *arch, const char **out)
{
    for (size_t i = 0; i < s->n; i++) {
        entry e;
        ZAGG_TRY(next_entry(z, &at, end, &e));
        ZAGG_TRY(unpack(z, &e, into));
        if (e.name_len == 9 && memcmp(e.name, "bootstrap", 9) == 0)
            ZAGG_TRY(check_bootstrap(z, &e, into, arch, out));
    }
    return ZAGG_OK;
}

static zagg_status check(const zip *z, const char *arch, zg_package *out)
{
    const uint8_t *end = NULL;
    sums s;
    ZAGG_TRY(find_end(z, &end));
    const size_t n = u16(end + 10);
    const uint64_t at = u32(end + 16), len = u32(end + 12);
    if (n == UINT16_MAX || at == UINT32_MAX)
        return zagg_err_set(z->err, ZAGG_EUNSUPPORTED, "%s: a ZIP64 archive", z->name);
    if (u16(end + 4) != 0 || u16(end + 6) != 0 || u16(end + 8) != n)
        return zagg_err_set(z->err, ZAGG_EUNSUPPORTED, "%s: a part of a zip", z->name);
    if (at + len != (uint64_t)(end - z->data))
        return damaged(z, "its list of entries is not where its end says");
    ZAGG_TRY(add_up(z, (size_t)at, (size_t)(at + len), n, &s));
    uint8_t *into = zg_alloc(s.largest ? (size_t)s.largest : 1, 1);
    if (into == NULL)
        return zagg_err_set(z->err, ZAGG_ENOMEM, "%s: no memory to unpack it", z->name);
    const zagg_status status =
        check_entries(z, (size_t)at, (size_t)(at + len), &s, into, arch, &out->arch);
    zg_free(into);
    out->unpacked = s.unpacked;
    out->n_entries = s.n;
    return status;
}

zagg_status zg_package_check(const void *data, size_t len, const char *name,
                             const char *arch, zg_package *out, zagg_err *err)
{
    zip z = {.data = data, .len = len, .name = name, .err = err};
    zg_package found = {.arch = NULL};
    z.inflate = libdeflate_alloc_decompressor();
    if (z.inflate == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory to unpack it", name);
    const zagg_status status = check(&z, arch, &found);
    libdeflate_free_decompressor(z.inflate);
    if (status != ZAGG_OK)
        return status;
    out->arch = found.arch;
    out->unpacked = found.unpacked;
    out->n_entries = found.n_entries;
    return ZAGG_OK;
}

/* ---- releases ---- */

/* "zagg-VERSION-lambda-ARCH.zip" tells the version. */
static void name_release(zg_package *p, const char *version)
{
    const char *base = strrchr(p->file, '/');
    base = base != NULL ? base + 1 : p->file;
    const char *end = strstr(base, "-lambda-");
    size_t n = strlen(version);
    if (strncmp(base, "zagg-", 5) == 0 && end != NULL && end > base + 5) {
        version = base + 5;
        n = (size_t)(end - version);
    }
    n = n < 40 ? n : 40;
    char plain[41];
    for (size_t i = 0; i < n; i++) /* what keys, and shells, take as it is */
        plain[i] =
            strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ._+",
                   version[i]) != NULL
                ? version[i]
                : '.';
    plain[n] = '\0';
    (void)snprintf(p->release, sizeof p->release, "%s-%s-%.*s", plain, p->arch,
                   (int)ZG_RELEASE_HASH, p->sha256);
}

zagg_status zg_package_load(const char *file, const char *arch, const char *version,
                            zg_package *out, zagg_err *err)
{
    char *data;
    zg_package p = {.file = zg_strdup(file)};
    zagg_status status =
        p.file != NULL ? zagg_file_read(file, ZG_PACKAGE_MAX_BYTES, &data, &p.len, err)
                       : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a name");
    if (status == ZAGG_OK) {
        p.data = data;
        status = zg_package_check(p.data, p.len, file, arch, &p, err);
    }
    if (status != ZAGG_OK) {
        zg_package_free(&p);
        return status;
    }
    zg_sha256_hex(p.data, p.len, p.sha256);
    name_release(&p, version);
    *out = p;
    return ZAGG_OK;
}

void zg_package_free(zg_package *package)
{
    zagg_bytes_free(package->data);
    zg_free(package->file);
    *package = (zg_package){.file = NULL};
}

bool zg_release_key(const char *prefix, const char *release, const char *sha256,
                    char *out, size_t out_len)
{
    const int n = snprintf(out, out_len, "%s%s%s/%s.zip", prefix, prefix[0] ? "/" : "",
                           release, sha256);
    return n > 0 && (size_t)n < out_len;
}

bool zg_release_of_key(const char *key, char release[ZG_RELEASE_MAX], char sha256[65],
                       size_t *prefix_len)
{
    const size_t len = strlen(key);
    if (len < 64 + 4 + 2 || strcmp(key + len - 4, ".zip") != 0)
        return false;
    const char *hash = key + len - 4 - 64;
    if (strspn(hash, "0123456789abcdef") != 64 || hash[-1] != '/')
        return false;
    const char *end = hash - 1, *begin = end;
    while (begin > key && begin[-1] != '/')
        begin--;
    const size_t n = (size_t)(end - begin);
    if (n < ZG_RELEASE_HASH || n >= ZG_RELEASE_MAX ||
        memcmp(end - ZG_RELEASE_HASH, hash, ZG_RELEASE_HASH) != 0)
        return false;
    memcpy(release, begin, n);
    release[n] = '\0';
    memcpy(sha256, hash, 64);
    sha256[64] = '\0';
    *prefix_len = begin > key ? (size_t)(begin - key) - 1 : 0;
    return true;
}
