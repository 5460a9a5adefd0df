/* Comma-separated values, RFC 4180: a line of names, lines end with \n. */
#include "base/base.h"
#include "export/export.h"
#include "export/values.h"

#include <string.h>

typedef struct csv_writer {
    zg_writer w;
    zg_str line;
} csv_writer;

static void add_quoted(zg_str *out, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        zg_str_add(out, text);
        return;
    }
    zg_str_addc(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"')
            zg_str_addc(out, '"');
        zg_str_addc(out, *text);
    }
    zg_str_addc(out, '"');
}

static void add_shape(zg_str *out, const zg_shape *s)
{
    zg_str_add(out, s->point          ? "\"POINT ("
                    : s->n_parts == 1 ? "\"POLYGON (("
                                      : "\"MULTIPOLYGON (((");
    for (size_t p = 0; p < s->n_parts; p++) {
        zg_str_add(out, p > 0 ? ")), ((" : "");
        for (size_t i = 0; i < s->n[p]; i++) {
            zg_str_add(out, i > 0 ? ", " : "");
            zg_values_add_number(out, s->x[p][i]);
            zg_str_addc(out, ' ');
            zg_values_add_number(out, s->y[p][i]);
        }
    }
    zg_str_add(out, s->point ? ")\"" : s->n_parts == 1 ? "))\"" : ")))\"");
}

static void add_row(csv_writer *c, const zg_batch *batch, size_t row)
{
    const zg_layout *l = c->w.layout;
    for (size_t k = 0; k < l->n_columns; k++) {
        const zg_values *v = &batch->values[k];
        zg_str_add(&c->line, k > 0 ? "," : "");
        if (l->columns[k].kind == ZG_COLUMN_TEXT) {
            add_quoted(&c->line, v->texts[row]);
        } else if (l->columns[k].kind == ZG_COLUMN_LIST) {
            zg_str_addc(&c->line, '"');
            zg_values_add_list(&c->line, &l->columns[k], v, row);
            zg_str_addc(&c->line, '"');
        } else {
            zg_values_add_scalar(&c->line, &l->columns[k], v, row, "");
        }
    }
    if (l->geometry) {
        zg_str_add(&c->line, l->n_columns > 0 ? "," : "");
        add_shape(&c->line, &batch->shapes[row]);
    }
    zg_str_addc(&c->line, '\n');
}

static zagg_status csv_batch(zg_writer *w, const zg_batch *batch, zagg_err *err)
{
    csv_writer *c = (csv_writer *)w;
    for (size_t row = 0; row < batch->n; row++) {
        add_row(c, batch, row);
        ZAGG_TRY(zg_values_flush(&c->line, w->file, row + 1 == batch->n, err));
    }
    return ZAGG_OK;
}

static zagg_status csv_end(zg_writer *w, zagg_err *err)
{
    return zg_values_flush(&((csv_writer *)w)->line, w->file, true, err);
}

static void csv_free(zg_writer *w)
{
    zg_str_free(&((csv_writer *)w)->line);
    zg_free(w);
}

zagg_status zg_csv_open(const zg_layout *layout, FILE *file, zg_writer **out,
                        zagg_err *err)
{
    static const zg_writer_ops OPS = {csv_batch, csv_end, csv_free};
    csv_writer *c = zg_alloc(1, sizeof *c);
    if (c == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory to write a table");
    c->w = (zg_writer){&OPS, layout, file};
    zg_str_init(&c->line, 0);
    for (size_t k = 0; k < layout->n_columns; k++) {
        zg_str_add(&c->line, k > 0 ? "," : "");
        add_quoted(&c->line, layout->columns[k].name);
    }
    if (layout->geometry)
        zg_str_add(&c->line, layout->n_columns > 0 ? ",geometry" : "geometry");
    zg_str_addc(&c->line, '\n');
    *out = &c->w;
    return ZAGG_OK;
}
