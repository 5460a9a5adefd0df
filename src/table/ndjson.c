/* One GeoJSON feature (RFC 7946) a line; all but the geometry are properties. JSON has no
 * NaN and no infinity: null. Its readers take numbers for doubles: uint64 is a text. */
#include "table/wkb.h"
#include "table/writer.h"
#include "text/text.h"

#include <string.h>

typedef struct json_table {
    zg_str out;
    zg_str *keys;    /* of each column: "\"name\":" */
    size_t geometry; /* its column; n_columns: none */
} json_table;

static void add_number(zg_str *out, zagg_dtype dtype, const void *data, size_t i)
{
    const char *quote = dtype == ZAGG_DT_U64 ? "\"" : "";
    if (!zg_table_is_finite(dtype, data, i)) {
        zg_str_add(out, "null");
        return;
    }
    zg_str_add(out, quote);
    zg_table_add_number(out, dtype, data, i);
    zg_str_add(out, quote);
}

static void add_value(zg_str *out, const zg_table_column *c, const zg_table_values *v,
                      size_t row)
{
    if (zg_table_is_null(v, row)) {
        zg_str_add(out, "null");
    } else if (c->kind == ZG_COLUMN_TEXT) {
        zg_json_add_string(out, v->texts[row].data, v->texts[row].len);
    } else if (c->list) {
        zg_str_addc(out, '[');
        for (uint32_t i = v->offsets[row]; i < v->offsets[row + 1]; i++) {
            if (i > v->offsets[row])
                zg_str_addc(out, ',');
            add_number(out, c->dtype, v->data, i);
        }
        zg_str_addc(out, ']');
    } else {
        add_number(out, c->dtype, v->data, row);
    }
}

static zagg_status begin(zg_table_writer *w, zagg_err *err)
{
    const size_t n = w->schema->n_columns;
    json_table *t = zg_alloc(1, sizeof *t);
    w->state = t;
    if (t != NULL) {
        zg_str_init(&t->out, 0);
        t->keys = zg_alloc(n, sizeof *t->keys);
    }
    if (t == NULL || t->keys == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a table");
    t->geometry = n;
    bool failed = false;
    for (size_t i = 0; i < n; i++) {
        const zg_table_column *c = &w->schema->columns[i];
        if (c->kind == ZG_COLUMN_GEOMETRY)
            t->geometry = i;
        zg_str_init(&t->keys[i], 0);
        zg_json_add_string(&t->keys[i], c->name, strlen(c->name));
        zg_str_addc(&t->keys[i], ':');
        failed |= t->keys[i].failed;
    }
    return failed ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for a table") : ZAGG_OK;
}

static bool add_row(const zg_table_writer *w, json_table *t,
                    const zg_table_values *columns, size_t row)
{
    zg_str *out = &t->out;
    bool first = true;
    zg_str_add(out, "{\"type\":\"Feature\",\"geometry\":");
    if (t->geometry == w->schema->n_columns ||
        zg_table_is_null(&columns[t->geometry], row))
        zg_str_add(out, "null");
    else if (!zg_wkb_to_geojson(columns[t->geometry].texts[row], out))
        return false;
    zg_str_add(out, ",\"properties\":{");
    for (size_t i = 0; i < w->schema->n_columns; i++) {
        if (i == t->geometry)
            continue;
        if (!first)
            zg_str_addc(out, ',');
        first = false;
        zg_str_addn(out, t->keys[i].data, t->keys[i].len);
        add_value(out, &w->schema->columns[i], &columns[i], row);
    }
    zg_str_add(out, "}}\n");
    return true;
}

static zagg_status write(zg_table_writer *w, size_t n_rows,
                         const zg_table_values *columns, zagg_err *err)
{
    json_table *t = w->state;
    for (size_t row = 0; row < n_rows; row++) {
        if (!add_row(w, t, columns, row))
            return zagg_err_set(err, ZAGG_EARG, "row %zu: no geometry", row);
        ZAGG_TRY(zg_table_flush(w, &t->out, false, err));
    }
    return ZAGG_OK;
}

static zagg_status end(zg_table_writer *w, zagg_err *err)
{
    json_table *t = w->state;
    return zg_table_flush(w, &t->out, true, err);
}

static void release(zg_table_writer *w)
{
    json_table *t = w->state;
    if (t == NULL)
        return;
    for (size_t i = 0; t->keys != NULL && i < w->schema->n_columns; i++)
        zg_str_free(&t->keys[i]);
    zg_free(t->keys);
    zg_str_free(&t->out);
    zg_free(t);
}

const zg_table_ops zg_table_ndjson = {begin, write, end, release};
