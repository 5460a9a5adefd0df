/* Recognises CRS texts: authority codes, OGC URNs, PROJ strings and well-known text. */
#include "grid/crs.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* The EPSG registry gives its codes from this range. */
#define EPSG_FIRST 1024
#define EPSG_LAST 32767

static bool starts_with(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_epsg_code(const char *text)
{
    unsigned code = 0;
    for (size_t k = 0; text[k] != '\0'; k++) {
        if (text[k] < '0' || text[k] > '9' || k > 5)
            return false;
        code = code * 10u + (unsigned)(text[k] - '0');
    }
    return code >= EPSG_FIRST && code <= EPSG_LAST;
}

/** The form of a CRS, whatever it names. */
static bool looks_like_crs(const char *crs)
{
    static const char *const forms[] = {
        "ESRI:",
        "IAU_2015:",
        "IGNF:",
        "NKG:",
        "OGC:",
        "urn:ogc:def:crs:",
        "http://www.opengis.net/",
        "https://www.opengis.net/",
        "+proj=",
        "+init=",
        "proj=",
        "GEOGCS[",
        "GEOGCRS[",
        "GEODCRS[",
        "PROJCS[",
        "PROJCRS[",
        "BOUNDCRS[",
        "COMPOUNDCRS[",
        "COMPD_CS[",
        "LOCAL_CS[",
        "ENGCRS[",
        "{",
    };
    if (starts_with(crs, "EPSG:"))
        return is_epsg_code(crs + 5);
    for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++)
        if (starts_with(crs, forms[k]))
            return crs[strlen(forms[k])] != '\0';
    return false;
}

zagg_status zg_crs_degrees(const char *crs, const char **id, zagg_err *err)
{
    static const struct {
        const char *text, *id;
    } known[] = {
        {"EPSG:4326", "EPSG:4326"},
        {"OGC:CRS84", "OGC:CRS84"},
        {"urn:ogc:def:crs:EPSG::4326", "EPSG:4326"},
        {"urn:ogc:def:crs:OGC::CRS84", "OGC:CRS84"},
        {"urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84"},
    };
    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++)
        if (strcasecmp(crs, known[k].text) == 0) {
            *id = known[k].id;
            return ZAGG_OK;
        }
    if (!looks_like_crs(crs))
        return zagg_err_set(err, ZAGG_ECONFIG,
                            "output.grid.crs: '%s' names no coordinate reference system; "
                            "write an authority code such as EPSG:4326",
                            crs);
    return zagg_err_set(
        err, ZAGG_EUNSUPPORTED,
        "output.grid.crs: '%s' needs a map projection, which zagg cannot "
        "compute yet; EPSG:4326 and OGC:CRS84 (degrees) work, and so does "
        "output.grid.type: healpix",
        crs);
}
