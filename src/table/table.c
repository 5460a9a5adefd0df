/* Opening and closing tables, whatever their format. */
#include "table/table.h"

#include "table/writer.h"

#include <string.h>

static const char *const NAMES[] = {"parquet", "csv", "ndjson"};
static const zg_table_ops *const OPS[] = {&zg_table_parquet, &zg_table_csv,
                                          &zg_table_ndjson};
enum { N_FORMATS = sizeof NAMES / sizeof NAMES[0] };

const char *zg_table_format_name(zg_table_format format)
{
    return NAMES[format];
}

bool zg_table_format_parse(const char *name, zg_table_format *out)
{
    for (int i = 0; i < N_FORMATS; i++)
        if (strcmp(name, NAMES[i]) == 0) {
            *out = (zg_table_format)i;
            return true;
        }
    return false;
}

/* Does the text of `len` bytes end so? */
static bool ends(const char *text, size_t len, const char *end)
{
    const size_t n = strlen(end);
    return len > n && memcmp(text + len - n, end, n) == 0;
}

bool zg_table_format_of_path(const char *path, zg_table_format *out, bool *gzip)
{
    static const struct {
        const char *end;
        zg_table_format format;
    } ENDS[] = {{".parquet", ZG_TABLE_PARQUET}, {".geoparquet", ZG_TABLE_PARQUET},
                {".csv", ZG_TABLE_CSV},         {".ndjson", ZG_TABLE_NDJSON},
                {".geojsonl", ZG_TABLE_NDJSON}, {".geojsons", ZG_TABLE_NDJSON}};
    size_t len = strlen(path);
    const bool packed = ends(path, len, ".gz");
    len -= packed ? 3 : 0;
    for (size_t i = 0; i < sizeof ENDS / sizeof ENDS[0]; i++)
        if (ends(path, len, ENDS[i].end) &&
            !(packed && ENDS[i].format == ZG_TABLE_PARQUET)) {
            *out = ENDS[i].format;
            *gzip = packed;
            return true;
        }
    return false;
}

static zagg_status check_schema(const zg_table_schema *schema, zagg_err *err)
{
    size_t geometries = 0;
    for (size_t i = 0; i < schema->n_columns; i++) {
        const zg_table_column *c = &schema->columns[i];
        geometries += c->kind == ZG_COLUMN_GEOMETRY;
        if (c->list && c->kind != ZG_COLUMN_NUMBER)
            return zagg_err_set(err, ZAGG_EARG, "column '%s': lists are of numbers",
                                c->name);
        for (size_t k = 0; k < i; k++)
            if (strcmp(c->name, schema->columns[k].name) == 0)
                return zagg_err_set(err, ZAGG_EARG, "two columns are called '%s'",
                                    c->name);
    }
    return geometries <= 1
               ? ZAGG_OK
               : zagg_err_set(err, ZAGG_EARG, "a table has one geometry at most");
}

static zagg_status check_options(const zg_table_options *o, zagg_err *err)
{
    if (o->format != ZG_TABLE_PARQUET)
        return ZAGG_OK;
    if (!zg_table_has_parquet())
        return zagg_err_set(
            err, ZAGG_EUNSUPPORTED,
            "%s: this zagg was built without Parquet; scripts/deps brings the library "
            "carquet, build zagg again after it, or write .csv or .ndjson",
            o->path);
    if (o->gzip || strcmp(o->path, "-") == 0)
        return zagg_err_set(err, ZAGG_EARG,
                            "Parquet goes to a file, and not through gzip");
    return ZAGG_OK;
}

zagg_status zg_table_open(const zg_table_options *options, const zg_table_schema *schema,
                          zg_table_writer **out, zagg_err *err)
{
    ZAGG_TRY(check_options(options, err));
    ZAGG_TRY(check_schema(schema, err));
    zg_table_writer *w = zg_alloc(1, sizeof *w);
    if (w == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a table");
    w->ops = OPS[options->format];
    w->schema = schema;
    zagg_status status =
        zg_output_open(&w->output, options->path, options->gzip, options->overwrite, err);
    if (status == ZAGG_OK)
        status = w->ops->begin(w, err);
    if (status != ZAGG_OK) {
        zg_table_abort(w);
        return status;
    }
    *out = w;
    return ZAGG_OK;
}

zagg_status zg_table_write(zg_table_writer *w, size_t n_rows,
                           const zg_table_values *columns, zagg_err *err)
{
    if (n_rows > ZG_TABLE_MAX_ROWS)
        return zagg_err_set(err, ZAGG_EARG, "%zu rows are more than a batch has", n_rows);
    if (n_rows > 0)
        ZAGG_TRY(w->ops->write(w, n_rows, columns, err));
    w->rows += n_rows;
    return ZAGG_OK;
}

static void free_writer(zg_table_writer *w)
{
    w->ops->free(w);
    zg_output_discard(&w->output);
    zg_free(w);
}

zagg_status zg_table_close(zg_table_writer *w, zagg_err *err)
{
    zagg_status status = w->ops->end(w, err);
    if (status == ZAGG_OK)
        status = zg_output_commit(&w->output, err);
    free_writer(w);
    return status;
}

void zg_table_abort(zg_table_writer *w)
{
    if (w != NULL)
        free_writer(w);
}

uint64_t zg_table_rows(const zg_table_writer *w)
{
    return w->rows;
}
