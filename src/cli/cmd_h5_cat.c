/* zagg h5 cat: values of a dataset, one row a line, or as JSON. */
#include "cli/cli.h"
#include "cli/cmd_h5.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Elements that are read and printed together. */
#define BLOCK_ELEMS ((uint64_t)1 << 18)

enum { OPT_FROM = 256, OPT_COLUMN, OPT_JSON };

static const cli_option OPTIONS[] = {
    {'n', "rows", "N", "so many rows (default 10); 0: all"},
    {OPT_FROM, "from", "ROW", "begin with this row (default 0)"},
    {OPT_COLUMN, "column", "K", "only this column of a 2-D dataset"},
    {OPT_JSON, "json", NULL, "print one JSON object; NaN and infinities are null"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "h5 cat", "h5 cat FILE DATASET [OPTIONS]",
    "Print values of a dataset of at most two dimensions, a row a line. Floats have the\n"
    "fewest digits that read back as the same number of their type.",
    OPTIONS,
    "  zagg h5 cat ATL03.h5 /gt1l/heights/h_ph\n"
    "  zagg h5 cat ATL03.h5 /gt1l/heights/signal_conf_ph --column 0 --from 5000 -n 20"};

typedef struct printing {
    const char *file, *path;
    uint64_t n_rows, from; /* n_rows 0: all */
    int64_t column;        /* -1: all */
    bool json;
    h5_file f;
    zagg_h5_dataset *dataset;
    zagg_h5_info info;
    uint64_t first_col, n_cols; /* columns to print; 1-D: one */
    uint64_t end;               /* behind the last row to print */
    uint8_t *block;             /* column behind column */
    zg_str line;
} printing;

static int take(void *user, int id, const char *value)
{
    printing *p = user;
    long long n;
    switch (id) {
    case 0:
        return h5_take_path(&COMMAND, &p->file, &p->path, value);
    case 'n':
        if (!cli_integer(&COMMAND, "rows", value, 0, INT64_MAX, &n))
            return EXIT_USAGE;
        p->n_rows = (uint64_t)n;
        return 0;
    case OPT_FROM:
        if (!cli_integer(&COMMAND, "from", value, 0, INT64_MAX, &n))
            return EXIT_USAGE;
        p->from = (uint64_t)n;
        return 0;
    case OPT_COLUMN:
        if (!cli_integer(&COMMAND, "column", value, 0, INT64_MAX, &n))
            return EXIT_USAGE;
        p->column = n;
        return 0;
    default:
        p->json = true;
        return 0;
    }
}

/* ---- one value ---- */

static void add_float(zg_str *s, double v, bool single, bool json)
{
    char text[32];
    if (json && !isfinite(v)) {
        zg_str_add(s, "null");
        return;
    }
    if (single)
        zg_float32_repr((float)v, text);
    else
        zg_float_repr(v, text);
    zg_str_add(s, text);
}

#define TYPED(type, at)                                                                  \
    type v;                                                                              \
    memcpy(&v, at, sizeof v)

static void add_value(zg_str *s, zagg_dtype dtype, const uint8_t *at, bool json)
{
    const size_t size = zagg_dtype_size(dtype);
    if (dtype == ZAGG_DT_F32) {
        TYPED(float, at);
        add_float(s, (double)v, true, json);
    } else if (dtype == ZAGG_DT_F64) {
        TYPED(double, at);
        add_float(s, v, false, json);
    } else if (dtype == ZAGG_DT_BOOL) {
        zg_str_add(s, *at ? "true" : "false");
    } else if (zagg_dtype_is_signed_int(dtype)) {
        uint64_t bits = 0;
        memcpy(&bits, at, size);
        const uint64_t sign = (uint64_t)1 << (8 * size - 1);
        zg_str_addf(s, "%" PRId64, (int64_t)((bits ^ sign) - sign));
    } else {
        uint64_t bits = 0;
        memcpy(&bits, at, size);
        zg_str_addf(s, "%" PRIu64, bits);
    }
}

/* ---- what to print ---- */

static zagg_status plan(printing *p)
{
    zagg_err *err = &p->f.err;
    ZAGG_TRY(h5_file_open(&p->f, p->file));
    ZAGG_TRY(zagg_h5_dataset_open(p->f.h5, p->path, &p->dataset, err));
    p->info = zagg_h5_dataset_info(p->dataset);
    const zagg_h5_info *i = &p->info;
    if (i->rank > 2)
        return zagg_err_set(err, ZAGG_EUNSUPPORTED,
                            "%s: %s: %u dimensions (at most 2 are printed)", p->file,
                            i->path, i->rank);
    if (p->column >= 0 && i->rank < 2)
        return zagg_err_set(err, ZAGG_EARG,
                            "%s: %s: --column %" PRId64 " of a dataset without columns",
                            p->file, i->path, p->column);
    if (p->column >= 0 && (uint64_t)p->column >= i->dims[1])
        return zagg_err_set(err, ZAGG_ERANGE, "%s: %s: --column %" PRId64 " of %" PRIu64,
                            p->file, i->path, p->column, i->dims[1]);
    const uint64_t rows = i->rank ? i->dims[0] : 1;
    if (p->from > rows)
        return zagg_err_set(err, ZAGG_ERANGE,
                            "%s: %s: --from %" PRIu64 " of %" PRIu64 " rows", p->file,
                            i->path, p->from, rows);
    p->first_col = p->column >= 0 ? (uint64_t)p->column : 0;
    p->n_cols = i->rank == 2 && p->column < 0 ? i->dims[1] : 1;
    p->end = p->n_rows && p->n_rows < rows - p->from ? p->from + p->n_rows : rows;
    return ZAGG_OK;
}

static zagg_status read_block(printing *p, uint64_t begin, uint64_t end)
{
    const zagg_rows range = {begin, end};
    const size_t column_bytes = (size_t)(end - begin) * zagg_dtype_size(p->info.dtype);
    for (uint64_t k = 0; k < p->n_cols; k++) {
        const zagg_h5_column column = {
            p->dataset, p->info.rank == 2 ? (int64_t)(p->first_col + k) : -1};
        ZAGG_TRY(zagg_h5_read(column, &range, 1, NULL, p->block + k * column_bytes,
                              &p->f.err));
    }
    return ZAGG_OK;
}

static void print_rows(printing *p, uint64_t begin, uint64_t end)
{
    const size_t size = zagg_dtype_size(p->info.dtype), n = (size_t)(end - begin);
    const bool nested = p->json && p->info.rank == 2 && p->column < 0;
    for (size_t row = 0; row < n; row++) {
        p->line.len = 0;
        if (p->json && begin + row > p->from)
            zg_str_add(&p->line, ", ");
        if (nested)
            zg_str_addc(&p->line, '[');
        for (uint64_t k = 0; k < p->n_cols; k++) {
            if (k)
                zg_str_add(&p->line, p->json ? ", " : " ");
            add_value(&p->line, p->info.dtype, p->block + (k * n + row) * size, p->json);
        }
        zg_str_add(&p->line, nested ? "]" : p->json ? "" : "\n");
        fwrite(p->line.data, 1, p->line.len, stdout);
    }
}

static zagg_status print_values(printing *p)
{
    zagg_err *err = &p->f.err;
    uint64_t step = p->n_cols && p->n_cols < BLOCK_ELEMS ? BLOCK_ELEMS / p->n_cols : 1;
    if (step > p->end - p->from)
        step = p->end - p->from;
    uint64_t elems;
    if (!zg_mul_u64(step, p->n_cols, &elems) || elems > SIZE_MAX / 8)
        return zagg_err_set(err, ZAGG_ERANGE, "%s: %s: rows are too long", p->file,
                            p->info.path);
    p->block = zg_alloc((size_t)elems + 1, zagg_dtype_size(p->info.dtype));
    if (!p->block)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for %" PRIu64 " values", elems);
    for (uint64_t row = p->from; row < p->end && !ferror(stdout); row += step) {
        const uint64_t end = p->end - row < step ? p->end : row + step;
        ZAGG_TRY(read_block(p, row, end));
        print_rows(p, row, end);
        if (p->line.failed)
            return zagg_err_set(err, ZAGG_ENOMEM, "no memory for a line");
    }
    return ZAGG_OK;
}

/* Everything up to the values, which are written as they are read. */
static zagg_status print_json_head(printing *p)
{
    zg_json_out w;
    zg_json_begin(&w, &p->line, -1);
    zg_json_open_map(&w);
    zg_json_put_str(&w, "file", p->file);
    zg_json_put_str(&w, "path", p->info.path);
    zg_json_put_str(&w, "dtype", zagg_dtype_name(p->info.dtype));
    zg_json_key(&w, "shape");
    h5_json_dims(&w, p->info.dims, p->info.rank);
    zg_json_put_u64(&w, "from", p->from);
    zg_json_key(&w, "column");
    if (p->column >= 0)
        zg_json_i64(&w, p->column);
    else
        zg_json_null(&w);
    zg_json_key(&w, "values");
    if (p->line.failed)
        return zagg_err_set(&p->f.err, ZAGG_ENOMEM, "no memory for a line");
    printf("%s[", p->line.data);
    return ZAGG_OK;
}

static zagg_status print(printing *p)
{
    ZAGG_TRY(plan(p));
    if (p->json)
        ZAGG_TRY(print_json_head(p));
    ZAGG_TRY(print_values(p));
    if (p->json)
        printf("]}\n");
    return ZAGG_OK;
}

int h5_cat(int argc, char **argv)
{
    printing p = {.n_rows = 10, .column = -1};
    int code = cli_parse(&COMMAND, argc, argv, take, &p);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    code = h5_need(&COMMAND, p.path, "FILE DATASET");
    if (code != 0)
        return code;
    zg_str_init(&p.line, 0);
    const zagg_status st = print(&p);
    code = st == ZAGG_OK ? EXIT_OK : h5_fail(&p.f, &COMMAND, st);
    zg_free(p.block);
    zg_str_free(&p.line);
    h5_file_close(&p.f);
    return code;
}
