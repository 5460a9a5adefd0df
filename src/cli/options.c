/* Option tables on top of getopt_long. */
#define _GNU_SOURCE /* getopt_long */
#include "cli/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = 64 };

static size_t count_options(const cli_command *command)
{
    size_t n = 0;
    while (command->options[n].id != 0)
        n++;
    return n;
}

static void print_indented(const char *text, int column)
{
    for (const char *p = text; *p;) {
        const char *end = strchr(p, '\n');
        const size_t len = end ? (size_t)(end - p) : strlen(p);
        printf("%.*s\n", (int)len, p);
        p += len;
        if (*p == '\n') {
            p++;
            printf("%*s", column, "");
        }
    }
}

void cli_help(const cli_command *command)
{
    enum { COLUMN = 28 };
    printf("Usage: zagg %s\n\n%s\n", command->usage, command->about);
    printf("\nOptions:\n");
    for (const cli_option *o = command->options; o->id != 0; o++) {
        char left[64];
        const bool letter = o->id < 128;
        snprintf(left, sizeof left, "  %c%c%c --%s%s%s", letter ? '-' : ' ',
                 letter ? o->id : ' ', letter ? ',' : ' ', o->name, o->arg ? " " : "",
                 o->arg ? o->arg : "");
        printf("%-*s", COLUMN, left);
        if (strlen(left) >= COLUMN)
            printf("\n%*s", COLUMN, "");
        print_indented(o->help, COLUMN);
    }
    printf("%-*s%s\n", COLUMN, "  -h, --help", "show this text");
    if (command->examples)
        printf("\nExamples:\n%s\n", command->examples);
}

static void build_tables(const cli_command *command, struct option *longs, char *shorts)
{
    const size_t n = count_options(command);
    size_t s = 0;
    shorts[s++] = ':';
    for (size_t i = 0; i < n; i++) {
        const cli_option *o = &command->options[i];
        longs[i] = (struct option){o->name, o->arg ? required_argument : no_argument,
                                   NULL, o->id};
        if (o->id < 128) {
            shorts[s++] = (char)o->id;
            if (o->arg)
                shorts[s++] = ':';
        }
    }
    longs[n] = (struct option){"help", no_argument, NULL, CLI_HELP};
    longs[n + 1] = (struct option){NULL, 0, NULL, 0};
    shorts[s++] = 'h';
    shorts[s] = '\0';
}

int cli_parse(const cli_command *command, int argc, char **argv, cli_take_fn take,
              void *user)
{
    struct option longs[MAX_OPTIONS + 2];
    char shorts[2 * MAX_OPTIONS + 4];
    if (count_options(command) > MAX_OPTIONS)
        abort();
    build_tables(command, longs, shorts);
    optind = 1;
    for (int id; (id = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        if (id == CLI_HELP) {
            cli_help(command);
            return CLI_DONE;
        }
        if (id == '?' || id == ':') {
            fprintf(stderr, "zagg %s: %s: %s; see zagg %s --help\n", command->name,
                    argv[optind - 1], id == ':' ? "needs a value" : "unknown option",
                    command->name);
            return 2;
        }
        const int rc = take(user, id, optarg);
        if (rc != 0)
            return rc;
    }
    for (int i = optind; i < argc; i++) {
        const int rc = take(user, 0, argv[i]);
        if (rc != 0)
            return rc;
    }
    return 0;
}

bool cli_integer(const cli_command *command, const char *option, const char *text,
                 long long lo, long long hi, long long *out)
{
    char *end;
    errno = 0;
    const long long v = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || v < lo || v > hi) {
        fprintf(stderr,
                "zagg %s: --%s: found '%s'; must be a whole number from %lld to %lld\n",
                command->name, option, text, lo, hi);
        return false;
    }
    *out = v;
    return true;
}

/* Factor of the unit behind a number; 0 where it is none. */
static double unit_bytes(const char *unit)
{
    static const char NAMES[] = "KMGT";
    double factor = 1024;
    if (*unit == '\0')
        return 1;
    for (const char *n = NAMES; *n; n++, factor *= 1024)
        if (toupper((unsigned char)*unit) == *n &&
            (unit[1] == '\0' || strcmp(unit + 1, "B") == 0 ||
             strcmp(unit + 1, "iB") == 0))
            return factor;
    return 0;
}

bool cli_size(const cli_command *command, const char *option, const char *text,
              uint64_t least, uint64_t *out)
{
    char *end;
    errno = 0;
    const double number = strtod(text, &end);
    const double bytes = number * unit_bytes(end);
    if (errno != 0 || end == text || !(bytes >= (double)least) || bytes > 0x1p62) {
        fprintf(stderr,
                "zagg %s: --%s: found '%s'; must be a size such as 512M or 2G, at least "
                "%.0fM\n",
                command->name, option, text, (double)least / (1 << 20));
        return false;
    }
    *out = (uint64_t)bytes;
    return true;
}
