/* zagg inspect --cell, --lat and --lon: the values of one cell. */
#include "cli/inspect.h"
#include "zagg/digest.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The cell, its group and its chunk. */
typedef struct found_cell {
    const inspect_args *args;
    const zagg_store_group *group;
    const zagg_store_chunk *chunk;
    uint64_t id;
    size_t at;
} found_cell;

/* ---- which cell ---- */

static bool parse_u64(const char *text, size_t len, uint64_t *out)
{
    const bool hex = len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    uint64_t v = 0;
    size_t i = hex ? 2 : 0;
    if (len == i)
        return false;
    for (; i < len; i++) {
        const char c = text[i];
        const unsigned digit = c >= '0' && c <= '9'          ? (unsigned)(c - '0')
                               : hex && c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                               : hex && c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                             : 99;
        if (digit == 99 || !zg_mul_u64(v, hex ? 16 : 10, &v) || !zg_add_u64(v, digit, &v))
            return false;
    }
    *out = v;
    return true;
}

static zagg_status no_cell(const found_cell *f, zagg_err *err)
{
    const zagg_store_grid *g = &f->group->grid;
    if (g->kind == ZAGG_GRID_RECTILINEAR)
        return zagg_err_set(err, ZAGG_EARG,
                            "--cell: found '%s'; must be ROW,COLUMN within %" PRIu64
                            " x %" PRIu64,
                            f->args->cell, g->shape[0], g->shape[1]);
    return zagg_err_set(err, ZAGG_EARG,
                        "--cell: found '%s'; must be a morton id or word of order %u or "
                        "finer, or NESTED@ORDER",
                        f->args->cell, g->cell_order);
}

/* An order-29 point or a finer cell stands for the cell it lies in. */
static zagg_status from_word(found_cell *f, uint64_t word, zagg_err *err)
{
    uint64_t cell = 0;
    const unsigned order = f->group->grid.cell_order;
    if (!zagg_word_valid(word) || zagg_word_order(word) < order ||
        zagg_word_coarsen(word, order, &cell, err) != ZAGG_OK)
        return no_cell(f, err);
    f->id = zagg_word_nested(cell);
    return ZAGG_OK;
}

static zagg_status parse_healpix(found_cell *f, zagg_err *err)
{
    const char *text = f->args->cell, *mark = strchr(text, '@');
    const size_t len = strlen(text);
    uint64_t number = 0, order = 0, word = 0;
    if (mark != NULL) {
        if (!parse_u64(text, (size_t)(mark - text), &number) ||
            !parse_u64(mark + 1, strlen(mark + 1), &order) || order > ZAGG_GEO_MAX_ORDER)
            return no_cell(f, err);
        return from_word(f, zagg_word_from_nested(number, (unsigned)order), err);
    }
    if (zagg_word_parse_decimal(text, len, &word, NULL) == ZAGG_OK &&
        zagg_word_order(word) >= f->group->grid.cell_order)
        return from_word(f, word, err);
    return parse_u64(text, len, &number) ? from_word(f, number, err) : no_cell(f, err);
}

static zagg_status parse_cell(found_cell *f, zagg_err *err)
{
    const zagg_store_grid *g = &f->group->grid;
    const char *comma = strchr(f->args->cell, ',');
    uint64_t at[2];
    if (g->kind == ZAGG_GRID_HEALPIX)
        return parse_healpix(f, err);
    if (comma == NULL ||
        !parse_u64(f->args->cell, (size_t)(comma - f->args->cell), &at[0]) ||
        !parse_u64(comma + 1, strlen(comma + 1), &at[1]) || at[0] >= g->shape[0] ||
        at[1] >= g->shape[1])
        return no_cell(f, err);
    f->id = at[0] * g->shape[1] + at[1];
    return ZAGG_OK;
}

/* ---- values ---- */

static void put_value(zg_json_out *w, zagg_dtype dtype, const void *element)
{
    uint64_t u = 0;
    int64_t i = 0;
    const size_t size = zagg_dtype_size(dtype);
    if (dtype == ZAGG_DT_BOOL) {
        zg_json_bool(w, *(const uint8_t *)element != 0);
    } else if (dtype == ZAGG_DT_U64) {
        memcpy(&u, element, size);
        zg_json_u64(w, u);
    } else if (dtype == ZAGG_DT_I64) {
        memcpy(&i, element, size);
        zg_json_i64(w, i);
    } else if (zagg_dtype_is_float(dtype)) {
        const double v = zagg_store_number(dtype, element);
        if (isfinite(v))
            zg_json_double(w, v);
        else
            zg_json_null(w);
    } else {
        zg_json_i64(w, (int64_t)zagg_store_number(dtype, element));
    }
}

static void put_list(zg_json_out *w, zagg_dtype dtype, const char *data, size_t n,
                     size_t stride)
{
    zg_json_open_list(w);
    for (size_t i = 0; i < n; i++)
        put_value(w, dtype, data + i * stride);
    zg_json_close_list(w);
}

/* Means and weights, aligned. */
static zagg_status read_digest(const zagg_bytes_view *payload, zagg_digest *out,
                               float **memory, zagg_err *err)
{
    *memory = zg_alloc(payload->len > 0 ? payload->len : 1, 1);
    if (*memory == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a digest");
    if (payload->len > 0)
        memcpy(*memory, payload->data, payload->len);
    *out = (zagg_digest){.n = payload->len / (2 * sizeof(float)), .centroids = *memory};
    return ZAGG_OK;
}

static double weight_of(const zagg_digest *d)
{
    double sum = 0;
    for (size_t i = 0; i < d->n; i++)
        sum += (double)d->centroids[2 * i + 1];
    return sum;
}

static zagg_status put_digest(const found_cell *f, zg_json_out *w,
                              const zagg_bytes_view *payload, zagg_err *err)
{
    zagg_digest d;
    float *memory = NULL;
    char key[32];
    ZAGG_TRY(read_digest(payload, &d, &memory, err));
    zg_json_open_map(w);
    zg_json_put_double(w, "weight", weight_of(&d));
    zg_json_key(w, "quantiles");
    zg_json_open_map(w);
    for (size_t i = 0; d.n > 0 && i < f->args->n_quantiles; i++) {
        (void)zg_float_repr(f->args->quantiles[i], key);
        zg_json_put_double(w, key, zagg_digest_quantile(&d, f->args->quantiles[i]));
    }
    zg_json_close_map(w);
    zg_json_key(w, "centroids");
    zg_json_open_list(w);
    for (size_t i = 0; i < d.n; i++)
        put_list(w, ZAGG_DT_F32, (const char *)&memory[2 * i], 2, sizeof(float));
    zg_json_close_list(w);
    zg_json_close_map(w);
    zg_free(memory);
    return ZAGG_OK;
}

/* Where the values of the cell lie in a column, and how far apart. */
static const char *values_at(const found_cell *f, const zagg_store_column *c,
                             size_t *stride)
{
    const size_t size = zagg_dtype_size(c->field->dtype);
    *stride = size;
    if (c->field->kind == ZAGG_STORE_COMPANION)
        return c->data;
    if (c->field->kind == ZAGG_STORE_SERIES) {
        *stride = size * f->chunk->n_cells;
        return (const char *)c->data + f->at * size;
    }
    return (const char *)c->data + f->at * c->field->width * size;
}

static const zagg_bytes_view *payload_at(const found_cell *f, const zagg_store_column *c)
{
    return &c->payloads[c->field->kind == ZAGG_STORE_COMPANION ? 0 : f->at];
}

static zagg_status put_column(const found_cell *f, zg_json_out *w,
                              const zagg_store_column *c, zagg_err *err)
{
    const zagg_store_field_info *field = c->field;
    const size_t size = zagg_dtype_size(field->dtype);
    if (field->ragged) {
        const zagg_bytes_view *payload = payload_at(f, c);
        if (field->digest)
            return put_digest(f, w, payload, err);
        put_list(w, field->dtype, payload->data, payload->len / size, size);
        return ZAGG_OK;
    }
    size_t stride = 0;
    const char *at = values_at(f, c, &stride);
    if (field->width > 1 || field->kind == ZAGG_STORE_SERIES)
        put_list(w, field->dtype, at, field->width, stride);
    else
        put_value(w, field->dtype, at);
    return ZAGG_OK;
}

static bool is_shown(const found_cell *f, const zagg_store_column *c)
{
    return c->read &&
           (f->args->array == NULL || strcmp(f->args->array, c->field->name) == 0);
}

/* ---- place ---- */

/* Latitude and longitude, or x and y, of the middle of the cell. */
static void centre(const found_cell *f, double out[2])
{
    const zagg_store_grid *g = &f->group->grid;
    if (g->kind == ZAGG_GRID_HEALPIX) {
        zagg_geo_centre(f->id, g->cell_order, g->latitude, &out[0], &out[1]);
        out[1] -= out[1] > 180 ? 360 : 0;
        return;
    }
    out[0] = g->bounds[0] + ((double)(f->id % g->shape[1]) + 0.5) * g->resolution[0];
    out[1] = g->bounds[3] - ((double)(f->id / g->shape[1]) + 0.5) * g->resolution[1];
}

static void names_of(const found_cell *f, char word[24], char id[33])
{
    word[0] = id[0] = '\0';
    if (f->chunk->words == NULL)
        return;
    (void)snprintf(word, 24, "%" PRIu64, f->chunk->words[f->at]);
    (void)zagg_word_decimal(f->chunk->words[f->at], id, NULL);
}

/* ---- JSON ---- */

static zagg_status put_cell(const found_cell *f, zg_json_out *w, zagg_err *err)
{
    const bool healpix = f->chunk->words != NULL;
    char word[24], id[33];
    double at[2];
    names_of(f, word, id);
    centre(f, at);
    zg_json_open_map(w);
    zg_json_put_str(w, "store", f->args->store);
    zg_json_put_str(w, "group", f->group->name);
    if (healpix) {
        zg_json_put_str(w, "cell", id);
        zg_json_put_str(w, "word", word);
    } else {
        zg_json_put_u64(w, "row", f->id / f->group->grid.shape[1]);
        zg_json_put_u64(w, "column", f->id % f->group->grid.shape[1]);
    }
    zg_json_put_u64(w, "cell_id", f->id);
    zg_json_put_double(w, healpix ? "lat" : "x", at[0]);
    zg_json_put_double(w, healpix ? "lon" : "y", at[1]);
    zg_json_key(w, "values");
    zg_json_open_map(w);
    for (size_t i = 0; i < f->chunk->n_columns; i++) {
        const zagg_store_column *c = &f->chunk->columns[i];
        if (!is_shown(f, c))
            continue;
        zg_json_key(w, c->field->name);
        ZAGG_TRY(put_column(f, w, c, err));
    }
    zg_json_close_map(w);
    zg_json_close_map(w);
    return ZAGG_OK;
}

static zagg_status print_json(const found_cell *f, zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    zg_str_init(&text, 0);
    zg_json_begin(&w, &text, -1);
    zagg_status status = put_cell(f, &w, err);
    if (status == ZAGG_OK && text.failed)
        status = zagg_err_set(err, ZAGG_ENOMEM, "no memory for the JSON");
    if (status == ZAGG_OK)
        puts(text.data);
    zg_str_free(&text);
    return status;
}

/* ---- text ---- */

static zagg_status print_digest(const found_cell *f, const zagg_bytes_view *payload,
                                zagg_err *err)
{
    zagg_digest d;
    float *memory = NULL;
    ZAGG_TRY(read_digest(payload, &d, &memory, err));
    if (d.n == 0)
        printf("empty digest");
    else
        printf("digest of %zu centroids, weight %.9g", d.n, weight_of(&d));
    for (size_t i = 0; d.n > 0 && i < f->args->n_quantiles; i++)
        printf("%s q%g %.7g", i == 0 ? ";" : ",", f->args->quantiles[i],
               zagg_digest_quantile(&d, f->args->quantiles[i]));
    zg_free(memory);
    return ZAGG_OK;
}

static zagg_status print_column(const found_cell *f, const zagg_store_column *c,
                                int width, zagg_err *err)
{
    zg_str text;
    zg_json_out w;
    printf("  %-*s  ", width, c->field->name);
    zagg_status status = ZAGG_OK;
    if (c->field->digest) {
        status = print_digest(f, payload_at(f, c), err);
    } else {
        zg_str_init(&text, 0);
        zg_json_begin(&w, &text, -1);
        status = put_column(f, &w, c, err);
        fputs(strcmp(text.data, "null") == 0 ? "NaN" : text.data, stdout);
        zg_str_free(&text);
    }
    puts(c->field->kind == ZAGG_STORE_COMPANION ? "  (of the chunk)" : "");
    return status;
}

static zagg_status print_text(const found_cell *f, zagg_err *err)
{
    char word[24], id[33];
    double at[2];
    int width = 0;
    names_of(f, word, id);
    centre(f, at);
    if (f->chunk->words != NULL)
        printf("Cell %s of order %u (nested %" PRIu64
               ", word %s), centre %.7f %.7f; %s\n",
               id, f->group->grid.cell_order, f->id, word, at[0], at[1],
               inspect_latitude(&f->group->grid));
    else
        printf("Cell %" PRIu64 ",%" PRIu64 " (row, column), centre x %.15g y %.15g\n",
               f->id / f->group->grid.shape[1], f->id % f->group->grid.shape[1], at[0],
               at[1]);
    for (size_t i = 0; i < f->chunk->n_columns; i++) {
        const int len = (int)strlen(f->chunk->columns[i].field->name);
        if (is_shown(f, &f->chunk->columns[i]) && len > width)
            width = len;
    }
    for (size_t i = 0; i < f->chunk->n_columns; i++)
        if (is_shown(f, &f->chunk->columns[i]))
            ZAGG_TRY(print_column(f, &f->chunk->columns[i], width, err));
    return ZAGG_OK;
}

/* ---- both ---- */

static zagg_status read_in_group(found_cell *f, const zagg_store *store, size_t i,
                                 zagg_err *err)
{
    zagg_store_reader *reader = NULL;
    zagg_store_chunk chunk;
    zagg_status status = f->args->cell != NULL
                             ? parse_cell(f, err)
                             : zagg_store_locate(&f->group->grid, f->args->lat_deg,
                                                 f->args->lon_deg, &f->id, err);
    if (status == ZAGG_OK)
        status = zagg_store_reader_new(store, i, NULL, &reader, err);
    if (status == ZAGG_OK)
        status = zagg_store_read_cell(reader, f->id, &chunk, &f->at, err);
    f->chunk = &chunk;
    if (status == ZAGG_OK)
        status = f->args->json ? print_json(f, err) : print_text(f, err);
    zagg_store_reader_free(reader);
    return status;
}

static bool has_array(const zagg_store_group *g, const char *name)
{
    for (size_t i = 0; i < g->n_fields; i++)
        if (name == NULL || strcmp(g->fields[i].name, name) == 0)
            return true;
    return false;
}

/* Of several groups the first that has the cell (and the array) is shown. */
zagg_status inspect_cell(const inspect_args *args, const zagg_store *store, zagg_err *err)
{
    zagg_status status = zagg_err_set(err, ZAGG_ENOTFOUND, "%s: no group of cells%s%s",
                                      args->store, args->array != NULL ? " with " : "",
                                      args->array != NULL ? args->array : "");
    for (size_t i = 0; i < zagg_store_n_groups(store); i++) {
        found_cell f = {.args = args, .group = zagg_store_get_group(store, i)};
        if (!f.group->has_grid || !has_array(f.group, args->array))
            continue;
        status = read_in_group(&f, store, i, err);
        if (status == ZAGG_OK)
            break;
    }
    return status;
}
