/* Where a shard is, so that granules can be made over it:
 *
 *     shard_middle CONFIG KEY [authalic|geodetic]
 *
 * prints the latitude and longitude (geodetic degrees) of the middle of shard KEY of the
 * grid of a pipeline config. Exit code 1, with one line of text, for a config, key or
 * place that cannot be. */
#include "grid/grid.h"
#include "zagg/config.h"
#include "zagg/core.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static zagg_status parse_key(const char *text, uint64_t *out, zagg_err *err)
{
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || strchr(text, '-') != NULL)
        return zagg_err_set(err, ZAGG_EARG, "'%s' is not a shard key", text);
    return ZAGG_OK;
}

static zagg_status parse_latitude(const char *text, zagg_latitude *out, zagg_err *err)
{
    if (text != NULL && !zagg_latitude_parse(text, out))
        return zagg_err_set(err, ZAGG_EARG, "'%s' is neither authalic nor geodetic",
                            text);
    return ZAGG_OK;
}

/* Rows are counted from the north edge, columns from the west one. */
static void middle_of_tile(const zagg_grid *grid, const zagg_shard *shard,
                           double *lat_deg, double *lon_deg)
{
    const zagg_grid_info *g = &grid->info;
    const double rows = (double)g->shard_shape[0], columns = (double)g->shard_shape[1];
    const double x =
        g->bounds[0] + ((double)shard->block[1] + 0.5) * columns * g->resolution[0];
    const double y =
        g->bounds[3] - ((double)shard->block[0] + 0.5) * rows * g->resolution[1];
    zg_proj_inverse(grid->proj, &x, &y, 1, lon_deg, lat_deg);
}

static zagg_status middle(const zagg_grid *grid, uint64_t key, double *lat_deg,
                          double *lon_deg, zagg_err *err)
{
    zagg_shard shard;
    uint64_t found;
    bool none;
    ZAGG_TRY(zagg_grid_shard(grid, key, &shard, err));
    if (grid->info.kind == ZAGG_GRID_HEALPIX)
        zagg_geo_centre(zagg_word_nested(key), grid->info.parent_order,
                        grid->info.latitude, lat_deg, lon_deg);
    else
        middle_of_tile(grid, &shard, lat_deg, lon_deg);
    if (*lon_deg > 180.0)
        *lon_deg -= 360.0;
    zagg_grid_shard_keys(grid, lat_deg, lon_deg, 1, &found, &none);
    if (none || found != key)
        return zagg_err_set(err, ZAGG_EINTERNAL,
                            "the middle of shard %llu, %.9f %.9f, is"
                            " not in it",
                            (unsigned long long)key, *lat_deg, *lon_deg);
    return ZAGG_OK;
}

static zagg_status print_middle(const char *config, const char *key_text,
                                const char *latitude_text, zagg_err *err)
{
    zagg_pipeline *pipeline = NULL;
    zagg_grid *grid = NULL;
    zagg_latitude latitude = ZAGG_LATITUDE_AUTHALIC;
    uint64_t key;
    double lat_deg, lon_deg;
    ZAGG_TRY(parse_key(key_text, &key, err));
    ZAGG_TRY(parse_latitude(latitude_text, &latitude, err));
    ZAGG_TRY(zagg_pipeline_load(config, NULL, &pipeline, err));
    zagg_status s = zagg_grid_from_pipeline(pipeline, latitude, &grid, err);
    if (s == ZAGG_OK)
        s = middle(grid, key, &lat_deg, &lon_deg, err);
    if (s == ZAGG_OK)
        printf("%.9f %.9f\n", lat_deg, lon_deg);
    zagg_grid_free(grid);
    zagg_pipeline_free(pipeline);
    return s;
}

int main(int argc, char **argv)
{
    zagg_err err = ZAGG_ERR_INIT;
    if (argc < 3 || argc > 4) {
        fputs("usage: shard_middle CONFIG KEY [authalic|geodetic]\n", stderr);
        return 2;
    }
    if (print_middle(argv[1], argv[2], argc == 4 ? argv[3] : NULL, &err) != ZAGG_OK) {
        fprintf(stderr, "shard_middle: %s\n", err.msg);
        return 1;
    }
    return 0;
}
