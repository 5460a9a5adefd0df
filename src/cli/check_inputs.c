/* Of zagg check: config, shard map, and a granule. */
#include "cli/check.h"
#include "cli/cli.h"
#include "cli/store_args.h"
#include "run/run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void say(check *c, const char *what, const char *fmt, ...) ZAGG_PRINTF(3, 4);

static void say(check *c, const char *what, const char *fmt, ...)
{
    char text[1024];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    check_ok(c, what, text);
}

/* ---- config ---- */

static zagg_status load_config(check *c, zagg_err *err)
{
    zagg_store_plan *plan = NULL;
    ZAGG_TRY(zagg_pipeline_load(c->config, c->log, &c->pipeline, err));
    ZAGG_TRY(zagg_pipeline_check_runnable(c->pipeline, err));
    ZAGG_TRY(zagg_grid_from_pipeline(c->pipeline, c->latitude, &c->grid, err));
    ZAGG_TRY(zagg_worker_new(c->pipeline, c->grid, &c->worker, err));
    ZAGG_TRY(zagg_store_plan_new(c->pipeline, c->grid, &plan, err));
    zagg_store_plan_free(plan);
    return ZAGG_OK;
}

void check_config(check *c)
{
    zagg_err err = ZAGG_ERR_INIT;
    if (c->config == NULL)
        return;
    const zagg_status status = load_config(c, &err);
    if (status != ZAGG_OK) {
        check_failed(c, "config", cli_load_code(status), &err);
        return;
    }
    const zagg_pipeline *p = c->pipeline;
    say(c, "config", "%s: %s grid, %zu groups a granule", c->config,
        p->output.grid_type ? p->output.grid_type : "healpix", p->data_source.n_groups);
    if (c->catalog == NULL)
        c->catalog = p->catalog;
    if (c->store != NULL || p->output.store != NULL)
        (void)cli_run_store(c->store, p, &c->store_path, NULL);
}

/* ---- catalog ---- */

static size_t count_granules(const zagg_shardmap *map)
{
    size_t n = 0;
    for (size_t i = 0; i < map->n_shards; i++)
        n += map->shards[i].n_granules;
    return n;
}

/* The map's latitude may be another than the config's alone: so is the grid then. */
static void check_latitude(check *c)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_latitude asked = c->latitude;
    const zagg_status status =
        zagg_run_latitude(c->pipeline, c->map, c->latitude_given ? &asked : NULL, c->log,
                          &c->latitude, &err);
    if (status == ZAGG_OK)
        check_ok(c, "latitude", zagg_latitude_name(c->latitude));
    else
        check_failed(c, "latitude", cli_load_code(status), &err);
}

static void check_signature(check *c)
{
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_status status = zagg_run_check_signature(c->grid, c->map, &err);
    if (status == ZAGG_OK)
        check_ok(c, "grid", "the catalog was made for that of the config");
    else
        check_failed(c, "grid", cli_load_code(status), &err);
}

void check_catalog(check *c)
{
    zagg_err err = ZAGG_ERR_INIT;
    if (c->catalog == NULL)
        return;
    const zagg_status status = zagg_shardmap_load(c->catalog, &c->map, &err);
    if (status != ZAGG_OK) {
        check_failed(c, "catalog", cli_load_code(status), &err);
        return;
    }
    say(c, "catalog",
        "%s: %zu shards that read %zu granules, each counted for its shards", c->catalog,
        c->map->n_shards, count_granules(c->map));
    if (c->worker == NULL)
        return;
    check_latitude(c);
    check_signature(c);
}

/* ---- granule ---- */

zagg_status check_open_net(check *c, zagg_err *err)
{
    if (c->net != NULL)
        return ZAGG_OK;
    c->net_args.opts.log = c->log;
    if (c->pipeline != NULL)
        net_args_of_config(&c->net_args, c->pipeline);
    return net_args_open(&c->net_args, &c->net, err);
}

/* The first one that a run would read, or NULL. */
static const char *first_granule(const zagg_shardmap *map, zg_driver driver)
{
    for (size_t i = 0; i < map->n_shards; i++)
        for (size_t g = 0; g < map->shards[i].n_granules; g++) {
            const char *href = zg_granule_href(map->shards[i].granules[g], driver);
            if (href != NULL)
                return href;
        }
    return NULL;
}

static zagg_status choose_granule(check *c, const char **href, zagg_err *err)
{
    zg_driver driver = ZG_DRIVER_S3;
    *href = c->granule;
    if (*href != NULL || c->map == NULL || c->pipeline == NULL)
        return ZAGG_OK;
    ZAGG_TRY(zg_driver_choose(c->driver, c->pipeline, c->map, &driver, err));
    *href = first_granule(c->map, driver);
    if (*href == NULL && c->map->n_shards > 0)
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "%s: no granule has an address for the driver %s; --driver "
                            "chooses another",
                            c->map->name, zg_driver_name(driver));
    return ZAGG_OK;
}

/* Its beginning, where an HDF5 file describes itself. */
static zagg_status read_granule(check *c, const char *href, uint64_t *size, zagg_err *err)
{
    zagg_source *source = NULL;
    zagg_h5 *file = NULL;
    if (zagg_url_is_remote(href) && (c->driver == NULL || strcmp(c->driver, "file") != 0))
        ZAGG_TRY(check_open_net(c, err));
    ZAGG_TRY(zg_granule_open(c->net, href, &source, err));
    *size = zagg_source_size(source);
    const zagg_status status = zagg_h5_open(source, NULL, &file, err);
    if (status == ZAGG_OK)
        zagg_h5_close(file);
    zagg_source_close(source);
    return status;
}

int check_remote_code(zagg_status status)
{
    return status == ZAGG_EIO ? EXIT_NETWORK : cli_exit_code(status);
}

void check_granule(check *c)
{
    zagg_err err = ZAGG_ERR_INIT;
    const char *href = NULL;
    uint64_t size = 0;
    char bytes[32];
    zagg_status status = choose_granule(c, &href, &err);
    if (status == ZAGG_OK && href == NULL)
        return;
    const double start = zg_clock_mono_s();
    if (status == ZAGG_OK)
        status = read_granule(c, href, &size, &err);
    const bool remote = href != NULL && zagg_url_is_remote(href);
    if (status == ZAGG_OK)
        say(c, "granule", "%.*s: %s, opened in %.0f ms", (int)strcspn(href, "?#"), href,
            cli_bytes(size, bytes), (zg_clock_mono_s() - start) * 1e3);
    else
        check_failed(c, "granule",
                     remote ? check_remote_code(status) : cli_exit_code(status), &err);
}
