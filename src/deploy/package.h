/* The package of the worker: a zip that AWS Lambda takes, looked through before it is
 * sent. */
#ifndef ZG_DEPLOY_PACKAGE_H
#define ZG_DEPLOY_PACKAGE_H

#include "base/base.h"

/* AWS Lambda quotas, "Deployment package": unpacked, with all layers. A zip that comes
 * out of a bucket has no bound of its own but this one. */
#define ZG_PACKAGE_MAX_BYTES ((uint64_t)262144000)
/* Of a release's name: "0.1.0-arm64-" and 12 digits. */
enum { ZG_RELEASE_HASH = 12, ZG_RELEASE_MAX = 96 };

typedef struct zg_package {
    char *file; /* where it is from; owned */
    void *data; /* owned; `len` bytes */
    size_t len;
    uint64_t unpacked; /* bytes of all entries */
    size_t n_entries;
    const char *arch; /* "arm64" or "x86_64", as its bootstrap is made for; static */
    char sha256[65];
    /* What it is called in the bucket: version, architecture, and the beginning of its
     * hash. */
    char release[ZG_RELEASE_MAX];
} zg_package;

/** Read a zip and look through it: every entry is unpacked and compared with its
 * checksum, and `bootstrap` must be an executable at the top that needs no dynamic
 * linker. `arch`: what it must be made for; NULL: either. `version`: of the release,
 * where the file's name does not tell one as that of `make lambda` does
 * ("zagg-VERSION-lambda-ARCH.zip"). Errors, naming the file and the entry: NOTFOUND, IO,
 * FORMAT (no zip, damaged), RANGE (larger than Lambda takes), UNSUPPORTED (another
 * machine's, forms of zip that Lambda does not take), NOMEM. Memory: the zip and its
 * largest entry. */
zagg_status zg_package_load(const char *file, const char *arch, const char *version,
                            zg_package *out, zagg_err *err);
/** The same for bytes at hand; only `unpacked`, `n_entries` and `arch` of `out` are set.
 */
zagg_status zg_package_check(const void *data, size_t len, const char *name,
                             const char *arch, zg_package *out, zagg_err *err);
void zg_package_free(zg_package *package);

/** Key in the bucket: "PREFIX/RELEASE/SHA256.zip"; false where it does not fit. */
bool zg_release_key(const char *prefix, const char *release, const char *sha256,
                    char *out, size_t out_len);
/** Such a key taken apart: release and hash, and the length of PREFIX. False where it is
 * none. */
bool zg_release_of_key(const char *key, char release[ZG_RELEASE_MAX], char sha256[65],
                       size_t *prefix_len);

#endif
