/* Conversion between WGS84 geodetic and authalic (equal-area) latitude by the Fourier
 * series in multiples of twice the latitude; coefficients as mortie evaluates them, left
 * to right. */
#include "geo/latitude.h"

#include "zagg/geo.h"

#include <string.h>

const double zg_authalic_series[ZG_SERIES_TERMS] = {
    -(1.0 / 3.0) * ZG_E2 - (31.0 / 180.0) * ZG_E4 - (59.0 / 560.0) * ZG_E6 -
        (42811.0 / 604800.0) * ZG_E8 - (605399.0 / 11975040.0) * ZG_E10,
    (17.0 / 360.0) * ZG_E4 + (61.0 / 1260.0) * ZG_E6 + (76969.0 / 1814400.0) * ZG_E8 +
        (215431.0 / 5987520.0) * ZG_E10,
    -(383.0 / 45360.0) * ZG_E6 - (3347.0 / 259200.0) * ZG_E8 -
        (1751791.0 / 119750400.0) * ZG_E10,
    (6007.0 / 3628800.0) * ZG_E8 + (201293.0 / 59875200.0) * ZG_E10,
    -(5839.0 / 17107200.0) * ZG_E10,
};

const double zg_geodetic_series[ZG_SERIES_TERMS] = {
    (1.0 / 3.0) * ZG_E2 + (31.0 / 180.0) * ZG_E4 + (517.0 / 5040.0) * ZG_E6 +
        (120389.0 / 1814400.0) * ZG_E8 + (1362253.0 / 29937600.0) * ZG_E10,
    (23.0 / 360.0) * ZG_E4 + (251.0 / 3780.0) * ZG_E6 + (102287.0 / 1814400.0) * ZG_E8 +
        (450739.0 / 9979200.0) * ZG_E10,
    (761.0 / 45360.0) * ZG_E6 + (47561.0 / 1814400.0) * ZG_E8 +
        (434501.0 / 14968800.0) * ZG_E10,
    (6059.0 / 1209600.0) * ZG_E8 + (625511.0 / 59875200.0) * ZG_E10,
    (48017.0 / 29937600.0) * ZG_E10,
};

static double convert_deg(double lat_deg, const double series[ZG_SERIES_TERMS])
{
    double a = fabs(lat_deg);
    if (!isfinite(a))
        return lat_deg;
    double r;
    if (a <= 90.0) {
        r = zg_latitude_series_deg(a, series);
        r = r > 90.0 ? 90.0 : r;
    } else {
        /* the series has period 180 degrees and is odd about 90; not clamped, as upstream
         */
        double rest = fmod(a, 180.0), folded = rest > 90.0 ? 180.0 - rest : rest;
        double shift = zg_latitude_series_deg(folded, series) - folded;
        r = rest > 90.0 ? a - shift : a + shift;
    }
    return copysign(r, lat_deg);
}

double zagg_geo_authalic_from_geodetic_deg(double lat_deg)
{
    return convert_deg(lat_deg, zg_authalic_series);
}

double zagg_geo_geodetic_from_authalic_deg(double lat_deg)
{
    return convert_deg(lat_deg, zg_geodetic_series);
}

const char *zagg_latitude_name(zagg_latitude latitude)
{
    return latitude == ZAGG_LATITUDE_AUTHALIC ? "authalic" : "geodetic";
}

bool zagg_latitude_parse(const char *text, zagg_latitude *out)
{
    if (strcmp(text, "authalic") == 0 || strcmp(text, "authalic-wgs84") == 0)
        *out = ZAGG_LATITUDE_AUTHALIC;
    else if (strcmp(text, "geodetic") == 0 || strcmp(text, "geodetic-spherical") == 0)
        *out = ZAGG_LATITUDE_GEODETIC;
    else
        return false;
    return true;
}
