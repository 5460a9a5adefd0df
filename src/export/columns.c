/* The choice of columns. */
#include "export/columns.h"

#include "grid/crs_json.h"

#include <string.h>

enum { FIXED_COLUMNS = 8 };

static zagg_status no_memory(zagg_err *err)
{
    return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the columns of a table");
}

static void add(zg_columns *c, zg_origin origin, const char *name, zg_column_kind kind,
                zagg_dtype dtype)
{
    c->columns[c->n] = (zg_column){name, kind, dtype};
    c->sources[c->n] = (zg_source){.origin = origin};
    zg_vec_init(&c->sources[c->n].data,
                kind == ZG_COLUMN_TEXT ? sizeof(size_t) : zagg_dtype_size(dtype), 0);
    zg_vec_init(&c->sources[c->n].offsets, sizeof(int32_t), 0);
    c->n++;
}

static void add_place(zg_columns *c)
{
    const bool healpix = c->group->grid.kind == ZAGG_GRID_HEALPIX;
    if (healpix) {
        add(c, ZG_FROM_DECIMAL, "cell", ZG_COLUMN_TEXT, ZAGG_DT_NONE);
        add(c, ZG_FROM_WORD, "morton", ZG_COLUMN_SCALAR, ZAGG_DT_U64);
        add(c, ZG_FROM_CELL_ID, "cell_id", ZG_COLUMN_SCALAR, ZAGG_DT_U64);
    } else {
        add(c, ZG_FROM_ROW, "row", ZG_COLUMN_SCALAR, ZAGG_DT_I64);
        add(c, ZG_FROM_COLUMN, "column", ZG_COLUMN_SCALAR, ZAGG_DT_I64);
        add(c, ZG_FROM_X, "x", ZG_COLUMN_SCALAR, ZAGG_DT_F64);
        add(c, ZG_FROM_Y, "y", ZG_COLUMN_SCALAR, ZAGG_DT_F64);
    }
    add(c, ZG_FROM_LON, "lon", ZG_COLUMN_SCALAR, ZAGG_DT_F64);
    add(c, ZG_FROM_LAT, "lat", ZG_COLUMN_SCALAR, ZAGG_DT_F64);
    for (size_t i = 0; i < c->group->n_shards; i++)
        if (c->group->shards[i].window != NULL) {
            add(c, ZG_FROM_WINDOW, "window", ZG_COLUMN_TEXT, ZAGG_DT_NONE);
            return;
        }
}

/* A name of its own: what a field shares with a column above gets a tail. */
static const char *name_of(zg_columns *c, const char *field, const char *tail)
{
    zg_str text;
    zg_str_init(&text, 0);
    zg_str_add(&text, field);
    zg_str_add(&text, tail);
    for (size_t k = 0; k < c->n; k++)
        if (!text.failed && strcmp(c->columns[k].name, text.data) == 0)
            zg_str_add(&text, "_value");
    if (!text.failed && strcmp(text.data, "geometry") == 0)
        zg_str_add(&text, "_value");
    char *name = zg_str_take(&text);
    zg_str_free(&text);
    if (name != NULL)
        c->names[c->n_names++] = name;
    return name;
}

static bool is_value(const zagg_store_field_info *f)
{
    return f->kind == ZAGG_STORE_SCALAR || f->kind == ZAGG_STORE_VECTOR ||
           f->kind == ZAGG_STORE_RAGGED || f->kind == ZAGG_STORE_SERIES ||
           f->kind == ZAGG_STORE_COMPANION || f->kind == ZAGG_STORE_MASK;
}

static zagg_status add_field(zg_columns *c, size_t field, zagg_err *err)
{
    const zagg_store_field_info *f = &c->group->fields[field];
    const bool list = f->ragged || f->width > 1 || f->kind == ZAGG_STORE_SERIES;
    const size_t n = f->digest && c->opts->n_quantiles > 0 ? c->opts->n_quantiles : 1;
    c->wanted[field] = true;
    for (size_t k = 0; k < n; k++) {
        char tail[32] = "";
        const bool quantile = f->digest && c->opts->n_quantiles > 0;
        if (quantile)
            (void)snprintf(tail, sizeof tail, "_q%g", 100.0 * c->opts->quantiles[k]);
        const char *name = name_of(c, f->name, tail);
        if (name == NULL)
            return no_memory(err);
        if (quantile)
            add(c, ZG_FROM_QUANTILE, name, ZG_COLUMN_SCALAR, ZAGG_DT_F64);
        else
            add(c, ZG_FROM_FIELD, name, list ? ZG_COLUMN_LIST : ZG_COLUMN_SCALAR,
                f->dtype);
        c->sources[c->n - 1].field = field;
        c->sources[c->n - 1].quantile = quantile ? c->opts->quantiles[k] : 0;
    }
    return ZAGG_OK;
}

/* Field that the next name of a list with commas means; SIZE_MAX for none. */
static size_t find_field(const zagg_store_group *g, const char *name, size_t len)
{
    for (size_t i = 0; i < g->n_fields; i++)
        if (strlen(g->fields[i].name) == len && memcmp(g->fields[i].name, name, len) == 0)
            return i;
    return SIZE_MAX;
}

static zagg_status add_named(zg_columns *c, zagg_err *err)
{
    for (const char *at = c->opts->fields; *at != '\0';) {
        const size_t len = strcspn(at, ","), i = find_field(c->group, at, len);
        if (i == SIZE_MAX || !is_value(&c->group->fields[i]))
            return zagg_err_set(err, ZAGG_EARG,
                                i == SIZE_MAX
                                    ? "--fields: no field %.*s; see zagg inspect"
                                    : "--fields: %.*s has no value for each cell",
                                (int)len, at);
        if (!c->wanted[i])
            ZAGG_TRY(add_field(c, i, err));
        at += len + (at[len] == ',');
    }
    return ZAGG_OK;
}

static zagg_status add_fields(zg_columns *c, zagg_err *err)
{
    if (c->opts->fields != NULL)
        return add_named(c, err);
    for (size_t i = 0; i < c->group->n_fields; i++)
        if (is_value(&c->group->fields[i]))
            ZAGG_TRY(add_field(c, i, err));
    return ZAGG_OK;
}

/* The geometry of a rectilinear grid is in its own system, so that rectangles stay what
 * they are, unless the format or its reader knows longitude and latitude only. */
static zagg_status describe_system(zg_columns *c, zagg_err *err)
{
    const zagg_store_grid *g = &c->group->grid;
    if (g->kind == ZAGG_GRID_HEALPIX)
        return ZAGG_OK;
    ZAGG_TRY(zg_proj_new(g->crs, &c->proj, err));
    if (c->opts->lonlat || zg_proj_is_lonlat(c->proj) ||
        c->opts->geometry == ZG_GEOMETRY_NONE)
        return ZAGG_OK;
    return zg_crs_json(g->crs, &c->crs_json, err);
}

zagg_status zg_columns_new(zg_columns *c, const zagg_store_group *group,
                           const zg_export_opts *opts, zg_layout *layout, zagg_err *err)
{
    const size_t most = FIXED_COLUMNS + group->n_fields * (1 + ZG_EXPORT_QUANTILES);
    *c = (zg_columns){.group = group, .opts = opts};
    zg_vec_init(&c->shapes, sizeof(zg_shape), 0);
    zg_vec_init(&c->texts, 1, 0);
    zg_vec_init(&c->pointers, sizeof(char *), 0);
    zg_vec_init(&c->centroids, sizeof(float), 0);
    c->wanted = zg_alloc(group->n_fields + 1, sizeof *c->wanted);
    c->columns = zg_alloc(most, sizeof *c->columns);
    c->sources = zg_alloc(most, sizeof *c->sources);
    c->values = zg_alloc(most, sizeof *c->values);
    c->names = zg_alloc(most, sizeof *c->names);
    if (!c->wanted || !c->columns || !c->sources || !c->values || !c->names)
        return no_memory(err);
    add_place(c);
    ZAGG_TRY(add_fields(c, err));
    ZAGG_TRY(describe_system(c, err));
    *layout = (zg_layout){.columns = c->columns,
                          .n_columns = c->n,
                          .geometry = opts->geometry != ZG_GEOMETRY_NONE,
                          .points = opts->geometry == ZG_GEOMETRY_POINT,
                          .crs_json = c->crs_json};
    return ZAGG_OK;
}

void zg_columns_free(zg_columns *c)
{
    for (size_t k = 0; k < c->n; k++) {
        zg_vec_free(&c->sources[k].data);
        zg_vec_free(&c->sources[k].offsets);
    }
    for (size_t k = 0; k < c->n_names; k++)
        zg_free(c->names[k]);
    zg_vec_free(&c->shapes);
    zg_vec_free(&c->texts);
    zg_vec_free(&c->pointers);
    zg_vec_free(&c->centroids);
    zg_proj_free(c->proj);
    zg_free(c->crs_json);
    zg_free(c->wanted);
    zg_free(c->columns);
    zg_free(c->sources);
    zg_free(c->values);
    zg_free(c->names);
    *c = (zg_columns){.n = 0};
}

const bool *zg_columns_wanted(const zg_columns *c)
{
    return c->wanted;
}
