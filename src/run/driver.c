/* Granule hrefs: which driver reads them, and the local path behind one.
 *
 * An href without a scheme, file://PATH and s3:///PATH (empty bucket: the form that
 * upstream's local runs use) are paths on this machine. With an explicit file driver
 * s3://a/b is the relative path a/b. */
#include "run/run.h"

#include <string.h>

const char *zg_output_text(const zagg_value *config, const char *key)
{
    const zagg_value *output = zagg_value_get_set(config, "output");
    const zagg_value *v = zagg_value_get_set(output, key);
    return v != NULL && v->kind == ZAGG_STR && v->str_len > 0 ? v->str : NULL;
}

const char *zg_driver_name(zg_driver driver)
{
    static const char *const NAMES[] = {"file", "s3", "https"};
    return NAMES[driver];
}

static bool starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

const char *zg_store_path(const char *store)
{
    return starts(store, "file://") ? store + strlen("file://") : store;
}

static bool is_local(const char *href)
{
    return starts(href, "file://") || starts(href, "s3:///") || !strstr(href, "://");
}

static const char *local_path(const char *href)
{
    if (starts(href, "file://"))
        return href + strlen("file://");
    if (starts(href, "s3://"))
        return href + strlen("s3://");
    return href;
}

zagg_status zg_granule_open(zagg_net *net, const char *href, zagg_source **out,
                            zagg_err *err)
{
    if (net && zagg_url_is_remote(href))
        return zagg_net_open_source(net, href, out, err);
    return zagg_source_open_file(local_path(href), out, err);
}

const char *zg_granule_href(const zagg_granule *granule, zg_driver driver)
{
    if (driver == ZG_DRIVER_HTTPS)
        return granule->https;
    if (driver == ZG_DRIVER_S3)
        return granule->s3;
    const char *href = granule->s3 ? granule->s3 : granule->https;
    return href ? local_path(href) : NULL;
}

static bool is_http(const char *href)
{
    return starts(href, "https://") || starts(href, "http://");
}

/* Are all hrefs that a driver would read of a kind? */
static bool all_are(const zagg_shardmap *map, zg_driver driver,
                    bool (*kind)(const char *href))
{
    for (size_t s = 0; s < map->n_shards; s++)
        for (size_t g = 0; g < map->shards[s].n_granules; g++) {
            const char *href = zg_granule_href(map->shards[s].granules[g], driver);
            if (href && !kind(href))
                return false;
        }
    return true;
}

zagg_status zg_driver_choose(const char *flag, const zagg_pipeline *pipeline,
                             const zagg_shardmap *map, zg_driver *out, zagg_err *err)
{
    const char *name = flag ? flag : pipeline->data_source.driver;
    zg_driver driver = ZG_DRIVER_S3;
    if (name && strcmp(name, "https") == 0)
        driver = ZG_DRIVER_HTTPS;
    else if (name && strcmp(name, "file") == 0)
        driver = ZG_DRIVER_FILE;
    else if (flag && strcmp(flag, "s3") != 0)
        return zagg_err_set(err, ZAGG_EARG,
                            "--driver: found '%s'; must be file, s3 or https", flag);
    if (driver != ZG_DRIVER_FILE && all_are(map, driver, is_local))
        driver = ZG_DRIVER_FILE;
    else if (driver == ZG_DRIVER_S3 && !flag && all_are(map, driver, is_http))
        driver = ZG_DRIVER_HTTPS; /* maps from granules have one href each */
    *out = driver;
    return ZAGG_OK;
}

bool zagg_run_needs_net(const zagg_run_opts *opts)
{
    zg_driver driver;
    return zagg_url_is_remote(opts->store) ||
           (zg_driver_choose(opts->driver, opts->pipeline, opts->map, &driver, NULL) ==
                ZAGG_OK &&
            driver != ZG_DRIVER_FILE);
}
