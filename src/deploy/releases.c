/* Packages in their bucket: "PREFIX/RELEASE/SHA256.zip". Nothing is ever written over: a
 * name has one content. */
#include "deploy/deploy.h"
#include "zagg/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RELEASES = 10000 };

static zagg_status open_bucket(zg_cloud *cloud, const char *bucket, const char *prefix,
                               zagg_sink **out, zagg_err *err)
{
    char url[1200];
    const int n = snprintf(url, sizeof url, "s3://%s/%s", bucket, prefix);
    if (n < 0 || (size_t)n >= sizeof url)
        return zagg_err_set(err, ZAGG_ECONFIG, "the prefix of packages is too long");
    return zagg_net_open_sink(cloud->net, url, out, err);
}

typedef struct listing {
    zg_vec *out;
} listing;

/* What is no package, others put there. */
static zagg_status note(void *user, const char *key, uint64_t size, zagg_err *err)
{
    listing *l = user;
    zg_release r = {.bytes = size};
    size_t prefix_len;
    if (!zg_release_of_key(key, r.name, r.sha256, &prefix_len) || prefix_len != 0)
        return ZAGG_OK;
    zg_release *to = zg_vec_push(l->out);
    if (to == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a list of packages");
    *to = r;
    return ZAGG_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const zg_release *)a)->name, ((const zg_release *)b)->name);
}

zagg_status zg_releases_list(zg_cloud *cloud, const char *bucket, const char *prefix,
                             zg_vec *out, zagg_err *err)
{
    zagg_sink *sink;
    listing l = {.out = out};
    zg_vec_init(out, sizeof(zg_release), MAX_RELEASES);
    ZAGG_TRY(open_bucket(cloud, bucket, prefix, &sink, err));
    const zagg_status status = zagg_sink_list(sink, "", note, &l, err);
    zagg_sink_close(sink);
    if (status != ZAGG_OK)
        zg_vec_free(out);
    else if (out->len > 1)
        qsort(out->data, out->len, sizeof(zg_release), by_name);
    return status;
}

static bool key_of(const zg_package *package, char *key, size_t len)
{
    return zg_release_key("", package->release, package->sha256, key, len);
}

static zagg_status is_there(zagg_sink *sink, const char *key, uint64_t bytes, bool *there,
                            zagg_err *err)
{
    uint64_t size;
    const zagg_status status = zagg_sink_size(sink, key, &size, err);
    *there = status == ZAGG_OK && size == bytes;
    return status == ZAGG_ENOTFOUND ? ZAGG_OK : status;
}

zagg_status zg_release_is_there(zg_cloud *cloud, const char *bucket, const char *prefix,
                                const zg_package *package, bool *there, zagg_err *err)
{
    zagg_sink *sink;
    char key[200];
    if (!key_of(package, key, sizeof key))
        return zagg_err_set(err, ZAGG_EINTERNAL, "the name of a release is too long");
    ZAGG_TRY(open_bucket(cloud, bucket, prefix, &sink, err));
    const zagg_status status = is_there(sink, key, package->len, there, err);
    zagg_sink_close(sink);
    return status;
}

zagg_status zg_release_put(zg_cloud *cloud, const char *bucket, const char *prefix,
                           const zg_package *package, bool *there, zagg_err *err)
{
    zagg_sink *sink;
    char key[200];
    if (!key_of(package, key, sizeof key))
        return zagg_err_set(err, ZAGG_EINTERNAL, "the name of a release is too long");
    ZAGG_TRY(open_bucket(cloud, bucket, prefix, &sink, err));
    zagg_status status = is_there(sink, key, package->len, there, err);
    if (status == ZAGG_OK && !*there)
        status = zagg_sink_put(sink, key, package->data, package->len, err);
    zagg_sink_close(sink);
    return status;
}
