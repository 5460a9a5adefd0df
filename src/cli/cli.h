/* What the subcommands share. */
#ifndef ZG_CLI_CLI_H
#define ZG_CLI_CLI_H

#include "zagg/status.h"

#include <stdint.h>

enum {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_CONFIG = 3,
    EXIT_AUTH = 4,
    EXIT_NETWORK = 5,
    EXIT_SHARDS_FAILED = 6,
    EXIT_INTERRUPTED = 130
};

int main_run(int argc, char **argv);
int main_worker(int argc, char **argv);
int main_deploy(int argc, char **argv);
int main_fetch(int argc, char **argv);
int main_check(int argc, char **argv);

int main_shardmap(int argc, char **argv);
int main_status(int argc, char **argv);
int main_config(int argc, char **argv);
int main_h5(int argc, char **argv);
int main_catalog(int argc, char **argv);
int main_cell(int argc, char **argv);
int main_inspect(int argc, char **argv);
int main_export(int argc, char **argv);
int main_view(int argc, char **argv);
int main_verify(int argc, char **argv);
int main_version(int argc, char **argv);

/** Exit code of a run that stopped with this status before any shard. */
int cli_exit_code(zagg_status status);

/** ... because a config or shard map cannot be used: whatever is wrong with it is exit 3,
 * its syntax included; what the system says about the file itself is not. */
int cli_load_code(zagg_status status);

/** "1,234,567" into out (at least 32 bytes). */
const char *cli_thousands(uint64_t v, char out[32]);

/** "12.3 MB" into out (at least 32 bytes). */
const char *cli_bytes(uint64_t v, char out[32]);

#endif
