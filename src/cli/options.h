/* One table per subcommand drives both the parser and --help. */
#ifndef ZG_CLI_OPTIONS_H
#define ZG_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cli_option {
    int id; /* > 0, unique in the table; the letter itself for options with one */
    const char *name; /* long name without dashes */
    const char *arg;  /* placeholder of its value; NULL for a flag */
    const char *help; /* a sentence or two; '\n' breaks lines */
} cli_option;

/** Takes one option (id, value or NULL) or one positional argument (id 0). Returns 0, or
 * the exit code to stop with after having printed why. */
typedef int (*cli_take_fn)(void *user, int id, const char *value);

typedef struct cli_command {
    const char *name;          /* "run" */
    const char *usage;         /* behind "zagg " */
    const char *about;         /* what it does, for --help */
    const cli_option *options; /* ends with id 0 */
    const char *examples;      /* may be NULL */
} cli_command;

enum { CLI_HELP = 'h', CLI_DONE = -1 };

/** Parse argv[1..]. --help prints and gives CLI_DONE; a wrong option prints one line and
 * gives 2; otherwise what `take` answers. */
int cli_parse(const cli_command *command, int argc, char **argv, cli_take_fn take,
              void *user);

/** Print help to stdout. */
void cli_help(const cli_command *command);

/** Whole decimal number inside [lo, hi]; prints one line and gives false otherwise. */
bool cli_integer(const cli_command *command, const char *option, const char *text,
                 long long lo, long long hi, long long *out);
/** A number of bytes, at least `least`: "512M", "2G", "1.5G", "64K" (of 1024), or a plain
 *  number. As cli_integer otherwise. */
bool cli_size(const cli_command *command, const char *option, const char *text,
              uint64_t least, uint64_t *out);

#endif
