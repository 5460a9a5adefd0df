/* Do a shard map, a config and a latitude convention belong together? */
#include "grid/signature.h"

#include "run/run.h"
#include "text/text.h"

#include <string.h>

static zagg_status compare(const zagg_value *ours, const zagg_shardmap *map,
                           zagg_err *err)
{
    for (size_t i = 0; i < ours->n; i++) {
        const char *key = ours->members[i].key->str;
        const zagg_value *theirs = zagg_value_get(map->grid_signature, key);
        if (theirs && zagg_value_equal(ours->members[i].value, theirs))
            continue;
        zg_str a, b;
        const zg_json_style style = {-1, false, false};
        zg_str_init(&a, 256);
        zg_str_init(&b, 256);
        const bool told =
            zg_json_write(&a, ours->members[i].value, style, NULL) == ZAGG_OK && theirs &&
            zg_json_write(&b, theirs, style, NULL) == ZAGG_OK;
        zagg_err_set(
            err, ZAGG_ECONFIG,
            "%s: the shard map was made for another grid: %s is %s there and %s in "
            "the config; build the map again for this config",
            map->name, key, told ? b.data : "missing", a.data);
        zg_str_free(&a);
        zg_str_free(&b);
        return ZAGG_ECONFIG;
    }
    return ZAGG_OK;
}

zagg_status zagg_run_check_signature(const zagg_grid *grid, const zagg_shardmap *map,
                                     zagg_err *err)
{
    zagg_arena *arena;
    const zagg_value *ours;
    if (!map->grid_signature)
        return ZAGG_OK;
    ZAGG_TRY(zagg_arena_new(0, &arena, err));
    zagg_status status = zg_grid_signature(grid, arena, &ours, err);
    if (status == ZAGG_OK)
        status = compare(ours, map, err);
    zagg_arena_free(arena);
    return status;
}

zagg_status zagg_run_latitude(const zagg_pipeline *pipeline, const zagg_shardmap *map,
                              const zagg_latitude *asked, zagg_log *log,
                              zagg_latitude *out, zagg_err *err)
{
    const zagg_output *o = &pipeline->output;
    const char *by = asked               ? "--latitude"
                     : o->latitude_given ? "output.grid.latitude"
                                         : NULL;
    zagg_latitude want = asked ? *asked : o->latitude;
    if (!by && o->compat == ZAGG_COMPAT_0_11) {
        by = "output.compat";
        want = ZAGG_LATITUDE_GEODETIC;
    }
    const bool healpix = o->grid_type && strcmp(o->grid_type, "healpix") == 0;
    *out = by ? want : ZAGG_LATITUDE_AUTHALIC;
    if (!healpix || !map)
        return ZAGG_OK;
    switch (map->latitude) {
    case ZAGG_MAP_LATITUDE_AUTHALIC:
    case ZAGG_MAP_LATITUDE_GEODETIC: {
        const zagg_latitude token = map->latitude == ZAGG_MAP_LATITUDE_GEODETIC
                                        ? ZAGG_LATITUDE_GEODETIC
                                        : ZAGG_LATITUDE_AUTHALIC;
        if (by && want != token)
            return zagg_err_set(
                err, ZAGG_ECONFIG,
                "%s: the shard map's keys are %s cells, but %s asks for %s; "
                "build the map again or drop the request",
                map->name, zagg_latitude_name(token), by, zagg_latitude_name(want));
        *out = token;
        return ZAGG_OK;
    }
    case ZAGG_MAP_LATITUDE_LEGACY:
        if (!by || want != ZAGG_LATITUDE_GEODETIC)
            return zagg_err_set(
                err, ZAGG_ECONFIG,
                "%s: the shard map comes from a version that used geodetic "
                "latitude (metadata.mortie_order without granules_assigned); "
                "add --latitude geodetic, or build the map again",
                map->name);
        return ZAGG_OK;
    case ZAGG_MAP_LATITUDE_UNKNOWN:
        if (!by)
            zagg_log_write(
                log, ZAGG_LOG_WARN,
                "%s: the shard map does not say which latitude its keys were made "
                "with; taking %s (--latitude decides)",
                map->name, zagg_latitude_name(*out));
        return ZAGG_OK;
    }
    return ZAGG_OK;
}
