/* The zagg program: one entry per subcommand. */
#include "cli/cli.h"
#include "pq/pq.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdio.h>
#include <string.h>

typedef struct subcommand {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} subcommand;

static const subcommand COMMANDS[] = {
    {"run", main_run, "aggregate the granules of a shard map into a Zarr store"},
    {"worker", main_worker, "do what one event says: a shard, a setup, a finalize"},
    {"deploy", main_deploy, "put the worker onto AWS Lambda, change it, take it away"},
    {"fetch", main_fetch, "copy what a run reads of remote granules, for work offline"},
    {"check", main_check, "try config, catalog, granules, keys and store before a run"},
    {"shardmap", main_shardmap, "build, look at and change shard maps"},
    {"status", main_status, "how far the last run into a store has come"},
    {"config", main_config, "list or show the built-in pipeline configs"},
    {"catalog", main_catalog, "find granules; build the shard map of them"},
    {"cell", main_cell, "name and place cells; the cells of an area"},
    {"h5", main_h5, "list, print or check what an HDF5 file holds"},
    {"inspect", main_inspect, "tell what a store holds, or the values of a cell"},
    {"export", main_export, "write cells as GeoParquet, CSV or GeoJSON"},
    {"view", main_view, "draw a map, a catalog or a store: a web page or a picture"},
    {"verify", main_verify, "check a store: every chunk, hash, stamp and attribute"},
    {"version", main_version, "versions of zagg and of what it links"},
};
enum { N_COMMANDS = sizeof COMMANDS / sizeof COMMANDS[0] };

static void print_help(FILE *to)
{
    fprintf(to,
            "Usage: zagg COMMAND [OPTIONS]\n\n"
            "Point observations in HDF5 granules (ICESat-2 ATL03, ATL06) into gridded\n"
            "Zarr v3 stores.\n\nCommands:\n");
    for (int i = 0; i < N_COMMANDS; i++)
        fprintf(to, "  %-10s %s\n", COMMANDS[i].name, COMMANDS[i].about);
    fprintf(to, "\n`zagg COMMAND --help` tells the options of a command. A first run:\n\n"
                "  zagg config show atl03_scalar_healpix > atl03.yaml\n"
                "  zagg run --config atl03.yaml --granules DOWNLOADS --store OUT\n");
}

/* What did not reach standard output (a full disk) is a failure of its own. */
static int printed(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fprintf(stderr, "zagg: cannot write to standard output: %s\n", strerror(errno));
    return code == EXIT_OK ? EXIT_FAILED : code;
}

/* glibc raises the size from which blocks are mappings of their own whenever such a block
 * is freed, and keeps those below for good: the buffers of one large read would stay. */
static void give_back_large_blocks(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

int main(int argc, char **argv)
{
    give_back_large_blocks();
    zg_pq_install();
    /* A limit on the size of files is an error of a write, as a full disk is. */
    signal(SIGXFSZ, SIG_IGN);
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0)
        return main_version(1, argv);
    for (int i = 0; i < N_COMMANDS; i++)
        if (strcmp(argv[1], COMMANDS[i].name) == 0)
            return printed(COMMANDS[i].run(argc - 1, argv + 1));
    fprintf(stderr, "zagg: %s: unknown command; zagg --help lists them\n", argv[1]);
    return EXIT_USAGE;
}

int cli_exit_code(zagg_status status)
{
    switch (status) {
    case ZAGG_OK:
        return EXIT_OK;
    case ZAGG_EARG:
        return EXIT_USAGE;
    case ZAGG_ECONFIG:
        return EXIT_CONFIG;
    case ZAGG_EAUTH:
        return EXIT_AUTH;
    case ZAGG_EHTTP:
        return EXIT_NETWORK;
    case ZAGG_ECANCELLED:
        return EXIT_INTERRUPTED;
    default:
        return EXIT_FAILED;
    }
}

int cli_load_code(zagg_status status)
{
    return status == ZAGG_EFORMAT || status == ZAGG_EUNSUPPORTED || status == ZAGG_ERANGE
               ? EXIT_CONFIG
               : cli_exit_code(status);
}

const char *cli_thousands(uint64_t v, char out[32])
{
    char digits[32];
    const int n = snprintf(digits, sizeof digits, "%" PRIu64, v);
    int at = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

const char *cli_bytes(uint64_t v, char out[32])
{
    static const char *const UNITS[] = {"B", "kB", "MB", "GB", "TB"};
    double x = (double)v;
    int unit = 0;
    while (x >= 1000.0 && unit < 4) {
        x /= 1000.0;
        unit++;
    }
    snprintf(out, 32, unit == 0 ? "%.0f %s" : "%.1f %s", x, UNITS[unit]);
    return out;
}
