#include "read_test.h"

#include <stdio.h>
#include <string.h>

static const char GRID[] = "{\"type\": \"rectilinear\", \"crs\": \"EPSG:4326\","
                           " \"resolution\": 1, \"bounds\": [0, 0, 8, 8],"
                           " \"chunk_shape\": [2, 2]}";

beam beam_new(void)
{
    beam b = {.n_photons = N_PHOTONS,
              .chunk_rows = 5,
              .coordinates = ZAGG_DT_F64,
              .links = ZAGG_DT_I64};
    for (int i = 0; i < N_PHOTONS; i++) {
        b.lat[i] = 7.5;
        b.lon[i] = i == 5 ? 2.1 : i / 3 + 0.3 + 0.1 * (i % 3);
        b.h[i] = (float)(100 + i);
        b.quality[i] = (int8_t)(i % 4);
    }
    for (int s = 0; s < N_SEGMENTS; s++) {
        b.seg_lat[s] = 7.5;
        b.seg_lon[s] = s + 0.4;
        b.index_beg[s] = 3 * s + 1;
        b.count[s] = 3;
        b.dem[s] = (float)(10 * s + 10);
        b.flag[s] = (int8_t)(s + 1);
    }
    return b;
}

static void put(granule_file *file, const char *group, const char *name, zagg_dtype dtype,
                granule_shape shape, const void *data)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/%s/%s", group, name);
    granule_put(file, path, dtype, shape, data);
}

#define STORE(T, from)                                                                   \
    for (size_t i = 0; i < shape.rows; i++)                                              \
    ((T *)out)[i] = (T)((from)[i])

/* Link records in any integer type. */
static void put_links(granule_file *file, const char *group, zagg_dtype dtype,
                      granule_shape shape, const int64_t *v)
{
    uint64_t out[N_SEGMENTS];
    if (dtype == ZAGG_DT_I8 || dtype == ZAGG_DT_U8)
        STORE(int8_t, v);
    else if (dtype == ZAGG_DT_I16 || dtype == ZAGG_DT_U16)
        STORE(int16_t, v);
    else if (dtype == ZAGG_DT_I32 || dtype == ZAGG_DT_U32)
        STORE(int32_t, v);
    else if (dtype == ZAGG_DT_F32)
        STORE(float, v);
    else
        STORE(int64_t, v);
    put(file, group, "geo/beg", dtype, shape, out);
}

static void put_coordinate(granule_file *file, const char *group, const char *name,
                           zagg_dtype dtype, granule_shape shape, const double *v)
{
    double out[N_PHOTONS];
    if (dtype == ZAGG_DT_F32)
        STORE(float, v);
    else if (dtype == ZAGG_DT_I32)
        STORE(int32_t, v);
    else
        STORE(double, v);
    put(file, group, name, dtype, shape, out);
}

void beam_write(const beam *b, granule_file *file, const char *group)
{
    const granule_shape photons = {b->n_photons, 0, b->chunk_rows};
    const granule_shape segments = {N_SEGMENTS, 0, b->chunk_rows};
    put_coordinate(file, group, "heights/lat", b->coordinates, photons, b->lat);
    put_coordinate(file, group, "heights/lon", b->coordinates, photons, b->lon);
    put(file, group, "heights/h", ZAGG_DT_F32, photons, b->h);
    put(file, group, "heights/quality", ZAGG_DT_I8, photons, b->quality);
    put_coordinate(file, group, "geo/lat", b->coordinates, segments, b->seg_lat);
    put_coordinate(file, group, "geo/lon", b->coordinates, segments, b->seg_lon);
    put_links(file, group, b->links, segments, b->index_beg);
    put(file, group, "geo/cnt", ZAGG_DT_I32, segments, b->count);
    put(file, group, "geo/dem", ZAGG_DT_F32, segments, b->dem);
    put(file, group, "geo/flag", ZAGG_DT_I8, segments, b->flag);
}

core_case config_case(zagg_arena *arena, const config_parts *parts)
{
    char source[2048];
    core_case c;
    zagg_err err = ZAGG_ERR_INIT;
    const int n = snprintf(
        source, sizeof source,
        "{\"groups\": [\"gt1l\", \"gt1r\"], \"coordinates\": {\"latitude\":"
        " \"/{group}/heights/lat\", \"longitude\": \"/{group}/heights/lon\"},"
        " \"variables\": {\"h\": \"/{group}/heights/h\", \"quality\":"
        " \"/{group}/heights/quality\"}, \"base_level\": \"photons\", \"levels\":"
        " {\"photons\": {\"path\": \"/{group}/heights\", \"link\": null}, \"segments\":"
        " {\"path\": \"/{group}/geo\", \"coordinates\": {\"latitude\": \"lat\","
        " \"longitude\": \"lon\"}, \"link\": {\"to\": \"photons\", \"index_beg\":"
        " \"/{group}/geo/beg\", \"count\": \"/{group}/geo/cnt\", \"index_base\": 1},"
        " \"variables\": %s}}, \"read_plan\": %s, \"filters\": %s}",
        parts->segment_variables ? parts->segment_variables : "{}",
        parts->read_plan ? parts->read_plan : "{}",
        parts->filters ? parts->filters : "[]");
    assert_true(n > 0 && n < (int)sizeof source);
    const zagg_value *data_source = core_json(arena, source);
    const zagg_value *fields = parts->fields ? core_json(arena, parts->fields)
                                             : core_max_of_each(arena, data_source);
    if (core_case_new(data_source, fields, core_json(arena, GRID), &c, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return c;
}

granule_set *granule_set_new(void)
{
    granule_set *set = zg_alloc(1, sizeof *set);
    assert_non_null(set);
    assert_int_equal(zagg_arena_new(0, &set->arena, NULL), ZAGG_OK);
    set->dir = make_temp_dir();
    for (int g = 0; g < MOST_GRANULES; g++) {
        (void)snprintf(set->paths[g], sizeof set->paths[g], "%s/g%d.h5", set->dir, g);
        set->hrefs[g] = set->paths[g];
    }
    return set;
}

void granule_set_write(const granule_set *set, int number, bool both, beam b)
{
    granule_file *file = granule_create(set->paths[number]);
    for (int right = 0; right < (both ? 2 : 1); right++) {
        for (int i = 0; i < N_PHOTONS; i++)
            b.h[i] = (float)(1000 * number + 100 * right + i);
        beam_write(&b, file, right ? "gt1r" : "gt1l");
    }
    granule_close(file);
}

void granule_set_free(granule_set *set)
{
    zagg_arena_free(set->arena);
    remove_tree(set->dir);
    zg_free(set->dir);
    zg_free(set);
}
