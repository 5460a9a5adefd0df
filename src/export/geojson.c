/* GeoJSON text sequences without separators: one feature a line, as GDAL's GeoJSONSeq and
 * most tools for logs read them. */
#include "base/base.h"
#include "export/export.h"
#include "export/values.h"
#include "text/text.h"

#include <string.h>

typedef struct geojson_writer {
    zg_writer w;
    zg_str text;
} geojson_writer;

static void add_shape(zg_str *out, const zg_shape *s)
{
    zg_str_add(out, s->point          ? "{\"type\":\"Point\",\"coordinates\":"
                    : s->n_parts == 1 ? "{\"type\":\"Polygon\",\"coordinates\":[["
                                      : "{\"type\":\"MultiPolygon\",\"coordinates\":[[[");
    for (size_t p = 0; p < s->n_parts; p++) {
        zg_str_add(out, p > 0 ? "]],[[" : "");
        for (size_t i = 0; i < s->n[p]; i++) {
            zg_str_add(out, i > 0 ? ",[" : "[");
            zg_values_add_number(out, s->x[p][i]);
            zg_str_addc(out, ',');
            zg_values_add_number(out, s->y[p][i]);
            zg_str_addc(out, ']');
        }
    }
    zg_str_add(out, s->point ? "}" : s->n_parts == 1 ? "]]}" : "]]]}");
}

static void add_row(geojson_writer *g, const zg_batch *batch, size_t row)
{
    const zg_layout *l = g->w.layout;
    zg_str_add(&g->text, "{\"type\":\"Feature\",\"geometry\":");
    if (l->geometry)
        add_shape(&g->text, &batch->shapes[row]);
    else
        zg_str_add(&g->text, "null");
    zg_str_add(&g->text, ",\"properties\":{");
    for (size_t k = 0; k < l->n_columns; k++) {
        const zg_column *c = &l->columns[k];
        const zg_values *v = &batch->values[k];
        zg_str_add(&g->text, k > 0 ? "," : "");
        zg_json_add_string(&g->text, c->name, strlen(c->name));
        zg_str_addc(&g->text, ':');
        if (c->kind == ZG_COLUMN_TEXT)
            zg_json_add_string(&g->text, v->texts[row], strlen(v->texts[row]));
        else if (c->kind == ZG_COLUMN_LIST)
            zg_values_add_list(&g->text, c, v, row);
        else
            zg_values_add_scalar(&g->text, c, v, row, "null");
    }
    zg_str_add(&g->text, "}}\n");
}

static zagg_status geojson_batch(zg_writer *w, const zg_batch *batch, zagg_err *err)
{
    geojson_writer *g = (geojson_writer *)w;
    for (size_t row = 0; row < batch->n; row++) {
        add_row(g, batch, row);
        ZAGG_TRY(zg_values_flush(&g->text, w->file, row + 1 == batch->n, err));
    }
    return ZAGG_OK;
}

static zagg_status geojson_end(zg_writer *w, zagg_err *err)
{
    return zg_values_flush(&((geojson_writer *)w)->text, w->file, true, err);
}

static void geojson_free(zg_writer *w)
{
    zg_str_free(&((geojson_writer *)w)->text);
    zg_free(w);
}

zagg_status zg_geojson_open(const zg_layout *layout, FILE *file, zg_writer **out,
                            zagg_err *err)
{
    static const zg_writer_ops OPS = {geojson_batch, geojson_end, geojson_free};
    geojson_writer *g = zg_alloc(1, sizeof *g);
    if (g == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to write a table");
    g->w = (zg_writer){&OPS, layout, file};
    zg_str_init(&g->text, 0);
    *out = &g->w;
    return ZAGG_OK;
}
