/* Areas of interest on small grids, where one can count. */
#include "grid/aoi.h"

#include "support/support.h"

#include <math.h>
#include <string.h>

static zagg_grid *degrees(void)
{
    zagg_grid *grid = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_rectilinear_spec spec = {.crs = "EPSG:4326",
                                        .resolution = {1, 1},
                                        .bounds = {0, 0, 12, 8},
                                        .chunk_shape = {4, 6}};
    if (zagg_grid_new_rectilinear(&spec, &grid, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return grid;
}

static zagg_grid *utm(void)
{
    zagg_grid *grid = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    const zagg_rectilinear_spec spec = {.crs = "EPSG:32618",
                                        .resolution = {1000, 1000},
                                        .bounds = {0, 4000000, 1000000, 5000000},
                                        .chunk_shape = {1000, 1000}};
    if (zagg_grid_new_rectilinear(&spec, &grid, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return grid;
}

static zagg_aoi *area(const zagg_grid *grid, const zagg_ring *rings, size_t n)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_aoi *aoi = NULL;
    if (zagg_aoi_new(grid, rings, n, &aoi, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    return aoi;
}

static void expect(const zagg_aoi *aoi, uint64_t key, const uint64_t *ids, size_t n)
{
    zagg_words out;
    assert_int_equal(zagg_aoi_shard(aoi, key, &out, NULL), ZAGG_OK);
    assert_int_equal(out.n, n);
    assert_true(n == 0 || memcmp(out.words, ids, 8 * n) == 0);
    zagg_words_free(&out);
}

/* Centres at half degrees; row 0 is the top, of latitudes 7 to 8. */
static void centres_decide(void **state)
{
    (void)state;
    zagg_grid *grid = degrees();
    static const double lat[] = {3.6, 3.6, 5.6, 5.6}, lon[] = {4.4, 6.6, 6.6, 4.4};
    const zagg_ring ring = {lat, lon, 4};
    zagg_aoi *aoi = area(grid, &ring, 1);
    static const uint64_t left[] = {2 * 12 + 4, 2 * 12 + 5, 3 * 12 + 4, 3 * 12 + 5};
    static const uint64_t right[] = {2 * 12 + 6, 3 * 12 + 6};
    expect(aoi, 0, left, 4);
    expect(aoi, 1, right, 2);
    expect(aoi, 2, NULL, 0);
    zagg_aoi_free(aoi);
    /* a centre on the outline is not inside */
    static const double on_lat[] = {5.5, 5.5, 7.5, 7.5}, on_lon[] = {0.5, 3.5, 3.5, 0.5};
    const zagg_ring on = {on_lat, on_lon, 4};
    aoi = area(grid, &on, 1);
    static const uint64_t strict[] = {12 + 1, 12 + 2};
    expect(aoi, 0, strict, 2);
    zagg_aoi_free(aoi);
    zagg_grid_free(grid);
}

static void rings_are_even_odd(void **state)
{
    (void)state;
    zagg_grid *grid = degrees();
    static const double lat[] = {4, 4, 8, 8, 4}, lon[] = {0, 6, 6, 0, 0};
    static const double hole_lat[] = {5, 7, 7, 5}, hole_lon[] = {1, 1, 5, 5};
    const zagg_ring rings[] = {{lat, lon, 5}, {hole_lat, hole_lon, 4}};
    zagg_aoi *aoi = area(grid, rings, 2);
    uint64_t ids[24];
    size_t n = 0;
    for (uint64_t row = 0; row < 4; row++)
        for (uint64_t column = 0; column < 6; column++)
            if (row == 0 || row == 3 || column == 0 || column == 5)
                ids[n++] = row * 12 + column;
    expect(aoi, 0, ids, n);
    zagg_aoi_free(aoi);
    zagg_grid_free(grid);
}

/* A parallel is curved in UTM: only steps along it keep its cells in place. */
static void edges_are_followed(void **state)
{
    (void)state;
    zagg_grid *grid = utm();
    static const double lat[] = {38, 38, 41, 41}, lon[] = {-78, -72, -72, -78};
    const zagg_ring ring = {lat, lon, 4};
    zagg_aoi *aoi = area(grid, &ring, 1);
    zagg_words out;
    assert_int_equal(zagg_aoi_shard(aoi, 0, &out, NULL), ZAGG_OK);
    for (size_t i = 1; i < out.n; i++)
        assert_true(out.words[i - 1] < out.words[i]);
    /* 2 km on either side of the lower parallel, whose chord lies 4 km to the north */
    const double lats[] = {38.02, 37.98}, lons[] = {-75.0, -75.0};
    uint64_t near[2];
    bool found[2] = {false, false};
    zagg_grid_leaf_ids(grid, lats, lons, 2, near);
    for (size_t i = 0; i < out.n; i++)
        for (size_t k = 0; k < 2; k++)
            found[k] |= out.words[i] == near[k];
    assert_true(found[0] && !found[1]);
    /* square kilometres between the parallels, on the sphere of equal area */
    const double radius = 6371.0071809, degree = 0.017453292519943295;
    const double high = sin(zagg_geo_authalic_from_geodetic_deg(41.0) * degree);
    const double low = sin(zagg_geo_authalic_from_geodetic_deg(38.0) * degree);
    const double expected = radius * radius * 6.0 * degree * (high - low);
    print_message("%zu cells, %.0f km2\n", out.n, expected);
    assert_true(fabs((double)out.n - expected) < 0.001 * expected);
    zagg_words_free(&out);
    zagg_aoi_free(aoi);
    zagg_grid_free(grid);
}

static void healpix(void **state)
{
    (void)state;
    zagg_grid *grid = NULL;
    const zagg_healpix_spec spec = {4, 8, -1, false, ZAGG_LATITUDE_AUTHALIC};
    assert_int_equal(zagg_grid_new_healpix(&spec, &grid, NULL), ZAGG_OK);
    static const double lat[] = {10, 10, 40, 40}, lon[] = {10, 50, 50, 10};
    const zagg_ring ring = {lat, lon, 4};
    const zagg_cover_opts flat = {.flat = true};
    zagg_aoi *aoi = area(grid, &ring, 1);
    zagg_words shards, cover, out, sum = {NULL, 0};
    size_t whole = 0;
    assert_int_equal(zagg_cover_polygon(&ring, 1, 4, &flat, &shards, NULL), ZAGG_OK);
    assert_int_equal(zagg_cover_polygon(&ring, 1, 8, NULL, &cover, NULL), ZAGG_OK);
    for (size_t i = 0; i < shards.n; i++) {
        assert_int_equal(zagg_aoi_shard(aoi, shards.words[i], &out, NULL), ZAGG_OK);
        assert_true(out.n > 0);
        whole += out.n == 1 && out.words[0] == shards.words[i];
        zagg_words joined;
        assert_int_equal(zagg_moc_or(sum.words, sum.n, out.words, out.n, &joined, NULL),
                         ZAGG_OK);
        zagg_words_free(&sum);
        zagg_words_free(&out);
        sum = joined;
    }
    assert_in_range(whole, 10, shards.n);
    assert_int_equal(sum.n, cover.n);
    assert_memory_equal(sum.words, cover.words, 8 * cover.n);
    expect(aoi, zagg_word_from_nested(0, 4), NULL, 0);
    zagg_words_free(&sum);
    zagg_words_free(&shards);
    zagg_words_free(&cover);
    zagg_aoi_free(aoi);
    zagg_grid_free(grid);
}

static void refuse(const zagg_grid *grid, const zagg_ring *ring, zagg_status want,
                   const char *part)
{
    zagg_err err = ZAGG_ERR_INIT;
    zagg_aoi *aoi = NULL;
    assert_int_equal(zagg_aoi_new(grid, ring, 1, &aoi, &err), want);
    assert_null(aoi);
    assert_non_null(strstr(err.msg, part));
}

static void bad_input(void **state)
{
    (void)state;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_grid *grid = utm();
    double lat[] = {38, 38, 41, 41}, lon[] = {-78, -72, -72, -78};
    zagg_ring ring = {lat, lon, 2};
    refuse(grid, &ring, ZAGG_EARG, "at least 3 vertices");
    ring.n = 4;
    lon[1] = NAN;
    refuse(grid, &ring, ZAGG_EARG, "NaN");
    lon[1] = INFINITY;
    refuse(grid, &ring, ZAGG_EARG, "infinity");
    lon[1] = -72;
    lat[0] = lat[1] = 38;
    lat[2] = lat[3] = 38 + 1e-16;
    lat[3] = 38.00000000000001;
    refuse(grid, &ring, ZAGG_ERANGE, "too thin");
    /* vertices without a place in the plane are left out */
    lat[2] = 41;
    lat[3] = 95;
    zagg_aoi *aoi = area(grid, &ring, 1);
    zagg_words out = {NULL, 77};
    assert_int_equal(zagg_aoi_shard(aoi, 1, &out, &err), ZAGG_ECONFIG);
    assert_int_equal(out.n, 77);
    assert_int_equal(zagg_aoi_shard(aoi, 0, &out, &err), ZAGG_OK);
    assert_true(out.n > 1000);
    zagg_words_free(&out);
    zagg_aoi_free(aoi);
    aoi = area(grid, NULL, 0);
    expect(aoi, 0, NULL, 0);
    zagg_aoi_free(aoi);
    zagg_aoi_free(NULL);
    zagg_grid_free(grid);
}

static void memory_may_lack(void **state)
{
    (void)state;
    zagg_grid *grid = degrees();
    static const double lat[] = {3.6, 3.6, 5.6, 5.6}, lon[] = {4.4, 6.6, 6.6, 4.4};
    const zagg_ring ring = {lat, lon, 4};
    zagg_status status = ZAGG_ENOMEM;
    int64_t nth = 0;
    while (status == ZAGG_ENOMEM) {
        zagg_aoi *aoi = NULL;
        zagg_words out = {NULL, 0};
        zg_alloc_fail_nth(++nth);
        status = zagg_aoi_new(grid, &ring, 1, &aoi, NULL);
        if (status == ZAGG_OK)
            status = zagg_aoi_shard(aoi, 0, &out, NULL);
        zg_alloc_fail_nth(0);
        zagg_words_free(&out);
        zagg_aoi_free(aoi);
    }
    assert_int_equal(status, ZAGG_OK);
    assert_in_range(nth, 5, 40);
    zagg_grid_free(grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(centres_decide),     cmocka_unit_test(rings_are_even_odd),
        cmocka_unit_test(edges_are_followed), cmocka_unit_test(healpix),
        cmocka_unit_test(bad_input),          cmocka_unit_test(memory_may_lack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
