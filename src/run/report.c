/* What a store holds: every stored chunk of every array is decoded again. A hive is the
 * sum of its leaves. */
#include "io/sub_sink.h"
#include "run/run.h"

#include <stdio.h>
#include <string.h>

typedef struct tally {
    const zagg_zarr_array *array;
    zagg_store_field *field;
    size_t width; /* elements of a cell */
} tally;

/* Value v of cell `cell` of a chunk; *last is the cell of the one before. */
static void take(zagg_store_field *f, double v, size_t cell, size_t *last)
{
    f->n_cells += cell != *last;
    *last = cell;
    if (f->n_values == 0 || v < f->min)
        f->min = v;
    if (f->n_values == 0 || v > f->max)
        f->max = v;
    f->sum += v;
    f->n_values++;
}

/* Integers that equal the fill are cells without data, as NaN is for floats. */
#define TALLY(T)                                                                         \
    do {                                                                                 \
        const T *x = data;                                                               \
        T fill;                                                                          \
        memcpy(&fill, t->array->fill, sizeof fill);                                      \
        for (size_t i = 0; i < n; i++)                                                   \
            if (x[i] == x[i] && x[i] != fill)                                            \
                take(t->field, (double)x[i], i / t->width, &last);                       \
    } while (0)

static zagg_status tally_chunk(void *user, const uint64_t *chunk_index, const void *data,
                               size_t n, zagg_err *err)
{
    tally *t = user;
    size_t last = SIZE_MAX;
    (void)chunk_index;
    (void)err;
    switch (t->array->dtype) {
    case ZAGG_DT_BOOL:
    case ZAGG_DT_U8:
        TALLY(uint8_t);
        break;
    case ZAGG_DT_I8:
        TALLY(int8_t);
        break;
    case ZAGG_DT_I16:
        TALLY(int16_t);
        break;
    case ZAGG_DT_U16:
        TALLY(uint16_t);
        break;
    case ZAGG_DT_I32:
        TALLY(int32_t);
        break;
    case ZAGG_DT_U32:
        TALLY(uint32_t);
        break;
    case ZAGG_DT_I64:
        TALLY(int64_t);
        break;
    case ZAGG_DT_U64:
        TALLY(uint64_t);
        break;
    case ZAGG_DT_F32:
        TALLY(float);
        break;
    case ZAGG_DT_F64:
        TALLY(double);
        break;
    case ZAGG_DT_NONE:
        break;
    }
    return ZAGG_OK;
}

static zagg_status tally_ragged(void *user, const uint64_t *chunk_index, const void *data,
                                size_t n, zagg_err *err)
{
    tally *t = user;
    const zagg_bytes_view *cells = data;
    size_t filled = n; /* of a CSR field: cells with a payload */
    (void)chunk_index;
    (void)err;
    for (size_t i = 0; t->array->kind == ZAGG_ZARR_VLEN && i < n; i++)
        filled -= cells[i].len == 0;
    t->field->n_cells += filled;
    t->field->n_values += filled;
    return ZAGG_OK;
}

/* Elements of a cell: the axes of vectors are named so. */
static size_t width_of(const zagg_zarr_array *array)
{
    size_t width = 1;
    for (unsigned d = 0; d < array->rank; d++)
        if (array->dim_names[d] && strncmp(array->dim_names[d], "vector", 6) == 0)
            width *= (size_t)array->chunk[d];
    return width;
}

/* One element a chunk: `resolution: chunk`. */
static bool is_companion(const zagg_zarr_array *array)
{
    return array->rank > 0 && array->dim_names[0] &&
           strncmp(array->dim_names[0], "chunk", 5) == 0;
}

static bool is_coordinate(const char *name)
{
    return strcmp(name, "morton") == 0 || strcmp(name, "cell_ids") == 0 ||
           strcmp(name, "x") == 0 || strcmp(name, "y") == 0;
}

/* A report in the making; its fields grow. */
typedef struct gathering {
    zagg_store_report report;
    zg_vec fields; /* zagg_store_field */
} gathering;

/* Field for an array: of a hive the one that earlier leaves began. */
static zagg_store_field *field_for(gathering *g, const zagg_zarr_array *array, bool leaf)
{
    char name[sizeof((zagg_store_field *)0)->name];
    zg_str cut;
    zg_str_init(&cut, sizeof name);
    zg_str_addn(&cut, array->name, strnlen(array->name, sizeof name - 1));
    memcpy(name, cut.data, cut.len + 1);
    zg_str_free(&cut);
    for (size_t i = 0; leaf && i < g->fields.len; i++) {
        zagg_store_field *f = ZG_VEC_AT(&g->fields, zagg_store_field, i);
        if (strcmp(f->name, name) == 0)
            return f;
    }
    zagg_store_field *f = zg_vec_push(&g->fields);
    if (!f)
        return NULL;
    memcpy(f->name, name, sizeof name);
    f->dtype = array->dtype;
    f->ragged = array->kind != ZAGG_ZARR_DENSE;
    return f;
}

static zagg_status read_array(zagg_zarr_reader *reader, size_t i, bool leaf, gathering *g,
                              zagg_err *err)
{
    const zagg_zarr_array *array = zagg_zarr_reader_array(reader, i);
    zagg_store_report *out = &g->report;
    zagg_store_field *f = field_for(g, array, leaf);
    uint64_t bytes = 0, objects = 0;
    if (!f)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for the fields of a store");
    tally t = {array, f, width_of(array)};
    ZAGG_TRY(zagg_zarr_read_chunks(reader, i, f->ragged ? tally_ragged : tally_chunk, &t,
                                   &bytes, &objects, err));
    f->bytes += bytes;
    f->objects += objects;
    out->bytes += bytes;
    out->objects += objects;
    if (is_coordinate(array->name) && array->dim_names[0] &&
        strcmp(array->dim_names[0], array->name) == 0)
        return ZAGG_OK; /* x and y: whole, whatever the shards */
    if (array->kind != ZAGG_ZARR_CSR && !is_companion(array) && f->objects > out->shards)
        out->shards = f->objects;
    if (!is_coordinate(array->name) && !is_companion(array) && f->n_cells > out->cells)
        out->cells = f->n_cells;
    return ZAGG_OK;
}

/* All arrays below the Zarr root that a sink is. */
static zagg_status read_root(zagg_sink *sink, bool leaf, gathering *g, zagg_err *err)
{
    zagg_zarr_reader *reader = NULL;
    zagg_status status = zagg_zarr_open(sink, &reader, err);
    const size_t n = status == ZAGG_OK ? zagg_zarr_reader_n(reader) : 0;
    for (size_t i = 0; status == ZAGG_OK && i < n; i++)
        status = read_array(reader, i, leaf, g, err);
    if (status == ZAGG_OK && n > 0) {
        const char *group = zagg_zarr_reader_group(reader, 0);
        const size_t len = strnlen(group, sizeof g->report.group - 1);
        memcpy(g->report.group, group, len);
        g->report.group[len] = '\0';
    }
    zagg_zarr_reader_free(reader);
    return status;
}

/* ---- hives ---- */

typedef struct hive_walk {
    zagg_sink *sink; /* of the whole hive */
    const char *folder;
    gathering *g;
    uint64_t n_leaves;
} hive_walk;

static bool is_leaf_name(const char *name, size_t len)
{
    static const char TAIL[] = ".zarr/";
    const size_t n = sizeof TAIL - 1;
    const char *digits = name[0] == '-' ? name + 1 : name;
    return len > n && strcmp(name + len - n, TAIL) == 0 &&
           strspn(digits, "123456") == (size_t)(name + len - n - digits);
}

static zagg_status read_leaf(hive_walk *w, const char *folder, zagg_err *err)
{
    zagg_sink *leaf = NULL;
    char *name = zg_strndup(folder, strlen(folder) - 1); /* without its '/' */
    zagg_status status =
        name == NULL ? zagg_err_set(err, ZAGG_ENOMEM, "no memory for the path of a leaf")
                     : zg_sink_open_below(w->sink, name, &leaf, err);
    zg_free(name);
    if (status == ZAGG_OK)
        status = read_root(leaf, true, w->g, err);
    zagg_sink_close(leaf);
    if (status == ZAGG_ENOTFOUND) /* without its stamp: not a leaf */
        return ZAGG_OK;
    w->n_leaves += status == ZAGG_OK;
    return status == ZAGG_OK ? status : zagg_err_context(err, status, "%s", folder);
}

/* Folders of digits lead to leaves; nothing else in a hive does. */
static zagg_status walk_hive(void *user, const char *name, uint64_t size, zagg_err *err)
{
    enum { DEEPEST = 512 };
    hive_walk *w = user;
    char folder[DEEPEST];
    const size_t len = strlen(name);
    const char *digit = name[0] == '-' ? name + 1 : name;
    (void)size;
    const int n = snprintf(folder, sizeof folder, "%s%s", w->folder, name);
    if (n < 0 || (size_t)n >= sizeof folder)
        return ZAGG_OK; /* deeper than orders go */
    if (is_leaf_name(name, len))
        return read_leaf(w, folder, err);
    if (strspn(digit, "123456") != 1 || strcmp(digit + 1, "/") != 0)
        return ZAGG_OK;
    hive_walk below = *w;
    below.folder = folder;
    const zagg_status status =
        zagg_sink_list_dir(w->sink, folder, walk_hive, &below, err);
    w->n_leaves = below.n_leaves;
    return status;
}

static zagg_status is_hive(zagg_sink *sink, bool *hive, zagg_err *err)
{
    void *data = NULL;
    size_t len = 0;
    const zagg_status status =
        zagg_sink_get(sink, "morton_hive.json", (size_t)64 << 20, &data, &len, err);
    *hive = status == ZAGG_OK;
    if (*hive)
        zagg_bytes_free(data);
    return status == ZAGG_ENOTFOUND ? ZAGG_OK : status;
}

static zagg_status gather(zagg_sink *sink, gathering *g, zagg_err *err)
{
    bool hive = false;
    ZAGG_TRY(is_hive(sink, &hive, err));
    if (!hive)
        return read_root(sink, false, g, err);
    hive_walk w = {sink, "", g, 0};
    ZAGG_TRY(zagg_sink_list_dir(sink, "", walk_hive, &w, err));
    g->report.shards = w.n_leaves;
    return ZAGG_OK;
}

zagg_status zagg_store_report_read_sink(zagg_sink *sink, zagg_store_report *out,
                                        zagg_err *err)
{
    const double nan = __builtin_nan("");
    gathering g = {.report = {0}};
    zg_vec_init(&g.fields, sizeof(zagg_store_field), 0);
    const zagg_status status = gather(sink, &g, err);
    if (status != ZAGG_OK) {
        zg_vec_free(&g.fields);
        return status;
    }
    g.report.fields = g.fields.data;
    g.report.n_fields = g.fields.len;
    for (size_t i = 0; i < g.report.n_fields; i++) {
        zagg_store_field *f = &g.report.fields[i];
        if (f->n_values == 0 || f->ragged)
            f->min = f->max = nan;
        f->mean = f->n_values && !f->ragged ? f->sum / (double)f->n_values : nan;
    }
    *out = g.report;
    return ZAGG_OK;
}

zagg_status zagg_store_report_read(const char *store, zagg_store_report *out,
                                   zagg_err *err)
{
    zagg_sink *sink = NULL;
    zagg_status status = zagg_sink_open_dir(zg_store_path(store), &sink, err);
    if (status == ZAGG_OK)
        status = zagg_store_report_read_sink(sink, out, err);
    zagg_sink_close(sink);
    return status == ZAGG_OK ? status : zagg_err_context(err, status, "%s", store);
}

void zagg_store_report_free(zagg_store_report *report)
{
    zg_free(report->fields);
    report->fields = NULL;
    report->n_fields = 0;
}
