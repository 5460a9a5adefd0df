/* zagg catalog fetch: a catalog from a server. */
#include "cli/cli.h"
#include "cli/cmd_catalog.h"
#include "cli/fetch_args.h"

#include <stdio.h>
#include <string.h>

enum { OPT_FORCE = 256 };

static const cli_option OPTIONS[] = {
    {'o', "output", "FILE",
     "catalog to write: .ndjson.gz, .ndjson, .json or .parquet (required)"},
    FETCH_OPTIONS,
    {OPT_FORCE, "force", NULL, "write over FILE"},
    {'q', "quiet", NULL, "only warnings and errors"},
    {'v', "verbose", NULL, "also debugging messages: each request"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "catalog fetch", "catalog fetch -o FILE [OPTIONS]",
    "Search for granules and keep what is found. Pages are kept as they come, in\n"
    "FILE.partial: a fetch that was cut short goes on where it was when it is started\n"
    "again. No account is needed.",
    OPTIONS,
    "  zagg catalog fetch --short-name ATL03 --start-date 2025-01-01 --end-date \\\n"
    "      2025-12-31 --bbox -76.62107,38.84504,-76.50583,38.93512 -o atl03.ndjson.gz\n"
    "  zagg catalog fetch --source stac --root https://earth-search.aws.element84.com/v1 "
    "\\\n"
    "      --collection sentinel-2-c1-l2a --asset red --asset nir --start-date "
    "2025-01-01 \\\n"
    "      --end-date 2025-12-31 --polygon bay.geojson -o s2.parquet"};

typedef struct command_args {
    fetch_args fetch;
    const char *output;
    bool force, quiet, verbose;
} command_args;

static int take(void *user, int id, const char *value)
{
    command_args *a = user;
    switch (id) {
    case 0:
        fprintf(stderr, "zagg catalog fetch: %s: unexpected argument\n", value);
        return EXIT_USAGE;
    case 'o':
        a->output = value;
        return 0;
    case OPT_FORCE:
        a->force = true;
        return 0;
    case 'q':
        a->quiet = true;
        return 0;
    case 'v':
        a->verbose = true;
        return 0;
    default:
        return fetch_args_take(&COMMAND, &a->fetch, id, value);
    }
}

static zagg_status run(command_args *a, progress *p, zagg_arena *arena, zagg_err *err)
{
    zagg_search_result result = {.pages = 0};
    zg_str name;
    ZAGG_TRY(fetch_args_box(&a->fetch, arena, err));
    if (a->fetch.dry_run)
        return fetch_args_show(&a->fetch, err);
    ZAGG_TRY(catalog_may_write(a->output, a->force, err));
    ZAGG_TRY(catalog_can_write(a->output, err));
    ZAGG_TRY(fetch_args_run(&a->fetch, a->output, p, a->quiet, &result, err));
    zg_str_init(&name, 0);
    fetch_args_name(&a->fetch, &name);
    if (!a->quiet)
        printf("Fetched %llu granules (%s)\nCatalog -> %s\n",
               (unsigned long long)result.items, name.data, a->output);
    zg_str_free(&name);
    return ZAGG_OK;
}

static int run_all(command_args *a)
{
    progress p;
    zagg_arena *arena = NULL;
    zagg_err err = ZAGG_ERR_INIT;
    int code = fetch_args_check(&COMMAND, &a->fetch);
    if (code != 0)
        return code;
    if (a->output == NULL && !a->fetch.dry_run) {
        fprintf(stderr, "zagg catalog fetch: give the catalog to write with -o\n");
        return EXIT_USAGE;
    }
    zagg_status status = progress_init(&p, a->quiet, a->verbose, false, &err);
    if (status != ZAGG_OK)
        return catalog_fail(&COMMAND, status, &err);
    status = zagg_arena_new(0, &arena, &err);
    if (status == ZAGG_OK)
        status = run(a, &p, arena, &err);
    progress_end(&p);
    if (status != ZAGG_OK)
        code = catalog_fail(&COMMAND, status, &err);
    zagg_arena_free(arena);
    progress_free(&p);
    return code;
}

int catalog_fetch(int argc, char **argv)
{
    command_args a = {.output = NULL};
    fetch_args_init(&a.fetch);
    int code = cli_parse(&COMMAND, argc, argv, take, &a);
    if (code == 0)
        code = run_all(&a);
    fetch_args_free(&a.fetch);
    return code == CLI_DONE ? EXIT_OK : code;
}
