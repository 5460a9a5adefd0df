/* CSV as RFC 4180 has it, with "\n" at the ends of lines: a head, then a line a row.
 * Nothing at all is null, "" an empty text. Lists are "[1.0,2.0]", geometries WKT. */
#include "table/wkb.h"
#include "table/writer.h"

#include <string.h>

static void add_text(zg_str *out, const char *text, size_t len)
{
    bool plain = len > 0;
    for (size_t i = 0; plain && i < len; i++)
        plain = text[i] != '"' && text[i] != ',' && text[i] != '\n' && text[i] != '\r';
    if (plain) {
        zg_str_addn(out, text, len);
        return;
    }
    zg_str_addc(out, '"');
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '"')
            zg_str_addc(out, '"');
        zg_str_addc(out, text[i]);
    }
    zg_str_addc(out, '"');
}

static void add_list(zg_str *out, zagg_dtype dtype, const zg_table_values *v, size_t row)
{
    const bool quoted = v->offsets[row + 1] > v->offsets[row] + 1; /* a comma is in it */
    zg_str_add(out, quoted ? "\"[" : "[");
    for (uint32_t i = v->offsets[row]; i < v->offsets[row + 1]; i++) {
        if (i > v->offsets[row])
            zg_str_addc(out, ',');
        zg_table_add_number(out, dtype, v->data, i);
    }
    zg_str_add(out, quoted ? "]\"" : "]");
}

static bool add_geometry(zg_str *out, zagg_bytes_view wkb)
{
    zg_str_addc(out, '"');
    const bool ok = zg_wkb_to_wkt(wkb, out);
    zg_str_addc(out, '"');
    return ok;
}

static bool add_value(zg_str *out, const zg_table_column *c, const zg_table_values *v,
                      size_t row)
{
    if (zg_table_is_null(v, row))
        return true;
    if (c->kind == ZG_COLUMN_GEOMETRY)
        return add_geometry(out, v->texts[row]);
    if (c->kind == ZG_COLUMN_TEXT)
        add_text(out, v->texts[row].data, v->texts[row].len);
    else if (c->list)
        add_list(out, c->dtype, v, row);
    else
        zg_table_add_number(out, c->dtype, v->data, row);
    return true;
}

static zagg_status begin(zg_table_writer *w, zagg_err *err)
{
    zg_str *out = zg_alloc(1, sizeof *out);
    if (out == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a table");
    zg_str_init(out, 0);
    w->state = out;
    for (size_t i = 0; i < w->schema->n_columns; i++) {
        const char *name = w->schema->columns[i].name;
        if (i > 0)
            zg_str_addc(out, ',');
        add_text(out, name, strlen(name));
    }
    zg_str_addc(out, '\n');
    return zg_table_flush(w, out, false, err);
}

static zagg_status write(zg_table_writer *w, size_t n_rows,
                         const zg_table_values *columns, zagg_err *err)
{
    zg_str *out = w->state;
    for (size_t row = 0; row < n_rows; row++) {
        for (size_t i = 0; i < w->schema->n_columns; i++) {
            if (i > 0)
                zg_str_addc(out, ',');
            if (!add_value(out, &w->schema->columns[i], &columns[i], row))
                return zagg_err_set(err, ZAGG_EARG, "row %zu: no geometry", row);
        }
        zg_str_addc(out, '\n');
        ZAGG_TRY(zg_table_flush(w, out, false, err));
    }
    return ZAGG_OK;
}

static zagg_status end(zg_table_writer *w, zagg_err *err)
{
    return zg_table_flush(w, w->state, true, err);
}

static void release(zg_table_writer *w)
{
    if (w->state != NULL)
        zg_str_free(w->state);
    zg_free(w->state);
}

const zg_table_ops zg_table_csv = {begin, write, end, release};
