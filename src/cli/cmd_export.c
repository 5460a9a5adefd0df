/* zagg export: the cells of a store as rows of a table. */
#include "cli/cli.h"
#include "cli/export.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    OPT_FORMAT = 256,
    OPT_FIELDS,
    OPT_BBOX,
    OPT_GEOMETRY,
    OPT_QUANTILES,
    OPT_ALL_CELLS,
    OPT_GROUP,
    OPT_FORCE
};

static const cli_option OPTIONS[] = {
    {'o', "output", "FILE",
     ".parquet, .csv or .ndjson, the texts also with .gz behind; - is standard\n"
     "output. Needed"},
    {OPT_FORMAT, "format", "NAME",
     "parquet, csv or ndjson, where FILE does not tell; of - the default is csv"},
    {OPT_FIELDS, "fields", "NAME,...", "only these fields; the default is all"},
    {OPT_BBOX, "bbox", "W,S,E,N",
     "only cells whose centre lies in this box of degrees; W > E crosses the\n"
     "antimeridian"},
    {OPT_GEOMETRY, "geometry", "KIND",
     "polygon (the outline of the cell, the default), point (its centre) or none"},
    {OPT_QUANTILES, "quantiles", "Q,...",
     "columns with these quantiles in place of digests: NAME_q10 of 0.1"},
    {OPT_ALL_CELLS, "all-cells", NULL,
     "all cells of shards that have data, and not only those with data"},
    {OPT_GROUP, "group", "NAME", "of a store with several groups of cells"},
    {OPT_FORCE, "force", NULL, "replace FILE if it is there"},
    {'q', "quiet", NULL, "print nothing but errors"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "export", "export STORE -o FILE [OPTIONS]",
    "Write the cells of a store as a table, one row a cell that has data: what the cell\n"
    "is called, where it is, its fields and its outline. GeoParquet, CSV with WKT, or\n"
    "newline-delimited GeoJSON. FILE appears when all of it is written, or not at all.",
    OPTIONS,
    "  zagg export OUT -o cells.parquet\n"
    "  zagg export OUT -o cells.csv --fields count,h_mean --geometry none\n"
    "  zagg export OUT -o near.ndjson --bbox=-77,38,-76,39 --quantiles 0.1,0.5,0.9"};

static volatile sig_atomic_t stop_flag;

static void on_signal(int signal_number)
{
    (void)signal_number;
    stop_flag = 1;
}

/* ---- command line ---- */

static int bad_value(const char *option, const char *value, const char *must)
{
    fprintf(stderr, "zagg export: --%s: found '%s'; must be %s\n", option, value, must);
    return EXIT_USAGE;
}

/* Numbers with commas between them; false unless there are 1 to `max`. */
static bool take_numbers(const char *value, double *out, size_t max, size_t *n)
{
    *n = 0;
    for (const char *at = value;; at++) {
        const size_t len = strcspn(at, ",");
        if (*n == max || !zg_float_parse(at, len, &out[*n]))
            return false;
        ++*n;
        at += len;
        if (*at == '\0')
            return true;
    }
}

static int take_bbox(export_args *a, const char *value)
{
    size_t n;
    double *b = a->bbox;
    if (!take_numbers(value, b, 4, &n) || n != 4 || !(fabs(b[0]) <= 360) ||
        !(fabs(b[2]) <= 360) || !(b[1] >= -90 && b[1] <= b[3] && b[3] <= 90))
        return bad_value("bbox", value,
                         "west,south,east,north in degrees, south below north");
    a->has_bbox = true;
    return 0;
}

static int take_quantiles(export_args *a, const char *value)
{
    bool good = take_numbers(value, a->quantiles, EXPORT_QUANTILES, &a->n_quantiles);
    for (size_t i = 0; good && i < a->n_quantiles; i++)
        good = a->quantiles[i] >= 0 && a->quantiles[i] <= 1;
    return good ? 0
                : bad_value("quantiles", value,
                            "numbers from 0 to 1 with commas between them, 64 at most");
}

static int take_geometry(export_args *a, const char *value)
{
    static const char *const KINDS[] = {"polygon", "point", "none"};
    for (int i = 0; i < 3; i++)
        if (strcmp(value, KINDS[i]) == 0) {
            a->shape = (export_shape)i;
            return 0;
        }
    return bad_value("geometry", value, "polygon, point or none");
}

static int take(void *user, int id, const char *value)
{
    export_args *a = user;
    switch (id) {
    case 0:
        return cli_take_store(&COMMAND, &a->store, value);
    case 'o':
        a->out = value;
        return 0;
    case OPT_FORMAT:
        a->has_format = zg_table_format_parse(value, &a->format);
        return a->has_format ? 0 : bad_value("format", value, "parquet, csv or ndjson");
    case OPT_FIELDS:
        a->fields = value;
        return 0;
    case OPT_BBOX:
        return take_bbox(a, value);
    case OPT_GEOMETRY:
        return take_geometry(a, value);
    case OPT_QUANTILES:
        return take_quantiles(a, value);
    case OPT_GROUP:
        a->group = value;
        return 0;
    case OPT_ALL_CELLS:
        a->all_cells = true;
        return 0;
    case OPT_FORCE:
        a->force = true;
        return 0;
    default:
        a->quiet = true;
        return 0;
    }
}

static int usage(const char *what)
{
    fprintf(stderr, "zagg export: %s; see zagg export --help\n", what);
    return EXIT_USAGE;
}

/* Format and compression from the name of the file, unless --format says another. */
static int check_args(export_args *a)
{
    zg_table_format named = ZG_TABLE_CSV;
    if (a->store == NULL)
        return cli_need_store(&COMMAND);
    if (a->out == NULL || *a->out == '\0')
        return usage("-o FILE is missing");
    const bool known = zg_table_format_of_path(a->out, &named, &a->gzip);
    if (!known && !a->has_format && strcmp(a->out, "-") != 0) {
        fprintf(stderr,
                "zagg export: %s: ends in none of .parquet, .csv and .ndjson; say "
                "--format\n",
                a->out);
        return EXIT_USAGE;
    }
    a->gzip = a->gzip && (!a->has_format || a->format != ZG_TABLE_PARQUET);
    a->format = a->has_format ? a->format : named;
    if (a->format == ZG_TABLE_PARQUET && strcmp(a->out, "-") == 0)
        return usage("Parquet cannot go to standard output: name a file");
    return 0;
}

/* ---- the store ---- */

/* The group that is asked for, or the only one with cells. */
static zagg_status choose_group(const zagg_store *store, const export_args *a,
                                const zagg_store_group **out, size_t *index,
                                zagg_err *err)
{
    size_t found = 0;
    zg_str names;
    zg_str_init(&names, 400);
    *out = NULL;
    for (size_t i = 0; i < zagg_store_n_groups(store); i++) {
        const zagg_store_group *g = zagg_store_get_group(store, i);
        if (a->group != NULL ? strcmp(g->name, a->group) != 0 : !g->has_grid)
            continue;
        zg_str_addf(&names, "%s%s", found > 0 ? ", " : "", g->name);
        found++;
        *out = g;
        *index = i;
    }
    zagg_status status = ZAGG_OK;
    if (found == 0 && a->group != NULL)
        status = zagg_err_set(err, ZAGG_EARG, "--group: there is no group '%s' in %s",
                              a->group, a->store);
    else if (found == 0)
        status = zagg_err_set(err, ZAGG_EUNSUPPORTED, "%s: no group of it has cells",
                              a->store);
    else if (found > 1)
        status = zagg_err_set(err, ZAGG_EARG, "%s has several groups (%s); say --group",
                              a->store, names.data);
    else if (!(*out)->has_grid)
        status = zagg_err_set(err, ZAGG_EUNSUPPORTED, "%s: group %s: %s", a->store,
                              a->group, (*out)->why);
    zg_str_free(&names);
    return status;
}

static void warn(const char *what, const char *name, const char *why)
{
    fprintf(stderr, "zagg export: %s ", what);
    cli_print_text(stderr, name);
    fputs(" is left out: ", stderr);
    cli_print_text(stderr, why != NULL ? why : "cannot be read");
    fputc('\n', stderr);
}

/* What is in the store and will not be in the table. */
static void warn_left_out(const export_job *job)
{
    for (size_t i = 0; i < job->group->n_debris; i++)
        warn("leaf", job->group->debris[i].path, job->group->debris[i].why);
    for (size_t k = 0; job->args->fields == NULL && k < job->group->n_fields; k++)
        if (job->group->fields[k].kind == ZAGG_STORE_OTHER)
            warn("array", job->group->fields[k].name, job->group->fields[k].why);
}

/* ---- the table ---- */

static zagg_status write_table(export_job *job, const zagg_store *store, size_t index,
                               uint64_t *rows, zagg_err *err)
{
    const export_args *a = job->args;
    const zg_table_options options = {a->format, a->out, a->gzip, a->force};
    ZAGG_TRY(export_plan(job, err));
    ZAGG_TRY(export_place_new(job, err));
    const zg_table_pair about = {"zagg", job->about.data};
    const zg_table_schema schema = {.n_columns = job->n_columns,
                                    .columns = job->heads,
                                    .crs_json = job->crs_json,
                                    .n_metadata = 1,
                                    .metadata = &about};
    ZAGG_TRY(zagg_store_reader_new(store, index, job->wanted, &job->reader, err));
    ZAGG_TRY(zg_table_open(&options, &schema, &job->table, err));
    const zagg_status status = export_rows(job, err);
    *rows = zg_table_rows(job->table);
    if (status == ZAGG_OK)
        return zg_table_close(job->table, err);
    zg_table_abort(job->table);
    return status;
}

static void end_job(export_job *job)
{
    for (size_t i = 0; i < job->n_columns; i++)
        zg_str_free(&job->columns[i].data);
    zagg_store_reader_free(job->reader);
    zg_proj_free(job->proj);
    zg_free(job->crs_json);
    zg_free(job->centroids);
    zg_str_free(&job->about);
    zagg_arena_free(job->arena);
    zg_free(job);
}

static zagg_status export_store(const export_args *a, const zagg_store *store,
                                zagg_err *err)
{
    size_t index = 0;
    uint64_t rows = 0;
    export_job *job = zg_alloc(1, sizeof *job);
    if (job == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an export");
    job->args = a;
    job->stop = &stop_flag;
    zg_str_init(&job->about, 0);
    zagg_status status = zagg_arena_new(0, &job->arena, err);
    if (status == ZAGG_OK)
        status = choose_group(store, a, &job->group, &index, err);
    if (status == ZAGG_OK && !a->quiet)
        warn_left_out(job);
    if (status == ZAGG_OK)
        status = write_table(job, store, index, &rows, err);
    if (status == ZAGG_OK && !a->quiet) {
        char text[32];
        fprintf(stderr, "zagg export: %s cells in %s\n", cli_thousands(rows, text),
                strcmp(a->out, "-") == 0 ? "all" : a->out);
    }
    end_job(job);
    return status;
}

int main_export(int argc, char **argv)
{
    export_args args = {.store = NULL};
    zagg_err err = ZAGG_ERR_INIT;
    zagg_store *store = NULL;
    cli_store s;
    int code = cli_parse(&COMMAND, argc, argv, take, &args);
    if (code == 0)
        code = check_args(&args);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    zagg_status status = cli_store_open(&s, args.store, &err);
    if (status == ZAGG_OK)
        status = zagg_store_open_sink(s.sink, s.name, &store, &err);
    if (status == ZAGG_OK)
        status = export_store(&args, store, &err);
    zagg_store_close(store);
    cli_store_close(&s);
    return status == ZAGG_OK ? EXIT_OK : cli_store_fail(&COMMAND, status, &err);
}
