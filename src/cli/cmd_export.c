/* zagg export: the cells of a store as a table for other programs. */
#include "base/base.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/output_file.h"
#include "cli/store_args.h"
#include "export/export.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    OPT_FORMAT = 256,
    OPT_FIELDS,
    OPT_BOX,
    OPT_GEOMETRY,
    OPT_ALL,
    OPT_GROUP,
    OPT_QUANTILES,
    OPT_FORCE
};

static const cli_option OPTIONS[] = {
    {'o', "output", "FILE", "file to write; - is stdout (csv and ndjson)"},
    {OPT_FORMAT, "format", "NAME",
     "parquet, csv or ndjson; else what FILE's ending says"},
    {OPT_FIELDS, "fields", "A,B", "these fields only; default: all"},
    {OPT_BOX, "bbox", "W,S,E,N",
     "cells whose centre is inside, in degrees; W > E crosses the antimeridian"},
    {OPT_GEOMETRY, "geometry", "KIND", "polygon (default), point or none"},
    {OPT_ALL, "all-cells", NULL, "also cells without data, of shards that are stored"},
    {OPT_QUANTILES, "quantiles", "Q,...",
     "of digests these quantiles (0 to 1), a column each, not the centroids"},
    {OPT_GROUP, "group", "NAME", "group of cells, where the store has several"},
    {OPT_FORCE, "force", NULL, "write over FILE"},
    NET_OPTIONS,
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "export", "export STORE -o FILE [OPTIONS]",
    "Write the cells that hold data as a table, a row each: place, values and outline.\n"
    "  .parquet  GeoParquet 1.1, for QGIS, DuckDB, GeoPandas; lists stay lists\n"
    "  .csv      geometry as well-known text; NaN is an empty field\n"
    "  .ndjson   one GeoJSON feature a line; also .geojsonl\n"
    "Outlines of HEALPix cells are in longitude and latitude, and those of a "
    "rectilinear\n"
    "grid in its own system (ndjson: longitude and latitude always).",
    OPTIONS,
    "  zagg export OUT -o cells.parquet\n"
    "  zagg export OUT -o low.csv --fields count,h_min --bbox -50,60,-40,70\n"
    "  zagg export OUT -o cells.ndjson --quantiles 0.1,0.5,0.9"};

typedef struct export_args {
    const char *path, *output, *format;
    bool force;
    zg_export_opts opts;
    net_args net;
} export_args;

static int wrong(const char *option, const char *value, const char *must)
{
    fprintf(stderr, "zagg export: --%s: found '%s'; must be %s\n", option, value, must);
    return EXIT_USAGE;
}

/* Up to `most` numbers with commas between them; how many, 0 where it is something else.
 */
static size_t numbers(const char *text, double lo, double hi, double *out, size_t most)
{
    size_t n = 0;
    for (;;) {
        char *end = NULL;
        if (n == most)
            return 0;
        out[n] = strtod(text, &end);
        if (end == text || !(out[n] >= lo && out[n] <= hi))
            return 0;
        n++;
        if (*end == '\0')
            return n;
        if (*end != ',')
            return 0;
        text = end + 1;
    }
}

static int take_geometry(export_args *a, const char *value)
{
    static const char *const NAMES[] = {"polygon", "point", "none"};
    for (size_t i = 0; i < 3; i++)
        if (strcmp(value, NAMES[i]) == 0) {
            a->opts.geometry = (zg_geometry)i;
            return 0;
        }
    return wrong("geometry", value, "polygon, point or none");
}

static int take_box(export_args *a, const char *value)
{
    double *b = a->opts.box;
    a->opts.has_box = true;
    if (numbers(value, -360, 360, b, 4) == 4 && b[1] <= b[3] && b[0] >= -180 &&
        b[2] <= 180)
        return 0;
    return wrong("bbox", value, "WEST,SOUTH,EAST,NORTH in degrees, -180 to 180");
}

static int take(void *user, int id, const char *value)
{
    export_args *a = user;
    if (net_args_take(&a->net, id, value))
        return 0;
    switch (id) {
    case 0:
        return cli_take_store(&COMMAND, &a->path, value);
    case 'o':
        a->output = value;
        return 0;
    case OPT_FORMAT:
        a->format = value;
        return 0;
    case OPT_FIELDS:
        a->opts.fields = value;
        return 0;
    case OPT_BOX:
        return take_box(a, value);
    case OPT_GEOMETRY:
        return take_geometry(a, value);
    case OPT_ALL:
        a->opts.all_cells = true;
        return 0;
    case OPT_GROUP:
        a->opts.group = value;
        return 0;
    case OPT_QUANTILES:
        a->opts.n_quantiles =
            numbers(value, 0, 1, a->opts.quantiles, ZG_EXPORT_QUANTILES);
        return a->opts.n_quantiles > 0
                   ? 0
                   : wrong("quantiles", value, "up to 16 numbers from 0 to 1");
    default:
        a->force = true;
        return 0;
    }
}

/* ---- format and file ---- */

static int choose_format(export_args *a)
{
    static const struct {
        const char *name;
        zg_writer_open open;
        bool lonlat;
    } FORMATS[] = {{"parquet", zg_parquet_open, false},
                   {"csv", zg_csv_open, false},
                   {"ndjson", zg_geojson_open, true},
                   {"geojsonl", zg_geojson_open, true}};
    const char *dot = strrchr(a->output, '.');
    const char *name = a->format != NULL ? a->format : dot != NULL ? dot + 1 : "";
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++)
        if (strcmp(name, FORMATS[i].name) == 0) {
            a->opts.open = FORMATS[i].open;
            a->opts.lonlat = FORMATS[i].lonlat;
            if (i > 0 || strcmp(a->output, "-") != 0)
                return 0;
            fprintf(stderr, "zagg export: Parquet cannot go to stdout; give a file\n");
            return EXIT_USAGE;
        }
    if (a->format != NULL)
        return wrong("format", a->format, "parquet, csv or ndjson");
    fprintf(stderr,
            "zagg export: '%s' ends with no known format (.parquet, .csv, .ndjson); give "
            "--format\n",
            a->output);
    return EXIT_USAGE;
}

static volatile int stop_flag;

static void on_signal(int signal_number)
{
    (void)signal_number;
    zg_stop(&stop_flag);
}

static void show_progress(void *user, size_t done, size_t shards)
{
    (void)user;
    fprintf(stderr, "\r%zu of %zu shards%s", done, shards, done == shards ? "\n" : "");
}

typedef struct export_job {
    const zagg_store *store;
    const zg_export_opts *opts;
    uint64_t *rows;
} export_job;

static zagg_status write_cells(void *user, FILE *file, zagg_err *err)
{
    const export_job *job = user;
    return zg_export(job->store, job->opts, file, job->rows, err);
}

static zagg_status run_export(export_args *a, const cli_store *s, uint64_t *rows,
                              zagg_err *err)
{
    zagg_store *store = NULL;
    const bool to_stdout = strcmp(a->output, "-") == 0;
    struct stat st;
    if (!to_stdout && stat(a->output, &st) == 0) {
        if (!S_ISREG(st.st_mode)) /* a rename would replace a device */
            return zagg_err_set(err, ZAGG_EEXISTS, "%s is no ordinary file", a->output);
        if (!a->force)
            return zagg_err_set(err, ZAGG_EEXISTS,
                                "%s is there already; --force to write over it",
                                a->output);
    }
    ZAGG_TRY(zagg_store_open_sink(s->sink, s->name, &store, err));
    zagg_status status;
    export_job job = {.store = store, .opts = &a->opts, .rows = rows};
    const struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    a->opts.stop = &stop_flag;
    a->opts.name = to_stdout ? "stdout" : a->output;
    if (to_stdout) {
        status = write_cells(&job, stdout, err);
        if (status == ZAGG_OK && fflush(stdout) != 0)
            status = cli_output_cannot("write", "stdout", err);
    } else {
        status = cli_output_write(a->output, write_cells, &job, err);
    }
    zagg_store_close(store);
    return status;
}

int main_export(int argc, char **argv)
{
    export_args a = {.path = NULL};
    char n[32];
    int code = cli_parse(&COMMAND, argc, argv, take, &a);
    if (code != 0)
        return code == CLI_DONE ? EXIT_OK : code;
    if (a.path == NULL)
        return cli_need_store(&COMMAND);
    if (a.output == NULL) {
        fprintf(stderr, "zagg export: give the file to write with -o\n");
        return EXIT_USAGE;
    }
    code = choose_format(&a);
    if (code != 0)
        return code;
    if (isatty(STDERR_FILENO) && isatty(STDOUT_FILENO))
        a.opts.progress = show_progress;
    cli_store s;
    uint64_t rows = 0;
    zagg_err err = ZAGG_ERR_INIT;
    zagg_status status = cli_store_open(&s, a.path, &a.net, &err);
    if (status == ZAGG_OK)
        status = run_export(&a, &s, &rows, &err);
    if (status != ZAGG_OK)
        code = cli_store_fail(&COMMAND, status, &err);
    else if (strcmp(a.output, "-") != 0)
        printf("%s: %s rows\n", a.output, cli_thousands(rows, n));
    cli_store_close(&s);
    return code;
}
