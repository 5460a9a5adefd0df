/* Names and small parts of the status folder. */
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE /* realpath, gethostname */
#endif
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include "run/status_dir.h"

#include "io/dir.h"
#include "run/run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A path whose last part does not name the store: "", ".", "..", or a link. */
static bool hides_name(const char *path, size_t len)
{
    char last[3] = "";
    struct stat st;
    size_t start = len;
    while (start > 0 && path[start - 1] != '/')
        start--;
    if (len - start <= 2)
        memcpy(last, path + start, len - start);
    if (last[0] == '\0' ? len - start == 0
                        : strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
        return true;
    return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

zagg_status zg_status_path(const char *store, char **out, zagg_err *err)
{
    const char *given = zg_store_path(store);
    size_t len = strlen(given);
    while (len > 1 && given[len - 1] == '/')
        len--;
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_addn(&text, given, len);
    if (!text.failed && !zagg_url_is_remote(given) && hides_name(text.data, text.len)) {
        char *real = realpath(text.data, NULL);
        if (real) {
            zg_str_free(&text);
            zg_str_init(&text, 0);
            zg_str_add(&text, real);
        }
        free(real);
    }
    zg_str_add(&text, ".status");
    *out = zg_str_take(&text);
    return *out ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "%s: no memory", store);
}

/* Behind "s3://bucket/" there must be something that ".status" can follow. */
static bool names_folder(const char *url)
{
    const char *key = strchr(url + strlen("s3://"), '/');
    return key && key[strspn(key, "/")] != '\0';
}

zagg_status zg_store_check(const char *store, zagg_err *err)
{
    const char *path = zg_store_path(store);
    if (store[0] == '\0')
        return zagg_err_set(err, ZAGG_ECONFIG, "store: the path must not be empty");
    if (!strstr(path, "://"))
        return ZAGG_OK;
    if (strncmp(path, "s3://", 5) != 0 || !zagg_url_is_remote(path))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: a store is a local folder or s3://BUCKET/NAME", store);
    if (!names_folder(path))
        return zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: a store needs a name in its bucket (%s/out.zarr), as its "
            "records lie beside it",
            store, path);
    return ZAGG_OK;
}

static zagg_status open_remote(const char *url, zagg_net *net, zagg_sink **out,
                               zagg_err *err)
{
    if (!net)
        return zagg_err_set(err, ZAGG_EARG, "%s: no network was given to reach it with",
                            url);
    return zagg_net_open_sink(net, url, out, err);
}

zagg_status zg_store_open(const char *store, zagg_net *net, zagg_sink **out,
                          zagg_err *err)
{
    const char *path = zg_store_path(store);
    return zagg_url_is_remote(path) ? open_remote(path, net, out, err)
                                    : zagg_sink_open_dir(path, out, err);
}

zagg_status zg_status_open(const char *store, zagg_net *net, bool writing,
                           zagg_sink **out, zagg_err *err)
{
    char *path = NULL;
    ZAGG_TRY(zg_status_path(store, &path, err));
    const zagg_status status = zagg_url_is_remote(path) ? open_remote(path, net, out, err)
                               : writing ? zg_sink_open_durable(path, out, err)
                                         : zagg_sink_open_dir(path, out, err);
    zg_free(path);
    return status;
}

void zg_record_name(uint64_t shard_key, bool rewriting, char out[64])
{
    (void)snprintf(out, 64, "%s/%" PRIu64 ".json", rewriting ? "rewriting" : "shards",
                   shard_key);
}

zagg_status zg_record_load(zagg_sink *status, const char *name, const char *spec,
                           zagg_arena *arena, const zagg_value **out, zagg_err *err)
{
    void *data = NULL;
    size_t len = 0;
    ZAGG_TRY(zagg_sink_get(status, name, ZG_MAX_RECORD_BYTES, &data, &len, err));
    zagg_status result = zagg_json_parse(arena, data, len, name, out, err);
    zagg_bytes_free(data);
    if (result == ZAGG_ENOMEM)
        return result;
    if (result != ZAGG_OK || !zagg_value_is(zagg_value_get(*out, "spec"), spec))
        return zagg_err_set(err, ZAGG_ENOTFOUND, "%s/%s holds no %s",
                            zagg_sink_name(status), name, spec);
    return ZAGG_OK;
}

void zg_host_name(char out[65])
{
    if (gethostname(out, 65) != 0)
        (void)snprintf(out, 65, "?");
    out[64] = '\0';
}

const char *zg_text_of(const zagg_value *map, const char *key)
{
    const char *text = zg_value_text(map, key);
    return text ? text : "";
}

uint64_t zg_number_of(const zagg_value *map, const char *key)
{
    uint64_t n = 0;
    (void)zagg_value_u64(zagg_value_get(map, key), &n);
    return n;
}
