/* Options of zagg run. */
#include "cli/run_args.h"

#include "cli/cli.h"
#include "cli/options.h"
#include "text/text.h"

#include <stdio.h>
#include <string.h>

enum {
    OPT_CONFIG = 256,
    OPT_CATALOG,
    OPT_GRANULES,
    OPT_STORE,
    OPT_BACKEND,
    OPT_DRIVER,
    OPT_LATITUDE,
    OPT_HANDOFF,
    OPT_MAX_CELLS,
    OPT_MORTON_CELL,
    OPT_MAX_WORKERS,
    OPT_MEMORY,
    OPT_OVERWRITE,
    OPT_DRY_RUN,
    OPT_TABLE,
    OPT_JSON,
    OPT_LOG_JSON,
    OPT_QUIET,
    OPT_PROFILE,
    OPT_CACHE,
    OPT_CACHE_SIZE,
    OPT_FUNCTION_NAME,
    OPT_TRANSPORT,
    OPT_MAX_RETRIES,
    OPT_TIMEOUT,
    OPT_MAX_COST,
    OPT_COMMAND,
    OPT_PARTITION,
    OPT_SBATCH,
    OPT_JOB_DIR,
    OPT_EVENTS,
    OPT_ALLOW_CONTRACTION,
    OPT_RESUME,
    OPT_NO_RESUME
};

/* Less than this the program itself takes. */
#define LEAST_MEMORY (UINT64_C(32) << 20)
/* Less than this keeps nothing worth having. */
#define LEAST_CACHE (UINT64_C(16) << 20)
/* A week. */
enum { MOST_TIMEOUT_S = 7 * 24 * 3600 };

static const cli_option OPTIONS[] = {
    {OPT_CONFIG, "config", "FILE", "pipeline YAML (required)"},
    {OPT_CATALOG, "catalog", "FILE",
     "shard map: which granules each shard reads\n(default: `catalog` of the config)"},
    {OPT_GRANULES, "granules", "PATH...",
     "instead of a catalog: files, folders, patterns or URLs\n(s3://, https://) of HDF5 "
     "granules; the shard map is made\nfrom their coordinates"},
    {OPT_STORE, "store", "STORE",
     "output store: a folder or s3://BUCKET/NAME (default:\n`output.store` of the "
     "config)"},
    {OPT_OVERWRITE, "overwrite", NULL,
     "remove the group of this grid in the store first, and the\nrecords of all its "
     "shards"},
    {OPT_RESUME, "resume", NULL,
     "leave out shards that an earlier run finished with the\nsame config and granules "
     "(the default)"},
    {OPT_NO_RESUME, "no-resume", NULL, "do all shards again"},
    {OPT_ALLOW_CONTRACTION, "allow-contraction", NULL,
     "also write shards again that lost granules since then"},
    {OPT_MAX_WORKERS, "max-workers", "N",
     "threads (default: all processors); with other backends,\nworkers at once (default "
     "for lambda: 1700)"},
    {OPT_MEMORY, "memory", "SIZE",
     "local: memory to use, such as 512M or 2G: rows beyond it go to a\ntemporary file "
     "in "
     "TMPDIR "
     "(default: half of the machine's)"},
    {OPT_MAX_CELLS, "max-cells", "N", "only the first N shards"},
    {OPT_MORTON_CELL, "morton-cell", "KEY",
     "only this shard: its key, or its decimal morton id"},
    {OPT_LATITUDE, "latitude", "KIND",
     "authalic (default) or geodetic (shard maps and stores\nmade before mortie 0.9.8)"},
    {OPT_DRIVER, "driver", "KIND",
     "file, s3 or https (default: what the config and hrefs say)"},
    NET_OPTIONS,
    NET_WRITE_OPTIONS,
    {OPT_CACHE, "cache", "DIR",
     "keep what was read of remote granules in this folder, for\nlater runs"},
    {OPT_CACHE_SIZE, "cache-size", "SIZE", "bound of the cache (default: 10G)"},
    {OPT_BACKEND, "backend", "KIND",
     "where shards are done: local (default), lambda (AWS Lambda,\none invocation a "
     "shard), slurm (job arrays) or exec (a command\na shard)"},
    {OPT_FUNCTION_NAME, "function-name", "NAME",
     "lambda: name or ARN of the worker's function (default:\n"
     "ZAGG_LAMBDA_FUNCTION_NAME, process-shard)"},
    {OPT_TRANSPORT, "transport", "KIND",
     "lambda: sync (default; answers come back), or event (each\nworker leaves its "
     "result beside the store)"},
    {OPT_MAX_RETRIES, "max-retries", "N",
     "attempts at a shard whose worker crashed or could not be\nreached, with other "
     "backends than local (default: 3)"},
    {OPT_MAX_COST, "max-cost", "USD",
     "lambda: refuse a run that could cost more, were all\nworkers to use their whole "
     "time"},
    {OPT_COMMAND, "command", "TEXT",
     "exec: shell command that does one shard: the event on its\nstandard input, the "
     "response on its standard output (default:\nzagg worker); slurm: how the worker is "
     "called on a node"},
    {OPT_TIMEOUT, "timeout", "SECONDS",
     "exec: end a command that takes longer, and try the shard\nonce more (default: "
     "900); slurm: the same for setup and finalize"},
    {OPT_EVENTS, "events", "DIR",
     "exec: do nothing, but write the events into DIR (setup.json,\n0.json, 1.json, ..., "
     "finalize.json) for other engines, in the\nplace of events that are there"},
    {OPT_PARTITION, "partition", "NAME", "slurm: of the job arrays"},
    {OPT_SBATCH, "sbatch-options", "TEXT", "slurm: more options of sbatch"},
    {OPT_JOB_DIR, "job-dir", "DIR",
     "slurm: folder that nodes share with this machine, for events\nand logs (default: "
     "the current one)"},
    {'y', "yes", NULL, "lambda: do not ask whether the cost is all right"},
    {OPT_HANDOFF, "handoff", "KIND", "arrow or pandas: the same numbers"},
    {OPT_DRY_RUN, "dry-run", NULL, "check config, shard map and grid; write nothing"},
    {OPT_TABLE, "table", NULL, "afterwards read the store back and print what it holds"},
    {OPT_JSON, "json", NULL, "print the result as one JSON object"},
    {OPT_LOG_JSON, "log-json", NULL, "log as one JSON object a line"},
    {'q', "quiet", NULL, "no progress, only warnings and errors"},
    {'v', "verbose", NULL, "also debugging messages"},
    {OPT_PROFILE, "profile", NULL,
     "print the seconds of each phase, over all shards (always part of --json)"},
    {0, NULL, NULL, NULL}};

static const cli_command COMMAND = {
    "run",
    "run --config FILE (--catalog FILE | --granules PATH...) --store STORE [OPTIONS]",
    "Aggregate the granules of a shard map into a Zarr store, on all processors of this\n"
    "machine or, with --backend, beyond it. Exit code 0: all is well; 6: the run ended, "
    "but some shard failed or is "
    "short\n"
    "of granules that could not be read; 3: config or shard map; 130: interrupted.",
    OPTIONS,
    "  zagg run --config atl03.yaml --catalog shardmap.json --store out.zarr\n"
    "  zagg run --config atl03.yaml --granules ~/atl03 --store out.zarr --table\n"
    "  zagg run --config atl03.yaml --granules 'day1/*.h5' --store out.zarr --dry-run\n"
    "  zagg run --config atl03.yaml --catalog shardmap.json --store s3://bucket/out.zarr "
    "\\\n"
    "      --backend lambda --output-creds keys.json"};

static int refuse(const char *option, const char *value, const char *allowed)
{
    fprintf(stderr, "zagg run: --%s: found '%s'; must be %s\n", option, value, allowed);
    return EXIT_USAGE;
}

static int add_granule(run_args *a, const char *value)
{
    if (!a->granules_given) {
        fprintf(stderr,
                "zagg run: %s: unexpected argument; granules go behind --granules\n",
                value);
        return EXIT_USAGE;
    }
    const char **slot = zg_vec_push(&a->granules);
    if (!slot) {
        fprintf(stderr, "zagg run: out of memory\n");
        return EXIT_FAILED;
    }
    *slot = value;
    return 0;
}

static int take_number(run_args *a, int id, const char *value)
{
    long long n;
    if (id == OPT_MEMORY) {
        if (!cli_size(&COMMAND, "memory", value, LEAST_MEMORY, &a->memory_bytes))
            return EXIT_USAGE;
    } else if (id == OPT_CACHE_SIZE) {
        if (!cli_size(&COMMAND, "cache-size", value, LEAST_CACHE,
                      &a->net.opts.cache_bytes))
            return EXIT_USAGE;
    } else if (id == OPT_MAX_RETRIES) {
        if (!cli_integer(&COMMAND, "max-retries", value, 1, 100, &n))
            return EXIT_USAGE;
        a->max_retries = (unsigned)n;
    } else if (id == OPT_TIMEOUT) {
        if (!cli_integer(&COMMAND, "timeout", value, 1, MOST_TIMEOUT_S, &n))
            return EXIT_USAGE;
        a->timeout_s = (double)n;
    } else if (id == OPT_MAX_CELLS) {
        if (!cli_integer(&COMMAND, "max-cells", value, 1, INT64_MAX, &n))
            return EXIT_USAGE;
        a->max_cells = n;
    } else {
        if (!cli_integer(&COMMAND, "max-workers", value, 1, 4096, &n))
            return EXIT_USAGE;
        a->max_workers = (size_t)n;
    }
    return 0;
}

static int take_backend(run_args *a, const char *value)
{
    static const char *const NAMES[] = {"lambda", "exec", "slurm"};
    a->remote = false;
    if (strcmp(value, "local") == 0)
        return 0;
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        if (strcmp(value, NAMES[i]) == 0) {
            a->remote = true;
            a->backend = (zagg_backend)i;
            return 0;
        }
    return refuse("backend", value, "local, lambda, exec or slurm");
}

static int take_cost(run_args *a, const char *value)
{
    if (zg_float_parse(value, strlen(value), &a->max_usd) && a->max_usd > 0)
        return 0;
    return refuse("max-cost", value, "a number of dollars above 0");
}

static int take_kind(run_args *a, int id, const char *value)
{
    switch (id) {
    case OPT_BACKEND:
        return take_backend(a, value);
    case OPT_TRANSPORT:
        if (strcmp(value, "sync") && strcmp(value, "event"))
            return refuse("transport", value, "sync or event");
        a->transport_given = true;
        a->transport = value[0] == 's' ? ZAGG_TRANSPORT_SYNC : ZAGG_TRANSPORT_EVENT;
        return 0;
    case OPT_DRIVER:
        if (strcmp(value, "file") && strcmp(value, "s3") && strcmp(value, "https"))
            return refuse("driver", value, "file, s3 or https");
        a->driver = value;
        return 0;
    case OPT_LATITUDE:
        if (!zagg_latitude_parse(value, &a->latitude))
            return refuse("latitude", value, "authalic or geodetic");
        a->latitude_given = true;
        return 0;
    default:
        if (strcmp(value, "pandas") && strcmp(value, "arrow"))
            return refuse("handoff", value, "'pandas' or 'arrow'");
        a->handoff = value;
        a->handoff_kind = value[0] == 'p' ? ZAGG_HANDOFF_PANDAS : ZAGG_HANDOFF_ARROW;
        return 0;
    }
}

static int take(void *user, int id, const char *value)
{
    run_args *a = user;
    if (net_args_take(&a->net, id, value))
        return 0;
    switch (id) {
    case 0:
        return add_granule(a, value);
    case OPT_GRANULES:
        a->granules_given = true;
        return add_granule(a, value);
    case OPT_MAX_CELLS:
    case OPT_MAX_WORKERS:
    case OPT_MEMORY:
    case OPT_CACHE_SIZE:
    case OPT_MAX_RETRIES:
    case OPT_TIMEOUT:
        return take_number(a, id, value);
    case OPT_MAX_COST:
        return take_cost(a, value);
    case OPT_TRANSPORT:
    case OPT_BACKEND:
    case OPT_DRIVER:
    case OPT_LATITUDE:
    case OPT_HANDOFF:
        return take_kind(a, id, value);
    case OPT_CONFIG:
        a->config = value;
        break;
    case OPT_FUNCTION_NAME:
        a->function = value;
        break;
    case OPT_COMMAND:
        a->command = value;
        break;
    case OPT_PARTITION:
        a->partition = value;
        break;
    case OPT_SBATCH:
        a->sbatch_options = value;
        break;
    case OPT_EVENTS:
        a->events_dir = value;
        break;
    case OPT_JOB_DIR:
        a->job_dir = value;
        break;
    case 'y':
        a->yes = true;
        break;
    case OPT_CATALOG:
        a->catalog = value;
        break;
    case OPT_STORE:
        a->store = value;
        break;
    case OPT_CACHE:
        a->net.opts.cache_dir = value;
        break;
    case OPT_MORTON_CELL:
        a->shard = value;
        break;
    case OPT_OVERWRITE:
        a->overwrite = true;
        break;
    case OPT_RESUME:
        a->redo = false;
        break;
    case OPT_NO_RESUME:
        a->redo = true;
        break;
    case OPT_ALLOW_CONTRACTION:
        a->allow_contraction = true;
        break;
    case OPT_DRY_RUN:
        a->dry_run = true;
        break;
    case OPT_TABLE:
        a->table = true;
        break;
    case OPT_PROFILE:
        a->profile = true;
        break;
    case OPT_JSON:
        a->json = true;
        break;
    case OPT_LOG_JSON:
        a->log_json = true;
        break;
    case 'q':
        a->quiet = true;
        break;
    case 'v':
        a->verbose = true;
        break;
    default:
        break;
    }
    return 0;
}

/* Options that one backend alone understands: elsewhere they would do nothing, and
 * whoever gave them means something by them. Those of upstream's command line are not
 * here, as it takes them with any backend. */
enum { WITH_LAMBDA = 1, WITH_EXEC = 2, WITH_SLURM = 4, WITH_LOCAL = 8, WITH_OTHERS = 7 };

typedef struct own_option {
    const char *name;
    bool given;
    unsigned with;
} own_option;

static int check_backend(const run_args *a)
{
    static const char *const NAMES[] = {
        [WITH_LAMBDA] = "lambda", [WITH_EXEC] = "exec",
        [WITH_SLURM] = "slurm",   [WITH_EXEC | WITH_SLURM] = "exec or slurm",
        [WITH_LOCAL] = "local",   [WITH_OTHERS] = "lambda, exec or slurm"};
    const own_option options[] = {
        {"transport", a->transport_given, WITH_LAMBDA},
        {"max-cost", a->max_usd > 0, WITH_LAMBDA},
        {"command", a->command != NULL, WITH_EXEC | WITH_SLURM},
        {"timeout", a->timeout_s > 0, WITH_EXEC | WITH_SLURM},
        {"events", a->events_dir != NULL, WITH_EXEC},
        {"partition", a->partition != NULL, WITH_SLURM},
        {"sbatch-options", a->sbatch_options != NULL, WITH_SLURM},
        {"job-dir", a->job_dir != NULL, WITH_SLURM},
        {"max-retries", a->max_retries > 0, WITH_OTHERS},
        {"memory", a->memory_bytes > 0, WITH_LOCAL}};
    const unsigned backend = a->remote ? 1U << a->backend : WITH_LOCAL;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        const own_option *o = &options[i];
        if (!o->given || (o->with & backend) != 0)
            continue;
        fprintf(stderr, "zagg run: --%s goes with --backend %s\n", o->name,
                NAMES[o->with]);
        return EXIT_USAGE;
    }
    return 0;
}

int run_args_parse(int argc, char **argv, run_args *out)
{
    *out = (run_args){0};
    zg_vec_init(&out->granules, sizeof(const char *), 0);
    const int rc = cli_parse(&COMMAND, argc, argv, take, out);
    if (rc != 0)
        return rc;
    if (!out->config) {
        fprintf(stderr, "zagg run: --config FILE is needed; `zagg config list` shows "
                        "templates to start from\n");
        return EXIT_USAGE;
    }
    if (out->catalog && out->granules_given) {
        fprintf(stderr, "zagg run: give --catalog or --granules, not both\n");
        return EXIT_USAGE;
    }
    if (out->table && out->remote) {
        fprintf(stderr, "zagg run: --table goes with --backend local; `zagg inspect` "
                        "reads any store\n");
        return EXIT_USAGE;
    }
    if (out->json && out->table) {
        fprintf(stderr, "zagg run: give --json or --table, not both\n");
        return EXIT_USAGE;
    }
    const int wrong = check_backend(out);
    return wrong != 0 ? wrong : net_args_check(&COMMAND, &out->net);
}

void run_args_free(run_args *args)
{
    zg_vec_free(&args->granules);
}
