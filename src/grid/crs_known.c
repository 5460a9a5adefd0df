/* Systems on WGS 84 that are used most, with the names, numbers and axes that the EPSG
 * dataset gives them, so that neither the projection nor its description needs a
 * database. */
#include "base/base.h"
#include "grid/crs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const zg_crs_known SYSTEMS[] = {
    {.code = 4326, .name = "WGS 84"},
    {.code = 0, .name = "WGS 84 (CRS84)"},
    {3031, ZG_CRS_POLAR_STEREO, "WGS 84 / Antarctic Polar Stereographic",
     "Antarctic Polar Stereographic", -71.0, 0.0, 1.0, 0.0, 0.0, 0, false},
    {3413, ZG_CRS_POLAR_STEREO, "WGS 84 / NSIDC Sea Ice Polar Stereographic North",
     "US NSIDC Sea Ice polar stereographic north", 70.0, -45.0, 1.0, 0.0, 0.0, 0, true},
    {3976, ZG_CRS_POLAR_STEREO, "WGS 84 / NSIDC Sea Ice Polar Stereographic South",
     "US NSIDC Sea Ice polar stereographic south", -70.0, 0.0, 1.0, 0.0, 0.0, 0, true},
    {3995, ZG_CRS_POLAR_STEREO, "WGS 84 / Arctic Polar Stereographic",
     "Arctic Polar Stereographic", 71.0, 0.0, 1.0, 0.0, 0.0, 0, true},
    {3996, ZG_CRS_POLAR_STEREO, "WGS 84 / IBCAO Polar Stereographic",
     "IBCAO Polar Stereographic", 75.0, 0.0, 1.0, 0.0, 0.0, 0, true},
    {5041, ZG_CRS_UPS, "WGS 84 / UPS North (E,N)", "Universal Polar Stereographic North",
     90.0, 0.0, 0.994, 2e6, 2e6, 0, false},
    {5042, ZG_CRS_UPS, "WGS 84 / UPS South (E,N)", "Universal Polar Stereographic South",
     -90.0, 0.0, 0.994, 2e6, 2e6, 0, false},
    {6931, ZG_CRS_LAEA, "WGS 84 / NSIDC EASE-Grid 2.0 North",
     "US NSIDC EASE-Grid 2.0 North", 90.0, 0.0, 1.0, 0.0, 0.0, 0, true},
    {6932, ZG_CRS_LAEA, "WGS 84 / NSIDC EASE-Grid 2.0 South",
     "US NSIDC EASE-Grid 2.0 South", -90.0, 0.0, 1.0, 0.0, 0.0, 0, true},
    {6933, ZG_CRS_CEA, "WGS 84 / NSIDC EASE-Grid 2.0 Global",
     "US NSIDC EASE-Grid 2.0 Global", 30.0, 0.0, 1.0, 0.0, 0.0, 0, true},
    {3571, ZG_CRS_LAEA, "WGS 84 / North Pole LAEA Bering Sea",
     "North Pole Lambert Azimuthal Equal Area (Bering Sea)", 90.0, 180.0, 1.0, 0.0, 0.0,
     0, true},
    {3572, ZG_CRS_LAEA, "WGS 84 / North Pole LAEA Alaska",
     "North Pole Lambert Azimuthal Equal Area (Alaska)", 90.0, -150.0, 1.0, 0.0, 0.0, 0,
     true},
    {3573, ZG_CRS_LAEA, "WGS 84 / North Pole LAEA Canada",
     "North Pole Lambert Azimuthal Equal Area (Canada)", 90.0, -100.0, 1.0, 0.0, 0.0, 0,
     true},
    {3574, ZG_CRS_LAEA, "WGS 84 / North Pole LAEA Atlantic",
     "North Pole Lambert Azimuthal Equal Area (Atlantic)", 90.0, -40.0, 1.0, 0.0, 0.0, 0,
     true},
    {3575, ZG_CRS_LAEA, "WGS 84 / North Pole LAEA Europe",
     "North Pole Lambert Azimuthal Equal Area (Europe)", 90.0, 10.0, 1.0, 0.0, 0.0, 0,
     true},
    {3576, ZG_CRS_LAEA, "WGS 84 / North Pole LAEA Russia",
     "North Pole Lambert Azimuthal Equal Area (Russia)", 90.0, 90.0, 1.0, 0.0, 0.0, 0,
     true},
    {3857, ZG_CRS_WEB_MERCATOR, "WGS 84 / Pseudo-Mercator",
     "Popular Visualisation Pseudo-Mercator", 0.0, 0.0, 1.0, 0.0, 0.0, 0, true},
    {3395, ZG_CRS_MERCATOR, "WGS 84 / World Mercator", "World Mercator", 0.0, 0.0, 1.0,
     0.0, 0.0, 0, false},
    {4087, ZG_CRS_EQUIDISTANT, "WGS 84 / World Equidistant Cylindrical",
     "World Equidistant Cylindrical", 0.0, 0.0, 1.0, 0.0, 0.0, 0, true},
};

/* EPSG numbers UTM zones from these on. */
enum { UTM_NORTH = 32600, UTM_SOUTH = 32700, UTM_ZONES = 60 };

static void make_utm(int code, zg_crs_known *out)
{
    const bool south = code > UTM_SOUTH;
    const int zone = code - (south ? UTM_SOUTH : UTM_NORTH);
    *out = (zg_crs_known){.code = code,
                          .method = ZG_CRS_TRANSVERSE_MERCATOR,
                          .lon = 6.0 * zone - 183.0,
                          .scale = 0.9996,
                          .easting = 500000.0,
                          .northing = south ? 10000000.0 : 0.0,
                          .zone = south ? -zone : zone};
    (void)snprintf(out->name, sizeof out->name, "WGS 84 / UTM zone %d%c", zone,
                   south ? 'S' : 'N');
    (void)snprintf(out->conversion, sizeof out->conversion, "UTM zone %d%c", zone,
                   south ? 'S' : 'N');
}

/* The number after one of the forms of an EPSG name; -1: none. */
static int epsg_code(const char *text)
{
    static const char *const FORMS[] = {
        "EPSG:", "urn:ogc:def:crs:EPSG::", "http://www.opengis.net/def/crs/EPSG/0/",
        "https://www.opengis.net/def/crs/EPSG/0/"};
    for (size_t k = 0; k < sizeof FORMS / sizeof FORMS[0]; k++) {
        const size_t len = strlen(FORMS[k]);
        const char *digits = text + len;
        if (strncasecmp(text, FORMS[k], len) != 0)
            continue;
        const size_t n = strspn(digits, "0123456789");
        return n > 0 && n <= 6 && digits[n] == '\0' ? atoi(digits) : -1;
    }
    const size_t n = strspn(text, "0123456789");
    return n > 0 && n <= 6 && text[n] == '\0' ? atoi(text) : -1;
}

static bool is_crs84(const char *text)
{
    static const char *const TEXTS[] = {"OGC:CRS84", "urn:ogc:def:crs:OGC::CRS84",
                                        "urn:ogc:def:crs:OGC:1.3:CRS84",
                                        "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
                                        "https://www.opengis.net/def/crs/OGC/1.3/CRS84"};
    for (size_t k = 0; k < sizeof TEXTS / sizeof TEXTS[0]; k++)
        if (strcasecmp(text, TEXTS[k]) == 0)
            return true;
    return false;
}

bool zg_crs_find_known(const char *text, zg_crs_known *out)
{
    const int code = is_crs84(text) ? 0 : epsg_code(text);
    if ((code > UTM_NORTH && code <= UTM_NORTH + UTM_ZONES) ||
        (code > UTM_SOUTH && code <= UTM_SOUTH + UTM_ZONES)) {
        make_utm(code, out);
        return true;
    }
    if (code == 0 && !is_crs84(text))
        return false;
    for (size_t k = 0; k < sizeof SYSTEMS / sizeof SYSTEMS[0]; k++)
        if (SYSTEMS[k].code == code) {
            *out = SYSTEMS[k];
            return true;
        }
    return false;
}

void zg_crs_known_pipeline(const zg_crs_known *crs, char out[256])
{
    char step[128] = "";
    /* whole numbers all of them, so that no locale writes a comma */
    const int pole = crs->lat < 0.0 ? -90 : 90;
    const int lat = (int)crs->lat, lon = (int)crs->lon;
    const int x0 = (int)crs->easting, y0 = (int)crs->northing;
    switch (crs->method) {
    case ZG_CRS_LONLAT:
        out[0] = '\0';
        return;
    case ZG_CRS_TRANSVERSE_MERCATOR:
        (void)snprintf(step, sizeof step, "utm +zone=%d%s", abs(crs->zone),
                       crs->zone < 0 ? " +south" : "");
        break;
    case ZG_CRS_UPS:
        (void)snprintf(step, sizeof step,
                       "stere +lat_0=%d +lon_0=%d +k=0.994 +x_0=%d +y_0=%d", pole, lon,
                       x0, y0);
        break;
    case ZG_CRS_POLAR_STEREO:
        (void)snprintf(step, sizeof step,
                       "stere +lat_0=%d +lat_ts=%d +lon_0=%d +x_0=%d +y_0=%d", pole, lat,
                       lon, x0, y0);
        break;
    case ZG_CRS_LAEA:
        (void)snprintf(step, sizeof step, "laea +lat_0=%d +lon_0=%d +x_0=0 +y_0=0", lat,
                       lon);
        break;
    case ZG_CRS_CEA:
        (void)snprintf(step, sizeof step, "cea +lat_ts=%d +lon_0=%d +x_0=0 +y_0=0", lat,
                       lon);
        break;
    case ZG_CRS_MERCATOR:
        (void)snprintf(step, sizeof step, "merc +lon_0=0 +k=1 +x_0=0 +y_0=0");
        break;
    case ZG_CRS_WEB_MERCATOR:
        (void)snprintf(step, sizeof step, "webmerc +lat_0=0 +lon_0=0 +x_0=0 +y_0=0");
        break;
    case ZG_CRS_EQUIDISTANT:
        (void)snprintf(step, sizeof step,
                       "eqc +lat_ts=0 +lat_0=0 +lon_0=0 +x_0=0 +y_0=0");
        break;
    }
    (void)snprintf(out, 256,
                   "+proj=pipeline +step +proj=unitconvert +xy_in=deg +xy_out=rad "
                   "+step +proj=%s +ellps=WGS84",
                   step);
}
