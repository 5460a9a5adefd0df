/* Well-known text (ISO 19162:2019) of the systems that zagg defines by itself. Keywords,
 * method and parameter names and their numbers are those of the EPSG dataset. */
#include "base/base.h"
#include "grid/crs.h"
#include "text/text.h"

#include <string.h>

#define DEGREE "ANGLEUNIT[\"degree\",0.0174532925199433]"
#define METRE "LENGTHUNIT[\"metre\",1]"
#define UNITY "SCALEUNIT[\"unity\",1]"

static void parameter(zg_str *s, const char *name, double value, const char *unit,
                      int code)
{
    char number[32];
    const size_t len = zg_float_repr(value, number);
    if (len > 2 && strcmp(number + len - 2, ".0") == 0)
        number[len - 2] = '\0';
    zg_str_addf(s, ",PARAMETER[\"%s\",%s,%s,ID[\"EPSG\",%d]]", name, number, unit, code);
}

static void method(zg_str *s, const char *name, int code)
{
    zg_str_addf(s, "METHOD[\"%s\",ID[\"EPSG\",%d]]", name, code);
}

/* Parameters 8801 and 8802: where the projection is centred. */
static void natural_origin(zg_str *s, double lat, double lon)
{
    parameter(s, "Latitude of natural origin", lat, DEGREE, 8801);
    parameter(s, "Longitude of natural origin", lon, DEGREE, 8802);
}

static void natural_scale(zg_str *s, const zg_crs_known *c)
{
    parameter(s, "Scale factor at natural origin", c->scale, UNITY, 8805);
}

static void standard_parallel(zg_str *s, const zg_crs_known *c)
{
    parameter(s, "Latitude of 1st standard parallel", c->lat, DEGREE, 8823);
    parameter(s, "Longitude of natural origin", c->lon, DEGREE, 8802);
}

static void conversion(zg_str *s, const zg_crs_known *c)
{
    zg_str_addf(s, "CONVERSION[\"%s\",", c->conversion);
    switch (c->method) {
    case ZG_CRS_LONLAT:
        break;
    case ZG_CRS_TRANSVERSE_MERCATOR:
        method(s, "Transverse Mercator", 9807);
        natural_origin(s, c->lat, c->lon);
        natural_scale(s, c);
        break;
    case ZG_CRS_UPS:
        method(s, "Polar Stereographic (variant A)", 9810);
        natural_origin(s, c->lat, c->lon);
        natural_scale(s, c);
        break;
    case ZG_CRS_POLAR_STEREO:
        method(s, "Polar Stereographic (variant B)", 9829);
        parameter(s, "Latitude of standard parallel", c->lat, DEGREE, 8832);
        parameter(s, "Longitude of origin", c->lon, DEGREE, 8833);
        break;
    case ZG_CRS_LAEA:
        method(s, "Lambert Azimuthal Equal Area", 9820);
        natural_origin(s, c->lat, c->lon);
        break;
    case ZG_CRS_CEA:
        method(s, "Lambert Cylindrical Equal Area", 9835);
        standard_parallel(s, c);
        break;
    case ZG_CRS_MERCATOR:
        method(s, "Mercator (variant A)", 9804);
        natural_origin(s, c->lat, c->lon);
        natural_scale(s, c);
        break;
    case ZG_CRS_WEB_MERCATOR:
        method(s, "Popular Visualisation Pseudo Mercator", 1024);
        natural_origin(s, c->lat, c->lon);
        break;
    case ZG_CRS_EQUIDISTANT:
        method(s, "Equidistant Cylindrical", 1028);
        standard_parallel(s, c);
        break;
    }
    parameter(s, "False easting", c->easting, METRE, 8806);
    parameter(s, "False northing", c->northing, METRE, 8807);
    zg_str_add(s, "]");
}

static int wrapped(int lon)
{
    return lon > 180 ? lon - 360 : lon;
}

/* Around a pole both axes point along meridians: x to the one 90 degrees east of the
 * centre, y in the north away from the centre's and in the south along it. */
static void axes(zg_str *s, const zg_crs_known *c)
{
    static const char *const SHORT[] = {"(E)", "(N)"};
    static const char *const LONG[] = {"easting (X)", "northing (Y)"};
    const char *const *names = c->long_axis_names ? LONG : SHORT;
    const bool polar = c->method == ZG_CRS_UPS || c->method == ZG_CRS_POLAR_STEREO ||
                       c->method == ZG_CRS_LAEA;
    const bool north = c->lat > 0.0;
    const int lon = (int)c->lon;
    const int meridian[2] = {wrapped(lon + 90), north ? wrapped(lon + 180) : lon};
    zg_str_add(s, ",CS[Cartesian,2]");
    for (int i = 0; i < 2; i++)
        if (polar)
            zg_str_addf(s, ",AXIS[\"%s\",%s,MERIDIAN[%d," DEGREE "],ORDER[%d]," METRE "]",
                        names[i], north ? "south" : "north", meridian[i], i + 1);
        else
            zg_str_addf(s, ",AXIS[\"%s\",%s,ORDER[%d]," METRE "]", names[i],
                        i == 0 ? "east" : "north", i + 1);
}

static void geographic_axes(zg_str *s, bool lon_first)
{
    static const char *const AXES[] = {"AXIS[\"geodetic latitude (Lat)\",north",
                                       "AXIS[\"geodetic longitude (Lon)\",east"};
    zg_str_add(s, ",CS[ellipsoidal,2]");
    for (int i = 0; i < 2; i++)
        zg_str_addf(s, ",%s,ORDER[%d]," DEGREE "]", AXES[lon_first ? 1 - i : i], i + 1);
}

static void datum(zg_str *s)
{
    zg_str_add(s, "DATUM[\"World Geodetic System 1984\",ELLIPSOID[\"WGS "
                  "84\",6378137,298.257223563," METRE "]],PRIMEM[\"Greenwich\",0," DEGREE
                  "]");
}

char *zg_crs_known_wkt(const zg_crs_known *crs)
{
    zg_str s;
    zg_str_init(&s, 8192);
    if (crs->method == ZG_CRS_LONLAT) {
        zg_str_addf(&s, "GEOGCRS[\"%s\",", crs->name);
        datum(&s);
        geographic_axes(&s, crs->code == 0);
    } else {
        zg_str_addf(&s, "PROJCRS[\"%s\",BASEGEOGCRS[\"WGS 84\",", crs->name);
        datum(&s);
        zg_str_add(&s, ",ID[\"EPSG\",4326]],");
        conversion(&s, crs);
        axes(&s, crs);
    }
    if (crs->code == 0)
        zg_str_add(&s, ",ID[\"OGC\",\"CRS84\"]]");
    else
        zg_str_addf(&s, ",ID[\"EPSG\",%d]]", crs->code);
    char *out = s.failed ? NULL : zg_strdup(s.data);
    zg_str_free(&s);
    return out;
}
