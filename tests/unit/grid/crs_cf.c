/* CF grid mappings: what each common system says, and that its text is that system. */
#include "grid/crs_cf.h"

#include "base/base.h"
#include "grid/crs.h"
#include "support/support.h"

#include <math.h>
#include <proj.h>
#include <string.h>

typedef struct expected {
    const char *crs, *mapping;
    struct {
        const char *name;
        double value;
    } attrs[6];
} expected;

static const expected CASES[] = {
    {"EPSG:4326", "latitude_longitude", {{"semi_major_axis", 6378137.0}}},
    {"OGC:CRS84", "latitude_longitude", {{"inverse_flattening", 298.257223563}}},
    {"EPSG:32618",
     "transverse_mercator",
     {{"longitude_of_central_meridian", -75.0},
      {"latitude_of_projection_origin", 0.0},
      {"scale_factor_at_central_meridian", 0.9996},
      {"false_easting", 500000.0},
      {"false_northing", 0.0}}},
    {"EPSG:32760",
     "transverse_mercator",
     {{"longitude_of_central_meridian", 177.0}, {"false_northing", 10000000.0}}},
    {"EPSG:3031",
     "polar_stereographic",
     {{"standard_parallel", -71.0},
      {"latitude_of_projection_origin", -90.0},
      {"straight_vertical_longitude_from_pole", 0.0}}},
    {"EPSG:3413",
     "polar_stereographic",
     {{"standard_parallel", 70.0},
      {"latitude_of_projection_origin", 90.0},
      {"straight_vertical_longitude_from_pole", -45.0}}},
    {"EPSG:5042",
     "polar_stereographic",
     {{"scale_factor_at_projection_origin", 0.994}, {"false_easting", 2000000.0}}},
    {"EPSG:6931",
     "lambert_azimuthal_equal_area",
     {{"latitude_of_projection_origin", 90.0}, {"longitude_of_projection_origin", 0.0}}},
    {"EPSG:6933",
     "lambert_cylindrical_equal_area",
     {{"standard_parallel", 30.0}, {"longitude_of_central_meridian", 0.0}}},
    {"EPSG:3395", "mercator", {{"scale_factor_at_projection_origin", 1.0}}},
    {"EPSG:3857", NULL, {{"semi_major_axis", 6378137.0}}},
    {"EPSG:4087", NULL, {{"semi_major_axis", 6378137.0}}},
    {"+proj=utm +zone=33 +datum=WGS84",
     "transverse_mercator",
     {{"longitude_of_central_meridian", 15.0}}},
    {"+proj=aea +lat_1=29.5 +lat_2=45.5 +lat_0=23 +lon_0=-96 +x_0=5 +datum=WGS84",
     "albers_conical_equal_area",
     {{"standard_parallel", 29.5},
      {"latitude_of_projection_origin", 23.0},
      {"longitude_of_central_meridian", -96.0},
      {"false_easting", 5.0}}},
};

static const zg_crs_cf_attr *find(const zg_crs_cf *cf, const char *name)
{
    for (size_t k = 0; k < cf->n_attrs; k++)
        if (strcmp(cf->attrs[k].name, name) == 0)
            return &cf->attrs[k];
    static const zg_crs_cf_attr none = {.values = {-1e300, -1e300}};
    fail_msg("no attribute %s", name);
    return &none;
}

static void mappings(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof CASES / sizeof CASES[0]; k++) {
        const expected *e = &CASES[k];
        zg_crs_cf cf;
        zagg_err err = ZAGG_ERR_INIT;
        if (zg_crs_cf_of(e->crs, &cf, &err) != ZAGG_OK)
            fail_msg("%s: %s", e->crs, err.msg);
        assert_true((cf.mapping == NULL) == (e->mapping == NULL));
        if (cf.mapping != NULL)
            assert_string_equal(cf.mapping, e->mapping);
        assert_true(cf.geographic || cf.metres_per_unit == 1.0);
        for (size_t i = 0; i < 6 && e->attrs[i].name != NULL; i++) {
            const zg_crs_cf_attr *a = find(&cf, e->attrs[i].name);
            if (fabs(a->values[0] - e->attrs[i].value) > 1e-12)
                fail_msg("%s: %s is %.17g", e->crs, a->name, a->values[0]);
        }
        zg_crs_cf_clear(&cf);
        zg_crs_cf_clear(&cf); /* twice is fine */
    }
}

static void two_parallels_and_feet(void **state)
{
    (void)state;
    zg_crs_cf cf;
    zagg_err err = ZAGG_ERR_INIT;
    assert_int_equal(zg_crs_cf_of("+proj=lcc +lat_1=33 +lat_2=45 +lat_0=39 +lon_0=-96 "
                                  "+x_0=609601.2192024384 +units=us-ft +datum=WGS84",
                                  &cf, &err),
                     ZAGG_OK);
    const zg_crs_cf_attr *a = find(&cf, "standard_parallel");
    assert_true(a->n_values == 2 && a->values[0] == 33.0 && a->values[1] == 45.0);
    assert_true(fabs(cf.metres_per_unit - 1200.0 / 3937.0) < 1e-15);
    assert_true(fabs(find(&cf, "false_easting")->values[0] - 2000000.0) < 1e-6);
    zg_crs_cf_clear(&cf);
    assert_int_equal(zg_crs_cf_of("nonsense", &cf, &err), ZAGG_ECONFIG);
    assert_int_equal(zg_crs_cf_of("+init=x:y", &cf, &err), ZAGG_EUNSUPPORTED);
}

/* The text means the system of that number: PROJ says so, with its database and without.
 */
static void texts_are_the_systems(void **state)
{
    (void)state;
    static const char *const OPTIONS[] = {"MULTILINE=NO", NULL};
    PJ_CONTEXT *ctx = proj_context_create();
    const bool database =
        proj_context_get_database_metadata(ctx, "DATABASE.LAYOUT.VERSION.MAJOR") != NULL;
    size_t seen = 0;
    for (int code = 0; code < 40000; code++) {
        char name[32];
        zg_crs_known known;
        (void)snprintf(name, sizeof name, code == 0 ? "OGC:CRS84" : "EPSG:%d", code);
        if (!zg_crs_find_known(name, &known))
            continue;
        seen++;
        char *wkt = zg_crs_known_wkt(&known);
        PJ *ours = proj_create(ctx, wkt);
        assert_non_null(ours);
        assert_string_equal(proj_get_name(ours), known.name);
        if (code != 3857) /* whose conversion PROJ renames */
            assert_string_equal(proj_as_wkt(ctx, ours, PJ_WKT2_2019, OPTIONS), wkt);
        if (database) {
            PJ *theirs = proj_create(ctx, name);
            assert_non_null(theirs);
            assert_string_equal(proj_get_name(theirs), known.name);
            if (!proj_is_equivalent_to_with_ctx(ctx, ours, theirs, PJ_COMP_EQUIVALENT))
                fail_msg("%s is another system in PROJ's database", name);
            proj_destroy(theirs);
        }
        proj_destroy(ours);
        zg_free(wkt);
    }
    proj_context_destroy(ctx);
    assert_int_equal(seen, 120 + 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mappings),
        cmocka_unit_test(two_parallels_and_feet),
        cmocka_unit_test(texts_are_the_systems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
