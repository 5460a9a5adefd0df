/* Where golden sets are, and how cases of them are compared and reported. */
#include "support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, N_PATH_BUFFERS = 4 };

static const char *env_or(const char *name, const char *otherwise)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : otherwise;
}

/* "base/middle/relative" in one of the rotating buffers; an absolute `middle` drops
 * `base`. */
static const char *join_path(const char *base, const char *middle, const char *relative)
{
    static char buffers[N_PATH_BUFFERS][PATH_BYTES];
    static unsigned turn;
    char *out = buffers[turn++ % N_PATH_BUFFERS];
    int len = middle[0] == '/'
                  ? snprintf(out, PATH_BYTES, "%s/%s", middle, relative)
                  : snprintf(out, PATH_BYTES, "%s/%s/%s", base, middle, relative);
    if (len < 0 || len >= PATH_BYTES)
        fail_msg("path too long: %s", relative);
    return out;
}

static const char *source_dir(void)
{
    return env_or("ZAGG_SOURCE_DIR", ".");
}

const char *source_path(const char *relative)
{
    return join_path(source_dir(), ".", relative);
}

const char *shared_path(const char *relative)
{
    return join_path(source_dir(), env_or("ZAGG_SHARED", "../shared"), relative);
}

const char *golden_path(const char *relative)
{
    const char *root = env_or("ZAGG_GOLDEN", NULL);
    if (root != NULL)
        return join_path(source_dir(), root, relative);
    char below[PATH_BYTES];
    int len = snprintf(below, sizeof below, "golden/%s", relative);
    if (len < 0 || (size_t)len >= sizeof below)
        fail_msg("path too long: %s", relative);
    return shared_path(below);
}

bool golden_available(const char *relative)
{
    const char *path = golden_path(relative);
    if (access(path, R_OK) == 0)
        return true;
    if (env_or("ZAGG_GOLDEN", NULL) == NULL && env_or("CI", NULL) != NULL)
        fail_msg("golden set %s is missing (%s)", relative, path);
    print_message("skipped: golden set %s is not there (%s)\n", relative, path);
    return false;
}

const zagg_value *golden_json(zagg_arena *arena, const char *path)
{
    zagg_err err = ZAGG_ERR_INIT;
    char *text = NULL;
    size_t len = 0;
    const zagg_value *root = NULL;
    if (zagg_file_read(path, (size_t)1 << 30, &text, &len, &err) != ZAGG_OK)
        fail_msg("%s", err.msg);
    zagg_status status = zagg_json_parse(arena, text, len, path, &root, &err);
    zagg_bytes_free(text);
    if (status != ZAGG_OK)
        fail_msg("%s", err.msg);
    return root;
}

double golden_double(const char *text)
{
    char *end = NULL;
    double v = strtod(text, &end);
    if (end == text || *end != '\0')
        fail_msg("not a number: '%s'", text);
    return v;
}

bool same_double(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Doubles mapped to integers of the same order, -0.0 and 0.0 to the same one. */
static uint64_t ordered_bits(double v)
{
    uint64_t bits;
    const uint64_t sign = (uint64_t)1 << 63;
    memcpy(&bits, &v, sizeof bits);
    return (bits & sign) != 0 ? sign - (bits & ~sign) : sign + bits;
}

uint64_t ulp_distance(double a, double b)
{
    if (same_double(a, b))
        return 0;
    if (isnan(a) || isnan(b))
        return UINT64_MAX;
    uint64_t x = ordered_bits(a), y = ordered_bits(b);
    return x < y ? y - x : x - y;
}

void case_pass(case_report *r)
{
    r->passed++;
}

void case_skip(case_report *r, const char *name, const char *why)
{
    r->skipped++;
    print_message("skipped: %s: %s (%s)\n", r->set, name, why);
}

void case_fail(case_report *r, const char *name, const char *fmt, ...)
{
    char why[2048];
    va_list args;
    va_start(args, fmt);
    vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    r->failed++;
    print_message("failed: %s: %s: %s\n", r->set, name, why);
}

void report_end(case_report *r, size_t at_least)
{
    print_message("%s: %zu passed, %zu failed, %zu skipped\n", r->set, r->passed,
                  r->failed, r->skipped);
    if (r->failed > 0)
        fail_msg("%s: %zu of %zu cases failed", r->set, r->failed, r->failed + r->passed);
    if (r->passed < at_least)
        fail_msg("%s: only %zu cases ran, at least %zu expected", r->set, r->passed,
                 at_least);
}
