/* zagg catalog extract: a catalog of granules from what is in them. */
#include "cli/cli.h"
#include "cli/cmd_catalog.h"
#include "cli/granule_item.h"
#include "cli/net_args.h"
#include "cli/store_args.h"
#include "run/run.h"
#include "zagg/pool.h"

#include <stdio.h>
#include <string.h>

enum { OPT_PREFIX = 256, OPT_LINES, OPT_FORCE, OPT_MAX_WORKERS };

static const cli_option OPTIONS[] = {
    {'o', "output", "FILE",
     "catalog to write: .ndjson.gz, .ndjson, .json or .parquet (required)"},
    {OPT_PREFIX, "href-prefix", "URL",
     "s3://... or https://... under which the files lie, for their\nhrefs; one of each "
     "may "
     "be given (default: paths on this machine, or the URLs)"},
    {OPT_LINES, "lines", NULL, "lines of the beams instead of the swath as a polygon"},
    {OPT_FORCE, "force", NULL, "write over FILE"},
    {NET_OPT_REGION, "region", "NAME",
     "of buckets (default: AWS_REGION, the profile's, us-west-2)"},
    {NET_OPT_REQUESTER_PAYS, "requester-pays", NULL,
     "agree to pay for requests to such buckets"},
    {OPT_MAX_WORKERS, "max-workers", "N", "threads (default: all processors)"},
    {'q', "quiet", NULL, "only warnings and errors"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {
    "catalog extract", "catalog extract GRANULE... -o FILE [OPTIONS]",
    "Describe granules by what is in them: the swath about the reference points of "
    "their\n"
    "beams, the times of their data. GRANULE is a file, a folder, a pattern or a\n"
    "URL (https://, s3://). What cannot be read is told of and left out; exit code 1 "
    "then.",
    OPTIONS,
    "  zagg catalog extract DOWNLOADS -o local.ndjson\n"
    "  zagg catalog extract 'ATL03_*.h5' -o atl03.parquet --href-prefix "
    "s3://bucket/atl03/"};

typedef struct extraction {
    zg_vec paths, prefixes; /* const char * */
    const char *output;
    bool force, quiet;
    size_t threads;
    granule_item_opts opts;
    net_args net_args;
    zg_vec files; /* char * */
    zagg_catalog_writer *writer;
    uint64_t written, failed;
    zagg_status first; /* failure */
} extraction;

static int take(void *user, int id, const char *value)
{
    extraction *x = user;
    long long n = 0;
    switch (id) {
    case 0:
    case OPT_PREFIX:
        if (zg_vec_append(id == 0 ? &x->paths : &x->prefixes, &value, 1))
            return 0;
        fprintf(stderr, "zagg catalog extract: out of memory\n");
        return EXIT_FAILED;
    case 'o':
        x->output = value;
        return 0;
    case OPT_LINES:
        x->opts.lines = true;
        return 0;
    case OPT_FORCE:
        x->force = true;
        return 0;
    case OPT_MAX_WORKERS:
        if (!cli_integer(&COMMAND, "max-workers", value, 1, 4096, &n))
            return EXIT_USAGE;
        x->threads = (size_t)n;
        return 0;
    case 'q':
        x->quiet = true;
        return 0;
    default:
        return net_args_take(&x->net_args, id, value) ? 0 : EXIT_USAGE;
    }
}

/* ---- many files ---- */

typedef struct made_item {
    zagg_arena *arena;
    const zagg_value *item;
} made_item;

static void free_item(void *user, void *result)
{
    made_item *m = result;
    (void)user;
    if (m != NULL)
        zagg_arena_free(m->arena);
    zg_free(m);
}

static zagg_status item_task(void *user, size_t index, size_t slot, void **result,
                             zagg_err *err)
{
    const extraction *x = user;
    (void)slot;
    made_item *m = zg_alloc(1, sizeof *m);
    if (m == NULL)
        return zagg_err_set(err, ZAGG_ENOMEM, "no memory for an item");
    zagg_status status = zagg_arena_new(0, &m->arena, err);
    if (status == ZAGG_OK)
        status = granule_item(*ZG_VEC_AT(&x->files, char *, index), &x->opts, m->arena,
                              &m->item, err);
    if (status != ZAGG_OK)
        free_item(NULL, m);
    else
        *result = m;
    return status;
}

static void tell_failure(extraction *x, const zagg_err *err)
{
    if (x->failed++ == 0)
        x->first =
            err->status == ZAGG_EIO && x->opts.net != NULL ? ZAGG_EHTTP : err->status;
    fprintf(stderr, "zagg catalog extract: ");
    cli_print_text(stderr, err->msg);
    fputc('\n', stderr);
}

static zagg_status item_fold(void *user, size_t index, zagg_status status, void *result,
                             const zagg_err *task_err, zagg_err *err)
{
    extraction *x = user;
    made_item *m = result;
    (void)index;
    if (status == ZAGG_ENOMEM || status == ZAGG_ECANCELLED || status == ZAGG_EINTERNAL) {
        if (err != NULL && task_err != NULL)
            *err = *task_err;
        return status;
    }
    if (status != ZAGG_OK) {
        tell_failure(x, task_err);
        return ZAGG_OK;
    }
    status = zagg_catalog_writer_add(x->writer, m->item, err);
    x->written += status == ZAGG_OK;
    free_item(NULL, m);
    return status;
}

static zagg_status extract_all(extraction *x, zagg_err *err)
{
    zagg_pool *pool = NULL;
    ZAGG_TRY(zagg_pool_new(x->threads > 0 ? x->threads : zg_cpu_count(), &pool, err));
    const zagg_status status =
        zagg_pool_map(pool, x->files.len, 0, item_task, item_fold, free_item, x, err);
    zagg_pool_free(pool);
    return status;
}

/* Only where there are URLs: no file of keys is looked for in vain. */
static zagg_status open_net(extraction *x, zagg_err *err)
{
    for (size_t i = 0; i < x->files.len; i++)
        if (zagg_url_is_remote(*ZG_VEC_AT(&x->files, char *, i)))
            return net_args_open(&x->net_args, &x->opts.net, err);
    return ZAGG_OK;
}

static zagg_status run(extraction *x, zagg_err *err)
{
    ZAGG_TRY(catalog_may_write(x->output, x->force, err));
    ZAGG_TRY(zg_granule_paths(x->paths.data, x->paths.len, &x->files, err));
    ZAGG_TRY(open_net(x, err));
    ZAGG_TRY(zagg_catalog_writer_new(x->output, NULL, &x->writer, err));
    zagg_status status = extract_all(x, err);
    if (status == ZAGG_OK && x->written == 0)
        status = zagg_err_set(err, x->first, "none of the %zu granules could be read",
                              x->files.len);
    if (status == ZAGG_OK)
        return zagg_catalog_writer_finish(x->writer, err);
    zagg_catalog_writer_abandon(x->writer);
    return status;
}

static int check(extraction *x)
{
    const char *what = x->paths.len == 0
                           ? "name granules: files, folders, patterns or URLs"
                       : x->output == NULL ? "give the catalog to write with -o"
                                           : NULL;
    x->opts.prefixes = x->prefixes.data;
    x->opts.n_prefixes = x->prefixes.len;
    for (size_t i = 0; i < x->prefixes.len && what == NULL; i++)
        if (strstr(x->opts.prefixes[i], "://") == NULL)
            what = "--href-prefix must be an s3:// or https:// URL";
    if (what == NULL)
        return 0;
    fprintf(stderr, "zagg catalog extract: %s; see zagg catalog extract --help\n", what);
    return EXIT_USAGE;
}

static int run_and_tell(extraction *x)
{
    zagg_err err = ZAGG_ERR_INIT;
    char n[32];
    const zagg_status status = run(x, &err);
    if (status != ZAGG_OK)
        return catalog_fail(&COMMAND, status, &err);
    if (!x->quiet)
        printf("%s: %s items\n", x->output, cli_thousands(x->written, n));
    return x->failed > 0 ? EXIT_FAILED : EXIT_OK;
}

int catalog_extract(int argc, char **argv)
{
    extraction x = {.output = NULL};
    zg_vec_init(&x.paths, sizeof(const char *), 0);
    zg_vec_init(&x.prefixes, sizeof(const char *), 0);
    zg_vec_init(&x.files, sizeof(char *), 0);
    int code = cli_parse(&COMMAND, argc, argv, take, &x);
    if (code == 0)
        code = check(&x);
    if (code == 0)
        code = run_and_tell(&x);
    for (size_t i = 0; i < x.files.len; i++)
        zg_free(*ZG_VEC_AT(&x.files, char *, i));
    zg_vec_free(&x.files);
    zagg_net_free(x.opts.net);
    zg_vec_free(&x.paths);
    zg_vec_free(&x.prefixes);
    return code == CLI_DONE ? EXIT_OK : code;
}
