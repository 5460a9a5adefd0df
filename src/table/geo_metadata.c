/* The metadata of GeoParquet 1.1.0 (geoparquet.org/releases/v1.1.0). */
#include "table/wkb.h"
#include "table/writer.h"
#include "text/text.h"

#include <math.h>
#include <string.h>

void zg_geo_summary_init(zg_geo_summary *g)
{
    const double far = (double)INFINITY;
    *g = (zg_geo_summary){.bounds = {far, far, -far, -far}};
}

bool zg_geo_summary_add(zg_geo_summary *g, zagg_bytes_view wkb)
{
    zg_wkb_type type;
    if (!zg_wkb_read(wkb, &type, g->bounds))
        return false;
    g->point |= type == ZG_WKB_POINT;
    g->polygon |= type == ZG_WKB_POLYGON;
    g->multipolygon |= type == ZG_WKB_MULTIPOLYGON;
    return true;
}

void zg_geo_summary_json(const zg_geo_summary *g, const char *column,
                         const char *crs_json, zg_str *out)
{
    const struct {
        bool there;
        const char *name;
    } types[] = {
        {g->point, "Point"}, {g->polygon, "Polygon"}, {g->multipolygon, "MultiPolygon"}};
    const char *comma = "";
    zg_str_add(out, "{\"version\":\"1.1.0\",\"primary_column\":");
    zg_json_add_string(out, column, strlen(column));
    zg_str_add(out, ",\"columns\":{");
    zg_json_add_string(out, column, strlen(column));
    zg_str_add(out, ":{\"encoding\":\"WKB\",\"geometry_types\":[");
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (types[i].there) {
            zg_str_addf(out, "%s\"%s\"", comma, types[i].name);
            comma = ",";
        }
    zg_str_addc(out, ']');
    if (crs_json != NULL)
        zg_str_addf(out, ",\"crs\":%s", crs_json);
    if (g->polygon || g->multipolygon)
        zg_str_add(out, ",\"orientation\":\"counterclockwise\"");
    if (g->bounds[0] <= g->bounds[2]) {
        zg_str_add(out, ",\"bbox\":[");
        for (int i = 0; i < 4; i++) {
            zg_str_add(out, i > 0 ? "," : "");
            zg_json_add_double(out, g->bounds[i]);
        }
        zg_str_addc(out, ']');
    }
    zg_str_add(out, "}}}");
}
