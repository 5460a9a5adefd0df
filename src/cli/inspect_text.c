/* zagg inspect for people: tables. */
#include "cli/cli.h"
#include "cli/inspect.h"
#include "cli/table.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- texts that both outputs share ---- */

void inspect_type(const zagg_store_field_info *f, char out[64])
{
    const char *name = f->dtype != ZAGG_DT_NONE ? zagg_dtype_name(f->dtype) : "-";
    if (f->ragged && f->width > 1)
        (void)snprintf(out, 64, "%s (n, %zu)", name, f->width);
    else if (f->ragged)
        (void)snprintf(out, 64, "%s (n)", name);
    else if (f->width > 1)
        (void)snprintf(out, 64, "%s x %zu", name, f->width);
    else
        (void)snprintf(out, 64, "%s", name);
}

void inspect_codecs(const zagg_zarr_array *a, char out[64])
{
    out[0] = '\0';
    if (a == NULL)
        return;
    if (a->kind == ZAGG_ZARR_CSR) {
        (void)snprintf(out, 64, "CSR");
        return;
    }
    char zstd[24] = "";
    if (a->zstd)
        (void)snprintf(zstd, sizeof zstd, ", zstd %d", a->zstd_level);
    (void)snprintf(out, 64, "%s%s%s", a->sharded ? "sharded: " : "",
                   a->kind == ZAGG_ZARR_VLEN ? "vlen-bytes" : "bytes", zstd);
}

const char *inspect_latitude(const zagg_store_grid *g)
{
    if (!g->latitude_recorded)
        return "geodetic latitude is assumed: the store names none, as old ones do";
    return g->latitude == ZAGG_LATITUDE_AUTHALIC ? "authalic latitude"
                                                 : "geodetic latitude";
}

/* ---- grid ---- */

static void print_grid(const inspect_group *g)
{
    const zagg_store_grid *grid = &g->group->grid;
    printf("\nGroup %s: ", g->group->name);
    if (!g->group->has_grid) {
        printf("no grid (");
        cli_print_text(stdout, g->group->why);
        printf(")\n");
        return;
    }
    if (grid->kind == ZAGG_GRID_HEALPIX)
        printf("HEALPix cells of order %u, chunks of order %u, shards of order %u; %s\n",
               grid->cell_order, grid->chunk_order, grid->shard_order,
               inspect_latitude(grid));
    else {
        printf("%" PRIu64 " x %" PRIu64 " cells of %g x %g in ", grid->shape[0],
               grid->shape[1], grid->resolution[0], grid->resolution[1]);
        cli_print_text(stdout, grid->crs);
        printf(", x %.15g to %.15g, y %.15g to %.15g\n", grid->bounds[0], grid->bounds[2],
               grid->bounds[1], grid->bounds[3]);
    }
    printf("  %zu shards with data, of %" PRIu64 " cells in %" PRIu64 " chunks each\n",
           g->group->n_shards, grid->cells_per_shard, grid->chunks_per_shard);
}

/* ---- arrays ---- */

static void extent_text(const uint64_t *extent, unsigned rank, char out[96])
{
    size_t at = 0;
    out[0] = '\0';
    for (unsigned d = 0; d < rank && at < 80; d++)
        at += (size_t)snprintf(out + at, 96 - at, "%s%" PRIu64, d > 0 ? " x " : "",
                               extent[d]);
}

static void fill_text(const zagg_store_field_info *f, char out[32])
{
    const zagg_zarr_array *a = f->array;
    (void)snprintf(out, 32, "-");
    if (a == NULL || a->kind != ZAGG_ZARR_DENSE)
        return;
    const double v = zagg_store_number(a->dtype, a->fill);
    (void)snprintf(out, 32, isnan(v) ? "NaN" : "%.9g", v);
}

static void array_row(cli_table *t, const zagg_store_field_info *f,
                      const zagg_store_stats *stats)
{
    const zagg_zarr_array *a = f->array;
    const bool shaped = a != NULL && a->kind != ZAGG_ZARR_CSR;
    char type[64], shape[96] = "-", chunk[96] = "-", shard[96] = "-", codecs[64];
    char fill[32], objects[32], bytes[32];
    inspect_type(f, type);
    inspect_codecs(a, codecs);
    fill_text(f, fill);
    if (shaped) {
        extent_text(a->shape, a->rank, shape);
        extent_text(a->chunk, a->rank, chunk);
        if (a->sharded)
            extent_text(a->shard, a->rank, shard);
    }
    const char *const cells[] = {f->name,
                                 zagg_store_kind_name(f->kind),
                                 type,
                                 shape,
                                 chunk,
                                 shard,
                                 codecs[0] != '\0' ? codecs : "-",
                                 fill,
                                 cli_thousands(stats->objects, objects),
                                 cli_bytes(stats->bytes, bytes)};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++)
        cli_table_cell(t, cells[i]);
}

static bool print_arrays(const inspection *in, const inspect_group *g)
{
    static const char *const HEADS[] = {"ARRAY",   "KIND",  "TYPE",   "SHAPE",
                                        "CHUNK",   "SHARD", "CODECS", "FILL",
                                        "OBJECTS", "BYTES", NULL};
    cli_table t;
    putchar('\n');
    cli_table_begin(&t, HEADS, 0x398);
    for (size_t i = 0; i < g->group->n_fields; i++)
        if (inspect_wants(in, &g->group->fields[i]))
            array_row(&t, &g->group->fields[i], &g->stats[i]);
    const bool printed = cli_table_print(&t, stdout, 2);
    for (size_t i = 0; i < g->group->n_fields; i++) {
        const zagg_store_field_info *f = &g->group->fields[i];
        if (f->why == NULL || f->why == g->group->why || !inspect_wants(in, f))
            continue;
        printf("  %s is not read: ", f->name);
        cli_print_text(stdout, f->why);
        putchar('\n');
    }
    return printed;
}

/* ---- statistics ---- */

static void value_cell(cli_table *t, double v)
{
    if (isnan(v))
        cli_table_cell(t, "-");
    else
        cli_table_cellf(t, "%.7g", v);
}

static bool has_statistics(const zagg_store_field_info *f)
{
    return f->kind != ZAGG_STORE_OTHER && f->kind != ZAGG_STORE_AXIS &&
           f->kind != ZAGG_STORE_MAPPING && f->kind != ZAGG_STORE_COORDINATE;
}

static bool print_statistics(const inspection *in, const inspect_group *g)
{
    static const char *const HEADS[] = {"FIELD", "CELLS", "VALUES", "MIN",
                                        "MAX",   "MEAN",  "WEIGHT", NULL};
    cli_table t;
    char n[32];
    if (!g->group->has_grid)
        return true;
    putchar('\n');
    cli_table_begin(&t, HEADS, 0x7e);
    for (size_t i = 0; i < g->group->n_fields; i++) {
        const zagg_store_field_info *f = &g->group->fields[i];
        const zagg_store_stats *s = &g->stats[i];
        if (!inspect_wants(in, f) || !has_statistics(f))
            continue;
        cli_table_cell(&t, f->name);
        cli_table_cell(&t, cli_thousands(s->cells, n));
        cli_table_cell(&t, cli_thousands(s->values, n));
        value_cell(&t, s->min);
        value_cell(&t, s->max);
        value_cell(&t, s->mean);
        if (f->digest)
            cli_table_cellf(&t, "%.9g", s->weight);
        else
            cli_table_cell(&t, "-");
    }
    const bool printed = cli_table_print(&t, stdout, 2);
    puts("  (of companions, CELLS are chunks; of digests, VALUES are centroids)");
    return printed;
}

/* ---- shards ---- */

static void number_cell(cli_table *t, uint64_t n)
{
    char text[32];
    cli_table_cell(t, n == UINT64_MAX ? "-" : cli_thousands(n, text));
}

static bool print_shards(const inspection *in, const inspect_group *g)
{
    static const char *const FLAT[] = {"SHARD", "CELLS WITH DATA", "OF ALL", NULL};
    static const char *const HIVE[] = {"SHARD",    "CELLS WITH DATA", "OF ALL",
                                       "GRANULES", "OBSERVATIONS",    "WRITTEN",
                                       NULL};
    const bool hive = zagg_store_get_form(in->store) != ZAGG_STORE_FLAT;
    cli_table t;
    if (in->args->array != NULL || g->group->n_shards == 0)
        return true;
    putchar('\n');
    cli_table_begin(&t, hive ? HIVE : FLAT, 0x1e);
    for (size_t i = 0; i < g->group->n_shards; i++) {
        const zagg_store_shard *shard = &g->group->shards[i];
        cli_table_cellf(&t, "%s%s%s", shard->label, shard->window != NULL ? " " : "",
                        shard->window != NULL ? shard->window : "");
        number_cell(&t, g->cells_with_data[i]);
        cli_table_cellf(&t, "%.3g %%",
                        100.0 * (double)g->cells_with_data[i] /
                            (double)g->group->grid.cells_per_shard);
        if (!hive)
            continue;
        number_cell(&t, g->shards[i].granules);
        number_cell(&t, g->shards[i].observations);
        cli_table_cell(&t,
                       g->shards[i].written_at != NULL ? g->shards[i].written_at : "-");
    }
    const bool printed = cli_table_print(&t, stdout, 2);
    for (size_t i = 0; i < g->group->n_debris; i++) {
        printf("  ");
        cli_print_text(stdout, g->group->debris[i].path);
        printf(": ");
        cli_print_text(stdout, g->group->debris[i].why);
        putchar('\n');
    }
    return printed;
}

/* ---- provenance ---- */

static void print_member(const char *title, const zagg_value *map, const char *key)
{
    const zagg_value *v = zagg_value_get_set(map, key);
    if (v == NULL || v->kind != ZAGG_STR)
        return;
    printf("  %-14s ", title);
    cli_print_text(stdout, v->str);
    putchar('\n');
}

static void print_list(const char *title, const char *const *list, size_t n)
{
    enum { SHOWN = 6 };
    if (n == 0)
        return;
    printf("  %-14s ", title);
    for (size_t i = 0; i < n && i < SHOWN; i++) {
        printf("%s", i > 0 ? ", " : "");
        cli_print_text(stdout, list[i]);
    }
    if (n > SHOWN)
        printf(" and %zu more", n - SHOWN);
    putchar('\n');
}

/* Members of the run's record that are one short value each. */
static void print_run(const zagg_value *run)
{
    enum { SHORT = 100 };
    if (run == NULL || run->kind != ZAGG_MAP)
        return;
    puts("\nRun (STORE.status/run.json):");
    for (size_t i = 0; i < run->n; i++) {
        const zagg_value *v = run->members[i].value;
        zg_str text;
        if (v->kind == ZAGG_MAP || v->kind == ZAGG_LIST || v->kind == ZAGG_NULL ||
            (v->kind == ZAGG_STR && v->str_len > SHORT))
            continue;
        zg_str_init(&text, 0);
        const zg_json_style style = {.indent = -1};
        if (v->kind == ZAGG_STR)
            zg_str_addn(&text, v->str, v->str_len);
        else
            (void)zg_json_write(&text, v, style, NULL);
        printf("  ");
        cli_print_text(stdout, run->members[i].key->str);
        printf(": ");
        cli_print_text(stdout, text.data);
        putchar('\n');
        zg_str_free(&text);
    }
}

static void print_provenance(const inspection *in)
{
    const zagg_value *manifest = zagg_store_manifest(in->store);
    const zagg_value *dataset = zagg_value_get(manifest, "dataset");
    if (in->args->array != NULL)
        return;
    if (manifest != NULL || in->n_granules > 0 || in->n_versions > 0)
        puts("\nProvenance:");
    print_member("dataset", dataset, "short_name");
    print_member("version", dataset, "version");
    print_member("semantic hash", manifest, "semantic_hash");
    print_member("made at", manifest, "generated_at");
    print_list("writer", in->versions, in->n_versions);
    print_list("granules", in->granules, in->n_granules);
    print_run(in->run);
}

zagg_status inspect_print_text(const inspection *in, zagg_err *err)
{
    char n[32], bytes[32];
    bool printed = true;
    cli_print_text(stdout, in->args->store);
    printf(": %s store, %s objects, %s\n",
           zagg_store_form_name(zagg_store_get_form(in->store)),
           cli_thousands(in->objects, n), cli_bytes(in->bytes, bytes));
    for (size_t i = 0; i < in->n_groups && printed; i++) {
        print_grid(&in->groups[i]);
        printed = print_arrays(in, &in->groups[i]) &&
                  print_statistics(in, &in->groups[i]) &&
                  print_shards(in, &in->groups[i]);
    }
    print_provenance(in);
    return printed ? ZAGG_OK : zagg_err_set(err, ZAGG_ENOMEM, "no memory for a table");
}
