/* CF grid mappings (CF conventions 1.11, appendix F): names and parameters of a method as
 * PROJ tells them, by the numbers that the EPSG dataset gives them. */
#include "grid/crs_cf.h"

#include "base/base.h"
#include "grid/crs.h"
#include "grid/proj_context.h"

#include <stdlib.h>
#include <string.h>

#define DEGREES_PER_RADIAN (180.0 / 3.14159265358979323846)

/* What a parameter is called by CF. Angles become degrees, lengths units of the axes. */
typedef struct cf_param {
    int code;
    const char *name;
    bool second; /* of a pair: the other value of the attribute before */
} cf_param;

typedef struct cf_method {
    int code;
    const char *mapping;
    cf_param params[8]; /* ends with code 0 */
} cf_method;

#define LAT_ORIGIN "latitude_of_projection_origin"
#define LON_ORIGIN "longitude_of_projection_origin"
#define LON_CENTRE "longitude_of_central_meridian"
#define LON_POLE "straight_vertical_longitude_from_pole"
#define SCALE_ORIGIN "scale_factor_at_projection_origin"
#define PARALLEL "standard_parallel"
#define FALSE_EASTING(code)                                                              \
    {                                                                                    \
        code, "false_easting", false                                                     \
    }
#define FALSE_NORTHING(code)                                                             \
    {                                                                                    \
        code, "false_northing", false                                                    \
    }

static const cf_method METHODS[] = {
    {9807,
     "transverse_mercator",
     {{8801, LAT_ORIGIN, false},
      {8802, LON_CENTRE, false},
      {8805, "scale_factor_at_central_meridian", false},
      FALSE_EASTING(8806),
      FALSE_NORTHING(8807)}},
    {9810,
     "polar_stereographic",
     {{8801, LAT_ORIGIN, false},
      {8802, LON_POLE, false},
      {8805, SCALE_ORIGIN, false},
      FALSE_EASTING(8806),
      FALSE_NORTHING(8807)}},
    {9829,
     "polar_stereographic",
     {{8832, PARALLEL, false},
      {8833, LON_POLE, false},
      FALSE_EASTING(8806),
      FALSE_NORTHING(8807)}},
    {9809,
     "stereographic",
     {{8801, LAT_ORIGIN, false},
      {8802, LON_ORIGIN, false},
      {8805, SCALE_ORIGIN, false},
      FALSE_EASTING(8806),
      FALSE_NORTHING(8807)}},
    {9820,
     "lambert_azimuthal_equal_area",
     {{8801, LAT_ORIGIN, false},
      {8802, LON_ORIGIN, false},
      FALSE_EASTING(8806),
      FALSE_NORTHING(8807)}},
    {9835,
     "lambert_cylindrical_equal_area",
     {{8823, PARALLEL, false},
      {8802, LON_CENTRE, false},
      FALSE_EASTING(8806),
      FALSE_NORTHING(8807)}},
    {9804,
     "mercator",
     {{8802, LON_ORIGIN, false},
      {8805, SCALE_ORIGIN, false},
      FALSE_EASTING(8806),
      FALSE_NORTHING(8807)}},
    {9805,
     "mercator",
     {{8823, PARALLEL, false},
      {8802, LON_ORIGIN, false},
      FALSE_EASTING(8806),
      FALSE_NORTHING(8807)}},
    {9802,
     "lambert_conformal_conic",
     {{8823, PARALLEL, false},
      {8824, PARALLEL, true},
      {8821, LAT_ORIGIN, false},
      {8822, LON_CENTRE, false},
      FALSE_EASTING(8826),
      FALSE_NORTHING(8827)}},
    {9822,
     "albers_conical_equal_area",
     {{8823, PARALLEL, false},
      {8824, PARALLEL, true},
      {8821, LAT_ORIGIN, false},
      {8822, LON_CENTRE, false},
      FALSE_EASTING(8826),
      FALSE_NORTHING(8827)}},
    {9840,
     "orthographic",
     {{8801, LAT_ORIGIN, false},
      {8802, LON_ORIGIN, false},
      FALSE_EASTING(8806),
      FALSE_NORTHING(8807)}},
};

static zg_crs_cf_attr *push(zg_crs_cf *cf, const char *name)
{
    if (cf->n_attrs == ZG_CRS_CF_MAX)
        return NULL;
    zg_crs_cf_attr *a = &cf->attrs[cf->n_attrs++];
    *a = (zg_crs_cf_attr){.name = name};
    return a;
}

static void push_number(zg_crs_cf *cf, const char *name, double value)
{
    zg_crs_cf_attr *a = push(cf, name);
    if (a != NULL) {
        a->values[0] = value;
        a->n_values = 1;
    }
}

/* False without memory. */
static bool push_name(zg_crs_cf *cf, const char *name, const PJ *object)
{
    const char *text = object != NULL ? zg_libproj.get_name(object) : NULL;
    if (text == NULL)
        return true;
    zg_crs_cf_attr *a = push(cf, name);
    return a != NULL && (a->text = zg_strdup(text)) != NULL;
}

/* A parameter of the conversion by its EPSG number, in degrees or axis units. Degrees
 * stay what they are: no rounding by way of radians. */
static bool find_param(PJ_CONTEXT *ctx, const PJ *conversion, int code,
                       const zg_crs_cf *cf, double *out)
{
    const int n = zg_libproj.coordoperation_get_param_count(ctx, conversion);
    for (int i = 0; i < n; i++) {
        const char *text = NULL, *unit = NULL, *kind = NULL;
        double value = 0.0, factor = 1.0;
        if (!zg_libproj.coordoperation_get_param(ctx, conversion, i, NULL, NULL, &text,
                                                 &value, NULL, &factor, &unit, NULL, NULL,
                                                 &kind) ||
            text == NULL || atoi(text) != code)
            continue;
        *out = value;
        if (kind != NULL && strcmp(kind, "linear") == 0)
            *out = value * factor / cf->metres_per_unit;
        else if (kind != NULL && strcmp(kind, "angular") == 0 &&
                 (unit == NULL || strcmp(unit, "degree") != 0))
            *out = value * factor * DEGREES_PER_RADIAN;
        return true;
    }
    return false;
}

static void describe_method(PJ_CONTEXT *ctx, const PJ *conversion, zg_crs_cf *cf)
{
    const char *code = NULL;
    const cf_method *m = NULL;
    if (!zg_libproj.coordoperation_get_method_info(ctx, conversion, NULL, NULL, &code) ||
        code == NULL)
        return;
    for (size_t k = 0; k < sizeof METHODS / sizeof METHODS[0]; k++)
        if (METHODS[k].code == atoi(code))
            m = &METHODS[k];
    if (m == NULL)
        return;
    cf->mapping = m->mapping;
    for (const cf_param *p = m->params; p->code != 0; p++) {
        double value = 0.0;
        if (!find_param(ctx, conversion, p->code, cf, &value))
            continue;
        if (p->second && cf->n_attrs > 0) {
            cf->attrs[cf->n_attrs - 1].values[1] = value;
            cf->attrs[cf->n_attrs - 1].n_values = 2;
        } else {
            push_number(cf, p->name, value);
        }
        if (p->code == 8832) /* CF also wants to know which pole it is */
            push_number(cf, LAT_ORIGIN, value < 0.0 ? -90.0 : 90.0);
    }
}

static void read_units(PJ_CONTEXT *ctx, const PJ *crs, zg_crs_cf *cf)
{
    PJ *system = zg_libproj.crs_get_coordinate_system(ctx, crs);
    double factor = 1.0;
    if (system != NULL)
        (void)zg_libproj.cs_get_axis_info(ctx, system, 0, NULL, NULL, NULL, &factor, NULL,
                                          NULL, NULL);
    (void)zg_libproj.destroy(system);
    cf->metres_per_unit = factor > 0.0 ? factor : 1.0;
}

static bool describe_figure(PJ_CONTEXT *ctx, const PJ *crs, zg_crs_cf *cf)
{
    double major = 0.0, minor = 0.0, inverse = 0.0, meridian = 0.0, factor = 1.0;
    PJ *ellipsoid = zg_libproj.get_ellipsoid(ctx, crs);
    PJ *prime = zg_libproj.get_prime_meridian(ctx, crs);
    PJ *geodetic = zg_libproj.crs_get_geodetic_crs(ctx, crs);
    bool good = true;
    if (ellipsoid != NULL && zg_libproj.ellipsoid_get_parameters(
                                 ctx, ellipsoid, &major, &minor, NULL, &inverse)) {
        push_number(cf, "semi_major_axis", major);
        push_number(cf, "semi_minor_axis", minor);
        push_number(cf, "inverse_flattening", inverse);
        good = push_name(cf, "reference_ellipsoid_name", ellipsoid);
    }
    if (prime != NULL &&
        zg_libproj.prime_meridian_get_parameters(ctx, prime, &meridian, &factor, NULL)) {
        push_number(cf, "longitude_of_prime_meridian",
                    meridian == 0.0 ? 0.0 : meridian * factor * DEGREES_PER_RADIAN);
        good = push_name(cf, "prime_meridian_name", prime) && good;
    }
    PJ *datum = geodetic != NULL ? zg_libproj.crs_get_datum_forced(ctx, geodetic) : NULL;
    good = push_name(cf, "geographic_crs_name", geodetic) && good;
    good = push_name(cf, "horizontal_datum_name", datum) && good;
    (void)zg_libproj.destroy(datum);
    (void)zg_libproj.destroy(geodetic);
    (void)zg_libproj.destroy(prime);
    (void)zg_libproj.destroy(ellipsoid);
    return good;
}

/* False without memory. */
static bool describe(PJ_CONTEXT *ctx, const PJ *crs, zg_crs_cf *cf)
{
    static const char *const OPTIONS[] = {"MULTILINE=NO", NULL};
    const char *wkt = zg_libproj.as_wkt(ctx, crs, PJ_WKT2_2019, OPTIONS);
    cf->wkt = zg_strdup(wkt != NULL ? wkt : "");
    bool good = cf->wkt != NULL;
    PJ *plain = zg_proj_horizontal(ctx, zg_libproj.clone(ctx, crs));
    if (plain == NULL)
        return false;
    good = describe_figure(ctx, plain, cf) && good;
    cf->geographic = zg_libproj.get_type(plain) != PJ_TYPE_PROJECTED_CRS;
    if (cf->geographic) {
        cf->mapping = "latitude_longitude";
    } else {
        PJ *conversion = zg_libproj.crs_get_coordoperation(ctx, plain);
        read_units(ctx, plain, cf);
        good = push_name(cf, "projected_crs_name", plain) && good;
        if (conversion != NULL)
            describe_method(ctx, conversion, cf);
        (void)zg_libproj.destroy(conversion);
    }
    (void)zg_libproj.destroy(plain);
    return good;
}

zagg_status zg_crs_cf_of(const char *crs, zg_crs_cf *out, zagg_err *err)
{
    zg_crs_known known;
    zg_proj_context context;
    zg_crs_cf cf = {.wkt = NULL};
    const bool own = zg_crs_find_known(crs, &known);
    char shown[96];
    ZAGG_TRY(zg_crs_check_text(crs, err));
    ZAGG_TRY(zg_proj_load(err));
    char *text = own ? zg_crs_known_wkt(&known) : zg_crs_id(crs);
    bool memory = text != NULL && zg_proj_context_init(&context, !own);
    PJ *object = memory ? zg_libproj.create(context.ctx, text) : NULL;
    if (object != NULL)
        memory = describe(context.ctx, object, &cf);
    if (own) { /* the text as it was made, whatever PROJ's version would write */
        zg_free(cf.wkt);
        cf.wkt = text;
    } else {
        zg_free(text);
    }
    const bool named = object != NULL;
    (void)zg_libproj.destroy(object);
    if (text != NULL)
        zg_proj_context_end(&context);
    if (named && memory) {
        *out = cf;
        return ZAGG_OK;
    }
    zg_crs_cf_clear(&cf);
    if (!memory)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to describe a CRS");
    return zagg_err_set(err, ZAGG_ECONFIG,
                        "output.grid.crs: '%s' names no coordinate reference system",
                        zg_crs_shown(crs, shown));
}

void zg_crs_cf_clear(zg_crs_cf *cf)
{
    for (size_t k = 0; k < cf->n_attrs; k++)
        zg_free(cf->attrs[k].text);
    zg_free(cf->wkt);
    *cf = (zg_crs_cf){.wkt = NULL};
}
