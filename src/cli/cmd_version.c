/* zagg version [-v] */
#include "base/base.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "zagg/grid.h"

#include <json-c/json.h>
#include <libdeflate.h>
#include <nettle/version.h>
#include <stdio.h>
#include <yaml.h>
#include <zstd.h>

static const cli_option OPTIONS[] = {
    {'v', "verbose", NULL, "also the libraries and what can be read and written"},
    {0, NULL, NULL, NULL}};
static const cli_command COMMAND = {"version", "version [-v]",
                                    "Versions of zagg and its libraries.", OPTIONS, NULL};

static int take(void *user, int id, const char *value)
{
    if (id == 'v') {
        *(int *)user = 1;
        return 0;
    }
    fprintf(stderr, "zagg version: %s: unexpected argument\n", value);
    return EXIT_USAGE;
}

int main_version(int argc, char **argv)
{
    int verbose = 0;
    const int rc = cli_parse(&COMMAND, argc, argv, take, &verbose);
    if (rc != 0)
        return rc == CLI_DONE ? EXIT_OK : rc;
    printf("zagg %s\n", ZAGG_VERSION);
    if (verbose) {
        printf("libyaml %s\n", yaml_get_version_string());
        printf("json-c %s\n", json_c_version());
        printf("libdeflate %s\n", LIBDEFLATE_VERSION_STRING);
        printf("libzstd %s\n", ZSTD_versionString());
        printf("nettle %d.%d\n", nettle_version_major(), nettle_version_minor());
        printf("proj %s\n", zagg_grid_proj_version());
        printf("compiler %s\n", __VERSION__);
        printf("vectors %s\n", zg_isa_name(zg_isa_active()));
        printf("reads: file\nwrites: file\ngrids: healpix, rectilinear\n");
        printf(
            "compatible with zagg 0.61 (default) and 0.11 (output.compat: zagg-0.11)\n");
    }
    return EXIT_OK;
}
